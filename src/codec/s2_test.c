/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/s2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/rng.h"

/* A block and its plain bytes; NULL: it is corrupt. */
static const struct {
    const char *what;
    struct slice block;
    const char *plain;
} blocks[] = {
    { "nothing", SLICE_LIT("\x00"), "" },
    { "a literal",
      SLICE_LIT("\x03\x08"
                "abc"),
      "abc" },
    { "a literal with its length behind",
      SLICE_LIT("\x03\xf0\x02"
                "abc"),
      "abc" },
    { "a literal with four bytes of length",
      SLICE_LIT("\x03\xfc\x02\x00\x00\x00"
                "abc"),
      "abc" },
    { "a short copy",
      SLICE_LIT("\x08\x0c"
                "abcd"
                "\x01\x04"),
      "abcdabcd" },
    { "a copy that runs into itself",
      SLICE_LIT("\x09\x00"
                "a"
                "\x11\x01"),
      "aaaaaaaaa" },
    { "a copy with two bytes of offset",
      SLICE_LIT("\x06\x08"
                "abc"
                "\x0a\x03\x00"),
      "abcabc" },
    { "a copy with four bytes of offset",
      SLICE_LIT("\x06\x08"
                "abc"
                "\x0b\x03\x00\x00\x00"),
      "abcabc" },
    { "a repeat",
      SLICE_LIT("\x0c\x08"
                "abc"
                "\x0a\x03\x00"
                "\x09\x00"),
      "abcabcabcabc" },
    { "a repeat with a byte of length",
      SLICE_LIT("\x0e\x04"
                "ab"
                "\x0e\x02\x00"
                "\x15\x00\x00"),
      "ababababababab" },
    { "no length", SLICE_LIT(""), NULL },
    { "a length over 32 bits", SLICE_LIT("\xff\xff\xff\xff\x7f"), NULL },
    { "too few bytes",
      SLICE_LIT("\x04\x08"
                "abc"),
      NULL },
    { "too many bytes",
      SLICE_LIT("\x02\x08"
                "abc"),
      NULL },
    { "a literal that is cut",
      SLICE_LIT("\x03\x08"
                "ab"),
      NULL },
    { "a literal of 4 GiB",
      SLICE_LIT("\x03\xfc\xff\xff\xff\xff"
                "abc"),
      NULL },
    { "a length that is cut", SLICE_LIT("\x03\xf4\x02"), NULL },
    { "an offset of nothing",
      SLICE_LIT("\x06\x08"
                "abc"
                "\x0a\x00\x00"),
      NULL },
    { "an offset before the start",
      SLICE_LIT("\x06\x08"
                "abc"
                "\x0a\x04\x00"),
      NULL },
    { "an offset that is cut",
      SLICE_LIT("\x06\x08"
                "abc"
                "\x0a\x03"),
      NULL },
    { "a repeat of nothing",
      SLICE_LIT("\x08\x0c"
                "abcd"
                "\x01\x00"),
      NULL },
    { "a repeat that is cut",
      SLICE_LIT("\x0e\x04"
                "ab"
                "\x0e\x02\x00"
                "\x15\x00"),
      NULL },
    { "a copy beyond the end",
      SLICE_LIT("\x05\x08"
                "abc"
                "\x0a\x03\x00"),
      NULL },
};

static void a_block_decodes_or_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) {
        uint32_t len = 0;
        enum err e = s2_decoded_len(blocks[i].block, &len);
        uint8_t *plain = malloc(len + 1); /* exact, so that a sanitizer sees one byte too many */
        assert_non_null(plain);
        if (e == ERR_OK) e = s2_decode(blocks[i].block, plain, len);
        if (e != (blocks[i].plain == NULL ? ERR_INVALID : ERR_OK)) fail_msg("%s", blocks[i].what);
        if (e == ERR_OK) assert_true(slice_equal_str(slice_of(plain, len), blocks[i].plain));
        free(plain);
    }
}

static uint32_t round_trip(struct s2_encoder *e, struct slice plain)
{
    uint32_t room = s2_encoded_max(plain.len), len;
    uint8_t *block = malloc(room), *back = malloc(plain.len + 1);
    assert_non_null(block);
    assert_non_null(back);
    struct slice made = slice_of(block, s2_encode(e, plain, block));
    assert_true(made.len <= room);
    assert_int_equal(s2_decoded_len(made, &len), ERR_OK);
    assert_int_equal(len, plain.len);
    assert_int_equal(s2_decode(made, back, len), ERR_OK);
    assert_true(slice_equal(slice_of(back, len), plain));
    free(block);
    free(back);
    return made.len;
}

/* Bytes of `letters` kinds: 1 is one long run, 256 is noise. */
static void fill(uint8_t *bytes, uint32_t len, uint32_t letters)
{
    struct rng rng;
    rng_init(&rng, letters);
    for (uint32_t i = 0; i < len; i++) bytes[i] = (uint8_t)(rng_next(&rng) % letters);
}

static void what_is_encoded_decodes_to_itself(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {
        0,   1,   3,   4,   5,     63,    64,    65,    67,     68,
        259, 260, 327, 328, 65535, 65536, 65600, 65864, 131400, 300000
    };
    static const uint32_t letters[] = { 1, 2, 5, 256 };
    struct s2_encoder *e = malloc(sizeof *e);
    uint8_t *bytes = malloc(300000);
    assert_non_null(e);
    assert_non_null(bytes);
    for (size_t l = 0; l < ARRAY_COUNT(letters); l++) {
        fill(bytes, 300000, letters[l]);
        for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
            (void)round_trip(e, slice_of(bytes, sizes[i]));
    }
    free(bytes);
    free(e);
}

static void what_repeats_becomes_small(void **state)
{
    (void)state;
    enum { LEN = 100000 };
    struct s2_encoder *e = malloc(sizeof *e);
    char *text = malloc(LEN + 100);
    assert_non_null(e);
    assert_non_null(text);
    uint32_t len = 0;
    for (int i = 0; len < LEN; i++)
        len += (uint32_t)snprintf(text + len, 100, "{\"order\":%d,\"state\":\"shipped\"}\n", i);
    assert_true(round_trip(e, slice_of(text, LEN)) < LEN / 2);
    memset(text, 'x', LEN);
    assert_true(round_trip(e, slice_of(text, LEN)) < 20);
    free(text);
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_decodes_or_is_refused),
        cmocka_unit_test(what_is_encoded_decodes_to_itself),
        cmocka_unit_test(what_repeats_becomes_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
