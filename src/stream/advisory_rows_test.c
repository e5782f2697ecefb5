/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/advisory_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/gotime.h"
#include "stream/api_info.h"

#define T0 1790676792000000000

static const struct stream_state state = { .messages = 1,
                                           .first_ts = GOTIME_ZERO,
                                           .last_ts = GOTIME_ZERO };
static struct advisory_range ranges[] = { { 5, 5 }, { 7, 9 } };
static const struct advisory_event event = {
    .id = "ID",
    .domain = "D1",
    .server = "s1",
    .server_id = "N1",
    .cluster = "",
    .account = "A",
    .timestamp = T0,
    .client = SLICE_INIT("{\"id\":7}"),
    .facts = {
        .stream = SLICE_INIT("S"),
        .consumer = SLICE_INIT("C"),
        .action = "create",
        .stream_seq = 1,
        .consumer_seq = 2,
        .deliveries = 3,
        .ack_time = 4,
        .reason = SLICE_INIT("r"),
        .group = SLICE_INIT("g"),
        .pinned_id = SLICE_INIT("p"),
        .batch = SLICE_INIT("b"),
        .paused = true,
        .pause_until = T0,
        .request = SLICE_INIT("{}"),
        .response = SLICE_INIT("<r>"),
        .subject = SLICE_INIT("$JS.API.INFO"),
        .start = T0,
        .end = T0 + 1,
        .bytes = 5,
        .error = SLICE_INIT("e"),
        .dropped = 6,
        .state = &state,
        .messages = 4,
        .ranges = { ranges, ARRAY_COUNT(ranges) },
        .has_more_ranges = true,
    },
};

#define HEAD(kind)                                            \
    "{\"type\":\"io.nats.jetstream." kind "\",\"id\":\"ID\"," \
    "\"timestamp\":\"2026-09-29T10:13:12Z\","
#define ADVISORY(kind) HEAD("advisory.v1." kind)
#define SC "\"stream\":\"S\",\"consumer\":\"C\","
#define DOMAIN "\"domain\":\"D1\"}"
#define CLIENT "\"client\":{\"id\":7},"

/* Members and their order as nats-server 2.15.2 has them; STREAM.DAMAGED is our own. */
static const struct {
    enum advisory which;
    const char *text;
} cases[] = {
    { ADVISORY_API_AUDIT, ADVISORY("api_audit") "\"server\":\"s1\"," CLIENT
                                                "\"subject\":\"$JS.API.INFO\",\"request\":\"{}\","
                                                "\"response\":\"\\u003cr\\u003e\"," DOMAIN },
    { ADVISORY_STREAM_CREATED,
      ADVISORY("stream_action") "\"stream\":\"S\",\"action\":\"create\"," DOMAIN },
    { ADVISORY_CONSUMER_CREATED, ADVISORY("consumer_action") SC "\"action\":\"create\"," DOMAIN },
    { ADVISORY_CONSUMER_PAUSE,
      ADVISORY("consumer_pause") SC "\"paused\":true,"
                                    "\"pause_until\":\"2026-09-29T10:13:12Z\"," DOMAIN },
    { ADVISORY_MAX_DELIVERIES,
      ADVISORY("max_deliver") SC "\"stream_seq\":1,\"deliveries\":3," DOMAIN },
    { ADVISORY_MSG_NAKED, ADVISORY("nak") SC "\"consumer_seq\":2,\"stream_seq\":1,"
                                             "\"deliveries\":3," DOMAIN },
    { ADVISORY_MSG_TERMINATED,
      ADVISORY("terminated") SC "\"consumer_seq\":2,\"stream_seq\":1,"
                                "\"deliveries\":3,\"reason\":\"r\"," DOMAIN },
    { ADVISORY_PINNED,
      ADVISORY("consumer_group_pinned") "\"account\":\"A\"," SC
                                        "\"domain\":\"D1\",\"group\":\"g\",\"pinned_id\":\"p\"}" },
    { ADVISORY_UNPINNED,
      ADVISORY("consumer_group_unpinned") "\"account\":\"A\"," SC
                                          "\"domain\":\"D1\",\"group\":\"g\",\"reason\":\"r\"}" },
    { ADVISORY_SNAPSHOT_CREATE,
      ADVISORY("snapshot_create") "\"stream\":\"S\",\"state\":{"
                                  "\"messages\":1,\"bytes\":0,\"first_seq\":0,"
                                  "\"first_ts\":\"0001-01-01T00:00:00Z\","
                                  "\"last_seq\":0,\"last_ts\":\"0001-01-01T00:00:00Z\","
                                  "\"consumer_count\":0}," CLIENT DOMAIN },
    { ADVISORY_SNAPSHOT_COMPLETE,
      ADVISORY("snapshot_complete") "\"stream\":\"S\","
                                    "\"start\":\"2026-09-29T10:13:12Z\","
                                    "\"end\":\"2026-09-29T10:13:12.000000001Z\"," CLIENT
                                    "\"domain\":\"D1\",\"error\":\"e\"}" },
    { ADVISORY_RESTORE_CREATE, ADVISORY("restore_create") "\"stream\":\"S\"," CLIENT DOMAIN },
    { ADVISORY_RESTORE_COMPLETE,
      ADVISORY("restore_complete") "\"stream\":\"S\","
                                   "\"start\":\"2026-09-29T10:13:12Z\","
                                   "\"end\":\"2026-09-29T10:13:12.000000001Z\",\"bytes\":5," CLIENT
                                       DOMAIN },
    { ADVISORY_BATCH_ABANDONED,
      ADVISORY("stream_batch_abandoned") "\"account\":\"A\","
                                         "\"stream\":\"S\",\"domain\":\"D1\",\"batch\":\"b\","
                                         "\"reason\":\"r\"}" },
    { ADVISORY_STREAM_DAMAGED,
      "{\"type\":\"io.midge.jetstream.advisory.v1.stream_damaged\",\"id\":\"ID\","
      "\"timestamp\":\"2026-09-29T10:13:12Z\",\"account\":\"A\",\"stream\":\"S\","
      "\"domain\":\"D1\",\"messages\":4,\"ranges\":[{\"first_seq\":5,\"last_seq\":5},"
      "{\"first_seq\":7,\"last_seq\":9}],\"more\":true}" },
    { ADVISORY_ACK_METRIC,
      HEAD("metric.v1.consumer_ack") SC "\"consumer_seq\":2,\"stream_seq\":1,"
                                        "\"ack_time\":4,\"deliveries\":3," DOMAIN },
    { ADVISORY_API_LIMIT, ADVISORY("api_limit_reached") "\"server\":\"s1\",\"domain\":\"D1\","
                                                        "\"dropped\":6}" },
    { ADVISORY_OUT_OF_STORAGE,
      ADVISORY(
          "server_out_of_space") "\"server\":\"s1\","
                                 "\"server_id\":\"N1\",\"stream\":\"S\",\"cluster\":\"\"," DOMAIN },
};

static void each_advisory_tells_what_nats_server_tells(void **state_unused)
{
    (void)state_unused;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct advisory_row row = advisory_row(cases[i].which);
        struct advisory_event e = event;
        struct buf text = { 0 };
        struct json_writer w = json_writer_on(&text, JSON_COMPACT);
        e.type = row.type;
        json_table_write(row.table, &e, &w);
        assert_string_equal(buf_str(&text), cases[i].text);
        buf_deinit(&text);
    }
}

static void every_row_is_whole(void **state_unused)
{
    (void)state_unused;
    for (enum advisory which = 0; which < ADVISORY_COUNT; which++) {
        struct advisory_row row = advisory_row(which);
        json_table_check(row.table);
        assert_true(slice_starts(slice_str(row.subject), SLICE_LIT("$JS.EVENT.")));
    }
    /* the only one that no client can cause */
    assert_string_equal(advisory_row(ADVISORY_OUT_OF_STORAGE).subject,
                        "$JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_advisory_tells_what_nats_server_tells),
        cmocka_unit_test(every_row_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
