/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/test_options.h"
#include "config/testing.h"
#include "core/core_fake.h"

/* What INFO of this world's server says; `before` and `behind` are what differs. */
static const char *info(const char *before, const char *behind)
{
    static char text[1024];
    (void)snprintf(text, sizeof text,
                   "INFO {\"server_id\":\"NTEST\",\"server_name\":\"test\",\"version\":\"2.15.2\","
                   "\"proto\":1,\"go\":\"none\",%s,\"max_payload\":1048576,%s"
                   "\"api_lvl\":5,\"xkey\":\"XTEST\"} \r\n",
                   before, behind);
    return text;
}

#define HERE "\"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true"
#define ID   "\"client_id\":5,"
#define IP   "\"client_ip\":\"127.0.0.1\","

static struct filter *no_tls(void *ctx, struct conn *c)
{
    (void)ctx;
    (void)c;
    return NULL;
}

static struct world *world_of(const char *config)
{
    struct options *o = testing_options(config);
    assert_non_null(o);
    return world_new(1, o);
}

static void the_first_info_has_its_fields_in_the_order_of_nats_server(void **state)
{
    (void)state;
    static const struct {
        const char *config, *before, *behind;
    } rows[] = {
        { "", HERE, ID IP },
        { "no_header_support: true", "\"host\":\"127.0.0.1\",\"port\":4222,\"headers\":false",
          ID IP },
        { "client_advertise: \"[::2]:77\"", "\"host\":\"::2\",\"port\":77,\"headers\":true",
          ID IP },
        { "authorization { token: x }", HERE ",\"auth_required\":true", ID IP },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_of(rows[i].config);
        uint32_t c = world_arrive(w, 0, world_localhost);
        assert_string_equal(world_take(w, c), info(rows[i].before, rows[i].behind));
        world_free(w);
    }
}

static void a_listener_with_tls_says_what_it_demands(void **state)
{
    (void)state;
    static const struct {
        bool optional, verify;
        const char *before;
    } rows[] = {
        { false, false, HERE ",\"tls_required\":true" },
        { false, true, HERE ",\"tls_required\":true,\"tls_verify\":true" },
        { true, false, HERE ",\"tls_available\":true" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct options *o = options_new();
        o->tls.present = true;
        o->tls.verify = rows[i].verify;
        o->allow_non_tls = rows[i].optional;
        struct world *w = world_new(1, o);
        w->listener.options.hooks.tls_new = no_tls;
        uint32_t c = world_arrive(w, 0, world_localhost);
        assert_string_equal(world_take(w, c), info(rows[i].before, ID IP));
        world_free(w);
    }
}

static void the_second_info_names_the_account_and_comes_once(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, WORLD_CONNECT(",\"protocol\":1"));
    const char *said = world_say(w, c, "PING\r\n");
    assert_memory_equal(said, "PONG\r\n", 6);
    assert_string_equal(said + 6,
                        info(HERE, ID IP "\"connect_info\":true,\"remote_account\":\"$G\","));
    assert_string_equal(world_say(w, c, "PING\r\n"), "PONG\r\n");
    world_free(w);
}

static void a_nonce_is_told_once_and_where_somebody_may_sign_it(void **state)
{
    (void)state;
    struct options *o = options_new();
    (void)test_nkey(o, "UCNGL4W5QX66CFX6A6DCBVDH5VOHMI7B2UZZU7TXAUQQSI2JPHULCKBR");
    (void)test_user(o, "anna", "pa");
    struct world *w = world_new(1, o);
    uint32_t c = world_arrive(w, 0, world_localhost);
    char nonce[64];
    (void)snprintf(nonce, sizeof nonce, "\"nonce\":\"%s\",", world_session(w, c)->nonce);
    assert_non_null(strstr(world_take(w, c), nonce));
    (void)world_say(
        w, c, "CONNECT {\"verbose\":false,\"user\":\"anna\",\"pass\":\"pa\",\"protocol\":1}\r\n");
    const char *second = world_say(w, c, "PING\r\n");
    assert_non_null(strstr(second, "INFO {"));
    assert_null(strstr(second, "nonce"));
    world_free(w);
}

/* In front of a PROXY header the address of the socket is the proxy's. */
static void nobody_is_told_an_address_that_is_not_known_yet(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    w->listener.options.proxy_protocol = true;
    uint32_t c = world_arrive(w, 0, world_localhost);
    assert_string_equal(world_take(w, c), info(HERE, ID));
    (void)world_say(w, c, "PROXY TCP4 10.0.0.9 10.0.0.1 99 4222\r\n");
    (void)world_say(w, c, WORLD_CONNECT(",\"protocol\":1"));
    assert_non_null(strstr(world_say(w, c, "PING\r\n"), "\"client_ip\":\"10.0.0.9\","));
    world_free(w);
}

/* As nats-server does: who may come without a CONNECT is not asked for one. */
static void with_a_no_auth_user_the_first_info_asks_nobody(void **state)
{
    (void)state;
    struct world *w = world_of("no_auth_user: a\n"
                               "authorization { users: [ { user: a, password: b } ] }");
    uint32_t c = world_arrive(w, 0, world_localhost);
    assert_string_equal(world_take(w, c), info(HERE, ID IP));
    (void)world_say(w, c, WORLD_CONNECT(",\"protocol\":1"));
    assert_non_null(strstr(world_say(w, c, "PING\r\n"), "\"auth_required\":true,"));
    world_free(w);
}

static void a_lame_duck_tells_those_who_take_an_info_at_any_time(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_accept(w, 0), old = world_accept(w, 0), new = world_accept(w, 0);
    (void)world_say(w, c, WORLD_CONNECT(",\"protocol\":1") "PING\r\n");
    (void)world_say(w, old, WORLD_CONNECT(",\"protocol\":0") "PING\r\n");
    (void)world_say(w, new, WORLD_CONNECT(",\"protocol\":1"));  /* has not asked for a PONG yet */
    core_lame_duck(w->core, SECOND, MINUTE);
    world_run(w);
    assert_string_equal(world_take(w, c), info(HERE, ID IP "\"ldm\":true,"));
    assert_string_equal(world_take(w, old), "");
    assert_string_equal(world_take(w, new), "");
    world_free(w);
}

/* The first INFO is kept for those who come later, but not what it says of the client. */
static void what_the_first_info_says_of_a_client_is_its_own(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    static const struct net_addr other = { .ip = { 10, 1, 2, 3 } };
    uint32_t a = world_arrive(w, 0, world_localhost), b = world_arrive(w, 0, other);
    assert_string_equal(world_take(w, a), info(HERE, ID IP));
    assert_string_equal(world_take(w, b),
                        info(HERE, "\"client_id\":6,\"client_ip\":\"10.1.2.3\","));
    world_free(w);
}

static void the_first_info_follows_reloads_and_the_lame_duck(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    (void)world_accept(w, 0);
    struct options *o = options_new();
    o->no_header_support = true;
    core_reload(w->core, world_settings(w, o));
    world_run(w);
    uint32_t after = world_arrive(w, 0, world_localhost);
    const char *said = world_take(w, after);
    assert_non_null(strstr(said, "\"headers\":false,"));
    assert_non_null(strstr(said, "\"client_id\":6," IP "\"api_lvl\""));
    core_lame_duck(w->core, SECOND, MINUTE);
    world_run(w);
    after = world_arrive(w, 0, world_localhost);
    assert_non_null(strstr(world_take(w, after), IP "\"ldm\":true,"));
    world_free(w);
}

static void each_listener_has_a_first_info_of_its_own(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    struct listener second = w->listener;
    second.bound.port = 4333;
    for (int i = 0; i < 2; i++) {
        uint32_t here = world_arrive(w, 0, world_localhost);
        assert_non_null(strstr(world_take(w, here), "\"port\":4222,"));
        uint32_t there = world_arrive_at(w, &second, 0, world_localhost);
        assert_non_null(strstr(world_take(w, there), "\"port\":4333,"));
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_info_has_its_fields_in_the_order_of_nats_server),
        cmocka_unit_test(a_listener_with_tls_says_what_it_demands),
        cmocka_unit_test(the_second_info_names_the_account_and_comes_once),
        cmocka_unit_test(a_nonce_is_told_once_and_where_somebody_may_sign_it),
        cmocka_unit_test(nobody_is_told_an_address_that_is_not_known_yet),
        cmocka_unit_test(with_a_no_auth_user_the_first_info_asks_nobody),
        cmocka_unit_test(a_lame_duck_tells_those_who_take_an_info_at_any_time),
        cmocka_unit_test(what_the_first_info_says_of_a_client_is_its_own),
        cmocka_unit_test(the_first_info_follows_reloads_and_the_lame_duck),
        cmocka_unit_test(each_listener_has_a_first_info_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
