/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar: days since 1970-01-01 to year, month and day of the Gregorian calendar and back, for
 * all years of either sign that fit.
 *
 * Pure; thread: any. */
#ifndef MIDGE_BASE_CALENDAR_H
#define MIDGE_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct date {
    int64_t year;
    int64_t month; /* from 1 */
    int64_t day;   /* from 1 */
};

struct date date_from_days(int64_t days);

/* The month may be any number: 13 is next year's January. So may the day. */
int64_t days_from_date(struct date);

bool year_is_leap(int64_t year);

/* Of a month from 1 to 12. */
int64_t month_days(int64_t year, int64_t month);

/* 0 is Sunday. */
int64_t weekday_from_days(int64_t days);

#endif
