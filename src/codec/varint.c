/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/varint.h"

enum { MORE = 0x80, BITS = 7 };

uint32_t uvarint_put(uint64_t value, uint8_t ret_bytes[VARINT_MAX])
{
    uint32_t len = 0;
    for (; value >= MORE; value >>= BITS) ret_bytes[len++] = (uint8_t)(value | MORE);
    ret_bytes[len++] = (uint8_t)value;
    return len;
}

uint32_t varint_put(int64_t value, uint8_t ret_bytes[VARINT_MAX])
{
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    return uvarint_put((uint64_t)value << 1 ^ sign, ret_bytes);
}

enum err uvarint_take(struct slice *s, uint64_t *ret_value)
{
    const uint8_t *at = s->ptr;
    uint32_t len = s->len < VARINT_MAX ? s->len : VARINT_MAX, i = 0;
    uint64_t value = 0;
    while (i < len && at[i] >= MORE) {
        value |= (uint64_t)(at[i] & (MORE - 1)) << BITS * i;
        i++;
    }
    if (i == len) return len < VARINT_MAX ? ERR_BUSY : ERR_INVALID;
    /* nine bytes carry 63 bits */
    if (i == VARINT_MAX - 1 && at[i] > 1) return ERR_INVALID;
    *ret_value = value | (uint64_t)at[i] << BITS * i;
    *s = slice_of(at + i + 1, s->len - i - 1);
    return ERR_OK;
}

enum err varint_take(struct slice *s, int64_t *ret_value)
{
    uint64_t zigzag;
    enum err e = uvarint_take(s, &zigzag);
    if (e) return e;
    uint64_t sign = zigzag & 1 ? UINT64_MAX : 0;
    *ret_value = (int64_t)(zigzag >> 1 ^ sign);
    return ERR_OK;
}
