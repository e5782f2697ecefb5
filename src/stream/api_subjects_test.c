/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_subjects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect_slice(struct slice got, const char *expected)
{
    assert_true(slice_equal_str(got, expected));
}

static void a_call_names_its_stream_its_consumer_and_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        enum js_api verb;
        const char *stream;
        const char *consumer;
        const char *rest;
        const char *account;
    } rows[] = {
        { "INFO", JS_API_INFO, "", "", "", "" },
        { "STREAM.CREATE.S", JS_API_STREAM_CREATE, "S", "", "", "" },
        { "STREAM.NAMES", JS_API_STREAM_NAMES, "", "", "", "" },
        { "STREAM.MSG.GET.S", JS_API_STREAM_MSG_GET, "S", "", "", "" },
        { "STREAM.INFO.a/b", JS_API_STREAM_INFO, "a/b", "", "", "" },
        { "CONSUMER.CREATE.S", JS_API_CONSUMER_CREATE_EPHEMERAL, "S", "", "", "" },
        { "CONSUMER.CREATE.S.C", JS_API_CONSUMER_CREATE, "S", "C", "", "" },
        { "CONSUMER.CREATE.S.C.a.*.>", JS_API_CONSUMER_CREATE, "S", "C", "a.*.>", "" },
        { "CONSUMER.DURABLE.CREATE.S.C", JS_API_CONSUMER_DURABLE_CREATE, "S", "C", "", "" },
        { "CONSUMER.CREATE.*", JS_API_CONSUMER_CREATE_EPHEMERAL, "*", "", "", "" },
        { "CONSUMER.CREATE.S.>", JS_API_CONSUMER_CREATE, "S", ">", "", "" },
        { "META.RESCUE", JS_API_META_RESCUE, "", "", "", "" },
        { "CONSUMER.MSG.NEXT.S.C", JS_API_CONSUMER_MSG_NEXT, "S", "C", "", "" },
        { "DIRECT.GET.S", JS_API_DIRECT_GET, "S", "", "", "" },
        { "DIRECT.GET.S.a.b", JS_API_DIRECT_GET_LAST, "S", "", "a.b", "" },
        { "ACCOUNT.PURGE.A", JS_API_ACCOUNT_PURGE, "", "", "", "A" },
        { "ACCOUNT.STREAM.MOVE.A.S", JS_API_ACCOUNT_STREAM_MOVE, "S", "", "", "A" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf subject = { 0 };
        buf_printf(&subject, JS_API_PREFIX "%s", rows[i].subject);
        struct js_api_call c;
        assert_true(js_api_parse(buf_slice(&subject), &c));
        assert_int_equal(c.verb, rows[i].verb);
        expect_slice(c.stream, rows[i].stream);
        expect_slice(c.consumer, rows[i].consumer);
        expect_slice(c.rest, rows[i].rest);
        expect_slice(c.account, rows[i].account);
        buf_deinit(&subject);
    }
}

static void a_token_too_many_or_too_few_is_no_call(void **state)
{
    (void)state;
    static const char *const subjects[] = {
        "$JS.API",
        "$JS.API.",
        "$JS.API.INF",
        "$JS.API.INFOS",
        "$JS.API.INFO.x",
        "$JS.API.STREAM.NAME",
        "$JS.API.DIRECT.GET",
        "$JS.API.STREAM.CREATE",
        "$JS.API.STREAM.CREATE.S.10",
        "$JS.API.STREAM.CREATE.",
        "$JS.API.STREAM.TEMPLATE.CREATE.S",
        "$JS.API.CONSUMER.DURABLE.CREATE.S",
        "$JS.API.CONSUMER.DURABLE.CREATE.S.C.x",
        "$JS.API.CONSUMER.INFO.S",
        "$JS.API.stream.CREATE.S",
        "$JS.X.API.INFO",
        "$JS.APIX.INFO",
        "",
    };
    struct js_api_call c;
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++)
        assert_false(js_api_parse(slice_str(subjects[i]), &c));
}

static void a_call_moves_to_a_copy_of_its_subject(void **state)
{
    (void)state;
    struct slice from = SLICE_LIT("$JS.API.CONSUMER.CREATE.S.C.a.b");
    uint8_t copy[64];
    struct js_api_call c;
    assert_true(js_api_parse(from, &c));
    memcpy(copy, from.ptr, from.len);
    js_api_call_move(&c, from, slice_of(copy, from.len));
    expect_slice(c.stream, "S");
    expect_slice(c.consumer, "C");
    expect_slice(c.rest, "a.b");
    assert_ptr_equal(c.stream.ptr, copy + 24);
    assert_ptr_equal(c.consumer.ptr, copy + 26);
    assert_ptr_equal(c.rest.ptr, copy + 28);
    assert_null(c.account.ptr);
}

static void responses_have_the_types_of_nats_server(void **state)
{
    (void)state;
    assert_string_equal(js_api_type(JS_API_STREAM_CREATE),
                        "io.nats.jetstream.api.v1.stream_create_response");
    assert_string_equal(js_api_type(JS_API_CONSUMER_CREATE_EPHEMERAL),
                        "io.nats.jetstream.api.v1.consumer_create_response");
    assert_string_equal(js_api_type(JS_API_DIRECT_GET), "");
    assert_string_equal(js_api_pattern(JS_API_CONSUMER_CREATE), "$JS.API.CONSUMER.CREATE.*.>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_names_its_stream_its_consumer_and_the_rest),
        cmocka_unit_test(a_token_too_many_or_too_few_is_no_call),
        cmocka_unit_test(a_call_moves_to_a_copy_of_its_subject),
        cmocka_unit_test(responses_have_the_types_of_nats_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
