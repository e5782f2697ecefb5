/* SPDX-License-Identifier: Apache-2.0 */
/* Sections come first, then records. An owner is found when the first section or record that begins
 * it comes. While the checkpoint log is rewritten, a list with what has changed of an owner may
 * stand before the slice that begins it: such sections wait for that slice, in order. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "store/store_internal.h"

/* A journal that is damaged in many places is so many lines; streams tell their sequences. */
enum { REPORTS_MAX = 16 };

/* A value in a map that means nothing but that the key is there. */
static const char is_safe;

struct waiting {
    struct list node;
    uint32_t kind;
    uint32_t len;
    uint8_t bytes[];
};

static struct slice key_of(const uint64_t *incarnation)
{
    assert(*incarnation > 0);
    return slice_of(incarnation, sizeof *incarnation);
}

void recovery_note_used(struct store *s, uint64_t incarnation)
{
    assert(s->next_incarnation > 0 && s->recovery != NULL);
    if (incarnation >= s->next_incarnation && incarnation < UINT64_MAX)
        s->next_incarnation = incarnation + 1;
}

void recovery_gone(struct store *s, uint64_t incarnation, struct store_gone *waits)
{
    assert(s->recovery != NULL);
    (void)map_set(s->recovery->gone, key_of(&incarnation),
                  waits != NULL ? (void *)waits : (void *)(uintptr_t)&is_safe);
    assert(owners_find(&s->owners, incarnation) == NULL);
}

enum recovery_fate recovery_fate(struct store *s, uint64_t incarnation)
{
    const struct recovery *r = s->recovery;
    assert(r != NULL);
    if (owners_find(&s->owners, incarnation) != NULL) return FATE_LIVES;
    const void *gone = map_find(r->gone, key_of(&incarnation));
    if (gone == NULL) return FATE_ASIDE;
    return gone == &is_safe ? FATE_GOES : FATE_STAYS;
}

/* ---- set aside ---- */

static bool is_ignored(const struct store *s, uint64_t incarnation)
{
    const struct recovery *r = s->recovery;
    assert(r != NULL);
    return map_find(r->gone, key_of(&incarnation)) != NULL ||
           map_find(r->aside, key_of(&incarnation)) != NULL;
}

static void drop(struct store *s, struct store_owner *o)
{
    assert(o->ops->dropped != NULL);
    if (o->incarnation > 0) owner_out(s, o);
    o->ops->dropped(o);
}

static void set_aside(struct store *s, uint64_t incarnation, struct store_owner *o,
                      const char *what)
{
    assert(o == NULL || o->incarnation == incarnation);
    struct aside *before = map_set(s->recovery->aside, key_of(&incarnation),
                                   aside_new(incarnation));
    assert(before == NULL);
    s->stats.quarantined++;
    store_report(s, "the stream of " STORE_STREAMS "/%016llx is set aside: %s",
                 (unsigned long long)incarnation, what);
    if (o != NULL) drop(s, o);
    assert(is_ignored(s, incarnation));
}

static struct store_owner *find_or_make(struct store *s, const struct store_found *found)
{
    struct store_owner *o = owners_find(&s->owners, found->incarnation);
    assert(found->incarnation > 0);
    if (o != NULL) return o;
    o = s->host.owner_found(s->host.ctx, found);
    assert(o == NULL || o->incarnation == found->incarnation);
    return o;
}

/* ---- sections ---- */

static void defer(struct store *s, const struct checkpoint_section *c)
{
    struct map *all = s->recovery->deferred;
    struct list *queue = map_find(all, key_of(&c->owner));
    if (queue == NULL) {
        queue = xalloc(sizeof *queue);
        list_init(queue);
        (void)map_set(all, key_of(&c->owner), queue);
    }
    assert(owners_find(&s->owners, c->owner) == NULL);
    struct waiting *w = xalloc(sizeof *w + c->bytes.len);
    w->kind = c->kind;
    w->len = c->bytes.len;
    if (w->len > 0) memcpy(w->bytes, c->bytes.ptr, w->len);
    list_add_tail(queue, &w->node);
    assert(!list_empty(queue));
}

static void load(struct store *s, struct store_owner *o, uint32_t kind, struct slice bytes)
{
    uint64_t incarnation = o->incarnation;
    assert(incarnation > 0 && !o->is_loaded);
    o->is_begun = true;
    enum err e = o->ops->load(o, kind, bytes);
    if (e) set_aside(s, incarnation, o, "its state in the checkpoint log is not understood");
}

static void waiting_free(struct list *queue)
{
    assert(queue != NULL);
    LIST_EACH(queue, node) xfree(container_of(node, struct waiting, node));
    xfree(queue);
}

/* What came before the section that begins it. */
static void load_deferred(struct store *s, uint64_t incarnation)
{
    struct list *queue = map_remove(s->recovery->deferred, key_of(&incarnation));
    if (queue == NULL) return;
    assert(!list_empty(queue));
    LIST_EACH(queue, node) {
        const struct waiting *w = container_of(node, struct waiting, node);
        struct store_owner *o = owners_find(&s->owners, incarnation);
        if (o != NULL) load(s, o, w->kind, slice_of(w->bytes, w->len));
    }
    waiting_free(queue);
}

static void forget(struct store *s, uint64_t incarnation)
{
    struct store_owner *o = owners_find(&s->owners, incarnation);
    struct list *queue = map_remove(s->recovery->deferred, key_of(&incarnation));
    if (queue != NULL) waiting_free(queue);
    if (o != NULL) drop(s, o);
    (void)aside_free(s, map_remove(s->recovery->aside, key_of(&incarnation)));
    recovery_gone(s, incarnation, NULL);
    assert(owners_find(&s->owners, incarnation) == NULL);
}

static void own_section(struct store *s, const struct checkpoint_section *c)
{
    assert(c->owner == 0);
    bool is_whole = c->bytes.len % 8 == 0;
    if (c->kind == STORE_SECTION_ERA) {
        if (c->bytes.len == 8) s->era_whole = s->era_told = le_get_u64(c->bytes.ptr);
        return;
    }
    if (c->kind == STORE_SECTION_NEEDED) {
        if (c->bytes.len != 16) return;
        s->released = le_get_u64(c->bytes.ptr);
        s->recovery->left = le_get_u64(c->bytes.ptr + 8);
        return;
    }
    for (uint32_t at = 0; is_whole && at < c->bytes.len; at += 8) {
        uint64_t number = le_get_u64(c->bytes.ptr + at);
        if (number > 0) recovery_note_used(s, c->kind == STORE_SECTION_NEXT ? number - 1 : number);
        if (number > 0 && c->kind == STORE_SECTION_GONE) forget(s, number);
    }
    if (!is_whole) store_report(s, "a section of the store itself is not understood");
    assert(s->next_incarnation > 0);
}

static void on_section(void *ctx, const struct checkpoint_section *c)
{
    struct store *s = ctx;
    assert(s->recovery != NULL);
    if (c->owner == 0) {
        own_section(s, c);
        return;
    }
    recovery_note_used(s, c->owner);
    if (is_ignored(s, c->owner)) return;
    const struct store_found found = { s, c->owner, false, c->kind, c->bytes };
    struct store_owner *o = find_or_make(s, &found);
    if (o == NULL) {
        defer(s, c);
        return;
    }
    load_deferred(s, c->owner);
    o = owners_find(&s->owners, c->owner);
    if (o != NULL) load(s, o, c->kind, c->bytes);
}

static void on_list_lost(void *ctx, journal_pos after)
{
    struct store *s = ctx;
    assert(s->recovery != NULL);
    s->recovery->is_list_lost = true;
    s->stats.damages++;
    store_report(s, "a list of the checkpoint log behind position %llu is damaged in both copies",
                 (unsigned long long)after);
}

/* ---- sections are over ---- */

static enum err loaded(struct store *s, struct store_owner *o, struct errmsg *why)
{
    assert(!o->is_loaded);
    assert(o->incarnation > 0);
    o->is_loaded = true;
    if (o->ops->loaded == NULL) return ERR_OK;
    enum err e = o->ops->loaded(o, why);
    if (e != ERR_CORRUPT) return e;
    set_aside(s, o->incarnation, o, "its state in the checkpoint log does not fit together");
    return ERR_OK;
}

static void tell_all(struct store *s)
{
    LIST_EACH(&s->owners.all, node) {
        struct store_owner *o = container_of(node, struct store_owner, all);
        assert(o->incarnation > 0);
        owner_changed(s, o, s->applied + 1, 0);
        if (o->ops->damaged != NULL) o->ops->damaged(o, 0, 0);
    }
}

static enum err sections_over(struct store *s, struct errmsg *why)
{
    struct recovery *r = s->recovery;
    struct slice key;
    void *value;
    assert(r != NULL);
    for (uint32_t at = 0; map_next(r->deferred, &at, &key, &value);) {
        uint64_t incarnation;
        assert(key.len == sizeof incarnation);
        memcpy(&incarnation, key.ptr, sizeof incarnation);
        set_aside(s, incarnation, NULL, "what begins it is not in the checkpoint log");
    }
    LIST_EACH(&s->owners.all, node) {
        enum err e = loaded(s, container_of(node, struct store_owner, all), why);
        if (e) return e;
    }
    if (r->is_list_lost) tell_all(s);
    return ERR_OK;
}

/* ---- what is kept of those that are set aside ---- */

static void keep_section(void *ctx, const struct checkpoint_section *c)
{
    struct store *s = ctx;
    assert(s->recovery != NULL);
    struct aside *a = c->owner == 0 ? NULL : map_find(s->recovery->aside, key_of(&c->owner));
    if (a != NULL) aside_section(s, a, c->kind, c->bytes);
}

/* Who is set aside is known when all sections have been seen: then they are read once more. */
static enum err keep_sections(struct store *s, const struct checkpoint_options *o,
                              struct errmsg *why)
{
    const struct checkpoint_load again = { .ctx = s, .on_section = keep_section };
    struct checkpoint *log = NULL;
    journal_pos pos;
    if (map_count(s->recovery->aside) == 0) return ERR_OK;
    enum err e = checkpoint_open(o, &again, true, &log, &pos, why);
    assert(e != ERR_OK || pos == s->settled);
    log = checkpoint_close(log);
    assert(log == NULL);
    return e;
}

static void keep_record(struct store *s, journal_pos pos, const struct journal_record *record)
{
    struct aside *a = map_find(s->recovery->aside, key_of(&record->owner));
    assert(record->owner > 0);
    if (a != NULL) aside_record(s, a, pos, record);
}

/* Their directories have been moved. What is kept may be forgotten; what could not be stays where
 * it is, in the log that is not rewritten then. */
static void keep_end(struct store *s)
{
    struct slice key;
    void *value;
    assert(s->checkpoint != NULL && s->journal != NULL);
    for (uint32_t at = 0; map_next(s->recovery->aside, &at, &key, &value);) {
        uint64_t incarnation;
        assert(key.len == sizeof incarnation);
        memcpy(&incarnation, key.ptr, sizeof incarnation);
        enum err e = aside_end(s, value);
        if (e == ERR_OK) {
            (void)gone_add(s, incarnation, NULL);
            continue;
        }
        checkpoint_keep(s->checkpoint);
        store_report(s,
                     "what the logs hold of " STORE_STREAMS
                     "/%016llx cannot be kept in " STORE_QUARANTINE ": %s",
                     (unsigned long long)incarnation, err_text(e));
    }
}

/* ---- records ---- */

static void on_record(struct store *s, journal_pos pos, const struct journal_record *record)
{
    struct recovery *r = s->recovery;
    assert(pos > 0 && r->failed == ERR_OK);
    if (record->owner == 0) return;
    recovery_note_used(s, record->owner);
    if (is_ignored(s, record->owner)) {
        keep_record(s, pos, record);
        return;
    }
    const struct store_found found = { s, record->owner, true, record->kind, record->body };
    struct store_owner *o = find_or_make(s, &found);
    if (o == NULL) set_aside(s, record->owner, NULL, "what begins it is not in the journal");
    else if (!o->is_loaded) r->failed = loaded(s, o, &r->why);
    if (r->failed) return;
    if (is_ignored(s, record->owner)) {
        keep_record(s, pos, record);
        return;
    }
    assert(o->incarnation == record->owner);
    owner_changed(s, o, pos, RECORD_HEAD + record->body.len);
    o->ops->apply(o, record, true);
}

/* ---- … that the list's state includes ---- */

static void on_record_again(struct store *s, journal_pos pos, const struct journal_record *record)
{
    struct store_owner *o = owners_find(&s->owners, record->owner);
    assert(pos > s->released && pos <= s->settled);
    if (is_ignored(s, record->owner)) {
        keep_record(s, pos, record);
        return;
    }
    if (o == NULL || o->ops->refill == NULL || !o->ops->refill(o, record)) return;
    owner_changed(s, o, pos, RECORD_HEAD + record->body.len);
}

static void refill(struct store *s, const struct journal_batch *b)
{
    struct journal_record record;
    assert(!s->recovery->is_refilled);
    for (uint32_t at = 0; journal_next(b, &at, &record);)
        if (record.owner > 0) on_record_again(s, b->pos, &record);
}

/* Once, before anything that is behind the list's position. */
static void refill_end(struct store *s)
{
    if (s->recovery->is_refilled) return;
    s->recovery->is_refilled = true;
    LIST_EACH(&s->owners.all, node) {
        struct store_owner *o = container_of(node, struct store_owner, all);
        assert(o->is_loaded);
        if (o->ops->refilled != NULL) o->ops->refilled(o);
    }
}

/* ---- all of them ---- */

static void on_replay(void *ctx, const struct journal_batch *b)
{
    struct store *s = ctx;
    struct journal_record record;
    if (b->pos <= s->settled) {
        refill(s, b);
        return;
    }
    refill_end(s);
    assert(b->pos >= s->applied);
    s->applied = b->pos;
    for (uint32_t at = 0; journal_next(b, &at, &record);) {
        if (s->recovery->failed) return;
        on_record(s, b->pos, &record);
    }
}

static void report_damage(struct store *s, const struct journal_damage *d)
{
    if (s->recovery->damages++ >= REPORTS_MAX) return; /* their number is told at the end */
    if (!d->is_named) {
        store_report(s,
                     "batches %llu to %llu of the journal are gone; whose they were is not known",
                     (unsigned long long)d->first, (unsigned long long)d->last);
        return;
    }
    assert(d->first == d->last);
    store_report(s,
                 "batch %llu of the journal is damaged: it held sequences %llu to %llu of "
                 "the stream of " STORE_STREAMS "/%016llx",
                 (unsigned long long)d->first, (unsigned long long)d->first_sequence,
                 (unsigned long long)d->last_sequence, (unsigned long long)d->owner);
}

static void on_damage(void *ctx, const struct journal_damage *d)
{
    struct store *s = ctx;
    assert(s->recovery != NULL);
    s->stats.damages++;
    report_damage(s, d);
    if (d->last <= s->settled) return; /* who lacks something of it finds out */
    refill_end(s);
    if (!d->is_named) {
        tell_all(s);
        return;
    }
    recovery_note_used(s, d->owner);
    struct store_owner *o = d->owner > 0 ? owners_find(&s->owners, d->owner) : NULL;
    if (o == NULL) return;
    owner_changed(s, o, s->applied + 1, 0);
    if (o->ops->damaged != NULL) o->ops->damaged(o, d->first_sequence, d->last_sequence);
}

static void on_mended(void *ctx, journal_pos pos)
{
    struct store *s = ctx;
    assert(pos > 0);
    store_report(s, "a bit of batch %llu of the journal had turned, and is turned back",
                 (unsigned long long)pos);
}

static void on_range(void *ctx, journal_pos pos, uint64_t owner, uint64_t first_sequence)
{
    struct store *s = ctx;
    assert(s->recovery != NULL && pos > 0);
    struct store_owner *o = owner > 0 ? owners_find(&s->owners, owner) : NULL;
    if (o != NULL && first_sequence > 0) store_runs_add(s, o, first_sequence, pos);
}

/* ---- both ---- */

static void on_checkpoint_failed(void *ctx, enum err e, const char *what)
{
    struct store *s = ctx;
    assert(e != ERR_OK);
    s->is_stuck = true;
    store_report(s, "%s: %s; the journal grows until a restart", what, err_text(e));
}

static void on_journal_failed(void *ctx, enum err e, const char *what)
{
    struct store *s = ctx;
    assert(e != ERR_OK);
    s->failure = e;
    if (s->host.on_failed != NULL) s->host.on_failed(s->host.ctx, e, what);
}

static enum err open_checkpoint(struct store *s, struct errmsg *why)
{
    const struct checkpoint_options o = {
        .disk = s->disk,
        .queue = s->queue,
        .directory = "checkpoint",
        .store_id = s->identity.store_id,
        .seal = s->seal,
        .rewrite_min = s->o.rewrite_min,
        .ctx = s,
        .on_failed = on_checkpoint_failed,
        .slice = store_slice,
    };
    const struct checkpoint_load up = { .ctx = s,
                                        .on_section = on_section,
                                        .on_damage = on_list_lost };
    assert(s->checkpoint == NULL);
    enum err e = checkpoint_open(&o, &up, false, &s->checkpoint, &s->settled, why);
    if (e) return e;
    if (s->era_whole > s->identity.era) s->era_whole = 0; /* of a list that rot has left */
    s->applied = s->settled;
    if (s->released == 0 || s->released > s->settled) s->released = s->settled;
    if (s->recovery->left > s->settled) s->recovery->left = s->settled;
    e = sections_over(s, why);
    return e ? e : keep_sections(s, &o, why);
}

static enum err open_journal(struct store *s, struct errmsg *why)
{
    const struct journal_options o = {
        .disk = s->disk,
        .queue = s->queue,
        .directory = "journal",
        .store_id = s->identity.store_id,
        .sync = s->o.sync,
        .interval = s->o.sync_interval,
        .segment_first = s->o.segment_first,
        .segment_max = s->o.segment_max,
        .seal = s->seal,
        .begins_anew = store_convert_is_wanted(s),
        .ctx = s,
        .on_batch = store_on_batch,
        .on_failed = on_journal_failed,
        .make_space = store_reserve_cut,
    };
    const struct journal_replay up = { .ctx = s,
                                       .after = s->released,
                                       .on_batch = on_replay,
                                       .on_damage = on_damage,
                                       .on_mended = on_mended,
                                       .on_range = on_range,
                                       .known = s->released < s->settled ? s->recovery->left : 0 };
    assert(s->journal == NULL);
    enum err e = journal_open(&o, &up, false, &s->journal, why);
    if (e) return e;
    refill_end(s);
    if (s->recovery->failed == ERR_OK) return ERR_OK;
    return errmsg_set(why, s->recovery->failed, "%s", s->recovery->why.text);
}

static void recovery_end(struct store *s)
{
    struct recovery *r = s->recovery;
    struct slice key;
    void *value;
    assert(r != NULL);
    for (uint32_t at = 0; map_next(r->deferred, &at, &key, &value);) waiting_free(value);
    for (uint32_t at = 0; map_next(r->aside, &at, &key, &value);) (void)aside_free(s, value);
    r->deferred = map_free(r->deferred);
    r->aside = map_free(r->aside);
    r->gone = map_free(r->gone);
    s->recovery = NULL;
}

static enum err recovered(struct store_owner *o, bool is_whole, struct errmsg *why)
{
    assert(o->ops != NULL);
    return o->ops->recovered == NULL ? ERR_OK : o->ops->recovered(o, is_whole, why);
}

/* Synced now and then, the journal may end before what lies in files. */
static enum err tell_recovered(struct store *s, struct errmsg *why)
{
    bool is_whole = s->stats.damages == 0 && s->o.sync == JOURNAL_SYNC_EACH;
    enum err e = ERR_OK;
    assert(s->journal != NULL);
    LIST_EACH(&s->owners.all, node)
        if (!e) e = recovered(container_of(node, struct store_owner, all), is_whole, why);
    LIST_EACH(&s->gone, node) {
        struct store_owner *o = container_of(node, struct store_gone, node)->owner;
        if (!e && o != NULL) e = recovered(o, is_whole, why);
    }
    return e;
}

enum err store_recover(struct store *s, struct errmsg *why)
{
    struct recovery r = { .aside = map_new(1), .gone = map_new(2), .deferred = map_new(3) };
    assert(s->recovery == NULL);
    s->recovery = &r;
    s->next_incarnation = 1;
    enum err e = open_checkpoint(s, why);
    if (!e) e = open_journal(s, why);
    if (!e) e = store_files_sort(s, why);
    if (!e) e = tell_recovered(s, why);
    if (!e) keep_end(s);
    if (r.damages > REPORTS_MAX)
        store_report(s, "%u more batches of the journal are damaged", r.damages - REPORTS_MAX);
    recovery_end(s);
    if (e) return e;
    if (s->next_incarnation > 1) s->next_incarnation += INCARNATION_JUMP;
    assert(s->next_incarnation > 0);
    store_convert_begin(s);
    return ERR_OK;
}
