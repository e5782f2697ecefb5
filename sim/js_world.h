/* SPDX-License-Identifier: Apache-2.0 */
/* Js_world: host, model and clients of a run with JetStream, and the steps that move them.
 *
 * Client 0 asks the API; then come publishers, then those that serve consumers.
 * Thread: one. Memory: init and deinit by js_run.c. */
#ifndef MIDGE_SIM_JS_WORLD_H
#define MIDGE_SIM_JS_WORLD_H

#include "sim/js_client.h"
#include "sim/js_model.h"
#include "sim/js_plan.h"

struct js_world {
    struct js_plan plan;
    struct sim_host host;
    struct jm model;
    struct rng rng;
    struct js_client clients[JM_CLIENTS];
    uint32_t clients_count;
    uint32_t step;
    uint32_t consumers_made;
    bool is_down;    /* nobody dials */
    bool is_quiet;   /* who gets a message does nothing with it */
    bool is_serving; /* at the end: every message is acked */
    bool is_admin_busy;
    bool is_stuck; /* a fault has stopped the store: answers may not come until a restart */
    struct sim_liar liar;
    struct rng rot_rng;
    struct http_request health; /* asked of the monitoring port */
    uint64_t state_hash; /* of what audits found */
};

void js_world_init(struct js_world *, const struct js_plan *);
void js_world_deinit(struct js_world *);

void js_world_step(struct js_world *, nanos by);
bool js_world_until(struct js_world *, nanos most, bool (*done)(struct js_world *));
bool js_world_chance(struct js_world *, uint32_t permille);

/* An answer that is waited for. Owned by the caller; js_reply_deinit(). */
struct js_reply {
    bool came;  /* or: it will not */
    bool is_on; /* it is waited for */
    struct buf headers, payload;
};
void js_reply_deinit(struct js_reply *);
/* Asks and steps until the answer is there. False: it does not come (the model has failed). */
bool js_world_ask(struct js_world *, const char *subject, const char *payload, struct js_reply *);

/* The server ends, and another one starts; all clients come back. */
void js_world_restart(struct js_world *, const struct js_round *);
/* Faults begin, respectively end. */
void js_world_break(struct js_world *, enum js_fault);
void js_world_heal(struct js_world *);
/* A bit turns; when there is none of this kind, one of the journal. */
void js_world_rot(struct js_world *, enum sim_rot_kind);
/* Everything that was asked is answered. */
void js_world_settle(struct js_world *);
void js_world_wait_in(struct js_world *); /* all clients are in */
struct disk_memory *js_world_disk(struct js_world *);

/* js_work.c */
void js_work_step(struct js_world *);
/* Streams and consumers that are not there are made. */
void js_work_prepare(struct js_world *);
/* Serves all consumers until nothing is left for them. */
void js_work_serve(struct js_world *);
void js_work_in(void *world, struct js_client *);
void js_work_message(void *world, struct js_client *, const struct sim_op *);

/* js_audit.c: reads all back. */
void js_audit(struct js_world *);

#endif
