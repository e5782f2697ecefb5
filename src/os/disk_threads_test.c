/* SPDX-License-Identifier: Apache-2.0 */
/* Several owners of queues at work on one disk: everything comes home, once, with its own bytes. */
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "os/disk.h"

enum { OWNERS = 3, ERRANDS = 8, ROUNDS = 400, BLOCK = 4096 };

struct owner;

struct errand {
    struct disk_op   op;
    struct disk_span span;
    struct owner    *owner;
    uint8_t          number; /* of the errand: where it writes */
    uint8_t          round;  /* what it has written last */
    bool             reads;
    uint8_t          bytes[BLOCK];
};

struct owner {
    pthread_t          id;
    pthread_mutex_t    mutex;
    pthread_cond_t     woken;
    bool               is_woken;
    struct disk       *disk;
    struct disk_queue *queue;
    struct disk_file  *file;
    struct rng         rng;
    uint32_t           left; /* operations to submit */
    uint32_t           done;
    uint32_t           wrong;
    struct errand      errands[ERRANDS];
};

static void wake(void *ctx)
{
    struct owner *o = ctx;
    (void)pthread_mutex_lock(&o->mutex);
    o->is_woken = true;
    (void)pthread_cond_signal(&o->woken);
    (void)pthread_mutex_unlock(&o->mutex);
}

static void sleep_until_woken(struct owner *o)
{
    (void)pthread_mutex_lock(&o->mutex);
    while (!o->is_woken) (void)pthread_cond_wait(&o->woken, &o->mutex);
    o->is_woken = false;
    (void)pthread_mutex_unlock(&o->mutex);
}

static void submit(struct errand *e);

/* What was read must be what the errand before it wrote. */
static void is_home(struct disk_op *op)
{
    struct errand *e = container_of(op, struct errand, op);
    struct owner *o = e->owner;
    o->done++;
    if (op->result != ERR_OK || op->moved != BLOCK) o->wrong++;
    for (uint32_t i = 0; e->reads && i < BLOCK; i += 511)
        if (e->bytes[i] != e->round) o->wrong++;
    if (o->left > 0) submit(e);
}

static void submit(struct errand *e)
{
    struct owner *o = e->owner;
    o->left--;
    e->reads = !e->reads;
    if (!e->reads) e->round++;
    memset(e->bytes, e->reads ? 0 : e->round, BLOCK);
    e->span = (struct disk_span){ e->bytes, BLOCK };
    e->op = (struct disk_op){ .kind = e->reads ? DISK_READ : DISK_WRITE,
                              .lane = (enum disk_lane)rng_below(&o->rng, DISK_LANES),
                              .file = o->file,
                              .offset = (uint64_t)e->number * BLOCK,
                              .spans = &e->span,
                              .spans_count = 1,
                              .done = is_home };
    if (!e->reads && e->round % 16 == 0) e->op.kind = DISK_WRITE_SYNC;
    disk_submit(o->queue, &e->op);
}

static void *own(void *arg)
{
    struct owner *o = arg;
    o->queue = o->disk->queue_new(o->disk, wake, o);
    for (uint32_t i = 0; i < ERRANDS; i++) {
        o->errands[i].owner = o;
        o->errands[i].number = (uint8_t)i;
        o->errands[i].reads = true;
        submit(&o->errands[i]);
    }
    while (o->queue->in_flight > 0) {
        if (disk_queue_poll(o->queue) == 0) sleep_until_woken(o);
    }
    o->queue->ops->free(o->queue); /* while a thread may be about to wake us */
    return NULL;
}

static void owner_init(struct owner *o, struct disk *disk, uint32_t number)
{
    char name[16];
    *o = (struct owner){ .disk = disk, .left = ROUNDS };
    (void)snprintf(name, sizeof name, "f%u", number);
    rng_init(&o->rng, number);
    (void)pthread_mutex_init(&o->mutex, NULL);
    (void)pthread_cond_init(&o->woken, NULL);
    assert_int_equal(disk->open(disk, name, DISK_OPEN_CREATE, &o->file, NULL), ERR_OK);
}

static void owner_deinit(struct owner *o)
{
    o->disk->close(o->disk, o->file);
    (void)pthread_cond_destroy(&o->woken);
    (void)pthread_mutex_destroy(&o->mutex);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static void all_that_several_queues_submit_comes_home_once(void **state)
{
    (void)state;
    struct os_disks disks;
    struct disk *disk = NULL;
    struct owner *owners = calloc(OWNERS, sizeof *owners);
    char dir[64] = "/tmp/midge-disk-XXXXXX";
    os_disks_init(&disks, NULL);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(disks.base.open(&disks.base, dir, false, &disk, NULL), ERR_OK);
    for (uint32_t i = 0; i < OWNERS; i++) {
        owner_init(&owners[i], disk, i);
        assert_int_equal(pthread_create(&owners[i].id, NULL, own, &owners[i]), 0);
    }
    for (uint32_t i = 0; i < OWNERS; i++) {
        assert_int_equal(pthread_join(owners[i].id, NULL), 0);
        assert_int_equal(owners[i].done, ROUNDS);
        assert_int_equal(owners[i].wrong, 0);
        owner_deinit(&owners[i]);
    }
    disks.base.close(&disks.base, disk);
    free(owners);
    assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_several_queues_submit_comes_home_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
