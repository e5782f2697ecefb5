/* SPDX-License-Identifier: Apache-2.0 */
#include "config/validate.h"

#include "base/assert.h"
#include "config/url.h"
#include "json/gotime.h"
#include "subject/subject.h"

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* --- the server as a whole --- */

static enum err lame_duck_check(const struct options *o, struct errmsg *why)
{
    char grace[GOTIME_TEXT_SIZE], duration[GOTIME_TEXT_SIZE];
    if (o->lame_duck_grace_period < o->lame_duck_duration) return ERR_OK;
    return errmsg_set(
        why, ERR_INVALID,
        "lame duck grace period (%s) should be strictly lower than lame duck duration (%s)",
        gotime_duration_text(o->lame_duck_grace_period, grace),
        gotime_duration_text(o->lame_duck_duration, duration));
}

static enum err payload_check(const struct options *o, struct errmsg *why)
{
    if (o->limits.max_payload <= o->limits.max_pending) return ERR_OK;
    return errmsg_set(why, ERR_INVALID,
                      "max_payload (%lld) cannot be higher than max_pending (%lld)",
                      (long long)o->limits.max_payload, (long long)o->limits.max_pending);
}

static enum err name_check(const struct options *o, struct errmsg *why)
{
    if (o->server_name == NULL || strchr(o->server_name, ' ') == NULL) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "server name cannot contain spaces");
}

/* --- operators --- */

static bool has_users(const struct options *o)
{
    if (o->authorization.users.count + o->authorization.nkeys.count > 0) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].users.count + o->accounts[i].nkeys.count > 0) return true;
    return false;
}

static enum err operators_check(const struct options *o, struct errmsg *why)
{
    if (o->trust.operators.count == 0) {
        if (!given(o->trust.default_sentinel)) return ERR_OK;
        return errmsg_set(why, ERR_INVALID, "default sentinel requires operators and accounts");
    }
    const char *reason = NULL;
    if (o->resolver.kind == RESOLVER_NONE)
        reason = "operators require an account resolver to be configured";
    else if (o->accounts_count > 0)
        reason = "operators do not allow Accounts to be configured directly";
    else if (has_users(o)) reason = "operators do not allow users to be configured directly";
    else if (o->authorization.auth_callout.present)
        reason = "operators do not allow authorization callouts to be configured directly";
    else if (o->trust.trusted_keys.count > 0)
        reason = "conflicting options for 'TrustedKeys' and 'TrustedOperators'";
    return reason == NULL ? ERR_OK : errmsg_set(why, ERR_INVALID, "%s", reason);
}

/* --- links --- */

static enum err compression_check(const struct compression_options *c, struct errmsg *why)
{
    if (c->is_unknown || c->mode == COMPRESSION_S2_UNCOMPRESSED)
        return errmsg_set(why, ERR_INVALID, "unsupported compression mode \"%s\"", c->mode_text);
    if (c->mode != COMPRESSION_S2_AUTO || c->rtt_thresholds_count == 0) return ERR_OK;
    nanos last = 0;
    bool some = false;
    for (uint32_t i = 0; i < c->rtt_thresholds_count; i++) {
        nanos t = c->rtt_thresholds[i];
        if (t > 0) some = true;
        if (t > 0 && t < last)
            return errmsg_set(why, ERR_INVALID,
                              "RTT threshold values should be in ascending order");
        if (t > 0) last = t;
    }
    if (some) return ERR_OK;
    return errmsg_set(why, ERR_INVALID,
                      "compression mode \"s2_auto\" requires at least one RTT threshold");
}

static bool account_known(const struct options *o, const char *name)
{
    if (!given(name) || strcmp(name, "$G") == 0 || strcmp(name, "$SYS") == 0) return true;
    return options_account(o, name) != NULL;
}

static bool is_websocket_url(const char *text)
{
    struct url url;
    if (!url_parse(slice_str(text), &url)) return false;
    return slice_equal_nocase(url.scheme, SLICE_LIT("ws")) ||
           slice_equal_nocase(url.scheme, SLICE_LIT("wss"));
}

static enum err remote_check(const struct options *o, const struct leaf_remote_options *r,
                             struct errmsg *why)
{
    if (!account_known(o, r->account))
        return errmsg_set(why, ERR_INVALID,
                          "cannot find local account \"%s\" specified in leafnode remote",
                          r->account);
    uint32_t websockets = 0;
    for (uint32_t i = 0; i < r->urls.count; i++) websockets += is_websocket_url(r->urls.items[i]);
    if (websockets > 0 && websockets < r->urls.count)
        return errmsg_set(
            why, ERR_INVALID,
            "remote leaf node configuration cannot have a mix of websocket and non-websocket urls");
    return compression_check(&r->compression, why);
}

static enum err leafnodes_check(const struct options *o, struct errmsg *why)
{
    const struct leafnode_options *n = &o->leafnodes;
    const struct authorization_options *a = &n->authorization;
    const char *missing = account_known(o, a->account) ? NULL : a->account;
    for (uint32_t i = 0; i < a->users.count; i++)
        if (!account_known(o, a->users.items[i].account)) missing = a->users.items[i].account;
    if (missing != NULL)
        return errmsg_set(why, ERR_INVALID,
                          "cannot find local account \"%s\" specified in leafnode authorization",
                          missing);
    for (uint32_t i = 0; i < n->remotes_count; i++) {
        enum err e = remote_check(o, &n->remotes[i], why);
        if (e) return e;
    }
    enum err e = compression_check(&n->compression, why);
    if (e) return e;
    bool both = n->listen.port != 0 && (given(o->gateway.name) || o->gateway.listen.port != 0);
    if (both && o->system_account == NULL && options_account(o, "$SYS") == NULL)
        return errmsg_set(
            why, ERR_INVALID,
            "leaf nodes and gateways (both being defined) require a system account to also "
            "be configured");
    return ERR_OK;
}

static enum err gateway_check(const struct options *o, struct errmsg *why)
{
    const struct gateway_options *g = &o->gateway;
    if (!given(g->name) && g->listen.port == 0) return ERR_OK;
    if (!given(g->name)) return errmsg_set(why, ERR_INVALID, "gateway has no name");
    if (strchr(g->name, ' ') != NULL)
        return errmsg_set(why, ERR_INVALID, "gateway name cannot contain spaces");
    if (g->listen.port == 0)
        return errmsg_set(why, ERR_INVALID,
                          "gateway \"%s\" has no port specified (select -1 for random port)",
                          g->name);
    for (uint32_t i = 0; i < g->remotes_count; i++) {
        const struct remote_gateway_options *r = &g->remotes[i];
        if (!given(r->name))
            return errmsg_set(why, ERR_INVALID, "gateway in the list %u has no name", i);
        if (r->urls.count == 0)
            return errmsg_set(why, ERR_INVALID, "gateway \"%s\" has no URL", r->name);
    }
    return ERR_OK;
}

static enum err pinned_check(const struct cluster_options *c, struct errmsg *why)
{
    const struct string_list *pinned = &c->pinned_accounts;
    if (pinned->count > 0 && c->pool_size < 0)
        return errmsg_set(why, ERR_INVALID,
                          "pool_size cannot be negative if pinned accounts are specified");
    for (uint32_t i = 0; i < pinned->count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(pinned->items[i], pinned->items[k]) == 0)
                return errmsg_set(why, ERR_INVALID,
                                  "found duplicate account name \"%s\" in pinned accounts list",
                                  pinned->items[i]);
    return ERR_OK;
}

static enum err cluster_check(const struct options *o, struct errmsg *why)
{
    const struct cluster_options *c = &o->cluster;
    if (c->name != NULL && strchr(c->name, ' ') != NULL)
        return errmsg_set(why, ERR_INVALID, "cluster name cannot contain spaces");
    enum err e = compression_check(&c->compression, why);
    if (e) return e;
    e = pinned_check(c, why);
    if (e) return e;
    if (given(c->name) && given(o->gateway.name) && strcmp(c->name, o->gateway.name) != 0)
        return errmsg_set(why, ERR_INVALID,
                          "cluster name conflicts between cluster and gateway definitions");
    return ERR_OK;
}

/* --- users --- */

static enum err no_auth_user_check(const struct options *o, const char *name, struct errmsg *why)
{
    if (!given(name)) return ERR_OK;
    if (o->trust.operators.count > 0)
        return errmsg_set(why, ERR_INVALID, "no_auth_user not compatible with Trusted Operator");
    if (!has_users(o))
        return errmsg_set(why, ERR_INVALID,
                          "no_auth_user: \"%s\" present, but users/nkeys are not defined", name);
    if (options_user_exists(o, name)) return ERR_OK;
    return errmsg_set(
        why, ERR_INVALID,
        "no_auth_user: \"%s\" not present as user or nkey in authorization block or account "
        "configuration",
        name);
}

static enum err auth_check(const struct options *o, struct errmsg *why)
{
    return no_auth_user_check(o, o->no_auth_user, why);
}

static enum err proxies_check(const struct options *o, struct errmsg *why)
{
    for (uint32_t i = 0; i < o->proxies.trusted.count; i++)
        if (!given(o->proxies.trusted.items[i]))
            return errmsg_set(why, ERR_INVALID, "proxy trusted key \"\" is invalid");
    return ERR_OK;
}

/* A listener with its own single user beside users of the whole server. `what` is "websocket" or
 * "mqtt". */
static enum err listener_auth_check(const struct options *o, const struct authorization_options *a,
                                    const char *no_auth_user, const char *what, struct errmsg *why)
{
    enum err e = no_auth_user_check(o, no_auth_user, why);
    if (e || !has_users(o)) return e;
    const char *single = given(a->user) ? "username" : given(a->token) ? "token" : NULL;
    if (single == NULL) return ERR_OK;
    return errmsg_set(why, ERR_INVALID,
                      "%s authentication %s not compatible with presence of users/nkeys", what,
                      single);
}

/* --- mqtt, jetstream, websocket --- */

static enum err mqtt_check(const struct options *o, struct errmsg *why)
{
    const struct mqtt_options *m = &o->mqtt;
    if (m->listen.port == 0) return ERR_OK;
    bool linked = o->cluster.listen.port != 0 || o->gateway.listen.port != 0;
    bool leaf = o->leafnodes.listen.port != 0 || o->leafnodes.remotes_count > 0;
    if (linked && o->server_name == NULL)
        return errmsg_set(why, ERR_INVALID, "mqtt requires server name to be explicitly set");
    if (!linked && !leaf && !o->jetstream.enabled)
        return errmsg_set(why, ERR_INVALID,
                          "mqtt requires JetStream to be enabled if running in standalone mode");
    enum err e = listener_auth_check(o, &m->authorization, m->no_auth_user, "mqtt", why);
    if (e) return e;
    if (m->ack_wait < 0) return errmsg_set(why, ERR_INVALID, "ack wait must be a positive value");
    if (m->js_api_timeout < 0)
        return errmsg_set(why, ERR_INVALID, "JS API timeout must be a positive value");
    return ERR_OK;
}

static enum err domain_check(const struct options *o, struct errmsg *why)
{
    const char *domain = o->jetstream.domain;
    if (!given(domain)) return ERR_OK;
    if (strpbrk(domain, ".*>") != NULL)
        return errmsg_set(why, ERR_INVALID, "invalid domain name: may not contain ., * or >");
    if (subject_valid_strict(slice_str(domain))) return ERR_OK;
    return errmsg_set(why, ERR_INVALID,
                      "invalid domain name: derived \"$JS.%s.API.>\" is not a valid subject",
                      domain);
}

static enum err js_domains_check(const struct options *o, struct errmsg *why)
{
    for (uint32_t i = 0; o->trust.operators.count == 0 && i < o->default_js_domain.count; i++) {
        const struct string_pair *p = &o->default_js_domain.items[i];
        if (options_account(o, p->name) == NULL && strcmp(p->name, "$G") != 0)
            return errmsg_set(
                why, ERR_INVALID,
                "in non operator mode, `default_js_domain` references non existing account \"%s\"",
                p->name);
        if (given(p->value) && !subject_valid_strict(slice_str(p->value)))
            return errmsg_set(
                why, ERR_INVALID,
                "default_js_domain contains account \"%s\" with invalid domain name \"%s\"",
                p->name, p->value);
    }
    return ERR_OK;
}

static enum err jetstream_check(const struct options *o, struct errmsg *why)
{
    enum err e = js_domains_check(o, why);
    if (e || !o->jetstream.enabled) return e;
    e = domain_check(o, why);
    if (e) return e;
    if (o->cluster.listen.port == 0) return ERR_OK;
    if (o->server_name == NULL)
        return errmsg_set(why, ERR_INVALID, "jetstream cluster requires `server_name` to be set");
    if (!given(o->cluster.name))
        return errmsg_set(why, ERR_INVALID, "jetstream cluster requires `cluster.name` to be set");
    return ERR_OK;
}

static enum err headers_check(const struct pair_list *headers, struct errmsg *why)
{
    static const char *const forbidden[] = { "Host", "Content-Length", "Connection", "Upgrade",
                                             "Nats-No-Masking" };
    static const char prefix[] = "Sec-WebSocket-";
    for (uint32_t i = 0; i < headers->count; i++) {
        struct slice name = slice_str(headers->items[i].name);
        for (size_t k = 0; k < ARRAY_COUNT(forbidden); k++)
            if (slice_equal_nocase(name, slice_str(forbidden[k])))
                return errmsg_set(why, ERR_INVALID, "websocket: invalid header \"%s\" not allowed",
                                  headers->items[i].name);
        if (slice_equal_nocase(slice_first(name, sizeof(prefix) - 1), slice_str(prefix)))
            return errmsg_set(
                why, ERR_INVALID,
                "websocket: invalid header \"%s\", \"Sec-WebSocket-\" prefix not allowed",
                headers->items[i].name);
    }
    return ERR_OK;
}

/* What a browser may send as Origin: an absolute URL. */
static enum err origins_check(const struct string_list *origins, struct errmsg *why)
{
    for (uint32_t i = 0; i < origins->count; i++) {
        struct url url;
        bool good = url_parse(slice_str(origins->items[i]), &url) &&
                    (url.scheme.len > 0 || origins->items[i][0] == '/');
        if (!good)
            return errmsg_set(
                why, ERR_INVALID,
                "unable to parse allowed origin: parse \"%s\": invalid URI for request",
                origins->items[i]);
    }
    return ERR_OK;
}

static enum err websocket_check(const struct options *o, struct errmsg *why)
{
    const struct websocket_options *w = &o->websocket;
    if (w->listen.port == 0) return ERR_OK;
    if (!w->tls.present && !w->no_tls)
        return errmsg_set(why, ERR_INVALID, "websocket requires TLS configuration");
    enum err e = origins_check(&w->allowed_origins, why);
    if (e) return e;
    e = listener_auth_check(o, &w->authorization, w->no_auth_user, "websocket", why);
    if (e) return e;
    if (given(w->jwt_cookie) && o->trust.operators.count + o->trust.trusted_keys.count == 0)
        return errmsg_set(why, ERR_INVALID,
                          "trusted operators or trusted keys configuration is required for JWT "
                          "authentication via cookie \"%s\"",
                          w->jwt_cookie);
    return headers_check(&w->headers, why);
}

static enum err system_account_check(const struct options *o, struct errmsg *why)
{
    if (o->no_system_account || !given(o->system_account) || o->trust.operators.count > 0)
        return ERR_OK;
    if (account_known(o, o->system_account)) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "error resolving system account: account missing");
}

static const struct {
    enum err (*check)(const struct options *, struct errmsg *);
} checks[] = {
    { lame_duck_check },      { payload_check }, { name_check },      { operators_check },
    { leafnodes_check },      { auth_check },    { proxies_check },   { gateway_check },
    { cluster_check },        { mqtt_check },    { jetstream_check }, { websocket_check },
    { system_account_check },
};

enum err validate_options(const struct options *o, struct errmsg *why)
{
    assert(o != NULL && why != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        enum err e = checks[i].check(o, why);
        if (e) return e;
    }
    return ERR_OK;
}

/* --- addresses --- */

static enum err address_error(struct errmsg *why, const char *text, const char *reason)
{
    return errmsg_set(why, ERR_INVALID, "address %s: %s", text, reason);
}

enum err validate_host_port(const char *text, int32_t port_default, struct arena *arena,
                            struct listen_options *ret, struct errmsg *why)
{
    struct slice whole = slice_trim(slice_str(text)), host = whole, port = { 0 };
    if (whole.len > 0 && whole.ptr[0] == '[') {
        int64_t end = slice_find_byte(whole, ']');
        if (end < 0) return address_error(why, text, "missing ']' in address");
        host = slice_of(whole.ptr + 1, (size_t)end - 1);
        port = slice_from(whole, (uint32_t)end + 1);
        if (port.len > 0 && port.ptr[0] != ':')
            return address_error(why, text, "missing port in address");
        port = slice_from(port, 1);
    } else {
        struct slice rest = whole;
        if (slice_cut(&rest, ':', &host)) port = rest;
        if (slice_find_byte(port, ':') >= 0)
            return address_error(why, text, "too many colons in address");
    }
    int64_t number = port_default;
    if (port.len > 0 && !slice_to_i64(port, &number))
        return errmsg_set(why, ERR_INVALID, "strconv.Atoi: parsing \"%.*s\": invalid syntax",
                          SLICE_ARGS(port));
    if (number == 0 || number == -1) number = port_default;
    ret->host = arena_str(arena, host);
    ret->port = (int32_t)number;
    return ERR_OK;
}

/* A port is -1 (any free one), 0 (none, or the default) or one that exists. */
static bool port_exists(int32_t port)
{
    return port >= -1 && port <= UINT16_MAX;
}

static enum err validate_ports(const struct options *o, struct errmsg *why)
{
    const struct monitoring_options *m = &o->monitoring;
    const struct {
        int32_t     port;
        const char *said;               /* in front of the reason */
        bool        is_named;           /* the port stands between the two */
    } rows[] = {
        { m->http_port, "Can't start monitoring: can't listen to the monitor port: ", false },
        { m->https_port, "Can't start monitoring: can't listen to the monitor port: ", false },
        { o->websocket.listen.port, "Unable to listen for websocket connections: ", false },
        { o->leafnodes.listen.port, "Error listening on leafnode port: ", true },
        { o->gateway.listen.port, "Error listening on gateway port: ", true },
        { o->cluster.listen.port, "Error listening on router port: ", true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int32_t port = rows[i].port;
        if (port_exists(port)) continue;
        if (!rows[i].is_named)
            return errmsg_set(why, ERR_INVALID, "%slisten tcp: address %d: invalid port",
                              rows[i].said, port);
        return errmsg_set(why, ERR_INVALID, "%s%d - listen tcp: address %d: invalid port",
                          rows[i].said, port, port);
    }
    const struct listen_options *c = &o->client;
    if (port_exists(c->port)) return ERR_OK;
    return errmsg_set(why, ERR_INVALID,
                      "Error listening on port: %s:%d, \"listen tcp: address %d: invalid port\"",
                      c->host == NULL ? "0.0.0.0" : c->host, c->port, c->port);
}

enum err validate_listeners(const struct options *o, struct errmsg *why)
{
    const struct monitoring_options *m = &o->monitoring;
    enum err wrong = validate_ports(o, why);
    if (wrong) return wrong;
    if (m->http_port != 0 && m->https_port != 0)
        return errmsg_set(
            why, ERR_INVALID,
            "Can't start monitoring: can't specify both HTTP (%d) and HTTPs (%d) ports",
            m->http_port, m->https_port);
    if (m->https_port != 0 && o->tls.cert_file == NULL && o->tls.certs_count == 0)
        return errmsg_set(why, ERR_INVALID,
                          "Can't start monitoring: TLS cert and key required for HTTPS");
    const struct {
        const char *advertise;
        const char *name;
        bool        is_bare;
    } rows[] = {
        { o->client.advertise, "Error setting server INFO with ClientAdvertise", false },
        { o->cluster.listen.advertise, "Error setting route INFO with Cluster.Advertise", false },
        { o->gateway.listen.advertise, "Error setting gateway INFO with Gateway.Advertise", false },
        { o->leafnodes.listen.advertise, "Error setting leafnode INFO with LeafNode.Advertise",
          false },
        { o->websocket.listen.advertise, "Unable to get websocket connect URLs", true },
    };
    AUTO_FREE(arena) arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct listen_options unused;
        struct errmsg reason;
        if (!given(rows[i].advertise)) continue;
        enum err e = validate_host_port(rows[i].advertise, 0, arena, &unused, &reason);
        if (e && rows[i].is_bare) return errmsg_set(why, e, "%s: %s", rows[i].name, reason.text);
        if (e)
            return errmsg_set(why, e, "%s value of %s, err=%s", rows[i].name, rows[i].advertise,
                              reason.text);
    }
    return ERR_OK;
}
