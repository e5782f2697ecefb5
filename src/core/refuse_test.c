/* SPDX-License-Identifier: Apache-2.0 */
#include "core/refuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/closed.h"
#include "core/core_fake.h"
#include "core/report.h"

static struct options *one_user(void)
{
    struct options *o = options_new();
    o->authorization.present = true;
    o->authorization.user = "a";
    o->authorization.pass = "b";
    options_finish(o);
    return o;
}

/* Of the one that was closed last. */
static enum close_reason last_reason(struct world *w)
{
    struct closed_conn **list;
    uint32_t count = closed_ring_list(w->core->closed, &list);
    assert_true(count > 0);
    enum close_reason reason = list[count - 1]->report->reason;
    for (uint32_t i = 0; i < count; i++) closed_conn_unref(list[i]);
    xfree(list);
    return reason;
}

/* What a client is told does not say what was wrong; reports do. */
static void all_refusals_sound_the_same_and_are_told_apart_in_reports(void **state)
{
    (void)state;
    static const struct {
        enum auth_reason why;
        enum close_reason reason;
    } rows[] = {
        { AUTH_REASON_NONE, CLOSE_AUTH_VIOLATION },
        { AUTH_REASON_FAILURE, CLOSE_AUTH_VIOLATION },
        { AUTH_REASON_PROXY_NOT_TRUSTED, CLOSE_PROXY_NOT_TRUSTED },
        { AUTH_REASON_PROXY_REQUIRED, CLOSE_PROXY_REQUIRED },
    };
    struct world *w = world_new(1, one_user());
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t c = world_accept(w, 0);
        session_refuse(world_session(w, c), rows[i].why);
        world_run(w);
        assert_string_equal(world_take(w, c), "-ERR 'Authorization Violation'\r\n");
        assert_int_equal(last_reason(w), rows[i].reason);
    }
    world_free(w);
}

static uint32_t refused_from(struct world *w, uint8_t last, enum auth_reason why)
{
    uint32_t c = world_arrive(w, 0, (struct net_addr){ .ip = { 10, 0, 0, last } });
    (void)world_take(w, c);
    session_refuse(world_session(w, c), why);
    world_run(w);
    return c;
}

static void only_the_address_that_fails_again_and_again_waits(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user());
    for (int i = 1; i < 20; i++)
        assert_true(world_is_closed(w, refused_from(w, 1, AUTH_REASON_FAILURE)));
    assert_false(world_is_closed(w, refused_from(w, 1, AUTH_REASON_FAILURE)));
    assert_true(world_is_closed(w, refused_from(w, 2, AUTH_REASON_FAILURE)));
    world_free(w);
}

static void a_late_refusal_has_the_reason_it_was_decided_for(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user());
    for (int i = 1; i < 20; i++) (void)refused_from(w, 1, AUTH_REASON_FAILURE);
    uint32_t c = refused_from(w, 1, AUTH_REASON_PROXY_REQUIRED);
    assert_string_equal(world_say(w, c, "PING\r\n"), "");
    w->fake->now += SECOND;
    world_run(w);
    assert_true(world_is_closed(w, c));
    assert_int_equal(last_reason(w), CLOSE_PROXY_REQUIRED);
    world_free(w);
}

/* A reload lets nobody in whose refusal waits. */
static void who_is_as_good_as_gone_is_not_judged_again(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user());
    for (int i = 1; i < 20; i++) (void)refused_from(w, 1, AUTH_REASON_FAILURE);
    uint32_t c = refused_from(w, 1, AUTH_REASON_FAILURE);
    core_reload(w->core, world_settings(w, options_new()));
    world_run(w);
    assert_false(world_session(w, c)->is_counted);
    w->fake->now += SECOND;
    world_run(w);
    assert_string_equal(world_take(w, c), "-ERR 'Authorization Violation'\r\n");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_refusals_sound_the_same_and_are_told_apart_in_reports),
        cmocka_unit_test(only_the_address_that_fails_again_and_again_waits),
        cmocka_unit_test(a_late_refusal_has_the_reason_it_was_decided_for),
        cmocka_unit_test(who_is_as_good_as_gone_is_not_judged_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
