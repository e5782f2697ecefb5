/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deliver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/testing.h"
#include "core/core_fake.h"

static struct world *world_of(uint32_t reactors, const char *config)
{
    struct options *o = testing_options(config);
    assert_non_null(o);
    return world_new(reactors, o);
}

static void assert_said(struct world *w, uint32_t client, const char *want)
{
    assert_string_equal(world_take(w, client), want);
}

/* The messages of a consumer go out on the last reactor. */
static struct core_reactor *home_of(struct world *w)
{
    return w->core->at[w->fake->set->count - 1];
}

/* `heading`: what is looked up, what is shown, and the reply; apart by blanks. */
static uint32_t send_as(struct world *w, const char *heading, const char *header,
                        const char *payload)
{
    struct slice rest = slice_str(heading);
    struct outgoing o = {
        .account = w->core->global,
        .header = slice_str(header),
        .payload = slice_str(payload),
    };
    assert_true(slice_cut(&rest, ' ', &o.to));
    (void)slice_cut(&rest, ' ', &o.subject);
    o.reply = rest;
    uint32_t delivered = deliver_as(home_of(w), &o, NULL);
    world_run(w);
    return delivered;
}

/* ---- one subject to find, another to show ---- */

static void a_message_goes_to_one_subject_and_shows_another(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 3; reactors++) {
        struct world *w = world_new(reactors, NULL);
        uint32_t inbox = world_client(w, 0), other = world_client(w, 0);
        uint32_t star = world_client(w, reactors - 1);
        (void)world_say(w, inbox, "SUB _INBOX.x 1\r\n");
        (void)world_say(w, star, "SUB _INBOX.* 2\r\n");
        (void)world_say(w, other, "SUB orders.> 3\r\n");
        assert_int_equal(send_as(w, "_INBOX.x orders.1 ack", "", "hello"), 2);
        assert_said(w, inbox, "MSG orders.1 1 ack 5\r\nhello\r\n");
        assert_said(w, star, "MSG orders.1 2 ack 5\r\nhello\r\n");
        assert_said(w, other, "");
        assert_int_equal(send_as(w, "_INBOX.x orders.2", "NATS/1.0\r\n\r\n", "hi"), 2);
        assert_said(w, inbox, "HMSG orders.2 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        assert_said(w, star, "HMSG orders.2 2 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        assert_int_equal(send_as(w, "_INBOX.x _INBOX.x", "", ""), 2);
        assert_said(w, inbox, "MSG _INBOX.x 1 0\r\n\r\n");
        assert_int_equal(send_as(w, "_INBOX.y.z orders.1", "", "x"), 0);
        world_free(w);
    }
}

static void who_takes_no_headers_gets_the_payload_alone(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        uint32_t plain = world_accept(w, reactor);
        (void)world_say(w, plain, "CONNECT {\"verbose\":false}\r\nSUB d 1\r\n");
        (void)send_as(w, "d a re", "NATS/1.0\r\nA: b\r\n\r\n", "hi");
        assert_said(w, plain, "MSG a 1 re 2\r\nhi\r\n");
    }
    world_free(w);
}

/* Around the size from which a body is shared. */
static void bodies_of_every_size_arrive_whole(void **state)
{
    enum { MOST = 100000 };
    (void)state;
    static const uint32_t sizes[] = { 0, 1, 4083, 4084, 4085, 4096, 4097, 16384, MOST };
    static const char header[] = "NATS/1.0\r\n\r\n";
    struct world *w = world_new(2, NULL);
    char *payload = xcalloc(1, MOST + 1);
    uint32_t to[2] = { world_client(w, 0), world_client(w, 1) };
    for (uint32_t i = 0; i < 2; i++) (void)world_say(w, to[i], "SUB d 1\r\n");
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        memset(payload, 'a' + (int)i, sizes[i]);
        payload[sizes[i]] = 0;
        struct buf want = { 0 };
        buf_printf(&want, "HMSG s 1 re 12 %u\r\n%s%s\r\nMSG s 1 %u\r\n%s\r\n", 12 + sizes[i],
                   header, payload, sizes[i], payload);
        assert_int_equal(send_as(w, "d s re", header, payload), 2);
        assert_int_equal(send_as(w, "d s", "", payload), 2);
        for (uint32_t k = 0; k < 2; k++) assert_said(w, to[k], buf_str(&want));
        buf_deinit(&want);
    }
    xfree(payload);
    world_free(w);
}

static void of_a_group_one_gets_it_and_another_when_that_one_is_gone(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t member[2] = { world_client(w, 0), world_client(w, 1) };
    for (uint32_t i = 0; i < 2; i++) (void)world_say(w, member[i], "SUB d.x q 1\r\n");
    for (int i = 0; i < 20; i++) assert_int_equal(send_as(w, "d.x a", "", "x"), 1);
    uint64_t first = world_session(w, member[0])->out_msgs;
    assert_int_equal(first + world_session(w, member[1])->out_msgs, 20);
    assert_in_range(first, 1, 19);
    world_free(w);
}

/* The only one, on another reactor, leaves while the message is on the way; there is one more on
 * the same subject by then. What was looked up must have come along. */
static void a_member_that_left_is_replaced_by_the_subject_that_was_looked_up(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t gone = world_client(w, 0), stays = world_client(w, 0);
    (void)world_say(w, gone, "SUB d.x q 1\r\n");
    const struct outgoing o = { .account = w->core->global,
                                .to = SLICE_LIT("d.x"),
                                .subject = SLICE_LIT("orders.1"),
                                .payload = SLICE_LIT("x") };
    assert_int_equal(deliver_as(w->core->at[1], &o, NULL), 1);
    mailbox_publish(w->fake->set->at[1]);
    session_close(world_session(w, gone), CLOSE_KICKED);
    session_take_op(world_session(w, stays), &(struct nats_op){ .verb = NATS_SUB,
                                                                .subject = SLICE_LIT("d.x"),
                                                                .queue = SLICE_LIT("q"),
                                                                .sid = SLICE_LIT("2") });
    world_run(w);
    assert_said(w, stays, "MSG orders.1 2 1\r\nx\r\n");
    world_free(w);
}

static void a_last_delivery_ends_the_subscription(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        uint32_t c = world_client(w, reactor);
        (void)world_say(w, c, "SUB d 1\r\nUNSUB 1 2\r\n");
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(send_as(w, "d a", "", "x"), i < 2 ? 1 : 0);
        assert_said(w, c, "MSG a 1 1\r\nx\r\nMSG a 1 1\r\nx\r\n");
    }
    world_free(w);
}

/* ---- rights ---- */

static void what_is_denied_to_a_receiver_does_not_come_by_another_name(void **state)
{
    (void)state;
    static const struct {
        const char *heading;
        bool comes;
    } rows[] = {
        { "in.a orders.1 ", true },           /* only `to` must be allowed */
        { "in.secret orders.1 ", false },     /* found under a denied subject */
        { "in.a secret.1 ", false },          /* shows a denied subject */
        { "in.a in.a ", true },           { "in.secret in.secret ", false },
    };
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_of(
            2, "authorization { users: [ { user: anna, password: p, permissions: { subscribe: {"
               " allow: \"in.>\", deny: [\"in.secret\", \"secret.>\"] } } } ] }");
        uint32_t c = world_accept(w, reactor);
        (void)world_say(w, c,
                        "CONNECT {\"verbose\":false,\"user\":\"anna\",\"pass\":\"p\"}\r\n"
                        "SUB in.* 1\r\n");
        assert_false(world_is_closed(w, c));
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
            uint32_t got = send_as(w, rows[i].heading, "", "x");
            assert_int_equal(got, rows[i].comes ? 1 : 0);
            assert_int_equal(strlen(world_take(w, c)) > 0, rows[i].comes);
        }
        world_free(w);
    }
}

/* ---- who is behind ---- */

static void the_sender_hears_of_a_receiver_that_is_behind_and_nobody_is_held(void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct options *options = options_new();
        options->limits.max_pending = 10000;
        struct world *w = world_new(2, options);
        uint32_t slow = world_client(w, reactor), other = world_client(w, 1);
        (void)world_say(w, slow, "SUB d 1\r\n");
        w->fake->socks[slow].write_max = 1;         /* it still takes bytes */
        const struct outgoing o = { .account = w->core->global,
                                    .to = SLICE_LIT("d"),
                                    .subject = SLICE_LIT("a"),
                                    .payload = SLICE_LIT("0123456789") };
        bool is_behind = true;
        uint32_t sent = 0;
        for (; sent < 1000; sent++) {
            assert_int_equal(deliver_as(w->core->at[1], &o, &is_behind), 1);
            (void)fake_tick(w->fake);
            if (is_behind) break;
        }
        assert_in_range(sent, 100, 500);            /* over half, and not over max_pending */
        assert_false(world_is_closed(w, slow));
        (void)world_say(w, other, "PUB b 1\r\nx\r\n");
        assert_int_equal(world_session(w, other)->stalls, 0);
        w->fake->socks[slow].write_max = 0;
        world_run(w);
        (void)deliver_as(w->core->at[1], &o, NULL); /* another reactor's mark is of before */
        assert_int_equal(deliver_as(w->core->at[1], &o, &is_behind), 1);
        assert_false(is_behind);
        world_free(w);
    }
}

/* ---- internal sinks ---- */

/* A feature that keeps what it is given, on a reactor of its own; its subjects stand apart by
 * blanks when it is opened. */
struct feature {
    struct sink sink;
    struct retired retired;
    struct world *world;
    struct account *account;
    struct sub *subs[2];
    struct buf *got;            /* "to subject reply header|payload;", outlives it */
    struct turn turn;           /* sends echoes */
    uint32_t echoes;
    bool answers;               /* at once, from within, and later from a turn */
    bool declines;              /* is not the one who was meant */
};

static void feature_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                         const struct message *m)
{
    struct feature *f = container_of(sink, struct feature, sink);
    assert_int_equal(cr->reactor->id, sink->reactor);
    assert_true(sub == f->subs[0] || sub == f->subs[1]);
    assert_ptr_equal(m->account, f->account);
    buf_printf(f->got, "%.*s %.*s %.*s %u|%.*s;", SLICE_ARGS(message_target(m)),
               SLICE_ARGS(m->subject), SLICE_ARGS(m->reply), message_header(m).len,
               SLICE_ARGS(message_payload(m)));
    struct slice none = { 0 };
    if (f->declines) deliver_unanswered(cr, m->origin, m->subject, m->reply);
    if (!f->answers || m->reply.len == 0) return;
    (void)deliver_internal(cr, m->account, m->reply, none, none, message_payload(m));
    f->echoes++;
    reactor_turn(cr->reactor, &f->turn);
}

static void feature_turn(struct turn *turn, struct reactor *r)
{
    struct feature *f = container_of(turn, struct feature, turn);
    const struct outgoing o = { .account = f->account,
                                .to = SLICE_LIT("echo"),
                                .subject = SLICE_LIT("shown"),
                                .payload = SLICE_LIT("e") };
    for (; f->echoes > 0; f->echoes--) (void)deliver_as(core_reactor_of(r), &o, NULL);
}

static struct feature *feature_open(struct world *w, uint32_t reactor, struct account *account,
                                    const char *subjects, struct buf *got)
{
    struct reactor *r = w->fake->set->at[reactor];
    struct slice rest = slice_str(subjects), subject;
    struct feature *f = xcalloc(1, sizeof *f);
    *f = (struct feature){ .world = w, .account = account, .got = got };
    f->sink = (struct sink){ .reactor = reactor, .deliver = feature_take };
    turn_init(&f->turn, feature_turn);
    for (uint32_t i = 0; rest.len > 0; i++) {
        (void)slice_cut(&rest, ' ', &subject);
        assert_true(i < ARRAY_COUNT(f->subs));
        f->subs[i] = sub_new(&r->door, &f->sink, subject, SLICE_LIT(""), SLICE_LIT(""));
        sub_enter(r, account, f->subs[i]);
    }
    return f;
}

static void feature_free(struct retired *r)
{
    struct feature *f = container_of(r, struct feature, retired);
    assert_int_equal(f->sink.posted, 0);
    xfree(f);
}

static void feature_close(struct feature *f)
{
    struct reactor *r = f->world->fake->set->at[f->sink.reactor];
    turn_cancel(&f->turn);
    for (uint32_t i = 0; i < 2; i++)
        if (f->subs[i] != NULL) sub_leave(r, f->account, f->subs[i]);
    reactor_retire(r, &f->retired, feature_free);
}

static void assert_got(struct buf *got, const char *want)
{
    assert_string_equal(buf_str(got), want);
    got->len = 0;
}

static void an_internal_sink_sees_both_subjects_and_all_the_parts(void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_new(2, NULL);
        struct buf got = { 0 };
        struct feature *f = feature_open(w, reactor, w->core->global, "d.*", &got);
        uint32_t c = world_client(w, 0);
        (void)world_say(w, c, "HPUB d.1 re 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPUB d.2 0\r\n\r\n");
        assert_got(&got, "d.1 d.1 re 12|hi;d.2 d.2  0|;");
        assert_int_equal(send_as(w, "d.3 orders.1 ack", "NATS/1.0\r\n\r\n", "x"), 1);
        assert_got(&got, "d.3 orders.1 ack 12|x;");
        feature_close(f);
        world_run(w);
        buf_deinit(&got);
        world_free(w);
    }
}

static void several_subscriptions_of_features_get_a_message_once_each(void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_new(2, NULL);
        struct buf one = { 0 }, two = { 0 };
        struct feature *api = feature_open(w, reactor, w->core->global, "$JS.API.>", &one);
        struct feature *all = feature_open(w, reactor, w->core->global, "> *.API.>", &two);
        uint32_t c = world_client(w, 0);
        (void)world_say(w, c, "PUB $JS.API.INFO re 1\r\nx\r\n");
        assert_got(&one, "$JS.API.INFO $JS.API.INFO re 0|x;");
        assert_got(&two, "$JS.API.INFO $JS.API.INFO re 0|x;$JS.API.INFO $JS.API.INFO re 0|x;");
        feature_close(api);
        feature_close(all);
        world_run(w);
        buf_deinit(&one);
        buf_deinit(&two);
        world_free(w);
    }
}

static void a_feature_subscribes_in_any_account_and_hears_no_other(void **state)
{
    (void)state;
    struct world *w = world_of(2, "accounts { A { users: [ { user: a, password: p } ] }\n"
                                  " B { users: [ { user: b, password: p } ] } }");
    struct account *a = accounts_find(w->core->accounts, SLICE_LIT("A"));
    struct buf got = { 0 };
    struct feature *f = feature_open(w, 1, a, "s.>", &got);
    for (uint32_t i = 0; i < 2; i++) {
        char text[160];
        uint32_t c = world_accept(w, i);
        for (int who = 'a'; who <= 'b'; who++) {
            uint32_t client = who == 'a' ? c : world_accept(w, i);
            (void)snprintf(text, sizeof text,
                           "CONNECT {\"verbose\":false,\"user\":\"%c\",\"pass\":\"p\"}\r\n"
                           "PUB s.1 1\r\n%c\r\n",
                           who, who);
            (void)world_say(w, client, text);
        }
        assert_got(&got, "s.1 s.1  0|a;");
    }
    feature_close(f);
    world_run(w);
    buf_deinit(&got);
    world_free(w);
}

/* What is on the way to a sink when its feature ends must still find the sink's memory. */
static void a_feature_may_end_while_messages_are_on_their_way_to_it(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    struct buf got = { 0 };
    struct feature *f = feature_open(w, 1, w->core->global, "s.>", &got);
    uint32_t c = world_client(w, 0);
    world_put(w, c, "PUB s.1 1\r\nx\r\nPUB s.2 1\r\nx\r\n");
    (void)reactor_tick(w->fake->set->at[0], 0);
    assert_true(f->sink.posted > 0);
    feature_close(f);
    world_run(w);
    assert_got(&got, "");
    buf_deinit(&got);
    world_free(w);
}

/* ---- publishing from inside ---- */

static void a_sink_answers_at_once_and_from_a_turn(void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_new(2, NULL);
        struct buf got = { 0 };
        struct feature *f = feature_open(w, reactor, w->core->global, "ask *", &got);
        uint32_t c = world_client(w, 0), other = world_client(w, 1);
        f->answers = true;
        (void)world_say(w, other, "SUB ask.none 1\r\nSUB ask q 2\r\nSUB echo 3\r\n");
        world_put(w, c, "SUB re 1\r\nPUB ask re 1\r\nx\r\n");
        world_run(w);
        assert_non_null(strstr(world_take(w, c), "MSG re 1 1\r\nx\r\nMSG re 1 1\r\nx\r\n"));
        assert_non_null(strstr(buf_str(&got), "ask ask re 0|x;"));
        assert_non_null(strstr(buf_str(&got), "re re  0|x;"));
        feature_close(f);
        world_run(w);
        const char *heard = world_take(w, other);
        assert_non_null(strstr(heard, "MSG ask 2 re 1\r\nx\r\n"));
        assert_non_null(strstr(heard, "MSG shown 3 1\r\ne\r\nMSG shown 3 1\r\ne\r\n"));
        buf_deinit(&got);
        world_free(w);
    }
}

/* ---- no responders ---- */

static void an_internal_sink_is_a_responder(void **state)
{
    (void)state;
    static const char *const subjects[] = { "ask", "*", ">" };
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) {
            struct world *w = world_new(2, NULL);
            struct buf got = { 0 };
            struct feature *f = feature_open(w, reactor, w->core->global, subjects[i], &got);
            uint32_t c = world_client(w, 0);
            assert_string_equal(world_say(w, c, "SUB re 1\r\nPUB ask re 1\r\nx\r\n"), "");
            assert_got(&got, "ask ask re 0|x;");
            feature_close(f);
            world_run(w);
            assert_non_null(strstr(world_say(w, c, "PUB ask re 1\r\nx\r\n"), "NATS/1.0 503\r\n"));
            buf_deinit(&got);
            world_free(w);
        }
    }
}

static void a_sink_may_leave_a_request_unanswered(void **state)
{
    (void)state;
    for (uint32_t reactor = 0; reactor < 2; reactor++) {
        struct world *w = world_new(2, NULL);
        struct buf got = { 0 };
        struct feature *f = feature_open(w, reactor, w->core->global, "ask", &got);
        uint32_t c = world_client(w, 0);
        f->declines = true;
        world_put(w, c, "SUB re 1\r\nPUB ask re 1\r\nx\r\nPUB ask 1\r\ny\r\n");
        world_run(w);
        assert_string_equal(world_take(w, c),
                            "HMSG re 1 35 35\r\nNATS/1.0 503\r\nNats-Subject: ask\r\n\r\n\r\n");
        world_session(w, c)->no_responders = false;
        assert_string_equal(world_say(w, c, "PUB ask re 1\r\nx\r\n"), "");
        feature_close(f);
        world_run(w);
        buf_deinit(&got);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_to_one_subject_and_shows_another),
        cmocka_unit_test(who_takes_no_headers_gets_the_payload_alone),
        cmocka_unit_test(bodies_of_every_size_arrive_whole),
        cmocka_unit_test(of_a_group_one_gets_it_and_another_when_that_one_is_gone),
        cmocka_unit_test(a_member_that_left_is_replaced_by_the_subject_that_was_looked_up),
        cmocka_unit_test(a_last_delivery_ends_the_subscription),
        cmocka_unit_test(what_is_denied_to_a_receiver_does_not_come_by_another_name),
        cmocka_unit_test(the_sender_hears_of_a_receiver_that_is_behind_and_nobody_is_held),
        cmocka_unit_test(an_internal_sink_sees_both_subjects_and_all_the_parts),
        cmocka_unit_test(several_subscriptions_of_features_get_a_message_once_each),
        cmocka_unit_test(a_feature_subscribes_in_any_account_and_hears_no_other),
        cmocka_unit_test(a_feature_may_end_while_messages_are_on_their_way_to_it),
        cmocka_unit_test(a_sink_answers_at_once_and_from_a_turn),
        cmocka_unit_test(an_internal_sink_is_a_responder),
        cmocka_unit_test(a_sink_may_leave_a_request_unanswered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
