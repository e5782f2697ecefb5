/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, as an archive of either kind: it reads the same in one piece and in two, sequences
 * ascend, and the state of any consumer becomes one that is sound. The first byte says where the
 * input is cut, the second whether it is the plain bytes of an S2 stream or the stream itself. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "codec/s2_stream.h"
#include "import/nats_index.h"
#include "stream/archive_read.h"

static const struct archive_limits limits = { .message_max = 1000, .configured_max = -1 };

static void check_consumer(struct archive_item *item)
{
    static const enum acks_policy policies[] = {
        [JS_ACK_NONE] = ACKS_NONE,
        [JS_ACK_ALL] = ACKS_ALL,
        [JS_ACK_EXPLICIT] = ACKS_EXPLICIT,
        [JS_ACK_FLOW_CONTROL] = ACKS_FLOW_CONTROL,
    };
    struct acks acks;
    struct buf encoded = { 0 };
    acks_init(&acks, policies[item->consumer.config.ack_policy], 0);
    consumer_state_acks(&item->consumer.state, 1000, &acks);
    acks_check(&acks);
    acks_encode(&acks, ACKS_FULL, &encoded);
    enum err e = acks_decode(&acks, buf_slice(&encoded));
    assert(e == ERR_OK);
    acks_deinit(&acks);
    buf_deinit(&encoded);
}

/* Appends a line for each item. */
static enum archive_verdict read_on(struct archive_reader *r, struct slice in, uint64_t *last,
                                    struct buf *out)
{
    struct archive_item item;
    enum archive_verdict v;
    while ((v = archive_reader_next(r, &in, &item)) != ARCHIVE_MORE) {
        if (v == ARCHIVE_END || v == ARCHIVE_BAD) break;
        buf_printf(out, "%d\n", (int)v);
        if (v == ARCHIVE_CONSUMER) check_consumer(&item);
        if (v == ARCHIVE_INDEX) assert(item.index->last < INT64_MAX);
        if (v != ARCHIVE_MESSAGE) continue;
        assert(item.message.sequence > *last && item.message.sequence < INT64_MAX);
        *last = item.message.sequence;
        buf_add(out, item.message.subject);
        buf_add(out, item.message.header);
        buf_add(out, item.message.payload);
    }
    assert(v != ARCHIVE_MORE || in.len == 0);
    return v;
}

static void read_twice(struct slice all, uint32_t cut)
{
    struct archive_reader *whole = archive_reader_new(&limits);
    struct archive_reader *pieces = archive_reader_new(&limits);
    struct buf a = { 0 }, b = { 0 };
    uint64_t last_a = 0, last_b = 0;
    (void)read_on(whole, all, &last_a, &a);
    (void)read_on(pieces, slice_first(all, cut), &last_b, &b);
    (void)read_on(pieces, slice_from(all, cut), &last_b, &b);
    assert(slice_equal(buf_slice(&a), buf_slice(&b)));
    bool is_whole = archive_reader_finish(whole), is_too = archive_reader_finish(pieces);
    assert(is_whole == is_too);
    if (!is_whole) assert(strcmp(archive_why(whole), archive_why(pieces)) == 0);
    buf_deinit(&a);
    buf_deinit(&b);
    (void)archive_reader_free(whole);
    (void)archive_reader_free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 1 << 20) return 0;
    struct slice all = slice_of(data + 2, size - 2);
    struct buf stream = { 0 };
    if (data[1] % 2 == 0) {
        struct s2_writer *w = s2_writer_new();
        s2_writer_add(w, all, &stream);
        s2_writer_finish(w, &stream);
        (void)s2_writer_free(w);
        all = buf_slice(&stream);
    }
    read_twice(all, data[0] * 3U);
    buf_deinit(&stream);
    return 0;
}
