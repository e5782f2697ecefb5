/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/text_trim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void blanks_of_ascii_and_unicode_go_at_both_ends_only(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },
        { " \t\v\f\r\n", "" },
        { "a", "a" },
        { " a b\t", "a b" },
        { "\xc2\x85\xc2\xa0x\xc2\xa0", "x" },
        { "\xe2\x80\x83\xe3\x80\x80x\xe2\x80\xa8", "x" },
        { "\xe2\x80\x8bx", "\xe2\x80\x8bx" }, /* a zero-width space is none */
        { "\xa0x\x85", "\xa0x\x85" },         /* half of a character is none */
        { "x\xc2", "x\xc2" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_true(slice_equal_str(text_trim(slice_str(rows[i][0])), rows[i][1]));
    assert_int_equal(text_trim((struct slice){ 0 }).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_of_ascii_and_unicode_go_at_both_ends_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
