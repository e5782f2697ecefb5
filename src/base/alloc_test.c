/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void nothing_asked_for_is_memory_all_the_same(void **state)
{
    (void)state;
    void *plain = xalloc(0), *zeroed = xcalloc(0, 8), *aligned = xalloc_aligned(64, 0);
    assert_non_null(plain);
    assert_non_null(zeroed);
    assert_non_null(aligned);
    plain = xrealloc(plain, 0);
    assert_non_null(plain);
    assert_null(xfree(plain));
    assert_null(xfree(zeroed));
    assert_null(xfree(aligned));
    assert_null(xfree(NULL));
}

static void xcalloc_and_xalloc_aligned_give_zeroed_memory(void **state)
{
    (void)state;
    static const uint8_t zeros[100] = { 0 };
    uint8_t *counted = xcalloc(20, 5);
    uint8_t *aligned = xalloc_aligned(64, sizeof zeros);
    assert_memory_equal(counted, zeros, sizeof zeros);
    assert_memory_equal(aligned, zeros, sizeof zeros);
    assert_int_equal((uintptr_t)aligned % 64, 0);
    xfree(counted);
    xfree(aligned);
}

static void xrealloc_keeps_what_was_there(void **state)
{
    (void)state;
    char *text = xstrdup("kept");
    text = xrealloc(text, 100000);
    assert_string_equal(text, "kept");
    xfree(text);
    assert_null(xstrdup(NULL));
}

static void a_door_gives_up_to_its_limit_and_no_byte_more(void **state)
{
    (void)state;
    struct door door = { .bytes_max = 100 };
    void *first = door_alloc(&door, 60);
    assert_non_null(first);
    assert_null(door_alloc(&door, 41));
    assert_int_equal(door.bytes, 60);
    void *second = door_alloc(&door, 40);
    assert_non_null(second);
    assert_null(door_alloc(&door, 1));
    assert_null(door_free(&door, first, 60));
    void *third = door_alloc(&door, 60);
    assert_non_null(third);
    assert_null(door_free(&door, third, 60));
    assert_null(door_free(&door, second, 40));
    assert_int_equal(door.bytes, 0);
}

static void what_is_allocated_elsewhere_counts_as_much(void **state)
{
    (void)state;
    struct door door = { .bytes_max = 100 };
    assert_true(door_charge(&door, 60));
    assert_false(door_charge(&door, 41));
    assert_null(door_alloc(&door, 41));
    void *p = door_alloc(&door, 40);
    assert_non_null(p);
    door_discharge(&door, 20);
    assert_int_equal(door.bytes, 80);
    door.fail_at = door.calls + 1;
    assert_false(door_charge(&door, 1));
    door_discharge(&door, 40);
    assert_null(door_free(&door, p, 40));
    assert_int_equal(door.bytes, 0);
}

static void a_door_without_a_limit_counts_what_is_out(void **state)
{
    (void)state;
    struct door door = { 0 };
    void *p = door_alloc(&door, 1 << 20);
    assert_non_null(p);
    assert_int_equal(door.bytes, 1 << 20);
    assert_null(door_free(&door, NULL, 77));
    assert_int_equal(door.bytes, 1 << 20);
    assert_null(door_free(&door, p, 1 << 20));
    assert_int_equal(door.bytes, 0);
}

static void exactly_the_chosen_call_of_a_door_fails(void **state)
{
    (void)state;
    for (uint64_t chosen = 1; chosen <= 4; chosen++) {
        struct door door = { .fail_at = chosen };
        for (uint64_t call = 1; call <= 4; call++) {
            void *p = door_alloc(&door, 8);
            assert_int_equal(p == NULL, call == chosen);
            assert_int_equal(door.calls, call);
            assert_int_equal(door.bytes, p == NULL ? 0 : 8);
            (void)door_free(&door, p, 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_for_is_memory_all_the_same),
        cmocka_unit_test(xcalloc_and_xalloc_aligned_give_zeroed_memory),
        cmocka_unit_test(xrealloc_keeps_what_was_there),
        cmocka_unit_test(a_door_gives_up_to_its_limit_and_no_byte_more),
        cmocka_unit_test(what_is_allocated_elsewhere_counts_as_much),
        cmocka_unit_test(a_door_without_a_limit_counts_what_is_out),
        cmocka_unit_test(exactly_the_chosen_call_of_a_door_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
