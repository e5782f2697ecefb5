/* SPDX-License-Identifier: Apache-2.0 */
/* Acks: the progress of one consumer: what was delivered, what is acked, what is waited for.
 *
 * This is what replicas share. It changes only by commands, which the leader makes, the log makes
 * durable and every replica applies in the same order. A command never fails and holds absolute
 * values: applied again it changes nothing (a reset apart).
 *
 * What stands here and what does not: floors, pending messages and delivery counts must survive a
 * crash, or messages would be lost, or be delivered more often than max_deliver allows. So does the
 * time of the last delivery, from which a new leader computes when to deliver again; +WPI and a NAK
 * with a delay move it (ACKS_TOUCH). A leader under load may leave a touch out of the log: the cost
 * is one early redelivery after a crash. When a message is due stands in redelivery.h and is the
 * leader's alone.
 *
 * The rules (seen on nats-server 2.15.2, explicit acks unless said):
 *  - Each delivery, redeliveries too, takes the next consumer sequence; a pending message keeps the
 *    one of its first delivery.
 *  - The floor moves with acks only. An ack of the first message after the floor moves it to just
 *    before the lowest pending one (so it jumps over what the filter left out); when nothing is
 *    pending any more, it becomes what was delivered.
 *  - A message that was delivered max_deliver times leaves the pending ones without moving the
 *    floor: it is *spent*. It counts as redelivered and is kept in the stream until it is acked
 *    late or removed. So the floor stays below it until nothing is pending.
 *  - Policy all and flow_control: an ack stands for everything up to its sequence. Its consumer
 *    sequence becomes the floor's, but never passes what is pending (on nats-server it does after a
 *    redelivery, and acks of first deliveries are then ignored).
 *  - Policy none: a delivery is its own ack, and of those before it: where nothing goes for them
 *    the leader tells only the last one.
 *  - A message that is gone from the stream counts as acked.
 *
 * Invariants (acks_check): floor <= delivered; pending messages lie in (floor, delivered],
 * ascending in both sequences; spent ones at or below delivered.
 *
 * Thread: the reactor of the stream. Memory: embedded by value; acks_deinit() frees. 104 bytes and
 * 32 for each pending or spent message; an idle consumer that was trimmed holds nothing else. */
#ifndef MIDGE_STREAM_ACKS_H
#define MIDGE_STREAM_ACKS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "stream/ack_list.h"

enum acks_policy { ACKS_NONE, ACKS_ALL, ACKS_EXPLICIT, ACKS_FLOW_CONTROL };

struct acks_position {
    uint64_t consumer_seq;
    uint64_t stream_seq;
};

/* Reading is free; what changes does so by acks_apply(). */
struct acks {
    struct acks_position delivered;
    struct acks_position floor;
    struct ack_list      pending;
    struct ack_list      spent;
    uint32_t             again;         /* pending messages with more than one delivery */
    uint8_t              policy;        /* enum acks_policy */
    bool                 is_based;      /* a checkpoint holds a state that deltas may refer to */
    bool                 is_changed;    /* since the last checkpoint */
};

/* Nothing delivered yet; the first message will be looked for above `stream_seq`. */
void acks_init(struct acks *, enum acks_policy, uint64_t stream_seq);
void acks_deinit(struct acks *);
void acks_trim(struct acks *);          /* gives memory back that is not needed now */

/* ---- changes ---- */

enum acks_kind {
    /* `consumer_seq` is the next one; `deliveries` counts this one; at `time` */
    ACKS_DELIVER,
    /* +ACK and +TERM alike; `consumer_seq` as the ack's subject says (policy all and
     * flow_control) */
    ACKS_ACK,
    ACKS_TOUCH,                         /* the last delivery counts as of `time` */
    ACKS_EXHAUST,                       /* max_deliver is reached and the last wait is over */
    ACKS_REMOVE,                        /* deleted, by limits or by name */
    ACKS_COMPACT,                       /* a purge: the stream now begins at `stream_seq` */
    ACKS_SKIP,                          /* nothing matches up to `stream_seq` */
    ACKS_RESET,                         /* the next delivery is `stream_seq` (> 0), as number 1 */
};

/* Fields that a kind does not name are 0. Sequences are from 1 to below 2^63: what a client says is
 * bounded by the stream's last one before it becomes a command. */
struct acks_command {
    enum acks_kind kind;
    uint32_t       deliveries;
    uint64_t       stream_seq;
    uint64_t       consumer_seq;
    nanos          time;
};

enum acks_verdict {
    ACKS_DONE,
    ACKS_NOTHING,                       /* it was so already; an ack is answered all the same */
    ACKS_AHEAD,                         /* an ack of what was never delivered: no answer */
};

/* Told which messages this consumer needs no longer, for streams with interest or workqueue
 * retention. After a reset the range may hold sequences that never were this consumer's. */
struct acks_unneeded {
    void (*range)(struct acks_unneeded *, uint64_t first, uint64_t last);
};

/* `unneeded` may be NULL. It must not change the acks. */
enum acks_verdict acks_apply(struct acks *, const struct acks_command *, struct acks_unneeded *);

/* ---- questions ---- */

uint32_t acks_num_pending(const struct acks *);     /* num_ack_pending */
/* pending ones delivered again, and spent ones */
uint32_t acks_num_redelivered(const struct acks *);

/* A message that still waits for its ack; NULL when it does not. Valid until the next change. */
const struct ack_entry *acks_find(const struct acks *, uint64_t stream_seq);
/* The lowest one at or above `stream_seq`, or NULL. */
const struct ack_entry *acks_from(const struct acks *, uint64_t stream_seq);
bool acks_is_spent(const struct acks *, uint64_t stream_seq);

/* Retention must keep this message for this consumer (if its filter matches: the caller's). */
bool acks_needs(const struct acks *, uint64_t stream_seq);

uint64_t acks_bytes(const struct acks *);           /* on the heap */
void acks_check(const struct acks *);               /* asserts every invariant; O(n) */

/* ---- checkpoints; the format stands in acks_code.c ---- */

enum acks_form {
    /* equal states give equal bytes: comparable between replicas */
    ACKS_FULL,
    ACKS_DELTA,                         /* since acks_settle(); full when there is no base */
};

void acks_encode(const struct acks *, enum acks_form, struct buf *out);

/* What was just encoded goes into a checkpoint. If that is not written after all: acks_unsettle(),
 * and the next one is full. */
void acks_settle(struct acks *);
void acks_unsettle(struct acks *);
/* The whole state went into a file that has not what was settled last: a delta would not name what
 * that file alone knows. The next one is full; nothing else is new. */
void acks_told_apart(struct acks *);

/* Into an initialised one of the same policy: full ones replace its state, a delta patches the
 * state that it was made for (again: no change). CORRUPT for anything that no encoder wrote and for
 * a delta that does not fit; then nothing has changed. */
MUST_CHECK enum err acks_decode(struct acks *, struct slice);

/* A command as part of a record of the log. take: cuts it off the front; CORRUPT. */
void acks_command_encode(const struct acks_command *, struct buf *out);
MUST_CHECK enum err acks_command_take(struct slice *in, struct acks_command *ret);

#endif
