/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct slice here = SLICE_LIT("\x7f\0\0\1");
static const struct slice there = SLICE_LIT("\x7f\0\0\2");

static void the_twentieth_failure_in_a_minute_is_the_first_to_wait(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    nanos now = 77 * SECOND;
    assert_int_equal(throttle_delay(t, here, now), 0);
    for (int i = 1; i < 20; i++) {
        assert_int_equal(throttle_failed(t, here, now), 0);
        now += 2 * SECOND;
    }
    nanos before = 0;
    for (int i = 20; i < 60; i++) {
        nanos delay = throttle_failed(t, here, now);
        assert_int_equal(throttle_delay(t, here, now), delay);
        assert_in_range(delay, 1, SECOND);
        assert_true(delay >= before);
        before = delay;
    }
    assert_int_equal(before, SECOND);
}

static void a_minute_later_all_is_forgiven(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    for (int i = 0; i < 100; i++) (void)throttle_failed(t, here, 5 * SECOND);
    assert_int_equal(throttle_delay(t, here, 50 * SECOND), SECOND);
    assert_int_equal(throttle_delay(t, here, 65 * SECOND), 0);
    assert_int_equal(throttle_failed(t, here, 65 * SECOND), 0);
    assert_int_equal(throttle_delay(t, here, 10 * DAY), 0);
    assert_int_equal(throttle_failed(t, here, 10 * DAY), 0);
}

static void who_fails_slowly_never_waits(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    for (int i = 0; i < 1000; i++) assert_int_equal(throttle_failed(t, here, i * 4 * SECOND), 0);
}

static void addresses_count_each_for_itself(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    for (int i = 0; i < 50; i++) (void)throttle_failed(t, here, SECOND);
    assert_int_equal(throttle_delay(t, there, SECOND), 0);
    assert_int_equal(throttle_failed(t, there, SECOND), 0);
    assert_int_equal(throttle_delay(t, here, SECOND), SECOND);
}

static void a_mapped_address_is_the_ipv4_one_and_ipv6_counts_by_64_bits(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 0x7f, [15] = 1 };
    static const uint8_t six[16] = { 0x20, 1, [15] = 1 }, neighbour[16] = { 0x20, 1, [9] = 7 };
    static const uint8_t far[16] = { 0x20, 1, [7] = 1 };
    for (int i = 0; i < 50; i++) (void)throttle_failed(t, slice_of(mapped, 16), SECOND);
    assert_int_equal(throttle_delay(t, here, SECOND), SECOND);
    assert_int_equal(throttle_delay(t, there, SECOND), 0);
    for (int i = 0; i < 50; i++) (void)throttle_failed(t, slice_of(six, 16), SECOND);
    assert_int_equal(throttle_delay(t, slice_of(neighbour, 16), SECOND), SECOND);
    assert_int_equal(throttle_delay(t, slice_of(far, 16), SECOND), 0);
}

static void many_addresses_do_not_outgrow_the_table(void **state)
{
    (void)state;
    AUTO_FREE(throttle) t = throttle_new(1);
    for (uint32_t i = 0; i < 10 * THROTTLE_MAX; i++)
        assert_int_equal(throttle_failed(t, slice_of(&i, sizeof i), i * MILLISECOND), 0);
    nanos now = (nanos)10 * THROTTLE_MAX * MILLISECOND;
    for (int i = 0; i < 50; i++) (void)throttle_failed(t, here, now);
    assert_int_equal(throttle_delay(t, here, now), SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_twentieth_failure_in_a_minute_is_the_first_to_wait),
        cmocka_unit_test(a_minute_later_all_is_forgiven),
        cmocka_unit_test(who_fails_slowly_never_waits),
        cmocka_unit_test(addresses_count_each_for_itself),
        cmocka_unit_test(a_mapped_address_is_the_ipv4_one_and_ipv6_counts_by_64_bits),
        cmocka_unit_test(many_addresses_do_not_outgrow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
