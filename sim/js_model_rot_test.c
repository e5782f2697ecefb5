/* SPDX-License-Identifier: Apache-2.0 */
/* What may be reported as damaged, and what must. */
#include "sim/js_model_testing.h"

static void rot(struct told_world *w, uint64_t owner, uint64_t first, uint64_t last)
{
    const struct jm_rot r = { .owner = owner, .first = first, .last = last };
    jm_rotted(&w->model, &r);
}

/* An audit of a stream of two, in which the first is not shown and the server tells of `lost`. */
static void audit_without_the_first(struct told_world *w, uint64_t lost)
{
    struct jm_msg *second = jm_at(w->stream, 2), *both[] = { jm_at(w->stream, 1), second };
    struct jm_told t = told_of(w, both, 2, 2); /* what is damaged counts */
    jm_audit_begin(&w->model, w->stream, &t);
    found(w, second, 2);
    if (lost > 0) jm_audit_lost(&w->model, w->stream, lost);
    jm_audit_end(&w->model, w->stream, &t);
}

static void with_two(struct told_world *w)
{
    begin(w);
    (void)stored(w, "S.a", 1);
    (void)stored(w, "S.a", 2);
}

static void what_a_bit_has_hit_may_be_reported(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    audit_without_the_first(w, 1);
    expect_well(w);
    assert_int_equal(w->model.damaged, 1);
    assert_true(jm_is_lost(w->stream, 1));
}

static void and_must_be_when_it_is_not_there(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    audit_without_the_first(w, 0);
    expect_complaint(w, "1 (message 1 on S.a, acked) is lost");
}

static void and_may_not_when_it_is_shown(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 2, 2);
    audit_without_the_first(w, 2);
    expect_complaint(w, "tells that 2 is damaged, and shows it");
}

static void one_that_has_nothing_else_begins_behind_it(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    w->stream->first = 2;
    w->stream->last = 1;
    jm_audit_lost(&w->model, w->stream, 1);
    expect_well(w);
    w->stream->last = 2;
    jm_audit_lost(&w->model, w->stream, 1);
    expect_complaint(w, "tells that 1 is damaged, and has 2 to 2");
}

static void what_the_journal_has_lost_may_stand_before_the_first(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 1, .last = 1, .is_before = true });
    w->stream->first = w->stream->last = 2;
    jm_audit_lost(&w->model, w->stream, 1);
    expect_well(w);
    w->stream->last = 0;
    jm_audit_lost(&w->model, w->stream, 1);
    expect_complaint(w, "tells that 1 is damaged, and has 2 to 0");
}

static void nothing_else_may_be_reported(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 2, 2);
    audit_without_the_first(w, 1);
    expect_complaint(w, "tells that 1 is damaged, but no bit of it was flipped");
}

static void a_stream_that_came_later_was_not_hit(void **state)
{
    struct told_world *w = *state;
    begin(w);
    rot(w, 5, 1, 1);
    with_two(w);
    audit_without_the_first(w, 1);
    expect_complaint(w, "but no bit of it was flipped");
}

static void what_has_a_number_is_one_stream(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_stream *other = w->stream;
    with_two(w);
    rot(w, 5, 1, 1);
    assert_true(jm_may_be_damaged(&w->model, other, 1));
    audit_without_the_first(w, 1);
    assert_false(jm_may_be_damaged(&w->model, other, 1));
    rot(w, 5, 2, 2);
    assert_false(jm_may_be_damaged(&w->model, other, 2));
    assert_true(jm_may_be_damaged(&w->model, w->stream, 2));
}

/* What one tells may be of either: it takes nothing from the other (seed 6756). */
static void what_may_be_of_two_settles_neither(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_stream *other = w->stream;
    with_two(w);
    rot(w, 5, 1, 10);
    rot(w, 6, 1, 1);
    jm_log_told_of(&w->model, w->stream, 1, 1);
    audit_without_the_first(w, 1);
    expect_well(w);
    assert_true(jm_may_be_damaged(&w->model, other, 7));
    assert_true(jm_may_be_damaged(&w->model, w->stream, 7));
    rot(w, 6, 2, 2);
    w->stream->lost_count = 0;
    w->stream->first = 1;
    w->stream->last = 10;
    jm_audit_lost(&w->model, other, 7); /* only the one of 5 can be that */
    assert_false(jm_may_be_damaged(&w->model, w->stream, 7));
    assert_true(jm_may_be_damaged(&w->model, w->stream, 2));
    other->first = 8;
    assert_true(jm_was_lost(&w->model, other, 1));
}

static void what_was_deleted_is_not_damaged(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    struct jm_removal *r = jm_removal_new(&w->model, w->stream);
    r->seq = 1;
    jm_removal_answered(&w->model, r, JM_DONE);
    rot(w, 5, 1, 1);
    audit_without_the_first(w, 1);
    expect_complaint(w, "tells that 1 is damaged, though it was deleted");
}

/* All behind it was acked, and the stream begins anew. */
static void what_was_reported_may_be_passed_by_the_beginning(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    struct jm_msg *both[] = { jm_at(w->stream, 1), jm_at(w->stream, 2) };
    audit_without_the_first(w, 1);
    audit(w, both + 1, 1, 2);
    expect_well(w);
    struct jm_told t = told_of(w, both, 2, 2);
    jm_audit_begin(&w->model, w->stream, &t);
    found(w, both[1], 2);
    jm_audit_end(&w->model, w->stream, &t);
    expect_complaint(w, "1 (message 1 on S.a, acked) is lost");
}

static void what_was_not_reported_may_not(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    struct jm_msg *second = jm_at(w->stream, 2);
    audit(w, &second, 1, 2);
    expect_complaint(w, "1 (message 1 on S.a, acked) is lost");
}

static void what_the_log_has_told_may_be_passed_too(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    struct jm_msg *second = jm_at(w->stream, 2);
    jm_log_told(&w->model, 5, 1, 1);
    audit(w, &second, 1, 2);
    expect_well(w);
}

static void the_log_tells_only_of_what_was_hit(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    jm_log_told(&w->model, 6, 1, 1);
    expect_complaint(w, "the log tells that 1 of stream 6 is damaged");
    w->model.failure[0] = 0;
    jm_log_told(&w->model, 5, 1, 2);
    expect_complaint(w, "the log tells that 2 of stream 5 is damaged");
}

static void the_log_may_name_the_stream(void **state)
{
    struct told_world *w = *state;
    with_two(w);
    rot(w, 5, 1, 1);
    jm_log_told_of(&w->model, w->stream, 1, 1);
    struct jm_msg *second = jm_at(w->stream, 2);
    audit(w, &second, 1, 2);
    expect_well(w);
    jm_log_told_of(&w->model, w->stream, 1, 2);
    expect_complaint(w, "the log tells that 2 of S is damaged");
}

/* One that the journal has lost is no message, unless a list counts it that has left it there. */
static void what_was_lost_counts_when_it_was_there(void **state)
{
    struct told_world *w = *state;
    uint64_t least, most;
    with_two(w);
    rot(w, 5, 1, 1);
    audit_without_the_first(w, 1);
    jm_lost_counted(&w->model, w->stream, &least, &most);
    assert_int_equal(least, 1);
    assert_int_equal(most, 1);
    jm_rotted(&w->model, &(struct jm_rot){ .owner = 5, .first = 1, .last = 1, .is_before = true });
    jm_lost_counted(&w->model, w->stream, &least, &most);
    assert_int_equal(least, 0);
    assert_int_equal(most, 1);
}

/* A rollup that the journal has lost has not been. */
static void what_was_lost_has_removed_nothing(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1), *by = sent(w, "S.a");
    by->is_rollup = true;
    jm_acked(&w->model, by, 2, false);
    assert_non_null(jm_must_be_gone(&w->model, w->stream, one));
    rot(w, 5, 2, 2);
    assert_null(jm_must_be_gone(&w->model, w->stream, one));
}

/* Two of a work queue; the first is acked when both are stored. */
static struct jm_msg *acked_behind_another(struct told_world *w, struct jm_consumer **ret_by)
{
    w->config.retention = JM_WORKQUEUE;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1);
    struct jm_consumer *c = jm_consumer_new(&w->model, w->stream);
    c->policy = JM_EXPLICIT;
    c->creation = JM_DONE;
    (void)stored(w, "S.a", 2);
    jm_delivered(&w->model, c, &(struct jm_delivery){ 1, 1, 1 }, one);
    jm_ack_confirmed(&w->model, c, 1);
    assert_non_null(jm_must_be_gone(&w->model, w->stream, one));
    *ret_by = c;
    return one;
}

/* It was acked when it had gone for the sake of one that the journal has lost: the ack said nothing
 * any more. */
static void what_was_lost_has_pushed_nothing_out(void **state)
{
    struct told_world *w = *state;
    w->config.msgs_max = 1;
    struct jm_consumer *c;
    const struct jm_msg *one = acked_behind_another(w, &c);
    rot(w, 5, 2, 2);
    assert_null(jm_must_be_gone(&w->model, w->stream, one));
    jm_delivered(&w->model, c, &(struct jm_delivery){ 2, 1, 2 }, one);
    expect_well(w);
}

static void but_what_could_stay_beside_it_was_acked(void **state)
{
    struct told_world *w = *state;
    struct jm_consumer *c;
    const struct jm_msg *one = acked_behind_another(w, &c);
    rot(w, 5, 2, 2);
    assert_non_null(jm_must_be_gone(&w->model, w->stream, one));
    jm_delivered(&w->model, c, &(struct jm_delivery){ 2, 1, 2 }, one);
    expect_complaint(w, "S : 1 is delivered again after its ack was confirmed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(what_a_bit_has_hit_may_be_reported),
        WITH_MODEL(and_must_be_when_it_is_not_there),
        WITH_MODEL(and_may_not_when_it_is_shown),
        WITH_MODEL(one_that_has_nothing_else_begins_behind_it),
        WITH_MODEL(what_the_journal_has_lost_may_stand_before_the_first),
        WITH_MODEL(nothing_else_may_be_reported),
        WITH_MODEL(a_stream_that_came_later_was_not_hit),
        WITH_MODEL(what_has_a_number_is_one_stream),
        WITH_MODEL(what_may_be_of_two_settles_neither),
        WITH_MODEL(what_was_deleted_is_not_damaged),
        WITH_MODEL(what_was_reported_may_be_passed_by_the_beginning),
        WITH_MODEL(what_was_not_reported_may_not),
        WITH_MODEL(what_the_log_has_told_may_be_passed_too),
        WITH_MODEL(the_log_tells_only_of_what_was_hit),
        WITH_MODEL(the_log_may_name_the_stream),
        WITH_MODEL(what_was_lost_counts_when_it_was_there),
        WITH_MODEL(what_was_lost_has_removed_nothing),
        WITH_MODEL(what_was_lost_has_pushed_nothing_out),
        WITH_MODEL(but_what_could_stay_beside_it_was_acked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
