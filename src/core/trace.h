/* SPDX-License-Identifier: Apache-2.0 */
/* Trace: protocol lines in the log, as tools expect them (reference: cli, log line format). Secrets
 * are replaced.
 *
 * Thread: the session's. Called only when the session is traced. */
#ifndef MIDGE_CORE_TRACE_H
#define MIDGE_CORE_TRACE_H

#include "base/slice.h"

struct message;
struct nats_op;
struct session;
struct sub;

/* an operation came, its payload too */
void trace_in(struct session *, const struct nats_op *);
void trace_in_line(struct session *, struct slice text);    /* and could not be understood */
void trace_out(struct session *, const struct sub *, const struct message *);
void trace_out_line(struct session *, struct slice text);           /* PONG, -ERR, INFO … */
void trace_delsub(struct session *, struct slice sid);

/* CONNECT arguments with passwords, tokens, keys and signatures replaced by [REDACTED]. */
struct buf;
void trace_redact(struct buf *out, struct slice connect);

#endif
