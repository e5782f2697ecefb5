/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deliver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/core_fake.h"

static void assert_said(struct world *w, uint32_t client, const char *want)
{
    assert_string_equal(world_take(w, client), want);
}

static void a_message_reaches_those_who_want_it_on_every_reactor(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 3; reactors++) {
        struct world *w = world_new(reactors, NULL);
        uint32_t from = world_client(w, 0);
        uint32_t literal = world_client(w, 0), star = world_client(w, reactors - 1);
        uint32_t other = world_client(w, reactors / 2);
        (void)world_say(w, literal, "SUB a.b 1\r\n");
        (void)world_say(w, star, "SUB a.* x\r\nSUB a.> y\r\n");
        (void)world_say(w, other, "SUB a 1\r\nSUB a.b.c 2\r\nSUB *.c 3\r\n");
        (void)world_say(w, from, "PUB a.b re 5\r\nhello\r\n");
        assert_said(w, literal, "MSG a.b 1 re 5\r\nhello\r\n");
        const char *both = world_take(w, star);
        assert_non_null(strstr(both, "MSG a.b x re 5\r\nhello\r\n"));
        assert_non_null(strstr(both, "MSG a.b y re 5\r\nhello\r\n"));
        assert_int_equal(strlen(both), 2 * strlen("MSG a.b x re 5\r\nhello\r\n"));
        assert_said(w, other, "");
        world_free(w);
    }
}

static void odd_spacing_is_not_sent_on(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), here = world_client(w, 0), there = world_client(w, 1);
    (void)world_say(w, here, "SUB a 1\r\n");
    (void)world_say(w, there, "SUB a 1\r\n");
    (void)world_say(w, from, "PUB  a\t r  005 \nhello\r\nHPUB a 2\t4\r\nHHhi\r\n");
    assert_said(w, here, "MSG a 1 r 005\r\nhello\r\nHMSG a 1 2 4\r\nHHhi\r\n");
    assert_said(w, there, "MSG a 1 r 005\r\nhello\r\nHMSG a 1 2 4\r\nHHhi\r\n");
    world_free(w);
}

static void headers_are_stripped_for_those_who_do_not_take_them(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0);
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        uint32_t plain = world_accept(w, reactor);
        (void)world_say(w, plain, "CONNECT {\"verbose\":false}\r\nSUB a 1\r\n");
        (void)world_say(
            w, from,
            "HPUB a re 12 14\r\nNATS/1.0\r\n\r\nhi\r\nHPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n");
        assert_said(w, plain, "MSG a 1 re 2\r\nhi\r\nMSG a 1 0\r\n\r\n");
    }
    world_free(w);
}

static void without_echo_nobody_hears_himself(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t deaf = world_accept(w, 0), other = world_client(w, 0);
    (void)world_say(w, deaf, WORLD_CONNECT(",\"echo\":false"));
    (void)world_say(w, other, "SUB b q 1\r\n");
    assert_string_equal(world_say(w, deaf, "SUB a 1\r\nSUB b q 2\r\nPUB a 1\r\nx\r\n"), "");
    for (int i = 0; i < 10; i++) assert_string_equal(world_say(w, deaf, "PUB b 1\r\nx\r\n"), "");
    assert_int_equal(world_session(w, other)->out_msgs, 10);
    world_free(w);
}

static void a_subscription_ends_with_the_delivery_that_was_its_last(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), to = world_client(w, 1);
    (void)world_say(w, to, "SUB a 1\r\nUNSUB 1 2\r\n");
    (void)world_say(w, from, "PUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n");
    assert_said(w, to, "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n");
    assert_int_equal(world_session(w, to)->subs.count, 0);
    world_free(w);
}

static void a_large_payload_is_shared_and_arrives_whole(void **state)
{
    (void)state;
    enum { LARGE = 10000 };
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), to[4];
    struct buf frame = { 0 }, want = { 0 };
    buf_printf(&frame, "PUB a %u\r\n", LARGE);
    for (uint32_t i = 0; i < LARGE; i++) buf_add_byte(&frame, (uint8_t)('a' + i % 26));
    buf_add_str(&frame, "\r\n");
    buf_add_str(&want, "MSG a 1 ");
    buf_add(&want, slice_from(buf_slice(&frame), 6));
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = world_client(w, i % 2);
        (void)world_say(w, to[i], "SUB a 1\r\n");
    }
    (void)world_say(w, from, buf_str(&frame));
    for (uint32_t i = 0; i < 4; i++) assert_said(w, to[i], buf_str(&want));
    buf_deinit(&frame);
    buf_deinit(&want);
    world_free(w);
}

/* ---- internal sinks that live on a reactor ---- */

struct basket {
    struct sink sink;
    struct sub *sub;
    struct world *world;
    struct buf got; /* "subject reply body;" */
};

static void basket_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                        const struct message *m)
{
    struct basket *b = container_of(sink, struct basket, sink);
    assert_ptr_equal(sub, b->sub);
    assert_int_equal(cr->reactor->id, sink->reactor);
    buf_printf(&b->got, "%.*s %.*s %.*s;", SLICE_ARGS(m->subject), SLICE_ARGS(m->reply),
               SLICE_ARGS(m->body));
}

static void basket_open(struct basket *b, struct world *w, uint32_t reactor, const char *queue)
{
    struct reactor *r = w->fake->set->at[reactor];
    *b = (struct basket){ .sink = { .reactor = reactor, .deliver = basket_take }, .world = w };
    b->sub = sub_new(&r->door, &b->sink, SLICE_LIT("s.>"), slice_str(queue), SLICE_LIT(""));
    sub_enter(r, w->core->global, b->sub);
}

static void basket_close(struct basket *b)
{
    struct reactor *r = b->world->fake->set->at[b->sink.reactor];
    sub_leave(r, b->world->core->global, b->sub);
    world_run(b->world);
    assert_int_equal(b->sink.posted, 0);
    buf_deinit(&b->got);
}

static void an_internal_sink_is_called_on_its_own_reactor(void **state)
{
    (void)state;
    for (uint32_t home = 0; home < 2; home++) {
        struct world *w = world_new(2, NULL);
        struct basket b;
        basket_open(&b, w, home, "");
        uint32_t from = world_client(w, 0);
        (void)world_say(w, from, "PUB s.a re 1\r\nx\r\nPUB t 1\r\ny\r\nPUB s.b 1\r\nz\r\n");
        assert_string_equal(buf_str(&b.got), "s.a re x;s.b  z;");
        basket_close(&b);
        assert_int_equal(world_session(w, from)->stalls, 0);
        (void)world_say(w, from, "PUB s.a 1\r\nx\r\n");
        world_free(w);
    }
}

static void who_fills_the_mailbox_of_an_internal_sink_is_held(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    struct basket b;
    basket_open(&b, w, 1, "");
    uint32_t from = world_client(w, 0);
    atomic_store(&b.sink.posted, SINK_POSTED_HIGH);
    world_put(w, from, "PUB s.a 1\r\nx\r\n");
    (void)reactor_tick(w->fake->set->at[0], 0);
    assert_int_equal(world_session(w, from)->stalls, 1);
    assert_true(world_session(w, from)->conn.paused);
    atomic_fetch_sub(&b.sink.posted, SINK_POSTED_HIGH);
    world_run(w);
    assert_string_equal(buf_str(&b.got), "s.a  x;");
    basket_close(&b);
    world_free(w);
}

static void an_internal_sink_may_be_a_member_of_a_queue_group(void **state)
{
    (void)state;
    for (uint32_t home = 0; home < 2; home++) {
        struct world *w = world_new(2, NULL);
        struct basket b;
        basket_open(&b, w, home, "q");
        uint32_t from = world_client(w, 0), member = world_client(w, 0);
        (void)world_say(w, member, "SUB s.* q 1\r\n");
        for (int i = 0; i < 10; i++) (void)world_say(w, from, "PUB s.a 1\r\nx\r\n");
        assert_int_equal(world_session(w, member)->out_msgs + b.got.len / 7, 10);
        assert_true(b.got.len >= 7 * 3);
        basket_close(&b);
        world_free(w);
    }
}

/* ---- queue groups ---- */

static void every_member_of_a_queue_gets_its_share(void **state)
{
    (void)state;
    enum { MEMBERS = 12, MESSAGES = 12000 };
    struct world *w = world_new(1, NULL);
    uint32_t from = world_client(w, 0), member[MEMBERS], left = 0, total = 0;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        member[i] = world_client(w, 0);
        (void)world_say(w, member[i], "SUB a q 1\r\n");
    }
    for (uint32_t i = 2; i < 7; i++) (void)world_say(w, member[i], "UNSUB 1\r\n"); /* holes */
    for (uint32_t i = 0; i < MESSAGES; i++) {
        world_put(w, from, "PUB a 1\r\nx\r\n");
        if (i % 100 == 99) world_run(w);
    }
    for (uint32_t i = 0; i < MEMBERS; i++) left += world_session(w, member[i])->subs.count;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct session *s = world_session(w, member[i]);
        total += (uint32_t)s->out_msgs;
        if (s->subs.count == 0) continue;
        assert_true(s->out_msgs * left * 10 < MESSAGES * 13); /* 1.3 times its share at most */
        assert_true(s->out_msgs * left * 13 > MESSAGES * 10);
    }
    assert_int_equal(left, MEMBERS - 5);
    assert_int_equal(total, MESSAGES);
    world_free(w);
}

static void members_of_one_name_on_several_patterns_are_one_group(void **state)
{
    (void)state;
    static const char *const subs[] = { "SUB foo q 1\r\n", "SUB * q 1\r\n", "SUB > q 1\r\n" };
    for (uint32_t reactors = 1; reactors <= 2; reactors++) {
        struct world *w = world_new(reactors, NULL);
        uint32_t from = world_client(w, 0), member[3];
        uint64_t total = 0;
        for (uint32_t i = 0; i < 3; i++) {
            member[i] = world_client(w, i % reactors);
            (void)world_say(w, member[i], subs[i]);
        }
        for (int i = 0; i < 30; i++) (void)world_say(w, from, "PUB foo 1\r\nx\r\n");
        for (uint32_t i = 0; i < 3; i++) total += world_session(w, member[i])->out_msgs;
        assert_int_equal(total, 30);
        world_free(w);
    }
}

static void a_member_that_left_after_it_was_chosen_is_replaced(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), gone = world_client(w, 1), stays = world_client(w, 1);
    (void)world_say(w, gone, "SUB a q 1\r\n");
    world_put(w, from, "PUB a 1\r\nx\r\n");
    (void)reactor_tick(w->fake->set->at[0], 0); /* chosen and posted: there is no other */
    session_close(world_session(w, gone), CLOSE_KICKED);
    session_take_op(world_session(w, stays), &(struct nats_op){ .verb = NATS_SUB,
                                                                .subject = SLICE_LIT("a"),
                                                                .queue = SLICE_LIT("q"),
                                                                .sid = SLICE_LIT("2") });
    world_run(w);
    assert_said(w, stays, "MSG a 2 1\r\nx\r\n");
    world_free(w);
}

/* ---- no responders ---- */

#define NOBODY(subject, size)                                                                  \
    "HMSG re 1 " size " " size "\r\nNATS/1.0 503\r\nNats-Subject: " subject "\r\n\r\n\r\n"

static void a_request_that_nobody_takes_is_answered_with_503(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), responder = world_client(w, 1);
    assert_string_equal(world_say(w, from, "SUB re 1\r\nPUB ask re 1\r\nx\r\n"),
                        NOBODY("ask", "35"));
    (void)world_say(w, responder, "SUB ask 1\r\n");
    assert_string_equal(world_say(w, from, "PUB ask re 1\r\nx\r\n"), "");
    assert_said(w, responder, "MSG ask 1 re 1\r\nx\r\n");
    world_free(w);
}

static void a_request_whose_chosen_member_left_is_answered_with_503(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t from = world_client(w, 0), gone = world_client(w, 1);
    (void)world_say(w, gone, "SUB ask q 1\r\n");
    world_put(w, from, "SUB re 1\r\nPUB ask re 1\r\nx\r\n");
    (void)reactor_tick(w->fake->set->at[0], 0);
    session_close(world_session(w, gone), CLOSE_KICKED);
    world_run(w);
    assert_said(w, from, NOBODY("ask", "35"));
    world_free(w);
}

/* ---- who is slow ---- */

static struct options *small_pending(int64_t bytes)
{
    struct options *o = options_new();
    o->limits.max_pending = bytes;
    return o;
}

static void a_consumer_that_takes_nothing_is_cut_at_max_pending_and_costs_others_nothing(
    void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_new(2, small_pending(10000));
        uint32_t from = world_client(w, 0), slow = world_client(w, reactor);
        uint32_t quick = world_client(w, 0);
        (void)world_say(w, slow, "SUB a 1\r\n");
        (void)world_say(w, quick, "SUB a 1\r\n");
        w->fake->socks[slow].stuck = true;
        for (int i = 0; i < 600; i++) {         /* the first PING is not due yet */
            (void)world_say(w, from, "PUB a 10\r\n0123456789\r\n");
            w->fake->now += 3 * MILLISECOND; /* so that a publisher that was held goes on */
            world_run(w);
            assert_said(w, quick, "MSG a 1 10\r\n0123456789\r\n");
        }
        assert_true(world_is_closed(w, slow));
        assert_int_equal(count_get(&w->core->at[reactor]->slow_consumers), 1);
        assert_int_equal(interest_count(w->core->global->interest),
                         (w->core->global->internal != NULL ? 1 : 0) + 1);
        world_free(w);
    }
}

static void a_publisher_is_held_for_a_consumer_that_is_behind_but_reads(void **state)
{
    (void)state;
    struct world *w = world_new(1, small_pending(10000));
    uint32_t from = world_client(w, 0), slow = world_client(w, 0);
    (void)world_say(w, slow, "SUB a 1\r\n");
    w->fake->socks[slow].stuck = true;
    w->fake->socks[slow].write_max = 1;
    for (int sent = 0; !world_session(w, from)->conn.paused && sent < 1000; sent++) {
        (void)world_say(w, from, "PUB a 10\r\n0123456789\r\n");
        w->fake->socks[slow].stuck = false; /* a byte gets through */
        (void)reactor_tick(w->fake->reactor, 0);
        w->fake->socks[slow].stuck = true;
    }
    assert_true(world_session(w, from)->conn.paused);
    assert_int_equal(world_session(w, from)->stalls, 1);
    w->fake->now += 10 * MILLISECOND;
    world_run(w);
    assert_false(world_session(w, from)->conn.paused);
    world_free(w);
}

/* What is behind is told to the publisher's reactor by the target; a stranger who publishes next to
 * the target is not held for it. */
static void nobody_is_held_for_what_another_reactor_posted(void **state)
{
    (void)state;
    struct world *w = world_new(2, small_pending(10000));
    uint32_t from = world_client(w, 0), slow = world_client(w, 1), stranger = world_client(w, 1);
    struct session *target = world_session(w, slow);
    (void)world_say(w, slow, "SUB a 1\r\n");
    w->fake->socks[slow].stuck = true;
    target->congested_written = target->conn.written; /* its publisher was held for it lately */
    target->stall_written = UINT64_MAX; /* as if it had taken bytes since */
    for (int i = 0; i < 400 && target->stall_written == UINT64_MAX; i++)
        (void)world_say(w, from, "PUB a 10\r\n0123456789\r\n");
    assert_true(target->stall_written != UINT64_MAX); /* it is behind, and that was seen */
    (void)world_say(w, stranger, "PUB b 1\r\nx\r\n");
    assert_int_equal(world_session(w, stranger)->stalls, 0);
    target->congested_written = UINT64_MAX;
    (void)world_say(w, from, "PUB a 1\r\nx\r\nPUB a 1\r\nx\r\n");
    (void)world_say(w, from, "PUB a 1\r\nx\r\n");
    assert_int_equal(world_session(w, from)->stalls, 1);
    world_free(w);
}

/* What a publisher elsewhere posts until it hears of that comes on top, so it is held earlier than
 * one next to the target. */
static void a_publisher_elsewhere_is_held_from_half_of_max_pending_on(void **state)
{
    enum { MAX = 10000 };
    (void)state;
    struct world *w = world_new(2, small_pending(MAX));
    uint32_t from = world_client(w, 0), slow = world_client(w, 1), local = world_client(w, 1);
    struct session *target = world_session(w, slow);
    (void)world_say(w, slow, "SUB a 1\r\n");
    w->fake->socks[slow].write_max = 1; /* a byte a tick gets through */
    for (int sent = 0; !world_session(w, from)->conn.paused && sent < 1000; sent++) {
        world_put(w, from, "PUB a 10\r\n0123456789\r\n");
        (void)fake_tick(w->fake);
    }
    assert_true(world_session(w, from)->conn.paused);
    assert_true(conn_queued(&target->conn) > MAX / 2);
    assert_true(conn_queued(&target->conn) < MAX / 8 * 5);
    world_put(w, local, "PUB a 10\r\n0123456789\r\n");
    (void)fake_tick(w->fake);
    assert_int_equal(world_session(w, local)->stalls, 0);
    world_free(w);
}

static void a_publisher_is_held_while_the_reactor_of_its_target_is_behind(void **state)
{
    enum { MAX = 10000, MESSAGES = 1000 };
    (void)state;
    struct world *w = world_new(2, small_pending(MAX));
    uint32_t from = world_client(w, 0), to = world_client(w, 1);
    struct session *target = world_session(w, to);
    (void)world_say(w, to, "SUB a 1\r\n");
    w->fake->socks[from].read_max = 100;
    for (int i = 0; i < MESSAGES; i++) world_put(w, from, "PUB a 10\r\n0123456789\r\n");
    for (int tick = 0; !world_session(w, from)->conn.paused && tick < MESSAGES; tick++)
        (void)reactor_tick(w->fake->set->at[0], 0);
    assert_true(world_session(w, from)->conn.paused);
    assert_true(conn_pending_shared(&target->conn) > MAX / 4);
    assert_true(conn_pending_shared(&target->conn) < MAX / 2);
    for (int i = 0; i < MESSAGES && target->out_msgs < MESSAGES; i++) {
        w->fake->now += 3 * MILLISECOND;
        world_run(w);
    }
    assert_false(world_is_closed(w, to));
    assert_int_equal(target->out_msgs, MESSAGES);
    world_free(w);
}

/* Decision 009: what waits in mailboxes passes whether the target's socket takes bytes or not, and
 * each quarter of max_pending that has passed brings a dead one nearer to its end. */
static void a_target_that_takes_nothing_holds_those_elsewhere_a_few_times_at_most(void **state)
{
    enum { MAX = 10000, BURST = 200, ROUNDS = 50, HOLDS_MAX = 5 };
    (void)state;
    struct world *w = world_new(2, small_pending(MAX));
    uint32_t from = world_client(w, 0), dead = world_client(w, 1);
    struct session *publisher = world_session(w, from);
    uint32_t holds = 0, held_after_its_end = 0;
    (void)world_say(w, dead, "SUB a 1\r\n");
    w->fake->socks[dead].stuck = true;
    w->fake->socks[from].read_max = 100;
    for (int round = 0; round < ROUNDS; round++) {
        bool was_over = world_is_closed(w, dead);
        uint64_t before = publisher->stalls;
        for (int i = 0; i < BURST; i++) world_put(w, from, "PUB a 10\r\n0123456789\r\n");
        for (int tick = 0; !publisher->conn.paused && tick < BURST; tick++)
            (void)reactor_tick(w->fake->set->at[0], 0);     /* the other one is behind */
        world_run(w);                                       /* and comes to it */
        for (int i = 0; i < BURST && w->fake->socks[from].in.len > 0; i++) {
            w->fake->now += 3 * MILLISECOND;
            world_run(w);
        }
        assert_int_equal(w->fake->socks[from].in.len, 0);   /* no hold stays */
        holds += (uint32_t)(publisher->stalls - before);
        if (was_over) held_after_its_end += (uint32_t)(publisher->stalls - before);
    }
    assert_true(world_is_closed(w, dead));
    assert_in_range(holds, 1, HOLDS_MAX);
    assert_int_equal(held_after_its_end, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_those_who_want_it_on_every_reactor),
        cmocka_unit_test(odd_spacing_is_not_sent_on),
        cmocka_unit_test(headers_are_stripped_for_those_who_do_not_take_them),
        cmocka_unit_test(without_echo_nobody_hears_himself),
        cmocka_unit_test(a_subscription_ends_with_the_delivery_that_was_its_last),
        cmocka_unit_test(a_large_payload_is_shared_and_arrives_whole),
        cmocka_unit_test(an_internal_sink_is_called_on_its_own_reactor),
        cmocka_unit_test(who_fills_the_mailbox_of_an_internal_sink_is_held),
        cmocka_unit_test(an_internal_sink_may_be_a_member_of_a_queue_group),
        cmocka_unit_test(every_member_of_a_queue_gets_its_share),
        cmocka_unit_test(members_of_one_name_on_several_patterns_are_one_group),
        cmocka_unit_test(a_member_that_left_after_it_was_chosen_is_replaced),
        cmocka_unit_test(a_request_that_nobody_takes_is_answered_with_503),
        cmocka_unit_test(a_request_whose_chosen_member_left_is_answered_with_503),
        cmocka_unit_test(
            a_consumer_that_takes_nothing_is_cut_at_max_pending_and_costs_others_nothing),
        cmocka_unit_test(a_publisher_is_held_for_a_consumer_that_is_behind_but_reads),
        cmocka_unit_test(nobody_is_held_for_what_another_reactor_posted),
        cmocka_unit_test(a_publisher_elsewhere_is_held_from_half_of_max_pending_on),
        cmocka_unit_test(a_publisher_is_held_while_the_reactor_of_its_target_is_behind),
        cmocka_unit_test(a_target_that_takes_nothing_holds_those_elsewhere_a_few_times_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
