/* SPDX-License-Identifier: Apache-2.0 */
/* The answers were seen on the wire of nats-server 2.15.2; times are shortened. */
#include "stream/api_messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/gotime.h"
#include "stream/metadata.h"

#define V1 "{\"type\":\"io.nats.jetstream.api.v1."
#define CONFIG \
    "\"config\":{\"name\":\"S\",\"subjects\":[\"s.\\u003e\"],\"retention\":\"limits\"," \
    "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0," \
    "\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,\"discard\":\"old\",\"storage\":\"file\"," \
    "\"num_replicas\":1,\"duplicate_window\":120000000000,\"compression\":\"none\"," \
    "\"allow_direct\":true,\"mirror_direct\":false,\"sealed\":false,\"deny_delete\":false," \
    "\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits\":{}," \
    "\"allow_msg_ttl\":false,\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"0\"," \
    "\"_nats.ver\":\"2.15.2\"}}"
#define EMPTY_STATE \
    "\"state\":{\"messages\":0,\"bytes\":0,\"first_seq\":0,\"first_ts\":\"0001-01-01T00:00:00Z\"," \
    "\"last_seq\":0,\"last_ts\":\"0001-01-01T00:00:00Z\",\"consumer_count\":0}"
#define NOT_FOUND \
    ",\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}"

static void expect_text(struct buf *out, const char *expected)
{
    assert_string_equal(buf_str(out), expected);
    buf_deinit(out);
}

static void expect_response(enum js_api verb, void *response, const char *expected)
{
    struct buf out = { 0 };
    json_table_check(js_response_table(verb));
    js_response_write(verb, response, &out);
    expect_text(&out, expected);
}

static const char *subjects[] = { "s.>" };

static struct stream_info stream_info_make(struct arena *arena)
{
    struct stream_info info = {
        .config = { .name = "S",
                    .subjects = { subjects, 1 },
                    .max_consumers = -1,
                    .max_msgs = -1,
                    .max_bytes = -1,
                    .max_msgs_per_subject = -1,
                    .max_msg_size = -1,
                    .storage = JS_STORAGE_FILE,
                    .num_replicas = 1,
                    .duplicate_window = 2 * MINUTE,
                    .allow_direct = true },
        .created = 1 * SECOND,
        .state = { .first_ts = GOTIME_ZERO, .last_ts = GOTIME_ZERO },
        .ts = 2 * SECOND,
    };
    js_metadata_store(&info.config.metadata, 0, arena);
    js_metadata_answer(&info.config.metadata, "2.15.2", arena);
    return info;
}

static void streams_are_told_of(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct stream_info info = stream_info_make(arena);
    struct stream_create_response created = { .info = &info, .did_create = true };
    expect_response(JS_API_STREAM_CREATE, &created,
                    V1 "stream_create_response\""
                       "," CONFIG ",\"created\":\"1970-01-01T00:00:01Z\"," EMPTY_STATE
                       ",\"ts\":\"1970-01-01T00:00:02Z\",\"did_create\":true}");

    struct json_count counts[] = { { "s.1", 1 }, { "s.3", 2 } };
    uint64_t deleted[] = { 2 };
    struct js_cluster_info cluster = { .leader = "n1" };
    info.domain = "hub";
    info.cluster = &cluster;
    info.state = (struct stream_state){
        .messages = 3,
        .bytes = 136,
        .first_seq = 1,
        .first_ts = 1,
        .last_seq = 4,
        .last_ts = 2,
        .num_subjects = 2,
        .subjects = { counts, 2 },
        .num_deleted = 1,
        .deleted = { deleted, 1 },
    };
    struct stream_info_response told = { .paged = { 2, 0, JS_SUBJECTS_LIMIT }, .info = &info };
    expect_response(JS_API_STREAM_INFO, &told,
                    V1 "stream_info_response\""
                       ",\"total\":2,\"offset\":0,\"limit\":100000," CONFIG
                       ",\"created\":\"1970-01-01T00:00:01Z\",\"state\":{\"messages\":3,"
                       "\"bytes\":136,\"first_seq\":1,"
                       "\"first_ts\":\"1970-01-01T00:00:00.000000001Z\","
                       "\"last_seq\":4,\"last_ts\":\"1970-01-01T00:00:00.000000002Z\","
                       "\"num_subjects\":2,\"subjects\":{\"s.1\":1,\"s.3\":2},\"num_deleted\":1,"
                       "\"deleted\":[2],\"consumer_count\":0},\"domain\":\"hub\","
                       "\"cluster\":{\"leader\":\"n1\"},\"ts\":\"1970-01-01T00:00:02Z\"}");
}

static void mirrors_and_sources_are_told_of(void **state)
{
    (void)state;
    struct stream_external external = { "$JS.x.API", "dd" };
    struct stream_transform transforms[] = { { "a", "b" } };
    struct stream_source_info mirror = { .name = "S", .active = -1 };
    struct stream_source_info sources[] = {
        { .name = "B", .seq = 2, .active = 891169986 },
        { .name = "nope",
          .external = &external,
          .active = -1,
          .subject_transforms = { transforms, 1 } },
    };
    AUTO_FREE(arena) arena = arena_new();
    struct stream_info info = stream_info_make(arena);
    info.mirror = &mirror;
    info.sources = (struct json_array){ sources, 2 };
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(&stream_info_table, &info, &w);
    expect_text(&out,
                "{" CONFIG ",\"created\":\"1970-01-01T00:00:01Z\"," EMPTY_STATE
                ",\"mirror\":{\"name\":\"S\",\"lag\":0,\"active\":-1},"
                "\"sources\":[{\"name\":\"B\",\"lag\":0,\"seq\":2,\"active\":891169986},"
                "{\"name\":\"nope\",\"external\":{\"api\":\"$JS.x.API\",\"deliver\":\"dd\"},"
                "\"lag\":0,\"active\":-1,\"subject_transforms\":[{\"src\":\"a\",\"dest\":\"b\"}]}],"
                "\"ts\":\"1970-01-01T00:00:02Z\"}");
}

static struct consumer_config consumer_config = {
    .durable_name = "p",
    .name = "p",
    .max_deliver = -1,
    .deliver_subject = "dd",
};

#define CONSUMER \
    "\"stream_name\":\"B\",\"name\":\"p\",\"created\":\"1970-01-01T00:00:01Z\"," \
    "\"config\":{\"durable_name\":\"p\",\"name\":\"p\",\"deliver_policy\":\"all\"," \
    "\"ack_policy\":\"none\",\"max_deliver\":-1,\"replay_policy\":\"instant\"," \
    "\"deliver_subject\":\"dd\",\"num_replicas\":0},\"delivered\":{\"consumer_seq\":2," \
    "\"stream_seq\":2,\"last_active\":\"1970-01-01T00:00:03Z\"},\"ack_floor\":{" \
    "\"consumer_seq\":2,\"stream_seq\":2},\"num_ack_pending\":0,\"num_redelivered\":0," \
    "\"num_waiting\":0,\"num_pending\":0,\"push_bound\":true,\"ts\":\"1970-01-01T00:00:02Z\"," \
    "\"priority_groups\":[{\"group\":\"g\",\"pinned_ts\":\"0001-01-01T00:00:00Z\"}]"

static void consumers_are_told_of(void **state)
{
    (void)state;
    struct consumer_group_info groups[] = { { .group = "g", .pinned_ts = GOTIME_ZERO } };
    struct consumer_info info = {
        .stream_name = "B",
        .name = "p",
        .created = 1 * SECOND,
        .config = &consumer_config,
        .delivered = { 2, 2, 3 * SECOND },
        .ack_floor = { 2, 2, 0 },
        .push_bound = true,
        .ts = 2 * SECOND,
        .priority_groups = { groups, 1 },
    };
    struct consumer_response told = { .info = &info };
    expect_response(JS_API_CONSUMER_INFO, &told,
                    V1 "consumer_info_response\""
                       "," CONSUMER "}");
    struct consumer_reset_response reset = { .info = &info, .reset_seq = 2 };
    expect_response(JS_API_CONSUMER_RESET, &reset,
                    V1 "consumer_reset_response\""
                       "," CONSUMER ",\"reset_seq\":2}");
    struct list_response list = { .paged = { 1, 0, JS_LIST_LIMIT }, .items = { &info, 1 } };
    expect_response(JS_API_CONSUMER_LIST, &list,
                    V1 "consumer_list_response\""
                       ",\"total\":1,\"offset\":0,\"limit\":256,"
                       "\"consumers\":[{" CONSUMER "}]}");
}

static void an_account_is_told_of(void **state)
{
    (void)state;
#define LIMITS \
    "\"limits\":{\"max_memory\":-1,\"max_storage\":-1,\"max_streams\":-1,\"max_consumers\":-1," \
    "\"max_ack_pending\":-1,\"memory_max_stream_bytes\":-1,\"storage_max_stream_bytes\":-1," \
    "\"max_bytes_required\":false}"
    struct js_account_info info = {
        .usage = { .streams = 3, .consumers = 3, .limits = { -1, -1, -1, -1, -1, -1, -1, false } },
        .domain = "hub",
        .api = { .level = 5, .total = 58, .errors = 18 },
    };
    struct account_info_response told = { .info = &info };
    expect_response(JS_API_INFO, &told,
                    V1 "account_info_response\""
                       ",\"memory\":0,\"storage\":0,\"reserved_memory\":0,"
                       "\"reserved_storage\":0,\"streams\":3,\"consumers\":3," LIMITS
                       ",\"domain\":\"hub\",\"api\":{\"level\":5,\"total\":58,\"errors\":18}}");
    struct js_tier_info tier = { .streams = 1, .limits = { -1, -1, -1, -1, -1, -1, -1, false } };
    struct js_tiers_info tiers = { .r = { [2] = &tier } };
    info.tiers = &tiers;
    struct buf out = { 0 };
    js_response_write(JS_API_INFO, &told, &out);
    assert_non_null(strstr(buf_str(&out), ",\"tiers\":{\"R3\":{\"memory\":0,\"storage\":0,"
                                          "\"reserved_memory\":0,\"reserved_storage\":0,"
                                          "\"streams\":1,\"consumers\":0," LIMITS "}}}"));
    buf_deinit(&out);
}

static void small_answers_are_those_of_nats_server(void **state)
{
    (void)state;
    const char *names[] = { "S" };
    struct names_response some = { .paged = { 1, 0, JS_NAMES_LIMIT }, .names = { names, 1 } };
    expect_response(JS_API_STREAM_NAMES, &some,
                    V1 "stream_names_response\""
                       ",\"total\":1,\"offset\":0,\"limit\":1024,"
                       "\"streams\":[\"S\"]}");
    struct names_response none = { .paged = { 0, 0, JS_NAMES_LIMIT } };
    expect_response(JS_API_STREAM_NAMES, &none,
                    V1 "stream_names_response\""
                       ",\"total\":0,\"offset\":0,\"limit\":1024,"
                       "\"streams\":null}");
    expect_response(JS_API_CONSUMER_NAMES, &none,
                    V1 "consumer_names_response\""
                       ",\"total\":0,\"offset\":0,\"limit\":1024,"
                       "\"consumers\":[]}");
    struct success_response done = { .success = true };
    expect_response(JS_API_STREAM_DELETE, &done,
                    V1 "stream_delete_response\""
                       ",\"success\":true}");
    struct stream_purge_response purged = { .success = true, .purged = 1 };
    expect_response(JS_API_STREAM_PURGE, &purged,
                    V1 "stream_purge_response\""
                       ",\"success\":true,\"purged\":1}");
    struct js_stored_msg msg = {
        .subject = "s.1", .seq = 1, .data = SLICE_LIT("aGVsbG8="), .time = 1 * SECOND
    };
    struct msg_get_response got = { .message = &msg };
    expect_response(JS_API_STREAM_MSG_GET, &got,
                    V1 "stream_msg_get_response\""
                       ",\"message\":{\"subject\":\"s.1\",\"seq\":1,"
                       "\"data\":\"aGVsbG8=\",\"time\":\"1970-01-01T00:00:01Z\"}}");
    struct stream_restore_response restore = { .deliver_subject = "$JS.SNAPSHOT.RESTORE.R.x" };
    expect_response(JS_API_STREAM_RESTORE, &restore,
                    V1 "stream_restore_response\""
                       ",\"deliver_subject\":\"$JS.SNAPSHOT.RESTORE.R.x\"}");
    struct consumer_pause_response paused = { .paused = true,
                                              .pause_until = 1 * SECOND,
                                              .pause_remaining = 7 };
    expect_response(JS_API_CONSUMER_PAUSE, &paused,
                    V1 "consumer_pause_response\""
                       ",\"paused\":true,\"pause_until\":"
                       "\"1970-01-01T00:00:01Z\",\"pause_remaining\":7}");
    struct consumer_unpin_response unpinned = { 0 };
    expect_response(JS_API_CONSUMER_UNPIN, &unpinned,
                    V1 "consumer_unpin_response\""
                       "}");
}

static void errors_keep_the_fields_that_are_always_there(void **state)
{
    (void)state;
#define PAGE ",\"total\":0,\"offset\":0,\"limit\":0"
    static const struct {
        enum js_api verb;
        const char *expected;
    } rows[] = {
        { JS_API_INFO, V1 "account_info_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_CREATE, V1 "stream_create_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_UPDATE, V1 "stream_update_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_INFO, V1 "stream_info_response\"" NOT_FOUND PAGE "}" },
        { JS_API_STREAM_NAMES, V1 "stream_names_response\"" NOT_FOUND PAGE ",\"streams\":null}" },
        { JS_API_STREAM_LIST, V1 "stream_list_response\"" NOT_FOUND PAGE ",\"streams\":[]}" },
        { JS_API_STREAM_PURGE, V1 "stream_purge_response\"" NOT_FOUND ",\"purged\":0}" },
        { JS_API_STREAM_MSG_GET, V1 "stream_msg_get_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_SNAPSHOT, V1 "stream_snapshot_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_RESTORE,
          V1 "stream_restore_response\"" NOT_FOUND ",\"deliver_subject\":\"\"}" },
        { JS_API_STREAM_PEER_EVACUATE, V1 "stream_evacuate_peer_response\"" NOT_FOUND "}" },
        { JS_API_STREAM_CANCEL_MOVE, V1 "stream_cancel_move_response\"" NOT_FOUND "}" },
        { JS_API_CONSUMER_CREATE, V1 "consumer_create_response\"" NOT_FOUND "}" },
        { JS_API_CONSUMER_NAMES,
          V1 "consumer_names_response\"" NOT_FOUND PAGE ",\"consumers\":[]}" },
        { JS_API_CONSUMER_LIST, V1 "consumer_list_response\"" NOT_FOUND PAGE ",\"consumers\":[]}" },
        { JS_API_CONSUMER_INFO, V1 "consumer_info_response\"" NOT_FOUND "}" },
        { JS_API_CONSUMER_DELETE, V1 "consumer_delete_response\"" NOT_FOUND "}" },
        { JS_API_CONSUMER_PAUSE, V1 "consumer_pause_response\"" NOT_FOUND
                                    ",\"paused\":false,\"pause_until\":\"0001-01-01T00:00:00Z\"}" },
        { JS_API_CONSUMER_UNPIN, V1 "consumer_unpin_response\"" NOT_FOUND "}" },
        { JS_API_CONSUMER_RESET, V1 "consumer_reset_response\"" NOT_FOUND ",\"reset_seq\":0}" },
    };
    struct js_error error;
    (void)js_error_set(&error, JS_ERR_STREAM_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        js_error_response_write(rows[i].verb, &error, &out);
        expect_text(&out, rows[i].expected);
    }
    struct buf out = { 0 };
    js_system_response_write(&error, &out);
    expect_text(&out, V1 "system_response\"" NOT_FOUND "}");
}

static void publishes_are_answered(void **state)
{
    (void)state;
    static const struct {
        struct js_pub_ack ack;
        const char *expected;
    } rows[] = {
        { { .stream = "S", .seq = 1 }, "{\"stream\":\"S\",\"seq\":1}" },
        { { .stream = "S", .domain = "hub", .seq = 4, .duplicate = true },
          "{\"stream\":\"S\",\"domain\":\"hub\",\"seq\":4,\"duplicate\": true}" },
        { { .stream = "C", .seq = 2, .val = "10" }, "{\"stream\":\"C\",\"seq\":2,\"val\":\"10\"}" },
        { { .stream = "B", .domain = "hub", .seq = 2, .batch = "u", .count = 2 },
          "{\"stream\":\"B\",\"domain\":\"hub\",\"seq\":2,\"batch\":\"u\",\"count\":2}" },
        { { .stream = "B", .batch = "u" },
          "{\"stream\":\"B\",\"seq\":0,\"batch\":\"u\",\"count\":0}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        js_pub_ack_write(&rows[i].ack, &out);
        expect_text(&out, rows[i].expected);
    }
    struct js_error error;
    struct buf out = { 0 };
    (void)js_error_set(&error, JS_ERR_STREAM_NOT_MATCH);
    js_pub_error_write("S", &error, &out);
    expect_text(&out, "{\"error\":{\"code\":400,\"err_code\":10060,\"description\":"
                      "\"expected stream does not match\"},\"stream\":\"S\",\"seq\":0}");
    js_batch_ack_write(7, 500, &out);
    expect_text(&out, "{\"type\":\"ack\",\"seq\":7,\"msgs\":500}");
    js_batch_gap_write(3, 5, &out);
    expect_text(&out, "{\"type\":\"gap\",\"last_seq\":3,\"seq\":5}");
    js_batch_error_write(5, &error, &out);
    expect_text(&out, "{\"type\":\"err\",\"seq\":5,\"error\":{\"code\":400,\"err_code\":10060,"
                      "\"description\":\"expected stream does not match\"}}");
}

static void a_page_begins_where_it_can(void **state)
{
    (void)state;
    struct js_paged paged;
    assert_int_equal(js_page(10, -5, 4, &paged), 0);
    assert_int_equal(js_page(10, 3, 4, &paged), 3);
    assert_int_equal(js_page(10, 99, 4, &paged), 10);
    assert_int_equal(paged.offset, 10);
    assert_int_equal(paged.total, 10);
    assert_int_equal(paged.limit, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_told_of),
        cmocka_unit_test(mirrors_and_sources_are_told_of),
        cmocka_unit_test(consumers_are_told_of),
        cmocka_unit_test(an_account_is_told_of),
        cmocka_unit_test(small_answers_are_those_of_nats_server),
        cmocka_unit_test(errors_keep_the_fields_that_are_always_there),
        cmocka_unit_test(publishes_are_answered),
        cmocka_unit_test(a_page_begins_where_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
