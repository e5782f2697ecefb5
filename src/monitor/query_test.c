/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct query parsed(const char *raw)
{
    struct query q;
    query_parse(&q, raw, arena);
    return q;
}

static void texts_are_decoded_and_the_first_of_a_name_counts(void **state)
{
    (void)state;
    struct query q = parsed("a=1&b=x%20y+z&a=2&&c&%64=%26%3d&e=1=2");
    assert_string_equal(query_text(&q, "a"), "1");
    assert_string_equal(query_text(&q, "b"), "x y z");
    assert_string_equal(query_text(&q, "c"), "");
    assert_string_equal(query_text(&q, "d"), "&=");
    assert_string_equal(query_text(&q, "e"), "1=2");
    assert_string_equal(query_text(&q, "f"), "");
}

static void pairs_that_go_would_not_take_are_skipped(void **state)
{
    (void)state;
    struct query q = parsed("a=%zz&b=%2&c=%&d=1;2&e=3&%gg=4&f=%00x");
    assert_int_equal(q.count, 2);
    assert_string_equal(query_text(&q, "e"), "3");
    assert_string_equal(query_text(&q, "f"), "?x"); /* nothing hides behind a NUL */
    assert_string_equal(query_text(&q, "a"), "");
    assert_string_equal(query_text(&q, "d"), "");
}

static void a_query_has_a_bounded_number_of_pairs(void **state)
{
    (void)state;
    char raw[4 * 2 * QUERY_PAIRS_MAX + 1];
    for (uint32_t i = 0; i < 2 * QUERY_PAIRS_MAX; i++) memcpy(raw + 4 * i, "a=1&", 4);
    raw[sizeof raw - 1] = '\0';
    struct query q = parsed(raw);
    assert_int_equal(q.count, QUERY_PAIRS_MAX);
}

static void booleans_are_what_strconv_takes(void **state)
{
    (void)state;
    static const char *const yes[] = { "x=1", "x=t", "x=T", "x=TRUE", "x=true", "x=True" };
    static const char *const no[] = {
        "", "x=", "x=0", "x=f", "x=F", "x=FALSE", "x=false", "x=False"
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(yes); i++) {
        struct query q = parsed(yes[i]);
        assert_true(query_bool(&q, "x"));
        assert_null(q.error);
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(no); i++) {
        struct query q = parsed(no[i]);
        assert_false(query_bool(&q, "x"));
        assert_null(q.error);
    }
    struct query q = parsed("x=tRUE");
    assert_false(query_bool(&q, "x"));
    assert_string_equal(q.error, "Error decoding boolean for 'x': strconv.ParseBool: parsing "
                                 "\"tRUE\": invalid syntax");
}

static void subs_may_ask_for_details(void **state)
{
    (void)state;
    bool detail;
    struct query q = parsed("subs=Detail");
    assert_true(query_bool_or_detail(&q, "subs", &detail));
    assert_true(detail);
    q = parsed("subs=1");
    assert_true(query_bool_or_detail(&q, "subs", &detail));
    assert_false(detail);
    q = parsed("");
    assert_false(query_bool_or_detail(&q, "subs", &detail));
    q = parsed("subs=details");
    assert_false(query_bool_or_detail(&q, "subs", &detail));
    assert_non_null(q.error);
}

/* A text, what it is as an int, and the error that it gives otherwise. */
static const struct {
    const char *raw;
    int64_t     value;
    const char *error;
} ints[] = {
    { "", 0, NULL },
    { "x=7", 7, NULL },
    { "x=-7", -7, NULL },
    { "x=%2B7", 7, NULL },
    { "x=9223372036854775807", INT64_MAX, NULL },
    { "x=-9223372036854775808", INT64_MIN, NULL },
    { "x=9223372036854775808", 0,
      "Error decoding int for 'x': strconv.Atoi: parsing \"9223372036854775808\": value out of "
      "range" },
    { "x=-99999999999999999999", 0,
      "Error decoding int for 'x': strconv.Atoi: parsing \"-99999999999999999999\": value out of "
      "range" },
    { "x=1e3", 0, "Error decoding int for 'x': strconv.Atoi: parsing \"1e3\": invalid syntax" },
    { "x=-", 0, "Error decoding int for 'x': strconv.Atoi: parsing \"-\": invalid syntax" },
    { "x=%22%0a", 0,
      "Error decoding int for 'x': strconv.Atoi: parsing \"\\\"\\n\": invalid syntax" },
};

static void integers_are_what_strconv_takes(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(ints); i++) {
        struct query q = parsed(ints[i].raw);
        assert_int_equal(query_int(&q, "x"), ints[i].value);
        if (ints[i].error == NULL) assert_null(q.error);
        else assert_string_equal(q.error, ints[i].error);
    }
}

static void unsigned_integers_have_no_sign(void **state)
{
    (void)state;
    struct query q = parsed("x=18446744073709551615");
    assert_true(query_u64(&q, "x") == UINT64_MAX);
    assert_null(q.error);
    q = parsed("x=18446744073709551616");
    assert_true(query_u64(&q, "x") == 0);
    assert_string_equal(q.error, "Error decoding uint64 for 'x': strconv.ParseUint: parsing "
                                 "\"18446744073709551616\": value out of range");
    q = parsed("x=-1");
    assert_true(query_u64(&q, "x") == 0);
    assert_string_equal(q.error, "Error decoding uint64 for 'x': strconv.ParseUint: parsing "
                                 "\"-1\": invalid syntax");
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct query q = parsed("a=x&b=y");
    (void)query_int(&q, "a");
    (void)query_bool(&q, "b");
    query_fail(&q, "third");
    assert_string_equal(q.error,
                        "Error decoding int for 'a': strconv.Atoi: parsing \"x\": invalid syntax");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(texts_are_decoded_and_the_first_of_a_name_counts),
        TEST(pairs_that_go_would_not_take_are_skipped),
        TEST(a_query_has_a_bounded_number_of_pairs),
        TEST(booleans_are_what_strconv_takes),
        TEST(subs_may_ask_for_details),
        TEST(integers_are_what_strconv_takes),
        TEST(unsigned_integers_have_no_sign),
        TEST(the_first_error_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
