/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes a list is read from: they are refused, or its sections lie within them and it is
 * the same when it is written again.
 *
 * When the first byte is odd the sums are made to fit, so that what stands behind them is
 * reached. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "store/checkpoint_format.h"

enum { STORE = 0x1234, CHOICES = 1 };

static void make_sums_fit(uint8_t *list, uint32_t len)
{
    if (len < CHECKPOINT_SECTOR) return;
    le_put_u32(list + HEAD_MAGIC, 0x014c434d);
    le_put_u64(list + HEAD_STORE, STORE);
    uint32_t body_len = le_get_u32(list + HEAD_BODY_LEN);
    if (body_len > CHECKPOINT_BODY_MAX || checkpoint_list_len(body_len) > len) return;
    checkpoint_list_finish(list);
}

static void walk(struct slice body, uint32_t sections)
{
    struct checkpoint_section s;
    uint32_t at = 0, count = 0;
    while (checkpoint_next(body, &at, &s)) {
        assert(at <= body.len);
        assert(s.bytes.ptr >= body.ptr && s.bytes.ptr + s.bytes.len == body.ptr + at);
        count++;
    }
    assert(checkpoint_body_check(body, sections) == (at == body.len && count == sections));
}

static void there_and_back(const struct checkpoint_head *h, const uint8_t *list)
{
    uint64_t len = checkpoint_list_len(h->body_len);
    uint8_t *again = xalloc(len);
    memcpy(again, list, len);
    memset(again, 0xff, HEAD_SIZE);
    memset(again + len - MARK_SIZE, 0xff, MARK_SIZE);
    checkpoint_head_encode(h, again);
    checkpoint_list_finish(again);
    struct checkpoint_head back = { 0 };
    struct slice in = slice_of(again, len);
    assert(checkpoint_head_decode(in, STORE, &back) == CHECKPOINT_HEAD);
    assert(checkpoint_list_check(&back, in));
    assert(back.number == h->number && back.pos == h->pos && back.turn == h->turn);
    xfree(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct checkpoint_head h = { 0 };
    if (size < CHOICES || size > CHECKPOINT_BODY_MAX) return 0;
    uint32_t len = (uint32_t)size - CHOICES;
    uint8_t *list = xalloc(size);
    memcpy(list, data + CHOICES, len);
    if (data[0] % 2 == 1) make_sums_fit(list, len);
    struct slice in = slice_of(list, len);
    if (checkpoint_head_decode(in, STORE, &h) == CHECKPOINT_HEAD) {
        bool is_whole = checkpoint_list_check(&h, in);
        if (is_whole) there_and_back(&h, list);
        if (is_whole) walk(slice_of(list + HEAD_SIZE, h.body_len), h.sections);
    }
    walk(in, 1);
    xfree(list);
    return 0;
}
