/* SPDX-License-Identifier: Apache-2.0 */
#include "os/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/thread.h"

struct os_worker {
    struct worker   base;
    struct roster  *roster;
    pthread_mutex_t mutex;
    pthread_cond_t  changed;
    struct list     quick;
    struct list     slow;               /* long work */
    uint32_t        waiting;            /* pieces in both */
    uint32_t        slow_running;
    uint32_t        idle;               /* threads that wait for a piece */
    uint32_t        threads_count;
    bool            stop;
    struct thread  *threads[WORKER_THREADS];
};

static void take(struct os_worker *w)
{
    int failed = pthread_mutex_lock(&w->mutex);
    assert(failed == 0);
}

static void drop(struct os_worker *w)
{
    int failed = pthread_mutex_unlock(&w->mutex);
    assert(failed == 0);
}

static struct work *pop(struct os_worker *w, struct list *queue)
{
    struct list *node = list_pop(queue);
    if (node == NULL) return NULL;
    assert(w->waiting > 0);
    w->waiting--;
    return container_of(node, struct work, node);
}

/* NULL: there is none that may begin now. */
static struct work *next_work(struct os_worker *w)
{
    struct work *work = pop(w, &w->quick);
    if (work == NULL && w->slow_running < WORKER_LONG_MAX) work = pop(w, &w->slow);
    return work;
}

static const char IDLE[] = "waiting for work";

static void worker_main(void *ctx)
{
    struct os_worker *w = ctx;
    thread_yield_to_others();
    roster_doing(w->roster, IDLE);
    take(w);
    while (!w->stop) {
        struct work *work = next_work(w);
        if (work == NULL) {
            w->idle++;
            (void)pthread_cond_wait(&w->changed, &w->mutex);
            w->idle--;
            continue;
        }
        bool is_slow = !work->is_quick;         /* it is its submitter's once it is finished */
        w->slow_running += is_slow;
        assert(w->slow_running <= WORKER_LONG_MAX);
        drop(w);
        roster_doing(w->roster, work->doing);
        work->run(work);
        work->finished(work);
        roster_doing(w->roster, IDLE);
        take(w);
        w->slow_running -= is_slow;
    }
    drop(w);
}

/* False when there is no thread at all and none can be had. */
static bool has_hands(struct os_worker *w)
{
    if (w->idle > w->waiting || w->threads_count == WORKER_THREADS) return true;
    char name[16];
    (void)snprintf(name, sizeof name, "worker %u", w->threads_count + 1);
    struct thread *t = thread_start(w->roster, name, worker_main, w);
    if (t != NULL) w->threads[w->threads_count++] = t;
    return w->threads_count > 0;
}

static enum err worker_submit(struct worker *base, struct work *work)
{
    struct os_worker *w = container_of(base, struct os_worker, base);
    assert(work->run != NULL);
    assert(work->finished != NULL);
    assert(work->doing != NULL);
    take(w);
    bool fits = !w->stop && w->waiting < WORKER_QUEUE_MAX && has_hands(w);
    if (fits) {
        list_add_tail(work->is_quick ? &w->quick : &w->slow, &work->node);
        w->waiting++;
        (void)pthread_cond_signal(&w->changed);
    }
    drop(w);
    return fits ? ERR_OK : ERR_LIMIT;
}

struct worker *os_worker_new(struct roster *roster)
{
    struct os_worker *w = xcalloc(1, sizeof *w);
    w->roster = roster;
    w->base.submit = worker_submit;
    list_init(&w->quick);
    list_init(&w->slow);
    int failed = pthread_mutex_init(&w->mutex, NULL);
    assert(failed == 0);
    failed = pthread_cond_init(&w->changed, NULL);
    assert(failed == 0);
    return &w->base;
}

struct worker *os_worker_free(struct worker *base)
{
    if (base == NULL) return NULL;
    struct os_worker *w = container_of(base, struct os_worker, base);
    take(w);
    w->stop = true;
    (void)pthread_cond_broadcast(&w->changed);
    drop(w);
    for (uint32_t i = 0; i < w->threads_count; i++) w->threads[i] = thread_join(w->threads[i]);
    assert(w->slow_running == 0);
    for (struct work *work = next_work(w); work != NULL; work = next_work(w)) work->finished(work);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->mutex);
    return xfree(w);
}
