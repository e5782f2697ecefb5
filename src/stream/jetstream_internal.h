/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of JetStream share: the server's side, its accounts, the turn.
 *
 * Thread:  the JetStream reactor, unless a function says otherwise. Memory: jetstream.h.
 * Order:   within a tick messages and requests come in through sinks, which only check, propose and
 *          queue. Everything that publishes (acks, answers, deliveries, advisories) happens in
 *          turns at the end of the tick (reactor_turn), never inside a sink: a delivery is not
 *          re-entrant. The order of turns does not matter to what a client sees: what a stream has
 *          applied is published by the turn that applied it. */
#ifndef MIDGE_STREAM_JETSTREAM_INTERNAL_H
#define MIDGE_STREAM_JETSTREAM_INTERNAL_H

#include "core/sub.h"
#include "store/store.h"
#include "stream/check.h"
#include "stream/jetstream.h"

struct api_queue;
struct js_account;
struct stream;

struct jetstream {
    struct core             *core;
    struct core_reactor     *home;      /* where everything lives: the last reactor */
    const struct options    *options;
    struct settings         *settings;  /* that the options are part of; one reference */
    struct js_server_limits  limits;
    struct slice             domain;    /* empty: none */
    struct store            *store;
    struct list              accounts;  /* struct js_account.node, by name */
    struct api_queue        *api;
    /* bytes of all streams, as they count */
    uint64_t                 memory_used, store_used;
    bool                     is_stopping;
};

static inline struct reactor *jetstream_reactor(const struct jetstream *js)
{
    return js->home->reactor;
}

/* One account that may have streams. Made when the settings first name it with JetStream (or are
 * global with JetStream on), kept while it has streams; js_account.c. */
struct js_account {
    struct list         node;
    struct jetstream   *js;
    struct account     *account;
    struct js_account_limits limits;
    bool                is_enabled;     /* by the current settings; else requests get 10039 */
    struct stream     **streams;        /* sorted by name, bytewise */
    uint32_t            streams_count, streams_cap;
    uint64_t            memory_used, store_used;
    uint64_t            memory_reserved, store_reserved;    /* by max_bytes of its streams */
    uint64_t            api_total, api_errors, api_inflight;
    struct door         door;           /* counts the subscriptions below */
    struct sink         api_sink;       /* "$JS.API.>" and "$JS.<domain>.API.>" */
    struct sub         *api_subs[2];    /* [1]: NULL without a domain */
    struct sink         ack_sink;       /* "$JS.ACK.>" */
    struct sub         *ack_sub;
    struct sink         flow_sink;      /* "$JS.FC.>" */
    struct sub         *flow_sub;
};

struct js_account *js_account_find(struct jetstream *, struct slice name);
/* Makes accounts that the settings name, ends those that are named no more and have no streams. */
void js_accounts_update(struct jetstream *);
void js_accounts_free(struct jetstream *);
void js_account_check(const struct js_account *);   /* asserts every invariant; O(streams) */

/* Names of streams. add: the name is not there. */
struct stream *js_account_stream(const struct js_account *, struct slice name);
void js_account_add(struct js_account *, struct stream *);
void js_account_remove(struct js_account *, struct stream *);
/* Bytes of a stream changed by so much: what account and server use. */
void js_account_charge(struct js_account *, bool is_file, int64_t bytes);
/* What checks of configurations ask (check.h): streams and consumers of this account. */
void js_account_directory(struct js_account *, struct js_directory *ret);
/* A js_check with this account's and the server's limits; `directory` is filled too. */
void js_account_checks(struct js_account *, struct js_directory *directory, struct arena *,
                       struct js_check *ret);

#endif
