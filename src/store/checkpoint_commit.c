/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/checkpoint_internal.h"

static bool is_sealed(const struct checkpoint *c)
{
    return c->o.seal.close != NULL;
}

static bool is_list(const struct checkpoint *c)
{
    return c->write.what == &c->list;
}

/* ---- bytes ---- */

static uint8_t *sealed_room(struct checkpoint *c, uint64_t len)
{
    struct write *w = &c->write;
    assert(len > 0);
    if (w->sealed_cap < len) {
        w->sealed = xfree(w->sealed);
        w->sealed = xalloc(len);
        w->sealed_cap = len;
    }
    return w->sealed;
}

static struct checkpoint_head head_of(const struct checkpoint *c, uint32_t body_len)
{
    const struct write *w = &c->write;
    const struct pair *p = w->pair;
    bool is_partial = p == &c->next && !w->completes;
    bool is_made = p == &c->next && w->completes;
    assert(p->number > 0);
    return (struct checkpoint_head){
        .flags = (is_sealed(c) ? CHECKPOINT_FLAG_SEALED : 0U) |
                 (is_partial ? CHECKPOINT_FLAG_PARTIAL : 0U) |
                 (is_list(c) ? 0U : CHECKPOINT_FLAG_SLICE),
        .store_id = c->o.store_id,
        .file = p->number,
        .sections = w->what->sections,
        .offset = p->end,
        .number = p->lists + 1,
        .pos = w->what->pos,
        .base = is_made ? p->end + checkpoint_list_len(body_len) : p->base,
        .body_len = body_len,
        .turn = c->turn,
    };
}

/* The list as it will stand in the pair that is written now, in both copies. */
static void encode(struct checkpoint *c)
{
    struct write *w = &c->write;
    struct gather *g = w->what;
    const struct journal_seal *seal = &c->o.seal;
    uint32_t body_len = g->len + (is_sealed(c) ? seal->overhead : 0);
    uint64_t len = checkpoint_list_len(body_len);
    const struct checkpoint_head h = head_of(c, body_len);
    uint8_t *to = is_sealed(c) ? sealed_room(c, len) : g->bytes;
    assert(is_sealed(c) || len <= g->cap);
    checkpoint_head_encode(&h, to);
    if (is_sealed(c)) {
        seal->nonce(seal->ctx, to + HEAD_NONCE);
        seal->close(seal->ctx, to + HEAD_NONCE, checkpoint_context(to),
                    slice_of(g->bytes + HEAD_SIZE, g->len), to + HEAD_SIZE);
    }
    checkpoint_list_finish(to);
    w->span = (struct disk_span){ to, len };
}

/* ---- one list ---- */

static void submit(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(w->what != NULL && w->copy < COPIES);
    assert(w->span.len % CHECKPOINT_SECTOR == 0);
    w->is_refused = false;
    w->op.kind = DISK_WRITE_SYNC;
    w->op.file = w->pair->files[w->copy];
    w->op.offset = w->pair->end;
    disk_submit(c->o.queue, &w->op);
}

static void begin(struct checkpoint *c, struct gather *what, struct pair *pair)
{
    struct write *w = &c->write;
    assert(w->what == NULL && pair->files[0] != NULL);
    w->what = what;
    w->pair = pair;
    w->copy = 0;
    encode(c);
    submit(c);
}

/* Of a log that has failed: `done` is called in a poll nevertheless, so something has to be done
 * on the disk. */
static void refuse(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(c->is_failed);
    assert(w->what == NULL);
    w->what = &c->list;
    w->op.kind = DISK_SYNC_DIR;
    w->op.name = c->o.directory;
    disk_submit(c->o.queue, &w->op);
}

void write_list(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(c->list_state == LIST_WAITS);
    c->list_state = LIST_WRITTEN;
    c->turn++;
    w->is_for_next = c->rewrite.state >= REWRITE_SLICES && c->rewrite.is_started;
    w->completes = c->rewrite.state == REWRITE_LAST;
    if (c->is_failed) refuse(c);
    else begin(c, &c->list, &c->current);
}

void write_slice(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(c->slice.sections > 0);
    assert(c->rewrite.state >= REWRITE_SLICES);
    w->is_for_next = true;
    w->completes = false;
    begin(c, &c->slice, &c->next);
}

static void cut_submit(struct checkpoint *c)
{
    struct write *w = &c->write;
    static const enum disk_kind kinds[] = {
        [CUT_B] = DISK_TRUNCATE, [CUT_B_SYNC] = DISK_SYNC, [CUT_A] = DISK_TRUNCATE
    };
    assert(w->cut != CUT_NOTHING && w->pair == &c->current);
    w->is_refused = false;
    w->op.kind = kinds[w->cut];
    w->op.file = w->pair->files[w->cut == CUT_A ? 0 : 1];
    w->op.length = w->pair->end;
    assert(w->op.file != NULL);
    disk_submit(c->o.queue, &w->op);
}

void write_again(struct checkpoint *c)
{
    assert(c->write.is_refused);
    assert(c->write.pair == &c->current);
    if (c->write.cut != CUT_NOTHING) cut_submit(c);
    else submit(c);
}

void write_withdraw(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(w->is_refused && w->cut == CUT_NOTHING);
    assert(is_list(c) && c->list_state == LIST_WRITTEN);
    w->what = NULL;
    w->is_refused = false;
    c->list_state = LIST_GATHERS;
}

/* Safe in all places, or never. */
static void finish(struct checkpoint *c, enum err e)
{
    struct write *w = &c->write;
    bool was_list = is_list(c);
    assert(w->what != NULL);
    w->what = NULL;
    w->is_short = false;
    w->cut = CUT_NOTHING;
    if (w->sealed_cap > KEPT_MAX) {
        w->sealed = xfree(w->sealed);
        w->sealed_cap = 0;
    }
    if (was_list) {
        assert(c->list_state == LIST_WRITTEN);
        c->list_state = LIST_NONE;
        if (e == ERR_OK && w->completes && w->is_for_next) rewrite_complete(c);
        c->done(c->done_ctx, e);
    }
    if (c->list_state == LIST_WAITS && w->what == NULL) write_list(c);
}

/* No space. A rewrite gives back what it has taken; the log itself waits. If the list had made the
 * new pair complete in one copy, and a power cut brings that pair back, the turn of the next list
 * in the current pair tells that it has gone on. */
static void refused(struct checkpoint *c)
{
    struct write *w = &c->write;
    bool is_extra = w->pair == &c->next;
    assert(!c->is_failed);
    w->is_for_next = false;
    rewrite_give_up(c);
    if (is_extra) {
        finish(c, ERR_OK); /* a list is safe in the current pair */
        return;
    }
    w->is_short = true;
    w->cut = w->copy == 0 ? CUT_A : CUT_B;
    w->copy = 0;
    cut_submit(c);
}

static void on_cut(struct checkpoint *c, enum err e)
{
    struct write *w = &c->write;
    bool may_wait = e == ERR_LIMIT && w->cut != CUT_B_SYNC;
    assert(w->cut != CUT_NOTHING && w->copy == 0);
    if (!c->is_failed && e && !may_wait)
        checkpoint_fail(c, e, "what a checkpoint has no space for cannot be taken back");
    if (c->is_failed) {
        finish(c, c->failed_with);
        return;
    }
    if (!e && w->cut != CUT_A) {
        w->cut++;
        cut_submit(c);
        return;
    }
    if (!e) w->cut = CUT_NOTHING;
    w->is_refused = true;
}

static void written(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(w->pair->files[0] != NULL);
    if (++w->copy < COPIES) {
        submit(c);
        return;
    }
    w->pair->end += w->span.len;
    w->pair->lists++;
    if (w->pair == &c->next || !w->is_for_next) {
        finish(c, ERR_OK);
        return;
    }
    w->pair = &c->next;
    w->copy = 0;
    encode(c);
    submit(c);
}

static void on_written(struct disk_op *op)
{
    struct write *w = container_of(op, struct write, op);
    struct checkpoint *c = container_of(w, struct checkpoint, write);
    enum err e = op->result;
    assert(w->what != NULL && !w->is_refused);
    if (w->cut != CUT_NOTHING) {
        on_cut(c, e);
        return;
    }
    if (!c->is_failed && e == ERR_LIMIT) {
        refused(c);
        return;
    }
    if (!c->is_failed && e) checkpoint_fail(c, e, "a checkpoint cannot be written");
    if (c->is_failed) finish(c, c->failed_with);
    else written(c);
}

void write_init(struct checkpoint *c)
{
    struct write *w = &c->write;
    assert(c->o.queue != NULL);
    w->op.lane = DISK_LANE_BULK;
    w->op.matter = DISK_MATTER_CHECKPOINT;
    w->op.done = on_written;
    w->op.spans = &w->span;
    w->op.spans_count = 1;
}
