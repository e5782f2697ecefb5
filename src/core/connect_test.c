/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/test_options.h"
#include "core/core_fake.h"

static void pass(struct world *w, nanos time)
{
    w->fake->now += time;
    world_run(w);
}

static struct options *one_user(const char *no_auth_user)
{
    struct options *o = options_new();
    (void)test_user(o, "anna", "pa");
    o->no_auth_user = no_auth_user;
    return o;
}

static void who_may_come_without_connect_stays_without_it(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user("anna"));
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, "SUB a 1\r\n"), "+OK\r\n");
    pass(w, 10 * SECOND);
    assert_false(world_is_closed(w, c));
    assert_string_equal(world_say(w, c, "PUB a 1\r\nx\r\n"), "+OK\r\nMSG a 1 1\r\nx\r\n");
    world_free(w);
}

static void who_must_say_who_he_is_has_little_time_for_it(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(NULL));
    uint32_t c = world_accept(w, 0);
    pass(w, 10 * SECOND);
    assert_string_equal(world_take(w, c), "-ERR 'Authentication Timeout'\r\n");
    assert_true(world_is_closed(w, c));
    world_free(w);
}

static void a_reload_that_asks_nobody_lets_those_in_who_wait(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(NULL));
    uint32_t c = world_accept(w, 0);
    core_reload(w->core, world_settings(w, options_new()));
    world_run(w);
    assert_true(world_session(w, c)->is_counted);
    pass(w, 10 * SECOND);
    assert_string_equal(world_say(w, c, "SUB a 1\r\n"), "+OK\r\n");
    world_free(w);
}

static void a_reload_lets_nobody_in_at_the_port_of_leaf_nodes(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    w->listener.options.kind = LISTENER_LEAF;
    uint32_t c = world_accept(w, 0);
    core_reload(w->core, world_settings(w, options_new()));
    world_run(w);
    assert_non_null(strstr(world_say(w, c, "SUB > 1\r\nPING\r\n"), "-ERR 'leafnode"));
    assert_true(world_is_closed(w, c));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_come_without_connect_stays_without_it),
        cmocka_unit_test(who_must_say_who_he_is_has_little_time_for_it),
        cmocka_unit_test(a_reload_that_asks_nobody_lets_those_in_who_wait),
        cmocka_unit_test(a_reload_lets_nobody_in_at_the_port_of_leaf_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
