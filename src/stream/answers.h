/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: what publishers of a stream are told, waiting until all that the answer speaks of is
 * durable (a duplicate's sequence, a wrong expected sequence, a limit that is reached).
 *
 * Acks of stored messages do not stand here: inflight.h keeps their replies.
 *
 * Thread: the JetStream reactor. Memory: owned; all zero is empty. Order: as they were added. */
#ifndef MIDGE_STREAM_ANSWERS_H
#define MIDGE_STREAM_ANSWERS_H

#include "base/buf.h"

struct answers {
    struct buf bytes; /* entries, one behind the other */
    uint32_t   first; /* where the oldest begins */
};

struct answer {
    uint64_t     upto; /* commands of the log that must be applied */
    struct slice reply, header, text;
};

void answers_deinit(struct answers *);
/* Texts are copied. `upto` does not descend. */
void answers_add(struct answers *, const struct answer *);
static inline bool answers_empty(const struct answers *a)
{
    return a->bytes.len == 0;
}
/* Takes the oldest out when it needs no more than `applied` commands. Its texts are in `scratch`
 * then: what is sent may lead to new answers. False: none is ready. */
bool answers_take(struct answers *, uint64_t applied, struct buf *scratch, struct answer *ret);
void answers_check(const struct answers *);

#endif
