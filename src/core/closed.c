/* SPDX-License-Identifier: Apache-2.0 */
#include "core/closed.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/lock.h"
#include "core/session.h"

struct closed_ring {
    struct lock lock;
    uint32_t max;
    uint32_t cap; /* of `at`; grows up to `max` */
    uint32_t count;
    uint32_t head; /* the oldest */
    uint64_t total;
    struct closed_conn **at;
};

enum { CAP_FIRST = 64 };

struct closed_conn *closed_conn_unref(struct closed_conn *c)
{
    if (c == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return NULL;
    assert(c->report != NULL);          /* it came with one, and keeps it to the end */
    xfree(c->report);
    return xfree(c);
}

struct closed_ring *closed_ring_new(uint32_t max)
{
    struct closed_ring *r = xcalloc(1, sizeof *r);
    r->max = max;
    lock_init(&r->lock);
    assert(closed_ring_check(r) == 0);
    return r;
}

struct closed_ring *closed_ring_free(struct closed_ring *r)
{
    if (r == NULL) return NULL;
    for (uint32_t i = 0; i < r->count; i++) closed_conn_unref(r->at[(r->head + i) % r->cap]);
    xfree(r->at);
    lock_deinit(&r->lock);
    return xfree(r);
}

/* What holds whatever was added; O(1), under the lock. */
static void sizes_check(const struct closed_ring *r)
{
    assert(r->count <= r->cap);
    assert(r->cap <= r->max);
    assert(r->head < r->cap || r->cap == 0);
    assert(r->head == 0 || r->count == r->cap);     /* nothing falls out while there is room */
    assert(r->count == (r->total < r->max ? r->total : r->max));
    assert((r->at == NULL) == (r->cap == 0));
}

uint32_t closed_ring_check(struct closed_ring *r)
{
    lock_take(&r->lock);
    sizes_check(r);
    for (uint32_t i = 0; i < r->cap; i++) {
        const struct closed_conn *c = r->at[i];
        assert((c != NULL) == ((i + r->cap - r->head) % r->cap < r->count));
        if (c == NULL) continue;
        assert(atomic_load_explicit(&c->refs, memory_order_relaxed) > 0);
        assert(c->report->reason != CLOSE_NONE);
        assert(c->report->subs_listed <= c->report->subs_count);
    }
    uint32_t count = r->count;
    lock_drop(&r->lock);
    return count;
}

/* The ring is full but may grow: its entries move to the front of a larger table. */
static void grow(struct closed_ring *r)
{
    assert(r->count == r->cap);
    assert(r->cap < r->max);
    uint32_t cap = r->cap == 0 ? CAP_FIRST : r->cap > r->max / 2 ? r->max : r->cap * 2;
    if (cap > r->max) cap = r->max;
    assert(cap > r->cap);
    struct closed_conn **at = xcalloc(cap, sizeof(struct closed_conn *));
    for (uint32_t i = 0; i < r->count; i++) at[i] = r->at[(r->head + i) % r->cap];
    xfree(r->at);
    r->at = at;
    r->cap = cap;
    r->head = 0;
}

/* Returns what fell out, or NULL. */
static struct closed_conn *push(struct closed_ring *r, struct closed_conn *c)
{
    r->total++;
    if (r->max == 0) return c;
    if (r->count == r->cap && r->cap < r->max) grow(r);
    if (r->count < r->cap) {
        r->at[(r->head + r->count++) % r->cap] = c;
        sizes_check(r);
        return NULL;
    }
    assert(r->count == r->max);
    struct closed_conn *oldest = r->at[r->head];
    r->at[r->head] = c;
    r->head = (r->head + 1) % r->cap;
    sizes_check(r);
    return oldest;
}

void closed_ring_add_report(struct closed_ring *r, struct conn_report *take_report)
{
    assert(take_report->reason != CLOSE_NONE);
    assert(take_report->subs_listed <= take_report->subs_count);
    struct closed_conn *c = xcalloc(1, sizeof *c);
    atomic_init(&c->refs, 1);
    c->report = take_report;
    lock_take(&r->lock);
    struct closed_conn *out = push(r, c);
    lock_drop(&r->lock);
    closed_conn_unref(out);
}

void closed_ring_add(struct closed_ring *r, const struct session *s)
{
    assert(s->phase == SESSION_CLOSED);
    assert(!s->is_conn_gone);           /* its certificates are still to be read */
    AUTO_FREE(arena) arena = arena_new();
    struct conn_report report;
    uint32_t subs = s->subs.count <= CLOSED_SUBS_MAX ? CONN_REPORT_SUBS : 0;
    conn_report_of(s, CONN_REPORT_CERTS | subs, arena, &report);
    closed_ring_add_report(r, conn_report_copy(&report));
}

uint64_t closed_ring_total(struct closed_ring *r)
{
    lock_take(&r->lock);
    uint64_t total = r->total;
    assert(total >= r->count);
    lock_drop(&r->lock);
    return total;
}

uint32_t closed_ring_count(struct closed_ring *r)
{
    lock_take(&r->lock);
    uint32_t count = r->count;
    assert(count <= r->max);
    lock_drop(&r->lock);
    return count;
}

uint32_t closed_ring_list(struct closed_ring *r, struct closed_conn ***ret)
{
    lock_take(&r->lock);
    uint32_t count = r->count;
    struct closed_conn **list = xcalloc(count + 1, sizeof(struct closed_conn *));
    for (uint32_t i = 0; i < count; i++) {
        list[i] = r->at[(r->head + i) % r->cap];
        uint32_t before = atomic_fetch_add_explicit(&list[i]->refs, 1, memory_order_relaxed);
        assert(before > 0);             /* the ring's own reference holds it */
    }
    lock_drop(&r->lock);
    *ret = list;
    return count;
}
