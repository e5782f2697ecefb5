/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: one list of operating failures, and the text that an operator reads.
 *
 * A bug is an assert; a peer's mistake is a verdict of the parser or check that found it. What is
 * left (disk, memory at a door, limits, an absent peer) is `enum err`, returned and always checked.
 * Memory: `struct errmsg` is a plain value of the caller. */
#ifndef MIDGE_BASE_ERR_H
#define MIDGE_BASE_ERR_H

#include "base/compiler.h"

#define ERR_LIST(X)                                 \
    X(OK, "ok")                                     \
    X(NOMEM, "out of memory")                       \
    X(LIMIT, "configured limit reached")            \
    X(IO, "disk or network failed")                 \
    X(CORRUPT, "stored bytes fail their checksum")  \
    X(NOTFOUND, "no such object")                   \
    X(EXISTS, "object exists already")              \
    X(INVALID, "input violates protocol or schema") \
    X(DENIED, "not permitted")                      \
    X(BUSY, "would block, try again")               \
    X(CLOSED, "the other side is gone")

enum err {
#define X(name, text) ERR_##name,
    ERR_LIST(X)
#undef X
};

const char *err_text(enum err e);

/* A sentence for a human: what went wrong and what to do. Cut, never overrun, at ERRMSG_SIZE - 1
 * bytes. */
enum { ERRMSG_SIZE = 1024 };
struct errmsg {
    char text[ERRMSG_SIZE];
};

/* Fills `why` (which may be NULL) and returns `e`, so that a failure is one line. */
enum err errmsg_set(struct errmsg *why, enum err e, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
