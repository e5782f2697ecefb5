/* SPDX-License-Identifier: Apache-2.0 */
/* Two stacks, as in nats-server: containers that are open, and keys that wait for a value. They are
 * not paired: a key whose value never came (`a: }`, `a: 1kbb`) stays and takes the next value that
 * is due, and users have files that depend on what follows from that. */
#include "config/parser.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include "base/assert.h"
#include "config/lexer.h"
#include "config/path.h"
#include "json/gotime.h"

struct waiting_key {
    struct slice      text;
    struct option_pos pos;
};

/* A variable of the environment that is being parsed; the chain shows cycles. */
struct env_chain {
    struct slice            name;
    const struct env_chain *outer;
};

/* What all files of one configuration share. */
struct budget {
    uint32_t text_size;
    uint32_t includes;
};

struct parser {
    const struct config_source *source;
    struct arena               *arena;
    struct budget              *budget;
    struct errmsg              *why;
    const char                 *file;
    const struct env_chain     *env;    /* NULL in a file */
    uint32_t                    include_depth;
    struct lexer                lexer;
    struct value               *open[LEXER_DEPTH_MAX + 8];
    uint32_t                    open_count;
    struct waiting_key         *keys;
    uint32_t                    keys_count;
    uint32_t                    keys_cap;
};

static enum err item_take(struct parser *p, const struct item *item);

/* --- the stacks --- */

static struct value *open_last(struct parser *p)
{
    assert(p->open_count > 0);
    return p->open[p->open_count - 1];
}

static void key_push(struct parser *p, struct slice text, struct option_pos pos)
{
    if (p->keys_count == p->keys_cap) {
        uint32_t cap = p->keys_cap == 0 ? 16 : 2 * p->keys_cap;
        struct waiting_key *keys = arena_alloc(p->arena, cap * sizeof(*keys));
        if (p->keys_count > 0) memcpy(keys, p->keys, p->keys_count * sizeof(*keys));
        p->keys = keys;
        p->keys_cap = cap;
    }
    p->keys[p->keys_count++] = (struct waiting_key){ arena_slice(p->arena, text), pos };
}

static struct option_pos pos_of(const struct parser *p, const struct item *item)
{
    return (struct option_pos){ p->file, item->line, item->column };
}

/* Puts the value where it is due: into the open array, or under the newest waiting key. */
static enum err value_set(struct parser *p, struct value *v)
{
    struct value *into = open_last(p);
    if (into->kind == VALUE_ARRAY) {
        value_array_add(p->arena, into, v);
    } else {
        assert(p->keys_count > 0);
        struct waiting_key key = p->keys[--p->keys_count];
        v->pos = key.pos;
        value_map_set(p->arena, into, key.text, v);
    }
    if (into->weight > VALUE_WEIGHT_MAX)
        return errmsg_set(p->why, ERR_LIMIT, "configuration unfolds to more than %d values",
                          VALUE_WEIGHT_MAX);
    return ERR_OK;
}

static enum err container_open(struct parser *p, const struct item *item, enum value_kind kind)
{
    assert(p->open_count < ARRAY_COUNT(p->open));
    p->open[p->open_count++] = value_new(p->arena, kind, pos_of(p, item));
    return ERR_OK;
}

static enum err container_close(struct parser *p, const struct item *item)
{
    assert(p->open_count > 1);
    struct value *v = open_last(p);
    v->pos = pos_of(p, item);
    p->open_count--;
    return value_set(p, v);
}

/* --- numbers and dates --- */

static const struct {
    const char *suffix;
    uint64_t    factor;
} sizes[] = {
    { "", 1 },
    { "k", 1000 },
    { "m", 1000000 },
    { "g", 1000000000 },
    { "t", 1000000000000 },
    { "p", 1000000000000000 },
    { "e", 1000000000000000000 },
    { "kb", (uint64_t)1 << 10 },
    { "ki", (uint64_t)1 << 10 },
    { "kib", (uint64_t)1 << 10 },
    { "mb", (uint64_t)1 << 20 },
    { "mi", (uint64_t)1 << 20 },
    { "mib", (uint64_t)1 << 20 },
    { "gb", (uint64_t)1 << 30 },
    { "gi", (uint64_t)1 << 30 },
    { "gib", (uint64_t)1 << 30 },
    { "tb", (uint64_t)1 << 40 },
    { "ti", (uint64_t)1 << 40 },
    { "tib", (uint64_t)1 << 40 },
    { "pb", (uint64_t)1 << 50 },
    { "pi", (uint64_t)1 << 50 },
    { "pib", (uint64_t)1 << 50 },
    { "eb", (uint64_t)1 << 60 },
    { "ei", (uint64_t)1 << 60 },
    { "eib", (uint64_t)1 << 60 },
};

static enum err integer_take(struct parser *p, const struct item *item)
{
    uint32_t digits = 0;
    while (digits < item->text.len &&
           (item->text.ptr[digits] == '-' ||
            (item->text.ptr[digits] >= '0' && item->text.ptr[digits] <= '9')))
        digits++;
    struct slice number = slice_first(item->text, digits);
    int64_t value;
    if (!slice_to_i64(number, &value))
        return errmsg_set(p->why, ERR_INVALID, "integer '%.*s' is out of the range",
                          SLICE_ARGS(number));

    struct slice suffix = slice_from(item->text, digits);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        if (!slice_equal_nocase(suffix, slice_str(sizes[i].suffix))) continue;
        struct value *v = value_new(p->arena, VALUE_INTEGER, pos_of(p, item));
        /* wraps, as nats-server's does */
        v->integer = (int64_t)((uint64_t)value * sizes[i].factor);
        return value_set(p, v);
    }
    return ERR_OK;                      /* 8kbb: no value at all; the key goes on waiting */
}

static enum err float_take(struct parser *p, const struct item *item)
{
    struct slice before, after = item->text;
    (void)slice_cut(&after, '.', &before);
    /* a host program may have set a locale */
    const char *point = localeconv()->decimal_point;
    const char *text = arena_printf(p->arena, "%.*s%s%.*s", SLICE_ARGS(before), point,
                                    SLICE_ARGS(after));
    errno = 0;
    double number = strtod(text, NULL);
    if (errno == ERANGE && (number > 1 || number < -1))
        return errmsg_set(p->why, ERR_INVALID, "float '%.*s' is out of the range",
                          SLICE_ARGS(item->text));
    struct value *v = value_new(p->arena, VALUE_FLOAT, pos_of(p, item));
    v->number = number;
    return value_set(p, v);
}

static enum err text_take(struct parser *p, const struct item *item, enum value_kind kind)
{
    struct value *v = value_new(p->arena, kind, pos_of(p, item));
    v->text = arena_slice(p->arena, item->text);
    return value_set(p, v);
}

static enum err datetime_take(struct parser *p, const struct item *item)
{
    nanos unused;
    if (gotime_rfc3339_parse(item->text, &unused) == ERR_INVALID)
        return errmsg_set(p->why, ERR_INVALID, "expected Zulu formatted DateTime, but got '%.*s'",
                          SLICE_ARGS(item->text));
    return text_take(p, item, VALUE_DATETIME);
}

static enum err bool_take(struct parser *p, const struct item *item)
{
    struct value *v = value_new(p->arena, VALUE_BOOL, pos_of(p, item));
    v->boolean = slice_equal_nocase(item->text, SLICE_LIT("true")) ||
                 slice_equal_nocase(item->text, SLICE_LIT("yes")) ||
                 slice_equal_nocase(item->text, SLICE_LIT("on"));
    return value_set(p, v);
}

/* --- one text from its beginning to its end --- */

static enum err parse(struct parser *p, struct slice text, struct value **ret_root)
{
    lexer_init(&p->lexer, text, p->arena);
    p->open[0] = value_new(p->arena, VALUE_MAP, (struct option_pos){ p->file, 1, 0 });
    p->open_count = 1;
    struct item before = { .kind = ITEM_EOF };
    for (;;) {
        struct item item = lexer_next(&p->lexer);
        if (item.kind == ITEM_EOF) {
            /* A key without a value; one `}` too many at the end is forgiven. */
            if (before.kind == ITEM_KEY && !slice_equal_str(before.text, "}"))
                return errmsg_set(p->why, ERR_INVALID, "config is invalid (%s:%u:%u)",
                                  p->file == NULL ? "" : p->file, item.line, item.column);
            *ret_root = p->open[0];
            return ERR_OK;
        }
        enum err e = item_take(p, &item);
        if (e) return e;
        before = item;
    }
}

/* --- variables --- */

static struct value *variable_in_file(struct parser *p, struct slice name)
{
    for (uint32_t i = p->open_count; i-- > 0;) {
        if (p->open[i]->kind != VALUE_MAP) continue;
        struct value *v = value_map_find(p->open[i], name);
        if (v != NULL) return v;
    }
    return NULL;
}

static void from_env_mark(struct value *v)
{
    v->from_env = true;
    if (v->kind == VALUE_MAP)
        for (uint32_t i = 0; i < v->map.count; i++) from_env_mark(v->map.items[i].value);
    if (v->kind == VALUE_ARRAY)
        for (uint32_t i = 0; i < v->array.count; i++) from_env_mark(v->array.items[i]);
}

/* Text of the environment is configuration too: it may be a number, a map, another variable. */
static enum err variable_of_env(struct parser *p, const struct item *item, const char *text,
                                struct value **ret_value)
{
    for (const struct env_chain *c = p->env; c != NULL; c = c->outer)
        if (slice_equal(c->name, item->text))
            return errmsg_set(p->why, ERR_INVALID, "variable reference cycle for '%.*s'",
                              SLICE_ARGS(item->text));

    struct env_chain chain = { item->text, p->env };
    struct errmsg why;
    struct parser *inner = arena_alloc(p->arena, sizeof(*inner));
    *inner = (struct parser){ .source = p->source,
                              .arena = p->arena,
                              .budget = p->budget,
                              .why = &why,
                              .env = &chain,
                              .include_depth = p->include_depth };
    struct value *root = NULL;
    char *whole = arena_printf(p->arena, "pk=%s", text);
    enum err e = parse(inner, slice_str(whole), &root);
    if (e)
        return errmsg_set(p->why, e,
                          "variable reference for '%.*s' on line %u could not be parsed: %s",
                          SLICE_ARGS(item->text), item->line, why.text);
    *ret_value = value_map_find(root, SLICE_LIT("pk"));
    if (*ret_value != NULL) from_env_mark(*ret_value);
    return ERR_OK;
}

static enum err variable_take(struct parser *p, const struct item *item)
{
    struct value *found = variable_in_file(p, item->text);
    if (found != NULL) found->is_used = true;
    if (found == NULL) {
        const char *text = p->source->getenv(p->source->ctx, arena_str(p->arena, item->text));
        if (text == NULL)
            return errmsg_set(p->why, ERR_INVALID,
                              "variable reference for '%.*s' on line %u can not be found",
                              SLICE_ARGS(item->text), item->line);
        enum err e = variable_of_env(p, item, arena_str(p->arena, slice_str(text)), &found);
        if (e) return e;
        if (found == NULL) return ERR_OK;
    }
    struct value *v = value_new(p->arena, found->kind, pos_of(p, item));
    struct option_pos pos = v->pos;
    *v = *found;                        /* shares what a map or array contains */
    v->pos = pos;
    v->is_used = false;
    return value_set(p, v);
}

/* --- include --- */

static enum err file_parse(struct parser *p, struct value **ret_root)
{
    struct buf text = { 0 };
    if (!p->source->read(p->source->ctx, p->file, &text, p->why)) {
        buf_deinit(&text);
        return ERR_INVALID;
    }
    enum err e = ERR_OK;
    if (text.len > PARSER_TEXT_MAX - p->budget->text_size)
        e = errmsg_set(p->why, ERR_LIMIT, "configuration is larger than %d bytes", PARSER_TEXT_MAX);
    if (e == ERR_OK) {
        p->budget->text_size += text.len;
        e = parse(p, buf_slice(&text), ret_root);
    }
    buf_deinit(&text);
    return e;
}

static enum err include_take(struct parser *p, const struct item *item)
{
    if (p->include_depth >= PARSER_INCLUDE_DEPTH_MAX || p->budget->includes >= PARSER_INCLUDES_MAX)
        return errmsg_set(p->why, ERR_LIMIT,
                          "error parsing include file '%.*s', too many files include each other",
                          SLICE_ARGS(item->text));
    p->budget->includes++;

    struct errmsg why;
    struct parser *inner = arena_alloc(p->arena, sizeof(*inner));
    *inner = (struct parser){ .source = p->source,
                              .arena = p->arena,
                              .budget = p->budget,
                              .why = &why,
                              .include_depth = p->include_depth + 1 };
    const char *here = p->file == NULL ? "" : p->file;
    inner->file = path_join(p->arena, path_dir(p->arena, here), arena_str(p->arena, item->text));
    struct value *root = NULL;
    enum err e = file_parse(inner, &root);
    if (e == ERR_LIMIT) *p->why = why;  /* as it is: the chain of files would push the reason out */
    if (e == ERR_LIMIT) return e;
    if (e)
        return errmsg_set(p->why, e, "error parsing include file '%.*s', %s",
                          SLICE_ARGS(item->text), why.text);

    for (uint32_t i = 0; i < root->map.count; i++) {
        const struct value_member *m = &root->map.items[i];
        key_push(p, m->key, m->value->pos);
        e = value_set(p, m->value);
        if (e) return e;
    }
    return ERR_OK;
}

static enum err error_take(struct parser *p, const struct item *item)
{
    /* The text may quote a NUL byte, which an operator's terminal does not show; neither do we. */
    size_t len = 0;
    char text[ERRMSG_SIZE];
    for (uint32_t i = 0; i < item->text.len && len < sizeof(text) - 1; i++)
        if (item->text.ptr[i] != '\0') text[len++] = (char)item->text.ptr[i];
    text[len] = '\0';
    return errmsg_set(p->why, ERR_INVALID, "Parse error on line %u: '%s'", item->line, text);
}

static enum err item_take(struct parser *p, const struct item *item)
{
    switch (item->kind) {
    case ITEM_ERROR: return error_take(p, item);
    case ITEM_KEY: key_push(p, item->text, pos_of(p, item)); return ERR_OK;
    case ITEM_TEXT: return text_take(p, item, VALUE_TEXT);
    case ITEM_BOOL: return bool_take(p, item);
    case ITEM_INTEGER: return integer_take(p, item);
    case ITEM_FLOAT: return float_take(p, item);
    case ITEM_DATETIME: return datetime_take(p, item);
    case ITEM_VARIABLE: return variable_take(p, item);
    case ITEM_INCLUDE: return include_take(p, item);
    case ITEM_MAP_START: return container_open(p, item, VALUE_MAP);
    case ITEM_ARRAY_START: return container_open(p, item, VALUE_ARRAY);
    case ITEM_MAP_END:
    case ITEM_ARRAY_END: return container_close(p, item);
    case ITEM_EOF: break;
    }
    unreachable();
}

enum err parser_file(const struct config_source *source, const char *path, struct arena *arena,
                     struct value **ret_root, struct errmsg *why)
{
    assert(source != NULL && path != NULL && why != NULL);
    struct budget budget = { 0 };
    struct parser *p = arena_alloc(arena, sizeof(*p));
    *p = (struct parser){ .source = source,
                          .arena = arena,
                          .budget = &budget,
                          .why = why,
                          .file = arena_str(arena, slice_str(path)) };
    return file_parse(p, ret_root);
}
