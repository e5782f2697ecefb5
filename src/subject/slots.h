/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: an open-addressed set of pointers, read by many without a lock, written by one at a time.
 *
 * A slot is the pointer with 16 bits of its hash above it, so that a probe seldom touches what it
 * points to. User addresses have 48 bits on every machine we build for; the lowest bit is the
 * caller's. A removed slot is marked dead and used again; a table with too many of them is copied,
 * so no cost grows with history.
 *
 * Thread:  slots_find() any reactor between two quiescent points; the rest under the owner's lock.
 * Memory:  a table that was replaced goes to the garbage list; readers may hold it until they are
 * quiescent. */
#ifndef MIDGE_SUBJECT_SLOTS_H
#define MIDGE_SUBJECT_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Memory that readers may still hold; the caller frees it after a grace period with garbage_free().
 * Everything that slots and interest allocate begins with one. */
struct garbage {
    struct garbage *next;
};

void garbage_free(struct garbage *list);

static inline void garbage_add(struct garbage **list, struct garbage *g)
{
    g->next = *list;
    *list = g;
}

struct slots {
    struct garbage garbage;
    uint32_t cap; /* a power of two */
    uint32_t live;
    uint32_t dead;
    _Atomic uint64_t at[];
};

/* What a kind of table holds: the text of an element, by which it is found. */
typedef struct slice (*slots_text)(uintptr_t value);

enum { SLOT_EMPTY = 0, SLOT_DEAD = 1, SLOT_TAG_SHIFT = 48 };

static inline uintptr_t slot_value(uint64_t slot)
{
    return (uintptr_t)(slot & ((UINT64_C(1) << SLOT_TAG_SHIFT) - 1));
}

/* The value whose text is `key`, 0 when there is none. `*ret_slot` is where it stood; only the
 * writer may rely on that, for a slot may be emptied and used again while a reader looks. */
static inline uintptr_t slots_find(struct slots *s, uint64_t hash, struct slice key,
                                   slots_text text, _Atomic uint64_t **ret_slot)
{
    if (s == NULL) return 0;
    uint32_t mask = s->cap - 1;
    uint64_t tag = hash >> SLOT_TAG_SHIFT;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        uint64_t slot = atomic_load_explicit(&s->at[at], memory_order_acquire);
        if (slot == SLOT_EMPTY) return 0;
        if (slot >> SLOT_TAG_SHIFT != tag || slot_value(slot) <= SLOT_DEAD) continue;
        if (!slice_equal(text(slot_value(slot)), key)) continue;
        if (ret_slot != NULL) *ret_slot = &s->at[at];
        return slot_value(slot);
    }
}

/* Where slots_find() will begin. */
static inline const void *slots_home(const struct slots *s, uint64_t hash)
{
    return &s->at[(uint32_t)hash & (s->cap - 1)];
}

/* The first value that may be the one with this hash, unread; 0: there is none. */
static inline uintptr_t slots_guess(const struct slots *s, uint64_t hash)
{
    uint32_t mask = s->cap - 1;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        uint64_t slot = atomic_load_explicit(&s->at[at], memory_order_acquire);
        if (slot == SLOT_EMPTY) return 0;
        if (slot >> SLOT_TAG_SHIFT == hash >> SLOT_TAG_SHIFT && slot_value(slot) > SLOT_DEAD)
            return slot_value(slot);
    }
}

/* Adds a value that is not there. `*place` is the table's home; a larger table replaces it
 * there. */
void slots_add(_Atomic(struct slots *) *place, uint64_t seed, slots_text text, uintptr_t value,
               struct garbage **garbage);

/* Puts another value with the same text into a slot that slots_find() gave. */
static inline void slots_replace(_Atomic uint64_t *slot, uintptr_t value)
{
    uint64_t tag = atomic_load_explicit(slot, memory_order_relaxed) >> SLOT_TAG_SHIFT;
    atomic_store_explicit(slot, tag << SLOT_TAG_SHIFT | value, memory_order_release);
}

void slots_remove(struct slots *, _Atomic uint64_t *slot);

#endif
