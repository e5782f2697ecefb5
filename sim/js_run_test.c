/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs with JetStream: they repeat, and a disk that lies is caught. */
#include "sim/js_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SEEDS_MAX = 200 };

static void two_runs_of_a_seed_have_one_hash(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim_result first, second;
        js_run_seed(seed, false, &first);
        js_run_seed(seed, false, &second);
        assert_string_equal(first.failure, "");
        assert_int_equal(first.hash, second.hash);
        assert_true(first.dues_met > 0);
    }
}

static void two_seeds_have_two_hashes(void **state)
{
    struct sim_result one, two;
    (void)state;
    js_run_seed(1, false, &one);
    js_run_seed(2, false, &two);
    assert_int_not_equal(one.hash, two.hash);
}

/* Ends with the power are what shows it. */
static void a_disk_that_lies_about_a_sync_is_caught(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (; seed <= SEEDS_MAX; seed++) {
        struct js_plan plan;
        struct sim_result r;
        js_plan_draw(&plan, seed);
        plan.lies.sync_lies = true;
        js_run(&plan, false, &r);
        if (r.failure[0] != 0) break;
    }
    assert_true(seed <= SEEDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_of_a_seed_have_one_hash),
        cmocka_unit_test(two_seeds_have_two_hashes),
        cmocka_unit_test(a_disk_that_lies_about_a_sync_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
