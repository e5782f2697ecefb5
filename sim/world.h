/* SPDX-License-Identifier: Apache-2.0 */
/* World: host, model and clients of one run, and the steps that move them.
 *
 * Thread: one. Memory: init and deinit by run.c or a scenario. */
#ifndef MIDGE_SIM_WORLD_H
#define MIDGE_SIM_WORLD_H

#include "sim/client.h"

enum { SIM_CLIENTS_MAX = 32 };

struct sim_world {
    struct sim_plan plan;
    struct sim_host host;
    struct model model;
    struct rng rng;
    struct sim_client clients[SIM_CLIENTS_MAX];
    uint32_t step;
    uint64_t ticks_at[REACTORS_MAX]; /* when the last reload was ordered, or a worker was busy */
    bool is_reloading;
    struct http_request report; /* asked of the monitoring port, in turn */
    bool is_reporting;
    nanos reported_at;
    uint64_t reports;
    uint64_t report_hash;
    bool is_stopping; /* nobody dials any more */
};

void world_init(struct sim_world *, const struct sim_plan *);
/* Gives all back; a failure of that is the model's. */
void world_deinit(struct sim_world *);

/* Reactors, then clients, then what both mean for the model. */
void world_step(struct sim_world *, nanos by);
/* Steps until `done` says so. False when it did not within `most` virtual time. */
bool world_until(struct sim_world *, nanos most, bool (*done)(struct sim_world *));
/* Somebody scrapes; one at a time. The answer must come within bounds, and be one. */
void world_scrape(struct sim_world *, const char *path, const char *query);
void world_reload(struct sim_world *, const struct sim_config *);
/* No more faults. */
void world_heal(struct sim_world *);
/* Everybody who is in has had an answer to a PING. False: not within bounds (the model has
 * failed). */
bool world_barrier(struct sim_world *);

/* workload.c: what the clients do of themselves, and what befalls the server, in one step. */
void workload_step(struct sim_world *);
/* A client that has just come in. */
void workload_begin(struct sim_world *, struct sim_client *);

#endif
