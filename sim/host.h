/* SPDX-License-Identifier: Apache-2.0 */
/* Host: the machine that the server under test runs on: a whole simulated env, its reactors, and
 * the server.
 *
 * The reactors tick only when told to; one that waits for something sleeps until its poller would
 * wake it, so a lost wake-up shows as a server that stands still.
 * Thread: one. Memory: init and deinit by the owner. */
#ifndef MIDGE_SIM_HOST_H
#define MIDGE_SIM_HOST_H

#include "net/reactor.h"
#include "server/server.h"
#include "sim/disks.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/plan.h"

struct sim_host {
    struct sim_clock clock;
    struct sim_entropy entropy;
    struct sim_net net;
    struct sim_files files;
    struct sim_disks disks;
    struct sim_log log;
    struct sim_worker worker;
    struct sim_http http;
    struct sim_usage usage;
    struct threads threads;
    struct env env;
    struct rng rng; /* turns of the reactors */
    const struct sim_plan *plan;
    struct reactors *reactors;
    struct server *server;
    uint64_t ticks[REACTORS_MAX];
};

/* Starts the server. */
void sim_host_init(struct sim_host *, const struct sim_plan *);
/* Everything is stopped and given back. Returns what was not: NULL, or a text of `ret_text`. */
const char *sim_host_deinit(struct sim_host *, char ret_text[128]);

uint16_t sim_host_port(const struct sim_host *);
/* How a server ends. In order: it writes what it has, and says goodbye. */
enum sim_end { SIM_END_IN_ORDER, SIM_END_KILLED, SIM_END_POWER_LOST };

/* Stops the server and gives it the time to end; before deinit. */
void sim_host_wind_down(struct sim_host *);
/* The server is gone, the machine stays. Clients have dropped their links. */
void sim_host_end(struct sim_host *, enum sim_end);
/* The next server, on the same disks. False, with `why`: it does not start, or without its
 * streams. */
bool sim_host_begin(struct sim_host *, struct errmsg *why);

/* Each reactor gets a turn, in a drawn order; with `idle_permille` it misses it. */
void sim_host_tick(struct sim_host *, uint32_t idle_permille, uint32_t sleepy_permille);
/* Waits for something that has not come; it would not even run. */
bool sim_host_sleeps(const struct sim_host *, uint32_t reactor);
void sim_host_reload(struct sim_host *, const struct sim_config *);
void sim_host_drain(struct sim_host *); /* lame duck */
void sim_host_stop(struct sim_host *);
/* Every client is gone. */
bool sim_host_is_drained(const struct sim_host *);
/* Stopped, and nothing is left to do. */
bool sim_host_is_idle(const struct sim_host *);

/* A line of the trace: what a client heard ("<") or said (">"), with CR left out, LF as a bar and
 * what cannot be shown as a question mark. */
void sim_host_trace(const struct sim_host *, const char *who, const char *way, struct slice bytes);

#endif
