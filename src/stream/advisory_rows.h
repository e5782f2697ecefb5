/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory rows: what each advisory tells, as tables; for advisory.c.
 *
 * Pure; thread: any. Memory: events borrow. */
#ifndef MIDGE_STREAM_ADVISORY_ROWS_H
#define MIDGE_STREAM_ADVISORY_ROWS_H

#include "json/table.h"
#include "stream/advisory.h"

struct advisory_event {
    const char  *type, *id, *domain, *server, *server_id, *account, *cluster;
    nanos        timestamp;
    struct slice client;                /* a JSON object, or null */
    struct advisory_facts facts;
};

enum {
    ADVISORY_TO_SYSTEM = 1,             /* only to the system account */
    ADVISORY_TO_BOTH = 2,               /* also there, then with the account's name */
    ADVISORY_NAMES_ACCOUNT = 4,         /* always with the account's name */
    ADVISORY_OF_CLIENT = 8,             /* tells who called */
    ADVISORY_OF_MIDGE = 16,             /* nats-server has none of this type */
};

struct advisory_row {
    const char *subject;                /* whole, without names */
    const char *type;
    uint32_t    flags;
    const struct json_table *table;     /* of struct advisory_event */
};

struct advisory_row advisory_row(enum advisory);

#endif
