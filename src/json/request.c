/* SPDX-License-Identifier: Apache-2.0 */
#include "json/request.h"

#include <string.h>

#include "base/assert.h"
#include "json/check.h"
#include "json/gotime.h"
#include "json/origin.h"
#include "json/quote.h"
#include "json/table_internal.h"

/* --- what Go says of a wrong type --- */

static const char *const go_types[JSON_TYPES_COUNT] = {
    [JSON_BOOLEAN] = "bool",
    [JSON_I32] = "int32",
    [JSON_I64] = "int64",
    [JSON_U8] = "uint8",
    [JSON_U16] = "uint16",
    [JSON_U32] = "uint32",
    [JSON_U64] = "uint64",
    [JSON_F64] = "float64",
    [JSON_TEXT] = "string",
    [JSON_SLICE] = "string",
    [JSON_TEXTS] = "[]string",
    [JSON_DURATION_TEXT] = "string",
    [JSON_GOINT] = "int",
    [JSON_NANOS] = "time.Duration",
    [JSON_NANOS_LIST] = "[]time.Duration",
    [JSON_WORD] = "string",
    [JSON_TEXT_MAP] = "map[string]string",
    [JSON_U64_LIST] = "[]uint64",
    [JSON_COUNT_MAP] = "map[string]uint64",
};

static bool is_number(const char *go_type)
{
    return strncmp(go_type, "int", 3) == 0 || strncmp(go_type, "uint", 4) == 0 ||
           strcmp(go_type, "time.Duration") == 0;
}

static void value_word(struct json_value v, const char *go_type, struct buf *out)
{
    switch (json_kind(v)) {
    case JSON_NULL:   buf_add_str(out, "null"); break;
    case JSON_BOOL:   buf_add_str(out, "bool"); break;
    case JSON_STRING: buf_add_str(out, "string"); break;
    case JSON_ARRAY:  buf_add_str(out, "array"); break;
    case JSON_OBJECT: buf_add_str(out, "object"); break;
    case JSON_INT:
    case JSON_DOUBLE:
        buf_add_str(out, "number");
        if (!is_number(go_type)) break;
        buf_add_byte(out, ' ');
        json_value_text(v, out);
        break;
    }
}

/* "server.Placement", "[]*server.StreamSource", or the type of a plain field. */
static void go_type_add(const struct json_field *f, struct buf *out)
{
    if (f->type == JSON_STRUCTS) buf_add_str(out, f->flags & JSON_GO_POINTERS ? "[]*" : "[]");
    if (f->table != NULL && f->table->words == NULL)
        buf_printf(out, "server.%s", f->table->go_name);
    else buf_add_str(out, go_types[f->type]);
}

/* Without the dot at the end. */
static enum err type_refuse(struct json_reading *r, struct json_value v, const char *go_type)
{
    assert(r->path_len > 0);
    struct buf word = { 0 };
    value_word(v, go_type, &word);
    enum err e = errmsg_set(r->why, ERR_INVALID,
                            "json: cannot unmarshal %s into Go struct field %s.%.*s of type %s",
                            buf_str(&word), r->go_name, (int)r->path_len - 1, r->path, go_type);
    buf_deinit(&word);
    return e;
}

/* As its sender wrote it. */
static void value_raw(const struct json_reading *r, struct json_value v, struct buf *out)
{
    struct slice origin = json_origin(r->text, r->root, v);
    assert(r->is_go);
    if (origin.len > 0) buf_add(out, origin);
    else json_value_text(v, out);
}

/* "can not unmarshal %q": by the last letter of the refusal, the value is added. */
static enum err word_refuse(struct json_reading *r, struct json_value v,
                            const struct json_words *words)
{
    r->is_over = true;
    size_t len = strlen(words->refusal);
    struct buf raw = { 0 }, text = { 0 };
    bool is_quoted = len > 2 && strcmp(words->refusal + len - 2, "%q") == 0;
    bool is_raw = len > 2 && strcmp(words->refusal + len - 2, "%s") == 0;
    value_raw(r, v, &raw);
    buf_add(&text, slice_of(words->refusal, is_quoted || is_raw ? len - 2 : len));
    if (is_quoted) quote_go(&text, buf_slice(&raw));
    if (is_raw) buf_add(&text, buf_slice(&raw));
    enum err e = errmsg_set(r->why, ERR_INVALID, "%s", buf_str(&text));
    buf_deinit(&raw);
    buf_deinit(&text);
    return e;
}

static enum err time_refuse(struct json_reading *r, struct json_value v)
{
    r->is_over = true;
    if (json_kind(v) != JSON_STRING)
        return errmsg_set(r->why, ERR_INVALID, "Time.UnmarshalJSON: input is not a JSON string");
    struct buf why = { 0 }, raw = { 0 };
    value_raw(r, v, &raw);
    assert(raw.len >= 2);       /* the quotes */
    gotime_rfc3339_refusal(slice_from(slice_first(buf_slice(&raw), raw.len - 1), 1), &why);
    enum err e = errmsg_set(r->why, ERR_INVALID, "%s", buf_str(&why));
    buf_deinit(&why);
    buf_deinit(&raw);
    return e;
}

static enum err field_refuse(const struct json_field *f, struct json_value v,
                             struct json_reading *r)
{
    if (r->bad_type != NULL) return type_refuse(r, r->bad, r->bad_type);
    if (f->type == JSON_TIMESTAMP || f->type == JSON_TIMESTAMP_PTR) return time_refuse(r, v);
    if (f->type == JSON_WORD) {
        enum json_kind kind = json_kind(v);
        bool is_word = !f->table->words->is_text || kind == JSON_STRING || kind == JSON_NULL;
        if (is_word) return word_refuse(r, v, f->table->words);
        r->is_over = true;
    }
    struct buf go_type = { 0 };
    go_type_add(f, &go_type);
    enum err e = type_refuse(r, v, buf_str(&go_type));
    buf_deinit(&go_type);
    return e;
}

/* --- the members of an object, in the order of the text --- */

/* Pushes "name." */
static void path_push(struct json_reading *r, const char *name)
{
    size_t room = sizeof(r->path) - r->path_len - 1, len = strlen(name);
    assert(sizeof(r->path) > r->path_len);
    if (len > room) len = room;
    memcpy(r->path + r->path_len, name, len);
    r->path_len += (uint32_t)len;
    if (len < room) r->path[r->path_len++] = '.';
    r->path[r->path_len] = '\0';
}

/* The field that `key` names, here or in an embedded struct, whose row is `*ret_embed` (or
 * NULL). */
static const struct json_field *field_find(const struct json_table *t, struct slice key,
                                           const struct json_field **ret_embed)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct json_field *f = &t->fields[i];
        const struct json_field *inner = NULL;
        if (f->type == JSON_EMBED) inner = field_find(f->table, key, ret_embed);
        if (inner != NULL) {
            *ret_embed = f;
            return inner;
        }
        if (f->type == JSON_EMBED || f->type == JSON_EMBED_PTR) continue;
        if (f->flags & JSON_WRITE_ONLY) continue;
        if (!slice_equal_nocase(slice_str(f->name), key)) continue;
        *ret_embed = NULL;
        return f;
    }
    return NULL;
}

static enum err unknown_refuse(struct json_reading *r, struct slice key)
{
    struct buf name = { 0 };
    quote_go(&name, key);
    enum err e = errmsg_set(r->why, ERR_INVALID, "json: unknown field %s", buf_str(&name));
    buf_deinit(&name);
    return e;
}

/* Keeps what is wrong for the end, unless something is kept already; an error that ends all
 * stays. */
static enum err keep(struct json_reading *r, enum err e)
{
    if (e == ERR_OK || r->is_over) return e;
    assert(r->why->text[0] != '\0');
    if (r->kept.text[0] == '\0') r->kept = *r->why;
    r->why->text[0] = '\0';
    r->bad_type = NULL;
    return ERR_OK;
}

/* What null takes away again: pointers, slices and maps in Go. */
static bool is_nil(enum json_type type)
{
    switch ((int)type) {
    case JSON_TEXTS:
    case JSON_STRUCT_PTR:
    case JSON_STRUCTS:
    case JSON_NANOS_LIST:
    case JSON_TIMESTAMP_PTR:
    case JSON_TEXT_MAP:
    case JSON_U64_LIST:
    case JSON_COUNT_MAP:  return true;
    default: return false;
    }
}

static enum err member_read(const struct json_table *t, struct slice key, struct json_value v,
                            struct json_reading *r, void *ret)
{
    const struct json_field *embed = NULL;
    const struct json_field *f = field_find(t, key, &embed);
    if (f == NULL) return r->is_strict ? keep(r, unknown_refuse(r, key)) : ERR_OK;
    char *at = (char *)ret + (embed != NULL ? embed->offset : 0) + f->offset;
    if (json_kind(v) == JSON_NULL && is_nil(f->type)) memset(at, 0, f->size);
    if (json_kind(v) == JSON_NULL && f->type != JSON_WORD) return ERR_OK;

    uint32_t path_len = r->path_len;
    const char *go_name = r->go_name;
    if (embed != NULL) path_push(r, embed->name);
    path_push(r, f->name);
    enum err e = ERR_OK;
    if (!json_type_read(f, v, r, at)) e = ERR_INVALID;
    if (e && r->why->text[0] == '\0') e = field_refuse(f, v, r);
    r->path_len = path_len;
    r->go_name = go_name;
    return keep(r, e);
}

/* The table of a struct that is no object: an element of an array, or the whole document. */
static enum err not_object(const struct json_table *t, struct json_value v, struct json_reading *r)
{
    struct buf go_type = { 0 };
    buf_printf(&go_type, "server.%s", t->go_name);
    enum err e = ERR_INVALID;
    if (r->path_len > 0) {
        e = type_refuse(r, v, buf_str(&go_type));
    } else {
        struct buf word = { 0 };
        value_word(v, buf_str(&go_type), &word);
        (void)errmsg_set(r->why, e, "json: cannot unmarshal %s into Go value of type %s",
                         buf_str(&word), buf_str(&go_type));
        buf_deinit(&word);
    }
    buf_deinit(&go_type);
    return e;
}

enum err json_go_object_read(const struct json_table *t, struct json_value object,
                             struct json_reading *r, void *ret)
{
    assert(t->go_name != NULL);
    if (json_kind(object) == JSON_NULL) return ERR_OK;
    if (json_kind(object) != JSON_OBJECT) return keep(r, not_object(t, object, r));
    const char *outer = r->go_name;
    r->go_name = t->go_name;
    struct json_members members = json_members_of(object);
    struct slice key;
    struct json_value v;
    enum err e = ERR_OK;
    while (e == ERR_OK && json_members_next(&members, &key, &v)) e = member_read(t, key, v, r, ret);
    r->go_name = outer;
    return e;
}

/* --- the body --- */

static bool is_blank(struct slice s)
{
    return slice_trim(s).len == 0;
}

static enum err syntax_refuse(const struct json_request *q, const struct json_fault *f,
                              struct slice text, struct errmsg *why)
{
    char sentence[JSON_FAULT_SIZE];
    (void)json_fault_text(f, text, sentence);
    if (q->mode == JSON_REQUEST_PLAIN) {
        bool is_early_end = f->context == NULL && !f->is_too_deep;
        return errmsg_set(why, ERR_INVALID, "%s",
                          is_early_end ? "unexpected end of JSON input" : sentence);
    }
    if (f->context == NULL && !f->is_too_deep) return errmsg_set(why, ERR_INVALID, "%s", sentence);
    uint32_t before = (uint32_t)(text.ptr - q->body.ptr);
    return errmsg_set(why, ERR_INVALID, "%s at offset %u", sentence, before + f->offset + 1);
}

static enum err value_read(const struct json_request *q, struct slice text, struct arena *arena,
                           void *ret, struct errmsg *why)
{
    const struct json_limits limits = { .depth_max = JSON_REQUEST_DEPTH_MAX };
    struct json_reading r = {
        .arena = arena, .why = why, .is_go = true, .is_strict = q->mode != JSON_REQUEST_PLAIN
    };
    AUTO_FREE(json_doc) doc = NULL;
    enum err e = json_doc_parse(text, &limits, &doc);
    if (e) return errmsg_set(why, ERR_INVALID, "%s", err_text(e));
    r.text = text;
    r.root = json_doc_root(doc);
    e = json_go_object_read(q->table, r.root, &r, ret);
    if (e || r.kept.text[0] == '\0') return e;
    *why = r.kept;
    return ERR_INVALID;
}

/* All values, one on top of the other; in plain mode exactly one. */
static enum err body_read(const struct json_request *q, struct arena *arena, void *ret,
                          struct errmsg *why)
{
    bool is_plain = q->mode == JSON_REQUEST_PLAIN;
    struct slice rest = q->body;
    if (is_blank(rest) && !is_plain) return ERR_OK;
    do {
        uint32_t len = 0;
        struct json_fault fault;
        if (json_check_first(rest, JSON_REQUEST_DEPTH_MAX, &len, &fault))
            return syntax_refuse(q, &fault, rest, why);
        struct slice value = slice_first(rest, len);
        if (is_plain && !is_blank(slice_from(rest, len))) {
            while (strchr(" \t\r\n", rest.ptr[len]) != NULL && rest.ptr[len] != '\0') len++;
            fault = (struct json_fault){ .context = "after top-level value", .offset = len };
            return syntax_refuse(q, &fault, rest, why);
        }
        rest = slice_from(rest, len);
        enum err e = value_read(q, value, arena, ret, why);
        if (e) return e;
    } while (!is_blank(rest));
    return ERR_OK;
}

enum err json_request_read(const struct json_request *q, struct arena *arena, void *ret,
                           struct errmsg *why)
{
    assert(q->table != NULL && arena != NULL && ret != NULL);
    struct errmsg unused;
    if (why == NULL) why = &unused;
    why->text[0] = '\0';
    return body_read(q, arena, ret, why);
}
