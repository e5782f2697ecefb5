/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batch_testing.h"

static void assert_told(const char *out, const char *const *wants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(out, wants[i]);
        if (at == NULL) {
            fail_msg("no %s in %s", wants[i], out);
            return;
        }
        out = at + strlen(wants[i]);
    }
    assert_null(strstr(out, "{"));
}
#define TOLD(out, ...)                                               \
    do {                                                             \
        static const char *const wants[] = { __VA_ARGS__ };          \
        assert_told(out, wants, ARRAY_COUNT(wants));                 \
    } while (0)

static void acks_come_in_steps_and_one_at_the_end(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, FAST_STREAM "}");
    TOLD(fast_say(w, "id.2.fail.1.0", "a.1", "x"), "{\"type\":\"ack\",\"seq\":0,\"msgs\":2}");
    TOLD(fast_say(w, "id.2.fail.2.1", "a.1", "x"), "{\"type\":\"ack\",\"seq\":2,\"msgs\":2}");
    assert_string_equal(fast_say(w, "id.2.fail.3.1", "a.1", "x"), "");
    TOLD(fast_say(w, "id.2.fail.4.2", "a.1", "x"),
         "{\"stream\":\"S\",\"seq\":4,\"batch\":\"id\",\"count\":4}");
    assert_int_equal(streams_state(s).messages, 4);
    assert_int_equal(w->js.batches_open[BATCH_FAST], 0);
    streams_world_free(w);
}

static void the_end_may_be_a_message_that_is_not_stored(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, FAST_STREAM "}");
    (void)fast_say(w, "id.10.fail.1.0", "a.1", "x");
    (void)fast_say(w, "id.10.fail.2.1", "a.1", "x");
    TOLD(fast_say(w, "id.10.fail.3.3", "a.1", ""),
         "{\"stream\":\"S\",\"seq\":2,\"batch\":\"id\",\"count\":2}");
    assert_int_equal(streams_state(s).messages, 2);
    streams_world_free(w);
}

static void a_gap_ends_it_or_not_as_it_says(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, FAST_STREAM "}");
    (void)fast_say(w, "id.10.fail.1.0", "a.1", "x");
    TOLD(fast_say(w, "id.10.fail.4.1", "a.1", "x"), "{\"type\":\"gap\",\"last_seq\":2,\"seq\":4}",
         "{\"stream\":\"S\",\"seq\":1,\"batch\":\"id\",\"count\":1}");
    (void)fast_say(w, "ok.10.ok.1.0", "a.1", "x");
    TOLD(fast_say(w, "ok.10.ok.4.1", "a.1", "x"), "{\"type\":\"gap\",\"last_seq\":2,\"seq\":4}");
    TOLD(fast_say(w, "ok.10.ok.5.2", "a.1", "x"),
         "{\"stream\":\"S\",\"seq\":4,\"batch\":\"ok\",\"count\":5}");
    assert_int_equal(streams_state(s).messages, 4);
    streams_world_free(w);
}

/* The message before it is in flight: the end is told to who has brought it about. */
static void an_end_that_waits_is_told_to_the_last_reply(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, FAST_STREAM "}");
    const char *out = streams_say(w, "PUB a.1 re.id.10.fail.1.0.$FI 1\r\nx\r\n"
                                     "PUB a.1 re.id.10.fail.3.1.$FI 1\r\nx\r\n");
    assert_non_null(strstr(out, "MSG re.id.10.fail.3.1.$FI 1 45\r\n"
                                "{\"stream\":\"S\",\"seq\":1,\"batch\":\"id\",\"count\":1}"));
    streams_world_free(w);
}

static void a_ping_is_answered_with_how_far_it_is(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, FAST_STREAM "}");
    (void)fast_say(w, "id.10.ok.1.0", "a.1", "x");
    TOLD(fast_say(w, "id.10.ok.1.4", "a.1", ""), "{\"type\":\"ack\",\"seq\":0,\"msgs\":10}");
    TOLD(fast_say(w, "id.10.ok.3.4", "a.1", ""), "{\"type\":\"gap\",\"last_seq\":2,\"seq\":4}",
         "{\"type\":\"ack\",\"seq\":0,\"msgs\":10}");
    streams_world_free(w);
}

static void errors_are_told_and_end_it_or_not(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, FAST_STREAM ",\"discard\":\"new\",\"max_msgs\":1}");
    (void)fast_say(w, "id.10.ok.1.0", "a.1", "x");
    const char *out = fast_say(w, "id.10.ok.2.1", "a.1", "x");
    assert_non_null(strstr(out, "{\"type\":\"err\",\"seq\":2,\"error\":{"));
    TOLD(fast_say(w, "id.10.ok.3.3", "a.1", ""),
         "{\"stream\":\"S\",\"seq\":1,\"batch\":\"id\",\"count\":2}");
    out = fast_say(w, "first.10.fail.1.0", "a.1", "x");
    assert_non_null(strstr(out, "\"err_code\":10077"));
    assert_int_equal(w->js.batches_open[BATCH_FAST], 0);
    streams_world_free(w);
}

static void what_is_no_batch_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *want;
    } cases[] = {
        { "id.10.fail.2.1", "10208" },
        { "id.10.maybe.1.0", "10206" },
        { "0123456789012345678901234567890123456789012345678901234567890123x.1.ok.1.0", "10207" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        streams_make(w, FAST_STREAM "}");
        assert_non_null(strstr(fast_say(w, cases[i].reply, "a.1", "x"), cases[i].want));
        streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
        assert_non_null(strstr(fast_say(w, cases[i].reply, "a.1", "x"), "10205"));
        streams_world_free(w);
    }
}

static void several_share_what_may_be_on_its_way(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, FAST_STREAM "}");
    TOLD(fast_say(w, "one.9999.fail.1.0", "a.1", "x"), "{\"type\":\"ack\",\"seq\":0,\"msgs\":500}");
    TOLD(fast_say(w, "two.9999.fail.1.0", "a.1", "x"), "{\"type\":\"ack\",\"seq\":0,\"msgs\":1}",
         "{\"type\":\"ack\",\"seq\":1,\"msgs\":2}");
    assert_string_equal(fast_say(w, "two.9999.fail.2.1", "a.1", "x"), "");
    TOLD(fast_say(w, "two.9999.fail.3.1", "a.1", "x"), "{\"type\":\"ack\",\"seq\":3,\"msgs\":4}");
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acks_come_in_steps_and_one_at_the_end),
        cmocka_unit_test(the_end_may_be_a_message_that_is_not_stored),
        cmocka_unit_test(a_gap_ends_it_or_not_as_it_says),
        cmocka_unit_test(an_end_that_waits_is_told_to_the_last_reply),
        cmocka_unit_test(a_ping_is_answered_with_how_far_it_is),
        cmocka_unit_test(errors_are_told_and_end_it_or_not),
        cmocka_unit_test(what_is_no_batch_is_refused),
        cmocka_unit_test(several_share_what_may_be_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
