/* SPDX-License-Identifier: Apache-2.0 */
#include "env/disk_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

enum { SIZE = 4096 };

struct world {
    struct disk_memory *m;
    struct disk        *disk;
    struct disk_queue  *queue;
    struct disk_file   *file; /* "f", safe and empty */
    uint32_t            wakes;
    uint32_t            done;
    uint8_t             ones[SIZE];
};

static void count_wake(void *ctx)
{
    ((struct world *)ctx)->wakes++;
}

static void open_file(struct world *w, enum disk_open mode)
{
    assert_int_equal(w->disk->open(w->disk, "f", mode, &w->file, NULL), ERR_OK);
}

static struct world world_new(uint64_t seed)
{
    struct world w = { .m = disk_memory_new(seed) };
    memset(w.ones, 1, sizeof w.ones);
    w.disk = &w.m->base;
    open_file(&w, DISK_OPEN_CREATE);
    assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
    return w;
}

static void world_with_queue(uint64_t seed, struct world *at)
{
    *at = world_new(seed);
    at->queue = at->disk->queue_new(at->disk, count_wake, at);
}

static void world_free(struct world *w)
{
    if (w->queue != NULL) w->queue->ops->free(w->queue);
    if (w->file != NULL) w->disk->close(w->disk, w->file);
    w->m = disk_memory_free(w->m);
}

static void put(struct world *w, uint64_t offset, const char *text)
{
    assert_int_equal(w->disk->write(w->disk, w->file, offset, slice_str(text)), ERR_OK);
}

static bool holds(struct world *w, const char *text)
{
    uint64_t size = 0;
    const uint8_t *bytes = disk_memory_bytes(w->m, "f", &size);
    return size == strlen(text) && (size == 0 || memcmp(bytes, text, size) == 0);
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

/* ---- a good disk ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t bytes[8] = { 0 };
    uint64_t moved = 0, size = 0;
    put(&w, 2, "abc");
    struct disk_span span = { bytes, sizeof bytes };
    assert_int_equal(w.disk->read(w.disk, w.file, 1, span, &moved), ERR_OK);
    assert_int_equal(moved, 4);
    assert_memory_equal(bytes, "\0abc", 4);
    assert_int_equal(w.disk->read(w.disk, w.file, 5, span, &moved), ERR_OK);
    assert_int_equal(moved, 0);
    assert_int_equal(w.disk->size(w.disk, w.file, &size), ERR_OK);
    assert_int_equal(size, 5);
    assert_int_equal(w.disk->truncate(w.disk, w.file, 3), ERR_OK);
    assert_int_equal(disk_memory_used(w.m), 3);
    world_free(&w);
}

static void names_are_found_made_and_refused_as_file_systems_do(void **state)
{
    (void)state;
    struct world w = world_new(1);
    struct disk *d = w.disk;
    struct disk_file *f = NULL;
    struct errmsg why;
    assert_int_equal(d->open(d, "f", DISK_OPEN_CREATE, &f, NULL), ERR_EXISTS);
    assert_int_equal(d->open(d, "no", DISK_OPEN_READ, &f, &why), ERR_NOTFOUND);
    assert_string_equal(why.text, "open no: no such object");
    assert_int_equal(d->open(d, "no/x", DISK_OPEN_CREATE, &f, NULL), ERR_NOTFOUND);
    assert_int_equal(d->open(d, "../x", DISK_OPEN_CREATE, &f, NULL), ERR_DENIED);
    assert_int_equal(d->make_dir(d, "dir"), ERR_OK);
    assert_int_equal(d->make_dir(d, "dir"), ERR_OK);
    assert_int_equal(d->make_dir(d, "f"), ERR_EXISTS);
    assert_int_equal(d->open(d, "dir", DISK_OPEN_READ, &f, NULL), ERR_IO);
    make(&w, "dir/x");
    assert_int_equal(d->remove_dir(d, "dir"), ERR_EXISTS);
    assert_int_equal(d->remove(d, "dir"), ERR_IO);
    assert_int_equal(d->rename(d, "dir/x", "f"), ERR_OK);
    assert_int_equal(d->rename(d, "dir/x", "f"), ERR_NOTFOUND);
    assert_int_equal(d->remove_dir(d, "dir"), ERR_OK);
    assert_int_equal(d->remove(d, "f"), ERR_OK);
    assert_int_equal(d->remove(d, "f"), ERR_NOTFOUND);
    assert_null(f);
    world_free(&w);
}

struct listing {
    char text[128];
};

static void add_name(void *ctx, const char *name, bool is_dir)
{
    struct listing *l = ctx;
    size_t len = strlen(l->text);
    (void)snprintf(l->text + len, sizeof l->text - len, "%s%s ", name, is_dir ? "/" : "");
}

static void add_file(void *ctx, const char *name, uint64_t size)
{
    struct listing *l = ctx;
    size_t len = strlen(l->text);
    (void)snprintf(l->text + len, sizeof l->text - len, "%s=%d ", name, (int)size);
}

static void names_are_listed_in_bytewise_order(void **state)
{
    (void)state;
    struct world w = world_new(1);
    struct listing l = { "" }, all = { "" };
    assert_int_equal(w.disk->make_dir(w.disk, "b"), ERR_OK);
    make(&w, "z");
    make(&w, "b/2");
    make(&w, "b/1");
    make(&w, "Z");
    put(&w, 0, "abc");
    assert_int_equal(w.disk->list(w.disk, "", add_name, &l), ERR_OK);
    assert_string_equal(l.text, "Z b/ f z ");
    assert_int_equal(w.disk->list(w.disk, "no", add_name, &l), ERR_NOTFOUND);
    disk_memory_each(w.m, &all, add_file);
    assert_string_equal(all.text, "Z=0 b/1=0 b/2=0 f=3 z=0 ");
    world_free(&w);
}

static void a_directory_is_renamed_with_what_is_in_it(void **state)
{
    (void)state;
    struct world w = world_new(1);
    struct disk *d = w.disk;
    assert_int_equal(d->make_dir(d, "a"), ERR_OK);
    make(&w, "a/x");
    assert_int_equal(d->rename(d, "a", "a/b"), ERR_IO);
    assert_int_equal(d->rename(d, "a", "b"), ERR_OK);
    assert_true(exists(&w, "b/x"));
    assert_false(exists(&w, "a/x"));
    world_free(&w);
}

static void a_removed_file_is_read_until_it_is_closed(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t byte = 0;
    uint64_t moved = 0;
    put(&w, 0, "x");
    assert_int_equal(w.disk->remove(w.disk, "f"), ERR_OK);
    assert_int_equal(w.disk->read(w.disk, w.file, 0, (struct disk_span){ &byte, 1 }, &moved),
                     ERR_OK);
    assert_int_equal(byte, 'x');
    assert_int_equal(disk_memory_used(w.m), 1);
    w.disk->close(w.disk, w.file);
    w.file = NULL;
    assert_int_equal(disk_memory_used(w.m), 0);
    world_free(&w);
}

static void who_may_only_read_changes_nothing(void **state)
{
    (void)state;
    struct world w = world_new(1);
    struct disk_file *f = NULL;
    w.m->is_read_only = true;
    assert_int_equal(w.disk->open(w.disk, "f", DISK_OPEN_WRITE, &f, NULL), ERR_DENIED);
    assert_int_equal(w.disk->open(w.disk, "g", DISK_OPEN_CREATE, &f, NULL), ERR_DENIED);
    assert_int_equal(w.disk->remove(w.disk, "f"), ERR_DENIED);
    assert_int_equal(w.disk->make_dir(w.disk, "d"), ERR_DENIED);
    assert_int_equal(w.disk->open(w.disk, "f", DISK_OPEN_READ, &f, NULL), ERR_OK);
    assert_int_equal(w.disk->write(w.disk, f, 0, SLICE_LIT("x")), ERR_DENIED);
    w.disk->close(w.disk, f);
    world_free(&w);
}

/* ---- operations ---- */

struct errand {
    struct disk_op op;
    struct world  *world;
    uint32_t       place; /* 1: it came home first */
};

static void note_done(struct disk_op *op)
{
    struct errand *e = container_of(op, struct errand, op);
    e->place = ++e->world->done;
}

static void submit(struct world *w, struct errand *e, struct disk_op op)
{
    e->world = w;
    e->op = op;
    e->op.done = note_done;
    if (op.name == NULL) e->op.file = w->file;
    disk_submit(w->queue, &e->op);
}

static void an_operation_waits_for_a_step_and_comes_home_in_a_poll(void **state)
{
    (void)state;
    struct world w;
    world_with_queue(1, &w);
    struct errand e = { .place = 0 };
    struct disk_span spans[2] = { { w.ones, 10 }, { w.ones, 20 } };
    submit(&w, &e, (struct disk_op){ .kind = DISK_WRITE, .spans = spans, .spans_count = 2 });
    assert_int_equal(disk_memory_used(w.m), 0);
    assert_false(disk_queue_has_finished(w.queue));
    assert_int_equal(disk_queue_poll(w.queue), 0);
    assert_true(disk_memory_step(w.m));
    assert_false(disk_memory_step(w.m));
    assert_int_equal(w.wakes, 1);
    assert_true(disk_queue_has_finished(w.queue));
    assert_int_equal(w.done, 0);
    assert_int_equal(disk_queue_poll(w.queue), 1);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.queue->in_flight, 0);
    assert_int_equal(e.op.result, ERR_OK);
    assert_int_equal(e.op.moved, 30);
    assert_int_equal(disk_memory_used(w.m), 30);
    world_free(&w);
}

static void every_kind_of_operation_does_its_work(void **state)
{
    (void)state;
    struct world w;
    world_with_queue(1, &w);
    struct errand e = { .place = 0 };
    struct disk_span span = { w.ones, 100 };
    const struct disk_op ops[] = {
        { .kind = DISK_MAKE_DIR, .name = "d" },
        { .kind = DISK_OPEN, .mode = DISK_OPEN_CREATE, .name = "d/x" },
        { .kind = DISK_WRITE_SYNC, .spans = &span, .spans_count = 1 },
        { .kind = DISK_ZERO, .offset = 100, .length = 900 },
        { .kind = DISK_TRUNCATE, .length = 500 },
        { .kind = DISK_READ, .spans = &span, .spans_count = 1, .offset = 450 },
        { .kind = DISK_SYNC },
        { .kind = DISK_RENAME, .name = "d/x", .name_to = "y" },
        { .kind = DISK_SYNC_DIR, .name = "" },
        { .kind = DISK_REMOVE_DIR, .name = "d" },
        { .kind = DISK_REMOVE, .name = "y" },
        { .kind = DISK_CLOSE },
    };
    struct disk_file *first = w.file;
    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        submit(&w, &e, ops[i]);
        disk_memory_settle(w.m, w.queue);
        assert_int_equal(e.op.result, ERR_OK);
        if (ops[i].kind == DISK_OPEN) w.file = e.op.file;
        if (ops[i].kind == DISK_READ) assert_int_equal(e.op.moved, 50);
    }
    w.file = first;
    assert_false(exists(&w, "y"));
    world_free(&w);
}

static void in_order_the_urgent_lane_comes_first(void **state)
{
    (void)state;
    struct world w;
    world_with_queue(1, &w);
    struct errand e[4] = { { .place = 0 } };
    static const enum disk_lane lanes[] = { DISK_LANE_BULK, DISK_LANE_READ, DISK_LANE_COMMIT,
                                            DISK_LANE_COMMIT };
    w.m->in_order = true;
    for (int i = 0; i < 4; i++)
        submit(&w, &e[i], (struct disk_op){ .kind = DISK_SYNC, .lane = lanes[i] });
    assert_int_equal(disk_memory_waiting(w.m), 4);
    assert_int_equal(disk_memory_finish_all(w.m), 4);
    (void)disk_queue_poll(w.queue);
    assert_int_equal(e[2].place, 1);
    assert_int_equal(e[3].place, 2);
    assert_int_equal(e[1].place, 3);
    assert_int_equal(e[0].place, 4);
    world_free(&w);
}

static uint32_t order_of(uint64_t seed)
{
    struct world w;
    world_with_queue(seed, &w);
    struct errand e[6] = { { .place = 0 } };
    uint32_t order = 0;
    for (int i = 0; i < 6; i++) submit(&w, &e[i], (struct disk_op){ .kind = DISK_SYNC });
    disk_memory_settle(w.m, w.queue);
    for (int i = 0; i < 6; i++) order = order * 10 + e[i].place;
    world_free(&w);
    return order;
}

static void the_seed_decides_the_order(void **state)
{
    (void)state;
    uint32_t different = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(order_of(seed), order_of(seed));
        different += order_of(seed) != order_of(seed + 1);
    }
    assert_true(different > 10);
}

/* ---- faults ---- */

static void the_chosen_call_fails(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t byte;
    uint64_t moved = 7;
    struct disk_span span = { &byte, 1 };
    put(&w, 0, "x");
    w.m->fault[DISK_MEMORY_READS].fail_at = 2;
    w.m->fault[DISK_MEMORY_WRITES].fail_at = 2;
    w.m->fault[DISK_MEMORY_WRITES].error = ERR_LIMIT;
    w.m->fault[DISK_MEMORY_SYNCS].fail_at = w.m->fault[DISK_MEMORY_SYNCS].count + 1;
    w.m->fault[DISK_MEMORY_NAMES].fail_permille = 1000;
    assert_int_equal(w.disk->read(w.disk, w.file, 0, span, &moved), ERR_OK);
    moved = 7;
    assert_int_equal(w.disk->read(w.disk, w.file, 0, span, &moved), ERR_IO);
    assert_int_equal(moved, 7);
    assert_int_equal(w.disk->read(w.disk, w.file, 0, span, &moved), ERR_OK);
    assert_int_equal(w.disk->write(w.disk, w.file, 0, SLICE_LIT("y")), ERR_LIMIT);
    assert_int_equal(w.disk->sync(w.disk, w.file), ERR_IO);
    assert_int_equal(w.disk->sync(w.disk, w.file), ERR_OK);
    assert_int_equal(w.disk->make_dir(w.disk, "d"), ERR_IO);
    world_free(&w);
}

static void a_full_disk_takes_what_fits_and_zeros_keep_their_space(void **state)
{
    (void)state;
    struct world w;
    world_with_queue(1, &w);
    struct errand e = { .place = 0 };
    struct disk_space space = { 0, 0 };
    w.m->capacity = 1000;
    submit(&w, &e, (struct disk_op){ .kind = DISK_ZERO, .length = 900 });
    disk_memory_settle(w.m, w.queue);
    assert_int_equal(e.op.result, ERR_OK);
    assert_int_equal(w.disk->space(w.disk, &space), ERR_OK);
    assert_int_equal(space.total, 1000);
    assert_int_equal(space.free, 100);
    struct slice ones = slice_of(w.ones, 200);
    assert_int_equal(w.disk->write(w.disk, w.file, 900, ones), ERR_LIMIT);
    assert_int_equal(disk_memory_used(w.m), 1000);
    assert_int_equal(w.disk->write(w.disk, w.file, 0, ones), ERR_OK);
    assert_int_equal(w.disk->truncate(w.disk, w.file, 1001), ERR_LIMIT);
    assert_int_equal(w.disk->truncate(w.disk, w.file, 100), ERR_OK);
    assert_int_equal(w.disk->write(w.disk, w.file, 100, ones), ERR_OK);
    world_free(&w);
}

static void read_now_is_busy_as_often_as_asked(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t byte;
    uint64_t moved;
    struct disk_span span = { &byte, 1 };
    uint32_t busy = 0;
    put(&w, 0, "x");
    assert_int_equal(w.disk->read_now(w.disk, w.file, 0, span, &moved), ERR_OK);
    w.m->busy_permille = 500;
    for (int i = 0; i < 1000; i++)
        busy += w.disk->read_now(w.disk, w.file, 0, span, &moved) == ERR_BUSY;
    assert_in_range(busy, 400, 600);
    world_free(&w);
}

static void a_write_gets_lost_or_lands_elsewhere(void **state)
{
    (void)state;
    struct world w = world_new(1);
    put(&w, 0, "aaaa");
    w.m->lose_write_at = 2;
    w.m->misdirect_write_at = 3;
    w.m->misdirect_by = 2;
    put(&w, 0, "b");
    assert_true(holds(&w, "aaaa"));
    put(&w, 0, "c");
    assert_true(holds(&w, "aaca"));
    put(&w, 0, "d");
    assert_true(holds(&w, "daca"));
    world_free(&w);
}

static void rot_flips_one_bit(void **state)
{
    (void)state;
    struct world w = world_new(1);
    put(&w, 0, "abc");
    disk_memory_flip(w.m, "f", 1, 0);
    assert_true(holds(&w, "acc"));
    world_free(&w);
}

static void alter(void *ctx, const char *file, uint64_t offset, struct disk_span bytes)
{
    (void)ctx;
    assert_string_equal(file, "f");
    bytes.ptr[0] = (uint8_t)('0' + offset);
}

static void a_lying_read_brings_wrong_bytes_and_no_error(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t bytes[4];
    uint64_t moved;
    struct disk_span span = { bytes, 4 };
    put(&w, 0, "abcd");
    w.m->flip_permille = 1000;
    assert_int_equal(w.disk->read(w.disk, w.file, 0, span, &moved), ERR_OK);
    assert_int_equal(moved, 4);
    assert_memory_not_equal(bytes, "abcd", 4);
    w.m->flip_permille = 0;
    w.m->alter_read = alter;
    assert_int_equal(w.disk->read(w.disk, w.file, 1, span, &moved), ERR_OK);
    assert_memory_equal(bytes, "1cd", 3);
    assert_true(holds(&w, "abcd"));
    world_free(&w);
}

static void note_failed(void *ctx, struct slice file, uint64_t offset, uint64_t len)
{
    struct buf *told = ctx;
    buf_printf(told, "%.*s %llu %llu", SLICE_ARGS(file), (unsigned long long)offset,
               (unsigned long long)len);
}

static void a_read_that_fails_is_told(void **state)
{
    (void)state;
    struct world w = world_new(1);
    uint8_t bytes[4];
    uint64_t moved;
    struct buf told = { 0 };
    put(&w, 0, "abcd");
    w.m->on_read_failed = note_failed;
    w.m->read_failed_ctx = &told;
    struct disk_span span = { bytes, 3 };
    assert_int_equal(w.disk->read(w.disk, w.file, 1, span, &moved), ERR_OK);
    assert_int_equal(told.len, 0);
    w.m->fault[DISK_MEMORY_READS].fail_permille = 1000;
    assert_int_equal(w.disk->read(w.disk, w.file, 1, span, &moved), ERR_IO);
    assert_string_equal(buf_str(&told), "abcd 1 3");
    buf_deinit(&told);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(names_are_found_made_and_refused_as_file_systems_do),
        cmocka_unit_test(names_are_listed_in_bytewise_order),
        cmocka_unit_test(a_directory_is_renamed_with_what_is_in_it),
        cmocka_unit_test(a_removed_file_is_read_until_it_is_closed),
        cmocka_unit_test(who_may_only_read_changes_nothing),
        cmocka_unit_test(an_operation_waits_for_a_step_and_comes_home_in_a_poll),
        cmocka_unit_test(every_kind_of_operation_does_its_work),
        cmocka_unit_test(in_order_the_urgent_lane_comes_first),
        cmocka_unit_test(the_seed_decides_the_order),
        cmocka_unit_test(the_chosen_call_fails),
        cmocka_unit_test(a_read_that_fails_is_told),
        cmocka_unit_test(a_full_disk_takes_what_fits_and_zeros_keep_their_space),
        cmocka_unit_test(read_now_is_busy_as_often_as_asked),
        cmocka_unit_test(a_write_gets_lost_or_lands_elsewhere),
        cmocka_unit_test(rot_flips_one_bit),
        cmocka_unit_test(a_lying_read_brings_wrong_bytes_and_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
