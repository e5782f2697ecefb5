/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_testing.h"

static void start(struct world *w)
{
    world_start(w);
    assert_string_equal(w->complaint, "");
}

static void restart(struct world *w)
{
    world_crash(w, true);
    start(w);
}

static void each_owner_gets_its_own(void **state)
{
    struct world *w = *state;
    struct thing *things[200];
    start(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) things[i] = world_begin(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++)
        assert_true(world_set(w, things[i * 7 % ARRAY_COUNT(things)], i % THING_KEYS));
    world_settle(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++)
        assert_true(things[i]->last > ARRAY_COUNT(things));
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) {
        assert_int_equal(things[i]->soons, 2 * STORE_SOON_STEPS); /* in time for both records */
        assert_int_equal(things[i]->remembers, 2);
    }
    restart(w);
    assert_int_equal(w->things_count, ARRAY_COUNT(things));
    assert_string_equal(w->complaint, "");
}

/* One after the other, so that each has the place of those before it in what is known ahead. */
static void all_of_a_long_batch_are_applied_in_order(void **state)
{
    struct world *w = *state;
    enum { THINGS = 5, RECORDS = 500 };
    struct thing *things[THINGS];
    struct rng rng;
    rng_init(&rng, 5);
    start(w);
    for (uint32_t i = 0; i < THINGS; i++) things[i] = world_begin(w);
    for (uint32_t i = 0; i < RECORDS; i++)
        assert_true(world_set(w, things[rng_below(&rng, THINGS)], i % THING_KEYS));
    world_settle(w);
    struct store_stats s;
    store_stats(w->store, &s);
    assert_int_equal(s.journal.records, THINGS + RECORDS);
    assert_true(s.journal.batches < RECORDS / 10);
    assert_int_equal(w->handed, THINGS + RECORDS);
    assert_string_equal(w->complaint, "");
}

static struct thing *leaver, *leaving;

static void apply_and_leave(struct store_owner *o, const struct journal_record *r, bool is_replay)
{
    struct thing *t = thing_of(o);
    thing_apply(o, r, is_replay);
    if (t == leaver && leaving->incarnation > 0 && r->kind == RECORD_SET)
        store_leave(t->world->store, &leaving->owner);
}

/* It is known ahead when it goes. */
static void what_leaves_amid_a_batch_gets_no_record_any_more(void **state)
{
    struct world *w = *state;
    static struct store_owner_ops ops;  /* of things that the teardown frees */
    ops = thing_ops;
    ops.apply = apply_and_leave;
    w->ops = &ops;
    start(w);
    leaver = world_begin(w);
    leaving = world_begin(w);
    world_settle(w);
    uint64_t last = leaving->last;
    assert_true(world_set(w, leaver, 1));
    assert_true(world_set(w, leaving, 2));
    world_settle(w);
    assert_int_equal(leaving->last, last);
    assert_int_equal(leaving->values[2], 0);
    assert_int_equal(leaving->owner.incarnation, 0);
    assert_string_equal(w->complaint, "");
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(each_owner_gets_its_own),
        WITH_WORLD(all_of_a_long_batch_are_applied_in_order),
        WITH_WORLD(what_leaves_amid_a_batch_gets_no_record_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
