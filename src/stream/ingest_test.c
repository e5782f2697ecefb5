/* SPDX-License-Identifier: Apache-2.0 */
/* What publishers are told, as nats-server 2.15.2 tells them. */
#include "stream/stream_testing.h"

static const char *error_text(struct streams_world *w, unsigned code, unsigned err_code,
                              const char *description)
{
    struct buf b = { 0 };
    buf_printf(&b,
               "{\"error\":{\"code\":%u,\"err_code\":%u,\"description\":\"%s\"},"
               "\"stream\":\"S\",\"seq\":0}",
               code, err_code, description);
    w->world->taken.len = 0;            /* borrowed: it is what a client was sent last */
    buf_add(&w->world->taken, buf_slice(&b));
    buf_deinit(&b);
    return buf_str(&w->world->taken);
}

static void assert_refused(struct streams_world *w, const char *header, unsigned code,
                           unsigned err_code, const char *description)
{
    char *said = xstrdup(streams_publish(w, "a.b", header, "x"));
    assert_string_equal(said, error_text(w, code, err_code, description));
    xfree(said);
}

static void assert_acked(struct streams_world *w, const char *header, uint64_t sequence)
{
    char want[64];
    snprintf(want, sizeof want, "{\"stream\":\"S\",\"seq\":%llu}", (unsigned long long)sequence);
    assert_string_equal(streams_publish(w, "a.b", header, "x"), want);
}

#define NAME "{\"name\":\"S\",\"subjects\":[\"a.>\"]"

static void the_expected_stream_must_be_this_one(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    assert_refused(w, "Nats-Expected-Stream: T\r\n", 400, 10060, "expected stream does not match");
    assert_acked(w, "Nats-Expected-Stream: S\r\n", 1);
    streams_world_free(w);
}

static void the_expected_last_sequence_must_be_the_last(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    assert_acked(w, "Nats-Expected-Last-Sequence: 0\r\n", 1);
    assert_refused(w, "Nats-Expected-Last-Sequence: 0\r\n", 400, 10071, "wrong last sequence: 1");
    assert_refused(w, "Nats-Expected-Last-Sequence: one\r\n", 400, 10071, "wrong last sequence: 1");
    assert_acked(w, "Nats-Expected-Last-Sequence: 1\r\n", 2);
    streams_world_free(w);
}

static void the_expected_sequence_of_a_subject_must_be_its_last(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    (void)streams_publish(w, "a.x", NULL, "x");
    assert_acked(w, "Nats-Expected-Last-Subject-Sequence: 0\r\n", 2);
    assert_refused(w, "Nats-Expected-Last-Subject-Sequence: 0\r\n", 400, 10071,
                   "wrong last sequence: 2");
    assert_acked(w, "Nats-Expected-Last-Subject-Sequence: 2\r\n", 3);
    assert_acked(w,
                 "Nats-Expected-Last-Subject-Sequence: 1\r\n"
                 "Nats-Expected-Last-Subject-Sequence-Subject: a.x\r\n",
                 4);
    assert_acked(w,
                 "Nats-Expected-Last-Subject-Sequence: 4\r\n"
                 "Nats-Expected-Last-Subject-Sequence-Subject: a.*\r\n",
                 5);
    assert_refused(w, "Nats-Expected-Last-Subject-Sequence-Subject: a.x\r\n", 400, 10193,
                   "missing sequence for expected last sequence per subject");
    streams_world_free(w);
}

/* Two that come together: the second is checked against what the first will be. */
/* Far below the end: what is on its way has room, too. */
static void where_no_sequence_is_left_nothing_is_stored(void **state)
{
    (void)state;
    static const char *const firsts[] = { "9223372036854775806", "9223372036854775807",
                                          "9223372036854775808", "18446744073709551615" };
    for (size_t i = 0; i < ARRAY_COUNT(firsts); i++) {
        char json[128];
        struct streams_world *w = streams_world_new(1);
        snprintf(json, sizeof json, NAME ",\"first_seq\":%s}", firsts[i]);
        struct stream *s = streams_make(w, json);
        assert_refused(w, NULL, 503, 10077, "no sequence is left");
        assert_int_equal(streams_state(s).messages, 0);
        streams_world_free(w);
    }
}

static void what_is_in_flight_counts(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME ",\"max_msgs\":1000}");
    struct buf b = { 0 };
    for (int i = 0; i < 2; i++)
        buf_add_str(&b, "HPUB a.b re.1 51 51\r\nNATS/1.0\r\n"
                        "Nats-Expected-Last-Subject-Sequence:0\r\n\r\n\r\n"
                        "HPUB a.c re.2 29 29\r\nNATS/1.0\r\nNats-Msg-Id: 12\r\n\r\n\r\n");
    const char *out = streams_say(w, buf_str(&b));
    static const char *const wants[] = { "{\"stream\":\"S\",\"seq\":1}",
                                         "{\"stream\":\"S\",\"seq\":2}", "wrong last sequence: 1",
                                         "{\"stream\":\"S\",\"seq\":2,\"duplicate\": true}" };
    for (size_t i = 0; i < ARRAY_COUNT(wants); i++) {
        out = strstr(out, wants[i]);    /* in this order */
        assert_non_null(out);
        out += strlen(wants[i]);
    }
    buf_deinit(&b);
    streams_world_free(w);
}

static void an_id_is_taken_once_in_the_window(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME "}");
    assert_acked(w, "Nats-Msg-Id: one\r\n", 1);
    assert_acked(w, "Nats-Msg-Id: two\r\n", 2);
    assert_string_equal(streams_publish(w, "a.other", "Nats-Msg-Id: one\r\n", "x"),
                        "{\"stream\":\"S\",\"seq\":1,\"duplicate\": true}");
    streams_wait(w, 2 * MINUTE + SECOND);
    assert_acked(w, "Nats-Msg-Id: one\r\n", 3);
    assert_string_equal(streams_publish(w, "a.b", "Nats-Msg-Id: one\r\n", "x"),
                        "{\"stream\":\"S\",\"seq\":3,\"duplicate\": true}");
    assert_int_equal(dedupe_count(s->dedupe), 1);
    streams_world_free(w);
}

static void the_expected_last_id_must_be_the_last(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    assert_acked(w, "Nats-Msg-Id: one\r\n", 1);
    assert_acked(w, "Nats-Expected-Last-Msg-Id: one\r\nNats-Msg-Id: two\r\n", 2);
    assert_refused(w, "Nats-Expected-Last-Msg-Id: one\r\n", 400, 10070, "wrong last msg ID: two");
    assert_acked(w, NULL, 3);
    assert_refused(w, "Nats-Expected-Last-Msg-Id: two\r\n", 400, 10070, "wrong last msg ID: ");
    streams_world_free(w);
}

static void a_rollup_needs_leave_and_a_known_word(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME "}");
    assert_refused(w, "Nats-Rollup: sub\r\n", 500, 10111, "rollup not permitted");
    streams_make(w, NAME ",\"allow_rollup_hdrs\":true}");
    assert_refused(w, "Nats-Rollup: some\r\n", 500, 10111, "rollup value invalid: \\\"some\\\"");
    for (int i = 0; i < 3; i++) (void)streams_publish(w, "a.b", NULL, "x");
    (void)streams_publish(w, "a.c", NULL, "x");
    assert_acked(w, "Nats-Rollup: SUB\r\n", 5);
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(streams_state(s).first_sequence, 4);
    assert_acked(w, "Nats-Rollup: all\r\n", 6);
    assert_int_equal(streams_state(s).messages, 1);
    streams_world_free(w);
}

static void ttl_needs_leave_and_a_known_text(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    assert_refused(w, "Nats-TTL: 5s\r\n", 400, 10166, "per-message TTL is disabled");
    streams_make(w, NAME ",\"allow_msg_ttl\":true}");
    assert_refused(w, "Nats-TTL: soon\r\n", 400, 10165, "invalid per-message TTL");
    assert_acked(w, "Nats-TTL: 5s\r\n", 1);
    streams_world_free(w);
}

static void sizes_are_limited(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME ",\"max_msg_size\":4}");
    assert_string_equal(streams_publish(w, "a.b", NULL, "1234"), "{\"stream\":\"S\",\"seq\":1}");
    char *said = xstrdup(streams_publish(w, "a.b", NULL, "12345"));
    assert_string_equal(said, error_text(w, 400, 10054, "message size exceeds maximum allowed"));
    xfree(said);
    assert_refused(w, "Nats-TTL: soon\r\n", 400, 10054, "message size exceeds maximum allowed");
    streams_world_free(w);
}

static void account_and_server_have_limits(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    w->account.limits.memory_max = 30;
    assert_acked(w, NULL, 1);           /* 20 bytes */
    assert_refused(w, NULL, 400, 10002, "resource limits exceeded for account");
    w->js.limits.memory_max = 10;
    w->js.memory_used = 11;
    assert_refused(w, NULL, 503, 10023, "insufficient resources");
    streams_world_free(w);
}

static void a_sealed_stream_takes_nothing(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME ",\"sealed\":true}");
    assert_refused(w, NULL, 400, 10109, "invalid operation on sealed stream");
    streams_world_free(w);
}

static void discard_new_refuses_what_is_too_much(void **state)
{
    (void)state;
    static const struct {
        const char *config, *text;
    } cases[] = {
        { ",\"discard\":\"new\",\"max_msgs\":2}", "maximum messages exceeded" },
        { ",\"discard\":\"new\",\"max_bytes\":45}", "maximum bytes exceeded" },
        { ",\"discard\":\"new\",\"max_msgs_per_subject\":2,\"discard_new_per_subject\":true}",
          "maximum messages per subject exceeded" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        char json[256];
        snprintf(json, sizeof json, NAME "%s", cases[i].config);
        struct stream *s = streams_make(w, json);
        assert_acked(w, NULL, 1);
        assert_acked(w, NULL, 2);
        assert_refused(w, NULL, 503, 10077, cases[i].text);
        assert_int_equal(streams_state(s).messages, 2);
        streams_world_free(w);
    }
}

static void a_rollup_fits_a_full_subject(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(
        w, NAME ",\"allow_rollup_hdrs\":true,\"discard\":\"new\",\"max_msgs_per_subject\":1,"
                "\"discard_new_per_subject\":true}");
    assert_acked(w, NULL, 1);
    assert_refused(w, NULL, 503, 10077, "maximum messages per subject exceeded");
    assert_acked(w, "Nats-Rollup: sub\r\n", 2);
    assert_int_equal(streams_state(s).messages, 1);
    streams_world_free(w);
}

static void a_message_that_replaces_another_fits_a_full_stream(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(
        w, NAME ",\"discard\":\"new\",\"max_msgs\":2,\"max_msgs_per_subject\":1}");
    assert_acked(w, NULL, 1);
    (void)streams_publish(w, "a.c", NULL, "x");
    assert_acked(w, NULL, 3);
    assert_int_equal(streams_state(s).messages, 2);
    assert_non_null(strstr(streams_publish(w, "a.d", NULL, "x"), "maximum messages exceeded"));
    streams_world_free(w);
}

static void without_interest_a_sequence_is_given_and_nothing_stored(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME ",\"retention\":\"interest\"}");
    assert_acked(w, "Nats-Msg-Id: one\r\n", 1);
    assert_int_equal(streams_state(s).messages, 0);
    assert_int_equal(streams_state(s).last_sequence, 1);
    assert_int_equal(streams_state(s).first_sequence, 2);
    assert_string_equal(streams_publish(w, "a.b", "Nats-Msg-Id: one\r\n", "x"),
                        "{\"stream\":\"S\",\"seq\":1,\"duplicate\": true}");
    s->consumers->wants = true;
    assert_acked(w, NULL, 2);
    assert_int_equal(streams_state(s).messages, 1);
    streams_world_free(w);
}

static void a_source_is_not_for_clients_to_name(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, NAME "}");
    assert_refused(w, "Nats-Stream-Source: T 1\r\n", 400, 10227,
                   "message stream source header is not allowed");
    streams_world_free(w);
}

static void what_only_the_way_needed_is_not_stored(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, NAME "}");
    struct msgs_load load;
    assert_acked(w, "Nats-Request-Info: {}\r\nKeep: me\r\n", 1);
    assert_int_equal(msgs_load(s->msgs, 1, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nKeep: me\r\n\r\n"));
    (void)streams_say(w, "HPUB a.b 24 24\r\nNATS/1.0 100 x\r\nA: b\r\n\r\n\r\n");
    assert_int_equal(msgs_load(s->msgs, 2, 0, &load), ERR_OK);
    assert_true(slice_equal_str(load.msg.header, "NATS/1.0\r\nA: b\r\n\r\n"));
    streams_world_free(w);
}

static void too_much_in_flight_is_refused(void **state)
{
    (void)state;
    struct options *options = options_new();
    options->jetstream.buffered_msgs_max = 2;
    struct streams_world *w = streams_world_new(1);
    w->js.options = options;
    streams_make(w, NAME "}");
    const char *out = streams_say(w, "PUB a.b re.1 0\r\n\r\nPUB a.b re.2 0\r\n\r\n"
                                     "PUB a.b re.3 0\r\n\r\n");
    assert_non_null(strstr(out, "\"seq\":1}"));
    assert_non_null(strstr(out, "\"seq\":2}"));
    assert_null(strstr(out, "\"seq\":3}"));
    const char *busy = strstr(out, "NATS/1.0 429 Too Many Requests\r\n\r\n{\"error\"");
    assert_non_null(busy);
    assert_non_null(strstr(busy, "10167"));
    streams_wait(w, SECOND);            /* the publisher was held for a moment */
    assert_acked(w, NULL, 3);
    streams_world_free(w);
    options_free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_expected_stream_must_be_this_one),
        cmocka_unit_test(the_expected_last_sequence_must_be_the_last),
        cmocka_unit_test(the_expected_sequence_of_a_subject_must_be_its_last),
        cmocka_unit_test(where_no_sequence_is_left_nothing_is_stored),
        cmocka_unit_test(what_is_in_flight_counts),
        cmocka_unit_test(an_id_is_taken_once_in_the_window),
        cmocka_unit_test(the_expected_last_id_must_be_the_last),
        cmocka_unit_test(a_rollup_needs_leave_and_a_known_word),
        cmocka_unit_test(ttl_needs_leave_and_a_known_text),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(account_and_server_have_limits),
        cmocka_unit_test(a_sealed_stream_takes_nothing),
        cmocka_unit_test(discard_new_refuses_what_is_too_much),
        cmocka_unit_test(a_rollup_fits_a_full_subject),
        cmocka_unit_test(a_message_that_replaces_another_fits_a_full_stream),
        cmocka_unit_test(without_interest_a_sequence_is_given_and_nothing_stored),
        cmocka_unit_test(a_source_is_not_for_clients_to_name),
        cmocka_unit_test(what_only_the_way_needed_is_not_stored),
        cmocka_unit_test(too_much_in_flight_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
