/* SPDX-License-Identifier: Apache-2.0 */
#include "json/utf8.h"

static const struct {
    uint8_t  mask, lead;                /* (byte & mask) == lead marks the form */
    uint32_t smallest;                  /* below it, the form is overlong */
} forms[] = {
    { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
};

static bool is_character(uint32_t rune)
{
    return rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
}

uint32_t utf8_next(struct slice s, uint32_t *ret_rune)
{
    for (uint32_t len = 1; len <= 4 && len <= s.len; len++) {
        if ((s.ptr[0] & forms[len - 1].mask) != forms[len - 1].lead) continue;
        uint32_t rune = s.ptr[0] & (uint8_t)~forms[len - 1].mask;
        for (uint32_t i = 1; i < len; i++) {
            if ((s.ptr[i] & 0xc0) != 0x80) return 0;
            rune = rune << 6 | (s.ptr[i] & 0x3f);
        }
        if (rune < forms[len - 1].smallest || !is_character(rune)) return 0;
        *ret_rune = rune;
        return len;
    }
    return 0;
}

uint32_t utf8_put(uint32_t rune, uint8_t ret_bytes[4])
{
    if (!is_character(rune)) rune = 0xfffd;
    uint32_t len = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (uint32_t i = len - 1; i > 0; i--) {
        ret_bytes[i] = (uint8_t)(0x80 | (rune & 0x3f));
        rune >>= 6;
    }
    ret_bytes[0] = (uint8_t)(forms[len - 1].lead | rune);
    return len;
}
