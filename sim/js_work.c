/* SPDX-License-Identifier: Apache-2.0 */
/* What publishers do, and how they take their answers. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/js_text.h"
#include "sim/js_work.h"

static struct jm *model_of(struct js_world *w)
{
    return &w->model;
}

/* ---- answers ---- */

enum {
    ERR_WRONG_LAST = 10071,
    ERR_WRONG_LAST_ID = 10070,
    ERR_STORE_FAILED = 10077,
    ERR_NO_RESOURCES = 10023,
};

/* "wrong last sequence: 17" */
static uint64_t told_sequence(struct slice error)
{
    struct slice text = js_text_value(error, "description"), part;
    uint64_t number = UINT64_MAX;
    while (slice_cut(&text, ' ', &part)) {}
    (void)slice_to_u64(slice_first(part, part.len - 1), &number);
    return number;
}

/* An error may come of a disk that fails: then nobody knows what became of the message. */
static bool is_sure(const struct js_world *w, uint64_t code)
{
    return !w->model.may_fail || (code != ERR_STORE_FAILED && code != ERR_NO_RESOURCES);
}

static void take_error(struct js_world *w, struct jm_msg *msg, struct slice error)
{
    uint64_t code = js_text_number(error, "err_code");
    if (code == ERR_WRONG_LAST && msg->batch == NULL)
        jm_wrong_last(&w->model, msg, told_sequence(error));
    else if (is_sure(w, code)) jm_refused(&w->model, msg);
    else jm_unknown(msg);
}

static void publish_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_msg *msg = call->about;
    if (op == NULL) {
        jm_unknown(msg);
        return;
    }
    struct slice error = js_text_value(op->payload, "error");
    bool is_batched = msg->batch != NULL && msg != msg->batch->msgs[msg->batch->count - 1];
    if (js_text_status(op->headers) == 503) jm_refused(&w->model, msg);
    else if (error.len > 0) take_error(w, msg, error);
    else if (is_batched) return; /* the empty answer: it is staged */
    else if (!js_text_has(op->payload, "seq"))
        jm_fail(&w->model, "message %u gets an ack without a sequence", msg->id);
    else
        jm_acked(&w->model, msg, js_text_number(op->payload, "seq"),
                 js_text_has(op->payload, "duplicate"));
}

/* ---- messages ---- */

static void send_message(struct js_world *w, struct js_client *c, struct jm_msg *msg)
{
    struct buf payload = { 0 };
    jm_msg_sent(model_of(w), msg);
    msg->connection = c->connection;
    jm_payload(msg, &payload);
    js_client_call(c, msg->subject, slice_str(msg->headers), buf_slice(&payload), publish_done)
        ->about = msg;
    buf_deinit(&payload);
}

static uint64_t last_on(const struct jm_stream *s, const char *subject)
{
    for (uint64_t seq = s->told_last; seq > 0; seq--) {
        const struct jm_msg *o = jm_at(s, seq);
        if (o != NULL && (subject == NULL || strcmp(o->subject, subject) == 0)) return seq;
    }
    return 0;
}

/* Mostly right, sometimes not. */
static uint64_t guess(struct js_world *w, uint64_t last)
{
    return js_world_chance(w, 200) ? last + rng_below(&w->rng, 3) : last;
}

enum kind { PLAIN, WITH_ID, AFTER_SUBJECT, AFTER_LAST, ROLLUP, WITH_TTL };

static enum kind draw_kind(struct js_world *w)
{
    static const uint32_t weights[] = { 45, 25, 15, 5, 3, 7 };
    uint32_t draw = rng_below(&w->rng, 100);
    for (uint32_t i = 0; i < ARRAY_COUNT(weights); i++) {
        if (draw < weights[i]) return i;
        draw -= weights[i];
    }
    return PLAIN;
}

static void add_headers(struct js_world *w, struct jm_msg *msg, enum kind kind)
{
    struct buf b = { 0 };
    buf_add_str(&b, "NATS/1.0\r\n");
    msg->has_id = kind == WITH_ID || (kind == AFTER_SUBJECT && js_world_chance(w, 300));
    msg->is_rollup = kind == ROLLUP;
    msg->expects_subject = kind == AFTER_SUBJECT;
    msg->expects_last = kind == AFTER_LAST;
    if (kind == WITH_TTL) msg->ttl = (nanos)(1 + rng_below(&w->rng, 20)) * SECOND;
    if (msg->has_id) buf_printf(&b, "Nats-Msg-Id: m%u\r\n", msg->id);
    if (msg->is_rollup) buf_add_str(&b, "Nats-Rollup: sub\r\n");
    if (msg->expects_subject || msg->expects_last)
        msg->expected = guess(w, last_on(msg->stream, msg->expects_last ? NULL : msg->subject));
    if (msg->expects_subject)
        buf_printf(&b, "Nats-Expected-Last-Subject-Sequence: %llu\r\n",
                   (unsigned long long)msg->expected);
    if (msg->expects_last)
        buf_printf(&b, "Nats-Expected-Last-Sequence: %llu\r\n", (unsigned long long)msg->expected);
    if (msg->ttl > 0) buf_printf(&b, "Nats-TTL: %us\r\n", (uint32_t)(msg->ttl / SECOND));
    buf_add_str(&b, "\r\n");
    msg->headers = arena_str(w->model.arena, buf_slice(&b));
    buf_deinit(&b);
}

static struct jm_msg *make(struct js_world *w, struct jm_stream *s, uint32_t client)
{
    struct jm_msg *msg = jm_msg_new(&w->model, s, client);
    snprintf(msg->subject, sizeof msg->subject, "%s.%c", s->config.name,
             'a' + (char)rng_below(&w->rng, JM_SUBJECTS));
    uint32_t most = js_world_chance(w, 800) && w->plan.payload_max > 300 ? 300
                                                                         : w->plan.payload_max;
    msg->size = 8 + rng_below(&w->rng, most);
    return msg;
}

static void publish(struct js_world *w, struct js_client *c, struct jm_stream *s)
{
    struct jm_msg *msg = make(w, s, c->id);
    enum kind kind = draw_kind(w);
    if (kind != PLAIN) add_headers(w, msg, kind);
    send_message(w, c, msg);
}

static void publish_batch(struct js_world *w, struct js_client *c, struct jm_stream *s)
{
    struct jm_batch *b = arena_alloc(w->model.arena, sizeof *b);
    b->count = 2 + rng_below(&w->rng, 6);
    b->msgs = arena_alloc(w->model.arena, b->count * sizeof(struct jm_msg *));
    for (uint32_t i = 0; i < b->count; i++) {
        struct jm_msg *msg = b->msgs[i] = make(w, s, c->id);
        const char *commit = i + 1 == b->count ? "Nats-Batch-Commit: 1\r\n" : "";
        msg->headers = arena_printf(w->model.arena,
                                    "NATS/1.0\r\nNats-Batch-Id: b%u\r\n"
                                    "Nats-Batch-Sequence: %u\r\n%s\r\n",
                                    b->msgs[0]->id, i + 1, commit);
        msg->batch = b;
        msg->batch_at = i;
    }
    for (uint32_t i = 0; i < b->count; i++) send_message(w, c, b->msgs[i]);
}

/* One of its own that may or may not have been taken, and that can still be told apart. */
static void publish_again(struct js_world *w, struct js_client *c, struct jm_stream *s)
{
    for (uint32_t i = s->msgs_count; i > 0 && i + 200 > s->msgs_count; i--) {
        struct jm_msg *msg = s->msgs[i - 1];
        bool is_open = msg->fate == JM_UNKNOWN ||
                       (msg->fate == JM_DONE && rng_below(&w->rng, 8) == 0);
        if (!msg->has_id || !is_open || msg->attempts > 2) continue;
        if (w->model.wall - msg->sent_at > s->config.window / 2 || !s->config.is_file) continue;
        msg->client = c->id;
        send_message(w, c, msg);
        return;
    }
}

static struct jm_stream *some_stream(struct js_world *w)
{
    if (w->model.streams_count == 0) return NULL;
    struct jm_stream *s = w->model.streams[rng_below(&w->rng, w->model.streams_count)];
    return s->creation == JM_DONE && s->deletion == JM_REFUSED ? s : NULL;
}

static void publisher_step(struct js_world *w, struct js_client *c)
{
    struct jm_stream *s = some_stream(w);
    uint32_t burst = js_world_chance(w, 200) ? 1 + rng_below(&w->rng, w->plan.window) : 1;
    if (s == NULL) return;
    if (js_world_chance(w, 60)) {
        publish_again(w, c, s);
    } else if (js_world_chance(w, 40)) {
        publish_batch(w, c, s);
    } else {
        for (uint32_t i = 0; i < burst && c->calls_count < w->plan.window; i++) publish(w, c, s);
    }
}

void js_work_step(struct js_world *w)
{
    for (uint32_t i = 1; i < w->clients_count; i++) {
        struct js_client *c = &w->clients[i];
        bool is_publisher = i <= w->plan.publishers;
        if (!c->is_in) continue;
        if (js_world_chance(w, w->plan.leave_permille)) js_client_drop(c, rng_below(&w->rng, 2));
        else if (!is_publisher) js_consume_step(w, c);
        else if (js_world_chance(w, w->plan.busy_permille) && c->calls_count < w->plan.window)
            publisher_step(w, c);
    }
    if (w->clients[0].is_in && js_world_chance(w, w->plan.admin_permille)) js_admin_step(w);
}
