/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_testing.h"

static const char *said(struct streams_world *w, const char *more, const char *bytes)
{
    char json[256];
    snprintf(json, sizeof json, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"republish\":{%s}}", more);
    streams_make(w, json);
    (void)streams_say(w, "SUB x.> 7\r\n");
    return streams_say(w, bytes);
}

static void a_stored_message_is_published_again(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    const char *out = said(w, "\"src\":\"a.*\",\"dest\":\"x.{{wildcard(1)}}\"",
                           "PUB a.b 2\r\nhi\r\nPUB a.c.d 1\r\ny\r\n");
    assert_string_equal(out, "HMSG x.b 7 127 129\r\nNATS/1.0\r\nNats-Stream: S\r\n"
                             "Nats-Subject: a.b\r\nNats-Sequence: 1\r\n"
                             "Nats-Time-Stamp: 2023-11-14T22:13:20Z\r\n"
                             "Nats-Last-Sequence: 0\r\n\r\nhi\r\n");
    out = streams_say(w, "HPUB a.b 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n");
    assert_non_null(strstr(out, "NATS/1.0\r\nA: b\r\nNats-Stream: S\r\n"));
    assert_non_null(strstr(out, "Nats-Sequence: 3\r\n"));
    assert_non_null(strstr(out, "Nats-Last-Sequence: 1\r\n\r\nhi\r\n"));
    streams_world_free(w);
}

static void only_headers_when_told_so(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    const char *out = said(w, "\"src\":\">\",\"dest\":\"x.>\",\"headers_only\":true",
                           "PUB a.b 2\r\nhi\r\n");
    assert_non_null(strstr(out, "MSG x.a.b 7 "));
    assert_non_null(strstr(out, "Nats-Last-Sequence: 0\r\nNats-Msg-Size: 2\r\n\r\n\r\n"));
    streams_world_free(w);
}

static void a_subject_that_is_none_is_not_published(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    const char *out = said(w, "\"src\":\"a.*\",\"dest\":\"x.{{wildcard(1)}}\"",
                           "PUB a.* 2\r\nhi\r\n");
    assert_string_equal(out, "");
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_message_is_published_again),
        cmocka_unit_test(only_headers_when_told_so),
        cmocka_unit_test(a_subject_that_is_none_is_not_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
