/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include "base/assert.h"

static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

uint32_t base64_encode(enum base64_form form, struct slice bytes, uint8_t *ret_text)
{
    const char *digits = form == BASE64_STD ? std_digits : url_digits;
    uint32_t len = 0;
    for (uint32_t i = 0; i < bytes.len; i += 3) {
        uint32_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.ptr[i] << 16;
        if (left > 1) group |= (uint32_t)bytes.ptr[i + 1] << 8;
        if (left > 2) group |= bytes.ptr[i + 2];
        uint32_t count = left > 2 ? 4 : left + 1;
        for (uint32_t k = 0; k < count; k++)
            ret_text[len++] = (uint8_t)digits[group >> (18 - 6 * k) & 63];
        for (uint32_t k = count; k < 4 && form != BASE64_RAW_URL; k++) ret_text[len++] = '=';
    }
    assert(len <= base64_encoded_max(bytes.len));
    return len;
}

/* Value of a digit, or -1. */
static int digit(enum base64_form form, uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == (form == BASE64_STD ? '+' : '-')) return 62;
    if (c == (form == BASE64_STD ? '/' : '_')) return 63;
    return -1;
}

/* Without the padding; false when that is not as the form wants it. */
static bool strip_padding(enum base64_form form, struct slice *text)
{
    if (form == BASE64_RAW_URL) return text->len % 4 != 1;
    if (text->len % 4 != 0) return false;
    for (int i = 0; i < 2 && text->len > 0 && text->ptr[text->len - 1] == '='; i++) text->len--;
    return text->len % 4 != 1;
}

enum err base64_decode(enum base64_form form, struct slice text, uint8_t *ret_bytes,
                       uint32_t *ret_len)
{
    if (!strip_padding(form, &text)) return ERR_INVALID;
    uint32_t len = 0, held = 0, bits = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        int value = digit(form, text.ptr[i]);
        if (value < 0) return ERR_INVALID;
        held = held << 6 | (uint32_t)value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        ret_bytes[len++] = (uint8_t)(held >> bits);
        held &= (1u << bits) - 1;
    }
    if (held != 0) return ERR_INVALID;          /* the bits left over say something */
    *ret_len = len;
    return ERR_OK;
}
