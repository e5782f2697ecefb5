/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/jsz.h"

#include "monitor/request.h"

/* ---- /jsz ---- */

struct js_api {
    uint64_t level, total, errors;
};

struct js_config {
    int64_t max_memory, max_storage;
};

struct jsz {
    uint64_t memory, storage, reserved_memory, reserved_storage, accounts, ha_assets;
    struct js_api api;
    const char *server_id;
    nanos now;
    bool disabled;
    struct js_config config;
    uint64_t streams, consumers, messages, bytes, total;
};

/* clang-format off */
static const struct json_field js_api_fields[] = {
    { "level", JSON_AT(struct js_api, level), JSON_U64, 0, NULL, "version of the API" },
    { "total", JSON_AT(struct js_api, total), JSON_U64, 0, NULL, "requests" },
    { "errors", JSON_AT(struct js_api, errors), JSON_U64, 0, NULL,
      "requests answered with an error" },
};
static const struct json_table js_api_table = JSON_TABLE(struct js_api, js_api_fields);

static const struct json_field js_config_fields[] = {
    { "max_memory", JSON_AT(struct js_config, max_memory), JSON_I64, 0, NULL,
      "bytes of streams in memory" },
    { "max_storage", JSON_AT(struct js_config, max_storage), JSON_I64, 0, NULL,
      "bytes of streams on disk" },
};
static const struct json_table js_config_table = JSON_TABLE(struct js_config, js_config_fields);

#define AT(field) JSON_AT(struct jsz, field)
static const struct json_field jsz_fields[] = {
    { "memory", AT(memory), JSON_U64, 0, NULL, "bytes of streams in memory" },
    { "storage", AT(storage), JSON_U64, 0, NULL, "bytes of streams on disk" },
    { "reserved_memory", AT(reserved_memory), JSON_U64, 0, NULL, "bytes promised to streams" },
    { "reserved_storage", AT(reserved_storage), JSON_U64, 0, NULL, "bytes promised to streams" },
    { "accounts", AT(accounts), JSON_U64, 0, NULL, "accounts that may have streams" },
    { "ha_assets", AT(ha_assets), JSON_U64, 0, NULL, "replicated streams and consumers" },
    { "api", AT(api), JSON_STRUCT, 0, &js_api_table, "requests to the API" },
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    { "disabled", AT(disabled), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "JetStream is off" },
    { "config", AT(config), JSON_STRUCT, 0, &js_config_table, "its limits" },
    { "streams", AT(streams), JSON_U64, 0, NULL, "how many" },
    { "consumers", AT(consumers), JSON_U64, 0, NULL, "how many" },
    { "messages", AT(messages), JSON_U64, 0, NULL, "stored messages" },
    { "bytes", AT(bytes), JSON_U64, 0, NULL, "stored bytes" },
    { "total", AT(total), JSON_U64, 0, NULL, "accounts that could be listed" },
};
#undef AT
static const struct json_table jsz_table = JSON_TABLE(struct jsz, jsz_fields);
/* clang-format on */

void jsz_serve(struct request *r)
{
    static const char *const flags[] = { "accounts",          "streams", "consumers",
                                         "direct-consumers",  "config",  "raft",
                                         "stream-leader-only" };
    struct query *q = &r->query;
    for (uint32_t i = 0; i < ARRAY_COUNT(flags); i++) (void)query_bool(q, flags[i]);
    bool leader_only = query_bool(q, "leader-only");
    (void)query_int(q, "offset");
    (void)query_int(q, "limit");
    if (leader_only) query_fail(q, "filtered response: not leader");
    if (request_failed(r)) return;
    struct jsz z = { .server_id = r->core->identity.id, .now = r->now, .disabled = true };
    request_json(r, &jsz_table, &z);
}

/* ---- /healthz ---- */

struct health_error {
    const char *type;
    const char *error;
};

struct health {
    const char *status;
    const char *error;
    struct json_array errors;
};

/* clang-format off */
static const struct json_field health_error_fields[] = {
    { "type", JSON_AT(struct health_error, type), JSON_TEXT, 0, NULL,
      "CONNECTION, BAD_REQUEST, JETSTREAM, ACCOUNT, STREAM or CONSUMER" },
    { "error", JSON_AT(struct health_error, error), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "what is wrong" },
};
static const struct json_table health_error_table =
    JSON_TABLE(struct health_error, health_error_fields);

static const struct json_field health_fields[] = {
    { "status", JSON_AT(struct health, status), JSON_TEXT, 0, NULL, "ok, unavailable or error" },
    { "error", JSON_AT(struct health, error), JSON_TEXT, JSON_OMITEMPTY, NULL, "what is wrong" },
    { "errors", JSON_AT(struct health, errors), JSON_STRUCTS, JSON_OMITEMPTY, &health_error_table,
      "with details=1: all that is wrong" },
};
static const struct json_table health_table = JSON_TABLE(struct health, health_fields);
/* clang-format on */

struct verdict {
    int code;
    const char *status;
    const char *type;
    const char *error;
};

/* A probe that asks for JetStream is not told that all is well when it is configured and
 * missing. */
static struct verdict judge(struct request *r, bool asks_for_js)
{
    bool account = query_text(&r->query, "account")[0] != '\0';
    bool stream = query_text(&r->query, "stream")[0] != '\0';
    bool consumer = query_text(&r->query, "consumer")[0] != '\0';
    if (stream && !account)
        return (struct verdict){ 400, "error", "BAD_REQUEST",
                                 "\"account\" must not be empty when checking stream health" };
    if (consumer && !stream)
        return (struct verdict){ 400, "error", "BAD_REQUEST",
                                 "\"stream\" must not be empty when checking consumer health" };
    if ((asks_for_js || account) && r->facts->options->jetstream.enabled)
        return (struct verdict){ 503, "unavailable", "JETSTREAM", "JetStream is not served" };
    return (struct verdict){ .code = 200, .status = "ok" };
}

void healthz_serve(struct request *r)
{
    static const char *const js_flags[] = { "js-enabled", "js-enabled-only", "js-server-only",
                                            "js-meta-only" };
    bool asks_for_js = false;
    for (uint32_t i = 0; i < ARRAY_COUNT(js_flags); i++)
        if (query_bool(&r->query, js_flags[i])) asks_for_js = true;
    bool details = query_bool(&r->query, "details");
    if (request_failed(r)) return;

    struct verdict v = judge(r, asks_for_js);
    struct health_error error = { v.type, v.error };
    struct health z = { .status = v.status };
    if (details) z.errors = (struct json_array){ &error, v.error != NULL ? 1 : 0 };
    else z.error = v.error;
    if (details && v.error != NULL) z.status = "error";
    struct buf body = { 0 };
    struct json_writer w = json_writer_on(&body, JSON_COMPACT);
    json_table_write(&health_table, &z, &w);
    request_json_body(r, v.code, &body);
}
