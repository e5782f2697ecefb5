/* SPDX-License-Identifier: Apache-2.0 */
/* A file of zeros, "reserve", that is given up when a list finds no space. Only a list that is safe
 * lets blocks and segments go: on a disk that is full to the last byte a purge would free nothing.
 * It is made again when there is space. */
#include "base/assert.h"
#include "store/store_internal.h"

#define NAME       "reserve"
#define MAKE_AGAIN (10 * SECOND)

static void submit(struct store *s, enum reserve_step step, enum disk_kind kind)
{
    struct reserve *r = &s->reserve;
    assert(step != RESERVE_NONE && step != RESERVE_THERE);
    r->step = step;
    r->op.kind = kind;
    r->op.name = NAME;
    r->op.mode = DISK_OPEN_CREATE;
    r->op.offset = 0;
    r->op.length = s->o.reserve;
    disk_submit(s->queue, &r->op);
}

static void absent(struct store *s)
{
    struct reserve *r = &s->reserve;
    r->step = RESERVE_NONE;
    r->due = s->now + MAKE_AGAIN;
    assert(r->due > s->now);
}

/* One of before is as good. */
static void opened(struct store *s, enum err e)
{
    assert(s->reserve.step == RESERVE_OPENING);
    if (e == ERR_EXISTS) s->reserve.step = RESERVE_THERE;
    else if (e != ERR_OK) absent(s);
    else submit(s, RESERVE_FILLING, DISK_ZERO);
}

static void on_done(struct disk_op *op)
{
    struct reserve *r = container_of(op, struct reserve, op);
    struct store *s = container_of(r, struct store, reserve);
    switch (r->step) {
    case RESERVE_OPENING: opened(s, op->result); return;
    case RESERVE_FILLING:
        r->is_short = op->result != ERR_OK;
        submit(s, RESERVE_CLOSING, DISK_CLOSE);
        return;
    case RESERVE_CLOSING:
        if (r->is_short) submit(s, RESERVE_GOING, DISK_REMOVE);
        else r->step = RESERVE_THERE;
        return;
    case RESERVE_GOING:
        absent(s);
        /* at once, before anybody else takes what has become free */
        if (checkpoint_is_refused(s->checkpoint)) s->wants_tick = checkpoint_tick(s->checkpoint);
        return;
    case RESERVE_NONE:
    case RESERVE_THERE:
    default: unreachable();
    }
}

void store_reserve_init(struct store *s)
{
    assert(s->reserve.step == RESERVE_NONE);
    s->reserve.op.lane = DISK_LANE_BULK;
    s->reserve.op.done = on_done;
}

static bool is_wanted(const struct store *s)
{
    return s->o.reserve > 0 && !s->is_stopping && s->failure == ERR_OK && !s->is_stuck;
}

nanos store_reserve_due(const struct store *s)
{
    const struct reserve *r = &s->reserve;
    if (!is_wanted(s)) return NANOS_MAX;
    assert(s->recovery == NULL);
    if (r->step == RESERVE_THERE && checkpoint_is_refused(s->checkpoint)) return s->now;
    return r->step == RESERVE_NONE ? r->due : NANOS_MAX;
}

void store_reserve_tick(struct store *s)
{
    struct reserve *r = &s->reserve;
    assert(s->queue != NULL);
    if (s->now < store_reserve_due(s)) return;
    if (r->step == RESERVE_THERE) submit(s, RESERVE_GOING, DISK_REMOVE);
    else if (checkpoint_is_refused(s->checkpoint)) r->due = s->now + MAKE_AGAIN;
    else submit(s, RESERVE_OPENING, DISK_OPEN);
}
