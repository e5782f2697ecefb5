/* SPDX-License-Identifier: Apache-2.0 */
#include "core/strangers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static struct net_addr address(const char *text)
{
    struct net_addr a = { .port = 1 };
    assert_true(net_addr_parse_ip(&a, text));
    return a;
}

static void each_address_has_a_number_of_its_own(void **state)
{
    (void)state;
    struct strangers *s = strangers_new(7);
    struct net_addr a = address("10.0.0.1"), b = address("10.0.0.2");
    for (int i = 0; i < 3; i++) assert_true(strangers_enter(s, &a, 3));
    assert_false(strangers_enter(s, &a, 3));
    assert_true(strangers_enter(s, &b, 3));
    assert_int_equal(strangers_of(s, &a), 3);
    assert_int_equal(strangers_of(s, &b), 1);
    assert_int_equal(strangers_check(s), 4);
    strangers_leave(s, &a);
    a.port = 2;                         /* any port of it */
    assert_true(strangers_enter(s, &a, 3));
    for (int i = 0; i < 3; i++) strangers_leave(s, &a);
    strangers_leave(s, &b);
    assert_int_equal(strangers_check(s), 0);
    assert_null(strangers_free(s));
    assert_null(strangers_free(NULL));
}

static void without_a_limit_all_are_counted_and_none_is_refused(void **state)
{
    (void)state;
    struct strangers *s = strangers_new(7);
    struct net_addr a = address("10.0.0.1");
    for (int i = 0; i < 100000; i++) assert_true(strangers_enter(s, &a, 0));
    assert_false(strangers_enter(s, &a, 100000));       /* a reload has set one */
    for (int i = 0; i < 100000; i++) strangers_leave(s, &a);
    strangers_free(s);
}

static void a_network_of_ipv6_is_one_stranger_and_ipv4_is_itself_in_any_dress(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_one;
    } rows[] = {
        { "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
        { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
        { "10.0.0.1", "::ffff:10.0.0.1", true },
        { "::ffff:10.0.0.1", "::ffff:10.0.0.2", false },
        { "0.0.0.1", "::1", false },
        { "32.1.13.184", "2001:db8::", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct strangers *s = strangers_new(7);
        struct net_addr a = address(rows[i].a), b = address(rows[i].b);
        assert_true(strangers_enter(s, &a, 1));
        assert_int_equal(strangers_enter(s, &b, 1), !rows[i].is_one);
        strangers_leave(s, &a);
        if (!rows[i].is_one) strangers_leave(s, &b);
        strangers_free(s);
    }
}

static struct net_addr nth(uint32_t n)
{
    return (struct net_addr){ .ip = { 10, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

static void however_they_come_and_go_the_numbers_are_right(void **state)
{
    (void)state;
    enum { ADDRESSES = 4096, STEPS = 60000 };
    static uint32_t model[ADDRESSES];
    struct strangers *s = strangers_new(11);
    struct rng rng;
    uint64_t in = 0;
    rng_init(&rng, 3);
    for (uint32_t i = 0; i < STEPS; i++) {
        /* many come first, then many go: the tables grow and shrink */
        bool comes = rng_below(&rng, STEPS) > i;
        uint32_t n = rng_below(&rng, ADDRESSES);
        struct net_addr a = nth(n);
        if (comes) {
            bool fits = model[n] < 5;
            assert_int_equal(strangers_enter(s, &a, 5), fits);
            model[n] += fits;
            in += fits;
        } else if (model[n] > 0) {
            strangers_leave(s, &a);
            model[n]--;
            in--;
        }
        if (i % 1000 == 0) assert_int_equal(strangers_check(s), in);
    }
    for (uint32_t n = 0; n < ADDRESSES; n++) {
        struct net_addr a = nth(n);
        assert_int_equal(strangers_of(s, &a), model[n]);
        for (; model[n] > 0; model[n]--) strangers_leave(s, &a);
    }
    assert_int_equal(strangers_check(s), 0);
    strangers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_a_number_of_its_own),
        cmocka_unit_test(without_a_limit_all_are_counted_and_none_is_refused),
        cmocka_unit_test(a_network_of_ipv6_is_one_stranger_and_ipv4_is_itself_in_any_dress),
        cmocka_unit_test(however_they_come_and_go_the_numbers_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
