/* SPDX-License-Identifier: Apache-2.0 */
/* A rewrite opens a new pair, syncs its names, and asks for the whole state in slices, one whenever
 * nothing else is written. Lists that are gathered after the first slice go to both pairs, behind
 * the slices that were gathered before them.
 *
 * A slice shows entries as they are now, which is newer than the last list: the new pair is a state
 * of its own only together with the first list behind the last slice, which holds all that has
 * changed since the list before. That list makes it complete. Until its end is safe in both copies
 * the old pair is kept; a start that finds both takes the newer one when it is complete.
 *
 * Where something is to be erased the old pair is filled with zeros before it goes. */
#include "store/checkpoint_internal.h"

/* ---- a pair goes ---- */

static void removal_submit(struct checkpoint *c, enum removal_step step)
{
    struct removal *r = &c->removal;
    bool is_b = step == REMOVAL_ZERO_B || step == REMOVAL_CLOSE_B || step == REMOVAL_REMOVE_B;
    static const enum disk_kind kinds[] = {
        [REMOVAL_ZERO_A] = DISK_ZERO,     [REMOVAL_ZERO_B] = DISK_ZERO,
        [REMOVAL_CLOSE_A] = DISK_CLOSE,   [REMOVAL_CLOSE_B] = DISK_CLOSE,
        [REMOVAL_REMOVE_A] = DISK_REMOVE, [REMOVAL_REMOVE_B] = DISK_REMOVE,
        [REMOVAL_NAMING] = DISK_SYNC_DIR,
    };
    assert(step != REMOVAL_IDLE && r->pair.number > 0);
    r->step = step;
    r->op.kind = kinds[step];
    r->op.file = r->pair.files[is_b];
    r->op.name = step == REMOVAL_NAMING ? c->o.directory : r->pair.names[is_b];
    r->op.offset = 0;
    r->op.length = r->pair.end;
    disk_submit(c->o.queue, &r->op);
}

/* The next step that there is something to do in. */
static void removal_next(struct checkpoint *c)
{
    struct removal *r = &c->removal;
    enum removal_step step = (enum removal_step)(r->step + 1);
    assert(r->pair.number > 0);
    bool is_zeroed = r->pair.number <= c->rewrite.wipe && r->pair.end > 0;
    if (step == REMOVAL_ZERO_A && (!is_zeroed || r->pair.files[0] == NULL)) step = REMOVAL_ZERO_B;
    if (step == REMOVAL_ZERO_B && (!is_zeroed || r->pair.files[1] == NULL)) step = REMOVAL_CLOSE_A;
    if (step == REMOVAL_CLOSE_A && r->pair.files[0] == NULL) step = REMOVAL_CLOSE_B;
    if (step == REMOVAL_CLOSE_B && r->pair.files[1] == NULL) step = REMOVAL_REMOVE_A;
    if (r->step != REMOVAL_NAMING) {
        removal_submit(c, step);
        return;
    }
    r->step = REMOVAL_IDLE;
    r->pair = (struct pair){ 0 };
}

static void remove_pair(struct checkpoint *c, struct pair *take)
{
    assert(c->removal.step == REMOVAL_IDLE);
    c->removal.pair = *take;
    *take = (struct pair){ 0 };
    removal_next(c);
}

/* What cannot be removed is found at the next start. */
static void on_removed(struct disk_op *op)
{
    struct removal *r = container_of(op, struct removal, op);
    struct checkpoint *c = container_of(r, struct checkpoint, removal);
    assert(r->step != REMOVAL_IDLE);
    removal_next(c);
}

/* ---- a pair comes ---- */

static void rewrite_submit(struct checkpoint *c, enum rewrite_state state)
{
    struct rewrite *r = &c->rewrite;
    bool is_open = state == REWRITE_OPENING;
    assert(is_open || state == REWRITE_NAMING);
    r->state = state;
    r->op.kind = is_open ? DISK_OPEN : DISK_SYNC_DIR;
    r->op.mode = DISK_OPEN_CREATE;
    r->op.name = is_open ? c->next.names[r->copy] : c->o.directory;
    disk_submit(c->o.queue, &r->op);
}

static void rewrite_begin(struct checkpoint *c)
{
    struct rewrite *r = &c->rewrite;
    assert(r->state == REWRITE_IDLE && c->next.number == 0);
    pair_init(c, &c->next, ++c->number);
    r->copy = 0;
    r->is_given_up = r->is_started = false;
    rewrite_submit(c, REWRITE_OPENING);
}

static bool is_in_flight(const struct checkpoint *c)
{
    return c->rewrite.state == REWRITE_OPENING || c->rewrite.state == REWRITE_NAMING;
}

static void drop_next(struct checkpoint *c)
{
    assert(c->next.number > 0);
    c->rewrite.state = REWRITE_IDLE;
    c->rewrite.is_started = false;
    remove_pair(c, &c->next);
}

/* Not tried again before the log has grown by a half: space does not come back so soon. */
void rewrite_give_up(struct checkpoint *c)
{
    struct rewrite *r = &c->rewrite;
    assert(!c->is_failed);
    if (r->state == REWRITE_IDLE) return;
    uint64_t more = c->current.end / 2;
    r->not_below = c->current.end + (more > c->o.rewrite_min ? more : c->o.rewrite_min);
    r->kept = r->wipe;
    r->wipe = 0;
    if (is_in_flight(c)) r->is_given_up = true;
    else drop_next(c);
}

static void on_opened(struct disk_op *op)
{
    struct rewrite *r = container_of(op, struct rewrite, op);
    struct checkpoint *c = container_of(r, struct checkpoint, rewrite);
    assert(is_in_flight(c));
    bool was_open = r->state == REWRITE_OPENING;
    if (was_open && !op->result) c->next.files[r->copy] = op->file;
    if (c->is_failed) {
        r->state = REWRITE_IDLE;
        return;
    }
    if (op->result == ERR_LIMIT) rewrite_give_up(c);
    if (r->is_given_up) drop_next(c);
    else if (op->result) {
        r->state = REWRITE_IDLE;
        checkpoint_fail(c, op->result, "a checkpoint log cannot be made");
    } else if (was_open) {
        rewrite_submit(c, ++r->copy < COPIES ? REWRITE_OPENING : REWRITE_NAMING);
    } else r->state = REWRITE_SLICES;
}

static void make_slice(struct checkpoint *c)
{
    struct rewrite *r = &c->rewrite;
    assert(!c->is_slicing && r->state == REWRITE_SLICES);
    gather_begin(&c->slice, c->list.pos);
    c->is_slicing = true;
    bool is_first = !r->is_started;
    r->is_started = true;
    bool has_more = c->o.slice(c->o.ctx, c, is_first);
    c->is_slicing = false;
    assert(c->list_state == LIST_NONE);
    if (!has_more) r->state = REWRITE_LAST;
    if (c->slice.sections > 0 && !c->is_failed) write_slice(c);
}

void rewrite_complete(struct checkpoint *c)
{
    struct rewrite *r = &c->rewrite;
    assert(r->state == REWRITE_LAST);
    assert(c->next.number > c->current.number);
    struct pair old = c->current;
    c->current = c->next;
    c->current.base = c->current.end;
    c->next = (struct pair){ 0 };
    r->state = REWRITE_IDLE;
    r->is_wanted = r->is_started = false;
    r->not_below = 0;
    remove_pair(c, &old);
}

/* ---- turns ---- */

static bool is_due(const struct checkpoint *c)
{
    uint64_t bytes = c->current.end;
    if (c->o.slice == NULL) return false;
    if (c->current.number <= c->rewrite.wipe) return true;
    if (bytes < c->rewrite.not_below) return false;
    if (c->rewrite.is_wanted) return true;
    return bytes > c->o.rewrite_min && bytes > REWRITE_FACTOR * c->current.base;
}

bool checkpoint_tick(struct checkpoint *c)
{
    struct rewrite *r = &c->rewrite;
    assert(!c->is_read_only && !c->is_slicing);
    if (c->is_failed) return false;
    if (c->write.is_refused) {
        write_again(c);
        return false;
    }
    bool is_calm = r->state == REWRITE_IDLE && c->removal.step == REMOVAL_IDLE;
    bool is_free = c->write.what == NULL && c->list_state == LIST_NONE;
    if (is_calm && is_due(c)) rewrite_begin(c);
    else if (r->state == REWRITE_SLICES && is_free) make_slice(c);
    return r->state != REWRITE_IDLE && r->state != REWRITE_LAST;
}

/* ---- something is to be erased ---- */

uint32_t checkpoint_number(const struct checkpoint *c)
{
    assert(c->current.number > 0 || c->is_failed);
    return c->current.number;
}

uint32_t checkpoint_wipe(struct checkpoint *c)
{
    assert(!c->is_read_only && c->number > 0);
    c->rewrite.wipe = c->number;
    return c->number;
}

enum err checkpoint_wiped(const struct checkpoint *c, uint32_t number)
{
    assert(number > 0 && number <= c->number);
    if (c->is_failed) return ERR_IO;
    bool is_removing = c->removal.step != REMOVAL_IDLE && c->removal.pair.number <= number;
    if (c->current.number > number) return is_removing ? ERR_BUSY : ERR_OK;
    return number <= c->rewrite.kept && number > c->rewrite.wipe ? ERR_LIMIT : ERR_BUSY;
}

void checkpoint_keep(struct checkpoint *c)
{
    assert(!c->is_read_only);
    assert(c->rewrite.state == REWRITE_IDLE);
    c->rewrite.not_below = UINT64_MAX;
}

bool checkpoint_wants_list(const struct checkpoint *c)
{
    assert(!c->is_read_only);
    return c->rewrite.state == REWRITE_LAST && c->current.number <= c->rewrite.wipe;
}

void rewrite_init(struct checkpoint *c)
{
    assert(c->o.queue != NULL);
    assert(c->o.rewrite_min > 0);
    c->rewrite.op.lane = DISK_LANE_BULK;
    c->rewrite.op.matter = DISK_MATTER_CHECKPOINT;
    c->rewrite.op.done = on_opened;
    c->removal.op.lane = DISK_LANE_BULK;
    c->removal.op.matter = DISK_MATTER_CHECKPOINT;
    c->removal.op.done = on_removed;
}
