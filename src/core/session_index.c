/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers are the server's own and come one after the other: their low bits spread well. */
#include "core/session_index.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "core/session.h"

enum { CAP_FIRST = 8, FULL = 1, EMPTY = 8 };    /* a chain's mean length; shrinks below 1/EMPTY */
static_assert((CAP_FIRST & (CAP_FIRST - 1)) == 0, "a mask finds the chain");

void session_index_deinit(struct session_index *x)
{
    assert(x->count == 0);
    xfree(x->at);
    *x = (struct session_index){ 0 };
}

static struct session **chain(const struct session_index *x, uint64_t cid)
{
    assert(x->cap > 0);
    return &x->at[hash_u64(cid) & (x->cap - 1)];
}

static void resize(struct session_index *x, uint32_t cap)
{
    struct session_index old = *x;
    assert(cap >= CAP_FIRST && (cap & (cap - 1)) == 0);
    x->at = xcalloc(cap, sizeof(struct session *));
    x->cap = cap;
    for (uint32_t i = 0; i < old.cap; i++) {
        struct session *next;
        for (struct session *s = old.at[i]; s != NULL; s = next) {
            struct session **first = chain(x, s->cid);
            next = s->next_in_index;
            s->next_in_index = *first;
            *first = s;
        }
    }
    xfree(old.at);
}

void session_index_add(struct session_index *x, struct session *s)
{
    assert(s->cid > 0);
    assert(s->next_in_index == NULL);
    if (x->count >= x->cap * FULL) resize(x, x->cap == 0 ? CAP_FIRST : x->cap * 2);
    struct session **first = chain(x, s->cid);
    s->next_in_index = *first;
    *first = s;
    x->count++;
}

void session_index_remove(struct session_index *x, struct session *s)
{
    struct session **at = chain(x, s->cid);
    assert(x->count > 0);
    while (*at != s) {
        assert(*at != NULL);
        at = &(*at)->next_in_index;
    }
    *at = s->next_in_index;
    s->next_in_index = NULL;
    x->count--;
    if (x->cap > CAP_FIRST && x->count < x->cap / EMPTY) resize(x, x->cap / 2);
}

struct session *session_find(const struct core_reactor *cr, uint64_t origin)
{
    assert(origin % REACTORS_MAX == cr->reactor->id);
    if (cr->index.count == 0) return NULL;
    struct session *s = *chain(&cr->index, origin / REACTORS_MAX);
    while (s != NULL && session_origin(s) != origin) s = s->next_in_index;
    assert(s == NULL || s->phase != SESSION_CLOSED);
    return s;
}

uint32_t session_index_check(const struct session_index *x)
{
    uint32_t count = 0;
    assert((x->at == NULL) == (x->cap == 0));
    for (uint32_t i = 0; i < x->cap; i++)
        for (const struct session *s = x->at[i]; s != NULL; s = s->next_in_index) {
            assert(chain(x, s->cid) == &x->at[i]);
            count++;
        }
    assert(count == x->count);
    return count;
}
