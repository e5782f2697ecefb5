/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_format.h"

#include "base/hash.h"

/* Sums of records that are gathered before they are summed themselves: 1 KiB of stack. */
enum { SUMS = 128 };

static const uint64_t link_seed = UINT64_C(0x6d69646765206a6c);

/* ---- head ---- */

void journal_head_encode(const struct journal_head *h, uint8_t *to)
{
    assert(h->ranges <= JOURNAL_RANGES_MAX);
    assert(h->body_len <= JOURNAL_BATCH_BODY_MAX);
    assert(h->offset % JOURNAL_SECTOR == 0);
    assert(h->before < h->pos && h->durable < h->pos);
    le_put_u32(to + HEAD_MAGIC, JOURNAL_MAGIC);
    le_put_u32(to + HEAD_FLAGS, h->flags);
    le_put_u64(to + HEAD_STORE, h->store_id);
    le_put_u64(to + HEAD_GENERATION, h->generation);
    le_put_u32(to + HEAD_SEGMENT, h->segment);
    le_put_u32(to + HEAD_RANGES, h->ranges);
    le_put_u64(to + HEAD_OFFSET, h->offset);
    le_put_u64(to + HEAD_POS, h->pos);
    le_put_u64(to + HEAD_BEFORE, h->before);
    le_put_u64(to + HEAD_LINK_BEFORE, h->link_before);
    le_put_u64(to + HEAD_DURABLE, h->durable);
    le_put_u32(to + HEAD_RECORDS, h->records);
    le_put_u32(to + HEAD_BODY_LEN, h->body_len);
    memcpy(to + HEAD_NONCE, h->nonce, sizeof h->nonce);
}

static uint64_t head_sum(const uint8_t *head, uint32_t len, uint64_t store_id)
{
    assert(len >= HEAD_SIZE);
    return hash_sum(head + HEAD_BODY_SUM, len - HEAD_BODY_SUM, store_id);
}

struct sum_text journal_head_text(uint8_t *head, uint64_t store_id)
{
    uint32_t len = journal_head_len(le_get_u32(head + HEAD_RANGES));
    assert(len <= JOURNAL_HEAD_MAX);
    return (struct sum_text){ head + HEAD_BODY_SUM, len - HEAD_BODY_SUM, store_id,
                              le_get_u64(head + HEAD_SUM) };
}

void journal_head_finish(uint8_t *head, uint64_t body_sum)
{
    uint32_t len = journal_head_len(le_get_u32(head + HEAD_RANGES));
    assert(len <= JOURNAL_HEAD_MAX);
    le_put_u64(head + HEAD_BODY_SUM, body_sum);
    le_put_u64(head + HEAD_SUM, head_sum(head, len, le_get_u64(head + HEAD_STORE)));
}

static void head_read(const uint8_t *from, struct journal_head *ret)
{
    *ret = (struct journal_head){
        .body_sum = le_get_u64(from + HEAD_BODY_SUM),
        .flags = le_get_u32(from + HEAD_FLAGS),
        .store_id = le_get_u64(from + HEAD_STORE),
        .generation = le_get_u64(from + HEAD_GENERATION),
        .segment = le_get_u32(from + HEAD_SEGMENT),
        .ranges = le_get_u32(from + HEAD_RANGES),
        .offset = le_get_u64(from + HEAD_OFFSET),
        .pos = le_get_u64(from + HEAD_POS),
        .before = le_get_u64(from + HEAD_BEFORE),
        .link_before = le_get_u64(from + HEAD_LINK_BEFORE),
        .durable = le_get_u64(from + HEAD_DURABLE),
        .records = le_get_u32(from + HEAD_RECORDS),
        .body_len = le_get_u32(from + HEAD_BODY_LEN),
    };
    memcpy(ret->nonce, from + HEAD_NONCE, sizeof ret->nonce);
}

/* What journal_head_encode() asserts, of bytes that somebody may have made. */
static bool is_sound(const struct journal_head *h)
{
    return h->body_len <= JOURNAL_BATCH_BODY_MAX && h->offset % JOURNAL_SECTOR == 0 &&
           h->before < h->pos && h->durable < h->pos && h->generation > 0 &&
           (h->records > 0) == (h->body_len > 0) && (h->records > 0) == (h->ranges > 0);
}

enum journal_verdict journal_head_decode(struct slice in, uint64_t store_id,
                                         struct journal_head *ret, uint32_t *ret_need)
{
    *ret_need = HEAD_SIZE;
    if (in.len < HEAD_SIZE) return JOURNAL_CUT_HEAD;
    uint32_t magic = le_get_u32(in.ptr + HEAD_MAGIC);
    if ((magic & MAGIC_MASK) != (JOURNAL_MAGIC & MAGIC_MASK)) return JOURNAL_NO_HEAD;
    if (le_get_u64(in.ptr + HEAD_STORE) != store_id) return JOURNAL_NO_HEAD;
    uint32_t ranges = le_get_u32(in.ptr + HEAD_RANGES);
    if (ranges > JOURNAL_RANGES_MAX) return JOURNAL_NO_HEAD;
    *ret_need = journal_head_len(ranges);
    if (in.len < *ret_need) return JOURNAL_CUT_HEAD;
    if (le_get_u64(in.ptr + HEAD_SUM) != head_sum(in.ptr, *ret_need, store_id))
        return JOURNAL_NO_HEAD;
    if (version_of(magic) != JOURNAL_VERSION) return JOURNAL_NEWER_HEAD;
    struct journal_head h;
    head_read(in.ptr, &h);
    if (!is_sound(&h)) return JOURNAL_NO_HEAD;
    *ret = h;
    return JOURNAL_HEAD;
}

struct journal_range journal_range_get(const uint8_t *head, uint32_t index)
{
    assert(index < le_get_u32(head + HEAD_RANGES));
    const uint8_t *at = head + HEAD_SIZE + index * RANGE_SIZE;
    return (struct journal_range){ le_get_u64(at + RANGE_OWNER), le_get_u64(at + RANGE_FIRST),
                                   le_get_u64(at + RANGE_LAST) };
}

uint64_t journal_link(const struct journal_head *h)
{
    const uint64_t facts[] = { h->store_id, h->generation, h->segment,     h->offset,
                               h->pos,      h->before,     h->link_before, h->records };
    uint8_t bytes[sizeof facts];
    for (uint32_t i = 0; i < ARRAY_COUNT(facts); i++) le_put_u64(bytes + (size_t)8 * i, facts[i]);
    uint64_t link = hash_sum(bytes, sizeof bytes, link_seed);
    return link == 0 ? 1 : link;
}

/* ---- body ---- */

uint64_t journal_body_seed(const struct journal_head *h)
{
    uint8_t bytes[16];
    le_put_u64(bytes, h->store_id);
    le_put_u64(bytes + 8, h->pos);
    return hash_sum(bytes, sizeof bytes, 0);
}

/* The sum of many sums, some at a time. */
struct sums {
    uint64_t so_far;
    uint32_t count;
    uint8_t bytes[SUMS * 8];
};

static void sums_fold(struct sums *s)
{
    s->so_far = hash_sum(s->bytes, (size_t)s->count * 8, s->so_far);
    s->count = 0;
}

static void sums_add(struct sums *s, uint64_t sum)
{
    le_put_u64(s->bytes + (size_t)8 * s->count, sum);
    if (++s->count == SUMS) sums_fold(s);
}

static uint64_t record_sum(const uint8_t *record, uint32_t body_len)
{
    return hash_sum(record + RECORD_LEN, RECORD_SIZE - RECORD_LEN + (size_t)body_len, 0);
}

struct sum_text journal_record_text(uint8_t *record)
{
    uint32_t body_len = le_get_u32(record + RECORD_LEN);
    return (struct sum_text){ record + RECORD_LEN, RECORD_SIZE - RECORD_LEN + body_len, 0,
                              le_get_u64(record + RECORD_SUM) };
}

uint32_t journal_record_check(struct slice body, uint32_t at)
{
    assert(at <= body.len);
    if (body.len - at < RECORD_SIZE) return 0;
    uint32_t body_len = le_get_u32(body.ptr + at + RECORD_LEN);
    if (body.len - at - RECORD_SIZE < body_len) return 0;
    bool is_sound = record_sum(body.ptr + at, body_len) == le_get_u64(body.ptr + at + RECORD_SUM);
    return is_sound ? RECORD_SIZE + body_len : 0;
}

uint64_t journal_body_finish(uint8_t *body, uint32_t len, uint64_t seed)
{
    struct sums s = { .so_far = seed };
    uint32_t at = 0;
    while (at < len) {
        assert(len - at >= RECORD_SIZE);
        uint32_t body_len = le_get_u32(body + at + RECORD_LEN);
        assert(len - at - RECORD_SIZE >= body_len);
        uint64_t sum = record_sum(body + at, body_len);
        le_put_u64(body + at + RECORD_SUM, sum);
        sums_add(&s, sum);
        at += RECORD_SIZE + body_len;
    }
    sums_fold(&s);
    return s.so_far;
}

bool journal_body_check(const struct journal_head *h, struct slice body)
{
    struct sums s = { .so_far = journal_body_seed(h) };
    uint32_t at = 0, records = 0;
    while (at < body.len) {
        uint32_t len = journal_record_check(body, at);
        if (len == 0) return false;
        sums_add(&s, le_get_u64(body.ptr + at + RECORD_SUM));
        at += len;
        records++;
    }
    sums_fold(&s);
    return records == h->records && s.so_far == h->body_sum;
}

uint64_t journal_sealed_sum(struct slice sealed, uint64_t seed)
{
    return hash_sum(sealed.ptr, sealed.len, seed);
}
