/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { ARENA_BLOCK = 4096 };

struct block {
    struct block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

struct arena {
    struct block *blocks; /* newest first */
    size_t block;         /* bytes of an ordinary one */
};

struct arena *arena_new_of(size_t block)
{
    struct arena *a = xcalloc(1, sizeof(struct arena));
    assert(block > 0);
    a->block = block;
    return a;
}

struct arena *arena_new(void)
{
    return arena_new_of(ARENA_BLOCK);
}

struct arena *arena_free(struct arena *a)
{
    if (a == NULL) return NULL;
    for (struct block *b = a->blocks; b != NULL;) {
        struct block *next = b->next;
        xfree(b);
        b = next;
    }
    return xfree(a);
}

static struct block *add_block(struct arena *a, size_t size)
{
    struct block *b = xcalloc(1, sizeof *b + size);
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    assert(rounded >= size);
    struct block *b = a->blocks;
    if (b == NULL || rounded > b->size - b->used)
        b = add_block(a, rounded > a->block ? rounded : a->block);
    void *p = b->bytes + b->used;
    b->used += rounded;
    assert(b->used <= b->size);
    return p;
}

char *arena_str(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, (size_t)s.len + 1);
    if (s.len > 0) memcpy(copy, s.ptr, s.len);
    return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
    return slice_of(arena_str(a, s), s.len);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    assert(format != NULL);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void *arena_push(struct arena *a, void **array, uint32_t *count, size_t element_size)
{
    bool full = *count == 0 || (*count >= 4 && (*count & (*count - 1)) == 0);
    if (full) {
        size_t cap = *count < 4 ? 4 : (size_t)*count * 2;
        void *bigger = arena_alloc(a, cap * element_size);
        if (*count > 0) memcpy(bigger, *array, *count * element_size);
        *array = bigger;
    }
    return (uint8_t *)*array + (size_t)(*count)++ * element_size;
}
