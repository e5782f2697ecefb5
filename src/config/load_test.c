/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/testing.h"

static void the_keys_of_a_core_server_reach_their_fields(void **state)
{
    (void)state;
    AUTO_FREE(options)
    o = testing_options(
        "listen: \"127.0.0.1:4333\"\nserver_name: n1\nclient_advertise: \"h:1\"\n"
        "max_payload: 2MB\nmax_pending: 10M\nmax_connections: 7\nmax_subs: 5\nmax_sub_tokens: 9\n"
        "ping_interval: \"5s\"\nping_max: 4\nwrite_deadline: \"3s\"\nwrite_timeout: retry\n"
        "lame_duck_duration: \"40s\"\nlame_duck_grace_period: \"1s\"\nhttp: \"localhost:8222\"\n"
        "http_base_path: /x\ntrace_verbose: true\nlogtime: no\nlog_file: f\nlog_size_limit: 5\n"
        "server_tags: [\" A:b\", a:B, c]\nserver_metadata { k: v }\nproxy_protocol: on\n"
        "midge { reactors: 2, http_user: u, http_password: p, metrics_style: surveyor }\n");
    assert_non_null(o);
    assert_string_equal(o->client.host, "127.0.0.1");
    assert_int_equal(o->client.port, 4333);
    assert_string_equal(o->client.advertise, "h:1");
    assert_string_equal(o->server_name, "n1");
    assert_int_equal(o->limits.max_payload, 2 << 20);
    assert_int_equal(o->limits.max_pending, 10000000);
    assert_int_equal(o->limits.max_connections, 7);
    assert_int_equal(o->limits.max_subscriptions, 5);
    assert_int_equal(o->limits.max_sub_tokens, 9);
    assert_int_equal(o->ping_interval, 5 * SECOND);
    assert_int_equal(o->ping_max, 4);
    assert_int_equal(o->write_deadline, 3 * SECOND);
    assert_int_equal(o->write_timeout, WRITE_TIMEOUT_RETRY);
    assert_int_equal(o->lame_duck_duration, 40 * SECOND);
    assert_string_equal(o->monitoring.host, "localhost");
    assert_int_equal(o->monitoring.http_port, 8222);
    assert_true(o->logging.trace);
    assert_false(o->logging.logtime);
    assert_int_equal(o->server_tags.count, 2);
    assert_string_equal(o->server_tags.items[0], "a:b");
    assert_string_equal(o->server_metadata.items[0].value, "v");
    assert_true(o->proxy_protocol);
    assert_int_equal(o->midge.reactors, 2);
    assert_int_equal(o->midge.metrics_style, METRICS_SURVEYOR);
}

static void users_carry_what_counts_for_them(void **state)
{
    (void)state;
    AUTO_FREE(options)
    o = testing_options(
        "authorization {\n timeout: 1.5\n default_permissions { publish: a }\n users: [\n"
        "  { user: x, password: p }\n"
        "  { user: y, permissions { subscribe: { allow: [\"b q\", c], deny: d }, "
        "allow_responses: true },"
        " clients: [mqtt, STANDARD] } ] }\n"
        "accounts { A { users: [ { user: z } ], limits { max_conn: 3 } } }\n");
    assert_non_null(o);
    const struct user_list *users = &o->authorization.users;
    assert_int_equal(o->authorization.timeout, 1500 * MILLISECOND);
    assert_int_equal(users->count, 2);
    assert_string_equal(users->items[0].permissions->publish.allow[0].subject, "a");
    const struct permissions *y = users->items[1].permissions;
    assert_string_equal(y->subscribe.allow[0].queue, "q");
    assert_null(y->subscribe.allow[1].queue);
    assert_string_equal(y->subscribe.deny[0].subject, "d");
    assert_int_equal(y->responses.max, 1);
    assert_int_equal(y->responses.expires, 2 * MINUTE);
    assert_true(y->publish.allow_present);
    assert_int_equal(y->publish.allow_count, 0);
    assert_int_equal(users->items[1].connection_types, CONNECTION_MQTT | CONNECTION_STANDARD);
    assert_string_equal(o->accounts[0].users.items[0].account, "A");
    assert_null(o->accounts[0].users.items[0].permissions);
    assert_int_equal(o->accounts[0].connections_max, 3);
    assert_int_equal(o->accounts[0].payload_max, -1);
}

static void zero_connections_refuse_all(void **state)
{
    (void)state;
    AUTO_FREE(options) o = testing_options("max_connections: 0");
    assert_int_equal(o->limits.max_connections, -1);
}

static void all_mistakes_are_collected_and_warnings_come_first(void **state)
{
    (void)state;
    struct load_report report;
    enum err e;
    AUTO_FREE(options)
    o = testing_load("port: x\nfoo: 1\nping_interval: 5\ncluster { name: \"a b\" }", &report, &e);
    assert_non_null(o->config_digest);
    assert_int_equal(e, ERR_INVALID);
    assert_int_equal(report.warnings.count, 1);
    assert_int_equal(report.errors.count, 3);
    struct buf text = { 0 };
    load_report_text(&report, &text);
    assert_string_equal(
        buf_str(&text),
        "a.conf:3:1: invalid use of field \"ping_interval\": ping_interval should be converted "
        "to a duration\n"
        "a.conf:1:0: interface conversion: interface {} is string, not int64\n"
        "a.conf:2:1: unknown field \"foo\"\n"
        "a.conf:4:11: cluster name cannot contain spaces");
    buf_deinit(&text);
    assert_int_equal(report.errors.items[1].pos.line, 2);
}

static void a_missing_file_is_one_message(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    struct load_report report;
    const struct config_source source = { (void *)(uintptr_t) "", testing_read, testing_getenv };
    assert_int_equal(load_file(&source, "b.conf", o, &report), ERR_INVALID);
    assert_string_equal(report.errors.items[0].text, "open b.conf: no such file or directory");
}

static void credentials_of_remotes_are_expanded(void **state)
{
    (void)state;
    AUTO_FREE(options)
    o = testing_options(
        "leafnodes { remotes: [ { creds: \"~/a\" }, { creds: \"$HOME/b${HOME}$NO\" } ] }");
    assert_string_equal(o->leafnodes.remotes[0].credentials, "/h/a");
    assert_string_equal(o->leafnodes.remotes[1].credentials, "/h/b/h");
}

static void tls_takes_its_forms(void **state)
{
    (void)state;
    AUTO_FREE(options)
    o = testing_options(
        "tls { timeout: \"3s\", min_version: \"1.3\", first: auto, verify_and_map: true,"
        " curve_preferences: [X25519] }\nmqtt { tls { first: \"200ms\" } }");
    assert_int_equal(o->tls.timeout, 3 * SECOND);
    assert_int_equal(o->tls.min_version, TLS_VERSION_1_3);
    assert_true(o->tls.handshake_first);
    assert_int_equal(o->tls.handshake_first_fallback, 50 * MILLISECOND);
    assert_true(o->tls.verify);
    assert_int_equal(o->mqtt.tls.handshake_first_fallback, 200 * MILLISECOND);
    assert_int_equal(o->mqtt.tls.timeout, 2 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_a_core_server_reach_their_fields),
        cmocka_unit_test(users_carry_what_counts_for_them),
        cmocka_unit_test(zero_connections_refuse_all),
        cmocka_unit_test(all_mistakes_are_collected_and_warnings_come_first),
        cmocka_unit_test(a_missing_file_is_one_message),
        cmocka_unit_test(credentials_of_remotes_are_expanded),
        cmocka_unit_test(tls_takes_its_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
