/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/highway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The published vectors: key 00 01 .. 1f, the message of length n is 00 01 .. n - 1. */
/* clang-format off */
static const uint64_t published[] = {
    UINT64_C(0x907a56de22c26e53), UINT64_C(0x7eab43aac7cddd78), UINT64_C(0xb8d0569ab0b53d62), UINT64_C(0x5c6befab8a463d80),
    UINT64_C(0xf205a46893007eda), UINT64_C(0x2b8a1668e4a94541), UINT64_C(0xbd4ccc325befca6f), UINT64_C(0x4d02ae1738f59482),
    UINT64_C(0xe1205108e55f3171), UINT64_C(0x32d2644ec77a1584), UINT64_C(0xf6e10acdb103a90b), UINT64_C(0xc3bbf4615b415c15),
    UINT64_C(0x243cc2040063fa9c), UINT64_C(0xa89a58ce65e641ff), UINT64_C(0x24b031a348455a23), UINT64_C(0x40793f86a449f33b),
    UINT64_C(0xcfab3489f97eb832), UINT64_C(0x19fe67d2c8c5c0e2), UINT64_C(0x04dd90a69c565cc2), UINT64_C(0x75d9518e2371c504),
    UINT64_C(0x38ad9b1141d3dd16), UINT64_C(0x0264432ccd8a70e0), UINT64_C(0xa9db5a6288683390), UINT64_C(0xd7b05492003f028c),
    UINT64_C(0x205f615aea59e51e), UINT64_C(0xeee0c89621052884), UINT64_C(0x1bfc1a93a7284f4f), UINT64_C(0x512175b5b70da91d),
    UINT64_C(0xf71f8976a0a2c639), UINT64_C(0xae093fef1f84e3e7), UINT64_C(0x22ca92b01161860f), UINT64_C(0x9fc7007ccf035a68),
    UINT64_C(0xa0c964d9ecd580fc), UINT64_C(0x2c90f73ca03181fc), UINT64_C(0x185cf84e5691eb9e), UINT64_C(0x4fc1f5ef2752aa9b),
    UINT64_C(0xf5b7391a5e0a33eb), UINT64_C(0xb9b84b83b4e96c9c), UINT64_C(0x5e42fe712a5cd9b4), UINT64_C(0xa150f2f90c3f97dc),
    UINT64_C(0x7fa522d75e2d637d), UINT64_C(0x181ad0cc0dffd32b), UINT64_C(0x3889ed981e854028), UINT64_C(0xfb4297e8c586ee2d),
    UINT64_C(0x6d064a45bb28059c), UINT64_C(0x90563609b3ec860c), UINT64_C(0x7aa4fce94097c666), UINT64_C(0x1326bac06b911e08),
    UINT64_C(0xb926168d2b154f34), UINT64_C(0x9919848945b1948d), UINT64_C(0xa2a98fc534825ebe), UINT64_C(0xe9809095213ef0b6),
    UINT64_C(0x582e5483707bc0e9), UINT64_C(0x086e9414a88a6af5), UINT64_C(0xee86b98d20f6743d), UINT64_C(0xf89b7ff609b1c0a7),
    UINT64_C(0x4c7d9cc19e22c3e8), UINT64_C(0x9a97005024562a6f), UINT64_C(0x5dd41cf423e6ebef), UINT64_C(0xdf13609c0468e227),
    UINT64_C(0x6e0da4f64188155a), UINT64_C(0xb755ba4b50d7d4a1), UINT64_C(0x887a3484647479bd), UINT64_C(0xab8eebe9bf2139a0),
    UINT64_C(0x75542c5d4cd2a6ff),
};
/* clang-format on */

enum { COUNT = sizeof published / sizeof published[0] };

static void count_up(uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) bytes[i] = (uint8_t)i;
}

static void every_published_vector_is_met(void **state)
{
    (void)state;
    uint8_t bytes[COUNT];
    count_up(bytes, COUNT);
    for (uint32_t len = 0; len < COUNT; len++)
        assert_int_equal(highway64(bytes, slice_of(bytes, len)), published[len]);
}

static void a_message_in_two_pieces_has_the_same_sum(void **state)
{
    (void)state;
    uint8_t bytes[COUNT];
    count_up(bytes, COUNT);
    struct slice all = slice_of(bytes, COUNT - 1);
    for (uint32_t cut = 0; cut <= all.len; cut++) {
        struct highway h;
        highway_init(&h, bytes);
        highway_add(&h, slice_first(all, cut));
        highway_add(&h, (struct slice){ 0 });
        highway_add(&h, slice_from(all, cut));
        assert_int_equal(highway_sum(&h), published[all.len]);
    }
}

/* What nats-server keys its checksums with: SHA-256 of a name, here all bytes 0xff. */
static void a_long_message_has_the_sum_that_another_program_found(void **state)
{
    (void)state;
    enum { LEN = 100003 };
    uint8_t key[HIGHWAY_KEY_SIZE];
    memset(key, 0xff, sizeof key);
    uint8_t *bytes = malloc(LEN);
    assert_non_null(bytes);
    for (uint32_t i = 0; i < LEN; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(highway64(key, slice_of(bytes, LEN)), UINT64_C(0x2298a7554fb14569));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_vector_is_met),
        cmocka_unit_test(a_message_in_two_pieces_has_the_same_sum),
        cmocka_unit_test(a_long_message_has_the_sum_that_another_program_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
