/* SPDX-License-Identifier: Apache-2.0 */
/* Sleep_testing: an env whose pollers have no sockets and sleep on a condition variable, for tests
 * of reactors on threads of their own. Included by tests only.
 *
 * A sleep with an end is slept to its end; one without ends only with a wake-up, and the process is
 * aborted when none comes for a minute: a lost wake-up is a failure, not a delay.
 *
 * Thread: each reactor's own, but for wake. Memory: the pollers belong to their reactors. */
#ifndef MIDGE_NET_SLEEP_TESTING_H
#define MIDGE_NET_SLEEP_TESTING_H

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "net/reactor.h"

enum { SILENCE_MAX_S = 60 };

struct sleeper {
    struct poller base;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool woken;
};

struct sleep_env {
    struct env env;
    struct net net;
    struct clock clock;
    struct entropy entropy;
};

static inline nanos sleep_time_of(struct clock *c)
{
    struct timespec t;
    (void)c;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (nanos)t.tv_sec * SECOND + t.tv_nsec;
}

static inline void sleep_fill(struct entropy *e, void *bytes, size_t size)
{
    (void)e;
    memset(bytes, 1, size);
}

static inline void sleeper_free(struct poller *p)
{
    struct sleeper *s = container_of(p, struct sleeper, base);
    (void)pthread_mutex_destroy(&s->mutex);
    (void)pthread_cond_destroy(&s->cond);
    free(s);
}

static inline struct timespec sleep_end(nanos timeout)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_REALTIME, &end);
    nanos fraction = end.tv_nsec + timeout % SECOND;
    end.tv_sec += (time_t)(timeout / SECOND + fraction / SECOND);
    end.tv_nsec = (long)(fraction % SECOND);
    return end;
}

static inline uint32_t sleeper_wait(struct poller *p, nanos timeout, struct net_event *events,
                                    uint32_t max)
{
    struct sleeper *s = container_of(p, struct sleeper, base);
    (void)events;
    (void)max;
    struct timespec end = sleep_end(timeout == NANOS_MAX ? SILENCE_MAX_S * SECOND : timeout);
    int over = timeout == 0;
    (void)pthread_mutex_lock(&s->mutex);
    while (!s->woken && over == 0) over = pthread_cond_timedwait(&s->cond, &s->mutex, &end);
    s->woken = false; /* also when it was only asked, as with an eventfd */
    (void)pthread_mutex_unlock(&s->mutex);
    assert(over == 0 || timeout != NANOS_MAX); /* a lost wake-up */
    return 0;
}

static inline void sleeper_wake(struct poller *p)
{
    struct sleeper *s = container_of(p, struct sleeper, base);
    (void)pthread_mutex_lock(&s->mutex);
    s->woken = true;
    (void)pthread_cond_signal(&s->cond);
    (void)pthread_mutex_unlock(&s->mutex);
}

static const struct poller_ops sleeper_ops = { .free = sleeper_free,
                                               .wait = sleeper_wait,
                                               .wake = sleeper_wake };

static inline struct poller *sleeper_new(struct net *n)
{
    struct sleeper *s = calloc(1, sizeof *s);
    (void)n;
    s->base.ops = &sleeper_ops;
    (void)pthread_mutex_init(&s->mutex, NULL);
    (void)pthread_cond_init(&s->cond, NULL);
    return &s->base;
}

static inline void sleep_env_init(struct sleep_env *e)
{
    e->clock = (struct clock){ sleep_time_of, sleep_time_of };
    e->entropy.fill = sleep_fill;
    e->net.poller_new = sleeper_new;
    e->env = (struct env){ .clock = &e->clock, .entropy = &e->entropy, .net = &e->net };
}

#endif
