/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_testing.h"

static void fill(struct streams_world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) (void)streams_publish(w, "a.b", NULL, "x");
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"max_msgs\":3}");
    fill(w, 5);
    assert_int_equal(streams_state(s).messages, 3);
    assert_int_equal(streams_state(s).first_sequence, 3);
    assert_int_equal(s->consumers->removed, 2);
    streams_world_free(w);
}

static void the_oldest_go_when_there_are_too_many_bytes(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"max_bytes\":59}");
    fill(w, 5);
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(streams_state(s).bytes, 40);
    assert_int_equal(w->account.memory_used, 40);
    streams_world_free(w);
}

static void the_oldest_of_a_subject_go_first(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],"
                                       "\"max_msgs_per_subject\":2,\"max_msgs\":3}");
    (void)streams_publish(w, "a.other", NULL, "x");
    fill(w, 4);
    struct msgs_subject found;
    assert_true(msgs_subject(s->msgs, SLICE_LIT("a.other"), &found));
    assert_true(msgs_subject(s->msgs, SLICE_LIT("a.b"), &found));
    assert_int_equal(found.count, 2);
    assert_int_equal(found.first, 4);
    streams_world_free(w);
}

static void lowered_limits_count_at_once(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    fill(w, 4);
    (void)streams_publish(w, "a.c", NULL, "x");
    (void)streams_publish(w, "a.c", NULL, "x");
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"max_msgs_per_subject\":1}");
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(streams_state(s).first_sequence, 4);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"max_msgs\":1}");
    assert_int_equal(streams_state(s).messages, 1);
    assert_int_equal(w->account.memory_used, streams_state(s).bytes);
    streams_world_free(w);
}

static void a_rollup_of_a_pattern_takes_all_that_match(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],"
                                       "\"allow_rollup_hdrs\":true}");
    fill(w, 2);
    (void)streams_publish(w, "a.b.c", NULL, "x");
    (void)streams_publish(w, "a.*", "Nats-Rollup: sub\r\n", "x");
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(streams_state(s).first_sequence, 3);
    assert_true(s->removals_upto == s->log->proposed);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_go_when_there_are_too_many),
        cmocka_unit_test(the_oldest_go_when_there_are_too_many_bytes),
        cmocka_unit_test(the_oldest_of_a_subject_go_first),
        cmocka_unit_test(lowered_limits_count_at_once),
        cmocka_unit_test(a_rollup_of_a_pattern_takes_all_that_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
