/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_plan.h"

#include <stdio.h>

#include "base/assert.h"

static uint64_t between(struct rng *r, uint64_t low, uint64_t high)
{
    return low + rng_next(r) % (high - low + 1);
}

static bool chance(struct rng *r, uint32_t permille)
{
    return rng_below(r, 1000) < permille;
}

bool js_plan_is_for(uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed ^ 0x5eed0010);
    return chance(&r, 600);
}

const char *js_fault_text(enum js_fault fault)
{
    static const char *const texts[JS_FAULTS] = {
        "no fault", "slow disk", "full disk", "failing write", "failing sync", "failing reads",
    };
    assert(fault < JS_FAULTS);
    return texts[fault];
}

/* ---- streams ---- */

void js_plan_change_stream(struct jm_config *c, struct rng *r)
{
    c->msgs_max = chance(r, 400) ? between(r, 5, 100) : 0;
    c->per_subject_max = chance(r, 400) ? between(r, 1, 20) : 0;
    c->bytes_max = chance(r, 150) ? between(r, 4000, 40000) : 0;
}

void js_plan_draw_stream(struct jm_config *c, struct rng *r, const char *name)
{
    *c = (struct jm_config){ .window = (nanos)between(r, 20, 120) * SECOND };
    snprintf(c->name, sizeof c->name, "%s", name);
    c->is_file = !chance(r, 200);
    c->is_compressed = c->is_file && chance(r, 250);
    if (chance(r, 450)) c->retention = chance(r, 500) ? JM_INTEREST : JM_WORKQUEUE;
    js_plan_change_stream(c, r);
    c->is_new_refused = chance(r, 150);
    if (chance(r, 150)) c->age_max = (nanos)between(r, 1, 60) * SECOND;
    if (c->age_max > 0 && c->window > c->age_max) c->window = c->age_max;
}

/* ---- rounds ---- */

static void draw_round(struct js_round *round, struct rng *r)
{
    static const enum sim_end ends[] = {
        SIM_END_IN_ORDER,   SIM_END_KILLED,     SIM_END_KILLED,
        SIM_END_POWER_LOST, SIM_END_POWER_LOST, SIM_END_POWER_LOST
    };
    round->steps = (uint32_t)between(r, 30, 400);
    round->end = ends[rng_below(r, ARRAY_COUNT(ends))];
    if (chance(r, 350)) round->fault = 1 + rng_below(r, JS_FAULTS - 1);
    round->fault_after = rng_below(r, round->steps);
    round->is_cut_short = chance(r, 200);
}

/* What was thought of later is drawn from a generator of its own: it shifts nothing else. */
static void draw_rot(struct js_plan *p, uint64_t seed)
{
    struct rng rng;
    static const enum sim_rot_kind kinds[] = {
        SIM_ROT_JOURNAL, SIM_ROT_JOURNAL, SIM_ROT_JOURNAL,    SIM_ROT_BLOCK,
        SIM_ROT_BLOCK,   SIM_ROT_BLOCK,   SIM_ROT_CHECKPOINT, SIM_ROT_IDENTITY,
    };
    rng_init(&rng, seed ^ 0x5eed0013);
    for (uint32_t i = 0; i < p->rounds_count; i++) {
        struct js_round *round = &p->rounds[i];
        if (!chance(&rng, 700)) continue;
        round->rot = kinds[rng_below(&rng, ARRAY_COUNT(kinds))];
        /* of what exists twice one copy may be old for a moment */
        bool is_once = round->rot == SIM_ROT_JOURNAL || round->rot == SIM_ROT_BLOCK;
        round->is_rot_early = chance(&rng, 300) && is_once;
    }
}

/* Some runs are long: blocks fill, checkpoints are rewritten. */
static void draw_length(struct js_plan *p, uint64_t seed)
{
    enum { LONG = 4 };
    struct rng rng;
    rng_init(&rng, seed ^ 0x5eed0016);
    if (!chance(&rng, 200)) return;
    for (uint32_t i = 0; i < p->rounds_count; i++) {
        p->rounds[i].steps *= LONG;
        p->rounds[i].fault_after *= LONG;
    }
}

/* With sync_interval acks do not wait for the disk: what came since the last sync may go with the
 * power, or with a sync that fails, but not with the process. */
static void draw_lazy(struct js_plan *p, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed ^ 0x5eed0019);
    bool is_lazy = chance(&rng, 100);
    p->base.config.syncs_always = !is_lazy && chance(&rng, 200);
    if (!is_lazy) return;
    p->base.config.sync_interval = (nanos)between(&rng, 1, 30) * SECOND;
    for (uint32_t i = 0; i < p->rounds_count; i++) {
        struct js_round *round = &p->rounds[i];
        if (round->end == SIM_END_POWER_LOST) round->end = SIM_END_KILLED;
        if (round->fault == JS_FAULT_SYNC) round->fault = JS_FAULT_NONE;
        round->rot = SIM_ROT_NONE;
        round->is_rot_early = round->is_cut_short = false;
    }
}

void js_plan_draw(struct js_plan *p, uint64_t seed)
{
    static const uint32_t reactors[] = { 1, 1, 2, 4 };
    static const uint32_t sizes[] = { 16, 200, 1000, 1000, 9000, 60000 };
    static const uint32_t windows[] = { 1, 4, 30, 100 };
    struct rng rng, *r = &rng;
    rng_init(r, seed ^ 0x5eed0011);
    *p = (struct js_plan){ .base.seed = seed };
    struct sim_plan *b = &p->base;
    b->reactors = reactors[rng_below(r, ARRAY_COUNT(reactors))];
    b->idle_permille = chance(r, 500) ? 50 : (uint32_t)between(r, 100, 600);
    b->sleepy_permille = chance(r, 300) ? 0 : 700;
    sim_plan_draw_calm_net(b, r);
    sim_plan_calm_config(&b->config);
    b->config.has_streams = true;
    b->config.is_sealed = chance(r, 150);
    b->config.store_cache = chance(r, 200) ? between(r, 64, 512) * KIB : 0;
    p->publishers = (uint32_t)between(r, 1, 4);
    p->servers = (uint32_t)between(r, 1, 3);
    p->streams_count = (uint32_t)between(r, 1, JM_STREAMS);
    for (uint32_t i = 0; i < p->streams_count; i++) {
        char name[JM_NAME];
        snprintf(name, sizeof name, "S%u", i);
        js_plan_draw_stream(&p->streams[i], r, name);
    }
    p->rounds_count = (uint32_t)between(r, 1, JS_ROUNDS_MAX);
    for (uint32_t i = 0; i < p->rounds_count; i++) draw_round(&p->rounds[i], r);
    draw_rot(p, seed);
    draw_length(p, seed);
    draw_lazy(p, seed);
    p->busy_permille = (uint32_t)between(r, 50, 600);
    p->pull_permille = (uint32_t)between(r, 50, 400);
    p->admin_permille = chance(r, 300) ? 0 : (uint32_t)between(r, 5, 60);
    p->leave_permille = chance(r, 600) ? 0 : (uint32_t)between(r, 1, 5);
    p->window = windows[rng_below(r, ARRAY_COUNT(windows))];
    p->payload_max = sizes[rng_below(r, ARRAY_COUNT(sizes))];
    p->nap_permille = chance(r, 500) ? 2 : 15;
    p->step_max = (nanos)between(r, 20, 4000) * MICROSECOND;
    p->busy_reads_permille = chance(r, 500) ? 0 : 300;
}
