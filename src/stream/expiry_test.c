/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/expiry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void add(struct expiry *x, nanos expires, uint64_t sequence)
{
    struct expiry_entry e = { expires, sequence };
    expiry_add(x, &e);
    expiry_check(x);
}

static bool is_odd(void *ctx, uint64_t sequence)
{
    (void)ctx;
    return sequence % 2 == 1;
}

static void what_is_due_comes_by_time(void **state)
{
    (void)state;
    struct expiry *x = expiry_new();
    struct expiry_entry e;
    assert_int_equal(expiry_next(x), NANOS_MAX);
    add(x, 30, 1);
    add(x, 10, 2);
    add(x, 10, 3);
    add(x, NANOS_MAX, 4);
    assert_int_equal(expiry_next(x), 10);
    assert_false(expiry_take(x, 9, &e));
    assert_true(expiry_take(x, 10, &e));
    assert_int_equal(e.sequence, 2);
    assert_true(expiry_take(x, 10, &e));
    assert_int_equal(e.sequence, 3);
    assert_false(expiry_take(x, 29, &e));
    assert_int_equal(expiry_count(x), 4);
    assert_true(expiry_is_for_ever(x, 4));
    assert_false(expiry_is_for_ever(x, 1));
    assert_int_equal(expiry_next_mortal(x, 4), 5);
    /* 2 is gone, 3 was not removed */
    expiry_taken(x, is_odd, NULL);
    expiry_check(x);
    assert_int_equal(expiry_count(x), 3);
    assert_int_equal(expiry_next(x), 10);
    expiry_free(x);
}

static void a_sweep_forgets_what_is_not_there(void **state)
{
    (void)state;
    struct expiry *x = expiry_new();
    struct rng rng;
    struct expiry_entry e;
    nanos before = 0;
    rng_init(&rng, 3);
    for (uint64_t i = 1; i <= 1000; i++)
        add(x, i % 5 == 0 ? NANOS_MAX : 1 + (nanos)rng_below(&rng, 1000), i);
    expiry_sweep(x, 100, is_odd, NULL);
    expiry_check(x);
    assert_false(expiry_is_for_ever(x, 95));
    assert_false(expiry_is_for_ever(x, 200));
    assert_true(expiry_is_for_ever(x, 205));
    uint32_t taken = 0;
    while (expiry_take(x, 2000, &e)) {
        assert_int_equal(e.sequence % 2, 1);
        assert_true(e.expires >= before);
        before = e.expires;
        taken++;
    }
    assert_int_equal(taken, 400);
    expiry_free(x);
}

static void a_checkpoint_tells_what_is_new_or_all(void **state)
{
    (void)state;
    struct expiry *x = expiry_new();
    struct expiry_entry e;
    add(x, 10, 1);
    add(x, NANOS_MAX, 2);
    uint64_t at = 0;
    assert_true(expiry_new_at(x, &at, &e));
    assert_true(expiry_new_at(x, &at, &e));
    assert_int_equal(e.sequence, 2);
    assert_int_equal(e.expires, NANOS_MAX);
    assert_false(expiry_new_at(x, &at, &e));
    expiry_told(x);
    add(x, 20, 3);
    add(x, NANOS_MAX, 70000);
    assert_true(expiry_take(x, 15, &e));
    at = 0;
    assert_true(expiry_new_at(x, &at, &e));
    assert_int_equal(e.sequence, 3);
    at = 0;
    uint64_t sum = 0, count = 0;
    for (; expiry_all_at(x, &at, &e); count++) sum += e.sequence;
    assert_int_equal(count, 4);
    assert_int_equal(sum, 1 + 2 + 3 + 70000);
    expiry_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_comes_by_time),
        cmocka_unit_test(a_sweep_forgets_what_is_not_there),
        cmocka_unit_test(a_checkpoint_tells_what_is_new_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
