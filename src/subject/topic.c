/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/topic.h"

#include "base/alloc.h"
#include "base/assert.h"

enum { ENTRIES_FIRST = 2 };

struct topic *topic_new(struct slice subject)
{
    struct topic *t = xcalloc(1, sizeof *t + subject.len);
    t->subject_len = subject.len;
    memcpy(t->subject, subject.ptr, subject.len);
    return t;
}

void topic_free(struct topic *t)
{
    if (t == NULL) return;
    struct groups *groups = atomic_load(&t->groups);
    for (uint32_t i = 0; groups != NULL && i < groups->count; i++) {
        xfree(atomic_load(&groups->at[i]->members));
        xfree(groups->at[i]);
    }
    xfree(groups);
    xfree(atomic_load(&t->plain));
    xfree(t);
}

/* A copy without holes and with room for more. */
static struct entries *entries_copy(struct entries *old, struct garbage **garbage)
{
    uint32_t live = old == NULL ? 0 : old->live;
    uint32_t cap = live < ENTRIES_FIRST ? ENTRIES_FIRST : live * 2;
    struct entries *e = xalloc(sizeof *e + cap * sizeof e->at[0]);
    e->cap = cap;
    e->live = live;
    uint32_t len = 0;
    for (uint32_t i = 0; old != NULL && i < atomic_load_explicit(&old->len, memory_order_relaxed);
         i++) {
        struct interest_entry *entry = atomic_load_explicit(&old->at[i], memory_order_relaxed);
        if (entry == NULL) continue;
        entry->slot = len;
        atomic_init(&e->at[len++], entry);
    }
    assert(len == live);
    atomic_init(&e->len, len);
    if (old != NULL) garbage_add(garbage, &old->garbage);
    return e;
}

static void entries_add(_Atomic(struct entries *) *place, struct interest_entry *entry,
                        struct garbage **garbage)
{
    struct entries *e = atomic_load_explicit(place, memory_order_relaxed);
    uint32_t len = e == NULL ? 0 : atomic_load_explicit(&e->len, memory_order_relaxed);
    if (e == NULL || len == e->cap) {
        e = entries_copy(e, garbage);
        atomic_store_explicit(place, e, memory_order_release);
        len = atomic_load_explicit(&e->len, memory_order_relaxed);
    }
    entry->slot = len;
    atomic_store_explicit(&e->at[len], entry, memory_order_relaxed);
    atomic_store_explicit(&e->len, len + 1, memory_order_release);
    e->live++;
}

static void entries_remove(_Atomic(struct entries *) *place, struct interest_entry *entry,
                           struct garbage **garbage)
{
    struct entries *e = atomic_load_explicit(place, memory_order_relaxed);
    assert(e != NULL && e->live > 0);
    assert(entry->slot < atomic_load_explicit(&e->len, memory_order_relaxed));
    assert(atomic_load_explicit(&e->at[entry->slot], memory_order_relaxed) == entry);
    atomic_store_explicit(&e->at[entry->slot], NULL, memory_order_release);
    e->live--;
    uint32_t len = atomic_load_explicit(&e->len, memory_order_relaxed);
    if (e->live == 0) {
        atomic_store_explicit(place, NULL, memory_order_release);
        garbage_add(garbage, &e->garbage);
    } else if (len > 8 && e->live * 2 < len) {
        atomic_store_explicit(place, entries_copy(e, garbage), memory_order_release);
    }
}

static struct group *group_find(const struct groups *groups, struct slice name)
{
    for (uint32_t i = 0; groups != NULL && i < groups->count; i++) {
        struct group *g = groups->at[i];
        if (slice_equal(slice_of(g->name, g->name_len), name)) return g;
    }
    return NULL;
}

/* A copy of the list with `add` more or `leave_out` less. */
static void groups_change(struct topic *t, struct group *add, const struct group *leave_out,
                          struct garbage **garbage)
{
    struct groups *old = atomic_load_explicit(&t->groups, memory_order_relaxed);
    uint32_t old_count = old == NULL ? 0 : old->count;
    struct groups *g = xalloc(sizeof *g + (old_count + 1) * sizeof(struct group *));
    g->count = 0;
    for (uint32_t i = 0; i < old_count; i++)
        if (old->at[i] != leave_out) g->at[g->count++] = old->at[i];
    if (add != NULL) g->at[g->count++] = add;
    if (g->count == 0) g = xfree(g);
    atomic_store_explicit(&t->groups, g, memory_order_release);
    if (old != NULL) garbage_add(garbage, &old->garbage);
}

void topic_add(struct topic *t, struct interest_entry *entry, struct garbage **garbage)
{
    if (entry->queue_len == 0) {
        entries_add(&t->plain, entry, garbage);
        return;
    }
    struct slice name = interest_entry_queue(entry);
    struct group *g = group_find(atomic_load_explicit(&t->groups, memory_order_relaxed), name);
    if (g != NULL) {
        entries_add(&g->members, entry, garbage);
        return;
    }
    g = xcalloc(1, sizeof *g + name.len);
    g->name_len = name.len;
    memcpy(g->name, name.ptr, name.len);
    entries_add(&g->members, entry, garbage);
    groups_change(t, g, NULL, garbage);
}

void topic_remove(struct topic *t, struct interest_entry *entry, struct garbage **garbage)
{
    if (entry->queue_len == 0) {
        entries_remove(&t->plain, entry, garbage);
        return;
    }
    struct group *g = group_find(atomic_load_explicit(&t->groups, memory_order_relaxed),
                                 interest_entry_queue(entry));
    assert(g != NULL);
    entries_remove(&g->members, entry, garbage);
    if (atomic_load_explicit(&g->members, memory_order_relaxed) != NULL) return;
    groups_change(t, NULL, g, garbage);
    garbage_add(garbage, &g->garbage);
}

bool topic_is_empty(const struct topic *t)
{
    return atomic_load_explicit(&t->plain, memory_order_relaxed) == NULL &&
           atomic_load_explicit(&t->groups, memory_order_relaxed) == NULL;
}

void topic_discard(struct topic *t, struct garbage **garbage)
{
    assert(topic_is_empty(t));
    garbage_add(garbage, &t->garbage);
}

static uint64_t entries_check(struct entries *e, struct slice subject)
{
    uint64_t found = 0;
    for (uint32_t i = 0; e != NULL && i < atomic_load(&e->len); i++) {
        struct interest_entry *entry = atomic_load(&e->at[i]);
        if (entry == NULL) continue;
        assert(entry->slot == i);
        assert(slice_equal(interest_entry_subject(entry), subject));
        found++;
    }
    assert(e == NULL || (found == e->live && found > 0));
    return found;
}

uint64_t topic_check(struct topic *t)
{
    if (t == NULL) return 0;
    assert(!topic_is_empty(t));
    struct slice subject = slice_of(t->subject, t->subject_len);
    uint64_t found = entries_check(atomic_load(&t->plain), subject);
    struct groups *groups = atomic_load(&t->groups);
    for (uint32_t i = 0; groups != NULL && i < groups->count; i++)
        found += entries_check(atomic_load(&groups->at[i]->members), subject);
    return found;
}
