/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void the_hash_of_nothing_is_that_of_xxh3(void **state)
{
    (void)state;
    assert_true(hash_bytes((struct slice){ 0 }, 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(hash_bytes(SLICE_LIT(""), 0) == UINT64_C(0x2d06800538d394c2));
}

static void each_seed_gives_hashes_of_its_own(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a", "orders.eu", "0123456789abcdef0",
        "a subject that is longer than the short forms of the "
        "algorithm, which end at 240 bytes; so here it goes on "
        "and on and on and on and on and on and on and on and on "
        "and on and on and on and on and on and on and on and on"
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct slice s = slice_str(texts[i]);
        assert_true(hash_bytes(s, 1) == hash_bytes(s, 1));
        assert_true(hash_bytes(s, 1) != hash_bytes(s, 2));
        assert_true(hash_bytes(s, 1) != hash_bytes(slice_first(s, s.len - 1), 1));
    }
}

/* Whatever instructions it is reckoned with: it stands on disks. */
static void the_sum_of_any_length_is_that_of_xxh3(void **state)
{
    (void)state;
    enum { MOST = 5000 };
    static uint8_t bytes[MOST + 7];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * i + i / 251);
    for (size_t len = 0; len < MOST; len += len < 2200 ? 1 : 77) {
        const uint8_t *at = bytes + len % 7;
        assert_true(hash_sum(at, len, 0) == XXH3_64bits(at, len));
        assert_true(hash_sum(at, len, 12345) == XXH3_64bits_withSeed(at, len, 12345));
    }
    assert_true(hash_sum("", 0, 0) == UINT64_C(0x2d06800538d394c2));
}

static uint64_t inverse(uint64_t y)
{
    uint64_t odd = UINT64_C(0xd6e8feb86659fd93), inverted = odd;
    for (int i = 0; i < 5; i++) inverted *= 2 - odd * inverted; /* Newton, modulo 2^64 */
    y ^= y >> 32;
    y *= inverted;
    return y ^ (y >> 32);
}

static void the_hash_of_an_integer_can_be_inverted(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15) + (i << 60);
        assert_true(inverse(hash_u64(x)) == x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_of_nothing_is_that_of_xxh3),
        cmocka_unit_test(each_seed_gives_hashes_of_its_own),
        cmocka_unit_test(the_sum_of_any_length_is_that_of_xxh3),
        cmocka_unit_test(the_hash_of_an_integer_can_be_inverted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
