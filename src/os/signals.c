/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/thread.h"

static const struct {
    int         number;
    const char *text;
} rows[] = {
    [SIGNAL_INTERRUPT] = { SIGINT, "interrupt" },
    [SIGNAL_TERMINATE] = { SIGTERM, "terminated" },
    [SIGNAL_HANGUP] = { SIGHUP, "hangup" },
    [SIGNAL_USER1] = { SIGUSR1, "user defined signal 1" },
    [SIGNAL_USER2] = { SIGUSR2, "user defined signal 2" },
};

struct signals {
    struct roster *roster;
    void         (*on_signal)(void *ctx, enum signal_name);
    void          *ctx;
    struct thread *thread;
    int            fd;              /* a signalfd */
    int            stop;            /* an eventfd: readable when the thread shall end */
    sigset_t       before;          /* the mask to put back */
};

const char *signal_text(enum signal_name name)
{
    assert((size_t)name < ARRAY_COUNT(rows));
    return rows[name].text;
}

static void deliver(struct signals *s, int number)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].number == number) s->on_signal(s->ctx, (enum signal_name)i);
}

static void signals_main(void *ctx)
{
    struct signals *s = ctx;
    struct pollfd fds[] = { { .fd = s->fd, .events = POLLIN },
                            { .fd = s->stop, .events = POLLIN } };
    for (;;) {
        roster_doing(s->roster, "waiting for signals");
        int got = poll(fds, ARRAY_COUNT(fds), -1);
        assert(got > 0 || errno == EINTR);
        if (fds[1].revents != 0) return;
        struct signalfd_siginfo info;
        roster_doing(s->roster, "doing what a signal asks for");
        if (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
            deliver(s, (int)info.ssi_signo);
    }
}

static void block(struct signals *s)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) (void)sigaddset(&set, rows[i].number);
    (void)pthread_sigmask(SIG_BLOCK, &set, &s->before);
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    s->stop = eventfd(0, EFD_CLOEXEC);
}

struct signals *signals_start(struct roster *roster, void (*on_signal)(void *ctx, enum signal_name),
                              void *ctx)
{
    assert(on_signal != NULL);
    struct signals *s = xcalloc(1, sizeof *s);
    s->roster = roster;
    s->on_signal = on_signal;
    s->ctx = ctx;
    block(s);
    if (s->fd >= 0 && s->stop >= 0) s->thread = thread_start(s->roster, "signals", signals_main, s);
    return s->thread != NULL ? s : signals_stop(s);
}

struct signals *signals_stop(struct signals *s)
{
    if (s == NULL) return NULL;
    uint64_t one = 1;
    ssize_t put = s->stop < 0 ? -1 : write(s->stop, &one, sizeof one);
    assert(put == sizeof one || s->thread == NULL);
    s->thread = thread_join(s->thread);
    if (s->fd >= 0) (void)close(s->fd);
    if (s->stop >= 0) (void)close(s->stop);
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    return xfree(s);
}
