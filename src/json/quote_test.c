/* SPDX-License-Identifier: Apache-2.0 */
#include "json/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Bytes, their number, and what Go 1.26 writes for them with %q. */
static const struct {
    const char *text;
    uint32_t len;
    const char *want;
} rows[] = {
    /* clang-format off */
    { "", 0, "\"\"" },
    { "\146\157\157\056\142\141\162", 7, "\"foo.bar\"" },
    { "\141\042\142", 3, "\"a\\\"b\"" },
    { "\141\134\142", 3, "\"a\\\\b\"" },
    { "\141\047\142", 3, "\"a'b\"" },
    { "\007\010\014\012\015\011\013", 7, "\"\\a\\b\\f\\n\\r\\t\\v\"" },
    { "\000\001\037", 3, "\"\\x00\\x01\\x1f\"" },
    { "\177", 1, "\"\\x7f\"" },
    { "\200", 1, "\"\\x80\"" },
    { "\377\376", 2, "\"\\xff\\xfe\"" },
    { "\141\377\142", 3, "\"a\\xffb\"" },
    { "\303\251", 2, "\"\303\251\"" },
    { "\303\274\156\303\257\056\143\303\266\144\303\251", 12,
      "\"\303\274n\303\257.c\303\266d\303\251\"" },
    { "\346\227\245\346\234\254\350\252\236", 9, "\"\346\227\245\346\234\254\350\252\236\"" },
    { "\303", 1, "\"\\xc3\"" },
    { "\342\202", 2, "\"\\xe2\\x82\"" },
    { "\342\050\241", 3, "\"\\xe2(\\xa1\"" },
    { "\355\240\200", 3, "\"\\xed\\xa0\\x80\"" },
    { "\364\220\200\200", 4, "\"\\xf4\\x90\\x80\\x80\"" },
    { "\300\257", 2, "\"\\xc0\\xaf\"" },
    { "\302\240", 2, "\"\\u00a0\"" },
    { "\302\255", 2, "\"\\u00ad\"" },
    { "\342\200\213", 3, "\"\\u200b\"" },
    { "\342\200\250", 3, "\"\\u2028\"" },
    { "\342\201\240", 3, "\"\\u2060\"" },
    { "\343\200\200", 3, "\"\\u3000\"" },
    { "\357\273\277", 3, "\"\\ufeff\"" },
    { "\357\277\275", 3, "\"\357\277\275\"" },
    { "\357\277\277", 3, "\"\\uffff\"" },
    { "\356\200\200", 3, "\"\\ue000\"" },
    { "\341\232\200", 3, "\"\\u1680\"" },
    { "\330\234", 2, "\"\\u061c\"" },
    { "\360\237\230\200", 4, "\"\360\237\230\200\"" },
    { "\363\240\200\201", 4, "\"\\U000e0001\"" },
    { "\364\217\277\277", 4, "\"\\U0010ffff\"" },
    { "\363\260\200\200", 4, "\"\\U000f0000\"" },
    { "\045\163\045\144\045\156", 6, "\"%s%d%n\"" },
    { "\141\040\142", 3, "\"a b\"" },
    { "\052\056\076", 3, "\"*.>\"" },
    { "\176\041\100\043\044\136\046\050\051", 9, "\"~!@#$^&()\"" },
    { "\314\201", 2, "\"\314\201\"" },
    { "\342\200\256", 3, "\"\\u202e\"" },
    { "\330\200", 2, "\"\\u0600\"" },
    { "\327\220\327\221", 4, "\"\327\220\327\221\"" },
    { "\360\237\221\250\342\200\215\360\237\221\251", 11,
      "\"\360\237\221\250\\u200d\360\237\221\251\"" },
    /* clang-format on */
};

static void a_text_is_quoted_as_go_quotes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        quote_go(&out, slice_of(rows[i].text, rows[i].len));
        assert_string_equal(buf_str(&out), rows[i].want);
        buf_deinit(&out);
    }
}

static void no_byte_breaks_the_line_or_the_quotes(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 256; a++)
        for (uint32_t b = 0; b < 256; b++) {
            const uint8_t bytes[] = { (uint8_t)a, (uint8_t)b };
            struct buf out = { 0 };
            quote_go(&out, slice_of(bytes, sizeof bytes));
            assert_int_equal(slice_find_byte(buf_slice(&out), '\n'), -1);
            assert_int_equal(slice_find_byte(buf_slice(&out), '\r'), -1);
            assert_int_equal(slice_find_byte(buf_slice(&out), 0), -1);
            buf_deinit(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_quoted_as_go_quotes_it),
        cmocka_unit_test(no_byte_breaks_the_line_or_the_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
