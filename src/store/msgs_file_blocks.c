/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/near.h"
#include "store/msgs_file_internal.h"

/* ---- the table ---- */

void block_name(const struct block *b, char ret_name[DISK_NAME_MAX])
{
    int len = snprintf(ret_name, DISK_NAME_MAX, "%s/%08" PRIx32, b->owner->directory, b->number);
    assert(len > 0 && len < DISK_NAME_MAX);
}

static void index_evict(struct store_cached *e)
{
    struct block *b = container_of(e, struct block, index_cached);
    assert(b->index != NULL);
    b->index = block_index_free(b->index);
}

static void file_evict(struct store_cached *e)
{
    block_close_file(container_of(e, struct block, file_cached));
}

struct block *block_new(struct msgs_file *f, uint32_t number, uint64_t first)
{
    struct block *b = near_zalloc(sizeof *b);
    assert(first > 0 && number > 0);
    b->owner = f;
    b->number = number;
    b->key = f->o.seal.key;
    b->bytes_max = f->o.block_size;
    b->first = b->last = first;
    return b;
}

/* The block goes, but somebody still looks at what was loaded: the pin keeps it, beside the
 * cache. */
static void chunk_leave(struct chunk *c)
{
    struct block *b = c->block;
    assert(b->chunks[c->number] == c && c->state != CHUNK_WRITING);
    b->chunks[c->number] = NULL;
    if (b->tail == c) b->tail = NULL;
    b->chunks_loaded--;
    store_cache_remove(b->owner->o.cache, &c->cached);
    c->block = NULL;
}

static void drop_memory(struct block *b)
{
    struct msgs_file *f = b->owner;
    assert(b->users == 0);
    b->behind = 0;
    for (uint32_t i = 0; i < b->chunks_cap; i++) {
        if (b->chunks[i] == NULL) continue;
        if (b->chunks[i] == b->owner->pin_chunk) chunk_leave(b->chunks[i]);
        else (void)chunk_free(b->chunks[i]);
    }
    assert(b->chunks_loaded == 0);
    b->chunks = xfree(b->chunks);
    b->chunks_cap = 0;
    if (b->index_cached.is_in) store_cache_remove(f->o.cache, &b->index_cached);
    b->index = block_index_free(b->index);
}

struct block *block_free(struct block *b)
{
    assert(b->users == 0);
    drop_memory(b);
    if (b->file_cached.is_in)
        store_cache_remove(store_cache_files(b->owner->o.cache), &b->file_cached);
    block_close_file(b);
    return near_free(b, sizeof *b);
}

void block_settled(struct block *b)
{
    assert(b->users > 0);
    if (--b->users == 0 && b->is_gone) drop_memory(b);
}

static void *grow(void *at, uint32_t count, uint32_t *cap)
{
    if (count < *cap) return at;
    *cap = *cap == 0 ? 4 : *cap * 2;
    return xrealloc(at, *cap * sizeof(void *));
}

void table_add(struct msgs_file *f, struct block *b)
{
    assert(f->blocks_count == 0 || f->blocks[f->blocks_count - 1]->last < b->first);
    f->blocks = grow(f->blocks, f->blocks_count, &f->blocks_cap);
    f->blocks[f->blocks_count++] = b;
}

uint32_t table_find(const struct msgs_file *f, uint64_t sequence)
{
    uint32_t low = 0, high = f->blocks_count;
    if (high > 0 && f->blocks[high - 1]->first <= sequence) return high - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (f->blocks[middle]->first <= sequence) low = middle + 1;
        else high = middle;
    }
    return low == 0 ? UINT32_MAX : low - 1;
}

struct block *block_of(const struct msgs_file *f, uint64_t sequence)
{
    uint32_t i = table_find(f, sequence);
    if (i == UINT32_MAX || f->blocks[i]->last < sequence) return NULL;
    assert(f->blocks[i]->first <= sequence);
    return f->blocks[i];
}

/* Bytes that were promised to be written, and need not be any more. */
static void uncount(struct block *b)
{
    struct msgs_file *f = b->owner;
    assert(!b->is_copy);
    for (uint32_t i = 0; i < b->chunks_cap; i++) {
        const struct chunk *c = b->chunks[i];
        if (c == NULL || c->state == CHUNK_SAFE) continue;
        f->unsafe -= c->len;
        if (c->state != CHUNK_WRITTEN) f->unwritten -= c->len;
    }
}

void block_retire(struct msgs_file *f, struct block *b)
{
    assert(!b->is_gone);
    if (!b->is_copy) uncount(b);
    b->is_gone = true;
    b->is_copy = b->is_open = false;
    f->forgotten = grow(f->forgotten, f->forgotten_count, &f->forgotten_cap);
    f->forgotten[f->forgotten_count++] = b;
    f->is_changed = true;
    if (b->users == 0) drop_memory(b);
}

void block_forget(struct msgs_file *f, uint32_t index)
{
    struct block *b = f->blocks[index];
    assert(index < f->blocks_count);
    if (f->open == b) f->open = NULL;
    f->blocks_count--;
    memmove(&f->blocks[index], &f->blocks[index + 1],
            (f->blocks_count - index) * sizeof(struct block *));
    if (f->compaction.from == b) compact_cancel(f);
    block_retire(f, b);
}

void block_replace(struct msgs_file *f, struct block *old, struct block *take_new)
{
    uint32_t i = table_find(f, old->first);
    assert(i != UINT32_MAX && f->blocks[i] == old);
    assert(take_new->first >= old->first && take_new->last <= old->last);
    f->blocks[i] = take_new;
    take_new->is_copy = false;
    take_new->live = count_live(f, take_new->first, take_new->last);
    block_retire(f, old);
}

void block_close(struct msgs_file *f)
{
    if (f->open == NULL) return;
    assert(f->open == f->blocks[f->blocks_count - 1]);
    f->open->is_open = false;
    f->open = NULL;
}

/* ---- what is in memory ---- */

void block_set_index(struct block *b, struct block_index *take)
{
    assert(b->index == NULL && take != NULL);
    b->index = take;
    store_cache_add(b->owner->o.cache, &b->index_cached, block_index_memory(take), index_evict);
}

void block_index_grown(struct block *b)
{
    assert(b->index != NULL && b->index_cached.holds > 0);
    store_cache_resize(b->owner->o.cache, &b->index_cached, block_index_memory(b->index));
}

static void chunk_evict(struct store_cached *e)
{
    (void)chunk_free(container_of(e, struct chunk, cached));
}

static uint64_t chunk_memory(const struct chunk *c)
{
    return sizeof *c + PART_HEAD + c->cap;
}

struct chunk *chunk_new(struct block *b, uint32_t number)
{
    struct chunk *c = near_zalloc(sizeof *c);
    if (number >= b->chunks_cap) {
        uint32_t cap = b->chunks_cap == 0 ? 4 : b->chunks_cap * 2;
        if (cap <= number) cap = number + 1;
        b->chunks = xrealloc(b->chunks, cap * sizeof *b->chunks);
        for (uint32_t i = b->chunks_cap; i < cap; i++) b->chunks[i] = NULL;
        b->chunks_cap = cap;
    }
    assert(b->chunks[number] == NULL);
    b->chunks[number] = c;
    b->chunks_loaded++;
    c->block = b;
    c->number = number;
    store_cache_add(b->owner->o.cache, &c->cached, chunk_memory(c), chunk_evict);
    return c;
}

static void chunk_drop_memory(struct chunk *c)
{
    if (c->is_near) near_free(c->memory, PART_HEAD + c->cap);
    else xfree(c->memory);
    c->memory = NULL;
}

/* Those that many streams are writing stand near together. Few have no use for that, and would pay
 * for it: an area costs more than a page when it is touched first. */
static void chunk_grow_memory(struct chunk *c, uint32_t cap)
{
    assert(cap > c->cap);
    if (cap != CHUNK_TARGET || c->is_near || !store_cache_is_many(c->block->owner->o.cache)) {
        assert(!c->is_near);
        c->memory = xrealloc(c->memory, PART_HEAD + cap);
        return;
    }
    uint8_t *memory = near_alloc(PART_HEAD + cap);
    if (c->memory != NULL) memcpy(memory, c->memory, PART_HEAD + c->len);
    chunk_drop_memory(c);
    c->memory = memory;
    c->is_near = true;
}

struct chunk *chunk_free(struct chunk *c)
{
    struct block *b = c->block;
    assert(c->state != CHUNK_WRITING);
    assert(b->chunks[c->number] == c && b->chunks_loaded > 0);
    assert(b->owner->pin_chunk != c);
    assert(b->tail != c || b->behind == 0);
    b->chunks[c->number] = NULL;
    if (b->tail == c) b->tail = NULL;
    if (--b->chunks_loaded == 0 && b->is_complete) {
        b->chunks = xfree(b->chunks);
        b->chunks_cap = 0;
    }
    if (c->cached.is_in) store_cache_remove(b->owner->o.cache, &c->cached);
    assert(c->packed == NULL);
    chunk_drop_memory(c);
    return near_free(c, sizeof *c);
}

struct chunk *chunk_get(const struct block *b, uint32_t number)
{
    return number < b->chunks_cap ? b->chunks[number] : NULL;
}

void chunk_take(struct chunk *c, uint8_t *take_memory, uint8_t *body, uint32_t len)
{
    assert(c->memory == NULL && body >= take_memory);
    c->memory = take_memory;
    c->body = body;
    c->len = c->cap = len;
    store_cache_resize(c->block->owner->o.cache, &c->cached, chunk_memory(c));
}

void chunk_room(struct chunk *c, uint32_t more)
{
    uint64_t need = (uint64_t)c->len + more, cap = c->cap == 0 ? CHUNK_FIRST : c->cap;
    assert(c->state == CHUNK_OPEN && need <= PART_BODY_MAX);
    if (need <= c->cap) return;
    while (cap < need && cap < CHUNK_TARGET) cap *= 2; /* a large one has what it needs */
    if (cap < need) cap = need;
    chunk_grow_memory(c, (uint32_t)cap);
    c->body = c->memory + PART_HEAD;
    c->cap = (uint32_t)cap;
    store_cache_resize(c->block->owner->o.cache, &c->cached, chunk_memory(c));
}

/* The chunk that a message of so many bytes goes into. */
static struct chunk *chunk_for(struct block *b, uint32_t len)
{
    struct chunk *c = b->tail;
    if (c != NULL && c->state == CHUNK_OPEN && c->len + (uint64_t)len <= b->owner->chunk_size)
        return c;
    assert(b->index_cached.holds > 0);
    uint32_t before = c == NULL ? 0 : c->len;
    block_index_begin_chunk(index_of(b));
    block_index_grown(b);
    b->tail = chunk_new(b, b->index->chunks_count - 1);
    /* as long as the one before, or it would be copied each time that it grows */
    chunk_room(b->tail, before < len ? len : before);
    assert(b->tail->state == CHUNK_OPEN && b->tail->cap >= len);
    return b->tail;
}

/* The bytes in the tail are what was appended: nothing is erased there that is not in the index. */
void block_catch_up(struct block *b)
{
    const struct chunk *c = b->tail;
    struct block_index *x = b->index;
    assert(b->behind > 0 && x != NULL);
    assert(c != NULL && c->state == CHUNK_OPEN && c->number + 1 == x->chunks_count);
    uint32_t at = x->chunks[c->number].plain;
    for (; b->behind > 0; b->behind--) {
        struct stored m;
        assert(at + MESSAGE_HEAD <= c->len);
        message_view(c->body + at, &m);
        at += message_len(&m);
        block_index_add(x, &m, 0);
    }
    assert(at == c->len && x->entries_count == b->records);
}

/* A subject that is not in the block yet comes with its message before it, which only the caller
 * knows (of a copy, which need not be sound, it is never in the block), and a chunk begins with an
 * entry. All else enters the index later, many at once: with many streams each message would wait
 * for the index of another one. */
static bool may_wait(const struct block *b, const struct chunk *c, uint64_t previous)
{
    assert(b->tail == c);
    return previous >= b->first && c->len > 0;
}

uint8_t *block_append(struct block *b, const struct stored *m, uint64_t previous)
{
    uint32_t len = message_len(m);
    assert(b->index != NULL);
    assert(b->records == 0 || m->sequence > b->last);
    struct chunk *c = chunk_for(b, len);
    chunk_room(c, len);
    uint8_t *at = c->body + c->len;
    assert(c->block == b && c->cap - c->len >= len);
    if (LIKELY(may_wait(b, c, previous))) b->behind++;
    else block_index_add(index_of(b), m, previous);
    c->len += len;
    b->last = m->sequence;
    b->records++;
    b->bytes += len;
    return at;
}

void block_set_file(struct block *b, struct disk_file *take_file)
{
    struct store_cache *files = store_cache_files(b->owner->o.cache);
    assert(take_file != NULL && take_file != b->file);
    if (b->file != NULL) {
        b->owner->o.disk->close(b->owner->o.disk, take_file);
        store_cache_hold(files, &b->file_cached);
        return;
    }
    b->file = take_file;
    store_cache_add(files, &b->file_cached, 1, file_evict);
}

void block_close_file(struct block *b)
{
    if (b->file == NULL) return;
    assert(!b->file_cached.is_in);
    b->owner->o.disk->close(b->owner->o.disk, b->file);
    b->file = NULL;
}

void pin_chunk(struct msgs_file *f, struct chunk *c)
{
    struct chunk *old = f->pin_chunk;
    if (old == c) return;
    assert(c == NULL || c->cached.is_in);
    if (c != NULL) store_cache_hold(f->o.cache, &c->cached);
    f->pin_chunk = c;
    if (old == NULL) return;
    if (old->block != NULL) {
        store_cache_release(f->o.cache, &old->cached);
        return;
    }
    chunk_drop_memory(old);             /* its block has gone */
    near_free(old, sizeof *old);
}

/* ---- what is there ---- */

bool is_there(const struct msgs_file *f, uint64_t sequence)
{
    return sequence >= f->first && sequence <= f->end && !seqset_has(f->gone, sequence);
}

uint32_t count_live(const struct msgs_file *f, uint64_t first, uint64_t last)
{
    if (first < f->first) first = f->first;
    if (last > f->end) last = f->end;
    if (first > last) return 0;
    uint64_t live = last - first + 1 - seqset_count_range(f->gone, first, last);
    assert(live <= UINT32_MAX);
    return (uint32_t)live;
}
