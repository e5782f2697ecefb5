/* SPDX-License-Identifier: Apache-2.0 */
#include "os/roster.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"

struct row {
    struct list                      node;
    char                             name[16];
    _Atomic(const char *)            own;
    _Atomic(_Atomic(const char *) *) place;     /* `own`, or somebody else's */
};

struct roster {
    struct threads  base;
    pthread_key_t   mine;           /* the calling thread's row */
    pthread_mutex_t mutex;
    struct list     rows;           /* in the order of entering */
};

static void take(struct roster *r)
{
    int failed = pthread_mutex_lock(&r->mutex);
    assert(failed == 0);
}

static void drop(struct roster *r)
{
    int failed = pthread_mutex_unlock(&r->mutex);
    assert(failed == 0);
}

static const char *doing_of(const struct row *row)
{
    return atomic_load_explicit(atomic_load_explicit(&row->place, memory_order_acquire),
                                memory_order_relaxed);
}

/* Call with the mutex. */
static void roster_check(const struct roster *r)
{
    LIST_EACH(&r->rows, node) {
        const struct row *row = container_of(node, struct row, node);
        assert(node->next->prev == node);
        assert(doing_of(row) != NULL);
    }
}

static void roster_list(struct threads *base,
                        void (*each)(void *ctx, const char *name, const char *doing), void *ctx)
{
    struct roster *r = container_of(base, struct roster, base);
    assert(each != NULL);
    take(r);
    roster_check(r);
    LIST_EACH(&r->rows, node) {
        const struct row *row = container_of(node, struct row, node);
        each(ctx, row->name, doing_of(row));
    }
    drop(r);
}

struct roster *roster_new(void)
{
    struct roster *r = xcalloc(1, sizeof *r);
    r->base.list = roster_list;
    list_init(&r->rows);
    int failed = pthread_mutex_init(&r->mutex, NULL);
    assert(failed == 0);
    failed = pthread_key_create(&r->mine, NULL);
    assert(failed == 0);
    return r;
}

struct roster *roster_free(struct roster *r)
{
    if (r == NULL) return NULL;
    take(r);
    bool is_empty = list_empty(&r->rows);
    drop(r);
    if (!is_empty) return NULL;         /* those that are left still use it */
    (void)pthread_key_delete(r->mine);
    (void)pthread_mutex_destroy(&r->mutex);
    return xfree(r);
}

struct threads *roster_threads(struct roster *r)
{
    assert(r != NULL);
    return &r->base;
}

void roster_enter(struct roster *r, const char *doing)
{
    assert(doing != NULL);
    if (r == NULL) return;
    assert(pthread_getspecific(r->mine) == NULL);
    struct row *row = xcalloc(1, sizeof *row);
    (void)pthread_getname_np(pthread_self(), row->name, sizeof row->name);
    atomic_init(&row->own, doing);
    atomic_init(&row->place, &row->own);
    int failed = pthread_setspecific(r->mine, row);
    assert(failed == 0);
    take(r);
    list_add_tail(&r->rows, &row->node);
    drop(r);
}

void roster_leave(struct roster *r)
{
    if (r == NULL) return;
    struct row *row = pthread_getspecific(r->mine);
    assert(row != NULL);
    take(r);
    list_remove(&row->node);
    drop(r);
    (void)pthread_setspecific(r->mine, NULL);
    xfree(row);
}

void roster_doing(struct roster *r, const char *doing)
{
    assert(doing != NULL);
    struct row *row = r == NULL ? NULL : pthread_getspecific(r->mine);
    if (row != NULL) atomic_store_explicit(&row->own, doing, memory_order_relaxed);
}

void roster_doing_at(struct roster *r, _Atomic(const char *) *place)
{
    assert(place != NULL);
    struct row *row = r == NULL ? NULL : pthread_getspecific(r->mine);
    if (row == NULL) return;
    assert(atomic_load_explicit(place, memory_order_relaxed) != NULL);
    atomic_store_explicit(&row->place, place, memory_order_release);
}
