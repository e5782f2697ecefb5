/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 answered to the same calls. */
#include "stream/api_testing.h"

static void info_tells_usage_limits_and_calls(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_string_equal(js_call(w, "INFO", "{\"a\""),
                        "{\"type\":\"io.nats.jetstream.api.v1.account_info_response\",\"memory\":0,"
                        "\"storage\":0,\"reserved_memory\":0,\"reserved_storage\":0,\"streams\":0,"
                        "\"consumers\":0,\"limits\":{\"max_memory\":-1,\"max_storage\":-1,"
                        "\"max_streams\":-1,\"max_consumers\":-1,\"max_ack_pending\":-1,"
                        "\"memory_max_stream_bytes\":-1,\"storage_max_stream_bytes\":-1,"
                        "\"max_bytes_required\":false},"
                        "\"api\":{\"level\":5,\"total\":0,\"errors\":0}}");
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\",\"max_bytes\":99}");
    (void)js_put(w, "S", NULL, "hello");
    (void)js_call(w, "STREAM.INFO.X", "");
    const char *info = js_call(w, "INFO", "");
    assert_has(info, "\"memory\":22,\"storage\":0,\"reserved_memory\":99,\"reserved_storage\":0,"
                     "\"streams\":1,\"consumers\":0,");
    assert_has(info, "\"api\":{\"level\":5,\"total\":3,\"errors\":1}}");
    js_world_free(w);
}

static void an_account_that_nobody_has_is_purged_too(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *system = js_account_system(&w->js);
    struct slice none = { 0 };
    (void)deliver_internal(w->js.home, system->account, SLICE_LIT("$JS.API.ACCOUNT.PURGE.nobody"),
                           none, none, none);
    js_world_run(w);
    assert_int_equal(api_inflight(w->js.api), 0);
    assert_int_equal(w->js.api_total, 0);       /* nobody's who has streams */
    js_world_free(w);
}

static const char *purge_of_failed(struct js_world *w)
{
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}");
    (void)js_call(w, "STREAM.CREATE.T", "{\"name\":\"T\",\"storage\":\"memory\"}");
    assert_int_equal(a->streams_count, 2);
    stream_fail(a->streams[0], ERR_IO);
    /* a client of the test can only be in this account */
    a->is_system = true;
    a->is_enabled = false;
    const char *answer = js_call(w, "ACCOUNT.PURGE.$G", "");
    a->is_system = false;
    a->is_enabled = true;
    return answer;
}

static void a_purge_that_a_stream_withstands_says_so(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_string_equal(
        purge_of_failed(w),
        "{\"type\":\"io.nats.jetstream.api.v1.account_purge_response\",\"error\":{"
        "\"code\":500,\"err_code\":10050,\"description\":\"disk or network failed\"}}");
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("$G"))->streams_count, 1);  /* the other */
    assert_int_equal(api_inflight(w->js.api), 0);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_tells_usage_limits_and_calls),
        cmocka_unit_test(an_account_that_nobody_has_is_purged_too),
        cmocka_unit_test(a_purge_that_a_stream_withstands_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
