/* SPDX-License-Identifier: Apache-2.0 */
/* Report: what may be known of a connection and of the server, as plain data for monitoring.
 *
 * Thread:  conn_report_of() on the session's reactor; copies go anywhere; core_report() any.
 * Memory:  what conn_report_of() fills borrows from the session and from `arena`; a copy is one
 *          block with all its texts. Names of accounts live as long as the core and are never
 *          copied.
 * Secrets: nothing here holds one. Credentials are shown as the session's `user_shown`. */
#ifndef MIDGE_CORE_REPORT_H
#define MIDGE_CORE_REPORT_H

#include "base/arena.h"
#include "core/core.h"
#include "core/reasons.h"

struct session;
struct sub;

/* One subscription. */
struct sub_report {
    const char *account;
    uint64_t cid;
    struct slice subject;
    struct slice queue; /* empty: none */
    struct slice sid;
    uint64_t     sid_key;               /* its number; UINT64_MAX when it is none */
    uint64_t msgs; /* delivered */
    uint64_t max;  /* ends after so many; 0: never */
};

/* One certificate that the peer showed. */
struct cert_report {
    const char *subject;
    const char *spki_sha256; /* hex */
    const char *cert_sha256; /* hex */
};

/* One connection. Texts are NULL when unknown. */
struct conn_report {
    uint64_t cid;
    enum listener_kind kind;
    struct net_addr addr;
    bool addr_known;
    nanos started; /* real time, as the next two */
    nanos last_activity;
    nanos stopped;            /* 0: open */
    enum close_reason reason; /* of a closed one */
    nanos uptime;
    nanos idle;
    nanos rtt; /* 0: unknown */
    uint64_t pending_bytes;
    uint64_t in_msgs, in_bytes, out_msgs, out_bytes, stalls;
    const char *name, *lang, *version;
    const char *tls_version, *tls_cipher;
    bool tls_first;
    const char *user;          /* as it may be shown */
    bool is_nkey;              /* let in by a key */
    const char *account;       /* NULL: not in any */
    struct cert_report *certs; /* leaf first; only with CONN_REPORT_CERTS */
    uint32_t certs_count;
    struct sub_report *subs; /* in order of their sids; only with CONN_REPORT_SUBS */
    uint32_t subs_listed;    /* how many `subs` has */
    uint64_t subs_count;     /* how many there are */
};

enum conn_report_with {
    CONN_REPORT_CERTS = 1 << 0,
    CONN_REPORT_SUBS = 1 << 1, /* all at once: for a session that has few */
};

/* On the session's reactor. `arena` holds certificates and subscriptions. */
void conn_report_of(const struct session *, uint32_t with, struct arena *, struct conn_report *ret);

/* `sub` as it stands in `account`; borrows its texts. */
struct sub_report sub_report_of(const struct sub *, const char *account, uint64_t cid);
uint64_t sub_report_key(struct slice sid);

/* Orders by connection, then by sid: as numbers where both are, else as bytes; the server's own by
 * account. */
int sub_report_compare(const void *a, const void *b);

/* A copy with all its texts in one block, to be given back with xfree(). */
struct conn_report *conn_report_copy(const struct conn_report *);

/* Sums over all reactors and accounts; a moment old where reactors are at work. */
struct core_report {
    int64_t clients;
    uint64_t clients_total;
    uint64_t subscriptions;
    uint64_t slow_consumers;
    uint64_t stale_connections;
    uint64_t stalled;
    uint64_t turned_away; /* one too many of its address before it logged in */
    uint64_t in_msgs, in_bytes, out_msgs, out_bytes;
};
void core_report(const struct core *, struct core_report *ret);

/* What became of the index of all accounts, or of one. */
struct interest_report {
    uint64_t count;
    uint64_t inserts;
    uint64_t removes;
};
void interest_report(const struct interest *, struct interest_report *add_to);

#endif
