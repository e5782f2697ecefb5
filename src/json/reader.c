/* SPDX-License-Identifier: Apache-2.0 */
#include "json/reader.h"

#include <json-c/json.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "json/check.h"
#include "json/utf8.h"

enum { SIZE_MAX_DEFAULT = 1 << 20, DEPTH_MAX_DEFAULT = 32 };

struct json_doc {
    struct json_object *root;
};

static bool is_utf8(struct slice s)
{
    uint32_t rune;
    while (s.len > 0) {
        uint32_t len = s.ptr[0] < 0x80 ? 1 : utf8_next(s, &rune);
        if (len == 0) return false;
        s = slice_from(s, len);
    }
    return true;
}

static void utf8_mend(struct buf *out, struct slice s)
{
    uint32_t rune;
    while (s.len > 0) {
        uint32_t len = utf8_next(s, &rune);
        if (len == 0) buf_add_str(out, "\xef\xbf\xbd");
        else buf_add(out, slice_first(s, len));
        s = slice_from(s, len == 0 ? 1 : len);
    }
}

/* json-c caps an integer that does not fit and forgets the sign of -0, but keeps the text of a
 * double. So that it becomes one, this is put behind it, and taken off where the text is shown. */
static const struct slice odd_mark = SLICE_INIT("e-00");

static bool is_number_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' ||
           byte == 'e' || byte == 'E';
}

static bool is_odd(struct slice number)
{
    uint64_t u;
    int64_t i;
    assert(number.len > 0);
    for (uint32_t at = 0; at < number.len; at++)
        if (number.ptr[at] != '-' && (number.ptr[at] < '0' || number.ptr[at] > '9')) return false;
    if (slice_equal_str(number, "-0")) return true;
    return !slice_to_u64(number, &u) && !slice_to_i64(number, &i);
}

/* Where a text ends whose first quote stands at `at`: it was checked. */
static uint32_t text_end(struct slice s, uint32_t at)
{
    assert(s.ptr[at] == '"');
    for (at++; s.ptr[at] != '"'; at++) at += s.ptr[at] == '\\';
    assert(at < s.len);
    return at + 1;
}

static void odd_marks_add(struct buf *out, struct slice s)
{
    uint32_t at = 0;
    while (at < s.len) {
        uint32_t from = at++;
        bool is_number = s.ptr[from] == '-' || (s.ptr[from] >= '0' && s.ptr[from] <= '9');
        if (s.ptr[from] == '"') at = text_end(s, from);
        while (is_number && at < s.len && is_number_byte(s.ptr[at])) at++;
        struct slice part = slice_of(s.ptr + from, at - from);
        buf_add(out, part);
        if (is_number && is_odd(part)) buf_add(out, odd_mark);
    }
}

/* Of two members with the same key json-c keeps one. So that both stay, a byte that no text has
 * and a number are put behind each key, and taken off where it is read. */
enum { KEY_MARK = 0xff };

static void key_marks_add(struct buf *out, struct slice s)
{
    uint32_t at = 0, number = 0;
    while (at < s.len) {
        uint32_t from = at++, behind;
        if (s.ptr[from] == '"') at = text_end(s, from);
        for (behind = at; behind < s.len && strchr(" \t\r\n", s.ptr[behind]) != NULL;) behind++;
        bool is_key = s.ptr[from] == '"' && behind < s.len && s.ptr[behind] == ':';
        buf_add(out, slice_of(s.ptr + from, at - from - (is_key ? 1 : 0)));
        if (is_key) buf_printf(out, "%c%u\"", KEY_MARK, number++);
    }
}

static struct slice key_of(const struct lh_entry *e)
{
    struct slice key = slice_str(lh_entry_k(e));
    const uint8_t *mark = key.len > 0 ? memchr(key.ptr, KEY_MARK, key.len) : NULL;
    if (mark != NULL) key.len = (uint32_t)(mark - key.ptr);
    return key;
}

/* As deep as the check allowed. */
static uint32_t members_count(struct json_object *node)
{
    uint32_t count = 0;
    if (json_object_get_type(node) == json_type_array)
        for (size_t i = 0; i < json_object_array_length(node); i++)
            count += members_count(json_object_array_get_idx(node, i));
    if (json_object_get_type(node) != json_type_object) return count;
    const struct lh_entry *e = json_object_get_object(node)->head;
    for (; e != NULL; e = e->next) count += 1 + members_count(lh_entry_v(e));
    return count;
}

/* A tokener is as large as the depth that it is made for: `depth` is what the text needs. */
static enum err tree_build(struct slice text, uint32_t depth, struct json_object **ret_root)
{
    struct json_tokener *tokener = json_tokener_new_ex((int)depth + 2);
    if (tokener == NULL) return ERR_NOMEM;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *root = json_tokener_parse_ex(tokener, (const char *)text.ptr,
                                                     (int)text.len);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error == json_tokener_continue)     /* a bare number ends only at the end of the text */
        root = json_tokener_parse_ex(tokener, "", 1), error = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    if (error != json_tokener_success) {
        json_object_put(root);
        return ERR_INVALID;
    }
    *ret_root = root;
    return ERR_OK;
}

enum err json_doc_parse(struct slice text, const struct json_limits *limits,
                        struct json_doc **ret_doc)
{
    uint32_t size_max = limits != NULL && limits->size_max > 0 ? limits->size_max
                                                               : SIZE_MAX_DEFAULT;
    uint32_t depth_max = limits != NULL && limits->depth_max > 0 ? limits->depth_max
                                                                 : DEPTH_MAX_DEFAULT;
    assert(size_max <= INT32_MAX / 4);
    if (text.len > size_max) return ERR_LIMIT;

    struct json_shape shape;
    enum err e = json_check(text, depth_max, &shape);
    if (e) return e;

    struct json_object *root = NULL;
    struct buf mended = { 0 }, marked = { 0 }, keyed = { 0 };
    if (!is_utf8(text)) {
        utf8_mend(&mended, text);
        text = buf_slice(&mended);
    }
    if (shape.has_odd) {
        odd_marks_add(&marked, text);
        text = buf_slice(&marked);
    }
    e = tree_build(text, shape.depth, &root);
    if (e == ERR_OK && members_count(root) < shape.keys) {
        json_object_put(root);
        key_marks_add(&keyed, text);
        e = tree_build(buf_slice(&keyed), shape.depth, &root);
    }
    buf_deinit(&mended);
    buf_deinit(&marked);
    buf_deinit(&keyed);
    if (e) return e;
    struct json_doc *doc = xcalloc(1, sizeof(*doc));
    doc->root = root;
    *ret_doc = doc;
    return ERR_OK;
}

struct json_doc *json_doc_free(struct json_doc *doc)
{
    if (doc == NULL) return NULL;
    json_object_put(doc->root);
    return xfree(doc);
}

struct json_value json_doc_root(const struct json_doc *doc)
{
    return (struct json_value){ doc->root, doc };
}

enum json_kind json_kind(struct json_value v)
{
    switch (json_object_get_type(v.node)) {
    case json_type_null:    return JSON_NULL;
    case json_type_boolean: return JSON_BOOL;
    case json_type_int:     return JSON_INT;
    case json_type_double:  return JSON_DOUBLE;
    case json_type_string:  return JSON_STRING;
    case json_type_array:   return JSON_ARRAY;
    case json_type_object:  return JSON_OBJECT;
    }
    unreachable();
}

bool json_member(struct json_value object, const char *name, struct json_value *ret_value)
{
    if (json_kind(object) != JSON_OBJECT) return false;
    struct slice wanted = slice_str(name);
    const struct lh_entry *found = NULL;
    for (const struct lh_entry *e = json_object_get_object(object.node)->head; e != NULL;
         e = e->next)
        if (slice_equal_nocase(key_of(e), wanted)) found = e;
    if (found == NULL) return false;
    *ret_value = (struct json_value){ lh_entry_v(found), object.doc };
    return true;
}

bool json_next_member(struct json_value object, uint32_t *at, struct slice *ret_key,
                      struct json_value *ret_value)
{
    if (json_kind(object) != JSON_OBJECT) return false;
    const struct lh_entry *e = json_object_get_object(object.node)->head;
    for (uint32_t i = 0; i < *at && e != NULL; i++) e = e->next;
    if (e == NULL) return false;
    (*at)++;
    *ret_key = key_of(e);
    *ret_value = (struct json_value){ lh_entry_v(e), object.doc };
    return true;
}

struct json_members json_members_of(struct json_value object)
{
    if (json_kind(object) != JSON_OBJECT) return (struct json_members){ NULL, object.doc };
    return (struct json_members){ json_object_get_object(object.node)->head, object.doc };
}

bool json_members_next(struct json_members *m, struct slice *ret_key, struct json_value *ret_value)
{
    const struct lh_entry *e = m->at;
    if (e == NULL) return false;
    *ret_key = key_of(e);
    *ret_value = (struct json_value){ lh_entry_v(e), m->doc };
    m->at = e->next;
    return true;
}

void json_value_text(struct json_value v, struct buf *out)
{
    int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    struct slice text = slice_str(json_object_to_json_string_ext(v.node, flags));
    bool can_be_odd = json_kind(v) == JSON_DOUBLE && text.len > odd_mark.len;
    if (can_be_odd && slice_equal(slice_from(text, text.len - odd_mark.len), odd_mark))
        text.len -= odd_mark.len;
    for (uint32_t at = 0; at < text.len; at++) {
        if (text.ptr[at] != KEY_MARK) buf_add_byte(out, text.ptr[at]);
        else
            while (text.ptr[at + 1] != '"') at++;
    }
}

uint32_t json_count(struct json_value v)
{
    enum json_kind kind = json_kind(v);
    if (kind == JSON_ARRAY) return (uint32_t)json_object_array_length(v.node);
    if (kind == JSON_OBJECT) return (uint32_t)json_object_object_length(v.node);
    return 0;
}

struct json_value json_item(struct json_value array, uint32_t index)
{
    assert(json_kind(array) == JSON_ARRAY);
    assert(index < json_count(array));
    return (struct json_value){ json_object_array_get_idx(array.node, index), array.doc };
}

bool json_to_bool(struct json_value v, bool *ret)
{
    enum json_kind kind = json_kind(v);
    if (kind == JSON_BOOL) *ret = json_object_get_boolean(v.node) != 0;
    return kind == JSON_BOOL || kind == JSON_NULL;
}

/* Negative numbers come as int64, others as uint64. */
static void int_get(struct json_value v, uint64_t *ret_value, bool *ret_negative)
{
    int64_t i = json_object_get_int64(v.node);
    assert(json_kind(v) == JSON_INT);
    *ret_negative = i < 0;
    *ret_value = i < 0 ? (uint64_t)i : json_object_get_uint64(v.node);
}

static bool is_minus_zero(struct json_value v)
{
    if (json_kind(v) != JSON_DOUBLE || json_object_get_double(v.node) != 0) return false;
    return slice_equal_str(slice_str(json_object_get_string(v.node)), "-0e-00");
}

bool json_to_i64(struct json_value v, int64_t min, int64_t max, int64_t *ret)
{
    uint64_t value;
    bool negative;
    if (json_kind(v) == JSON_NULL) return true;
    if (is_minus_zero(v)) {     /* no number without a sign is one, as in Go */
        *ret = 0;
        return min <= 0 && max >= 0;
    }
    if (json_kind(v) != JSON_INT) return false;
    int_get(v, &value, &negative);
    if (!negative && value > INT64_MAX) return false;
    if ((int64_t)value < min || (int64_t)value > max) return false;
    *ret = (int64_t)value;
    return true;
}

bool json_to_u64(struct json_value v, uint64_t max, uint64_t *ret)
{
    uint64_t value;
    bool negative;
    if (json_kind(v) == JSON_NULL) return true;
    if (json_kind(v) != JSON_INT) return false;
    int_get(v, &value, &negative);
    if (negative || value > max) return false;
    *ret = value;
    return true;
}

bool json_to_double(struct json_value v, double *ret)
{
    enum json_kind kind = json_kind(v);
    if (kind == JSON_INT || kind == JSON_DOUBLE) *ret = json_object_get_double(v.node);
    return kind == JSON_INT || kind == JSON_DOUBLE || kind == JSON_NULL;
}

bool json_to_slice(struct json_value v, struct slice *ret)
{
    enum json_kind kind = json_kind(v);
    if (kind == JSON_STRING)
        *ret = slice_of(json_object_get_string(v.node), (size_t)json_object_get_string_len(v.node));
    return kind == JSON_STRING || kind == JSON_NULL;
}
