/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_internal.h"

#include "stream/source_testing.h"

static void a_lost_delivery_makes_a_mirror_ask_again_behind_what_it_has(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},"
                                          "\"duplicate_window\":0}");
    origin_make(o, 0, "");
    origin_send(o, 1, "a");
    origin_deliver(o, 3, 3, "", "c");
    assert_int_equal(streams_state(m).last_sequence, 1);
    assert_false(origin_asked(o));
    streams_wait(o->w, 3 * SECOND);
    origin_make(o, 1, "");
    assert_non_null(
        strstr(o->body, "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":2"));
    origin_send(o, 2, "b");
    origin_send(o, 3, "c");
    assert_int_equal(streams_state(m).messages, 3);
    origin_free(o);
}

static void a_heartbeat_tells_of_a_lost_delivery(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},"
                                          "\"duplicate_window\":0}");
    origin_make(o, 0, "");
    origin_send(o, 1, "a");
    origin_beat(o, "Nats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n");
    assert_int_equal(only_source(m)->state, SOURCE_DRAWS);
    origin_beat(o, "Nats-Last-Consumer: 2\r\nNats-Last-Stream: 2\r\n");
    assert_int_equal(only_source(m)->state, SOURCE_WAITS);
    origin_free(o);
}

static void flow_control_is_answered_when_all_before_it_is_durable(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "");
    origin_send(o, 7, "a");
    (void)world_take(o->w->world, o->client);
    origin_deliver_as(o, o->deliver, "$JS.FC.O.C.abcd", "NATS/1.0 100 FlowControl Request\r\n", "");
    const char *out = world_take(o->w->world, o->client);
    assert_non_null(strstr(out, "MSG $JS.FC.O.C.abcd 2 "));
    assert_non_null(strstr(out, "Nats-Last-Consumer: 1\r\nNats-Last-Stream: 7\r\n"));
    assert_int_equal(s->log->applied, s->log->proposed);
    origin_beat(o, "Nats-Consumer-Stalled: $JS.FC.O.C.efgh\r\n");
    assert_non_null(strstr(world_take(o->w->world, o->client), "MSG $JS.FC.O.C.efgh 2 "));
    origin_free(o);
}

static void a_stall_that_an_answer_did_not_end_is_told(void **state)
{
    (void)state;
    static const char stalled[] = "Nats-Consumer-Stalled: $JS.FC.O.C.abcd\r\n";
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "");
    origin_deliver_as(o, o->deliver, "$JS.FC.O.C.abcd", "NATS/1.0 100 FlowControl Request\r\n", "");
    for (nanos t = 0; t < SOURCE_SILENCE / 2; t += SECOND) {
        origin_beat(o, stalled);
        assert_null(only_source(s)->error);
        streams_wait(o->w, SECOND);
    }
    origin_beat(o, stalled);
    const struct js_error *e = only_source(s)->error;
    assert_non_null(e);
    assert_int_equal(e->err_code, 10228);
    assert_int_equal(e->code, 500);
    assert_string_equal(e->text, "stream source consumer stalled on flow control");
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_delivery_makes_a_mirror_ask_again_behind_what_it_has),
        cmocka_unit_test(a_heartbeat_tells_of_a_lost_delivery),
        cmocka_unit_test(flow_control_is_answered_when_all_before_it_is_durable),
        cmocka_unit_test(a_stall_that_an_answer_did_not_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
