/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 answered to the same calls. */
#include "stream/api_testing.h"

#define V1 "{\"type\":\"io.nats.jetstream.api.v1."
#define ERROR(code, number, text) \
    ",\"error\":{\"code\":" code ",\"err_code\":" number ",\"description\":\"" text "\"}"
#define NOT_FOUND ERROR("404", "10037", "no message found")
#define BAD ERROR("400", "10003", "bad request")

/* Ten messages of three subjects; 1, 2 and 7 are gone, 5 has a header. */
static struct js_world *ten_messages(void)
{
    struct js_world *w = js_world_new(2, NULL);
    (void)js_call(w, "STREAM.CREATE.S",
                  "{\"name\":\"S\",\"subjects\":[\"s.>\",\"t\"],\"storage\":\"memory\"}");
    for (uint32_t i = 0; i < 10; i++) {
        char subject[8], body[8];
        (void)snprintf(subject, sizeof subject, "s.%u", i % 3);
        (void)snprintf(body, sizeof body, "hi%u", i);
        (void)js_put(w, subject, i == 4 ? "A: b\r\n" : NULL, body);
    }
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":2}"), "\"success\":true}");
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":1}"), "\"success\":true}");
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":7,\"no_erase\":true}"),
               "\"success\":true}");
    return w;
}

#define MESSAGE(subject, seq, more) \
    V1 "stream_msg_get_response\",\"message\":{\"subject\":\"" subject "\",\"seq\":" seq "," more \
       "\"time\":\"2023-11-14T22:13:20Z\"}}"

static void messages_are_found_by_sequence_subject_and_time(void **state)
{
    (void)state;
    static const struct {
        const char *body, *answer;
    } cases[] = {
        { "{\"seq\":1}", NOT_FOUND },
        { "{\"seq\":2}", NOT_FOUND },
        { "{\"seq\":11}", NOT_FOUND },
        { "{\"seq\":5}", MESSAGE("s.1", "5",
                                 "\"hdrs\":\"TkFUUy8xLjANCkE6IGINCg0K\","
                                 "\"data\":\"aGk0\",") },
        { "{\"seq\":5,\"no_hdr\":true}", MESSAGE("s.1", "5", "\"data\":\"aGk0\",") },
        { "{\"last_by_subj\":\"s.*\"}", MESSAGE("s.0", "10", "\"data\":\"aGk5\",") },
        { "{\"last_by_subj\":\"t\"}", NOT_FOUND },
        { "{\"last_by_subj\":\"s..x\"}", NOT_FOUND },
        { "{\"next_by_subj\":\"s.1\",\"seq\":6}", MESSAGE("s.1", "8", "\"data\":\"aGk3\",") },
        { "{\"next_by_subj\":\">\",\"seq\":14}", NOT_FOUND },
        { "{\"start_time\":\"2020-01-01T00:00:00Z\"}", MESSAGE("s.2", "3", "\"data\":\"aGky\",") },
        { "{\"start_time\":\"2090-01-01T00:00:00Z\"}", NOT_FOUND },
        { "{\"next_by_subj\":\"s.0\",\"start_time\":\"2020-01-01T00:00:00Z\"}",
          MESSAGE("s.0", "4", "\"data\":\"aGkz\",") },
        { "", BAD },
        { "{}", BAD },
        { "{\"seq\":2,\"batch\":3}", BAD },
        { "{\"seq\":1,\"last_by_subj\":\"x\"}", BAD },
        { "{\"bogus\":1}",
          ERROR("400", "10025", "invalid JSON: json: unknown field \\\"bogus\\\"") },
    };
    struct js_world *w = ten_messages();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_has(js_call(w, "STREAM.MSG.GET.S", cases[i].body), cases[i].answer);
    assert_has(js_call(w, "STREAM.MSG.GET.X", "{\"seq\":1}"),
               ERROR("404", "10059", "stream not found"));
    js_world_free(w);
}

static void a_message_that_was_found_is_not_counted(void **state)
{
    (void)state;
    struct js_world *w = ten_messages();
    (void)js_call(w, "STREAM.MSG.GET.S", "{\"seq\":5}");
    assert_has(js_call(w, "INFO", ""), "\"total\":4,\"errors\":0}");
    (void)js_call(w, "STREAM.MSG.GET.S", "{\"seq\":1}");
    assert_has(js_call(w, "INFO", ""), "\"total\":6,\"errors\":1}");
    js_world_free(w);
}

static void what_is_not_there_cannot_be_deleted(void **state)
{
    (void)state;
    struct js_world *w = ten_messages();
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":2}"),
               ERROR("400", "10043", "sequence 2 not found"));
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":20}"),
               ERROR("400", "10043", "sequence 20 not found"));
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", ""), BAD);
    assert_has(js_call(w, "STREAM.MSG.DELETE.S", "{}"), BAD);
    js_world_free(w);
}

static void what_is_denied_stays(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.Q",
                  "{\"name\":\"Q\",\"storage\":\"memory\","
                  "\"deny_delete\":true,\"deny_purge\":true}");
    (void)js_put(w, "Q", NULL, "x");
    assert_has(js_call(w, "STREAM.MSG.DELETE.Q", "{\"seq\":1}"),
               ERROR("500", "10057", "message delete not permitted"));
    assert_string_equal(js_call(w, "STREAM.PURGE.Q", ""),
                        V1 "stream_purge_response\"" ERROR(
                            "500", "10110", "stream purge not permitted") ",\"purged\":0}");
    assert_has(js_call(w, "STREAM.PURGE.Q", "{\"seq\":1,\"keep\":1}"), BAD);
    assert_has(js_call(w, "STREAM.UPDATE.Q",
                       "{\"name\":\"Q\",\"storage\":\"memory\","
                       "\"deny_delete\":true,\"deny_purge\":true,"
                       "\"sealed\":true}"),
               "\"sealed\":true");
    assert_has(js_call(w, "STREAM.MSG.DELETE.Q", "{\"seq\":1}"),
               ERROR("400", "10109", "invalid operation on sealed stream"));
    assert_has(js_call(w, "STREAM.PURGE.Q", ""),
               ERROR("400", "10109", "invalid operation on sealed stream"));
    js_world_free(w);
}

static void a_purge_tells_how_many_went(void **state)
{
    (void)state;
    struct js_world *w = ten_messages();
    static const struct {
        const char *body, *answer;
    } cases[] = {
        { "{\"filter\":\"bad..x\"}", "\"success\":true,\"purged\":0}" },
        { "{\"filter\":\"s.0\"}", "\"success\":true,\"purged\":2}" },
        { "{\"keep\":3}", "\"success\":true,\"purged\":2}" },
        { "{\"seq\":9}", "\"success\":true,\"purged\":2}" },
        { "xx", "\"success\":true,\"purged\":1}" },
        { "", "\"success\":true,\"purged\":0}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_has(js_call(w, "STREAM.PURGE.S", cases[i].body), cases[i].answer);
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found_by_sequence_subject_and_time),
        cmocka_unit_test(a_message_that_was_found_is_not_counted),
        cmocka_unit_test(what_is_not_there_cannot_be_deleted),
        cmocka_unit_test(what_is_denied_stays),
        cmocka_unit_test(a_purge_tells_how_many_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
