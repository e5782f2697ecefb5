/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define JSON                                                                                       \
    "{\"name\":\"a,}\\\"b\",\"n\":17,\"in\":{\"n\":3,\"deep\":[1,{\"n\":4}]},\"all\":[5,66,7]," \
    "\"is\":true}"

static void expect(const char *key, const char *value)
{
    struct slice found = js_text_value(slice_str(JSON), key);
    if (!slice_equal_str(found, value))
        fail_msg("%s is %.*s, not %s", key, SLICE_ARGS(found), value);
}

static void values_of_an_object_are_found_and_none_below(void **state)
{
    (void)state;
    expect("name", "\"a,}\\\"b\"");
    expect("n", "17");
    expect("in", "{\"n\":3,\"deep\":[1,{\"n\":4}]}");
    expect("all", "[5,66,7]");
    expect("is", "true");
    expect("deep", "");
    expect("no", "");
    assert_true(js_text_has(slice_str(JSON), "is"));
    assert_false(js_text_has(slice_str(JSON), "deep"));
    assert_int_equal(js_text_number(slice_str(JSON), "n"), 17);
    assert_int_equal(js_text_number(slice_str(JSON), "name"), 0);
}

static void what_is_no_object_has_no_values(void **state)
{
    static const char *const texts[] = { "", "[1]", "{", "{\"n\"", "{\"n\":", "n:1" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(js_text_value(slice_str(texts[i]), "n").len, 0);
}

static void numbers_of_an_array_come_in_turn(void **state)
{
    struct slice all = js_text_value(slice_str(JSON), "all");
    uint64_t n = 0;
    (void)state;
    assert_true(js_text_next(&all, &n));
    assert_int_equal(n, 5);
    assert_true(js_text_next(&all, &n));
    assert_int_equal(n, 66);
    assert_true(js_text_next(&all, &n));
    assert_int_equal(n, 7);
    assert_false(js_text_next(&all, &n));
}

static void headers_are_found_by_their_whole_name(void **state)
{
    struct slice block = slice_str("NATS/1.0 404 No\r\nA-b: one\r\nA: two \r\nC:\r\n\r\n");
    (void)state;
    assert_true(slice_equal_str(js_text_header(block, "A"), "two"));
    assert_true(slice_equal_str(js_text_header(block, "A-b"), "one"));
    assert_int_equal(js_text_header(block, "C").len, 0);
    assert_int_equal(js_text_header(block, "D").len, 0);
    assert_int_equal(js_text_status(block), 404);
    assert_int_equal(js_text_status(slice_str("NATS/1.0\r\nA: b\r\n\r\n")), 0);
    assert_int_equal(js_text_status(slice_str("")), 0);
}

static void times_are_read(void **state)
{
    (void)state;
    assert_int_equal(js_text_time(slice_str("1970-01-01T00:00:00Z")), 0);
    assert_int_equal(js_text_time(slice_str("1970-01-01T00:00:00.000000001Z")), 1);
    assert_int_equal(js_text_time(slice_str("2000-02-29T12:00:00Z")), 951825600000000000);
    assert_int_equal(js_text_time(slice_str("2000-03-01T00:00:00.5Z")), 951868800500000000);
    assert_int_equal(js_text_time(slice_str("2026-01-01T00:00:01.25Z")), 1767225601250000000);
    assert_int_equal(js_text_time(slice_str("2026-11-29T17:00:00Z")), 1795971600000000000);
    assert_int_equal(js_text_time(slice_str("no time")), 0);
    assert_int_equal(js_text_time(slice_str("")), 0);
}

static void a_text_contains_its_parts(void **state)
{
    struct slice text = slice_str("damaged: 5, 7");
    (void)state;
    assert_true(js_text_contains(text, "damaged"));
    assert_true(js_text_contains(text, ", 7"));
    assert_true(js_text_contains(text, "damaged: 5, 7"));
    assert_false(js_text_contains(text, "damaged: 5, 78"));
    assert_false(js_text_contains(slice_str(""), "d"));
}

static void a_line_of_the_log_names_what_is_damaged(void **state)
{
    static const char *const lines[] = {
        "JetStream: batch 7 of the journal is damaged: it held sequences 5 to 12 of the stream of "
        "streams/000000000000001a",
        "JetStream: sequences 5 to 12 of the stream of streams/000000000000001a are damaged",
    };
    uint64_t owner, first, last;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_true(js_text_damage(slice_str(lines[i]), &owner, &first, &last));
        assert_int_equal(owner, 26);
        assert_int_equal(first, 5);
        assert_int_equal(last, 12);
    }
    assert_false(js_text_damage(slice_str("JetStream: all is well"), &owner, &first, &last));
    assert_false(js_text_damage(slice_str("the stream of streams/000000000000001a is set aside"),
                                &owner, &first, &last));
}

static void a_line_of_the_log_names_a_stream_and_what_it_has_lost(void **state)
{
    static const char line[] = "JetStream: stream '$G > S-1': 4 messages are damaged and served to "
                               "nobody: sequences 5, 7-9, …";
    struct slice name, ranges;
    uint64_t first, last;
    (void)state;
    assert_true(js_text_damaged_stream(slice_str(line), &name, &ranges));
    assert_true(slice_equal_str(name, "S-1"));
    assert_true(js_text_next_range(&ranges, &first, &last));
    assert_true(first == 5 && last == 5);
    assert_true(js_text_next_range(&ranges, &first, &last));
    assert_true(first == 7 && last == 9);
    assert_false(js_text_next_range(&ranges, &first, &last));
    assert_false(js_text_damaged_stream(slice_str("JetStream: all is well"), &name, &ranges));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_an_object_are_found_and_none_below),
        cmocka_unit_test(what_is_no_object_has_no_values),
        cmocka_unit_test(numbers_of_an_array_come_in_turn),
        cmocka_unit_test(headers_are_found_by_their_whole_name),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(a_text_contains_its_parts),
        cmocka_unit_test(a_line_of_the_log_names_what_is_damaged),
        cmocka_unit_test(a_line_of_the_log_names_a_stream_and_what_it_has_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
