/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static void blocks_of_any_size_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 7, 16, 17, 4095, 4096, 4097, 100000, 3, 4000, 90, 8 };
    enum { COUNT = ARRAY_COUNT(sizes) };
    AUTO_FREE(arena) a = arena_new();
    uint8_t *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = arena_alloc(a, sizes[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        assert_true(is_zero(blocks[i], sizes[i]));
        memset(blocks[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(blocks[i][at], i + 1);
}

static void copies_end_in_nul_and_outlive_their_source(void **state)
{
    (void)state;
    AUTO_FREE(arena) a = arena_new();
    char source[] = "orders.eu";
    char *text = arena_str(a, slice_of(source, 6));
    struct slice copy = arena_slice(a, slice_of(source, 6));
    memset(source, 'x', sizeof source);
    assert_string_equal(text, "orders");
    assert_true(slice_equal_str(copy, "orders"));
    assert_int_equal(copy.ptr[copy.len], 0);
    assert_string_equal(arena_str(a, (struct slice){ 0 }), "");
}

static void printf_into_an_arena_fits_whatever_its_length(void **state)
{
    (void)state;
    AUTO_FREE(arena) a = arena_new();
    assert_string_equal(arena_printf(a, "%s:%d", "h", 42), "h:42");
    assert_string_equal(arena_printf(a, "%s", ""), "");
    char *wide = arena_printf(a, "%9000d", 7);
    assert_int_equal(strlen(wide), 9000);
    assert_int_equal(wide[8999], '7');
}

static void an_array_grows_and_keeps_its_elements(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    AUTO_FREE(arena) a = arena_new();
    struct pair {
        uint64_t number;
        uint8_t byte;
    } *pairs = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct pair *p = arena_push(a, (void **)&pairs, &count, sizeof *p);
        assert_ptr_equal(p, &pairs[i]);
        assert_true(is_zero((const uint8_t *)p, sizeof *p));
        *p = (struct pair){ i * 3, (uint8_t)i };
    }
    assert_int_equal(count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(pairs[i].number, i * 3);
        assert_int_equal(pairs[i].byte, (uint8_t)i);
    }
}

static void no_arena_is_freed_without_complaint(void **state)
{
    (void)state;
    assert_null(arena_free(NULL));
    assert_null(arena_free(arena_new()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_any_size_are_zeroed_aligned_and_apart),
        cmocka_unit_test(copies_end_in_nul_and_outlive_their_source),
        cmocka_unit_test(printf_into_an_arena_fits_whatever_its_length),
        cmocka_unit_test(an_array_grows_and_keeps_its_elements),
        cmocka_unit_test(no_arena_is_freed_without_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
