/* SPDX-License-Identifier: Apache-2.0 */
/* Reactors in threads of their own subscribe and unsubscribe while the feature's reactor watches,
 * ends its watch and begins anew. After each round of changes the feature must come to know what is
 * so: a change that is lost shows as a round that does not end. */
#include "core/sub_watch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/core_fake.h"

enum { WRITERS = 2, HOME = WRITERS, ROUNDS = 3000, TICKS_MAX = 10 * 1000 * 1000 };

struct shared {
    struct world *world;
    struct sub_watch watch;
    pthread_barrier_t barrier;
    atomic_uint in;             /* writers that have a subscription, behind the barrier */
    atomic_bool is_met;         /* as the feature was told */
    atomic_uint lost;
};

struct writer {
    struct shared *shared;
    struct sink sink;
    struct sub *sub;
    uint32_t number;
    pthread_t thread;
};

static void never(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                  const struct message *m)
{
    (void)sink;
    (void)cr;
    (void)sub;
    (void)m;
}

static void toggle(struct writer *w, struct reactor *r)
{
    struct account *a = w->shared->world->core->global;
    if (w->sub == NULL) {
        w->sub = sub_new(&r->door, &w->sink, SLICE_LIT("d.x"), SLICE_LIT(""), SLICE_LIT(""));
        sub_enter(r, a, w->sub);
    } else {
        sub_leave(r, a, w->sub);
        w->sub = NULL;
    }
}

/* Ticks until the feature knows what is so. */
static void settle(struct shared *s, struct reactor *r)
{
    bool want = atomic_load(&s->in) > 0;
    uint32_t ticks = 0;
    while (atomic_load(&s->is_met) != want && ticks++ < TICKS_MAX) (void)reactor_tick(r, 0);
    if (ticks >= TICKS_MAX) atomic_fetch_add(&s->lost, 1);
}

static void *write_on(void *arg)
{
    struct writer *w = arg;
    struct shared *s = w->shared;
    struct reactor *r = s->world->fake->set->at[w->number];
    struct rng rng;
    rng_init(&rng, w->number);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        bool was_in = w->sub != NULL;
        for (uint32_t i = 1 + rng_below(&rng, 3); i > 0; i--) toggle(w, r);
        if (was_in != (w->sub != NULL)) atomic_fetch_add(&s->in, was_in ? -1U : 1U);
        (void)pthread_barrier_wait(&s->barrier);
        settle(s, r);
        (void)pthread_barrier_wait(&s->barrier);
        (void)reactor_tick(r, 0);
    }
    if (w->sub != NULL) toggle(w, r);
    return NULL;
}

static void told(struct sub_watch *watch, struct core_reactor *cr)
{
    struct shared *s = container_of(watch, struct shared, watch);
    atomic_store(&s->is_met, sub_watch_is_met(cr, watch));
}

static void watch_anew(struct shared *s)
{
    struct core_reactor *cr = s->world->core->at[HOME];
    sub_watch_end(&s->watch);
    s->watch = (struct sub_watch){ .told = told };
    sub_watch_begin(cr, s->world->core->global, &s->watch, SLICE_LIT("d.x"), SLICE_LIT(""));
    told(&s->watch, cr);
}

static void watch_on(struct shared *s)
{
    struct reactor *r = s->world->fake->set->at[HOME];
    struct rng rng;
    rng_init(&rng, HOME);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = rng_below(&rng, 4); i > 0; i--) watch_anew(s);
        (void)pthread_barrier_wait(&s->barrier);
        settle(s, r);
        (void)pthread_barrier_wait(&s->barrier);
        (void)reactor_tick(r, 0);
    }
}

static void no_change_is_lost_between_reactors(void **state)
{
    (void)state;
    struct shared s = { .world = world_new(WRITERS + 1, NULL) };
    struct writer writers[WRITERS];
    assert_int_equal(pthread_barrier_init(&s.barrier, NULL, WRITERS + 1), 0);
    watch_anew(&s);
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ .shared = &s, .number = i };
        writers[i].sink = (struct sink){ .reactor = i, .deliver = never };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_on, &writers[i]), 0);
    }
    watch_on(&s);
    for (uint32_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
    assert_int_equal(s.lost, 0);
    sub_watch_end(&s.watch);
    (void)pthread_barrier_destroy(&s.barrier);
    world_run(s.world);
    world_free(s.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_change_is_lost_between_reactors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
