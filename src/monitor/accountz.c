/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/accountz.h"

#include "base/assert.h"
#include "monitor/request.h"

struct account_info {
    const char *account_name;
    nanos update_time;
    bool is_system, expired, complete, jetstream_enabled;
    int64_t leafnode_connections, client_connections;
    uint64_t subscriptions;
    const char *name_tag;
    struct sublist_stats *sublist_stats;
};

struct accountz {
    const char *server_id;
    nanos now;
    const char *system_account;
    struct json_array accounts;
    struct account_info *detail;
};

struct accstatz {
    const char *server_id;
    nanos now;
    struct json_array stats;
};

/* clang-format off */
#define AT(field) JSON_AT(struct account_info, field)
static const struct json_field account_info_fields[] = {
    { "account_name", AT(account_name), JSON_TEXT, 0, NULL, "its name" },
    { "update_time", AT(update_time), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "when a configuration last named it" },
    { "is_system", AT(is_system), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "the account of the servers" },
    { "expired", AT(expired), JSON_BOOLEAN, 0, NULL, "its claims have expired" },
    { "complete", AT(complete), JSON_BOOLEAN, 0, NULL, "its imports are resolved" },
    { "jetstream_enabled", AT(jetstream_enabled), JSON_BOOLEAN, 0, NULL, "it may have streams" },
    { "leafnode_connections", AT(leafnode_connections), JSON_I64, 0, NULL, "leaf nodes in it" },
    { "client_connections", AT(client_connections), JSON_I64, 0, NULL, "clients in it" },
    { "subscriptions", AT(subscriptions), JSON_U64, 0, NULL, "subscriptions in its index" },
    { "name_tag", AT(name_tag), JSON_TEXT, JSON_OMITEMPTY, NULL, "its name for people" },
    { "sublist_stats", AT(sublist_stats), JSON_STRUCT_PTR, JSON_OMITEMPTY, &sublist_stats_table,
      "its index" },
};
#undef AT
static const struct json_table account_info_table =
    JSON_TABLE(struct account_info, account_info_fields);

#define AT(field) JSON_AT(struct accountz, field)
static const struct json_field accountz_fields[] = {
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    { "system_account", AT(system_account), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "name of the system account" },
    { "accounts", AT(accounts), JSON_TEXTS, JSON_OMITEMPTY, NULL, "names of all accounts" },
    { "account_detail", AT(detail), JSON_STRUCT_PTR, JSON_OMITEMPTY, &account_info_table,
      "with acc=NAME: that account" },
};
#undef AT
const struct json_table accountz_table = JSON_TABLE(struct accountz, accountz_fields);

static const struct json_field msg_bytes_fields[] = {
    { "msgs", JSON_AT(struct msg_bytes, msgs), JSON_U64, 0, NULL, "messages" },
    { "bytes", JSON_AT(struct msg_bytes, bytes), JSON_U64, 0, NULL, "their bytes" },
};
static const struct json_table msg_bytes_table = JSON_TABLE(struct msg_bytes, msg_bytes_fields);

#define AT(field) JSON_AT(struct data_stats, field)
static const struct json_field data_stats_fields[] = {
    { "msgs", AT(msgs), JSON_U64, 0, NULL, "messages of all kinds of connections" },
    { "bytes", AT(bytes), JSON_U64, 0, NULL, "their bytes" },
    { "gateways", AT(gateways), JSON_STRUCT, 0, &msg_bytes_table, "by gateways" },
    { "routes", AT(routes), JSON_STRUCT, 0, &msg_bytes_table, "by routes" },
    { "leafs", AT(leafs), JSON_STRUCT, 0, &msg_bytes_table, "by leaf nodes" },
};
#undef AT
static const struct json_table data_stats_table = JSON_TABLE(struct data_stats, data_stats_fields);

#define AT(field) JSON_AT(struct account_stat, field)
static const struct json_field account_stat_fields[] = {
    { "acc", AT(acc), JSON_TEXT, 0, NULL, "the account" },
    { "name", AT(name), JSON_TEXT, 0, NULL, "its name for people" },
    { "conns", AT(conns), JSON_I64, 0, NULL, "clients in it" },
    { "leafnodes", AT(leafnodes), JSON_I64, 0, NULL, "leaf nodes in it" },
    { "total_conns", AT(total_conns), JSON_I64, 0, NULL, "both" },
    { "num_subscriptions", AT(num_subscriptions), JSON_U64, 0, NULL, "subscriptions in its index" },
    { "sent", AT(sent), JSON_STRUCT, 0, &data_stats_table, "delivered to its connections" },
    { "received", AT(received), JSON_STRUCT, 0, &data_stats_table, "published by its connections" },
    { "slow_consumers", AT(slow_consumers), JSON_U64, 0, NULL,
      "connections cut because they were too slow" },
};
#undef AT
static const struct json_table account_stat_table =
    JSON_TABLE(struct account_stat, account_stat_fields);

static const struct json_field accstatz_fields[] = {
    { "server_id", JSON_AT(struct accstatz, server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "now", JSON_AT(struct accstatz, now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    { "account_statz", JSON_AT(struct accstatz, stats), JSON_STRUCTS, 0, &account_stat_table,
      "the accounts" },
};
const struct json_table accstatz_table = JSON_TABLE(struct accstatz, accstatz_fields);
/* clang-format on */

static int64_t clients_of(const struct account *a)
{
    return atomic_load_explicit(&a->clients, memory_order_relaxed);
}

const struct account *accounts_shown(const struct request *r, uint32_t *at)
{
    const struct account *a;
    while ((a = accounts_at(r->core->accounts, (*at)++)) != NULL)
        if (atomic_load(&a->is_configured) || a->is_global || clients_of(a) > 0) return a;
    return NULL;
}

static struct account_info *info_of(struct request *r, const struct account *a)
{
    assert(a != NULL);
    struct account_info *info = arena_alloc(r->arena, sizeof *info);
    struct sublist_stats *stats = arena_alloc(r->arena, sizeof *stats);
    sublist_stats_add(a, stats);
    *info = (struct account_info){
        .account_name = a->name,
        .update_time = a->updated_wall,
        .is_system = a->is_system,
        .complete = true,
        .jetstream_enabled = r->js.accounts_count > 0,
        .client_connections = clients_of(a),
        .subscriptions = stats->num_subscriptions,
        .name_tag = a->name,
        .sublist_stats = stats,
    };
    return info;
}

static struct json_array names_of_all(struct request *r)
{
    void *names = NULL;
    uint32_t count = 0;
    const struct account *a;
    for (uint32_t at = 0; (a = accounts_shown(r, &at)) != NULL;)
        *(const char **)arena_push(r->arena, &names, &count, sizeof(const char *)) = a->name;
    return (struct json_array){ names, count };
}

bool accountz_plan(struct request *r)
{
    const char *name = query_text(&r->query, "acc");
    r->wants_js = name[0] != '\0';
    r->js.with_accounts = true;
    r->js.account = name;
    r->js.limit = 1;
    return false;
}

void accountz_serve(struct request *r)
{
    const char *name = query_text(&r->query, "acc");
    struct accountz z = {
        .server_id = r->core->identity.id,
        .now = r->now,
        .system_account = core_system_name(r->core),
    };
    if (name[0] == '\0') {
        z.accounts = names_of_all(r);
    } else {
        const struct account *a = accounts_find(r->core->accounts, slice_str(name));
        if (a == NULL) {
            request_text(r, 400, arena_printf(r->arena, "Account %s does not exist", name));
            return;
        }
        z.detail = info_of(r, a);
    }
    request_json(r, &accountz_table, &z);
}

void account_stat_of(const struct account *a, struct account_stat *ret)
{
    struct traffic t;
    account_traffic_sum(a, &t);
    *ret = (struct account_stat){
        .acc = a->name,
        .name = a->name,
        .conns = clients_of(a),
        .total_conns = clients_of(a),
        .num_subscriptions = interest_count(a->interest),
        .sent = { .msgs = count_get(&t.out_msgs), .bytes = count_get(&t.out_bytes) },
        .received = { .msgs = count_get(&t.in_msgs), .bytes = count_get(&t.in_bytes) },
        .slow_consumers = count_get(&t.slow_consumers),
    };
}

void accstatz_serve(struct request *r)
{
    bool with_unused = query_bool(&r->query, "unused");
    if (request_failed(r)) return;
    void *stats = NULL;
    uint32_t count = 0;
    const struct account *a;
    for (uint32_t at = 0; (a = accounts_shown(r, &at)) != NULL;) {
        if (!with_unused && clients_of(a) == 0) continue;
        account_stat_of(a, arena_push(r->arena, &stats, &count, sizeof(struct account_stat)));
    }
    struct accstatz z = { r->core->identity.id, r->now, { stats, count } };
    request_json(r, &accstatz_table, &z);
}
