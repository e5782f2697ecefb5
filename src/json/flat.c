/* SPDX-License-Identifier: Apache-2.0 */
#include "json/flat.h"

#include "base/assert.h"

/* 15 digits fit every integer type that is read here. */
enum { MEMBERS_MAX = 32, DIGITS_MAX = 15 };

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

struct member {
    const struct json_field *field;
    struct slice             text;      /* JSON_SLICE */
    int64_t                  number;    /* JSON_I64, JSON_BOOLEAN */
};

static void blanks_skip(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool byte_take(struct cursor *c, uint8_t byte)
{
    blanks_skip(c);
    if (c->at == c->end || *c->at != byte) return false;
    c->at++;
    return true;
}

/* A text that stands for itself. */
static bool text_take(struct cursor *c, struct slice *ret)
{
    if (!byte_take(c, '"')) return false;
    const uint8_t *from = c->at;
    while (c->at < c->end && *c->at >= ' ' && *c->at < 0x80 && *c->at != '"' && *c->at != '\\')
        c->at++;
    *ret = slice_of(from, (size_t)(c->at - from));
    assert(c->at <= c->end);
    if (c->at == c->end || *c->at != '"') return false;
    c->at++;
    return true;
}

static bool word_take(struct cursor *c, struct slice word)
{
    if (!slice_starts(slice_of(c->at, (size_t)(c->end - c->at)), word)) return false;
    c->at += word.len;
    return true;
}

static bool bool_take(struct cursor *c, int64_t *ret)
{
    blanks_skip(c);
    *ret = word_take(c, SLICE_LIT("true"));
    return *ret != 0 || word_take(c, SLICE_LIT("false"));
}

/* What follows is looked at by the caller, who wants a comma or the end there. */
static bool number_take(struct cursor *c, int64_t *ret)
{
    blanks_skip(c);
    const uint8_t *from = c->at;
    int64_t value = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - from <= DIGITS_MAX)
        value = value * 10 + (*c->at++ - '0');
    int64_t count = c->at - from;
    *ret = value;
    assert(value >= 0);
    return count == 1 || (count > 1 && count <= DIGITS_MAX && *from != '0');
}

static const struct json_field *field_find(const struct json_table *t, struct slice name)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const char *own = t->fields[i].name;
        if (name.len == 0 || own[0] != (char)name.ptr[0]) continue;
        if (strncmp(own, (const char *)name.ptr, name.len) == 0 && own[name.len] == 0)
            return &t->fields[i];
    }
    return NULL;
}

static bool value_take(struct cursor *c, struct member *m)
{
    assert(m->field != NULL);
    if (m->field->flags != 0) return false;
    if (m->field->type == JSON_SLICE) return text_take(c, &m->text);
    if (m->field->type == JSON_BOOLEAN) return bool_take(c, &m->number);
    return m->field->type == JSON_I64 && number_take(c, &m->number);
}

static void set(const struct member *m, void *ret)
{
    char *at = (char *)ret + m->field->offset;
    if (m->field->type == JSON_SLICE) *(struct slice *)(void *)at = m->text;
    else if (m->field->type == JSON_BOOLEAN) *(bool *)(void *)at = m->number != 0;
    else *(int64_t *)(void *)at = m->number;
}

static bool is_there(const struct member *members, uint32_t count, const struct json_field *field)
{
    for (uint32_t i = 0; i < count; i++)
        if (members[i].field == field) return true;
    return false;
}

static bool member_take(struct cursor *c, const struct json_table *t, struct member *members,
                        uint32_t count)
{
    struct slice name;
    struct member *m = &members[count];
    if (!text_take(c, &name) || !byte_take(c, ':')) return false;
    *m = (struct member){ .field = field_find(t, name) };
    if (m->field == NULL || is_there(members, count, m->field)) return false;
    return value_take(c, m);
}

bool json_flat_read(const struct json_table *t, struct slice text, void *ret)
{
    struct member members[MEMBERS_MAX];
    struct cursor c = { text.ptr, text.ptr + text.len };
    uint32_t count = 0;
    assert(t->words == NULL);
    assert(ret != NULL);
    if (text.len == 0 || !byte_take(&c, '{')) return false;
    bool is_over = byte_take(&c, '}');
    while (!is_over) {
        if (count == MEMBERS_MAX || !member_take(&c, t, members, count)) return false;
        count++;
        is_over = byte_take(&c, '}');
        if (!is_over && !byte_take(&c, ',')) return false;
    }
    blanks_skip(&c);
    if (c.at != c.end) return false;
    for (uint32_t i = 0; i < count; i++) set(&members[i], ret);
    return true;
}
