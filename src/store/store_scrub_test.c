/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_testing.h"

static uint32_t calls, left;

static uint32_t scrub(struct store_owner *o)
{
    assert_non_null(o);
    calls++;
    if (left == 0) return 0;
    left--;
    return 32 << 10;
}

static struct store_owner_ops ops;

static struct thing *prepare(struct world *w)
{
    struct errmsg why;
    assert_int_equal(world_open(w, &why), ERR_OK);
    struct thing *t = world_begin(w);
    ops = thing_ops;
    ops.scrub = scrub;
    t->owner.ops = &ops;
    calls = left = 0;
    world_settle(w);
    return t;
}

static void files_are_read_after_an_hour_and_again_after_the_next(void **state)
{
    struct world *w = *state;
    (void)prepare(w);
    left = 10;
    world_tick(w, 59 * MINUTE);
    assert_int_equal(calls, 0);
    for (uint32_t round = 1; round <= 2; round++) {
        world_tick(w, 2 * MINUTE);
        world_settle(w);
        assert_true(calls > 0 && calls <= 5 * round);
        for (uint32_t i = 0; i < 100; i++) {
            world_tick(w, SECOND);
            world_settle(w);
        }
        assert_int_equal(calls, 11 * round);
        left = 10;
        world_tick(w, 58 * MINUTE - 20 * SECOND);
        assert_int_equal(calls, 11 * round);
    }
}

static void who_leaves_is_read_no_more(void **state)
{
    struct world *w = *state;
    struct thing *t = prepare(w);
    left = 100;
    world_tick(w, 61 * MINUTE);
    world_settle(w);
    assert_true(calls > 0 && left > 0);
    uint32_t before = calls;
    assert_true(world_finish(w, t));
    world_settle(w);
    uint32_t after = calls;
    for (uint32_t i = 0; i < 10; i++) world_tick(w, SECOND);
    assert_true(after - before <= 5);
    assert_int_equal(calls, after);
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(files_are_read_after_an_hour_and_again_after_the_next),
        WITH_WORLD(who_leaves_is_read_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
