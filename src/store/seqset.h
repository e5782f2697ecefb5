/* SPDX-License-Identifier: Apache-2.0 */
/* Seqset: a set of sequences, such as those of a stream whose messages are gone.
 *
 * It is cut into parts of 65536 sequences; a part is a row of runs or, where those would take more,
 * a bitmap; parts that are wholly in the set and follow each other are one. So a run costs 4 bytes
 * or, however long, 24; every second one of five million 0.25 bytes each; never more than 8 KiB for
 * 65536 sequences.
 *
 * Thread:  one at a time. Memory: the set's.
 * Range:   1 to SEQSET_MAX, so that there is always a sequence above that is not in the set.
 * Cost:    a look is two binary searches; counting is O(parts of the range). An add in front of
 *          many parts moves their table, once for each 65536 sequences. */
#ifndef MIDGE_STORE_SEQSET_H
#define MIDGE_STORE_SEQSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SEQSET_MAX (UINT64_MAX - 1)

struct seqset;

struct seqset *seqset_new(void);
struct seqset *seqset_free(struct seqset *); /* NULL is fine; returns NULL */

uint64_t seqset_count(const struct seqset *);
uint64_t seqset_memory(const struct seqset *); /* bytes */

bool seqset_has(const struct seqset *, uint64_t sequence);

/* False: it was there. */
bool seqset_add(struct seqset *, uint64_t sequence);
/* Both included. Returns how many were not there. */
uint64_t seqset_add_range(struct seqset *, uint64_t first, uint64_t last);
/* Returns how many went. */
uint64_t seqset_remove_below(struct seqset *, uint64_t sequence);

/* How many of [first, last] are in the set. */
uint64_t seqset_count_range(const struct seqset *, uint64_t first, uint64_t last);

/* The lowest sequence from `from` upwards that is not in the set. */
uint64_t seqset_next_absent(const struct seqset *, uint64_t from);
/* The highest from `from` downwards; 0: all down to 1 are in the set. */
uint64_t seqset_prev_absent(const struct seqset *, uint64_t from);

/* The first run, as long as it is, of those from `from` upwards. False: there is none.
 *
 *   for (uint64_t at = 1; seqset_next_run(s, at, &first, &last); at = last + 1) … */
bool seqset_next_run(const struct seqset *, uint64_t from, uint64_t *ret_first, uint64_t *ret_last);

/* Appends the set's bytes to `out`; an empty set has none. About as many as its memory.
 *
 *   Items, in ascending order:
 *     varint  distance from the end of the item before (at first: from 0) to the item's start
 *     varint  2 * (length - 1) + kind
 *     kind 0  a run of `length` sequences
 *     kind 1  `length` bytes of a bitmap follow; it starts at a multiple of 64 and ends with its
 *             part. The lowest bit is the lowest sequence. */
void seqset_encode(const struct seqset *, struct buf *out);

/* Adds what was encoded, of a whole set or of what another one has gained since. CORRUPT: not
 * understood. LIMIT: the set would take more than about `memory_max` bytes. Then the set has some
 * of it, and is fit to be freed only. */
MUST_CHECK enum err seqset_decode(struct seqset *, struct slice encoded, uint64_t memory_max);

/* Asserts every invariant; O(memory). */
void seqset_check(const struct seqset *);

#endif
