/* SPDX-License-Identifier: Apache-2.0 */
#include "json/gotime.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/calendar.h"

static const struct unit {
    const char *name;
    nanos size;
} units[] = {
    { "ns", NANOSECOND },
    { "us", MICROSECOND },
    { "\xc2\xb5s", MICROSECOND },
    { "\xce\xbcs", MICROSECOND },
    { "ms", MILLISECOND },
    { "s", SECOND },
    { "m", MINUTE },
    { "h", HOUR },
};

/* Appends `value / scale` with up to `digits` decimals and without trailing zeros; returns the new
 * end. */
static char *fraction_add(char *at, uint64_t value, uint64_t scale, int digits)
{
    at += snprintf(at, 24, "%llu", (unsigned long long)(value / scale));
    uint64_t rest = value % scale;
    if (rest == 0) return at;
    int len = snprintf(at, 24, ".%0*llu", digits, (unsigned long long)rest);
    while (at[len - 1] == '0') len--;
    at += len;
    *at = '\0';
    return at;
}

const char *gotime_duration_text(nanos d, char ret_text[GOTIME_TEXT_SIZE])
{
    char *at = ret_text;
    uint64_t u = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
    if (d < 0) *at++ = '-';
    if (u < (uint64_t)SECOND) {
        if (u == 0) at += snprintf(at, 8, "0s");
        else if (u < (uint64_t)MICROSECOND) at += snprintf(at, 24, "%lluns", (unsigned long long)u);
        else if (u < (uint64_t)MILLISECOND) {
            at = fraction_add(at, u, (uint64_t)MICROSECOND, 3);
            at += snprintf(at, 8, "\xc2\xb5s");
        } else {
            at = fraction_add(at, u, (uint64_t)MILLISECOND, 6);
            at += snprintf(at, 8, "ms");
        }
        assert(at < ret_text + GOTIME_TEXT_SIZE);
        return ret_text;
    }
    uint64_t hours = u / (uint64_t)HOUR;
    uint64_t minutes = u / (uint64_t)MINUTE % 60;
    if (hours > 0) at += snprintf(at, 24, "%lluh", (unsigned long long)hours);
    if (hours > 0 || minutes > 0) at += snprintf(at, 8, "%um", (unsigned)minutes);
    at = fraction_add(at, u % (uint64_t)MINUTE, (uint64_t)SECOND, 9);
    at += snprintf(at, 4, "s");
    assert(at < ret_text + GOTIME_TEXT_SIZE);
    return ret_text;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits at the start of `*s`, as a number of at most 2^63. False: more. */
static bool whole_take(struct slice *s, uint64_t *ret_value)
{
    uint64_t value = 0;
    uint32_t n = 0;
    for (; n < s->len && is_digit(s->ptr[n]); n++) {
        if (value > ((uint64_t)1 << 63) / 10) return false;
        value = value * 10 + (uint64_t)(s->ptr[n] - '0');
        if (value > (uint64_t)1 << 63) return false;
    }
    *s = slice_from(*s, n);
    *ret_value = value;
    return true;
}

/* Digits behind a point, as a number and what it is to be divided by; stops adding (but not
 * reading) where 64 bits would overflow. There may be more zeros than an integer could count. */
static void fraction_take(struct slice *s, uint64_t *ret_value, double *ret_scale)
{
    uint64_t value = 0;
    double scale = 1;
    uint32_t n = 0;
    bool full = false;
    for (; n < s->len && is_digit(s->ptr[n]); n++) {
        full = full || value > (uint64_t)INT64_MAX / 10;
        uint64_t longer = full ? 0 : value * 10 + (uint64_t)(s->ptr[n] - '0');
        full = full || longer > (uint64_t)1 << 63;
        if (full) continue;
        value = longer;
        scale *= 10;
    }
    *s = slice_from(*s, n);
    *ret_value = value;
    *ret_scale = scale;
}

static const struct unit *unit_take(struct slice *s)
{
    uint32_t n = 0;
    while (n < s->len && s->ptr[n] != '.' && !is_digit(s->ptr[n])) n++;
    struct slice name = slice_first(*s, n);
    *s = slice_from(*s, n);
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (slice_equal_str(name, units[i].name)) return &units[i];
    return NULL;
}

/* One "1.5h" of a duration, added to `*sum`. */
static bool part_take(struct slice *s, uint64_t *sum)
{
    uint64_t whole = 0, part = 0;
    double scale = 1;
    uint32_t before = s->len;
    if (!whole_take(s, &whole)) return false;
    bool any = s->len != before;
    if (s->len > 0 && s->ptr[0] == '.') {
        *s = slice_from(*s, 1);
        before = s->len;
        fraction_take(s, &part, &scale);
        any = any || s->len != before;
    }
    const struct unit *unit = any ? unit_take(s) : NULL;
    if (unit == NULL) return false;

    uint64_t size = (uint64_t)unit->size;
    if (whole > ((uint64_t)1 << 63) / size) return false;
    uint64_t value = whole * size + (uint64_t)((double)part * ((double)size / scale));
    if (value > (uint64_t)1 << 63) return false;
    *sum += value;
    return *sum <= (uint64_t)1 << 63;
}

enum err gotime_duration_parse(struct slice text, nanos *ret_duration)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) text = slice_from(text, 1);
    if (slice_equal_str(text, "0")) {
        *ret_duration = 0;
        return ERR_OK;
    }
    if (text.len == 0) return ERR_INVALID;
    uint64_t sum = 0;
    while (text.len > 0)
        if (!part_take(&text, &sum)) return ERR_INVALID;
    if (!negative && sum > (uint64_t)INT64_MAX) return ERR_INVALID;
    *ret_duration = negative ? (nanos)(0 - sum) : (nanos)sum;
    return ERR_OK;
}

const char *gotime_rfc3339_text(nanos since_1970, char ret_text[GOTIME_TEXT_SIZE])
{
    if (since_1970 == GOTIME_ZERO) {
        (void)snprintf(ret_text, GOTIME_TEXT_SIZE, "0001-01-01T00:00:00Z");
        return ret_text;
    }
    if (since_1970 == GOTIME_EPOCH) since_1970 = 0;
    int64_t days = since_1970 / DAY, rest = since_1970 % DAY;
    if (rest < 0) {
        rest += DAY;
        days--;
    }
    struct date d = date_from_days(days);
    int len = snprintf(ret_text, GOTIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", (int)d.year,
                       (int)d.month, (int)d.day, (int)(rest / HOUR), (int)(rest / MINUTE % 60),
                       (int)(rest / SECOND % 60));
    int64_t fraction = rest % SECOND;
    if (fraction != 0) {
        len += snprintf(ret_text + len, (size_t)(GOTIME_TEXT_SIZE - len), ".%09d", (int)fraction);
        while (ret_text[len - 1] == '0') len--;
    }
    assert(len + 2 <= GOTIME_TEXT_SIZE);
    ret_text[len] = 'Z';
    ret_text[len + 1] = '\0';
    return ret_text;
}

/* Exactly `count` digits and then `after` (0: nothing) from the start of `*s`. */
static bool field_take(struct slice *s, uint32_t count, uint8_t after, int64_t *ret_value)
{
    if (s->len < count + (after != 0)) return false;
    int64_t value = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_digit(s->ptr[i])) return false;
        value = value * 10 + (s->ptr[i] - '0');
    }
    if (after != 0 && s->ptr[count] != after) return false;
    *s = slice_from(*s, count + (after != 0));
    *ret_value = value;
    return true;
}

/* As Go reads an hour: of one digit, too. */
static bool hour_take(struct slice *s, int64_t *ret_value)
{
    bool is_short = s->len == 1 || (s->len > 1 && !is_digit(s->ptr[1]));
    return field_take(s, is_short ? 1 : 2, 0, ret_value);
}

/* ".123456789" or ",123456789" if there is one; digits beyond the ninth are dropped. */
static bool decimals_take(struct slice *s, nanos *ret_fraction)
{
    *ret_fraction = 0;
    if (s->len == 0 || (s->ptr[0] != '.' && s->ptr[0] != ',')) return true;
    nanos scale = SECOND;
    uint32_t n = 1;
    for (; n < s->len && is_digit(s->ptr[n]); n++) {
        scale /= 10;
        *ret_fraction += (s->ptr[n] - '0') * scale;
    }
    *s = slice_from(*s, n);
    return n > 1;
}

/* Of an offset Go lets pass. */
enum { ZONE_HOURS_MAX = 24, ZONE_MINUTES_MAX = 60 };

/* "Z" or "+02:00", all that is left. */
static bool zone_take(struct slice *s, nanos *ret_offset)
{
    *ret_offset = 0;
    if (slice_equal_str(*s, "Z")) return true;
    if (s->len != 6 || (s->ptr[0] != '+' && s->ptr[0] != '-')) return false;
    bool west = s->ptr[0] == '-';
    int64_t hours, minutes;
    *s = slice_from(*s, 1);
    if (!field_take(s, 2, ':', &hours) || !field_take(s, 2, 0, &minutes)) return false;
    if (hours > ZONE_HOURS_MAX || minutes > ZONE_MINUTES_MAX) return false;
    *ret_offset = (hours * HOUR + minutes * MINUTE) * (west ? -1 : 1);
    return true;
}

enum err gotime_rfc3339_parse(struct slice text, nanos *ret_since_1970)
{
    struct date d;
    int64_t hour, minute, second;
    nanos fraction, offset;
    if (!field_take(&text, 4, '-', &d.year) || !field_take(&text, 2, '-', &d.month))
        return ERR_INVALID;
    if (!field_take(&text, 2, 'T', &d.day) || !hour_take(&text, &hour)) return ERR_INVALID;
    if (text.len == 0 || text.ptr[0] != ':') return ERR_INVALID;
    text = slice_from(text, 1);
    if (!field_take(&text, 2, ':', &minute) || !field_take(&text, 2, 0, &second))
        return ERR_INVALID;
    if (!decimals_take(&text, &fraction) || !zone_take(&text, &offset)) return ERR_INVALID;
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > month_days(d.year, d.month))
        return ERR_INVALID;
    if (hour > 23 || minute > 59 || second > 59) return ERR_INVALID;

    int64_t days = days_from_date(d);
    if (d.year == 1 && d.month == 1 && d.day == 1) {
        *ret_since_1970 = GOTIME_ZERO;
        return ERR_OK;
    }
    /* leaves room for the time of day and the zone */
    int64_t days_max = INT64_MAX / DAY - 2;
    if (days > days_max || days < -days_max) return ERR_LIMIT;
    *ret_since_1970 = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction -
                      offset;
    return ERR_OK;
}

/* --- what is wrong with a time --- */

/* The parts of the layout in order: Go's name of each, what its number may be, and the byte before
 * it. A day may be anything here; that of its month is looked at last. */
/* clang-format off */
static const struct time_part {
    const char *name;
    const char *range_error;
    int64_t     max;
    char        before;                 /* 0: none */
    uint8_t     digits;
    uint8_t     min;
} time_parts[] = {
    { "2006", NULL,                  9999, 0,   4, 0 },
    { "01",   "month out of range",  12,   '-', 2, 1 },
    { "02",   NULL,                  99,   '-', 2, 0 },
    { "15",   "hour out of range",   23,   'T', 2, 0 },
    { "04",   "minute out of range", 59,   ':', 2, 0 },
    { "05",   "second out of range", 59,   ':', 2, 0 },
};
/* clang-format on */
enum { TIME_HOUR = 3 };

/* Not the quotes of other texts: nothing but plain ASCII stands for itself. */
static void quote(struct buf *out, struct slice text)
{
    buf_add_byte(out, '"');
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_plain = byte >= ' ' && byte < 0x80;
        if (byte == '"' || byte == '\\') buf_add_byte(out, '\\');
        if (is_plain) buf_add_byte(out, byte);
        else buf_printf(out, "\\x%02x", byte);
    }
    buf_add_byte(out, '"');
}

static void refusal_begin(struct slice text, struct buf *out)
{
    buf_add_str(out, "parsing time ");
    quote(out, text);
}

static void cannot_parse(struct slice text, struct slice rest, struct slice as, struct buf *out)
{
    refusal_begin(text, out);
    buf_add_str(out, " as \"2006-01-02T15:04:05Z07:00\": cannot parse ");
    quote(out, rest);
    buf_add_str(out, " as ");
    quote(out, as);
}

static void zone_refusal(struct slice text, struct slice rest, struct buf *out)
{
    int64_t hours, minutes;
    struct slice zone = slice_from(rest, 1);
    if (rest.len > 0 && rest.ptr[0] == 'Z') {
        refusal_begin(text, out);
        buf_add_str(out, ": extra text: ");
        quote(out, zone);
        return;
    }
    bool is_zone = rest.len >= 6 && (rest.ptr[0] == '+' || rest.ptr[0] == '-');
    if (!is_zone || !field_take(&zone, 2, ':', &hours) || !field_take(&zone, 2, 0, &minutes)) {
        cannot_parse(text, rest, SLICE_LIT("Z07:00"), out);
        return;
    }
    refusal_begin(text, out);
    if (hours > ZONE_HOURS_MAX) buf_add_str(out, ": time zone offset hour out of range");
    else if (minutes > ZONE_MINUTES_MAX) buf_add_str(out, ": time zone offset minute out of range");
    else {
        buf_add_str(out, ": extra text: ");
        quote(out, zone);
    }
}

void gotime_rfc3339_refusal(struct slice text, struct buf *out)
{
    struct slice rest = text;
    for (size_t i = 0; i < ARRAY_COUNT(time_parts); i++) {
        const struct time_part *part = &time_parts[i];
        int64_t value;
        if (part->before != 0 && (rest.len == 0 || rest.ptr[0] != (uint8_t)part->before)) {
            cannot_parse(text, rest, slice_of(&part->before, 1), out);
            return;
        }
        if (part->before != 0) rest = slice_from(rest, 1);
        struct slice here = rest;
        bool is_there = i == TIME_HOUR ? hour_take(&rest, &value)
                                       : field_take(&rest, part->digits, 0, &value);
        if (!is_there) {
            cannot_parse(text, here, slice_str(part->name), out);
            return;
        }
        if (value < part->min || value > part->max) {
            refusal_begin(text, out);
            buf_printf(out, ": %s", part->range_error);
            return;
        }
    }
    nanos fraction;
    struct slice here = rest;
    if (!decimals_take(&rest, &fraction)) rest = here;
    nanos offset;
    here = rest;
    if (zone_take(&here, &offset)) { /* each part is good: the month is shorter */
        refusal_begin(text, out);
        buf_add_str(out, ": day out of range");
        return;
    }
    zone_refusal(text, rest, out);
}
