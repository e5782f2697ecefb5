/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_digest_of_abc_is_that_of_fips_180(void **state)
{
    (void)state;
    static const uint8_t expected[SHA256_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    uint8_t sum[SHA256_SIZE];
    sha256(SLICE_LIT("abc"), sum);
    assert_memory_equal(sum, expected, SHA256_SIZE);
}

static void the_digest_of_nothing_exists(void **state)
{
    (void)state;
    uint8_t sum[SHA256_SIZE];
    sha256((struct slice){ 0 }, sum);
    assert_int_equal(sum[0], 0xe3);
    assert_int_equal(sum[31], 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_of_abc_is_that_of_fips_180),
        cmocka_unit_test(the_digest_of_nothing_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
