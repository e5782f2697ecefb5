/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digits.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

/* clang-format off */
static const char pairs[] =
    "0001020304050607080910111213141516171819" "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859" "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";
/* clang-format on */

enum { EIGHT_DIGITS = 100000000 };

static_assert(sizeof(pairs) == 201, "two digits for each number below 100");

/* Exactly eight digits. */
static ALWAYS_INLINE void eight_write(uint8_t *at, uint32_t value)
{
    assert(value < EIGHT_DIGITS);
    uint32_t high = value / 10000, low = value % 10000;
    memcpy(at, pairs + high / 100 * 2, 2);
    memcpy(at + 2, pairs + high % 100 * 2, 2);
    memcpy(at + 4, pairs + low / 100 * 2, 2);
    memcpy(at + 6, pairs + low % 100 * 2, 2);
}

/* As many digits as it has; the rest of eight bytes is overwritten with anything. */
static ALWAYS_INLINE uint8_t *short_add(uint8_t *at, uint32_t value)
{
    uint8_t scratch[16] = { 0 };
    eight_write(scratch, value);
    uint32_t digits = 1U + (value >= 10) + (value >= 100) + (value >= 1000) + (value >= 10000) +
                      (value >= 100000) + (value >= 1000000) + (value >= 10000000);
    assert(digits <= 8);
    memcpy(at, scratch + 8 - digits, 8);
    return at + digits;
}

/* Blocks of eight digits do not depend on each other, which is what makes this quick. */
uint8_t *digits_put(uint64_t value, uint8_t *at)
{
    if (value < EIGHT_DIGITS) return short_add(at, (uint32_t)value);
    uint64_t high = value / EIGHT_DIGITS;
    if (high < EIGHT_DIGITS) {
        at = short_add(at, (uint32_t)high);
    } else {
        at = short_add(at, (uint32_t)(high / EIGHT_DIGITS));
        eight_write(at, (uint32_t)(high % EIGHT_DIGITS));
        at += 8;
    }
    eight_write(at, (uint32_t)(value % EIGHT_DIGITS));
    return at + 8;
}

uint64_t digits_hex(const char *text, uint32_t count)
{
    uint64_t number = 0;
    assert(text != NULL && count >= 1 && count <= 16);
    for (uint32_t i = 0; i < count; i++) {
        char c = text[i];
        bool is_digit = c >= '0' && c <= '9', is_letter = c >= 'a' && c <= 'f';
        if (!is_digit && !is_letter) return 0;
        number = number << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    return number;
}
