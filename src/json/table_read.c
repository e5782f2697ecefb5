/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: each type is one row, how it is read. */
#include <stdlib.h>

#include "base/assert.h"
#include "json/gotime.h"
#include "json/table_internal.h"

typedef bool (*reader)(const struct json_field *, struct json_value, struct json_reading *,
                       void *ret);

static const reader readers[JSON_TYPES_COUNT];

bool json_type_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                    void *ret)
{
    return readers[f->type](f, v, r, ret);
}

/* --- the struct as a whole --- */

static enum err field_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                           void *ret)
{
    if (json_kind(v) == JSON_NULL || (f->flags & JSON_WRITE_ONLY)) return ERR_OK;
    if (json_type_read(f, v, r, (char *)ret + f->offset)) return ERR_OK;
    if (r->why->text[0] != '\0') return ERR_INVALID;        /* named further inside */
    return errmsg_set(r->why, ERR_INVALID, "field \"%s\" has a wrong type or value", f->name);
}

enum err json_object_read(const struct json_table *t, struct json_value object,
                          struct json_reading *r, void *ret)
{
    if (r->is_go) return json_go_object_read(t, object, r, ret);
    if (json_kind(object) == JSON_NULL) return ERR_OK;
    if (json_kind(object) != JSON_OBJECT) return errmsg_set(r->why, ERR_INVALID, "not an object");
    enum err result = ERR_OK;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        struct json_value v = object;
        if (f->type == JSON_EMBED_PTR) continue;
        if (f->type != JSON_EMBED && !json_member(object, f->name, &v)) continue;
        enum err e = field_read(f, v, r, ret);
        if (result == ERR_OK) result = e;
    }
    return result;
}

enum err json_table_read(const struct json_table *t, struct json_value object, struct arena *arena,
                         void *ret, struct errmsg *why)
{
    assert(t != NULL && arena != NULL && ret != NULL);
    struct errmsg unused;
    struct json_reading r = { .arena = arena, .why = why != NULL ? why : &unused };
    r.why->text[0] = '\0';
    return json_object_read(t, object, &r, ret);
}

/* --- numbers: `size` says which C type --- */

/* clang-format off */
static const struct { int64_t min; int64_t max; } signed_ranges[] = {
    [4] = { INT32_MIN, INT32_MAX }, [8] = { INT64_MIN, INT64_MAX },
};
/* clang-format on */
static const uint64_t unsigned_max[] = {
    [1] = UINT8_MAX, [2] = UINT16_MAX, [4] = UINT32_MAX, [8] = UINT64_MAX
};

static bool i_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                   void *ret)
{
    (void)r;
    int64_t value = 0;
    if (!json_to_i64(v, signed_ranges[f->size].min, signed_ranges[f->size].max, &value))
        return false;
    if (f->size == 4) *(int32_t *)ret = (int32_t)value;
    else *(int64_t *)ret = value;
    return true;
}

static bool u_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                   void *ret)
{
    (void)r;
    uint64_t value = 0;
    if (!json_to_u64(v, unsigned_max[f->size], &value)) return false;
    switch (f->size) {
    case 1: *(uint8_t *)ret = (uint8_t)value; break;
    case 2: *(uint16_t *)ret = (uint16_t)value; break;
    case 4: *(uint32_t *)ret = (uint32_t)value; break;
    case 8: *(uint64_t *)ret = value; break;
    default: unreachable();
    }
    return true;
}

static bool bool_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                      void *ret)
{
    (void)f, (void)r;
    return json_to_bool(v, ret);
}

static bool double_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                        void *ret)
{
    (void)f, (void)r;
    return json_to_double(v, ret);
}

static bool word_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                      void *ret)
{
    (void)r;
    const struct json_words *words = f->table->words;
    struct slice text = { 0 };
    if (json_kind(v) == JSON_NULL || !json_to_slice(v, &text)) return false;
    for (uint32_t i = 0; i < words->count; i++) {
        struct slice word = slice_str(words->items[i].text);
        bool is_it = words->is_any_case ? slice_equal_nocase(text, word) : slice_equal(text, word);
        if (!is_it) continue;
        *(int32_t *)ret = words->items[i].value;
        return true;
    }
    return false;
}

/* --- texts --- */

static bool text_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                      void *ret)
{
    struct slice text = { 0 };
    if (!json_to_slice(v, &text)) return false;
    if (text.len > 0 && memchr(text.ptr, 0, text.len) != NULL) {    /* it would end there */
        (void)errmsg_set(r->why, ERR_INVALID, "field \"%s\" has a NUL in its text", f->name);
        return false;
    }
    *(const char **)ret = arena_str(r->arena, text);
    return true;
}

static bool slice_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                       void *ret)
{
    (void)f;
    struct slice text = { 0 };
    if (!json_to_slice(v, &text)) return false;
    *(struct slice *)ret = arena_slice(r->arena, text);
    return true;
}

static bool nothing_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                         void *ret)
{
    (void)f, (void)v, (void)r, (void)ret;
    return true;
}

/* --- times --- */

static bool time_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                      void *ret)
{
    struct slice text = { 0 };
    if (!json_to_slice(v, &text)) return false;
    enum err e = gotime_rfc3339_parse(text, ret);
    if (e == ERR_LIMIT && (r->is_go || f->type == JSON_TIMESTAMP_PTR)) {
        /* Go goes on to the year 9999; the years that fit are 1677 to 2262 */
        *(nanos *)ret = text.ptr[0] < '2' ? INT64_MIN + 1 : INT64_MAX;
        return true;
    }
    if (e) return false;
    if (f->type == JSON_TIMESTAMP_PTR && *(const nanos *)ret == 0) *(nanos *)ret = GOTIME_EPOCH;
    return true;
}

static bool duration_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                          void *ret)
{
    (void)f, (void)r;
    struct slice text = { 0 };
    return json_to_slice(v, &text) && gotime_duration_parse(text, ret) == ERR_OK;
}

/* --- nested --- */

static bool struct_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                        void *ret)
{
    return json_object_read(f->table, v, r, ret) == ERR_OK;
}

static bool pointer_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                         void *ret)
{
    void **target = ret;
    if (*target == NULL) *target = arena_alloc(r->arena, f->table->size);
    return struct_read(f, v, r, *target);
}

static struct json_array array_new(const struct json_reading *r, struct json_value v,
                                   size_t item_size)
{
    uint32_t count = json_count(v);
    return (struct json_array){ arena_alloc(r->arena, (count > 0 ? count : 1) * item_size), count };
}

/* An element is wrong: what it should be. False. */
static bool element_bad(struct json_reading *r, struct json_value v, const char *go_type)
{
    r->bad = v;
    r->bad_type = go_type;
    return false;
}

static bool texts_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                       void *ret)
{
    if (json_kind(v) != JSON_ARRAY) return false;
    struct json_array a = array_new(r, v, sizeof(const char *));
    const char **items = a.items;
    for (uint32_t i = 0; i < a.count; i++) {
        items[i] = "";
        struct json_value item = json_item(v, i);
        if (!text_read(f, item, r, &items[i])) return element_bad(r, item, "string");
    }
    *(struct json_array *)ret = a;
    return true;
}

static bool nanos_list_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                            void *ret)
{
    (void)f;
    if (json_kind(v) != JSON_ARRAY) return false;
    struct json_array a = array_new(r, v, sizeof(nanos));
    nanos *items = a.items;
    for (uint32_t i = 0; i < a.count; i++) {
        struct json_value item = json_item(v, i);
        if (!json_to_i64(item, INT64_MIN, INT64_MAX, &items[i]))
            return element_bad(r, item, "time.Duration");
    }
    *(struct json_array *)ret = a;
    return true;
}

static bool structs_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                         void *ret)
{
    if (json_kind(v) != JSON_ARRAY) return false;
    struct json_array a = array_new(r, v, f->table->size);
    for (uint32_t i = 0; i < a.count; i++)
        if (!struct_read(f, json_item(v, i), r, (char *)a.items + (size_t)i * f->table->size))
            return false;
    *(struct json_array *)ret = a;
    return true;
}

static bool u64_list_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                          void *ret)
{
    (void)f;
    if (json_kind(v) != JSON_ARRAY) return false;
    struct json_array a = array_new(r, v, sizeof(uint64_t));
    uint64_t *items = a.items;
    for (uint32_t i = 0; i < a.count; i++) {
        struct json_value item = json_item(v, i);
        if (!json_to_u64(item, UINT64_MAX, &items[i])) return element_bad(r, item, "uint64");
    }
    *(struct json_array *)ret = a;
    return true;
}

static bool count_map_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                           void *ret)
{
    (void)f;
    if (json_kind(v) != JSON_OBJECT) return false;
    struct json_array map = array_new(r, v, sizeof(struct json_count));
    struct json_count *counts = map.items;
    struct json_members members = json_members_of(v);
    struct slice key;
    struct json_value value;
    for (uint32_t i = 0; json_members_next(&members, &key, &value); i++) {
        counts[i].key = arena_str(r->arena, key);
        if (!json_to_u64(value, UINT64_MAX, &counts[i].value))
            return element_bad(r, value, "uint64");
    }
    *(struct json_array *)ret = map;
    return true;
}

struct numbered {
    struct json_pair pair;
    uint32_t         number;
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    int by_key = strcmp(x->pair.key, y->pair.key);
    return by_key != 0 ? by_key : (x->number > y->number) - (x->number < y->number);
}

/* Sorted by key; of equal ones the last stays. */
static struct json_array map_of(struct numbered *all, uint32_t count, struct arena *arena)
{
    struct json_pair *pairs = arena_alloc(arena, (count > 0 ? count : 1) * sizeof *pairs);
    struct json_array map = { pairs, 0 };
    qsort(all, count, sizeof *all, numbered_compare);
    for (uint32_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count || strcmp(all[i].pair.key, all[i + 1].pair.key) != 0;
        if (is_last) pairs[map.count++] = all[i].pair;
    }
    assert(map.count <= count);
    return map;
}

static bool map_read(const struct json_field *f, struct json_value v, struct json_reading *r,
                     void *ret)
{
    struct json_array *map = ret;
    if (json_kind(v) != JSON_OBJECT) return false;
    uint32_t count = 0, most = map->count + json_count(v);
    struct numbered *all = arena_alloc(r->arena, (most > 0 ? most : 1) * sizeof *all);
    for (; count < map->count; count++)     /* what is there already stays, as in Go */
        all[count] = (struct numbered){ ((struct json_pair *)map->items)[count], count };
    struct json_members members = json_members_of(v);
    struct slice key;
    struct json_value value;
    for (; json_members_next(&members, &key, &value); count++) {
        all[count] = (struct numbered){ { arena_str(r->arena, key), "" }, count };
        if (!text_read(f, value, r, &all[count].pair.value)) return element_bad(r, value, "string");
    }
    assert(count == most);
    *map = map_of(all, count, r->arena);
    return true;
}

/* clang-format off */
static const reader readers[JSON_TYPES_COUNT] = {
    [JSON_BOOLEAN]       = bool_read,
    [JSON_I32]           = i_read,
    [JSON_I64]           = i_read,
    [JSON_U8]            = u_read,
    [JSON_U16]           = u_read,
    [JSON_U32]           = u_read,
    [JSON_U64]           = u_read,
    [JSON_F64]           = double_read,
    [JSON_TEXT]          = text_read,
    [JSON_SLICE]         = slice_read,
    [JSON_TEXTS]         = texts_read,
    [JSON_STRUCT]        = struct_read,
    [JSON_STRUCT_PTR]    = pointer_read,
    [JSON_STRUCTS]       = structs_read,
    [JSON_TIMESTAMP]     = time_read,
    [JSON_DURATION_TEXT] = duration_read,
    [JSON_RAW]           = nothing_read,
    [JSON_GOINT]         = i_read,
    [JSON_NANOS]         = i_read,
    [JSON_NANOS_LIST]    = nanos_list_read,
    [JSON_TIMESTAMP_PTR] = time_read,
    [JSON_WORD]          = word_read,
    [JSON_TEXT_MAP]      = map_read,
    [JSON_U64_LIST]      = u64_list_read,
    [JSON_COUNT_MAP]     = count_map_read,
    [JSON_EMBED]         = struct_read,
    [JSON_EMBED_PTR]     = nothing_read,
};
/* clang-format on */
