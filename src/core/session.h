/* SPDX-License-Identifier: Apache-2.0 */
/* Session: a client's side of the protocol, from accept to the last byte.
 *
 * Files: session.c (life), input.c (verbs), connect.c (CONNECT and who it is), subscribe.c,
 * publish.c, session_time.c (pings and timeouts), info.c (INFO).
 *
 * Thread:  its reactor. Other reactors only read `sink`, `conn`'s shared counters, `permissions`
 *          and what is atomic; a directory that a session leaves is unreferenced after a grace
 *          period.
 * Memory:  one block, freed after its grace period; strings from CONNECT in one heap string. An
 *          idle session has no buffers.
 * Rules:   after session_close() nothing is delivered to it and it is in no index, though its
 * memory stays. */
#ifndef MIDGE_CORE_SESSION_H
#define MIDGE_CORE_SESSION_H

#include "auth/directory.h"
#include "core/core.h"
#include "core/reasons.h"
#include "core/sub.h"
#include "net/conn.h"
#include "wire/nats.h"

enum session_phase {
    SESSION_TLS_FIRST,              /* waits for a ClientHello before INFO (handshake_first) */
    SESSION_UPGRADING,              /* TLS or WebSocket handshake before INFO */
    /* INFO sent; the first byte tells whether TLS comes (allow_non_tls) */
    SESSION_SNIFFING,
    SESSION_PROXY,                  /* INFO sent; a PROXY header may come first */
    SESSION_SECURING,               /* INFO sent; TLS handshake runs */
    SESSION_OPEN,                   /* verbs */
    SESSION_CLOSED,
};

enum session_timer {
    SESSION_TIMER_NONE,
    SESSION_TIMER_FIRST,            /* end of waiting for a ClientHello: INFO in clear */
    SESSION_TIMER_TLS,
    SESSION_TIMER_UPGRADE,
    SESSION_TIMER_AUTH,
    SESSION_TIMER_PING,
    SESSION_TIMER_REFUSE,           /* a failed login is answered late */
    /* a closed session with many subscriptions gives them up in steps */
    SESSION_TIMER_SWEEP,
};

enum { NONCE_LEN = 15 };

/* A control line is never longer, whatever is configured: a record between reactors has 24 bits for
 * what goes before a body. */
enum { CONTROL_LINE_MAX = 8 * 1024 * 1024 };

/* How long a control line may be, as configured. */
static inline uint32_t session_line_max(const struct options *o)
{
    int64_t max = o->limits.max_control_line;
    return max < CONTROL_LINE_MAX ? (uint32_t)max : CONTROL_LINE_MAX;
}

/* What a client said of itself; one block with its texts, which are NUL-terminated too. */
struct login {
    struct slice user, pass, token, nkey, sig, jwt, proxy_sig;
    struct slice name, lang, version;
    bool         dormant_field;             /* `account` or `new_account`, which nobody may use */
    size_t       size;                      /* of `bytes` */
    uint8_t      bytes[];
};

struct session {
    struct conn            conn;
    struct sink            sink;
    struct core_reactor   *home;
    struct listener       *listener;
    struct account        *account;
    struct list            node;            /* in home->sessions */
    struct session        *next_in_index;   /* of the chain in home->index */
    struct retired         retired;
    uint64_t               cid;
    struct sids            subs;
    struct nats_limits     limits;          /* what the parser needs */
    int64_t                subs_max;        /* negative: unlimited */
    int32_t                pings_out;       /* PINGs without an answer */

    /* what CONNECT said */
    bool                   verbose, pedantic, echo, headers, no_responders;
    bool                   is_connected;    /* CONNECT was accepted */
    /* in its account's and the server's number of clients */
    bool                   is_counted;
    /* it closes as one too many, and is in that number no more */
    bool                   is_off_account, is_off_server;
    bool                   auth_pending;    /* a password is being checked */
    bool                   auth_required;   /* nothing but CONNECT is taken yet */
    /* a target was behind: hold this publisher for a moment */
    bool                   is_told; /* INFO was sent, so that an -ERR makes sense */
    bool                   is_stranger; /* counted at its address, until it is in an account */
    /* its WebSocket handshake is not over: it is no client yet, for no number and no report */
    bool                   is_knocking;
    bool                   is_upgrading; /* the WebSocket handshake has begun */
    bool                   is_conn_gone; /* the memory of its connection is not needed any more */
    bool                   stall_due;
    bool                   wants_events;    /* protocol 1: takes INFO at any time */
    bool                   first_pong_sent;
    bool                   traced;          /* trace lines for this session */
    uint8_t                protocol;
    uint8_t                phase;           /* enum session_phase */
    uint8_t                timer_kind;      /* enum session_timer */
    uint8_t                reason;          /* enum close_reason; once closed */
    uint8_t                refuse_reason;   /* the same, while the refusal is delayed */
    _Atomic bool           is_closed;
    /* over half of max_pending and still taking bytes: stall a publisher on another reactor */
    _Atomic uint8_t        congested;
    /* a publisher elsewhere found more than max_pending waiting: its own reactor cuts it */
    _Atomic bool           overflowed;
    uint64_t               stall_written;   /* what the socket had taken at the last stall */
    uint64_t               congested_written;       /* and when it last was congested */
    struct timer           timer;

    struct directory            *directory; /* keeps what the next ones point to */
    const struct auth_user      *user;
    /* whom reports and traces show; in `directory` or `login` */
    struct slice                 shown;
    const struct permission_set *_Atomic permissions;       /* NULL: everything */
    struct responses            *responses;
    /* whose permissions still hold while a password is checked anew */
    struct directory            *old_directory;

    /* what the last CONNECT (or cookies) said; NULL: nothing yet */
    struct login          *login;
    char                   nonce[NONCE_LEN + 1];

    struct net_addr        addr;            /* of the peer, or what a PROXY header says */
    struct net_addr        forwarded;       /* what X-Forwarded-For says; for logs */
    bool                   is_forwarded;
    bool                   addr_known;      /* false until the PROXY header has come */
    nanos                  started_wall;
    nanos                  started;
    nanos                  last_active;     /* monotonic: last message or subscription */
    nanos                  last_in;         /* monotonic: last bytes from the client */
    nanos                  ping_sent;
    nanos                  rtt;             /* 0: unknown */
    nanos                  rtt_at;          /* monotonic: when PONG came; 0: not yet */
    uint64_t               in_msgs, in_bytes, out_msgs, out_bytes, stalls;
};

static inline struct session *session_of(struct conn *c)
{
    return container_of(c, struct session, conn);
}

/* Names a session and its reactor, for as long as the server runs. */
static inline uint64_t session_origin(const struct session *s)
{
    return s->cid * REACTORS_MAX + s->sink.reactor;
}

/* Takes the socket over. On failure the socket is closed. */
void session_start(struct core_reactor *, struct listener *, int sock, const struct net_addr *peer);

/* Says why (unless the reason is a silent one), leaves every index, closes when flushed.
 * Idempotent. */
void session_close(struct session *, enum close_reason);
/* As session_close() with another -ERR text. */
void session_close_saying(struct session *, enum close_reason, const char *err);
/* It is in, or has ended: its address has one less that has not logged in. Idempotent. */
void session_leave_strangers(struct session *);
/* Close it when the server, or its account, has more than `max` clients; false: it has not. However
 * many reactors ask at once, no more go than are too many. */
bool session_close_over_server(struct session *, int64_t max);
bool session_close_over_account(struct session *, int64_t max);

/* -ERR '<text>' */
void session_err(struct session *, const char *format, ...) PRINTF_LIKE(2, 3);
void session_ok(struct session *);          /* +OK, when verbose */

/* "1.2.3.4:5678 - cid:9", for logs. Returns `text`. */
enum { SESSION_LABEL = 192 };
const char *session_label(const struct session *, char text[SESSION_LABEL]);

/* input.c: takes operations off the front of `in`. */
uint32_t session_input(struct session *, struct slice in, uint64_t *ret_need);
void session_take_op(struct session *, const struct nats_op *);

/* connect.c */
void session_connect(struct session *, struct slice json);
/* A verb before CONNECT where one is due: a no_auth_user may go on. False: refused and closing. */
MUST_CHECK bool session_login_without_connect(struct session *);
/* What the configuration now says of a session that is in: keeps, moves or closes it. */
void session_login_again(struct session *);
/* Where nobody has to say who he is: into the account of the anonymous. */
void session_login_anonymous(struct session *);
void session_login_free(struct session *);

/* subscribe.c */
void session_subscribe(struct session *, const struct nats_op *);
void session_unsubscribe(struct session *, const struct nats_op *);
void session_sub_end(struct session *, struct sub *);           /* removes one */
void session_subs_clear(struct session *);                      /* removes all, now */
/* removes up to `most`; returns what is left */
uint32_t session_subs_sweep(struct session *, uint32_t most);
void session_subs_recheck(struct session *);                    /* after a change of permissions */

/* publish.c */
/* What is wrong with the subject is said before the payload is looked at. */
void session_publish_subject(struct session *, struct slice subject);
void session_publish(struct session *, const struct nats_op *);
void session_stall(struct session *);       /* hold it for a moment, after the input in hand */

/* session_time.c */
void session_timer_fire(struct timer *, nanos now);
void session_timer_set(struct session *, enum session_timer, nanos after);
void session_ping_start(struct session *, bool connected);
void session_pong_came(struct session *);

/* info.c */
enum info_kind { INFO_FIRST, INFO_CONNECTED, INFO_UPDATE };
void session_info(struct session *, enum info_kind);
void info_forget(struct core_reactor *);    /* settings or the lame duck: INFO is written anew */
void info_deinit(struct core_reactor *);

/* session.c: TLS after INFO or before it; only where the listener has it. False when it cannot
 * start: closing. */
bool session_secure(struct session *);
void session_after_proxy(struct session *);
void session_opened(struct session *);      /* handshakes are over */
/* after its limits or its standing changed */
void session_set_input_cap(struct session *);
/* closed, gives up some more subscriptions */
void session_sweep(struct session *);
void session_worker_done(struct session *);             /* a password check came home */

/* proxy.c: the PROXY header in front of everything else. */
/* No header, or a broken one: told in the log, and closed. */
void session_proxy_refused(struct session *, const char *why);
uint32_t session_proxy_header(struct session *, struct slice in, uint64_t *ret_need);

struct upgrade;
void session_keep_cookies(struct session *, const struct upgrade *);
nanos session_auth_timeout(const struct session *);

#endif
