/* SPDX-License-Identifier: Apache-2.0 */
/* Deliver_push: messages to a deliver subject, as long as somebody subscribes to it, as fast as
 * flow control, rate limit and replay policy let them; heartbeats when it is quiet. */
#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/sub_watch.h"
#include "stream/consumer_internal.h"
#include "stream/flow.h"
#include "stream/pace.h"
#include "wire/headers.h"

/* Messages of one run; then others have their turn. */
enum { PUSH_SHARE = 256 };

/* A receiver that is behind gets nothing for so long; nor does one who was there and is not. */
#define BEHIND_WAIT (2 * MILLISECOND)
#define NOBODY_WAIT (100 * MILLISECOND)

/* The largest message that a stream without a limit of its own is thought to take. */
enum { BURST_DEFAULT = 1 << 20 };

struct consumer_push {
    struct sub_watch  watch;
    struct consumer  *consumer;
    struct flow       flow;
    struct rate       rate;
    struct buf        stalled;          /* subject of the outstanding request */
    nanos             sent_at;          /* the last message or heartbeat */
    nanos             leaves_at;        /* the message in hand has its token; 0: it has none */
    bool              is_bound;
};

/* ---- interest ---- */

static void look(struct consumer_push *p)
{
    struct consumer *c = p->consumer;
    nanos now = consumer_reactor(c)->now;
    bool was_bound = p->is_bound;
    p->is_bound = sub_watch_is_met(consumer_home(c), &p->watch);
    if (p->is_bound == was_bound) return;
    c->used_at = now;
    p->sent_at = now;
    if (c->idle_after > 0 && c->idle_after < NANOS_MAX - now)
        consumer_due(c, DUE_IDLE, now + c->idle_after);
    bool beats = p->is_bound && consumer_config(c)->idle_heartbeat > 0;
    consumer_due(c, DUE_PUSH,
                 beats ? nanos_add(now, consumer_config(c)->idle_heartbeat) : NANOS_MAX);
    consumer_wake(c);
}

static void on_interest(struct sub_watch *w, struct core_reactor *cr)
{
    struct consumer_push *p = container_of(w, struct consumer_push, watch);
    assert(p->consumer->push == p);
    assert(consumer_home(p->consumer) == cr);
    look(p);
}

static uint64_t burst_of(const struct consumer *c)
{
    int32_t most = c->set->stream->config.max_msg_size;
    assert(c->set->stream->msgs != NULL);
    return most > 0 ? (uint64_t)most : BURST_DEFAULT;
}

void consumer_push_begin(struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    struct consumer_push *p = xcalloc(1, sizeof *p);
    assert(c->push == NULL);
    p->consumer = c;
    p->watch.told = on_interest;
    flow_init(&p->flow);
    rate_init(&p->rate, f->rate_limit_bps, burst_of(c));
    c->push = p;
    sub_watch_begin(consumer_home(c), consumer_account(c)->account, &p->watch,
                    slice_str(f->deliver_subject), slice_str(f->deliver_group));
    look(p);
}

void consumer_push_end(struct consumer *c)
{
    struct consumer_push *p = c->push;
    if (p == NULL) return;
    assert(p->consumer == c);
    sub_watch_end(&p->watch);
    buf_deinit(&p->stalled);
    c->push = xfree(p);
    c->due[DUE_PUSH] = NANOS_MAX;
}

void consumer_push_configure(struct consumer *c, const struct consumer_config *old)
{
    const struct consumer_config *f = consumer_config(c);
    if (c->push == NULL) return;
    assert(consumer_is_push(f) && consumer_is_push(old));
    bool is_here = slice_equal_str(slice_str(f->deliver_subject), old->deliver_subject);
    if (!is_here) redelivery_expire(&c->redelivery);    /* whoever listens there has had nothing */
    if (!is_here || !slice_equal(slice_str(f->deliver_group), slice_str(old->deliver_group))) {
        consumer_push_end(c);
        consumer_push_begin(c);
    } else if (f->rate_limit_bps != old->rate_limit_bps) {
        rate_init(&c->push->rate, f->rate_limit_bps, burst_of(c));
    }
}

bool consumer_push_is_bound(const struct consumer *c)
{
    assert(c->push != NULL);
    assert(c->push->consumer == c);
    return c->push->is_bound;
}

/* ---- status lines ---- */

static void send_status(struct consumer *c, const struct pull_answer *a, struct slice reply)
{
    struct buf *out = &c->set->status;
    struct slice to = slice_str(consumer_config(c)->deliver_subject);
    assert(to.len > 0);
    out->len = 0;
    pull_answer_write(a, out);
    const struct outgoing m = { .account = consumer_account(c)->account,
                                .to = to,
                                .subject = to,
                                .reply = reply,
                                .header = buf_slice(out) };
    if (consumer_must_hold(c)) consumer_send_later(c, &m);
    else (void)deliver_as(consumer_home(c), &m, NULL);
    assert(out->len > 0);
}

/* Asks whether all that was sent has arrived. */
static void ask(struct consumer *c)
{
    struct consumer_push *p = c->push;
    struct ack_place place;
    char hash[ACCOUNT_HASH_LEN];
    const struct pull_answer a = { .status = PULL_FLOW_CONTROL };
    struct buf prefix = { .ptr = NULL };
    assert(!p->flow.is_asked);
    flow_prefix_write(consumer_place(c, hash, &place), &place, &prefix);
    p->stalled.len = 0;
    buf_reserve(&p->stalled, prefix.len + FLOW_ID_LEN);
    p->stalled.len = flow_subject_write(buf_slice(&prefix), rng_next(&consumer_reactor(c)->rng),
                                        p->stalled.ptr);
    buf_deinit(&prefix);
    flow_asked(&p->flow, p->stalled.ptr + p->stalled.len - FLOW_ID_LEN);
    send_status(c, &a, buf_slice(&p->stalled));
}

static void beat(struct consumer *c)
{
    struct consumer_push *p = c->push;
    struct pull_answer a = {
        .status = PULL_HEARTBEAT,
        .first = (int64_t)c->delivered.consumer_seq,
        .second = (int64_t)(c->next - 1),
    };
    assert(p->is_bound);
    if (flow_stalled(&p->flow).len > 0) a.text = buf_slice(&p->stalled);
    send_status(c, &a, SLICE_LIT(""));
    p->sent_at = consumer_reactor(c)->now;
    bool is_acked_so = c->acks.policy == ACKS_FLOW_CONTROL;
    if (is_acked_so && flow_idle(&p->flow, redelivery_count(&c->redelivery) > 0)) ask(c);
}

/* A heartbeat, when its time has come. */
static void tick(struct consumer *c)
{
    struct consumer_push *p = c->push;
    nanos every = consumer_config(c)->idle_heartbeat, now = consumer_reactor(c)->now;
    assert(p != NULL);
    if (!p->is_bound || every <= 0) return;
    if (now - p->sent_at >= every) beat(c);
    consumer_due(c, DUE_PUSH, nanos_add(p->sent_at, every));
}

void consumer_push_confirmed(struct consumer *c, struct slice id, struct slice header)
{
    static const struct slice names[] = { SLICE_INIT("Nats-Last-Consumer"),
                                          SLICE_INIT("Nats-Last-Stream") };
    struct slice values[ARRAY_COUNT(names)];
    struct ack_info info = { .deliveries = 1 };
    assert(c->push != NULL);
    if (flow_confirmed(&c->push->flow, id)) consumer_wake(c);
    if (c->acks.policy != ACKS_FLOW_CONTROL || header.len == 0) return;
    if (headers_scan(header, names, ARRAY_COUNT(names), values) < ARRAY_COUNT(names)) return;
    if (!slice_to_u64(values[0], &info.consumer_seq)) return;
    if (!slice_to_u64(values[1], &info.stream_seq)) return;
    consumer_ack_flow(c, &info);
}

/* ---- deliveries ---- */

/* When the message in hand may leave; it takes its token once. */
static nanos leaves(struct consumer *c, const struct consumer_next *n, uint64_t size)
{
    struct consumer_push *p = c->push;
    nanos now = consumer_reactor(c)->now;
    assert(size > 0);
    if (p->leaves_at == 0) {
        nanos limited = rate_take(&p->rate, size, now);
        nanos paced = now;
        if (c->replay != NULL && !n->is_again)
            paced = replay_due(c->replay, n->sequence, c->load.msg.time, now);
        p->leaves_at = limited > paced ? limited : paced;
    }
    assert(p->leaves_at > 0);
    return p->leaves_at;
}

static void left(struct consumer *c, const struct consumer_next *n, uint64_t size)
{
    struct consumer_push *p = c->push;
    nanos now = consumer_reactor(c)->now;
    assert(p->leaves_at <= now);
    p->leaves_at = 0;
    p->sent_at = now;
    if (c->replay != NULL && !n->is_again)
        replay_left(c->replay, n->sequence, c->load.msg.time, now);
    consumer_delivered(c, n);
    if (!consumer_config(c)->flow_control) return;
    bool is_full = c->acks.policy == ACKS_FLOW_CONTROL &&
                   redelivery_count(&c->redelivery) >= consumer_ack_max(c);
    if (flow_sent(&p->flow, size, is_full)) ask(c);
}

enum push_step { PUSH_SENT, PUSH_HELD };

static enum push_step push_one(struct consumer *c, const struct consumer_next *n)
{
    const struct stored *m = &c->load.msg;
    struct slice none = SLICE_LIT("");
    nanos now = consumer_reactor(c)->now;
    bool is_behind = false;
    const struct outgoing out = {
        .account = consumer_account(c)->account,
        .to = slice_str(consumer_config(c)->deliver_subject),
        .subject = m->subject,
        .reply = consumer_reply(c, n),
        .header = consumer_header(c, NULL),
        .payload = consumer_config(c)->headers_only ? none : m->payload,
    };
    uint64_t size = (uint64_t)out.to.len + out.reply.len + out.header.len + out.payload.len;
    nanos when = leaves(c, n, size);
    if (when > now) {
        consumer_due(c, DUE_RETRY, when);
        return PUSH_HELD;
    }
    if (consumer_must_hold(c)) {
        consumer_send_later(c, &out);
    } else if (deliver_as(consumer_home(c), &out, &is_behind) == 0) {
        consumer_due(c, DUE_RETRY, now + NOBODY_WAIT);
        return PUSH_HELD;
    }
    left(c, n, size);
    if (!is_behind) return PUSH_SENT;
    consumer_due(c, DUE_RETRY, now + BEHIND_WAIT);
    return PUSH_HELD;
}

static bool may_send(const struct consumer *c)
{
    const struct consumer_push *p = c->push;
    assert(p != NULL);
    if (!p->is_bound || c->due[DUE_RETRY] != NANOS_MAX) return false;
    return !consumer_config(c)->flow_control || flow_may_send(&p->flow);
}

/* True: the share is used up. */
static bool push_share(struct consumer *c)
{
    struct consumer_next n;
    for (uint32_t given = 0; given < PUSH_SHARE; given++) {
        if (!may_send(c)) return false;
        if (consumer_holds_much(c)) return true;
        if (consumer_next(c, &n) != ERR_OK) return false;
        assert(n.sequence > 0);
        if (push_one(c, &n) == PUSH_HELD) return false;
    }
    return true;
}

bool consumer_push_run(struct consumer *c)
{
    bool has_more = false;
    assert(c->push != NULL);
    bool is_held = consumer_is_paused(c) || consumer_is_held(c) || consumers_is_clogged(c->set);
    if (!is_held) has_more = push_share(c);
    tick(c);
    return has_more;
}
