/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/digits.h"
#include "store/journal_replay.h"

#include <stdio.h>

enum { FILES_STEP = 16, NUMBER_DIGITS = 8 };

/* ---- files ---- */

struct listing {
    uint32_t *numbers;
    uint32_t count;
    uint32_t cap;
    bool has_rewrite;
};

/* The number of a segment's file; 0: it is none. */
static uint32_t number_of(const char *name)
{
    assert(name != NULL);
    return strlen(name) == NUMBER_DIGITS ? (uint32_t)digits_hex(name, NUMBER_DIGITS) : 0;
}

static void on_name(void *ctx, const char *name, bool is_dir)
{
    struct listing *l = ctx;
    assert(name != NULL);
    if (is_dir) return;
    uint32_t number = number_of(name);
    if (slice_equal_str(slice_str(name), "rewrite")) l->has_rewrite = true;
    if (number == 0) return;
    if (l->count == l->cap) {
        l->cap += FILES_STEP;
        l->numbers = xrealloc(l->numbers, l->cap * sizeof *l->numbers);
    }
    l->numbers[l->count++] = number;
}

static enum err open_segment(struct scan *s, uint32_t number, struct errmsg *why)
{
    struct journal *j = s->j;
    struct disk *disk = j->o.disk;
    struct segment *seg = segment_new(j, number, 0);
    uint64_t size = 0;
    list_add_tail(&s->segments, &seg->node);
    enum err e = disk->open(disk, seg->name, j->is_read_only ? DISK_OPEN_READ : DISK_OPEN_WRITE,
                            &seg->file, why);
    if (e) return e;
    e = disk->size(disk, seg->file, &size);
    if (e) return errmsg_set(why, e, "the size of %s is not known", seg->name);
    seg->size = size / JOURNAL_SECTOR * JOURNAL_SECTOR;
    assert(seg->size <= size);
    return ERR_OK;
}

static enum err make_directory(struct journal *j, struct errmsg *why)
{
    struct disk *disk = j->o.disk;
    char parent[SEGMENT_NAME_MAX];
    assert(!j->is_read_only);
    memcpy(parent, j->o.directory, strlen(j->o.directory) + 1);
    char *slash = strrchr(parent, '/');
    if (slash != NULL) *slash = '\0';
    else parent[0] = '\0';
    enum err e = disk->make_dir(disk, j->o.directory);
    if (!e) e = disk->sync_dir(disk, parent);
    if (e) return errmsg_set(why, e, "the directory %s cannot be made", j->o.directory);
    return ERR_OK;
}

/* ---- an erase that was not finished ---- */

/* The batch in "rewrite", when all of it is there. */
static enum err read_rewrite(struct scan *s, struct overlay *ret, struct journal_head *ret_head)
{
    struct journal *j = s->j;
    struct disk *disk = j->o.disk;
    struct disk_file *file = NULL;
    uint64_t size = 0, moved = 0;
    enum err e = disk->open(disk, j->erase.name, DISK_OPEN_READ, &file, NULL);
    if (e) return e;
    e = disk->size(disk, file, &size);
    bool fits = size >= JOURNAL_SECTOR && size <= JOURNAL_BATCH_BODY_MAX + JOURNAL_HEAD_MAX;
    uint8_t *bytes = !e && fits ? xalloc(size) : NULL;
    if (bytes != NULL) e = disk->read(disk, file, 0, (struct disk_span){ bytes, size }, &moved);
    disk->close(disk, file);
    uint32_t need = 0;
    struct journal_head h = { 0 };
    struct slice all = slice_of(bytes, bytes != NULL && !e ? moved : 0);
    bool is_head = journal_head_decode(all, j->o.store_id, &h, &need) == JOURNAL_HEAD;
    uint64_t len = is_head ? journal_batch_len(h.ranges, h.body_len) : 0;
    if (e || !is_head || len > all.len) {
        xfree(bytes);
        return e ? e : ERR_NOTFOUND;
    }
    *ret = (struct overlay){ bytes, (uint32_t)len, h.segment, h.offset };
    *ret_head = h;
    return ERR_OK;
}

static bool is_whole(const struct journal_head *h, const struct overlay *o)
{
    struct slice body = { o->bytes + journal_head_len(h->ranges), h->body_len };
    assert(o->len >= journal_head_len(h->ranges) + h->body_len);
    if ((h->flags & JOURNAL_FLAG_SEALED) == 0) return journal_body_check(h, body);
    return journal_sealed_sum(body, journal_body_seed(h)) == h->body_sum;
}

/* True when this batch still belongs there: its segment was not used anew, nor its place. */
static bool belongs(const struct scan *s, const struct journal_head *h, const struct overlay *o,
                    struct segment **ret)
{
    *ret = NULL;
    LIST_EACH(&s->segments, node)
        if (segment_of(node)->number == o->segment) *ret = segment_of(node);
    if (*ret == NULL || o->offset + o->len > (*ret)->size) return false;
    if ((*ret)->generation != h->generation && (*ret)->generation != 0) return false;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        bool is_apart = f->offset + f->len <= o->offset || o->offset + o->len <= f->offset;
        if (f->segment == *ret && !is_apart && f->pos > h->pos) return false;
    }
    assert(h->segment == o->segment);
    return true;
}

static enum err finish_erase(struct scan *s, struct errmsg *why)
{
    struct journal *j = s->j;
    struct disk *disk = j->o.disk;
    struct overlay o = { 0 };
    struct journal_head h;
    struct segment *seg;
    enum err e = read_rewrite(s, &o, &h);
    if (e == ERR_NOTFOUND) return ERR_OK;
    if (e) return errmsg_set(why, e, "%s cannot be read", j->erase.name);
    if (!is_whole(&h, &o) || !belongs(s, &h, &o, &seg)) {
        o.bytes = xfree(o.bytes);
        return ERR_OK;
    }
    s->overlay = o;
    if (!j->is_read_only) {
        e = disk->write(disk, seg->file, o.offset, slice_of(o.bytes, o.len));
        if (!e) e = disk->sync(disk, seg->file);
        if (e) return errmsg_set(why, e, "%s cannot be written", seg->name);
    }
    assert(s->overlay.bytes != NULL);
    return scan_all(s, why);
}

static enum err forget_rewrite(struct journal *j, struct errmsg *why)
{
    struct disk *disk = j->o.disk;
    struct disk_file *file = NULL;
    assert(!j->is_read_only);
    enum err e = disk->open(disk, j->erase.name, DISK_OPEN_WRITE, &file, why);
    if (e) return e;
    e = disk->truncate(disk, file, 0);
    if (!e) e = disk->sync(disk, file);
    disk->close(disk, file);
    if (!e) e = disk->remove(disk, j->erase.name);
    if (!e) e = disk->sync_dir(disk, j->o.directory);
    return e ? errmsg_set(why, e, "%s cannot be removed", j->erase.name) : ERR_OK;
}

/* ---- what goes on from here ---- */

static int by_generation(const struct segment *a, const struct segment *b)
{
    return (a->generation > b->generation) - (a->generation < b->generation);
}

static void add_used(struct journal *j, struct segment *s)
{
    struct list *at = &j->used;
    assert(s->places_count > 0);
    LIST_EACH(&j->used, node) {
        if (by_generation(s, segment_of(node)) > 0) continue;
        at = node;
        break;
    }
    list_insert_before(at, &s->node);
}

/* A file that was never used, or holds only what was cut. How far it was filled is not known, and
 * after a sync that failed nothing that is written to it later makes up for that: a new one is made
 * when it is needed. */
static void discard(struct journal *j, struct segment *s, bool is_kept)
{
    struct disk *disk = j->o.disk;
    char name[SEGMENT_NAME_MAX];
    assert(s->places_count == 0);
    memcpy(name, s->name, sizeof name);
    (void)segment_free(j, s);
    if (is_kept || j->is_read_only) return; /* after damage it may be of use to an expert */
    if (disk->remove(disk, name) != ERR_OK) maybe(j->is_failed); /* it is found again */
}

/* Hands the segments over: used, or to be used. */
static void take_segments(struct scan *s, const struct replay_end *end)
{
    struct journal *j = s->j;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        struct place p = { f->pos, (uint32_t)(f->offset / JOURNAL_SECTOR),
                           f->len / JOURNAL_SECTOR };
        segment_add_place(f->segment, p);
        f->segment->used = f->offset + f->len;
    }
    LIST_EACH(&s->segments, node) {
        struct segment *seg = segment_of(node);
        if (j->generation < seg->generation) j->generation = seg->generation;
        list_remove(node);
        seg->is_murky = seg->filled > seg->used || j->o.begins_anew;
        if (seg->places_count > 0) add_used(j, seg);
        else discard(j, seg, end->is_damaged);
    }
    assert(list_empty(&s->segments));
}

static enum err zero_now(struct journal *j, struct segment *s, struct errmsg *why)
{
    struct disk *disk = j->o.disk;
    assert(s->file != NULL && s->used == 0);
    enum err e = segment_zero_now(j, s, 0);
    if (!e) e = disk->sync_dir(disk, j->o.directory);
    return e ? errmsg_set(why, e, "%s cannot be filled with zeros", s->name) : ERR_OK;
}

/* A mark fits somewhere, and what is added first. */
static bool has_segment(const struct journal *j)
{
    const struct segment *s = segments_current(j);
    assert(s == NULL || s->used <= s->size);
    return !list_empty(&j->ready) || segment_left(s) >= JOURNAL_SECTOR;
}

static enum err make_segment(struct journal *j, struct errmsg *why)
{
    struct disk *disk = j->o.disk;
    char name[SEGMENT_NAME_MAX];
    struct segment *s = segment_new(j, j->number + 1, j->o.segment_first);
    memcpy(name, s->name, sizeof name);
    enum err e = disk->open(disk, s->name, DISK_OPEN_CREATE, &s->file, why);
    if (!e) e = zero_now(j, s, why);
    if (!e) {
        segments_make_ready(j, s);
        assert(has_segment(j));
        return ERR_OK;
    }
    (void)segment_free(j, s);
    if (e == ERR_LIMIT && disk->remove(disk, name) != ERR_OK) maybe(true); /* as after a crash */
    return e;
}

/* One that was used before the start is there for its past, whatever the space is. */
static enum err make_first(struct journal *j, struct errmsg *why)
{
    segments_reclaim(j);
    if (has_segment(j)) return ERR_OK;
    enum err e = make_segment(j, why);
    if (e == ERR_LIMIT && j->o.make_space != NULL && j->o.make_space(j->o.ctx))
        e = make_segment(j, why);
    assert(e != ERR_OK || has_segment(j));
    return e == ERR_LIMIT && !list_empty(&j->used) ? ERR_OK : e;
}

/* Numbers that this life will use must leave a trace before the first of them is used: if all of
 * its batches were lost, the next life would use the same ones. The mark also says that all of
 * before is durable. */
static enum err mark_begin(struct journal *j, struct errmsg *why)
{
    struct segment *s = segments_place(j, JOURNAL_SECTOR);
    assert(s != NULL);
    j->is_active = false; /* nothing was added yet */
    enum err e = commit_mark_now(j, s);
    if (e) return errmsg_set(why, e, "%s cannot be written", s->name);
    assert(j->synced_full == j->last_full);
    return ERR_OK;
}

static enum err sync_written(struct scan *s, struct errmsg *why)
{
    struct disk *disk = s->j->o.disk;
    LIST_EACH(&s->segments, node) {
        struct segment *seg = segment_of(node);
        if (!seg->is_dirty) continue;
        enum err e = disk->sync(disk, seg->file);
        if (e) return errmsg_set(why, e, "%s cannot be synced", seg->name);
        seg->is_dirty = false;
        assert(!s->j->is_read_only);
    }
    return ERR_OK;
}

static void set_numbers(struct journal *j, const struct replay_end *end, journal_pos highest,
                        bool is_new)
{
    assert(end->last >= end->last_full);
    j->handed = end->last;
    j->handed_full = j->synced_full = j->last_full = end->last_full;
    j->last_link = end->last_link;
    j->next_pos = (highest > end->last ? highest : end->last) + 1;
    if (!is_new) j->next_pos += POS_JUMP;
    assert(j->next_pos > j->handed);
}

/* ---- all of it ---- */

static void tell_ranges(const struct scan *s, const struct journal_replay *replay)
{
    if (replay->on_range == NULL) return;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        assert(f->ranges_first + f->ranges <= s->ranges_count);
        for (uint32_t k = 0; k < f->ranges; k++) {
            const struct journal_range *r = &s->ranges[f->ranges_first + k];
            replay->on_range(replay->ctx, f->pos, r->owner, r->first_sequence);
        }
    }
}

static enum err recover(struct scan *s, const struct listing *l,
                        const struct journal_replay *replay, struct errmsg *why)
{
    struct journal *j = s->j;
    struct replay_end end = { 0 };
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < l->count && !e; i++) e = open_segment(s, l->numbers[i], why);
    if (!e) e = scan_all(s, why);
    if (!e && l->has_rewrite) e = finish_erase(s, why);
    if (!e) heads_read(s);
    if (!e) e = replay_all(s, replay, &end, why);
    if (!e) e = sync_written(s, why);
    bool has_rewrite = l->has_rewrite && !j->is_read_only;
    if (!e && has_rewrite) e = forget_rewrite(j, why);
    if (e) return e;
    if (!j->is_read_only) heads_fill(s);
    scan_forget_copies(s);
    bool is_new = s->highest == 0 && l->count == 0 && replay->after == 0 && replay->known == 0;
    set_numbers(j, &end, s->highest, is_new);
    tell_ranges(s, replay);
    take_segments(s, &end);
    segments_set_oldest(j);
    j->released = replay->after;
    assert(j->handed >= j->released);
    assert(list_empty(&s->segments));
    return j->is_read_only ? ERR_OK : make_first(j, why);
}

static struct journal *journal_new(const struct journal_options *o, bool read_only)
{
    struct journal *j = xcalloc(1, sizeof *j);
    j->o = *o;
    j->is_read_only = read_only;
    j->now = INT64_MIN;
    j->next_pos = 1;
    j->mark_due = NANOS_MAX;
    assert(strlen(o->directory) + 1 + NUMBER_DIGITS < SEGMENT_NAME_MAX);
    if (j->o.segment_first == 0) j->o.segment_first = SEGMENT_FIRST;
    if (j->o.segment_max == 0) j->o.segment_max = SEGMENT_MAX;
    j->open_overhead = o->seal.overhead;
    if (j->o.seal.close == NULL) j->o.seal.overhead = 0;
    list_init(&j->closed);
    list_init(&j->spare);
    segments_init(j);
    heads_init(j);
    erase_init(j);
    if (read_only) return j;
    assert(o->queue != NULL && o->on_batch != NULL);
    commit_init(j);
    lazy_init(j);
    return j;
}

/* Gathering begins. */
static enum err begin(struct journal *j, struct errmsg *why)
{
    bool is_new = j->next_pos == 1;
    assert(j->gather == NULL);
    batches_init(j);
    segments_set_batch_max(j);
    j->is_unmarked = !has_segment(j);
    if (j->is_unmarked) j->mark_due = INT64_MIN;
    return is_new || j->is_unmarked ? ERR_OK : mark_begin(j, why);
}

enum err journal_open(const struct journal_options *o, const struct journal_replay *replay,
                      bool read_only, struct journal **ret, struct errmsg *why)
{
    assert(o->disk != NULL && o->directory != NULL);
    assert(replay->on_batch != NULL);
    struct journal *j = journal_new(o, read_only);
    struct listing l = { 0 };
    struct scan s;
    scan_init(&s, j);
    enum err e = read_only ? ERR_OK : make_directory(j, why);
    if (!e) {
        e = o->disk->list(o->disk, o->directory, on_name, &l);
        if (e) (void)errmsg_set(why, e, "the directory %s cannot be read", o->directory);
    }
    if (!e) e = recover(&s, &l, replay, why);
    LIST_EACH(&s.segments, node) (void)segment_free(j, segment_of(node));
    scan_deinit(&s);
    l.numbers = xfree(l.numbers);
    if (!e && !read_only) e = begin(j, why);
    if (e) {
        (void)journal_free(j);
        return e;
    }
    *ret = j;
    return ERR_OK;
}
