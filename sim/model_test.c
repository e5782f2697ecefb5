/* SPDX-License-Identifier: Apache-2.0 */
/* Can the checker fail? A world of two or three connections without a server: the test plays the
 * server, first right and then wrong in every way that the model must notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "sim/model.h"

struct stage {
    struct sim_plan plan;
    struct model m;
    struct sim_peer *from, *to, *other;
};

static const struct sim_permissions only_a = { .pub_allow = { "a" },
                                               .sub_allow = { "a", "b.*" },
                                               .sub_deny = { "b.x" } };

/* Users 0 and 1 in account 0, user 1 restricted; user 2 in account 1. */
static int begin(void **state)
{
    static struct stage s;
    s = (struct stage){ .plan.config.users_count = 3 };
    s.plan.net.buffer = 65536;
    s.plan.config.users[1].permissions = &only_a;
    s.plan.config.users[2].account = 1;
    model_init(&s.m, &s.plan);
    s.from = model_open(&s.m, 0, 1);
    s.to = model_open(&s.m, 0, 1);
    s.other = model_open(&s.m, 2, 1);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    struct stage *s = *state;
    model_deinit(&s->m);
    return 0;
}

static void barrier(struct stage *s, struct sim_peer *p)
{
    model_ping(&s->m, p);
    model_pong(&s->m, p);
}

static struct sim_sub *listening(struct stage *s, struct sim_peer *p, const char *pattern,
                                 int group)
{
    struct sim_sub *sub = model_sub(&s->m, p, pattern, group);
    barrier(s, p);
    return sub;
}

static struct sim_msg *sent(struct stage *s, const char *subject)
{
    return model_publish(&s->m, s->from, subject, NULL, 20, false);
}

static void arrives_as(struct stage *s, struct sim_sub *sub, const struct sim_msg *msg, int flip)
{
    char sid[16];
    struct sim_sub *at;
    struct buf payload = { 0 };
    snprintf(sid, sizeof sid, "%u", sub->sid);
    model_payload(msg, &payload);
    if (flip >= 0) payload.ptr[flip] ^= 1;
    struct sim_op op = { .verb = SIM_MSG,
                         .subject = slice_str(msg->subject),
                         .sid = slice_str(sid),
                         .reply = slice_str(msg->reply),
                         .payload = buf_slice(&payload) };
    (void)model_message(&s->m, sub->peer, &op, &at);
    buf_deinit(&payload);
}

static void arrives(struct stage *s, struct sim_sub *sub, const struct sim_msg *msg)
{
    arrives_as(s, sub, msg, -1);
}

static void no_responders(struct stage *s, struct sim_sub *inbox, const struct sim_msg *msg)
{
    char sid[16], head[128];
    struct sim_sub *at;
    snprintf(sid, sizeof sid, "%u", inbox->sid);
    snprintf(head, sizeof head, "NATS/1.0 503\r\nNats-Subject: %s\r\n\r\n", msg->subject);
    struct sim_op op = { .verb = SIM_HMSG,
                         .subject = slice_str(msg->reply),
                         .sid = slice_str(sid),
                         .headers = slice_str(head) };
    (void)model_message(&s->m, inbox->peer, &op, &at);
}

static void assert_fails_with(struct stage *s, const char *part)
{
    if (strstr(s->m.failure, part) == NULL)
        fail_msg("wanted a failure with '%s', got '%s'", part, s->m.failure);
}

static void assert_fine(const struct stage *s)
{
    assert_string_equal(s->m.failure, "");
}

static void a_message_that_arrives_once_in_order_is_fine(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a.*", -1);
    struct sim_msg *one = sent(s, "a.x"), *two = sent(s, "a.y");
    barrier(s, s->from);
    arrives(s, sub, one);
    arrives(s, sub, two);
    barrier(s, s->to);
    model_finish(&s->m);
    assert_fine(s);
}

static void a_dropped_message_is_missed_at_the_next_pong(void **state)
{
    struct stage *s = *state;
    (void)listening(s, s->to, "a", -1);
    (void)sent(s, "a");
    barrier(s, s->from);
    barrier(s, s->to);
    assert_fails_with(s, "stands behind a PONG");
}

static void a_dropped_message_is_missed_at_the_end(void **state)
{
    struct stage *s = *state;
    (void)listening(s, s->to, "a", -1);
    (void)sent(s, "a");
    model_ping(&s->m, s->to);
    barrier(s, s->from);
    model_pong(&s->m, s->to);
    assert_fine(s); /* the PING was older: the message may come later */
    model_finish(&s->m);
    assert_fails_with(s, "never came");
}

static void a_gap_is_seen_when_the_next_message_comes(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    (void)sent(s, "a");
    arrives(s, sub, sent(s, "a"));
    assert_fails_with(s, "overtook or replaced");
}

static void two_messages_swapped_are_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = model_sub(&s->m, s->to, "a", -1);
    struct sim_msg *one = sent(s, "a"), *two = sent(s, "a");
    arrives(s, sub, two);
    arrives(s, sub, one);
    assert_fails_with(s, "too late");
}

static void a_message_that_comes_twice_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    struct sim_msg *msg = sent(s, "a");
    arrives(s, sub, msg);
    arrives(s, sub, msg);
    assert_fails_with(s, "twice");
}

static void one_flipped_bit_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    arrives_as(s, sub, sent(s, "a"), 15);
    assert_fails_with(s, "another payload");
}

static void a_message_for_another_subject_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    arrives(s, sub, sent(s, "b"));
    assert_fails_with(s, "does not match");
}

static void a_message_from_another_account_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->other, "a", -1);
    arrives(s, sub, sent(s, "a"));
    assert_fails_with(s, "another account");
}

static void a_message_after_the_unsubs_pong_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    struct sim_msg *msg = sent(s, "a");
    model_unsub(&s->m, sub, 0);
    barrier(s, s->to);
    assert_fine(s);
    arrives(s, sub, msg);
    assert_fails_with(s, "given up");
}

static void a_message_older_than_the_subscription_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_msg *msg = sent(s, "a");
    barrier(s, s->from);
    arrives(s, model_sub(&s->m, s->to, "a", -1), msg);
    assert_fails_with(s, "younger than the message");
}

static void one_more_than_unsub_allowed_is_seen_and_one_less_too(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    model_unsub(&s->m, sub, 2);
    barrier(s, s->to);
    struct sim_msg *msgs[3] = { sent(s, "a"), sent(s, "a"), sent(s, "a") };
    barrier(s, s->from);
    arrives(s, sub, msgs[0]);
    struct stage before = *s;
    model_finish(&s->m);
    assert_fails_with(s, "never came");
    memcpy(s->m.failure, before.m.failure, sizeof s->m.failure);
    arrives(s, sub, msgs[1]);
    model_finish(&s->m);
    assert_fine(s);
    arrives(s, sub, msgs[2]);
    assert_fails_with(s, "all it asked for");
}

static void two_members_of_a_queue_group_are_one_too_many(void **state)
{
    struct stage *s = *state;
    struct sim_sub *one = listening(s, s->to, "a", 1), *two = listening(s, s->from, ">", 1);
    struct sim_msg *msg = sent(s, "a");
    arrives(s, one, msg);
    arrives(s, two, msg);
    assert_fails_with(s, "two members");
}

static void no_member_of_a_queue_group_is_one_too_few(void **state)
{
    struct stage *s = *state;
    (void)listening(s, s->to, "a", 1);
    (void)sent(s, "a");
    barrier(s, s->from);
    model_finish(&s->m);
    assert_fails_with(s, "no member of queue group");
}

static void a_queue_group_may_lose_a_message_with_a_member_that_died(void **state)
{
    struct stage *s = *state;
    (void)listening(s, s->to, "a", 1);
    (void)sent(s, "a");
    barrier(s, s->from);
    model_died(&s->m, s->to);
    model_finish(&s->m);
    assert_fine(s);
}

static void a_missing_503_is_seen(void **state)
{
    struct stage *s = *state;
    s->from->no_responders = true;
    (void)listening(s, s->from, "_INBOX.>", -1);
    (void)model_publish(&s->m, s->from, "a", "?", 20, false);
    barrier(s, s->from);
    assert_fails_with(s, "no 503 came");
}

static void a_503_for_a_message_that_arrived_is_seen(void **state)
{
    struct stage *s = *state;
    s->from->no_responders = true;
    struct sim_sub *inbox = listening(s, s->from, "_INBOX.>", -1);
    struct sim_sub *sub = listening(s, s->to, "a", -1);
    struct sim_msg *msg = model_publish(&s->m, s->from, "a", "?", 20, false);
    arrives(s, sub, msg);
    no_responders(s, inbox, msg);
    assert_fails_with(s, "which arrived");
}

static void a_503_for_somebody_else_is_seen(void **state)
{
    struct stage *s = *state;
    s->from->no_responders = true;
    struct sim_sub *nosy = listening(s, s->to, "_INBOX.>", -1);
    no_responders(s, nosy, model_publish(&s->m, s->from, "a", "?", 20, false));
    assert_fails_with(s, "which it did not ask");
}

static void a_publish_that_is_not_allowed_must_be_refused_and_not_arrive(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, ">", -1);
    struct sim_peer *bound = model_open(&s->m, 1, s->m.now);
    struct sim_msg *msg = model_publish(&s->m, bound, "b", NULL, 20, false);
    arrives(s, sub, msg);
    assert_fails_with(s, "the publisher may not");
}

static void a_refusal_that_is_not_told_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_peer *bound = model_open(&s->m, 1, s->m.now);
    (void)model_publish(&s->m, bound, "b", NULL, 20, false);
    barrier(s, bound);
    assert_fails_with(s, "was not told");
}

static void a_refusal_of_what_is_allowed_is_seen(void **state)
{
    struct stage *s = *state;
    (void)sent(s, "a");
    model_err(&s->m, s->from, SLICE_LIT("Permissions Violation for Publish to \"a\""));
    assert_fails_with(s, "which it may");
}

static void a_subscription_that_is_not_allowed_must_be_refused(void **state)
{
    struct stage *s = *state;
    (void)listening(s, model_open(&s->m, 1, s->m.now), "c", -1);
    assert_fails_with(s, "subscribed to c, which it may not");
}

static void a_denied_message_in_a_wider_subscription_is_seen(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, model_open(&s->m, 1, s->m.now), "b.*", -1);
    arrives(s, sub, sent(s, "b.y"));
    assert_fine(s);
    arrives(s, sub, sent(s, "b.x"));
    assert_fails_with(s, "the receiver may not");
}

static void an_own_message_without_echo_is_seen(void **state)
{
    struct stage *s = *state;
    s->from->echo = false;
    struct sim_sub *sub = listening(s, s->from, "a", -1);
    arrives(s, sub, sent(s, "a"));
    assert_fails_with(s, "echo is off");
}

static void a_connection_closed_without_a_cause_is_seen(void **state)
{
    struct stage *s = *state;
    model_closed(&s->m, s->to);
    assert_fails_with(s, "without a cause");
}

static void a_verbose_connection_misses_an_ok(void **state)
{
    struct stage *s = *state;
    s->from->verbose = true;
    (void)sent(s, "a");
    barrier(s, s->from);
    assert_fails_with(s, "is verbose");
}

static void while_a_reload_is_under_way_both_answers_are_right(void **state)
{
    struct stage *s = *state;
    struct sim_sub *sub = listening(s, s->to, ">", -1);
    struct sim_config next = s->plan.config;
    next.users[0].permissions = &only_a;
    struct sim_msg *before = sent(s, "b");
    model_reload(&s->m, &next);
    struct sim_msg *during = sent(s, "b");
    arrives(s, sub, before);
    arrives(s, sub, during);
    model_reload_applied(&s->m);
    assert_fine(s);
    arrives(s, sub, sent(s, "b"));
    assert_fails_with(s, "may not");
}

#define MODEL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODEL_TEST(a_message_that_arrives_once_in_order_is_fine),
        MODEL_TEST(a_dropped_message_is_missed_at_the_next_pong),
        MODEL_TEST(a_dropped_message_is_missed_at_the_end),
        MODEL_TEST(a_gap_is_seen_when_the_next_message_comes),
        MODEL_TEST(two_messages_swapped_are_seen),
        MODEL_TEST(a_message_that_comes_twice_is_seen),
        MODEL_TEST(one_flipped_bit_is_seen),
        MODEL_TEST(a_message_for_another_subject_is_seen),
        MODEL_TEST(a_message_from_another_account_is_seen),
        MODEL_TEST(a_message_after_the_unsubs_pong_is_seen),
        MODEL_TEST(a_message_older_than_the_subscription_is_seen),
        MODEL_TEST(one_more_than_unsub_allowed_is_seen_and_one_less_too),
        MODEL_TEST(two_members_of_a_queue_group_are_one_too_many),
        MODEL_TEST(no_member_of_a_queue_group_is_one_too_few),
        MODEL_TEST(a_queue_group_may_lose_a_message_with_a_member_that_died),
        MODEL_TEST(a_missing_503_is_seen),
        MODEL_TEST(a_503_for_a_message_that_arrived_is_seen),
        MODEL_TEST(a_503_for_somebody_else_is_seen),
        MODEL_TEST(a_publish_that_is_not_allowed_must_be_refused_and_not_arrive),
        MODEL_TEST(a_refusal_that_is_not_told_is_seen),
        MODEL_TEST(a_refusal_of_what_is_allowed_is_seen),
        MODEL_TEST(a_subscription_that_is_not_allowed_must_be_refused),
        MODEL_TEST(a_denied_message_in_a_wider_subscription_is_seen),
        MODEL_TEST(an_own_message_without_echo_is_seen),
        MODEL_TEST(a_connection_closed_without_a_cause_is_seen),
        MODEL_TEST(a_verbose_connection_misses_an_ok),
        MODEL_TEST(while_a_reload_is_under_way_both_answers_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
