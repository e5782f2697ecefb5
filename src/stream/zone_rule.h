/* SPDX-License-Identifier: Apache-2.0 */
/* Zone rule: the text behind the table of a TZif file, as POSIX has it in TZ: "EST5EDT,M3.2.0,
 * M11.1.0". Hours of a rule may be up to a week, before or behind the day (RFC 8536, 3.3.1).
 *
 * Pure; thread: any; memory: a value. */
#ifndef MIDGE_STREAM_ZONE_RULE_H
#define MIDGE_STREAM_ZONE_RULE_H

#include <stdbool.h>

#include "base/slice.h"

enum zone_day_kind {
    ZONE_DAY_JULIAN,  /* 1 to 365, without 29 February */
    ZONE_DAY_OF_YEAR, /* 0 to 365 */
    ZONE_DAY_OF_WEEK, /* the n-th such weekday of a month; 5: the last */
};

struct zone_day {
    enum zone_day_kind kind;
    int32_t month, week, day;
    int32_t seconds; /* local time of the day */
};

struct zone_rule {
    int32_t standard; /* seconds to add to UTC */
    int32_t summer;
    bool has_summer;
    struct zone_day begin, end; /* of summer time */
};

/* False: no such text. */
bool zone_rule_parse(struct slice text, struct zone_rule *ret_rule);

/* Seconds to add to UTC. */
int32_t zone_rule_offset(const struct zone_rule *, int64_t utc_seconds);

#endif
