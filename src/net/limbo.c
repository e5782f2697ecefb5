/* SPDX-License-Identifier: Apache-2.0 */
#include "net/limbo.h"

#include "base/assert.h"
#include "net/reactor.h"

/* Three ages: gathered in this tick, waiting for the first gate, waiting for the second. One batch
 * each at the later two, so that a gate costs one comparison per reactor and not per object. */
struct limbo {
    struct retired *young;
    struct retired *waiting; /* for quiescence since `ticket` */
    uint64_t ticket;
    struct retired *posted; /* for the mail up to `marks` */
    uint64_t marks[REACTORS_MAX];
};

struct limbo *limbo_new(void)
{
    return xcalloc(1, sizeof(struct limbo));
}

static uint32_t free_all(struct retired **list)
{
    uint32_t count = 0;
    while (*list != NULL) {
        struct retired *r = *list;
        *list = r->next;
        r->free(r);
        count++;
    }
    return count;
}

struct limbo *limbo_free(struct limbo *l)
{
    if (l == NULL) return NULL;
    while (!limbo_is_empty(l)) {
        (void)free_all(&l->posted);
        (void)free_all(&l->waiting);
        (void)free_all(&l->young);
    }
    return xfree(l);
}

void limbo_add(struct limbo *l, struct retired *what)
{
    assert(what->free != NULL);
    what->next = l->young;
    l->young = what;
}

static bool mail_consumed(const struct limbo *l, struct reactor *r)
{
    for (uint32_t i = 0; i < r->set->count; i++)
        if (i != r->id && mailbox_consumed(r, i) < l->marks[i]) return false;
    return true;
}

uint32_t limbo_advance(struct limbo *l, struct reactor *r)
{
    uint32_t freed = 0;
    if (l->posted != NULL && mail_consumed(l, r)) freed = free_all(&l->posted);
    if (l->posted == NULL && l->waiting != NULL && qsbr_passed(&r->set->qsbr, l->ticket)) {
        for (uint32_t i = 0; i < r->set->count; i++) l->marks[i] = mailbox_posted(r, i);
        l->posted = l->waiting;
        l->waiting = NULL;
    }
    if (l->waiting == NULL && l->young != NULL) {
        l->ticket = qsbr_retire(&r->set->qsbr);
        l->waiting = l->young;
        l->young = NULL;
    }
    return freed;
}

bool limbo_is_empty(const struct limbo *l)
{
    return l->young == NULL && l->waiting == NULL && l->posted == NULL;
}
