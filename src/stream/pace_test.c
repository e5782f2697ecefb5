/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_burst_leaves_at_once_and_then_the_rate_holds(void **state)
{
    (void)state;
    struct rate l;
    nanos now = HOUR;
    rate_init(&l, 8 * 1000, 500); /* 1000 bytes a second */
    assert_true(rate_take(&l, 500, now) == now);
    assert_true(rate_take(&l, 100, now) == now + 100 * MILLISECOND);
    assert_true(rate_take(&l, 100, now) == now + 200 * MILLISECOND);
    now += 200 * MILLISECOND;
    assert_true(rate_take(&l, 100, now) == now + 100 * MILLISECOND);
    now += MINUTE; /* the bucket holds no more than the burst */
    assert_true(rate_take(&l, 500, now) == now);
    assert_true(rate_take(&l, 1, now) == now + MILLISECOND);
}

static void a_message_above_the_burst_waits_for_what_it_lacks(void **state)
{
    (void)state;
    struct rate l;
    rate_init(&l, 8 * 1000, 500);
    assert_true(rate_take(&l, 1500, HOUR) == HOUR + SECOND);
}

static void without_a_rate_nothing_waits_and_the_smallest_rate_is_a_byte_a_second(void **state)
{
    (void)state;
    struct rate l;
    rate_init(&l, 0, 0);
    assert_true(rate_take(&l, UINT32_MAX, 5) == 5);
    rate_init(&l, 3, 1);
    assert_true(rate_take(&l, 2, 5) == 5 + SECOND);
    rate_init(&l, 1, 1);
    for (int i = 0; i < 10; i++) assert_true(rate_take(&l, UINT32_MAX, HOUR) > HOUR);
}

static void original_pace_keeps_the_gaps_of_what_was_there_at_the_start(void **state)
{
    (void)state;
    struct replay r;
    replay_init(&r, 4);
    assert_true(replay_due(&r, 1, 10 * SECOND, HOUR) == HOUR);
    replay_left(&r, 1, 10 * SECOND, HOUR);
    assert_true(replay_due(&r, 2, 13 * SECOND, HOUR) == HOUR + 3 * SECOND);
    replay_left(&r, 2, 13 * SECOND, HOUR + 3 * SECOND);
    assert_true(replay_due(&r, 3, 13 * SECOND + MILLISECOND, HOUR + 3 * SECOND) ==
                HOUR + 3 * SECOND);
    assert_true(replay_due(&r, 3, 15 * SECOND, HOUR + 4 * SECOND) == HOUR + 5 * SECOND);
    assert_true(replay_due(&r, 3, 15 * SECOND, 2 * HOUR) == 2 * HOUR);
    assert_true(replay_due(&r, 3, 1 * SECOND, HOUR) == HOUR);
    assert_true(replay_due(&r, 5, DAY, HOUR) == HOUR);
}

static void the_gap_before_what_is_asked_for_begins_with_the_first_question(void **state)
{
    (void)state;
    struct replay r;
    replay_init(&r, 4);
    replay_asked(&r, 1, HOUR);
    assert_true(replay_due(&r, 1, 10 * SECOND, HOUR) == HOUR);
    replay_left(&r, 1, 10 * SECOND, HOUR);
    replay_asked(&r, 2, 2 * HOUR);
    assert_true(replay_due(&r, 2, 13 * SECOND, 2 * HOUR) == 2 * HOUR + 3 * SECOND);
    replay_asked(&r, 2, 2 * HOUR + 2 * SECOND);
    assert_true(replay_due(&r, 2, 13 * SECOND, 2 * HOUR + 2 * SECOND) == 2 * HOUR + 3 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_leaves_at_once_and_then_the_rate_holds),
        cmocka_unit_test(a_message_above_the_burst_waits_for_what_it_lacks),
        cmocka_unit_test(without_a_rate_nothing_waits_and_the_smallest_rate_is_a_byte_a_second),
        cmocka_unit_test(original_pace_keeps_the_gaps_of_what_was_there_at_the_start),
        cmocka_unit_test(the_gap_before_what_is_asked_for_begins_with_the_first_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
