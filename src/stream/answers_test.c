/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct answers *a, uint64_t upto, const char *reply, const char *text)
{
    struct answer e = { upto, slice_str(reply), SLICE_LIT("h"), slice_str(text) };
    answers_add(a, &e);
    answers_check(a);
}

static void answers_leave_in_order_when_enough_is_applied(void **state)
{
    (void)state;
    struct answers a = { 0 };
    struct buf scratch = { 0 };
    struct answer e;
    assert_false(answers_take(&a, 9, &scratch, &e));
    add(&a, 1, "r.1", "one");
    add(&a, 3, "r.2", "");
    assert_false(answers_empty(&a));
    assert_false(answers_take(&a, 0, &scratch, &e));
    assert_true(answers_take(&a, 2, &scratch, &e));
    assert_true(slice_equal_str(e.reply, "r.1"));
    assert_true(slice_equal_str(e.header, "h"));
    assert_true(slice_equal_str(e.text, "one"));
    assert_false(answers_take(&a, 2, &scratch, &e));
    answers_check(&a);
    assert_true(answers_take(&a, 3, &scratch, &e));
    assert_true(slice_equal_str(e.reply, "r.2"));
    assert_int_equal(e.text.len, 0);
    assert_true(answers_empty(&a));
    answers_deinit(&a);
    buf_deinit(&scratch);
}

/* The queue never runs empty: its front does not grow without end. */
static void a_long_queue_gives_its_front_back(void **state)
{
    (void)state;
    struct answers a = { 0 };
    struct buf scratch = { 0 };
    struct answer e;
    for (uint64_t i = 1; i <= 20000; i++) {
        struct answer in = { i, SLICE_LIT("reply"), SLICE_LIT(""), SLICE_LIT("0123456789") };
        answers_add(&a, &in);
        if (i <= 10) continue;
        assert_true(answers_take(&a, i, &scratch, &e));
        assert_int_equal(e.upto, i - 10);
        assert_true(slice_equal_str(e.text, "0123456789"));
    }
    answers_check(&a);
    assert_true(a.bytes.cap < 200 * 1024);
    answers_deinit(&a);
    buf_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_leave_in_order_when_enough_is_applied),
        cmocka_unit_test(a_long_queue_gives_its_front_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
