/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal.h"

#include "store/journal_internal.h"

void journal_fail(struct journal *j, enum err e, const char *what)
{
    assert(e != ERR_OK);
    assert(what != NULL);
    if (j->is_failed) return;
    j->is_failed = true;
    if (j->o.on_failed != NULL) j->o.on_failed(j->o.ctx, e, what);
    erase_fail(j, e);
}

/* ---- records ---- */

bool journal_next(const struct journal_batch *batch, uint32_t *at, struct journal_record *ret)
{
    struct slice rest = slice_from(batch->body, *at);
    if (rest.len < RECORD_SIZE) return false;
    uint32_t body_len = le_get_u32(rest.ptr + RECORD_LEN);
    if (rest.len - RECORD_SIZE < body_len) return false;
    *ret = (struct journal_record){
        .owner = le_get_u64(rest.ptr + RECORD_OWNER),
        .sequence = le_get_u64(rest.ptr + RECORD_SEQUENCE),
        .kind = le_get_u32(rest.ptr + RECORD_KIND),
        .body = { rest.ptr + RECORD_SIZE, body_len },
    };
    *at += RECORD_SIZE + body_len;
    return true;
}

/* The range names the owner's lowest and highest sequence in the batch. */
static inline void range_add(struct journal_range *r, uint64_t sequence)
{
    if (sequence == 0) return;
    if (r->first_sequence == 0 || sequence < r->first_sequence) r->first_sequence = sequence;
    if (sequence > r->last_sequence) r->last_sequence = sequence;
}

uint8_t *journal_add(struct journal *j, uint64_t owner, uint32_t kind, uint64_t sequence,
                     uint32_t body_len, journal_pos *ret_pos)
{
    assert(body_len <= JOURNAL_BODY_MAX);
    assert(!j->is_read_only);
    if (UNLIKELY(j->is_failed)) return NULL;
    assert(!j->is_unmarked);            /* journal_has_room() has said so */
    uint32_t need = RECORD_SIZE + body_len;
    struct batch *b = j->gather;
    if (UNLIKELY(b->body_len + need > b->body_cap || b->body_len + need > j->batch_max))
        b = batch_reserve(j, need);
    if (UNLIKELY(b->range == NULL || b->range->owner != owner)) b = batch_range(j, owner, need);
    range_add(b->range, sequence);
    const struct journal_record r = { owner, sequence, kind, { NULL, body_len } };
    uint8_t *at = b->body + b->body_len;
    journal_record_encode(&r, at);
    b->body_len += need;
    b->records++;
    *ret_pos = b->pos;
    return at + RECORD_SIZE;
}

void journal_reaches(struct journal *j, uint64_t last_sequence)
{
    assert(last_sequence > 0);
    if (UNLIKELY(j->is_failed)) return;
    assert(j->gather->range != NULL && j->gather->records > 0);
    range_add(j->gather->range, last_sequence);
}

void journal_linger(struct journal *j)
{
    struct batch *b = j->gather;
    if (UNLIKELY(j->is_failed)) return;
    assert(b->records > b->patient);
    if (b->patient++ == 0) b->since = j->now;
}

void journal_hurry(struct journal *j)
{
    assert(j->gather->patient <= j->gather->records);
    j->gather->patient = 0;
}

bool journal_has_room(const struct journal *j, uint32_t body_len, enum journal_use use)
{
    assert(!j->is_read_only);
    if (UNLIKELY(j->is_failed || j->is_unmarked || body_len > JOURNAL_BODY_MAX)) return false;
    /* It may be alone in a batch, with a head and padding of its own. */
    uint64_t more = journal_batch_len(1, RECORD_SIZE + body_len + j->o.seal.overhead);
    if (LIKELY(!j->prep.is_refused && !j->prep.is_held))
        return segments_have_room_for_large(j, more);
    return segments_have_room(j, batches_len(j) + more, use);
}

/* ---- turns ---- */

void journal_tick(struct journal *j, nanos now)
{
    assert(now >= j->now);
    assert(!j->is_read_only);
    j->now = now;
    if (j->is_failed) return;
    commit_tick(j);
    lazy_tick(j);
    segments_tick(j);
    heads_tick(j);
    erase_tick(j);
}

nanos journal_next_due(const struct journal *j)
{
    if (j->is_failed || j->is_read_only) return NANOS_MAX;
    nanos due = segments_next_due(j);
    bool can_mark = j->commit.batch == NULL && j->batch_want == 0;
    if (can_mark && j->mark_due < due) due = j->mark_due;
    if (j->commit.batch == NULL && batch_may_wait(j)) {
        nanos over = j->gather->since + PATIENCE;
        if (over < due) due = over;
    }
    if (!lazy_is_busy(j) && j->lazy.due < due) due = j->lazy.due;
    return j->heads.is_due && !j->heads.is_busy ? j->now : due;
}

void journal_release(struct journal *j, journal_pos up_to)
{
    assert(up_to < j->next_pos);
    if (up_to == j->handed_full) up_to = j->handed; /* behind it are marks only */
    if (up_to <= j->released) return;
    j->released = up_to;
    if (j->is_failed || j->is_read_only) return;
    segments_reclaim(j);
}

/* ---- what others may know ---- */

bool journal_is_anew(const struct journal *j)
{
    assert(j->o.begins_anew && !j->is_read_only);
    return !segments_have_murky(j);
}

journal_pos journal_oldest(const struct journal *j)
{
    assert(j->oldest <= j->next_pos);
    return j->oldest;
}

static bool is_idle(const struct journal *j)
{
    return j->commit.batch == NULL && !batch_waits(j) && !lazy_is_busy(j) &&
           !segments_are_busy(j) && !heads_is_busy(j) && !erase_is_busy(j);
}

void journal_stats(const struct journal *j, struct journal_stats *ret)
{
    struct journal_stats s = j->stats;
    s.gathering = j->is_read_only ? j->next_pos : j->gather->pos;
    s.durable = j->handed_full; /* the number of a mark is nobody's business */
    s.is_failed = j->is_failed;
    s.is_idle = j->is_read_only || is_idle(j);
    segments_count(j, &s);
    *ret = s;
}
