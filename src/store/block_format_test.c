/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "store/block_code.h"

enum { STORE_ID = 0x5eed, INCARNATION = 77, BODY = 600 };

static struct part_head head(enum part_kind kind)
{
    return (struct part_head){
        .kind = kind, .block = 3, .count = 5, .first = 10, .last = 19, .offset = 4096, .plain = BODY
    };
}

/* ---- a seal that a test can see through ---- */

static void xor_close(void *ctx, const uint8_t nonce[24], struct slice context, struct slice plain,
                      uint8_t *ret_sealed)
{
    (void)ctx;
    for (uint32_t i = 0; i < plain.len; i++) ret_sealed[i] = plain.ptr[i] ^ nonce[i % 24];
    for (uint32_t i = 0; i < 16; i++) ret_sealed[plain.len + i] = context.ptr[4 + i];
}

static enum err xor_open(void *ctx, const uint8_t nonce[24], struct slice context,
                         struct slice sealed, uint8_t *ret_plain)
{
    (void)ctx;
    for (uint32_t i = 0; i < sealed.len - 16; i++) ret_plain[i] = sealed.ptr[i] ^ nonce[i % 24];
    return memcmp(sealed.ptr + sealed.len - 16, context.ptr + 4, 16) == 0 ? ERR_OK : ERR_CORRUPT;
}

static void xor_nonce(void *ctx, uint8_t ret_nonce[24])
{
    uint8_t *count = ctx;
    memset(ret_nonce, ++*count, 24);
}

static const struct journal_seal plain_seal;

static struct journal_seal xor_seal(uint8_t *count)
{
    return (struct journal_seal){ count, 16, xor_close, xor_open, xor_nonce, NULL };
}

/* ---- parts ---- */

static uint8_t *part_new(bool is_random)
{
    uint8_t *part = xalloc(PART_HEAD + BODY);
    struct rng rng;
    rng_init(&rng, 4);
    for (uint32_t i = 0; i < BODY; i++)
        part[PART_HEAD + i] = (uint8_t)(is_random ? rng_next(&rng) : i / 50);
    return part;
}

static void expect_body(const uint8_t *plain, bool is_random)
{
    uint8_t *again = part_new(is_random);
    assert_memory_equal(plain, again + PART_HEAD, BODY);
    xfree(again);
}

/* Returns the flags. A flipped bit is seen wherever it is, or (in a chunk that is plain) left to
 * the sums of the messages. */
static uint32_t there_and_back(const struct journal_seal *seal, enum part_kind kind, bool is_small,
                               bool is_random)
{
    const struct block_code code = { STORE_ID, INCARNATION, 1, seal };
    const uint8_t *plain = NULL;
    struct part_head h = head(kind), got;
    uint8_t *part = part_new(is_random), *out = block_code_pack(&code, &h, part, is_small);
    struct slice all = slice_of(out, PART_HEAD + h.stored);
    assert_int_equal(block_code_unpack(&code, (struct part_place){ 3, 4096 }, all, &got, &plain),
                     ERR_OK);
    expect_body(plain, is_random);
    if (plain != out + PART_HEAD) xfree((uint8_t *)(uintptr_t)plain);
    assert_memory_equal(&got.block, &h.block, sizeof h.block);
    assert_true(got.first == 10 && got.last == 19 && got.count == 5 && got.kind == kind);
    bool is_plain = h.flags == 0 && kind == PART_CHUNK;
    for (uint32_t i = 0; i < (is_plain ? (uint32_t)PART_HEAD : all.len); i++) {
        out[i] ^= 4;
        assert_int_equal(
            block_code_unpack(&code, (struct part_place){ 3, 4096 }, all, &got, &plain),
            ERR_CORRUPT);
        out[i] ^= 4;
    }
    for (uint32_t cut = 0; cut < all.len; cut++)
        assert_int_equal(block_code_unpack(&code, (struct part_place){ 3, 4096 },
                                           slice_of(out, cut), &got, &plain),
                         ERR_CORRUPT);
    assert_int_equal(block_code_unpack(&code, (struct part_place){ 4, 4096 }, all, &got, &plain),
                     ERR_CORRUPT);
    assert_int_equal(block_code_unpack(&code, (struct part_place){ 3, 4095 }, all, &got, &plain),
                     ERR_CORRUPT);
    if (out != part) xfree(out);
    xfree(part);
    return h.flags;
}

static void a_part_comes_back_as_it_was_and_no_other(void **state)
{
    (void)state;
    uint8_t count = 0;
    const struct journal_seal seal = xor_seal(&count);
    for (int kind = PART_CHUNK; kind <= PART_FOOTER; kind++) {
        assert_int_equal(there_and_back(&plain_seal, (enum part_kind)kind, false, true), 0);
        assert_int_equal(there_and_back(&plain_seal, (enum part_kind)kind, true, true), 0);
        assert_int_equal(there_and_back(&plain_seal, (enum part_kind)kind, true, false),
                         PART_FLAG_ZSTD);
        assert_int_equal(there_and_back(&seal, (enum part_kind)kind, false, true),
                         PART_FLAG_SEALED);
        assert_int_equal(there_and_back(&seal, (enum part_kind)kind, true, false),
                         PART_FLAG_SEALED | PART_FLAG_ZSTD);
    }
}

static void a_part_of_a_later_version_is_not_called_rot(void **state)
{
    (void)state;
    const struct block_code code = { STORE_ID, INCARNATION, 1, &plain_seal };
    struct part_head h = head(PART_CHUNK), got;
    const uint8_t *plain;
    uint8_t *part = part_new(true);
    (void)block_code_pack(&code, &h, part, false);
    part[PART_MAGIC + 3]++;
    part_finish(part);
    struct slice all = slice_of(part, PART_HEAD + BODY);
    assert_int_equal(block_code_unpack(&code, (struct part_place){ 3, 4096 }, all, &got, &plain),
                     ERR_INVALID);
    xfree(part);
}

/* ---- messages ---- */

static struct stored sample(void)
{
    return (struct stored){ .sequence = 42,
                            .time = 123456789,
                            .subject = SLICE_LIT("a.b"),
                            .header = SLICE_LIT("NATS/1.0\r\n\r\n"),
                            .payload = SLICE_LIT("hello") };
}

static void a_message_comes_back_and_each_bit_of_it_counts(void **state)
{
    (void)state;
    uint8_t bytes[128];
    const struct stored m = sample();
    struct stored got;
    bool erased = true;
    uint64_t seed = message_seed(STORE_ID, INCARNATION);
    uint32_t len = message_len(&m);
    message_encode(&m, seed, bytes);
    assert_true(message_decode(slice_of(bytes, sizeof bytes), seed, &got, &erased));
    assert_false(erased);
    assert_true(got.sequence == 42 && got.time == 123456789);
    assert_true(slice_equal(got.subject, m.subject) && slice_equal(got.header, m.header));
    assert_true(slice_equal(got.payload, m.payload));
    assert_int_equal(message_len(&got), len);
    for (uint32_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(message_decode(slice_of(bytes, len), seed, &got, &erased));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (uint32_t cut = 0; cut < len; cut++)
        assert_false(message_decode(slice_of(bytes, cut), seed, &got, &erased));
    assert_false(message_decode(slice_of(bytes, len), message_seed(STORE_ID, INCARNATION + 1), &got,
                                &erased));
    assert_false(message_decode(slice_of(bytes, len), message_seed(STORE_ID + 1, INCARNATION), &got,
                                &erased));
}

static void of_an_erased_message_nothing_but_its_lengths_is_left(void **state)
{
    (void)state;
    uint8_t bytes[128];
    const struct stored m = sample();
    struct stored got;
    bool erased = false;
    uint64_t seed = message_seed(STORE_ID, INCARNATION);
    message_encode(&m, seed, bytes);
    message_erase(bytes, seed);
    assert_true(message_decode(slice_of(bytes, message_len(&m)), seed, &got, &erased));
    assert_true(erased);
    assert_int_equal(message_len(&got), message_len(&m));
    for (uint32_t i = MESSAGE_HEAD; i < message_len(&m); i++) assert_int_equal(bytes[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_comes_back_as_it_was_and_no_other),
        cmocka_unit_test(a_part_of_a_later_version_is_not_called_rot),
        cmocka_unit_test(a_message_comes_back_and_each_bit_of_it_counts),
        cmocka_unit_test(of_an_erased_message_nothing_but_its_lengths_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
