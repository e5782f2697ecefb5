/* SPDX-License-Identifier: Apache-2.0 */
#include "os/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/units.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#ifdef HAS_SANITIZER
static const size_t STACK_SIZE = 4 * MIB;       /* red zones and shadow frames */
#else
static const size_t STACK_SIZE = 256 * KIB;
#endif

struct thread {
    pthread_t id;
    struct roster *roster;
    char      name[16];
    void    (*main)(void *ctx);
    void     *ctx;
};

static void *enter(void *arg)
{
    struct thread *t = arg;
    (void)pthread_setname_np(pthread_self(), t->name);
    roster_enter(t->roster, "starting");
    t->main(t->ctx);
    roster_leave(t->roster);
    return NULL;
}

static int create(struct thread *t)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int failed = pthread_attr_init(&attr);
    assert(failed == 0);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);      /* the new thread inherits it */
    failed = pthread_create(&t->id, &attr, enter, t);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return failed;
}

struct thread *thread_start(struct roster *roster, const char *name, void (*main)(void *ctx),
                            void *ctx)
{
    struct thread *t = xcalloc(1, sizeof *t);
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->roster = roster;
    t->main = main;
    t->ctx = ctx;
    return create(t) == 0 ? t : xfree(t);
}

struct thread *thread_join(struct thread *t)
{
    if (t == NULL) return NULL;
    int failed = pthread_join(t->id, NULL);
    assert(failed == 0);
    return xfree(t);
}

/* A third of the usual weight: on a machine whose one core is full, a handshake still gets a
 * quarter of it. */
enum { NICE_OF_WORK = 5 };

void thread_yield_to_others(void)
{
    /* On Linux the value belongs to the thread, and 0 means the calling one. */
    (void)setpriority(PRIO_PROCESS, 0, NICE_OF_WORK);
}
