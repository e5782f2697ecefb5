/* SPDX-License-Identifier: Apache-2.0 */
/* Idle, flushing, writing: one checkpoint at a time. All owners that changed are in each, so the
 * journal is released up to the list's position; what is large is flushed to its blocks before, so
 * that the list stays small. What comes while it is flushed may stay in the journal, and nowhere
 * else: then the journal is released up to where that began, and a start reads those records twice,
 * up to the list's position for what they store alone. */
#include "base/assert.h"
#include "base/le.h"
#include "store/store_cache.h"
#include "store/store_internal.h"

/* ---- when ---- */

static bool has_gone(const struct store *s)
{
    LIST_EACH(&s->gone, node)
        if (container_of(node, struct store_gone, node)->state == GONE_WAITS) return true;
    return false;
}

static bool has_change(const struct store *s)
{
    return !list_empty(&s->owners.changed) || has_gone(s);
}

/* There is no room for what comes: a checkpoint gives some back, if only a second after the last
 * one. */
static bool is_short(const struct store *s)
{
    assert(s->cache != NULL);
    return store_error(s) == ERR_LIMIT || store_cache_is_over(s->cache);
}

static uint64_t journal_cap(const struct store *s)
{
    assert(s->o.journal_cap > 0);
    return s->owners.changed_count > MANY_CHANGED ? 2 * s->o.journal_cap : s->o.journal_cap;
}

/* Without the reserve space is not for lists that take more than they give. */
static bool frees(const struct store_owner *o)
{
    assert(o->incarnation > 0);
    return o->ops->frees != NULL && o->ops->frees(o);
}

bool store_list_helps(const struct store *s)
{
    LIST_EACH(&s->gone, node)
        if (container_of(node, struct store_gone, node)->state != GONE_SAFE) return true;
    LIST_EACH(&s->owners.settling, node)
        if (frees(container_of(node, struct store_owner, settling))) return true;
    LIST_EACH(&s->owners.changed, node)
        if (frees(container_of(node, struct store_owner, changed))) return true;
    assert(s->recovery == NULL);
    return !journal_has_room(s->journal, s->release_room, JOURNAL_USE_RELEASE);
}

/* What can be released, and there is reason to: what the last list has left there is not. */
static bool is_pressed(const struct store *s)
{
    struct journal_stats j;
    journal_stats(s->journal, &j);
    assert(j.durable >= s->settled);
    if (j.durable == s->settled) return false;
    if (s->is_stopping || j.retained > journal_cap(s) + s->behind) return true;
    if (s->now < s->retry || !is_short(s)) return false;
    return !store_reserve_is_missing(s) || store_list_helps(s);
}

static bool is_asked_for(const struct store *s)
{
    assert(s->step == STEP_IDLE);
    return store_erase_wants_list(s) || store_convert_wants_list(s);
}

static bool is_due(const struct store *s)
{
    if (s->is_stuck || s->failure != ERR_OK) return false;
    if (has_gone(s) || is_pressed(s) || is_asked_for(s)) return true;
    if (list_empty(&s->owners.changed)) return false;
    return s->is_stopping || s->now - s->changed_since >= s->o.checkpoint_interval;
}

/* Of one that has not begun. */
static nanos next_due(const struct store *s)
{
    assert(s->step == STEP_IDLE);
    if (has_gone(s) || is_asked_for(s)) return s->now;
    if (is_short(s)) return s->now < s->retry ? s->retry : s->now + CHECKPOINT_RETRY;
    if (list_empty(&s->owners.changed)) return NANOS_MAX;
    return s->changed_since == 0 ? s->now : s->changed_since + s->o.checkpoint_interval;
}

/* Those that found no space for their blocks: when they are asked next. */
static nanos owners_due(const struct store *s)
{
    assert(s->cache != NULL);
    if (!store_cache_is_refused(s->cache) || s->is_sparing) return NANOS_MAX;
    return s->retry_owners;
}

/* Space may have come back since: they try, once a second. */
static void retry_owners(struct store *s)
{
    if (owners_due(s) > s->now) return;
    s->retry_owners = s->now + CHECKPOINT_RETRY;
    assert(s->retry_owners > s->now);
    LIST_EACH(&s->owners.all, node) {
        struct store_owner *o = container_of(node, struct store_owner, all);
        if (o->ops->retry != NULL) o->ops->retry(o);
    }
}

static nanos list_due(const struct store *s)
{
    if (s->is_stuck || s->failure != ERR_OK) return NANOS_MAX;
    if (s->wants_tick) return s->now;
    if (checkpoint_is_refused(s->checkpoint)) return store_refused_due(s);
    if (s->step == STEP_IDLE) return next_due(s);
    if (s->step != STEP_FLUSHING) return NANOS_MAX;
    assert(s->now > 0 || s->flushes > 0);
    return s->flushes == 0 || owners_may_flush(s) ? s->now : NANOS_MAX;
}

nanos store_checkpoint_due(const struct store *s)
{
    nanos list = list_due(s), owners = owners_due(s);
    assert(s->recovery == NULL);
    return list < owners ? list : owners;
}

bool store_checkpoint_is_over(const struct store *s)
{
    if (s->is_stuck || s->failure != ERR_OK) return true;
    if (checkpoint_is_refused(s->checkpoint)) return true; /* there is no space for it */
    assert(s->is_stopping);
    return s->step == STEP_IDLE && !has_change(s) && !is_pressed(s);
}

/* ---- flush ---- */

/* The oldest are looked at first: they pin the journal, and fill the list's share of small ones. */
static void flush_all(struct store *s)
{
    uint64_t left = 0;
    struct journal_stats j;
    journal_stats(s->journal, &j);
    assert(s->step == STEP_FLUSHING && s->flushes == 0);
    s->passes++;
    s->flush_turn++;
    s->flushed = s->applied > s->settled ? s->applied : s->settled;
    s->flush_retained = j.retained;
    LIST_EACH(&s->owners.changed, node) {
        struct store_owner *o = container_of(node, struct store_owner, changed);
        bool is_small = o->unwritten < FLUSH_MIN && left + o->unwritten <= LIST_UNWRITTEN &&
                        !o->flushes_small;
        if (is_small) left += o->unwritten;
        if (is_small || o->ops->flush == NULL) continue;
        owner_flush(s, o);
    }
}

static void begin(struct store *s)
{
    assert(s->step == STEP_IDLE);
    s->step = STEP_FLUSHING;
    s->passes = 0;
    flush_all(s);
}

/* Not what a power cut may take while the list stays; nor while something is to be erased, which
 * may stand in one record with it. */
static bool may_leave(const struct store *s)
{
    assert(s->recovery == NULL);
    return s->o.sync == JOURNAL_SYNC_EACH && list_empty(&s->erasures.waiting);
}

/* While much was flushed much has come, which the list would have to hold, and every start to read:
 * to flush that takes less time, in which less comes. */
static bool is_much_left(const struct store *s)
{
    uint64_t left = 0;
    assert(s->step == STEP_FLUSHING && s->flushes == 0);
    if (s->passes >= FLUSH_PASSES || s->is_stopping) return false;
    LIST_EACH(&s->owners.changed, node) {
        const struct store_owner *o = container_of(node, struct store_owner, changed);
        if (o->ops->leaves != NULL && may_leave(s)) continue;
        if (o->ops->flush != NULL && o->unwritten >= FLUSH_MIN) left += o->unwritten;
    }
    return left >= FLUSH_AGAIN;
}

/* ---- list ---- */

static void add_next(struct store *s, struct checkpoint *c)
{
    assert(s->next_incarnation > 0);
    le_put_u64(checkpoint_add(c, 0, STORE_SECTION_NEXT, 8), s->next_incarnation);
}

static void add_era(const struct store *s, struct checkpoint *c)
{
    if (s->era_whole == 0) return;
    assert(s->era_whole <= s->identity.era);
    le_put_u64(checkpoint_add(c, 0, STORE_SECTION_ERA, 8), s->era_whole);
}

/* `only_new`: those that no list has told. */
static void add_gone(struct store *s, struct checkpoint *c, bool only_new)
{
    LIST_EACH(&s->gone, node) {
        struct store_gone *g = container_of(node, struct store_gone, node);
        if (only_new && g->state != GONE_WAITS) continue;
        assert(g->incarnation > 0);
        le_put_u64(checkpoint_add(c, 0, STORE_SECTION_GONE, 8), g->incarnation);
        if (only_new) g->state = GONE_LISTED;
    }
}

/* The list that names them is durable. */
static void settle_gone(struct store *s)
{
    assert(!s->is_stuck);
    LIST_EACH(&s->gone, node) {
        struct store_gone *g = container_of(node, struct store_gone, node);
        if (g->state != GONE_LISTED) continue;
        g->state = GONE_SAFE;
        struct store_owner *o = g->owner;
        if (o == NULL) continue;
        assert(o->gone == g && o->incarnation == 0);
        g->owner = NULL;
        o->gone = NULL;
        assert(o->ops->forgotten != NULL);
        o->ops->forgotten(o);
    }
}

static void look_at_space(struct store *s)
{
    struct disk_space space;
    assert(s->disk != NULL);
    if (s->disk->space(s->disk, &space) == ERR_OK) s->stats.disk_free = space.free;
}

static void on_listed(void *ctx, enum err e)
{
    struct store *s = ctx;
    struct list *node;
    assert(s->step == STEP_WRITING);
    assert(s->listed >= s->settled);
    s->step = STEP_IDLE;
    if (e) s->is_stuck = true;
    else s->settled = s->listed;
    if (!e) {
        s->lists_settled = s->lists;
        s->stats.checkpoints++;
        s->released = s->needed;
        journal_release(s->journal, s->released);
        look_at_space(s);
    }
    while ((node = list_pop(&s->owners.settling)) != NULL) {
        struct store_owner *o = container_of(node, struct store_owner, settling);
        assert(o->incarnation > 0);
        if (o->ops->settled != NULL) o->ops->settled(o, e);
    }
    if (!e) settle_gone(s);
}

/* What the store itself says, at the position that owners have reached. */
static void begin_list(struct store *s)
{
    struct journal_stats j;
    journal_stats(s->journal, &j);
    assert(s->applied <= j.durable && j.durable >= s->listed);
    s->changed_since = 0;
    s->retry = s->now + CHECKPOINT_RETRY;
    s->listed = s->needed = j.durable;
    s->lists++;
    store_convert_listed(s);
}

static void add_own(struct store *s)
{
    assert(s->step == STEP_WRITING);
    add_next(s, s->checkpoint);
    if (s->era_told != s->era_whole) add_era(s, s->checkpoint);
    s->era_told = s->era_whole;
    add_gone(s, s->checkpoint, true);
}

static bool is_flushed(const struct store *s, const struct store_owner *o)
{
    assert(o->flush_turn <= s->flush_turn);
    return s->flush_turn > 0 && o->flush_turn == s->flush_turn;
}

/* One that leaves something has changed again, for what it leaves is to be said some time. */
static void tell(struct store *s, struct store_owner *o, bool may)
{
    assert(o->is_begun && list_empty(&o->changed));
    assert(list_empty(&o->settling));
    bool leaves = may && is_flushed(s, o) && o->ops->leaves != NULL && o->ops->leaves(o);
    o->since = 0;
    if (!leaves) o->unwritten = 0;
    list_add_tail(&s->owners.settling, &o->settling);
    o->ops->checkpoint(o, s->checkpoint);
    if (!leaves) return;
    s->needed = s->flushed;
    owner_changed(s, o, s->flushed + 1, 0);
}

static void add_needed(struct store *s)
{
    uint8_t *at = checkpoint_add(s->checkpoint, 0, STORE_SECTION_NEEDED, 16);
    assert(s->needed <= s->listed && s->applied <= s->listed);
    le_put_u64(at, s->needed);
    le_put_u64(at + 8, s->applied);
}

static void tell_changed(struct store *s, bool may)
{
    struct list *node, all;
    list_init(&all);
    list_splice(&all, &s->owners.changed);
    s->owners.changed_count = 0;
    assert(s->step == STEP_WRITING);
    while ((node = list_pop(&all)) != NULL)
        tell(s, container_of(node, struct store_owner, changed), may);
    add_needed(s);
    assert(may || list_empty(&s->owners.changed));
}

/* Messages that are in no block stand in the list. */
static uint64_t expected(const struct store *s)
{
    uint64_t bytes = 0;
    assert(s->step == STEP_WRITING);
    LIST_EACH(&s->owners.changed, node) {
        const struct store_owner *o = container_of(node, struct store_owner, changed);
        bytes += OWNER_SECTIONS + (is_flushed(s, o) ? 0 : o->unwritten);
    }
    return bytes;
}

static void gather(struct store *s)
{
    struct journal_stats j;
    journal_stats(s->journal, &j);
    assert(s->step == STEP_FLUSHING && s->flushes == 0);
    assert(!checkpoint_is_busy(s->checkpoint));
    assert(list_empty(&s->owners.settling));
    begin_list(s);
    s->step = STEP_WRITING;
    checkpoint_begin(s->checkpoint, s->listed);
    checkpoint_expect(s->checkpoint, expected(s));
    add_own(s);
    tell_changed(s, may_leave(s));
    bool leaves = s->needed < s->listed && j.retained > s->flush_retained;
    s->behind = leaves ? j.retained - s->flush_retained : 0;
    checkpoint_commit(s->checkpoint, on_listed, s);
}

/* ---- a list that waits for space ---- */

/* What it says of an owner that is forgotten by now, nobody needs. */
static bool keeps(void *ctx, const struct checkpoint_section *section)
{
    struct store *s = ctx;
    assert(s->step == STEP_WRITING);
    if (section->owner == 0)
        return section->kind != STORE_SECTION_NEXT && section->kind != STORE_SECTION_NEEDED;
    const struct store_owner *o = owners_find(&s->owners, section->owner);
    if (o == NULL) return false;
    assert(o->is_begun);
    return o->ops->keeps == NULL || o->ops->keeps(o, section->kind);
}

void store_list_amend(struct store *s)
{
    struct list *node, told;
    assert(s->step == STEP_WRITING && !s->is_stuck);
    assert(checkpoint_is_refused(s->checkpoint));
    list_init(&told);
    list_splice(&told, &s->owners.settling);
    begin_list(s);
    checkpoint_amend(s->checkpoint, s->listed, keeps, s);
    add_own(s);
    while ((node = list_pop(&told)) != NULL) {
        struct store_owner *o = container_of(node, struct store_owner, settling);
        if (o->ops->amend != NULL) o->ops->amend(o);
        if (!list_empty(&o->changed)) s->owners.changed_count--;
        list_remove(&o->changed);
        tell(s, o, false);
    }
    tell_changed(s, false);
    s->behind = 0;
    checkpoint_commit(s->checkpoint, on_listed, s);
}

/* ---- turns ---- */

void store_checkpoint_tick(struct store *s)
{
    assert(s->failure == ERR_OK || s->is_stuck || s->now > 0);
    s->wants_tick = false;
    retry_owners(s);
    store_refused_tick(s);
    bool is_refused = checkpoint_is_refused(s->checkpoint);
    if (s->is_stuck || (s->is_stopping && is_refused)) return;
    /* a rewrite that has not ended by now would be for nothing */
    if (!s->is_stopping && !is_refused) s->wants_tick = checkpoint_tick(s->checkpoint);
    if (s->step == STEP_IDLE && is_due(s)) begin(s);
    if (s->step == STEP_FLUSHING && s->flushes == 0 && is_much_left(s)) flush_all(s);
    if (s->step == STEP_FLUSHING) owners_flush(s);
    if (s->step == STEP_FLUSHING && s->flushes == 0) gather(s);
    assert(s->step != STEP_FLUSHING || s->flushes > 0);
}

/* ---- slices of a rewrite ---- */

/* The next one that has begun; NULL: none. */
static struct store_owner *owner_after(const struct store *s, const struct store_owner *o)
{
    const struct list *at = o != NULL ? &o->all : &s->owners.all;
    assert(at->next != NULL);
    for (at = at->next; at != &s->owners.all; at = at->next) {
        struct store_owner *next = container_of(at, struct store_owner, all);
        if (next->is_begun) return next;
    }
    return NULL;
}

void store_slice_leave(struct store *s, struct store_owner *o)
{
    assert(o->incarnation > 0);
    if (s->slice_at != o) return;
    s->slice_at = owner_after(s, o);
    s->slice_is_first = true;
}

bool store_slice(void *ctx, struct checkpoint *c, bool is_first)
{
    struct store *s = ctx;
    assert(s->checkpoint == c);
    if (is_first) {
        add_next(s, c);
        add_era(s, c);
        add_gone(s, c, false);
        s->slice_at = owner_after(s, NULL);
        s->slice_is_first = true;
    }
    while (s->slice_at != NULL && checkpoint_gathered(c) < s->o.slice_budget) {
        struct store_owner *o = s->slice_at;
        assert(o->incarnation > 0 && o->is_begun);
        assert(o->ops->slice != NULL);
        bool has_more = o->ops->slice(o, c, s->slice_is_first,
                                      s->o.slice_budget - checkpoint_gathered(c));
        s->slice_is_first = !has_more;
        if (!has_more) s->slice_at = owner_after(s, o);
    }
    return s->slice_at != NULL;
}
