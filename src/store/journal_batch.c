/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/hash.h"
#include "store/journal_internal.h"

/* The index is open-addressed: a slot is the stamp of the batch it speaks of, and the number of a
 * range. A new batch takes a new stamp, and so clears nothing. */
enum {
    INDEX_SLOTS = 2 * JOURNAL_RANGES_MAX,
    INDEX_BITS = 13,
    INDEX_MASK = INDEX_SLOTS - 1,
    RANGES_STEP = 16,
};
static_assert(INDEX_SLOTS == 1 << INDEX_BITS, "a mask finds the slot");
static_assert(BATCH_MAX + JOURNAL_HEAD_MAX < SEGMENT_MAX, "a batch of small records fits anywhere");

/* ---- memory ---- */

static struct batch *batch_new(void)
{
    struct batch *b = xcalloc(1, sizeof *b);
    list_init(&b->node);
    return b;
}

static struct batch *batch_free(struct batch *b)
{
    if (b == NULL) return NULL;
    list_remove(&b->node);
    b->body = xfree(b->body);
    b->ranges = xfree(b->ranges);
    return xfree(b);
}

static void batch_resize(struct batch *b, uint32_t cap)
{
    assert(cap >= b->body_len);
    b->body = xrealloc(b->body, (size_t)cap + JOURNAL_SECTOR);
    b->body_cap = cap;
}

/* A batch begins to gather. */
static void gather_begin(struct journal *j)
{
    assert(j->gather == NULL);
    struct list *node = list_pop(&j->spare);
    if (node != NULL) j->spare_count--;
    struct batch *b = node != NULL ? batch_of(node) : batch_new();
    b->pos = j->next_pos++;
    b->records = 0;
    b->body_len = 0;
    b->ranges_count = 0;
    b->range = NULL;
    b->patient = 0;
    j->gather = b;
    j->index_stamp++;
    if (j->index_stamp < 1U << (32 - INDEX_BITS)) return;
    memset(j->index, 0, INDEX_SLOTS * sizeof *j->index);
    j->index_stamp = 1;
}

void batches_init(struct journal *j)
{
    assert(j->next_pos > 0);
    j->index = xcalloc(INDEX_SLOTS, sizeof *j->index);
    gather_begin(j);
}

void batches_deinit(struct journal *j)
{
    LIST_EACH(&j->closed, node) (void)batch_free(batch_of(node));
    LIST_EACH(&j->spare, node) (void)batch_free(batch_of(node));
    j->gather = batch_free(j->gather);
    j->index = xfree(j->index);
}

void batches_forget(struct journal *j)
{
    LIST_EACH(&j->closed, node) (void)batch_free(batch_of(node));
    j->closed_bytes = 0;
    assert(list_empty(&j->closed));
    if (j->gather->records == 0) return;
    j->gather = batch_free(j->gather);
    gather_begin(j);
}

void batch_done(struct journal *j, struct batch *b)
{
    assert(b != j->gather);
    assert(list_empty(&b->node));
    b->calm = b->body_len <= b->body_cap / 4 ? b->calm + 1 : 0;
    bool is_large = b->body_cap > BATCH_MAX;
    if (is_large || j->spare_count >= BATCHES_SPARE) {
        (void)batch_free(b);
        return;
    }
    b->body_len = 0;
    if (b->calm >= BATCH_CALM && b->body_cap > BATCH_STEP) {
        batch_resize(b, b->body_cap / 2);
        b->calm = 0;
    }
    list_add_head(&j->spare, &b->node); /* the one whose memory is warm */
    j->spare_count++;
}

void batches_give_back(struct journal *j)
{
    LIST_EACH(&j->spare, node) {
        struct batch *b = batch_of(node);
        if (b->body_cap <= BATCH_STEP) continue;
        (void)batch_free(b);
        j->spare_count--;
    }
}

/* ---- records ---- */

static void gather_close(struct journal *j)
{
    struct batch *b = j->gather;
    assert(b->records > 0);
    list_add_tail(&j->closed, &b->node);
    j->closed_bytes += batch_len(j, b);
    j->gather = NULL;
    gather_begin(j);
}

struct batch *batch_reserve(struct journal *j, uint32_t need)
{
    assert(need >= RECORD_SIZE);
    struct batch *b = j->gather;
    if (b->records > 0 && (uint64_t)b->body_len + need > j->batch_max) gather_close(j);
    b = j->gather;
    uint32_t cap = b->body_cap > 0 ? b->body_cap : BATCH_STEP;
    while (cap < j->batch_max && cap - b->body_len < need) cap *= 2;
    if (cap - b->body_len < need) cap = b->body_len + need;
    if (cap != b->body_cap) batch_resize(b, cap);
    return b;
}

static uint32_t *index_find(const struct journal *j, const struct batch *b, uint64_t owner)
{
    for (uint64_t at = hash_u64(owner);; at++) {
        uint32_t *slot = &j->index[at & INDEX_MASK];
        if (*slot >> INDEX_BITS != j->index_stamp) return slot;
        if (b->ranges[*slot & INDEX_MASK].owner == owner) return slot;
    }
}

struct batch *batch_range(struct journal *j, uint64_t owner, uint32_t need)
{
    struct batch *b = j->gather;
    uint32_t *slot = index_find(j, b, owner);
    if (*slot >> INDEX_BITS == j->index_stamp) {
        b->range = &b->ranges[*slot & INDEX_MASK];
        return b;
    }
    if (b->ranges_count == JOURNAL_RANGES_MAX) {
        gather_close(j);
        b = batch_reserve(j, need);
        slot = index_find(j, b, owner);
    }
    if (b->ranges_count == b->ranges_cap) {
        b->ranges_cap = b->ranges_cap > 0 ? b->ranges_cap * 2 : RANGES_STEP;
        b->ranges = xrealloc(b->ranges, b->ranges_cap * sizeof *b->ranges);
    }
    *slot = j->index_stamp << INDEX_BITS | b->ranges_count;
    b->range = &b->ranges[b->ranges_count++];
    *b->range = (struct journal_range){ .owner = owner };
    return b;
}

bool batch_waits(const struct journal *j)
{
    return !list_empty(&j->closed) || j->gather->records > 0;
}

bool batch_may_wait(const struct journal *j)
{
    const struct batch *b = j->gather;
    if (b->records == 0 || b->patient < b->records || !list_empty(&j->closed)) return false;
    /* no time has been told yet when a start has something to say at once */
    return b->body_len < PATIENCE_BYTES && j->now < b->since + PATIENCE;
}

struct batch *batch_take(struct journal *j)
{
    struct list *node = list_pop(&j->closed);
    if (node != NULL) {
        struct batch *b = batch_of(node);
        j->closed_bytes -= batch_len(j, b);
        return b;
    }
    struct batch *b = j->gather;
    j->gather = NULL;
    gather_begin(j);
    return b;
}

uint64_t batches_len(const struct journal *j)
{
    return j->closed_bytes + (j->gather->records > 0 ? batch_len(j, j->gather) : 0);
}
