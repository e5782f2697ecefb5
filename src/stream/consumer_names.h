/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer names: the consumers of a stream in bytewise order of their names, many of them too.
 *
 * Pieces of at most NAMES_PIECE entries side by side, so that an insertion moves little.
 * Thread: the JetStream reactor. Memory: the pieces; consumers are the caller's and keep their
 * names as long as they are in. All zero is a valid empty one.
 * Cost:   O(log n) and a piece for find, add, remove; consumer_names_at() is O(1) from one index to
 * the next, else O(pieces). */
#ifndef MIDGE_STREAM_CONSUMER_NAMES_H
#define MIDGE_STREAM_CONSUMER_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

struct consumer;

enum { NAMES_PIECE = 256 };

struct names_piece {
    uint32_t         count, cap;        /* at most NAMES_PIECE */
    struct consumer *at[];
};

/* Fields are private to consumer_names.c; `count` may be read. */
struct consumer_names {
    struct names_piece **pieces;
    uint32_t             pieces_count, pieces_cap;
    uint32_t             count;
    /* where consumer_names_at() was: the piece, and the index of its first entry */
    uint32_t             last_piece, last_first;
};

void consumer_names_deinit(struct consumer_names *);
/* or NULL */
struct consumer *consumer_names_find(const struct consumer_names *, struct slice name);
void consumer_names_add(struct consumer_names *, struct consumer *);     /* its name is not there */
void consumer_names_remove(struct consumer_names *, struct consumer *);  /* it is there */
/* NULL: past the end. */
struct consumer *consumer_names_at(struct consumer_names *, uint32_t index);
void consumer_names_check(const struct consumer_names *);        /* asserts every invariant; O(n) */

#endif
