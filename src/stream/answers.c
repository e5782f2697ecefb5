/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/answers.h"

#include "base/assert.h"
#include "base/le.h"

enum { UPTO = 0, REPLY_LEN = 8, HEADER_LEN = 12, TEXT_LEN = 16, HEAD = 24 };

/* Bytes in front that are moved away when they are as many as what follows. */
enum { FIRST_MAX = 64 * 1024 };

void answers_deinit(struct answers *a)
{
    buf_deinit(&a->bytes);
    a->first = 0;
}

static void compact(struct answers *a)
{
    if (a->first < FIRST_MAX || a->first < a->bytes.len / 2) return;
    buf_drop(&a->bytes, a->first);
    a->first = 0;
}

void answers_add(struct answers *a, const struct answer *add)
{
    assert(add->reply.len > 0);
    uint8_t head[HEAD] = { 0 };
    le_put_u64(head + UPTO, add->upto);
    le_put_u32(head + REPLY_LEN, add->reply.len);
    le_put_u32(head + HEADER_LEN, add->header.len);
    le_put_u32(head + TEXT_LEN, add->text.len);
    compact(a);
    buf_add(&a->bytes, slice_of(head, HEAD));
    buf_add(&a->bytes, add->reply);
    buf_add(&a->bytes, add->header);
    buf_add(&a->bytes, add->text);
}

/* The entry at an offset; returns the one behind it. */
static uint32_t entry_at(const struct buf *b, uint32_t at, struct answer *ret)
{
    assert(b->len - at >= HEAD);
    const uint8_t *head = b->ptr + at, *texts = head + HEAD;
    uint32_t reply = le_get_u32(head + REPLY_LEN), header = le_get_u32(head + HEADER_LEN);
    *ret = (struct answer){
        .upto = le_get_u64(head + UPTO),
        .reply = { texts, reply },
        .header = { texts + reply, header },
        .text = { texts + reply + header, le_get_u32(head + TEXT_LEN) },
    };
    uint32_t end = at + HEAD + reply + header + ret->text.len;
    assert(end <= b->len);
    return end;
}

bool answers_take(struct answers *a, uint64_t applied, struct buf *scratch, struct answer *ret)
{
    struct answer oldest;
    if (a->bytes.len == 0) return false;
    uint32_t end = entry_at(&a->bytes, a->first, &oldest);
    if (oldest.upto > applied) return false;
    scratch->len = 0;
    buf_add(scratch, slice_from(slice_first(buf_slice(&a->bytes), end), a->first));
    (void)entry_at(scratch, 0, ret);
    a->first = end;
    if (a->first < a->bytes.len) return true;
    a->bytes.len = a->first = 0;
    if (a->bytes.cap > FIRST_MAX) buf_deinit(&a->bytes);
    return true;
}

void answers_check(const struct answers *a)
{
    struct answer e;
    uint64_t before = 0;
    assert(a->first <= a->bytes.len);
    for (uint32_t at = a->first; at < a->bytes.len; before = e.upto) {
        at = entry_at(&a->bytes, at, &e);
        assert(e.upto >= before);
        assert(e.reply.len > 0);
    }
}
