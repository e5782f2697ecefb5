/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run.h"

#include <stdio.h>

#include "base/hash.h"
#include "sim/world.h"

/* ---- safety: anything may happen, nothing wrong may be seen ---- */

static void with_faults(struct sim_world *w)
{
    while (w->step < w->plan.steps && !model_failed(&w->model)) {
        nanos by = (nanos)(rng_next(&w->rng) % (uint64_t)w->plan.step_max);
        if (rng_below(&w->rng, 100) == 0) by = (nanos)rng_below(&w->rng, 300) * MILLISECOND;
        if (rng_below(&w->rng, 4) == 0) by = 0;
        world_step(w, by);
        workload_step(w);
    }
}

/* ---- liveness: the faults are over, all must be well soon ---- */

static bool can_log_in(const struct sim_world *w)
{
    const struct sim_config *c = model_config(&w->model);
    for (uint32_t i = 0; i < c->users_count; i++)
        if (!c->users[i].is_removed) return true;
    return c->users_count == 0;
}

static bool all_in(struct sim_world *w)
{
    if (w->is_reloading) return false;
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (!client_is_in(c) || c->peer->in == SIM_NEVER) return !can_log_in(w);
    }
    return true;
}

static void say_something(struct sim_world *w)
{
    char subject[SIM_SUBJECT_MAX];
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        if (!client_is_in(&w->clients[i])) continue;
        (void)client_sub(&w->clients[i], "a.>", -1);
        (void)client_sub(&w->clients[i], ">", 0);
    }
    if (!world_barrier(w)) return;
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        if (!client_is_in(&w->clients[i])) continue;
        sim_draw_subject(&w->plan, &w->rng, false, subject);
        client_pub(&w->clients[i], subject, "?", 100, false);
        client_pub(&w->clients[i], "a.live", NULL, 30, false);
    }
    /* requests, their answers, and what both must have caused */
    for (int i = 0; i < 3; i++)
        if (!world_barrier(w)) return;
}

/* Who is not in, for the report. */
static void blame(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (client_is_in(c) && c->peer->in != SIM_NEVER) continue;
        model_fail(&w->model, "client %u (%s, %s) is not in two minutes after the faults ended", i,
                   c->pipe.link == NULL ? "not dialled"
                   : c->is_broken  ? "broken"
                                        : "dialled",
                   c->peer == NULL ? "no INFO" : "no PONG");
    }
    model_fail(&w->model, "a reload is not applied two minutes after the faults ended");
}

static void without_faults(struct sim_world *w)
{
    world_heal(w);
    if (!world_until(w, 120 * SECOND, all_in)) {
        blame(w);
        return;
    }
    for (int i = 0; i < 2; i++)
        if (!world_barrier(w)) return;
    say_something(w);
    if (!model_failed(&w->model)) model_finish(&w->model);
}

/* ---- the end ---- */

static bool is_idle(struct sim_world *w)
{
    return sim_host_is_idle(&w->host);
}

static bool is_drained(struct sim_world *w)
{
    return sim_host_is_drained(&w->host);
}

static void end(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->model.peers_count; i++)
        model_may_close(w->model.peers[i], "the server stops");
    w->is_stopping = true;
    if (rng_below(&w->rng, 3) == 0) {
        sim_host_drain(&w->host);
        if (!world_until(w, 60 * SECOND, is_drained))
            model_fail(&w->model, "lame duck has not ended after a minute");
    }
    sim_host_stop(&w->host);
    nanos limit = w->host.clock.now + 10 * SECOND;
    while (!is_idle(w) && w->host.clock.now < limit) world_step(w, MILLISECOND);
    if (!is_idle(w)) model_fail(&w->model, "the server has not stopped after ten seconds");
}

static void report(const struct sim_world *w, struct sim_result *ret)
{
    ret->step = w->step;
    ret->published = w->model.msgs_count;
    ret->delivered = w->model.delivered;
    ret->connections = w->model.peers_count;
    ret->dues_met = w->model.dues_met;
    uint64_t parts[] = { w->host.net.hash, w->reports,   w->report_hash,
                         w->host.log.hash, w->model.now, w->model.delivered };
    ret->hash = hash_bytes(slice_of(parts, sizeof parts), w->plan.seed);
}

void sim_run(const struct sim_plan *plan, const struct sim_run_options *options,
             struct sim_result *ret)
{
    struct sim_world *w = xcalloc(1, sizeof *w);
    *ret = (struct sim_result){ 0 };
    world_init(w, plan);
    w->host.log.echo = options->trace;
    atomic_store(&w->host.log.base.debug, options->trace);
    w->model.mischief = options->mischief;
    with_faults(w);
    if (!model_failed(&w->model)) without_faults(w);
    report(w, ret);
    snprintf(ret->failure, sizeof ret->failure, "%s", w->model.failure);
    end(w);
    world_deinit(w);
    if (ret->failure[0] == 0) snprintf(ret->failure, sizeof ret->failure, "%s", w->model.failure);
    xfree(w);
}

void sim_run_seed(uint64_t seed, const struct sim_run_options *options, struct sim_result *ret)
{
    struct sim_plan plan;
    sim_plan_draw(&plan, seed);
    sim_run(&plan, options, ret);
}
