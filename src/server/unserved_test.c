/* SPDX-License-Identifier: Apache-2.0 */
#include "server/unserved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void defaults_are_served_in_full(void **state)
{
    (void)state;
    struct options *o = options_new();
    const char *names[UNSERVED_MAX];
    assert_int_equal(unserved_refuse(o, NULL), ERR_OK);
    assert_int_equal(unserved_list(o, names), 0);
    (void)options_free(o);
}

static void set_ocsp(struct options *o)
{
    o->ocsp.mode = OCSP_MUST;
}

static void set_ocsp_peer(struct options *o)
{
    o->websocket.tls.ocsp_peer.present = true;
    o->websocket.tls.ocsp_peer.verify = true;
}

static void set_operator(struct options *o)
{
    o->trust.operators.count = 1;
}

static void set_trusted(struct options *o)
{
    o->trust.trusted_keys.count = 1;
}

static void set_sentinel(struct options *o)
{
    o->trust.default_sentinel = "jwt";
}

static void set_resolver(struct options *o)
{
    o->resolver.kind = RESOLVER_MEMORY;
}

static void set_callout(struct options *o)
{
    o->authorization.auth_callout.present = true;
}

static void set_proxies(struct options *o)
{
    o->proxies.trusted.count = 1;
}

static void set_user_behind_proxy(struct options *o)
{
    static struct user_options user = { .name = "u", .proxy_required = true };
    static struct account_options account = { .name = "A" };
    account.users.items = &user;
    account.users.count = 1;
    o->accounts = &account;
    o->accounts_count = 1;
}

static void what_guards_the_door_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        void      (*set)(struct options *);
        const char *name;
    } rows[] = {
        { set_ocsp, "ocsp" },
        { set_ocsp_peer, "ocsp_peer" },
        { set_operator, "operator" },
        { set_trusted, "trusted_keys" },
        { set_sentinel, "default_sentinel" },
        { set_resolver, "resolver" },
        { set_callout, "auth_callout" },
        { set_proxies, "proxies" },
        { set_user_behind_proxy, "proxy_required" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct options *o = options_new();
        struct errmsg why = { 0 };
        rows[i].set(o);
        assert_int_equal(unserved_refuse(o, &why), ERR_DENIED);
        if (strstr(why.text, rows[i].name) == NULL) fail_msg("'%s'", why.text);
        (void)options_free(o);
    }
}

static void what_is_missing_is_named_once_a_block(void **state)
{
    (void)state;
    struct options *o = options_new();
    struct account_options accounts[2] = { { .exports_count = 1 }, { .exports_count = 2 } };
    const char *names[UNSERVED_MAX];
    o->jetstream.enabled = true;
    o->jetstream.store_dir = "/x";
    o->cluster.present = true;
    o->accounts = accounts;
    o->accounts_count = 2;
    o->prof_port = 6060;
    assert_int_equal(unserved_list(o, names), 4);
    assert_string_equal(names[0], "jetstream");
    assert_string_equal(names[1], "accounts { exports }");
    assert_string_equal(names[2], "cluster");
    assert_string_equal(names[3], "prof_port");
    assert_int_equal(unserved_refuse(o, NULL), ERR_OK);
    (void)options_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_served_in_full),
        cmocka_unit_test(what_guards_the_door_is_refused_by_name),
        cmocka_unit_test(what_is_missing_is_named_once_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
