/* SPDX-License-Identifier: Apache-2.0 */
#include "core/user_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/testing.h"
#include "core/core_fake.h"
#include "core/deliver.h"

#define ASK "SUB me 1\r\nPUB $SYS.REQ.USER.INFO me 0\r\n\r\n"

static struct world *world_of(uint32_t reactors, const char *config)
{
    struct options *o = testing_options(config);
    assert_non_null(o);
    return world_new(reactors, o);
}

static uint32_t client_of(struct world *w, uint32_t reactor, const char *user)
{
    char connect[128];
    uint32_t c = world_accept(w, reactor);
    (void)snprintf(connect, sizeof connect,
                   "CONNECT {\"verbose\":false,\"user\":\"%s\",\"pass\":\"p\"}\r\n", user);
    (void)world_say(w, c, connect);
    return c;
}

static const char two_accounts[] = "accounts {\n"
                                   "  A { users: [ { user: anna, password: p, permissions {"
                                   " pub: \"$SYS.REQ.USER.INFO\", sub: me } } ] }\n"
                                   "  B { users: [ { user: bert, password: p } ] } }";

static void who_asks_is_told_of_himself(void **state)
{
    (void)state;
    static const struct {
        const char *user, *data;
    } rows[] = {
        { "anna", "\"data\":{\"user\":\"anna\",\"account\":\"A\",\"account_name\":\"A\","
                  "\"permissions\":{\"publish\":{\"allow\":[\"$SYS.REQ.USER.INFO\"]},"
                  "\"subscribe\":{\"allow\":[\"me\"]}}}}\r\n" },
        { "bert", "\"data\":{\"user\":\"bert\",\"account\":\"B\",\"account_name\":\"B\"}}\r\n" },
    };
    struct world *w = world_of(2, two_accounts);
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t c = client_of(w, i, rows[i].user);
        const char *said = world_say(w, c, ASK);
        assert_memory_equal(said, "MSG me 1 ", 9);
        assert_non_null(strstr(said, "{\"server\":{\"name\":\"test\","));
        assert_non_null(strstr(said, rows[i].data));
    }
    world_free(w);
}

static void who_says_no_place_for_the_answer_gets_none(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0), other = world_client(w, 0);
    (void)world_say(w, other, "SUB * 1\r\n");
    assert_string_equal(world_say(w, c, "PUB $SYS.REQ.USER.INFO 0\r\n\r\nPING\r\n"), "PONG\r\n");
    assert_string_equal(world_take(w, other), "");
    world_free(w);
}

static void the_server_itself_is_nobody_to_tell_of(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0);
    (void)world_say(w, c, "SUB me 1\r\n");
    struct slice none = { 0 };
    (void)deliver_internal(w->core->at[0], w->core->global, SLICE_LIT("$SYS.REQ.USER.INFO"),
                           SLICE_LIT("me"), none, none);
    world_run(w);
    assert_string_equal(world_take(w, c), "");
    world_free(w);
}

static void without_a_system_account_nobody_answers(void **state)
{
    (void)state;
    struct world *w = world_of(1, "no_system_account: true");
    uint32_t c = world_client(w, 0);
    assert_non_null(strstr(world_say(w, c, ASK), "NATS/1.0 503\r\n"));
    assert_int_equal(interest_count(w->core->global->interest), 1);
    world_free(w);
}

static void an_account_that_a_reload_adds_is_served_and_one_that_it_removes_stays_whole(
    void **state)
{
    (void)state;
    struct world *w = world_of(1, "accounts { A { users: [ { user: anna, password: p } ] } }");
    struct account *a = accounts_find(w->core->accounts, SLICE_LIT("A"));
    assert_int_equal(interest_count(a->interest), 1);
    core_reload(w->core, world_settings(w, testing_options(two_accounts)));
    world_run(w);
    assert_non_null(strstr(world_say(w, client_of(w, 0, "bert"), ASK), "\"account\":\"B\""));
    core_reload(w->core, world_settings(w, options_new()));
    world_run(w);
    assert_int_equal(interest_count(a->interest), 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_is_told_of_himself),
        cmocka_unit_test(who_says_no_place_for_the_answer_gets_none),
        cmocka_unit_test(the_server_itself_is_nobody_to_tell_of),
        cmocka_unit_test(without_a_system_account_nobody_answers),
        cmocka_unit_test(
            an_account_that_a_reload_adds_is_served_and_one_that_it_removes_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
