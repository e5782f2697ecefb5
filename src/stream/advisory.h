/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory: what JetStream tells of itself on $JS.EVENT (reference: advisories). Encoded and sent
 * only when somebody listens.
 *
 * Each is a row of ADVISORY_LIST: its subject, its type, and a table of the facts that it tells
 * (advisory_rows.c). One that names a client asks the client's reactor first and is sent when the
 * answer is home; what it tells is of the moment of the call.
 * Thread: the JetStream reactor, in a turn. Memory: facts are copied when they must wait. */
#ifndef MIDGE_STREAM_ADVISORY_H
#define MIDGE_STREAM_ADVISORY_H

#include "json/table.h"
#include "stream/jetstream_internal.h"

/* X(id, what stands behind "$JS.EVENT.", type behind "io.nats.jetstream."; of what nats-server does
 * not tell: behind "io.midge.jetstream.") */
/* clang-format off */
#define ADVISORY_LIST(X) \
    X(API_AUDIT,          "ADVISORY.API",                       "advisory.v1.api_audit") \
    X(STREAM_CREATED,     "ADVISORY.STREAM.CREATED",            "advisory.v1.stream_action") \
    X(STREAM_UPDATED,     "ADVISORY.STREAM.UPDATED",            "advisory.v1.stream_action") \
    X(STREAM_DELETED,     "ADVISORY.STREAM.DELETED",            "advisory.v1.stream_action") \
    X(CONSUMER_CREATED,   "ADVISORY.CONSUMER.CREATED",          "advisory.v1.consumer_action") \
    X(CONSUMER_DELETED,   "ADVISORY.CONSUMER.DELETED",          "advisory.v1.consumer_action") \
    X(CONSUMER_PAUSE,     "ADVISORY.CONSUMER.PAUSE",            "advisory.v1.consumer_pause") \
    X(MAX_DELIVERIES,     "ADVISORY.CONSUMER.MAX_DELIVERIES",   "advisory.v1.max_deliver") \
    X(MSG_NAKED,          "ADVISORY.CONSUMER.MSG_NAKED",        "advisory.v1.nak") \
    X(MSG_TERMINATED,     "ADVISORY.CONSUMER.MSG_TERMINATED",   "advisory.v1.terminated") \
    X(PINNED,             "ADVISORY.CONSUMER.PINNED", \
      "advisory.v1.consumer_group_pinned") \
    X(UNPINNED,           "ADVISORY.CONSUMER.UNPINNED", \
      "advisory.v1.consumer_group_unpinned") \
    X(SNAPSHOT_CREATE,    "ADVISORY.STREAM.SNAPSHOT_CREATE",    "advisory.v1.snapshot_create") \
    X(SNAPSHOT_COMPLETE,  "ADVISORY.STREAM.SNAPSHOT_COMPLETE",  "advisory.v1.snapshot_complete") \
    X(RESTORE_CREATE,     "ADVISORY.STREAM.RESTORE_CREATE",     "advisory.v1.restore_create") \
    X(RESTORE_COMPLETE,   "ADVISORY.STREAM.RESTORE_COMPLETE",   "advisory.v1.restore_complete") \
    X(BATCH_ABANDONED,    "ADVISORY.STREAM.BATCH_ABANDONED", \
      "advisory.v1.stream_batch_abandoned") \
    X(STREAM_DAMAGED,     "ADVISORY.STREAM.DAMAGED",            "advisory.v1.stream_damaged") \
    X(ACK_METRIC,         "METRIC.CONSUMER.ACK",                "metric.v1.consumer_ack") \
    X(API_LIMIT,          "ADVISORY.API.LIMIT_REACHED",         "advisory.v1.api_limit_reached") \
    X(OUT_OF_STORAGE,     "ADVISORY.SERVER.OUT_OF_STORAGE",     "advisory.v1.server_out_of_space")
/* clang-format on */

enum advisory {
#define X(id, subject, type) ADVISORY_##id,
    ADVISORY_LIST(X)
#undef X
        ADVISORY_COUNT
};

/* Both included. */
struct advisory_range {
    uint64_t first, last;
};

/* Every member that some advisory has; those that its row's table names are written. */
struct stream_state;

struct advisory_facts {
    struct slice stream, consumer;      /* also the end of the subject */
    const char  *action;                /* "create", "modify", "delete" */
    uint64_t     stream_seq, consumer_seq, deliveries;
    nanos        ack_time;
    struct slice reason;
    struct slice group, pinned_id;
    struct slice batch;
    bool         paused;
    nanos        pause_until;
    struct slice request, response, subject;        /* of an API call */
    uint64_t     origin;                            /* of the client, see message.h */
    bool         has_client;            /* one of the system account is told as {}, else as null */
    nanos        start, end;
    uint64_t     bytes;
    struct slice error;
    uint64_t     dropped;
    const struct stream_state *state;
    uint64_t     messages;
    struct json_array ranges;           /* struct advisory_range; only where no client is named */
    bool         has_more_ranges;
};

/* To the account, and to the system account where the row says so. */
void advise(struct js_account *, enum advisory, const struct advisory_facts *);
/* What no account has done, for the system account. */
void advise_server(struct jetstream *, enum advisory, const struct advisory_facts *);

#endif
