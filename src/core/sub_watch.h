/* SPDX-License-Identifier: Apache-2.0 */
/* Sub_watch: a feature hears when somebody begins or ceases to subscribe to exactly this subject,
 * with exactly this queue group or with none.
 *
 * Patterns do not count, nor does another group: nats-server 2.15.2 starts and stops a push
 * consumer so (its deliver subject and deliver group, letter by letter), whoever subscribes:
 * clients and internal sinks, a stream that captures the subject among them. Who wants to know of
 * anybody, by pattern or group, asks account_wants().
 *
 * A change is told in a turn of the feature's reactor. Changes that come before it are told once,
 * and a change is never lost: who is told asks sub_watch_is_met() anew.
 *
 * Thread:  all watches of one account live on one reactor, on which everything here is called;
 *          sub_watches_poke() on any.
 * Memory:  a watch is embedded in the feature's struct, its text copied. sub_watch_end() is at
 *          once: nothing refers to it afterwards, and it is not told any more.
 * Cost:    a subscribe or unsubscribe costs one atomic operation while nobody watches in its
 *          account, else a short lock and one search in a hash table, however many watch. */
#ifndef MIDGE_CORE_SUB_WATCH_H
#define MIDGE_CORE_SUB_WATCH_H

#include "base/list.h"
#include "base/slice.h"

struct account;
struct core_reactor;
struct reactor;
struct sub;
struct sub_watches;

struct sub_watch {
    struct list ring;               /* private: the watches of the same text, without a head */
    struct list due;                /* private: among those that must be told */
    /* Called in a turn. May end this watch and any other, subscribe and publish. */
    void (*told)(struct sub_watch *, struct core_reactor *);
    struct account *account;        /* NULL: it has not begun, or has ended */
    uint8_t *text;                  /* subject, queue */
    uint32_t subject_len;
    uint32_t queue_len;             /* 0: plain subscriptions */
};

/* `told` is set, `subject` a literal. It is not told what is so already: ask sub_watch_is_met(). */
void sub_watch_begin(struct core_reactor *, struct account *, struct sub_watch *,
                     struct slice subject, struct slice queue);
/* One that has not begun is fine. */
void sub_watch_end(struct sub_watch *);

/* Somebody subscribes to it now. */
bool sub_watch_is_met(struct core_reactor *, const struct sub_watch *);

/* Somebody subscribes to exactly this, as sub_watch_is_met(), without a watch. Any reactor. */
bool account_subscribes(struct core_reactor *, struct account *, struct slice subject,
                        struct slice queue);

/* A message to this subject would find somebody: plain or in a queue group, by pattern too, a
 * client or an internal sink. Any reactor, at any time, also from within a sink. */
bool account_wants(struct core_reactor *, struct account *, struct slice subject);

/* ---- for core ---- */

/* One set for each account. */
struct sub_watches *sub_watches_new(uint64_t hash_seed);
/* All have ended, and no reactor ticks any more; returns NULL. */
struct sub_watches *sub_watches_free(struct sub_watches *);
/* The subscription has entered the account's index, or left it. On the reactor that did so. */
void sub_watches_poke(struct sub_watches *, struct reactor *, const struct sub *);
/* Asserts every invariant; O(n). Returns how many watch. On their reactor, or when none ticks. */
uint64_t sub_watches_check(struct sub_watches *);

#endif
