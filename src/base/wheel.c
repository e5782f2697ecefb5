/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wheel.h"

#include "base/assert.h"

enum { SLOT_BITS = 8, SLOT_MASK = WHEEL_SLOTS - 1 };
static const nanos TICK = MILLISECOND;

void wheel_init(struct wheel *w, nanos now)
{
    assert(now >= 0);
    *w = (struct wheel){ .tick = (uint64_t)(now / TICK) };
    for (int level = 0; level < WHEEL_LEVELS; level++)
        for (int slot = 0; slot < WHEEL_SLOTS; slot++) list_init(&w->slots[level][slot]);
}

void timer_init(struct timer *t, void (*fire)(struct timer *, nanos now))
{
    *t = (struct timer){ .fire = fire };
    list_init(&t->node);
}

static void mark(struct wheel *w, int level, uint32_t slot)
{
    w->used[level][slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* A timer stands on the level at which its tick and the wheel's first differ. */
static void place(struct wheel *w, struct timer *t)
{
    uint64_t tick = t->tick < w->tick ? w->tick : t->tick;
    uint64_t far = tick - w->tick;
    int level = 0;
    while (level < WHEEL_LEVELS - 1 && far >> (SLOT_BITS * (level + 1)) != 0) level++;
    if (far >> (SLOT_BITS * WHEEL_LEVELS) != 0) tick = w->tick + (UINT64_C(1) << 32) - 1;
    uint32_t slot = (uint32_t)(tick >> (SLOT_BITS * level)) & SLOT_MASK;
    list_add_tail(&w->slots[level][slot], &t->node);
    mark(w, level, slot);
}

void wheel_set(struct wheel *w, struct timer *t, nanos when)
{
    assert(t->fire != NULL);
    wheel_cancel(w, t);
    t->tick = when <= 0 ? 1 : (uint64_t)((when - 1) / TICK) + 1; /* round up: never early */
    w->count++;
    place(w, t);
}

void wheel_cancel(struct wheel *w, struct timer *t)
{
    if (t->tick == 0) return;
    assert(w->count > 0);
    list_remove(&t->node);
    t->tick = 0;
    w->count--;
}

/* The wheel's tick has just become a multiple of 256^level: the slot of that level spreads over the
 * finer ones. */
static void cascade(struct wheel *w, int level)
{
    uint32_t slot = (uint32_t)(w->tick >> (SLOT_BITS * level)) & SLOT_MASK;
    if (slot == 0 && level + 1 < WHEEL_LEVELS) cascade(w, level + 1);
    struct list moved;
    list_init(&moved);
    list_splice(&moved, &w->slots[level][slot]);
    w->used[level][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    for (struct list *n = list_pop(&moved); n != NULL; n = list_pop(&moved))
        place(w, container_of(n, struct timer, node));
}

/* The first slot of `level` at or after `from` that may hold timers, else WHEEL_SLOTS. */
static uint32_t next_used(const struct wheel *w, int level, uint32_t from)
{
    for (uint32_t word = from / 64; word < WHEEL_SLOTS / 64; word++) {
        uint64_t bits = w->used[level][word];
        if (word == from / 64) bits &= ~UINT64_C(0) << (from % 64);
        if (bits != 0) return word * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    return WHEEL_SLOTS;
}

/* Steps to the next tick that has work, but not past `end`. */
static void step(struct wheel *w, uint64_t end)
{
    uint32_t at = (uint32_t)w->tick & SLOT_MASK;
    uint32_t used = next_used(w, 0, at + 1 < WHEEL_SLOTS ? at + 1 : WHEEL_SLOTS - 1);
    uint64_t base = w->tick - at;
    uint64_t to = base + (used > at ? used : WHEEL_SLOTS);
    w->tick = to < end ? to : end;
    if ((w->tick & SLOT_MASK) == 0) cascade(w, 1);
}

uint32_t wheel_fire(struct wheel *w, nanos now, uint32_t max)
{
    uint64_t end = (uint64_t)(now / TICK) + 1; /* ticks below it are due */
    uint32_t fired = 0;
    while (w->tick < end) {
        uint32_t slot = (uint32_t)w->tick & SLOT_MASK;
        struct list due;
        list_init(&due);
        list_splice(&due, &w->slots[0][slot]);
        w->used[0][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
        while (!list_empty(&due) && fired < max) {
            struct timer *t = container_of(list_pop(&due), struct timer, node);
            t->tick = 0;
            w->count--;
            fired++;
            t->fire(t, now);
        }
        if (!list_empty(&due)) { /* the rest stays due for the next call */
            list_splice(&due, &w->slots[0][slot]);
            list_splice(&w->slots[0][slot], &due);
            mark(w, 0, slot);
            return fired;
        }
        /* set meanwhile for a past time: next call */
        if (!list_empty(&w->slots[0][slot])) return fired;
        step(w, end);
    }
    return fired;
}

/* How many slots after `at`, going round, the next one stands that may hold timers: 1 to
 * WHEEL_SLOTS; 0: none. */
static uint32_t slots_ahead(const struct wheel *w, int level, uint32_t at)
{
    uint32_t later = at + 1 < WHEEL_SLOTS ? next_used(w, level, at + 1) : WHEEL_SLOTS;
    if (later < WHEEL_SLOTS) return later - at;
    uint32_t wrapped = next_used(w, level, 0);
    return wrapped <= at ? wrapped + WHEEL_SLOTS - at : 0;
}

nanos wheel_next(const struct wheel *w)
{
    if (w->count == 0) return NANOS_MAX;
    uint32_t at = (uint32_t)w->tick & SLOT_MASK;
    if (!list_empty(&w->slots[0][at])) return (nanos)w->tick * TICK;
    uint64_t next = UINT64_MAX;
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t unit = w->tick >> (SLOT_BITS * level);
        uint32_t ahead = slots_ahead(w, level, (uint32_t)unit & SLOT_MASK);
        uint64_t tick = (unit + ahead) << (SLOT_BITS * level);
        if (ahead > 0 && tick < next) next = tick;
    }
    assert(next != UINT64_MAX);
    return (nanos)next * TICK;
}
