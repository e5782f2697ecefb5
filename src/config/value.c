/* SPDX-License-Identifier: Apache-2.0 */
/* Maps with many members get a hash index (open addressing, rebuilt when half full). */
#include "config/value.h"

#include "base/assert.h"
#include "base/hash.h"

enum { INDEX_FROM = 16 };

struct value_index {
    uint32_t  size;                     /* a power of two */
    uint32_t *slots;                    /* index of the member + 1; 0: free */
};

struct value *value_new(struct arena *arena, enum value_kind kind, struct option_pos pos)
{
    struct value *v = arena_alloc(arena, sizeof(*v));
    v->kind = kind;
    v->pos = pos;
    v->weight = 1;
    return v;
}

static void weight_add(struct value *v, const struct value *child)
{
    uint64_t sum = (uint64_t)v->weight + child->weight;
    v->weight = sum > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)sum;
}

static uint32_t *slot_find(const struct value_map *m, struct slice key)
{
    uint32_t mask = m->index->size - 1;
    uint32_t at = (uint32_t)hash_bytes(key, 0) & mask;
    while (m->index->slots[at] != 0 && !slice_equal(m->items[m->index->slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return &m->index->slots[at];
}

static void index_build(struct arena *arena, struct value_map *m)
{
    uint32_t size = 4 * INDEX_FROM;
    while (size < 4 * m->count) size *= 2;
    m->index = arena_alloc(arena, sizeof(*m->index));
    m->index->size = size;
    m->index->slots = arena_alloc(arena, size * sizeof(uint32_t));
    for (uint32_t i = 0; i < m->count; i++) *slot_find(m, m->items[i].key) = i + 1;
}

static struct value_member *member_find(const struct value_map *m, struct slice key)
{
    if (m->index != NULL) {
        uint32_t slot = *slot_find(m, key);
        return slot == 0 ? NULL : &m->items[slot - 1];
    }
    for (uint32_t i = 0; i < m->count; i++)
        if (slice_equal(m->items[i].key, key)) return &m->items[i];
    return NULL;
}

void value_map_set(struct arena *arena, struct value *map, struct slice key, struct value *v)
{
    assert(map->kind == VALUE_MAP);
    struct value_map *m = &map->map;
    weight_add(map, v);
    struct value_member *member = member_find(m, key);
    if (member != NULL) {
        member->value = v;
        return;
    }
    void *items = m->items;
    member = arena_push(arena, &items, &m->count, sizeof(*member));
    m->items = items;
    *member = (struct value_member){ key, v };
    if (m->index != NULL && 2 * m->count < m->index->size) *slot_find(m, key) = m->count;
    else if (m->count >= INDEX_FROM) index_build(arena, m);
}

struct value *value_map_find(const struct value *map, struct slice key)
{
    assert(map->kind == VALUE_MAP);
    const struct value_member *member = member_find(&map->map, key);
    return member == NULL ? NULL : member->value;
}

void value_array_add(struct arena *arena, struct value *array, struct value *v)
{
    assert(array->kind == VALUE_ARRAY);
    void *items = array->array.items;
    struct value **item = arena_push(arena, &items, &array->array.count, sizeof(struct value *));
    array->array.items = items;
    *item = v;
    weight_add(array, v);
}

const char *value_type_name(const struct value *v)
{
    static const char *const names[] = {
        [VALUE_TEXT] = "string",         [VALUE_BOOL] = "bool",
        [VALUE_INTEGER] = "int64",       [VALUE_FLOAT] = "float64",
        [VALUE_DATETIME] = "time.Time",  [VALUE_MAP] = "map[string]interface {}",
        [VALUE_ARRAY] = "[]interface {}",
    };
    return names[v->kind];
}
