/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/core_fake.h"

static struct options *pings(nanos interval, int32_t max)
{
    struct options *o = options_new();
    o->ping_interval = interval;
    o->ping_max = max;
    return o;
}

static void who_answers_no_ping_is_stale(void **state)
{
    (void)state;
    struct world *w = world_new(1, pings(10 * SECOND, 2));
    uint32_t c = world_client(w, 0);
    for (int i = 0; i < 20 && !world_is_closed(w, c); i++) {
        w->fake->now += 11 * SECOND;
        world_run(w);
    }
    assert_string_equal(world_take(w, c), "PING\r\nPING\r\n-ERR 'Stale Connection'\r\n");
    assert_int_equal(count_get(&w->core->at[0]->stale_connections), 1);
    world_free(w);
}

static void who_answers_stays_and_its_round_trip_is_known(void **state)
{
    (void)state;
    struct world *w = world_new(1, pings(10 * SECOND, 2));
    uint32_t c = world_client(w, 0);
    for (int i = 0; i < 20; i++) {
        w->fake->now += 11 * SECOND;
        world_run(w);
        w->fake->now += 5;
        (void)world_say(w, c, "PONG\r\n");
        assert_int_equal(world_session(w, c)->pings_out, 0);
    }
    assert_false(world_is_closed(w, c));
    assert_int_equal(world_session(w, c)->rtt, 5);
    world_free(w);
}

/* However busy it is: the time from accept to CONNECT is no round trip yet. Then PONG is asked for
 * only when it is silent, or once an hour. */
static void the_first_ping_follows_connect_and_the_next_ones_silence(void **state)
{
    (void)state;
    struct world *w = world_new(1, pings(10 * SECOND, 2));
    uint32_t c = world_client(w, 0);
    for (int i = 0; i < 13; i++) {
        (void)world_say(w, c, "PUB a 0\r\n\r\n");
        if (i < 9) assert_int_equal(world_session(w, c)->pings_out, 0);
        w->fake->now += 200 * MILLISECOND;
        world_run(w);
    }
    assert_int_equal(world_session(w, c)->pings_out, 1);
    (void)world_say(w, c, "PONG\r\n");
    for (int second = 0; second < 3615; second++) {
        (void)world_say(w, c, "PUB a 0\r\n\r\n");
        w->fake->now += SECOND;
        world_run(w);
        if (second < 3590) assert_int_equal(world_session(w, c)->pings_out, 0);
    }
    assert_in_range(world_session(w, c)->pings_out, 1, 2);
    world_free(w);
}

static void many_pings_may_be_out_when_so_many_are_allowed(void **state)
{
    (void)state;
    struct world *w = world_new(1, pings(10 * SECOND, 300));
    uint32_t c = world_client(w, 0);
    int turns = 0;
    for (; turns < 1000 && !world_is_closed(w, c); turns++) {
        w->fake->now += 11 * SECOND;
        world_run(w);
    }
    assert_int_equal(turns, 301);
    world_free(w);
}

static void a_server_that_never_pings_leaves_its_clients_alone(void **state)
{
    (void)state;
    struct world *w = world_new(1, pings(-1, 2));
    uint32_t c = world_client(w, 0);
    w->fake->now += HOUR;
    world_run(w);
    assert_string_equal(world_take(w, c), "");
    assert_int_equal(world_session(w, c)->timer_kind, SESSION_TIMER_NONE);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_no_ping_is_stale),
        cmocka_unit_test(who_answers_stays_and_its_round_trip_is_known),
        cmocka_unit_test(the_first_ping_follows_connect_and_the_next_ones_silence),
        cmocka_unit_test(many_pings_may_be_out_when_so_many_are_allowed),
        cmocka_unit_test(a_server_that_never_pings_leaves_its_clients_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
