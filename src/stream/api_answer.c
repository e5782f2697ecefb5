/* SPDX-License-Identifier: Apache-2.0 */
/* How a request is answered, and how it waits until it can be. */
#include "base/assert.h"
#include "core/deliver.h"
#include "stream/advisory.h"
#include "stream/api_internal.h"
#include "stream/api_requests.h"
#include "wire/headers.h"

/* ---- answers ---- */

static void publish(struct api_request *r, struct slice header, struct slice payload)
{
    struct slice none = { 0 };
    if (r->reply.len == 0 || r->account->js->is_ending) return;
    (void)deliver_internal(r->account->js->home, r->account->account, r->reply, none, header,
                           payload);
}

static void count(struct js_account *a, bool is_error)
{
    if (!a->is_enabled) return;
    a->js->api_total++;
    a->js->api_errors += is_error;
    a->api_total++;
    a->api_errors += is_error;
}

/* Sends, counts, tells who watches. */
static void finish(struct api_request *r, struct slice text, bool is_error)
{
    struct js_account *a = r->account;
    publish(r, is_error ? (struct slice){ 0 } : r->answer_header, text);
    count(a, is_error);
    const struct advisory_facts facts = {
        .subject = r->subject,
        .request = r->body,
        .response = text,
        .origin = r->origin,
        /* as nats-server tells of its own requests */
        .has_client = r->call.verb == JS_API_INFO || r->call.verb == JS_API_ACCOUNT_PURGE,
    };
    if (!a->js->is_ending) advise(a, ADVISORY_API_AUDIT, &facts);
    api_request_free(r);
}

void api_answer(struct api_request *r, void *response)
{
    struct buf text = { 0 };
    assert(r->waits == API_NO_WAIT);
    js_response_write(r->call.verb, response, &text);
    finish(r, buf_slice(&text), false);
    buf_deinit(&text);
}

static void fail(struct api_request *r, const struct js_error *error, bool counts)
{
    struct buf text = { 0 };
    assert(r->waits == API_NO_WAIT);
    assert(error->err_code != JS_ERR_NONE);
    bool is_ours = !r->account->is_system || r->call.verb == JS_API_INFO ||
                   r->call.verb == JS_API_ACCOUNT_PURGE;
    if (is_ours) js_error_response_write(r->call.verb, error, &text);
    else js_system_response_write(error, &text);
    finish(r, buf_slice(&text), counts);
    buf_deinit(&text);
}

void api_fail(struct api_request *r, const struct js_error *error)
{
    fail(r, error, true);
}

void api_fail_uncounted(struct api_request *r, const struct js_error *error)
{
    fail(r, error, false);
}

void api_fail_as(struct api_request *r, enum js_err which)
{
    struct js_error error;
    (void)js_error_set(&error, which);
    api_fail(r, &error);
}

void api_drop(struct api_request *r)
{
    api_wait_cancel(r);
    api_request_free(r);
}

void api_send(struct api_request *r, struct slice header, struct slice payload)
{
    assert(r->waits == API_NO_WAIT);
    publish(r, header, payload);
    api_request_free(r);
}

void api_no_responders(struct api_request *r)
{
    assert(r->waits == API_NO_WAIT);
    deliver_unanswered(r->account->js->home, r->origin, r->subject, r->reply);
    api_request_free(r);
}

/* ---- bodies ---- */

/* What strictness refuses the operator hears of, even where it is read all the same. nats-server
 * says nothing of STREAM.INFO. */
static void warn_of_body(struct api_request *r, const struct errmsg *why)
{
    if (r->call.verb == JS_API_STREAM_INFO) return;
    jetstream_warn(r->account->js, "Invalid JetStream request '%s > %.*s': %s",
                   r->account->account->name, SLICE_ARGS(r->subject), why->text);
}

bool api_read(struct api_request *r, const struct json_table *table, void *ret)
{
    struct json_request body = { table, r->body, JSON_REQUEST_STRICT };
    struct errmsg why;
    struct js_error error;
    if (json_request_read(&body, api_arena(r), ret, &why) == ERR_OK) return true;
    warn_of_body(r, &why);
    body.mode = JSON_REQUEST_PLAIN;
    if (!r->account->js->options->jetstream.strict &&
        json_request_read(&body, api_arena(r), ret, &why) == ERR_OK)
        return true;
    (void)js_error_set(&error, JS_ERR_INVALID_JSON, why.text);
    api_fail(r, &error);
    return false;
}

bool api_level_check(struct api_request *r)
{
    struct slice level = { 0 };
    struct js_error error;
    assert(r->waits == API_NO_WAIT);
    (void)headers_find(r->header, SLICE_LIT("Nats-Required-Api-Level"), &level);
    if (js_level_check(level, &error)) return true;
    api_fail(r, &error);
    return false;
}

struct stream *api_stream_of(struct api_request *r)
{
    assert(r->call.stream.len > 0);
    struct stream *s = js_account_stream(r->account, r->call.stream);
    if (s != NULL && s->is_created && !s->is_deleted) return s;
    api_fail_as(r, JS_ERR_STREAM_NOT_FOUND);
    return NULL;
}

/* ---- waiting ---- */

void api_ready(struct api_request *r)
{
    struct api_queue *q = r->account->js->api;
    assert(r->waits == API_NO_WAIT);
    list_remove(&r->node);
    list_add_tail(&q->ready, &r->node);
    reactor_turn(jetstream_reactor(q->js), &q->turn);
}

static void fail_log(struct api_request *r)
{
    struct js_error error;
    assert(r->stream != NULL);
    if (r->account->updating == r->stream) r->account->updating = NULL;
    if (api_row(r->call.verb)->flags & API_QUIET) {
        api_drop(r);
        return;
    }
    (void)js_error_set(&error, JS_ERR_STREAM_STORE_FAILED, err_text(r->stream->failure));
    api_fail(r, &error);
}

/* The stream calls this in its turn. */
static void stream_done(struct stream_wait *w, bool is_gone)
{
    struct api_request *r = container_of(w, struct api_request, wait);
    void (*then)(struct api_request *) = r->then;
    assert(r->waits == API_WAITS_STREAM);
    r->waits = API_NO_WAIT;
    r->then = NULL;
    if (is_gone && r->stream->failure != ERR_OK) fail_log(r);
    else then(r);
}

static void index_done(struct msgs_wait *w)
{
    struct api_request *r = container_of(w, struct api_request, msgs_wait);
    assert(r->waits == API_WAITS_INDEX);
    r->waits = API_NO_WAIT;
    api_ready(r);
}

static void load_done(struct msgs_load *load, enum err e)
{
    struct api_request *r = container_of(load, struct api_request, load);
    void (*then)(struct api_request *) = r->then;
    assert(r->waits == API_WAITS_LOAD);
    r->waits = API_NO_WAIT;
    r->then = NULL;
    r->value = e;
    then(r);
}

void api_wait_init(struct api_request *r)
{
    r->wait.done = stream_done;
    r->msgs_wait.done = index_done;
    r->load.done = load_done;
    list_init(&r->wait.node);
    list_init(&r->msgs_wait.node);
    list_init(&r->load.node);
}

static void wait(struct api_request *r, enum api_waits what, struct stream *s,
                 void (*then)(struct api_request *))
{
    assert(r->waits == API_NO_WAIT);
    assert(s->account == r->account);
    r->waits = what;
    r->stream = s;
    r->then = then;
}

void api_after(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    wait(r, API_WAITS_STREAM, s, then);
    stream_after(s, &r->wait);
}

/* Without a `then` it is dispatched anew, in our own turn and not in the stream's. */
static void again(struct api_request *r)
{
    r->stream = NULL;
    api_ready(r);
}

void api_again_after(struct api_request *r, struct stream *s)
{
    api_after(r, s, again);
}

enum { SETTLE_ROUNDS = 4 };

static void settle_round(struct api_request *);

static void settle_waited(struct api_request *r)
{
    if (r->stream->is_deleted) api_fail_as(r, JS_ERR_STREAM_NOT_FOUND);
    else api_later(r, r->stream, settle_round);
}

static void settle_round(struct api_request *r)
{
    struct stream *s = r->stream;
    void (*then)(struct api_request *) = r->settled;
    bool is_settled = s->log->proposed == s->log->applied;
    /* of one that has failed nothing more may ever be applied: what is, is told */
    if (!is_settled && s->failure == ERR_OK && r->rounds++ < SETTLE_ROUNDS) {
        api_after(r, s, settle_waited);
        return;
    }
    r->settled = NULL;
    then(r);
}

void api_settle(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    assert(r->settled == NULL);
    r->settled = then;
    r->rounds = 0;
    api_later(r, s, settle_round);      /* acks of this tick become commands at its end */
}

void api_after_index(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    wait(r, API_WAITS_INDEX, s, then);
}

void api_after_load(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    wait(r, API_WAITS_LOAD, s, then);
}

void api_keep(struct api_request *r)
{
    assert(r->waits == API_NO_WAIT);
    r->waits = API_WAITS_OWN;
}

void api_kept(struct api_request *r)
{
    assert(r->waits == API_WAITS_OWN);
    r->waits = API_NO_WAIT;
}

void api_later(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    assert(r->waits == API_NO_WAIT);
    r->stream = s;
    r->then = then;
    api_ready(r);
}

void api_wait_cancel(struct api_request *r)
{
    if (r->waits == API_WAITS_STREAM) stream_wait_cancel(&r->wait);
    if (r->waits == API_WAITS_INDEX) msgs_wait_cancel(&r->msgs_wait);
    if (r->waits == API_WAITS_LOAD) msgs_load_cancel(r->stream->msgs, &r->load);
    r->waits = API_NO_WAIT;
}
