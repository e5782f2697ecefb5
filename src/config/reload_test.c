/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/flags.h"
#include "config/testing.h"

#define CALLOUT \
    "auth_callout { issuer: ACSU3Q6LTLBVLGAQUONAGXJHVNWGSKKAUA7IY5TB4Z7PLEKSR5O6JTGR, " \
    "auth_users: [a] }"
#define USER_A "\nauthorization { users: [ {user: a, password: b} ] }"

static const struct {
    const char *old_text;
    const char *new_text;
    const char *keys;           /* what changed, in the order of the table */
    const char *why;            /* NULL: the reload goes on */
} cases[] = {
    { "debug: true", "debug: true # the same\n", "", NULL },
    { "ping_interval: \"5s\"", "ping_interval: \"5000ms\"", "", NULL },
    { "debug: true", "max_payload: 1k", "debug max_payload", NULL },
    { "port: 4222", "port: 4223", "port",
      "config reload not supported for Port: old=4222, new=4223" },
    { "listen: 4222", "port: 4222", "", NULL },
    { "http: 8222", "http_port: 8222", "", NULL },
    { "server_name: a", "server_name: b", "server_name",
      "config reload not supported for ServerName: old=a, new=b" },
    { "lame_duck_duration: \"1m\"", "", "lame_duck_duration",
      "config reload not supported for LameDuckDuration: old=1m0s, new=2m0s" },
    { "accounts { A {} }", "accounts { A {}, B {} }", "accounts", NULL },
    { "authorization { user: a, password: b }", "authorization { user: a, password: c }",
      "authorization", NULL },
    { "authorization { user: a, password: b }",
      "authorization { user: a, password: b, " CALLOUT " }",
      "authorization authorization.auth_callout", "config reload not supported for AuthCallout" },
    { "cluster { port: 1, name: a }", "cluster { port: 1, name: b, no_advertise: true }",
      "cluster.name cluster.no_advertise", NULL },
    { "cluster { port: 1 }", "cluster { port: 2 }", "cluster.port",
      "config reload not supported for cluster port: old=1, new=2" },
    { "cluster { port: 1 }", "", "cluster.port",
      "config reload not supported for cluster port: old=1, new=0" },
    { "websocket { port: 1, no_tls: true }",
      "websocket { port: 1, no_tls: true, same_origin: true }", "websocket.same_origin",
      "config reload not supported for websocket.same_origin: old=false, new=true" },
    { "midge { http_user: u, http_password: a }", "midge { http_user: u, http_password: b }",
      "midge.http_password", "config reload not supported for midge.http_password" },
    { "midge { reactors: 2 }", "midge { reactors: 2, max_unauthenticated_per_address: 5 }",
      "midge.max_unauthenticated_per_address", NULL },
    { "no_auth_user: a" USER_A, "authorization { users: [ {user: c, password: b} ] }",
      "authorization", NULL },
    { "no_auth_user: a" USER_A, "debug: false" USER_A, "no_auth_user",
      "config reload not supported for NoAuthUser: old=a, new=" },
    { "mqtt { consumer_memory_storage: true }", "mqtt { max_ack_pending: 5 }",
      "mqtt.max_ack_pending mqtt.consumer_memory_storage", NULL },
    { "server_tags: [a]", "server_tags: [b]", "server_tags", NULL },
    { "", "write_deadline: \"4s\"", "write_deadline", NULL },
    { "gateway { name: a }", "gateway { name: a }, ping_interval: \"4s\", write_deadline: \"4s\"",
      "ping_interval write_deadline", NULL },
    { "cluster { port: 1 }", "cluster { port: 1, write_deadline: \"4s\" }",
      "cluster.write_deadline", NULL },
    { "gateway { name: a }", "gateway { name: a, write_deadline: \"4s\" }",
      "gateway.write_deadline",
      "config reload not supported for gateway.write_deadline: old=10s, new=4s" },
    { "jetstream: false", "jetstream: true", "jetstream.enable", NULL },
    { "", "client_advertise: \"a:5\"", "client_advertise", NULL },
    { "", "client_advertise: \":::\"", "client_advertise",
      "invalid ClientAdvertise value of :::, err=address :::: too many colons in address" },
    { "", "store_dir: x", "store_dir", NULL },
    { "jetstream { max_mem: 1, store_dir: a }", "jetstream { max_mem: 2, store_dir: a }",
      "jetstream.max_memory_store", NULL },
    { "jetstream { max_mem: 2, max_file: 2 }", "jetstream { max_mem: 3, max_file: 1 }",
      "jetstream.max_memory_store jetstream.max_file_store",
      "config reload not supported for decreasing jetstream max memory and store" },
    { "jetstream { max_mem: 2 }", "jetstream { max_mem: 2, max_file: 1 }",
      "jetstream.max_file_store",
      "config reload not supported for jetstream dynamic max memory and store" },
    { "jetstream { max_mem: 2, max_file: 1 }", "jetstream { max_mem: 2 }",
      "jetstream.max_file_store",
      "config reload not supported for jetstream max memory and max store" },
    { "jetstream { store_dir: a }", "jetstream { store_dir: b }", "jetstream.store store_dir",
      "config reload not supported for jetstream storage directory" },
    { "jetstream { store_dir: a }", "jetstream {}", "jetstream.store store_dir",
      "config reload not supported for jetstream storage dir" },
    { "jetstream { store_dir: a }", "jetstream { store_dir: a, limits { max_ack_pending: 5 } }",
      "jetstream.limits", NULL },
    { "jetstream {}", "jetstream { sync: \"9s\" }", "jetstream.sync",
      "config reload not supported for SyncInterval: old=2m0s, new=9s" },
    { "jetstream { sync: \"9s\" }", "jetstream { sync: always }", "jetstream.sync",
      "config reload not supported for SyncInterval: old=9s, new=2m0s" },
    { "jetstream {}", "jetstream { sync: always }", "jetstream.sync",
      "config reload not supported for SyncAlways: old=false, new=true" },
    { "jetstream {}", "jetstream { strict: true, cipher: chacha, max_concurrent_io: 4096 }",
      "jetstream.cipher", NULL },
    { "jetstream {}", "jetstream { strict: false }", "jetstream.strict",
      "config reload not supported for NoJetStreamStrict: old=false, new=true" },
    { "jetstream { key: a }", "jetstream { key: a, cipher: aes }", "jetstream.cipher",
      "config reload not supported for JetStreamCipher: old=ChaCha20-Poly1305, new=AES-GCM" },
    { "jetstream { key: a }", "jetstream { key: b }", "jetstream.key",
      "config reload not supported for JetStreamKey" },
    { "jetstream {}", "jetstream { request_queue_limit: 5 }", "jetstream.request_queue_limit",
      "config reload not supported for JetStreamRequestQueueLimit: old=10000, new=5" },
    { "jetstream { max_concurrent_io: 9 }", "", "jetstream.max_concurrent_io", NULL },
    { "jetstream { max_concurrent_io: 9 }", "jetstream {}", "jetstream.max_concurrent_io",
      "config reload not supported for JetStreamConcurrentIOs: old=9, new=4096" },
    { "jetstream { domain: a }", "jetstream { domain: b }", "jetstream.domain",
      "config reload not supported for JetStreamDomain: old=a, new=b" },
    { "jetstream { store_dir: a, max_mem: 5, max_file: 6 }", "",
      "jetstream.store jetstream.max_memory_store jetstream.max_file_store store_dir", NULL },
    { "", "jetstream {}", "", NULL },
    { "tls { verify_and_map: false }", "tls { timeout: 3 }", "tls.timeout", NULL },
    { "tls { verify: true }", "tls { verify_and_map: true }", "tls.verify tls.verify_and_map",
      "config reload not supported for TLSMap: old=false, new=true" },
    { "tls { connection_rate_limit: 5 }", "", "tls.connection_rate_limit",
      "config reload not supported for TLSRateLimit: old=5, new=0" },
    { "feature_flags { a: true }", "feature_flags { a: false }", "feature_flags",
      "config reload not supported for FeatureFlags" },
};

static void each_change_is_applied_or_refused_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(options) old = testing_options(cases[i].old_text);
        AUTO_FREE(options) new = testing_options(cases[i].new_text);
        AUTO_FREE(arena) arena = arena_new();
        struct reload_diff diff;
        struct errmsg why = { "" };
        struct buf keys = { 0 };
        assert_non_null(old);
        assert_non_null(new);
        enum err e = reload_compare(old, new, arena, &diff, &why);
        for (uint32_t k = 0; k < diff.count; k++)
            buf_printf(&keys, "%s%s", k > 0 ? " " : "", diff.items[k].key);
        assert_string_equal(buf_str(&keys), cases[i].keys);
        assert_string_equal(why.text, cases[i].why == NULL ? "" : cases[i].why);
        assert_int_equal(e, cases[i].why == NULL ? ERR_OK : ERR_DENIED);
        buf_deinit(&keys);
    }
}

static void flags_hide_what_the_file_changes(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct errmsg why = { "" };
    const char *argv[] = { "midge", "-p", "5000", "-D" };
    struct flags flags = flags_parse(4, argv, arena, &why);
    AUTO_FREE(options) old = testing_options("port: 4222");
    AUTO_FREE(options) new = testing_options("port: 4333\ndebug: false");
    assert_int_equal(flags_apply(&flags, old, &why), ERR_OK);
    assert_int_equal(flags_apply(&flags, new, &why), ERR_OK);
    struct reload_diff diff;
    assert_int_equal(reload_compare(old, new, arena, &diff, &why), ERR_OK);
    assert_int_equal(diff.count, 0);
}

static void a_block_has_changed_when_one_of_its_keys_has(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    AUTO_FREE(options) old = testing_options("cluster { name: a }");
    AUTO_FREE(options) new = testing_options("cluster { name: b }");
    struct reload_diff diff;
    struct errmsg why;
    assert_int_equal(reload_compare(old, new, arena, &diff, &why), ERR_OK);
    assert_true(reload_has(&diff, "cluster"));
    assert_true(reload_has(&diff, "cluster.name"));
    assert_false(reload_has(&diff, "cluster.port"));
    assert_false(reload_has(&diff, "clust"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_applied_or_refused_as_the_table_says),
        cmocka_unit_test(flags_hide_what_the_file_changes),
        cmocka_unit_test(a_block_has_changed_when_one_of_its_keys_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
