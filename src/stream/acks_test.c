/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes that were seen on nats-server, then random commands against the model of
 * acks_testing.h. */
#include "stream/acks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stream/acks_testing.h"

static enum acks_verdict deliver(struct acks *a, uint64_t stream_seq, uint32_t deliveries)
{
    const struct acks_command c = { .kind = ACKS_DELIVER,
                                    .stream_seq = stream_seq,
                                    .consumer_seq = a->delivered.consumer_seq + 1,
                                    .deliveries = deliveries,
                                    .time = SECOND };
    return acks_apply(a, &c, NULL);
}

static enum acks_verdict apply(struct acks *a, enum acks_kind kind, uint64_t stream_seq)
{
    return acks_apply(a, &(struct acks_command){ .kind = kind, .stream_seq = stream_seq }, NULL);
}

static enum acks_verdict ack_all(struct acks *a, uint64_t stream_seq, uint64_t consumer_seq)
{
    const struct acks_command c = { .kind = ACKS_ACK,
                                    .stream_seq = stream_seq,
                                    .consumer_seq = consumer_seq };
    return acks_apply(a, &c, NULL);
}

static void expect_floor(const struct acks *a, uint64_t consumer_seq, uint64_t stream_seq)
{
    assert_int_equal(a->floor.consumer_seq, consumer_seq);
    assert_int_equal(a->floor.stream_seq, stream_seq);
}

static void expect_delivered(const struct acks *a, uint64_t consumer_seq, uint64_t stream_seq)
{
    assert_int_equal(a->delivered.consumer_seq, consumer_seq);
    assert_int_equal(a->delivered.stream_seq, stream_seq);
}

static void the_floor_jumps_to_just_before_the_lowest_pending_message(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 2; seq <= 6; seq += 2) (void)deliver(&a, seq, 1);
    expect_floor(&a, 0, 0);
    (void)apply(&a, ACKS_ACK, 4);
    expect_floor(&a, 0, 0);
    (void)apply(&a, ACKS_ACK, 2);
    expect_floor(&a, 2, 5);
    (void)apply(&a, ACKS_ACK, 6);
    expect_floor(&a, 3, 6);
    acks_deinit(&a);
}

static void a_spent_message_counts_and_holds_the_floor_until_nothing_is_pending(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 1; seq <= 3; seq++) (void)deliver(&a, seq, 1);
    (void)deliver(&a, 1, 2);
    assert_int_equal(acks_num_redelivered(&a), 1);
    assert_int_equal(apply(&a, ACKS_EXHAUST, 1), ACKS_DONE);
    assert_int_equal(acks_num_pending(&a), 2);
    assert_int_equal(acks_num_redelivered(&a), 1);
    (void)apply(&a, ACKS_ACK, 2);
    (void)deliver(&a, 4, 1);
    (void)apply(&a, ACKS_ACK, 4);
    expect_floor(&a, 0, 0);
    (void)apply(&a, ACKS_ACK, 3);
    expect_floor(&a, 5, 4);
    assert_true(acks_needs(&a, 1));
    assert_int_equal(apply(&a, ACKS_ACK, 1), ACKS_DONE);
    assert_false(acks_needs(&a, 1));
    assert_int_equal(acks_num_redelivered(&a), 0);
    acks_deinit(&a);
}

static void when_all_are_spent_the_floor_stays(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 1; seq <= 3; seq++) (void)deliver(&a, seq, 1);
    for (uint64_t seq = 1; seq <= 3; seq++) (void)apply(&a, ACKS_EXHAUST, seq);
    expect_floor(&a, 0, 0);
    expect_delivered(&a, 3, 3);
    assert_int_equal(acks_num_pending(&a), 0);
    (void)deliver(&a, 4, 1);
    (void)apply(&a, ACKS_ACK, 4);
    expect_floor(&a, 4, 4);
    acks_deinit(&a);
}

static void an_ack_of_all_takes_what_is_below_and_never_passes_what_is_pending(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_ALL, 0);
    for (uint64_t seq = 1; seq <= 3; seq++) (void)deliver(&a, seq, 1);
    assert_int_equal(ack_all(&a, 1, 1), ACKS_DONE);
    expect_floor(&a, 1, 1);
    (void)deliver(&a, 2, 2);
    (void)deliver(&a, 3, 2);
    assert_int_equal(ack_all(&a, 2, 4), ACKS_DONE);
    expect_floor(&a, 2, 2);
    assert_int_equal(ack_all(&a, 3, 5), ACKS_DONE);
    expect_floor(&a, 5, 3);
    assert_int_equal(ack_all(&a, 1, 1), ACKS_NOTHING);
    assert_int_equal(ack_all(&a, 4, 6), ACKS_AHEAD);
    acks_deinit(&a);
}

static void under_flow_control_an_ack_ahead_moves_what_is_delivered(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_FLOW_CONTROL, 0);
    for (uint64_t seq = 1; seq <= 3; seq++) (void)deliver(&a, seq, 1);
    assert_int_equal(ack_all(&a, 3, 0), ACKS_NOTHING);
    assert_int_equal(ack_all(&a, 9, 1000), ACKS_DONE);
    expect_delivered(&a, 9, 9);
    expect_floor(&a, 9, 9);
    assert_int_equal(acks_num_pending(&a), 0);
    acks_deinit(&a);
}

static void without_acks_a_delivery_is_its_own(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_NONE, 10);
    (void)deliver(&a, 12, 1);
    expect_delivered(&a, 1, 12);
    expect_floor(&a, 1, 12);
    assert_int_equal(acks_num_pending(&a), 0);
    assert_int_equal(apply(&a, ACKS_ACK, 12), ACKS_NOTHING);
    (void)apply(&a, ACKS_SKIP, 20);
    expect_floor(&a, 1, 20);
    acks_deinit(&a);
}

struct told {
    struct acks_unneeded base;
    uint64_t first, last;
};

static void on_told(struct acks_unneeded *unneeded, uint64_t first, uint64_t last)
{
    struct told *t = container_of(unneeded, struct told, base);
    t->first = first;
    t->last = last;
}

static void without_acks_a_delivery_stands_for_those_that_are_not_told(void **state)
{
    (void)state;
    struct acks a;
    struct told t = { .base = { on_told } };
    const struct acks_command next = { ACKS_DELIVER, 1, 14, 1, SECOND };
    const struct acks_command fourth = { ACKS_DELIVER, 1, 19, 4, SECOND };
    acks_init(&a, ACKS_NONE, 10);
    (void)acks_apply(&a, &next, &t.base);
    assert_int_equal(t.first, 14);
    assert_int_equal(t.last, 14);
    (void)acks_apply(&a, &fourth, &t.base);
    expect_floor(&a, 4, 19);
    assert_int_equal(t.first, 15);
    assert_int_equal(t.last, 19);
    assert_int_equal(acks_apply(&a, &fourth, &t.base), ACKS_NOTHING);
    acks_deinit(&a);
}

static void an_ack_of_what_was_not_delivered_is_ahead(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    (void)deliver(&a, 3, 1);
    assert_int_equal(apply(&a, ACKS_ACK, 4), ACKS_AHEAD);
    assert_int_equal(apply(&a, ACKS_ACK, 2), ACKS_NOTHING);
    assert_int_equal(apply(&a, ACKS_ACK, 3), ACKS_DONE);
    assert_int_equal(apply(&a, ACKS_ACK, 3), ACKS_NOTHING);
    acks_deinit(&a);
}

static void a_purge_and_a_removal_move_the_floors(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 1; seq <= 5; seq++) (void)deliver(&a, seq, 1);
    (void)apply(&a, ACKS_ACK, 4);
    (void)apply(&a, ACKS_COMPACT, 3);
    expect_floor(&a, 2, 2);
    assert_int_equal(acks_num_pending(&a), 2);
    (void)apply(&a, ACKS_REMOVE, 3);
    expect_floor(&a, 4, 4);
    (void)apply(&a, ACKS_ACK, 5);
    expect_floor(&a, 5, 5);
    (void)apply(&a, ACKS_COMPACT, 8);
    expect_floor(&a, 5, 7);
    expect_delivered(&a, 5, 7);
    acks_deinit(&a);
}

static void a_reset_starts_anew_at_its_sequence(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 1; seq <= 5; seq++) (void)deliver(&a, seq, 2);
    (void)apply(&a, ACKS_EXHAUST, 2);
    (void)apply(&a, ACKS_RESET, 3);
    expect_delivered(&a, 0, 2);
    expect_floor(&a, 0, 2);
    assert_int_equal(acks_num_pending(&a), 0);
    assert_int_equal(acks_num_redelivered(&a), 0);
    (void)deliver(&a, 3, 1);
    expect_delivered(&a, 1, 3);
    acks_deinit(&a);
}

static void a_touch_moves_the_time_of_a_pending_message_only(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    (void)deliver(&a, 1, 1);
    const struct acks_command c = { .kind = ACKS_TOUCH, .stream_seq = 1, .time = HOUR };
    assert_int_equal(acks_apply(&a, &c, NULL), ACKS_DONE);
    assert_true(acks_find(&a, 1)->time == HOUR);
    (void)apply(&a, ACKS_ACK, 1);
    assert_int_equal(acks_apply(&a, &c, NULL), ACKS_NOTHING);
    acks_deinit(&a);
}

static void an_idle_consumer_takes_under_200_bytes(void **state)
{
    (void)state;
    struct acks a;
    acks_init(&a, ACKS_EXPLICIT, 0);
    for (uint64_t seq = 1; seq <= 1000; seq++) (void)deliver(&a, seq, 1);
    assert_true(acks_bytes(&a) <= 64 * 1024);
    acks_settle(&a);
    for (uint64_t seq = 1000; seq > 0; seq--) (void)apply(&a, ACKS_ACK, seq);
    acks_settle(&a);
    acks_trim(&a);
    assert_true(sizeof(a) + acks_bytes(&a) < 200);
    acks_deinit(&a);
}

/* ---- random commands ---- */

struct world {
    struct acks real;
    struct model model;
    struct rng rng;
    struct acks_unneeded unneeded;
    struct model before;        /* the command */
    uint64_t told;              /* sequences that were told unneeded */
    struct acks_command command;
};

static void on_range(struct acks_unneeded *unneeded, uint64_t first, uint64_t last)
{
    struct world *w = container_of(unneeded, struct world, unneeded);
    for (uint64_t seq = first; seq <= last; seq++) {
        w->told++;
        assert_true(w->command.kind == ACKS_RESET || w->command.kind == ACKS_DELIVER ||
                    model_needs(&w->before, seq));
    }
}

static struct acks_command random_command(struct world *w)
{
    struct rng *r = &w->rng;
    static const enum acks_kind kinds[] = { ACKS_DELIVER, ACKS_DELIVER, ACKS_DELIVER,
                                            ACKS_ACK,     ACKS_ACK,     ACKS_ACK,
                                            ACKS_TOUCH,   ACKS_EXHAUST, ACKS_REMOVE };
    static const enum acks_kind rare[] = { ACKS_COMPACT, ACKS_SKIP, ACKS_RESET };
    struct acks_command c = { .kind = kinds[rng_below(r, ARRAY_COUNT(kinds))] };
    if (rng_chance(r, 1, 40)) c.kind = rare[rng_below(r, ARRAY_COUNT(rare))];
    uint64_t delivered = w->real.delivered.stream_seq, floor = w->real.floor.stream_seq;
    c.stream_seq = 1 + rng_below(r, 3) + (rng_chance(r, 1, 2) ? floor : delivered);
    if (rng_chance(r, 1, 3)) c.stream_seq = 1 + rng_below(r, (uint32_t)delivered + 1);
    if (c.stream_seq >= MODEL_SEQS) c.kind = ACKS_RESET, c.stream_seq = 1 + rng_below(r, 20);
    if (c.kind == ACKS_DELIVER) {
        c.consumer_seq = w->real.delivered.consumer_seq + 1;
        c.deliveries = 1 + (c.stream_seq <= delivered) * (1 + rng_below(r, 4));
    }
    if (c.kind == ACKS_ACK) c.consumer_seq = rng_below(r, 3) + w->real.floor.consumer_seq;
    if (c.kind == ACKS_DELIVER || c.kind == ACKS_TOUCH) c.time = (nanos)(rng_next(r) >> 1);
    return c;
}

static void expect_same(const struct acks *a, const struct model *m)
{
    expect_delivered(a, m->delivered.consumer_seq, m->delivered.stream_seq);
    expect_floor(a, m->floor.consumer_seq, m->floor.stream_seq);
    assert_int_equal(acks_num_pending(a), model_count(m, MODEL_PENDING));
    assert_int_equal(acks_num_redelivered(a), model_redelivered(m));
    for (uint64_t seq = 1; seq < MODEL_SEQS; seq++) {
        const struct model_row *row = &m->rows[seq];
        const struct ack_entry *e = acks_find(a, seq);
        assert_int_equal(e != NULL, row->state == MODEL_PENDING);
        assert_int_equal(acks_is_spent(a, seq), row->state == MODEL_SPENT);
        assert_int_equal(acks_needs(a, seq), model_needs(m, seq));
        if (e == NULL) continue;
        assert_int_equal(e->consumer_seq, row->consumer_seq);
        assert_int_equal(e->deliveries, row->deliveries);
        assert_true(e->time == row->time);
    }
}

/* Every sequence that was needed before and is not now was told, unless it is gone from the stream
 * anyway. */
static uint64_t count_freed(const struct world *w)
{
    uint64_t count = 0;
    for (uint64_t seq = 1; seq < MODEL_SEQS; seq++)
        count += model_needs(&w->before, seq) && !model_needs(&w->model, seq);
    return count;
}

/* Pending and spent messages up to the command's sequence. */
static uint64_t count_in(const struct model *m, const struct acks_command *c)
{
    uint64_t count = 0;
    for (uint64_t seq = 1; seq <= c->stream_seq; seq++)
        count += m->rows[seq].state == MODEL_PENDING || m->rows[seq].state == MODEL_SPENT;
    return count;
}

static void step(struct world *w)
{
    struct acks_command c = random_command(w);
    w->before = w->model;
    w->command = c;
    w->told = 0;
    enum acks_verdict first = acks_apply(&w->real, &c, &w->unneeded);
    model_apply(&w->model, &c);
    acks_check(&w->real);
    expect_same(&w->real, &w->model);
    if (c.kind == ACKS_ACK && w->real.policy == ACKS_EXPLICIT)
        assert_int_equal(w->told, count_freed(w));
    if (c.kind == ACKS_ACK && model_is_all(&w->model))
        assert_int_equal(w->told, count_in(&w->before, &c) - count_in(&w->model, &c));
    if (c.kind == ACKS_RESET) assert_true(w->told >= count_freed(w));
    if (c.kind == ACKS_RESET || first != ACKS_DONE) return;
    assert_int_equal(acks_apply(&w->real, &c, NULL), ACKS_NOTHING);
}

static void random_commands_follow_the_rules_and_are_idempotent(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static struct world w;
        w = (struct world){ .unneeded = { on_range } };
        rng_init(&w.rng, seed);
        w.model.policy = (enum acks_policy)(seed % 4 == 0 ? ACKS_NONE : seed % 4);
        acks_init(&w.real, w.model.policy, 0);
        for (int i = 0; i < 600; i++) {
            step(&w);
            if (rng_chance(&w.rng, 1, 30)) acks_settle(&w.real);
            if (rng_chance(&w.rng, 1, 30)) acks_trim(&w.real);
        }
        acks_deinit(&w.real);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_floor_jumps_to_just_before_the_lowest_pending_message),
        cmocka_unit_test(a_spent_message_counts_and_holds_the_floor_until_nothing_is_pending),
        cmocka_unit_test(when_all_are_spent_the_floor_stays),
        cmocka_unit_test(an_ack_of_all_takes_what_is_below_and_never_passes_what_is_pending),
        cmocka_unit_test(under_flow_control_an_ack_ahead_moves_what_is_delivered),
        cmocka_unit_test(without_acks_a_delivery_is_its_own),
        cmocka_unit_test(without_acks_a_delivery_stands_for_those_that_are_not_told),
        cmocka_unit_test(an_ack_of_what_was_not_delivered_is_ahead),
        cmocka_unit_test(a_purge_and_a_removal_move_the_floors),
        cmocka_unit_test(a_reset_starts_anew_at_its_sequence),
        cmocka_unit_test(a_touch_moves_the_time_of_a_pending_message_only),
        cmocka_unit_test(an_idle_consumer_takes_under_200_bytes),
        cmocka_unit_test(random_commands_follow_the_rules_and_are_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
