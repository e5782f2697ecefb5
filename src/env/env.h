/* SPDX-License-Identifier: Apache-2.0 */
/* Env: everything the server may ask of the outside world.
 *
 * Two bodies: os/ (the real machine) and sim/ (one thread, virtual time, faults). Product code gets
 * a `struct env *` and cannot reach the machine by any other way; only embed/ and sim/ build one.
 * Memory: the env outlives the server. Thread: see each part. */
#ifndef MIDGE_ENV_ENV_H
#define MIDGE_ENV_ENV_H

#include "env/clock.h"
#include "env/disk.h"
#include "env/files.h"
#include "env/http.h"
#include "env/log.h"
#include "env/net.h"
#include "env/threads.h"
#include "env/worker.h"

struct env {
    struct clock *clock;
    struct entropy *entropy;
    struct net *net;
    struct files *files;
    struct disks *disks;
    struct log *log;
    struct worker *worker;
    struct http *http;
    struct usage *usage;
    struct threads *threads;
    const char *zone; /* of local time, as TZ names it; NULL: nobody says, the machine is asked */
};

#endif
