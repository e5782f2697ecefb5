/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics_js.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

struct page {
    struct arena *arena;
    struct buf    text;
    bool          is_whole;
};

/* An account with a stream that draws from two others, and a consumer that has delivered once; its
 * series are asked for, or those of all streams and consumers. */
static void show(struct page *p, bool all, bool is_surveyor)
{
    static const struct server_identity id = { .id = "NID", .name = "srv" };
    struct stream_external external = { .api = "$JS.D.API", .deliver = "d" };
    struct stream_source_info sources[] = { { .name = "A", .lag = 3, .active = -1 },
                                            { .name = "B", .external = &external, .active = 5 } };
    struct consumer_info consumer = { .name = "C",
                                      .num_pending = 7,
                                      .delivered = { 4, 9, 1000 * SECOND } };
    struct stream_info info = {
        .config = { .name = "S", .max_msgs = -1, .max_bytes = 100, .num_replicas = 1 },
        .state = { .messages = 2, .last_seq = 9 },
        .sources = { sources, 2 }
    };
    struct js_report_stream stream = { .info = &info, .consumers = { &consumer, 1 } };
    struct js_report_account account = { .name = "ACC",
                                         .memory = 11,
                                         .limits = { .memory_max = -1 },
                                         .streams = &stream,
                                         .streams_count = 1 };
    struct js_report report = { .with_accounts = true,
                                .with_streams = all,
                                .with_consumers = all,
                                .accounts = &account,
                                .accounts_count = 1 };
    p->arena = arena_new();
    struct exposition e = { .out = &p->text };
    const struct metrics_js m = { .report = &report,
                                  .identity = &id,
                                  .arena = p->arena,
                                  .out = &e,
                                  .prefix = "nats_",
                                  .is_surveyor = is_surveyor,
                                  .with_accounts = true,
                                  .now = 1002 * SECOND };
    p->is_whole = metrics_js_add(&m);
}

static void page_free(struct page *p)
{
    p->arena = arena_free(p->arena);
    buf_deinit(&p->text);
}

#define SERVER                                                                                \
    "server_id=\"NID\",server_name=\"srv\",cluster=\"\",domain=\"\",meta_leader=\"\","         \
    "is_meta_leader=\"true\",account=\"ACC\",account_id=\"ACC\",account_name=\"ACC\""
#define STREAM                                                                                 \
    SERVER ",stream_name=\"S\",stream_leader=\"srv\",is_stream_leader=\"true\","               \
           "stream_raft_group=\"\""
#define CONSUMER                                                                               \
    STREAM ",consumer_name=\"C\",consumer_leader=\"srv\",is_consumer_leader=\"true\","         \
           "consumer_desc=\"\""

static void accounts_streams_and_consumers_have_the_names_of_the_exporter(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\nnats_account_memory_used{" SERVER "} 11\n",
        "\nnats_account_max_memory{" SERVER "} -1\n",
        "\nnats_stream_total_messages{" STREAM "} 2\n",
        "\nnats_stream_last_seq{" STREAM "} 9\n",
        "\nnats_stream_limit_messages{" STREAM "} -1\n",
        "\nnats_stream_limit_bytes{" STREAM "} 100\n",
        "\nnats_stream_source_lag{" STREAM
        ",source_name=\"A\",source_api=\"\",source_deliver=\"\"} 3\n",
        "\nnats_stream_source_active_duration_ns{" STREAM
        ",source_name=\"B\",source_api=\"$JS.D.API\",source_deliver=\"d\"} 5\n",
        "\nnats_consumer_num_pending{" CONSUMER "} 7\n",
        "\nnats_consumer_delivered_stream_seq{" CONSUMER "} 9\n",
        "\nnats_consumer_last_delivery_seconds{" CONSUMER "} 2\n",
    };
    struct page p = { 0 };
    show(&p, true, false);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        if (strstr(buf_str(&p.text), lines[i]) == NULL) fail_msg("%s", lines[i]);
    assert_null(strstr(buf_str(&p.text), "last_ack_seconds{"));
    assert_null(strstr(buf_str(&p.text), "mirror_lag{"));
    assert_true(p.is_whole);
    page_free(&p);
}

static void what_was_not_asked_for_is_not_told(void **state)
{
    (void)state;
    struct page p = { 0 };
    show(&p, false, false);
    assert_non_null(strstr(buf_str(&p.text), "nats_account_storage_used{"));
    assert_null(strstr(buf_str(&p.text), "nats_stream_"));
    assert_null(strstr(buf_str(&p.text), "nats_consumer_"));
    page_free(&p);
}

#define OF_ACCOUNT "account=\"ACC\",account_name=\"ACC\",raft_group=\"\",stream=\"S\""
#define CONSUMER_OF_SURVEYOR OF_SURVEYOR ",consumer_name=\"C\",consumer_leader=\"srv\""
#define OF_SURVEYOR                                                                                \
    "account=\"ACC\",account_name=\"ACC\",cluster_name=\"\",server_id=\"NID\","                   \
    "server_name=\"srv\",stream=\"S\",stream_leader=\"srv\",raft_group=\"\""

static void a_surveyor_has_labels_of_its_own(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\nnats_stream_total_messages{" OF_SURVEYOR "} 2\n",
        "\nnats_stream_last_seq{" OF_SURVEYOR "} 9\n",
        "\nnats_consumer_num_pending{" CONSUMER_OF_SURVEYOR "} 7\n",
        "\nnats_core_account_jetstream_replica_count{" OF_ACCOUNT "} 1\n",
    };
    static const char *const others[] = { "nats_account_", "limit_", "source_", "last_delivery" };
    struct page p = { 0 };
    show(&p, true, true);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        if (strstr(buf_str(&p.text), lines[i]) == NULL) fail_msg("%s", lines[i]);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_null(strstr(buf_str(&p.text), others[i]));
    page_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_streams_and_consumers_have_the_names_of_the_exporter),
        cmocka_unit_test(what_was_not_asked_for_is_not_told),
        cmocka_unit_test(a_surveyor_has_labels_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
