/* SPDX-License-Identifier: Apache-2.0 */
/* Which message is next, how many there are, and what it looks like when it leaves.
 *
 * First what is due again, then, as long as max_ack_pending allows, the list of last_per_subject,
 * then the stream from `next` on. One read at a time for each consumer; a message that is in memory
 * is not copied. */
#include "base/assert.h"
#include "stream/consumer_internal.h"

/* A consumer that reads on will want so much more. */
enum { READ_AHEAD = 256 * 1024 };

/* ---- counting ---- */

void consumer_recount(struct consumer *c)
{
    assert(c->is_begun);
    c->is_counted = false;
    c->pending = 0;
}

bool consumer_is_counted(const struct consumer *c)
{
    assert(c->set != NULL);
    return c->is_counted && c->damage == msgs_damage(c->set->stream->msgs);
}

enum err consumer_count_for(struct consumer *c, struct msgs_wait *wait, uint64_t *ret)
{
    struct msgs *msgs = c->set->stream->msgs;
    uint64_t count = 0, from = c->next > c->list_end ? c->next : c->list_end + 1;
    assert(c->is_begun);
    if (!consumer_is_counted(c)) {
        c->is_counted = false;
        enum err e = msgs_count(msgs, &c->setup.filter, from, false, wait, &count);
        if (e != ERR_OK) return e;
        if (c->next <= c->list_end) {
            if (c->list == NULL) c->list = consumer_list_new(c);
            count += consumer_list_count(c->list, msgs, c->next);
        }
        c->pending = count;
        c->damage = msgs_damage(msgs);
        c->is_counted = true;
    }
    *ret = c->pending;
    assert(c->is_counted);
    return ERR_OK;
}

enum err consumer_count(struct consumer *c, uint64_t *ret)
{
    assert(c->is_begun);
    if (!consumer_is_counted(c) && c->is_reading) return ERR_BUSY;
    enum err e = consumer_count_for(c, &c->wait, ret);
    if (e == ERR_BUSY) c->is_reading = true;
    assert(e == ERR_OK || e == ERR_BUSY);
    return e;
}

uint64_t consumer_pending(struct consumer *c)
{
    uint64_t count = 0;
    assert(c->is_begun);
    return consumer_count(c, &count) == ERR_OK ? count : 0;
}

/* ---- choosing ---- */

uint64_t consumer_ack_max(const struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    assert(c->set != NULL);
    if (f->ack_policy == JS_ACK_NONE || f->max_ack_pending <= 0) return UINT64_MAX;
    return (uint64_t)f->max_ack_pending;
}

/* max_deliver is reached and the last wait is over. */
static void exhausted(struct consumer *c, uint64_t sequence, uint32_t deliveries)
{
    const struct acks_command command = { .kind = ACKS_EXHAUST, .stream_seq = sequence };
    const struct advisory_facts facts = { .stream_seq = sequence, .deliveries = deliveries };
    assert(deliveries > 0);
    consumer_command(c, &command);
    consumer_note(c, ADVISORY_MAX_DELIVERIES, &facts);
}

/* False: nothing is due again. */
static bool choose_again(struct consumer *c, struct consumer_next *ret)
{
    uint64_t sequence = 0;
    uint32_t deliveries = 0;
    for (;;) {
        switch (redelivery_next(&c->redelivery, &sequence, &deliveries)) {
        case REDELIVERY_NONE: return false;
        case REDELIVERY_EXHAUSTED: exhausted(c, sequence, deliveries); break;
        case REDELIVERY_AGAIN:
            assert(sequence > 0);
            if (deliveries < UINT32_MAX) deliveries++;  /* an archive may say so many */
            *ret = (struct consumer_next){ sequence, deliveries, true };
            return true;
        default: unreachable();
        }
    }
}

void consumer_expire(struct consumer *c)
{
    struct consumer_next n;
    assert(c->is_begun);
    c->due[DUE_ACKS] = redelivery_tick(&c->redelivery, consumer_reactor(c)->now);
    (void)choose_again(c, &n);
}

/* Nothing of what there is matches: heartbeats say that it was looked at. */
static void skip_all(struct consumer *c)
{
    struct msgs_state state;
    msgs_state(c->set->stream->msgs, &state);
    assert(c->next > c->list_end);
    if (c->next <= state.last_sequence) c->next = state.last_sequence + 1;
    assert(c->delivered.stream_seq < c->next);
}

/* OK, NOTFOUND, BUSY. */
static enum err choose_new(struct consumer *c, uint64_t *ret)
{
    struct msgs *msgs = c->set->stream->msgs;
    assert(!c->is_reading);
    if (c->next <= c->list_end) {
        if (c->list == NULL) c->list = consumer_list_new(c);
        *ret = consumer_list_next(c->list, c->next);
        if (*ret != 0) return ERR_OK;
        c->next = c->list_end + 1;
    }
    if (c->list != NULL) c->list = consumer_list_free(c->list);
    enum err e = ERR_NOTFOUND;
    if (!consumer_is_counted(c) || c->pending > 0)
        e = msgs_next(msgs, &c->setup.filter, c->next, &c->wait, ret);
    c->is_reading = e == ERR_BUSY;
    if (e == ERR_OK) c->next = *ret;
    if (e == ERR_NOTFOUND) skip_all(c);
    assert(e == ERR_OK || e == ERR_NOTFOUND || e == ERR_BUSY);
    return e;
}

/* As for one that was removed before everybody's eyes, and nothing of one that the stream begins
 * above: so does nats-server. */
static void tell_gone(struct consumer *c, const struct consumer_next *n)
{
    const struct ack_entry *e = acks_find(&c->acks, n->sequence);
    struct msgs_state state;
    assert(c->delivered.consumer_seq > 0);
    const struct advisory_facts facts = {
        .stream_seq = n->sequence,
        /* the acks do not know of a delivery that is on its way */
        .consumer_seq = e != NULL ? e->consumer_seq : c->delivered.consumer_seq,
        .deliveries = n->deliveries - 1,
        .reason = SLICE_LIT("Unacknowledged message was deleted"),
    };
    msgs_state(c->set->stream->msgs, &state);
    if (n->sequence < state.first_sequence) return;
    c->acked_at = consumer_reactor(c)->wall;
    consumer_note(c, ADVISORY_MSG_TERMINATED, &facts);
}

/* It was there when it was chosen, or delivered once; now it is gone or cannot be read, and does
 * not count. */
static void give_up(struct consumer *c, const struct consumer_next *n, enum err why)
{
    const struct acks_command gone = { .kind = ACKS_REMOVE, .stream_seq = n->sequence };
    assert(why == ERR_NOTFOUND || why == ERR_CORRUPT);
    if (!n->is_again) {
        c->next = n->sequence + 1;
        return;
    }
    tell_gone(c, n);
    redelivery_forget(&c->redelivery, n->sequence);
    consumer_command(c, &gone);
}

enum err consumer_next(struct consumer *c, struct consumer_next *ret)
{
    uint64_t pending;
    assert(c->is_begun);
    for (;;) {
        if (c->is_reading) return ERR_BUSY;
        /* Each delivery says how many are left, and clients take 0 for the end. First, for another
         * question in between would begin it anew each time that an index is read. */
        enum err e = consumer_count(c, &pending);
        if (e != ERR_OK) return e;
        struct consumer_next n = { .deliveries = 1 };
        if (!choose_again(c, &n)) {
            if (redelivery_count(&c->redelivery) >= consumer_ack_max(c)) return ERR_LIMIT;
            e = choose_new(c, &n.sequence);
            if (e != ERR_OK) return e;
        }
        e = msgs_load(c->set->stream->msgs, n.sequence, READ_AHEAD, &c->load);
        c->is_reading = c->is_loading = e == ERR_BUSY;
        if (e == ERR_BUSY) return e;
        if (e != ERR_OK) {
            give_up(c, &n, e);
            continue;
        }
        if (!consumer_is_counted(c)) continue; /* reading has found damage */
        *ret = n;
        return ERR_OK;
    }
}

/* ---- leaving ---- */

static void prefix_make(struct consumer *c)
{
    struct buf prefix = { .ptr = NULL };
    char hash[ACCOUNT_HASH_LEN];
    struct ack_place place;
    enum ack_version version = consumer_place(c, hash, &place);
    ack_prefix_write(version, &place, &prefix);
    uint32_t len = prefix.len;
    assert(len > 0);
    c->ack_prefix = slice_of(buf_take_str(&prefix), len);
    assert(c->ack_prefix.ptr != NULL);
}

struct slice consumer_reply(struct consumer *c, const struct consumer_next *n)
{
    struct buf *out = &c->set->subject;
    assert(n->deliveries > 0);
    assert(consumer_is_counted(c)); /* consumer_next() has seen to it */
    if (c->ack_prefix.ptr == NULL) prefix_make(c);
    const struct ack_info info = {
        .deliveries = n->deliveries,
        .stream_seq = n->sequence,
        .consumer_seq = c->delivered.consumer_seq + 1,
        .time = (uint64_t)c->load.msg.time,
        .pending = c->pending - (!n->is_again && c->pending > 0),
    };
    out->len = 0;
    buf_reserve(out, c->ack_prefix.len + ACK_INFO_SIZE);
    out->len = ack_subject_write(c->ack_prefix, &info, out->ptr);
    assert(out->len > c->ack_prefix.len);
    return buf_slice(out);
}

struct slice consumer_header(struct consumer *c, const struct slice *pin)
{
    static const char line[] = "NATS/1.0\r\n";
    const struct stored *m = &c->load.msg;
    struct buf *out = &c->set->header;
    bool is_cut = consumer_config(c)->headers_only;
    if (!is_cut && pin == NULL) return m->header;
    out->len = 0;
    if (m->header.len < 2) buf_add_str(out, line);
    else buf_add(out, slice_first(m->header, m->header.len - 2));
    if (is_cut) {
        buf_add_str(out, "Nats-Msg-Size: ");
        buf_add_u64(out, m->payload.len);
        buf_add_str(out, "\r\n");
    }
    if (pin != NULL) {
        buf_add_str(out, "Nats-Pin-Id: ");
        buf_add(out, *pin);
        buf_add_str(out, "\r\n");
    }
    buf_add_str(out, "\r\n");
    assert(out->len >= sizeof line);
    return buf_slice(out);
}

/* When the first of what is tracked may be due, without looking for it: too early does no harm. */
static nanos shortest_wait(const struct consumer *c)
{
    const struct redelivery_config *f = &c->redelivery.config;
    nanos wait = f->backoff_count > 0 ? f->backoff[0] : f->ack_wait;
    for (uint32_t i = 1; i < f->backoff_count; i++)
        if (f->backoff[i] < wait) wait = f->backoff[i];
    assert(wait >= 0);
    return wait;
}

void consumer_delivered(struct consumer *c, const struct consumer_next *n)
{
    const struct reactor *r = consumer_reactor(c);
    const struct acks_command command = {
        .kind = ACKS_DELIVER,
        .deliveries = n->deliveries,
        .stream_seq = n->sequence,
        .consumer_seq = ++c->delivered.consumer_seq,
        .time = r->wall,
    };
    assert(n->sequence > 0);
    c->delivered_at = r->wall;
    if (!n->is_again) {
        c->next = n->sequence + 1;
        c->delivered.stream_seq = n->sequence;
        if (c->is_counted && c->pending > 0) c->pending--;
    }
    if (consumer_config(c)->ack_policy != JS_ACK_NONE) {
        redelivery_track(&c->redelivery, n->sequence, n->deliveries, r->now);
        consumer_due_by(c, DUE_ACKS, nanos_add(r->now, shortest_wait(c)));
    }
    consumer_command(c, &command);
}
