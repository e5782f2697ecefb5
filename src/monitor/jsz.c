/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/jsz.h"

#include "base/assert.h"
#include "monitor/js_view.h"
#include "monitor/request.h"

enum { ACCOUNTS_DEFAULT = 1024 };

struct stream_detail {
    const char                *name;
    nanos                      created;
    struct js_cluster_info    *cluster;
    struct stream_config      *config;
    struct stream_state       *state;
    struct json_array          consumers, direct_consumers;
    struct stream_source_info *mirror;
    struct json_array          sources;
};

struct account_detail {
    const char          *name, *id;
    struct js_stats_view stats;
    struct json_array    streams;
};

struct jsz {
    struct js_stats_view   stats;
    const char            *server_id;
    nanos                  now;
    bool                   disabled;
    struct js_config_view *config;
    struct js_limits_view *limits;
    uint64_t               streams, streams_leader, consumers, consumers_leader, messages, bytes;
    struct json_array      accounts;
    uint64_t               total;
};

/* clang-format off */
#define AT(field) JSON_AT(struct stream_detail, field)
static const struct json_field stream_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "name" },
    { "created", AT(created), JSON_TIMESTAMP, 0, NULL, "when it was made" },
    { "cluster", AT(cluster), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_cluster_info_table,
      "who holds it" },
    { "config", AT(config), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_config_table,
      "with config=1" },
    { "state", AT(state), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_state_table, "what it holds" },
    { "consumer_detail", AT(consumers), JSON_STRUCTS, JSON_OMITEMPTY, &consumer_info_table,
      "with consumers=1" },
    { "direct_consumer_detail", AT(direct_consumers), JSON_STRUCTS, JSON_OMITEMPTY,
      &consumer_info_table, "with direct-consumers=1" },
    { "mirror", AT(mirror), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_source_info_table,
      "its origin" },
    { "sources", AT(sources), JSON_STRUCTS, JSON_OMITEMPTY, &stream_source_info_table,
      "its origins" },
};
#undef AT
static const struct json_table stream_table = JSON_TABLE(struct stream_detail, stream_fields);

#define AT(field) JSON_AT(struct account_detail, field)
static const struct json_field account_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "name" },
    { "id", AT(id), JSON_TEXT, 0, NULL, "its key, or the name again" },
    { "stats", AT(stats), JSON_EMBED, 0, &js_stats_view_table, "what it uses" },
    { "stream_detail", AT(streams), JSON_STRUCTS, JSON_OMITEMPTY, &stream_table,
      "with streams=1" },
};
#undef AT
static const struct json_table account_table = JSON_TABLE(struct account_detail, account_fields);

#define AT(field) JSON_AT(struct jsz, field)
static const struct json_field jsz_fields[] = {
    { "stats", AT(stats), JSON_EMBED, 0, &js_stats_view_table, "sums" },
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    { "disabled", AT(disabled), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "JetStream is off" },
    { "config", AT(config), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_config_view_table,
      "jetstream { }" },
    { "limits", AT(limits), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_limits_view_table,
      "jetstream { limits { } }" },
    { "streams", AT(streams), JSON_U64, 0, NULL, "how many" },
    { "streams_leader", AT(streams_leader), JSON_U64, JSON_OMITEMPTY, NULL,
      "those that this server leads; with raft=1" },
    { "consumers", AT(consumers), JSON_U64, 0, NULL, "how many" },
    { "consumers_leader", AT(consumers_leader), JSON_U64, JSON_OMITEMPTY, NULL,
      "those that this server leads; with raft=1" },
    { "messages", AT(messages), JSON_U64, 0, NULL, "stored messages" },
    { "bytes", AT(bytes), JSON_U64, 0, NULL, "stored bytes" },
    { "account_details", AT(accounts), JSON_STRUCTS, JSON_OMITEMPTY, &account_table,
      "with accounts=1 or acc=NAME" },
    { "total", AT(total), JSON_U64, 0, NULL, "accounts that could be listed" },
};
#undef AT
static const struct json_table jsz_table = JSON_TABLE(struct jsz, jsz_fields);
/* clang-format on */

bool jsz_plan(struct request *r)
{
    struct query *q = &r->query;
    struct js_report *js = &r->js;
    bool accounts = query_bool(q, "accounts");
    js->with_streams = query_bool(q, "streams");
    js->with_consumers = query_bool(q, "consumers");
    bool direct = query_bool(q, "direct-consumers");
    js->with_direct = direct && js->with_consumers;     /* beside the others only */
    js->with_configs = query_bool(q, "config");
    bool leader_only = query_bool(q, "leader-only");
    (void)query_bool(q, "stream-leader-only");
    r->shows_leaders = query_bool(q, "raft");
    int64_t offset = query_int(q, "offset"), limit = query_int(q, "limit");
    const char *account = query_text(q, "acc");
    if (leader_only && r->facts->jetstream == NULL) query_fail(q, "filtered response: not leader");
    if (request_failed(r)) return false;
    js->with_streams |= js->with_consumers;
    js->account = account[0] != '\0' ? account : NULL;
    js->with_accounts = accounts || js->with_streams || js->account != NULL;
    js->offset = offset > 0 && js->account == NULL ? (uint32_t)offset : 0;
    js->limit = limit > 0 && limit < UINT32_MAX ? (uint32_t)limit : ACCOUNTS_DEFAULT;
    r->wants_js = true;
    return false;
}

static void fill_stream(struct request *r, const struct js_report_stream *from,
                        struct stream_detail *to)
{
    struct js_cluster_info *cluster = arena_alloc(r->arena, sizeof *cluster);
    cluster->leader = r->core->identity.name;
    *to = (struct stream_detail){
        .name = from->info->config.name,
        .created = from->info->created,
        .cluster = cluster,
        .config = r->js.with_configs ? &from->info->config : NULL,
        .state = &from->info->state,
        .consumers = from->consumers,
        .direct_consumers = from->direct_consumers,
        .mirror = from->info->mirror,
        .sources = from->info->sources,
    };
}

static void fill_account(struct request *r, const struct js_report_account *from,
                         struct account_detail *to)
{
    struct stream_detail *streams = arena_alloc(r->arena,
                                                (from->streams_count + 1) * sizeof *streams);
    for (uint32_t i = 0; i < from->streams_count; i++)
        fill_stream(r, &from->streams[i], &streams[i]);
    *to = (struct account_detail){
        .name = from->name,
        .id = from->name,
        .stats = { .memory = from->memory,
                   .storage = from->store,
                   /* as nats-server: no limit is the largest number */
                   .reserved_memory = (uint64_t)from->limits.memory_max,
                   .reserved_storage = (uint64_t)from->limits.store_max,
                   .api = { .total = from->api_total, .errors = from->api_errors } },
        .streams = { streams, from->streams_count },
    };
}

static void fill(struct request *r, struct jsz *z)
{
    const struct js_report *js = &r->js;
    struct account_detail *accounts = arena_alloc(r->arena,
                                                  (js->accounts_count + 1) * sizeof *accounts);
    for (uint32_t i = 0; i < js->accounts_count; i++)
        fill_account(r, &js->accounts[i], &accounts[i]);
    z->stats = *js_stats_view(r);
    z->config = js_config_view(r);
    z->limits = js_limits_view(r);
    z->streams = js->sums.streams;
    z->consumers = js->sums.consumers;
    z->messages = js->sums.messages;
    z->bytes = js->sums.bytes;
    if (r->shows_leaders) z->streams_leader = js->sums.streams;
    if (r->shows_leaders) z->consumers_leader = js->sums.consumers;
    z->accounts = (struct json_array){ accounts, js->accounts_count };
    z->total = js->sums.accounts;
}

void jsz_serve(struct request *r)
{
    struct js_config_view no_config = { .max_memory = 0 };
    struct jsz z = { .server_id = r->core->identity.id, .now = r->now };
    z.disabled = r->facts->jetstream == NULL;
    if (z.disabled) z.config = &no_config;
    else fill(r, &z);
    request_json(r, &jsz_table, &z);
}
