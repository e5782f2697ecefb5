/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/test_options.h"
#include "core/core_fake.h"

#define HASH_OF_S3CRET "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC"
#define SAME_PASSWORD  "$2a$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG"
#define LOGIN "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"s3cret\"}\r\n"

static struct options *one_user(const char *pass)
{
    struct options *o = options_new();
    (void)test_user(o, "a", pass);
    return o;
}

static void what_closes_a_client_is_logged_and_nothing_behind_it_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *logged;
        uint64_t messages;
    } rows[] = {
        { "HELLO\r\nPUB a 1\r\nx\r\n", "Client parser ERROR", 0 },
        { "PUB a 1\r\nx\r\nPUB a\r\nPUB a 1\r\nx\r\n", "processPub Parse Error: \"a\"", 1 },
        { "PUB a 9999999\r\nPUB a 1\r\nx\r\n", "maximum payload exceeded", 0 },
        { "-ERR 'gone'\r\nPUB a 1\r\nx\r\n", "Client Error 'gone'", 0 },
        { "INFO nothing\r\nPUB a 1\r\nx\r\n", "", 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, NULL);
        uint32_t c = world_client(w, 0);
        (void)world_say(w, c, rows[i].bytes);
        assert_true(world_is_closed(w, c));
        assert_non_null(strstr(buf_str(&w->logged), rows[i].logged));
        assert_int_equal(count_get(&w->core->at[0]->traffic.in_msgs), rows[i].messages);
        world_free(w);
    }
}

static void what_servers_say_is_taken_from_clients_and_means_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0);
    assert_string_equal(world_say(w, c, "+OK\r\nINFO {\"x\":[1]}\r\nPONG\r\nPING\r\n"), "PONG\r\n");
    world_free(w);
}

static void who_must_say_who_he_is_may_say_nothing_else_first(void **state)
{
    (void)state;
    static const char *const verbs[] = { "PING\r\n", "SUB > 1\r\n", "PUB a 1\r\nx\r\n", "+OK\r\n",
                                         "-ERR 'x'\r\n" };
    struct world *w = world_new(1, one_user("b"));
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        uint32_t c = world_accept(w, 0);
        assert_string_equal(world_say(w, c, verbs[i]), "-ERR 'Authorization Violation'\r\n");
        assert_true(world_is_closed(w, c));
    }
    assert_int_equal(count_get(&w->core->at[0]->traffic.in_msgs), 0);
    world_free(w);
}

/* A reload that changes the hash of a password has it checked anew; the client goes on meanwhile,
 * but for another CONNECT: one judgement at a time. */
static void a_connect_waits_while_its_client_is_judged_again(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(HASH_OF_S3CRET));
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, LOGIN);
    world_work(w);
    assert_string_equal(world_say(w, c, "PING\r\n"), "PONG\r\n");
    core_reload(w->core, world_settings(w, one_user(SAME_PASSWORD)));
    world_run(w);
    assert_non_null(w->work);
    assert_string_equal(world_say(w, c, "PING\r\n"), "PONG\r\n");
    assert_string_equal(world_say(w, c, LOGIN "PING\r\n"), "");
    world_work(w);                      /* what the reload asked */
    assert_string_equal(world_take(w, c), "PONG\r\n");
    world_free(w);
}

/* ---- the PROXY header ---- */

#define V2      "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(x)                            \
    {                                       \
        (const uint8_t *)(x), sizeof(x) - 1 \
    }

static void a_proxy_names_the_client_however_its_bytes_are_cut(void **state)
{
    (void)state;
    static const struct {
        struct slice header;
        const char *addr;
    } rows[] = {
        { BYTES("PROXY TCP4 10.1.2.3 10.0.0.1 77 4222\r\n"), "10.1.2.3:77" },
        { BYTES("PROXY TCP6 2001:db8::7 ::1 77 4222\r\n"), "[2001:db8::7]:77" },
        { BYTES("PROXY UNKNOWN\r\n"), NULL },
        { BYTES(V2 "\x21\x11\0\x0c\x0a\x01\x02\x03\x0a\0\0\x01\0\x4d\x10\x7e"), "10.1.2.3:77" },
        { BYTES(V2 "\x20\0\0\0"), NULL },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (uint32_t cut = 0; cut <= rows[i].header.len; cut++) {
            struct world *w = world_new(1, NULL);
            w->listener.options.proxy_protocol = true;
            uint32_t c = world_accept(w, 0);
            struct buf *in = &w->fake->socks[c].in;
            char addr[NET_ADDR_TEXT];
            buf_add(in, slice_first(rows[i].header, cut));
            world_run(w);
            assert_false(world_session(w, c)->addr_known && cut < rows[i].header.len);
            buf_add(in, slice_from(rows[i].header, cut));
            assert_string_equal(world_say(w, c, "PING\r\n"), "PONG\r\n");
            (void)net_addr_text(&world_session(w, c)->addr, addr);
            assert_string_equal(addr, rows[i].addr != NULL ? rows[i].addr : "127.0.0.1:1000");
            world_free(w);
        }
}

static void who_brings_no_proxy_header_is_himself(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    w->listener.options.proxy_protocol = true;
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, WORLD_CONNECT("") "PING\r\n"), "PONG\r\n");
    assert_true(world_session(w, c)->addr_known);
    world_free(w);
}

static void a_broken_proxy_header_is_logged_and_closes(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    w->listener.options.proxy_protocol = true;
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, "PROXY TCP4 10.1.2.3 here 77 4222\r\nPING\r\n"), "");
    assert_true(world_is_closed(w, c));
    assert_non_null(
        strstr(buf_str(&w->logged), "Error reading PROXY protocol header from 127.0.0.1:1000: "));
    world_free(w);
}

static void a_proxy_header_that_does_not_come_is_logged_and_closes(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    w->listener.options.proxy_protocol = true;
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, "PROXY TCP4 10."), "");
    w->fake->now += 4 * SECOND;
    world_run(w);
    assert_false(world_is_closed(w, c));
    w->fake->now += 2 * SECOND;
    world_run(w);
    assert_true(world_is_closed(w, c));
    assert_non_null(strstr(buf_str(&w->logged),
                           "Error reading PROXY protocol header from 127.0.0.1:1000: i/o timeout"));
    world_free(w);
}

/* Behind a proxy each client counts at its own address, and the proxy's is nobody's. */
static void a_proxy_has_any_number_of_strangers_and_each_of_its_clients_few(void **state)
{
    (void)state;
    struct options *o = one_user("b");
    o->midge.max_unauthenticated_per_address = 2;
    struct world *w = world_new(2, o);
    w->listener.options.proxy_protocol = true;
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t c = world_accept(w, i % 2);
        assert_string_equal(world_say(w, c, "PROXY TCP4 10.1.2.3 10.0.0.1 77 4222\r\n"),
                            i < 2 ? "" : "-ERR 'maximum connections before login exceeded'\r\n");
        assert_int_equal(world_is_closed(w, c), i >= 2);
    }
    uint32_t other = world_accept(w, 0);
    assert_string_equal(world_say(w, other, "PROXY TCP4 10.1.2.4 10.0.0.1 77 4222\r\n"), "");
    assert_int_equal(strangers_of(w->core->strangers, &world_localhost), 0);
    assert_int_equal(core_clients(w->core), 3);
    assert_non_null(strstr(buf_str(&w->logged), "too many connections of 10.1.2.3 "));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_closes_a_client_is_logged_and_nothing_behind_it_is_taken),
        cmocka_unit_test(what_servers_say_is_taken_from_clients_and_means_nothing),
        cmocka_unit_test(who_must_say_who_he_is_may_say_nothing_else_first),
        cmocka_unit_test(a_connect_waits_while_its_client_is_judged_again),
        cmocka_unit_test(a_proxy_names_the_client_however_its_bytes_are_cut),
        cmocka_unit_test(who_brings_no_proxy_header_is_himself),
        cmocka_unit_test(a_broken_proxy_header_is_logged_and_closes),
        cmocka_unit_test(a_proxy_header_that_does_not_come_is_logged_and_closes),
        cmocka_unit_test(a_proxy_has_any_number_of_strangers_and_each_of_its_clients_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
