/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens go from reactor to reactor, each on a thread of its own and asleep whenever it may be: as
 * records, as mail, by way of a timer. A token that nobody is due to look at again stands still,
 * and then all sleep until the fake poller finds it too long. Meanwhile each reactor retires what
 * records point to, so that sleeps of all kinds meet: until a wake-up, to a timer, for the
 * limbo. */
#include "net/reactor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/sleep_testing.h"

enum { REACTORS = 4, TOKENS = 6, HOPS = 6000, ALIVE = 0x600d, DEAD = 0xbad };

/* What stands for a subscription: belongs to a reactor, others post its address. */
struct place {
    struct retired retired;
    uint32_t state;
    uint32_t reactor;
};

struct token {
    struct mail mail;
    struct timer timer;
    struct reactor *at; /* where the timer stands */
    uint32_t hops_left;
};

struct world {
    struct sleep_env env;
    struct reactors *set;
    _Atomic(struct place *) places[REACTORS];
    struct token tokens[TOKENS];
    struct mail halts[REACTORS];
    atomic_uint tokens_left;
    atomic_uint wrong; /* records whose place was gone */
};

static struct world *world_of(struct reactor *r)
{
    return r->user;
}

static struct place *place_new(uint32_t reactor)
{
    struct place *p = calloc(1, sizeof *p);
    *p = (struct place){ .state = ALIVE, .reactor = reactor };
    return p;
}

static void place_free(struct retired *r)
{
    struct place *p = container_of(r, struct place, retired);
    p->state = DEAD;
    free(p);
}

static void place_replace(struct reactor *r)
{
    struct place *old = atomic_exchange(&world_of(r)->places[r->id], place_new(r->id));
    reactor_retire(r, &old->retired, place_free);
}

static struct reactor *another(struct reactor *r)
{
    return r->set->at[(r->id + 1 + rng_below(&r->rng, REACTORS - 1)) % REACTORS];
}

static void go_by_record(struct reactor *r, struct token *t)
{
    struct world *w = world_of(r);
    struct reactor *to = another(r);
    void *targets[] = { atomic_load(&w->places[to->id]) };
    struct record rec = { .kind = (uint32_t)(t - w->tokens),
                          .targets = targets,
                          .targets_count = 1 };
    mailbox_record(r, to, &rec);
}

static void on_mail(struct mail *mail, struct reactor *r)
{
    go_by_record(r, container_of(mail, struct token, mail));
}

static void on_timer(struct timer *timer, nanos now)
{
    struct token *t = container_of(timer, struct token, timer);
    (void)now;
    go_by_record(t->at, t);
}

static void halt(struct mail *mail, struct reactor *r)
{
    (void)mail;
    r->stop = true;
}

static void arrive_at_the_end(struct world *w)
{
    if (atomic_fetch_sub(&w->tokens_left, 1) > 1) return;
    for (uint32_t i = 0; i < REACTORS; i++) {
        w->halts[i].run = halt;
        reactor_post(w->set->at[i], &w->halts[i]);
    }
}

static void go_on(struct reactor *r, struct token *t)
{
    switch (rng_below(&r->rng, 16)) {
    case 0:
        t->at = r;
        wheel_set(&r->wheel, &t->timer, r->now + rng_below(&r->rng, 3) * MILLISECOND);
        break;
    case 1:
    case 2: reactor_post(another(r), &t->mail); break;
    case 3:
        place_replace(r);
        go_by_record(r, t);
        break;
    default: go_by_record(r, t); break;
    }
}

static void on_record(struct reactor *r, const struct record *rec)
{
    struct world *w = world_of(r);
    const struct place *p = rec->targets[0];
    if (p->state != ALIVE || p->reactor != r->id) atomic_fetch_add(&w->wrong, 1);
    struct token *t = &w->tokens[rec->kind];
    if (--t->hops_left == 0) arrive_at_the_end(w);
    else go_on(r, t);
}

static void *run(void *arg)
{
    struct reactor *r = arg;
    while (!r->stop) (void)reactor_tick(r, NANOS_MAX);
    qsbr_offline(&r->set->qsbr, r->id);
    return NULL;
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    sleep_env_init(&w->env);
    w->set = reactors_new(&w->env.env, REACTORS, 0);
    for (uint32_t i = 0; i < REACTORS; i++) {
        w->set->at[i]->user = w;
        w->set->at[i]->on_record = on_record;
        rng_init(&w->set->at[i]->rng, i);
        atomic_init(&w->places[i], place_new(i));
    }
    atomic_init(&w->tokens_left, TOKENS);
    for (uint32_t i = 0; i < TOKENS; i++) {
        w->tokens[i] = (struct token){ .mail.run = on_mail, .hops_left = HOPS };
        timer_init(&w->tokens[i].timer, on_timer);
        reactor_post(w->set->at[i % REACTORS], &w->tokens[i].mail);
    }
    return w;
}

static void what_reactors_hand_each_other_never_waits_for_a_reactor_that_sleeps(void **state)
{
    (void)state;
    struct world *w = world_new();
    pthread_t threads[REACTORS];
    for (uint32_t i = 0; i < REACTORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, w->set->at[i]), 0);
    for (uint32_t i = 0; i < REACTORS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&w->wrong), 0);
    assert_int_equal(atomic_load(&w->tokens_left), 0);
    reactors_free(w->set);
    for (uint32_t i = 0; i < REACTORS; i++) free(atomic_load(&w->places[i]));
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_reactors_hand_each_other_never_waits_for_a_reactor_that_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
