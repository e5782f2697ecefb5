/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/net_testing.h"

static void bytes_travel_both_ways_and_the_end_reads_as_0(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct net_addr from;
    int sock = accept_one(w, &from);
    assert_false(from.v6);
    assert_int_equal(from.ip[0], 127);

    uint8_t in[16];
    struct net_span one = { in, sizeof in };
    assert_int_equal(w->net.read(&w->net, sock, &one, 1), NET_AGAIN);
    assert_int_equal(w->poller->ops->add(w->poller, sock, &one, NET_READABLE), ERR_OK);
    assert_int_equal(write(peer, "hello", 5), 5);
    (void)wait_for(w, &one, NET_READABLE);
    struct net_span two[] = { { in, 3 }, { in + 3, 13 } };
    assert_int_equal(w->net.read(&w->net, sock, two, 2), 5);
    assert_memory_equal(in, "hello", 5);

    uint8_t a[] = "ab", b[] = "cde";
    struct net_span out[] = { { a, 2 }, { b, 3 } };
    assert_int_equal(w->net.write(&w->net, sock, out, 2), 5);
    char got[6] = "";
    assert_int_equal(recv(peer, got, 5, MSG_WAITALL), 5);
    assert_string_equal(got, "abcde");

    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    (void)wait_for(w, &one, NET_READABLE);
    assert_int_equal(w->net.read(&w->net, sock, &one, 1), 0);
    w->poller->ops->remove(w->poller, sock);
    w->net.close(&w->net, sock);
    (void)close(peer);
}

static void what_is_accepted_sends_without_delay(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct net_addr from;
    int sock = accept_one(w, &from), on = 0;
    socklen_t size = sizeof on;
    assert_int_equal(getsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_int_not_equal(on, 0);
    w->net.close(&w->net, sock);
    (void)close(peer);
}

static void a_write_to_a_peer_that_is_gone_fails_without_a_signal(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct net_addr from;
    int sock = accept_one(w, &from);
    struct linger reset = { .l_onoff = 1 };
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(peer);
    uint8_t byte[] = "x";
    struct net_span one = { byte, 1 };
    assert_int_equal(w->poller->ops->add(w->poller, sock, &one, NET_READABLE), ERR_OK);
    (void)wait_for(w, &one, NET_READABLE);
    int64_t put = w->net.write(&w->net, sock, &one, 1);
    if (put == 1) put = w->net.write(&w->net, sock, &one, 1);
    assert_int_equal(put, NET_FAILED);
    w->net.close(&w->net, sock);
}

static void without_descriptors_the_connection_stays_in_the_queue(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port);
    struct rlimit before, tight;
    struct net_addr from;
    int sock = -1;
    assert_int_equal(w->poller->ops->add(w->poller, w->listener, w, NET_READABLE), ERR_OK);
    (void)wait_for(w, w, NET_READABLE);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = before;
    tight.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    enum err refused = w->net.accept(&w->net, w->listener, &sock, &from);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(refused, ERR_LIMIT);
    assert_int_equal(w->net.accept(&w->net, w->listener, &sock, &from), ERR_OK);
    w->poller->ops->remove(w->poller, w->listener);
    w->net.close(&w->net, sock);
    (void)close(peer);
}

static void the_last_descriptors_are_for_others(void **state)
{
    struct world *w = *state;
    int peer = dial(w->bound.port), sock = -1, next = dup(peer);
    struct rlimit before, tight;
    struct net_addr from;
    assert_int_equal(w->poller->ops->add(w->poller, w->listener, w, NET_READABLE), ERR_OK);
    (void)wait_for(w, w, NET_READABLE);
    (void)close(next);                  /* the lowest that is free */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = before;
    tight.rlim_cur = (rlim_t)next + 10;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    w->net.files_kept = 10;
    enum err refused = w->net.accept(&w->net, w->listener, &sock, &from);
    w->net.files_kept = 9;
    enum err taken = w->net.accept(&w->net, w->listener, &sock, &from);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(refused, ERR_LIMIT);
    assert_int_equal(taken, ERR_OK);
    w->poller->ops->remove(w->poller, w->listener);
    w->net.close(&w->net, sock);
    (void)close(peer);
}

static void an_empty_queue_is_busy(void **state)
{
    struct world *w = *state;
    struct net_addr from;
    int sock = -1;
    assert_int_equal(w->net.accept(&w->net, w->listener, &sock, &from), ERR_BUSY);
    assert_int_equal(sock, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(bytes_travel_both_ways_and_the_end_reads_as_0),
        NET_TEST(what_is_accepted_sends_without_delay),
        NET_TEST(a_write_to_a_peer_that_is_gone_fails_without_a_signal),
        NET_TEST(without_descriptors_the_connection_stays_in_the_queue),
        NET_TEST(the_last_descriptors_are_for_others),
        NET_TEST(an_empty_queue_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
