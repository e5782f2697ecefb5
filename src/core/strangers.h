/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers: how many connections each address has that have not logged in yet, so that one address
 * cannot fill the server with connections that never say who they are (decision 006).
 *
 * A connection is a stranger from its accept (behind a proxy: from the PROXY header, which names
 * its address) until it is in an account or ends. An IPv6 address counts as its /64, since that is
 * what one stranger has; an IPv4 address mapped into IPv6 as itself.
 *
 * Thread: any; each shard has a lock, held for a look into its table. Memory: 16 bytes for a place,
 * at most 8 places for each address that has a stranger now, and 4 KB for the tables at least. */
#ifndef MIDGE_CORE_STRANGERS_H
#define MIDGE_CORE_STRANGERS_H

#include "base/compiler.h"
#include "env/net.h"

struct strangers;

struct strangers *strangers_new(uint64_t hash_seed);
struct strangers *strangers_free(struct strangers *); /* nobody may be in; returns NULL */

/* One more of this address. False, and then nothing has changed: there are `max` already (0: no
 * limit), or no memory to count it in. */
MUST_CHECK bool strangers_enter(struct strangers *, const struct net_addr *, int64_t max);
/* One that has entered goes, or is no stranger any more. */
void strangers_leave(struct strangers *, const struct net_addr *);

/* How many of this address are in. */
uint32_t strangers_of(struct strangers *, const struct net_addr *);

/* Asserts every invariant; O(n). Returns how many are in, of all addresses. */
uint64_t strangers_check(struct strangers *);

#endif
