/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of consumers share: the set of a stream's consumers, one of them, and what the
 * files do for each other.
 *
 * Thread, memory: consumer.h. Two views of one consumer: `acks` and `config` are what commands
 * made of them (replicated, in checkpoints); everything else is the leader's, runs ahead of them
 * and is rebuilt by consumer_begin(). Whether a consumer's deliveries and acks ride in the log:
 * consumer_is_logged(); those that do not change `acks` at once.
 * Order:   what publishes runs in consumers_run(), in a turn. Sinks, timers and the log only change
 *          state and make a consumer ready. */
#ifndef MIDGE_STREAM_CONSUMER_INTERNAL_H
#define MIDGE_STREAM_CONSUMER_INTERNAL_H

#include "base/map.h"
#include "core/deliver.h"
#include "stream/ack_subject.h"
#include "stream/acks.h"
#include "stream/advisory.h"
#include "stream/consumer.h"
#include "stream/consumer_names.h"
#include "stream/pull_queue.h"
#include "stream/redelivery.h"
#include "subject/interest.h"

struct consumer_command;
struct consumer_list;
struct consumer_pull;
struct consumer_push;
struct replay;

/* One filter of a consumer in the index of its stream. */
struct consumer_filter {
    struct interest_entry entry;
    struct consumer      *consumer;
};

/* A configuration with all that it points to. */
struct consumer_setup {
    struct consumer_config config;
    struct arena          *arena;
    struct msgs_filter     filter;      /* the configured subjects; none: all */
};

/* Why a consumer has something to do although nothing came. */
enum consumer_due {
    DUE_ACKS,                           /* redelivery_tick() */
    DUE_PULL,                           /* pull_queue_tick() */
    DUE_PUSH,                           /* a heartbeat; a message that had to wait */
    DUE_IDLE,                           /* nobody uses it */
    DUE_PAUSE,                          /* a pause ends */
    DUE_RETRY,                          /* a receiver was behind */
    DUE_REPLAY,                         /* the next one keeps its distance to the one before */
    DUE_COUNT,
};

struct consumer {
    struct consumers     *set;
    uint64_t              id;           /* within the stream; never used again */
    const char           *name;
    nanos                 created;      /* wall clock */
    struct consumer_setup setup;        /* as applied */
    struct consumer_setup *wanted;      /* proposed, not yet applied; NULL: none */
    uint32_t              proposals;    /* of configurations, not yet applied */
    struct consumer_filter *filters;
    uint32_t              filters_count;
    struct list           node;         /* of set->all, by id */
    struct list           ready;        /* of set->ready */

    struct acks           acks;
    uint64_t              start;        /* the first delivery is above it */
    uint64_t              list_end;     /* last_per_subject: the list goes up to here; 0: none */

    uint64_t              next;         /* first sequence that was not looked at */
    struct acks_position  delivered;    /* messages on their way included */
    nanos                 delivered_at, acked_at;       /* wall clock; 0: never */
    struct redelivery     redelivery;
    uint64_t              pending;      /* num_pending, when consumer_is_counted() */
    uint64_t              damage;       /* msgs_damage() then */
    uint64_t              held_until;   /* commands of the log that come before a delivery */
    struct consumer_list *list;         /* last_per_subject; NULL: made when needed, or over */
    struct consumer_pull *pull;         /* NULL: nobody waits */
    struct consumer_push *push;         /* NULL: a pull consumer, or not begun */
    struct replay        *replay;       /* replay_policy original; NULL: instant, or not begun */
    struct slice          ack_prefix;   /* on the heap; empty: not yet needed */

    struct timer          timer;
    nanos                 timer_at;
    nanos                 due[DUE_COUNT];       /* monotonic; NANOS_MAX: nothing */
    nanos                 used_at;      /* somebody asked, got a message, or was there */
    nanos                 idle_after;   /* inactive_threshold and some more; 0: never */
    struct msgs_wait      wait;
    struct msgs_load      load;
    bool                  is_reading;   /* `wait` or `load` will be called */
    bool                  is_loading;   /* … it is `load` */
    bool                  is_counted;
    bool                  is_created;   /* its first command was applied */
    bool                  is_begun;     /* the leader's part is there */
    bool                  is_deleted;   /* nobody finds it any more */
    bool                  is_changed;   /* since the last checkpoint: not only its acks */
    struct list           changed;      /* of set->changed */
};

/* Replies to acks that wait for what they speak of; consumer_answers.c. */
struct ack_answers;

/* What a stored message looks at stands first, when nobody consumes the stream. */
struct consumers {
    struct list         ready;          /* something to do in the next run */
    struct ack_answers *answers;        /* that gather; NULL: none */
    struct interest    *index;          /* filters of those in `names`; NULL: there was none yet */
    struct buf          progress;       /* commands of this tick; see command_consumer.h */
    struct buf          quick;          /* answers that wait for nothing but the run */
    /* until here a line of memory: what each message touches when nobody consumes */
    struct list         notes;          /* struct consumer_note: to be told in the run */
    struct list         dead;           /* freed at the end of the run */
    struct stream      *stream;
    struct consumer_names names;        /* those that were not deleted */
    uint32_t            counted;        /* not direct */
    uint32_t            limited;        /* neither direct nor of a mirror or source */
    struct map         *by_id;          /* all; NULL: none yet */
    struct list         all;            /* struct consumer.node */
    struct matches      matches;
    struct list         changed;        /* since the last checkpoint */
    struct buf          gone;           /* ids for the next checkpoint, 8 bytes each */
    struct buf          told_gone;      /* … in the one that is on its way */
    struct list         told;           /* changed ones in it */
    uint64_t            next_id;
    uint32_t            progress_run;   /* where the run of the last consumer begins */
    uint32_t            progress_passing; /* where its last command begins, which the next one of
                                           * its kind replaces; 0: none does */
    uint64_t            progress_id;    /* 0: no run is open */
    struct list         waiting;        /* answers on their way */
    struct buf          header, subject, status;        /* reused */
    bool                is_running;
    bool                is_ending;      /* nothing waits for the log any more */
};

/* ---- consumers.c ---- */

/* A configured limit that stands for nothing anybody can count to is as good as the highest. */
static inline uint32_t consumer_limit(int64_t configured)
{
    assert(configured > 0);
    return configured < UINT32_MAX ? (uint32_t)configured : UINT32_MAX;
}

static inline struct js_account *consumer_account(const struct consumer *c)
{
    return c->set->stream->account;
}
static inline struct core_reactor *consumer_home(const struct consumer *c)
{
    return consumer_account(c)->js->home;
}
static inline struct reactor *consumer_reactor(const struct consumer *c)
{
    return consumer_home(c)->reactor;
}
static inline const struct consumer_config *consumer_config(const struct consumer *c)
{
    return &c->setup.config;
}
static inline bool consumer_is_alive(const struct consumer *c)
{
    return c->is_begun && !c->is_deleted;
}

/* Something is to be done in the next run of its stream. */
void consumer_wake(struct consumer *);
/* It is run at `when` (monotonic) for this reason; replaces the time that stood there. */
void consumer_due(struct consumer *, enum consumer_due, nanos when);
/* The same, if nothing earlier stands there. */
static inline void consumer_due_by(struct consumer *c, enum consumer_due why, nanos when)
{
    if (when < c->due[why]) consumer_due(c, why, when);
}

void consumers_add(struct consumers *, struct consumer *);      /* to names, ids, the index */
void consumers_hide(struct consumers *, struct consumer *);     /* from names and the index */
void consumers_forget(struct consumers *, struct consumer *);   /* from ids; hidden before */
struct consumer *consumers_by_id(const struct consumers *, uint64_t id);
void consumer_mark_changed(struct consumer *);  /* for the next checkpoint */
void consumer_index(struct consumer *);         /* enters its filters, anew when they changed */

/* ---- consumer.c ---- */

/* Deliveries and acks ride in the log. */
bool consumer_is_logged(const struct consumer *);
enum acks_policy consumer_acks_policy(const struct consumer_config *);
/* What a request asks for: the newest configuration, applied or not. */
const struct consumer_config *consumer_newest(const struct consumer *);

struct consumer_start {
    uint64_t start;
    uint64_t list_end;
};

/* `config` was checked; a copy is kept. Proposes it. */
struct consumer *consumer_create(struct consumers *, const struct consumer_config *,
                                 struct slice name, const struct consumer_start *,
                                 struct js_error *ret_error);
MUST_CHECK bool consumer_update(struct consumer *, const struct consumer_config *,
                                struct js_error *ret_error);
MUST_CHECK bool consumer_delete(struct consumer *, struct js_error *ret_error);
/* CONSUMER.RESET: the next delivery is `sequence` (> 0), as number 1. */
void consumer_reset(struct consumer *, uint64_t sequence);
/* No delivery before all that was proposed is applied: what waits for that is answered first. */
void consumer_hold(struct consumer *);
struct consumer *consumer_free(struct consumer *);      /* silent; returns NULL */
/* `take_setup` is moved in, here and below. */
struct consumer *consumer_new(struct consumers *, const struct consumer_command *made,
                              struct consumer_setup *take_setup);
void consumer_configure(struct consumer *, struct consumer_setup *take_setup);
/* One of the configurations that were proposed is applied. */
void consumer_made_applied(struct consumer *);
/* What only a leader has goes. */
void consumer_stop(struct consumer *);
/* The command that makes it with this configuration; `json`, which is empty, holds its text. */
void consumer_made(const struct consumer *, const struct consumer_config *, struct buf *json,
                   struct consumer_command *ret);
/* False: it is no configuration. */
MUST_CHECK bool consumer_setup_read(struct consumer_setup *ret, struct slice json);
/* The leader's part begins: what is pending is tracked, push consumers look for interest. */
void consumer_begin(struct consumer *);
void consumer_check(const struct consumer *);
void consumer_setup_free(struct consumer_setup *);

/* ---- consumer_apply.c ---- */

/* The body of COMMAND_CONSUMER: NULL when it is none. */
struct consumer *consumers_take_made(struct consumers *, struct slice body);
/* Nobody keeps messages for it any more. */
void consumers_take_gone(struct consumers *, uint64_t id);
/* It is gone, or wants others than before: what it has not acked may be needed by nobody. */
void consumer_unneeded(struct consumer *);

/* ---- consumer_checkpoint.c ---- */

/* The body of COMMAND_CONSUMER_ACKS, which is also a section of a checkpoint. NULL: there is no
 * such consumer, or these are not its acks. */
struct consumer *consumers_take_acks(struct consumers *, struct slice body);
/* The same, into an empty buffer. */
void consumer_acks_write(uint64_t id, const struct acks *, enum acks_form, struct buf *out);

/* ---- consumer_run.c ---- */

/* What is due at this moment, then deliveries; a share. True: there is more to do. */
bool consumer_run(struct consumer *);
bool consumer_is_paused(const struct consumer *);
bool consumer_is_held(const struct consumer *);         /* see consumer_hold() */
/* The advisory: paused until then, or no longer. 0: never was. */
void consumer_tell_pause(const struct consumer *, nanos until);

/* ---- consumer_start.c ---- */

/* Where a new consumer begins. BUSY: `wait` will be called. */
MUST_CHECK enum err consumer_start_find(struct stream *, const struct consumer_config *,
                                        struct msgs_wait *, struct consumer_start *ret);

/* ---- consumer_list.c: last_per_subject ---- */

/* The newest message of each subject, above what was delivered, up to list_end. */
struct consumer_list *consumer_list_new(const struct consumer *);
struct consumer_list *consumer_list_free(struct consumer_list *);       /* returns NULL */
/* The first one at or above `from`; 0: none any more. */
uint64_t consumer_list_next(const struct consumer_list *, uint64_t from);
bool consumer_list_has(const struct consumer_list *, uint64_t sequence);
/* How many of those at or above `from` are there. */
uint64_t consumer_list_count(const struct consumer_list *, struct msgs *, uint64_t from);

/* ---- consumer_next.c ---- */

struct consumer_next {
    uint64_t sequence;
    uint32_t deliveries;                /* this one counted */
    bool     is_again;
};

/* OK: deliver it (the message is in c->load.msg, and all are counted). NOTFOUND: nothing is left.
 * LIMIT: as many are pending as may be. BUSY: it is being read, or they are being counted; the
 * consumer is made ready then. */
MUST_CHECK enum err consumer_next(struct consumer *, struct consumer_next *ret);
/* What was not acked in time is due again, or exhausted. */
void consumer_expire(struct consumer *);
/* num_pending. BUSY: it is being counted; the consumer is made ready then. */
MUST_CHECK enum err consumer_count(struct consumer *, uint64_t *ret);
/* The same; BUSY: `wait` is called, and the consumer does nothing of its own. */
MUST_CHECK enum err consumer_count_for(struct consumer *, struct msgs_wait *, uint64_t *ret);
/* What reports say: 0 as long as it is not counted. */
uint64_t consumer_pending(struct consumer *);
void consumer_recount(struct consumer *);       /* filters changed, or many went */
bool consumer_is_counted(const struct consumer *); /* no damage was found since */
/* It left; `at` of the reactor's clocks. */
void consumer_delivered(struct consumer *, const struct consumer_next *);
/* The ack subject of this delivery; valid until the next one of the stream. */
struct slice consumer_reply(struct consumer *, const struct consumer_next *);
/* Header and payload as this consumer gets them; likewise. `pin` NULL: none; empty: nobody's. */
struct slice consumer_header(struct consumer *, const struct slice *pin);
/* So many unacked messages may be out; UINT64_MAX: no limit. */
uint64_t consumer_ack_max(const struct consumer *);

/* ---- deliver_pull.c ---- */

bool consumer_pull_run(struct consumer *);      /* true: there is more */
void consumer_pull_dismiss(struct consumer *, enum pull_status);
void consumer_pull_configure(struct consumer *);        /* who waits waits on */
void consumer_pull_free(struct consumer *);
uint32_t consumer_waiting(struct consumer *);   /* num_waiting */
/* The pin, empty: none; since when (monotonic). */
struct slice consumer_pin(const struct consumer *, nanos *ret_since);
void consumer_unpin(struct consumer *);         /* it is told, whether there was one or not */

/* ---- deliver_push.c ---- */

void consumer_push_begin(struct consumer *);
void consumer_push_end(struct consumer *);
/* Another configuration than `old` is in force; a pull consumer is fine. */
void consumer_push_configure(struct consumer *, const struct consumer_config *old);
bool consumer_push_run(struct consumer *);
bool consumer_push_is_bound(const struct consumer *);
/* The reply to a flow control request. `id`: the last token of its subject. */
void consumer_push_confirmed(struct consumer *, struct slice id, struct slice header);

/* ---- progress.c ---- */

/* One change of `acks`: at once, or with the log. `time` is set here for deliveries. */
void consumer_command(struct consumer *, const struct acks_command *);
/* The same for what other commands of the log do to it: at once always. */
void consumer_acks_apply(struct consumer *, const struct acks_command *);
/* Proposes what has gathered. */
void consumers_flush(struct consumers *);
/* Nothing more should be delivered now: the log takes nothing. */
bool consumers_is_clogged(const struct consumers *);

/* ---- consumer_answers.c ---- */

/* An empty message to `reply`: when all that was changed so far is durable, or, when what was said
 * changes nothing that is logged, in the next run before it delivers. */
void consumer_answer_ack(struct consumer *, struct slice reply, bool is_logged);
/* A delivery of this consumer is durable before it leaves, for there is only one: a crash must not
 * make it two. */
bool consumer_must_hold(const struct consumer *);
/* Such a delivery, or a status line behind one: copied, sent when it is durable. */
void consumer_send_later(struct consumer *, const struct outgoing *);
bool consumer_holds_much(const struct consumer *);      /* no more of them in this run */
/* Those that gathered wait from now on, if all that they speak of was proposed. */
void consumers_answers_flush(struct consumers *);
/* Those that wait for nothing. */
void consumers_answers_now(struct consumers *);
void consumers_answers_free(struct consumers *);
/* An advisory, told in the next run; texts are copied. */
void consumer_note(struct consumer *, enum advisory, const struct advisory_facts *);
/* A pull request that came with an ack. */
void consumer_note_pull(struct consumer *, struct slice reply, struct slice body);
void consumers_notes_run(struct consumers *);
void consumers_notes_free(struct consumers *);

/* ---- consumer_acks.c ---- */

/* What stands in the subjects of its acks and flow control; `hash` holds a part of it. */
enum ack_version consumer_place(const struct consumer *, char hash[ACCOUNT_HASH_LEN],
                                struct ack_place *ret);
/* Acks by flow control: everything up to what its reply says. */
void consumer_ack_flow(struct consumer *, const struct ack_info *);

/* ---- consumer_info.c ---- */

struct consumer_info;
/* As LIST has it; as all others do, with the version of this server. */
void consumer_info_fill(struct consumer *, struct arena *, struct consumer_info *ret);
void consumer_info_tell(struct consumer *, struct arena *, struct consumer_info *ret);

#endif
