/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the server and its answers: `pubs` connections with `window` questions in flight
 * each, all on the caller's thread. What a question is (a stored publish, a direct get, a delete)
 * is its kind's business.
 *
 * Thread:  one.
 * Memory:  lives until asks_close. A kind's context is the owner's.
 * Errors:  no answer for 60 s ends the benchmark; an answer that the kind calls wrong is counted.
 * Invariant: a slot (one of a connection's `window`) has at most one question in flight.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natsbench.h"
#include "natsbench_reader.h"
#include "natsbench_report.h"

#define ASK_REPLY_BYTES 40

struct ask_kind {
    /* Writes question `index` (0, 1, ...) with the reply subject, as it goes on the wire, at most
     * `bytes_max`; returns its length. */
    size_t (*compose)(void *ctx, char *out, uint64_t index, const char *reply);
    bool (*answer)(void *ctx, uint64_t index, const struct message *);  /* false: an error */
    void *ctx;
    size_t bytes_max;
    uint32_t id;                /* tells those apart that run at the same time */
};

struct asks;

struct asks *asks_open(const struct options *, const struct ask_kind *);
struct asks *asks_close(struct asks *);

struct asks_result {
    uint64_t answers;           /* without the errors */
    uint64_t errors;
    uint64_t elapsed_ns;        /* from the first question to the last answer */
};

/* Asks `count` questions, or asks until that time (UINT64_MAX: none), then waits for what is in
 * flight. Appends the latencies of good answers to `ret_latencies`, unless NULL. */
struct asks_result asks_run(struct asks *, uint64_t count, uint64_t until_ns,
                            struct latencies *ret_latencies);

/* The count and the time that a run's options ask for: -T if given, else -n. */
struct asks_result asks_run_as_asked(struct asks *, struct latencies *ret_latencies);

/* Writes `number` with leading zeros; returns the end. For composers: cheaper than a format. */
char *ask_digits(char *out, uint64_t number, uint32_t width);
