/* SPDX-License-Identifier: Apache-2.0 */
/* accounts { }: each account by itself. What needs several of them stands in load_imports.c. */
#include "base/map.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "crypto/nkey.h"
#include "subject/subject.h"

static void nkey_read(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    if (f->value->kind == VALUE_TEXT && nkey_is(f->value->text, NKEY_ACCOUNT)) {
        a->nkey = value_text(f->value);
        return;
    }
    const char *text = load_value_text(l, f->value);
    load_error(l, f->value->pos, "Not a valid public nkey for an account: %s", load_quote(l, text));
}

static void users_read(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    if (f->value->kind == VALUE_ARRAY) (void)load_users(l, f->value, &a->users, &a->nkeys);
    else
        load_error_nowhere(l, "Expected users field to be an array, got %s",
                           load_value_text(l, f->value));
}

/* --- limits --- */

/* clang-format off */
#define AT(field) OPT_AT(struct account_options, field)
static const struct option_row limit_rows[] = {
    { "max_connections max_conn", OPT_I64, AT(connections_max), RELOAD_YES,
      .help = "connections; -1 (no limit)" },
    { "max_subscriptions max_subs", OPT_I64, AT(subscriptions_max), RELOAD_YES,
      .help = "subscriptions of a connection; -1 (no limit)" },
    { "max_payload max_pay", OPT_I64, AT(payload_max), RELOAD_YES,
      .help = "bytes of a message; -1 (the server's)" },
    { "max_leafnodes max_leafs", OPT_I64, AT(leafs_max), RELOAD_YES,
      .help = "leaf nodes; -1 (no limit)" },
};
/* clang-format on */
static const struct option_block limit_block = {
    OPT_BLOCK("limits", limit_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing account limits",
};

static void limits_read(struct loader *l, const struct field *f)
{
    if (f->value->kind == VALUE_MAP) (void)load_block(l, &limit_block, f->value, f->into);
    else
        load_error(l, f->value->pos, "Expected account limits to be a map/struct, got %s",
                   load_value_text(l, f->value));
}

/* --- msg_trace: a subject, or { dest, sampling } --- */

static void trace_dest_read(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    if (f->value->kind == VALUE_TEXT) a->trace_dest = value_text(f->value);
    else
        load_error(l, f->value->pos, "Field %s should be a string, got %s", load_quote(l, f->name),
                   value_type_name(f->value));
}

static void trace_sampling_read(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    const struct value *v = f->value;
    int64_t percent;
    if (v->kind == VALUE_INTEGER) {
        percent = v->integer;
    } else if (v->kind != VALUE_TEXT) {
        load_error(
            l, v->pos,
            "Trace destination sampling field %s should be an integer or a percentage, got %s",
            load_quote(l, f->name), value_type_name(v));
        return;
    } else {
        struct slice digits = v->text;
        if (digits.len > 0 && digits.ptr[digits.len - 1] == '%')
            digits = slice_first(digits, digits.len - 1);
        if (!slice_to_i64(digits, &percent)) {
            load_error(l, v->pos, "Invalid trace destination sampling value %s",
                       load_quote(l, value_text(v)));
            return;
        }
    }
    if (percent < 1 || percent > 100)
        load_error(l, v->pos,
                   "Ttrace destination sampling value %lld is invalid, needs to be [1..100]",
                   (long long)percent);
    else a->trace_sampling = (uint32_t)percent;
}

/* clang-format off */
static const struct option_row trace_rows[] = {
    { "dest", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subject of the traces", .read = trace_dest_read },
    { "sampling", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "percentage of messages; 100", .read = trace_sampling_read },
};
/* clang-format on */
static const struct option_block trace_block = {
    OPT_BLOCK("msg_trace", trace_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing account message trace map/struct \"msg_trace\"",
};
static const struct option_block trace_dest_block = {
    OPT_BLOCK("trace_dest", trace_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing account message trace map/struct \"trace_dest\"",
};

static void trace_read(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    const struct value *v = f->value;
    uint32_t errors = l->report->errors.count;
    a->trace_pos = v->pos;
    a->trace_sampling = 0;
    if (v->kind == VALUE_TEXT) a->trace_dest = value_text(v);
    else if (v->kind == VALUE_MAP)
        (void)load_block(
            l, strcmp(f->name, trace_block.name) == 0 ? &trace_block : &trace_dest_block, v, a);
    else
        load_error(l, v->pos,
                   "Expected account message trace %s to be a string or a map/struct, got %s",
                   load_quote(l, f->name), value_type_name(v));
    if (l->report->errors.count > errors) return;
    if (a->trace_dest == NULL) {
        if (a->trace_sampling > 0)
            load_plain_warning(l, v->pos,
                               "Trace destination sampling ignored since no destination was set");
        return;
    }
    if (!subject_valid_strict(slice_str(a->trace_dest)) ||
        subject_has_wildcard(slice_str(a->trace_dest)))
        load_error(l, v->pos, "Trace destination %s is not valid", load_quote(l, a->trace_dest));
    if (a->trace_sampling == 0) a->trace_sampling = 100;
}

/* --- the account --- */

/* clang-format off */
static const struct option_row account_rows[] = {
    { "nkey", OPT_CUSTOM, AT(nkey), RELOAD_YES, .help = "public account key", .read = nkey_read },
    { "users", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "users of the account", .read = users_read, .block = &user_block },
    { "default_permissions", OPT_CUSTOM, AT(default_permissions), RELOAD_YES,
      .help = "of users without permissions",
      .read = load_permissions_field, .block = &permissions_block },
    { "imports", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "what other accounts export", .read = load_imports, .block = &import_block },
    { "exports", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "what other accounts may import", .read = load_exports, .block = &export_block },
    { "jetstream", OPT_CUSTOM, AT(jetstream), RELOAD_YES,
      .help = "streams: a bool, enabled, disabled, or limits",
      .read = load_account_jetstream, .block = &account_js_block },
    { "mappings maps", OPT_CUSTOM, AT(mappings), RELOAD_YES,
      .help = "subject mappings", .read = load_mappings },
    { "limits", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "limits of the account", .read = limits_read,
      .block = &limit_block },
    { "msg_trace trace_dest", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "where traces of messages go", .read = trace_read,
      .block = &trace_block },
};
#undef AT
/* clang-format on */
const struct option_block account_block = { OPT_BLOCK("accounts", account_rows) };

static struct account_options *account_add(struct loader *l, const char *name,
                                           struct option_pos pos)
{
    struct options *o = l->options;
    void *items = o->accounts;
    struct account_options *a = arena_push(l->arena, &items, &o->accounts_count, sizeof(*a));
    o->accounts = items;
    *a = (struct account_options){
        .name = name,
        .pos = pos,
        .connections_max = -1,
        .subscriptions_max = -1,
        .payload_max = -1,
        .leafs_max = -1,
    };
    return a;
}

static bool is_reserved(struct loader *l, const char *name, struct option_pos pos)
{
    if (strcmp(name, "$G") != 0) return false;
    load_error(l, pos, "\"$G\" is a Reserved Account");
    return true;
}

static void names_read(struct loader *l, const struct value *v)
{
    AUTO_FREE(map) seen = map_new(0);
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        const char *name;
        if (!load_text(l, item, &name) || is_reserved(l, name, item->pos)) continue;
        if (map_set(seen, item->text, v->array.items[i]) != NULL)
            load_error(l, item->pos, "Duplicate Account Entry: %s", name);
        else (void)account_add(l, name, item->pos);
    }
}

static void account_read(struct loader *l, const struct value_member *m)
{
    const char *name = (const char *)m->key.ptr;
    if (is_reserved(l, name, m->value->pos)) return;
    if (m->value->is_used) return;      /* a variable that some account refers to */
    if (m->value->kind != VALUE_MAP) {
        load_error(l, m->value->pos, "Expected map entries for accounts");
        return;
    }
    struct account_options *a = account_add(l, name, m->value->pos);
    (void)load_block(l, &account_block, m->value, a);
    load_default_permissions(a->default_permissions, &a->users);
    load_default_permissions(a->default_permissions, &a->nkeys);
    for (uint32_t i = 0; i < a->users.count; i++) a->users.items[i].account = name;
    for (uint32_t i = 0; i < a->nkeys.count; i++) a->nkeys.items[i].account = name;
}

/* A name may stand once in all accounts together. */
static void duplicates_check(struct loader *l)
{
    AUTO_FREE(map) seen = map_new(0);
    const struct options *o = l->options;
    const struct authorization_options *global = &o->authorization;
    for (uint32_t i = 0; i < global->users.count; i++)
        (void)map_set(seen, slice_str(global->users.items[i].name), l);
    for (uint32_t i = 0; i < global->nkeys.count; i++)
        (void)map_set(seen, slice_str(global->nkeys.items[i].nkey), l);
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        const struct account_options *a = &o->accounts[i];
        for (uint32_t k = 0; k < a->users.count + a->nkeys.count; k++) {
            bool is_nkey = k >= a->users.count;
            const struct user_options *u = is_nkey ? &a->nkeys.items[k - a->users.count]
                                                   : &a->users.items[k];
            const char *name = is_nkey ? u->nkey : u->name;
            if (map_set(seen, slice_str(name), l) != NULL)
                load_error(l, a->users.pos, "Duplicate %s %s detected", is_nkey ? "nkey" : "user",
                           load_quote(l, name));
        }
    }
}

static void single_check(struct loader *l)
{
    const struct options *o = l->options;
    const struct authorization_options *a = &o->authorization;
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        if (o->accounts[i].users.count + o->accounts[i].nkeys.count == 0) continue;
        struct option_pos pos = o->accounts[i].users.pos;
        if (a->user != NULL && a->user[0] != '\0')
            load_error(l, pos, "Can not have a single user/pass and accounts");
        else if (a->token != NULL && a->token[0] != '\0')
            load_error(l, pos, "Can not have a token and accounts");
        else continue;
        return;
    }
}

void load_accounts(struct loader *l, const struct field *f)
{
    l->options->accounts_present = true;
    uint32_t errors = l->report->errors.count;
    if (f->value->kind == VALUE_ARRAY) names_read(l, f->value);
    if (f->value->kind == VALUE_MAP)
        for (uint32_t i = 0; i < f->value->map.count; i++) account_read(l, &f->value->map.items[i]);
    duplicates_check(l);
    single_check(l);
    if (l->report->errors.count == errors) load_accounts_check(l, f->value->pos);
}
