/* SPDX-License-Identifier: Apache-2.0 */
/* The file that holds space: made, given up, made again; what is wrong with it costs nothing. */
#include "store/store_internal.h"
#include "store/store_testing.h"

enum { RESERVE = 2048 };

static void start(struct world *w)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static uint64_t size_of(const struct world *w)
{
    uint64_t size = 0;
    return disk_memory_bytes(w->disk, STORE_RESERVE, &size) == NULL ? 0 : size;
}

/* A store that has stored something. */
static struct thing *start_used(struct world *w)
{
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    return t;
}

static void it_is_made_when_something_is_stored(void **state)
{
    struct world *w = *state;
    start(w);
    world_settle(w);
    assert_int_equal(size_of(w), 0);
    assert_false(store_reserve_is_missing(w->store));
    assert_non_null(world_begin(w));
    world_settle(w);
    assert_int_equal(size_of(w), RESERVE);
    assert_true(store_reserve_is_held(w->store));
}

static void it_stays_over_a_restart(void **state)
{
    struct world *w = *state;
    (void)start_used(w);
    world_stop(w);
    assert_int_equal(size_of(w), RESERVE);
    start(w);
    assert_true(store_reserve_is_held(w->store));
    assert_int_equal(store_reserve_due(w->store), NANOS_MAX);
}

static void one_that_is_cut_is_made_again_as_soon_as_there_is_space(void **state)
{
    struct world *w = *state;
    struct thing *t = start_used(w);
    store_reserve_give(w->store);
    assert_true(store_reserve_is_cut(w->store));
    disk_memory_settle(w->disk, world_queue(w));
    assert_int_equal(size_of(w), 0);
    w->disk->capacity = disk_memory_used(w->disk) + RESERVE / 2 + 63;
    for (uint32_t i = 0; i < 3; i++) {
        world_tick(w, SECOND);
        world_settle(w);
        assert_int_equal(size_of(w), 0);
        assert_true(store_is_full(w->store));
        assert_false(world_set(w, t, 1));
    }
    w->disk->capacity += RESERVE / 4;
    world_tick(w, SECOND);
    world_settle(w);
    assert_true(size_of(w) >= RESERVE / 2 && size_of(w) < RESERVE);
    assert_false(store_reserve_is_missing(w->store));
    w->disk->capacity = 0;
    world_tick(w, MINUTE);
    world_settle(w);
    assert_int_equal(size_of(w), RESERVE);
    assert_false(store_is_full(w->store));
    assert_true(world_set(w, t, 1));
}

static void one_that_a_start_finds_too_short_is_filled(void **state)
{
    struct world *w = *state;
    (void)start_used(w);
    store_reserve_give(w->store);
    disk_memory_settle(w->disk, world_queue(w));
    world_crash(w, false);
    assert_int_equal(size_of(w), 0);
    start(w);
    assert_false(store_reserve_is_missing(w->store));
    world_tick(w, MILLISECOND);
    world_settle(w);
    assert_int_equal(size_of(w), RESERVE);
}

static void a_start_without_space_gives_it_up(void **state)
{
    struct world *w = *state;
    struct thing *t = start_used(w);
    for (uint32_t i = 0; i < 40 && store_has_room(w->store, 700, JOURNAL_USE_RELEASE); i++) {
        w->disk->capacity = disk_memory_used(w->disk);
        (void)world_add(w, t, RECORD_SET, 1, 700);
        world_tick(w, MILLISECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    world_crash(w, true);
    assert_int_equal(size_of(w), RESERVE);
    w->disk->capacity = disk_memory_used(w->disk);
    start(w);
    w->disk->capacity = 0;
    world_tick(w, SECOND);
    world_settle(w);
    assert_int_equal(size_of(w), RESERVE);
}

static void one_that_cannot_be_written_is_told_and_costs_nothing(void **state)
{
    struct world *w = *state;
    struct thing *t = start_used(w);
    uint32_t reports = w->reports;
    world_tick(w, SECOND); /* the journal's mark */
    world_settle(w);
    store_reserve_give(w->store);
    disk_memory_settle(w->disk, world_queue(w));
    w->disk->fault[DISK_MEMORY_WRITES].fail_permille = 1000;
    world_tick(w, SECOND);
    disk_memory_settle(w->disk, world_queue(w));
    w->disk->fault[DISK_MEMORY_WRITES].fail_permille = 0;
    assert_int_equal(w->reports, reports + 1);
    assert_false(store_reserve_is_missing(w->store));
    world_settle(w);
    assert_false(store_is_full(w->store));
    assert_true(world_set(w, t, 1));
    world_settle(w);
    world_stop(w);
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_is_made_when_something_is_stored),
        TEST(it_stays_over_a_restart),
        TEST(one_that_is_cut_is_made_again_as_soon_as_there_is_space),
        TEST(one_that_a_start_finds_too_short_is_filled),
        TEST(a_start_without_space_gives_it_up),
        TEST(one_that_cannot_be_written_is_told_and_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
