/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/disks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

enum { OPS = 20 };

struct world {
    struct sim_clock clock;
    struct sim_disks disks;
    struct disk *disk;
    struct disk_queue *queue;
    struct disk_op ops[OPS];
    uint64_t order; /* hash of what came home, when */
};

static void world_init(struct world *w, uint64_t seed)
{
    *w = (struct world){ 0 };
    sim_clock_init(&w->clock);
    sim_disks_init(&w->disks, &w->clock, seed);
    assert_int_equal(w->disks.base.open(&w->disks.base, "store", false, &w->disk, NULL), ERR_OK);
    w->queue = w->disk->queue_new(w->disk, NULL, NULL);
}

static void world_deinit(struct world *w)
{
    w->queue->ops->free(w->queue);
    w->disks.base.close(&w->disks.base, w->disk);
    sim_disks_deinit(&w->disks);
}

static void ignore(struct disk_op *op)
{
    (void)op;
}

static void submit_all(struct world *w)
{
    for (uint32_t i = 0; i < OPS; i++) {
        w->ops[i] = (struct disk_op){ .kind = DISK_SYNC_DIR, .name = "", .done = ignore };
        disk_submit(w->queue, &w->ops[i]);
    }
}

/* Steps until nothing waits; returns how often, and what finished in which step is hashed. */
static uint32_t run_out(struct world *w)
{
    uint32_t steps = 0;
    for (; !sim_disks_idle(&w->disks); steps++) {
        uint32_t done = sim_disks_step(&w->disks);
        w->order = hash_bytes(slice_of(&done, sizeof done), w->order);
        (void)disk_queue_poll(w->queue);
        sim_clock_advance(&w->clock, MILLISECOND);
    }
    return steps;
}

static uint64_t order_of(uint64_t seed)
{
    struct world w;
    world_init(&w, seed);
    submit_all(&w);
    (void)run_out(&w);
    assert_int_equal(w.queue->in_flight, 0);
    world_deinit(&w);
    return w.order;
}

static void operations_finish_as_the_seed_decides(void **state)
{
    (void)state;
    assert_true(order_of(1) == order_of(1));
    assert_true(order_of(1) != order_of(2));
}

static void a_disk_that_stalls_takes_longer(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 1);
    submit_all(&w);
    w.disks.stall_permille = 1000;
    w.disks.stall_max = 0;
    assert_int_equal(sim_disks_step(&w.disks), 0);
    w.disks.stall_permille = 500;
    w.disks.stall_max = 10 * SECOND;
    assert_true(run_out(&w) > 1000);
    world_deinit(&w);
}

static void a_directory_is_open_once_and_keeps_what_was_safe(void **state)
{
    (void)state;
    struct world w;
    struct disk *other = NULL;
    struct disks *all = &w.disks.base;
    world_init(&w, 1);
    assert_int_equal(all->open(all, "store", false, &other, NULL), ERR_CLOSED);
    assert_int_equal(all->open(all, "no", true, &other, NULL), ERR_NOTFOUND);
    assert_null(sim_disks_find(&w.disks, "no"));
    sim_disks_find(&w.disks, "store")->crash_loses_all = true;
    assert_int_equal(w.disk->make_dir(w.disk, "safe"), ERR_OK);
    assert_int_equal(w.disk->sync_dir(w.disk, ""), ERR_OK);
    assert_int_equal(w.disk->make_dir(w.disk, "lost"), ERR_OK);
    sim_disks_crash(&w.disks);
    w.queue->ops->free(w.queue);
    all->close(all, w.disk);
    assert_int_equal(all->open(all, "store", false, &w.disk, NULL), ERR_OK);
    w.queue = w.disk->queue_new(w.disk, NULL, NULL);
    assert_int_equal(w.disk->sync_dir(w.disk, "safe"), ERR_OK);
    assert_int_equal(w.disk->sync_dir(w.disk, "lost"), ERR_NOTFOUND);
    world_deinit(&w);
}

static void who_opens_to_read_may_not_write(void **state)
{
    (void)state;
    struct world w;
    struct disk *reader = NULL;
    struct disks *all = &w.disks.base;
    world_init(&w, 1);
    sim_disks_kill(&w.disks);
    w.queue->ops->free(w.queue);
    all->close(all, w.disk);
    assert_int_equal(all->open(all, "store", true, &reader, NULL), ERR_OK);
    assert_int_equal(reader->make_dir(reader, "d"), ERR_DENIED);
    all->close(all, reader);
    sim_disks_deinit(&w.disks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_finish_as_the_seed_decides),
        cmocka_unit_test(a_disk_that_stalls_takes_longer),
        cmocka_unit_test(a_directory_is_open_once_and_keeps_what_was_safe),
        cmocka_unit_test(who_opens_to_read_may_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
