/* SPDX-License-Identifier: Apache-2.0 */
/* What nats-server 2.15.2 answered to the same calls. */
#include "stream/api_testing.h"

#define V1 "{\"type\":\"io.nats.jetstream.api.v1."
#define ERROR(code, number, text) \
    ",\"error\":{\"code\":" code ",\"err_code\":" number ",\"description\":\"" text "\"}"
#define MEMORY(name, more) "{\"name\":\"" name "\",\"storage\":\"memory\"" more "}"
#define REST \
    "\"retention\":\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1," \
    "\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,\"discard\":\"old\"," \
    "\"storage\":\"memory\",\"num_replicas\":1,\"duplicate_window\":120000000000," \
    "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false," \
    "\"sealed\":false,\"deny_delete\":false,\"deny_purge\":false," \
    "\"allow_rollup_hdrs\":false,\"consumer_limits\":{},\"allow_msg_ttl\":false,"
#define FULL                                                         \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"0\"," \
    "\"_nats.ver\":\"2.15.2\"}}"
#define CREATED                                                                    \
    ",\"created\":\"2023-11-14T22:13:20Z\",\"state\":{\"messages\":0,\"bytes\":0," \
    "\"first_seq\":0,\"first_ts\":\"0001-01-01T00:00:00Z\",\"last_seq\":0,"        \
    "\"last_ts\":\"0001-01-01T00:00:00Z\",\"consumer_count\":0}"
#define NOW ",\"ts\":\"2023-11-14T22:13:20Z\""

static void a_stream_is_made_and_made_again(void **state)
{
    (void)state;
    static const char answer[] = V1 "stream_create_response\",\"config\":{\"name\":\"S\","
                                    "\"subjects\":[\"s.\\u003e\"]," REST FULL CREATED NOW
                                    ",\"did_create\":true}";
    struct js_world *w = js_world_new(2, NULL);
    static const char body[] = MEMORY("S", ",\"subjects\":[\"s.>\"]");
    assert_string_equal(js_call(w, "STREAM.CREATE.S", body), answer);
    assert_string_equal(js_call(w, "STREAM.CREATE.S", body), answer);
    assert_string_equal(
        js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"subjects\":[\"t\"]")),
        V1 "stream_create_response\"" ERROR(
            "400", "10058", "stream name already in use with a different configuration") "}");
    js_world_free(w);
}

static void an_update_tells_the_domain_and_other_subjects_are_taken(void **state)
{
    (void)state;
    struct options *o = options_new();
    o->jetstream.domain = "D1";
    struct js_world *w = js_world_new(1, o);
    (void)js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"subjects\":[\"s\"]"));
    assert_string_equal(js_call(w, "STREAM.UPDATE.S", MEMORY("S", ",\"subjects\":[\"t\"]")),
                        V1 "stream_update_response\",\"config\":{\"name\":\"S\","
                           "\"subjects\":[\"t\"]," REST FULL CREATED ",\"domain\":\"D1\"" NOW "}");
    assert_string_equal(js_call(w, "STREAM.UPDATE.X", MEMORY("X", "")), V1
                        "stream_update_response\"" ERROR("404", "10059", "stream not found") "}");
    const char *out = js_put(w, "t", NULL, "hello");
    assert_string_equal(js_next(w, &out), "{\"stream\":\"S\",\"domain\":\"D1\",\"seq\":1}");
    js_world_free(w);
}

static void info_tells_the_state_the_leader_and_subjects_when_asked(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"subjects\":[\"s.*\"]"));
    (void)js_put(w, "s.1", NULL, "a");
    (void)js_put(w, "s.2", NULL, "b");
    (void)js_put(w, "s.1", NULL, "c");
    (void)js_call(w, "STREAM.MSG.DELETE.S", "{\"seq\":2}");
    const char *info = js_call(w, "STREAM.INFO.S", "");
    assert_starts(info,
                  V1 "stream_info_response\",\"total\":0,\"offset\":0,\"limit\":0,\"config\"");
    assert_has(info, "\"cluster\":{\"leader\":\"test\"}");
    assert_has(info, FULL ",\"created\"");
    info = js_call(w, "STREAM.INFO.S", "{\"subjects_filter\":\">\",\"deleted_details\":true}");
    assert_starts(info, V1 "stream_info_response\",\"total\":1,\"offset\":0,\"limit\":100000,");
    assert_has(info, "\"num_subjects\":1,\"subjects\":{\"s.1\":2},\"num_deleted\":1,"
                     "\"deleted\":[2],");
    assert_has(js_call(w, "STREAM.INFO.S", "{\"subjects_filter\":\">\",\"offset\":7}"),
               "\"total\":1,\"offset\":7,\"limit\":100000,");
    assert_string_equal(
        js_call(w, "STREAM.INFO.X", ""),
        V1 "stream_info_response\"" ERROR(
            "404", "10059", "stream not found") ",\"total\":0,\"offset\":0,\"limit\":0}");
    js_world_free(w);
}

static uint32_t count_of(const char *text, const char *part)
{
    uint32_t count = 0;
    size_t len = strlen(part);
    for (; *text != '\0'; text++) /* strstr() looks for the end each time, under ASan */
        count += *text == *part && strncmp(text, part, len) == 0;
    return count;
}

static void subjects_come_in_pages(void **state)
{
    enum { PAGE = 100000, MORE = 5, PACKET = 500 };
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct buf b = { 0 };
    (void)js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"subjects\":[\"s.>\"]"));
    for (uint32_t i = 0; i < PAGE + MORE; i++) {
        buf_printf(&b, "PUB s.%06u 0\r\n\r\n", i);
        if (i % PACKET != PACKET - 1 && i + 1 < PAGE + MORE) continue;
        (void)world_say(w->world, w->client, buf_str(&b));
        b.len = 0;
    }
    buf_deinit(&b);
    const char *info = js_call(w, "STREAM.INFO.S", "{\"subjects_filter\":\">\"}");
    assert_has(info, "\"total\":100005,\"offset\":0,\"limit\":100000,");
    assert_has(info, "{\"s.000000\":1,");
    assert_has(info, ",\"s.099999\":1}");
    assert_int_equal(count_of(info, "\"s.0"), PAGE);
    info = js_call(w, "STREAM.INFO.S", "{\"subjects_filter\":\"s.*\",\"offset\":100000}");
    assert_has(info, "\"total\":100005,\"offset\":100000,\"limit\":100000,");
    assert_has(info,
               "{\"s.100000\":1,\"s.100001\":1,\"s.100002\":1,\"s.100003\":1,\"s.100004\":1}");
    js_world_free(w);
}

/* A page is full at so many. */
static void names_and_lists_end_with_the_page(void **state)
{
    enum { NAMES = 1024, LISTS = 256 };
    char call[64], body[96];
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    for (uint32_t i = 0; i <= NAMES; i++) {
        (void)snprintf(call, sizeof call, "STREAM.CREATE.S%04u", i);
        (void)snprintf(body, sizeof body, "{\"name\":\"S%04u\",\"storage\":\"memory\"}", i);
        assert_has(js_call(w, call, body), "\"did_create\":true");
    }
    const char *page = js_call(w, "STREAM.NAMES", "");
    assert_has(page, "\"total\":1025,\"offset\":0,\"limit\":1024,\"streams\":[\"S0000\",");
    assert_int_equal(count_of(page, "\"S"), NAMES);
    assert_has(js_call(w, "STREAM.NAMES", "{\"offset\":1024}"), "\"streams\":[\"S1024\"]}");
    page = js_call(w, "STREAM.LIST", "{\"offset\":1}");
    assert_has(page, "\"total\":1025,\"offset\":1,\"limit\":256,");
    assert_int_equal(count_of(page, "\"name\":\"S"), LISTS);
    assert_has(page, "\"name\":\"S0001\"");
    assert_has(page, "\"name\":\"S0256\"");
    js_world_free(w);
}

static void names_and_lists_come_sorted_in_pages_and_by_subject(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_string_equal(js_call(w, "STREAM.NAMES", ""),
                        V1 "stream_names_response\",\"total\":0,\"offset\":0,\"limit\":1024,"
                           "\"streams\":null}");
    assert_string_equal(js_call(w, "STREAM.LIST", ""),
                        V1 "stream_list_response\",\"total\":0,\"offset\":0,\"limit\":256,"
                           "\"streams\":[]}");
    (void)js_call(w, "STREAM.CREATE.B", MEMORY("B", ",\"subjects\":[\"b.>\"]"));
    (void)js_call(w, "STREAM.CREATE.A", MEMORY("A", ",\"subjects\":[\"a\"]"));
    assert_has(js_call(w, "STREAM.NAMES", "xx"), "\"total\":2,\"offset\":0,\"limit\":1024,"
                                                 "\"streams\":[\"A\",\"B\"]}");
    assert_has(js_call(w, "STREAM.NAMES", "{\"offset\":1}"), "\"offset\":1,\"limit\":1024,"
                                                             "\"streams\":[\"B\"]}");
    assert_has(js_call(w, "STREAM.NAMES", "{\"offset\":5}"), "\"offset\":2,\"limit\":1024,"
                                                             "\"streams\":null}");
    assert_has(js_call(w, "STREAM.NAMES", "{\"subject\":\"b.*\"}"), "\"streams\":[\"B\"]}");
    const char *list = js_call(w, "STREAM.LIST", "{\"subject\":\"a\",\"offset\":-2}");
    assert_starts(list, V1 "stream_list_response\",\"total\":1,\"offset\":0,\"limit\":256,"
                           "\"streams\":[{\"config\":{\"name\":\"A\"");
    assert_has(list, "\"metadata\":{\"_nats.req.level\":\"0\"}}");
    js_world_free(w);
}

static void bodies_that_cannot_be_read_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *call, *body, *error;
    } cases[] = {
        { "STREAM.CREATE.T", "{\"name\":\"T\",\"x\":1}",
          ERROR("400", "10025", "invalid JSON: json: unknown field \\\"x\\\"") },
        { "STREAM.CREATE.T", "{", ERROR("400", "10025", "invalid JSON: unexpected EOF") },
        { "STREAM.CREATE.T", "",
          ERROR("400", "10056", "stream name in subject does not match request") },
        { "STREAM.DELETE.T", "{\"a\":1}",
          ERROR("400", "10038", "expected an empty request payload") },
        { "STREAM.DELETE.T", "xx", ERROR("400", "10038", "expected an empty request payload") },
        { "STREAM.DELETE.T", "{}", ERROR("404", "10059", "stream not found") },
    };
    struct js_world *w = js_world_new(1, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_has(js_call(w, cases[i].call, cases[i].body), cases[i].error);
    js_world_free(w);
}

static void what_is_not_strict_takes_unknown_fields(void **state)
{
    (void)state;
    struct options *o = options_new();
    o->jetstream.strict = false;
    struct js_world *w = js_world_new(1, o);
    assert_has(js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"x\":1")), "\"did_create\":true");
    js_world_free(w);
}

static void limits_of_the_account_hold(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    struct js_account *a = js_account_find(&w->js, SLICE_LIT("$G"));
    a->limits.streams_max = 1;
    a->limits.memory_max = 1000;
    assert_has(js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"max_bytes\":2000")),
               ERROR("500", "10028", "insufficient memory resources available"));
    assert_has(js_call(w, "STREAM.CREATE.S", MEMORY("S", ",\"max_bytes\":900")), "did_create");
    assert_has(js_call(w, "INFO", ""), "\"reserved_memory\":900,\"reserved_storage\":0,"
                                       "\"streams\":1,");
    assert_has(js_call(w, "STREAM.CREATE.T", MEMORY("T", "")),
               ERROR("400", "10027", "maximum number of streams reached"));
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_made_and_made_again),
        cmocka_unit_test(an_update_tells_the_domain_and_other_subjects_are_taken),
        cmocka_unit_test(info_tells_the_state_the_leader_and_subjects_when_asked),
        cmocka_unit_test(subjects_come_in_pages),
        cmocka_unit_test(names_and_lists_end_with_the_page),
        cmocka_unit_test(names_and_lists_come_sorted_in_pages_and_by_subject),
        cmocka_unit_test(bodies_that_cannot_be_read_say_why),
        cmocka_unit_test(what_is_not_strict_takes_unknown_fields),
        cmocka_unit_test(limits_of_the_account_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
