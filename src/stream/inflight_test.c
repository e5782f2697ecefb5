/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/inflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"

static void add(struct inflight *f, uint64_t sequence, const char *subject, uint64_t id)
{
    struct inflight_message m = {
        .sequence = sequence, .id = id, .size = 10 + sequence, .subject = slice_str(subject)
    };
    inflight_add(f, &m);
}

static void nothing_is_in_flight_at_first(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 1);
    uint32_t count = 7;
    assert_int_equal(inflight_count(f), 0);
    assert_int_equal(inflight_last(f), 0);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("a"), &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(inflight_find_id(f, 3), 0);
    inflight_check(f);
    inflight_deinit(f);
}

static void the_newest_of_a_subject_and_of_an_id_is_found(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 1);
    uint32_t count;
    add(f, 5, "a", 100);
    add(f, 6, "b", 0);
    add(f, 9, "a", 101);
    assert_int_equal(inflight_last(f), 9);
    assert_int_equal(inflight_bytes(f), 30 + 20);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("a"), &count), 9);
    assert_int_equal(count, 2);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("b"), &count), 6);
    assert_int_equal(inflight_find_id(f, 100), 5);
    assert_int_equal(inflight_find_id(f, 101), 9);
    assert_int_equal(inflight_find_id(f, 102), 0);
    inflight_check(f);
    inflight_deinit(f);
}

static void what_comes_next_may_be_fetched_at_any_time(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 1);
    struct inflight_message m;
    for (uint64_t sequence = 1; sequence < 40; sequence++) {
        for (uint32_t step = 0; step < 2; step++) inflight_soon(f, step);
        inflight_add_soon(f);
        add(f, sequence, "a", sequence);
        if (sequence % 3 == 0) inflight_take(f, &m);
        inflight_check(f);
    }
    inflight_deinit(f);
}

static void they_are_taken_in_order_with_their_texts(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 1);
    struct inflight_message m = { .sequence = 1,
                                  .subject = SLICE_LIT("orders"),
                                  .reply = SLICE_LIT("in.1") };
    struct inflight_message got;
    uint32_t count;
    inflight_add(f, &m);
    add(f, 2, "orders", 0);
    inflight_take(f, &got);
    assert_int_equal(got.sequence, 1);
    assert_true(slice_equal_str(got.subject, "orders"));
    assert_true(slice_equal_str(got.reply, "in.1"));
    assert_int_equal(inflight_last_of(f, SLICE_LIT("orders"), &count), 2);
    assert_int_equal(count, 1);
    inflight_take(f, &got);
    assert_int_equal(got.reply.len, 0);
    assert_int_equal(inflight_bytes(f), 0);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("orders"), &count), 0);
    inflight_check(f);
    inflight_deinit(f);
}

/* ---- against a list ---- */

enum { MODEL_MAX = 600, SUBJECTS = 40, IDS = 50 };

struct model {
    struct {
        uint64_t sequence, id;
        uint32_t subject;
    } at[MODEL_MAX];
    uint32_t count;
};

static void compare(const struct inflight *f, const struct model *m)
{
    assert_int_equal(inflight_count(f), m->count);
    for (uint32_t s = 0; s < SUBJECTS; s++) {
        char subject[32];
        uint64_t last = 0;
        uint32_t want = 0, count;
        for (uint32_t i = 0; i < m->count; i++) {
            if (m->at[i].subject != s) continue;
            want++;
            last = m->at[i].sequence;
        }
        snprintf(subject, sizeof subject, "subject.%u", s);
        assert_int_equal(inflight_last_of(f, slice_str(subject), &count), last);
        assert_int_equal(count, want);
    }
    for (uint64_t id = 1; id <= IDS; id++) {
        uint64_t last = 0;
        for (uint32_t i = 0; i < m->count; i++)
            if (m->at[i].id == id) last = m->at[i].sequence;
        assert_int_equal(inflight_find_id(f, id), last);
    }
}

static void it_agrees_with_a_list_whatever_is_added_and_taken(void **state)
{
    (void)state;
    static struct model m;
    struct rng rng;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct inflight memory, *f = &memory;
        inflight_init(f, seed);
        uint64_t sequence = 0;
        rng_init(&rng, seed);
        m.count = 0;
        for (uint32_t step = 0; step < 3000; step++) {
            bool grows = (step / 500) % 2 == 0;
            if (m.count < MODEL_MAX && rng_below(&rng, 10) < (grows ? 7U : 3U)) {
                char subject[32];
                uint32_t s = rng_below(&rng, SUBJECTS);
                uint64_t id = rng_below(&rng, 2) == 0 ? 0 : 1 + rng_below(&rng, IDS);
                sequence += 1 + rng_below(&rng, 3);
                snprintf(subject, sizeof subject, "subject.%u", s);
                add(f, sequence, subject, id);
                m.at[m.count].sequence = sequence;
                m.at[m.count].id = id;
                m.at[m.count++].subject = s;
            } else if (m.count > 0) {
                struct inflight_message got;
                inflight_take(f, &got);
                assert_int_equal(got.sequence, m.at[0].sequence);
                memmove(&m.at[0], &m.at[1], --m.count * sizeof m.at[0]);
            }
            if (step % 50 == 0) {
                inflight_check(f);
                compare(f, &m);
            }
        }
        inflight_deinit(f);
    }
}

static void what_was_not_proposed_after_all_is_undone(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 3);
    struct inflight_message m = { .sequence = 1, .id = 5, .size = 10, .subject = SLICE_LIT("a") };
    uint32_t count;
    inflight_add(f, &m);
    m.sequence = 2;
    inflight_add(f, &m);
    m = (struct inflight_message){
        .sequence = 3,
        .size = 7,
        .subject = SLICE_LIT("b"),
        .value = SLICE_LIT("42"),
        .sources = SLICE_LIT("{}"),
        .is_schedule = true,
    };
    inflight_add(f, &m);
    m = (struct inflight_message){ .sequence = 4, .subject = SLICE_LIT("b"), .is_unwanted = true };
    inflight_add(f, &m);
    inflight_check(f);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("b"), &count), 3);
    assert_true(slice_equal_str(inflight_value_of(f, SLICE_LIT("b")), "42"));
    assert_true(slice_equal_str(inflight_sources_of(f, SLICE_LIT("b")), "{}"));
    assert_int_equal(inflight_sources_of(f, SLICE_LIT("a")).len, 0);
    assert_int_equal(inflight_last_matching(f, SLICE_LIT(">"), UINT64_MAX), 3);
    assert_int_equal(inflight_last_matching(f, SLICE_LIT(">"), 3), 2);
    assert_true(inflight_is_schedule(f, SLICE_LIT("b")));
    assert_false(inflight_is_schedule(f, SLICE_LIT("a")));
    assert_false(inflight_is_schedule(f, SLICE_LIT("c")));
    assert_true(inflight_has_since(f, SLICE_LIT("b"), 4));
    assert_false(inflight_has_since(f, SLICE_LIT("a"), 3));
    inflight_undo(f);
    inflight_undo(f);
    inflight_check(f);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("b"), &count), 0);
    assert_int_equal(inflight_bytes(f), 20);
    inflight_undo(f);
    inflight_check(f);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("a"), &count), 1);
    assert_int_equal(count, 1);
    assert_int_equal(inflight_find_id(f, 5), 1);
    inflight_undo(f);
    assert_int_equal(inflight_count(f), 0);
    assert_int_equal(inflight_find_id(f, 5), 0);
    inflight_deinit(f);
}

/* The one before it may have been applied meanwhile. */
static void an_undo_does_not_bring_back_what_was_taken(void **state)
{
    (void)state;
    struct inflight memory, *f = &memory;
    inflight_init(f, 3);
    struct inflight_message m = { .sequence = 1, .subject = SLICE_LIT("a") }, taken;
    uint32_t count;
    inflight_add(f, &m);
    m.sequence = 2;
    inflight_add(f, &m);
    m.sequence = 3;
    inflight_add(f, &m);
    inflight_take(f, &taken);
    inflight_undo(f);
    inflight_check(f);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("a"), &count), 2);
    assert_int_equal(count, 1);
    inflight_take(f, &taken);
    m.sequence = 4;
    inflight_add(f, &m);
    inflight_check(f);
    assert_int_equal(inflight_last_of(f, SLICE_LIT("a"), &count), 4);
    assert_int_equal(count, 1);
    inflight_deinit(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_proposed_after_all_is_undone),
        cmocka_unit_test(an_undo_does_not_bring_back_what_was_taken),
        cmocka_unit_test(nothing_is_in_flight_at_first),
        cmocka_unit_test(the_newest_of_a_subject_and_of_an_id_is_found),
        cmocka_unit_test(what_comes_next_may_be_fetched_at_any_time),
        cmocka_unit_test(they_are_taken_in_order_with_their_texts),
        cmocka_unit_test(it_agrees_with_a_list_whatever_is_added_and_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
