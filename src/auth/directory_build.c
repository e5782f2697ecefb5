/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a directory: accounts first, then users, then what each listener makes of
 * them. */
#include <stdio.h>

#include "auth/directory_internal.h"
#include "crypto/password.h"

/* What one build needs besides the directory. */
struct build {
    struct directory     *d;
    const struct options *options;
    uint64_t              hash_seed;
    struct map           *set_of;       /* a configured set's address to its compiled one */
    struct errmsg        *why;
};

/* --- accounts --- */

static int64_t least(int64_t a, int64_t b)
{
    if (a < 0) return b;
    return b < 0 || a < b ? a : b;
}

static struct auth_limits server_limits(const struct options *o)
{
    return (struct auth_limits){
        .connections_max = -1,
        .leafs_max = -1,
        .subscriptions_max = o->limits.max_subscriptions > 0 ? o->limits.max_subscriptions : -1,
        .payload_max = o->limits.max_payload,
    };
}

static struct auth_account *account_add(struct build *b, const char *name)
{
    struct directory *d = b->d;
    struct auth_account *account = arena_alloc(d->arena, sizeof *account);
    account->name = arena_str(d->arena, slice_str(name));
    account->limits = server_limits(b->options);
    (void)map_set(d->accounts, slice_str(name), account);
    struct auth_account **place = arena_push(d->arena, (void **)&d->account_list, &d->account_count,
                                             sizeof *d->account_list);
    *place = account;
    return account;
}

static void account_add_configured(struct build *b, const struct account_options *o)
{
    struct auth_account *account = map_find(b->d->accounts, slice_str(o->name));
    if (account == NULL) account = account_add(b, o->name);
    if (o->nkey != NULL) account->nkey = arena_str(b->d->arena, slice_str(o->nkey));
    struct auth_limits *l = &account->limits;
    l->connections_max = o->connections_max;
    l->leafs_max = o->leafs_max;
    l->subscriptions_max = least(l->subscriptions_max, o->subscriptions_max);
    l->payload_max = least(l->payload_max, o->payload_max);
}

/* Someone wrote a system account: by name, or as `$SYS` among the accounts. */
static bool system_account_written(const struct options *o)
{
    return o->system_account != NULL || options_account(o, SYSTEM_ACCOUNT) != NULL;
}

static enum err accounts_build(struct build *b)
{
    const struct options *o = b->options;
    (void)account_add(b, GLOBAL_ACCOUNT);
    for (uint32_t i = 0; i < o->accounts_count; i++) account_add_configured(b, &o->accounts[i]);
    if (!system_account_written(o)) {
        if (!o->no_system_account) b->d->system_account = account_add(b, SYSTEM_ACCOUNT);
        return ERR_OK;
    }
    const char *name = o->system_account != NULL ? o->system_account : SYSTEM_ACCOUNT;
    b->d->system_account = map_find(b->d->accounts, slice_str(name));
    if (b->d->system_account != NULL) return ERR_OK;
    return errmsg_set(b->why, ERR_INVALID, "error resolving system account: account missing");
}

/* --- users --- */

/* Users with the same configured set, a default for example, share the compiled one. */
static const struct permission_set *set_for(struct build *b, const struct permissions *config)
{
    if (config == NULL) return NULL;
    struct slice key = slice_of(&config, sizeof config);
    struct permission_set *set = map_find(b->set_of, key);
    if (set != NULL) return set;
    set = permission_set_new(config, b->hash_seed);
    (void)map_set(b->set_of, key, set);
    struct permission_set **place = arena_push(b->d->arena, (void **)&b->d->sets, &b->d->set_count,
                                               sizeof *b->d->sets);
    *place = set;
    return set;
}

static struct auth_user *user_new(struct build *b, const char *name, const char *pass,
                                  const struct auth_account *account)
{
    struct auth_user *user = arena_alloc(b->d->arena, sizeof *user);
    user->name = arena_str(b->d->arena, slice_str(name));
    user->pass = arena_str(b->d->arena, slice_str(pass));
    user->pass_is_bcrypt = password_is_bcrypt(slice_str(user->pass));
    user->account = account;
    if (user->pass[0] != 0 && !user->pass_is_bcrypt) b->d->has_plaintext = true;
    return user;
}

static void user_add(struct build *b, const struct user_options *o,
                     const struct auth_account *account)
{
    struct directory *d = b->d;
    bool is_nkey = o->nkey != NULL;
    struct auth_user *user = user_new(b, is_nkey ? o->nkey : o->name, is_nkey ? NULL : o->pass,
                                      account);
    user->is_nkey = is_nkey;
    user->proxy_required = o->proxy_required;
    user->connection_types = o->connection_types;
    user->permissions = set_for(b, o->permissions);
    (void)map_set(is_nkey ? d->nkeys : d->users, slice_str(user->name), user);
}

static void users_add(struct build *b, const struct user_list *list,
                      const struct auth_account *account)
{
    for (uint32_t i = 0; i < list->count; i++) user_add(b, &list->items[i], account);
}

static const struct auth_account *global_account(const struct build *b)
{
    return map_find(b->d->accounts, slice_str(GLOBAL_ACCOUNT));
}

static bool block_has_single(const struct authorization_options *a)
{
    return a->user != NULL || a->token != NULL;
}

/* Advisory 2023-01: a system account alone must neither close the server to those who need no
 * user, nor open one that an authorization block was meant to close. */
static bool hidden_user_wanted(const struct build *b)
{
    const struct options *o = b->options;
    if (!system_account_written(o) || o->no_auth_user != NULL) return false;
    if (o->authorization.present || block_has_single(&o->authorization)) return false;
    return b->d->account_count == 2;
}

static void hidden_user_add(struct build *b, const char *suffix)
{
    char name[64];
    (void)snprintf(name, sizeof name, "nats-%s", suffix);
    struct auth_user *user = user_new(b, name, NULL, global_account(b));
    user->is_hidden = true;
    (void)map_set(b->d->users, slice_str(user->name), user);
    b->d->rules[AUTH_LISTENER_CLIENT].no_auth_user = user;
}

static void users_build(struct build *b, const char *hidden_suffix)
{
    const struct options *o = b->options;
    users_add(b, &o->authorization.users, global_account(b));
    users_add(b, &o->authorization.nkeys, global_account(b));
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        const struct auth_account *account = map_find(b->d->accounts,
                                                      slice_str(o->accounts[i].name));
        users_add(b, &o->accounts[i].users, account);
        users_add(b, &o->accounts[i].nkeys, account);
    }
    if (hidden_user_wanted(b)) hidden_user_add(b, hidden_suffix);
}

/* The one user or the token of a block; a token counts first. */
static const struct auth_user *single_user(struct build *b, const struct authorization_options *a,
                                           const struct auth_account *account)
{
    if (!block_has_single(a)) return NULL;
    if (a->token == NULL) return user_new(b, a->user, a->pass, account);
    struct auth_user *token = user_new(b, "[REDACTED]", a->token, account);
    token->is_token = true;
    return token;
}

/* --- listeners --- */

static enum err no_auth_user_find(struct build *b, const char *name, const struct auth_user **ret)
{
    *ret = NULL;
    if (name == NULL) return ERR_OK;
    if (map_count(b->d->users) + map_count(b->d->nkeys) == 0)
        return errmsg_set(b->why, ERR_INVALID,
                          "no_auth_user: \"%s\" present, but users/nkeys are not defined", name);
    *ret = map_find(b->d->users, slice_str(name));
    if (*ret == NULL) *ret = map_find(b->d->nkeys, slice_str(name));
    if (*ret != NULL) return ERR_OK;
    return errmsg_set(b->why, ERR_INVALID,
                      "no_auth_user: \"%s\" not present as user or nkey in authorization block or "
                      "account configuration",
                      name);
}

static enum err client_rules_build(struct build *b)
{
    const struct options *o = b->options;
    struct auth_rules *rules = &b->d->rules[AUTH_LISTENER_CLIENT];
    const struct auth_user *hidden = rules->no_auth_user;
    enum err e = no_auth_user_find(b, o->no_auth_user, &rules->no_auth_user);
    if (e) return e;
    if (rules->no_auth_user == NULL) rules->no_auth_user = hidden;
    rules->users = b->d->users;
    rules->nkeys = b->d->nkeys;
    rules->single = single_user(b, &o->authorization, global_account(b));
    rules->open_account = global_account(b);
    rules->is_client = true;
    rules->from_certificate = o->tls.verify_and_map;
    rules->required = b->d->is_closed || rules->single != NULL || b->d->proxy_required ||
                      map_count(rules->users) + map_count(rules->nkeys) > 0;
    return ERR_OK;
}

/* WebSocket and MQTT: the client's rules, unless the block has any of its own. */
static enum err override_build(struct build *b, enum auth_listener listener,
                               const struct authorization_options *a, const char *no_auth_user)
{
    struct auth_rules *rules = &b->d->rules[listener];
    *rules = b->d->rules[AUTH_LISTENER_CLIENT];
    rules->is_client = false;
    if (!block_has_single(a) && no_auth_user == NULL) return ERR_OK;
    rules->single = single_user(b, a, global_account(b));
    rules->required = true;
    return no_auth_user_find(b, no_auth_user, &rules->no_auth_user);
}

static enum err leaf_account_find(struct build *b, const char *name,
                                  const struct auth_account **ret)
{
    *ret = name == NULL ? global_account(b) : map_find(b->d->accounts, slice_str(name));
    if (*ret != NULL) return ERR_OK;
    return errmsg_set(b->why, ERR_INVALID,
                      "cannot find local account \"%s\" specified in leafnode authorization", name);
}

static enum err leaf_users_add(struct build *b, const struct user_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct user_options *o = &list->items[i];
        const struct auth_account *account;
        enum err e = leaf_account_find(b, o->account, &account);
        if (e) return e;
        struct auth_user *user = user_new(b, o->name, o->pass, account);
        user->proxy_required = o->proxy_required;
        (void)map_set(b->d->leaf_users, slice_str(user->name), user);
    }
    return ERR_OK;
}

/* Leafnodes with a block of their own know only the users of that block. */
static enum err leaf_rules_build(struct build *b)
{
    const struct authorization_options *a = &b->options->leafnodes.authorization;
    struct auth_rules *rules = &b->d->rules[AUTH_LISTENER_LEAF];
    *rules = b->d->rules[AUTH_LISTENER_CLIENT];
    rules->is_client = false;
    const struct auth_account *account;
    enum err e = leaf_account_find(b, a->account, &account);
    if (e) return e;
    rules->open_account = account;
    if (!block_has_single(a) && a->nkey == NULL && a->users.count == 0) return ERR_OK;

    rules->users = b->d->leaf_users;
    rules->nkeys = b->d->leaf_nkeys;
    rules->single = single_user(b, a, account);
    rules->no_auth_user = NULL;
    rules->required = true;
    if (a->nkey != NULL) {
        struct auth_user *user = user_new(b, a->nkey, NULL, account);
        user->is_nkey = true;
        (void)map_set(b->d->leaf_nkeys, slice_str(user->name), user);
    }
    return leaf_users_add(b, &a->users);
}

static uint32_t dearest(uint32_t cost, const struct auth_user *user)
{
    uint32_t own = user->pass_is_bcrypt ? password_bcrypt_cost(slice_str(user->pass)) : 0;
    return own > cost ? own : cost;
}

/* Who does not exist must not be answered faster than who does. */
static void dummy_build(struct build *b, struct auth_rules *rules)
{
    uint32_t cost = rules->single == NULL ? 0 : dearest(0, rules->single);
    struct slice name;
    void *user;
    for (uint32_t at = 0; map_next(rules->users, &at, &name, &user);) cost = dearest(cost, user);
    if (cost == 0) return;
    char hash[BCRYPT_SIZE];
    rules->dummy_hash = arena_str(b->d->arena, slice_str(password_bcrypt_dummy(cost, hash)));
}

/* Names are parsed once, so that a certificate is only compared with them. */
static void dn_users_build(struct build *b, struct auth_rules *rules)
{
    if (!rules->from_certificate) return;
    struct slice name;
    void *user;
    struct dn dn;
    for (uint32_t at = 0; map_next(rules->users, &at, &name, &user);) {
        if (dn_parse(name, b->d->arena, &dn) || dn.count == 0) continue;
        struct dn_user *place = arena_push(b->d->arena, (void **)&rules->dn_users,
                                           &rules->dn_users_count, sizeof *rules->dn_users);
        *place = (struct dn_user){ user, dn };
    }
}

static enum err listeners_build(struct build *b)
{
    const struct options *o = b->options;
    struct auth_rules *rules = b->d->rules;
    enum err e = client_rules_build(b);
    if (e) return e;
    e = override_build(b, AUTH_LISTENER_WEBSOCKET, &o->websocket.authorization,
                       o->websocket.no_auth_user);
    if (e) return e;
    e = override_build(b, AUTH_LISTENER_MQTT, &o->mqtt.authorization, o->mqtt.no_auth_user);
    if (e) return e;
    e = leaf_rules_build(b);
    if (e) return e;

    rules[AUTH_LISTENER_WEBSOCKET].from_certificate = o->websocket.tls.verify_and_map;
    rules[AUTH_LISTENER_MQTT].from_certificate = o->mqtt.tls.verify_and_map;
    rules[AUTH_LISTENER_LEAF].from_certificate = o->leafnodes.tls.verify_and_map;
    for (int i = 0; i < AUTH_LISTENER_COUNT; i++) {
        dummy_build(b, &rules[i]);
        dn_users_build(b, &rules[i]);
        if (rules[i].from_certificate) b->d->any_from_certificate = true;
    }
    return ERR_OK;
}

/* --- the rest --- */

static void proxies_build(struct build *b)
{
    const struct string_list *trusted = &b->options->proxies.trusted;
    b->d->proxies = arena_alloc(b->d->arena, trusted->count * sizeof *b->d->proxies);
    for (uint32_t i = 0; i < trusted->count; i++) {
        struct trusted_proxy *proxy = &b->d->proxies[b->d->proxy_count];
        if (!nkey_decode(slice_str(trusted->items[i]), &proxy->key)) continue;
        proxy->text = arena_str(b->d->arena, slice_str(trusted->items[i]));
        b->d->proxy_count++;
    }
}

static bool is_plain(const char *pass)
{
    return pass != NULL && pass[0] != 0 && !password_is_bcrypt(slice_str(pass));
}

static void flags_build(struct build *b)
{
    const struct options *o = b->options;
    struct directory *d = b->d;
    bool operators = o->trust.operators.count + o->trust.trusted_keys.count > 0;
    d->is_closed = operators || o->authorization.auth_callout.present;
    d->proxy_required = o->authorization.proxy_required;
    if (is_plain(o->cluster.authorization.pass) || is_plain(o->gateway.authorization.pass))
        d->has_plaintext = true;
}

enum err directory_build(struct directory *d, const struct options *options,
                         struct directory_setup setup, struct errmsg *why)
{
    AUTO_FREE(map) set_of = map_new(setup.hash_seed);
    struct build b = { d, options, setup.hash_seed, set_of, why };
    flags_build(&b);
    proxies_build(&b);
    enum err e = accounts_build(&b);
    if (e) return e;
    users_build(&b, setup.hidden_suffix);
    e = listeners_build(&b);
    if (e) return e;
    d->nonce_needed = d->is_closed || d->proxy_count > 0 ||
                      map_count(d->nkeys) + map_count(d->leaf_nkeys) > 0;
    return ERR_OK;
}
