/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the messages of a flow in a subscriber's bytes, however they are cut.
 *
 * Thread:  the subscriber's.
 * Memory:  none of its own.
 * Invariant: every message is as long on the wire as the first; what does not begin like a message
 * is a control line. An -ERR ends the benchmark.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natsbench.h"

struct counter {
    uint64_t msgs;              /* whole ones; the rest is private to natsbench_counter.c */
    uint64_t msg_bytes;
    uint64_t left;              /* bytes of the current message still to come */
    bool is_raw;
    char line[128];             /* the current control line, as far as it fits */
    uint32_t line_len;
};

void counter_init(struct counter *, const struct options *);

/* Returns how many PINGs it saw. */
uint32_t counter_feed(struct counter *, const char *data, size_t len);
