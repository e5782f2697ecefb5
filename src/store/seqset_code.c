/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a seqset; the header has their table. */
#include "base/assert.h"
#include "store/seqset_internal.h"

enum { ITEM_RUN, ITEM_BITMAP, KINDS = 2, VARINT_MAX = 10, WORD_BITS = 64 };

/* A longer run is cut in two, so that twice its length fits. */
#define RUN_MAX (UINT64_C(1) << 62)

/* ---- encode ---- */

struct encoder {
    struct buf *out;
    uint64_t end;         /* of what was written */
    uint64_t first, last; /* a run that the next part may go on with; last 0: none */
};

static void put_varint(struct buf *out, uint64_t value)
{
    uint8_t bytes[VARINT_MAX];
    uint32_t len = 0;
    for (; value >= 0x80; value >>= 7) bytes[len++] = (uint8_t)(value | 0x80);
    assert(value < 0x80);
    bytes[len++] = (uint8_t)value;
    assert(len <= VARINT_MAX);
    buf_add(out, slice_of(bytes, len));
}

static void put_item(struct encoder *e, uint64_t start, uint64_t length, uint32_t kind)
{
    assert(start >= e->end);
    assert(length > 0);
    assert(length <= RUN_MAX);
    put_varint(e->out, start - e->end);
    put_varint(e->out, (length - 1) * KINDS + kind);
    assert(kind < KINDS);
    e->end = start + (kind == ITEM_RUN ? length : length * 8);
}

static void put_pending(struct encoder *e)
{
    if (e->last == 0) return;
    assert(e->first >= e->end);
    assert(e->first <= e->last);
    uint64_t left = e->last - e->first + 1;
    while (left > 0) {
        uint64_t length = left < RUN_MAX ? left : RUN_MAX;
        put_item(e, e->last + 1 - left, length, ITEM_RUN);
        left -= length;
    }
    e->last = 0;
}

static void put_run(struct encoder *e, uint64_t first, uint64_t last)
{
    assert(first > 0);
    assert(first <= last);
    if (e->last == 0 || e->last + 1 != first) {
        put_pending(e);
        e->first = first;
    }
    e->last = last;
}

/* From the first word that is not 0 to the last byte that is not. */
static void put_bitmap(struct encoder *e, const struct part *p)
{
    uint8_t bytes[PART_SIZE / 8];
    uint32_t first = PART_WORDS, end = 0;
    assert(p->kind == PART_BITMAP);
    put_pending(e);
    assert(e->end <= p->key << PART_BITS);
    for (uint32_t i = 0; i < PART_WORDS; i++) {
        uint64_t word = p->words[i];
        if (word != 0 && first == PART_WORDS) first = i;
        for (uint32_t k = 0; k < 8; k++) {
            bytes[i * 8 + k] = (uint8_t)(word >> k * 8);
            if (bytes[i * 8 + k] != 0) end = i * 8 + k + 1;
        }
    }
    assert(first < PART_WORDS);
    assert(end > first * 8);
    uint64_t start = (p->key << PART_BITS) + (uint64_t)first * WORD_BITS;
    put_item(e, start, end - first * 8, ITEM_BITMAP);
    buf_add(e->out, slice_of(bytes + (size_t)first * 8, end - first * 8));
}

static void put_runs(struct encoder *e, const struct part *p)
{
    assert(p->kind == PART_RUNS);
    assert(p->runs_count > 0);
    const struct part_run *runs = p->runs_count <= PART_RUNS_INLINE ? p->few : p->runs;
    for (uint32_t i = 0; i < p->runs_count; i++)
        put_run(e, (p->key << PART_BITS) + runs[i].first, (p->key << PART_BITS) + runs[i].last);
}

void seqset_encode(const struct seqset *s, struct buf *out)
{
    struct encoder e = { .out = out };
    for (uint32_t i = s->start; i < s->end; i++) {
        const struct part *p = &s->parts[i];
        assert(p->kind <= PART_FULL);
        if (p->kind == PART_BITMAP) put_bitmap(&e, p);
        else if (p->kind == PART_RUNS) put_runs(&e, p);
        else put_run(&e, p->key << PART_BITS, ((p->key + p->span) << PART_BITS) - 1);
    }
    put_pending(&e);
    assert(e.last == 0);
}

/* ---- decode ---- */

static bool take_varint(struct slice *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < VARINT_MAX && i < in->len; i++) {
        uint64_t digit = in->ptr[i] & 0x7f;
        if (i == VARINT_MAX - 1 && digit > 1) return false;
        value |= digit << i * 7;
        if ((in->ptr[i] & 0x80) != 0) continue;
        assert(i < in->len);
        *in = slice_from(*in, i + 1);
        *ret = value;
        return true;
    }
    return false;
}

static bool is_zero(struct slice bytes)
{
    for (uint32_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] != 0) return false;
    return true;
}

MUST_CHECK static enum err take_bitmap(struct seqset *s, uint64_t start, uint64_t length,
                                       struct slice *in)
{
    if (start % WORD_BITS != 0 || length > in->len) return ERR_CORRUPT;
    if (length * 8 > PART_SIZE - (start & PART_LAST)) return ERR_CORRUPT;
    struct slice bytes = slice_first(*in, (uint32_t)length);
    uint8_t highest = bytes.ptr[bytes.len - 1];
    bool has_zero = start == 0 && (bytes.ptr[0] & 1) != 0;
    bool has_max = start + length * 8 == 0 && (highest & 0x80) != 0;
    if (has_zero || has_max || is_zero(bytes)) return ERR_CORRUPT;
    assert(bytes.len == length);
    seqset_add_bytes(s, start, bytes.ptr, bytes.len);
    *in = slice_from(*in, bytes.len);
    return ERR_OK;
}

MUST_CHECK static enum err take_item(struct seqset *s, uint64_t *end, struct slice *in)
{
    uint64_t distance, length;
    if (!take_varint(in, &distance) || !take_varint(in, &length)) return ERR_CORRUPT;
    if (distance > SEQSET_MAX - *end) return ERR_CORRUPT;
    assert(*end <= SEQSET_MAX);
    uint64_t start = *end + distance, kind = length % KINDS;
    length = length / KINDS + 1;
    if (kind == ITEM_BITMAP) {
        enum err e = take_bitmap(s, start, length, in);
        if (e) return e;
        length *= 8;
    } else {
        if (start == 0 || length > SEQSET_MAX - start + 1) return ERR_CORRUPT;
        (void)seqset_add_range(s, start, start + length - 1);
    }
    assert(length > 0);
    bool is_at_end = length > SEQSET_MAX - start; /* nothing can follow */
    *end = is_at_end ? SEQSET_MAX : start + length;
    return is_at_end && in->len > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err seqset_decode(struct seqset *s, struct slice in, uint64_t memory_max)
{
    uint64_t end = 0;
    while (in.len > 0) {
        uint32_t before = in.len;
        enum err e = take_item(s, &end, &in);
        if (e) return e;
        assert(in.len < before);
        if (seqset_memory(s) > memory_max) return ERR_LIMIT;
    }
    assert(s->count == 0 || memory_max > 0);
    return ERR_OK;
}
