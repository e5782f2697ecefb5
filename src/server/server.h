/* SPDX-License-Identifier: Apache-2.0 */
/* Server: one NATS server, put together from options, an env and reactors.
 *
 * Life: server_new, server_start, then any of server_reload and server_drain, server_stop, ticks
 * until server_is_idle(), server_free. The reactors' ticks are the caller's: threads in embed/, one
 * thread in sim/.
 *
 * Thread:  all functions from one thread at a time, the control thread; never from a reactor's tick
 *          but in the simulation. server_is_idle() and server_is_drained() any.
 * Memory:  owns its options and all that it builds; env and reactors outlive it.
 * Errors:  texts as nats-server prints them behind "nats-server: " (new) or in the log (start,
 *          reload: logged here). */
#ifndef MIDGE_SERVER_SERVER_H
#define MIDGE_SERVER_SERVER_H

#include "base/err.h"
#include "config/options.h"
#include "env/env.h"
#include "net/reactor.h"

struct server;

struct server_setup {
    struct env      *env;
    struct reactors *reactors;
    const char      *midge_version;     /* "v0.1.0" */
    const char      *program;           /* for the name of the ports file; "nats-server" */
    uint64_t         process_id;
    const char *const *arguments;       /* of the command line; they outlive the server */
    uint32_t         arguments_count;
};

/* Takes the options even when it fails: then there is no server, and `why` tells. */
MUST_CHECK enum err server_new(const struct server_setup *, struct options *take_options,
                               struct server **ret_server, struct errmsg *why);
struct server *server_free(struct server *);            /* NULL is fine; returns NULL */

/* Banner, files, listeners, monitoring. A failure was logged as fatal; server_stop() then. */
MUST_CHECK enum err server_start(struct server *, struct errmsg *why);

/* Takes the options. On a failure the old ones stay, and the caller tells why. Success is
 * logged. */
MUST_CHECK enum err server_reload(struct server *, struct options *take_options,
                                  struct errmsg *why);

/* Lame duck: no new clients; those that are in are told, and closed one by one. */
void server_drain(struct server *);
bool server_is_draining(const struct server *);
bool server_is_drained(struct server *);

/* Closes everything. Ticks must go on until server_is_idle(). Idempotent. */
void server_stop(struct server *);
bool server_is_idle(struct server *);

const struct options *server_options(const struct server *);
uint16_t server_client_port(const struct server *);     /* 0 before the start */

#endif
