/* SPDX-License-Identifier: Apache-2.0 */
/* authorization { } in its five shapes, and users. */
#include "base/assert.h"
#include "base/map.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "crypto/nkey.h"
#include "json/gotime.h"

/* --- timeout --- */

/* Of the number as written: as a duration it may have overflowed. */
static void timeout_high(struct loader *l, const struct value *v, nanos d)
{
    double seconds = v->kind == VALUE_INTEGER ? (double)v->integer
                     : v->kind == VALUE_FLOAT ? v->number
                                              : (double)d / (double)SECOND;
    if (seconds <= 60) return;
    load_warning(l, v->pos, "timeout",
                 "timeout of %s (%f seconds) is high, consider keeping it under 60 seconds. "
                 "possibly caused by unquoted duration; use '1m' instead of 1m, for example",
                 load_value_text(l, v), seconds);
}

/* Numbers too large wrap around as in nats-server; what has a fraction is held within the type. */
static nanos seconds_of(const struct value *v)
{
    const double most = 9e9;            /* seconds that fit */
    if (v->kind == VALUE_INTEGER) return (nanos)((uint64_t)v->integer * (uint64_t)SECOND);
    assert(v->kind == VALUE_FLOAT);
    double seconds = v->number > most ? most : v->number < -most ? -most : v->number;
    return (nanos)(seconds * (double)SECOND);
}

void load_timeout(struct loader *l, const char *where, const struct field *f, nanos *ret_timeout)
{
    const struct value *v = f->value;
    if (v->kind == VALUE_INTEGER || v->kind == VALUE_FLOAT) *ret_timeout = seconds_of(v);
    else if (v->kind != VALUE_TEXT) load_error(l, v->pos, "%s'timeout' wrong type", where);
    else if (gotime_duration_parse(v->text, ret_timeout) != ERR_OK)
        load_error(l, v->pos, "%s'timeout' %s", where, load_duration_error(l, value_text(v)));
}

static void auth_timeout_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    load_timeout(l, "error parsing authorization config, ", f, &a->timeout);
    timeout_high(l, f->value, a->timeout);
}

static void leaf_timeout_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    load_timeout(l, "error parsing leafnode authorization config, ", f, &a->timeout);
    timeout_high(l, f->value, a->timeout);
}

/* websocket and mqtt: what is no time is passed over in silence, as nats-server does. */
static void quiet_timeout_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    (void)l;
    const struct value *v = f->value;
    if (v->kind == VALUE_INTEGER || v->kind == VALUE_FLOAT) a->timeout = seconds_of(v);
    else if (v->kind == VALUE_TEXT && gotime_duration_parse(v->text, &a->timeout) != ERR_OK)
        a->timeout = 0;
}

/* --- one user --- */

static const struct {
    const char          *name;
    enum connection_type type;
} connection_types[] = {
    { "STANDARD", CONNECTION_STANDARD },
    { "WEBSOCKET", CONNECTION_WEBSOCKET },
    { "LEAFNODE", CONNECTION_LEAFNODE },
    { "LEAFNODE_WS", CONNECTION_LEAFNODE_WS },
    { "MQTT", CONNECTION_MQTT },
    { "MQTT_WS", CONNECTION_MQTT_WS },
    { "IN_PROCESS", CONNECTION_IN_PROCESS },
};

static void upper(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
}

static void connection_types_read(struct loader *l, const struct field *f)
{
    struct user_options *u = f->into;
    struct string_list names;
    struct buf unknown = { 0 };
    if (!load_texts(l, "allowed connection types", f->value, &names)) return;
    for (uint32_t i = 0; i < names.count; i++) {
        char *name = arena_str(l->arena, slice_str(names.items[i]));
        upper(name);
        uint32_t type = 0;
        for (size_t k = 0; k < ARRAY_COUNT(connection_types); k++)
            if (strcmp(connection_types[k].name, name) == 0) type = connection_types[k].type;
        u->connection_types |= type;
        if (type == 0)
            buf_printf(&unknown, "%s%s", unknown.len > 0 ? " " : "", load_quote(l, name));
    }
    if (unknown.len > 0)
        load_error(l, f->value->pos, "invalid connection types [%s]", buf_str(&unknown));
    buf_deinit(&unknown);
}

/* clang-format off */
#define AT(field) OPT_AT(struct user_options, field)
static const struct option_row user_rows[] = {
    { "nkey", OPT_TEXT, AT(nkey), RELOAD_YES,
      .help = "public user key, instead of user and password" },
    { "user username", OPT_TEXT, AT(name), RELOAD_YES, .help = "name" },
    { "pass password", OPT_TEXT, AT(pass), RELOAD_YES, .help = "plain or bcrypt" },
    { "permission permissions authorization", OPT_CUSTOM, AT(permissions), RELOAD_YES,
      .help = "what the user may do",
      .read = load_permissions_field, .block = &permissions_block },
    { "allowed_connection_types connection_types clients", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "STANDARD, WEBSOCKET, LEAFNODE, LEAFNODE_WS, MQTT, MQTT_WS, IN_PROCESS; all",
          .read = connection_types_read },
    { "proxy_required", OPT_BOOL, AT(proxy_required), RELOAD_YES,
      .help = "only through a trusted proxy; false" },
};
#undef AT
/* clang-format on */
const struct option_block user_block = { OPT_BLOCK("users", user_rows) };

static struct option_pos last_pos(const struct value *map)
{
    return map->map.count > 0 ? map->map.items[map->map.count - 1].value->pos : map->pos;
}

static bool user_check(struct loader *l, const struct value *v, const struct user_options *u)
{
    struct option_pos pos = last_pos(v);
    if (u->nkey != NULL && u->nkey[0] != '\0') {
        if (!nkey_is(slice_str(u->nkey), NKEY_USER)) {
            load_error(l, pos, "Not a valid public nkey for a user");
            return false;
        }
        if ((u->name == NULL || u->name[0] == '\0') && (u->pass == NULL || u->pass[0] == '\0'))
            return true;
        load_error(l, pos, "Nkey users do not take usernames or passwords");
        return false;
    }
    if (u->name != NULL && u->name[0] != '\0') return true;
    load_error(l, pos, "User entry requires a user");
    return false;
}

static void user_add(struct loader *l, struct user_list *list, const struct user_options *u)
{
    void *items = list->items;
    struct user_options *at = arena_push(l->arena, &items, &list->count, sizeof(*at));
    list->items = items;
    *at = *u;
}

bool load_users(struct loader *l, const struct value *v, struct user_list *users,
                struct user_list *nkeys)
{
    users->present = true;
    users->pos = nkeys->pos = v->pos;
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        if (item->kind != VALUE_MAP) {
            load_error(l, item->pos, "Expected user entry to be a map/struct, got %s",
                       load_value_text(l, item));
            continue;
        }
        struct user_options u = { .pos = item->pos };
        uint32_t type_errors = l->type_errors;
        (void)load_block(l, &user_block, item, &u);
        if (l->type_errors > type_errors) return false;
        if (user_check(l, item, &u))
            user_add(l, u.nkey != NULL && u.nkey[0] != '\0' ? nkeys : users, &u);
    }
    return true;
}

/* --- auth_callout --- */

static void callout_issuer_read(struct loader *l, const struct field *f)
{
    struct auth_callout_options *c = f->into;
    const char *key;
    if (!load_text(l, f->value, &key)) return;
    c->issuer = key;
    if (!nkey_is(slice_str(key), NKEY_ACCOUNT))
        load_error(l, f->value->pos,
                   "Expected callout user to be a valid public account nkey, got %s",
                   load_quote(l, key));
}

static void callout_xkey_read(struct loader *l, const struct field *f)
{
    struct auth_callout_options *c = f->into;
    const char *key;
    if (!load_text(l, f->value, &key)) return;
    c->xkey = key;
    if (!nkey_is(slice_str(key), NKEY_CURVE))
        load_error(l, f->value->pos, "Expected callout xkey to be a valid public xkey, got %s",
                   load_quote(l, key));
}

static void callout_list_read(struct loader *l, const struct field *f)
{
    struct string_list *list = (void *)((char *)f->into + f->row->offset);
    if (f->value->kind != VALUE_ARRAY) {
        load_error(l, f->value->pos, "Expected %s field to be an array, got *conf.token",
                   f->row->what);
        return;
    }
    *list = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const char *text;
        if (!load_text(l, f->value->array.items[i], &text)) continue;
        void *items = list->items;
        const char **item = arena_push(l->arena, &items, &list->count, sizeof(*item));
        list->items = items;
        *item = text;
    }
}

/* clang-format off */
#define AT(field) OPT_AT(struct auth_callout_options, field)
static const struct option_row callout_rows[] = {
    { "issuer", OPT_CUSTOM, AT(issuer), RELOAD_NO,
      .help = "account key that signs the answers", .read = callout_issuer_read },
    { "account acc", OPT_TEXT, AT(account), RELOAD_NO, .help = "account of the service; $G" },
    { "auth_users users", OPT_CUSTOM, AT(auth_users), RELOAD_NO,
      .help = "users that are not asked about",
      .read = callout_list_read, .what = "auth_users" },
    { "xkey key", OPT_CUSTOM, AT(xkey), RELOAD_NO,
      .help = "public curve key of the service", .read = callout_xkey_read },
    { "allowed_accounts", OPT_CUSTOM, AT(allowed_accounts), RELOAD_NO,
      .help = "accounts that answers may name",
      .read = callout_list_read, .what = "allowed accounts" },
};
#undef AT
/* clang-format on */
static const struct option_block callout_block = {
    OPT_BLOCK("auth_callout", callout_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing authorization callout",
};

static uint32_t unknown_count(const struct value *map)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->map.count; i++) {
        const struct value_member *m = &map->map.items[i];
        if (load_row_find(&callout_block, m->key) == NULL && !m->value->is_used) count++;
    }
    return count;
}

static void callout_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "Expected authorization callout to be a map/struct, got %s",
                   load_value_text(l, v));
        return;
    }
    struct auth_callout_options *c = &a->auth_callout;
    *c = (struct auth_callout_options){ .present = true, .pos = v->pos, .account = "$G" };
    uint32_t errors = l->report->errors.count;
    (void)load_block(l, &callout_block, v, c);
    struct option_pos pos = v->map.count > 0 ? last_pos(v) : v->pos;
    if (l->report->errors.count > errors + unknown_count(v)) c->present = false;
    else if (c->issuer == NULL)
        load_error(l, pos, "Authorization callouts require an issuer to be specified");
    else if (c->auth_users.count == 0)
        load_error(l, pos, "Authorization callouts require authorized users to be specified");
    c->present = l->report->errors.count == errors;
}

/* --- the blocks --- */

static void users_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    if (f->value->kind != VALUE_ARRAY) {
        load_error(l, f->value->pos, "Expected users field to be an array, got %s",
                   load_value_text(l, f->value));
        return;
    }
    (void)load_users(l, f->value, &a->users, &a->nkeys);
}

/* clang-format off */
#define AT(field) OPT_AT(struct authorization_options, field)
static const struct option_row authorization_rows[] = {
    { "user username", OPT_TEXT, AT(user), RELOAD_YES, .help = "name of the single user" },
    { "pass password", OPT_TEXT, AT(pass), RELOAD_YES, .help = "its password, plain or bcrypt" },
    { "token", OPT_TEXT, AT(token), RELOAD_YES,
      .help = "token instead of a user, plain or bcrypt" },
    { "timeout", OPT_CUSTOM, AT(timeout), RELOAD_YES,
      .help = "time to show credentials, seconds or a duration; 2s",
      .read = auth_timeout_read },
    { "users", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "several users", .read = users_read, .block = &user_block },
    { "default_permission default_permissions permissions", OPT_CUSTOM, AT(default_permissions),
      RELOAD_YES,
      .help = "of listed users without permissions", .read = load_permissions_field,
          .block = &permissions_block },
    { "auth_callout auth_hook", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "a service decides", .read = callout_read,
      .block = &callout_block, .go_name = "AuthCallout" },
    { "proxy_required", OPT_BOOL, AT(proxy_required), RELOAD_NO,
      .help = "only through a trusted proxy; false", .go_name = "ProxyRequired" },
};
static const struct option_row leaf_user_rows[] = {
    { "user username", OPT_TEXT, OPT_AT(struct user_options, name), RELOAD_YES, .help = "name" },
    { "pass password", OPT_TEXT, OPT_AT(struct user_options, pass), RELOAD_YES,
      .help = "plain or bcrypt" },
    { "account", OPT_TEXT, OPT_AT(struct user_options, account), RELOAD_YES,
      .help = "account; $G" },
    { "proxy_required", OPT_BOOL, OPT_AT(struct user_options, proxy_required), RELOAD_YES,
      .help = "through a proxy; false" },
};
static const struct option_row simple_rows[] = {
    { "user username", OPT_TEXT, AT(user), RELOAD_NO, .help = "name of the single user" },
    { "pass password", OPT_TEXT, AT(pass), RELOAD_NO, .help = "its password, plain or bcrypt" },
    { "token", OPT_TEXT, AT(token), RELOAD_NO, .help = "token instead of a user" },
    { "timeout", OPT_CUSTOM, AT(timeout), RELOAD_NO,
      .help = "time to show credentials; 2s", .read = quiet_timeout_read },
};
/* clang-format on */
const struct option_block authorization_block = { OPT_BLOCK("authorization", authorization_rows) };
static const struct option_block leaf_user_block = { OPT_BLOCK("users", leaf_user_rows) };
static const struct option_block simple_block = { OPT_BLOCK("authorization", simple_rows) };

/* A map of the table; false after an error that makes the rest meaningless. */
static bool block_read(struct loader *l, const struct field *f, const struct option_block *block,
                       struct authorization_options *a)
{
    if (!load_map(l, f->value)) return false;
    *a = (struct authorization_options){ .present = true, .pos = f->value->pos };
    uint32_t type_errors = l->type_errors;
    (void)load_block(l, block, f->value, a);
    return l->type_errors == type_errors;
}

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void names_add(struct map *seen, const struct user_list *users, bool are_nkeys)
{
    for (uint32_t i = 0; i < users->count; i++) {
        const char *name = are_nkeys ? users->items[i].nkey : users->items[i].name;
        (void)map_set(seen, slice_str(name), &users->items[i]);
    }
}

/* Among themselves, and against the users of accounts that were read before. */
static void duplicates_check(struct loader *l, struct option_pos pos, const struct user_list *users,
                             bool are_nkeys)
{
    AUTO_FREE(map) seen = map_new(0);
    for (uint32_t i = 0; i < l->options->accounts_count; i++) {
        const struct account_options *a = &l->options->accounts[i];
        names_add(seen, are_nkeys ? &a->nkeys : &a->users, are_nkeys);
    }
    for (uint32_t i = 0; i < users->count; i++) {
        const char *name = are_nkeys ? users->items[i].nkey : users->items[i].name;
        if (map_set(seen, slice_str(name), &users->items[i]) == NULL) continue;
        load_error(l, pos, "Duplicate %s %s detected", are_nkeys ? "nkey" : "user",
                   load_quote(l, name));
        return;
    }
}

static bool some_account_has_users(const struct options *o)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].users.count + o->accounts[i].nkeys.count > 0) return true;
    return false;
}

static void single_check(struct loader *l, const struct field *f,
                         const struct authorization_options *a)
{
    bool single = given(a->user) || given(a->pass);
    bool many = a->users.present || some_account_has_users(l->options);
    if (single && given(a->token))
        load_error(l, f->value->pos, "Cannot have a user/pass and token");
    else if (single && many)
        load_error(l, f->value->pos, "Can not have a single user/pass and a users array");
    else if (given(a->token) && many)
        load_error(l, f->value->pos, "Can not have a token and a users array");
}

void load_authorization(struct loader *l, const struct field *f)
{
    struct authorization_options *a = (void *)((char *)f->into + f->row->offset);
    if (!block_read(l, f, &authorization_block, a)) return;
    single_check(l, f, a);
    duplicates_check(l, f->value->pos, &a->users, false);
    duplicates_check(l, f->value->pos, &a->nkeys, true);
    load_default_permissions(a->default_permissions, &a->users);
    load_default_permissions(a->default_permissions, &a->nkeys);
}

void load_link_authorization(struct loader *l, const struct field *f)
{
    struct authorization_options *a = (void *)((char *)f->into + f->row->offset);
    bool cluster = strcmp(f->row->what, "Cluster") == 0;
    if (!block_read(l, f, &authorization_block, a)) return;
    if (a->users.present)
        load_error(l, f->value->pos, "%s authorization does not allow multiple users",
                   f->row->what);
    else if (given(a->token))
        load_error(l, f->value->pos, "%s authorization does not support tokens", f->row->what);
    else if (a->auth_callout.present)
        load_error(l, f->value->pos, "%s authorization does not support callouts", f->row->what);
    if (cluster && a->default_permissions != NULL)
        load_warning(l, f->value->pos, "authorization",
                     "setting \"permissions\" within cluster authorization block is deprecated");
}

static void leaf_nkey_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    const char *key;
    if (!load_text(l, f->value, &key)) return;
    if (nkey_is(slice_str(key), NKEY_USER)) a->nkey = key;
    else load_error(l, f->value->pos, "Not a valid public nkey for leafnode authorization");
}

static void leaf_users_read(struct loader *l, const struct field *f)
{
    struct authorization_options *a = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, "Expected users field to be an array, got %s", load_value_text(l, v));
        return;
    }
    a->users.present = true;
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        if (item->kind != VALUE_MAP) {
            load_error(l, item->pos, "Expected user entry to be a map/struct, got %s",
                       load_value_text(l, item));
            continue;
        }
        struct user_options u = { .pos = item->pos, .name = "" };
        (void)load_block(l, &leaf_user_block, item, &u);
        user_add(l, &a->users, &u);
    }
}

/* clang-format off */
static const struct option_row leaf_rows[] = {
    { "user username", OPT_TEXT, AT(user), RELOAD_NO, .help = "name of the single user" },
    { "pass password", OPT_TEXT, AT(pass), RELOAD_NO, .help = "its password, plain or bcrypt" },
    { "nkey", OPT_CUSTOM, AT(nkey), RELOAD_NO,
      .help = "public user key instead", .read = leaf_nkey_read },
    { "timeout", OPT_CUSTOM, AT(timeout), RELOAD_NO,
      .help = "time to show credentials; 2s", .read = leaf_timeout_read },
    { "users", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "several users", .read = leaf_users_read, .block = &leaf_user_block },
    { "account", OPT_TEXT, AT(account), RELOAD_NO, .help = "account of the single user; $G" },
    { "proxy_required", OPT_BOOL, AT(proxy_required), RELOAD_NO,
      .help = "only through a trusted proxy; false" },
};
#undef AT
/* clang-format on */
static const struct option_block leaf_block = { OPT_BLOCK("authorization", leaf_rows) };

void load_leaf_authorization(struct loader *l, const struct field *f)
{
    struct authorization_options *a = (void *)((char *)f->into + f->row->offset);
    if (!block_read(l, f, &leaf_block, a)) return;
    if (a->users.present && given(a->user)) {
        load_error(l, f->value->pos, "can not have a single user/pass and a users array");
        return;
    }
    if (a->users.present && given(a->nkey)) {
        load_error(l, f->value->pos, "can not have a single nkey and a users array");
        return;
    }
    for (uint32_t i = 0; i < a->users.count; i++)
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(a->users.items[i].name, a->users.items[k].name) != 0) continue;
            load_error(l, f->value->pos, "duplicate user %s detected in leafnode authorization",
                       load_quote(l, a->users.items[i].name));
            return;
        }
}

void load_simple_authorization(struct loader *l, const struct field *f)
{
    struct authorization_options *a = (void *)((char *)f->into + f->row->offset);
    (void)block_read(l, f, &simple_block, a);
}
