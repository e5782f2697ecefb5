/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pull_heap.h"

#include "base/alloc.h"
#include "base/assert.h"

/* `heap_at` is the index plus 1; 0: not in the heap. */

void pull_heap_deinit(struct pull_heap *h)
{
    assert(h->count == 0);
    assert(h->cap == 0 || h->items != NULL);
    h->items = xfree(h->items);
    h->cap = 0;
}

static bool is_before(const struct pull_waiting *a, const struct pull_waiting *b)
{
    nanos due_a = pull_waiting_due(a), due_b = pull_waiting_due(b);
    assert(a == b || a->number != b->number);
    return due_a != due_b ? due_a < due_b : a->number < b->number;
}

static void place(struct pull_heap *h, struct pull_waiting *w, uint32_t at)
{
    assert(at < h->count);
    assert(h->count <= h->cap);
    h->items[at] = w;
    w->heap_at = at + 1;
}

/* Moves `w`, which belongs at `at` or elsewhere on its path, to where it belongs. */
static void settle(struct pull_heap *h, struct pull_waiting *w, uint32_t at)
{
    assert(at < h->count);
    for (; at > 0 && is_before(w, h->items[(at - 1) / 2]); at = (at - 1) / 2)
        place(h, h->items[(at - 1) / 2], at);
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child + 1 < h->count && is_before(h->items[child + 1], h->items[child])) child++;
        if (child >= h->count || !is_before(h->items[child], w)) break;
        place(h, h->items[child], at);
        at = child;
    }
    place(h, w, at);
}

void pull_heap_remove(struct pull_heap *h, struct pull_waiting *w)
{
    if (w->heap_at == 0) return;
    uint32_t at = w->heap_at - 1;
    assert(at < h->count);
    assert(h->items[at] == w);
    w->heap_at = 0;
    struct pull_waiting *last = h->items[--h->count];
    if (last != w) settle(h, last, at);
}

void pull_heap_update(struct pull_heap *h, struct pull_waiting *w)
{
    assert(w->heap_at <= h->count);
    if (pull_waiting_due(w) == NANOS_MAX) {
        pull_heap_remove(h, w);
        return;
    }
    if (w->heap_at == 0) {
        if (h->count == h->cap) {
            h->cap = h->cap == 0 ? 4 : h->cap * 2;
            h->items = xrealloc(h->items, h->cap * sizeof(struct pull_waiting *));
        }
        h->count++;
        place(h, w, h->count - 1);
    }
    settle(h, w, w->heap_at - 1);
    assert(h->items[w->heap_at - 1] == w);
}

struct pull_waiting *pull_heap_first(const struct pull_heap *h)
{
    assert(h->count <= h->cap);
    assert(h->count == 0 || h->items[0]->heap_at == 1);
    return h->count == 0 ? NULL : h->items[0];
}

void pull_heap_check(const struct pull_heap *h)
{
    for (uint32_t at = 0; at < h->count; at++) {
        assert(h->items[at]->heap_at == at + 1);
        if (at > 0) assert(!is_before(h->items[at], h->items[(at - 1) / 2]));
    }
}
