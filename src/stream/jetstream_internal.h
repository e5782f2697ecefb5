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
#include "stream/nuid.h"
#include "stream/warnings.h"

struct api_queue;
struct js_account;
struct restore;
struct snapshot;
struct stream;

struct jetstream {
    struct core             *core;
    struct core_reactor     *home;      /* where everything lives: the last reactor */
    void (*started)(void *ctx, const struct jetstream *, const char *why);
    void                    *started_ctx;
    const struct options    *options;
    struct settings         *settings;  /* that the options are part of; one reference */
    struct js_server_limits  limits;
    struct slice             domain;    /* empty: none */
    struct arena            *arena;     /* small texts that live as long as it */
    struct store            *store;
    struct js_account      **accounts;  /* sorted by name, bytewise */
    uint32_t                 accounts_count, accounts_cap;
    struct api_queue        *api;
    struct nuid              nuid;
    struct buf               ack;       /* a PubAck in the making */
    /* bytes of all streams, as they count */
    uint64_t                 memory_used, store_used;
    uint64_t                 api_total, api_errors;     /* of all accounts */
    struct turn              last_turn; /* of each tick: what the others did is committed */
    struct timer             due;       /* when the store wants one though nothing happens */
    uint32_t                 batches_open[2];   /* of all streams: atomic, fast */
    struct stream           *ending;    /* deleted ones whose files are there; stream_store.c */
    struct stream           *hidden;    /* nobody finds them; stream_restore.h */
    struct warnings          warnings;  /* private to warnings.c */
    struct list              damages;   /* private to damage.c; NULLs: nothing was found */
    struct snapshot         *snapshots; /* under way; snapshot.h */
    struct restore          *restores;  /* likewise; restore.h */
    uint32_t                 snapshots_count, restores_count;
    char                    *reports;   /* what recovery has found, a line each; NULL: nothing */
    char                    *directory; /* "<store_dir>/midge" */
    nanos                    took;      /* to start */
    /* private to js_space.c: bytes of messages in files at the start; when space was looked for */
    uint64_t                 stored_before;
    nanos                    space_looked;
    nanos                    bad_delay_told; /* private to consumer_acks.c: when the log was last */
    _Atomic uint32_t         away;      /* what is under way on other reactors and will come home */
    _Atomic bool             is_stopping;
    bool                     is_storing_last;   /* the sessions have been closed */
    _Atomic bool             is_done;   /* after that, and all is on the disk */
    bool                     is_ending; /* no reactor ticks any more: nobody is told anything */
    bool                     is_failed; /* the journal has */
    bool                     is_at_rest; /* see struct jetstream_setup */
    bool                     is_full;   /* there was no space, at the last look */
    bool                     is_open;   /* the store is */
    bool                     is_off;    /* by a reload, or it did not start: nobody is served */
};

static inline struct reactor *jetstream_reactor(const struct jetstream *js)
{
    return js->home->reactor;
}

/* js_space.c: bytes of memory that streams may have where the configuration does not say. */
int64_t js_space_memory(const struct jetstream *);
/* Sets limits.store_max: the store is open, and its streams are hidden. Accounts may have
 * `promised`. */
void js_space_begin(struct jetstream *, uint64_t promised);
/* Are so many bytes within what the server may have in files? A limit that is in the way, and was
 * found, not given, is looked for anew, once a tick at most, and may grow: the disk was full when
 * it was found. */
bool js_space_has(struct jetstream *, uint64_t used, uint64_t more);
/* The same before a stream's configuration is checked, with limits.store_reserved of now. */
void js_space_want(struct jetstream *, const struct stream_config *);

enum { JS_ACCOUNT_SUBS = 12 };

/* One account of the settings: whether it may have streams, and those it has. Kept when the
 * settings name it no more; js_account.c. */
struct js_account {
    struct jetstream   *js;
    struct account     *account;
    struct js_account_limits limits;
    bool                is_enabled;     /* by the current settings; else requests get 10039 */
    bool                is_system;
    struct stream     **streams;        /* sorted by name, bytewise */
    uint32_t            streams_count, streams_cap;
    uint64_t            memory_used, store_used;
    uint64_t            api_total, api_errors;
    struct stream      *updating;       /* an update of it was proposed and is not applied yet */
    struct sink         api_sink;       /* "$JS.API.>" and what a domain maps to it */
    struct sink         ack_sink;       /* "$JS.ACK.>" */
    struct sink         flow_sink;      /* "$JS.FC.>" */
    struct sink         forward_sink;   /* "$JS.<domain>.API.$KV.>", "$JS.<domain>.API.$OBJ.>" */
    struct sub         *subs[JS_ACCOUNT_SUBS];  /* of these sinks; NULL: there is none */
};

struct js_account *js_account_find(struct jetstream *, struct slice name);
/* The one of this name, made when absent: what the settings do not name is kept all the same. */
struct js_account *js_account_get(struct jetstream *, struct slice name);
/* NULL with no_system_account. */
struct js_account *js_account_system(struct jetstream *);
/* Makes accounts that the settings name and gives all their limits. When the accounts would reserve
 * more than the server has, the one that is too much keeps its limits, and the error says which
 * storage it is. */
enum js_err js_accounts_update(struct jetstream *);
uint64_t js_accounts_store_max(const struct jetstream *); /* what their limits reserve in files */
void js_accounts_free(struct jetstream *);
void js_account_check(const struct js_account *);   /* asserts every invariant; O(streams) */

/* Names of streams. add: the name is not there. */
struct stream *js_account_stream(const struct js_account *, struct slice name);
void js_account_add(struct js_account *, struct stream *);
void js_account_remove(struct js_account *, struct stream *);
/* Bytes of a stream changed by so much: what account and server use. */
void js_account_charge(struct js_account *, bool is_file, int64_t bytes);
/* Bytes that its streams have reserved with max_bytes. */
uint64_t js_account_reserved(const struct js_account *, bool is_file);
/* Consumers of all its streams, direct ones too. */
uint32_t js_account_consumers(const struct js_account *);
/* What checks of configurations ask (check.h): streams and consumers of this account. */
void js_account_directory(struct js_account *, struct js_directory *ret);
/* A js_check with this account's and the server's limits; `directory` is filled too. */
void js_account_checks(struct js_account *, struct js_directory *directory, struct arena *,
                       struct js_check *ret);

#endif
