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

struct core_reactor;
struct hand;
struct record;
struct reactor;

/* Returns how many got it, here or posted elsewhere. `wants_503`: the publisher must hear when
 * nobody does. */
uint32_t deliver(struct core_reactor *, struct message *, bool wants_503);

/* A record that another reactor posted. */
void deliver_record(struct reactor *, const struct record *);

/* Publishes in the name of the server. `header` is a complete NATS header block or empty. */
uint32_t deliver_internal(struct core_reactor *, struct account *, struct slice subject,
                          struct slice reply, struct slice header, struct slice payload);

/* Frees the scratch memory. */
void hand_deinit(struct hand *);

/* The 503 that tells a requester of this reactor that nobody listens: to its own subscription that
 * waits for `reply`. */
void deliver_no_responders(struct core_reactor *, struct session *, struct slice subject,
                           struct slice reply);

#endif
