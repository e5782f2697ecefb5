/* SPDX-License-Identifier: Apache-2.0 */
/* Both copies are read side by side, list by list. Where one is bad the other serves, and the bad
 * one is written again. Where both are bad, a good list is looked for behind: if there is one, what
 * is between is gone and said so. If there is none, the end is torn, which nobody was promised, or
 * rotten: a list of which `b` has anything was safe in `a` before. */
#include "base/alloc.h"
#include "store/checkpoint_internal.h"
#include "store/versions.h"

enum { WINDOW = 256 << 10 };

/* Some bytes of a copy. */
struct reader {
    struct disk_file *file; /* NULL: there is none */
    uint64_t size;
    uint8_t *bytes;
    uint64_t cap;
    uint64_t at; /* what is in `bytes` */
    uint64_t len;
};

enum look {
    LOOK_NOTHING, /* the copy ends before */
    LOOK_BAD,
    LOOK_UNREADABLE,
    LOOK_WHOLE,
};

struct found {
    enum look look;
    struct checkpoint_head head;
    struct slice bytes; /* in the reader, until it reads again */
};

struct loading {
    struct checkpoint *c;
    struct pair *pair;
    const struct checkpoint_load *load; /* NULL: a probe */
    struct pair_state *state;
    struct reader readers[COPIES];
    uint64_t offset;
    uint64_t torn; /* 1 + where the last list of `b` is bad, if it is: its end may be torn */
    struct errmsg *why;
};

/* ---- reading ---- */

static enum err fill(struct disk *disk, struct reader *r, uint64_t offset, uint64_t len)
{
    uint64_t moved = 0;
    if (r->cap < len) {
        r->bytes = xfree(r->bytes);
        r->bytes = xalloc(len);
        r->cap = len;
    }
    r->len = 0;
    assert(offset + len <= r->size);
    enum err e = disk->read(disk, r->file, offset, (struct disk_span){ r->bytes, len }, &moved);
    if (e) return e;
    r->at = offset;
    r->len = moved;
    return ERR_OK;
}

/* NOTFOUND: the copy has no such bytes. */
static enum err get(const struct loading *l, struct reader *r, uint64_t offset, uint64_t len,
                    struct slice *ret)
{
    struct disk *disk = l->c->o.disk;
    assert(len > 0);
    if (r->file == NULL || offset > r->size || r->size - offset < len) return ERR_NOTFOUND;
    bool is_here = offset >= r->at && offset + len <= r->at + r->len;
    if (!is_here) {
        uint64_t want = len > WINDOW ? len : WINDOW;
        if (want > r->size - offset) want = r->size - offset;
        enum err e = fill(disk, r, offset, want);
        if (e && want > len) e = fill(disk, r, offset, len); /* what is unreadable may be behind */
        if (e) return e;
        if (r->len < len) return ERR_NOTFOUND;
    }
    assert(offset >= r->at);
    *ret = slice_of(r->bytes + (offset - r->at), len);
    return ERR_OK;
}

static enum look look_of(enum err e, enum look nothing)
{
    assert(e != ERR_OK);
    return e == ERR_NOTFOUND ? nothing : LOOK_UNREADABLE;
}

/* What a copy has at this place. INVALID: a list that this version does not know. */
static enum err examine(const struct loading *l, struct reader *r, uint64_t offset,
                        struct found *ret)
{
    struct checkpoint_head h = { 0 };
    struct slice in;
    enum err e = get(l, r, offset, CHECKPOINT_SECTOR, &in);
    assert(offset % CHECKPOINT_SECTOR == 0);
    if (e) {
        bool has_rest = r->file != NULL && offset < r->size;
        ret->look = look_of(e, has_rest ? LOOK_BAD : LOOK_NOTHING);
        return ERR_OK;
    }
    enum checkpoint_verdict verdict = checkpoint_head_decode(in, l->c->o.store_id, &h);
    ret->look = LOOK_BAD;
    if (verdict == CHECKPOINT_NEWER_HEAD) return ERR_INVALID;
    bool is_here = verdict == CHECKPOINT_HEAD && h.file == l->pair->number && h.offset == offset;
    if (!is_here || h.number <= l->state->lists) return ERR_OK;
    e = get(l, r, offset, checkpoint_list_len(h.body_len), &in);
    if (e) ret->look = look_of(e, LOOK_BAD);
    else if (checkpoint_list_check(&h, in)) *ret = (struct found){ LOOK_WHOLE, h, in };
    return ERR_OK;
}

static enum err examine_both(struct loading *l, uint64_t offset, struct found ret[COPIES])
{
    assert(offset % CHECKPOINT_SECTOR == 0);
    for (uint32_t i = 0; i < COPIES; i++) {
        ret[i] = (struct found){ .look = LOOK_NOTHING };
        enum err e = examine(l, &l->readers[i], offset, &ret[i]);
        if (e) return errmsg_set(l->why, e, "%s " VERSION_IS_NEWER, l->pair->names[i]);
    }
    return ERR_OK;
}

/* ---- a list that is whole ---- */

static enum err repair(struct loading *l, struct reader *r, struct slice bytes)
{
    struct disk *disk = l->c->o.disk;
    assert(!l->c->is_read_only);
    assert(r->file != NULL);
    enum err e = disk->write(disk, r->file, l->offset, bytes);
    if (e == ERR_LIMIT) {
        l->state->is_unequal = true;
        return ERR_OK;
    }
    if (!e && r->size < l->offset + bytes.len) r->size = l->offset + bytes.len;
    return e;
}

static void hand_up(const struct loading *l, struct slice body)
{
    struct checkpoint_section s;
    assert(l->load != NULL);
    if (l->load->on_section == NULL) return;
    for (uint32_t at = 0; checkpoint_next(body, &at, &s);) l->load->on_section(l->load->ctx, &s);
}

static enum err unseal(const struct loading *l, const struct found *f)
{
    const struct journal_seal *seal = &l->c->o.seal;
    struct slice body = slice_of(f->bytes.ptr + HEAD_SIZE, f->head.body_len);
    const char *name = l->pair->names[0];
    if (seal->open == NULL || body.len < seal->overhead)
        return errmsg_set(l->why, ERR_DENIED, "%s is sealed, and there is no key", name);
    uint32_t len = body.len - seal->overhead;
    uint8_t *plain = xalloc((size_t)len + 1);
    enum err e = seal->open(seal->ctx, f->head.nonce, checkpoint_context(f->bytes.ptr), body,
                            plain);
    if (e) e = errmsg_set(l->why, ERR_DENIED, "%s is sealed with another key", name);
    else if (!checkpoint_body_check(slice_of(plain, len), f->head.sections))
        e = errmsg_set(l->why, ERR_CORRUPT, "%s holds no sections in its seal", name);
    else hand_up(l, slice_of(plain, len));
    xfree(plain);
    return e;
}

static void note_damage(struct loading *l)
{
    assert(l->state != NULL);
    l->state->is_damaged = true;
    if (l->load != NULL && l->load->on_damage != NULL)
        l->load->on_damage(l->load->ctx, l->state->pos);
}

static void note_head(struct pair_state *s, const struct checkpoint_head *h)
{
    assert(h->number > s->lists);
    s->lists = h->number;
    s->base = h->base;
    if (h->turn > s->turn) s->turn = h->turn;
    if ((h->flags & CHECKPOINT_FLAG_SLICE) == 0) s->pos = h->pos;
    if ((h->flags & CHECKPOINT_FLAG_PARTIAL) == 0) s->is_complete = true;
}

static void note_copy(const struct loading *l, uint32_t copy, uint64_t offset)
{
    assert(copy < COPIES);
    if (l->load == NULL || l->load->on_copy == NULL) return;
    l->load->on_copy(l->load->ctx, l->pair->names[copy], offset);
}

/* `a` was safe before `b` had anything; what is bad in `b` was torn if nothing comes behind. */
static void note_other(struct loading *l, uint32_t other, enum look look)
{
    if (l->torn > 0) note_copy(l, 1, l->torn - 1);
    l->torn = 0;
    if (look == LOOK_WHOLE || l->readers[other].file == NULL) return;
    assert(l->offset < UINT64_MAX);
    if (other == 0) note_copy(l, 0, l->offset);
    else l->torn = l->offset + 1;
}

static enum err take(struct loading *l, const struct found found[COPIES])
{
    uint32_t good = found[0].look == LOOK_WHOLE ? 0 : 1, other = 1 - good;
    const struct found *f = &found[good];
    bool is_sealed = (f->head.flags & CHECKPOINT_FLAG_SEALED) != 0;
    enum err e = ERR_OK;
    assert(f->look == LOOK_WHOLE);
    if (l->load != NULL && is_sealed) e = unseal(l, f);
    else if (l->load != NULL) hand_up(l, slice_of(f->bytes.ptr + HEAD_SIZE, f->head.body_len));
    if (e) return e;
    if (l->load != NULL && !l->c->is_read_only && found[other].look != LOOK_WHOLE)
        e = repair(l, &l->readers[other], f->bytes);
    if (e) return errmsg_set(l->why, e, "%s cannot be repaired", l->pair->names[other]);
    note_other(l, other, found[other].look);
    note_head(l->state, &f->head);
    l->offset += f->bytes.len;
    return ERR_OK;
}

/* ---- a list that is not ---- */

/* NOTFOUND: no good list comes behind. IO: that cannot be known. */
static enum err find_next(struct loading *l)
{
    uint64_t end = l->readers[0].size > l->readers[1].size ? l->readers[0].size
                                                           : l->readers[1].size;
    bool is_unsure = false;
    struct found found[COPIES];
    for (uint64_t at = l->offset + CHECKPOINT_SECTOR; at < end; at += CHECKPOINT_SECTOR) {
        enum err e = examine_both(l, at, found);
        if (e) return e;
        for (uint32_t i = 0; i < COPIES; i++) {
            if (found[i].look == LOOK_UNREADABLE) is_unsure = true;
            if (found[i].look != LOOK_WHOLE) continue;
            l->offset = at;
            return ERR_OK;
        }
    }
    assert(l->offset % CHECKPOINT_SECTOR == 0);
    return is_unsure && l->load != NULL ? ERR_IO : ERR_NOTFOUND;
}

static bool is_any(const struct found found[COPIES], enum look look)
{
    return found[0].look == look || found[1].look == look;
}

/* NOTFOUND: that was the end. */
static enum err skip(struct loading *l, const struct found found[COPIES])
{
    const char *name = l->pair->names[0];
    assert(!is_any(found, LOOK_WHOLE));
    if (found[0].look == LOOK_NOTHING && found[1].look == LOOK_NOTHING) return ERR_NOTFOUND;
    /* A disk that is out of order for a moment must not cost a list. */
    if (l->load != NULL && is_any(found, LOOK_UNREADABLE))
        return errmsg_set(l->why, ERR_IO, "%s and its copy cannot be read", name);
    enum err e = find_next(l);
    if (e == ERR_IO) return errmsg_set(l->why, e, "%s and its copy cannot be read", name);
    bool was_safe = !is_any(found, LOOK_NOTHING);
    if (e == ERR_OK || (e == ERR_NOTFOUND && was_safe)) note_damage(l);
    return e;
}

static enum err walk(struct loading *l)
{
    struct found found[COPIES];
    for (;;) {
        enum err e = examine_both(l, l->offset, found);
        if (!e) e = is_any(found, LOOK_WHOLE) ? take(l, found) : skip(l, found);
        if (e == ERR_NOTFOUND) break;
        if (e) return e;
    }
    l->state->end = l->offset;
    assert(l->state->end % CHECKPOINT_SECTOR == 0);
    return ERR_OK;
}

/* ---- a pair ---- */

/* `a` first: as long as `b` has something there, the end counts as rotten. */
static enum err cut_and_sync(struct loading *l)
{
    struct disk *disk = l->c->o.disk;
    assert(!l->c->is_read_only);
    for (uint32_t i = 0; i < COPIES; i++) {
        struct reader *r = &l->readers[i];
        enum err e = ERR_OK;
        if (r->size > l->offset) e = disk->truncate(disk, r->file, l->offset);
        if (!e) e = disk->sync(disk, r->file);
        if (e) return errmsg_set(l->why, e, "%s cannot be repaired", l->pair->names[i]);
    }
    return ERR_OK;
}

static enum err loading_begin(struct loading *l)
{
    struct disk *disk = l->c->o.disk;
    *l->state = (struct pair_state){ 0 };
    assert(l->pair->number > 0);
    for (uint32_t i = 0; i < COPIES; i++) {
        struct reader *r = &l->readers[i];
        r->file = l->pair->files[i];
        if (r->file == NULL) continue;
        enum err e = disk->size(disk, r->file, &r->size);
        if (e) return errmsg_set(l->why, e, "the size of %s is not known", l->pair->names[i]);
    }
    return ERR_OK;
}

static void loading_end(struct loading *l)
{
    for (uint32_t i = 0; i < COPIES; i++) l->readers[i].bytes = xfree(l->readers[i].bytes);
}

enum err pair_probe(struct checkpoint *c, struct pair *p, struct pair_state *ret,
                    struct errmsg *why)
{
    struct loading l = { .c = c, .pair = p, .state = ret, .why = why };
    assert(p->number > 0);
    enum err e = loading_begin(&l);
    if (!e) e = walk(&l);
    loading_end(&l);
    return e;
}

/* A copy that is not there is made; its name is synced by the caller. */
static enum err make_missing(struct checkpoint *c, struct pair *p, struct errmsg *why)
{
    assert(!c->is_read_only);
    for (uint32_t i = 0; i < COPIES; i++) {
        if (p->files[i] != NULL) continue;
        enum err e = c->o.disk->open(c->o.disk, p->names[i], DISK_OPEN_CREATE, &p->files[i], why);
        if (e) return e;
    }
    return ERR_OK;
}

enum err pair_load(struct checkpoint *c, struct pair *p, const struct checkpoint_load *load,
                   struct pair_state *ret, struct errmsg *why)
{
    struct loading l = { .c = c, .pair = p, .load = load, .state = ret, .why = why };
    assert(load != NULL);
    enum err e = c->is_read_only ? ERR_OK : make_missing(c, p, why);
    if (!e) e = loading_begin(&l);
    if (!e) e = walk(&l);
    /* The first file may be new and empty; a later one has lists, the last of them a complete
     * log's. */
    bool is_empty = ret->lists == 0 && p->number == 1;
    for (uint32_t i = 0; i < COPIES && !e && ret->lists > 0; i++)
        if (p->files[i] == NULL) note_copy(&l, i, UINT64_MAX);
    if (!e && !ret->is_complete && !is_empty && !ret->is_damaged) note_damage(&l);
    if (!e && !c->is_read_only) e = cut_and_sync(&l);
    loading_end(&l);
    if (e) return e;
    p->end = ret->end;
    p->lists = ret->lists;
    p->base = ret->base;
    return ERR_OK;
}

enum err pair_open(struct checkpoint *c, struct pair *p, struct errmsg *why)
{
    struct disk *disk = c->o.disk;
    enum disk_open mode = c->is_read_only ? DISK_OPEN_READ : DISK_OPEN_WRITE;
    assert(p->number > 0);
    for (uint32_t i = 0; i < COPIES; i++) {
        enum err e = disk->open(disk, p->names[i], mode, &p->files[i], why);
        if (e && e != ERR_NOTFOUND) return e;
        if (e) p->files[i] = NULL;
    }
    return ERR_OK;
}

void pair_close(struct checkpoint *c, struct pair *p)
{
    for (uint32_t i = 0; i < COPIES; i++) {
        if (p->files[i] != NULL) c->o.disk->close(c->o.disk, p->files[i]);
        p->files[i] = NULL;
    }
}
