/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: JetStream of this server: whether it is opened, and what the log says of it.
 *
 * Thread: the control thread. Memory: it belongs to the server. */
#ifndef MIDGE_SERVER_STREAMS_H
#define MIDGE_SERVER_STREAMS_H

#include <stdint.h>

#include "base/err.h"

struct server;

/* Blocking (recovery); before the reactors tick. A failure is kept for streams_tell(). */
void streams_open(struct server *);
/* The settings are new: it is turned on, or off, or adapts itself. */
void streams_reload(struct server *);
/* Logs what was opened, or fails with why it was not. */
MUST_CHECK enum err streams_tell(struct server *, struct errmsg *why);

/* "953.67 MB", as nats-server writes sizes in its log; returns `text`. */
const char *streams_size_text(int64_t bytes, char text[32]);

#endif
