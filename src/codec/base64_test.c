/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_encodes(enum base64_form form, const char *bytes, const char *text)
{
    uint8_t out[64];
    uint32_t len = base64_encode(form, slice_str(bytes), out);
    assert_true(slice_equal_str(slice_of(out, len), text));
    assert_int_equal(base64_decode(form, slice_str(text), out, &len), ERR_OK);
    assert_true(slice_equal_str(slice_of(out, len), bytes));
}

/* RFC 4648, section 10. */
static void the_vectors_of_the_rfc_hold(void **state)
{
    (void)state;
    assert_encodes(BASE64_STD, "", "");
    assert_encodes(BASE64_STD, "f", "Zg==");
    assert_encodes(BASE64_STD, "fo", "Zm8=");
    assert_encodes(BASE64_STD, "foo", "Zm9v");
    assert_encodes(BASE64_STD, "foobar", "Zm9vYmFy");
    assert_encodes(BASE64_URL, "fo", "Zm8=");
    assert_encodes(BASE64_RAW_URL, "f", "Zg");
    assert_encodes(BASE64_RAW_URL, "fo", "Zm8");
    assert_encodes(BASE64_STD, "\xfb\xff\xbf", "+/+/");
    assert_encodes(BASE64_URL, "\xfb\xff\xbf", "-_-_");
    assert_encodes(BASE64_RAW_URL, "\xfb\xff\xbf", "-_-_");
}

static void every_byte_survives_in_every_place(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= 6; len++)
        for (uint32_t c = 0; c < 256; c++)
            for (int form = BASE64_STD; form <= BASE64_RAW_URL; form++) {
                uint8_t bytes[6] = { 0 }, text[8], back[6];
                uint32_t back_len;
                bytes[len - 1] = (uint8_t)c;
                uint32_t text_len = base64_encode((enum base64_form)form, slice_of(bytes, len),
                                                  text);
                assert_int_equal(base64_decode((enum base64_form)form, slice_of(text, text_len),
                                               back, &back_len),
                                 ERR_OK);
                assert_int_equal(back_len, len);
                assert_memory_equal(back, bytes, len);
            }
}

static void what_is_not_the_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum base64_form form;
        const char *text;
    } bad[] = {
        { BASE64_STD, "Zg" },      { BASE64_STD, "Zg=" },     { BASE64_STD, "Zh==" },
        { BASE64_STD, "Zm9=" },    { BASE64_STD, "Z===" },    { BASE64_STD, "====" },
        { BASE64_STD, "Zg==Zg==" }, { BASE64_STD, "Zm8\n" },   { BASE64_STD, "-_-_" },
        { BASE64_STD, "Zm9v\n" },  { BASE64_URL, "+/+/" },    { BASE64_URL, "Zg" },
        { BASE64_RAW_URL, "Zg==" }, { BASE64_RAW_URL, "Z" },   { BASE64_RAW_URL, "Zh" },
        { BASE64_RAW_URL, "Zm 8" },
    };
    uint8_t out[16];
    uint32_t len;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (base64_decode(bad[i].form, slice_str(bad[i].text), out, &len) != ERR_INVALID)
            fail_msg("%s", bad[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(every_byte_survives_in_every_place),
        cmocka_unit_test(what_is_not_the_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
