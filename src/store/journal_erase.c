/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing is rewriting: the batch is read, the record's body becomes zeros, all sums (and the seal)
 * are made anew, and the batch goes over the old one. A power cut in the middle of that would leave
 * neither, so the new batch is first written, whole and synced, to the file "rewrite"; a start that
 * finds a whole batch there puts it (again) where its head says that it belongs. So each record is
 * either as it was or erased, at every moment. What was erased stands nowhere: the copy never had
 * it, the sums do not cover it.
 *
 * All that is wanted of one batch goes in one rewrite. When nothing is wanted any more, "rewrite"
 * is zeroed and cut: it holds copies of other records, which may be erased later. */
#include "base/alloc.h"
#include "store/journal_internal.h"

#include <stdio.h>

struct erase_want {
    struct list node;
    journal_pos pos;
    uint64_t owner;
    uint64_t sequence;
    struct segment *segment; /* pinned */
    void (*done)(void *ctx, enum err);
    void *ctx;
    bool is_found;
};

static struct erase_want *want_of(struct list *node)
{
    return container_of(node, struct erase_want, node);
}

static void want_finish(struct erase_want *w, enum err e)
{
    assert(w->segment->pins > 0);
    w->segment->pins--;
    list_remove(&w->node);
    w->done(w->ctx, e);
    xfree(w);
}

/* Ends what is wanted of the batch; the next tick goes on with others. */
static void running_finish(struct journal *j, enum err e)
{
    struct list over;
    list_init(&over);
    list_splice(&over, &j->erase.running);
    j->erase.state = ERASE_IDLE;
    j->erase.segment = NULL;
    for (struct list *node = list_pop(&over); node != NULL; node = list_pop(&over)) {
        struct erase_want *w = want_of(node);
        want_finish(w, e == ERR_OK && !w->is_found ? ERR_NOTFOUND : e);
    }
    assert(list_empty(&over));
}

void erase_fail(struct journal *j, enum err e)
{
    struct list over;
    assert(e != ERR_OK);
    assert(j->is_failed);
    list_init(&over);
    list_splice(&over, &j->erase.queue);
    for (struct list *node = list_pop(&over); node != NULL; node = list_pop(&over))
        want_finish(want_of(node), e);
}

/* ---- steps: each submits one operation, whose end begins the next ---- */

static void submit(struct journal *j, enum erase_state state, enum disk_kind kind,
                   enum disk_lane lane)
{
    struct erase *r = &j->erase;
    assert(state != ERASE_IDLE);
    bool in_segment = state == ERASE_READING || state == ERASE_PLACING;
    r->state = state;
    r->op.kind = kind;
    r->op.lane = lane;
    r->op.mode = DISK_OPEN_CREATE;
    r->op.name = state == ERASE_NAMING ? j->o.directory : r->name;
    r->op.file = in_segment ? r->segment->file : r->file;
    r->op.offset = in_segment ? (uint64_t)r->place.sector * JOURNAL_SECTOR : 0;
    r->op.length = state == ERASE_WIPING ? r->wipe : 0;
    r->op.spans = &r->span;
    r->op.spans_count = 1;
    disk_submit(j->o.queue, &r->op);
}

static void image_reserve(struct erase *r, uint32_t len)
{
    assert(len % JOURNAL_SECTOR == 0);
    if (r->image_cap >= len) return;
    r->image = xfree(r->image);
    r->image = xalloc(len);
    r->image_cap = len;
}

/* Takes all that is wanted of the batch that the oldest one speaks of. */
static void begin(struct journal *j)
{
    struct erase *r = &j->erase;
    journal_pos pos = want_of(r->queue.next)->pos;
    assert(list_empty(&r->running));
    LIST_EACH(&r->queue, node) {
        if (want_of(node)->pos != pos) continue;
        list_remove(node);
        list_add_tail(&r->running, node);
    }
    r->segment = segments_find(j, pos, &r->place);
    assert(r->segment != NULL); /* it is pinned */
    uint32_t len = r->place.sectors * JOURNAL_SECTOR;
    image_reserve(r, len);
    r->span = (struct disk_span){ r->image, len };
    submit(j, ERASE_READING, DISK_READ, DISK_LANE_READ);
}

/* ---- the new batch ---- */

static bool erase_in(const struct erase *r, uint8_t *body, uint32_t len)
{
    const struct journal_batch all = { .body = { body, len } };
    struct journal_record record;
    bool is_found = false;
    for (uint32_t at = 0; journal_next(&all, &at, &record);) {
        LIST_EACH(&r->running, node) {
            struct erase_want *w = want_of(node);
            if (w->owner != record.owner || w->sequence != record.sequence) continue;
            memset(body + at - record.body.len, 0, record.body.len);
            w->is_found = true;
            is_found = true;
        }
    }
    return is_found;
}

/* Sealed again, if it was; a plain batch of an encrypted store has no room for a seal. */
static enum err finish(struct journal *j, bool is_sealed, uint8_t *body, uint32_t len)
{
    struct erase *r = &j->erase;
    struct disk_span plain = { body, len };
    if (!is_sealed) {
        (void)commit_finish(j, r->image, plain, NULL);
        return ERR_OK;
    }
    if (!journal_is_sealed(j)) return ERR_DENIED;
    uint8_t *sealed = xalloc((size_t)len + j->o.seal.overhead);
    struct disk_span text = commit_finish(j, r->image, plain, sealed);
    assert(body + text.len <= r->image + r->span.len);
    memcpy(body, text.ptr, text.len);
    xfree(sealed);
    return ERR_OK;
}

/* Makes the new batch out of the old one, in place. NOTFOUND: nothing to do. */
static enum err rewrite(struct journal *j)
{
    struct erase *r = &j->erase;
    struct journal_head h = { 0 };
    struct slice plain;
    uint32_t need = 0;
    struct slice all = slice_of(r->image, r->span.len);
    if (journal_head_decode(all, j->o.store_id, &h, &need) != JOURNAL_HEAD) return ERR_CORRUPT;
    uint32_t head_len = journal_head_len(h.ranges);
    bool is_it = h.pos == r->place.pos && journal_batch_len(h.ranges, h.body_len) == all.len;
    if (!is_it) return ERR_CORRUPT;
    uint8_t *body = r->image + head_len;
    enum err e = commit_open_body(j, r->image, &h, body, &plain);
    if (e) return e;
    if (!erase_in(r, body, plain.len)) return ERR_NOTFOUND;
    return finish(j, h.flags != 0, body, plain.len);
}

static void copy(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(r->file != NULL);
    if (r->wipe < r->span.len) r->wipe = r->span.len;
    submit(j, ERASE_COPYING, DISK_WRITE_SYNC, DISK_LANE_BULK);
}

static void on_read(struct journal *j, enum err e)
{
    struct erase *r = &j->erase;
    assert(r->state == ERASE_READING);
    if (!e && r->op.moved != r->span.len) e = ERR_CORRUPT;
    if (!e) e = rewrite(j);
    if (e) running_finish(j, e);
    else if (r->file == NULL) submit(j, ERASE_OPENING, DISK_OPEN, DISK_LANE_BULK);
    else copy(j);
}

/* ---- the end of a step ---- */

static void on_step(struct journal *j, enum err e)
{
    struct erase *r = &j->erase;
    switch (r->state) {
    case ERASE_READING: on_read(j, e); return;
    case ERASE_OPENING:
        r->file = r->op.file;
        submit(j, ERASE_NAMING, DISK_SYNC_DIR, DISK_LANE_BULK);
        return;
    case ERASE_NAMING: copy(j); return;
    case ERASE_COPYING: submit(j, ERASE_PLACING, DISK_WRITE_SYNC, DISK_LANE_COMMIT); return;
    case ERASE_PLACING: running_finish(j, ERR_OK); return;
    case ERASE_WIPING: submit(j, ERASE_CUTTING, DISK_TRUNCATE, DISK_LANE_BULK); return;
    case ERASE_CUTTING: r->state = ERASE_IDLE; return;
    case ERASE_IDLE:
    default: unreachable();
    }
}

static void on_stepped(struct disk_op *op)
{
    struct erase *r = container_of(op, struct erase, op);
    struct journal *j = container_of(r, struct journal, erase);
    enum err e = op->result;
    assert(r->state != ERASE_IDLE);
    if (r->state == ERASE_OPENING && !e) r->file = op->file;
    bool is_harmless = e == ERR_LIMIT && r->state != ERASE_NAMING && r->state != ERASE_PLACING;
    if (j->is_failed) {
        running_finish(j, ERR_IO);
    } else if (!e || r->state == ERASE_READING) {
        on_step(j, e);
    } else {
        running_finish(j, e);
        if (!is_harmless)
            journal_fail(j, e, "an erased record of the journal cannot be overwritten");
    }
}

/* ---- from outside ---- */

void erase_init(struct journal *j)
{
    struct erase *r = &j->erase;
    list_init(&r->queue);
    list_init(&r->running);
    r->op.done = on_stepped;
    int len = snprintf(r->name, sizeof r->name, "%s/rewrite", j->o.directory);
    assert(len > 0 && len < (int)sizeof r->name);
    assert(r->state == ERASE_IDLE);
}

void erase_deinit(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(r->state == ERASE_IDLE);
    assert(list_empty(&r->queue) && list_empty(&r->running));
    if (r->file != NULL) j->o.disk->close(j->o.disk, r->file);
    r->image = xfree(r->image);
}

bool erase_is_busy(const struct journal *j)
{
    const struct erase *r = &j->erase;
    return r->state != ERASE_IDLE || !list_empty(&r->queue) || r->wipe > 0;
}

void erase_tick(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(!j->is_failed);
    if (r->state != ERASE_IDLE) return;
    if (!list_empty(&r->queue)) {
        begin(j);
    } else if (r->wipe > 0) {
        r->image = xfree(r->image);
        r->image_cap = 0;
        submit(j, ERASE_WIPING, DISK_ZERO, DISK_LANE_BULK);
        r->wipe = 0;
    }
}

enum err journal_erase(struct journal *j, journal_pos pos, uint64_t owner, uint64_t sequence,
                       void (*done)(void *ctx, enum err), void *ctx)
{
    struct place place;
    assert(done != NULL);
    assert(!j->is_read_only);
    if (j->is_failed) return ERR_IO;
    if (pos == 0 || pos > j->handed) return ERR_NOTFOUND;
    struct segment *s = segments_find(j, pos, &place);
    if (s == NULL) return ERR_NOTFOUND;
    struct erase_want *w = xcalloc(1, sizeof *w);
    list_init(&w->node);
    w->pos = pos;
    w->owner = owner;
    w->sequence = sequence;
    w->segment = s;
    w->done = done;
    w->ctx = ctx;
    s->pins++;
    list_add_tail(&j->erase.queue, &w->node);
    return ERR_OK;
}
