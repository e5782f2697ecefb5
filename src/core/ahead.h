/* SPDX-License-Identifier: Apache-2.0 */
/* Ahead: what the next publishes of a client will touch is fetched before their turn comes.
 *
 * In an account with many streams each message goes to another one, and would wait for memory at
 * every step of its way: account, subscription, stream. So those that stand in the input are looked
 * at meanwhile, each one step further before each turn: what a step has asked for has come when the
 * next one needs it. Nothing changes: what was found counts only while the index is the same.
 *
 * Thread: the session's reactor. Memory: none of its own. Cost: a few steps of a match for each;
 * nothing in an account with few streams (measured: docs/decisions/012). */
#ifndef MIDGE_CORE_AHEAD_H
#define MIDGE_CORE_AHEAD_H

#include "core/account.h"

struct core_reactor;

enum {
    AHEAD_MAX = 8,      /* publishes at a time: what they touch still fits the first cache */
    AHEAD_FROM = 64,    /* subscriptions with a sink that fetches: fewer stay in the caches */
    AHEAD_REST = 64,    /* publishes without a look when all have gone to one place */
};

static inline bool ahead_is_wanted(const struct account *a)
{
    return atomic_load_explicit(&a->ahead_subs, memory_order_relaxed) >= AHEAD_FROM;
}

/* The first that wants a message: how far it is known. Private to ahead.c. */
struct ahead {
    uint32_t               step;
    bool                   is_over;     /* no step is left */
    bool                   is_alone;    /* `entry` is all that wants it */
    uint64_t               generation;  /* of the interest, when it was found */
    const struct match_known *known;    /* where it may be known from before */
    struct topic          *topic;
    struct entries        *entries;
    struct interest_entry *entry;
    const struct sink     *sink;
};

void ahead_begin(struct ahead *, const struct core_reactor *, struct slice subject);
static inline bool ahead_is_over(const struct ahead *a)
{
    return a->is_over;
}
/* One step for a message that is published later, with the same subject each time. No publish is in
 * hand, and it is not over. */
void ahead_step(struct ahead *, struct core_reactor *, const struct account *,
                struct slice subject);
/* It is published next: what was found needs no second look. */
void ahead_tell(const struct ahead *, struct core_reactor *, const struct account *,
                struct slice subject);
/* The same for 2 to AHEAD_MAX that are published next, from the first step to the last. False: all
 * go to one place. */
bool ahead_look(struct ahead *const *, const struct slice *subjects, uint32_t count,
                struct core_reactor *, const struct account *);
/* Where it goes, as far as is known: two that are equal go to one place. */
static inline const struct sink *ahead_place(const struct ahead *a)
{
    return a->sink;
}

#endif
