/* SPDX-License-Identifier: Apache-2.0 */
/* Collection: connections and subscriptions as the reactors themselves report them.
 *
 * Every reactor gets mail, walks its sessions, a bounded part a tick, and keeps copies of those
 * that stand first in the order wanted. The last reactor to finish calls `done`.
 *
 * Thread:  collection_start() any; `done` on some reactor, after which the collection is the
 *          caller's again. One collection of a core at a time: sessions that close while their
 *          reactor waits for its next tick step out of the way of its one cursor.
 * Memory:  the caller's; what was collected is freed by collection_deinit().
 * Truth:   a connection appears once or not at all, as it was when its reactor passed it. */
#ifndef MIDGE_MONITOR_COLLECTION_H
#define MIDGE_MONITOR_COLLECTION_H

#include "core/report.h"
#include "monitor/top.h"

enum collect_what {
    COLLECT_CONNS, /* items: struct conn_item */
    COLLECT_SUBS,  /* items: struct sub_item, by connection and sid */
};

/* A connection that may be shown. */
struct conn_item {
    uint64_t key;               /* smaller keys first, then smaller cids */
    struct conn_report *report; /* its `subs` lie in `arena` */
    struct arena *arena;        /* NULL: subscriptions were not asked for */
};

struct sub_item {
    struct sub_report report; /* first: a report compares with an item */
    uint8_t texts[];
};

/* Sums over all that pass, whether they are kept or not. */
struct conn_sums {
    uint64_t in_msgs, in_bytes, out_msgs, out_bytes;
    uint64_t pending_bytes;
    uint64_t subscriptions;
};

struct collection;

/* One reactor's part. Private to collection.c. */
struct collect_part {
    struct mail mail;
    struct collection *of;
    struct top top;
    struct conn_sums sums;
    uint64_t total;
    struct session *in_hand; /* its subscriptions are being copied */
    struct conn_item *item;  /* where to */
    uint64_t at;             /* how far: a cursor of sids_next() */
    bool is_started;
};

struct collection {
    /* the question */
    struct core *core;
    enum collect_what what;
    const char *account; /* NULL: all */
    const char *user;    /* NULL: all */
    uint64_t cid;        /* 0: all */
    const char *test;    /* subscriptions that match this subject; NULL: all */
    uint64_t max;        /* how many to keep */
    bool with_certs;
    bool with_subs;
    /* of connections: smaller keys first */
    uint64_t (*key)(const struct conn_report *, const void *order);
    const void *order;
    void (*done)(struct collection *);
    /* the answer */
    struct top top;
    struct conn_sums sums;
    uint64_t total; /* that pass the account (and, of subscriptions, the test) */
    /* private */
    _Atomic uint32_t left;
    struct collect_part parts[REACTORS_MAX];
};

/* The question is set, all else zero. */
void collection_init(struct collection *);
/* After collection_init(). Without it nothing but what is offered gets in. */
void collection_start(struct collection *);
/* Also for one that is all zero. */
void collection_deinit(struct collection *);

/* What collection_start() would do for one that is not a session (any more): a closed connection.
 * For COLLECT_CONNS. */
void collection_offer(struct collection *, const struct conn_report *);
/* For COLLECT_SUBS. */
void collection_offer_sub(struct collection *, const struct sub_report *);

/* In order of its sids; as many as were collected. */
void conn_item_sort_subs(struct conn_item *);

#endif
