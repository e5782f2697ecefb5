/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/varint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

static const struct {
    uint64_t value;
    const char *bytes;
    uint32_t len;
} unsigned_cases[] = {
    { 0, "\x00", 1 },
    { 1, "\x01", 1 },
    { 127, "\x7f", 1 },
    { 128, "\x80\x01", 2 },
    { 300, "\xac\x02", 2 },
    { 16384, "\x80\x80\x01", 3 },
    { UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
    { (uint64_t)1 << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10 },
};

static const struct {
    int64_t value;
    const char *bytes;
    uint32_t len;
} signed_cases[] = {
    { 0, "\x00", 1 },
    { -1, "\x01", 1 },
    { 1, "\x02", 1 },
    { -2, "\x03", 1 },
    { 64, "\x80\x01", 2 },
    { INT64_MAX, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
    { INT64_MIN, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
};

static void a_number_is_written_and_read_as_go_does(void **state)
{
    (void)state;
    uint8_t out[VARINT_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(unsigned_cases); i++) {
        struct slice expected = slice_of(unsigned_cases[i].bytes, unsigned_cases[i].len);
        uint64_t value = 99;
        uint32_t len = uvarint_put(unsigned_cases[i].value, out);
        assert_true(slice_equal(slice_of(out, len), expected));
        out[len] = 0xaa;
        struct slice s = slice_of(out, len + 1);
        assert_int_equal(uvarint_take(&s, &value), ERR_OK);
        assert_int_equal(value, unsigned_cases[i].value);
        assert_int_equal(s.len, 1);
    }
    for (size_t i = 0; i < ARRAY_COUNT(signed_cases); i++) {
        struct slice s = slice_of(signed_cases[i].bytes, signed_cases[i].len);
        int64_t value = 99;
        uint32_t len = varint_put(signed_cases[i].value, out);
        assert_true(slice_equal(slice_of(out, len), s));
        assert_int_equal(varint_take(&s, &value), ERR_OK);
        assert_int_equal(value, signed_cases[i].value);
        assert_int_equal(s.len, 0);
    }
}

static void a_cut_number_waits_for_its_rest(void **state)
{
    (void)state;
    uint8_t out[VARINT_MAX];
    uint64_t value = 99;
    uint32_t len = uvarint_put(UINT64_MAX, out);
    for (uint32_t cut = 0; cut < len; cut++) {
        struct slice s = slice_of(out, cut);
        assert_int_equal(uvarint_take(&s, &value), ERR_BUSY);
        assert_int_equal(s.len, cut);
    }
    assert_int_equal(value, 99);
}

static void more_than_64_bits_are_no_number(void **state)
{
    (void)state;
    uint64_t value = 99;
    struct slice big = SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    struct slice endless = SLICE_LIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01");
    assert_int_equal(uvarint_take(&big, &value), ERR_INVALID);
    assert_int_equal(big.len, 10);
    assert_int_equal(uvarint_take(&endless, &value), ERR_INVALID);
    assert_int_equal(value, 99);
}

static void a_number_may_be_longer_than_need_be(void **state)
{
    (void)state;
    struct slice s = SLICE_LIT("\x85\x80\x00");
    uint64_t value = 99;
    assert_int_equal(uvarint_take(&s, &value), ERR_OK);
    assert_int_equal(value, 5);
    assert_int_equal(s.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_written_and_read_as_go_does),
        cmocka_unit_test(a_cut_number_waits_for_its_rest),
        cmocka_unit_test(more_than_64_bits_are_no_number),
        cmocka_unit_test(a_number_may_be_longer_than_need_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
