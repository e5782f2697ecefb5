/* SPDX-License-Identifier: Apache-2.0 */
/* Interest: which subscriptions of one account want this subject?
 *
 * Literal subjects stand in hash tables (256 shards, so that growing one is short), patterns with
 * wildcards in a trie with a level per token, where `*` and `>` have places of their own: a match
 * follows at most three branches a token.
 *
 * Thread:  interest_match() and what it yields: any reactor, without a lock, until its next
 *          quiescent point. Insert and remove: one at a time (they take the interest's own lock).
 * Memory:  an entry belongs to its subscriber and must stay for a grace period after its removal.
 *          What insert and remove replace is put on the caller's garbage list, to be freed after a
 *          grace period too.
 * Order:   plain entries of one subject come in order of insertion until one is removed; then the
 *          order is still the same in every run with the same history.
 * Cost:    O(tokens) whatever the size of the table and its history; growing is amortised. */
#ifndef MIDGE_SUBJECT_INTEREST_H
#define MIDGE_SUBJECT_INTEREST_H

#include "base/lock.h"
#include "subject/slots.h"

/* Embedded in a subscription. `text` is the subject, followed by the queue name. */
struct interest_entry {
    const uint8_t *text;
    uint32_t subject_len;
    uint32_t slot;      /* private: its place among the entries */
    uint16_t queue_len; /* 0: a plain subscription */
};

static inline struct slice interest_entry_subject(const struct interest_entry *e)
{
    return slice_of(e->text, e->subject_len);
}

static inline struct slice interest_entry_queue(const struct interest_entry *e)
{
    return slice_of(e->text + e->subject_len, e->queue_len);
}

/* Entries side by side; a removed one leaves a NULL until the array is copied. */
struct entries {
    struct garbage garbage;
    uint32_t cap;
    uint32_t live; /* writer only */
    _Atomic uint32_t len;
    _Atomic(struct interest_entry *) at[];
};

struct group {
    struct garbage garbage;
    _Atomic(struct entries *) members;
    _Atomic uint32_t turn; /* where the next choice begins; relaxed */
    uint32_t name_len;
    uint8_t name[];
};

struct groups {
    struct garbage garbage;
    uint32_t count;
    struct group *at[];
};

/* All that subscribed to one subject or pattern. */
struct topic {
    struct garbage garbage;
    _Atomic(struct entries *) plain; /* NULL: none */
    _Atomic(struct groups *) groups; /* NULL: none */
    uint32_t subject_len;
    uint8_t subject[];
};

/* Result of a match; reused from match to match by one reactor. */
struct matches {
    struct interest_entry
        *single; /* the only subscriber of the literal subject, when it is plain */
    struct topic **topics;
    uint32_t count;
    uint32_t cap;
    struct match_todo *todo; /* private */
    uint32_t todo_cap;
    uint32_t *ends; /* private: where the tokens of the subject end */
    uint32_t ends_cap;
};

struct interest;

struct interest *interest_new(uint64_t hash_seed);
struct interest *interest_free(
    struct interest *); /* entries must be gone or are forgotten; returns NULL */

void interest_insert(struct interest *, struct interest_entry *, struct garbage **garbage);
/* The entry must be in. */
void interest_remove(struct interest *, struct interest_entry *, struct garbage **garbage);

/* At most so many bytes does the index hold for an entry like this, had it no node and no table in
 * common with others; a table that many have left may be larger for a while. Pure. */
size_t interest_cost(struct slice subject, uint32_t queue_len);

uint64_t interest_count(const struct interest *); /* entries; any thread */
/* Changes with every insert and remove; read before a match whose result is kept. */
uint64_t interest_generation(const struct interest *);

/* `subject` as published: its `*` and `>` match only patterns. Empty tokens match nothing. */
void interest_match(const struct interest *, struct slice subject, struct matches *);
/* Prefetches what interest_match() reads of these subjects, as far as one step goes; for many that
 * are matched one after the other. `scratch` is overwritten. */
void interest_soon(const struct interest *, struct slice subject, struct matches *scratch);
/* Only who subscribed to this very subject: no pattern. */
void interest_match_literal(const struct interest *, struct slice subject, struct matches *);
void matches_deinit(struct matches *);

/* Asserts every invariant; writer's lock must be free. Returns the number of entries found. */
uint64_t interest_check(struct interest *);

#endif
