/* SPDX-License-Identifier: Apache-2.0 */
/* What clients are told of messages. */
#include "sim/js_model_testing.h"

static void an_acked_message_has_its_sequence(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 3);
    assert_ptr_equal(jm_at(w->stream, 3), msg);
    assert_null(jm_at(w->stream, 4));
    assert_int_equal(w->stream->told_last, 3);
    expect_well(w);
}

static void two_messages_with_one_sequence_are_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    (void)stored(w, "S.a", 3);
    (void)stored(w, "S.a", 3);
    expect_complaint(w, "messages 1 and 2 are both 3");
}

static void one_message_with_two_sequences_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 3);
    jm_msg_sent(&w->model, msg);
    jm_acked(&w->model, msg, 4, false);
    expect_complaint(w, "message 1 is stored twice, as 3 and 4");
}

static void but_not_when_it_was_sent_again_after_the_window(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = stored(w, "S.a", 3);
    w->model.wall += w->config.window + 1;
    jm_msg_sent(&w->model, msg);
    jm_acked(&w->model, msg, 4, false);
    expect_well(w);
    assert_int_equal(jm_at(w->stream, 4)->id, msg->id);
    assert_ptr_equal(jm_at(w->stream, 3), msg);
    assert_ptr_equal(jm_at(w->stream, 4), msg->copy);
}

static void what_was_sent_once_is_no_duplicate(void **state)
{
    struct told_world *w = *state;
    begin(w);
    jm_acked(&w->model, sent(w, "S.a"), 1, true);
    expect_complaint(w, "was sent once and is told to be a duplicate");
}

static void a_sequence_out_of_the_world_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    jm_acked(&w->model, sent(w, "S.a"), UINT64_MAX, false);
    expect_complaint(w, "has the sequence");
}

static void an_ack_of_a_batch_places_all_of_it(void **state)
{
    struct told_world *w = *state;
    struct jm_msg *msgs[3];
    struct jm_batch batch = { msgs, 3 };
    begin(w);
    for (uint32_t i = 0; i < 3; i++) {
        msgs[i] = sent(w, "S.a");
        msgs[i]->batch = &batch;
        msgs[i]->batch_at = i;
    }
    jm_acked(&w->model, msgs[2], 7, false);
    for (uint32_t i = 0; i < 3; i++) {
        assert_ptr_equal(jm_at(w->stream, 5 + i), msgs[i]);
        assert_int_equal(msgs[i]->fate, JM_DONE);
    }
    expect_well(w);
}

static void what_was_refused_may_not_be_shown(void **state)
{
    struct told_world *w = *state;
    struct buf payload = { 0 };
    begin(w);
    struct jm_msg *msg = sent(w, "S.a");
    jm_refused(&w->model, msg);
    jm_payload(msg, &payload);
    assert_null(jm_shown(&w->model, w->stream, 1, buf_slice(&payload)));
    expect_complaint(w, "which was refused");
    buf_deinit(&payload);
}

/* Any of its bits. */
static void what_nobody_has_published_may_not_be_shown(void **state)
{
    struct told_world *w = *state;
    struct buf payload = { 0 };
    begin(w);
    jm_payload(sent(w, "S.a"), &payload);
    for (uint32_t i = 0; i < payload.len * 8; i++) {
        w->model.failure[0] = 0;
        payload.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_null(jm_shown(&w->model, w->stream, 1, buf_slice(&payload)));
        expect_complaint(w, "is nothing that anybody has published");
        payload.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    buf_deinit(&payload);
}

static void a_refusal_names_what_is_there(void **state)
{
    struct told_world *w = *state;
    begin(w);
    (void)stored(w, "S.a", 3);
    struct jm_msg *msg = sent(w, "S.a");
    msg->expects_subject = true;
    msg->expected = 2;
    jm_wrong_last(&w->model, msg, 5); /* somebody else's, still unknown */
    expect_well(w);
    assert_int_equal(jm_at(w->stream, 5)->id, 0);
    (void)stored(w, "S.b", 5);
    expect_complaint(w, "5 is on S.b, though it was told to be on S.a");
}

static void a_refusal_of_what_was_right_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    struct jm_msg *msg = sent(w, "S.a");
    msg->expects_subject = true;
    msg->expected = 3;
    jm_wrong_last(&w->model, msg, 3);
    expect_complaint(w, "expected 3 rightly");
}

static void a_refusal_that_forgets_what_was_acked_is_a_failure(void **state)
{
    struct told_world *w = *state;
    begin(w);
    (void)stored(w, "S.a", 3);
    struct jm_msg *msg = sent(w, "S.a");
    msg->expects_subject = true;
    msg->expected = 3;
    jm_wrong_last(&w->model, msg, 2);
    expect_complaint(w, "is told that the last one is 2, but 3 was acked before");
}

static void a_start_ends_what_is_in_memory(void **state)
{
    struct told_world *w = *state;
    w->config.is_file = false;
    begin(w);
    jm_restarted(&w->model);
    assert_null(jm_stream_find(&w->model, "S"));
    w->config.is_file = true;
    begin(w);
    jm_restarted(&w->model);
    assert_ptr_equal(jm_stream_find(&w->model, "S"), w->stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(an_acked_message_has_its_sequence),
        WITH_MODEL(two_messages_with_one_sequence_are_a_failure),
        WITH_MODEL(one_message_with_two_sequences_is_a_failure),
        WITH_MODEL(but_not_when_it_was_sent_again_after_the_window),
        WITH_MODEL(what_was_sent_once_is_no_duplicate),
        WITH_MODEL(a_sequence_out_of_the_world_is_a_failure),
        WITH_MODEL(an_ack_of_a_batch_places_all_of_it),
        WITH_MODEL(what_was_refused_may_not_be_shown),
        WITH_MODEL(what_nobody_has_published_may_not_be_shown),
        WITH_MODEL(a_refusal_names_what_is_there),
        WITH_MODEL(a_refusal_of_what_was_right_is_a_failure),
        WITH_MODEL(a_refusal_that_forgets_what_was_acked_is_a_failure),
        WITH_MODEL(a_start_ends_what_is_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
