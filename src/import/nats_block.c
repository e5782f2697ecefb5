/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_block.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/le.h"
#include "codec/s2_stream.h"
#include "codec/varint.h"
#include "crypto/sha256.h"

static const uint32_t header_bit = UINT32_C(1) << 31;
static const uint64_t erased_bit = UINT64_C(1) << 63;
static const uint64_t tombstone_bit = UINT64_C(1) << 62;

/* In the search for a record behind damage a sequence is believed when it is as near as this to the
 * last one, so that chance does not make one of random bytes; the checksum decides then. */
static const uint64_t near = UINT64_C(1) << 32;
static const uint64_t anywhere = UINT64_C(1) << 48;

enum { COMPRESSED_HEAD = 4, COMPRESSED_S2 = 1, SEARCH_FACTOR = 8 };

/* ---- compression ---- */

static enum err take_stream(struct slice stream, struct buf *room)
{
    struct s2_reader *r = s2_reader_new(NATS_BLOCK_MAX);
    enum s2_verdict v = S2_MORE;
    struct slice piece;
    while ((v = s2_reader_next(r, &stream, &piece)) == S2_PIECE) buf_add(room, piece);
    bool is_whole = v == S2_MORE && s2_reader_is_between(r);
    r = s2_reader_free(r);
    assert(r == NULL);
    if (v == S2_LIMIT) return ERR_LIMIT;
    return is_whole ? ERR_OK : ERR_CORRUPT;
}

enum err nats_block_plain(struct slice file, struct buf *room, struct slice *ret_plain)
{
    uint64_t said;
    struct slice rest = slice_from(file, COMPRESSED_HEAD);
    assert(room != NULL && ret_plain != NULL);
    *ret_plain = file;
    if (file.len <= COMPRESSED_HEAD || memcmp(file.ptr, "cmp", 3) != 0) return ERR_OK;
    if (uvarint_take(&rest, &said)) return ERR_CORRUPT;
    if (file.ptr[3] == 0) {
        *ret_plain = rest;
        return ERR_OK;
    }
    room->len = 0;
    *ret_plain = buf_slice(room);
    if (file.ptr[3] != COMPRESSED_S2 || rest.len < NATS_RECORD_SUM_SIZE) return ERR_CORRUPT;
    struct slice stream = slice_first(rest, rest.len - NATS_RECORD_SUM_SIZE);
    enum err e = take_stream(stream, room);
    if (e == ERR_OK) buf_add(room, slice_from(rest, stream.len));
    *ret_plain = buf_slice(room);
    if (e) return e;
    return room->len == said ? ERR_OK : ERR_CORRUPT;
}

/* ---- one record ---- */

/* The length of the record at `at`; 0: none can be there. */
static uint32_t framed(const struct nats_block *b, uint32_t at)
{
    uint32_t left = b->bytes.len - at;
    assert(at <= b->bytes.len);
    if (left < NATS_RECORD_MIN) return 0;
    const uint8_t *p = b->bytes.ptr + at;
    uint32_t said = le_get_u32(p + NATS_RECORD_LEN);
    uint32_t len = said & ~header_bit;
    uint32_t need = NATS_RECORD_MIN + le_get_u16(p + NATS_RECORD_SUBJECT_LEN);
    if ((said & header_bit) != 0) need += 4;
    if (len < need || len > left || len > NATS_RECORD_MAX) return 0;
    return len;
}

static bool sum_fits(const struct nats_block *b, uint32_t at, uint32_t len)
{
    const uint8_t *p = b->bytes.ptr + at;
    uint32_t end = len - NATS_RECORD_SUM_SIZE;
    uint32_t texts = NATS_RECORD_HEAD + le_get_u16(p + NATS_RECORD_SUBJECT_LEN);
    uint32_t behind = (le_get_u32(p) & header_bit) != 0 ? texts + 4 : texts;
    struct highway h;
    assert(len >= NATS_RECORD_MIN && behind <= end);
    highway_init(&h, b->key);
    highway_add(&h, slice_of(p + NATS_RECORD_SEQUENCE, NATS_RECORD_SUBJECT_LEN - 4));
    highway_add(&h, slice_of(p + NATS_RECORD_HEAD, texts - NATS_RECORD_HEAD));
    highway_add(&h, slice_of(p + behind, end - behind));
    return highway_sum(&h) == le_get_u64(p + end);
}

static uint64_t number_of(uint64_t sequence)
{
    return sequence & ~(erased_bit | tombstone_bit);
}

/* Cuts the texts. False: the length of the header, which no checksum covers, is wrong. */
static bool cut(const uint8_t *p, uint32_t len, struct nats_record *ret)
{
    struct slice rest = slice_of(p, len - NATS_RECORD_SUM_SIZE);
    uint32_t subject_len = le_get_u16(p + NATS_RECORD_SUBJECT_LEN);
    uint32_t header_len = 0;
    rest = slice_from(rest, NATS_RECORD_HEAD);
    ret->subject = slice_first(rest, subject_len);
    rest = slice_from(rest, subject_len);
    if ((le_get_u32(p) & header_bit) != 0) {
        assert(rest.len >= 4);
        header_len = le_get_u32(rest.ptr);
        rest = slice_from(rest, 4);
    }
    if (header_len > rest.len) return false;
    ret->header = slice_first(rest, header_len);
    ret->payload = slice_from(rest, header_len);
    return true;
}

static bool read_record(const struct nats_block *b, uint32_t len, struct nats_record *ret)
{
    const uint8_t *p = b->bytes.ptr + b->at;
    uint64_t sequence = le_get_u64(p + NATS_RECORD_SEQUENCE);
    *ret = (struct nats_record){
        .kind = NATS_MESSAGE,
        .sequence = number_of(sequence),
        .time = (nanos)le_get_u64(p + NATS_RECORD_TIME),
        .size = len,
    };
    if ((sequence & tombstone_bit) != 0) ret->kind = NATS_TOMBSTONE;
    else if ((sequence & erased_bit) != 0 || sequence == 0) ret->kind = NATS_ERASED;
    return ret->kind != NATS_MESSAGE || cut(p, len, ret);
}

/* ---- damage ---- */

/* Whether these bytes may be looked at as a record, in a search. */
static bool is_likely(const struct nats_block *b, uint32_t at)
{
    uint64_t sequence = number_of(le_get_u64(b->bytes.ptr + at + NATS_RECORD_SEQUENCE));
    assert(b->bytes.len - at >= NATS_RECORD_MIN);
    return b->last == 0 ? sequence < anywhere : sequence <= b->last + near;
}

static bool is_record(struct nats_block *b, uint32_t at)
{
    uint32_t len = framed(b, at);
    if (len == 0 || !is_likely(b, at) || len > b->budget) return false;
    b->budget -= len;
    return sum_fits(b, at, len);
}

/* Where reading goes on behind the broken record that begins here. */
static uint32_t resume(struct nats_block *b, uint32_t len)
{
    uint32_t behind = b->at + len;
    assert(behind <= b->bytes.len);
    if (len > 0 && (behind == b->bytes.len || is_record(b, behind))) return behind;
    for (uint32_t at = b->at + 1; at < b->bytes.len; at++)
        if (is_record(b, at)) return at;
    return b->bytes.len;
}

static enum nats_block_verdict tell_damage(struct nats_block *b, uint32_t len,
                                           struct nats_damage *ret)
{
    uint32_t from = b->at;
    b->at = resume(b, len);
    assert(b->at > from);
    *ret = (struct nats_damage){ .offset = from, .len = b->at - from };
    if (len > 0 && is_likely(b, from))
        ret->sequence = number_of(le_get_u64(b->bytes.ptr + from + NATS_RECORD_SEQUENCE));
    return NATS_BLOCK_DAMAGE;
}

/* ---- the block ---- */

void nats_block_init(struct nats_block *b, struct slice plain, struct slice stream, uint32_t number)
{
    char text[16];
    int len = snprintf(text, sizeof text, "-%u", (unsigned)number);
    struct buf name = { 0 };
    assert(b != NULL);
    assert(len > 0 && (size_t)len < sizeof text);
    *b = (struct nats_block){ .bytes = plain,
                              .budget = (uint64_t)SEARCH_FACTOR * plain.len + NATS_RECORD_MAX };
    buf_add(&name, stream);
    buf_add(&name, slice_of(text, (size_t)len));
    sha256(buf_slice(&name), b->key);
    buf_deinit(&name);
}

bool nats_block_begins_whole(const struct nats_block *b)
{
    uint32_t len = framed(b, b->at);
    assert(b->at <= b->bytes.len);
    return len > 0 && sum_fits(b, b->at, len);
}

enum nats_block_verdict nats_block_next(struct nats_block *b, struct nats_record *ret,
                                        struct nats_damage *ret_damage)
{
    assert(b != NULL && ret != NULL && ret_damage != NULL);
    assert(b->at <= b->bytes.len);
    if (b->at == b->bytes.len) return NATS_BLOCK_END;
    uint32_t len = framed(b, b->at);
    if (len == 0 || !sum_fits(b, b->at, len) || !read_record(b, len, ret))
        return tell_damage(b, len, ret_damage);
    b->at += len;
    if (ret->kind == NATS_MESSAGE && ret->sequence > b->last) b->last = ret->sequence;
    return NATS_BLOCK_RECORD;
}
