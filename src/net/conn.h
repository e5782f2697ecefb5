/* SPDX-License-Identifier: Apache-2.0 */
/* Conn: a stream socket on a reactor: cut frames together, queue output, flush, close in order.
 *
 * The application embeds a `struct conn` and gives it a table of callbacks. Input arrives as one
 * contiguous slice; what the application does not consume stays and comes again with more behind
 * it. Output is appended to conn->out; the connection flushes at the end of the tick and whenever
 * much is pending.
 *
 * Thread:  its reactor, always the same, but for the counters marked shared.
 * Memory:  embedded in the application's struct, which must stay until `on_free`; that is called at
 *          the end of a tick, when nothing on this reactor refers to it (and, for shared targets,
 *          after the grace of net/reactor.h).
 * Limits:  input memory is owned only while a frame is cut: at most `rest_max` bytes. Output is
 *          bounded by the application (max_pending) with conn_pending(). */
#ifndef MIDGE_NET_CONN_H
#define MIDGE_NET_CONN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "base/slice.h"
#include "base/wheel.h"
#include "env/net.h"
#include "net/filter.h"
#include "net/outq.h"

#include "net/watch.h"

struct reactor;
struct conn;

/* Why the socket side ended; the application has reasons of its own. */
enum conn_end {
    CONN_END_EOF,      /* the peer closed */
    CONN_END_READ,     /* read error */
    CONN_END_WRITE,    /* write error */
    CONN_END_DEADLINE, /* a flush did not finish within write_deadline */
    CONN_END_FILTER,   /* a filter said FILTER_FAILED (its reason() tells more) */
    CONN_END_MEMORY,   /* the door refused input memory */
};

struct conn_ops {
    /* Returns how many bytes were consumed. `*ret_need`: the length of the frame at the start of
     * what is left when known, else 0. May push filters and close the connection. */
    uint32_t (*on_bytes)(struct conn *, struct slice in, uint64_t *ret_need);
    /* All filters have finished their handshakes; called again after another one was pushed. May
     * push filters. */
    void (*on_established)(struct conn *);
    /* The socket side ended; call conn_close() now or later. At most once. */
    void (*on_end)(struct conn *, enum conn_end);
    /* Nobody refers to the connection any more: free the struct that embeds it. */
    void (*on_free)(struct conn *);
};

struct conn {
    struct watch watch; /* fields up to `read_shift` are private to conn.c */
    const struct conn_ops *ops;
    struct reactor *reactor;
    struct outq *out;      /* where the application appends */
    struct outq wire;      /* what goes to the socket next */
    struct filter *lowest; /* NULL: no filter */
    struct filter *highest;
    struct list dirty_node; /* in reactor->dirty while output waits for a flush */
    struct list again_node; /* in reactor->again while input waits that was read already */
    struct timer timer;     /* resume after a pause, or the end of a linger */
    struct timer deadline;  /* write_deadline */
    uint8_t *rest;          /* input that was not consumed; NULL: none */
    uint32_t rest_len;
    uint32_t rest_cap;
    uint64_t rest_need; /* length of the cut frame when known, else 0 */
    uint64_t rest_max;  /* set by the application; more ends the connection */
    int sock;           /* -1: closed */
    uint16_t close_status;
    uint8_t read_shift; /* reads are halved this often: adapts to the fan-out they cause */
    uint8_t interest;   /* of enum net_ready, as the poller has it */
    bool paused;        /* not read from, by the application's will */
    bool held;          /* not read from, by a filter's will */
    bool rest_ready;    /* `rest` may hold whole frames: hand it up on resuming */
    bool closing;       /* conn_close() was called */
    bool aborted;       /* what is queued is not worth a flush */
    bool farewell_sent;
    bool established; /* on_established was called for the filters there are */
    bool ended;                     /* on_end was called */
    struct slice close_text;        /* static */
    nanos write_deadline;           /* 0: none */
    uint64_t written;               /* bytes taken by the socket since the start */
    uint64_t batch_end;             /* `written` must reach it before the deadline */
    _Atomic uint64_t queued_shared; /* shared: pending bytes of this reactor, for others to read */
    _Atomic uint64_t
        posted_shared; /* shared: bytes that other reactors posted and that wait in mailboxes */
};

/* Output is flushed early beyond this, so that a fan-out does not pile up for a whole tick. */
enum { CONN_FLUSH_AT = 64 * 1024 };

/* Takes the socket, adds it to the poller. On an error the caller still owns the socket. */
MUST_CHECK enum err conn_init(struct conn *, struct reactor *, int sock, const struct conn_ops *);

/* Looks for bytes that came before the connection was taken: who speaks first (TLS, WebSocket, a
 * client that does not wait for INFO) is answered in the tick that takes it, with one write. */
void conn_read_early(struct conn *);

/* Output was appended to conn->out: flush it in this tick. Cheap; call as often as you like. */
void conn_dirty_slow(struct conn *);
static inline void conn_dirty(struct conn *c)
{
    if (UNLIKELY(list_empty(&c->dirty_node) || c->out->bytes >= CONN_FLUSH_AT)) conn_dirty_slow(c);
}

/* Appends and marks dirty; ends the connection with CONN_END_MEMORY when the door refuses. */
void conn_send(struct conn *, struct slice);

void conn_flush(struct conn *);

/* All bytes that wait for this peer, here and in mailboxes. Any thread (then approximate). */
static inline uint64_t conn_pending_shared(const struct conn *c)
{
    return atomic_load_explicit(&c->queued_shared, memory_order_relaxed) +
           atomic_load_explicit(&c->posted_shared, memory_order_relaxed);
}

static inline uint64_t conn_queued(const struct conn *c)
{
    return c->out->bytes + (c->out == &c->wire ? 0 : c->wire.bytes);
}

/* Not read from until `until` (the reactor's clock). A later pause replaces an earlier one; 0
 * resumes at once. */
void conn_pause(struct conn *, nanos until);

/* Adds a filter, nearest to the application; the connection owns it. Input that the on_bytes() in
 * progress does not consume passes it, and so does all output appended from now on (what was
 * appended before does not). */
void conn_filter_push(struct conn *, struct filter *);

/* For filters: hands bytes up from `from` to the next filter or to the application. */
enum filter_verdict conn_up(struct conn *, struct filter *from, struct slice bytes);

/* For filters that keep input: `again` is called in a later tick, once the connection is not
 * paused. */
void conn_filter_again(struct conn *, struct filter *);

/* For filters: nothing more is read until the hold ends. */
void conn_hold(struct conn *, bool held);

/* Ends it: no more input; what is queued is flushed, with the farewell of the filters, for at most
 * `linger`; then the socket is closed and on_free called. `status` and `text` (static) are for a
 * WebSocket close frame. Idempotent. */
void conn_close(struct conn *, nanos linger, uint32_t status, struct slice text);

/* As conn_close() with nothing flushed; the socket closes before the tick ends. */
void conn_abort(struct conn *);

/* What the filters know of the peer. */
void conn_peer(const struct conn *, struct filter_peer *ret_peer);

/* The reactor's part: go on with input that waits, or flush. */
void conn_again(struct conn *);

#endif
