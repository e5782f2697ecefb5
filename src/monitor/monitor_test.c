/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include "monitor/monitor_testing.h"

static void unknown_paths_are_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = { "/nope", "/varz/", "/VARZ", "/expvarz", "/debug" };
    struct world *w = world_new(NULL);
    for (uint32_t i = 0; i < ARRAY_COUNT(paths); i++)
        world_expect(w, paths[i], "", 404, "404 page not found\n");
    assert_false(w->answer.cors);
    world_free(w);
}

static void with_base_path(struct options *o)
{
    o->monitoring.http_base_path = "/mon/x";
}

static void a_base_path_stands_before_all_paths(void **state)
{
    (void)state;
    static const char *const missing[] = { "/",       "/varz",      "/mon",
                                           "/mon/x/", "/mon/xvarz", "/mon/x/varz/" };
    struct world *w = world_new(with_base_path);
    for (uint32_t i = 0; i < ARRAY_COUNT(missing); i++)
        world_expect(w, missing[i], "", 404, "404 page not found\n");
    world_has(w, "/mon/x/varz", "", "\"http_base_path\": \"/mon/x\"");
    world_has(w, "/mon/x", "", "<html");
    world_has(w, "/mon/x/varz", "",
              "  \"http_req_stats\": {\n    \"/\": 1,\n    \"/varz\": 2\n  },\n");
    world_free(w);
}

static void a_callback_is_ignored_and_json_may_be_read_by_any_page(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/healthz", "callback=alert", 200, "{\"status\":\"ok\"}");
    assert_string_equal(w->answer.content_type, "application/json");
    assert_true(w->answer.cors);
    world_free(w);
}

static void with_password(struct options *o)
{
    o->midge.http_user = "anna";
    o->midge.http_password = "secret";
}

static void a_password_covers_the_whole_port(void **state)
{
    (void)state;
    static const char *const paths[] = { "/", "/varz", "/healthz", "/metrics", "/nope" };
    struct world *w = world_new(with_password);
    for (uint32_t i = 0; i < ARRAY_COUNT(paths); i++) {
        world_expect(w, paths[i], "", 401, "401 Unauthorized\n");
        assert_true(w->answer.authenticate);
    }
    struct monitor_query q = { NULL, "/healthz", "", "Basic YW5uYTpzZWNyZXQ=" };
    w->is_answered = false;
    monitor_request(w->monitor, &q, world_answered, w);
    assert_string_equal(world_body(w), "{\"status\":\"ok\"}");
    world_lacks(w, "/healthz", "", "secret");
    world_free(w);
}

static void a_path_that_is_not_clean_is_sent_on(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "//varz", "a=1&b=2", 307,
                 "<a href=\"/varz?a=1&amp;b=2\">Temporary Redirect</a>.\n\n");
    assert_string_equal(buf_str(&w->answer.location), "/varz?a=1&b=2");
    assert_string_equal(w->answer.content_type, "text/html; charset=utf-8");
    assert_false(w->answer.cors);
    world_expect(w, "/healthz", "", 200, "{\"status\":\"ok\"}");
    assert_int_equal(w->answer.location.len, 0);
    world_expect(w, "/varz/", "", 404, "404 page not found\n");
    world_free(w);
    w = world_new(with_password);
    world_expect(w, "//varz", "", 401, "401 Unauthorized\n");
    world_free(w);
}

static void a_reload_takes_new_facts(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct monitor_options facts = world_facts(w);
    facts.unserved_count = 0;
    facts.config_loaded = w->fake->wall + HOUR;
    monitor_update(w->monitor, &facts);
    world_has(w, "/varz", "", "\"unserved\": []");
    world_has(w, "/varz", "", "\"config_load_time\": \"2023-11-14T23:13:20Z\"");
    world_free(w);
}

static uint32_t answers;

static void count_answer(void *ctx, struct http_response *take_response)
{
    (void)ctx;
    assert_int_equal(take_response->status, 200);
    buf_deinit(&take_response->body);
    answers++;
}

static void collections_wait_in_line_and_all_are_answered(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (int i = 0; i < 5; i++) world_client(w, CONNECT_AS("") "SUB a 1\r\n");
    static const char *const paths[] = { "/connz", "/subsz", "/metrics" };
    answers = 0;
    for (uint32_t i = 0; i < 30; i++) {
        struct monitor_query q = { NULL, paths[i % 3], "subs=1", "" };
        monitor_request(w->monitor, &q, count_answer, NULL);
    }
    assert_int_equal(answers, 0);
    assert_false(monitor_is_idle(w->monitor));
    fake_run(w->fake);
    assert_int_equal(answers, 30);
    assert_true(monitor_is_idle(w->monitor));
    world_free(w);
}

static void a_full_worker_is_an_answer_too(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    w->worker_is_full = true;
    world_expect(w, "/connz", "", 503, "too busy to write this report\n");
    w->worker_is_full = false;
    world_has(w, "/connz", "", "\"num_connections\": 0");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_paths_are_not_found),
        cmocka_unit_test(a_base_path_stands_before_all_paths),
        cmocka_unit_test(a_callback_is_ignored_and_json_may_be_read_by_any_page),
        cmocka_unit_test(a_password_covers_the_whole_port),
        cmocka_unit_test(a_path_that_is_not_clean_is_sent_on),
        cmocka_unit_test(a_reload_takes_new_facts),
        cmocka_unit_test(collections_wait_in_line_and_all_are_answered),
        cmocka_unit_test(a_full_worker_is_an_answer_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
