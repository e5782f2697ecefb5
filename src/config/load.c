/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "config/digest.h"
#include "config/load_internal.h"
#include "config/value.h"

/* --- messages --- */

static const char *text_format(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    assert(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

static void message_add(struct loader *l, struct load_messages *to, struct option_pos pos,
                        const char *text)
{
    void *items = to->items;
    struct load_message *m = arena_push(l->arena, &items, &to->count, sizeof(*m));
    to->items = items;
    m->pos = pos;
    m->text = pos.line == 0
                  ? text
                  : arena_printf(l->arena, "%s:%u:%u: %s", pos.file, pos.line, pos.column, text);
}

void load_error(struct loader *l, struct option_pos pos, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_format(l->arena, format, args);
    va_end(args);
    message_add(l, &l->report->errors, pos, text);
}

void load_error_nowhere(struct loader *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_format(l->arena, format, args);
    va_end(args);
    message_add(l, &l->report->errors, (struct option_pos){ 0 }, text);
}

void load_warning(struct loader *l, struct option_pos pos, const char *field, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_format(l->arena, format, args);
    va_end(args);
    const char *whole = arena_printf(l->arena, "invalid use of field \"%s\": %s", field, text);
    message_add(l, &l->report->warnings, pos, whole);
}

void load_plain_warning(struct loader *l, struct option_pos pos, const char *text)
{
    message_add(l, &l->report->warnings, pos, text);
}

static void lines_add(const struct load_messages *m, struct buf *out)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (out->len > 0) buf_add_byte(out, '\n');
        buf_add_str(out, m->items[i].text);
    }
}

void load_report_text(const struct load_report *report, struct buf *out)
{
    lines_add(&report->warnings, out);
    lines_add(&report->errors, out);
}

/* --- blocks --- */

static bool names_have(const char *names, struct slice key, bool is_exact)
{
    struct slice rest = slice_str(names), name;
    while (rest.len > 0) {
        (void)slice_cut(&rest, ' ', &name);
        if (is_exact ? slice_equal(name, key) : slice_equal_nocase(name, key)) return true;
    }
    return false;
}

const struct option_row *load_row_find(const struct option_block *block, struct slice key)
{
    for (uint32_t i = 0; i < block->count; i++)
        if (names_have(block->rows[i].names, key, block->is_exact)) return &block->rows[i];
    return NULL;
}

/* An unknown key; false when it ends the block. */
static bool unknown_take(struct loader *l, const struct option_block *block, const char *key,
                         const struct value *v)
{
    if (v->is_used || block->ignores_unknown) return true;
    if (block->unknown == NULL) {
        load_error(l, v->pos, "unknown field %s", load_quote(l, key));
        return true;
    }
    load_error(l, v->pos, "%s%s%s", block->unknown, load_quote(l, key),
               block->unknown_after == NULL ? "" : block->unknown_after);
    return !block->unknown_ends;
}

bool load_block(struct loader *l, const struct option_block *block, const struct value *map,
                void *into)
{
    assert(map->kind == VALUE_MAP);
    for (uint32_t i = 0; i < map->map.count; i++) {
        const struct value_member *m = &map->map.items[i];
        const struct option_row *row = load_row_find(block, m->key);
        const char *key = load_lower(l->arena, m->key);
        if (row == NULL && !unknown_take(l, block, (const char *)m->key.ptr, m->value))
            return false;
        if (row == NULL) continue;
        struct field f = { .row = row, .name = key, .value = m->value, .into = into };
        load_field(l, &f);
    }
    return true;
}

/* --- the file --- */

enum err load_file(const struct config_source *source, const char *path, struct options *o,
                   struct load_report *ret_report)
{
    assert(source != NULL && path != NULL && o != NULL);
    *ret_report = (struct load_report){ 0 };
    struct loader l = { .source = source, .arena = o->arena, .options = o, .report = ret_report };
    struct value *root = NULL;
    struct errmsg why;
    o->config_file = arena_str(o->arena, slice_str(path));
    enum err e = parser_file(source, path, o->arena, &root, &why);
    if (e) {
        load_error_nowhere(&l, "%s", why.text);
        return ERR_INVALID;
    }
    o->values = root;
    o->config_digest = digest_of(root, o->arena);
    if (root->map.count == 0)
        message_add(&l, &ret_report->warnings, (struct option_pos){ 0 },
                    arena_printf(o->arena, "%s: config has no values or is empty", path));
    (void)load_block(&l, &top_block, root, o);
    load_check(&l);
    return ret_report->errors.count > 0 ? ERR_INVALID : ERR_OK;
}
