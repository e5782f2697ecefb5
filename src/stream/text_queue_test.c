/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/text_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct text_queue *q, uint64_t number, const char *a, const char *b)
{
    struct text_entry e = { number, { slice_str(a), slice_str(b), SLICE_LIT("h"), { 0 } } };
    text_queue_add(q, &e);
    text_queue_check(q);
}

static void entries_leave_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    struct text_queue q = { 0 };
    struct buf scratch = { 0 };
    struct text_entry e;
    assert_false(text_queue_peek(&q, &scratch, &e));
    add(&q, 1, "r.1", "one");
    add(&q, 3, "r.2", "");
    assert_true(text_queue_peek(&q, &scratch, &e));
    assert_int_equal(e.number, 1);
    add(&q, 4, "r.3", "another");       /* what was peeked at stays */
    assert_true(slice_equal_str(e.texts[0], "r.1"));
    assert_true(slice_equal_str(e.texts[1], "one"));
    assert_true(slice_equal_str(e.texts[2], "h"));
    assert_int_equal(e.texts[3].len, 0);
    text_queue_drop(&q);
    assert_true(text_queue_peek(&q, &scratch, &e));
    assert_int_equal(e.number, 3);
    assert_int_equal(e.texts[1].len, 0);
    text_queue_drop(&q);
    text_queue_drop(&q);
    assert_true(text_queue_empty(&q));
    assert_int_equal(text_queue_bytes(&q), 0);
    text_queue_check(&q);
    text_queue_deinit(&q);
    buf_deinit(&scratch);
}

/* The queue never runs empty: its front does not grow without end. */
static void a_long_queue_gives_its_front_back(void **state)
{
    (void)state;
    struct text_queue q = { 0 };
    struct buf scratch = { 0 };
    struct text_entry e;
    for (uint64_t i = 1; i <= 20000; i++) {
        struct text_entry in = { i, { SLICE_LIT("reply"), SLICE_LIT("0123456789") } };
        text_queue_add(&q, &in);
        if (i <= 10) continue;
        assert_true(text_queue_peek(&q, &scratch, &e));
        assert_int_equal(e.number, i - 10);
        assert_true(slice_equal_str(e.texts[1], "0123456789"));
        text_queue_drop(&q);
    }
    text_queue_check(&q);
    assert_int_equal(q.count, 10);
    assert_true(q.bytes.cap < 200 * 1024);
    text_queue_deinit(&q);
    buf_deinit(&scratch);
}

/* A long one too, whose memory a drop of the last would give back. */
static void a_copy_is_read_through_and_the_queue_stays(void **state)
{
    (void)state;
    struct text_queue q = { 0 };
    struct buf scratch = { 0 };
    struct text_entry e;
    for (uint64_t i = 1; i <= 2000; i++) {
        struct text_entry in = { i, { SLICE_LIT("a text that fills more than 64 KiB in all") } };
        text_queue_add(&q, &in);
    }
    struct text_queue copy = q;
    for (uint64_t i = 1; text_queue_peek(&copy, &scratch, &e); i++) {
        assert_int_equal(e.number, i);
        text_queue_pass(&copy);
    }
    text_queue_check(&q);
    assert_int_equal(q.count, 2000);
    text_queue_deinit(&q);
    buf_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_leave_in_the_order_in_which_they_came),
        cmocka_unit_test(a_long_queue_gives_its_front_back),
        cmocka_unit_test(a_copy_is_read_through_and_the_queue_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
