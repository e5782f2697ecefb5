/* SPDX-License-Identifier: Apache-2.0 */
/* Counter sources: the value of Nats-Counter-Sources. A counter that draws from other counters says
 * in it what it was last told by each of them:
 *
 *   {"<stream>":{"<subject>":"<value>"}}         sorted, as Go writes it
 *
 * What it was told before is what makes a difference of a value, so that nothing counts twice.
 *
 * Pure; thread: any. Memory: what is written is appended to buffers that are not what is read.
 * Errors: INVALID: no such text. */
#ifndef MIDGE_STREAM_COUNTER_SOURCES_H
#define MIDGE_STREAM_COUNTER_SOURCES_H

#include "base/buf.h"
#include "base/err.h"

struct counter_source {
    struct slice stream, subject, value;
};

/* The same text with the value of this source, and what stood there before (nothing: nothing did).
 * `text` may be empty. */
MUST_CHECK enum err counter_sources_set(struct slice text, const struct counter_source *,
                                        struct buf *previous, struct buf *out);
/* The same text, sorted. */
MUST_CHECK enum err counter_sources_copy(struct slice text, struct buf *out);

#endif
