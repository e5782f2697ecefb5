/* SPDX-License-Identifier: Apache-2.0 */
/* Throttle: who fails to log in again and again is answered later and later.
 *
 * From the 20th failure of one address within a minute each answer waits, 100 ms for the 20th, then
 * 100 ms more with each, at most a second. An IPv6 address counts as its /64, since that is what
 * one stranger has; an IPv4 address mapped into IPv6 as itself.
 *
 * Thread: one at a time (core guards it with a lock). Memory: owned; 160 KB from the first failure.
 * Limits: THROTTLE_MAX addresses; in a full set the one that was quiet longest gives way.
 * Time:   any monotonic clock, always the same; a minute is measured in steps of ten seconds. */
#ifndef MIDGE_AUTH_THROTTLE_H
#define MIDGE_AUTH_THROTTLE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "base/units.h"

struct throttle;

enum { THROTTLE_MAX = 4096, THROTTLE_FREE = 19 };
#define THROTTLE_STEP      (100 * MILLISECOND)
#define THROTTLE_DELAY_MAX SECOND

struct throttle *throttle_new(uint64_t hash_seed);
struct throttle *throttle_free(struct throttle *);          /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(throttle)

/* `address`: 4 or 16 bytes in network order. Counts a failure and returns how long its answer
 * waits. */
nanos throttle_failed(struct throttle *, struct slice address, nanos now);

/* The same without counting. */
nanos throttle_delay(const struct throttle *, struct slice address, nanos now);

#endif
