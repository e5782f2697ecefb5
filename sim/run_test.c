/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs: they repeat, they differ by seed, and a server that does wrong is caught. The wrong
 * is done to what the model sees, since product code has no switches for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/run.h"

static const uint64_t SEEDS[] = { 3, 4, 5, 6 };

static void two_runs_of_a_seed_have_one_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SEEDS / sizeof *SEEDS; i++) {
        struct sim_run_options options = { .trace = false };
        struct sim_result first, second;
        sim_run_seed(SEEDS[i], &options, &first);
        sim_run_seed(SEEDS[i], &options, &second);
        assert_string_equal(first.failure, "");
        assert_int_equal(first.hash, second.hash);
        assert_true(first.dues_met > 0);
    }
}

static void two_seeds_have_two_hashes(void **state)
{
    struct sim_run_options options = { .trace = false };
    struct sim_result one, two;
    (void)state;
    sim_run_seed(3, &options, &one);
    sim_run_seed(4, &options, &two);
    assert_int_not_equal(one.hash, two.hash);
}

static void assert_caught(struct sim_mischief mischief)
{
    uint32_t caught = 0;
    for (size_t i = 0; i < sizeof SEEDS / sizeof *SEEDS; i++) {
        struct sim_run_options options = { .mischief = mischief };
        struct sim_result r;
        sim_run_seed(SEEDS[i], &options, &r);
        caught += r.failure[0] != 0;
    }
    assert_true(caught > 0);
}

static void one_delivery_that_is_lost_is_caught(void **state)
{
    (void)state;
    for (uint32_t at = 100; at < 400; at += 100)
        assert_caught((struct sim_mischief){ .drop_at = at });
}

static void one_delivery_that_comes_twice_is_caught(void **state)
{
    (void)state;
    assert_caught((struct sim_mischief){ .double_at = 40 });
}

static void a_deny_that_should_not_be_is_caught(void **state)
{
    (void)state;
    assert_caught((struct sim_mischief){ .deaf_to_deny = true });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_of_a_seed_have_one_hash),
        cmocka_unit_test(two_seeds_have_two_hashes),
        cmocka_unit_test(one_delivery_that_is_lost_is_caught),
        cmocka_unit_test(one_delivery_that_comes_twice_is_caught),
        cmocka_unit_test(a_deny_that_should_not_be_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
