/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/closed.h"
#include "core/core_fake.h"

/* A world with a client on each of two reactors, subscribed, and one that has gone. */
struct scene {
    struct world *world;
    struct session *session;
    struct core_reactor *reactor;
};

static int setup(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    struct world *w = scene->world = world_new(2, NULL);
    uint32_t a = world_client(w, 0), b = world_client(w, 1), gone = world_client(w, 0);
    (void)world_say(w, a, "SUB a 1\r\nUNSUB 1 7\r\nSUB b q 2\r\nPING\r\n");
    (void)world_say(w, b, "SUB > 1\r\nPUB a 1\r\nx\r\n");
    session_close(world_session(w, gone), CLOSE_KICKED);
    world_run(w);
    scene->session = world_session(w, a);
    scene->reactor = w->core->at[0];
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    world_free(scene->world);
    xfree(scene);
    return 0;
}

/* Does core_check() stop the process after `harm` was done? In a child of its own. */
static bool is_noticed(struct scene *scene, void (*harm)(struct scene *))
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        harm(scene);
        core_check(scene->world->core);
        _exit(0);
    }
    assert_true(child > 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void a_world_at_work_passes(void **state)
{
    struct scene *scene = *state;
    core_check(scene->world->core);
    session_check(scene->session);
    assert_int_equal(session_subs_check(scene->session), 2);
    assert_int_equal(core_reactor_check(scene->reactor), 1);
    assert_int_equal(closed_ring_check(scene->world->core->closed), 1);
}

#define HARM(name, act)                       \
    static void name(struct scene *scene)     \
    {                                         \
        struct session *s = scene->session;   \
        struct core *core = scene->world->core; \
        (void)s;                              \
        (void)core;                           \
        act;                                  \
    }

static struct sub *sub_1(const struct session *s)
{
    return sids_find(&s->subs, s->home->core->hash_seed, SLICE_LIT("1"));
}

HARM(none, (void)0)
HARM(half_closed, s->is_closed = true)
HARM(closed_without_reason, s->phase = SESSION_CLOSED)
HARM(counted_twice, core->global->clients++)
HARM(not_counted, s->is_counted = false)
HARM(lost_from_its_list, list_remove(&s->node))
HARM(in_a_foreign_list, list_remove(&s->node); list_add_tail(&core->at[1]->sessions, &s->node))
HARM(timer_without_purpose, s->timer_kind = SESSION_TIMER_NONE)
HARM(purpose_without_timer, wheel_cancel(&s->home->reactor->wheel, &s->timer))
HARM(connected_without_login, session_login_free(s))
HARM(sink_of_another, s->sink.session = NULL)
HARM(old_rules_twice, s->old_directory = s->directory)
HARM(one_sub_too_many, s->subs.count++)
HARM(a_sub_that_has_left, sub_1(s)->is_closed = true)
HARM(a_sub_past_its_end, sub_1(s)->delivered = 7)
HARM(a_sub_of_nobody, sub_1(s)->sink = NULL)
HARM(a_sid_that_is_not_found, sub_1(s)->text[sub_1(s)->entry.subject_len] = '9')
HARM(a_message_in_hand, scene->reactor->hand.sent_msgs = 1)
HARM(a_target_not_posted_to, scene->reactor->hand.remote[1].count = 1)
HARM(a_stranger_to_be_held, scene->reactor->wants_stall = true)
HARM(fewer_clients_than_sessions, core->clients = 1)
HARM(a_listener_twice, core->listeners[0] = &scene->world->listener; core->listeners_count = 1;
     scene->world->listener.index = 1)

static void what_is_broken_is_noticed(void **state)
{
    static const struct {
        const char *name;
        void (*harm)(struct scene *);
    } rows[] = {
#define ROW(name) { #name, name }
        ROW(half_closed),
        ROW(closed_without_reason),
        ROW(counted_twice),
        ROW(not_counted),
        ROW(lost_from_its_list),
        ROW(in_a_foreign_list),
        ROW(timer_without_purpose),
        ROW(purpose_without_timer),
        ROW(connected_without_login),
        ROW(sink_of_another),
        ROW(old_rules_twice),
        ROW(one_sub_too_many),
        ROW(a_sub_that_has_left),
        ROW(a_sub_past_its_end),
        ROW(a_sub_of_nobody),
        ROW(a_sid_that_is_not_found),
        ROW(a_message_in_hand),
        ROW(a_target_not_posted_to),
        ROW(a_stranger_to_be_held),
        ROW(fewer_clients_than_sessions),
        ROW(a_listener_twice),
#undef ROW
    };
    assert_false(is_noticed(*state, none));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (!is_noticed(*state, rows[i].harm)) fail_msg("%s was not noticed", rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_world_at_work_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_broken_is_noticed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
