/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and checking. Each type is one row: its size, how it is written and when it is empty. How
 * it is read stands in table_read.c. */
#include "json/table.h"

#include "base/assert.h"
#include "json/gotime.h"
#include "json/table_internal.h"

struct type_row {
    uint32_t size;                      /* 0: any */
    void (*write)(const struct json_field *, const void *from, struct json_writer *);
    bool (*is_empty)(const struct json_field *, const void *from);
};

static const struct type_row types[JSON_TYPES_COUNT];

/* --- the struct as a whole --- */

void json_table_write(const struct json_table *t, const void *from, struct json_writer *w)
{
    json_object_begin(w);
    json_table_write_members(t, from, w);
    json_object_end(w);
}

void json_table_write_members(const struct json_table *t, const void *from, struct json_writer *w)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        const void *at = (const char *)from + f->offset;
        if ((f->flags & JSON_OMITEMPTY) && types[f->type].is_empty(f, at)) continue;
        if (f->type != JSON_EMBED && f->type != JSON_EMBED_PTR) json_key(w, f->name);
        types[f->type].write(f, at, w);
    }
}

static bool needs_table(enum json_type type)
{
    return type == JSON_STRUCT || type == JSON_STRUCT_PTR || type == JSON_STRUCTS ||
           type == JSON_EMBED || type == JSON_EMBED_PTR || type == JSON_WORD;
}

void json_table_check(const struct json_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        const struct type_row *type = &types[f->type];
        assert(f->offset + f->size <= t->size);
        if (type->size > 0) assert(f->size == type->size);
        assert(needs_table(f->type) == (f->table != NULL));
        if (f->type == JSON_STRUCT || f->type == JSON_EMBED) assert(f->size == f->table->size);
        assert((f->type == JSON_WORD) == (f->table != NULL && f->table->words != NULL));
        for (uint32_t j = 0; j < i; j++)
            assert(!slice_equal_nocase(slice_str(f->name), slice_str(t->fields[j].name)));
    }
}

/* --- maps --- */

const char *json_map_find(const struct json_array *map, const char *key)
{
    const struct json_pair *pairs = map->items;
    for (uint32_t i = 0; i < map->count; i++)
        if (strcmp(pairs[i].key, key) == 0) return pairs[i].value;
    return NULL;
}

void json_map_set(struct json_array *map, const char *key, const char *value, struct arena *arena)
{
    const struct json_pair *old = map->items;
    if (value == NULL && json_map_find(map, key) == NULL) return;
    struct json_pair *pairs = arena_alloc(arena, ((size_t)map->count + 1) * sizeof(*pairs));
    uint32_t count = 0, i = 0;
    for (; i < map->count && strcmp(old[i].key, key) < 0; i++) pairs[count++] = old[i];
    if (value != NULL)
        pairs[count++] = (struct json_pair){ arena_str(arena, slice_str(key)),
                                             arena_str(arena, slice_str(value)) };
    if (i < map->count && strcmp(old[i].key, key) == 0) i++;
    for (; i < map->count; i++) pairs[count++] = old[i];
    *map = (struct json_array){ pairs, count };
}

/* --- numbers: `size` says which C type --- */

int64_t json_int_load(const struct json_field *f, const void *from)
{
    return f->size == 4 ? *(const int32_t *)from : *(const int64_t *)from;
}

uint64_t json_uint_load(const struct json_field *f, const void *from)
{
    switch (f->size) {
    case 1: return *(const uint8_t *)from;
    case 2: return *(const uint16_t *)from;
    case 4: return *(const uint32_t *)from;
    case 8: return *(const uint64_t *)from;
    default: unreachable();
    }
}

static void i_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_i64(w, json_int_load(f, from));
}

static void u_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_u64(w, json_uint_load(f, from));
}

static bool i_empty(const struct json_field *f, const void *from)
{
    return json_int_load(f, from) == 0;
}

static bool u_empty(const struct json_field *f, const void *from)
{
    return json_uint_load(f, from) == 0;
}

static void bool_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_bool(w, *(const bool *)from);
}

static bool bool_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return !*(const bool *)from;
}

static void double_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_double(w, *(const double *)from);
}

static bool double_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return *(const double *)from == 0;
}

static void word_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    const struct json_words *words = f->table->words;
    int32_t value = *(const int32_t *)from;
    for (uint32_t i = 0; i < words->count; i++) {
        if (words->items[i].value != value) continue;
        json_str(w, words->items[i].text);
        return;
    }
    unreachable();
}

static bool word_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return *(const int32_t *)from == 0;
}

/* --- texts --- */

static void text_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_str(w, *(const char *const *)from);
}

static bool text_empty(const struct json_field *f, const void *from)
{
    (void)f;
    const char *text = *(const char *const *)from;
    return text == NULL || text[0] == '\0';
}

static void slice_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_slice(w, *(const struct slice *)from);
}

static bool slice_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return ((const struct slice *)from)->len == 0;
}

static void raw_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    if (slice_empty(f, from)) json_null(w);
    else json_raw(w, *(const struct slice *)from);
}

/* --- times --- */

static void time_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_time(w, *(const nanos *)from);
}

static bool time_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return *(const nanos *)from == 0 || *(const nanos *)from == GOTIME_ZERO;
}

static void duration_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_duration_str(w, *(const nanos *)from);
}

/* --- nested --- */

static void struct_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_table_write(f->table, from, w);
}

static void embed_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_table_write_members(f->table, from, w);
}

static void embed_pointer_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    const void *target = *(const void *const *)from;
    if (target != NULL) embed_write(f, target, w);
}

static bool never_empty(const struct json_field *f, const void *from)
{
    (void)f, (void)from;
    return false;
}

static void pointer_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    const void *target = *(const void *const *)from;
    if (target == NULL) json_null(w);
    else struct_write(f, target, w);
}

static bool pointer_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return *(const void *const *)from == NULL;
}

static bool array_empty(const struct json_field *f, const void *from)
{
    (void)f;
    return ((const struct json_array *)from)->count == 0;
}

static void array_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    const struct json_array *a = from;
    if (a->count == 0 && (f->flags & JSON_NULL_IF_EMPTY)) {
        json_null(w);
        return;
    }
    json_array_begin(w);
    for (uint32_t i = 0; i < a->count; i++) {
        if (f->type == JSON_TEXTS) json_str(w, ((const char *const *)a->items)[i]);
        else if (f->type == JSON_U64_LIST) json_u64(w, ((const uint64_t *)a->items)[i]);
        else if (f->type == JSON_NANOS_LIST) json_i64(w, ((const nanos *)a->items)[i]);
        else struct_write(f, (const char *)a->items + (size_t)i * f->table->size, w);
    }
    json_array_end(w);
}

static void map_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    const struct json_array *map = from;
    const struct json_pair *pairs = map->items;
    json_object_begin(w);
    for (uint32_t i = 0; i < map->count; i++) {
        json_key(w, pairs[i].key);
        json_str(w, pairs[i].value);
    }
    json_object_end(w);
}

static void count_map_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    const struct json_array *map = from;
    const struct json_count *counts = map->items;
    json_object_begin(w);
    for (uint32_t i = 0; i < map->count; i++) {
        json_key(w, counts[i].key);
        json_u64(w, counts[i].value);
    }
    json_object_end(w);
}

/* clang-format off */
static const struct type_row types[JSON_TYPES_COUNT] = {
    [JSON_BOOLEAN]       = { sizeof(bool),              bool_write,     bool_empty },
    [JSON_I32]           = { sizeof(int32_t),           i_write,        i_empty },
    [JSON_I64]           = { sizeof(int64_t),           i_write,        i_empty },
    [JSON_U8]            = { sizeof(uint8_t),           u_write,        u_empty },
    [JSON_U16]           = { sizeof(uint16_t),          u_write,        u_empty },
    [JSON_U32]           = { sizeof(uint32_t),          u_write,        u_empty },
    [JSON_U64]           = { sizeof(uint64_t),          u_write,        u_empty },
    [JSON_F64]           = { sizeof(double),            double_write,   double_empty },
    [JSON_TEXT]          = { sizeof(const char *),      text_write,     text_empty },
    [JSON_SLICE]         = { sizeof(struct slice),      slice_write,    slice_empty },
    [JSON_TEXTS]         = { sizeof(struct json_array), array_write,    array_empty },
    [JSON_STRUCT]        = { 0,                         struct_write,   never_empty },
    [JSON_STRUCT_PTR]    = { sizeof(void *),            pointer_write,  pointer_empty },
    [JSON_STRUCTS]       = { sizeof(struct json_array), array_write,    array_empty },
    [JSON_TIMESTAMP]     = { sizeof(nanos),             time_write,     time_empty },
    [JSON_DURATION_TEXT] = { sizeof(nanos),             duration_write, i_empty },
    [JSON_RAW]           = { sizeof(struct slice),      raw_write,      slice_empty },
    [JSON_GOINT]         = { sizeof(int64_t),           i_write,        i_empty },
    [JSON_NANOS]         = { sizeof(nanos),             i_write,        i_empty },
    [JSON_NANOS_LIST]    = { sizeof(struct json_array), array_write,    array_empty },
    [JSON_TIMESTAMP_PTR] = { sizeof(nanos),             time_write,     i_empty },
    [JSON_WORD]          = { sizeof(int32_t),           word_write,     word_empty },
    [JSON_TEXT_MAP]      = { sizeof(struct json_array), map_write,      array_empty },
    [JSON_U64_LIST]      = { sizeof(struct json_array), array_write,    array_empty },
    [JSON_COUNT_MAP]     = { sizeof(struct json_array), count_map_write, array_empty },
    [JSON_EMBED]         = { 0,                         embed_write,    never_empty },
    [JSON_EMBED_PTR]     = { sizeof(void *),            embed_pointer_write, never_empty },
};
/* clang-format on */
