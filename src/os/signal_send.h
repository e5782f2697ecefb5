/* SPDX-License-Identifier: Apache-2.0 */
/* `--signal COMMAND[=PID|FILE]`: sends a signal to a server that runs already.
 *
 * Thread: one; before the server starts. Memory: nothing is kept.
 * Errors: `why` gets nats-server's words; INVALID or NOTFOUND or IO. */
#ifndef MIDGE_OS_SIGNAL_SEND_H
#define MIDGE_OS_SIGNAL_SEND_H

#include "base/err.h"

/* `command`: stop, quit, term, reopen, reload, ldm. `target`: a process id, one that ends in '*'
 * (all that begin so), a file that holds one, or "" (the only server on this machine). */
MUST_CHECK enum err signal_send(const char *command, const char *target, struct errmsg *why);

#endif
