/* SPDX-License-Identifier: Apache-2.0 */
/* Ahead: what the next publishes of a client will touch is fetched before the first is taken.
 *
 * In an account with many streams each message goes to another one, and would wait for memory at
 * every step of its way: account, subscription, stream. Those that stand in the input already wait
 * together. Nothing changes: who is looked up here is looked up again when its turn comes.
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

/* Subjects of 2 to AHEAD_MAX messages that are published next. False: all go to one place. */
bool ahead_look(struct core_reactor *, struct account *, const struct slice *subjects,
                uint32_t count);

#endif
