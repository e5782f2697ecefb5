/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/s2_stream.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "codec/crc32c.h"
#include "codec/s2.h"

enum chunk {
    CHUNK_BLOCK = 0x00,
    CHUNK_PLAIN = 0x01,
    CHUNK_SKIPPED_FIRST = 0x80,
    CHUNK_START = 0xff,
};

enum {
    HEAD = 4,
    SUM = 4,
    NAME = 6,
    PLAIN_MAX_S2 = 4 << 20,
    PLAIN_MAX_SNAPPY = 64 << 10,
    /* Matches reach 64 KiB back, so larger blocks would win little. */
    WRITE_PLAIN = 256 << 10,
};

static const uint8_t name_s2[NAME] = "S2sTwO", name_snappy[NAME] = "sNaPpY";

struct s2_reader {
    struct buf held;  /* the start of a chunk that has not come whole */
    struct buf plain; /* of one block */
    uint64_t plain_left;
    uint32_t plain_max;  /* of a block; 0: the stream has not named itself */
    uint32_t skip;       /* bytes of a chunk that nobody needs */
    enum s2_verdict end; /* BAD or LIMIT, or MORE while none of them */
};

struct s2_reader *s2_reader_new(uint64_t plain_max)
{
    struct s2_reader *r = xcalloc(1, sizeof *r);
    r->plain_left = plain_max;
    r->end = S2_MORE;
    return r;
}

struct s2_reader *s2_reader_free(struct s2_reader *r)
{
    if (r == NULL) return NULL;
    buf_deinit(&r->held);
    buf_deinit(&r->plain);
    xfree(r);
    return NULL;
}

bool s2_reader_is_between(const struct s2_reader *r)
{
    return r->end == S2_MORE && r->held.len == 0 && r->skip == 0;
}

/* Gives `len` bytes in one piece, from the input alone when they stand there, else after what was
 * held. False: there are not that many yet, and all of the input is held. The bytes are not taken
 * away. */
static bool peek(struct s2_reader *r, struct slice *in, uint32_t len, struct slice *ret_bytes)
{
    if (r->held.len == 0 && in->len >= len) {
        *ret_bytes = slice_first(*in, len);
        return true;
    }
    if (r->held.len < len) {
        struct slice more = slice_first(*in, len - r->held.len);
        buf_add(&r->held, more);
        *in = slice_from(*in, more.len);
    }
    if (r->held.len < len) return false;
    *ret_bytes = slice_first(buf_slice(&r->held), len);
    return true;
}

/* Takes what peek() gave. It stays readable until the next call of it. */
static void take(struct s2_reader *r, struct slice *in, uint32_t len)
{
    if (r->held.len == 0) {
        *in = slice_from(*in, len);
        return;
    }
    assert(r->held.len == len);
    r->held.len = 0;
}

static enum s2_verdict fail(struct s2_reader *r, enum s2_verdict why)
{
    r->end = why;
    return why;
}

static enum s2_verdict name_read(struct s2_reader *r, struct slice body)
{
    if (slice_equal(body, slice_of(name_s2, NAME))) r->plain_max = PLAIN_MAX_S2;
    else if (slice_equal(body, slice_of(name_snappy, NAME))) r->plain_max = PLAIN_MAX_SNAPPY;
    else return fail(r, S2_BAD);
    return S2_MORE;
}

/* The body of a block or of plain bytes: checks it and gives its plain bytes. */
static enum s2_verdict data_read(struct s2_reader *r, enum chunk type, struct slice body,
                                 struct slice *ret_piece)
{
    struct slice plain = slice_from(body, SUM);
    uint32_t len = plain.len;
    if (type == CHUNK_BLOCK && s2_decoded_len(plain, &len) != ERR_OK) return fail(r, S2_BAD);
    if (len > r->plain_max) return fail(r, S2_BAD);
    if (len > r->plain_left) return fail(r, S2_LIMIT);
    if (type == CHUNK_BLOCK) {
        r->plain.len = 0;
        buf_reserve(&r->plain, len + 1);
        if (s2_decode(plain, r->plain.ptr, len) != ERR_OK) return fail(r, S2_BAD);
        plain = slice_of(r->plain.ptr, len);
    }
    if (crc32c_masked(crc32c(0, plain)) != le_get_u32(body.ptr)) return fail(r, S2_BAD);
    r->plain_left -= len;
    *ret_piece = plain;
    return S2_PIECE;
}

/* How long a chunk of this type may be; those that are skipped are not held. */
static bool is_sane(const struct s2_reader *r, uint32_t type, uint32_t len)
{
    if (type == CHUNK_START) return len == NAME;
    if (r->plain_max == 0) return false;
    if (type == CHUNK_BLOCK) return len > SUM && len <= SUM + s2_encoded_max(r->plain_max);
    if (type == CHUNK_PLAIN) return len >= SUM && len <= SUM + r->plain_max;
    return type >= CHUNK_SKIPPED_FIRST;
}

/* One chunk, or what there is of it. MORE with input left: the chunk gave nothing; go on. */
static enum s2_verdict chunk_read(struct s2_reader *r, struct slice *in, struct slice *ret_piece)
{
    struct slice head, whole;
    if (!peek(r, in, HEAD, &head)) return S2_MORE;
    uint32_t type = head.ptr[0], len = le_get_u32(head.ptr) >> 8;
    if (!is_sane(r, type, len)) return fail(r, S2_BAD);
    if (type >= CHUNK_SKIPPED_FIRST && type != CHUNK_START) {
        take(r, in, HEAD);
        r->skip = len;
        return S2_MORE;
    }
    if (!peek(r, in, HEAD + len, &whole)) return S2_MORE;
    take(r, in, whole.len);
    struct slice body = slice_from(whole, HEAD);
    if (type == CHUNK_START) return name_read(r, body);
    return data_read(r, (enum chunk)type, body, ret_piece);
}

enum s2_verdict s2_reader_next(struct s2_reader *r, struct slice *in, struct slice *ret_piece)
{
    while (r->end == S2_MORE && in->len > 0) {
        struct slice skipped = slice_first(*in, r->skip), piece = { 0 };
        *in = slice_from(*in, skipped.len);
        r->skip -= skipped.len;
        if (in->len == 0) break;
        enum s2_verdict v = chunk_read(r, in, &piece);
        if (v == S2_PIECE && piece.len > 0) {
            *ret_piece = piece;
            return S2_PIECE;
        }
    }
    return r->end;
}

struct s2_writer {
    bool is_started;
    uint32_t len;
    uint8_t plain[WRITE_PLAIN];
    struct s2_encoder encoder;
};

struct s2_writer *s2_writer_new(void)
{
    struct s2_writer *w = xalloc(sizeof *w);
    w->is_started = false;
    w->len = 0;
    return w;
}

struct s2_writer *s2_writer_free(struct s2_writer *w)
{
    xfree(w);
    return NULL;
}

static void head_put(uint8_t *to, enum chunk type, uint32_t len)
{
    assert(len < 1 << 24);
    le_put_u32(to, len << 8 | (uint32_t)type);
}

static void name_add(struct s2_writer *w, struct buf *out)
{
    if (w->is_started) return;
    uint8_t head[HEAD];
    head_put(head, CHUNK_START, NAME);
    buf_add(out, slice_of(head, HEAD));
    buf_add(out, slice_of(name_s2, NAME));
    w->is_started = true;
}

/* One chunk. What shrinks by less than an eighth is left as it is: it would cost every reader more
 * than it saves. */
static void chunk_add(struct s2_writer *w, struct slice plain, struct buf *out)
{
    assert(plain.len > 0);
    assert(plain.len <= WRITE_PLAIN);
    name_add(w, out);
    buf_reserve(out, HEAD + SUM + s2_encoded_max(plain.len));
    uint8_t *to = out->ptr + out->len;
    enum chunk type = CHUNK_BLOCK;
    uint32_t len = s2_encode(&w->encoder, plain, to + HEAD + SUM);
    if (len > plain.len - plain.len / 8) {
        type = CHUNK_PLAIN;
        len = plain.len;
        memcpy(to + HEAD + SUM, plain.ptr, len);
    }
    head_put(to, type, SUM + len);
    le_put_u32(to + HEAD, crc32c_masked(crc32c(0, plain)));
    out->len += HEAD + SUM + len;
}

void s2_writer_add(struct s2_writer *w, struct slice plain, struct buf *out)
{
    while (plain.len > 0) {
        struct slice part = slice_first(plain, WRITE_PLAIN - w->len);
        plain = slice_from(plain, part.len);
        if (part.len == WRITE_PLAIN) {
            chunk_add(w, part, out);
            continue;
        }
        memcpy(w->plain + w->len, part.ptr, part.len);
        w->len += part.len;
        if (w->len < WRITE_PLAIN) continue;
        chunk_add(w, slice_of(w->plain, w->len), out);
        w->len = 0;
    }
}

void s2_writer_finish(struct s2_writer *w, struct buf *out)
{
    name_add(w, out);
    if (w->len > 0) chunk_add(w, slice_of(w->plain, w->len), out);
    w->len = 0;
    w->is_started = false;
}
