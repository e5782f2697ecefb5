/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: what this server and an account allow to JetStream, as numbers. Plain values. */
#ifndef MIDGE_STREAM_LIMITS_H
#define MIDGE_STREAM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

enum {
    JS_NAME_MAX = 255,
    JS_DESCRIPTION_MAX = 4 * 1024,
    JS_METADATA_MAX = 128 * 1024,       /* keys and values of one map */
    JS_REPLICAS_MAX = 5,
    JS_API_LEVEL = 5,
};

/* jetstream { limits { } } and the storage of the server; 0: no limit, if nothing else is said. */
struct js_server_limits {
    nanos   duplicate_window;
    int64_t ack_pending_max;
    int64_t request_batch_max;
    int64_t consumers_default_max;      /* of a stream, when neither it nor its account say */
    int64_t memory_max;                 /* bytes */
    int64_t store_max;
    int64_t memory_reserved;            /* by max_bytes of all streams of the server */
    int64_t store_reserved;
    bool    is_clustered;               /* more than one replica is possible */
};

/* jetstream { } of an account, or a tier of it. -1 means no limit; so do 0 and less, but for memory
 * and store, which 0 forbids. */
struct js_account_limits {
    int64_t memory_max;
    int64_t store_max;
    int64_t streams_max;
    int64_t consumers_max;
    int64_t ack_pending_max;
    int64_t memory_stream_bytes_max;
    int64_t store_stream_bytes_max;
    bool    max_bytes_required;
};

#endif
