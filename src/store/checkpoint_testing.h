/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint_testing: a checkpoint log on a disk of memory, and a model of what it must remember.
 * Included by tests only.
 *
 * The model is a table of values by key. What is changed since the last list is dirty and goes into
 * the next one; slices show the values of the moment. After a start the table must be that of the
 * last list whose `done` was called, or of the one that was on its way, with its position. A
 * disagreement is noted in `complaint`, the first one only.
 * Memory: world_new() and world_free(). */
#ifndef MIDGE_STORE_CHECKPOINT_TESTING_H
#define MIDGE_STORE_CHECKPOINT_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/le.h"
#include "base/rng.h"
#include "env/disk_memory.h"
#include "store/checkpoint.h"

enum { KEYS = 24, KINDS = 4, SLICE_KEYS = 5, SEAL_OVERHEAD = 16, WITHDRAWN = 64 };

/* A value's bytes follow from its id: 0 is none. */
struct table {
    journal_pos pos;
    uint64_t    ids[KEYS];
};

struct world {
    struct disk_memory       *disk;
    struct disk_queue        *queue;
    struct checkpoint        *log;
    struct checkpoint_options options;
    struct rng                rng;

    uint64_t     next_id;
    uint64_t     nonces;
    journal_pos  pos;
    struct table live;
    bool         is_dirty[KEYS];
    struct table safe;
    struct table flight;
    bool         is_flight; /* begun, and not known to be safe */
    struct table withdrawn[WITHDRAWN]; /* what it was before it was amended */
    uint32_t     withdrawn_count;
    bool         is_committed;
    uint32_t     cursor; /* of slices */
    uint32_t     rewrites, slices;

    struct table loaded;
    uint32_t     damages;
    journal_pos  damage_after;
    uint32_t     dones;
    enum err     done_with;
    uint32_t     failures;
    enum err     failed_with;
    struct errmsg why; /* of the last start that failed */
    char         complaint[256];
};

static inline void complain(struct world *w, const char *what, uint64_t number)
{
    if (w->complaint[0] != '\0') return;
    (void)snprintf(w->complaint, sizeof w->complaint, "%s (%llu)", what,
                   (unsigned long long)number);
}

/* ---- values ---- */

static inline uint32_t value_len(uint64_t id)
{
    uint64_t mixed = id * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t len = (uint32_t)(mixed >> 40) % 200;
    return (mixed >> 20) % 16 == 0 ? 8 + len * 10 : 8 + len;
}

static inline uint8_t value_byte(uint64_t id, uint32_t at)
{
    return (uint8_t)(id * 131 + at * 7 + (id >> 8));
}

static inline void value_add(struct world *w, uint32_t key)
{
    uint64_t id = w->live.ids[key];
    uint32_t len = value_len(id);
    uint8_t *to = checkpoint_add(w->log, 1 + key / KINDS, key % KINDS, len);
    le_put_u64(to, id);
    for (uint32_t i = 8; i < len; i++) to[i] = value_byte(id, i);
}

static inline bool value_is_good(const struct checkpoint_section *s, uint32_t key)
{
    if (key >= KEYS || s->kind >= KINDS || s->bytes.len < 8) return false;
    uint64_t id = le_get_u64(s->bytes.ptr);
    if (id % KEYS != key || s->bytes.len != value_len(id)) return false;
    for (uint32_t i = 8; i < s->bytes.len; i++)
        if (s->bytes.ptr[i] != value_byte(id, i)) return false;
    return true;
}

/* ---- what the log tells and asks ---- */

static inline void world_on_section(void *ctx, const struct checkpoint_section *s)
{
    struct world *w = ctx;
    uint32_t key = (uint32_t)(s->owner - 1) * KINDS + s->kind;
    if (value_is_good(s, key)) w->loaded.ids[key] = le_get_u64(s->bytes.ptr);
    else complain(w, "a section is not what was written", key);
}

static inline void world_on_damage(void *ctx, journal_pos after)
{
    struct world *w = ctx;
    w->damages++;
    w->damage_after = after;
}

static inline void world_on_failed(void *ctx, enum err e, const char *what)
{
    struct world *w = ctx;
    (void)what;
    w->failures++;
    w->failed_with = e;
}

static inline bool world_slice(void *ctx, struct checkpoint *log, bool is_first)
{
    struct world *w = ctx;
    (void)log;
    if (is_first) w->cursor = 0;
    if (is_first) w->rewrites++;
    w->slices++;
    for (uint32_t i = 0; i < SLICE_KEYS && w->cursor < KEYS; i++, w->cursor++)
        if (w->live.ids[w->cursor] != 0) value_add(w, w->cursor);
    return w->cursor < KEYS;
}

static inline void world_on_done(void *ctx, enum err e)
{
    struct world *w = ctx;
    w->dones++;
    w->done_with = e;
    w->is_committed = false;
    if (e) return; /* it may be there, or not */
    w->safe = w->flight;
    w->is_flight = false;
    w->withdrawn_count = 0;
}

/* ---- a seal that tests can see through ---- */

static inline uint8_t seal_key(const uint8_t *nonce, uint32_t i)
{
    return (uint8_t)(nonce[i % 8] + i * 13 + 5);
}

static inline void seal_tag(const uint8_t *nonce, struct slice context, struct slice plain,
                            uint8_t *ret)
{
    uint64_t sum = 1469598103934665603U;
    for (uint32_t i = 0; i < context.len; i++) sum = (sum ^ context.ptr[i]) * 1099511628211U;
    for (uint32_t i = 0; i < plain.len; i++) sum = (sum ^ plain.ptr[i]) * 1099511628211U;
    for (uint32_t i = 0; i < SEAL_OVERHEAD; i++)
        ret[i] = (uint8_t)((sum >> (8 * (i % 8))) ^ nonce[i]);
}

static inline void seal_close(void *ctx, const uint8_t nonce[24], struct slice context,
                              struct slice plain, uint8_t *ret_sealed)
{
    (void)ctx;
    for (uint32_t i = 0; i < plain.len; i++) ret_sealed[i] = plain.ptr[i] ^ seal_key(nonce, i);
    seal_tag(nonce, context, plain, ret_sealed + plain.len);
}

static inline enum err seal_open(void *ctx, const uint8_t nonce[24], struct slice context,
                                 struct slice sealed, uint8_t *ret_plain)
{
    (void)ctx;
    uint8_t tag[SEAL_OVERHEAD];
    uint32_t len = sealed.len - SEAL_OVERHEAD;
    for (uint32_t i = 0; i < len; i++) ret_plain[i] = sealed.ptr[i] ^ seal_key(nonce, i);
    seal_tag(nonce, context, slice_of(ret_plain, len), tag);
    return memcmp(tag, sealed.ptr + len, sizeof tag) == 0 ? ERR_OK : ERR_CORRUPT;
}

static inline void seal_nonce(void *ctx, uint8_t ret_nonce[24])
{
    struct world *w = ctx;
    w->nonces++;
    for (uint32_t i = 0; i < 24; i++) ret_nonce[i] = (uint8_t)(w->nonces >> (8 * (i % 8)));
}

static inline void world_seal(struct world *w)
{
    w->options.seal = (struct journal_seal){ .ctx = w,
                                             .overhead = SEAL_OVERHEAD,
                                             .close = seal_close,
                                             .open = seal_open,
                                             .nonce = seal_nonce };
}

/* ---- life ---- */

static inline void world_wake(void *ctx)
{
    (void)ctx;
}

static inline struct world *world_new(uint64_t seed)
{
    struct world *w = xcalloc(1, sizeof *w);
    rng_init(&w->rng, seed);
    w->disk = disk_memory_new(seed + 1);
    w->options = (struct checkpoint_options){
        .disk = &w->disk->base,
        .directory = "checkpoint",
        .store_id = UINT64_C(0x1122334455667788),
        .rewrite_min = 16384,
        .ctx = w,
        .on_failed = world_on_failed,
        .slice = world_slice,
    };
    return w;
}

static inline bool table_equal(const struct table *a, const struct table *b)
{
    return a->pos == b->pos && memcmp(a->ids, b->ids, sizeof a->ids) == 0;
}

/* A list that is gone in both copies was reported; else the table is a promised one. */
static inline void world_compare(struct world *w)
{
    bool is_safe = table_equal(&w->loaded, &w->safe);
    bool is_flight = w->is_flight && table_equal(&w->loaded, &w->flight);
    for (uint32_t i = 0; i < w->withdrawn_count; i++)
        is_flight |= table_equal(&w->loaded, &w->withdrawn[i]);
    if (!is_safe && !is_flight && w->damages == 0)
        complain(w, "the state is none that was promised", w->loaded.pos);
}

static inline enum err world_load(struct world *w, bool read_only)
{
    const struct checkpoint_load load = { .ctx = w,
                                          .on_section = world_on_section,
                                          .on_damage = world_on_damage };
    w->damages = 0;
    w->loaded = (struct table){ 0 };
    w->options.queue = w->queue;
    w->why.text[0] = '\0';
    return checkpoint_open(&w->options, &load, read_only, &w->log, &w->loaded.pos, &w->why);
}

/* What a check at rest sees; it changes nothing. */
static inline struct table world_peek(struct world *w)
{
    bool was_read_only = w->disk->is_read_only;
    w->disk->is_read_only = true;
    enum err e = world_load(w, true);
    if (e) complain(w, "a check at rest fails", e);
    else w->log = checkpoint_close(w->log);
    w->disk->is_read_only = was_read_only;
    return w->loaded;
}

static inline enum err world_open(struct world *w)
{
    w->queue = w->disk->base.queue_new(&w->disk->base, world_wake, w);
    enum err e = world_load(w, false);
    if (e) {
        w->queue->ops->free(w->queue);
        w->queue = NULL;
        w->log = NULL;
        return e;
    }
    world_compare(w);
    w->live = w->safe = w->loaded;
    w->is_flight = w->is_committed = false;
    w->withdrawn_count = 0;
    memset(w->is_dirty, 0, sizeof w->is_dirty);
    return ERR_OK;
}

static inline void world_settle(struct world *w)
{
    disk_memory_settle(w->disk, w->queue);
}

static inline void world_end(struct world *w)
{
    while (w->queue->in_flight > 0) {
        (void)disk_memory_finish_all(w->disk);
        (void)disk_queue_poll(w->queue);
    }
    w->log = checkpoint_close(w->log);
    w->queue->ops->free(w->queue);
    w->queue = NULL;
}

static inline void world_crash(struct world *w, bool power)
{
    if (power) disk_memory_crash(w->disk);
    else disk_memory_kill(w->disk);
    if (w->log != NULL) world_end(w);
    disk_memory_start(w->disk);
    w->failures = 0;
}

static inline struct world *world_free(struct world *w)
{
    if (w->log != NULL) world_crash(w, false);
    w->disk = disk_memory_free(w->disk);
    return xfree(w);
}

/* ---- what a store does ---- */

static inline void world_set(struct world *w, uint32_t key)
{
    assert_true(key < KEYS);
    w->live.ids[key] = ++w->next_id * KEYS + key;
    w->is_dirty[key] = true;
    w->pos++;
}

static inline void world_begin(struct world *w)
{
    w->live.pos = w->pos;
    w->flight = w->live;
    w->is_flight = true;
    checkpoint_begin(w->log, w->pos);
    for (uint32_t i = 0; i < KEYS; i++) {
        if (w->is_dirty[i]) value_add(w, i);
        w->is_dirty[i] = false;
    }
}

/* Every second section goes, and is told again. */
static inline bool world_keeps(void *ctx, const struct checkpoint_section *s)
{
    struct world *w = ctx;
    uint32_t key = (uint32_t)(s->owner - 1) * KINDS + s->kind;
    bool stays = key % 2 == 0 && !w->is_dirty[key];
    w->is_dirty[key] |= !stays;
    return stays;
}

/* The list that waits for space says what is live now. */
static inline void world_amend(struct world *w)
{
    assert_true(w->withdrawn_count < WITHDRAWN);
    w->withdrawn[w->withdrawn_count++] = w->flight;
    w->live.pos = w->pos;
    w->flight = w->live;
    checkpoint_amend(w->log, w->pos, world_keeps, w);
    for (uint32_t i = 0; i < KEYS; i++) {
        if (w->is_dirty[i]) value_add(w, i);
        w->is_dirty[i] = false;
    }
    checkpoint_commit(w->log, world_on_done, w);
}

static inline void world_commit(struct world *w)
{
    w->is_committed = true;
    checkpoint_commit(w->log, world_on_done, w);
}

/* One list with one change, safe. */
static inline void world_put(struct world *w, uint32_t key)
{
    world_set(w, key);
    world_begin(w);
    world_commit(w);
    world_settle(w);
}

/* A clean stop. */
static inline void world_close(struct world *w)
{
    world_settle(w);
    world_end(w);
}

#endif
