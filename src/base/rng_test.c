/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"

static void the_sequence_is_that_of_the_published_algorithm(void **state)
{
    (void)state;
    /* xoshiro256** from the state 1, 2, 3, 4. */
    static const uint64_t want[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
    };
    struct rng r = { { 1, 2, 3, 4 } };
    for (size_t i = 0; i < ARRAY_COUNT(want); i++) assert_true(rng_next(&r) == want[i]);
}

static void the_seed_is_spread_by_splitmix64(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 0);
    assert_true(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(r.s[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(r.s[2] == UINT64_C(0x06c45d188009454f));
    assert_true(r.s[3] == UINT64_C(0xf88bb8a8724c81ec));
}

static void one_seed_gives_one_sequence_and_another_seed_another(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_init(&a, 42);
    rng_init(&b, 42);
    rng_init(&c, 43);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_true(x == rng_next(&b));
        if (x == rng_next(&c)) same++;
    }
    assert_int_equal(same, 0);
}

static void numbers_below_a_limit_stay_below_it_and_are_even(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    for (int i = 0; i < 100; i++) assert_int_equal(rng_below(&r, 1), 0);
    for (int i = 0; i < 1000; i++) assert_true(rng_below(&r, UINT32_MAX) < UINT32_MAX);
    uint32_t counts[7] = { 0 };
    for (int i = 0; i < 70000; i++) counts[rng_below(&r, 7)]++; /* an index beyond 6 faults */
    for (int i = 0; i < 7; i++) {
        assert_true(counts[i] > 9500); /* five standard deviations */
        assert_true(counts[i] < 10500);
    }
}

static void a_chance_of_none_or_all_leaves_nothing_to_luck(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    uint32_t hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_false(rng_chance(&r, 0, 10));
        assert_true(rng_chance(&r, 10, 10));
        if (rng_chance(&r, 1, 4)) hits++;
    }
    assert_true(hits > 2280 && hits < 2720); /* five standard deviations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_that_of_the_published_algorithm),
        cmocka_unit_test(the_seed_is_spread_by_splitmix64),
        cmocka_unit_test(one_seed_gives_one_sequence_and_another_seed_another),
        cmocka_unit_test(numbers_below_a_limit_stay_below_it_and_are_even),
        cmocka_unit_test(a_chance_of_none_or_all_leaves_nothing_to_luck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
