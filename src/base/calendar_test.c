/* SPDX-License-Identifier: Apache-2.0 */
#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

static const struct {
    int64_t days;
    struct date date;
    int64_t weekday;
} known[] = {
    { 0, { 1970, 1, 1 }, 4 },      { -1, { 1969, 12, 31 }, 3 },    { 11016, { 2000, 2, 29 }, 2 },
    { 20787, { 2026, 11, 30 }, 1 }, { -719162, { 1, 1, 1 }, 1 },    { -719528, { 0, 1, 1 }, 6 },
    { 106751, { 2262, 4, 11 }, 5 }, { -25509, { 1900, 2, 28 }, 3 }, { -25508, { 1900, 3, 1 }, 4 },
};

static void known_days_have_their_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        struct date d = date_from_days(known[i].days);
        assert_int_equal(d.year, known[i].date.year);
        assert_int_equal(d.month, known[i].date.month);
        assert_int_equal(d.day, known[i].date.day);
        assert_int_equal(days_from_date(d), known[i].days);
        assert_int_equal(weekday_from_days(known[i].days), known[i].weekday);
    }
}

static void each_day_follows_the_one_before(void **state)
{
    (void)state;
    struct date d = date_from_days(-200001);
    for (int64_t days = -200000; days < 200000; days++) {
        bool is_last = d.day == month_days(d.year, d.month);
        struct date next = { d.year, d.month, d.day + 1 };
        if (is_last) next = (struct date){ d.year + (d.month == 12), d.month % 12 + 1, 1 };
        d = date_from_days(days);
        assert_int_equal(d.year, next.year);
        assert_int_equal(d.month, next.month);
        assert_int_equal(d.day, next.day);
        assert_int_equal(days_from_date(d), days);
    }
}

static void months_and_days_beyond_a_year_or_a_month_carry_over(void **state)
{
    (void)state;
    int64_t january = days_from_date((struct date){ 2027, 1, 1 });
    assert_int_equal(days_from_date((struct date){ 2026, 13, 1 }), january);
    assert_int_equal(days_from_date((struct date){ 2028, -11, 1 }), january);
    assert_int_equal(days_from_date((struct date){ 2029, -23, 1 }), january);
    assert_int_equal(days_from_date((struct date){ 2026, 12, 32 }), january);
    assert_int_equal(days_from_date((struct date){ 2028, 0, 1 }),
                     days_from_date((struct date){ 2027, 12, 1 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days_have_their_dates),
        cmocka_unit_test(each_day_follows_the_one_before),
        cmocka_unit_test(months_and_days_beyond_a_year_or_a_month_carry_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
