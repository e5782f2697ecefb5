/* SPDX-License-Identifier: Apache-2.0 */
/* Top: the first `max` of many, in an order, while the others go by. A page of a million
 * connections needs the memory of the page.
 *
 * Thread: one at a time. Memory: owns the items that it keeps; `release` frees one.
 * Cost: one comparison for what does not get in, O(log max) for what does. */
#ifndef MIDGE_MONITOR_TOP_H
#define MIDGE_MONITOR_TOP_H

#include <stdbool.h>
#include <stdint.h>

struct top {
    int (*compare)(const void *a, const void *b); /* of two items; negative: a comes first */
    void (*release)(void *item);
    uint64_t max;
    void **at; /* a heap, the last one on top; in order after top_sort() */
    uint32_t count;
    uint32_t cap;
};

/* An item that compares so would be kept. */
bool top_wants(const struct top *, const void *candidate);
/* Takes the item; gives back the memory of what falls out, perhaps of this one. */
void top_add(struct top *, void *take_item);
/* Takes all items of `from`, which is empty then. */
void top_merge(struct top *, struct top *from);
/* Items are in order; nothing may be added any more. */
void top_sort(struct top *);
void top_deinit(struct top *);

#endif
