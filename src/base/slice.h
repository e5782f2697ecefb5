/* SPDX-License-Identifier: Apache-2.0 */
/* Slice: some bytes of somebody else's memory.
 *
 * Memory: borrowed, valid until the callee returns unless a header says otherwise. `ptr` may be
 * NULL only when `len` is 0. Not NUL-terminated. A value: pass it, never a pointer to it. */
#ifndef MIDGE_BASE_SLICE_H
#define MIDGE_BASE_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct slice {
    const uint8_t *ptr;
    uint32_t len;
};

/* For printf: printf("%.*s", SLICE_ARGS(s)). */
#define SLICE_ARGS(s) (int)(s).len, (const char *)(s).ptr

/* A string literal as a slice, without counting at run time; SLICE_INIT in tables of constants. */
#define SLICE_INIT(text)                             \
    {                                                \
        (const uint8_t *)("" text), sizeof(text) - 1 \
    }
#define SLICE_LIT(text) ((struct slice){ (const uint8_t *)("" text), sizeof(text) - 1 })

static inline struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){ (const uint8_t *)ptr, (uint32_t)len };
}

static inline struct slice slice_str(const char *text)
{
    return slice_of(text, text == NULL ? 0 : strlen(text));
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_equal_str(struct slice a, const char *text)
{
    return slice_equal(a, slice_str(text));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* From `from` to the end; empty when `from` is past the end. */
static inline struct slice slice_from(struct slice s, uint32_t from)
{
    if (from >= s.len) return (struct slice){ s.ptr == NULL ? NULL : s.ptr + s.len, 0 };
    return (struct slice){ s.ptr + from, s.len - from };
}

static inline struct slice slice_first(struct slice s, uint32_t len)
{
    return (struct slice){ s.ptr, len < s.len ? len : s.len };
}

/* ASCII only, as protocol verbs, option names and JSON keys are. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Bytewise order; a prefix sorts before what it begins. */
int slice_compare(struct slice a, struct slice b);

/* Without blanks (space, tab, CR, LF) at both ends. */
struct slice slice_trim(struct slice s);

/* Index of the first `byte`, or -1. */
int64_t slice_find_byte(struct slice s, uint8_t byte);

/* Cuts the part before the first `byte` off `*s` into `*ret_head` and drops the byte itself.
 * False, with `*ret_head` = all of it and `*s` empty, when there is none. */
bool slice_cut(struct slice *s, uint8_t byte, struct slice *ret_head);

/* The value of a text of digits only; false on anything else and on overflow of 64 bits. */
bool slice_to_u64(struct slice s, uint64_t *ret_value);
/* with an optional leading '-' or '+' */
bool slice_to_i64(struct slice s, int64_t *ret_value);

/* A NUL-terminated copy on the heap, for the C library. Caller frees. Aborts when memory is
 * gone. */
char *slice_dup(struct slice s);

#endif
