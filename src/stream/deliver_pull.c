/* SPDX-License-Identifier: Apache-2.0 */
/* Deliver_pull: messages to those who have asked for them. The rules stand in pull_queue.h; this is
 * its host. The queue is there while somebody waits or a pin holds. */
#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/sub_watch.h"
#include "stream/api_requests.h"
#include "stream/consumer_internal.h"
#include "stream/pace.h"
#include "wire/headers.h"

/* Messages of one run; then others have their turn. */
enum { PULL_SHARE = 256 };

/* A receiver that is behind gets nothing for so long. */
#define BEHIND_WAIT (2 * MILLISECOND)

/* How many messages there are is not known yet: many. */
#define PENDING_UNKNOWN ((uint64_t)INT64_MAX)

struct consumer_pull {
    struct pull_host   host;
    struct consumer   *consumer;
    struct pull_queue *queue;
    bool               is_sending;      /* deliver_as() finds out whether somebody listens */
};

/* ---- the host ---- */

static void send_status(struct consumer *c, struct slice reply, const struct pull_answer *a)
{
    struct buf *out = &c->set->status;
    assert(reply.len > 0);
    out->len = 0;
    pull_answer_write(a, out);
    const struct outgoing m = { .account = consumer_account(c)->account,
                                .to = reply,
                                .subject = reply,
                                .header = buf_slice(out) };
    if (consumer_must_hold(c)) consumer_send_later(c, &m);
    else (void)deliver_as(consumer_home(c), &m, NULL);
    assert(out->len > 0);
}

static struct consumer_pull *pull_of(struct pull_host *h)
{
    struct consumer_pull *p = container_of(h, struct consumer_pull, host);
    assert(p->consumer->pull == p);
    return p;
}

static bool host_has_interest(struct pull_host *h, const struct pull_waiting *w)
{
    struct consumer_pull *p = pull_of(h);
    assert(w->reply.len > 0);
    if (p->is_sending) return true;
    return account_wants(consumer_home(p->consumer), consumer_account(p->consumer)->account,
                         w->reply);
}

static void host_answer(struct pull_host *h, const struct pull_waiting *w,
                        const struct pull_answer *a)
{
    struct consumer_pull *p = pull_of(h);
    assert(a->status < PULL_STATUS_COUNT);
    send_status(p->consumer, w->reply, a);
}

static void host_gone(struct pull_host *h, const struct pull_waiting *w)
{
    assert(w->interest == NULL);
    assert(h != NULL);
}

static void host_new_pin(struct pull_host *h, char ret_pin[PULL_PIN_LEN])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct rng *rng = &consumer_reactor(pull_of(h)->consumer)->rng;
    assert(sizeof digits == 63);
    for (int i = 0; i < PULL_PIN_LEN; i++) ret_pin[i] = digits[rng_below(rng, 62)];
}

static struct slice group_of(const struct consumer *c)
{
    const struct json_array *groups = &consumer_config(c)->priority_groups;
    assert(groups->count == 0 || groups->items != NULL);
    if (groups->count == 0) return SLICE_LIT("");
    return slice_str(((const char *const *)groups->items)[0]);
}

static void host_pin_changed(struct pull_host *h, const char *unpinned_reason)
{
    struct consumer_pull *p = pull_of(h);
    nanos since;
    const struct advisory_facts facts = {
        .group = group_of(p->consumer),
        .pinned_id = unpinned_reason == NULL ? pull_queue_pin(p->queue, &since) : SLICE_LIT(""),
        .reason = slice_str(unpinned_reason),
    };
    assert(consumer_config(p->consumer)->priority_policy == JS_PRIORITY_PINNED_CLIENT);
    consumer_note(p->consumer, unpinned_reason == NULL ? ADVISORY_PINNED : ADVISORY_UNPINNED,
                  &facts);
    /* others may be served now, and whoever looked at them was told to wait */
    if (unpinned_reason != NULL) consumer_wake(p->consumer);
}

static enum pull_policy policy_of(enum js_priority p)
{
    static const enum pull_policy policies[] = {
        [JS_PRIORITY_NONE] = PULL_ANYONE,
        [JS_PRIORITY_OVERFLOW] = PULL_OVERFLOW,
        [JS_PRIORITY_PINNED_CLIENT] = PULL_PINNED_CLIENT,
        [JS_PRIORITY_PRIORITIZED] = PULL_PRIORITIZED,
    };
    assert((unsigned)p < ARRAY_COUNT(policies));
    return policies[p];
}

static void queue_config_of(const struct consumer *c, struct pull_queue_config *ret)
{
    const struct consumer_config *f = consumer_config(c);
    assert(!consumer_is_push(f));
    *ret = (struct pull_queue_config){
        .max_waiting = f->max_waiting > 0 ? consumer_limit(f->max_waiting) : 512,
        .policy = policy_of(f->priority_policy),
        .pin_timeout = f->priority_timeout > 0 ? f->priority_timeout : 2 * MINUTE,
    };
    assert(ret->max_waiting > 0);
}

static struct consumer_pull *pull_get(struct consumer *c)
{
    static const struct pull_host host = {
        .has_interest = host_has_interest,
        .answer = host_answer,
        .gone = host_gone,
        .new_pin = host_new_pin,
        .pin_changed = host_pin_changed,
    };
    struct pull_queue_config config;
    if (c->pull != NULL) return c->pull;
    queue_config_of(c, &config);
    struct consumer_pull *p = xcalloc(1, sizeof *p);
    p->host = host;
    p->consumer = c;
    p->queue = pull_queue_new(&config, &p->host);
    c->pull = p;
    return p;
}

void consumer_pull_configure(struct consumer *c)
{
    struct pull_queue_config config;
    if (c->pull == NULL) return;
    assert(c->pull->consumer == c);
    queue_config_of(c, &config);
    pull_queue_configure(c->pull->queue, &config);
}

void consumer_pull_free(struct consumer *c)
{
    struct consumer_pull *p = c->pull;
    if (p == NULL) return;
    assert(p->consumer == c);
    p->queue = pull_queue_free(p->queue);
    c->pull = xfree(p);
    c->due[DUE_PULL] = c->due[DUE_REPLAY] = NANOS_MAX;
}

void consumer_pull_dismiss(struct consumer *c, enum pull_status status)
{
    if (c->pull == NULL) return;
    assert(c->pull->queue != NULL);
    pull_queue_dismiss(c->pull->queue, status);
    consumer_pull_free(c);
}

uint32_t consumer_waiting(struct consumer *c)
{
    if (c->pull == NULL) return 0;
    assert(!c->pull->is_sending);
    pull_queue_sweep(c->pull->queue);
    return pull_queue_count(c->pull->queue);
}

struct slice consumer_pin(const struct consumer *c, nanos *ret_since)
{
    assert(ret_since != NULL);
    if (c->pull != NULL) return pull_queue_pin(c->pull->queue, ret_since);
    *ret_since = 0;
    return SLICE_LIT("");
}

void consumer_unpin(struct consumer *c)
{
    const struct advisory_facts facts = { .group = group_of(c), .reason = SLICE_LIT("admin") };
    assert(!c->is_deleted);
    if (c->pull == NULL || !pull_queue_unpin(c->pull->queue))
        consumer_note(c, ADVISORY_UNPINNED, &facts);
}

/* ---- requests ---- */

static void caps_of(const struct consumer *c, struct slice *group, struct pull_caps *ret)
{
    const struct consumer_config *f = consumer_config(c);
    *group = group_of(c);
    *ret = (struct pull_caps){
        .max_batch = f->max_batch,
        .max_expires = f->max_expires,
        .max_bytes = f->max_bytes,
        .policy = policy_of(f->priority_policy),
        .groups = group,
        .groups_count = f->priority_groups.count > 0,
    };
    assert(ret->groups_count <= 1);
}

static uint64_t deliverable(struct consumer *c)
{
    uint64_t pending;
    assert(c->is_begun);
    if (consumer_count(c, &pending) != ERR_OK) return PENDING_UNKNOWN;
    return pending + redelivery_queued(&c->redelivery);
}

static bool level_fits(struct slice header)
{
    struct slice level = { .ptr = NULL };
    struct js_error e;
    assert(header.len == 0 || header.ptr != NULL);
    if (header.len == 0) return true;
    (void)headers_find(header, SLICE_LIT("Nats-Required-Api-Level"), &level);
    return js_level_check(level, &e);
}

static void tick(struct consumer *c, bool is_end)
{
    const struct pull_moment m = {
        .now = consumer_reactor(c)->now,
        .is_end = is_end,
        .last_consumer_seq = c->delivered.consumer_seq,
        .last_stream_seq = c->next - 1,
    };
    assert(c->pull != NULL);
    consumer_due(c, DUE_PULL, pull_queue_tick(c->pull->queue, &m));
}

/* False: `*ret_refusal` is the answer. */
static bool request_take(struct consumer *c, struct slice reply, struct slice body,
                         struct arena *arena, struct pull_answer *ret_refusal)
{
    struct pull_request request;
    struct pull_caps caps;
    struct slice group;
    caps_of(c, &group, &caps);
    if (!pull_request_read(body, arena, &request, ret_refusal)) return false;
    if (!pull_request_judge(&request, &caps, ret_refusal)) return false;
    struct consumer_pull *p = pull_get(c);
    tick(c, false);
    /* a request finds out about the exhausted even if it is refused, as on nats-server */
    if (redelivery_has_exhausted(&c->redelivery))
        consumer_due(c, DUE_ACKS, consumer_reactor(c)->now);
    const struct pull_arrival arrival = {
        .request = &request,
        .reply = reply,
        .now = consumer_reactor(c)->now,
        .pending = deliverable(c),
    };
    enum pull_added added = pull_queue_add(p->queue, &arrival, ret_refusal);
    assert(added == PULL_WAITS || added == PULL_REFUSED || added == PULL_IGNORED);
    consumer_wake(c);
    return added != PULL_REFUSED;
}

void consumer_pull(struct consumer *c, struct slice reply, struct slice header, struct slice body)
{
    struct pull_answer refusal = { .status = PULL_PUSH_BASED };
    if (reply.len == 0 || !consumer_is_alive(c)) return;
    c->used_at = consumer_reactor(c)->now;
    if (consumer_is_push(consumer_config(c))) {
        send_status(c, reply, &refusal);
        return;
    }
    if (!level_fits(header)) {
        refusal.status = PULL_API_LEVEL;
        send_status(c, reply, &refusal);
        return;
    }
    struct arena *arena = arena_new();
    if (!request_take(c, reply, body, arena, &refusal)) send_status(c, reply, &refusal);
    (void)arena_free(arena);
}

/* ---- deliveries ---- */

/* Whom this message goes to; NULL: nobody now. `out` gets everything but `to`. */
static const struct pull_waiting *offer(struct consumer *c, const struct consumer_next *n,
                                        struct outgoing *out)
{
    const struct stored *m = &c->load.msg;
    struct slice none = SLICE_LIT("");
    *out = (struct outgoing){
        .account = consumer_account(c)->account,
        .subject = m->subject,
        .reply = consumer_reply(c, n),
        .header = consumer_header(c, NULL),
        .payload = consumer_config(c)->headers_only ? none : m->payload,
    };
    const struct pull_offer o = {
        .size = (uint64_t)m->subject.len + out->reply.len + out->header.len + out->payload.len,
        .pending = c->pending,          /* counted by now: see consumer_next() */
        .ack_pending = redelivery_count(&c->redelivery),
        .now = consumer_reactor(c)->now,
    };
    struct consumer_pull *p = c->pull;
    assert(o.size > 0);
    p->is_sending = consumer_config(c)->priority_policy != JS_PRIORITY_PINNED_CLIENT &&
                    !consumer_must_hold(c);
    const struct pull_waiting *w = pull_queue_serve(p->queue, &o);
    p->is_sending = false;
    return w;
}

/* False: the receiver is behind. */
static bool send_to(struct consumer *c, const struct consumer_next *n, struct outgoing *out,
                    const struct pull_waiting *w)
{
    struct pull_answer completed;
    bool is_behind = false;
    nanos since;
    out->to = w->reply;
    if (consumer_config(c)->priority_policy == JS_PRIORITY_PINNED_CLIENT) {
        struct slice pin = pull_queue_pin(c->pull->queue, &since);     /* empty: nobody is */
        out->header = consumer_header(c, &pin);
    }
    if (consumer_must_hold(c)) {
        consumer_send_later(c, out);
    } else if (deliver_as(consumer_home(c), out, &is_behind) == 0) {
        /* nobody listens any more; one that is over has left the queue already */
        if (w->batch_left > 0) pull_queue_drop(c->pull->queue, (struct pull_waiting *)(uintptr_t)w);
        return true;
    }
    if (c->replay != NULL && !n->is_again)
        replay_left(c->replay, n->sequence, c->load.msg.time, consumer_reactor(c)->now);
    consumer_delivered(c, n);
    c->used_at = consumer_reactor(c)->now;
    if (pull_waiting_completed(w, &completed)) send_status(c, w->reply, &completed);
    return !is_behind;
}

/* The original pace holds it. Its gap begins when somebody asks for it, as on nats-server; there
 * requests do not expire meanwhile and get no heartbeats, which no client wants. */
static bool is_early(struct consumer *c, const struct consumer_next *n)
{
    nanos now = consumer_reactor(c)->now;
    if (c->replay == NULL || n->is_again) return false;
    replay_asked(c->replay, n->sequence, now);
    nanos when = replay_due(c->replay, n->sequence, c->load.msg.time, now);
    assert(when >= now);
    if (when > now) consumer_due(c, DUE_REPLAY, when);
    return when > now;
}

/* True: the share is used up. `*ret_is_end`: nothing can be delivered to those who wait. */
static bool serve(struct consumer *c, bool *ret_is_end)
{
    struct consumer_next n;
    struct outgoing out;
    c->due[DUE_REPLAY] = NANOS_MAX;
    for (uint32_t given = 0; given < PULL_SHARE; given++) {
        if (pull_queue_count(c->pull->queue) == 0) return false;
        if (consumer_holds_much(c)) return true;
        enum err e = consumer_next(c, &n);
        if (e == ERR_OK && is_early(c, &n)) return false;
        const struct pull_waiting *w = e == ERR_OK ? offer(c, &n, &out) : NULL;
        *ret_is_end = e == ERR_NOTFOUND || (e == ERR_OK && w == NULL);
        if (w == NULL) return false;
        if (send_to(c, &n, &out, w)) continue;
        consumer_due(c, DUE_RETRY, consumer_reactor(c)->now + BEHIND_WAIT);
        return false;
    }
    assert(!*ret_is_end);
    return true;
}

bool consumer_pull_run(struct consumer *c)
{
    bool is_paused = consumer_is_paused(c), is_end = is_paused, has_more = false;
    nanos since;
    if (c->pull == NULL) return false;
    bool is_held = is_paused || consumer_is_held(c) || consumers_is_clogged(c->set) ||
                   c->due[DUE_RETRY] != NANOS_MAX;
    bool is_timed = c->due[DUE_PULL] <= consumer_reactor(c)->now;
    if (!is_held) has_more = serve(c, &is_end);
    /* a heartbeat or a timeout of one ends all that do not wait, also where acks are waited for:
     * nats-server does so, and clients count on it */
    bool is_coming = has_more || c->is_reading || c->due[DUE_REPLAY] != NANOS_MAX;
    if (is_timed && !is_held && !is_coming) is_end = true;
    tick(c, is_end);
    if (pull_queue_count(c->pull->queue) > 0) return has_more;
    if (pull_queue_pin(c->pull->queue, &since).len == 0) consumer_pull_free(c);
    assert(c->pull != NULL || c->due[DUE_PULL] == NANOS_MAX);
    return false;
}
