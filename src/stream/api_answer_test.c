/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_testing.h"

static void a_call_sees_what_its_client_has_published_before(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(2, NULL);
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}");
    const char *out = world_say(w->world, w->client,
                                "PUB S 1\r\na\r\n"
                                "PUB $JS.API.STREAM.MSG.GET.S re.1 9\r\n{\"seq\":1}\r\n"
                                "PUB S 1\r\nb\r\n"
                                "PUB $JS.API.STREAM.INFO.S re.1 0\r\n\r\n");
    assert_has(js_next(w, &out), "\"message\":{\"subject\":\"S\",\"seq\":1,");
    assert_has(js_next(w, &out), "\"state\":{\"messages\":2,");
    js_world_free(w);
}

static void a_stream_that_ends_meanwhile_is_not_found(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.S", "{\"name\":\"S\",\"storage\":\"memory\"}");
    const char *out = world_say(w->world, w->client,
                                "PUB $JS.API.STREAM.INFO.S re.1 0\r\n\r\n"
                                "PUB $JS.API.STREAM.DELETE.S re.2 0\r\n\r\n"
                                "PUB $JS.API.STREAM.INFO.S re.3 0\r\n\r\n");
    /* calls that look come behind those that change */
    assert_has(js_next(w, &out), "\"success\":true");
    assert_has(js_next(w, &out), "\"err_code\":10059");
    assert_has(js_next(w, &out), "\"err_code\":10059");
    assert_string_equal(js_next(w, &out), "");
    js_world_free(w);
}

static void who_wants_no_answer_is_served_and_counted(void **state)
{
    (void)state;
    struct js_world *w = js_world_new(1, NULL);
    assert_string_equal(world_say(w->world, w->client,
                                  "PUB $JS.API.STREAM.CREATE.S 31\r\n"
                                  "{\"name\":\"S\",\"storage\":\"memory\"}\r\n"),
                        "");
    assert_has(js_call(w, "STREAM.NAMES", ""), "[\"S\"]");
    assert_has(js_call(w, "INFO", ""), "\"total\":2,\"errors\":0}");
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_sees_what_its_client_has_published_before),
        cmocka_unit_test(a_stream_that_ends_meanwhile_is_not_found),
        cmocka_unit_test(who_wants_no_answer_is_served_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
