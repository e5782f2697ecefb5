/* SPDX-License-Identifier: Apache-2.0 */
#include "json/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void sample_write(struct json_writer *w)
{
    json_object_begin(w);
    json_key(w, "a");
    json_i64(w, INT64_MIN);
    json_key(w, "list");
    json_array_begin(w);
    json_u64(w, UINT64_MAX);
    json_bool(w, true);
    json_null(w);
    json_object_begin(w);
    json_object_end(w);
    json_array_end(w);
    json_key(w, "none");
    json_array_begin(w);
    json_array_end(w);
    json_object_end(w);
}

static void documents_are_compact_or_indented(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    sample_write(&w);
    assert_string_equal(
        buf_str(&out),
        "{\"a\":-9223372036854775808,\"list\":[18446744073709551615,true,null,{}],\"none\":[]}");
    out.len = 0;
    w = json_writer_on(&out, JSON_INDENT_2);
    sample_write(&w);
    assert_string_equal(
        buf_str(&out),
        "{\n  \"a\": -9223372036854775808,\n  \"list\": [\n    18446744073709551615,\n"
        "    true,\n    null,\n    {}\n  ],\n  \"none\": []\n}");
    buf_deinit(&out);
}

/* clang-format off */
static const struct { const char *text; const char *json; } strings[] = {
    { "plain", "\"plain\"" },
    { "a\"b\\c\n\r\t\b\f\x01\x7f", "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\x7f\"" },
    { "<&>", "\"\\u003c\\u0026\\u003e\"" },
    { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
    { "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"" },
    { "x\x80y\xc3", "\"x\\ufffdy\\ufffd\"" },
    { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
    { "\xc0\x80", "\"\\ufffd\\ufffd\"" },
};
/* clang-format on */

static void strings_are_escaped_as_go_escapes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(strings); i++) {
        struct buf out = { 0 };
        json_quote(&out, slice_str(strings[i].text), false);
        assert_string_equal(buf_str(&out), strings[i].json);
        buf_deinit(&out);
    }
}

/* clang-format off */
static const struct { double value; const char *text; } doubles[] = {
    { 0, "0" }, { 1, "1" }, { -1.5, "-1.5" }, { 0.1, "0.1" }, { 100, "100" },
    { 1e20, "100000000000000000000" },
    { 1e21, "1e+21" }, { 1e-6, "0.000001" }, { 1e-7, "1e-7" }, { 1.25e-9, "1.25e-9" },
    { 123456789.125, "123456789.125" },
    { 5e-324, "5e-324" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
    { 2.0 / 3, "0.6666666666666666" },
};
/* clang-format on */

static void doubles_take_the_shortest_form_that_reads_back_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(doubles); i++) {
        char text[JSON_DOUBLE_SIZE];
        assert_string_equal(json_double_text(doubles[i].value, text), doubles[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_compact_or_indented),
        cmocka_unit_test(strings_are_escaped_as_go_escapes_them),
        cmocka_unit_test(doubles_take_the_shortest_form_that_reads_back_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
