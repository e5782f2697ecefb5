/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 500 };

static void a_seed_decides_all(void **state)
{
    struct js_plan a, b;
    (void)state;
    js_plan_draw(&a, 7);
    js_plan_draw(&b, 7);
    assert_memory_equal(&a, &b, sizeof a);
    js_plan_draw(&b, 8);
    assert_memory_not_equal(&a, &b, sizeof a);
}

static void what_is_drawn_is_within_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct js_plan p;
        js_plan_draw(&p, seed);
        assert_in_range(p.streams_count, 1, JM_STREAMS);
        assert_in_range(p.rounds_count, 1, JS_ROUNDS_MAX);
        assert_in_range(1 + p.publishers + p.servers, 3, JM_CLIENTS);
        assert_int_equal(p.lie, SIM_LIE_NONE);
        assert_true(p.step_max > 0);
        for (uint32_t i = 0; i < p.streams_count; i++) {
            const struct jm_config *c = &p.streams[i];
            assert_true(c->age_max == 0 || c->window <= c->age_max);
            assert_false(c->is_compressed && !c->is_file);
            for (uint32_t k = 0; k < i; k++) assert_string_not_equal(c->name, p.streams[k].name);
        }
        for (uint32_t i = 0; i < p.rounds_count; i++) {
            assert_true(p.rounds[i].fault_after < p.rounds[i].steps);
            assert_true(p.rounds[i].fault < JS_FAULTS);
            assert_true(p.rounds[i].rot < SIM_ROT_KINDS);
        }
    }
}

/* Each fault, end and kind of rot comes up, and so does none. */
static void everything_is_drawn_sometimes(void **state)
{
    uint32_t faults[JS_FAULTS] = { 0 }, rots[SIM_ROT_KINDS] = { 0 }, ends[3] = { 0 };
    uint32_t with = 0, early = 0, lazy = 0, always = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct js_plan p;
        js_plan_draw(&p, seed);
        with += js_plan_is_for(seed);
        lazy += p.base.config.sync_interval > 0;
        always += p.base.config.syncs_always;
        for (uint32_t i = 0; i < p.rounds_count; i++) {
            faults[p.rounds[i].fault]++;
            rots[p.rounds[i].rot]++;
            ends[p.rounds[i].end]++;
            early += p.rounds[i].is_rot_early;
        }
    }
    for (uint32_t i = 0; i < JS_FAULTS; i++) assert_true(faults[i] > 0);
    for (uint32_t i = 0; i < SIM_ROT_KINDS; i++) assert_true(rots[i] > 0);
    for (uint32_t i = 0; i < 3; i++) assert_true(ends[i] > 0);
    assert_true(early > 0);
    assert_true(lazy > SEEDS / 20 && lazy < SEEDS / 5);
    assert_true(always > SEEDS / 10);
    assert_true(with > SEEDS / 2 && with < SEEDS);
}

/* What was not synced goes with the power, also where it was acked. */
static void who_syncs_lazily_keeps_the_power(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct js_plan p;
        js_plan_draw(&p, seed);
        for (uint32_t i = 0; p.base.config.sync_interval > 0 && i < p.rounds_count; i++) {
            assert_int_not_equal(p.rounds[i].end, SIM_END_POWER_LOST);
            assert_int_not_equal(p.rounds[i].fault, JS_FAULT_SYNC);
            assert_false(p.rounds[i].is_cut_short);
        }
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < JS_FAULTS; i++) assert_true(strlen(js_fault_text(i)) > 0);
    for (uint32_t i = 0; i < SIM_ROT_KINDS; i++) assert_true(strlen(sim_rot_text(i)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_decides_all),
        cmocka_unit_test(what_is_drawn_is_within_bounds),
        cmocka_unit_test(everything_is_drawn_sometimes),
        cmocka_unit_test(who_syncs_lazily_keeps_the_power),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
