/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seqset_part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void more_runs_than_a_bitmap_takes_are_a_bitmap_and_few_are_runs_again(void **state)
{
    (void)state;
    struct part p = { .kind = PART_RUNS };
    for (uint32_t i = 0; i < PART_RUNS_MAX; i++) {
        assert_int_equal(part_add(&p, i * 4, i * 4), 1);
        assert_int_equal(p.kind, PART_RUNS);
        part_check(&p);
    }
    assert_int_equal(part_memory(&p), PART_SIZE / 8);
    assert_int_equal(part_add(&p, PART_LAST, PART_LAST), 1);
    assert_int_equal(p.kind, PART_BITMAP);
    part_check(&p);
    uint32_t i = 0;
    for (; p.kind == PART_BITMAP; i++) {
        assert_int_equal(part_add(&p, i * 4 + 1, i * 4 + 3), 3);
        part_check(&p);
    }
    assert_int_equal(p.runs_count, PART_RUNS_FEW);
    assert_int_equal(part_next_absent(&p, 0), i * 4 + 1);
    part_deinit(&p);
}

static void one_sequence_at_a_time_and_in_bytes_is_the_same_bitmap(void **state)
{
    (void)state;
    enum { FIRST = 64 * 7, BYTES = 1500 };
    uint8_t bytes[BYTES];
    struct part one = { .kind = PART_RUNS }, whole = one;
    for (uint32_t i = 0; i < BYTES; i++) bytes[i] = i % 3 == 0 ? 0x55 : (uint8_t)(i * 37);
    for (uint32_t i = 0; i < BYTES * 8; i++)
        if (bytes[i / 8] >> i % 8 & 1) (void)part_add(&one, FIRST + i, FIRST + i);
    assert_int_equal(part_add_bytes(&whole, FIRST, bytes, BYTES), one.count);
    assert_int_equal(part_add_bytes(&whole, FIRST, bytes, BYTES), 0);
    assert_int_equal(whole.kind, PART_BITMAP);
    assert_int_equal(one.kind, PART_BITMAP);
    assert_memory_equal(whole.words, one.words, PART_SIZE / 8);
    part_check(&one);
    part_check(&whole);
    part_deinit(&one);
    part_deinit(&whole);
}

static void what_is_next_is_found_at_every_edge_of_a_word(void **state)
{
    (void)state;
    for (uint32_t is_bitmap = 0; is_bitmap < 2; is_bitmap++) {
        for (uint32_t first = 60; first < 70; first++) {
            struct part p = { .kind = PART_RUNS };
            (void)part_add(&p, first, first + 100);
            for (uint32_t i = 0; is_bitmap && i <= PART_RUNS_MAX; i++)
                (void)part_add(&p, 1000 + 2 * i, 1000 + 2 * i);
            assert_int_equal(p.kind, is_bitmap ? PART_BITMAP : PART_RUNS);
            assert_int_equal(part_next_present(&p, 0), first);
            assert_int_equal(part_next_absent(&p, first), first + 101);
            assert_int_equal(part_prev_absent(&p, first + 100), first - 1);
            assert_int_equal(part_prev_absent(&p, first - 1), first - 1);
            assert_int_equal(part_count(&p, first + 1, first + 200), 100);
            assert_int_equal(part_next_present(&p, PART_LAST), PART_SIZE);
            assert_int_equal(part_add(&p, 0, first), first);
            assert_int_equal(part_prev_absent(&p, first), -1);
            assert_int_equal(part_remove_below(&p, first + 2), first + 2);
            assert_int_equal(part_next_present(&p, 0), first + 2);
            part_check(&p);
            part_deinit(&p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_runs_than_a_bitmap_takes_are_a_bitmap_and_few_are_runs_again),
        cmocka_unit_test(one_sequence_at_a_time_and_in_bytes_is_the_same_bitmap),
        cmocka_unit_test(what_is_next_is_found_at_every_edge_of_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
