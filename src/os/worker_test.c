/* SPDX-License-Identifier: Apache-2.0 */
#include "os/worker.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

struct piece {
    struct work  work;
    atomic_int  *ran;
    atomic_int  *finished;
    sem_t       *gate;              /* run() waits for it; NULL: it does not */
    sem_t       *done;
};

static void piece_run(struct work *work)
{
    struct piece *p = container_of(work, struct piece, work);
    if (p->gate != NULL) assert_int_equal(sem_wait(p->gate), 0);
    atomic_fetch_add(p->ran, 1);
}

static void piece_finished(struct work *work)
{
    struct piece *p = container_of(work, struct piece, work);
    atomic_fetch_add(p->finished, 1);
    assert_int_equal(sem_post(p->done), 0);
}

static void every_piece_is_run_and_finished_once(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct piece pieces[COUNT];
    atomic_int ran = 0, finished = 0;
    sem_t done;
    assert_int_equal(sem_init(&done, 0, 0), 0);
    struct worker *w = os_worker_new(NULL);
    for (int i = 0; i < COUNT; i++) {
        pieces[i] = (struct piece){
            .work = { .doing = "a piece", .run = piece_run, .finished = piece_finished },
            .ran = &ran,
            .finished = &finished,
            .done = &done
        };
        assert_int_equal(w->submit(w, &pieces[i].work), ERR_OK);
    }
    for (int i = 0; i < COUNT; i++) assert_int_equal(sem_wait(&done), 0);
    assert_int_equal(ran, COUNT);
    assert_int_equal(finished, COUNT);
    (void)os_worker_free(w);
    (void)sem_destroy(&done);
}

static void a_full_queue_refuses_and_the_end_only_finishes_what_waits(void **state)
{
    (void)state;
    static struct piece pieces[WORKER_QUEUE_MAX + WORKER_THREADS + 1];
    atomic_int ran = 0, finished = 0;
    sem_t gate, done;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    assert_int_equal(sem_init(&done, 0, 0), 0);
    struct worker *w = os_worker_new(NULL);
    int taken = 0, refused = 0;
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
        pieces[i] = (struct piece){
            .work = { .doing = "a piece", .run = piece_run, .finished = piece_finished },
            .ran = &ran,
            .finished = &finished,
            .gate = &gate,
            .done = &done
        };
        if (w->submit(w, &pieces[i].work) == ERR_OK) taken++;
        else refused++;
    }
    assert_true(taken >= WORKER_QUEUE_MAX);
    assert_true(refused >= 1);
    for (int i = 0; i < WORKER_THREADS; i++) assert_int_equal(sem_post(&gate), 0);
    for (int i = 0; i < WORKER_THREADS; i++) assert_int_equal(sem_wait(&done), 0);
    for (int i = 0; i < taken; i++) assert_int_equal(sem_post(&gate), 0);
    (void)os_worker_free(w);
    assert_int_equal(finished, taken);
    assert_true(ran <= taken);
    (void)sem_destroy(&gate);
    (void)sem_destroy(&done);
}

static void quick_work_does_not_stand_behind_long_work(void **state)
{
    (void)state;
    enum { LONG = 10 };
    static struct piece pieces[LONG + 1];
    atomic_int ran = 0, finished = 0, quick_ran = 0;
    sem_t gate, done, quick_done;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    assert_int_equal(sem_init(&done, 0, 0), 0);
    assert_int_equal(sem_init(&quick_done, 0, 0), 0);
    struct worker *w = os_worker_new(NULL);
    for (int i = 0; i <= LONG; i++) {
        bool is_quick = i == LONG;
        pieces[i] = (struct piece){ .work = { .doing = "a piece",
                                              .run = piece_run,
                                              .finished = piece_finished,
                                              .is_quick = is_quick },
                                    .ran = is_quick ? &quick_ran : &ran,
                                    .finished = &finished,
                                    .gate = is_quick ? NULL : &gate,
                                    .done = is_quick ? &quick_done : &done };
        assert_int_equal(w->submit(w, &pieces[i].work), ERR_OK);
    }
    assert_int_equal(sem_wait(&quick_done), 0);
    assert_int_equal(quick_ran, 1);
    assert_int_equal(ran, 0);           /* nobody has opened the gate */
    for (int i = 0; i < LONG; i++) assert_int_equal(sem_post(&gate), 0);
    for (int i = 0; i < LONG; i++) assert_int_equal(sem_wait(&done), 0);
    assert_int_equal(ran, LONG);
    (void)os_worker_free(w);
    (void)sem_destroy(&gate);
    (void)sem_destroy(&done);
    (void)sem_destroy(&quick_done);
}

static void add_thread(void *ctx, const char *name, const char *doing)
{
    buf_printf(ctx, "%s: %s\n", name, doing);
}

static void list(struct roster *r, struct buf *to)
{
    struct threads *all = roster_threads(r);
    to->len = 0;
    all->list(all, add_thread, to);
}

struct watched {
    struct work    work;
    struct roster *roster;
    struct buf     seen;
    sem_t          done;
};

static void look_around(struct work *work)
{
    struct watched *w = container_of(work, struct watched, work);
    list(w->roster, &w->seen);
}

static void tell_done(struct work *work)
{
    assert_int_equal(sem_post(&container_of(work, struct watched, work)->done), 0);
}

static void a_thread_says_what_it_works_on(void **state)
{
    (void)state;
    struct watched p = {
        .work = { .doing = "looking around", .run = look_around, .finished = tell_done },
        .roster = roster_new()
    };
    struct buf now = { 0 };
    assert_int_equal(sem_init(&p.done, 0, 0), 0);
    struct worker *w = os_worker_new(p.roster);
    assert_int_equal(w->submit(w, &p.work), ERR_OK);
    assert_int_equal(sem_wait(&p.done), 0);
    assert_string_equal(buf_str(&p.seen), "worker 1: looking around\n");
    do list(p.roster, &now);            /* it is on its way there */
    while (strcmp(buf_str(&now), "worker 1: waiting for work\n") != 0);
    (void)os_worker_free(w);
    assert_null(roster_free(p.roster));
    buf_deinit(&p.seen);
    buf_deinit(&now);
    (void)sem_destroy(&p.done);
}

static void a_worker_that_never_worked_ends_at_once(void **state)
{
    (void)state;
    assert_null(os_worker_free(os_worker_new(NULL)));
    assert_null(os_worker_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_run_and_finished_once),
        cmocka_unit_test(a_full_queue_refuses_and_the_end_only_finishes_what_waits),
        cmocka_unit_test(quick_work_does_not_stand_behind_long_work),
        cmocka_unit_test(a_thread_says_what_it_works_on),
        cmocka_unit_test(a_worker_that_never_worked_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
