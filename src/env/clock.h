/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy and usage: what time it is, bytes that nobody can guess, what the process
 * consumes.
 *
 * Thread: any. A reactor reads the clock once per tick and passes `now` down; nothing below it asks
 * again. */
#ifndef MIDGE_ENV_CLOCK_H
#define MIDGE_ENV_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

struct clock {
    nanos (*monotonic)(struct clock *); /* never goes back; origin arbitrary, > 0 */
    nanos (*realtime)(struct clock *);  /* since 1970 UTC; may jump */
};

struct entropy {
    void (*fill)(struct entropy *, void *bytes, size_t size); /* fit for keys and nonces */
};

/* What /varz reports of the process. Fields that the machine does not tell are 0. */
struct usage_now {
    uint64_t resident_bytes;
    nanos cpu_time; /* user and system, all threads, since the start */
    uint32_t cores;
    uint64_t memory_bytes; /* that the machine has */
};

struct usage {
    void (*read)(struct usage *, struct usage_now *ret_now);
    /* Gives freed memory back to the machine. Any thread; takes milliseconds when it is much. */
    void (*trim)(struct usage *);
};

static inline nanos clock_monotonic(struct clock *c)
{
    return c->monotonic(c);
}

static inline nanos clock_realtime(struct clock *c)
{
    return c->realtime(c);
}

#endif
