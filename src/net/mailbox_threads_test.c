/* SPDX-License-Identifier: Apache-2.0 */
/* Many producers on threads of their own, and one consumer that sleeps until it is woken. */
#include "net/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/sleep_testing.h"

enum { PRODUCERS = 3, RECORDS = 20000, LETTERS = 2000 };

struct world {
    struct sleep_env env;
    struct reactors *set;
    uint64_t next[PRODUCERS + 1]; /* consumer: the record that is due from each producer */
    uint64_t letters[PRODUCERS + 1];
    uint64_t wrong;
};

struct letter {
    struct mail mail;
    uint32_t from;
    uint32_t number;
};

struct producer {
    pthread_t id;
    struct world *world;
    struct reactor *reactor;
};

/* ---- producers and the consumer, which is reactor 0 ---- */

static void on_record(struct reactor *r, const struct record *rec)
{
    struct world *w = r->user;
    uint32_t from = rec->kind;
    uint64_t number;
    memcpy(&number, rec->bytes.ptr, sizeof number);
    if (number != w->next[from] || rec->targets[0] != w) w->wrong++;
    if ((rec->blob != NULL) != (number % 100 == 0)) w->wrong++;
    w->next[from]++;
}

static void on_letter(struct mail *mail, struct reactor *r)
{
    struct letter *l = container_of(mail, struct letter, mail);
    struct world *w = r->user;
    if (l->number != w->letters[l->from]) w->wrong++;
    w->letters[l->from]++;
    free(l);
}

static void post_one(struct producer *p, uint64_t number, struct blob *blob)
{
    void *targets[] = { p->world };
    struct record rec = { .kind = p->reactor->id,
                          .bytes = slice_of(&number, sizeof number),
                          .blob = number % 100 == 0 ? blob : NULL,
                          .targets = targets,
                          .targets_count = 1 };
    mailbox_record(p->reactor, p->world->set->at[0], &rec);
}

static void post_letter(struct producer *p, uint32_t number)
{
    struct letter *l = calloc(1, sizeof *l);
    *l = (struct letter){ { NULL, on_letter }, p->reactor->id, number };
    reactor_post(p->world->set->at[0], &l->mail);
}

static void *produce(void *arg)
{
    struct producer *p = arg;
    struct rng rng;
    struct blob *blob = blob_new(SLICE_LIT("shared by all records that carry it"));
    uint32_t letters = 0;
    rng_init(&rng, p->reactor->id);
    for (uint64_t number = 0; number < RECORDS;) {
        for (uint32_t burst = 1 + rng_below(&rng, 40); burst > 0 && number < RECORDS; burst--)
            post_one(p, number++, blob);
        mailbox_publish(p->reactor);
        if (letters < LETTERS) post_letter(p, letters++);
    }
    while (letters < LETTERS) post_letter(p, letters++);
    (void)blob_unref(blob);
    return NULL;
}

static bool all_arrived(const struct world *w)
{
    for (uint32_t i = 1; i <= PRODUCERS; i++)
        if (w->next[i] < RECORDS || w->letters[i] < LETTERS) return false;
    return true;
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    sleep_env_init(&w->env);
    w->set = reactors_new(&w->env.env, PRODUCERS + 1, 0);
    w->set->at[0]->user = w;
    w->set->at[0]->on_record = on_record;
    return w;
}

static void all_that_several_threads_post_arrives_in_order_and_wakes_the_sleeper(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct producer producers[PRODUCERS];
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){ .world = w, .reactor = w->set->at[i + 1] };
        assert_int_equal(pthread_create(&producers[i].id, NULL, produce, &producers[i]), 0);
    }
    while (!all_arrived(w)) (void)reactor_tick(w->set->at[0], NANOS_MAX);
    for (uint32_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i].id, NULL), 0);
    assert_int_equal(w->wrong, 0);
    assert_false(mailbox_has_work(w->set->at[0]));
    reactors_free(w->set);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_several_threads_post_arrives_in_order_and_wakes_the_sleeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
