/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/schedule.h"

#include "base/assert.h"
#include "base/compiler.h"
#include "json/gotime.h"
#include "stream/cron.h"

static const struct {
    const char *name;
    const char *fields;
} named[] = {
    { "@yearly", "0 0 0 1 1 *" }, { "@annually", "0 0 0 1 1 *" }, { "@monthly", "0 0 0 1 * *" },
    { "@weekly", "0 0 0 * * 0" }, { "@daily", "0 0 0 * * *" },    { "@midnight", "0 0 0 * * *" },
    { "@hourly", "0 0 * * * *" },
};

static int64_t seconds_floor(nanos t)
{
    return t / SECOND - (t % SECOND < 0);
}

/* To the nearest; half a second counts up. */
static int64_t seconds_round(nanos t)
{
    nanos over = t % SECOND < 0 ? t % SECOND + SECOND : t % SECOND;
    assert(over >= 0);
    assert(over < SECOND);
    return over >= SECOND / 2 ? seconds_floor(t) + 1 : seconds_floor(t);
}

static nanos nanos_of(int64_t seconds)
{
    return seconds > NANOS_MAX / SECOND ? NANOS_MAX : seconds * SECOND;
}

static bool at_next(struct slice text, struct schedule_fire *ret_fire)
{
    nanos at;
    enum err e = gotime_rfc3339_parse(text, &at);
    if (e == ERR_LIMIT) at = text.ptr[0] < '2' ? 0 : NANOS_MAX; /* before 1677 or after 2262 */
    else if (e) return false;
    *ret_fire = (struct schedule_fire){ .at = at };
    return true;
}

static nanos add(int64_t seconds, nanos duration)
{
    assert(duration > 0);
    nanos from = nanos_of(seconds);
    return duration > NANOS_MAX - from ? NANOS_MAX : from + duration;
}

static bool every_next(struct slice text, nanos after, nanos now, struct schedule_fire *ret_fire)
{
    nanos every;
    if (gotime_duration_parse(text, &every) != ERR_OK || every < SECOND) return false;
    nanos at = add(seconds_round(after), every);
    if (at < now) at = add(seconds_round(now), every);
    assert(at > after);
    assert(at >= now);
    *ret_fire = (struct schedule_fire){ .at = at, .repeats = true };
    return true;
}

bool schedule_next(struct slice text, const struct zone *zone, nanos after, nanos now,
                   struct schedule_fire *ret_fire)
{
    struct cron cron;
    int64_t next;
    if (slice_starts(text, SLICE_LIT("@at ")))
        return zone == NULL && at_next(slice_from(text, 4), ret_fire);
    if (slice_starts(text, SLICE_LIT("@every ")))
        return zone == NULL && every_next(slice_from(text, 7), after, now, ret_fire);
    for (size_t i = 0; i < ARRAY_COUNT(named); i++)
        if (slice_equal_str(text, named[i].name)) text = slice_str(named[i].fields);
    if (!cron_parse(text, &cron)) return false;
    if (!cron_next(&cron, zone, seconds_floor(after), &next)) return false;
    if (nanos_of(next) < now && !cron_next(&cron, zone, seconds_round(now), &next)) return false;
    assert(next > seconds_floor(after));
    assert(nanos_of(next) >= now);
    *ret_fire = (struct schedule_fire){ .at = nanos_of(next), .repeats = true };
    return true;
}
