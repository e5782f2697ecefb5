/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/net_testing.h"

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
    const struct CMUnitTest tests[] = {
        NET_TEST(no_interface_is_a_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
