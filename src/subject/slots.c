/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/slots.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

enum { SLOTS_FIRST = 4 };

void garbage_free(struct garbage *list)
{
    while (list != NULL) {
        struct garbage *next = list->next;
        xfree(list);
        list = next;
    }
}

static void put(struct slots *s, uint64_t hash, uintptr_t value)
{
    uint32_t mask = s->cap - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (slot_value(atomic_load_explicit(&s->at[at], memory_order_relaxed)) > SLOT_DEAD)
        at = (at + 1) & mask;
    if (atomic_load_explicit(&s->at[at], memory_order_relaxed) != SLOT_EMPTY) s->dead--;
    uint64_t tag = hash >> SLOT_TAG_SHIFT;
    atomic_store_explicit(&s->at[at], tag << SLOT_TAG_SHIFT | value, memory_order_release);
    s->live++;
}

/* A copy without the dead, sized for the living. */
static struct slots *copy(const struct slots *old, uint64_t seed, slots_text text)
{
    uint32_t live = old == NULL ? 0 : old->live;
    uint32_t cap = SLOTS_FIRST;
    while (cap < 2 * (live + 1)) cap *= 2;
    struct slots *s = xcalloc(1, sizeof *s + cap * sizeof s->at[0]);
    s->cap = cap;
    for (uint32_t i = 0; old != NULL && i < old->cap; i++) {
        uintptr_t value = slot_value(atomic_load_explicit(&old->at[i], memory_order_relaxed));
        if (value > SLOT_DEAD) put(s, hash_bytes(text(value), seed), value);
    }
    assert(s->live == live);
    return s;
}

void slots_add(_Atomic(struct slots *) *place, uint64_t seed, slots_text text, uintptr_t value,
               struct garbage **garbage)
{
    struct slots *s = atomic_load_explicit(place, memory_order_relaxed);
    assert(value > SLOT_DEAD && (uint64_t)value >> SLOT_TAG_SHIFT == 0);
    if (s == NULL || 4 * (s->live + s->dead + 1) > 3 * s->cap) {
        struct slots *bigger = copy(s, seed, text);
        if (s != NULL) garbage_add(garbage, &s->garbage);
        atomic_store_explicit(place, bigger, memory_order_release);
        s = bigger;
    }
    put(s, hash_bytes(text(value), seed), value);
}

void slots_remove(struct slots *s, _Atomic uint64_t *slot)
{
    assert(s->live > 0);
    /* The tag stays, so that a reader skips it without a look at the pointer. */
    uint64_t tag = atomic_load_explicit(slot, memory_order_relaxed) >> SLOT_TAG_SHIFT;
    atomic_store_explicit(slot, tag << SLOT_TAG_SHIFT | SLOT_DEAD, memory_order_release);
    s->live--;
    s->dead++;
}
