/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of server/ share. Thread and memory: server.h. */
#ifndef MIDGE_SERVER_SERVER_INTERNAL_H
#define MIDGE_SERVER_SERVER_INTERNAL_H

#include "config/reload.h"
#include "core/core.h"
#include "server/entrance.h"
#include "server/identity.h"
#include "server/ports_file.h"
#include "server/server.h"
#include "stream/jetstream.h"

struct server {
    struct server_setup setup;
    struct env         *env;
    char               *program;
    struct identity    *identity;
    struct settings    *settings;           /* the current ones, one reference */
    struct core        *core;
    struct entrance    *client_entrance;
    struct entrance    *websocket_entrance;     /* NULL: no such listener */
    struct ports        ports;
    char               *ports_path;         /* NULL: no ports file was written */
    struct monitor     *monitor;
    struct jetstream   *jetstream;          /* NULL: off, or not served */
    struct errmsg       jetstream_why;      /* why it did not open; "": it did, or is off */
    bool                has_https;          /* of the monitoring port */
    nanos               config_loaded;
    bool                is_up;              /* everything listens, or did */
    bool                is_draining;
    bool                is_stopping;
};

/* own_files.c */
MUST_CHECK enum err server_write_pid(struct server *, const char *path, struct errmsg *why);
void server_write_ports(struct server *);
void server_remove_ports(struct server *);
void server_move_files(struct server *, const struct reload_diff *);    /* after a reload */

/* "host:port", with brackets around an IPv6 address; NULL is every address. Returns `text`. */
enum { HOST_PORT = 300 };
const char *host_port(const char *host, uint32_t port, char text[HOST_PORT]);

/* Opens one kind of listener when the options want it; logs "Listening for …". */
MUST_CHECK enum err server_listen_clients(struct server *, struct errmsg *why);
MUST_CHECK enum err server_listen_websocket(struct server *, struct errmsg *why);
MUST_CHECK enum err server_listen_leafnodes(struct server *, struct errmsg *why);
MUST_CHECK enum err server_listen_routes(struct server *, struct errmsg *why);

#endif
