/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "subject/tree.h"

static struct tree_value *add(struct tree *t, struct slice subject)
{
    bool is_new;
    struct tree_value *v = tree_get(t, subject, &is_new);
    assert_true(is_new);
    assert_int_equal(v->first + v->last + v->count, 0);
    assert_false(v->is_first_stale || v->is_dirty);
    return v;
}

static bool list(void *ctx, struct slice subject, struct tree_value *v)
{
    (void)v;
    struct buf *out = ctx;
    buf_add(out, subject);
    buf_add_byte(out, ' ');
    return true;
}

static void expect_match(const struct tree *t, const char *pattern, const char *after,
                         const char *expected)
{
    struct buf out = { 0 };
    assert_true(tree_match_after(t, slice_str(pattern), slice_str(after), list, &out));
    assert_string_equal(buf_str(&out), expected);
    buf_deinit(&out);
}

static void any_byte_but_nul_may_stand_in_a_subject_and_order_is_bytewise(void **state)
{
    (void)state;
    struct tree *t = tree_new();
    for (uint32_t i = 255; i > 0; i--) {
        uint8_t text[] = { 'x', (uint8_t)i, (uint8_t)(256 - i) };
        add(t, slice_of(text, 3))->count = i;
    }
    add(t, SLICE_LIT("x"))->count = 0;
    struct buf out = { 0 };
    assert_true(tree_match(t, (struct slice){ 0 }, list, &out));
    struct slice rest = buf_slice(&out);
    assert_int_equal(rest.len, 2 + 255 * 4);
    assert_true(slice_starts(rest, SLICE_LIT("x ")));
    for (uint32_t i = 1; i < 256; i++) {
        const uint8_t *at = rest.ptr + 2 + 4 * (size_t)(i - 1);
        assert_true(at[0] == 'x' && at[1] == i && at[2] == 256 - i);
    }
    assert_null(tree_find(t, slice_of("x\0", 2)));
    assert_false(tree_remove(t, slice_of("x\0", 2)));
    buf_deinit(&out);
    tree_free(t);
}

static void patterns_match_in_order(void **state)
{
    (void)state;
    static const char *subjects[] = { "a",     "a.b",   "a.b.c", "a.c",  "a.cc",  "b",
                                      "b.b.c", "ab.b.", "ab.b",  "a.*",  "a.>",   "a.b.c.d",
                                      ".",     "a.",    "*",     "a*.b", "..b",   "a..c" };
    static const struct {
        const char *pattern, *after, *expected;
    } cases[] = {
        { "a.b", "", "a.b " },
        { "a.b", "a.a", "a.b " },
        { "a.b", "a.b", "" },
        { "a.x", "", "" },
        { "*", "", "* a b " },
        { "*", "*", "a b " },
        { "a.*", "", "a. a.* a.> a.b a.c a.cc " },
        { "a.*", "a.", "a.* a.> a.b a.c a.cc " },
        { "a.*", "a.b.zz", "a.c a.cc " },
        { "a.*", "b", "" },
        { "*.b", "", "a*.b a.b ab.b " },
        { "*.b.", "", "ab.b. " },
        { "*.b.*", "", "a.b.c ab.b. b.b.c " },
        { "a.>", "a.b.c", "a.b.c.d a.c a.cc " },
        { "*.*.c", "", "a..c a.b.c b.b.c " },
        { "*.*.b", "", "..b " },
        { ">", "b", "b.b.c " },
        { "", "ab", "ab.b ab.b. b b.b.c " },
        { ">", "zz", "" },
        { "a.b.c.d.*", "", "" },
        { "*.>", "ab", "ab.b ab.b. b.b.c " },
        { "ab.>", "a.zzz", "ab.b ab.b. " },
    };
    struct tree *t = tree_new();
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) add(t, slice_str(subjects[i]));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_match(t, cases[i].pattern, cases[i].after, cases[i].expected);
    tree_free(t);
}

struct some {
    uint32_t left;
    uint32_t seen;
};

static bool take_some(void *ctx, struct slice subject, struct tree_value *v)
{
    (void)subject;
    struct some *s = ctx;
    v->count++;
    s->seen++;
    return --s->left > 0;
}

static void a_walk_ends_when_it_is_told_to_and_may_change_values(void **state)
{
    (void)state;
    struct tree *t = tree_new();
    struct some s = { 2, 0 };
    assert_true(tree_match(t, SLICE_LIT(">"), take_some, &s));
    (void)add(t, SLICE_LIT("a"));
    (void)add(t, SLICE_LIT("b"));
    (void)add(t, SLICE_LIT("c"));
    assert_false(tree_match(t, SLICE_LIT(">"), take_some, &s));
    assert_int_equal(s.seen, 2);
    s.left = 1;
    assert_false(tree_match(t, SLICE_LIT("a"), take_some, &s));
    assert_int_equal(tree_find(t, SLICE_LIT("a"))->count, 2);
    assert_int_equal(tree_find(t, SLICE_LIT("c"))->count, 0);
    tree_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_but_nul_may_stand_in_a_subject_and_order_is_bytewise),
        cmocka_unit_test(patterns_match_in_order),
        cmocka_unit_test(a_walk_ends_when_it_is_told_to_and_may_change_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
