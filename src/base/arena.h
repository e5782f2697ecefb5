/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: many small things that die together (a configuration, one JSON document, one report).
 *
 * Memory: everything is freed by arena_free(); nothing before. Blocks are zeroed.
 * Thread: one at a time. Limits: none of its own; callers bound what they parse. */
#ifndef MIDGE_BASE_ARENA_H
#define MIDGE_BASE_ARENA_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

struct arena;

struct arena *arena_new(void);
/* Memory is taken in pieces of so many bytes: few, for what is small and there many times. */
struct arena *arena_new_of(size_t block);
struct arena *arena_free(struct arena *); /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(arena)

void *arena_alloc(struct arena *, size_t size);         /* zeroed, aligned for any type */
char *arena_str(struct arena *, struct slice);          /* a NUL-terminated copy */
struct slice arena_slice(struct arena *, struct slice); /* a copy, NUL-terminated too */
char *arena_printf(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);

/* A growing array inside an arena: returns where the next element goes (zeroed). The old array may
 * be abandoned in the arena, so the waste is at most the size of the final array. */
void *arena_push(struct arena *, void **array, uint32_t *count, size_t element_size);

#endif
