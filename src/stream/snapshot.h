/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot: a stream as an archive, sent to a client in chunks: STREAM.SNAPSHOT.
 *
 * The archive (codec/natsarc.h in codec/s2_stream.h) is what nats-server 2.15 writes: state.json,
 * the consumers, the messages, the end.
 * What it holds: the stream at one moment, that of the answer. state.json and the consumers are of
 * that moment, and no message is newer. A message that is removed before its turn is absent and
 * counts as deleted: so first and last sequence and the number of consumers are exact, messages
 * and bytes are what they were, at most. Publishing, acks and removals go on meanwhile.
 *
 * Chunks go out as the receiver's acks allow (a window of them), each asks for an ack by its reply:
 * $JS.SNAPSHOT.ACK.<stream>.<id>.<bytes>.<number>. The last, shorter one has none. Then comes an
 * empty message; its header tells how it went, as on nats-server: 204, or none when there was no
 * full chunk; 408 No Interest, 408 No Flow Response, 500 and why.
 *
 * Files: snapshot.c (life, chunks, window), snapshot_write.c (what they hold), api_snapshot.c (the
 * request).
 * Thread: the JetStream reactor; messages are read a piece a turn, without waiting for the disk.
 * Memory: bounded: a chunk, blocks of S2, and of consumers what a checkpoint holds of them. */
#ifndef MIDGE_STREAM_SNAPSHOT_H
#define MIDGE_STREAM_SNAPSHOT_H

#include "stream/api_requests.h"
#include "stream/stream.h"

struct snapshot;
struct snapshot_archive;

/* At once, in the whole server: each holds about a MiB and a window. */
enum { SNAPSHOTS_MAX = 64 };

struct snapshot_order {
    const char *deliver;                /* a literal subject */
    int64_t     chunk_size, window_size;        /* 0: as nats-server has it */
    bool        no_consumers;
    uint64_t    origin;                 /* of the client, for advisories */
};

/* In a turn, after the answer. `state` is what the answer told. */
void snapshot_begin(struct stream *, const struct snapshot_order *, const struct stream_state *);
/* As many as may be are under way. */
bool snapshots_are_full(const struct jetstream *);
/* The stream leaves its account. */
void snapshots_stream_gone(struct stream *);
/* The server stops: they end, silently. */
void snapshots_stop(struct jetstream *);

/* ---- snapshot_write.c ---- */

/* The consumers as they are now; `state` as it is to be told. */
struct snapshot_archive *snapshot_archive_new(struct stream *, const struct stream_state *,
                                              bool no_consumers);
/* Nothing is being read: see snapshot_archive_cancel(). NULL is fine; returns NULL. */
struct snapshot_archive *snapshot_archive_free(struct snapshot_archive *);

/* Appends what comes next to `out`, until that has `enough` bytes or a share of a turn is read. OK:
 * there is more. NOTFOUND: that was all. BUSY: something is being read, `ready` will be called.
 * CORRUPT: `*ret_sequence` cannot be read, and the archive has no end. */
MUST_CHECK enum err snapshot_archive_next(struct snapshot_archive *, uint32_t enough,
                                          struct buf *out, uint64_t *ret_sequence);
/* For the owner, set before the first call. */
void snapshot_archive_on_ready(struct snapshot_archive *, void (*ready)(void *ctx), void *ctx);
/* Nothing is being read any more; the stream may go. */
void snapshot_archive_cancel(struct snapshot_archive *);

#endif
