/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_digest_of_abc_is_that_of_fips_180(void **state)
{
    (void)state;
    static const uint8_t expected[SHA1_LEN] = {
        0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
        0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d,
    };
    uint8_t sum[SHA1_LEN];
    sha1(SLICE_LIT("abc"), sum);
    assert_memory_equal(sum, expected, SHA1_LEN);
}

static void the_digest_of_nothing_exists(void **state)
{
    (void)state;
    uint8_t sum[SHA1_LEN];
    sha1((struct slice){ 0 }, sum);
    assert_int_equal(sum[0], 0xda);
    assert_int_equal(sum[SHA1_LEN - 1], 0x09);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_of_abc_is_that_of_fips_180),
        cmocka_unit_test(the_digest_of_nothing_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
