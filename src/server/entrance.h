/* SPDX-License-Identifier: Apache-2.0 */
/* Entrance: what a listener's connections pass through on their way in: TLS and WebSocket.
 *
 * Core asks for filters through hooks; here is what they are made of.
 * Thread:  made on the control thread; the hooks run on the connections' reactors.
 * Memory:  owned by the server; outlives all connections. Keeps the settings that it was made of,
 *          since filters borrow their texts. */
#ifndef MIDGE_SERVER_ENTRANCE_H
#define MIDGE_SERVER_ENTRANCE_H

#include "core/core.h"

struct entrance;

/* `kind`: LISTENER_CLIENT or LISTENER_WEBSOCKET. */
struct entrance *entrance_new(struct settings *, enum listener_kind);
struct entrance *entrance_free(struct entrance *);          /* NULL is fine; returns NULL */

/* Fills in all that the hooks and the TLS of this entrance say. */
void entrance_describe(struct entrance *, struct listener_options *);

#endif
