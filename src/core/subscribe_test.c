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

enum { SUBS = 3000 };

static struct options *anna(const struct permissions *permissions)
{
    struct options *o = options_new();
    test_user(o, "anna", "pa")->permissions = permissions;
    o->no_auth_user = "anna";
    return o;
}

static void reload_to_less(struct world *w)
{
    struct subject_rule ok[] = { { "ok.>", NULL } };
    const struct permissions less = {
        .subscribe = { .allow = ok, .allow_count = ARRAY_COUNT(ok) },
    };
    core_reload(w->core, world_settings(w, anna(&less)));
    world_run(w);
}

static void a_reload_ends_what_is_not_allowed_any_more(void **state)
{
    (void)state;
    struct world *w = world_new(1, anna(NULL));
    uint32_t c = world_client(w, 0);
    (void)world_say(w, c, "SUB ok.a 1\r\nSUB bad.a 2\r\nSUB > 3\r\n");
    reload_to_less(w);
    const char *said = world_take(w, c);
    assert_non_null(strstr(said, "\"bad.a\" (sid \"2\")"));
    assert_non_null(strstr(said, "\">\" (sid \"3\")"));
    assert_int_equal(world_session(w, c)->subs.count, 1);
    world_free(w);
}

/* The first words are flushed early and fail: the session closes and gives up what was to end. */
static void a_dead_client_may_lose_its_subscriptions_by_a_reload(void **state)
{
    (void)state;
    struct world *w = world_new(1, anna(NULL));
    uint32_t c = world_client(w, 0);
    for (uint32_t i = 0; i < SUBS; i++)
        buf_printf(&w->fake->socks[c].in, "SUB bad.%u %u\r\n", i, i);
    world_run(w);
    assert_int_equal(world_session(w, c)->subs.count, SUBS);
    w->fake->socks[c].writes_fail = true;
    reload_to_less(w);
    assert_true(world_is_closed(w, c));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_ends_what_is_not_allowed_any_more),
        cmocka_unit_test(a_dead_client_may_lose_its_subscriptions_by_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
