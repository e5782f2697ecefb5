/* SPDX-License-Identifier: Apache-2.0 */
/* Core_fake: a real core on reactors with sockets of memory, for tests. Included by tests only.
 *
 * Thread: the test's. Memory: world_new() and world_free(), which demands that nothing is left.
 * A client is the number of its socket; what it was sent gathers until world_take(). */
#ifndef MIDGE_CORE_CORE_FAKE_H
#define MIDGE_CORE_CORE_FAKE_H

#include <stdio.h>

#include "core/check.h"
#include "core/core.h"
#include "core/listener.h"
#include "core/session.h"
#include "core/strangers.h"
#include "net/limbo.h"
#include "net/net_fake.h"

struct world {
    struct fake *fake;
    struct core *core;
    struct listener listener;
    struct log log;
    struct buf logged;
    struct options *options;        /* of the newest settings */
    uint32_t clients;               /* sockets given out */
    uint32_t settings_alive;
    struct buf taken;
    struct worker worker;
    struct work *work;              /* of that worker; NULL: none */
};

static inline void world_log(struct log *l, enum log_level level, struct slice text)
{
    struct world *w = container_of(l, struct world, log);
    (void)level;
    buf_add(&w->logged, text);
    buf_add_byte(&w->logged, '\n');
}

struct world_settings {
    struct settings settings;
    struct options *options;
    struct world *world;
};

static inline void world_settings_release(void *ctx)
{
    struct world_settings *ws = ctx;
    directory_unref(ws->settings.directory);
    options_free(ws->options);
    ws->world->settings_alive--;
    xfree(ws);
}

/* Settings of these options, which are moved in. */
static inline struct settings *world_settings(struct world *w, struct options *take_options)
{
    struct world_settings *ws = xcalloc(1, sizeof *ws);
    struct directory_setup setup = { .hash_seed = 7, .hidden_suffix = "abcdefgh" };
    struct errmsg why;
    ws->world = w;
    ws->options = take_options;
    ws->settings.options = take_options;
    ws->settings.release = world_settings_release;
    ws->settings.ctx = ws;
    atomic_init(&ws->settings.refs, 1);
    enum err e = directory_new(take_options, setup, &ws->settings.directory, &why);
    assert(e == ERR_OK);
    w->settings_alive++;
    w->options = take_options;
    return &ws->settings;
}

/* The worker keeps one work until world_work(). */
static inline enum err world_keep_work(struct worker *worker, struct work *work)
{
    struct world *w = container_of(worker, struct world, worker);
    assert(w->work == NULL);
    assert(work->finished != NULL);
    w->work = work;
    return ERR_OK;
}

/* `take_options`: NULL for the defaults. */
static inline struct world *world_new(uint32_t reactors, struct options *take_options)
{
    static const struct server_identity identity = {
        .id = "NTEST", .name = "test", .version = "2.15.2", .go = "none", .xkey = "XTEST"
    };
    struct world *w = xcalloc(1, sizeof *w);
    w->fake = fake_new_many(reactors);
    w->log.write = world_log;
    w->fake->env.log = &w->log;
    w->worker.submit = world_keep_work;
    w->fake->env.worker = &w->worker;
    if (take_options == NULL) take_options = options_new();
    w->core = core_new(&w->fake->env, w->fake->set, &identity, world_settings(w, take_options));
    w->listener = (struct listener){ .core = w->core, .sock = -1, .bound.port = 4222 };
    w->listener.options.host = "127.0.0.1";
    return w;
}

static inline void world_run(struct world *w)
{
    (void)fake_run(w->fake);
    (void)fake_run(w->fake);        /* what was posted in the last quiet tick */
    core_check(w->core);
}

/* What this client was sent since the last time. Valid until the next call. */
static inline const char *world_take(struct world *w, uint32_t client)
{
    assert(client < w->clients);
    struct buf *out = &w->fake->socks[client].out;
    w->taken.len = 0;
    buf_add(&w->taken, buf_slice(out));
    out->len = 0;
    return buf_str(&w->taken);
}

static inline void world_put(struct world *w, uint32_t client, const char *bytes)
{
    assert(client < w->clients);
    buf_add_str(&w->fake->socks[client].in, bytes);
}

/* Puts the bytes, runs, and gives what this client was sent. */
static inline const char *world_say(struct world *w, uint32_t client, const char *bytes)
{
    world_put(w, client, bytes);
    world_run(w);
    return world_take(w, client);
}

/* The worker does what it has kept, and the answer comes home. */
static inline void world_work(struct world *w)
{
    struct work *work = w->work;
    assert(work != NULL);
    w->work = NULL;
    work->run(work);
    work->finished(work);
    world_run(w);
}

/* A client of this listener on this reactor, from this address (its port is set here), which is
 * let in. */
static inline uint32_t world_arrive_at(struct world *w, struct listener *l, uint32_t reactor,
                                       struct net_addr from)
{
    uint32_t sock = w->clients++;
    from.port = (uint16_t)(1000 + sock);
    assert(sock < FAKE_SOCKS);
    assert(reactor < w->fake->set->count);
    bool is_admitted = listener_admit(l, &from);
    assert(is_admitted);
    session_start(w->core->at[reactor], l, (int)sock, &from);
    world_run(w);
    return sock;
}

static inline uint32_t world_arrive(struct world *w, uint32_t reactor, struct net_addr from)
{
    return world_arrive_at(w, &w->listener, reactor, from);
}

static const struct net_addr world_localhost = { .ip = { 127, 0, 0, 1 } };

/* A client on this reactor, who has seen INFO. */
static inline uint32_t world_accept(struct world *w, uint32_t reactor)
{
    uint32_t sock = world_arrive(w, reactor, world_localhost);
    (void)world_take(w, sock);
    return sock;
}

static inline bool world_is_closed(const struct world *w, uint32_t client)
{
    assert(client < w->clients);
    return w->fake->socks[client].closed;
}

/* The session of an open client. */
static inline struct session *world_session(struct world *w, uint32_t client)
{
    assert(client < w->clients);
    assert(w->fake->socks[client].owner != NULL);       /* the end of one has nobody there */
    return container_of(w->fake->socks[client].owner, struct session, conn.watch);
}

#define WORLD_CONNECT(more)                                                             \
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true" more \
    "}\r\n"

/* A client that has said CONNECT, with headers. */
static inline uint32_t world_client(struct world *w, uint32_t reactor)
{
    uint32_t client = world_accept(w, reactor);
    (void)world_say(w, client, WORLD_CONNECT(""));
    assert(!world_is_closed(w, client));
    assert(world_session(w, client)->is_connected);
    return client;
}

/* The same, past the first PING, which comes within 2.4 s: none comes for two minutes now. */
static inline uint32_t world_client_settled(struct world *w, uint32_t reactor)
{
    uint32_t client = world_client(w, reactor);
    w->fake->now += 3 * SECOND;
    world_run(w);
    assert(strcmp(world_take(w, client), "PING\r\n") == 0);
    (void)world_say(w, client, "PONG\r\n");
    assert(!world_is_closed(w, client));
    return client;
}

static inline bool world_is_quiet(const struct world *w)
{
    for (uint32_t i = 0; i < w->fake->set->count; i++) {
        const struct reactor *r = w->fake->set->at[i];
        if (r->connections > 0 || !limbo_is_empty(r->limbo) ||
            !list_empty(&w->core->at[i]->sweeping))
            return false;
    }
    return true;
}

/* Closes everything and checks that no session, chunk or byte of a door is left. */
static inline void world_free(struct world *w)
{
    core_close_all(w->core);
    (void)fake_run(w->fake);
    for (int i = 0; i < 10000 && !world_is_quiet(w); i++) {
        w->fake->now += 2 * MILLISECOND;
        (void)fake_tick(w->fake);
    }
    assert(world_is_quiet(w));
    assert(w->work == NULL);            /* a test finishes what it began */
    assert(core_clients(w->core) == 0);
    for (uint32_t i = 0; i < w->fake->set->count; i++) {
        struct reactor *r = w->fake->set->at[i];
        assert(r->pool.in_use == 0);
        outpool_deinit(&r->pool);
        outpool_init(&r->pool, &r->door);
    }
    struct account *a;
    for (uint32_t i = 0; (a = accounts_at(w->core->accounts, i)) != NULL; i++)
        (void)interest_check(a->interest);
    core_free(w->core);
    assert(w->settings_alive == 0);
    fake_free(w->fake);
    buf_deinit(&w->logged);
    buf_deinit(&w->taken);
    xfree(w);
}

#endif
