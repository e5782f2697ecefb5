/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of streams at a start: what nobody names is set aside, what is forgotten goes. */
#include "store/store_testing.h"

static void start(struct world *w)
{
    struct errmsg why = { "" };
    assert_int_equal(world_open(w, &why), ERR_OK);
    assert_string_equal(w->complaint, "");
}

static void make_file(struct world *w, const char *name, const char *text)
{
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    char directory[64];
    (void)snprintf(directory, sizeof directory, "%s", name);
    for (char *at = directory; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        assert_int_equal(disk->make_dir(disk, directory), ERR_OK);
        *at = '/';
    }
    assert_int_equal(disk->open(disk, name, DISK_OPEN_CREATE, &file, NULL), ERR_OK);
    assert_int_equal(disk->write(disk, file, 0, slice_str(text)), ERR_OK);
    disk->close(disk, file);
}

static bool has(struct world *w, const char *name, const char *text)
{
    uint64_t size = 0;
    const uint8_t *bytes = disk_memory_bytes(w->disk, name, &size);
    return bytes != NULL && slice_equal_str(slice_of(bytes, size), text);
}

static void count_name(void *ctx, const char *name, bool is_dir)
{
    uint32_t *count = ctx;
    (void)name;
    (void)is_dir;
    *count += 1;
}

static uint32_t count_in(struct world *w, const char *directory)
{
    uint32_t count = 0;
    assert_int_equal(w->disk->base.list(&w->disk->base, directory, count_name, &count), ERR_OK);
    return count;
}

static void a_directory_that_nobody_names_is_moved_and_nothing_of_it_is_lost(void **state)
{
    struct world *w = *state;
    start(w);
    world_stop(w);
    make_file(w, "streams/00000000000000aa/00000001", "one");
    make_file(w, "streams/00000000000000aa/00000002", "two");
    start(w);
    assert_int_equal(count_in(w, "streams"), 0);
    assert_true(has(w, "quarantine/00000000000000aa/00000001", "one"));
    assert_true(has(w, "quarantine/00000000000000aa/00000002", "two"));
    struct store_stats s;
    store_stats(w->store, &s);
    assert_int_equal(s.quarantined, 1);
    assert_int_equal(w->reports, 1);
    assert_non_null(strstr(w->report[0], "2 files of streams/00000000000000aa"));
    assert_true(store_incarnation_new(w->store) > 0xaa);
    world_stop(w);
    /* Safe, and not said again. */
    disk_memory_crash(w->disk);
    disk_memory_start(w->disk);
    start(w);
    assert_int_equal(w->reports, 0);
    assert_true(has(w, "quarantine/00000000000000aa/00000002", "two"));
    assert_true(store_incarnation_new(w->store) > 0xaa);
}

static void nothing_in_the_quarantine_is_replaced(void **state)
{
    struct world *w = *state;
    start(w);
    world_stop(w);
    for (uint32_t i = 0; i < 3; i++) {
        make_file(w, "streams/00000000000000aa/00000001", i == 0 ? "a" : i == 1 ? "b" : "c");
        start(w);
        world_stop(w);
    }
    assert_true(has(w, "quarantine/00000000000000aa/00000001", "a"));
    assert_true(has(w, "quarantine/00000000000000aa/00000001.1", "b"));
    assert_true(has(w, "quarantine/00000000000000aa/00000001.2", "c"));
}

static void an_empty_directory_goes(void **state)
{
    struct world *w = *state;
    start(w);
    world_stop(w);
    assert_int_equal(w->disk->base.make_dir(&w->disk->base, "streams/00000000000000bb"), ERR_OK);
    start(w);
    assert_int_equal(count_in(w, "streams"), 0);
    assert_int_equal(count_in(w, "quarantine"), 0);
    assert_int_equal(w->reports, 0);
    assert_true(store_incarnation_new(w->store) > 0xbb);
}

static void what_is_no_name_of_ours_stays(void **state)
{
    struct world *w = *state;
    start(w);
    world_stop(w);
    make_file(w, "streams/notes", "mine");
    make_file(w, "streams/00000000000000aa.old/x", "old");
    make_file(w, "streams/00000000000000AA/x", "upper");
    start(w);
    assert_true(has(w, "streams/notes", "mine"));
    assert_true(has(w, "streams/00000000000000aa.old/x", "old"));
    assert_true(has(w, "streams/00000000000000AA/x", "upper"));
    assert_int_equal(w->reports, 0);
}

static void the_directory_of_an_owner_that_lives_stays(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    thing_write(t);
    world_crash(w, false);
    start(w); /* it is only in the journal */
    assert_int_equal(count_in(w, "streams"), 1);
    world_stop(w);
    start(w); /* and only in the checkpoint log */
    assert_int_equal(count_in(w, "streams"), 1);
    assert_int_equal(w->reports, 0);
}

static void the_directory_of_a_forgotten_owner_goes_at_the_next_start(void **state)
{
    struct world *w = *state;
    w->keeps_files = true;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    thing_write(t);
    assert_true(world_finish(w, t));
    world_settle(w);
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(count_in(w, "streams"), 1);
    world_stop(w);
    start(w);
    assert_int_equal(count_in(w, "streams"), 0);
    assert_int_equal(count_in(w, "quarantine"), 0);
    assert_int_equal(w->reports, 0);
}

static void but_not_before_it_is_safe_that_it_is_forgotten(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    thing_write(t);
    w->disk->fault[DISK_MEMORY_WRITES].fail_at = w->disk->fault[DISK_MEMORY_WRITES].count + 2;
    assert_true(world_finish(w, t)); /* the journal's write works, the list's does not */
    world_settle(w);
    assert_true(t->is_gone);
    assert_int_equal(w->forgottens, 0);
    w->disk->fault[DISK_MEMORY_WRITES].fail_at = 0;
    world_crash(w, false);
    start(w);
    assert_int_equal(w->things_count, 1); /* its end was replayed */
    assert_int_equal(count_in(w, "streams"), 1);
    world_settle(w);
    assert_int_equal(w->forgottens, 1);
    assert_int_equal(count_in(w, "streams"), 0);
}

static void a_rewrite_still_names_those_whose_directory_is_there(void **state)
{
    struct world *w = *state;
    w->options.rewrite_min = 1024;
    w->options.slice_budget = 0;
    w->keeps_files = true;
    start(w);
    struct thing *gone = world_begin(w), *t = world_begin(w);
    world_settle(w);
    thing_write(gone);
    assert_true(world_finish(w, gone));
    world_settle(w);
    struct store_stats s;
    uint64_t highest = 0;
    do {
        assert_true(world_set(w, t, 1));
        world_settle(w);
        world_tick(w, HOUR);
        world_settle(w);
        store_stats(w->store, &s);
        if (s.checkpoint_bytes > highest) highest = s.checkpoint_bytes;
    } while (s.checkpoint_bytes == highest && s.checkpoints < 100);
    assert_true(s.checkpoint_bytes < highest); /* it was rewritten */
    world_crash(w, true);
    start(w);
    assert_int_equal(count_in(w, "streams"), 0);
    assert_int_equal(count_in(w, "quarantine"), 0);
}

/* At a start this call on names fails; the next one finds what it has left. Returns how many files
 * it could not remove. */
static uint32_t kept_when_one_fails(uint64_t call)
{
    struct world *w = world_new(1);
    struct errmsg why = { "" };
    w->keeps_files = true;
    start(w);
    struct thing *t = world_begin(w);
    world_settle(w);
    thing_write(t);
    assert_true(world_finish(w, t));
    world_settle(w);
    world_stop(w);
    struct disk_memory_fault *names = &w->disk->fault[DISK_MEMORY_NAMES];
    names->fail_at = names->count + call;
    enum err e = world_open(w, &why);
    names->fail_at = 0;
    uint32_t kept = e ? 0 : w->reports;
    if (!e) world_stop(w);
    start(w);
    assert_int_equal(count_in(w, "streams"), 0);
    assert_int_equal(count_in(w, "quarantine"), 0);
    (void)world_free(w);
    return kept;
}

static void one_that_cannot_be_removed_is_tried_again(void **state)
{
    uint32_t kept = 0;
    (void)state;
    for (uint64_t call = 1; call < 40; call++) kept += kept_when_one_fails(call);
    assert_true(kept > 0);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_directory_that_nobody_names_is_moved_and_nothing_of_it_is_lost),
        WITH_WORLD(nothing_in_the_quarantine_is_replaced),
        WITH_WORLD(an_empty_directory_goes),
        WITH_WORLD(what_is_no_name_of_ours_stays),
        WITH_WORLD(the_directory_of_an_owner_that_lives_stays),
        WITH_WORLD(the_directory_of_a_forgotten_owner_goes_at_the_next_start),
        WITH_WORLD(but_not_before_it_is_safe_that_it_is_forgotten),
        WITH_WORLD(a_rewrite_still_names_those_whose_directory_is_there),
        cmocka_unit_test(one_that_cannot_be_removed_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
