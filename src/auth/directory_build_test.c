/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/directory_internal.h"
#include "auth/test_options.h"

#define HASH_10 "$2a$10$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC"
#define HASH_04 "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC"

static struct directory *build(const struct options *o)
{
    struct directory *d = NULL;
    struct errmsg why = { "" };
    enum err e = directory_new(o, test_setup, &d, &why);
    if (e) print_message("    %s\n", why.text);
    assert_int_equal(e, ERR_OK);
    return d;
}

static void expect_refused(const struct options *o, const char *text)
{
    struct directory *d = NULL;
    struct errmsg why = { "" };
    assert_int_equal(directory_new(o, test_setup, &d, &why), ERR_INVALID);
    assert_string_equal(why.text, text);
    assert_null(d);
}

static void what_names_nothing_is_an_error(void **state)
{
    (void)state;
    AUTO_FREE(options) a = options_new();
    a->no_auth_user = "x";
    expect_refused(a, "no_auth_user: \"x\" present, but users/nkeys are not defined");
    (void)test_user(a, "u", "p");
    static const char missing[] =
        "no_auth_user: \"x\" not present as user or nkey in authorization "
        "block or account configuration";
    expect_refused(a, missing);
    a->no_auth_user = NULL;
    a->websocket.no_auth_user = "x";
    expect_refused(a, missing);
    a->websocket.no_auth_user = NULL;
    a->mqtt.no_auth_user = "x";
    expect_refused(a, missing);

    AUTO_FREE(options) b = options_new();
    b->system_account = "$SYS";
    expect_refused(b, "error resolving system account: account missing");

    AUTO_FREE(options) c = options_new();
    c->leafnodes.authorization.user = "l";
    c->leafnodes.authorization.account = "Z";
    expect_refused(c, "cannot find local account \"Z\" specified in leafnode authorization");
}

static void limits_are_the_least_of_server_and_account(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    o->limits.max_payload = 1000;
    (void)test_account(o, "A");
    (void)test_account(o, "B");
    struct account_options *a = &o->accounts[0], *b = &o->accounts[1];
    a->payload_max = 500;
    a->subscriptions_max = 7;
    a->connections_max = 3;
    a->leafs_max = 2;
    b->payload_max = 5000;
    struct directory *d = build(o);
    const struct auth_limits *l = &directory_account(d, SLICE_LIT("A"))->limits;
    assert_int_equal(l->payload_max, 500);
    assert_int_equal(l->subscriptions_max, 7);
    assert_int_equal(l->connections_max, 3);
    assert_int_equal(l->leafs_max, 2);
    l = &directory_account(d, SLICE_LIT("B"))->limits;
    assert_int_equal(l->payload_max, 1000);
    assert_int_equal(l->subscriptions_max, -1);
    (void)directory_unref(d);

    o->limits.max_subscriptions = 5;
    d = build(o);
    assert_int_equal(directory_account(d, SLICE_LIT("A"))->limits.subscriptions_max, 5);
    assert_int_equal(directory_account(d, SLICE_LIT("$G"))->limits.subscriptions_max, 5);
    assert_int_equal(directory_account(d, SLICE_LIT("$G"))->limits.connections_max, -1);
    (void)directory_unref(d);
}

static void users_with_the_same_defaults_share_one_set(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    static const struct permissions defaults = { .publish = { .present = true } };
    static const struct permissions own = { .publish = { .present = true } };
    test_user(o, "a", "p")->permissions = &defaults;
    test_user(o, "b", "p")->permissions = &defaults;
    test_user(o, "c", "p")->permissions = &own;
    (void)test_user(o, "d", "p");
    struct directory *d = build(o);
    const struct permission_set *set = directory_user(d, SLICE_LIT("a"))->permissions;
    assert_non_null(set);
    assert_ptr_equal(directory_user(d, SLICE_LIT("b"))->permissions, set);
    assert_ptr_not_equal(directory_user(d, SLICE_LIT("c"))->permissions, set);
    assert_null(directory_user(d, SLICE_LIT("d"))->permissions);
    (void)directory_unref(d);
}

static void the_dummy_costs_as_much_as_the_dearest_hash(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    (void)test_user(o, "a", "plain");
    struct directory *d = build(o);
    assert_null(directory_rules(d, CONNECTION_STANDARD)->dummy_hash);
    (void)directory_unref(d);

    (void)test_user(o, "b", HASH_10);
    (void)test_user(o, "c", HASH_04);
    d = build(o);
    const char *dummy = directory_rules(d, CONNECTION_STANDARD)->dummy_hash;
    assert_memory_equal(dummy, "$2b$10$", 7);
    (void)directory_unref(d);

    AUTO_FREE(options) token = options_new();
    token->websocket.authorization.token = HASH_04;
    d = build(token);
    assert_null(directory_rules(d, CONNECTION_STANDARD)->dummy_hash);
    assert_non_null(directory_rules(d, CONNECTION_WEBSOCKET)->dummy_hash);
    assert_false(directory_has_plaintext(d));
    (void)directory_unref(d);
}

static void each_listener_has_its_own_way_to_ask(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    (void)test_user(o, "g", "p");
    (void)test_user(o, "h", "p");
    o->no_auth_user = "h";
    o->websocket.no_auth_user = "g";
    o->mqtt.tls.verify_and_map = true;
    struct directory *d = build(o);
    assert_string_equal(directory_no_auth_user(d, CONNECTION_STANDARD)->name, "h");
    assert_string_equal(directory_no_auth_user(d, CONNECTION_IN_PROCESS)->name, "h");
    assert_string_equal(directory_no_auth_user(d, CONNECTION_WEBSOCKET)->name, "g");
    assert_string_equal(directory_no_auth_user(d, CONNECTION_MQTT_WS)->name, "h");
    assert_null(directory_no_auth_user(d, CONNECTION_LEAFNODE));
    assert_false(directory_info_auth_required(d, CONNECTION_STANDARD));
    assert_true(directory_info_auth_required(d, CONNECTION_WEBSOCKET));
    assert_true(d->any_from_certificate);
    assert_false(directory_rules(d, CONNECTION_STANDARD)->from_certificate);
    assert_true(directory_rules(d, CONNECTION_MQTT)->from_certificate);
    (void)directory_unref(d);
}

static void only_names_that_are_dns_are_compared_with_certificates(void **state)
{
    (void)state;
    AUTO_FREE(options) o = options_new();
    (void)test_user(o, "CN=bob,O=org", NULL);
    (void)test_user(o, "bob", NULL);
    o->tls.verify_and_map = true;
    struct directory *d = build(o);
    const struct auth_rules *rules = directory_rules(d, CONNECTION_STANDARD);
    assert_int_equal(rules->dn_users_count, 1);
    assert_string_equal(rules->dn_users[0].user->name, "CN=bob,O=org");
    (void)directory_unref(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_nothing_is_an_error),
        cmocka_unit_test(limits_are_the_least_of_server_and_account),
        cmocka_unit_test(users_with_the_same_defaults_share_one_set),
        cmocka_unit_test(the_dummy_costs_as_much_as_the_dearest_hash),
        cmocka_unit_test(each_listener_has_its_own_way_to_ask),
        cmocka_unit_test(only_names_that_are_dns_are_compared_with_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
