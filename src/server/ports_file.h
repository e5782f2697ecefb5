/* SPDX-License-Identifier: Apache-2.0 */
/* Ports file: where this server listens, as JSON for those who started it with random ports.
 *
 *   <dir>/<program>_<pid>.ports
 *   {"nats":["nats://ip:port",…],"monitoring":[…],"cluster":[…],"websocket":[…]}
 *
 * Thread: the one that starts. Memory: plain data of the caller. */
#ifndef MIDGE_SERVER_PORTS_FILE_H
#define MIDGE_SERVER_PORTS_FILE_H

#include "base/buf.h"
#include "env/net.h"

enum ports_kind { PORTS_NATS, PORTS_MONITORING, PORTS_CLUSTER, PORTS_WEBSOCKET, PORTS_KINDS };

struct ports {
    struct {
        const char     *scheme;         /* "nats"; NULL: no such listener */
        struct net_addr bound;
    } of[PORTS_KINDS];
};

/* A wildcard stands for every address of the machine. */
void ports_json(struct net *, const struct ports *, struct buf *json);

#endif
