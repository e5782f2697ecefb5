/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include "stream/stream_testing.h"

static void a_published_message_is_stored_and_acked(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 2; reactors++) {
        struct streams_world *w = streams_world_new(reactors);
        struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
        assert_string_equal(streams_say(w, "PUB a.b re.x 5\r\nhello\r\n"),
                            "MSG re.x 1 22\r\n{\"stream\":\"S\",\"seq\":1}\r\n");
        assert_string_equal(streams_publish(w, "a.c", NULL, ""), "{\"stream\":\"S\",\"seq\":2}");
        const char *nobody = streams_say(w, "PUB a.d 1\r\nx\r\nPUB b re.y 1\r\ny\r\n");
        assert_non_null(strstr(nobody, "NATS/1.0 503"));
        assert_null(strstr(nobody, "seq"));
        assert_int_equal(streams_state(s).messages, 3);
        assert_int_equal(streams_state(s).bytes, 3 * (16 + 3) + 6);
        assert_int_equal(w->account.memory_used, streams_state(s).bytes);
        assert_int_equal(s->consumers->stored, 3);
        struct msgs_load load;
        assert_int_equal(msgs_load(s->msgs, 1, 0, &load), ERR_OK);
        assert_true(slice_equal_str(load.msg.payload, "hello"));
        assert_true(slice_equal_str(load.msg.subject, "a.b"));
        streams_world_free(w);
    }
}

static void the_ack_names_the_domain(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    w->js.domain = SLICE_LIT("hub");
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    assert_string_equal(streams_publish(w, "a", NULL, "x"),
                        "{\"stream\":\"S\",\"domain\":\"hub\",\"seq\":1}");
    streams_world_free(w);
}

static void a_stream_without_acks_is_silent(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"],\"no_ack\":true}");
    assert_string_equal(streams_publish(w, "a", NULL, "x"), "");
    assert_string_equal(streams_publish(w, "a", "Nats-Expected-Stream: T\r\n", "x"), "");
    assert_int_equal(streams_state(s).messages, 1);
    streams_world_free(w);
}

static void a_stream_begins_where_it_is_told(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"],\"first_seq\":100}");
    assert_string_equal(streams_publish(w, "a", NULL, "x"), "{\"stream\":\"S\",\"seq\":100}");
    streams_world_free(w);
}

/* A subscription that stays does not end for a moment: nobody else's 503 depends on it. */
static void an_update_moves_subjects(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(2);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\",\"b\"]}");
    const struct sub *b = s->subs[1];
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"b\",\"c\",\"d\"]}");
    assert_ptr_equal(s->subs[0], b);
    assert_int_equal(s->subs_count, 3);
    assert_string_equal(streams_publish(w, "c", NULL, "x"), "{\"stream\":\"S\",\"seq\":1}");
    assert_non_null(strstr(streams_say(w, "PUB a re.y 1\r\nx\r\n"), "503"));
    streams_world_free(w);
}

static void a_subject_is_transformed_before_anything_else(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(
        w, "{\"name\":\"S\",\"subjects\":[\"a.*\",\"b\"],"
           "\"subject_transform\":{\"src\":\"a.*\",\"dest\":\"x.{{wildcard(1)}}\"}}");
    (void)streams_publish(w, "a.1", NULL, "x");
    (void)streams_publish(w, "b", NULL, "x");
    struct msgs_subject found;
    assert_true(msgs_subject(s->msgs, SLICE_LIT("x.1"), &found));
    assert_true(msgs_subject(s->msgs, SLICE_LIT("b"), &found));
    assert_false(msgs_subject(s->msgs, SLICE_LIT("a.1"), &found));
    streams_world_free(w);
}

/* An ack whose reply is a subject of the stream comes in while it is sent. */
static void an_ack_may_come_back_as_a_message(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    (void)streams_say(w, "PUB a.b a.ack.1 1\r\nx\r\nPUB a.b a.ack.2 1\r\ny\r\n");
    assert_int_equal(streams_state(s).messages, 4);
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 4, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.subject, "a.ack.2"));
    assert_true(slice_equal_str(load.msg.payload, "{\"stream\":\"S\",\"seq\":2}"));
    streams_world_free(w);
}

struct counted_wait {
    struct stream_wait    wait;
    struct streams_world *world;
    uint64_t              applied_at; /* commands that were applied when it was called */
    struct stream        *stream;
};

static void counted(struct stream_wait *wait, bool is_gone)
{
    struct counted_wait *c = container_of(wait, struct counted_wait, wait);
    c->world->ends++;
    c->world->ends_gone += is_gone;
}

static void who_waits_is_called_when_all_is_applied(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    struct counted_wait a = { .wait.done = counted, .world = w }, b = a, c = a;
    stream_wait_cancel(&a.wait);
    stream_after(s, &a.wait);
    stream_after(s, &b.wait);
    stream_after(s, &c.wait);
    stream_wait_cancel(&b.wait);
    assert_int_equal(w->ends, 0);
    streams_run(w);
    assert_int_equal(w->ends, 2);
    assert_int_equal(w->ends_gone, 0);
    streams_world_free(w);
}

static void a_stream_that_only_takes_messages_has_no_turn(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    uint64_t runs = s->consumers->runs;
    assert_string_equal(streams_publish(w, "a", NULL, "x"), "{\"stream\":\"S\",\"seq\":1}");
    assert_int_equal(s->consumers->runs, runs);
    s->consumers->is_busy = true;
    assert_string_equal(streams_publish(w, "a", NULL, "x"), "{\"stream\":\"S\",\"seq\":2}");
    assert_true(s->consumers->runs > runs);
    streams_world_free(w);
}

static void a_deleted_stream_ends_when_that_is_applied(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    struct counted_wait a = { .wait.done = counted, .world = w };
    struct js_error error;
    (void)streams_publish(w, "a", NULL, "x");
    assert_true(stream_delete(s, &error));
    stream_after(s, &a.wait);
    assert_int_equal(w->account.streams_count, 1);
    assert_non_null(strstr(streams_say(w, "PUB a re.y 1\r\nx\r\n"), "503"));
    assert_int_equal(w->account.streams_count, 0);
    assert_int_equal(w->account.memory_used, 0);
    assert_int_equal(w->ends, 1);
    assert_int_equal(w->ends_gone, 0);
    streams_world_free(w);
}

static void a_stream_that_fails_tells_those_who_wait(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    struct counted_wait a = { .wait.done = counted, .world = w };
    stream_after(s, &a.wait);
    a.wait.upto = UINT64_MAX;           /* what never becomes durable */
    stream_fail(s, ERR_IO);
    streams_run(w);
    assert_int_equal(w->ends_gone, 1);
    assert_non_null(strstr(streams_publish(w, "a", NULL, "x"), "\"err_code\":10077,"));
    assert_int_equal(streams_state(s).messages, 0);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_message_is_stored_and_acked),
        cmocka_unit_test(the_ack_names_the_domain),
        cmocka_unit_test(a_stream_without_acks_is_silent),
        cmocka_unit_test(a_stream_begins_where_it_is_told),
        cmocka_unit_test(an_update_moves_subjects),
        cmocka_unit_test(a_subject_is_transformed_before_anything_else),
        cmocka_unit_test(an_ack_may_come_back_as_a_message),
        cmocka_unit_test(who_waits_is_called_when_all_is_applied),
        cmocka_unit_test(a_stream_that_only_takes_messages_has_no_turn),
        cmocka_unit_test(a_deleted_stream_ends_when_that_is_applied),
        cmocka_unit_test(a_stream_that_fails_tells_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
