/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/net.h"

enum { BATCH = 256 };

struct os_poller {
    struct poller      base;
    int                epoll;
    int                wake;            /* an eventfd; its event has no owner */
    bool               is_coarse;       /* the kernel waits in whole milliseconds */
    struct epoll_event events[BATCH];
};

static struct os_poller *poller_from(struct poller *p)
{
    return container_of(p, struct os_poller, base);
}

static void poller_free(struct poller *base)
{
    struct os_poller *p = poller_from(base);
    (void)close(p->epoll);
    (void)close(p->wake);
    (void)xfree(p);
}

static int wait_coarse(struct os_poller *p, nanos timeout, int max)
{
    nanos ms = timeout == NANOS_MAX ? -1 : timeout / MILLISECOND + (timeout % MILLISECOND > 0);
    if (ms > HOUR / MILLISECOND) ms = HOUR / MILLISECOND;       /* woken early is fine */
    return epoll_wait(p->epoll, p->events, max, (int)ms);
}

static int wait_fine(struct os_poller *p, nanos timeout, int max)
{
#ifdef SYS_epoll_pwait2
    if (!p->is_coarse && timeout != 0 && timeout != NANOS_MAX) {
        /* The kernel's own layout: 64-bit fields on every machine. */
        struct {
            int64_t seconds;
            int64_t nanoseconds;
        } t = { timeout / SECOND, timeout % SECOND };
        long got = syscall(SYS_epoll_pwait2, p->epoll, p->events, max, &t, NULL, 0);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)got;
        p->is_coarse = true;
    }
#endif
    return wait_coarse(p, timeout, max);
}

static void drain_wake(struct os_poller *p)
{
    uint64_t count;
    if (read(p->wake, &count, sizeof count) < 0) maybe(errno == EAGAIN);
}

static uint32_t ready_of(uint32_t events)
{
    uint32_t ready = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ready |= NET_READABLE;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready |= NET_WRITABLE;
    return ready;
}

static uint32_t poller_wait(struct poller *base, nanos timeout, struct net_event *ret_events,
                            uint32_t max)
{
    struct os_poller *p = poller_from(base);
    assert(max > 0);
    assert(timeout >= 0);
    int got = wait_fine(p, timeout, (int)(max < BATCH ? max : BATCH));
    assert(got >= 0 || errno == EINTR);
    uint32_t count = 0;
    for (int i = 0; i < got; i++) {
        if (p->events[i].data.ptr == NULL) drain_wake(p);
        if (p->events[i].data.ptr == NULL || p->events[i].data.ptr == p) continue;
        ret_events[count++] = (struct net_event){
            .owner = p->events[i].data.ptr,
            .ready = ready_of(p->events[i].events),
        };
    }
    return count;
}

static void poller_wake(struct poller *base)
{
    struct os_poller *p = poller_from(base);
    uint64_t one = 1;
    ssize_t put = write(p->wake, &one, sizeof one);
    assert(put == sizeof one || errno == EAGAIN);       /* full: it is awake already */
}

/* epoll reports a hang-up whatever was asked for, and a reader that pauses would spin on it. So a
 * socket without interest is muted: what happens is reported once, to nobody. It stays in the set:
 * coming back could fail. */
static int control(struct os_poller *p, int op, int sock, void *owner, uint32_t interest)
{
    struct epoll_event e = { .data.ptr = owner };
    if (interest & NET_READABLE) e.events |= EPOLLIN;
    if (interest & NET_WRITABLE) e.events |= EPOLLOUT;
    if (interest == 0) e = (struct epoll_event){ .events = EPOLLONESHOT, .data.ptr = p };
    return epoll_ctl(p->epoll, op, sock, &e);
}

static enum err poller_add(struct poller *base, int sock, void *owner, uint32_t interest)
{
    assert(owner != NULL);
    if (control(poller_from(base), EPOLL_CTL_ADD, sock, owner, interest) == 0) return ERR_OK;
    return errno == ENOSPC || errno == ENOMEM ? ERR_LIMIT : ERR_IO;
}

static void poller_remove(struct poller *base, int sock)
{
    int failed = control(poller_from(base), EPOLL_CTL_DEL, sock, NULL, 0);
    assert(failed == 0 || errno == ENOENT);             /* it could not be added */
}

static void poller_change(struct poller *base, int sock, void *owner, uint32_t interest)
{
    assert(owner != NULL);
    int failed = control(poller_from(base), EPOLL_CTL_MOD, sock, owner, interest);
    assert(failed == 0);
}

static const struct poller_ops poller_ops = {
    .free = poller_free,
    .wait = poller_wait,
    .wake = poller_wake,
    .add = poller_add,
    .change = poller_change,
    .remove = poller_remove,
};

struct poller *os_poller_new(struct net *net)
{
    (void)net;
    struct os_poller *p = xcalloc(1, sizeof *p);
    p->base.ops = &poller_ops;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(p->epoll >= 0);
    assert(p->wake >= 0);
    struct epoll_event e = { .events = EPOLLIN };
    int failed = epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &e);
    assert(failed == 0);
    return &p->base;
}
