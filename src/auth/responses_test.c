/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/responses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "config/options_auth.h"

static const struct response_rule once = { .present = true, .max = 1, .expires = 2 * MINUTE };

struct name {
    char text[32];
};

static struct slice numbered(struct name *room, uint32_t n)
{
    (void)snprintf(room->text, sizeof room->text, "_INBOX.%u", n);
    return slice_str(room->text);
}

static void a_reply_may_be_published_as_often_as_the_rule_says(void **state)
{
    (void)state;
    static const struct response_rule thrice = { .max = 3, .expires = MINUTE };
    struct responses *r = responses_new(&thrice, 1);
    assert_false(responses_take(r, SLICE_LIT("a"), 1));
    responses_remember(r, SLICE_LIT("a"), 1);
    assert_false(responses_take(r, SLICE_LIT("b"), 2));
    assert_false(responses_take(r, SLICE_LIT("a.b"), 2));
    for (int i = 0; i < 3; i++) assert_true(responses_take(r, SLICE_LIT("a"), 2));
    assert_false(responses_take(r, SLICE_LIT("a"), 2));
    assert_int_equal(responses_count(r), 0);
    responses_free(r);
}

static void a_reply_expires(void **state)
{
    (void)state;
    struct responses *r = responses_new(&once, 1);
    responses_remember(r, SLICE_LIT("a"), 1000);
    responses_remember(r, SLICE_LIT("b"), 2000);
    responses_prune(r, 999 + 2 * MINUTE);
    assert_int_equal(responses_count(r), 2);
    assert_false(responses_take(r, SLICE_LIT("a"), 1000 + 2 * MINUTE));
    assert_int_equal(responses_count(r), 1);
    assert_true(responses_take(r, SLICE_LIT("b"), 1000 + 2 * MINUTE));
    responses_free(r);
}

static void without_limits_a_reply_stays(void **state)
{
    (void)state;
    static const struct response_rule free = { .max = -1, .expires = -1 };
    struct responses *r = responses_new(&free, 1);
    responses_remember(r, SLICE_LIT("a"), 1);
    for (int i = 0; i < 1000; i++) assert_true(responses_take(r, SLICE_LIT("a"), i * DAY));
    responses_free(r);
}

static void zeros_are_the_defaults(void **state)
{
    (void)state;
    static const struct response_rule zeros = { .present = true };
    struct responses *r = responses_new(&zeros, 1);
    responses_remember(r, SLICE_LIT("a"), 0);
    assert_true(responses_take(r, SLICE_LIT("a"), 2 * MINUTE - 1));
    assert_false(responses_take(r, SLICE_LIT("a"), 2 * MINUTE - 1));
    responses_free(r);
}

static void a_known_reply_starts_anew(void **state)
{
    (void)state;
    static const struct response_rule twice = { .max = 2, .expires = 100 };
    struct responses *r = responses_new(&twice, 1);
    responses_remember(r, SLICE_LIT("a"), 0);
    responses_remember(r, SLICE_LIT("b"), 10);
    assert_true(responses_take(r, SLICE_LIT("a"), 20));
    responses_remember(r, SLICE_LIT("a"), 50);
    assert_int_equal(responses_count(r), 2);
    assert_false(responses_take(r, SLICE_LIT("b"), 110));
    assert_true(responses_take(r, SLICE_LIT("a"), 149));
    assert_true(responses_take(r, SLICE_LIT("a"), 149));
    assert_false(responses_take(r, SLICE_LIT("a"), 149));
    responses_free(r);
}

static void beyond_the_limit_the_oldest_are_forgotten(void **state)
{
    (void)state;
    struct responses *r = responses_new(&once, 1);
    struct name room;
    for (uint32_t i = 0; i < RESPONSES_MAX + 100; i++) responses_remember(r, numbered(&room, i), i);
    assert_int_equal(responses_count(r), RESPONSES_MAX);
    for (uint32_t i = 0; i < RESPONSES_MAX + 100; i++)
        assert_int_equal(responses_take(r, numbered(&room, i), MINUTE), i >= 100);
    responses_free(r);
}

static void long_subjects_are_bounded_by_their_bytes(void **state)
{
    (void)state;
    enum { LONG = 4000 };
    char subject[LONG];
    memset(subject, 'x', sizeof subject);
    struct responses *r = responses_new(&once, 1);
    for (uint32_t i = 0; i < RESPONSES_MAX; i++) {
        (void)snprintf(subject, 16, "%010u", i);
        responses_remember(r, slice_of(subject, LONG), i);
    }
    assert_in_range(responses_count(r), RESPONSES_BYTES_MAX / LONG - 1, RESPONSES_BYTES_MAX / LONG);
    assert_true(responses_take(r, slice_of(subject, LONG), MINUTE));
    responses_free(r);
}

/* The model: an array of what each of a few subjects may still do. */
static void random_use_agrees_with_a_plain_model(void **state)
{
    (void)state;
    enum { SUBJECTS = 40, STEPS = 20000 };
    static const struct response_rule rule = { .max = 2, .expires = 50 };
    struct responses *r = responses_new(&rule, 3);
    int64_t left[SUBJECTS] = { 0 };
    nanos until[SUBJECTS] = { 0 };
    struct rng rng;
    rng_init(&rng, 4);
    struct name room;
    nanos now = 1;
    for (int step = 0; step < STEPS; step++) {
        uint32_t n = rng_below(&rng, SUBJECTS);
        now += rng_below(&rng, 3);
        if (rng_chance(&rng, 1, 3)) {
            responses_remember(r, numbered(&room, n), now);
            left[n] = rule.max;
            until[n] = now + rule.expires;
            continue;
        }
        bool expected = left[n] > 0 && now < until[n];
        assert_int_equal(responses_take(r, numbered(&room, n), now), expected);
        if (expected) left[n]--;
    }
    responses_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_may_be_published_as_often_as_the_rule_says),
        cmocka_unit_test(a_reply_expires),
        cmocka_unit_test(without_limits_a_reply_stays),
        cmocka_unit_test(zeros_are_the_defaults),
        cmocka_unit_test(a_known_reply_starts_anew),
        cmocka_unit_test(beyond_the_limit_the_oldest_are_forgotten),
        cmocka_unit_test(long_subjects_are_bounded_by_their_bytes),
        cmocka_unit_test(random_use_agrees_with_a_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
