/* SPDX-License-Identifier: Apache-2.0 */
#include "config/validate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/testing.h"

#define CLUSTER "cluster { port: -1, "
#define WEBSOCKET "websocket { port: -1, no_tls: true, "
#define USERS "\nauthorization { users: [ {user: a, password: b} ] }"

/* Recorded from nats-server 2.15.2 at start. */
static const struct {
    const char *text;
    const char *why;            /* NULL: it starts */
} cases[] = {
    { "port: -1", NULL },
    { "lame_duck_grace_period: \"5m\"",
      "lame duck grace period (5m0s) should be strictly lower than lame duck duration (2m0s)" },
    { "max_payload: 10MB\nmax_pending: 1MB",
      "max_payload (10485760) cannot be higher than max_pending (1048576)" },
    { "no_auth_user: x", "no_auth_user: \"x\" present, but users/nkeys are not defined" },
    { "no_auth_user: x" USERS,
      "no_auth_user: \"x\" not present as user or nkey in authorization block or account "
      "configuration" },
    { "no_auth_user: a" USERS, NULL },
    { "no_auth_user: u\naccounts { A { users: [ {user: u} ] } }", NULL },
    { "system_account: X", "error resolving system account: account missing" },
    { "system_account: A\naccounts { A {} }", NULL },
    { "default_sentinel: x", "default sentinel requires operators and accounts" },
    { "proxies { trusted: [ {} ] }", NULL },
    { "default_js_domain { A: b }",
      "in non operator mode, `default_js_domain` references non existing account \"A\"" },
    { "default_js_domain { A: \"b c\" }\naccounts { A {} }",
      "default_js_domain contains account \"A\" with invalid domain name \"b c\"" },
    { CLUSTER "name: a }\ngateway { name: b, port: -1 }",
      "cluster name conflicts between cluster and gateway definitions" },
    { CLUSTER "compression: x }", "unsupported compression mode \"x\"" },
    { CLUSTER "compression: s2_uncompressed }",
      "unsupported compression mode \"s2_uncompressed\"" },
    { CLUSTER "compression: { mode: s2_auto, rtt_thresholds: [1ms, 2ms, 3ms, 4ms] } }", NULL },
    { CLUSTER "compression: { mode: s2_auto, rtt_thresholds: [0s, 0s] } }",
      "compression mode \"s2_auto\" requires at least one RTT threshold" },
    { CLUSTER "accounts: [A], pool_size: -1 }",
      "pool_size cannot be negative if pinned accounts are specified" },
    { "gateway { name: a }", "gateway \"a\" has no port specified (select -1 for random port)" },
    { "gateway { port: -1 }", "gateway has no name" },
    { "gateway { name: a, port: -1, gateways: [ {url: \"nats://b:1\"} ] }",
      "gateway in the list 0 has no name" },
    { "gateway { name: a, port: -1, gateways: [ {name: b} ] }", "gateway \"b\" has no URL" },
    { "leafnodes { port: -1 }\ngateway { name: a, port: -1 }",
      "leaf nodes and gateways (both being defined) require a system account to also be "
      "configured" },
    { "leafnodes { remotes: [ {url: \"nats://a\", account: X} ] }",
      "cannot find local account \"X\" specified in leafnode remote" },
    { "leafnodes { port: -1, authorization { users: [ {user: a, account: X} ] } }",
      "cannot find local account \"X\" specified in leafnode authorization" },
    { "websocket { port: -1 }", "websocket requires TLS configuration" },
    { "websocket { }", NULL },
    { WEBSOCKET "allowed_origins: [a] }",
      "unable to parse allowed origin: parse \"a\": invalid URI for request" },
    { WEBSOCKET "no_auth_user: a }",
      "no_auth_user: \"a\" present, but users/nkeys are not defined" },
    { WEBSOCKET "authorization { token: a } }" USERS,
      "websocket authentication token not compatible with presence of users/nkeys" },
    { WEBSOCKET "authorization { user: a } }" USERS,
      "websocket authentication username not compatible with presence of users/nkeys" },
    { WEBSOCKET "jwt_cookie: a }",
      "trusted operators or trusted keys configuration is required for JWT authentication via "
      "cookie \"a\"" },
    { WEBSOCKET "headers { Host: b } }", "websocket: invalid header \"Host\" not allowed" },
    { WEBSOCKET "headers { \"sec-websocket-x\": b } }",
      "websocket: invalid header \"sec-websocket-x\", \"Sec-WebSocket-\" prefix not allowed" },
    { WEBSOCKET "headers { \"X-A\": b } }", NULL },
    { "mqtt { port: -1 }", "mqtt requires JetStream to be enabled if running in standalone mode" },
    { "mqtt { port: -1 }\ngateway { name: a, port: -1 }",
      "mqtt requires server name to be explicitly set" },
    { "mqtt { port: -1, ack_wait: \"-5s\" }\njetstream: true",
      "ack wait must be a positive value" },
    { "jetstream { domain: \"a b\" }",
      "invalid domain name: derived \"$JS.a b.API.>\" is not a valid subject" },
    { "jetstream { domain: \"a.b\" }", "invalid domain name: may not contain ., * or >" },
    { "jetstream: true\ncluster { port: -1 }",
      "jetstream cluster requires `server_name` to be set" },
};

static void options_that_do_not_fit_are_refused_in_the_words_of_nats_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(options) o = testing_options(cases[i].text);
        struct errmsg why = { "" };
        assert_non_null(o);
        enum err e = validate_options(o, &why);
        if ((e != ERR_OK) != (cases[i].why != NULL))
            print_error("%s: %s\n", cases[i].text, why.text);
        assert_int_equal(e, cases[i].why == NULL ? ERR_OK : ERR_INVALID);
        assert_string_equal(why.text, cases[i].why == NULL ? "" : cases[i].why);
    }
}

static void listeners_that_cannot_be_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        { "http: 8222", "" },
        { "http: 8222\nhttps: 8223",
          "Can't start monitoring: can't specify both HTTP (8222) and HTTPs (8223) ports" },
        { "https: 8223", "Can't start monitoring: TLS cert and key required for HTTPS" },
        { "client_advertise: \"a:b:c\"",
          "Error setting server INFO with ClientAdvertise value of a:b:c, "
          "err=address a:b:c: too many colons in address" },
        { "client_advertise: \"[::1]:5\"", "" },
        { "port: 65535", "" },
        { "port: 65536",
          "Error listening on port: 0.0.0.0:65536, \"listen tcp: address 65536: invalid port\"" },
        { "listen: \"h:-2\"",
          "Error listening on port: h:-2, \"listen tcp: address -2: invalid port\"" },
        { "http: 70000", "Can't start monitoring: can't listen to the monitor port: "
                         "listen tcp: address 70000: invalid port" },
        { "websocket { port: 70000, no_tls: true }",
          "Unable to listen for websocket connections: listen tcp: address 70000: invalid port" },
        { "leafnodes { port: -7 }",
          "Error listening on leafnode port: -7 - listen tcp: address -7: invalid port" },
        { "cluster { listen: \"h:70000\" }",
          "Error listening on router port: 70000 - listen tcp: address 70000: invalid port" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO_FREE(options) o = testing_options(rows[i].text);
        struct errmsg why = { "" };
        enum err e = validate_listeners(o, &why);
        assert_int_equal(e, rows[i].why[0] == '\0' ? ERR_OK : ERR_INVALID);
        assert_string_equal(why.text, rows[i].why);
    }
}

static void addresses_take_the_default_port_when_they_name_none(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct listen_options l = { 0 };
    struct errmsg why;
    assert_int_equal(validate_host_port("h", 42, arena, &l, &why), ERR_OK);
    assert_string_equal(l.host, "h");
    assert_int_equal(l.port, 42);
    assert_int_equal(validate_host_port("[fe80::1]:7", 42, arena, &l, &why), ERR_OK);
    assert_string_equal(l.host, "fe80::1");
    assert_int_equal(l.port, 7);
    assert_int_equal(validate_host_port("h:x", 42, arena, &l, &why), ERR_INVALID);
    assert_int_equal(validate_host_port("[::1", 42, arena, &l, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_do_not_fit_are_refused_in_the_words_of_nats_server),
        cmocka_unit_test(listeners_that_cannot_be_are_named),
        cmocka_unit_test(addresses_take_the_default_port_when_they_name_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
