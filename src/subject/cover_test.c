/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/cover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"
#include "subject/subject.h"

enum { MANY = 40 };

/* As every pair compared says it. */
static void assert_same(const struct slice *texts, uint32_t count)
{
    AUTO_FREE(cover) c = cover_new(count);
    for (uint32_t i = 0; i < count; i++) cover_add(c, texts[i]);
    for (uint32_t i = 0; i < count; i++) {
        bool is_covered = false;
        for (uint32_t k = 0; k < count; k++)
            is_covered = is_covered || (k != i && subject_covers(texts[k], texts[i]));
        if (cover_has(c, i) != is_covered)
            fail_msg("%.*s is %scovered", SLICE_ARGS(texts[i]), is_covered ? "" : "not ");
    }
}

static bool meet(struct slice a, struct slice b)
{
    return slice_equal(a, b) || subject_overlaps(a, b);
}

static void assert_same_meets(const struct slice *texts, uint32_t count)
{
    AUTO_FREE(cover) c = cover_new(count);
    AUTO_FREE(cover) others = cover_new(count);
    for (uint32_t i = 0; i < count; i++) cover_add(c, texts[i]);
    for (uint32_t i = count / 2; i < count; i++) cover_add(others, texts[i]);
    for (uint32_t i = 0; i < count; i++) {
        bool meets = false, meets_others = false;
        for (uint32_t k = 0; k < count; k++) {
            bool does = k != i && meet(texts[k], texts[i]);
            meets = meets || does;
            meets_others = meets_others || (does && k >= count / 2);
        }
        if (cover_meets(c, i) != meets) fail_msg("%.*s meets: %d", SLICE_ARGS(texts[i]), meets);
        if (i < count / 2 && cover_meets_other(others, texts[i]) != meets_others)
            fail_msg("%.*s meets others: %d", SLICE_ARGS(texts[i]), meets_others);
    }
}

static void it_says_what_every_pair_says(void **state)
{
    (void)state;
    static const char *const tokens[] = { "a", "b", "ab", "a-", "*", ">", "*", "a", "aa", "" };
    struct rng rng;
    rng_init(&rng, 7);
    for (uint32_t round = 0; round < 3000; round++) {
        static char text[MANY][64];
        struct slice texts[MANY];
        uint32_t count = 1 + (uint32_t)rng_below(&rng, MANY),
                 kinds = 2 + (uint32_t)rng_below(&rng, 9);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t len = 0, many = 1 + (uint32_t)rng_below(&rng, 4);
            for (uint32_t k = 0; k < many; k++) {
                bool is_rest = rng_below(&rng, 12) == 0;
                const char *token = is_rest ? ">" : tokens[rng_below(&rng, kinds)];
                len += (uint32_t)snprintf(text[i] + len, sizeof text[i] - len, "%s%s",
                                          k > 0 ? "." : "", token);
            }
            if (len == 0) len = (uint32_t)snprintf(text[i], sizeof text[i], "x");
            texts[i] = slice_of(text[i], len);
        }
        assert_same(texts, count);
        assert_same_meets(texts, count);
    }
}

static void one_alone_is_covered_by_nobody(void **state)
{
    (void)state;
    static const char *const alone[] = { "a", ">", "*", "a.>", "*.*", "a..b" };
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        const struct slice text = slice_str(alone[i]);
        assert_same(&text, 1);
        assert_same_meets(&text, 1);
    }
}

static void a_hundred_thousand_are_asked_at_once(void **state)
{
    (void)state;
    enum { COUNT = 100000, LEN = 16 };
    AUTO_FREE(cover) c = cover_new(COUNT);
    struct buf texts = { 0 };
    buf_reserve(&texts, COUNT * LEN);
    for (uint32_t i = 0; i < COUNT; i++) {
        char *at = (char *)texts.ptr + i * LEN;
        int len = snprintf(at, LEN, i % 2 == 0 ? "s.%u" : "%u.*.x", i);
        cover_add(c, slice_of(at, (uint32_t)len));
    }
    for (uint32_t i = 0; i < COUNT; i++) assert_false(cover_has(c, i));
    for (uint32_t i = 0; i < COUNT; i++) assert_false(cover_meets(c, i));
    assert_false(cover_gave_up(c));
    buf_deinit(&texts);
}

/* Of each two ways go on at fourteen tokens, and only the last token differs. */
static void what_would_take_minutes_is_given_up(void **state)
{
    (void)state;
    enum { WAYS = 14, COUNT = 1 << WAYS, LEN = 48 };
    AUTO_FREE(cover) c = cover_new(COUNT);
    struct buf texts = { 0 };
    buf_reserve(&texts, COUNT * LEN);
    for (uint32_t i = 0; i < COUNT; i++) {
        char *at = (char *)texts.ptr + i * LEN;
        for (uint32_t k = 0; k < WAYS; k++) memcpy(at + 2 * k, i >> k & 1 ? "*." : "a.", 2);
        int len = snprintf(at + 2 * WAYS, LEN - 2 * WAYS, "%u", i);
        cover_add(c, slice_of(at, 2 * WAYS + (uint32_t)len));
    }
    for (uint32_t i = 0; i < COUNT; i++) assert_false(cover_has(c, i));
    assert_true(cover_gave_up(c));
    buf_deinit(&texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_every_pair_says),
        cmocka_unit_test(one_alone_is_covered_by_nobody),
        cmocka_unit_test(a_hundred_thousand_are_asked_at_once),
        cmocka_unit_test(what_would_take_minutes_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
