/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "store/store_internal.h"

enum { TABLE_MIN = 64 };

static_assert(offsetof(struct store_owner, lines) == CACHE_LINE &&
                  STORE_LINES * sizeof(void *) == CACHE_LINE,
              "a line each");

/* ---- by incarnation ---- */

static struct store_owner **chain_of(const struct owners *all, uint64_t incarnation)
{
    assert(all->table_size > 0);
    return &all->table[hash_u64(incarnation) & (all->table_size - 1)];
}

void owners_init(struct owners *all)
{
    *all = (struct owners){ .table_size = TABLE_MIN };
    all->table = xcalloc(TABLE_MIN, sizeof(struct store_owner *));
    list_init(&all->all);
    list_init(&all->changed);
    list_init(&all->settling);
    list_init(&all->to_flush);
    assert(list_empty(&all->all));
}

void owners_deinit(struct owners *all)
{
    assert(all->count == 0);
    assert(list_empty(&all->all));
    all->table = xfree(all->table);
}

/* The table itself is small beside what it leads to, and stays in the caches. */
void owners_soon(const struct owners *all, uint64_t incarnation)
{
    const struct store_owner *o = *chain_of(all, incarnation);
    assert(incarnation > 0 || o == NULL);
    if (o == NULL) return;
    PREFETCH(o);
    PREFETCH(o->lines);
}

struct store_owner *owners_find(struct owners *all, uint64_t incarnation)
{
    if (all->last != NULL && all->last->incarnation == incarnation) return all->last;
    struct store_owner *o = *chain_of(all, incarnation);
    while (o != NULL && o->incarnation != incarnation) o = o->next;
    if (o != NULL) all->last = o;
    assert(o == NULL || o->ops != NULL);
    return o;
}

static void grow(struct owners *all)
{
    struct store_owner **old = all->table;
    uint32_t old_size = all->table_size;
    assert(old_size <= UINT32_MAX / 2);
    all->table_size = old_size * 2;
    all->table = xcalloc(all->table_size, sizeof(struct store_owner *));
    for (uint32_t i = 0; i < old_size; i++)
        while (old[i] != NULL) {
            struct store_owner *o = old[i], **to = chain_of(all, o->incarnation);
            old[i] = o->next;
            o->next = *to;
            *to = o;
        }
    xfree(old);
}

void store_enter(struct store *s, struct store_owner *o, uint64_t incarnation)
{
    struct owners *all = &s->owners;
    assert(incarnation > 0 && o->incarnation == 0);
    assert(o->ops != NULL && o->ops->apply != NULL);
    assert(o->gone == NULL);
    assert(owners_find(all, incarnation) == NULL);
    if (all->count == all->table_size) grow(all);
    struct store_owner **to = chain_of(all, incarnation);
    o->incarnation = incarnation;
    o->next = *to;
    *to = o;
    o->since = 0;
    o->unwritten = 0;
    o->flush_turn = 0;
    o->is_flushing = o->is_loaded = o->is_begun = o->flushes_small = false;
    o->erasing = 0;
    o->runs = NULL;
    o->runs_count = o->runs_cap = 0;
    o->runs_pos = 0;
    memset(o->lines, 0, sizeof o->lines);
    list_init(&o->changed);
    list_init(&o->settling);
    list_init(&o->to_flush);
    list_add_tail(&all->all, &o->all);
    all->count++;
    all->with_files += o->ops->scrub != NULL;
    if (s->next_incarnation <= incarnation) s->next_incarnation = incarnation + 1;
}

/* ---- what changed ---- */

void owner_changed(struct store *s, struct store_owner *o, journal_pos pos, uint32_t bytes)
{
    assert(o->incarnation > 0 && pos > 0);
    o->unwritten += bytes;
    if (!list_empty(&o->changed)) return;
    o->is_begun = true;
    o->since = pos;
    list_add_tail(&s->owners.changed, &o->changed);
    s->owners.changed_count++;
    assert(o->since > 0);
}

void store_touch(struct store *s, struct store_owner *o)
{
    assert(o->incarnation > 0);
    assert(s->applied < UINT64_MAX);
    if (o->is_begun) owner_changed(s, o, s->applied + 1, 0);
}

/* ---- the end of one ---- */

/* Many streams are not flushed all at once: what they write would stand before the journal's next
 * sync. */
static void flush_next(struct store *s, uint32_t at_most)
{
    struct list *node;
    if (s->is_flushing) return;
    assert(s->flushes_begun <= s->flushes && s->flushes_begun <= FLUSHES_MAX);
    s->is_flushing = true;              /* one with nothing to write is over at once */
    while (at_most-- > 0 && s->flushes_begun < FLUSHES_MAX &&
           (node = list_pop(&s->owners.to_flush)) != NULL) {
        struct store_owner *o = container_of(node, struct store_owner, to_flush);
        assert(o->is_flushing && o->ops->flush != NULL);
        s->flushes_begun++;
        o->flushing = o->unwritten;
        o->flush_turn = s->flush_turn;
        o->ops->flush(o);
    }
    s->is_flushing = false;
}

void owner_flush(struct store *s, struct store_owner *o)
{
    assert(!o->is_flushing);
    assert(o->ops->flush != NULL && list_empty(&o->to_flush));
    o->is_flushing = true;
    o->flushing = 0;
    s->flushes++;
    list_add_tail(&s->owners.to_flush, &o->to_flush);
}

/* Before the first write of each all that it has is summed and indexed: messages come between. */
void owners_flush(struct store *s)
{
    assert(s->step == STEP_FLUSHING);
    flush_next(s, FLUSHES_TURN);
}

bool owners_may_flush(const struct store *s)
{
    assert(s->flushes_begun <= s->flushes);
    return s->flushes_begun < FLUSHES_MAX && !list_empty(&s->owners.to_flush);
}

static void flush_over(struct store *s, struct store_owner *o)
{
    if (!o->is_flushing) return;
    assert(s->flushes > 0);
    o->is_flushing = false;
    s->flushes--;
    if (list_empty(&o->to_flush)) {
        assert(s->flushes_begun > 0);
        s->flushes_begun--;
    }
    list_remove(&o->to_flush);
    flush_next(s, 1);
}

/* What an owner that has left still writes is its own affair. */
void store_flushed(struct store *s, struct store_owner *o, enum err e)
{
    assert(o != NULL);
    if (e && o->is_flushing) s->passes = FLUSH_PASSES; /* the list has what it could not write */
    else if (o->is_flushing) o->unwritten -= o->flushing;
    flush_over(s, o);
    assert(!o->is_flushing);
}

void owner_out(struct store *s, struct store_owner *o)
{
    struct owners *all = &s->owners;
    struct store_owner **at = chain_of(all, o->incarnation);
    assert(o->incarnation > 0 && all->count > 0);
    while (*at != o) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = o->next;
    o->next = NULL;
    store_ahead_leave(s, o);
    if (all->last == o) all->last = NULL;
    store_slice_leave(s, o);
    store_scrub_leave(s, o);
    store_convert_leave(s, o);
    store_erase_leave(s, o);
    store_runs_free(o);
    flush_over(s, o);
    list_remove(&o->all);
    if (!list_empty(&o->changed)) all->changed_count--;
    list_remove(&o->changed);
    list_remove(&o->settling);
    o->incarnation = 0;
    all->count--;
    all->with_files -= o->ops->scrub != NULL;
}

struct store_gone *gone_add(struct store *s, uint64_t incarnation, struct store_owner *o)
{
    struct store_gone *g = xcalloc(1, sizeof *g);
    assert(incarnation > 0);
    *g = (struct store_gone){ .incarnation = incarnation, .owner = o };
    list_add_tail(&s->gone, &g->node);
    if (o != NULL) o->gone = g;
    assert(g->state == GONE_WAITS);
    return g;
}

struct store_gone *gone_free(struct store_gone *g)
{
    assert(g != NULL);
    list_remove(&g->node);
    if (g->owner != NULL) g->owner->gone = NULL;
    return xfree(g);
}

void store_forget(struct store *s, struct store_owner *o)
{
    uint64_t incarnation = o->incarnation;
    assert(incarnation > 0);
    owner_out(s, o);
    struct store_gone *g = gone_add(s, incarnation, o->ops->forgotten != NULL ? o : NULL);
    if (s->recovery != NULL) recovery_gone(s, incarnation, g);
    assert(o->incarnation == 0);
}

void store_removed(struct store *s, uint64_t incarnation)
{
    assert(incarnation > 0);
    LIST_EACH(&s->gone, node) {
        struct store_gone *g = container_of(node, struct store_gone, node);
        if (g->incarnation != incarnation || g->state != GONE_SAFE) continue;
        (void)gone_free(g);
        return;
    }
    assert(owners_find(&s->owners, incarnation) == NULL);
}

void store_leave(struct store *s, struct store_owner *o)
{
    if (o->gone != NULL) {
        o->gone->owner = NULL;
        o->gone = NULL;
    }
    if (o->incarnation == 0) return;
    assert(owners_find(&s->owners, o->incarnation) == o);
    owner_out(s, o);
    assert(o->incarnation == 0);
}

void store_damaged(struct store *s, const struct store_owner *o)
{
    assert(o->incarnation > 0);
    assert(owners_find(&s->owners, o->incarnation) == o);
    s->stats.damages++;
}

uint64_t store_incarnation_new(struct store *s)
{
    assert(s->next_incarnation > 0);
    assert(s->next_incarnation < UINT64_MAX);
    return s->next_incarnation++;
}

/* ---- all of it ---- */

static uint32_t check_chain(const struct store *s, uint32_t at)
{
    uint32_t count = 0;
    for (const struct store_owner *o = s->owners.table[at]; o != NULL; o = o->next, count++) {
        assert(o->incarnation > 0 && o->incarnation < s->next_incarnation);
        assert((hash_u64(o->incarnation) & (s->owners.table_size - 1)) == at);
        assert(list_empty(&o->changed) == (o->since == 0));
        assert(o->is_begun || o->since == 0);
        assert(!o->is_flushing || s->step == STEP_FLUSHING);
    }
    return count;
}

void owners_check(const struct store *s)
{
    uint32_t in_table = 0, in_list = 0, changed = 0;
    journal_pos before = 0;
    for (uint32_t i = 0; i < s->owners.table_size; i++) in_table += check_chain(s, i);
    LIST_EACH(&s->owners.all, node) in_list++;
    LIST_EACH(&s->owners.changed, node) {
        const struct store_owner *o = container_of(node, struct store_owner, changed);
        assert(o->since >= before);
        before = o->since;
        changed++;
    }
    assert(in_table == s->owners.count);
    assert(in_list == s->owners.count);
    assert(changed == s->owners.changed_count);
}
