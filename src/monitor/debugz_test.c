/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/debugz.h"

#include "monitor/monitor_testing.h"

static void with_base_path(struct options *o)
{
    o->monitoring.http_base_path = "/mon/x";
}

static void the_index_links_to_every_page(void **state)
{
    (void)state;
    struct world *w = world_new(with_base_path);
    world_has(w, "/mon/x", "", "<a href=\"/mon/x/varz\">");
    world_has(w, "/mon/x", "", "<a href=\"/mon/x/debug/vars\">");
    assert_string_equal(w->answer.content_type, "text/html; charset=utf-8");
    world_free(w);
}

static void each_thread_has_a_line(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/stacksz", "", 200, "one: waiting\ntwo 2: working\n");
    world_free(w);
}

static void the_command_line_is_shown_without_secrets(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/debug/vars", "", 200,
                 "{\"cmdline\":[\"midge\",\"--pass\",\"[REDACTED]\"],\"memstats\":{\"Sys\":4096}}");
    world_free(w);
}

static void what_a_single_server_lacks_is_absent(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_expect(w, "/ipqueuesz", "all=1", 200, "{}");
    world_expect(w, "/raftz", "acc=x", 404, "No Raft nodes registered");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_links_to_every_page),
        cmocka_unit_test(each_thread_has_a_line),
        cmocka_unit_test(the_command_line_is_shown_without_secrets),
        cmocka_unit_test(what_a_single_server_lacks_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
