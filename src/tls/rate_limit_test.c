/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t admitted(struct rate_limit *r, nanos now, uint32_t tries)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tries; i++) count += rate_limit_admit(r, now);
    return count;
}

static void a_seconds_worth_may_come_at_once_and_no_more(void **state)
{
    (void)state;
    struct rate_limit r;
    rate_limit_init(&r, 10);
    assert_int_equal(admitted(&r, 5 * SECOND, 100), 10);
    assert_int_equal(admitted(&r, 5 * SECOND + 99 * MILLISECOND, 100), 0);
    assert_int_equal(admitted(&r, 5 * SECOND + 100 * MILLISECOND, 100), 1);
    assert_int_equal(admitted(&r, 6 * SECOND, 100), 9);
    assert_int_equal(admitted(&r, 60 * SECOND, 100), 10);
    assert_int_equal(rate_limit_take_refused(&r), 500 - 30);
    assert_int_equal(rate_limit_take_refused(&r), 0);
}

static void without_a_limit_all_are_let_in(void **state)
{
    (void)state;
    struct rate_limit r;
    rate_limit_init(&r, 0);
    assert_int_equal(admitted(&r, SECOND, 1000), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seconds_worth_may_come_at_once_and_no_more),
        cmocka_unit_test(without_a_limit_all_are_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
