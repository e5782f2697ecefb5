/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 7692, section 7.2: a message is a raw deflate stream that ends with an empty block without
 * its last four bytes, 00 00 ff ff; the receiver appends them. A stream with a final block is
 * accepted as well, and what stands behind that is not looked at. */
#include "codec/deflate.h"

#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { RAW_WINDOW = -15, MEMORY_LEVEL = 8, TAIL = 4 };
/* Stored blocks add 5 bytes each 16 KiB at worst; the flush adds its own. */
enum { DEFLATE_OUT_MAX = DEFLATE_IN_MAX + DEFLATE_IN_MAX / 1024 + 64 };

/* A bit of z_stream.data_type: the last block read is whole. */
enum { BETWEEN_BLOCKS = 128 };

static const uint8_t tail[TAIL] = { 0x00, 0x00, 0xff, 0xff };

struct deflater {
    z_stream z;
    uint32_t in_len;
    uint8_t  out[DEFLATE_OUT_MAX];
};

struct deflater *deflater_new(void)
{
    struct deflater *d = try_alloc(sizeof *d);
    if (d == NULL) return NULL;
    memset(d, 0, sizeof *d);
    if (deflateInit2(&d->z, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return d;
    xfree(d);
    return NULL;
}

struct deflater *deflater_free(struct deflater *d)
{
    if (d == NULL) return NULL;
    (void)deflateEnd(&d->z);
    xfree(d);
    return NULL;
}

void deflater_start(struct deflater *d)
{
    int e = deflateReset(&d->z);
    assert(e == Z_OK);
    d->in_len = 0;
    d->z.next_out = d->out;
    d->z.avail_out = sizeof d->out;
}

static void run_deflate(struct deflater *d, struct slice in, int flush)
{
    /* zlib reads only, but does not say const here */
    d->z.next_in = (Bytef *)(uintptr_t)in.ptr;
    d->z.avail_in = in.len;
    int e = deflate(&d->z, flush);
    assert(e == Z_OK || e == Z_BUF_ERROR);
    assert(d->z.avail_in == 0);
    assert(d->z.avail_out > 0);                     /* nothing is held back for want of room */
}

void deflater_add(struct deflater *d, struct slice in)
{
    assert(in.len <= DEFLATE_IN_MAX - d->in_len);
    d->in_len += in.len;
    if (in.len > 0) run_deflate(d, in, Z_NO_FLUSH);
}

struct slice deflater_finish(struct deflater *d)
{
    run_deflate(d, (struct slice){ 0 }, Z_SYNC_FLUSH);
    size_t len = sizeof d->out - d->z.avail_out;
    assert(len > TAIL);
    assert(memcmp(d->out + len - TAIL, tail, TAIL) == 0);
    return slice_of(d->out, len - TAIL);
}

struct inflater {
    z_stream     z;
    uint64_t     left;                  /* of the limit */
    bool         in_tail;
    uint8_t      out[INFLATE_PIECE];
};

struct inflater *inflater_new(void)
{
    struct inflater *i = try_alloc(sizeof *i);
    if (i == NULL) return NULL;
    memset(i, 0, sizeof *i);
    if (inflateInit2(&i->z, RAW_WINDOW) == Z_OK) return i;
    xfree(i);
    return NULL;
}

struct inflater *inflater_free(struct inflater *i)
{
    if (i == NULL) return NULL;
    (void)inflateEnd(&i->z);
    xfree(i);
    return NULL;
}

static void feed(struct inflater *i, struct slice in)
{
    i->z.next_in = (Bytef *)(uintptr_t)in.ptr;
    i->z.avail_in = in.len;
}

void inflater_start(struct inflater *i, struct slice message, uint64_t limit)
{
    int e = inflateReset(&i->z);
    assert(e == Z_OK);
    i->left = limit;
    i->in_tail = false;
    feed(i, message);
}

enum inflate_verdict inflater_next(struct inflater *i, struct slice *ret_piece)
{
    i->z.next_out = i->out;
    i->z.avail_out = INFLATE_PIECE;
    int e = Z_OK;
    while (e == Z_OK && i->z.avail_out > 0) {
        if (i->z.avail_in == 0) {
            if (i->in_tail) break;
            i->in_tail = true;
            feed(i, slice_of(tail, TAIL));
        }
        e = inflate(&i->z, Z_SYNC_FLUSH);
    }
    uint32_t made = INFLATE_PIECE - i->z.avail_out;
    if (e != Z_OK && e != Z_STREAM_END && e != Z_BUF_ERROR) return INFLATE_BAD;
    if (made > i->left) return INFLATE_LIMIT;
    i->left -= made;
    *ret_piece = slice_of(i->out, made);
    if (e == Z_STREAM_END) return INFLATE_DONE;
    if (i->z.avail_out == 0) return INFLATE_MORE;
    return i->z.data_type & BETWEEN_BLOCKS ? INFLATE_DONE : INFLATE_BAD;
}
