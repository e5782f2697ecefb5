/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signals.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct seen {
    sem_t      any;
    atomic_int last;
};

static void on_signal(void *ctx, enum signal_name name)
{
    struct seen *s = ctx;
    atomic_store(&s->last, (int)name);
    assert_int_equal(sem_post(&s->any), 0);
}

static void each_signal_calls_back_by_its_name(void **state)
{
    (void)state;
    static const struct {
        int              number;
        enum signal_name name;
        const char      *text;
    } rows[] = {
        { SIGINT, SIGNAL_INTERRUPT, "interrupt" },
        { SIGTERM, SIGNAL_TERMINATE, "terminated" },
        { SIGHUP, SIGNAL_HANGUP, "hangup" },
        { SIGUSR1, SIGNAL_USER1, "user defined signal 1" },
        { SIGUSR2, SIGNAL_USER2, "user defined signal 2" },
    };
    struct seen seen = { .last = -1 };
    assert_int_equal(sem_init(&seen.any, 0, 0), 0);
    struct signals *s = signals_start(NULL, on_signal, &seen);
    assert_non_null(s);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(kill(getpid(), rows[i].number), 0);
        assert_int_equal(sem_wait(&seen.any), 0);
        assert_int_equal(seen.last, (int)rows[i].name);
        assert_string_equal(signal_text(rows[i].name), rows[i].text);
    }
    assert_int_equal(kill(getpid(), SIGPIPE), 0);       /* ignored: we go on */
    assert_null(signals_stop(s));
    assert_null(signals_stop(NULL));
    (void)sem_destroy(&seen.any);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_calls_back_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
