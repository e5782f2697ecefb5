/* SPDX-License-Identifier: Apache-2.0 */
/* The keys at the top of a configuration, and midge's own block. */
#include "base/assert.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "crypto/nkey.h"
#include "json/gotime.h"

/* --- keys with rules of their own --- */

static void listen_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    (void)load_listen(l, f->value, &o->client);
}

/* http and https: a host given here is the host of monitoring. */
static void monitor_listen(struct loader *l, const struct field *f, int32_t *ret_port)
{
    struct options *o = f->into;
    struct listen_options listen = { .host = o->monitoring.host, .port = *ret_port };
    if (!load_listen(l, f->value, &listen)) return;
    o->monitoring.host = listen.host;
    *ret_port = listen.port;
}

static void http_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    monitor_listen(l, f, &o->monitoring.http_port);
}

static void https_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    monitor_listen(l, f, &o->monitoring.https_port);
}

static void server_name_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    const char *name;
    if (!load_text(l, f->value, &name)) return;
    if (strchr(name, ' ') != NULL)
        load_error(l, f->value->pos, "server name cannot contain spaces");
    else o->server_name = name[0] == '\0' ? NULL : name;
}

/* An integer that must fit the 31 bits which nats-server gives it. */
static void int31_read(struct loader *l, const struct field *f)
{
    int64_t value;
    if (!load_integer(l, f->value, &value)) return;
    if (value > INT32_MAX) {
        struct slice rest = slice_str(f->row->names), name;
        (void)slice_cut(&rest, ' ', &name);
        load_error(l, f->value->pos, "%.*s value is too big", SLICE_ARGS(name));
        return;
    }
    *(int64_t *)(void *)((char *)f->into + f->row->offset) = value;
}

static void max_sub_tokens_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    int64_t value;
    if (!load_integer(l, f->value, &value)) return;
    if (value > UINT8_MAX) load_error(l, f->value->pos, "%s value is too big", f->name);
    else if (value <= 0) load_error(l, f->value->pos, "%s value can not be negative", f->name);
    else o->limits.max_sub_tokens = value;
}

/* Not "0 = default" but "0 = nobody". */
static void max_connections_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    int64_t value;
    if (load_integer(l, f->value, &value)) o->limits.max_connections = value <= 0 ? -1 : value;
}

static void lame_duck_duration_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    nanos d;
    char text[GOTIME_TEXT_SIZE];
    if (!load_duration_text(l, "error parsing lame_duck_duration: ", f->value, &d)) return;
    if (d < 30 * SECOND)
        load_error(l, f->value->pos, "invalid lame_duck_duration of %s, minimum is 30 seconds",
                   gotime_duration_text(d, text));
    else o->lame_duck_duration = d;
}

static void lame_duck_grace_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    nanos d;
    if (!load_duration_text(l, "error parsing lame_duck_grace_period: ", f->value, &d)) return;
    if (d < 0) load_error(l, f->value->pos, "invalid lame_duck_grace_period, needs to be positive");
    else o->lame_duck_grace_period = d;
}

static bool list_has(const struct string_list *list, const char *text)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0) return true;
    return false;
}

/* A set: lower case, without blanks around and without repeats. */
static void tags_add(struct loader *l, struct string_list *tags, struct slice text)
{
    const char *tag = load_lower(l->arena, slice_trim(text));
    if (tag[0] == '\0' || list_has(tags, tag)) return;
    void *items = tags->items;
    const char **item = arena_push(l->arena, &items, &tags->count, sizeof(*item));
    tags->items = items;
    *item = tag;
}

static void server_tags_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    struct string_list tags = { .present = true };
    const struct value *v = f->value;
    if (v->kind == VALUE_TEXT) {
        tags_add(l, &tags, v->text);
    } else if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, "error parsing tags: unsupported type %s", value_type_name(v));
        return;
    }
    for (uint32_t i = 0; v->kind == VALUE_ARRAY && i < v->array.count; i++) {
        if (v->array.items[i]->kind != VALUE_TEXT) {
            load_error(l, v->pos,
                       "error parsing tags: unsupported type *conf.token where string is expected");
            return;
        }
        tags_add(l, &tags, v->array.items[i]->text);
    }
    o->server_tags = tags;
}

/* A map of texts; `wrong` is the message for what is no map, before the type. */
static void pairs_read(struct loader *l, const struct field *f, const char *wrong,
                       struct pair_list *ret_pairs)
{
    const struct value *v = f->value;
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "%s: unsupported type %s", wrong, value_type_name(v));
        return;
    }
    struct pair_list pairs = { .present = true };
    for (uint32_t i = 0; i < v->map.count; i++) {
        const char *text;
        if (!load_text(l, v->map.items[i].value, &text)) continue;
        void *items = pairs.items;
        struct string_pair *pair = arena_push(l->arena, &items, &pairs.count, sizeof(*pair));
        pairs.items = items;
        *pair = (struct string_pair){ (const char *)v->map.items[i].key.ptr, text };
    }
    *ret_pairs = pairs;
}

static void server_metadata_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    pairs_read(l, f, "error parsing metadata", &o->server_metadata);
}

static void default_js_domain_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    l->type_pos = f->value->pos;
    pairs_read(l, f, "error default_js_domain config", &o->default_js_domain);
    l->type_pos.line = 0;
}

static void feature_flags_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "error parsing feature flags: unsupported type %s",
                   value_type_name(v));
        return;
    }
    for (uint32_t i = 0; i < v->map.count; i++) {
        const struct value_member *m = &v->map.items[i];
        if (m->value->kind != VALUE_BOOL) {
            load_error(l, m->value->pos, "error parsing feature flag %s: expected bool, got %s",
                       load_quote(l, (const char *)m->key.ptr), value_type_name(m->value));
            continue;
        }
        void *items = o->feature_flags;
        struct feature_flag *flag = arena_push(l->arena, &items, &o->feature_flags_count,
                                               sizeof(*flag));
        o->feature_flags = items;
        *flag = (struct feature_flag){ (const char *)m->key.ptr, m->value->boolean };
    }
}

/* nats-server looks for these two exactly as written here, so that SYSTEM_ACCOUNT is known but
 * without effect. */
static void system_account_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    const struct value *root = o->values;
    bool exact = value_map_find(root, SLICE_LIT("system_account")) == f->value ||
                 value_map_find(root, SLICE_LIT("system")) == f->value;
    if (!exact) return;
    if (f->value->kind != VALUE_TEXT)
        load_error(l, f->value->pos, "system account name must be a string");
    else o->system_account = value_text(f->value);
}

/* --- proxies { trusted: [ { key: U... } ] } --- */

static void proxy_key_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    const char *key;
    struct nkey unused;
    if (!load_text(l, f->value, &key)) return;
    if (!nkey_decode(slice_str(key), &unused)) {
        load_error(l, f->value->pos, "invalid proxy key %s", load_quote(l, key));
        return;
    }
    void *items = o->proxies.trusted.items;
    const char **item = arena_push(l->arena, &items, &o->proxies.trusted.count, sizeof(*item));
    o->proxies.trusted.items = items;
    *item = key;
}

/* clang-format off */
static const struct option_row trusted_proxy_rows[] = {
    { "key public_key", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "public nkey of the proxy", .read = proxy_key_read },
};
/* clang-format on */
static const struct option_block trusted_proxy_block = { OPT_BLOCK("trusted", trusted_proxy_rows) };

static void proxies_trusted_read(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, "expected proxies' trusted field to be an array, got %s",
                   value_type_name(v));
        return;
    }
    o->proxies.trusted = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        if (item->kind == VALUE_MAP) (void)load_block(l, &trusted_proxy_block, item, o);
        else
            load_error(l, item->pos, "expected proxies' trusted entry to be a map/struct, got %s",
                       value_type_name(item));
    }
}

/* clang-format off */
static const struct option_row proxies_rows[] = {
    { "trusted", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "proxies whose word counts", .read = proxies_trusted_read,
      .block = &trusted_proxy_block },
};
/* clang-format on */
static const struct option_block proxies_block = { OPT_BLOCK("proxies", proxies_rows) };

void load_proxies(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "expected proxies to be a map/struct, got %s",
                   value_type_name(f->value));
        return;
    }
    o->proxies.pos = f->value->pos;
    (void)load_block(l, &proxies_block, f->value, o);
}

/* --- midge { } --- */

static void metrics_style_read(struct loader *l, const struct field *f)
{
    static const char *const names[] = {
        [METRICS_HELM] = "helm",
        [METRICS_EXPORTER] = "exporter",
        [METRICS_SURVEYOR] = "surveyor",
    };
    struct midge_options *m = f->into;
    const char *text;
    if (!load_text(l, f->value, &text)) return;
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(text, names[i]) != 0) continue;
        m->metrics_style = (enum metrics_style)i;
        return;
    }
    load_error(l, f->value->pos, "metrics_style must be 'helm', 'exporter' or 'surveyor'");
}

enum { REACTORS_MAX = 8 };

static void reactors_read(struct loader *l, const struct field *f)
{
    struct midge_options *m = f->into;
    int64_t count;
    if (!load_integer(l, f->value, &count)) return;
    if (count < 0 || count > REACTORS_MAX)
        load_error(l, f->value->pos, "reactors must be 0 (automatic) to %d", REACTORS_MAX);
    else m->reactors = (int32_t)count;
}

static void size_read(struct loader *l, const struct field *f)
{
    int64_t bytes;
    if (!load_integer(l, f->value, &bytes)) return;
    if (bytes < 0) load_error(l, f->value->pos, "%s can not be negative", f->name);
    else *(int64_t *)(void *)((char *)f->into + f->row->offset) = bytes;
}

/* clang-format off */
#define AT(field) OPT_AT(struct midge_options, field)
static const struct option_row midge_rows[] = {
    { "reactors", OPT_CUSTOM, AT(reactors), RELOAD_NO,
      .help = "threads that serve connections, 1 to 8; 0 (automatic)",
      .read = reactors_read, .holds = OPT_I32 },
    { "store_cache", OPT_CUSTOM, AT(store_cache), RELOAD_NO,
      .help = "bytes of unwritten data and block cache; 256MB",
      .read = size_read, .holds = OPT_I64 },
    { "metrics_style", OPT_CUSTOM, AT(metrics_style), RELOAD_NO,
      .help = "names in /metrics: helm, exporter or surveyor; helm", .read = metrics_style_read },
    { "http_user", OPT_TEXT, AT(http_user), RELOAD_NO,
      .help = "user that the monitoring port demands; none" },
    { "http_password", OPT_TEXT, AT(http_password), RELOAD_NO,
      .help = "its password, plain or bcrypt; none", .is_secret = true },
    { "memory_limit", OPT_CUSTOM, AT(memory_limit), RELOAD_NO,
      .help = "bytes that connections may take, with what waits for them or from them, their "
              "subscriptions and TLS (not bodies of 4 KB and more that several receivers share), "
              "an equal part of it for each reactor; 0 (no limit)",
          .read = size_read, .holds = OPT_I64 },
    { "max_unauthenticated_per_address", OPT_CUSTOM, AT(max_unauthenticated_per_address),
      RELOAD_YES,
      .help = "connections of one address that have not logged in yet, 0 allows any number; 16384",
          .read = size_read, .holds = OPT_I64 },
};
#undef AT
/* clang-format on */
const struct option_block midge_block = { OPT_BLOCK("midge", midge_rows) };

void load_midge(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected midge to be a map, got %s",
                   value_type_name(f->value));
        return;
    }
    (void)load_block(l, &midge_block, f->value, &o->midge);
    if ((o->midge.http_user == NULL) != (o->midge.http_password == NULL))
        load_error(l, f->value->pos, "http_user and http_password must be given together");
}

/* --- the table --- */

/* clang-format off */
#define AT(field) OPT_AT(struct options, field)
#define CUSTOM(reader) .read = reader
static const struct option_row top_rows[] = {
    { "listen", OPT_CUSTOM, AT(client), RELOAD_NO,
      .help = "\"host:port\" or port of the client listener", CUSTOM(listen_read),
          .holds = OPT_COVERED },
    { "port", OPT_I32, AT(client.port), RELOAD_NO,
      .help = "client port, -1 for a random one; 4222", .go_name = "Port" },
    { "host net", OPT_TEXT, AT(client.host), RELOAD_NO,
      .help = "address of the client listener; 0.0.0.0", .go_name = "Host" },
    { "client_advertise", OPT_TEXT, AT(client.advertise), RELOAD_YES,
      .help = "host[:port] told to clients and servers",
      .go_name = "ClientAdvertise" },
    { "server_name", OPT_CUSTOM, AT(server_name), RELOAD_NO,
      .help = "unique name without spaces; the server's id",
      CUSTOM(server_name_read), .go_name = "ServerName", .holds = OPT_TEXT },
    { "debug", OPT_BOOL, AT(logging.debug), RELOAD_YES,
      .help = "debug lines in the log; false", .go_name = "Debug" },
    { "trace", OPT_BOOL, AT(logging.trace), RELOAD_YES,
      .help = "trace of the protocol; false", .go_name = "Trace" },
    { "trace_verbose", OPT_BOOL, AT(logging.trace_verbose), RELOAD_YES,
      .help = "trace of the system account too; false",
      .go_name = "TraceVerbose" },
    { "trace_headers", OPT_BOOL, AT(logging.trace_headers), RELOAD_YES,
      .help = "trace headers instead of payloads; false",
      .go_name = "TraceHeaders" },
    { "logtime", OPT_BOOL, AT(logging.logtime), RELOAD_YES,
      .help = "time stamps in the log; true", .go_name = "Logtime" },
    { "logtime_utc", OPT_BOOL, AT(logging.logtime_utc), RELOAD_YES,
      .help = "time stamps in UTC; false",
      .go_name = "LogtimeUTC" },
    { "logfile log_file", OPT_TEXT, AT(logging.file), RELOAD_YES,
      .help = "log to this file; stderr", .go_name = "LogFile" },
    { "logfile_size_limit log_size_limit", OPT_I64, AT(logging.size_limit), RELOAD_NO,
      .help = "rotate the log when larger, bytes; 0 (never)", .go_name = "LogSizeLimit" },
    { "logfile_max_num log_max_num", OPT_I64, AT(logging.files_max), RELOAD_NO,
      .help = "log files kept, the current one included; 0 (all)", .go_name = "LogMaxFiles" },
    { "syslog", OPT_TRI, AT(logging.syslog), RELOAD_YES,
      .help = "log to the local syslog; false", .go_name = "Syslog" },
    { "remote_syslog", OPT_TEXT, AT(logging.remote_syslog), RELOAD_YES,
      .help = "udp://, tcp:// or unix:// syslog",
      .go_name = "RemoteSyslog" },
    { "pidfile pid_file", OPT_TEXT, AT(pid_file), RELOAD_YES,
      .help = "file with the process id", .go_name = "PidFile" },
    { "ports_file_dir", OPT_TEXT, AT(ports_file_dir), RELOAD_YES,
      .help = "directory of the file that lists the ports",
      .go_name = "PortsFileDir" },
    { "prof_port", OPT_I32, AT(prof_port), RELOAD_NO,
      .help = "accepted, not served; 0", .go_name = "ProfPort" },
    { "prof_block_rate", OPT_I32, AT(prof_block_rate), RELOAD_YES,
      .help = "accepted, not served; 0",
      .go_name = "ProfBlockRate" },
    { "http", OPT_CUSTOM, AT(monitoring.host), RELOAD_NO,
      .help = "\"host:port\" or port of monitoring", CUSTOM(http_read), .holds = OPT_TEXT,
          .go_name = "HTTPHost" },
    { "https", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "\"host:port\" or port of monitoring over TLS", CUSTOM(https_read),
          .holds = OPT_COVERED },
    { "http_port monitor_port", OPT_I32, AT(monitoring.http_port), RELOAD_NO,
      .help = "port of monitoring; 0 (off)",
      .go_name = "HTTPPort" },
    { "https_port", OPT_I32, AT(monitoring.https_port), RELOAD_NO,
      .help = "port of monitoring over TLS; 0 (off)",
      .go_name = "HTTPSPort" },
    { "http_base_path", OPT_TEXT, AT(monitoring.http_base_path), RELOAD_NO,
      .help = "prefix of all monitoring paths; /",
      .go_name = "HTTPBasePath" },
    { "mappings maps", OPT_CUSTOM, AT(mappings), RELOAD_YES,
      .help = "subject mappings of the account $G", CUSTOM(load_mappings) },
    { "disable_sublist_cache no_sublist_cache", OPT_BOOL, AT(no_sublist_cache), RELOAD_NO,
      .help = "accepted, there is nothing to disable; false", .go_name = "NoSublistCache" },
    { "accounts", OPT_CUSTOM, AT(accounts), RELOAD_YES,
      .help = "accounts by name", CUSTOM(load_accounts),
      .block = &account_block },
    { "default_sentinel", OPT_TEXT, AT(trust.default_sentinel), RELOAD_YES,
      .help = "bearer JWT of clients that give no credentials", .go_name = "DefaultSentinel" },
    { "authorization", OPT_CUSTOM, AT(authorization), RELOAD_YES,
      .help = "who may connect", CUSTOM(load_authorization),
      .block = &authorization_block },
    { "cluster", OPT_CUSTOM, AT(cluster), RELOAD_PARTS,
      .help = "routes to servers of the same cluster", CUSTOM(load_cluster),
      .block = &cluster_block },
    { "gateway", OPT_CUSTOM, AT(gateway), RELOAD_PARTS,
      .help = "gateways to other clusters", CUSTOM(load_gateway),
      .block = &gateway_block },
    { "leafnodes leaf", OPT_CUSTOM, AT(leafnodes), RELOAD_PARTS,
      .help = "leaf nodes, taken in and dialled",
      CUSTOM(load_leafnodes), .block = &leafnode_block },
    { "websocket ws", OPT_CUSTOM, AT(websocket), RELOAD_PARTS,
      .help = "listener for WebSocket clients",
      CUSTOM(load_websocket), .block = &websocket_block },
    { "mqtt", OPT_CUSTOM, AT(mqtt), RELOAD_PARTS,
      .help = "listener for MQTT clients", CUSTOM(load_mqtt), .block = &mqtt_block },
    { "jetstream", OPT_CUSTOM, AT(jetstream), RELOAD_PARTS,
      .help = "streams: a bool, enabled, disabled or a block",
      CUSTOM(load_jetstream), .block = &jetstream_block },
    { "store_dir storedir", OPT_CUSTOM, AT(jetstream.store_dir), RELOAD_YES,
      .help = "where streams are kept",
      CUSTOM(load_store_dir), .go_name = "StoreDir", .holds = OPT_TEXT },
    { "max_control_line", OPT_CUSTOM, AT(limits.max_control_line), RELOAD_YES,
      .help = "bytes of a protocol line; 4096",
      CUSTOM(int31_read), .go_name = "MaxControlLine", .holds = OPT_I64 },
    { "max_payload", OPT_CUSTOM, AT(limits.max_payload), RELOAD_YES,
      .help = "bytes of a message with its headers; 1MB",
      CUSTOM(int31_read), .go_name = "MaxPayload", .holds = OPT_I64 },
    { "max_pending", OPT_I64, AT(limits.max_pending), RELOAD_NO,
      .help = "bytes that may wait for one client; 64MB",
      .go_name = "MaxPending" },
    { "max_connections max_conn", OPT_CUSTOM, AT(limits.max_connections), RELOAD_YES,
      .help = "clients at a time, 0 refuses all; 65536", CUSTOM(max_connections_read),
          .go_name = "MaxConn", .holds = OPT_I64 },
    { "max_subscriptions max_subs", OPT_I64, AT(limits.max_subscriptions), RELOAD_NO,
      .help = "subscriptions of a connection; 0 (no limit)", .go_name = "MaxSubs" },
    { "max_sub_tokens max_subscription_tokens", OPT_CUSTOM, AT(limits.max_sub_tokens), RELOAD_NO,
      .help = "tokens in a subscription's subject; 0 (no limit)", CUSTOM(max_sub_tokens_read),
          .go_name = "MaxSubTokens", .holds = OPT_I64 },
    { "max_traced_msg_len", OPT_I64, AT(logging.traced_msg_len_max), RELOAD_YES,
      .help = "bytes of a payload in a trace; 0 (all)", .go_name = "MaxTracedMsgLen" },
    { "max_closed_clients", OPT_I64, AT(limits.max_closed_clients), RELOAD_NO,
      .help = "closed connections remembered for /connz; 10000", .go_name = "MaxClosedClients" },
    { "ping_interval", OPT_DURATION, AT(ping_interval), RELOAD_YES,
      .help = "time between PINGs; 2m", .go_name = "PingInterval" },
    { "ping_max", OPT_I32, AT(ping_max), RELOAD_YES,
      .help = "PINGs without an answer before the end; 2",
      .go_name = "MaxPingsOut" },
    { "write_deadline", OPT_DURATION, AT(write_deadline), RELOAD_YES,
      .help = "time that a write may take; 10s",
      .go_name = "WriteDeadline" },
    { "write_timeout", OPT_WRITE_TIMEOUT, AT(write_timeout), RELOAD_NO,
      .help = "what a late write means: default, close or retry; default",
          .go_name = "WriteTimeout" },
    { "lame_duck_duration", OPT_CUSTOM, AT(lame_duck_duration), RELOAD_NO,
      .help = "time over which a lame duck sends its clients away; 2m",
          CUSTOM(lame_duck_duration_read),
      .go_name = "LameDuckDuration", .holds = OPT_DURATION },
    { "lame_duck_grace_period", OPT_CUSTOM, AT(lame_duck_grace_period), RELOAD_NO,
      .help = "time before the first has to go; 10s", CUSTOM(lame_duck_grace_read),
          .go_name = "LameDuckGracePeriod", .holds = OPT_DURATION },
    { "no_auth_user", OPT_TEXT, AT(no_auth_user), RELOAD_NO,
      .help = "user of clients without credentials",
      .go_name = "NoAuthUser" },
    { "system_account system", OPT_CUSTOM, AT(system_account), RELOAD_NO,
      .help = "the system account; $SYS",
      CUSTOM(system_account_read), .go_name = "SystemAccount", .holds = OPT_TEXT },
    { "no_system_account no_system no_sys_acc", OPT_BOOL, AT(no_system_account), RELOAD_NO,
      .help = "do not create a system account; false", .go_name = "NoSystemAccount" },
    { "no_header_support", OPT_BOOL, AT(no_header_support), RELOAD_NO,
      .help = "refuse message headers; false",
      .go_name = "NoHeaderSupport" },
    { "allow_non_tls", OPT_BOOL, AT(allow_non_tls), RELOAD_NO,
      .help = "accept plain clients beside TLS ones; false",
      .go_name = "AllowNonTLS" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_PARTS,
      .help = "TLS of clients", CUSTOM(load_tls), .block = &tls_block },
    { "ocsp", OPT_CUSTOM, AT(ocsp), RELOAD_YES,
      .help = "stapling of certificate status", CUSTOM(load_ocsp) },
    { "ocsp_cache", OPT_CUSTOM, AT(ocsp), RELOAD_YES,
      .help = "cache of certificate status", CUSTOM(load_ocsp_cache) },
    { "operator operators root roots root_operator root_operators", OPT_CUSTOM, AT(trust.operators),
      RELOAD_NO,
      .help = "JWTs of trusted operators", CUSTOM(load_operators), .go_name = "TrustedOperators" },
    { "resolver account_resolver accounts_resolver", OPT_CUSTOM, AT(resolver), RELOAD_YES,
      .help = "where account JWTs come from", CUSTOM(load_resolver), .block = &resolver_block },
    { "resolver_tls", OPT_CUSTOM, AT(resolver.tls), RELOAD_YES,
      .help = "TLS of a resolver's URL", CUSTOM(load_tls),
      .block = &tls_block },
    { "resolver_preload", OPT_CUSTOM, AT(resolver.preload), RELOAD_YES,
      .help = "account JWTs by key",
      CUSTOM(load_resolver_preload) },
    { "resolver_pinned_accounts", OPT_TEXTS, AT(resolver.pinned_accounts), RELOAD_YES,
      .help = "only these accounts may log in", .what = "resolver_pinned_accounts" },
    { "trusted trusted_keys", OPT_CUSTOM, AT(trust.trusted_keys), RELOAD_NO,
      .help = "public keys of trusted operators",
      CUSTOM(load_trusted_keys), .go_name = "TrustedKeys" },
    { "connect_error_reports", OPT_I32, AT(connect_error_reports), RELOAD_YES,
      .help = "log every n-th failure to reach a server; 3600", .go_name = "ConnectErrorReports" },
    { "reconnect_error_reports", OPT_I32, AT(reconnect_error_reports), RELOAD_YES,
      .help = "log every n-th failure to reach it again; 1", .go_name = "ReconnectErrorReports" },
    { "server_tags", OPT_CUSTOM, AT(server_tags), RELOAD_YES,
      .help = "tags of this server", CUSTOM(server_tags_read) },
    { "server_metadata", OPT_CUSTOM, AT(server_metadata), RELOAD_YES,
      .help = "metadata shown in monitoring",
      CUSTOM(server_metadata_read) },
    { "feature_flags", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "features to turn on or off", CUSTOM(feature_flags_read),
      .go_name = "FeatureFlags" },
    { "default_js_domain", OPT_CUSTOM, AT(default_js_domain), RELOAD_NO,
      .help = "JetStream domain of an account",
      CUSTOM(default_js_domain_read), .go_name = "JsAccDefaultDomain" },
    { "no_fast_producer_stall", OPT_BOOL, AT(no_fast_producer_stall), RELOAD_YES,
      .help = "do not hold fast producers for slow consumers; false",
          .go_name = "NoFastProducerStall" },
    { "proxy_protocol", OPT_BOOL, AT(proxy_protocol), RELOAD_NO,
      .help = "demand a PROXY header of each client; false",
      .go_name = "ProxyProtocol" },
    { "proxies", OPT_CUSTOM, AT(proxies), RELOAD_YES,
      .help = "trusted proxies", CUSTOM(load_proxies), .block = &proxies_block },
    { "midge", OPT_CUSTOM, AT(midge), RELOAD_PARTS,
      .help = "what nats-server does not have", CUSTOM(load_midge),
      .block = &midge_block },
};
#undef AT
/* clang-format on */
const struct option_block top_block = { OPT_BLOCK("", top_rows) };

void load_check(struct loader *l)
{
    const struct options *o = l->options;
    const struct auth_callout_options *callout = &o->authorization.auth_callout;
    for (uint32_t i = 0; callout->present && i < callout->allowed_accounts.count; i++) {
        const char *name = callout->allowed_accounts.items[i];
        if (strcmp(name, "$G") != 0 && options_account(o, name) == NULL)
            load_error_nowhere(l,
                               "auth_callout allowed account %s not found in configured accounts",
                               load_quote(l, name));
    }
}
