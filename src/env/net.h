/* SPDX-License-Identifier: Apache-2.0 */
/* Net: stream sockets that never block, and the pollers that wait for them.
 *
 * A socket is a small integer: a file descriptor in os/, an index in sim/. Readiness is
 * level-triggered.
 * Thread: `struct net` any; a `struct poller` belongs to one reactor, but poller_wake() may come
 * from any thread.
 * Errors: read and write return a count, 0 at end of stream (read), NET_AGAIN or NET_FAILED. */
#ifndef MIDGE_ENV_NET_H
#define MIDGE_ENV_NET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/units.h"

struct net_addr {
    uint8_t ip[16]; /* network order; IPv4 uses the first 4 bytes */
    uint16_t port;
    bool v6;
};

enum { NET_ADDR_TEXT = 64 };

/* "1.2.3.4" or "2001:db8::1" (no brackets; IPv4-mapped addresses as IPv4). Returns `text`. */
const char *net_addr_ip_text(const struct net_addr *, char text[NET_ADDR_TEXT]);
/* "1.2.3.4:4222" or "[2001:db8::1]:4222". */
const char *net_addr_text(const struct net_addr *, char text[NET_ADDR_TEXT]);
/* Parses an IPv4 or IPv6 text without port; false on anything else. The port is left alone. */
bool net_addr_parse_ip(struct net_addr *, const char *text);

struct net_span {
    uint8_t *ptr;
    size_t len;
};

enum { NET_AGAIN = -1, NET_FAILED = -2, NET_SPANS_MAX = 128 };

enum net_ready {
    NET_READABLE = 1, /* or end of stream, or failed: a read tells */
    NET_WRITABLE = 2,
};

struct net_event {
    void *owner;
    uint32_t ready; /* of enum net_ready */
};

struct poller {
    const struct poller_ops *ops;
};

struct poller_ops {
    void (*free)(struct poller *);
    /* Waits at most `timeout` (0: not at all; NANOS_MAX: until something happens). Returns the
     * count. */
    uint32_t (*wait)(struct poller *, nanos timeout, struct net_event *ret_events, uint32_t max);
    /* any thread: ends a wait, now or the next one */
    void (*wake)(struct poller *);
    MUST_CHECK enum err (*add)(struct poller *, int sock, void *owner, uint32_t interest);
    void (*change)(struct poller *, int sock, void *owner, uint32_t interest);
    void (*remove)(struct poller *, int sock); /* before net close */
};

struct net_listen {
    /* an address or a name; "" and "0.0.0.0" mean every address (IPv4 and IPv6) */
    const char *host;
    uint16_t port; /* 0: any free one */
    uint32_t backlog;
};

struct net {
    /* Descriptors that accept() leaves to others, as to who must open files to keep a promise. A
     * reload may ask for more. */
    _Atomic uint32_t files_kept;
    struct poller *(*poller_new)(struct net *);
    /* `why` gets the text after "Error listening on port: HOST:PORT, " as the system tells it. */
    MUST_CHECK enum err (*listen)(struct net *, const struct net_listen *, int *ret_sock,
                                  struct net_addr *ret_bound, struct errmsg *why);
    /* BUSY: nobody waits. LIMIT: out of descriptors, the connection stays in the queue. IO: try the
     * next one. */
    MUST_CHECK enum err (*accept)(struct net *, int listener, int *ret_sock,
                                  struct net_addr *ret_peer);
    int64_t (*read)(struct net *, int sock, const struct net_span *, uint32_t count);
    int64_t (*write)(struct net *, int sock, const struct net_span *, uint32_t count);
    void (*close)(struct net *, int sock);
    /* Addresses of this machine that are up, without loopback; returns how many (at most `max`). */
    uint32_t (*interfaces)(struct net *, struct net_addr *ret_addrs, uint32_t max);
};

#endif
