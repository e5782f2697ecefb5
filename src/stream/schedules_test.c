/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/schedules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_not_two(void *ctx, uint64_t sequence)
{
    (void)ctx;
    return sequence != 2;
}

static void the_next_one_is_the_earliest_that_does_not_rest(void **state)
{
    (void)state;
    struct schedules *s = schedules_new();
    assert_int_equal(schedules_next(s), NANOS_MAX);
    schedules_add(s, 1, 50);
    schedules_add(s, 2, 20);
    schedules_add(s, 5, 30);
    schedules_check(s);
    assert_int_equal(schedules_next(s), 20);
    schedules_rest(s, 2, NANOS_MAX);
    assert_int_equal(schedules_next(s), 30);
    schedules_rest(s, 5, 45);
    assert_int_equal(schedules_next(s), 45);
    assert_true(schedules_move(s, 5, 30));
    assert_true(schedules_move(s, 2, 10));
    assert_int_equal(schedules_next(s), 10);
    assert_false(schedules_move(s, 3, 10));
    schedules_sweep(s, is_not_two, NULL);
    schedules_check(s);
    assert_int_equal(schedules_count(s), 2);
    assert_int_equal(schedules_next(s), 30);
    schedules_remove(s, 5);
    schedules_remove(s, 5);
    assert_int_equal(schedules_next(s), 50);
    schedules_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_one_is_the_earliest_that_does_not_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
