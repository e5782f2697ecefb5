/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static const struct js_error_row rows[] = {
#define X(name, err_code, code, text) { err_code, code, text },
    JS_ERROR_LIST(X)
#undef X
};

uint32_t js_error_count(void)
{
    return (uint32_t)ARRAY_COUNT(rows);
}

struct js_error_row js_error_row(uint32_t index)
{
    assert(index < ARRAY_COUNT(rows));
    return rows[index];
}

/* The list is sorted. */
static const struct js_error_row *row_get(enum js_err id)
{
    uint32_t low = 0, high = (uint32_t)ARRAY_COUNT(rows);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (rows[middle].err_code < (uint32_t)id) low = middle + 1;
        else high = middle;
    }
    assert(low < ARRAY_COUNT(rows));
    assert(rows[low].err_code == (uint32_t)id);
    return &rows[low];
}

static void text_add(struct js_error *e, size_t *len, const char *from, size_t count)
{
    size_t room = sizeof(e->text) - 1 - *len;
    if (count > room) count = room;
    memcpy(e->text + *len, from, count);
    *len += count;
    e->text[*len] = '\0';
}

bool js_error_set(struct js_error *ret, enum js_err id, ...)
{
    const struct js_error_row *row = row_get(id);
    if (ret == NULL) return false;
    struct js_error e = { .err_code = row->err_code, .code = row->code };
    size_t len = 0;
    va_list values;
    va_start(values, id);
    for (const char *at = row->text; *at != '\0';) {
        size_t plain = strcspn(at, "{");
        text_add(&e, &len, at, plain);
        at += plain;
        if (*at == '\0') break;
        const char *value = va_arg(values, const char *);
        assert(value != NULL);
        text_add(&e, &len, value, strlen(value));
        at += strcspn(at, "}") + 1;
    }
    va_end(values);
    *ret = e;
    return false;
}

bool js_error_setf(struct js_error *ret, enum js_err id, const char *format, ...)
{
    char value[JS_ERROR_TEXT_SIZE];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(value, sizeof value, format, values);
    va_end(values);
    return js_error_set(ret, id, value);
}

void js_error_write(const struct js_error *e, struct json_writer *w)
{
    assert(e->err_code != JS_ERR_NONE);
    json_object_begin(w);
    json_key(w, "code");
    json_u64(w, e->code);
    json_key(w, "err_code");
    json_u64(w, e->err_code);
    if (e->text[0] != '\0') {           /* omitempty */
        json_key(w, "description");
        json_str(w, e->text);
    }
    json_object_end(w);
}
