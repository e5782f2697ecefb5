/* SPDX-License-Identifier: Apache-2.0 */
/* Redelivery: which unacked messages are due again, and when. The leader's side of a consumer.
 *
 * A message is due `ack_wait` after its last delivery, or by backoff: after the n-th delivery
 * backoff[n-1], the last one for all further. What is due at once comes in ascending order and
 * queues behind what was due before; it leaves the queue when it is delivered again or acked. A
 * message that was delivered max_deliver times is not due again but exhausted, and needs nobody who
 * asks for it.
 *
 *   delivered, first or again   redelivery_track()
 *   acked, termed, removed      redelivery_forget()
 *   +WPI, -NAK                  redelivery_progress(), redelivery_nak()
 *   its time has come           redelivery_tick(), then redelivery_next() before any new message
 *
 * Thread: the consumer's reactor. Time is a parameter. Memory: owned, 48 bytes a pending message;
 * the door is max_ack_pending. Nothing pending: no timer, and redelivery_trim() leaves no memory.
 * Lost in a crash: a new leader tracks what acks.h says is pending. Cost: O(log n) amortized; an
 * ack that comes in time is O(1) when deliveries are acked in order. */
#ifndef MIDGE_STREAM_REDELIVERY_H
#define MIDGE_STREAM_REDELIVERY_H

#include "stream/ack_list.h"

struct redelivery_config {
    nanos        ack_wait;              /* > 0 */
    const nanos *backoff;               /* the caller's, who keeps it until the next config */
    uint32_t     backoff_count;
    uint32_t     max_deliver;           /* 0: no limit */
};

struct redelivery_due {
    nanos    at;
    uint64_t stream_seq;
};

struct redelivery_item {
    uint64_t stream_seq;
    uint64_t number;
};

/* First in, first out; also holds entries that are outdated. */
struct redelivery_queue {
    struct redelivery_item *items;
    uint32_t                  from, end, cap;
    uint32_t                  live;
};

/* Fields are private to redelivery.c. */
struct redelivery {
    struct redelivery_config config;
    /* `time`: when due; `consumer_seq`: number in a queue or 0 */
    struct ack_list          pending;
    struct redelivery_due   *heap;      /* by time; entries that are outdated too */
    uint32_t                 heap_count, heap_cap;
    struct redelivery_queue  again, exhausted;
    uint64_t                 numbers;
};

void redelivery_init(struct redelivery *, const struct redelivery_config *);
void redelivery_deinit(struct redelivery *);
void redelivery_trim(struct redelivery *);  /* gives memory back that is not needed now */
void redelivery_clear(struct redelivery *); /* forgets all: a reset, or no longer leader */

/* What waits waits as long as it would have from the start; the limit on deliveries counts at
 * once. Time may have come: redelivery_tick(). */
void redelivery_configure(struct redelivery *, const struct redelivery_config *);

/* Delivered the `deliveries`-th time at `at`. */
void redelivery_track(struct redelivery *, uint64_t stream_seq, uint32_t deliveries, nanos at);
/* One that is not tracked is fine. */
void redelivery_forget(struct redelivery *, uint64_t stream_seq);
/* All below `stream_seq`: an ack of everything up to a message, a purge. */
void redelivery_forget_below(struct redelivery *, uint64_t stream_seq);
/* Waits anew from now. What is queued already stays queued, as on nats-server. */
void redelivery_progress(struct redelivery *, uint64_t stream_seq, nanos now);
/* Queues it; what is queued already keeps its place. False: not tracked. */
bool redelivery_nak(struct redelivery *, uint64_t stream_seq);
/* Due at `at` and not before, queued or not. False: not tracked. */
bool redelivery_delay(struct redelivery *, uint64_t stream_seq, nanos at);

/* All that waits is due now, in ascending order behind what was due before. */
void redelivery_expire(struct redelivery *);
/* Queues what is due. Returns when to call again: NANOS_MAX when nothing waits for its time. */
nanos redelivery_tick(struct redelivery *, nanos now);

enum redelivery_step {
    REDELIVERY_NONE,
    REDELIVERY_AGAIN,                   /* deliver it, if somebody takes it: then track it again */
    REDELIVERY_EXHAUSTED,               /* ACKS_EXHAUST, the advisory; it is forgotten */
};

/* The first in the queue, which stays there when it is AGAIN, until it is tracked or forgotten.
 * `deliveries` counts those that were. Exhausted ones come before all others. */
enum redelivery_step redelivery_next(struct redelivery *, uint64_t *ret_stream_seq,
                                     uint32_t *ret_deliveries);

uint32_t redelivery_count(const struct redelivery *);       /* tracked */
/* How often this one was delivered; 0: it is not tracked. */
uint32_t redelivery_deliveries(const struct redelivery *, uint64_t stream_seq);
/* When it began to wait: its last delivery or +WPI; as much later as a delay was longer than the
 * wait. 0: it is not tracked. */
nanos redelivery_since(const struct redelivery *, uint64_t stream_seq);
/* The lowest one that is tracked and not below `stream_seq`; 0: none. */
uint64_t redelivery_from(const struct redelivery *, uint64_t stream_seq);
/* When the last of them is due, those that are due already not counted; 0: none. O(n). */
nanos redelivery_last_due(const struct redelivery *);
uint32_t redelivery_queued(const struct redelivery *);      /* to deliver again now */
/* redelivery_next() would say EXHAUSTED, or a higher limit spares some. */
bool redelivery_has_exhausted(const struct redelivery *);
uint64_t redelivery_bytes(const struct redelivery *);       /* on the heap */
void redelivery_check(const struct redelivery *);           /* asserts every invariant; O(n) */

#endif
