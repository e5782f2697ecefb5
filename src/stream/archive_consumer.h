/* SPDX-License-Identifier: Apache-2.0 */
/* Archive consumer: what an archive of a stream says of a consumer: one JSON object with its
 * configuration and its state, as nats-server 2.15 writes it:
 *
 *   {"config":{…},"state":{"delivered":{"consumer_seq":9,"stream_seq":9},"ack_floor":{…},
 *    "pending":{"7":{"Sequence":7,"Timestamp":…},…},"redelivered":{"7":2,…}}}
 *
 * Pending and redelivered stand under their sequences in the stream, as texts; a redelivered one
 * says how often it was delivered again. One that is redelivered and not pending was given up after
 * max_deliver (spent, in acks.h).
 *
 * Thread: any; pure. Memory: what is read lies in the caller's arena. Hostile: anything that is no
 * such object is INVALID; numbers that contradict each other are put right by
 * consumer_state_acks(), never believed. */
#ifndef MIDGE_STREAM_ARCHIVE_CONSUMER_H
#define MIDGE_STREAM_ARCHIVE_CONSUMER_H

#include "json/table.h"
#include "stream/acks.h"
#include "stream/consumer_config.h"

struct consumer_redelivered {
    uint64_t stream_seq;
    uint64_t count;                     /* deliveries behind the first one */
};

/* The state of a consumer as nats-server has it, in its archives and in its files. */
struct consumer_state {
    struct acks_position delivered;
    struct acks_position floor;
    nanos                created;       /* 0: now */
    struct json_array    pending;       /* struct ack_entry without deliveries, in any order */
    struct json_array    redelivered;   /* struct consumer_redelivered, in any order */
};

struct archive_consumer {
    struct consumer_config config;
    struct consumer_state  state;
};

/* Appends the object. */
void archive_consumer_write(const struct consumer_config *, const struct acks *, struct buf *out);

/* NOTFOUND: something is missing, INVALID: it cannot be read; `why` says so as nats-server does. */
MUST_CHECK enum err archive_consumer_read(struct slice json, struct arena *,
                                          struct archive_consumer *ret, struct errmsg *why);

/* Into an initialised one without a state, whose policy counts. Nothing is delivered beyond
 * `last_seq`, what waits lies between floor and delivered, in one order by both sequences: what
 * does not fit is moved or left out. `state` is sorted. */
void consumer_state_acks(struct consumer_state *state, uint64_t last_seq, struct acks *ret);

#endif
