/* SPDX-License-Identifier: Apache-2.0 */
#include "config/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_url_is_taken_apart(void **state)
{
    (void)state;
    struct url u;
    assert_true(url_parse(SLICE_LIT("nats-route://me:p%40ss@[::1]:4222/x?y#z"), &u));
    assert_true(slice_equal_str(u.scheme, "nats-route"));
    assert_true(slice_equal_str(u.user, "me"));
    assert_true(slice_equal_str(u.pass, "p%40ss"));
    assert_true(slice_equal_str(u.host, "::1"));
    assert_true(slice_equal_str(u.port, "4222"));
    assert_true(slice_equal_str(u.rest, "/x?y#z"));
    assert_true(u.has_user && u.has_pass);
}

static void what_go_accepts_is_accepted_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool        good;
    } cases[] = {
        { "", true },
        { "x", true },
        { "a/b", true },
        { "localhost:4222", true },
        { "nats://", true },
        { "nats://a:", true },
        { "nats://a@b", true },
        { "127.0.0.1:4222", false },
        { ":0", false },
        { "nats://a:x", false },
        { "nats://[::1", false },
        { "nats://[::1]x", false },
        { "http://%zz", false },
        { "http://a/%zz", false },
        { "nats://a b", false },
        { "nats://a\tb", false },
        { "nats://a^b@c", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct url u;
        if (url_parse(slice_str(cases[i].text), &u) != cases[i].good)
            print_error("%s\n", cases[i].text);
        assert_int_equal(url_parse(slice_str(cases[i].text), &u), cases[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(what_go_accepts_is_accepted_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
