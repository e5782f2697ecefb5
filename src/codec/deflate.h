/* SPDX-License-Identifier: Apache-2.0 */
/* Deflate: messages of permessage-deflate (RFC 7692) without context takeover.
 *
 * Each message stands alone, so one deflater and one inflater serve all connections of a reactor,
 * and an idle connection costs nothing.
 *
 * Thread:  one reactor. Memory: about 400 KiB for a deflater, 80 KiB for an inflater; what they
 *          return is theirs, valid until their next call.
 * Limits:  a message to compress is at most DEFLATE_IN_MAX bytes. A message to inflate never makes
 *          more than the caller's limit: that is checked piece by piece, before the next one is
 *          made. */
#ifndef MIDGE_CODEC_DEFLATE_H
#define MIDGE_CODEC_DEFLATE_H

#include "base/compiler.h"
#include "base/slice.h"

/* Twice the window: cutting a longer stream into such messages costs hardly any ratio. */
enum { DEFLATE_IN_MAX = 64 * 1024, INFLATE_PIECE = 32 * 1024 };

struct deflater;
struct inflater;

/* level 1: best speed; NULL: out of memory */
struct deflater *deflater_new(void);
struct deflater *deflater_free(struct deflater *);      /* NULL is fine; returns NULL */

/* start, add (any number of times), finish: returns the compressed message without its empty tail
 * block. */
void deflater_start(struct deflater *);
void deflater_add(struct deflater *, struct slice);
struct slice deflater_finish(struct deflater *);

enum inflate_verdict {
    INFLATE_MORE,               /* a piece was made, and there may be another */
    INFLATE_DONE,               /* a piece was made, the last; it may be empty */
    INFLATE_BAD,                /* corrupt or cut */
    INFLATE_LIMIT,              /* grows beyond the limit */
};

struct inflater *inflater_new(void);                    /* NULL: out of memory */
struct inflater *inflater_free(struct inflater *);      /* NULL is fine; returns NULL */

/* `message` (without its tail block) must stay until the verdict is not MORE. */
void inflater_start(struct inflater *, struct slice message, uint64_t limit);
enum inflate_verdict inflater_next(struct inflater *, struct slice *ret_piece);

#endif
