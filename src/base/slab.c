/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slab.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/near.h"

/* The head of a chunk; its objects follow. Units are counted from the chunk's own start, so that no
 * object has unit 0. */
struct slab_chunk {
    uint32_t size;  /* its place in sizes[] */
    uint32_t used;  /* objects */
    uint32_t free;  /* unit of the first object that was given back; 0: none */
    uint32_t fresh; /* unit of what was never given out */
    uint32_t end;   /* unit behind the last object */
    uint32_t next;  /* of the chunks of this size that have room; 0: none */
    uint32_t prev;
};

enum {
    UNIT = 1 << SLAB_UNIT_SHIFT,
    HEAD_UNITS = CACHE_LINE / UNIT,
    CHUNK_MAX = 1 << (SLAB_UNIT_BITS + SLAB_UNIT_SHIFT),
    CHUNKS_MAX = 1 << (32 - SLAB_UNIT_BITS),
    OBJECTS_MIN = 4,      /* in a chunk */
    HEAP_OVERHEAD = 16,   /* what malloc adds, about */
    EXACT_UNITS = 16,     /* up to here each count of units has its own size */
    SIZES_PER_DOUBLE = 8, /* above */
};

static_assert(sizeof(struct slab_chunk) <= CACHE_LINE, "the head fits");

static uint32_t size_of(uint32_t bytes)
{
    uint32_t last = (bytes + UNIT - 1) / UNIT - 1;
    if (last < EXACT_UNITS) return last;
    uint32_t top = 31 - (uint32_t)__builtin_clz(last);
    uint32_t step = last >> (top - 3) & (SIZES_PER_DOUBLE - 1);
    return EXACT_UNITS + (top - 4) * SIZES_PER_DOUBLE + step;
}

static uint32_t units_of(uint32_t size)
{
    if (size < EXACT_UNITS) return size + 1;
    uint32_t above = size - EXACT_UNITS;
    uint32_t shift = above / SIZES_PER_DOUBLE + 1;
    return (SIZES_PER_DOUBLE + above % SIZES_PER_DOUBLE + 1) << shift;
}

static bool has_room(const struct slab_chunk *k)
{
    return k->free != 0 || k->fresh < k->end;
}

/* A chunk of the largest size takes all of it, though the last object may end before. */
static size_t chunk_bytes(const struct slab_chunk *k)
{
    bool is_largest = k->end + units_of(k->size) > CHUNK_MAX / UNIT;
    return is_largest ? CHUNK_MAX : (size_t)k->end * UNIT;
}

static uint32_t number_take(struct slab *s)
{
    uint32_t number = s->hole > 0 ? s->hole : 1;
    while (number < s->chunks_count && s->chunks[number] != NULL) number++;
    if (number >= s->chunks_cap) {
        uint32_t cap = s->chunks_cap == 0 ? 8 : s->chunks_cap * 2;
        assert(cap <= CHUNKS_MAX);
        s->chunks = xrealloc(s->chunks, cap * sizeof(struct slab_chunk *));
        s->bytes += (cap - s->chunks_cap) * sizeof(struct slab_chunk *);
        s->chunks_cap = cap;
    }
    if (number >= s->chunks_count) s->chunks_count = number + 1;
    s->hole = number + 1;
    return number;
}

static void open_add(struct slab *s, uint32_t number)
{
    struct slab_chunk *k = s->chunks[number];
    struct slab_size *z = &s->sizes[k->size];
    k->prev = 0;
    k->next = z->open;
    if (z->open != 0) s->chunks[z->open]->prev = number;
    z->open = number;
}

static void open_remove(struct slab *s, uint32_t number)
{
    struct slab_chunk *k = s->chunks[number];
    if (k->next != 0) s->chunks[k->next]->prev = k->prev;
    if (k->prev != 0) s->chunks[k->prev]->next = k->next;
    else s->sizes[k->size].open = k->next;
}

/* What a small slab has stands near what else is small. */
static struct slab_chunk *memory_new(size_t bytes)
{
    if (bytes <= NEAR_SMALL) return near_alloc(bytes);
    return bytes == CHUNK_MAX ? xalloc_huge(bytes) : xalloc(bytes);
}

static void memory_free(struct slab_chunk *k)
{
    if (k == NULL) return;
    size_t bytes = chunk_bytes(k);
    if (bytes <= NEAR_SMALL) near_free(k, bytes);
    else xfree(k);
}

static void chunk_new(struct slab *s, uint32_t size)
{
    uint32_t units = units_of(size);
    uint32_t objects = s->sizes[size].used / 4;
    uint32_t objects_max = (CHUNK_MAX / UNIT - HEAD_UNITS) / units;
    if (objects < OBJECTS_MIN) objects = OBJECTS_MIN;
    if (objects > objects_max) objects = objects_max;
    struct slab_chunk head = { .size = size,
                               .fresh = HEAD_UNITS,
                               .end = HEAD_UNITS + objects * units };
    size_t bytes = chunk_bytes(&head);
    struct slab_chunk *k = memory_new(bytes);
    *k = head;
    uint32_t number = number_take(s);
    s->chunks[number] = k;
    if (number == 1) s->first = k;
    s->bytes += bytes + HEAP_OVERHEAD;
    s->in_use++;
    open_add(s, number);
}

static void chunk_free(struct slab *s, uint32_t number)
{
    struct slab_chunk *k = s->chunks[number];
    assert(k->used == 0);
    open_remove(s, number);
    s->bytes -= chunk_bytes(k) + HEAP_OVERHEAD;
    s->in_use--;
    memory_free(k);
    s->chunks[number] = NULL;
    if (number == 1) s->first = NULL;
    if (number < s->hole) s->hole = number;
    if (s->in_use == 0) slab_deinit(s);
}

void slab_deinit(struct slab *s)
{
    for (uint32_t i = 1; i < s->chunks_count; i++) memory_free(s->chunks[i]);
    xfree(s->chunks);
    *s = (struct slab){ 0 };
}

slab_ref slab_alloc(struct slab *s, uint32_t bytes)
{
    assert(bytes > 0 && bytes <= SLAB_OBJECT_MAX);
    uint32_t size = size_of(bytes);
    struct slab_size *z = &s->sizes[size];
    if (z->open == 0) chunk_new(s, size);
    uint32_t number = z->open;
    struct slab_chunk *k = s->chunks[number];
    uint32_t unit = k->free;
    if (unit != 0) {
        memcpy(&k->free, (char *)k + (size_t)unit * UNIT, sizeof(k->free));
    } else {
        unit = k->fresh;
        k->fresh += units_of(size);
    }
    k->used++;
    z->used++;
    if (z->spare == number) z->spare = 0;
    if (!has_room(k)) open_remove(s, number);
    return number << SLAB_UNIT_BITS | unit;
}

static bool is_worth_keeping(const struct slab *s, uint32_t number)
{
    const struct slab_chunk *k = s->chunks[number];
    return s->sizes[k->size].used >= (k->end - HEAD_UNITS) / units_of(k->size);
}

/* An empty chunk is kept when nothing else has room and as much as it holds is in use elsewhere:
 * then the memory is at most about twice of what is needed, and a user who adds and removes by
 * turns does not make and free a chunk each time. */
static void spare_update(struct slab *s, uint32_t number)
{
    const struct slab_chunk *k = s->chunks[number];
    struct slab_size *z = &s->sizes[k->size];
    uint32_t spare = z->spare;
    bool is_only_room = z->open == number && k->next == 0;
    bool is_kept = k->used == 0 && is_only_room && is_worth_keeping(s, number);
    if (is_kept) z->spare = number;
    if (k->used == 0 && !is_kept) chunk_free(s, number);
    if (spare != 0 && spare != number && !is_worth_keeping(s, spare)) {
        z->spare = 0;
        chunk_free(s, spare);
    }
}

void slab_free(struct slab *s, slab_ref ref)
{
    uint32_t number = ref >> SLAB_UNIT_BITS;
    uint32_t unit = ref & ((UINT32_C(1) << SLAB_UNIT_BITS) - 1);
    assert(number < s->chunks_count && s->chunks[number] != NULL);
    struct slab_chunk *k = s->chunks[number];
    assert(unit >= HEAD_UNITS && unit < k->fresh && k->used > 0);
    bool was_full = !has_room(k);
    memcpy((char *)k + (size_t)unit * UNIT, &k->free, sizeof(k->free));
    k->free = unit;
    k->used--;
    s->sizes[k->size].used--;
    if (was_full) open_add(s, number);
    spare_update(s, number);
}

uint64_t slab_count(const struct slab *s)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < SLAB_SIZES; i++) count += s->sizes[i].used;
    return count;
}

uint32_t slab_round(uint32_t bytes)
{
    return units_of(size_of(bytes)) * UNIT;
}

static void check_free_list(const struct slab_chunk *k)
{
    uint32_t units = units_of(k->size), count = 0;
    for (uint32_t unit = k->free; unit != 0; count++) {
        assert(unit >= HEAD_UNITS && unit < k->fresh);
        assert((unit - HEAD_UNITS) % units == 0);
        memcpy(&unit, (const char *)k + (size_t)unit * UNIT, sizeof(unit));
    }
    assert(k->used + count == (k->fresh - HEAD_UNITS) / units);
}

void slab_check(const struct slab *s)
{
    uint64_t used = 0, bytes = s->chunks_cap * sizeof(struct slab_chunk *), open = 0;
    uint32_t in_use = 0;
    for (uint32_t i = 1; i < s->chunks_count; i++) {
        const struct slab_chunk *k = s->chunks[i];
        if (k == NULL) continue;
        check_free_list(k);
        used += k->used;
        bytes += chunk_bytes(k) + HEAP_OVERHEAD;
        in_use++;
        open += has_room(k);
        assert(k->used > 0 || s->sizes[k->size].spare == i);
    }
    for (uint32_t i = 0; i < SLAB_SIZES; i++) {
        uint32_t spare = s->sizes[i].spare;
        assert(spare == 0 || (s->chunks[spare]->used == 0 && is_worth_keeping(s, spare)));
        for (uint32_t at = s->sizes[i].open; at != 0; at = s->chunks[at]->next) {
            assert(s->chunks[at]->size == i && has_room(s->chunks[at]));
            assert(open > 0);
            open--;
        }
    }
    assert(s->first == (s->chunks_count > 1 ? s->chunks[1] : NULL));
    assert(used == slab_count(s) && open == 0);
    assert(bytes == s->bytes && in_use == s->in_use);
}
