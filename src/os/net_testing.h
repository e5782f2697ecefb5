/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of sockets share: a listener on 127.0.0.1, a poller, and a peer that dials.
 *
 * Thread: the test's. Memory: the world is freed by tear_down(). Include behind
 * cmocka.h. */
#ifndef MIDGE_OS_NET_TESTING_H
#define MIDGE_OS_NET_TESTING_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "os/net.h"

struct world {
    struct net      net;
    struct poller  *poller;
    int             listener;
    struct net_addr bound;
};

static inline int set_up(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    os_net_init(&w->net);
    w->poller = w->net.poller_new(&w->net);
    struct net_listen where = { .host = "127.0.0.1" };
    assert_int_equal(w->net.listen(&w->net, &where, &w->listener, &w->bound, NULL), ERR_OK);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;
    w->net.close(&w->net, w->listener);
    w->poller->ops->free(w->poller);
    (void)xfree(w);
    return 0;
}

static inline int dial(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline uint32_t wait_for(struct world *w, void *owner, uint32_t ready)
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

static inline int accept_one(struct world *w, struct net_addr *peer)
{
    int sock = -1;
    assert_int_equal(w->poller->ops->add(w->poller, w->listener, w, NET_READABLE), ERR_OK);
    (void)wait_for(w, w, NET_READABLE);
    assert_int_equal(w->net.accept(&w->net, w->listener, &sock, peer), ERR_OK);
    w->poller->ops->remove(w->poller, w->listener);
    return sock;
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
