/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that nats-server answered are asked again, in the same order. */
#include "stream/consumer_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "json/request.h"
#include "stream/consumer_config_test_cases.h"
#include "stream/consumer_config_update.h"
#include "stream/directory_testing.h"
#include "stream/metadata.h"
#include "stream/stream_config_update.h"

/* A directory with the consumers of each of its streams. */
struct world {
    struct test_directory streams;
    struct test_directory consumers_of[TEST_STREAMS_MAX];
    struct js_directory   directory;
    struct js_server_limits  server;
    struct js_account_limits account;
    struct js_check       check;
    struct arena         *arena;
};

static struct test_directory *consumers_get(struct world *w, struct slice stream)
{
    for (uint32_t i = 0; i < w->streams.streams_count; i++)
        if (slice_equal_str(stream, w->streams.streams[i].name)) return &w->consumers_of[i];
    return NULL;
}

static const struct stream_config *world_stream_at(void *ctx, uint32_t index)
{
    return test_stream_at(&((struct world *)ctx)->streams, index);
}

static const struct stream_config *world_stream_find(void *ctx, struct slice name)
{
    return test_stream_find(&((struct world *)ctx)->streams, name);
}

static const struct consumer_config *world_consumer_at(void *ctx, struct slice stream,
                                                       uint32_t index, struct slice *ret_name)
{
    return test_consumer_at(consumers_get(ctx, stream), stream, index, ret_name);
}

static bool nobody(void *ctx, const char *subject)
{
    (void)ctx, (void)subject;
    return false;
}

static const char *written(const struct json_table *table, const void *config, struct arena *arena)
{
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(table, config, &w);
    const char *text = arena_str(arena, buf_slice(&out));
    buf_deinit(&out);
    return text;
}

static const char *refused(const struct world *w, const struct js_error *e)
{
    return arena_printf(w->arena, "%u %s", e->err_code, e->text);
}

static const char *stream_answer(struct world *w, const struct js_api_call *call, const char *body)
{
    struct stream_config_request q = { 0 };
    const struct json_request r = { &stream_config_request_table, slice_str(body),
                                    JSON_REQUEST_STRICT };
    struct js_error error;
    struct stream_config told;
    assert_int_equal(json_request_read(&r, w->arena, &q, NULL), ERR_OK);
    if (stream_create_check(&q, call->stream, &w->check, &error) == STREAM_REFUSED)
        return refused(w, &error);
    test_stream_put(&w->streams, &q.config);
    stream_config_copy(&q.config, w->arena, &told);
    js_metadata_answer(&told.metadata, "2.15.2", w->arena);
    return written(&stream_config_table, &told, w->arena);
}

static const char *delete_answer(struct world *w, const struct js_api_call *call)
{
    struct test_directory *d = consumers_get(w, call->stream);
    for (uint32_t i = 0; i < d->consumers_count; i++) {
        if (!slice_equal(call->consumer, slice_str(d->consumers[i].name))) continue;
        d->consumers[i] = d->consumers[--d->consumers_count];
        return "";
    }
    return "10014 consumer not found";
}

static void consumer_put(struct test_directory *d, const struct consumer_config *c)
{
    uint32_t at = 0;
    while (at < d->consumers_count &&
           !slice_equal(slice_str(d->consumers[at].name), slice_str(c->name)))
        at++;
    if (at == d->consumers_count) d->consumers_count++;
    d->consumers[at] = *c;
}

static const char *consumer_answer(struct world *w, const struct js_api_call *call,
                                   const char *body)
{
    struct consumer_create_request q = { 0 };
    const struct json_request r = { &consumer_create_request_table, slice_str(body),
                                    JSON_REQUEST_STRICT };
    struct js_error error;
    struct errmsg why;
    struct consumer_config told;
    if (json_request_read(&r, w->arena, &q, &why)) {
        (void)js_error_set(&error, JS_ERR_INVALID_JSON, why.text);
        return refused(w, &error);
    }
    if (!consumer_request_check(&q, call, w->arena, &error)) return refused(w, &error);
    if (consumer_create_check(&q, &w->check, &error) == CONSUMER_REFUSED) return refused(w, &error);
    consumer_put(consumers_get(w, call->stream), &q.config);
    consumer_config_copy(&q.config, w->arena, &told);
    js_metadata_answer(&told.metadata, "2.15.2", w->arena);
    return written(&consumer_config_table, &told, w->arena);
}

static const char *answer(struct world *w, const struct consumer_case *row)
{
    struct js_api_call call;
    const char *subject = arena_printf(w->arena, JS_API_PREFIX "%s", row->subject);
    if (!js_api_parse(slice_str(subject), &call)) return "-";
    if (call.verb == JS_API_STREAM_CREATE) return stream_answer(w, &call, row->body);
    if (call.verb == JS_API_CONSUMER_DELETE) return delete_answer(w, &call);
    return consumer_answer(w, &call, row->body);
}

static void world_init(struct world *w, struct arena *arena)
{
    *w = (struct world){
        .directory = { w, world_stream_at, world_stream_find, world_consumer_at, nobody, NULL,
                       NULL },
        .server = { .memory_max = -1, .store_max = -1 },
        .account = { -1, -1, -1, -1, -1, -1, -1, false },
        .arena = arena,
    };
    w->check = (struct js_check){ &w->server, &w->account, &w->directory, arena, false, false };
}

static void expect_cases(struct world *w, const struct consumer_case *rows, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const char *got = answer(w, &rows[i]);
        if (strcmp(got, rows[i].expected) == 0) continue;
        print_error("%s %s\n  expected %s\n  got      %s\n", rows[i].subject, rows[i].body,
                    rows[i].expected, got);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void creates_and_updates_are_answered_as_nats_server_does(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct world *w = arena_alloc(arena, sizeof(*w));
    world_init(w, arena);
    expect_cases(w, plain_cases, ARRAY_COUNT(plain_cases));
}

static void limits_of_server_account_and_stream_are_kept(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct world *w = arena_alloc(arena, sizeof(*w));
    world_init(w, arena);
    w->server.ack_pending_max = 80;
    w->server.request_batch_max = 100;
    w->account.streams_max = 3;
    w->account.consumers_max = 2;
    w->account.ack_pending_max = 50;
    expect_cases(w, limited_cases, ARRAY_COUNT(limited_cases));
}

static void a_stream_that_says_nothing_has_the_default_number_of_consumers(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct world *w = arena_alloc(arena, sizeof(*w));
    world_init(w, arena);
    w->server.consumers_default_max = 1;
    test_stream_put(&w->streams, &(struct stream_config){ .name = "S", .num_replicas = 1 });
    struct consumer_create_request q = { .stream_name = "S" };
    struct js_error error;
    assert_int_equal(consumer_create_check(&q, &w->check, &error), CONSUMER_NEW);
    assert_null(q.config.name);
    consumer_put(&w->consumers_of[0], &q.config);
    q = (struct consumer_create_request){ .stream_name = "S" };
    assert_int_equal(consumer_create_check(&q, &w->check, &error), CONSUMER_REFUSED);
    assert_int_equal(error.err_code, JS_ERR_MAXIMUM_CONSUMERS_LIMIT);
}

static bool somebody(void *ctx, const char *subject)
{
    (void)ctx;
    return strcmp(subject, "old") == 0;
}

static void a_delivery_that_somebody_gets_stays_where_it_is(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct world *w = arena_alloc(arena, sizeof(*w));
    world_init(w, arena);
    w->directory.has_interest = somebody;
    const struct consumer_config old = { .name = "c", .deliver_subject = "old" };
    const struct consumer_config now = { .name = "c", .deliver_subject = "new" };
    struct js_error error;
    assert_false(consumer_update_check(&now, &old, &w->check, &error));
    assert_int_equal(error.err_code, JS_ERR_CONSUMER_NAME_EXIST);
    assert_true(consumer_update_check(&old, &now, &w->check, &error));
}

static void texts_and_names_have_a_largest_size(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct world *w = arena_alloc(arena, sizeof(*w));
    world_init(w, arena);
    test_stream_put(&w->streams, &(struct stream_config){ .name = "S", .num_replicas = 1 });
    char *text = arena_alloc(arena, JS_METADATA_MAX + 1);
    memset(text, 'n', JS_METADATA_MAX);
    struct js_error error;
    struct consumer_create_request q = {
        .stream_name = "S", .config = { .durable_name = text + JS_METADATA_MAX - 256 }
    };
    assert_int_equal(consumer_create_check(&q, &w->check, &error), CONSUMER_REFUSED);
    assert_string_equal(error.text, "consumer name is too long, maximum allowed is 255");
    q = (struct consumer_create_request){
        .stream_name = "S", .config = { .description = text + JS_METADATA_MAX - 4097 }
    };
    assert_int_equal(consumer_create_check(&q, &w->check, &error), CONSUMER_REFUSED);
    assert_string_equal(error.text, "consumer description is too long, maximum allowed is 4096");
    q = (struct consumer_create_request){ .stream_name = "S" };
    json_map_set(&q.config.metadata, "a", text, arena);
    assert_int_equal(consumer_create_check(&q, &w->check, &error), CONSUMER_REFUSED);
    assert_string_equal(error.text, "consumer metadata exceeds maximum size of 128KB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_and_updates_are_answered_as_nats_server_does),
        cmocka_unit_test(limits_of_server_account_and_stream_are_kept),
        cmocka_unit_test(a_stream_that_says_nothing_has_the_default_number_of_consumers),
        cmocka_unit_test(a_delivery_that_somebody_gets_stays_where_it_is),
        cmocka_unit_test(texts_and_names_have_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
