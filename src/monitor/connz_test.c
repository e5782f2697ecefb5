/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/connz.h"

#include <stdio.h>

#include "core/report.h"
#include "monitor/monitor_testing.h"

/* --- pure parts --- */

static void a_page_never_leaves_its_bounds(void **state)
{
    (void)state;
    static const uint64_t numbers[] = { 0, 1, 2, 10, INT64_MAX, UINT64_MAX - 1, UINT64_MAX };
    for (uint32_t i = 0; i < ARRAY_COUNT(numbers); i++)
        for (uint32_t k = 0; k < ARRAY_COUNT(numbers); k++) {
            uint64_t from;
            uint64_t count = connz_page(10, numbers[i], numbers[k], &from);
            assert_true(from <= 10 && count <= 10 - from);
            assert_true(count <= numbers[k]);
            if (numbers[i] < 10 && numbers[k] > 0) assert_true(count > 0);
        }
}

/* Two connections, and which of them comes first by each order. */
static const struct {
    const char *sort;
    bool        second_first;
} orders[] = {
    { "", false },          { "cid", false },      { "start", false },    { "subs", true },
    { "pending", true },    { "msgs_to", true },   { "msgs_from", true }, { "bytes_to", true },
    { "bytes_from", true }, { "last", true },      { "idle", true },      { "uptime", false },
    { "stop", true },       { "reason", true },    { "rtt", true },
};

static void every_order_has_its_direction(void **state)
{
    (void)state;
    struct conn_report a = {
        .cid = 1, .started = 1, .last_activity = 1, .stopped = 1, .uptime = 1, .reason = CLOSE_STALE
    };
    struct conn_report b = { .cid = 2,
                             .started = 2,
                             .last_activity = 2,
                             .stopped = 2,
                             .uptime = 2,
                             .reason = CLOSE_AUTH_VIOLATION,
                             .rtt = 2,
                             .idle = 2,
                             .pending_bytes = 2,
                             .in_msgs = 2,
                             .in_bytes = 2,
                             .out_msgs = 2,
                             .out_bytes = 2,
                             .subs_count = 2 };
    for (uint32_t i = 0; i < ARRAY_COUNT(orders); i++) {
        const struct connz_sort *s = connz_sort_find(orders[i].sort);
        assert_non_null(s);
        bool second_first = connz_sort_key(s, &b, 9) < connz_sort_key(s, &a, 9);
        assert_int_equal(second_first, orders[i].second_first);
    }
    assert_null(connz_sort_find("CID"));
    assert_null(connz_sort_find("bogus"));
}

static void the_tables_fit_their_structs(void **state)
{
    (void)state;
    json_table_check(&connz_table);
    json_table_check(&sub_row_table);
}

/* --- the page --- */

/* clang-format off */
static const char LINES[] =
    CONNECT_AS(",\"name\":\"app\",\"lang\":\"c\",\"version\":\"1.2\"")
    "SUB foo 1\r\n"
    "SUB bar.> q 2\r\n"
    "UNSUB 2 9\r\n"
    "PUB foo 3\r\nabc\r\n"
    "PUB none 2\r\nab\r\n";
/* clang-format on */

static const char CONN_5[] = "{\n"
                             "  \"server_id\": \"NID\",\n"
                             "  \"now\": \"2023-11-14T22:15:20Z\",\n"
                             "  \"num_connections\": 1,\n"
                             "  \"total\": 1,\n"
                             "  \"offset\": 0,\n"
                             "  \"limit\": 1024,\n"
                             "  \"connections\": [\n"
                             "    {\n"
                             "      \"cid\": 5,\n"
                             "      \"kind\": \"Client\",\n"
                             "      \"type\": \"nats\",\n"
                             "      \"ip\": \"127.0.0.1\",\n"
                             "      \"port\": 1000,\n"
                             "      \"start\": \"2023-11-14T22:13:20Z\",\n"
                             "      \"last_activity\": \"2023-11-14T22:13:20Z\",\n"
                             "      \"rtt\": \"1ns\",\n"
                             "      \"uptime\": \"2m0s\",\n"
                             "      \"idle\": \"2m0s\",\n"
                             "      \"pending_bytes\": 0,\n"
                             "      \"in_msgs\": 2,\n"
                             "      \"out_msgs\": 1,\n"
                             "      \"in_bytes\": 5,\n"
                             "      \"out_bytes\": 3,\n"
                             "      \"subscriptions\": 2,\n"
                             "      \"name\": \"app\",\n"
                             "      \"lang\": \"c\",\n"
                             "      \"version\": \"1.2\",\n"
                             "      \"subscriptions_list_detail\": [\n"
                             "        {\n"
                             "          \"subject\": \"foo\",\n"
                             "          \"sid\": \"1\",\n"
                             "          \"msgs\": 1,\n"
                             "          \"cid\": 5\n"
                             "        },\n"
                             "        {\n"
                             "          \"subject\": \"bar.\\u003e\",\n"
                             "          \"qgroup\": \"q\",\n"
                             "          \"sid\": \"2\",\n"
                             "          \"msgs\": 0,\n"
                             "          \"max\": 9,\n"
                             "          \"cid\": 5\n"
                             "        }\n"
                             "      ],\n"
                             "      \"name_tag\": \"$G\"\n"
                             "    }\n"
                             "  ]\n"
                             "}";

/* A client that only answers pings is idle, as on nats-server, and what is told of it stands. */
static void pings_are_no_activity(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    int sock = world_client(w, LINES);
    static const struct {
        const char *says, *last;
    } rows[] = {
        { "PING\r\n", "\"last_activity\": \"2023-11-14T22:13:20Z\"" },
        { "PONG\r\n", "\"last_activity\": \"2023-11-14T22:13:20Z\"" },
        { "SUB x 7\r\n", "\"last_activity\": \"2023-11-14T22:16:20Z\"" },
        { "UNSUB 7\r\n", "\"last_activity\": \"2023-11-14T22:17:20Z\"" },
        { "PUB x 0\r\n\r\n", "\"last_activity\": \"2023-11-14T22:18:20Z\"" },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        w->fake->now += MINUTE;
        w->fake->wall += MINUTE;
        buf_add_str(&w->fake->socks[sock].in, rows[i].says);
        fake_run(w->fake);
        w->fake->wall += 1;             /* the two clocks never run quite alike */
        world_has(w, "/connz", "", rows[i].last);
        w->fake->wall -= 1;
    }
    world_free(w);
}

static void a_connection_is_shown_as_nats_server_shows_it(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_client(w, LINES);
    w->fake->now += 2 * MINUTE;
    w->fake->wall += 2 * MINUTE;
    world_expect(w, "/connz", "subs=detail&auth=1", 200, CONN_5);
    world_has(w, "/connz", "subs=1",
              "\"subscriptions_list\": [\n        \"foo\",\n        \"bar.\\u003e\"\n");
    world_lacks(w, "/connz", "", "name_tag");
    world_free(w);
}

static void one_line(const char *body, const char *key, char line[64])
{
    const char *at = strstr(body, key);
    assert_non_null(at);
    (void)snprintf(line, 64, "%.*s", (int)strcspn(at, ",\n"), at);
}

/* "num_connections total offset limit" of what a query gives. */
static void expect_counts(struct world *w, const char *query, const char *counts)
{
    static const char *const keys[] = { "\"num_connections\"", "\"total\"", "\"offset\"",
                                        "\"limit\"" };
    char line[64], got[256] = "";
    for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
        one_line(world_get(w, "/connz", query), keys[i], line);
        size_t len = strlen(got);
        (void)snprintf(got + len, sizeof got - len, "%s%s", i > 0 ? " " : "",
                       strchr(line, ' ') + 1);
    }
    assert_string_equal(got, counts);
}

static void filters_and_pages_count_as_in_nats_server(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (int i = 0; i < 3; i++) world_client(w, CONNECT_AS(""));
    world_hang_up(w, world_client(w, CONNECT_AS("") "SUB z 9\r\n"));
    expect_counts(w, "", "3 3 0 1024");
    expect_counts(w, "limit=1&offset=1", "1 3 1 1");
    expect_counts(w, "limit=2&offset=5", "0 3 5 2");
    expect_counts(w, "limit=9223372036854775807&offset=9223372036854775807",
                  "0 3 9223372036854775807 9223372036854775807");
    expect_counts(w, "limit=-1&offset=-5", "3 3 0 1024");
    expect_counts(w, "cid=6", "1 3 0 1");
    expect_counts(w, "cid=99", "0 3 0 1");
    expect_counts(w, "acc=$G", "3 3 0 1024");
    expect_counts(w, "acc=nope", "0 0 0 1024");
    expect_counts(w, "user=nobody", "0 3 0 1024");
    expect_counts(w, "mqtt_client=x", "0 3 0 1024");
    expect_counts(w, "state=closed", "1 1 0 1024");
    expect_counts(w, "state=any", "4 4 0 1024");
    expect_counts(w, "state=ALL&limit=2", "2 4 0 2");
    world_has(w, "/connz", "acc=nope", "\"connections\": null");
    world_has(w, "/connz", "user=nobody", "\"connections\": []");
    world_has(w, "/connz", "state=closed", "\"reason\": \"Client Closed\"");
    world_has(w, "/connz", "state=closed&subs=detail",
              "\"account_tag\": \"$G\",\n          \"subject\": \"z\"");
    world_free(w);
}

static const struct {
    const char *query;
    const char *error;
} errors[] = {
    { "sort=bogus", "invalid sorting option: bogus" },
    { "sort=stop", "sort by stop only valid on closed connections" },
    { "sort=reason&state=any", "sort by reason only valid on closed connections" },
    { "state=1", "Error decoding state for 1" },
    { "auth=x",
      "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"x\": invalid syntax" },
    { "subs=x",
      "Error decoding boolean for 'subs': strconv.ParseBool: parsing \"x\": invalid syntax" },
    { "limit=x", "Error decoding int for 'limit': strconv.Atoi: parsing \"x\": invalid syntax" },
    { "offset=x", "Error decoding int for 'offset': strconv.Atoi: parsing \"x\": invalid syntax" },
    { "cid=x",
      "Error decoding uint64 for 'cid': strconv.ParseUint: parsing \"x\": invalid syntax" },
};

static void bad_parameters_are_named(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (uint32_t i = 0; i < ARRAY_COUNT(errors); i++)
        world_expect(w, "/connz", errors[i].query, 400, errors[i].error);
    world_free(w);
}

static void token_users(struct options *o)
{
    o->authorization.present = true;
    o->authorization.token = "canary";
}

static void a_token_is_never_shown(void **state)
{
    (void)state;
    struct world *w = world_new(token_users);
    world_client(w, CONNECT_AS(",\"auth_token\":\"canary\""));
    world_client(w, CONNECT_AS(",\"auth_token\":\"canary2\""));
    for (int i = 0; i < 3; i++) {       /* a refusal may be answered late */
        w->fake->now += SECOND;
        fake_run(w->fake);
    }
    world_has(w, "/connz", "auth=1", "\"authorized_user\": \"[REDACTED]\"");
    world_has(w, "/connz", "auth=1&state=closed", "\"authorized_user\": \"[REDACTED]\"");
    world_lacks(w, "/connz", "auth=1&state=any&subs=detail", "canary");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_never_leaves_its_bounds),
        cmocka_unit_test(every_order_has_its_direction),
        cmocka_unit_test(the_tables_fit_their_structs),
        cmocka_unit_test(a_connection_is_shown_as_nats_server_shows_it),
        cmocka_unit_test(pings_are_no_activity),
        cmocka_unit_test(filters_and_pages_count_as_in_nats_server),
        cmocka_unit_test(bad_parameters_are_named),
        cmocka_unit_test(a_token_is_never_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
