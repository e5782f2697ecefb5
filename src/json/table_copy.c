/* SPDX-License-Identifier: Apache-2.0 */
/* Copying and comparing structs by their tables. */
#include "base/assert.h"
#include "json/table_internal.h"

static const char *text_copy(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_str(arena, slice_str(text));
}

static size_t item_size(const struct json_field *f)
{
    if (f->type == JSON_TEXTS) return sizeof(const char *);
    if (f->type == JSON_TEXT_MAP) return sizeof(struct json_pair);
    if (f->type == JSON_COUNT_MAP) return sizeof(struct json_count);
    return f->type == JSON_STRUCTS ? f->table->size : sizeof(nanos);
}

static void item_copy(const struct json_field *f, const void *from, struct arena *arena, void *ret)
{
    if (f->type == JSON_TEXTS) {
        *(const char **)ret = text_copy(arena, *(const char *const *)from);
    } else if (f->type == JSON_TEXT_MAP) {
        const struct json_pair *pair = from;
        *(struct json_pair *)ret = (struct json_pair){ text_copy(arena, pair->key),
                                                       text_copy(arena, pair->value) };
    } else if (f->type == JSON_COUNT_MAP) {
        const struct json_count *count = from;
        *(struct json_count *)ret = (struct json_count){ text_copy(arena, count->key),
                                                         count->value };
    } else if (f->type == JSON_STRUCTS) {
        json_table_copy(f->table, from, arena, ret);
    } else {
        *(nanos *)ret = *(const nanos *)from;
    }
}

static struct json_array array_copy(const struct json_field *f, const struct json_array *from,
                                    struct arena *arena)
{
    size_t size = item_size(f);
    struct json_array to = { arena_alloc(arena, size * (from->count + 1)), from->count };
    assert(size > 0);
    for (uint32_t i = 0; i < from->count; i++)
        item_copy(f, (const char *)from->items + size * i, arena, (char *)to.items + size * i);
    return to;
}

static void field_copy(const struct json_field *f, const void *from, struct arena *arena, void *ret)
{
    if (f->type == JSON_TEXT) {
        *(const char **)ret = text_copy(arena, *(const char *const *)from);
    } else if (f->type == JSON_SLICE || f->type == JSON_RAW) {
        *(struct slice *)ret = arena_slice(arena, *(const struct slice *)from);
    } else if (f->type == JSON_STRUCT || f->type == JSON_EMBED) {
        json_table_copy(f->table, from, arena, ret);
    } else if (f->type == JSON_STRUCT_PTR) {
        const void *inner = *(const void *const *)from;
        if (inner == NULL) return;
        *(void **)ret = arena_alloc(arena, f->table->size);
        json_table_copy(f->table, inner, arena, *(void **)ret);
    } else {
        assert(f->type == JSON_TEXTS || f->type == JSON_TEXT_MAP || f->type == JSON_STRUCTS ||
               f->type == JSON_NANOS_LIST || f->type == JSON_U64_LIST || f->type == JSON_COUNT_MAP);
        *(struct json_array *)ret = array_copy(f, from, arena);
    }
}

/* Nothing of the field lies elsewhere. */
static bool is_plain(enum json_type type)
{
    return type <= JSON_F64 || type == JSON_TIMESTAMP || type == JSON_DURATION_TEXT ||
           type == JSON_GOINT || type == JSON_NANOS || type == JSON_TIMESTAMP_PTR ||
           type == JSON_WORD;
}

void json_table_copy(const struct json_table *t, const void *from, struct arena *arena, void *ret)
{
    assert(t->words == NULL && from != ret);
    memcpy(ret, from, t->size);
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        if (!is_plain(f->type))
            field_copy(f, (const char *)from + f->offset, arena, (char *)ret + f->offset);
    }
}

/* --- comparing --- */

static bool text_equal(const char *a, const char *b)
{
    return slice_equal(slice_str(a), slice_str(b));
}

static bool array_equal(const struct json_field *f, const struct json_array *a,
                        const struct json_array *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (f->type == JSON_TEXTS) {
            if (!text_equal(((const char *const *)a->items)[i], ((const char *const *)b->items)[i]))
                return false;
        } else if (f->type == JSON_TEXT_MAP) {
            const struct json_pair *x = a->items, *y = b->items;
            if (!text_equal(x[i].key, y[i].key) || !text_equal(x[i].value, y[i].value))
                return false;
        } else if (f->type == JSON_COUNT_MAP) {
            const struct json_count *x = a->items, *y = b->items;
            if (!text_equal(x[i].key, y[i].key) || x[i].value != y[i].value) return false;
        } else if (f->type == JSON_STRUCTS) {
            size_t at = (size_t)i * f->table->size;
            if (!json_table_equal(f->table, (const char *)a->items + at,
                                  (const char *)b->items + at))
                return false;
        } else if (((const nanos *)a->items)[i] != ((const nanos *)b->items)[i]) {
            return false;
        }
    }
    return true;
}

static bool field_equal(const struct json_field *f, const void *a, const void *b)
{
    if (is_plain(f->type)) return memcmp(a, b, f->size) == 0;
    if (f->type == JSON_TEXT) return text_equal(*(const char *const *)a, *(const char *const *)b);
    if (f->type == JSON_SLICE || f->type == JSON_RAW)
        return slice_equal(*(const struct slice *)a, *(const struct slice *)b);
    if (f->type == JSON_STRUCT || f->type == JSON_EMBED) return json_table_equal(f->table, a, b);
    if (f->type == JSON_STRUCT_PTR) {
        const void *x = *(const void *const *)a, *y = *(const void *const *)b;
        if (x == NULL || y == NULL) return x == y;
        return json_table_equal(f->table, x, y);
    }
    return array_equal(f, a, b);
}

bool json_table_equal(const struct json_table *t, const void *a, const void *b)
{
    assert(t->words == NULL);
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        if (!field_equal(f, (const char *)a + f->offset, (const char *)b + f->offset)) return false;
    }
    return true;
}
