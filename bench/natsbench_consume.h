/* SPDX-License-Identifier: Apache-2.0 */
/* Takes what a consumer delivers, pulled or pushed, with or without acks, on one connection.
 *
 * Pulls follow each other as clients do it: `pulls` requests of `batch` messages stand at the
 * server, and a new one follows each that is done. What is pushed has flow control and heartbeats.
 *
 * Thread:  one.
 * Memory:  until the process ends.
 * Errors:  nothing for 30 s while messages are due, and any status but flow control and heartbeats,
 * end the benchmark.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "natsbench_api.h"
#include "natsbench_report.h"

struct consume;

struct consume_spec {
    const char *stream;
    const char *filter;         /* NULL: all */
    const char *policy;         /* deliver_policy */
    uint32_t batch;             /* 0: push */
    uint32_t pulls;
    uint64_t most;              /* of pulls: so many messages; 0: all */
    bool is_acked;
    bool is_durable;
    bool is_headers_only;
};

struct consume *consume_open(const struct options *, struct api *);

/* Makes the consumer; returns how many messages are due. A push has begun then. */
uint64_t consume_begin(struct consume *, const struct consume_spec *);

/* Takes all that is due. `ret_latencies` gets each pull's time until its last message. */
void consume_all(struct consume *, struct latencies *ret_latencies);

/* Waits until the server has counted all acks, then takes the consumer away. */
void consume_end(struct consume *);
