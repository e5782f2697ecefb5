/* SPDX-License-Identifier: Apache-2.0 */
/* Pull queue: the requests that wait for messages of one consumer, and who gets the next one.
 *
 * First in, first served; after each message a request with more to get goes behind the others
 * (prioritized: behind those of its own priority). What becomes of a request is told to the host:
 * a message (the return value of pull_queue_serve) or a status line. Calls that the consumer makes:
 *
 *   a request came          pull_queue_tick(), pull_queue_add()
 *   there is a message      pull_queue_serve(), and again until nobody is there
 *   nothing to deliver      pull_queue_tick() with `is_end`, unless max_ack_pending is why
 *   time has come           pull_queue_tick(); it returns when to come next
 *
 * Pinned client: the first one served without a pin gets one; as long as it lasts, only requests
 * that carry it are served and those without any wait. It ends `pin_timeout` after it was given or
 * last presented by a request. A request that was given a pin which has ended since is told so when
 * its turn comes (nats-server does that too).
 *
 * Thread: the consumer's reactor. Time is a parameter, random pins are the host's. Memory: the
 * queue owns the requests, at most `max_waiting`; all texts are copied. The leader's alone: lost in
 * a crash.
 * Cost: O(log n) a message; overflow and pinned client look at every request that may not be
 * served. */
#ifndef MIDGE_STREAM_PULL_QUEUE_H
#define MIDGE_STREAM_PULL_QUEUE_H

#include "base/list.h"
#include "stream/pull_request.h"

enum { PULL_PIN_LEN = 22 };             /* a NUID */

struct pull_waiting {
    struct list  node;                  /* private to pull_queue.c, as all that has no comment */
    struct list  no_wait_node;
    uint64_t     number;
    uint32_t     heap_at;
    uint8_t      rank;
    uint8_t      priority;              /* the rank where there are ranks */
    uint8_t      pin_len;
    bool         is_exported;
    bool         is_grouped;
    char         pin[PULL_PIN_LEN];
    int64_t      batch_left;            /* as Nats-Pending-Messages says; may be below 0 */
    int64_t      bytes_left;            /* 0: no limit was set */
    uint64_t     given;
    nanos        expires_at;
    nanos        heartbeat;
    nanos        heartbeat_at;
    int64_t      min_pending;
    int64_t      min_ack_pending;
    void        *interest;              /* the host's */
    struct slice reply;                 /* where its messages and status lines go */
};

struct pull_host {
    /* Somebody still listens on the reply subject. */
    bool (*has_interest)(struct pull_host *, const struct pull_waiting *);
    void (*answer)(struct pull_host *, const struct pull_waiting *, const struct pull_answer *);
    /* The request is over and freed next: the host forgets `interest`. */
    void (*gone)(struct pull_host *, const struct pull_waiting *);
    /* Only for pinned clients: a fresh NUID; and what became of the pin, for the advisories: NULL
     * for a new one, else the reason. */
    void (*new_pin)(struct pull_host *, char ret_pin[PULL_PIN_LEN]);
    void (*pin_changed)(struct pull_host *, const char *unpinned_reason);
};

struct pull_queue;

struct pull_queue_config {
    uint32_t         max_waiting;
    enum pull_policy policy;
    nanos            pin_timeout;
};

struct pull_queue *pull_queue_new(const struct pull_queue_config *, struct pull_host *);
/* From now on so; who waits keeps the place among those of the same rank. A pin ends without a word
 * when there are none any more. `max_waiting` is as it was. */
void pull_queue_configure(struct pull_queue *, const struct pull_queue_config *);
struct pull_queue *pull_queue_free(struct pull_queue *); /* silent; NULL is fine; returns NULL */
DEFINE_AUTO_FREE(pull_queue)

/* ---- requests ---- */

struct pull_arrival {
    const struct pull_request *request; /* read and judged */
    struct slice reply;
    void        *interest;
    bool         is_exported;           /* the reply goes through an export of another account */
    nanos        now;
    uint64_t     pending;               /* messages that could be delivered now, again ones too */
};

enum pull_added {
    PULL_WAITS,
    PULL_REFUSED,                       /* `*ret_refusal` is the answer */
    /* no answer: a client with heartbeats finds out by itself */
    PULL_IGNORED,
};

enum pull_added pull_queue_add(struct pull_queue *, const struct pull_arrival *,
                               struct pull_answer *ret_refusal);

/* Interest in this reply is gone for good. */
void pull_queue_drop(struct pull_queue *, struct pull_waiting *);
/* Drops all that has_interest() denies: before num_waiting is reported. */
void pull_queue_sweep(struct pull_queue *);
/* Tells all that wait: consumer deleted, leadership change, server shutdown. And drops them. */
void pull_queue_dismiss(struct pull_queue *, enum pull_status);

/* ---- messages ---- */

struct pull_offer {
    uint64_t size;                      /* of the message: subject, reply, header and payload */
    uint64_t pending;                   /* overflow: messages not yet delivered, this one counted */
    uint64_t ack_pending;
    nanos    now;
};

/* Who gets this message; NULL: nobody now. Valid until the next call. */
const struct pull_waiting *pull_queue_serve(struct pull_queue *, const struct pull_offer *);

/* That was the last message, though bytes are left: this status line follows it. */
bool pull_waiting_completed(const struct pull_waiting *, struct pull_answer *ret);

/* ---- time ---- */

struct pull_moment {
    nanos    now;
    /* nothing can be delivered: requests with no_wait may end */
    bool     is_end;
    uint64_t last_consumer_seq;         /* delivered, for heartbeats */
    uint64_t last_stream_seq;
};

/* Timeouts, heartbeats, ends of no_wait, of the pin. Returns when to call again, NANOS_MAX:
 * never. */
nanos pull_queue_tick(struct pull_queue *, const struct pull_moment *);

/* ---- questions ---- */

uint32_t pull_queue_count(const struct pull_queue *);       /* num_waiting */
/* The pin, empty when there is none, and since when. */
struct slice pull_queue_pin(const struct pull_queue *, nanos *ret_since);
/* CONSUMER.UNPIN. False: there was none. */
bool pull_queue_unpin(struct pull_queue *);

void pull_queue_check(const struct pull_queue *);           /* asserts every invariant; O(n) */

#endif
