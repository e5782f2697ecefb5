/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "monitor/metrics.h"
#include "monitor/metrics_internal.h"
#include "monitor/varz.h"

struct core_family {
    const char *name;
    const char *type;
    double value;
};

static void add_core(struct metrics *m, const struct varz *v, uint32_t accounts)
{
    const struct server_identity *id = &m->request->core->identity;
    const struct label labels[] = { { "server_cluster", id->cluster },
                                    { "server_id", id->id },
                                    { "server_name", id->name } };
    const nanos up = m->request->monotonic - m->request->core->started;
    const int64_t start_us = v->start / MICROSECOND, up_seconds = up / SECOND;
    const struct core_family families[] = {
        { "start_time", METRIC_GAUGE, (double)start_us * 1000 },
        { "uptime", METRIC_GAUGE, (double)up_seconds },
        { "mem_bytes", METRIC_GAUGE, (double)v->mem },
        { "go_memlimit_bytes", METRIC_GAUGE, 0 },
        { "core_count", METRIC_GAUGE, (double)v->cores },
        { "cpu_percentage", METRIC_GAUGE, v->cpu },
        { "connection_count", METRIC_GAUGE, (double)v->connections },
        { "total_connection_count", METRIC_COUNTER, (double)v->total_connections },
        { "active_account_count", METRIC_GAUGE, (double)accounts },
        { "slow_consumer_count", METRIC_GAUGE, (double)v->slow_consumers },
        { "subs_count", METRIC_GAUGE, (double)v->subscriptions },
        { "sent_msgs_count", METRIC_COUNTER, (double)v->out_msgs },
        { "sent_bytes", METRIC_COUNTER, (double)v->out_bytes },
        { "recv_msgs_count", METRIC_COUNTER, (double)v->in_msgs },
        { "recv_bytes", METRIC_COUNTER, (double)v->in_bytes },
        { "rtt_nanoseconds", METRIC_GAUGE, 0 },
        { "gateway_count", METRIC_GAUGE, 0 },
        { "route_count", METRIC_GAUGE, 0 },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(families); i++) {
        exposition_family(&m->out, "nats_core_", families[i].name, families[i].type,
                          families[i].name);
        exposition_double(&m->out, labels, ARRAY_COUNT(labels), families[i].value);
    }
    const struct label info[] = {
        labels[0], labels[1], labels[2], { "server_version", v->version }
    };
    exposition_family(&m->out, "nats_core_", "info", METRIC_GAUGE, "the server and its version");
    exposition_u64(&m->out, info, ARRAY_COUNT(info), 1);
}

/* ---- JetStream ---- */

static void add_js_info(struct metrics *m, const struct varz *v)
{
    const struct server_identity *id = &m->request->core->identity;
    const struct label labels[] = {
        { "server_cluster", id->cluster },
        { "server_domain", id->domain },
        { "server_host", v->host },
        { "server_id", id->id },
        { "server_jetstream", m->request->facts->jetstream != NULL ? "true" : "false" },
        { "server_name", id->name },
        { "server_version", v->version },
    };
    exposition_family(&m->out, "nats_core_jetstream_", "info", METRIC_GAUGE, "where it runs");
    exposition_u64(&m->out, labels, ARRAY_COUNT(labels), 1);
}

struct js_core_family {
    const char *prefix, *name, *type;
    uint64_t value;
};

/* A server alone leads all that it has. */
static void add_js_sums(struct metrics *m)
{
    const struct js_report_sums *s = &m->request->js.sums;
    const struct server_identity *id = &m->request->core->identity;
    const struct label labels[] = { { "cluster_name", id->cluster },
                                    { "server_id", id->id },
                                    { "server_name", id->name } };
    const bool is_on = m->request->facts->jetstream != NULL;
    static const char js[] = "nats_core_jetstream_", server[] = "nats_core_jetstream_server_";
    const struct js_core_family families[] = {
        { js, "enabled", METRIC_GAUGE, is_on },
        { js, "accounts", METRIC_GAUGE, s->accounts },
        { js, "ha_assets", METRIC_GAUGE, 0 },
        { js, "api_pending", METRIC_GAUGE, s->api_inflight },
        { js, "api_requests", METRIC_COUNTER, s->api_total },
        { js, "api_errors", METRIC_COUNTER, s->api_errors },
        { js, "filestore_size_bytes", METRIC_GAUGE, (uint64_t)s->limits.store_max },
        { js, "filestore_used_bytes", METRIC_GAUGE, s->store },
        { js, "filestore_reserved_bytes", METRIC_GAUGE, s->store_reserved },
        { js, "memstore_size_bytes", METRIC_GAUGE, (uint64_t)s->limits.memory_max },
        { js, "memstore_used_bytes", METRIC_GAUGE, s->memory },
        { js, "memstore_reserved_bytes", METRIC_GAUGE, s->memory_reserved },
        { server, "jetstream_disabled", METRIC_GAUGE, !is_on },
        { server, "max_memory", METRIC_GAUGE, (uint64_t)s->limits.memory_max },
        { server, "max_storage", METRIC_GAUGE, (uint64_t)s->limits.store_max },
        { server, "total_streams", METRIC_GAUGE, s->streams },
        { server, "total_stream_leaders", METRIC_GAUGE, s->streams },
        { server, "total_consumers", METRIC_GAUGE, s->consumers },
        { server, "total_consumer_leaders", METRIC_GAUGE, s->consumers },
        { server, "total_messages", METRIC_GAUGE, s->messages },
        { server, "total_message_bytes", METRIC_GAUGE, s->bytes },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(families); i++) {
        const struct js_core_family *f = &families[i];
        exposition_family(&m->out, f->prefix, f->name, f->type, f->name);
        exposition_u64(&m->out, labels, ARRAY_COUNT(labels), f->value);
    }
}

/* ---- the survey itself: this server, which has answered ---- */

static void add_survey(struct metrics *m)
{
    static const char *const names[][2] = {
        { "nats_", "up" },
        { "nats_survey_", "expected_count" },
        { "nats_survey_", "surveyed_count" },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        exposition_family(&m->out, names[i][0], names[i][1], METRIC_GAUGE, names[i][1]);
        exposition_u64(&m->out, NULL, 0, 1);
    }
}

void metrics_add_surveyor(struct metrics *m)
{
    struct varz v;
    assert(m->is_surveyor);
    varz_fill(m->request, &v);
    uint32_t active = metrics_add_surveyor_accounts(m);
    add_core(m, &v, active);
    add_js_sums(m);
    add_js_info(m, &v);
    metrics_add_js_details(m);
    add_survey(m);
}
