/* SPDX-License-Identifier: Apache-2.0 */
#include "json/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum err check(const char *text)
{
    struct json_shape shape;
    return json_check(slice_str(text), 8, &shape);
}

static void one_value_with_blanks_around_it_passes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}", "[]", " null\n", "true", "-0", "1.5e-3", "\"\\u00e9\\n\"", "[1,{\"a\":[]}]", "\"\"",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(check(good[i]), ERR_OK);
}

static void what_go_refuses_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      " ",          "{} {}", "'a'",       "NaN",    "1.",      ".5",
        "01",    "+1",         "1e",    "[1,]",      "{,}",    "{\"a\"}", "{a:1}",
        "[1",    "\"a",        "tru",   "nulls",     "\"\n\"", "\"\\x\"", "\"\\u12g4\"",
        "[1 2]", "{\"a\":1,}", "]",     "{\"a\":1]",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(check(wrong[i]), ERR_INVALID);
}

static void the_depth_is_limited(void **state)
{
    (void)state;
    struct json_shape shape;
    assert_int_equal(json_check(SLICE_LIT("[[[]]]"), 3, &shape), ERR_OK);
    assert_int_equal(json_check(SLICE_LIT("[[[]]]"), 2, &shape), ERR_LIMIT);
    assert_int_equal(json_check(SLICE_LIT("[{\"a\":{}}]"), 2, &shape), ERR_LIMIT);
}

static void the_depth_is_that_of_the_deepest_container(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t depth;
    } rows[] = {
        { "1", 0 },      { "[]", 1 },           { "{\"a\":1}", 1 },
        { "[[],[]]", 2 }, { "[[[0]],{}]", 3 }, { "{\"a\":{\"b\":[]},\"c\":{}}", 3 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_shape shape;
        assert_int_equal(json_check(slice_str(rows[i].text), 3, &shape), ERR_OK);
        assert_int_equal(shape.depth, rows[i].depth);
    }
}

static void an_integer_that_fits_neither_int64_nor_uint64_and_minus_zero_are_reported(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool        is_odd;
    } rows[] = {
        { "18446744073709551615", false }, { "18446744073709551616", true },
        { "-9223372036854775808", false }, { "-9223372036854775809", true },
        { "[1,99999999999999999999]", true }, { "[-0]", true },
        { "[0,-1,-0.0,0e0]", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_shape shape = { .has_odd = !rows[i].is_odd };
        assert_int_equal(json_check(slice_str(rows[i].text), 8, &shape), ERR_OK);
        assert_int_equal(shape.has_odd, rows[i].is_odd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_with_blanks_around_it_passes),
        cmocka_unit_test(what_go_refuses_is_refused),
        cmocka_unit_test(the_depth_is_limited),
        cmocka_unit_test(the_depth_is_that_of_the_deepest_container),
        cmocka_unit_test(an_integer_that_fits_neither_int64_nor_uint64_and_minus_zero_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
