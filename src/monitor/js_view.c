/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/js_view.h"

#include "base/assert.h"
#include "config/path.h"
#include "monitor/request.h"
#include "stream/limits.h"

/* clang-format off */
#define AT(field) JSON_AT(struct js_stats_view, field)
static const struct json_field stats_fields[] = {
    { "memory", AT(memory), JSON_U64, 0, NULL, "bytes of streams in memory" },
    { "storage", AT(storage), JSON_U64, 0, NULL, "bytes of streams on disk" },
    { "reserved_memory", AT(reserved_memory), JSON_U64, 0, NULL, "bytes promised to streams" },
    { "reserved_storage", AT(reserved_storage), JSON_U64, 0, NULL, "bytes promised to streams" },
    { "accounts", AT(accounts), JSON_U64, 0, NULL, "accounts that may have streams" },
    { "ha_assets", AT(ha_assets), JSON_U64, 0, NULL, "replicated streams and consumers" },
    { "api", AT(api), JSON_STRUCT, 0, &js_api_stats_table, "requests to the API" },
};
#undef AT
const struct json_table js_stats_view_table = JSON_TABLE(struct js_stats_view, stats_fields);

#define AT(field) JSON_AT(struct js_config_view, field)
static const struct json_field config_fields[] = {
    { "max_memory", AT(max_memory), JSON_I64, 0, NULL, "bytes of streams in memory" },
    { "max_storage", AT(max_storage), JSON_I64, 0, NULL, "bytes of streams on disk" },
    { "store_dir", AT(store_dir), JSON_TEXT, JSON_OMITEMPTY, NULL, "where they are" },
    { "sync_interval", AT(sync_interval), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "time between syncs to disk" },
    { "sync_always", AT(sync_always), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "synced before each answer" },
    { "domain", AT(domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "domain" },
    { "compress_ok", AT(compress_ok), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "replicas may be sent compressed" },
    { "unique_tag", AT(unique_tag), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "replicas differ in the tag with this prefix" },
    { "strict", AT(strict), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "unknown fields of requests are refused" },
};
#undef AT
const struct json_table js_config_view_table = JSON_TABLE(struct js_config_view, config_fields);

#define AT(field) JSON_AT(struct js_limits_view, field)
#define LIMIT(key, field, kind, text) { key, AT(field), kind, JSON_OMITEMPTY, NULL, text }
static const struct json_field limits_fields[] = {
    LIMIT("max_request_batch", request_batch, JSON_I64, "largest batch of a pull"),
    LIMIT("max_ack_pending", ack_pending, JSON_I64, "largest max_ack_pending of a consumer"),
    LIMIT("max_ha_assets", ha_assets, JSON_I64, "replicated streams and consumers"),
    LIMIT("max_duplicate_window", duplicate_window, JSON_NANOS, "largest duplicate window"),
    LIMIT("max_batch_inflight_per_stream", batch_inflight_per_stream, JSON_I64,
          "batches under way in a stream"),
    LIMIT("max_batch_inflight_total", batch_inflight_total, JSON_I64,
          "batches under way in all"),
    LIMIT("max_batch_size", batch_size, JSON_I64, "messages of a batch"),
    LIMIT("max_batch_timeout", batch_timeout, JSON_NANOS, "between two messages of a batch"),
    LIMIT("default_max_consumers", default_consumers, JSON_I64,
          "consumers of a stream that has no limit of its own"),
};
#undef LIMIT
#undef AT
const struct json_table js_limits_view_table = JSON_TABLE(struct js_limits_view, limits_fields);
/* clang-format on */

struct js_stats_view *js_stats_view(struct request *r)
{
    const struct js_report_sums *s = &r->js.sums;
    struct js_stats_view *v = arena_alloc(r->arena, sizeof *v);
    *v = (struct js_stats_view){
        .memory = s->memory,
        .storage = s->store,
        .reserved_memory = s->memory_reserved,
        .reserved_storage = s->store_reserved,
        .accounts = s->accounts,
        .api = { JS_API_LEVEL, s->api_total, s->api_errors, s->api_inflight },
    };
    return v;
}

/* What nats-server calls its default: synced now and then. Here that means before each answer. */
static const nanos SYNC_DEFAULT = 2 * MINUTE;

struct js_config_view *js_config_view(struct request *r)
{
    const struct jetstream_options *o = &r->facts->options->jetstream;
    struct js_config_view *v = arena_alloc(r->arena, sizeof *v);
    const char *dir = r->js.sums.directory;
    bool is_lazy = o->sync_present && !o->sync_always && o->sync_interval > 0;
    assert(r->facts->jetstream != NULL);
    *v = (struct js_config_view){
        .max_memory = r->js.sums.limits.memory_max,
        .max_storage = r->js.sums.limits.store_max,
        .store_dir = dir == NULL ? NULL : path_clean(r->arena, dir),
        .sync_interval = is_lazy ? o->sync_interval : SYNC_DEFAULT,
        .sync_always = !is_lazy,
        .domain = o->domain,
        .compress_ok = true,
        .unique_tag = o->unique_tag,
        .strict = o->strict,
    };
    return v;
}

struct js_limits_view *js_limits_view(struct request *r)
{
    const struct js_limit_options *o = &r->facts->options->jetstream.limits;
    struct js_limits_view *v = arena_alloc(r->arena, sizeof *v);
    *v = (struct js_limits_view){
        .request_batch = o->request_batch_max,
        .ack_pending = o->ack_pending_max,
        .ha_assets = o->ha_assets_max,
        .duplicate_window = o->duplicate_window,
        .batch_inflight_per_stream = o->batch_inflight_per_stream_max,
        .batch_inflight_total = o->batch_inflight_total_max,
        .batch_size = o->batch_msgs_max,
        .batch_timeout = o->batch_timeout,
        .default_consumers = r->js.sums.limits.consumers_default_max,
    };
    return v;
}
