/* SPDX-License-Identifier: Apache-2.0 */
/* Reads all back: what the API tells of streams and consumers, and every message. */
#include <stdio.h>

#include "base/hash.h"
#include "sim/js_text.h"
#include "sim/js_world.h"

enum { READS_AT_ONCE = 64, TRIES = 8 };

struct audit {
    struct js_world *world;
    struct jm_stream *stream;
    struct buf info; /* the answer */
    struct jm_told told;
    struct slice lost; /* numbers of messages that it tells are damaged */
    bool is_gone;
};

/* ---- one question about the state ---- */

static void take_told(struct audit *a)
{
    struct slice config = js_text_value(buf_slice(&a->info), "config");
    struct slice state = js_text_value(buf_slice(&a->info), "state");
    a->told = (struct jm_told){
        .msgs = js_text_number(state, "messages"),
        .bytes = js_text_number(state, "bytes"),
        .first = js_text_number(state, "first_seq"),
        .last = js_text_number(state, "last_seq"),
        .deleted = js_text_number(state, "num_deleted"),
        .subjects = js_text_number(state, "num_subjects"),
        .msgs_max = js_text_number(config, "max_msgs"),
        .bytes_max = js_text_number(config, "max_bytes"),
        .per_subject_max = js_text_number(config, "max_msgs_per_subject"),
    };
    /* of one that was never used it tells that its sequence 0 is deleted */
    if (a->told.first == 0 && a->told.last == 0 && a->told.deleted == 1) a->told.deleted = 0;
    a->lost = js_text_value(js_text_value(state, "lost"), "msgs");
}

/* False: the model has failed, or the stream is not there. */
static bool ask_state(struct audit *a, const char *name)
{
    char subject[128];
    struct js_reply r;
    snprintf(subject, sizeof subject, "$JS.API.STREAM.INFO.%s", name);
    bool came = js_world_ask(a->world, subject, "{\"deleted_details\":true}", &r);
    buf_deinit(&a->info);
    a->info = r.payload;
    r.payload = (struct buf){ 0 };
    js_reply_deinit(&r);
    struct slice error = js_text_value(buf_slice(&a->info), "error");
    a->is_gone = js_text_number(error, "code") == 404;
    if (came && error.len > 0 && !a->is_gone)
        jm_fail(&a->world->model, "%s: its state is not told: %.*s", name, SLICE_ARGS(error));
    if (!came || error.len > 0) return false;
    take_told(a);
    return true;
}

/* ---- messages ---- */

static void message_read(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct audit *a = call->about;
    struct jm_stream *s = a->stream;
    uint64_t seq;
    if (op == NULL) {
        jm_fail(&w->model, "%s: a read is not answered", s->config.name);
        return;
    }
    uint32_t status = js_text_status(op->headers);
    if (status == 404) return;
    if (status == 500 && jm_may_be_damaged(&w->model, s, call->number)) return;
    if (status != 0) {
        jm_fail(&w->model, "%s: reading %llu gives %u", s->config.name,
                (unsigned long long)call->number, status);
        return;
    }
    if (!slice_to_u64(js_text_header(op->headers, "Nats-Sequence"), &seq) || seq != call->number)
        jm_fail(&w->model, "%s: reading %llu gives another one", s->config.name,
                (unsigned long long)call->number);
    const struct jm_found found = {
        .seq = call->number,
        .subject = js_text_header(op->headers, "Nats-Subject"),
        .payload = op->payload,
        .stored_at = js_text_time(js_text_header(op->headers, "Nats-Time-Stamp")),
    };
    if (found.stored_at == 0) jm_fail(&w->model, "%s: a message has no time", s->config.name);
    jm_audit_found(&w->model, s, &found);
    w->state_hash = hash_bytes(op->payload, w->state_hash + seq);
}

static bool has_room(struct js_world *w)
{
    return w->clients[0].calls_count < READS_AT_ONCE;
}

static bool has_all(struct js_world *w)
{
    return w->clients[0].calls_count == 0;
}

static void read_all(struct audit *a)
{
    struct js_world *w = a->world;
    char subject[64], body[32];
    snprintf(subject, sizeof subject, "$JS.API.DIRECT.GET.%s", a->stream->config.name);
    for (uint64_t seq = a->told.first; seq > 0 && seq <= a->told.last; seq++) {
        int len = snprintf(body, sizeof body, "{\"seq\":%llu}", (unsigned long long)seq);
        if (!js_world_until(w, 60 * SECOND, has_room)) break;
        struct js_call *call = js_client_call(&w->clients[0], subject, SLICE_LIT(""),
                                              slice_of(body, (size_t)len), message_read);
        call->about = a;
        call->number = seq;
    }
    if (!js_world_until(w, 60 * SECOND, has_all))
        jm_fail(&w->model, "%s: reads are not answered within a minute", a->stream->config.name);
}

/* ---- consumers ---- */

static void take_consumer(struct audit *a, struct jm_consumer *c, struct slice json)
{
    struct js_world *w = a->world;
    struct slice delivered = js_text_value(json, "delivered");
    struct slice floor = js_text_value(json, "ack_floor");
    const struct jm_consumer_told told = {
        .delivered_stream = js_text_number(delivered, "stream_seq"),
        .delivered_consumer = js_text_number(delivered, "consumer_seq"),
        .floor_stream = js_text_number(floor, "stream_seq"),
        .pending = js_text_number(json, "num_pending"),
        .ack_pending = js_text_number(json, "num_ack_pending"),
    };
    w->state_hash = hash_bytes(slice_of(&told, sizeof told), w->state_hash);
    jm_audit_consumer(&w->model, c, &told);
}

static void check_consumer(struct audit *a, struct jm_consumer *c)
{
    struct js_world *w = a->world;
    char subject[128];
    struct js_reply r;
    bool is_gone = c->deletion == JM_DONE || c->creation == JM_REFUSED;
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.INFO.%s.%s", a->stream->config.name,
             c->name);
    if (js_world_ask(w, subject, "", &r)) {
        struct slice json = buf_slice(&r.payload), error = js_text_value(json, "error");
        bool is_absent = js_text_number(error, "code") == 404;
        if (error.len > 0 && !is_absent)
            jm_fail(&w->model, "%s %s: its state is not told", a->stream->config.name, c->name);
        else if (is_absent && c->creation == JM_DONE && c->deletion == JM_REFUSED)
            jm_fail(&w->model, "%s %s: is lost", a->stream->config.name, c->name);
        else if (!is_absent && is_gone)
            jm_fail(&w->model, "%s %s: is there again", a->stream->config.name, c->name);
        else if (is_absent && !is_gone) c->deletion = JM_DONE;
        else if (!is_absent && (c->creation = JM_DONE, c->deletion = JM_REFUSED, true))
            take_consumer(a, c, json);
    }
    js_reply_deinit(&r);
}

/* ---- streams ---- */

static bool is_same(const struct jm_told *a, const struct jm_told *b)
{
    return a->msgs == b->msgs && a->bytes == b->bytes && a->first == b->first &&
           a->last == b->last && a->deleted == b->deleted;
}

static void take_lost(struct audit *a)
{
    struct slice lost = a->lost;
    uint64_t seq;
    while (js_text_next(&lost, &seq)) {
        jm_audit_lost(&a->world->model, a->stream, seq);
        a->world->state_hash = hash_u64(a->world->state_hash + seq);
    }
}

/* What holds before and after all was read. False: it changed meanwhile. */
static bool read_stream(struct audit *a)
{
    struct js_world *w = a->world;
    struct jm_stream *s = a->stream;
    const char *name = s->config.name;
    if (!ask_state(a, name)) return true;
    struct jm_told before = a->told;
    jm_audit_begin(&w->model, s, &a->told);
    read_all(a);
    for (uint32_t i = 0; i < s->consumers_count && !jm_failed(&w->model); i++)
        check_consumer(a, s->consumers[i]);
    if (jm_failed(&w->model) || !ask_state(a, name)) return true;
    if (!is_same(&before, &a->told)) return false;
    take_lost(a);
    jm_audit_end(&w->model, s, &a->told);
    return true;
}

/* Nobody works on it any more: what it is stays so, but for what expires. */
static void check_stream(struct audit *a)
{
    struct js_world *w = a->world;
    struct jm_stream *s = a->stream;
    const char *name = s->config.name;
    for (int i = 0; i < TRIES && !jm_failed(&w->model); i++)
        if (read_stream(a)) break;
    if (jm_failed(&w->model)) return;
    if (!a->is_gone) {
        s->creation = JM_DONE;
        s->deletion = JM_REFUSED;
    } else if (s->creation == JM_DONE && s->deletion == JM_REFUSED) {
        jm_fail(&w->model, "%s: the stream is lost", name);
    } else {
        jm_stream_end(&w->model, s);
    }
}

static void check_absent(struct audit *a, const char *name)
{
    if (jm_stream_find(&a->world->model, name) != NULL || jm_failed(&a->world->model)) return;
    if (ask_state(a, name)) jm_fail(&a->world->model, "%s: the stream is there again", name);
}

/* ---- health ---- */

static bool ask_health(struct js_world *w)
{
    struct sim_http *h = &w->host.http;
    nanos end = w->host.clock.now + 60 * SECOND;
    w->health = (struct http_request){
        .method = "GET", .path = "/healthz", .query = "", .authorization = ""
    };
    sim_http_ask(h, &w->health);
    while (!h->has_reply && !jm_failed(&w->model) && w->host.clock.now < end)
        js_world_step(w, MILLISECOND);
    if (!h->has_reply) jm_fail(&w->model, "/healthz is not answered within a minute");
    return h->has_reply;
}

/* It names a stream with damaged messages and the first of them, as the API does, or says that all
 * is well. */
static bool is_health_right(struct audit *a)
{
    struct js_world *w = a->world;
    const struct sim_http *h = &w->host.http;
    bool has_any = false;
    for (uint32_t i = 0; i < w->plan.streams_count; i++) {
        char text[JM_NAME + 64];
        const char *name = w->plan.streams[i].name;
        uint64_t first;
        if (jm_stream_find(&w->model, name) == NULL || !ask_state(a, name)) continue;
        if (!js_text_next(&a->lost, &first)) continue;
        has_any = true;
        snprintf(text, sizeof text, "%s' has damaged messages: %llu", name,
                 (unsigned long long)first);
        if (h->status == 503 && js_text_contains(buf_slice(&h->body), text)) return true;
    }
    return !has_any && h->status == 200;
}

/* What is damaged may expire between two questions. */
static void check_health(struct audit *a)
{
    struct jm *m = &a->world->model;
    const struct sim_http *h = &a->world->host.http;
    for (int i = 0; i < TRIES && !jm_failed(m); i++)
        if (ask_health(a->world) && is_health_right(a)) return;
    jm_fail(m, "/healthz says %d: %.*s", h->status, SLICE_ARGS(buf_slice(&h->body)));
}

void js_audit(struct js_world *w)
{
    struct audit a = { .world = w };
    w->is_quiet = true;
    js_world_settle(w);
    js_world_wait_in(w);
    for (uint32_t i = 0; i < w->plan.streams_count && !jm_failed(&w->model); i++) {
        a.stream = jm_stream_find(&w->model, w->plan.streams[i].name);
        if (a.stream != NULL) check_stream(&a);
        else check_absent(&a, w->plan.streams[i].name);
    }
    if (!jm_failed(&w->model)) check_health(&a);
    else js_client_drop(&w->clients[0], true); /* reads of this audit may be on their way */
    w->is_quiet = false;
    buf_deinit(&a.info);
}
