/* SPDX-License-Identifier: Apache-2.0 */
/* Generic cell rate algorithm (ITU-T I.371): each one admitted moves the time of the next by an
 * interval; that time may run at most a second ahead of the clock. */
#include "tls/rate_limit.h"

void rate_limit_init(struct rate_limit *r, int64_t per_second)
{
    r->interval = per_second <= 0 ? 0 : SECOND / per_second;
    atomic_init(&r->next, 0);
    atomic_init(&r->refused, 0);
}

bool rate_limit_admit(struct rate_limit *r, nanos now)
{
    if (r->interval == 0) return true;
    int64_t next = atomic_load_explicit(&r->next, memory_order_relaxed);
    for (;;) {
        int64_t from = next > now ? next : now;
        if (from + r->interval > now + SECOND) {
            atomic_fetch_add_explicit(&r->refused, 1, memory_order_relaxed);
            return false;
        }
        if (atomic_compare_exchange_weak_explicit(&r->next, &next, from + r->interval,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

uint64_t rate_limit_take_refused(struct rate_limit *r)
{
    return atomic_exchange_explicit(&r->refused, 0, memory_order_relaxed);
}
