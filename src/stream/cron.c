/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/cron.h"

#include "base/assert.h"
#include "base/calendar.h"
#include "base/compiler.h"

enum { MINUTE_SECONDS = 60, HOUR_SECONDS = 3600, DAY_SECONDS = 86400, YEARS_MAX = 5 };

/* Longer than any search within YEARS_MAX: what ends a search that a strange zone would keep. */
enum { STEPS_MAX = 100000 };

enum field { SECOND_FIELD, MINUTE_FIELD, HOUR_FIELD, DAY_FIELD, MONTH_FIELD, WEEKDAY_FIELD };

static const uint64_t ANY = UINT64_C(1) << 63;

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct bounds {
    uint64_t min, max;
    const char *const *names; /* of min and what follows; NULL: none */
} bounds[CRON_FIELDS] = {
    [SECOND_FIELD] = { 0, 59, NULL },  [MINUTE_FIELD] = { 0, 59, NULL },
    [HOUR_FIELD] = { 0, 23, NULL },    [DAY_FIELD] = { 1, 31, NULL },
    [MONTH_FIELD] = { 1, 12, months }, [WEEKDAY_FIELD] = { 0, 6, weekdays },
};

/* A '+' in front is fine, as for Go. */
static bool number_read(struct slice s, uint64_t *ret_value)
{
    if (s.len > 1 && s.ptr[0] == '+') s = slice_from(s, 1);
    return slice_to_u64(s, ret_value) && *ret_value <= INT64_MAX;
}

static bool value_read(struct slice s, const struct bounds *b, uint64_t *ret_value)
{
    for (uint64_t i = 0; b->names != NULL && b->names[i] != NULL; i++)
        if (slice_equal_nocase(s, slice_str(b->names[i]))) {
            *ret_value = b->min + i;
            assert(*ret_value <= b->max);
            return true;
        }
    return number_read(s, ret_value);
}

/* "a", "a-b" or "*" of a part; `*ret_is_single`: it names no end. */
static bool range_read(struct slice s, const struct bounds *b, uint64_t *ret_from, uint64_t *ret_to,
                       bool *ret_is_single)
{
    struct slice low, high = s;
    *ret_is_single = !slice_cut(&high, '-', &low);
    if (slice_equal_str(low, "*") || slice_equal_str(low, "?")) {
        *ret_from = b->min;
        *ret_to = b->max;
        return true; /* what follows a '-' is not looked at */
    }
    if (!value_read(low, b, ret_from)) return false;
    *ret_to = *ret_from;
    return *ret_is_single || value_read(high, b, ret_to);
}

static bool part_read(struct slice s, const struct bounds *b, uint64_t *bits)
{
    struct slice range, steps = s;
    uint64_t from, to, step = 1;
    bool is_single, has_step = slice_cut(&steps, '/', &range);
    bool is_open = range.len > 0 && (range.ptr[0] == '*' || range.ptr[0] == '?') &&
                   (range.len == 1 || range.ptr[1] == '-');
    if (!range_read(range, b, &from, &to, &is_single)) return false;
    if (has_step && !number_read(steps, &step)) return false;
    if (has_step && is_single) to = b->max;
    if (from < b->min || to > b->max || from > to || step == 0) return false;
    assert(to < 64);
    assert(step > 0);
    for (uint64_t i = from; i <= to; i += step) *bits |= UINT64_C(1) << i;
    if (is_open && step == 1) *bits |= ANY;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the next word off; false at the end. */
static bool word_take(struct slice *s, struct slice *ret_word)
{
    uint32_t n = 0;
    while (s->len > 0 && is_blank(s->ptr[0])) *s = slice_from(*s, 1);
    while (n < s->len && !is_blank(s->ptr[n])) n++;
    *ret_word = slice_first(*s, n);
    *s = slice_from(*s, n);
    return n > 0;
}

bool cron_parse(struct slice text, struct cron *ret_cron)
{
    struct cron c = { 0 };
    struct slice word, part;
    for (int i = 0; i < CRON_FIELDS; i++) {
        if (!word_take(&text, &word)) return false;
        for (bool more = true; more;) {
            more = slice_cut(&word, ',', &part);
            if (part.len > 0 && !part_read(part, &bounds[i], &c.fields[i])) return false;
        }
    }
    if (word_take(&text, &word)) return false;
    *ret_cron = c;
    return true;
}

/* A moment and what clocks show then. */
struct clock_time {
    int64_t utc;
    struct date date;
    int64_t weekday, hour, minute, second;
};

struct search {
    const struct cron *cron;
    const struct zone *zone;
    struct clock_time now;
    bool is_cut; /* what is finer than the field in hand was set to its start */
    int steps;
};

static void go_to(struct search *s, int64_t utc)
{
    int64_t local = utc + (s->zone == NULL ? 0 : zone_offset(s->zone, utc));
    int64_t days = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
    int64_t rest = local - days * DAY_SECONDS;
    s->now = (struct clock_time){
        .utc = utc,
        .date = date_from_days(days),
        .weekday = weekday_from_days(days),
        .hour = rest / HOUR_SECONDS,
        .minute = rest / MINUTE_SECONDS % 60,
        .second = rest % MINUTE_SECONDS,
    };
    assert(rest >= 0);
    assert(rest < DAY_SECONDS);
    s->steps++;
}

/* To what clocks show: the date, and so many seconds of the day. */
static void go_to_local(struct search *s, struct date date, int64_t seconds)
{
    assert(seconds >= 0);
    assert(seconds < DAY_SECONDS);
    int64_t local = days_from_date(date) * DAY_SECONDS + seconds;
    go_to(s, s->zone == NULL ? local : zone_utc(s->zone, local));
}

static int64_t day_seconds(const struct search *s)
{
    return s->now.hour * HOUR_SECONDS + s->now.minute * MINUTE_SECONDS + s->now.second;
}

static bool has(uint64_t bits, int64_t value)
{
    assert(value >= 0);
    assert(value < 60);
    return (bits >> value & 1) != 0;
}

static bool fits(const struct search *s, enum field field)
{
    const uint64_t *f = s->cron->fields;
    switch (field) {
    case SECOND_FIELD: return has(f[field], s->now.second);
    case MINUTE_FIELD: return has(f[field], s->now.minute);
    case HOUR_FIELD: return has(f[field], s->now.hour);
    case MONTH_FIELD: return has(f[field], s->now.date.month);
    case DAY_FIELD:
    case WEEKDAY_FIELD: break;
    default: unreachable();
    }
    bool day = has(f[DAY_FIELD], s->now.date.day);
    bool weekday = has(f[WEEKDAY_FIELD], s->now.weekday);
    return ((f[DAY_FIELD] | f[WEEKDAY_FIELD]) & ANY) != 0 ? day && weekday : day || weekday;
}

/* Sets what is finer than `field` to its start. */
static void cut(struct search *s, enum field field)
{
    struct date d = s->now.date;
    assert(!s->is_cut);
    s->is_cut = true;
    switch (field) {
    case MONTH_FIELD: go_to_local(s, (struct date){ d.year, d.month, 1 }, 0); return;
    case DAY_FIELD: go_to_local(s, d, 0); return;
    case HOUR_FIELD: go_to_local(s, d, s->now.hour * HOUR_SECONDS); return;
    case MINUTE_FIELD: {
        int64_t over = s->now.utc % MINUTE_SECONDS;
        go_to(s, s->now.utc - (over < 0 ? over + MINUTE_SECONDS : over));
        return;
    }
    case SECOND_FIELD: return;
    case WEEKDAY_FIELD:
    default: unreachable();
    }
}

/* One further in `field`; true when that begins the next coarser one anew. */
static bool advance(struct search *s, enum field field)
{
    struct date d = s->now.date;
    assert(s->is_cut);
    switch (field) {
    case MONTH_FIELD:
        go_to_local(s, (struct date){ d.year, d.month + 1, d.day }, day_seconds(s));
        return s->now.date.month == 1;
    case DAY_FIELD:
        go_to_local(s, (struct date){ d.year, d.month, d.day + 1 }, day_seconds(s));
        return s->now.date.day == 1;
    case HOUR_FIELD: go_to(s, s->now.utc + HOUR_SECONDS); return s->now.hour == 0;
    case MINUTE_FIELD: go_to(s, s->now.utc + MINUTE_SECONDS); return s->now.minute == 0;
    case SECOND_FIELD: go_to(s, s->now.utc + 1); return s->now.second == 0;
    case WEEKDAY_FIELD:
    default: unreachable();
    }
}

/* The first fit from the second after `from` on, by the clocks; it may be one that is over, where
 * clocks show a time twice. */
static bool search_from(struct search *s, int64_t from)
{
    static const enum field order[] = { MONTH_FIELD, DAY_FIELD, HOUR_FIELD, MINUTE_FIELD,
                                        SECOND_FIELD };
    s->is_cut = false;
    go_to(s, from + 1);
    int64_t last_year = s->now.date.year + YEARS_MAX;
    for (uint32_t i = 0; i < ARRAY_COUNT(order);) {
        if (s->steps > STEPS_MAX || (i == 0 && s->now.date.year > last_year)) return false;
        if (fits(s, order[i])) {
            i++;
            continue;
        }
        if (!s->is_cut) cut(s, order[i]);
        if (advance(s, order[i])) i = 0;
    }
    /* Not so the hour: where clocks change by half an hour, minutes may lead out of it, as they do
     * in nats-server. */
    assert(fits(s, SECOND_FIELD));
    return true;
}

bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after, int64_t *ret_next)
{
    struct search s = { .cron = cron, .zone = zone };
    for (int64_t from = after; from <= after + DAY_SECONDS; from += HOUR_SECONDS) {
        if (!search_from(&s, from)) return false;
        if (s.now.utc <= after) continue;
        *ret_next = s.now.utc;
        return true;
    }
    return false; /* clocks jump by days, which they do in no place on earth */
}
