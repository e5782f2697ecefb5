/* SPDX-License-Identifier: Apache-2.0 */
/* Reactors with a disk each, whose operations two threads finish while the reactor is about to
 * sleep, asleep or awake. Nothing else wakes it: an operation that it sleeps over is found by the
 * fake poller. */
#include "net/reactor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/sleep_testing.h"

enum { REACTORS = 2, FINISHERS = 2, OPS = 6, ROUNDS = 20000 };

/* A disk queue whose operations a finisher takes from a slot and pushes when it likes. */
struct fake_disk {
    struct disk_queue base;
    _Atomic(struct list *) finished; /* newest first */
    _Atomic(struct disk_op *) slots[OPS];
    struct reactor *reactor;
    struct disk_op ops[OPS];
    uint32_t left; /* to submit */
    uint32_t done;
};

struct world {
    struct sleep_env env;
    struct reactors *set;
    struct fake_disk disks[REACTORS];
    atomic_bool stop;
};

struct finisher {
    struct world *world;
    struct rng rng;
    pthread_t id;
};

static struct fake_disk *disk_of(struct disk_queue *base)
{
    return container_of(base, struct fake_disk, base);
}

static void disk_put(struct disk_queue *base, struct disk_op *op)
{
    struct fake_disk *d = disk_of(base);
    op->queue = base;
    base->in_flight++;
    atomic_store(&d->slots[op - d->ops], op);
}

static uint32_t disk_poll(struct disk_queue *base)
{
    struct list *at = atomic_exchange(&disk_of(base)->finished, NULL);
    uint32_t done = 0;
    for (; at != NULL; done++) {
        struct disk_op *op = container_of(at, struct disk_op, node);
        at = at->next;
        base->in_flight--;
        op->done(op);
    }
    return done;
}

static bool disk_has_finished(struct disk_queue *base)
{
    return atomic_load(&disk_of(base)->finished) != NULL;
}

static const struct disk_queue_ops disk_ops = { .submit = disk_put,
                                                .poll = disk_poll,
                                                .has_finished = disk_has_finished };

static void is_home(struct disk_op *op)
{
    struct fake_disk *d = disk_of(op->queue);
    d->done++;
    if (d->left == 0) return;
    d->left--;
    disk_submit(&d->base, op);
}

static void finish(struct fake_disk *d, struct disk_op *op)
{
    op->node.next = atomic_load(&d->finished);
    while (!atomic_compare_exchange_weak(&d->finished, &op->node.next, &op->node)) {}
    reactor_wake(d->reactor);
}

static void *finish_what_comes(void *arg)
{
    struct finisher *f = arg;
    while (!atomic_load(&f->world->stop)) {
        struct fake_disk *d = &f->world->disks[rng_below(&f->rng, REACTORS)];
        struct disk_op *op = atomic_exchange(&d->slots[rng_below(&f->rng, OPS)], NULL);
        if (op != NULL) finish(d, op);
    }
    return NULL;
}

static void *run(void *arg)
{
    struct fake_disk *d = arg;
    for (uint32_t i = 0; i < OPS; i++) {
        d->ops[i] = (struct disk_op){ .kind = DISK_SYNC, .done = is_home };
        disk_submit(&d->base, &d->ops[i]);
    }
    while (d->base.in_flight > 0) (void)reactor_tick(d->reactor, NANOS_MAX);
    qsbr_offline(&d->reactor->set->qsbr, d->reactor->id);
    return NULL;
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    sleep_env_init(&w->env);
    w->set = reactors_new(&w->env.env, REACTORS, 0);
    for (uint32_t i = 0; i < REACTORS; i++) {
        struct fake_disk *d = &w->disks[i];
        *d = (struct fake_disk){ .base.ops = &disk_ops, .reactor = w->set->at[i], .left = ROUNDS };
        reactor_set_disk(d->reactor, &d->base);
    }
    return w;
}

static void a_reactor_never_sleeps_over_a_disk_operation_that_has_finished(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct finisher finishers[FINISHERS];
    pthread_t threads[REACTORS];
    for (uint32_t i = 0; i < FINISHERS; i++) {
        finishers[i].world = w;
        rng_init(&finishers[i].rng, i);
        assert_int_equal(pthread_create(&finishers[i].id, NULL, finish_what_comes, &finishers[i]),
                         0);
    }
    for (uint32_t i = 0; i < REACTORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &w->disks[i]), 0);
    for (uint32_t i = 0; i < REACTORS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    atomic_store(&w->stop, true);
    for (uint32_t i = 0; i < FINISHERS; i++)
        assert_int_equal(pthread_join(finishers[i].id, NULL), 0);
    for (uint32_t i = 0; i < REACTORS; i++) {
        assert_int_equal(w->disks[i].done, ROUNDS + OPS);
        reactor_set_disk(w->set->at[i], NULL);
    }
    reactors_free(w->set);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reactor_never_sleeps_over_a_disk_operation_that_has_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
