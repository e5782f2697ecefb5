/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: messages in memory, of which the second turns out to be damaged when somebody reads
 * it. One at a time. */
#ifndef MIDGE_STORE_MSGS_ROT_TESTING_H
#define MIDGE_STORE_MSGS_ROT_TESTING_H

#include "store/msgs_internal.h"

enum { DAMAGED = 2 };

static struct {
    const struct msgs_ops *sound;
    struct msgs_ops        ops;
    bool                   is_found;
} rotten;

static inline bool rotten_has(const struct msgs *m, uint64_t sequence)
{
    return rotten.sound->has(m, sequence) && !(rotten.is_found && sequence == DAMAGED);
}

static inline enum err rotten_load(struct msgs *m, uint64_t sequence, uint32_t ahead,
                                   struct msgs_load *l)
{
    if (sequence != DAMAGED || !rotten.sound->has(m, DAMAGED))
        return rotten.sound->load(m, sequence, ahead, l);
    m->damage += !rotten.is_found;
    rotten.is_found = true;
    return ERR_CORRUPT;
}

static inline uint64_t rotten_lost(const struct msgs *m, bool (*each)(void *, uint64_t, uint64_t),
                                   void *ctx)
{
    if (!rotten.is_found || !rotten.sound->has(m, DAMAGED)) return 0;
    if (each != NULL) (void)each(ctx, DAMAGED, DAMAGED);
    return 1;
}

static inline uint64_t rotten_readable(const struct msgs *m, uint64_t from)
{
    uint64_t count = 0;
    for (uint64_t i = from; i <= m->state.last_sequence; i++) count += rotten_has(m, i);
    return count;
}

static inline void rotten_make(struct msgs *m)
{
    rotten.sound = m->ops;
    rotten.ops = *m->ops;
    rotten.ops.has = rotten_has;
    rotten.ops.load = rotten_load;
    rotten.ops.lost = rotten_lost;
    rotten.ops.readable = rotten_readable;
    rotten.is_found = false;
    m->ops = &rotten.ops;
}

#endif
