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

/* An account with a stream that draws from two others, and a consumer that has delivered once. */
static void show(struct page *p, bool streams, bool consumers)
{
    static const struct server_identity id = { .id = "NID", .name = "srv" };
    struct stream_external external = { .api = "$JS.D.API", .deliver = "d" };
    struct stream_source_info sources[] = { { .name = "A", .lag = 3, .active = -1 },
                                            { .name = "B", .external = &external, .active = 5 } };
    struct consumer_info consumer = { .name = "C",
                                      .num_pending = 7,
                                      .delivered = { 4, 9, 1000 * SECOND } };
    struct stream_info info = { .config = { .name = "S", .max_msgs = -1, .max_bytes = 100 },
                                .state = { .messages = 2, .last_seq = 9 },
                                .sources = { sources, 2 } };
    struct js_report_stream stream = { .info = &info, .consumers = { &consumer, 1 } };
    struct js_report_account account = { .name = "ACC",
                                         .memory = 11,
                                         .limits = { .memory_max = -1 },
                                         .streams = &stream,
                                         .streams_count = 1 };
    struct js_report report = { .with_accounts = true,
                                .with_streams = streams,
                                .with_consumers = consumers,
                                .accounts = &account,
                                .accounts_count = 1 };
    p->arena = arena_new();
    struct exposition e = { .out = &p->text };
    const struct metrics_js m = { .report = &report,
                                  .identity = &id,
                                  .arena = p->arena,
                                  .out = &e,
                                  .prefix = "nats_",
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
    show(&p, true, true);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_streams_and_consumers_have_the_names_of_the_exporter),
        cmocka_unit_test(what_was_not_asked_for_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
