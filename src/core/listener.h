/* SPDX-License-Identifier: Apache-2.0 */
/* Listener: accepts on the first reactor and hands each connection to the least loaded one, where
 * it stays.
 *
 * Thread: reactor 0, but for opening and closing (core.h). Memory: the core's. */
#ifndef MIDGE_CORE_LISTENER_H
#define MIDGE_CORE_LISTENER_H

#include "core/core.h"

/* Connections that a listener takes in a tick: few, for with TLS each costs tens of microseconds
 * that others wait for. */
enum { LISTENER_BATCH = 4 };

/* Mostly they come one by one, and to ask for a second one in vain costs about half of taking one.
 * So only one is taken, but a whole batch after so many, and as long as somebody is left. */
enum { LISTENER_LONE = 7 };

void listener_free(struct listener *);

/* Before anything is allocated for a connection: counts it as a client on its way, and as a
 * stranger at its address where that is known already. False: this address has too many; close
 * it. */
MUST_CHECK bool listener_admit(struct listener *, const struct net_addr *peer);

/* A connection is closed because its address has too many strangers: counts and logs it, at most
 * once a second. On this reactor. */
void listener_turned_away(struct core_reactor *, const struct net_addr *);

/* Prepares the timer of a lame duck (core.c). */
void lame_duck_init(struct core_reactor *);

#endif
