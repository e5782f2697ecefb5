/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_testing.h"

/* ---- the suite ---- */

static struct msgs *suite_make(struct suite *s, uint64_t first_sequence)
{
    return files_make(container_of(s, struct files, suite), first_sequence);
}

static void suite_settle(struct suite *s)
{
    files_settle(container_of(s, struct files, suite));
}

static void count_done(void *ctx, enum err e)
{
    (void)e;
    ++*(int *)ctx;
}

static void suite_tick(struct suite *s, struct msgs *m)
{
    struct files *w = container_of(s, struct files, suite);
    static int flushed;
    for (uint32_t i = rng_below(&w->rng, 6); i > 0; i--) {
        (void)disk_memory_step(w->disk);
        (void)disk_queue_poll(w->queue);
    }
    if (rng_below(&w->rng, 60) == 0) {
        msgs_file_flush(m, count_done, &flushed);
        files_settle(w);
    }
}

static void suite_end(struct suite *s, struct msgs *m)
{
    msgs_file_stop(m);
    suite_settle(s);
    assert_true(msgs_file_is_idle(m));
}

static void play(uint64_t seed, uint64_t seeds, bool is_compressed, bool is_sealed)
{
    for (uint64_t i = seed; i < seed + seeds; i++) {
        struct files *w = files_setup(i);
        w->options.is_compressed = is_compressed;
        w->disk->busy_permille = 300;
        if (is_sealed) files_seal(w);
        w->suite = (struct suite){ suite_make, suite_settle, suite_tick, suite_end };
        suite_play_one(&w->suite, i);
        files_teardown(w);
    }
}

static void it_agrees_with_a_list_whatever_happens(void **state)
{
    (void)state;
    play(1, 8, false, false);
}

static void it_does_so_when_blocks_are_compressed_and_sealed(void **state)
{
    (void)state;
    play(20, 3, true, false);
    play(30, 3, false, true);
    play(40, 3, true, true);
}

/* ---- one by one ---- */

enum { MANY = 2000 };

static void add_many(struct msgs *m, uint64_t first, uint64_t last)
{
    char subject[32];
    for (uint64_t i = first; i <= last; i++) {
        (void)snprintf(subject, sizeof subject, "a.%u", (unsigned)(i % 50));
        files_add(m, i, subject, "some bytes of a message");
    }
}

static void flush(struct files *w, struct msgs *m)
{
    int done = 0;
    msgs_file_flush(m, count_done, &done);
    files_settle(w);
    assert_int_equal(done, 1);
}

static void count_files(void *ctx, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)ctx += strncmp(name, "streams/", 8) == 0;
}

static void what_is_in_blocks_takes_no_memory_for_each_message(void **state)
{
    (void)state;
    struct msgs_file_stats few, many;
    struct store_cache_stats cache;
    struct files *w = files_setup(1);
    struct msgs *m = files_make(w, 1);
    add_many(m, 1, MANY);
    flush(w, m);
    msgs_file_stats(m, &few);
    add_many(m, MANY + 1, 10 * MANY);
    flush(w, m);
    msgs_file_stats(m, &many);
    store_cache_stats(w->cache, &cache);
    assert_true(many.blocks > 8 * few.blocks);
    /* which is so small that the four last ones count */
    assert_true(cache.bytes < 2 * cache.budget);
    assert_true(cache.held < 4096); /* the open block */
    assert_true(many.memory - few.memory < 512 * (uint64_t)(many.blocks - few.blocks) + 65536);
    assert_int_equal(msgs_file_unsafe(m), 0);
    (void)files_close(w, m);
    files_teardown(w);
}

static void what_is_written_is_made_safe_without_space_too(void **state)
{
    (void)state;
    struct files *w = files_setup(8);
    struct msgs *m = files_make(w, 1);
    add_many(m, 1, 50); /* 2 KiB are written, and no block is full */
    files_settle(w);
    uint64_t before = msgs_file_unsafe(m), used = disk_memory_used(w->disk);
    assert_true(used > 1024);
    w->disk->capacity = used;
    flush(w, m);
    assert_int_equal(disk_memory_used(w->disk), used);
    assert_true(msgs_file_unsafe(m) > 0 && msgs_file_unsafe(m) + 1024 <= before);
    assert_true(store_cache_is_refused(w->cache));
    w->disk->capacity = 0;
    msgs_file_retry(m);
    flush(w, m);
    assert_int_equal(msgs_file_unsafe(m), 0);
    assert_false(store_cache_is_refused(w->cache));
    (void)files_close(w, m);
    files_teardown(w);
}

static void while_space_is_spared_no_file_grows(void **state)
{
    (void)state;
    struct files *w = files_setup(9);
    struct msgs *m = files_make(w, 1);
    add_many(m, 1, 50);
    files_settle(w);
    uint64_t used = disk_memory_used(w->disk);
    store_cache_spare(w->cache, true);
    add_many(m, 51, 300);
    flush(w, m);
    assert_int_equal(disk_memory_used(w->disk), used);
    assert_false(store_cache_is_refused(w->cache));
    store_cache_spare(w->cache, false);
    msgs_file_retry(m);
    flush(w, m);
    assert_int_equal(msgs_file_unsafe(m), 0);
    (void)files_close(w, m);
    files_teardown(w);
}

static void a_stream_that_is_removed_leaves_nothing(void **state)
{
    (void)state;
    struct files *w = files_setup(2);
    struct msgs *m = files_make(w, 1);
    uint32_t files = 0;
    int removed = 0;
    add_many(m, 1, MANY);
    (void)disk_memory_step(w->disk);
    msgs_file_remove(m, count_done, &removed);
    assert_int_equal(removed, 0);
    files_settle(w);
    assert_int_equal(removed, 1);
    disk_memory_each(w->disk, &files, count_files);
    assert_int_equal(files, 0);
    files_teardown(w);
}

static void a_removal_ends_a_flush_without_a_word(void **state)
{
    (void)state;
    struct files *w = files_setup(2);
    struct msgs *m = files_make(w, 1);
    int flushed = 0, removed = 0;
    add_many(m, 1, MANY);
    msgs_file_flush(m, count_done, &flushed);
    msgs_file_remove(m, count_done, &removed);
    files_settle(w);
    assert_int_equal(removed, 1);
    assert_int_equal(flushed, 0);
    files_teardown(w);
}

static void files_that_nobody_knows_are_put_aside(void **state)
{
    (void)state;
    struct files *w = files_setup(3);
    struct msgs *m = files_make(w, 1);
    struct errmsg why;
    uint64_t size = 0;
    uint32_t files = 0;
    add_many(m, 1, 400);
    flush(w, m);
    (void)files_close(w, m);
    for (int i = 0; i < 2; i++) {
        m = msgs_file_new(&w->options, 1);
        assert_int_equal(msgs_file_loaded(m, &why), ERR_OK);
        msgs_file_refilled(m);
        assert_int_equal(msgs_file_recovered(m, false, &why), ERR_OK);
        disk_memory_each(w->disk, &files, count_files);
        assert_int_equal(files, 0);
        add_many(m, 1, 400);
        flush(w, m);
        (void)files_close(w, m);
    }
    assert_non_null(disk_memory_bytes(w->disk, "quarantine/0000000000000001-00000001.0", &size));
    assert_non_null(disk_memory_bytes(w->disk, "quarantine/0000000000000001-00000001.1", &size));
    assert_true(size > 4096);
    files_teardown(w);
}

static void what_is_prepared_needs_no_read(void **state)
{
    (void)state;
    struct files *w = files_setup(4);
    struct msgs *m = files_make(w, 1);
    struct msgs_wait wait = { .done = waited };
    struct msgs_file_stats s;
    add_many(m, 1, MANY);
    flush(w, m);
    msgs_file_stats(m, &s);
    uint64_t blocked = s.blocked;
    assert_int_equal(msgs_prepare(m, 10, 12, &wait), ERR_BUSY);
    files_settle(w);
    assert_int_equal(msgs_prepare(m, 10, 12, &wait), ERR_OK);
    struct slice subject;
    uint64_t bytes;
    assert_int_equal(msgs_meta(m, 11, &subject, &bytes), ERR_OK);
    assert_true(slice_equal_str(subject, "a.11"));
    assert_true(msgs_remove(m, 11, NULL));
    msgs_file_stats(m, &s);
    assert_int_equal(s.blocked, blocked);
    assert_true(msgs_remove(m, MANY / 2, NULL));
    msgs_file_stats(m, &s);
    assert_true(s.blocked > blocked);
    (void)files_close(w, m);
    files_teardown(w);
}

/* More blocks than files stay open: the first ones are closed. */
enum { FILES = 40000 };

/* One by and by, one who cannot wait. */
static void a_file_that_two_open_is_open_once(void **state)
{
    (void)state;
    struct files *w = files_setup(8);
    struct msgs *m = files_make(w, 1);
    struct msgs_wait wait = { .done = waited };
    struct stored got;
    struct slice subject;
    uint64_t bytes, opens;
    add_many(m, 1, FILES);
    flush(w, m);
    opens = w->disk->fault[DISK_MEMORY_NAMES].count;
    assert_int_equal(msgs_prepare(m, 10, 12, &wait), ERR_BUSY);
    assert_int_equal(msgs_meta(m, 11, &subject, &bytes), ERR_OK);
    files_settle(w);
    assert_int_equal(w->disk->fault[DISK_MEMORY_NAMES].count, opens + 2);
    assert_int_equal(files_get(w, m, 11, &got), ERR_OK);
    (void)files_close(w, m);
    files_teardown(w);
}

static void what_is_read_ahead_is_there_when_it_is_asked_for(void **state)
{
    (void)state;
    struct files *w = files_setup(5);
    struct msgs *m = files_make(w, 1);
    struct loading g = { .load.done = loading_done };
    add_many(m, 1, MANY);
    flush(w, m);
    w->disk->busy_permille = 1000;
    assert_int_equal(msgs_load(m, 1, 0, &g.load), ERR_BUSY);
    msgs_load_cancel(m, &g.load);
    files_settle(w);
    assert_false(g.is_done);
    assert_int_equal(msgs_load(m, 1, 0, &g.load), ERR_BUSY);
    files_settle(w);
    assert_true(g.is_done && g.e == ERR_OK);
    assert_int_equal(msgs_load(m, 2, 2048, &g.load), ERR_OK);
    files_settle(w);
    assert_int_equal(msgs_load(m, 9, 0, &g.load), ERR_OK);
    (void)files_close(w, m);
    files_teardown(w);
}

static void a_message_larger_than_a_block_has_one_of_its_own(void **state)
{
    (void)state;
    struct files *w = files_setup(6);
    struct msgs *m = files_make(w, 1);
    struct stored got;
    static char large[20000];
    memset(large, 'x', sizeof large - 1);
    for (uint64_t i = 1; i <= 9; i++) files_add(m, i, "a", i % 2 ? "small" : large);
    flush(w, m);
    for (uint64_t i = 1; i <= 9; i++) {
        assert_int_equal(files_get(w, m, i, &got), ERR_OK);
        assert_true(slice_equal_str(got.payload, i % 2 ? "small" : large));
    }
    msgs_check(m);
    (void)files_close(w, m);
    files_teardown(w);
}

static void the_size_of_blocks_follows_the_limits(void **state)
{
    (void)state;
    assert_int_equal(msgs_file_block_size(0, 0), 8 << 20);
    assert_int_equal(msgs_file_block_size(0, 1), 4 << 20);
    assert_int_equal(msgs_file_block_size(1 << 20, 0), 256 << 10);
    assert_int_equal(msgs_file_block_size(1000, 0), 64 << 10);
}

static uint64_t blocks_of(struct files *w)
{
    struct msgs_file_stats stats;
    struct msgs *m = files_make(w, 1);
    add_many(m, 1, 3 * MANY);
    flush(w, m);
    msgs_file_stats(m, &stats);
    msgs_check(m);
    (void)files_close(w, m);
    return stats.blocks;
}

/* Its index alone would fill the cache, and publishers wait for ever. */
static void a_block_ends_early_when_what_is_held_fills_the_cache(void **state)
{
    (void)state;
    struct files *w = files_setup(7);
    struct store_cache *small = w->options.cache, *large = store_cache_new(1 << 24, 1);
    w->options.block_size = 1 << 20;
    assert_true(blocks_of(w) > 3 * MANY / 512);
    w->options.cache = large;
    assert_int_equal(blocks_of(w), 1);
    w->options.cache = small;
    (void)store_cache_free(large);
    files_teardown(w);
}

/* Of many streams at once the memory is another one: base/near.h. */
static void what_many_streams_write_is_what_they_wrote(void **state)
{
    (void)state;
    struct files *w = files_setup(9);
    struct stored got;
    w->options.chunk_size = 0;
    w->options.block_size = 1 << 20;
    for (uint32_t i = 1; i < STORE_CACHE_MANY; i++) store_cache_join(w->cache);
    struct msgs *m = files_make(w, 1);
    assert_true(store_cache_is_many(w->cache));
    add_many(m, 1, 2 * MANY); /* some chunks, of which the last one is not full */
    for (uint64_t i = 1; i <= 2 * MANY; i++) {
        assert_int_equal(files_get(w, m, i, &got), ERR_OK);
        assert_true(slice_equal_str(got.payload, "some bytes of a message"));
    }
    flush(w, m);
    add_many(m, 2 * MANY + 1, 3 * MANY);
    assert_int_equal(files_get(w, m, 3 * MANY, &got), ERR_OK);
    assert_int_equal(got.time, 3 * MANY * SECOND);
    (void)files_close(w, m);
    for (uint32_t i = 1; i < STORE_CACHE_MANY; i++) store_cache_leave(w->cache);
    assert_false(store_cache_is_many(w->cache));
    files_teardown(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_list_whatever_happens),
        cmocka_unit_test(it_does_so_when_blocks_are_compressed_and_sealed),
        cmocka_unit_test(what_is_in_blocks_takes_no_memory_for_each_message),
        cmocka_unit_test(what_is_written_is_made_safe_without_space_too),
        cmocka_unit_test(while_space_is_spared_no_file_grows),
        cmocka_unit_test(a_stream_that_is_removed_leaves_nothing),
        cmocka_unit_test(a_removal_ends_a_flush_without_a_word),
        cmocka_unit_test(files_that_nobody_knows_are_put_aside),
        cmocka_unit_test(what_is_prepared_needs_no_read),
        cmocka_unit_test(a_file_that_two_open_is_open_once),
        cmocka_unit_test(what_is_read_ahead_is_there_when_it_is_asked_for),
        cmocka_unit_test(a_message_larger_than_a_block_has_one_of_its_own),
        cmocka_unit_test(the_size_of_blocks_follows_the_limits),
        cmocka_unit_test(a_block_ends_early_when_what_is_held_fills_the_cache),
        cmocka_unit_test(what_many_streams_write_is_what_they_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
