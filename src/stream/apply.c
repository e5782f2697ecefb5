/* SPDX-License-Identifier: Apache-2.0 */
/* From a durable command to the stream's state, and to those who wait for it. Applying decides
 * nothing and never fails; in a replay nobody is told. */
#include "base/assert.h"
#include "store/msgs_file.h"
#include "stream/batch_reply.h"
#include "stream/batches.h"
#include "stream/dedupe.h"
#include "stream/source.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"

enum { SCHEDULE_FLAGS = STORE_SCHEDULE | STORE_SCHEDULE_MOVES };

/* It was checked before it was durable: what cannot be read was written by a newer version. */
static void unreadable(struct stream *s)
{
    assert(!s->is_started);
    s->failure = ERR_CORRUPT;
}

static void remember_id(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    struct slice id;
    s->last_id.len = 0;
    if (c->id == 0) return;
    s->has_ids = true;
    if (headers_find(c->header, publish_header_name(PUBLISH_MSG_ID), &id)) buf_add(&s->last_id, id);
    if (s->config.duplicate_window <= 0) return;
    struct dedupe_entry e = { c->id, sequence, c->time };
    dedupe_expire(s->dedupe, nanos_add(c->time, -s->config.duplicate_window));
    dedupe_add(s->dedupe, &e);
}

static void tell_publisher(struct stream *s, const struct inflight_message *m)
{
    if (UNLIKELY(batch_reply_is(m->reply))) fast_batch_stored(s, m->reply, m->sequence);
    else stream_ack(s, m->reply, m->sequence, m->value);
}

/* Publisher and consumers hear of a message that is stored. */
static void tell_stored(struct stream *s, const struct store_command *c,
                        const struct stored_place *place)
{
    struct inflight_message m;
    inflight_take(&s->inflight, &m);
    assert(m.sequence == place->sequence);
    tell_publisher(s, &m);
    if (UNLIKELY(s->republish != NULL)) stream_republish(s, c, place);
}

static uint64_t last_of(struct stream *s, struct slice subject)
{
    struct msgs_subject stored;
    return msgs_subject(s->msgs, subject, &stored) ? stored.last : 0;
}

/* A sequence is given; what the message was to replace goes by a command of its own. */
static void skip_unwanted(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    struct inflight_message m;
    msgs_skip(s->msgs, sequence, c->time);
    if (UNLIKELY(c->id != 0 || s->has_ids)) remember_id(s, c, sequence);
    if (UNLIKELY((c->flags & SCHEDULE_FLAGS) != 0)) stream_schedule_note(s, c, sequence);
    if (!s->is_started) return;
    inflight_take(&s->inflight, &m);
    assert(m.sequence == sequence && m.is_unwanted);
    tell_publisher(s, &m);
}

static void store(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    if (UNLIKELY((c->flags & STORE_UNWANTED) != 0)) {
        skip_unwanted(s, c, sequence);
        return;
    }
    struct stored msg = { sequence, c->time, c->subject, c->header, c->payload };
    struct stored_place place = { sequence, 0 };
    if (UNLIKELY(s->republish != NULL)) place.last_of_subject = last_of(s, c->subject);
    msgs_append(s->msgs, &msg);
    if (UNLIKELY(c->id != 0 || s->has_ids)) remember_id(s, c, sequence);
    stream_expiry_note(s, c, sequence);
    if (UNLIKELY((c->flags & SCHEDULE_FLAGS) != 0)) stream_schedule_note(s, c, sequence);
    /* before anything goes for its sake: it may be too large for the stream, and go itself */
    if (s->is_started && s->has_consumers) consumers_stored(s->consumers, sequence, c->subject);
    stream_room_make(s, c, sequence);
    if (UNLIKELY((c->flags & STORE_SCHEDULE_ENDS) != 0)) stream_schedule_end(s, c);
    stream_charge(s);
    if (s->is_started) tell_stored(s, c, &place);
}

/* ---- what a list has left to the journal ---- */

static bool refill(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    const struct stored msg = { sequence, c->time, c->subject, c->header, c->payload };
    if ((c->flags & STORE_UNWANTED) != 0) return false;
    return msgs_file_refill(s->msgs, &msg);
}

/* What was erased cannot be read, and is gone. */
bool stream_refill(struct stream *s, uint32_t kind, uint64_t sequence, struct slice body)
{
    struct store_command c;
    uint32_t count, at = 0;
    bool is_any = false;
    assert(stream_is_file(s) && !s->is_started);
    if (kind == COMMAND_STORE && store_command_read(body, &c) == ERR_OK)
        return refill(s, &c, sequence);
    if (kind != COMMAND_STORE_MANY || store_many_check(body, &count) != ERR_OK) return false;
    while (store_many_next(body, &at, &c)) is_any |= refill(s, &c, sequence++);
    return is_any;
}

/* ---- commands ---- */

/* A start has lost a part of the journal: what lies between was in it. Only a mirror has gaps of
 * its own. */
static void note_gap(struct stream *s, uint64_t sequence)
{
    struct msgs_state m;
    assert(s->is_torn && !s->is_started);
    msgs_state(s->msgs, &m);
    if (s->config.mirror == NULL && sequence > m.last_sequence + 1)
        msgs_file_damaged(s->msgs, m.last_sequence + 1, sequence - 1);
}

static void apply_store(struct stream *s, const struct stream_log_command *in)
{
    struct store_command c;
    if (UNLIKELY(s->is_torn) && in->is_replay) note_gap(s, in->sequence);
    if (store_command_read(in->body, &c) != ERR_OK) {
        unreadable(s);
        return;
    }
    store(s, &c, in->sequence);
    if (UNLIKELY(s->has_sources)) sources_stored(s, c.header);
}

static void apply_store_many(struct stream *s, const struct stream_log_command *in)
{
    struct store_command c;
    uint64_t sequence = in->sequence;
    uint32_t count, at = 0;
    if (UNLIKELY(s->is_torn) && in->is_replay) note_gap(s, in->sequence);
    if (store_many_check(in->body, &count) != ERR_OK) {
        unreadable(s);
        return;
    }
    while (store_many_next(in->body, &at, &c)) store(s, &c, sequence++);
    assert(sequence == in->sequence + count);
}

static void apply_skip(struct stream *s, const struct stream_log_command *in)
{
    struct skip_command c;
    if (skip_command_read(in->body, &c) != ERR_OK) {
        unreadable(s);
        return;
    }
    msgs_skip(s->msgs, c.last, c.time);
}

static void apply_remove(struct stream *s, const struct stream_log_command *in)
{
    struct remove_command c;
    if (remove_command_read(in->body, &c) == ERR_OK) stream_apply_remove(s, &c);
    else unreadable(s);
    stream_charge(s);
}

static void apply_compact(struct stream *s, const struct stream_log_command *in)
{
    uint64_t first;
    if (compact_command_read(in->body, &first) == ERR_OK) (void)stream_take_below(s, first);
    else unreadable(s);
    stream_charge(s);
}

static void apply_purge(struct stream *s, const struct stream_log_command *in)
{
    struct purge_command c;
    if (purge_command_read(in->body, &c) == ERR_OK) stream_apply_purge(s, &c);
    else unreadable(s);
    stream_charge(s);
}

static void apply_config(struct stream *s, const struct stream_log_command *in)
{
    struct config_command c;
    bool is_first = !s->is_created;
    enum js_retention before = s->config.retention;
    sources_forget(s);
    if (config_command_read(in->body, &c) != ERR_OK || stream_config_take(s, &c) != ERR_OK) {
        unreadable(s);
        return;
    }
    s->is_created = true;
    if (s->is_hidden && !in->is_replay && !stream_show(s)) {
        unreadable(s);
        return;
    }
    stream_subs_update(s);
    sources_update(s);
    if (is_first) {
        if (s->is_started) consumers_start(s->consumers); /* it was restored, with consumers */
        stream_made(s); /* in a replay, too: what this led to need not be durable */
        return;
    }
    stream_expiry_changed(s);
    batches_update(s);
    stream_room_enforce_subjects(s);
    stream_room_enforce(s);
    consumers_stream_updated(s->consumers);
    if (before != s->config.retention && s->config.retention == JS_RETENTION_INTEREST)
        stream_unneeded_take(s);
    stream_charge(s);
}

static void apply_delete(struct stream *s, const struct stream_log_command *in)
{
    (void)in;
    s->is_deleted = true;
    s->is_gone = true;
}

static void apply_restore(struct stream *s, const struct stream_log_command *in)
{
    struct config_command c;
    assert(!s->is_created);
    if (config_command_read(in->body, &c) != ERR_OK || stream_config_take(s, &c) != ERR_OK)
        unreadable(s);
}

static void apply_source(struct stream *s, const struct stream_log_command *in)
{
    if (sources_apply(s, in->body) != ERR_OK) unreadable(s);
}

static void apply_to_consumers(struct stream *s, const struct stream_log_command *in)
{
    consumers_apply(s->consumers, in);
}

static void (*const kinds[COMMAND_KINDS])(struct stream *, const struct stream_log_command *) = {
    [COMMAND_STORE] = apply_store,
    [COMMAND_STORE_MANY] = apply_store_many,
    [COMMAND_SKIP] = apply_skip,
    [COMMAND_REMOVE] = apply_remove,
    [COMMAND_COMPACT] = apply_compact,
    [COMMAND_PURGE] = apply_purge,
    [COMMAND_CONFIG] = apply_config,
    [COMMAND_CONSUMER] = apply_to_consumers,
    [COMMAND_CONSUMER_GONE] = apply_to_consumers,
    [COMMAND_PROGRESS] = apply_to_consumers,
    [COMMAND_DELETE] = apply_delete,
    [COMMAND_RESTORE] = apply_restore,
    [COMMAND_CONSUMER_ACKS] = apply_to_consumers,
    [COMMAND_SOURCE] = apply_source,
};

void stream_apply(void *stream, const struct stream_log_command *c)
{
    struct stream *s = stream;
    assert(!c->is_replay || !s->is_started);
    assert(c->is_replay || s->is_started || s->is_hidden);
    if (s->is_gone || s->failure == ERR_CORRUPT) return;
    if (c->kind >= COMMAND_KINDS || kinds[c->kind] == NULL) {
        unreadable(s);
        return;
    }
    if (UNLIKELY(!s->is_quiet) && s->is_started && !text_queue_empty(&s->answers))
        stream_answers_send(s, s->log->applied - 1);
    kinds[c->kind](s, c);
    if (s->is_started) stream_follow_up(s);
    if (UNLIKELY(!s->is_quiet) && s->maker != NULL) s->maker->applied(s->maker);
}
