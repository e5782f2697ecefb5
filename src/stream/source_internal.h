/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of mirrors and sources share, see source.h.
 *
 *   WAITS ── timer ──→ ASKS ── consumer is made ──→ DRAWS
 *     ↑                  │ refused, no answer          │ a gap, silence, a message is refused
 *     └──────────────────┴─────────────────────────────┘
 *
 * Thread: the JetStream reactor. */
#ifndef MIDGE_STREAM_SOURCE_INTERNAL_H
#define MIDGE_STREAM_SOURCE_INTERNAL_H

#include "stream/consumer_config.h"
#include "stream/source.h"
#include "stream/source_positions.h"
#include "stream/stream_internal.h"

/* As nats-server has them. */
#define SOURCE_HEARTBEAT    SECOND        /* what the origin's consumer is asked for */
#define SOURCE_SILENCE      (10 * SECOND) /* after which a new one is asked for */
#define SOURCE_ASK_EVERY    (2 * SECOND)  /* at most */
#define SOURCE_ANSWER_WAIT  (30 * SECOND)
#define SOURCE_RESET_WAIT   (5 * SECOND)  /* of a consumer that was made before */
#define SOURCE_BACKOFF      (10 * SECOND) /* for each failure … */
#define SOURCE_BACKOFF_MAX  (2 * MINUTE)
/* A mirror that has so few messages to come may answer for its origin. */
enum { SOURCE_CLOSE = 10 };

enum source_state { SOURCE_WAITS, SOURCE_ASKS, SOURCE_DRAWS };

/* Which features are asked for; a server that has them not is asked for less. */
enum source_level { SOURCE_PLAIN = 0, SOURCE_STABLE = 4, SOURCE_IDENTIFIED = 5 };

/* What of an answer is kept for the turn. */
struct source_answer {
    struct buf body;
    char       identity[SOURCE_IDENTITY_LEN + 1];
    bool       is_there;
};

/* A flow control request that waits until what came before it is durable. */
struct source_flow {
    struct stream_wait wait;
    struct buf         reply;
    uint64_t           delivered, sequence; /* up to here */
    nanos              sent_at;         /* for the first time */
    bool               is_waiting, is_sent, is_again;
};

/* One origin. Retired when it is given up: `set` is NULL from then on. */
struct source {
    struct list          node;          /* of the set, in the order of the configuration */
    struct sources      *set;
    struct arena        *arena;         /* of the configuration */
    struct stream_source config;
    struct buf           index;         /* index name */
    struct transform   **transforms;    /* NULL entries: filters only */
    bool                 is_mirror;

    enum source_state    state;
    enum source_level    level;
    bool                 is_due;        /* the timer has fired */
    bool                 is_broken;     /* this consumer is of no use any more */
    bool                 is_anew;       /* the origin is another one: read from its start */
    bool                 is_probing;    /* listens while it waits, for a consumer made before */
    bool                 is_lasting;    /* the consumer would outlive us: it holds messages there */
    bool                 was_asked, was_heard;
    uint32_t             fails;         /* in a row */
    nanos                asked_at, heard_at;
    struct js_error     *error;         /* NULL: none */
    char                 identity[SOURCE_IDENTITY_LEN + 1];     /* of the origin; "": unknown */
    char                *consumer;      /* the one that is listened to; NULL: none */
    uint64_t             sequence;      /* of the origin, that was taken last */
    uint64_t             delivered;     /* number of the consumer's last delivery */
    uint64_t             noted;         /* as far as commands say it (sources only) */
    uint64_t             lag;
    bool                 is_close;

    struct timer         timer;
    struct source_answer answer;
    struct source_flow   flow;
    struct text_queue    held;          /* messages that must wait for what a check needs */
    struct buf           name;          /* of our consumer, the same at each attempt */
    struct buf           deliver;       /* subject that was asked for */
    struct sink          answers, messages;
    struct sub          *answers_sub, *messages_sub;    /* NULL: none */
    struct retired       retired;
};

struct sources {
    struct stream          *stream;
    struct list             all;        /* struct source.node */
    struct source_positions positions;
    struct turn             turn;
    struct buf              header, value, subject, held_now;  /* of the message in hand */
};

static inline struct core_reactor *source_home(const struct source *s)
{
    return s->set->stream->account->js->home;
}
static inline struct reactor *source_reactor(const struct source *s)
{
    return source_home(s)->reactor;
}

/* ---- source.c ---- */

/* Asks for the set's turn. */
void source_wake(struct source *);
/* This attempt is over; the next is in a while. Only in a turn. */
void source_again(struct source *);
/* … which was a failure. `e` may be NULL: nobody has answered. */
void source_failed(struct source *, const struct js_error *e);
/* Listens to `subject`. False: no memory. */
MUST_CHECK bool source_listen(struct source *, struct slice subject);
void source_error_set(struct source *, const struct js_error *);
/* A random subject below this prefix. */
void source_subject_new(struct source *, const char *prefix, struct buf *out);
void source_set_timer(struct source *, nanos in);
void source_answers_end(struct source *);

/* ---- source_request.c ---- */

/* Begins an attempt: sends its request. */
void source_ask(struct source *);
/* The other side does not know what was asked for. False: there is nothing less. */
MUST_CHECK bool source_ask_for_less(struct source *);
/* We draw from there no more: a consumer that would outlive us goes. */
void source_dismiss(struct source *);

/* ---- source_answer.c ---- */

/* `deliver` of the answers' sink, and what is made of one in the turn. */
void source_answered(struct sink *, struct core_reactor *, struct sub *, const struct message *);
void source_answer_take(struct source *);

/* ---- source_store.c ---- */

/* REFUSED: it could not be stored, and must come again. HELD: it must be looked at again. */
enum source_result { SOURCE_STORED, SOURCE_REFUSED, SOURCE_HELD };
enum source_result source_store(struct source *, const struct raw_message *,
                                const struct ack_info *);
/* Sequences up to `last`, which is above all that was given, have no messages. False: the log takes
 * nothing. */
MUST_CHECK bool source_skip(struct stream *, uint64_t last, struct js_error *ret_error);

/* ---- source_take.c ---- */

void source_delivered(struct sink *, struct core_reactor *, struct sub *, const struct message *);
void source_flow_end(struct source *);
/* Looks at those that are held again; in the stream's turn. */
void source_held_run(struct source *);

#endif
