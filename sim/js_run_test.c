/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs with JetStream: they repeat, and a disk that lies is caught. */
#include "sim/js_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

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

enum { COMPLAINTS = 3 };

static bool is_one_of(const char *failure, const char *const complaints[COMPLAINTS])
{
    for (uint32_t i = 0; i < COMPLAINTS; i++)
        if (complaints[i] != NULL && strstr(failure, complaints[i]) != NULL) return true;
    return false;
}

/* Of the first so many seeds one is caught, with one of these complaints; without the lie all of
 * them pass. */
static void assert_caught(enum sim_lie lie, const char *const complaints[COMPLAINTS])
{
    for (uint64_t seed = 1; seed <= SEEDS_MAX; seed++) {
        struct js_plan plan;
        struct sim_result honest, lied;
        js_plan_draw(&plan, seed);
        js_run(&plan, false, &honest);
        assert_string_equal(honest.failure, "");
        plan.lie = lie;
        js_run(&plan, false, &lied);
        if (lied.failure[0] == 0) continue;
        if (!is_one_of(lied.failure, complaints))
            fail_msg("seed %llu: %s", (unsigned long long)seed, lied.failure);
        return;
    }
    fail_msg("no seed has caught the lie");
}

/* Ends with the power are what shows it. */
static void a_disk_that_lies_about_a_sync_is_caught(void **state)
{
    static const char *const complaints[COMPLAINTS] = {
        "is lost", "was told before", "is damaged, but no bit of it was flipped"
    };
    (void)state;
    assert_caught(SIM_LIE_SYNC, complaints);
}

static void a_bit_that_no_sum_shows_is_caught(void **state)
{
    static const char *const complaints[COMPLAINTS] = { "is nothing that anybody has published" };
    (void)state;
    assert_caught(SIM_LIE_FORGE, complaints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_of_a_seed_have_one_hash),
        cmocka_unit_test(two_seeds_have_two_hashes),
        cmocka_unit_test(a_disk_that_lies_about_a_sync_is_caught),
        cmocka_unit_test(a_bit_that_no_sum_shows_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
