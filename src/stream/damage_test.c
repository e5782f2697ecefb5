/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/damage.h"

#include "stream/stream_testing.h"

static nanos now_of(const struct streams_world *w)
{
    return jetstream_reactor(&w->js)->now;
}

/* Time goes on, and the end of a tick is reached. */
static void pass(struct streams_world *w, nanos time)
{
    streams_wait(w, time);
    damage_tick(&w->js, now_of(w));
}

static uint32_t count_of(struct buf *in, const char *what)
{
    uint32_t count = 0;
    for (const char *at = buf_str(in); (at = strstr(at, what)) != NULL; at++) count++;
    return count;
}

static void what_is_found_within_a_second_is_one_line_and_one_advisory(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    assert_true(damage_due(&w->js) == NANOS_MAX);
    damage_found(s, 5, 5);
    assert_true(damage_due(&w->js) == now_of(w) + SECOND);
    pass(w, SECOND / 2);
    damage_found(s, 8, 9);
    damage_found(s, 7, 8);
    assert_int_equal(count_of(&w->world->logged, "damaged"), 0);
    pass(w, SECOND / 2);
    assert_int_equal(count_of(&w->world->logged,
                              "JetStream: stream '$G > S': 4 messages are damaged and served to "
                              "nobody: sequences 5, 7-9\n"),
                     1);
    assert_int_equal(count_of(&w->advised, "4 damaged: 5-5 7-9\n"), 1);
    assert_true(damage_due(&w->js) == NANOS_MAX);
    pass(w, HOUR);
    assert_int_equal(count_of(&w->world->logged, "damaged"), 1);
    streams_world_free(w);
}

static void what_is_found_later_is_told_ten_seconds_after(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    struct stream *t = streams_make(w, "{\"name\":\"T\",\"subjects\":[\"b\"]}");
    damage_found(s, 1, 1);
    pass(w, SECOND);
    nanos told = now_of(w);
    damage_found(s, 2, 3);
    damage_found(t, 4, 4);
    assert_true(damage_due(&w->js) == told + SECOND);
    pass(w, SECOND);
    assert_int_equal(count_of(&w->world->logged, "stream '$G > T': 1 messages"), 1);
    assert_int_equal(count_of(&w->world->logged, "stream '$G > S'"), 1);
    assert_true(damage_due(&w->js) == told + 10 * SECOND);
    pass(w, 9 * SECOND);
    assert_int_equal(count_of(&w->world->logged, "stream '$G > S': 2 messages"), 1);
    assert_int_equal(count_of(&w->world->logged, "sequences 2-3\n"), 1);
    damage_found(s, 9, 9);
    pass(w, HOUR);
    pass(w, HOUR);
    damage_found(s, 11, 11);
    assert_true(damage_due(&w->js) == now_of(w) + SECOND);
    streams_world_free(w);
}

static void a_million_is_one_line_with_the_first_ranges(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    w->world->logged.len = 0;
    for (uint64_t i = 1; i <= 1000000; i++) damage_found(s, 2 * i, 2 * i);
    pass(w, SECOND);
    assert_int_equal(count_of(&w->world->logged, "\n"), 1);
    assert_int_equal(count_of(&w->world->logged, "1000000 messages are damaged"), 1);
    assert_int_equal(count_of(&w->world->logged, " 38, 40, …\n"), 1);
    assert_int_equal(count_of(&w->advised, "1000000 damaged: 2-2 "), 1);
    assert_int_equal(count_of(&w->advised, " 2000-2000 and more\n"), 1);
    streams_world_free(w);
}

static void of_a_stream_that_has_ended_nothing_is_told(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    struct js_error error;
    damage_found(s, 1, 1);
    assert_true(stream_delete(s, &error));
    pass(w, HOUR);
    assert_int_equal(w->account.streams_count, 0);
    assert_true(damage_due(&w->js) == NANOS_MAX);
    assert_int_equal(count_of(&w->world->logged, "damaged"), 0);
    streams_world_free(w);
}

static void at_the_end_of_the_server_the_log_has_all(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    damage_found(s, 3, 4);
    atomic_store(&w->js.is_stopping, true);
    damage_tick(&w->js, NANOS_MAX);
    assert_int_equal(count_of(&w->world->logged, "sequences 3-4\n"), 1);
    assert_int_equal(w->advised.len, 0);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_within_a_second_is_one_line_and_one_advisory),
        cmocka_unit_test(what_is_found_later_is_told_ten_seconds_after),
        cmocka_unit_test(a_million_is_one_line_with_the_first_ranges),
        cmocka_unit_test(of_a_stream_that_has_ended_nothing_is_told),
        cmocka_unit_test(at_the_end_of_the_server_the_log_has_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
