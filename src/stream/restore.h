/* SPDX-License-Identifier: Apache-2.0 */
/* Restore: a stream from the chunks of an archive: STREAM.RESTORE.
 *
 * Chunks come to $JS.SNAPSHOT.RESTORE.<stream>.<id>, each with a reply, which is answered with an
 * empty message when the chunk is taken. An empty chunk is the end: its answer is that of
 * STREAM.CREATE, when the stream is there and durable, or says what went wrong; until then a chunk
 * of a broken archive is answered like any other, as on nats-server. Without a chunk for 5 s it is
 * over, and nobody is told.
 *
 * The stream is made hidden (stream_restore.h): it appears whole or not at all, whatever happens to
 * client, transfer or server. The name is free until then; who has it first has it.
 *
 * Files: restore.c (life, chunks, answers), restore_build.c (from archive to stream),
 * archive_read.h (the archive), api_snapshot.c (the request).
 * Thread: the JetStream reactor. Memory: bounded: chunks that wait, what is in flight to the log,
 *         and of consumers what they wait for. */
#ifndef MIDGE_STREAM_RESTORE_H
#define MIDGE_STREAM_RESTORE_H

#include "stream/stream.h"

struct restore;
struct restore_build;

/* At once, in the whole server. */
enum { RESTORES_MAX = 32 };

/* In a turn. `config` was checked. Gives the subject for the chunks into `subject`. NULL: there is
 * no memory to subscribe. */
struct restore *restore_begin(struct js_account *, const struct stream_config *, uint64_t origin,
                              struct buf *subject);
bool restores_are_full(const struct jetstream *);
/* The journal has failed. */
void restores_failed(struct jetstream *, enum err);
/* The server stops: they end, silently. */
void restores_stop(struct jetstream *);

/* ---- restore_build.c ---- */

/* `maker` is told when something of the stream was applied. */
struct restore_build *restore_build_new(struct stream_maker *maker, struct js_account *,
                                        const struct stream_config *);
/* The stream, if there is one still, is dropped or given up: see restore_build_drop(). */
struct restore_build *restore_build_free(struct restore_build *);

/* Takes bytes off the front of `*in`. BUSY: much is on its way to the log, call again when it is
 * applied, or a moment later. OK: all was taken. INVALID: `*ret_error` says why. */
MUST_CHECK enum err restore_build_take(struct restore_build *, struct slice *in,
                                       struct js_error *ret_error);
/* No more comes. OK: the stream is in its account, and there when stream_after() says so. BUSY,
 * INVALID likewise. */
MUST_CHECK enum err restore_build_finish(struct restore_build *, struct stream **ret,
                                         struct js_error *ret_error);
/* Nothing of it stays. False: something is on its way to the log; call again when it is applied. */
MUST_CHECK bool restore_build_drop(struct restore_build *);

#endif
