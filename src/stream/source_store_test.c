/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_internal.h"

#include "stream/source_testing.h"

static void a_mirror_keeps_sequences_and_times_and_skips_what_is_gone(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 2; reactors++) {
        struct origin *o = origin_new(reactors);
        struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},"
                                              "\"duplicate_window\":0}");
        origin_make(o, 4, "");
        assert_int_equal(streams_state(m).last_sequence, 4);
        origin_send(o, 5, "five");
        origin_send(o, 8, "eight");
        struct msgs_state got = streams_state(m);
        assert_int_equal(got.first_sequence, 5);
        assert_int_equal(got.last_sequence, 8);
        assert_int_equal(got.messages, 2);
        assert_int_equal(got.deleted, 2);
        assert_true(slice_equal_str(message_of(m, 8).payload, "eight"));
        assert_int_equal(message_of(m, 8).time, (ORIGIN_TIME + 8) * SECOND);
        assert_int_equal(only_source(m)->lag, 2);
        origin_free(o);
    }
}

static void a_source_says_in_a_header_where_a_message_came_from(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "IDENTITY");
    assert_string_equal(o->header, "Nats-Required-Api-Level: 5");
    origin_deliver(o, 3, 1,
                   "A: b\r\nNats-Stream-Source: X 1 > > y\r\nNats-Expected-Stream: O\r\n"
                   "Nats-Batch-Id: z\r\n",
                   "three");
    const char *want = "NATS/1.0\r\nA: b\r\nNats-Stream-Source: O 3 > > a.3 IDENTITY\r\n\r\n";
    assert_true(slice_equal_str(message_of(s, 1).header, want));
    assert_true(slice_equal_str(message_of(s, 1).subject, "a.3"));
    const struct source_position *p = source_positions_find(&s->sources->positions,
                                                            SLICE_LIT("O > >"));
    assert_non_null(p);
    assert_int_equal(p->sequence, 3);
    assert_string_equal(p->identity, "IDENTITY");
    origin_free(o);
}

static void subjects_are_changed_by_the_first_transform_that_fits(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\","
                                          "\"subject_transforms\":[{\"src\":\"a.1\",\"dest\":\"\"},"
                                          "{\"src\":\"a.*\",\"dest\":\"b.$1\"}]}]}");
    origin_make(o, 0, "");
    assert_non_null(strstr(o->body, "\"filter_subjects\":[\"a.1\",\"a.*\"]"));
    origin_send(o, 3, "three");
    assert_true(slice_equal_str(message_of(s, 1).subject, "b.3"));
    assert_true(
        slice_equal_str(message_of(s, 1).header,
                        "NATS/1.0\r\nNats-Stream-Source: O 3 a.1\fa.* >\fb.$1 a.3\r\n\r\n"));
    origin_free(o);
}

static void a_duplicate_is_passed_over_and_its_place_remembered(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "");
    origin_deliver(o, 1, 1, "Nats-Msg-Id: i\r\n", "a");
    origin_deliver(o, 2, 2, "Nats-Msg-Id: i\r\n", "a");
    assert_int_equal(streams_state(s).messages, 1);
    assert_int_equal(s->sources->positions.at[0].sequence, 1);
    origin_beat(o, "Nats-Last-Consumer: 2\r\n");
    assert_int_equal(s->sources->positions.at[0].sequence, 2);
    origin_free(o);
}

static void what_a_stream_refuses_comes_again(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}],"
                                          "\"max_msgs\":1,\"discard\":\"new\"}");
    origin_make(o, 0, "");
    origin_send(o, 1, "a");
    origin_send(o, 2, "b");
    assert_int_equal(streams_state(s).messages, 1);
    streams_wait(o->w, 3 * SECOND);
    assert_true(origin_asked(o));
    assert_non_null(strstr(o->body, "\"opt_start_seq\":2"));
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mirror_keeps_sequences_and_times_and_skips_what_is_gone),
        cmocka_unit_test(a_source_says_in_a_header_where_a_message_came_from),
        cmocka_unit_test(subjects_are_changed_by_the_first_transform_that_fits),
        cmocka_unit_test(a_duplicate_is_passed_over_and_its_place_remembered),
        cmocka_unit_test(what_a_stream_refuses_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
