/* SPDX-License-Identifier: Apache-2.0 */
/* Client: drives one link after the other as a NATS client would, and tells the model of every
 * step.
 *
 * Thread: one. Memory: embedded; client_deinit() at the end. What it does is drawn by the world
 * (workload.h). */
#ifndef MIDGE_SIM_CLIENT_H
#define MIDGE_SIM_CLIENT_H

#include "sim/model.h"
#include "sim/pipe.h"

enum sim_reading {
    SIM_READS_ALL,
    SIM_READS_LITTLE,
    SIM_READS_NEVER,
};

struct sim_client {
    struct sim_host *host;
    struct model *model;
    struct rng *rng;
    uint32_t id;
    struct sim_pipe pipe;
    struct sim_peer *peer; /* NULL: before INFO */
    enum sim_reading reading;
    bool is_broken;   /* it spoke junk, or its wire is cut: it will end */
    bool is_draining; /* INFO said so */
    bool answers;     /* requests that reach it */
    nanos dial_at;
    uint64_t dialled;   /* moment of the model */
    nanos broken_until; /* then the client itself gives up */
};

void client_init(struct sim_client *, struct sim_host *, struct model *, struct rng *, uint32_t id);
void client_deinit(struct sim_client *);

void client_dial(struct sim_client *);
/* Moves bytes both ways and takes what came. */
void client_step(struct sim_client *);
/* CONNECT was sent, and nothing speaks against it */
bool client_is_in(const struct sim_client *);
void client_leave(struct sim_client *); /* in order */
void client_reset(struct sim_client *);
void client_cut(struct sim_client *);

/* Verbs; only while client_is_in(). */
struct sim_sub *client_sub(struct sim_client *, const char *pattern, int group);
void client_unsub(struct sim_client *, struct sim_sub *, uint32_t max);
void client_pub(struct sim_client *, const char *subject, const char *reply, uint32_t size,
                bool headers);
void client_ping(struct sim_client *);
void client_raw(struct sim_client *, const char *text);

#endif
