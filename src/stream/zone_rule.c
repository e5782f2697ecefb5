/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/zone_rule.h"

#include "base/assert.h"
#include "base/calendar.h"

enum { MINUTE_SECONDS = 60, HOUR_SECONDS = 3600, DAY_SECONDS = 86400, HOURS_MAX = 24 * 7 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool byte_take(struct slice *s, uint8_t byte)
{
    if (s->len == 0 || s->ptr[0] != byte) return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool number_take(struct slice *s, int32_t min, int32_t max, int32_t *ret_value)
{
    int32_t value = 0;
    uint32_t n = 0;
    for (; n < s->len && is_digit(s->ptr[n]); n++) {
        value = value * 10 + (s->ptr[n] - '0');
        if (value > max) return false;
    }
    if (n == 0 || value < min) return false;
    assert(value >= min);
    assert(value <= max);
    *s = slice_from(*s, n);
    *ret_value = value;
    return true;
}

/* "<+0330>" or at least three letters. */
static bool name_take(struct slice *s)
{
    uint32_t n = 0;
    if (byte_take(s, '<')) {
        int64_t end = slice_find_byte(*s, '>');
        if (end < 0) return false;
        *s = slice_from(*s, (uint32_t)end + 1);
        return true;
    }
    while (n < s->len && !is_digit(s->ptr[n]) && memchr(",-+", s->ptr[n], 3) == NULL) n++;
    *s = slice_from(*s, n);
    return n >= 3;
}

/* "5", "-3:30", "+1:02:03" */
static bool time_take(struct slice *s, int32_t *ret_seconds)
{
    bool negative = byte_take(s, '-');
    int32_t part, seconds;
    if (!negative) (void)byte_take(s, '+');
    if (!number_take(s, 0, HOURS_MAX, &part)) return false;
    seconds = part * HOUR_SECONDS;
    for (int32_t unit = MINUTE_SECONDS; unit > 0 && byte_take(s, ':'); unit /= MINUTE_SECONDS) {
        if (!number_take(s, 0, 59, &part)) return false;
        seconds += part * unit;
    }
    assert(seconds >= 0);
    assert(seconds < (HOURS_MAX + 1) * HOUR_SECONDS);
    *ret_seconds = negative ? -seconds : seconds;
    return true;
}

static bool day_take(struct slice *s, struct zone_day *ret_day)
{
    struct zone_day d = { .kind = ZONE_DAY_OF_YEAR, .seconds = 2 * HOUR_SECONDS };
    if (byte_take(s, 'J')) {
        d.kind = ZONE_DAY_JULIAN;
        if (!number_take(s, 1, 365, &d.day)) return false;
    } else if (byte_take(s, 'M')) {
        d.kind = ZONE_DAY_OF_WEEK;
        if (!number_take(s, 1, 12, &d.month) || !byte_take(s, '.')) return false;
        if (!number_take(s, 1, 5, &d.week) || !byte_take(s, '.')) return false;
        if (!number_take(s, 0, 6, &d.day)) return false;
    } else if (!number_take(s, 0, 365, &d.day)) {
        return false;
    }
    if (byte_take(s, '/') && !time_take(s, &d.seconds)) return false;
    *ret_day = d;
    return true;
}

/* What stands behind the name of summer time. */
static bool summer_take(struct slice *s, struct zone_rule *r)
{
    assert(!r->has_summer);
    r->has_summer = true;
    r->summer = r->standard + HOUR_SECONDS;
    if (s->len > 0 && s->ptr[0] != ',') {
        if (!time_take(s, &r->summer)) return false;
        r->summer = -r->summer;
    }
    if (s->len == 0) *s = SLICE_LIT(",M3.2.0,M11.1.0"); /* as tzcode has it */
    return (byte_take(s, ',') || byte_take(s, ';')) && day_take(s, &r->begin) &&
           byte_take(s, ',') && day_take(s, &r->end) && s->len == 0;
}

bool zone_rule_parse(struct slice text, struct zone_rule *ret_rule)
{
    struct zone_rule r = { 0 };
    if (!name_take(&text) || !time_take(&text, &r.standard)) return false;
    r.standard = -r.standard; /* TZ counts westward */
    if (text.len > 0 && text.ptr[0] != ',')
        if (!name_take(&text) || !summer_take(&text, &r)) return false;
    *ret_rule = r;
    return true;
}

/* Days from the start of the year. */
static int64_t day_of_year(const struct zone_day *d, int64_t year)
{
    int64_t start = days_from_date((struct date){ year, 1, 1 });
    switch (d->kind) {
    case ZONE_DAY_JULIAN: return d->day - 1 + (year_is_leap(year) && d->day >= 60);
    case ZONE_DAY_OF_YEAR: return d->day;
    case ZONE_DAY_OF_WEEK: break;
    default: unreachable();
    }
    int64_t first = days_from_date((struct date){ year, d->month, 1 });
    assert(first >= start);
    assert(d->week >= 1);
    int64_t day = (d->day - weekday_from_days(first) + 7) % 7 + 7 * (int64_t)(d->week - 1);
    while (day >= month_days(year, d->month)) day -= 7;
    assert(day >= 0);
    assert(day < 31);
    return first - start + day;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t utc_seconds)
{
    if (!r->has_summer) return r->standard;
    int64_t days = utc_seconds / DAY_SECONDS - (utc_seconds % DAY_SECONDS < 0);
    int64_t year = date_from_days(days).year;
    int64_t start = days_from_date((struct date){ year, 1, 1 }) * DAY_SECONDS;
    assert(utc_seconds >= start);
    assert(utc_seconds - start < (int64_t)366 * DAY_SECONDS);
    int64_t begin = start + day_of_year(&r->begin, year) * DAY_SECONDS + r->begin.seconds -
                    r->standard;
    int64_t end = start + day_of_year(&r->end, year) * DAY_SECONDS + r->end.seconds - r->summer;
    /* on the southern half of the earth the year begins in summer time */
    if (begin <= end) return utc_seconds >= begin && utc_seconds < end ? r->summer : r->standard;
    return utc_seconds >= end && utc_seconds < begin ? r->standard : r->summer;
}
