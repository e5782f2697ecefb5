/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/closed.h"
#include "core/core_fake.h"

static void a_client_is_greeted_and_answered(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, "PING\r\n"), "PONG\r\n");
    assert_string_equal(world_say(w, c, "SUB a 1\r\nPUB a 1\r\nx\r\n"),
                        "+OK\r\n+OK\r\nMSG a 1 1\r\nx\r\n");
    assert_string_equal(world_say(w, c, WORLD_CONNECT("") "PUB a 1\r\nx\r\n"),
                        "MSG a 1 1\r\nx\r\n");
    world_free(w);
}

static void the_answers_are_the_same_however_the_bytes_are_cut(void **state)
{
    (void)state;
    static const char stream[] = "PING\r\nSUB a.* q 1\r\nPUB a.b re 5\r\nhello\r\nUNSUB 1 3\r\n"
                                 "HPUB a.b 12 14\r\nNATS/1.0\r\n\r\nhi\r\nSUB a..b 2\r\nPING\r\n";
    struct buf want = { 0 };
    struct world *w = world_new(1, NULL);
    for (size_t cut = 0; cut < sizeof stream; cut++) {
        uint32_t c = world_client(w, 0);
        buf_add(&w->fake->socks[c].in, slice_of(stream, cut));
        world_run(w);
        buf_add_str(&w->fake->socks[c].in, stream + cut);
        world_run(w);
        const char *said = world_take(w, c);
        if (cut == 0) buf_add_str(&want, said);
        assert_string_equal(said, buf_str(&want));
        session_close(world_session(w, c), CLOSE_KICKED);
        world_run(w);
        w->fake->socks[c].closed = false;
        w->clients--;
    }
    assert_non_null(strstr(buf_str(&want), "HMSG a.b 1 12 14\r\n"));
    buf_deinit(&want);
    world_free(w);
}

static void a_protocol_error_is_said_and_closes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *want;
    } rows[] = {
        { "HELLO\r\n", "-ERR 'Unknown Protocol Operation'\r\n" },
        { "PUB foo\r\n", "" },
        { "PUB foo 1048577\r\n", "-ERR 'Maximum Payload Violation'\r\n" },
        { "CONNECT\r\n", "" },
        { "-ERR 'x'\r\n", "" },
    };
    struct world *w = world_new(1, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t c = world_client(w, 0);
        assert_string_equal(world_say(w, c, rows[i].bytes), rows[i].want);
        assert_true(world_is_closed(w, c));
    }
    assert_int_equal(core_clients(w->core), 0);
    world_free(w);
}

static void a_closed_session_gives_up_many_subscriptions_in_steps(void **state)
{
    (void)state;
    enum { SUBS = 20000 };
    struct world *w = world_new(1, NULL);
    uint32_t many = world_client(w, 0), from = world_client(w, 0), other = world_client(w, 0);
    uint64_t before = interest_count(w->core->global->interest);
    for (uint32_t i = 0; i < SUBS; i++)
        buf_printf(&w->fake->socks[many].in, "SUB s.%u %u\r\n", i, i);
    world_run(w);
    (void)world_say(w, other, "SUB s.> 1\r\n");
    assert_int_equal(interest_count(w->core->global->interest), before + SUBS + 1);
    w->fake->socks[many].in_ended = true;
    (void)reactor_tick(w->fake->reactor, 0);
    (void)reactor_tick(w->fake->reactor, 0);
    uint64_t left = interest_count(w->core->global->interest) - before - 1;
    assert_true(left > 0 && left < SUBS);
    (void)world_say(w, from, "PUB s.19999 1\r\nx\r\nPUB s.1 1\r\nx\r\n");
    assert_string_equal(world_take(w, other), "MSG s.19999 1 1\r\nx\r\nMSG s.1 1 1\r\nx\r\n");
    for (int i = 0; i < 20; i++) {
        w->fake->now += 2 * MILLISECOND;
        world_run(w);
    }
    assert_int_equal(interest_count(w->core->global->interest), before + 1);
    world_free(w);
}

/* The output of one delivery is flushed early, the socket fails, and the session that is delivering
 * closes itself. */
static void a_session_may_close_while_it_delivers_to_itself(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0), other = world_client(w, 0);
    (void)world_say(w, other, "SUB a 1\r\n");
    (void)world_say(w, c, "SUB a 1\r\nSUB a 2\r\nSUB * 3\r\nSUB > 4\r\nSUB a q 5\r\n");
    w->fake->socks[c].writes_fail = true;
    buf_add_str(&w->fake->socks[c].in, "PUB a 60000\r\n");
    for (int i = 0; i < 60000; i++) buf_add_byte(&w->fake->socks[c].in, 'x');
    buf_add_str(&w->fake->socks[c].in, "\r\nPUB a 1\r\ny\r\n");
    world_run(w);
    assert_true(world_is_closed(w, c));
    assert_int_equal(core_clients(w->core), 1);
    assert_int_equal(closed_ring_total(w->core->closed), 1);
    assert_int_equal(world_session(w, other)->out_msgs, 1);
    world_free(w);
}

/* The words of a close are flushed early and fail: the close is still one. */
static void a_close_whose_words_cannot_be_said_counts_once(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0);
    struct session *s = world_session(w, c);
    char *much = test_malloc(CONN_FLUSH_AT);
    memset(much, 'x', CONN_FLUSH_AT);
    w->fake->socks[c].stuck = true;
    conn_send(&s->conn, slice_of(much, CONN_FLUSH_AT - 3));
    w->fake->socks[c].writes_fail = true;
    session_close(s, CLOSE_STALE);
    world_run(w);
    assert_int_equal(core_clients(w->core), 0);
    assert_int_equal(closed_ring_total(w->core->closed), 1);
    assert_int_equal(count_get(&w->core->at[0]->gone), 1);
    test_free(much);
    world_free(w);
}

static struct options *options_with_user(const char *password)
{
    struct options *o = options_new();
    o->authorization.present = true;
    o->authorization.user = "a";
    o->authorization.pass = password;
    options_finish(o);
    return o;
}

/* Until it is in an account, or has ended. */
static void a_connection_is_a_stranger_until_it_is_in_or_gone(void **state)
{
    (void)state;
    static const char good[] = "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"b\"}\r\n";
    static const struct {
        bool is_open;                   /* nobody has to log in */
        const char *says;
        uint32_t before, behind;
    } rows[] = {
        { true, "", 0, 0 },          { false, "", 1, 1 },
        { false, good, 1, 0 },       { false, "CONNECT {\"user\":\"a\",\"pass\":\"x\"}\r\n", 1, 0 },
        { false, "PING\r\n", 1, 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(2, rows[i].is_open ? NULL : options_with_user("b"));
        uint32_t c = world_accept(w, i % 2);
        assert_int_equal(strangers_of(w->core->strangers, &world_localhost), rows[i].before);
        (void)world_say(w, c, rows[i].says);
        assert_int_equal(strangers_of(w->core->strangers, &world_localhost), rows[i].behind);
        world_free(w);
    }
}

/* What this client costs at the door. */
static uint64_t held(const struct world *w, uint64_t before)
{
    const struct reactor *r = w->fake->reactor;
    return r->door.bytes - before;
}

/* Rows X1 and X3, advisory 2026-11: nothing that a stranger says makes the server keep more. */
static void a_stranger_holds_a_line_and_no_more(void **state)
{
    (void)state;
    enum { CAP = 12 * 1024 }; /* the session, a line of 4096 bytes, room to grow */
    static const char *const starts[] = { "CONNECT {\"name\":\"", "connect \t \t" };
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        struct world *w = world_new(1, options_with_user("b"));
        (void)world_accept(w, 0); /* and the pool has its chunk */
        uint64_t before = w->fake->reactor->door.bytes, most = 0;
        uint32_t c = world_accept(w, 0);
        world_put(w, c, starts[i]);
        for (int k = 0; k < 2000 && !world_is_closed(w, c); k++) {
            (void)world_say(w, c, "xxxxxxxxxx");
            if (!world_is_closed(w, c) && held(w, before) > most) most = held(w, before);
        }
        assert_true(world_is_closed(w, c));
        assert_true(most > 0 && most <= CAP);
        world_free(w);
    }
}

static enum err refuse_work(struct worker *worker, struct work *work)
{
    (void)worker;
    (void)work;
    return ERR_LIMIT;
}

static const char *const bcrypt_hash =
    "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
#define BCRYPT_LOGIN "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"x\"}\r\n"

/* Rows P8 and X7: no thread or no place for the check of a password is a refusal. */
static void a_password_that_nobody_can_check_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(1, options_with_user(bcrypt_hash));
    w->worker.submit = refuse_work;
    uint32_t c = world_accept(w, 0), other = world_accept(w, 0);
    assert_string_equal(world_say(w, c, BCRYPT_LOGIN "PING\r\n"),
                        "-ERR 'Authorization Violation'\r\n");
    assert_true(world_is_closed(w, c));
    assert_false(world_is_closed(w, other));
    world_free(w);
}

/* While a password is checked nothing is read beyond what came with it. */
static void a_stranger_who_is_being_checked_is_not_read_from(void **state)
{
    (void)state;
    struct world *w = world_new(1, options_with_user(bcrypt_hash));
    (void)world_accept(w, 0); /* and the pool has its chunk */
    uint64_t before = w->fake->reactor->door.bytes;
    uint32_t c = world_accept(w, 0);
    world_put(w, c, BCRYPT_LOGIN);
    for (int i = 0; i < 100000; i++) world_put(w, c, "PING\r\n");
    world_run(w);
    assert_true(held(w, before) <= 2 * READ_BUFFER);
    assert_true(w->fake->socks[c].in.len > 400000);
    assert_string_equal(world_take(w, c), "");
    world_work(w);
    assert_string_equal(world_take(w, c), "-ERR 'Authorization Violation'\r\n");
    assert_true(world_is_closed(w, c));
    world_free(w);
}

/* Row X7: from the 20th failure in a minute on, the answer waits, and so does only this client. */
static void who_fails_again_and_again_waits_for_the_answer(void **state)
{
    (void)state;
    static const char wrong[] = "CONNECT {\"user\":\"a\",\"pass\":\"x\"}\r\n";
    static const char right[] =
        "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"b\"}\r\nPING\r\n";
    struct world *w = world_new(1, options_with_user("b"));
    for (int i = 1; i < 20; i++) {
        uint32_t c = world_accept(w, 0);
        assert_string_equal(world_say(w, c, wrong), "-ERR 'Authorization Violation'\r\n");
        assert_true(world_is_closed(w, c));
    }
    uint32_t c = world_accept(w, 0), other = world_accept(w, 0);
    assert_string_equal(world_say(w, c, wrong), "");
    assert_string_equal(world_say(w, c, right), "");
    assert_string_equal(world_say(w, other, right), "PONG\r\n");
    w->fake->now += 90 * MILLISECOND;
    world_run(w);
    assert_false(world_is_closed(w, c));
    w->fake->now += 20 * MILLISECOND;
    world_run(w);
    assert_string_equal(world_take(w, c), "-ERR 'Authorization Violation'\r\n");
    assert_true(world_is_closed(w, c));
    world_free(w);
}

/* Failing the n-th allocation at the door, for every n: a client may be refused or closed, the
 * server goes on, and nothing is lost. */
static void every_refusal_of_the_door_costs_at_most_its_client(void **state)
{
    (void)state;
    bool whole = false;
    for (uint64_t n = 1; !whole; n++) {
        struct world *w = world_new(1, NULL);
        uint32_t calm = world_client(w, 0);
        struct door *door = &w->fake->reactor->door;
        uint64_t base = door->calls;
        door->fail_at = base + n;
        uint32_t c = world_accept(w, 0);
        if (w->fake->socks[c].owner != NULL) {
            w->fake->socks[c].read_max = 9;
            (void)world_say(w, c,
                            WORLD_CONNECT("") "SUB a 1\r\nSUB b q 2\r\nPUB a 3\r\nabc\r\nPING\r\n");
        }
        whole = door->calls < base + n;
        door->fail_at = 0;
        assert_string_equal(world_say(w, calm, "PING\r\n"), "PONG\r\n");
        world_free(w);
        assert_true(n < 1000);
    }
}

/* Who does not wait for INFO is read at once: its answer leaves together with INFO. */
static void who_speaks_first_is_read_in_the_tick_that_takes_it(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = w->clients++;
    struct net_addr from = world_localhost;
    world_put(w, c, WORLD_CONNECT("") "PING\r\n");
    assert_true(listener_admit(&w->listener, &from));
    session_start(w->core->at[0], &w->listener, (int)c, &from);
    assert_int_equal(w->fake->socks[c].in.len, 0);
    assert_int_equal(w->fake->socks[c].out.len, 0);
    world_run(w);
    const char *said = world_take(w, c);
    assert_memory_equal(said, "INFO {", 6);
    assert_non_null(strstr(said, "} \r\nPONG\r\n"));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_speaks_first_is_read_in_the_tick_that_takes_it),
        cmocka_unit_test(a_client_is_greeted_and_answered),
        cmocka_unit_test(the_answers_are_the_same_however_the_bytes_are_cut),
        cmocka_unit_test(a_protocol_error_is_said_and_closes),
        cmocka_unit_test(a_closed_session_gives_up_many_subscriptions_in_steps),
        cmocka_unit_test(a_session_may_close_while_it_delivers_to_itself),
        cmocka_unit_test(a_close_whose_words_cannot_be_said_counts_once),
        cmocka_unit_test(a_connection_is_a_stranger_until_it_is_in_or_gone),
        cmocka_unit_test(a_stranger_holds_a_line_and_no_more),
        cmocka_unit_test(a_password_that_nobody_can_check_is_refused),
        cmocka_unit_test(a_stranger_who_is_being_checked_is_not_read_from),
        cmocka_unit_test(who_fails_again_and_again_waits_for_the_answer),
        cmocka_unit_test(every_refusal_of_the_door_costs_at_most_its_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
