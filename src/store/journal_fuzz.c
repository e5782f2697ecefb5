/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in a sector: the verdict needs no byte that was not asked for, a head that is
 * believed can be written again to the same bytes, and the walk through a body stays inside of it.
 *
 * The first byte of the input chooses: 1 makes the sums fit, so that what lies behind them is
 * seen. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "store/journal_format.h"

enum { STORE_ID = 0x5eed, FITS = 1 };

static void walk(struct slice body)
{
    const struct journal_batch all = { .body = body };
    struct journal_record r;
    uint32_t at = 0, before = 0;
    while (journal_next(&all, &at, &r)) {
        assert(at >= before + RECORD_SIZE && at <= body.len);
        assert(r.body.len == at - before - RECORD_SIZE);
        before = at;
    }
}

/* Makes a head of the bytes that its sum fits. */
static void make_fit(uint8_t *bytes, uint32_t len)
{
    static const uint8_t magic[] = { 'M', 'J', 'B', 1 };
    if (len < HEAD_SIZE) return;
    memcpy(bytes + HEAD_MAGIC, magic, sizeof magic);
    le_put_u64(bytes + HEAD_STORE, STORE_ID);
    uint32_t room = (len - HEAD_SIZE) / RANGE_SIZE, ranges = le_get_u32(bytes + HEAD_RANGES);
    if (room > JOURNAL_RANGES_MAX) room = JOURNAL_RANGES_MAX;
    if (ranges > room) le_put_u32(bytes + HEAD_RANGES, ranges % (room + 1));
    journal_head_finish(bytes, le_get_u64(bytes + HEAD_BODY_SUM));
}

static void look_at(struct slice in)
{
    struct journal_head h;
    uint32_t need = 0;
    enum journal_verdict got = journal_head_decode(in, STORE_ID, &h, &need);
    assert(got != JOURNAL_CUT_HEAD || (need > in.len && need <= JOURNAL_HEAD_MAX));
    if (got != JOURNAL_HEAD) return;
    uint32_t len = journal_head_len(h.ranges);
    assert(need == len && len <= in.len);
    uint8_t *again = xalloc(len);
    memcpy(again, in.ptr, len);
    journal_head_encode(&h, again);
    journal_head_finish(again, h.body_sum);
    assert(memcmp(again, in.ptr, len) == 0);
    xfree(again);
    assert(journal_link(&h) != 0);
    for (uint32_t i = 0; i < h.ranges; i++) (void)journal_range_get(in.ptr, i);
    struct slice body = slice_from(in, len);
    if (body.len > h.body_len) body.len = h.body_len;
    (void)journal_body_check(&h, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > JOURNAL_HEAD_MAX * 2) return 0;
    uint32_t len = (uint32_t)size - 1;
    uint8_t *bytes = xalloc(len);
    if (len > 0) memcpy(bytes, data + 1, len);
    if (data[0] & FITS) make_fit(bytes, len);
    look_at(slice_of(bytes, len));
    walk(slice_of(bytes, len));
    xfree(bytes);
    return 0;
}
