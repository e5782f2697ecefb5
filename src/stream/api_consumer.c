/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about consumers but CREATE: NAMES, LIST, INFO, DELETE, PAUSE, UNPIN, RESET, and
 * MSG.NEXT. */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/api.h"
#include "stream/api_requests.h"
#include "stream/consumer_config_check.h"
#include "stream/consumer_internal.h"
#include "stream/metadata.h"
#include "wire/headers.h"

/* The consumer that the subject names; NULL: an error was answered. */
static struct consumer *consumer_of(struct api_request *r)
{
    struct stream *s = api_stream_of(r);
    if (s == NULL) return NULL;
    assert(r->call.consumer.len > 0);
    struct consumer *c = consumers_find(s->consumers, r->call.consumer);
    if (c == NULL) api_fail_as(r, JS_ERR_CONSUMER_NOT_FOUND);
    return c;
}

/* Answers when all that this tick has brought is applied. */
static void after_flush(struct api_request *r, struct stream *s, void (*then)(struct api_request *))
{
    assert(then != NULL);
    assert(s->consumers != NULL);
    consumers_flush(s->consumers);
    api_after(r, s, then);
}

static bool is_shown(const struct consumer *c)
{
    const struct consumer_config *f = consumer_config(c);
    assert(f != NULL);
    return c->is_created && !f->direct;
}

/* ---- NAMES, LIST ---- */

/* Those that are shown, by name. */
static struct consumer **shown(struct api_request *r, struct stream *s, uint32_t *ret_count)
{
    struct consumers *set = s->consumers;
    uint32_t count = 0, most = set->names.count;
    struct consumer **all = arena_alloc(r->arena, (most + 1) * sizeof(struct consumer *)), *c;
    for (uint32_t i = 0; (c = consumers_at(set, i)) != NULL; i++)
        if (is_shown(c)) all[count++] = c;
    assert(count <= most);
    *ret_count = count;
    return all;
}

void api_consumer_names(struct api_request *r)
{
    struct consumers_request request = { .offset = 0 };
    struct names_response response = { .names.count = 0 };
    uint32_t count;
    if (js_body_given(r->body) && !api_read(r, &consumers_request_table, &request)) return;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    struct consumer **all = shown(r, s, &count);
    uint32_t from = js_page(count, request.offset, JS_NAMES_LIMIT, &response.paged);
    uint32_t end = count - from > JS_NAMES_LIMIT ? from + JS_NAMES_LIMIT : count;
    const char **names = arena_alloc(r->arena, (end - from + 1) * sizeof(const char *));
    for (uint32_t i = from; i < end; i++) names[i - from] = all[i]->name;
    response.names = (struct json_array){ names, end - from };
    api_answer(r, &response);
}

static void answer_list(struct api_request *r)
{
    struct consumers_request request = { .offset = 0 };
    struct list_response response = { .items.count = 0 };
    uint32_t count;
    uint64_t pending;
    if (js_body_given(r->body) && !api_read(r, &consumers_request_table, &request)) return;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    struct consumer **all = shown(r, s, &count);
    uint32_t from = js_page(count, request.offset, JS_LIST_LIMIT, &response.paged);
    uint32_t end = count - from > JS_LIST_LIMIT ? from + JS_LIST_LIMIT : count;
    struct consumer_info *infos = arena_alloc(r->arena, (end - from + 1) * sizeof *infos);
    for (uint32_t i = from; i < end; i++) {
        if (all[i]->is_begun && consumer_count_for(all[i], &r->msgs_wait, &pending) == ERR_BUSY) {
            api_after_index(r, s, answer_list);
            return;
        }
        consumer_info_fill(all[i], r->arena, &infos[i - from]);
    }
    response.items = (struct json_array){ infos, end - from };
    api_answer(r, &response);
}

void api_consumer_list(struct api_request *r)
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    assert(r->call.verb == JS_API_CONSUMER_LIST);
    if (s == NULL || s->is_deleted) answer_list(r); /* says why not */
    else after_flush(r, s, answer_list);
}

/* ---- INFO, DELETE ---- */

static void answer_info(struct api_request *r)
{
    struct consumer_info info;
    struct consumer_response response = { .info = &info };
    uint64_t pending;
    struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    if (!c->is_created) {
        api_fail_as(r, JS_ERR_CONSUMER_NOT_FOUND);
        return;
    }
    if (c->is_begun && consumer_count_for(c, &r->msgs_wait, &pending) == ERR_BUSY) {
        api_after_index(r, c->set->stream, answer_info);
        return;
    }
    consumer_info_tell(c, r->arena, &info);
    assert(info.name != NULL);
    api_answer(r, &response);
}

void api_consumer_info(struct api_request *r)
{
    if (!js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_NOT_EMPTY_REQUEST);
        return;
    }
    struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    assert(!c->is_deleted);
    after_flush(r, c->set->stream, answer_info);
}

static void answer_success(struct api_request *r)
{
    struct success_response response = { .success = true };
    assert(r->stream != NULL);
    api_answer(r, &response);
}

static void delete_now(struct api_request *r)
{
    struct js_error error;
    struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    struct stream *s = c->set->stream;
    const struct advisory_facts facts = { .stream = r->call.stream,
                                          .consumer = r->call.consumer,
                                          .action = "delete" };
    bool is_told = c->is_created;
    if (!consumer_delete(c, &error)) {
        api_fail(r, &error);
        return;
    }
    if (is_told) advise(r->account, ADVISORY_CONSUMER_DELETED, &facts);
    api_after(r, s, answer_success);
}

/* A work queue keeps what no consumer wants: what this one has acked goes before it does. */
void api_consumer_delete(struct api_request *r)
{
    if (!js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_NOT_EMPTY_REQUEST);
        return;
    }
    const struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    struct stream *s = c->set->stream;
    if (s->config.retention == JS_RETENTION_WORKQUEUE) api_settle(r, s, delete_now);
    else delete_now(r);
}

/* ---- PAUSE ---- */

static void answer_pause(struct api_request *r)
{
    nanos until = (nanos)r->value, wall = jetstream_reactor(r->account->js)->wall;
    struct consumer_pause_response response = {
        .paused = until > wall,
        .pause_until = until == 0 ? GOTIME_ZERO : until,
        .pause_remaining = until > wall ? until - wall : 0,
    };
    assert(r->call.verb == JS_API_CONSUMER_PAUSE);
    api_answer(r, &response);
}

void api_consumer_pause(struct api_request *r)
{
    struct consumer_pause_request request = { .pause_until = 0 };
    struct js_error error;
    if (js_body_given(r->body) && !api_read(r, &consumer_pause_request_table, &request)) return;
    if (!api_level_check(r)) return;
    struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    if (request.pause_until == GOTIME_ZERO) request.pause_until = 0;
    struct consumer_config config = *consumer_newest(c);
    config.pause_until = request.pause_until;
    js_metadata_store(&config.metadata, consumer_config_level(&config), r->arena);
    if (!consumer_update(c, &config, &error)) {
        api_fail(r, &error);
        return;
    }
    consumer_tell_pause(c, request.pause_until);
    r->value = (uint64_t)request.pause_until;
    api_after(r, c->set->stream, answer_pause);
}

/* ---- UNPIN ---- */

static bool has_group(const struct consumer *c, const char *group)
{
    const struct json_array *groups = &consumer_config(c)->priority_groups;
    assert(group != NULL);
    for (uint32_t i = 0; i < groups->count; i++)
        if (strcmp(((const char *const *)groups->items)[i], group) == 0) return true;
    return false;
}

/* False, and the error: it is no such body. */
static bool read_plain(struct api_request *r, const struct json_table *table, void *ret,
                       struct js_error *ret_error)
{
    const struct json_request body = { table, r->body, JSON_REQUEST_PLAIN };
    struct errmsg why;
    assert(table != NULL);
    if (json_request_read(&body, api_arena(r), ret, &why) == ERR_OK) return true;
    return js_error_set(ret_error, JS_ERR_INVALID_JSON, why.text);
}

static bool unpin_check(struct api_request *r, struct consumer_unpin_request *ret,
                        struct js_error *e)
{
    if (!read_plain(r, &consumer_unpin_request_table, ret, e)) return false;
    assert(r->call.verb == JS_API_CONSUMER_UNPIN);
    if (!js_text_set(ret->group))
        return js_error_set(e, JS_ERR_INVALID_JSON, "consumer group not specified");
    return consumer_group_valid(ret->group) || js_error_set(e, JS_ERR_CONSUMER_INVALID_GROUP_NAME);
}

void api_consumer_unpin(struct api_request *r)
{
    struct consumer_unpin_request request = { .group = NULL };
    struct consumer_unpin_response response = { .head.error = NULL };
    struct js_error error;
    if (!unpin_check(r, &request, &error)) {
        api_fail(r, &error);
        return;
    }
    struct consumer *c = consumer_of(r);
    if (c == NULL) return;
    if (!has_group(c, request.group)) {
        api_fail_as(r, JS_ERR_CONSUMER_INVALID_PRIORITY_GROUP);
        return;
    }
    assert(!c->is_deleted);
    consumer_unpin(c);
    api_answer(r, &response);
}

/* ---- RESET: the consumer itself answers, so that one who is not there does not ---- */

static void reset_fail(struct api_request *r, const struct js_error *e)
{
    struct buf text = { .ptr = NULL };
    assert(e->err_code != JS_ERR_NONE);
    js_error_response_write(r->call.verb, e, &text);
    api_send(r, SLICE_LIT(""), buf_slice(&text));
    buf_deinit(&text);
}

/* NULL: nobody is there, and `otherwise` was done. */
static struct consumer *quiet_consumer(struct api_request *r,
                                       void (*otherwise)(struct api_request *))
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    struct consumer *c = NULL;
    assert(r->call.consumer.len > 0);
    if (s != NULL && !s->is_deleted) c = consumers_find(s->consumers, r->call.consumer);
    if (c != NULL && consumer_is_alive(c)) return c;
    otherwise(r);
    return NULL;
}

static void answer_reset(struct api_request *r)
{
    struct consumer_info info;
    struct consumer_reset_response response = { .info = &info, .reset_seq = r->value };
    struct buf text = { .ptr = NULL };
    struct consumer *c = quiet_consumer(r, api_drop);
    if (c == NULL) return;
    consumer_info_tell(c, api_arena(r), &info);
    assert(response.reset_seq > 0);
    consumer_wake(c);
    js_response_write(r->call.verb, &response, &text);
    api_send(r, r->answer_header, buf_slice(&text));
    buf_deinit(&text);
}

/* False, and the error. OK: *ret is where it goes on. */
static bool reset_check(const struct consumer *c, uint64_t wanted, uint64_t *ret,
                        struct js_error *e)
{
    const struct consumer_config *f = consumer_config(c);
    assert(ret != NULL);
    *ret = wanted == 0 ? c->acks.floor.stream_seq + 1 : wanted;
    if (*ret >= INT64_MAX) *ret = INT64_MAX - 1;
    if (wanted == 0 || f->deliver_policy == JS_DELIVER_ALL) return true;
    if (f->deliver_policy == JS_DELIVER_BY_START_SEQUENCE)
        return wanted >= f->opt_start_seq ||
               js_error_set(e, JS_ERR_CONSUMER_INVALID_RESET, "below start seq");
    if (f->deliver_policy == JS_DELIVER_BY_START_TIME)
        return wanted > c->start ||
               js_error_set(e, JS_ERR_CONSUMER_INVALID_RESET, "below start time");
    return js_error_set(e, JS_ERR_CONSUMER_INVALID_RESET, "not allowed");
}

/* What was acked before is applied now, and gone from a work queue: it would come again. */
static void reset_now(struct api_request *r)
{
    struct js_error error;
    uint64_t wanted = r->value;
    struct consumer *c = quiet_consumer(r, api_drop);
    if (c == NULL) return;
    if (!reset_check(c, wanted, &r->value, &error)) {
        reset_fail(r, &error);
        return;
    }
    consumer_reset(c, r->value);
    assert(r->value > 0);
    after_flush(r, c->set->stream, answer_reset);
    consumer_hold(c);
}

void api_consumer_reset(struct api_request *r)
{
    struct consumer_reset_request request = { .seq = 0 };
    struct slice level = { .ptr = NULL }, identity;
    struct js_error error;
    if (r->reply.len == 0) {
        api_drop(r);
        return;
    }
    struct consumer *c = quiet_consumer(r, api_drop);
    if (c == NULL) return;
    (void)headers_find(r->header, SLICE_LIT("Nats-Required-Api-Level"), &level);
    bool is_good = js_level_check(level, &error) &&
                   (r->body.len == 0 ||
                    read_plain(r, &consumer_reset_request_table, &request, &error));
    if (!is_good) {
        reset_fail(r, &error);
        return;
    }
    r->value = request.seq;
    if (headers_find(r->header, SLICE_LIT("Nats-Stream-Identity"), &identity))
        r->answer_header = api_identity_header(r, c->set->stream);
    assert(!c->is_deleted);
    struct stream *s = c->set->stream;
    if (s->config.retention == JS_RETENTION_WORKQUEUE) api_settle(r, s, reset_now);
    else after_flush(r, s, reset_now);
}

/* ---- MSG.NEXT ---- */

void api_msg_next(struct api_request *r)
{
    if (r->reply.len == 0) {
        api_drop(r);
        return;
    }
    struct consumer *c = quiet_consumer(r, api_no_responders);
    if (c == NULL) return;
    assert(!c->is_deleted);
    consumer_pull(c, r->reply, r->header, r->body);
    api_drop(r);
}
