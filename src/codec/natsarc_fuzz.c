/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: an archive reads the same in one piece and in two, entries stay within the limits, and
 * what is written from them reads as they did. The first byte says where the input is cut. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "codec/natsarc.h"

static const struct natsarc_limits limits = {
    .name_max = 100,
    .header_max = 100,
    .payload_max = 1000,
};

/* Appends what was read to `out`, as an archive. */
static enum natsarc_verdict read_on(struct natsarc_reader *r, struct slice in, struct buf *out)
{
    struct natsarc_entry e;
    enum natsarc_verdict v;
    while ((v = natsarc_reader_next(r, &in, &e)) == NATSARC_ENTRY) {
        assert(e.name.len > 0 && e.name.len <= limits.name_max);
        assert(e.header.len <= limits.header_max);
        assert(e.payload.len <= limits.payload_max);
        natsarc_entry_add(&e, out);
    }
    if (v == NATSARC_MORE) assert(in.len == 0);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 20) return 0;
    struct slice all = slice_of(data + 1, size - 1);
    struct natsarc_reader *whole = natsarc_reader_new(&limits);
    struct natsarc_reader *pieces = natsarc_reader_new(&limits);
    struct natsarc_reader *again = natsarc_reader_new(&limits);
    struct buf a = { 0 }, b = { 0 }, c = { 0 };
    natsarc_start_add(&a);
    natsarc_start_add(&b);
    natsarc_start_add(&c);
    enum natsarc_verdict v = read_on(whole, all, &a);
    (void)read_on(pieces, slice_first(all, data[0]), &b);
    enum natsarc_verdict w = read_on(pieces, slice_from(all, data[0]), &b);
    assert(v == w);
    assert(slice_equal(buf_slice(&a), buf_slice(&b)));
    natsarc_end_add(&a);
    v = read_on(again, buf_slice(&a), &c);
    assert(v == NATSARC_DONE);
    natsarc_end_add(&c);
    assert(slice_equal(buf_slice(&a), buf_slice(&c)));
    buf_deinit(&a);
    buf_deinit(&b);
    buf_deinit(&c);
    natsarc_reader_free(whole);
    natsarc_reader_free(pieces);
    natsarc_reader_free(again);
    return 0;
}
