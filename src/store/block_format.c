/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block_format.h"

#include "base/hash.h"
#include "store/versions.h"

/* "MBC" or "MBF", and the version. A later version keeps the first 24 bytes and how a head is
 * summed, so that an older program refuses instead of taking it for rot. */
static const uint32_t magics[] = {
    [PART_CHUNK] = 0x0043424d,
    [PART_FOOTER] = 0x0046424d,
};

/* ---- parts ---- */

void part_encode(const struct part_head *h, uint8_t *to)
{
    assert(h->stored <= PART_BODY_MAX && h->plain <= PART_BODY_MAX);
    assert(h->first <= h->last && h->count > 0);
    assert((h->flags & ~(uint32_t)PART_FLAGS_ALL) == 0);
    le_put_u32(to + PART_MAGIC, magic_with(magics[h->kind], BLOCK_VERSION));
    le_put_u32(to + PART_FLAGS, h->flags);
    le_put_u64(to + PART_STORE, h->store_id);
    le_put_u64(to + PART_INCARNATION, h->incarnation);
    le_put_u32(to + PART_BLOCK, h->block);
    le_put_u32(to + PART_COUNT, h->count);
    le_put_u64(to + PART_FIRST, h->first);
    le_put_u64(to + PART_LAST, h->last);
    le_put_u64(to + PART_OFFSET, h->offset);
    le_put_u32(to + PART_STORED, h->stored);
    le_put_u32(to + PART_PLAIN, h->plain);
    memset(to + PART_BODY_SUM, 0, PART_HEAD - PART_BODY_SUM);
}

static uint64_t head_sum(const uint8_t *part, uint64_t store_id)
{
    return hash_sum(part + PART_MAGIC, PART_HEAD - PART_MAGIC, store_id);
}

static bool has_body_sum(uint32_t magic, uint32_t flags)
{
    return (magic & MAGIC_MASK) == magics[PART_FOOTER] || flags != 0;
}

/* Seeded with the place, so that the body of another part does not fit. */
static uint64_t body_sum(uint64_t store_id, uint32_t block, uint64_t offset, struct slice body)
{
    uint64_t seed = store_id + ((uint64_t)block << 40) + offset;
    return hash_sum(body.ptr, body.len, seed);
}

void part_finish(uint8_t *part)
{
    uint64_t store_id = le_get_u64(part + PART_STORE), sum = 0;
    uint32_t stored = le_get_u32(part + PART_STORED);
    assert(stored <= PART_BODY_MAX);
    if (has_body_sum(le_get_u32(part + PART_MAGIC), le_get_u32(part + PART_FLAGS)))
        sum = body_sum(store_id, le_get_u32(part + PART_BLOCK), le_get_u64(part + PART_OFFSET),
                       slice_of(part + PART_HEAD, stored));
    le_put_u64(part + PART_BODY_SUM, sum);
    le_put_u64(part + PART_SUM, head_sum(part, store_id));
}

static bool is_sound(const struct part_head *h)
{
    bool is_packed = h->flags != 0;
    return (h->flags & ~(uint32_t)PART_FLAGS_ALL) == 0 && h->stored <= PART_BODY_MAX &&
           h->plain <= PART_BODY_MAX && (is_packed || h->stored == h->plain) && h->first > 0 &&
           h->first <= h->last && h->last - h->first <= UINT32_MAX && h->count > 0 &&
           h->count - 1 <= h->last - h->first;
}

enum part_verdict part_decode(struct slice in, uint64_t store_id, struct part_head *ret)
{
    if (in.len < PART_HEAD) return PART_NONE;
    uint32_t magic = le_get_u32(in.ptr + PART_MAGIC);
    bool is_footer = (magic & MAGIC_MASK) == magics[PART_FOOTER];
    if (!is_footer && (magic & MAGIC_MASK) != magics[PART_CHUNK]) return PART_NONE;
    if (le_get_u64(in.ptr + PART_STORE) != store_id) return PART_NONE;
    if (le_get_u64(in.ptr + PART_SUM) != head_sum(in.ptr, store_id)) return PART_NONE;
    if (version_of(magic) != BLOCK_VERSION) return PART_NEWER;
    struct part_head h = {
        .kind = is_footer ? PART_FOOTER : PART_CHUNK,
        .flags = le_get_u32(in.ptr + PART_FLAGS),
        .store_id = store_id,
        .incarnation = le_get_u64(in.ptr + PART_INCARNATION),
        .block = le_get_u32(in.ptr + PART_BLOCK),
        .count = le_get_u32(in.ptr + PART_COUNT),
        .first = le_get_u64(in.ptr + PART_FIRST),
        .last = le_get_u64(in.ptr + PART_LAST),
        .offset = le_get_u64(in.ptr + PART_OFFSET),
        .stored = le_get_u32(in.ptr + PART_STORED),
        .plain = le_get_u32(in.ptr + PART_PLAIN),
        .body_sum = le_get_u64(in.ptr + PART_BODY_SUM),
    };
    if (!is_sound(&h)) return PART_NONE;
    *ret = h;
    return PART_FOUND;
}

bool part_body_check(const struct part_head *h, struct slice body)
{
    if (body.len != h->stored) return false;
    if (h->kind == PART_CHUNK && h->flags == 0) return true;
    return body_sum(h->store_id, h->block, h->offset, body) == h->body_sum;
}

struct slice part_context(const uint8_t *part)
{
    return slice_of(part + PART_MAGIC, PART_BODY_SUM - PART_MAGIC);
}

/* ---- messages ---- */

uint64_t message_seed(uint64_t store_id, uint64_t incarnation)
{
    uint8_t bytes[16];
    le_put_u64(bytes, store_id);
    le_put_u64(bytes + 8, incarnation);
    return hash_sum(bytes, sizeof bytes, 0);
}

static uint64_t message_sum(const uint8_t *message, uint32_t len, uint64_t seed)
{
    assert(len >= MESSAGE_HEAD);
    return hash_sum(message + MESSAGE_SEQUENCE, len - MESSAGE_SEQUENCE, seed);
}

static uint8_t *put_text(uint8_t *to, struct slice text)
{
    if (text.len > 0) memcpy(to, text.ptr, text.len);
    return to + text.len;
}

void message_encode(const struct stored *m, uint64_t seed, uint8_t *to)
{
    assert(m->subject.len > 0 && m->subject.len <= UINT16_MAX);
    assert(m->sequence > 0);
    le_put_u64(to + MESSAGE_SEQUENCE, m->sequence);
    le_put_u64(to + MESSAGE_TIME, (uint64_t)m->time);
    le_put_u32(to + MESSAGE_PAYLOAD, m->payload.len);
    le_put_u32(to + MESSAGE_HEADER, m->header.len);
    le_put_u16(to + MESSAGE_SUBJECT, (uint16_t)m->subject.len);
    le_put_u16(to + MESSAGE_FLAGS, 0);
    uint8_t *at = put_text(to + MESSAGE_HEAD, m->subject);
    at = put_text(at, m->header);
    (void)put_text(at, m->payload);
    le_put_u64(to + MESSAGE_SUM, message_sum(to, message_len(m), seed));
}

bool message_decode(struct slice in, uint64_t seed, struct stored *ret, bool *ret_erased)
{
    if (in.len < MESSAGE_HEAD) return false;
    uint32_t payload = le_get_u32(in.ptr + MESSAGE_PAYLOAD);
    uint32_t header = le_get_u32(in.ptr + MESSAGE_HEADER);
    uint32_t subject = le_get_u16(in.ptr + MESSAGE_SUBJECT);
    uint64_t len = (uint64_t)MESSAGE_HEAD + subject + header + payload;
    if (len > in.len || subject == 0) return false;
    if (le_get_u64(in.ptr + MESSAGE_SEQUENCE) == 0) return false;
    if (le_get_u64(in.ptr + MESSAGE_SUM) != message_sum(in.ptr, (uint32_t)len, seed)) return false;
    const uint8_t *texts = in.ptr + MESSAGE_HEAD;
    *ret = (struct stored){
        .sequence = le_get_u64(in.ptr + MESSAGE_SEQUENCE),
        .time = (nanos)le_get_u64(in.ptr + MESSAGE_TIME),
        .subject = slice_of(texts, subject),
        .header = slice_of(texts + subject, header),
        .payload = slice_of(texts + subject + header, payload),
    };
    *ret_erased = (le_get_u16(in.ptr + MESSAGE_FLAGS) & MESSAGE_FLAG_ERASED) != 0;
    return true;
}

void message_erase(uint8_t *message, uint64_t seed)
{
    uint32_t len = MESSAGE_HEAD + le_get_u16(message + MESSAGE_SUBJECT) +
                   le_get_u32(message + MESSAGE_HEADER) + le_get_u32(message + MESSAGE_PAYLOAD);
    assert(len > MESSAGE_HEAD);
    le_put_u16(message + MESSAGE_FLAGS, MESSAGE_FLAG_ERASED);
    memset(message + MESSAGE_HEAD, 0, len - MESSAGE_HEAD);
    le_put_u64(message + MESSAGE_SUM, message_sum(message, len, seed));
    assert_slow(le_get_u64(message + MESSAGE_SEQUENCE) > 0);
}
