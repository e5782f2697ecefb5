/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_testing.h"

#define EXPECT(n) "Nats-Expected-Last-Subject-Sequence:" #n "\r\n"

/* A check sees what a purge leaves that is on its way, and later messages wait behind it. */
static void a_check_waits_for_a_removal_in_flight(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    const struct stream_purge all = { 0 };
    (void)streams_publish(w, "a.b", NULL, "x");
    stream_purge(s, &all, streams_ignore_purged, NULL);
    const struct raw_message old = { SLICE_LIT("a.b"), SLICE_LIT("re.1"),
                                     SLICE_LIT("NATS/1.0\r\n" EXPECT(1) "\r\n"), SLICE_LIT("x") };
    const struct raw_message good = { SLICE_LIT("a.b"), SLICE_LIT("re.2"),
                                      SLICE_LIT("NATS/1.0\r\n" EXPECT(0) "\r\n"), SLICE_LIT("x") };
    assert_false(ingest_one(s, &old));
    ingest_hold(s, &old);
    ingest_hold(s, &good);
    assert_int_equal(s->held.count, 2);
    streams_run(w);
    assert_int_equal(s->held.count, 0);
    const char *out = world_take(w->world, w->client);
    const char *first = strstr(out, "wrong last sequence: 0");
    assert_non_null(first);
    assert_non_null(strstr(first, "{\"stream\":\"S\",\"seq\":2}"));
    streams_world_free(w);
}

/* A limit will take the last message of a subject for one of another that is in flight. */
static void a_check_waits_for_what_a_limit_takes(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"max_msgs\":1}");
    (void)streams_publish(w, "a.b", NULL, "x");
    const char *out = streams_say(
        w, "PUB a.c re.1 1\r\nx\r\n"
           "HPUB a.b re.2 51 52\r\nNATS/1.0\r\n" EXPECT(
               1) "\r\nx\r\n"
                  "HPUB a.b re.3 51 52\r\nNATS/1.0\r\n" EXPECT(0) "\r\nx\r\n");
    out = strstr(out, "{\"stream\":\"S\",\"seq\":2}");
    assert_non_null(out);
    out = strstr(out, "wrong last sequence: 0");
    assert_non_null(out);
    assert_non_null(strstr(out, "{\"stream\":\"S\",\"seq\":3}"));
    streams_world_free(w);
}

static void those_that_wait_end_with_their_stream(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"]}");
    const struct raw_message m = { SLICE_LIT("a.b"), SLICE_LIT("re.1"), SLICE_LIT(""),
                                   SLICE_LIT("x") };
    ingest_hold(s, &m);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_waits_for_a_removal_in_flight),
        cmocka_unit_test(a_check_waits_for_what_a_limit_takes),
        cmocka_unit_test(those_that_wait_end_with_their_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
