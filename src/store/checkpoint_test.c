/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint.h"

#include "store/checkpoint_format.h"
#include "store/checkpoint_testing.h"
#include "store/versions.h"

static const char file_a[] = "checkpoint/00000001.a", file_b[] = "checkpoint/00000001.b";

static int setup(void **state)
{
    *state = world_new(1);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    assert_string_equal(w->complaint, "");
    (void)world_free(w);
    return 0;
}

static void open_good(struct world *w)
{
    assert_int_equal(world_open(w), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static uint64_t size_of(struct world *w, const char *name)
{
    uint64_t size = 0;
    return disk_memory_bytes(w->disk, name, &size) == NULL ? 0 : size;
}

static bool is_there(struct world *w, const char *name)
{
    uint64_t size;
    return disk_memory_bytes(w->disk, name, &size) != NULL;
}

static void assert_copies_equal(struct world *w, const char *a, const char *b)
{
    uint64_t size[2] = { 0, 0 };
    const uint8_t *bytes[2] = { disk_memory_bytes(w->disk, a, &size[0]),
                                disk_memory_bytes(w->disk, b, &size[1]) };
    assert_true(bytes[0] != NULL && bytes[1] != NULL);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
}

/* Lists of one value each; returns where each begins. */
static void put_some(struct world *w, uint32_t count, uint64_t *ret_offsets)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ret_offsets != NULL) ret_offsets[i] = checkpoint_bytes(w->log);
        world_put(w, i % KEYS);
        assert_int_equal(w->done_with, ERR_OK);
    }
    if (ret_offsets != NULL) ret_offsets[count] = checkpoint_bytes(w->log);
}

/* Ticks until nothing more is to be done without a list. */
static void rewrite_all(struct world *w)
{
    for (uint32_t i = 0; i < 100; i++) {
        (void)checkpoint_tick(w->log);
        world_settle(w);
    }
}

static void write_both(struct world *w, uint64_t offset, struct slice bytes)
{
    struct disk *d = &w->disk->base;
    const char *names[] = { file_a, file_b };
    for (uint32_t i = 0; i < 2; i++) {
        struct disk_file *f;
        assert_int_equal(d->open(d, names[i], DISK_OPEN_WRITE, &f, NULL), ERR_OK);
        assert_int_equal(d->write(d, f, offset, bytes), ERR_OK);
        assert_int_equal(d->sync(d, f), ERR_OK);
        d->close(d, f);
    }
}

/* ---- round trips ---- */

static void a_new_log_is_empty(void **state)
{
    struct world *w = *state;
    open_good(w);
    assert_int_equal(w->loaded.pos, 0);
    assert_int_equal(checkpoint_bytes(w->log), 0);
    world_close(w);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void what_was_committed_comes_back_with_its_position(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 30, NULL);
    assert_int_equal(w->dones, 30);
    assert_copies_equal(w, file_a, file_b);
    world_close(w);
    open_good(w);
    assert_int_equal(w->loaded.pos, 30);
    assert_int_equal(w->damages, 0);
}

static void a_list_without_sections_moves_the_position(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 1, NULL);
    w->pos = 77;
    world_begin(w);
    world_commit(w);
    world_settle(w);
    world_close(w);
    open_good(w);
    assert_int_equal(w->loaded.pos, 77);
}

static void a_list_of_a_megabyte_comes_back(void **state)
{
    struct world *w = *state;
    w->options.slice = NULL;
    open_good(w);
    world_begin(w);
    for (uint32_t i = 0; i < 5000; i++) {
        w->live.ids[3] = ++w->next_id * KEYS + 3;
        value_add(w, 3);
    }
    w->flight.ids[3] = w->live.ids[3];
    world_commit(w);
    world_settle(w);
    assert_true(checkpoint_bytes(w->log) > 500000);
    world_close(w);
    open_good(w);
    assert_int_equal(w->loaded.ids[3], w->live.ids[3]);
}

static void done_is_called_when_both_copies_are_safe(void **state)
{
    struct world *w = *state;
    open_good(w);
    world_set(w, 1);
    world_begin(w);
    assert_true(checkpoint_is_busy(w->log));
    world_commit(w);
    (void)disk_memory_finish_all(w->disk);
    (void)disk_queue_poll(w->queue);
    assert_int_equal(w->dones, 0);
    assert_true(size_of(w, file_a) > 0);
    assert_int_equal(size_of(w, file_b), 0);
    world_settle(w);
    assert_int_equal(w->dones, 1);
    assert_false(checkpoint_is_busy(w->log));
}

static void a_check_at_rest_finds_nothing_where_nothing_is(void **state)
{
    struct world *w = *state;
    const struct table t = world_peek(w);
    assert_int_equal(t.pos, 0);
    assert_int_equal(w->damages, 0);
}

/* ---- damage ---- */

static void a_bit_anywhere_in_one_copy_costs_nothing(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 4, NULL);
    world_close(w);
    const char *names[] = { file_a, file_b };
    uint64_t size = size_of(w, file_a);
    for (uint64_t at = 0; at < size * 2; at++) {
        disk_memory_flip(w->disk, names[at / size], at % size, at % 8);
        const struct table t = world_peek(w);
        assert_true(table_equal(&t, &w->safe));
        assert_int_equal(w->damages, 0);
        disk_memory_flip(w->disk, names[at / size], at % size, at % 8);
    }
}

static void a_bad_copy_is_repaired_at_the_start(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 4, NULL);
    world_close(w);
    disk_memory_flip(w->disk, file_a, 40, 1);
    disk_memory_flip(w->disk, file_b, size_of(w, file_b) - 3, 1);
    open_good(w);
    assert_copies_equal(w, file_a, file_b);
    world_close(w);
    disk_memory_flip(w->disk, file_b, 40, 1);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void a_copy_that_is_gone_is_made_again(void **state)
{
    struct world *w = *state;
    struct disk *d = &w->disk->base;
    open_good(w);
    put_some(w, 4, NULL);
    world_close(w);
    assert_int_equal(d->remove(d, file_a), ERR_OK);
    assert_int_equal(d->sync_dir(d, "checkpoint"), ERR_OK);
    open_good(w);
    assert_copies_equal(w, file_a, file_b);
    world_crash(w, true);
    open_good(w);
    assert_true(size_of(w, file_a) > 0);
}

static void a_list_bad_in_both_is_reported_and_the_next_ones_count(void **state)
{
    struct world *w = *state;
    uint64_t at[6];
    open_good(w);
    put_some(w, 5, at);
    world_close(w);
    const struct table all = w->safe;
    disk_memory_flip(w->disk, file_a, at[2] + 300, 1);
    disk_memory_flip(w->disk, file_b, at[2] + 10, 1);
    open_good(w);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage_after, 2);
    assert_int_equal(w->loaded.ids[2], 0);
    assert_int_equal(w->loaded.ids[4], all.ids[4]);
    assert_int_equal(w->loaded.pos, 5);
    /* A rewrite heals it, however small the log is. */
    rewrite_all(w);
    world_put(w, 2);
    assert_int_equal(w->rewrites, 1);
    world_close(w);
    assert_false(is_there(w, file_a));
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void the_last_list_bad_in_both_is_not_taken_for_torn(void **state)
{
    struct world *w = *state;
    uint64_t at[4];
    open_good(w);
    put_some(w, 3, at);
    world_close(w);
    disk_memory_flip(w->disk, file_a, at[3] - 1, 1);
    disk_memory_flip(w->disk, file_b, at[2] + 100, 1);
    open_good(w);
    assert_int_equal(w->damages, 1);
    assert_int_equal(w->damage_after, 2);
    assert_int_equal(w->loaded.pos, 2);
    assert_int_equal(w->loaded.ids[2], 0);
}

static void a_torn_end_is_cut(void **state)
{
    struct world *w = *state;
    uint64_t at[4];
    open_good(w);
    put_some(w, 3, at);
    world_close(w);
    struct disk *d = &w->disk->base;
    struct disk_file *f;
    assert_int_equal(d->open(d, file_b, DISK_OPEN_WRITE, &f, NULL), ERR_OK);
    assert_int_equal(d->truncate(d, f, at[2]), ERR_OK);
    d->close(d, f);
    disk_memory_flip(w->disk, file_a, at[3] - 1, 1);
    const struct table t = world_peek(w);
    assert_int_equal(t.pos, 2);
    assert_int_equal(w->damages, 0);
    w->safe = t;
    open_good(w);
    assert_int_equal(size_of(w, file_a), at[2]);
    assert_int_equal(size_of(w, file_b), at[2]);
    put_some(w, 2, NULL);
    world_close(w);
    open_good(w);
}

static void lists_of_another_store_are_not_taken(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 3, NULL);
    world_close(w);
    w->options.store_id++;
    const struct table t = world_peek(w);
    assert_int_equal(t.pos, 0);
    assert_int_equal(t.ids[0], 0);
    assert_int_equal(w->damages, 1);
    w->options.store_id--;
}

static void what_cannot_be_read_is_not_cut(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 3, NULL);
    world_close(w);
    uint64_t size = size_of(w, file_a);
    w->disk->fault[DISK_MEMORY_READS].fail_permille = 1000;
    assert_int_equal(world_open(w), ERR_IO);
    w->disk->fault[DISK_MEMORY_READS].fail_permille = 0;
    assert_int_equal(size_of(w, file_a), size);
    open_good(w);
}

/* Three lists, and a program of this version has written the last one. */
static void put_with_version(struct world *w, uint8_t version)
{
    uint64_t at[4], size;
    open_good(w);
    put_some(w, 3, at);
    world_close(w);
    uint8_t *list = xalloc(at[3] - at[2]);
    memcpy(list, disk_memory_bytes(w->disk, file_a, &size) + at[2], at[3] - at[2]);
    assert_int_equal(list[HEAD_MAGIC + 3], CHECKPOINT_VERSION);
    list[HEAD_MAGIC + 3] = version;
    checkpoint_list_finish(list);
    write_both(w, at[2], slice_of(list, at[3] - at[2]));
    xfree(list);
}

static void a_newer_version_is_refused_and_nothing_changes(void **state)
{
    struct world *w = *state;
    uint64_t size;
    put_with_version(w, CHECKPOINT_VERSION + 1);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    assert_int_equal(world_open(w), ERR_INVALID);
    assert_non_null(strstr(w->why.text, "newer version of midge: start that version"));
    assert_int_equal(w->disk->fault[DISK_MEMORY_WRITES].count, writes);
    assert_non_null(disk_memory_bytes(w->disk, file_a, &size));
}

static void a_list_that_outgrows_its_limit_ends_the_log_and_nothing_else(void **state)
{
    struct world *w = *state;
    uint64_t size;
    w->options.list_max = 4096;
    open_good(w);
    put_some(w, 3, NULL);
    uint64_t before = checkpoint_bytes(w->log);
    world_begin(w);
    for (uint32_t i = 0; i < 10; i++) memset(checkpoint_add(w->log, 1, 2, 1000), 7, 1000);
    world_commit(w);
    world_settle(w);
    assert_int_equal(w->failures, 1);
    assert_int_equal(w->failed_with, ERR_LIMIT);
    assert_int_equal(w->done_with, ERR_LIMIT);
    assert_non_null(disk_memory_bytes(w->disk, file_a, &size));
    assert_int_equal(size, before);
    world_crash(w, false);
    open_good(w);
}

static void an_older_version_is_read(void **state)
{
    struct world *w = *state;
    put_with_version(w, CHECKPOINT_VERSION_OLDEST);
    open_good(w);
    world_put(w, 0);
    world_close(w);
    open_good(w);
}

static void a_sealed_log_needs_its_key(void **state)
{
    struct world *w = *state;
    world_seal(w);
    open_good(w);
    put_some(w, 3, NULL);
    world_close(w);
    open_good(w);
    world_close(w);
    w->options.seal = (struct journal_seal){ 0 };
    assert_int_equal(world_open(w), ERR_DENIED);
}

/* ---- rewrites ---- */

static void grow(struct world *w)
{
    for (uint32_t i = 0; checkpoint_bytes(w->log) <= w->options.rewrite_min; i++)
        world_put(w, i % KEYS);
}

static void a_log_that_has_outgrown_its_state_is_rewritten(void **state)
{
    struct world *w = *state;
    open_good(w);
    grow(w);
    uint64_t before = checkpoint_bytes(w->log);
    assert_true(checkpoint_tick(w->log));
    rewrite_all(w);
    assert_int_equal(w->rewrites, 1);
    assert_true(is_there(w, file_a)); /* until a list makes the new pair complete */
    world_put(w, 0);
    assert_true(checkpoint_bytes(w->log) < before);
    assert_false(is_there(w, file_a));
    assert_false(is_there(w, file_b));
    assert_copies_equal(w, "checkpoint/00000002.a", "checkpoint/00000002.b");
    assert_false(checkpoint_tick(w->log));
    world_crash(w, true);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void slices_without_the_last_list_do_not_count(void **state)
{
    struct world *w = *state;
    open_good(w);
    grow(w);
    for (uint32_t i = 0; i < KEYS; i++) world_set(w, i); /* newer than any list */
    rewrite_all(w);
    assert_true(is_there(w, "checkpoint/00000002.b"));
    world_crash(w, false);
    open_good(w);
    assert_true(is_there(w, file_a));
    assert_false(is_there(w, "checkpoint/00000002.a"));
    assert_false(is_there(w, "checkpoint/00000002.b"));
}

static void lists_go_to_both_pairs_while_a_rewrite_goes_on(void **state)
{
    struct world *w = *state;
    open_good(w);
    grow(w);
    while (w->slices < 2) {
        (void)checkpoint_tick(w->log);
        world_settle(w);
    }
    uint64_t old = size_of(w, file_a), new = size_of(w, "checkpoint/00000002.a");
    world_put(w, 0);
    assert_true(size_of(w, file_a) > old);
    assert_true(size_of(w, "checkpoint/00000002.a") > new);
    rewrite_all(w);
    world_put(w, 1);
    world_close(w);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void a_rewrite_without_space_is_given_up(void **state)
{
    struct world *w = *state;
    open_good(w);
    grow(w);
    w->disk->capacity = disk_memory_used(w->disk) + 3000;
    rewrite_all(w);
    assert_int_equal(w->failures, 0);
    assert_false(is_there(w, "checkpoint/00000002.a"));
    w->disk->capacity = 0;
    world_put(w, 0);
    world_close(w);
    open_good(w);
    rewrite_all(w);
    world_put(w, 0);
    assert_false(is_there(w, file_a));
}

/* ---- a disk that fails ---- */

static void a_list_without_space_is_tried_again(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 2, NULL);
    w->disk->capacity = disk_memory_used(w->disk) + 700;
    world_put(w, 5);
    (void)checkpoint_tick(w->log);
    world_settle(w);
    assert_int_equal(w->dones, 2);
    assert_int_equal(w->failures, 0);
    assert_true(checkpoint_is_busy(w->log));
    w->disk->capacity = 0;
    (void)checkpoint_tick(w->log);
    world_settle(w);
    assert_int_equal(w->dones, 3);
    assert_int_equal(w->done_with, ERR_OK);
    world_close(w);
    open_good(w);
    assert_copies_equal(w, file_a, file_b);
}

/* Room for the first copy and not for the second one. */
static void what_found_no_space_is_taken_back(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 2, NULL);
    uint64_t used = disk_memory_used(w->disk);
    for (uint32_t room = 0; room < 1024; room += 100) {
        w->disk->capacity = used + room;
        if (room == 0) world_put(w, 5);
        (void)checkpoint_tick(w->log);
        world_settle(w);
        assert_true(checkpoint_is_refused(w->log) && checkpoint_may_amend(w->log));
        assert_int_equal(disk_memory_used(w->disk), used);
    }
    assert_int_equal(w->failures, 0);
    world_crash(w, true);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void a_list_without_space_can_be_told_anew(void **state)
{
    struct world *w = *state;
    open_good(w);
    put_some(w, 2, NULL);
    for (uint32_t i = 0; i < KEYS; i++) world_set(w, i);
    w->disk->capacity = disk_memory_used(w->disk) + 700;
    world_begin(w);
    world_commit(w);
    world_settle(w);
    for (uint32_t i = 0; i < 3; i++) {
        world_set(w, i);
        world_amend(w);
        world_settle(w);
        assert_true(checkpoint_is_refused(w->log));
    }
    assert_int_equal(w->dones, 2);
    w->disk->capacity = 0;
    world_set(w, 3);
    world_amend(w);
    world_settle(w);
    assert_int_equal(w->dones, 3);
    assert_int_equal(w->done_with, ERR_OK);
    assert_false(checkpoint_is_refused(w->log));
    world_put(w, 7);
    world_close(w);
    open_good(w);
    assert_copies_equal(w, file_a, file_b);
    assert_int_equal(w->loaded.pos, w->pos);
}

/* All that it says may go, and then it needs less. */
static bool keeps_none(void *ctx, const struct checkpoint_section *s)
{
    uint32_t *asked = ctx;
    (void)s;
    ++*asked;
    return false;
}

static void what_is_not_kept_takes_no_space(void **state)
{
    struct world *w = *state;
    uint32_t asked = 0;
    open_good(w);
    put_some(w, 2, NULL);
    uint64_t end = checkpoint_bytes(w->log);
    for (uint32_t i = 0; i < KEYS; i++) world_set(w, i);
    w->disk->capacity = disk_memory_used(w->disk) + 1024;
    world_begin(w);
    world_commit(w);
    world_settle(w);
    assert_true(checkpoint_is_refused(w->log));
    checkpoint_amend(w->log, w->pos, keeps_none, &asked);
    assert_int_equal(asked, KEYS);
    assert_int_equal(checkpoint_gathered(w->log), 0);
    w->flight = w->safe;
    w->flight.pos = w->pos;
    world_commit(w);
    world_settle(w);
    assert_int_equal(w->dones, 3);
    assert_int_equal(checkpoint_bytes(w->log), end + 512);
    world_close(w);
    open_good(w);
}

static void fail_copy(struct world *w, uint32_t copy)
{
    struct disk_memory_fault *f = &w->disk->fault[DISK_MEMORY_SYNCS];
    open_good(w);
    put_some(w, 2, NULL);
    f->fail_at = f->count + 1 + copy;
    world_put(w, 5);
    assert_int_equal(w->dones, 3);
    assert_int_equal(w->done_with, ERR_IO);
    assert_int_equal(w->failures, 1);
    assert_false(checkpoint_tick(w->log));
    /* The log is over: what is committed now is refused, in a later poll. */
    const struct table promised = w->flight;
    checkpoint_begin(w->log, 99);
    (void)checkpoint_add(w->log, 1, 1, 0);
    world_commit(w);
    assert_int_equal(w->dones, 3);
    world_settle(w);
    assert_int_equal(w->dones, 4);
    assert_int_equal(w->done_with, ERR_IO);
    assert_int_equal(w->failures, 1);
    w->flight = promised;
    world_crash(w, true);
    open_good(w);
    assert_int_equal(w->damages, 0);
}

static void a_failure_in_the_first_copy_leaves_the_second_as_it_was(void **state)
{
    struct world *w = *state;
    fail_copy(w, 0);
}

static void a_failure_in_the_second_copy_leaves_the_list_in_the_first(void **state)
{
    struct world *w = *state;
    fail_copy(w, 1);
    assert_true(table_equal(&w->loaded, &w->flight));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_log_is_empty),
        TEST(what_was_committed_comes_back_with_its_position),
        TEST(a_list_without_sections_moves_the_position),
        TEST(a_list_of_a_megabyte_comes_back),
        TEST(done_is_called_when_both_copies_are_safe),
        TEST(a_check_at_rest_finds_nothing_where_nothing_is),
        TEST(a_bit_anywhere_in_one_copy_costs_nothing),
        TEST(a_bad_copy_is_repaired_at_the_start),
        TEST(a_copy_that_is_gone_is_made_again),
        TEST(a_list_bad_in_both_is_reported_and_the_next_ones_count),
        TEST(the_last_list_bad_in_both_is_not_taken_for_torn),
        TEST(a_torn_end_is_cut),
        TEST(lists_of_another_store_are_not_taken),
        TEST(what_cannot_be_read_is_not_cut),
        TEST(a_newer_version_is_refused_and_nothing_changes),
        TEST(an_older_version_is_read),
        TEST(a_list_that_outgrows_its_limit_ends_the_log_and_nothing_else),
        TEST(a_sealed_log_needs_its_key),
        TEST(a_log_that_has_outgrown_its_state_is_rewritten),
        TEST(slices_without_the_last_list_do_not_count),
        TEST(lists_go_to_both_pairs_while_a_rewrite_goes_on),
        TEST(a_rewrite_without_space_is_given_up),
        TEST(a_list_without_space_is_tried_again),
        TEST(what_found_no_space_is_taken_back),
        TEST(a_list_without_space_can_be_told_anew),
        TEST(what_is_not_kept_takes_no_space),
        TEST(a_failure_in_the_first_copy_leaves_the_second_as_it_was),
        TEST(a_failure_in_the_second_copy_leaves_the_list_in_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
