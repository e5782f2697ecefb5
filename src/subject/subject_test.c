/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum grammar { BAD = 0, VALID = 1, LITERAL = 2, STRICT = 4, WILD = 8, HOLE = 16 };

static const struct {
    const char *text;
    uint32_t tokens;
    int is;
} grammar_rows[] = {
    { "a", 1, VALID | LITERAL | STRICT },
    { "a.b.c", 3, VALID | LITERAL | STRICT },
    { "foo*", 1, VALID | LITERAL | STRICT },
    { "*foo.>x.a>b", 3, VALID | LITERAL | STRICT },
    { "**.>>", 2, VALID | LITERAL | STRICT },
    { "$SYS._INBOX.\xff\x01", 3, VALID | LITERAL | STRICT },
    { "*", 1, VALID | STRICT | WILD },
    { ">", 1, VALID | STRICT | WILD },
    { "a.*.c", 3, VALID | STRICT | WILD },
    { "*.*.>", 3, VALID | STRICT | WILD },
    { "a.>", 2, VALID | STRICT | WILD },
    { "a b", 1, VALID | LITERAL },
    { "a\t.*", 2, VALID | WILD },
    { "\r", 1, VALID | LITERAL },
    { "a\n", 1, VALID | LITERAL },
    { "a.\f", 2, VALID | LITERAL },
    { "", 1, HOLE },
    { ".", 2, HOLE },
    { "a.", 2, HOLE },
    { ".a", 2, HOLE },
    { "a..b", 3, HOLE },
    { "*.", 2, HOLE | WILD },
    { ">.a", 2, WILD },
    { "a.>.b", 3, WILD },
    { ">.>", 2, WILD },
    { ">.*", 2, WILD },
    { ">.", 2, HOLE | WILD },
};

static void the_grammar_of_a_subject_is_that_of_its_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(grammar_rows); i++) {
        struct slice s = slice_str(grammar_rows[i].text);
        int is = grammar_rows[i].is;
        assert_int_equal(subject_valid(s), (is & VALID) != 0);
        assert_int_equal(subject_literal(s), (is & LITERAL) != 0);
        assert_int_equal(subject_valid_strict(s), (is & STRICT) != 0);
        assert_int_equal(subject_has_wildcard(s), (is & WILD) != 0);
        assert_int_equal(subject_has_empty_token(s), (is & HOLE) != 0);
        assert_int_equal(subject_token_count(s), grammar_rows[i].tokens);
    }
}

static void a_nul_is_a_byte_like_any_other(void **state)
{
    (void)state;
    struct slice s = slice_of("a\0b.c", 5);
    assert_true(subject_literal(s));
    assert_int_equal(subject_token_count(s), 2);
    assert_false(subject_matches(SLICE_LIT("a.c"), s));
    assert_true(subject_matches(SLICE_LIT("*.c"), s));
}

static void no_subject_at_all_has_no_tokens(void **state)
{
    (void)state;
    struct slice none = { 0 }, token;
    assert_false(subject_next_token(&none, &token));
    assert_int_equal(subject_token_count(none), 0);
    assert_false(subject_valid(none));
    assert_true(subject_has_empty_token(none));
}

static void tokens_come_in_order_the_empty_ones_too(void **state)
{
    (void)state;
    static const char *const want[] = { "", "a", "", "bc", "" };
    struct slice rest = SLICE_LIT(".a..bc."), token;
    for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
        assert_true(subject_next_token(&rest, &token));
        assert_true(slice_equal_str(token, want[i]));
    }
    assert_false(subject_next_token(&rest, &token));
}

static void a_published_wildcard_is_an_ordinary_token(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject;
        bool matches;
    } rows[] = {
        { "w.*", "w.*", true },  { "w.*", "w.>", true },   { "w.a", "w.*", false },
        { "w.>", "w.*.>", true }, { "w.*", "w.*.>", false }, { "*", ">", true },
        { ">", "a", true },      { "a.>", "a", false },    { "foo*", "foobar", false },
        { "foo*", "foo*", true }, { "a", "a.b", false },    { "a.b", "a", false },
        { "*.b", "a.b", true },  { "*.b", "a.b.c", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(subject_matches(slice_str(rows[i].pattern), slice_str(rows[i].subject)),
                         rows[i].matches);
}

/* ---- against brute force: every pattern of up to 4 tokens, every subject of up to 5 ---- */

enum { PATTERN_TOKENS = 4, SUBJECT_TOKENS = 5, PATTERNS_MAX = 200, SUBJECTS_MAX = 400 };

struct space {
    char patterns[PATTERNS_MAX][16];
    char subjects[SUBJECTS_MAX][16];
    bool matches[PATTERNS_MAX][SUBJECTS_MAX];
    uint32_t patterns_count;
    uint32_t subjects_count;
};

/* Letter by letter, without the notion of a token's slice: nothing shared with the code under
 * test. */
static bool naive_match(const char *p, const char *s)
{
    if (*p == '>') return *s != 0;
    if (*p == '*') {
        if (*s == 0) return false;
        while (*s != 0 && *s != '.') s++;
        p++;
    }
    while (*p != 0 && *p != '.' && *p == *s) p++, s++;
    if ((*p != 0 && *p != '.') || (*s != 0 && *s != '.')) return false;
    if (*p == 0 || *s == 0) return *p == *s;
    return naive_match(p + 1, s + 1);
}

static void all_subjects(struct space *w, const char *prefix, uint32_t tokens)
{
    if (tokens == SUBJECT_TOKENS) return;
    for (int c = 'a'; c <= 'c'; c++) {
        char *text = w->subjects[w->subjects_count++];
        (void)snprintf(text, 16, "%s%s%c", prefix, *prefix == 0 ? "" : ".", c);
        all_subjects(w, text, tokens + 1);
    }
}

static void all_patterns(struct space *w, const char *prefix, uint32_t tokens)
{
    if (tokens == PATTERN_TOKENS) return;
    for (const char *c = "ab*>"; *c != 0; c++) {
        char *text = w->patterns[w->patterns_count++];
        (void)snprintf(text, 16, "%s%s%c", prefix, *prefix == 0 ? "" : ".", *c);
        if (*c != '>') all_patterns(w, text, tokens + 1);
    }
}

static int setup_space(void **state)
{
    struct space *w = calloc(1, sizeof *w);
    all_subjects(w, "", 0);
    all_patterns(w, "", 0);
    for (uint32_t p = 0; p < w->patterns_count; p++)
        for (uint32_t s = 0; s < w->subjects_count; s++)
            w->matches[p][s] = naive_match(w->patterns[p], w->subjects[s]);
    *state = w;
    return 0;
}

static int teardown_space(void **state)
{
    free(*state);
    return 0;
}

static void matches_agrees_with_brute_force(void **state)
{
    const struct space *w = *state;
    assert_int_equal(w->subjects_count, 3 + 9 + 27 + 81 + 243);
    assert_int_equal(w->patterns_count, 3 + 9 + 27 + 81 + 1 + 3 + 9 + 27);
    for (uint32_t p = 0; p < w->patterns_count; p++)
        for (uint32_t s = 0; s < w->subjects_count; s++)
            assert_int_equal(subject_matches(slice_str(w->patterns[p]), slice_str(w->subjects[s])),
                             w->matches[p][s]);
}

/* A third letter and a fifth token stand for all others, so agreement here is agreement. */
static void covers_agrees_with_brute_force(void **state)
{
    const struct space *w = *state;
    for (uint32_t a = 0; a < w->patterns_count; a++)
        for (uint32_t b = 0; b < w->patterns_count; b++) {
            bool covers = true;
            for (uint32_t s = 0; s < w->subjects_count && covers; s++)
                covers = !w->matches[b][s] || w->matches[a][s];
            assert_int_equal(subject_covers(slice_str(w->patterns[a]), slice_str(w->patterns[b])),
                             covers);
        }
}

static void overlaps_agrees_with_brute_force(void **state)
{
    const struct space *w = *state;
    for (uint32_t a = 0; a < w->patterns_count; a++)
        for (uint32_t b = 0; b < w->patterns_count; b++) {
            bool overlaps = false;
            for (uint32_t s = 0; s < w->subjects_count && !overlaps; s++)
                overlaps = w->matches[a][s] && w->matches[b][s];
            assert_int_equal(subject_overlaps(slice_str(w->patterns[a]), slice_str(w->patterns[b])),
                             overlaps);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_of_a_subject_is_that_of_its_tokens),
        cmocka_unit_test(a_nul_is_a_byte_like_any_other),
        cmocka_unit_test(no_subject_at_all_has_no_tokens),
        cmocka_unit_test(tokens_come_in_order_the_empty_ones_too),
        cmocka_unit_test(a_published_wildcard_is_an_ordinary_token),
        cmocka_unit_test_setup_teardown(matches_agrees_with_brute_force, setup_space,
                                        teardown_space),
        cmocka_unit_test_setup_teardown(covers_agrees_with_brute_force, setup_space,
                                        teardown_space),
        cmocka_unit_test_setup_teardown(overlaps_agrees_with_brute_force, setup_space,
                                        teardown_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
