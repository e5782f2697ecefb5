/* SPDX-License-Identifier: Apache-2.0 */
/* Import batch: the rest of an atomic batch that a nats-server was writing into a stream when it
 * ended.
 *
 * A batch gathers in a store of its own, <stream>/batches/<hash of its id>, whose sequences count
 * the batch's messages. When it is committed its messages are written into the stream one by one;
 * the last of them has the header Nats-Batch-Commit. So where the last message of a stream is of a
 * batch and does not commit it, the rest is still there, and nats-server writes it at its next
 * start. A commit by "eob" is no message; the one before it commits then. What was not being
 * committed is dropped.
 *
 * Thread: the caller's, blocking. Memory: as import_walk.h. */
#ifndef MIDGE_EMBED_IMPORT_BATCH_H
#define MIDGE_EMBED_IMPORT_BATCH_H

#include "embed/import_walk.h"

struct import_batch;

/* `header` is the last message's. NOTFOUND: nothing is left to write. */
MUST_CHECK enum err import_batch_new(const struct import_walk_options *stream, struct slice header,
                                     struct import_batch **ret, struct errmsg *why);
struct import_batch *import_batch_free(struct import_batch *); /* NULL is fine; returns NULL */

/* Its sequence is the batch's. NOTFOUND: that was the last one. Valid until the next call. */
MUST_CHECK enum err import_batch_next(struct import_batch *, struct stored *ret,
                                      struct errmsg *why);

#endif
