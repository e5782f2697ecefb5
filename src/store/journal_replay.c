/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_replay.h"

#include "store/journal_mend.h"

enum { READ_TRIES = 3 };

/* ---- one batch ---- */

/* All of a batch that was found, and its head. */
static enum err bytes_of(struct scan *s, const struct found *f, struct journal_head *ret,
                         uint8_t **ret_bytes)
{
    uint32_t need = 0;
    enum err e = ERR_IO;
    assert(f->len % JOURNAL_SECTOR == 0);
    if (f->segment == NULL) return ERR_CORRUPT; /* where it stood is something else */
    for (uint32_t i = 0; i < READ_TRIES && e == ERR_IO; i++)
        e = scan_read(s, f->segment, f->offset, f->len, ret_bytes);
    if (e) return e;
    enum journal_verdict verdict = journal_head_decode(slice_of(*ret_bytes, f->len),
                                                       s->j->o.store_id, ret, &need);
    return verdict == JOURNAL_HEAD && ret->pos == f->pos ? ERR_OK : ERR_CORRUPT; /* reads differ */
}

static enum err open_body(struct scan *s, const struct found *f, struct slice *ret_plain)
{
    struct journal_head h = { 0 };
    uint8_t *bytes = NULL;
    enum err e = bytes_of(s, f, &h, &bytes);
    if (e) return e;
    e = commit_open_body(s->j, bytes, &h, bytes + journal_head_len(h.ranges), ret_plain);
    /* the text stands where the sealed bytes were */
    if (h.flags & JOURNAL_FLAG_SEALED) s->window_segment = NULL;
    return e;
}

/* True when one bit of the body has turned, and it is sound again. */
static bool mend_body(struct scan *s, const struct found *f)
{
    struct journal_head h = { 0 };
    struct journal_bit bit;
    uint8_t *bytes = NULL;
    assert(f->records > 0);
    if (bytes_of(s, f, &h, &bytes)) return false;
    uint32_t head = journal_head_len(h.ranges);
    if (!journal_mend_body(&h, &s->j->o.seal, bytes + head, &bit)) return false;
    return scan_mend(s, &(struct mend){ f->segment, f->offset + head + bit.byte, bit.mask });
}

/* The plain body of a batch that was found. CORRUPT: bad, or its bytes cannot be read. */
static enum err body_of(struct scan *s, const struct found *f, struct slice *ret_plain)
{
    enum err e = open_body(s, f, ret_plain);
    assert(f->segment != NULL || e == ERR_CORRUPT);
    return e == ERR_CORRUPT && f->records > 0 && mend_body(s, f) ? open_body(s, f, ret_plain) : e;
}

static enum err denied(const struct found *f, struct errmsg *why)
{
    return errmsg_set(why, ERR_DENIED, "%s is sealed with another key", f->segment->name);
}

/* ---- what a cut tail has left ---- */

/* An earlier start has cut torn batches, and what was written since names the one before them. They
 * may stand in segments that were not written since: they are no part of the journal, nor are they
 * rot. */
static void forget_cut(struct scan *s)
{
    uint32_t kept = s->count;
    journal_pos before = UINT64_MAX; /* what the next one names */
    for (uint32_t i = s->count; i > 0; i--) {
        const struct found *f = &s->found[i - 1];
        if (f->records > 0 && f->pos > before) continue;
        before = f->before;
        s->found[--kept] = *f;
    }
    assert(kept <= s->count);
    s->count -= kept;
    if (kept > 0) memmove(s->found, s->found + kept, s->count * sizeof *s->found);
}

/* ---- the end ---- */

static journal_pos known_durable(const struct scan *s, bool with_copies)
{
    journal_pos highest = with_copies ? s->told : 0;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        if (f->segment != NULL && f->durable > highest) highest = f->durable;
    }
    assert(highest <= s->highest);
    return highest;
}

/* The highest batch that is whole. Those up to `known` are taken as such. */
static enum err highest_whole(struct scan *s, journal_pos known, journal_pos *ret,
                              struct errmsg *why)
{
    *ret = 0;
    for (uint32_t i = s->count; i > 0; i--) {
        const struct found *f = &s->found[i - 1];
        struct slice body;
        if (f->segment == NULL) continue;
        enum err e = f->pos <= known ? ERR_OK : body_of(s, f, &body);
        if (e == ERR_CORRUPT) continue;
        if (e == ERR_DENIED) return denied(f, why);
        if (e) return errmsg_set(why, e, "%s cannot be read", f->segment->name);
        *ret = f->pos;
        return ERR_OK;
    }
    assert(*ret == 0);
    return ERR_OK;
}

/* Bytes that cannot be read are rot when the end stands behind them; else the end may be in
 * them. */
static bool may_hide_end(const struct scan *s, const struct segment *seg)
{
    const struct segment *newest = NULL;
    if (seg->unreadable == 0) return false;
    bool has_begin = false;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        if (f->segment != NULL) newest = f->segment;
        if (f->segment != seg) continue;
        if (f->offset >= seg->unreadable) return false;
        has_begin = has_begin || f->offset == 0;
    }
    assert(newest == NULL || newest->generation > 0);
    return !has_begin || seg == newest;
}

static enum err cut(struct scan *s, journal_pos last, struct errmsg *why)
{
    while (s->count > 0 && s->found[s->count - 1].pos > last) s->count--;
    LIST_EACH(&s->segments, node) {
        const struct segment *seg = segment_of(node);
        if (may_hide_end(s, seg))
            return errmsg_set(why, ERR_IO, "%s cannot be read at %llu; the end may be there",
                              seg->name, (unsigned long long)(seg->unreadable - JOURNAL_SECTOR));
    }
    assert(s->count == 0 || s->found[s->count - 1].pos <= last);
    return ERR_OK;
}

/* ---- rot ---- */

struct walk {
    struct scan *s;
    const struct journal_replay *replay;
    struct replay_end end;
    journal_pos at; /* all up to here is settled */
    journal_pos durable;
    journal_pos known; /* it reached so far */
};

static void damage_unnamed(struct walk *w, journal_pos first, journal_pos last)
{
    const struct journal_damage d = { .first = first, .last = last };
    assert(first <= last);
    w->end.is_damaged = true;
    if (w->replay->on_damage != NULL) w->replay->on_damage(w->replay->ctx, &d);
}

static void damage_named(struct walk *w, const struct found *f)
{
    w->end.is_damaged = true;
    assert(f->ranges_first + f->ranges <= w->s->ranges_count);
    for (uint32_t i = 0; i < f->ranges && w->replay->on_damage != NULL; i++) {
        const struct journal_range *r = &w->s->ranges[f->ranges_first + i];
        const struct journal_damage d = {
            f->pos, f->pos, true, r->owner, r->first_sequence, r->last_sequence
        };
        w->replay->on_damage(w->replay->ctx, &d);
    }
}

/* The batch with records that follows knows which one stood before it. */
static bool is_linked(const struct scan *s, uint32_t index)
{
    const struct found *f = &s->found[index];
    assert(f->records > 0);
    for (uint32_t i = index + 1; i < s->count; i++) {
        const struct found *next = &s->found[i];
        if (next->before != f->pos) {
            if (next->records == 0) continue;
            return true;
        }
        if (next->link_before != 0) return next->link_before == f->link;
    }
    return true;
}

/* ---- in order ---- */

/* Somebody may have seen it though no sync has ended, and after a failed sync the machine may show
 * what the disk does not have: the same bytes once more. */
static enum err write_again(struct scan *s, const struct found *f, struct errmsg *why)
{
    struct disk *disk = s->j->o.disk;
    uint8_t *bytes = NULL;
    enum err e = scan_read(s, f->segment, f->offset, f->len, &bytes);
    if (!e) e = disk->write(disk, f->segment->file, f->offset, slice_of(bytes, f->len));
    if (e) return errmsg_set(why, e, "%s cannot be written", f->segment->name);
    f->segment->is_dirty = true;
    assert(!s->j->is_read_only);
    return ERR_OK;
}

static void part_up(struct walk *w, const struct found *f, struct slice body)
{
    const struct journal_batch up = { f->pos, f->records, body };
    if (body.len > 0) w->replay->on_batch(w->replay->ctx, &up);
}

/* The last sequence of a record: the next one of its owner begins behind it, or its range ends.
 * False: what it says of itself is not true. */
static bool reach_of(const uint8_t *head, struct slice behind, const struct journal_record *bad,
                     uint64_t *ret)
{
    const struct journal_batch rest = { .body = behind };
    struct journal_range range = { 0 };
    struct journal_record r;
    for (uint32_t i = 0; i < le_get_u32(head + HEAD_RANGES) && range.owner != bad->owner; i++)
        range = journal_range_get(head, i);
    if (range.owner != bad->owner || bad->sequence > range.last_sequence) return false;
    *ret = bad->sequence > 0 ? range.last_sequence : 0;
    for (uint32_t at = 0; *ret > 0 && journal_next(&rest, &at, &r);) {
        if (r.owner != bad->owner || r.sequence <= bad->sequence) continue;
        *ret = r.sequence - 1;
        break;
    }
    return true;
}

/* Of a batch with one bad record all others, with the damage at its place among them. False: more
 * of it is bad. */
static bool save_others(struct walk *w, const struct found *f)
{
    struct journal_head h = { 0 };
    uint8_t *bytes = NULL;
    uint32_t at = 0, len = 0;
    if (bytes_of(w->s, f, &h, &bytes)) return false;
    struct slice body = slice_of(bytes + journal_head_len(h.ranges), h.body_len);
    if (!journal_one_is_bad(&h, body, &at, &len)) return false;
    const uint8_t *record = body.ptr + at;
    const struct journal_record bad = { .owner = le_get_u64(record + RECORD_OWNER),
                                        .sequence = le_get_u64(record + RECORD_SEQUENCE) };
    struct slice behind = slice_from(body, at + len);
    struct journal_damage d = { f->pos, f->pos, true, bad.owner, bad.sequence, 0 };
    if (!reach_of(bytes, behind, &bad, &d.last_sequence)) return false;
    w->end.is_damaged = true;
    part_up(w, f, slice_first(body, at));
    if (w->replay->on_damage != NULL) w->replay->on_damage(w->replay->ctx, &d);
    part_up(w, f, behind);
    return true;
}

static void tell_mended(const struct walk *w, const struct found *f)
{
    assert(scan_is_mended(w->s, f));
    if (w->replay->on_mended != NULL) w->replay->on_mended(w->replay->ctx, f->pos);
}

static enum err hand_up(struct walk *w, uint32_t index, struct errmsg *why)
{
    const struct found *f = &w->s->found[index];
    struct slice body = { 0 };
    assert(f->pos > w->at);
    enum err e = is_linked(w->s, index) ? body_of(w->s, f, &body) : ERR_CORRUPT;
    if (e == ERR_DENIED) return denied(f, why);
    if (e) {
        bool is_saved = is_linked(w->s, index) && save_others(w, f);
        if (!is_saved) damage_named(w, f);
        return ERR_OK;
    }
    part_up(w, f, body);
    bool is_mended = scan_is_mended(w->s, f);
    if (is_mended) tell_mended(w, f);
    bool is_known = (f->pos <= w->durable && !is_mended) || w->s->j->is_read_only;
    return is_known ? ERR_OK : write_again(w->s, f, why);
}

static enum err walk(struct walk *w, struct errmsg *why)
{
    struct scan *s = w->s;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct found *f = &s->found[i];
        if (f->pos <= w->at) continue;
        if (f->before > w->at) damage_unnamed(w, w->at + 1, f->before);
        enum err e = f->records > 0 ? hand_up(w, i, why) : ERR_OK;
        if (e) return e;
        w->at = f->pos;
    }
    if (w->end.last > w->at) {
        damage_unnamed(w, w->at + 1, w->end.last);
        w->at = w->end.last;
    }
    assert(w->at >= w->replay->after);
    return ERR_OK;
}

static void conclude(struct walk *w)
{
    struct replay_end *end = &w->end;
    end->last_full = w->durable;
    for (uint32_t i = 0; i < w->s->count; i++) {
        const struct found *f = &w->s->found[i];
        if (f->records == 0 || f->pos < end->last_full) continue;
        end->last_full = f->pos;
        end->last_link = f->link;
    }
    if (end->last_full < w->known) {
        end->last_full = w->known;
        end->last_link = 0;
    }
    if (end->last < w->known) end->last = w->known;
    assert(end->last_full <= end->last);
}

enum err replay_all(struct scan *s, const struct journal_replay *replay, struct replay_end *ret,
                    struct errmsg *why)
{
    struct walk w = { .s = s, .replay = replay, .at = replay->after };
    journal_pos whole = 0;
    assert(replay->on_batch != NULL);
    forget_cut(s);
    w.durable = known_durable(s, true);
    w.known = replay->known > replay->after ? replay->known : replay->after;
    enum err e = highest_whole(s, w.known, &whole, why);
    if (e) return e;
    w.end.last = whole > w.durable ? whole : w.durable;
    bool is_short = whole < w.known && known_durable(s, false) < w.known;
    e = cut(s, w.end.last, why);
    if (e) return e;
    /* Lazily synced, the journal may end before a checkpoint; else its end is gone. */
    bool is_gone = is_short && s->j->o.sync == JOURNAL_SYNC_EACH;
    e = walk(&w, why);
    if (e) return e;
    if (is_gone) damage_unnamed(&w, w.at + 1, UINT64_MAX);
    conclude(&w);
    assert(w.end.last >= w.end.last_full);
    *ret = w.end;
    return ERR_OK;
}
