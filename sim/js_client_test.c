/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of two clients of a server without JetStream. */
#include "sim/js_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sim/js_text.h"

struct world {
    struct sim_plan plan;
    struct sim_host host;
    struct js_client asks, answers;
    uint32_t ins, messages, answered, unanswered, status, wrong;
    char payload[32];
};

static void on_in(void *world, struct js_client *c)
{
    struct world *w = world;
    (void)c;
    w->ins++;
}

static void on_message(void *world, struct js_client *c, const struct sim_op *op)
{
    struct world *w = world;
    char reply[JS_INBOX_MAX];
    w->messages++;
    if (op->reply.len == 0) return;
    snprintf(reply, sizeof reply, "%.*s", SLICE_ARGS(op->reply));
    js_client_pub(c, reply, NULL, SLICE_LIT(""), op->payload);
}

static void on_wrong(void *world, const char *what)
{
    struct world *w = world;
    (void)what;
    w->wrong++;
}

static void done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct world *w = world;
    assert_ptr_equal(call->about, w);
    if (op == NULL) {
        w->unanswered++;
        return;
    }
    w->answered++;
    w->status = js_text_status(op->headers);
    snprintf(w->payload, sizeof w->payload, "%.*s", SLICE_ARGS(op->payload));
}

static void step(struct world *w, uint32_t times)
{
    for (; times > 0; times--) {
        sim_clock_advance(&w->host.clock, MILLISECOND);
        sim_host_tick(&w->host, 0, 0);
        js_client_step(&w->asks);
        js_client_step(&w->answers);
    }
}

static void client_begin(struct world *w, struct js_client *c, uint32_t id)
{
    js_client_init(c, w, &w->host, id);
    c->on_in = on_in;
    c->on_message = on_message;
    c->on_wrong = on_wrong;
    js_client_dial(c);
}

static int set_up(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct rng rng;
    rng_init(&rng, 1);
    w->plan.reactors = 1;
    sim_plan_draw_calm_net(&w->plan, &rng);
    sim_plan_calm_config(&w->plan.config);
    sim_host_init(&w->host, &w->plan);
    client_begin(w, &w->asks, 0);
    client_begin(w, &w->answers, 1);
    step(w, 50);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char text[128];
    js_client_deinit(&w->asks);
    js_client_deinit(&w->answers);
    sim_host_wind_down(&w->host);
    const char *left = sim_host_deinit(&w->host, text);
    int failed = left != NULL || w->wrong > 0;
    xfree(w);
    return failed;
}

static void ask(struct world *w, const char *subject)
{
    js_client_call(&w->asks, subject, SLICE_LIT(""), SLICE_LIT("hello"), done)->about = w;
}

static void both_come_in_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(w->ins, 2);
    assert_true(w->asks.is_in && w->answers.is_in);
    assert_int_equal(w->asks.connection, 1);
}

static void an_answer_ends_its_call(void **state)
{
    struct world *w = *state;
    js_client_sub(&w->answers, "echo");
    step(w, 50);
    ask(w, "echo");
    assert_int_equal(w->asks.calls_count, 1);
    step(w, 50);
    assert_int_equal(w->answered, 1);
    assert_int_equal(w->asks.calls_count, 0);
    assert_string_equal(w->payload, "hello");
    assert_int_equal(w->status, 0);
}

static void where_nobody_listens_the_answer_is_503(void **state)
{
    struct world *w = *state;
    ask(w, "nobody");
    step(w, 50);
    assert_int_equal(w->answered, 1);
    assert_int_equal(w->status, 503);
}

static void the_end_of_a_connection_ends_its_calls(void **state)
{
    struct world *w = *state;
    js_client_sub(&w->answers, "silence");
    step(w, 50);
    ask(w, "silence");
    js_client_drop(&w->asks, false);
    assert_int_equal(w->unanswered, 1);
    assert_int_equal(w->asks.calls_count, 0);
    assert_false(w->asks.is_in);
    js_client_dial(&w->asks);
    step(w, 50);
    assert_int_equal(w->asks.connection, 2);
    assert_int_equal(w->ins, 3);
}

static void what_answers_no_call_is_a_message(void **state)
{
    struct world *w = *state;
    js_client_sub(&w->answers, "push");
    step(w, 50);
    js_client_pub(&w->asks, "push", NULL, SLICE_LIT(""), SLICE_LIT("x"));
    js_client_pub(&w->answers, "_INBOX.0.1.pull", NULL, SLICE_LIT(""), SLICE_LIT("x"));
    step(w, 50);
    assert_int_equal(w->messages, 2);
    assert_int_equal(w->answered, 0);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(both_come_in_once),
        WITH_WORLD(an_answer_ends_its_call),
        WITH_WORLD(where_nobody_listens_the_answer_is_503),
        WITH_WORLD(the_end_of_a_connection_ends_its_calls),
        WITH_WORLD(what_answers_no_call_is_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
