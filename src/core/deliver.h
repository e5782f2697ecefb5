/* SPDX-License-Identifier: Apache-2.0 */
/* Deliver: from a published message to everyone who wants it.
 *
 * Matched on the publisher's reactor. Targets there get the bytes at once; targets elsewhere get
 * one record per reactor. Of a queue group one member gets it; a member that is closing or full is
 * passed over.
 *
 * Thread: the calling reactor. */
#ifndef MIDGE_CORE_DELIVER_H
#define MIDGE_CORE_DELIVER_H

#include "core/message.h"

struct account;
struct core_reactor;
struct hand;
struct record;
struct reactor;

/* Returns how many got it, here or posted elsewhere. `wants_503`: the publisher must hear when
 * nobody does. */
uint32_t deliver(struct core_reactor *, struct message *, bool wants_503);

/* A record that another reactor posted. */
void deliver_record(struct reactor *, const struct record *);

/* Publishes in the name of the server. `header` is a complete NATS header block or empty. Also from
 * within a sink that is being served; then it allocates. A receiver that is behind holds nobody but
 * the publisher whose message that sink has in hand. */
uint32_t deliver_internal(struct core_reactor *, struct account *, struct slice subject,
                          struct slice reply, struct slice header, struct slice payload);

/* What a consumer sends: it goes to whoever wants `to`, and they are shown `subject`, the one that
 * was stored; internal sinks too (a stream that captures `to` stores it under `subject`, as in
 * nats-server). */
struct outgoing {
    struct account *account;
    struct slice    to;
    struct slice    subject;
    struct slice    reply;      /* empty: none */
    struct slice    header;     /* a complete NATS header block, or empty */
    struct slice    payload;
};

/* Sends it, without an allocation for a small message. Returns how many got it, here or posted
 * elsewhere; 0 also when there is no memory for a large one. `*ret_is_behind`: one of them is
 * behind, but has taken bytes since that was last told: what would hold a publisher for a moment;
 * it is cut if this goes on. NULL is fine. From a turn, a timer or mail, but
 * not from within a sink (asserted).
 *
 * A client's right to subscribe is asked about `to`; beside that, `subject` must not be one that is
 * denied to it, as in nats-server. */
uint32_t deliver_as(struct core_reactor *, const struct outgoing *, bool *ret_is_behind);

/* Frees the scratch memory. */
void hand_deinit(struct hand *);

/* The 503 that tells a requester of this reactor that nobody listens: to its own subscription that
 * waits for `reply`. */
void deliver_no_responders(struct core_reactor *, struct session *, struct slice subject,
                           struct slice reply);
/* The same for a feature that subscribes on behalf of many who may not be there: to the publisher
 * `origin`, on whatever reactor, later, and only if it has asked for such. 0: to nobody. */
void deliver_unanswered(struct core_reactor *, uint64_t origin, struct slice subject,
                        struct slice reply);

#endif
