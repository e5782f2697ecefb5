/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_scan.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "store/journal_mend.h"
#include "store/versions.h"

enum { WINDOW = 1 << 20, FOUND_STEP = 256 };

void scan_init(struct scan *s, struct journal *j)
{
    assert(j != NULL);
    *s = (struct scan){ .j = j };
    list_init(&s->segments);
    assert(list_empty(&s->segments));
}

void scan_deinit(struct scan *s)
{
    s->found = xfree(s->found);
    s->ranges = xfree(s->ranges);
    s->window = xfree(s->window);
    s->copies = xfree(s->copies);
    s->overlay.bytes = xfree(s->overlay.bytes);
    assert(s->j != NULL);
}

/* ---- bytes ---- */

void scan_forget(struct scan *s)
{
    s->window_segment = NULL;
    s->window_len = 0;
}

static void lay_over(struct scan *s)
{
    const struct overlay *o = &s->overlay;
    assert(s->window_segment != NULL);
    if (o->bytes == NULL || o->segment != s->window_segment->number) return;
    uint64_t from = o->offset > s->window_offset ? o->offset : s->window_offset;
    uint64_t window_end = s->window_offset + s->window_len, end = o->offset + o->len;
    if (end > window_end) end = window_end;
    if (from >= end) return;
    memcpy(s->window + (from - s->window_offset), o->bytes + (from - o->offset), end - from);
}

static void mends_lay(struct scan *s)
{
    assert(s->window_segment != NULL);
    for (uint32_t i = 0; i < s->mends_count; i++) {
        const struct mend *m = &s->mends[i];
        if (m->segment != s->window_segment || m->offset < s->window_offset) continue;
        uint64_t at = m->offset - s->window_offset;
        if (at < s->window_len) s->window[at] ^= m->mask;
    }
}

bool scan_mend(struct scan *s, const struct mend *m)
{
    assert(m->mask != 0 && m->segment != NULL);
    if (s->mends_count == MENDS_MAX) return false;
    s->mends[s->mends_count++] = *m;
    scan_forget(s);
    return true;
}

bool scan_is_mended(const struct scan *s, const struct found *f)
{
    assert(f->segment != NULL);
    for (uint32_t i = 0; i < s->mends_count; i++) {
        const struct mend *m = &s->mends[i];
        if (m->segment == f->segment && m->offset >= f->offset && m->offset - f->offset < f->len)
            return true;
    }
    return false;
}

static enum err window_fill(struct scan *s, const struct segment *seg, uint64_t offset,
                            uint64_t len)
{
    struct disk *disk = s->j->o.disk;
    uint64_t moved = 0;
    assert(len <= s->window_cap);
    scan_forget(s);
    enum err e = disk->read(disk, seg->file, offset, (struct disk_span){ s->window, len }, &moved);
    if (e) return e;
    if (moved < len) return ERR_IO; /* shorter than its size */
    s->window_segment = seg;
    s->window_offset = offset;
    s->window_len = (uint32_t)len;
    lay_over(s);
    mends_lay(s);
    return ERR_OK;
}

enum err scan_read(struct scan *s, const struct segment *seg, uint64_t offset, uint32_t len,
                   uint8_t **ret)
{
    assert(len > 0);
    if (offset > seg->size || len > seg->size - offset) return ERR_NOTFOUND;
    uint64_t at = offset - s->window_offset;
    bool is_there = s->window_segment == seg && offset >= s->window_offset &&
                    at + len <= s->window_len;
    if (is_there) {
        *ret = s->window + at;
        return ERR_OK;
    }
    uint32_t cap = len > WINDOW ? len : WINDOW;
    if (s->window_cap < cap) {
        s->window = xfree(s->window);
        s->window = xalloc(cap);
        s->window_cap = cap;
    }
    uint64_t rest = seg->size - offset;
    enum err e = window_fill(s, seg, offset, rest < s->window_cap ? rest : s->window_cap);
    if (e) e = window_fill(s, seg, offset, len); /* a part of it may be good */
    if (e) return ERR_IO;
    *ret = s->window;
    return ERR_OK;
}

/* ---- heads ---- */

static uint32_t add_ranges(struct scan *s, const uint8_t *head, uint32_t count)
{
    uint32_t first = s->ranges_count;
    assert(head != NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (s->ranges_count == s->ranges_cap) {
            s->ranges_cap = s->ranges_cap > 0 ? s->ranges_cap * 2 : FOUND_STEP;
            s->ranges = xrealloc(s->ranges, s->ranges_cap * sizeof *s->ranges);
        }
        s->ranges[s->ranges_count++] = journal_range_get(head, i);
    }
    return first;
}

static struct found found_of(struct scan *s, const struct journal_head *h, const uint8_t *head)
{
    assert(h->pos > 0);
    if (s->highest < h->pos) s->highest = h->pos;
    if (s->count == s->cap) {
        s->cap = s->cap > 0 ? s->cap * 2 : FOUND_STEP;
        s->found = xrealloc(s->found, s->cap * sizeof *s->found);
    }
    return (struct found){
        .pos = h->pos,
        .before = h->before,
        .durable = h->durable,
        .generation = h->generation,
        .link = journal_link(h),
        .link_before = h->link_before,
        .offset = h->offset,
        .len = (uint32_t)journal_batch_len(h->ranges, h->body_len),
        .records = h->records,
        .ranges = h->ranges,
        .ranges_first = add_ranges(s, head, h->ranges),
    };
}

static void add(struct scan *s, struct segment *seg, const struct journal_head *h,
                const uint8_t *head)
{
    uint64_t len = journal_batch_len(h->ranges, h->body_len);
    assert(h->pos > 0);
    if (h->offset + len > seg->size) {
        if (s->highest < h->pos) s->highest = h->pos;
        return;
    }
    struct found f = found_of(s, h, head);
    f.segment = seg;
    s->found[s->count++] = f;
    if (seg->generation < h->generation) seg->generation = h->generation;
}

static bool is_zero(const uint8_t *sector)
{
    return sector[0] == 0 && memcmp(sector, sector + 1, JOURNAL_SECTOR - 1) == 0;
}

/* What begins there; with a head `*ret_bytes` are its. */
static enum journal_verdict judge(struct scan *s, struct segment *seg, uint64_t offset,
                                  struct journal_head *ret, uint8_t **ret_bytes)
{
    uint32_t len = JOURNAL_SECTOR, need = 0;
    enum journal_verdict verdict = JOURNAL_CUT_HEAD;
    while (verdict == JOURNAL_CUT_HEAD) {
        enum err e = scan_read(s, seg, offset, len, ret_bytes);
        if (e == ERR_NOTFOUND) return JOURNAL_NO_HEAD; /* a head that would leave its segment */
        if (e) {
            seg->unreadable = offset + JOURNAL_SECTOR;
            return JOURNAL_NO_HEAD;
        }
        verdict = journal_head_decode(slice_of(*ret_bytes, len), s->j->o.store_id, ret, &need);
        assert(verdict != JOURNAL_CUT_HEAD || need > len);
        if (!is_zero(*ret_bytes)) seg->filled = offset + JOURNAL_SECTOR;
        len = need;
    }
    return verdict;
}

/* True when a bit of a head there has turned, and it is one again. */
static bool mend_head(struct scan *s, const struct segment *seg, uint64_t offset)
{
    const struct journal_spot spot = { s->j->o.store_id, seg->number, offset };
    uint64_t rest = seg->size - offset;
    struct journal_bit bit;
    uint8_t *bytes = NULL;
    uint32_t len = rest < JOURNAL_HEAD_MAX ? (uint32_t)rest : JOURNAL_HEAD_MAX;
    assert(offset % JOURNAL_SECTOR == 0);
    if (rest < JOURNAL_SECTOR || scan_read(s, seg, offset, JOURNAL_SECTOR, &bytes)) return false;
    if (is_zero(bytes) || !journal_is_likely_head(bytes, &spot)) return false;
    if (scan_read(s, seg, offset, len, &bytes)) return false;
    if (!journal_mend_head(bytes, len, &spot, &bit)) return false;
    return scan_mend(s, &(struct mend){ seg, offset + bit.byte, bit.mask });
}

static enum err look_at(struct scan *s, struct segment *seg, uint64_t offset, struct errmsg *why)
{
    struct journal_head h = { 0 };
    uint8_t *bytes = NULL;
    enum journal_verdict verdict = judge(s, seg, offset, &h, &bytes);
    assert(offset < seg->size);
    if (verdict == JOURNAL_NO_HEAD && mend_head(s, seg, offset))
        verdict = judge(s, seg, offset, &h, &bytes);
    if (verdict == JOURNAL_NEWER_HEAD)
        return errmsg_set(why, ERR_INVALID, "%s " VERSION_IS_NEWER, seg->name);
    bool is_here = verdict == JOURNAL_HEAD && h.segment == seg->number && h.offset == offset;
    if (is_here) add(s, seg, &h, bytes);
    return ERR_OK;
}

/* Keeps the heads from `first` on that count. */
static void sift(struct scan *s, const struct segment *seg, uint32_t first)
{
    journal_pos highest = 0;
    uint32_t kept = first;
    assert(first <= s->count);
    for (uint32_t i = first; i < s->count; i++) {
        const struct found *f = &s->found[i];
        if (f->generation != seg->generation || f->pos <= highest) continue;
        highest = f->pos;
        s->found[kept++] = *f;
    }
    s->count = kept;
}

static int by_pos(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->pos > y->pos) - (x->pos < y->pos);
}

enum err scan_all(struct scan *s, struct errmsg *why)
{
    s->count = s->ranges_count = 0;
    scan_forget(s);
    LIST_EACH(&s->segments, node) {
        struct segment *seg = segment_of(node);
        uint32_t first = s->count;
        seg->generation = 0;
        seg->unreadable = 0;
        seg->filled = 0;
        for (uint64_t at = 0; at < seg->size; at += JOURNAL_SECTOR) {
            enum err e = look_at(s, seg, at, why);
            if (e) return e;
        }
        sift(s, seg, first);
    }
    if (s->count > 0) qsort(s->found, s->count, sizeof *s->found, by_pos);
    assert(s->count <= s->cap);
    return ERR_OK;
}

/* ---- copies ---- */

/* Index of the first batch that was found with this number or a higher one. */
static uint32_t index_of(const struct scan *s, journal_pos pos)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->found[middle].pos < pos) low = middle + 1;
        else high = middle;
    }
    assert(low == 0 || s->found[low - 1].pos < pos);
    return low;
}

void scan_add_copy(struct scan *s, const struct journal_head *h, uint32_t offset)
{
    uint32_t at = index_of(s, h->pos);
    assert(s->copies != NULL);
    if (at < s->count && s->found[at].pos == h->pos) return;
    struct found f = found_of(s, h, s->copies + offset);
    f.offset = offset;
    assert(f.segment == NULL);
    memmove(s->found + at + 1, s->found + at, (s->count - at) * sizeof *s->found);
    s->found[at] = f;
    s->count++;
}

void scan_forget_copies(struct scan *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->found[i].segment != NULL) s->found[kept++] = s->found[i];
    assert(kept <= s->count);
    s->count = kept;
}
