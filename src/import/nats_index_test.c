/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "import/nats_index_testing.h"

/* Blocks 5 (sequences 10 to 3000, of which 12, 13 and 2999 are deleted) and 6 (3001 to 3002). */
static void make(struct buf *out, uint8_t version)
{
    static const uint64_t early[] = { 12, 13 }, late[] = { 2999 };
    uint8_t form = version == 1 ? 1 : 2;
    out->len = 0;
    index_head(out, version, (struct index_span){ 2988 + 2, 900, 10, 3002 });
    index_subjects(out, version);
    index_uv(out, 2);
    index_block(out, version, 5, (struct index_span){ 3, 600, 10, 3000 });
    index_deleted(out, form, form == 1 ? 1 : 2, 3);
    if (form == 1) {
        static const uint64_t all[] = { 12, 13, 2999 };
        index_node(out, form, 0, all, 3);
    } else {
        index_node(out, form, 2048, late, 1);
        index_node(out, form, 0, early, 2);
    }
    index_block(out, version, 6, (struct index_span){ 0, 300, 3001, 3002 });
    index_end(out, 6);
}

static void every_version_is_read(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_index x;
    for (uint8_t version = 1; version <= 4; version++) {
        make(&b, version);
        assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_OK);
        assert_int_equal(x.messages, 2990);
        assert_int_equal(x.bytes, 900);
        assert_int_equal(x.first, 10);
        assert_int_equal(x.last, 3002);
        assert_int_equal(x.first_time, 1000);
        assert_int_equal(x.last_time, 2000);
        assert_int_equal(x.blocks_count, 2);
        assert_int_equal(x.last_number, 6);
        assert_memory_equal(x.last_sum, "lastsum!", 8);
        assert_true(nats_index_is_consistent(&x));
        assert_int_equal(nats_index_find(&x, 6)->first, 3001);
        assert_null(nats_index_find(&x, 4));
        assert_null(nats_index_find(&x, 7));
        nats_index_deinit(&x);
    }
    make(&b, 4);
    b.ptr[1] = 5;
    assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_CORRUPT);
    buf_deinit(&b);
}

static void deleted_sequences_are_known_in_any_order_of_asking(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_index x;
    struct nats_deleted d;
    for (uint8_t version = 1; version <= 4; version++) {
        make(&b, version);
        assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_OK);
        nats_deleted_init(&d, &x.blocks[0]);
        for (uint64_t i = 1; i < 9000; i++)
            assert_int_equal(nats_deleted_has(&d, i), i == 12 || i == 13 || i == 2999);
        for (uint64_t i = 9000; i > 0; i--)
            assert_int_equal(nats_deleted_has(&d, i), i == 12 || i == 13 || i == 2999);
        assert_false(nats_deleted_has(&d, UINT64_MAX));
        nats_deleted_init(&d, &x.blocks[1]);
        assert_false(nats_deleted_has(&d, 12));
        nats_index_deinit(&x);
    }
    buf_deinit(&b);
}

static void an_index_that_was_cut_is_corrupt(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_index x;
    make(&b, 3);
    for (uint32_t len = 0; len < b.len; len++)
        assert_int_equal(nats_index_read(slice_first(buf_slice(&b), len), &x), ERR_CORRUPT);
    buf_deinit(&b);
}

static void counts_that_do_not_fit_are_corrupt(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_index x;
    index_head(&b, 3, (struct index_span){ 1, 1, 1, 1 });
    index_uv(&b, 0);
    index_uv(&b, UINT64_MAX);
    assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_CORRUPT);
    b.len = 0;
    index_head(&b, 3, (struct index_span){ 1, 1, 1, 1 });
    index_uv(&b, UINT64_MAX);
    index_uv(&b, UINT64_MAX);
    assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_CORRUPT);
    b.len = 0;
    index_head(&b, 3, (struct index_span){ 1, 1, 1, 1 });
    index_uv(&b, 0);
    index_uv(&b, 2);
    index_block(&b, 3, 6, (struct index_span){ 0, 1, 1, 1 });
    index_block(&b, 3, 6, (struct index_span){ 0, 1, 1, 1 });
    index_end(&b, 6);
    assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_CORRUPT);
    buf_deinit(&b);
}

static void an_index_that_contradicts_itself_is_not_consistent(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_index x;
    make(&b, 4);
    assert_int_equal(nats_index_read(buf_slice(&b), &x), ERR_OK);
    uint64_t *const numbers[] = { &x.messages, &x.bytes, &x.first, &x.last, &x.blocks[0].first };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(nats_index_is_consistent(&x));
        ++*numbers[i];
        assert_false(nats_index_is_consistent(&x));
        --*numbers[i];
    }
    x.last_number = 5;
    assert_false(nats_index_is_consistent(&x));
    nats_index_deinit(&x);
    buf_deinit(&b);
}

static void the_checksum_is_that_of_the_stream(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct slice body;
    make(&b, 4);
    uint32_t len = b.len;
    index_seal(&b, "T");
    assert_int_equal(nats_index_body(buf_slice(&b), SLICE_LIT("T"), &body), ERR_OK);
    assert_int_equal(body.len, len);
    assert_int_equal(nats_index_body(buf_slice(&b), SLICE_LIT("U"), &body), ERR_CORRUPT);
    b.ptr[7] ^= 1;
    assert_int_equal(nats_index_body(buf_slice(&b), SLICE_LIT("T"), &body), ERR_CORRUPT);
    assert_int_equal(nats_index_body(slice_first(buf_slice(&b), 10), SLICE_LIT("T"), &body),
                     ERR_CORRUPT);
    buf_deinit(&b);
}

static void an_index_that_nats_server_2_10_wrote_is_read(void **state)
{
    (void)state;
    /* 3 messages, 1 to 4 without 2 */
    static const uint8_t head[] = {
        0x0b, 0x01, 0x03, 0x81, 0x01, 0x01, 0xa0, 0xb3, 0xf1, 0xa2, 0x9e, 0xc6, 0xc3, 0xec,
        0x31, 0x04, 0xc4, 0xb3, 0x9a, 0xf2, 0x9e, 0xc6, 0xc3, 0xec, 0x31, 0x03, 0x03, 0x74,
        0x2e, 0x64, 0x01, 0x01, 0x03, 0x74, 0x2e, 0x61, 0x01, 0x01, 0x03, 0x74, 0x2e, 0x63,
        0x01, 0x01, 0x01, 0x01, 0x81, 0x01, 0x01, 0x00, 0x04, 0xa4, 0x80, 0xa9, 0x4f, 0x01,
        0x16, 0x02, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    };
    static const uint8_t tail[] = { 0x01, 0x00, 0x01, 0xb0, 0xb7, 0x2c, 0x35, 0x86, 0x1c, 0x69,
                                    0x88, 0x56, 0x26, 0xba, 0x52, 0x0c, 0xcb, 0x6b, 0xc1 };
    uint8_t bytes[349] = { 0 };
    struct slice body;
    struct nats_index x;
    struct nats_deleted d;
    memcpy(bytes, head, sizeof head);
    bytes[sizeof head + 8] = 4;
    memcpy(bytes + sizeof bytes - sizeof tail, tail, sizeof tail);
    assert_int_equal(nats_index_body(slice_of(bytes, sizeof bytes), SLICE_LIT("T"), &body), ERR_OK);
    assert_int_equal(nats_index_read(body, &x), ERR_OK);
    assert_true(nats_index_is_consistent(&x));
    assert_int_equal(x.messages, 3);
    assert_int_equal(x.blocks_count, 1);
    nats_deleted_init(&d, &x.blocks[0]);
    for (uint64_t i = 1; i <= 4; i++) assert_int_equal(nats_deleted_has(&d, i), i == 2);
    nats_index_deinit(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_is_read),
        cmocka_unit_test(deleted_sequences_are_known_in_any_order_of_asking),
        cmocka_unit_test(an_index_that_was_cut_is_corrupt),
        cmocka_unit_test(counts_that_do_not_fit_are_corrupt),
        cmocka_unit_test(an_index_that_contradicts_itself_is_not_consistent),
        cmocka_unit_test(the_checksum_is_that_of_the_stream),
        cmocka_unit_test(an_index_that_nats_server_2_10_wrote_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
