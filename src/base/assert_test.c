/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void break_a_rule(void)
{
    int answer = 41;
    assert(answer == 42);
}

static void reach_the_unreachable(void)
{
    unreachable();
}

/* Runs `act` in a child of its own; what it wrote to stderr, and how it ended. */
static int status_of(void (*act)(void), char *ret_text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    assert_true(child > 0);
    (void)close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while (len + 1 < size && (got = read(ends[0], ret_text + len, size - 1 - len)) > 0)
        len += (size_t)got;
    ret_text[len] = 0;
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_broken_assert_names_itself_and_aborts(void **state)
{
    (void)state;
    char text[512];
    int status = status_of(break_a_rule, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_memory_equal(text, "midge: bug: ", 12);
    assert_non_null(strstr(text, "assert_test.c:"));
    assert_non_null(strstr(text, ": assertion failed: answer == 42\n"));
}

static void what_is_unreachable_aborts_when_reached(void **state)
{
    (void)state;
    char text[512];
    int status = status_of(reach_the_unreachable, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "assertion failed: unreachable\n"));
}

static int add_one(int *count)
{
    return ++*count;
}

static void an_assert_that_holds_evaluates_its_claim_once(void **state)
{
    (void)state;
    int count = 0;
    assert(add_one(&count) == 1);
    maybe(add_one(&count));
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_assert_names_itself_and_aborts),
        cmocka_unit_test(what_is_unreachable_aborts_when_reached),
        cmocka_unit_test(an_assert_that_holds_evaluates_its_claim_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
