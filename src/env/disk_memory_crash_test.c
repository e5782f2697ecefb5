/* SPDX-License-Identifier: Apache-2.0 */
/* What is there after a power cut, over many seeds: what was synced always, else whatever a disk
 * may have made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "env/disk_memory.h"

enum { SIZE = 4096, SEEDS = 400, SECTOR = 512 };

struct world {
    struct disk_memory *m;
    struct disk        *disk;
    struct disk_queue  *queue;
    struct disk_file   *file; /* "f": its name is safe, it is empty */
    uint8_t             bytes[SIZE];
};

static void world_init(struct world *w, uint64_t seed)
{
    *w = (struct world){ .m = disk_memory_new(seed) };
    w->disk = &w->m->base;
    assert_int_equal(w->disk->open(w->disk, "f", DISK_OPEN_CREATE, &w->file, NULL), ERR_OK);
    assert_int_equal(w->disk->sync_dir(w->disk, ""), ERR_OK);
    w->queue = w->disk->queue_new(w->disk, NULL, NULL);
}

static void world_deinit(struct world *w)
{
    if (w->queue != NULL) w->queue->ops->free(w->queue);
    w->disk->close(w->disk, w->file);
    w->m = disk_memory_free(w->m);
}

static void write_bytes(struct world *w, uint64_t offset, uint8_t byte, uint32_t len)
{
    memset(w->bytes, byte, len);
    assert_int_equal(w->disk->write(w->disk, w->file, offset, slice_of(w->bytes, len)), ERR_OK);
}

static void sync_file(struct world *w)
{
    assert_int_equal(w->disk->sync(w->disk, w->file), ERR_OK);
}

static bool exists(struct world *w, const char *name)
{
    uint64_t size;
    return disk_memory_bytes(w->m, name, &size) != NULL;
}

static void make(struct world *w, const char *name)
{
    struct disk_file *f = NULL;
    assert_int_equal(w->disk->open(w->disk, name, DISK_OPEN_CREATE, &f, NULL), ERR_OK);
    w->disk->close(w->disk, f);
}

/* The only byte of "f", or 0 when it is empty. */
static uint8_t first_byte(struct world *w)
{
    uint64_t size = 0;
    const uint8_t *bytes = disk_memory_bytes(w->m, "f", &size);
    return size > 0 ? bytes[0] : 0;
}

static void what_was_synced_stays(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        uint64_t size = 0;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', SIZE);
        sync_file(&w);
        disk_memory_crash(w.m);
        const uint8_t *bytes = disk_memory_bytes(w.m, "f", &size);
        assert_int_equal(size, SIZE);
        assert_memory_equal(bytes, w.bytes, SIZE);
        world_deinit(&w);
    }
}

static void a_harsh_cut_keeps_nothing_that_was_not_synced(void **state)
{
    (void)state;
    struct world w;
    uint64_t size = 0;
    world_init(&w, 1);
    write_bytes(&w, 0, 'a', 100);
    sync_file(&w);
    write_bytes(&w, 50, 'b', 100);
    assert_int_equal(w.disk->truncate(w.disk, w.file, 10), ERR_OK);
    make(&w, "new");
    w.m->crash_loses_all = true;
    disk_memory_crash(w.m);
    const uint8_t *bytes = disk_memory_bytes(w.m, "f", &size);
    memset(w.bytes, 'a', 100);
    assert_int_equal(size, 100);
    assert_memory_equal(bytes, w.bytes, 100);
    assert_false(exists(&w, "new"));
    world_deinit(&w);
}

/* Which of two writes of one byte each, neither synced, are there: a bit each. */
static void any_subset_of_unsynced_writes_may_stay(void **state)
{
    (void)state;
    uint32_t seen[4] = { 0 };
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        uint64_t size = 0;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', 2000);
        sync_file(&w);
        write_bytes(&w, 0, 'b', 1);
        write_bytes(&w, 1500, 'b', 1);
        disk_memory_crash(w.m);
        const uint8_t *bytes = disk_memory_bytes(w.m, "f", &size);
        seen[(bytes[0] == 'b') + 2 * (bytes[1500] == 'b')]++;
        world_deinit(&w);
    }
    for (int i = 0; i < 4; i++) assert_true(seen[i] > SEEDS / 50);
}

static void a_write_is_torn_at_sectors_only(void **state)
{
    (void)state;
    uint32_t torn = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        uint64_t size = 0;
        uint32_t fresh = 0;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', SIZE);
        sync_file(&w);
        write_bytes(&w, 0, 'b', SIZE);
        disk_memory_crash(w.m);
        const uint8_t *bytes = disk_memory_bytes(w.m, "f", &size);
        for (uint32_t at = 0; at < SIZE; at++) {
            assert_true(bytes[at] == 'a' || bytes[at] == 'b');
            assert_int_equal(bytes[at], bytes[at / SECTOR * SECTOR]);
            fresh += bytes[at] == 'b';
        }
        torn += fresh > 0 && fresh < SIZE;
        world_deinit(&w);
    }
    assert_true(torn > SEEDS / 20);
}

static void a_size_that_grew_may_stay_without_its_bytes(void **state)
{
    (void)state;
    uint32_t hollow = 0, short_ones = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        uint64_t size = 0;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', 100);
        disk_memory_crash(w.m);
        (void)disk_memory_bytes(w.m, "f", &size);
        hollow += size == 100 && first_byte(&w) == 0;
        short_ones += size == 0;
        world_deinit(&w);
    }
    assert_true(hollow > 0);
    assert_true(short_ones > 0);
}

static void a_truncate_may_be_undone(void **state)
{
    (void)state;
    uint32_t undone = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        uint64_t size = 0;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', 100);
        sync_file(&w);
        assert_int_equal(w.disk->truncate(w.disk, w.file, 10), ERR_OK);
        disk_memory_crash(w.m);
        const uint8_t *bytes = disk_memory_bytes(w.m, "f", &size);
        assert_true(size == 10 || size == 100);
        assert_int_equal(bytes[size - 1], 'a');
        undone += size == 100;
        world_deinit(&w);
    }
    assert_in_range(undone, SEEDS / 10, SEEDS - SEEDS / 10);
}

static void names_are_lost_or_kept_until_their_directory_is_synced(void **state)
{
    (void)state;
    uint32_t kept = 0, back = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        world_init(&w, seed);
        assert_int_equal(w.disk->make_dir(w.disk, "d"), ERR_OK);
        make(&w, "gone");
        make(&w, "safe");
        assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
        make(&w, "d/x");
        assert_int_equal(w.disk->remove(w.disk, "gone"), ERR_OK);
        disk_memory_crash(w.m);
        assert_true(exists(&w, "safe"));
        kept += exists(&w, "d/x");
        back += exists(&w, "gone");
        world_deinit(&w);
    }
    assert_in_range(kept, SEEDS / 10, SEEDS - SEEDS / 10);
    assert_in_range(back, SEEDS / 10, SEEDS - SEEDS / 10);
}

static void a_rename_is_done_or_undone_as_a_whole(void **state)
{
    (void)state;
    uint32_t done = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        world_init(&w, seed);
        make(&w, "new");
        assert_int_equal(w.disk->make_dir(w.disk, "d"), ERR_OK);
        assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
        write_bytes(&w, 0, 'f', 1);
        sync_file(&w);
        assert_int_equal(w.disk->rename(w.disk, "new", "f"), ERR_OK);
        assert_int_equal(w.disk->rename(w.disk, "f", "d/f"), ERR_OK);
        disk_memory_crash(w.m);
        assert_int_equal(exists(&w, "f") + exists(&w, "d/f") + exists(&w, "new"),
                         exists(&w, "new") ? 2 : 1);
        if (exists(&w, "new")) assert_int_equal(first_byte(&w), 'f');
        done += exists(&w, "d/f");
        world_deinit(&w);
    }
    assert_in_range(done, SEEDS / 20, SEEDS - SEEDS / 20);
}

/* ---- at random ---- */

enum { NAMES = 8, CALLS = 60 };

static const char *const names[NAMES] = { "f", "a", "b", "d", "d/a", "d/b", "d/d", "d/d/a" };

/* What does not fit what is there is refused, which is fine. */
static enum err try_something(struct world *w, struct rng *rng)
{
    const char *name = names[1 + rng_below(rng, NAMES - 1)],
               *to = names[1 + rng_below(rng, NAMES - 1)];
    struct disk *d = w->disk;
    struct disk_file *f = NULL;
    enum err e;
    switch (rng_below(rng, 6)) {
    case 0: e = d->make_dir(d, name); break;
    case 1: e = d->remove(d, name); break;
    case 2: e = d->remove_dir(d, name); break;
    case 3: e = d->rename(d, name, to); break;
    case 4: e = d->truncate(d, w->file, rng_below(rng, SIZE)); break;
    default: e = d->open(d, name, DISK_OPEN_CREATE, &f, NULL); break;
    }
    if (f != NULL) d->close(d, f);
    return e;
}

static void change_something(struct world *w, struct rng *rng)
{
    (void)try_something(w, rng);
    write_bytes(w, rng_below(rng, SIZE), (uint8_t)rng_below(rng, 256), rng_below(rng, SIZE));
}

static void add_file(void *ctx, const char *name, uint64_t size)
{
    char *text = ctx;
    size_t len = strlen(text);
    (void)snprintf(text + len, 512 - len, "%s=%d ", name, (int)size);
}

struct branch {
    struct disk *disk;
    char         path[2 * DISK_NAME_MAX];
};

static void sync_branch(void *ctx, const char *name, bool is_dir)
{
    struct branch sub = *(struct branch *)ctx;
    size_t len = strlen(sub.path);
    if (!is_dir) return;
    (void)snprintf(sub.path + len, sizeof sub.path - len, "%s%s", len > 0 ? "/" : "", name);
    if (strlen(sub.path) > DISK_NAME_MAX) return;
    assert_int_equal(sub.disk->sync_dir(sub.disk, sub.path), ERR_OK);
    assert_int_equal(sub.disk->list(sub.disk, sub.path, sync_branch, &sub), ERR_OK);
}

static void sync_all(struct world *w)
{
    struct branch root = { w->disk, "" };
    sync_file(w);
    assert_int_equal(w->disk->sync_dir(w->disk, ""), ERR_OK);
    assert_int_equal(w->disk->list(w->disk, "", sync_branch, &root), ERR_OK);
}

static void whatever_came_before_a_cut_changes_nothing_that_was_synced(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        struct rng rng;
        char before[512] = "", after[512] = "";
        uint8_t kept[2 * SIZE];
        uint64_t size = 0, now = 0;
        world_init(&w, seed);
        rng_init(&rng, seed);
        for (int i = 0; i < CALLS; i++) {
            change_something(&w, &rng);
            if (rng_chance(&rng, 1, 8)) assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
            if (rng_chance(&rng, 1, 8)) sync_file(&w);
        }
        sync_all(&w);
        disk_memory_each(w.m, before, add_file);
        memcpy(kept, disk_memory_bytes(w.m, "f", &size), size);
        disk_memory_crash(w.m);
        disk_memory_each(w.m, after, add_file);
        assert_string_equal(before, after);
        assert_memory_equal(disk_memory_bytes(w.m, "f", &now), kept, size);
        world_deinit(&w);
    }
}

/* The cut comes anywhere: nothing is left over, and what is there can be walked and used. */
static void after_any_cut_the_disk_works(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        struct rng rng;
        char all[512] = "";
        world_init(&w, seed);
        rng_init(&rng, seed);
        for (int i = 0; i < CALLS; i++) {
            change_something(&w, &rng);
            if (rng_chance(&rng, 1, 8)) sync_all(&w);
        }
        disk_memory_crash(w.m);
        disk_memory_each(w.m, all, add_file);
        assert_non_null(strstr(all, "f="));
        disk_memory_start(w.m);
        w.disk->close(w.disk, w.file);
        assert_int_equal(w.disk->open(w.disk, "f", DISK_OPEN_WRITE, &w.file, NULL), ERR_OK);
        change_something(&w, &rng);
        world_deinit(&w);
    }
}

/* ---- operations in flight ---- */

static void note_done(struct disk_op *op)
{
    op->length = 1;
}

static void submit(struct world *w, struct disk_op *op)
{
    op->file = w->file;
    op->done = note_done;
    disk_submit(w->queue, op);
}

static void a_sync_saves_only_what_was_home_when_it_was_submitted(void **state)
{
    (void)state;
    struct world w;
    struct disk_span span = { w.bytes, 1 };
    world_init(&w, 1);
    w.bytes[0] = 'a';
    w.m->in_order = true;
    w.m->crash_loses_all = true;
    struct disk_op write = { .kind = DISK_WRITE, .spans = &span, .spans_count = 1 };
    struct disk_op sync = { .kind = DISK_SYNC };
    submit(&w, &write);
    submit(&w, &sync);
    disk_memory_settle(w.m, w.queue);
    assert_int_equal(sync.result, ERR_OK);
    disk_memory_crash(w.m);
    assert_int_equal(first_byte(&w), 0);
    world_deinit(&w);
}

static void a_write_sync_saves_its_own_bytes(void **state)
{
    (void)state;
    struct world w;
    struct disk_span span = { w.bytes, 1 };
    world_init(&w, 1);
    w.bytes[0] = 'a';
    w.m->crash_loses_all = true;
    struct disk_op op = { .kind = DISK_WRITE_SYNC, .spans = &span, .spans_count = 1 };
    submit(&w, &op);
    assert_true(disk_memory_step(w.m));
    disk_memory_crash(w.m);
    assert_int_equal(first_byte(&w), 'a');
    assert_int_equal(disk_queue_poll(w.queue), 1);
    assert_int_equal(op.result, ERR_CLOSED);
    world_deinit(&w);
}

static void what_is_in_flight_happens_or_not_when_the_process_dies(void **state)
{
    (void)state;
    uint32_t happened = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        struct disk_span span = { w.bytes, 1 };
        world_init(&w, seed);
        w.bytes[0] = 'a';
        struct disk_op op = { .kind = DISK_WRITE, .spans = &span, .spans_count = 1 };
        submit(&w, &op);
        disk_memory_kill(w.m);
        happened += first_byte(&w) == 'a';
        assert_int_equal(disk_queue_poll(w.queue), 1);
        assert_int_equal(op.result, ERR_CLOSED);
        assert_int_equal(op.length, 1);
        world_deinit(&w);
    }
    assert_in_range(happened, SEEDS / 4, SEEDS - SEEDS / 4);
}

static void a_kill_loses_nothing_that_was_written(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    write_bytes(&w, 0, 'a', 1);
    make(&w, "new");
    w.m->crash_loses_all = true;
    disk_memory_kill(w.m);
    assert_int_equal(first_byte(&w), 'a');
    assert_true(exists(&w, "new"));
    disk_memory_start(w.m);
    disk_memory_crash(w.m);
    assert_int_equal(first_byte(&w), 0);
    assert_false(exists(&w, "new"));
    world_deinit(&w);
}

static void what_was_open_before_a_cut_is_closed_for_ever(void **state)
{
    (void)state;
    struct world w;
    struct disk_file *next = NULL;
    struct disk_op op = { .kind = DISK_SYNC }, close = { .kind = DISK_CLOSE };
    world_init(&w, 1);
    disk_memory_crash(w.m);
    assert_int_equal(w.disk->open(w.disk, "f", DISK_OPEN_WRITE, &next, NULL), ERR_CLOSED);
    assert_int_equal(w.disk->remove(w.disk, "f"), ERR_CLOSED);
    disk_memory_start(w.m);
    assert_int_equal(w.disk->open(w.disk, "f", DISK_OPEN_WRITE, &next, NULL), ERR_OK);
    assert_int_equal(w.disk->sync(w.disk, w.file), ERR_CLOSED);
    submit(&w, &op);
    disk_memory_settle(w.m, w.queue);
    assert_int_equal(op.result, ERR_CLOSED);
    submit(&w, &close);
    disk_memory_settle(w.m, w.queue);
    assert_int_equal(close.result, ERR_OK);
    w.file = next;
    sync_file(&w);
    world_deinit(&w);
}

/* ---- syncs that fail or lie ---- */

static void after_a_failed_sync_a_later_one_says_nothing(void **state)
{
    (void)state;
    uint32_t lost = 0, saved = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world w;
        world_init(&w, seed);
        write_bytes(&w, 0, 'a', 1);
        w.m->crash_loses_all = true;
        w.m->fault[DISK_MEMORY_SYNCS].fail_at = w.m->fault[DISK_MEMORY_SYNCS].count + 1;
        assert_int_equal(w.disk->sync(w.disk, w.file), ERR_IO);
        sync_file(&w);
        disk_memory_crash(w.m);
        lost += first_byte(&w) == 0;
        saved += first_byte(&w) == 'a';
        world_deinit(&w);
    }
    assert_true(lost > SEEDS / 4);
    assert_true(saved > SEEDS / 4);
}

static void a_lying_sync_saves_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    w.m->sync_lies = true;
    w.m->crash_loses_all = true;
    write_bytes(&w, 0, 'a', 1);
    sync_file(&w);
    make(&w, "new");
    assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
    disk_memory_crash(w.m);
    assert_int_equal(first_byte(&w), 0);
    assert_false(exists(&w, "new"));
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_synced_stays),
        cmocka_unit_test(a_harsh_cut_keeps_nothing_that_was_not_synced),
        cmocka_unit_test(any_subset_of_unsynced_writes_may_stay),
        cmocka_unit_test(a_write_is_torn_at_sectors_only),
        cmocka_unit_test(a_size_that_grew_may_stay_without_its_bytes),
        cmocka_unit_test(a_truncate_may_be_undone),
        cmocka_unit_test(names_are_lost_or_kept_until_their_directory_is_synced),
        cmocka_unit_test(a_rename_is_done_or_undone_as_a_whole),
        cmocka_unit_test(whatever_came_before_a_cut_changes_nothing_that_was_synced),
        cmocka_unit_test(after_any_cut_the_disk_works),
        cmocka_unit_test(a_sync_saves_only_what_was_home_when_it_was_submitted),
        cmocka_unit_test(a_write_sync_saves_its_own_bytes),
        cmocka_unit_test(what_is_in_flight_happens_or_not_when_the_process_dies),
        cmocka_unit_test(a_kill_loses_nothing_that_was_written),
        cmocka_unit_test(what_was_open_before_a_cut_is_closed_for_ever),
        cmocka_unit_test(after_a_failed_sync_a_later_one_says_nothing),
        cmocka_unit_test(a_lying_sync_saves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
