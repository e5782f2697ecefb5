/* SPDX-License-Identifier: Apache-2.0 */
/* Zone: how far local time is from UTC, by a file of the IANA time zone database (TZif, RFC 8536,
 * version 2 and later): a table of what was, and the rule of its last line for what will be.
 *
 * Thread:  any once made; immutable. Memory: at most what the file has.
 * Errors:  INVALID: no such file, or its parts contradict each other. LIMIT: over ZONE_FILE_MAX. */
#ifndef MIDGE_STREAM_ZONE_H
#define MIDGE_STREAM_ZONE_H

#include "base/buf.h"
#include "base/err.h"

struct zone;

enum { ZONE_FILE_MAX = 64 * 1024, ZONE_NAME_MAX = 64 };

MUST_CHECK enum err zone_parse(struct slice file, struct zone **ret_zone);
struct zone *zone_free(struct zone *); /* NULL is fine; returns NULL */

/* Seconds to add to UTC. */
int32_t zone_offset(const struct zone *, int64_t utc_seconds);

/* The moment at which clocks show `local_seconds` (as if they were UTC). Where they show it twice,
 * or never because they are put forward, it is what Go's time.Date gives. */
int64_t zone_utc(const struct zone *, int64_t local_seconds);

/* Where files come from: `name` is a path below the database, such as "Europe/Berlin". */
struct zone_source {
    void *ctx;
    MUST_CHECK enum err (*read)(void *ctx, const char *name, struct buf *ret_file);
};

/* The name of the machine's own zone. One that has none, or none that we understand, is at UTC. */
#define ZONE_LOCAL "Local"

/* "UTC" needs no file. NOTFOUND: no such zone, also where `name` is empty or leads elsewhere. */
MUST_CHECK enum err zone_load(const struct zone_source *, struct slice name,
                              struct zone **ret_zone);

#endif
