/* SPDX-License-Identifier: Apache-2.0 */
/* Expiry: which messages of a stream have an end of their own (Nats-TTL), and which have none
 * although the stream has a max_age ("never").
 *
 * Messages that go for another reason stay listed until their time, or until expiry_sweep(): who
 * asks looks whether they are there. What is due is taken out in two steps, because the command
 * that removes it is on its way meanwhile: expiry_take(), then expiry_taken() when it was applied.
 *
 * Thread:  the JetStream reactor. Memory: 16 bytes a message with an end; a set of sequences for
 *          those without. Cost: O(log n). Replicated state. */
#ifndef MIDGE_STREAM_EXPIRY_H
#define MIDGE_STREAM_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct expiry;

struct expiry_entry {
    nanos    expires; /* NANOS_MAX: never, not even by max_age */
    uint64_t sequence;
};

struct expiry *expiry_new(void);
struct expiry *expiry_free(struct expiry *); /* NULL is fine; returns NULL */

void expiry_add(struct expiry *, const struct expiry_entry *);
/* When the next one is due; NANOS_MAX: none has an end. */
nanos expiry_next(const struct expiry *);
bool expiry_is_for_ever(const struct expiry *, uint64_t sequence);
/* The lowest sequence from `from` on that is not kept for ever. */
uint64_t expiry_next_mortal(const struct expiry *, uint64_t from);

/* Takes one that is due now; false: none is. It is listed until expiry_taken(). */
bool expiry_take(struct expiry *, nanos now, struct expiry_entry *ret);
/* The command for those that were taken is applied: they are forgotten; those that are still there
 * are due again. */
void expiry_taken(struct expiry *, bool (*is_there)(void *ctx, uint64_t sequence), void *ctx);

/* Messages that are listed. */
uint64_t expiry_count(const struct expiry *);
/* Forgets those that are not there any more. O(n). */
void expiry_sweep(struct expiry *, uint64_t first, bool (*is_there)(void *ctx, uint64_t sequence),
                  void *ctx);

/* What was added since the last expiry_told(), for a checkpoint; then all that is listed, for a
 * whole one. In no order. False: there is none behind `*at`. */
bool expiry_new_at(const struct expiry *, uint64_t *at, struct expiry_entry *ret);
void expiry_told(struct expiry *);
bool expiry_all_at(const struct expiry *, uint64_t *at, struct expiry_entry *ret);

void expiry_check(const struct expiry *); /* asserts every invariant; O(n) */

#endif
