/* SPDX-License-Identifier: Apache-2.0 */
/* Readers match while writers insert and remove. Some subscriptions stay for ever: each match that
 * they belong to must find them exactly once, and nothing that it finds may be foreign or dead.
 * What was removed is freed after a grace period, so that the address sanitizer sees a late reader,
 * and the thread sanitizer a race. */
#include "subject/interest.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/qsbr.h"
#include "base/rng.h"
#include "subject/subject.h"

enum { READERS = 3, WRITERS = 2, STEPS = 24000, LIVE_MAX = 8000, SUBJECTS = 40, STAYS = 9 };
enum { ALIVE = 0x600d, DEAD = 0xbad };

struct sub {
    struct interest_entry entry;
    uint32_t state;
    int stays; /* its number among those that stay; -1: one of the others */
    struct sub *next;
    char text[32];
};

struct world {
    struct qsbr qsbr;
    struct interest *index;
    struct sub *stays[STAYS];
    atomic_uint writers;
    atomic_uint wrong; /* matches that were not as they must be */
    atomic_uint right;
};

/* What a writer took out, until its grace period is over. */
struct removed {
    struct sub *subs;
    struct garbage *garbage;
    uint64_t ticket;
};

struct thread {
    pthread_t id;
    struct world *world;
    uint32_t number;
};

static const struct {
    const char *subject, *queue;
} stay_rows[STAYS] = {
    { "s.1", "" },  { "s.2", "" },     { "s.2", "q" }, { "s.*", "" },     { "s.>", "" },
    { ">", "" },    { "*.3", "group" }, { "d.4", "" },  { "d.4.deep", "" },
};

static struct sub *sub_new(const char *subject, const char *queue, int stays)
{
    struct sub *s = calloc(1, sizeof *s);
    (void)snprintf(s->text, sizeof s->text, "%s%s", subject, queue);
    s->entry.text = (const uint8_t *)s->text;
    s->entry.subject_len = (uint32_t)strlen(subject);
    s->entry.queue_len = (uint16_t)strlen(queue);
    s->state = ALIVE;
    s->stays = stays;
    return s;
}

/* ---- readers ---- */

struct tally {
    uint32_t of_stays[STAYS];
    bool foreign;
};

static void count_one(struct tally *t, struct interest_entry *entry, struct slice subject)
{
    const struct sub *s = container_of(entry, struct sub, entry);
    if (s->state != ALIVE || !subject_matches(interest_entry_subject(entry), subject))
        t->foreign = true;
    else if (s->stays >= 0) t->of_stays[s->stays]++;
}

static void count_entries(struct tally *t, struct entries *e, struct slice subject)
{
    uint32_t len = e == NULL ? 0 : atomic_load_explicit(&e->len, memory_order_acquire);
    for (uint32_t i = 0; i < len; i++) {
        struct interest_entry *entry = atomic_load_explicit(&e->at[i], memory_order_acquire);
        if (entry != NULL) count_one(t, entry, subject);
    }
}

static bool match_is_right(struct world *w, struct matches *m, const char *text)
{
    struct slice subject = slice_str(text);
    struct tally t = { 0 };
    interest_match(w->index, subject, m);
    if (m->single != NULL) count_one(&t, m->single, subject);
    for (uint32_t i = 0; i < m->count; i++) {
        struct topic *topic = m->topics[i];
        count_entries(&t, atomic_load_explicit(&topic->plain, memory_order_acquire), subject);
        struct groups *g = atomic_load_explicit(&topic->groups, memory_order_acquire);
        for (uint32_t k = 0; g != NULL && k < g->count; k++)
            count_entries(&t, atomic_load_explicit(&g->at[k]->members, memory_order_acquire),
                          subject);
    }
    for (int i = 0; i < STAYS; i++) {
        bool wants = subject_matches(interest_entry_subject(&w->stays[i]->entry), subject);
        if (t.of_stays[i] != (wants ? 1 : 0)) return false;
    }
    return !t.foreign;
}

static void random_subject(struct rng *rng, char text[16])
{
    static const char *const tails[] = { "", ".deep", ".x" };
    (void)snprintf(text, 16, "%c.%u%s", "sd"[rng_below(rng, 2)], rng_below(rng, SUBJECTS),
                   tails[rng_below(rng, 3)]);
}

static void *read_on(void *arg)
{
    struct thread *t = arg;
    struct world *w = t->world;
    struct matches m = { 0 };
    struct rng rng;
    rng_init(&rng, t->number);
    while (atomic_load(&w->writers) > 0) {
        qsbr_quiescent(&w->qsbr, t->number);
        for (int i = 0; i < 20; i++) {
            char text[16];
            random_subject(&rng, text);
            atomic_fetch_add(match_is_right(w, &m, text) ? &w->right : &w->wrong, 1);
        }
        (void)sched_yield();
    }
    qsbr_offline(&w->qsbr, t->number);
    matches_deinit(&m);
    return NULL;
}

/* ---- writers ---- */

static struct sub *random_sub(struct rng *rng)
{
    static const char *const queues[] = { "", "", "q", "group" };
    char text[16], unique[24];
    random_subject(rng, text);
    switch (rng_below(rng, 6)) {
    case 0: return sub_new(text, queues[rng_below(rng, 4)], -1);
    case 1: return sub_new("s.*", queues[rng_below(rng, 4)], -1);
    case 2:
        (void)snprintf(text, sizeof text, "*.%u.>", rng_below(rng, SUBJECTS));
        return sub_new(text, "", -1);
    default: /* makes the literal table grow, split and shrink */
        (void)snprintf(unique, sizeof unique, "u.%u", (unsigned)rng_below(rng, 1000000));
        return sub_new(unique, "", -1);
    }
}

static void free_removed(struct removed *r)
{
    while (r->subs != NULL) {
        struct sub *s = r->subs;
        r->subs = s->next;
        s->state = DEAD;
        free(s);
    }
    garbage_free(r->garbage);
    *r = (struct removed){ 0 };
}

/* Starts a grace period for what was removed lately, once the one before is over. */
static void advance(struct world *w, struct removed *waiting, struct removed *young)
{
    if (waiting->ticket != 0 && !qsbr_passed(&w->qsbr, waiting->ticket)) return;
    free_removed(waiting);
    if (young->subs == NULL && young->garbage == NULL) return;
    *waiting = *young;
    waiting->ticket = qsbr_retire(&w->qsbr);
    *young = (struct removed){ 0 };
}

static void take_out(struct world *w, struct sub **live, uint32_t *count, uint32_t at,
                     struct removed *young)
{
    struct sub *s = live[at];
    live[at] = live[--*count];
    interest_remove(w->index, &s->entry, &young->garbage);
    s->next = young->subs;
    young->subs = s;
}

static void *write_on(void *arg)
{
    struct thread *t = arg;
    struct world *w = t->world;
    struct sub **live = calloc(LIVE_MAX, sizeof *live);
    struct removed waiting = { 0 }, young = { 0 };
    struct rng rng;
    uint32_t count = 0;
    rng_init(&rng, 100 + t->number);
    for (int step = 0; step < STEPS; step++) {
        /* up beyond what splits the literal table, down, and up again */
        bool grows = step / 8000 % 2 == 0;
        if (count == LIVE_MAX || (count > 0 && rng_chance(&rng, grows ? 1 : 9, 10))) {
            take_out(w, live, &count, rng_below(&rng, count), &young);
        } else {
            struct sub *s = random_sub(&rng);
            interest_insert(w->index, &s->entry, &young.garbage);
            live[count++] = s;
        }
        advance(w, &waiting, &young);
        if (step % 16 == 0) (void)sched_yield();
    }
    while (count > 0) take_out(w, live, &count, count - 1, &young);
    while (waiting.ticket != 0 || young.subs != NULL) {
        advance(w, &waiting, &young);
        (void)sched_yield();
    }
    free_removed(&young);
    free(live);
    atomic_fetch_sub(&w->writers, 1);
    return NULL;
}

static struct world *world_new(void)
{
    struct world *w = aligned_alloc(CACHE_LINE, sizeof *w);
    struct garbage *garbage = NULL;
    qsbr_init(&w->qsbr);
    w->index = interest_new(3);
    for (int i = 0; i < STAYS; i++) {
        w->stays[i] = sub_new(stay_rows[i].subject, stay_rows[i].queue, i);
        interest_insert(w->index, &w->stays[i]->entry, &garbage);
    }
    garbage_free(garbage);
    atomic_init(&w->writers, WRITERS);
    atomic_init(&w->wrong, 0);
    atomic_init(&w->right, 0);
    return w;
}

static void what_stays_is_always_found_once_while_others_come_and_go(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct thread threads[READERS + WRITERS];
    for (uint32_t i = 0; i < READERS + WRITERS; i++) {
        threads[i] = (struct thread){ .world = w, .number = i };
        void *(*run)(void *) = i < READERS ? read_on : write_on;
        assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
    }
    for (uint32_t i = 0; i < READERS + WRITERS; i++)
        assert_int_equal(pthread_join(threads[i].id, NULL), 0);
    assert_int_equal(atomic_load(&w->wrong), 0);
    assert_true(atomic_load(&w->right) > 0);
    assert_int_equal(interest_check(w->index), STAYS);
    interest_free(w->index);
    for (int i = 0; i < STAYS; i++) free(w->stays[i]);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_is_always_found_once_while_others_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
