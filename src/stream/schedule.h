/* SPDX-License-Identifier: Apache-2.0 */
/* Schedule: when a scheduled message fires next, by the text of Nats-Schedule.
 *
 *   @at 2026-01-02T03:04:05Z   once; in the past: at once
 *   @every 90s                 a Go duration of at least a second, from the whole second on
 *   0 30 9 * * mon-fri         cron with seconds first (cron.h), in the time zone given
 *   @yearly @annually @monthly @weekly @daily @midnight @hourly
 *
 * Pure; thread: any. */
#ifndef MIDGE_STREAM_SCHEDULE_H
#define MIDGE_STREAM_SCHEDULE_H

#include "base/slice.h"
#include "base/units.h"
#include "stream/zone.h"

struct schedule_fire {
    nanos at; /* since 1970; NANOS_MAX: later than can be said */
    bool repeats;
};

/* False: no such text, a zone where none may be (@at, @every), or cron that never fires (in the
 * next five years).
 *   zone   NULL: none was given
 *   after  when it fired last, or was stored: the next time is after this
 *   now    times that are over by now collapse into one: the next is after now
 * Both since 1970. */
bool schedule_next(struct slice text, const struct zone *zone, nanos after, nanos now,
                   struct schedule_fire *ret_fire);

#endif
