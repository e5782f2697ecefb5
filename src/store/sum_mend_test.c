/* SPDX-License-Identifier: Apache-2.0 */
/* Each bit of texts of all kinds of length turns, alone. */
#include "store/sum_mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/rng.h"

enum { LONGEST = 5000 };

static const uint32_t lens[] = { SUM_MEND_MIN, 320, 1023, 1024, 1025,   1088,
                                 1089,         2047, 2048, 2049, 3000,  LONGEST };
static const uint64_t seeds[] = { 0, 1, UINT64_C(0x1122334455667788) };

static void draw(uint8_t *bytes, uint32_t len)
{
    struct rng rng;
    rng_init(&rng, len);
    for (uint32_t i = 0; i < len; i++) bytes[i] = (uint8_t)rng_below(&rng, 256);
}

static void expect_found(const struct sum_text *x, uint32_t bit, uint32_t from)
{
    uint32_t byte = 0;
    uint8_t mask = 0, turned = (uint8_t)(1U << bit % 8);
    x->bytes[bit / 8] ^= turned;
    assert_true(sum_mend(x, from, &byte, &mask));
    assert_int_equal(byte, bit / 8);
    assert_int_equal(mask, turned);
    x->bytes[bit / 8] ^= turned;
}

static void any_bit_is_found(void **state)
{
    uint8_t bytes[LONGEST];
    (void)state;
    for (uint32_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct sum_text x = { bytes, lens[i], seeds[i % 3], 0 };
        draw(bytes, x.len);
        x.sum = XXH3_64bits_withSeed(bytes, x.len, x.seed);
        for (uint32_t bit = i; bit < x.len * 8; bit += 97)
            expect_found(&x, bit, bit / 8 > 20 ? bit / 8 - 20 : 0);
        assert_true(x.sum == XXH3_64bits_withSeed(bytes, x.len, x.seed)); /* left as they were */
    }
}

static void the_last_bits_are_found_under_each_seed(void **state)
{
    uint8_t bytes[LONGEST];
    (void)state;
    for (uint32_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct sum_text x = { bytes, 2049, seeds[i], 0 };
        draw(bytes, x.len);
        x.sum = XXH3_64bits_withSeed(bytes, x.len, x.seed);
        for (uint32_t bit = 1900 * 8; bit < x.len * 8; bit += 7) expect_found(&x, bit, bit / 8);
    }
}

static void two_bits_are_not(void **state)
{
    uint8_t bytes[LONGEST];
    uint32_t byte = 0;
    uint8_t mask = 0;
    struct sum_text x = { bytes, 1500, 3, 0 };
    (void)state;
    draw(bytes, x.len);
    x.sum = XXH3_64bits_withSeed(bytes, x.len, x.seed);
    bytes[700] ^= 3;
    assert_false(sum_mend(&x, 0, &byte, &mask));
    bytes[700] ^= 3;
    assert_false(sum_mend(&x, 0, &byte, &mask)); /* nor is one where none has turned */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bit_is_found),
        cmocka_unit_test(the_last_bits_are_found_under_each_seed),
        cmocka_unit_test(two_bits_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
