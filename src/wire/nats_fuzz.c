/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends: the operations and the final verdict are the same when the bytes come in
 * two pieces, every slice stands inside the operation's own bytes, and what is cut is never longer
 * than it said.
 *
 * The first byte of the input chooses the limits, the second where the bytes are cut. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/hash.h"
#include "wire/nats.h"

enum { CHOICES = 2 };

/* What a reader has seen: the operations folded into one number, and the first verdict that ended
 * it. */
struct outcome {
    uint64_t ops;
    uint32_t consumed;
    enum nats_parse last;
};

static void assert_inside(struct slice s, struct slice in)
{
    if (s.len > 0) assert(s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len);
}

static void assert_op(const struct nats_limits *limits, const struct nats_op *op, struct slice in)
{
    const struct slice parts[] = { op->line,  op->args, op->subject, op->reply, op->queue,
                                   op->sid,   op->sizes, op->body,    op->tail };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) assert_inside(parts[i], in);
    assert(op->args.len <= limits->max_control_line);
    assert(op->header_len <= op->body.len);
    if (limits->max_payload >= 0) assert(op->body.len <= limits->max_payload);
    if (op->verb == NATS_HPUB) assert(limits->headers);
    if (op->verb == NATS_PUB || op->verb == NATS_HPUB) {
        assert(op->subject.len > 0);
        assert(op->tail.ptr + op->tail.len == in.ptr + in.len);
        if (op->canonical) assert(op->subject.ptr + op->subject.len + 1 == op->tail.ptr);
    }
    if (op->verb == NATS_SUB) assert(op->subject.len > 0 && op->sid.len > 0);
    if (op->verb == NATS_UNSUB) assert(op->sid.len > 0);
}

static uint64_t fold(uint64_t seen, const struct nats_op *op)
{
    seen = hash_u64(seen + (uint64_t)op->verb * 4 + op->canonical * 2 + 1);
    const struct slice parts[] = { op->subject, op->reply, op->queue, op->sid,
                                   op->sizes,   op->body,  op->args };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) seen = hash_bytes(parts[i], seen + i);
    return hash_u64(seen ^ op->max) + op->header_len;
}

/* Goes on with the first `len` bytes of `all`. */
static void read_on(const struct nats_limits *limits, struct slice all, uint32_t len,
                    struct outcome *o)
{
    while (o->last == NATS_PARSE_OP || o->last == NATS_PARSE_MORE) {
        struct slice in = slice_from(slice_first(all, len), o->consumed);
        struct nats_op op = { 0 }; /* what does not name the verb stays empty */
        uint32_t used = 0;
        uint64_t need = 0;
        o->last = nats_next(limits, in, &op, &used, &need);
        if (o->last == NATS_PARSE_MORE) {
            assert(need == 0 || need > in.len);
            return;
        }
        if (o->last != NATS_PARSE_OP) return;
        assert(used > 0 && used <= in.len);
        assert_op(limits, &op, slice_first(in, used));
        o->ops = fold(o->ops, &op);
        o->consumed += used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES || size > UINT32_MAX) return 0;
    struct slice all = slice_of(data + CHOICES, size - CHOICES);
    const struct nats_limits limits = {
        .max_control_line = data[0] & 1 ? 32 : 4096,
        .max_payload = data[0] & 2   ? 16
                       : data[0] & 4 ? -1
                                     : 1 << 20,
        .headers = (data[0] & 8) == 0,
    };
    struct outcome whole = { .last = NATS_PARSE_MORE }, pieces = whole;
    read_on(&limits, all, all.len, &whole);
    read_on(&limits, all, data[1] < all.len ? data[1] : all.len, &pieces);
    read_on(&limits, all, all.len, &pieces);
    assert(pieces.last == whole.last);
    assert(pieces.ops == whole.ops);
    assert(pieces.consumed == whole.consumed);
    return 0;
}
