/* SPDX-License-Identifier: Apache-2.0 */
/* A list for each rank (one, unless prioritized); a binary heap by the next time at which something
 * is due for a request; a list of those that do not wait for ever at the end of the stream. */
#include "stream/pull_queue.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/pull_heap.h"

enum {
    RANKS = 11, /* the priorities, and last those who named none */
    PIN_LEN_FOREIGN = PULL_PIN_LEN + 1, /* an id that no pin can be */
};

struct pull_queue {
    struct pull_queue_config config;
    struct pull_host *host;
    struct list ranks[RANKS];
    struct list no_wait;
    struct pull_heap heap;
    struct pull_waiting *served; /* over, but the caller may still look at it */
    uint64_t numbers;
    uint64_t batches; /* what all that wait still want, by wants() */
    uint32_t count;
    bool has_pin;
    char pin[PULL_PIN_LEN];
    nanos pin_since;
    nanos pin_until;
};

struct pull_queue *pull_queue_new(const struct pull_queue_config *config, struct pull_host *host)
{
    assert(config->policy <= PULL_PRIORITIZED);
    assert(host != NULL);
    struct pull_queue *q = xcalloc(1, sizeof(*q));
    q->config = *config;
    q->host = host;
    for (int i = 0; i < RANKS; i++) list_init(&q->ranks[i]);
    list_init(&q->no_wait);
    return q;
}

static void served_free(struct pull_queue *q)
{
    assert(q->served == NULL || list_empty(&q->served->node));
    assert(q->served == NULL || list_empty(&q->served->no_wait_node));
    q->served = xfree(q->served);
}

/* So bounded that the sum of all that wait fits. */
static uint64_t wants(const struct pull_waiting *w)
{
    assert(w->rank < RANKS);
    static const int64_t most = INT64_C(1) << 31;
    assert(w->reply.len > 0);
    if (w->batch_left <= 0) return 0;
    return (uint64_t)(w->batch_left < most ? w->batch_left : most);
}

/* Takes it out of everything; the caller frees it. */
static void unlink_waiting(struct pull_queue *q, struct pull_waiting *w)
{
    assert(q->count > 0);
    assert(!list_empty(&w->node));
    list_remove(&w->node);
    list_remove(&w->no_wait_node);
    pull_heap_remove(&q->heap, w);
    q->count--;
    assert(q->batches >= wants(w));
    q->batches -= wants(w);
    q->host->gone(q->host, w);
}

void pull_queue_drop(struct pull_queue *q, struct pull_waiting *w)
{
    assert(q != NULL && w != NULL);
    assert(w != q->served);
    unlink_waiting(q, w);
    xfree(w);
}

/* The first in order, or NULL. */
static struct pull_waiting *first_waiting(const struct pull_queue *q)
{
    for (int i = 0; i < RANKS; i++) {
        if (list_empty(&q->ranks[i])) continue;
        assert(q->count > 0);
        return container_of(q->ranks[i].next, struct pull_waiting, node);
    }
    assert(q->count == 0);
    return NULL;
}

struct pull_queue *pull_queue_free(struct pull_queue *q)
{
    if (q == NULL) return NULL;
    for (struct pull_waiting *w; (w = first_waiting(q)) != NULL;) pull_queue_drop(q, w);
    served_free(q);
    assert(q->batches == 0);
    pull_heap_deinit(&q->heap);
    return xfree(q);
}

/* ---- the pin ---- */

static bool carries_pin(const struct pull_queue *q, const struct pull_waiting *w)
{
    assert(q->has_pin);
    assert(w->pin_len <= PIN_LEN_FOREIGN);
    return w->pin_len == PULL_PIN_LEN && memcmp(w->pin, q->pin, PULL_PIN_LEN) == 0;
}

static void pin_end(struct pull_queue *q, const char *reason)
{
    assert(q->config.policy == PULL_PINNED_CLIENT);
    assert(q->has_pin);
    q->has_pin = false;
    q->pin_since = q->pin_until = 0;
    if (reason != NULL) q->host->pin_changed(q->host, reason);
}

static nanos later(nanos now, nanos by)
{
    assert(now >= 0);
    assert(by >= 0);
    return nanos_add(now, by);
}

static void pin_give(struct pull_queue *q, struct pull_waiting *w, nanos now)
{
    assert(!q->has_pin);
    assert(w->pin_len == 0);
    q->host->new_pin(q->host, q->pin);
    q->has_pin = true;
    q->pin_since = now;
    q->pin_until = later(now, q->config.pin_timeout);
    memcpy(w->pin, q->pin, PULL_PIN_LEN);
    w->pin_len = PULL_PIN_LEN;
    q->host->pin_changed(q->host, NULL);
}

bool pull_queue_unpin(struct pull_queue *q)
{
    assert(q->has_pin || q->pin_until == 0);
    assert(q->config.policy == PULL_PINNED_CLIENT || !q->has_pin);
    if (!q->has_pin) return false;
    pin_end(q, "admin");
    return true;
}

struct slice pull_queue_pin(const struct pull_queue *q, nanos *ret_since)
{
    assert(q->has_pin || q->pin_since == 0);
    assert(ret_since != NULL);
    *ret_since = q->pin_since;
    return q->has_pin ? slice_of(q->pin, PULL_PIN_LEN) : (struct slice){ 0 };
}

/* ---- requests ---- */

static enum pull_added refuse(struct pull_answer *ret_refusal, enum pull_status status)
{
    assert(ret_refusal != NULL);
    assert(pull_status_detail(status) == PULL_DETAIL_NONE);
    *ret_refusal = (struct pull_answer){ .status = status };
    return PULL_REFUSED;
}

/* A request with another pin than the valid one is refused; the right one renews it. */
static bool pin_fits(struct pull_queue *q, const struct pull_arrival *a)
{
    struct slice id = a->request->id;
    if (!q->has_pin || id.len == 0) return true;
    assert(q->config.policy == PULL_PINNED_CLIENT);
    if (!slice_equal(id, slice_of(q->pin, PULL_PIN_LEN))) return false;
    q->pin_until = later(a->now, q->config.pin_timeout);
    assert(q->pin_until >= a->now);
    return true;
}

static uint8_t rank_of(const struct pull_queue *q, const struct pull_waiting *w)
{
    assert(w->priority < RANKS);
    assert(q->config.policy <= PULL_PRIORITIZED);
    return q->config.policy == PULL_PRIORITIZED ? w->priority : 0;
}

static struct pull_waiting *waiting_new(const struct pull_queue *q, const struct pull_arrival *a)
{
    const struct pull_request *r = a->request;
    struct pull_waiting *w = xcalloc(1, sizeof(*w) + a->reply.len);
    assert(a->reply.len > 0);
    memcpy(w + 1, a->reply.ptr, a->reply.len);
    w->reply = slice_of(w + 1, a->reply.len);
    w->interest = a->interest;
    w->is_exported = a->is_exported;
    w->is_grouped = r->group.len > 0;
    w->batch_left = r->batch;
    w->bytes_left = r->max_bytes;
    w->min_pending = r->min_pending;
    w->min_ack_pending = r->min_ack_pending;
    w->expires_at = NANOS_MAX;
    w->heartbeat_at = NANOS_MAX;
    if (r->expires != 0) w->expires_at = r->expires < 0 ? a->now : later(a->now, r->expires);
    if (r->heartbeat > 0) {
        w->heartbeat = r->heartbeat;
        w->heartbeat_at = later(a->now, r->heartbeat);
    }
    if (r->id.len > 0) w->pin_len = r->id.len == PULL_PIN_LEN ? PULL_PIN_LEN : PIN_LEN_FOREIGN;
    if (w->pin_len == PULL_PIN_LEN) memcpy(w->pin, r->id.ptr, PULL_PIN_LEN);
    w->priority = r->is_object ? (uint8_t)r->priority : RANKS - 1;
    w->rank = rank_of(q, w);
    list_init(&w->node);
    list_init(&w->no_wait_node);
    return w;
}

static void wait_in_line(struct pull_queue *q, const struct pull_arrival *a)
{
    struct pull_waiting *w = waiting_new(q, a);
    w->number = ++q->numbers;
    list_add_tail(&q->ranks[w->rank], &w->node);
    if (a->request->no_wait) list_add_tail(&q->no_wait, &w->no_wait_node);
    pull_heap_update(&q->heap, w);
    q->count++;
    q->batches += wants(w);
    assert(q->count <= q->config.max_waiting);
    assert_slow((pull_queue_check(q), true));
}

enum pull_added pull_queue_add(struct pull_queue *q, const struct pull_arrival *a,
                               struct pull_answer *ret_refusal)
{
    const struct pull_request *r = a->request;
    assert(r->priority >= 0 && r->priority < RANKS - 1);
    served_free(q);
    if (!pin_fits(q, a)) return refuse(ret_refusal, PULL_PIN_MISMATCH);
    if (r->no_wait && a->pending == 0 && r->expires == 0)
        return refuse(ret_refusal, PULL_NO_MESSAGES);
    if (r->no_wait && a->pending > 0) {
        pull_queue_sweep(q);
        if (a->pending < q->batches) return refuse(ret_refusal, PULL_REQUESTS_PENDING);
    }
    if (q->count >= q->config.max_waiting) pull_queue_sweep(q);
    if (q->count >= q->config.max_waiting)
        return r->heartbeat != 0 ? PULL_IGNORED : refuse(ret_refusal, PULL_MAX_WAITING);
    wait_in_line(q, a);
    assert(q->count > 0);
    return PULL_WAITS;
}

/* `status` with what the request still wants, if it has such details. */
static void tell(struct pull_queue *q, const struct pull_waiting *w, enum pull_status status)
{
    struct pull_answer answer = { .status = status };
    if (pull_status_detail(status) == PULL_DETAIL_PENDING) {
        answer.first = w->batch_left;
        answer.second = w->bytes_left;
    }
    assert(w->reply.len > 0);
    assert(w != q->served);
    q->host->answer(q->host, w, &answer);
}

static void dismiss(struct pull_queue *q, struct pull_waiting *w, enum pull_status status)
{
    assert(q->count > 0);
    tell(q, w, status);
    assert(!list_empty(&w->node));
    pull_queue_drop(q, w);
}

void pull_queue_dismiss(struct pull_queue *q, enum pull_status status)
{
    assert(status < PULL_STATUS_COUNT);
    served_free(q);
    for (struct pull_waiting *w; (w = first_waiting(q)) != NULL;) dismiss(q, w, status);
    assert(q->count == 0);
}

void pull_queue_sweep(struct pull_queue *q)
{
    assert(q->host->has_interest != NULL);
    served_free(q);
    for (int i = 0; i < RANKS; i++) {
        LIST_EACH(&q->ranks[i], node) {
            struct pull_waiting *w = container_of(node, struct pull_waiting, node);
            if (!q->host->has_interest(q->host, w)) pull_queue_drop(q, w);
        }
    }
    assert_slow((pull_queue_check(q), true));
}

void pull_queue_configure(struct pull_queue *q, const struct pull_queue_config *config)
{
    struct list all, *node;
    assert(config->max_waiting == q->config.max_waiting);
    served_free(q);
    if (q->has_pin && config->policy != PULL_PINNED_CLIENT) pin_end(q, NULL);
    q->config = *config;
    list_init(&all);
    for (int i = 0; i < RANKS; i++) list_splice(&all, &q->ranks[i]);
    while ((node = list_pop(&all)) != NULL) {
        struct pull_waiting *w = container_of(node, struct pull_waiting, node);
        w->rank = rank_of(q, w);
        list_add_tail(&q->ranks[w->rank], &w->node);
    }
    assert_slow((pull_queue_check(q), true));
}

/* ---- messages ---- */

static bool overflow_may(const struct pull_waiting *w, const struct pull_offer *o)
{
    assert(o->pending <= INT64_MAX);
    assert(o->ack_pending <= INT64_MAX);
    if (w->min_pending <= 0 && w->min_ack_pending <= 0) return true;
    if (w->min_pending > 0 && w->min_pending <= (int64_t)o->pending) return true;
    return w->min_ack_pending > 0 && w->min_ack_pending <= (int64_t)o->ack_pending;
}

enum turn { TURN_SERVE, TURN_SKIP, TURN_DISMISS, TURN_DROP };

static enum turn pinned_turn(const struct pull_queue *q, const struct pull_waiting *w)
{
    assert(q->config.policy == PULL_PINNED_CLIENT);
    assert(w->pin_len <= PIN_LEN_FOREIGN);
    if (w->pin_len == 0) return q->has_pin ? TURN_SKIP : TURN_SERVE;
    return q->has_pin && carries_pin(q, w) ? TURN_SERVE : TURN_DISMISS;
}

/* What becomes of the request whose turn it is. */
static enum turn turn_of(const struct pull_queue *q, const struct pull_waiting *w,
                         const struct pull_offer *o, enum pull_status *ret_status)
{
    assert(ret_status != NULL);
    *ret_status = PULL_TIMEOUT;
    if (w->expires_at <= o->now) return TURN_DISMISS;
    if (q->config.policy == PULL_PINNED_CLIENT) {
        enum turn turn = pinned_turn(q, w);
        *ret_status = PULL_WRONG_PIN;
        if (turn != TURN_SERVE) return turn;
    }
    if (q->config.policy == PULL_OVERFLOW && !overflow_may(w, o)) return TURN_SKIP;
    *ret_status = PULL_TOO_LARGE;
    if (w->bytes_left > 0 && o->size > (uint64_t)w->bytes_left) return TURN_DISMISS;
    if (q->host->has_interest(q->host, w)) return TURN_SERVE;
    *ret_status = PULL_INTEREST_EXPIRED;
    assert(q->batches >= wants(w));
    return w->is_exported ? TURN_DISMISS : TURN_DROP;
}

static void serve(struct pull_queue *q, struct pull_waiting *w, const struct pull_offer *o)
{
    bool needs_pin = q->config.policy == PULL_PINNED_CLIENT && !q->has_pin;
    /* A bare number names no group, so that it is served without a pin. */
    if (needs_pin && w->is_grouped) pin_give(q, w, o->now);
    q->batches -= wants(w);
    if (w->bytes_left > 0) {
        assert(o->size <= (uint64_t)w->bytes_left);
        w->bytes_left -= (int64_t)o->size;
        if (w->bytes_left == 0) w->batch_left = 1; /* exactly used up: the last one */
    }
    /* the lowest of all numbers is the highest, then: nats-server counts as Go does */
    w->batch_left = w->batch_left > INT64_MIN ? w->batch_left - 1 : INT64_MAX;
    q->batches += wants(w);
    w->given++;
    if (w->batch_left <= 0) {
        unlink_waiting(q, w);
        q->served = w;
        return;
    }
    list_remove(&w->node);
    list_add_tail(&q->ranks[w->rank], &w->node);
    if (w->heartbeat > 0) w->heartbeat_at = later(o->now, w->heartbeat);
    pull_heap_update(&q->heap, w);
    assert(q->count > 0);
}

const struct pull_waiting *pull_queue_serve(struct pull_queue *q, const struct pull_offer *o)
{
    assert(q->host->has_interest != NULL);
    served_free(q);
    for (uint32_t skipped = 0; skipped < q->count;) {
        struct pull_waiting *w = first_waiting(q);
        enum pull_status status;
        switch (turn_of(q, w, o, &status)) {
        case TURN_SERVE: serve(q, w, o); return w;
        case TURN_DISMISS: dismiss(q, w, status); break;
        case TURN_DROP: pull_queue_drop(q, w); break;
        case TURN_SKIP:
            assert(q->config.policy != PULL_PRIORITIZED);
            list_remove(&w->node);
            list_add_tail(&q->ranks[w->rank], &w->node);
            skipped++;
            break;
        default: unreachable();
        }
    }
    assert_slow((pull_queue_check(q), true));
    return NULL;
}

bool pull_waiting_completed(const struct pull_waiting *w, struct pull_answer *ret)
{
    assert(w != NULL);
    assert(ret != NULL);
    if (w->batch_left > 0 || w->bytes_left <= 0) return false;
    *ret = (struct pull_answer){ PULL_BATCH_COMPLETED, w->batch_left, w->bytes_left, { 0 } };
    return true;
}

/* ---- time ---- */

static void heartbeat(struct pull_queue *q, struct pull_waiting *w, const struct pull_moment *m)
{
    const struct pull_answer answer = {
        PULL_HEARTBEAT, (int64_t)m->last_consumer_seq, (int64_t)m->last_stream_seq, { 0 }
    };
    assert(w->heartbeat > 0);
    assert(w->heartbeat_at <= m->now);
    q->host->answer(q->host, w, &answer);
    w->heartbeat_at = later(m->now, w->heartbeat);
    pull_heap_update(&q->heap, w);
}

static void due_tick(struct pull_queue *q, const struct pull_moment *m)
{
    struct pull_waiting *w;
    while ((w = pull_heap_first(&q->heap)) != NULL && pull_waiting_due(w) <= m->now) {
        assert(!list_empty(&w->node));
        if (w->expires_at <= m->now) dismiss(q, w, PULL_TIMEOUT);
        else if (!q->host->has_interest(q->host, w)) pull_queue_drop(q, w);
        else heartbeat(q, w, m);
    }
    assert(w == NULL || pull_waiting_due(w) > m->now);
}

/* Nothing is left: who would not wait, or has got something, is told; who gave a time waits on. A
 * timeout is told as such. */
static void end_tick(struct pull_queue *q, nanos now)
{
    assert(q->served == NULL);
    LIST_EACH(&q->no_wait, node) {
        struct pull_waiting *w = container_of(node, struct pull_waiting, no_wait_node);
        assert(!list_empty(&w->node));
        bool is_over = w->expires_at == NANOS_MAX || w->given > 0;
        if (is_over && w->expires_at > now) dismiss(q, w, PULL_NO_MESSAGES);
    }
}

nanos pull_queue_tick(struct pull_queue *q, const struct pull_moment *m)
{
    served_free(q);
    if (m->is_end) end_tick(q, m->now);
    due_tick(q, m);
    if (q->has_pin && q->pin_until <= m->now) pin_end(q, "timeout");
    assert_slow((pull_queue_check(q), true));
    const struct pull_waiting *w = pull_heap_first(&q->heap);
    nanos next = w == NULL ? NANOS_MAX : pull_waiting_due(w);
    if (q->has_pin && q->pin_until < next) next = q->pin_until;
    assert(next > m->now);
    return next;
}

/* ---- questions ---- */

uint32_t pull_queue_count(const struct pull_queue *q)
{
    assert(q->host != NULL);
    assert(q->count <= q->config.max_waiting);
    return q->count;
}

void pull_queue_check(const struct pull_queue *q)
{
    uint32_t count = 0, timed = 0;
    uint64_t batches = 0;
    for (int i = 0; i < RANKS; i++) {
        LIST_EACH(&q->ranks[i], node) {
            const struct pull_waiting *w = container_of(node, struct pull_waiting, node);
            assert(w->rank == i);
            assert(w != q->served);
            count++;
            timed += pull_waiting_due(w) != NANOS_MAX;
            batches += wants(w);
        }
    }
    assert(count == q->count);
    assert(batches == q->batches);
    assert(timed == q->heap.count);
    pull_heap_check(&q->heap);
}
