/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/units.h"
#include "store/seqset.h"

static void expect_equal(const struct seqset *a, const struct seqset *b)
{
    uint64_t first[2], last[2], at = 1;
    assert_int_equal(seqset_count(a), seqset_count(b));
    while (seqset_next_run(a, at, &first[0], &last[0])) {
        assert_true(seqset_next_run(b, at, &first[1], &last[1]));
        assert_true(first[0] == first[1] && last[0] == last[1]);
        at = last[0] + 1;
    }
    seqset_check(b);
}

/* Returns the number of bytes. */
static uint32_t expect_there_and_back(const struct seqset *s)
{
    struct buf out = { 0 };
    struct seqset *again = seqset_new();
    seqset_encode(s, &out);
    assert_int_equal(seqset_decode(again, buf_slice(&out), 64 * MIB), ERR_OK);
    expect_equal(s, again);
    assert_int_equal(seqset_decode(again, buf_slice(&out), 64 * MIB), ERR_OK);
    expect_equal(s, again);
    uint32_t len = out.len;
    buf_deinit(&out);
    seqset_free(again);
    return len;
}

static void a_set_comes_back_as_it_was(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct seqset *s = seqset_new();
        uint64_t base = seed % 3 == 0 ? 1 : rng_next(&rng) >> (1 + rng_below(&rng, 40));
        uint32_t window = 1U << (4 + rng_below(&rng, 16)), adds = rng_below(&rng, window);
        for (uint32_t i = 0; i < adds; i++) {
            uint64_t first = base + rng_below(&rng, window);
            (void)seqset_add_range(s, first, first + rng_below(&rng, seed % 2 ? 1 : 3));
        }
        if (seed % 4 == 0) (void)seqset_add_range(s, base + window, base + 3 * (uint64_t)window);
        uint32_t len = expect_there_and_back(s);
        assert_true(len <= seqset_memory(s) + 32);
        seqset_free(s);
    }
}

static void the_longest_run_and_the_ends_come_back(void **state)
{
    (void)state;
    struct seqset *s = seqset_new();
    assert_int_equal(expect_there_and_back(s), 0);
    (void)seqset_add(s, 1);
    (void)seqset_add(s, SEQSET_MAX);
    (void)expect_there_and_back(s);
    (void)seqset_add_range(s, 1, SEQSET_MAX);
    (void)expect_there_and_back(s);
    (void)seqset_remove_below(s, SEQSET_MAX - 65536);
    (void)expect_there_and_back(s);
    seqset_free(s);
    s = seqset_new();
    for (uint64_t at = SEQSET_MAX - 65534; at < SEQSET_MAX; at += 2) (void)seqset_add(s, at);
    (void)seqset_add(s, SEQSET_MAX); /* a bitmap at the very end */
    (void)expect_there_and_back(s);
    seqset_free(s);
}

static void what_a_set_has_gained_is_added(void **state)
{
    (void)state;
    struct seqset *base = seqset_new(), *gained = seqset_new(), *both = seqset_new();
    struct buf out = { 0 };
    for (uint64_t i = 0; i < 30000; i++) {
        (void)seqset_add(base, 1 + i * 3);
        (void)seqset_add(both, 1 + i * 3);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        (void)seqset_add(gained, 2 + i * 5);
        (void)seqset_add(both, 2 + i * 5);
    }
    seqset_encode(gained, &out);
    assert_int_equal(seqset_decode(base, buf_slice(&out), MIB), ERR_OK);
    expect_equal(both, base);
    buf_deinit(&out);
    seqset_free(base);
    seqset_free(gained);
    seqset_free(both);
}

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct {
    const char *what;
    const uint8_t *bytes;
    size_t len;
    enum err expected;
} encodings[] = {
    { "5", BYTES(5, 0), ERR_OK },
    { "5 to 7, 9", BYTES(5, 4, 1, 0), ERR_OK },
    { "a bitmap of 1 and 3", BYTES(0, 1, 10), ERR_OK },
    { "sequence 0", BYTES(0, 0), ERR_CORRUPT },
    { "sequence 0 in a bitmap", BYTES(0, 1, 1), ERR_CORRUPT },
    { "a length is missing", BYTES(5), ERR_CORRUPT },
    { "a number is cut", BYTES(0x85), ERR_CORRUPT },
    { "a number with more than 64 bits",
      BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0), ERR_CORRUPT },
    { "a number that never ends",
      BYTES(0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0), ERR_CORRUPT },
    { "the highest", BYTES(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0), ERR_OK },
    { "above the highest", BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0),
      ERR_CORRUPT },
    { "a run across the highest", BYTES(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2),
      ERR_CORRUPT },
    { "something after the highest",
      BYTES(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0), ERR_CORRUPT },
    { "a bitmap of nothing", BYTES(64, 3, 0, 0), ERR_CORRUPT },
    { "a bitmap between words", BYTES(65, 1, 1), ERR_CORRUPT },
    { "a bitmap that is cut", BYTES(64, 5, 1, 1), ERR_CORRUPT },
    { "a bitmap across parts", BYTES(0xc0, 0xff, 3, 17, 1, 1, 1, 1, 1, 1, 1, 1, 1), ERR_CORRUPT },
};

static void what_is_not_understood_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        struct seqset *s = seqset_new();
        enum err e = seqset_decode(s, slice_of(encodings[i].bytes, encodings[i].len), MIB);
        if (e != encodings[i].expected) print_message("%s\n", encodings[i].what);
        assert_int_equal(e, encodings[i].expected);
        seqset_free(s);
    }
}

static void memory_is_bounded_whatever_comes(void **state)
{
    (void)state;
    struct buf hostile = { 0 };
    struct seqset *s = seqset_new();
    for (uint32_t i = 0; i < 100000; i++) /* each in a part of its own */
        buf_add(&hostile, slice_of("\x80\x80\x04\x00", 4));
    assert_int_equal(seqset_decode(s, buf_slice(&hostile), 100 * KIB), ERR_LIMIT);
    assert_true(seqset_memory(s) < 200 * KIB);
    seqset_free(s);
    buf_deinit(&hostile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_comes_back_as_it_was),
        cmocka_unit_test(the_longest_run_and_the_ends_come_back),
        cmocka_unit_test(what_a_set_has_gained_is_added),
        cmocka_unit_test(what_is_not_understood_is_corrupt),
        cmocka_unit_test(memory_is_bounded_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
