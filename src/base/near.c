/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/lock.h"

static bool is_apart = IS_SANITIZED;

void near_set_apart(bool apart)
{
    assert(near_stats().objects == 0);
    is_apart = apart;
}

enum {
    AREA = 2 << 20,         /* bytes, and its alignment: so that an object knows its area */
    AREA_FIRST = 128 << 10, /* of the first one */
    LINES = NEAR_MAX / CACHE_LINE,
};

/* The head of an area. Behind it stand objects and places, one after the other, up to `fresh`. */
struct area {
    struct list node;  /* in its pool */
    uint32_t    used;  /* objects */
    uint32_t    fresh; /* offset of what was never given out */
    uint32_t    end;
};
static_assert(sizeof(struct area) <= CACHE_LINE, "the head is a line");

/* Where an object was. */
struct place {
    struct list node; /* in those of its size */
    uint32_t    size; /* bytes, a multiple of lines */
};
static_assert(sizeof(struct place) <= CACHE_LINE, "the least object has room for it");

struct pool {
    struct list  areas;       /* the first one has room at its end */
    struct list  free[LINES]; /* by lines - 1 */
    uint64_t     objects, areas_count;
};

/* Objects of up to NEAR_SMALL, and larger ones. All zero: never used. */
static struct pool pools[2];
static struct lock pools_lock = { PTHREAD_MUTEX_INITIALIZER };

static uint32_t rounded(size_t size)
{
    assert(size > 0 && size <= NEAR_MAX);
    return (uint32_t)(size + CACHE_LINE - 1) & ~(uint32_t)(CACHE_LINE - 1);
}

static struct pool *pool_of(uint32_t size)
{
    struct pool *p = &pools[size > NEAR_SMALL];
    if (LIKELY(p->areas.next != NULL)) return p;
    list_init(&p->areas);
    for (uint32_t i = 0; i < LINES; i++) list_init(&p->free[i]);
    return p;
}

static void place_add(struct pool *p, void *at, uint32_t size)
{
    struct place *place = at;
    assert(size > 0 && size % CACHE_LINE == 0);
    place->size = size;
    list_add_head(&p->free[size / CACHE_LINE - 1], &place->node);
}

/* What is left of the area before, which is less than was asked for, is a place too. */
static void area_close(struct pool *p)
{
    if (list_empty(&p->areas)) return;
    struct area *a = container_of(p->areas.next, struct area, node);
    if (a->fresh < a->end) place_add(p, (char *)a + a->fresh, a->end - a->fresh);
    a->fresh = a->end;
}

static struct area *area_new(struct pool *p)
{
    bool is_first = list_empty(&p->areas);
    area_close(p);
    struct area *a = is_first ? xalloc_aligned(AREA, AREA_FIRST) : xalloc_huge(AREA);
    a->used = 0;
    a->fresh = CACHE_LINE;
    a->end = is_first ? AREA_FIRST : AREA;
    list_add_head(&p->areas, &a->node);
    p->areas_count++;
    return a;
}

static struct area *area_of(const void *p)
{
    return (struct area *)((uintptr_t)p & ~(uintptr_t)(AREA - 1));
}

/* Nothing of it is in use: so all of it up to `fresh` are places. */
static void area_free(struct pool *p, struct area *a)
{
    assert(a->used == 0);
    for (uint32_t at = CACHE_LINE; at < a->fresh;) {
        struct place *place = (void *)((char *)a + at);
        list_remove(&place->node);
        at += place->size;
    }
    list_remove(&a->node);
    p->areas_count--;
    xfree(a);
}

static void *take(struct pool *p, uint32_t size)
{
    struct list *node = list_pop(&p->free[size / CACHE_LINE - 1]);
    void *at = node == NULL ? NULL : container_of(node, struct place, node);
    if (at == NULL) {
        struct area *a = list_empty(&p->areas) ? area_new(p)
                                               : container_of(p->areas.next, struct area, node);
        if (a->end - a->fresh < size) a = area_new(p);
        at = (char *)a + a->fresh;
        a->fresh += size;
    }
    area_of(at)->used++;
    p->objects++;
    return at;
}

/* An object by itself stands behind a line that says how long it is. */
static void *apart_alloc(size_t size)
{
    assert(size > 0);
    char *head = xalloc_aligned(CACHE_LINE, CACHE_LINE + size);
    memcpy(head, &size, sizeof size);
    return head + CACHE_LINE;
}

static void *apart_free(void *p, size_t size)
{
    char *head = (char *)p - CACHE_LINE;
    assert(memcmp(head, &size, sizeof size) == 0);
    return xfree(head);
}

void *near_alloc(size_t size)
{
    if (is_apart || size > NEAR_MAX) return apart_alloc(size);
    uint32_t lines = rounded(size);
    lock_take(&pools_lock);
    void *at = take(pool_of(lines), lines);
    lock_drop(&pools_lock);
    return at;
}

void *near_zalloc(size_t size)
{
    return memset(near_alloc(size), 0, size);
}

void *near_free(void *p, size_t size)
{
    if (p == NULL) return NULL;
    if (is_apart || size > NEAR_MAX) return apart_free(p, size);
    uint32_t lines = rounded(size);
    struct area *a = area_of(p);
    lock_take(&pools_lock);
    struct pool *pool = pool_of(lines);
    assert(a->used > 0 && pool->objects > 0);
    place_add(pool, p, lines);
    pool->objects--;
    if (--a->used == 0) area_free(pool, a);
    lock_drop(&pools_lock);
    return NULL;
}

/* ---- what there is ---- */

struct near_stats near_stats(void)
{
    struct near_stats sum = { 0 };
    lock_take(&pools_lock);
    for (uint32_t i = 0; i < ARRAY_COUNT(pools); i++) {
        sum.objects += pools[i].objects;
        sum.areas += pools[i].areas_count;
    }
    lock_drop(&pools_lock);
    return sum;
}

static void pool_check(const struct pool *p)
{
    uint64_t objects = 0, areas = 0;
    if (p->areas.next == NULL) return;
    LIST_EACH(&p->areas, node) {
        const struct area *a = container_of(node, const struct area, node);
        assert(a->used > 0 && a->fresh <= a->end);
        assert(node == p->areas.next || a->fresh == a->end);
        objects += a->used;
        areas++;
    }
    assert(objects == p->objects && areas == p->areas_count);
    for (uint32_t i = 0; i < LINES; i++)
        LIST_EACH(&p->free[i], node) {
            const struct place *place = container_of(node, const struct place, node);
            assert(place->size == (i + 1) * CACHE_LINE);
            assert((const char *)place - (const char *)area_of(place) < area_of(place)->fresh);
        }
}

void near_check(void)
{
    lock_take(&pools_lock);
    for (uint32_t i = 0; i < ARRAY_COUNT(pools); i++) pool_check(&pools[i]);
    lock_drop(&pools_lock);
}
