/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_internal.h"

/* A subject with so few messages is followed from its last one back, from message to message,
 * instead of asking block after block. */
enum { CHAIN_MAX = 16, CHAIN_STEPS = 64 };

/* BUSY: `w` is called when it is worth asking again. After many such answers that brought nothing
 * the question reads by itself: a cache that is too small for what it needs would never answer
 * it. */
static enum err index_ask(struct msgs_file *f, struct block *b, struct msgs_wait *w)
{
    assert(b->owner == f);
    assert(!b->is_gone);
    bool waits = w != NULL && w->rounds < BUSY_MAX;
    enum err e = index_need(b, waits);
    if (e != ERR_BUSY) return e;
    assert(waits);
    msgs_wait_cancel(w);
    list_add_tail(&f->waits, &w->node);
    return e;
}

enum err file_meta(struct msgs *base, uint64_t sequence, struct msgs_wait *w,
                   struct slice *ret_subject, uint64_t *ret_size, nanos *ret_time)
{
    struct msgs_file *f = file_from(base);
    if (!is_there(f, sequence)) return ERR_NOTFOUND;
    struct block *b = block_of(f, sequence);
    if (b == NULL) return ERR_CORRUPT;
    enum err e = index_ask(f, b, w);
    if (e) return e;
    const struct block_index *x = index_of(b);
    uint32_t entry = block_index_find(x, sequence);
    if (entry == ENTRY_NONE) return ERR_CORRUPT;
    f->subject.len = 0;
    buf_add(&f->subject, entry_subject(x, entry));
    *ret_subject = buf_slice(&f->subject);
    *ret_size = entry_size(&x->entries[entry]);
    *ret_time = x->entries[entry].time;
    return ERR_OK;
}

enum err file_next(struct msgs *base, uint64_t from, struct msgs_wait *w, uint64_t *ret)
{
    assert(ret != NULL);
    assert(base->ops->is_file);
    const struct msgs_file *f = file_from(base);
    (void)w;
    if (from < f->first) from = f->first;
    if (from > f->end) return ERR_NOTFOUND;
    uint64_t at = seqset_next_absent(f->gone, from);
    if (at > f->end) return ERR_NOTFOUND;
    *ret = at;
    return ERR_OK;
}

enum err file_previous(struct msgs *base, uint64_t up_to, struct msgs_wait *w, uint64_t *ret)
{
    assert(ret != NULL);
    assert(base->ops->is_file);
    const struct msgs_file *f = file_from(base);
    (void)w;
    if (up_to > f->end) up_to = f->end;
    if (up_to < f->first) return ERR_NOTFOUND;
    uint64_t at = seqset_prev_absent(f->gone, up_to);
    if (at < f->first) return ERR_NOTFOUND;
    *ret = at;
    return ERR_OK;
}

/* ---- of one subject ---- */

struct same {
    struct msgs_file *file;
    struct slice      subject;
    struct msgs_wait *wait;
    uint64_t          first, last; /* none is outside */
    uint64_t          count;
};

/* False: it has none. */
static bool same_begin(struct msgs_file *f, struct slice subject, struct msgs_wait *w,
                       struct same *ret)
{
    assert(subject.len > 0);
    const struct tree_value *v = tree_find(f->base.tree, subject);
    if (v == NULL) return false;
    *ret = (struct same){ f, subject, w, v->first, v->last, v->count };
    return true;
}

/* The first one in the block that is there, or none: 0. */
static uint64_t next_in(const struct same *s, struct block *b, uint64_t from)
{
    assert(b->index != NULL);
    assert(b->owner == s->file);
    const struct block_index *x = index_of(b);
    uint32_t at = block_index_next_same(x, s->subject, from);
    while (at != ENTRY_NONE && !is_there(s->file, entry_sequence(x, at))) at = x->entries[at].next;
    return at == ENTRY_NONE ? 0 : entry_sequence(x, at);
}

static uint64_t previous_in(const struct same *s, struct block *b, uint64_t up_to)
{
    assert(b->index != NULL);
    assert(b->owner == s->file);
    const struct block_index *x = index_of(b);
    uint32_t at = block_index_previous_same(x, s->subject, up_to);
    while (at != ENTRY_NONE && !is_there(s->file, entry_sequence(x, at)))
        at = x->entries[at].previous;
    return at == ENTRY_NONE ? 0 : entry_sequence(x, at);
}

/* The one before `sequence`, which is of this subject: in its block, or where that says that the
 * last one before the block is. NOTFOUND: the way back ends here. */
static enum err step_back(const struct same *s, uint64_t sequence, uint64_t *ret)
{
    struct block *b = block_of(s->file, sequence);
    if (b == NULL) return ERR_NOTFOUND;
    enum err e = index_ask(s->file, b, s->wait);
    if (e) return e == ERR_CORRUPT ? ERR_NOTFOUND : e;
    const struct block_index *x = index_of(b);
    uint32_t number = block_index_subject(x, s->subject), entry = block_index_find(x, sequence);
    if (number == ENTRY_NONE || entry == ENTRY_NONE) return ERR_NOTFOUND;
    if ((x->entries[entry].subject & ~ENTRY_HAS_HEADER) != number) return ERR_NOTFOUND;
    uint32_t before = x->entries[entry].previous;
    *ret = before == ENTRY_NONE ? x->subjects[number].before : entry_sequence(x, before);
    assert(*ret < sequence);
    return *ret == 0 ? ERR_NOTFOUND : ERR_OK;
}

/* From the subject's last message back to the first one that is not below `from`. NOTFOUND: the way
 * was broken or is long, which says nothing. */
static enum err next_by_chain(const struct same *s, uint64_t from, uint64_t *ret)
{
    assert(from > 0 || s->last > 0);
    assert(s->first > 0);
    uint64_t at = s->last, best = 0;
    for (uint32_t steps = 0; at >= from; steps++) {
        if (is_there(s->file, at)) best = at;
        if (at <= s->first) break;
        if (steps == CHAIN_STEPS) return ERR_NOTFOUND;
        enum err e = step_back(s, at, &at);
        if (e) return e;
    }
    *ret = best;
    return best == 0 ? ERR_NOTFOUND : ERR_OK;
}

static enum err previous_by_chain(const struct same *s, uint64_t up_to, uint64_t *ret)
{
    assert(s->last > 0);
    assert(s->first > 0);
    uint64_t at = s->last;
    for (uint32_t steps = 0; at > up_to || !is_there(s->file, at); steps++) {
        if (at <= s->first || steps == CHAIN_STEPS) return ERR_NOTFOUND;
        enum err e = step_back(s, at, &at);
        if (e) return e;
    }
    *ret = at;
    return ERR_OK;
}

/* Block after block, from the one in which `from` would be; `up_to` is where to stop. */
static enum err next_by_blocks(const struct same *s, uint64_t from, uint64_t up_to, uint64_t *ret)
{
    assert(s->subject.len > 0);
    struct msgs_file *f = s->file;
    uint32_t i = table_find(f, from);
    for (i = i == UINT32_MAX ? 0 : i; i < f->blocks_count && f->blocks[i]->first <= up_to; i++) {
        struct block *b = f->blocks[i];
        if (b->last < from) continue;
        *ret = b->first > from ? b->first : from; /* if it is BUSY */
        enum err e = index_ask(f, b, s->wait);
        if (e == ERR_CORRUPT) continue;
        if (e) return e;
        *ret = next_in(s, b, from);
        if (*ret != 0) return ERR_OK;
    }
    return ERR_NOTFOUND;
}

static enum err previous_by_blocks(const struct same *s, uint64_t up_to, uint64_t down_to,
                                   uint64_t *ret)
{
    assert(s->subject.len > 0);
    struct msgs_file *f = s->file;
    uint32_t i = table_find(f, up_to);
    for (i = i == UINT32_MAX ? 0 : i + 1; i > 0 && f->blocks[i - 1]->last >= down_to; i--) {
        struct block *b = f->blocks[i - 1];
        *ret = b->last < up_to ? b->last : up_to;
        enum err e = index_ask(f, b, s->wait);
        if (e == ERR_CORRUPT) continue;
        if (e) return e;
        *ret = previous_in(s, b, up_to);
        if (*ret != 0) return ERR_OK;
    }
    return ERR_NOTFOUND;
}

enum err file_next_same(struct msgs *base, struct slice subject, uint64_t from, struct msgs_wait *w,
                        uint64_t *ret)
{
    struct msgs_file *f = file_from(base);
    struct same s;
    if (!same_begin(f, subject, w, &s) || from > s.last) return ERR_NOTFOUND;
    /* Who reads on finds the next one near by. */
    struct block *near = block_of(f, from);
    uint64_t got = near != NULL && near->index != NULL ? next_in(&s, near, from) : 0;
    enum err e = got != 0 ? ERR_OK : ERR_NOTFOUND;
    if (e && s.count <= CHAIN_MAX) e = next_by_chain(&s, from, &got);
    if (e == ERR_NOTFOUND) e = next_by_blocks(&s, from, s.last, &got);
    if (e == ERR_OK || (e == ERR_BUSY && got != 0)) *ret = got;
    return e;
}

enum err file_previous_same(struct msgs *base, struct slice subject, uint64_t up_to,
                            struct msgs_wait *w, uint64_t *ret)
{
    struct msgs_file *f = file_from(base);
    struct same s;
    if (!same_begin(f, subject, w, &s) || up_to < s.first) return ERR_NOTFOUND;
    struct block *near = block_of(f, up_to);
    uint64_t got = near != NULL && near->index != NULL ? previous_in(&s, near, up_to) : 0;
    enum err e = got != 0 ? ERR_OK : ERR_NOTFOUND;
    if (e && s.count <= CHAIN_MAX) e = previous_by_chain(&s, up_to, &got);
    if (e == ERR_NOTFOUND) e = previous_by_blocks(&s, up_to, s.first, &got);
    if (e == ERR_OK || (e == ERR_BUSY && got != 0)) *ret = got;
    return e;
}

/* ---- what changes will ask ---- */

/* So many blocks are read beforehand; what a larger change needs more, it reads itself. */
enum { PREPARE_BLOCKS = 16 };

enum err file_prepare(struct msgs *base, uint64_t first, uint64_t last, struct msgs_wait *w)
{
    assert(first <= last);
    struct msgs_file *f = file_from(base);
    uint32_t i = table_find(f, first), seen = 0;
    enum err e = ERR_OK;
    for (i = i == UINT32_MAX ? 0 : i; i < f->blocks_count && seen < PREPARE_BLOCKS; i++, seen++) {
        struct block *b = f->blocks[i];
        if (b->first > last) break;
        if (b->last < first) continue;
        enum err got = index_ask(f, b, w);
        if (got == ERR_BUSY) e = got;   /* and the others are begun to be read */
    }
    return e;
}
