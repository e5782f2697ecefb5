/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "sim/world.h"

enum { SUBS_MAX = 14, BACKLOG_MAX = 512 * 1024 };

static bool chance(struct sim_world *w, uint32_t permille)
{
    return permille > 0 && rng_below(&w->rng, 1000) < permille;
}

/* ---- what a client does ---- */

static void do_sub(struct sim_world *w, struct sim_client *c)
{
    char pattern[SIM_SUBJECT_MAX];
    sim_draw_subject(&w->plan, &w->rng, true, pattern);
    int group = chance(w, 350) ? (int)rng_below(&w->rng, SIM_GROUPS) : -1;
    (void)client_sub(c, pattern, group);
}

static struct sim_sub *some_sub(struct sim_world *w, struct sim_client *c)
{
    if (c->peer->subs_count == 0) return NULL;
    struct sim_sub *s = c->peer->subs[rng_below(&w->rng, c->peer->subs_count)];
    bool is_over = s->unsub_sent != SIM_NEVER || s->ended != SIM_NEVER || s->max > 0;
    return is_over ? NULL : s;
}

static void do_unsub(struct sim_world *w, struct sim_client *c)
{
    struct sim_sub *s = some_sub(w, c);
    if (s != NULL) client_unsub(c, s, 0);
}

static void do_unsub_max(struct sim_world *w, struct sim_client *c)
{
    struct sim_sub *s = some_sub(w, c);
    if (s != NULL) client_unsub(c, s, 1 + rng_below(&w->rng, 20) + s->got * rng_below(&w->rng, 2));
}

static void do_pub(struct sim_world *w, struct sim_client *c)
{
    uint32_t burst = 1 + (chance(w, 200) ? rng_below(&w->rng, 20) : rng_below(&w->rng, 3));
    for (uint32_t i = 0; i < burst && c->pipe.out.len < BACKLOG_MAX; i++) {
        char subject[SIM_SUBJECT_MAX];
        sim_draw_subject(&w->plan, &w->rng, false, subject);
        client_pub(c, subject, NULL, sim_draw_size(&w->plan, &w->rng), chance(w, 300));
    }
}

static void do_request(struct sim_world *w, struct sim_client *c)
{
    char subject[SIM_SUBJECT_MAX];
    sim_draw_subject(&w->plan, &w->rng, false, subject);
    if (chance(w, 300)) snprintf(subject, sizeof subject, "nobody.%u", rng_below(&w->rng, 3));
    client_pub(c, subject, "?", sim_draw_size(&w->plan, &w->rng), chance(w, 300));
}

static void do_ping(struct sim_world *w, struct sim_client *c)
{
    (void)w;
    client_ping(c);
}

static const struct {
    uint32_t weight;
    void (*act)(struct sim_world *, struct sim_client *);
} acts[] = {
    { 42, do_pub },  { 16, do_request }, { 13, do_sub },
    { 18, do_ping }, { 6, do_unsub },    { 5, do_unsub_max },
};

static void act(struct sim_world *w, struct sim_client *c)
{
    uint32_t draw = rng_below(&w->rng, 100);
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        if (draw < acts[i].weight) {
            if (acts[i].act != do_sub || c->peer->subs_count < SUBS_MAX) acts[i].act(w, c);
            return;
        }
        draw -= acts[i].weight;
    }
}

void workload_begin(struct sim_world *w, struct sim_client *c)
{
    char inbox[SIM_SUBJECT_MAX];
    snprintf(inbox, sizeof inbox, "_INBOX.%u.*", c->peer->id);
    c->answers = chance(w, 500);
    if (chance(w, 800)) client_sub(c, inbox, -1)->is_inbox = true;
    for (uint32_t i = rng_below(&w->rng, 4); i > 0; i--) do_sub(w, c);
    if (chance(w, 700)) client_ping(c);
    if (w->host.net.is_calm) return;
    if (chance(w, w->plan.never_permille)) c->reading = SIM_READS_NEVER;
    else if (chance(w, w->plan.slow_permille)) c->reading = SIM_READS_LITTLE;
    if (c->reading != SIM_READS_ALL) model_may_close(c->peer, "it reads too little");
}

/* ---- what befalls a client ---- */

static void speak_junk(struct sim_world *w, struct sim_client *c)
{
    static const char *const junk[] = {
        "FOO\r\n", "PUB a\r\n", "PUB a 3\r\nabcde\r\n", "SUB\r\n", "PUB a 99999999\r\n",
    };
    client_raw(c, junk[rng_below(&w->rng, ARRAY_COUNT(junk))]);
    model_may_close(c->peer, "it speaks junk");
    c->is_broken = true;
    c->broken_until = w->host.clock.now + 10 * SECOND;
}

static void befall(struct sim_world *w, struct sim_client *c)
{
    if (chance(w, w->plan.leave_permille)) {
        switch (rng_below(&w->rng, 3)) {
        case 0: client_leave(c); break;
        case 1: client_reset(c); break;
        default: client_cut(c); break;
        }
    } else if (chance(w, w->plan.junk_permille)) {
        speak_junk(w, c);
    }
}

static void scrape(struct sim_world *w)
{
    static const struct {
        const char *path, *query;
    } pages[] = {
        { "/varz", "" },
        { "/connz", "subs=1" },
        { "/connz", "state=all&auth=1" },
        { "/subsz", "subs=1" },
        { "/accountz", "" },
        { "/accstatz", "unused=1" },
        { "/healthz", "" },
        { "/metrics", "" },
        { "/stacksz", "" },
        { "/connz", "sort=pending&state=closed" },
    };
    uint32_t which = rng_below(&w->rng, ARRAY_COUNT(pages));
    world_scrape(w, pages[which].path, pages[which].query);
}

void workload_step(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        struct sim_client *c = &w->clients[i];
        if (!client_is_in(c)) continue;
        if (chance(w, w->plan.busy_permille) && c->pipe.out.len < BACKLOG_MAX) act(w, c);
        befall(w, c);
    }
    if (chance(w, w->plan.reload_permille)) {
        struct sim_config changed = *model_config(&w->model);
        sim_config_change(&changed, &w->rng);
        world_reload(w, &changed);
    }
    if (chance(w, 10)) scrape(w);
    if (chance(w, w->plan.door_permille)) {
        struct door *door = &w->host.reactors->at[rng_below(&w->rng, w->plan.reactors)]->door;
        door->fail_at = door->calls + 1 + rng_below(&w->rng, 20);
    }
    if (chance(w, w->plan.jump_permille))
        sim_clock_jump(&w->host.clock, ((nanos)rng_below(&w->rng, 2000) - 1000) * SECOND);
}
