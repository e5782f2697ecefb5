/* SPDX-License-Identifier: Apache-2.0 */
/* Text queue: entries of a number and a few texts, first in, first out: answers that wait until
 * what they speak of is durable, messages that wait to be looked at.
 *
 * Thread: the JetStream reactor. Memory: texts are copied in; all zero is an empty queue. */
#ifndef MIDGE_STREAM_TEXT_QUEUE_H
#define MIDGE_STREAM_TEXT_QUEUE_H

#include "base/buf.h"

enum { TEXT_QUEUE_TEXTS = 4 };

struct text_queue {
    struct buf bytes; /* entries, one behind the other */
    uint32_t   first; /* where the oldest begins */
    uint32_t   count;
};

struct text_entry {
    uint64_t     number;
    struct slice texts[TEXT_QUEUE_TEXTS];
};

void text_queue_deinit(struct text_queue *);
void text_queue_add(struct text_queue *, const struct text_entry *);
static inline bool text_queue_empty(const struct text_queue *q)
{
    return q->count == 0;
}
uint32_t text_queue_bytes(const struct text_queue *);
/* The oldest; its texts lie in `scratch` then, so that the queue may change meanwhile. False: there
 * is none. */
bool text_queue_peek(const struct text_queue *, struct buf *scratch, struct text_entry *ret);
void text_queue_drop(struct text_queue *); /* the oldest */
/* Goes past the oldest of a shallow copy, which is only read: what it shares stays the
 * original's. */
void text_queue_pass(struct text_queue *copy);
void text_queue_check(const struct text_queue *);

#endif
