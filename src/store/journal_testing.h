/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_testing: a journal on a disk of memory, and a model of what it must remember. Included by
 * tests only.
 *
 * The model knows each record that was added, and whether it was handed up. What the journal hands
 * up is compared with it at once; what a start replays and reports is compared when it is open.
 * A disagreement is noted in `complaint`, the first one only: a test asserts that there is none, or
 * (when the disk lies) that there is one.
 * Memory: world_setup() and world_teardown(). */
#ifndef MIDGE_STORE_JOURNAL_TESTING_H
#define MIDGE_STORE_JOURNAL_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/rng.h"
#include "env/disk_memory.h"
#include "store/journal.h"

enum { WORLD_OWNERS = 5, WORLD_DAMAGE = 512, SEAL_OVERHEAD = 16 };

enum entry_state { ENTRY_WAITS, ENTRY_SAFE, ENTRY_LOST };

struct entry {
    journal_pos      pos;
    uint64_t         owner;
    uint64_t         sequence;
    uint64_t         id; /* its body follows from it */
    uint32_t         len;
    enum entry_state state;
    bool             is_seen;   /* by the last replay */
    bool             may_erase; /* asked for */
    bool             is_erased; /* done, or seen so */
};

struct world {
    struct disk_memory    *disk;
    struct disk_queue     *queue;
    struct journal        *journal;
    struct journal_options options;
    struct rng             rng;
    nanos                  now;

    struct entry *entries;
    uint32_t      count;
    uint32_t      cap;
    uint32_t      handed;   /* entries before this one are not waiting */
    journal_pos   released; /* the checkpoint that a start would find */
    journal_pos     known; /* for the next start; 0: nobody says */
    uint64_t      sequences[WORLD_OWNERS];
    uint64_t      nonces;

    struct journal_damage damage[WORLD_DAMAGE];
    uint32_t              damages;
    uint32_t              replayed; /* batches, by the last start */
    uint32_t              batches;  /* handed up while running */
    uint32_t              failures;
    enum err              failed_with;
    uint32_t              erases; /* that came back */
    enum err              erased_with;
    bool                  allows_loss; /* of handed batches at the end: LAZY and a power cut */
    bool                  allows_unerased; /* the write that erases may get lost */
    bool                  is_unmarked; /* the last batch may rot unnoticed */
    char                  complaint[256];
};

static inline void complain(struct world *w, const char *what, uint64_t number)
{
    if (w->complaint[0] != '\0') return;
    (void)snprintf(w->complaint, sizeof w->complaint, "%s (%llu)", what,
                   (unsigned long long)number);
}

/* ---- bodies ---- */

static inline uint8_t body_byte(uint64_t id, uint32_t at)
{
    return (uint8_t)(hash_u64(id << 32 | at) | 1); /* never 0: erased is something else */
}

static inline bool body_is(const struct entry *e, struct slice body, bool erased)
{
    if (body.len != e->len) return false;
    for (uint32_t i = 0; i < body.len; i++)
        if (body.ptr[i] != (erased ? 0 : body_byte(e->id, i))) return false;
    return true;
}

static inline void compare(struct world *w, struct entry *e, const struct journal_record *r)
{
    if (r->owner != e->owner || r->sequence != e->sequence || r->kind != (uint32_t)e->id)
        complain(w, "a record is not the one that was added", e->pos);
    bool is_plain = body_is(e, r->body, false) && (!e->is_erased || w->allows_unerased);
    bool is_gone = body_is(e, r->body, true) && (e->may_erase || e->len == 0);
    if (!is_plain && !is_gone) complain(w, "a body is not what was written", e->pos);
    if (is_gone && !is_plain) e->is_erased = true;
}

/* ---- what the journal tells ---- */

/* The entries of one batch must be all of it. */
static inline void compare_batch(struct world *w, uint32_t first, const struct journal_batch *b)
{
    struct journal_record r;
    uint32_t at = 0, i = first;
    for (; journal_next(b, &at, &r); i++) {
        if (i == w->count || w->entries[i].pos != b->pos) {
            complain(w, "a batch has a record too many", b->pos);
            return;
        }
        struct entry *e = &w->entries[i];
        compare(w, e, &r);
        if (e->is_seen) complain(w, "a record came twice", b->pos);
        e->is_seen = true;
        e->state = ENTRY_SAFE;
    }
    if (i - first != b->records) complain(w, "a batch miscounts its records", b->pos);
    if (i < w->count && w->entries[i].pos == b->pos) complain(w, "a record is missing", b->pos);
}

static inline void world_on_batch(void *ctx, const struct journal_batch *b)
{
    struct world *w = ctx;
    if (w->handed == w->count || w->entries[w->handed].pos != b->pos) {
        complain(w, "a batch was handed up out of order", b->pos);
        return;
    }
    compare_batch(w, w->handed, b);
    while (w->handed < w->count && w->entries[w->handed].pos == b->pos) w->handed++;
    w->batches++;
}

static inline bool is_entry(const struct entry *e, const struct journal_record *r)
{
    return !e->is_seen && e->owner == r->owner && e->sequence == r->sequence &&
           (uint32_t)e->id == r->kind;
}

/* Of a batch with a damaged record the others come, in their order. */
static inline void compare_part(struct world *w, uint32_t first, const struct journal_batch *b)
{
    struct journal_record r;
    uint32_t i = first;
    for (uint32_t at = 0; journal_next(b, &at, &r); i++) {
        while (i < w->count && w->entries[i].pos == b->pos && !is_entry(&w->entries[i], &r)) i++;
        if (i == w->count || w->entries[i].pos != b->pos) {
            complain(w, "a batch has a record that nobody added, or out of order", b->pos);
            return;
        }
        compare(w, &w->entries[i], &r);
        w->entries[i].is_seen = true;
        w->entries[i].state = ENTRY_SAFE;
    }
}

static inline void world_on_replay(void *ctx, const struct journal_batch *b)
{
    struct world *w = ctx;
    w->replayed++;
    if (b->pos <= w->released) complain(w, "a released batch was replayed", b->pos);
    /* When the only trace of a life rots, the next one uses its numbers again. */
    uint32_t i = 0, lost = 0;
    while (i < w->count && (w->entries[i].pos != b->pos || w->entries[i].state == ENTRY_LOST))
        lost += w->entries[i++].pos == b->pos;
    if (i == w->count) {
        complain(w, lost > 0 ? "a lost batch came back" : "a batch was invented", b->pos);
        return;
    }
    for (uint32_t k = i + 1; k < w->count; k++)
        if (w->entries[k].is_seen && w->entries[k].pos != b->pos)
            complain(w, "batches were replayed out of order", b->pos);
    compare_part(w, i, b);
}

static inline void world_on_damage(void *ctx, const struct journal_damage *d)
{
    struct world *w = ctx;
    if (w->damages < WORLD_DAMAGE) w->damage[w->damages++] = *d;
    else complain(w, "too much damage", d->first);
    if (d->first > d->last) complain(w, "a damage ends before it begins", d->first);
}

static inline void world_on_failed(void *ctx, enum err e, const char *what)
{
    struct world *w = ctx;
    (void)what;
    w->failures++;
    w->failed_with = e;
}

static inline void world_on_erased(void *ctx, enum err e)
{
    struct world *w = ctx;
    w->erases++;
    w->erased_with = e;
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

static inline bool seal_peek(void *ctx, uint32_t index, const uint8_t nonce[24],
                             struct slice sealed, uint8_t *ret_plain)
{
    (void)ctx;
    for (uint32_t i = 0; i < sealed.len - SEAL_OVERHEAD; i++)
        ret_plain[i] = sealed.ptr[i] ^ seal_key(nonce, i + index); /* the second key is wrong */
    return index < 2;
}

static inline void seal_nonce(void *ctx, uint8_t ret_nonce[24])
{
    struct world *w = ctx;
    w->nonces++;
    for (uint32_t i = 0; i < 24; i++) ret_nonce[i] = (uint8_t)(w->nonces >> (8 * (i % 8)));
}

static inline void world_seal(struct world *w)
{
    w->options.seal = (struct journal_seal){
        .ctx = w,
        .overhead = SEAL_OVERHEAD,
        .close = seal_close,
        .open = seal_open,
        .nonce = seal_nonce,
        .peek = seal_peek,
    };
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
    w->now = SECOND;
    w->options = (struct journal_options){
        .disk = &w->disk->base,
        .directory = "journal",
        .store_id = UINT64_C(0x1122334455667788),
        .segment_first = 4096,
        .segment_max = 32768,
        .interval = 50 * MILLISECOND,
        .ctx = w,
        .on_batch = world_on_batch,
        .on_failed = world_on_failed,
    };
    return w;
}

static inline bool is_covered(const struct world *w, const struct entry *e)
{
    for (uint32_t i = 0; i < w->damages; i++) {
        const struct journal_damage *d = &w->damage[i];
        if (e->pos < d->first || e->pos > d->last) continue;
        if (!d->is_named) return true;
        bool is_in = e->sequence == 0 ||
                     (e->sequence >= d->first_sequence && e->sequence <= d->last_sequence);
        if (d->owner == e->owner && is_in) return true;
    }
    return false;
}

/* What was not replayed must have been reported, or never promised. */
static inline void compare_lost(struct world *w)
{
    journal_pos last_safe = 0, last_seen = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->entries[i].state == ENTRY_SAFE) last_safe = w->entries[i].pos;
        if (w->entries[i].is_seen) last_seen = w->entries[i].pos;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        struct entry *e = &w->entries[i];
        if (e->pos <= w->released || e->is_seen) continue;
        bool is_excused = (w->is_unmarked && e->pos == last_safe) ||
                          (w->allows_loss && e->pos > last_seen);
        if (e->state == ENTRY_SAFE && !is_excused && !is_covered(w, e))
            complain(w, "a durable record is gone without a word", e->pos);
        e->state = ENTRY_LOST;
    }
}

static inline enum err world_open(struct world *w, bool read_only)
{
    struct errmsg why = { "" };
    const struct journal_replay replay = {
        .ctx = w,
        .after = w->released,
        .on_batch = world_on_replay,
        .on_damage = world_on_damage,
        .known = w->known,
    };
    w->damages = 0;
    w->replayed = 0;
    for (uint32_t i = 0; i < w->count; i++) w->entries[i].is_seen = false;
    if (!read_only) w->queue = w->disk->base.queue_new(&w->disk->base, world_wake, w);
    w->options.queue = w->queue;
    enum err e = journal_open(&w->options, &replay, read_only, &w->journal, &why);
    if (e) {
        if (!read_only) w->queue->ops->free(w->queue);
        w->queue = NULL;
        return e;
    }
    if (read_only) return ERR_OK;
    compare_lost(w);
    for (uint32_t i = 0; i < w->count; i++) w->entries[i].is_seen = true;
    w->handed = w->count;
    return ERR_OK;
}

static inline void world_drain(struct world *w)
{
    while (w->queue->in_flight > 0) {
        (void)disk_memory_finish_all(w->disk);
        (void)disk_queue_poll(w->queue);
    }
}

/* Frees what the process had, which is dead: its journal must notice before, or it would write what
 * a stop writes. */
static inline void world_drop(struct world *w)
{
    world_drain(w);
    for (uint32_t i = 0; i < 3 && w->failures == 0; i++) {
        journal_pos pos;
        if (journal_has_room(w->journal, 1, JOURNAL_USE_RELEASE))
            (void)journal_add(w->journal, 1, 1, 0, 0, &pos);
        w->now += SECOND;
        journal_tick(w->journal, w->now);
        world_drain(w);
    }
    if (w->failures == 0) complain(w, "a journal outlives its process", 0);
    w->journal = journal_close(w->journal, 0);
    w->queue->ops->free(w->queue);
    w->queue = NULL;
}

static inline void world_crash(struct world *w, bool power)
{
    if (power) disk_memory_crash(w->disk);
    else disk_memory_kill(w->disk);
    if (w->journal != NULL) world_drop(w);
    disk_memory_start(w->disk);
    w->failures = 0;
}

static inline void world_tick(struct world *w, nanos later)
{
    w->now += later;
    journal_tick(w->journal, w->now);
}

static inline void world_poll(struct world *w)
{
    (void)disk_queue_poll(w->queue);
}

static inline bool world_is_idle(const struct world *w)
{
    struct journal_stats s;
    journal_stats(w->journal, &s);
    return s.is_idle || s.is_failed;
}

/* Ticks and finishes until nothing is to be done; what is only due later is not waited for. */
static inline void world_settle(struct world *w)
{
    for (uint32_t i = 0; i < 10000; i++) {
        world_tick(w, MICROSECOND);
        disk_memory_settle(w->disk, w->queue);
        if (world_is_idle(w) && w->queue->in_flight == 0) return;
        nanos due = journal_next_due(w->journal);
        if (w->queue->in_flight == 0 && due != NANOS_MAX && due > w->now) w->now = due;
    }
    complain(w, "the journal does not come to rest", 0);
}

/* The same, and what is due later happens too: then nothing is due for ever. */
static inline void world_rest(struct world *w)
{
    for (uint32_t i = 0; i < 1000; i++) {
        world_settle(w);
        nanos due = journal_next_due(w->journal);
        if (due == NANOS_MAX) return;
        if (due > w->now) w->now = due;
    }
    complain(w, "the journal is never done", 0);
}

static inline void world_close(struct world *w, journal_pos clean_pos)
{
    world_settle(w);
    if (clean_pos > w->released) w->released = clean_pos;
    w->journal = journal_close(w->journal, clean_pos);
    w->queue->ops->free(w->queue);
    w->queue = NULL;
}

static inline struct world *world_free(struct world *w)
{
    if (w == NULL) return NULL;
    if (w->journal != NULL && w->queue != NULL) world_crash(w, false);
    w->journal = journal_close(w->journal, 0);
    w->disk = disk_memory_free(w->disk);
    w->entries = xfree(w->entries);
    return xfree(w);
}

static inline int world_setup(void **state)
{
    *state = world_new(1);
    return 0;
}

static inline int world_teardown(void **state)
{
    *state = world_free(*state);
    return 0;
}

/* ---- what a store does ---- */

static inline journal_pos world_add(struct world *w, uint32_t len)
{
    if (w->count == w->cap) {
        w->cap = w->cap > 0 ? w->cap * 2 : 64;
        w->entries = xrealloc(w->entries, w->cap * sizeof *w->entries);
    }
    struct entry *e = &w->entries[w->count++];
    uint32_t owner = rng_below(&w->rng, WORLD_OWNERS);
    *e = (struct entry){ .owner = owner, .id = w->count, .len = len };
    if (owner > 0) e->sequence = ++w->sequences[owner];
    uint8_t *to = journal_add(w->journal, e->owner, (uint32_t)e->id, e->sequence, len, &e->pos);
    for (uint32_t i = 0; i < len; i++) to[i] = body_byte(e->id, i);
    return e->pos;
}

static inline void world_release(struct world *w, journal_pos up_to)
{
    w->released = up_to;
    journal_release(w->journal, up_to);
}

static inline journal_pos world_last_safe(const struct world *w)
{
    uint32_t i = w->handed;
    while (i > 0 && w->entries[i - 1].state != ENTRY_SAFE) i--;
    return i == 0 ? 0 : w->entries[i - 1].pos;
}

static inline enum err world_erase(struct world *w, struct entry *e)
{
    const struct journal_erasure what = { e->pos, e->pos, e->owner, e->sequence };
    enum err got = journal_erase(w->journal, &what, world_on_erased, w);
    if (!got) e->may_erase = true;
    return got;
}

#endif
