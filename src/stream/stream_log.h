/* SPDX-License-Identifier: Apache-2.0 */
/* Stream log: where a stream's commands become durable, in order, before they are applied.
 *
 * A stream does not know which body it has: the journal of the store (file streams), none (memory
 * streams: durable at once, gone after a restart), later a Raft group. Whoever proposes checks
 * against what is applied and what is proposed and not yet applied (inflight.h), decides everything
 * that changes state (time, interest, duplicate, removals), and puts the decision into the command.
 * Applying never decides and never fails.
 *
 * Thread:  the JetStream reactor. Memory: what stream_log_propose() returns is filled before the
 *          next call into the log; what apply() gets is valid until it returns.
 * Order:   commands of one log are applied in the order in which they were proposed, never inside
 *          stream_log_propose(): in a turn at the end of this tick or a later one, or while the
 *          disk's queue is polled.
 * Errors:  NULL from stream_log_propose(): LIMIT (no space) or IO (the log has failed);
 * stream_log_error() says. */
#ifndef MIDGE_STREAM_STREAM_LOG_H
#define MIDGE_STREAM_STREAM_LOG_H

#include "base/err.h"
#include "base/slice.h"
#include "store/journal.h"

struct stream_log;

/* A command that is durable. Also called at recovery, for what the last checkpoint does not
 * hold. */
struct stream_log_command {
    uint32_t     kind;
    uint64_t     sequence; /* of the stream, when the command stores; else 0 */
    struct slice body;
    bool         is_replay;
};

struct stream_log_ops {
    struct stream_log *(*free)(struct stream_log *); /* nothing is applied any more; returns NULL */
    uint8_t *(*propose)(struct stream_log *, uint32_t kind, uint64_t sequence, uint32_t len,
                        enum journal_use);
    enum err (*error)(const struct stream_log *);
    /* NULL: nobody needs to know */
    void (*reaches)(struct stream_log *, uint64_t last_sequence);
    void (*linger)(struct stream_log *); /* NULL: it would not make less of it */
    void (*hurry)(struct stream_log *);  /* NULL: nothing lingers */
};

struct stream_log {
    const struct stream_log_ops *ops;
    void    *ctx;
    void   (*apply)(void *ctx, const struct stream_log_command *);
    uint64_t proposed; /* commands, so far; applied <= proposed */
    uint64_t applied;
};

static inline uint8_t *stream_log_propose(struct stream_log *l, uint32_t kind, uint64_t sequence,
                                          uint32_t len, enum journal_use use)
{
    return l->ops->propose(l, kind, sequence, len, use);
}

static inline enum err stream_log_error(const struct stream_log *l)
{
    return l->ops->error(l);
}

/* The command that was proposed last stores several messages, up to this sequence. */
static inline void stream_log_reaches(struct stream_log *l, uint64_t last_sequence)
{
    if (l->ops->reaches != NULL) l->ops->reaches(l, last_sequence);
}

/* Nobody waits for the command that was proposed last: others may come with it. */
static inline void stream_log_linger(struct stream_log *l)
{
    if (l->ops->linger != NULL) l->ops->linger(l);
}

/* Somebody waits for what was proposed. */
static inline void stream_log_hurry(struct stream_log *l)
{
    if (l->ops->hurry != NULL && l->applied < l->proposed) l->ops->hurry(l);
}

struct reactor;

/* The log of memory streams: commands wait for the turn at the end of the tick. */
struct stream_log *stream_log_none_new(struct reactor *);

struct store;
struct store_owner;

/* The log of file streams with one replica: commands are records of an owner that is entered in the
 * store. Its `apply` (store.h) hands each to stream_log_journal_apply(). */
struct stream_log *stream_log_journal_new(struct store *, struct store_owner *);
void stream_log_journal_apply(struct stream_log *, const struct journal_record *, bool is_replay);

#endif
