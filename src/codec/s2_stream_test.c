/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/s2_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/le.h"
#include "base/compiler.h"
#include "base/rng.h"
#include "codec/crc32c.h"

#define START "\xff\x06\x00\x00S2sTwO"
#define HELLO "\x01\x09\x00\x00\xbb\x1f\x1c\x19hello"

/* Reads all of `in`, `step` bytes a time; returns the last verdict. */
static enum s2_verdict read_all(struct s2_reader *r, struct slice in, uint32_t step,
                                struct buf *plain)
{
    enum s2_verdict v = S2_MORE;
    while (in.len > 0) {
        struct slice part = slice_first(in, step), piece;
        in = slice_from(in, part.len);
        while ((v = s2_reader_next(r, &part, &piece)) == S2_PIECE) buf_add(plain, piece);
        if (v != S2_MORE) return v;
        assert_int_equal(part.len, 0);
    }
    return v;
}

static void what_is_written_reads_back_however_it_is_cut(void **state)
{
    (void)state;
    enum { LEN = 700001 };
    uint8_t *bytes = malloc(LEN);
    assert_non_null(bytes);
    struct rng rng;
    rng_init(&rng, 3);
    for (uint32_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i < LEN / 2 ? rng_next(&rng) : i / 1000);
    struct s2_writer *w = s2_writer_new();
    struct buf stream = { 0 };
    for (uint32_t at = 0; at < LEN; at += 999)
        s2_writer_add(w, slice_first(slice_from(slice_of(bytes, LEN), at), 999), &stream);
    s2_writer_finish(w, &stream);
    assert_true(stream.len > LEN / 2);
    assert_true(stream.len < LEN);
    static const uint32_t steps[] = { 1, 3, 4096, 100000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct s2_reader *r = s2_reader_new(LEN);
        struct buf plain = { 0 };
        assert_int_equal(read_all(r, buf_slice(&stream), steps[i], &plain), S2_MORE);
        assert_true(s2_reader_is_between(r));
        assert_true(slice_equal(buf_slice(&plain), slice_of(bytes, LEN)));
        buf_deinit(&plain);
        s2_reader_free(r);
    }
    buf_deinit(&stream);
    s2_writer_free(w);
    free(bytes);
}

static void an_empty_stream_is_its_name(void **state)
{
    (void)state;
    struct s2_writer *w = s2_writer_new();
    struct buf stream = { 0 };
    s2_writer_finish(w, &stream);
    assert_true(slice_equal(buf_slice(&stream), SLICE_LIT(START)));
    buf_deinit(&stream);
    s2_writer_free(w);
}

static void pieces_of_hello_are_what_they_seem(void **state)
{
    (void)state;
    assert_int_equal(crc32c_masked(crc32c(0, slice_str("hello"))), 0x191c1fbb);
}

static const struct {
    const char *what;
    struct slice stream;
    enum s2_verdict verdict;
    bool is_between;
    const char *plain;
} streams[] = {
    { "plain bytes", SLICE_LIT(START HELLO), S2_MORE, true, "hello" },
    { "Snappy", SLICE_LIT("\xff\x06\x00\x00sNaPpY" HELLO), S2_MORE, true, "hello" },
    { "a block", SLICE_LIT(START "\x00\x0b\x00\x00\xbb\x1f\x1c\x19\x05\x10hello"), S2_MORE, true,
      "hello" },
    { "two streams", SLICE_LIT(START HELLO START HELLO), S2_MORE, true, "hellohello" },
    { "padding and an index", SLICE_LIT(START "\xfe\x03\x00\x00zzz\x99\x02\x00\x00zz" HELLO),
      S2_MORE, true, "hello" },
    { "no plain bytes", SLICE_LIT(START "\x01\x04\x00\x00\xd8\xea\x82\xa2"), S2_MORE, true, "" },
    { "a block of nothing", SLICE_LIT(START "\x00\x05\x00\x00\xd8\xea\x82\xa2\x00"), S2_MORE, true,
      "" },
    { "a cut head", SLICE_LIT(START "\x01\x09"), S2_MORE, false, "" },
    { "cut bytes", SLICE_LIT(START "\x01\x09\x00\x00\xbb\x1f\x1c\x19hell"), S2_MORE, false, "" },
    { "cut padding", SLICE_LIT(START "\xfe\x03\x00\x00zz"), S2_MORE, false, "" },
    { "no name", SLICE_LIT(HELLO), S2_BAD, false, "" },
    { "padding before the name", SLICE_LIT("\xfe\x00\x00\x00" START), S2_BAD, false, "" },
    { "another name", SLICE_LIT("\xff\x06\x00\x00S2sTwP"), S2_BAD, false, "" },
    { "a long name", SLICE_LIT("\xff\x07\x00\x00S2sTwOO"), S2_BAD, false, "" },
    { "a chunk nobody knows", SLICE_LIT(START "\x02\x00\x00\x00"), S2_BAD, false, "" },
    { "a wrong sum", SLICE_LIT(START "\x01\x09\x00\x00\xbc\x1f\x1c\x19hello"), S2_BAD, false, "" },
    { "no room for the sum", SLICE_LIT(START "\x01\x03\x00\x00zzz"), S2_BAD, false, "" },
    { "plain bytes of 16 MiB", SLICE_LIT(START "\x01\xff\xff\xff"), S2_BAD, false, "" },
    { "a block of 16 MiB", SLICE_LIT(START "\x00\xff\xff\xff"), S2_BAD, false, "" },
    { "a block that says 4 MiB and a byte", SLICE_LIT(START "\x00\x08\x00\x00zzzz\x81\x80\x80\x02"),
      S2_BAD, false, "" },
    { "a corrupt block", SLICE_LIT(START "\x00\x0b\x00\x00\xbb\x1f\x1c\x19\x05\x14hello"), S2_BAD,
      false, "" },
    { "more than the limit", SLICE_LIT(START HELLO HELLO HELLO), S2_LIMIT, false, "hellohello" },
    { "a block over the limit", SLICE_LIT(START "\x00\x08\x00\x00zzzz\x80\x80\x80\x02"), S2_LIMIT,
      false, "" },
};

static void a_stream_reads_as_its_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(streams); i++)
        for (uint32_t step = 1; step < 40; step += 7) {
            struct s2_reader *r = s2_reader_new(10);
            struct buf plain = { 0 };
            enum s2_verdict v = read_all(r, streams[i].stream, step, &plain);
            struct slice rest = SLICE_LIT("more"), piece;
            if (v != streams[i].verdict || s2_reader_is_between(r) != streams[i].is_between)
                fail_msg("%s, step %u: %d", streams[i].what, step, (int)v);
            assert_true(slice_equal_str(buf_slice(&plain), streams[i].plain));
            if (v == S2_BAD || v == S2_LIMIT) assert_int_equal(s2_reader_next(r, &rest, &piece), v);
            buf_deinit(&plain);
            s2_reader_free(r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_however_it_is_cut),
        cmocka_unit_test(an_empty_stream_is_its_name),
        cmocka_unit_test(pieces_of_hello_are_what_they_seem),
        cmocka_unit_test(a_stream_reads_as_its_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
