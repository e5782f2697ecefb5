/* SPDX-License-Identifier: Apache-2.0 */
/* Stream_internal: what the files of one stream share, see stream.h.
 *
 *   sink → ingest.c → ingest_checks.c → log … log → apply.c → stream_room.c, dedupe, expiry
 *                        ↓ error, duplicate              ↓ ack, republish, consumers
 *                   stream_answers.c                stream_answers.c
 *
 * Thread: the JetStream reactor. Memory: as each function says. */
#ifndef MIDGE_STREAM_STREAM_INTERNAL_H
#define MIDGE_STREAM_STREAM_INTERNAL_H

#include "stream/api_messages.h"
#include "stream/consumer.h"
#include "stream/publish_headers.h"
#include "stream/stream.h"
#include "wire/headers.h"

/* ---- a message on its way to a command ---- */

/* As it was published. */
struct raw_message {
    struct slice subject, reply, header, payload;
};

enum { INCOMING_EDITS = 6 };

/* Borrowed from the publisher's bytes, or from the stream's scratch buffer. */
struct incoming {
    struct slice subject; /* as it will be stored */
    struct slice reply;   /* empty: nobody wants an answer */
    struct slice header, payload;
    struct publish_headers headers;
    uint32_t headers_count;
    bool     is_own;      /* the stream made it itself: a marker, a scheduled message */
    bool     is_sourced;  /* it was accepted by another stream: source.h */
    /* how its header must be changed before it is stored */
    bool          strips_status;
    struct slice  remove[INCOMING_EDITS];
    uint32_t      remove_count;
    struct header add[INCOMING_EDITS];
    uint32_t      add_count;
    char          ttl_text[24]; /* of a header that is added */
    /* decided by the checks */
    nanos    time;
    uint64_t id;
    uint64_t duplicate_of; /* the sequence that has this id; 0: none */
    uint8_t  flags;        /* STORE_* */
    nanos    expires;
    nanos    due;          /* of a schedule */
    bool     is_skipped;   /* nobody is interested */
    bool     is_held;      /* a check must wait for something */
    struct slice value;    /* of a counter: what it will be; digits */
    struct slice sources;  /* … and its Nats-Counter-Sources; empty: none */
    uint64_t batch_first;  /* in an atomic batch: the sequence of its first message; else 0 */
    bool     batch_settled; /* … and ingest_is_settled() when it began to be checked */
};

/* Which checks: of a message alone, of one that is put aside for a batch, of one in an atomic
 * batch, of one in a fast batch and what comes last there. */
enum ingest_checks { CHECKS_SINGLE, CHECKS_STAGED, CHECKS_ATOMIC, CHECKS_FAST, CHECKS_FAST_LAST };

/* All lines with this name go, or a line is added. */
void incoming_remove(struct incoming *, enum publish_header);
void incoming_add(struct incoming *, enum publish_header, struct slice value);
/* May it be stored? In nats-server's order. False: `*ret_error` says why not; or it is a duplicate,
 * which is no error (`duplicate_of`, err_code 0); or `is_held`. */
MUST_CHECK bool ingest_check(struct stream *, struct incoming *, enum ingest_checks,
                             struct js_error *ret_error);
void incoming_transform(struct stream *, struct incoming *);
void incoming_edit(struct stream *, struct incoming *); /* its header as it is stored */
void incoming_command(const struct incoming *, struct store_command *ret);
/* Messages of other subjects than its own go when it is applied. */
bool incoming_takes_others(const struct incoming *);
/* It is proposed with the next sequence, or will be. */
void ingest_note(struct stream *, const struct incoming *, struct slice reply);
/* … and now its command is: what it takes with it is known to be on its way. */
void ingest_follow(struct stream *, const struct incoming *, uint64_t sequence);
/* Proposes it. False: the log takes nothing; `*ret_error` is what its publisher is told. */
MUST_CHECK bool ingest_propose(struct stream *, const struct incoming *,
                               struct js_error *ret_error);
/* `soon` and `deliver` of the stream's sink. */
void ingest_soon(const struct sink *, uint32_t step);
void ingest_deliver(struct sink *, struct core_reactor *, struct sub *, const struct message *);

void incoming_init(struct incoming *, const struct raw_message *, nanos time);
/* Looks at a message that is read, and answers its publisher. False: it must be held. */
MUST_CHECK bool ingest_take(struct stream *, struct incoming *);
/* Looks at one message, to the end. False: it cannot be judged now, and must be held. */
MUST_CHECK bool ingest_one(struct stream *, const struct raw_message *);
/* Is its publisher only curious about the way that such a message takes? */
bool ingest_traces_only(const struct publish_headers *);

/* ingest_held.c: keeps it, behind those that are held; in the stream's turn they are looked at
 * anew. */
void ingest_hold(struct stream *, const struct raw_message *);
void ingest_held_run(struct stream *);
void ingest_held_stop(struct stream *);
/* For checks. BUSY: it is being read, and the message must be held. What comes is valid until the
 * next change or load. */
MUST_CHECK enum err ingest_load(struct stream *, uint64_t sequence, struct stored *ret);
/* The last sequence of what a pattern matches, in flight below `before` or stored; 0: none. */
MUST_CHECK enum err ingest_last_matching(struct stream *, struct slice pattern, uint64_t before,
                                         uint64_t *ret);
/* Nothing in flight takes away what a check looks at. */
bool ingest_is_settled(const struct stream *);
/* The same of one message: what stands before it in its batch takes nothing away yet. */
bool incoming_is_settled(const struct stream *, const struct incoming *);

/* Counters, in ingest_counter.c; checks as in ingest_checks.c. */
bool check_counter_header(struct stream *, struct incoming *, struct js_error *);
bool check_counter(struct stream *, struct incoming *, struct js_error *);

/* Schedules, in ingest_schedule.c. */
bool check_schedule(struct stream *, struct incoming *, struct js_error *);
bool check_scheduler(struct stream *, struct incoming *, struct js_error *);
/* The zone that a message names; NULL with OK: none. NOTFOUND: there is no such zone. The stream
 * keeps it. */
MUST_CHECK enum err stream_zone(struct stream *, const struct publish_headers *,
                                const struct zone **ret);

/* The time of the next command: now, but never before the one before. */
nanos stream_time(const struct stream *);

/* ---- what publishers are told ---- */

/* The part of a PubAck that does not change, from the configuration and the domain. */
void stream_ack_prepare(struct stream *);
void stream_ack_drop(struct stream *);
/* Sends the ack of a stored message, from a turn. No reply is fine. `value` of a counter, or
 * empty. */
void stream_ack(struct stream *, struct slice reply, uint64_t sequence, struct slice value);
/* The same for one that is only proposed. */
void stream_ack_early(struct stream *, struct slice reply, uint64_t sequence, struct slice value);
/* Waits for all that is proposed by now. No reply, or a stream with no_ack: nothing happens. */
void stream_answer_ack(struct stream *, struct slice reply, const struct js_pub_ack *);
void stream_answer_error(struct stream *, struct slice reply, const struct js_error *);
/* Does not wait for anything but the answers before it. */
void stream_answer_now(struct stream *, struct slice reply, struct slice text);
/* 10077: the stream has failed. Likewise. */
void stream_answer_failed(struct stream *, struct slice reply);
/* It has: whoever waits for an answer that will not come is told so; from a turn. */
void stream_answers_fail(struct stream *);
/* 10167, with a status: too much is in flight. */
void stream_answer_busy(struct stream *, struct slice reply);
/* Sends what has waited for no more than so many commands; from a turn. */
void stream_answers_send(struct stream *, uint64_t applied);

/* ---- applying ---- */

struct stored_place {
    uint64_t sequence;
    uint64_t last_of_subject; /* before it; 0: none */
};

/* Sends a stored message on, when the configuration says where; from a turn. */
void stream_republish(struct stream *, const struct store_command *, const struct stored_place *);

/* What limits and the flags of a message that was just stored take away. */
void stream_room_make(struct stream *, const struct store_command *, uint64_t sequence);
/* Limits as the configuration has them now. */
void stream_room_enforce(struct stream *);
/* … for each subject. */
void stream_room_enforce_subjects(struct stream *);
/* One message goes, whatever the reason: consumers hear of it. False: it is not there. */
bool stream_take_out(struct stream *, uint64_t sequence);
/* All below `first`; returns how many that were. */
uint64_t stream_take_below(struct stream *, uint64_t first);
uint64_t stream_take_matching(struct stream *, const struct purge_command *);
/* Where the body of a command goes that removes something; NULL as stream_log_propose(). */
uint8_t *stream_propose_removal(struct stream *, enum command_kind, uint32_t len);
/* Account and server count what it has now. */
void stream_charge(struct stream *);

/* apply.c: a record of before the list that a start began with, which may have left out what it
 * stores. True: it had. */
bool stream_refill(struct stream *, uint32_t kind, uint64_t sequence, struct slice body);

/* stream_changes.c: effects of COMMAND_REMOVE, COMMAND_PURGE; who waits for them is told. */
void stream_apply_remove(struct stream *, const struct remove_command *);
void stream_apply_purge(struct stream *, const struct purge_command *);
void stream_changes_fail(struct stream *, enum err);
void stream_erasing_fail(struct stream *, enum err); /* the store forgets them with its owner */
/* The retention became interest: what no consumer needs goes at once. Part of applying: consumers
 * are replicated state. */
void stream_unneeded_take(struct stream *);
/* It is there, with what it was made with. What no consumer needs any more goes. */
void stream_made(struct stream *);

/* Of a work queue: what was acked and is not gone yet, for a checkpoint and from one. CORRUPT. */
void stream_acked_write(struct stream *, struct buf *out);
MUST_CHECK enum err stream_acked_load(struct stream *, struct slice);
/* … when no checkpoint has told: of what stands up to `last`, what some consumer wanted once and
 * none needs any more. Blocking, at a start. */
void stream_acked_find(struct stream *, uint64_t last);

/* ---- what expires ---- */

/* A message was stored. */
void stream_expiry_note(struct stream *, const struct store_command *, uint64_t sequence);
/* The configuration changed: what is too old now goes in the stream's next turn. */
void stream_expiry_changed(struct stream *);
/* In the stream's turn: proposes the removal of what has expired. */
void stream_expire(struct stream *);
void stream_expiry_start(struct stream *);
/* So that stream_expire() is called at `due` (since 1970), or before. */
void stream_expiry_arm(struct stream *, nanos due);
/* stream_schedule.c: what schedules produce that are due. False: some must wait for the disk. */
bool stream_schedules_fire(struct stream *);
/* A message was stored that is a schedule, or moves one. */
void stream_schedule_note(struct stream *, const struct store_command *, uint64_t sequence);
/* One that ends a schedule was stored, and what the limits want is gone. */
void stream_schedule_end(struct stream *, const struct store_command *);
void stream_expiry_stop(struct stream *);

/* Asks for the stream's turn if anything waits for it: one that only takes messages has none. */
void stream_follow_up(struct stream *);

/* ---- life, for stream_restore.c ---- */

/* Without a first command, and in no list. */
struct stream *stream_new(struct js_account *, const struct stream_config *, uint64_t incarnation);
/* Recovery: does a record, or a section, of this kind begin a stream? */
bool stream_begins(bool is_record, uint32_t kind);
/* A number for a new one. */
uint64_t stream_incarnation(struct js_account *, const struct stream_config *);
/* Everything but its messages, which may have an end of their own on a disk. */
void stream_dismantle(struct stream *);
/* Account and server count it no more. */
void stream_uncharge(struct stream *);

/* ---- configuration ---- */

/* Bodies of a new stream: log and messages by its storage. */
void stream_bodies_new(struct stream *);
/* … with file storage: it enters the store. */
void stream_file_bodies_new(struct stream *);
/* … it is deleted and dismantled: its files go, and then it. */
void stream_file_end(struct stream *);
/* … its configuration has changed. */
void stream_file_updated(struct stream *);
MUST_CHECK enum err stream_config_read(struct slice json, struct arena *,
                                       struct stream_config *ret);
/* Takes over the configuration of a command: texts, transforms; the old one goes. CORRUPT: it
 * cannot be read. */
MUST_CHECK enum err stream_config_take(struct stream *, const struct config_command *);
/* Subscriptions as the configuration has them; none when it is deleted. Not from within a sink. */
void stream_subs_update(struct stream *);
/* Proposes it as COMMAND_CONFIG or COMMAND_RESTORE. */
MUST_CHECK bool stream_config_propose(struct stream *, enum command_kind,
                                      const struct stream_config *, struct js_error *ret_error);
/* Sets the error that a log's refusal is to a client. Returns false. */
bool stream_log_refusal(struct stream *, struct js_error *ret_error);

static inline struct slice stream_account_name(const struct stream *s)
{
    return slice_str(s->account->account->name);
}

/* How many more of a subject are in flight, and the sequence that is its last then (0: none). */
uint64_t stream_last_of(struct stream *, struct slice subject);

#endif
