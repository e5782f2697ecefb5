/* SPDX-License-Identifier: Apache-2.0 */
/* Any block and any stream: nothing is written beyond the room, and a stream reads the same in one
 * piece and in two. Any bytes: what is encoded decodes to them. The first byte says where the
 * stream is cut. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "codec/s2.h"
#include "codec/s2_stream.h"

enum { PLAIN_MAX = 1 << 20, STREAM_MAX = 100000 };

static void decode_block(struct slice block)
{
    uint32_t len;
    if (s2_decoded_len(block, &len) != ERR_OK || len > PLAIN_MAX) return;
    uint8_t *plain = xalloc(len);
    enum err e = s2_decode(block, plain, len);
    assert(e == ERR_OK || e == ERR_INVALID);
    xfree(plain);
}

static void round_trip(struct slice plain)
{
    struct s2_encoder *e = xalloc(sizeof *e);
    uint8_t *block = xalloc(s2_encoded_max(plain.len)), *back = xalloc(plain.len);
    uint32_t len = s2_encode(e, plain, block);
    enum err ok = s2_decode(slice_of(block, len), back, plain.len);
    assert(ok == ERR_OK);
    assert(slice_equal(slice_of(back, plain.len), plain));
    xfree(back);
    xfree(block);
    xfree(e);
}

static enum s2_verdict read_on(struct s2_reader *r, struct slice in, struct buf *plain)
{
    enum s2_verdict v;
    struct slice piece;
    while ((v = s2_reader_next(r, &in, &piece)) == S2_PIECE) {
        assert(piece.len > 0);
        buf_add(plain, piece);
        assert(plain->len <= STREAM_MAX);
    }
    if (v == S2_MORE) assert(in.len == 0);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > PLAIN_MAX) return 0;
    struct slice all = slice_of(data + 1, size - 1);
    decode_block(all);
    round_trip(all);

    struct s2_reader *whole = s2_reader_new(STREAM_MAX), *pieces = s2_reader_new(STREAM_MAX);
    struct buf plain = { 0 }, plain_pieces = { 0 };
    enum s2_verdict v = read_on(whole, all, &plain);
    (void)read_on(pieces, slice_first(all, data[0]), &plain_pieces);
    enum s2_verdict w = read_on(pieces, slice_from(all, data[0]), &plain_pieces);
    assert(v == w);
    assert(s2_reader_is_between(whole) == s2_reader_is_between(pieces));
    assert(slice_equal(buf_slice(&plain), buf_slice(&plain_pieces)));
    buf_deinit(&plain);
    buf_deinit(&plain_pieces);
    s2_reader_free(whole);
    s2_reader_free(pieces);
    return 0;
}
