/* SPDX-License-Identifier: Apache-2.0 */
/* Js_import: streams that another server wrote become streams of a JetStream at rest (jetstream.h),
 * for `midge store import`; and reading such a one again.
 *
 * A stream is fed in order: begin, its messages by ascending sequence, last, positions of sources,
 * consumers, finish. All of it are commands in the log, as for a restore (stream_restore.h): what
 * was not finished is dropped by the next start. The caller ticks the reactor meanwhile.
 *
 * What its configuration takes away (limits, an end that is over) goes as it would have there.
 *
 * Thread:  the JetStream reactor, between its ticks. Memory: streams are the account's.
 * Errors:  INVALID: what was found makes no sense here; LIMIT, IO: the store takes nothing. `why`
 *          says what. */
#ifndef MIDGE_STREAM_JS_IMPORT_H
#define MIDGE_STREAM_JS_IMPORT_H

#include "store/msgs.h"
#include "stream/jetstream.h"

struct stream;

struct js_import_facts {
    const char *name;
    int64_t     replicas; /* that it had; it has one here */
    bool        is_file;
    /* atomic batches were gathered beside it. Counters aside: they are counted when stored */
    bool        has_batches;
};

struct js_import_what {
    struct slice account;
    struct slice json; /* the configuration, and maybe more */
};

/* EXISTS: there is one of this name. `ret_facts` is filled as far as it is understood. */
MUST_CHECK enum err js_import_begin(struct jetstream *, const struct js_import_what *,
                                    struct stream **ret, struct js_import_facts *ret_facts,
                                    struct errmsg *why);
/* True: tick before more comes. */
bool js_import_is_full(const struct stream *);
/* Asks for ticks: there is something proposed that is not applied. */
bool js_import_is_settled(const struct stream *);
MUST_CHECK enum err js_import_message(struct stream *, const struct stored *, struct errmsg *why);
/* Sequences up to `last` were given. */
MUST_CHECK enum err js_import_last(struct stream *, uint64_t last, nanos time, struct errmsg *why);

struct js_import_source {
    struct slice name, identity;
    uint64_t     sequence;
};
MUST_CHECK enum err js_import_source(struct stream *, const struct js_import_source *,
                                     struct errmsg *why);

struct js_import_pending {
    uint64_t stream, consumer;
    nanos    time;
};
struct js_import_redelivered {
    uint64_t stream, count;
};
struct js_import_consumer {
    struct slice name, json;
    nanos        created;
    uint64_t     floor_consumer, floor_stream, delivered_consumer, delivered_stream;
    const struct js_import_pending     *pending;
    uint32_t                            pending_count;
    const struct js_import_redelivered *redelivered;
    uint32_t                            redelivered_count;
};
/* Settled. */
MUST_CHECK enum err js_import_consumer(struct stream *, const struct js_import_consumer *,
                                       struct errmsg *why);
/* Settled. `created`: when it was; 0: now. Durable with the next jetstream_stop(). */
MUST_CHECK enum err js_import_finish(struct stream *, nanos created, struct errmsg *why);

/* ---- reading again ---- */

/* NULL: there is none. */
struct stream *js_import_find(struct jetstream *, struct slice account, struct slice name);
void js_import_state(struct stream *, struct msgs_state *ret);
uint32_t js_import_consumers(const struct stream *);

/* All zero at first; one at a time. */
struct js_import_reader {
    struct msgs_wait wait;
    struct msgs_load load;
    bool             is_waiting;
    enum err         result;
};
/* The first message from `from` on; valid until the next call. BUSY: tick, and ask the same again.
 * NOTFOUND: there are no more. CORRUPT: it cannot be read. */
MUST_CHECK enum err js_import_next(struct stream *, uint64_t from, struct js_import_reader *,
                                   struct stored *ret);

#endif
