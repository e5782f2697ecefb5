/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

/* ---- damage ---- */

/* Some of these at least were not known before. */
static void lost_new(struct msgs_file *f, uint64_t first, uint64_t last)
{
    assert(first <= last);
    f->is_lost_changed = f->is_changed = true;
    f->base.damage++;
    if (f->o.on_lost != NULL) f->o.on_lost(f->o.ctx, first, last);
    if (f->o.on_changed != NULL) f->o.on_changed(f->o.ctx);
}

/* Of those that the index does not tell: what the block's messages count on average. */
static uint64_t average_size(const struct block *b)
{
    assert(b->records > 0);
    uint64_t texts = b->bytes / b->records - MESSAGE_HEAD;
    assert(texts <= UINT32_MAX);
    return msgs_size(true, (uint32_t)texts, 0, 0);
}

static uint64_t sizes_in_block(struct block *b, uint64_t first, uint64_t last)
{
    const struct block_index *x = index_of(b);
    const struct msgs_file *f = b->owner;
    uint64_t sum = 0, left = last - first + 1 - seqset_count_range(f->lost, first, last);
    assert(first <= last);
    for (uint32_t i = x == NULL ? 0 : block_index_from(x, first);
         x != NULL && i < x->entries_count && entry_sequence(x, i) <= last; i++) {
        if (seqset_has(f->lost, entry_sequence(x, i))) continue;
        sum += entry_size(&x->entries[i]);
        left--;
    }
    return x == NULL || x->has_holes ? sum + left * average_size(b) : sum;
}

/* What those of a range count that were not known to be lost. */
static uint64_t sizes_in(const struct msgs_file *f, uint64_t first, uint64_t last)
{
    uint64_t sum = 0;
    uint32_t i = table_find(f, first);
    assert(first <= last);
    for (i = i == UINT32_MAX ? 0 : i; i < f->blocks_count && f->blocks[i]->first <= last; i++) {
        struct block *b = f->blocks[i];
        uint64_t from = first > b->first ? first : b->first, to = last < b->last ? last : b->last;
        if (from <= to && b->records > 0) sum += sizes_in_block(b, from, to);
    }
    return sum;
}

void lost_dropped(struct msgs_file *f, uint64_t sequence)
{
    if (f->base.lost_bytes == 0 || !seqset_has(f->lost, sequence)) return;
    struct block *b = block_of(f, sequence);
    uint64_t size = 0;
    assert(sequence <= f->end);
    uint32_t i = b == NULL || b->index == NULL ? ENTRY_NONE
                                               : block_index_find(index_of(b), sequence);
    if (i != ENTRY_NONE) size = entry_size(&index_of(b)->entries[i]);
    else if (b != NULL) size = average_size(b);
    f->base.lost_bytes -= size < f->base.lost_bytes ? size : f->base.lost_bytes;
}

void lost_range(struct msgs_file *f, uint64_t first, uint64_t last)
{
    assert(first > 0);
    assert(f->lost != NULL);
    if (first < f->first) first = f->first;
    if (last > f->end) last = f->end;
    while (first <= last) {
        uint64_t begin = seqset_next_absent(f->gone, first), end = last, gone_first, gone_last;
        if (begin > last) return;
        if (seqset_next_run(f->gone, begin, &gone_first, &gone_last) && gone_first <= last)
            end = gone_first - 1;
        f->base.lost_bytes += sizes_in(f, begin, end);
        if (seqset_add_range(f->lost, begin, end) > 0) lost_new(f, begin, end);
        first = end + 1;
    }
}

/* ---- a chunk ---- */

/* The entry's message is what was written. */
static bool is_sound(struct block *b, uint32_t entry, struct slice body)
{
    assert(entry < index_of(b)->entries_count);
    const struct block_entry *e = &index_of(b)->entries[entry];
    struct stored m;
    bool is_erased;
    if (e->position > body.len || e->length > body.len - e->position) return false;
    struct slice bytes = slice_of(body.ptr + e->position, e->length);
    if (!message_decode(bytes, b->owner->code.seed, &m, &is_erased)) return false;
    return !is_erased && m.sequence == entry_sequence(index_of(b), entry) &&
           message_len(&m) == e->length;
}

static void check_messages(struct block *b, uint32_t number, struct slice body)
{
    struct msgs_file *f = b->owner;
    assert(number < index_of(b)->chunks_count);
    for (uint32_t i = index_of(b)->chunks[number].first_entry; i < chunk_end(index_of(b), number);
         i++) {
        uint64_t sequence = entry_sequence(index_of(b), i);
        if (is_there(f, sequence) && !is_sound(b, i, body)) lost_range(f, sequence, sequence);
    }
}

static void lose_chunk(struct block *b, uint32_t number)
{
    const struct block_chunk *c = &index_of(b)->chunks[number];
    assert(chunk_end(index_of(b), number) > c->first_entry);
    lost_range(b->owner, entry_sequence(index_of(b), c->first_entry),
               entry_sequence(index_of(b), chunk_end(index_of(b), number) - 1));
}

/* A body that stands as it is needs no head: the index says where all begins. */
static enum err plain_chunk(struct block *b, uint32_t number, uint8_t *take_part, uint32_t len,
                            struct chunk **ret)
{
    uint32_t plain = index_of(b)->chunks[number].plain;
    assert(len <= PART_HEAD + plain);
    if (len < PART_HEAD + plain) memset(take_part + len, 0, PART_HEAD + plain - len);
    struct chunk *c = chunk_new(b, number);
    chunk_take(c, take_part, take_part + PART_HEAD, plain);
    *ret = c;
    return ERR_OK;
}

static enum err packed_chunk(struct block *b, uint32_t number, uint8_t *take_part, uint32_t len,
                             struct chunk **ret)
{
    assert(number < index_of(b)->chunks_count);
    const struct block_chunk *at = &index_of(b)->chunks[number];
    const uint8_t *body = NULL;
    struct part_head h;
    enum err e = block_code_unpack(&b->owner->code, (struct part_place){ b->number, at->offset },
                                   slice_of(take_part, len), &h, &body);
    bool fits = e == ERR_OK && h.kind == PART_CHUNK && h.plain == at->plain && h.flags != 0;
    bool is_new = e == ERR_OK && body != take_part + PART_HEAD;
    xfree(take_part);
    uint8_t *memory = is_new ? (uint8_t *)(uintptr_t)body : NULL;
    if (!fits) {
        xfree(memory);
        lose_chunk(b, number);
        return ERR_CORRUPT;
    }
    assert(memory != NULL);
    struct chunk *c = chunk_new(b, number);
    chunk_take(c, memory, memory, h.plain);
    *ret = c;
    return ERR_OK;
}

enum err chunk_from_part(struct block *b, uint32_t number, uint8_t *take_part, uint32_t len,
                         struct chunk **ret)
{
    struct store_cache *cache = b->owner->o.cache;
    bool is_plain = index_of(b)->chunks[number].flags == 0;
    assert(chunk_get(b, number) == NULL);
    store_cache_hold(cache, &b->index_cached); /* room for the chunk is not made of its index */
    enum err e = is_plain ? plain_chunk(b, number, take_part, len, ret)
                          : packed_chunk(b, number, take_part, len, ret);
    if (e == ERR_OK) {
        (*ret)->state = CHUNK_SAFE;
        check_messages(b, number, slice_of((*ret)->body, (*ret)->len));
    }
    store_cache_release(cache, &b->index_cached);
    return e;
}

/* ---- an index ---- */

enum err index_from_footer(struct block *b, struct slice part)
{
    assert(b->index == NULL);
    struct msgs_file *f = b->owner;
    struct block_index *x = NULL;
    const uint8_t *body = NULL;
    struct part_head h;
    enum err e = block_code_unpack(&f->code, (struct part_place){ b->number, b->safe.end }, part,
                                   &h, &body);
    if (e) return ERR_CORRUPT;
    bool fits = h.kind == PART_FOOTER && h.first == b->first && h.last == b->last &&
                h.count == b->records;
    e = fits ? block_index_decode(&h, slice_of(body, h.plain), f->code.seed, &x) : ERR_CORRUPT;
    if (body != part.ptr + PART_HEAD) xfree((uint8_t *)(uintptr_t)body);
    if (e == ERR_OK) block_set_index(b, x);
    return e;
}

/* Bytes of a block that are looked through for messages, wherever they are sound. */
struct rescue {
    struct block       *block;
    struct block_index *index;
    uint64_t last;  /* sequence that was found */
};

static uint64_t message_floor(const struct rescue *r)
{
    return r->last == 0 ? r->block->first : r->last + 1;
}

/* A message that could be the next one begins here. Looked at before its sum is taken. */
static bool is_likely(const struct rescue *r, const uint8_t *at, uint32_t left)
{
    if (left < MESSAGE_HEAD) return false;
    uint64_t sequence = le_get_u64(at + MESSAGE_SEQUENCE);
    return sequence >= message_floor(r) && sequence <= r->block->last;
}

/* Of the plain body of a chunk: message after message; behind one that is damaged the next one is
 * looked for at each byte. What lies between belongs to no entry. */
static void rescue_body(struct rescue *r, struct slice body, const struct block_chunk *place)
{
    assert(r->index != NULL);
    struct msgs_file *f = r->block->owner;
    struct stored m;
    bool is_erased, has_begun = false;
    uint32_t at = 0;
    while (at < body.len) {
        struct slice rest = slice_from(body, at);
        if (!is_likely(r, rest.ptr, rest.len) ||
            !message_decode(rest, f->code.seed, &m, &is_erased)) {
            at++;
            continue;
        }
        if (!has_begun) {
            block_index_begin_chunk(r->index);
            struct block_chunk *c = &r->index->chunks[r->index->chunks_count - 1];
            c->offset = place->offset;
            c->stored = place->stored;
            c->flags = place->flags;
            has_begun = true;
        }
        struct block_chunk *c = &r->index->chunks[r->index->chunks_count - 1];
        c->plain = at;                  /* what is not known in front of it is skipped */
        block_index_add(r->index, &m, 0);
        r->last = m.sequence;
        at += message_len(&m);
    }
    if (has_begun) r->index->chunks[r->index->chunks_count - 1].plain = body.len;
}

/* A part whose head is sound. False: none begins here. */
static bool rescue_part(struct rescue *r, struct slice bytes, uint32_t at, uint32_t *ret_len)
{
    struct block *b = r->block;
    const struct block_code *code = &b->owner->code;
    struct part_head h;
    const uint8_t *body = NULL;
    struct slice part = slice_from(bytes, at);
    if (part_decode(part, code->store_id, &h) != PART_FOUND) return false;
    if (h.kind != PART_CHUNK || h.offset != at || h.block != b->number) return false;
    *ret_len = h.stored < part.len - PART_HEAD ? PART_HEAD + h.stored : part.len;
    struct block_chunk place = { at, h.stored, h.plain, 0, h.flags };
    if (h.flags == 0) {
        rescue_body(r, slice_of(part.ptr + PART_HEAD, *ret_len - PART_HEAD), &place);
        return true;
    }
    if (block_code_unpack(code, (struct part_place){ b->number, at }, part, &h, &body) != ERR_OK)
        return true;
    rescue_body(r, slice_of(body, h.plain), &place);
    xfree((uint8_t *)(uintptr_t)body);
    return true;
}

/* Where the head of a part is damaged, its messages are still found when they are plain: all up to
 * the next head. */
static uint32_t rescue_headless(struct rescue *r, struct slice bytes, uint32_t at)
{
    struct part_head h;
    uint32_t end = at + 1;
    while (end < bytes.len &&
           !(part_decode(slice_from(bytes, end), r->block->owner->o.store_id, &h) == PART_FOUND &&
             h.offset == end))
        end++;
    if (end - at <= PART_HEAD) return end;
    uint32_t len = end - at - PART_HEAD;
    struct block_chunk place = { at, len, len, 0, 0 };
    rescue_body(r, slice_of(bytes.ptr + at + PART_HEAD, len), &place);
    return end;
}

enum err index_from_chunks(struct block *b, struct slice bytes)
{
    assert(b->index == NULL);
    struct rescue r = { b, block_index_new(b->first, b->owner->code.seed), 0 };
    uint32_t at = 0, len = 0;
    while (at < bytes.len)
        at = rescue_part(&r, bytes, at, &len) ? at + len : rescue_headless(&r, bytes, at);
    if (r.index->entries_count == 0) {
        block_index_free(r.index);
        return ERR_CORRUPT;
    }
    r.index->has_holes = true;          /* it may have */
    block_set_index(b, r.index);
    uint64_t next = b->first;
    for (uint32_t i = 0; i < r.index->entries_count; i++) {
        uint64_t sequence = entry_sequence(r.index, i);
        if (sequence > next) lost_range(b->owner, next, sequence - 1);
        next = sequence + 1;
    }
    if (next <= b->last) lost_range(b->owner, next, b->last);
    return ERR_OK;
}
