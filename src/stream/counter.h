/* SPDX-License-Identifier: Apache-2.0 */
/* Counter: whole decimal numbers of any size, as text: what Nats-Incr adds to a subject. A sign and
 * zeros in front are read, and never written; there is no "-0".
 *
 * Pure; thread: any. Memory: the result is appended to `out`, which is not what is read.
 * Limits:  COUNTER_DIGITS_MAX digits of what is read, without zeros in front, and of the result.
 * Errors:  INVALID: no number. LIMIT: too many digits. `out` is as it was then. */
#ifndef MIDGE_STREAM_COUNTER_H
#define MIDGE_STREAM_COUNTER_H

#include "base/buf.h"
#include "base/err.h"

enum { COUNTER_DIGITS_MAX = 64 * 1024 };

MUST_CHECK enum err counter_add(struct slice a, struct slice b, struct buf *out);
MUST_CHECK enum err counter_subtract(struct slice a, struct slice b, struct buf *out);

/* Whether counter_add() would take it. */
MUST_CHECK enum err counter_check(struct slice number);

#endif
