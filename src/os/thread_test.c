/* SPDX-License-Identifier: Apache-2.0 */
#include "os/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct seen {
    char name[16];
    bool blocks_term;
};

static void look(void *ctx)
{
    struct seen *s = ctx;
    sigset_t mask;
    (void)pthread_getname_np(pthread_self(), s->name, sizeof s->name);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    s->blocks_term = sigismember(&mask, SIGTERM) == 1;
}

static void a_thread_has_its_name_and_no_signals(void **state)
{
    (void)state;
    struct seen s = { 0 };
    struct thread *t = thread_start(NULL, "a name that is too long", look, &s);
    assert_non_null(t);
    assert_null(thread_join(t));
    assert_string_equal(s.name, "a name that is ");
    assert_true(s.blocks_term);
    assert_null(thread_join(NULL));
}

static void whoever_starts_one_keeps_his_signals(void **state)
{
    (void)state;
    struct seen s = { 0 };
    sigset_t before, after;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    (void)thread_join(thread_start(NULL, "x", look, &s));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_its_name_and_no_signals),
        cmocka_unit_test(whoever_starts_one_keeps_his_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
