/* SPDX-License-Identifier: Apache-2.0 */
/* Core: accounts, listeners and sessions of one server. What server/ builds and what features plug
 * into.
 *
 * Thread:  core_* functions are called from one thread (the one that starts, reloads and stops)
 *          unless they say otherwise; the work happens on the reactors, which get mail.
 * Memory:  the core outlives its sessions. Settings are a snapshot, shared by reference, replaced
 * by a reload.
 *
 * Core knows no feature: TLS and WebSocket come as hooks that make filters, features as internal
 * sinks. */
#ifndef MIDGE_CORE_CORE_H
#define MIDGE_CORE_CORE_H

#include <stdatomic.h>

#include "auth/directory.h"
#include "base/lock.h"
#include "config/options.h"
#include "core/account.h"
#include "core/match_cache.h"
#include "core/session_index.h"
#include "net/conn.h"
#include "net/reactor.h"

struct closed_ring;
struct core;
struct session;
struct strangers;

/* The snapshot of one configuration. */
struct settings {
    _Atomic uint32_t      refs;
    const struct options *options;
    struct directory     *directory;
    /* called when the last reference goes; frees options and ctx */
    void                (*release)(void *ctx);
    void                 *ctx;
};
struct settings *settings_ref(struct settings *);
struct settings *settings_unref(struct settings *);     /* returns NULL */

struct server_identity {
    const char *id;                 /* public nkey, "N…" */
    const char *name;
    const char *version;            /* "2.15.2": what clients gate on */
    const char *git_commit;         /* NULL: none */
    const char *go;                 /* INFO and varz want the field; names our compiler */
    const char *xkey;               /* public curve key, "X…" */
    const char *cluster;            /* NULL: none */
    bool        cluster_dynamic;
    const char *domain;             /* of JetStream, told when that is on; NULL: none */
};

enum listener_kind { LISTENER_CLIENT, LISTENER_WEBSOCKET, LISTENER_LEAF, LISTENER_ROUTE };

/* What a WebSocket upgrade brought; slices are copied. */
struct upgrade {
    struct slice jwt, user, pass, token;            /* cookies; empty when absent */
    struct slice forwarded_for;                     /* an address, or empty */
};

/* Made by server/, which knows tls/ and ws/. All are called on the session's reactor. */
struct listener_hooks {
    void *ctx;
    /* NULL: the listener has no TLS. The function gives NULL when memory is gone. */
    struct filter *(*tls_new)(void *ctx, struct conn *);
    /* NULL: no WebSocket. The filter calls session_upgraded() when it has answered the upgrade. */
    struct filter *(*ws_new)(void *ctx, struct conn *);
    /* True when one more connection fits the rate limit now. NULL: no limit. Any reactor's
     * thread. */
    bool (*admit)(void *ctx, struct conn *, nanos now);
    /* Says whether the peer's certificate (empty: none) is one of those pinned. NULL: all are
     * fine. */
    bool (*pinned)(void *ctx, struct conn *, struct slice cert_der);
    /* The password or token wants to know of limits that apply once authenticated (WebSocket input
     * caps). May be NULL. */
    void (*authenticated)(void *ctx, struct conn *, int64_t max_payload);
};

struct listener_options {
    enum listener_kind   kind;
    const char          *host;
    uint16_t             port;                      /* 0: any */
    nanos                upgrade_timeout;           /* WebSocket handshake; 0: none */
    bool                 proxy_protocol;
    struct listener_hooks hooks;
};

struct listener {
    struct core            *core;
    struct listener_options options;
    struct net_addr         bound;
    char                   *host; /* as configured; NULL: all */
    int                     sock;                   /* -1: closed */
    struct watch            watch;
    /* out of descriptors: accept again after a while */
    struct timer            retry;
    struct mail             mail;
    struct mail             close_mail;
    bool                    is_closing;             /* of the thread that closes it */
    uint32_t                index;
    uint32_t                lone;                   /* taken without a look for a second one */
};

enum { LISTENERS_MAX = 8 };

/* What a listener demands, as one configuration says; a reload changes it for those who come. */
struct listener_terms {
    bool  tls;
    bool  tls_optional;             /* allow_non_tls */
    bool  tls_verify;               /* for INFO */
    bool  tls_first;
    nanos tls_first_fallback;       /* 0: never in clear */
    nanos tls_timeout;
};

struct listener_terms listener_terms(const struct listener *, const struct options *);

/* Host and port as INFO tells them: advertised, or configured. The host lies in the options. */
struct slice listener_told(const struct listener *, const struct options *, int32_t *ret_port);

/* For other servers, which are not served yet: callers are turned away. */
static inline bool listener_is_foreign(const struct listener *l)
{
    return l->options.kind == LISTENER_LEAF || l->options.kind == LISTENER_ROUTE;
}

/* Scratch memory of one delivery. */
struct hand {
    /* a message is being delivered: whoever is called meanwhile uses a hand of his own */
    bool              is_busy;
    struct matches    matches;
    struct group    **groups;                       /* queue groups that match */
    struct group    **named;                        /* those of one name */
    uint32_t          groups_cap;
    struct remote_targets {
        struct sub **at;
        uint32_t     count;
        uint32_t     cap;
    } remote[REACTORS_MAX];                         /* targets elsewhere, by reactor */
    uint64_t          sent_msgs;                    /* not yet accounted for */
    uint64_t          sent_bytes;
};

/* What INFO says around who the client is, as it was last said. The settings and the lame duck are
 * not part of the key: who changes them calls info_forget(). */
struct info_kept {
    const struct listener *listener;                /* NULL: none is kept */
    const struct account  *account;
    int64_t                max_payload;
    bool                   jetstream;
    struct buf             front;
    struct buf             behind;
};
enum { INFO_KINDS = 3 };

/* One reactor's part. */
struct core_reactor {
    struct core      *core;
    struct reactor   *reactor;
    struct settings  *settings;                     /* current here */
    struct list       sessions;
    struct session_index index;                     /* the same, by number */
    /* where a report goes on in the next tick; sessions that leave step out of its way. NULL: none
     * is being made */
    struct list      *report_at;
    /* closed sessions that still hold subscriptions */
    struct list       sweeping;
    struct traffic    traffic;                      /* all clients */
    _Atomic uint64_t  gone;                         /* sessions of this reactor that have ended */
    _Atomic uint64_t  slow_consumers;
    _Atomic uint64_t  stale_connections;
    _Atomic uint64_t  stalled;
    _Atomic uint64_t  turned_away;                  /* one stranger too many of its address */
    nanos             turn_away_told;               /* when that was last logged; 0: never */
    struct pass_cache *pass_cache;
    struct hand       hand;                         /* the message that is being delivered */
    struct matches    asked;                        /* of account_wants() */
    struct matches    ahead;                        /* of ahead_look() */
    struct match_cache *match_cache;                /* NULL: not needed yet */
    struct match_found found;                       /* of the publish in hand, ahead of its turn */
    struct buf        scratch;                      /* a message that must be written anew */
    struct buf        scratch_record;               /* a record's bytes */
    struct buf        info;                         /* INFO under construction */
    struct info_kept  kept[INFO_KINDS];
    /* the message in hand met a target that is behind */
    bool              wants_stall;
    bool              is_lame_duck;
    bool              drops_for_slow; /* no_fast_producer_stall of the settings */
    struct timer      duck;                         /* next client to close */
    nanos             duck_interval;
    bool              duck_closes;                  /* the grace period is over */
};

struct core {
    struct env            *env;
    struct reactors       *reactors;
    struct server_identity identity;
    struct accounts       *accounts;
    struct account        *global;
    struct account *_Atomic system;                 /* NULL with no_system_account */
    struct core_reactor   *at[REACTORS_MAX];
    struct listener       *listeners[LISTENERS_MAX];
    uint32_t               listeners_count;
    struct closed_ring    *closed;
    struct throttle       *throttle;                /* failed logins by address */
    struct lock            throttle_lock;
    struct strangers      *strangers;               /* not logged in yet, by address */
    uint64_t               hash_seed;
    nanos                  started_wall;
    nanos                  started;
    _Atomic uint64_t       next_cid;
    _Atomic uint64_t       event_seq;               /* numbers what the server says of itself */
    _Atomic int64_t        clients;                 /* open */
    _Atomic int64_t        knocking;                /* open, before their WebSocket handshake */
    _Atomic uint64_t       clients_total;
    _Atomic bool           is_lame_duck;
    _Atomic bool           has_jetstream;           /* it answers: INFO says so */
    /* sessions given to each reactor; reactor 0's */
    uint64_t               placed[REACTORS_MAX];
};

/* The reactors' `user` and `on_record` are set. `take_settings` with one reference. */
struct core *core_new(struct env *, struct reactors *, const struct server_identity *,
                      struct settings *take_settings);
/* All reactors must have stopped ticking and their connections be gone (core_close_all, then
 * ticks). Returns NULL. */
struct core *core_free(struct core *);

/* Opens a listener; `*ret` belongs to the core. `why` has the system's text. */
MUST_CHECK enum err core_listen(struct core *, const struct listener_options *,
                                struct listener **ret, struct errmsg *why);
void core_unlisten(struct core *, enum listener_kind);

/* Replaces the settings everywhere and judges every session anew. */
void core_reload(struct core *, struct settings *take_settings);

/* Listeners must be closed. Tells clients, waits, closes them one by one over `duration - grace`.
 * core_clients() says when it is over. */
/* Name of the system account; NULL with no_system_account. Any thread; lives as long as the
 * core. */
const char *core_system_name(const struct core *);
void core_lame_duck(struct core *, nanos grace, nanos duration);
/* Closes every session with this reason. */
void core_close_all(struct core *);

int64_t core_clients(const struct core *);              /* any thread */

/* The WebSocket filter has answered the upgrade; INFO goes out. On the session's reactor. */
void session_upgraded(struct conn *, const struct upgrade *);

static inline struct core_reactor *core_reactor_of(struct reactor *r)
{
    return r->user;
}

#endif
