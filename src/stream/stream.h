/* SPDX-License-Identifier: Apache-2.0 */
/* Stream: one stream: its configuration, messages, log, and who consumes it.
 *
 * Files: stream.c (life: create, update, delete, recovery), stream_setup.c (what a configuration
 * makes: bodies, transforms, subscriptions), ingest.c and ingest_checks.c (from a published message
 * to a command), stream_answers.c (what publishers are told), apply.c (from a durable command to
 * state, ack, consumers), stream_room.c (what has to go for a message), stream_changes.c (remove,
 * purge, what nobody needs), dedupe.c (ids of the duplicate window), expiry.c (max_age, TTL,
 * markers, schedules), atomic_batch.c (atomic and fast batches), republish.c, stream_info.c (what
 * the API tells of it). They share stream_internal.h.
 *
 * Thread:  the JetStream reactor. Memory: the account's list owns it; stream_free() after its
 *          deletion was applied and nothing is in flight.
 * Replicated state (changes only in stream_apply()): configuration, msgs, ids, expiries, consumers'
 *          acks. The leader's (may be lost in a crash): inflight, waits, timers, subscriptions.
 * Order:   what a client is told waits for the commands that it speaks of: stream_after(). */
#ifndef MIDGE_STREAM_STREAM_H
#define MIDGE_STREAM_STREAM_H

#include "stream/api_info.h"
#include "stream/command.h"
#include "stream/errors.h"
#include "stream/inflight.h"
#include "stream/jetstream_internal.h"
#include "stream/stream_log.h"
#include "stream/text_queue.h"

struct consumer;
struct consumers;
struct damage;
struct dedupe;
struct expiry;
struct batches;
struct js_paged;
struct sources;

/* Who makes one that is hidden (stream_restore.h): something of it was applied. From anywhere. */
struct stream_maker {
    void (*applied)(struct stream_maker *);
};

/* What a stored message touches stands first, so that many streams share the caches: up to the part
 * of `config` that it looks at, and the head of `owner`. */
struct stream {
    struct js_account   *account;
    struct stream_log   *log;
    struct msgs         *msgs;
    struct consumers    *consumers;     /* consumer.h; never NULL */
    struct batches      *batches;       /* NULL: none is open */
    struct sources      *sources;       /* source.h; NULL: it has never drawn from another */
    struct transform    *transform;     /* of subject_transform; NULL: none */
    struct transform    *republish;     /* NULL: none */

    uint64_t             charged;       /* bytes that account and server count for it */
    enum err             failure;       /* ERR_OK, or why it takes no more: shown in healthz */
    bool                 is_hidden;     /* nobody finds it: stream_restore.h */
    bool                 is_created;    /* its first command was applied */
    bool                 is_started;    /* not in recovery */
    bool                 is_deleted;    /* COMMAND_DELETE was proposed: nothing new is taken */
    bool                 is_gone;       /* … and applied: it ends in its next turn */
    bool                 is_expiring;   /* private to stream_expiry.c: the timer has fired */
    bool                 is_torn;       /* a start: the journal has lost something, maybe of it */
    /* Nothing stands in `waits`, `unneeded`, `answers` and `held`, and there is no `maker`: so its
     * last turn has found it, and who puts something there takes this back. */
    bool                 is_quiet;
    /* `last_id` or `last_id_proposed` may be other than empty */
    bool                 has_ids;
    bool                 has_sources;   /* in its configuration */
    bool                 has_consumers; /* or had: else nobody looks at them */
    bool                 is_async;      /* persist_mode: publishers do not wait for the disk */
    struct slice         ack;           /* what of a PubAck never changes; of base/near.h */
    struct list          waits;         /* struct stream_wait, by `upto` */
    struct stream_maker *maker;         /* is told what is applied; NULL: nobody makes it */

    struct sink          sink;          /* of its subjects */
    /* as all will be when everything proposed is applied */
    uint64_t             last_proposed; /* sequence */
    nanos                time_proposed;

    struct inflight      inflight;
    CACHE_ALIGNED struct stream_config config;

    /* what few messages touch */
    struct buf           unneeded;      /* sequences to look at in this turn, in pairs */
    struct text_queue    answers;       /* private to stream_answers.c */
    struct text_queue    held;          /* private to ingest_held.c */
    struct buf           last_id;       /* Nats-Msg-Id of the last message; empty: it had none */
    struct buf           last_id_proposed; /* … of the last one that was proposed */
    bool                 is_unneeded_reading; /* private to stream_changes.c */
    bool                 is_held_loading; /* private to ingest_held.c */
    bool                 is_config_told; /* of a file stream, to a checkpoint */
    bool                 is_acked_told;  /* … by one, of a work queue: what was acked */

    CACHE_ALIGNED struct store_owner owner; /* of a file stream */
    uint64_t             incarnation;   /* never used again */
    uint64_t             hash_seed;     /* of ids */
    struct arena        *config_arena;  /* holds what config points to; replaced with it */
    nanos                created;
    struct dedupe       *dedupe;
    struct expiry       *expiry;
    struct schedules    *schedules;
    struct sub         **subs;          /* one per subject; NULL while it takes nothing */
    uint32_t             subs_count;
    struct list          changes;       /* private to stream_changes.c, as are the next two */
    struct list          erasing;
    struct buf           leaving;       /* of a work queue */
    uint64_t             let_go;        /* of interest, before the start: up to here some are not
                                         * needed any more */
    /* private to ingest_held.c */
    struct buf           held_now;      /* the one in hand */
    struct msgs_load     held_load;     /* a message that its checks need */
    struct msgs_wait     held_wait;     /* … or an index */
    struct msgs_wait     unneeded_wait; /* private to stream_changes.c: for what `unneeded` needs */
    struct zone         *zone;          /* the last time zone that a schedule named … */
    char                *zone_name;     /* … and its name */
    uint64_t             removals_upto; /* the last command that removes something */
    struct buf           sending;       /* the answer that is being sent */
    struct buf           scratch;       /* texts of the message in hand: subject … */
    struct buf           scratch_header; /* … and header … */
    struct buf           counter_payload, counter_sources; /* … and what a counter becomes … */
    struct buf           counter_header, counter_header_all;    /* … in two steps */
    struct turn          turn;
    /* private to stream_expiry.c */
    struct timer         timer;         /* of what expires next … */
    nanos                timer_due;     /* … and when that is, since 1970 */
    nanos                expired_at;    /* when that was last looked for */
    uint64_t             expiry_upto;   /* the command that removes what had expired */
    struct msgs_wait     expiry_wait;   /* for what tells how old messages are */
    /* of a file stream */
    uint64_t             ids_told;      /* as far as a checkpoint has told them */
    uint64_t             slice_at;      /* where a rewrite of the checkpoint log is … */
    uint32_t             slice_part;    /* … in which part */
    struct buf           loading_ids, loading_expiries, loading_schedules;
    struct stream       *next_ending;   /* in js->ending */
    struct stream       *next_hidden;   /* in js->hidden */
    struct damage       *damage;        /* private to damage.c; NULL: nothing was found */
};

static_assert(offsetof(struct stream, charged) == CACHE_LINE &&
                  offsetof(struct stream, sink) == 2 * CACHE_LINE &&
                  offsetof(struct stream, inflight) == 3 * CACHE_LINE,
              "what is fetched as a line is one");

/* Prefetches what each message touches: four lines of memory. A fifth, with the sink, comes by
 * itself. */
static inline void stream_soon(const struct stream *s)
{
    PREFETCH(s);
    PREFETCH(&s->charged);
    PREFETCH(&s->inflight);
    PREFETCH(&s->config);
}

static inline bool stream_is_file(const struct stream *s)
{
    return s->config.storage == JS_STORAGE_FILE;
}
static inline struct slice stream_name(const struct stream *s)
{
    return slice_str(s->config.name);
}

/* ---- life ---- */

/* Makes it from a configuration that was checked (stream_create_check), puts it into the account
 * and proposes its first command. It takes messages when that is applied: stream_after() tells. */
MUST_CHECK enum err stream_create(struct js_account *, const struct stream_config *,
                                  struct stream **ret, struct js_error *ret_error);
/* The configuration was checked (stream_update_check). Takes effect when applied. */
MUST_CHECK bool stream_update(struct stream *, const struct stream_config *,
                              struct js_error *ret_error);
/* Proposes its end. When applied: consumers end, files go, it leaves the account and is freed, all
 * its waits are called first. */
MUST_CHECK bool stream_delete(struct stream *, struct js_error *ret_error);
/* The server ends, or the account does; nothing is changed on disk. Returns NULL. */
struct stream *stream_free(struct stream *);

/* The server ends: frees those deleted streams that the store has not yet forgotten; their files go
 * at the next start. Before store_close(). */
void streams_end(struct jetstream *);

/* Recovery: the store found an owner; js->store is set. NULL: this record or section does not begin
 * a stream (COMMAND_CONFIG or COMMAND_RESTORE do, with the account's name in them), or it cannot be
 * read; the store quarantines it. */
struct stream *stream_recover(struct jetstream *, const struct store_found *);
/* All is replayed: timers, subscriptions, consumers begin. */
void stream_start(struct stream *);
/* Its log has failed: nothing is taken any more, those that wait are told. */
void stream_fail(struct stream *, enum err);

/* ---- what must wait ---- */

/* Calls `done` in a turn when all commands proposed so far are applied; at the end of this tick
 * when there are none. Never inside. Embedded; the owner keeps it until then. `is_gone`: the
 * stream's log has failed or the stream ended first. */
struct stream_wait {
    struct list node;                   /* private, as upto */
    uint64_t    upto;
    void (*done)(struct stream_wait *, bool is_gone);
};
void stream_after(struct stream *, struct stream_wait *);
void stream_wait_cancel(struct stream_wait *);      /* one that does not wait is fine */

/* ---- from the API ---- */

/* Removes one message: COMMAND_REMOVE; erased unless `is_kept` says that only the index forgets it.
 * `done` when it is durable, and gone from disk when erased. False: it is not there. */
MUST_CHECK bool stream_remove(struct stream *, uint64_t sequence, bool no_erase,
                              void (*done)(void *ctx, enum err), void *ctx);

struct stream_purge {
    struct slice filter;                /* empty: all */
    uint64_t     below;                 /* 0: any */
    uint64_t     keep;
};
/* Proposes; how many go is known when it is applied: `done` with their number. */
void stream_purge(struct stream *, const struct stream_purge *,
                  void (*done)(void *ctx, enum err, uint64_t purged), void *ctx);

/* State as the API tells it. Lists lie in `arena`; only what `details` asks for. */
struct stream_details {
    bool         deleted;
    const char  *subjects;              /* filter; NULL: none */
    int64_t      offset;
    struct js_paged *paged;             /* filled when subjects are asked for; else NULL */
};
void stream_state_fill(struct stream *, const struct stream_details *, struct arena *,
                       struct stream_state *ret);
void stream_info_fill(struct stream *, const struct stream_details *, struct arena *,
                      struct stream_info *ret);

/* ---- from the log; for its owner ---- */

void stream_apply(void *stream, const struct stream_log_command *);
void stream_check(struct stream *);     /* asserts every invariant; O(n) */

/* ---- for consumers ---- */

/* Asks for the stream's turn, which runs its consumers that are ready. */
void stream_wake(struct stream *);

/* Some consumer needs these no longer (interest, workqueue): those that nobody needs are removed by
 * a command of this turn; before the start, of the first one after it. No effect with limits
 * retention. */
void stream_unneeded(struct stream *, uint64_t first, uint64_t last);
/* Proposes the removal of what nobody needs any more: in the stream's turn, and before a consumer
 * goes. */
void stream_unneeded_propose(struct stream *);

#endif
