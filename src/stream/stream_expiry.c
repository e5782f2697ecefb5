/* SPDX-License-Identifier: Apache-2.0 */
/* What expires: by max_age and by an end of its own; and the markers that the last message of a
 * subject leaves. One timer for the stream, set for the next that is due; the leader proposes.
 *
 * What is needed and not in memory (the header of a message, the time of one) is asked for again a
 * moment later: asking has begun to read it. */
#include "stream/expiry.h"

#include "base/assert.h"
#include "json/gotime.h"
#include "stream/schedules.h"
#include "stream/stream_internal.h"

/* Between two looks: what expires meanwhile goes with one command. */
#define PAUSE (50 * MILLISECOND)
/* Without space for what a removal takes: it is tried again after so long. */
#define RETRY SECOND

/* How many go with one command. */
enum { REMOVE_MAX = 16 * 1024, COMPACT_MAX = 64 * 1024 };

static nanos wall(const struct stream *s)
{
    return jetstream_reactor(s->account->js)->wall;
}

static bool has_markers(const struct stream *s)
{
    return s->config.subject_delete_marker_ttl > 0;
}

static bool is_there(void *ctx, uint64_t sequence)
{
    const struct stream *s = ctx;
    return msgs_has(s->msgs, sequence);
}

/* ---- the timer ---- */

static void fire(struct timer *t, nanos now)
{
    struct stream *s = container_of(t, struct stream, timer);
    (void)now;
    s->is_expiring = true;
    stream_wake(s);
}

void stream_expiry_arm(struct stream *s, nanos due)
{
    struct reactor *r = jetstream_reactor(s->account->js);
    if (due == NANOS_MAX || !s->is_started || s->is_expiring) return;
    if (due < s->expired_at + PAUSE) due = s->expired_at + PAUSE;
    if (timer_is_set(&s->timer) && s->timer_due <= due) return;
    s->timer_due = due;
    wheel_set(&r->wheel, &s->timer, r->now + (due > r->wall ? due - r->wall : 0));
}

static nanos age_due(const struct stream *s, nanos time)
{
    nanos age = s->config.max_age;
    return age <= 0 || time > NANOS_MAX - age ? NANOS_MAX : time + age;
}

/* When the first message ends that max_age can end. */
static nanos first_due(struct stream *s)
{
    struct msgs_state state;
    const struct msgs_filter all = { NULL, 0 };
    struct msgs_load load;
    uint64_t at;
    msgs_state(s->msgs, &state);
    if (s->config.max_age <= 0 || state.messages == 0) return NANOS_MAX;
    if (!expiry_is_for_ever(s->expiry, state.first_sequence)) return age_due(s, state.first_time);
    at = expiry_next_mortal(s->expiry, state.first_sequence);
    while (msgs_next(s->msgs, &all, at, NULL, &at) == ERR_OK) {
        if (expiry_is_for_ever(s->expiry, at)) {
            at = expiry_next_mortal(s->expiry, at);
            continue;
        }
        if (msgs_load(s->msgs, at, 0, &load) == ERR_OK) return age_due(s, load.msg.time);
        msgs_load_cancel(s->msgs, &load);
        return wall(s) + SECOND;
    }
    return NANOS_MAX;
}

static void arm_next(struct stream *s)
{
    nanos due = first_due(s), own = expiry_next(s->expiry);
    if (own < due) due = own;
    own = schedules_next(s->schedules);
    stream_expiry_arm(s, own < due ? own : due);
}

void stream_expiry_note(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    nanos due = age_due(s, c->time);
    if (UNLIKELY(c->expires > 0 || (c->flags & STORE_FOR_EVER) != 0)) {
        bool is_for_ever = (c->flags & STORE_FOR_EVER) != 0;
        struct expiry_entry e = { is_for_ever ? NANOS_MAX : c->expires, sequence };
        struct msgs_state state;
        msgs_state(s->msgs, &state);
        if (expiry_count(s->expiry) > 2 * state.messages + 1024)
            expiry_sweep(s->expiry, state.first_sequence, is_there, s);
        expiry_add(s->expiry, &e);
        if (is_for_ever) return;
        if (e.expires < due) due = e.expires;
    }
    stream_expiry_arm(s, due);
}

void stream_expiry_changed(struct stream *s)
{
    if (!s->is_started) return;
    s->is_expiring = true;
    stream_wake(s);
}

static void times_read(struct msgs_wait *w)
{
    struct stream *s = container_of(w, struct stream, expiry_wait);
    stream_expiry_changed(s);
}

void stream_expiry_start(struct stream *s)
{
    timer_init(&s->timer, fire);
    s->expiry_wait.done = times_read;
    arm_next(s);
}

void stream_expiry_stop(struct stream *s)
{
    if (s->timer.fire != NULL) wheel_cancel(&jetstream_reactor(s->account->js)->wheel, &s->timer);
    msgs_wait_cancel(&s->expiry_wait);
}

/* ---- what has expired ---- */

/* One look: sequences gather, and go with one command. */
struct look {
    struct stream *stream;
    struct buf     removals; /* sequences */
    uint32_t       count;
    bool           is_waiting; /* something must be looked at again soon */
    bool           is_refused; /* … when there may be space again */
};

static void remove_later(struct look *l, uint64_t sequence)
{
    buf_add(&l->removals, slice_of(&sequence, sizeof sequence));
    l->count++;
}

static void propose(struct look *l)
{
    struct stream *s = l->stream;
    if (l->count == 0) return;
    uint8_t *at = stream_propose_removal(s, COMMAND_REMOVE, remove_command_size(l->count));
    l->is_refused |= at == NULL;
    if (at == NULL) return;
    remove_command_begin(at, 0, l->count);
    for (uint32_t i = 0; i < l->count; i++) {
        uint64_t sequence;
        memcpy(&sequence, l->removals.ptr + i * sizeof sequence, sizeof sequence);
        remove_command_set(at, i, sequence);
    }
}

/* A marker takes the message's place: it rolls the subject up. */
static void propose_marker(struct look *l, struct slice subject)
{
    struct stream *s = l->stream;
    nanos ttl = s->config.subject_delete_marker_ttl / SECOND * SECOND;
    char text[GOTIME_TEXT_SIZE];
    struct buf header = { 0 }, name = { 0 };
    struct js_error error;
    buf_printf(&header,
               "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: %s\r\nNats-Rollup: sub\r\n\r\n",
               gotime_duration_text(ttl, text));
    buf_add(&name, subject);            /* it lies in what proposing may move */
    struct incoming in = {
        .subject = buf_slice(&name),
        .header = buf_slice(&header),
        .is_own = true,
        .time = stream_time(s),
        .flags = STORE_ROLLUP_SUBJECT,
    };
    in.expires = nanos_add(in.time, ttl);
    if (!ingest_propose(s, &in, &error)) l->is_refused = true;
    buf_deinit(&header);
    buf_deinit(&name);
}

/* The message is a marker itself, or says so of a key: it leaves none. */
static bool is_marker(struct slice header)
{
    struct slice value;
    if (headers_find(header, SLICE_LIT("Nats-Marker-Reason"), &value) && value.len > 0) return true;
    return headers_find(header, SLICE_LIT("KV-Operation"), &value) &&
           slice_equal_str(value, "PURGE");
}

static void leave_marker(struct look *l, uint64_t sequence)
{
    struct stream *s = l->stream;
    struct msgs_load load;
    enum err e = msgs_load(s->msgs, sequence, 0, &load);
    if (e == ERR_OK && !is_marker(load.msg.header)) {
        propose_marker(l, load.msg.subject);
    } else if (e == ERR_BUSY) {
        msgs_load_cancel(s->msgs, &load);
        l->is_waiting = true;
    } else {
        remove_later(l, sequence);
    }
}

/* With markers the last of a subject is looked at when those before it are gone. */
static void end_one(struct look *l, uint64_t sequence)
{
    struct stream *s = l->stream;
    struct slice subject;
    struct msgs_subject stored;
    uint64_t size;
    uint32_t in_flight;
    bool is_whole = msgs_has(s->msgs, sequence);
    if (is_whole && !has_markers(s)) {
        remove_later(l, sequence);
        return;
    }
    enum err e = msgs_meta(s->msgs, sequence, &subject, &size);
    if (e == ERR_NOTFOUND) return;
    if (e || !is_whole) { /* damaged: it goes like any other, and leaves nothing */
        remove_later(l, sequence);
        return;
    }
    bool is_last = msgs_subject(s->msgs, subject, &stored) && stored.last == sequence &&
                   inflight_last_of(&s->inflight, subject, &in_flight) == 0;
    if (is_last && stored.count == 1) {
        leave_marker(l, sequence);
    } else if (!is_last || l->count == 0) {
        remove_later(l, sequence);
    } else {
        l->is_waiting = true;
    }
}

static void end_own(struct look *l)
{
    struct stream *s = l->stream;
    struct expiry_entry e;
    while (l->count < REMOVE_MAX && expiry_take(s->expiry, wall(s), &e)) end_one(l, e.sequence);
}

/* One by one: some live for ever, or leave markers. */
static void end_aged(struct look *l, uint64_t end)
{
    struct stream *s = l->stream;
    const struct msgs_filter all = { NULL, 0 };
    struct msgs_state state;
    msgs_state(s->msgs, &state);
    uint64_t at = expiry_next_mortal(s->expiry, state.first_sequence);
    while (l->count < REMOVE_MAX && msgs_next(s->msgs, &all, at, NULL, &at) == ERR_OK && at < end) {
        if (expiry_is_for_ever(s->expiry, at)) {
            at = expiry_next_mortal(s->expiry, at);
            continue;
        }
        end_one(l, at++);
    }
}

static void propose_compact(struct stream *s, uint64_t end)
{
    struct msgs_state state;
    msgs_state(s->msgs, &state);
    if (state.messages == 0 || end <= state.first_sequence) return;
    if (end - state.first_sequence > COMPACT_MAX) end = state.first_sequence + COMPACT_MAX;
    uint8_t *at = stream_propose_removal(s, COMMAND_COMPACT, COMPACT_SIZE);
    if (at != NULL) compact_command_write(end, at);
}

/* Where the living begin. Blocks are asked one after the other, each as soon as the one before is
 * read: after a start nothing is shown for long that has expired meanwhile. */
static void end_by_age(struct look *l)
{
    struct stream *s = l->stream;
    uint64_t end;
    if (s->config.max_age <= 0 || wall(s) < s->config.max_age) return;
    enum err e = msgs_at_time(s->msgs, wall(s) - s->config.max_age + 1, &s->expiry_wait, &end);
    if (e != ERR_OK) {
        l->is_waiting = true;
        return;
    }
    if (has_markers(s) || expiry_count(s->expiry) > 0) end_aged(l, end);
    else propose_compact(s, end);
}

void stream_expire(struct stream *s)
{
    struct look l = { .stream = s };
    if (!s->is_expiring || s->failure != ERR_OK || s->log->applied < s->expiry_upto) return;
    uint64_t before = s->log->proposed;
    s->is_expiring = false;
    s->expired_at = wall(s);
    expiry_taken(s->expiry, is_there, s);
    end_by_age(&l);
    end_own(&l);
    propose(&l);
    if (schedules_count(s->schedules) > 0 && !stream_schedules_fire(s)) l.is_waiting = true;
    buf_deinit(&l.removals);
    if (s->log->proposed > before) {
        s->expiry_upto = s->log->proposed;
        s->is_expiring = true;          /* looks again when that is applied */
    } else if (l.is_waiting || l.is_refused) {
        stream_expiry_arm(s, s->expired_at + (l.is_waiting ? PAUSE : RETRY));
    } else {
        arm_next(s);
    }
}
