/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/gotime.h"
#include "json/request.h"

/* Any of the requests fits. */
union any_request {
    struct stream_names_request    names;
    struct stream_info_request     info;
    struct stream_purge_request    purge;
    struct msg_get_request         get;
    struct stream_snapshot_request snapshot;
    struct stream_restore_request  restore;
    struct consumer_pause_request  pause;
};

static enum err read_as(const struct json_table *table, const char *body, struct arena *arena,
                        union any_request *ret, struct errmsg *why)
{
    const struct json_request r = { table, slice_str(body), JSON_REQUEST_STRICT };
    *ret = (union any_request){ .restore = { .config = { .name = NULL } } };
    return json_request_read(&r, arena, ret, why);
}

static void requests_are_read(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    union any_request q;
    assert_int_equal(
        read_as(&stream_names_request_table, "{\"offset\":3,\"subject\":\"a\"}", arena, &q, NULL),
        ERR_OK);
    assert_int_equal(q.names.offset, 3);
    assert_string_equal(q.names.subject, "a");
    assert_int_equal(read_as(&msg_get_request_table,
                             "{\"start_time\":\"1970-01-01T00:00:01Z\",\"multi_last\":[\"a\"]}",
                             arena, &q, NULL),
                     ERR_OK);
    assert_int_equal(q.get.start_time, SECOND);
    assert_int_equal(q.get.multi_last.count, 1);
    assert_int_equal(
        read_as(&stream_restore_request_table,
                "{\"config\":{\"name\":\"R\",\"subjects\":[\"r\"]},\"state\":{\"messages\":5,"
                "\"deleted\":[2,3],\"subjects\":{\"r\":5},\"lost\":{\"msgs\":[1],\"bytes\":9}}}",
                arena, &q, NULL),
        ERR_OK);
    assert_string_equal(q.restore.config.name, "R");
    assert_int_equal(q.restore.state.messages, 5);
    assert_int_equal(q.restore.state.deleted.count, 2);
    assert_int_equal(q.restore.state.lost->bytes, 9);
    assert_int_equal(
        read_as(&consumer_pause_request_table, "{\"pause_until\":null}", arena, &q, NULL), ERR_OK);
    assert_int_equal(q.pause.pause_until, 0);
}

static void wrong_requests_are_refused_in_the_words_of_nats_server(void **state)
{
    (void)state;
#define WRONG "json: cannot unmarshal "
    static const struct {
        const struct json_table *table;
        const char *body;
        const char *why;
    } rows[] = {
        { &stream_names_request_table, "{\"offset\":\"x\"}",
          WRONG "string into Go struct field JSApiStreamNamesRequest.ApiPagedRequest.offset of "
                "type int" },
        { &stream_names_request_table, "[]",
          WRONG "array into Go value of type server.JSApiStreamNamesRequest" },
        { &consumers_request_table, "{\"offset\":\"x\"}",
          WRONG "string into Go struct field JSApiConsumersRequest.ApiPagedRequest.offset of type "
                "int" },
        { &stream_list_request_table, "{\"x\":1}", "json: unknown field \"x\"" },
        { &stream_info_request_table, "{\"deleted_details\":1}",
          WRONG "number into Go struct field JSApiStreamInfoRequest.deleted_details of type bool" },
        { &stream_purge_request_table, "{\"seq\":-1}",
          WRONG "number -1 into Go struct field JSApiStreamPurgeRequest.seq of type uint64" },
        { &msg_get_request_table, "{\"seq\":\"x\"}",
          WRONG "string into Go struct field JSApiMsgGetRequest.seq of type uint64" },
        { &msg_delete_request_table, "x",
          "invalid character 'x' looking for beginning of value at offset 1" },
        { &stream_restore_request_table, "{\"config\":5}",
          WRONG "number into Go struct field JSApiStreamRestoreRequest.config of type "
                "server.StreamConfig" },
        { &consumer_pause_request_table, "{\"pause_until\":5}",
          "Time.UnmarshalJSON: input is not a JSON string" },
        { &consumer_unpin_request_table, "{\"group\":5}",
          WRONG "number into Go struct field JSApiConsumerUnpinRequest.group of type string" },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        union any_request q;
        struct errmsg why;
        assert_int_equal(read_as(rows[i].table, rows[i].body, arena, &q, &why), ERR_INVALID);
        assert_string_equal(why.text, rows[i].why);
    }
}

static void a_body_is_given_or_must_be_empty(void **state)
{
    (void)state;
    assert_true(js_body_given(SLICE_LIT(" {\"a\":1}")));
    assert_true(js_body_given(SLICE_LIT("[]")));
    assert_false(js_body_given(SLICE_LIT("x")));
    assert_false(js_body_given(SLICE_LIT("")));
    assert_true(js_body_empty(SLICE_LIT("")));
    assert_true(js_body_empty(SLICE_LIT("{ }")));
    assert_false(js_body_empty(SLICE_LIT("{\"a\":1}")));
    assert_false(js_body_empty(SLICE_LIT("[]")));
    assert_false(js_body_empty(SLICE_LIT("x")));
}

static void contradictions_are_bad_requests(void **state)
{
    (void)state;
    struct js_error error;
    assert_true(js_purge_check(&(struct stream_purge_request){ .seq = 1 }, &error));
    assert_false(js_purge_check(&(struct stream_purge_request){ .seq = 1, .keep = 1 }, &error));
    assert_int_equal(error.err_code, JS_ERR_BAD_REQUEST);
    static const struct {
        struct msg_get_request q;
        bool is_good;                   /* for STREAM.MSG.GET */
        const char *direct;             /* what DIRECT.GET says */
    } rows[] = {
        { { .seq = 1 }, true, NULL },
        { { .last_by_subj = "a" }, true, NULL },
        { { .next_by_subj = "a" }, true, NULL },
        { { .seq = 1, .next_by_subj = "a" }, true, NULL },
        { { .start_time = 1, .next_by_subj = "a" }, true, NULL },
        { { .seq = 0 }, false, "408 Empty Request" },
        { { .seq = 1, .last_by_subj = "a" }, false, "408 Bad Request" },
        { { .seq = 1, .start_time = 1 }, false, "408 Bad Request" },
        { { .start_time = 1, .last_by_subj = "a" }, false, "408 Bad Request" },
        { { .last_by_subj = "a", .next_by_subj = "a" }, false, "408 Bad Request" },
        { { .seq = 1, .batch = 5 }, false, NULL },
        { { .last_by_subj = "a", .batch = 5 }, false, "408 Bad Request" },
        { { .seq = 1, .up_to_seq = 5, .up_to_time = 5 }, false, "408 Bad Request" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *said = js_direct_get_refusal(&rows[i].q, false);
        assert_string_equal(said == NULL ? "" : said, rows[i].direct == NULL ? "" : rows[i].direct);
        if (rows[i].q.up_to_seq == 0)
            assert_int_equal(js_msg_get_check(&rows[i].q, &error), rows[i].is_good);
    }
    assert_null(js_direct_get_refusal(&(struct msg_get_request){ .no_hdr = true }, true));
    assert_string_equal(js_direct_get_refusal(&(struct msg_get_request){ .seq = 1 }, true),
                        "408 Bad Request");
}

static void a_level_that_this_server_lacks_is_refused(void **state)
{
    (void)state;
    struct js_error error;
    assert_true(js_level_check(SLICE_LIT(""), &error));
    assert_true(js_level_check(SLICE_LIT("5"), &error));
    assert_false(js_level_check(SLICE_LIT("6"), &error));
    assert_false(js_level_check(SLICE_LIT("x"), &error));
    assert_int_equal(error.err_code, JS_ERR_REQUIRED_API_LEVEL);
}

static void the_tables_are_sound(void **state)
{
    (void)state;
    const struct json_table *const tables[] = {
        &stream_names_request_table,   &stream_list_request_table,
        &consumers_request_table,      &stream_info_request_table,
        &stream_purge_request_table,   &msg_get_request_table,
        &msg_delete_request_table,     &stream_snapshot_request_table,
        &stream_restore_request_table, &consumer_pause_request_table,
        &consumer_unpin_request_table, &consumer_reset_request_table,
        &stepdown_request_table,
    };
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) json_table_check(tables[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(wrong_requests_are_refused_in_the_words_of_nats_server),
        cmocka_unit_test(a_body_is_given_or_must_be_empty),
        cmocka_unit_test(contradictions_are_bad_requests),
        cmocka_unit_test(a_level_that_this_server_lacks_is_refused),
        cmocka_unit_test(the_tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
