/* SPDX-License-Identifier: Apache-2.0 */
/* Stream restore: a stream in the making, which nobody finds until it is whole.
 *
 * It is an owner in the store like any other: its messages are commands in the journal, stand in
 * blocks, are checkpointed. But it begins with COMMAND_RESTORE, and its COMMAND_CONFIG comes last:
 * that one makes it a stream. What has none counts for nothing: a start drops it, files and all,
 * whatever it had. So a restore is all or nothing, and costs what publishing costs.
 *
 * Hidden streams stand in js->hidden, and count for the bytes of their account. At a start every
 * stream is hidden until all is replayed.
 *
 * Thread:  the JetStream reactor. Memory: js->hidden owns it, then its account.
 * Order:   messages ascend; consumers come behind them (what they wait for must be there). Nothing
 *          is checked against limits of accounts here. */
#ifndef MIDGE_STREAM_STREAM_RESTORE_H
#define MIDGE_STREAM_STREAM_RESTORE_H

#include "stream/archive_consumer.h"
#include "stream/stream.h"

struct stored;

/* ---- making one; false or NULL: the log takes nothing, `*ret_error` says why ---- */

/* `config` was checked. Its first command is proposed. */
struct stream *stream_restore_new(struct js_account *, const struct stream_config *,
                                  struct js_error *ret_error);
/* The first sequence is 1, and not 0 as of a stream that was never used. */
MUST_CHECK bool stream_restore_used(struct stream *, struct js_error *ret_error);
/* The first sequence is this one, although nothing may be left of it. */
MUST_CHECK bool stream_restore_first(struct stream *, uint64_t first, struct js_error *ret_error);
/* Above all before it. What its headers say is done: its end, its id, when it fires. One whose end
 * is over leaves its sequence. */
MUST_CHECK bool stream_restore_message(struct stream *, const struct stored *,
                                       struct js_error *ret_error);
/* Those that are there go. At most STREAM_RESTORE_REMOVE_MAX. */
enum { STREAM_RESTORE_REMOVE_MAX = 16 * 1024 };
MUST_CHECK bool stream_restore_remove(struct stream *, const uint64_t *sequences, uint32_t count,
                                      struct js_error *ret_error);
/* Sequences up to `last` were given. */
MUST_CHECK bool stream_restore_last(struct stream *, uint64_t last, nanos time,
                                    struct js_error *ret_error);

/* In consumer_restore.c. All messages are applied; `config` was checked. `state` is sorted; what it
 * waits for and is not there counts as acked. */
MUST_CHECK bool stream_restore_consumer(struct stream *, const struct consumer_config *,
                                        struct slice name, struct consumer_state *state,
                                        struct js_error *ret_error);

/* All that was proposed is applied. */
bool stream_restore_is_settled(const struct stream *);
/* The name is free. It stands in its account from now on (at rest: then), and is a stream when its
 * COMMAND_CONFIG is applied: stream_after() tells. */
MUST_CHECK bool stream_restore_finish(struct stream *, struct js_error *ret_error);
/* Settled, or the store has failed. It is gone, with all that it has on a disk. */
void stream_restore_drop(struct stream *);

/* ---- hidden ones ---- */

void stream_hide(struct stream *);
void stream_unhide(struct stream *);
/* Into its account. False: its name is taken, and it stays hidden. */
MUST_CHECK bool stream_show(struct stream *);
/* All is replayed: those that are whole are shown, those that are not, or were deleted, go. Not
 * before: what a start reads may name a stream before it says that another of that name is gone. */
void streams_hidden_sort(struct jetstream *);
/* The server ends; nothing is changed on disk. */
void streams_hidden_free(struct jetstream *);

#endif
