/* SPDX-License-Identifier: Apache-2.0 */
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct json_value parse(const char *text, struct json_doc **doc)
{
    assert_int_equal(json_doc_parse(slice_str(text), NULL, doc), ERR_OK);
    return json_doc_root(*doc);
}

static void what_go_refuses_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "{\"a\":1,}",
        "[1,]",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":1} x",
        "{\"a\":TRUE}",
        "{\"a\":\"\x01\"}",
        "{/**/}",
        "{\"a\" 1}",
        "{\"a\":1 2}",
        "{a:1}",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"",
        "nul",
        "[1 2]",
        "}",
        "]",
        "{]",
        "[}",
        "{\"a\":1]",
        "--1",
        "1 1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct json_doc *doc = NULL;
        assert_int_equal(json_doc_parse(slice_str(bad[i]), NULL, &doc), ERR_INVALID);
        assert_null(doc);
    }
}

static void what_go_accepts_is_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "null",
        "1",
        "-0",
        "0.5e-3",
        "\"x\"",
        " [ ] ",
        "{}",
        "[[],{}]",
        "{\"a\":[1,2.0,{\"b\":null}],\"c\":\"\\ud83d\\ude00\"}",
        "99999999999999999999",
        "1E400",
        "\"x\x80y\"",
        "true",
        "\t{\r\n}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        AUTO_FREE(json_doc) doc = NULL;
        (void)parse(good[i], &doc);
    }
}

static void depth_and_size_are_limited_before_anything_is_built(void **state)
{
    (void)state;
    struct json_doc *doc = NULL;
    struct json_limits limits = { .size_max = 8, .depth_max = 2 };
    assert_int_equal(json_doc_parse(SLICE_LIT("[[[]]]"), &limits, &doc), ERR_LIMIT);
    assert_int_equal(json_doc_parse(SLICE_LIT("[1,2,3,4,5]"), &limits, &doc), ERR_LIMIT);
    assert_int_equal(json_doc_parse(SLICE_LIT("[[1]]"), &limits, &doc), ERR_OK);
    doc = json_doc_free(doc);
}

static void keys_match_in_any_case_and_the_last_one_wins(void **state)
{
    (void)state;
    AUTO_FREE(json_doc) doc = NULL;
    struct json_value root = parse("{\"VERBOSE\":true,\"x\":1,\"verbose\":false}", &doc), v;
    bool verbose = true;
    assert_true(json_member(root, "Verbose", &v));
    assert_true(json_to_bool(v, &verbose));
    assert_false(verbose);
    assert_false(json_member(root, "y", &v));
    assert_int_equal(json_count(root), 3);
}

static void integers_accept_no_fraction_exponent_or_overflow(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        { "1", true, 1 },
        { "-5",                   true,  -5       },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808",  false, 0        },
        { "-9223372036854775808", true, INT64_MIN },
        { "-9223372036854775809", false, 0        },
        { "1.0",                  false, 0        },
        { "1e0",                  false, 0        },
        { "\"1\"",                false, 0        },
        { "true",                 false, 0        },
        { "null",                 true,  0        },
        { "99999999999999999999", false, 0        },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(json_doc) doc = NULL;
        int64_t value = 0;
        assert_int_equal(json_to_i64(parse(cases[i].text, &doc), INT64_MIN, INT64_MAX, &value),
                         cases[i].good);
        assert_int_equal(value, cases[i].value);
    }
    AUTO_FREE(json_doc) doc = NULL;
    uint64_t u = 0;
    assert_true(json_to_u64(parse("18446744073709551615", &doc), UINT64_MAX, &u));
    assert_true(u == UINT64_MAX);
}

static void an_integer_that_does_not_fit_keeps_its_digits(void **state)
{
    (void)state;
    AUTO_FREE(json_doc) doc = NULL;
    static const char *const texts[] = {
        "\"-9223372036854775809 \\\"1\"",
        "-9223372036854775809",
        "18446744073709551616",
        "18446744073709551615",
        "-9223372036854775808",
        "1.50",
        "-0",
    };
    struct buf all = { 0 }, shown = { 0 };
    int64_t least = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        buf_printf(&all, "%s%s", i == 0 ? "[" : ",", texts[i]);
    buf_add_str(&all, "]");
    struct json_value root = parse(buf_str(&all), &doc);
    for (uint32_t i = 0; i < ARRAY_COUNT(texts); i++) {
        shown.len = 0;
        json_value_text(json_item(root, i), &shown);
        assert_string_equal(buf_str(&shown), texts[i]);
    }
    assert_false(json_to_i64(json_item(root, 1), INT64_MIN, INT64_MAX, &least));
    assert_false(json_to_u64(json_item(root, 2), UINT64_MAX, &most));
    assert_true(json_to_u64(json_item(root, 3), UINT64_MAX, &most));
    assert_true(json_to_i64(json_item(root, 4), INT64_MIN, INT64_MAX, &least));
    assert_true(most == UINT64_MAX && least == INT64_MIN);
    assert_false(json_to_u64(json_item(root, 6), UINT64_MAX, &most));
    assert_true(json_to_i64(json_item(root, 6), INT64_MIN, INT64_MAX, &least));
    assert_true(least == 0);
    buf_deinit(&shown);
    buf_deinit(&all);
}

static void who_goes_through_the_members_sees_each_of_a_key(void **state)
{
    (void)state;
    AUTO_FREE(json_doc) doc = NULL;
    struct buf seen = { 0 };
    struct slice key;
    struct json_value root = parse("{\"a\" : 1, \"\":[{\"x\":\"a\\\":\",\"x\":2}],\"a\":3}", &doc),
                      v;
    for (struct json_members m = json_members_of(root); json_members_next(&m, &key, &v);) {
        buf_printf(&seen, "%.*s=", SLICE_ARGS(key));
        json_value_text(v, &seen);
    }
    assert_int_equal(json_count(root), 3);
    assert_string_equal(buf_str(&seen), "a=1=[{\"x\":\"a\\\":\",\"x\":2}]a=3");
    int64_t last = 0;
    assert_true(json_member(root, "A", &v) && json_to_i64(v, 0, 9, &last));
    assert_int_equal(last, 3);
    assert_true(json_member(root, "", &v));
    assert_int_equal(json_count(json_item(v, 0)), 2);
    buf_deinit(&seen);
}

static void invalid_utf8_reads_as_the_replacement_character(void **state)
{
    (void)state;
    AUTO_FREE(json_doc) doc = NULL;
    struct slice text = { 0 };
    assert_true(json_to_slice(parse("\"x\x80y\"", &doc), &text));
    assert_true(slice_equal_str(text, "x\xef\xbf\xbdy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_go_refuses_is_refused),
        cmocka_unit_test(what_go_accepts_is_accepted),
        cmocka_unit_test(depth_and_size_are_limited_before_anything_is_built),
        cmocka_unit_test(keys_match_in_any_case_and_the_last_one_wins),
        cmocka_unit_test(integers_accept_no_fraction_exponent_or_overflow),
        cmocka_unit_test(an_integer_that_does_not_fit_keeps_its_digits),
        cmocka_unit_test(who_goes_through_the_members_sees_each_of_a_key),
        cmocka_unit_test(invalid_utf8_reads_as_the_replacement_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
