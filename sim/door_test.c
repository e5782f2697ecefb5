/* SPDX-License-Identifier: Apache-2.0 */
/* Row P7: a small fixed scenario in which each allocation at a door fails in turn. One failure
 * costs one client its connection or one subscription, nobody anything else, and everything is
 * given back in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sim/world.h"

struct outcome {
    uint64_t calls[REACTORS_MAX];
    uint32_t casualties;
    uint32_t connections;
    char failure[512];
};

static bool all_in(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (!client_is_in(c) || c->peer->in == SIM_NEVER) return false;
    }
    return true;
}

static void publish_all(struct sim_world *w, uint32_t size)
{
    for (uint32_t i = 0; i < w->plan.clients; i++)
        if (client_is_in(&w->clients[i])) {
            client_pub(&w->clients[i], "news", NULL, size, false);
            client_pub(&w->clients[i], "work", "?", size, true);
        }
}

/* Everybody comes in, subscribes, sends small and large, leaves some behind, and asks for an
 * answer. */
static void play(struct sim_world *w)
{
    static const uint32_t sizes[] = { 10, 3000, 5000, 70000 };
    if (!world_until(w, 60 * SECOND, all_in)) model_fail(&w->model, "not everybody came in");
    for (uint32_t i = 0; i < w->plan.clients; i++) {
        (void)client_sub(&w->clients[i], "news", -1);
        (void)client_sub(&w->clients[i], "work", 0);
        (void)client_sub(&w->clients[i], "_INBOX.>", -1);
    }
    if (!world_barrier(w)) return;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        publish_all(w, sizes[i]);
        for (int k = 0; k < 20; k++) world_step(w, MILLISECOND);
    }
    for (int i = 0; i < 3; i++)
        if (!world_barrier(w)) return;
    model_finish(&w->model);
}

static bool is_idle(struct sim_world *w)
{
    return sim_host_is_idle(&w->host);
}

static struct sim_plan plan_of(uint32_t reactors)
{
    struct sim_plan p;
    sim_plan_draw(&p, 1);
    p.reactors = reactors;
    p.clients = 4;
    p.net = (struct sim_net_options){ .buffer = 65536 };
    p.config = (struct sim_config){ .accounts = 1,
                                    .max_payload = 1 << 20,
                                    .max_pending = 64 << 20,
                                    .max_connections = 100,
                                    .ping_interval = 120 * SECOND,
                                    .ping_max = 2,
                                    .write_deadline = 10 * SECOND };
    p.is_tight = false;
    p.idle_permille = p.sleepy_permille = p.door_permille = 0;
    return p;
}

/* `fail_at` on reactor `where`; 0: nothing fails. */
static void run(uint32_t reactors, uint32_t where, uint64_t fail_at, struct outcome *ret)
{
    struct sim_plan plan = plan_of(reactors);
    struct sim_world *w = xcalloc(1, sizeof *w);
    *ret = (struct outcome){ .connections = 0 };
    world_init(w, &plan);
    w->host.net.is_calm = true;
    w->model.memory_fails = true;
    w->host.reactors->at[where]->door.fail_at = fail_at;
    play(w);
    for (uint32_t i = 0; i < reactors; i++) ret->calls[i] = w->host.reactors->at[i]->door.calls;
    ret->connections = w->model.peers_count;
    for (uint32_t i = 0; i < w->model.peers_count; i++)
        model_may_close(w->model.peers[i], "the server stops");
    ret->casualties = w->model.casualties;
    w->is_stopping = true;
    sim_host_stop(&w->host);
    if (!world_until(w, 10 * SECOND, is_idle)) model_fail(&w->model, "it does not stop");
    world_deinit(w);
    memcpy(ret->failure, w->model.failure, sizeof ret->failure);
    xfree(w);
}

static void each_allocation_at_a_door_may_fail(uint32_t reactors)
{
    struct outcome clean, hurt;
    uint32_t casualties = 0;
    run(reactors, 0, 0, &clean);
    assert_string_equal(clean.failure, "");
    assert_int_equal(clean.casualties, 0);
    for (uint32_t where = 0; where < reactors; where++) {
        assert_true(clean.calls[where] > 10);
        for (uint64_t n = 1; n <= clean.calls[where]; n++) {
            run(reactors, where, n, &hurt);
            casualties += hurt.casualties;
            if (hurt.failure[0] != 0)
                fail_msg("allocation %u of reactor %u fails: %s", (unsigned)n, where, hurt.failure);
            if (hurt.casualties > 1)
                fail_msg("allocation %u of reactor %u: %u casualties", (unsigned)n, where,
                         hurt.casualties);
        }
    }
    assert_true(casualties > 10); /* the failures do reach clients */
}

static void each_allocation_may_fail_and_costs_one_client_at_most(void **state)
{
    (void)state;
    each_allocation_at_a_door_may_fail(1);
}

static void each_allocation_may_fail_with_two_reactors_too(void **state)
{
    (void)state;
    each_allocation_at_a_door_may_fail(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail_and_costs_one_client_at_most),
        cmocka_unit_test(each_allocation_may_fail_with_two_reactors_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
