/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/text_trim.h"

#include "base/assert.h"

static const struct blank {
    const char *bytes;
    uint32_t len;
} blanks[] = {
    { "\t", 1 },           { "\n", 1 },           { "\v", 1 },
    { "\f", 1 },           { "\r", 1 },           { " ", 1 },
    { "\xc2\x85", 2 },     { "\xc2\xa0", 2 },     { "\xe1\x9a\x80", 3 },
    { "\xe2\x80\x80", 3 }, { "\xe2\x80\x81", 3 }, { "\xe2\x80\x82", 3 },
    { "\xe2\x80\x83", 3 }, { "\xe2\x80\x84", 3 }, { "\xe2\x80\x85", 3 },
    { "\xe2\x80\x86", 3 }, { "\xe2\x80\x87", 3 }, { "\xe2\x80\x88", 3 },
    { "\xe2\x80\x89", 3 }, { "\xe2\x80\x8a", 3 }, { "\xe2\x80\xa8", 3 },
    { "\xe2\x80\xa9", 3 }, { "\xe2\x80\xaf", 3 }, { "\xe2\x81\x9f", 3 },
    { "\xe3\x80\x80", 3 },
};

/* Length of the blank that begins at `at`, where `room` bytes are left; 0: none does. */
static uint32_t blank_len(const uint8_t *at, uint32_t room)
{
    assert(room > 0);
    assert(blanks[0].len == 1);
    if (*at > ' ' && *at < 0x80) return 0;
    for (uint32_t i = 0; i < ARRAY_COUNT(blanks); i++)
        if (blanks[i].len <= room && memcmp(at, blanks[i].bytes, blanks[i].len) == 0)
            return blanks[i].len;
    return 0;
}

struct slice text_trim(struct slice s)
{
    for (uint32_t len; s.len > 0 && (len = blank_len(s.ptr, s.len)) > 0;) s = slice_from(s, len);
    for (uint32_t len = 1; s.len > 0 && len <= 3;) {
        if (len <= s.len && blank_len(s.ptr + s.len - len, len) == len) {
            s.len -= len;
            len = 1;
        } else {
            len++;
        }
    }
    assert(s.len == 0 || blank_len(s.ptr, s.len) == 0);
    return s;
}
