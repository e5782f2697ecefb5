/* SPDX-License-Identifier: Apache-2.0 */
#include "server/unserved.h"

#include "base/assert.h"

/* --- refused: who may enter, and what they may do --- */

static bool has_proxy_required(const struct user_list *users)
{
    for (uint32_t i = 0; i < users->count; i++)
        if (users->items[i].proxy_required) return true;
    return false;
}

static bool block_has_proxy_required(const struct authorization_options *a)
{
    return a->proxy_required || has_proxy_required(&a->users) || has_proxy_required(&a->nkeys);
}

static bool proxy_required(const struct options *o)
{
    if (block_has_proxy_required(&o->authorization)) return true;
    if (block_has_proxy_required(&o->leafnodes.authorization)) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        const struct account_options *a = &o->accounts[i];
        if (has_proxy_required(&a->users) || has_proxy_required(&a->nkeys)) return true;
    }
    return false;
}

static bool ocsp_peer(const struct options *o)
{
    const struct tls_options *blocks[] = { &o->tls, &o->websocket.tls, &o->mqtt.tls,
                                           &o->leafnodes.tls, &o->cluster.tls, &o->gateway.tls };
    for (size_t i = 0; i < ARRAY_COUNT(blocks); i++)
        if (blocks[i]->ocsp_peer.present && blocks[i]->ocsp_peer.verify) return true;
    return false;
}

static bool ocsp_strict(const struct options *o)
{
    return o->ocsp.mode == OCSP_MUST || o->ocsp.mode == OCSP_ALWAYS;
}

static bool operators(const struct options *o)
{
    return o->trust.operators.count > 0;
}

static bool trusted_keys(const struct options *o)
{
    return o->trust.trusted_keys.count > 0;
}

static bool default_sentinel(const struct options *o)
{
    return o->trust.default_sentinel != NULL;
}

static bool resolver(const struct options *o)
{
    return o->resolver.kind != RESOLVER_NONE || o->resolver.preload.count > 0 ||
           o->resolver.pinned_accounts.count > 0;
}

static bool auth_callout(const struct options *o)
{
    return o->authorization.auth_callout.present;
}

static bool proxies(const struct options *o)
{
    return o->proxies.trusted.count > 0;
}

static const struct {
    const char *name;
    bool      (*is_set)(const struct options *);
} refused[] = {
    { "operator", operators },
    { "trusted_keys", trusted_keys },
    { "resolver", resolver },
    { "default_sentinel", default_sentinel },
    { "authorization { auth_callout }", auth_callout },
    { "proxies", proxies },
    { "proxy_required", proxy_required },
    { "tls { ocsp_peer }", ocsp_peer },
    { "ocsp (modes must and always)", ocsp_strict },
};

enum err unserved_refuse(const struct options *o, struct errmsg *why)
{
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        if (!refused[i].is_set(o)) continue;
        return errmsg_set(why, ERR_DENIED,
                          "%s is not served by this version of midge; since it decides who may "
                          "enter, the server does not start without it",
                          refused[i].name);
    }
    return ERR_OK;
}

/* --- warned about --- */

static bool imports(const struct options *o)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].imports_count > 0) return true;
    return false;
}

static bool exports(const struct options *o)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].exports_count > 0) return true;
    return false;
}

static bool mappings(const struct options *o)
{
    if (o->mappings.count > 0) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].mappings.count > 0) return true;
    return false;
}

static bool msg_trace(const struct options *o)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].trace_dest != NULL) return true;
    return false;
}

static bool account_jetstream(const struct options *o)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].jetstream.enabled == TRI_TRUE) return true;
    return false;
}

static bool jetstream(const struct options *o)
{
    return o->jetstream.enabled;
}

static bool store_dir(const struct options *o)
{
    return o->jetstream.store_dir != NULL && !o->jetstream.enabled;
}

static bool default_js_domain(const struct options *o)
{
    return o->default_js_domain.count > 0;
}

static bool feature_flags(const struct options *o)
{
    return o->feature_flags_count > 0;
}

static bool cluster(const struct options *o)
{
    return o->cluster.present;
}

static bool gateway(const struct options *o)
{
    return o->gateway.present;
}

static bool leafnodes(const struct options *o)
{
    return o->leafnodes.present;
}

static bool mqtt(const struct options *o)
{
    return o->mqtt.present;
}

static bool ocsp(const struct options *o)
{
    return o->ocsp.mode == OCSP_AUTO || o->ocsp.cache == OCSP_CACHE_LOCAL;
}

static bool profiling(const struct options *o)
{
    return o->prof_port != 0 || o->prof_block_rate != 0;
}

static const struct {
    const char *name;
    bool      (*is_set)(const struct options *);
} warned[] = {
    { "jetstream", jetstream },
    { "store_dir", store_dir },
    { "accounts { jetstream }", account_jetstream },
    { "default_js_domain", default_js_domain },
    { "feature_flags", feature_flags },
    { "accounts { imports }", imports },
    { "accounts { exports }", exports },
    { "mappings", mappings },
    { "accounts { msg_trace }", msg_trace },
    { "cluster", cluster },
    { "gateway", gateway },
    { "leafnodes", leafnodes },
    { "mqtt", mqtt },
    { "ocsp", ocsp },
    { "prof_port", profiling },
};

static_assert(ARRAY_COUNT(warned) <= UNSERVED_MAX, "a list of all rows fits");

uint32_t unserved_list(const struct options *o, const char *ret_names[UNSERVED_MAX])
{
    uint32_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(warned); i++)
        if (warned[i].is_set(o)) ret_names[count++] = warned[i].name;
    return count;
}
