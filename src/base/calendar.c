/* SPDX-License-Identifier: Apache-2.0 */
/* By counting in eras of 400 years that begin in March, so that the leap day is the last day of a
 * year. */
#include "base/calendar.h"

#include "base/assert.h"

enum { ERA_DAYS = 146097, TO_1970 = 719468 }; /* from 0000-03-01 */

struct date date_from_days(int64_t days)
{
    days += TO_1970;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t of_era = days - era * ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March */
    return (struct date){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
    };
}

int64_t days_from_date(struct date d)
{
    int64_t months = d.month - 1, years = months >= 0 ? months / 12 : -((11 - months) / 12);
    d.year += years;
    d.month = months - years * 12 + 1;
    assert(d.month >= 1 && d.month <= 12);
    int64_t year = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t month = d.month > 2 ? d.month - 3 : d.month + 9;
    int64_t of_year = (153 * month + 2) / 5 + d.day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970;
}

bool year_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t month_days(int64_t year, int64_t month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    assert(month >= 1 && month <= 12);
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

int64_t weekday_from_days(int64_t days)
{
    int64_t day = (days + 4) % 7; /* 1970 began on a Thursday */
    return day < 0 ? day + 7 : day;
}
