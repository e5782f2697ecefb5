/* SPDX-License-Identifier: Apache-2.0 */
/* Note: a line of the log about one connection. It begins with who that is, as tools that read logs
 * know it: `1.2.3.4:5678 - cid:9 - "v1.2:go:name" - "account/user:anna" - `.
 *
 * What a client has said of itself is quoted, so that it cannot write lines of its own.
 * Thread: the session's. Memory: none is kept. */
#ifndef MIDGE_CORE_NOTE_H
#define MIDGE_CORE_NOTE_H

#include "base/buf.h"
#include "env/log.h"
#include "wire/nats.h"

struct session;

void note_label(const struct session *, struct buf *out);
void note(const struct session *, enum log_level, const char *format, ...) PRINTF_LIKE(3, 4);

/* About somebody who is no client yet: only the address stands before the text. */
void note_stranger(const struct session *, const char *text);

/* One that was refused: with the name, key or kind of secret that it came with. */
void note_refused(const struct session *);

/* Why bytes of a client could not be understood, in words that tools look for; `op` is as far as it
 * was read. Nothing for a line that is too long: closing says so. */
void note_unparsed(const struct session *, enum nats_parse, struct slice in,
                   const struct nats_op *);

#endif
