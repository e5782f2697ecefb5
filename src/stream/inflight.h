/* SPDX-License-Identifier: Apache-2.0 */
/* Inflight: what a stream has proposed and not yet applied.
 *
 * Checks (expected sequence, duplicate id, limits, counters) must see the future as it will be:
 * what is applied, overlaid with the proposals in order. An entry per proposed message; the newest
 * one of a subject and of an id is found by hash.
 *
 * Thread: the JetStream reactor. Memory: owned; grows with what is in flight, given back after.
 * Cost:   O(1) for each operation. */
#ifndef MIDGE_STREAM_INFLIGHT_H
#define MIDGE_STREAM_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "base/units.h"

struct inflight_entry;

/* Private to inflight.c: a line that stands among what else a message touches. Positions count
 * entries and do not repeat while one is in flight; 0 in a table: free. When none is they start
 * anew, so that a stream with few messages at a time touches the same lines again. */
struct inflight {
    CACHE_ALIGNED struct inflight_entry *ring;
    uint8_t  *texts;      /* appended, dropped at the front */
    uint64_t *by_subject; /* 2 * cap slots, and as many behind them by id; NULL: no tables */
    uint64_t  seed;
    uint64_t  first; /* position of the oldest; the first one is 1 */
    uint64_t  bytes; /* sum of sizes */
    uint32_t  count;
    uint32_t  cap; /* a power of two */
    uint32_t  texts_len;
    uint32_t  texts_cap; /* those of the first ring stand behind it, in its memory */
};
_Static_assert(sizeof(struct inflight) == CACHE_LINE, "it is a line");

struct inflight_message {
    uint64_t     sequence;
    uint64_t     id;     /* hash of Nats-Msg-Id; 0: none */
    uint64_t     size;   /* as msgs_size() counts */
    struct slice subject;
    struct slice reply;  /* who waits for the ack; empty: nobody */
    struct slice value;  /* what its subject's counter will be; empty: it is none */
    struct slice sources; /* … and its Nats-Counter-Sources */
    bool         is_schedule;
    bool         is_unwanted; /* gets its sequence, but is not stored: not of its subject */
};

void inflight_init(struct inflight *, uint64_t hash_seed);
void inflight_deinit(struct inflight *);

/* Texts are copied. Sequences ascend. */
void inflight_add(struct inflight *, const struct inflight_message *);
/* The oldest was applied: takes it out. Its texts are valid until the next call. */
void inflight_take(struct inflight *, struct inflight_message *ret);

/* The newest was not proposed after all. */
void inflight_undo(struct inflight *);

uint32_t inflight_count(const struct inflight *);
uint64_t inflight_bytes(const struct inflight *); /* sum of sizes */
uint64_t inflight_last(const struct inflight *);  /* highest sequence; 0: none */
/* The highest proposed sequence of a subject, and how many there are; 0: none. */
uint64_t inflight_last_of(const struct inflight *, struct slice subject, uint32_t *ret_count);
/* A message of the subject was proposed with this sequence or a later one, wanted or not. O(n). */
bool inflight_has_since(const struct inflight *, struct slice subject, uint64_t first);
/* Of the newest proposed message of a subject; false: there is none. */
bool inflight_is_schedule(const struct inflight *, struct slice subject);
/* The value of the newest proposed message of a subject; empty: none. Valid until the next
 * change. */
struct slice inflight_value_of(const struct inflight *, struct slice subject);
struct slice inflight_sources_of(const struct inflight *, struct slice subject);    /* likewise */
/* The highest proposed sequence below `before` whose subject a pattern matches; 0: none. O(n). */
uint64_t inflight_last_matching(const struct inflight *, struct slice pattern, uint64_t before);
/* The proposed message with this id; 0: none. */
uint64_t inflight_find_id(const struct inflight *, uint64_t id);
/* Prefetches what inflight_take() touches beside the head, in two steps: what is reached through
 * memory comes later. */
void inflight_soon(const struct inflight *, uint32_t step);
/* The same for inflight_add(), at once. */
void inflight_add_soon(const struct inflight *);

void inflight_check(const struct inflight *); /* asserts every invariant; O(n) */

#endif
