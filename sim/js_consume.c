/* SPDX-License-Identifier: Apache-2.0 */
/* Those that serve consumers: they pull, get what is pushed, and ack it or not. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/js_text.h"
#include "sim/js_work.h"

enum { ACK_WORDS = 9 };

static bool is_there(const struct jm_consumer *c)
{
    return c->creation == JM_DONE && c->deletion == JM_REFUSED;
}

/* ---- acks ---- */

static void ack_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    if (op == NULL || js_text_status(op->headers) != 0) return;
    jm_ack_confirmed(&w->model, call->about, call->number);
}

static void ack(struct js_world *w, struct js_client *c, struct jm_consumer *consumer,
                const struct jm_delivery *d, const char *subject)
{
    jm_ack_sent(&w->model, consumer, d->stream_seq);
    if (!w->is_serving && rng_below(&w->rng, 4) == 0) {
        js_client_pub(c, subject, NULL, SLICE_LIT(""), SLICE_LIT("+ACK"));
        return;
    }
    struct js_call *call = js_client_call(c, subject, SLICE_LIT(""), SLICE_LIT(""), ack_done);
    call->about = consumer;
    call->number = d->stream_seq;
}

static void react(struct js_world *w, struct js_client *c, struct jm_consumer *consumer,
                  const struct jm_delivery *d, const char *subject)
{
    uint32_t draw = w->is_serving ? 0 : rng_below(&w->rng, 100);
    if (consumer->policy == JM_NONE || w->is_quiet || !c->is_in) return;
    if (draw < 70) {
        ack(w, c, consumer, d, subject);
    } else if (draw < 82) {
        jm_seen(consumer, d->stream_seq)->naks++;
        js_client_pub(c, subject, NULL, SLICE_LIT(""), SLICE_LIT("-NAK"));
    } else if (draw < 85) {
        if (consumer->policy == JM_ALL) return;
        jm_seen(consumer, d->stream_seq)->is_dropped = true;
        js_client_pub(c, subject, NULL, SLICE_LIT(""), SLICE_LIT("+TERM"));
    } else if (draw < 88) {
        js_client_pub(c, subject, NULL, SLICE_LIT(""), SLICE_LIT("+WPI"));
    }
}

/* ---- messages ---- */

/* $JS.ACK.<stream>.<consumer>.<count>.<stream seq>.<consumer seq>.<time>.<pending> */
static bool split(struct slice reply, struct slice words[ACK_WORDS])
{
    for (uint32_t i = 0; i < ACK_WORDS; i++) (void)slice_cut(&reply, '.', &words[i]);
    return slice_equal_str(words[0], "$JS") && slice_equal_str(words[1], "ACK") &&
           words[ACK_WORDS - 1].len > 0;
}

static struct jm_consumer *find(struct js_world *w, struct slice stream, struct slice consumer)
{
    for (uint32_t i = 0; i < w->model.streams_count; i++) {
        struct jm_stream *s = w->model.streams[i];
        if (!slice_equal_str(stream, s->config.name)) continue;
        for (uint32_t k = 0; k < s->consumers_count; k++)
            if (slice_equal_str(consumer, s->consumers[k]->name)) return s->consumers[k];
    }
    return NULL;
}

void js_work_message(void *world, struct js_client *c, const struct sim_op *op)
{
    struct js_world *w = world;
    struct slice words[ACK_WORDS];
    struct jm_delivery d;
    char subject[256];
    if (op->reply.len == 0 || !split(op->reply, words)) return; /* a status, or a late answer */
    if (!slice_to_u64(words[4], &d.count) || !slice_to_u64(words[5], &d.stream_seq) ||
        !slice_to_u64(words[6], &d.consumer_seq)) {
        jm_fail(&w->model, "an ack subject is %.*s", SLICE_ARGS(op->reply));
        return;
    }
    struct jm_consumer *consumer = find(w, words[2], words[3]);
    if (consumer == NULL) return; /* its stream has gone meanwhile */
    struct jm_msg *msg = jm_shown(&w->model, consumer->stream, d.stream_seq, op->payload);
    if (msg == NULL) return;
    jm_delivered(&w->model, consumer, &d, msg);
    snprintf(subject, sizeof subject, "%.*s", SLICE_ARGS(op->reply));
    react(w, c, consumer, &d, subject);
}

/* ---- asking for messages ---- */

static void each_own(struct js_world *w, struct js_client *c,
                     void (*each)(struct js_world *, struct js_client *, struct jm_consumer *))
{
    for (uint32_t i = 0; i < w->model.streams_count; i++) {
        struct jm_stream *s = w->model.streams[i];
        for (uint32_t k = 0; k < s->consumers_count; k++)
            if (s->consumers[k]->client == c->id) each(w, c, s->consumers[k]);
    }
}

static void listen_to(struct js_world *w, struct js_client *c, struct jm_consumer *consumer)
{
    (void)w;
    consumer->last_delivered = consumer->last_first = 0;
    if (consumer->deliver[0] != 0) js_client_sub(c, consumer->deliver);
}

void js_work_in(void *world, struct js_client *c)
{
    struct js_world *w = world;
    if (c->id > w->plan.publishers) each_own(w, c, listen_to);
}

static void pull(struct js_world *w, struct js_client *c, struct jm_consumer *consumer)
{
    char subject[128], reply[JS_INBOX_MAX], body[128];
    uint32_t batch = 1 + rng_below(&w->rng, w->is_serving ? 100 : 20);
    if (!is_there(consumer) || consumer->deliver[0] != 0) return;
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s",
             consumer->stream->config.name, consumer->name);
    snprintf(reply, sizeof reply, "_INBOX.%u.%u.pull.%s", c->id, c->connection, consumer->name);
    if (!w->is_serving && rng_below(&w->rng, 2) == 0)
        snprintf(body, sizeof body, "{\"batch\":%u,\"expires\":%lld}", batch,
                 (long long)(20 + rng_below(&w->rng, 500)) * MILLISECOND);
    else snprintf(body, sizeof body, "{\"batch\":%u,\"no_wait\":true}", batch);
    js_client_pub(c, subject, reply, SLICE_LIT(""), slice_str(body));
}

void js_consume_step(struct js_world *w, struct js_client *c)
{
    if (js_world_chance(w, w->plan.pull_permille)) each_own(w, c, pull);
}

/* ---- the end: all is served ---- */

static void serve_once(struct js_world *w)
{
    for (uint32_t i = w->plan.publishers + 1; i < w->clients_count; i++)
        if (w->clients[i].is_in) each_own(w, &w->clients[i], pull);
    for (uint32_t i = 0; i < 100 && !jm_failed(&w->model); i++) js_world_step(w, MILLISECOND);
}

/* Nothing waits for a consumer of whom it can be known. */
static bool is_served(struct js_world *w, struct jm_consumer *c)
{
    char subject[128];
    struct js_reply r;
    bool has_none = false;
    if (!is_there(c)) return true;
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.INFO.%s.%s", c->stream->config.name,
             c->name);
    if (js_world_ask(w, subject, "", &r)) {
        struct slice json = buf_slice(&r.payload);
        bool waits = c->deliver_max == 0 && js_text_number(json, "num_ack_pending") > 0;
        has_none = js_text_number(json, "num_pending") == 0 && !waits;
    }
    js_reply_deinit(&r);
    return has_none;
}

static bool are_served(struct js_world *w)
{
    for (uint32_t i = 0; i < w->model.streams_count; i++) {
        const struct jm_stream *s = w->model.streams[i];
        for (uint32_t k = 0; k < s->consumers_count; k++)
            if (!is_served(w, s->consumers[k])) return false;
    }
    return true;
}

void js_work_serve(struct js_world *w)
{
    nanos end = w->host.clock.now + 600 * SECOND;
    w->is_serving = true;
    while (!jm_failed(&w->model) && w->host.clock.now < end) {
        serve_once(w);
        if (are_served(w)) return;
        sim_clock_advance(&w->host.clock, SECOND);
    }
    jm_fail(&w->model, "consumers are not served ten minutes after the faults ended");
}
