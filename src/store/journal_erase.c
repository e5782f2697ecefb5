/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing is rewriting: the batch is read, the record's body becomes zeros, all sums (and the seal)
 * are made anew, and the batch goes over the old one. A power cut in the middle of that would leave
 * neither, so the new batch is first written, whole and synced, to the file "rewrite"; a start that
 * finds a whole batch there puts it (again) where its head says that it belongs. So each record is
 * either as it was or erased, at every moment. What was erased stands nowhere: the copy never had
 * it, the sums do not cover it.
 *
 * In which batch a record is, its head tells: it is looked for between the batches that were named,
 * halving what is left. All that is wanted of one batch goes in one rewrite. When nothing is wanted
 * any more, "rewrite" is zeroed and cut: it holds copies of other records, which may be erased
 * later.
 *
 * What segments still have of earlier uses nobody will read again: it becomes zeros where it
 * stands. So does a released batch that cannot be rewritten. */
#include "base/alloc.h"
#include "store/journal_internal.h"

#include <stdio.h>

struct erase_want {
    struct list node;
    struct journal_erasure what;
    journal_pos low, high; /* where it still may be */
    journal_pos probe;     /* look from here on; 0: halve */
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
    assert(w->done != NULL);
    list_remove(&w->node);
    w->done(w->ctx, e);
    xfree(w);
}

static void unpin(struct journal *j)
{
    struct erase *r = &j->erase;
    r->state = ERASE_IDLE;
    if (r->segment == NULL) return;
    assert(r->segment->pins > 0);
    r->segment->pins--;
    r->segment = NULL;
}

static void pin(struct journal *j, struct segment *s)
{
    assert(j->erase.segment == NULL);
    s->pins++;
    j->erase.segment = s;
}

/* Ends what is wanted of the batch; the next tick goes on with others. */
static void running_finish(struct journal *j, enum err e)
{
    struct list over;
    list_init(&over);
    list_splice(&over, &j->erase.running);
    unpin(j);
    for (struct list *node = list_pop(&over); node != NULL; node = list_pop(&over))
        want_finish(want_of(node), e == ERR_OK && !want_of(node)->is_found ? ERR_NOTFOUND : e);
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
    bool in_place = state == ERASE_READING || state == ERASE_PLACING;
    bool in_segment = in_place || state == ERASE_ZEROING;
    r->state = state;
    r->op.kind = kind;
    r->op.lane = lane;
    r->op.matter = DISK_MATTER_JOURNAL;
    r->op.mode = DISK_OPEN_CREATE;
    r->op.name = state == ERASE_NAMING ? j->o.directory : r->name;
    r->op.file = in_segment ? r->segment->file : r->file;
    r->op.offset = in_place ? (uint64_t)r->place.sector * JOURNAL_SECTOR : 0;
    r->op.length = state == ERASE_WIPING ? r->wipe : 0;
    if (state == ERASE_ZEROING) r->op.offset = r->zero_from;
    if (state == ERASE_ZEROING) r->op.length = r->zero_len;
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

static void zero(struct journal *j, uint64_t from, uint64_t len)
{
    struct erase *r = &j->erase;
    assert(r->segment != NULL && len > 0);
    r->zero_from = from;
    r->zero_len = len;
    submit(j, ERASE_ZEROING, DISK_ZERO, DISK_LANE_BULK);
}

/* ---- where it is ---- */

static bool zero_stale(struct journal *j, const struct erase_want *w)
{
    uint64_t from, len;
    struct segment *s = segments_find_stale(j, w->what.first, w->what.last, &from, &len);
    assert(j->erase.state == ERASE_IDLE);
    if (s == NULL) return false;
    pin(j, s);
    zero(j, from, len);
    return true;
}

/* The next batch that is worth a look; NULL: none is left. */
static struct segment *candidate(struct journal *j, struct erase_want *w, struct place *ret)
{
    while (w->low <= w->high) {
        journal_pos middle = w->low + (w->high - w->low) / 2;
        journal_pos from = w->probe > 0 ? w->probe : middle;
        struct segment *s = from <= w->high ? segments_find(j, from, w->high, ret) : NULL;
        if (s != NULL) return s;
        w->probe = 0;                   /* from the middle on there is none */
        w->high = middle - 1;
    }
    assert(w->low > 0);
    return NULL;
}

static void begin(struct journal *j)
{
    struct erase *r = &j->erase;
    struct erase_want *w = want_of(j->erase.queue.next);
    assert(list_empty(&r->running));
    if (zero_stale(j, w)) return;
    struct segment *s = candidate(j, w, &r->place);
    if (s == NULL) {
        want_finish(w, w->is_found ? ERR_OK : ERR_NOTFOUND);
        return;
    }
    pin(j, s);
    uint32_t len = r->place.sectors * JOURNAL_SECTOR;
    image_reserve(r, len);
    r->span = (struct disk_span){ r->image, len };
    submit(j, ERASE_READING, DISK_READ, DISK_LANE_READ);
}

/* What the head of the batch tells of a want. */
enum sight { SIGHT_NOTHING, SIGHT_BELOW, SIGHT_ABOVE, SIGHT_HERE };

static enum sight look(const struct erase *r, const struct journal_head *h,
                       const struct journal_erasure *what)
{
    bool is_inside = what->first <= h->pos && h->pos <= what->last;
    assert(h->pos == r->place.pos);
    for (uint32_t i = 0; is_inside && i < h->ranges; i++) {
        struct journal_range range = journal_range_get(r->image, i);
        if (range.owner != what->owner || range.last_sequence == 0) continue;
        if (what->sequence < range.first_sequence) return SIGHT_BELOW;
        return what->sequence > range.last_sequence ? SIGHT_ABOVE : SIGHT_HERE;
    }
    return SIGHT_NOTHING;
}

/* Sequences of an owner grow with the numbers of batches. */
static void narrow(struct erase_want *w, journal_pos pos, enum sight sight)
{
    journal_pos middle = w->low + (w->high - w->low) / 2;
    assert(sight != SIGHT_HERE && pos >= middle);
    w->probe = 0;
    if (sight == SIGHT_BELOW) w->high = middle - 1; /* between the middle and it was nothing */
    else if (sight == SIGHT_ABOVE) w->low = pos + 1;
    else w->probe = pos + 1;
}

/* All that is wanted of this batch. */
static void gather(struct journal *j, const struct journal_head *h)
{
    struct erase *r = &j->erase;
    assert(list_empty(&r->running));
    LIST_EACH(&r->queue, node) {
        if (look(r, h, &want_of(node)->what) != SIGHT_HERE) continue;
        list_remove(node);
        list_add_tail(&r->running, node);
    }
}

/* ---- the new batch ---- */

/* The last record that is not above it. */
static bool erase_in(const struct journal_erasure *what, uint8_t *body, uint32_t len)
{
    const struct journal_batch all = { .body = { body, len } };
    struct journal_record record;
    uint32_t from = 0, bytes = 0;
    bool is_found = false;
    for (uint32_t at = 0; journal_next(&all, &at, &record);) {
        if (record.owner != what->owner || record.sequence == 0) continue;
        if (record.sequence > what->sequence) continue;
        is_found = true;
        bytes = record.body.len;
        from = at - bytes;
    }
    assert(from + bytes <= len);
    if (bytes > 0) memset(body + from, 0, bytes);
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

static enum err decode(struct journal *j, struct journal_head *ret)
{
    struct erase *r = &j->erase;
    uint32_t need = 0;
    struct slice all = slice_of(r->image, r->span.len);
    if (journal_head_decode(all, j->o.store_id, ret, &need) != JOURNAL_HEAD) return ERR_CORRUPT;
    bool is_it = ret->pos == r->place.pos &&
                 journal_batch_len(ret->ranges, ret->body_len) == all.len;
    return is_it ? ERR_OK : ERR_CORRUPT;
}

/* Makes the new batch out of the old one, in place. NOTFOUND: nothing to do. */
static enum err rewrite(struct journal *j, const struct journal_head *h)
{
    struct erase *r = &j->erase;
    struct slice plain;
    bool is_any = false;
    uint8_t *body = r->image + journal_head_len(h->ranges);
    assert(!list_empty(&r->running));
    enum err e = commit_open_body(j, r->image, h, body, &plain);
    if (e) return e;
    LIST_EACH(&r->running, node) {
        struct erase_want *w = want_of(node);
        w->is_found = erase_in(&w->what, body, plain.len);
        is_any = is_any || w->is_found;
    }
    if (!is_any) return ERR_NOTFOUND;
    return finish(j, h->flags != 0, body, plain.len);
}

static void copy(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(r->file != NULL);
    if (r->wipe < r->span.len) r->wipe = r->span.len;
    submit(j, ERASE_COPYING, DISK_WRITE_SYNC, DISK_LANE_BULK);
}

/* It cannot be read, or not be written as it was. Nobody needs it when it is released. */
static void give_up_batch(struct journal *j, enum err e)
{
    struct erase *r = &j->erase;
    assert(e != ERR_OK);
    if (r->place.pos > j->released) {
        if (list_empty(&r->running)) {
            struct list *first = list_pop(&r->queue);
            list_add_tail(&r->running, first);
        }
        running_finish(j, e);
        return;
    }
    zero(j, (uint64_t)r->place.sector * JOURNAL_SECTOR,
         (uint64_t)r->place.sectors * JOURNAL_SECTOR);
}

static void on_read(struct journal *j, enum err e)
{
    struct erase *r = &j->erase;
    struct journal_head h = { 0 };
    assert(r->state == ERASE_READING);
    struct erase_want *first = list_empty(&r->queue) ? NULL : want_of(r->queue.next);
    if (first == NULL) {
        running_finish(j, ERR_OK);      /* the journal has failed meanwhile */
        return;
    }
    if (!e && r->op.moved != r->span.len) e = ERR_CORRUPT;
    if (!e) e = decode(j, &h);
    if (!e) {
        enum sight sight = look(r, &h, &first->what);
        if (sight != SIGHT_HERE) {
            narrow(first, r->place.pos, sight);
            unpin(j);
            return;
        }
        gather(j, &h);
        e = rewrite(j, &h);
    }
    if (e == ERR_NOTFOUND) running_finish(j, e);
    else if (e) give_up_batch(j, e);
    else if (r->file == NULL) submit(j, ERASE_OPENING, DISK_OPEN, DISK_LANE_BULK);
    else copy(j);
}

/* Zeros stand where a batch was: what was wanted of it is found, and maybe more elsewhere. */
static void on_zeroed(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(r->segment != NULL);
    LIST_EACH(&r->running, node) want_of(node)->is_found = true;
    if (!list_empty(&r->running)) {
        running_finish(j, ERR_OK);
        return;
    }
    bool is_batch = r->zero_from < r->segment->used;
    if (!is_batch) segment_forget_stale(r->segment, r->zero_from, r->zero_len);
    unpin(j);
    if (list_empty(&r->queue)) return;
    struct erase_want *w = want_of(r->queue.next);
    w->is_found = true;
    if (is_batch) narrow(w, r->place.pos, SIGHT_NOTHING);
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
    case ERASE_ZEROING: on_zeroed(j); return;
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
    bool is_harmless = e == ERR_LIMIT && r->state != ERASE_NAMING && r->state != ERASE_PLACING &&
                       r->state != ERASE_ZEROING;
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

bool erase_is_in_way(const struct journal *j, const struct segment *s, uint64_t len)
{
    const struct erase *r = &j->erase;
    assert(len > 0);
    if (r->state != ERASE_ZEROING || r->segment != s) return false;
    return s->used + len > r->zero_from && s->used < r->zero_from + r->zero_len;
}

/* What is being dropped is waited for: it may hold what is to be erased. */
void erase_tick(struct journal *j)
{
    struct erase *r = &j->erase;
    assert(!j->is_failed);
    if (r->state != ERASE_IDLE) return;
    if (!list_empty(&r->queue)) {
        if (!segments_are_dropping(j)) begin(j);
    } else if (r->wipe > 0) {
        r->image = xfree(r->image);
        r->image_cap = 0;
        submit(j, ERASE_WIPING, DISK_ZERO, DISK_LANE_BULK);
        r->wipe = 0;
    }
}

enum err journal_erase(struct journal *j, const struct journal_erasure *what,
                       void (*done)(void *ctx, enum err), void *ctx)
{
    struct place place;
    uint64_t from, len;
    assert(done != NULL && what->first <= what->last);
    assert(!j->is_read_only);
    if (j->is_failed) return ERR_IO;
    if (what->first == 0 || what->first > j->handed) return ERR_NOTFOUND;
    bool is_anywhere = segments_find(j, what->first, what->last, &place) != NULL ||
                       segments_find_stale(j, what->first, what->last, &from, &len) != NULL ||
                       segments_are_dropping(j);
    if (!is_anywhere) return ERR_NOTFOUND;
    struct erase_want *w = xcalloc(1, sizeof *w);
    list_init(&w->node);
    w->what = *what;
    if (w->what.last > j->handed) w->what.last = j->handed;
    w->low = w->what.first;
    w->high = w->what.last;
    w->done = done;
    w->ctx = ctx;
    list_add_tail(&j->erase.queue, &w->node);
    return ERR_OK;
}
