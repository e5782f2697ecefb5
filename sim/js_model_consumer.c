/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/js_model.h"

struct jm_consumer *jm_consumer_new(struct jm *m, struct jm_stream *s)
{
    struct jm_consumer *c = arena_alloc(m->arena, sizeof *c);
    struct jm_consumer **at = arena_push(m->arena, (void **)&s->consumers, &s->consumers_count,
                                         sizeof c);
    *at = c;
    c->stream = s;
    c->arena = m->arena;
    c->deletion = JM_REFUSED;
    c->creation_sent = ++m->now;
    c->creation_answered = UINT64_MAX;
    return c;
}

struct jm_seen *jm_seen(struct jm_consumer *c, uint64_t seq)
{
    uint32_t cap = c->seen_cap > 0 ? c->seen_cap : 256;
    while (cap <= seq) cap *= 2;
    if (cap > c->seen_cap) {
        struct jm_seen *made = arena_alloc(c->arena, cap * sizeof *made);
        if (c->seen_cap > 0) memcpy(made, c->seen, c->seen_cap * sizeof *made);
        c->seen = made;
        c->seen_cap = cap;
    }
    return &c->seen[seq];
}

bool jm_consumer_wants(const struct jm_consumer *c, const struct jm_msg *msg)
{
    return jm_subject_matches(c->filter, msg->subject);
}

void jm_consumer_reset(struct jm *m, struct jm_consumer *c, uint64_t seq)
{
    m->now++;
    assert(seq > 0);
    assert(c->stream->config.retention == JM_WORKQUEUE);
    c->is_reset = true;
    if (seq > c->passed) c->passed = seq;
}

/* What it was sent since the start of its connection ascends, unless a reset is in between. */
static void check_order(struct jm *m, struct jm_consumer *c, const struct jm_delivery *d)
{
    const char *stream = c->stream->config.name;
    unsigned long long seq = d->stream_seq;
    if (d->consumer_seq <= c->last_delivered)
        jm_fail(m, "%s %s: delivery %llu comes after %llu", stream, c->name,
                (unsigned long long)d->consumer_seq, (unsigned long long)c->last_delivered);
    if (d->count == 1 && d->stream_seq <= c->last_first)
        jm_fail(m, "%s %s: %llu comes first after %llu", stream, c->name, seq,
                (unsigned long long)c->last_first);
    if (c->deliver_max == 1 && jm_seen(c, d->stream_seq)->got > 1)
        jm_fail(m, "%s %s: %llu is delivered again though once is all", stream, c->name, seq);
}

void jm_delivered(struct jm *m, struct jm_consumer *c, const struct jm_delivery *d,
                  const struct jm_msg *msg)
{
    struct jm_seen *seen = jm_seen(c, d->stream_seq);
    unsigned long long seq = d->stream_seq;
    const char *stream = c->stream->config.name;
    m->delivered++;
    seen->got++;
    if (d->count > seen->count) seen->count = (uint32_t)d->count;
    if (!jm_consumer_wants(c, msg))
        jm_fail(m, "%s %s: gets %llu on %s, which it does not want", stream, c->name, seq,
                msg->subject);
    if (d->count == 0 || (c->deliver_max > 0 && d->count > c->deliver_max))
        jm_fail(m, "%s %s: %llu is delivered for the %lluth time of %u", stream, c->name, seq,
                (unsigned long long)d->count, c->deliver_max);
    if (seen->acked == JM_ACKED && !jm_may_be_back(m, c->stream, msg))
        jm_fail(m, "%s %s: %llu is delivered again after its ack was confirmed", stream, c->name,
                seq);
    if (!c->is_reset) check_order(m, c, d);
    c->last_delivered = d->consumer_seq;
    if (d->count == 1) c->last_first = d->stream_seq;
}

static void mark(struct jm_consumer *c, uint64_t seq, enum jm_acked acked)
{
    uint64_t from = c->policy == JM_ALL ? 1 : seq;
    (void)jm_seen(c, seq);
    for (uint64_t i = from; i <= seq; i++)
        if (c->seen[i].acked < acked) c->seen[i].acked = acked;
}

void jm_ack_sent(struct jm *m, struct jm_consumer *c, uint64_t seq)
{
    m->now++;
    mark(c, seq, JM_MAYBE_ACKED);
}

void jm_ack_confirmed(struct jm *m, struct jm_consumer *c, uint64_t seq)
{
    m->now++;
    /* an ack of before a reset may come behind it, and is answered all the same */
    mark(c, seq, c->is_reset ? JM_MAYBE_ACKED : JM_ACKED);
}

/* ---- audit ---- */

bool jm_may_be_exhausted(const struct jm *m, const struct jm_consumer *c, const struct jm_msg *msg)
{
    static const struct jm_seen nothing = { 0 };
    const struct jm_seen *seen = msg->seq < c->seen_cap ? &c->seen[msg->seq] : &nothing;
    if (c->deliver_max == 0) return false;
    if (seen->naks >= c->deliver_max) return true;
    return m->wall - msg->sent_at >= (nanos)(c->deliver_max - seen->naks) * c->wait;
}

/* What it has behind it may have been acked, could not be read or was not there when its turn came,
 * or has gone since it was read. */
static void check_floor(struct jm *m, struct jm_consumer *c, uint64_t floor)
{
    struct jm_stream *s = c->stream;
    for (uint64_t seq = 1; seq <= floor && seq < s->by_seq_cap; seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        const struct jm_seen *seen = jm_seen(c, seq);
        if (msg == NULL || !msg->is_found || !jm_consumer_wants(c, msg)) continue;
        if (seen->acked != JM_NOT_ACKED || seen->is_dropped || seq < c->passed) continue;
        if (jm_may_be_exhausted(m, c, msg) || jm_may_be_expired(m, s, msg)) continue;
        if (jm_may_be_damaged(m, s, seq) || jm_may_be_back(m, s, msg)) continue;
        jm_fail(m, "%s %s: its floor is %llu, but %llu was not acked", s->config.name, c->name,
                (unsigned long long)floor, (unsigned long long)seq);
    }
}

/* What can have expired since it was read counts or not. */
static void wanted_above(const struct jm *m, const struct jm_consumer *c, uint64_t above,
                         uint64_t *ret_least, uint64_t *ret_most)
{
    const struct jm_stream *s = c->stream;
    *ret_least = *ret_most = 0;
    for (uint64_t seq = above + 1; seq < s->by_seq_cap; seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        if (msg == NULL || !msg->is_found || !jm_consumer_wants(c, msg)) continue;
        *ret_least += !jm_may_be_expired(m, s, msg);
        ++*ret_most;
    }
}

/* Those that may wait for an ack and that nobody can read any more. */
static uint64_t unreadable(const struct jm *m, const struct jm_stream *s)
{
    uint64_t ret = 0;
    for (uint64_t seq = 1; seq < s->by_seq_cap; seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        ret += msg != NULL && !msg->is_found && jm_may_be_damaged(m, s, seq);
    }
    return ret;
}

/* An ack that went with a batch was nevertheless followed by the next delivery; and what was taken
 * for a limit of its subject is there again, and pending, when a start cannot read its subject. */
static void check_pending(struct jm *m, const struct jm_consumer *c, uint64_t pending)
{
    const struct jm_stream *s = c->stream;
    if (c->pending_max == 0 || jm_may_lack_a_batch(m, s)) return;
    if (pending > c->pending_max + unreadable(m, s))
        jm_fail(m, "%s %s: %llu are pending, %u may be", s->config.name, c->name,
                (unsigned long long)pending, c->pending_max);
}

void jm_audit_consumer(struct jm *m, struct jm_consumer *c, const struct jm_consumer_told *t)
{
    const char *stream = c->stream->config.name;
    uint64_t least, most;
    wanted_above(m, c, t->delivered_stream, &least, &most);
    if (t->delivered_stream > c->stream->last)
        jm_fail(m, "%s %s: has delivered %llu, but the last one is %llu", stream, c->name,
                (unsigned long long)t->delivered_stream, (unsigned long long)c->stream->last);
    if (t->floor_stream > t->delivered_stream)
        jm_fail(m, "%s %s: its floor %llu is above %llu, which it has delivered", stream, c->name,
                (unsigned long long)t->floor_stream, (unsigned long long)t->delivered_stream);
    check_pending(m, c, t->ack_pending);
    if (t->pending < least || t->pending > most)
        jm_fail(m, "%s %s: tells %llu to come, but behind %llu there are %llu", stream, c->name,
                (unsigned long long)t->pending, (unsigned long long)t->delivered_stream,
                (unsigned long long)most);
    if (c->policy != JM_NONE) check_floor(m, c, t->floor_stream);
    m->checked++;
}

void jm_audit_served(struct jm *m, struct jm_consumer *c)
{
    const struct jm_stream *s = c->stream;
    if (c->policy == JM_NONE || c->deliver_max > 0) return;
    for (uint64_t seq = 1; seq < s->by_seq_cap; seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        const struct jm_seen *seen = jm_seen(c, seq);
        if (msg == NULL || !msg->is_found || !jm_consumer_wants(c, msg)) continue;
        if (seen->got > 0 || seen->acked != JM_NOT_ACKED || seq < c->passed) continue;
        jm_fail(m, "%s %s: %llu on %s was never delivered", s->config.name, c->name,
                (unsigned long long)seq, msg->subject);
    }
}
