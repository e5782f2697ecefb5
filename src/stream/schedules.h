/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules: which messages of a stream are schedules, and when each fires next.
 *
 * Named by the sequence of the message, for a newer one on the same subject replaces it. What is
 * gone from the stream is forgotten by a sweep.
 *
 * Thread:  the JetStream reactor. Memory: 24 bytes a schedule. Replicated state, but for `rests`:
 *          the leader has proposed what it produces, or that was refused.
 * Cost:    adding is O(1), a change O(log n); looking for the next one O(n) after a change. */
#ifndef MIDGE_STREAM_SCHEDULES_H
#define MIDGE_STREAM_SCHEDULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct schedules;

struct schedules_entry {
    uint64_t sequence;
    nanos    due; /* since 1970 */
    /* it does not fire before; NANOS_MAX: what it produces is in flight; 0: it does */
    nanos    rests;
};

struct schedules *schedules_new(void);
struct schedules *schedules_free(struct schedules *); /* NULL is fine; returns NULL */

/* Sequences ascend. */
void schedules_add(struct schedules *, uint64_t sequence, nanos due);
/* It fires next at `due`, and does not rest any more. False: there is none. */
bool schedules_move(struct schedules *, uint64_t sequence, nanos due);
void schedules_rest(struct schedules *, uint64_t sequence, nanos until);
void schedules_remove(struct schedules *, uint64_t sequence);
uint32_t schedules_count(const struct schedules *);

/* When the next one fires; NANOS_MAX: none does, for now. */
nanos schedules_next(const struct schedules *);
/* for (uint32_t at = 0; schedules_at(s, &at, &e);) … by sequence. */
bool schedules_at(const struct schedules *, uint32_t *at, struct schedules_entry *ret);
/* Forgets those that are not there any more. */
void schedules_sweep(struct schedules *, bool (*is_there)(void *ctx, uint64_t sequence), void *ctx);

void schedules_check(const struct schedules *); /* asserts every invariant; O(n) */

#endif
