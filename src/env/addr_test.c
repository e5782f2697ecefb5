/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "env/net.h"

static const char *text_of(const char *ip, uint16_t port, char text[NET_ADDR_TEXT])
{
    struct net_addr a = { .port = port };
    assert_true(net_addr_parse_ip(&a, ip));
    return net_addr_text(&a, text);
}

static void an_address_and_its_port_are_written_with_a_colon(void **state)
{
    (void)state;
    char text[NET_ADDR_TEXT];
    assert_string_equal(text_of("1.2.3.4", 4222, text), "1.2.3.4:4222");
    assert_string_equal(text_of("255.255.255.255", 65535, text), "255.255.255.255:65535");
    assert_string_equal(text_of("0.9.10.99", 1, text), "0.9.10.99:1");
    assert_string_equal(text_of("100.109.190.200", 1, text), "100.109.190.200:1");
}

static void version_6_stands_in_brackets_before_a_port_and_without_them_alone(void **state)
{
    (void)state;
    char text[NET_ADDR_TEXT];
    struct net_addr a = { .port = 1 };
    assert_true(net_addr_parse_ip(&a, "2001:db8::1"));
    assert_string_equal(net_addr_text(&a, text), "[2001:db8::1]:1");
    assert_string_equal(net_addr_ip_text(&a, text), "2001:db8::1");
}

static void a_mapped_address_is_written_as_version_4(void **state)
{
    (void)state;
    char text[NET_ADDR_TEXT];
    assert_string_equal(text_of("::ffff:10.0.0.7", 80, text), "10.0.0.7:80");
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",          "localhost", "1.2.3", "1.2.3.4.5",
                                         "256.1.1.1", "[::1]",     "::g" };
    char text[NET_ADDR_TEXT];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct net_addr a = { .port = 9 };
        assert_true(net_addr_parse_ip(&a, "9.9.9.9"));
        assert_false(net_addr_parse_ip(&a, wrong[i]));
        assert_string_equal(net_addr_text(&a, text), "9.9.9.9:9");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_and_its_port_are_written_with_a_colon),
        cmocka_unit_test(version_6_stands_in_brackets_before_a_port_and_without_them_alone),
        cmocka_unit_test(a_mapped_address_is_written_as_version_4),
        cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
