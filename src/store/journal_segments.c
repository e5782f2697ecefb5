/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/journal_internal.h"

#include <stdio.h>

/* A small segment is not worth keeping beside large ones. */
enum { SMALL_PART = 4, PLACES_STEP = 64 };

/* ---- one segment ---- */

struct segment *segment_new(struct journal *j, uint32_t number, uint64_t size)
{
    struct segment *s = xcalloc(1, sizeof *s);
    assert(size % JOURNAL_SECTOR == 0);
    list_init(&s->node);
    s->number = number;
    s->size = size;
    int len = snprintf(s->name, sizeof s->name, "%s/%08x", j->o.directory, number);
    assert(len > 0 && len < (int)sizeof s->name);
    if (j->number < number) j->number = number;
    return s;
}

struct segment *segment_free(struct journal *j, struct segment *s)
{
    if (s == NULL) return NULL;
    assert(s->pins == 0 || j->is_failed);
    list_remove(&s->node);
    if (s->file != NULL) j->o.disk->close(j->o.disk, s->file);
    s->places = xfree(s->places);
    s->stale = xfree(s->stale);
    return xfree(s);
}

void segment_add_place(struct segment *s, struct place p)
{
    assert(p.sectors > 0);
    assert(s->places_count == 0 || s->places[s->places_count - 1].pos < p.pos);
    if (s->places_count == s->places_cap) {
        s->places_cap = s->places_cap > 0 ? s->places_cap * 2 : PLACES_STEP;
        s->places = xrealloc(s->places, s->places_cap * sizeof *s->places);
    }
    s->places[s->places_count++] = p;
}

/* Index of the first place above `pos`. */
static uint32_t places_above(const struct segment *s, journal_pos pos)
{
    uint32_t low = 0, high = s->places_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->places[middle].pos > pos) high = middle;
        else low = middle + 1;
    }
    return low;
}

static journal_pos last_pos(const struct segment *s)
{
    return s->places_count > 0 ? s->places[s->places_count - 1].pos : 0;
}

static uint64_t place_offset(const struct place *p)
{
    return (uint64_t)p->sector * JOURNAL_SECTOR;
}

static uint64_t place_end(const struct place *p)
{
    return ((uint64_t)p->sector + p->sectors) * JOURNAL_SECTOR;
}

enum err segment_zero_now(struct journal *j, struct segment *s, uint64_t from)
{
    enum { ZEROS = 256 << 10 };
    struct disk *disk = j->o.disk;
    uint8_t *zeros = xcalloc(1, ZEROS);
    enum err e = ERR_OK;
    assert(s->file != NULL && from <= s->size);
    for (uint64_t at = from; at < s->size && !e;) {
        uint64_t len = s->size - at < ZEROS ? s->size - at : ZEROS;
        e = disk->write(disk, s->file, at, slice_of(zeros, len));
        at += len;
    }
    xfree(zeros);
    return e ? e : disk->sync(disk, s->file);
}

/* ---- all of them ---- */

static void on_prepared(struct disk_op *);
static void on_dropped(struct disk_op *);

void segments_init(struct journal *j)
{
    list_init(&j->used);
    list_init(&j->ready);
    list_init(&j->drop.queue);
    j->segment_size = j->o.segment_first;
    j->trim_due = NANOS_MAX;
    j->prep.op.lane = DISK_LANE_BULK;
    j->prep.op.matter = DISK_MATTER_JOURNAL;
    j->prep.op.done = on_prepared;
    j->drop.op.lane = DISK_LANE_BULK;
    j->drop.op.matter = DISK_MATTER_JOURNAL;
    j->drop.op.done = on_dropped;
    assert(j->o.segment_first % JOURNAL_SECTOR == 0);
    assert(j->o.segment_first <= j->o.segment_max);
}

void segments_deinit(struct journal *j)
{
    struct list *lists[] = { &j->used, &j->ready, &j->drop.queue };
    assert(j->drop.segment == NULL);
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        LIST_EACH(lists[i], node) (void)segment_free(j, segment_of(node));
    j->prep.segment = segment_free(j, j->prep.segment);
}

struct segment *segments_current(const struct journal *j)
{
    return list_empty(&j->used) ? NULL : segment_of(j->used.prev);
}

uint64_t segment_left(const struct segment *s)
{
    if (s == NULL || s->is_murky) return 0;
    assert(s->used <= s->size);
    return s->size - s->used;
}

/* Small segments are not filled by one batch. */
void segments_set_batch_max(struct journal *j)
{
    const struct segment *s = segments_current(j);
    if (s == NULL && !list_empty(&j->ready)) s = segment_of(j->ready.next);
    uint64_t max = s == NULL ? BATCH_MAX : s->size / 2;
    assert(max > 0);
    j->batch_max = max < BATCH_MAX ? (uint32_t)max : BATCH_MAX;
}

/* What it holds is of an earlier use from now on. */
static void retire(struct segment *s)
{
    uint32_t kept = 0;
    assert(s->stale_count == 0 || s->stale != NULL);
    uint64_t end = s->used;
    for (uint32_t i = 0; i < s->stale_count; i++)
        if (s->stale[i].pos > 0 && place_end(&s->stale[i]) > end) s->stale[kept++] = s->stale[i];
    if (s->places_count + kept > 0) {
        struct place *all = xalloc((s->places_count + kept) * sizeof *all);
        if (s->places_count > 0) memcpy(all, s->places, s->places_count * sizeof *all);
        if (kept > 0) memcpy(all + s->places_count, s->stale, kept * sizeof *all);
        xfree(s->stale);
        s->stale = all;
    }
    s->stale_count = s->places_count + kept;
    s->places = xfree(s->places);
    s->places_count = s->places_cap = 0;
    s->used = 0;
}

void segments_make_ready(struct journal *j, struct segment *s)
{
    assert(list_empty(&s->node));
    assert(s->file != NULL && !s->is_murky);
    retire(s);
    list_add_tail(&j->ready, &s->node);
    j->ready_count++;
    if (j->ready_count > READY_WANTED) j->trim_due = j->now + TRIM_DELAY;
}

static void drop(struct journal *j, struct segment *s)
{
    assert(s != segments_current(j));
    assert(s->pins == 0);
    list_remove(&s->node);
    list_add_tail(&j->drop.queue, &s->node);
}

/* ---- use ---- */

static struct segment *ready_for(const struct journal *j, uint64_t len)
{
    LIST_EACH(&j->ready, node) {
        struct segment *s = segment_of(node);
        if (s->size >= len && s->pins == 0) return s;
    }
    return NULL;
}

/* The segment is written from its beginning, under a generation that is higher than any. */
static void begin(struct journal *j, struct segment *s)
{
    bool is_quick = j->now - j->current_since < SEGMENT_QUICK && !list_empty(&j->used);
    assert(s->pins == 0);
    assert(s->used == 0 && s->places_count == 0);
    list_remove(&s->node);
    j->ready_count--;
    s->generation = ++j->generation;
    list_add_tail(&j->used, &s->node);
    segments_set_oldest(j);
    if (is_quick && j->segment_size <= j->o.segment_max / 2) j->segment_size *= 2;
    j->current_since = j->now;
    j->trim_due = j->ready_count > READY_WANTED ? j->now + TRIM_DELAY : NANOS_MAX;
    segments_set_batch_max(j);
}

struct segment *segments_place(struct journal *j, uint64_t len)
{
    struct segment *s = segments_current(j);
    assert(len > 0 && len % JOURNAL_SECTOR == 0);
    if (!j->is_active) j->current_since = j->now;
    j->is_active = true;
    j->batch_want = 0;
    if (segment_left(s) >= len) return s;
    s = ready_for(j, len);
    if (s != NULL) {
        begin(j, s);
        return s;
    }
    while (j->segment_size < len && j->segment_size <= j->o.segment_max / 2) j->segment_size *= 2;
    j->batch_want = len;
    return NULL;
}

/* No segment can be made now. */
static bool is_short(const struct journal *j)
{
    assert(!j->is_read_only);
    return j->prep.is_refused || j->prep.is_held;
}

void segments_reclaim(struct journal *j)
{
    const struct segment *current = segments_current(j);
    assert(!j->is_failed);
    LIST_EACH(&j->used, node) {
        struct segment *s = segment_of(node);
        if (s == current || last_pos(s) > j->released) return; /* nor is any behind it */
        if (s->pins > 0 || s->is_syncing) continue;
        list_remove(node);
        s->is_dirty = false;
        bool is_welcome = j->ready_count < READY_WANTED && is_short(j);
        bool is_worth = is_welcome || s->size >= j->segment_size / SMALL_PART;
        if (is_worth && !s->is_murky) segments_make_ready(j, s);
        else drop(j, s);
    }
}

/* ---- made ahead of need ---- */

static uint64_t size_wanted(const struct journal *j)
{
    uint64_t size = j->prep.is_small ? j->o.segment_first : j->segment_size;
    return size < j->batch_want ? j->batch_want : size;
}

static void prep_submit(struct journal *j, enum prep_state state)
{
    struct prep *p = &j->prep;
    static const enum disk_kind kinds[] = {
        [PREP_OPENING] = DISK_OPEN,  [PREP_ZEROING] = DISK_ZERO,    [PREP_NAMING] = DISK_SYNC_DIR,
        [PREP_CLOSING] = DISK_CLOSE,     [PREP_REMOVING] = DISK_REMOVE,
    };
    assert(state != PREP_IDLE);
    assert(p->segment != NULL);
    uint64_t rest = p->segment->size - p->zeroed;
    p->state = state;
    p->op.kind = kinds[state];
    p->op.mode = DISK_OPEN_CREATE;
    p->op.name = state == PREP_NAMING ? j->o.directory : p->segment->name;
    p->op.file = p->segment->file;
    p->op.offset = p->zeroed;
    p->op.length = rest < ZERO_STEP ? rest : ZERO_STEP;
    disk_submit(j->o.queue, &p->op);
}

static void prep_begin(struct journal *j)
{
    struct prep *p = &j->prep;
    uint64_t size = size_wanted(j);
    assert(p->state == PREP_IDLE && p->segment == NULL);
    p->zeroed = 0;
    p->segment = segment_new(j, j->number + 1, size);
    prep_submit(j, PREP_OPENING);
}

/* The file is taken away again. A smaller one may fit; else it is tried again later. */
static void prep_refused(struct journal *j)
{
    struct prep *p = &j->prep;
    assert(p->segment == NULL);
    p->state = PREP_IDLE;
    if (!p->is_small && j->segment_size > j->o.segment_first) {
        p->is_small = true;
        return;
    }
    p->is_refused = true;
    p->is_small = false;
    p->retry = j->now + SPACE_RETRY;
}

static void prep_failed(struct journal *j, enum err e)
{
    struct prep *p = &j->prep;
    assert(e != ERR_OK);
    if (e == ERR_LIMIT && p->state != PREP_OPENING) {
        prep_submit(j, PREP_CLOSING);
        return;
    }
    if (e == ERR_LIMIT) {
        p->segment = segment_free(j, p->segment);
        prep_refused(j);
        return;
    }
    p->state = PREP_IDLE;
    journal_fail(j, e, "a segment of the journal cannot be prepared");
}

static void prep_finished(struct journal *j)
{
    struct prep *p = &j->prep;
    struct segment *s = p->segment;
    assert(p->zeroed == s->size);
    p->segment = NULL;
    p->state = PREP_IDLE;
    p->is_small = false;
    segments_make_ready(j, s);
}

static void prep_next(struct journal *j)
{
    struct prep *p = &j->prep;
    switch (p->state) {
    case PREP_OPENING:
        p->segment->file = p->op.file;
        prep_submit(j, PREP_ZEROING);
        return;
    case PREP_ZEROING:
        p->zeroed += p->op.length;
        prep_submit(j, p->zeroed < p->segment->size ? PREP_ZEROING : PREP_NAMING);
        return;
    case PREP_NAMING: prep_finished(j); return;
    case PREP_CLOSING:
        p->segment->file = NULL;
        prep_submit(j, PREP_REMOVING);
        return;
    case PREP_REMOVING:
        p->segment = segment_free(j, p->segment);
        prep_refused(j);
        return;
    case PREP_IDLE:
    default: unreachable();
    }
}

static void on_prepared(struct disk_op *op)
{
    struct prep *p = container_of(op, struct prep, op);
    struct journal *j = container_of(p, struct journal, prep);
    assert(p->state != PREP_IDLE);
    bool is_undo = p->state == PREP_CLOSING || p->state == PREP_REMOVING;
    if (p->state == PREP_OPENING && !op->result) p->segment->file = op->file;
    if (p->state == PREP_CLOSING) p->segment->file = NULL;
    if (j->is_failed) p->state = PREP_IDLE;
    else if (op->result && !is_undo) prep_failed(j, op->result);
    else prep_next(j); /* a file that cannot be removed is found at the next start */
}

/* ---- dropped ---- */

static void drop_submit(struct journal *j, enum disk_kind kind)
{
    struct drop *d = &j->drop;
    assert(d->segment != NULL);
    assert(kind == DISK_CLOSE || kind == DISK_REMOVE);
    d->op.kind = kind;
    d->op.file = d->segment->file;
    d->op.name = d->segment->name;
    disk_submit(j->o.queue, &d->op);
}

static void on_dropped(struct disk_op *op)
{
    struct drop *d = container_of(op, struct drop, op);
    struct journal *j = container_of(d, struct journal, drop);
    assert(d->segment != NULL);
    if (op->kind == DISK_CLOSE) {
        d->segment->file = NULL;
        drop_submit(j, DISK_REMOVE);
        return;
    }
    /* Whether it went or not: all that it holds was released. */
    d->segment = segment_free(j, d->segment);
    assert(op->kind == DISK_REMOVE);
}

static void drop_tick(struct journal *j)
{
    struct drop *d = &j->drop;
    if (j->ready_count > READY_WANTED && j->trim_due <= j->now) {
        struct segment *s = segment_of(j->ready.prev);
        j->trim_due = j->now + TRIM_DELAY;
        if (s->pins == 0) {
            j->ready_count--;
            drop(j, s);
        }
    }
    if (d->segment != NULL || list_empty(&d->queue)) return;
    d->segment = segment_of(list_pop(&d->queue));
    drop_submit(j, DISK_CLOSE);
}

/* ---- turns ---- */

static bool is_wanted(const struct journal *j)
{
    return j->ready_count < READY_WANTED || j->batch_want > 0;
}

void segments_tick(struct journal *j)
{
    struct prep *p = &j->prep;
    assert(!j->is_failed);
    segments_reclaim(j);
    drop_tick(j);
    bool waits = p->is_held || (p->is_refused && !p->is_small && j->now < p->retry);
    if (p->state == PREP_IDLE && j->is_active && is_wanted(j) && !waits) prep_begin(j);
    /* What is at hand is enough: the refusal is history. */
    if (p->state == PREP_IDLE && !is_wanted(j)) p->is_refused = p->is_small = false;
}

bool segments_are_busy(const struct journal *j)
{
    return j->prep.state != PREP_IDLE || j->drop.segment != NULL || !list_empty(&j->drop.queue);
}

nanos segments_next_due(const struct journal *j)
{
    nanos due = j->ready_count > READY_WANTED ? j->trim_due : NANOS_MAX;
    if (j->prep.state != PREP_IDLE || !j->is_active || !is_wanted(j)) return due;
    if (j->prep.is_held) return due;
    if (!j->prep.is_refused) return j->now;
    return j->prep.retry < due ? j->prep.retry : due;
}

void journal_hold(struct journal *j, bool is_held)
{
    assert(!j->is_read_only);
    j->prep.is_held = is_held;
}

bool journal_is_preparing(const struct journal *j)
{
    assert(!j->is_read_only);
    return j->prep.state != PREP_IDLE || j->heads.is_busy;
}

/* ---- questions ---- */

bool segments_have_room(const struct journal *j, uint64_t len, enum journal_use use)
{
    uint64_t left = segment_left(segments_current(j));
    assert(len > 0);
    /* those that are ready may be too small for a batch that waits */
    if ((j->ready_count >= READY_WANTED && j->batch_want == 0) || !is_short(j)) return true;
    if (use == JOURNAL_USE_STORE) return j->ready_count > 0 && len <= left;
    return len <= left || ready_for(j, len) != NULL;
}

/* One record that needs a segment of its own, which is made when its turn has come: all that was
 * added behind it would wait with it if the disk had no room then. */
bool segments_have_room_for_large(const struct journal *j, uint64_t len)
{
    assert(len > 0);
    if (len <= j->segment_size || len <= segment_left(segments_current(j))) return true;
    if (ready_for(j, len) != NULL) return true;
    struct disk_space space;
    enum err e = j->o.disk->space(j->o.disk, &space);
    return e != ERR_OK || space.free / READY_WANTED > len + j->segment_size;
}

struct segment *segments_find(const struct journal *j, journal_pos first, journal_pos last,
                              struct place *ret)
{
    assert(first > 0 && first <= last);
    LIST_EACH(&j->used, node) {
        struct segment *s = segment_of(node);
        uint32_t at = places_above(s, first - 1);
        if (at == s->places_count) continue;
        if (s->places[at].pos > last) return NULL; /* so are all behind it */
        *ret = s->places[at];
        return s;
    }
    return NULL;
}

/* The rest of a place that was not written since. */
static uint64_t stale_from(const struct segment *s, const struct place *p)
{
    uint64_t from = place_offset(p);
    return from < s->used ? s->used : from;
}

/* The first one that is wanted, and those right behind it. */
static bool find_stale_in(const struct segment *s, journal_pos first, journal_pos last,
                          uint64_t *ret_offset, uint64_t *ret_len)
{
    *ret_offset = *ret_len = 0;
    for (uint32_t i = 0; i < s->stale_count; i++) {
        const struct place *p = &s->stale[i];
        uint64_t from = stale_from(s, p);
        bool is_wanted = p->pos >= first && p->pos <= last && p->pos > 0 && place_end(p) > from;
        if (is_wanted && *ret_len == 0) *ret_offset = from;
        bool is_next = is_wanted && from == *ret_offset + *ret_len;
        if (is_next) *ret_len = place_end(p) - *ret_offset;
        else if (*ret_len > 0) return true;
    }
    assert(*ret_offset + *ret_len <= s->size);
    return *ret_len > 0;
}

struct segment *segments_find_stale(const struct journal *j, journal_pos first, journal_pos last,
                                    uint64_t *ret_offset, uint64_t *ret_len)
{
    const struct list *lists[] = { &j->ready, &j->used };
    assert(first > 0 && first <= last);
    for (uint32_t i = 0; i < ARRAY_COUNT(lists); i++)
        LIST_EACH(lists[i], node) {
            struct segment *s = segment_of(node);
            if (find_stale_in(s, first, last, ret_offset, ret_len)) return s;
        }
    return NULL;
}

void segment_forget_stale(struct segment *s, uint64_t offset, uint64_t len)
{
    assert(len > 0 && offset + len <= s->size);
    for (uint32_t i = 0; i < s->stale_count; i++) {
        struct place *p = &s->stale[i];
        if (stale_from(s, p) >= offset && place_end(p) <= offset + len) p->pos = 0;
    }
}

bool segments_are_dropping(const struct journal *j)
{
    const struct segment *current = segments_current(j);
    if (j->drop.segment != NULL || !list_empty(&j->drop.queue)) return true;
    LIST_EACH(&j->used, node) {
        const struct segment *s = segment_of(node);
        if (s == current || last_pos(s) > j->released) return false;
        if (s->is_murky) return true;
    }
    return false;
}

bool segments_have_murky(const struct journal *j)
{
    assert(!j->is_read_only);
    if (j->drop.segment != NULL || !list_empty(&j->drop.queue)) return true;
    LIST_EACH(&j->used, node)
        if (segment_of(node)->is_murky) return true;
    return false;
}

static journal_pos oldest_stale(const struct segment *s, journal_pos oldest)
{
    assert(oldest > 0);
    for (uint32_t i = 0; i < s->stale_count; i++)
        if (s->stale[i].pos > 0 && s->stale[i].pos < oldest) oldest = s->stale[i].pos;
    return oldest;
}

void segments_set_oldest(struct journal *j)
{
    const struct list *lists[] = { &j->ready, &j->used };
    journal_pos oldest = j->next_pos;
    for (uint32_t i = 0; i < ARRAY_COUNT(lists); i++)
        LIST_EACH(lists[i], node) {
            const struct segment *s = segment_of(node);
            if (s->places_count > 0 && s->places[0].pos < oldest) oldest = s->places[0].pos;
            oldest = oldest_stale(s, oldest);
        }
    assert(oldest <= j->next_pos);
    j->oldest = oldest;
}

static uint64_t size_of_all(const struct list *all)
{
    uint64_t size = 0;
    LIST_EACH(all, node) size += segment_of(node)->size;
    return size;
}

void segments_count(const struct journal *j, struct journal_stats *s)
{
    s->on_disk = size_of_all(&j->used) + size_of_all(&j->ready) + size_of_all(&j->drop.queue);
    if (j->prep.segment != NULL) s->on_disk += j->prep.zeroed;
    if (j->drop.segment != NULL) s->on_disk += j->drop.segment->size;
    s->retained = 0;
    LIST_EACH(&j->used, node) {
        const struct segment *seg = segment_of(node);
        uint32_t above = places_above(seg, j->released);
        if (above == seg->places_count) continue;
        s->retained += seg->used - (uint64_t)seg->places[above].sector * JOURNAL_SECTOR;
    }
    assert(s->retained <= s->on_disk);
}
