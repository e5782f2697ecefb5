/* SPDX-License-Identifier: Apache-2.0 */
/* websocket { } and mqtt { }. */
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"

/* --- websocket --- */

static void handshake_timeout_read(struct loader *l, const struct field *f)
{
    struct websocket_options *w = f->into;
    const struct value *v = f->value;
    if (v->kind == VALUE_INTEGER) w->handshake_timeout = v->integer * SECOND;
    else if (v->kind != VALUE_TEXT)
        load_error(l, v->pos, "error parsing handshake timeout: unsupported type %s",
                   value_type_name(v));
    else if (gotime_duration_parse(v->text, &w->handshake_timeout) != ERR_OK)
        load_error(l, v->pos, "%s", load_duration_error(l, value_text(v)));
}

static void headers_read(struct loader *l, const struct field *f)
{
    struct websocket_options *w = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "error parsing headers: unsupported type %s", value_type_name(v));
        return;
    }
    w->headers = (struct pair_list){ .present = true };
    for (uint32_t i = 0; i < v->map.count; i++) {
        const struct value_member *m = &v->map.items[i];
        if (m->value->kind != VALUE_TEXT) {
            load_error(l, m->value->pos, "error parsing header key %s: unsupported type %s",
                       (const char *)m->key.ptr, value_type_name(m->value));
            continue;
        }
        void *items = w->headers.items;
        struct string_pair *pair = arena_push(l->arena, &items, &w->headers.count, sizeof(*pair));
        w->headers.items = items;
        *pair = (struct string_pair){ (const char *)m->key.ptr, value_text(m->value) };
    }
}

/* clang-format off */
#define AT(field) OPT_AT(struct websocket_options, field)
static const struct option_row websocket_rows[] = {
    { "listen", OPT_LISTEN, AT(listen), RELOAD_NO,
      .help = "\"host:port\" or port for WebSocket clients" },
    { "port", OPT_I32, AT(listen.port), RELOAD_NO,
      .help = "port for WebSocket clients, -1 for a random one; 0 (off)" },
    { "host net", OPT_TEXT, AT(listen.host), RELOAD_NO,
      .help = "address of the listener; 0.0.0.0" },
    { "advertise", OPT_TEXT, AT(listen.advertise), RELOAD_NO,
      .help = "host[:port] told to WebSocket clients" },
    { "no_tls", OPT_BOOL, AT(no_tls), RELOAD_NO, .help = "plain connections are meant; false" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS of WebSocket clients", .read = load_tls, .block = &tls_block },
    { "same_origin", OPT_BOOL, AT(same_origin), RELOAD_NO,
      .help = "the Origin must be this host; false" },
    { "allowed_origins allowed_origin allow_origins allow_origin origins origin", OPT_TEXTS,
      AT(allowed_origins),
      RELOAD_NO, .help = "Origins that are let in; all", .what = "allowed origins" },
    { "handshake_timeout", OPT_CUSTOM, AT(handshake_timeout), RELOAD_NO,
      .help = "time for the upgrade; 0 (no limit)",
      .read = handshake_timeout_read },
    { "compress compression", OPT_BOOL, AT(compression), RELOAD_NO,
      .help = "permessage-deflate; false" },
    { "authorization authentication", OPT_CUSTOM, AT(authorization), RELOAD_NO,
      .help = "user or token of this listener",
      .read = load_simple_authorization },
    { "jwt_cookie", OPT_TEXT, AT(jwt_cookie), RELOAD_NO, .help = "cookie with the JWT" },
    { "user_cookie", OPT_TEXT, AT(user_cookie), RELOAD_NO, .help = "cookie with the user" },
    { "pass_cookie", OPT_TEXT, AT(pass_cookie), RELOAD_NO, .help = "cookie with the password" },
    { "token_cookie", OPT_TEXT, AT(token_cookie), RELOAD_NO, .help = "cookie with the token" },
    { "no_auth_user", OPT_TEXT, AT(no_auth_user), RELOAD_NO,
      .help = "user of clients without credentials" },
    { "headers", OPT_CUSTOM, AT(headers), RELOAD_NO,
      .help = "headers of the upgrade's answer", .read = headers_read },
    { "ping_interval", OPT_DURATION, AT(ping_interval), RELOAD_NO,
      .help = "time between PINGs; the global one" },
};
#undef AT
/* clang-format on */
const struct option_block websocket_block = { OPT_BLOCK("websocket", websocket_rows) };

void load_websocket(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected websocket to be a map, got %s",
                   value_type_name(f->value));
        return;
    }
    o->websocket.present = true;
    o->websocket.pos = f->value->pos;
    (void)load_block(l, &websocket_block, f->value, &o->websocket);
}

/* --- mqtt --- */

static void max_ack_pending_read(struct loader *l, const struct field *f)
{
    struct mqtt_options *m = f->into;
    int64_t value;
    if (!load_integer(l, f->value, &value)) return;
    if (value < 0 || value > UINT16_MAX)
        load_error(l, f->value->pos, "invalid value %lld, should in [0..65535] range",
                   (long long)value);
    else m->max_ack_pending = (uint32_t)value;
}

static void consumer_replicas_read(struct loader *l, const struct field *f)
{
    load_warning(l, f->value->pos, "consumer_replicas",
                 "consumer replicas setting ignored in this server version");
}

/* clang-format off */
#define AT(field) OPT_AT(struct mqtt_options, field)
static const struct option_row mqtt_rows[] = {
    { "listen", OPT_LISTEN, AT(listen), RELOAD_NO,
      .help = "\"host:port\" or port for MQTT clients" },
    { "port", OPT_I32, AT(listen.port), RELOAD_NO,
      .help = "port for MQTT clients, -1 for a random one; 0 (off)" },
    { "host net", OPT_TEXT, AT(listen.host), RELOAD_NO,
      .help = "address of the listener; 0.0.0.0" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS of MQTT clients", .read = load_tls, .block = &tls_block },
    { "authorization authentication", OPT_CUSTOM, AT(authorization), RELOAD_NO,
      .help = "user or token of this listener",
      .read = load_simple_authorization },
    { "no_auth_user", OPT_TEXT, AT(no_auth_user), RELOAD_NO,
      .help = "user of clients without credentials" },
    { "ack_wait ackwait", OPT_DURATION, AT(ack_wait), RELOAD_YES,
      .help = "time for a PUBACK; 30s" },
    { "js_api_timeout api_timeout", OPT_DURATION, AT(js_api_timeout), RELOAD_NO,
      .help = "time for JetStream's answers; 5s" },
    { "max_ack_pending max_pending max_inflight", OPT_CUSTOM, AT(max_ack_pending), RELOAD_YES,
      .help = "messages under way to a subscription; 1024", .read = max_ack_pending_read },
    { "js_domain", OPT_TEXT, AT(js_domain), RELOAD_NO, .help = "JetStream domain" },
    { "stream_replicas", OPT_I32, AT(stream_replicas), RELOAD_YES,
      .help = "replicas of its streams; by the cluster's size" },
    { "consumer_replicas", OPT_CUSTOM, OPT_NOWHERE, RELOAD_IGNORED,
      .help = "ignored", .read = consumer_replicas_read },
    { "consumer_memory_storage", OPT_BOOL, AT(consumer_memory_storage), RELOAD_YES,
      .help = "consumers in memory; false" },
    { "consumer_inactive_threshold consumer_auto_cleanup", OPT_DURATION,
      AT(consumer_inactive_threshold), RELOAD_YES,
      .help = "remove consumers that were idle so long; 0 (never)" },
    { "reject_qos2_publish", OPT_BOOL, AT(reject_qos2_publish), RELOAD_NO,
      .help = "refuse QoS 2 messages; false" },
    { "downgrade_qos2_subscribe", OPT_BOOL, AT(downgrade_qos2_subscribe), RELOAD_NO,
      .help = "grant QoS 1 for 2; false" },
};
#undef AT
/* clang-format on */
const struct option_block mqtt_block = { OPT_BLOCK("mqtt", mqtt_rows) };

void load_mqtt(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected mqtt to be a map, got %s",
                   value_type_name(f->value));
        return;
    }
    o->mqtt.present = true;
    o->mqtt.pos = f->value->pos;
    (void)load_block(l, &mqtt_block, f->value, &o->mqtt);
}
