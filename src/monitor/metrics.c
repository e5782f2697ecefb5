/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics.h"

#include "base/assert.h"
#include "monitor/healthz.h"
#include "monitor/metrics_internal.h"
#include "monitor/metrics_js.h"
#include "monitor/req_stats.h"
#include "monitor/request.h"
#include "monitor/varz.h"

/* In the order of enum metrics_style. */
static const struct naming namings[] = {
    [METRICS_HELM] = { "helm", "nats_", "nats_" },
    [METRICS_EXPORTER] = { "exporter", "gnatsd_", "jetstream_" },
    [METRICS_SURVEYOR] = { "surveyor", "nats_core_", "nats_" },
};

/* ---- a table as metrics ---- */

/* What the exporter leaves out of /varz. */
static bool is_skipped(const char *name)
{
    static const char *const skipped[] = {
        "cluster_cluster_port", "cluster_auth_timeout", "cluster_tls_timeout",
        "gateway_port",         "gateway_auth_timeout", "gateway_tls_timeout",
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(skipped); i++)
        if (strcmp(name, skipped[i]) == 0) return true;
    return strncmp(name, "leaf_", 5) == 0;
}

static bool is_info(const char *field)
{
    static const char *const info[] = { "server_id", "server_name", "version",
                                        "domain",    "leader",      "name" };
    for (uint32_t i = 0; i < ARRAY_COUNT(info); i++)
        if (strcmp(field, info[i]) == 0) return true;
    return false;
}

/* A text is a gauge of 1 with the text as label. */
static void add_info(struct metrics *m, const char *prefix, const char *name, const char *value)
{
    struct label labels[] = { m->server[0], { "value", value } };
    exposition_family(&m->out, prefix, name, METRIC_GAUGE, name);
    exposition_u64(&m->out, labels, 2, 1);
}

static void add_u64(struct metrics *m, const char *prefix, const char *name, uint64_t value)
{
    exposition_family(&m->out, prefix, name, METRIC_GAUGE, name);
    exposition_u64(&m->out, m->server, 1, value);
}

static void add_i64(struct metrics *m, const char *prefix, const char *name, int64_t value)
{
    exposition_family(&m->out, prefix, name, METRIC_GAUGE, name);
    exposition_i64(&m->out, m->server, 1, value);
}

static void add_double(struct metrics *m, const char *prefix, const char *name, double value)
{
    exposition_family(&m->out, prefix, name, METRIC_GAUGE, name);
    exposition_double(&m->out, m->server, 1, value);
}

struct place {
    const char *prefix; /* "nats_varz_" */
    const char *outer;  /* "cluster_" inside cluster, else "" */
};

static void add_table(struct metrics *m, struct place p, const struct json_table *t,
                      const void *from);

static void add_field(struct metrics *m, struct place p, const struct json_field *f, const void *at)
{
    const char *name = arena_printf(m->request->arena, "%s%s", p.outer, f->name);
    const char *inner = arena_printf(m->request->arena, "%s_", name);
    bool omit = (f->flags & JSON_OMITEMPTY) != 0;
    if (is_skipped(name) || is_skipped(inner)) return;
    switch (f->type) {
    case JSON_I32:
        if (!omit || *(const int32_t *)at != 0) add_i64(m, p.prefix, name, *(const int32_t *)at);
        break;
    case JSON_I64:
        if (!omit || *(const int64_t *)at != 0) add_i64(m, p.prefix, name, *(const int64_t *)at);
        break;
    case JSON_U32:
        if (!omit || *(const uint32_t *)at != 0) add_u64(m, p.prefix, name, *(const uint32_t *)at);
        break;
    case JSON_U64:
        if (!omit || *(const uint64_t *)at != 0) add_u64(m, p.prefix, name, *(const uint64_t *)at);
        break;
    case JSON_F64:
        if (!omit || *(const double *)at != 0) add_double(m, p.prefix, name, *(const double *)at);
        break;
    case JSON_TEXT: {
        const char *text = *(const char *const *)at;
        if (is_info(f->name) && text != NULL && text[0] != '\0') add_info(m, p.prefix, name, text);
        break;
    }
    case JSON_TIMESTAMP:
        if (strcmp(name, "start") == 0 || strcmp(name, "config_load_time") == 0)
            add_i64(m, p.prefix, name, *(const nanos *)at / MILLISECOND);
        break;
    case JSON_NANOS:
        if (!omit || *(const nanos *)at != 0) add_i64(m, p.prefix, name, *(const nanos *)at);
        break;
    case JSON_STRUCT: add_table(m, (struct place){ p.prefix, inner }, f->table, at); break;
    case JSON_STRUCT_PTR: {
        const void *to = *(const void *const *)at;
        if (to != NULL) add_table(m, (struct place){ p.prefix, inner }, f->table, to);
        break;
    }
    case JSON_BOOLEAN:
    case JSON_U8:
    case JSON_U16:
    case JSON_SLICE:
    case JSON_TEXTS:
    case JSON_STRUCTS:
    case JSON_DURATION_TEXT:
    case JSON_RAW:
    /* and those of JetStream's API, which no page has */
    case JSON_GOINT:
    case JSON_NANOS_LIST:
    case JSON_TIMESTAMP_PTR:
    case JSON_WORD:
    case JSON_TEXT_MAP:
    case JSON_U64_LIST:
    case JSON_COUNT_MAP:
    case JSON_EMBED:
    case JSON_EMBED_PTR: break;
    }
}

static void add_table(struct metrics *m, struct place p, const struct json_table *t,
                      const void *from)
{
    for (uint32_t i = 0; i < t->count; i++)
        add_field(m, p, &t->fields[i], (const char *)from + t->fields[i].offset);
}

static const char *prefix_of(struct metrics *m, const char *page)
{
    return arena_printf(m->request->arena, "%s%s_", m->naming.core, page);
}

/* ---- helm and exporter: one group of families per page ---- */

static void add_varz(struct metrics *m)
{
    struct varz v;
    varz_fill(m->request, &v);
    const char *prefix = prefix_of(m, "varz");
    add_table(m, (struct place){ prefix, "" }, &varz_table, &v);
    for (uint32_t i = 0; i < REQ_STATS_COUNT; i++) {
        uint64_t hits = req_stats_get(m->request->stats, i);
        const char *path = req_stats_path(i);
        const char *name = arena_printf(m->request->arena, "http_req_stats_%s", path + 1);
        if (hits > 0) add_u64(m, prefix, path[1] == '\0' ? "http_req_stats_" : name, hits);
    }
}

static void add_subsz(struct metrics *m)
{
    struct subsz z;
    subsz_fill(m->request, &z);
    add_table(m, (struct place){ prefix_of(m, "subsz"), "" }, &subsz_table, &z);
}

static void add_links(struct metrics *m)
{
    const struct server_identity *id = &m->request->core->identity;
    add_u64(m, prefix_of(m, "routez"), "num_routes", 0);
    add_info(m, prefix_of(m, "routez"), "server_id", id->id);
    add_info(m, prefix_of(m, "routez"), "server_name", id->name);
    add_u64(m, prefix_of(m, "leafz"), "conn_nodes_total", 0);
}

static void add_healthz(struct metrics *m)
{
    static const char *const names[] = { "status", "js_enabled_only_status",
                                         "js_server_only_status" };
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        const char *status = healthz_status(m->request, i > 0);
        bool is_bad = strcmp(status, "ok") != 0;
        const char *value = arena_printf(m->request->arena, "%s_value", names[i]);
        struct label labels[] = { m->server[0], { "value", status } };
        add_u64(m, prefix_of(m, "healthz"), names[i], is_bad ? 1 : 0);
        exposition_family(&m->out, prefix_of(m, "healthz"), value, METRIC_GAUGE, value);
        exposition_u64(&m->out, labels, 2, is_bad ? 0 : 1);
    }
}

static uint32_t jsz_level(const struct request *r)
{
    static const char *const names[] = { "", "accounts", "streams", "consumers", "all" };
    const char *asked = query_text(&r->query, "jsz");
    for (uint32_t i = JSZ_ACCOUNTS; i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i], asked) == 0) return i < JSZ_CONSUMERS ? i : JSZ_CONSUMERS;
    return JSZ_NONE;
}

void metrics_add_js_details(struct metrics *m)
{
    uint32_t level = jsz_level(m->request);
    const struct metrics_js details = {
        .report = &m->request->js,
        .identity = &m->request->core->identity,
        .arena = m->request->arena,
        .out = &m->out,
        .prefix = m->naming.jetstream,
        .is_surveyor = m->is_surveyor,
        .with_accounts = level >= JSZ_ACCOUNTS,
        .now = m->request->now,
    };
    if (!metrics_js_add(&details)) m->is_truncated = true;
}

struct js_family {
    const char *name;
    uint64_t value;
};

static void add_jsz(struct metrics *m)
{
    const struct js_report_sums *s = &m->request->js.sums;
    const struct js_family families[] = {
        { "jetstream_disabled", m->request->facts->jetstream == NULL },
        { "max_memory", (uint64_t)s->limits.memory_max },
        { "max_storage", (uint64_t)s->limits.store_max },
        { "total_streams", s->streams },
        { "total_consumers", s->consumers },
        { "total_messages", s->messages },
        { "total_message_bytes", s->bytes },
    };
    const struct server_identity *id = &m->request->core->identity;
    const struct label labels[] = {
        { "server_id", id->id },    { "server_name", id->name },
        { "cluster", id->cluster }, { "domain", id->domain == NULL ? "" : id->domain },
        { "meta_leader", "" },      { "is_meta_leader", "true" },
    };
    const char *prefix = arena_printf(m->request->arena, "%sserver_", m->naming.jetstream);
    for (uint32_t i = 0; i < ARRAY_COUNT(families); i++) {
        exposition_family(&m->out, prefix, families[i].name, METRIC_GAUGE, families[i].name);
        exposition_u64(&m->out, labels, ARRAY_COUNT(labels), families[i].value);
    }
    metrics_add_js_details(m);
}

/* ---- connections ---- */

/* Each family names one field of a report. */
struct conn_family {
    const char *name;
    const char *type;
    uint32_t offset; /* of a uint64_t or nanos in struct conn_report */
    double unit;     /* the value is divided by it; 1: an integer */
};

static const struct conn_family conn_families[] = {
    { "pending_bytes", METRIC_GAUGE, offsetof(struct conn_report, pending_bytes), 1 },
    { "subscriptions", METRIC_GAUGE, offsetof(struct conn_report, subs_count), 1 },
    { "in_msgs", METRIC_COUNTER, offsetof(struct conn_report, in_msgs), 1 },
    { "out_msgs", METRIC_COUNTER, offsetof(struct conn_report, out_msgs), 1 },
    { "in_bytes", METRIC_COUNTER, offsetof(struct conn_report, in_bytes), 1 },
    { "out_bytes", METRIC_COUNTER, offsetof(struct conn_report, out_bytes), 1 },
    { "start", METRIC_UNTYPED, offsetof(struct conn_report, started), (double)SECOND },
    { "last_activity", METRIC_UNTYPED, offsetof(struct conn_report, last_activity),
      (double)SECOND },
    { "uptime", METRIC_UNTYPED, offsetof(struct conn_report, uptime), (double)SECOND },
    { "idle", METRIC_GAUGE, offsetof(struct conn_report, idle), (double)SECOND },
    { "rtt", METRIC_GAUGE, offsetof(struct conn_report, rtt), (double)SECOND },
};

enum { CONN_LABELS = 14 };

static void conn_labels(struct metrics *m, const struct conn_report *c,
                        struct label labels[CONN_LABELS])
{
    char text[NET_ADDR_TEXT];
    struct arena *arena = m->request->arena;
    const struct label all[CONN_LABELS] = {
        m->server[0],
        { "cid", arena_printf(arena, "%llu", (unsigned long long)c->cid) },
        { "kind", "Client" },
        { "type", c->kind == LISTENER_WEBSOCKET ? "websocket" : "nats" },
        { "ip", arena_str(arena, slice_str(net_addr_ip_text(&c->addr, text))) },
        { "port", arena_printf(arena, "%u", c->addr.port) },
        { "name", c->name },
        { "name_tag", c->account },
        { "lang", c->lang },
        { "version", c->version },
        { "tls_version", c->tls_version },
        { "tls_cipher_suite", c->tls_cipher },
        { "account", c->account },
        { "account_id", c->account },
    };
    memcpy(labels, all, sizeof all);
}

static void add_conn_sample(struct metrics *m, const struct conn_family *f,
                            const struct conn_report *c)
{
    struct label labels[CONN_LABELS];
    uint64_t value;
    memcpy(&value, (const char *)c + f->offset, sizeof value);
    conn_labels(m, c, labels);
    if (f->unit == 1) exposition_u64(&m->out, labels, CONN_LABELS, value);
    else exposition_double(&m->out, labels, CONN_LABELS, (double)(int64_t)value / f->unit);
}

static void add_conns(struct metrics *m)
{
    struct top *top = &m->request->collection.top;
    top_sort(top);
    for (uint32_t i = 0; i < ARRAY_COUNT(conn_families); i++) {
        const struct conn_family *f = &conn_families[i];
        exposition_family(&m->out, prefix_of(m, "connz"), f->name, f->type, f->name);
        for (uint32_t k = 0; k < top->count; k++)
            add_conn_sample(m, f, ((struct conn_item *)top->at[k])->report);
    }
    if (m->request->collection.total > top->count) m->is_truncated = true;
}

static void add_conn_sums(struct metrics *m)
{
    const struct conn_sums *s = &m->request->collection.sums;
    const uint64_t values[] = { s->pending_bytes, s->subscriptions, s->in_msgs,
                                s->out_msgs,      s->in_bytes,      s->out_bytes };
    for (uint32_t i = 0; i < ARRAY_COUNT(values); i++) {
        const struct conn_family *f = &conn_families[i];
        exposition_family(&m->out, prefix_of(m, "connz"), f->name, f->type, f->name);
        exposition_u64(&m->out, m->server, 1, values[i]);
    }
}

static void add_connz(struct metrics *m)
{
    uint64_t total = m->request->collection.total;
    const char *prefix = prefix_of(m, "connz");
    add_u64(m, prefix, "num_connections", total);
    add_u64(m, prefix, "total", total);
    add_u64(m, prefix, "offset", 0);
    add_u64(m, prefix, "limit", m->is_detailed ? METRICS_CONNS_MAX : CONNZ_LIMIT);
    if (m->is_detailed) add_conns(m);
    else add_conn_sums(m);
}

/* ---- all pages ---- */

static void add_exporter(struct metrics *m)
{
    add_varz(m);
    add_connz(m);
    add_subsz(m);
    add_links(m);
    add_healthz(m);
    add_jsz(m);
    metrics_add_accounts(m);
}

/* ---- of every style ---- */

static void add_process(struct metrics *m)
{
    const struct request *r = m->request;
    exposition_family(&m->out, "process_", "cpu_seconds_total", METRIC_COUNTER,
                      "user and system time");
    exposition_double(&m->out, NULL, 0, (double)r->usage.cpu_time / (double)SECOND);
    exposition_family(&m->out, "process_", "resident_memory_bytes", METRIC_GAUGE,
                      "resident memory");
    exposition_u64(&m->out, NULL, 0, r->usage.resident_bytes);
    exposition_family(&m->out, "process_", "start_time_seconds", METRIC_GAUGE, "start, since 1970");
    exposition_double(&m->out, NULL, 0, (double)r->core->started_wall / (double)SECOND);
    const struct label build[] = { { "version", r->facts->midge_version },
                                   { "nats_version", r->core->identity.version },
                                   { "compiler", r->core->identity.go } };
    exposition_family(&m->out, "nats_", "build_info", METRIC_GAUGE, "what this server is");
    exposition_u64(&m->out, build, ARRAY_COUNT(build), 1);
    exposition_family(&m->out, "nats_", "metrics_truncated", METRIC_GAUGE,
                      "1: more connections or accounts than series are allowed for");
    exposition_u64(&m->out, NULL, 0, m->is_truncated ? 1 : 0);
}

/* NULL: there is no such style. */
static const struct naming *naming_of(const struct request *r)
{
    const char *name = query_text(&r->query, "style");
    if (name[0] == '\0') return &namings[r->facts->options->midge.metrics_style];
    for (uint32_t i = 0; i < ARRAY_COUNT(namings); i++)
        if (strcmp(namings[i].name, name) == 0) return &namings[i];
    return NULL;
}

static bool wants_details(const struct request *r)
{
    return strcmp(query_text(&r->query, "connz"), "detailed") == 0;
}

/* Which accounts may have streams is always asked. */
static void plan_jetstream(struct request *r)
{
    uint32_t level = jsz_level(r);
    r->wants_js = true;
    r->js.with_accounts = true;
    r->js.with_streams = r->js.with_configs = level >= JSZ_STREAMS;
    r->js.with_consumers = level >= JSZ_CONSUMERS;
    r->js.limit = METRICS_ACCOUNTS_MAX;
}

bool metrics_plan(struct request *r)
{
    if (naming_of(r) == NULL)
        query_fail(&r->query, "invalid style: helm, exporter and surveyor are there\n");
    if (request_failed(r)) return false;
    plan_jetstream(r);
    connz_collect_open(r, wants_details(r) ? METRICS_CONNS_MAX : 0);
    return true;
}

void metrics_serve(struct request *r)
{
    struct metrics m = {
        .request = r,
        .out = { .out = &r->response.body },
        .naming = *naming_of(r),
        .server = { { "server_id", r->core->identity.id } },
        .is_detailed = wants_details(r),
    };
    m.is_surveyor = m.naming.name == namings[METRICS_SURVEYOR].name;
    if (m.is_surveyor) metrics_add_surveyor(&m);
    else add_exporter(&m);
    add_process(&m);
    r->response.status = 200;
    r->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    r->response.cors = true;
}
