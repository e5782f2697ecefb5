/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void time_stays_at_the_ends_of_its_range(void **state)
{
    (void)state;
    static const struct {
        nanos at, by, sum;
    } rows[] = {
        { 1, 2, 3 },
        { 1, -2, -1 },
        { NANOS_MAX, 0, NANOS_MAX },
        { NANOS_MAX - 1, 1, NANOS_MAX },
        { NANOS_MAX, 1, NANOS_MAX },
        { NANOS_MAX, NANOS_MAX, NANOS_MAX },
        { NANOS_MAX, INT64_MIN, -1 },
        { 0, INT64_MIN, INT64_MIN },
        { -1, INT64_MIN, INT64_MIN },
        { -2, -NANOS_MAX, INT64_MIN },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(nanos_add(rows[i].at, rows[i].by), rows[i].sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_stays_at_the_ends_of_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
