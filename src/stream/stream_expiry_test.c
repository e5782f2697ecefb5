/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_store_testing.h"

#define NAME "{\"name\":\"S\",\"subjects\":[\"a.>\"]"

static void messages_go_when_they_are_too_old(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"max_age\":10000000000}");
    (void)streams_publish(w, "a.b", NULL, "x");
    streams_wait(w, 5 * SECOND);
    (void)streams_publish(w, "a.b", NULL, "x");
    streams_wait(w, 5 * SECOND - MILLISECOND);
    assert_int_equal(streams_state(s).messages, 2);
    streams_wait(w, 2 * MILLISECOND);
    assert_int_equal(streams_state(s).messages, 1);
    assert_int_equal(streams_state(s).first_sequence, 2);
    streams_wait(w, 5 * SECOND);
    assert_int_equal(streams_state(s).messages, 0);
    assert_int_equal(w->account.memory_used, 0);
    assert_false(timer_is_set(&s->timer));
    streams_world_free(w);
}

static void a_lowered_age_counts_at_once(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME "}");
    (void)streams_publish(w, "a.b", NULL, "x");
    streams_wait(w, MINUTE);
    streams_make(w, NAME ",\"max_age\":10000000000}");
    streams_wait(w, SECOND);
    assert_int_equal(streams_state(s).messages, 0);
    streams_world_free(w);
}

static void an_age_for_an_empty_stream_asks_for_nothing(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME "}");
    streams_make(w, NAME ",\"max_age\":10000000000}");
    uint64_t proposed = s->log->proposed;
    streams_wait(w, MINUTE);
    assert_int_equal(s->log->proposed, proposed);
    assert_false(timer_is_set(&s->timer));
    streams_world_free(w);
}

static void a_message_goes_at_its_own_end(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"allow_msg_ttl\":true}");
    (void)streams_publish(w, "a.b", "Nats-TTL: 20s\r\n", "x");
    (void)streams_publish(w, "a.b", "Nats-TTL: 5\r\n", "x");
    (void)streams_publish(w, "a.b", NULL, "x");
    streams_wait(w, 5 * SECOND + MILLISECOND);
    assert_int_equal(streams_state(s).messages, 2);
    assert_false(msgs_has(s->msgs, 2));
    streams_wait(w, 15 * SECOND);
    assert_int_equal(streams_state(s).messages, 1);
    assert_true(msgs_has(s->msgs, 3));
    streams_world_free(w);
}

static void of_age_and_end_the_earlier_counts_but_never_is_never(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"allow_msg_ttl\":true,\"max_age\":10000000000}");
    (void)streams_publish(w, "a.b", "Nats-TTL: never\r\n", "x");
    (void)streams_publish(w, "a.b", "Nats-TTL: 1h\r\n", "x");
    (void)streams_publish(w, "a.b", "Nats-TTL: never\r\n", "x");
    (void)streams_publish(w, "a.b", "Nats-TTL: 2s\r\n", "x");
    streams_wait(w, 3 * SECOND);
    assert_int_equal(streams_state(s).messages, 3);
    streams_wait(w, 8 * SECOND);
    assert_int_equal(streams_state(s).messages, 2);
    assert_true(msgs_has(s->msgs, 1) && msgs_has(s->msgs, 3));
    (void)streams_publish(w, "a.b", NULL, "x");
    streams_wait(w, 11 * SECOND);
    assert_int_equal(streams_state(s).messages, 2);
    streams_world_free(w);
}

static void the_last_of_a_subject_leaves_a_marker(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"allow_msg_ttl\":true,\"allow_rollup_hdrs\":true,"
                                            "\"subject_delete_marker_ttl\":2000000000,"
                                            "\"max_age\":10000000000}");
    (void)streams_publish(w, "a.b", NULL, "x");
    (void)streams_publish(w, "a.b", NULL, "x");
    (void)streams_publish(w, "a.c", "KV-Operation: PURGE\r\n", "x");
    streams_wait(w, 10 * SECOND + MILLISECOND);
    streams_wait(w, SECOND);
    struct msgs_load load;
    assert_int_equal(streams_state(s).messages, 1);
    assert_int_equal(msgs_load(s->msgs, 4, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.subject, "a.b"));
    assert_int_equal(load.msg.payload.len, 0);
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\n"
                                                 "Nats-TTL: 2s\r\nNats-Rollup: sub\r\n\r\n"));
    assert_int_equal(s->consumers->stored, 4);
    streams_wait(w, 3 * SECOND);
    assert_int_equal(streams_state(s).messages, 0);
    assert_int_equal(streams_state(s).last_sequence, 4);
    streams_world_free(w);
}

static void with_markers_a_message_lives_as_long_as_one(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"allow_msg_ttl\":true,\"allow_rollup_hdrs\":true,"
                                            "\"subject_delete_marker_ttl\":60000000000}");
    (void)streams_publish(w, "a.b", "Nats-TTL: 2s\r\nA: b\r\n", "x");
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 1, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nA: b\r\nNats-TTL: 60\r\n\r\n"));
    streams_wait(w, 59 * SECOND);
    assert_true(msgs_has(s->msgs, 1));
    streams_world_free(w);
}

/* It goes as soon as a start has read how old it is, and is not asked for again a moment later. */
static void what_has_expired_before_a_start_is_not_there_for_long(void **state)
{
    (void)state;
    char payload[60001] = { 0 };
    struct file_world *f = file_world_new(1);
    (void)make(f, ",\"max_age\":1000000000000,\"max_bytes\":4000000");
    memset(payload, 'x', sizeof payload - 1);
    for (uint32_t i = 0; i < 40; i++)
        assert_non_null(strstr(publish(f, "a.b", NULL, payload), "seq"));
    streams_wait(f->w, 150 * SECOND); /* blocks have them, and a list says so */
    settle(f);
    f->w->world->fake->wall += 1000 * SECOND;
    stop(f);
    nanos started = f->w->world->fake->now;
    assert_int_equal(streams_state(the_stream(f)).messages, 40);
    streams_wait(f->w, 2 * MILLISECOND);
    settle(f);
    assert_int_equal(streams_state(the_stream(f)).messages, 0);
    assert_true(f->w->world->fake->now - started < 5 * MILLISECOND);
    file_world_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_when_they_are_too_old),
        cmocka_unit_test(a_lowered_age_counts_at_once),
        cmocka_unit_test(an_age_for_an_empty_stream_asks_for_nothing),
        cmocka_unit_test(a_message_goes_at_its_own_end),
        cmocka_unit_test(of_age_and_end_the_earlier_counts_but_never_is_never),
        cmocka_unit_test(the_last_of_a_subject_leaves_a_marker),
        cmocka_unit_test(with_markers_a_message_lives_as_long_as_one),
        cmocka_unit_test(what_has_expired_before_a_start_is_not_there_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
