/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

enum { BY_SEQ_FIRST = 256, MESSAGE_OVERHEAD = 30, HEADERS_OVERHEAD = 4, MEMORY_OVERHEAD = 16 };

void jm_fail(struct jm *m, const char *format, ...)
{
    va_list args;
    if (jm_failed(m)) return;
    va_start(args, format);
    (void)vsnprintf(m->failure, sizeof m->failure, format, args);
    va_end(args);
}

void jm_init(struct jm *m)
{
    *m = (struct jm){ .arena = arena_new(), .now = 1 };
}

void jm_deinit(struct jm *m)
{
    m->arena = arena_free(m->arena);
}

/* The place of a new pointer in an array of them. */
static void push(struct jm *m, void *array, uint32_t *count, void *item)
{
    void **at = arena_push(m->arena, array, count, sizeof item);
    *at = item;
}

/* ---- streams ---- */

struct jm_stream *jm_stream_new(struct jm *m, const struct jm_config *config)
{
    struct jm_stream *s = arena_alloc(m->arena, sizeof *s);
    s->config = s->update = s->loosest = *config;
    s->deletion = JM_REFUSED;
    s->born = ++m->now;
    push(m, &m->streams, &m->streams_count, s);
    return s;
}

void jm_stream_end(struct jm *m, struct jm_stream *s)
{
    for (uint32_t i = 0; i < m->streams_count; i++) {
        if (m->streams[i] != s) continue;
        m->streams[i] = m->streams[--m->streams_count];
        s->deletion = JM_DONE;
        return;
    }
    unreachable();
}

struct jm_stream *jm_stream_find(struct jm *m, const char *name)
{
    for (uint32_t i = 0; i < m->streams_count; i++)
        if (strcmp(m->streams[i]->config.name, name) == 0) return m->streams[i];
    return NULL;
}

static uint64_t tighter(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0) return a + b;
    return a < b ? a : b;
}

/* It lowers a limit that holds in `from`. */
static bool lowers(const struct jm_config *from, const struct jm_config *to)
{
    return tighter(from->msgs_max, to->msgs_max) != from->msgs_max ||
           tighter(from->bytes_max, to->bytes_max) != from->bytes_max;
}

void jm_stream_update(struct jm_stream *s, const struct jm_config *config)
{
    s->is_lowered |= lowers(&s->config, config) || lowers(&s->update, config);
    for (uint32_t i = 0; i < s->doubted_count; i++) s->is_lowered |= lowers(&s->doubted[i], config);
    s->update = *config;
    s->loosest.msgs_max = tighter(s->loosest.msgs_max, config->msgs_max);
    s->loosest.bytes_max = tighter(s->loosest.bytes_max, config->bytes_max);
    s->loosest.per_subject_max = tighter(s->loosest.per_subject_max, config->per_subject_max);
}

void jm_stream_updated(struct jm *m, struct jm_stream *s, enum jm_fate fate)
{
    struct jm_config *at;
    assert(fate != JM_OPEN);
    if (fate == JM_DONE) {
        s->config = s->update;
        s->doubted_count = 0;
        return;
    }
    if (fate == JM_UNKNOWN) {
        at = arena_push(m->arena, (void **)&s->doubted, &s->doubted_count, sizeof *at);
        *at = s->update;
    }
    s->update = s->config;
}

static void stream_restarted(struct jm *m, struct jm_stream *s)
{
    for (uint32_t i = 0; i < s->removals_count; i++) {
        struct jm_removal *r = s->removals[i];
        if (r->fate == JM_OPEN || r->fate == JM_UNKNOWN) jm_removal_answered(m, r, JM_UNKNOWN);
    }
    for (uint32_t i = 0; i < s->consumers_count; i++)
        s->consumers[i]->last_delivered = s->consumers[i]->last_first = 0;
}

void jm_restarted(struct jm *m)
{
    m->now++;
    m->restarts++;
    for (uint32_t i = m->streams_count; i > 0; i--) {
        struct jm_stream *s = m->streams[i - 1];
        if (s->config.is_file) stream_restarted(m, s);
        else jm_stream_end(m, s);
    }
}

/* ---- messages ---- */

struct jm_msg *jm_msg_new(struct jm *m, struct jm_stream *s, uint32_t client)
{
    struct jm_msg *msg = arena_alloc(m->arena, sizeof *msg);
    push(m, &m->msgs, &m->msgs_count, msg);
    push(m, &s->msgs, &s->msgs_count, msg);
    msg->stream = s;
    msg->id = m->msgs_count;
    msg->client = client;
    msg->headers = "";
    return msg;
}

void jm_msg_sent(struct jm *m, struct jm_msg *msg)
{
    m->now++;
    msg->fate = JM_OPEN;
    if (msg->attempts++ == 1) {
        msg->again = m->now;
        msg->again_at = m->wall;
    }
    if (msg->attempts > 1) return;
    msg->sent = m->now;
    msg->sent_at = m->wall;
    msg->answered = UINT64_MAX;
    msg->answered_at = NANOS_MAX;
    if (msg->size < 8) msg->size = 8;
}

/* Its number in 8 digits, then noise that only this message has. */
void jm_payload(const struct jm_msg *msg, struct buf *out)
{
    buf_printf(out, "%08x", msg->id);
    uint64_t noise = hash_u64(msg->id + 1);
    for (uint32_t i = 8; i < msg->size; i++) {
        noise = noise * 6364136223846793005U + 1442695040888963407U;
        buf_add_byte(out, (uint8_t)(noise >> 56));
    }
}

uint64_t jm_bytes(const struct jm_stream *s, const struct jm_msg *msg)
{
    uint64_t headers = strlen(msg->headers), all = strlen(msg->subject) + msg->size + headers;
    if (!s->config.is_file) return all + MEMORY_OVERHEAD;
    return all + MESSAGE_OVERHEAD + (headers > 0 ? HEADERS_OVERHEAD : 0);
}

bool jm_subject_matches(const char *filter, const char *subject)
{
    size_t len = strlen(filter);
    if (len == 0 || subject[0] == 0) return true;
    if (filter[len - 1] == '>') return strncmp(filter, subject, len - 1) == 0;
    return strcmp(filter, subject) == 0;
}

struct jm_msg *jm_at(const struct jm_stream *s, uint64_t seq)
{
    return seq < s->by_seq_cap ? s->by_seq[seq] : NULL;
}

static void make_room(struct jm *m, struct jm_stream *s, uint64_t seq)
{
    uint32_t cap = s->by_seq_cap > 0 ? s->by_seq_cap : BY_SEQ_FIRST;
    if (seq < s->by_seq_cap) return;
    while (cap <= seq) cap *= 2;
    struct jm_msg **made = arena_alloc(m->arena, cap * sizeof(struct jm_msg *));
    if (s->by_seq_cap > 0) memcpy(made, s->by_seq, s->by_seq_cap * sizeof *made);
    s->by_seq = made;
    s->by_seq_cap = cap;
    for (uint32_t i = 0; i < s->consumers_count; i++) (void)jm_seen(s->consumers[i], seq);
}

static void note_told(struct jm_stream *s, uint64_t seq)
{
    if (seq > s->told_last) s->told_last = seq;
}

/* No stream of a run gets near to this. */
enum { SEQ_MAX = 1 << 20 };

/* The second one, which an attempt has made that came when the id was forgotten. */
static void place_copy(struct jm *m, struct jm_stream *s, struct jm_msg *msg, uint64_t seq)
{
    struct jm_msg *copy = arena_alloc(m->arena, sizeof *copy);
    *copy = *msg;
    copy->seq = seq;
    copy->sent = msg->again;
    copy->sent_at = msg->again_at;
    copy->answered = m->now;
    copy->answered_at = m->wall;
    copy->stored_at = 0;
    copy->copy = NULL;
    msg->copy = copy;
    s->by_seq[seq] = copy;
    push(m, &s->msgs, &s->msgs_count, copy);
}

/* An attempt may have come when the id of an earlier one was forgotten, or lost with the message.
 * When both were stored only the server can tell: see jm_audit_found(). */
static bool may_be_late(const struct jm *m, const struct jm_stream *s, const struct jm_msg *msg)
{
    if (msg->attempts < 2 || msg->copy != NULL) return false;
    return m->wall - msg->sent_at > s->config.window || jm_may_be_damaged(m, s, msg->seq);
}

/* Somebody was told that the message stands there. */
static void place(struct jm *m, struct jm_stream *s, struct jm_msg *msg, uint64_t seq)
{
    if (seq == 0 || seq > SEQ_MAX) {
        jm_fail(m, "%s: message %u has the sequence %llu", s->config.name, msg->id,
                (unsigned long long)seq);
        return;
    }
    make_room(m, s, seq);
    struct jm_msg *other = s->by_seq[seq];
    note_told(s, seq);
    if (other != NULL && other->id == msg->id) return;
    bool is_free = other == NULL || other->id == 0; /* 0: a refusal told that something is there */
    if (is_free && other != NULL && !jm_subject_matches(other->subject, msg->subject))
        jm_fail(m, "%s: %llu is on %s, though it was told to be on %s", s->config.name,
                (unsigned long long)seq, msg->subject, other->subject);
    if (is_free && msg->seq != 0 && msg->seq != seq && may_be_late(m, s, msg)) {
        place_copy(m, s, msg, seq);
        return;
    }
    if (msg->seq != 0 && msg->seq != seq)
        jm_fail(m, "%s: message %u is stored twice, as %llu and %llu", s->config.name, msg->id,
                (unsigned long long)msg->seq, (unsigned long long)seq);
    else if (!is_free)
        jm_fail(m, "%s: messages %u and %u are both %llu", s->config.name, other->id, msg->id,
                (unsigned long long)seq);
    s->by_seq[seq] = msg;
    msg->seq = seq;
    if (msg->answered == UINT64_MAX) {
        msg->answered = m->now;
        msg->answered_at = m->wall;
    }
}

/* … and with it the others of its batch. */
static void place_all(struct jm *m, struct jm_stream *s, struct jm_msg *msg, uint64_t seq)
{
    const struct jm_batch *b = msg->batch;
    if (b == NULL) {
        place(m, s, msg, seq);
    } else if (seq <= msg->batch_at) {
        jm_fail(m, "%s: message %u of a batch has the sequence %llu", s->config.name, msg->id,
                (unsigned long long)seq);
    } else {
        for (uint32_t i = 0; i < b->count; i++) place(m, s, b->msgs[i], seq - msg->batch_at + i);
    }
}

void jm_acked(struct jm *m, struct jm_msg *msg, uint64_t seq, bool is_duplicate)
{
    m->now++;
    m->acked++;
    if (is_duplicate && msg->attempts == 1)
        jm_fail(m, "%s: message %u was sent once and is told to be a duplicate of %llu",
                msg->stream->config.name, msg->id, (unsigned long long)seq);
    msg->fate = JM_DONE;
    place_all(m, msg->stream, msg, seq);
    for (uint32_t i = 0; msg->batch != NULL && i < msg->batch->count; i++)
        msg->batch->msgs[i]->fate = JM_DONE;
}

void jm_unknown(struct jm_msg *msg)
{
    if (msg->fate == JM_OPEN) msg->fate = JM_UNKNOWN;
    for (uint32_t i = 0; msg->batch != NULL && i < msg->batch->count; i++)
        if (msg->batch->msgs[i]->fate == JM_OPEN) msg->batch->msgs[i]->fate = JM_UNKNOWN;
}

void jm_refused(struct jm *m, struct jm_msg *msg)
{
    m->now++;
    if (msg->attempts > 1) {
        jm_unknown(msg); /* an earlier attempt may have been taken */
        return;
    }
    msg->fate = JM_REFUSED;
    for (uint32_t i = 0; msg->batch != NULL && i < msg->batch->count; i++)
        msg->batch->msgs[i]->fate = JM_REFUSED;
}

/* What holds by the refusal must at least be what was acked on it before the message was sent. */
static void check_stale(struct jm *m, const struct jm_msg *msg, uint64_t told)
{
    struct jm_stream *s = msg->stream;
    for (uint64_t seq = s->told_last; seq > told; seq--) {
        const struct jm_msg *o = jm_at(s, seq);
        if (o == NULL || o->fate != JM_DONE || o->answered >= msg->sent) continue;
        if (msg->expects_subject && strcmp(o->subject, msg->subject) != 0) continue;
        if (jm_may_be_damaged(m, s, seq)) continue;
        if (msg->expects_subject && jm_may_be_gone_alone(m, s, o)) continue;
        if (msg->expects_subject && jm_may_be_gone(m, s, o)) return; /* and all before it */
        jm_fail(m, "%s: message %u is told that the last one is %llu, but %llu was acked before",
                s->config.name, msg->id, (unsigned long long)told, (unsigned long long)seq);
        return;
    }
}

void jm_wrong_last(struct jm *m, struct jm_msg *msg, uint64_t told)
{
    struct jm_stream *s = msg->stream;
    bool was_sent_before = msg->attempts > 1;
    jm_refused(m, msg);
    if (!msg->expects_subject && !msg->expects_last)
        jm_fail(m, "%s: message %u expects nothing, and is refused", s->config.name, msg->id);
    else if (told == msg->expected)
        jm_fail(m, "%s: message %u expected %llu rightly", s->config.name, msg->id,
                (unsigned long long)told);
    if (was_sent_before) return; /* what it finds may be itself */
    check_stale(m, msg, told);
    if (told == 0 || jm_at(s, told) != NULL) return;
    struct jm_msg *named = arena_alloc(m->arena, sizeof *named);
    *named = (struct jm_msg){ .stream = s, .headers = "", .fate = JM_DONE, .answered = UINT64_MAX };
    if (msg->expects_subject) snprintf(named->subject, JM_NAME, "%s", msg->subject);
    place(m, s, named, told);
}

/* The number in front of a payload; 0: it is none of ours. */
static uint32_t payload_id(struct slice payload)
{
    uint32_t id = 0;
    if (payload.len < 8) return 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t c = payload.ptr[i];
        uint32_t digit = c <= '9' ? c - (uint32_t)'0' : c - (uint32_t)'a' + 10;
        if (digit > 15) return 0;
        id = id * 16 + digit;
    }
    return id;
}

static bool is_payload_of(const struct jm_msg *msg, struct slice payload)
{
    struct buf whole = { 0 };
    jm_payload(msg, &whole);
    bool is_same = slice_equal(buf_slice(&whole), payload);
    buf_deinit(&whole);
    return is_same;
}

struct jm_msg *jm_shown(struct jm *m, struct jm_stream *s, uint64_t seq, struct slice payload)
{
    uint32_t id = payload_id(payload);
    const char *name = s->config.name;
    m->now++;
    if (id == 0 || id > m->msgs_count || !is_payload_of(m->msgs[id - 1], payload)) {
        jm_fail(m, "%s: %llu is nothing that anybody has published", name, (unsigned long long)seq);
        return NULL;
    }
    struct jm_msg *msg = m->msgs[id - 1];
    if (msg->stream != s)
        jm_fail(m, "%s: %llu is message %u of another stream, or of an earlier one of that name",
                name, (unsigned long long)seq, id);
    else if (msg->fate == JM_REFUSED)
        jm_fail(m, "%s: %llu is message %u, which was refused", name, (unsigned long long)seq, id);
    else place_all(m, s, msg, seq);
    return jm_failed(m) ? NULL : jm_at(s, seq);
}

/* ---- removals ---- */

struct jm_removal *jm_removal_new(struct jm *m, struct jm_stream *s)
{
    struct jm_removal *r = arena_alloc(m->arena, sizeof *r);
    push(m, &s->removals, &s->removals_count, r);
    r->sent = ++m->now;
    r->answered = UINT64_MAX;
    return r;
}

void jm_removal_answered(struct jm *m, struct jm_removal *r, enum jm_fate fate)
{
    r->fate = fate;
    if (r->answered == UINT64_MAX) r->answered = ++m->now;
}
