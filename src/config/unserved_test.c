/* SPDX-License-Identifier: Apache-2.0 */
#include "config/unserved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/testing.h"

#define AKEY "ACSU3Q6LTLBVLGAQUONAGXJHVNWGSKKAUA7IY5TB4Z7PLEKSR5O6JTGR"

static const struct {
    const char *text;
    const char *key;
    bool        refuses;
} cases[] = {
    { "resolver: MEM", "resolver", true },
    { "resolver_pinned_accounts: [x]", "resolver_pinned_accounts", true },
    { "default_sentinel: x", "default_sentinel", true },
    { "authorization { auth_callout { issuer: " AKEY ", auth_users: [a] } }", "auth_callout",
      true },
    { "proxies { trusted: [ {key: " AKEY "} ] }", "proxies", true },
    { "authorization { proxy_required: true }", "proxy_required", true },
    { "accounts { A { users: [ {user: a, proxy_required: true} ] } }", "proxy_required", true },
    { "leafnodes { authorization { proxy_required: true } }", "proxy_required", true },
    { "mqtt { tls { ocsp_peer: true } }", "ocsp_peer", true },
    { "ocsp { mode: must }", "ocsp", true },
    { "ocsp { mode: always }", "ocsp", true },
    { "ocsp: true", "ocsp", false },
    { "ocsp_cache: true", "ocsp_cache", false },
    { "accounts { A { exports: [ {stream: a} ] } }", "accounts.exports", false },
    { "mappings { a: b }", "mappings", false },
    { "accounts { A { mappings { a: b } } }", "mappings", false },
    { "accounts { A { msg_trace: t } }", "msg_trace", false },
    { "jetstream: true\ncluster { port: 1 }", "jetstream", false },
    { "jetstream { tpm { keys_file: f } }", "jetstream.tpm", true },
    { "feature_flags { a: true }", "feature_flags", false },
    { "default_js_domain { a: b }", "default_js_domain", false },
    { "cluster { port: 1 }", "cluster", false },
    { "gateway { name: x }", "gateway", false },
    { "leaf { port: 1 }", "leafnodes", false },
    { "mqtt { port: 1 }", "mqtt", false },
    { "prof_port: 5", "profiling", false },
};

static void what_decides_who_may_enter_refuses_and_the_rest_warns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(options) o = testing_options(cases[i].text);
        struct unserved u = { 0 };
        uint32_t at = 0;
        assert_non_null(o);
        if (!unserved_next(o, &at, &u)) print_error("%s\n", cases[i].text);
        assert_string_equal(u.key, cases[i].key);
        assert_int_equal(u.refuses, cases[i].refuses);
    }
}

static void what_a_core_server_does_is_not_listed(void **state)
{
    (void)state;
    AUTO_FREE(options)
    o = testing_options(
        "port: -1\nauthorization { users: [ {user: a, password: b} ] }\naccounts { A {} }\n"
        "websocket { port: -1, no_tls: true }\nocsp { mode: never }\n"
        "proxies { trusted: [] }\ntls { ocsp_peer: false }\nproxy_protocol: true\nhttp: -1\n"
        "jetstream: true\nfeature_flags { js_ack_fc_v2: true }");
    struct unserved u;
    uint32_t at = 0;
    assert_non_null(o);
    assert_false(unserved_next(o, &at, &u));
}

static void the_sentence_says_where_the_key_stands(void **state)
{
    (void)state;
    AUTO_FREE(options) o = testing_options("\ncluster { port: 1 }");
    struct unserved u;
    uint32_t at = 0;
    assert_true(unserved_next(o, &at, &u));
    assert_string_equal(unserved_text(&u, o->arena),
                        "a.conf:2:1: \"cluster\" is accepted but not served yet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decides_who_may_enter_refuses_and_the_rest_warns),
        cmocka_unit_test(what_a_core_server_does_is_not_listed),
        cmocka_unit_test(the_sentence_says_where_the_key_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
