/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void release(void *item)
{
    xfree(item);
}

static void add(struct top *t, int value)
{
    int *item = xalloc(sizeof *item);
    *item = value;
    top_add(t, item);
}

static void it_keeps_the_first_in_order_whatever_the_order_of_arrival(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    for (uint32_t max = 0; max <= 40; max++) {
        struct top t = { .compare = compare, .release = release, .max = max };
        int values[33];
        for (int i = 0; i < 33; i++) values[i] = i;
        for (uint32_t i = 33; i > 1; i--) {
            uint32_t other = rng_below(&rng, i);
            int v = values[i - 1];
            values[i - 1] = values[other];
            values[other] = v;
        }
        for (int i = 0; i < 33; i++) add(&t, values[i]);
        top_sort(&t);
        assert_int_equal(t.count, max < 33 ? max : 33);
        for (uint32_t i = 0; i < t.count; i++) assert_int_equal(*(int *)t.at[i], i);
        top_deinit(&t);
    }
}

static void a_merge_is_the_top_of_both(void **state)
{
    (void)state;
    struct top a = { .compare = compare, .release = release, .max = 3 };
    struct top b = { .compare = compare, .release = release, .max = 3 };
    for (int i = 0; i < 10; i++) add(i % 2 ? &a : &b, i);
    top_merge(&a, &b);
    assert_int_equal(b.count, 0);
    top_sort(&a);
    for (int i = 0; i < 3; i++) assert_int_equal(*(int *)a.at[i], i);
    top_deinit(&a);
}

static void it_says_before_whether_it_wants(void **state)
{
    (void)state;
    struct top t = { .compare = compare, .release = release, .max = 2 };
    int five = 5, nine = 9;
    assert_true(top_wants(&t, &nine));
    add(&t, 6);
    add(&t, 8);
    assert_true(top_wants(&t, &five));
    assert_false(top_wants(&t, &nine));
    top_deinit(&t);
    struct top none = { .compare = compare, .release = release, .max = 0 };
    assert_false(top_wants(&none, &five));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_the_first_in_order_whatever_the_order_of_arrival),
        cmocka_unit_test(a_merge_is_the_top_of_both),
        cmocka_unit_test(it_says_before_whether_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
