/* SPDX-License-Identifier: Apache-2.0 */
/* A round syncs every segment that was written when it began, one after the other; batches go on
 * being written meanwhile. When it is over, all that was handed up before it is durable. */
#include "store/journal_internal.h"

static void sync_next(struct journal *j);

static void on_synced(struct disk_op *op)
{
    struct lazy *l = container_of(op, struct lazy, op);
    struct journal *j = container_of(l, struct journal, lazy);
    assert(l->segment != NULL && l->segment->is_syncing);
    l->segment->is_syncing = false;
    l->segment = NULL;
    if (op->result) {
        journal_fail(j, op->result, "the journal cannot be synced");
        return;
    }
    j->stats.syncs++;
    if (!j->is_failed) sync_next(j);
}

void lazy_init(struct journal *j)
{
    assert(j->o.sync != JOURNAL_SYNC_LAZY || j->o.interval > 0);
    j->lazy.due = NANOS_MAX;
    j->lazy.op.kind = DISK_SYNC;
    j->lazy.op.lane = DISK_LANE_BULK;
    j->lazy.op.matter = DISK_MATTER_JOURNAL;
    j->lazy.op.done = on_synced;
    assert(j->lazy.segment == NULL);
}

bool lazy_is_busy(const struct journal *j)
{
    return j->lazy.segment != NULL;
}

void lazy_written(struct journal *j, struct segment *s)
{
    assert(j->o.sync == JOURNAL_SYNC_LAZY);
    s->is_dirty = true;
    j->lazy.unsynced++;
    nanos due = j->now + j->o.interval;
    if (j->lazy.due > due) j->lazy.due = due;
}

static void sync_next(struct journal *j)
{
    struct lazy *l = &j->lazy;
    assert(l->segment == NULL);
    LIST_EACH(&j->used, node) {
        if (!segment_of(node)->is_syncing) continue;
        l->segment = segment_of(node);
        l->op.file = l->segment->file;
        disk_submit(j->o.queue, &l->op);
        return;
    }
    assert(l->goal >= j->synced_full);
    j->synced_full = l->goal;
    if (j->synced_full == j->last_full) j->mark_due = j->now;
}

static void round_begin(struct journal *j)
{
    j->lazy.goal = j->handed_full;
    j->lazy.due = NANOS_MAX;
    j->lazy.unsynced = 0;
    assert(j->lazy.segment == NULL);
    LIST_EACH(&j->used, node) {
        struct segment *s = segment_of(node);
        s->is_syncing = s->is_dirty;
        s->is_dirty = false;
    }
    sync_next(j);
}

void lazy_tick(struct journal *j)
{
    if (j->o.sync != JOURNAL_SYNC_LAZY || j->lazy.segment != NULL) return;
    assert(!j->is_failed);
    bool is_due = j->lazy.due <= j->now || j->lazy.unsynced >= LAZY_MAX;
    if (is_due) round_begin(j);
}
