/* SPDX-License-Identifier: Apache-2.0 */
/* When a checkpoint begins, and what is in it. */
#include "store/store_internal.h"
#include "store/store_testing.h"

static void start(struct world *w)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static struct store_stats stats(const struct world *w)
{
    struct store_stats s;
    store_stats(w->store, &s);
    return s;
}

static void set(struct world *w, struct thing *t, uint32_t more)
{
    assert_true(world_add(w, t, RECORD_SET, 1, more));
    world_settle(w);
}

/* What is due soon happens: then a checkpoint is what is due next. */
static void rest(struct world *w)
{
    world_tick(w, SECOND);
    world_settle(w);
}

static void nothing_begins_one_while_little_has_changed(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    world_tick(w, MINUTE);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 0);
    assert_int_equal(t->owner.unwritten, 3 * 32 + 12 + 12 + 10 - 32);
}

static void what_changed_is_in_one_after_two_minutes(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    rest(w); /* the journal has its mark */
    nanos due = store_next_due(w->store);
    assert_true(due > w->now + MINUTE && due <= w->now + 2 * MINUTE);
    world_tick(w, due - w->now);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_int_equal(w->settles, 1);
    assert_int_equal(t->owner.unwritten, 0);
    world_tick(w, HOUR); /* nothing has changed since */
    world_settle(w);
    assert_int_equal(store_next_due(w->store), NANOS_MAX);
    assert_int_equal(stats(w).checkpoints, 1);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->replayed, 0);
}

static void a_journal_over_its_cap_begins_one(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    for (uint32_t i = 0; i < 4; i++) set(w, t, 1000); /* 1536 bytes each */
    assert_int_equal(stats(w).checkpoints, 0);
    for (uint32_t i = 0; i < 3; i++) set(w, t, 1000);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_true(stats(w).journal.retained <= w->options.journal_cap);
    for (uint32_t i = 0; i < 200; i++) set(w, t, 1000);
    assert_true(stats(w).checkpoints > 10);
    assert_true(stats(w).journal.on_disk < 100000);
}

static void an_owner_without_records_may_ask_for_one(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w), *other = world_begin(w);
    store_touch(w->store, &t->owner); /* waits for its first record */
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_int_equal(w->settles, 2);
    store_touch(w->store, &other->owner);
    store_touch(w->store, &other->owner);
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 2);
    assert_int_equal(w->settles, 3);
}

static void the_large_are_flushed_and_the_small_are_not(void **state)
{
    struct world *w = *state;
    w->options.journal_cap = 0;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    start(w);
    struct thing *large = world_begin(w), *small = world_begin(w);
    set(w, large, 70000);
    set(w, small, 1000);
    w->flushes_late = true;
    world_tick(w, HOUR);
    assert_int_equal(w->flushes, 1);
    assert_true(large->wants_flush);
    assert_false(small->wants_flush);
    for (uint32_t i = 0; i < 5; i++) {
        world_tick(w, SECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    assert_int_equal(stats(w).checkpoints, 0); /* it waits */
    assert_int_equal(w->flushes, 1);
    large->wants_flush = false;
    store_flushed(w->store, &large->owner, ERR_LIMIT); /* it could not: the list has it */
    assert_true(store_next_due(w->store) <= w->now);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_int_equal(w->settles, 2);
}

static void of_many_only_a_few_are_flushed_at_a_time(void **state)
{
    enum { COUNT = FLUSHES_MAX + 8 };
    struct world *w = *state;
    struct thing *things[COUNT];
    w->options.journal_cap = 0;
    w->options.segment_first = w->options.segment_max = 8 << 20;
    start(w);
    for (uint32_t i = 0; i < COUNT; i++) {
        things[i] = world_begin(w);
        set(w, things[i], 70000);
    }
    w->flushes_late = true;
    world_tick(w, HOUR);
    assert_int_equal(w->flushes, FLUSHES_TURN);
    while (store_next_due(w->store) <= w->now) world_tick(w, MICROSECOND);
    assert_int_equal(w->flushes, FLUSHES_MAX);
    assert_true(things[0]->wants_flush);
    assert_false(things[FLUSHES_MAX]->wants_flush);
    things[0]->wants_flush = false;
    store_flushed(w->store, &things[0]->owner, ERR_OK);
    assert_int_equal(w->flushes, FLUSHES_MAX + 1);
    assert_true(things[FLUSHES_MAX]->wants_flush);
    store_leave(w->store, &things[COUNT - 1]->owner); /* one that waits, and one that does not */
    store_leave(w->store, &things[1]->owner);
    assert_int_equal(w->flushes, FLUSHES_MAX + 2);
    thing_free(things[COUNT - 1]);
    thing_free(things[1]);
    world_flush(w);
    assert_int_equal(w->flushes, COUNT - 1);
    assert_int_equal(things[COUNT - 2]->owner.unwritten, 0);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
}

/* A flush is underway, which the test ends. */
static struct thing *flushing(struct world *w)
{
    w->options.journal_cap = 0;
    w->options.segment_first = w->options.segment_max = 4 << 20;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 70000);
    w->flushes_late = true;
    world_tick(w, HOUR);
    assert_int_equal(w->flushes, 1);
    return t;
}

/* A record becomes durable while the flush is underway; then that ends. */
static void come_and_flush(struct world *w, struct thing *t, uint32_t more)
{
    assert_true(world_add(w, t, RECORD_SET, 1, more));
    for (uint32_t i = 0; i < 5; i++) {
        world_tick(w, MICROSECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    assert_true(t->wants_flush);
    world_flush(w);
    assert_int_equal(t->owner.unwritten, 32 + 12 + more);
    world_tick(w, MICROSECOND);
}

static void what_has_come_during_a_flush_is_flushed_too(void **state)
{
    struct world *w = *state;
    struct thing *t = flushing(w);
    come_and_flush(w, t, 600000);
    assert_int_equal(w->flushes, 2);
    come_and_flush(w, t, 400000); /* the list may have so much */
    world_settle(w);
    assert_int_equal(w->flushes, 2);
    assert_int_equal(stats(w).checkpoints, 1);
}

static void a_flush_during_which_much_comes_is_not_repeated_for_ever(void **state)
{
    struct world *w = *state;
    struct thing *t = flushing(w);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(w->flushes, i);
        assert_int_equal(stats(w).checkpoints, 0);
        come_and_flush(w, t, 600000);
    }
    world_settle(w);
    assert_int_equal(w->flushes, 3);
    assert_int_equal(stats(w).checkpoints, 1);
}

static void many_small_ones_are_flushed_before_a_list_becomes_large(void **state)
{
    enum { COUNT = 400, EACH = 60000 };
    struct world *w = *state;
    w->options.journal_cap = 0;
    w->options.segment_first = w->options.segment_max = 0;
    start(w);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct thing *t = world_begin(w);
        assert_true(world_add(w, t, RECORD_SET, 1, EACH));
        if (i % 50 == 0) world_settle(w);
    }
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    uint32_t kept = (16 << 20) / (EACH + 12 + 32 + 12 + 32);
    assert_int_equal(w->flushes, COUNT - kept);
}

static void what_changes_while_a_list_is_on_its_way_is_in_the_next(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    world_tick(w, HOUR); /* begins the list */
    assert_true(world_queue(w)->in_flight > 0);
    assert_true(world_set(w, t, 5));
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_true(t->owner.since > 0);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->replayed, 1);
    assert_int_equal(thing_at(w->things.next)->values[5], 3);
}

static void one_that_is_forgotten_is_listed_at_once(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w), *other = world_begin(w);
    set(w, other, 10);
    assert_true(world_finish(w, t));
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(w->things_count, 1);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->things_count, 1);
    assert_int_equal(w->replayed, 0);
}

static void one_that_is_forgotten_while_it_flushes_holds_nothing_up(void **state)
{
    struct world *w = *state;
    struct thing *t = flushing(w);
    assert_true(t->wants_flush);
    t->wants_flush = false;
    assert_true(world_finish(w, t));
    world_settle(w);
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_string_equal(w->complaint, "");
}

static void one_that_is_forgotten_while_its_list_is_written_is_in_the_next(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    world_tick(w, HOUR);
    assert_true(world_finish(w, t)); /* is durable before the list, perhaps */
    world_settle(w);
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(stats(w).checkpoints, 2);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->things_count, 0);
}

static void a_list_that_fails_is_the_last_one_and_the_journal_goes_on(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    rest(w);
    struct disk_memory_fault *writes = &w->disk->fault[DISK_MEMORY_WRITES];
    writes->fail_at = writes->count + 1;
    world_tick(w, HOUR);
    world_settle(w);
    writes->fail_at = 0;
    assert_int_equal(w->settles, 1);
    assert_int_equal(w->settled_with, ERR_IO);
    assert_true(stats(w).is_stuck);
    assert_false(stats(w).is_failed);
    assert_int_equal(w->reports, 1);
    for (uint32_t i = 0; i < 50; i++) set(w, t, 1000);
    assert_true(world_finish(w, t));
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 0);
    assert_true(stats(w).journal.retained > 50000);
    world_stop(w);
    world_start(w);
    assert_string_equal(w->complaint, "");
}

static void a_list_without_space_waits_for_it(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    set(w, t, 10);
    w->disk->capacity = disk_memory_used(w->disk);
    world_tick(w, HOUR);
    for (uint32_t i = 0; i < 5; i++) {
        world_tick(w, SECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    assert_int_equal(stats(w).checkpoints, 0);
    assert_int_equal(w->settles, 0);
    assert_true(store_next_due(w->store) <= w->now + SECOND);
    w->disk->capacity = 0;
    world_tick(w, SECOND);
    world_settle(w);
    assert_int_equal(stats(w).checkpoints, 1);
    assert_int_equal(w->settled_with, ERR_OK);
}

static void a_full_journal_begins_one(void **state)
{
    struct world *w = *state;
    w->options.journal_cap = 0;
    w->options.segment_first = w->options.segment_max = 16384;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    w->disk->capacity = disk_memory_used(w->disk) + 8192; /* no segment, but some lists */
    for (uint32_t i = 0; i < 200; i++) {
        (void)world_add(w, t, RECORD_SET, 1, 300);
        world_settle(w);
        world_tick(w, SECOND);
    }
    world_settle(w);
    assert_true(stats(w).checkpoints > 0);
    assert_true(t->last > 60); /* the three segments were used more than once */
}

static void the_log_is_rewritten_and_holds_all(void **state)
{
    struct world *w = *state;
    struct thing *things[20];
    w->options.rewrite_min = 2048;
    start(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) things[i] = world_begin(w);
    uint64_t highest = 0;
    uint32_t rewrites = 0;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(world_set(w, things[i % ARRAY_COUNT(things)], i % THING_KEYS));
        if (i % 30 == 29) (void)world_finish(w, things[i / 30]);
        if (i % 30 == 29) things[i / 30] = world_begin(w);
        world_settle(w);
        world_tick(w, HOUR);
        world_settle(w);
        uint64_t bytes = stats(w).checkpoint_bytes;
        rewrites += bytes < highest ? 1U : 0U;
        highest = bytes < highest ? 0 : bytes;
    }
    assert_true(rewrites > 2);
    world_crash(w, true);
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_int_equal(w->things_count, ARRAY_COUNT(things));
    assert_int_equal(w->replayed, 0);
}

static void who_has_not_begun_is_in_no_slice(void **state)
{
    struct world *w = *state;
    w->options.rewrite_min = 512;
    start(w);
    struct thing *t = world_begin(w);
    struct thing *idle = thing_new(w, store_incarnation_new(w->store));
    store_enter(w->store, &idle->owner, idle->incarnation);
    uint64_t highest = 0;
    bool is_rewritten = false;
    for (uint32_t i = 0; i < 50 && !is_rewritten; i++) {
        set(w, t, 0);
        world_tick(w, HOUR);
        world_settle(w);
        is_rewritten = stats(w).checkpoint_bytes < highest;
        highest = stats(w).checkpoint_bytes;
    }
    assert_true(is_rewritten);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->things_count, 1);
}

static void who_leaves_in_the_middle_of_a_rewrite_does_not_stop_it(void **state)
{
    struct world *w = *state;
    struct thing *things[60];
    w->options.rewrite_min = 512;
    start(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) things[i] = world_begin(w);
    world_settle(w);
    world_tick(w, HOUR);
    for (uint32_t i = 0; i < 400; i++) { /* slices and ends in turn */
        disk_memory_settle(w->disk, world_queue(w));
        uint32_t next = i / 5;
        if (i % 5 == 0 && next < ARRAY_COUNT(things) - 1) (void)world_finish(w, things[next]);
        world_tick(w, 1);
    }
    world_settle(w);
    assert_int_equal(w->things_count, 1);
    world_crash(w, true);
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_int_equal(w->things_count, 1);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(nothing_begins_one_while_little_has_changed),
        WITH_WORLD(what_changed_is_in_one_after_two_minutes),
        WITH_WORLD(a_journal_over_its_cap_begins_one),
        WITH_WORLD(an_owner_without_records_may_ask_for_one),
        WITH_WORLD(the_large_are_flushed_and_the_small_are_not),
        WITH_WORLD(of_many_only_a_few_are_flushed_at_a_time),
        WITH_WORLD(what_has_come_during_a_flush_is_flushed_too),
        WITH_WORLD(a_flush_during_which_much_comes_is_not_repeated_for_ever),
        WITH_WORLD(many_small_ones_are_flushed_before_a_list_becomes_large),
        WITH_WORLD(what_changes_while_a_list_is_on_its_way_is_in_the_next),
        WITH_WORLD(one_that_is_forgotten_is_listed_at_once),
        WITH_WORLD(one_that_is_forgotten_while_it_flushes_holds_nothing_up),
        WITH_WORLD(one_that_is_forgotten_while_its_list_is_written_is_in_the_next),
        WITH_WORLD(a_list_that_fails_is_the_last_one_and_the_journal_goes_on),
        WITH_WORLD(a_list_without_space_waits_for_it),
        WITH_WORLD(a_full_journal_begins_one),
        WITH_WORLD(the_log_is_rewritten_and_holds_all),
        WITH_WORLD(who_has_not_begun_is_in_no_slice),
        WITH_WORLD(who_leaves_in_the_middle_of_a_rewrite_does_not_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
