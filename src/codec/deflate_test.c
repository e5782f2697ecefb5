/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

struct both {
    struct deflater *deflater;
    struct inflater *inflater;
    struct rng rng;
    uint8_t plain[DEFLATE_IN_MAX];
    uint8_t packed[2 * DEFLATE_IN_MAX];
    uint8_t back[DEFLATE_IN_MAX];
};

static int setup(void **state)
{
    struct both *b = test_calloc(1, sizeof *b);
    b->deflater = deflater_new();
    b->inflater = inflater_new();
    rng_init(&b->rng, 3);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct both *b = *state;
    deflater_free(b->deflater);
    inflater_free(b->inflater);
    test_free(b);
    return 0;
}

/* Packs b->plain in pieces of at most `step` bytes. */
static struct slice packed(struct both *b, uint32_t len, uint32_t step)
{
    deflater_start(b->deflater);
    for (uint32_t at = 0; at < len; at += step)
        deflater_add(b->deflater, slice_of(b->plain + at, len - at < step ? len - at : step));
    struct slice made = deflater_finish(b->deflater);
    assert_true(made.len <= sizeof b->packed);
    memcpy(b->packed, made.ptr, made.len);
    return slice_of(b->packed, made.len);
}

static enum inflate_verdict unpacked(struct both *b, struct slice message, uint64_t limit,
                                     uint64_t *ret_len)
{
    enum inflate_verdict verdict = INFLATE_MORE;
    *ret_len = 0;
    inflater_start(b->inflater, message, limit);
    while (verdict == INFLATE_MORE) {
        struct slice piece = { 0 };
        verdict = inflater_next(b->inflater, &piece);
        if (*ret_len + piece.len <= sizeof b->back && piece.len > 0)
            memcpy(b->back + *ret_len, piece.ptr, piece.len);
        *ret_len += piece.len;
    }
    return verdict;
}

static void messages_of_any_size_survive(void **state)
{
    struct both *b = *state;
    static const uint32_t lens[] = {
        0, 1, 64, 65, 4096, INFLATE_PIECE, INFLATE_PIECE + 1, DEFLATE_IN_MAX
    };
    for (uint32_t alphabet = 1; alphabet <= 256; alphabet *= 16)
        for (uint32_t i = 0; i < ARRAY_COUNT(lens); i++) {
            uint64_t len;
            for (uint32_t k = 0; k < lens[i]; k++)
                b->plain[k] = (uint8_t)rng_below(&b->rng, alphabet);
            struct slice message = packed(b, lens[i], 1000);
            assert_int_equal(unpacked(b, message, lens[i], &len), INFLATE_DONE);
            assert_int_equal(len, lens[i]);
            assert_memory_equal(b->back, b->plain, lens[i]);
        }
}

static void a_message_knows_nothing_of_the_one_before(void **state)
{
    struct both *b = *state;
    memset(b->plain, 'x', 1000);
    uint8_t first[100];
    struct slice one = packed(b, 1000, 1000);
    assert_true(one.len < sizeof first);
    memcpy(first, one.ptr, one.len);
    uint32_t first_len = one.len;
    struct slice two = packed(b, 1000, 7);
    assert_true(two.len == first_len || two.len < 2 * first_len);
    two = packed(b, 1000, 1000);
    assert_int_equal(two.len, first_len);
    assert_memory_equal(two.ptr, first, first_len);
}

/* A megabyte of zeros in some kilobytes stops at the piece that crosses the limit. */
static void a_bomb_stops_at_the_limit(void **state)
{
    struct both *b = *state;
    uint64_t len;
    struct slice block = packed(b, DEFLATE_IN_MAX, DEFLATE_IN_MAX);
    uint32_t one = block.len;
    uint8_t bomb[8192];
    uint32_t bomb_len = 0;
    while (bomb_len + one + 5 <= sizeof bomb) {         /* whole blocks, their tails between them */
        memcpy(bomb + bomb_len, block.ptr, one);
        memcpy(bomb + bomb_len + one, "\0\0\xff\xff", 4);
        bomb_len += one + 4;
    }
    bomb_len -= 4;
    assert_int_equal(unpacked(b, slice_of(bomb, bomb_len), 100000, &len), INFLATE_LIMIT);
    assert_true(len <= 100000);
    assert_int_equal(unpacked(b, slice_of(bomb, bomb_len), 10 << 20, &len), INFLATE_DONE);
    assert_true(len > 1 << 19);
}

static void the_limit_itself_is_allowed(void **state)
{
    struct both *b = *state;
    uint64_t len;
    struct slice message = packed(b, 50000, 50000);
    assert_int_equal(unpacked(b, message, 50000, &len), INFLATE_DONE);
    assert_int_equal(unpacked(b, message, 49999, &len), INFLATE_LIMIT);
}

static void garbage_is_told_and_forgotten(void **state)
{
    struct both *b = *state;
    uint64_t len;
    assert_int_equal(unpacked(b, SLICE_LIT("\xff\xff\xff\xff"), 1000, &len), INFLATE_BAD);
    assert_int_equal(unpacked(b, (struct slice){ 0 }, 1000, &len), INFLATE_BAD);
    for (uint32_t i = 0; i < 1000; i++) b->plain[i] = (uint8_t)rng_next(&b->rng);
    struct slice message = packed(b, 1000, 1000);
    assert_int_equal(unpacked(b, slice_first(message, 500), 1000, &len), INFLATE_BAD);
    assert_int_equal(unpacked(b, message, 1000, &len), INFLATE_DONE);
    assert_int_equal(len, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_of_any_size_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_knows_nothing_of_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bomb_stops_at_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_itself_is_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_told_and_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
