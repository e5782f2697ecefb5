/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include "base/alloc.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len) return false;
    for (uint32_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    uint32_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) s = slice_from(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

int64_t slice_find_byte(struct slice s, uint8_t byte)
{
    const uint8_t *at = s.len == 0 ? NULL : memchr(s.ptr, byte, s.len);
    return at == NULL ? -1 : at - s.ptr;
}

bool slice_cut(struct slice *s, uint8_t byte, struct slice *ret_head)
{
    int64_t at = slice_find_byte(*s, byte);
    if (at < 0) {
        *ret_head = *s;
        *s = slice_from(*s, s->len);
        return false;
    }
    *ret_head = slice_first(*s, (uint32_t)at);
    *s = slice_from(*s, (uint32_t)at + 1);
    return true;
}

bool slice_to_u64(struct slice s, uint64_t *ret_value)
{
    if (s.len == 0 || s.len > 20) return false;
    uint64_t value = 0;
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *ret_value)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    bool sign = negative || (s.len > 0 && s.ptr[0] == '+');
    uint64_t value = 0;
    if (!slice_to_u64(slice_from(s, sign ? 1 : 0), &value)) return false;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (value > limit) return false;
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

char *slice_dup(struct slice s)
{
    char *copy = xalloc((size_t)s.len + 1);
    if (s.len > 0) memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return copy;
}
