/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_run.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "sim/js_world.h"

static void work(struct js_world *w, const struct js_round *round)
{
    for (uint32_t i = 0; i < round->steps && !jm_failed(&w->model); i++) {
        nanos by = (nanos)(rng_next(&w->rng) % (uint64_t)w->plan.step_max);
        if (js_world_chance(w, w->plan.nap_permille))
            by = (nanos)rng_below(&w->rng, 30000) * MILLISECOND;
        if (i == round->fault_after) js_world_break(w, round->fault);
        if (i == round->fault_after && round->is_rot_early) js_world_rot(w, round->rot);
        js_world_step(w, by);
        js_work_step(w);
    }
}

static void run_round(struct js_world *w, const struct js_round *round)
{
    js_work_prepare(w);
    work(w, round);
    if (jm_failed(&w->model)) return;
    js_world_restart(w, round);
    if (!jm_failed(&w->model)) js_audit(w);
}

static void finish(struct js_world *w)
{
    js_work_prepare(w);
    js_work_serve(w);
    if (jm_failed(&w->model)) return;
    js_audit(w);
    for (uint32_t i = 0; i < w->model.streams_count && !jm_failed(&w->model); i++) {
        struct jm_stream *s = w->model.streams[i];
        for (uint32_t k = 0; k < s->consumers_count; k++)
            if (s->consumers[k]->creation == JM_DONE && s->consumers[k]->deletion == JM_REFUSED)
                jm_audit_served(&w->model, s->consumers[k]);
    }
}

static void report(const struct js_world *w, struct sim_result *ret)
{
    const struct jm *m = &w->model;
    ret->step = w->step;
    ret->published = m->msgs_count;
    ret->delivered = m->delivered;
    ret->connections = m->restarts;
    ret->dues_met = m->checked;
    ret->rotten = m->rotten;
    ret->damaged = m->damaged;
    uint64_t parts[] = { w->host.net.hash, w->host.log.hash, m->now,
                         w->state_hash,    m->delivered,     m->acked };
    ret->hash = hash_bytes(slice_of(parts, sizeof parts), w->plan.base.seed);
}

void js_run(const struct js_plan *plan, bool trace, struct sim_result *ret)
{
    struct js_world *w = xcalloc(1, sizeof *w);
    *ret = (struct sim_result){ 0 };
    js_world_init(w, plan);
    w->host.log.echo = trace;
    atomic_store(&w->host.log.base.debug, trace);
    for (uint32_t i = 0; i < plan->rounds_count && !jm_failed(&w->model); i++)
        run_round(w, &w->plan.rounds[i]);
    if (!jm_failed(&w->model)) finish(w);
    report(w, ret);
    snprintf(ret->failure, sizeof ret->failure, "%s", w->model.failure);
    js_world_deinit(w);
    if (ret->failure[0] == 0) snprintf(ret->failure, sizeof ret->failure, "%s", w->model.failure);
    xfree(w);
}

void js_run_seed(uint64_t seed, bool trace, struct sim_result *ret)
{
    struct js_plan plan;
    js_plan_draw(&plan, seed);
    js_run(&plan, trace, ret);
}
