/* SPDX-License-Identifier: Apache-2.0 */
/* ocsp, ocsp_cache and tls { ocsp_peer }. Parsed and checked; what is not served is the business of
 * unserved.h. */
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"

/* --- ocsp: a bool, or { mode, url, urls } --- */

static const struct {
    const char    *name;
    enum ocsp_mode mode;
} modes[] = {
    { "auto", OCSP_AUTO },
    { "always", OCSP_ALWAYS },
    { "must", OCSP_MUST },
    { "never", OCSP_NEVER },
};

static void mode_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    const char *name;
    if (!load_text(l, f->value, &name)) return;
    name = load_lower(l->arena, f->value->text);
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        if (strcmp(modes[i].name, name) != 0) continue;
        o->mode = modes[i].mode;
        return;
    }
    load_error(l, f->value->pos, "error parsing ocsp config: unsupported ocsp mode string");
}

static void url_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    const char *url;
    if (!load_text(l, f->value, &url)) return;
    void *items = o->urls.items;
    const char **item = arena_push(l->arena, &items, &o->urls.count, sizeof(*item));
    o->urls.items = items;
    *item = url;
}

/* nats-server expects a type here that no file can give: whatever is written, it refuses. */
static void urls_read(struct loader *l, const struct field *f)
{
    load_error(l, l->type_pos, "interface conversion: interface {} is %s, not []string",
               value_type_name(f->value));
}

/* clang-format off */
static const struct option_row ocsp_rows[] = {
    { "mode", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "auto, always, must or never", .read = mode_read },
    { "url", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "responder to ask instead of the certificate's", .read = url_read },
    { "urls", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "refused by nats-server too; use url", .read = urls_read },
};
/* clang-format on */
static const struct option_block ocsp_block = {
    OPT_BLOCK("ocsp", ocsp_rows),
    .ignores_unknown = true,
    .is_exact = true,
};

void load_ocsp(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = (void *)((char *)f->into + f->row->offset);
    const struct value *v = f->value;
    o->pos = v->pos;
    if (v->kind == VALUE_BOOL) {
        o->mode = v->boolean ? OCSP_AUTO : OCSP_NEVER;
        return;
    }
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "error parsing ocsp config: unsupported type %s", value_type_name(v));
        return;
    }
    o->mode = OCSP_AUTO;
    for (uint32_t i = 0; i < v->map.count; i++)
        if (load_row_find(&ocsp_block, v->map.items[i].key) == NULL)
            load_error(l, v->map.items[i].value->pos,
                       "error parsing ocsp config: unsupported field string");
    l->type_pos = v->pos;
    (void)load_block(l, &ocsp_block, v, o);
    l->type_pos.line = 0;
}

/* --- seconds, fractions of them, or a duration --- */

static bool seconds_read(struct loader *l, const char *where, const struct value *v,
                         nanos *ret_duration)
{
    if (v->kind == VALUE_INTEGER) {
        *ret_duration = (nanos)((uint64_t)v->integer * (uint64_t)SECOND);
        return true;
    }
    if (v->kind == VALUE_FLOAT) {
        *ret_duration = (nanos)(v->number * (double)SECOND);
        return true;
    }
    if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "%s, conversion error: unexpected type", where);
        return false;
    }
    if (gotime_duration_parse(v->text, ret_duration) == ERR_OK) return true;
    load_error(l, v->pos, "error parsing tls peer config, conversion error: %s",
               load_duration_error(l, value_text(v)));
    return false;
}

/* --- ocsp_cache: a bool, or { type, local_store, preserve_revoked, save_interval } --- */

#define CACHE "error parsing OCSP peer cache config"

/* A key whose value has the wrong type is "unknown" to nats-server. */
static void cache_unknown(struct loader *l, const struct field *f)
{
    load_error(l, f->value->pos, CACHE ", unknown field [%s]", load_quote(l, f->name));
}

static void cache_type_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    if (f->value->kind != VALUE_TEXT) {
        cache_unknown(l, f);
        return;
    }
    const char *name = load_lower(l->arena, f->value->text);
    if (strcmp(name, "none") == 0) o->cache = OCSP_CACHE_NONE;
    else if (strcmp(name, "local") == 0) o->cache = OCSP_CACHE_LOCAL;
    else load_error(l, f->value->pos, CACHE ", unknown type [%s]", value_text(f->value));
}

static void cache_store_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    if (f->value->kind == VALUE_TEXT) o->cache_dir = value_text(f->value);
    else cache_unknown(l, f);
}

static void cache_preserve_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    if (f->value->kind == VALUE_BOOL) o->cache_preserve_revoked = f->value->boolean;
    else cache_unknown(l, f);
}

static void cache_interval_read(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = f->into;
    nanos d;
    if (!seconds_read(l, CACHE, f->value, &d)) return;
    o->cache_save_interval = d < SECOND ? SECOND : d;
}

/* clang-format off */
static const struct option_row cache_rows[] = {
    { "type", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "none or local; local", .read = cache_type_read },
    { "local_store", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "directory; _rc_", .read = cache_store_read },
    { "preserve_revoked", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "never forget that a certificate was revoked; false",
      .read = cache_preserve_read },
    { "save_interval", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "time between writes, at least 1s; 300s",
      .read = cache_interval_read },
};
/* clang-format on */
static const struct option_block cache_block = { OPT_BLOCK("ocsp_cache", cache_rows),
                                                 .ignores_unknown = true };

static void unknown_in_brackets(struct loader *l, const struct option_block *block,
                                const struct value *v, const char *where)
{
    for (uint32_t i = 0; i < v->map.count; i++)
        if (load_row_find(block, v->map.items[i].key) == NULL)
            load_error(l, v->map.items[i].value->pos, "%s, unknown field [%s]", where,
                       load_quote(l, load_lower(l->arena, v->map.items[i].key)));
}

void load_ocsp_cache(struct loader *l, const struct field *f)
{
    struct ocsp_options *o = (void *)((char *)f->into + f->row->offset);
    const struct value *v = f->value;
    o->cache_pos = v->pos;
    if (v->kind == VALUE_BOOL) {
        o->cache = v->boolean ? OCSP_CACHE_LOCAL : OCSP_CACHE_NONE;
    } else if (v->kind == VALUE_MAP) {
        o->cache = OCSP_CACHE_LOCAL;
        unknown_in_brackets(l, &cache_block, v, CACHE);
        (void)load_block(l, &cache_block, v, o);
    } else {
        load_error(l, v->pos, "error parsing tags: unsupported type %s", value_type_name(v));
    }
}

/* --- tls { ocsp_peer } --- */

#define PEER "error parsing tls peer config"

static void peer_flag_read(struct loader *l, const struct field *f)
{
    if (f->value->kind == VALUE_BOOL)
        *(bool *)((char *)f->into + f->row->offset) = f->value->boolean;
    else load_error(l, f->value->pos, PEER ", unknown field [%s]", load_quote(l, f->name));
}

static void peer_time_read(struct loader *l, const struct field *f)
{
    nanos d, *at = (void *)((char *)f->into + f->row->offset);
    if (seconds_read(l, PEER, f->value, &d) && d >= 0) *at = d;
}

/* clang-format off */
#define AT(field) OPT_AT(struct ocsp_peer_options, field)
static const struct option_row peer_rows[] = {
    { "verify", OPT_CUSTOM, AT(verify), RELOAD_YES,
      .help = "check; false", .read = peer_flag_read },
    { "ca_timeout", OPT_CUSTOM, AT(ca_timeout), RELOAD_YES,
      .help = "time for a responder; 2s", .read = peer_time_read },
    { "allowed_clockskew", OPT_CUSTOM, AT(allowed_clockskew), RELOAD_YES,
      .help = "difference of clocks; 30s",
      .read = peer_time_read },
    { "warn_only", OPT_CUSTOM, AT(warn_only), RELOAD_YES,
      .help = "log, do not refuse; false", .read = peer_flag_read },
    { "unknown_is_good", OPT_CUSTOM, AT(unknown_is_good), RELOAD_YES,
      .help = "accept the status unknown; false",
      .read = peer_flag_read },
    { "allow_when_ca_unreachable", OPT_CUSTOM, AT(allow_when_ca_unreachable), RELOAD_YES,
      .help = "accept when nobody answers; false", .read = peer_flag_read },
    { "cache_ttl_when_next_update_unset", OPT_CUSTOM, AT(cache_ttl_when_next_update_unset),
      RELOAD_YES,
      .help = "life of an answer that names no end; 1h", .read = peer_time_read },
};
#undef AT
/* clang-format on */
const struct option_block ocsp_peer_block = { OPT_BLOCK("ocsp_peer", peer_rows),
                                              .ignores_unknown = true };

void load_ocsp_peer(struct loader *l, const struct field *f)
{
    struct ocsp_peer_options *o = (void *)((char *)f->into + f->row->offset);
    const struct value *v = f->value;
    *o = (struct ocsp_peer_options){
        .ca_timeout = 2 * SECOND,
        .allowed_clockskew = 30 * SECOND,
        .cache_ttl_when_next_update_unset = HOUR,
        .present = true,
    };
    if (v->kind == VALUE_BOOL) {
        o->verify = v->boolean;
        return;
    }
    /* the type is that of the block around, whatever was written */
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos,
                   "error parsing ocsp peer config: unsupported type map[string]interface {}");
        return;
    }
    struct load_messages *errors = &l->report->errors;
    uint32_t before = errors->count;
    unknown_in_brackets(l, &ocsp_peer_block, v, PEER);
    (void)load_block(l, &ocsp_peer_block, v, o);
    /* positions of both, the block's first */
    for (uint32_t i = before; i < errors->count; i++)
        errors->items[i].text = arena_printf(l->arena, "%s:%u:%u: %s", v->pos.file, v->pos.line,
                                             v->pos.column, errors->items[i].text);
}
