/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 sends, and when. */
#include "stream/snapshot.h"

#include "stream/transfer_testing.h"

#define REQUEST "$JS.API.STREAM.SNAPSHOT.S"
#define COMPLETE "$JS.EVENT.ADVISORY.STREAM.SNAPSHOT_COMPLETE.S"

/* Messages that hardly shrink. */
static struct js_world *world_with(uint32_t messages)
{
    struct js_world *w = js_world_new(2, NULL);
    uint32_t random = 1;
    char body[513];
    (void)js_call(w, "STREAM.CREATE.S",
                  "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\"}");
    for (uint32_t i = 0; i < messages; i++) {
        for (uint32_t j = 0; j < sizeof body - 1; j++) {
            random = random * 1103515245 + 12345;
            body[j] = (char)(' ' + 1 + (random >> 16) % 90);
        }
        body[sizeof body - 1] = '\0';
        (void)js_put(w, "s.a", NULL, body);
    }
    (void)world_say(w->world, w->client, "SUB $JS.EVENT.ADVISORY.STREAM.*.S 8\r\n");
    return w;
}

/* Begins one, whose answer and advisory come. */
static void begin(struct js_world *w, const char *body)
{
    struct transfer_msg m = { .reply = { 0 } };
    transfer_put(w, REQUEST, "re.1", slice_str(body));
    assert_true(transfer_next(w, &m));
    assert_has(buf_str(&m.body), "stream_snapshot_response\",\"config\":{\"name\":\"S\"");
    assert_true(transfer_next(w, &m));
    assert_has(buf_str(&m.subject), "SNAPSHOT_CREATE.S");
    assert_has(buf_str(&m.body), "\"stream\":\"S\",\"state\":{\"messages\":");
    transfer_msg_deinit(&m);
}

static void assert_next(struct js_world *w, struct transfer_msg *m, const char *reply)
{
    assert_true(transfer_next(w, m));
    assert_string_equal(buf_str(&m->subject), "bk");
    assert_starts(buf_str(&m->reply), reply);
}

static void assert_nothing(struct js_world *w)
{
    struct transfer_msg m = { .reply = { 0 } };
    js_world_run(w);
    assert_false(transfer_next(w, &m));
}

static void a_small_one_is_one_message_and_an_end_without_a_header(void **state)
{
    (void)state;
    struct js_world *w = world_with(1);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    begin(w, "{\"deliver_subject\":\"bk\"}");
    assert_next(w, &m, "");
    assert_int_equal(m.reply.len, 0);
    assert_true(m.body.len > 512);
    assert_next(w, &m, "");
    assert_int_equal(m.body.len + m.header.len + m.reply.len, 0);
    assert_true(transfer_next(w, &m));
    assert_string_equal(buf_str(&m.subject), COMPLETE);
    assert_null(strstr(buf_str(&m.body), "error"));
    assert_nothing(w);
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void as_many_chunks_are_out_as_the_window_has(void **state)
{
    (void)state;
    struct js_world *w = world_with(10);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    begin(w, "{\"deliver_subject\":\"bk\",\"chunk_size\":1024,\"window_size\":2100}");
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    assert_int_equal(m.body.len, 1024);
    assert_has(buf_str(&m.reply), ".1024.1");
    struct buf first = { 0 };
    buf_add(&first, buf_slice(&m.reply));
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    assert_has(buf_str(&m.reply), ".1024.2");
    assert_nothing(w);
    transfer_put(w, buf_str(&first), "", SLICE_LIT(""));
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    assert_has(buf_str(&m.reply), ".1024.3");
    assert_nothing(w);
    buf_deinit(&first);
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void a_whole_one_is_an_archive_and_ends_with_204(void **state)
{
    (void)state;
    struct js_world *w = world_with(10);
    struct buf bytes = { 0 };
    (void)world_say(w->world, w->client, "UNSUB 8\r\n");
    assert_string_equal(
        transfer_backup(w, "S", "{\"deliver_subject\":\"bk\",\"chunk_size\":1}", &bytes),
        "NATS/1.0 204\r\n\r\n");
    assert_memory_equal(bytes.ptr, "\xff\x06\0\0S2sTwO", 10);
    assert_true(bytes.len > 5120);
    buf_deinit(&bytes);
    js_world_free(w);
}

static void one_without_acks_ends_after_five_seconds(void **state)
{
    (void)state;
    struct js_world *w = world_with(10);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    begin(w, "{\"deliver_subject\":\"bk\",\"chunk_size\":1024,\"window_size\":1024}");
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    transfer_wait(w, 4 * SECOND);
    assert_nothing(w);
    transfer_wait(w, 2 * SECOND);
    assert_next(w, &m, "");
    assert_string_equal(buf_str(&m.header), "NATS/1.0 408 No Flow Response\r\n\r\n");
    assert_true(transfer_next(w, &m));
    assert_has(buf_str(&m.body), "\"error\":\"no flow response\"");
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void one_whose_receiver_goes_ends(void **state)
{
    (void)state;
    struct js_world *w = world_with(10);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    begin(w, "{\"deliver_subject\":\"bk\",\"chunk_size\":1024,\"window_size\":1024}");
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    world_put(w->world, w->client, "UNSUB 9\r\n");
    js_world_run(w);
    assert_true(transfer_next(w, &m));
    assert_string_equal(buf_str(&m.subject), COMPLETE);
    assert_has(buf_str(&m.body), "\"error\":\"no interest\"");
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void it_waits_for_somebody_to_listen(void **state)
{
    (void)state;
    struct js_world *w = world_with(1);
    struct transfer_msg m = { .reply = { 0 } };
    begin(w, "{\"deliver_subject\":\"bk\"}");
    transfer_wait(w, SECOND);
    assert_nothing(w);
    world_put(w->world, w->client, "SUB bk 9\r\n");
    js_world_run(w);
    assert_next(w, &m, "");
    assert_true(m.body.len > 512);
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void a_pattern_gets_it_after_two_seconds(void **state)
{
    (void)state;
    struct js_world *w = world_with(1);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB b.* 9\r\n");
    begin(w, "{\"deliver_subject\":\"b.k\"}");
    assert_nothing(w);
    transfer_wait(w, 3 * SECOND);
    assert_true(transfer_next(w, &m));
    assert_string_equal(buf_str(&m.subject), "b.k");
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void one_whose_stream_goes_says_so(void **state)
{
    (void)state;
    struct js_world *w = world_with(10);
    struct transfer_msg m = { .reply = { 0 } };
    (void)world_say(w->world, w->client, "SUB bk 9\r\n");
    begin(w, "{\"deliver_subject\":\"bk\",\"chunk_size\":1024,\"window_size\":1024}");
    assert_next(w, &m, "$JS.SNAPSHOT.ACK.S.");
    transfer_put(w, "$JS.API.STREAM.DELETE.S", "re.1", SLICE_LIT(""));
    assert_next(w, &m, "");
    assert_starts(buf_str(&m.header), "NATS/1.0 500 couldn't load next message after seq ");
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void it_is_of_one_moment(void **state)
{
    (void)state;
    struct js_world *w = world_with(4);
    struct transfer_msg m = { .reply = { 0 } };
    struct buf bytes = { 0 }, list = { 0 };
    (void)js_call(w, "CONSUMER.CREATE.S.C",
                  "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"durable_name\":\"C\"}}");
    (void)world_say(w->world, w->client, "UNSUB 8\r\n");
    transfer_put(w, REQUEST, "re.1", SLICE_LIT("{\"deliver_subject\":\"bk\"}"));
    assert_true(transfer_next(w, &m));
    (void)js_put(w, "s.new", NULL, "later");
    (void)js_call(w, "CONSUMER.DELETE.S.C", "");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":2}");
    world_put(w->world, w->client, "SUB bk 9\r\n");
    js_world_run(w);
    while (transfer_next(w, &m))
        if (slice_equal_str(buf_slice(&m.subject), "bk")) buf_add(&bytes, buf_slice(&m.body));
    assert_string_equal(transfer_list(buf_slice(&bytes), &list),
                        "state 1 4 1\nconsumer C\n1 s.a\n3 s.a\n4 s.a\n");
    buf_deinit(&bytes);
    buf_deinit(&list);
    transfer_msg_deinit(&m);
    js_world_free(w);
}

static void consumers_may_stay_out(void **state)
{
    (void)state;
    struct js_world *w = world_with(1);
    struct buf bytes = { 0 }, list = { 0 };
    (void)js_call(w, "CONSUMER.CREATE.S.C",
                  "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"durable_name\":\"C\"}}");
    (void)world_say(w->world, w->client, "UNSUB 8\r\n");
    (void)transfer_backup(w, "S", "{\"deliver_subject\":\"bk\",\"no_consumers\":true}", &bytes);
    assert_string_equal(transfer_list(buf_slice(&bytes), &list), "state 1 1 0\n1 s.a\n");
    buf_deinit(&bytes);
    buf_deinit(&list);
    js_world_free(w);
}

static void so_many_are_made_at_a_time_and_no_more(void **state)
{
    (void)state;
    struct js_world *w = world_with(1);
    struct transfer_msg m = { .reply = { 0 } };
    for (int i = 0; i < SNAPSHOTS_MAX; i++) begin(w, "{\"deliver_subject\":\"bk\"}");
    transfer_put(w, REQUEST, "re.1", SLICE_LIT("{\"deliver_subject\":\"bk\"}"));
    assert_true(transfer_next(w, &m));
    assert_has(buf_str(&m.body), "\"error\":{\"code\":500,\"err_code\":10064,"
                                 "\"description\":\"snapshot failed: too many are under way\"}");
    transfer_msg_deinit(&m);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_one_is_one_message_and_an_end_without_a_header),
        cmocka_unit_test(as_many_chunks_are_out_as_the_window_has),
        cmocka_unit_test(a_whole_one_is_an_archive_and_ends_with_204),
        cmocka_unit_test(one_without_acks_ends_after_five_seconds),
        cmocka_unit_test(one_whose_receiver_goes_ends),
        cmocka_unit_test(it_waits_for_somebody_to_listen),
        cmocka_unit_test(a_pattern_gets_it_after_two_seconds),
        cmocka_unit_test(one_whose_stream_goes_says_so),
        cmocka_unit_test(it_is_of_one_moment),
        cmocka_unit_test(consumers_may_stay_out),
        cmocka_unit_test(so_many_are_made_at_a_time_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
