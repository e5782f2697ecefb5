/* SPDX-License-Identifier: Apache-2.0 */
#include "os/roster.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "os/thread.h"

static void add(void *ctx, const char *name, const char *doing)
{
    buf_printf(ctx, "%s: %s\n", name, doing);
}

static void expect_rows(struct roster *r, const char *rows)
{
    struct buf out = { 0 };
    struct threads *t = roster_threads(r);
    t->list(t, add, &out);
    assert_string_equal(buf_str(&out), rows);
    buf_deinit(&out);
}

/* A thread that goes on when it is told to. */
struct walker {
    struct roster *roster;
    sem_t go, there;
    _Atomic(const char *) place;
};

static void pause_here(struct walker *w)
{
    (void)sem_post(&w->there);
    (void)sem_wait(&w->go);
}

static void walk(void *ctx)
{
    struct walker *w = ctx;
    pause_here(w);
    roster_doing(w->roster, "walking");
    pause_here(w);
    roster_doing_at(w->roster, &w->place);
    pause_here(w);
}

static void next(struct walker *w)
{
    (void)sem_post(&w->go);
    (void)sem_wait(&w->there);
}

static void a_thread_shows_its_name_and_what_it_does_until_it_ends(void **state)
{
    (void)state;
    struct walker w = { .roster = roster_new() };
    atomic_init(&w.place, "looking");
    (void)sem_init(&w.go, 0, 0);
    (void)sem_init(&w.there, 0, 0);
    expect_rows(w.roster, "");
    struct thread *t = thread_start(w.roster, "walker 1", walk, &w);
    assert_non_null(t);
    (void)sem_wait(&w.there);
    expect_rows(w.roster, "walker 1: starting\n");
    next(&w);
    expect_rows(w.roster, "walker 1: walking\n");
    next(&w);
    expect_rows(w.roster, "walker 1: looking\n");
    atomic_store(&w.place, "resting");
    expect_rows(w.roster, "walker 1: resting\n");
    (void)sem_post(&w.go);
    (void)thread_join(t);
    expect_rows(w.roster, "");
    (void)sem_destroy(&w.go);
    (void)sem_destroy(&w.there);
    assert_null(roster_free(w.roster));
}

static void rows_stand_in_the_order_of_entering_each_in_its_own_roster(void **state)
{
    (void)state;
    char name[16], rows[64];
    struct roster *other = roster_new();
    struct walker w = { .roster = roster_new() };
    (void)pthread_getname_np(pthread_self(), name, sizeof name);
    (void)sem_init(&w.go, 0, 0);
    (void)sem_init(&w.there, 0, 0);
    roster_enter(w.roster, "testing");
    struct thread *t = thread_start(w.roster, "second", walk, &w);
    (void)sem_wait(&w.there);
    (void)snprintf(rows, sizeof rows, "%s: testing\nsecond: starting\n", name);
    expect_rows(w.roster, rows);
    roster_doing(other, "not entered there");
    expect_rows(other, "");
    roster_enter(other, "testing too");
    roster_leave(w.roster);
    expect_rows(w.roster, "second: starting\n");
    roster_leave(other);
    atomic_init(&w.place, "done");
    for (int i = 0; i < 3; i++) (void)sem_post(&w.go);
    (void)thread_join(t);
    (void)sem_destroy(&w.go);
    (void)sem_destroy(&w.there);
    assert_null(roster_free(w.roster));
    assert_null(roster_free(other));
}

static void a_roster_of_null_notes_nobody(void **state)
{
    (void)state;
    _Atomic(const char *) place;
    atomic_init(&place, "there");
    roster_enter(NULL, "here");
    roster_doing(NULL, "there");
    roster_doing_at(NULL, &place);
    roster_leave(NULL);
    assert_null(roster_free(NULL));
}

/* ---- many at once ---- */

enum { CHANGES = 2000, COMERS = 4 };

static void come_and_change(void *ctx)
{
    struct roster *r = ctx;
    static const char *const texts[] = { "one", "two" };
    for (int i = 0; i < CHANGES; i++) roster_doing(r, texts[i % 2]);
}

static void count(void *ctx, const char *name, const char *doing)
{
    (void)name;
    uint32_t *known = ctx;
    *known += strcmp(doing, "starting") == 0 || strcmp(doing, "one") == 0 ||
              strcmp(doing, "two") == 0;
}

static void lists_are_whole_while_threads_come_change_and_go(void **state)
{
    (void)state;
    struct roster *r = roster_new();
    struct threads *all = roster_threads(r);
    for (int round = 0; round < 20; round++) {
        struct thread *t[COMERS];
        uint32_t known = 0;
        for (int i = 0; i < COMERS; i++) {
            t[i] = thread_start(r, "comer", come_and_change, r);
            assert_non_null(t[i]);
            all->list(all, count, &known);
        }
        for (int i = 0; i < COMERS; i++) (void)thread_join(t[i]);
        assert_true(known <= COMERS * (COMERS + 1) / 2);
        expect_rows(r, "");
    }
    assert_null(roster_free(r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_shows_its_name_and_what_it_does_until_it_ends),
        cmocka_unit_test(rows_stand_in_the_order_of_entering_each_in_its_own_roster),
        cmocka_unit_test(a_roster_of_null_notes_nobody),
        cmocka_unit_test(lists_are_whole_while_threads_come_change_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
