/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/digits.h"

enum { BUF_FIRST = 64 };
static const uint32_t BUF_MAX = UINT32_C(1) << 31;

void buf_deinit(struct buf *b)
{
    b->ptr = xfree(b->ptr);
    b->len = 0;
    b->cap = 0;
}

void buf_grow(struct buf *b, uint32_t more)
{
    assert(b->len <= b->cap);
    assert(more < BUF_MAX - b->len);
    uint32_t need = b->len + more;
    uint32_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
    while (cap < need) cap *= 2;
    b->ptr = xrealloc(b->ptr, cap);
    b->cap = cap;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    assert(format != NULL);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    buf_reserve(b, (uint32_t)len + 1);
    (void)vsnprintf((char *)b->ptr + b->len, (size_t)len + 1, format, again);
    va_end(again);
    b->len += (uint32_t)len;
}

void buf_add_u64(struct buf *b, uint64_t value)
{
    buf_reserve(b, DIGITS_MAX);
    b->len = (uint32_t)(digits_put(value, b->ptr + b->len) - b->ptr);
}

void buf_drop(struct buf *b, uint32_t count)
{
    assert(count <= b->len);
    if (count > 0 && count < b->len) memmove(b->ptr, b->ptr + count, b->len - count);
    b->len -= count;
}

const char *buf_str(struct buf *b)
{
    buf_reserve(b, 1);
    b->ptr[b->len] = 0;
    return (const char *)b->ptr;
}

char *buf_take_str(struct buf *b)
{
    (void)buf_str(b);
    char *text = (char *)b->ptr;
    *b = (struct buf){ 0 };
    return text;
}
