/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/counter.h"

#include "base/assert.h"

/* Zero has no digits and is not negative. */
struct number {
    bool is_negative;
    struct slice digits; /* the first is not '0' */
};

static enum err number_read(struct slice s, struct number *ret)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+')) s = slice_from(s, 1);
    if (s.len == 0) return ERR_INVALID;
    for (uint32_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return ERR_INVALID;
    while (s.len > 0 && s.ptr[0] == '0') s = slice_from(s, 1);
    if (s.len > COUNTER_DIGITS_MAX) return ERR_LIMIT;
    assert(s.len == 0 || s.ptr[0] != '0');
    *ret = (struct number){ .is_negative = negative && s.len > 0, .digits = s };
    return ERR_OK;
}

/* The digit that counts 10^place; 0 beyond the first. */
static int digit_at(struct slice digits, uint32_t place)
{
    if (place >= digits.len) return 0;
    int digit = digits.ptr[digits.len - 1 - place] - '0';
    assert(digit >= 0);
    assert(digit <= 9);
    return digit;
}

/* Appends |a| + |b| or, for sign -1, |a| - |b|, where |a| is not less: the last digit first,
 * without zeros in front. */
static void digits_add(struct slice a, struct slice b, int sign, struct buf *out)
{
    uint32_t from = out->len, len = a.len > b.len ? a.len : b.len;
    int carry = 0;
    assert(sign == 1 || sign == -1);
    assert(a.len >= b.len);
    for (uint32_t i = 0; i < len || carry != 0; i++) {
        int digit = digit_at(a, i) + sign * digit_at(b, i) + carry;
        carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        buf_add_byte(out, (uint8_t)('0' + digit - 10 * carry));
        assert(carry == 0 || carry == sign);
        assert(i <= len);
    }
    while (out->len > from && out->ptr[out->len - 1] == '0') out->len--;
}

static void turn_around(uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

static bool is_less(struct slice a, struct slice b)
{
    return a.len != b.len ? a.len < b.len : slice_compare(a, b) < 0;
}

static enum err sum_add(const struct number *a, const struct number *b, struct buf *out)
{
    uint32_t start = out->len;
    bool swap = is_less(a->digits, b->digits);
    const struct number *large = swap ? b : a, *small = swap ? a : b;
    if (large->is_negative) buf_add_byte(out, '-');
    uint32_t from = out->len;
    assert(!is_less(large->digits, small->digits));
    int sign = a->is_negative == b->is_negative ? 1 : -1;
    digits_add(large->digits, small->digits, sign, out);
    if (out->len - from > COUNTER_DIGITS_MAX) {
        out->len = start;
        return ERR_LIMIT;
    }
    if (out->len == from) {
        out->len = start; /* nothing is left of it, not even a sign */
        buf_add_byte(out, '0');
        return ERR_OK;
    }
    turn_around(out->ptr + from, out->len - from);
    assert(out->ptr[from] != '0');
    return ERR_OK;
}

enum err counter_check(struct slice number)
{
    struct number n;
    return number_read(number, &n);
}

enum err counter_add(struct slice a, struct slice b, struct buf *out)
{
    struct number x, y;
    enum err e = number_read(a, &x);
    if (!e) e = number_read(b, &y);
    return e ? e : sum_add(&x, &y, out);
}

enum err counter_subtract(struct slice a, struct slice b, struct buf *out)
{
    struct number x, y;
    enum err e = number_read(a, &x);
    if (!e) e = number_read(b, &y);
    if (e) return e;
    y.is_negative = y.digits.len > 0 && !y.is_negative;
    assert(!y.is_negative || y.digits.len > 0);
    return sum_add(&x, &y, out);
}
