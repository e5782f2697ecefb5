/* SPDX-License-Identifier: Apache-2.0 */
/* What a consumer gets, and what the server tells of it. */
#include "sim/js_model_testing.h"

static struct jm_consumer *consumer(struct told_world *w)
{
    struct jm_consumer *c = jm_consumer_new(&w->model, w->stream);
    snprintf(c->name, sizeof c->name, "C");
    c->creation = JM_DONE;
    return c;
}

static void deliver(struct told_world *w, struct jm_consumer *c, uint64_t count, uint64_t seq,
                    uint64_t number)
{
    const struct jm_delivery d = { count, seq, number };
    jm_delivered(&w->model, c, &d, jm_at(w->stream, seq));
}

static struct jm_consumer *with_two(struct told_world *w)
{
    begin(w);
    (void)stored(w, "S.a", 1);
    (void)stored(w, "S.b", 2);
    return consumer(w);
}

static void deliveries_in_turn_are_well(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    deliver(w, c, 1, 1, 1);
    deliver(w, c, 1, 2, 2);
    deliver(w, c, 2, 1, 3);
    expect_well(w);
    assert_int_equal(jm_seen(c, 1)->got, 2);
    assert_int_equal(jm_seen(c, 1)->count, 2);
}

static void what_it_does_not_want_does_not_come(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    snprintf(c->filter, sizeof c->filter, "S.a");
    deliver(w, c, 1, 2, 1);
    expect_complaint(w, "gets 2 on S.b, which it does not want");
}

static void nothing_comes_more_often_than_it_may(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    c->deliver_max = 2;
    deliver(w, c, 3, 1, 1);
    expect_complaint(w, "1 is delivered for the 3th time of 2");
}

static void nothing_comes_again_after_its_ack_was_confirmed(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    c->policy = JM_ALL;
    deliver(w, c, 1, 2, 1);
    jm_ack_confirmed(&w->model, c, 2);
    deliver(w, c, 2, 1, 2); /* it acked all up to there */
    expect_complaint(w, "1 is delivered again after its ack was confirmed");
}

static void numbers_of_deliveries_ascend(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    deliver(w, c, 1, 1, 2);
    deliver(w, c, 1, 2, 2);
    expect_complaint(w, "delivery 2 comes after 2");
}

static void first_deliveries_come_in_the_order_of_the_stream(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    deliver(w, c, 1, 2, 1);
    deliver(w, c, 1, 1, 2);
    expect_complaint(w, "1 comes first after 2");
}

/* An audit in which both messages are there, and the consumer is so. */
static void told(struct told_world *w, struct jm_consumer *c, struct jm_consumer_told t)
{
    struct jm_msg *msgs[] = { jm_at(w->stream, 1), jm_at(w->stream, 2) };
    audit(w, msgs, 2, 2);
    jm_audit_consumer(&w->model, c, &t);
}

static void what_is_to_come_is_what_it_wants(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    told(w, c, (struct jm_consumer_told){ .pending = 2 });
    expect_well(w);
    told(w, c, (struct jm_consumer_told){ .pending = 1 });
    expect_complaint(w, "tells 1 to come, but behind 0 there are 2");
}

static void what_may_have_expired_counts_or_not(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    jm_at(w->stream, 1)->ttl = SECOND;
    told(w, c, (struct jm_consumer_told){ .pending = 2 });
    w->model.wall += SECOND;
    jm_audit_consumer(&w->model, c, &(struct jm_consumer_told){ .pending = 1 });
    expect_well(w);
    jm_audit_consumer(&w->model, c, &(struct jm_consumer_told){ .pending = 0 });
    expect_complaint(w, "tells 0 to come");
}

/* What had pushed 1 out was lost. */
static void a_floor_may_have_passed_what_came_back(void **state)
{
    struct told_world *w = *state;
    w->config.per_subject_max = 1;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1);
    (void)stored(w, "S.a", 2);
    struct jm_consumer *c = consumer(w);
    const struct jm_consumer_told t = { .delivered_stream = 2, .floor_stream = 2 };
    jm_ack_confirmed(&w->model, c, 2);
    audit(w, &one, 1, 2);
    w->model.failure[0] = 0; /* nobody has told of 2 */
    jm_audit_consumer(&w->model, c, &t);
    expect_complaint(w, "its floor is 2, but 1 was not acked");
    w->model.failure[0] = 0;
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 2, .last = 2, .is_before = true });
    jm_audit_consumer(&w->model, c, &t);
    expect_well(w);
}

static void a_floor_stands_on_acks(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    deliver(w, c, 1, 1, 1);
    deliver(w, c, 1, 2, 2);
    jm_ack_sent(&w->model, c, 1);
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2, .floor_stream = 1 });
    expect_well(w);
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2, .floor_stream = 2 });
    expect_complaint(w, "its floor is 2, but 2 was not acked");
}

static void a_floor_passes_what_may_have_come_as_often_as_it_may(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    const struct jm_consumer_told t = { .delivered_stream = 1, .floor_stream = 1, .pending = 1 };
    c->deliver_max = 2;
    c->wait = SECOND;
    w->model.wall += 2 * SECOND;
    told(w, c, t);
    expect_well(w);
    w->model.wall -= 1;
    told(w, c, t);
    expect_complaint(w, "its floor is 1, but 1 was not acked");
    w->model.failure[0] = 0;
    jm_seen(c, 1)->naks++;
    told(w, c, t);
    expect_well(w);
}

static void a_floor_is_not_above_what_was_delivered(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 1, .floor_stream = 2, .pending = 1 });
    expect_complaint(w, "its floor 2 is above 1");
}

static void no_more_are_pending_than_may_be(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    c->pending_max = 1;
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2, .ack_pending = 2 });
    expect_complaint(w, "2 are pending, 1 may be");
    w->model.failure[0] = 0;
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 1, .last = 1 });
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2, .ack_pending = 2 });
    expect_complaint(w, "2 are pending, 1 may be");
    w->model.failure[0] = 0;
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 1, .last = 1, .is_before = true });
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2, .ack_pending = 2 });
    expect_well(w);
}

/* It had gone for a limit of its subject, which a start can no longer read. */
static void but_one_that_nobody_can_read_may_be_pending_beside_them(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    const struct jm_consumer_told t = { .delivered_stream = 2, .ack_pending = 2 };
    c->pending_max = 1;
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 1, .last = 1 });
    told(w, c, t);
    expect_complaint(w, "2 are pending, 1 may be");
    w->model.failure[0] = 0;
    jm_at(w->stream, 1)->is_found = false;
    jm_audit_consumer(&w->model, c, &t);
    expect_well(w);
}

static void at_the_end_all_was_delivered(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c = with_two(w);
    deliver(w, c, 1, 1, 1);
    told(w, c, (struct jm_consumer_told){ .delivered_stream = 2 });
    jm_audit_served(&w->model, c);
    expect_complaint(w, "2 on S.b was never delivered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(deliveries_in_turn_are_well),
        WITH_MODEL(what_it_does_not_want_does_not_come),
        WITH_MODEL(nothing_comes_more_often_than_it_may),
        WITH_MODEL(nothing_comes_again_after_its_ack_was_confirmed),
        WITH_MODEL(numbers_of_deliveries_ascend),
        WITH_MODEL(first_deliveries_come_in_the_order_of_the_stream),
        WITH_MODEL(what_is_to_come_is_what_it_wants),
        WITH_MODEL(what_may_have_expired_counts_or_not),
        WITH_MODEL(a_floor_may_have_passed_what_came_back),
        WITH_MODEL(a_floor_stands_on_acks),
        WITH_MODEL(a_floor_passes_what_may_have_come_as_often_as_it_may),
        WITH_MODEL(a_floor_is_not_above_what_was_delivered),
        WITH_MODEL(no_more_are_pending_than_may_be),
        WITH_MODEL(but_one_that_nobody_can_read_may_be_pending_beside_them),
        WITH_MODEL(at_the_end_all_was_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
