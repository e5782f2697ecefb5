/* SPDX-License-Identifier: Apache-2.0 */
/* Batches_internal: what batches.c, atomic_batch.c and fast_batch.c share. Thread, memory:
 * batches.h. */
#ifndef MIDGE_STREAM_BATCHES_INTERNAL_H
#define MIDGE_STREAM_BATCHES_INTERNAL_H

#include "stream/batches.h"
#include "stream/stream_internal.h"

enum { BATCH_ID_MAX = 64 };

enum batch_kind { BATCH_ATOMIC, BATCH_FAST, BATCH_KINDS };

/* The head of both kinds. */
struct batch_head {
    struct list node; /* the one that is idle the longest stands first */
    nanos       due;  /* when it ends for being idle; monotonic */
    uint64_t    last; /* number of its last message */
    uint8_t     id_len;
    uint8_t     id[BATCH_ID_MAX];
};

struct batch {
    struct batch_head head;
    struct text_queue staged; /* subject, header, payload */
    bool              is_committing; /* its last message is there, and waits */
};

struct fast_batch {
    struct batch_head head;
    uint64_t sequence;    /* of the stream: its last message that is applied */
    uint64_t persisted;   /* number of that message */
    uint64_t flow_sent;   /* … of the last one that an ack was sent for */
    uint32_t pending;     /* messages on their way */
    uint16_t step;        /* an ack for so many … */
    uint16_t step_max;    /* … and never for more */
    bool     gap_ok;
    bool     is_committing;
    char    *end_reply;   /* who is told of the end, when it waits for what is pending; or NULL */
};

struct batches {
    struct stream    *stream;
    struct list       open[BATCH_KINDS];
    uint32_t          count[BATCH_KINDS];
    uint64_t          bytes;
    struct timer      timer; /* of the one that is idle the longest */
    struct text_queue given_up; /* ids; number: enum batch_reason */
};

/* Why an atomic batch was given up, as its advisory says. */
enum batch_reason { BATCH_TIMEOUT, BATCH_LARGE, BATCH_INCOMPLETE, BATCH_UNSUPPORTED };

struct batches *batches_get(struct stream *); /* made when there are none */
struct batch_head *batches_find(struct batches *, enum batch_kind, struct slice id);
/* NULL: too many are open. */
struct batch_head *batches_open(struct batches *, enum batch_kind, struct slice id);
/* It is not idle. */
void batches_touch(struct batches *, enum batch_kind, struct batch_head *);
void batches_end(struct batches *, enum batch_kind, struct batch_head *);
void batches_give_up(struct batches *, struct batch_head *, enum batch_reason);

/* The header Nats-Required-Api-Level asks for more than there is. */
bool batch_level_is_too_high(const struct publish_headers *);

static inline struct slice batch_id(const struct batch_head *b)
{
    return slice_of(b->id, b->id_len);
}
static inline struct batch *batch_of(struct batch_head *h)
{
    return container_of(h, struct batch, head);
}
static inline struct fast_batch *fast_batch_of(struct batch_head *h)
{
    return container_of(h, struct fast_batch, head);
}

#endif
