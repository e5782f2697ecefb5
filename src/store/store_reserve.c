/* SPDX-License-Identifier: Apache-2.0 */
/* The file "reserve": zeros that hold space for one thing, a list that frees more than it takes
 * (docs/decisions/013). When such a list is refused the file is cut to nothing; it is filled again
 * as soon as there is space, before anybody else gets some. A start without space for the journal
 * gives it up, too. Its state is its length: a start believes one that is long enough. */
#include "base/assert.h"
#include "store/store_internal.h"

enum { RESERVE_UNIT = 512 };
#define RESERVE_RETRY SECOND
/* One that has less than it should looks for more. */
#define RESERVE_MORE MINUTE

bool store_reserve_is_missing(const struct store *s)
{
    assert(!s->reserve.is_missing || s->reserve.state != RESERVE_HELD);
    return s->reserve.is_missing;
}

static bool is_underway(const struct reserve *r)
{
    return r->state == RESERVE_OPENING || r->state == RESERVE_FILLING ||
           r->state == RESERVE_CUTTING || r->state == RESERVE_NAMING;
}

static void submit(struct store *s, enum reserve_state state, enum disk_kind kind, uint64_t length)
{
    struct reserve *r = &s->reserve;
    assert(!is_underway(r));
    r->state = state;
    r->op.kind = kind;
    r->op.name = state == RESERVE_NAMING ? "" : STORE_RESERVE;
    r->op.mode = DISK_OPEN_CREATE;
    r->op.file = r->file;
    r->op.offset = 0;
    r->op.length = length;
    disk_submit(s->queue, &r->op);
}

static void fill(struct store *s)
{
    assert(s->o.reserve_bytes > 0);
    if (s->reserve.file == NULL) submit(s, RESERVE_OPENING, DISK_OPEN, 0);
    else submit(s, RESERVE_FILLING, DISK_ZERO, s->reserve.bytes);
}

/* Without it no list is promised space, and nothing else changes. */
static void fail(struct store *s, enum err e)
{
    assert(e != ERR_OK);
    s->reserve.state = RESERVE_OFF;
    s->reserve.is_missing = false;
    if (e == ERR_CLOSED) return;
    store_report(s,
                 "the file " STORE_RESERVE " of the store cannot be written: %s; a disk that is "
                 "full may stay so until there is space from elsewhere",
                 err_text(e));
}

static void no_space(struct store *s)
{
    struct reserve *r = &s->reserve;
    r->is_missing = true;
    r->retry = s->now + RESERVE_RETRY;
    assert(r->state == RESERVE_NONE);
    if (r->file != NULL) submit(s, RESERVE_CUTTING, DISK_TRUNCATE, 0);
}

static void on_cut(struct store *s, enum err e)
{
    struct reserve *r = &s->reserve;
    assert(r->is_missing);
    assert(r->state == RESERVE_NONE);
    if (e && e != ERR_LIMIT) fail(s, e);
    s->retry_list = s->now; /* a list may wait for it */
}

static void on_filled(struct store *s, enum err e)
{
    struct reserve *r = &s->reserve;
    assert(r->file != NULL);
    assert(r->bytes > 0);
    if (e == ERR_LIMIT) no_space(s);
    else if (e) fail(s, e);
    else submit(s, RESERVE_NAMING, DISK_SYNC_DIR, 0);
}

static void on_named(struct store *s, enum err e)
{
    struct reserve *r = &s->reserve;
    assert(r->file != NULL);
    if (e) {
        fail(s, e);
        return;
    }
    r->state = RESERVE_HELD;
    r->is_missing = false;
}

static void on_done(struct disk_op *op)
{
    struct reserve *r = container_of(op, struct reserve, op);
    struct store *s = container_of(r, struct store, reserve);
    enum reserve_state state = r->state;
    enum err e = op->result;
    assert(is_underway(r));
    r->state = RESERVE_NONE;
    if (state == RESERVE_CUTTING) on_cut(s, e);
    else if (state == RESERVE_FILLING) on_filled(s, e);
    else if (state == RESERVE_NAMING) on_named(s, e);
    else if (e == ERR_LIMIT) no_space(s);
    else if (e) fail(s, e);
    else {
        r->file = op->file;
        fill(s);
    }
}

/* ---- turns ---- */

bool store_reserve_is_held(const struct store *s)
{
    assert(s->reserve.state != RESERVE_HELD || s->reserve.file != NULL);
    return s->reserve.state == RESERVE_HELD;
}

bool store_reserve_is_cut(const struct store *s)
{
    assert(s->reserve.state != RESERVE_CUTTING || s->reserve.file != NULL);
    return s->reserve.state == RESERVE_CUTTING;
}

void store_reserve_give(struct store *s)
{
    assert(s->reserve.state == RESERVE_HELD && s->reserve.bytes > 0);
    s->reserve.is_missing = true;
    s->reserve.retry = s->now + RESERVE_RETRY;
    submit(s, RESERVE_CUTTING, DISK_TRUNCATE, 0);
}

/* A new store is not kept from its first messages by it. */
static bool is_wanted(const struct store *s)
{
    assert(s->recovery == NULL);
    const struct reserve *r = &s->reserve;
    bool is_less = r->state == RESERVE_HELD && r->bytes < s->o.reserve_bytes;
    if ((r->state != RESERVE_NONE && !is_less) || s->is_stopping || s->is_stuck) return false;
    return s->failure == ERR_OK && s->applied > 0 && !checkpoint_is_refused(s->checkpoint);
}

/* All of it, or more than a half, when there is no more space: the rest may hold a file system
 * together. 0: too little. */
static uint64_t bytes_now(struct store *s, uint32_t times)
{
    struct disk_space space;
    uint64_t all = s->o.reserve_bytes;
    assert(all > 0 && s->disk != NULL);
    if (s->disk->space(s->disk, &space) != ERR_OK || space.free >= times * all) return all;
    if (times > 1) return 0;
    uint64_t most = (space.free - space.free / 16) / RESERVE_UNIT * RESERVE_UNIT;
    return most >= all / 2 ? most : 0;
}

void store_reserve_tick(struct store *s)
{
    struct reserve *r = &s->reserve;
    if (!is_wanted(s) || s->now < r->retry) return;
    bool is_held = r->state == RESERVE_HELD;
    assert(!is_held || r->bytes < s->o.reserve_bytes);
    uint64_t bytes = bytes_now(s, is_held ? 2 : 1);
    r->retry = s->now + (is_held ? RESERVE_MORE : RESERVE_RETRY);
    if (is_held && bytes < s->o.reserve_bytes) return; /* more than it has, and no risk */
    r->bytes = bytes;
    if (bytes == 0) r->is_missing = true;
    else fill(s);
}

nanos store_reserve_due(const struct store *s)
{
    return is_wanted(s) ? s->reserve.retry : NANOS_MAX;
}

/* ---- life ---- */

enum err store_reserve_open(struct store *s, struct errmsg *why)
{
    struct reserve *r = &s->reserve;
    uint64_t size = 0;
    assert(r->file == NULL && r->state == RESERVE_OFF);
    if (s->o.reserve_bytes == 0) return ERR_OK;
    r->op.lane = DISK_LANE_BULK;
    r->op.matter = DISK_MATTER_CHECKPOINT;
    r->op.done = on_done;
    r->state = RESERVE_NONE;
    enum err e = s->disk->open(s->disk, STORE_RESERVE, DISK_OPEN_WRITE, &r->file, why);
    if (e == ERR_NOTFOUND) return ERR_OK;
    if (!e) e = s->disk->size(s->disk, r->file, &size);
    if (e) return errmsg_set(why, e, "the file " STORE_RESERVE " of the store cannot be opened");
    r->bytes = size;
    if (size >= s->o.reserve_bytes / 2) r->state = RESERVE_HELD;
    return ERR_OK;
}

bool store_reserve_cut(void *ctx)
{
    struct store *s = ctx;
    struct reserve *r = &s->reserve;
    assert(s->recovery != NULL && s->queue->in_flight == 0);
    if (r->state != RESERVE_HELD) return false;
    if (s->disk->truncate(s->disk, r->file, 0) != ERR_OK) return false;
    r->state = RESERVE_NONE;
    r->is_missing = true;
    return true;
}

void store_reserve_close(struct store *s)
{
    struct reserve *r = &s->reserve;
    assert(s->queue == NULL || s->queue->in_flight == 0);
    if (r->file != NULL) s->disk->close(s->disk, r->file);
    r->file = NULL;
    r->state = RESERVE_OFF;
}
