/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics.h"

#include <ctype.h>
#include <stdio.h>

#include "base/map.h"
#include "monitor/monitor_testing.h"

/* Every line is a comment or a sample, and all samples of a family stand behind its one head. */
static void check_format(const char *body)
{
    char family[256] = "";
    AUTO_FREE(map) seen = map_new(1);
    for (const char *line = body; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_non_null(strchr(line, '\n'));
        if (strncmp(line, "# TYPE ", 7) == 0) {
            size_t len = strcspn(line + 7, " ");
            memcpy(family, line + 7, len);
            family[len] = '\0';
            assert_null(map_set(seen, slice_of(family, len), seen));
        } else if (line[0] != '#') {
            size_t len = strcspn(line, "{ ");
            assert_true(len == strlen(family) && memcmp(line, family, len) == 0);
            const char *end = strchr(line, '\n');
            assert_true(isdigit((unsigned char)end[-1]));
        }
    }
}

static void dashboards_find_the_names_that_they_know(void **state)
{
    (void)state;
    static const char *const names[] = {
        "nats_varz_connections{server_id=\"NID\"} 1\n",
        "nats_varz_in_msgs{server_id=\"NID\"} 2\n",
        "nats_varz_out_bytes{server_id=\"NID\"} 3\n",
        "nats_varz_cpu{",
        "nats_varz_mem{",
        "nats_varz_in_bytes{",
        "nats_varz_out_msgs{",
        "nats_varz_slow_consumers{",
        "nats_varz_subscriptions{",
        "nats_server_total_streams{",
        "nats_server_total_consumers{",
        "nats_varz_version{server_id=\"NID\",value=\"2.15.2\"} 1\n",
        "nats_varz_start{server_id=\"NID\"} 1700000000000\n",
        "nats_varz_slow_consumer_stats_clients{server_id=\"NID\"} 0\n",
        "nats_varz_http_req_stats_metrics{server_id=\"NID\"} ",
        "nats_connz_in_msgs{server_id=\"NID\"} 2\n",
        "nats_connz_subscriptions{server_id=\"NID\"} 1\n",
        "nats_healthz_status{server_id=\"NID\"} 0\n",
        "nats_healthz_status_value{server_id=\"NID\",value=\"ok\"} 1\n",
        "nats_subsz_num_inserts{",
        "nats_routez_num_routes{",
        "nats_leafz_conn_nodes_total{",
        "account_id=\"$G\",account_name=\"$G\"} 1\n",
        "nats_accstatz_current_connections{server_id=\"NID\",account=\"$G\",",
        "nats_accountz_is_system{server_id=\"NID\",account_id=\"$SYS\",",
        "process_resident_memory_bytes 4096\n",
        "nats_metrics_truncated 0\n",
    };
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "SUB a 1\r\nPUB a 3\r\nabc\r\nPUB b 0\r\n\r\n");
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) world_has(w, "/metrics", "", names[i]);
    check_format(world_body(w));
    assert_string_equal(w->answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    world_free(w);
}

static void a_style_changes_the_names(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_has(w, "/metrics", "style=exporter", "\ngnatsd_varz_connections{");
    world_has(w, "/metrics", "style=exporter", "\njetstream_server_jetstream_disabled{");
    check_format(world_body(w));
    world_has(w, "/metrics", "style=surveyor", "\nnats_core_connection_count{");
    world_has(
        w, "/metrics", "style=surveyor",
        "\nnats_core_account_conn_count{account=\"$G\",account_name=\"$G\",server_cluster=\"\","
        "server_id=\"NID\",server_name=\"srv\"} 0\n");
    check_format(world_body(w));
    world_has(w, "/metrics", "style=helm", "\nnats_varz_connections{");
    assert_int_equal(w->answer.status, 200);
    (void)world_get(w, "/metrics", "style=x");
    assert_int_equal(w->answer.status, 400);
    world_free(w);
}

static void configure(struct options *o)
{
    o->midge.metrics_style = METRICS_EXPORTER;
    o->cluster.present = true;
    o->cluster.listen.port = 6222;
    o->cluster.pool_size = 3;
    o->leafnodes.present = true;
    o->leafnodes.listen.port = 7422;
}

static void the_exporter_leaves_some_fields_out(void **state)
{
    (void)state;
    struct world *w = world_new(configure);
    world_has(w, "/metrics", "", "gnatsd_varz_cluster_pool_size{server_id=\"NID\"} 3\n");
    world_lacks(w, "/metrics", "", "varz_cluster_auth_timeout");
    world_lacks(w, "/metrics", "", "varz_cluster_cluster_port");
    world_lacks(w, "/metrics", "", "varz_leaf_");
    world_has(w, "/metrics", "", "gnatsd_varz_leafnodes{");
    world_free(w);
}

static void with_jetstream(struct options *o)
{
    o->jetstream.present = o->jetstream.enabled = true;
}

/* As /healthz: JetStream is configured and does not run. */
static void a_sick_server_is_told(void **state)
{
    (void)state;
    struct world *w = world_new(with_jetstream);
    static const char *const names[] = { "status", "js_enabled_only_status",
                                         "js_server_only_status" };
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        char text[160];
        (void)snprintf(text, sizeof text, "nats_healthz_%s{server_id=\"NID\"} 1\n", names[i]);
        world_has(w, "/metrics", "", text);
        (void)snprintf(text, sizeof text,
                       "nats_healthz_%s_value{server_id=\"NID\",value=\"unavailable\"} 0\n",
                       names[i]);
        world_has(w, "/metrics", "", text);
    }
    world_free(w);
}

static void a_lame_duck_is_told(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    atomic_store(&w->core->is_lame_duck, true);
    world_has(w, "/metrics", "", "nats_healthz_status{server_id=\"NID\"} 1\n");
    world_has(w, "/metrics", "",
              "nats_healthz_js_server_only_status_value{server_id=\"NID\",value=\"error\"} 0\n");
    world_free(w);
}

static void connections_have_series_on_request(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS(",\"name\":\"a\\\"b\"") "PUB b 0\r\n\r\n");
    world_lacks(w, "/metrics", "", "cid=");
    world_has(w, "/metrics", "connz=detailed&jsz=all",
              "nats_connz_in_msgs{server_id=\"NID\",cid=\"5\",kind=\"Client\",type=\"nats\","
              "ip=\"127.0.0.1\",port=\"1000\",name=\"a\\\"b\",name_tag=\"$G\",");
    check_format(world_body(w));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dashboards_find_the_names_that_they_know),
        cmocka_unit_test(a_style_changes_the_names),
        cmocka_unit_test(the_exporter_leaves_some_fields_out),
        cmocka_unit_test(a_sick_server_is_told),
        cmocka_unit_test(a_lame_duck_is_told),
        cmocka_unit_test(connections_have_series_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
