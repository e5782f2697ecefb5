/* SPDX-License-Identifier: Apache-2.0 */
/* Account: a world of subjects of its own. Its interest, its counters, how many are connected.
 *
 * Thread:  any reads and delivers; `stats[i]` is written by reactor i only; counts are atomic.
 * Memory:  lives until the core ends. An account that a reload removes keeps its place for a later
 *          return, and nobody is in it: its clients are closed.
 * Limits come from the configuration (auth/directory.h) and travel with each session. */
#ifndef MIDGE_CORE_ACCOUNT_H
#define MIDGE_CORE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/reactor.h"
#include "subject/interest.h"

struct core;
struct sub;
struct sub_watches;

/* One direction each; a reactor's own, so plain additions suffice. Readers elsewhere may see a sum
 * a moment old. */
struct traffic {
    _Atomic uint64_t in_msgs;
    _Atomic uint64_t in_bytes;
    _Atomic uint64_t out_msgs;
    _Atomic uint64_t out_bytes;
    _Atomic uint64_t slow_consumers;
};

static inline void count_add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + more, memory_order_relaxed);
}

static inline uint64_t count_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct account_traffic {
    CACHE_ALIGNED struct traffic of;
};

struct account {
    const char      *name;
    struct interest *interest;
    struct sub_watches  *watches;                   /* features that wait for subscriptions */
    _Atomic bool     is_system;                 /* written by reloads too */
    bool             is_global;
    _Atomic nanos    updated_wall;              /* when a configuration last named it */
    _Atomic bool     is_configured;             /* false: a reload removed it */
    _Atomic int64_t  clients;                   /* sessions in it now */
    _Atomic uint64_t clients_total;
    _Atomic uint32_t ahead_subs;                /* of sinks with `soon`: see ahead.h */
    /* subscriptions of the server itself; owner: the core */
    struct sub      *internal;
    struct account_traffic stats[REACTORS_MAX];
};

struct accounts;

struct accounts *accounts_new(struct core *);
struct accounts *accounts_free(struct accounts *);              /* returns NULL */

/* Any thread. */
struct account *accounts_find(struct accounts *, struct slice name);
/* The account of this name, made when absent. Any thread. */
struct account *accounts_get(struct accounts *, struct slice name);
/* In order of first appearance; NULL past the end. Any thread. */
struct account *accounts_at(struct accounts *, uint32_t index);

/* Asserts every invariant of one, and of all: each is found by its name; O(n). No reload meanwhile.
 * accounts_check() takes the lock and returns how many there are. */
void account_check(const struct account *);
uint32_t accounts_check(struct accounts *);

/* Sums of all reactors. */
void account_traffic_sum(const struct account *, struct traffic *ret_sum);

#endif
