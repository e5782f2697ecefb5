/* SPDX-License-Identifier: Apache-2.0 */
#include "core/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core_fake.h"

enum { DOOR = FAKE_SOCKS - 1, CALM = 0 };

/* The queue behind the listener's socket. */
struct queue {
    struct world *w;
    uint32_t waiting;
    uint32_t broken; /* of those who wait: gone before they were accepted */
    bool is_full;    /* no descriptor is left */
    uint32_t asked;
    uint8_t host;    /* those who wait come from 127.0.0.host */
};

static struct queue queue; /* of the running test */

static enum err queue_listen(struct net *net, const struct net_listen *where, int *ret_sock,
                             struct net_addr *ret_bound, struct errmsg *why)
{
    (void)net;
    (void)why;
    *ret_sock = DOOR;
    *ret_bound = (struct net_addr){ .port = where->port != 0 ? where->port : 4222 };
    return ERR_OK;
}

static enum err queue_accept(struct net *net, int listener, int *ret_sock,
                             struct net_addr *ret_peer)
{
    (void)net;
    assert_int_equal(listener, DOOR);
    queue.asked++;
    if (queue.waiting == 0) return ERR_BUSY;
    if (queue.is_full) return ERR_LIMIT;
    if (--queue.waiting == 0) queue.w->fake->socks[DOOR].in_ended = false;
    if (queue.broken > 0) {
        queue.broken--;
        return ERR_IO;
    }
    *ret_sock = (int)queue.w->clients++;
    *ret_peer = (struct net_addr){ .ip = { 127, 0, 0, queue.host }, .port = 1 };
    return ERR_OK;
}

static void come(uint32_t count)
{
    queue.waiting += count;
    queue.w->fake->socks[DOOR].in_ended = true; /* readable */
}

static void ticks(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) (void)reactor_tick(w->fake->reactor, 0);
}

static struct world *world_with_a_door(struct options *take_options)
{
    struct listener_options options = { .kind = LISTENER_CLIENT, .host = "127.0.0.1" };
    struct listener *l;
    struct errmsg why;
    struct world *w = world_new(1, take_options);
    queue = (struct queue){ .w = w, .host = 1 };
    w->fake->net.listen = queue_listen;
    w->fake->net.accept = queue_accept;
    assert_int_equal(core_listen(w->core, &options, &l, &why), ERR_OK);
    ticks(w, 1);
    return w;
}

static int setup(void **state)
{
    struct world *w = world_with_a_door(NULL);
    (void)world_client(w, 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void a_crowd_is_let_in_by_and_by(void **state)
{
    struct world *w = *state;
    come(LISTENER_LONE + 2 * LISTENER_BATCH + 1);
    int64_t in = 1;
    for (int i = 0; i < LISTENER_LONE; i++, in++) {
        assert_int_equal(core_clients(w->core), in);
        ticks(w, 1);
    }
    assert_int_equal(core_clients(w->core), in);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), in + LISTENER_BATCH);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), in + 2 * LISTENER_BATCH);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), in + 2 * LISTENER_BATCH + 1);
}

static void who_comes_alone_is_taken_without_a_look_for_a_second_one(void **state)
{
    struct world *w = *state;
    queue.asked = 0;
    for (int i = 0; i < 2 * (LISTENER_LONE + 1); i++) {
        come(1);
        ticks(w, 1);
        assert_int_equal(core_clients(w->core), 1 + i + 1);
    }
    assert_int_equal(queue.asked, 2 * (LISTENER_LONE + 2));
}

/* Row P8: the queue stays readable all the time, and nobody asks it until it has rested. */
static void without_descriptors_the_listener_rests_and_then_goes_on(void **state)
{
    struct world *w = *state;
    queue.asked = 0;
    queue.is_full = true;
    come(3);
    ticks(w, 50);
    assert_int_equal(queue.asked, 1);
    w->fake->now += 99 * MILLISECOND;
    ticks(w, 50);
    assert_int_equal(queue.asked, 1);
    w->fake->now += 2 * MILLISECOND;
    ticks(w, 50);
    assert_int_equal(queue.asked, 2);
    assert_string_equal(world_say(w, CALM, "PING\r\n"), "PONG\r\n");
    queue.is_full = false;
    w->fake->now += 101 * MILLISECOND;
    ticks(w, 4);
    assert_int_equal(core_clients(w->core), 1 + 3);
    come(1);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), 1 + 4);
}

static void who_left_while_waiting_is_passed_over(void **state)
{
    struct world *w = *state;
    queue.broken = 2;
    come(LISTENER_BATCH);
    ticks(w, LISTENER_BATCH);
    assert_int_equal(core_clients(w->core), 1 + LISTENER_BATCH - 2);
}

static void a_listener_that_rests_can_be_closed(void **state)
{
    struct world *w = *state;
    queue.is_full = true;
    come(1);
    ticks(w, 1);
    core_unlisten(w->core, LISTENER_CLIENT);
    ticks(w, 1);
    assert_true(w->fake->socks[DOOR].closed);
    queue.asked = 0;
    w->fake->now += SECOND;
    ticks(w, 5);
    assert_int_equal(queue.asked, 0);
}

/* ---- strangers of one address (row X1, decision 006) ---- */

#define LOGIN "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"b\"}\r\nPING\r\n"

static struct options *strangers(int64_t most)
{
    struct options *o = options_new();
    o->authorization.present = true;
    o->authorization.user = "a";
    o->authorization.pass = "b";
    o->midge.max_unauthenticated_per_address = most;
    options_finish(o);
    return o;
}

/* They come from 127.0.0.host; returns the socket of the first. */
static uint32_t come_from(struct world *w, uint8_t host, uint32_t count)
{
    uint32_t first = w->clients;
    queue.host = host;
    come(count);
    ticks(w, count);
    return first;
}

static void an_address_with_too_many_strangers_is_turned_away_and_others_are_not(void **state)
{
    (void)state;
    struct world *w = world_with_a_door(strangers(2));
    uint32_t crowd = come_from(w, 1, 5), other = come_from(w, 2, 1);
    for (uint32_t i = 0; i < 5; i++) assert_int_equal(world_is_closed(w, crowd + i), i >= 2);
    assert_string_equal(world_take(w, crowd + 2), "");
    assert_int_equal(core_clients(w->core), 3);
    assert_int_equal(count_get(&w->core->at[0]->turned_away), 3);
    (void)world_take(w, other);
    assert_string_equal(world_say(w, other, LOGIN), "PONG\r\n");
    world_free(w);
}

static void who_logs_in_or_leaves_makes_room(void **state)
{
    (void)state;
    struct world *w = world_with_a_door(strangers(2));
    uint32_t in = come_from(w, 1, 1), out = come_from(w, 1, 1);
    assert_true(world_is_closed(w, come_from(w, 1, 1)));
    (void)world_take(w, in);
    assert_string_equal(world_say(w, in, LOGIN), "PONG\r\n");
    assert_false(world_is_closed(w, come_from(w, 1, 1)));
    assert_true(world_is_closed(w, come_from(w, 1, 1)));
    w->fake->socks[out].in_ended = true;
    world_run(w);
    assert_false(world_is_closed(w, come_from(w, 1, 1)));
    assert_true(world_is_closed(w, come_from(w, 1, 1)));
    world_free(w);
}

static void a_flood_that_is_turned_away_is_logged_once_a_second(void **state)
{
    (void)state;
    static const char line[] = "too many connections of 127.0.0.1 have not logged in";
    struct world *w = world_with_a_door(strangers(1));
    (void)come_from(w, 1, 10);
    const char *first = strstr(buf_str(&w->logged), line);
    assert_non_null(first);
    assert_null(strstr(first + 1, line));
    w->fake->now += SECOND;
    (void)come_from(w, 1, 10);
    first = strstr(buf_str(&w->logged), line);
    assert_non_null(strstr(first + 1, line));
    assert_int_equal(count_get(&w->core->at[0]->turned_away), 19);
    world_free(w);
}

static void a_reload_changes_the_limit_for_those_who_come(void **state)
{
    (void)state;
    static const int64_t limits[] = { 0, 3, 5 };
    struct world *w = world_with_a_door(strangers(1));
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        core_reload(w->core, world_settings(w, strangers(limits[i])));
        world_run(w);                   /* and who has not logged in is closed */
        uint32_t first = come_from(w, 1, 6), in = 0;
        for (uint32_t k = 0; k < 6; k++) in += !world_is_closed(w, first + k);
        assert_int_equal(in, limits[i] > 0 ? limits[i] : 6);
    }
    world_free(w);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_crowd_is_let_in_by_and_by),
        T(who_comes_alone_is_taken_without_a_look_for_a_second_one),
        T(without_descriptors_the_listener_rests_and_then_goes_on),
        T(who_left_while_waiting_is_passed_over),
        T(a_listener_that_rests_can_be_closed),
        cmocka_unit_test(an_address_with_too_many_strangers_is_turned_away_and_others_are_not),
        cmocka_unit_test(who_logs_in_or_leaves_makes_room),
        cmocka_unit_test(a_flood_that_is_turned_away_is_logged_once_a_second),
        cmocka_unit_test(a_reload_changes_the_limit_for_those_who_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
