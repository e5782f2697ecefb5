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
    *ret_peer = (struct net_addr){ .ip = { 127, 0, 0, 1 }, .port = 1 };
    return ERR_OK;
}

static void come(uint32_t count)
{
    queue.waiting += count;
    queue.w->fake->socks[DOOR].in_ended = true; /* readable */
}

static int setup(void **state)
{
    struct listener_options options = { .kind = LISTENER_CLIENT, .host = "127.0.0.1" };
    struct listener *l;
    struct errmsg why;
    struct world *w = world_new(1, NULL);
    queue = (struct queue){ .w = w };
    w->fake->net.listen = queue_listen;
    w->fake->net.accept = queue_accept;
    assert_int_equal(core_listen(w->core, &options, &l, &why), ERR_OK);
    (void)world_client(w, 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void ticks(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) (void)reactor_tick(w->fake->reactor, 0);
}

static void a_crowd_is_let_in_by_and_by(void **state)
{
    struct world *w = *state;
    come(LISTENER_BATCH + 1);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), 1 + LISTENER_BATCH);
    ticks(w, 1);
    assert_int_equal(core_clients(w->core), 1 + LISTENER_BATCH + 1);
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
    ticks(w, 2);
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
    ticks(w, 1);
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_crowd_is_let_in_by_and_by),
        T(without_descriptors_the_listener_rests_and_then_goes_on),
        T(who_left_while_waiting_is_passed_over),
        T(a_listener_that_rests_can_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
