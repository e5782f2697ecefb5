/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digits.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void assert_written(uint64_t value)
{
    char want[32];
    uint8_t got[DIGITS_MAX + 1];
    memset(got, '#', sizeof got);
    int len = snprintf(want, sizeof want, "%" PRIu64, value);
    assert_ptr_equal(digits_put(value, got), got + len);
    assert_memory_equal(got, want, (size_t)len);
    assert_int_equal(got[DIGITS_MAX], '#');
}

static void every_number_has_its_digits_and_needs_no_more_room_than_is_said(void **state)
{
    (void)state;
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        assert_written(power - 1);
        assert_written(power);
        assert_written(power * 9 + power / 2);
    }
    assert_written(UINT64_MAX);
    struct rng rng;
    rng_init(&rng, 5);
    for (int i = 0; i < 100000; i++) assert_written(rng_next(&rng) >> rng_below(&rng, 64));
}

static void hexadecimal_digits_are_a_number_or_none(void **state)
{
    (void)state;
    assert_int_equal(digits_hex("0000002a", 8), 42);
    assert_int_equal(digits_hex("0123456789abcdef.a", 16), 0x0123456789abcdef);
    assert_int_equal(digits_hex("ff", 1), 15);
    assert_int_equal(digits_hex("000000g1", 8), 0);
    assert_int_equal(digits_hex("0000002A", 8), 0);
    assert_int_equal(digits_hex("2a", 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_digits_and_needs_no_more_room_than_is_said),
        cmocka_unit_test(hexadecimal_digits_are_a_number_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
