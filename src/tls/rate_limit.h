/* SPDX-License-Identifier: Apache-2.0 */
/* Rate_limit: so many a second, and no more (connection_rate_limit).
 *
 * Up to a second's worth may come at once; then they are let in as fast as the rate allows.
 * Thread: any; two atomic words. Memory: a value. */
#ifndef MIDGE_TLS_RATE_LIMIT_H
#define MIDGE_TLS_RATE_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct rate_limit {
    nanos            interval;          /* between two; 0: no limit */
    _Atomic int64_t  next;              /* when the one after all those admitted would be due */
    _Atomic uint64_t refused;
};

void rate_limit_init(struct rate_limit *, int64_t per_second);     /* <= 0: no limit */
/* False: one too many. `now` is monotonic. */
bool rate_limit_admit(struct rate_limit *, nanos now);
/* How many were refused since the last call, for a line in the log. */
uint64_t rate_limit_take_refused(struct rate_limit *);

#endif
