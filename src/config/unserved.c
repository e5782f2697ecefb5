/* SPDX-License-Identifier: Apache-2.0 */
#include "config/unserved.h"

#include <string.h>

typedef bool (*used_check)(const struct options *, struct option_pos *ret_pos);

static bool found(struct option_pos *ret_pos, struct option_pos pos)
{
    *ret_pos = pos;
    return true;
}

/* --- who may enter --- */

static bool operator_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->trust.operators.count > 0 && found(ret_pos, o->trust.operators_pos);
}

static bool trusted_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->trust.trusted_keys.count > 0 && found(ret_pos, o->trust.trusted_keys_pos);
}

static bool resolver_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->resolver.kind != RESOLVER_NONE && found(ret_pos, o->resolver.pos);
}

static bool preload_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->resolver.preload.count > 0 && found(ret_pos, (struct option_pos){ 0 });
}

static bool pinned_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->resolver.pinned_accounts.count > 0 && found(ret_pos, (struct option_pos){ 0 });
}

static bool sentinel_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->trust.default_sentinel != NULL && o->trust.default_sentinel[0] != '\0' &&
           found(ret_pos, (struct option_pos){ 0 });
}

static bool callout_used(const struct options *o, struct option_pos *ret_pos)
{
    const struct auth_callout_options *c = &o->authorization.auth_callout;
    return c->present && found(ret_pos, c->pos);
}

static bool proxies_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->proxies.trusted.count > 0 && found(ret_pos, o->proxies.pos);
}

static bool list_demands_proxy(const struct user_list *users, struct option_pos *ret_pos)
{
    for (uint32_t i = 0; i < users->count; i++)
        if (users->items[i].proxy_required) return found(ret_pos, users->items[i].pos);
    return false;
}

static bool proxy_required_used(const struct options *o, struct option_pos *ret_pos)
{
    const struct authorization_options *blocks[] = { &o->authorization,
                                                     &o->leafnodes.authorization };
    for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) {
        if (blocks[i]->proxy_required) return found(ret_pos, blocks[i]->pos);
        if (list_demands_proxy(&blocks[i]->users, ret_pos)) return true;
        if (list_demands_proxy(&blocks[i]->nkeys, ret_pos)) return true;
    }
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        if (list_demands_proxy(&o->accounts[i].users, ret_pos)) return true;
        if (list_demands_proxy(&o->accounts[i].nkeys, ret_pos)) return true;
    }
    return false;
}

static bool ocsp_peer_used(const struct options *o, struct option_pos *ret_pos)
{
    const struct tls_options *blocks[] = { &o->tls,         &o->websocket.tls, &o->mqtt.tls,
                                           &o->cluster.tls, &o->gateway.tls,   &o->leafnodes.tls };
    for (size_t i = 0; i < ARRAY_COUNT(blocks); i++)
        if (blocks[i]->ocsp_peer.verify) return found(ret_pos, blocks[i]->pos);
    for (uint32_t i = 0; i < o->leafnodes.remotes_count; i++)
        if (o->leafnodes.remotes[i].tls.ocsp_peer.verify)
            return found(ret_pos, o->leafnodes.remotes[i].tls.pos);
    return false;
}

static bool ocsp_strict_used(const struct options *o, struct option_pos *ret_pos)
{
    bool strict = o->ocsp.mode == OCSP_ALWAYS || o->ocsp.mode == OCSP_MUST;
    return strict && found(ret_pos, o->ocsp.pos);
}

/* --- the rest --- */

static bool ocsp_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->ocsp.mode == OCSP_AUTO && found(ret_pos, o->ocsp.pos);
}

static bool ocsp_cache_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->ocsp.cache == OCSP_CACHE_LOCAL && found(ret_pos, o->ocsp.cache_pos);
}

static bool imports_used(const struct options *o, struct option_pos *ret_pos)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].imports_count > 0) return found(ret_pos, o->accounts[i].imports[0].pos);
    return false;
}

static bool exports_used(const struct options *o, struct option_pos *ret_pos)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].exports_count > 0) return found(ret_pos, o->accounts[i].exports[0].pos);
    return false;
}

static bool mappings_used(const struct options *o, struct option_pos *ret_pos)
{
    if (o->mappings.count > 0) return found(ret_pos, o->mappings.items[0].pos);
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].mappings.count > 0)
            return found(ret_pos, o->accounts[i].mappings.items[0].pos);
    return false;
}

static bool trace_used(const struct options *o, struct option_pos *ret_pos)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].trace_dest != NULL) return found(ret_pos, o->accounts[i].trace_pos);
    return false;
}

/* A server of a cluster shares its streams with the others, or has none. */
static bool jetstream_used(const struct options *o, struct option_pos *ret_pos)
{
    bool is_clustered = o->cluster.present || o->cluster.listen.port != 0;
    return o->jetstream.enabled && is_clustered && found(ret_pos, o->jetstream.pos);
}

static bool tpm_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->jetstream.tpm.present && found(ret_pos, o->jetstream.pos);
}

static bool js_domain_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->default_js_domain.count > 0 && found(ret_pos, (struct option_pos){ 0 });
}

static bool feature_flags_used(const struct options *o, struct option_pos *ret_pos)
{
    for (uint32_t i = 0; i < o->feature_flags_count; i++)
        if (strcmp(o->feature_flags[i].name, "js_ack_fc_v2") != 0)
            return found(ret_pos, (struct option_pos){ 0 });
    return false;
}

static bool cluster_used(const struct options *o, struct option_pos *ret_pos)
{
    return (o->cluster.present || o->cluster.listen.port != 0) && found(ret_pos, o->cluster.pos);
}

static bool gateway_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->gateway.present && found(ret_pos, o->gateway.pos);
}

static bool leafnodes_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->leafnodes.present && found(ret_pos, o->leafnodes.pos);
}

static bool mqtt_used(const struct options *o, struct option_pos *ret_pos)
{
    return o->mqtt.present && found(ret_pos, o->mqtt.pos);
}

static bool profiling_used(const struct options *o, struct option_pos *ret_pos)
{
    return (o->prof_port != 0 || o->prof_block_rate != 0) &&
           found(ret_pos, (struct option_pos){ 0 });
}

static const struct {
    const char *key;
    bool        refuses;
    used_check  is_used;
} rows[] = {
    { "operator", true, operator_used },
    { "trusted_keys", true, trusted_used },
    { "resolver", true, resolver_used },
    { "resolver_preload", true, preload_used },
    { "resolver_pinned_accounts", true, pinned_used },
    { "default_sentinel", true, sentinel_used },
    { "auth_callout", true, callout_used },
    { "proxies", true, proxies_used },
    { "proxy_required", true, proxy_required_used },
    { "ocsp_peer", true, ocsp_peer_used },
    { "ocsp", true, ocsp_strict_used },
    { "ocsp", false, ocsp_used },
    { "ocsp_cache", false, ocsp_cache_used },
    { "accounts.imports", false, imports_used },
    { "accounts.exports", false, exports_used },
    { "mappings", false, mappings_used },
    { "msg_trace", false, trace_used },
    { "jetstream", false, jetstream_used },
    { "jetstream.tpm", true, tpm_used },
    { "default_js_domain", false, js_domain_used },
    { "feature_flags", false, feature_flags_used },
    { "cluster", false, cluster_used },
    { "gateway", false, gateway_used },
    { "leafnodes", false, leafnodes_used },
    { "mqtt", false, mqtt_used },
    { "profiling", false, profiling_used },
};

bool unserved_next(const struct options *o, uint32_t *at, struct unserved *ret)
{
    while (*at < ARRAY_COUNT(rows)) {
        uint32_t i = (*at)++;
        struct option_pos pos = { 0 };
        if (!rows[i].is_used(o, &pos)) continue;
        *ret = (struct unserved){ rows[i].key, rows[i].refuses, pos };
        return true;
    }
    return false;
}

const char *unserved_text(const struct unserved *u, struct arena *arena)
{
    const char *what =
        u->refuses
            ? "decides who may connect and is not served yet; the server does not start with it"
            : "is accepted but not served yet";
    if (u->pos.line == 0) return arena_printf(arena, "\"%s\" %s", u->key, what);
    return arena_printf(arena, "%s:%u:%u: \"%s\" %s", u->pos.file, u->pos.line, u->pos.column,
                        u->key, what);
}
