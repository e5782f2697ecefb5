/* SPDX-License-Identifier: Apache-2.0 */
#include "core/match_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/core_fake.h"
#include "core/sub.h"

enum { SUBS = 40, ACCOUNTS = 2 };

struct fixture {
    struct world        *world;
    struct core_reactor *cr;
    struct account      *accounts[ACCOUNTS];
    struct sink          sink, inbox;
    struct sub          *subs[ACCOUNTS][SUBS];
    struct matches       got, want;
};

static void take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                 const struct message *m)
{
    (void)sink, (void)cr, (void)sub, (void)m;
}

static void fetch(const struct sink *sink, uint32_t step)
{
    (void)sink, (void)step;
}

static void fixture_open(struct fixture *f)
{
    *f = (struct fixture){ .world = world_new(1, NULL),
                           .sink = { .deliver = take, .soon = fetch },
                           .inbox = { .deliver = take } };
    f->cr = f->world->core->at[0];
    f->accounts[0] = f->world->core->global;
    f->accounts[1] = accounts_get(f->world->core->accounts, SLICE_LIT("OTHER"));
}

static void subscribe(struct fixture *f, uint32_t account, uint32_t at, const char *subject,
                      const char *queue)
{
    struct reactor *r = f->world->fake->set->at[0];
    assert_null(f->subs[account][at]);
    f->subs[account][at] = sub_new(&r->door, &f->sink, slice_str(subject), slice_str(queue),
                                   SLICE_LIT(""));
    sub_enter(r, f->accounts[account], f->subs[account][at]);
}

static void unsubscribe(struct fixture *f, uint32_t account, uint32_t at)
{
    sub_leave(f->world->fake->set->at[0], f->accounts[account], f->subs[account][at]);
    f->subs[account][at] = NULL;
    world_run(f->world);
}

static void fixture_close(struct fixture *f)
{
    for (uint32_t a = 0; a < ACCOUNTS; a++)
        for (uint32_t i = 0; i < SUBS; i++)
            if (f->subs[a][i] != NULL) unsubscribe(f, a, i);
    matches_deinit(&f->got);
    matches_deinit(&f->want);
    world_free(f->world);
}

static struct interest_entry *known(const struct fixture *f, uint32_t account, const char *subject)
{
    const struct match_known *at = match_cache_soon(f->cr, slice_str(subject));
    return at == NULL ? NULL : match_cache_look(at, f->accounts[account], slice_str(subject));
}

static void ask(struct fixture *f, uint32_t account, const char *subject)
{
    match_cached(f->cr, f->accounts[account], slice_str(subject), &f->got);
}

/* The last look is asked first, but not for another text at another place, nor of another account
 * or another index. */
static void what_was_found_ahead_counts_for_that_message_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    subscribe(&f, 0, 0, "a.>", "");
    subscribe(&f, 0, 1, "b.>", "");
    struct slice a = SLICE_LIT("a.1");
    struct interest_entry *other = &f.subs[0][1]->entry;
    f.cr->found = (struct match_found){
        .subject = a,
        .account = f.accounts[0],
        .generation = interest_generation(f.accounts[0]->interest),
        .entry = other,                 /* a lie, so that it is seen who was asked */
    };
    match_cached(f.cr, f.accounts[0], a, &f.got);
    assert_ptr_equal(f.got.single, other);
    match_cached(f.cr, f.accounts[0], slice_first(a, 2), &f.got);
    assert_true(f.got.single != other);
    match_cached(f.cr, f.accounts[1], a, &f.got);
    assert_true(f.got.single != other);
    subscribe(&f, 0, 2, "c.>", "");
    match_cached(f.cr, f.accounts[0], a, &f.got);
    assert_true(f.got.single != other);
    assert_ptr_equal(known(&f, 0, "a.1"), &f.subs[0][0]->entry);
    f.cr->found.entry = NULL;
    fixture_close(&f);
}

static void one_that_is_alone_is_known_until_the_index_changes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    (void)match_cache_soon(f.cr, SLICE_LIT("a.b"));
    subscribe(&f, 0, 0, "a.>", "");
    assert_null(known(&f, 0, "a.b"));
    ask(&f, 0, "a.b");
    assert_ptr_equal(known(&f, 0, "a.b"), &f.subs[0][0]->entry);
    (void)match_cache_soon(f.cr, SLICE_LIT("a.b"));
    ask(&f, 0, "a.b");
    assert_ptr_equal(f.got.single, &f.subs[0][0]->entry);
    assert_int_equal(f.got.count, 0);
    subscribe(&f, 0, 1, "other", "");
    assert_null(known(&f, 0, "a.b"));
    ask(&f, 0, "a.b");
    unsubscribe(&f, 0, 0);
    assert_null(known(&f, 0, "a.b"));
    fixture_close(&f);
}

static void accounts_do_not_know_of_each_other(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    subscribe(&f, 0, 0, "a.>", "");
    subscribe(&f, 1, 0, "b.>", "");
    ask(&f, 0, "a.b");
    assert_non_null(known(&f, 0, "a.b"));
    assert_null(known(&f, 1, "a.b"));
    ask(&f, 1, "a.b");
    assert_null(f.got.single);
    assert_int_equal(f.got.count, 0);
    fixture_close(&f);
}

static void several_queues_and_long_subjects_are_not_kept(void **state)
{
    (void)state;
    struct fixture f;
    char subject[MATCH_CACHE_SUBJECT + 2];
    fixture_open(&f);
    subscribe(&f, 0, 0, "a.>", "");
    subscribe(&f, 0, 1, "a.b", "");
    subscribe(&f, 0, 2, "q.>", "workers");
    subscribe(&f, 0, 3, "l.>", "");
    ask(&f, 0, "a.b");
    ask(&f, 0, "q.b");
    assert_null(known(&f, 0, "a.b"));
    assert_null(known(&f, 0, "q.b"));
    (void)snprintf(subject, sizeof subject, "l.%0*d", MATCH_CACHE_SUBJECT - 2, 7);
    ask(&f, 0, subject);
    assert_non_null(known(&f, 0, subject));
    (void)snprintf(subject, sizeof subject, "l.%0*d", MATCH_CACHE_SUBJECT - 1, 7);
    ask(&f, 0, subject);
    assert_int_equal(f.got.count, 1);
    assert_null(known(&f, 0, subject));
    fixture_close(&f);
}

static void replies_do_not_drive_out_what_is_known(void **state)
{
    (void)state;
    struct fixture f;
    char subject[32];
    fixture_open(&f);
    subscribe(&f, 0, 0, "a.>", "");
    struct reactor *r = f.world->fake->set->at[0];
    struct sub *inbox = sub_new(&r->door, &f.inbox, SLICE_LIT("_INBOX.>"), SLICE_LIT(""),
                                SLICE_LIT(""));
    sub_enter(r, f.accounts[0], inbox);
    for (uint32_t i = 0; i < 100; i++) {
        (void)snprintf(subject, sizeof subject, "_INBOX.%u", i);
        ask(&f, 0, subject);
        assert_int_equal(f.got.count, 1);
        assert_null(known(&f, 0, subject));
    }
    ask(&f, 0, "a.b");
    assert_non_null(known(&f, 0, "a.b"));
    sub_leave(r, f.accounts[0], inbox);
    world_run(f.world);
    fixture_close(&f);
}

/* With one place for each, a fifth of so many would share theirs with another one. */
static void a_thousand_subjects_are_known_at_once(void **state)
{
    (void)state;
    struct fixture f;
    char subject[32];
    uint32_t count = 0;
    fixture_open(&f);
    subscribe(&f, 0, 0, "a.>", "");
    for (uint32_t i = 0; i < 2000; i++) {
        (void)snprintf(subject, sizeof subject, "a.%u", i % 1000);
        if (i >= 1000) count += known(&f, 0, subject) != NULL;
        else ask(&f, 0, subject);
    }
    assert_in_range(count, 950, 1000);
    fixture_close(&f);
}

static uint32_t entries_of(const struct matches *m, struct interest_entry **ret)
{
    uint32_t count = 0;
    if (m->single != NULL) ret[count++] = m->single;
    for (uint32_t i = 0; i < m->count; i++) {
        struct entries *e = atomic_load(&m->topics[i]->plain);
        for (uint32_t k = 0; e != NULL && k < atomic_load(&e->len); k++)
            if (atomic_load(&e->at[k]) != NULL) ret[count++] = atomic_load(&e->at[k]);
    }
    return count;
}

/* Always what the index says, whoever comes and goes. */
static void answers_are_those_of_the_index(void **state)
{
    (void)state;
    struct fixture f;
    struct rng rng;
    static const char *const patterns[] = { "a.>", "b.>", "*.x", "a.x", "a.y", "b.x.*", "c" };
    static const char *const subjects[] = { "a.x", "a.y", "b.x", "b.x.z", "c", "d" };
    uint32_t kept = 0;
    fixture_open(&f);
    rng_init(&rng, 11);
    for (uint32_t round = 0; round < 4000; round++) {
        uint32_t account = rng_below(&rng, ACCOUNTS);
        const char *subject = subjects[rng_below(&rng, ARRAY_COUNT(subjects))];
        if (rng_below(&rng, 4) == 0) {
            uint32_t at = rng_below(&rng, SUBS / 8);
            if (f.subs[account][at] != NULL) unsubscribe(&f, account, at);
            else
                subscribe(&f, account, at, patterns[rng_below(&rng, ARRAY_COUNT(patterns))],
                          rng_below(&rng, 5) == 0 ? "q" : "");
        }
        struct interest_entry *got[SUBS], *want[SUBS];
        kept += known(&f, account, subject) != NULL;
        ask(&f, account, subject);
        interest_match(f.accounts[account]->interest, slice_str(subject), &f.want);
        uint32_t count = entries_of(&f.want, want);
        assert_int_equal(entries_of(&f.got, got), count);
        for (uint32_t i = 0; i < count; i++) assert_ptr_equal(got[i], want[i]);
    }
    assert_true(kept > 100);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_ahead_counts_for_that_message_alone),
        cmocka_unit_test(one_that_is_alone_is_known_until_the_index_changes),
        cmocka_unit_test(accounts_do_not_know_of_each_other),
        cmocka_unit_test(several_queues_and_long_subjects_are_not_kept),
        cmocka_unit_test(replies_do_not_drive_out_what_is_known),
        cmocka_unit_test(a_thousand_subjects_are_known_at_once),
        cmocka_unit_test(answers_are_those_of_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
