/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 answered to the same calls. */
#include "stream/api_testing.h"

#define AT "\r\nNats-Time-Stamp: 2023-11-14T22:13:20Z\r\n"
#define ITEM(subject, seq) "Nats-Stream: S\r\nNats-Subject: " subject "\r\nNats-Sequence: " seq AT
#define MSG(subject, seq, more, body) "NATS/1.0\r\n" ITEM(subject, seq) more "\r\n" body "|"
#define LEFT(pending, last) "Nats-Num-Pending: " pending "\r\nNats-Last-Sequence: " last "\r\n"
#define EOB(pending, last) "NATS/1.0 204 EOB\r\n" LEFT(pending, last) "\r\n|"
#define EOB_MANY(pending, last, up_to) \
    "NATS/1.0 204 EOB\r\n" LEFT(pending, last) "Nats-UpTo-Sequence: " up_to "\r\n\r\n|"
#define STATUS(text) "NATS/1.0 " text "\r\n\r\n|"

static void put_ten(struct js_world *w, const char *config)
{
    (void)js_call(w, "STREAM.CREATE.S", config);
    for (uint32_t i = 0; i < 10; i++) {
        char subject[8], body[8];
        (void)snprintf(subject, sizeof subject, "s.%u", i % 3);
        (void)snprintf(body, sizeof body, "hi%u", i);
        (void)js_put(w, subject, i == 4 ? "A: b\r\n" : NULL, body);
    }
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":2}");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":1}");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":7}");
}

/* All messages that came, "|" behind each. */
static void expect(struct js_world *w, const char *subject, const char *body, const char *answer)
{
    struct buf all = { 0 };
    const char *out = js_put(w, subject, NULL, body);
    while (*out != '\0') {
        buf_add_str(&all, js_next(w, &out));
        buf_add_byte(&all, '|');
    }
    assert_string_equal(buf_str(&all), answer);
    buf_deinit(&all);
}

static const struct {
    const char *body, *answer;
} cases[] = {
    /* one */
    { "", STATUS("408 Empty Request") },
    { "{}", STATUS("408 Empty Request") },
    { "{\"bogus\":1}", STATUS("408 Empty Request") },
    { "{\"seq\":\"a\"}", STATUS("408 Malformed Request") },
    { "{\"seq\":5}x", STATUS("408 Malformed Request") },
    { "{\"seq\":1}", STATUS("404 Message Not Found") },
    { "{\"seq\":11}", STATUS("404 Message Not Found") },
    { "{\"seq\":4}", MSG("s.0", "4", "", "hi3") },
    { "{\"seq\":5}", "NATS/1.0\r\nA: b\r\n" ITEM("s.1", "5") "\r\nhi4|" },
    { "{\"seq\":5,\"no_hdr\":true}", "hi4|" },
    { "{\"seq\":4,\"max_bytes\":1}", MSG("s.0", "4", "", "hi3") },
    { "{\"last_by_subj\":\"s.*\"}", MSG("s.0", "10", "", "hi9") },
    { "{\"next_by_subj\":\"s.0\"}", MSG("s.0", "4", "", "hi3") },
    { "{\"next_by_subj\":\"t\",\"seq\":4}", STATUS("404 Message Not Found") },
    { "{\"start_time\":\"2020-01-01T00:00:00Z\"}", MSG("s.2", "3", "", "hi2") },
    { "{\"start_time\":\"2090-01-01T00:00:00Z\"}", STATUS("404 Message Not Found") },
    /* a batch */
    { "{\"batch\":3}", STATUS("408 Empty Request") },
    { "{\"batch\":3,\"seq\":20}", STATUS("404 Message Not Found") },
    { "{\"seq\":1,\"batch\":-1}", EOB("7", "0") },
    { "{\"batch\":2,\"seq\":8}",
      MSG("s.1", "8", LEFT("2", "0"), "hi7") MSG("s.2", "9", LEFT("1", "8"), "hi8") EOB("1", "9") },
    { "{\"batch\":9,\"seq\":9}", MSG("s.2", "9", LEFT("1", "0"), "hi8")
                                     MSG("s.0", "10", LEFT("0", "9"), "hi9") EOB("0", "10") },
    { "{\"batch\":3,\"next_by_subj\":\"s.0\"}",
      MSG("s.0", "4", LEFT("1", "0"), "hi3") MSG("s.0", "10", LEFT("0", "4"), "hi9")
          EOB("0", "10") },
    { "{\"batch\":2,\"seq\":3,\"max_bytes\":1}",
      MSG("s.2", "3", LEFT("6", "0"), "hi2") EOB("6", "3") },
    { "{\"batch\":2,\"seq\":4,\"no_hdr\":true}", "hi3|hi4|" EOB("6", "5") },
    { "{\"last_by_subj\":\"s.1\",\"batch\":1}", STATUS("408 Bad Request") },
    /* many subjects */
    { "{\"multi_last\":[\"zz\"]}", STATUS("404 No Results") },
    { "{\"multi_last\":[]}", STATUS("408 Empty Request") },
    { "{\"multi_last\":[\"s.0\",\"s.*\"]}",
      MSG("s.1", "8", LEFT("2", "0"), "hi7") MSG("s.2", "9", LEFT("1", "8"), "hi8")
          MSG("s.0", "10", LEFT("0", "9"), "hi9") EOB_MANY("0", "10", "10") },
    { "{\"multi_last\":[\"s.0\",\"s.2\"],\"batch\":1}",
      MSG("s.2", "9", LEFT("1", "0"), "hi8") EOB_MANY("1", "9", "10") },
    { "{\"multi_last\":[\"s.*\"],\"up_to_seq\":4}",
      MSG("s.2", "3", LEFT("1", "0"), "hi2") MSG("s.0", "4", LEFT("0", "3"), "hi3")
          EOB_MANY("0", "4", "4") },
    { "{\"multi_last\":[\"s.*\"],\"seq\":9,\"up_to_seq\":50,\"no_hdr\":true}",
      MSG("s.2", "9", LEFT("1", "0"), "hi8") MSG("s.0", "10", LEFT("0", "9"), "hi9")
          EOB_MANY("0", "10", "50") },
    { "{\"multi_last\":[\"s.*\"],\"up_to_time\":\"2020-01-01T00:00:00Z\"}",
      STATUS("404 No Results") },
    { "{\"multi_last\":[\"s..x\",\"s.1\"],\"up_to_time\":\"2090-01-01T00:00:00Z\"}",
      MSG("s.1", "8", LEFT("0", "0"), "hi7") EOB_MANY("0", "8", "10") },
    { "{\"multi_last\":[\"s.*\"],\"up_to_seq\":5,\"up_to_time\":\"2020-01-01T00:00:00Z\"}",
      STATUS("408 Bad Request") },
};

static void messages_come_as_they_were_asked_for(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(2, NULL);
    put_ten(w, "{\"name\":\"S\",\"subjects\":[\"s.>\",\"t\"],\"storage\":\"memory\","
               "\"allow_direct\":true}");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect(w, "$JS.API.DIRECT.GET.S", cases[i].body, cases[i].answer);
    js_world_free(w);
}

static void the_subject_may_stand_in_the_call(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    put_ten(w, "{\"name\":\"S\",\"subjects\":[\"s.>\",\"t\"],\"storage\":\"memory\","
               "\"allow_direct\":true}");
    expect(w, "$JS.API.DIRECT.GET.S.s.1", "", MSG("s.1", "8", "", "hi7"));
    expect(w, "$JS.API.DIRECT.GET.S.s.>", "", MSG("s.0", "10", "", "hi9"));
    expect(w, "$JS.API.DIRECT.GET.S.t", "", STATUS("404 Message Not Found"));
    expect(w, "$JS.API.DIRECT.GET.S.s.1", "{\"no_hdr\":true}", "hi7|");
    expect(w, "$JS.API.DIRECT.GET.S.s.1", "{\"seq\":1}", STATUS("408 Bad Request"));
    expect(w, "$JS.API.DIRECT.GET.S.s.1", "xx", STATUS("408 Malformed Request"));
    js_world_free(w);
}

static void who_may_not_be_asked_is_not_there(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    put_ten(w, "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\"}");
    expect(w, "$JS.API.DIRECT.GET.S", "{\"seq\":4}",
           "NATS/1.0 503\r\nNats-Subject: $JS.API.DIRECT.GET.S\r\n\r\n|");
    expect(w, "$JS.API.DIRECT.GET.X", "{\"seq\":4}",
           "NATS/1.0 503\r\nNats-Subject: $JS.API.DIRECT.GET.X\r\n\r\n|");
    js_world_free(w);
}

static void more_subjects_than_one_answer_may_have_are_refused(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.S",
                  "{\"name\":\"S\",\"subjects\":[\"s.>\"],"
                  "\"storage\":\"memory\",\"allow_direct\":true}");
    for (uint32_t i = 0; i < 1025; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "PUB s.%u 1\r\nx\r\n", i);
        (void)world_say(w->world, w->client, line);
    }
    expect(w, "$JS.API.DIRECT.GET.S", "{\"multi_last\":[\"s.*\"]}", STATUS("413 Too Many Results"));
    js_world_free(w);
}

static void a_level_above_ours_is_refused_with_a_status(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    put_ten(w, "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"memory\","
               "\"allow_direct\":true}");
    const char *out = js_put(w, "$JS.API.DIRECT.GET.S", "Nats-Required-Api-Level: 9\r\n",
                             "{\"seq\":4}");
    assert_string_equal(js_next(w, &out), "NATS/1.0 412 Required Api Level\r\n\r\n");
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_as_they_were_asked_for),
        cmocka_unit_test(the_subject_may_stand_in_the_call),
        cmocka_unit_test(who_may_not_be_asked_is_not_there),
        cmocka_unit_test(more_subjects_than_one_answer_may_have_are_refused),
        cmocka_unit_test(a_level_above_ours_is_refused_with_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
