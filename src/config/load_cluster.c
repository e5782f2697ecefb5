/* SPDX-License-Identifier: Apache-2.0 */
/* cluster { } and gateway { }. */
#include "config/load_internal.h"
#include "config/url.h"
#include "config/value.h"
#include "subject/subject.h"

/* A name that other servers show; `what` begins the message. */
static void name_read(struct loader *l, const struct field *f, const char *what,
                      const char **ret_name)
{
    const char *name;
    if (!load_text(l, f->value, &name)) return;
    if (strchr(name, ' ') != NULL)
        load_error(l, f->value->pos, "%s name cannot contain spaces", what);
    else *ret_name = name[0] == '\0' ? NULL : name;
}

/* One URL into the list. `what` and `Title` as in "error parsing route url", "Duplicate route
 * entry". */
static void url_add(struct loader *l, const struct value *v, const char *what,
                    struct url_list *urls)
{
    const char *text;
    struct url unused;
    if (!load_text(l, v, &text)) return;
    const char *trimmed = arena_str(l->arena, slice_trim(v->text));
    if (!url_parse(slice_str(trimmed), &unused)) {
        load_error(l, v->pos, "error parsing %s url [%s]", what, load_quote(l, text));
        return;
    }
    for (uint32_t i = 0; i < urls->count; i++) {
        if (strcmp(urls->items[i], trimmed) != 0) continue;
        load_warning(l, v->pos, text, "Duplicate %s entry detected", what);
        return;
    }
    void *items = urls->items;
    const char **item = arena_push(l->arena, &items, &urls->count, sizeof(*item));
    urls->items = items;
    *item = trimmed;
}

void load_urls(struct loader *l, const struct value *v, const char *what, struct url_list *urls)
{
    if (v->kind == VALUE_TEXT) {
        url_add(l, v, what, urls);
        return;
    }
    for (uint32_t i = 0; i < v->array.count; i++) url_add(l, v->array.items[i], what, urls);
}

/* --- cluster --- */

static void cluster_name_read(struct loader *l, const struct field *f)
{
    struct cluster_options *c = f->into;
    name_read(l, f, "cluster", &c->name);
}

static void routes_read(struct loader *l, const struct field *f)
{
    struct cluster_options *c = f->into;
    if (!load_array(l, f->value)) return;
    c->routes = (struct url_list){ 0 };
    load_urls(l, f->value, "route", &c->routes);
}

static bool plain_subjects(const struct subject_rule *rules, uint32_t count, const char **ret_bad,
                           struct loader *l)
{
    for (uint32_t i = 0; i < count; i++) {
        if (rules[i].queue == NULL) continue;
        *ret_bad = arena_printf(l->arena, "%s %s", rules[i].subject, rules[i].queue);
        return false;
    }
    return true;
}

static void cluster_permissions_read(struct loader *l, const struct field *f)
{
    struct cluster_options *c = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error_nowhere(l, "Expected permissions to be a map/struct, got %s",
                           load_value_text(l, f->value));
        return;
    }
    const struct permissions *p = load_permissions(l, f->value);
    const char *bad = "";
    if (p == NULL) return;
    c->permissions = p;
    if (p->responses.present)
        load_error(l, f->value->pos, "Cluster permissions do not support dynamic responses");
    else if (!plain_subjects(p->subscribe.allow, p->subscribe.allow_count, &bad, l))
        load_error(l, f->value->pos, "cluster export allow: subject %s is not a valid subject",
                   load_quote(l, bad));
    else if (!plain_subjects(p->subscribe.deny, p->subscribe.deny_count, &bad, l))
        load_error(l, f->value->pos, "cluster export deny: subject %s is not a valid subject",
                   load_quote(l, bad));
}

static void cluster_ping_read(struct loader *l, const struct field *f)
{
    struct cluster_options *c = f->into;
    static const nanos ping_max = 30 * SECOND;
    if (!load_duration(l, "ping_interval", f->value, &c->ping_interval)) return;
    if (c->ping_interval <= ping_max) return;
    c->ping_interval = ping_max;
    load_plain_warning(l, f->value->pos,
                       "Cluster 'ping_interval' will reset to 30s which is the max for routes");
}

static void link_tls_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = (void *)((char *)f->into + f->row->offset);
    l->in_gateway_or_cluster = true;
    load_tls(l, f);
    l->in_gateway_or_cluster = false;
    if (tls->present) tls->verify = true;       /* both sides show a certificate */
}

/* clang-format off */
#define AT(field) OPT_AT(struct cluster_options, field)
static const struct option_row cluster_rows[] = {
    { "name", OPT_CUSTOM, AT(name), RELOAD_YES,
      .help = "name without spaces; a random one", .read = cluster_name_read, .holds = OPT_TEXT },
    { "listen", OPT_LISTEN, AT(listen), RELOAD_NO,
      .help = "\"host:port\" or port for routes", .go_name = "cluster" },
    { "port", OPT_I32, AT(listen.port), RELOAD_NO,
      .help = "port for routes, -1 for a random one; 0 (off)", .go_name = "cluster port" },
    { "host net", OPT_TEXT, AT(listen.host), RELOAD_NO,
      .help = "address of the listener; 0.0.0.0", .go_name = "cluster host" },
    { "authorization", OPT_CUSTOM, AT(authorization), RELOAD_YES,
      .help = "user and password of routes",
      .read = load_link_authorization, .block = &authorization_block, .what = "Cluster" },
    { "permissions", OPT_CUSTOM, AT(permissions), RELOAD_YES,
      .help = "subjects that routes import and export",
      .read = cluster_permissions_read, .block = &permissions_block },
    { "routes", OPT_CUSTOM, AT(routes), RELOAD_YES,
      .help = "URLs of servers to dial", .read = routes_read },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS of routes, always mutual", .read = link_tls_read, .block = &tls_block },
    { "cluster_advertise advertise", OPT_TEXT, AT(listen.advertise), RELOAD_YES,
      .help = "host[:port] told to servers" },
    { "no_advertise", OPT_BOOL, AT(no_advertise), RELOAD_YES,
      .help = "do not tell clients of other servers; false" },
    { "connect_retries", OPT_I32, AT(connect_retries), RELOAD_YES,
      .help = "attempts at routes that others told of; 0" },
    { "connect_backoff", OPT_BOOL, AT(connect_backoff), RELOAD_YES,
      .help = "wait longer after each failure; false" },
    { "pool_size", OPT_I32, AT(pool_size), RELOAD_YES,
      .help = "routes between two servers, -1 for one; 3" },
    { "accounts", OPT_TEXTS, AT(pinned_accounts), RELOAD_YES,
      .help = "accounts with a route of their own", .what = "accounts" },
    { "compression", OPT_COMPRESSION, AT(compression), RELOAD_YES,
      .help = "mode, bool, or { mode, rtt_thresholds }; accept" },
    { "ping_interval", OPT_CUSTOM, AT(ping_interval), RELOAD_YES,
      .help = "time between PINGs; at most 30s",
      .read = cluster_ping_read, .holds = OPT_DURATION },
    { "ping_max", OPT_I32, AT(ping_max), RELOAD_YES,
      .help = "PINGs without an answer; the global one" },
    { "write_deadline", OPT_DURATION, AT(write_deadline), RELOAD_YES,
      .help = "time that a write may take; the global one" },
    { "write_timeout", OPT_WRITE_TIMEOUT, AT(write_timeout), RELOAD_YES,
      .help = "default, close or retry; retry" },
};
#undef AT
/* clang-format on */
const struct option_block cluster_block = { OPT_BLOCK("cluster", cluster_rows) };

void load_cluster(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected map to define cluster, got %s",
                   value_type_name(f->value));
        return;
    }
    o->cluster.present = true;
    o->cluster.pos = f->value->pos;
    l->bool_compresses_auto = false;
    (void)load_block(l, &cluster_block, f->value, &o->cluster);
    if (o->cluster.permissions == NULL)
        o->cluster.permissions = o->cluster.authorization.default_permissions;
}

/* --- gateway --- */

static void gateway_name_read(struct loader *l, const struct field *f)
{
    struct gateway_options *g = f->into;
    name_read(l, f, "gateway", &g->name);
}

static void remote_url_read(struct loader *l, const struct field *f)
{
    struct remote_gateway_options *r = f->into;
    const char *unused;
    if (load_text(l, f->value, &unused)) load_urls(l, f->value, "gateway", &r->urls);
}

static void remote_urls_read(struct loader *l, const struct field *f)
{
    struct remote_gateway_options *r = f->into;
    if (load_array(l, f->value)) load_urls(l, f->value, "gateway", &r->urls);
}

/* clang-format off */
#define AT(field) OPT_AT(struct remote_gateway_options, field)
static const struct option_row remote_gateway_rows[] = {
    { "name", OPT_TEXT, AT(name), RELOAD_NO, .help = "name of the other cluster" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS towards it", .read = link_tls_read, .block = &tls_block },
    { "url", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO, .help = "one address", .read = remote_url_read },
    { "urls", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO, .help = "several", .read = remote_urls_read },
};
#undef AT
/* clang-format on */
const struct option_block remote_gateway_block = { OPT_BLOCK("gateways", remote_gateway_rows) };

static void gateways_read(struct loader *l, const struct field *f)
{
    struct gateway_options *g = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error_nowhere(l, "Expected gateways field to be an array, got %s", value_type_name(v));
        return;
    }
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        if (item->kind != VALUE_MAP) {
            load_error(l, item->pos, "Expected gateway entry to be a map/struct, got %s",
                       load_value_text(l, item));
            continue;
        }
        void *items = g->remotes;
        struct remote_gateway_options *r = arena_push(l->arena, &items, &g->remotes_count,
                                                      sizeof(*r));
        g->remotes = items;
        r->pos = item->pos;
        (void)load_block(l, &remote_gateway_block, item, r);
    }
}

/* clang-format off */
#define AT(field) OPT_AT(struct gateway_options, field)
static const struct option_row gateway_rows[] = {
    { "name", OPT_CUSTOM, AT(name), RELOAD_NO,
      .help = "name of this cluster", .read = gateway_name_read },
    { "listen", OPT_LISTEN, AT(listen), RELOAD_NO, .help = "\"host:port\" or port for gateways" },
    { "port", OPT_I32, AT(listen.port), RELOAD_NO,
      .help = "port for gateways, -1 for a random one; none" },
    { "host net", OPT_TEXT, AT(listen.host), RELOAD_NO,
      .help = "address of the listener; 0.0.0.0" },
    { "authorization", OPT_CUSTOM, AT(authorization), RELOAD_NO,
      .help = "user and password of gateways",
      .read = load_link_authorization, .block = &authorization_block, .what = "Gateway" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS of gateways, always mutual", .read = link_tls_read,
      .block = &tls_block },
    { "advertise", OPT_TEXT, AT(listen.advertise), RELOAD_NO,
      .help = "host[:port] told to other clusters" },
    { "connect_retries", OPT_I32, AT(connect_retries), RELOAD_NO,
      .help = "attempts at gateways that others told of; 0" },
    { "connect_backoff", OPT_BOOL, AT(connect_backoff), RELOAD_NO,
      .help = "wait longer after each failure; false" },
    { "reject_unknown reject_unknown_cluster", OPT_BOOL, AT(reject_unknown), RELOAD_NO,
      .help = "only clusters listed here; false" },
    { "gateways", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "other clusters", .read = gateways_read,
      .block = &remote_gateway_block },
    { "write_deadline", OPT_DURATION, AT(write_deadline), RELOAD_NO,
      .help = "time that a write may take; the global one" },
    { "write_timeout", OPT_WRITE_TIMEOUT, AT(write_timeout), RELOAD_NO,
      .help = "default, close or retry; retry" },
};
#undef AT
/* clang-format on */
const struct option_block gateway_block = { OPT_BLOCK("gateway", gateway_rows) };

void load_gateway(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected gateway to be a map, got %s",
                   value_type_name(f->value));
        return;
    }
    o->gateway.present = true;
    o->gateway.pos = f->value->pos;
    (void)load_block(l, &gateway_block, f->value, &o->gateway);
}
