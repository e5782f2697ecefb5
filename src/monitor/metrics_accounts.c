/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "auth/directory.h"
#include "base/assert.h"
#include "monitor/accountz.h"
#include "monitor/metrics.h"
#include "monitor/metrics_internal.h"

struct account_row {
    struct account_stat stat;
    bool is_system;
    struct auth_limits limits;
    const struct js_report_account *js; /* NULL: it may not have streams */
};

static int64_t conns_of(const struct account_row *a)
{
    return a->stat.conns;
}
static int64_t total_conns_of(const struct account_row *a)
{
    return a->stat.total_conns;
}
static int64_t subs_of(const struct account_row *a)
{
    return (int64_t)a->stat.num_subscriptions;
}
static int64_t sent_msgs_of(const struct account_row *a)
{
    return (int64_t)a->stat.sent.msgs;
}
static int64_t sent_bytes_of(const struct account_row *a)
{
    return (int64_t)a->stat.sent.bytes;
}
static int64_t received_msgs_of(const struct account_row *a)
{
    return (int64_t)a->stat.received.msgs;
}
static int64_t received_bytes_of(const struct account_row *a)
{
    return (int64_t)a->stat.received.bytes;
}
static int64_t slow_of(const struct account_row *a)
{
    return (int64_t)a->stat.slow_consumers;
}
static int64_t is_system_of(const struct account_row *a)
{
    return a->is_system;
}
static int64_t limit_conn_of(const struct account_row *a)
{
    return a->limits.connections_max;
}
static int64_t limit_leaf_of(const struct account_row *a)
{
    return a->limits.leafs_max;
}
static int64_t limit_subs_of(const struct account_row *a)
{
    return a->limits.subscriptions_max;
}
static int64_t limit_payload_of(const struct account_row *a)
{
    return a->limits.payload_max;
}
static int64_t has_js(const struct account_row *a)
{
    return a->js != NULL;
}
static int64_t js_memory_of(const struct account_row *a)
{
    return (int64_t)a->js->memory;
}
static int64_t js_store_of(const struct account_row *a)
{
    return (int64_t)a->js->store;
}
static int64_t js_memory_reserved_of(const struct account_row *a)
{
    return a->js->limits.memory_max;
}
static int64_t js_store_reserved_of(const struct account_row *a)
{
    return a->js->limits.store_max;
}
static int64_t js_streams_of(const struct account_row *a)
{
    return a->js->streams_total;
}
static int64_t one(const struct account_row *a)
{
    (void)a;
    return 1;
}
static int64_t zero(const struct account_row *a)
{
    (void)a;
    return 0;
}

struct account_family {
    const char *name;
    const char *type;
    int64_t (*value)(const struct account_row *);
};

static const struct account_family accstatz_families[] = {
    { "current_connections", METRIC_GAUGE, conns_of },
    { "total_connections", METRIC_GAUGE, total_conns_of },
    { "subscriptions", METRIC_GAUGE, subs_of },
    { "leaf_nodes", METRIC_GAUGE, zero },
    { "sent_messages", METRIC_GAUGE, sent_msgs_of },
    { "sent_bytes", METRIC_GAUGE, sent_bytes_of },
    { "received_messages", METRIC_GAUGE, received_msgs_of },
    { "received_bytes", METRIC_GAUGE, received_bytes_of },
    { "slow_consumers", METRIC_GAUGE, slow_of },
};

static const struct account_family accountz_families[] = {
    { "client_connections", METRIC_GAUGE, conns_of },
    { "leafnode_connections", METRIC_GAUGE, zero },
    { "subscriptions", METRIC_GAUGE, subs_of },
    { "is_system", METRIC_GAUGE, is_system_of },
    { "complete", METRIC_GAUGE, one },
    { "expired", METRIC_GAUGE, zero },
    { "jetstream_enabled", METRIC_GAUGE, has_js },
    { "limit_conn", METRIC_GAUGE, limit_conn_of },
    { "limit_leaf", METRIC_GAUGE, limit_leaf_of },
    { "limit_subs", METRIC_GAUGE, limit_subs_of },
    { "limit_payload", METRIC_GAUGE, limit_payload_of },
};

/* nats-surveyor counts what the server received and sent. */
static const struct account_family surveyor_families[] = {
    { "conn_count", METRIC_GAUGE, conns_of },
    { "total_conn_count", METRIC_GAUGE, total_conns_of },
    { "leaf_count", METRIC_GAUGE, zero },
    { "sub_count", METRIC_GAUGE, subs_of },
    { "slow_consumer_count", METRIC_GAUGE, slow_of },
    { "msgs_sent", METRIC_COUNTER, sent_msgs_of },
    { "bytes_sent", METRIC_COUNTER, sent_bytes_of },
    { "msgs_recv", METRIC_COUNTER, received_msgs_of },
    { "bytes_recv", METRIC_COUNTER, received_bytes_of },
    { "client_msgs_sent", METRIC_COUNTER, sent_msgs_of },
    { "client_bytes_sent", METRIC_COUNTER, sent_bytes_of },
    { "client_msgs_recv", METRIC_COUNTER, received_msgs_of },
    { "client_bytes_recv", METRIC_COUNTER, received_bytes_of },
    /* other servers there are none */
    { "route_msgs_sent", METRIC_COUNTER, zero },
    { "route_bytes_sent", METRIC_COUNTER, zero },
    { "route_msgs_recv", METRIC_COUNTER, zero },
    { "route_bytes_recv", METRIC_COUNTER, zero },
    { "gateway_msgs_sent", METRIC_COUNTER, zero },
    { "gateway_bytes_sent", METRIC_COUNTER, zero },
    { "gateway_msgs_recv", METRIC_COUNTER, zero },
    { "gateway_bytes_recv", METRIC_COUNTER, zero },
    { "leaf_msgs_sent", METRIC_COUNTER, zero },
    { "leaf_bytes_sent", METRIC_COUNTER, zero },
    { "leaf_msgs_recv", METRIC_COUNTER, zero },
    { "leaf_bytes_recv", METRIC_COUNTER, zero },
};

/* Only of accounts that may have streams. */
static const struct account_family surveyor_js_families[] = {
    { "enabled", METRIC_GAUGE, has_js },
    { "memory_used", METRIC_GAUGE, js_memory_of },
    { "storage_used", METRIC_GAUGE, js_store_of },
    { "memory_reserved", METRIC_GAUGE, js_memory_reserved_of },
    { "storage_reserved", METRIC_GAUGE, js_store_reserved_of },
    { "stream_count", METRIC_GAUGE, js_streams_of },
};

static int compare_name(const void *name, const void *account)
{
    return strcmp(name, ((const struct js_report_account *)account)->name);
}

/* The report has them by name. */
static const struct js_report_account *js_account(const struct js_report *js, const char *name)
{
    if (js->accounts_count == 0) return NULL;
    return bsearch(name, js->accounts, js->accounts_count, sizeof *js->accounts, compare_name);
}

static struct json_array account_rows(struct metrics *m)
{
    const struct directory *d = m->request->facts->settings->directory;
    void *rows = NULL;
    uint32_t count = 0;
    const struct account *a;
    for (uint32_t at = 0; (a = accounts_shown(m->request, &at)) != NULL;) {
        if (count == METRICS_ACCOUNTS_MAX) {
            m->is_truncated = true;
            break;
        }
        struct account_row *row = arena_push(m->request->arena, &rows, &count, sizeof *row);
        const struct auth_account *configured = directory_account(d, slice_str(a->name));
        account_stat_of(a, &row->stat);
        row->is_system = a->is_system;
        row->js = js_account(&m->request->js, a->name);
        row->limits = (struct auth_limits){ -1, -1, -1, -1 };
        if (configured != NULL) row->limits = configured->limits;
    }
    return (struct json_array){ rows, count };
}

/* Whose labels: of the exporter's two pages, or of nats-surveyor. */
enum label_set { ACCSTATZ_LABELS, ACCOUNTZ_LABELS, SURVEYOR_LABELS, SURVEYOR_JS_LABELS };
enum { ACCOUNT_LABELS_MAX = 5 };

static uint32_t account_labels(const struct metrics *m, enum label_set set, const char *account,
                               struct label ret[ACCOUNT_LABELS_MAX])
{
    static const char *const names[][ACCOUNT_LABELS_MAX] = {
        [ACCSTATZ_LABELS] = { "server_id", "account", "account_id", "account_name" },
        [ACCOUNTZ_LABELS] = { "server_id", "account_id", "account_name" },
        [SURVEYOR_LABELS] = { "account", "account_name", "server_cluster", "server_id",
                              "server_name" },
        [SURVEYOR_JS_LABELS] = { "account", "account_name" },
    };
    const struct server_identity *id = &m->request->core->identity;
    uint32_t count = 0;
    assert(account != NULL);
    for (const char *name; count < ACCOUNT_LABELS_MAX && (name = names[set][count]) != NULL;) {
        const char *value = account;
        if (strcmp(name, "server_id") == 0) value = id->id;
        if (strcmp(name, "server_name") == 0) value = id->name;
        if (strcmp(name, "server_cluster") == 0) value = id->cluster;
        ret[count++] = (struct label){ name, value };
    }
    assert(count >= 2);
    return count;
}

static void add_accounts(struct metrics *m, const char *prefix, struct json_array rows,
                         const struct account_family *f, enum label_set set)
{
    const struct account_row *row = rows.items;
    struct label labels[ACCOUNT_LABELS_MAX];
    exposition_family(&m->out, prefix, f->name, f->type, f->name);
    for (uint32_t i = 0; i < rows.count; i++) {
        if (set == SURVEYOR_JS_LABELS && row[i].js == NULL) continue;
        uint32_t count = account_labels(m, set, row[i].stat.acc, labels);
        exposition_i64(&m->out, labels, count, f->value(&row[i]));
    }
}

void metrics_add_accounts(struct metrics *m)
{
    const char *accstatz = arena_printf(m->request->arena, "%saccstatz_", m->naming.core);
    const char *accountz = arena_printf(m->request->arena, "%saccountz_", m->naming.core);
    struct json_array rows = account_rows(m);
    for (uint32_t i = 0; i < ARRAY_COUNT(accstatz_families); i++)
        add_accounts(m, accstatz, rows, &accstatz_families[i], ACCSTATZ_LABELS);
    for (uint32_t i = 0; i < ARRAY_COUNT(accountz_families); i++)
        add_accounts(m, accountz, rows, &accountz_families[i], ACCOUNTZ_LABELS);
}

uint32_t metrics_add_surveyor_accounts(struct metrics *m)
{
    struct json_array rows = account_rows(m);
    const struct account_row *row = rows.items;
    uint32_t active = 0;
    for (uint32_t i = 0; i < rows.count; i++)
        if (row[i].stat.conns > 0) active++;
    exposition_family(&m->out, "nats_core_account_", "count", METRIC_GAUGE, "accounts");
    exposition_u64(&m->out, NULL, 0, rows.count);
    for (uint32_t i = 0; i < ARRAY_COUNT(surveyor_families); i++)
        add_accounts(m, "nats_core_account_", rows, &surveyor_families[i], SURVEYOR_LABELS);
    for (uint32_t i = 0; i < ARRAY_COUNT(surveyor_js_families); i++)
        add_accounts(m, "nats_core_account_jetstream_", rows, &surveyor_js_families[i],
                     SURVEYOR_JS_LABELS);
    return active;
}
