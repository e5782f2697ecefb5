/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks gets messages and status lines, as a client sees them. The numbers of ack subjects are
 * those that nats-server 2.15.2 was seen to send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stream/consumer_testing.h"

static struct stage *with_inbox(void)
{
    struct stage *g = stage_new();
    (void)world_say(g->world, g->client, "SUB in 1\r\n");
    return g;
}

/* A pull consumer C, and a message for it. */
static struct stage *with_consumer(struct consumer **ret)
{
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    *ret = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    return g;
}

/* A line without its time of storing, which the test's clock says. */
static const char *ack_of(struct stage *g, const char *numbers, const char *pending)
{
    static char text[256];
    (void)snprintf(text, sizeof text, "$JS.ACK.S.C.%s.%lld.%s", numbers,
                   (long long)g->world->fake->wall, pending);
    return text;
}

static void expect_messages(struct stage *g, const char *got, const char *want)
{
    char wall[32];
    struct buf text = { .ptr = NULL };
    (void)snprintf(wall, sizeof wall, "%lld", (long long)g->world->fake->wall);
    for (const char *at = want; *at != '\0'; at++) {
        if (*at == '@') buf_add_str(&text, wall);
        else buf_add_byte(&text, (uint8_t)*at);
    }
    assert_string_equal(got, buf_str(&text));
    buf_deinit(&text);
}

static void a_batch_is_delivered_under_the_stored_subjects(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    (void)stage_store(g, "s.a", "one");
    (void)stage_store(g, "s.b", "two");
    (void)stage_store(g, "s.c", "three");
    struct consumer *c = stage_consumer(g, "C", &config);
    expect_messages(g, stage_pull(g, c, "in", "2"),
                    "MSG s.a 1 $JS.ACK.S.C.1.1.1.@.2 3\r\none\r\n"
                    "MSG s.b 1 $JS.ACK.S.C.1.2.2.@.1 3\r\ntwo\r\n");
    expect_messages(g, stage_pull(g, c, "in", ""),
                    "MSG s.c 1 $JS.ACK.S.C.1.3.3.@.0 5\r\nthree\r\n");
    assert_string_equal(stage_pull(g, c, "in", ""), "");
    (void)stage_store(g, "s.d", "4");
    stage_run(g);
    expect_messages(g, world_take(g->world, g->client),
                    "MSG s.d 1 $JS.ACK.S.C.1.4.4.@.0 1\r\n4\r\n");
    stage_free(g);
}

static void a_filter_leaves_the_others_out_and_counts_only_its_own(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.filter_subject = "s.*.x";
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.1.x", "1");
    (void)stage_store(g, "s.1.y", "2");
    (void)stage_store(g, "s.2.x", "3");
    (void)stage_store(g, "s.3.x", "4");
    assert_int_equal(consumer_pending(c), 3);
    expect_messages(g, stage_pull(g, c, "in", "2"),
                    "MSG s.1.x 1 $JS.ACK.S.C.1.1.1.@.2 1\r\n1\r\n"
                    "MSG s.2.x 1 $JS.ACK.S.C.1.3.2.@.1 1\r\n3\r\n");
    stage_remove(g, 4);
    assert_int_equal(consumer_pending(c), 0);
    assert_string_equal(stage_pull(g, c, "in", "{\"no_wait\":true}"),
                        "HMSG in 1 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\n");
    stage_free(g);
}

static void an_ack_ends_it_and_is_answered(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    (void)world_say(g->world, g->client, "SUB r 2\r\n");
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "");
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_string_equal(stage_ack(g, ack_of(g, "1.1.1", "0"), "r", "+ACK"), "MSG r 2 0\r\n\r\n");
    assert_int_equal(acks_num_pending(&c->acks), 0);
    assert_int_equal(c->acks.floor.stream_seq, 1);
    assert_string_equal(stage_ack(g, ack_of(g, "1.1.1", "0"), "r", "+ACK"), "MSG r 2 0\r\n\r\n");
    assert_string_equal(stage_ack(g, ack_of(g, "1.9.9", "0"), "r", ""), "");
    stage_free(g);
}

static void what_is_not_acked_comes_again_and_at_last_not_any_more(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.max_deliver = 2;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "");
    assert_string_equal(stage_pull(g, c, "in", ""), "");
    stage_pass(g, 29 * SECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_pass(g, 2 * SECOND);
    const char *got = world_take(g->world, g->client);
    assert_ptr_equal(strstr(got, "MSG s.a 1 $JS.ACK.S.C.2.1.2."), got);
    assert_int_equal(acks_num_redelivered(&c->acks), 1);
    stage_pass(g, 31 * SECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    assert_string_equal(stage_advised(g), "MAX_DELIVERIES 1 0 2 \n");
    assert_int_equal(acks_num_pending(&c->acks), 0);
    assert_true(acks_is_spent(&c->acks, 1));
    assert_false(timer_is_set(&c->timer));
    stage_free(g);
}

static void deliveries_are_counted_up_to_a_limit(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_consumer(&c);
    (void)stage_pull(g, c, "in", "5");
    redelivery_track(&c->redelivery, 1, UINT32_MAX, 1);
    const char *got = stage_ack(g, ack_of(g, "1.1.1", "0"), "", "-NAK");
    assert_ptr_equal(strstr(got, "MSG s.a 1 $JS.ACK.S.C.4294967295.1.2."), got);
    stage_free(g);
}

static void a_nak_brings_it_at_once_or_when_it_says(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_consumer(&c);
    (void)stage_pull(g, c, "in", "5");
    const char *got = stage_ack(g, ack_of(g, "1.1.1", "0"), "", "-NAK");
    assert_ptr_equal(strstr(got, "MSG s.a 1 $JS.ACK.S.C.2.1.2."), got);
    assert_string_equal(stage_advised(g), "MSG_NAKED 1 1 1 \n");
    got = stage_ack(g, ack_of(g, "2.1.2", "0"), "", "-NAK {\"delay\":5000000000}");
    assert_string_equal(got, "");
    stage_pass(g, 4 * SECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_pass(g, 2 * SECOND);
    got = world_take(g->world, g->client);
    assert_ptr_equal(strstr(got, "MSG s.a 1 $JS.ACK.S.C.3.1.3."), got);
    stage_free(g);
}

static void a_delay_of_nothing_waits_for_those_without_one(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_consumer(&c);
    (void)stage_store(g, "s.b", "2");
    (void)stage_pull(g, c, "in", "5");
    assert_string_equal(stage_ack(g, ack_of(g, "1.1.1", "0"), "", "-NAK {\"delay\":0}"), "");
    const char *got = stage_ack(g, ack_of(g, "1.2.2", "0"), "", "-NAK");
    assert_ptr_equal(strstr(got, "MSG s.b 1 $JS.ACK.S.C.2.2.3."), got);
    stage_pass(g, 9 * MILLISECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_pass(g, 2 * MILLISECOND);
    got = world_take(g->world, g->client);
    assert_ptr_equal(strstr(got, "MSG s.a 1 $JS.ACK.S.C.2.1.4."), got);
    stage_free(g);
}

static void a_term_ends_it_with_a_reason(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_consumer(&c);
    (void)stage_pull(g, c, "in", "5");
    assert_string_equal(stage_ack(g, ack_of(g, "1.1.1", "0"), "", "+TERM no use"), "");
    assert_string_equal(stage_advised(g), "MSG_TERMINATED 1 1 1 no use\n");
    assert_int_equal(acks_num_pending(&c->acks), 0);
    stage_free(g);
}

static void an_ack_may_ask_for_the_next_one(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_consumer(&c);
    (void)stage_store(g, "s.b", "2");
    (void)stage_store(g, "s.c", "3");
    (void)stage_pull(g, c, "in", "1");
    expect_messages(g, stage_ack(g, ack_of(g, "1.1.1", "2"), "in", "+NXT 2"),
                    "MSG s.b 1 $JS.ACK.S.C.1.2.2.@.1 1\r\n2\r\n"
                    "MSG s.c 1 $JS.ACK.S.C.1.3.3.@.0 1\r\n3\r\n");
    assert_int_equal(c->acks.floor.stream_seq, 1);
    stage_free(g);
}

static void as_many_as_may_wait_for_acks_hold_new_ones(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.max_ack_pending = 1;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_store(g, "s.b", "2");
    expect_messages(g, stage_pull(g, c, "in", "5"), "MSG s.a 1 $JS.ACK.S.C.1.1.1.@.1 1\r\n1\r\n");
    expect_messages(g, stage_ack(g, ack_of(g, "1.1.1", "1"), "", ""),
                    "MSG s.b 1 $JS.ACK.S.C.1.2.2.@.0 1\r\n2\r\n");
    stage_free(g);
}

static void a_request_that_nobody_waits_for_is_dropped_and_loses_nothing(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_string_equal(stage_pull(g, c, "nowhere", "10"), "");
    (void)stage_store(g, "s.a", "1");
    stage_run(g);
    assert_int_equal(acks_num_pending(&c->acks), 0);
    expect_messages(g, stage_pull(g, c, "in", ""), "MSG s.a 1 $JS.ACK.S.C.1.1.1.@.0 1\r\n1\r\n");
    assert_null(c->pull);
    stage_free(g);
}

static void time_ends_a_request(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    const char *body = "{\"batch\":3,\"expires\":5000000000,\"idle_heartbeat\":2000000000}";
    assert_string_equal(stage_pull(g, c, "in", body), "");
    stage_pass(g, 2100 * MILLISECOND);
    assert_string_equal(world_take(g->world, g->client),
                        "HMSG in 1 75 75\r\nNATS/1.0 100 Idle Heartbeat\r\n"
                        "Nats-Last-Consumer: 0\r\nNats-Last-Stream: 0\r\n\r\n\r\n");
    stage_pass(g, 3 * SECOND);
    const char *got = world_take(g->world, g->client);
    assert_non_null(strstr(got, "NATS/1.0 408 Request Timeout\r\n"
                                "Nats-Pending-Messages: 3\r\nNats-Pending-Bytes: 0\r\n"));
    assert_null(c->pull);
    assert_false(timer_is_set(&c->timer));
    stage_free(g);
}

static void a_deleted_consumer_tells_those_who_wait(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    struct js_error why;
    (void)stage_pull(g, c, "in", "10");
    assert_true(consumer_delete(c, &why));
    assert_null(consumers_find(g->stream.consumers, SLICE_LIT("C")));
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client),
                        "HMSG in 1 33 33\r\nNATS/1.0 409 Consumer Deleted\r\n\r\n\r\n");
    assert_true(list_empty(&g->stream.consumers->all));
    stage_free(g);
}

static void headers_only_says_how_long_the_payload_was(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.headers_only = true;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "12345");
    expect_messages(g, stage_pull(g, c, "in", ""),
                    "HMSG s.a 1 $JS.ACK.S.C.1.1.1.@.0 30 30\r\n"
                    "NATS/1.0\r\nNats-Msg-Size: 5\r\n\r\n\r\n");
    stage_free(g);
}

static void who_does_not_wait_is_told_that_nothing_can_be_delivered(void **state)
{
    (void)state;
    static const char none[] = "HMSG in 1 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\n";
    static const char *groups[] = { "g" };
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    (void)stage_store(g, "s.a", "x");
    config.pause_until = g->world->fake->wall + MINUTE;
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_string_equal(stage_pull(g, c, "in", "{\"no_wait\":true}"), none);
    config = stage_pull_config();
    config.durable_name = config.name = "D";
    config.priority_policy = JS_PRIORITY_OVERFLOW;
    config.priority_groups = (struct json_array){ groups, 1 };
    c = stage_consumer(g, "D", &config);
    static const char later[] = "{\"group\":\"g\",\"no_wait\":true,\"min_pending\":5}";
    assert_string_equal(stage_pull(g, c, "in", later), none);
    stage_free(g);
}

static void an_unused_ephemeral_goes_by_itself(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.durable_name = NULL;
    config.inactive_threshold = 5 * SECOND;
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_string_equal(stage_pull(g, c, "in", "{\"batch\":1,\"expires\":20000000000}"), "");
    stage_pass(g, 6 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 1);
    stage_pass(g, 15 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 1);
    stage_pass(g, 6 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 0);
    assert_string_equal(stage_advised(g), "CONSUMER_DELETED 0 0 0 \n");
    stage_free(g);
}

/* The threshold is a little more than configured: up to a second. */
static void a_message_that_is_served_counts_as_use(void **state)
{
    (void)state;
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.durable_name = NULL;
    config.ack_policy = JS_ACK_NONE;
    config.inactive_threshold = 10 * SECOND;
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_string_equal(stage_pull(g, c, "in", "{\"batch\":1,\"expires\":60000000000}"), "");
    stage_pass(g, 9 * SECOND);
    (void)stage_store(g, "s.a", "1");
    stage_run(g);
    assert_string_not_equal(world_take(g->world, g->client), "");
    stage_pass(g, 3 * SECOND);
    stage_pass(g, 6 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 1);
    stage_pass(g, 3 * SECOND);
    assert_int_equal(consumers_count(g->stream.consumers), 0);
    stage_free(g);
}

static void a_limit_beyond_what_can_be_counted_is_none(void **state)
{
    (void)state;
    static const int64_t limits[] = { 4294967295, 4294967296, 4294967297, INT64_MAX };
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        struct stage *g = with_inbox();
        struct consumer_config config = stage_pull_config();
        config.max_waiting = config.max_deliver = config.max_ack_pending = limits[i];
        struct consumer *c = stage_consumer(g, "C", &config);
        assert_string_equal(stage_pull(g, c, "in", "1"), "");
        assert_string_equal(stage_pull(g, c, "in", "1"), "");
        assert_int_equal(consumer_waiting(c), 2);
        (void)stage_store(g, "s.a", "1");
        stage_run(g);
        (void)world_take(g->world, g->client);
        (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "-NAK");
        expect_messages(g, world_take(g->world, g->client), "");
        assert_int_equal(acks_num_redelivered(&c->acks), 1);
        stage_free(g);
    }
}

/* ---- the original pace ---- */

/* Three messages, 3 s apart, and a consumer that takes them so. */
static struct stage *with_gaps(struct consumer **ret)
{
    struct stage *g = with_inbox();
    struct consumer_config config = stage_pull_config();
    config.replay_policy = JS_REPLAY_ORIGINAL;
    for (int i = 0; i < 3; i++) {
        (void)stage_store(g, "s.a", "x");
        stage_pass(g, 3 * SECOND);
    }
    *ret = stage_consumer(g, "C", &config);
    return g;
}

/* The sequences of the messages, and the codes of the status lines: "1 2 404 ". */
static const char *told(const char *got)
{
    static char text[128];
    text[0] = '\0';
    for (const char *at = got; *at != '\0'; at++) {
        unsigned long long number = 0;
        bool is_status = strncmp(at, "NATS/1.0 ", 9) == 0;
        if (is_status) number = strtoull(at + 9, NULL, 10);
        else if (strncmp(at, "$JS.ACK.S.C.", 12) == 0) number = strtoull(at + 14, NULL, 10);
        if (number > 0)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%llu ", number);
    }
    return text;
}

static const char *told_after(struct stage *g, nanos time)
{
    stage_pass(g, time);
    return told(world_take(g->world, g->client));
}

static void a_batch_keeps_the_original_pace(void **state)
{
    (void)state;
    static const char *const bodies[] = { "4", "{\"batch\":4,\"no_wait\":true}" };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct consumer *c;
        struct stage *g = with_gaps(&c);
        assert_string_equal(told(stage_pull(g, c, "in", bodies[i])), "1 ");
        assert_string_equal(told_after(g, 2900 * MILLISECOND), "");
        assert_string_equal(told_after(g, 200 * MILLISECOND), "2 ");
        assert_string_equal(told_after(g, 2800 * MILLISECOND), "");
        assert_string_equal(told_after(g, 300 * MILLISECOND), i == 0 ? "3 " : "3 404 ");
        (void)stage_store(g, "s.a", "x");
        stage_run(g);
        assert_string_equal(told(world_take(g->world, g->client)), i == 0 ? "4 " : "");
        stage_free(g);
    }
}

static void the_pace_is_kept_from_request_to_request(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_gaps(&c);
    assert_string_equal(told(stage_pull(g, c, "in", "1")), "1 ");
    assert_null(c->pull);
    /* the gap begins when somebody asks, as on nats-server */
    assert_string_equal(told_after(g, 10 * SECOND), "");
    assert_string_equal(told(stage_pull(g, c, "in", "1")), "");
    assert_string_equal(told_after(g, 2900 * MILLISECOND), "");
    assert_string_equal(told(stage_pull(g, c, "in", "1")), "");
    assert_string_equal(told_after(g, 200 * MILLISECOND), "2 ");
    assert_string_equal(told_after(g, 3 * SECOND), "3 ");
    stage_free(g);
}

static void time_passes_for_who_waits_for_the_pace(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_gaps(&c);
    static const char body[] = "{\"batch\":3,\"expires\":5000000000,\"idle_heartbeat\":1000000000}";
    assert_string_equal(told(stage_pull(g, c, "in", body)), "1 ");
    assert_string_equal(told_after(g, SECOND), "100 ");
    assert_string_equal(told_after(g, SECOND), "100 ");
    assert_string_equal(told_after(g, 1100 * MILLISECOND), "2 ");
    assert_string_equal(told_after(g, 2 * SECOND), "408 ");
    assert_string_equal(told_after(g, 2 * SECOND), "");
    assert_string_equal(told(stage_pull(g, c, "in", "1")), "3 ");
    stage_free(g);
}

static void what_is_due_again_does_not_wait_for_the_pace(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_gaps(&c);
    assert_string_equal(told(stage_pull(g, c, "in", "5")), "1 ");
    assert_string_equal(told(stage_ack(g, ack_of(g, "1.1.1", "2"), "", "-NAK")), "1 ");
    assert_string_equal(told_after(g, 3100 * MILLISECOND), "2 ");
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_delivered_under_the_stored_subjects),
        cmocka_unit_test(a_filter_leaves_the_others_out_and_counts_only_its_own),
        cmocka_unit_test(an_ack_ends_it_and_is_answered),
        cmocka_unit_test(what_is_not_acked_comes_again_and_at_last_not_any_more),
        cmocka_unit_test(deliveries_are_counted_up_to_a_limit),
        cmocka_unit_test(a_nak_brings_it_at_once_or_when_it_says),
        cmocka_unit_test(a_delay_of_nothing_waits_for_those_without_one),
        cmocka_unit_test(a_term_ends_it_with_a_reason),
        cmocka_unit_test(an_ack_may_ask_for_the_next_one),
        cmocka_unit_test(as_many_as_may_wait_for_acks_hold_new_ones),
        cmocka_unit_test(a_request_that_nobody_waits_for_is_dropped_and_loses_nothing),
        cmocka_unit_test(time_ends_a_request),
        cmocka_unit_test(a_deleted_consumer_tells_those_who_wait),
        cmocka_unit_test(headers_only_says_how_long_the_payload_was),
        cmocka_unit_test(an_unused_ephemeral_goes_by_itself),
        cmocka_unit_test(a_message_that_is_served_counts_as_use),
        cmocka_unit_test(a_limit_beyond_what_can_be_counted_is_none),
        cmocka_unit_test(who_does_not_wait_is_told_that_nothing_can_be_delivered),
        cmocka_unit_test(a_batch_keeps_the_original_pace),
        cmocka_unit_test(the_pace_is_kept_from_request_to_request),
        cmocka_unit_test(time_passes_for_who_waits_for_the_pace),
        cmocka_unit_test(what_is_due_again_does_not_wait_for_the_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
