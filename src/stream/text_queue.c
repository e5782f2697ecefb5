/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/text_queue.h"

#include "base/assert.h"
#include "base/le.h"

enum { NUMBER = 0, LENGTHS = 8, HEAD = LENGTHS + 4 * TEXT_QUEUE_TEXTS };

/* Bytes in front that are moved away when they are as many as what follows. */
enum { FIRST_MAX = 64 * 1024 };

void text_queue_deinit(struct text_queue *q)
{
    buf_deinit(&q->bytes);
    q->first = q->count = 0;
}

uint32_t text_queue_bytes(const struct text_queue *q)
{
    assert(q->first <= q->bytes.len);
    return q->bytes.len - q->first;
}

static void compact(struct text_queue *q)
{
    if (q->first < FIRST_MAX || q->first < q->bytes.len / 2) return;
    buf_drop(&q->bytes, q->first);
    q->first = 0;
}

void text_queue_add(struct text_queue *q, const struct text_entry *e)
{
    uint8_t head[HEAD];
    compact(q);
    le_put_u64(head + NUMBER, e->number);
    for (uint32_t i = 0; i < TEXT_QUEUE_TEXTS; i++)
        le_put_u32(head + LENGTHS + 4 * i, e->texts[i].len);
    buf_add(&q->bytes, slice_of(head, HEAD));
    for (uint32_t i = 0; i < TEXT_QUEUE_TEXTS; i++) buf_add(&q->bytes, e->texts[i]);
    q->count++;
}

/* The entry at an offset; returns where the one behind it begins. */
static uint32_t entry_at(const struct buf *b, uint32_t at, struct text_entry *ret)
{
    assert(b->len - at >= HEAD);
    const uint8_t *head = b->ptr + at;
    ret->number = le_get_u64(head + NUMBER);
    at += HEAD;
    for (uint32_t i = 0; i < TEXT_QUEUE_TEXTS; i++) {
        ret->texts[i] = slice_of(b->ptr + at, le_get_u32(head + LENGTHS + 4 * i));
        at += ret->texts[i].len;
    }
    assert(at <= b->len);
    return at;
}

bool text_queue_peek(const struct text_queue *q, struct buf *scratch, struct text_entry *ret)
{
    struct text_entry e;
    if (q->count == 0) return false;
    uint32_t end = entry_at(&q->bytes, q->first, &e);
    scratch->len = 0;
    buf_add(scratch, slice_from(slice_first(buf_slice(&q->bytes), end), q->first));
    (void)entry_at(scratch, 0, ret);
    return true;
}

void text_queue_drop(struct text_queue *q)
{
    struct text_entry e;
    assert(q->count > 0);
    q->first = entry_at(&q->bytes, q->first, &e);
    if (--q->count > 0) return;
    assert(q->first == q->bytes.len);
    q->bytes.len = q->first = 0;
    if (q->bytes.cap > FIRST_MAX) buf_deinit(&q->bytes);
}

void text_queue_pass(struct text_queue *copy)
{
    struct text_entry e;
    assert(copy->count > 0);
    copy->first = entry_at(&copy->bytes, copy->first, &e);
    copy->count--;
}

void text_queue_check(const struct text_queue *q)
{
    struct text_entry e;
    uint32_t at = q->first, count = 0;
    assert(q->first <= q->bytes.len);
    for (; at < q->bytes.len; count++) at = entry_at(&q->bytes, at, &e);
    assert(count == q->count);
}
