/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 4231, cases 2 and 6 (a key longer than a block). */
static void the_published_sums_are_met_however_the_text_is_cut(void **state)
{
    (void)state;
    static const uint8_t jefe[] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
    };
    static const uint8_t large[] = {
        0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26,
        0xaa, 0xcb, 0xf5, 0xb7, 0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28,
        0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54,
    };
    uint8_t key[131], sum[HMAC_SIZE];
    struct slice text = SLICE_LIT("what do ya want for nothing?");
    for (uint32_t cut = 0; cut <= text.len; cut++) {
        hmac_sha256(SLICE_LIT("Jefe"), slice_first(text, cut), slice_from(text, cut), sum);
        assert_memory_equal(sum, jefe, HMAC_SIZE);
    }
    memset(key, 0xaa, sizeof key);
    hmac_sha256(slice_of(key, sizeof key), SLICE_LIT("Test Using Larger Than Block-Size Key - "),
                SLICE_LIT("Hash Key First"), sum);
    assert_memory_equal(sum, large, HMAC_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_sums_are_met_however_the_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
