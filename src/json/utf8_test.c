/* SPDX-License-Identifier: Apache-2.0 */
#include "json/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_character_survives_writing_and_reading(void **state)
{
    (void)state;
    for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
        if (rune >= 0xd800 && rune <= 0xdfff) continue;
        uint8_t bytes[4];
        uint32_t back = 0, len = utf8_put(rune, bytes);
        assert_int_equal(utf8_next(slice_of(bytes, len), &back), len);
        assert_int_equal(back, rune);
        assert_int_equal(utf8_next(slice_of(bytes, len - 1), &back), 0);
    }
}

static void what_is_no_character_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xc0\x80", "\xe0\x80\x80",        "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xff", "\xc3(",    "\xf8\x88\x80\x80\x80"
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        uint32_t rune = 7;
        assert_int_equal(utf8_next(slice_str(bad[i]), &rune), 0);
        assert_int_equal(rune, 7);
    }
    uint8_t bytes[4];
    assert_int_equal(utf8_put(0xd800, bytes), 3);
    assert_memory_equal(bytes, "\xef\xbf\xbd", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_survives_writing_and_reading),
        cmocka_unit_test(what_is_no_character_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
