/* SPDX-License-Identifier: Apache-2.0 */
/* Cron: six fields, "second minute hour day-of-month month day-of-week". A field is a list of "*",
 * "?", numbers, names (JAN, mon), ranges "1-5", each perhaps with a step "/2"; "3/10" means from 3
 * on. A day must fit both day fields when one of them is open ("*"), else one of them.
 *
 * Times are found by the steps that nats-server takes (robfig/cron), so that clock changes have the
 * same effect: field by field from the month down, in local time, an hour at a time.
 *
 * Pure; thread: any; memory: a value. */
#ifndef MIDGE_STREAM_CRON_H
#define MIDGE_STREAM_CRON_H

#include <stdbool.h>

#include "base/slice.h"
#include "stream/zone.h"

enum { CRON_FIELDS = 6 };

struct cron {
    uint64_t fields[CRON_FIELDS]; /* bit n: the value n fits; bit 63: any */
};

/* False: not six such fields. */
bool cron_parse(struct slice text, struct cron *ret_cron);

/* The next fitting second after `after` (seconds since 1970). `zone` may be NULL: UTC. False: none
 * in the next five years. */
bool cron_next(const struct cron *, const struct zone *, int64_t after, int64_t *ret_next);

#endif
