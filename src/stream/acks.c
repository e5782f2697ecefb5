/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/acks.h"

#include "base/assert.h"

static_assert(sizeof(struct acks) <= 104, "the budget of an idle consumer");

void acks_init(struct acks *a, enum acks_policy policy, uint64_t stream_seq)
{
    assert(policy <= ACKS_FLOW_CONTROL);
    assert(stream_seq < UINT64_MAX);
    *a = (struct acks){
        .delivered = { .stream_seq = stream_seq },
        .floor = { .stream_seq = stream_seq },
        .policy = (uint8_t)policy,
        .is_changed = true,
    };
}

void acks_deinit(struct acks *a)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    ack_list_deinit(&a->pending);
    ack_list_deinit(&a->spent);
}

void acks_trim(struct acks *a)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    ack_list_trim(&a->pending);
    ack_list_trim(&a->spent);
}

static bool is_ack_all(const struct acks *a)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    return a->policy == ACKS_ALL || a->policy == ACKS_FLOW_CONTROL;
}

static void tell(struct acks_unneeded *unneeded, uint64_t first, uint64_t last)
{
    assert(last < UINT64_MAX);
    assert(first <= last);
    if (unneeded != NULL) unneeded->range(unneeded, first, last);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- deliveries ---- */

static void deliver_again(struct acks *a, const struct acks_command *c)
{
    assert(c->stream_seq <= a->delivered.stream_seq);
    struct ack_entry *e = ack_list_find(&a->pending, c->stream_seq);
    if (e == NULL) return; /* acked while the command was on its way: only the number is used up */
    assert(e->deliveries > 0);
    a->again += e->deliveries == 1 && c->deliveries > 1;
    if (c->deliveries > e->deliveries) e->deliveries = c->deliveries;
    e->time = c->time;
    e->is_changed = true;
}

static void deliver_first(struct acks *a, const struct acks_command *c)
{
    assert(c->stream_seq > a->delivered.stream_seq);
    assert(c->consumer_seq > a->floor.consumer_seq);
    const struct ack_entry e = {
        .stream_seq = c->stream_seq,
        .consumer_seq = c->consumer_seq,
        .time = c->time,
        .deliveries = c->deliveries == 0 ? 1 : c->deliveries,
    };
    (void)ack_list_add(&a->pending, &e);
    a->again += e.deliveries > 1;
    a->delivered.stream_seq = c->stream_seq;
}

/* Policy none: where numbers are left out, what was delivered under them is not known one by one,
 * but it is behind what was known before. */
static void deliver_acked(struct acks *a, const struct acks_command *c,
                          struct acks_unneeded *unneeded)
{
    bool is_next = c->consumer_seq == a->delivered.consumer_seq + 1;
    uint64_t first = is_next ? c->stream_seq : min_u64(c->stream_seq, a->floor.stream_seq + 1);
    assert(a->pending.live == 0);
    a->delivered.consumer_seq = c->consumer_seq;
    a->delivered.stream_seq = max_u64(a->delivered.stream_seq, c->stream_seq);
    a->floor = a->delivered;
    assert(first > 0);
    tell(unneeded, first, c->stream_seq);
}

static enum acks_verdict on_deliver(struct acks *a, const struct acks_command *c,
                                    struct acks_unneeded *unneeded)
{
    assert(c->stream_seq > 0 && c->stream_seq < UINT64_MAX);
    assert(c->consumer_seq > 0);
    if (c->consumer_seq <= a->delivered.consumer_seq) return ACKS_NOTHING;
    if (a->policy == ACKS_NONE) {
        deliver_acked(a, c, unneeded);
        return ACKS_DONE;
    }
    if (c->stream_seq <= a->delivered.stream_seq) deliver_again(a, c);
    else deliver_first(a, c);
    a->delivered.consumer_seq = c->consumer_seq;
    return ACKS_DONE;
}

/* ---- acks ---- */

static void pending_remove(struct acks *a, struct ack_entry *e)
{
    assert(e != NULL);
    assert(a->again <= a->pending.live);
    a->again -= e->deliveries > 1;
    ack_list_remove(&a->pending, e);
}

/* After the message of these sequences left the pending ones. */
static void floor_move(struct acks *a, struct acks_position gone)
{
    assert(gone.stream_seq > a->floor.stream_seq);
    assert(gone.stream_seq <= a->delivered.stream_seq);
    const struct ack_entry *first = ack_list_first(&a->pending);
    if (first == NULL) {
        a->floor = a->delivered;
    } else if (gone.consumer_seq == a->floor.consumer_seq + 1) {
        assert(first->stream_seq > gone.stream_seq);
        a->floor.consumer_seq = first->consumer_seq - 1;
        a->floor.stream_seq = first->stream_seq - 1;
    }
}

/* As acked, gone or terminated: the floor may move. False: it was not pending. */
static bool pending_finish(struct acks *a, uint64_t stream_seq)
{
    assert(stream_seq <= a->delivered.stream_seq);
    struct ack_entry *e = ack_list_find(&a->pending, stream_seq);
    if (e == NULL) return false;
    assert(e->stream_seq == stream_seq);
    const struct acks_position gone = { e->consumer_seq, e->stream_seq };
    pending_remove(a, e);
    floor_move(a, gone);
    return true;
}

static bool spent_drop(struct acks *a, uint64_t stream_seq)
{
    assert(stream_seq <= a->delivered.stream_seq);
    struct ack_entry *e = ack_list_find(&a->spent, stream_seq);
    if (e == NULL) return false;
    assert(e->stream_seq == stream_seq);
    ack_list_remove(&a->spent, e);
    return true;
}

static uint32_t spent_drop_up_to(struct acks *a, uint64_t last, struct acks_unneeded *unneeded)
{
    struct ack_entry *e;
    uint32_t count = ack_list_count(&a->spent);
    while ((e = ack_list_first(&a->spent)) != NULL && e->stream_seq <= last) {
        uint64_t seq = e->stream_seq;
        assert(seq <= a->delivered.stream_seq);
        ack_list_remove(&a->spent, e);
        tell(unneeded, seq, seq);
    }
    return count - ack_list_count(&a->spent);
}

static void pending_drop_up_to(struct acks *a, uint64_t last, struct acks_unneeded *unneeded)
{
    struct ack_entry *e;
    while ((e = ack_list_first(&a->pending)) != NULL && e->stream_seq <= last) {
        uint64_t seq = e->stream_seq;
        assert(seq > a->floor.stream_seq);
        pending_remove(a, e);
        tell(unneeded, seq, seq);
    }
}

/* Deliveries under flow control do not wait for the log: the client has seen more than an earlier
 * leader could make durable. It cannot have seen more deliveries than there are sequences. */
static void delivered_catch_up(struct acks *a, const struct acks_command *c)
{
    assert(a->policy == ACKS_FLOW_CONTROL);
    assert(c->stream_seq > a->delivered.stream_seq);
    uint64_t most = a->delivered.consumer_seq + (c->stream_seq - a->delivered.stream_seq);
    uint64_t seen = min_u64(c->consumer_seq, most);
    a->delivered.consumer_seq = max_u64(a->delivered.consumer_seq, seen);
    a->delivered.stream_seq = c->stream_seq;
}

static enum acks_verdict ack_up_to(struct acks *a, const struct acks_command *c,
                                   struct acks_unneeded *unneeded)
{
    assert(is_ack_all(a));
    if (c->stream_seq <= a->floor.stream_seq)
        return spent_drop_up_to(a, c->stream_seq, unneeded) > 0 ? ACKS_DONE : ACKS_NOTHING;
    if (c->consumer_seq <= a->floor.consumer_seq) return ACKS_NOTHING;
    if (c->stream_seq > a->delivered.stream_seq) {
        if (a->policy != ACKS_FLOW_CONTROL) return ACKS_AHEAD;
        delivered_catch_up(a, c);
    }
    pending_drop_up_to(a, c->stream_seq, unneeded);
    (void)spent_drop_up_to(a, c->stream_seq, unneeded);
    uint64_t consumer_seq = min_u64(c->consumer_seq, a->delivered.consumer_seq);
    const struct ack_entry *first = ack_list_first(&a->pending);
    if (first != NULL) consumer_seq = min_u64(consumer_seq, first->consumer_seq - 1);
    a->floor.consumer_seq = max_u64(a->floor.consumer_seq, consumer_seq);
    a->floor.stream_seq = c->stream_seq;
    assert(a->floor.consumer_seq <= a->delivered.consumer_seq);
    return ACKS_DONE;
}

static enum acks_verdict on_ack(struct acks *a, const struct acks_command *c,
                                struct acks_unneeded *unneeded)
{
    if (a->policy == ACKS_NONE) return ACKS_NOTHING;
    if (is_ack_all(a)) return ack_up_to(a, c, unneeded);
    if (c->stream_seq > a->delivered.stream_seq) return ACKS_AHEAD;
    assert(a->policy == ACKS_EXPLICIT);
    if (!pending_finish(a, c->stream_seq) && !spent_drop(a, c->stream_seq)) return ACKS_NOTHING;
    assert(!acks_needs(a, c->stream_seq));
    tell(unneeded, c->stream_seq, c->stream_seq);
    return ACKS_DONE;
}

static enum acks_verdict on_touch(struct acks *a, const struct acks_command *c,
                                  struct acks_unneeded *unneeded)
{
    assert(c->stream_seq > 0);
    (void)unneeded;
    struct ack_entry *e = ack_list_find(&a->pending, c->stream_seq);
    if (e == NULL || e->time == c->time) return ACKS_NOTHING;
    assert(a->policy != ACKS_NONE);
    e->time = c->time;
    e->is_changed = true;
    return ACKS_DONE;
}

static enum acks_verdict on_exhaust(struct acks *a, const struct acks_command *c,
                                    struct acks_unneeded *unneeded)
{
    assert(c->stream_seq > 0);
    (void)unneeded;
    struct ack_entry *e = ack_list_find(&a->pending, c->stream_seq);
    if (e == NULL) return ACKS_NOTHING;
    assert(ack_list_find(&a->spent, c->stream_seq) == NULL);
    const struct ack_entry spent = *e;
    pending_remove(a, e);
    (void)ack_list_add(&a->spent, &spent);
    assert(acks_needs(a, c->stream_seq));
    return ACKS_DONE;
}

/* ---- what happens to the stream ---- */

static enum acks_verdict on_remove(struct acks *a, const struct acks_command *c,
                                   struct acks_unneeded *unneeded)
{
    assert(c->stream_seq > 0);
    (void)unneeded;
    if (c->stream_seq > a->delivered.stream_seq) return ACKS_NOTHING;
    assert(a->policy != ACKS_NONE || a->pending.live == 0);
    bool was_there = pending_finish(a, c->stream_seq) || spent_drop(a, c->stream_seq);
    return was_there ? ACKS_DONE : ACKS_NOTHING;
}

static enum acks_verdict on_compact(struct acks *a, const struct acks_command *c,
                                    struct acks_unneeded *unneeded)
{
    assert(c->stream_seq < UINT64_MAX);
    (void)unneeded;
    if (c->stream_seq == 0 || c->stream_seq - 1 <= a->floor.stream_seq) {
        const struct ack_entry *oldest = ack_list_first(&a->spent);
        if (oldest == NULL || oldest->stream_seq >= c->stream_seq) return ACKS_NOTHING;
    }
    uint64_t last = c->stream_seq - 1;
    a->delivered.stream_seq = max_u64(a->delivered.stream_seq, last);
    pending_drop_up_to(a, last, NULL);
    (void)spent_drop_up_to(a, last, NULL);
    const struct ack_entry *first = ack_list_first(&a->pending);
    if (first == NULL) {
        a->floor = a->delivered;
    } else if (last > a->floor.stream_seq) {
        assert(first->stream_seq > last);
        a->floor.consumer_seq = first->consumer_seq - 1;
        a->floor.stream_seq = last;
    }
    return ACKS_DONE;
}

static enum acks_verdict on_skip(struct acks *a, const struct acks_command *c,
                                 struct acks_unneeded *unneeded)
{
    assert(c->stream_seq < UINT64_MAX);
    (void)unneeded;
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    if (c->stream_seq <= a->delivered.stream_seq) return ACKS_NOTHING;
    a->delivered.stream_seq = c->stream_seq;
    if (a->policy == ACKS_NONE) a->floor = a->delivered;
    return ACKS_DONE;
}

static enum acks_verdict on_reset(struct acks *a, const struct acks_command *c,
                                  struct acks_unneeded *unneeded)
{
    assert(c->stream_seq > 0);
    uint64_t last = c->stream_seq - 1;
    uint64_t first = a->floor.stream_seq + 1;
    const struct ack_entry *spent = ack_list_first(&a->spent);
    if (spent != NULL) first = min_u64(first, spent->stream_seq);
    assert(first > 0);
    ack_list_clear(&a->pending);
    ack_list_clear(&a->spent);
    a->again = 0;
    a->delivered = (struct acks_position){ .stream_seq = last };
    a->floor = a->delivered;
    a->is_based = false;
    if (first <= last) tell(unneeded, first, last);
    return ACKS_DONE;
}

enum acks_verdict acks_apply(struct acks *a, const struct acks_command *c,
                             struct acks_unneeded *unneeded)
{
    static enum acks_verdict (*const on[])(struct acks *, const struct acks_command *,
                                           struct acks_unneeded *) = {
        [ACKS_DELIVER] = on_deliver, [ACKS_ACK] = on_ack,         [ACKS_TOUCH] = on_touch,
        [ACKS_EXHAUST] = on_exhaust, [ACKS_REMOVE] = on_remove,   [ACKS_COMPACT] = on_compact,
        [ACKS_SKIP] = on_skip,       [ACKS_RESET] = on_reset,
    };
    assert((unsigned)c->kind < ARRAY_COUNT(on));
    enum acks_verdict verdict = on[c->kind](a, c, unneeded);
    if (verdict == ACKS_DONE) a->is_changed = true;
    assert_slow((acks_check(a), true));
    return verdict;
}

/* ---- questions ---- */

uint32_t acks_num_pending(const struct acks *a)
{
    assert(a->policy != ACKS_NONE || a->pending.live == 0);
    return ack_list_count(&a->pending);
}

uint32_t acks_num_redelivered(const struct acks *a)
{
    assert(a->again <= a->pending.live);
    return a->again + ack_list_count(&a->spent);
}

const struct ack_entry *acks_find(const struct acks *a, uint64_t stream_seq)
{
    return ack_list_find(&a->pending, stream_seq);
}

const struct ack_entry *acks_from(const struct acks *a, uint64_t stream_seq)
{
    return ack_list_from(&a->pending, stream_seq);
}

bool acks_is_spent(const struct acks *a, uint64_t stream_seq)
{
    return ack_list_find(&a->spent, stream_seq) != NULL;
}

bool acks_needs(const struct acks *a, uint64_t stream_seq)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    if (acks_is_spent(a, stream_seq)) return true;
    if (stream_seq <= a->floor.stream_seq) return false;
    if (stream_seq > a->delivered.stream_seq || a->policy != ACKS_EXPLICIT) return true;
    return acks_find(a, stream_seq) != NULL;
}

uint64_t acks_bytes(const struct acks *a)
{
    return ack_list_bytes(&a->pending) + ack_list_bytes(&a->spent);
}

void acks_check(const struct acks *a)
{
    ack_list_check(&a->pending);
    ack_list_check(&a->spent);
    assert(a->floor.consumer_seq <= a->delivered.consumer_seq);
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    struct acks_position before = a->floor;
    uint32_t again = 0;
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = ack_list_next(&a->pending, &at)) != NULL;) {
        assert(e->stream_seq > before.stream_seq);
        assert(e->consumer_seq > before.consumer_seq);
        before = (struct acks_position){ e->consumer_seq, e->stream_seq };
        again += e->deliveries > 1;
    }
    assert(before.consumer_seq <= a->delivered.consumer_seq);
    assert(before.stream_seq <= a->delivered.stream_seq);
    assert(again == a->again);
    struct ack_entry *spent = ack_list_from(&a->spent, a->delivered.stream_seq + 1);
    assert(spent == NULL);
    if (a->policy == ACKS_NONE) assert(a->pending.live + a->spent.live == 0);
}
