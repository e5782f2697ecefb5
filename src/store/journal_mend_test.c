/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RECORDS = 3, TEXT = 40, BODY = RECORDS * (RECORD_SIZE + TEXT), STORE = 77 };

struct batch {
    struct journal_head head;
    uint8_t body[BODY];
    uint8_t bytes[JOURNAL_SECTOR]; /* of the head */
};

static void make(struct batch *b, bool is_sealed)
{
    *b = (struct batch){ .head = { .store_id = STORE,
                                   .generation = 1,
                                   .segment = 3,
                                   .ranges = 1,
                                   .offset = JOURNAL_SECTOR,
                                   .pos = 9,
                                   .before = 8,
                                   .durable = 7,
                                   .records = RECORDS,
                                   .flags = is_sealed ? JOURNAL_FLAG_SEALED : 0,
                                   .body_len = BODY } };
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint8_t *at = b->body + i * (RECORD_SIZE + TEXT);
        const struct journal_record r = { 5, i + 1, 2, { NULL, TEXT } };
        journal_record_encode(&r, at);
        for (uint32_t k = 0; k < TEXT; k++) at[RECORD_SIZE + k] = (uint8_t)(i * 31 + k);
    }
    uint64_t seed = journal_body_seed(&b->head);
    uint64_t sum = journal_body_finish(b->body, BODY, seed);
    if (is_sealed) sum = journal_sealed_sum(slice_of(b->body, BODY), seed);
    b->head.body_sum = sum;
    journal_head_encode(&b->head, b->bytes);
    for (uint32_t i = 0; i < RANGE_SIZE; i++) b->bytes[HEAD_SIZE + i] = (uint8_t)i;
    journal_head_finish(b->bytes, sum);
}

static void a_wrong_bit_of_a_head_is_found(void **state)
{
    struct batch b;
    (void)state;
    make(&b, false);
    for (uint32_t bit = 0; bit < (HEAD_SIZE + RANGE_SIZE) * 8; bit++) {
        b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_true(journal_is_nearly_head(b.bytes, STORE, 3, JOURNAL_SECTOR));
        assert_int_equal(journal_mend_head(b.bytes, sizeof b.bytes, STORE), bit);
        b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void two_are_too_many(void **state)
{
    struct batch b;
    (void)state;
    make(&b, false);
    b.bytes[HEAD_POS] ^= 3;
    assert_int_equal(journal_mend_head(b.bytes, sizeof b.bytes, STORE), UINT32_MAX);
    assert_true(journal_is_nearly_head(b.bytes, STORE, 3, JOURNAL_SECTOR));
    b.bytes[HEAD_OFFSET] ^= 3;
    assert_false(journal_is_nearly_head(b.bytes, STORE, 3, JOURNAL_SECTOR));
    b.body[50] ^= 3;
    assert_int_equal(journal_mend_body(&b.head, b.body), UINT32_MAX);
    make(&b, true);
    b.body[50] ^= 3;
    assert_int_equal(journal_mend_body(&b.head, b.body), UINT32_MAX);
}

static void a_wrong_bit_of_a_body_is_set_right(void **state)
{
    (void)state;
    for (int is_sealed = 0; is_sealed < 2; is_sealed++) {
        struct batch b, whole;
        make(&b, is_sealed != 0);
        whole = b;
        for (uint32_t bit = 0; bit < BODY * 8; bit++) {
            b.body[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(journal_mend_body(&b.head, b.body), bit);
            assert_memory_equal(b.body, whole.body, BODY);
        }
    }
}

static void what_is_torn_stays_so(void **state)
{
    struct batch b;
    (void)state;
    make(&b, false);
    memset(b.body + BODY / 2, 0, BODY - BODY / 2);
    assert_int_equal(journal_mend_body(&b.head, b.body), UINT32_MAX);
    memset(b.body, 0xff, BODY); /* lengths that lead nowhere */
    assert_int_equal(journal_mend_body(&b.head, b.body), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_bit_of_a_head_is_found),
        cmocka_unit_test(two_are_too_many),
        cmocka_unit_test(a_wrong_bit_of_a_body_is_set_right),
        cmocka_unit_test(what_is_torn_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
