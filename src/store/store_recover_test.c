/* SPDX-License-Identifier: Apache-2.0 */
/* What a start makes of what it finds, when not all of it is there or understood. */
#include "store/store_testing.h"

#include "store/journal_format.h"

static void start(struct world *w)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static struct thing *find(struct world *w, uint64_t incarnation)
{
    LIST_EACH(&w->things, node)
        if (thing_at(node)->incarnation == incarnation) return thing_at(node);
    return NULL;
}

static void checkpoint(struct world *w)
{
    struct store_stats before, after;
    world_settle(w);
    store_stats(w->store, &before);
    world_tick(w, HOUR);
    world_settle(w);
    store_stats(w->store, &after);
    assert_true(after.checkpoints > before.checkpoints);
}

static struct store_stats stats(const struct world *w)
{
    struct store_stats s;
    store_stats(w->store, &s);
    return s;
}

static void expect_report(const struct world *w, const char *part)
{
    for (uint32_t i = 0; i < w->reports && i < REPORTS_MAX; i++)
        if (strstr(w->report[i], part) != NULL) return;
    fail_msg("no report of '%s'", part);
}

/* Two things, both in the checkpoint log and in the journal. */
static void make_two(struct world *w)
{
    start(w);
    struct thing *a = world_begin(w), *b = world_begin(w);
    assert_true(world_set(w, a, 1) && world_set(w, b, 2));
    world_settle(w);
    checkpoint(w);
    assert_true(world_set(w, a, 3));
    world_settle(w);
    assert_true(world_set(w, b, 4));
    world_settle(w);
}

static void sections_come_before_records(void **state)
{
    struct world *w = *state;
    make_two(w);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->replayed, 2);
    assert_int_equal(w->loads, 6); /* a head, a value and the last record, of each */
    assert_int_equal(w->things_count, 2);
    assert_int_equal(find(w, 1)->values[3], 5);
    assert_int_equal(find(w, 2)->values[4], 6);
    assert_int_equal(w->reports, 0);
}

static void an_owner_whose_sections_are_not_understood_is_set_aside(void **state)
{
    struct world *w = *state;
    make_two(w);
    thing_write(find(w, 1));
    world_crash(w, false);
    w->refuses_load = true;
    start(w);
    assert_int_equal(w->things_count, 0);
    assert_int_equal(w->drops, 2);
    assert_int_equal(w->replayed, 0);
    assert_int_equal(w->loads, 2); /* no more after the first refusal of each */
    assert_int_equal(stats(w).quarantined, 3); /* and the directory of the first one */
    expect_report(w, "streams/0000000000000001 is set aside: its state in the checkpoint log is");
    expect_report(w, "1 files of streams/0000000000000001, which no checkpoint names, are moved");
    assert_non_null(
        disk_memory_bytes(w->disk, "quarantine/0000000000000001/00000001", &(uint64_t){ 0 }));
}

static void so_is_one_whose_sections_do_not_fit_together(void **state)
{
    struct world *w = *state;
    make_two(w);
    world_crash(w, true);
    w->loaded_with = ERR_CORRUPT;
    start(w);
    assert_int_equal(w->things_count, 0);
    assert_int_equal(w->drops, 2);
    assert_int_equal(stats(w).quarantined, 2);
    expect_report(w, "streams/0000000000000002 is set aside: its state in the checkpoint log does");
}

static void so_is_one_that_nothing_begins(void **state)
{
    struct world *w = *state;
    make_two(w);
    world_crash(w, true);
    w->refuses_found = true;
    start(w);
    assert_int_equal(w->things_count, 0);
    assert_int_equal(w->replayed, 0);
    assert_int_equal(stats(w).quarantined, 2);
    expect_report(w, "what begins it is not in the checkpoint log");
    w->refuses_found = false;
    assert_true(store_incarnation_new(w->store) > 2);
}

static void a_record_that_begins_nothing_sets_its_owner_aside(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    world_crash(w, true);
    w->refuses_found = true;
    start(w);
    assert_int_equal(stats(w).quarantined, 1);
    expect_report(w, "what begins it is not in the journal");
}

static void an_owner_that_cannot_load_now_stops_the_start(void **state)
{
    struct world *w = *state;
    struct errmsg why = { "" };
    make_two(w);
    world_crash(w, true);
    w->loaded_with = ERR_IO;
    assert_int_equal(world_open(w, &why), ERR_IO);
    assert_string_equal(why.text, "a thing does not load");
    assert_int_equal(w->things_count, 0);
    w->loaded_with = ERR_OK;
    start(w);
    assert_int_equal(w->things_count, 2);
    assert_int_equal(w->replayed, 2);
}

static void also_one_that_only_the_journal_knows(void **state)
{
    struct world *w = *state;
    struct errmsg why = { "" };
    start(w);
    (void)world_begin(w);
    world_settle(w);
    world_crash(w, true);
    w->loaded_with = ERR_IO;
    assert_int_equal(world_open(w, &why), ERR_IO);
    assert_string_equal(why.text, "a thing does not load");
    assert_int_equal(w->things_count, 0);
}

/* Of what make_two() writes behind the checkpoint, batch 2 is a mark, 3 is A's, 4 B's. */
static void spoil_batch(struct world *w, journal_pos pos, uint32_t at)
{
    static const char name[] = "journal/00000001";
    uint64_t size = 0;
    const uint8_t *bytes = disk_memory_bytes(w->disk, name, &size);
    for (uint64_t i = 0; bytes != NULL && i + JOURNAL_SECTOR <= size; i += JOURNAL_SECTOR) {
        if (le_get_u64(bytes + i + HEAD_POS) != pos || memcmp(bytes + i + 16, "MJB", 3) != 0)
            continue;
        disk_memory_flip(w->disk, name, i + at, 1);
        disk_memory_flip(w->disk, name, i + at + 1, 2); /* one alone would be mended */
        return;
    }
    fail_msg("no batch %llu", (unsigned long long)pos);
}

static void rot_that_has_a_name_is_told_to_its_owner(void **state)
{
    struct world *w = *state;
    make_two(w);
    world_crash(w, true);
    spoil_batch(w, 3, HEAD_SIZE + RANGE_SIZE + RECORD_SIZE + 1);
    start(w);
    assert_int_equal(w->replayed, 1);
    assert_int_equal(stats(w).damages, 1);
    assert_int_equal(find(w, 1)->damages, 1);
    assert_int_equal(find(w, 1)->damage_first, 2);
    assert_int_equal(find(w, 1)->damage_last, 2);
    assert_int_equal(find(w, 2)->damages, 0);
    expect_report(w, "batch 3 of the journal is damaged: it held sequences 2 to 2 of the stream of "
                     "streams/0000000000000001");
    /* What it lost is said in a checkpoint, and then not again. */
    checkpoint(w);
    world_crash(w, true);
    start(w);
    assert_int_equal(stats(w).damages, 0);
    assert_int_equal(w->replayed, 0);
}

static void rot_without_a_name_is_told_to_all(void **state)
{
    struct world *w = *state;
    make_two(w);
    world_crash(w, true);
    spoil_batch(w, 3, HEAD_POS);
    start(w);
    assert_int_equal(w->replayed, 1);
    assert_int_equal(find(w, 1)->damages, 1);
    assert_int_equal(find(w, 1)->damage_last, 0);
    assert_int_equal(find(w, 2)->damages, 1);
    expect_report(w, "batches 3 to 3 of the journal are gone; whose they were is not known");
}

static void the_number_of_an_owner_that_rotted_is_not_used_again(void **state)
{
    struct world *w = *state;
    enum { FAR = 1 << 20 };
    start(w);
    (void)world_begin(w);
    world_settle(w);
    for (uint32_t i = 0; i < FAR; i++) (void)store_incarnation_new(w->store);
    assert_int_equal(world_begin(w)->incarnation, FAR + 2);
    world_settle(w);
    world_tick(w, SECOND); /* the mark: the last batch was durable */
    world_settle(w);
    world_crash(w, true);
    spoil_batch(w, 2, HEAD_SIZE + RANGE_SIZE + RECORD_SIZE + 1);
    start(w);
    assert_non_null(find(w, 1));
    assert_null(find(w, FAR + 2));
    assert_int_equal(stats(w).damages, 1);
    assert_true(store_incarnation_new(w->store) > FAR + 2);
}

static void a_list_that_is_gone_in_both_copies_is_told_to_all(void **state)
{
    struct world *w = *state;
    make_two(w);
    checkpoint(w);
    assert_true(world_set(w, find(w, 1), 5));
    world_settle(w);
    checkpoint(w);
    world_crash(w, true);
    disk_memory_flip(w->disk, "checkpoint/00000001.a", 512 + 120, 1);
    disk_memory_flip(w->disk, "checkpoint/00000001.b", 512 + 121, 1);
    start(w);
    assert_int_equal(stats(w).damages, 1);
    assert_int_equal(find(w, 1)->damages, 1);
    assert_int_equal(find(w, 2)->damages, 1);
    expect_report(w, "a list of the checkpoint log behind position 1 is damaged in both copies");
}

static void what_is_forgotten_in_the_replay_is_forgotten(void **state)
{
    struct world *w = *state;
    make_two(w);
    assert_true(world_finish(w, find(w, 1)));
    world_settle(w);
    world_crash(w, true);
    start(w);
    assert_int_equal(find(w, 2)->owner.incarnation, 2);
    world_settle(w);
    assert_int_equal(w->things_count, 1);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->things_count, 1);
    assert_int_equal(stats(w).quarantined, 0);
}

static void a_forgotten_owner_is_dropped_by_the_list_that_forgets_it(void **state)
{
    struct world *w = *state;
    make_two(w);
    assert_true(world_finish(w, find(w, 1)));
    world_settle(w);
    assert_int_equal(w->forgottens, 1);
    world_crash(w, true);
    start(w);
    assert_int_equal(w->drops, 1);
    assert_int_equal(w->things_count, 1);
    assert_int_equal(w->reports, 0);
}

/* A rewrite in small slices, and changes between them of what has had no slice yet. */
static void sections_wait_for_the_slice_that_begins_their_owner(void **state)
{
    struct world *w = *state;
    struct thing *things[40];
    w->options.rewrite_min = 1024;
    start(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) things[i] = world_begin(w);
    for (uint32_t i = 0; i < ARRAY_COUNT(things); i++) (void)world_set(w, things[i], 1);
    world_settle(w);
    checkpoint(w); /* the log is large enough now */
    for (uint32_t i = 0; i < 40 && stats(w).checkpoint_bytes > 2000; i++) {
        (void)world_set(w, things[ARRAY_COUNT(things) - 1], i % THING_KEYS);
        for (uint32_t k = 0; k < 3; k++) {
            world_tick(w, k == 2 ? HOUR : 1);
            (void)disk_memory_finish_all(w->disk);
            (void)disk_queue_poll(world_queue(w));
        }
    }
    world_settle(w);
    world_crash(w, true);
    world_start(w);
    assert_string_equal(w->complaint, "");
    assert_int_equal(w->things_count, ARRAY_COUNT(things));
    assert_int_equal(stats(w).quarantined, 0);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(sections_come_before_records),
        WITH_WORLD(an_owner_whose_sections_are_not_understood_is_set_aside),
        WITH_WORLD(so_is_one_whose_sections_do_not_fit_together),
        WITH_WORLD(so_is_one_that_nothing_begins),
        WITH_WORLD(a_record_that_begins_nothing_sets_its_owner_aside),
        WITH_WORLD(an_owner_that_cannot_load_now_stops_the_start),
        WITH_WORLD(also_one_that_only_the_journal_knows),
        WITH_WORLD(rot_that_has_a_name_is_told_to_its_owner),
        WITH_WORLD(rot_without_a_name_is_told_to_all),
        WITH_WORLD(the_number_of_an_owner_that_rotted_is_not_used_again),
        WITH_WORLD(a_list_that_is_gone_in_both_copies_is_told_to_all),
        WITH_WORLD(what_is_forgotten_in_the_replay_is_forgotten),
        WITH_WORLD(a_forgotten_owner_is_dropped_by_the_list_that_forgets_it),
        WITH_WORLD(sections_wait_for_the_slice_that_begins_their_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
