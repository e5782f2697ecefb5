/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static const struct ack_place place = {
    { 0 }, SLICE_LIT("NUmM6cRx"), SLICE_LIT("S"), SLICE_LIT("D")
};

static void the_hash_of_an_account_is_the_one_of_nats_server(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "A", "NUmM6cRx" },
        { "B", "b2oh2L6w" },
        { "Weird-name", "LKfj8y2f" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char hash[ACCOUNT_HASH_LEN];
        account_hash(slice_str(rows[i][0]), hash);
        assert_memory_equal(hash, rows[i][1], ACCOUNT_HASH_LEN);
    }
}

static void expect_subject(enum ack_version version, const struct ack_place *at, const char *text)
{
    struct buf prefix = { 0 };
    uint8_t out[256];
    const struct ack_info info = { 1, 20, 300, UINT64_C(1795937063091978761), 0 };
    ack_prefix_write(version, at, &prefix);
    uint32_t len = ack_subject_write(buf_slice(&prefix), &info, out);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(out, text, len);
    buf_deinit(&prefix);
}

static void a_subject_is_written_in_either_form(void **state)
{
    (void)state;
    struct ack_place hub = place;
    hub.domain = slice_str("hub");
    expect_subject(ACK_V1, &place, "$JS.ACK.S.D.1.20.300.1795937063091978761.0");
    expect_subject(ACK_V1, &hub, "$JS.ACK.S.D.1.20.300.1795937063091978761.0");
    expect_subject(ACK_V2, &place, "$JS.ACK._.NUmM6cRx.S.D.1.20.300.1795937063091978761.0");
    expect_subject(ACK_V2, &hub, "$JS.ACK.hub.NUmM6cRx.S.D.1.20.300.1795937063091978761.0");
}

static void any_number_is_written_as_printf_does_and_read_back(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    for (int i = 0; i < 5000; i++) {
        uint64_t n[5];
        char text[256];
        uint8_t out[256];
        struct ack_subject back;
        for (int k = 0; k < 5; k++) n[k] = rng_next(&r) >> rng_below(&r, 64);
        const struct ack_info info = { n[0], n[1], n[2], n[3], n[4] };
        uint32_t len = ack_subject_write(slice_str("$JS.ACK.S.D."), &info, out);
        (void)snprintf(text, sizeof(text), "$JS.ACK.S.D.%llu.%llu.%llu.%llu.%llu",
                       (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2],
                       (unsigned long long)n[3], (unsigned long long)n[4]);
        assert_int_equal(len, strlen(text));
        assert_memory_equal(out, text, len);
        assert_true(ack_subject_parse(slice_of(out, len), &back));
        assert_memory_equal(&back.info, &info, sizeof(info));
    }
}

static void the_number_of_tokens_tells_the_form(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        int form; /* -1: none */
    } rows[] = {
        { "$JS.ACK.S.D.1.2.3.4.5", ACK_V1 },
        { "$JS.ACK.S.D.1.2.3.4", -1 },
        { "$JS.ACK._.NUmM6cRx.S.D.1.2.3.4", -1 },
        { "$JS.ACK._.NUmM6cRx.S.D.1.2.3.4.5", ACK_V2 },
        { "$JS.ACK._.NUmM6cRx.S.D.1.2.3.4.5.more", ACK_V2 },
        { "$JS.ACK._.NUmM6cRx.S.D.1.2.3.4.5.a.b.c.d", ACK_V2 },
        { "$JS.NAK.S.D.1.2.3.4.5", -1 },
        { "$JX.ACK.S.D.1.2.3.4.5", -1 },
        { "", -1 },
        { "........", -1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ack_subject s;
        bool is_ack = ack_subject_parse(slice_str(rows[i].subject), &s);
        assert_int_equal(is_ack, rows[i].form >= 0);
        if (!is_ack) continue;
        assert_int_equal(s.version, rows[i].form);
        assert_true(slice_equal_str(s.place.stream, "S"));
        assert_true(slice_equal_str(s.place.consumer, "D"));
        assert_int_equal(s.info.stream_seq, 2);
        assert_int_equal(s.info.pending, 5);
    }
}

static void what_is_no_number_counts_as_the_largest(void **state)
{
    (void)state;
    struct ack_subject s;
    assert_true(ack_subject_parse(slice_str("$JS.ACK.S.D.1.x..-4.9e9"), &s));
    assert_int_equal(s.info.deliveries, 1);
    assert_true(s.info.stream_seq == UINT64_MAX);
    assert_true(s.info.consumer_seq == UINT64_MAX);
    assert_true(s.info.time == UINT64_MAX);
    assert_true(s.info.pending == UINT64_MAX);
}

static void a_number_beyond_64_bits_loses_its_upper_ones(void **state)
{
    (void)state;
    struct ack_subject s;
    assert_true(ack_subject_parse(slice_str("$JS.ACK.S.D.18446744073709551617.18446744073709551615."
                                            "36893488147419103234.0.340282366920938463463374607431"
                                            "768211459"),
                                  &s));
    assert_int_equal(s.info.deliveries, 1);
    assert_true(s.info.stream_seq == UINT64_MAX);
    assert_int_equal(s.info.consumer_seq, 2);
    assert_int_equal(s.info.pending, 3);
}

static void a_v2_subject_is_only_ours_with_our_domain_and_account(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        bool fits;
    } rows[] = {
        { "$JS.ACK.S.D.1.2.3.4.5", true },
        { "$JS.ACK._.NUmM6cRx.S.D.1.2.3.4.5", true },
        { "$JS.ACK.hub.NUmM6cRx.S.D.1.2.3.4.5", false },
        { "$JS.ACK._.b2oh2L6w.S.D.1.2.3.4.5", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ack_subject s;
        assert_true(ack_subject_parse(slice_str(rows[i].subject), &s));
        assert_int_equal(ack_place_fits(s.version, &s.place, &place), rows[i].fits);
    }
}

static void flow_control_subjects_are_written_and_read_in_either_form(void **state)
{
    (void)state;
    static const char *const prefixes[] = { "$JS.FC.S.D.", "$JS.FC._.NUmM6cRx.S.D." };
    for (int version = ACK_V1; version <= ACK_V2; version++) {
        struct buf prefix = { 0 };
        uint8_t out[64];
        enum ack_version read;
        struct ack_place at;
        flow_prefix_write((enum ack_version)version, &place, &prefix);
        assert_string_equal(buf_str(&prefix), prefixes[version]);
        uint32_t len = flow_subject_write(buf_slice(&prefix), 61 + 62 * 10, out);
        assert_int_equal(len, prefix.len + FLOW_ID_LEN);
        assert_memory_equal(out + prefix.len, "zA00", FLOW_ID_LEN);
        assert_true(flow_subject_parse(slice_of(out, len), &read, &at));
        assert_int_equal(read, version);
        assert_true(slice_equal_str(at.stream, "S"));
        assert_true(slice_equal_str(at.consumer, "D"));
        buf_deinit(&prefix);
    }
    enum ack_version version;
    struct ack_place at;
    assert_false(flow_subject_parse(slice_str("$JS.FC.S.D"), &version, &at));
    assert_false(flow_subject_parse(slice_str("$JS.FC.S.D.a.b"), &version, &at));
    assert_false(flow_subject_parse(slice_str("$JS.ACK.S.D.a"), &version, &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_of_an_account_is_the_one_of_nats_server),
        cmocka_unit_test(a_subject_is_written_in_either_form),
        cmocka_unit_test(any_number_is_written_as_printf_does_and_read_back),
        cmocka_unit_test(the_number_of_tokens_tells_the_form),
        cmocka_unit_test(what_is_no_number_counts_as_the_largest),
        cmocka_unit_test(a_number_beyond_64_bits_loses_its_upper_ones),
        cmocka_unit_test(a_v2_subject_is_only_ours_with_our_domain_and_account),
        cmocka_unit_test(flow_control_subjects_are_written_and_read_in_either_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
