/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world.h"

#include <stdio.h>

#include "base/hash.h"

void world_init(struct sim_world *w, const struct sim_plan *plan)
{
    *w = (struct sim_world){ .plan = *plan };
    rng_init(&w->rng, plan->seed ^ 0x5eed0005);
    model_init(&w->model, &w->plan);
    sim_host_init(&w->host, &w->plan);
    w->model.memory_fails = w->plan.door_permille > 0 || w->plan.config.memory_limit > 0;
    for (uint32_t i = 0; i < w->plan.clients; i++)
        client_init(&w->clients[i], &w->host, &w->model, &w->rng, i);
}

void world_deinit(struct sim_world *w)
{
    char text[128];
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        struct sim_client *c = &w->clients[i];
        if (c->pipe.link != NULL) {
            sim_link_finish(c->pipe.link);
            sim_link_drop(c->pipe.link);
        }
        client_deinit(c);
    }
    const char *left = sim_host_deinit(&w->host, text);
    if (left != NULL) model_fail(&w->model, "%s", left);
    if (w->host.log.unexpected[0] != 0)
        model_fail(&w->model, "the server complained: %s", w->host.log.unexpected);
    model_deinit(&w->model);
}

/* ---- a reload is over when every reactor has had two turns, and no password is being checked
 * ---- */

static void note_ticks(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.reactors; i++) w->ticks_at[i] = w->host.ticks[i];
}

static void trace_reload(const struct sim_config *c, const char *what)
{
    fprintf(stderr, "      reload %s\n", what);
    for (uint32_t i = 0; c != NULL && i < c->users_count; i++)
        fprintf(stderr, "      reload: %s account %u pass %s%s: %s\n", c->users[i].name,
                c->users[i].account, c->users[i].pass, c->users[i].is_removed ? " (removed)" : "",
                sim_permissions_text(c->users[i].permissions));
}

void world_reload(struct sim_world *w, const struct sim_config *c)
{
    if (w->model.versions_count == SIM_VERSIONS_MAX) return;
    if (w->host.log.echo) trace_reload(c, "begins");
    model_reload(&w->model, c);
    sim_host_reload(&w->host, c);
    w->is_reloading = true;
    note_ticks(w);
}

static void watch_reload(struct sim_world *w)
{
    if (!w->is_reloading) return;
    if (!sim_worker_idle(&w->host.worker)) {
        note_ticks(w);
        return;
    }
    for (uint32_t i = 0; i < w->plan.reactors; i++)
        if (w->host.ticks[i] < w->ticks_at[i] + 2 && !sim_host_sleeps(&w->host, i)) return;
    w->is_reloading = false;
    if (w->host.log.echo) trace_reload(NULL, "is applied");
    model_reload_applied(&w->model);
}

static void watch_forgotten(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->model.peers_count; i++) {
        struct sim_peer *p = w->model.peers[i];
        if (p->is_forgotten && p->gone == SIM_NEVER) model_gone(&w->model, p);
    }
}

/* ---- monitoring ---- */

void world_scrape(struct sim_world *w, const char *path, const char *query)
{
    if (w->is_reporting || w->is_stopping) return;
    w->report = (struct http_request){
        .method = "GET", .path = path, .query = query, .authorization = ""
    };
    w->is_reporting = true;
    w->reported_at = w->host.clock.now;
    sim_http_ask(&w->host.http, &w->report);
}

static void watch_report(struct sim_world *w)
{
    struct sim_http *h = &w->host.http;
    if (!w->is_reporting) return;
    if (h->has_reply) {
        w->is_reporting = false;
        w->reports++;
        w->report_hash = hash_bytes(buf_slice(&h->body), w->report_hash);
        if (h->status != 200 || h->body.len == 0)
            model_fail(&w->model, "%s?%s is answered with %d and %u bytes", w->report.path,
                       w->report.query, h->status, h->body.len);
    } else if (w->host.clock.now - w->reported_at > 60 * SECOND) {
        model_fail(&w->model, "%s is not answered within a minute", w->report.path);
    }
}

/* ---- steps ---- */

static void step_clients(struct sim_world *w)
{
    uint32_t first = rng_below(&w->rng, w->plan.clients);
    for (uint32_t i = 0; i < w->plan.clients && !model_failed(&w->model); i++) {
        struct sim_client *c = &w->clients[(first + i) % w->plan.clients];
        bool was_in = client_is_in(c);
        if (c->pipe.link == NULL && !w->is_stopping && w->host.clock.now >= c->dial_at)
            client_dial(c);
        client_step(c);
        if (!was_in && client_is_in(c)) workload_begin(w, c);
    }
}

void world_step(struct sim_world *w, nanos by)
{
    bool calm = w->host.net.is_calm;
    w->step++;
    sim_clock_advance(&w->host.clock, by);
    sim_host_tick(&w->host, calm ? 0 : w->plan.idle_permille, w->plan.sleepy_permille);
    watch_reload(w);
    watch_forgotten(w);
    watch_report(w);
    step_clients(w);
}

bool world_until(struct sim_world *w, nanos most, bool (*done)(struct sim_world *))
{
    nanos end = w->host.clock.now + most;
    while (!model_failed(&w->model)) {
        if (done(w)) return true;
        if (w->host.clock.now > end) return false;
        world_step(w, MILLISECOND);
    }
    return false;
}

void world_heal(struct sim_world *w)
{
    w->host.net.is_calm = true;
    for (uint32_t i = 0; i < w->plan.reactors; i++) {
        w->host.reactors->at[i]->door.fail_at = 0;
        w->host.reactors->at[i]->door.bytes_max = 0;
    }
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        struct sim_client *c = &w->clients[i];
        c->reading = SIM_READS_ALL;
        if (c->is_broken) c->broken_until = w->host.clock.now;
    }
}

/* ---- barriers ---- */

static bool answered(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (client_is_in(c) && (c->peer->pongs < c->peer->pings || c->pipe.out.len > 0))
            return false;
    }
    return true;
}

static const struct sim_client *unanswered(const struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (client_is_in(c) && c->peer->pongs < c->peer->pings) return c;
    }
    return NULL;
}

bool world_barrier(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++)
        if (client_is_in(&w->clients[i])) client_ping(&w->clients[i]);
    if (world_until(w, 60 * SECOND, answered)) return true;
    const struct sim_client *c = unanswered(w);
    if (c != NULL)
        model_fail(&w->model, "connection %u waits for a PONG for a minute after the faults ended",
                   c->peer->id);
    else model_fail(&w->model, "some client cannot write for a minute after the faults ended");
    return false;
}
