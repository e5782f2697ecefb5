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
    uint64_t value = 0;
    for (uint32_t i = 0; i < VARINT_MAX; i++) {
        if (i >= s->len) return ERR_BUSY;
        uint8_t byte = s->ptr[i];
        /* nine bytes carry 63 bits */
        if (i == VARINT_MAX - 1 && byte > 1) return ERR_INVALID;
        value |= (uint64_t)(byte & (MORE - 1)) << BITS * i;
        if (byte < MORE) {
            *s = slice_from(*s, i + 1);
            *ret_value = value;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
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
