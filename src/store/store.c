/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "store/store_cache.h"
#include "store/store_internal.h"

void store_report(struct store *s, const char *format, ...)
{
    struct errmsg text;
    va_list args;
    assert(format != NULL);
    va_start(args, format);
    (void)vsnprintf(text.text, sizeof text.text, format, args);
    va_end(args);
    if (s->host.on_report != NULL) s->host.on_report(s->host.ctx, text.text);
}

void store_notice(const struct store *s, const char *what)
{
    assert(what != NULL && what[0] != '\0');
    if (s->host.on_notice != NULL) s->host.on_notice(s->host.ctx, what);
}

/* ---- open ---- */

static void make_identity(struct store *s, struct entropy *entropy)
{
    struct store_identity *i = &s->identity;
    *i = (struct store_identity){ 0 };
    assert(entropy != NULL);
    while (i->store_id == 0) entropy->fill(entropy, &i->store_id, sizeof i->store_id);
    entropy->fill(entropy, i->salt, sizeof i->salt);
    assert(i->turn == 0);
}

/* The identity is safe, in both copies, before anything is written under it. */
static enum err open_identity(struct store *s, const struct store_options *o, struct errmsg *why)
{
    struct key_wish wish = { o->cipher, o->key, o->previous_key, o->env->entropy };
    struct store_identity *i = &s->identity;
    bool is_changed = false, is_unequal = false;
    enum err e = store_identity_load(s->disk, i, &is_unequal, why);
    if (e && e != ERR_NOTFOUND) return e;
    if (e == ERR_NOTFOUND) make_identity(s, o->env->entropy);
    uint32_t before = i->current;
    e = store_keys_open(i, &wish, &s->keys, &is_changed, why);
    if (e) return e;
    s->seal = store_keys_seal(s->keys);
    if (!is_changed && !is_unequal && i->turn > 0) return ERR_OK;
    if (is_changed || i->turn == 0) i->turn++;
    if (before != i->current || i->era == 0) i->era = i->turn;
    assert(i->store_id != 0);
    return store_identity_save(s->disk, i, why);
}

static struct store *store_new(const struct store_options *o, const struct store_host *host)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->cache = store_cache_new(o->cache_bytes > 0 ? o->cache_bytes : CACHE_BYTES,
                               o->files_max > 0 ? o->files_max : STORE_CACHE_FILES);
    s->o = *o;
    s->o.key = s->o.previous_key = (struct slice){ 0 }; /* nobody asks for them any more */
    s->host = *host;
    owners_init(&s->owners);
    list_init(&s->gone);
    erasures_init(s);
    s->next_incarnation = 1;
    if (s->o.journal_cap == 0) s->o.journal_cap = JOURNAL_CAP;
    if (s->o.segment_max == 0) s->o.segment_max = JOURNAL_SEGMENT;
    if (s->o.checkpoint_interval == 0) s->o.checkpoint_interval = CHECKPOINT_INTERVAL;
    if (s->o.slice_budget == 0) s->o.slice_budget = SLICE_BUDGET;
    if (s->o.reserve_bytes == 0) s->o.reserve_bytes = RESERVE_BYTES;
    uint64_t part = s->o.segment_first / 16;
    s->release_room = part > 0 && part < RELEASE_ROOM ? (uint32_t)part : RELEASE_ROOM;
    assert(s->o.checkpoint_interval > 0);
    return s;
}

static struct store *store_free(struct store *s)
{
    struct disks *disks = s->o.env->disks;
    s->checkpoint = checkpoint_close(s->checkpoint);
    s->cache = store_cache_free(s->cache);
    LIST_EACH(&s->gone, node) (void)gone_free(container_of(node, struct store_gone, node));
    owners_deinit(&s->owners);
    erasures_deinit(s);
    assert(s->journal == NULL && s->recovery == NULL);
    store_reserve_close(s);
    if (s->queue != NULL) s->queue->ops->free(s->queue);
    s->keys = store_keys_free(s->keys);
    if (s->disk != NULL) disks->close(disks, s->disk);
    return xfree(s);
}

/* A start that fails half-way: those who were found are told. */
static void drop_owners(struct store *s)
{
    LIST_EACH(&s->owners.all, node) {
        struct store_owner *o = container_of(node, struct store_owner, all);
        assert(o->ops->dropped != NULL);
        owner_out(s, o);
        o->ops->dropped(o);
    }
    LIST_EACH(&s->gone, node) {
        struct store_gone *g = container_of(node, struct store_gone, node);
        struct store_owner *o = g->owner;
        g = gone_free(g);
        assert(g == NULL);
        if (o != NULL) o->ops->dropped(o);
    }
}

static enum err open_all(struct store *s, const struct store_options *o, struct errmsg *why)
{
    struct disks *disks = o->env->disks;
    enum err e = disks->open(disks, o->directory, false, &s->disk, why);
    if (e) return e;
    assert(s->disk != NULL);
    e = open_identity(s, o, why);
    if (!e) e = store_files_make(s, why);
    if (e) return e;
    s->queue = s->disk->queue_new(s->disk, o->wake, o->wake_ctx);
    assert(s->queue != NULL);
    e = store_reserve_open(s, why);
    return e ? e : store_recover(s, why);
}

enum err store_open(const struct store_options *o, const struct store_host *host,
                    struct store **ret, struct errmsg *why)
{
    assert(o->env != NULL && o->directory != NULL);
    assert(host->owner_found != NULL);
    assert(o->cipher == STORE_PLAIN || o->key.len > 0);
    struct store *s = store_new(o, host);
    enum err e = open_all(s, o, why);
    if (e) {
        drop_owners(s);
        s->journal = journal_abandon(s->journal);
        (void)store_free(s);
        return e;
    }
    *ret = s;
    return ERR_OK;
}

/* ---- the end ---- */

void store_stop(struct store *s)
{
    assert(!s->is_stopping);
    s->is_stopping = true;
    s->is_idle = false;
}

bool store_is_idle(const struct store *s)
{
    assert(s->is_stopping);
    return s->is_idle;
}

struct store *store_close(struct store *s)
{
    if (s == NULL) return NULL;
    assert(s->queue->in_flight == 0);
    assert(s->owners.count == 0);
    s->journal = journal_close(s->journal, s->released);
    return store_free(s);
}

/* What still waits when nothing is on its way has no space. */
static bool is_over(const struct store *s)
{
    struct journal_stats j;
    assert(s->is_stopping && s->recovery == NULL);
    if (s->queue->in_flight > 0) return false;
    journal_stats(s->journal, &j);
    bool waits = !j.is_idle && !j.is_failed && store_error(s) != ERR_LIMIT;
    return !waits && store_checkpoint_is_over(s);
}

/* ---- parts ---- */

struct disk_queue *store_queue(struct store *s)
{
    assert(s->queue != NULL);
    return s->queue;
}

struct disk *store_disk(struct store *s)
{
    assert(s->disk != NULL);
    return s->disk;
}

uint64_t store_id(const struct store *s)
{
    assert(s->identity.store_id != 0);
    return s->identity.store_id;
}

struct store_cache *store_cache(struct store *s)
{
    assert(s->cache != NULL);
    return s->cache;
}

const struct journal_seal *store_seal(struct store *s)
{
    return &s->seal;
}

/* ---- records ---- */

bool store_has_room(const struct store *s, uint32_t body_len, enum journal_use use)
{
    assert(s->recovery == NULL);
    /* what is stored now would stand in memory and journal, and take the last space from lists */
    bool is_short = store_cache_is_refused(s->cache) || s->is_sparing;
    if (use == JOURNAL_USE_STORE && UNLIKELY(is_short)) return false;
    return journal_has_room(s->journal, body_len, use);
}

uint8_t *store_add(struct store *s, uint64_t incarnation, uint32_t kind, uint64_t sequence,
                   uint32_t body_len, enum journal_use use, journal_pos *ret_pos)
{
    assert(incarnation > 0);
    if (UNLIKELY(!store_has_room(s, body_len, use))) return NULL;
    return journal_add(s->journal, incarnation, kind, sequence, body_len, ret_pos);
}

void store_reaches(struct store *s, uint64_t last_sequence)
{
    assert(s->recovery == NULL);
    journal_reaches(s->journal, last_sequence);
}

void store_linger(struct store *s)
{
    assert(s->recovery == NULL);
    journal_linger(s->journal);
}

void store_hurry(struct store *s)
{
    assert(s->recovery == NULL);
    journal_hurry(s->journal);
}

enum err store_error(const struct store *s)
{
    if (s->failure != ERR_OK) return s->failure;
    assert(s->journal != NULL);
    return store_has_room(s, 1, JOURNAL_USE_STORE) ? ERR_OK : ERR_LIMIT;
}

void store_tick(struct store *s, nanos now)
{
    assert(now >= s->now);
    assert(s->recovery == NULL);
    s->now = now;
    if (s->changed_since == 0 && !list_empty(&s->owners.changed)) s->changed_since = now;
    journal_tick(s->journal, now);
    store_erase_tick(s);
    store_convert_tick(s);
    store_checkpoint_tick(s);
    store_scrub_tick(s);
    assert_slow((owners_check(s), true));
    if (s->is_stopping) s->is_idle = is_over(s);
}

nanos store_next_due(const struct store *s)
{
    nanos journal = journal_next_due(s->journal), checkpoint = store_checkpoint_due(s);
    nanos scrub = store_scrub_due(s), convert = store_convert_due(s);
    nanos reserve = store_reserve_due(s);
    assert(s->recovery == NULL);
    if (store_erase_is_due(s)) return s->now;
    if (reserve < checkpoint) checkpoint = reserve;
    if (scrub < checkpoint) checkpoint = scrub;
    if (convert < checkpoint) checkpoint = convert;
    return journal < checkpoint ? journal : checkpoint;
}

bool store_is_full(const struct store *s)
{
    assert(s->recovery == NULL);
    if (s->failure != ERR_OK) return false;
    return store_error(s) == ERR_LIMIT || checkpoint_is_refused(s->checkpoint) ||
           store_cache_is_refused(s->cache);
}

void store_stats(const struct store *s, struct store_stats *ret)
{
    struct store_stats all = s->stats;
    struct store_cache_stats cache;
    assert(s->journal != NULL);
    store_cache_stats(s->cache, &cache);
    all.cache_used = cache.bytes;
    all.cache_max = cache.budget;
    journal_stats(s->journal, &all.journal);
    all.checkpoint_bytes = checkpoint_bytes(s->checkpoint);
    all.is_failed = s->failure != ERR_OK;
    all.is_full = store_is_full(s);
    all.is_stuck = s->is_stuck;
    all.is_converting = s->convert.step != CONVERT_IDLE;
    *ret = all;
}
