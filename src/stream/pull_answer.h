/* SPDX-License-Identifier: Apache-2.0 */
/* Pull answer: the status lines that a consumer sends instead of messages, word for word as
 * nats-server 2.15.2 sends them: clients match the texts.
 *
 * Pure; thread: any; memory: a value whose slices are the caller's; bytes are appended to his
 * buf. */
#ifndef MIDGE_STREAM_PULL_ANSWER_H
#define MIDGE_STREAM_PULL_ANSWER_H

#include "base/buf.h"

/* What follows the line, or stands in it. */
enum pull_detail {
    PULL_DETAIL_NONE,
    PULL_DETAIL_PENDING,                /* two headers: messages `first`, bytes `second` */
    PULL_DETAIL_LAST,                   /* two headers: consumer sequence, stream sequence; and
                                         * Nats-Consumer-Stalled when `text` is not empty */
    PULL_DETAIL_NUMBER,                 /* `first` at the end of the line */
    PULL_DETAIL_DURATION,               /* likewise, as "1m30s" */
    PULL_DETAIL_TEXT,                   /* `text` at the end of the line */
};

#define PULL_STATUS_LIST(X)                                                      \
    X(HEARTBEAT,          "100 Idle Heartbeat", LAST)                            \
    X(FLOW_CONTROL,       "100 FlowControl Request", NONE)                       \
    X(BAD_JSON,           "400 Bad Request - ", TEXT)                            \
    X(BIG_HEARTBEAT,      "400 Bad Request - heartbeat value too large", NONE)   \
    X(NOT_OVERFLOW,       "400 Bad Request - Not a Overflow Priority consumer", NONE) \
    X(NOT_PINNED,         "400 Bad Request - Not a Pinned Client Priority consumer", NONE) \
    X(BAD_PRIORITY,       "400 Bad Request - Priority must be between 0 and 9", NONE) \
    X(NO_GROUP,           "400 Bad Request - Priority Group missing", NONE)      \
    X(BAD_GROUP,          "400 Bad Request - Invalid Priority Group", NONE)      \
    X(NO_MESSAGES,        "404 No Messages", NONE)                               \
    X(TIMEOUT,            "408 Request Timeout", PENDING)                        \
    X(REQUESTS_PENDING,   "408 Requests Pending", NONE)                          \
    X(INTEREST_EXPIRED,   "408 Interest Expired", PENDING)                       \
    X(PUSH_BASED,         "409 Consumer is push based", NONE)                    \
    X(CONSUMER_DELETED,   "409 Consumer Deleted", NONE)                          \
    X(LEADERSHIP_CHANGE,  "409 Leadership Change", NONE)                         \
    X(SERVER_SHUTDOWN,    "409 Server Shutdown", PENDING)                        \
    X(MAX_BATCH,          "409 Exceeded MaxRequestBatch of ", NUMBER)            \
    X(MAX_EXPIRES,        "409 Exceeded MaxRequestExpires of ", DURATION)        \
    X(MAX_BYTES,          "409 Exceeded MaxRequestMaxBytes of ", NUMBER)         \
    X(MAX_WAITING,        "409 Exceeded MaxWaiting", NONE)                       \
    X(TOO_LARGE,          "409 Message Size Exceeds MaxBytes", PENDING)          \
    X(BATCH_COMPLETED,    "409 Batch Completed", PENDING)                        \
    X(API_LEVEL,          "412 Required Api Level", NONE)                        \
    X(PIN_MISMATCH,       "423 Nats-Pin-Id mismatch", NONE)                      \
    X(WRONG_PIN,          "423 Nats-Wrong-Pin-Id", PENDING)

enum pull_status {
#define X(name, text, detail) PULL_##name,
    PULL_STATUS_LIST(X)
#undef X
        PULL_STATUS_COUNT
};

struct pull_answer {
    enum pull_status status;
    int64_t          first;
    int64_t          second;
    struct slice     text;
};

enum pull_detail pull_status_detail(enum pull_status);

/* The whole header block: "NATS/1.0 404 No Messages\r\n\r\n". The message has no payload. */
void pull_answer_write(const struct pull_answer *, struct buf *out);

#endif
