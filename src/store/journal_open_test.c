/* SPDX-License-Identifier: Apache-2.0 */
/* Torn or rotten, case by case; journal_model_test.c draws the rest. */
#include "store/journal_testing.h"

#include "store/journal_mend.h"

#define FIRST "journal/00000001"

/* Batches of one record each, in one segment: batch n begins at sector n - 1. */
static void write_batches(struct world *w, uint32_t count)
{
    w->options.segment_first = w->options.segment_max = 65536;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < count; i++) {
        (void)world_add(w, 100);
        world_settle(w);
    }
    assert_int_equal(world_last_safe(w), count);
}

/* Flips two bits, more than can be mended. */
static void spoil_at(struct world *w, const char *name, uint64_t at)
{
    disk_memory_flip(w->disk, name, at, 3);
    disk_memory_flip(w->disk, name, at + 1, 4);
}

/* … of batch n, `at` bytes behind its begin. */
static void spoil(struct world *w, journal_pos n, uint32_t at)
{
    spoil_at(w, FIRST, (n - 1) * JOURNAL_SECTOR + at);
}

enum { IN_HEAD = HEAD_POS, IN_BODY = HEAD_SIZE + RANGE_SIZE + RECORD_SIZE + 50 };

static void a_bad_body_in_the_middle_is_rot_and_its_head_names_it(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    spoil(w, 3, IN_BODY);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 1);
    assert_true(w->damage[0].is_named);
    assert_int_equal(w->damage[0].first, 3);
    assert_int_equal(w->damage[0].last, 3);
    assert_int_equal(w->damage[0].owner, w->entries[2].owner);
    assert_int_equal(w->damage[0].first_sequence, w->entries[2].sequence);
    assert_string_equal(w->complaint, "");
}

static void a_bad_head_in_the_middle_is_rot_without_a_name(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    spoil(w, 3, IN_HEAD);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 1);
    assert_false(w->damage[0].is_named);
    assert_int_equal(w->damage[0].first, 3);
    assert_string_equal(w->complaint, "");
}

/* Batch 2 of four, twice in turn: what is turned back is turned back on the disk. */
static void expect_mended(uint32_t bit, bool is_sealed)
{
    struct world *w = world_new(bit);
    if (is_sealed) world_seal(w);
    write_batches(w, 4);
    world_rest(w);
    for (uint32_t life = 0; life < 2; life++) {
        uint32_t other = (bit + life * 777) % (JOURNAL_SECTOR * 8);
        world_crash(w, true);
        disk_memory_flip(w->disk, FIRST, JOURNAL_SECTOR + other / 8, other % 8);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, 4);
        assert_int_equal(w->damages, 0);
        assert_string_equal(w->complaint, "");
    }
    (void)world_free(w);
}

static void one_bit_costs_nothing_wherever_it_turns(void **state)
{
    (void)state;
    for (uint32_t bit = 0; bit < JOURNAL_SECTOR * 8; bit += 7) {
        expect_mended(bit, false);
        expect_mended(bit, true);
    }
}

/* It is longer than what is tried bit by bit. */
static void one_bit_costs_nothing_in_a_long_sealed_batch_either(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        struct world *w = world_new(i);
        world_seal(w);
        w->options.segment_first = w->options.segment_max = 65536;
        assert_int_equal(world_open(w, false), ERR_OK);
        for (uint32_t k = 0; k < 50; k++) (void)world_add(w, 500);
        world_settle(w);
        world_rest(w);
        world_crash(w, true);
        disk_memory_flip(w->disk, FIRST, HEAD_SIZE + i * 263, i % 8);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->damages, 0);
        assert_string_equal(w->complaint, "");
        (void)world_free(w);
    }
}

/* Of which much is longer than what is tried. */
static void nor_does_one_in_a_sealed_batch_of_megabytes(void **state)
{
    struct world *w = *state;
    world_seal(w);
    w->options.segment_first = w->options.segment_max = 16 << 20;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 10; i++) (void)world_add(w, i == 0 ? 100 : 600000);
    world_settle(w);
    assert_int_equal(w->batches, 1);
    world_rest(w);
    world_crash(w, false);
    disk_memory_flip(w->disk, FIRST, HEAD_SIZE + 5 * RANGE_SIZE + 20, 3); /* of the first record */
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static void of_a_batch_only_the_long_record_is_lost(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 65536;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 4; i++) (void)world_add(w, i == 1 ? JOURNAL_MEND_MAX : 100);
    world_settle(w);
    world_rest(w);
    world_crash(w, true);
    disk_memory_flip(w->disk, FIRST, IN_BODY + 5000, 3);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 1);
    assert_true(w->damage[0].is_named);
    assert_int_equal(w->damage[0].owner, w->entries[1].owner);
    assert_int_equal(w->damage[0].first_sequence, w->entries[1].sequence);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(w->entries[i].state, i == 1 ? ENTRY_LOST : ENTRY_SAFE);
    assert_string_equal(w->complaint, "");
}

static void a_bad_last_batch_is_a_torn_tail(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    spoil(w, 5, IN_BODY);
    w->is_unmarked = true;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static void behind_a_mark_the_last_batch_is_rot(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_rest(w);
    world_crash(w, true);
    spoil(w, 5, IN_HEAD);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage[0].first, 5);
    assert_int_equal(w->damage[0].last, 5);
    assert_string_equal(w->complaint, "");
}

static void a_good_head_with_a_torn_body_says_that_what_is_before_was_durable(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    spoil(w, 4, IN_HEAD);
    spoil(w, 5, IN_BODY);
    w->is_unmarked = true;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 3);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage[0].first, 4);
    assert_int_equal(w->damage[0].last, 4);
    assert_string_equal(w->complaint, "");
}

static void a_mark_that_rots_costs_nothing(void **state)
{
    struct world *w = *state;
    write_batches(w, 2);
    world_rest(w); /* batch 3 is the mark */
    (void)world_add(w, 10);
    world_settle(w);
    world_crash(w, true);
    spoil(w, 3, IN_HEAD);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 3);
    assert_int_equal(w->damages, 0);
    assert_string_equal(w->complaint, "");
}

static void numbers_go_on_above_all_that_were_ever_used(void **state)
{
    struct world *w = *state;
    journal_pos last = 0;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t life = 0; life < 5; life++) {
        journal_pos pos = world_add(w, 100);
        assert_true(pos > last);
        last = pos;
        world_tick(w, 0);
        w->disk->crash_loses_all = true;
        world_crash(w, true); /* mostly without a trace */
        assert_int_equal(world_open(w, false), ERR_OK);
    }
    assert_string_equal(w->complaint, "");
}

static void a_journal_that_is_gone_is_reported(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_release(w, 3);
    world_crash(w, true);
    struct disk *disk = &w->disk->base;
    assert_int_equal(disk->remove(disk, FIRST), ERR_OK);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage[0].first, 4);
    assert_true(w->damage[0].last == UINT64_MAX);
    assert_true(world_add(w, 1) > 5);
    assert_string_equal(w->complaint, "");
}

/* All behind the first three, marks too; and the heads of the second file. */
static void lose_the_end(struct world *w)
{
    struct disk *disk = &w->disk->base;
    uint64_t size = 0;
    uint8_t *bytes = (uint8_t *)(uintptr_t)disk_memory_bytes(w->disk, FIRST, &size);
    memset(bytes + 3 * JOURNAL_SECTOR, 0, size - 3 * JOURNAL_SECTOR);
    enum err e = disk->remove(disk, "journal/heads");
    assert_true(e == ERR_OK || e == ERR_NOTFOUND);
}

/* Somebody else knows how far it came. */
static void an_end_that_is_known_and_gone_is_reported_behind_what_is_left(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    lose_the_end(w);
    w->known = 5;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 3);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage[0].first, 4);
    assert_true(w->damage[0].last == UINT64_MAX);
    assert_true(world_add(w, 1) > 5);
    assert_string_equal(w->complaint, "");
}

static void a_last_batch_that_is_known_is_not_taken_for_a_torn_one(void **state)
{
    struct world *w = *state;
    uint64_t size = 0;
    write_batches(w, 5);
    world_crash(w, true);
    uint8_t *bytes = (uint8_t *)(uintptr_t)disk_memory_bytes(w->disk, FIRST, &size);
    memset(bytes + 5 * JOURNAL_SECTOR, 0, size - 5 * JOURNAL_SECTOR);
    memset(bytes + 4 * JOURNAL_SECTOR + HEAD_SIZE + RANGE_SIZE, 0xff,
           JOURNAL_SECTOR - HEAD_SIZE - RANGE_SIZE);
    assert_true(w->disk->base.remove(&w->disk->base, "journal/heads") != ERR_IO);
    w->known = 5;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 1);
    assert_true(w->damage[0].is_named);
    assert_int_equal(w->damage[0].first, 5);
    assert_true(world_add(w, 1) > 5);
    assert_string_equal(w->complaint, "");
}

static void bytes_that_cannot_be_read_are_rot_only_with_the_end_behind_them(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    w->disk->fault[DISK_MEMORY_READS].fail_permille = 1000;
    assert_int_equal(world_open(w, false), ERR_IO);
    w->disk->fault[DISK_MEMORY_READS].fail_permille = 0;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 5);
    assert_string_equal(w->complaint, "");
}

/* Changes the head of batch n by `change`, and makes its sums fit. */
static void change_head(struct world *w, journal_pos n, void (*change)(uint8_t *head))
{
    struct disk *disk = &w->disk->base;
    struct disk_file *file;
    uint64_t moved, at = (n - 1) * JOURNAL_SECTOR;
    uint8_t head[JOURNAL_SECTOR];
    struct disk_span span = { head, sizeof head };
    assert_int_equal(disk->open(disk, FIRST, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
    assert_int_equal(disk->read(disk, file, at, span, &moved), ERR_OK);
    change(head);
    journal_head_finish(head, le_get_u64(head + HEAD_BODY_SUM));
    assert_int_equal(disk->write(disk, file, at, slice_of(head, sizeof head)), ERR_OK);
    disk->close(disk, file);
}

static void change_link(uint8_t *head)
{
    head[HEAD_LINK_BEFORE] ^= 1;
}

static void change_version(uint8_t *head)
{
    head[HEAD_MAGIC + 3]++;
}

static void a_batch_that_is_not_the_one_its_follower_knew_is_rot(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    change_head(w, 5, change_link); /* the last: its own link changes with what it knew */
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage[0].first, 4);
    assert_true(w->damage[0].is_named);
    assert_string_equal(w->complaint, "");
}

static void a_newer_format_is_refused_and_nothing_changes(void **state)
{
    struct world *w = *state;
    write_batches(w, 2);
    world_crash(w, true);
    change_head(w, 2, change_version);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    assert_int_equal(world_open(w, false), ERR_INVALID);
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count == writes);
}

static void another_key_is_refused_and_nothing_changes(void **state)
{
    struct world *w = *state;
    world_seal(w);
    write_batches(w, 3);
    world_crash(w, true);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    w->options.seal = (struct journal_seal){ 0 };
    assert_int_equal(world_open(w, false), ERR_DENIED);
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count == writes);
    world_seal(w);
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 3);
    assert_string_equal(w->complaint, "");
}

static void a_check_at_rest_changes_nothing(void **state)
{
    struct world *w = *state;
    write_batches(w, 5);
    world_crash(w, true);
    spoil(w, 2, IN_BODY);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    uint64_t syncs = w->disk->fault[DISK_MEMORY_SYNCS].count;
    assert_int_equal(world_open(w, true), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_int_equal(w->damages, 1);
    struct journal_stats s;
    journal_stats(w->journal, &s);
    assert_int_equal(s.durable, 5);
    w->journal = journal_close(w->journal, 0);
    assert_true(w->disk->fault[DISK_MEMORY_WRITES].count == writes);
    assert_true(w->disk->fault[DISK_MEMORY_SYNCS].count == syncs);
}

static void there_is_nothing_to_check_without_a_journal(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_open(w, true), ERR_NOTFOUND);
}

/* After a sync that failed the machine may show what the disk will never have. */
static void what_was_not_synced_is_written_again_before_anybody_builds_on_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct world *w = world_new(seed);
        write_batches(w, 2);
        (void)world_add(w, 100);
        world_tick(w, 0);
        w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 1000;
        (void)disk_memory_finish_all(w->disk);
        w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = 0;
        world_crash(w, false);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, 3);
        w->disk->crash_loses_all = true;
        world_crash(w, true);
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, 3);
        assert_string_equal(w->complaint, "");
        (void)world_free(w);
    }
}

static void what_a_cut_tail_leaves_is_not_taken_for_rot_later(void **state)
{
    struct world *w = *state;
    w->options.sync = JOURNAL_SYNC_LAZY;
    write_batches(w, 4);
    world_crash(w, false);
    spoil(w, 2, IN_BODY);
    spoil(w, 3, IN_BODY);
    spoil(w, 4, IN_BODY);
    w->allows_loss = true;
    for (uint32_t life = 0; life < 2; life++) {
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, 1);
        assert_int_equal(w->damages, 0);
        world_crash(w, true);
    }
    assert_string_equal(w->complaint, "");
}

static void nor_is_what_it_leaves_in_a_segment_of_its_own(void **state)
{
    struct world *w = *state;
    w->options.segment_first = w->options.segment_max = 4096;
    w->options.sync = JOURNAL_SYNC_LAZY;
    assert_int_equal(world_open(w, false), ERR_OK);
    for (uint32_t i = 0; i < 9; i++) {
        (void)world_add(w, i < 7 ? 100 : 1000); /* the last ones do not fit behind the others */
        world_settle(w);
    }
    world_crash(w, false);
    spoil_at(w, "journal/00000002", IN_BODY);
    spoil_at(w, "journal/00000002", 3 * JOURNAL_SECTOR + IN_BODY);
    w->allows_loss = true;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(world_open(w, false), ERR_OK);
        assert_int_equal(w->replayed, 7);
        assert_int_equal(w->damages, 0);
        world_crash(w, true);
    }
    assert_string_equal(w->complaint, "");
}

static void a_start_fails_cleanly_whatever_call_fails(void **state)
{
    struct world *w = *state;
    write_batches(w, 4);
    world_crash(w, false);
    for (uint32_t call = 0; call < DISK_MEMORY_CALLS; call++) {
        struct disk_memory_fault *f = &w->disk->fault[call];
        for (uint64_t i = 1; i < 30; i++) {
            f->fail_at = f->count + i;
            enum err e = world_open(w, false);
            f->fail_at = 0;
            if (!e) world_crash(w, true);
        }
    }
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_int_equal(w->replayed, 4);
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_bad_body_in_the_middle_is_rot_and_its_head_names_it),
        WITH_WORLD(a_bad_head_in_the_middle_is_rot_without_a_name),
        cmocka_unit_test(one_bit_costs_nothing_wherever_it_turns),
        cmocka_unit_test(one_bit_costs_nothing_in_a_long_sealed_batch_either),
        WITH_WORLD(nor_does_one_in_a_sealed_batch_of_megabytes),
        WITH_WORLD(of_a_batch_only_the_long_record_is_lost),
        WITH_WORLD(a_bad_last_batch_is_a_torn_tail),
        WITH_WORLD(behind_a_mark_the_last_batch_is_rot),
        WITH_WORLD(a_good_head_with_a_torn_body_says_that_what_is_before_was_durable),
        WITH_WORLD(a_mark_that_rots_costs_nothing),
        WITH_WORLD(numbers_go_on_above_all_that_were_ever_used),
        WITH_WORLD(a_journal_that_is_gone_is_reported),
        WITH_WORLD(an_end_that_is_known_and_gone_is_reported_behind_what_is_left),
        WITH_WORLD(a_last_batch_that_is_known_is_not_taken_for_a_torn_one),
        WITH_WORLD(bytes_that_cannot_be_read_are_rot_only_with_the_end_behind_them),
        WITH_WORLD(a_batch_that_is_not_the_one_its_follower_knew_is_rot),
        WITH_WORLD(a_newer_format_is_refused_and_nothing_changes),
        WITH_WORLD(another_key_is_refused_and_nothing_changes),
        WITH_WORLD(a_check_at_rest_changes_nothing),
        WITH_WORLD(there_is_nothing_to_check_without_a_journal),
        cmocka_unit_test(what_was_not_synced_is_written_again_before_anybody_builds_on_it),
        WITH_WORLD(what_a_cut_tail_leaves_is_not_taken_for_rot_later),
        WITH_WORLD(nor_is_what_it_leaves_in_a_segment_of_its_own),
        WITH_WORLD(a_start_fails_cleanly_whatever_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
