/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer: one consumer of a stream: where it is, what it has delivered, who gets the next
 * message.
 *
 * Files: consumers.c (the set of a stream's consumers: by name, by filter), consumer.c (life),
 * consumer_next.c (which message is next, what is pending), deliver_pull.c, deliver_push.c,
 * consumer_acks.c (from an ack to a command), progress.c (commands of a tick, gathered), pause.c,
 * consumer_info.c.
 *
 * What replicas share stands in `acks` (acks.h) and the configuration, and changes only by
 * commands.
 * The leader's view runs ahead of it: `position` moves when a message leaves, `redelivery` tracks
 * it from then on; the command follows in the same tick's COMMAND_PROGRESS.
 *
 * An idle consumer has no timer and is under 2 KiB: pull queue, flow, pace are made when first
 * needed and freed when idle. A consumer that has delivered all that matches waits in the stream's
 * index of filters (subject/interest.h), so a stored message finds those that want it, whatever
 * their number.
 *
 * Thread:  the JetStream reactor. Memory: owned by the stream's consumers. */
#ifndef MIDGE_STREAM_CONSUMER_H
#define MIDGE_STREAM_CONSUMER_H

#include "stream/stream.h"

struct ack_subject;
struct consumer_config;
struct pull_request;

/* ---- the set, made with its stream ---- */

struct consumers *consumers_new(struct stream *);
struct consumers *consumers_free(struct consumers *);   /* silent; returns NULL */
/* The stream is deleted: those that wait are told. */
void consumers_dismiss(struct consumers *);
/* The server stops, or JetStream is turned off, likewise. In a turn. */
void consumers_shutdown(struct consumers *);
/* JetStream is turned on again: those that push do so again. */
void consumers_resume(struct consumers *);
/* Those that count: not direct. */
uint32_t consumers_count(const struct consumers *);
/* Those that limits of numbers count: not of a mirror or source either. */
uint32_t consumers_limited(const struct consumers *);
struct consumer *consumers_find(const struct consumers *, struct slice name);
struct consumer *consumers_at(const struct consumers *, uint32_t index);     /* by name; all */
uint32_t consumers_count_all(const struct consumers *);
const struct consumer_config *consumer_config_of(const struct consumer *, struct slice *ret_name);
void consumers_check(struct consumers *);

/* ---- what the stream tells ---- */

/* A message was stored (applied); the stream has_consumers. O(those that want it). */
void consumers_stored(struct consumers *, uint64_t sequence, struct slice subject);
/* A message went: deleted, expired, by a limit. Before msgs forgets its subject. */
void consumers_removed(struct consumers *, uint64_t sequence, struct slice subject);
/* Many went (purge, compact): counts are taken anew, floors move. `emptied`: a pattern of which no
 * message is left, so that who wants nothing else goes on behind the last one; empty: none. */
void consumers_purged(struct consumers *, struct slice emptied);
/* The last sequence that any of them was given; 0 when there is none. */
uint64_t consumers_reach(const struct consumers *);
/* Some consumer still needs this message: interest and workqueue retention. */
bool consumers_need(struct consumers *, uint64_t sequence, struct slice subject);
/* Would any consumer want a message on this subject: interest retention stores it only then. */
bool consumers_want(struct consumers *, struct slice subject);
/* In the stream's turn: deliver what can be delivered; a share each, then the turn is asked
 * again. */
void consumers_run(struct consumers *);
/* Prefetches what consumers_stored() touches first. */
void consumers_soon(const struct consumers *);
/* None of them has anything to do in it. */
bool consumers_are_idle(const struct consumers *);
/* The configuration of the stream changed: limits of consumers. */
void consumers_stream_updated(struct consumers *);
/* COMMAND_CONSUMER, COMMAND_CONSUMER_GONE, COMMAND_PROGRESS were made durable. */
void consumers_apply(struct consumers *, const struct stream_log_command *);
/* Kinds of checkpoint sections that are the consumers'. */
enum {
    CONSUMER_SECTION_FIRST = 128,
    CONSUMER_SECTION_MADE = CONSUMER_SECTION_FIRST,
    CONSUMER_SECTION_ACKS,
    CONSUMER_SECTION_GONE,
    CONSUMER_SECTION_END,
};
/* What changed, or all. */
void consumers_checkpoint(struct consumers *, struct checkpoint *, uint64_t owner, bool is_full);
void consumers_checkpointed(struct consumers *, enum err);
MUST_CHECK enum err consumers_load(struct consumers *, uint32_t kind, struct slice);
void consumers_start(struct consumers *);           /* all is replayed */

/* ---- from clients ---- */

/* An ack or a flow control reply of this account. False: no consumer takes acks there. */
MUST_CHECK bool consumer_ack(struct js_account *, const struct ack_subject *, struct slice reply,
                             struct slice payload);
void consumer_flow_reply(struct js_account *, struct slice subject, struct slice header);
/* CONSUMER.MSG.NEXT. */
void consumer_pull(struct consumer *, struct slice reply, struct slice header, struct slice body);

#endif
