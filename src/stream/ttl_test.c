/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ttl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

/* What nats-server 2.15.2 takes. */
static const struct {
    const char *text;
    int64_t seconds;
} good[] = {
    { "", TTL_NONE },
    { "00", TTL_NONE },
    { "never", TTL_NEVER },
    { "NEVER", TTL_NEVER },
    { "1", 1 },
    { "5", 5 },
    { "007", 7 },
    { "1s", 1 },
    { "1500ms", 1 },
    { "1999999999ns", 1 },
    { "1h30m", 5400 },
    { "0.5h", 1800 },
    { "+2s", 2 },
    { "9223372036854775807", INT64_MAX },
};

static void a_ttl_is_a_duration_or_seconds_or_never(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        int64_t seconds = 99;
        if (!ttl_parse(slice_str(good[i].text), &seconds)) fail_msg("%s", good[i].text);
        assert_int_equal(seconds, good[i].seconds);
    }
}

static void anything_else_and_less_than_a_second_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "0",
                                       "0s",
                                       "999ms",
                                       "-1",
                                       "-5s",
                                       "+5",
                                       "x",
                                       "1 s",
                                       " 1",
                                       "1.5",
                                       "nevers",
                                       "1d",
                                       "9223372036854775808",
                                       "-never" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int64_t seconds = 99;
        if (ttl_parse(slice_str(bad[i]), &seconds)) fail_msg("%s", bad[i]);
        assert_int_equal(seconds, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ttl_is_a_duration_or_seconds_or_never),
        cmocka_unit_test(anything_else_and_less_than_a_second_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
