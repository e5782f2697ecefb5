/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/directory.h"

#include "auth/directory_internal.h"
#include "base/alloc.h"
#include "base/assert.h"

static struct directory *directory_free(struct directory *d)
{
    for (uint32_t i = 0; i < d->set_count; i++) permission_set_free(d->sets[i]);
    struct map *maps[] = { d->accounts, d->users, d->nkeys, d->leaf_users, d->leaf_nkeys };
    for (size_t i = 0; i < ARRAY_COUNT(maps); i++) map_free(maps[i]);
    arena_free(d->arena);
    return xfree(d);
}

enum err directory_new(const struct options *options, struct directory_setup setup,
                       struct directory **ret_directory, struct errmsg *why)
{
    struct directory *d = xcalloc(1, sizeof *d);
    atomic_init(&d->refs, 1);
    d->arena = arena_new();
    struct map **maps[] = { &d->accounts, &d->users, &d->nkeys, &d->leaf_users, &d->leaf_nkeys };
    for (size_t i = 0; i < ARRAY_COUNT(maps); i++) *maps[i] = map_new(setup.hash_seed);

    enum err e = directory_build(d, options, setup, why);
    if (e) {
        (void)directory_free(d);
        return e;
    }
    *ret_directory = d;
    return ERR_OK;
}

struct directory *directory_ref(struct directory *d)
{
    uint32_t before = atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return d;
}

struct directory *directory_unref(struct directory *d)
{
    if (d == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1 ? directory_free(d) : NULL;
}

const struct auth_account *directory_account(const struct directory *d, struct slice name)
{
    return map_find(d->accounts, name);
}

uint32_t directory_account_count(const struct directory *d)
{
    return d->account_count;
}

const struct auth_account *directory_account_at(const struct directory *d, uint32_t index)
{
    assert(index < d->account_count);
    return d->account_list[index];
}

const struct auth_account *directory_system_account(const struct directory *d)
{
    return d->system_account;
}

const struct auth_user *directory_user(const struct directory *d, struct slice name)
{
    return map_find(d->users, name);
}

const struct auth_user *directory_nkey(const struct directory *d, struct slice public_key)
{
    return map_find(d->nkeys, public_key);
}

static enum auth_listener listener_of(enum connection_type type)
{
    switch (type) {
    case CONNECTION_STANDARD:
    case CONNECTION_IN_PROCESS: return AUTH_LISTENER_CLIENT;
    case CONNECTION_WEBSOCKET: return AUTH_LISTENER_WEBSOCKET;
    case CONNECTION_MQTT:
    case CONNECTION_MQTT_WS: return AUTH_LISTENER_MQTT;
    case CONNECTION_LEAFNODE:
    case CONNECTION_LEAFNODE_WS: return AUTH_LISTENER_LEAF;
    default: unreachable();
    }
}

const struct auth_rules *directory_rules(const struct directory *d, enum connection_type type)
{
    return &d->rules[listener_of(type)];
}

bool directory_auth_required(const struct directory *d, enum connection_type type)
{
    return directory_rules(d, type)->required;
}

bool directory_info_auth_required(const struct directory *d, enum connection_type type)
{
    const struct auth_rules *rules = directory_rules(d, type);
    bool steps_in = rules->is_client && rules->no_auth_user != NULL &&
                    !rules->no_auth_user->is_hidden;
    return rules->required && (d->is_closed || !steps_in);
}

/* An nkey user never starts without CONNECT, as on nats-server. */
const struct auth_user *directory_no_auth_user(const struct directory *d, enum connection_type type)
{
    const struct auth_user *user = directory_rules(d, type)->no_auth_user;
    return listener_of(type) == AUTH_LISTENER_LEAF || user == NULL || user->is_nkey ? NULL : user;
}

bool directory_nonce_needed(const struct directory *d)
{
    return d->nonce_needed;
}

bool directory_has_plaintext(const struct directory *d)
{
    return d->has_plaintext;
}
