/* SPDX-License-Identifier: Apache-2.0 */
/* Http: a server for monitoring, on a thread of its own, so that a slow scrape never delays a
 * message.
 *
 * Thread:  `handle` is called on the http thread; reply() may be called from any thread, exactly
 * once per request.
 * Memory:  the request belongs to the http body until its reply; the response's bytes are moved
 * into reply().
 * Limits:  headers 1 MiB, read timeout 5 s, as nats-server has. */
#ifndef MIDGE_ENV_HTTP_H
#define MIDGE_ENV_HTTP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "env/net.h"

struct http_request {
    const char *method;        /* "GET", … */
    const char *target;        /* the path as it was sent, still escaped; NULL: a clean path */
    const char *path;          /* decoded, without query */
    const char *query;         /* raw, behind '?'; "" when absent */
    const char *authorization; /* header of that name; "" when absent */
    void *user;                /* for the handler */
};

struct http_response {
    int status;               /* 200, 400, … */
    const char *content_type; /* static string */
    bool cors;                /* Access-Control-Allow-Origin: * */
    bool authenticate;        /* WWW-Authenticate: Basic, with status 401 */
    struct buf location;      /* moved in: where to ask instead, with status 307; may be empty */
    struct buf body;          /* moved in */
};

/* What TLS connections begin with: the body keeps it for as long as one that began with it
 * lives. */
struct http_tls {
    void *native;                /* what tls/ made for this listener; NULL: plain */
    void *owner;                 /* whose it is */
    void (*release)(void *owner);       /* once, when it is not needed any more, on any thread */
};

struct http_options {
    const char *host;
    uint16_t port;       /* 0: any free one */
    struct http_tls tls; /* the body's when start() succeeds */
    void (*handle)(void *ctx, struct http_request *);
    void *ctx;
};

struct http {
    MUST_CHECK enum err (*start)(struct http *, const struct http_options *,
                                 struct net_addr *ret_bound, struct errmsg *why);
    /* Connections that come from now on begin with this one. Only where start() had one. */
    void (*renew)(struct http *, const struct http_tls *take_tls);
    void (*reply)(struct http *, struct http_request *, struct http_response *take_response);
    /* waits for the thread; open requests are dropped */
    void (*stop)(struct http *);
};

#endif
