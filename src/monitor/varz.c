/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/varz.h"

#include <stdlib.h>

#include "core/report.h"
#include "monitor/req_stats.h"
#include "monitor/request.h"
#include "monitor/varz_rows.h"

static const char ANY_HOST[] = "0.0.0.0";
static const double DEFAULT_TIMEOUT = 2;

static double seconds(nanos d)
{
    return (double)d / (double)SECOND;
}

static const char *host_of(const char *host)
{
    return host == NULL || host[0] == '\0' ? ANY_HOST : host;
}

static const char *write_timeout_text(enum write_timeout w)
{
    switch (w) {
    case WRITE_TIMEOUT_CLOSE: return "close";
    case WRITE_TIMEOUT_RETRY: return "retry";
    case WRITE_TIMEOUT_DEFAULT: break;
    }
    return NULL;
}

/* A link that has the server's own deadline shows none. */
static nanos own_deadline(const struct request *r, nanos deadline)
{
    return deadline == r->facts->options->write_deadline ? 0 : deadline;
}

static double auth_timeout(nanos configured, const struct tls_options *tls)
{
    if (configured > 0) return seconds(configured);
    return tls->present ? seconds(tls->timeout) + 1 : DEFAULT_TIMEOUT;
}

static double tls_timeout(const struct tls_options *tls)
{
    return tls->timeout > 0 ? seconds(tls->timeout) : DEFAULT_TIMEOUT;
}

/* Everything up to the last '@' goes, even when a password has a '/' that should have been
 * escaped. */
const char *varz_url_host(const char *url, struct arena *arena)
{
    const char *scheme = strstr(url, "://");
    struct slice s = slice_str(scheme == NULL ? url : scheme + 3), host;
    for (uint32_t i = s.len; i > 0; i--)
        if (s.ptr[i - 1] == '@') {
            s = slice_from(s, i);
            break;
        }
    (void)slice_cut(&s, '/', &host);
    return arena_str(arena, host);
}

static struct json_array url_hosts(struct request *r, const struct url_list *urls)
{
    const char **hosts = arena_alloc(r->arena, (urls->count + 1) * sizeof *hosts);
    for (uint32_t i = 0; i < urls->count; i++) hosts[i] = varz_url_host(urls->items[i], r->arena);
    return (struct json_array){ hosts, urls->count };
}

static const struct listener *listener_of(const struct request *r, enum listener_kind kind)
{
    for (uint32_t i = 0; i < r->core->listeners_count; i++)
        if (r->core->listeners[i]->options.kind == kind) return r->core->listeners[i];
    return NULL;
}

/* Where it listens in truth; as configured when it does not. */
static int32_t port_of(const struct request *r, enum listener_kind kind, int32_t configured)
{
    const struct listener *l = listener_of(r, kind);
    return l != NULL ? l->bound.port : configured;
}

/* ---- blocks ---- */

static void fill_cluster(struct request *r, struct cluster_varz *ret)
{
    const struct cluster_options *o = &r->facts->options->cluster;
    if (!o->present) return;
    *ret = (struct cluster_varz){
        .name = r->core->identity.cluster,
        .addr = host_of(o->listen.host),
        .cluster_port = port_of(r, LISTENER_ROUTE, o->listen.port),
        .auth_timeout = auth_timeout(o->authorization.timeout, &o->tls),
        .urls = url_hosts(r, &o->routes),
        .tls_timeout = tls_timeout(&o->tls),
        .tls_required = o->tls.present,
        .tls_verify = o->tls.present,
        .pool_size = o->pool_size,
        .write_deadline = own_deadline(r, o->write_deadline),
        .write_timeout = write_timeout_text(o->write_timeout),
        .tls_cert_not_after = o->tls.not_after,
    };
}

static struct json_array remote_gateways(struct request *r, const struct gateway_options *o)
{
    struct remote_gateway_varz *rows = arena_alloc(r->arena, (o->remotes_count + 1) * sizeof *rows);
    for (uint32_t i = 0; i < o->remotes_count; i++) {
        const struct remote_gateway_options *g = &o->remotes[i];
        rows[i] = (struct remote_gateway_varz){
            .name = g->name,
            .tls_timeout = g->tls.present ? tls_timeout(&g->tls) : 0,
            .urls = url_hosts(r, &g->urls),
        };
    }
    return (struct json_array){ rows, o->remotes_count };
}

static void fill_gateway(struct request *r, struct gateway_varz *ret)
{
    const struct gateway_options *o = &r->facts->options->gateway;
    if (!o->present) return;
    *ret = (struct gateway_varz){
        .name = o->name,
        .host = host_of(o->listen.host),
        .port = o->listen.port,
        .auth_timeout = auth_timeout(o->authorization.timeout, &o->tls),
        .tls_timeout = tls_timeout(&o->tls),
        .tls_required = o->tls.present,
        .tls_verify = o->tls.present,
        .advertise = o->listen.advertise,
        .connect_retries = o->connect_retries,
        .gateways = remote_gateways(r, o),
        .reject_unknown = o->reject_unknown,
        .write_deadline = own_deadline(r, o->write_deadline),
        .write_timeout = write_timeout_text(o->write_timeout),
        .tls_cert_not_after = o->tls.not_after,
    };
}

static struct deny_varz *deny_of(struct request *r, const struct leaf_remote_options *o)
{
    if (o->deny_exports.count == 0 && o->deny_imports.count == 0) return NULL;
    struct deny_varz *deny = arena_alloc(r->arena, sizeof *deny);
    deny->exports = request_texts(&o->deny_exports);
    deny->imports = request_texts(&o->deny_imports);
    return deny;
}

static struct json_array remote_leafs(struct request *r, const struct leafnode_options *o)
{
    struct remote_leaf_varz *rows = arena_alloc(r->arena, (o->remotes_count + 1) * sizeof *rows);
    for (uint32_t i = 0; i < o->remotes_count; i++) {
        const struct leaf_remote_options *l = &o->remotes[i];
        rows[i] = (struct remote_leaf_varz){
            .local_account = l->account != NULL ? l->account : GLOBAL_ACCOUNT,
            .tls_timeout = l->tls.present ? tls_timeout(&l->tls) : 0,
            .urls = url_hosts(r, &l->urls),
            .deny = deny_of(r, l),
        };
    }
    return (struct json_array){ rows, o->remotes_count };
}

static void fill_leaf(struct request *r, struct leaf_varz *ret)
{
    const struct leafnode_options *o = &r->facts->options->leafnodes;
    if (!o->present) return;
    ret->remotes = remote_leafs(r, o);
    if (o->listen.port == 0) return;
    ret->host = host_of(o->listen.host);
    ret->port = port_of(r, LISTENER_LEAF, o->listen.port);
    ret->auth_timeout = auth_timeout(o->authorization.timeout, &o->tls);
    ret->tls_timeout = tls_timeout(&o->tls);
    ret->tls_required = o->tls.present;
    ret->tls_verify = o->tls.present && (o->tls.verify || o->tls.verify_and_map);
    ret->write_deadline = own_deadline(r, o->write_deadline);
    ret->write_timeout = write_timeout_text(o->write_timeout);
    ret->tls_cert_not_after = o->tls.not_after;
}

static void fill_mqtt(struct request *r, struct mqtt_varz *ret)
{
    const struct mqtt_options *o = &r->facts->options->mqtt;
    if (!o->present || o->listen.port == 0) return;
    *ret = (struct mqtt_varz){
        .host = host_of(o->listen.host),
        .port = o->listen.port,
        .no_auth_user = o->no_auth_user,
        .auth_timeout = seconds(o->authorization.timeout),
        .tls_map = o->tls.verify_and_map,
        .tls_timeout = tls_timeout(&o->tls),
        .tls_pinned_certs = request_texts(&o->tls.pinned_certs),
        .js_domain = o->js_domain,
        .ack_wait = o->ack_wait,
        .max_ack_pending = o->max_ack_pending,
        .tls_cert_not_after = o->tls.not_after,
    };
}

static void fill_websocket(struct request *r, struct websocket_varz *ret)
{
    const struct websocket_options *o = &r->facts->options->websocket;
    if (!o->present || o->listen.port == 0) return;
    *ret = (struct websocket_varz){
        .host = host_of(o->listen.host),
        .port = port_of(r, LISTENER_WEBSOCKET, o->listen.port),
        .advertise = o->listen.advertise,
        .no_auth_user = o->no_auth_user,
        .jwt_cookie = o->jwt_cookie,
        .handshake_timeout = o->handshake_timeout,
        .auth_timeout = seconds(o->authorization.timeout),
        .no_tls = o->no_tls,
        .tls_map = o->tls.verify_and_map,
        .tls_pinned_certs = request_texts(&o->tls.pinned_certs),
        .same_origin = o->same_origin,
        .allowed_origins = request_texts(&o->allowed_origins),
        .compression = o->compression,
        .tls_cert_not_after = r->facts->websocket_cert_not_after,
    };
}

/* ---- objects with names of their own ---- */

/* An object as it stands inside /varz: written at the depth of a member. */
struct inner {
    struct buf out;
    struct json_writer w;
    uint32_t from;
};

static void inner_begin(struct inner *i)
{
    i->out = (struct buf){ 0 };
    i->w = json_writer_on(&i->out, JSON_INDENT_2);
    json_object_begin(&i->w);
    json_key(&i->w, "x");
    i->from = i->out.len;
    json_object_begin(&i->w);
}

static struct slice inner_end(struct inner *i, struct arena *arena)
{
    json_object_end(&i->w);
    struct slice text = slice_trim(slice_from(buf_slice(&i->out), i->from));
    struct slice copy = arena_slice(arena, text);
    buf_deinit(&i->out);
    return copy;
}

static struct slice req_stats_json(struct request *r)
{
    struct inner i;
    inner_begin(&i);
    for (uint32_t at = 0; at < REQ_STATS_COUNT; at++) {
        uint64_t hits = req_stats_get(r->stats, at);
        if (hits == 0) continue;
        json_key(&i.w, req_stats_path(at));
        json_u64(&i.w, hits);
    }
    return inner_end(&i, r->arena);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct string_pair *x = a;
    const struct string_pair *y = b;
    return strcmp(x->name, y->name);
}

static struct slice metadata_json(struct request *r)
{
    const struct pair_list *list = &r->facts->options->server_metadata;
    if (list->count == 0) return (struct slice){ 0 };
    struct string_pair *pairs = arena_alloc(r->arena, list->count * sizeof *pairs);
    memcpy(pairs, list->items, list->count * sizeof *pairs);
    qsort(pairs, list->count, sizeof *pairs, compare_pairs);
    struct inner i;
    inner_begin(&i);
    for (uint32_t at = 0; at < list->count; at++) {
        json_key(&i.w, pairs[at].name);
        json_str(&i.w, pairs[at].value);
    }
    return inner_end(&i, r->arena);
}

static struct slice feature_flags_json(struct request *r)
{
    static const struct feature_flag defaults[] = {
        { "js_ack_fc_v2", false },
        { "js_api_reply_v2", false },
        { "js_raft_delete_range", true },
        { "js_snapshot_sources", false },
    };
    const struct options *o = r->facts->options;
    struct inner i;
    inner_begin(&i);
    for (uint32_t at = 0; at < ARRAY_COUNT(defaults); at++) {
        bool value = defaults[at].value;
        for (uint32_t k = 0; k < o->feature_flags_count; k++)
            if (strcmp(o->feature_flags[k].name, defaults[at].name) == 0)
                value = o->feature_flags[k].value;
        json_key(&i.w, defaults[at].name);
        json_bool(&i.w, value);
    }
    return inner_end(&i, r->arena);
}

/* ---- the whole ---- */

/* As it was written; the default is shown as none. */
static const char *base_path_shown(const struct options *o)
{
    const char *path = o->monitoring.http_base_path;
    return path == NULL || strcmp(path, "/") == 0 ? "" : path;
}

static void fill_settings(struct request *r, struct varz *v)
{
    const struct options *o = r->facts->options;
    const struct listener *l = listener_of(r, LISTENER_CLIENT);
    const struct directory *d = r->facts->settings->directory;
    struct listener_terms t = { 0 };
    v->host = host_of(o->client.host);
    v->port = o->client.port;
    if (l != NULL) {
        t = listener_terms(l, o);
        v->host = arena_str(r->arena, listener_told(l, o, &v->port));
    }
    v->auth_required = directory_auth_required(d, CONNECTION_STANDARD);
    v->tls_required = t.tls && !t.tls_optional;
    v->tls_verify = t.tls && t.tls_verify;
    v->max_connections = o->limits.max_connections;
    v->max_subscriptions = o->limits.max_subscriptions;
    v->ping_interval = o->ping_interval;
    v->ping_max = o->ping_max;
    v->http_host = o->monitoring.host != NULL ? o->monitoring.host : host_of(o->client.host);
    v->http_port = o->monitoring.http_port;
    v->http_base_path = base_path_shown(o);
    v->https_port = o->monitoring.https_port;
    v->auth_timeout = auth_timeout(o->authorization.timeout, &o->tls);
    v->max_control_line = o->limits.max_control_line;
    v->max_payload = o->limits.max_payload;
    v->max_pending = o->limits.max_pending;
    v->tls_timeout = tls_timeout(&o->tls);
    v->write_deadline = o->write_deadline;
    v->write_timeout = write_timeout_text(o->write_timeout);
    v->config_load_time = r->facts->config_loaded;
    v->config_digest = o->config_digest;
    v->tags = request_texts(&o->server_tags);
    v->metadata = metadata_json(r);
    v->feature_flags = feature_flags_json(r);
    v->system_account = core_system_name(r->core);
    v->tls_cert_not_after = r->facts->cert_not_after;
}

static void fill_numbers(struct request *r, struct varz *v)
{
    struct core_report c;
    core_report(r->core, &c);
    v->start = r->core->started_wall;
    v->now = r->now;
    v->uptime = request_uptime(r, r->monotonic - r->core->started);
    v->mem = r->usage.resident_bytes;
    v->cores = r->usage.cores;
    v->gomaxprocs = r->core->reactors->count;
    v->cpu = r->cpu_percent;
    v->connections = c.clients;
    v->total_connections = c.clients_total;
    v->in_msgs = v->in_client_msgs = c.in_msgs;
    v->in_bytes = v->in_client_bytes = c.in_bytes;
    v->out_msgs = v->out_client_msgs = c.out_msgs;
    v->out_bytes = v->out_client_bytes = c.out_bytes;
    v->slow_consumers = v->slow_consumer_stats.clients = c.slow_consumers;
    v->stale_connections = v->stale_connection_stats.clients = c.stale_connections;
    v->stalled_clients = c.stalled;
    v->midge.turned_away = c.turned_away;
    v->subscriptions = c.subscriptions;
    v->http_req_stats = req_stats_json(r);
}

void varz_fill(struct request *r, struct varz *ret)
{
    const struct server_identity *id = &r->core->identity;
    const struct midge_options *o = &r->facts->options->midge;
    *ret = (struct varz){
        .server_id = id->id,
        .server_name = id->name,
        .version = id->version,
        .proto = 1,
        .git_commit = id->git_commit,
        .go = id->go,
        .midge = { .version = r->facts->midge_version,
                   .reactors = r->core->reactors->count,
                   .memory_limit = o->memory_limit,
                   .max_unauthenticated_per_address = o->max_unauthenticated_per_address,
                   .unserved = { (void *)(uintptr_t)r->facts->unserved,
                                 r->facts->unserved_count } },
    };
    fill_settings(r, ret);
    fill_cluster(r, &ret->cluster);
    fill_gateway(r, &ret->gateway);
    fill_leaf(r, &ret->leaf);
    fill_mqtt(r, &ret->mqtt);
    fill_websocket(r, &ret->websocket);
    fill_numbers(r, ret);
    if (r->facts->jetstream == NULL) return;
    ret->jetstream.config = js_config_view(r);
    ret->jetstream.stats = js_stats_view(r);
    ret->jetstream.limits = js_limits_view(r);
}

bool varz_plan(struct request *r)
{
    r->wants_js = true;
    return false;
}

void varz_serve(struct request *r)
{
    struct varz v;
    varz_fill(r, &v);
    request_json(r, &varz_table, &v);
}
