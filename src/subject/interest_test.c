/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/interest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "subject/subject.h"

enum { SUBS = 400 };

struct sub {
    struct interest_entry entry;
    char text[64];
    bool in;
    uint32_t hits;
};

static void random_subject(struct rng *rng, char *text, bool wildcards)
{
    static const char *const tokens[] = { "a", "b", "c", "dd", "*", ">" };
    uint32_t count = 1 + rng_below(rng, 4);
    text[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kinds = !wildcards ? 4 : i + 1 == count ? 6 : 5;
        if (i > 0) strcat(text, ".");
        strcat(text, tokens[rng_below(rng, kinds)]);
    }
}

static void hit_entries(struct entries *e)
{
    for (uint32_t i = 0; e != NULL && i < atomic_load(&e->len); i++) {
        struct interest_entry *entry = atomic_load(&e->at[i]);
        if (entry != NULL) container_of(entry, struct sub, entry)->hits++;
    }
}

static void hit_matches(const struct matches *m)
{
    if (m->single != NULL) container_of(m->single, struct sub, entry)->hits++;
    for (uint32_t i = 0; i < m->count; i++) {
        hit_entries(atomic_load(&m->topics[i]->plain));
        struct groups *groups = atomic_load(&m->topics[i]->groups);
        for (uint32_t g = 0; groups != NULL && g < groups->count; g++)
            hit_entries(atomic_load(&groups->at[g]->members));
    }
}

/* Those of the very subject, before the patterns are asked too. */
static void literal_matches_are_a_part(const struct interest *index, struct slice subject,
                                       struct sub *subs)
{
    struct matches m = { 0 };
    interest_match_literal(index, subject, &m);
    assert_true(m.count <= 1);
    for (int i = 0; i < SUBS; i++) subs[i].hits = 0;
    hit_matches(&m);
    for (int i = 0; i < SUBS; i++) {
        bool want = subs[i].in && !subject_has_wildcard(interest_entry_subject(&subs[i].entry)) &&
                    slice_equal(interest_entry_subject(&subs[i].entry), subject);
        assert_int_equal(subs[i].hits, want ? 1 : 0);
    }
    matches_deinit(&m);
}

static void matches_are_those_of_a_scan_over_all_subscriptions(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    struct interest *index = interest_new(42);
    struct sub *subs = calloc(SUBS, sizeof *subs);
    struct matches m = { 0 };
    struct garbage *garbage = NULL;
    for (int step = 0; step < 40000; step++) {
        struct sub *s = &subs[rng_below(&rng, SUBS)];
        if (s->in) {
            interest_remove(index, &s->entry, &garbage);
            s->in = false;
        } else {
            random_subject(&rng, s->text, true);
            s->entry = (struct interest_entry){ .text = (uint8_t *)s->text,
                                                .subject_len = (uint32_t)strlen(s->text) };
            if (rng_chance(&rng, 1, 3)) {
                strcat(s->text, rng_chance(&rng, 1, 2) ? "q" : "workers");
                s->entry.queue_len = (uint16_t)(strlen(s->text) - s->entry.subject_len);
            }
            interest_insert(index, &s->entry, &garbage);
            s->in = true;
        }
        char text[64];
        random_subject(&rng, text, rng_chance(&rng, 1, 10));
        struct slice subject = slice_str(text);
        if (step % 4 == 0) literal_matches_are_a_part(index, subject, subs);
        /* whoever is there: nothing changes */
        if (step % 3 == 0) interest_soon(index, subject, &m);
        interest_match(index, subject, &m);
        for (int i = 0; i < SUBS; i++) subs[i].hits = 0;
        hit_matches(&m);
        for (int i = 0; i < SUBS; i++) {
            bool want = subs[i].in &&
                        subject_matches(interest_entry_subject(&subs[i].entry), subject);
            assert_int_equal(subs[i].hits, want ? 1 : 0);
        }
        if (step % 500 == 0) (void)interest_check(index);
        garbage_free(garbage);
        garbage = NULL;
    }
    for (int i = 0; i < SUBS; i++)
        if (subs[i].in) interest_remove(index, &subs[i].entry, &garbage);
    assert_int_equal(interest_check(index), 0);
    garbage_free(garbage);
    matches_deinit(&m);
    interest_free(index);
    free(subs);
}

static void a_large_table_of_literals_finds_every_subject(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    struct interest *index = interest_new(7);
    struct sub *subs = calloc(COUNT, sizeof *subs);
    struct matches m = { 0 };
    struct garbage *garbage = NULL;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(subs[i].text, sizeof subs[i].text, "region.%d.device.%d", i % 100, i);
        subs[i].entry.text = (uint8_t *)subs[i].text;
        subs[i].entry.subject_len = (uint32_t)strlen(subs[i].text);
        interest_insert(index, &subs[i].entry, &garbage);
    }
    assert_int_equal(interest_check(index), COUNT);
    for (int i = 0; i < COUNT; i++) {
        interest_match(index, interest_entry_subject(&subs[i].entry), &m);
        assert_ptr_equal(m.single, &subs[i].entry);
        interest_remove(index, &subs[i].entry, &garbage);
        interest_match(index, interest_entry_subject(&subs[i].entry), &m);
        assert_null(m.single);
    }
    assert_int_equal(interest_check(index), 0);
    garbage_free(garbage);
    matches_deinit(&m);
    interest_free(index);
    free(subs);
}

static void an_index_with_entries_left_frees_all_that_is_its_own(void **state)
{
    (void)state;
    static const char *const texts[] = { "a", "a.b", "*", ">", "a.*.c", "a.b.>", "a.b", "*.*" };
    struct interest *index = interest_new(7);
    struct interest_entry entries[ARRAY_COUNT(texts)];
    struct garbage *garbage = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        entries[i] = (struct interest_entry){ .text = (const uint8_t *)texts[i],
                                              .subject_len = (uint32_t)strlen(texts[i]) };
        interest_insert(index, &entries[i], &garbage);
    }
    assert_int_equal(interest_check(index), ARRAY_COUNT(texts));
    garbage_free(garbage);
    interest_free(index);
}

static void a_subject_with_an_empty_token_matches_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = { "", ".", "a.", ".a", "a..b", "a.b." };
    struct interest *index = interest_new(7);
    struct interest_entry all = { .text = (const uint8_t *)">", .subject_len = 1 };
    struct interest_entry star = { .text = (const uint8_t *)"a.*.>", .subject_len = 5 };
    struct matches m = { 0 };
    struct garbage *garbage = NULL;
    interest_insert(index, &all, &garbage);
    interest_insert(index, &star, &garbage);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        interest_match(index, slice_str(texts[i]), &m);
        assert_int_equal(m.count, 0);
        assert_null(m.single);
    }
    garbage_free(garbage);
    matches_deinit(&m);
    interest_free(index);
}

/* ---- what it costs ---- */

/* Of a sanitizer that counts; absent without one. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's own name */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Bytes on the heap; 0: nobody counts them. */
static size_t allocated(void)
{
    if (__sanitizer_get_current_allocated_bytes == NULL) return 0;
    return __sanitizer_get_current_allocated_bytes();
}

static void what_an_entry_costs_is_never_less_than_what_the_index_holds_for_it(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *queue; /* %u: a number, different for each */
    } rows[] = {
        { "orders.%u.new", "" },        { "orders.new", "" },
        { "orders.%u.new", "workers" }, { "orders.new", "workers%u" },
        { "orders.new", "workers" },    { "orders.%u.*", "" },
        { "%u.a.b.c.d.e.f.g.h.>", "" }, { "*.*.*.*.%u", "" },
        { "orders.*.new", "" },         { "_INBOX.abcdefghijklmnopqrst%u.*", "" },
        { "a.%u.>", "workers%u" },
    };
    if (allocated() == 0) skip();
    for (size_t r = 0; r < ARRAY_COUNT(rows); r++)
        for (uint32_t count = 1; count <= 25000; count = count < 10 ? count + 1 : count * 7) {
            struct interest *index = interest_new(42);
            struct sub *subs = calloc(count, sizeof *subs);
            size_t before = allocated(), cost = 0;
            for (uint32_t i = 0; i < count; i++) {
                struct garbage *garbage = NULL;
                char *text = subs[i].text;
                int len = snprintf(text, sizeof subs[i].text, rows[r].subject, i);
                int queue = snprintf(text + len, sizeof subs[i].text - (size_t)len, rows[r].queue,
                                     i);
                subs[i].entry = (struct interest_entry){ .text = (const uint8_t *)text,
                                                         .subject_len = (uint32_t)len,
                                                         .queue_len = (uint16_t)queue };
                interest_insert(index, &subs[i].entry, &garbage);
                garbage_free(garbage);
                cost += interest_cost(interest_entry_subject(&subs[i].entry), (uint32_t)queue);
            }
            size_t holds = allocated() - before;
            size_t once = count > 4000 ? 256 * 64 : 64; /* the tables of literals themselves */
            assert_true(holds <= cost + once);
            interest_free(index);
            free(subs);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_entry_costs_is_never_less_than_what_the_index_holds_for_it),
        cmocka_unit_test(matches_are_those_of_a_scan_over_all_subscriptions),
        cmocka_unit_test(a_large_table_of_literals_finds_every_subject),
        cmocka_unit_test(an_index_with_entries_left_frees_all_that_is_its_own),
        cmocka_unit_test(a_subject_with_an_empty_token_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
