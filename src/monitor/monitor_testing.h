/* SPDX-License-Identifier: Apache-2.0 */
/* Monitor_testing: a core with a monitor on sockets of memory. Included by tests only.
 *
 * Thread: the test's. Memory: world_new() and world_free(); a body lives until the next
 * world_get().
 * Time stands still at a known instant unless a test moves `fake->now` and `fake->wall`. */
#ifndef MIDGE_MONITOR_MONITOR_TESTING_H
#define MIDGE_MONITOR_MONITOR_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/listener.h"
#include "core/session.h"
#include "monitor/monitor.h"
#include "net/net_fake.h"

struct world {
    struct fake         *fake;
    struct log           log;
    struct threads       threads;
    struct usage         usage;
    struct usage_now     usage_now;
    struct worker        worker;
    bool                 worker_is_full;
    struct settings      settings;
    struct options      *options;
    struct directory    *directory;
    struct server_identity identity;
    struct core         *core;
    struct listener     *listener;
    struct monitor      *monitor;
    int                  socks;         /* used so far */
    bool                 is_answered;
    struct http_response answer;
};

static inline void world_log(struct log *l, enum log_level level, struct slice text)
{
    (void)l, (void)level, (void)text;
}

static inline void world_usage(struct usage *u, struct usage_now *ret)
{
    *ret = container_of(u, struct world, usage)->usage_now;
}

static inline void world_threads(struct threads *t,
                                 void (*each)(void *ctx, const char *name, const char *doing),
                                 void *ctx)
{
    (void)t;
    each(ctx, "one", "waiting");
    each(ctx, "two 2", "working");
}

static inline enum err world_submit(struct worker *w, struct work *work)
{
    if (container_of(w, struct world, worker)->worker_is_full) return ERR_LIMIT;
    work->run(work);
    work->finished(work);
    return ERR_OK;
}

static inline enum err world_listen(struct net *n, const struct net_listen *l, int *ret_sock,
                                    struct net_addr *ret_bound, struct errmsg *why)
{
    (void)n, (void)why;
    *ret_sock = FAKE_SOCKS - 1;
    *ret_bound = (struct net_addr){ .port = l->port };
    return ERR_OK;
}

static inline void world_release(void *ctx)
{
    (void)ctx;
}

static inline struct monitor_options world_facts(struct world *w)
{
    static const char *const unserved[] = { "mqtt" };
    static const char *const arguments[] = { "midge", "--pass", "canary" };
    return (struct monitor_options){
        .settings = &w->settings,
        .midge_version = "v0.1.0",
        .unserved = unserved,
        .unserved_count = 1,
        .arguments = arguments,
        .arguments_count = 3,
    };
}

/* `configure` may be NULL. */
static inline struct world *world_new(void (*configure)(struct options *))
{
    struct world *w = xcalloc(1, sizeof *w);
    w->fake = fake_new();
    w->log.write = world_log;
    w->usage.read = world_usage;
    w->threads.list = world_threads;
    w->usage_now = (struct usage_now){ 4096, 50 * MILLISECOND, 2, 0 };
    w->worker.submit = world_submit;
    w->fake->net.listen = world_listen;
    w->fake->env.log = &w->log;
    w->fake->env.usage = &w->usage;
    w->fake->env.threads = &w->threads;
    w->fake->env.worker = &w->worker;
    w->options = options_new();
    if (configure != NULL) configure(w->options);
    options_finish(w->options);
    struct directory_setup setup = { .hash_seed = 1, .hidden_suffix = "12345678" };
    assert_int_equal(directory_new(w->options, setup, &w->directory, NULL), ERR_OK);
    w->settings = (struct settings){ .options = w->options,
                                     .directory = w->directory,
                                     .release = world_release };
    atomic_init(&w->settings.refs, 1);
    w->identity = (struct server_identity){
        .id = "NID", .name = "srv", .version = "2.15.2", .go = "C17"
    };
    w->core = core_new(&w->fake->env, w->fake->set, &w->identity, settings_ref(&w->settings));
    struct listener_options lo = { .kind = LISTENER_CLIENT, .port = 4222 };
    assert_int_equal(core_listen(w->core, &lo, &w->listener, NULL), ERR_OK);
    struct monitor_options facts = world_facts(w);
    w->monitor = monitor_new(w->core, &facts);
    fake_run(w->fake);
    return w;
}

/* A client that has said `lines`. Returns its socket. */
static inline int world_client(struct world *w, const char *lines)
{
    struct net_addr peer = { .ip = { 127, 0, 0, 1 }, .port = (uint16_t)(1000 + w->socks) };
    int sock = w->socks++;
    assert_true(sock < FAKE_SOCKS - 1);
    assert_true(listener_admit(w->listener, &peer));
    session_start(w->core->at[0], w->listener, sock, &peer);
    buf_add_str(&w->fake->socks[sock].in, lines);
    fake_run(w->fake);
    return sock;
}

static inline void world_hang_up(struct world *w, int sock)
{
    w->fake->socks[sock].in_ended = true;
    fake_run(w->fake);
}

static inline void world_answered(void *ctx, struct http_response *take_response)
{
    struct world *w = ctx;
    assert_false(w->is_answered);
    buf_deinit(&w->answer.body);
    buf_deinit(&w->answer.location);
    w->answer = *take_response;
    w->is_answered = true;
}

/* Asks; the answer may come with later ticks. */
static inline void world_ask(struct world *w, const char *path, const char *query)
{
    struct monitor_query q = { path, path, query, "" };
    w->is_answered = false;
    monitor_request(w->monitor, &q, world_answered, w);
}

static inline const char *world_body(struct world *w)
{
    assert_true(w->is_answered);
    return buf_str(&w->answer.body);
}

static inline const char *world_get(struct world *w, const char *path, const char *query)
{
    world_ask(w, path, query);
    fake_run(w->fake);
    return world_body(w);
}

/* The body and the status are these. */
static inline void world_expect(struct world *w, const char *path, const char *query, int status,
                                const char *body)
{
    assert_string_equal(world_get(w, path, query), body);
    assert_int_equal(w->answer.status, status);
}

/* The body has this somewhere. */
static inline void world_has(struct world *w, const char *path, const char *query, const char *part)
{
    const char *body = world_get(w, path, query);
    if (strstr(body, part) == NULL) fail_msg("%s?%s has no %s:\n%s", path, query, part, body);
}

static inline void world_lacks(struct world *w, const char *path, const char *query,
                               const char *part)
{
    const char *body = world_get(w, path, query);
    if (strstr(body, part) != NULL) fail_msg("%s?%s has %s:\n%s", path, query, part, body);
}

static inline void world_free(struct world *w)
{
    core_unlisten(w->core, LISTENER_CLIENT);
    core_close_all(w->core);
    for (int i = 0; i < 10; i++) {
        fake_run(w->fake);
        w->fake->now += SECOND;
    }
    assert_true(monitor_is_idle(w->monitor));
    monitor_free(w->monitor);
    core_free(w->core);
    assert_int_equal(atomic_load(&w->settings.refs), 1);
    directory_unref(w->directory);
    options_free(w->options);
    buf_deinit(&w->answer.body);
    buf_deinit(&w->answer.location);
    fake_free(w->fake);
    xfree(w);
}

/* CONNECT of a client, with more of its fields. */
#define CONNECT_AS(fields) "CONNECT {\"verbose\":false,\"pedantic\":false" fields "}\r\n"

#endif
