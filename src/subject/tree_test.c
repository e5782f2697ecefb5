/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "subject/subject.h"

static struct tree_value *add(struct tree *t, struct slice subject)
{
    bool is_new;
    struct tree_value *v = tree_get(t, subject, &is_new);
    assert_true(is_new);
    assert_int_equal(v->first + v->last + v->count, 0);
    assert_false(v->is_first_stale || v->is_dirty);
    return v;
}

static void a_value_stays_with_its_subject(void **state)
{
    (void)state;
    struct tree *t = tree_new();
    assert_null(tree_find(t, SLICE_LIT("a.b")));
    assert_false(tree_remove(t, SLICE_LIT("a.b")));
    *add(t, SLICE_LIT("a.b")) = (struct tree_value){ 1, 2, 3, true, true };
    add(t, SLICE_LIT("a.c"))->count = 7;
    bool is_new;
    struct tree_value *v = tree_get(t, SLICE_LIT("a.b"), &is_new);
    assert_false(is_new);
    assert_true(v == tree_find(t, SLICE_LIT("a.b")));
    assert_true(v->first == 1 && v->last == 2 && v->count == 3);
    assert_true(v->is_first_stale && v->is_dirty);
    assert_int_equal(tree_find(t, SLICE_LIT("a.c"))->count, 7);
    assert_null(tree_find(t, SLICE_LIT("a.")));
    assert_null(tree_find(t, SLICE_LIT("a.bc")));
    assert_null(tree_find(t, SLICE_LIT("")));
    assert_int_equal(tree_check(t), 2);
    tree_free(t);
}

static void subjects_that_begin_each_other_are_apart(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    uint8_t text[COUNT];
    memset(text, 'a', sizeof(text));
    for (uint32_t order = 0; order < 3; order++) {
        struct tree *t = tree_new();
        for (uint32_t i = 0; i < COUNT; i++) { /* upwards, downwards, mixed */
            uint32_t len = order == 0 ? i + 1 : order == 1 ? COUNT - i : (i * 7) % COUNT + 1;
            if (order == 2 && tree_find(t, slice_of(text, len)) != NULL) continue;
            add(t, slice_of(text, len))->count = len;
        }
        assert_int_equal(tree_check(t), tree_count(t));
        for (uint32_t len = 1; len <= COUNT; len++)
            if (tree_find(t, slice_of(text, len)) != NULL)
                assert_int_equal(tree_find(t, slice_of(text, len))->count, len);
        for (uint32_t len = COUNT / 2; len <= COUNT; len++)
            assert_int_equal(tree_remove(t, slice_of(text, len)), true);
        assert_int_equal(tree_check(t), COUNT / 2 - 1);
        tree_free(t);
    }
}

static void an_empty_tree_takes_no_more_than_a_new_one(void **state)
{
    (void)state;
    struct tree *t = tree_new();
    uint64_t memory = tree_memory(t);
    char text[64];
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 20000; i++) {
            uint32_t len = (uint32_t)snprintf(text, sizeof(text), "orders.%u.%u", i % 97, i);
            add(t, slice_of(text, len));
        }
        assert_true(tree_memory(t) < UINT64_C(20000) * 70);
        for (uint32_t i = 0; i < 20000; i++) {
            uint32_t len = (uint32_t)snprintf(text, sizeof(text), "orders.%u.%u", i % 97, i);
            assert_true(tree_remove(t, slice_of(text, len)));
        }
        assert_int_equal(tree_check(t), 0);
        assert_int_equal(tree_memory(t), memory);
    }
    tree_free(t);
}

/* ---- against a sorted array ---- */

enum { TEXT_MAX = 4096 };

struct model {
    struct entry {
        struct slice subject;
        uint32_t count;
    } entries[4096];
    uint32_t len;
};

static uint32_t model_at(const struct model *m, struct slice subject)
{
    uint32_t low = 0, high = m->len;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (slice_compare(m->entries[mid].subject, subject) < 0) low = mid + 1;
        else high = mid;
    }
    return low;
}

static struct entry *model_find(struct model *m, struct slice subject)
{
    uint32_t at = model_at(m, subject);
    return at < m->len && slice_equal(m->entries[at].subject, subject) ? &m->entries[at] : NULL;
}

static void model_add(struct model *m, struct slice subject, uint32_t count)
{
    uint32_t at = model_at(m, subject);
    assert_true(m->len < ARRAY_COUNT(m->entries));
    memmove(&m->entries[at + 1], &m->entries[at], (m->len - at) * sizeof(struct entry));
    m->entries[at] = (struct entry){ { (const uint8_t *)slice_dup(subject), subject.len }, count };
    m->len++;
}

static void model_remove(struct model *m, struct entry *e)
{
    free((void *)(uintptr_t)e->subject.ptr);
    memmove(e, e + 1, (size_t)(&m->entries[m->len] - (e + 1)) * sizeof(struct entry));
    m->len--;
}

struct expectation {
    const struct model *model;
    uint32_t at;
    uint32_t left;
    struct slice pattern;
};

static void skip_unmatched(struct expectation *x)
{
    const struct model *m = x->model;
    while (x->at < m->len && x->pattern.len > 0 &&
           !subject_matches(x->pattern, m->entries[x->at].subject))
        x->at++;
}

static bool expect_next(void *ctx, struct slice subject, struct tree_value *v)
{
    struct expectation *x = ctx;
    skip_unmatched(x);
    assert_true(x->at < x->model->len);
    assert_true(slice_equal(x->model->entries[x->at].subject, subject));
    assert_int_equal(x->model->entries[x->at].count, v->count);
    x->at++;
    return --x->left > 0;
}

/* Few tokens, so that much is shared; some long, some with odd bytes, some empty. */
static uint32_t random_subject(struct rng *rng, uint8_t *text, bool is_pattern)
{
    static const char *words[] = { "a",      "b", "ab", "abc", "order",
                                   "orders", "*", ">",  "",    "\xff\x01" };
    uint32_t len = 0, tokens = 1 + rng_below(rng, 4);
    for (uint32_t i = 0; i < tokens; i++) {
        if (i > 0) text[len++] = '.';
        uint32_t kind = rng_below(rng, 20);
        if (kind == 0) {
            uint32_t run = rng_below(rng, 600);
            memset(text + len, 'L', run);
            len += run;
        } else if (kind < 8) {
            len += (uint32_t)sprintf((char *)text + len, "%u", rng_below(rng, 300));
        } else if (is_pattern && kind < 14) {
            text[len++] = kind < 12 ? '*' : '>';
        } else if (kind == 19) {
            text[len++] = (uint8_t)(1 + rng_below(rng, 255));
        } else {
            const char *word = words[rng_below(rng, ARRAY_COUNT(words))];
            len += (uint32_t)sprintf((char *)text + len, "%s", word);
        }
    }
    if (len == 0) text[len++] = 'z';
    return len;
}

static void compare_walk(struct rng *rng, const struct tree *t, const struct model *m)
{
    uint8_t pattern[TEXT_MAX], after[TEXT_MAX];
    struct expectation x = { .model = m, .left = 1 + rng_below(rng, 3000) };
    x.pattern = slice_of(pattern, rng_chance(rng, 1, 10) ? 0 : random_subject(rng, pattern, true));
    struct slice from = slice_of(after, random_subject(rng, after, false));
    if (rng_chance(rng, 1, 2)) from.len = 0;
    if (rng_chance(rng, 1, 4) && m->len > 0) from = m->entries[rng_below(rng, m->len)].subject;
    x.at = from.len == 0 ? 0 : model_at(m, from);
    if (x.at < m->len && slice_equal(m->entries[x.at].subject, from)) x.at++;
    if (!tree_match_after(t, x.pattern, from, expect_next, &x)) return;
    skip_unmatched(&x);
    assert_int_equal(x.at, m->len);
}

static void change(struct rng *rng, struct tree *t, struct model *m, uint32_t i)
{
    uint8_t text[TEXT_MAX];
    struct slice subject = slice_of(text, random_subject(rng, text, false));
    struct entry *e = model_find(m, subject);
    assert_int_equal(tree_find(t, subject) != NULL, e != NULL);
    uint32_t growth = i / 1500 % 2 == 0 ? 8 : 3; /* of ten: grows, then shrinks */
    if (rng_below(rng, 10) < growth) {
        bool is_new;
        tree_get(t, subject, &is_new)->count = i;
        assert_int_equal(is_new, e == NULL);
        if (e == NULL) model_add(m, subject, i);
        else e->count = i;
        return;
    }
    if (e == NULL && m->len > 0) e = &m->entries[rng_below(rng, m->len)];
    if (e == NULL) return;
    assert_true(tree_remove(t, e->subject));
    assert_false(tree_remove(t, e->subject));
    model_remove(m, e);
}

static void random_changes_and_walks_agree_with_a_sorted_array(void **state)
{
    (void)state;
    static struct model m;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct tree *t = tree_new();
        for (uint32_t i = 0; i < 8000; i++) {
            change(&rng, t, &m, i);
            if (i % 16 == 0) compare_walk(&rng, t, &m);
            if (i % 256 == 0) assert_int_equal(tree_check(t), m.len);
        }
        while (m.len > 0) {
            assert_true(tree_remove(t, m.entries[m.len / 2].subject));
            model_remove(&m, &m.entries[m.len / 2]);
        }
        assert_int_equal(tree_check(t), 0);
        tree_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_stays_with_its_subject),
        cmocka_unit_test(subjects_that_begin_each_other_are_apart),
        cmocka_unit_test(an_empty_tree_takes_no_more_than_a_new_one),
        cmocka_unit_test(random_changes_and_walks_agree_with_a_sorted_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
