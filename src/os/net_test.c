/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/thread.h"

struct world {
    struct net      net;
    struct poller  *poller;
    int             listener;
    struct net_addr bound;
};

static int set_up(void **state)
{
    static struct world w;
    os_net_init(&w.net);
    w.poller = w.net.poller_new(&w.net);
    struct net_listen where = { .host = "127.0.0.1" };
    assert_int_equal(w.net.listen(&w.net, &where, &w.listener, &w.bound, NULL), ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    w->net.close(&w->net, w->listener);
    w->poller->ops->free(w->poller);
    return 0;
}

static int dial(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static uint32_t wait_for(struct world *w, void *owner, uint32_t ready)
{
    struct net_event events[8];
    uint32_t seen = 0;
    while ((seen & ready) != ready) {
        uint32_t count = w->poller->ops->wait(w->poller, 20 * SECOND, events, 8);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++)
            if (events[i].owner == owner) seen |= events[i].ready;
    }
    return seen;
}

static int accept_one(struct world *w, struct net_addr *peer)
{
    int sock = -1;
    assert_int_equal(w->poller->ops->add(w->poller, w->listener, w, NET_READABLE), ERR_OK);
    (void)wait_for(w, w, NET_READABLE);
    assert_int_equal(w->net.accept(&w->net, w->listener, &sock, peer), ERR_OK);
    w->poller->ops->remove(w->poller, w->listener);
    return sock;
}

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
    assert_int_equal(w->poller->ops->add(w->poller, sock, &from, NET_READABLE), ERR_OK);
    w->poller->ops->change(w->poller, sock, &from, 0);
    struct linger reset = { .l_onoff = 1 };
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(peer);
    assert_int_equal(w->poller->ops->wait(w->poller, 0, events, 4), 0);
    w->poller->ops->change(w->poller, sock, &from, NET_READABLE);
    (void)wait_for(w, &from, NET_READABLE);
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
        struct thread *t = thread_start("waker", wake_from_here, w->poller);
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

static void a_port_in_use_is_told_in_words_that_tools_know(void **state)
{
    struct world *w = *state;
    struct net_listen where = { .host = "127.0.0.1", .port = w->bound.port };
    struct net_addr bound;
    struct errmsg why;
    int sock = -1;
    char expected[128];
    (void)snprintf(expected, sizeof expected,
                   "listen tcp 127.0.0.1:%u: bind: address already in use", w->bound.port);
    assert_int_equal(w->net.listen(&w->net, &where, &sock, &bound, &why), ERR_EXISTS);
    assert_string_equal(why.text, expected);
    where.host = "0.0.0.0";
    (void)snprintf(expected, sizeof expected, "listen tcp 0.0.0.0:%u: bind: address already in use",
                   w->bound.port);
    assert_int_equal(w->net.listen(&w->net, &where, &sock, &bound, &why), ERR_EXISTS);
    assert_string_equal(why.text, expected);
    assert_int_equal(sock, -1);
}

static void a_name_without_address_is_told(void **state)
{
    struct world *w = *state;
    struct net_listen where = { .host = "256.0.0.1" };
    struct net_addr bound;
    struct errmsg why;
    int sock;
    assert_int_equal(w->net.listen(&w->net, &where, &sock, &bound, &why), ERR_NOTFOUND);
    assert_string_equal(why.text, "listen tcp: lookup 256.0.0.1: no such host");
}

static bool has_v6(void)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0) (void)close(fd);
    return has;
}

static void the_ipv4_wildcard_serves_both_families(void **state)
{
    struct world *w = *state;
    static const char *const hosts[] = { "", "0.0.0.0", "::" };
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        struct net_listen where = { .host = hosts[i] };
        struct net_addr bound, from;
        int sock, got;
        assert_int_equal(w->net.listen(&w->net, &where, &sock, &bound, NULL), ERR_OK);
        int peer = dial(bound.port);
        assert_int_equal(w->poller->ops->add(w->poller, sock, &where, NET_READABLE), ERR_OK);
        (void)wait_for(w, &where, NET_READABLE);
        assert_int_equal(w->net.accept(&w->net, sock, &got, &from), ERR_OK);
        char text[NET_ADDR_TEXT];
        assert_string_equal(net_addr_ip_text(&from, text), "127.0.0.1");
        w->net.close(&w->net, got);
        (void)close(peer);
        if (has_v6()) {
            struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
            a.sin6_port = htons(bound.port);
            int v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
            assert_int_equal(connect(v6, (struct sockaddr *)&a, sizeof a), 0);
            (void)close(v6);
        }
        w->poller->ops->remove(w->poller, sock);
        w->net.close(&w->net, sock);
    }
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

static void an_empty_queue_is_busy(void **state)
{
    struct world *w = *state;
    struct net_addr from;
    int sock = -1;
    assert_int_equal(w->net.accept(&w->net, w->listener, &sock, &from), ERR_BUSY);
    assert_int_equal(sock, -1);
}

static void no_interface_is_a_loopback(void **state)
{
    struct world *w = *state;
    struct net_addr addrs[64];
    uint32_t count = w->net.interfaces(&w->net, addrs, 64);
    assert_true(count <= 64);
    for (uint32_t i = 0; i < count; i++) {
        char text[NET_ADDR_TEXT];
        (void)net_addr_ip_text(&addrs[i], text);
        assert_string_not_equal(text, "127.0.0.1");
        assert_string_not_equal(text, "::1");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bytes_travel_both_ways_and_the_end_reads_as_0),
        TEST(a_write_to_a_peer_that_is_gone_fails_without_a_signal),
        TEST(a_full_socket_is_writable_again_when_the_peer_has_read),
        TEST(a_socket_without_interest_stays_silent_even_when_it_hangs_up),
        TEST(a_wake_from_another_thread_ends_a_wait_without_end),
        TEST(a_wake_before_the_wait_is_not_lost),
        TEST(a_short_wait_ends_by_itself),
        TEST(a_port_in_use_is_told_in_words_that_tools_know),
        TEST(a_name_without_address_is_told),
        TEST(the_ipv4_wildcard_serves_both_families),
        TEST(without_descriptors_the_connection_stays_in_the_queue),
        TEST(an_empty_queue_is_busy),
        TEST(no_interface_is_a_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
