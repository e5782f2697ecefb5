/* SPDX-License-Identifier: Apache-2.0 */
#include "core/server_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/testing.h"
#include "core/core_fake.h"
#include "json/writer.h"

/* The fake wall clock stands at 1700000000 s since 1970. */
#define TIME "\"time\":\"2023-11-14T22:13:20Z\""
#define FLAGS(a, b, c, d)                                                                     \
    "\"feature_flags\":{\"js_ack_fc_v2\":" a ",\"js_api_reply_v2\":" b                        \
    ",\"js_raft_delete_range\":" c ",\"js_snapshot_sources\":" d "},"
#define USUAL FLAGS("false", "false", "true", "false")
#define JS    "\"jetstream\":false,\"flags\":0,"

static void expect_info(struct world *w, const char *text)
{
    struct buf out = { 0 };
    struct json_writer json = json_writer_on(&out, JSON_COMPACT);
    json_object_begin(&json);
    server_info_write(w->core->at[0], &json);
    json_object_end(&json);
    assert_string_equal(buf_str(&out), text);
    buf_deinit(&out);
}

static struct world *world_of(const char *config)
{
    struct options *o = testing_options(config);
    assert_non_null(o);
    struct world *w = world_new(1, o);
    world_run(w);
    return w;
}

static void the_object_has_what_is_configured_in_the_order_of_nats_server(void **state)
{
    (void)state;
    static const struct {
        const char *config, *middle;
    } rows[] = {
        { "", USUAL },
        { "server_tags: [ b, a ]", "\"tags\":[\"b\",\"a\"]," USUAL },
        { "server_metadata: { k: v }", "\"metadata\":{\"k\":\"v\"}," USUAL },
        { "feature_flags { js_ack_fc_v2: true, js_raft_delete_range: false }",
          FLAGS("true", "false", "false", "false") },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_of(rows[i].config);
        char want[512];
        (void)snprintf(want, sizeof want,
                       "{\"server\":{\"name\":\"test\",\"host\":\"0.0.0.0\",\"id\":\"NTEST\","
                       "\"ver\":\"2.15.2\",%s" JS "\"seq\":1," TIME "}}",
                       rows[i].middle);
        expect_info(w, want);
        world_free(w);
    }
}

static void a_cluster_and_a_host_are_named(void **state)
{
    (void)state;
    struct world *w = world_of("host: 127.0.0.2");
    w->core->identity.cluster = "c1";
    expect_info(w, "{\"server\":{\"name\":\"test\",\"host\":\"127.0.0.2\",\"id\":\"NTEST\","
                   "\"cluster\":\"c1\",\"ver\":\"2.15.2\"," USUAL JS "\"seq\":1," TIME "}}");
    world_free(w);
}

static void what_the_server_says_is_numbered(void **state)
{
    (void)state;
    struct world *w = world_of("");
    for (int i = 1; i <= 3; i++) {
        char want[512];
        (void)snprintf(want, sizeof want,
                       "{\"server\":{\"name\":\"test\",\"host\":\"0.0.0.0\",\"id\":\"NTEST\","
                       "\"ver\":\"2.15.2\"," USUAL JS "\"seq\":%d," TIME "}}",
                       i);
        expect_info(w, want);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_object_has_what_is_configured_in_the_order_of_nats_server),
        cmocka_unit_test(a_cluster_and_a_host_are_named),
        cmocka_unit_test(what_the_server_says_is_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
