/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to a deliver subject, as its subscriber sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/consumer_testing.h"

static struct consumer_config push_config(void)
{
    return (struct consumer_config){ .durable_name = "C",
                                     .name = "C",
                                     .deliver_subject = "d",
                                     .ack_policy = JS_ACK_NONE,
                                     .max_deliver = -1 };
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void it_delivers_as_long_as_somebody_subscribes(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    stage_run(g);
    assert_false(consumer_push_is_bound(c));
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    stage_run(g);
    assert_true(consumer_push_is_bound(c));
    (void)stage_store(g, "s.b", "2");
    stage_run(g);
    assert_int_equal(c->acks.delivered.stream_seq, 2);
    (void)world_say(g->world, g->client, "UNSUB 7\r\n");
    (void)stage_store(g, "s.c", "3");
    stage_run(g);
    assert_false(consumer_push_is_bound(c));
    assert_int_equal(c->acks.delivered.stream_seq, 2);
    stage_free(g);
}

static void the_subscriber_sees_the_stored_subject(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    (void)stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "one");
    stage_run(g);
    const char *got = world_take(g->world, g->client);
    assert_true(begins(got, "MSG s.a 7 $JS.ACK.S.C.1.1.1."));
    assert_non_null(strstr(got, ".0 3\r\none\r\n"));
    stage_free(g);
}

static void a_deliver_group_is_what_counts(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.deliver_group = "q";
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    stage_run(g);
    assert_false(consumer_push_is_bound(c));
    (void)world_say(g->world, g->client, "SUB d q 8\r\n");
    stage_run(g);
    assert_true(consumer_push_is_bound(c));
    stage_free(g);
}

static void silence_is_broken_by_heartbeats(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.idle_heartbeat = SECOND;
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    (void)stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    stage_run(g);
    (void)world_take(g->world, g->client);
    stage_pass(g, 1010 * MILLISECOND);
    assert_string_equal(world_take(g->world, g->client),
                        "HMSG d 7 75 75\r\nNATS/1.0 100 Idle Heartbeat\r\n"
                        "Nats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n\r\n\r\n");
    stage_pass(g, 500 * MILLISECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    (void)stage_store(g, "s.b", "2");
    stage_run(g);
    assert_true(begins(world_take(g->world, g->client), "MSG s.b 7"));
    stage_pass(g, 800 * MILLISECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_pass(g, 300 * MILLISECOND);
    assert_true(begins(world_take(g->world, g->client), "HMSG d 7 75 75\r\nNATS/1.0 100 Idle"));
    stage_free(g);
}

enum { LARGE = 400 * 1024 };

/* The subject of the request in what was sent; empty: there is none. */
static const char *request_in(const char *sent)
{
    static char subject[64];
    const char *at = strstr(sent, "$JS.FC.");
    subject[0] = '\0';
    if (at != NULL) (void)sscanf(at, "%63s", subject);
    return subject;
}

static void beyond_its_window_it_waits_for_the_receiver(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    struct ack_place place;
    enum ack_version version;
    config.idle_heartbeat = SECOND;
    config.flow_control = true;
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    char *payload = xcalloc(1, LARGE + 1);
    memset(payload, 'x', LARGE);
    for (int i = 0; i < 8; i++) (void)stage_store(g, "s.a", payload);
    xfree(payload);
    stage_run(g);
    const char *got = world_take(g->world, g->client);
    assert_non_null(strstr(got, "NATS/1.0 100 FlowControl Request\r\n"));
    char request[64];
    (void)snprintf(request, sizeof request, "%s", request_in(got));
    assert_true(flow_subject_parse(slice_str(request), &version, &place));
    uint64_t before = c->delivered.stream_seq;
    assert_true(before < 8);
    stage_pass(g, 1100 * MILLISECOND);
    got = world_take(g->world, g->client);
    assert_non_null(strstr(got, "Nats-Consumer-Stalled: "));
    assert_string_equal(request_in(got), request);
    consumer_flow_reply(&g->account, slice_str(request), SLICE_LIT(""));
    stage_run(g);
    assert_int_equal(c->delivered.stream_seq, 8);
    stage_free(g);
}

static void a_rate_limit_holds_what_is_too_much(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.rate_limit_bps = 8 * 1024;
    g->stream.config.max_msg_size = 1024;
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    char payload[513];
    memset(payload, 'x', 512);
    payload[512] = '\0';
    for (int i = 0; i < 4; i++) (void)stage_store(g, "s.a", payload);
    stage_run(g);
    assert_int_equal(c->delivered.stream_seq, 1);
    stage_pass(g, 300 * MILLISECOND);
    assert_int_equal(c->delivered.stream_seq, 2);
    stage_pass(g, 2 * SECOND);
    stage_pass(g, 2 * SECOND);
    assert_int_equal(c->delivered.stream_seq, 4);
    stage_free(g);
}

static void the_original_pace_is_kept_up_to_the_last_one(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.replay_policy = JS_REPLAY_ORIGINAL;
    (void)stage_store(g, "s.a", "1");
    stage_pass(g, 3 * SECOND);
    (void)stage_store(g, "s.a", "2");
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_int_equal(c->delivered.stream_seq, 1);
    stage_pass(g, 2900 * MILLISECOND);
    assert_int_equal(c->delivered.stream_seq, 1);
    stage_pass(g, 200 * MILLISECOND);
    assert_int_equal(c->delivered.stream_seq, 2);
    stage_pass(g, 5 * SECOND);
    (void)stage_store(g, "s.a", "3");
    stage_run(g);
    assert_int_equal(c->delivered.stream_seq, 3);
    stage_free(g);
}

static void acks_by_flow_control_come_with_its_reply(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.ack_policy = JS_ACK_FLOW_CONTROL;
    config.flow_control = true;
    config.idle_heartbeat = SECOND;
    config.max_ack_pending = 2;
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 3; i++) (void)stage_store(g, "s.a", "1");
    stage_run(g);
    assert_int_equal(c->delivered.stream_seq, 2);
    char request[64];
    (void)snprintf(request, sizeof request, "%s", request_in(world_take(g->world, g->client)));
    consumer_flow_reply(&g->account, slice_str(request),
                        SLICE_LIT("NATS/1.0\r\nNats-Last-Consumer: 2\r\nNats-Last-Stream: 2\r\n"
                                  "\r\n"));
    stage_run(g);
    assert_int_equal(c->acks.floor.stream_seq, 2);
    assert_int_equal(c->delivered.stream_seq, 3);
    stage_free(g);
}

static void nobody_there_for_long_enough_ends_an_ephemeral(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    config.durable_name = NULL;
    config.inactive_threshold = 5 * SECOND;
    (void)world_say(g->world, g->client, "SUB d 7\r\n");
    (void)stage_consumer(g, "C", &config);
    stage_pass(g, 20 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 1);
    (void)world_say(g->world, g->client, "UNSUB 7\r\n");
    stage_pass(g, 4 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 1);
    stage_pass(g, 2 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 0);
    stage_free(g);
}

static void another_deliver_subject_is_taken_over(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct consumer_config config = push_config();
    struct js_error why;
    config.ack_policy = JS_ACK_EXPLICIT;
    config.ack_wait = 30 * SECOND;
    (void)world_say(g->world, g->client, "SUB e 7\r\nSUB d 8\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_store(g, "s.b", "2");
    stage_run(g);
    assert_true(begins(world_take(g->world, g->client), "MSG s.a 8 $JS.ACK.S.C.1.1.1."));
    config.deliver_subject = "e";
    assert_true(consumer_update(c, &config, &why));
    stage_run(g);
    const char *got = world_take(g->world, g->client);
    assert_true(begins(got, "MSG s.a 7 $JS.ACK.S.C.2.1.3."));
    assert_non_null(strstr(got, "MSG s.b 7 $JS.ACK.S.C.2.2.4."));
    config.description = "the same place";
    assert_true(consumer_update(c, &config, &why));
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_delivers_as_long_as_somebody_subscribes),
        cmocka_unit_test(the_subscriber_sees_the_stored_subject),
        cmocka_unit_test(a_deliver_group_is_what_counts),
        cmocka_unit_test(silence_is_broken_by_heartbeats),
        cmocka_unit_test(beyond_its_window_it_waits_for_the_receiver),
        cmocka_unit_test(a_rate_limit_holds_what_is_too_much),
        cmocka_unit_test(the_original_pace_is_kept_up_to_the_last_one),
        cmocka_unit_test(acks_by_flow_control_come_with_its_reply),
        cmocka_unit_test(nobody_there_for_long_enough_ends_an_ephemeral),
        cmocka_unit_test(another_deliver_subject_is_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
