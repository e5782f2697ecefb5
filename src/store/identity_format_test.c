/* SPDX-License-Identifier: Apache-2.0 */
#include "store/identity_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/le.h"

static struct store_identity sample(void)
{
    struct store_identity i = {
        .store_id = UINT64_C(0x1122334455667788),
        .turn = 7,
        .current = 2,
        .keys_count = 2,
        .keys = { { .number = 1, .cipher = SEAL_AES }, { .number = 2, .cipher = SEAL_CHACHA } },
    };
    for (uint32_t k = 0; k < SEAL_SALT_SIZE; k++) i.salt[k] = (uint8_t)(k + 1);
    for (uint32_t k = 0; k < SEAL_WRAPPED_SIZE; k++) {
        i.keys[0].wrapped[k] = (uint8_t)(100 + k);
        i.keys[1].wrapped[k] = (uint8_t)(200 - k);
    }
    return i;
}

/* After a change by hand: the sum fits again. */
static void fit(uint8_t *bytes)
{
    le_put_u64(bytes, hash_bytes(slice_of(bytes + 8, IDENTITY_SIZE - 8), 0));
}

static void what_was_written_is_read(void **state)
{
    const struct store_identity i = sample();
    struct store_identity back = { 0 };
    uint8_t bytes[IDENTITY_SIZE];
    (void)state;
    identity_encode(&i, bytes);
    assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_GOOD);
    assert_int_equal(back.store_id, i.store_id);
    assert_int_equal(back.turn, 7);
    assert_int_equal(back.current, 2);
    assert_int_equal(back.keys_count, 2);
    assert_memory_equal(back.salt, i.salt, sizeof i.salt);
    for (uint32_t k = 0; k < 2; k++) {
        assert_int_equal(back.keys[k].number, i.keys[k].number);
        assert_int_equal(back.keys[k].cipher, i.keys[k].cipher);
        assert_memory_equal(back.keys[k].wrapped, i.keys[k].wrapped, SEAL_WRAPPED_SIZE);
    }
}

static void the_bytes_stay_what_they_are(void **state)
{
    const struct store_identity i = sample();
    uint8_t bytes[IDENTITY_SIZE];
    (void)state;
    identity_encode(&i, bytes);
    assert_memory_equal(bytes + 8, "MID\x01\x00\x02\x00\x00", 8);
    assert_int_equal(le_get_u64(bytes + 16), i.store_id);
    assert_int_equal(le_get_u64(bytes + 24), 7);
    assert_int_equal(le_get_u32(bytes + 32), 2);
    assert_int_equal(le_get_u32(bytes + 36), 2);
    assert_int_equal(bytes[40], 1);
    assert_int_equal(le_get_u32(bytes + 72), 1);
    assert_int_equal(le_get_u32(bytes + 76), SEAL_AES);
    assert_int_equal(bytes[80], 100);
    assert_int_equal(le_get_u32(bytes + 152), 2);
    assert_int_equal(bytes[IDENTITY_SIZE - 1], 0);
}

static void every_flipped_bit_and_every_cut_is_noticed(void **state)
{
    const struct store_identity i = sample();
    struct store_identity back = { 0 };
    uint8_t bytes[IDENTITY_SIZE];
    (void)state;
    identity_encode(&i, bytes);
    for (uint32_t bit = 0; bit < IDENTITY_SIZE * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_BAD);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (uint32_t len = 0; len < IDENTITY_SIZE; len++)
        assert_int_equal(identity_decode(slice_of(bytes, len), &back), IDENTITY_BAD);
    assert_int_equal(back.store_id, 0);
}

static void what_no_encoder_writes_is_bad_though_its_sum_fits(void **state)
{
    static const struct {
        uint32_t at, value;
        const char *why;
    } cases[] = {
        { 12, 504, "another length" },
        { 24, 0, "no turn" },
        { 32, 3, "a key that is not there writes" },
        { 36, IDENTITY_KEYS_MAX + 1, "too many keys" },
        { 72, 0, "a key without a number" },
        { 72, 2, "two keys with one number" },
        { 76, SEAL_CIPHERS, "a cipher that nobody knows" },
    };
    const struct store_identity i = sample();
    struct store_identity back = { 0 };
    uint8_t bytes[IDENTITY_SIZE];
    (void)state;
    for (uint32_t k = 0; k < ARRAY_COUNT(cases); k++) {
        identity_encode(&i, bytes);
        le_put_u32(bytes + cases[k].at, cases[k].value);
        fit(bytes);
        if (identity_decode(slice_of(bytes, sizeof bytes), &back) != IDENTITY_BAD)
            fail_msg("%s", cases[k].why);
    }
    identity_encode(&i, bytes);
    le_put_u64(bytes + IDENTITY_STORE, 0);
    fit(bytes);
    assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_BAD);
}

static void a_newer_format_is_told_from_a_bad_one(void **state)
{
    const struct store_identity i = sample();
    struct store_identity back = { 0 };
    uint8_t bytes[IDENTITY_SIZE];
    (void)state;
    identity_encode(&i, bytes);
    bytes[11] = 2;
    assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_BAD);
    fit(bytes);
    assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_NEWER);
    bytes[11] = 0;
    fit(bytes);
    assert_int_equal(identity_decode(slice_of(bytes, sizeof bytes), &back), IDENTITY_BAD);
}

static void each_key_is_wrapped_in_a_context_of_its_own(void **state)
{
    struct store_identity i = sample();
    uint8_t first[IDENTITY_CONTEXT_SIZE], other[IDENTITY_CONTEXT_SIZE];
    (void)state;
    identity_key_context(&i, &i.keys[0], first);
    identity_key_context(&i, &i.keys[1], other);
    assert_memory_not_equal(first, other, sizeof first);
    i.keys[0].cipher = SEAL_CHACHA;
    identity_key_context(&i, &i.keys[0], other);
    assert_memory_not_equal(first, other, sizeof first);
    i.keys[0].cipher = SEAL_AES;
    i.store_id++;
    identity_key_context(&i, &i.keys[0], other);
    assert_memory_not_equal(first, other, sizeof first);
    assert_ptr_equal(identity_key_find(&i, 2), &i.keys[1]);
    assert_null(identity_key_find(&i, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_bytes_stay_what_they_are),
        cmocka_unit_test(every_flipped_bit_and_every_cut_is_noticed),
        cmocka_unit_test(what_no_encoder_writes_is_bad_though_its_sum_fits),
        cmocka_unit_test(a_newer_format_is_told_from_a_bad_one),
        cmocka_unit_test(each_key_is_wrapped_in_a_context_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
