/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/machine.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/map.h"

/* ---- time ---- */

/* 2026-01-01, so that dates in reports look like dates. */
static const nanos FIRST_WALL = 1767225600 * SECOND;

static nanos clock_now(struct clock *base)
{
    return container_of(base, struct sim_clock, base)->now;
}

static nanos clock_wall(struct clock *base)
{
    struct sim_clock *c = container_of(base, struct sim_clock, base);
    return c->now + c->wall_offset;
}

void sim_clock_init(struct sim_clock *c)
{
    *c = (struct sim_clock){ .base = { clock_now, clock_wall }, .now = SECOND };
    c->wall_offset = FIRST_WALL;
}

void sim_clock_advance(struct sim_clock *c, nanos by)
{
    assert(by >= 0);
    c->now += by;
}

void sim_clock_jump(struct sim_clock *c, nanos by)
{
    c->wall_offset += by;
}

/* ---- entropy, usage ---- */

static void entropy_fill(struct entropy *base, void *bytes, size_t size)
{
    struct sim_entropy *e = container_of(base, struct sim_entropy, base);
    uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t)rng_next(&e->rng);
}

void sim_entropy_init(struct sim_entropy *e, uint64_t seed)
{
    e->base.fill = entropy_fill;
    rng_init(&e->rng, seed);
}

static void usage_read(struct usage *base, struct usage_now *ret_now)
{
    struct sim_usage *u = container_of(base, struct sim_usage, base);
    *ret_now = (struct usage_now){ .resident_bytes = 8 * MIB,
                                   .cpu_time = u->clock->now / 10,
                                   .cores = 2 };
}

/* Nothing here has a size. */
static void usage_trim(struct usage *base)
{
    (void)base;
}

void sim_usage_init(struct sim_usage *u, struct sim_clock *clock)
{
    u->base.read = usage_read;
    u->base.trim = usage_trim;
    u->clock = clock;
}

/* ---- files ---- */

static enum err files_read(struct files *base, const char *path, size_t size_max,
                           struct buf *ret_bytes, struct errmsg *why)
{
    struct sim_files *f = container_of(base, struct sim_files, base);
    if (f->fail) return errmsg_set(why, ERR_IO, "%s: input/output error", path);
    struct buf *found = map_find(f->by_path, slice_str(path));
    if (found == NULL) return errmsg_set(why, ERR_NOTFOUND, "%s: no such file", path);
    if (found->len > size_max) return errmsg_set(why, ERR_LIMIT, "%s: too long", path);
    buf_add(ret_bytes, buf_slice(found));
    return ERR_OK;
}

void sim_files_put(struct sim_files *f, const char *path, struct slice bytes)
{
    struct buf *b = map_find(f->by_path, slice_str(path));
    if (b == NULL) {
        b = xcalloc(1, sizeof *b);
        (void)map_set(f->by_path, slice_str(path), b);
    }
    b->len = 0;
    buf_add(b, bytes);
}

static enum err files_write(struct files *base, const char *path, struct slice bytes, uint32_t mode,
                            struct errmsg *why)
{
    struct sim_files *f = container_of(base, struct sim_files, base);
    (void)mode;
    if (f->fail) return errmsg_set(why, ERR_IO, "%s: input/output error", path);
    sim_files_put(f, path, bytes);
    return ERR_OK;
}

static void file_free(struct buf *b)
{
    if (b == NULL) return;
    buf_deinit(b);
    xfree(b);
}

static void files_remove(struct files *base, const char *path)
{
    struct sim_files *f = container_of(base, struct sim_files, base);
    file_free(map_remove(f->by_path, slice_str(path)));
}

void sim_files_init(struct sim_files *f, uint64_t seed)
{
    *f = (struct sim_files){ .base = { files_read, files_write, files_remove } };
    f->by_path = map_new(seed);
}

void sim_files_deinit(struct sim_files *f)
{
    struct slice key;
    void *value;
    for (uint32_t at = 0; map_next(f->by_path, &at, &key, &value);) file_free(value);
    f->by_path = map_free(f->by_path);
}

/* ---- log ---- */

/* What the server complains of because a simulated client or the network gave cause. */
static const char *const expected[] = {
    "Violation",
    "authentication error",
    "Client parser ERROR",
    " Parse Error: ",
    " Bad or Missing ",
    "processHeaderPub Header Size larger",
    "message headers not supported",
    " - CONNECT: ",
    "JSON input",
    "invalid character ",
    "maximum payload exceeded",
    "out of file descriptors",
    "out of memory for its input or output",
    "Client Error",
};

static bool is_expected(struct slice text)
{
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        struct slice want = slice_str(expected[i]);
        for (uint32_t at = 0; at + want.len <= text.len; at++)
            if (memcmp(text.ptr + at, want.ptr, want.len) == 0) return true;
    }
    return false;
}

static void log_write(struct log *base, enum log_level level, struct slice text)
{
    struct sim_log *l = container_of(base, struct sim_log, base);
    l->count[level]++;
    l->hash = hash_bytes(text, l->hash + (uint64_t)level);
    if (l->echo) fprintf(stderr, "      log %d %.*s\n", (int)level, SLICE_ARGS(text));
    if (l->on_line != NULL) l->on_line(l->ctx, text);
    if (level > LOG_ERROR || l->unexpected[0] != 0 || is_expected(text)) return;
    snprintf(l->unexpected, sizeof l->unexpected, "%.*s", SLICE_ARGS(text));
}

void sim_log_init(struct sim_log *l)
{
    *l = (struct sim_log){ .base.write = log_write };
    atomic_init(&l->base.debug, false);
    atomic_init(&l->base.trace, false);
    atomic_init(&l->base.trace_system, false);
}

/* ---- worker ---- */

static enum err worker_submit(struct worker *base, struct work *work)
{
    struct sim_worker *w = container_of(base, struct sim_worker, base);
    if (w->count >= w->count_max) return ERR_LIMIT;
    w->count++;
    list_add_tail(&w->queue, &work->node);
    return ERR_OK;
}

void sim_worker_init(struct sim_worker *w, struct sim_clock *clock, uint64_t seed)
{
    *w = (struct sim_worker){ .base.submit = worker_submit, .clock = clock };
    rng_init(&w->rng, seed);
    list_init(&w->queue);
    w->delay_max = 200 * MILLISECOND;
    w->count_max = 64;
}

bool sim_worker_step(struct sim_worker *w)
{
    if (w->clock->now < w->busy_until) return false;
    struct list *node = list_pop(&w->queue);
    if (node == NULL) return false;
    struct work *work = container_of(node, struct work, node);
    w->count--;
    w->busy_until = w->clock->now + (nanos)(rng_next(&w->rng) % (uint64_t)(w->delay_max + 1));
    work->run(work);
    work->finished(work);
    return true;
}

bool sim_worker_idle(const struct sim_worker *w)
{
    return list_empty(&w->queue);
}

/* ---- threads ---- */

static void threads_list(struct threads *threads,
                         void (*each)(void *ctx, const char *name, const char *doing), void *ctx)
{
    (void)threads;
    each(ctx, "sim", "playing every thread");
}

void sim_threads_init(struct threads *t)
{
    *t = (struct threads){ .list = threads_list };
}

/* ---- http ---- */

static enum err http_start(struct http *base, const struct http_options *options,
                           struct net_addr *ret_bound, struct errmsg *why)
{
    struct sim_http *h = container_of(base, struct sim_http, base);
    (void)why;
    h->options = *options;
    h->is_started = true;
    *ret_bound = (struct net_addr){ .ip = { 127, 0, 0, 1 }, .port = options->port };
    return ERR_OK;
}

static void http_reply(struct http *base, struct http_request *request,
                       struct http_response *take_response)
{
    struct sim_http *h = container_of(base, struct sim_http, base);
    (void)request;
    assert(!h->has_reply);
    h->has_reply = true;
    h->status = take_response->status;
    buf_deinit(&h->body);
    h->body = take_response->body;
    take_response->body = (struct buf){ 0 };
}

/* There is no TLS here: what was made for it goes at once. */
static void http_renew(struct http *base, const struct http_tls *take_tls)
{
    (void)base;
    if (take_tls->release != NULL) take_tls->release(take_tls->owner);
}

static void http_stop(struct http *base)
{
    container_of(base, struct sim_http, base)->is_started = false;
}

void sim_http_init(struct sim_http *h)
{
    *h = (struct sim_http){
        .base = { .start = http_start, .renew = http_renew, .reply = http_reply, .stop = http_stop }
    };
}

void sim_http_deinit(struct sim_http *h)
{
    buf_deinit(&h->body);
}

void sim_http_ask(struct sim_http *h, struct http_request *request)
{
    assert(h->is_started);
    h->has_reply = false;
    h->options.handle(h->options.ctx, request);
}
