/* SPDX-License-Identifier: Apache-2.0 */
#include "json/quote.h"

#include "base/assert.h"
#include "json/utf8.h"

static const char hex[] = "0123456789abcdef";

static void add_hex(struct buf *out, const char *prefix, uint32_t value, int digits)
{
    assert(digits == 8 || value >> (4 * digits) == 0);      /* nothing is cut off */
    assert(prefix[0] == '\\');
    buf_add_str(out, prefix);
    for (int i = digits - 1; i >= 0; i--) buf_add_byte(out, (uint8_t)hex[(value >> (4 * i)) & 15]);
}

static bool add_short(struct buf *out, uint8_t c)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    static_assert(sizeof from == sizeof to, "each has its letter");
    for (int i = 0; from[i] != 0; i++) {
        if (c != (uint8_t)from[i]) continue;
        buf_add_byte(out, '\\');
        buf_add_byte(out, (uint8_t)to[i]);
        return true;
    }
    return false;
}

/* Runes that Go does not print: controls, spaces other than U+0020, format characters, private use.
 * The blocks a subject can plausibly meet; everything else prints. */
static bool is_printable(uint32_t r)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        { 0x7f, 0xa0 },        { 0xad, 0xad },     { 0x600, 0x605 },   { 0x61c, 0x61c },
        { 0x6dd, 0x6dd },      { 0x70f, 0x70f },   { 0x1680, 0x1680 }, { 0x180e, 0x180e },
        { 0x2000, 0x200f },    { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
        { 0xd800, 0xf8ff },    { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
        { 0xe0000, 0x10ffff },
    };
    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
        assert(i == 0 || hidden[i - 1].last < hidden[i].first);     /* ascending, apart */
        if (r >= hidden[i].first && r <= hidden[i].last) return false;
    }
    return true;
}

void quote_go(struct buf *out, struct slice text)
{
    buf_add_byte(out, '"');
    for (uint32_t at = 0; at < text.len;) {
        uint8_t c = text.ptr[at];
        uint32_t rune = c;
        uint32_t len = c < 0x80 ? 1 : utf8_next(slice_from(text, at), &rune);
        if (c < 0x80 && add_short(out, c)) {
        } else if (len == 0 || c < 0x20 || c == 0x7f) {
            add_hex(out, "\\x", c, 2);
            len = 1;
        } else if (!is_printable(rune)) {
            if (rune < 0x10000) add_hex(out, "\\u", rune, 4);
            else add_hex(out, "\\U", rune, 8);
        } else {
            buf_add(out, slice_of(text.ptr + at, len));
        }
        assert(len > 0);
        at += len;
        assert(at <= text.len);
    }
    buf_add_byte(out, '"');
}
