/* SPDX-License-Identifier: Apache-2.0 */
/* A heap by time and sequence; a row of what was taken out of it; a set of what lives for ever. */
#include "stream/expiry.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "store/seqset.h"

struct row {
    struct expiry_entry *at;
    uint64_t             count, cap;
};

struct expiry {
    struct row     heap;
    struct row     taken;
    struct row     added; /* since the last checkpoint */
    struct seqset *for_ever;
};

static void row_add(struct row *r, struct expiry_entry e)
{
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->at = xrealloc(r->at, r->cap * sizeof *r->at);
    }
    r->at[r->count++] = e;
}

static void row_clear(struct row *r)
{
    r->at = xfree(r->at);
    r->count = r->cap = 0;
}

struct expiry *expiry_new(void)
{
    struct expiry *x = xcalloc(1, sizeof *x);
    x->for_ever = seqset_new();
    return x;
}

struct expiry *expiry_free(struct expiry *x)
{
    if (x == NULL) return NULL;
    row_clear(&x->heap);
    row_clear(&x->taken);
    row_clear(&x->added);
    seqset_free(x->for_ever);
    return xfree(x);
}

/* ---- the heap ---- */

static bool is_before(struct expiry_entry a, struct expiry_entry b)
{
    return a.expires != b.expires ? a.expires < b.expires : a.sequence < b.sequence;
}

static void rise(struct row *h, uint64_t at)
{
    struct expiry_entry e = h->at[at];
    while (at > 0 && is_before(e, h->at[(at - 1) / 2])) {
        h->at[at] = h->at[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->at[at] = e;
}

static void sink(struct row *h, uint64_t at)
{
    struct expiry_entry e = h->at[at];
    for (;;) {
        uint64_t child = 2 * at + 1;
        if (child >= h->count) break;
        if (child + 1 < h->count && is_before(h->at[child + 1], h->at[child])) child++;
        if (!is_before(h->at[child], e)) break;
        h->at[at] = h->at[child];
        at = child;
    }
    h->at[at] = e;
}

static void heap_add(struct row *h, struct expiry_entry e)
{
    row_add(h, e);
    rise(h, h->count - 1);
}

static void heap_pop(struct row *h)
{
    assert(h->count > 0);
    h->at[0] = h->at[--h->count];
    if (h->count > 0) sink(h, 0);
    else row_clear(h);
}

/* ---- what others call ---- */

void expiry_add(struct expiry *x, const struct expiry_entry *e)
{
    assert(e->sequence > 0);
    assert(e->expires > 0);
    if (e->expires == NANOS_MAX) (void)seqset_add(x->for_ever, e->sequence);
    else heap_add(&x->heap, *e);
    row_add(&x->added, *e);
}

nanos expiry_next(const struct expiry *x)
{
    return x->heap.count == 0 ? NANOS_MAX : x->heap.at[0].expires;
}

bool expiry_is_for_ever(const struct expiry *x, uint64_t sequence)
{
    return seqset_has(x->for_ever, sequence);
}

uint64_t expiry_next_mortal(const struct expiry *x, uint64_t from)
{
    return seqset_next_absent(x->for_ever, from > 0 ? from : 1);
}

bool expiry_take(struct expiry *x, nanos now, struct expiry_entry *ret)
{
    if (expiry_next(x) > now || x->heap.count == 0) return false;
    *ret = x->heap.at[0];
    heap_pop(&x->heap);
    row_add(&x->taken, *ret);
    return true;
}

void expiry_taken(struct expiry *x, bool (*is_there)(void *ctx, uint64_t sequence), void *ctx)
{
    for (uint64_t i = 0; i < x->taken.count; i++)
        if (is_there(ctx, x->taken.at[i].sequence)) heap_add(&x->heap, x->taken.at[i]);
    row_clear(&x->taken);
}

uint64_t expiry_count(const struct expiry *x)
{
    return x->heap.count + x->taken.count + seqset_count(x->for_ever);
}

void expiry_sweep(struct expiry *x, uint64_t first, bool (*is_there)(void *ctx, uint64_t sequence),
                  void *ctx)
{
    uint64_t kept = 0, from, to;
    for (uint64_t i = 0; i < x->heap.count; i++)
        if (is_there(ctx, x->heap.at[i].sequence)) x->heap.at[kept++] = x->heap.at[i];
    x->heap.count = kept;
    for (uint64_t i = kept / 2; i-- > 0;) sink(&x->heap, i);
    (void)seqset_remove_below(x->for_ever, first);
    struct seqset *left = seqset_new();
    for (uint64_t at = 1; seqset_next_run(x->for_ever, at, &from, &to); at = to + 1)
        for (uint64_t s = from; s <= to; s++)
            if (is_there(ctx, s)) (void)seqset_add(left, s);
    seqset_free(x->for_ever);
    x->for_ever = left;
}

/* ---- checkpoints ---- */

bool expiry_new_at(const struct expiry *x, uint64_t *at, struct expiry_entry *ret)
{
    if (*at >= x->added.count) return false;
    *ret = x->added.at[(*at)++];
    return true;
}

void expiry_told(struct expiry *x)
{
    row_clear(&x->added);
}

/* Those of the heap, those that were taken, then the set, where `*at` is their number plus a
 * sequence. */
bool expiry_all_at(const struct expiry *x, uint64_t *at, struct expiry_entry *ret)
{
    uint64_t i = *at, base = x->heap.count + x->taken.count, first, last;
    if (i < base) {
        *ret = i < x->heap.count ? x->heap.at[i] : x->taken.at[i - x->heap.count];
        *at = i + 1;
        return true;
    }
    if (!seqset_next_run(x->for_ever, i - base + 1, &first, &last)) return false;
    if (first < i - base + 1) first = i - base + 1;
    *ret = (struct expiry_entry){ NANOS_MAX, first };
    *at = base + first;
    return true;
}

void expiry_check(const struct expiry *x)
{
    for (uint64_t i = 1; i < x->heap.count; i++)
        assert(!is_before(x->heap.at[i], x->heap.at[(i - 1) / 2]));
    for (uint64_t i = 0; i < x->taken.count; i++) assert(x->taken.at[i].expires < NANOS_MAX);
    seqset_check(x->for_ever);
}
