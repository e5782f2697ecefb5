/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of entries, oldest first, and a hash table from an id to the ring position of its newest
 * entry. Removal from the table shifts back what follows, so that no cost grows with history. */
#include "stream/dedupe.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

enum { CAP_MIN = 32, CAP_MAX = 1 << 30 };

/* Positions count entries from 1 and never repeat; in the table stand ring slots + 1; 0: free. */
struct dedupe {
    struct dedupe_entry *ring;
    uint32_t            *table; /* 2 * cap */
    uint32_t             cap;   /* a power of two, or 0 */
    uint64_t             first, next;
};

struct dedupe *dedupe_new(void)
{
    struct dedupe *d = xcalloc(1, sizeof *d);
    d->first = d->next = 1;
    return d;
}

struct dedupe *dedupe_free(struct dedupe *d)
{
    if (d == NULL) return NULL;
    xfree(d->ring);
    xfree(d->table);
    return xfree(d);
}

uint64_t dedupe_count(const struct dedupe *d)
{
    assert(d->first <= d->next);
    return d->next - d->first;
}

static uint32_t slot_of(const struct dedupe *d, uint64_t position)
{
    assert(d->cap > 0);
    return (uint32_t)(position & (d->cap - 1));
}

static uint32_t mask(const struct dedupe *d)
{
    return d->cap * 2 - 1;
}

static uint32_t home_of(const struct dedupe *d, uint64_t id)
{
    return (uint32_t)hash_u64(id) & mask(d);
}

/* The place of this id in the table, or the free one where it would stand. */
static uint32_t place_of(const struct dedupe *d, uint64_t id)
{
    uint32_t i = home_of(d, id);
    while (d->table[i] != 0 && d->ring[d->table[i] - 1].id != id) i = (i + 1) & mask(d);
    return i;
}

static void enter(struct dedupe *d, uint64_t position)
{
    uint32_t slot = slot_of(d, position);
    d->table[place_of(d, d->ring[slot].id)] = slot + 1;
}

static void resize(struct dedupe *d, uint32_t cap)
{
    assert(cap >= dedupe_count(d));
    assert(cap <= CAP_MAX);
    struct dedupe_entry *ring = xalloc(cap * sizeof *ring);
    for (uint64_t p = d->first; p < d->next; p++) ring[p & (cap - 1)] = d->ring[slot_of(d, p)];
    xfree(d->ring);
    xfree(d->table);
    d->ring = ring;
    d->table = xcalloc((size_t)cap * 2, sizeof *d->table);
    d->cap = cap;
    for (uint64_t p = d->first; p < d->next; p++) enter(d, p);
}

void dedupe_add(struct dedupe *d, const struct dedupe_entry *e)
{
    assert(e->id != 0);
    assert(e->sequence != 0);
    if (dedupe_count(d) == d->cap) resize(d, d->cap == 0 ? CAP_MIN : d->cap * 2);
    d->ring[slot_of(d, d->next)] = *e;
    enter(d, d->next++);
}

uint64_t dedupe_find(const struct dedupe *d, uint64_t id, nanos from)
{
    assert(id != 0);
    if (d->first == d->next) return 0;
    uint32_t slot = d->table[place_of(d, id)];
    if (slot == 0 || d->ring[slot - 1].time < from) return 0;
    return d->ring[slot - 1].sequence;
}

/* Frees a place; those behind it that could not stand nearer to their home move up. */
static void place_clear(struct dedupe *d, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & mask(d); d->table[i] != 0; i = (i + 1) & mask(d)) {
        uint32_t home = home_of(d, d->ring[d->table[i] - 1].id);
        if (((i - home) & mask(d)) < ((i - hole) & mask(d))) continue;
        d->table[hole] = d->table[i];
        hole = i;
    }
    d->table[hole] = 0;
}

static void drop_first(struct dedupe *d)
{
    uint32_t slot = slot_of(d, d->first);
    uint32_t place = place_of(d, d->ring[slot].id);
    assert(d->table[place] != 0);
    if (d->table[place] == slot + 1) place_clear(d, place);
    d->first++;
}

void dedupe_expire(struct dedupe *d, nanos from)
{
    while (d->first < d->next && d->ring[slot_of(d, d->first)].time < from) drop_first(d);
    if (d->first == d->next) dedupe_clear(d);
    else if (d->cap > CAP_MIN && dedupe_count(d) <= d->cap / 8) resize(d, d->cap / 4);
}

void dedupe_clear(struct dedupe *d)
{
    d->ring = xfree(d->ring);
    d->table = xfree(d->table);
    d->cap = 0;
    d->first = d->next;
}

bool dedupe_next(const struct dedupe *d, uint64_t *at, struct dedupe_entry *ret)
{
    if (*at < d->first) *at = d->first;
    if (*at >= d->next) return false;
    *ret = d->ring[slot_of(d, (*at)++)];
    return true;
}

uint64_t dedupe_end(const struct dedupe *d)
{
    return d->next;
}

void dedupe_check(const struct dedupe *d)
{
    assert(d->first <= d->next);
    assert(dedupe_count(d) <= d->cap);
    uint32_t newest = 0;
    nanos last = 0;
    for (uint64_t p = d->first; p < d->next; p++) {
        const struct dedupe_entry *e = &d->ring[slot_of(d, p)];
        uint32_t found = d->table[place_of(d, e->id)];
        assert(found != 0);
        assert(d->ring[found - 1].sequence >= e->sequence);
        assert(e->time >= last);
        last = e->time;
        newest += found == slot_of(d, p) + 1;
    }
    for (uint32_t i = 0; d->cap > 0 && i <= mask(d); i++) newest -= d->table[i] != 0;
    assert(newest == 0);
}
