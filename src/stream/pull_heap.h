/* SPDX-License-Identifier: Apache-2.0 */
/* Pull heap: the waiting requests by when something is due for them (a timeout or a heartbeat),
 * those that came first before others. Requests for which nothing ever is due are not in it.
 *
 * Thread: its owner's. Memory: an array of pointers, owned; the requests are the queue's. All zero
 * is a valid empty heap. Cost: O(log n); the first is O(1). */
#ifndef MIDGE_STREAM_PULL_HEAP_H
#define MIDGE_STREAM_PULL_HEAP_H

#include "stream/pull_queue.h"

struct pull_heap {
    struct pull_waiting **items;
    uint32_t              count;
    uint32_t              cap;
};

static inline nanos pull_waiting_due(const struct pull_waiting *w)
{
    return w->expires_at < w->heartbeat_at ? w->expires_at : w->heartbeat_at;
}

void pull_heap_deinit(struct pull_heap *);
/* Puts it in its place, or takes it out when nothing is due any more. */
void pull_heap_update(struct pull_heap *, struct pull_waiting *);
/* one that is not in it is fine */
void pull_heap_remove(struct pull_heap *, struct pull_waiting *);
struct pull_waiting *pull_heap_first(const struct pull_heap *);   /* or NULL */
void pull_heap_check(const struct pull_heap *);                   /* asserts the order; O(n) */

#endif
