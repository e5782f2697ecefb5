/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the journal is gone, with the mark that spoke of it. */
#include "store/journal_testing.h"

#include "store/journal_format.h"

#define FIRST "journal/00000001"
#define HEADS "journal/heads"

enum { BATCHES = 5, SECTOR = JOURNAL_SECTOR };

/* Batches of one record each, in one segment: batch n begins at sector n - 1; the mark behind them.
 * Then the process dies. */
static void write_batches(struct world *w, uint32_t count)
{
    w->options.segment_first = w->options.segment_max = count > BATCHES ? 1 << 20 : 65536;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < count; i++) {
        (void)world_add(w, 100);
        world_settle(w);
    }
    world_rest(w);
    assert_int_equal(world_last_safe(w), count);
    world_crash(w, false);
}

/* Zeros, from here on. */
static void lose_end(struct world *w, uint64_t from)
{
    struct disk *disk = &w->disk->base;
    struct disk_file *file;
    uint64_t size = 0;
    assert_int_equal(disk->open(disk, FIRST, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
    assert_int_equal(disk->size(disk, file, &size), ERR_OK);
    uint8_t *zeros = xcalloc(1, size);
    assert_int_equal(disk->write(disk, file, from, slice_of(zeros, (uint32_t)(size - from))),
                     ERR_OK);
    xfree(zeros);
    disk->close(disk, file);
}

/* Batches from `first` on are told to be gone, one by one, and what they held. */
static void expect_named(struct world *w, journal_pos first, journal_pos last)
{
    assert_int_equal(w->damages, last - first + 1);
    for (uint32_t i = 0; i < w->damages; i++) {
        const struct journal_damage *d = &w->damage[i];
        const struct entry *e = &w->entries[first + i - 1];
        assert_true(d->is_named);
        assert_int_equal(d->first, first + i);
        assert_int_equal(d->owner, e->owner);
        assert_int_equal(d->first_sequence, e->sequence);
        assert_int_equal(d->last_sequence, e->sequence);
    }
    assert_string_equal(w->complaint, "");
}

static void an_end_that_is_lost_with_its_mark_is_named(void **state)
{
    struct world *w = *state;
    write_batches(w, BATCHES);
    lose_end(w, 2 * (uint64_t)SECTOR);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 2);
    expect_named(w, 3, BATCHES);
    assert_true(world_add(w, 1) > BATCHES);
}

/* None of its batches has a mark behind it. */
static void while_there_is_no_mark_it_is_a_second_behind(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 1 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 7; i++) {
        (void)world_add(w, 100);
        world_settle(w);
        world_tick(w, 150 * MILLISECOND);
    }
    world_settle(w);
    world_crash(w, false);
    lose_end(w, 0);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 0);
    expect_named(w, 1, 7);
}

static void so_is_one_of_sealed_batches(void **state)
{
    struct world *w = *state;
    world_seal(w);
    write_batches(w, BATCHES);
    lose_end(w, 2 * (uint64_t)SECTOR);
    assert_int_equal(world_open(w, false), ERR_OK);
    expect_named(w, 3, BATCHES);
}

static void so_is_the_end_of_a_file_that_is_cut_or_gone(void **state)
{
    (void)state;
    for (uint32_t sectors = 0; sectors <= BATCHES; sectors++) {
        struct world *w = world_new(1);
        struct disk *disk = &w->disk->base;
        struct disk_file *file;
        write_batches(w, BATCHES);
        assert_int_equal(disk->open(disk, FIRST, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
        assert_int_equal(disk->truncate(disk, file, (uint64_t)sectors * SECTOR + 100), ERR_OK);
        disk->close(disk, file);
        if (sectors == 0) assert_int_equal(disk->remove(disk, FIRST), ERR_OK);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, sectors);
        expect_named(w, sectors + 1, BATCHES);
        (void)world_free(w);
    }
}

static void a_check_at_rest_names_it_too(void **state)
{
    struct world *w = *state;
    write_batches(w, BATCHES);
    lose_end(w, 2 * (uint64_t)SECTOR);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    assert_int_equal(world_open(w, true), ERR_OK);
    expect_named(w, 3, BATCHES);
    w->journal = journal_close(w->journal, 0);
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count == writes);
}

static void the_next_start_names_it_again(void **state)
{
    struct world *w = *state;
    write_batches(w, BATCHES);
    lose_end(w, 2 * (uint64_t)SECTOR);
    for (uint32_t life = 0; life < 3; life++) {
        assert_int_equal(world_open(w, false), ERR_OK);
        expect_named(w, 3, BATCHES);
        world_rest(w);
        world_crash(w, false);
    }
}

static void what_is_released_is_not_missed(void **state)
{
    struct world *w = *state;
    write_batches(w, BATCHES);
    w->released = BATCHES;
    lose_end(w, 0);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 1);    /* what may have come behind it */
    assert_false(w->damage[0].is_named);
    assert_int_equal(w->damage[0].first, BATCHES + 1);
    assert_string_equal(w->complaint, "");
}

static void what_came_behind_the_mark_may_be_torn(void **state)
{
    struct world *w = *state;
    write_batches(w, BATCHES);
    assert_int_equal(world_open(w, false), ERR_OK);
    world_rest(w);
    journal_pos pos = world_add(w, 100);
    world_settle(w);
    world_crash(w, false);
    lose_end(w, (BATCHES + 2) * (uint64_t)SECTOR); /* behind two marks */
    w->is_unmarked = true;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, BATCHES);
    assert_int_equal(w->damages, 0);
    assert_true(world_add(w, 1) > pos);
    assert_string_equal(w->complaint, "");
}

/* Of more batches than the file has room for the older ones are told without a name. */
static void the_newest_are_named(void **state)
{
    struct world *w = *state;
    enum { MANY = 500 };
    uint32_t named = 0;
    write_batches(w, MANY);
    lose_end(w, 0);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 0);
    assert_false(w->damage[0].is_named);
    for (uint32_t i = 1; i < w->damages; i++) named += w->damage[i].is_named;
    assert_int_equal(named, w->damages - 1);
    assert_true(named > 100);
    assert_int_equal(w->damage[w->damages - 1].first, MANY);
    assert_string_equal(w->complaint, "");
}

static void a_bit_of_the_file_costs_nothing(void **state)
{
    struct world *w = *state;
    uint64_t size = 0;
    write_batches(w, BATCHES);
    assert_non_null(disk_memory_bytes(w->disk, HEADS, &size));
    assert_true(size > SECTOR);
    for (uint64_t bit = 0; bit < size * 8; bit += 5) {
        disk_memory_flip(w->disk, HEADS, bit / 8, bit % 8);
        assert_int_equal(world_open(w, true), ERR_OK);
        assert_int_equal(w->replayed, BATCHES);
        assert_int_equal(w->damages, 0);
        w->journal = journal_close(w->journal, 0);
        disk_memory_flip(w->disk, HEADS, bit / 8, bit % 8);
    }
    assert_string_equal(w->complaint, "");
}

static void no_sum_of_a_body_stands_in_it(void **state)
{
    struct world *w = *state;
    uint64_t size = 0;
    uint32_t heads = 0;
    write_batches(w, BATCHES);
    const uint8_t *bytes = disk_memory_bytes(w->disk, HEADS, &size);
    for (uint64_t at = SECTOR; at + HEAD_SIZE < size; at += HEAD_SIZE + RANGE_SIZE, heads++)
        assert_true(le_get_u64(bytes + at + HEAD_BODY_SUM) == 0);
    assert_int_equal(heads, BATCHES);
    assert_true(le_get_u64(bytes + HEAD_BODY_SUM) == 0);
}

static void lazily_it_speaks_of_what_is_synced_only(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct world *w = world_new(seed);
        w->options.sync = JOURNAL_SYNC_LAZY;
        w->options.segment_first = w->options.segment_max = 1 << 20;
        assert_int_equal(world_open(w, false), ERR_OK);
        for (uint32_t i = 0; i < 9; i++) {
            (void)world_add(w, 100);
            world_settle(w);
            if (i % 4 == 0) world_rest(w);
        }
        w->allows_loss = true;
        world_crash(w, true);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->damages, 0);
        assert_string_equal(w->complaint, "");
        (void)world_free(w);
    }
}

static void without_the_file_all_goes_on(void **state)
{
    struct world *w = *state;
    struct disk *disk = &w->disk->base;
    write_batches(w, BATCHES);
    assert_int_equal(disk->remove(disk, HEADS), ERR_OK);
    assert_int_equal(world_open(w, false), ERR_OK); /* as an older program has left it */
    assert_int_equal(w->replayed, BATCHES);
    w->disk->fault[DISK_MEMORY_NAMES].fail_permille = 1000;
    world_rest(w);
    w->disk->fault[DISK_MEMORY_NAMES].fail_permille = 0;
    (void)world_add(w, 100);
    world_rest(w);
    assert_int_equal(w->failures, 0);
    uint64_t size = 0;
    assert_non_null(disk_memory_bytes(w->disk, HEADS, &size));
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(an_end_that_is_lost_with_its_mark_is_named),
        WITH_WORLD(so_is_one_of_sealed_batches),
        WITH_WORLD(while_there_is_no_mark_it_is_a_second_behind),
        cmocka_unit_test(so_is_the_end_of_a_file_that_is_cut_or_gone),
        WITH_WORLD(a_check_at_rest_names_it_too),
        WITH_WORLD(the_next_start_names_it_again),
        WITH_WORLD(what_is_released_is_not_missed),
        WITH_WORLD(what_came_behind_the_mark_may_be_torn),
        WITH_WORLD(the_newest_are_named),
        WITH_WORLD(a_bit_of_the_file_costs_nothing),
        WITH_WORLD(no_sum_of_a_body_stands_in_it),
        cmocka_unit_test(lazily_it_speaks_of_what_is_synced_only),
        WITH_WORLD(without_the_file_all_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
