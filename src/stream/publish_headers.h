/* SPDX-License-Identifier: Apache-2.0 */
/* Publish headers: those that a stream understands of a published message.
 *
 * Pure; thread: any; memory: values point into the block. */
#ifndef MIDGE_STREAM_PUBLISH_HEADERS_H
#define MIDGE_STREAM_PUBLISH_HEADERS_H

#include "base/slice.h"

/* X(id, name) */
#define PUBLISH_HEADER_LIST(X)                                              \
    X(MSG_ID, "Nats-Msg-Id")                                                \
    X(EXPECTED_STREAM, "Nats-Expected-Stream")                              \
    X(EXPECTED_LAST_SEQUENCE, "Nats-Expected-Last-Sequence")                \
    X(EXPECTED_LAST_SUBJECT_SEQUENCE, "Nats-Expected-Last-Subject-Sequence") \
    X(EXPECTED_SUBJECT, "Nats-Expected-Last-Subject-Sequence-Subject")      \
    X(EXPECTED_LAST_MSG_ID, "Nats-Expected-Last-Msg-Id")                    \
    X(ROLLUP, "Nats-Rollup")                                                \
    X(TTL, "Nats-TTL")                                                      \
    X(INCR, "Nats-Incr")                                                    \
    X(COUNTER_SOURCES, "Nats-Counter-Sources")                              \
    X(BATCH_ID, "Nats-Batch-Id")                                            \
    X(BATCH_SEQUENCE, "Nats-Batch-Sequence")                                \
    X(BATCH_COMMIT, "Nats-Batch-Commit")                                    \
    X(SCHEDULE, "Nats-Schedule")                                            \
    X(SCHEDULE_TIME_ZONE, "Nats-Schedule-Time-Zone")                        \
    X(SCHEDULE_TARGET, "Nats-Schedule-Target")                              \
    X(SCHEDULE_SOURCE, "Nats-Schedule-Source")                              \
    X(SCHEDULE_TTL, "Nats-Schedule-TTL")                                    \
    X(SCHEDULE_ROLLUP, "Nats-Schedule-Rollup")                              \
    X(SCHEDULE_NEXT, "Nats-Schedule-Next")                                  \
    X(SCHEDULER, "Nats-Scheduler")                                          \
    X(STREAM_SOURCE, "Nats-Stream-Source")                                  \
    X(REQUIRED_API_LEVEL, "Nats-Required-Api-Level")                        \
    X(REQUEST_INFO, "Nats-Request-Info")                                    \
    X(TRACE_DEST, "Nats-Trace-Dest")                                        \
    X(TRACE_ONLY, "Nats-Trace-Only")

enum publish_header {
#define X(id, name) PUBLISH_##id,
    PUBLISH_HEADER_LIST(X)
#undef X
        PUBLISH_HEADERS
};

/* By enum publish_header; absent ones have no `ptr`. */
struct publish_headers {
    struct slice at[PUBLISH_HEADERS];
};

/* Returns how many there are. */
uint32_t publish_headers_read(struct slice block, struct publish_headers *ret);
struct slice publish_header_name(enum publish_header);

/* Absent and empty are the same to nats-server. */
static inline bool publish_has(const struct publish_headers *h, enum publish_header id)
{
    return h->at[id].len > 0;
}

/* The first line has more than "NATS/1.0". */
bool publish_has_status(struct slice block);

/* Digits as nats-server reads a sequence: what is no number is UINT64_MAX, which no sequence is. */
uint64_t publish_sequence(struct slice text);

#endif
