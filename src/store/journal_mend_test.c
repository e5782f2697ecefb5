/* SPDX-License-Identifier: Apache-2.0 */
/* Each bit of a batch turns, alone. */
#include "store/journal_mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 3, BATCH = 1024, STORE = 77 };

static const struct journal_spot spot = { STORE, 5, 1024 };
static const struct journal_seal none;

/* A batch of three records, the second of `len` bytes. Returns the body's length. */
static uint32_t make(uint8_t *batch, uint32_t len, struct journal_head *ret)
{
    uint32_t lens[RECORDS] = { 40, len, 7 }, at = HEAD_SIZE + RANGE_SIZE;
    uint8_t *body = batch + at;
    le_put_u64(batch + HEAD_SIZE + RANGE_OWNER, 9);
    le_put_u64(batch + HEAD_SIZE + RANGE_FIRST, 1);
    le_put_u64(batch + HEAD_SIZE + RANGE_LAST, RECORDS);
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct journal_record r = { 9, i + 1, 1, slice_of(batch, lens[i]) };
        journal_record_encode(&r, batch + at);
        for (uint32_t k = 0; k < lens[i]; k++) batch[at + RECORD_SIZE + k] = (uint8_t)(k * 7 + i);
        at += RECORD_SIZE + lens[i];
    }
    *ret = (struct journal_head){ .store_id = STORE,
                                  .generation = 3,
                                  .segment = spot.segment,
                                  .ranges = 1,
                                  .offset = spot.offset,
                                  .pos = 12,
                                  .before = 11,
                                  .durable = 10,
                                  .records = RECORDS,
                                  .body_len = (uint32_t)(batch + at - body) };
    journal_head_encode(ret, batch);
    ret->body_sum = journal_body_finish(body, ret->body_len, journal_body_seed(ret));
    journal_head_finish(batch, ret->body_sum);
    return ret->body_len;
}

static void any_bit_of_a_head_is_found(void **state)
{
    uint8_t batch[BATCH] = { 0 };
    struct journal_head h;
    (void)state;
    (void)make(batch, 100, &h);
    for (uint32_t i = 0; i < journal_head_len(1) * 8; i++) {
        struct journal_bit bit = { 0 };
        batch[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_true(journal_is_likely_head(batch, &spot));
        assert_true(journal_mend_head(batch, sizeof batch, &spot, &bit));
        assert_int_equal(bit.byte, i / 8);
        assert_int_equal(bit.mask, 1U << i % 8);
        batch[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}

static void two_bits_of_a_head_are_not(void **state)
{
    uint8_t batch[BATCH] = { 0 };
    struct journal_head h;
    struct journal_bit bit;
    (void)state;
    (void)make(batch, 100, &h);
    batch[HEAD_POS] ^= 1;
    batch[HEAD_POS + 1] ^= 1;
    assert_true(journal_is_likely_head(batch, &spot));
    assert_false(journal_mend_head(batch, sizeof batch, &spot, &bit));
    batch[HEAD_MAGIC] ^= 3;
    assert_false(journal_is_likely_head(batch, &spot));
}

static void any_bit_of_a_plain_body_is_found(void **state)
{
    uint8_t batch[BATCH] = { 0 };
    struct journal_head h;
    struct journal_bit bit = { 0 };
    (void)state;
    uint32_t len = make(batch, 200, &h);
    uint8_t *body = batch + journal_head_len(1);
    assert_false(journal_mend_body(&h, &none, body, &bit)); /* it is sound */
    for (uint32_t i = 0; i < len * 8; i++) {
        body[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_false(journal_body_check(&h, slice_of(body, len)));
        assert_true(journal_mend_body(&h, &none, body, &bit));
        assert_int_equal(bit.byte, i / 8);
        assert_int_equal(bit.mask, 1U << i % 8);
        body[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}

static void any_bit_of_a_sealed_body_is_found(void **state)
{
    uint8_t body[100] = { 1, 2, 3 };
    struct journal_head h = {
        .store_id = STORE, .pos = 3, .flags = JOURNAL_FLAG_SEALED, .body_len = sizeof body
    };
    struct journal_bit bit = { 0 };
    (void)state;
    h.body_sum = journal_sealed_sum(slice_of(body, sizeof body), journal_body_seed(&h));
    assert_false(journal_mend_body(&h, &none, body, &bit));
    for (uint32_t i = 0; i < sizeof body * 8; i++) {
        body[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_true(journal_mend_body(&h, &none, body, &bit));
        assert_int_equal(bit.byte, i / 8);
        body[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}

static void of_a_long_record_only_the_head_is_tried(void **state)
{
    enum { LONG = JOURNAL_MEND_MAX + 1 };
    uint8_t *batch = calloc(1, BATCH + LONG);
    struct journal_head h;
    struct journal_bit bit = { 0 };
    uint32_t at = 0, len = 0;
    (void)state;
    (void)make(batch, LONG, &h);
    uint8_t *body = batch + journal_head_len(1);
    const uint32_t second = RECORD_SIZE + 40;
    body[second + RECORD_OWNER] ^= 4;
    assert_true(journal_mend_body(&h, &none, body, &bit));
    assert_int_equal(bit.byte, second + RECORD_OWNER);
    body[second + RECORD_OWNER] ^= 4;
    body[second + RECORD_SIZE + 1000] ^= 4;
    assert_false(journal_mend_body(&h, &none, body, &bit));
    assert_true(journal_one_is_bad(&h, slice_of(body, h.body_len), &at, &len));
    assert_int_equal(at, second);
    assert_int_equal(len, RECORD_SIZE + LONG);
    free(batch);
}

static void a_record_that_seems_to_be_a_giant_is_none(void **state)
{
    enum { LONG = JOURNAL_MEND_HEAD_MAX + 1000, TOP = 2 };
    uint8_t *batch = calloc(1, BATCH + LONG);
    struct journal_head h;
    struct journal_bit bit = { 0 };
    (void)state;
    (void)make(batch, LONG, &h);
    uint8_t *body = batch + journal_head_len(1);
    body[RECORD_LEN + TOP] ^= 0x40; /* the first one ends inside of the second */
    assert_true(journal_mend_body(&h, &none, body, &bit));
    assert_int_equal(bit.byte, RECORD_LEN + TOP);
    assert_int_equal(bit.mask, 0x40);
    free(batch);
}

static void of_a_long_record_without_a_sequence_any_bit_is_found(void **state)
{
    enum { LONG = JOURNAL_MEND_MAX * 3, AT = RECORD_SIZE + 40, STEP = 9973 };
    uint8_t *batch = calloc(1, BATCH + LONG);
    struct journal_head h;
    struct journal_bit bit = { 0 };
    (void)state;
    (void)make(batch, LONG, &h);
    uint8_t *body = batch + journal_head_len(1);
    le_put_u64(body + AT + RECORD_SEQUENCE, 0);
    h.body_sum = journal_body_finish(body, h.body_len, journal_body_seed(&h));
    for (uint32_t i = AT * 8; i < (AT + RECORD_SIZE + LONG) * 8; i += STEP) {
        body[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_true(journal_mend_body(&h, &none, body, &bit));
        assert_int_equal(bit.byte, i / 8);
        assert_int_equal(bit.mask, 1U << i % 8);
        body[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_true(journal_body_check(&h, slice_of(body, h.body_len)));
    free(batch);
}

static void of_the_longest_head_any_bit_is_found(void **state)
{
    enum { STEP = 39119 };
    uint8_t *head = calloc(1, JOURNAL_HEAD_MAX);
    struct journal_bit bit = { 0 };
    const struct journal_head h = { .store_id = STORE,
                                    .generation = 3,
                                    .segment = spot.segment,
                                    .ranges = JOURNAL_RANGES_MAX,
                                    .offset = spot.offset,
                                    .pos = 12,
                                    .records = 1,
                                    .body_len = RECORD_SIZE };
    (void)state;
    for (uint32_t i = 0; i < JOURNAL_RANGES_MAX; i++)
        le_put_u64(head + HEAD_SIZE + (size_t)i * RANGE_SIZE, i);
    journal_head_encode(&h, head);
    journal_head_finish(head, 99);
    for (uint32_t i = 0; i < JOURNAL_HEAD_MAX * 8; i += STEP) {
        head[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_true(journal_mend_head(head, JOURNAL_HEAD_MAX, &spot, &bit));
        assert_int_equal(bit.byte, i / 8);
        assert_int_equal(bit.mask, 1U << i % 8);
        head[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    free(head);
}

static void two_bad_records_are_more_than_one(void **state)
{
    uint8_t batch[BATCH] = { 0 };
    struct journal_head h;
    uint32_t at = 0, len = 0;
    (void)state;
    (void)make(batch, 200, &h);
    uint8_t *body = batch + journal_head_len(1);
    struct slice all = slice_of(body, h.body_len);
    assert_false(journal_one_is_bad(&h, all, &at, &len));
    body[RECORD_SIZE] ^= 3;
    assert_true(journal_one_is_bad(&h, all, &at, &len));
    assert_int_equal(at, 0);
    body[RECORD_SIZE + 40 + RECORD_SIZE] ^= 3;
    assert_false(journal_one_is_bad(&h, all, &at, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bit_of_a_head_is_found),
        cmocka_unit_test(two_bits_of_a_head_are_not),
        cmocka_unit_test(any_bit_of_a_plain_body_is_found),
        cmocka_unit_test(any_bit_of_a_sealed_body_is_found),
        cmocka_unit_test(of_a_long_record_only_the_head_is_tried),
        cmocka_unit_test(a_record_that_seems_to_be_a_giant_is_none),
        cmocka_unit_test(of_a_long_record_without_a_sequence_any_bit_is_found),
        cmocka_unit_test(of_the_longest_head_any_bit_is_found),
        cmocka_unit_test(two_bad_records_are_more_than_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
