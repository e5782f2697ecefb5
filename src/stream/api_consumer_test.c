/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about consumers, and what nats-server 2.15.2 answers to them. */
#include "stream/api_testing.h"

static struct js_world *with_stream_on(uint32_t reactors)
{
    struct js_world *w = js_world_new(reactors, NULL);
    const char *got = js_call(w, "STREAM.CREATE.S",
                              "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\"}");
    assert_non_null(strstr(got, "\"did_create\":true"));
    for (int i = 0; i < 4; i++) (void)js_put(w, "s.a", NULL, "x");
    return w;
}

static struct js_world *with_stream(void)
{
    return with_stream_on(1);
}

#define MAKE(more)                                               \
    "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"C\"," \
    "\"ack_policy\":\"explicit\"" more "}}"

struct row {
    const char *call, *body;
    const char *want;                   /* a part of the answer; "": there is none */
};

static void expect_rows(struct js_world *w, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = js_call(w, rows[i].call, rows[i].body);
        if (rows[i].want[0] == '\0') assert_string_equal(got, "");
        else if (strstr(got, rows[i].want) == NULL) fail_msg("%s: %s", rows[i].call, got);
    }
}

static void a_consumer_is_made_told_of_and_deleted(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "CONSUMER.NAMES.S", "", "\"total\":0,\"offset\":0,\"limit\":1024,\"consumers\":[]" },
        { "CONSUMER.CREATE.S.C", MAKE(""),
          "\"num_ack_pending\":0,\"num_redelivered\":0,"
          "\"num_waiting\":0,\"num_pending\":4" },
        { "CONSUMER.INFO.S.C", "", "io.nats.jetstream.api.v1.consumer_info_response" },
        { "CONSUMER.INFO.S.C", "x", "\"err_code\":10038" },
        { "CONSUMER.NAMES.S", "", "\"total\":1,\"offset\":0,\"limit\":1024,\"consumers\":[\"C\"]" },
        { "CONSUMER.LIST.S", "", "\"metadata\":{\"_nats.req.level\":\"0\"}" },
        { "CONSUMER.LIST.S", "{\"offset\":9}", "\"total\":1,\"offset\":1" },
        { "CONSUMER.CREATE.S.C", MAKE(",\"max_deliver\":3"), "\"max_deliver\":3" },
        { "CONSUMER.CREATE.S.C", MAKE(",\"mem_storage\":true"), "\"err_code\":10012" },
        { "CONSUMER.CREATE.S.D", "{\"stream_name\":\"S\",\"action\":\"update\",\"config\":{}}",
          "\"err_code\":10149" },
        { "CONSUMER.DELETE.S.C", "x", "\"err_code\":10038" },
        { "CONSUMER.DELETE.S.C", "", "\"success\":true" },
        { "CONSUMER.DELETE.S.C", "", "\"err_code\":10014" },
        { "CONSUMER.INFO.S.C", "", "\"err_code\":10014" },
        { "CONSUMER.INFO.T.C", "", "\"err_code\":10059" },
        { "CONSUMER.LIST.T", "", "\"err_code\":10059" },
    };
    struct js_world *w = with_stream();
    expect_rows(w, rows, ARRAY_COUNT(rows));
    js_world_free(w);
}

static void one_without_a_name_gets_one(void **state)
{
    (void)state;
    struct js_world *w = with_stream();
    const char *got = js_call(w, "CONSUMER.CREATE.S", "{\"stream_name\":\"S\",\"config\":{}}");
    const char *name = strstr(got, "\"name\":\"");
    assert_non_null(name);
    assert_int_equal(strcspn(name + 8, "\""), 8);
    js_world_free(w);
}

static void a_pause_is_told_and_ends(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "CONSUMER.CREATE.S.C", MAKE(""), "consumer_create_response" },
        { "CONSUMER.PAUSE.S.C", "{\"pause_until\":\"2090-01-01T00:00:00Z\"}",
          "\"paused\":true,\"pause_until\":\"2090-01-01T00:00:00Z\",\"pause_remaining\":" },
        { "CONSUMER.INFO.S.C", "", "\"paused\":true,\"pause_remaining\":" },
        { "CONSUMER.INFO.S.C", "", "\"_nats.req.level\":\"1\"" },
        { "CONSUMER.MSG.NEXT.S.C", "1", "" },
        { "CONSUMER.PAUSE.S.C", "", "\"paused\":false,\"pause_until\":\"0001-01-01T00:00:00Z\"" },
        { "CONSUMER.PAUSE.S.D", "", "\"err_code\":10014" },
    };
    struct js_world *w = with_stream();
    expect_rows(w, rows, ARRAY_COUNT(rows));
    js_world_free(w);
}

static void only_a_group_that_is_there_loses_its_pin(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "CONSUMER.CREATE.S.C",
          MAKE(",\"priority_groups\":[\"g\"],\"priority_policy\":\"pinned_client\""),
          "\"priority_groups\":[{\"group\":\"g\",\"pinned_ts\":\"0001-01-01T00:00:00Z\"}]" },
        { "CONSUMER.MSG.NEXT.S.C", "{\"group\":\"g\",\"batch\":9}", "x" },
        { "CONSUMER.INFO.S.C", "", "\"pinned_client_id\":\"" },
        { "CONSUMER.UNPIN.S.C", "", "invalid JSON: unexpected end of JSON input" },
        { "CONSUMER.UNPIN.S.C", "{}", "invalid JSON: consumer group not specified" },
        { "CONSUMER.UNPIN.S.C", "{\"group\":\"a b\"}", "\"err_code\":10162" },
        { "CONSUMER.UNPIN.S.C", "{\"group\":\"h\"}", "\"err_code\":10160" },
        { "CONSUMER.UNPIN.S.D", "{\"group\":\"g\"}", "\"err_code\":10014" },
        { "CONSUMER.UNPIN.S.C", "{\"group\":\"g\"}",
          "{\"type\":\"io.nats.jetstream.api.v1.consumer_unpin_response\"}" },
        { "CONSUMER.INFO.S.C", "",
          "\"priority_groups\":[{\"group\":\"g\",\"pinned_ts\":\"0001-01-01T00:00:00Z\"}]" },
    };
    struct js_world *w = with_stream();
    expect_rows(w, rows, ARRAY_COUNT(rows));
    js_world_free(w);
}

static void a_reset_goes_where_the_deliver_policy_lets_it(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "CONSUMER.CREATE.S.C", MAKE(""), "consumer_create_response" },
        { "CONSUMER.RESET.S.C", "{\"seq\":3}",
          "\"delivered\":{\"consumer_seq\":0,\"stream_seq\":2}" },
        { "CONSUMER.RESET.S.C", "", "\"reset_seq\":3" },
        { "CONSUMER.RESET.S.C", "{", "\"err_code\":10025" },
        { "CONSUMER.RESET.S.NOPE", "", "" },
        { "CONSUMER.CREATE.S.N", "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"new\"}}",
          "N" },
        { "CONSUMER.RESET.S.N", "{\"seq\":3}", "invalid reset: not allowed" },
        { "CONSUMER.RESET.S.N", "{\"seq\":0}", "\"reset_seq\":5" },
        { "CONSUMER.CREATE.S.Q",
          "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_sequence\","
          "\"opt_start_seq\":3}}",
          "Q" },
        { "CONSUMER.RESET.S.Q", "{\"seq\":2}", "invalid reset: below start seq" },
        { "CONSUMER.RESET.S.Q", "{\"seq\":4}", "\"reset_seq\":4" },
    };
    struct js_world *w = with_stream();
    expect_rows(w, rows, ARRAY_COUNT(rows));
    js_world_free(w);
}

static void a_pull_is_answered_by_its_consumer_only(void **state)
{
    (void)state;
    struct js_world *w = with_stream();
    (void)js_call(w, "CONSUMER.CREATE.S.C", MAKE(""));
    const char *got = js_put(w, "$JS.API.CONSUMER.MSG.NEXT.S.C", NULL, "1");
    assert_non_null(strstr(got, "MSG s.a 1 $JS.ACK.S.C.1.1.1."));
    got = js_put(w, "$JS.API.CONSUMER.MSG.NEXT.S.D", NULL, "1");
    assert_non_null(strstr(got, "NATS/1.0 503\r\n"));
    (void)js_call(w, "CONSUMER.CREATE.S.P",
                  "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\"}}");
    got = js_put(w, "$JS.API.CONSUMER.MSG.NEXT.S.P", NULL, "");
    assert_non_null(strstr(got, "NATS/1.0 409 Consumer is push based\r\n"));
    js_world_free(w);
}

/* Nobody may get it again: a work queue would keep it for the next consumer. */
static void what_was_acked_before_a_deletion_is_gone(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.S",
                  "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\","
                  "\"retention\":\"workqueue\"}");
    (void)js_call(w, "CONSUMER.CREATE.S.C", MAKE(""));
    (void)js_put(w, "s.a", NULL, "x");
    (void)js_put(w, "s.a", NULL, "y");
    (void)js_put(w, "$JS.API.CONSUMER.MSG.NEXT.S.C", NULL, "1");
    world_put(w->world, w->client,
              "PUB $JS.ACK.S.C.1.1.1.0.0 re.1 0\r\n\r\n"
              "PUB $JS.API.CONSUMER.DELETE.S.C re.1 0\r\n\r\n");
    js_world_run(w);
    assert_non_null(strstr(world_take(w->world, w->client), "consumer_delete_response"));
    assert_non_null(strstr(js_call(w, "STREAM.INFO.S", ""), "\"messages\":1,"));
    js_world_free(w);
}

/* The order to stop overtakes the message: mail is read before records. */
static void a_pull_that_came_before_the_stop_is_told(void **state)
{
    (void)state;
    struct js_world *w = with_stream_on(2);
    (void)js_call(w, "CONSUMER.CREATE.S.C", MAKE(",\"filter_subject\":\"s.none\""));
    struct reactors *set = w->world->fake->set;
    world_put(w->world, w->client, "PUB $JS.API.CONSUMER.MSG.NEXT.S.C re.1 1\r\n5\r\n");
    (void)reactor_tick(set->at[0], 0);
    assert_ptr_not_equal(jetstream_reactor(&w->js), set->at[0]);
    jetstream_stop(&w->js);
    world_run(w->world);
    assert_non_null(strstr(world_take(w->world, w->client), "NATS/1.0 409 Server Shutdown\r\n"));
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consumer_is_made_told_of_and_deleted),
        cmocka_unit_test(one_without_a_name_gets_one),
        cmocka_unit_test(a_pause_is_told_and_ends),
        cmocka_unit_test(only_a_group_that_is_there_loses_its_pin),
        cmocka_unit_test(a_reset_goes_where_the_deliver_policy_lets_it),
        cmocka_unit_test(a_pull_is_answered_by_its_consumer_only),
        cmocka_unit_test(what_was_acked_before_a_deletion_is_gone),
        cmocka_unit_test(a_pull_that_came_before_the_stop_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
