/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_testing.h"

#define COUNTERS "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"allow_msg_counter\":true}"

static void a_counter_counts(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, COUNTERS);
    static const struct {
        const char *subject, *header, *want;
    } cases[] = {
        { "a.1", "Nats-Incr: 5\r\n", "{\"stream\":\"S\",\"seq\":1,\"val\":\"5\"}" },
        { "a.1", "Nats-Incr: +3\r\n", "{\"stream\":\"S\",\"seq\":2,\"val\":\"8\"}" },
        { "a.2", "Nats-Incr: -1\r\n", "{\"stream\":\"S\",\"seq\":3,\"val\":\"-1\"}" },
        { "a.1", "Nats-Incr: 99999999999999999999\r\n",
          "{\"stream\":\"S\",\"seq\":4,\"val\":\"100000000000000000007\"}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(streams_publish(w, cases[i].subject, cases[i].header, ""),
                            cases[i].want);
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 2, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.payload, "{\"val\":\"8\"}"));
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nNats-Incr: +3\r\n\r\n"));
    streams_world_free(w);
}

/* Those that come together add up before any of them is applied. */
static void what_is_in_flight_counts_too(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, COUNTERS);
    struct buf b = { 0 };
    for (int i = 0; i < 3; i++)
        buf_add_str(&b, "HPUB a.1 re.1 26 26\r\nNATS/1.0\r\nNats-Incr: 7\r\n\r\n\r\n");
    const char *out = streams_say(w, buf_str(&b));
    assert_non_null(strstr(out, "\"val\":\"7\"}"));
    assert_non_null(strstr(out, "\"val\":\"14\"}"));
    assert_non_null(strstr(out, "\"val\":\"21\"}"));
    buf_deinit(&b);
    streams_world_free(w);
}

static void what_is_no_count_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *payload, *want;
    } cases[] = {
        { NULL, "x", "10169" },
        { "A: b\r\n", "", "10169" },
        { "Nats-Incr: 1\r\n", "x", "10170" },
        { "Nats-Incr: one\r\n", "", "10171" },
        { "Nats-Incr: 1\r\nNats-Expected-Last-Sequence: 0\r\n", "", "10171" },
        { "Nats-Incr: 1\r\nNats-Rollup: sub\r\n", "", "10171" },
    };
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, COUNTERS);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_non_null(
            strstr(streams_publish(w, "a.1", cases[i].header, cases[i].payload), cases[i].want));
    assert_int_equal(streams_state(s).last_sequence, 0);
    streams_world_free(w);
}

static void other_streams_do_not_count(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    assert_non_null(strstr(streams_publish(w, "a.1", "Nats-Incr: 1\r\n", ""), "10168"));
    streams_world_free(w);
}

static void a_message_that_is_no_counter_breaks_it(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    (void)streams_publish(w, "a.1", NULL, "not json");
    (void)streams_publish(w, "a.2", "Nats-Counter-Sources: {\"A\":{\"a\":\"4\"}}\r\n",
                          "{\"val\":\"4\"}");
    (void)streams_publish(w, "a.3", "Nats-Counter-Sources: {}\r\n", "{\"val\":\"4\"}");
    (void)streams_publish(w, "a.4", "Nats-Counter-Sources: []\r\n", "{\"val\":\"4\"}");
    struct stream *s = streams_make(w, COUNTERS);
    assert_non_null(strstr(streams_publish(w, "a.1", "Nats-Incr: 1\r\n", ""), "10172"));
    assert_string_equal(streams_publish(w, "a.2", "Nats-Incr: 1\r\n", ""),
                        "{\"stream\":\"S\",\"seq\":5,\"val\":\"5\"}");
    assert_string_equal(streams_publish(w, "a.3", "Nats-Incr: 1\r\n", ""),
                        "{\"stream\":\"S\",\"seq\":6,\"val\":\"5\"}");
    assert_non_null(strstr(streams_publish(w, "a.4", "Nats-Incr: 1\r\n", ""), "10172"));
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 5, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.header,
                                "NATS/1.0\r\nNats-Incr: 1\r\n"
                                "Nats-Counter-Sources: {\"A\":{\"a\":\"4\"}}\r\n\r\n"));
    assert_int_equal(msgs_load(s->msgs, 6, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nNats-Incr: 1\r\n\r\n"));
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_counts),
        cmocka_unit_test(what_is_in_flight_counts_too),
        cmocka_unit_test(what_is_no_count_is_refused),
        cmocka_unit_test(other_streams_do_not_count),
        cmocka_unit_test(a_message_that_is_no_counter_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
