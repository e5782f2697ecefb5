/* SPDX-License-Identifier: Apache-2.0 */
/* A pass goes through all owners, a few reads a turn; then there is a long rest. It waits while
 * anything else is on its way to the disk. */
#include "base/assert.h"
#include "store/store_internal.h"

#define SCRUB_TURN (100 * MILLISECOND)
#define SCRUB_REST (60 * MINUTE)
enum { SCRUB_BYTES = 128 << 10 }; /* a turn, so 1.25 MiB a second */

/* The next one that has something to be read; NULL: none. */
static struct store_owner *owner_from(const struct store *s, const struct list *at)
{
    assert(at != NULL);
    for (; at != &s->owners.all; at = at->next) {
        struct store_owner *o = container_of(at, struct store_owner, all);
        if (o->ops->scrub != NULL) return o;
    }
    return NULL;
}

void store_scrub_leave(struct store *s, struct store_owner *o)
{
    assert(o->incarnation > 0);
    if (s->scrub_at == o) s->scrub_at = owner_from(s, o->all.next);
}

nanos store_scrub_due(const struct store *s)
{
    if (s->is_stopping || s->owners.count == 0) return NANOS_MAX;
    assert(s->recovery == NULL);
    return s->scrub_due;
}

static void read_some(struct store *s)
{
    uint64_t bytes = 0;
    assert(s->scrub_at != NULL);
    while (s->scrub_at != NULL && bytes < SCRUB_BYTES) {
        struct store_owner *o = s->scrub_at;
        uint32_t more = o->ops->scrub(o);
        bytes += more;
        if (more == 0) s->scrub_at = owner_from(s, o->all.next);
        else if (s->queue->in_flight > 0) break; /* what was asked for comes first */
    }
}

void store_scrub_tick(struct store *s)
{
    bool is_first = s->scrub_due == 0;
    if (is_first) s->scrub_due = s->now + SCRUB_REST;
    if (s->now < store_scrub_due(s)) return;
    bool begins = s->scrub_at == NULL;
    if (begins) s->scrub_at = owner_from(s, s->owners.all.next);
    bool is_busy = s->queue->in_flight > 0 && !begins;
    if (s->scrub_at != NULL && !is_busy) read_some(s);
    s->scrub_due = s->now + (s->scrub_at == NULL ? SCRUB_REST : SCRUB_TURN);
    assert(s->scrub_due > s->now);
}
