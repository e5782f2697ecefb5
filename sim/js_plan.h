/* SPDX-License-Identifier: Apache-2.0 */
/* Js_plan: what a seed decides about a run with JetStream: the streams, who works on them, which
 * faults the disk has, and how often and how the server ends.
 *
 * Pure data, drawn from an rng. Thread: one. Memory: plain values. */
#ifndef MIDGE_SIM_JS_PLAN_H
#define MIDGE_SIM_JS_PLAN_H

#include "sim/host.h"
#include "sim/js_model.h"
#include "sim/liar.h"
#include "sim/rot.h"

enum { JS_ROUNDS_MAX = 5 };

enum js_fault {
    JS_FAULT_NONE,
    JS_FAULT_SLOW,      /* nothing finishes for a while, again and again */
    JS_FAULT_FULL,      /* no space */
    JS_FAULT_WRITE,     /* a write fails */
    JS_FAULT_SYNC,      /* a sync fails */
    JS_FAULT_READ,      /* some reads fail */
    JS_FAULTS,
};

/* Work with one kind of fault, then an end, a start and an audit. */
struct js_round {
    uint32_t steps;
    enum js_fault fault;
    uint32_t fault_after; /* steps */
    enum sim_end end;
    enum sim_rot_kind rot; /* a bit turns … */
    bool is_rot_early;     /* while the server runs, or before the next start */
    bool is_cut_short; /* the next server ends while it starts, too */
};

struct js_plan {
    struct sim_plan base;
    uint32_t publishers, servers;
    uint32_t streams_count;
    struct jm_config streams[JM_STREAMS];
    uint32_t rounds_count;
    struct js_round rounds[JS_ROUNDS_MAX];
    uint32_t busy_permille; /* of a publisher, a step */
    uint32_t pull_permille;
    uint32_t admin_permille; /* a step */
    uint32_t leave_permille;
    uint32_t window; /* publishes in flight of one publisher */
    uint32_t payload_max;
    uint32_t nap_permille; /* steps that are long, so that things expire and checkpoints come */
    nanos step_max;
    uint32_t busy_reads_permille; /* of read_now() */
    enum sim_lie lie; /* for the tests of the checker */
};

void js_plan_draw(struct js_plan *, uint64_t seed);
/* The seeds that a plain `midge-sim N` runs with JetStream. */
bool js_plan_is_for(uint64_t seed);
/* A stream that takes the place of one that was deleted. */
void js_plan_draw_stream(struct jm_config *, struct rng *, const char *name);
/* Other limits. */
void js_plan_change_stream(struct jm_config *, struct rng *);
const char *js_fault_text(enum js_fault);

#endif
