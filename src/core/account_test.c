/* SPDX-License-Identifier: Apache-2.0 */
#include "core/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/core.h"

static void an_account_is_made_once_and_keeps_its_place(void **state)
{
    (void)state;
    struct core core = { .hash_seed = 5 };
    struct accounts *accounts = accounts_new(&core);
    struct account *made[50];
    assert_null(accounts_find(accounts, SLICE_LIT("n0")));
    for (uint32_t i = 0; i < 50; i++) {
        char name[8];
        int len = snprintf(name, sizeof name, "n%u", i);
        made[i] = accounts_get(accounts, slice_of(name, (size_t)len));
        assert_string_equal(made[i]->name, name);
        assert_ptr_equal(accounts_get(accounts, slice_of(name, (size_t)len)), made[i]);
        assert_ptr_equal(accounts_find(accounts, slice_of(name, (size_t)len)), made[i]);
    }
    for (uint32_t i = 0; i < 50; i++) assert_ptr_equal(accounts_at(accounts, i), made[i]);
    assert_null(accounts_at(accounts, 50));
    assert_null(accounts_free(accounts));
    assert_null(accounts_free(NULL));
}

static void only_the_global_account_is_global(void **state)
{
    (void)state;
    struct core core = { .hash_seed = 5 };
    struct accounts *accounts = accounts_new(&core);
    assert_true(accounts_get(accounts, SLICE_LIT("$G"))->is_global);
    assert_false(accounts_get(accounts, SLICE_LIT("$g"))->is_global);
    accounts_free(accounts);
}

static void traffic_is_the_sum_over_all_reactors(void **state)
{
    (void)state;
    struct core core = { .hash_seed = 5 };
    struct accounts *accounts = accounts_new(&core);
    struct account *a = accounts_get(accounts, SLICE_LIT("a"));
    struct traffic sum;
    for (uint32_t i = 0; i < REACTORS_MAX; i++) {
        count_add(&a->stats[i].of.in_msgs, 1);
        count_add(&a->stats[i].of.in_bytes, 10);
        count_add(&a->stats[i].of.out_msgs, 100);
        count_add(&a->stats[i].of.out_bytes, i);
        count_add(&a->stats[i].of.slow_consumers, 2);
    }
    account_traffic_sum(a, &sum);
    assert_int_equal(count_get(&sum.in_msgs), REACTORS_MAX);
    assert_int_equal(count_get(&sum.in_bytes), 10 * REACTORS_MAX);
    assert_int_equal(count_get(&sum.out_msgs), 100 * REACTORS_MAX);
    assert_int_equal(count_get(&sum.out_bytes), REACTORS_MAX * (REACTORS_MAX - 1) / 2);
    assert_int_equal(count_get(&sum.slow_consumers), 2 * REACTORS_MAX);
    accounts_free(accounts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_made_once_and_keeps_its_place),
        cmocka_unit_test(only_the_global_account_is_global),
        cmocka_unit_test(traffic_is_the_sum_over_all_reactors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
