/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their replies: one responder on a thread of its own, requesters on the caller's
 * thread.
 *
 * Two paces. Closed (rate 0): each requester keeps `window` requests in flight. Open (rate > 0):
 * one requester sends at fixed times whether or not replies come, so that a stall of the server is
 * seen by every request that falls into it.
 *
 * Thread:  requests_run on one thread.
 * Memory:  lives until the process ends.
 * Errors:  a lost reply (none for 20 s) ends the benchmark.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "natsbench.h"
#include "natsbench_report.h"

struct requests;

struct requests *requests_open(const struct options *, const char *subject);

/* Whichever comes first; then waits for what is in flight. */
struct requests_limit {
    uint64_t count;                     /* UINT64_MAX: none */
    uint64_t until_ns;                  /* UINT64_MAX: none */
    const atomic_bool *stop;            /* NULL: none */
};

/* Returns how many replies came. Appends each latency to `ret_latencies`. */
uint64_t requests_run(struct requests *, struct requests_limit, struct latencies *ret_latencies);
