/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

static const struct {
    const char *a, *b;
    const char *sum, *difference;
} cases[] = {
    { "0", "0", "0", "0" },
    { "1", "2", "3", "-1" },
    { "+1", "-2", "-1", "3" },
    { "-0", "+0", "0", "0" },
    { "5", "-5", "0", "10" },
    { "-5", "5", "0", "-10" },
    { "-7", "-8", "-15", "1" },
    { "007", "0003", "10", "4" },
    { "999", "1", "1000", "998" },
    { "1000", "-1", "999", "1001" },
    { "-1000", "1", "-999", "-1001" },
    { "1", "-1000", "-999", "1001" },
    { "10", "-10", "0", "20" },
    { "99999999999999999999", "1", "100000000000000000000", "99999999999999999998" },
    { "18446744073709551616", "-18446744073709551617", "-1", "36893488147419103233" },
    { "-123456789012345678901234567890", "987654321098765432109876543210",
      "864197532086419753208641975320", "-1111111110111111111011111111100" },
};

static void numbers_are_added_and_subtracted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buf b = { 0 };
        struct slice x = slice_str(cases[i].a), y = slice_str(cases[i].b);
        buf_add_str(&b, "=");
        assert_int_equal(counter_add(x, y, &b), ERR_OK);
        assert_string_equal(buf_str(&b) + 1, cases[i].sum);
        b.len = 1;
        assert_int_equal(counter_subtract(x, y, &b), ERR_OK);
        assert_string_equal(buf_str(&b) + 1, cases[i].difference);
        buf_deinit(&b);
    }
}

static void drawn_numbers_agree_with_the_machine(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 9);
    for (int i = 0; i < 20000; i++) {
        int64_t x = (int64_t)rng_next(&rng) >> (rng_next(&rng) % 62 + 2);
        int64_t y = (int64_t)rng_next(&rng) >> (rng_next(&rng) % 62 + 2);
        char a[32], b[32], sum[32], difference[32];
        struct buf out = { 0 };
        (void)snprintf(a, sizeof a, "%lld", (long long)x);
        (void)snprintf(b, sizeof b, "%lld", (long long)y);
        (void)snprintf(sum, sizeof sum, "%lld", (long long)x + (long long)y);
        (void)snprintf(difference, sizeof difference, "%lld", (long long)x - (long long)y);
        assert_int_equal(counter_add(slice_str(a), slice_str(b), &out), ERR_OK);
        assert_string_equal(buf_str(&out), sum);
        out.len = 0;
        assert_int_equal(counter_subtract(slice_str(a), slice_str(b), &out), ERR_OK);
        assert_string_equal(buf_str(&out), difference);
        buf_deinit(&out);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",    "-",   "+",   " 1",  "1 ", "--1",     "+-1",
                                       "1_0", "0x1", "1e3", "1.0", "a",  "\xd9\xa1" };
    struct buf out = { 0 };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(counter_add(slice_str(bad[i]), SLICE_LIT("1"), &out), ERR_INVALID);
        assert_int_equal(counter_subtract(SLICE_LIT("1"), slice_str(bad[i]), &out), ERR_INVALID);
        assert_int_equal(counter_check(slice_str(bad[i])), ERR_INVALID);
    }
    assert_int_equal(counter_check(SLICE_LIT("-12")), ERR_OK);
    assert_int_equal(out.len, 0);
}

static void digits_have_a_limit(void **state)
{
    (void)state;
    uint8_t *nines = malloc(COUNTER_DIGITS_MAX + 1);
    struct buf out = { 0 };
    assert_non_null(nines);
    memset(nines, '9', COUNTER_DIGITS_MAX + 1);
    struct slice most = slice_of(nines, COUNTER_DIGITS_MAX);
    struct slice more = slice_of(nines, COUNTER_DIGITS_MAX + 1);
    assert_int_equal(counter_check(most), ERR_OK);
    assert_int_equal(counter_check(more), ERR_LIMIT);
    assert_int_equal(counter_add(most, SLICE_LIT("1"), &out), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(counter_add(most, SLICE_LIT("0"), &out), ERR_OK);
    assert_true(slice_equal(buf_slice(&out), most));
    out.len = 0;
    assert_int_equal(counter_add(most, SLICE_LIT("-1"), &out), ERR_OK);
    assert_int_equal(out.ptr[COUNTER_DIGITS_MAX - 1], '8');
    nines[0] = '0';
    assert_int_equal(counter_check(more), ERR_OK);
    buf_deinit(&out);
    free(nines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_added_and_subtracted),
        cmocka_unit_test(drawn_numbers_agree_with_the_machine),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(digits_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
