/* SPDX-License-Identifier: Apache-2.0 */
/* What may have removed a message, and what must have. */
#include "sim/js_model_testing.h"

static struct jm_removal *removal(struct told_world *w, uint64_t seq, const char *filter)
{
    struct jm_removal *r = jm_removal_new(&w->model, w->stream);
    r->seq = seq;
    r->is_purge = filter != NULL;
    if (filter != NULL) snprintf(r->filter, sizeof r->filter, "%s", filter);
    return r;
}

static bool may(struct told_world *w, const struct jm_msg *msg)
{
    return jm_may_be_gone(&w->model, w->stream, msg);
}

static bool must(struct told_world *w, const struct jm_msg *msg)
{
    return jm_must_be_gone(&w->model, w->stream, msg) != NULL;
}

static void a_delete_may_and_then_must_have_been(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1), *two = stored(w, "S.a", 2);
    assert_false(may(w, one));
    struct jm_removal *r = removal(w, 1, NULL);
    assert_true(may(w, one));
    assert_false(must(w, one));
    assert_false(may(w, two));
    assert_false(jm_was_deleted(w->stream, 1));
    jm_removal_answered(&w->model, r, JM_DONE);
    assert_true(must(w, one));
    assert_false(must(w, two));
    assert_true(jm_was_deleted(w->stream, 1));
}

static void a_delete_that_was_refused_removes_nothing(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 1);
    jm_removal_answered(&w->model, removal(w, 1, NULL), JM_REFUSED);
    assert_false(may(w, msg));
}

static void a_purge_reaches_what_matches_and_was_there(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1), *two = stored(w, "S.b", 2);
    struct jm_removal *r = removal(w, 0, "S.a");
    struct jm_msg *later = stored(w, "S.a", 3); /* while it is on its way */
    jm_removal_answered(&w->model, r, JM_DONE);
    struct jm_msg *after = stored(w, "S.a", 4);
    assert_true(must(w, one));
    assert_false(may(w, two));
    assert_true(may(w, later));
    assert_false(must(w, later));
    assert_false(may(w, after));
}

static void a_rollup_takes_what_is_before_it(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1), *other = stored(w, "S.b", 2), *by = sent(w, "S.a");
    by->is_rollup = true;
    assert_true(may(w, one));
    assert_false(must(w, one));
    jm_acked(&w->model, by, 3, false);
    assert_true(must(w, one));
    assert_false(may(w, other));
    assert_false(may(w, by));
}

static void limits_push_out_what_has_enough_behind_it(void **state)
{
    struct told_world *w = *state;
    w->config.per_subject_max = 2;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1);
    (void)stored(w, "S.b", 2);
    (void)stored(w, "S.a", 3);
    assert_false(may(w, one));
    (void)stored(w, "S.a", 4);
    assert_true(may(w, one));
}

static void new_ones_that_are_refused_push_out_nothing(void **state)
{
    struct told_world *w = *state;
    w->config.msgs_max = 1;
    w->config.is_new_refused = true;
    begin(w);
    struct jm_msg *one = stored(w, "S.a", 1);
    (void)sent(w, "S.a");
    assert_false(may(w, one));
}

static void time_takes_what_is_old(void **state)
{
    struct told_world *w = *state;
    w->config.age_max = 10 * SECOND;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 1);
    w->model.wall += 10 * SECOND - 1;
    assert_false(may(w, msg));
    w->model.wall += 1;
    assert_true(may(w, msg));
    assert_false(must(w, msg));
    w->model.wall += 4 * SECOND;
    assert_true(must(w, msg));
}

static struct jm_consumer *consumer(struct told_world *w, const char *filter)
{
    struct jm_consumer *c = jm_consumer_new(&w->model, w->stream);
    snprintf(c->filter, sizeof c->filter, "%s", filter);
    c->creation = JM_DONE;
    c->creation_answered = ++w->model.now;
    return c;
}

static void interest_keeps_what_some_consumer_wants(void **state)
{
    struct told_world *w = *state;
    w->config.retention = JM_INTEREST;
    begin(w);
    struct jm_msg *before = stored(w, "S.a", 1);
    struct jm_consumer *c = consumer(w, "S.a");
    struct jm_msg *wanted = stored(w, "S.a", 2), *other = stored(w, "S.b", 3);
    assert_true(may(w, before));
    assert_false(may(w, wanted));
    assert_true(may(w, other));
    jm_ack_sent(&w->model, c, 2);
    assert_true(may(w, wanted));
    assert_false(must(w, wanted));
    jm_ack_confirmed(&w->model, c, 2);
    assert_true(must(w, wanted));
}

static void a_work_queue_keeps_what_nobody_has_acked(void **state)
{
    struct told_world *w = *state;
    w->config.retention = JM_WORKQUEUE;
    begin(w);
    struct jm_consumer *c = consumer(w, "");
    struct jm_msg *msg = stored(w, "S.a", 1);
    assert_false(may(w, msg));
    jm_ack_confirmed(&w->model, c, 1);
    assert_true(must(w, msg));
}

/* A refusal has told that something is there, but not what. */
static void what_was_only_named_is_one_of_those_in_doubt(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *open = sent(w, "S.a"), *other = sent(w, "S.b");
    open->ttl = SECOND;
    jm_unknown(open);
    jm_unknown(other);
    struct jm_msg *asks = sent(w, "S.a");
    asks->expects_subject = true;
    jm_wrong_last(&w->model, asks, 1);
    const struct jm_msg *named = jm_at(w->stream, 1);
    assert_int_equal(named->id, 0);
    assert_false(may(w, named));
    (void)removal(w, 0, "S.b"); /* which it is not on */
    assert_false(may(w, named));
    w->model.wall += SECOND;
    assert_true(may(w, named));
    jm_acked(&w->model, open, 2, false); /* so it was another one */
    assert_false(may(w, named));
    expect_well(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(a_delete_may_and_then_must_have_been),
        WITH_MODEL(a_delete_that_was_refused_removes_nothing),
        WITH_MODEL(a_purge_reaches_what_matches_and_was_there),
        WITH_MODEL(a_rollup_takes_what_is_before_it),
        WITH_MODEL(limits_push_out_what_has_enough_behind_it),
        WITH_MODEL(new_ones_that_are_refused_push_out_nothing),
        WITH_MODEL(time_takes_what_is_old),
        WITH_MODEL(interest_keeps_what_some_consumer_wants),
        WITH_MODEL(a_work_queue_keeps_what_nobody_has_acked),
        WITH_MODEL(what_was_only_named_is_one_of_those_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
