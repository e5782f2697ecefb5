/* SPDX-License-Identifier: Apache-2.0 */
/* Cold_testing: a stage whose messages are in files on a disk of memory, and none of whose indexes
 * is in memory: what asks for them is told to wait. Included by tests only.
 *
 * Thread: the test's. Memory: cold_new() and cold_free(). */
#ifndef MIDGE_STREAM_COLD_TESTING_H
#define MIDGE_STREAM_COLD_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "env/disk_memory.h"
#include "store/msgs_file.h"
#include "stream/consumer_testing.h"

/* Of s.c, s.a and s.b in turn, in blocks of a few, many more than the cache has room for. */
enum { COLD_MESSAGES = 4000 };

struct cold {
    struct stage       *stage;
    struct disk_memory *disk;
    struct disk_queue  *queue;
    struct store_cache *cache;
    uint32_t            flushed;
};

static inline void cold_failed(void *ctx, enum err e, const char *what)
{
    (void)ctx;
    fail_msg("%s: error %d", what, e);
}

static inline void cold_wake(void *ctx)
{
    assert_non_null(ctx);
}

static inline void cold_flushed(void *ctx, enum err e)
{
    struct cold *c = ctx;
    assert_int_equal(e, ERR_OK);
    c->flushed++;
}

static inline struct msgs *cold_messages(struct cold *c)
{
    static const char *const subjects[] = { "s.c", "s.a", "s.b" };
    const struct msgs_file_options options = {
        .disk = &c->disk->base,
        .queue = c->queue,
        .cache = c->cache,
        .store_id = 1,
        .incarnation = 1,
        .block_size = 4096,
        .chunk_size = 512,
        .tail_size = 1024,
        .ctx = c,
        .on_failed = cold_failed,
    };
    struct msgs *m = msgs_file_new(&options, 1);
    for (uint64_t i = 1; i <= COLD_MESSAGES; i++) {
        const struct stored one = { .sequence = i,
                                    .time = (nanos)i * SECOND,
                                    .subject = slice_str(subjects[i % 3]),
                                    .payload = SLICE_LIT("some bytes of a message") };
        msgs_append(m, &one);
    }
    msgs_file_flush(m, cold_flushed, c);
    disk_memory_settle(c->disk, c->queue);
    assert_int_equal(c->flushed, 1);
    return m;
}

static inline struct cold *cold_new(void)
{
    static const char *const folders[] = { "streams", "quarantine" };
    struct cold *c = xcalloc(1, sizeof *c);
    c->stage = stage_new();
    c->disk = disk_memory_new(7);
    struct disk *d = &c->disk->base;
    c->queue = d->queue_new(d, cold_wake, c);
    c->cache = store_cache_new(1024, STORE_CACHE_FILES);
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++)
        assert_int_equal(d->make_dir(d, folders[i]), ERR_OK);
    assert_int_equal(d->sync_dir(d, ""), ERR_OK);
    struct stream *s = &c->stage->stream;
    s->msgs = msgs_free(s->msgs);
    s->msgs = cold_messages(c);
    return c;
}

static inline void cold_free(struct cold *c)
{
    struct stream *s = &c->stage->stream;
    struct msgs *files = s->msgs;
    LIST_EACH(&s->consumers->all, node) consumer_stop(container_of(node, struct consumer, node));
    s->msgs = msgs_memory_new(1);
    msgs_file_stop(files);
    disk_memory_settle(c->disk, c->queue);
    assert_true(msgs_file_is_idle(files));
    (void)msgs_free(files);
    stage_free(c->stage);
    c->queue->ops->free(c->queue);
    c->cache = store_cache_free(c->cache);
    (void)disk_memory_free(c->disk);
    xfree(c);
}

/* Until nothing is read any more. Gives what the client was sent. */
static inline const char *cold_run(struct cold *c)
{
    for (bool is_reading = true; is_reading;) {
        stage_run(c->stage);
        is_reading = c->queue->in_flight > 0;
        disk_memory_settle(c->disk, c->queue);
    }
    return world_take(c->stage->world, c->stage->client);
}

#endif
