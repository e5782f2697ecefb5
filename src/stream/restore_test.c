/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/restore.h"

#include "stream/stream_restore.h"
#include "stream/transfer_testing.h"

#define S_CONFIG "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\"}"
#define EMPTY_STATE "{\"messages\":0,\"consumer_count\":0}"
#define ERROR(code, number, text) \
    ",\"error\":{\"code\":" code ",\"err_code\":" number ",\"description\":\"" text "\"}"
#define CREATED "{\"type\":\"io.nats.jetstream.api.v1.stream_create_response\""

static struct js_world *world_with_stream(void)
{
    struct js_world *w = js_world_new(2, NULL);
    (void)js_call(w, "STREAM.CREATE.S", S_CONFIG);
    for (uint32_t i = 0; i < 50; i++) {
        char body[16], header[32];
        (void)snprintf(body, sizeof body, "body %u", i);
        (void)snprintf(header, sizeof header, "Nats-Msg-Id: id%u\r\n", i);
        (void)js_put(w, i % 2 ? "s.a" : "s.b", i % 3 ? NULL : header, body);
    }
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":1}");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":30}");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":50}");
    (void)js_call(w, "CONSUMER.CREATE.S.C",
                  "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"durable_name\":\"C\","
                  "\"ack_policy\":\"explicit\"}}");
    return w;
}

static void restore_over(struct js_world *w)
{
    js_world_run(w);
    assert_null(w->js.restores);
    assert_null(w->js.hidden);
    assert_int_equal(w->js.restores_count, 0);
}

/* The part of a stream's info that a restore brings back. */
static void state_of(struct js_world *w, char ret[512])
{
    const char *info = js_call(w, "STREAM.INFO.S", "{\"deleted_details\":true}");
    const char *at = strstr(info, "\"state\":");
    assert_non_null(at);
    (void)snprintf(ret, 512, "%.*s", (int)strcspn(at, "}"), at);
}

static void what_was_saved_comes_back(void **state)
{
    (void)state;
    struct js_world *w = world_with_stream();
    struct buf bytes = { 0 };
    char before[512], after[512];
    state_of(w, before);
    (void)transfer_backup(w, "S", "{\"deliver_subject\":\"bk\"}", &bytes);
    (void)js_call(w, "STREAM.DELETE.S", "");
    for (uint32_t cut = 7; cut < 100000; cut *= 19) {
        const char *subject = transfer_begin(w, "S", S_CONFIG);
        assert_starts(subject, "$JS.SNAPSHOT.RESTORE.S.");
        const char *answer = transfer_send(w, subject, buf_slice(&bytes), cut);
        assert_starts(answer, CREATED ",\"config\":{\"name\":\"S\",\"subjects\":[\"s.\\u003e\"]");
        restore_over(w);
        state_of(w, after);
        assert_string_equal(after, before);
        assert_has(js_call(w, "STREAM.MSG.GET.S", "{\"seq\":2}"), "\"data\":\"Ym9keSAx\"");
        assert_has(js_call(w, "STREAM.MSG.GET.S", "{\"seq\":4}"),
                   "\"hdrs\":\"TkFUUy8xLjANCk5hdHMtTXNnLUlkOiBpZDMNCg0K\"");
        assert_has(js_call(w, "CONSUMER.INFO.S.C", ""), "\"num_pending\":47,");
        const char *out = js_put(w, "s.a", NULL, "one more");
        assert_has(js_next(w, &out), "{\"stream\":\"S\",\"seq\":51}");
        (void)js_call(w, "STREAM.DELETE.S", "");
    }
    buf_deinit(&bytes);
    js_world_free(w);
}

static void ids_are_remembered(void **state)
{
    (void)state;
    struct js_world *w = world_with_stream();
    struct buf bytes = { 0 };
    (void)transfer_backup(w, "S", "{\"deliver_subject\":\"bk\"}", &bytes);
    (void)js_call(w, "STREAM.DELETE.S", "");
    (void)transfer_send(w, transfer_begin(w, "S", S_CONFIG), buf_slice(&bytes), 100);
    const char *out = js_put(w, "s.a", "Nats-Msg-Id: id45\r\n", "again");
    assert_has(js_next(w, &out), "{\"stream\":\"S\",\"seq\":46,\"duplicate\": true}");
    buf_deinit(&bytes);
    js_world_free(w);
}

/* What is in `plain` is sent, and this is said in the end; nothing is left. */
static void assert_refused(struct js_world *w, struct buf *plain, const char *error)
{
    struct buf bytes = { 0 };
    uint64_t used = w->js.memory_used;
    archive_close(plain, true, &bytes);
    const char *subject = transfer_begin(w, "S", S_CONFIG);
    const char *answer = transfer_send(w, subject, buf_slice(&bytes), 50);
    assert_starts(answer, CREATED);
    assert_has(answer, error);
    restore_over(w);
    assert_int_equal(w->js.memory_used, used);
    buf_deinit(&bytes);
}

static void of_a_broken_archive_nothing_is_left(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    archive_put(&plain, "s.a", 1, 1, "a message");
    archive_put(&plain, "s.a", 1, 1, "the same again");
    assert_refused(w, &plain,
                   ERROR("500", "10062", "restore failed: message sequence 1 out of order"));
    archive_put(&plain, "s.a", 1, 1, "no state");
    assert_refused(w, &plain, ERROR("500", "10062", "restore failed: expected state.json first"));
    archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":1}");
    archive_put(&plain, "consumers/a.b", 0, 1, "{\"config\":{},\"state\":{}}");
    assert_refused(w, &plain, "failed to add consumer \\\"a.b\\\": ");
    archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":2}");
    archive_put(&plain, "consumers/C", 0, 1, "{\"config\":{},\"state\":{}}");
    archive_put(&plain, "consumers/C", 0, 1,
                "{\"config\":{\"deliver_policy\":\"new\"},\"state\":{}}");
    assert_refused(w, &plain, "failed to add consumer \\\"C\\\": ");
    assert_has(js_call(w, "STREAM.NAMES", ""), "\"streams\":null");
    js_world_free(w);
}

static void a_name_that_is_a_path_is_no_consumers(void **state)
{
    (void)state;
    static const char *const names[] = { "..", "../../x", "a/b", "a\\b", "a b", "a*", ">", "" };
    struct js_world *w = js_world_new(1, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct buf plain = { 0 }, name = { 0 };
        buf_printf(&name, "consumers/%s", names[i]);
        archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":1}");
        archive_put(&plain, buf_str(&name), 0, 1, "{\"config\":{},\"state\":{}}");
        assert_refused(w, &plain, "\"err_code\":10062");
        buf_deinit(&name);
    }
    js_world_free(w);
}

static void headers_that_no_source_writes_are_stored_as_they_are(void **state)
{
    (void)state;
    static const char header[] = "NATS/1.0\r\nNats-Stream-Source: O\0x 4 > > a id1\r\n\r\n";
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    const struct natsarc_entry e = { SLICE_LIT("s.a"), 1, 1, slice_of(header, sizeof header - 1),
                                     SLICE_LIT("x") };
    natsarc_entry_add(&e, &plain);
    archive_close(&plain, true, &bytes);
    const char *subject = transfer_begin(
        w, "S", "{\"name\":\"S\",\"storage\":\"memory\",\"sources\":[{\"name\":\"O\"}]}");
    assert_starts(transfer_send(w, subject, buf_slice(&bytes), 100), CREATED ",\"config\":");
    restore_over(w);
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"state\":{\"messages\":1,");
    buf_deinit(&bytes);
    js_world_free(w);
}

static void of_a_half_archive_nothing_is_left(void **state)
{
    (void)state;
    struct js_world *w = world_with_stream();
    struct buf bytes = { 0 };
    (void)transfer_backup(w, "S", "{\"deliver_subject\":\"bk\"}", &bytes);
    (void)js_call(w, "STREAM.DELETE.S", "");
    const char *answer = transfer_send(w, transfer_begin(w, "S", S_CONFIG),
                                       slice_first(buf_slice(&bytes), bytes.len / 2), 64);
    assert_has(answer, ERROR("500", "10062", "restore failed: unexpected EOF"));
    restore_over(w);
    assert_int_equal(w->js.memory_used, 0);
    assert_has(js_call(w, "STREAM.INFO.S", ""), "stream not found");
    buf_deinit(&bytes);
    js_world_free(w);
}

static void of_one_that_stalls_nothing_is_left(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    struct transfer_msg m = { .reply = { 0 } };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    archive_put(&plain, "s.a", 1, 1, "a message");
    archive_close(&plain, false, &bytes);
    const char *subject = transfer_begin(w, "S", S_CONFIG);
    transfer_put(w, subject, "re.1", buf_slice(&bytes));
    assert_true(transfer_next(w, &m));
    assert_int_equal(m.body.len, 0);
    assert_non_null(w->js.hidden);
    transfer_wait(w, 4 * SECOND);
    assert_int_equal(w->js.restores_count, 1);
    transfer_wait(w, 2 * SECOND);
    restore_over(w);
    assert_false(transfer_next(w, &m));
    transfer_msg_deinit(&m);
    buf_deinit(&bytes);
    js_world_free(w);
}

static void a_chunk_without_a_reply_ends_it(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)world_say(w->world, w->client, "SUB $JS.EVENT.ADVISORY.STREAM.RESTORE_COMPLETE.S 8\r\n");
    struct transfer_msg m = { .reply = { 0 } };
    transfer_put(w, transfer_begin(w, "S", S_CONFIG), "", SLICE_LIT("x"));
    assert_true(transfer_next(w, &m));
    assert_has(buf_str(&m.body), "restore_complete\"");
    assert_has(buf_str(&m.body), "\"stream\":\"S\",\"start\":");
    assert_has(buf_str(&m.body), "\"bytes\":0,\"client\":");
    restore_over(w);
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void who_has_the_name_first_has_it(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    archive_close(&plain, true, &bytes);
    char first[512];
    (void)snprintf(first, sizeof first, "%s", transfer_begin(w, "S", S_CONFIG));
    const char *second = transfer_begin(w, "S", S_CONFIG);
    assert_starts(transfer_send(w, second, buf_slice(&bytes), 100), CREATED ",\"config\":");
    assert_has(transfer_send(w, first, buf_slice(&bytes), 100),
               ERROR("400", "10130", "stream name already in use, cannot restore"));
    restore_over(w);
    assert_has(transfer_begin(w, "S", S_CONFIG),
               ERROR("400", "10130", "stream name already in use, cannot restore"));
    buf_deinit(&bytes);
    js_world_free(w);
}

static void it_stays_within_what_its_account_may_have(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 };
    struct js_account *a = js_account_find(&w->js, slice_str(w->js.core->global->name));
    a->limits.memory_max = 200;
    archive_put(&plain, "state.json", 0, 1, "{\"bytes\":1000}");
    assert_refused(w, &plain, ERROR("500", "10028", "insufficient memory resources available"));
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    for (uint64_t i = 1; i < 20; i++) archive_put(&plain, "s.a", i, 1, "a message of some bytes");
    assert_refused(w, &plain, ERROR("500", "10028", "insufficient memory resources available"));
    js_world_free(w);
}

static void what_waits_is_delivered_again_and_what_is_gone_is_acked(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    archive_put(&plain, "state.json", 0, 1,
                "{\"first_seq\":2,\"last_seq\":9,\"consumer_count\":1}");
    archive_put(&plain, "consumers/C", 0, 1,
                "{\"config\":{\"durable_name\":\"C\",\"ack_policy\":\"explicit\","
                "\"deliver_policy\":\"all\",\"replay_policy\":\"instant\"},"
                "\"state\":{\"delivered\":{\"consumer_seq\":4,\"stream_seq\":5},"
                "\"ack_floor\":{\"consumer_seq\":1,\"stream_seq\":2},"
                "\"pending\":{\"3\":{\"Sequence\":2,\"Timestamp\":1},"
                "\"4\":{\"Sequence\":3,\"Timestamp\":1},\"5\":{\"Sequence\":4,\"Timestamp\":1}}}}");
    archive_put(&plain, "s.a", 4, 1, "four");
    archive_put(&plain, "s.a", 5, 1, "five");
    archive_put(&plain, "s.a", 7, 1, "seven");
    archive_close(&plain, true, &bytes);
    assert_starts(transfer_send(w, transfer_begin(w, "S", S_CONFIG), buf_slice(&bytes), 100),
                  CREATED ",\"config\":");
    const char *info = js_call(w, "CONSUMER.INFO.S.C", "");
    assert_has(info, "\"delivered\":{\"consumer_seq\":4,\"stream_seq\":5}");
    assert_has(info, "\"ack_floor\":{\"consumer_seq\":2,\"stream_seq\":3}");
    assert_has(info, "\"num_ack_pending\":2,\"num_redelivered\":0,");
    assert_has(info, "\"num_pending\":1,");
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"first_seq\":4,");
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"last_seq\":9,");
    buf_deinit(&bytes);
    js_world_free(w);
}

static void what_has_lived_long_enough_leaves_its_sequence(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    nanos now = w->world->fake->wall;
    const struct {
        nanos       time;
        const char *header;
    } messages[] = {
        { now - 20 * SECOND, "NATS/1.0\r\nNats-TTL: 10s\r\n\r\n" },
        { now - 20 * SECOND, "NATS/1.0\r\nNats-TTL: 30s\r\n\r\n" },
        { now - 20 * SECOND, "NATS/1.0\r\nNats-TTL: never\r\n\r\n" },
    };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    for (uint64_t i = 0; i < ARRAY_COUNT(messages); i++) {
        const struct natsarc_entry e = { SLICE_LIT("s.a"), messages[i].time, i + 1,
                                         slice_str(messages[i].header), SLICE_LIT("x") };
        natsarc_entry_add(&e, &plain);
    }
    archive_close(&plain, true, &bytes);
    const char *subject = transfer_begin(
        w, "S",
        "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\",\"allow_msg_ttl\":true}");
    assert_starts(transfer_send(w, subject, buf_slice(&bytes), 100), CREATED ",\"config\":");
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"state\":{\"messages\":2,");
    transfer_wait(w, 15 * SECOND);
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"state\":{\"messages\":1,");
    buf_deinit(&bytes);
    js_world_free(w);
}

static void what_comes_behind_an_end_in_the_future_is_of_now(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    archive_put(&plain, "state.json", 0, 1,
                "{\"first_seq\":5,\"last_seq\":9,\"last_ts\":\"2250-01-01T00:00:00Z\"}");
    archive_close(&plain, true, &bytes);
    assert_starts(transfer_send(w, transfer_begin(w, "S", S_CONFIG), buf_slice(&bytes), 100),
                  CREATED ",\"config\":");
    assert_null(strstr(js_call(w, "STREAM.INFO.S", ""), "\"last_ts\":\"2250-"));
    const char *out = js_put(w, "s.a", NULL, "ten");
    assert_has(js_next(w, &out), "{\"stream\":\"S\",\"seq\":10}");
    assert_null(strstr(js_call(w, "STREAM.MSG.GET.S", "{\"seq\":10}"), "\"time\":\"2250-"));
    buf_deinit(&bytes);
    js_world_free(w);
}

static void as_many_consumers_come_back_as_there_are(void **state)
{
    (void)state;
    enum { COUNT = 1300 };
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    char text[128];
    w->js.limits.consumers_default_max = -1;
    (void)snprintf(text, sizeof text, "{\"consumer_count\":%d}", COUNT);
    archive_put(&plain, "state.json", 0, 1, text);
    for (uint32_t i = 0; i < COUNT; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "consumers/C%u", i);
        (void)snprintf(text, sizeof text,
                       "{\"config\":{\"durable_name\":\"C%u\",\"ack_policy\":\"explicit\"},"
                       "\"state\":{\"delivered\":{\"consumer_seq\":1,\"stream_seq\":1}}}",
                       i);
        archive_put(&plain, name, 0, 1, text);
    }
    archive_put(&plain, "s.a", 1, 1, "one");
    archive_close(&plain, true, &bytes);
    assert_starts(transfer_send(w, transfer_begin(w, "S", S_CONFIG), buf_slice(&bytes), 4096),
                  CREATED ",\"config\":");
    restore_over(w);
    assert_has(js_call(w, "STREAM.INFO.S", ""), "\"consumer_count\":1300");
    assert_has(js_call(w, "CONSUMER.INFO.S.C1299", ""),
               "\"delivered\":{\"consumer_seq\":1,\"stream_seq\":1}");
    buf_deinit(&bytes);
    js_world_free(w);
}

/* Its text would be six times as long where it is stored. */
static void a_consumer_whose_configuration_is_huge_is_refused(void **state)
{
    (void)state;
    enum { LEN = 20 << 20 };
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, json = { 0 };
    archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":1}");
    buf_add_str(&json, "{\"config\":{\"durable_name\":\"C\",\"filter_subject\":\"");
    buf_reserve(&json, LEN);
    memset(json.ptr + json.len, '<', LEN);
    json.len += LEN;
    buf_add_str(&json, "\"},\"state\":{}}");
    archive_put(&plain, "consumers/C", 0, 1, buf_str(&json));
    assert_refused(
        w, &plain,
        ERROR("500", "10062", "restore failed: the configuration of a consumer is too large"));
    buf_deinit(&json);
    js_world_free(w);
}

/* A mirror or a source makes it anew; no log may hold it. */
static void a_consumer_of_the_server_itself_is_refused(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 };
    archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":1}");
    archive_put(&plain, "consumers/D", 0, 1,
                "{\"config\":{\"deliver_subject\":\"d\",\"ack_policy\":\"none\",\"direct\":true},"
                "\"state\":{}}");
    assert_refused(w, &plain, "failed to add consumer \\\"D\\\": consumer direct requires");
    js_world_free(w);
}

static void what_waits_since_any_time_is_delivered_again(void **state)
{
    (void)state;
    static const char *const times[] = { "-9223372036854775808", "0", "9223372036854775807" };
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        struct js_world *w = js_world_new(1, NULL);
        struct buf plain = { 0 }, bytes = { 0 };
        char text[256];
        (void)snprintf(
            text, sizeof text,
            "{\"config\":{\"durable_name\":\"C\",\"ack_policy\":\"explicit\"},\"state\":{"
            "\"delivered\":{\"consumer_seq\":1,\"stream_seq\":1},"
            "\"pending\":{\"1\":{\"Sequence\":1,\"Timestamp\":%s}}}}",
            times[i]);
        archive_put(&plain, "state.json", 0, 1, "{\"consumer_count\":1}");
        archive_put(&plain, "consumers/C", 0, 1, text);
        archive_put(&plain, "s.a", 1, 1, "one");
        archive_close(&plain, true, &bytes);
        assert_starts(transfer_send(w, transfer_begin(w, "S", S_CONFIG), buf_slice(&bytes), 100),
                      CREATED ",\"config\":");
        assert_has(js_call(w, "CONSUMER.INFO.S.C", ""), "\"num_ack_pending\":1");
        transfer_wait(w, 31 * SECOND);
        (void)js_call(w, "CONSUMER.MSG.NEXT.S.C", "");
        assert_has(js_call(w, "CONSUMER.INFO.S.C", ""), "\"num_redelivered\":1");
        buf_deinit(&bytes);
        js_world_free(w);
    }
}

static void a_server_that_ends_takes_it_along(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf plain = { 0 }, bytes = { 0 };
    archive_put(&plain, "state.json", 0, 1, EMPTY_STATE);
    archive_put(&plain, "s.a", 1, 1, "a message");
    archive_close(&plain, false, &bytes);
    transfer_put(w, transfer_begin(w, "S", S_CONFIG), "re.1", buf_slice(&bytes));
    restores_stop(&w->js);
    assert_null(w->js.restores);
    w->js.is_ending = true;
    streams_hidden_free(&w->js);
    assert_null(w->js.hidden);
    buf_deinit(&bytes);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_comes_back),
        cmocka_unit_test(ids_are_remembered),
        cmocka_unit_test(of_a_broken_archive_nothing_is_left),
        cmocka_unit_test(a_name_that_is_a_path_is_no_consumers),
        cmocka_unit_test(headers_that_no_source_writes_are_stored_as_they_are),
        cmocka_unit_test(of_a_half_archive_nothing_is_left),
        cmocka_unit_test(of_one_that_stalls_nothing_is_left),
        cmocka_unit_test(a_chunk_without_a_reply_ends_it),
        cmocka_unit_test(who_has_the_name_first_has_it),
        cmocka_unit_test(it_stays_within_what_its_account_may_have),
        cmocka_unit_test(what_waits_is_delivered_again_and_what_is_gone_is_acked),
        cmocka_unit_test(what_has_lived_long_enough_leaves_its_sequence),
        cmocka_unit_test(what_comes_behind_an_end_in_the_future_is_of_now),
        cmocka_unit_test(as_many_consumers_come_back_as_there_are),
        cmocka_unit_test(a_consumer_whose_configuration_is_huge_is_refused),
        cmocka_unit_test(a_consumer_of_the_server_itself_is_refused),
        cmocka_unit_test(what_waits_since_any_time_is_delivered_again),
        cmocka_unit_test(a_server_that_ends_takes_it_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
