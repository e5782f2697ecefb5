/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding is greedy: a table remembers where four bytes were last seen, by their hash; a match is
 * grown to both sides. Where nothing matches for long the steps become wider, so that what cannot
 * be compressed costs little. */
#include "codec/s2.h"

#include <string.h>

#include "base/assert.h"
#include "base/le.h"
#include "codec/varint.h"

enum element {
    LITERAL = 0,
    COPY_1 = 1,
    COPY_2 = 2,
    COPY_4 = 3,
};

enum {
    LITERAL_SHORT = 60, /* below: the length stands in the first byte */
    REPEAT_MORE = 5,    /* of the 3 bits of length of a repeat: more follows */
    MATCH_MIN = 4,
    COPY_MAX = 64,
    STRIDE = 16, /* bytes that are copied at once */
    OFFSET_MAX = 65535,
    PLAIN_MAX = 16 << 20, /* offsets and lengths of repeats fit */
    SKIP_START = 32,      /* steps grow by one each so many misses */
};

enum err s2_decoded_len(struct slice block, uint32_t *ret_len)
{
    uint64_t len;
    enum err e = uvarint_take(&block, &len);
    if (e || len > UINT32_MAX) return ERR_INVALID;
    *ret_len = (uint32_t)len;
    return ERR_OK;
}

struct decoding {
    struct slice in;
    uint8_t *out;
    uint32_t len;
    uint32_t done;
    uint32_t offset; /* of the last copy; 0: none yet */
};

/* `count` (1 to 4) bytes of the input as a number. */
static bool number_take(struct decoding *d, uint32_t count, uint32_t *ret_value)
{
    assert(count >= 1);
    assert(count <= 4);
    uint32_t value = 0;
    if (LIKELY(d->in.len >= 4)) {
        value = le_get_u32(d->in.ptr) & UINT32_MAX >> (32 - 8 * count);
    } else {
        if (d->in.len < count) return false;
        for (uint32_t i = 0; i < count; i++) value |= (uint32_t)d->in.ptr[i] << 8 * i;
    }
    d->in = (struct slice){ d->in.ptr + count, d->in.len - count };
    *ret_value = value;
    return true;
}

static bool literal_take(struct decoding *d, uint32_t field)
{
    uint32_t before = field; /* the length, less one */
    if (field >= LITERAL_SHORT && !number_take(d, field - LITERAL_SHORT + 1, &before)) return false;
    if (before >= d->in.len || before >= d->len - d->done) return false;
    uint32_t len = before + 1;
    /* a copy of fixed size is two moves; what it writes too much is written over, or is an error */
    if (LIKELY(len <= STRIDE && d->in.len >= STRIDE && d->len - d->done >= STRIDE))
        memcpy(d->out + d->done, d->in.ptr, STRIDE);
    else memcpy(d->out + d->done, d->in.ptr, len);
    d->in = (struct slice){ d->in.ptr + len, d->in.len - len };
    d->done += len;
    return true;
}

/* Copies what stands `offset` back; the source may run into what is written. */
static bool copy(struct decoding *d, uint32_t len)
{
    if (d->offset == 0 || d->offset > d->done) return false;
    if (len > d->len - d->done) return false;
    uint8_t *to = d->out + d->done;
    const uint8_t *from = to - d->offset;
    uint32_t room = d->len - d->done;
    d->done += len;
    if (LIKELY(d->offset >= STRIDE && room - len >= STRIDE))
        for (uint32_t i = 0; i < len; i += STRIDE) memcpy(to + i, from + i, STRIDE);
    else if (d->offset >= len) memcpy(to, from, len);
    else if (d->offset == 1) memset(to, from[0], len);
    else
        for (uint32_t i = 0; i < len; i++) to[i] = from[i];
    return true;
}

/* The length of a repeat, from its 3 bits and what follows. */
static bool repeat_len_take(struct decoding *d, uint32_t field, uint32_t *ret_len)
{
    static const uint32_t base[] = { MATCH_MIN + 4, MATCH_MIN + 256, MATCH_MIN + 65536 };
    if (field < REPEAT_MORE) {
        *ret_len = MATCH_MIN + field;
        return true;
    }
    uint32_t more;
    if (!number_take(d, field - REPEAT_MORE + 1, &more)) return false;
    *ret_len = base[field - REPEAT_MORE] + more;
    return true;
}

static bool short_copy_take(struct decoding *d, uint32_t field)
{
    uint32_t low, len = MATCH_MIN + (field & 7);
    if (!number_take(d, 1, &low)) return false;
    uint32_t offset = (field >> 3) << 8 | low;
    if (offset > 0) d->offset = offset;
    else if (!repeat_len_take(d, field & 7, &len)) return false;
    return copy(d, len);
}

static bool element_take(struct decoding *d)
{
    uint32_t tag = d->in.ptr[0], field = tag >> 2;
    d->in = (struct slice){ d->in.ptr + 1, d->in.len - 1 };
    switch ((enum element)(tag & 3)) {
    case LITERAL: return literal_take(d, field);
    case COPY_1: return short_copy_take(d, field);
    case COPY_2: return number_take(d, 2, &d->offset) && copy(d, field + 1);
    case COPY_4: return number_take(d, 4, &d->offset) && copy(d, field + 1);
    default: unreachable();
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through a struct */
enum err s2_decode(struct slice block, uint8_t *ret_plain, uint32_t len)
{
    uint64_t said;
    enum err e = uvarint_take(&block, &said);
    if (e || said != len) return ERR_INVALID;
    struct decoding d = { .in = block, .out = ret_plain, .len = len };
    while (d.in.len > 0)
        if (!element_take(&d)) return ERR_INVALID;
    return d.done == len ? ERR_OK : ERR_INVALID;
}

static uint8_t *literal_put(uint8_t *to, struct slice s)
{
    if (s.len == 0) return to;
    uint32_t before = s.len - 1, more = 0;
    if (before < LITERAL_SHORT) {
        *to++ = (uint8_t)(before << 2 | LITERAL);
    } else {
        uint8_t *first = to++;
        for (uint32_t left = before; left > 0; left >>= 8, more++) *to++ = (uint8_t)left;
        *first = (uint8_t)((LITERAL_SHORT - 1 + more) << 2 | LITERAL);
    }
    memcpy(to, s.ptr, s.len);
    return to + s.len;
}

static uint8_t *repeat_put(uint8_t *to, uint32_t len)
{
    assert(len >= MATCH_MIN);
    uint32_t more = 0, field = len - MATCH_MIN, count = 0;
    if (field >= REPEAT_MORE) {
        uint32_t step = field < 4 + 256 ? 0 : field < 256 + 65536 ? 1 : 2;
        static const uint32_t base[] = { 4, 256, 65536 };
        more = field - base[step];
        field = REPEAT_MORE + step;
        count = step + 1;
    }
    *to++ = (uint8_t)(field << 2 | COPY_1);
    *to++ = 0;
    for (; count > 0; count--, more >>= 8) *to++ = (uint8_t)more;
    assert(more == 0);
    return to;
}

static uint8_t *copy_put(uint8_t *to, uint32_t offset, uint32_t len)
{
    assert(offset > 0);
    assert(offset <= OFFSET_MAX);
    if (offset < 2048 && len < MATCH_MIN + 8) {
        *to++ = (uint8_t)(offset >> 8 << 5 | (len - MATCH_MIN) << 2 | COPY_1);
        *to++ = (uint8_t)offset;
        return to;
    }
    /* what is left for the repeat must be long enough for one */
    uint32_t first = len <= COPY_MAX              ? len
                     : len < COPY_MAX + MATCH_MIN ? len - MATCH_MIN
                                                  : COPY_MAX;
    *to++ = (uint8_t)((first - 1) << 2 | COPY_2);
    le_put_u16(to, (uint16_t)offset);
    return first < len ? repeat_put(to + 2, len - first) : to + 2;
}

static uint32_t hash_of(const uint8_t *p)
{
    return le_get_u32(p) * UINT32_C(0x9e3779b1) >> (32 - S2_TABLE_BITS);
}

static uint32_t common_len(const uint8_t *a, const uint8_t *b, uint32_t max)
{
    uint32_t len = 0;
    while (len + 8 <= max && le_get_u64(a + len) == le_get_u64(b + len)) len += 8;
    while (len < max && a[len] == b[len]) len++;
    return len;
}

/* What was last seen with the four bytes at `at`, which are noted; -1: nothing within reach. */
static int64_t match_find(struct s2_encoder *e, const uint8_t *plain, uint32_t at)
{
    uint32_t *slot = &e->table[hash_of(plain + at)];
    uint32_t seen = *slot;
    *slot = at + 1;
    if (seen == 0 || at - (seen - 1) > OFFSET_MAX) return -1;
    assert_slow(seen - 1 < at);
    return le_get_u32(plain + seen - 1) == le_get_u32(plain + at) ? (int64_t)seen - 1 : -1;
}

uint32_t s2_encode(struct s2_encoder *e, struct slice plain, uint8_t *ret_block)
{
    assert(plain.len < PLAIN_MAX);
    memset(e, 0, sizeof *e);
    uint8_t *to = ret_block + uvarint_put(plain.len, ret_block);
    const uint8_t *p = plain.ptr;
    uint32_t literal = 0, skip = SKIP_START;
    for (uint32_t at = 0; at + MATCH_MIN <= plain.len;) {
        int64_t found = match_find(e, p, at);
        if (found < 0) {
            at += skip++ / SKIP_START;
            continue;
        }
        uint32_t seen = (uint32_t)found;
        uint32_t len = MATCH_MIN + common_len(p + at + MATCH_MIN, p + seen + MATCH_MIN,
                                              plain.len - at - MATCH_MIN);
        for (; at > literal && seen > 0 && p[at - 1] == p[seen - 1]; at--, seen--) len++;
        to = literal_put(to, (struct slice){ p + literal, at - literal });
        to = copy_put(to, at - seen, len);
        at += len;
        literal = at;
        skip = SKIP_START;
        if (at + 2 <= plain.len) e->table[hash_of(p + at - 2)] = at - 2 + 1;
    }
    to = literal_put(to, slice_from(plain, literal));
    assert(to <= ret_block + s2_encoded_max(plain.len));
    return (uint32_t)(to - ret_block);
}
