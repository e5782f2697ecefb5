/* SPDX-License-Identifier: Apache-2.0 */
/* A leader runs random commands; a replica gets them through the log, a disk gets checkpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stream/acks.h"

static void expect_equal(const struct acks *a, const struct acks *b)
{
    struct buf x = { 0 }, y = { 0 };
    acks_encode(a, ACKS_FULL, &x);
    acks_encode(b, ACKS_FULL, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    assert_int_equal(acks_num_redelivered(a), acks_num_redelivered(b));
    buf_deinit(&x);
    buf_deinit(&y);
}

static struct acks_command random_command(const struct acks *a, struct rng *r)
{
    struct acks_command c = { .kind = (enum acks_kind)rng_below(r, ACKS_SKIP) };
    if (rng_chance(r, 1, 2)) c.kind = rng_chance(r, 1, 2) ? ACKS_DELIVER : ACKS_ACK;
    if (c.kind == ACKS_COMPACT && rng_chance(r, 9, 10)) c.kind = ACKS_DELIVER;
    if (rng_chance(r, 1, 200)) c.kind = ACKS_RESET;
    uint64_t high = a->delivered.stream_seq, low = a->floor.stream_seq;
    c.stream_seq = low + 1 + rng_next(r) % (high - low + 2);
    if (c.kind == ACKS_RESET) c.stream_seq = 1 + rng_next(r) % (high + 1);
    if (c.kind == ACKS_DELIVER) {
        if (rng_chance(r, 1, 2)) c.stream_seq = high + 1 + rng_below(r, 3);
        c.consumer_seq = a->delivered.consumer_seq + 1;
        c.deliveries = c.stream_seq > high ? 1 : 2 + rng_below(r, 5);
    }
    if (c.kind == ACKS_ACK) c.consumer_seq = a->floor.consumer_seq + rng_below(r, 4);
    if (c.kind == ACKS_DELIVER || c.kind == ACKS_TOUCH) c.time = (nanos)rng_next(r);
    return c;
}

static void checkpoint(struct acks *leader, struct acks *disk, enum acks_form form)
{
    struct buf out = { 0 };
    acks_encode(leader, form, &out);
    acks_settle(leader);
    assert_false(leader->is_changed);
    assert_int_equal(acks_decode(disk, buf_slice(&out)), ERR_OK);
    expect_equal(leader, disk);
    assert_int_equal(acks_decode(disk, buf_slice(&out)), ERR_OK);
    expect_equal(leader, disk);
    acks_check(disk);
    buf_deinit(&out);
}

static void replicas_and_checkpoints_hold_what_the_leader_has(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rng r;
        rng_init(&r, seed);
        enum acks_policy policy = seed % 5 == 0 ? ACKS_NONE : (enum acks_policy)(1 + seed % 3);
        struct acks leader, replica, disk;
        acks_init(&leader, policy, seed % 7);
        acks_init(&replica, policy, seed % 7);
        acks_init(&disk, policy, 0);
        struct buf log = { 0 };
        for (int i = 0; i < 1500; i++) {
            struct acks_command c = random_command(&leader, &r);
            acks_command_encode(&c, &log);
            (void)acks_apply(&leader, &c, NULL);
            if (rng_chance(&r, 1, 25))
                checkpoint(&leader, &disk, rng_chance(&r, 1, 10) ? ACKS_FULL : ACKS_DELTA);
        }
        struct slice in = buf_slice(&log);
        struct acks_command c;
        while (in.len > 0) {
            assert_int_equal(acks_command_take(&in, &c), ERR_OK);
            (void)acks_apply(&replica, &c, NULL);
        }
        expect_equal(&leader, &replica);
        buf_deinit(&log);
        acks_deinit(&leader);
        acks_deinit(&replica);
        acks_deinit(&disk);
    }
}

static void fill(struct acks *a, uint64_t count)
{
    for (uint64_t seq = 1; seq <= count; seq++) {
        const struct acks_command c = { ACKS_DELIVER, 1, seq, seq, (nanos)seq * MICROSECOND };
        (void)acks_apply(a, &c, NULL);
    }
}

static void a_delta_costs_what_changed_not_what_is_pending(void **state)
{
    (void)state;
    struct acks a;
    struct buf full = { 0 }, delta = { 0 };
    acks_init(&a, ACKS_EXPLICIT, 0);
    fill(&a, 10000);
    acks_encode(&a, ACKS_DELTA, &full); /* there is no base yet: full */
    acks_settle(&a);
    for (uint64_t seq = 5000; seq < 5010; seq++)
        (void)acks_apply(&a, &(struct acks_command){ .kind = ACKS_ACK, .stream_seq = seq }, NULL);
    acks_encode(&a, ACKS_DELTA, &delta);
    assert_true(full.len > 40000);
    assert_true(delta.len < 40);
    buf_deinit(&full);
    buf_deinit(&delta);
    acks_deinit(&a);
}

static void after_a_checkpoint_that_failed_the_next_one_is_full(void **state)
{
    (void)state;
    struct acks a, disk;
    struct buf lost = { 0 };
    acks_init(&a, ACKS_EXPLICIT, 0);
    acks_init(&disk, ACKS_EXPLICIT, 0);
    fill(&a, 10);
    checkpoint(&a, &disk, ACKS_FULL);
    (void)acks_apply(&a, &(struct acks_command){ .kind = ACKS_ACK, .stream_seq = 4 }, NULL);
    acks_encode(&a, ACKS_DELTA, &lost);
    acks_settle(&a);
    acks_unsettle(&a);
    checkpoint(&a, &disk, ACKS_DELTA);
    buf_deinit(&lost);
    acks_deinit(&a);
    acks_deinit(&disk);
}

static void bytes_that_no_encoder_wrote_change_nothing(void **state)
{
    (void)state;
    /* kind, policy explicit, delivered 5 9, floor 2 below each: 3 7; then the lists */
    static const struct {
        const char *why;
        uint8_t bytes[24];
        uint32_t len;
    } rows[] = {
        { "nothing", { 0 }, 0 },
        { "unknown kind", { 3, 2, 5, 9, 2, 2, 0, 0 }, 8 },
        { "another policy", { 1, 1, 5, 9, 2, 2, 0, 0 }, 8 },
        { "a floor above delivered", { 1, 2, 5, 9, 6, 2, 0, 0 }, 8 },
        { "cut", { 1, 2, 5, 9, 2, 2, 0 }, 7 },
        { "bytes behind", { 1, 2, 5, 9, 2, 2, 0, 0, 0 }, 9 },
        { "more entries than bytes", { 1, 2, 5, 9, 2, 2, 9, 1, 1, 0, 1, 0 }, 12 },
        { "pending twice", { 1, 2, 5, 9, 2, 2, 2, 1, 1, 0, 1, 0, 1, 0, 1, 0 }, 16 },
        { "pending above delivered", { 1, 2, 5, 9, 2, 2, 1, 3, 1, 0, 1, 0 }, 12 },
        { "consumer sequence above", { 1, 2, 5, 9, 2, 2, 1, 1, 3, 0, 1, 0 }, 12 },
        { "no deliveries", { 1, 2, 5, 9, 2, 2, 1, 1, 1, 0, 0, 0 }, 12 },
        { "spent above delivered", { 1, 2, 5, 9, 2, 2, 0, 1, 10, 2 }, 10 },
        { "pending and spent", { 1, 2, 5, 9, 2, 2, 1, 1, 1, 0, 1, 1, 8, 2 }, 14 },
        { "delta: pending from the floor", { 2, 2, 5, 9, 2, 2, 0, 1, 0, 0, 0, 0 }, 12 },
        { "delta: spent from beyond", { 2, 2, 5, 9, 2, 2, 1, 11, 0, 0, 0, 0 }, 12 },
    };
    struct acks a, same;
    acks_init(&a, ACKS_EXPLICIT, 3);
    acks_init(&same, ACKS_EXPLICIT, 3);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum err e = acks_decode(&a, slice_of(rows[i].bytes, rows[i].len));
        if (e != ERR_CORRUPT) fail_msg("%s: %s", rows[i].why, err_text(e));
        expect_equal(&a, &same);
    }
    static const uint8_t good[] = { 1, 2, 5, 9, 2, 2, 1, 1, 1, 0, 1, 1, 4, 2 };
    assert_int_equal(acks_decode(&a, slice_of(good, sizeof(good))), ERR_OK);
    assert_int_equal(acks_num_redelivered(&a), 1);
    acks_deinit(&a);
}

static void a_command_is_cut_off_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[12];
        uint32_t len;
    } bad[] = { { { 0 }, 0 },
                { { 8, 1 }, 2 },
                { { 7, 0 }, 2 },
                { { 0, 1, 1, 0, 0 }, 5 },
                { { 0, 1, 1, 1 }, 4 },
                { { 1, 1 }, 2 },
                { { 0, 1, 0, 1, 0 }, 5 },
                { { 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 11 } };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct slice in = slice_of(bad[i].bytes, bad[i].len);
        struct acks_command c;
        assert_int_equal(acks_command_take(&in, &c), ERR_CORRUPT);
        assert_int_equal(in.len, bad[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replicas_and_checkpoints_hold_what_the_leader_has),
        cmocka_unit_test(a_delta_costs_what_changed_not_what_is_pending),
        cmocka_unit_test(after_a_checkpoint_that_failed_the_next_one_is_full),
        cmocka_unit_test(bytes_that_no_encoder_wrote_change_nothing),
        cmocka_unit_test(a_command_is_cut_off_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
