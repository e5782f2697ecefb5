/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <fcntl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/net_testing.h"
#include "os/thread.h"

static void a_full_socket_is_writable_again_when_the_peer_has_read(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct net_addr from;
    int sock = accept_one(w, &from);
    static uint8_t block[1 << 16];
    struct net_span one = { block, sizeof block };
    while (w->net.write(&w->net, sock, &one, 1) > 0) continue;
    assert_int_equal(w->poller->ops->add(w->poller, sock, &one, NET_WRITABLE), ERR_OK);
    struct net_event events[4];
    assert_int_equal(w->poller->ops->wait(w->poller, 0, events, 4), 0);
    (void)fcntl(peer, F_SETFL, O_NONBLOCK);
    static uint8_t sink[1 << 16];
    uint32_t count = 0;
    for (uint32_t tries = 0; count == 0 && tries < 100000; tries++) {
        while (read(peer, sink, sizeof sink) > 0) continue;
        count = w->poller->ops->wait(w->poller, MILLISECOND, events, 4);
    }
    assert_int_equal(count, 1);
    assert_true(events[0].ready & NET_WRITABLE);
    w->poller->ops->remove(w->poller, sock);
    w->net.close(&w->net, sock);
    (void)close(peer);
}

static void a_socket_without_interest_stays_silent_even_when_it_hangs_up(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct net_addr from;
    struct net_event events[4];
    int sock = accept_one(w, &from);
    assert_int_equal(w->poller->ops->add(w->poller, sock, &from, 0), ERR_OK);
    w->poller->ops->change(w->poller, sock, &from, NET_READABLE);
    w->poller->ops->change(w->poller, sock, &from, 0);
    struct linger reset = { .l_onoff = 1 };
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(peer);
    for (int i = 0; i < 3; i++) assert_int_equal(w->poller->ops->wait(w->poller, 0, events, 4), 0);
    w->poller->ops->change(w->poller, sock, &from, NET_READABLE);
    for (int i = 0; i < 3; i++) (void)wait_for(w, &from, NET_READABLE);
    w->poller->ops->change(w->poller, sock, &from, 0);
    w->poller->ops->remove(w->poller, sock);
    w->net.close(&w->net, sock);
}

static void wake_from_here(void *ctx)
{
    struct poller *p = ctx;
    p->ops->wake(p);
}

static void a_wake_from_another_thread_ends_a_wait_without_end(void **state)
{
    struct world *w = *state;
    struct net_event events[4];
    for (int i = 0; i < 20; i++) {
        struct thread *t = thread_start(NULL, "waker", wake_from_here, w->poller);
        assert_non_null(t);
        assert_int_equal(w->poller->ops->wait(w->poller, NANOS_MAX, events, 4), 0);
        (void)thread_join(t);
    }
}

static void a_wake_before_the_wait_is_not_lost(void **state)
{
    struct world *w = *state;
    struct net_event events[4];
    w->poller->ops->wake(w->poller);
    w->poller->ops->wake(w->poller);
    assert_int_equal(w->poller->ops->wait(w->poller, NANOS_MAX, events, 4), 0);
}

static void a_short_wait_ends_by_itself(void **state)
{
    struct world *w = *state;
    struct net_event events[4];
    for (int i = 0; i < 10; i++)
        assert_int_equal(w->poller->ops->wait(w->poller, 100 * MICROSECOND, events, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(a_full_socket_is_writable_again_when_the_peer_has_read),
        NET_TEST(a_socket_without_interest_stays_silent_even_when_it_hangs_up),
        NET_TEST(a_wake_from_another_thread_ends_a_wait_without_end),
        NET_TEST(a_wake_before_the_wait_is_not_lost),
        NET_TEST(a_short_wait_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
