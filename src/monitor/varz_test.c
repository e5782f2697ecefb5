/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/varz.h"

#include "monitor/monitor_testing.h"

static const struct {
    const char *url;
    const char *host;
} urls[] = {
    { "nats://h:1", "h:1" },
    { "nats://u:p@h:1", "h:1" },
    { "nats://u:p@w@h:1/x", "h:1" },
    { "nats://u:p/w@h:1", "h:1" },
    { "tls://token@[::1]:7422/path", "[::1]:7422" },
    { "h:1", "h:1" },
    { "u:p@h", "h" },
    { "", "" },
};

static void urls_are_shown_without_user_and_password(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    for (uint32_t i = 0; i < ARRAY_COUNT(urls); i++)
        assert_string_equal(varz_url_host(urls[i].url, arena), urls[i].host);
}

static void a_plain_server_has_empty_blocks(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    const char *body = world_get(w, "/varz", "");
    assert_non_null(strstr(body, "  \"cluster\": {},\n  \"gateway\": {},\n  \"leaf\": {},\n"
                                 "  \"mqtt\": {},\n  \"websocket\": {},\n  \"jetstream\": {},\n"));
    assert_non_null(strstr(body, "  \"http_req_stats\": {\n    \"/varz\": 1\n  },\n"));
    assert_non_null(
        strstr(body, "  \"midge\": {\n    \"version\": \"v0.1.0\",\n    \"reactors\": 1,\n"
                     "    \"memory_limit\": 0,\n    \"max_unauthenticated_per_address\": 16384,\n"
                     "    \"turned_away\": 0,\n    \"unserved\": [\n      \"mqtt\"\n    ]\n"
                     "  }\n}"));
    assert_null(strstr(body, "auth_required"));
    assert_null(strstr(body, "metadata"));
    assert_null(strstr(body, "tls_cert_not_after"));
    world_free(w);
}

static void configure(struct options *o)
{
    static const char *routes[] = { "nats://u:canary@127.0.0.1:7777" };
    static const char *tags[] = { "b", "a:1" };
    static struct string_pair pairs[] = { { "k", "v" }, { "a", "<b>" } };
    static struct feature_flag flags[] = { { "js_ack_fc_v2", true }, { "unknown", true } };
    o->cluster.present = true;
    o->cluster.listen.port = 6222;
    o->cluster.pool_size = 3;
    o->cluster.routes = (struct url_list){ routes, 1 };
    o->authorization.present = true;
    o->authorization.token = "canary";
    o->authorization.timeout = 1500 * MILLISECOND;
    o->server_tags = (struct string_list){ tags, 2, true };
    o->server_metadata = (struct pair_list){ pairs, 2, true };
    o->feature_flags = flags;
    o->feature_flags_count = 2;
    o->write_timeout = WRITE_TIMEOUT_RETRY;
}

static void what_is_configured_is_shown_but_for_secrets(void **state)
{
    (void)state;
    struct world *w = world_new(configure);
    const char *body = world_get(w, "/varz", "");
    assert_non_null(strstr(body, "  \"auth_required\": true,\n"));
    assert_non_null(strstr(body, "  \"auth_timeout\": 1.5,\n"));
    assert_non_null(strstr(body, "  \"cluster\": {\n    \"addr\": \"0.0.0.0\",\n"
                                 "    \"cluster_port\": 6222,\n    \"auth_timeout\": 2,\n"
                                 "    \"urls\": [\n      \"127.0.0.1:7777\"\n    ],\n"
                                 "    \"tls_timeout\": 2,\n    \"pool_size\": 3\n  },\n"));
    assert_non_null(strstr(body, "  \"tags\": [\n    \"b\",\n    \"a:1\"\n  ],\n"));
    assert_non_null(strstr(
        body, "  \"metadata\": {\n    \"a\": \"\\u003cb\\u003e\",\n    \"k\": \"v\"\n  },\n"));
    assert_non_null(strstr(body, "\"js_ack_fc_v2\": true,\n"));
    assert_non_null(strstr(body, "\"write_timeout\": \"retry\",\n"));
    assert_null(strstr(body, "canary"));
    assert_null(strstr(body, "unknown"));
    world_free(w);
}

static void with_certificates(struct options *o)
{
    o->cluster.present = o->gateway.present = true;
    o->leafnodes.present = o->mqtt.present = true;
    o->cluster.listen.port = o->gateway.listen.port = 6222;
    o->leafnodes.listen.port = o->mqtt.listen.port = 7422;
    o->cluster.tls.not_after = 1700000000 * SECOND;
    o->gateway.tls.not_after = 1700000001 * SECOND;
    o->leafnodes.tls.not_after = 1700000002 * SECOND;
    o->mqtt.tls.not_after = 1700000003 * SECOND;
}

static void each_block_shows_the_end_of_its_certificate(void **state)
{
    (void)state;
    struct world *w = world_new(with_certificates);
    static const char *const ends[] = {
        "\"tls_cert_not_after\": \"2023-11-14T22:13:20Z\"\n  },\n  \"gateway\"",
        "\"tls_cert_not_after\": \"2023-11-14T22:13:21Z\"\n  },\n  \"leaf\"",
        "\"tls_cert_not_after\": \"2023-11-14T22:13:22Z\"\n  },\n  \"mqtt\"",
        "\"tls_cert_not_after\": \"2023-11-14T22:13:23Z\"\n  },\n  \"websocket\"",
    };
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) world_has(w, "/varz", "", ends[i]);
    world_free(w);
}

static void totals_and_processor_time_are_those_of_the_process(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "SUB a 1\r\nPUB a 3\r\nabc\r\n");
    world_hang_up(w, world_client(w, CONNECT_AS("") "PUB a 3\r\nabc\r\n"));
    w->fake->now += SECOND;
    w->usage_now.cpu_time = 500 * MILLISECOND;
    const char *body = world_get(w, "/varz", "");
    assert_non_null(
        strstr(body, "  \"cpu\": 50,\n  \"connections\": 1,\n  \"total_connections\": 2,\n"));
    assert_non_null(
        strstr(body, "  \"in_msgs\": 2,\n  \"in_bytes\": 6,\n  \"in_client_msgs\": 2,\n"));
    assert_non_null(strstr(body, "  \"out_msgs\": 2,\n  \"out_bytes\": 6,\n"));
    assert_non_null(strstr(body, "  \"mem\": 4096,\n  \"cores\": 2,\n"));
    w->fake->now += SECOND;
    w->usage_now.cpu_time += 13 * MILLISECOND;
    world_has(w, "/varz", "", "  \"cpu\": 1.3,\n");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_shown_without_user_and_password),
        cmocka_unit_test(a_plain_server_has_empty_blocks),
        cmocka_unit_test(what_is_configured_is_shown_but_for_secrets),
        cmocka_unit_test(each_block_shows_the_end_of_its_certificate),
        cmocka_unit_test(totals_and_processor_time_are_those_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
