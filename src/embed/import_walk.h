/* SPDX-License-Identifier: Apache-2.0 */
/* Import walk: the messages of one stream of a nats-server, in order, as that server would serve
 * them.
 *
 * When its index.db is current, that one says which sequences are there. Else all blocks are
 * scanned, as nats-server does it then: a message is there unless it was erased or some tombstone
 * names it. But what stands behind damage is not dropped, as nats-server does it when it scans.
 *
 * What a nats-server does at its start before it serves is done here in thought: an interrupted
 * purge ("__new_msgs__") is finished or undone, the rest of an atomic batch follows its beginning,
 * a block that was about to be encrypted is read though its key is there already. Nothing is
 * written.
 *
 * Thread: the caller's, blocking. Memory: one block at a time. */
#ifndef MIDGE_EMBED_IMPORT_WALK_H
#define MIDGE_EMBED_IMPORT_WALK_H

#include "embed/import_asset.h"
#include "store/msgs.h"

struct import_walk;

struct import_walk_options {
    const char *directory; /* of the stream */
    struct slice account, stream;
    const struct import_asset *meta; /* of the stream: index.db is sealed with it */
    const struct import_keys *keys;
    bool has_batches; /* atomic batches may be written to it: see import_batch.h */
    void *ctx;
    /* A sentence for each piece that is damaged. NULL: nobody wants to know. */
    void (*on_damage)(void *ctx, const char *what);
    /* A sentence about what an operator may want to know. NULL likewise. */
    void (*on_note)(void *ctx, const char *what);
};

/* DENIED, IO: the stream cannot be read. */
MUST_CHECK enum err import_walk_new(const struct import_walk_options *, struct import_walk **ret,
                                    struct errmsg *why);
struct import_walk *import_walk_free(struct import_walk *); /* NULL is fine; returns NULL */

/* NOTFOUND: that was the last one. Valid until the next call. */
MUST_CHECK enum err import_walk_next(struct import_walk *, struct stored *ret, struct errmsg *why);

/* At the end: the highest sequence that was given, and when. */
uint64_t import_walk_last(const struct import_walk *, nanos *ret_time);

#endif
