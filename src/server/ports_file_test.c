/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ports_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t two_addresses(struct net *net, struct net_addr *ret_addrs, uint32_t max)
{
    (void)net;
    assert_true(max >= 2);
    (void)net_addr_parse_ip(&ret_addrs[0], "192.0.2.2");
    (void)net_addr_parse_ip(&ret_addrs[1], "fd00::2");
    return 2;
}

static uint32_t no_address(struct net *net, struct net_addr *ret_addrs, uint32_t max)
{
    (void)net;
    (void)ret_addrs;
    (void)max;
    return 0;
}

static void listen_on(struct ports *p, enum ports_kind kind, const char *scheme, const char *ip)
{
    p->of[kind].scheme = scheme;
    p->of[kind].bound.port = (uint16_t)(4222 + kind);
    assert_true(net_addr_parse_ip(&p->of[kind].bound, ip));
}

static void expect_json(struct net *net, const struct ports *p, const char *wanted)
{
    struct buf json = { 0 };
    ports_json(net, p, &json);
    assert_string_equal(buf_str(&json), wanted);
    buf_deinit(&json);
}

static void only_listeners_that_are_there_are_told(void **state)
{
    (void)state;
    struct net net = { .interfaces = two_addresses };
    struct ports p = { 0 };
    expect_json(&net, &p, "{}");
    listen_on(&p, PORTS_NATS, "nats", "127.0.0.1");
    listen_on(&p, PORTS_WEBSOCKET, "wss", "::1");
    expect_json(&net, &p,
                "{\"nats\":[\"nats://127.0.0.1:4222\"],\"websocket\":[\"wss://[::1]:4225\"]}");
}

static void a_wildcard_is_every_address_loopback_first(void **state)
{
    (void)state;
    struct net net = { .interfaces = two_addresses };
    struct ports p = { 0 };
    listen_on(&p, PORTS_NATS, "nats", "::");
    expect_json(&net, &p,
                "{\"nats\":[\"nats://127.0.0.1:4222\",\"nats://[::1]:4222\","
                "\"nats://192.0.2.2:4222\",\"nats://[fd00::2]:4222\"]}");
    net.interfaces = no_address;
    listen_on(&p, PORTS_NATS, "nats", "0.0.0.0");
    expect_json(&net, &p, "{\"nats\":[\"nats://127.0.0.1:4222\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_listeners_that_are_there_are_told),
        cmocka_unit_test(a_wildcard_is_every_address_loopback_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
