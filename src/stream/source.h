/* SPDX-License-Identifier: Apache-2.0 */
/* Source: a stream draws messages from other streams: it mirrors one, or has sources.
 *
 * For each, an internal consumer is made at the origin, by an API request like any client's; its
 * messages come to a sink and become the stream's own commands: a mirror's with sequence and time
 * of the origin (what is missing there is skipped), a source's with a header that says where it
 * came from. Flow control is answered when all that came before is durable here, which is also what
 * lets an origin with interest or workqueue retention forget it. Gaps, silence and refusals end the
 * consumer, and a new one is asked for after a while.
 *
 * Files: source.c (the set of a stream's, attempts and their timers), source_request.c (what is
 * asked for), source_answer.c (what comes of it), source_take.c (messages), source_store.c (their
 * commands), source_info.c, source_positions.c (how far each was read), source_name.c. They share
 * source_internal.h.
 *
 * Thread:  the JetStream reactor. Memory: owned by the stream, from its first command on that
 *          speaks of mirror or sources; NULL before. A source that is given up is freed when
 *          nothing can be on its way to its sinks any more.
 * Order:   subscriptions change and messages leave only in a turn; sinks propose, and ask for it.
 * Replicated: positions. The leader's: all else. */
#ifndef MIDGE_STREAM_SOURCE_H
#define MIDGE_STREAM_SOURCE_H

#include "stream/stream.h"

struct sources;

/* The configuration was applied, or all is replayed: draws from what it names and nothing else;
 * from nothing when the stream takes nothing. What has not changed goes on. Not from within a
 * sink. */
void sources_update(struct stream *);
/* Messages that had to wait are looked at again; in the stream's turn. NULL is fine. */
void sources_held_run(struct sources *);
/* The stream ends. NULL is fine; returns NULL. */
struct sources *sources_free(struct sources *);

/* ---- replicated ---- */

/* A message was stored in a stream that has sources, or nobody wanted it. */
void sources_stored(struct stream *, struct slice header);
/* Before a configuration is applied: where we have been in what is not configured is of no use when
 * nothing is left in the stream. A source that is named again begins anew then, as nats-server does
 * it. */
void sources_forget(struct stream *);
/* COMMAND_SOURCE. CORRUPT: it cannot be read. */
MUST_CHECK enum err sources_apply(struct stream *, struct slice body);
/* What is new, or all. NULL is fine. */
void sources_checkpoint(struct sources *, struct checkpoint *, bool is_full);
/* A section of a checkpoint. */
MUST_CHECK enum err sources_load(struct stream *, struct slice bytes);

/* ---- for the API ---- */

/* A mirror is near enough to its origin to answer for it. */
bool sources_are_close(const struct stream *);
/* `mirror` and `sources` of the info. */
void sources_info_fill(struct stream *, struct arena *, struct stream_info *ret);
void sources_check(const struct sources *);

#endif
