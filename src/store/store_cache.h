/* SPDX-License-Identifier: Apache-2.0 */
/* Store_cache: one budget of memory for the messages of all file streams of a store.
 *
 * What is counted: chunks of messages and indexes of blocks. Some can be read again from a disk and
 * go when room is needed, the least recently used first; others cannot (messages that are not safe
 * in a block yet, the index of a block that grows, what somebody looks at just now): they are held.
 *
 * The four that were used last stay in any case, so that who has asked for something can look at
 * it.
 *
 * Thread:  the JetStream reactor. Memory: an entry is embedded in what is cached; `evict` frees it.
 * Limits:  held bytes are not refused, the messages were promised already: store_cache_is_over()
 *          tells those who take in messages to wait. */
#ifndef MIDGE_STORE_STORE_CACHE_H
#define MIDGE_STORE_STORE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct store_cache;

struct store_cached {
    struct list node; /* private, all of it; all zero: in no cache */
    uint64_t    bytes;
    uint32_t    holds;
    bool        is_in;
    void (*evict)(struct store_cached *); /* it is out of the cache; frees it. Adds nothing */
};

/* `files_max`: see store_cache_files(). */
struct store_cache *store_cache_new(uint64_t budget, uint32_t files_max);
struct store_cache *store_cache_free(struct store_cache *); /* it is empty; NULL is fine */

/* Enters it, held once. */
void store_cache_add(struct store_cache *, struct store_cached *, uint64_t bytes,
                     void (*evict)(struct store_cached *));
void store_cache_remove(struct store_cache *, struct store_cached *);
/* It has become larger or smaller. */
void store_cache_resize(struct store_cache *, struct store_cached *, uint64_t bytes);

void store_cache_hold(struct store_cache *, struct store_cached *);
/* May evict others. */
void store_cache_release(struct store_cache *, struct store_cached *);
void store_cache_touch(struct store_cache *, struct store_cached *); /* it was used */

/* A small cache beside it, whose entries are open files of blocks, one byte each; STORE_CACHE_FILES
 * where nobody says fewer. */
struct store_cache *store_cache_files(struct store_cache *);
enum { STORE_CACHE_FILES = 512, STORE_CACHE_KEEP = 4, STORE_CACHE_MANY = 64 };

/* Some stream could not write for want of space (or can again); each says it once. */
void store_cache_refused(struct store_cache *, bool is_refused);

bool store_cache_is_refused(const struct store_cache *);

/* What space there is, is wanted elsewhere: streams write nothing that takes some. */
void store_cache_spare(struct store_cache *, bool is_sparing);
bool store_cache_is_sparing(const struct store_cache *);

/* How many quarters of the budget are held; over four of them publishers wait. */
uint32_t store_cache_quarters(const struct store_cache *);

/* Held bytes are over the budget, or there is no space: publishers wait. */
bool store_cache_is_over(const struct store_cache *);

/* A stream's files enter and leave. With many of them what they write stands near together
 * (base/near.h). */
void store_cache_join(struct store_cache *);
void store_cache_leave(struct store_cache *);
bool store_cache_is_many(const struct store_cache *);

struct store_cache_stats {
    uint64_t budget;
    uint64_t bytes;
    uint64_t held; /* of them */
    uint64_t evicted; /* entries, since the start */
};
void store_cache_stats(const struct store_cache *, struct store_cache_stats *ret);

void store_cache_check(const struct store_cache *); /* asserts every invariant; O(n) */

#endif
