/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/message.h"
#include "stream/advisory.h"
#include "stream/api_internal.h"
#include "stream/api_requests.h"

/* Requests of one turn: calls change something and are few, listings can be long. */
enum { CALLS_AT_ONCE = 256, LOOKS_AT_ONCE = 16, QUEUE_MAX = 10000 };

static const struct api_row rows[JS_API_COUNT] = {
#define X(verb, handler, flags) [JS_API_##verb] = { handler, flags },
    API_HANDLER_LIST(X)
#undef X
};

const struct api_row *api_row(enum js_api verb)
{
    assert(verb > JS_API_NONE && verb < JS_API_COUNT);
    return &rows[verb];
}

/* ---- life of a request ---- */

static uint8_t *put(uint8_t *at, struct slice bytes, struct slice *ret)
{
    if (bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
    *ret = slice_of(at, bytes.len);
    return at + bytes.len;
}

/* One block with its texts. */
static struct api_request *request_new(struct js_account *a, struct slice subject,
                                       const struct message *m)
{
    struct slice header = message_header(m), body = message_payload(m);
    size_t texts = (size_t)subject.len + m->reply.len + header.len + body.len;
    struct api_request *r = try_alloc(sizeof *r + texts);
    if (r == NULL) return NULL;
    *r = (struct api_request){ .account = a, .origin = m->origin };
    uint8_t *at = put((uint8_t *)(r + 1), subject, &r->subject);
    at = put(at, m->reply, &r->reply);
    at = put(at, header, &r->header);
    at = put(at, body, &r->body);
    assert(at == (uint8_t *)(r + 1) + texts);
    list_init(&r->node);
    api_wait_init(r);
    return r;
}

void api_request_free(struct api_request *r)
{
    struct api_queue *q = r->account->js->api;
    assert(q->inflight > 0);
    assert(r->waits == API_NO_WAIT);
    q->inflight--;
    list_remove(&r->node);
    arena_free(r->arena);
    xfree(r);
}

struct arena *api_arena(struct api_request *r)
{
    if (r->arena == NULL) r->arena = arena_new();
    return r->arena;
}

/* ---- queues ---- */

/* The queue is full: all that wait in it go, as on nats-server. */
static void drop_all(struct api_queue *q, struct list *queue, uint32_t *count)
{
    struct advisory_facts facts = { .dropped = *count };
    assert(*count > 0);
    for (struct list *n = list_pop(queue); n != NULL; n = list_pop(queue))
        api_request_free(container_of(n, struct api_request, node));
    *count = 0;
    advise_server(q->js, ADVISORY_API_LIMIT, &facts);
}

static int64_t limit_or(int64_t limit, int64_t otherwise)
{
    return limit > 0 ? limit : otherwise;
}

static void enqueue(struct api_queue *q, struct api_request *r)
{
    const struct jetstream_options *o = &q->js->options->jetstream;
    int64_t calls_max = limit_or(o->request_queue_limit, QUEUE_MAX);
    uint32_t flags = api_row(r->call.verb)->flags;
    q->inflight++;
    reactor_turn(jetstream_reactor(q->js), &q->turn);
    if (flags & API_AT_ONCE) {
        list_add_tail(&q->at_once, &r->node);
    } else if (flags & API_LOOKS) {
        list_add_tail(&q->looks, &r->node);
        q->looks_count++;
        q->looks_over |= q->looks_count >= limit_or(o->info_queue_limit, calls_max);
    } else {
        list_add_tail(&q->calls, &r->node);
        q->calls_count++;
        q->calls_over |= q->calls_count >= calls_max;
    }
}

/* `then` is called in the next turn. NULL, no memory: nothing happens. */
static void enqueue_ready(struct api_queue *q, struct api_request *r,
                          void (*then)(struct api_request *))
{
    if (r == NULL) return;
    assert(r->waits == API_NO_WAIT);
    q->inflight++;
    r->then = then;
    list_add_tail(&q->ready, &r->node);
    reactor_turn(jetstream_reactor(q->js), &q->turn);
}

/* "$JS.API.…" and what stands behind "$JS.<domain>.API."; a text of the caller's. */
static struct slice plain_subject(const struct jetstream *js, struct slice subject,
                                  struct buf *text)
{
    struct slice rest = slice_from(subject, sizeof("$JS.") - 1);
    if (js->domain.len == 0 || !slice_starts(rest, js->domain)) return subject;
    rest = slice_from(rest, js->domain.len);
    if (!slice_starts(rest, SLICE_LIT(".API."))) return subject;
    buf_add_str(text, "$JS");
    buf_add(text, rest);
    return buf_slice(text);
}

/* A call that is none, where a stream or a consumer would answer: nobody does. */
static bool is_nobodys(struct slice subject)
{
    return slice_starts(subject, SLICE_LIT("$JS.API.DIRECT.GET")) ||
           slice_starts(subject, SLICE_LIT("$JS.API.CONSUMER.MSG.NEXT."));
}

void api_take(struct sink *sink, struct core_reactor *cr, struct sub *sub, const struct message *m)
{
    struct js_account *a = container_of(sink, struct js_account, api_sink);
    struct jetstream *js = a->js;
    struct buf text = { 0 };
    struct js_api_call call;
    (void)sub;
    assert(js->home == cr);
    struct slice subject = plain_subject(js, m->subject, &text);
    if (!js->is_stopping && js_api_parse(subject, &call) && rows[call.verb].handle != NULL) {
        struct api_request *r = request_new(a, subject, m);
        if (r != NULL) {
            r->call = call;
            js_api_call_move(&r->call, subject, r->subject);
            enqueue(js->api, r);
        }
    } else if (!js->is_stopping && is_nobodys(subject) && m->reply.len > 0) {
        enqueue_ready(js->api, request_new(a, subject, m), api_no_responders);
    }
    buf_deinit(&text);
}

/* Sends on what came under the domain's prefix, as a mapping would. */
static void forward(struct api_request *r)
{
    struct core_reactor *home = r->account->js->home;
    assert(r->subject.len > 0);
    uint32_t takers = deliver_internal(home, r->account->account, r->subject, r->reply, r->header,
                                       r->body);
    if (takers == 0 && r->reply.len > 0) api_no_responders(r);
    else api_drop(r);
}

void api_forward_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                      const struct message *m)
{
    struct js_account *a = container_of(sink, struct js_account, forward_sink);
    struct jetstream *js = a->js;
    uint32_t prefix = (uint32_t)sizeof("$JS.") - 1 + js->domain.len + (uint32_t)sizeof(".API.") - 1;
    (void)sub;
    assert(js->home == cr);
    assert(m->subject.len > prefix);
    if (js->is_stopping) return;
    enqueue_ready(js->api, request_new(a, slice_from(m->subject, prefix), m), forward);
}

/* ---- the turn ---- */

/* What every call is asked before its handler is. False: it was answered. */
static bool is_admitted(struct api_request *r, uint32_t flags)
{
    const struct js_account *a = r->account;
    if (flags & API_QUIET) {
        if (a->is_system) api_fail_as(r, JS_ERR_NOT_ENABLED_FOR_ACCOUNT);
        else if (!a->is_enabled) api_no_responders(r);
        return a->is_enabled;
    }
    if (flags & API_ANY_ACCOUNT) return true;
    if (!(flags & API_BODY_FIRST) && !api_level_check(r)) return false;
    if (flags & API_OF_SYSTEM) {
        if (!a->is_system) api_drop(r);
        return a->is_system;
    }
    if (a->is_enabled) return true;
    api_fail_as(r, JS_ERR_NOT_ENABLED_FOR_ACCOUNT);
    return false;
}

/* The stream that it names, while that is being made or deleted; or the one of this account that is
 * being updated, for calls that ask what subjects are taken. NULL: it need not wait. */
static struct stream *stream_in_change(const struct api_request *r)
{
    struct stream *s = NULL;
    enum js_api verb = r->call.verb;
    if (r->call.stream.len > 0) s = js_account_stream(r->account, r->call.stream);
    if (s != NULL && s->failure == ERR_OK && (!s->is_created || s->is_deleted)) return s;
    bool is_change = verb == JS_API_STREAM_CREATE || verb == JS_API_STREAM_UPDATE;
    return is_change ? r->account->updating : NULL;
}

void api_dispatch(struct api_request *r)
{
    const struct api_row *row = api_row(r->call.verb);
    assert(r->waits == API_NO_WAIT);
    if (!is_admitted(r, row->flags)) return;
    struct stream *s = stream_in_change(r);
    if (s != NULL && !(row->flags & API_AT_ONCE)) {
        api_again_after(r, s);
        return;
    }
    if (!(row->flags & API_AT_ONCE)) (void)api_arena(r);
    row->handle(r);
}

/* Handles the first of a list, at most so many. */
static uint32_t run_list(struct api_queue *q, struct list *from, uint32_t most)
{
    uint32_t done = 0;
    for (; done < most && !list_empty(from); done++) {
        struct api_request *r = container_of(list_pop(from), struct api_request, node);
        void (*then)(struct api_request *) = r->then;
        list_add_tail(&q->kept, &r->node);
        r->then = NULL;
        if (then != NULL) then(r);
        else api_dispatch(r);
    }
    return done;
}

static void api_turn(struct turn *t, struct reactor *reactor)
{
    struct api_queue *q = container_of(t, struct api_queue, turn);
    if (q->calls_over) drop_all(q, &q->calls, &q->calls_count);
    if (q->looks_over) drop_all(q, &q->looks, &q->looks_count);
    q->calls_over = q->looks_over = false;
    (void)run_list(q, &q->at_once, UINT32_MAX);
    (void)run_list(q, &q->ready, UINT32_MAX);
    q->calls_count -= run_list(q, &q->calls, CALLS_AT_ONCE);
    if (list_empty(&q->calls)) q->looks_count -= run_list(q, &q->looks, LOOKS_AT_ONCE);
    bool is_done = list_empty(&q->at_once) && list_empty(&q->ready) && list_empty(&q->calls) &&
                   list_empty(&q->looks);
    if (!is_done) reactor_turn(reactor, t);
}

/* ---- life ---- */

struct api_queue *api_new(struct jetstream *js)
{
    struct api_queue *q = xcalloc(1, sizeof *q);
    assert(js->home != NULL);
    q->js = js;
    turn_init(&q->turn, api_turn);
    list_init(&q->at_once);
    list_init(&q->ready);
    list_init(&q->calls);
    list_init(&q->looks);
    list_init(&q->kept);
    return q;
}

void api_stop(struct api_queue *q)
{
    struct list *const lists[] = { &q->at_once, &q->ready, &q->calls, &q->looks };
    assert(q->js->is_ending);
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        while (!list_empty(lists[i]))
            api_drop(container_of(lists[i]->next, struct api_request, node));
    q->calls_count = q->looks_count = 0;
    LIST_EACH(&q->kept, n) {
        struct api_request *r = container_of(n, struct api_request, node);
        if (r->waits != API_WAITS_OWN) api_drop(r);
    }
    turn_cancel(&q->turn);
}

struct api_queue *api_free(struct api_queue *q)
{
    if (q == NULL) return NULL;
    while (!list_empty(&q->kept)) api_drop(container_of(q->kept.next, struct api_request, node));
    assert(q->inflight == 0);
    turn_cancel(&q->turn);
    return xfree(q);
}

uint32_t api_inflight(const struct api_queue *q)
{
    return q->inflight;
}

static void lose_stream(struct list *from, const struct stream *s)
{
    LIST_EACH(from, n) {
        struct api_request *r = container_of(n, struct api_request, node);
        bool reads = r->waits == API_NO_WAIT || r->waits == API_WAITS_INDEX ||
                     r->waits == API_WAITS_LOAD;
        if (r->stream != s || !reads) continue;
        api_wait_cancel(r);
        if (api_row(r->call.verb)->flags & API_QUIET) api_drop(r);
        else api_fail_as(r, JS_ERR_STREAM_NOT_FOUND);
    }
}

void api_stream_gone(struct api_queue *q, struct stream *s)
{
    assert(s != NULL);
    lose_stream(&q->kept, s);
    lose_stream(&q->ready, s);
}
