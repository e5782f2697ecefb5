/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void add(struct ack_list *l, uint64_t seq)
{
    struct ack_entry *e = ack_list_add(l,
                                       &(struct ack_entry){ .stream_seq = seq, .deliveries = 1 });
    assert_int_equal(e->stream_seq, seq);
}

static void remove_seq(struct ack_list *l, uint64_t seq)
{
    ack_list_remove(l, ack_list_find(l, seq));
}

static void entries_are_found_in_order_whatever_was_removed(void **state)
{
    (void)state;
    enum { SEQS = 400 };
    struct ack_list l = { 0 };
    bool has[SEQS] = { false };
    struct rng r;
    rng_init(&r, 3);
    for (int i = 0; i < 20000; i++) {
        uint32_t seq = rng_below(&r, SEQS);
        if (!has[seq]) add(&l, seq);
        else remove_seq(&l, seq);
        has[seq] = !has[seq];
        if (rng_chance(&r, 1, 500)) ack_list_settle(&l);
        if (rng_chance(&r, 1, 300)) ack_list_trim(&l);
        if (i % 100 != 0) continue;
        ack_list_check(&l);
        uint32_t at = 0, count = 0;
        for (uint32_t s = 0; s < SEQS; s++) {
            assert_int_equal(ack_list_find(&l, s) != NULL, has[s]);
            if (!has[s]) continue;
            assert_int_equal(ack_list_next(&l, &at)->stream_seq, s);
            assert_int_equal(ack_list_from(&l, s)->stream_seq, s);
            if (count++ == 0) assert_int_equal(ack_list_first(&l)->stream_seq, s);
        }
        assert_null(ack_list_next(&l, &at));
        assert_int_equal(ack_list_count(&l), count);
    }
    ack_list_deinit(&l);
}

static void a_queue_of_fixed_length_never_grows(void **state)
{
    (void)state;
    struct ack_list l = { 0 };
    for (uint64_t seq = 1; seq <= 100000; seq++) {
        add(&l, seq);
        if (seq > 100) remove_seq(&l, seq - 100);
    }
    assert_int_equal(ack_list_count(&l), 100);
    assert_true(ack_list_bytes(&l) <= 256 * sizeof(struct ack_entry));
    ack_list_deinit(&l);
}

static void memory_of_a_flood_goes_back_though_one_stays(void **state)
{
    (void)state;
    struct ack_list l = { 0 };
    for (uint64_t seq = 1; seq <= 100000; seq++) add(&l, seq);
    for (uint64_t seq = 2; seq <= 100000; seq++) remove_seq(&l, seq);
    assert_true(ack_list_bytes(&l) <= 32 * sizeof(struct ack_entry));
    ack_list_deinit(&l);
}

static void what_was_removed_since_the_checkpoint_is_named(void **state)
{
    (void)state;
    struct ack_list l = { 0 };
    uint64_t seq = 0;
    uint32_t at = 0;
    for (uint64_t s = 1; s <= 6; s++) add(&l, s * 10);
    ack_list_settle(&l);
    add(&l, 35);
    remove_seq(&l, 35); /* was not known */
    remove_seq(&l, 10); /* lies below the first */
    remove_seq(&l, 40);
    add(&l, 40);        /* is back, as changed */
    remove_seq(&l, 50);
    assert_true(ack_list_next_removed(&l, &at, &seq));
    assert_int_equal(seq, 50);
    assert_false(ack_list_next_removed(&l, &at, &seq));
    assert_true(ack_entry_is_news(ack_list_find(&l, 40)));
    assert_false(ack_entry_is_news(ack_list_find(&l, 30)));
    add(&l, 5);
    at = 0;
    assert_true(ack_list_next_removed(&l, &at, &seq));
    assert_int_equal(seq, 10);
    ack_list_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_in_order_whatever_was_removed),
        cmocka_unit_test(a_queue_of_fixed_length_never_grows),
        cmocka_unit_test(memory_of_a_flood_goes_back_though_one_stays),
        cmocka_unit_test(what_was_removed_since_the_checkpoint_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
