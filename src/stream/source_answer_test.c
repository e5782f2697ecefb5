/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_internal.h"

#include "stream/source_testing.h"

static void an_origin_that_was_made_again_is_read_from_its_start(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "FIRST");
    origin_send(o, 9, "a");
    streams_wait(o->w, 11 * SECOND);
    streams_wait(o->w, SECOND);
    assert_true(origin_asked(o));
    assert_string_equal(o->header, "Nats-Required-Api-Level: 5\r\nNats-Stream-Identity: FIRST");
    assert_non_null(strstr(o->body, "\"opt_start_seq\":10"));
    origin_answer(o, "", "{\"error\":{\"code\":400,\"err_code\":10225,\"description\":\"other\"}}");
    streams_wait(o->w, 3 * SECOND);
    origin_make(o, 0, "SECOND");
    assert_string_equal(o->header, "Nats-Required-Api-Level: 5");
    assert_non_null(strstr(o->body, "\"deliver_policy\":\"all\""));
    origin_send(o, 1, "b");
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(s->sources->positions.at[0].sequence, 1);
    assert_string_equal(s->sources->positions.at[0].identity, "SECOND");
    origin_free(o);
}

static void a_consumer_that_was_made_before_is_reset(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"consumer\":"
                                          "{\"name\":\"C\",\"deliver_subject\":\"to.c\"}}}");
    assert_true(origin_asked(o));
    assert_string_equal(o->request, "$JS.API.CONSUMER.RESET.O.C");
    origin_answer(o, "",
                  "{\"name\":\"C\",\"config\":{\"deliver_subject\":\"to.c\","
                  "\"ack_policy\":\"none\"}}");
    assert_int_equal(only_source(m)->error->err_code, JS_ERR_MIRROR_CONSUMER_REQUIRES_ACK_FC);
    streams_wait(o->w, 13 * SECOND);
    assert_true(origin_asked(o));
    origin_answer(o, "",
                  "{\"name\":\"C\",\"config\":{\"deliver_subject\":\"to.c\","
                  "\"ack_policy\":\"flow_control\"},\"delivered\":{\"stream_seq\":0}}");
    memcpy(o->deliver, "to.c", 5);
    origin_send(o, 1, "a");
    assert_int_equal(streams_state(m).messages, 1);
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_that_was_made_again_is_read_from_its_start),
        cmocka_unit_test(a_consumer_that_was_made_before_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
