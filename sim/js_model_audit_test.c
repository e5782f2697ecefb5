/* SPDX-License-Identifier: Apache-2.0 */
/* What a server tells of a stream, against what it must. */
#include "sim/js_model_testing.h"

static void what_was_acked_is_there(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msgs[] = { stored(w, "S.a", 1), stored(w, "S.b", 2), stored(w, "S.a", 4) };
    audit(w, msgs, 3, 4);
    expect_well(w);
    audit(w, msgs, 2, 4);
    expect_complaint(w, "4 (message 3 on S.a, acked) is lost");
}

static void what_was_only_seen_is_there_too(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = sent(w, "S.a");
    jm_unknown(msg);
    audit(w, &msg, 0, 0); /* nobody knows of it */
    expect_well(w);
    msg->seq = 1;
    struct jm_told t = told_of(w, &msg, 1, 1);
    jm_audit_begin(&w->model, w->stream, &t);
    msg->seq = 0;
    found(w, msg, 1);
    jm_audit_end(&w->model, w->stream, &t);
    expect_well(w);
    audit(w, &msg, 0, 1);
    expect_complaint(w, "1 (message 1 on S.a, seen) is lost");
}

static void a_last_sequence_does_not_go_back(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msgs[] = { stored(w, "S.a", 1), stored(w, "S.a", 2) };
    audit(w, msgs, 1, 1);
    expect_complaint(w, "its last sequence is 1, but 2 was told before");
}

static void a_last_sequence_is_not_invented(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 1);
    audit(w, &msg, 1, 2);
    expect_complaint(w, "its last sequence is 2, but only 1 can be");
}

static void a_message_is_on_its_subject(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 1);
    struct jm_told t = told_of(w, &msg, 1, 1);
    jm_audit_begin(&w->model, w->stream, &t);
    snprintf(msg->subject, sizeof msg->subject, "S.b");
    struct jm_msg moved = *msg;
    snprintf(msg->subject, sizeof msg->subject, "S.a");
    found(w, &moved, 1);
    expect_complaint(w, "1 is on S.b, not S.a");
}

static void the_sums_are_those_of_the_messages(void **state)
{
    static const struct {
        size_t at;
        const char *complaint;
    } cases[] = {
        { offsetof(struct jm_told, msgs), "messages" },
        { offsetof(struct jm_told, bytes), "bytes" },
        { offsetof(struct jm_told, first), "as the first" },
        { offsetof(struct jm_told, deleted), "as deleted" },
        { offsetof(struct jm_told, subjects), "subjects" },
    };
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msgs[] = { stored(w, "S.a", 1), stored(w, "S.b", 2) };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jm_told t = told_of(w, msgs, 2, 2);
        w->model.failure[0] = 0;
        ++*(uint64_t *)(void *)((uint8_t *)&t + cases[i].at);
        jm_audit_begin(&w->model, w->stream, &t);
        for (uint32_t k = 0; k < 2; k++) found(w, msgs[k], msgs[k]->seq);
        jm_audit_end(&w->model, w->stream, &t);
        expect_complaint(w, cases[i].complaint);
    }
}

static void limits_hold(void **state)
{
    struct told_world *w = *state;
    w->config.msgs_max = 1;
    begin(w);
    struct jm_msg *msgs[] = { stored(w, "S.a", 1), stored(w, "S.b", 2) };
    audit(w, msgs, 2, 2);
    expect_complaint(w, "has 2 messages, 1 may be");
    w->model.failure[0] = 0;
    audit(w, msgs + 1, 1, 2); /* the first was pushed out */
    expect_well(w);
}

static void a_limit_that_nobody_asked_for_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    w->config.msgs_max = 5;
    audit(w, NULL, 0, 0);
    expect_complaint(w, "nobody has asked for its limits");
}

/* The first one stands on the disk though it was answered with an error. */
static void of_updates_in_doubt_each_may_have_come(void **state)
{
    struct told_world *w = *state;
    begin(w);
    for (uint64_t max = 5; max < 7; max++) {
        struct jm_config changed = w->stream->config;
        changed.msgs_max = max;
        jm_stream_update(w->stream, &changed);
        jm_stream_updated(&w->model, w->stream, JM_UNKNOWN);
    }
    w->config.msgs_max = 5;
    audit(w, NULL, 0, 0);
    expect_well(w);
    assert_int_equal(w->stream->config.msgs_max, 5);
    w->config.msgs_max = 6;
    audit(w, NULL, 0, 0); /* that was decided */
    expect_complaint(w, "nobody has asked for its limits");
}

static void an_update_that_came_ends_all_doubts(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_config changed = w->stream->config;
    changed.msgs_max = 5;
    jm_stream_update(w->stream, &changed);
    jm_stream_updated(&w->model, w->stream, JM_UNKNOWN);
    changed.msgs_max = 6;
    jm_stream_update(w->stream, &changed);
    jm_stream_updated(&w->model, w->stream, JM_DONE);
    w->config.msgs_max = 5;
    audit(w, NULL, 0, 0);
    expect_complaint(w, "nobody has asked for its limits");
}

/* One that refuses new messages keeps what it has when its limit comes back. */
static void a_limit_that_comes_back_removes_nothing_where_new_ones_are_refused(void **state)
{
    struct told_world *w = *state;
    begin(w);
    w->stream->config.is_new_refused = w->stream->update.is_new_refused = true;
    w->stream->config.msgs_max = w->stream->update.msgs_max = w->stream->loosest.msgs_max = 1;
    struct jm_config changed = w->stream->config;
    for (uint64_t max = 0; max < 2; max++) {
        changed.msgs_max = max;
        jm_stream_update(w->stream, &changed);
        jm_stream_updated(&w->model, w->stream, JM_DONE);
        assert_int_equal(w->stream->is_lowered, max == 1);
    }
}

static void one_connection_stores_in_its_order(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *first = sent(w, "S.a"), *second = sent(w, "S.a");
    jm_acked(&w->model, second, 1, false);
    jm_acked(&w->model, first, 2, false);
    struct jm_msg *msgs[] = { second, first };
    audit(w, msgs, 2, 2);
    expect_complaint(w, "message 2 is 1, but 1, sent before it, is 2");
}

static void an_expectation_that_was_false_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msgs[3] = { stored(w, "S.a", 1), stored(w, "S.a", 2) };
    msgs[2] = sent(w, "S.a");
    msgs[2]->expects_subject = true;
    msgs[2]->expected = 1;
    jm_acked(&w->model, msgs[2], 3, false);
    audit(w, msgs, 3, 3);
    expect_complaint(w, "message 3 expected 1 on S.a and is 3, but 2 is between");
}

/* 1 and 12 are stored eleven seconds apart, see found(). */
static void two_of_an_id_within_the_window_are_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 1);
    w->model.wall += w->config.window + 1;
    jm_msg_sent(&w->model, msg);
    jm_acked(&w->model, msg, 12, false);
    struct jm_msg *msgs[] = { msg, msg->copy };
    audit(w, msgs, 2, 12);
    expect_complaint(w, "message 1 is stored twice within the window, as 1 and 12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(what_was_acked_is_there),
        WITH_MODEL(what_was_only_seen_is_there_too),
        WITH_MODEL(a_last_sequence_does_not_go_back),
        WITH_MODEL(a_last_sequence_is_not_invented),
        WITH_MODEL(a_message_is_on_its_subject),
        WITH_MODEL(the_sums_are_those_of_the_messages),
        WITH_MODEL(limits_hold),
        WITH_MODEL(a_limit_that_nobody_asked_for_is_a_failure),
        WITH_MODEL(of_updates_in_doubt_each_may_have_come),
        WITH_MODEL(an_update_that_came_ends_all_doubts),
        WITH_MODEL(a_limit_that_comes_back_removes_nothing_where_new_ones_are_refused),
        WITH_MODEL(one_connection_stores_in_its_order),
        WITH_MODEL(an_expectation_that_was_false_is_a_failure),
        WITH_MODEL(two_of_an_id_within_the_window_are_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
