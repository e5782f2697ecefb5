/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/journal_internal.h"

/* ---- bytes ---- */

/* Authenticated with a sealed body: the head but its sums. */
static struct slice context_of(const uint8_t *head)
{
    uint32_t len = journal_head_len(le_get_u32(head + HEAD_RANGES));
    return slice_of(head + HEAD_MAGIC, len - HEAD_MAGIC);
}

static uint64_t seed_of(const uint8_t *head)
{
    const struct journal_head h = { .store_id = le_get_u64(head + HEAD_STORE),
                                    .pos = le_get_u64(head + HEAD_POS) };
    return journal_body_seed(&h);
}

struct disk_span commit_finish(struct journal *j, uint8_t *head, struct disk_span plain,
                               uint8_t *sealed)
{
    uint64_t seed = seed_of(head);
    uint32_t plain_len = (uint32_t)plain.len;
    assert(plain.len <= JOURNAL_BATCH_BODY_MAX);
    uint64_t sum = journal_body_finish(plain.ptr, plain_len, seed);
    if (sealed == NULL || plain.len == 0) {
        le_put_u32(head + HEAD_BODY_LEN, plain_len);
        journal_head_finish(head, sum);
        return plain;
    }
    const struct journal_seal *seal = &j->o.seal;
    assert(seal->close != NULL && seal->nonce != NULL);
    struct disk_span out = { sealed, plain.len + seal->overhead };
    le_put_u32(head + HEAD_BODY_LEN, (uint32_t)out.len);
    le_put_u32(head + HEAD_FLAGS, JOURNAL_FLAG_SEALED);
    seal->nonce(seal->ctx, head + HEAD_NONCE);
    seal->close(seal->ctx, head + HEAD_NONCE, context_of(head), slice_of(plain.ptr, plain.len),
                sealed);
    journal_head_finish(head, journal_sealed_sum(slice_of(sealed, out.len), seed));
    return out;
}

enum err commit_open_body(const struct journal *j, const uint8_t *head,
                          const struct journal_head *h, uint8_t *body, struct slice *ret_plain)
{
    struct slice stored = slice_of(body, h->body_len);
    assert(h->pos > 0);
    if ((h->flags & JOURNAL_FLAG_SEALED) == 0) {
        if (!journal_body_check(h, stored)) return ERR_CORRUPT;
        *ret_plain = stored;
        return ERR_OK;
    }
    if (journal_sealed_sum(stored, journal_body_seed(h)) != h->body_sum) return ERR_CORRUPT;
    const struct journal_seal *seal = &j->o.seal;
    if (seal->open == NULL || stored.len < j->open_overhead) return ERR_DENIED;
    /* The text is as long as its bytes, or shorter: it takes their place. */
    uint8_t *plain = xalloc(stored.len);
    enum err e = seal->open(seal->ctx, h->nonce, context_of(head), stored, plain);
    uint32_t plain_len = stored.len - j->open_overhead;
    if (!e) memcpy(body, plain, plain_len);
    xfree(plain);
    if (e) return ERR_DENIED;
    *ret_plain = slice_of(body, plain_len);
    return ERR_OK;
}

static uint32_t grown(uint32_t cap, uint64_t need)
{
    assert(need <= UINT32_MAX / 2);
    uint32_t more = cap > 0 ? cap : 4096;
    while (more < need) more *= 2;
    return more;
}

/* The head of this batch, its ranges behind it, and zeros up to the next sector. */
static void encode_head(struct journal *j, const struct batch *b, const struct segment *s)
{
    struct commit *c = &j->commit;
    uint32_t len = journal_head_len(b->ranges_count);
    if (c->head_cap < len + JOURNAL_SECTOR) {
        c->head_cap = grown(c->head_cap, (uint64_t)len + JOURNAL_SECTOR);
        c->head = xrealloc(c->head, c->head_cap);
    }
    const struct journal_head h = {
        .store_id = j->o.store_id,
        .generation = s->generation,
        .segment = s->number,
        .ranges = b->ranges_count,
        .offset = s->used,
        .pos = b->pos,
        .before = j->last_full,
        .link_before = j->last_link,
        .durable = j->synced_full,
        .records = b->records,
    };
    journal_head_encode(&h, c->head);
    uint8_t *at = c->head + HEAD_SIZE;
    for (uint32_t i = 0; i < b->ranges_count; i++, at += RANGE_SIZE) {
        le_put_u64(at + RANGE_OWNER, b->ranges[i].owner);
        le_put_u64(at + RANGE_FIRST, b->ranges[i].first_sequence);
        le_put_u64(at + RANGE_LAST, b->ranges[i].last_sequence);
    }
    memset(at, 0, JOURNAL_SECTOR);
    if (b->records == 0) return;
    j->last_full = b->pos;
    j->last_link = journal_link(&h);
}

static uint8_t *sealed_room(struct journal *j, const struct batch *b)
{
    struct commit *c = &j->commit;
    if (!journal_is_sealed(j) || b->records == 0) return NULL;
    uint64_t need = (uint64_t)b->body_len + j->o.seal.overhead + JOURNAL_SECTOR;
    if (c->sealed_cap < need) {
        c->sealed_cap = grown(c->sealed_cap, need);
        c->sealed = xrealloc(c->sealed, c->sealed_cap);
    }
    return c->sealed;
}

/* ---- one batch ---- */

static void submit(struct journal *j, struct batch *b, struct segment *s)
{
    struct commit *c = &j->commit;
    uint64_t len = batch_len(j, b);
    assert(c->batch == NULL);
    assert(s->used + len <= s->size);
    encode_head(j, b, s);
    uint32_t head_len = journal_head_len(b->ranges_count);
    struct disk_span body = commit_finish(j, c->head, (struct disk_span){ b->body, b->body_len },
                                          sealed_room(j, b));
    c->spans[0] = (struct disk_span){ c->head, b->records > 0 ? head_len : len };
    c->spans[1] = (struct disk_span){ body.ptr, len - head_len };
    if (b->records > 0) memset(body.ptr + body.len, 0, len - head_len - body.len);
    c->batch = b;
    c->segment = s;
    c->since = 0;
    bool is_lazy = j->o.sync == JOURNAL_SYNC_LAZY && b->records > 0;
    c->op.kind = is_lazy ? DISK_WRITE : DISK_WRITE_SYNC;
    c->op.file = s->file;
    c->op.offset = s->used;
    c->op.spans_count = b->records > 0 ? 2 : 1;
    segment_add_place(s, (struct place){ b->pos, (uint32_t)(s->used / JOURNAL_SECTOR),
                                         (uint32_t)(len / JOURNAL_SECTOR) });
    s->used += len;
    disk_submit(j->o.queue, &c->op);
}

/* ---- the next one ---- */

static void begin(struct journal *j, uint64_t len, bool is_mark)
{
    struct segment *s = segments_place(j, len);
    if (s == NULL) return; /* one is being prepared; the tick after that looks again */
    if (UNLIKELY(erase_is_in_way(j, s, len))) return;
    if (is_mark) batches_give_back(j);
    j->mark_due = NANOS_MAX;
    submit(j, batch_take(j), s);
}

/* False: nobody waits for one. */
static bool begin_next(struct journal *j)
{
    assert(j->commit.batch == NULL && !j->is_failed);
    if (batch_may_wait(j)) return true;
    if (!batch_waits(j)) return false;
    bool is_closed = !list_empty(&j->closed);
    begin(j, batch_len(j, is_closed ? batch_of(j->closed.next) : j->gather), false);
    return true;
}

static void written(struct journal *j, struct batch *b, uint64_t len)
{
    bool is_synced = j->commit.op.kind == DISK_WRITE_SYNC;
    assert(b->pos > j->handed);
    assert(!j->is_unmarked || b->records == 0); /* the mark comes before all else */
    j->handed = b->pos;
    j->stats.bytes += len;
    j->stats.batches++;
    j->stats.records += b->records;
    if (is_synced) j->stats.syncs++;
    j->is_unmarked = false;
    if (b->records == 0) {
        heads_mark(j, j->commit.head);
        return;
    }
    heads_keep(j, j->commit.head);
    j->handed_full = b->pos;
    if (is_synced) {
        j->synced_full = b->pos;
        j->mark_due = j->now + MARK_DELAY;
    } else {
        lazy_written(j, j->commit.segment);
    }
    const struct journal_batch up = { b->pos, b->records, slice_of(b->body, b->body_len) };
    /* what has gathered meanwhile is on its way while this one is applied */
    (void)begin_next(j);
    j->o.on_batch(j->o.ctx, &up);
}

static void on_written(struct disk_op *op)
{
    struct commit *c = container_of(op, struct commit, op);
    struct journal *j = container_of(c, struct journal, commit);
    struct batch *b = c->batch;
    assert(b != NULL);
    c->batch = NULL;
    c->is_measured = true;
    c->measured = c->since;
    if (op->result) journal_fail(j, op->result, "a batch of the journal cannot be written");
    else if (!j->is_failed) written(j, b, batch_len(j, b));
    batch_done(j, b);
}

void commit_init(struct journal *j)
{
    struct commit *c = &j->commit;
    assert(j->o.queue != NULL);
    c->op.lane = DISK_LANE_COMMIT;
    c->op.matter = DISK_MATTER_JOURNAL;
    c->op.done = on_written;
    c->op.spans = c->spans;
}

void commit_deinit(struct journal *j)
{
    assert(j->commit.batch == NULL);
    j->commit.head = xfree(j->commit.head);
    j->commit.sealed = xfree(j->commit.sealed);
}

enum err commit_mark_now(struct journal *j, struct segment *s)
{
    struct batch *b = batch_take(j);
    struct commit *c = &j->commit;
    assert(c->batch == NULL && b->records == 0);
    assert(s->size - s->used >= JOURNAL_SECTOR);
    encode_head(j, b, s);
    (void)commit_finish(j, c->head, (struct disk_span){ NULL, 0 }, NULL);
    segment_add_place(s, (struct place){ b->pos, (uint32_t)(s->used / JOURNAL_SECTOR), 1 });
    batch_done(j, b);
    struct slice bytes = slice_of(c->head, JOURNAL_SECTOR);
    enum err e = j->o.disk->write(j->o.disk, s->file, s->used, bytes);
    s->used += JOURNAL_SECTOR;
    if (!e) e = j->o.disk->sync(j->o.disk, s->file);
    if (!e) heads_mark(j, c->head);
    return e;
}

/* ---- turns ---- */

/* One that began between two ticks counts from the second on. */
static void measure(struct journal *j)
{
    struct commit *c = &j->commit;
    if (c->batch != NULL && c->since == 0) c->since = j->now;
    if (!c->is_measured) return;
    c->is_measured = false;
    nanos took = c->measured == 0 ? 0 : j->now - c->measured;
    if (took > j->stats.sync_longest) j->stats.sync_longest = took;
}

/* Idle, and nothing says yet that the last batch is durable: an empty one will. */
static bool mark_is_due(const struct journal *j)
{
    return j->mark_due <= j->now && j->synced_full == j->last_full;
}

void commit_tick(struct journal *j)
{
    measure(j);
    if (j->commit.batch != NULL) return;
    if (!begin_next(j) && mark_is_due(j)) begin(j, journal_batch_len(0, 0), true);
    if (j->commit.batch != NULL) j->commit.since = j->now;
}
