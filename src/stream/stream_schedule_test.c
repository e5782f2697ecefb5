/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/schedules.h"
#include "stream/stream_testing.h"

#define SCHEDULES                                                                           \
    "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"allow_msg_schedules\":true,\"allow_rollup_hdrs\":" \
    "true,\"allow_msg_ttl\":true}"

static struct stored at(struct stream *s, uint64_t sequence)
{
    struct msgs_load load;
    assert_int_equal(msgs_load(s->msgs, sequence, 0, &load), ERR_OK);
    return load.msg;
}

/* The fake world is at 2023-11-14T22:13:20Z. */
static void one_that_fires_once_is_gone_afterwards(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    assert_string_equal(streams_publish(w, "a.plan",
                                        "Nats-Schedule: @at 2023-11-14T22:13:25Z\r\n"
                                        "Nats-Schedule-Target: a.out\r\nNats-Schedule-TTL: 1h\r\n"
                                        "Nats-Msg-Id: 7\r\nA: b\r\n",
                                        "body"),
                        "{\"stream\":\"S\",\"seq\":1}");
    assert_true(slice_holds(at(s, 1).header, "A: b\r\nNats-Rollup: sub\r\n"));
    streams_wait(w, 4 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 1);
    streams_wait(w, 2 * SECOND);
    assert_int_equal(streams_state(s).messages, 1);
    struct stored m = at(s, 2);
    assert_true(slice_equal_str(m.subject, "a.out"));
    assert_true(slice_equal_str(m.payload, "body"));
    assert_true(slice_equal_str(m.header, "NATS/1.0\r\nA: b\r\nNats-Scheduler: a.plan\r\n"
                                          "Nats-Schedule-Next: purge\r\nNats-TTL: 1h\r\n\r\n"));
    assert_int_equal(schedules_count(s->schedules), 0);
    streams_world_free(w);
}

static void one_that_repeats_says_when_it_fires_next(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    (void)streams_publish(w, "a.src", NULL, "source");
    (void)streams_publish(w, "a.plan",
                          "Nats-Schedule: @every 10s\r\nNats-Schedule-Target: a.out\r\n"
                          "Nats-Schedule-Source: a.src\r\n",
                          "body");
    for (uint64_t i = 1; i <= 3; i++) {
        streams_wait(w, 10 * SECOND + 100 * MILLISECOND);
        assert_int_equal(streams_state(s).last_sequence, 2 + i);
    }
    struct stored m = at(s, 3);
    assert_true(slice_equal_str(m.payload, "source"));
    assert_true(slice_equal_str(m.header, "NATS/1.0\r\nNats-Scheduler: a.plan\r\n"
                                          "Nats-Schedule-Next: 2023-11-14T22:13:40Z\r\n\r\n"));
    assert_int_equal(schedules_count(s->schedules), 1);
    /* what was missed for an hour collapses into one */
    streams_wait(w, HOUR);
    assert_int_equal(streams_state(s).last_sequence, 6);
    streams_world_free(w);
}

static void a_newer_one_on_its_subject_takes_its_place(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    for (int i = 0; i < 2; i++)
        (void)streams_publish(w, "a.plan",
                              "Nats-Schedule: @every 10s\r\nNats-Schedule-Target: a.out\r\n", "b");
    assert_int_equal(streams_state(s).messages, 1);
    streams_wait(w, 11 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 3);
    streams_world_free(w);
}

static void take(struct stream *s, const char *subject, const char *header)
{
    struct incoming in;
    const struct raw_message m = { .subject = slice_str(subject), .header = slice_str(header) };
    incoming_init(&in, &m, stream_time(s));
    assert_true(ingest_take(s, &in));
}

/* The one that is due must not end the one that is on its way, nor move it. */
static void one_that_is_being_replaced_does_not_fire(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    (void)streams_publish(w, "a.plan",
                          "Nats-Schedule: @at 2023-11-14T22:13:25Z\r\n"
                          "Nats-Schedule-Target: a.out\r\n",
                          "b");
    jetstream_reactor(&w->js)->wall += 6 * SECOND;
    take(s, "a.plan",
         "NATS/1.0\r\nNats-Schedule: @at 2023-11-14T22:14:00Z\r\n"
         "Nats-Schedule-Target: a.out\r\n\r\n");
    uint64_t proposed = s->last_proposed;
    assert_int_equal(proposed, 2);
    assert_int_equal(streams_state(s).last_sequence, 1);
    assert_false(stream_schedules_fire(s));
    assert_int_equal(s->last_proposed, proposed);
    streams_wait(w, 10 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 2);
    assert_int_equal(streams_state(s).messages, 1);
    streams_wait(w, 31 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 3);
    streams_world_free(w);
}

static void what_is_refused_is_produced_later(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    (void)streams_publish(w, "a.plan",
                          "Nats-Schedule: @every 10s\r\nNats-Schedule-Target: a.out\r\n", "b");
    (void)streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"allow_msg_schedules\":true,"
                          "\"allow_rollup_hdrs\":true,\"allow_msg_ttl\":true,\"max_msg_size\":5}");
    streams_wait(w, 11 * SECOND);
    streams_wait(w, 2 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 1);
    (void)streams_make(w, SCHEDULES);
    streams_wait(w, 2 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 2);
    streams_wait(w, 10 * SECOND);
    assert_int_equal(streams_state(s).last_sequence, 3);
    streams_world_free(w);
}

static void a_message_may_end_one(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, SCHEDULES);
    (void)streams_publish(w, "a.plan",
                          "Nats-Schedule: @every 10s\r\nNats-Schedule-Target: a.out\r\n", "b");
    (void)streams_publish(w, "a.other", NULL, "x");
    static const char *const bad[] = {
        "Nats-Scheduler: a.plan\r\n",
        "Nats-Scheduler: a.plan\r\nNats-Schedule-Next: later\r\n",
        "Nats-Schedule-Next: purge\r\n",
        "Nats-Scheduler: a.end\r\nNats-Schedule-Next: purge\r\n",
        "Nats-Scheduler: a.other\r\nNats-Schedule-Next: purge\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(strstr(streams_publish(w, "a.end", bad[i], ""), "10212"));
    assert_non_null(strstr(streams_publish(w, "a.end",
                                           "Nats-Scheduler: a.plan\r\n"
                                           "Nats-Schedule-Next: purge\r\n",
                                           ""),
                           "\"seq\":3"));
    assert_false(msgs_has(s->msgs, 1));
    assert_int_equal(schedules_count(s->schedules), 0);
    streams_world_free(w);
}

static void what_cannot_be_done_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *want;
    } cases[] = {
        { "Nats-Schedule: @every 0s\r\nNats-Schedule-Target: a.out\r\n", "10189" },
        { "Nats-Schedule: @every 1m\r\nNats-Schedule-Time-Zone: UTC\r\n"
          "Nats-Schedule-Target: a.out\r\n",
          "10189" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Time-Zone: Nowhere\r\n"
          "Nats-Schedule-Target: a.out\r\n",
          "10223" },
        { "Nats-Schedule: @daily\r\n", "10190" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.plan\r\n", "10190" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.*\r\n", "10190" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: b\r\n", "10190" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.1\r\nNats-Schedule-Source: a.1\r\n",
          "10203" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.1\r\nNats-Schedule-Source: b\r\n",
          "10203" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.1\r\nNats-Schedule-TTL: x\r\n",
          "10191" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.1\r\nNats-Schedule-Rollup: all\r\n",
          "10192" },
        { "Nats-Schedule: @daily\r\nNats-Schedule-Target: a.1\r\nNats-Rollup: all\r\n", "10192" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        streams_make(w, SCHEDULES);
        assert_non_null(strstr(streams_publish(w, "a.plan", cases[i].header, "x"), cases[i].want));
        streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
        assert_non_null(strstr(streams_publish(w, "a.plan", cases[i].header, "x"), "10188"));
        streams_world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_fires_once_is_gone_afterwards),
        cmocka_unit_test(one_that_repeats_says_when_it_fires_next),
        cmocka_unit_test(a_newer_one_on_its_subject_takes_its_place),
        cmocka_unit_test(one_that_is_being_replaced_does_not_fire),
        cmocka_unit_test(what_is_refused_is_produced_later),
        cmocka_unit_test(a_message_may_end_one),
        cmocka_unit_test(what_cannot_be_done_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
