/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clock, its entropy, and what the process consumes.
 *
 * Thread: any. Memory: plain values without state; nothing to free.
 * Errors: none: a machine without entropy or a clock stops the process. What /proc does not tell
 * is 0. */
#ifndef MIDGE_OS_CLOCK_H
#define MIDGE_OS_CLOCK_H

#include "env/clock.h"

void os_clock_init(struct clock *);
void os_entropy_init(struct entropy *);
void os_usage_init(struct usage *);

#endif
