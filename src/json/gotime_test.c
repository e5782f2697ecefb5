/* SPDX-License-Identifier: Apache-2.0 */
#include "json/gotime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* clang-format off */
static const struct { nanos value; const char *text; } durations[] = {
    { 0, "0s" }, { 1, "1ns" }, { 1100, "1.1\xc2\xb5s" }, { 2200000, "2.2ms" },
    { 3300 * MILLISECOND, "3.3s" },
    { 90 * SECOND, "1m30s" }, { 2 * HOUR, "2h0m0s" },
    { 4 * MINUTE + 5001 * MILLISECOND, "4m5.001s" },
    { -1, "-1ns" }, { INT64_MAX, "2562047h47m16.854775807s" },
    { INT64_MIN, "-2562047h47m16.854775808s" },
};
/* clang-format on */

static void durations_are_written_and_read_as_go_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(durations); i++) {
        char text[GOTIME_TEXT_SIZE];
        assert_string_equal(gotime_duration_text(durations[i].value, text), durations[i].text);
        nanos back = 0;
        assert_int_equal(gotime_duration_parse(slice_str(text), &back), ERR_OK);
        assert_int_equal(back, durations[i].value);
    }
}

static void durations_need_units_and_fit_in_64_bits(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "3",   "-",   "s", ".", "-.", ".s", "+.s", "1d", "3000000h", "9223372036854775808ns",
        "1s ", " 1s", "1e3s"
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        nanos d = 42;
        assert_int_equal(gotime_duration_parse(slice_str(bad[i]), &d), ERR_INVALID);
        assert_int_equal(d, 42);
    }
    nanos d;
    assert_int_equal(gotime_duration_parse(SLICE_LIT("+.5h1us2\xc2\xb5s"), &d), ERR_OK);
    assert_int_equal(d, 30 * MINUTE + 3 * MICROSECOND);
    assert_int_equal(gotime_duration_parse(SLICE_LIT("9223372036854775807ns"), &d), ERR_OK);
    assert_int_equal(d, INT64_MAX);
    assert_int_equal(gotime_duration_parse(SLICE_LIT("-9223372036854775808ns"), &d), ERR_OK);
    assert_int_equal(d, INT64_MIN);
}

static void a_fraction_may_have_any_number_of_digits(void **state)
{
    (void)state;
    char text[512];
    nanos d;
    memset(text, '0', sizeof text);
    memcpy(text, "7.", 2);
    memcpy(text + 400, "3m", 3);
    assert_int_equal(gotime_duration_parse(slice_str(text), &d), ERR_OK);
    assert_int_equal(d, 7 * MINUTE);
    assert_int_equal(gotime_duration_parse(SLICE_LIT("0.9223372036854775808h"), &d), ERR_OK);
    assert_int_equal(d, INT64_C(3320413933267));
}

static void any_number_of_zeros_may_follow_the_point(void **state)
{
    (void)state;
    char text[400] = "1.";
    for (uint32_t zeros = 1; zeros < 390; zeros++) {
        nanos d;
        text[1 + zeros] = '0';
        text[2 + zeros] = 'h';
        assert_int_equal(gotime_duration_parse(slice_of(text, zeros + 3), &d), ERR_OK);
        assert_int_equal(d, HOUR);
    }
}

/* clang-format off */
static const struct { nanos value; const char *text; } times[] = {
    { 0, "1970-01-01T00:00:00Z" }, { -1, "1969-12-31T23:59:59.999999999Z" },
    { 951782400 * SECOND + 120 * MILLISECOND, "2000-02-29T00:00:00.12Z" },
    { INT64_MAX - SECOND, "2262-04-11T23:47:15.854775807Z" },
    { GOTIME_ZERO, "0001-01-01T00:00:00Z" },
};
/* clang-format on */

static void times_are_written_and_read_in_rfc_3339(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        char text[GOTIME_TEXT_SIZE];
        assert_string_equal(gotime_rfc3339_text(times[i].value, text), times[i].text);
        nanos back = 7;
        if (times[i].value > INT64_MAX - 3 * DAY) continue;
        assert_int_equal(gotime_rfc3339_parse(slice_str(text), &back), ERR_OK);
        assert_int_equal(back, times[i].value);
    }
    char epoch[GOTIME_TEXT_SIZE];
    assert_string_equal(gotime_rfc3339_text(GOTIME_EPOCH, epoch), "1970-01-01T00:00:00Z");
    nanos t;
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("2000-02-29T02:00:00+02:00"), &t), ERR_OK);
    assert_int_equal(t, 951782400 * SECOND);
    /* what Go lets pass beside it */
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("2000-02-29T2:00:00,5+02:00"), &t), ERR_OK);
    assert_int_equal(t, 951782400 * SECOND + SECOND / 2);
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("2000-02-29T02:00:00+24:60"), &t), ERR_OK);
    assert_int_equal(t, 951782400 * SECOND - 23 * HOUR);
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("1999-02-29T02:00:00Z"), &t), ERR_INVALID);
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("2999-01-01T02:00:00Z"), &t), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_written_and_read_as_go_does),
        cmocka_unit_test(durations_need_units_and_fit_in_64_bits),
        cmocka_unit_test(a_fraction_may_have_any_number_of_digits),
        cmocka_unit_test(any_number_of_zeros_may_follow_the_point),
        cmocka_unit_test(times_are_written_and_read_in_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
