/* SPDX-License-Identifier: Apache-2.0 */
/* Monitor: what the server tells of itself over HTTP, as JSON and for Prometheus.
 *
 * A request is a path and a query, an answer is a body; HTTP is only how both travel (env/http.h),
 * so that all of it runs in simulation too. Reports that walk connections are collected by the
 * reactors themselves, a few sessions a tick, and are sorted and written on a worker: a scrape
 * never delays a message. Such reports are made one at a time, others at once.
 *
 * Thread:  monitor_request() any; `done` on whatever thread finished: the caller's, or a worker's.
 *          The other functions: the one that starts, reloads and stops.
 * Memory:  owned. The monitor keeps a reference to the settings and copies everything else.
 * Order:   monitor_stop() before the reactors stop ticking; monitor_free() when monitor_is_idle().
 * Secrets: reports hold none; see the canary test of tests/monitor. */
#ifndef MIDGE_MONITOR_MONITOR_H
#define MIDGE_MONITOR_MONITOR_H

#include "core/core.h"
#include "env/http.h"

struct monitor;

/* What the core does not know. Everything is copied but for the settings, which are referenced. */
struct monitor_options {
    struct settings *settings;
    const char *midge_version; /* "v0.1.0" */
    /* what of the configuration is not served: one line each */
    const char *const *unserved;
    uint32_t unserved_count;
    struct jetstream *jetstream; /* NULL: off, or not served */
    nanos config_loaded;  /* real time of the last load or reload; 0: the start */
    nanos cert_not_after; /* of the client listener's certificate; 0: none */
    nanos websocket_cert_not_after;
    /* of the command line, for /debug/vars; shown redacted */
    const char *const *arguments;
    uint32_t arguments_count;
};

struct monitor *monitor_new(struct core *, const struct monitor_options *);
/* After a reload. */
void monitor_update(struct monitor *, const struct monitor_options *);

struct monitor_listen {
    const char *host;
    uint16_t port;       /* 0: any */
    struct http_tls tls; /* moved in when the port opens */
};
/* Opens the HTTP port: once. `why` has the system's text. */
MUST_CHECK enum err monitor_start(struct monitor *, const struct monitor_listen *,
                                  struct net_addr *ret_bound, struct errmsg *why);
/* After a reload: connections to come begin with this; only when the port opened with TLS. */
void monitor_renew(struct monitor *, const struct http_tls *take_tls);
/* Closes the port. Requests under way still end. A monitor that was not started is fine. */
void monitor_stop(struct monitor *);
/* No request is under way. Any thread. */
bool monitor_is_idle(const struct monitor *);
/* Idle, or its reactors have stopped for good. NULL is fine; returns NULL. */
struct monitor *monitor_free(struct monitor *);

/* Texts are borrowed for the call. */
struct monitor_query {
    const char *target;        /* as it was sent, still escaped; NULL: a clean path */
    const char *path;          /* decoded */
    const char *query;         /* raw; "" when absent */
    const char *authorization; /* the header; "" when absent */
};
/* Calls `done` exactly once, perhaps before it returns. The body's bytes are `done`'s. */
void monitor_request(struct monitor *, const struct monitor_query *,
                     void (*done)(void *ctx, struct http_response *take_response), void *ctx);

#endif
