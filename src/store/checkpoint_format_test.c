/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STORE = 0x1234, LIST_LEN = 1024, TEXT = 500 };

static const struct checkpoint_head example = {
    .store_id = STORE,
    .file = 7,
    .sections = 2,
    .offset = 2048,
    .number = 3,
    .pos = 99,
    .base = 512,
    .body_len = 2 * SECTION_SIZE + TEXT,
    .turn = 12,
    .nonce = { 1, 2, 3 },
};

static void make(uint8_t list[LIST_LEN])
{
    const struct checkpoint_section a = { 5, 6, { NULL, TEXT } }, b = { 8, 9, { NULL, 0 } };
    assert_int_equal(checkpoint_list_len(example.body_len), LIST_LEN);
    memset(list, 0xee, LIST_LEN);
    checkpoint_head_encode(&example, list);
    checkpoint_section_encode(&a, list + HEAD_SIZE);
    memset(list + HEAD_SIZE + SECTION_SIZE, 'x', TEXT);
    checkpoint_section_encode(&b, list + HEAD_SIZE + SECTION_SIZE + TEXT);
    checkpoint_list_finish(list);
}

static bool is_whole(struct slice list)
{
    struct checkpoint_head h;
    return checkpoint_head_decode(list, STORE, &h) == CHECKPOINT_HEAD &&
           checkpoint_list_check(&h, list);
}

static void a_list_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint8_t list[LIST_LEN];
    struct checkpoint_head h;
    make(list);
    assert_int_equal(checkpoint_head_decode(slice_of(list, LIST_LEN), STORE, &h), CHECKPOINT_HEAD);
    assert_true(checkpoint_list_check(&h, slice_of(list, LIST_LEN)));
    assert_int_equal(h.file, 7);
    assert_int_equal(h.offset, 2048);
    assert_int_equal(h.number, 3);
    assert_int_equal(h.pos, 99);
    assert_int_equal(h.base, 512);
    assert_int_equal(h.turn, 12);
    assert_int_equal(h.nonce[2], 3);
    struct checkpoint_section s;
    uint32_t at = 0;
    struct slice body = slice_of(list + HEAD_SIZE, h.body_len);
    assert_true(checkpoint_next(body, &at, &s));
    assert_true(s.owner == 5 && s.kind == 6 && s.bytes.len == TEXT);
    assert_true(checkpoint_next(body, &at, &s));
    assert_true(s.owner == 8 && s.kind == 9 && s.bytes.len == 0);
    assert_false(checkpoint_next(body, &at, &s));
}

static void each_bit_of_a_list_counts(void **state)
{
    (void)state;
    uint8_t list[LIST_LEN];
    make(list);
    for (uint32_t i = 0; i < LIST_LEN * 8; i++) {
        list[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_false(is_whole(slice_of(list, LIST_LEN)));
        list[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_true(is_whole(slice_of(list, LIST_LEN)));
}

static void a_list_that_is_cut_is_not_whole(void **state)
{
    (void)state;
    uint8_t list[LIST_LEN];
    make(list);
    for (uint32_t len = 0; len < LIST_LEN; len++) assert_false(is_whole(slice_of(list, len)));
}

static void bodies_are_counted_and_bounded(void **state)
{
    (void)state;
    uint8_t list[LIST_LEN];
    make(list);
    struct slice body = slice_of(list + HEAD_SIZE, example.body_len);
    assert_true(checkpoint_body_check(body, 2));
    assert_false(checkpoint_body_check(body, 1));
    assert_false(checkpoint_body_check(body, 3));
    assert_false(checkpoint_body_check(slice_first(body, body.len - 1), 2));
    le_put_u32(list + HEAD_SIZE + SECTION_LEN, UINT32_MAX);
    assert_false(checkpoint_body_check(body, 2));
    assert_true(checkpoint_body_check(slice_of(list, 0), 0));
}

static void another_version_is_known_as_one(void **state)
{
    (void)state;
    uint8_t list[LIST_LEN];
    struct checkpoint_head h;
    make(list);
    list[HEAD_MAGIC + 3]++;
    checkpoint_list_finish(list);
    struct slice in = slice_of(list, LIST_LEN);
    assert_int_equal(checkpoint_head_decode(in, STORE, &h), CHECKPOINT_NEWER_HEAD);
    assert_int_equal(checkpoint_head_decode(in, STORE + 1, &h), CHECKPOINT_NO_HEAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_as_it_was_written),
        cmocka_unit_test(each_bit_of_a_list_counts),
        cmocka_unit_test(a_list_that_is_cut_is_not_whole),
        cmocka_unit_test(bodies_are_counted_and_bounded),
        cmocka_unit_test(another_version_is_known_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
