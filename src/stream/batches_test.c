/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batches.h"

#include "stream/batch_testing.h"

static void a_batch_that_is_idle_ends(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM "}");
    (void)batch_say(w, "one", 1, NULL, "a.1");
    streams_wait(w, 6 * SECOND);
    (void)batch_say(w, "two", 1, NULL, "a.1");
    (void)batch_say(w, "one", 2, NULL, "a.1");
    streams_wait(w, 6 * SECOND);
    assert_int_equal(w->js.batches_open[BATCH_ATOMIC], 2);
    (void)batch_say(w, "one", 3, NULL, "a.1");
    streams_wait(w, 5 * SECOND);
    assert_int_equal(w->js.batches_open[BATCH_ATOMIC], 1);
    char want[64];
    snprintf(want, sizeof want, "%d two timeout\n", ADVISORY_BATCH_ABANDONED);
    assert_string_equal(buf_str(&w->advised), want);
    assert_non_null(strstr(batch_say(w, "two", 2, NULL, "a.1"), "10176"));
    streams_wait(w, 20 * SECOND);
    assert_int_equal(w->js.batches_open[BATCH_ATOMIC], 0);
    assert_null(s->batches);
    streams_world_free(w);
}

static void a_gap_gives_a_batch_up(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, BATCH_STREAM "}");
    (void)batch_say(w, "one", 1, NULL, "a.1");
    assert_non_null(strstr(batch_say(w, "one", 3, NULL, "a.1"), "10176"));
    assert_non_null(strstr(buf_str(&w->advised), "one incomplete"));
    streams_world_free(w);
}

static void so_many_may_be_open(void **state)
{
    (void)state;
    struct options *options = options_new();
    options->jetstream.limits.batch_inflight_per_stream_max = 2;
    options->jetstream.limits.batch_inflight_total_max = 3;
    options->jetstream.limits.batch_msgs_max = 2;
    struct streams_world *w = streams_world_new(1);
    w->js.options = options;
    streams_make(w, BATCH_STREAM "}");
    assert_string_equal(batch_say(w, "one", 1, NULL, "a.1"), "");
    assert_string_equal(batch_say(w, "two", 1, NULL, "a.1"), "");
    assert_non_null(strstr(batch_say(w, "three", 1, NULL, "a.1"), "10210"));
    (void)batch_say(w, "one", 3, NULL, "a.1");
    w->js.batches_open[BATCH_ATOMIC] = 3;
    assert_non_null(strstr(batch_say(w, "four", 1, NULL, "a.1"), "10210"));
    w->js.batches_open[BATCH_ATOMIC] = 1;
    assert_string_equal(batch_say(w, "two", 2, NULL, "a.1"), "");
    assert_non_null(strstr(batch_say(w, "two", 3, NULL, "a.1"), "batch is too large: 2"));
    assert_non_null(strstr(buf_str(&w->advised), "two large"));
    streams_world_free(w);
    options_free(options);
}

static void an_update_that_forbids_them_ends_them(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, BATCH_STREAM "}");
    (void)batch_say(w, "one", 1, NULL, "a.1");
    assert_true(batches_bytes(s) > 0);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    assert_int_equal(w->js.batches_open[BATCH_ATOMIC], 0);
    assert_int_equal(batches_bytes(s), 0);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_is_idle_ends),
        cmocka_unit_test(a_gap_gives_a_batch_up),
        cmocka_unit_test(so_many_may_be_open),
        cmocka_unit_test(an_update_that_forbids_them_ends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
