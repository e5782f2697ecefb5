/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batch_testing.h"

#define COMMIT "Nats-Batch-Commit: 1\r\n"
#define END    "Nats-Batch-Commit: eob\r\n"

static void all_are_stored_when_the_last_one_comes(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM "}");
    assert_string_equal(batch_say(w, "id", 1, NULL, "a.1"), "");
    assert_string_equal(batch_say(w, "id", 2, NULL, "a.2"), "");
    assert_int_equal(streams_state(s).messages, 0);
    assert_string_equal(batch_say(w, "id", 3, COMMIT, "a.3"),
                        "{\"stream\":\"S\",\"seq\":3,\"batch\":\"id\",\"count\":3}");
    assert_int_equal(streams_state(s).messages, 3);
    assert_int_equal(s->consumers->stored, 3);
    assert_int_equal(batches_bytes(s), 0);
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 2, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.subject, "a.2"));
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nNats-Batch-Id: id\r\n"
                                                 "Nats-Batch-Sequence: 2\r\n\r\n"));
    streams_world_free(w);
}

static void a_message_that_is_put_aside_gets_an_empty_ack(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, BATCH_STREAM "}");
    assert_string_equal(streams_say(w, "HPUB a.1 re.1 54 55\r\nNATS/1.0\r\nNats-Batch-Id: b\r\n"
                                       "Nats-Batch-Sequence: 1\r\n\r\nx\r\n"),
                        "MSG re.1 1 0\r\n\r\n");
    streams_world_free(w);
}

static void the_end_may_be_a_message_of_its_own(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM "}");
    (void)batch_say(w, "id", 1, NULL, "a.1");
    (void)batch_say(w, "id", 2, NULL, "a.2");
    assert_string_equal(batch_say(w, "id", 3, END, "a.3"),
                        "{\"stream\":\"S\",\"seq\":2,\"batch\":\"id\",\"count\":2}");
    struct msgs_load load;
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(msgs_load(s->msgs, 2, 0, &load), ERR_OK);
    assert_true(slice_holds(load.msg.header, "Nats-Batch-Commit: 1\r\n"));
    streams_world_free(w);
}

static void what_does_not_fit_a_batch_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *id, *more, *want;
        unsigned    number;
    } cases[] = {
        { "id", NULL, "10176", 2 },
        { "id", "Nats-Batch-Commit: yes\r\n", "10200", 1 },
        { "id", END, "10176", 1 },
        { "0123456789012345678901234567890123456789012345678901234567890123x", NULL, "10179", 1 },
        { "id", "Nats-Required-Api-Level: 99\r\n", "10185", 1 },
        { "id", NULL, "10199", 5000 },
        { "id", END, "10199", 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        struct stream *s = streams_make(w, BATCH_STREAM "}");
        const char *said = batch_say(w, cases[i].id, cases[i].number, cases[i].more, "a.1");
        assert_non_null(strstr(said, cases[i].want));
        assert_int_equal(streams_state(s).messages, 0);
        assert_int_equal(w->js.batches_open[BATCH_ATOMIC], 0);
        streams_world_free(w);
    }
}

static void a_batch_needs_leave_and_a_number(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    assert_non_null(strstr(batch_say(w, "id", 1, NULL, "a.1"), "10174"));
    streams_make(w, BATCH_STREAM "}");
    assert_non_null(strstr(streams_publish(w, "a.1", "Nats-Batch-Id: id\r\n", "x"), "10175"));
    streams_world_free(w);
}

static void one_that_is_refused_undoes_all(void **state)
{
    (void)state;
    static const struct {
        const char *more, *want;
    } cases[] = {
        { "Nats-Expected-Last-Subject-Sequence: 7\r\n" COMMIT, "wrong last sequence: 2" },
        { "Nats-Expected-Last-Subject-Sequence: 0\r\n"
          "Nats-Expected-Last-Subject-Sequence-Subject: a.1\r\n" COMMIT,
          "10164" },
        { "Nats-Expected-Last-Sequence: 3\r\n" COMMIT, "10164" },
        { "Nats-Expected-Last-Sequence: 9\r\n" COMMIT, "wrong last sequence: 3" },
        { "Nats-Expected-Last-Msg-Id: x\r\n" COMMIT, "10177" },
        { "Nats-Msg-Id: first\r\n" COMMIT, "10201" },
        { "Nats-Msg-Id: old\r\n" COMMIT, "10201" },
        { "Nats-Rollup: all\r\n" COMMIT, "batch rollup all invalid" },
        { "Nats-Expected-Stream: T\r\n" COMMIT, "10060" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        struct stream *s = streams_make(w, BATCH_STREAM ",\"allow_rollup_hdrs\":true}");
        (void)streams_publish(w, "a.0", "Nats-Msg-Id: old\r\n", "x");
        (void)streams_publish(w, "a.2", NULL, "x");
        (void)batch_say(w, "id", 1, "Nats-Msg-Id: first\r\n", "a.1");
        const char *said = batch_say(w, "id", 2, cases[i].more, "a.2");
        assert_non_null(strstr(said, cases[i].want));
        assert_int_equal(streams_state(s).messages, 2);
        assert_int_equal(s->last_proposed, 2);
        assert_string_equal(streams_publish(w, "a.1", "Nats-Msg-Id: first\r\n", "x"),
                            "{\"stream\":\"S\",\"seq\":3}");
        streams_world_free(w);
    }
}

static void counters_of_a_batch_add_up(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM ",\"allow_msg_counter\":true}");
    for (unsigned i = 1; i <= 3; i++) {
        char header[256];
        snprintf(header, sizeof header,
                 "Nats-Batch-Id: id\r\nNats-Batch-Sequence: %u\r\nNats-Incr: 5\r\n%s", i,
                 i == 3 ? COMMIT : "");
        (void)streams_publish(w, "a.1", header, "");
    }
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, 3, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.payload, "{\"val\":\"15\"}"));
    streams_world_free(w);
}

/* What stands before a message in its batch takes nothing away from it: nothing waits for that. */
static void a_batch_is_checked_against_what_was_before_it(void **state)
{
    (void)state;
    static const struct {
        const char *first, *more;
    } cases[] = {
        { "a.1", "Nats-Expected-Last-Subject-Sequence: 2\r\n" },
        { "a.1", "Nats-Expected-Last-Subject-Sequence: 2\r\n"
                 "Nats-Expected-Last-Subject-Sequence-Subject: a.*\r\n" },
        { "a.1", "Nats-Schedule-Next: purge\r\nNats-Scheduler: b.1\r\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char more[256];
        struct streams_world *w = streams_world_new(1);
        struct stream *s = streams_make(
            w, "{\"name\":\"S\",\"subjects\":[\"a.*\",\"b.*\"],\"allow_atomic\":true,"
               "\"allow_msg_schedules\":true,\"max_msgs\":2}");
        (void)streams_publish(w, "a.1", NULL, "x");
        (void)streams_publish(w, "a.2", NULL, "x");
        (void)batch_say(w, "id", 1, NULL, cases[i].first);
        snprintf(more, sizeof more, "%s" COMMIT, cases[i].more);
        assert_string_equal(batch_say(w, "id", 2, more, "a.2"),
                            "{\"stream\":\"S\",\"seq\":4,\"batch\":\"id\",\"count\":2}");
        assert_int_equal(s->held.count, 0);
        streams_world_free(w);
    }
}

/* Says one message of a million bytes. */
static const char *say_million(struct streams_world *w, unsigned number)
{
    enum { MILLION = 1000000 };
    char header[80];
    char *payload = xalloc(MILLION + 1);
    memset(payload, 'x', MILLION);
    payload[MILLION] = '\0';
    snprintf(header, sizeof header, "Nats-Batch-Id: id\r\nNats-Batch-Sequence: %u\r\n", number);
    const char *said = streams_publish(w, "a.1", header, payload);
    xfree(payload);
    return said;
}

static void a_batch_of_too_many_bytes_is_refused_and_the_log_says_why(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM "}");
    for (unsigned i = 1; i <= 67; i++) assert_string_equal(say_million(w, i), "");
    assert_string_equal(
        say_million(w, 68),
        "{\"error\":{\"code\":400,\"err_code\":10199,\"description\":\"atomic publish "
        "batch is too large: 1000\"},\"stream\":\"S\",\"seq\":0}");
    assert_non_null(strstr(buf_str(&w->world->logged),
                           "JetStream: an atomic batch of stream '$G > S' has more than 64 MB and "
                           "is given up\n"));
    assert_int_equal(batches_bytes(s), 0);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_stored_when_the_last_one_comes),
        cmocka_unit_test(a_message_that_is_put_aside_gets_an_empty_ack),
        cmocka_unit_test(the_end_may_be_a_message_of_its_own),
        cmocka_unit_test(what_does_not_fit_a_batch_is_refused),
        cmocka_unit_test(a_batch_needs_leave_and_a_number),
        cmocka_unit_test(one_that_is_refused_undoes_all),
        cmocka_unit_test(counters_of_a_batch_add_up),
        cmocka_unit_test(a_batch_is_checked_against_what_was_before_it),
        cmocka_unit_test(a_batch_of_too_many_bytes_is_refused_and_the_log_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
