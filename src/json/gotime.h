/* SPDX-License-Identifier: Apache-2.0 */
/* Time as Go writes it in JSON and configuration: "1m30s", "2026-01-02T03:04:05.6Z".
 *
 * Pure; thread: any; memory: texts go to the caller's array or are read in place. */
#ifndef MIDGE_JSON_GOTIME_H
#define MIDGE_JSON_GOTIME_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"

enum { GOTIME_TEXT_SIZE = 48 };

/* Go's zero time, year 1, stands for "never"; as nanoseconds since 1970 it does not fit. */
#define GOTIME_ZERO INT64_MIN

/* 1970-01-01T00:00:00Z where 0 says that there is no time. It comes before all that is stored, as
 * the epoch does. */
#define GOTIME_EPOCH (INT64_MIN + 2)

/* "2h3m0.5s", "1.5ms", "0s": what Go's Duration.String() gives. Returns `ret_text`. */
const char *gotime_duration_text(nanos d, char ret_text[GOTIME_TEXT_SIZE]);

/* "1h15m30.918s", "-5ms", "0", ".5s": signed decimal numbers with the units ns us µs ms s m h. */
MUST_CHECK enum err gotime_duration_parse(struct slice text, nanos *ret_duration);

/* RFC 3339 in UTC with as many decimals as needed. `since_1970` may be GOTIME_ZERO or
 * GOTIME_EPOCH. Returns `ret_text`. */
const char *gotime_rfc3339_text(nanos since_1970, char ret_text[GOTIME_TEXT_SIZE]);

/* Any RFC 3339 time; year 1 gives GOTIME_ZERO, other years that do not fit give ERR_LIMIT. */
MUST_CHECK enum err gotime_rfc3339_parse(struct slice text, nanos *ret_since_1970);

/* Appends what Go says of a text that is no such time: `parsing time "x" as
 * "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`. */
void gotime_rfc3339_refusal(struct slice text, struct buf *out);

#endif
