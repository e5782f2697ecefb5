/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void names_have_no_blanks_and_nothing_of_subjects_or_paths(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "a.b", "a*", ">", "a/b", "a\\b", "a b", "a\tb", "a\n" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) assert_false(js_name_valid(bad[i]));
    assert_false(js_name_valid(NULL));
    assert_true(js_name_valid("ORDERS-1_x"));
}

static void subjects_collide_when_one_is_matched_by_both(void **state)
{
    (void)state;
    assert_true(js_subjects_collide(SLICE_LIT("a.*"), SLICE_LIT("*.b")));
    assert_false(js_subjects_collide(SLICE_LIT("a"), SLICE_LIT("b")));
    assert_true(js_subjects_collide(SLICE_LIT(""), SLICE_LIT("")));
    assert_false(js_subjects_collide(SLICE_LIT(""), SLICE_LIT(">")));
}

static void refusals_are_false_and_carry_their_text(void **state)
{
    (void)state;
    struct js_error error;
    assert_false(js_config_refuse(&error, "no"));
    assert_int_equal(error.err_code, JS_ERR_STREAM_INVALID_CONFIG);
    assert_string_equal(error.text, "no");
    assert_false(js_pedantic_refuse(&error, "no"));
    assert_string_equal(error.text, "pedantic mode: no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_no_blanks_and_nothing_of_subjects_or_paths),
        cmocka_unit_test(subjects_collide_when_one_is_matched_by_both),
        cmocka_unit_test(refusals_are_false_and_carry_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
