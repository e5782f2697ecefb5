/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics.h"

#include "monitor/monitor_testing.h"

/* What JetStream's numbers are is in tests/monitor. */
static void a_server_without_jetstream_is_surveyed(void **state)
{
    (void)state;
#define SERVER "server_id=\"NID\",server_name=\"srv\""
    static const char *const lines[] = {
        "\nnats_core_connection_count{server_cluster=\"\"," SERVER "} 1\n",
        "\nnats_core_active_account_count{server_cluster=\"\"," SERVER "} 1\n",
        "\nnats_core_info{server_cluster=\"\"," SERVER ",server_version=\"2.15.2\"} 1\n",
        "\nnats_core_jetstream_enabled{cluster_name=\"\"," SERVER "} 0\n",
        "\nnats_core_jetstream_server_jetstream_disabled{cluster_name=\"\"," SERVER "} 1\n",
        "\nnats_core_jetstream_server_total_streams{cluster_name=\"\"," SERVER "} 0\n",
        ",server_jetstream=\"false\",server_name=\"srv\",server_version=\"2.15.2\"} 1\n",
        "\nnats_up 1\n",
        "\nnats_survey_expected_count 1\n",
        "\nnats_survey_surveyed_count 1\n",
    };
#undef SERVER
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS(""));
    for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++)
        world_has(w, "/metrics", "style=surveyor&jsz=all", lines[i]);
    world_lacks(w, "/metrics", "style=surveyor&jsz=all", "nats_stream_last_seq{");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_without_jetstream_is_surveyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
