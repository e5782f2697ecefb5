/* SPDX-License-Identifier: Apache-2.0 */
/* Msgs_file_testing: messages in files on a disk of memory, with blocks so small that a few
 * messages fill one. Included by tests only.
 *
 * Memory: files_setup() and files_teardown(). A stream that is made must be freed by
 * files_close(). */
#ifndef MIDGE_STORE_MSGS_FILE_TESTING_H
#define MIDGE_STORE_MSGS_FILE_TESTING_H

#include "base/alloc.h"
#include "env/disk_memory.h"
#include "store/msgs_file.h"
#include "store/msgs_testing.h"

struct files {
    struct suite             suite;
    struct disk_memory      *disk;
    struct disk_queue       *queue;
    struct store_cache      *cache;
    struct msgs_file_options options;
    uint64_t                 nonces;
    struct rng               rng;
    int                      failures;
    uint64_t                 incarnation; /* of the last one that was made */
};

static inline void files_wake(void *ctx)
{
    (void)ctx;
}

static inline void files_failed(void *ctx, enum err e, const char *what)
{
    struct files *w = ctx;
    (void)e;
    (void)what;
    w->failures++;
}

/* ---- a seal that tests can see through ---- */

static inline uint64_t files_tag(struct slice context, const uint8_t *plain, uint32_t len)
{
    uint64_t sum = 14695981039346656037U;
    for (uint32_t i = 0; i < context.len; i++) sum = (sum ^ context.ptr[i]) * 1099511628211U;
    for (uint32_t i = 0; i < len; i++) sum = (sum ^ plain[i]) * 1099511628211U;
    return sum;
}

static inline void files_seal_close(void *ctx, const uint8_t nonce[24], struct slice context,
                                    struct slice plain, uint8_t *ret_sealed)
{
    (void)ctx;
    uint64_t tag = files_tag(context, plain.ptr, plain.len);
    for (uint32_t i = 0; i < plain.len; i++)
        ret_sealed[i] = (uint8_t)(plain.ptr[i] ^ (nonce[i % 8] + i * 13));
    for (uint32_t i = 0; i < 16; i++) ret_sealed[plain.len + i] = (uint8_t)(tag >> 8 * (i % 8));
}

static inline enum err files_seal_open(void *ctx, const uint8_t nonce[24], struct slice context,
                                       struct slice sealed, uint8_t *ret_plain)
{
    (void)ctx;
    uint32_t len = sealed.len - 16;
    for (uint32_t i = 0; i < len; i++)
        ret_plain[i] = (uint8_t)(sealed.ptr[i] ^ (nonce[i % 8] + i * 13));
    uint64_t tag = files_tag(context, ret_plain, len);
    for (uint32_t i = 0; i < 16; i++)
        if (sealed.ptr[len + i] != (uint8_t)(tag >> 8 * (i % 8))) return ERR_CORRUPT;
    return ERR_OK;
}

static inline void files_seal_nonce(void *ctx, uint8_t ret_nonce[24])
{
    struct files *w = ctx;
    w->nonces++;
    for (uint32_t i = 0; i < 24; i++) ret_nonce[i] = (uint8_t)(w->nonces >> 8 * (i % 8));
}

static inline void files_seal(struct files *w)
{
    w->options.seal = (struct journal_seal){ .ctx = w,
                                             .overhead = 16,
                                             .close = files_seal_close,
                                             .open = files_seal_open,
                                             .nonce = files_seal_nonce };
}

/* ---- life ---- */

static inline void files_start(struct files *w)
{
    struct disk *d = &w->disk->base;
    static const char *const names[] = { "streams", "quarantine", "checkpoint" };
    w->queue = d->queue_new(d, files_wake, NULL);
    w->cache = store_cache_new(w->options.tail_size * (uint64_t)8, STORE_CACHE_FILES);
    w->options.queue = w->queue;
    w->options.cache = w->cache;
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_int_equal(d->make_dir(d, names[i]), ERR_OK);
    assert_int_equal(d->sync_dir(d, ""), ERR_OK);
}

static inline void files_stop(struct files *w)
{
    w->queue->ops->free(w->queue);
    w->cache = store_cache_free(w->cache);
}

static inline struct files *files_setup(uint64_t seed)
{
    struct files *w = xcalloc(1, sizeof *w);
    w->disk = disk_memory_new(seed);
    rng_init(&w->rng, seed + 100);
    w->options = (struct msgs_file_options){
        .disk = &w->disk->base,
        .store_id = UINT64_C(0x1122334455667788),
        .block_size = 4096,
        .chunk_size = 512,
        .tail_size = 1024,
        .ctx = w,
        .on_failed = files_failed,
    };
    files_start(w);
    return w;
}

static inline void files_teardown(struct files *w)
{
    files_stop(w);
    (void)disk_memory_free(w->disk);
    xfree(w);
}

static inline struct msgs *files_make(struct files *w, uint64_t first_sequence)
{
    w->options.incarnation = ++w->incarnation;
    return msgs_file_new(&w->options, first_sequence);
}

static inline void files_settle(struct files *w)
{
    disk_memory_settle(w->disk, w->queue);
}

static inline struct msgs *files_close(struct files *w, struct msgs *m)
{
    msgs_file_stop(m);
    files_settle(w);
    assert_true(msgs_file_is_idle(m));
    return msgs_free(m);
}

/* ---- messages ---- */

static inline void files_add(struct msgs *m, uint64_t sequence, const char *subject,
                             const char *payload)
{
    struct stored msg = { .sequence = sequence,
                          .time = (nanos)sequence * SECOND,
                          .subject = slice_str(subject),
                          .payload = slice_str(payload) };
    msgs_append(m, &msg);
}

/* OK with the message in `*ret`, or what is wrong with it. */
static inline enum err files_get(struct files *w, struct msgs *m, uint64_t sequence,
                                 struct stored *ret)
{
    struct loading g = { .load.done = loading_done };
    enum err e = msgs_load(m, sequence, 0, &g.load);
    if (e == ERR_BUSY) {
        files_settle(w);
        assert_true(g.is_done);
        e = g.e;
    }
    *ret = g.load.msg;
    return e;
}

#endif
