/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_mend.h"

#include "base/alloc.h"

/* ---- trying ---- */

/* Bytes of which some may have turned, and whether all is well again. */
struct trial {
    uint8_t *bytes;
    uint32_t len;
    uint32_t at; /* of the record */
    const struct journal_spot *spot;
    const struct journal_head *head;
    bool (*is_sound)(const struct trial *);
};

static bool try_bits(const struct trial *t, uint32_t from, uint32_t to, struct journal_bit *ret)
{
    assert(from <= to && to <= t->len);
    for (uint32_t byte = from; byte < to; byte++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            uint8_t mask = (uint8_t)(1U << bit);
            t->bytes[byte] ^= mask;
            bool is_sound = t->is_sound(t);
            t->bytes[byte] ^= mask;
            if (!is_sound) continue;
            *ret = (struct journal_bit){ byte, mask };
            return true;
        }
    }
    return false;
}

/* Of a text that is summed as one, from its byte `from` on. */
static bool try_text(const struct trial *t, const struct sum_text *x, uint32_t from,
                     struct journal_bit *ret)
{
    uint32_t begin = (uint32_t)(x->bytes - t->bytes), byte = 0;
    uint8_t mask = 0;
    assert(begin + x->len <= t->len);
    if (x->len < SUM_MEND_MIN) return try_bits(t, begin + from, begin + x->len, ret);
    if (!sum_mend(x, from, &byte, &mask)) return false;
    byte += begin;
    t->bytes[byte] ^= mask;
    bool is_sound = t->is_sound(t);
    t->bytes[byte] ^= mask;
    *ret = (struct journal_bit){ byte, mask };
    return is_sound;
}

/* ---- heads ---- */

static bool is_head(const struct trial *t)
{
    struct journal_head h;
    uint32_t need = 0;
    enum journal_verdict v = journal_head_decode(slice_of(t->bytes, t->len), t->spot->store_id, &h,
                                                 &need);
    return v == JOURNAL_HEAD && h.segment == t->spot->segment && h.offset == t->spot->offset;
}

static uint32_t bits_of(uint64_t x)
{
    return (uint32_t)__builtin_popcountll(x);
}

bool journal_is_likely_head(const uint8_t bytes[HEAD_SIZE], const struct journal_spot *spot)
{
    uint32_t differ = bits_of(le_get_u32(bytes + HEAD_MAGIC) ^ JOURNAL_MAGIC) +
                      bits_of(le_get_u64(bytes + HEAD_STORE) ^ spot->store_id) +
                      bits_of(le_get_u32(bytes + HEAD_SEGMENT) ^ spot->segment) +
                      bits_of(le_get_u64(bytes + HEAD_OFFSET) ^ spot->offset);
    return differ <= 1;
}

bool journal_mend_head(uint8_t *bytes, uint32_t len, const struct journal_spot *spot,
                       struct journal_bit *ret)
{
    const struct trial t = { .bytes = bytes, .len = len, .spot = spot, .is_sound = is_head };
    assert(len >= HEAD_SIZE);
    assert(spot->offset % JOURNAL_SECTOR == 0);
    if (try_bits(&t, 0, HEAD_SIZE, ret)) return true;
    uint32_t ranges = le_get_u32(bytes + HEAD_RANGES);
    if (ranges > JOURNAL_RANGES_MAX || journal_head_len(ranges) > len) return false;
    const struct sum_text all = journal_head_text(bytes, spot->store_id);
    return try_text(&t, &all, HEAD_SIZE - HEAD_BODY_SUM, ret);
}

/* ---- bodies ---- */

static bool is_record(const struct trial *t)
{
    return journal_record_check(slice_of(t->bytes, t->len), t->at) > 0;
}

static bool is_sealed_body(const struct trial *t)
{
    struct slice body = slice_of(t->bytes, t->len);
    return journal_sealed_sum(body, journal_body_seed(t->head)) == t->head->body_sum;
}

/* Bytes with its head of a record as it says itself; 0: it cannot be so many. */
static uint32_t said_len(struct slice body, uint32_t at)
{
    if (body.len - at < RECORD_SIZE) return 0;
    uint32_t len = le_get_u32(body.ptr + at + RECORD_LEN);
    return len <= body.len - at - RECORD_SIZE ? RECORD_SIZE + len : 0;
}

static bool mend_record(uint8_t *body, uint32_t len, uint32_t at, struct journal_bit *ret)
{
    const struct trial t = { .bytes = body, .len = len, .at = at, .is_sound = is_record };
    uint32_t said = said_len(slice_of(body, len), at);
    assert(at < len);
    if (len - at < RECORD_SIZE) return false;
    /* it may only seem long */
    if (try_bits(&t, at + RECORD_LEN, at + RECORD_KIND, ret)) return true;
    if (said > JOURNAL_MEND_HEAD_MAX) return false;
    if (try_bits(&t, at, at + RECORD_SIZE, ret)) return true;
    bool is_state = le_get_u64(body + at + RECORD_SEQUENCE) == 0;
    if (said == 0 || said > (is_state ? JOURNAL_MEND_STATE_MAX : JOURNAL_MEND_MAX)) return false;
    const struct sum_text all = journal_record_text(body + at);
    return try_text(&t, &all, RECORD_SIZE - RECORD_LEN, ret);
}

/* Of a plain text the first bad record. */
static bool mend_plain(uint8_t *body, uint32_t body_len, struct journal_bit *ret)
{
    struct slice all = slice_of(body, body_len);
    uint32_t at = 0, len = 1;
    assert(body != NULL);
    while (at < all.len && len > 0) {
        len = journal_record_check(all, at);
        at += len;
    }
    return at < all.len && mend_record(body, all.len, at, ret);
}

/* Under each key: under another one than its own it is noise. */
static bool mend_text(const struct journal_head *h, const struct journal_seal *seal,
                      struct slice sealed, struct journal_bit *ret)
{
    uint32_t len = sealed.len - seal->overhead;
    uint8_t *text = xalloc(len + 1);
    bool is_found = false;
    assert(sealed.len > seal->overhead);
    for (uint32_t k = 0; !is_found && seal->peek(seal->ctx, k, h->nonce, sealed, text); k++)
        is_found = mend_plain(text, len, ret);
    xfree(text);
    return is_found;
}

static bool mend_sealed(const struct journal_head *h, const struct journal_seal *seal,
                        uint8_t *body, struct journal_bit *ret)
{
    const struct trial t = { body, h->body_len, 0, NULL, h, is_sealed_body };
    assert(h->flags & JOURNAL_FLAG_SEALED);
    if (is_sealed_body(&t)) return false;
    if (h->body_len <= JOURNAL_MEND_MAX) return try_bits(&t, 0, h->body_len, ret);
    if (seal->peek == NULL || seal->overhead == 0 || h->body_len > JOURNAL_MEND_SEALED_MAX)
        return false;
    if (try_bits(&t, h->body_len - seal->overhead, h->body_len, ret)) return true; /* its tag */
    return mend_text(h, seal, slice_of(body, h->body_len), ret);
}

bool journal_mend_body(const struct journal_head *h, const struct journal_seal *seal, uint8_t *body,
                       struct journal_bit *ret)
{
    assert(h->pos > 0 && h->body_len > 0);
    if (h->flags & JOURNAL_FLAG_SEALED) return mend_sealed(h, seal, body, ret);
    return mend_plain(body, h->body_len, ret);
}

bool journal_one_is_bad(const struct journal_head *h, struct slice body, uint32_t *ret_at,
                        uint32_t *ret_len)
{
    uint32_t bad = 0, records = 0;
    assert(h->pos > 0 && body.len == h->body_len);
    if (h->flags & JOURNAL_FLAG_SEALED) return false;
    for (uint32_t at = 0; at < body.len; records++) {
        uint32_t said = said_len(body, at);
        if (said == 0) return false;
        if (journal_record_check(body, at) == 0) {
            bad++;
            *ret_at = at;
            *ret_len = said;
        }
        at += said;
    }
    return bad == 1 && records == h->records;
}
