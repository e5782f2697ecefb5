/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_index.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "codec/highway.h"
#include "crypto/sha256.h"
#include "import/nats_cursor.h"

enum {
    INDEX_MAGIC = 11,
    INDEX_VERSION_TTL = 2,
    INDEX_VERSION_SCHEDULES = 3,
    INDEX_VERSION_LAST_BLOCK = 4,
    INDEX_MIN = 32,
    DELETED_MAGIC = 22,
    DELETED_HEAD = 10,
    WORDS_OLD = 64, /* of version 1 */
    WORDS = 32,
    BLOCK_MIN = 7,  /* bytes of a block's entry */
};

/* ---- the file ---- */

enum err nats_index_body(struct slice file, struct slice stream, struct slice *ret_body)
{
    uint8_t key[HIGHWAY_KEY_SIZE];
    assert(ret_body != NULL);
    if (file.len < INDEX_MIN) return ERR_CORRUPT;
    struct slice body = slice_first(file, file.len - NATS_SUM_SIZE);
    sha256(stream, key);
    if (highway64(key, body) != le_get_u64(body.ptr + body.len)) return ERR_CORRUPT;
    *ret_body = body;
    return ERR_OK;
}

/* ---- numbers, until one is not there ---- */

static struct slice take_bytes(struct nats_cursor *c, uint64_t len)
{
    if (len > c->rest.len) c->is_bad = true;
    if (c->is_bad) return (struct slice){ 0 };
    struct slice bytes = slice_first(c->rest, (uint32_t)len);
    c->rest = slice_from(c->rest, (uint32_t)len);
    return bytes;
}

static uint32_t take_u32(struct nats_cursor *c)
{
    uint64_t value = nats_take(c);
    if (value > UINT32_MAX) c->is_bad = true;
    return (uint32_t)value;
}

/* ---- parts ---- */

static void read_state(struct nats_cursor *c, struct nats_index *x)
{
    x->messages = nats_take(c);
    x->bytes = nats_take(c);
    x->first = nats_take(c);
    x->first_time = nats_take_signed(c);
    x->last = nats_take(c);
    x->last_time = nats_take_signed(c);
}

/* Subjects are told by the messages. */
static void skip_subjects(struct nats_cursor *c)
{
    uint64_t count = nats_take(c);
    for (uint64_t i = 0; i < count && !c->is_bad; i++) {
        uint64_t len = nats_take(c);
        if (len == 0) continue;
        (void)take_bytes(c, len);
        uint64_t messages = nats_take(c);
        (void)nats_take(c);
        if (messages > 1 || c->version >= INDEX_VERSION_LAST_BLOCK) (void)nats_take(c);
    }
}

static uint32_t node_size(uint8_t version)
{
    return 8 + 8 * (version == 1 ? WORDS_OLD : WORDS) + 2;
}

static void read_deleted(struct nats_cursor *c, struct nats_index_block *b)
{
    struct slice head = take_bytes(c, DELETED_HEAD);
    if (c->is_bad) return;
    b->deleted_version = head.ptr[1];
    if (head.ptr[0] != DELETED_MAGIC || b->deleted_version < 1 || b->deleted_version > 2) {
        c->is_bad = true;
        return;
    }
    uint64_t nodes = le_get_u32(head.ptr + 2);
    b->deleted = take_bytes(c, nodes * node_size(b->deleted_version));
}

static void read_block(struct nats_cursor *c, struct nats_index_block *b)
{
    *b = (struct nats_index_block){ .number = take_u32(c) };
    b->bytes = nats_take(c);
    b->first = nats_take(c);
    (void)nats_take_signed(c);
    b->last = nats_take(c);
    (void)nats_take_signed(c);
    b->deleted_count = nats_take(c);
    if (c->version >= INDEX_VERSION_TTL) (void)nats_take(c);
    if (c->version >= INDEX_VERSION_SCHEDULES) (void)nats_take(c);
    if (b->deleted_count > 0 && !c->is_bad) read_deleted(c, b);
}

static void read_blocks(struct nats_cursor *c, struct nats_index *x)
{
    uint64_t count = nats_take(c);
    if (count > c->rest.len / BLOCK_MIN) c->is_bad = true;
    if (c->is_bad || count == 0) return;
    x->blocks = xcalloc((size_t)count, sizeof *x->blocks);
    for (uint64_t i = 0; i < count && !c->is_bad; i++) {
        struct nats_index_block *b = &x->blocks[x->blocks_count++];
        read_block(c, b);
        bool is_behind = i == 0 || b->number > x->blocks[i - 1].number;
        if (!is_behind) c->is_bad = true;
    }
}

enum err nats_index_read(struct slice plain, struct nats_index *ret)
{
    struct nats_index x = { 0 };
    assert(ret != NULL);
    if (plain.len < 2 || plain.ptr[0] != INDEX_MAGIC) return ERR_CORRUPT;
    struct nats_cursor c = { .rest = slice_from(plain, 2), .version = plain.ptr[1] };
    if (c.version < 1 || c.version > INDEX_VERSION_LAST_BLOCK) return ERR_CORRUPT;
    read_state(&c, &x);
    skip_subjects(&c);
    read_blocks(&c, &x);
    x.last_number = take_u32(&c);
    struct slice sum = take_bytes(&c, NATS_SUM_SIZE);
    if (c.is_bad) {
        nats_index_deinit(&x);
        return ERR_CORRUPT;
    }
    memcpy(x.last_sum, sum.ptr, NATS_SUM_SIZE);
    *ret = x;
    return ERR_OK;
}

void nats_index_deinit(struct nats_index *x)
{
    assert(x != NULL);
    xfree(x->blocks);
    *x = (struct nats_index){ 0 };
}

/* ---- questions ---- */

static uint64_t messages_of(const struct nats_index_block *b)
{
    uint64_t all = b->last - b->first + 1;
    return all > b->deleted_count ? all - b->deleted_count : 0;
}

bool nats_index_is_consistent(const struct nats_index *x)
{
    uint64_t messages = 0, bytes = 0, last = 0, first = 0;
    for (uint32_t i = 0; i < x->blocks_count; i++) {
        const struct nats_index_block *b = &x->blocks[i];
        bool is_last = i + 1 == x->blocks_count;
        if (b->last + 1 < b->first) return false;
        if (messages_of(b) == 0 && !is_last) continue;
        if (first == 0) first = b->first;
        if (b->last > last) last = b->last;
        messages += messages_of(b);
        bytes += b->bytes;
    }
    if (x->blocks_count == 0) return false;
    if (x->blocks[x->blocks_count - 1].number != x->last_number) return false;
    if (first > 1 && x->first != first) return false;
    return messages == x->messages && bytes == x->bytes && last == x->last;
}

const struct nats_index_block *nats_index_find(const struct nats_index *x, uint32_t number)
{
    assert(x != NULL);
    for (uint32_t low = 0, high = x->blocks_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        const struct nats_index_block *b = &x->blocks[middle];
        if (b->number == number) return b;
        if (b->number < number) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

/* ---- deleted sequences ---- */

void nats_deleted_init(struct nats_deleted *d, const struct nats_index_block *b)
{
    assert(d != NULL && b != NULL);
    *d = (struct nats_deleted){ .block = b };
}

/* The node that holds the sequence, or what lies between its neighbours. */
static void look_up(struct nats_deleted *d, uint64_t sequence)
{
    const struct nats_index_block *b = d->block;
    uint32_t size = node_size(b->deleted_version);
    uint64_t span = b->deleted_version == 1 ? WORDS_OLD * 64 : WORDS * 64;
    d->from = 0;
    d->to = UINT64_MAX;
    d->words = NULL;
    for (uint32_t at = 0; at + size <= b->deleted.len; at += size) {
        const uint8_t *node = b->deleted.ptr + at;
        uint64_t first = le_get_u64(node);
        uint64_t end = first > UINT64_MAX - span ? UINT64_MAX : first + span;
        if (sequence >= first && sequence < end) {
            *d = (struct nats_deleted){ b, first, end, node + 8 };
            return;
        }
        if (end <= sequence && end > d->from) d->from = end;
        if (first > sequence && first < d->to) d->to = first;
    }
}

bool nats_deleted_has(struct nats_deleted *d, uint64_t sequence)
{
    assert(d->block != NULL);
    if (d->block->deleted_count == 0) return false;
    if (sequence < d->from || sequence >= d->to) look_up(d, sequence);
    if (d->words == NULL) return false;
    uint64_t bit = sequence - d->from;
    return (le_get_u64(d->words + 8 * (bit / 64)) >> bit % 64 & 1) != 0;
}
