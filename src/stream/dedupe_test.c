/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/dedupe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void add(struct dedupe *d, uint64_t id, uint64_t sequence, nanos time)
{
    struct dedupe_entry e = { id, sequence, time };
    dedupe_add(d, &e);
    dedupe_check(d);
}

static void an_id_is_found_until_it_is_too_old(void **state)
{
    (void)state;
    struct dedupe *d = dedupe_new();
    assert_int_equal(dedupe_find(d, 7, 0), 0);
    add(d, 7, 1, 100);
    add(d, 8, 2, 200);
    assert_int_equal(dedupe_find(d, 7, 100), 1);
    assert_int_equal(dedupe_find(d, 7, 101), 0);
    assert_int_equal(dedupe_find(d, 9, 0), 0);
    dedupe_expire(d, 150);
    dedupe_check(d);
    assert_int_equal(dedupe_count(d), 1);
    assert_int_equal(dedupe_find(d, 7, 0), 0);
    assert_int_equal(dedupe_find(d, 8, 0), 2);
    dedupe_free(d);
}

static void an_id_that_comes_again_counts_as_the_newer(void **state)
{
    (void)state;
    struct dedupe *d = dedupe_new();
    add(d, 7, 1, 100);
    add(d, 7, 5, 300);
    assert_int_equal(dedupe_find(d, 7, 0), 5);
    dedupe_expire(d, 200);
    dedupe_check(d);
    assert_int_equal(dedupe_find(d, 7, 0), 5);
    dedupe_free(d);
}

static void a_walk_goes_on_where_it_ended(void **state)
{
    (void)state;
    struct dedupe *d = dedupe_new();
    struct dedupe_entry e;
    uint64_t at = 0;
    assert_false(dedupe_next(d, &at, &e));
    add(d, 1, 1, 1);
    add(d, 2, 2, 2);
    assert_true(dedupe_next(d, &at, &e));
    assert_int_equal(e.id, 1);
    assert_true(dedupe_next(d, &at, &e));
    assert_false(dedupe_next(d, &at, &e));
    assert_int_equal(at, dedupe_end(d));
    add(d, 3, 3, 3);
    assert_true(dedupe_next(d, &at, &e));
    assert_int_equal(e.sequence, 3);
    dedupe_free(d);
}

/* Against a plain array: ids of a small range, so that they repeat and their places collide. */
static void many_are_found_as_in_a_list(void **state)
{
    (void)state;
    enum { STEPS = 6000, IDS = 900 };
    static uint64_t sequence[IDS];
    static nanos when[IDS];
    struct dedupe *d = dedupe_new();
    struct rng rng;
    nanos from = 0;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < IDS; i++) when[i] = -1;
    for (uint64_t step = 1; step <= STEPS; step++) {
        uint32_t id = rng_below(&rng, IDS);
        struct dedupe_entry e = { id + 1, step, (nanos)step };
        dedupe_add(d, &e);
        sequence[id] = step;
        when[id] = (nanos)step;
        if (step % 700 == 0) dedupe_expire(d, from = (nanos)step - rng_below(&rng, 600));
        if (step % 50 != 0) continue;
        dedupe_check(d);
        for (uint32_t k = 0; k < IDS; k++)
            assert_int_equal(dedupe_find(d, k + 1, from), when[k] >= from ? sequence[k] : 0);
    }
    dedupe_expire(d, STEPS - 10);
    dedupe_check(d);
    assert_int_equal(dedupe_count(d), 11);
    dedupe_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_until_it_is_too_old),
        cmocka_unit_test(an_id_that_comes_again_counts_as_the_newer),
        cmocka_unit_test(a_walk_goes_on_where_it_ended),
        cmocka_unit_test(many_are_found_as_in_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
