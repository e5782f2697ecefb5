/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_testing.h"

static struct msgs *make(struct suite *s, uint64_t first_sequence)
{
    (void)s;
    return msgs_memory_new(first_sequence);
}

static void nothing_waits(struct suite *s)
{
    (void)s;
    fail_msg("memory is never busy");
}

static void add(struct msgs *m, uint64_t sequence, const char *subject, const char *payload)
{
    struct stored msg = { .sequence = sequence,
                          .time = (nanos)(sequence % 1000000) * SECOND,
                          .subject = slice_str(subject),
                          .payload = slice_str(payload) };
    msgs_append(m, &msg);
}

static void it_agrees_with_a_list_whatever_happens(void **state)
{
    (void)state;
    struct suite suite = { make, nothing_waits, NULL, NULL };
    suite_play(&suite, 1, 6);
}

static void sizes_count_as_nats_server_counts(void **state)
{
    (void)state;
    assert_int_equal(msgs_size(true, 3, 0, 10), 30 + 13);
    assert_int_equal(msgs_size(true, 3, 20, 10), 34 + 33);
    assert_int_equal(msgs_size(false, 3, 0, 10), 16 + 13);
    assert_int_equal(msgs_size(false, 3, 20, 10), 16 + 33);
}

static void one_that_was_never_used_says_zero(void **state)
{
    (void)state;
    struct msgs_state s;
    struct msgs *m = msgs_memory_new(0);
    msgs_state(m, &s);
    assert_int_equal(s.first_sequence, 0);
    assert_int_equal(s.last_sequence, 0);
    (void)msgs_free(m);
    m = msgs_memory_new(10);
    msgs_state(m, &s);
    assert_int_equal(s.first_sequence, 10);
    assert_int_equal(s.last_sequence, 9);
    msgs_free(m);
}

static void a_purge_leaves_the_sequence_where_it_was(void **state)
{
    (void)state;
    struct msgs_state s;
    struct msgs_filter all = { NULL, 0 };
    struct msgs *m = msgs_memory_new(1);
    for (uint64_t i = 1; i <= 5; i++) add(m, i, "a", "x");
    assert_int_equal(msgs_purge(m, &all, 0, 0), 5);
    msgs_state(m, &s);
    assert_int_equal(s.first_sequence, 6);
    assert_int_equal(s.last_sequence, 5);
    assert_int_equal(s.first_time, 0);
    assert_int_equal(s.last_time, 5 * SECOND);
    assert_int_equal(s.bytes, 0);
    assert_int_equal(msgs_purge(m, &all, 0, 0), 0);
    msgs_free(m);
}

static void the_ends_of_a_subject_follow_what_is_removed(void **state)
{
    (void)state;
    struct msgs_subject s;
    struct msgs *m = msgs_memory_new(1);
    for (uint64_t i = 1; i <= 9; i++) add(m, i, i % 3 == 0 ? "b" : "a", "x");
    assert_true(msgs_subject(m, SLICE_LIT("a"), &s));
    assert_int_equal(s.first, 1);
    assert_int_equal(s.last, 8);
    assert_int_equal(s.count, 6);
    assert_true(msgs_remove(m, 1, NULL));
    assert_true(msgs_remove(m, 8, NULL));
    assert_true(msgs_subject(m, SLICE_LIT("a"), &s));
    assert_int_equal(s.first, 2);
    assert_int_equal(s.last, 7);
    for (uint64_t i = 3; i <= 9; i += 3) assert_true(msgs_remove(m, i, NULL));
    assert_false(msgs_subject(m, SLICE_LIT("b"), &s));
    msgs_check(m);
    msgs_free(m);
}

static void done_once(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_OK);
    ++*(int *)ctx;
}

static void what_was_removed_is_erased_at_once(void **state)
{
    (void)state;
    int done = 0;
    struct msgs *m = msgs_memory_new(1);
    add(m, 1, "a", "secret");
    assert_true(msgs_remove(m, 1, NULL));
    msgs_erase(m, 1, done_once, &done);
    assert_int_equal(done, 1);
    msgs_free(m);
}

static void a_gap_of_any_length_costs_nothing(void **state)
{
    (void)state;
    struct msgs *m = msgs_memory_new(1);
    struct msgs_filter all = { NULL, 0 };
    uint64_t next = 0;
    add(m, 1, "a", "x");
    msgs_skip(m, UINT64_C(1) << 60, 0);
    add(m, (UINT64_C(1) << 60) + 1, "a", "y");
    assert_int_equal(msgs_next(m, &all, 2, NULL, &next), ERR_OK);
    assert_int_equal(next, (UINT64_C(1) << 60) + 1);
    assert_int_equal(msgs_at_time(m, 2 * SECOND, NULL, &next), ERR_OK);
    assert_int_equal(next, (UINT64_C(1) << 60) + 1);
    msgs_check(m);
    msgs_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_list_whatever_happens),
        cmocka_unit_test(sizes_count_as_nats_server_counts),
        cmocka_unit_test(one_that_was_never_used_says_zero),
        cmocka_unit_test(a_purge_leaves_the_sequence_where_it_was),
        cmocka_unit_test(the_ends_of_a_subject_follow_what_is_removed),
        cmocka_unit_test(what_was_removed_is_erased_at_once),
        cmocka_unit_test(a_gap_of_any_length_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
