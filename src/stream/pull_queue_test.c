/* SPDX-License-Identifier: Apache-2.0 */
/* Golden traces: a line for each message ("who: message"), status line and end of a request. */
#include "stream/pull_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

struct stage {
    struct pull_host host;
    struct pull_queue *queue;
    struct arena *arena;
    struct buf trace;
    nanos now;
    uint64_t pending;
    uint64_t ack_pending;
    char deaf;                          /* the request whose reply begins so has no interest */
    uint32_t pins;
    uint32_t gone;
};

static struct stage *stage_of(struct pull_host *h)
{
    return container_of(h, struct stage, host);
}

static bool has_interest(struct pull_host *h, const struct pull_waiting *w)
{
    return stage_of(h)->deaf != (char)w->reply.ptr[0];
}

static void say(struct stage *s, struct slice who, const char *what)
{
    buf_printf(&s->trace, "%.*s: %s\n", SLICE_ARGS(who), what);
}

static void answer(struct pull_host *h, const struct pull_waiting *w, const struct pull_answer *a)
{
    struct buf text = { 0 };
    pull_answer_write(a, &text);
    buf_printf(&stage_of(h)->trace, "%.*s: %.3s", SLICE_ARGS(w->reply), buf_str(&text) + 9);
    if (pull_status_detail(a->status) == PULL_DETAIL_PENDING)
        buf_printf(&stage_of(h)->trace, " %d %d", (int)a->first, (int)a->second);
    buf_add_str(&stage_of(h)->trace, "\n");
    buf_deinit(&text);
}

static void gone(struct pull_host *h, const struct pull_waiting *w)
{
    (void)w;
    stage_of(h)->gone++;
}

static void new_pin(struct pull_host *h, char ret_pin[PULL_PIN_LEN])
{
    char text[PULL_PIN_LEN + 1];
    (void)snprintf(text, sizeof(text), "pin%019u", ++stage_of(h)->pins);
    memcpy(ret_pin, text, PULL_PIN_LEN);
}

static void pin_changed(struct pull_host *h, const char *reason)
{
    say(stage_of(h), slice_str("pin"), reason == NULL ? "new" : reason);
}

static void set_up(struct stage *s, enum pull_policy policy, uint32_t max_waiting)
{
    const struct pull_queue_config config = { max_waiting, policy, 10 * SECOND };
    *s = (struct stage){ .host = { has_interest, answer, gone, new_pin, pin_changed },
                         .now = 1000 * SECOND };
    s->arena = arena_new();
    s->queue = pull_queue_new(&config, &s->host);
}

static void tear_down(struct stage *s)
{
    pull_queue_check(s->queue);
    s->queue = pull_queue_free(s->queue);
    s->arena = arena_free(s->arena);
    buf_deinit(&s->trace);
}

static enum pull_added ask(struct stage *s, const char *who, const char *body)
{
    struct pull_request r;
    struct pull_answer refusal;
    assert_true(pull_request_read(slice_str(body), s->arena, &r, &refusal));
    const struct pull_arrival a = {
        .request = &r, .reply = slice_str(who), .now = s->now, .pending = s->pending
    };
    enum pull_added added = pull_queue_add(s->queue, &a, &refusal);
    if (added == PULL_REFUSED) {
        struct buf text = { 0 };
        struct slice rest, line;
        pull_answer_write(&refusal, &text);
        rest = slice_from(buf_slice(&text), 9);
        assert_true(slice_cut(&rest, '\r', &line));
        buf_printf(&s->trace, "%s: %.*s\n", who, SLICE_ARGS(line));
        buf_deinit(&text);
    }
    return added;
}

/* Offers messages of `size` bytes until nobody takes one, at most `count`. */
static void offer(struct stage *s, uint32_t count, uint64_t size)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct pull_offer o = { size, s->pending, s->ack_pending, s->now };
        const struct pull_waiting *w = pull_queue_serve(s->queue, &o);
        if (w == NULL) return;
        struct pull_answer after;
        buf_printf(&s->trace, "%.*s: message\n", SLICE_ARGS(w->reply));
        if (pull_waiting_completed(w, &after)) answer(&s->host, w, &after);
        s->pending -= s->pending > 0;
        s->ack_pending++;
    }
}

static nanos tick(struct stage *s, nanos by, bool is_end)
{
    s->now += by;
    const struct pull_moment m = { s->now, is_end, 3, 7 };
    return pull_queue_tick(s->queue, &m);
}

static void expect(struct stage *s, const char *trace)
{
    assert_string_equal(buf_str(&s->trace), trace);
    s->trace.len = 0;
}

static void requests_take_turns_after_each_message(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    assert_int_equal(ask(&s, "a", "2"), PULL_WAITS);
    assert_int_equal(ask(&s, "b", "3"), PULL_WAITS);
    assert_int_equal(ask(&s, "c", ""), PULL_WAITS);
    assert_int_equal(ask(&s, "d", "{}"), PULL_WAITS); /* batch 0 is one message */
    offer(&s, 9, 10);
    expect(&s,
           "a: message\nb: message\nc: message\nd: message\na: message\nb: message\nb: message\n");
    assert_int_equal(pull_queue_count(s.queue), 0);
    tear_down(&s);
}

static void bytes_are_counted_and_a_message_that_is_too_large_ends_a_request(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "a", "{\"batch\":3,\"max_bytes\":150}");
    (void)ask(&s, "b", "{\"batch\":2,\"max_bytes\":10}");
    (void)ask(&s, "c", "{\"batch\":1,\"max_bytes\":1000}");
    (void)ask(&s, "d", "{\"batch\":9,\"max_bytes\":124}");
    offer(&s, 9, 62);
    expect(&s, "a: message\nb: 409 2 10\nc: message\nc: 409 0 938\nd: message\na: message\n"
               "d: message\na: 409 1 26\n");
    tear_down(&s);
}

static void who_lost_interest_gets_nothing_and_no_word(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "a", "2");
    (void)ask(&s, "b", "2");
    s.deaf = 'a';
    offer(&s, 9, 1);
    expect(&s, "b: message\nb: message\n");
    (void)ask(&s, "a", "2");
    pull_queue_sweep(s.queue);
    assert_int_equal(pull_queue_count(s.queue), 0);
    tear_down(&s);
}

static void a_timeout_says_what_was_left(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "a", "{\"batch\":3,\"expires\":2000000000}");
    (void)ask(&s, "b", "{\"batch\":3,\"expires\":1000000000,\"max_bytes\":50}");
    (void)ask(&s, "c", "{\"batch\":-3,\"expires\":-1}");
    (void)ask(&s, "d", "5");
    assert_true(tick(&s, 0, false) == s.now + SECOND);
    expect(&s, "c: 408 -3 0\n");
    offer(&s, 2, 10);
    assert_true(tick(&s, SECOND, false) == s.now + SECOND);
    assert_true(tick(&s, SECOND, false) == NANOS_MAX);
    expect(&s, "a: message\nb: message\nb: 408 2 40\na: 408 2 0\n");
    assert_int_equal(pull_queue_count(s.queue), 1);
    tear_down(&s);
}

static void heartbeats_come_after_silence_only(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "a", "{\"batch\":3,\"expires\":10000000000,\"idle_heartbeat\":1000000000}");
    s.now += SECOND / 2;
    offer(&s, 1, 10);
    assert_true(tick(&s, SECOND / 2, false) == s.now + SECOND / 2);
    expect(&s, "a: message\n");
    assert_true(tick(&s, SECOND / 2, true) == s.now + SECOND);
    expect(&s, "a: 100\n");
    tear_down(&s);
}

static void who_does_not_wait_is_told_at_the_end_of_the_stream(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    assert_int_equal(ask(&s, "a", "{\"batch\":3,\"no_wait\":true}"), PULL_REFUSED);
    expect(&s, "a: 404 No Messages\n");
    s.pending = 2;
    assert_int_equal(ask(&s, "b", "{\"batch\":3,\"no_wait\":true}"), PULL_WAITS);
    assert_int_equal(ask(&s, "c", "{\"batch\":3,\"no_wait\":true}"), PULL_REFUSED);
    expect(&s, "c: 408 Requests Pending\n");
    offer(&s, 2, 10);
    (void)tick(&s, 0, false);
    expect(&s, "b: message\nb: message\n");
    (void)tick(&s, 0, true);
    expect(&s, "b: 404\n");
    (void)ask(&s, "d", "{\"batch\":3,\"no_wait\":true,\"expires\":1000000000}");
    (void)tick(&s, 0, true);
    expect(&s, "");
    offer(&s, 1, 10);
    (void)tick(&s, 0, true);
    expect(&s, "d: message\nd: 404\n");
    (void)ask(&s, "e", "{\"batch\":3,\"no_wait\":true,\"expires\":1000000000}");
    (void)tick(&s, SECOND, true);
    expect(&s, "e: 408 3 0\n");
    tear_down(&s);
}

static void a_full_queue_refuses_but_not_those_with_heartbeats(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 1);
    (void)ask(&s, "a", "{\"expires\":2000000000}");
    assert_int_equal(ask(&s, "b", "1"), PULL_REFUSED);
    expect(&s, "b: 409 Exceeded MaxWaiting\n");
    assert_int_equal(ask(&s, "c", "{\"expires\":9,\"idle_heartbeat\":4}"), PULL_IGNORED);
    (void)tick(&s, 2 * SECOND, false);
    assert_int_equal(ask(&s, "d", "1"), PULL_WAITS);
    tear_down(&s);
}

static void whose_asker_is_gone_leaves_a_full_queue(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 2);
    (void)ask(&s, "a", "{\"expires\":2000000000}");
    (void)ask(&s, "b", "{\"expires\":2000000000}");
    s.deaf = 'a';
    assert_int_equal(ask(&s, "c", "1"), PULL_WAITS);
    assert_int_equal(s.gone, 1);
    assert_int_equal(ask(&s, "d", "1"), PULL_REFUSED);
    expect(&s, "d: 409 Exceeded MaxWaiting\n");
    s.deaf = 'b';
    assert_int_equal(ask(&s, "e", "{\"expires\":9,\"idle_heartbeat\":4}"), PULL_WAITS);
    assert_int_equal(pull_queue_count(s.queue), 2);
    tear_down(&s);
}

static void overflow_requests_wait_until_one_of_their_limits_is_reached(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_OVERFLOW, 512);
    s.pending = 11;
    (void)ask(&s, "a", "{\"batch\":2,\"group\":\"g\",\"min_pending\":100}");
    (void)ask(&s, "b", "{\"batch\":2,\"group\":\"g\"}");
    offer(&s, 9, 1);
    expect(&s, "b: message\nb: message\n");
    (void)ask(&s, "c", "{\"batch\":2,\"group\":\"g\",\"min_ack_pending\":2}");
    offer(&s, 9, 1);
    expect(&s, "c: message\nc: message\n");
    (void)ask(&s, "d", "{\"batch\":9,\"group\":\"g\",\"min_pending\":5}");
    offer(&s, 9, 1);
    expect(&s, "d: message\nd: message\nd: message\n");
    (void)ask(&s, "e", "1");
    offer(&s, 9, 1);
    expect(&s, "e: message\n");
    assert_int_equal(pull_queue_count(s.queue), 2);
    tear_down(&s);
}

static void prioritized_requests_go_by_number_and_then_in_turns(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_PRIORITIZED, 512);
    (void)ask(&s, "5a", "{\"batch\":2,\"group\":\"g\",\"priority\":5}");
    (void)ask(&s, "5b", "{\"batch\":2,\"group\":\"g\",\"priority\":5}");
    (void)ask(&s, "text", "1");
    (void)ask(&s, "1", "{\"batch\":1,\"group\":\"g\",\"priority\":1}");
    (void)ask(&s, "0", "{\"batch\":2,\"group\":\"g\"}");
    offer(&s, 99, 1);
    expect(&s, "0: message\n0: message\n1: message\n5a: message\n5b: message\n5a: message\n"
               "5b: message\ntext: message\n");
    tear_down(&s);
}

static void the_pinned_client_is_served_alone_until_its_pin_ends(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_PINNED_CLIENT, 512);
    (void)ask(&s, "a", "{\"batch\":2,\"group\":\"g\"}");
    (void)ask(&s, "b", "{\"batch\":9,\"group\":\"g\"}");
    offer(&s, 9, 1);
    expect(&s, "pin: new\na: message\na: message\n");
    assert_int_equal(ask(&s, "c", "{\"group\":\"g\",\"id\":\"bogus\"}"), PULL_REFUSED);
    expect(&s, "c: 423 Nats-Pin-Id mismatch\n");
    s.now += 9 * SECOND;
    (void)ask(&s, "d", "{\"batch\":1,\"group\":\"g\",\"id\":\"pin0000000000000000001\"}");
    offer(&s, 9, 1);
    assert_true(tick(&s, 9 * SECOND, false) == s.now + SECOND);
    expect(&s, "d: message\n");
    (void)tick(&s, SECOND, false);
    offer(&s, 2, 1);
    expect(&s, "pin: timeout\npin: new\nb: message\nb: message\n");
    (void)tick(&s, 10 * SECOND, false);
    offer(&s, 2, 1);
    expect(&s, "pin: timeout\nb: 423 7 0\n");
    tear_down(&s);
}

static void a_bare_number_is_served_without_a_pin(void **state)
{
    (void)state;
    struct stage s;
    nanos since;
    set_up(&s, PULL_PINNED_CLIENT, 512);
    (void)ask(&s, "a", "1");
    offer(&s, 9, 1);
    expect(&s, "a: message\n");
    assert_int_equal(pull_queue_pin(s.queue, &since).len, 0);
    (void)ask(&s, "b", "{\"group\":\"g\"}");
    (void)ask(&s, "c", "1");
    offer(&s, 9, 1);
    assert_true(slice_equal_str(pull_queue_pin(s.queue, &since), "pin0000000000000000001"));
    assert_true(since == s.now);
    assert_true(pull_queue_unpin(s.queue));
    assert_false(pull_queue_unpin(s.queue));
    offer(&s, 9, 1);
    expect(&s, "pin: new\nb: message\npin: admin\nc: message\n");
    tear_down(&s);
}

static void who_waits_waits_on_under_another_policy(void **state)
{
    (void)state;
    struct stage s;
    nanos since;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "text", "1");
    (void)ask(&s, "5", "{\"batch\":2,\"group\":\"g\",\"priority\":5}");
    (void)ask(&s, "1", "{\"batch\":1,\"group\":\"g\",\"priority\":1}");
    const struct pull_queue_config ranked = { 512, PULL_PRIORITIZED, 10 * SECOND };
    pull_queue_configure(s.queue, &ranked);
    offer(&s, 2, 1);
    expect(&s, "1: message\n5: message\n");
    const struct pull_queue_config pinned = { 512, PULL_PINNED_CLIENT, 10 * SECOND };
    pull_queue_configure(s.queue, &pinned);
    offer(&s, 1, 1);
    expect(&s, "pin: new\n5: message\n");
    (void)ask(&s, "b", "{\"group\":\"g\"}");
    offer(&s, 1, 1);
    expect(&s, "");
    const struct pull_queue_config anyone = { 512, PULL_ANYONE, 10 * SECOND };
    pull_queue_configure(s.queue, &anyone);
    assert_int_equal(pull_queue_pin(s.queue, &since).len, 0);
    offer(&s, 9, 1);
    expect(&s, "text: message\nb: message\n");
    tear_down(&s);
}

static void a_consumer_that_ends_tells_all(void **state)
{
    (void)state;
    struct stage s;
    set_up(&s, PULL_ANYONE, 512);
    (void)ask(&s, "a", "{\"batch\":2,\"max_bytes\":9}");
    (void)ask(&s, "b", "1");
    pull_queue_dismiss(s.queue, PULL_SERVER_SHUTDOWN);
    expect(&s, "a: 409 2 9\nb: 409 1 0\n");
    tear_down(&s);
}

/* Whatever happens, the structure holds, and no request is served more than it asked for. */
static void random_calls_keep_the_queue_sound(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "3",
        "{\"batch\":5,\"expires\":900,\"idle_heartbeat\":90,\"group\":\"g\"}",
        "{\"batch\":2,\"no_wait\":true,\"group\":\"g\",\"priority\":3}",
        "{\"batch\":2,\"no_wait\":true,\"expires\":300,\"group\":\"g\"}",
        "{\"batch\":9223372036854775807,\"max_bytes\":60,\"group\":\"g\",\"priority\":9}",
        "{\"batch\":4,\"expires\":500,\"group\":\"g\",\"min_pending\":20,\"min_ack_pending\":9}",
    };
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rng r;
        struct stage s;
        rng_init(&r, seed);
        set_up(&s, (enum pull_policy)(seed % 4), 16);
        for (int i = 0; i < 400; i++) {
            char who[2] = { (char)('a' + rng_below(&r, 26)), '\0' };
            uint32_t body = rng_below(&r, ARRAY_COUNT(bodies));
            bool has_min = body == ARRAY_COUNT(bodies) - 1;
            s.deaf = (char)('a' + rng_below(&r, 26));
            s.pending = rng_below(&r, 30);
            s.ack_pending = rng_below(&r, 12);
            if (!has_min || seed % 4 == PULL_OVERFLOW) (void)ask(&s, who, bodies[body]);
            offer(&s, rng_below(&r, 4), rng_below(&r, 40));
            nanos next = tick(&s, rng_below(&r, 60), rng_chance(&r, 1, 2));
            assert_true(next > s.now);
            pull_queue_check(s.queue);
            s.trace.len = 0;
        }
        tear_down(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_take_turns_after_each_message),
        cmocka_unit_test(bytes_are_counted_and_a_message_that_is_too_large_ends_a_request),
        cmocka_unit_test(who_lost_interest_gets_nothing_and_no_word),
        cmocka_unit_test(a_timeout_says_what_was_left),
        cmocka_unit_test(heartbeats_come_after_silence_only),
        cmocka_unit_test(who_does_not_wait_is_told_at_the_end_of_the_stream),
        cmocka_unit_test(a_full_queue_refuses_but_not_those_with_heartbeats),
        cmocka_unit_test(whose_asker_is_gone_leaves_a_full_queue),
        cmocka_unit_test(overflow_requests_wait_until_one_of_their_limits_is_reached),
        cmocka_unit_test(prioritized_requests_go_by_number_and_then_in_turns),
        cmocka_unit_test(the_pinned_client_is_served_alone_until_its_pin_ends),
        cmocka_unit_test(a_bare_number_is_served_without_a_pin),
        cmocka_unit_test(a_consumer_that_ends_tells_all),
        cmocka_unit_test(random_calls_keep_the_queue_sound),
        cmocka_unit_test(who_waits_waits_on_under_another_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
