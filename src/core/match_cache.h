/* SPDX-License-Identifier: Apache-2.0 */
/* Match cache: who alone wants a subject, as the last look at the index has found it.
 *
 * A match that follows patterns through a large index waits for memory at each level. What it has
 * found is kept in one line, by subject, and holds until the index changes (interest_generation).
 * Only a single plain subscription is kept, and only in accounts with many streams
 * (ahead_is_wanted): in others the index itself stays in the caches.
 *
 * Thread:  the reactor's own. Memory: 256 KiB a reactor, from the first such match on.
 * Limits:  subjects of up to MATCH_CACHE_SUBJECT bytes; longer ones are looked up each time. */
#ifndef MIDGE_CORE_MATCH_CACHE_H
#define MIDGE_CORE_MATCH_CACHE_H

#include "core/account.h"

struct core_reactor;
struct match_cache;
struct match_known;

enum { MATCH_CACHE_SUBJECT = 39 };

struct match_cache *match_cache_free(struct match_cache *);    /* NULL is fine; returns NULL */

/* Prefetches where a subject would be known, and tells where that is; NULL: nowhere. */
const struct match_known *match_cache_soon(const struct core_reactor *, struct slice subject);
/* The subscription that is known there to be the only one; NULL: not known. */
struct interest_entry *match_cache_look(const struct match_known *, const struct account *,
                                        struct slice subject);

/* What was found for the subject of the next message: it need not be looked up again, if it is the
 * same text at the same place and the index has not changed since. */
struct match_found {
    struct slice           subject;
    const struct account  *account;
    uint64_t               generation;
    struct interest_entry *entry;       /* NULL: nothing was found */
};
/* As interest_match(); what was found is kept. */
void match_cached(struct core_reactor *, const struct account *, struct slice subject,
                  struct matches *);

#endif
