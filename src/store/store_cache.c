/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_cache.h"

#include "base/alloc.h"
#include "base/assert.h"

struct store_cache {
    struct list used;  /* what nobody holds, the least recently used first */
    uint64_t    unheld; /* entries of it */
    uint64_t    budget;
    uint64_t    bytes, held;
    uint64_t    entries, evicted;
    uint32_t    refused;
    uint32_t    users; /* streams */
    bool        is_sparing;
    struct store_cache *files;
};

static struct store_cache *cache_new(uint64_t budget)
{
    struct store_cache *c = xcalloc(1, sizeof *c);
    list_init(&c->used);
    c->budget = budget;
    return c;
}

struct store_cache *store_cache_new(uint64_t budget, uint32_t files_max)
{
    struct store_cache *c = cache_new(budget);
    assert(budget > 0 && files_max > 0);
    c->files = cache_new(files_max);
    return c;
}

struct store_cache *store_cache_free(struct store_cache *c)
{
    if (c == NULL) return NULL;
    assert(c->entries == 0 && c->bytes == 0);
    assert(list_empty(&c->used));
    (void)store_cache_free(c->files);
    return xfree(c);
}

struct store_cache *store_cache_files(struct store_cache *c)
{
    assert(c->files != NULL);
    return c->files;
}

void store_cache_join(struct store_cache *c)
{
    assert(c->users < UINT32_MAX);
    c->users++;
}

void store_cache_leave(struct store_cache *c)
{
    assert(c->users > 0);
    c->users--;
}

bool store_cache_is_many(const struct store_cache *c)
{
    assert(c->files != NULL);
    return c->users >= STORE_CACHE_MANY;
}

static void evict_over(struct store_cache *c)
{
    while (c->bytes > c->budget && c->unheld > STORE_CACHE_KEEP) {
        struct store_cached *old = container_of(c->used.next, struct store_cached, node);
        assert(old->is_in && old->holds == 0);
        store_cache_remove(c, old);
        c->evicted++;
        old->evict(old);
    }
}

void store_cache_add(struct store_cache *c, struct store_cached *e, uint64_t bytes,
                     void (*evict)(struct store_cached *))
{
    assert(!e->is_in && evict != NULL);
    *e = (struct store_cached){ .bytes = bytes, .holds = 1, .is_in = true, .evict = evict };
    list_init(&e->node);
    c->bytes += bytes;
    c->held += bytes;
    c->entries++;
    evict_over(c);
}

void store_cache_remove(struct store_cache *c, struct store_cached *e)
{
    assert(e->is_in && c->bytes >= e->bytes);
    list_remove(&e->node);
    c->bytes -= e->bytes;
    if (e->holds > 0) c->held -= e->bytes;
    else c->unheld--;
    c->entries--;
    e->is_in = false;
    e->holds = 0;
}

void store_cache_resize(struct store_cache *c, struct store_cached *e, uint64_t bytes)
{
    assert(e->is_in && c->bytes >= e->bytes);
    c->bytes = c->bytes - e->bytes + bytes;
    if (e->holds > 0) c->held = c->held - e->bytes + bytes;
    e->bytes = bytes;
    if (e->holds > 0) evict_over(c);
}

void store_cache_hold(struct store_cache *c, struct store_cached *e)
{
    assert(e->is_in);
    if (e->holds++ > 0) return;
    list_remove(&e->node);
    c->unheld--;
    c->held += e->bytes;
}

void store_cache_release(struct store_cache *c, struct store_cached *e)
{
    assert(e->is_in && e->holds > 0);
    if (--e->holds > 0) return;
    assert(c->held >= e->bytes);
    c->held -= e->bytes;
    c->unheld++;
    list_add_tail(&c->used, &e->node);
    evict_over(c);
}

void store_cache_touch(struct store_cache *c, struct store_cached *e)
{
    assert(e->is_in);
    if (e->holds > 0) return;
    list_remove(&e->node);
    list_add_tail(&c->used, &e->node);
}

void store_cache_refused(struct store_cache *c, bool is_refused)
{
    assert(is_refused || c->refused > 0);
    if (is_refused) c->refused++;
    else c->refused--;
}

void store_cache_spare(struct store_cache *c, bool is_sparing)
{
    assert(c->files != NULL);
    c->is_sparing = is_sparing;
}

bool store_cache_is_sparing(const struct store_cache *c)
{
    assert(c->files != NULL);
    return c->is_sparing;
}

bool store_cache_is_refused(const struct store_cache *c)
{
    return c->refused > 0;
}

uint32_t store_cache_quarters(const struct store_cache *c)
{
    uint64_t quarter = c->budget / 4;
    assert(c->held <= c->bytes);
    for (uint32_t i = 0; i < 4; i++)
        if (c->held <= (i + 1) * quarter) return i;
    return 4;
}

bool store_cache_is_over(const struct store_cache *c)
{
    return c->held > c->budget || c->refused > 0;
}

void store_cache_stats(const struct store_cache *c, struct store_cache_stats *ret)
{
    *ret = (struct store_cache_stats){ c->budget, c->bytes, c->held, c->evicted };
    assert(ret->held <= ret->bytes);
}

void store_cache_check(const struct store_cache *c)
{
    uint64_t bytes = 0, entries = 0;
    assert(c->held <= c->bytes);
    LIST_EACH(&c->used, node) {
        const struct store_cached *e = container_of(node, struct store_cached, node);
        assert(e->is_in && e->holds == 0);
        bytes += e->bytes;
        entries++;
    }
    assert(bytes + c->held == c->bytes);
    assert(entries == c->unheld && entries <= c->entries);
    assert(entries <= STORE_CACHE_KEEP || c->bytes <= c->budget);
}
