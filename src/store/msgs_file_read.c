/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

/* A read that costs less than asking somebody else for it, when the machine has the bytes. */
enum { READ_NOW_MAX = 64 << 10 };

struct place {
    uint64_t offset;
    uint32_t len;
};

static struct place place_of(struct block *b, uint32_t chunk, bool is_whole)
{
    if (is_whole) return (struct place){ 0, (uint32_t)b->safe.end };
    if (chunk == ENTRY_NONE) return (struct place){ b->safe.end, b->safe.footer };
    const struct block_chunk *c = &index_of(b)->chunks[chunk];
    assert(c->stored > 0);
    return (struct place){ c->offset, PART_HEAD + c->stored };
}

/* ---- what has come ---- */

/* Nothing of the block can be read. */
static enum err give_up(struct block *b)
{
    assert(b->index == NULL);
    b->is_unreadable = true;
    lost_range(b->owner, b->first, b->last);
    return ERR_CORRUPT;
}

static void index_loaded(struct block *b)
{
    struct msgs_file *f = b->owner;
    assert(b->index != NULL && b->index_cached.holds > 0);
    store_cache_release(f->o.cache, &b->index_cached);
}

static void lose_read(struct block *b, uint32_t chunk)
{
    const struct block_index *x = index_of(b);
    assert(x != NULL);
    lost_range(b->owner, entry_sequence(x, x->chunks[chunk].first_entry),
               entry_sequence(x, chunk_end(x, chunk) - 1));
}

/* OK, CORRUPT, or BUSY: the whole block has to be read. */
static enum err take_index(struct block *b, struct slice bytes, bool is_whole)
{
    assert(b->owner != NULL);
    if (b->index != NULL) return ERR_OK; /* somebody could not wait */
    enum err e = is_whole ? index_from_chunks(b, bytes) : index_from_footer(b, bytes);
    if (e && !is_whole) return ERR_BUSY;
    if (e) return give_up(b);
    if (is_whole && b->is_complete) b->must_compact = b->owner->compaction.is_wanted = true;
    return ERR_OK;
}

static enum err take_chunk(struct block *b, uint32_t number, uint8_t *take_bytes, uint32_t len,
                           struct chunk **ret)
{
    assert(b->index != NULL);
    assert(take_bytes != NULL);
    *ret = chunk_get(b, number);
    if (*ret == NULL) return chunk_from_part(b, number, take_bytes, len, ret);
    xfree(take_bytes);
    return ERR_OK;
}

static void chunk_loaded(struct chunk *c)
{
    struct msgs_file *f = c->block->owner;
    assert(c->state == CHUNK_SAFE && c->cached.holds > 0);
    store_cache_release(f->o.cache, &c->cached);
}

/* No descriptor, or the end of all: nothing is said of what is on the disk. */
static bool is_passing(enum err e)
{
    return e == ERR_LIMIT || e == ERR_CLOSED || e == ERR_NOMEM;
}

/* ---- at once ---- */

static enum err open_now(struct block *b)
{
    assert(!b->is_gone);
    struct disk *d = b->owner->o.disk;
    char name[DISK_NAME_MAX];
    struct disk_file *file;
    if (b->file != NULL) return ERR_OK;
    block_name(b, name);
    enum disk_open mode = b->owner->o.queue == NULL ? DISK_OPEN_READ : DISK_OPEN_WRITE;
    enum err e = d->open(d, name, mode, &file, NULL);
    if (e) return e;
    block_set_file(b, file);
    store_cache_release(store_cache_files(b->owner->o.cache), &b->file_cached);
    return ERR_OK;
}

static enum err read_at_once(struct block *b, struct place p, uint8_t **ret, uint32_t *ret_len)
{
    struct disk *d = b->owner->o.disk;
    uint64_t moved = 0;
    enum err e = open_now(b);
    if (e) return e;
    assert(p.len > 0);
    b->owner->blocked++;
    uint8_t *bytes = xalloc(p.len);
    e = d->read(d, b->file, p.offset, (struct disk_span){ bytes, p.len }, &moved);
    if (e) {
        xfree(bytes);
        return e;
    }
    *ret = bytes;
    *ret_len = (uint32_t)moved;
    return ERR_OK;
}

static enum err index_now(struct block *b)
{
    assert(b->index == NULL);
    uint8_t *bytes;
    uint32_t len;
    enum err got = b->safe.footer > 0 ? ERR_OK : ERR_BUSY;
    for (int whole = got == ERR_BUSY; whole <= 1; whole++) {
        enum err e = read_at_once(b, place_of(b, ENTRY_NONE, whole), &bytes, &len);
        if (e) return is_passing(e) ? ERR_CORRUPT : give_up(b);
        got = take_index(b, slice_of(bytes, len), whole);
        xfree(bytes);
        if (got != ERR_BUSY) break;
    }
    assert(got != ERR_BUSY);
    return got;
}

static enum err chunk_now(struct block *b, uint32_t number, struct chunk **ret)
{
    assert(b->index != NULL);
    uint8_t *bytes;
    uint32_t len;
    enum err e = read_at_once(b, place_of(b, number, false), &bytes, &len);
    if (e && !is_passing(e)) lose_read(b, number);
    return e ? ERR_CORRUPT : take_chunk(b, number, bytes, len, ret);
}

/* ---- by and by ---- */

static struct fetch *fetch_find(const struct block *b, uint32_t chunk)
{
    assert(b->owner != NULL);
    LIST_EACH(&b->owner->fetches, node) {
        struct fetch *t = container_of(node, struct fetch, node);
        if (t->block == b && t->chunk == chunk) return t;
    }
    return NULL;
}

static void fetch_end(struct fetch *t)
{
    struct msgs_file *f = t->owner;
    struct block *b = t->block;
    assert(b->users > 0);
    list_remove(&t->node);
    if (b->file != NULL && b->file_cached.holds > 0)
        store_cache_release(store_cache_files(f->o.cache), &b->file_cached);
    block_settled(b);
    f->is_held_up = is_passing(t->op.result);
    xfree(t->span.ptr);
    xfree(t);
    wake_waiting(f);
    writer_go(f);
}

static void fetch_read(struct fetch *t)
{
    struct block *b = t->block;
    struct place p = place_of(b, t->chunk, t->is_whole);
    assert(b->file != NULL && p.len > 0);
    t->span = (struct disk_span){ xalloc(p.len), p.len };
    t->op.kind = DISK_READ;
    t->op.file = b->file;
    t->op.offset = p.offset;
    t->op.spans = &t->span;
    t->op.spans_count = 1;
    disk_submit(b->owner->o.queue, &t->op);
}

static void fetch_index(struct fetch *t)
{
    assert(t->chunk == ENTRY_NONE);
    struct slice bytes = slice_of(t->span.ptr, t->op.result ? 0 : t->op.moved);
    if (is_passing(t->op.result)) {
        fetch_end(t);
        return;
    }
    bool was_there = t->block->index != NULL;
    enum err e = take_index(t->block, bytes, t->is_whole);
    if (e == ERR_BUSY) {
        t->is_whole = true;
        t->span.ptr = xfree(t->span.ptr);
        fetch_read(t);
        return;
    }
    if (e == ERR_OK && !was_there) index_loaded(t->block);
    fetch_end(t);
}

/* The index may have gone meanwhile; then this was for nothing. */
static void fetch_chunk(struct fetch *t)
{
    assert(t->chunk != ENTRY_NONE);
    assert(!t->is_whole);
    struct block *b = t->block;
    struct chunk *c = chunk_get(b, t->chunk);
    uint8_t *bytes = t->span.ptr;
    bool is_lost = t->op.result && !is_passing(t->op.result);
    if (c == NULL && b->index != NULL && is_lost) lose_read(b, t->chunk);
    if (c == NULL && b->index != NULL && !t->op.result) {
        t->span.ptr = NULL;
        if (take_chunk(b, t->chunk, bytes, (uint32_t)t->op.moved, &c) == ERR_OK) chunk_loaded(c);
    }
    fetch_end(t);
}

static void on_fetched(struct disk_op *op)
{
    struct fetch *t = container_of(op, struct fetch, op);
    struct block *b = t->block;
    assert(t->op.kind == DISK_OPEN || t->op.kind == DISK_READ);
    if (op->kind == DISK_READ) {
        if (b->is_gone) fetch_end(t);
        else if (t->chunk == ENTRY_NONE) fetch_index(t);
        else fetch_chunk(t);
        return;
    }
    b->is_opening = false;
    if (op->result == ERR_OK) {
        block_set_file(b, op->file);
        if (b->is_gone || (t->chunk != ENTRY_NONE && b->index == NULL)) fetch_end(t);
        else fetch_read(t);
        return;
    }
    bool is_lost = !is_passing(op->result) && !b->is_gone;
    if (is_lost && t->chunk != ENTRY_NONE && b->index != NULL) lose_read(b, t->chunk);
    if (is_lost && t->chunk == ENTRY_NONE && b->index == NULL) (void)give_up(b);
    fetch_end(t);
}

static void fetch_begin(struct block *b, uint32_t chunk)
{
    assert(!b->is_gone);
    struct msgs_file *f = b->owner;
    if (b->is_opening || fetch_find(b, chunk) != NULL) return;
    struct fetch *t = xcalloc(1, sizeof *t);
    t->owner = f;
    t->block = b;
    t->chunk = chunk;
    t->is_whole = chunk == ENTRY_NONE && b->safe.footer == 0;
    t->op.lane = DISK_LANE_READ;
    t->op.matter = DISK_MATTER_MESSAGES;
    t->op.done = on_fetched;
    list_add_tail(&f->fetches, &t->node);
    b->users++;
    if (b->file != NULL) {
        store_cache_hold(store_cache_files(f->o.cache), &b->file_cached);
        fetch_read(t);
        return;
    }
    block_name(b, t->name);
    b->is_opening = true;
    t->op.kind = DISK_OPEN;
    t->op.mode = DISK_OPEN_WRITE;
    t->op.name = t->name;
    disk_submit(f->o.queue, &t->op);
}

/* ---- needs ---- */

enum err index_need(struct block *b, bool waits)
{
    assert(!b->is_gone || b->index != NULL);
    if (b->index != NULL) {
        store_cache_touch(b->owner->o.cache, &b->index_cached);
        return ERR_OK;
    }
    if (b->is_unreadable) return ERR_CORRUPT;
    if (waits && b->owner->o.queue != NULL) {
        fetch_begin(b, ENTRY_NONE);
        return ERR_BUSY;
    }
    enum err e = index_now(b);
    if (e == ERR_OK) index_loaded(b);
    return e;
}

/* What the machine has at hand is not waited for. False: it has not all of it. */
static bool read_now(struct block *b, uint32_t number, enum err *ret_e, struct chunk **ret)
{
    assert(b->index != NULL);
    assert(number < index_of(b)->chunks_count);
    struct disk *d = b->owner->o.disk;
    struct place p = place_of(b, number, false);
    uint64_t moved = 0;
    if (b->file == NULL || p.len > READ_NOW_MAX) return false;
    uint8_t *bytes = xalloc(p.len);
    enum err e = d->read_now(d, b->file, p.offset, (struct disk_span){ bytes, p.len }, &moved);
    if (e || moved < p.len) {
        xfree(bytes);
        return false;
    }
    *ret_e = take_chunk(b, number, bytes, p.len, ret);
    return true;
}

enum err chunk_need(struct block *b, uint32_t number, bool waits, struct chunk **ret)
{
    enum err e = ERR_OK;
    assert(b->index != NULL && number < index_of(b)->chunks_count);
    *ret = chunk_get(b, number);
    if (*ret != NULL) {
        store_cache_touch(b->owner->o.cache, &(*ret)->cached);
        return ERR_OK;
    }
    if (!waits || b->owner->o.queue == NULL) e = chunk_now(b, number, ret);
    else if (!read_now(b, number, &e, ret)) {
        fetch_begin(b, number);
        return ERR_BUSY;
    }
    if (e == ERR_OK) chunk_loaded(*ret);
    return e;
}
