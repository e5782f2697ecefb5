/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/net.h"

struct fixture {
    struct sim_clock clock;
    struct sim_net net;
    struct net *server;
    int listener;
    struct poller *poller;
};

static int begin(void **state)
{
    static struct fixture f;
    struct errmsg why;
    struct net_addr bound;
    sim_clock_init(&f.clock);
    sim_net_init(&f.net, &f.clock, 7);
    f.server = &f.net.base;
    f.poller = f.server->poller_new(f.server);
    struct net_listen where = { "127.0.0.1", 4222, 10 };
    assert_int_equal(f.server->listen(f.server, &where, &f.listener, &bound, &why), ERR_OK);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    sim_net_deinit(&f->net);
    return 0;
}

static int accepted(struct fixture *f)
{
    int sock = -1;
    struct net_addr peer;
    enum err e = f->server->accept(f->server, f->listener, &sock, &peer);
    return e == ERR_OK ? sock : -(int)e;
}

static int64_t server_read(struct fixture *f, int sock, void *to, size_t max)
{
    struct net_span span = { to, max };
    return f->server->read(f->server, sock, &span, 1);
}

static int64_t server_write(struct fixture *f, int sock, const char *text, size_t len)
{
    struct net_span span = { (uint8_t *)(uintptr_t)text, len };
    return f->server->write(f->server, sock, &span, 1);
}

static int64_t client_write(struct sim_link *l, const char *text)
{
    return sim_link_write(l, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void bytes_arrive_after_the_latency_and_not_before(void **state)
{
    struct fixture *f = *state;
    char got[16];
    f->net.options.latency_min = f->net.options.latency_max = 5 * MILLISECOND;
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    assert_int_equal(accepted(f), -ERR_BUSY);
    sim_clock_advance(&f->clock, 5 * MILLISECOND);
    int sock = accepted(f);
    assert_true(sock >= SIM_SOCK_FIRST);
    assert_int_equal(client_write(l, "PING\r\n"), 6);
    assert_int_equal(server_read(f, sock, got, sizeof got), NET_AGAIN);
    sim_clock_advance(&f->clock, 5 * MILLISECOND);
    assert_int_equal(server_read(f, sock, got, sizeof got), 6);
    assert_memory_equal(got, "PING\r\n", 6);
}

static void a_full_buffer_takes_nothing_until_it_is_read(void **state)
{
    struct fixture *f = *state;
    uint8_t got[16];
    f->net.options.buffer = 8;
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    assert_int_equal(server_write(f, sock, "0123456789", 10), 8);
    assert_int_equal(server_write(f, sock, "89", 2), NET_AGAIN);
    assert_int_equal(sim_link_read(l, got, 3), 3);
    assert_int_equal(server_write(f, sock, "89", 2), 2);
    assert_int_equal(sim_link_read(l, got, sizeof got), 7);
    assert_memory_equal(got, "3456789", 7);
}

static void an_end_comes_behind_what_was_sent_before_it(void **state)
{
    struct fixture *f = *state;
    char got[16];
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    assert_int_equal(client_write(l, "bye"), 3);
    sim_link_finish(l);
    assert_int_equal(server_read(f, sock, got, sizeof got), 3);
    assert_int_equal(server_read(f, sock, got, sizeof got), 0);
}

static void a_reset_loses_what_was_under_way_and_fails_both_ends(void **state)
{
    struct fixture *f = *state;
    char got[16];
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    assert_int_equal(client_write(l, "bye"), 3);
    sim_link_reset(l);
    assert_int_equal(server_read(f, sock, got, sizeof got), NET_FAILED);
    assert_int_equal(server_write(f, sock, "x", 1), NET_FAILED);
}

static void a_cut_wire_tells_nobody(void **state)
{
    struct fixture *f = *state;
    char got[16];
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    assert_int_equal(client_write(l, "lost"), 4);
    sim_link_cut(l);
    sim_clock_advance(&f->clock, HOUR);
    assert_int_equal(server_read(f, sock, got, sizeof got), NET_AGAIN);
    assert_int_equal(server_write(f, sock, "lost", 4), 4);
    assert_int_equal(sim_link_read(l, (uint8_t *)got, sizeof got), NET_AGAIN);
}

static void the_lowest_free_socket_number_is_used_again(void **state)
{
    struct fixture *f = *state;
    (void)sim_link_dial(&f->net, 4222);
    (void)sim_link_dial(&f->net, 4222);
    int first = accepted(f), second = accepted(f);
    assert_int_equal(second, first + 1);
    f->server->close(f->server, first);
    (void)sim_link_dial(&f->net, 4222);
    assert_int_equal(accepted(f), first);
}

static void without_a_descriptor_the_knock_stays_in_the_queue(void **state)
{
    struct fixture *f = *state;
    (void)sim_link_dial(&f->net, 4222);
    f->net.options.socks_max = SIM_SOCK_FIRST + 1;
    assert_int_equal(accepted(f), -ERR_LIMIT);
    f->net.options.socks_max = 0;
    assert_true(accepted(f) >= SIM_SOCK_FIRST);
}

static void a_poller_reports_what_is_wanted_and_ready_and_a_wake_once(void **state)
{
    struct fixture *f = *state;
    const struct poller_ops *ops = f->poller->ops;
    struct net_event events[4];
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    assert_int_equal(ops->add(f->poller, sock, f, NET_READABLE), ERR_OK);
    assert_int_equal(ops->wait(f->poller, 0, events, 4), 0);
    assert_int_equal(client_write(l, "x"), 1);
    assert_int_equal(ops->wait(f->poller, 0, events, 4), 1);
    assert_ptr_equal(events[0].owner, f);
    assert_int_equal(events[0].ready, NET_READABLE);
    ops->change(f->poller, sock, f, 0);
    assert_false(sim_poller_ready((struct sim_poller *)f->poller));
    ops->wake(f->poller);
    assert_true(sim_poller_ready((struct sim_poller *)f->poller));
    assert_int_equal(ops->wait(f->poller, SECOND, events, 4), 0);
    assert_false(sim_poller_ready((struct sim_poller *)f->poller));
    ops->remove(f->poller, sock);
}

static void a_link_that_both_ends_left_is_freed(void **state)
{
    struct fixture *f = *state;
    bool forgotten = false;
    struct sim_link *l = sim_link_dial(&f->net, 4222);
    int sock = accepted(f);
    sim_link_watch(l, &forgotten);
    sim_link_finish(l);
    sim_link_drop(l);
    assert_false(forgotten);
    f->server->close(f->server, sock);
    assert_true(forgotten);
    assert_null(f->net.links);
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(bytes_arrive_after_the_latency_and_not_before),
        NET_TEST(a_full_buffer_takes_nothing_until_it_is_read),
        NET_TEST(an_end_comes_behind_what_was_sent_before_it),
        NET_TEST(a_reset_loses_what_was_under_way_and_fails_both_ends),
        NET_TEST(a_cut_wire_tells_nobody),
        NET_TEST(the_lowest_free_socket_number_is_used_again),
        NET_TEST(without_a_descriptor_the_knock_stays_in_the_queue),
        NET_TEST(a_poller_reports_what_is_wanted_and_ready_and_a_wake_once),
        NET_TEST(a_link_that_both_ends_left_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
