/* SPDX-License-Identifier: Apache-2.0 */
/* Each type is one row too: its size, how it is read, written and when it is empty. */
#include "json/table.h"

#include "base/assert.h"
#include "json/gotime.h"

struct reading {
    struct arena  *arena;
    struct errmsg *why;
};

struct type_row {
    uint32_t size;                      /* 0: any */
    bool (*read)(const struct json_field *, struct json_value, const struct reading *, void *ret);
    void (*write)(const struct json_field *, const void *from, struct json_writer *);
    bool (*is_empty)(const struct json_field *, const void *from);
};

enum { TYPES_COUNT = JSON_RAW + 1 };

static const struct type_row types[TYPES_COUNT];

/* --- the struct as a whole --- */

static enum err field_read(const struct json_field *f, struct json_value v, const struct reading *r,
                           void *ret)
{
    if (json_kind(v) == JSON_NULL || (f->flags & JSON_WRITE_ONLY)) return ERR_OK;
    if (types[f->type].read(f, v, r, (char *)ret + f->offset)) return ERR_OK;
    /* named further inside */
    if (r->why != NULL && r->why->text[0] != '\0') return ERR_INVALID;
    return errmsg_set(r->why, ERR_INVALID, "field \"%s\" has a wrong type or value", f->name);
}

static enum err object_read(const struct json_table *t, struct json_value object,
                            const struct reading *r, void *ret)
{
    if (json_kind(object) == JSON_NULL) return ERR_OK;
    if (json_kind(object) != JSON_OBJECT) return errmsg_set(r->why, ERR_INVALID, "not an object");
    enum err result = ERR_OK;
    for (uint32_t i = 0; i < t->count; i++) {
        struct json_value v;
        if (!json_member(object, t->fields[i].name, &v)) continue;
        enum err e = field_read(&t->fields[i], v, r, ret);
        if (result == ERR_OK) result = e;
    }
    return result;
}

enum err json_table_read(const struct json_table *t, struct json_value object, struct arena *arena,
                         void *ret, struct errmsg *why)
{
    assert(t != NULL && arena != NULL && ret != NULL);
    struct errmsg unused;
    struct reading r = { arena, why != NULL ? why : &unused };
    r.why->text[0] = '\0';
    return object_read(t, object, &r, ret);
}

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
        json_key(w, f->name);
        types[f->type].write(f, at, w);
    }
}

void json_table_check(const struct json_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        const struct type_row *type = &types[f->type];
        assert(f->offset + f->size <= t->size);
        if (type->size > 0) assert(f->size == type->size);
        bool nested = f->type == JSON_STRUCT || f->type == JSON_STRUCT_PTR ||
                      f->type == JSON_STRUCTS;
        assert(nested == (f->table != NULL));
        if (f->type == JSON_STRUCT) assert(f->size == f->table->size);
        for (uint32_t j = 0; j < i; j++)
            assert(!slice_equal_nocase(slice_str(f->name), slice_str(t->fields[j].name)));
    }
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

static int64_t i_load(const struct json_field *f, const void *from)
{
    return f->size == 4 ? *(const int32_t *)from : *(const int64_t *)from;
}

static uint64_t u_load(const struct json_field *f, const void *from)
{
    switch (f->size) {
    case 1: return *(const uint8_t *)from;
    case 2: return *(const uint16_t *)from;
    case 4: return *(const uint32_t *)from;
    case 8: return *(const uint64_t *)from;
    default: unreachable();
    }
}

static bool i_read(const struct json_field *f, struct json_value v, const struct reading *r,
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

static bool u_read(const struct json_field *f, struct json_value v, const struct reading *r,
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

static void i_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_i64(w, i_load(f, from));
}

static void u_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_u64(w, u_load(f, from));
}

static bool i_empty(const struct json_field *f, const void *from)
{
    return i_load(f, from) == 0;
}
static bool u_empty(const struct json_field *f, const void *from)
{
    return u_load(f, from) == 0;
}

static bool bool_read(const struct json_field *f, struct json_value v, const struct reading *r,
                      void *ret)
{
    (void)f, (void)r;
    return json_to_bool(v, ret);
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

static bool double_read(const struct json_field *f, struct json_value v, const struct reading *r,
                        void *ret)
{
    (void)f, (void)r;
    return json_to_double(v, ret);
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

/* --- texts --- */

static bool text_read(const struct json_field *f, struct json_value v, const struct reading *r,
                      void *ret)
{
    (void)f;
    struct slice text = { 0 };
    if (!json_to_slice(v, &text)) return false;
    *(const char **)ret = arena_str(r->arena, text);
    return true;
}

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

static bool slice_read(const struct json_field *f, struct json_value v, const struct reading *r,
                       void *ret)
{
    (void)f;
    struct slice text = { 0 };
    if (!json_to_slice(v, &text)) return false;
    *(struct slice *)ret = arena_slice(r->arena, text);
    return true;
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

static bool raw_read(const struct json_field *f, struct json_value v, const struct reading *r,
                     void *ret)
{
    (void)f, (void)v, (void)r, (void)ret;
    return true;
}

static void raw_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    if (slice_empty(f, from)) json_null(w);
    else json_raw(w, *(const struct slice *)from);
}

/* --- times --- */

static bool time_read(const struct json_field *f, struct json_value v, const struct reading *r,
                      void *ret)
{
    (void)f, (void)r;
    struct slice text = { 0 };
    return json_to_slice(v, &text) && gotime_rfc3339_parse(text, ret) == ERR_OK;
}

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

static bool duration_read(const struct json_field *f, struct json_value v, const struct reading *r,
                          void *ret)
{
    (void)f, (void)r;
    struct slice text = { 0 };
    return json_to_slice(v, &text) && gotime_duration_parse(text, ret) == ERR_OK;
}

static void duration_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    (void)f;
    json_duration_str(w, *(const nanos *)from);
}

/* --- nested --- */

static bool struct_read(const struct json_field *f, struct json_value v, const struct reading *r,
                        void *ret)
{
    return object_read(f->table, v, r, ret) == ERR_OK;
}

static void struct_write(const struct json_field *f, const void *from, struct json_writer *w)
{
    json_table_write(f->table, from, w);
}

static bool never_empty(const struct json_field *f, const void *from)
{
    (void)f, (void)from;
    return false;
}

static bool pointer_read(const struct json_field *f, struct json_value v, const struct reading *r,
                         void *ret)
{
    void **target = ret;
    if (*target == NULL) *target = arena_alloc(r->arena, f->table->size);
    return struct_read(f, v, r, *target);
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

static struct json_array array_new(const struct reading *r, struct json_value v, size_t item_size)
{
    uint32_t count = json_count(v);
    return (struct json_array){ arena_alloc(r->arena, (count > 0 ? count : 1) * item_size), count };
}

static bool texts_read(const struct json_field *f, struct json_value v, const struct reading *r,
                       void *ret)
{
    if (json_kind(v) != JSON_ARRAY) return false;
    struct json_array a = array_new(r, v, sizeof(const char *));
    const char **items = a.items;
    for (uint32_t i = 0; i < a.count; i++) {
        items[i] = "";
        if (!text_read(f, json_item(v, i), r, &items[i])) return false;
    }
    *(struct json_array *)ret = a;
    return true;
}

static bool structs_read(const struct json_field *f, struct json_value v, const struct reading *r,
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
        else struct_write(f, (const char *)a->items + (size_t)i * f->table->size, w);
    }
    json_array_end(w);
}

/* clang-format off */
static const struct type_row types[TYPES_COUNT] = {
    [JSON_BOOLEAN]       = { sizeof(bool),              bool_read,     bool_write,     bool_empty },
    [JSON_I32]           = { sizeof(int32_t),           i_read,   i_write,   i_empty },
    [JSON_I64]           = { sizeof(int64_t),           i_read,   i_write,   i_empty },
    [JSON_U8]            = { sizeof(uint8_t),           u_read, u_write, u_empty },
    [JSON_U16]           = { sizeof(uint16_t),          u_read, u_write, u_empty },
    [JSON_U32]           = { sizeof(uint32_t),          u_read, u_write, u_empty },
    [JSON_U64]           = { sizeof(uint64_t),          u_read, u_write, u_empty },
    [JSON_F64]           = { sizeof(double),            double_read,   double_write,
        double_empty },
    [JSON_TEXT]          = { sizeof(const char *),      text_read,     text_write,     text_empty },
    [JSON_SLICE]         = { sizeof(struct slice),      slice_read,    slice_write,
        slice_empty },
    [JSON_TEXTS]         = { sizeof(struct json_array), texts_read,    array_write,
        array_empty },
    [JSON_STRUCT]        = { 0,                         struct_read,   struct_write,
        never_empty },
    [JSON_STRUCT_PTR]    = { sizeof(void *),            pointer_read,  pointer_write,
        pointer_empty },
    [JSON_STRUCTS]       = { sizeof(struct json_array), structs_read,  array_write,
        array_empty },
    [JSON_TIMESTAMP]     = { sizeof(nanos),             time_read,     time_write,     time_empty },
    [JSON_DURATION_TEXT] = { sizeof(nanos),             duration_read, duration_write, i_empty },
    [JSON_RAW]           = { sizeof(struct slice),      raw_read,      raw_write,
        slice_empty },
};
/* clang-format on */
