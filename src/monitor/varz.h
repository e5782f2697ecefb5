/* SPDX-License-Identifier: Apache-2.0 */
/* Varz: /varz, the server as a whole: how it is configured, what it has done.
 *
 * Thread and memory: request.h. Source: reference monitoring 2. URLs are shown without user and
 * password. The object `midge` at the end is what nats-server does not have. */
#ifndef MIDGE_MONITOR_VARZ_H
#define MIDGE_MONITOR_VARZ_H

#include <stdbool.h>
#include <stdint.h>

#include "json/table.h"
#include "monitor/js_view.h"

struct request;

struct link_counts {
    uint64_t clients, routes, gateways, leafs;
};

struct disk_io {
    uint64_t waiters, waits, wait_time, max_wait_time;
};

struct cluster_varz {
    const char *name, *addr;
    int32_t cluster_port;
    double auth_timeout;
    struct json_array urls;
    double tls_timeout;
    bool tls_required, tls_verify;
    int32_t pool_size;
    nanos write_deadline;
    const char *write_timeout;
    nanos tls_cert_not_after;
};

struct gateway_varz {
    const char *name, *host;
    int32_t port;
    double auth_timeout, tls_timeout;
    bool tls_required, tls_verify;
    const char *advertise;
    int32_t connect_retries;
    struct json_array gateways;
    bool reject_unknown;
    nanos write_deadline;
    const char *write_timeout;
    nanos tls_cert_not_after;
};

struct leaf_varz {
    const char *host;
    int32_t port;
    double auth_timeout, tls_timeout;
    bool tls_required, tls_verify;
    struct json_array remotes;
    nanos write_deadline;
    const char *write_timeout;
    nanos tls_cert_not_after;
};

struct mqtt_varz {
    const char *host;
    int32_t port;
    const char *no_auth_user;
    double auth_timeout;
    bool tls_map;
    double tls_timeout;
    struct json_array tls_pinned_certs;
    const char *js_domain;
    nanos ack_wait;
    uint32_t max_ack_pending;
    nanos tls_cert_not_after;
};

struct websocket_varz {
    const char *host;
    int32_t port;
    const char *advertise, *no_auth_user, *jwt_cookie;
    nanos handshake_timeout;
    double auth_timeout;
    bool no_tls, tls_map;
    struct json_array tls_pinned_certs;
    bool same_origin;
    struct json_array allowed_origins;
    bool compression;
    nanos tls_cert_not_after;
};

struct midge_varz {
    const char *version;
    uint32_t reactors;
    int64_t memory_limit;
    int64_t max_unauthenticated_per_address;
    uint64_t turned_away;
    struct json_array unserved;
};

/* NULL, each: JetStream is off. */
struct varz_jetstream {
    struct js_config_view *config;
    struct js_stats_view  *stats;
    struct js_limits_view *limits;
};

struct varz {
    const char *server_id, *server_name, *version;
    int32_t proto;
    const char *git_commit, *go, *host;
    int32_t port;
    bool auth_required, tls_required, tls_verify;
    int64_t max_connections, max_subscriptions;
    nanos ping_interval;
    int32_t ping_max;
    const char *http_host;
    int32_t http_port;
    const char *http_base_path;
    int32_t https_port;
    double auth_timeout;
    int64_t max_control_line, max_payload, max_pending;
    struct cluster_varz cluster;
    struct gateway_varz gateway;
    struct leaf_varz leaf;
    struct mqtt_varz mqtt;
    struct websocket_varz websocket;
    struct varz_jetstream jetstream;
    double tls_timeout;
    nanos write_deadline;
    const char *write_timeout;
    nanos start, now;
    const char *uptime;
    uint64_t mem;
    uint32_t cores, gomaxprocs;
    double cpu;
    int64_t connections;
    uint64_t total_connections;
    uint32_t routes, remotes, leafnodes;
    uint64_t in_msgs, in_bytes, in_client_msgs, in_client_bytes;
    uint64_t out_msgs, out_bytes, out_client_msgs, out_client_bytes;
    uint64_t slow_consumers, stale_connections, stalled_clients, subscriptions;
    struct slice http_req_stats; /* a JSON object at this depth */
    nanos config_load_time;
    const char *config_digest;
    struct json_array tags;
    struct slice metadata; /* as http_req_stats; empty: none */
    struct slice feature_flags;
    const char *system_account;
    struct link_counts slow_consumer_stats, stale_connection_stats;
    struct disk_io disk_io_wait_stats;
    nanos tls_cert_not_after;
    struct midge_varz midge;
};

extern const struct json_table varz_table;

void varz_fill(struct request *, struct varz *ret);
bool varz_plan(struct request *);
void varz_serve(struct request *);

/* "host:port" of a URL, without user and password. */
const char *varz_url_host(const char *url, struct arena *);

#endif
