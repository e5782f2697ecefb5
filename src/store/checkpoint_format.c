/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint_format.h"

#include "base/hash.h"
#include "store/versions.h"

/* "MCL" and the version. A later version keeps the first 32 bytes, the size of a head and how it is
 * summed, so that an older program sees whose list this is and refuses, instead of cutting it. */
enum { MAGIC = 0x004c434d };

void checkpoint_head_encode(const struct checkpoint_head *h, uint8_t *to)
{
    assert(h->body_len <= CHECKPOINT_BODY_MAX);
    assert(h->offset % CHECKPOINT_SECTOR == 0 && h->number > 0);
    le_put_u32(to + HEAD_MAGIC, magic_with(MAGIC, CHECKPOINT_VERSION));
    le_put_u32(to + HEAD_FLAGS, h->flags);
    le_put_u64(to + HEAD_STORE, h->store_id);
    le_put_u32(to + HEAD_FILE, h->file);
    le_put_u32(to + HEAD_SECTIONS, h->sections);
    le_put_u64(to + HEAD_OFFSET, h->offset);
    le_put_u64(to + HEAD_NUMBER, h->number);
    le_put_u64(to + HEAD_POS, h->pos);
    le_put_u64(to + HEAD_BASE, h->base);
    le_put_u32(to + HEAD_BODY_LEN, h->body_len);
    le_put_u32(to + HEAD_ZERO, 0);
    le_put_u64(to + HEAD_TURN, h->turn);
    memcpy(to + HEAD_NONCE, h->nonce, sizeof h->nonce);
}

static uint64_t head_sum(const uint8_t *head, uint64_t store_id)
{
    return hash_sum(head + HEAD_BODY_SUM, HEAD_SIZE - HEAD_BODY_SUM, store_id);
}

/* Of what stands between the head and the mark. The body of another list does not fit. */
static uint64_t body_sum(const uint8_t *list, uint64_t len)
{
    uint8_t place[32];
    assert(len >= HEAD_SIZE + MARK_SIZE);
    le_put_u64(place, le_get_u64(list + HEAD_STORE));
    le_put_u64(place + 8, le_get_u64(list + HEAD_NUMBER));
    le_put_u64(place + 16, le_get_u32(list + HEAD_FILE));
    le_put_u64(place + 24, le_get_u64(list + HEAD_OFFSET));
    uint64_t seed = hash_sum(place, sizeof place, 0);
    return hash_sum(list + HEAD_SIZE, len - HEAD_SIZE - MARK_SIZE, seed);
}

void checkpoint_list_finish(uint8_t *list)
{
    uint32_t body_len = le_get_u32(list + HEAD_BODY_LEN);
    uint64_t len = checkpoint_list_len(body_len);
    assert(body_len <= CHECKPOINT_BODY_MAX);
    uint8_t *end = list + HEAD_SIZE + body_len, *mark = list + len - MARK_SIZE;
    assert(end <= mark);
    memset(end, 0, (size_t)(mark - end));
    uint64_t sum = body_sum(list, len);
    le_put_u64(list + HEAD_BODY_SUM, sum);
    le_put_u64(list + HEAD_SUM, head_sum(list, le_get_u64(list + HEAD_STORE)));
    le_put_u64(mark + MARK_NUMBER, le_get_u64(list + HEAD_NUMBER));
    le_put_u64(mark + MARK_POS, le_get_u64(list + HEAD_POS));
    le_put_u64(mark + MARK_SUM, sum);
}

static void head_read(const uint8_t *from, struct checkpoint_head *ret)
{
    *ret = (struct checkpoint_head){
        .body_sum = le_get_u64(from + HEAD_BODY_SUM),
        .flags = le_get_u32(from + HEAD_FLAGS),
        .store_id = le_get_u64(from + HEAD_STORE),
        .file = le_get_u32(from + HEAD_FILE),
        .sections = le_get_u32(from + HEAD_SECTIONS),
        .offset = le_get_u64(from + HEAD_OFFSET),
        .number = le_get_u64(from + HEAD_NUMBER),
        .pos = le_get_u64(from + HEAD_POS),
        .base = le_get_u64(from + HEAD_BASE),
        .body_len = le_get_u32(from + HEAD_BODY_LEN),
        .turn = le_get_u64(from + HEAD_TURN),
    };
    memcpy(ret->nonce, from + HEAD_NONCE, sizeof ret->nonce);
}

/* What checkpoint_head_encode() asserts, of bytes that somebody may have made. */
static bool is_sound(const struct checkpoint_head *h)
{
    return h->body_len <= CHECKPOINT_BODY_MAX && h->offset % CHECKPOINT_SECTOR == 0 &&
           h->number > 0 && (h->flags & ~(uint32_t)CHECKPOINT_FLAGS) == 0;
}

static bool is_known(uint32_t version)
{
    return version >= CHECKPOINT_VERSION_OLDEST && version <= CHECKPOINT_VERSION;
}

enum checkpoint_verdict checkpoint_head_decode(struct slice in, uint64_t store_id,
                                               struct checkpoint_head *ret)
{
    struct checkpoint_head h;
    if (in.len < HEAD_SIZE) return CHECKPOINT_NO_HEAD;
    uint32_t magic = le_get_u32(in.ptr + HEAD_MAGIC);
    if ((magic & MAGIC_MASK) != MAGIC) return CHECKPOINT_NO_HEAD;
    if (le_get_u64(in.ptr + HEAD_STORE) != store_id) return CHECKPOINT_NO_HEAD;
    if (le_get_u64(in.ptr + HEAD_SUM) != head_sum(in.ptr, store_id)) return CHECKPOINT_NO_HEAD;
    if (!is_known(version_of(magic))) return CHECKPOINT_NEWER_HEAD;
    head_read(in.ptr, &h);
    if (!is_sound(&h)) return CHECKPOINT_NO_HEAD;
    *ret = h;
    return CHECKPOINT_HEAD;
}

bool checkpoint_list_check(const struct checkpoint_head *h, struct slice list)
{
    uint64_t len = checkpoint_list_len(h->body_len);
    if (list.len < len) return false;
    const uint8_t *mark = list.ptr + len - MARK_SIZE;
    if (body_sum(list.ptr, len) != h->body_sum) return false;
    if (le_get_u64(mark + MARK_NUMBER) != h->number) return false;
    if (le_get_u64(mark + MARK_POS) != h->pos) return false;
    if (le_get_u64(mark + MARK_SUM) != h->body_sum) return false;
    if ((h->flags & CHECKPOINT_FLAG_SEALED) != 0) return true;
    return checkpoint_body_check(slice_of(list.ptr + HEAD_SIZE, h->body_len), h->sections);
}

struct slice checkpoint_context(const uint8_t *list)
{
    return slice_of(list + HEAD_MAGIC, HEAD_NONCE - HEAD_MAGIC);
}

/* ---- sections ---- */

void checkpoint_section_encode(const struct checkpoint_section *s, uint8_t *to)
{
    assert(to != NULL);
    assert(s->bytes.len <= CHECKPOINT_BODY_MAX);
    le_put_u64(to + SECTION_OWNER, s->owner);
    le_put_u32(to + SECTION_KIND, s->kind);
    le_put_u32(to + SECTION_LEN, s->bytes.len);
}

bool checkpoint_next(struct slice body, uint32_t *at, struct checkpoint_section *ret)
{
    assert(*at <= body.len);
    struct slice rest = slice_from(body, *at);
    if (rest.len < SECTION_SIZE) return false;
    uint32_t len = le_get_u32(rest.ptr + SECTION_LEN);
    if (rest.len - SECTION_SIZE < len) return false;
    *ret = (struct checkpoint_section){
        .owner = le_get_u64(rest.ptr + SECTION_OWNER),
        .kind = le_get_u32(rest.ptr + SECTION_KIND),
        .bytes = { rest.ptr + SECTION_SIZE, len },
    };
    *at += SECTION_SIZE + len;
    return true;
}

bool checkpoint_body_check(struct slice body, uint32_t sections)
{
    struct checkpoint_section s;
    uint32_t at = 0, count = 0;
    while (checkpoint_next(body, &at, &s)) count++;
    return at == body.len && count == sections;
}
