/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seqset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

static void expect_runs(const struct seqset *s, const uint64_t (*runs)[2], uint32_t count)
{
    uint64_t first, last, at = 1, sum = 0;
    for (uint32_t i = 0; i < count; i++, at = last + 1) {
        assert_true(seqset_next_run(s, at, &first, &last));
        assert_true(first == runs[i][0] && last == runs[i][1]);
        sum += last - first + 1;
    }
    assert_false(seqset_next_run(s, at, &first, &last));
    assert_int_equal(seqset_count(s), sum);
    seqset_check(s);
}

static void an_empty_set_has_nothing(void **state)
{
    (void)state;
    struct seqset *s = seqset_new();
    assert_false(seqset_has(s, 0));
    assert_false(seqset_has(s, UINT64_MAX));
    assert_int_equal(seqset_count_range(s, 1, UINT64_MAX), 0);
    assert_int_equal(seqset_next_absent(s, 7), 7);
    assert_int_equal(seqset_prev_absent(s, 7), 7);
    assert_int_equal(seqset_remove_below(s, UINT64_MAX), 0);
    expect_runs(s, NULL, 0);
    assert_null(seqset_free(s));
    assert_null(seqset_free(NULL));
}

static void runs_that_touch_are_one(void **state)
{
    (void)state;
    struct seqset *s = seqset_new();
    assert_true(seqset_add(s, 5));
    assert_false(seqset_add(s, 5));
    assert_true(seqset_add(s, 7));
    expect_runs(s, (const uint64_t[][2]){ { 5, 5 }, { 7, 7 } }, 2);
    assert_true(seqset_add(s, 6));
    assert_int_equal(seqset_add_range(s, 1, 4), 4);
    assert_int_equal(seqset_add_range(s, 3, 12), 5);
    expect_runs(s, (const uint64_t[][2]){ { 1, 12 } }, 1);
    assert_int_equal(seqset_next_absent(s, 1), 13);
    assert_int_equal(seqset_prev_absent(s, 12), 0);
    assert_int_equal(seqset_count_range(s, 12, 100), 1);
    seqset_free(s);
}

static void a_run_may_cross_parts_and_costs_little_however_long(void **state)
{
    (void)state;
    struct seqset *s = seqset_new();
    const uint64_t billion = 1000000000, first = 70000, last = first + billion - 1;
    assert_int_equal(seqset_add_range(s, first, last), billion);
    expect_runs(s, (const uint64_t[][2]){ { first, last } }, 1);
    assert_true(seqset_memory(s) < 256);
    assert_int_equal(seqset_add_range(s, first, last), 0);
    assert_true(seqset_has(s, first) && seqset_has(s, last));
    assert_false(seqset_has(s, first - 1) || seqset_has(s, last + 1));
    assert_int_equal(seqset_next_absent(s, first + 5), last + 1);
    assert_int_equal(seqset_prev_absent(s, last - 5), first - 1);
    assert_int_equal(seqset_count_range(s, first + 10, last - 10), billion - 20);
    assert_int_equal(seqset_remove_below(s, first + 500000000), 500000000);
    expect_runs(s, (const uint64_t[][2]){ { first + 500000000, last } }, 1);
    assert_int_equal(seqset_remove_below(s, last), billion - 500000001);
    expect_runs(s, (const uint64_t[][2]){ { last, last } }, 1);
    assert_int_equal(seqset_remove_below(s, last + 1), 1);
    expect_runs(s, NULL, 0);
    seqset_free(s);
}

static void whole_parts_join_their_neighbours_in_any_order(void **state)
{
    (void)state;
    enum { PARTS = 5, SIZE = 65536 };
    for (uint32_t step = 1; step < PARTS; step++) {
        struct seqset *s = seqset_new();
        for (uint32_t i = 0; i < PARTS; i++) {
            uint64_t at = SIZE * (1 + (uint64_t)(i * step % PARTS));
            for (uint32_t k = 0; k < 4; k++)
                assert_int_equal(
                    seqset_add_range(s, at + k * SIZE / 4, at + (k + 1) * SIZE / 4 - 1), SIZE / 4);
            seqset_check(s);
        }
        expect_runs(s, (const uint64_t[][2]){ { SIZE, (PARTS + 1) * SIZE - 1 } }, 1);
        assert_true(seqset_memory(s) < 256);
        seqset_free(s);
    }
}

static void the_ends_of_the_range_are_usable(void **state)
{
    (void)state;
    struct seqset *s = seqset_new();
    assert_true(seqset_add(s, 1));
    assert_true(seqset_add(s, SEQSET_MAX));
    assert_int_equal(seqset_next_absent(s, SEQSET_MAX), UINT64_MAX);
    assert_int_equal(seqset_prev_absent(s, UINT64_MAX), UINT64_MAX);
    assert_int_equal(seqset_prev_absent(s, SEQSET_MAX), SEQSET_MAX - 1);
    assert_int_equal(seqset_prev_absent(s, 1), 0);
    assert_int_equal(seqset_add_range(s, 1, SEQSET_MAX), SEQSET_MAX - 2);
    expect_runs(s, (const uint64_t[][2]){ { 1, SEQSET_MAX } }, 1);
    assert_int_equal(seqset_prev_absent(s, SEQSET_MAX), 0);
    assert_int_equal(seqset_count_range(s, 0, UINT64_MAX), SEQSET_MAX);
    assert_int_equal(seqset_remove_below(s, SEQSET_MAX), SEQSET_MAX - 1);
    expect_runs(s, (const uint64_t[][2]){ { SEQSET_MAX, SEQSET_MAX } }, 1);
    seqset_free(s);
}

static void alternating_deletes_cost_less_than_a_third_of_a_byte(void **state)
{
    (void)state;
    enum { COUNT = 1000000 };
    struct seqset *s = seqset_new();
    for (uint64_t i = 1; i <= COUNT; i++) assert_true(seqset_add(s, i * 2));
    seqset_check(s);
    assert_true(seqset_memory(s) < COUNT * 3 / 10);
    for (uint64_t i = 1; i <= COUNT; i++) {
        if (i % 1000 != 0) continue;
        assert_int_equal(seqset_next_absent(s, i * 2), i * 2 + 1);
        assert_int_equal(seqset_count_range(s, 1, i * 2), i);
    }
    /* The others go too: what is left is one run. */
    for (uint64_t i = 0; i < COUNT; i++) assert_true(seqset_add(s, i * 2 + 1));
    expect_runs(s, (const uint64_t[][2]){ { 1, 2 * COUNT } }, 1);
    assert_true(seqset_memory(s) < 512);
    seqset_free(s);
}

/* ---- against a plain row of flags ---- */

enum { MODEL_SIZE = 300000 };
struct model {
    bool is_in[MODEL_SIZE];
    uint64_t base; /* flag 0 is this sequence */
};

static void compare(const struct seqset *s, const struct model *m)
{
    uint64_t count = 0, first = 0, last = 0, at = m->base;
    for (uint32_t i = 0; i < MODEL_SIZE; i++) {
        assert_int_equal(seqset_has(s, m->base + i), m->is_in[i]);
        count += m->is_in[i];
        bool starts = m->is_in[i] && (i == 0 || !m->is_in[i - 1]);
        if (!starts) continue;
        assert_true(seqset_next_run(s, at, &first, &last));
        assert_true(first == m->base + i);
        at = last + 1;
        assert_false(at < m->base + MODEL_SIZE && m->is_in[at - m->base]);
    }
    assert_false(seqset_next_run(s, at, &first, &last));
    assert_int_equal(seqset_count(s), count);
    seqset_check(s);
}

static void compare_answers(struct rng *rng, const struct seqset *s, const struct model *m)
{
    uint32_t from = rng_below(rng, MODEL_SIZE), to = from, count = 0;
    uint32_t end = from + rng_below(rng, MODEL_SIZE - from);
    for (uint32_t i = from; i <= end; i++) count += m->is_in[i];
    assert_int_equal(seqset_count_range(s, m->base + from, m->base + end), count);
    while (to < MODEL_SIZE && m->is_in[to]) to++;
    assert_int_equal(seqset_next_absent(s, m->base + from), m->base + to);
    for (to = from + 1; to > 0 && m->is_in[to - 1]; to--) continue;
    assert_int_equal(seqset_prev_absent(s, m->base + from), m->base + to - 1);
}

static void model_add(struct rng *rng, struct seqset *s, struct model *m, uint32_t len_max)
{
    uint32_t first = rng_below(rng, MODEL_SIZE), last = first + rng_below(rng, len_max);
    if (last >= MODEL_SIZE) last = MODEL_SIZE - 1;
    uint64_t added = 0;
    for (uint32_t i = first; i <= last; i++) {
        added += !m->is_in[i];
        m->is_in[i] = true;
    }
    assert_int_equal(seqset_add_range(s, m->base + first, m->base + last), added);
}

static void model_cut(struct rng *rng, struct seqset *s, struct model *m)
{
    uint32_t below = rng_below(rng, MODEL_SIZE / 2);
    uint64_t removed = 0;
    for (uint32_t i = 0; i < below; i++) {
        removed += m->is_in[i];
        m->is_in[i] = false;
    }
    assert_int_equal(seqset_remove_below(s, m->base + below), removed);
}

static void random_changes_agree_with_a_row_of_flags(void **state)
{
    (void)state;
    static struct model m;
    static const uint32_t lengths[] = { 1, 3, 40, 5000, 200000 };
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        m = (struct model){ .base = seed == 1 ? 1 : rng_next(&rng) >> 20 };
        struct seqset *s = seqset_new();
        for (uint32_t round = 0; round < 12; round++) {
            uint32_t length = lengths[rng_below(&rng, ARRAY_COUNT(lengths))];
            uint32_t adds = length == 1 ? rng_below(&rng, 200000) : 600000 / length / 2;
            for (uint32_t i = 0; i <= adds; i++) model_add(&rng, s, &m, length);
            for (uint32_t i = 0; i < 20; i++) compare_answers(&rng, s, &m);
            if (rng_chance(&rng, 1, 2)) model_cut(&rng, s, &m);
            compare(s, &m);
        }
        seqset_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_set_has_nothing),
        cmocka_unit_test(runs_that_touch_are_one),
        cmocka_unit_test(a_run_may_cross_parts_and_costs_little_however_long),
        cmocka_unit_test(whole_parts_join_their_neighbours_in_any_order),
        cmocka_unit_test(the_ends_of_the_range_are_usable),
        cmocka_unit_test(alternating_deletes_cost_less_than_a_third_of_a_byte),
        cmocka_unit_test(random_changes_agree_with_a_row_of_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
