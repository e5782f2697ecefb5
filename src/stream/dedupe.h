/* SPDX-License-Identifier: Apache-2.0 */
/* Dedupe: the ids (Nats-Msg-Id) of a stream's duplicate window, with the sequence that each got.
 *
 * An id is 64 bits of a keyed hash: among a hundred million ids in one window two are taken for the
 * same once in three thousand such streams. The window is of time: who asks says from when on ids
 * count, and dedupe_expire() forgets older ones; there is no timer for an id.
 *
 * Thread:  the JetStream reactor. Memory: owned, about 40 bytes an id, given back as ids go.
 * Order:   times do not descend. Replicated state: equal commands give equal contents.
 * Cost:    O(1) for each operation, amortised. */
#ifndef MIDGE_STREAM_DEDUPE_H
#define MIDGE_STREAM_DEDUPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct dedupe;

struct dedupe_entry {
    uint64_t id;
    uint64_t sequence;
    nanos    time;
};

struct dedupe *dedupe_new(void);
struct dedupe *dedupe_free(struct dedupe *); /* NULL is fine; returns NULL */

/* An id that is there counts from now on as this message's. */
void dedupe_add(struct dedupe *, const struct dedupe_entry *);
/* The sequence that got this id at `from` or later; 0: none. */
uint64_t dedupe_find(const struct dedupe *, uint64_t id, nanos from);
/* Forgets those from before `from`. */
void dedupe_expire(struct dedupe *, nanos from);
void dedupe_clear(struct dedupe *);
uint64_t dedupe_count(const struct dedupe *);

/* Walks, oldest first; positions count all that were ever added: what a checkpoint has told ends at
 * dedupe_end(), and the next one goes on there. False: there is none at or behind `*at`. */
bool dedupe_next(const struct dedupe *, uint64_t *at, struct dedupe_entry *ret);
uint64_t dedupe_end(const struct dedupe *);

void dedupe_check(const struct dedupe *); /* asserts every invariant; O(n) */

#endif
