/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { BUF_FIRST = 64 };
static const uint32_t BUF_MAX = UINT32_C(1) << 31;

void buf_deinit(struct buf *b)
{
    b->ptr = xfree(b->ptr);
    b->len = 0;
    b->cap = 0;
}

void buf_reserve(struct buf *b, uint32_t more)
{
    assert(b->len <= b->cap);
    assert(more < BUF_MAX - b->len);
    uint32_t need = b->len + more;
    if (need <= b->cap) return;
    uint32_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
    while (cap < need) cap *= 2;
    b->ptr = xrealloc(b->ptr, cap);
    b->cap = cap;
}

void buf_add(struct buf *b, struct slice s)
{
    if (s.len == 0) return;
    buf_reserve(b, s.len);
    memcpy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
}

void buf_add_byte(struct buf *b, uint8_t byte)
{
    buf_reserve(b, 1);
    b->ptr[b->len++] = byte;
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, slice_str(text));
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
    uint8_t digits[20];
    uint32_t at = sizeof digits;
    do digits[--at] = (uint8_t)('0' + value % 10);
    while ((value /= 10) > 0);
    buf_add(b, slice_of(digits + at, sizeof digits - at));
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
