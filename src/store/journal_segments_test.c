/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_testing.h"

enum { FIRST = 4096 };

static struct journal_stats stats(const struct world *w)
{
    struct journal_stats s;
    journal_stats(w->journal, &s);
    return s;
}

static void count_file(void *ctx, const char *name, uint64_t size)
{
    uint32_t *count = ctx;
    (void)size;
    *count += strcmp(name, "journal/heads") != 0;
}

static uint32_t files(struct world *w)
{
    uint32_t count = 0;
    disk_memory_each(w->disk, &count, count_file);
    return count;
}

/* Adds and commits so many records of 900 bytes, `pause` apart. */
static void fill(struct world *w, uint32_t count, nanos pause)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)world_add(w, 900);
        world_tick(w, pause);
        world_settle(w);
    }
}

static void a_fresh_journal_is_one_small_segment_until_it_is_used(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    world_rest(w);
    assert_int_equal(files(w), 1);
    assert_int_equal(stats(w).on_disk, FIRST);
    (void)world_add(w, 1);
    world_rest(w);
    assert_int_equal(files(w), 3); /* the next one, and the reserve */
}

static void a_commit_waits_for_its_segment_and_never_makes_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    w->disk->in_order = true;
    (void)world_add(w, 900);
    world_tick(w, 0);
    (void)disk_memory_step(w->disk); /* the commit comes first: nobody waits for zeros */
    world_poll(w);
    assert_int_equal(w->handed, 1);
    for (uint32_t i = 0; i < 20; i++) (void)world_add(w, 900);
    world_tick(w, 0);
    uint32_t before = w->handed;
    world_settle(w);
    assert_int_equal(before, 1);
    assert_int_equal(w->handed, 21);
    assert_string_equal(w->complaint, "");
}

static void released_segments_are_used_again(void **state)
{
    struct world *w = *state;
    w->options.segment_max = FIRST;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 20, 0);
    uint64_t most = 0;
    for (uint32_t i = 0; i < 200; i++) {
        fill(w, 3, 0);
        world_release(w, world_last_safe(w));
        if (stats(w).on_disk > most) most = stats(w).on_disk;
    }
    uint64_t names = w->disk->fault[DISK_MEMORY_NAMES].count;
    fill(w, 10, 0);
    world_release(w, world_last_safe(w));
    fill(w, 10, 0);
    assert_true(w->disk->fault[DISK_MEMORY_NAMES].count == names); /* no file comes or goes */
    assert_true(most < 20 * FIRST);
    assert_int_equal(stats(w).is_failed, false);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static uint64_t largest(struct world *w, nanos pause)
{
    uint64_t before = 0, most = 0;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 100; i++) {
        fill(w, 1, pause);
        uint64_t now = stats(w).on_disk;
        if (now > before && before > 0 && now - before > most) most = now - before;
        before = now;
    }
    return most;
}

static void segments_double_under_load_up_to_the_greatest(void **state)
{
    struct world *w = *state;
    assert_true(largest(w, 0) >= 32768);
}

static void segments_stay_small_when_they_fill_slowly(void **state)
{
    struct world *w = *state;
    assert_true(largest(w, SECOND) <= 2 * FIRST);
}

static void ready_segments_that_nobody_needs_go_one_by_one(void **state)
{
    struct world *w = *state;
    w->options.segment_max = FIRST;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 100, 0);
    world_release(w, world_last_safe(w));
    world_settle(w);
    uint32_t before = files(w);
    world_rest(w);
    assert_true(before > 4);
    assert_int_equal(files(w), 3);
    assert_string_equal(w->complaint, "");
}

static void a_clean_close_leaves_one_small_segment(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 100, 0);
    assert_true(stats(w).on_disk > 32768);
    world_close(w, world_last_safe(w));
    assert_int_equal(files(w), 1);
    assert_true(disk_memory_used(w->disk) <= 1 << 20);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 0);
    assert_int_equal(w->damages, 0);
    assert_int_equal(files(w), 1);
    fill(w, 10, 0);
    assert_string_equal(w->complaint, "");
}

static void large_segments_are_cut_by_a_clean_close(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 4 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 5, 0);
    world_close(w, world_last_safe(w));
    assert_int_equal(files(w), 1);
    assert_int_equal(disk_memory_used(w->disk), 1 << 20);
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 0);
    fill(w, 5, 0);
    assert_string_equal(w->complaint, "");
}

static void a_close_that_is_not_clean_leaves_what_is_needed(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 60, 0);
    world_close(w, 40);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 20);
    assert_int_equal(w->damages, 0);
    assert_true(files(w) < 8);
    assert_string_equal(w->complaint, "");
}

/* Fills the disk until a record to store is refused. */
static void fill_disk(struct world *w)
{
    w->disk->capacity = 40000;
    for (uint32_t i = 0; i < 1000 && journal_has_room(w->journal, 300, JOURNAL_USE_STORE); i++) {
        (void)world_add(w, 300);
        world_tick(w, MILLISECOND);
        disk_memory_settle(w->disk, w->queue);
    }
    assert_false(journal_has_room(w->journal, 300, JOURNAL_USE_STORE));
    assert_false(stats(w).is_failed);
}

static void a_full_disk_refuses_what_stores_and_takes_what_frees(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill_disk(w);
    uint32_t taken = 0;
    while (journal_has_room(w->journal, 20, JOURNAL_USE_RELEASE)) {
        (void)world_add(w, 20);
        world_tick(w, MILLISECOND);
        disk_memory_settle(w->disk, w->queue);
        taken++;
    }
    assert_true(taken > 5);
    assert_int_equal(w->handed, w->count); /* what was taken is safe */
    assert_false(journal_has_room(w->journal, 20, JOURNAL_USE_STORE));
    assert_int_equal(w->failures, 0);
    world_crash(w, true);
    w->disk->capacity = 0;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static void service_returns_with_the_space(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill_disk(w);
    w->disk->capacity = 80000;
    for (uint32_t i = 0; i < 20; i++) {
        nanos due = journal_next_due(w->journal);
        if (due > w->now && due != NANOS_MAX) w->now = due;
        world_tick(w, 0);
        disk_memory_settle(w->disk, w->queue);
    }
    assert_true(journal_has_room(w->journal, 300, JOURNAL_USE_STORE));
    fill(w, 5, 0);
    assert_string_equal(w->complaint, "");
}

static void service_returns_with_a_release(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill_disk(w);
    world_release(w, world_last_safe(w));
    world_tick(w, 0);
    disk_memory_settle(w->disk, w->queue);
    assert_true(journal_has_room(w->journal, 300, JOURNAL_USE_STORE));
    fill(w, 5, 0);
    assert_string_equal(w->complaint, "");
}

static void while_it_is_held_no_segment_is_made(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 1, MILLISECOND);
    assert_false(journal_is_preparing(w->journal));
    uint32_t before = files(w), added = 0;
    journal_hold(w->journal, true);
    while (journal_has_room(w->journal, 900, JOURNAL_USE_RELEASE) && added++ < 100) {
        (void)world_add(w, 900);
        world_tick(w, SECOND);
        world_settle(w);
    }
    assert_int_equal(files(w), before);
    assert_true(added > 1 && added < 100); /* what is ready is used */
    assert_int_equal(w->handed, w->count);
    assert_false(journal_has_room(w->journal, 900, JOURNAL_USE_STORE));
    assert_true(journal_next_due(w->journal) > w->now);
    journal_hold(w->journal, false);
    world_rest(w);
    assert_true(files(w) > before);
    assert_true(journal_has_room(w->journal, 900, JOURNAL_USE_STORE));
}

static void a_record_that_fits_nowhere_is_refused_at_the_door(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 3, 0);
    assert_true(journal_has_room(w->journal, 200000, JOURNAL_USE_STORE));
    w->disk->capacity = 100000;
    assert_false(journal_has_room(w->journal, 200000, JOURNAL_USE_STORE));
    assert_true(journal_has_room(w->journal, 100, JOURNAL_USE_STORE));
    assert_false(journal_has_room(w->journal, JOURNAL_BODY_MAX + 1, JOURNAL_USE_STORE));
}

static void a_disk_that_fails_while_a_segment_is_made_ends_the_journal(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 1, 0);
    for (uint32_t i = 0; i < 6; i++) (void)world_add(w, 900);
    w->disk->fault[DISK_MEMORY_NAMES].fail_permille = 1000;
    fill(w, 1, 0);
    for (uint32_t i = 0; i < 20 && w->failures == 0; i++) world_settle(w);
    assert_int_equal(w->failures, 1);
    w->disk->fault[DISK_MEMORY_NAMES].fail_permille = 0;
    world_crash(w, true);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static void retained_is_what_was_not_released(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, false), ERR_OK);
    fill(w, 3, 0);
    uint64_t all = stats(w).retained;
    assert_true(all >= 3 * 1024);
    world_release(w, 2);
    assert_true(stats(w).retained < all && stats(w).retained > 0);
    world_release(w, 3);
    assert_int_equal(stats(w).retained, 0);
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_fresh_journal_is_one_small_segment_until_it_is_used),
        WITH_WORLD(a_commit_waits_for_its_segment_and_never_makes_one),
        WITH_WORLD(released_segments_are_used_again),
        WITH_WORLD(segments_double_under_load_up_to_the_greatest),
        WITH_WORLD(segments_stay_small_when_they_fill_slowly),
        WITH_WORLD(ready_segments_that_nobody_needs_go_one_by_one),
        WITH_WORLD(a_clean_close_leaves_one_small_segment),
        WITH_WORLD(large_segments_are_cut_by_a_clean_close),
        WITH_WORLD(a_close_that_is_not_clean_leaves_what_is_needed),
        WITH_WORLD(a_full_disk_refuses_what_stores_and_takes_what_frees),
        WITH_WORLD(service_returns_with_the_space),
        WITH_WORLD(service_returns_with_a_release),
        WITH_WORLD(while_it_is_held_no_segment_is_made),
        WITH_WORLD(a_record_that_fits_nowhere_is_refused_at_the_door),
        WITH_WORLD(a_disk_that_fails_while_a_segment_is_made_ends_the_journal),
        WITH_WORLD(retained_is_what_was_not_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
