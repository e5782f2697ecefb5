/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/redelivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

static const struct redelivery_config plain = { .ack_wait = 30 * SECOND };

static void expect_next(struct redelivery *r, enum redelivery_step step, uint64_t seq)
{
    uint64_t got = 0;
    uint32_t deliveries = 0;
    assert_int_equal(redelivery_next(r, &got, &deliveries), step);
    assert_int_equal(got, seq);
}

static void what_is_due_comes_ascending_and_stays_until_it_is_delivered_or_acked(void **state)
{
    (void)state;
    struct redelivery r;
    redelivery_init(&r, &plain);
    assert_true(redelivery_tick(&r, 0) == NANOS_MAX);
    redelivery_track(&r, 3, 1, 1 * SECOND);
    redelivery_track(&r, 1, 1, 2 * SECOND);
    redelivery_track(&r, 2, 1, 3 * SECOND);
    redelivery_track(&r, 9, 1, 9 * SECOND);
    assert_true(redelivery_tick(&r, 30 * SECOND) == 31 * SECOND);
    expect_next(&r, REDELIVERY_NONE, 0);
    assert_true(redelivery_tick(&r, 35 * SECOND) == 39 * SECOND);
    assert_int_equal(redelivery_queued(&r), 3);
    expect_next(&r, REDELIVERY_AGAIN, 1);
    expect_next(&r, REDELIVERY_AGAIN, 1);
    redelivery_track(&r, 1, 2, 35 * SECOND);
    redelivery_forget(&r, 2);
    expect_next(&r, REDELIVERY_AGAIN, 3);
    redelivery_track(&r, 3, 2, 36 * SECOND);
    expect_next(&r, REDELIVERY_NONE, 0);
    assert_true(redelivery_tick(&r, 36 * SECOND) == 39 * SECOND);
    redelivery_forget(&r, 9);
    assert_true(redelivery_tick(&r, 36 * SECOND) == 65 * SECOND);
    redelivery_forget(&r, 1);
    redelivery_forget(&r, 3);
    assert_true(redelivery_tick(&r, HOUR) == NANOS_MAX);
    redelivery_deinit(&r);
}

static void backoff_follows_the_number_of_deliveries_and_its_last_step_repeats(void **state)
{
    (void)state;
    const nanos backoff[] = { SECOND, 5 * SECOND, MINUTE };
    const nanos waits[] = { SECOND, 5 * SECOND, MINUTE, MINUTE, MINUTE };
    const struct redelivery_config config = { SECOND, backoff, ARRAY_COUNT(backoff), 0 };
    struct redelivery r;
    redelivery_init(&r, &config);
    for (uint32_t i = 0; i < ARRAY_COUNT(waits); i++) {
        redelivery_track(&r, 7, i + 1, HOUR);
        assert_true(redelivery_tick(&r, HOUR) == HOUR + waits[i]);
    }
    redelivery_deinit(&r);
}

static void after_the_last_delivery_a_message_is_exhausted_without_a_request(void **state)
{
    (void)state;
    const struct redelivery_config config = { .ack_wait = SECOND, .max_deliver = 2 };
    struct redelivery r;
    redelivery_init(&r, &config);
    redelivery_track(&r, 1, 1, 0);
    redelivery_track(&r, 2, 2, 0);
    (void)redelivery_tick(&r, SECOND);
    assert_int_equal(redelivery_queued(&r), 1);
    expect_next(&r, REDELIVERY_EXHAUSTED, 2);
    expect_next(&r, REDELIVERY_AGAIN, 1);
    assert_int_equal(redelivery_count(&r), 1);
    redelivery_track(&r, 1, 2, SECOND);
    assert_true(redelivery_nak(&r, 1));
    expect_next(&r, REDELIVERY_EXHAUSTED, 1);
    expect_next(&r, REDELIVERY_NONE, 0);
    redelivery_deinit(&r);
}

static void a_limit_that_is_raised_spares_who_was_exhausted(void **state)
{
    (void)state;
    struct redelivery_config config = { .ack_wait = SECOND, .max_deliver = 1 };
    struct redelivery r;
    redelivery_init(&r, &config);
    redelivery_track(&r, 1, 1, 0);
    (void)redelivery_tick(&r, SECOND);
    config.max_deliver = 5;
    redelivery_configure(&r, &config);
    expect_next(&r, REDELIVERY_AGAIN, 1);
    redelivery_deinit(&r);
}

static void another_wait_counts_from_the_delivery(void **state)
{
    (void)state;
    const nanos backoff[] = { 2 * SECOND, 20 * SECOND };
    struct redelivery_config config = { .ack_wait = 10 * SECOND };
    struct redelivery r;
    redelivery_init(&r, &config);
    redelivery_track(&r, 1, 1, 1 * SECOND);
    redelivery_track(&r, 2, 2, 2 * SECOND);
    assert_true(redelivery_tick(&r, 3 * SECOND) == 11 * SECOND);
    config = (struct redelivery_config){ SECOND, backoff, ARRAY_COUNT(backoff), 0 };
    redelivery_configure(&r, &config);
    assert_true(redelivery_tick(&r, 3 * SECOND) == 22 * SECOND);
    expect_next(&r, REDELIVERY_AGAIN, 1);
    config = (struct redelivery_config){ .ack_wait = MINUTE };
    redelivery_configure(&r, &config);
    assert_int_equal(redelivery_queued(&r), 1);
    assert_true(redelivery_tick(&r, 3 * SECOND) == 62 * SECOND);
    redelivery_deinit(&r);
}

static void all_that_waits_can_be_made_due(void **state)
{
    (void)state;
    const struct redelivery_config config = { .ack_wait = SECOND, .max_deliver = 2 };
    struct redelivery r;
    redelivery_init(&r, &config);
    redelivery_track(&r, 5, 1, 0);
    redelivery_track(&r, 4, 2, 0);
    redelivery_track(&r, 3, 1, 0);
    redelivery_track(&r, 7, 1, 0);
    assert_true(redelivery_nak(&r, 7));
    redelivery_expire(&r);
    assert_true(redelivery_tick(&r, 0) == NANOS_MAX);
    expect_next(&r, REDELIVERY_EXHAUSTED, 4);
    expect_next(&r, REDELIVERY_AGAIN, 7);
    redelivery_forget(&r, 7);
    expect_next(&r, REDELIVERY_AGAIN, 3);
    redelivery_track(&r, 3, 2, SECOND);
    expect_next(&r, REDELIVERY_AGAIN, 5);
    assert_true(redelivery_tick(&r, SECOND) == 2 * SECOND);
    redelivery_deinit(&r);
}

static void a_nak_queues_at_once_and_one_with_delay_leaves_the_queue(void **state)
{
    (void)state;
    struct redelivery r;
    redelivery_init(&r, &plain);
    for (uint64_t seq = 1; seq <= 3; seq++) redelivery_track(&r, seq, 1, 0);
    assert_true(redelivery_nak(&r, 3));
    assert_true(redelivery_nak(&r, 1));
    assert_true(redelivery_nak(&r, 3));
    assert_false(redelivery_nak(&r, 8));
    expect_next(&r, REDELIVERY_AGAIN, 3);
    assert_true(redelivery_delay(&r, 3, 5 * SECOND));
    expect_next(&r, REDELIVERY_AGAIN, 1);
    assert_true(redelivery_tick(&r, SECOND) == 5 * SECOND);
    assert_true(redelivery_delay(&r, 3, HOUR));
    assert_true(redelivery_tick(&r, SECOND) == 30 * SECOND);
    assert_false(redelivery_delay(&r, 8, HOUR));
    redelivery_deinit(&r);
}

static void progress_starts_the_wait_anew_but_not_of_what_is_queued(void **state)
{
    (void)state;
    struct redelivery r;
    redelivery_init(&r, &plain);
    redelivery_track(&r, 1, 1, 0);
    redelivery_track(&r, 2, 1, 0);
    redelivery_progress(&r, 1, 20 * SECOND);
    assert_true(redelivery_tick(&r, 30 * SECOND) == 50 * SECOND);
    redelivery_progress(&r, 2, 30 * SECOND);
    expect_next(&r, REDELIVERY_AGAIN, 2);
    redelivery_deinit(&r);
}

static void what_is_tracked_can_be_asked_and_forgotten_up_to_a_message(void **state)
{
    (void)state;
    struct redelivery r;
    redelivery_init(&r, &plain);
    assert_int_equal(redelivery_from(&r, 0), 0);
    assert_true(redelivery_last_due(&r) == 0);
    for (uint64_t seq = 2; seq <= 8; seq += 2) redelivery_track(&r, seq, 1, (nanos)seq * SECOND);
    redelivery_track(&r, 4, 2, 4 * SECOND);
    assert_int_equal(redelivery_deliveries(&r, 4), 2);
    assert_int_equal(redelivery_deliveries(&r, 5), 0);
    assert_true(redelivery_since(&r, 6) == 6 * SECOND);
    assert_true(redelivery_since(&r, 5) == 0);
    assert_int_equal(redelivery_from(&r, 3), 4);
    assert_int_equal(redelivery_from(&r, 9), 0);
    assert_true(redelivery_last_due(&r) == 38 * SECOND);
    assert_true(redelivery_nak(&r, 8));
    assert_true(redelivery_last_due(&r) == 36 * SECOND);
    redelivery_forget_below(&r, 6);
    assert_int_equal(redelivery_count(&r), 2);
    assert_int_equal(redelivery_from(&r, 0), 6);
    redelivery_forget_below(&r, 100);
    assert_int_equal(redelivery_count(&r), 0);
    redelivery_check(&r);
    redelivery_deinit(&r);
}

static void acks_in_time_leave_no_memory_behind(void **state)
{
    (void)state;
    struct redelivery r;
    redelivery_init(&r, &plain);
    for (uint64_t seq = 1; seq <= 20000; seq++) {
        redelivery_track(&r, seq, 1, (nanos)seq * MILLISECOND);
        if (seq > 100) redelivery_forget(&r, seq - 100);
    }
    assert_true(redelivery_bytes(&r) < 20000);
    for (uint64_t seq = 1; seq <= 20000; seq++) redelivery_forget(&r, seq);
    redelivery_trim(&r);
    assert_int_equal(redelivery_bytes(&r), 0);
    redelivery_deinit(&r);
}

/* ---- random calls against the plainest possible model ---- */

enum { SEQS = 60 };

struct model_row {
    bool is_tracked;
    uint32_t deliveries;
    nanos due;
    uint64_t queued; /* 0: not; else its place */
};

struct model {
    struct model_row rows[SEQS];
    uint64_t places;
    uint32_t max_deliver;
};

static bool is_spent(const struct model *m, uint64_t seq)
{
    return m->rows[seq].deliveries >= m->max_deliver;
}

static void model_tick(struct model *m, nanos now)
{
    for (uint64_t seq = 1; seq < SEQS; seq++) {
        struct model_row *row = &m->rows[seq];
        if (row->is_tracked && row->queued == 0 && row->due <= now) row->queued = ++m->places;
    }
}

static nanos model_next_due(const struct model *m)
{
    nanos next = NANOS_MAX;
    for (uint64_t seq = 1; seq < SEQS; seq++) {
        const struct model_row *row = &m->rows[seq];
        if (row->is_tracked && row->queued == 0 && row->due < next) next = row->due;
    }
    return next;
}

/* Who comes next: exhausted ones first, by place. 0: nobody. */
static uint64_t model_next(const struct model *m)
{
    uint64_t best = 0;
    for (uint64_t seq = 1; seq < SEQS; seq++) {
        if (!m->rows[seq].is_tracked || m->rows[seq].queued == 0) continue;
        bool is_better = best == 0 || (is_spent(m, seq) && !is_spent(m, best)) ||
                         (is_spent(m, seq) == is_spent(m, best) &&
                          m->rows[seq].queued < m->rows[best].queued);
        if (is_better) best = seq;
    }
    return best;
}

static void step(struct redelivery *r, struct model *m, struct rng *rng, nanos *now)
{
    uint64_t seq = 1 + rng_below(rng, SEQS - 1);
    struct model_row *row = &m->rows[seq];
    nanos at = *now + (nanos)rng_below(rng, 300) - 50;
    uint32_t deliveries = 1 + rng_below(rng, 5);
    switch (rng_below(rng, 7)) {
    case 0:
    case 1:
        redelivery_track(r, seq, deliveries, *now);
        *row = (struct model_row){ true, deliveries, *now + 100, 0 };
        break;
    case 2:
        redelivery_forget(r, seq);
        row->is_tracked = false;
        break;
    case 3:
        redelivery_progress(r, seq, *now);
        if (row->queued == 0) row->due = *now + 100;
        break;
    case 4:
        assert_int_equal(redelivery_nak(r, seq), row->is_tracked);
        if (row->is_tracked && row->queued == 0) row->queued = ++m->places;
        break;
    case 5:
        assert_int_equal(redelivery_delay(r, seq, at), row->is_tracked);
        row->due = at;
        row->queued = 0;
        break;
    default: *now += rng_below(rng, 40); break;
    }
    if (!row->is_tracked) row->queued = 0;
}

static void expect_step(struct redelivery *r, struct model *m, struct rng *rng, nanos now)
{
    uint64_t seq = 0, want = model_next(m);
    uint32_t deliveries = 0;
    enum redelivery_step got = redelivery_next(r, &seq, &deliveries);
    assert_int_equal(seq, want);
    if (want == 0) return;
    assert_int_equal(deliveries, m->rows[want].deliveries);
    assert_int_equal(got, is_spent(m, want) ? REDELIVERY_EXHAUSTED : REDELIVERY_AGAIN);
    struct model_row *row = &m->rows[want];
    if (got == REDELIVERY_EXHAUSTED) {
        *row = (struct model_row){ 0 };
    } else if (rng_chance(rng, 1, 2)) {
        redelivery_track(r, want, deliveries + 1, now);
        *row = (struct model_row){ true, deliveries + 1, now + 100, 0 };
    }
}

static void random_calls_give_the_order_and_the_times_of_the_model(void **state)
{
    (void)state;
    const struct redelivery_config config = { .ack_wait = 100, .max_deliver = 4 };
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct redelivery r;
        struct rng rng;
        struct model m = { .max_deliver = 4 };
        nanos now = 1000;
        rng_init(&rng, seed);
        redelivery_init(&r, &config);
        for (int i = 0; i < 800; i++) {
            step(&r, &m, &rng, &now);
            if (rng_chance(&rng, 1, 3)) {
                model_tick(&m, now);
                assert_true(redelivery_tick(&r, now) == model_next_due(&m));
            }
            if (rng_chance(&rng, 1, 3)) expect_step(&r, &m, &rng, now);
            if (rng_chance(&rng, 1, 50)) redelivery_trim(&r);
            redelivery_check(&r);
        }
        redelivery_deinit(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_comes_ascending_and_stays_until_it_is_delivered_or_acked),
        cmocka_unit_test(backoff_follows_the_number_of_deliveries_and_its_last_step_repeats),
        cmocka_unit_test(after_the_last_delivery_a_message_is_exhausted_without_a_request),
        cmocka_unit_test(a_limit_that_is_raised_spares_who_was_exhausted),
        cmocka_unit_test(a_nak_queues_at_once_and_one_with_delay_leaves_the_queue),
        cmocka_unit_test(progress_starts_the_wait_anew_but_not_of_what_is_queued),
        cmocka_unit_test(what_is_tracked_can_be_asked_and_forgotten_up_to_a_message),
        cmocka_unit_test(acks_in_time_leave_no_memory_behind),
        cmocka_unit_test(random_calls_give_the_order_and_the_times_of_the_model),
        cmocka_unit_test(another_wait_counts_from_the_delivery),
        cmocka_unit_test(all_that_waits_can_be_made_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
