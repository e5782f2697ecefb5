/* SPDX-License-Identifier: Apache-2.0 */
/* Store_testing: a store on a disk of memory, owners that are a few numbers, and a model of what
 * they must remember. Included by tests only.
 *
 * Every record carries a number that grows over all owners. What a start finds must be what some
 * first part of all records makes, which holds at least those that were handed up. A disagreement
 * is noted in `complaint`, the first one only.
 * Memory: world_new() and world_free(). */
#ifndef MIDGE_STORE_STORE_TESTING_H
#define MIDGE_STORE_STORE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/le.h"
#include "base/rng.h"
#include "env/disk_memory.h"
#include "store/store.h"

enum { THING_KEYS = 8, SLICE_KEYS = 3, REPORTS_MAX = 16 };
enum { RECORD_BEGIN = 1, RECORD_SET, RECORD_END };
enum { SECTION_HEAD = 101, SECTION_VALUES, SECTION_LAST };

struct world;

/* An owner: numbers by key, each of the record that set it. */
struct thing {
    struct store_owner owner;
    struct list        node;
    struct world      *world;
    uint64_t           incarnation;
    uint64_t           values[THING_KEYS];
    bool               is_dirty[THING_KEYS];
    bool               is_new;     /* no list has its head */
    uint64_t           last;       /* record */
    uint32_t           cursor;     /* of slices */
    uint64_t           sequence;
    bool               is_ending;  /* RECORD_END was added */
    bool               is_gone;    /* … and applied */
    bool               wants_flush; /* was asked, and has not said that it is done */
    uint32_t           damages;
    uint32_t           soons, soon_next; /* steps */
    uint32_t           remembers;
    uint64_t           damage_first, damage_last;
};

struct proposal {
    uint64_t number, incarnation;
    uint32_t kind, key;
};

struct world_disks {
    struct disks       base;
    struct disk_memory *disk;
};

struct world_entropy {
    struct entropy base;
    struct rng     rng;
};

struct world {
    struct disk_memory  *disk;
    struct world_disks   disks;
    struct world_entropy entropy;
    struct env           env;
    struct store        *store;
    struct store_options options;
    struct rng           rng;
    nanos                now;
    struct list          things; /* struct thing.node */
    uint32_t             things_count;

    struct proposal *proposals;
    uint32_t         count, cap;
    uint64_t         number;     /* of the last record */
    uint64_t         handed;     /* the highest that was handed up */
    uint64_t         seen;       /* … that the last start has shown */
    uint64_t         incarnation; /* the highest ever */

    const struct store_owner_ops *ops; /* of things; NULL: as below */
    bool     flushes_late;  /* things say that they are done when asked by world_flush() */
    bool     keeps_files;   /* forgotten things do not remove their files */
    bool     refuses_load;  /* … understand no section */
    bool     refuses_found; /* nobody can be made */
    enum err loaded_with;   /* what `loaded` answers */
    uint32_t replayed, loads, settles, flushes, forgottens, drops;
    enum err settled_with;
    uint32_t failures;
    uint32_t reports;
    char     report[REPORTS_MAX][256];
    char     complaint[256];
};

static inline void complain(struct world *w, const char *what, uint64_t number)
{
    if (w->complaint[0] != '\0') return;
    (void)snprintf(w->complaint, sizeof w->complaint, "%s (%llu)", what,
                   (unsigned long long)number);
}

/* ---- things ---- */

static inline struct thing *thing_of(struct store_owner *o)
{
    return container_of(o, struct thing, owner);
}

static inline struct thing *thing_at(struct list *node)
{
    return container_of(node, struct thing, node);
}

static inline void thing_free(struct thing *t)
{
    list_remove(&t->node);
    t->world->things_count--;
    xfree(t);
}

static inline void thing_name(const struct thing *t, const char *file, char to[64])
{
    (void)snprintf(to, 64, "streams/%016llx%s", (unsigned long long)t->incarnation, file);
}

/* What stands in its directory does not matter, only that there is something. */
static inline void thing_write(struct thing *t)
{
    struct disk *disk = &t->world->disk->base;
    struct disk_file *file;
    char name[64];
    thing_name(t, "", name);
    if (disk->make_dir(disk, name) || disk->sync_dir(disk, "streams")) return;
    thing_name(t, "/00000001", name);
    if (disk->open(disk, name, DISK_OPEN_CREATE, &file, NULL)) return;
    disk->close(disk, file);
    thing_name(t, "", name);
    if (disk->sync_dir(disk, name)) return;
}

static inline bool thing_remove_files(struct thing *t)
{
    struct disk *disk = &t->world->disk->base;
    char name[64];
    thing_name(t, "/00000001", name);
    enum err e = disk->remove(disk, name);
    if (e && e != ERR_NOTFOUND) return false;
    thing_name(t, "", name);
    e = disk->remove_dir(disk, name);
    if (e && e != ERR_NOTFOUND) return false;
    return disk->sync_dir(disk, "streams") == ERR_OK;
}

static inline void thing_apply(struct store_owner *o, const struct journal_record *r,
                               bool is_replay)
{
    struct thing *t = thing_of(o);
    struct world *w = t->world;
    uint64_t number = le_get_u64(r->body.ptr);
    uint32_t key = le_get_u32(r->body.ptr + 8);
    if (r->owner != t->incarnation) complain(w, "a record of another", number);
    if (number <= t->last) complain(w, "a record came twice", number);
    if (t->is_gone) complain(w, "a record after the end", number);
    t->last = number;
    if (is_replay) w->replayed++;
    if (is_replay && number > w->seen) w->seen = number;
    if (!is_replay && number != w->handed + 1) complain(w, "a record out of turn", number);
    if (!is_replay) w->handed = number;
    if (r->kind == RECORD_SET) {
        t->values[key] = number;
        t->is_dirty[key] = true;
    }
    if (r->kind != RECORD_END) return;
    t->is_ending = t->is_gone = true;
    store_forget(w->store, o);
}

static inline enum err thing_load(struct store_owner *o, uint32_t kind, struct slice bytes)
{
    struct thing *t = thing_of(o);
    struct world *w = t->world;
    w->loads++;
    if (w->refuses_load) return ERR_CORRUPT;
    uint64_t number = kind != SECTION_VALUES ? le_get_u64(bytes.ptr) : 0;
    if (kind == SECTION_HEAD && number != t->incarnation) complain(w, "a foreign head", number);
    if (kind == SECTION_HEAD) t->is_new = false;
    if (kind == SECTION_LAST) t->last = number;
    if (kind == SECTION_LAST && number > w->seen) w->seen = number;
    for (uint32_t at = 0; kind == SECTION_VALUES && at < bytes.len; at += 12)
        t->values[le_get_u32(bytes.ptr + at)] = le_get_u64(bytes.ptr + at + 4);
    return ERR_OK;
}

static inline enum err thing_loaded(struct store_owner *o, struct errmsg *why)
{
    const struct thing *t = thing_of(o);
    if (t->world->loaded_with == ERR_OK) return ERR_OK;
    return errmsg_set(why, t->world->loaded_with, "a thing does not load");
}

static inline void thing_damaged(struct store_owner *o, uint64_t first, uint64_t last)
{
    struct thing *t = thing_of(o);
    t->damages++;
    t->damage_first = first;
    t->damage_last = last;
}

static inline void thing_dropped(struct store_owner *o)
{
    struct thing *t = thing_of(o);
    t->world->drops++;
    if (o->incarnation != 0) complain(t->world, "it has not left", t->incarnation);
    thing_free(t);
}

static inline void thing_flush(struct store_owner *o)
{
    struct thing *t = thing_of(o);
    if (t->wants_flush) complain(t->world, "asked twice to flush", t->incarnation);
    t->world->flushes++;
    if (t->world->flushes_late) {
        t->wants_flush = true;
        return;
    }
    thing_write(t);
    store_flushed(t->world->store, o, ERR_OK);
}

static inline void add_value(struct thing *t, struct checkpoint *c, uint32_t key)
{
    uint8_t *at = checkpoint_add(c, t->incarnation, SECTION_VALUES, 12);
    le_put_u32(at, key);
    le_put_u64(at + 4, t->values[key]);
}

static inline void add_head(struct thing *t, struct checkpoint *c)
{
    le_put_u64(checkpoint_add(c, t->incarnation, SECTION_HEAD, 8), t->incarnation);
}

static inline void thing_checkpoint(struct store_owner *o, struct checkpoint *c)
{
    struct thing *t = thing_of(o);
    if (t->is_new) add_head(t, c);
    t->is_new = false;
    for (uint32_t i = 0; i < THING_KEYS; i++) {
        if (t->is_dirty[i]) add_value(t, c, i);
        t->is_dirty[i] = false;
    }
    le_put_u64(checkpoint_add(c, t->incarnation, SECTION_LAST, 8), t->last);
}

static inline bool thing_slice(struct store_owner *o, struct checkpoint *c, bool is_first,
                               uint32_t budget)
{
    struct thing *t = thing_of(o);
    if (budget == 0) complain(t->world, "a slice without a budget", t->incarnation);
    if (is_first) {
        t->cursor = 0;
        add_head(t, c);
    }
    for (uint32_t i = 0; i < SLICE_KEYS && t->cursor < THING_KEYS; i++, t->cursor++)
        if (t->values[t->cursor] != 0) add_value(t, c, t->cursor);
    if (t->cursor < THING_KEYS) return true;
    le_put_u64(checkpoint_add(c, t->incarnation, SECTION_LAST, 8), t->last);
    return false;
}

static inline void thing_settled(struct store_owner *o, enum err e)
{
    struct world *w = thing_of(o)->world;
    w->settles++;
    w->settled_with = e;
}

static inline void thing_forgotten(struct store_owner *o)
{
    struct thing *t = thing_of(o);
    struct world *w = t->world;
    w->forgottens++;
    if (!t->is_gone) complain(w, "one that lives is forgotten", t->incarnation);
    if (!w->keeps_files && thing_remove_files(t)) store_removed(w->store, t->incarnation);
    thing_free(t);
}

static inline void thing_soon(const struct store_owner *o, uint32_t step)
{
    struct thing *t = (struct thing *)(uintptr_t)container_of(o, const struct thing, owner);
    if (step > t->soon_next) complain(t->world, "a step was left out", step);
    if (step == t->soon_next) t->soon_next++;
    t->soons++;
}

static inline void thing_remember(struct store_owner *o)
{
    struct thing *t = thing_of(o);
    if (o->incarnation == 0) complain(t->world, "one that has left is asked", t->incarnation);
    t->remembers++;
}

static const struct store_owner_ops thing_ops = {
    .apply = thing_apply,
    .load = thing_load,
    .loaded = thing_loaded,
    .damaged = thing_damaged,
    .dropped = thing_dropped,
    .flush = thing_flush,
    .checkpoint = thing_checkpoint,
    .slice = thing_slice,
    .settled = thing_settled,
    .forgotten = thing_forgotten,
    .soon = thing_soon,
    .remember = thing_remember,
};

static inline struct thing *thing_new(struct world *w, uint64_t incarnation)
{
    struct thing *t = xcalloc(1, sizeof *t);
    t->owner.ops = w->ops != NULL ? w->ops : &thing_ops;
    t->world = w;
    t->incarnation = incarnation;
    t->is_new = true;
    list_add_tail(&w->things, &t->node);
    w->things_count++;
    return t;
}

/* ---- the host ---- */

static inline struct store_owner *world_owner_found(void *ctx, const struct store_found *found)
{
    struct world *w = ctx;
    uint32_t begins = found->is_record ? RECORD_BEGIN : SECTION_HEAD;
    w->store = found->store;
    if (w->refuses_found || found->kind != begins) return NULL;
    struct thing *t = thing_new(w, found->incarnation);
    store_enter(w->store, &t->owner, found->incarnation);
    return &t->owner;
}

static inline void world_on_failed(void *ctx, enum err e, const char *what)
{
    struct world *w = ctx;
    (void)e;
    (void)what;
    w->failures++;
}

static inline void world_on_report(void *ctx, const char *what)
{
    struct world *w = ctx;
    if (w->reports < REPORTS_MAX)
        (void)snprintf(w->report[w->reports], sizeof w->report[0], "%s", what);
    w->reports++;
}

static inline enum err world_disks_open(struct disks *base, const char *directory, bool read_only,
                                        struct disk **ret, struct errmsg *why)
{
    struct world_disks *d = container_of(base, struct world_disks, base);
    (void)directory;
    (void)why;
    d->disk->is_read_only = read_only;
    *ret = &d->disk->base;
    return ERR_OK;
}

static inline void world_disks_close(struct disks *base, struct disk *disk)
{
    struct world_disks *d = container_of(base, struct world_disks, base);
    (void)disk;
    d->disk->is_read_only = false;
}

static inline void world_fill(struct entropy *base, void *bytes, size_t size)
{
    struct world_entropy *e = container_of(base, struct world_entropy, base);
    uint8_t *to = bytes;
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)rng_next(&e->rng);
}

static inline void world_wake(void *ctx)
{
    (void)ctx;
}

/* ---- what must be ---- */

/* A thing as the first `count` proposals make it. */
struct expected {
    uint64_t values[THING_KEYS];
    bool     is_there;
};

static inline struct expected expect(const struct world *w, uint64_t incarnation, uint32_t count)
{
    struct expected x = { .is_there = false };
    for (uint32_t i = 0; i < count; i++) {
        const struct proposal *p = &w->proposals[i];
        if (p->incarnation != incarnation) continue;
        if (p->kind == RECORD_SET) x.values[p->key] = p->number;
        else x.is_there = p->kind == RECORD_BEGIN;
    }
    return x;
}

static inline bool is_as_expected(struct world *w, uint32_t count)
{
    uint32_t there = 0, living = 0;
    for (uint32_t i = 0; i < count; i++) there += w->proposals[i].kind == RECORD_BEGIN ? 1U : 0U;
    for (uint32_t i = 0; i < count; i++) there -= w->proposals[i].kind == RECORD_END ? 1U : 0U;
    LIST_EACH(&w->things, node) {
        const struct thing *t = thing_at(node);
        if (t->is_gone) continue;
        struct expected x = expect(w, t->incarnation, count);
        living++;
        if (!x.is_there || memcmp(x.values, t->values, sizeof x.values) != 0) return false;
    }
    return living == there;
}

/* Finds how many of the proposals have come back, and forgets the others. */
static inline void world_compare(struct world *w)
{
    uint64_t least = w->handed > w->seen ? w->handed : w->seen;
    uint32_t count = 0;
    while (count < w->count && w->proposals[count].number <= least) count++;
    while (count < w->count && !is_as_expected(w, count)) count++;
    if (!is_as_expected(w, count)) complain(w, "the state is none that was promised", least);
    w->count = count;
    w->number = w->handed = count > 0 ? w->proposals[count - 1].number : 0;
    w->incarnation = 0; /* one of which nothing was ever safe may come again */
    for (uint32_t i = 0; i < count; i++)
        if (w->proposals[i].incarnation > w->incarnation)
            w->incarnation = w->proposals[i].incarnation;
}

/* ---- life ---- */

static inline struct world *world_new(uint64_t seed)
{
    struct world *w = xcalloc(1, sizeof *w);
    rng_init(&w->rng, seed);
    rng_init(&w->entropy.rng, seed + 2);
    w->disk = disk_memory_new(seed + 1);
    w->disks = (struct world_disks){ { world_disks_open, world_disks_close }, w->disk };
    w->entropy.base.fill = world_fill;
    w->env = (struct env){ .disks = &w->disks.base, .entropy = &w->entropy.base };
    w->now = SECOND;
    list_init(&w->things);
    w->options = (struct store_options){
        .env = &w->env,
        .wake = world_wake,
        .directory = "midge",
        .sync_interval = 50 * MILLISECOND,
        .journal_cap = 8192,
        .segment_first = 4096,
        .segment_max = 32768,
        .rewrite_min = 8192,
        .slice_budget = 64,
        .reserve_bytes = 2048,
    };
    return w;
}

static inline enum err world_open(struct world *w, struct errmsg *why)
{
    const struct store_host host = { .ctx = w,
                                     .owner_found = world_owner_found,
                                     .on_failed = world_on_failed,
                                     .on_report = world_on_report };
    w->replayed = w->loads = w->failures = w->reports = w->drops = 0;
    w->seen = 0;
    enum err e = store_open(&w->options, &host, &w->store, why);
    if (e) w->store = NULL;
    if (e && w->things_count > 0) complain(w, "things are left behind", w->things_count);
    return e;
}

static inline void world_start(struct world *w)
{
    struct errmsg why = { "" };
    enum err e = world_open(w, &why);
    if (e) complain(w, why.text, e);
    else world_compare(w);
}

static inline struct disk_queue *world_queue(struct world *w)
{
    return store_queue(w->store);
}

static inline void world_tick(struct world *w, nanos later)
{
    w->now += later;
    store_tick(w->store, w->now);
}

static inline void world_flush(struct world *w)
{
    LIST_EACH(&w->things, node) {
        struct thing *t = thing_at(node);
        if (!t->wants_flush) continue;
        t->wants_flush = false;
        thing_write(t);
        store_flushed(w->store, &t->owner, ERR_OK);
    }
}

/* Until nothing is on its way. */
static inline void world_settle(struct world *w)
{
    for (uint32_t i = 0; i < 10000; i++) {
        world_flush(w);
        world_tick(w, MICROSECOND);
        disk_memory_settle(w->disk, world_queue(w));
        struct store_stats s;
        store_stats(w->store, &s);
        nanos due = store_next_due(w->store);
        bool is_quiet = world_queue(w)->in_flight == 0 && due > w->now;
        if (is_quiet && (s.journal.is_idle || s.is_failed || s.is_full)) return;
    }
    complain(w, "the store does not come to rest", 0);
}

static inline void world_leave(struct world *w)
{
    LIST_EACH(&w->things, node) {
        struct thing *t = thing_at(node);
        store_leave(w->store, &t->owner);
        thing_free(t);
    }
    w->store = store_close(w->store);
}

static inline void world_drain(struct world *w)
{
    while (world_queue(w)->in_flight > 0) {
        (void)disk_memory_finish_all(w->disk);
        (void)disk_queue_poll(world_queue(w));
    }
}

/* The process is dead: its journal must notice before it is closed, or it would write what a stop
 * writes. */
static inline void world_crash(struct world *w, bool power)
{
    if (power) disk_memory_crash(w->disk);
    else disk_memory_kill(w->disk);
    world_drain(w);
    for (uint32_t i = 0; i < 10 && w->failures == 0; i++) {
        struct thing *t = thing_new(w, store_incarnation_new(w->store));
        store_enter(w->store, &t->owner, t->incarnation);
        journal_pos pos;
        (void)store_add(w->store, t->owner.incarnation, 0, 0, 0, JOURNAL_USE_RELEASE, &pos);
        world_tick(w, SECOND);
        world_drain(w);
    }
    if (w->failures == 0) complain(w, "a store outlives its process", 0);
    world_leave(w);
    disk_memory_start(w->disk);
}

static inline void world_stop(struct world *w)
{
    store_stop(w->store);
    for (uint32_t i = 0; i < 10000 && !store_is_idle(w->store); i++) {
        world_flush(w);
        world_tick(w, MICROSECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    if (!store_is_idle(w->store)) complain(w, "the store does not stop", 0);
    world_leave(w);
}

static inline struct world *world_free(struct world *w)
{
    if (w->store != NULL) world_crash(w, false);
    w->disk = disk_memory_free(w->disk);
    w->proposals = xfree(w->proposals);
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

/* ---- what streams do ---- */

static inline bool world_add(struct world *w, struct thing *t, uint32_t kind, uint32_t key,
                             uint32_t more)
{
    journal_pos pos;
    bool is_end = kind == RECORD_END;
    uint8_t *at = store_add(w->store, t->owner.incarnation, kind,
                            kind == RECORD_SET ? ++t->sequence : 0, 12 + more,
                            is_end ? JOURNAL_USE_RELEASE : JOURNAL_USE_STORE, &pos);
    if (at == NULL) return false;
    if (w->count == w->cap) {
        w->cap = w->cap > 0 ? w->cap * 2 : 64;
        w->proposals = xrealloc(w->proposals, w->cap * sizeof *w->proposals);
    }
    w->proposals[w->count++] = (struct proposal){ ++w->number, t->incarnation, kind, key };
    le_put_u64(at, w->number);
    le_put_u32(at + 8, key);
    memset(at + 12, 'x', more);
    return true;
}

static inline struct thing *world_begin(struct world *w)
{
    uint64_t incarnation = store_incarnation_new(w->store);
    if (incarnation <= w->incarnation) complain(w, "an incarnation comes again", incarnation);
    w->incarnation = incarnation;
    struct thing *t = thing_new(w, incarnation);
    store_enter(w->store, &t->owner, incarnation);
    if (world_add(w, t, RECORD_BEGIN, 0, 0)) return t;
    store_leave(w->store, &t->owner);
    thing_free(t);
    return NULL;
}

static inline bool world_set(struct world *w, struct thing *t, uint32_t key)
{
    return world_add(w, t, RECORD_SET, key, 0);
}

static inline bool world_finish(struct world *w, struct thing *t)
{
    t->is_ending = world_add(w, t, RECORD_END, 0, 0);
    return t->is_ending;
}

#endif
