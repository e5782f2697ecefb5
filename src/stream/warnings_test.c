/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/warnings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_same_line_is_said_once_in_a_period(void **state)
{
    (void)state;
    struct warnings w = { .count = 0 };
    nanos now = HOUR;
    assert_true(warnings_admit(&w, SLICE_LIT("a"), now));
    assert_false(warnings_admit(&w, SLICE_LIT("a"), now));
    assert_true(warnings_admit(&w, SLICE_LIT("b"), now + SECOND));
    assert_false(warnings_admit(&w, SLICE_LIT("a"), now + WARNINGS_PERIOD - 1));
    assert_false(warnings_admit(&w, SLICE_LIT("b"), now + WARNINGS_PERIOD - 1));
    assert_true(warnings_admit(&w, SLICE_LIT("a"), now + WARNINGS_PERIOD));
    assert_false(warnings_admit(&w, SLICE_LIT("a"), now + WARNINGS_PERIOD));
    assert_true(warnings_admit(&w, SLICE_LIT("b"), now + WARNINGS_PERIOD));
}

static bool admit_number(struct warnings *w, uint32_t number, nanos now)
{
    return warnings_admit(w, slice_of(&number, sizeof number), now);
}

static void a_client_that_always_does_something_else_fills_no_log(void **state)
{
    (void)state;
    struct warnings w = { .count = 0 };
    for (uint32_t i = 0; i < WARNINGS_MAX; i++) assert_true(admit_number(&w, i, MINUTE));
    assert_false(admit_number(&w, WARNINGS_MAX, MINUTE));
    assert_false(admit_number(&w, WARNINGS_MAX, MINUTE + WARNINGS_PERIOD - 1));
    assert_true(admit_number(&w, WARNINGS_MAX, MINUTE + WARNINGS_PERIOD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_line_is_said_once_in_a_period),
        cmocka_unit_test(a_client_that_always_does_something_else_fills_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
