/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_testing.h"

#include "store/store_internal.h"

enum { RESERVE = 8192 };

static void start(struct world *w)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
}

static bool is_there(struct world *w)
{
    uint64_t size = 0;
    return disk_memory_bytes(w->disk, "reserve", &size) != NULL && size == RESERVE;
}

static void pass(struct world *w, uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i++) {
        world_tick(w, SECOND);
        world_settle(w);
    }
}

static struct store_stats stats(const struct world *w)
{
    struct store_stats s;
    store_stats(w->store, &s);
    return s;
}

static void a_list_finds_it_on_a_full_disk_and_it_is_made_again(void **state)
{
    struct world *w = *state;
    w->options.reserve = RESERVE;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    pass(w, 1);
    assert_true(is_there(w));
    w->disk->capacity = disk_memory_used(w->disk);
    uint64_t before = stats(w).checkpoints;
    assert_true(world_set(w, t, 2));
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    pass(w, 3);
    assert_true(stats(w).checkpoints > before);
    assert_false(stats(w).is_full);
    assert_false(is_there(w));
    w->disk->capacity = 0;
    pass(w, 20);
    assert_true(is_there(w));
    world_crash(w, true);
    start(w);
    pass(w, 1);
    assert_true(is_there(w));
}

static void one_that_finds_no_space_leaves_none_of_it(void **state)
{
    struct world *w = *state;
    w->options.reserve = RESERVE;
    start(w);
    w->disk->capacity = disk_memory_used(w->disk) + RESERVE / 2;
    pass(w, 1);
    assert_null(disk_memory_bytes(w->disk, "reserve", &(uint64_t){ 0 }));
    assert_false(stats(w).is_full);
    w->disk->capacity = 0;
    pass(w, 20);
    assert_true(is_there(w));
}

static void what_found_no_space_is_tried_once_a_second(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    w->disk->capacity = disk_memory_used(w->disk);
    world_tick(w, HOUR);
    world_settle(w);
    assert_true(stats(w).is_full);
    pass(w, 2);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    for (uint32_t i = 0; i < 1000; i++) {
        world_tick(w, MILLISECOND / 2);
        world_drain(w);
    }
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count <= writes + 1);
    w->disk->capacity = 0;
    pass(w, 2);
    assert_false(stats(w).is_full);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_list_finds_it_on_a_full_disk_and_it_is_made_again),
        WITH_WORLD(one_that_finds_no_space_leaves_none_of_it),
        WITH_WORLD(what_found_no_space_is_tried_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
