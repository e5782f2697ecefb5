/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/varz.h"
#include "monitor/varz_rows.h"

/* clang-format off */
#define AT(field) JSON_AT(struct cluster_varz, field)
static const struct json_field cluster_fields[] = {
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "name of the cluster" },
    { "addr", AT(addr), JSON_TEXT, JSON_OMITEMPTY, NULL, "where routes are accepted" },
    { "cluster_port", AT(cluster_port), JSON_I32, JSON_OMITEMPTY, NULL,
      "where routes are accepted" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "urls", AT(urls), JSON_TEXTS, JSON_OMITEMPTY, NULL, "configured routes" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_required", AT(tls_required), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "routes need TLS" },
    { "tls_verify", AT(tls_verify), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "and certificates" },
    { "pool_size", AT(pool_size), JSON_I32, JSON_OMITEMPTY, NULL, "connections per route" },
    { "write_deadline", AT(write_deadline), JSON_I64, JSON_OMITEMPTY, NULL, "nanoseconds" },
    { "write_timeout", AT(write_timeout), JSON_TEXT, JSON_OMITEMPTY, NULL, "what happens then" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of its certificate" },
};
#undef AT
static const struct json_table cluster_table = JSON_TABLE(struct cluster_varz, cluster_fields);

#define AT(field) JSON_AT(struct remote_gateway_varz, field)
static const struct json_field remote_gateway_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "name of the other cluster" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "urls", AT(urls), JSON_TEXTS, JSON_OMITEMPTY, NULL, "where it is" },
};
#undef AT
static const struct json_table remote_gateway_table =
    JSON_TABLE(struct remote_gateway_varz, remote_gateway_fields);

#define AT(field) JSON_AT(struct gateway_varz, field)
static const struct json_field gateway_fields[] = {
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "name of this cluster" },
    { "host", AT(host), JSON_TEXT, JSON_OMITEMPTY, NULL, "where gateways are accepted" },
    { "port", AT(port), JSON_I32, JSON_OMITEMPTY, NULL, "where gateways are accepted" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_required", AT(tls_required), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "gateways need TLS" },
    { "tls_verify", AT(tls_verify), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "and certificates" },
    { "advertise", AT(advertise), JSON_TEXT, JSON_OMITEMPTY, NULL, "what others are told" },
    { "connect_retries", AT(connect_retries), JSON_I32, JSON_OMITEMPTY, NULL,
      "of implicit gateways" },
    { "gateways", AT(gateways), JSON_STRUCTS, JSON_OMITEMPTY, &remote_gateway_table,
      "configured gateways" },
    { "reject_unknown", AT(reject_unknown), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "only configured ones" },
    { "write_deadline", AT(write_deadline), JSON_I64, JSON_OMITEMPTY, NULL, "nanoseconds" },
    { "write_timeout", AT(write_timeout), JSON_TEXT, JSON_OMITEMPTY, NULL, "what happens then" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of its certificate" },
};
#undef AT
static const struct json_table gateway_table = JSON_TABLE(struct gateway_varz, gateway_fields);

static const struct json_field deny_fields[] = {
    { "exports", JSON_AT(struct deny_varz, exports), JSON_TEXTS, JSON_OMITEMPTY, NULL, "subjects" },
    { "imports", JSON_AT(struct deny_varz, imports), JSON_TEXTS, JSON_OMITEMPTY, NULL, "subjects" },
};
static const struct json_table deny_table = JSON_TABLE(struct deny_varz, deny_fields);

#define AT(field) JSON_AT(struct remote_leaf_varz, field)
static const struct json_field remote_leaf_fields[] = {
    { "local_account", AT(local_account), JSON_TEXT, JSON_OMITEMPTY, NULL, "account here" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "urls", AT(urls), JSON_TEXTS, JSON_OMITEMPTY, NULL, "where it is" },
    { "deny", AT(deny), JSON_STRUCT_PTR, JSON_OMITEMPTY, &deny_table, "what does not pass" },
};
#undef AT
static const struct json_table remote_leaf_table =
    JSON_TABLE(struct remote_leaf_varz, remote_leaf_fields);

#define AT(field) JSON_AT(struct leaf_varz, field)
static const struct json_field leaf_fields[] = {
    { "host", AT(host), JSON_TEXT, JSON_OMITEMPTY, NULL, "where leaf nodes are accepted" },
    { "port", AT(port), JSON_I32, JSON_OMITEMPTY, NULL, "where leaf nodes are accepted" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_required", AT(tls_required), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "leaf nodes need TLS" },
    { "tls_verify", AT(tls_verify), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "and certificates" },
    { "remotes", AT(remotes), JSON_STRUCTS, JSON_OMITEMPTY, &remote_leaf_table, "configured hubs" },
    { "write_deadline", AT(write_deadline), JSON_I64, JSON_OMITEMPTY, NULL, "nanoseconds" },
    { "write_timeout", AT(write_timeout), JSON_TEXT, JSON_OMITEMPTY, NULL, "what happens then" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of its certificate" },
};
#undef AT
static const struct json_table leaf_table = JSON_TABLE(struct leaf_varz, leaf_fields);

#define AT(field) JSON_AT(struct mqtt_varz, field)
static const struct json_field mqtt_fields[] = {
    { "host", AT(host), JSON_TEXT, JSON_OMITEMPTY, NULL, "where MQTT clients are accepted" },
    { "port", AT(port), JSON_I32, JSON_OMITEMPTY, NULL, "where MQTT clients are accepted" },
    { "no_auth_user", AT(no_auth_user), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "who comes without credentials" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_map", AT(tls_map), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "certificates name users" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "tls_pinned_certs", AT(tls_pinned_certs), JSON_TEXTS, JSON_OMITEMPTY, NULL, "accepted keys" },
    { "js_domain", AT(js_domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "JetStream domain" },
    { "ack_wait", AT(ack_wait), JSON_I64, JSON_OMITEMPTY, NULL, "nanoseconds" },
    { "max_ack_pending", AT(max_ack_pending), JSON_U32, JSON_OMITEMPTY, NULL,
      "messages under way" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of its certificate" },
};
#undef AT
static const struct json_table mqtt_table = JSON_TABLE(struct mqtt_varz, mqtt_fields);

#define AT(field) JSON_AT(struct websocket_varz, field)
static const struct json_field websocket_fields[] = {
    { "host", AT(host), JSON_TEXT, JSON_OMITEMPTY, NULL, "where WebSocket clients are accepted" },
    { "port", AT(port), JSON_I32, JSON_OMITEMPTY, NULL, "where WebSocket clients are accepted" },
    { "advertise", AT(advertise), JSON_TEXT, JSON_OMITEMPTY, NULL, "what others are told" },
    { "no_auth_user", AT(no_auth_user), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "who comes without credentials" },
    { "jwt_cookie", AT(jwt_cookie), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "name of the cookie with a JWT" },
    { "handshake_timeout", AT(handshake_timeout), JSON_I64, JSON_OMITEMPTY, NULL, "nanoseconds" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, JSON_OMITEMPTY, NULL, "seconds" },
    { "no_tls", AT(no_tls), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "plain connections are meant" },
    { "tls_map", AT(tls_map), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "certificates name users" },
    { "tls_pinned_certs", AT(tls_pinned_certs), JSON_TEXTS, JSON_OMITEMPTY, NULL, "accepted keys" },
    { "same_origin", AT(same_origin), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "only pages of this host" },
    { "allowed_origins", AT(allowed_origins), JSON_TEXTS, JSON_OMITEMPTY, NULL,
      "pages that may connect" },
    { "compression", AT(compression), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "is on offer" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of its certificate" },
};
#undef AT
static const struct json_table websocket_table =
    JSON_TABLE(struct websocket_varz, websocket_fields);

#define AT(field) JSON_AT(struct varz_jetstream, field)
static const struct json_field jetstream_fields[] = {
    { "config", AT(config), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_config_view_table, "limits" },
    { "stats", AT(stats), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_stats_view_table, "sums" },
    { "limits", AT(limits), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_limits_view_table,
      "limits { }" },
};
#undef AT
static const struct json_table jetstream_table =
    JSON_TABLE(struct varz_jetstream, jetstream_fields);

#define AT(field) JSON_AT(struct link_counts, field)
static const struct json_field link_counts_fields[] = {
    { "clients", AT(clients), JSON_U64, 0, NULL, "clients" },
    { "routes", AT(routes), JSON_U64, 0, NULL, "routes" },
    { "gateways", AT(gateways), JSON_U64, 0, NULL, "gateways" },
    { "leafs", AT(leafs), JSON_U64, 0, NULL, "leaf nodes" },
};
#undef AT
static const struct json_table link_counts_table =
    JSON_TABLE(struct link_counts, link_counts_fields);

#define AT(field) JSON_AT(struct disk_io, field)
static const struct json_field disk_io_fields[] = {
    { "waiters", AT(waiters), JSON_U64, 0, NULL, "disk operations that wait now" },
    { "waits", AT(waits), JSON_U64, 0, NULL, "that ever waited" },
    { "wait_time", AT(wait_time), JSON_U64, 0, NULL, "nanoseconds" },
    { "max_wait_time", AT(max_wait_time), JSON_U64, 0, NULL, "nanoseconds" },
};
#undef AT
static const struct json_table disk_io_table = JSON_TABLE(struct disk_io, disk_io_fields);

#define AT(field) JSON_AT(struct midge_varz, field)
static const struct json_field midge_fields[] = {
    { "version", AT(version), JSON_TEXT, 0, NULL, "of midge" },
    { "reactors", AT(reactors), JSON_U32, 0, NULL, "threads that serve connections" },
    { "memory_limit", AT(memory_limit), JSON_I64, 0, NULL,
      "bytes for connections with TLS, subscriptions and what waits; 0: any number" },
    { "max_unauthenticated_per_address", AT(max_unauthenticated_per_address), JSON_I64, 0, NULL,
      "connections of one address that have not logged in yet; 0: any number" },
    { "turned_away", AT(turned_away), JSON_U64, 0, NULL,
      "connections closed because their address had so many" },
    { "unserved", AT(unserved), JSON_TEXTS, 0, NULL, "what of the configuration is not served" },
};
#undef AT
static const struct json_table midge_table = JSON_TABLE(struct midge_varz, midge_fields);

#define AT(field) JSON_AT(struct varz, field)
static const struct json_field varz_fields[] = {
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "server_name", AT(server_name), JSON_TEXT, 0, NULL, "name of the server" },
    { "version", AT(version), JSON_TEXT, 0, NULL, "version of NATS that clients see" },
    { "proto", AT(proto), JSON_I32, 0, NULL, "protocol" },
    { "git_commit", AT(git_commit), JSON_TEXT, JSON_OMITEMPTY, NULL, "revision" },
    { "go", AT(go), JSON_TEXT, 0, NULL, "compiler" },
    { "host", AT(host), JSON_TEXT, 0, NULL, "where clients connect" },
    { "port", AT(port), JSON_I32, 0, NULL, "where clients connect" },
    { "auth_required", AT(auth_required), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "clients must log in" },
    { "tls_required", AT(tls_required), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "clients need TLS" },
    { "tls_verify", AT(tls_verify), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "and a certificate" },
    { "max_connections", AT(max_connections), JSON_I64, 0, NULL, "limit of clients" },
    { "max_subscriptions", AT(max_subscriptions), JSON_I64, JSON_OMITEMPTY, NULL,
      "limit per connection" },
    { "ping_interval", AT(ping_interval), JSON_I64, 0, NULL, "nanoseconds" },
    { "ping_max", AT(ping_max), JSON_I32, 0, NULL, "unanswered pings before the cut" },
    { "http_host", AT(http_host), JSON_TEXT, 0, NULL, "where monitoring listens" },
    { "http_port", AT(http_port), JSON_I32, 0, NULL, "as configured" },
    { "http_base_path", AT(http_base_path), JSON_TEXT, 0, NULL, "what stands before all paths" },
    { "https_port", AT(https_port), JSON_I32, 0, NULL, "as configured" },
    { "auth_timeout", AT(auth_timeout), JSON_F64, 0, NULL, "seconds" },
    { "max_control_line", AT(max_control_line), JSON_I64, 0, NULL, "bytes of a protocol line" },
    { "max_payload", AT(max_payload), JSON_I64, 0, NULL, "bytes of a message" },
    { "max_pending", AT(max_pending), JSON_I64, 0, NULL, "bytes that may wait for a client" },
    { "cluster", AT(cluster), JSON_STRUCT, 0, &cluster_table, "cluster { }" },
    { "gateway", AT(gateway), JSON_STRUCT, 0, &gateway_table, "gateway { }" },
    { "leaf", AT(leaf), JSON_STRUCT, 0, &leaf_table, "leafnodes { }" },
    { "mqtt", AT(mqtt), JSON_STRUCT, 0, &mqtt_table, "mqtt { }" },
    { "websocket", AT(websocket), JSON_STRUCT, 0, &websocket_table, "websocket { }" },
    { "jetstream", AT(jetstream), JSON_STRUCT, 0, &jetstream_table, "jetstream { }; empty: off" },
    { "tls_timeout", AT(tls_timeout), JSON_F64, 0, NULL, "seconds" },
    { "write_deadline", AT(write_deadline), JSON_I64, 0, NULL, "nanoseconds" },
    { "write_timeout", AT(write_timeout), JSON_TEXT, JSON_OMITEMPTY, NULL, "what happens then" },
    { "start", AT(start), JSON_TIMESTAMP, 0, NULL, "when the server started" },
    { "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    { "uptime", AT(uptime), JSON_TEXT, 0, NULL, "time since the start" },
    { "mem", AT(mem), JSON_U64, 0, NULL, "resident bytes" },
    { "cores", AT(cores), JSON_U32, 0, NULL, "processors of the machine" },
    { "gomaxprocs", AT(gomaxprocs), JSON_U32, 0, NULL, "threads that serve connections" },
    { "cpu", AT(cpu), JSON_F64, 0, NULL, "percent of one processor since the last question" },
    { "connections", AT(connections), JSON_I64, 0, NULL, "clients now" },
    { "total_connections", AT(total_connections), JSON_U64, 0, NULL, "clients ever" },
    { "routes", AT(routes), JSON_U32, 0, NULL, "routes now" },
    { "remotes", AT(remotes), JSON_U32, 0, NULL, "other servers known" },
    { "leafnodes", AT(leafnodes), JSON_U32, 0, NULL, "leaf nodes now" },
    { "in_msgs", AT(in_msgs), JSON_U64, 0, NULL, "messages received" },
    { "in_bytes", AT(in_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "in_client_msgs", AT(in_client_msgs), JSON_U64, 0, NULL, "messages received from clients" },
    { "in_client_bytes", AT(in_client_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "out_msgs", AT(out_msgs), JSON_U64, 0, NULL, "messages delivered" },
    { "out_bytes", AT(out_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "out_client_msgs", AT(out_client_msgs), JSON_U64, 0, NULL, "messages delivered to clients" },
    { "out_client_bytes", AT(out_client_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "slow_consumers", AT(slow_consumers), JSON_U64, 0, NULL,
      "connections cut because they were too slow" },
    { "stale_connections", AT(stale_connections), JSON_U64, 0, NULL,
      "connections cut because they did not answer pings" },
    { "stalled_clients", AT(stalled_clients), JSON_U64, 0, NULL,
      "how often a publisher was held back" },
    { "subscriptions", AT(subscriptions), JSON_U64, 0, NULL, "subscriptions of all accounts" },
    { "http_req_stats", AT(http_req_stats), JSON_RAW, 0, NULL, "requests to monitoring, by path" },
    { "config_load_time", AT(config_load_time), JSON_TIMESTAMP, 0, NULL, "last load or reload" },
    { "config_digest", AT(config_digest), JSON_TEXT, 0, NULL,
      "hash of the configuration's values" },
    { "tags", AT(tags), JSON_TEXTS, JSON_OMITEMPTY, NULL, "server_tags" },
    { "metadata", AT(metadata), JSON_RAW, JSON_OMITEMPTY, NULL, "server_metadata" },
    { "feature_flags", AT(feature_flags), JSON_RAW, JSON_OMITEMPTY, NULL, "by name" },
    { "system_account", AT(system_account), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "name of the system account" },
    { "slow_consumer_stats", AT(slow_consumer_stats), JSON_STRUCT, 0, &link_counts_table,
      "slow consumers by kind" },
    { "stale_connection_stats", AT(stale_connection_stats), JSON_STRUCT, 0, &link_counts_table,
      "stale connections by kind" },
    { "disk_io_wait_stats", AT(disk_io_wait_stats), JSON_STRUCT, 0, &disk_io_table,
      "waiting for the disk" },
    { "tls_cert_not_after", AT(tls_cert_not_after), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL,
      "end of the client listener's certificate" },
    { "midge", AT(midge), JSON_STRUCT, 0, &midge_table, "what nats-server does not have" },
};
#undef AT
const struct json_table varz_table = JSON_TABLE(struct varz, varz_fields);
/* clang-format on */
