/* SPDX-License-Identifier: Apache-2.0 */
/* Heads: the newest heads of the journal, a second time.
 *
 * The position mark of an idle journal often stands in one page with the batches of which it
 * speaks. A disk that loses that page, or a file that is cut, would take both, and what is left
 * looks like a journal that had not come further. So the heads of the newest batches are written to
 * the file "heads" too: it says that they were durable, and what a batch held that is gone.
 *
 * It is written when a mark is, and each second while there is none. Nobody waits for it: it is not
 * synced, and no error of it counts. Each head in it has a sum of its own, and speaks of what was
 * durable before, so whatever parts of it are read at whatever time, they are true.
 *
 *   offset  size
 *        0   120  head of the position mark; zeros up to 512. Zeros: there was none yet
 *      512     …  heads of batches with records, ranges included, oldest first, end to end
 *        …   120  zeros
 *
 * They are as in journal_format.h, but the sum of the body is 0: nothing on the disk may tell what
 * an erased record was. An older program does not look at this file; what it writes meanwhile makes
 * the file old, not wrong. */
#include "base/alloc.h"
#include "store/journal_scan.h"

#include <stdio.h>

enum {
    /* Of small batches those of the newest 56 KiB of the journal at least; or a single longer
     * one. */
    HEADS_MAX = 32 << 10,
    HEADS_FILE_MAX = JOURNAL_SECTOR + JOURNAL_HEAD_MAX + HEAD_SIZE,
};
static_assert((int)HEADS_MAX < (int)JOURNAL_HEAD_MAX, "there is room for so many");

#define PERIOD SECOND

static uint32_t len_at(const uint8_t *head)
{
    return journal_head_len(le_get_u32(head + HEAD_RANGES));
}

/* ---- kept ---- */

/* Half of them at once, so that bytes move seldom. */
static void forget_oldest(struct heads *h, uint32_t len)
{
    uint32_t room = len < HEADS_MAX ? HEADS_MAX - len : 0, from = 0;
    uint32_t stay = room < HEADS_MAX / 2 ? room : HEADS_MAX / 2;
    assert(len > 0);
    while (h->kept_len - from > stay) from += len_at(h->kept + from);
    assert(from <= h->kept_len);
    h->kept_len -= from;
    memmove(h->kept, h->kept + from, h->kept_len);
}

void heads_keep(struct journal *j, const uint8_t *head)
{
    struct heads *h = &j->heads;
    uint32_t len = len_at(head);
    assert(le_get_u32(head + HEAD_RECORDS) > 0);
    assert(len <= JOURNAL_HEAD_MAX);
    if (h->kept == NULL) h->kept = xalloc(JOURNAL_HEAD_MAX);
    if (h->kept_len + len > HEADS_MAX) forget_oldest(h, len);
    memcpy(h->kept + h->kept_len, head, len);
    h->kept_len += len;
    if (!h->is_fresh) h->since = j->now;
    h->is_fresh = true;
}

/* All that is kept is durable; `mark` is NULL while there is none. */
static void image_make(struct journal *j, const uint8_t *mark)
{
    struct heads *h = &j->heads;
    assert(!h->is_busy);
    assert(j->synced_full == j->handed_full);
    if (h->image == NULL) h->image = xalloc(HEADS_FILE_MAX);
    memset(h->image, 0, JOURNAL_SECTOR);
    if (mark != NULL) memcpy(h->image, mark, HEAD_SIZE);
    if (mark != NULL) journal_head_finish(h->image, 0);
    uint8_t *to = h->image + JOURNAL_SECTOR;
    if (h->kept_len > 0) memcpy(to, h->kept, h->kept_len);
    memset(to + h->kept_len, 0, HEAD_SIZE);
    for (uint32_t at = 0; at < h->kept_len; at += len_at(to + at)) journal_head_finish(to + at, 0);
    h->image_len = JOURNAL_SECTOR + h->kept_len + HEAD_SIZE;
    h->is_fresh = false;
    h->is_due = true;
}

void heads_mark(struct journal *j, const uint8_t *mark)
{
    assert(le_get_u32(mark + HEAD_RECORDS) == 0);
    if (j->heads.is_busy) return; /* with an older one: the next mark will do */
    image_make(j, mark);
    assert(j->heads.is_due);
}

/* ---- written ---- */

/* Where space is short, others need it more. */
static bool is_short(const struct journal *j)
{
    assert(!j->is_read_only);
    return j->prep.is_refused || j->prep.is_held;
}

static void on_done(struct disk_op *op)
{
    struct heads *h = container_of(op, struct heads, op);
    assert(h->is_busy);
    h->is_busy = false;
    if (op->kind != DISK_OPEN) return;
    if (op->result) h->is_due = false;
    else h->file = op->file;
}

/* Lazily, what was handed up is not durable before a mark. */
static bool is_late(const struct journal *j)
{
    const struct heads *h = &j->heads;
    assert(!h->is_fresh || h->kept_len > 0);
    return h->is_fresh && j->o.sync == JOURNAL_SYNC_EACH && j->now - h->since >= PERIOD;
}

void heads_tick(struct journal *j)
{
    struct heads *h = &j->heads;
    assert(!j->is_failed);
    if (h->is_busy) return;
    if (!h->is_due && is_late(j)) image_make(j, NULL);
    if (!h->is_due) return;
    if (is_short(j)) h->is_due = false;
    if (!h->is_due) return;
    bool is_new = h->file == NULL;
    h->is_due = is_new; /* it is written when it is there */
    h->is_busy = true;
    h->op.kind = is_new ? DISK_OPEN : DISK_WRITE;
    h->op.file = h->file;
    h->span = (struct disk_span){ h->image, h->image_len };
    disk_submit(j->o.queue, &h->op);
}

bool heads_is_busy(const struct journal *j)
{
    assert(!j->heads.is_due || j->heads.image != NULL);
    return j->heads.is_due || j->heads.is_busy;
}

void heads_write_now(struct journal *j)
{
    struct heads *h = &j->heads;
    struct disk *disk = j->o.disk;
    assert(!h->is_busy && h->image != NULL);
    if (is_short(j)) return;
    bool is_there = h->file != NULL ||
                    disk->open(disk, h->name, DISK_OPEN_CREATE, &h->file, NULL) == ERR_OK;
    if (!is_there) return;
    enum err e = disk->write(disk, h->file, 0, slice_of(h->image, h->image_len));
    h->is_due = e != ERR_OK; /* then it tells less */
}

void heads_init(struct journal *j)
{
    struct heads *h = &j->heads;
    int len = snprintf(h->name, sizeof h->name, "%s/heads", j->o.directory);
    assert(len > 0 && len < (int)sizeof h->name);
    h->op.lane = DISK_LANE_BULK;
    h->op.matter = DISK_MATTER_JOURNAL;
    h->op.done = on_done;
    h->op.mode = DISK_OPEN_CREATE;
    h->op.name = h->name;
    h->op.spans = &h->span;
    h->op.spans_count = 1;
    assert(h->file == NULL);
}

void heads_deinit(struct journal *j)
{
    struct heads *h = &j->heads;
    assert(!h->is_busy);
    if (h->file != NULL) j->o.disk->close(j->o.disk, h->file);
    h->file = NULL;
    h->kept = xfree(h->kept);
    h->image = xfree(h->image);
}

/* ---- read ---- */

/* Bytes of the head at this offset; 0: there is none. */
static uint32_t take_copy(struct scan *s, uint32_t len, uint32_t at)
{
    struct journal_head h;
    uint32_t need = 0;
    assert(at <= len);
    struct slice rest = slice_of(s->copies + at, len - at);
    if (journal_head_decode(rest, s->j->o.store_id, &h, &need) != JOURNAL_HEAD) return 0;
    journal_pos told = h.records > 0 ? h.pos : h.durable;
    if (s->told < told) s->told = told;
    scan_add_copy(s, &h, at);
    return need;
}

/* What cannot be read is as good as absent. */
void heads_read(struct scan *s)
{
    struct journal *j = s->j;
    struct heads *h = &j->heads;
    struct disk *disk = j->o.disk;
    enum disk_open mode = j->is_read_only ? DISK_OPEN_READ : DISK_OPEN_WRITE;
    uint64_t moved = 0;
    assert(s->copies == NULL && h->file == NULL);
    if (disk->open(disk, h->name, mode, &h->file, NULL)) return;
    s->copies = xalloc(HEADS_FILE_MAX);
    struct disk_span all = { s->copies, HEADS_FILE_MAX };
    if (disk->read(disk, h->file, 0, all, &moved)) return;
    if (moved > 0) (void)take_copy(s, (uint32_t)moved, 0);
    for (uint32_t at = JOURNAL_SECTOR, len = 1; at < moved && len > 0; at += len)
        len = take_copy(s, (uint32_t)moved, at);
}

/* The head of a batch that was found, sound when it is read again. */
static const uint8_t *head_of(struct scan *s, const struct found *f)
{
    struct journal_head h;
    uint8_t *bytes = NULL;
    uint32_t need = 0, len = journal_head_len(f->ranges);
    assert(f->segment != NULL || s->copies != NULL);
    if (f->segment == NULL) return s->copies + f->offset;
    if (scan_read(s, f->segment, f->offset, len, &bytes)) return NULL;
    enum journal_verdict v = journal_head_decode(slice_of(bytes, len), s->j->o.store_id, &h, &need);
    return v == JOURNAL_HEAD && need == len ? bytes : NULL;
}

void heads_fill(struct scan *s)
{
    uint32_t from = s->count, len = 0;
    assert(!s->j->is_read_only);
    for (; from > 0 && len < HEADS_MAX; from--) len += journal_head_len(s->found[from - 1].ranges);
    for (; from < s->count; from++) {
        const struct found *f = &s->found[from];
        const uint8_t *head = f->records > 0 ? head_of(s, f) : NULL;
        if (head != NULL) heads_keep(s->j, head);
    }
    s->j->heads.is_fresh = false; /* the mark comes next */
    assert(s->j->heads.kept_len <= JOURNAL_HEAD_MAX);
}
