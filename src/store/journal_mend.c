/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_mend.h"

static void turn(uint8_t *bytes, uint32_t bit)
{
    assert(bytes != NULL);
    bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

/* ---- heads ---- */

static uint32_t bits_apart(const uint8_t *at, uint64_t value, uint32_t len)
{
    uint32_t count = 0;
    assert(len <= 8);
    for (uint32_t i = 0; i < len; i++)
        count += (uint32_t)__builtin_popcount(at[i] ^ (uint8_t)(value >> (8 * i)));
    return count;
}

bool journal_is_nearly_head(const uint8_t *at, uint64_t store_id, uint32_t segment, uint64_t offset)
{
    assert(offset % JOURNAL_SECTOR == 0);
    uint32_t apart = bits_apart(at + HEAD_MAGIC, JOURNAL_MAGIC, 4) +
                     bits_apart(at + HEAD_STORE, store_id, 8) +
                     bits_apart(at + HEAD_SEGMENT, segment, 4) +
                     bits_apart(at + HEAD_OFFSET, offset, 8);
    return apart <= 1;
}

uint32_t journal_mend_head(uint8_t *head, uint32_t len, uint64_t store_id)
{
    struct journal_head h;
    uint32_t need = 0;
    assert(len >= HEAD_SIZE && len <= JOURNAL_MEND_HEAD);
    for (uint32_t bit = 0; bit < len * 8; bit++) {
        turn(head, bit);
        enum journal_verdict got = journal_head_decode(slice_of(head, len), store_id, &h, &need);
        turn(head, bit);
        if (got == JOURNAL_HEAD) return bit;
        if (bit >= HEAD_SIZE * 8 && bit >= need * 8) break; /* the head ends before */
    }
    return UINT32_MAX;
}

/* ---- bodies ---- */

/* The bit of the record that begins there, which has been turned; UINT32_MAX: none. */
static uint32_t mend_record(uint8_t *record, uint32_t left)
{
    uint32_t len = left < JOURNAL_MEND_BODY ? left : JOURNAL_MEND_BODY;
    assert(left >= RECORD_SIZE);
    for (uint32_t bit = 0; bit < len * 8; bit++) {
        turn(record, bit);
        if (journal_record_check(slice_of(record, left)) > 0) return bit;
        turn(record, bit);
        uint64_t end = (uint64_t)RECORD_SIZE + le_get_u32(record + RECORD_LEN);
        bool is_over = end > JOURNAL_MEND_BODY || bit >= end * 8;
        if (bit >= RECORD_SIZE * 8 && is_over) break;
    }
    return UINT32_MAX;
}

/* All records are whole but one, whose sum tells. */
static uint32_t mend_plain(const struct journal_head *h, uint8_t *body)
{
    uint32_t at = 0, whole = 1;
    assert(h->body_len > 0);
    while (whole > 0 && h->body_len - at >= RECORD_SIZE) {
        whole = journal_record_check(slice_of(body + at, h->body_len - at));
        at += whole;
    }
    if (whole > 0) return UINT32_MAX;
    uint32_t bit = mend_record(body + at, h->body_len - at);
    if (bit == UINT32_MAX) return bit;
    if (journal_body_check(h, slice_of(body, h->body_len))) return at * 8 + bit;
    turn(body + at, bit);
    return UINT32_MAX;
}

static uint32_t mend_sealed(const struct journal_head *h, uint8_t *body)
{
    uint64_t seed = journal_body_seed(h);
    assert(h->body_len > 0);
    if (h->body_len > JOURNAL_MEND_BODY) return UINT32_MAX;
    for (uint32_t bit = 0; bit < h->body_len * 8; bit++) {
        turn(body, bit);
        if (journal_sealed_sum(slice_of(body, h->body_len), seed) == h->body_sum) return bit;
        turn(body, bit);
    }
    return UINT32_MAX;
}

uint32_t journal_mend_body(const struct journal_head *h, uint8_t *body)
{
    assert(body != NULL);
    assert(h->body_len <= JOURNAL_BATCH_BODY_MAX);
    if (h->records == 0) return UINT32_MAX;
    return (h->flags & JOURNAL_FLAG_SEALED) != 0 ? mend_sealed(h, body) : mend_plain(h, body);
}
