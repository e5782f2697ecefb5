/* SPDX-License-Identifier: Apache-2.0 */
/* What clients say of deliveries, and what they are answered: as nats-server 2.15.2 was seen to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/consumer_testing.h"

enum { STORED = 4 };

/* A consumer that has delivered four messages. */
static struct stage *with_policy(enum js_ack policy, struct consumer **ret)
{
    struct stage *g = stage_new();
    struct consumer_config config = stage_pull_config();
    config.ack_policy = policy;
    (void)world_say(g->world, g->client, "SUB in 1\r\nSUB r 2\r\n");
    for (int i = 0; i < STORED; i++) (void)stage_store(g, "s.a", "x");
    *ret = stage_consumer(g, "C", &config);
    (void)stage_pull(g, *ret, "in", "4");
    return g;
}

#define ANSWERED "MSG r 2 0\r\n\r\n"

static void each_payload_is_answered_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *payload, *want;
        uint32_t    pending;            /* then */
    } rows[] = {
        { "$JS.ACK.S.C.1.1.1.0.0", "+WPI", ANSWERED, 4 },
        { "$JS.ACK.S.C.1.1.1.0.0", "what", ANSWERED, 4 },
        { "$JS.ACK.S.C.1.1.1.0.0", "+OK", ANSWERED, 3 },
        { "$JS.ACK.S.C.1.1.1.0.0", "", ANSWERED, 3 },
        { "$JS.ACK.S.C.1.2.2.0.0", "-NAK {\"delay\":1}", ANSWERED, 3 },
        { "$JS.ACK.S.C.1.2.2.0.0", "+TERM", ANSWERED, 2 },
        { "$JS.ACK.S.C.1.9.9.0.0", "+ACK", "", 2 },
        { "$JS.ACK.S.C.1.9.9.0.0", "-NAK", ANSWERED, 2 },
        { "$JS.ACK.S.C.1.0.0.0.0", "+ACK", ANSWERED, 2 },
        { "$JS.ACK.S.C.1.9.9.0.0", "+TERM", "", 2 },
        { "$JS.ACK.S.C.1.x.9.0.0", "+ACK", "", 2 },
        { "$JS.ACK.S.C.1.0.0.0.0", "+WPI", "", 2 },
        { "$JS.ACK._.NUmM6cRx.S.C.1.3.3.0.0", "", "nobody", 2 },
        { "$JS.ACK.S.D.1.3.3.0.0", "", "nobody", 2 },
        { "$JS.ACK.T.C.1.3.3.0.0", "", "nobody", 2 },
        { "$JS.ACK.S.C.1.3.3.0.0", "+ACK", ANSWERED, 1 },
    };
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_string_equal(stage_ack(g, rows[i].subject, "r", rows[i].payload), rows[i].want);
        assert_int_equal(acks_num_pending(&c->acks), rows[i].pending);
        assert_int_equal(redelivery_count(&c->redelivery), rows[i].pending);
    }
    stage_free(g);
}

static void a_nak_speaks_of_a_delivery_that_was(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.2.6.0.0", "r", "-NAK"), ANSWERED);
    assert_int_equal(redelivery_queued(&c->redelivery), 0);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.2.5.0.0", "r", "-NAK"), ANSWERED);
    assert_int_equal(redelivery_queued(&c->redelivery), 1);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "r", ""), ANSWERED);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.3.1.0.0", "r", "-NAK"), ANSWERED);
    assert_int_equal(redelivery_queued(&c->redelivery), 1);
    stage_free(g);
}

static void an_ack_of_nothing_shows_and_of_no_message_may_be_silent(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.9.9.0.0", "r", ""), "");
    assert_int_equal(c->acked_at, 0);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.0.9.0.0", "r", ""), ANSWERED);
    assert_int_not_equal(c->acked_at, 0);
    g->stream.config.retention = JS_RETENTION_INTEREST;
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.0.9.0.0", "r", ""), "");
    g->stream.config.retention = JS_RETENTION_LIMITS;
    stage_free(g);
}

static void policy_all_acks_everything_up_to_it(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_ALL, &c);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.3.3.0.0", "r", ""), ANSWERED);
    assert_int_equal(acks_num_pending(&c->acks), 1);
    assert_int_equal(redelivery_count(&c->redelivery), 1);
    assert_int_equal(c->acks.floor.stream_seq, 3);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.2.2.0.0", "r", ""), ANSWERED);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.9.9.0.0", "r", ""), "");
    stage_free(g);
}

static void without_acks_an_ack_does_nothing(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_NONE, &c);
    assert_int_equal(redelivery_count(&c->redelivery), 0);
    assert_int_equal(c->acks.floor.stream_seq, STORED);
    assert_string_equal(stage_ack(g, "$JS.ACK.S.C.1.3.3.0.0", "r", ""), "nobody");
    assert_int_equal(c->acked_at, 0);
    stage_free(g);
}

static void subjects_of_version_two_name_account_and_domain(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    struct options *o = options_new();
    struct feature_flag flag = { "js_ack_fc_v2", true };
    struct consumer_config config = stage_pull_config();
    o->feature_flags = &flag;
    o->feature_flags_count = 1;
    g->js.options = o;
    (void)world_say(g->world, g->client, "SUB in 1\r\nSUB r 2\r\n");
    (void)stage_store(g, "s.a", "x");
    struct consumer *c = stage_consumer(g, "C", &config);
    const char *got = stage_pull(g, c, "in", "1");
    const char *at = strstr(got, "$JS.ACK._.");
    assert_non_null(at);
    char subject[128];
    (void)snprintf(subject, sizeof subject, "%.*s", (int)strcspn(at, " "), at);
    assert_non_null(strstr(subject, ".S.C.1.1.1."));
    assert_string_equal(stage_ack(g, subject, "r", ""), ANSWERED);
    assert_int_equal(c->acks.floor.stream_seq, 1);
    stage_free(g);
    o->feature_flags_count = 0;
    (void)options_free(o);
}

static void progress_moves_the_time_of_redelivery(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    stage_pass(g, 20 * SECOND);
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "+WPI");
    stage_pass(g, 11 * SECOND);
    assert_int_equal(redelivery_queued(&c->redelivery), STORED - 1);
    stage_pass(g, 20 * SECOND);
    assert_int_equal(redelivery_queued(&c->redelivery), STORED);
    stage_free(g);
}

/* Sends nothing again for ever, and no time goes over the end of its type. */
static void a_wait_beyond_all_time_never_ends(void **state)
{
    (void)state;
    static const nanos waits[] = { 30 * SECOND, INT64_MAX - 1, INT64_MAX };
    for (size_t i = 0; i < ARRAY_COUNT(waits); i++) {
        struct consumer *c;
        struct stage *g = stage_new();
        struct consumer_config config = stage_pull_config();
        config.ack_wait = waits[i];
        (void)world_say(g->world, g->client, "SUB in 1\r\n");
        (void)stage_store(g, "s.a", "x");
        (void)stage_store(g, "s.b", "x");
        c = stage_consumer(g, "C", &config);
        (void)stage_pull(g, c, "in", "2");
        (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "+WPI");
        (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "-NAK {\"delay\":9223372036854775807}");
        (void)stage_ack(g, "$JS.ACK.S.C.1.2.2.0.0", "", "-NAK {\"delay\":9223372036854775806}");
        stage_pass(g, 1000 * DAY);
        assert_int_equal(redelivery_queued(&c->redelivery), 0);
        consumer_stop(c);
        consumer_begin(c);
        stage_pass(g, 1000 * DAY);
        assert_int_equal(redelivery_queued(&c->redelivery), 0);
        assert_int_equal(redelivery_count(&c->redelivery), 2);
        stage_free(g);
    }
}

static void a_delay_longer_than_ack_wait_outlasts_a_restart(void **state)
{
    (void)state;
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "-NAK 5m");
    stage_pass(g, MINUTE);
    consumer_stop(c);
    consumer_begin(c);
    stage_pass(g, 2 * MINUTE);
    assert_int_equal(redelivery_queued(&c->redelivery), STORED - 1);
    stage_pass(g, 2 * MINUTE);
    assert_int_equal(redelivery_queued(&c->redelivery), STORED);
    stage_free(g);
}

static void delays_that_are_none_are_told_once_a_second(void **state)
{
    (void)state;
    static const char told[] =
        "JetStream consumer '$G > S > C' bad NAK delay value: \"{\\\"delay\\\":\\\"5s\\\"}\"\n";
    struct consumer *c;
    struct stage *g = with_policy(JS_ACK_EXPLICIT, &c);
    g->world->logged.len = 0;
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "-NAK {\"delay\":\"5s\"}");
    assert_string_equal(buf_str(&g->world->logged), told);
    assert_int_equal(redelivery_queued(&c->redelivery), 1);
    (void)stage_ack(g, "$JS.ACK.S.C.1.2.2.0.0", "", "-NAK x");
    assert_string_equal(buf_str(&g->world->logged), told);
    stage_pass(g, SECOND);
    (void)stage_ack(g, "$JS.ACK.S.C.1.3.3.0.0", "", "-NAK x");
    assert_true(g->world->logged.len > sizeof told);
    stage_free(g);
}

static void all_acks_or_none_are_sampled(void **state)
{
    (void)state;
    static const struct {
        const char *freq;
        bool        is_told;
    } rows[] = {
        { "100", true },         { "101%", true },        { "250", true },
        { "2147483647", true },  { "+250", true },        { "0", false },
        { "2147483648", false }, { "4294967296", false }, { "", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct stage *g = stage_new();
        struct consumer_config config = stage_pull_config();
        config.sample_freq = rows[i].freq;
        (void)world_say(g->world, g->client, "SUB in 1\r\n");
        (void)stage_store(g, "s.a", "x");
        struct consumer *c = stage_consumer(g, "C", &config);
        (void)stage_pull(g, c, "in", "1");
        (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "");
        assert_string_equal(stage_advised(g), rows[i].is_told ? "ACK_METRIC 1 1 1 \n" : "");
        stage_free(g);
    }
}

static void a_sampled_ack_is_told(void **state)
{
    (void)state;
    struct stage *g = stage_new();
    stage_file(g); /* the delivery is not durable when its ack comes */
    struct consumer_config config = stage_pull_config();
    config.sample_freq = "100%";
    (void)world_say(g->world, g->client, "SUB in 1\r\n");
    (void)stage_store(g, "s.a", "x");
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_pull(g, c, "in", "1");
    stage_pass(g, 5 * MILLISECOND);
    (void)stage_ack(g, "$JS.ACK.S.C.1.1.1.0.0", "", "");
    assert_string_equal(stage_advised(g), "ACK_METRIC 1 1 1 \n");
    assert_true(g->ack_time == 5 * MILLISECOND);
    stage_durable(g);
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_payload_is_answered_or_not),
        cmocka_unit_test(a_nak_speaks_of_a_delivery_that_was),
        cmocka_unit_test(an_ack_of_nothing_shows_and_of_no_message_may_be_silent),
        cmocka_unit_test(policy_all_acks_everything_up_to_it),
        cmocka_unit_test(without_acks_an_ack_does_nothing),
        cmocka_unit_test(subjects_of_version_two_name_account_and_domain),
        cmocka_unit_test(progress_moves_the_time_of_redelivery),
        cmocka_unit_test(a_wait_beyond_all_time_never_ends),
        cmocka_unit_test(a_delay_longer_than_ack_wait_outlasts_a_restart),
        cmocka_unit_test(delays_that_are_none_are_told_once_a_second),
        cmocka_unit_test(all_acks_or_none_are_sampled),
        cmocka_unit_test(a_sampled_ack_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
