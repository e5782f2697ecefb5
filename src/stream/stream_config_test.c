/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that nats-server answered are asked again, in the same order. */
#include "stream/stream_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "json/request.h"
#include "stream/directory_testing.h"
#include "stream/metadata.h"
#include "stream/stream_config_test_cases.h"
#include "stream/stream_config_update.h"

/* What the server would answer: err_code and text, or the configuration. */
static const char *answer(const struct stream_case *row, struct js_check *k,
                          struct test_directory *d)
{
    struct stream_config_request q = { 0 };
    const struct json_request r = { &stream_config_request_table, slice_str(row->body),
                                    JSON_REQUEST_STRICT };
    struct js_error error = { 0 };
    struct errmsg why;
    struct slice name = slice_str(row->name);
    enum stream_verdict verdict = STREAM_REFUSED;
    if (json_request_read(&r, k->arena, &q, &why))
        (void)js_error_set(&error, JS_ERR_INVALID_JSON, why.text);
    else if (row->op == 'C') verdict = stream_create_check(&q, name, k, &error);
    else verdict = stream_update_check(&q, name, k, &error);
    if (verdict == STREAM_REFUSED)
        return arena_printf(k->arena, "%u %s", error.err_code, error.text);

    if (verdict != STREAM_PRESENT) test_stream_put(d, &q.config);
    struct stream_config told;
    stream_config_copy(&q.config, k->arena, &told);
    js_metadata_answer(&told.metadata, "2.15.2", k->arena);
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(&stream_config_table, &told, &w);
    const char *text = arena_str(k->arena, buf_slice(&out));
    buf_deinit(&out);
    return text;
}

static const char *delete_answer(const struct stream_case *row, struct test_directory *d)
{
    bool is_there = test_stream_find(d, slice_str(row->name)) != NULL;
    test_stream_drop(d, row->name);
    return is_there ? "" : "10059 stream not found";
}

/* The bytes that the streams of the server have reserved. */
static void reservations_set(struct js_server_limits *s, const struct test_directory *d)
{
    s->memory_reserved = s->store_reserved = 0;
    for (uint32_t i = 0; i < d->streams_count; i++) {
        const struct stream_config *c = &d->streams[i];
        if (c->max_bytes <= 0) continue;
        if (c->storage == JS_STORAGE_MEMORY) s->memory_reserved += c->max_bytes;
        else s->store_reserved += c->max_bytes;
    }
}

static void expect_cases(const struct stream_case *rows, size_t count,
                         struct js_server_limits server, struct js_account_limits account)
{
    AUTO_FREE(arena) arena = arena_new();
    struct test_directory d = { 0 };
    const struct js_directory directory = {
        &d, test_stream_at, test_stream_find, test_consumer_at, NULL, NULL, NULL
    };
    struct js_check k = { &server, &account, &directory, arena, false, false };
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        reservations_set(&server, &d);
        const char *got = rows[i].op == 'D' ? delete_answer(&rows[i], &d)
                                            : answer(&rows[i], &k, &d);
        if (strcmp(got, rows[i].expected) == 0) continue;
        print_error("%c %s %s\n  expected %s\n  got      %s\n", rows[i].op, rows[i].name,
                    rows[i].body, rows[i].expected, got);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void creates_and_updates_are_answered_as_nats_server_does(void **state)
{
    (void)state;
    const struct js_server_limits server = { .memory_max = -1, .store_max = -1 };
    const struct js_account_limits account = { -1, -1, -1, -1, -1, -1, -1, false };
    expect_cases(plain_cases, ARRAY_COUNT(plain_cases), server, account);
}

static void limits_of_server_and_account_are_kept_as_nats_server_does(void **state)
{
    (void)state;
    const struct js_server_limits server = {
        .memory_max = 10000,
        .store_max = 10000,
        .duplicate_window = MINUTE,
        .ack_pending_max = 80,
        .request_batch_max = 100,
    };
    const struct js_account_limits account = {
        .memory_max = 1000,
        .store_max = 2000,
        .streams_max = 3,
        .consumers_max = 4,
        .ack_pending_max = 50,
        .memory_stream_bytes_max = 600,
        .store_stream_bytes_max = 1500,
        .max_bytes_required = true,
    };
    expect_cases(limited_cases, ARRAY_COUNT(limited_cases), server, account);
}

static void without_a_tier_no_stream_is_possible(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct test_directory d = { 0 };
    const struct js_directory directory = {
        &d, test_stream_at, test_stream_find, test_consumer_at, NULL, NULL, NULL
    };
    const struct js_server_limits server = { .memory_max = -1, .store_max = -1 };
    const struct js_check k = { &server, NULL, &directory, arena, false, true };
    struct stream_config_request q = { .config = { .name = "A" } };
    struct js_error error;
    assert_int_equal(stream_create_check(&q, SLICE_LIT("A"), &k, &error), STREAM_REFUSED);
    assert_int_equal(error.err_code, JS_ERR_NO_LIMITS);
}

static void tighter_limits_name_the_consumers_that_violate_them(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct test_directory d = { .consumers_count = 3 };
    d.consumers[0] = (struct consumer_config){ .name = "a", .max_ack_pending = 10 };
    d.consumers[1] = (struct consumer_config){ .name = "b", .max_ack_pending = 20 };
    d.consumers[2] = (struct consumer_config){ .name = "c", .inactive_threshold = HOUR };
    test_stream_put(
        &d, &(struct stream_config){ .name = "A", .num_replicas = 1, .storage = JS_STORAGE_FILE });
    const struct js_directory directory = {
        &d, test_stream_at, test_stream_find, test_consumer_at, NULL, NULL, NULL
    };
    const struct js_server_limits server = { .memory_max = -1, .store_max = -1 };
    const struct js_account_limits account = { -1, -1, -1, -1, -1, -1, -1, false };
    const struct js_check k = { &server, &account, &directory, arena, false, false };
    struct stream_config_request q = {
        .config = { .name = "A",
                    .consumer_limits = { .inactive_threshold = MINUTE, .max_ack_pending = 15 } },
    };
    struct js_error error;
    assert_int_equal(stream_update_check(&q, SLICE_LIT("A"), &k, &error), STREAM_REFUSED);
    assert_int_equal(error.err_code, JS_ERR_STREAM_UPDATE);
    assert_string_equal(error.text, "change to limits violates consumers: b, c");
}

static void names_descriptions_and_metadata_have_a_largest_size(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct test_directory d = { 0 };
    const struct js_directory directory = {
        &d, test_stream_at, test_stream_find, test_consumer_at, NULL, NULL, NULL
    };
    const struct js_server_limits server = { .memory_max = -1, .store_max = -1 };
    const struct js_account_limits account = { -1, -1, -1, -1, -1, -1, -1, false };
    const struct js_check k = { &server, &account, &directory, arena, false, false };
    char *text = arena_alloc(arena, JS_METADATA_MAX + 1);
    memset(text, 'n', JS_METADATA_MAX);
    struct js_error error;
    struct stream_config c = { .name = text + JS_METADATA_MAX - 256 };
    assert_false(stream_config_check(&c, &k, &error));
    assert_string_equal(error.text, "stream name is too long, maximum allowed is 255");
    c = (struct stream_config){ .name = "A", .description = text + JS_METADATA_MAX - 4097 };
    assert_false(stream_config_check(&c, &k, &error));
    assert_string_equal(error.text, "stream description is too long, maximum allowed is 4096");
    c = (struct stream_config){ .name = "A" };
    json_map_set(&c.metadata, "a", text, arena);
    assert_false(stream_config_check(&c, &k, &error));
    assert_string_equal(error.text, "stream metadata exceeds maximum size of 131072 bytes");
}

static void the_tables_are_sound(void **state)
{
    (void)state;
    json_table_check(&stream_config_table);
    json_table_check(&stream_config_request_table);
    json_table_check(&stream_source_table);
    json_table_check(&consumer_config_table);
    json_table_check(&consumer_create_request_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_and_updates_are_answered_as_nats_server_does),
        cmocka_unit_test(limits_of_server_and_account_are_kept_as_nats_server_does),
        cmocka_unit_test(without_a_tier_no_stream_is_possible),
        cmocka_unit_test(tighter_limits_name_the_consumers_that_violate_them),
        cmocka_unit_test(names_descriptions_and_metadata_have_a_largest_size),
        cmocka_unit_test(the_tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
