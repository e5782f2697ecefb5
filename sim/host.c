/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host.h"

#include <stdio.h>

#include "base/assert.h"

/* ---- the server ---- */

static enum err server_begin(struct sim_host *h, const struct sim_config *c, struct errmsg *why)
{
    struct server_setup setup = { .env = &h->env,
                                  .reactors = h->reactors,
                                  .midge_version = "sim",
                                  .program = "midge-sim",
                                  .process_id = 1 };
    enum err e = server_new(&setup, sim_config_options(c), &h->server, why);
    return e ? e : server_start(h->server, why);
}

uint16_t sim_host_port(const struct sim_host *h)
{
    return server_client_port(h->server);
}

void sim_host_reload(struct sim_host *h, const struct sim_config *c)
{
    struct errmsg why;
    enum err e = server_reload(h->server, sim_config_options(c), &why);
    assert(e == ERR_OK);
}

void sim_host_drain(struct sim_host *h)
{
    server_drain(h->server);
}

void sim_host_stop(struct sim_host *h)
{
    server_stop(h->server);
}

bool sim_host_is_idle(const struct sim_host *h)
{
    for (uint32_t i = 0; i < h->reactors->count; i++)
        if (h->reactors->at[i]->connections > 0 || mailbox_has_work(h->reactors->at[i]))
            return false;
    return server_is_idle(h->server);
}

bool sim_host_is_drained(const struct sim_host *h)
{
    return server_is_drained(h->server);
}

/* ---- the machine ---- */

void sim_host_init(struct sim_host *h, const struct sim_plan *p)
{
    *h = (struct sim_host){ 0 };
    rng_init(&h->rng, p->seed ^ 0x5eed0001);
    sim_clock_init(&h->clock);
    sim_entropy_init(&h->entropy, p->seed ^ 0x5eed0002);
    sim_net_init(&h->net, &h->clock, p->seed ^ 0x5eed0003);
    sim_files_init(&h->files, p->seed);
    sim_disks_init(&h->disks, &h->clock, p->seed ^ 0x5eed0006);
    sim_log_init(&h->log);
    sim_worker_init(&h->worker, &h->clock, p->seed ^ 0x5eed0004);
    sim_http_init(&h->http);
    sim_usage_init(&h->usage, &h->clock);
    sim_threads_init(&h->threads);
    h->net.options = p->net;
    h->plan = p;
    h->env = (struct env){ &h->clock.base,
                           &h->entropy.base,
                           &h->net.base,
                           &h->files.base,
                           &h->disks.base,
                           &h->log.base,
                           &h->worker.base,
                           &h->http.base,
                           &h->usage.base,
                           &h->threads,
                           "" };
    struct errmsg why;
    bool has_begun = sim_host_begin(h, &why);
    if (!has_begun) fprintf(stderr, "sim: the server does not start: %s\n", why.text);
    assert(has_begun);
}

bool sim_host_begin(struct sim_host *h, struct errmsg *why)
{
    assert(h->server == NULL);
    h->reactors = reactors_new(&h->env, h->plan->reactors, h->plan->config.memory_limit);
    return server_begin(h, &h->plan->config, why) == ERR_OK;
}

bool sim_host_sleeps(const struct sim_host *h, uint32_t reactor)
{
    struct reactor *r = h->reactors->at[reactor];
    const struct sim_poller *p = container_of(r->poller, struct sim_poller, base);
    return p->asleep_until > h->clock.now && !sim_poller_ready(p) && !mailbox_has_work(r);
}

void sim_host_tick(struct sim_host *h, uint32_t idle_permille, uint32_t sleepy_permille)
{
    uint32_t count = h->reactors->count;
    uint32_t first = rng_below(&h->rng, count);
    uint32_t step = count > 1 && rng_below(&h->rng, 2) == 0 ? count - 1 : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct reactor *r = h->reactors->at[(first + i * step) % count];
        if (rng_below(&h->rng, 1000) < idle_permille || sim_host_sleeps(h, r->id)) continue;
        bool sleepy = rng_below(&h->rng, 1000) < sleepy_permille;
        h->ticks[r->id]++;
        uint32_t done = reactor_tick(r, sleepy ? NANOS_MAX : 0);
        if (done > 0) container_of(r->poller, struct sim_poller, base)->asleep_until = 0;
    }
    (void)sim_worker_step(&h->worker);
    (void)sim_disks_step(&h->disks);
}

static bool doors_shut(struct sim_host *h, char ret_text[128])
{
    for (uint32_t i = 0; i < h->reactors->count; i++) {
        struct reactor *r = h->reactors->at[i];
        outpool_deinit(&r->pool);
        if (r->door.bytes == 0) continue;
        snprintf(ret_text, 128, "%llu bytes were not given back to the door of reactor %u",
                 (unsigned long long)r->door.bytes, i);
        return false;
    }
    return true;
}

/* What the disks have done is over only when its reactor has polled it. */
static bool is_quiet(const struct sim_host *h)
{
    for (uint32_t i = 0; i < h->reactors->count; i++) {
        const struct disk_queue *disk = h->reactors->at[i]->disk;
        if (disk != NULL && disk->in_flight > 0) return false;
    }
    return sim_worker_idle(&h->worker) && sim_disks_idle(&h->disks);
}

/* A turn of all, without faults. */
static void turn(struct sim_host *h)
{
    sim_clock_advance(&h->clock, MILLISECOND);
    for (uint32_t k = 0; k < h->reactors->count; k++) (void)reactor_tick(h->reactors->at[k], 0);
    (void)sim_worker_step(&h->worker);
    (void)sim_disks_step(&h->disks);
}

/* What was retired waits for a few quiet ticks of every reactor. A server that never comes to rest
 * ends the run. */
static void settle(struct sim_host *h)
{
    nanos limit = h->clock.now + 600 * SECOND;
    for (int quiet = 0; quiet < 50; quiet = is_quiet(h) ? quiet + 1 : 0) {
        assert(h->clock.now < limit);
        turn(h);
    }
}

void sim_host_wind_down(struct sim_host *h)
{
    nanos limit = h->clock.now + 60 * SECOND;
    if (h->server != NULL) server_stop(h->server);
    while (h->server != NULL && !sim_host_is_idle(h) && h->clock.now < limit) turn(h);
}

void sim_host_end(struct sim_host *h, enum sim_end how)
{
    if (how == SIM_END_POWER_LOST) sim_disks_crash(&h->disks);
    if (how == SIM_END_KILLED) sim_disks_kill(&h->disks);
    sim_host_wind_down(h);
    settle(h);
    for (uint32_t i = 0; i < h->reactors->count; i++) outpool_deinit(&h->reactors->at[i]->pool);
    h->server = server_free(h->server);
    h->reactors = reactors_free(h->reactors);
}

const char *sim_host_deinit(struct sim_host *h, char ret_text[128])
{
    const char *left = NULL;
    bool has_streams = h->plan->config.has_streams; /* their subscriptions end with the server */
    settle(h);
    if (!doors_shut(h, ret_text) && !has_streams) left = ret_text;
    h->server = server_free(h->server);
    h->reactors = reactors_free(h->reactors);
    if (left == NULL && sim_net_open(&h->net) > 0) {
        snprintf(ret_text, 128, "%u sockets were not closed", sim_net_open(&h->net));
        left = ret_text;
    }
    sim_net_deinit(&h->net);
    sim_files_deinit(&h->files);
    sim_disks_deinit(&h->disks);
    sim_http_deinit(&h->http);
    return left;
}

void sim_host_trace(const struct sim_host *h, const char *who, const char *way, struct slice bytes)
{
    assert(who != NULL && way != NULL);
    fprintf(stderr, "%10.3f ms client %s %s ", (double)h->clock.now / (double)MILLISECOND, who,
            way);
    for (uint32_t i = 0; i < bytes.len; i++) {
        char ch = (char)bytes.ptr[i];
        if (ch == '\r') continue;
        fputc(ch >= ' ' && ch <= '~' ? ch : ch == '\n' ? '|' : '?', stderr);
    }
    fputc('\n', stderr);
}
