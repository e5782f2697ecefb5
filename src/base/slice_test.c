/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void nothing_equals_nothing_wherever_it_stands(void **state)
{
    (void)state;
    struct slice none = slice_str(NULL), empty = SLICE_LIT("");
    assert_int_equal(none.len, 0);
    assert_true(slice_equal(none, empty));
    assert_true(slice_equal_nocase(none, empty));
    assert_int_equal(slice_compare(none, empty), 0);
    assert_true(slice_starts(none, empty));
    assert_int_equal(slice_trim(none).len, 0);
    assert_int_equal(slice_find_byte(none, 'a'), -1);
    assert_null(slice_from(none, 3).ptr);
}

static void comparisons_are_bytewise(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
        bool same_letters;
    } rows[] = {
        { "a", "a", 0, true },      { "a", "b", -1, false },      { "b", "a", 1, false },
        { "ab", "a", 1, false },    { "a", "ab", -1, false },     { "", "a", -1, false },
        { "A", "a", -1, true },     { "PuB", "pUb", -1, true },   { "a[", "a{", -1, false },
        { "\xc3", "a", 1, false },  { "@", "`", -1, false },      { "Z", "z", -1, true },
        { "pub", "pubs", -1, false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct slice a = slice_str(rows[i].a), b = slice_str(rows[i].b);
        assert_int_equal(sign(slice_compare(a, b)), rows[i].order);
        assert_int_equal(slice_equal(a, b), rows[i].order == 0);
        assert_int_equal(slice_equal_str(a, rows[i].b), rows[i].order == 0);
        assert_int_equal(slice_equal_nocase(a, b), rows[i].same_letters);
    }
}

static void parts_stay_within_the_whole(void **state)
{
    (void)state;
    struct slice s = SLICE_LIT("orders.eu");
    assert_true(slice_equal_str(slice_from(s, 7), "eu"));
    assert_int_equal(slice_from(s, 9).len, 0);
    assert_int_equal(slice_from(s, 1000).len, 0);
    assert_ptr_equal(slice_from(s, 1000).ptr, s.ptr + s.len);
    assert_true(slice_equal_str(slice_first(s, 6), "orders"));
    assert_true(slice_equal(slice_first(s, 1000), s));
    assert_true(slice_starts(s, SLICE_LIT("orders.")));
    assert_true(slice_starts(s, s));
    assert_false(slice_starts(s, SLICE_LIT("orders.eu.")));
    assert_false(slice_starts(s, SLICE_LIT("Orders")));
}

static void trim_takes_blanks_from_both_ends_only(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { " a b\r\n", "a b" }, { "\t\r\n ", "" }, { "a", "a" }, { "", "" },
        { "\va\v", "\va\v" },  { "  a", "a" },    { "a  ", "a" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_true(slice_equal_str(slice_trim(slice_str(rows[i].text)), rows[i].want));
}

static void cutting_at_a_byte_walks_through_the_parts(void **state)
{
    (void)state;
    struct slice rest = SLICE_LIT("a..bc"), head;
    assert_true(slice_cut(&rest, '.', &head));
    assert_true(slice_equal_str(head, "a"));
    assert_true(slice_cut(&rest, '.', &head));
    assert_int_equal(head.len, 0);
    assert_false(slice_cut(&rest, '.', &head));
    assert_true(slice_equal_str(head, "bc"));
    assert_int_equal(rest.len, 0);
    assert_false(slice_cut(&rest, '.', &head));
    assert_int_equal(head.len, 0);
    rest = SLICE_LIT("x.");
    assert_true(slice_cut(&rest, '.', &head));
    assert_int_equal(rest.len, 0);
}

static void unsigned_numbers_are_digits_that_fit_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t want;
    } good[] = {
        { "0", 0 },
        { "007", 7 },
        { "4294967296", 4294967296 },
        { "18446744073709551615", UINT64_MAX },
        { "00000000000000000001", 1 },
    };
    static const char *const bad[] = { "",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "0x1",
                                       "1e3",
                                       "a",
                                       "18446744073709551616",
                                       "18446744073709551620",
                                       "99999999999999999999",
                                       "000000000000000000001" };
    uint64_t value;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_true(slice_to_u64(slice_str(good[i].text), &value));
        assert_true(value == good[i].want);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        value = 77;
        assert_false(slice_to_u64(slice_str(bad[i]), &value));
        assert_int_equal(value, 77);
    }
}

static void signed_numbers_may_have_a_sign_and_fit_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } good[] = {
        { "0", 0 },
        { "-0", 0 },
        { "+5", 5 },
        { "-5", -5 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
    };
    static const char *const bad[] = {
        "", "-", "+", "--1", "+-1", "9223372036854775808", "-9223372036854775809", "1-", "- 1"
    };
    int64_t value;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_true(slice_to_i64(slice_str(good[i].text), &value));
        assert_true(value == good[i].want);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        value = 77;
        assert_false(slice_to_i64(slice_str(bad[i]), &value));
        assert_int_equal(value, 77);
    }
}

static void a_copy_ends_in_nul(void **state)
{
    (void)state;
    char *copy = slice_dup(slice_of("abcdef", 3));
    assert_string_equal(copy, "abc");
    xfree(copy);
    copy = slice_dup((struct slice){ 0 });
    assert_string_equal(copy, "");
    xfree(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_equals_nothing_wherever_it_stands),
        cmocka_unit_test(comparisons_are_bytewise),
        cmocka_unit_test(parts_stay_within_the_whole),
        cmocka_unit_test(trim_takes_blanks_from_both_ends_only),
        cmocka_unit_test(cutting_at_a_byte_walks_through_the_parts),
        cmocka_unit_test(unsigned_numbers_are_digits_that_fit_64_bits),
        cmocka_unit_test(signed_numbers_may_have_a_sign_and_fit_64_bits),
        cmocka_unit_test(a_copy_ends_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
