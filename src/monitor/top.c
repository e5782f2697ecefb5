/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/top.h"

#include "base/alloc.h"
#include "base/assert.h"

static bool comes_first(const struct top *t, uint32_t a, uint32_t b)
{
    return t->compare(t->at[a], t->at[b]) < 0;
}

static void swap(struct top *t, uint32_t a, uint32_t b)
{
    void *item = t->at[a];
    t->at[a] = t->at[b];
    t->at[b] = item;
}

static void sift_up(struct top *t, uint32_t at)
{
    for (uint32_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!comes_first(t, parent, at)) return;
        swap(t, parent, at);
    }
}

/* Within the first `count`. */
static void sift_down(struct top *t, uint32_t count)
{
    for (uint32_t at = 0, child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && comes_first(t, child, child + 1)) child++;
        if (!comes_first(t, at, child)) return;
        swap(t, at, child);
        at = child;
    }
}

bool top_wants(const struct top *t, const void *candidate)
{
    if (t->count < t->max) return true;
    return t->count > 0 && t->compare(candidate, t->at[0]) < 0;
}

void top_add(struct top *t, void *take_item)
{
    if (!top_wants(t, take_item)) {
        t->release(take_item);
    } else if (t->count < t->max) {
        assert(t->count < UINT32_MAX / 2);
        if (t->count == t->cap) {
            t->cap = t->cap == 0 ? 16 : t->cap * 2;
            t->at = xrealloc(t->at, t->cap * sizeof *t->at);
        }
        t->at[t->count++] = take_item;
        sift_up(t, t->count - 1);
    } else {
        t->release(t->at[0]);
        t->at[0] = take_item;
        sift_down(t, t->count);
    }
}

void top_merge(struct top *t, struct top *from)
{
    for (uint32_t i = 0; i < from->count; i++) top_add(t, from->at[i]);
    from->count = 0;
    top_deinit(from);
}

void top_sort(struct top *t)
{
    for (uint32_t end = t->count; end > 1; end--) {
        swap(t, 0, end - 1);
        sift_down(t, end - 1);
    }
}

void top_deinit(struct top *t)
{
    for (uint32_t i = 0; i < t->count; i++) t->release(t->at[i]);
    t->at = xfree(t->at);
    t->count = t->cap = 0;
}
