/* SPDX-License-Identifier: Apache-2.0 */
#include "config/digest.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "crypto/sha256.h"
#include "json/writer.h"

static int member_order(const void *a, const void *b)
{
    const struct value_member *const *x = a, *const *y = b;
    return slice_compare((*x)->key, (*y)->key);
}

static void value_write(const struct value *v, struct buf *out);

static void map_write(const struct value_map *m, struct buf *out)
{
    const struct value_member **sorted = xcalloc(m->count + 1, sizeof(*sorted));
    for (uint32_t i = 0; i < m->count; i++) sorted[i] = &m->items[i];
    qsort(sorted, m->count, sizeof(*sorted), member_order);
    buf_add_byte(out, '{');
    for (uint32_t i = 0; i < m->count; i++) {
        if (i > 0) buf_add_byte(out, ',');
        json_quote(out, sorted[i]->key, false);
        buf_add_byte(out, ':');
        value_write(sorted[i]->value, out);
    }
    buf_add_byte(out, '}');
    xfree(sorted);
}

static void array_write(const struct value_array *a, struct buf *out)
{
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < a->count; i++) {
        if (i > 0) buf_add_byte(out, ',');
        value_write(a->items[i], out);
    }
    buf_add_byte(out, ']');
}

static void value_write(const struct value *v, struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    switch (v->kind) {
    case VALUE_TEXT:
    case VALUE_DATETIME: json_slice(&w, v->text); return;
    case VALUE_BOOL: json_bool(&w, v->boolean); return;
    case VALUE_INTEGER: json_i64(&w, v->integer); return;
    case VALUE_FLOAT: json_double(&w, v->number); return;
    case VALUE_MAP: map_write(&v->map, out); return;
    case VALUE_ARRAY: array_write(&v->array, out); return;
    }
    unreachable();
}

void digest_json(const struct value *root, struct buf *out)
{
    value_write(root, out);
    buf_add_byte(out, '\n');
}

const char *digest_of(const struct value *root, struct arena *arena)
{
    struct buf json = { 0 };
    digest_json(root, &json);
    uint8_t sum[SHA256_SIZE];
    sha256(buf_slice(&json), sum);
    buf_deinit(&json);

    char *text = arena_alloc(arena, sizeof("sha256:") + 2 * SHA256_SIZE);
    memcpy(text, "sha256:", sizeof("sha256:") - 1);
    char *at = text + sizeof("sha256:") - 1;
    for (int i = 0; i < SHA256_SIZE; i++) {
        *at++ = "0123456789abcdef"[sum[i] >> 4];
        *at++ = "0123456789abcdef"[sum[i] & 15];
    }
    return text;
}
