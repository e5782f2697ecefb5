/* SPDX-License-Identifier: Apache-2.0 */
#include "base/le.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void integers_stand_low_byte_first_at_any_address(void **state)
{
    (void)state;
    static const uint8_t want[] = { 0xff, 0x02, 0x01, 0x06, 0x05, 0x04, 0x03, 0x0e,
                                    0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07 };
    uint8_t bytes[sizeof want] = { 0xff };
    le_put_u16(bytes + 1, 0x0102);
    le_put_u32(bytes + 3, 0x03040506);
    le_put_u64(bytes + 7, UINT64_C(0x0708090a0b0c0d0e));
    assert_memory_equal(bytes, want, sizeof want);
    assert_int_equal(le_get_u16(bytes + 1), 0x0102);
    assert_int_equal(le_get_u32(bytes + 3), 0x03040506);
    assert_true(le_get_u64(bytes + 7) == UINT64_C(0x0708090a0b0c0d0e));
}

static void the_largest_values_come_back(void **state)
{
    (void)state;
    uint8_t bytes[8];
    le_put_u16(bytes, UINT16_MAX);
    assert_int_equal(le_get_u16(bytes), UINT16_MAX);
    le_put_u32(bytes, UINT32_MAX);
    assert_int_equal(le_get_u32(bytes), UINT32_MAX);
    le_put_u64(bytes, UINT64_MAX);
    assert_true(le_get_u64(bytes) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_stand_low_byte_first_at_any_address),
        cmocka_unit_test(the_largest_values_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
