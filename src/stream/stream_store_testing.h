/* SPDX-License-Identifier: Apache-2.0 */
/* Stream_store_testing: file streams on a store on a disk of memory, that ends and starts again.
 * Included by tests only.
 *
 * Thread: the test's. Memory: file_world_new() and file_world_free(); a stream of before an end is
 * gone, the_stream() is the one of after. */
#ifndef MIDGE_STREAM_STREAM_STORE_TESTING_H
#define MIDGE_STREAM_STREAM_STORE_TESTING_H

#include "env/disk_memory.h"
#include "stream/stream_restore.h"
#include "stream/stream_sections.h"
#include "stream/stream_testing.h"

struct file_world {
    struct streams_world *w;
    struct disk_memory   *disk;
    struct disks          disks;
    struct store_options  options;
    uint32_t              failures, reports;
};

static inline struct file_world *of_disks(struct disks *d)
{
    return container_of(d, struct file_world, disks);
}

static inline enum err open_disk(struct disks *d, const char *directory, bool read_only,
                                 struct disk **ret, struct errmsg *why)
{
    (void)directory;
    (void)why;
    of_disks(d)->disk->is_read_only = read_only;
    *ret = &of_disks(d)->disk->base;
    return ERR_OK;
}

static inline void close_disk(struct disks *d, struct disk *disk)
{
    of_disks(d)->disk->is_read_only = false;
    (void)disk;
}

static inline struct store_owner *found(void *ctx, const struct store_found *what)
{
    struct file_world *f = ctx;
    f->w->js.store = what->store;
    struct stream *s = stream_recover(&f->w->js, what);
    return s == NULL ? NULL : &s->owner;
}

static inline void failed(void *ctx, enum err e, const char *what)
{
    struct file_world *f = ctx;
    f->failures++;
    (void)what;
    for (uint32_t i = 0; i < f->w->account.streams_count; i++)
        stream_fail(f->w->account.streams[i], e);
}

static inline void report(void *ctx, const char *what)
{
    struct file_world *f = ctx;
    f->reports++;
    (void)what;
}

static inline void open_store(struct file_world *f)
{
    const struct store_host host = {
        .ctx = f, .owner_found = found, .on_failed = failed, .on_report = report
    };
    struct errmsg why = { "" };
    struct streams_world *w = f->w;
    enum err e = store_open(&f->options, &host, &w->js.store, &why);
    if (e != ERR_OK) fail_msg("%s", why.text);
    reactor_set_disk(jetstream_reactor(&w->js), store_queue(w->js.store));
    streams_hidden_sort(&w->js);
    for (uint32_t i = 0; i < w->account.streams_count; i++) stream_start(w->account.streams[i]);
}

static inline struct file_world *closed_world_new(uint64_t seed)
{
    struct file_world *f = xcalloc(1, sizeof *f);
    f->w = streams_world_new(1);
    f->disk = disk_memory_new(seed);
    f->disks = (struct disks){ open_disk, close_disk };
    f->w->world->fake->env.disks = &f->disks;
    f->options = (struct store_options){
        .env = &f->w->world->fake->env,
        .wake = reactor_wake,
        .wake_ctx = jetstream_reactor(&f->w->js),
        .directory = "midge",
        .journal_cap = 16 << 10,
        .segment_first = 4096,
        .segment_max = 32768,
        .rewrite_min = 8192,
        .slice_budget = 256,
        .reserve_bytes = 4096,
    };
    return f;
}

static inline struct file_world *file_world_new(uint64_t seed)
{
    struct file_world *f = closed_world_new(seed);
    open_store(f);
    return f;
}

/* Until nothing is on its way. */
static inline void settle(struct file_world *f)
{
    struct store *store = f->w->js.store;
    for (uint32_t i = 0; i < 10000; i++) {
        world_run(f->w->world);
        store_tick(store, jetstream_reactor(&f->w->js)->now);
        disk_memory_settle(f->disk, store_queue(store));
        world_run(f->w->world);
        struct store_stats stats;
        store_stats(store, &stats);
        bool is_calm = store_next_due(store) > jetstream_reactor(&f->w->js)->now;
        bool is_idle = (stats.journal.is_idle && is_calm) || stats.is_failed;
        if (store_queue(store)->in_flight == 0 && is_idle) break;
        f->w->world->fake->now += MICROSECOND;
    }
    for (uint32_t i = 0; i < f->w->account.streams_count; i++)
        stream_check(f->w->account.streams[i]);
}

static inline void leave(struct file_world *f)
{
    struct streams_world *w = f->w;
    while (w->account.streams_count > 0) {
        struct stream *s = w->account.streams[0];
        js_account_remove(&w->account, s);
        stream_free(s);
    }
    streams_end(&w->js);
    w->js.is_ending = true;
    streams_hidden_free(&w->js);
    w->js.is_ending = false;
    reactor_set_disk(jetstream_reactor(&w->js), NULL);
    w->js.store = store_close(w->js.store);
    w->account.store_used = w->js.store_used = 0;
}

static inline void drain(struct file_world *f)
{
    while (store_queue(f->w->js.store)->in_flight > 0) {
        (void)disk_memory_finish_all(f->disk);
        (void)disk_queue_poll(store_queue(f->w->js.store));
    }
}

static inline void stop(struct file_world *f)
{
    store_stop(f->w->js.store);
    for (uint32_t i = 0; i < 10000 && !store_is_idle(f->w->js.store); i++) settle(f);
    assert_true(store_is_idle(f->w->js.store));
    leave(f);
    open_store(f);
}

/* A power cut, or the process dies. Its journal must notice before it is closed. */
static inline void crash(struct file_world *f, bool power)
{
    if (power) disk_memory_crash(f->disk);
    else disk_memory_kill(f->disk);
    f->failures = 0;
    drain(f);
    for (uint32_t i = 0; i < 20 && f->failures == 0; i++) {
        (void)world_say(f->w->world, f->w->client, "PUB a.dead 1\r\nx\r\n");
        store_tick(f->w->js.store, f->w->world->fake->now += SECOND);
        drain(f);
    }
    assert_true(f->failures > 0);
    leave(f);
    disk_memory_start(f->disk);
    open_store(f);
}

static inline void file_world_free(struct file_world *f)
{
    store_stop(f->w->js.store);
    for (uint32_t i = 0; i < 10000 && !store_is_idle(f->w->js.store); i++) settle(f);
    leave(f);
    disk_memory_free(f->disk);
    streams_world_free(f->w);
    xfree(f);
}

static inline const char *publish(struct file_world *f, const char *subject, const char *header,
                                  const char *payload)
{
    const char *now = streams_publish(f->w, subject, header, payload);
    settle(f);
    const char *later = world_take(f->w->world, f->w->client);
    return now[0] != '\0' ? now : streams_body(f->w, later);
}

static inline struct stream *make(struct file_world *f, const char *more)
{
    AUTO_FREE(arena) arena = arena_new();
    AUTO_FREE(json_doc) doc = NULL;
    struct stream_config c = streams_config_default();
    struct js_error error;
    struct stream *s;
    char json[512];
    snprintf(json, sizeof json, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"storage\":\"file\"%s}",
             more);
    assert_int_equal(json_doc_parse(slice_str(json), NULL, &doc), ERR_OK);
    assert_int_equal(json_table_read(&stream_config_table, json_doc_root(doc), arena, &c, NULL),
                     ERR_OK);
    assert_int_equal(stream_create(&f->w->account, &c, &s, &error), ERR_OK);
    settle(f);
    assert_true(s->is_created);
    return s;
}

static inline struct stream *the_stream(struct file_world *f)
{
    assert_int_equal(f->w->account.streams_count, 1);
    return f->w->account.streams[0];
}

/* Second by second, as a server that runs. */
static inline void run_for(struct file_world *f, uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i++) {
        streams_wait(f->w, SECOND);
        settle(f);
    }
}

#endif
