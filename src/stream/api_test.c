/* SPDX-License-Identifier: Apache-2.0 */
/* What every call has in common: queues, order, refusals. Answers to single calls stand in the
 * tests of their files. */
#include "stream/api_testing.h"

#define TYPE(name) "{\"type\":\"io.nats.jetstream.api.v1." name "\""

static void a_call_that_nobody_knows_is_not_answered(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_string_equal(js_call(w, "BLAH", ""), "");
    assert_string_equal(js_call(w, "STREAM.INFO.A.B", ""), "");
    assert_string_equal(js_call(w, "META.RESCUE", ""), "");
    js_world_free(w);
}

static void a_call_from_another_reactor_is_answered_there(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(3, NULL);
    assert_starts(js_call(w, "INFO", ""), TYPE("account_info_response"));
    js_world_free(w);
}

static void a_level_above_ours_is_refused(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    const char *out = js_put(w, "$JS.API.INFO", "Nats-Required-Api-Level: 6\r\n", "");
    assert_string_equal(
        js_next(w, &out),
        TYPE("account_info_response") ",\"error\":{\"code\":412,\"err_code\":10185,"
                                      "\"description\":\"JetStream minimum api level required\"}}");
    out = js_put(w, "$JS.API.INFO", "Nats-Required-Api-Level: 5\r\n", "");
    assert_has(js_next(w, &out), "\"api\":{\"level\":5,\"total\":1,\"errors\":1}");
    js_world_free(w);
}

static struct options *with_domain(void)
{
    struct options *o = options_new();
    o->jetstream.domain = "D1";
    return o;
}

static void a_domain_has_the_api_under_its_own_name_too(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, with_domain());
    const char *out = js_put(w, "$JS.D1.API.STREAM.NAMES", NULL, "");
    assert_starts(js_next(w, &out), TYPE("stream_names_response"));
    out = js_put(w, "$JS.D2.API.STREAM.NAMES", NULL, "");
    assert_starts(out, "HMSG re.1 1");
    assert_has(out, "NATS/1.0 503\r\n");
    assert_has(js_call(w, "INFO", ""), "\"domain\":\"D1\"");
    js_world_free(w);
}

static void calls_of_a_cluster_are_refused_by_a_single_server(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf wanted = { 0 };
    buf_add_str(&wanted, TYPE("stream_leader_stepdown_response"));
    buf_add_str(&wanted, ",\"error\":{\"code\":503,\"err_code\":10010,");
    buf_add_str(&wanted, "\"description\":\"JetStream clustering support required\"}}");
    buf_add_byte(&wanted, 0);
    assert_string_equal(js_call(w, "STREAM.LEADER.STEPDOWN.X", ""), (const char *)wanted.ptr);
    buf_deinit(&wanted);
    js_world_free(w);
}

static void calls_of_one_packet_see_what_those_before_have_done(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    const char *out = world_say(w->world, w->client,
                                "PUB $JS.API.STREAM.CREATE.S re.1 31\r\n"
                                "{\"name\":\"S\",\"storage\":\"memory\"}\r\n"
                                "PUB $JS.API.STREAM.DELETE.S re.2 0\r\n\r\n"
                                "PUB $JS.API.STREAM.CREATE.S re.3 31\r\n"
                                "{\"name\":\"S\",\"storage\":\"memory\"}\r\n");
    assert_starts(js_next(w, &out), TYPE("stream_create_response") ",\"config\"");
    assert_string_equal(js_next(w, &out), TYPE("stream_delete_response") ",\"success\":true}");
    assert_starts(js_next(w, &out), TYPE("stream_create_response") ",\"config\"");
    assert_string_equal(js_next(w, &out), "");
    assert_has(js_call(w, "STREAM.NAMES", ""), "\"streams\":[\"S\"]");
    js_world_free(w);
}

static struct options *with_limit(void)
{
    struct options *o = options_new();
    o->jetstream.request_queue_limit = 3;
    return o;
}

static void a_queue_that_is_full_is_dropped_as_a_whole(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, with_limit());
    static const char call[] = "PUB $JS.API.STREAM.DELETE.S re.1 0\r\n\r\n";
    char three[sizeof call * 3];
    (void)snprintf(three, sizeof three, "%s%s%s", call, call, call);
    assert_string_equal(world_say(w->world, w->client, three), "");
    assert_int_equal(api_inflight(w->js.api), 0);
    assert_starts(world_say(w->world, w->client, call), "MSG re.1");
    js_world_free(w);
}

/* Calls that only look have a queue of their own. */
static void who_looks_waits_apart_and_is_dropped_apart(void **state)
{
    (void)state;
    struct options *o = options_new();
    o->jetstream.request_queue_limit = 9;
    o->jetstream.info_queue_limit = 3;
    struct js_world *w = js_world_new(1, o);
    static const char look[] = "PUB $JS.API.STREAM.NAMES re.1 0\r\n\r\n";
    static const char call[] = "PUB $JS.API.STREAM.DELETE.S re.2 0\r\n\r\n";
    char all[(sizeof look + sizeof call) * 3];
    (void)snprintf(all, sizeof all, "%s%s%s%s%s%s", look, call, look, call, look, call);
    const char *out = world_say(w->world, w->client, all);
    for (uint32_t i = 0; i < 3; i++)
        assert_starts(js_next(w, &out), TYPE("stream_delete_response") ",\"error\"");
    assert_string_equal(js_next(w, &out), "");
    assert_int_equal(api_inflight(w->js.api), 0);
    (void)snprintf(all, sizeof all, "%s%s", look, look);
    out = world_say(w->world, w->client, all);
    for (uint32_t i = 0; i < 2; i++)
        assert_starts(js_next(w, &out), TYPE("stream_names_response") ",\"total\":0");
    js_world_free(w);
}

static void the_system_account_has_no_jetstream_but_may_purge_accounts(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct session *s = world_session(w->world, w->client);
    assert_has(js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}"),
               "\"did_create\":true");
    struct js_account *system = js_account_system(&w->js);
    assert_non_null(system);
    assert_true(system->is_system);
    assert_false(system->is_enabled);
    assert_string_equal(js_call(w, "ACCOUNT.PURGE.$G", ""), "");
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("$G"))->streams_count, 1);
    assert_true(s->is_counted);
    struct slice none = { 0 };
    (void)deliver_internal(w->js.home, system->account, SLICE_LIT("$JS.API.ACCOUNT.PURGE.$G"), none,
                           none, none);
    js_world_run(w);
    assert_int_equal(js_account_find(&w->js, SLICE_LIT("$G"))->streams_count, 0);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_nobody_knows_is_not_answered),
        cmocka_unit_test(a_call_from_another_reactor_is_answered_there),
        cmocka_unit_test(a_level_above_ours_is_refused),
        cmocka_unit_test(a_domain_has_the_api_under_its_own_name_too),
        cmocka_unit_test(calls_of_a_cluster_are_refused_by_a_single_server),
        cmocka_unit_test(calls_of_one_packet_see_what_those_before_have_done),
        cmocka_unit_test(a_queue_that_is_full_is_dropped_as_a_whole),
        cmocka_unit_test(who_looks_waits_apart_and_is_dropped_apart),
        cmocka_unit_test(the_system_account_has_no_jetstream_but_may_purge_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
