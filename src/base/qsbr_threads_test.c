/* SPDX-License-Identifier: Apache-2.0 */
/* Readers look at a shared cell while a writer replaces it and frees the old one after the grace
 * period. The address sanitizer sees a use after it, the thread sanitizer a race. */
#include "base/qsbr.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { READERS = 3, REPLACEMENTS = 20000, LOOKS_A_TURN = 16 };

struct cell {
    uint64_t number;
    uint64_t inverse; /* ~number, as long as the cell lives */
};

struct world {
    struct qsbr qsbr;
    _Atomic(struct cell *) cell;
    atomic_bool over;
    atomic_uint broken;
};

struct reader {
    struct world *world;
    uint32_t id;
};

static void look(struct world *w)
{
    const struct cell *c = atomic_load_explicit(&w->cell, memory_order_acquire);
    if (c->number != ~c->inverse) atomic_fetch_add(&w->broken, 1);
}

static void *read_on(void *arg)
{
    struct reader *r = arg;
    struct world *w = r->world;
    for (uint32_t turn = 0; !atomic_load(&w->over); turn++) {
        qsbr_quiescent(&w->qsbr, r->id);
        for (int i = 0; i < LOOKS_A_TURN; i++) look(w);
        if (turn % 7 == r->id) qsbr_offline(&w->qsbr, r->id);
        (void)sched_yield(); /* else a turn of the writer costs a time slice on a small machine */
    }
    qsbr_offline(&w->qsbr, r->id);
    return NULL;
}

static struct cell *cell_new(uint64_t number)
{
    struct cell *c = malloc(sizeof *c);
    *c = (struct cell){ number, ~number };
    return c;
}

static void retire(struct world *w, struct cell *old)
{
    uint64_t ticket = qsbr_retire(&w->qsbr);
    while (!qsbr_passed(&w->qsbr, ticket)) (void)sched_yield();
    old->number = old->inverse; /* a reader that still holds it would see this */
    free(old);
}

static void what_was_unlinked_is_not_seen_after_its_ticket_passed(void **state)
{
    (void)state;
    /* a multiple: it begins with aligned parts */
    struct world *w = aligned_alloc(CACHE_LINE, sizeof *w);
    pthread_t threads[READERS];
    struct reader readers[READERS];
    qsbr_init(&w->qsbr);
    atomic_init(&w->cell, cell_new(0));
    atomic_init(&w->over, false);
    atomic_init(&w->broken, 0);
    for (uint32_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){ w, i };
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
    }
    for (uint64_t i = 1; i <= REPLACEMENTS; i++)
        retire(w, atomic_exchange_explicit(&w->cell, cell_new(i), memory_order_acq_rel));
    atomic_store(&w->over, true);
    for (uint32_t i = 0; i < READERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&w->broken), 0);
    free(atomic_load(&w->cell));
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_unlinked_is_not_seen_after_its_ticket_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
