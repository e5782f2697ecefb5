/* SPDX-License-Identifier: Apache-2.0 */
/* Buf: bytes that grow. What goes to a connection is written into chunks of net/ instead.
 *
 * Memory: owned; buf_deinit() frees. All zero is a valid empty buffer. Grows with xrealloc.
 * Limits: asserts that it stays under 2 GiB; a caller who holds a stranger's bytes checks
 * before. */
#ifndef MIDGE_BASE_BUF_H
#define MIDGE_BASE_BUF_H

#include <stdint.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/slice.h"

struct buf {
    uint8_t *ptr;
    uint32_t len;
    uint32_t cap;
};

void buf_deinit(struct buf *);                 /* leaves an empty buffer */
void buf_grow(struct buf *, uint32_t more);    /* private */

/* Room for `more` further bytes. */
static inline void buf_reserve(struct buf *b, uint32_t more)
{
    if (UNLIKELY(more > b->cap - b->len)) buf_grow(b, more);
}

static inline void buf_add(struct buf *b, struct slice s)
{
    if (s.len == 0) return;
    buf_reserve(b, s.len);
    assert(b->ptr != NULL);
    memcpy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
}

static inline void buf_add_byte(struct buf *b, uint8_t byte)
{
    buf_reserve(b, 1);
    b->ptr[b->len++] = byte;
}

static inline void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, slice_str(text));
}

void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_add_u64(struct buf *, uint64_t value); /* decimal */
void buf_drop(struct buf *, uint32_t count);    /* the first `count` bytes */

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->ptr, b->len };
}

/* The content as a C string; the buffer keeps a NUL behind its last byte. Valid until the next
 * change. */
const char *buf_str(struct buf *);

/* Hands the bytes over as a heap string (caller frees) and leaves an empty buffer. */
char *buf_take_str(struct buf *);

#endif
