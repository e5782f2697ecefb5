/* SPDX-License-Identifier: Apache-2.0 */
/* Filter: changes the bytes between a socket and its application (TLS, WebSocket framing).
 *
 * Filters form a chain. Bytes from the peer climb it from the socket's end: `in` of the lowest
 * filter, which hands what it made to conn_up(), and so on to the application. Bytes to the peer
 * descend at each flush: `out` moves all of a filter's queue `pending` into the queue below.
 *
 * Thread:  the connection's reactor. Memory: the connection owns its filters and frees them.
 * Rules:   `in` consumes all its bytes (it may keep a bounded part of a record or frame inside, and
 *          change them where they stand). Neither may close the connection itself: it returns a
 *          verdict. `out` may leave bytes in `pending` only while a handshake runs. */
#ifndef MIDGE_NET_FILTER_H
#define MIDGE_NET_FILTER_H

#include "base/err.h"
#include "base/slice.h"
#include "net/outq.h"

struct conn;
struct filter;

enum filter_verdict {
    FILTER_OK,
    FILTER_ENDED,  /* the peer said goodbye in order (close_notify, close frame) */
    FILTER_FAILED, /* bad bytes; what the peer must still be told is queued */
};

/* What is known of the other side after a handshake; borrowed, valid as long as the filter. */
struct filter_peer {
    const char *tls_version;   /* "1.3"; NULL when there is no TLS */
    const char *tls_cipher;    /* standard name, e.g. "TLS_AES_128_GCM_SHA256" */
    const struct slice *certs; /* DER, leaf first */
    uint32_t certs_count;
    bool handshake_first;
};

struct filter_ops {
    enum filter_verdict (*in)(struct filter *, struct conn *, struct slice bytes);
    enum filter_verdict (*out)(struct filter *, struct conn *, struct outq *below);
    /* Queue a farewell (close_notify, a close frame with `status` and `text`) behind all that
     * waits. */
    void (*farewell)(struct filter *, struct conn *, struct outq *below, uint32_t status,
                     struct slice text);
    /* The turn that conn_filter_again() asked for. NULL when the filter never asks. */
    enum filter_verdict (*again)(struct filter *, struct conn *);
    bool (*is_ready)(const struct filter *); /* handshake done; application bytes flow */
    void (*peer)(const struct filter *, struct filter_peer *ret_peer); /* adds what it knows */
    /* Why it failed, for the log; static or owned by the filter. */
    const char *(*reason)(const struct filter *);
    struct filter *(*free)(struct filter *, struct outpool *); /* returns NULL */
};

struct filter {
    const struct filter_ops *ops;
    struct filter *above; /* towards the application; NULL: the next is the application */
    struct filter *below; /* towards the socket; NULL: the next is the socket */
    struct outq pending;  /* from above, not yet changed */
    bool wants_again;     /* conn_filter_again() was called and its turn has not come */
};

#endif
