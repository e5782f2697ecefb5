/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics.h"

#include "monitor/monitor_testing.h"

static void accounts_have_the_labels_of_each_page(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\nnats_accstatz_received_messages{server_id=\"NID\",account=\"$G\",account_id=\"$G\","
        "account_name=\"$G\"} 2\n",
        "\nnats_accountz_client_connections{server_id=\"NID\",account_id=\"$G\","
        "account_name=\"$G\"} 1\n",
        "\nnats_accountz_jetstream_enabled{server_id=\"NID\",account_id=\"$G\","
        "account_name=\"$G\"} 0\n",
        "\nnats_accountz_is_system{server_id=\"NID\",account_id=\"$SYS\",account_name=\"$SYS\"} "
        "1\n",
    };
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "PUB a 3\r\nabc\r\nPUB b 0\r\n\r\n");
    for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++) world_has(w, "/metrics", "", lines[i]);
    world_free(w);
}

static void a_surveyor_counts_links_apart_from_clients(void **state)
{
    (void)state;
#define ACCOUNT                                                                               \
    "{account=\"$G\",account_name=\"$G\",server_cluster=\"\",server_id=\"NID\","               \
    "server_name=\"srv\"} "
    static const char *const lines[] = {
        "\nnats_core_account_msgs_recv" ACCOUNT "2\n",
        "\nnats_core_account_client_bytes_recv" ACCOUNT "3\n",
        "\nnats_core_account_leaf_msgs_recv" ACCOUNT "0\n",
        "\nnats_core_account_route_bytes_sent" ACCOUNT "0\n",
        "\nnats_core_account_gateway_msgs_sent" ACCOUNT "0\n",
        "\nnats_core_account_count 2\n",
    };
#undef ACCOUNT
    struct world *w = world_new(NULL);
    world_client(w, CONNECT_AS("") "PUB a 3\r\nabc\r\nPUB b 0\r\n\r\n");
    for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++)
        world_has(w, "/metrics", "style=surveyor", lines[i]);
    world_lacks(w, "/metrics", "style=surveyor", "nats_core_account_jetstream_enabled{");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_have_the_labels_of_each_page),
        cmocka_unit_test(a_surveyor_counts_links_apart_from_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
