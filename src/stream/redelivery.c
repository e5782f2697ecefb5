/* SPDX-License-Identifier: Apache-2.0 */
/* The truth about a message is its entry in `pending`. The heap and the queues only point to it and
 * may be outdated, so that an ack touches neither:
 *  - For each entry that is not queued the heap holds an element at or before its time. One that
 *    comes too early is put back for the right time when it surfaces, one that comes too late is
 *    dropped.
 *  - An element of a queue counts if the entry bears its number: even ones are due again, odd ones
 *    exhausted.
 * What is outdated is swept when it outnumbers what counts. */
#include "stream/redelivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { SLACK = 64 }; /* outdated elements that are not worth a sweep */

void redelivery_init(struct redelivery *r, const struct redelivery_config *config)
{
    assert(config->ack_wait > 0 || config->backoff_count > 0);
    assert(config->backoff_count == 0 || config->backoff != NULL);
    *r = (struct redelivery){ .config = *config, .numbers = 2 };
}

static void queue_reset(struct redelivery_queue *q)
{
    assert(q->from <= q->end);
    assert(q->end <= q->cap);
    q->from = q->end = q->live = 0;
}

static void queue_deinit(struct redelivery_queue *q)
{
    assert(q->live == 0);
    queue_reset(q);
    q->items = xfree(q->items);
    q->cap = 0;
    assert(q->live == 0);
}

void redelivery_clear(struct redelivery *r)
{
    ack_list_clear(&r->pending);
    queue_reset(&r->again);
    queue_reset(&r->exhausted);
    r->heap_count = 0;
    assert(r->pending.live == 0);
    assert(r->again.live + r->exhausted.live == 0);
}

void redelivery_deinit(struct redelivery *r)
{
    redelivery_clear(r);
    redelivery_trim(r);
    assert(r->heap == NULL);
    assert(r->pending.entries == NULL);
}

void redelivery_trim(struct redelivery *r)
{
    assert(r->heap_count <= r->heap_cap);
    assert(r->again.live + r->exhausted.live <= r->pending.live);
    ack_list_trim(&r->pending);
    if (r->again.live == 0) queue_deinit(&r->again);
    if (r->exhausted.live == 0) queue_deinit(&r->exhausted);
    if (r->pending.live > 0) return;
    r->heap = xfree(r->heap);
    r->heap_count = r->heap_cap = 0;
}

/* ---- the heap ---- */

static bool is_before(struct redelivery_due a, struct redelivery_due b)
{
    assert(a.stream_seq > 0);
    assert(b.stream_seq > 0);
    return a.at != b.at ? a.at < b.at : a.stream_seq < b.stream_seq;
}

static void heap_rise(struct redelivery *r, uint32_t at)
{
    assert(r->heap_count <= r->heap_cap);
    struct redelivery_due due = r->heap[at];
    assert(at < r->heap_count);
    for (; at > 0 && is_before(due, r->heap[(at - 1) / 2]); at = (at - 1) / 2)
        r->heap[at] = r->heap[(at - 1) / 2];
    r->heap[at] = due;
}

static void heap_sink(struct redelivery *r, uint32_t at)
{
    struct redelivery_due due = r->heap[at];
    assert(at < r->heap_count);
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= r->heap_count) break;
        if (child + 1 < r->heap_count && is_before(r->heap[child + 1], r->heap[child])) child++;
        if (!is_before(r->heap[child], due)) break;
        r->heap[at] = r->heap[child];
        at = child;
    }
    r->heap[at] = due;
    assert(at < r->heap_count);
}

/* One element for each entry that waits for its time, and no more. */
static void heap_sweep(struct redelivery *r)
{
    const struct ack_entry *e;
    r->heap_count = 0;
    for (uint32_t at = 0; (e = ack_list_next(&r->pending, &at)) != NULL;) {
        if (e->consumer_seq != 0) continue;
        assert(r->heap_count < r->heap_cap);
        r->heap[r->heap_count++] = (struct redelivery_due){ e->time, e->stream_seq };
    }
    for (uint32_t at = r->heap_count / 2; at-- > 0;) heap_sink(r, at);
    assert(r->heap_count <= r->pending.live);
}

static void heap_push(struct redelivery *r, nanos at, uint64_t stream_seq)
{
    if (r->heap_count == r->heap_cap) {
        assert(r->heap_cap <= UINT32_MAX / 4);
        r->heap_cap = r->heap_cap == 0 ? 4 : r->heap_cap * 2;
        r->heap = xrealloc(r->heap, r->heap_cap * sizeof(*r->heap));
    }
    r->heap[r->heap_count++] = (struct redelivery_due){ at, stream_seq };
    heap_rise(r, r->heap_count - 1);
    if (r->heap_count > 2 * (uint64_t)r->pending.live + SLACK) heap_sweep(r);
    assert(r->heap_count <= r->heap_cap);
}

static void heap_pop(struct redelivery *r)
{
    assert(r->heap_count > 0);
    r->heap[0] = r->heap[--r->heap_count];
    if (r->heap_count > 0) heap_sink(r, 0);
    assert(r->heap_count < r->heap_cap);
}

/* The entry that waits for its time the shortest; what is outdated before it goes. NULL: none. */
static struct ack_entry *heap_first(struct redelivery *r)
{
    while (r->heap_count > 0) {
        const struct redelivery_due due = r->heap[0];
        struct ack_entry *e = ack_list_find(&r->pending, due.stream_seq);
        bool waits = e != NULL && e->consumer_seq == 0;
        if (waits && e->time == due.at) return e;
        heap_pop(r);
        if (waits && e->time > due.at) heap_push(r, e->time, due.stream_seq);
    }
    assert(r->again.live + r->exhausted.live == r->pending.live);
    assert(r->heap_count == 0);
    return NULL;
}

/* ---- the queues ---- */

static bool is_queued_as(const struct redelivery *r, struct redelivery_item q)
{
    const struct ack_entry *e = ack_list_find(&r->pending, q.stream_seq);
    assert(q.number > 1);
    assert(e == NULL || e->stream_seq == q.stream_seq);
    return e != NULL && e->consumer_seq == q.number;
}

static struct redelivery_queue *queue_of(struct redelivery *r, uint64_t number)
{
    assert(number > 1);
    assert(number <= r->numbers + 1);
    return number % 2 == 0 ? &r->again : &r->exhausted;
}

/* A free place at the end: outdated elements go before the array grows. */
static void queue_make_room(struct redelivery *r, struct redelivery_queue *q)
{
    if (q->end < q->cap) return;
    uint32_t end = 0;
    for (uint32_t i = q->from; i < q->end; i++)
        if (is_queued_as(r, q->items[i])) q->items[end++] = q->items[i];
    assert(end == q->live);
    q->from = 0;
    q->end = end;
    if (end <= q->cap / 2 && q->cap > 0) return;
    assert(q->cap <= UINT32_MAX / 4);
    q->cap = q->cap == 0 ? 4 : q->cap * 2;
    q->items = xrealloc(q->items, q->cap * sizeof(*q->items));
}

static void enqueue(struct redelivery *r, struct ack_entry *e)
{
    assert(e->consumer_seq == 0);
    uint32_t max = r->config.max_deliver;
    bool is_exhausted = max > 0 && e->deliveries >= max;
    uint64_t number = r->numbers + is_exhausted;
    r->numbers += 2;
    struct redelivery_queue *q = queue_of(r, number);
    queue_make_room(r, q);
    e->consumer_seq = number;
    q->items[q->end++] = (struct redelivery_item){ e->stream_seq, number };
    q->live++;
    assert(q->live <= q->end - q->from);
}

static void dequeue(struct redelivery *r, struct ack_entry *e)
{
    if (e->consumer_seq == 0) return;
    struct redelivery_queue *q = queue_of(r, e->consumer_seq);
    assert(q->live > 0);
    q->live--;
    e->consumer_seq = 0;
    if (q->live == 0) queue_reset(q);
    assert(q->live <= q->end - q->from);
}

/* The first that counts; NULL: none. */
static struct ack_entry *queue_first(struct redelivery *r, struct redelivery_queue *q)
{
    if (q->live == 0) return NULL;
    while (!is_queued_as(r, q->items[q->from])) q->from++;
    assert(q->from < q->end);
    struct ack_entry *e = ack_list_find(&r->pending, q->items[q->from].stream_seq);
    assert(e != NULL);
    return e;
}

/* ---- what happens to a message ---- */

static nanos wait_after(const struct redelivery *r, uint32_t deliveries)
{
    const struct redelivery_config *c = &r->config;
    assert(deliveries > 0);
    if (c->backoff_count == 0) return c->ack_wait;
    uint32_t index = deliveries < c->backoff_count ? deliveries - 1 : c->backoff_count - 1;
    assert(index < c->backoff_count);
    return c->backoff[index];
}

static nanos later(nanos at, nanos by)
{
    assert(by >= 0);
    assert(at >= 0);
    return nanos_add(at, by);
}

/* How much longer than before. */
static nanos wait_grown(const struct redelivery *r, const struct redelivery *before,
                        uint32_t deliveries)
{
    assert(deliveries > 0);
    return wait_after(r, deliveries) - wait_after(before, deliveries);
}

void redelivery_configure(struct redelivery *r, const struct redelivery_config *config)
{
    const struct redelivery before = { .config = r->config };
    const struct ack_entry *each;
    assert(config->ack_wait > 0 || config->backoff_count > 0);
    assert(config->backoff_count == 0 || config->backoff != NULL);
    r->config = *config;
    for (uint32_t at = 0; (each = ack_list_next(&r->pending, &at)) != NULL;) {
        struct ack_entry *e = ack_list_find(&r->pending, each->stream_seq);
        nanos grown = wait_grown(r, &before, e->deliveries);
        if (e->consumer_seq != 0 || e->time == NANOS_MAX || grown == 0) continue;
        e->time = grown > 0 ? later(e->time, grown) : e->time > -grown ? e->time + grown : 0;
    }
    heap_sweep(r);
    assert_slow((redelivery_check(r), true));
}

void redelivery_track(struct redelivery *r, uint64_t stream_seq, uint32_t deliveries, nanos at)
{
    assert(stream_seq > 0);
    assert(deliveries > 0);
    nanos due = later(at, wait_after(r, deliveries));
    struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL) {
        const struct ack_entry fresh = { .stream_seq = stream_seq, .deliveries = deliveries };
        e = ack_list_add(&r->pending, &fresh);
    }
    dequeue(r, e);
    e->deliveries = deliveries;
    e->time = due;
    heap_push(r, due, stream_seq);
    assert_slow((redelivery_check(r), true));
}

void redelivery_forget(struct redelivery *r, uint64_t stream_seq)
{
    struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL) return;
    assert(e->stream_seq == stream_seq);
    dequeue(r, e);
    ack_list_remove(&r->pending, e);
    if (r->pending.live == 0) r->heap_count = 0;
    assert(r->again.live + r->exhausted.live <= r->pending.live);
}

void redelivery_forget_below(struct redelivery *r, uint64_t stream_seq)
{
    struct ack_entry *e;
    assert(r->again.live + r->exhausted.live <= r->pending.live);
    while ((e = ack_list_first(&r->pending)) != NULL && e->stream_seq < stream_seq)
        redelivery_forget(r, e->stream_seq);
    assert(e == NULL || e->stream_seq >= stream_seq);
}

/* The heap needs an element at or before the time of an entry that waits. */
static void set_due(struct redelivery *r, struct ack_entry *e, nanos at)
{
    assert(e->consumer_seq == 0);
    bool is_earlier = at < e->time;
    e->time = at;
    if (is_earlier) heap_push(r, at, e->stream_seq);
    assert(r->heap_count > 0);
}

void redelivery_progress(struct redelivery *r, uint64_t stream_seq, nanos now)
{
    struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL || e->consumer_seq != 0) return;
    assert(e->deliveries > 0);
    set_due(r, e, later(now, wait_after(r, e->deliveries)));
    assert_slow((redelivery_check(r), true));
}

bool redelivery_nak(struct redelivery *r, uint64_t stream_seq)
{
    struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL) return false;
    assert(e->deliveries > 0);
    if (e->consumer_seq == 0) enqueue(r, e);
    assert(e->consumer_seq != 0);
    return true;
}

bool redelivery_delay(struct redelivery *r, uint64_t stream_seq, nanos at)
{
    struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL) return false;
    assert(e->deliveries > 0);
    dequeue(r, e);
    e->time = at;
    heap_push(r, at, stream_seq); /* a queued one may have no element */
    assert_slow((redelivery_check(r), true));
    return true;
}

static int by_sequence(const void *a, const void *b)
{
    const struct redelivery_item *x = a, *y = b;
    assert(x != NULL && y != NULL);
    assert(x->number != y->number || x == y);
    return (x->stream_seq > y->stream_seq) - (x->stream_seq < y->stream_seq);
}

/* Those that came last, ascending. */
static void queue_sort_last(struct redelivery_queue *q, uint32_t live_before)
{
    uint32_t count = q->live - live_before;
    assert(q->live >= live_before);
    assert(count <= q->end - q->from);
    if (count > 1) qsort(q->items + q->end - count, count, sizeof(*q->items), by_sequence);
}

void redelivery_expire(struct redelivery *r)
{
    const struct ack_entry *each;
    for (uint32_t at = 0; (each = ack_list_next(&r->pending, &at)) != NULL;) {
        struct ack_entry *e = ack_list_find(&r->pending, each->stream_seq);
        if (e->consumer_seq == 0) enqueue(r, e);
    }
    assert(r->again.live + r->exhausted.live == r->pending.live);
    r->heap_count = 0;
    assert_slow((redelivery_check(r), true));
}

nanos redelivery_tick(struct redelivery *r, nanos now)
{
    uint32_t again = r->again.live, exhausted = r->exhausted.live;
    struct ack_entry *e;
    while ((e = heap_first(r)) != NULL && e->time <= now) {
        heap_pop(r);
        enqueue(r, e);
    }
    queue_sort_last(&r->again, again);
    queue_sort_last(&r->exhausted, exhausted);
    assert(e == NULL || e->time > now);
    assert_slow((redelivery_check(r), true));
    return e == NULL ? NANOS_MAX : e->time;
}

enum redelivery_step redelivery_next(struct redelivery *r, uint64_t *ret_stream_seq,
                                     uint32_t *ret_deliveries)
{
    struct ack_entry *e;
    while ((e = queue_first(r, &r->exhausted)) != NULL) {
        *ret_stream_seq = e->stream_seq;
        *ret_deliveries = e->deliveries;
        bool is_exhausted = r->config.max_deliver > 0 && e->deliveries >= r->config.max_deliver;
        if (is_exhausted) {
            redelivery_forget(r, e->stream_seq);
            return REDELIVERY_EXHAUSTED;
        }
        dequeue(r, e); /* the limit was raised meanwhile */
        enqueue(r, e);
    }
    e = queue_first(r, &r->again);
    if (e == NULL) return REDELIVERY_NONE;
    assert(e->consumer_seq % 2 == 0);
    assert(e->deliveries > 0);
    *ret_stream_seq = e->stream_seq;
    *ret_deliveries = e->deliveries;
    return REDELIVERY_AGAIN;
}

/* ---- questions ---- */

uint32_t redelivery_count(const struct redelivery *r)
{
    assert(r->again.live + r->exhausted.live <= r->pending.live);
    return ack_list_count(&r->pending);
}

uint32_t redelivery_deliveries(const struct redelivery *r, uint64_t stream_seq)
{
    const struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    assert(e == NULL || e->stream_seq == stream_seq);
    assert(e == NULL || e->deliveries > 0);
    return e == NULL ? 0 : e->deliveries;
}

nanos redelivery_since(const struct redelivery *r, uint64_t stream_seq)
{
    const struct ack_entry *e = ack_list_find(&r->pending, stream_seq);
    if (e == NULL) return 0;
    nanos wait = wait_after(r, e->deliveries);
    assert(e->stream_seq == stream_seq);
    assert(wait >= 0);
    return e->time > wait ? e->time - wait : 0;
}

uint64_t redelivery_from(const struct redelivery *r, uint64_t stream_seq)
{
    const struct ack_entry *e = ack_list_from(&r->pending, stream_seq);
    assert(e == NULL || e->stream_seq >= stream_seq);
    assert(e == NULL || e->deliveries > 0);
    return e == NULL ? 0 : e->stream_seq;
}

nanos redelivery_last_due(const struct redelivery *r)
{
    nanos last = 0;
    const struct ack_entry *e;
    assert(r->again.live + r->exhausted.live <= r->pending.live);
    for (uint32_t at = 0; (e = ack_list_next(&r->pending, &at)) != NULL;)
        if (e->consumer_seq == 0 && e->time > last) last = e->time;
    assert(last >= 0);
    return last;
}

uint32_t redelivery_queued(const struct redelivery *r)
{
    assert(r->again.live <= r->again.end - r->again.from);
    assert(r->again.live <= r->pending.live);
    return r->again.live;
}

bool redelivery_has_exhausted(const struct redelivery *r)
{
    assert(r->exhausted.live <= r->exhausted.end - r->exhausted.from);
    assert(r->exhausted.live <= r->pending.live);
    return r->exhausted.live > 0;
}

uint64_t redelivery_bytes(const struct redelivery *r)
{
    assert(r->heap_count <= r->heap_cap);
    assert(r->heap_cap == 0 || r->heap != NULL);
    uint64_t queues = (uint64_t)r->again.cap + r->exhausted.cap;
    return ack_list_bytes(&r->pending) + r->heap_cap * sizeof(*r->heap) +
           queues * sizeof(*r->again.items);
}

static uint32_t count_live(const struct redelivery *r, const struct redelivery_queue *q)
{
    uint32_t live = 0;
    assert(q->from <= q->end);
    assert(q->end <= q->cap);
    for (uint32_t i = q->from; i < q->end; i++) live += is_queued_as(r, q->items[i]);
    return live;
}

void redelivery_check(const struct redelivery *r)
{
    ack_list_check(&r->pending);
    assert(count_live(r, &r->again) == r->again.live);
    assert(count_live(r, &r->exhausted) == r->exhausted.live);
    for (uint32_t i = 1; i < r->heap_count; i++)
        assert(!is_before(r->heap[i], r->heap[(i - 1) / 2]));
    uint32_t queued = 0;
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = ack_list_next(&r->pending, &at)) != NULL;)
        queued += e->consumer_seq != 0;
    assert(queued == r->again.live + r->exhausted.live);
}
