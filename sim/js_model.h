/* SPDX-License-Identifier: Apache-2.0 */
/* Js_model: what clients asked of JetStream and were told, and what must follow from it. Brute
 * force, outside the code under test.
 *
 * Every publish, request and delivery is kept, with the moments at which it was sent and answered.
 * An answer that never came (the connection or the server ended) leaves its outcome open. The model
 * speaks only of what is certain. At an audit, when nothing is on its way, all that the server has
 * is read back (js_audit.h), and:
 *
 * - what was acked, or was seen by anybody, is there under its sequence with its bytes, unless
 *   something that was asked for may have removed it;
 * - what was removed for certain, or refused, is not there;
 * - nothing is there that nobody published, and nothing twice inside the duplicate window;
 * - what one connection published has ascending sequences; a batch is there whole or not at all;
 * - an accepted expectation was true, a refused one was false, and what the refusal names is there;
 * - limits hold, and the sums that the server tells are those of what it has;
 * - what is reported as damaged stands where a bit was flipped or a read has failed, and is shown
 *   to nobody; what that may have cost is there or reported;
 * - a consumer gets what its filter matches, as often as it may, and never again what it was told
 *   to be acked; it acks nothing of itself; at the end nothing is left that nobody got.
 *
 * Thread: one. Memory: owns all that it hands out until jm_deinit(). The first violation is kept in
 * `failure`. */
#ifndef MIDGE_SIM_JS_MODEL_H
#define MIDGE_SIM_JS_MODEL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/units.h"

enum {
    JM_STREAMS = 4,
    JM_SUBJECTS = 6, /* per stream: <stream>.a to .f */
    JM_CLIENTS = 12,
    JM_NAME = 24,
};

enum jm_fate { JM_OPEN, JM_DONE, JM_REFUSED, JM_UNKNOWN };

enum jm_retention { JM_LIMITS, JM_INTEREST, JM_WORKQUEUE };

/* What a stream is asked to be. 0: no limit. */
struct jm_config {
    char name[JM_NAME];
    bool is_file, is_compressed, is_new_refused;
    enum jm_retention retention;
    uint64_t msgs_max, bytes_max, per_subject_max;
    nanos age_max, window;
};

struct jm_batch;
struct jm_stream;

/* One message, which may have been sent several times when it has an id. */
struct jm_msg {
    struct jm_stream *stream;
    struct jm_batch *batch; /* NULL: none */
    uint32_t id;            /* in its payload; 0: known only by a refusal that named it */
    uint32_t client, connection;
    uint32_t batch_at; /* from 0 */
    uint32_t size;
    uint32_t attempts;
    char subject[JM_NAME];
    const char *headers; /* "": none */
    bool has_id, is_rollup;
    bool expects_subject, expects_last;
    uint64_t expected;
    nanos ttl; /* 0: none */
    enum jm_fate fate;
    uint64_t sent, answered; /* moments; of the first attempt, of the last answer */
    nanos sent_at, answered_at;
    uint64_t again; /* the second attempt */
    nanos again_at;
    uint64_t seq;        /* 0: nobody knows */
    nanos stored_at;     /* as the server tells; 0: it has not */
    struct jm_msg *copy; /* the same, stored again when its id was forgotten; NULL: none is known */
    bool is_found;       /* at this audit */
};

struct jm_batch {
    struct jm_msg **msgs;
    uint32_t count;
};

/* A delete of a message, or a purge. */
struct jm_removal {
    enum jm_fate fate;
    bool is_purge;
    uint64_t sent, answered;
    uint64_t seq;  /* that goes; a purge: below which all go, 0: no bound */
    uint64_t keep; /* of a purge */
    char filter[JM_NAME];
};

enum jm_acked { JM_NOT_ACKED, JM_MAYBE_ACKED, JM_ACKED };

/* What a consumer did with one sequence. */
struct jm_seen {
    uint32_t got;
    uint32_t naks;
    uint32_t count; /* the highest that an ack subject told */
    enum jm_acked acked;
    bool is_dropped; /* terminated, or not acked as often as it was delivered */
};

enum jm_policy { JM_EXPLICIT, JM_ALL, JM_NONE };

struct jm_consumer {
    struct jm_stream *stream;
    struct arena *arena;
    char name[JM_NAME];
    char filter[JM_NAME]; /* "": none */
    char deliver[JM_NAME]; /* "": pull */
    enum jm_policy policy;
    uint32_t client; /* that serves it */
    uint32_t deliver_max; /* 0: no limit */
    uint32_t pending_max;
    nanos wait;
    enum jm_fate creation, deletion; /* deletion REFUSED: nobody asked for it */
    uint64_t creation_sent, creation_answered, deletion_sent;
    struct jm_seen *seen;
    uint32_t seen_cap;
    uint64_t last_delivered; /* consumer's sequence, on this connection of its client */
    uint64_t last_first;     /* stream's sequence of the last first delivery since the start */
    bool is_reset;           /* it was asked to go on elsewhere: only of a work queue */
    uint64_t passed;         /* below this a reset may have passed over what nobody got */
};

struct jm_stream {
    struct jm_config config;
    struct jm_config update; /* sent and not answered, or as config */
    struct jm_config *doubted; /* updates since, of which nobody knows whether they came */
    uint32_t doubted_count;
    struct jm_config loosest; /* the smallest limits that ever may have held */
    bool is_lowered;          /* messages or bytes were limited more strictly, or may have been */
    enum jm_fate creation, deletion;
    uint64_t born, deletion_sent;
    uint64_t told_last; /* the highest sequence that anybody was told */
    struct jm_msg **msgs; /* by time */
    uint32_t msgs_count;
    struct jm_msg **by_seq;
    uint32_t by_seq_cap; /* entries of it and of what consumers saw */
    struct jm_removal **removals;
    uint32_t removals_count;
    struct jm_consumer **consumers;
    uint32_t consumers_count;
    /* this audit */
    uint64_t first, last, found, found_bytes;
    uint64_t *lost; /* reported as damaged, ascending */
    uint32_t lost_count;
    uint64_t *lost_once; /* at any audit, as often as it was */
    uint32_t lost_once_count;
};

/* A bit was flipped where these stood, or a read has failed: they may be reported as damaged, by
 * the stream that has this number in the store. Which one that is shows when one does. */
struct jm_rot {
    uint64_t moment;
    uint64_t owner, first, last;
    bool is_before; /* the journal has lost them: they never got into the stream, or a list that
                     * counts them had left them there */
    const struct jm_stream *stream; /* NULL: not known */
};

struct jm {
    struct arena *arena;
    uint64_t now; /* counts events */
    nanos wall;   /* of the last step */
    struct jm_msg **msgs; /* by id, from 1 */
    uint32_t msgs_count;
    struct jm_stream **streams; /* that are, or may be */
    uint32_t streams_count;
    uint64_t acked, delivered, audits, checked, rotten, damaged; /* for the report */
    uint32_t restarts;
    struct jm_rot *rots;
    uint32_t rots_count;
    struct jm_rot *told; /* of what the log said that it is damaged */
    uint32_t told_count;
    bool may_fail; /* faults of the disk: an error does not say that nothing was stored */
    char failure[512];
};

void jm_init(struct jm *);
void jm_deinit(struct jm *);
void jm_fail(struct jm *, const char *format, ...) PRINTF_LIKE(2, 3);
static inline bool jm_failed(const struct jm *m)
{
    return m->failure[0] != 0;
}

/* ---- streams ---- */

struct jm_stream *jm_stream_new(struct jm *, const struct jm_config *);
/* It is certainly gone: nothing of it may be seen again. */
void jm_stream_end(struct jm *, struct jm_stream *);
struct jm_stream *jm_stream_find(struct jm *, const char *name); /* NULL: none */
/* An update may take effect. */
void jm_stream_update(struct jm_stream *, const struct jm_config *);
/* It did, it did not, or nobody knows. */
void jm_stream_updated(struct jm *, struct jm_stream *, enum jm_fate);
/* The server started anew: what is in memory is gone. */
void jm_restarted(struct jm *);

/* ---- messages ---- */

/* The caller fills in what it wants, then jm_msg_sent(). */
struct jm_msg *jm_msg_new(struct jm *, struct jm_stream *, uint32_t client);
void jm_msg_sent(struct jm *, struct jm_msg *);
void jm_payload(const struct jm_msg *, struct buf *out);
void jm_acked(struct jm *, struct jm_msg *, uint64_t seq, bool is_duplicate);
void jm_refused(struct jm *, struct jm_msg *);
void jm_unknown(struct jm_msg *);
/* An expectation was refused, and the sequence told that holds. */
void jm_wrong_last(struct jm *, struct jm_msg *, uint64_t told);
/* Somebody was shown a message: it is one, and durable. NULL after a failure. */
struct jm_msg *jm_shown(struct jm *, struct jm_stream *, uint64_t seq, struct slice payload);
struct jm_msg *jm_at(const struct jm_stream *, uint64_t seq); /* NULL: unknown */
uint64_t jm_bytes(const struct jm_stream *, const struct jm_msg *);
bool jm_subject_matches(const char *filter, const char *subject); /* "" matches all */

/* ---- removals ---- */

struct jm_removal *jm_removal_new(struct jm *, struct jm_stream *);
void jm_removal_answered(struct jm *, struct jm_removal *, enum jm_fate);
/* Nobody knows it any more, for something that was asked for. */
bool jm_may_be_gone(const struct jm *, struct jm_stream *, const struct jm_msg *);
/* … and for something that says nothing of those before it: a limit or a rollup takes them, too. */
bool jm_may_be_gone_alone(const struct jm *, struct jm_stream *, const struct jm_msg *);
/* … for a limit or a rollup. */
bool jm_may_be_pushed_out(const struct jm_stream *, const struct jm_msg *);
/* Its time is over: it may be there or not, also when it was found a moment ago. */
bool jm_may_be_expired(const struct jm *, const struct jm_stream *, const struct jm_msg *);
bool jm_was_deleted(const struct jm_stream *, uint64_t seq);
/* NULL, or why it can no longer be there. */
const char *jm_must_be_gone(const struct jm *, struct jm_stream *, const struct jm_msg *);

/* ---- rot ---- */

void jm_rotted(struct jm *, const struct jm_rot *);
bool jm_may_be_damaged(const struct jm *, const struct jm_stream *, uint64_t seq);
/* The journal may have lost a batch of it: with messages, and with the acks and removals in it. */
bool jm_may_lack_a_batch(const struct jm *, const struct jm_stream *);
/* It was reported as damaged, at this audit. */
bool jm_is_lost(const struct jm_stream *, uint64_t seq);
/* It was reported as damaged at an earlier one, or by the log, and the stream has come to begin
 * behind it. */
bool jm_was_lost(const struct jm *, const struct jm_stream *, uint64_t seq);
/* The log says that these are damaged, of the stream that has this number. */
void jm_log_told(struct jm *, uint64_t owner, uint64_t first, uint64_t last);
/* … of this stream. */
void jm_log_told_of(struct jm *, const struct jm_stream *, uint64_t first, uint64_t last);
/* What was lost behind it may have been what had pushed it out; an ack that came after that says
 * nothing of it. */
bool jm_may_be_back(const struct jm *, const struct jm_stream *, const struct jm_msg *);
/* Of what was reported, at this audit: how many count as messages, at least and at most. */
void jm_lost_counted(const struct jm *, const struct jm_stream *, uint64_t *ret_least,
                     uint64_t *ret_most);

/* ---- consumers ---- */

struct jm_consumer *jm_consumer_new(struct jm *, struct jm_stream *);
struct jm_seen *jm_seen(struct jm_consumer *, uint64_t seq);
/* A message came: what its ack subject told. */
struct jm_delivery {
    uint64_t count, stream_seq, consumer_seq;
};
void jm_delivered(struct jm *, struct jm_consumer *, const struct jm_delivery *,
                  const struct jm_msg *);
/* An ack was sent, respectively answered. */
void jm_ack_sent(struct jm *, struct jm_consumer *, uint64_t seq);
void jm_ack_confirmed(struct jm *, struct jm_consumer *, uint64_t seq);
/* It may go on at `seq` from now on. What its clients still have in hand is of before, or not. */
void jm_consumer_reset(struct jm *, struct jm_consumer *, uint64_t seq);
bool jm_consumer_wants(const struct jm_consumer *, const struct jm_msg *);
/* It may have been delivered as often as it may: each time it waits, but after a NAK. */
bool jm_may_be_exhausted(const struct jm *, const struct jm_consumer *, const struct jm_msg *);

/* ---- audit ---- */

/* All that a stream has was read; this is what the server tells of it. */
struct jm_told {
    uint64_t msgs, bytes, first, last, deleted, subjects;
    uint64_t msgs_max, bytes_max, per_subject_max; /* of its configuration */
};
void jm_audit_begin(struct jm *, struct jm_stream *, const struct jm_told *);
struct jm_found {
    uint64_t seq;
    struct slice subject, payload;
    nanos stored_at;
};
void jm_audit_found(struct jm *, struct jm_stream *, const struct jm_found *);
/* It tells that this one is damaged; after all was read, ascending. */
void jm_audit_lost(struct jm *, struct jm_stream *, uint64_t seq);
void jm_audit_end(struct jm *, struct jm_stream *, const struct jm_told *);
struct jm_consumer_told {
    uint64_t delivered_stream, delivered_consumer, floor_stream, pending, ack_pending;
};
void jm_audit_consumer(struct jm *, struct jm_consumer *, const struct jm_consumer_told *);
/* All consumers were served until nothing was left. */
void jm_audit_served(struct jm *, struct jm_consumer *);

#endif
