/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/net_testing.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(a_port_in_use_is_told_in_words_that_tools_know),
        NET_TEST(a_name_without_address_is_told),
        NET_TEST(the_ipv4_wildcard_serves_both_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
