/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 3720, appendix B.4, and the check value of the catalogues. */
static void the_published_sums_are_met(void **state)
{
    (void)state;
    uint8_t bytes[32] = { 0 };
    assert_int_equal(crc32c(0, slice_of(bytes, 32)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(crc32c(0, slice_of(bytes, 32)), 0x62a8ab43);
    for (uint32_t i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, slice_of(bytes, 32)), 0x46dd794e);
    for (uint32_t i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc32c(0, slice_of(bytes, 32)), 0x113fdb5c);
    assert_int_equal(crc32c(0, slice_str("123456789")), 0xe3069283);
    assert_int_equal(crc32c(0, (struct slice){ 0 }), 0);
}

/* The definition: one bit at a time. */
static uint32_t by_bits(struct slice s)
{
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0; i < s.len; i++) {
        crc ^= s.ptr[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void any_cut_gives_the_sum_that_the_definition_gives(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * i * 37 + 11);
    struct slice all = slice_of(bytes, sizeof bytes);
    uint32_t sum = by_bits(all);
    for (uint32_t cut = 0; cut <= all.len; cut++)
        assert_int_equal(crc32c(crc32c(0, slice_first(all, cut)), slice_from(all, cut)), sum);
}

static void a_masked_sum_is_what_snappy_writes(void **state)
{
    (void)state;
    assert_int_equal(crc32c_masked(0), 0xa282ead8);
    assert_int_equal(crc32c_masked(0xe3069283), 0xc78ab0e5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_sums_are_met),
        cmocka_unit_test(any_cut_gives_the_sum_that_the_definition_gives),
        cmocka_unit_test(a_masked_sum_is_what_snappy_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
