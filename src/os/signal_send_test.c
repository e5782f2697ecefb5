/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signal_send.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A child that waits to be killed; -1 in the child never returns. */
static pid_t child_new(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) return pid;
    for (;;) (void)pause();
}

static void expect_killed_by(pid_t pid, int number)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
}

static void each_command_sends_its_signal(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        int         number;
    } rows[] = {
        { "stop", SIGKILL },   { "quit", SIGINT },   { "term", SIGTERM },
        { "reopen", SIGUSR1 }, { "reload", SIGHUP }, { "ldm", SIGUSR2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pid_t pid = child_new();
        char target[16];
        (void)snprintf(target, sizeof target, "%ld", (long)pid);
        assert_int_equal(signal_send(rows[i].command, target, NULL), ERR_OK);
        expect_killed_by(pid, rows[i].number);
    }
}

static void the_target_may_stand_in_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/midge-pid-XXXXXX";
    int fd = mkstemp(path);
    pid_t pid = child_new();
    (void)dprintf(fd, "%ld\n", (long)pid);
    (void)close(fd);
    assert_int_equal(signal_send("term", path, NULL), ERR_OK);
    expect_killed_by(pid, SIGTERM);
    (void)unlink(path);
}

static void mistakes_are_told_in_the_words_that_tools_know(void **state)
{
    (void)state;
    char own[16];
    (void)snprintf(own, sizeof own, "%ld", (long)getpid());
    struct errmsg why;
    assert_int_not_equal(signal_send("reload", "999999999", &why), ERR_OK);
    assert_string_equal(why.text, "\nsignal \"reload\" 999999999: no such process");
    assert_int_not_equal(signal_send("reload", "/nonexistent", &why), ERR_OK);
    assert_string_equal(why.text, "invalid pid: /nonexistent");
    assert_int_not_equal(signal_send("bogus", "999999999", &why), ERR_OK);
    assert_string_equal(why.text, "unknown signal \"bogus\"");
}

static void a_pattern_that_fits_nobody_is_no_error(void **state)
{
    (void)state;
    assert_int_equal(signal_send("reload", "999999999*", NULL), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_sends_its_signal),
        cmocka_unit_test(the_target_may_stand_in_a_file),
        cmocka_unit_test(mistakes_are_told_in_the_words_that_tools_know),
        cmocka_unit_test(a_pattern_that_fits_nobody_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
