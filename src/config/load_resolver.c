/* SPDX-License-Identifier: Apache-2.0 */
/* Operator mode: operators, trusted keys, and where account JWTs come from. */
#include "config/jwt.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "crypto/nkey.h"
#include "json/gotime.h"

/* --- operators: paths of JWTs, or the JWTs themselves --- */

static void operator_add(struct loader *l, struct option_pos pos, const char *text)
{
    struct buf file = { 0 };
    struct errmsg why;
    struct jwt jwt;
    struct slice token = slice_str(text);
    bool good = true;
    if (!slice_starts(token, SLICE_LIT("eyJ"))) {
        good = l->source->read(l->source->ctx, text, &file, &why);
        token = arena_slice(l->arena, buf_slice(&file));
    }
    buf_deinit(&file);
    if (good) good = jwt_read(jwt_undecorate(token), l->arena, &jwt, &why) == ERR_OK;
    if (good && strcmp(jwt.kind, "operator") != 0) {
        (void)errmsg_set(&why, ERR_INVALID, "not an operator claim");
        good = false;
    }
    if (!good) {
        load_error(l, pos, "error parsing operator JWT: %s", why.text);
        return;
    }
    struct string_list *list = &l->options->trust.operators;
    void *items = list->items;
    const char **item = arena_push(l->arena, &items, &list->count, sizeof(*item));
    list->items = items;
    *item = arena_str(l->arena, jwt_undecorate(token));
}

void load_operators(struct loader *l, const struct field *f)
{
    const struct value *v = f->value;
    l->options->trust.operators_pos = v->pos;
    if (v->kind == VALUE_TEXT) {
        operator_add(l, v->pos, value_text(v));
        return;
    }
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, "error parsing operators: unsupported type %s", value_type_name(v));
        return;
    }
    for (uint32_t i = 0; i < v->array.count; i++) {
        if (v->array.items[i]->kind != VALUE_TEXT) {
            load_error(
                l, v->pos,
                "error parsing operators: unsupported type *conf.token where string is expected");
            return;
        }
        operator_add(l, v->pos, value_text(v->array.items[i]));
    }
}

/* --- trusted keys --- */

static void trusted_key_check(struct loader *l, const struct value *v, struct option_pos pos)
{
    if (v->kind != VALUE_TEXT || nkey_is(v->text, NKEY_OPERATOR)) return;
    load_error(l, pos, "trust key %s required to be a valid public operator nkey",
               load_quote(l, value_text(v)));
}

void load_trusted_keys(struct loader *l, const struct field *f)
{
    struct operator_options *t = &l->options->trust;
    t->trusted_keys_pos = f->value->pos;
    if (!load_texts(l, "trusted", f->value, &t->trusted_keys)) return;
    const struct value *v = f->value;
    trusted_key_check(l, v, v->pos);
    if (v->kind != VALUE_ARRAY) return;
    for (uint32_t i = 0; i < v->array.count; i++)       /* all messages point to the last one */
        trusted_key_check(l, v->array.items[i], v->array.items[v->array.count - 1]->pos);
}

/* --- preload --- */

void load_resolver_preload(struct loader *l, const struct field *f)
{
    const struct value *v = f->value;
    struct pair_list pairs = { .present = true };
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "preload should be a map of account_public_key:account_jwt");
        return;
    }
    for (uint32_t i = 0; i < v->map.count; i++) {
        const struct value_member *m = &v->map.items[i];
        struct errmsg why;
        struct jwt jwt;
        if (m->value->kind != VALUE_TEXT) {
            load_error(l, m->value->pos, "preload map value should be a string JWT");
            continue;
        }
        if (jwt_read(m->value->text, l->arena, &jwt, &why) || strcmp(jwt.kind, "account") != 0) {
            load_error(l, m->value->pos, "invalid account JWT");
            continue;
        }
        void *items = pairs.items;
        struct string_pair *pair = arena_push(l->arena, &items, &pairs.count, sizeof(*pair));
        pairs.items = items;
        *pair = (struct string_pair){ (const char *)m->key.ptr, value_text(m->value) };
    }
    l->options->resolver.preload = pairs;
}

/* --- the resolver --- */

static const char no_resolver[] =
    "error parsing account resolver, should be MEM or  URL(\"url\") or a map containing "
    "dir and type state=[FULL|CACHE])";

static int64_t find_nocase(struct slice text, const char *word)
{
    struct slice w = slice_str(word);
    for (uint32_t i = 0; i + w.len <= text.len; i++)
        if (slice_equal_nocase(slice_of(text.ptr + i, w.len), w)) return i;
    return -1;
}

/* "MEM" or "MEMORY" anywhere, or URL(...) with or without quotes. */
static void text_read(struct loader *l, const struct value *v, struct resolver_options *r)
{
    if (find_nocase(v->text, "MEM") >= 0) {
        r->kind = RESOLVER_MEMORY;
        return;
    }
    int64_t at = find_nocase(v->text, "URL(");
    struct slice url = at < 0 ? (struct slice){ 0 } : slice_from(v->text, (uint32_t)at + 4);
    uint32_t end = url.len;
    while (end > 0 && url.ptr[end - 1] != ')') end--;
    if (at < 0 || end == 0) {
        load_error(l, v->pos, "%s", no_resolver);
        return;
    }
    url = slice_trim(slice_first(url, end - 1));
    if (url.len >= 2 && url.ptr[0] == '"' && url.ptr[url.len - 1] == '"')
        url = slice_of(url.ptr + 1, url.len - 2);
    r->kind = RESOLVER_URL;
    r->url = arena_str(l->arena, url);
}

struct resolver_map {
    const char *type;
    const char *dir;
    bool        allow_delete, hard_delete;
    bool        has_allow_delete, has_hard_delete, has_limit, has_ttl, has_interval, has_timeout;
    int64_t     limit;
    nanos       ttl, interval, timeout;
};

static void duration_read(struct loader *l, const struct field *f)
{
    struct resolver_map *m = f->into;
    const char *text;
    nanos d = 0;
    if (!load_text(l, f->value, &text)) return;
    if (gotime_duration_parse(f->value->text, &d) != ERR_OK) {
        load_error(l, l->options->resolver.pos, "%s", load_duration_error(l, text));
        return;
    }
    *(nanos *)(void *)((char *)f->into + f->row->offset) = d;
    m->has_ttl = m->has_ttl || strcmp(f->name, "ttl") == 0;
    m->has_interval = m->has_interval || strcmp(f->name, "interval") == 0;
}

static void delete_read(struct loader *l, const struct field *f)
{
    struct resolver_map *m = f->into;
    (void)load_bool(l, f->value, (bool *)((char *)f->into + f->row->offset));
    if (strcmp(f->name, "allow_delete") == 0) m->has_allow_delete = true;
    else m->has_hard_delete = true;
}

/* clang-format off */
#define AT(field) OPT_AT(struct resolver_map, field)
static const struct option_row resolver_rows[] = {
    { "type", OPT_TEXT, AT(type), RELOAD_YES, .help = "FULL, CACHE or MEMORY" },
    { "dir", OPT_TEXT, AT(dir), RELOAD_YES, .help = "directory of the JWTs (FULL, CACHE)" },
    { "allow_delete", OPT_CUSTOM, AT(allow_delete), RELOAD_YES,
      .help = "JWTs may be deleted (FULL); false", .read = delete_read },
    { "hard_delete", OPT_CUSTOM, AT(hard_delete), RELOAD_YES,
      .help = "really, instead of renamed; false", .read = delete_read },
    { "limit", OPT_I64, AT(limit), RELOAD_YES, .help = "JWTs that are kept" },
    { "ttl", OPT_CUSTOM, AT(ttl), RELOAD_YES,
      .help = "life of a JWT (CACHE)", .read = duration_read },
    { "interval", OPT_CUSTOM, AT(interval), RELOAD_YES,
      .help = "time between exchanges (FULL); 1m", .read = duration_read },
    { "timeout", OPT_CUSTOM, AT(timeout), RELOAD_YES,
      .help = "time to fetch a JWT; 1.9s", .read = duration_read },
};
#undef AT
/* clang-format on */
const struct option_block resolver_block = { OPT_BLOCK("resolver", resolver_rows),
                                             .ignores_unknown = true };

/* The reason why a directory resolver cannot be, or NULL. The directory itself is looked at when it
 * is opened. */
static const char *map_error(const struct resolver_map *m, bool full)
{
    if (m->dir == NULL || m->dir[0] == '\0')
        return "dir has no value and needs to point to a directory";
    if (full && m->has_ttl) return "FULL does not accept ttl";
    if (full && m->hard_delete && !m->allow_delete)
        return "hard_delete has no effect without delete";
    if (!full && m->has_allow_delete) return "CACHE does not accept allow_delete";
    if (!full && m->has_hard_delete) return "CACHE does not accept hard_delete";
    if (!full && m->has_interval) return "CACHE does not accept sync";
    return NULL;
}

/* What can be read is no directory. */
static bool is_file(struct loader *l, const char *path)
{
    struct buf text = { 0 };
    struct errmsg why;
    bool found = l->source->read(l->source->ctx, path, &text, &why);
    buf_deinit(&text);
    return found;
}

static void map_read(struct loader *l, const struct value *v, struct resolver_options *r)
{
    struct resolver_map m = { 0 };
    uint32_t errors = l->report->errors.count;
    (void)load_block(l, &resolver_block, v, &m);
    if (l->report->errors.count > errors) return;
    struct slice type = slice_str(m.type == NULL ? "" : m.type);
    bool full = slice_equal_nocase(type, SLICE_LIT("FULL"));
    if (slice_equal_nocase(type, SLICE_LIT("MEM")) ||
        slice_equal_nocase(type, SLICE_LIT("MEMORY"))) {
        r->kind = RESOLVER_MEMORY;
        return;
    }
    if (!full && !slice_equal_nocase(type, SLICE_LIT("CACHE"))) {
        load_error(l, v->pos, "%s", no_resolver);
        return;
    }
    const char *error = map_error(&m, full);
    if (error == NULL && is_file(l, m.dir)) error = "dir needs to point to an accessible directory";
    if (error != NULL) {
        load_error(l, v->pos, "%s", error);
        return;
    }
    r->kind = full ? RESOLVER_FULL : RESOLVER_CACHE;
    r->dir = m.dir;
    r->allow_delete = m.allow_delete;
    r->hard_delete = m.hard_delete;
    r->limit = m.limit;
    r->ttl = m.ttl;
    r->interval = m.interval;
    r->timeout = m.timeout;
}

void load_resolver(struct loader *l, const struct field *f)
{
    struct resolver_options *r = &l->options->resolver;
    r->pos = f->value->pos;
    if (f->value->kind == VALUE_TEXT) text_read(l, f->value, r);
    else if (f->value->kind == VALUE_MAP) map_read(l, f->value, r);
    else
        load_error(l, f->value->pos, "error parsing operator resolver, wrong type %s",
                   value_type_name(f->value));
}
