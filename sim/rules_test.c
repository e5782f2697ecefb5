/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/rules.h"

static void a_pattern_matches_token_by_token(void **state)
{
    (void)state;
    assert_true(sim_matches("a.b", "a.b"));
    assert_true(sim_matches("a.*", "a.b"));
    assert_true(sim_matches("a.>", "a.b.c"));
    assert_true(sim_matches(">", "a"));
    assert_false(sim_matches("a.>", "a"));
    assert_false(sim_matches("a.*", "a.b.c"));
    assert_false(sim_matches("a", "a.b"));
    assert_false(sim_matches("ab", "a"));
    assert_false(sim_matches("*.b", "a.c"));
}

static void a_wider_pattern_covers_a_narrower_one_and_not_the_other_way(void **state)
{
    (void)state;
    assert_true(sim_covers("a.>", "a.*.c"));
    assert_true(sim_covers("*", "a"));
    assert_true(sim_covers(">", ">"));
    assert_false(sim_covers("a.*", "a.>"));
    assert_false(sim_covers("a", "*"));
    assert_true(sim_overlaps("a.*", "*.b"));
    assert_true(sim_overlaps("a.>", "a.b"));
    assert_false(sim_overlaps("a.b", "a.c"));
    assert_false(sim_overlaps("a", "a.>"));
}

static void deny_wins_and_an_empty_list_allows_all(void **state)
{
    const struct sim_permissions p = { .pub_allow = { "a.>" },
                                       .pub_deny = { "a.b" },
                                       .sub_deny = { "c.*" } };
    (void)state;
    assert_true(sim_may_publish(NULL, "x"));
    assert_true(sim_may_publish(&p, "a.c"));
    assert_false(sim_may_publish(&p, "a.b"));
    assert_false(sim_may_publish(&p, "b"));
    assert_true(sim_may_subscribe(&p, "c.>")); /* partly denied: let in, then filtered */
    assert_false(sim_may_subscribe(&p, "c.x"));
    assert_false(sim_may_receive(&p, "c.x"));
    assert_true(sim_may_receive(&p, "c.x.y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_token_by_token),
        cmocka_unit_test(a_wider_pattern_covers_a_narrower_one_and_not_the_other_way),
        cmocka_unit_test(deny_wins_and_an_empty_list_allows_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
