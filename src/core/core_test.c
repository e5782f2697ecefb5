/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/test_options.h"
#include "core/core_fake.h"

/* anna and bob are users of these accounts; NULL: not there. */
static struct options *two_users(const char *annas, const char *bobs)
{
    struct options *o = options_new();
    struct account_options *a = test_account(o, "A");
    (void)test_account_user(o, a, "anna", "pa");
    struct account_options *b = test_account(o, "B");
    (void)b;
    o->accounts[0].users.items[0].account = annas;
    if (bobs != NULL) (void)test_account_user(o, &o->accounts[1], "bob", "pb");
    return o;
}

static uint32_t client_of(struct world *w, uint32_t reactor, const char *connect)
{
    uint32_t c = world_accept(w, reactor);
    world_put(w, c, connect);
    world_run(w);
    (void)world_take(w, c);
    return c;
}

static const char anna[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"user\":\"anna\",\"pass\":\"pa\"}\r\n";
static const char bob[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"user\":\"bob\",\"pass\":\"pb\"}\r\n";

static void accounts_do_not_hear_each_other(void **state)
{
    (void)state;
    struct world *w = world_new(2, two_users("A", "B"));
    uint32_t a = client_of(w, 0, anna), b = client_of(w, 1, bob), a2 = client_of(w, 1, anna);
    (void)world_say(w, b, "SUB > 1\r\n");
    (void)world_say(w, a2, "SUB > 1\r\n");
    assert_string_equal(world_say(w, a, "PUB x 1\r\n1\r\nPING\r\n"), "PONG\r\n");
    assert_string_equal(world_take(w, b), "");
    assert_string_equal(world_take(w, a2), "MSG x 1 1\r\n1\r\n");
    world_free(w);
}

/* What the log and reports show of a client must not lie in what its next CONNECT replaces. */
static void a_second_connect_that_is_refused_is_logged_under_the_first_name(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t a = client_of(w, 0, anna);
    w->logged.len = 0;
    assert_string_equal(world_say(w, a, "CONNECT {\"user\":\"bob\",\"account\":\"X\"}\r\n"),
                        "-ERR 'Authorization Violation'\r\n");
    assert_true(world_is_closed(w, a));
    assert_null(strstr(buf_str(&w->logged), "user:bob"));
    world_free(w);
}

static void a_reload_that_removes_a_user_closes_his_clients_only(void **state)
{
    (void)state;
    struct world *w = world_new(2, two_users("A", "B"));
    uint32_t a = client_of(w, 0, anna), b = client_of(w, 1, bob);
    (void)world_say(w, a, "SUB x 1\r\n");
    core_reload(w->core, world_settings(w, two_users("A", NULL)));
    world_run(w);
    assert_true(world_is_closed(w, b));
    assert_string_equal(world_take(w, b), "");
    assert_string_equal(world_say(w, a, "PUB x 1\r\n1\r\n"), "MSG x 1 1\r\n1\r\n");
    assert_int_equal(core_clients(w->core), 1);
    world_free(w);
}

static void a_reload_without_changes_keeps_everybody(void **state)
{
    (void)state;
    struct world *w = world_new(2, two_users("A", "B"));
    uint32_t a = client_of(w, 0, anna), b = client_of(w, 1, bob);
    (void)world_say(w, b, "SUB x 1\r\n");
    for (int i = 0; i < 3; i++) {
        core_reload(w->core, world_settings(w, two_users("A", "B")));
        world_run(w);
    }
    assert_false(world_is_closed(w, a));
    assert_string_equal(world_say(w, b, "PUB x 1\r\n1\r\n"), "MSG x 1 1\r\n1\r\n");
    assert_int_equal(w->settings_alive <= 2, 1); /* old settings go with their last session */
    world_free(w);
}

static void a_lower_limit_of_connections_closes_the_excess(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    for (uint32_t i = 0; i < 6; i++) (void)world_client(w, i % 2);
    struct options *o = options_new();
    o->limits.max_connections = 4;
    core_reload(w->core, world_settings(w, o));
    world_run(w);
    assert_int_equal(core_clients(w->core), 4);
    world_free(w);
}

static void a_new_payload_limit_counts_at_once(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0);
    struct options *o = options_new();
    o->limits.max_payload = 3;
    assert_string_equal(world_say(w, c, "PUB x 4\r\nabcd\r\n"), "");
    core_reload(w->core, world_settings(w, o));
    world_run(w);
    assert_string_equal(world_say(w, c, "PUB x 3\r\nabc\r\nPUB x 4\r\n"),
                        "-ERR 'Maximum Payload Violation'\r\n");
    world_free(w);
}

static void a_lame_duck_closes_its_clients_one_by_one(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    for (uint32_t i = 0; i < 10; i++) (void)world_client(w, i % 2);
    core_lame_duck(w->core, SECOND, 11 * SECOND);
    world_run(w);
    assert_int_equal(core_clients(w->core), 10);
    int64_t before = 10;
    for (int i = 0; i < 400 && core_clients(w->core) > 0; i++) {
        w->fake->now += 100 * MILLISECOND;
        world_run(w);
        assert_true(before - core_clients(w->core) <= 2);
        before = core_clients(w->core);
    }
    assert_int_equal(core_clients(w->core), 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_do_not_hear_each_other),
        cmocka_unit_test(a_second_connect_that_is_refused_is_logged_under_the_first_name),
        cmocka_unit_test(a_reload_that_removes_a_user_closes_his_clients_only),
        cmocka_unit_test(a_reload_without_changes_keeps_everybody),
        cmocka_unit_test(a_lower_limit_of_connections_closes_the_excess),
        cmocka_unit_test(a_new_payload_limit_counts_at_once),
        cmocka_unit_test(a_lame_duck_closes_its_clients_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
