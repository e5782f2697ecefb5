/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

#define ANY (UINT64_C(1) << 63)

static const struct {
    const char *second;
    uint64_t bits;
} fields[] = {
    { "0", 1 },
    { "59", UINT64_C(1) << 59 },
    { "*", ((UINT64_C(1) << 60) - 1) | ANY },
    { "?", ((UINT64_C(1) << 60) - 1) | ANY },
    { "*/1", ((UINT64_C(1) << 60) - 1) | ANY },
    { "*/20", 1 | UINT64_C(1) << 20 | UINT64_C(1) << 40 },
    { "*-7/30", 1 | UINT64_C(1) << 30 },
    { "50/5", UINT64_C(1) << 50 | UINT64_C(1) << 55 },
    { "1-4", 0x1e },
    { "1-4/2", 0xa },
    { "5,1,,3", 0x2a },
    { "+3,007", 0x88 },
    { "0/9999999999", 1 },
};

static void a_field_is_a_list_of_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        char text[64];
        struct cron c;
        (void)snprintf(text, sizeof text, " %s\t* *  1 jan Sat ", fields[i].second);
        assert_true(cron_parse(slice_str(text), &c));
        if (c.fields[0] != fields[i].bits) fail_msg("%s", fields[i].second);
        assert_int_equal(c.fields[3], 2);
        assert_int_equal(c.fields[4], 2);
        assert_int_equal(c.fields[5], 1 << 6);
    }
}

static void what_is_no_cron_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "* * * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* 60 * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * 32 * *",
        "* * * * 0 *",
        "* * * * 13 *",
        "* * * * * 7",
        "-1 * * * * *",
        "x * * * * *",
        "5-1 * * * * *",
        "1-2-3 * * * * *",
        "1/2/3 * * * * *",
        "*/0 * * * * *",
        "1/ * * * * *",
        "/2 * * * * *",
        "1- * * * * *",
        "jan * * * * *",
        "* * * * january *",
        "99999999999999999999 * * * * *",
        "*x * * * * *",
        "** * * * * *",
        "1.5 * * * * *",
        "@daily",
        "+ * * * * *",
    };
    struct cron c;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (cron_parse(slice_str(bad[i]), &c)) fail_msg("%s", bad[i]);
}

static void what_never_fits_ends_after_five_years(void **state)
{
    (void)state;
    static const char *const never[] = { "0 0 0 30 2 *", "0 0 0 31 4,6,9,11 ?", ", 0 0 1 1 *",
                                         "0 0 0 , 1 *" };
    for (size_t i = 0; i < ARRAY_COUNT(never); i++) {
        struct cron c;
        int64_t next;
        assert_true(cron_parse(slice_str(never[i]), &c));
        assert_false(cron_next(&c, NULL, 1782907200, &next));
    }
}

static void the_second_of_now_is_over(void **state)
{
    (void)state;
    struct cron c;
    int64_t next;
    assert_true(cron_parse(SLICE_LIT("* * * * * *"), &c));
    assert_true(cron_next(&c, NULL, 1782907200, &next));
    assert_int_equal(next, 1782907201);
    assert_true(cron_next(&c, NULL, -1, &next));
    assert_int_equal(next, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_a_list_of_ranges),
        cmocka_unit_test(what_is_no_cron_is_refused),
        cmocka_unit_test(what_never_fits_ends_after_five_years),
        cmocka_unit_test(the_second_of_now_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
