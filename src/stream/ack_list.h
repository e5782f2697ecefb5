/* SPDX-License-Identifier: Apache-2.0 */
/* Ack list: messages by stream sequence, with what a consumer must remember of each.
 *
 * An array in ascending order whose removed entries stay as holes until the room is needed. New
 * messages come at the end and the oldest leave at the front, both O(1) amortized; a search is
 * O(log n), an insertion in the middle moves what is behind it.
 *
 * An entry is *known* once it was part of a checkpoint. Holes of known entries stay until the next
 * one, so that it can name them; that are at most as many as the last checkpoint held.
 *
 * Thread: its owner's. Memory: owned; grows with xrealloc, behind the door max_ack_pending.
 * Pointers to entries are valid until the next add or remove. All zero is a valid empty list. */
#ifndef MIDGE_STREAM_ACK_LIST_H
#define MIDGE_STREAM_ACK_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct ack_entry {
    uint64_t stream_seq;
    uint64_t consumer_seq; /* of the first delivery */
    nanos    time;
    uint32_t deliveries;   /* 0: a hole; private to ack_list.c */
    bool     is_known;     /* private to ack_list.c */
    bool     is_changed;   /* since it became known */
};

/* Fields are private to ack_list.c. */
struct ack_list {
    struct ack_entry *entries;
    uint32_t          head; /* the first that is no hole; `end` when there is none */
    uint32_t          end;
    uint32_t          cap;
    uint32_t          live;
    uint32_t          known_holes;
};

void ack_list_deinit(struct ack_list *);
void ack_list_clear(struct ack_list *); /* forgets everything, what was known too */
void ack_list_trim(struct ack_list *);  /* gives memory back that is not needed now */

static inline uint32_t ack_list_count(const struct ack_list *l)
{
    return l->live;
}

/* A sequence that is not there. Returns it in its place. */
struct ack_entry *ack_list_add(struct ack_list *, const struct ack_entry *);
void ack_list_remove(struct ack_list *, struct ack_entry *);

struct ack_entry *ack_list_find(const struct ack_list *, uint64_t stream_seq); /* or NULL */
/* The first at or above `stream_seq`, or NULL. ack_list_first() is O(1). */
struct ack_entry *ack_list_from(const struct ack_list *, uint64_t stream_seq);
struct ack_entry *ack_list_first(const struct ack_list *);

/* for (uint32_t at = 0; (e = ack_list_next(l, &at)) != NULL;) … ascending. */
const struct ack_entry *ack_list_next(const struct ack_list *, uint32_t *at);

/* Everything in the list is now part of a checkpoint. */
void ack_list_settle(struct ack_list *);
bool ack_entry_is_news(const struct ack_entry *); /* added or changed since */

/* for (uint32_t at = 0; ack_list_next_removed(l, &at, &seq);) … known sequences behind the first
 * entry that were removed since, ascending. */
bool ack_list_next_removed(const struct ack_list *, uint32_t *at, uint64_t *ret_stream_seq);

/* The entries, without what is known. `to` is empty. */
void ack_list_copy(struct ack_list *to, const struct ack_list *from);

uint64_t ack_list_bytes(const struct ack_list *); /* on the heap */
void ack_list_check(const struct ack_list *);     /* asserts every invariant; O(n) */

#endif
