/* SPDX-License-Identifier: Apache-2.0 */
/* Outq: bytes that wait to be written, in chunks.
 *
 * Small payloads are copied into the tail chunk; large ones are shared blobs that a segment points
 * to.
 * A connection owns chunks only while output is pending, so an idle one costs none.
 *
 * Thread:  the reactor that owns the pool. A blob's count is atomic, since a blob may cross
 * reactors.
 * Memory:  chunks come from the reactor's pool through its door: reserving may fail, and the caller
 *          then cuts the receiver. All zero is a valid empty queue. */
#ifndef MIDGE_NET_OUTQ_H
#define MIDGE_NET_OUTQ_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/slice.h"
#include "env/net.h"

/* Bytes shared by several receivers, immutable. */
struct blob {
    _Atomic uint32_t refs;
    uint32_t len;
    uint8_t bytes[];
};

MUST_CHECK struct blob *blob_new(struct slice bytes); /* one reference; NULL when memory is gone */
/* These, one behind the other. */
MUST_CHECK struct blob *blob_of_parts(const struct slice *parts, uint32_t count);
struct blob *blob_ref(struct blob *);
struct blob *blob_unref(struct blob *); /* returns NULL; NULL is fine */

struct chunk {
    struct chunk *next;
    struct blob *blob; /* written behind the chunk's own bytes */
    uint32_t blob_at;  /* what of the blob is left: from here … */
    uint32_t blob_end; /* … to here */
    uint32_t at;       /* the chunk's own bytes that are left: from here … */
    uint32_t end;      /* … to here */
    uint32_t cap;
    uint8_t bytes[];
};

/* Chunk sizes; the pool gives large ones while few are out, small ones under pressure (spike: 64 K
 * is fastest, 16 K keeps a fan-out to a thousand small). */
enum {
    CHUNK_LARGE = 65536 - 64,
    CHUNK_MEDIUM = 16384 - 64,
    CHUNK_SMALL = 4096 - 64,
    CHUNK_KINDS = 3
};

struct outpool {
    struct door *door;
    struct chunk *spare[CHUNK_KINDS];
    uint32_t spare_count[CHUNK_KINDS];
    uint32_t in_use; /* chunks handed out */
    uint64_t returned; /* bytes given back at the door since the reactor last looked */
};

void outpool_init(struct outpool *, struct door *);
void outpool_deinit(struct outpool *);

struct outq {
    struct chunk *head;
    struct chunk *tail;
    uint64_t bytes; /* all that waits, blobs too */
};

/* Room for `len` contiguous bytes at the end; NULL when the door refuses. Nothing counts until
 * outq_commit(). */
MUST_CHECK uint8_t *outq_reserve_slow(struct outq *, struct outpool *, uint32_t len);

MUST_CHECK static inline uint8_t *outq_reserve(struct outq *q, struct outpool *pool, uint32_t len)
{
    struct chunk *t = q->tail;
    if (LIKELY(t != NULL && t->cap - t->end >= len && t->blob == NULL)) return t->bytes + t->end;
    return outq_reserve_slow(q, pool, len);
}

static inline void outq_commit(struct outq *q, uint32_t len)
{
    q->tail->end += len;
    q->bytes += len;
}

/* Copies; false when the door refuses, and then nothing was added. */
MUST_CHECK bool outq_add(struct outq *, struct outpool *, struct slice);

/* Room for a head of `len` bytes with a blob behind it. NULL when the door refuses. The segment is
 * small, so that a fan-out of large messages does not pin large chunks. */
MUST_CHECK uint8_t *outq_reserve_blob(struct outq *, struct outpool *, uint32_t len);
/* The head and a reference to the whole blob. */
void outq_commit_blob(struct outq *, uint32_t len, struct blob *);

/* The first bytes as spans for a write; returns the count (at most NET_SPANS_MAX). */
uint32_t outq_spans(const struct outq *, struct net_span spans[NET_SPANS_MAX]);

/* The first contiguous bytes; empty when the queue is. Valid until the next change. */
struct slice outq_front(const struct outq *);

void outq_drop(struct outq *, struct outpool *, uint64_t bytes); /* from the front */
void outq_move(struct outq *to, struct outq *from);              /* all of it, to the end of `to` */
void outq_clear(struct outq *, struct outpool *);

#endif
