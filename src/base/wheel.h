/* SPDX-License-Identifier: Apache-2.0 */
/* Timer wheel: many timers, most of which are moved or cancelled before they fire.
 *
 * Four wheels of 256 slots; the finest tick is 1 ms, so the reach is 49 days; later timers wait in
 * the last slot and are placed anew. Set and cancel are O(1) and allocate nothing.
 *
 * Thread:  one reactor. Memory: the timer is embedded in its owner, who cancels it before dying.
 * Order:   timers that are due in one wheel_fire() fire by tick, and within a tick in the order
 *          set, so that a simulation replays identically. A timer never fires early, and at most 1
 *          ms plus the loop's own delay late. */
#ifndef MIDGE_BASE_WHEEL_H
#define MIDGE_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/units.h"

struct timer {
    struct list node; /* fields are private to wheel.c */
    uint64_t tick;    /* 0: not set */
    void (*fire)(struct timer *, nanos now);
};

enum { WHEEL_LEVELS = 4, WHEEL_SLOTS = 256 };

struct wheel {
    uint64_t tick; /* everything before it has fired */
    uint64_t count;
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* a bit per slot that may hold timers */
};

void wheel_init(struct wheel *, nanos now);

void timer_init(struct timer *, void (*fire)(struct timer *, nanos now));
static inline bool timer_is_set(const struct timer *t)
{
    return t->tick != 0;
}

/* Sets or moves. A time in the past fires within the next tick. */
void wheel_set(struct wheel *, struct timer *, nanos when);
void wheel_cancel(struct wheel *, struct timer *); /* a timer that is not set is fine */

/* Fires what is due, at most `max`; returns how many. `fire` may set and cancel any timer, its own
 * too. */
uint32_t wheel_fire(struct wheel *, nanos now, uint32_t max);

/* When the loop must next call wheel_fire(): never late, and early at most a few times per timer
 * (the wheel places far ones anew). NANOS_MAX when nothing is set. */
nanos wheel_next(const struct wheel *);

#endif
