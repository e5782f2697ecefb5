/* SPDX-License-Identifier: Apache-2.0 */
/* A crew is a few threads with two lists of operations: urgent ones, and bulk that never occupies
 * the last thread. What is done is pushed on its queue's stack, which the owner of the queue takes
 * as a whole. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/disk_internal.h"
#include "os/thread.h"

struct disk_crew {
    struct os_disk *disk;
    pthread_mutex_t mutex;
    pthread_cond_t  changed;
    struct list     urgent;
    struct list     bulk;
    uint32_t        waiting; /* in both */
    uint32_t        idle;    /* threads that wait for an operation */
    uint32_t        bulk_running;
    uint32_t        threads_count;
    uint32_t        threads_max;
    bool            stop;
    const char     *name;
    struct thread  *threads[DISK_HELPERS];
};

struct os_disk_queue {
    struct disk_queue base;
    struct os_disk   *disk;
    void            (*wake)(void *ctx);
    void             *ctx;
    CACHE_ALIGNED _Atomic(struct list *) finished; /* newest first, by `next` */
    _Atomic uint32_t  waking;                      /* threads that are about to call `wake` */
};

static struct os_disk_queue *queue_of(struct disk_queue *base)
{
    return container_of(base, struct os_disk_queue, base);
}

static void take(struct disk_crew *c)
{
    int failed = pthread_mutex_lock(&c->mutex);
    assert(failed == 0);
}

static void drop(struct disk_crew *c)
{
    int failed = pthread_mutex_unlock(&c->mutex);
    assert(failed == 0);
}

/* ---- threads ---- */

/* The sequentially consistent push stands against the owner's last look before it sleeps. */
static void finish(struct disk_op *op)
{
    struct os_disk_queue *q = queue_of(op->queue);
    (void)atomic_fetch_add_explicit(&q->waking, 1, memory_order_relaxed);
    struct list *newest = atomic_load_explicit(&q->finished, memory_order_relaxed);
    do op->node.next = newest;
    while (!atomic_compare_exchange_weak_explicit(&q->finished, &newest, &op->node,
                                                  memory_order_seq_cst, memory_order_relaxed));
    if (q->wake != NULL) q->wake(q->ctx);
    (void)atomic_fetch_sub_explicit(&q->waking, 1, memory_order_release);
}

static struct disk_op *next_op(struct disk_crew *c)
{
    struct list *node = list_pop(&c->urgent);
    if (node == NULL && (c->bulk_running + 1 < c->threads_max || c->threads_max == 1))
        node = list_pop(&c->bulk);
    if (node == NULL) return NULL;
    assert(c->waiting > 0);
    c->waiting--;
    return container_of(node, struct disk_op, node);
}

static const char IDLE[] = "waiting for work";

#define OF_EACH_MATTER(verb)                                                      \
    {                                                                                    \
        [DISK_MATTER_ANY] = verb " a file of the store",                                 \
        [DISK_MATTER_JOURNAL] = verb " the journal",                               \
        [DISK_MATTER_MESSAGES] = verb " a file of messages",                       \
        [DISK_MATTER_CHECKPOINT] = verb " a checkpoint",                           \
    }

static const char *doing_of(const struct disk_op *op)
{
    static const char *const texts[][DISK_MATTERS] = {
        [DISK_READ] = OF_EACH_MATTER("reading"),
        [DISK_WRITE] = OF_EACH_MATTER("writing"),
        [DISK_SYNC] = OF_EACH_MATTER("syncing"),
        [DISK_WRITE_SYNC] = OF_EACH_MATTER("writing and syncing"),
        [DISK_ZERO] = OF_EACH_MATTER("zeroing"),
        [DISK_TRUNCATE] = OF_EACH_MATTER("cutting"),
        [DISK_OPEN] = OF_EACH_MATTER("opening"),
        [DISK_CLOSE] = OF_EACH_MATTER("closing"),
        [DISK_REMOVE] = OF_EACH_MATTER("removing"),
        [DISK_RENAME] = OF_EACH_MATTER("renaming"),
        [DISK_MAKE_DIR] = OF_EACH_MATTER("making a directory for"),
        [DISK_REMOVE_DIR] = OF_EACH_MATTER("removing a directory of"),
        [DISK_SYNC_DIR] = OF_EACH_MATTER("syncing the directory of"),
    };
    assert((size_t)op->kind < ARRAY_COUNT(texts));
    assert((size_t)op->matter < DISK_MATTERS);
    return texts[op->kind][op->matter];
}

static void crew_main(void *ctx)
{
    struct disk_crew *c = ctx;
    roster_doing(c->disk->roster, IDLE);
    take(c);
    while (!c->stop) {
        struct disk_op *op = next_op(c);
        if (op == NULL) {
            c->idle++;
            (void)pthread_cond_wait(&c->changed, &c->mutex);
            c->idle--;
            continue;
        }
        bool is_bulk = op->lane == DISK_LANE_BULK;
        c->bulk_running += is_bulk;
        drop(c);
        roster_doing(c->disk->roster, doing_of(op));
        disk_run(c->disk, op);
        finish(op);
        roster_doing(c->disk->roster, IDLE);
        take(c);
        c->bulk_running -= is_bulk;
    }
    drop(c);
}

/* False when there is no thread at all and none can be had. */
static bool has_hands(struct disk_crew *c)
{
    if (c->idle > c->waiting || c->threads_count == c->threads_max) return true;
    char name[16];
    (void)snprintf(name, sizeof name, "%s %u", c->name, c->threads_count + 1);
    struct thread *t = thread_start(c->disk->roster, name, crew_main, c);
    if (t != NULL) c->threads[c->threads_count++] = t;
    return c->threads_count > 0;
}

static bool crew_submit(struct disk_crew *c, struct disk_op *op)
{
    take(c);
    bool fits = has_hands(c);
    if (fits) {
        list_add_tail(op->lane == DISK_LANE_BULK ? &c->bulk : &c->urgent, &op->node);
        c->waiting++;
        (void)pthread_cond_signal(&c->changed);
    }
    drop(c);
    return fits;
}

struct disk_crew *disk_crew_new(struct os_disk *d, const char *name, uint32_t threads_max)
{
    struct disk_crew *c = xcalloc(1, sizeof *c);
    assert(threads_max > 0 && threads_max <= DISK_HELPERS);
    c->disk = d;
    c->name = name;
    c->threads_max = threads_max;
    list_init(&c->urgent);
    list_init(&c->bulk);
    int failed = pthread_mutex_init(&c->mutex, NULL);
    assert(failed == 0);
    failed = pthread_cond_init(&c->changed, NULL);
    assert(failed == 0);
    return c;
}

struct disk_crew *disk_crew_free(struct disk_crew *c)
{
    if (c == NULL) return NULL;
    take(c);
    assert(c->waiting == 0);
    c->stop = true;
    (void)pthread_cond_broadcast(&c->changed);
    drop(c);
    for (uint32_t i = 0; i < c->threads_count; i++) c->threads[i] = thread_join(c->threads[i]);
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->mutex);
    return xfree(c);
}

/* ---- queues ---- */

static void queue_submit(struct disk_queue *base, struct disk_op *op)
{
    struct os_disk *d = queue_of(base)->disk;
    op->queue = base;
    op->result = ERR_OK;
    op->moved = 0;
    base->in_flight++;
    if (crew_submit(op->lane == DISK_LANE_COMMIT ? d->committer : d->helpers, op)) return;
    op->result = ERR_LIMIT;
    finish(op);
}

static struct list *oldest_first(struct list *newest)
{
    struct list *oldest = NULL;
    while (newest != NULL) {
        struct list *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static uint32_t queue_poll(struct disk_queue *base)
{
    struct os_disk_queue *q = queue_of(base);
    uint32_t done = 0;
    if (atomic_load_explicit(&q->finished, memory_order_relaxed) == NULL) return 0;
    struct list *at = atomic_exchange_explicit(&q->finished, NULL, memory_order_acquire);
    for (at = oldest_first(at); at != NULL; done++) {
        struct disk_op *op = container_of(at, struct disk_op, node);
        at = at->next;
        assert(base->in_flight > 0);
        base->in_flight--;
        op->done(op);
    }
    return done;
}

static bool queue_has_finished(struct disk_queue *base)
{
    return atomic_load_explicit(&queue_of(base)->finished, memory_order_seq_cst) != NULL;
}

/* A thread whose operation has come home already may still be on its way to `wake`. */
static void queue_free(struct disk_queue *base)
{
    struct os_disk_queue *q = queue_of(base);
    assert(base->in_flight == 0);
    while (atomic_load_explicit(&q->waking, memory_order_acquire) > 0) (void)sched_yield();
    xfree(q);
}

static const struct disk_queue_ops queue_ops = {
    .free = queue_free,
    .submit = queue_submit,
    .poll = queue_poll,
    .has_finished = queue_has_finished,
};

struct disk_queue *disk_queue_new(struct disk *base, void (*wake)(void *ctx), void *ctx)
{
    struct os_disk_queue *q = xalloc_aligned(CACHE_LINE, sizeof *q);
    q->base.ops = &queue_ops;
    q->disk = container_of(base, struct os_disk, base);
    q->wake = wake;
    q->ctx = ctx;
    return &q->base;
}
