/* SPDX-License-Identifier: Apache-2.0 */
/* Entries stand in an array in order of insertion; an open-addressed table of indices finds them.
 * A removed entry stays as a hole (value NULL) until the next growth, so that probe chains stay
 * whole. */
#include "base/map.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

struct entry {
    uint64_t hash;
    char *key;
    uint32_t key_len;
    void *value; /* NULL: a hole */
};

struct map {
    uint64_t seed;
    struct entry *entries;
    uint32_t used; /* entries and holes */
    uint32_t live;
    uint32_t *table;     /* index + 1; 0 is empty */
    uint32_t table_size; /* a power of two, at least twice `used` */
};

struct map *map_new(uint64_t hash_seed)
{
    struct map *m = xcalloc(1, sizeof *m);
    m->seed = hash_seed;
    return m;
}

struct map *map_free(struct map *m)
{
    if (m == NULL) return NULL;
    for (uint32_t i = 0; i < m->used; i++) xfree(m->entries[i].key);
    xfree(m->entries);
    xfree(m->table);
    return xfree(m);
}

uint32_t map_count(const struct map *m)
{
    return m->live;
}

static struct entry *find(const struct map *m, struct slice key, uint64_t hash)
{
    if (m->table_size == 0) return NULL;
    uint32_t mask = m->table_size - 1;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        if (m->table[at] == 0) return NULL;
        struct entry *e = &m->entries[m->table[at] - 1];
        if (e->hash == hash && e->value != NULL && slice_equal(key, slice_of(e->key, e->key_len)))
            return e;
    }
}

static void table_put(struct map *m, uint32_t index)
{
    uint32_t mask = m->table_size - 1;
    uint32_t at = (uint32_t)m->entries[index].hash & mask;
    while (m->table[at] != 0) at = (at + 1) & mask;
    m->table[at] = index + 1;
}

/* Sweeps the holes and makes room for at least one more. */
static void grow(struct map *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->used; i++) {
        if (m->entries[i].value == NULL) xfree(m->entries[i].key);
        else m->entries[kept++] = m->entries[i];
    }
    assert(kept == m->live);
    m->used = kept;
    uint32_t size = 8;
    while (size < 4 * (m->live + 1)) size *= 2;
    m->entries = xrealloc(m->entries, size / 2 * sizeof *m->entries);
    xfree(m->table);
    m->table = xcalloc(size, sizeof *m->table);
    m->table_size = size;
    for (uint32_t i = 0; i < m->used; i++) table_put(m, i);
}

void *map_find(const struct map *m, struct slice key)
{
    struct entry *e = find(m, key, hash_bytes(key, m->seed));
    return e == NULL ? NULL : e->value;
}

void *map_set(struct map *m, struct slice key, void *value)
{
    assert(value != NULL);
    uint64_t hash = hash_bytes(key, m->seed);
    struct entry *e = find(m, key, hash);
    if (e != NULL) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if (m->used >= m->table_size / 2) grow(m);
    m->entries[m->used] = (struct entry){ hash, slice_dup(key), key.len, value };
    table_put(m, m->used);
    m->used++;
    m->live++;
    return NULL;
}

void *map_remove(struct map *m, struct slice key)
{
    struct entry *e = find(m, key, hash_bytes(key, m->seed));
    if (e == NULL) return NULL;
    void *old = e->value;
    e->value = NULL;
    m->live--;
    return old;
}

bool map_next(const struct map *m, uint32_t *at, struct slice *ret_key, void **ret_value)
{
    while (*at < m->used && m->entries[*at].value == NULL) (*at)++;
    if (*at >= m->used) return false;
    const struct entry *e = &m->entries[(*at)++];
    *ret_key = slice_of(e->key, e->key_len);
    *ret_value = e->value;
    return true;
}
