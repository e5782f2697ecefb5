/* SPDX-License-Identifier: Apache-2.0 */
/* Who may enter and what they may do: permissions, users, the authorization block, accounts.
 *
 * Thread and memory: as options_base.h. Default permissions are already applied: a user's
 * `permissions` is what counts for him (the block's default when he had none), NULL when nothing
 * restricts him. */
#ifndef MIDGE_CONFIG_OPTIONS_AUTH_H
#define MIDGE_CONFIG_OPTIONS_AUTH_H

#include "config/options_base.h"

/* One entry of an allow or deny list: "subject" or, on the subscribe side, "subject queue". */
struct subject_rule {
    const char *subject;                /* a valid subject, may have wildcards */
    const char *queue;                  /* NULL: rule for plain subscriptions and all queues */
};

struct subject_rules {
    bool present;                       /* the publish (subscribe) key was given */
    /* an allow list was given; with publish, an empty one denies all */
    bool allow_present;
    bool deny_present;
    struct subject_rule *allow;
    uint32_t             allow_count;
    struct subject_rule *deny;
    uint32_t             deny_count;
};

struct response_rule {
    bool    present;                    /* allow_responses given and not false */
    int64_t max;                        /* replies per request; 1; negative: unlimited */
    nanos   expires;                    /* 2 m; negative: never */
};

struct permissions {
    struct subject_rules publish;
    struct subject_rules subscribe;
    /* if present without publish: publish.allow is present and empty */
    struct response_rule responses;
};

/* Bits of user_options.connection_types; 0 means all kinds. */
enum connection_type {
    CONNECTION_STANDARD    = 1 << 0,
    CONNECTION_WEBSOCKET   = 1 << 1,
    CONNECTION_LEAFNODE    = 1 << 2,
    CONNECTION_LEAFNODE_WS = 1 << 3,
    CONNECTION_MQTT        = 1 << 4,
    CONNECTION_MQTT_WS     = 1 << 5,
    CONNECTION_IN_PROCESS  = 1 << 6,
};

/* A user with a password (name set) or with an nkey (nkey set), never both. */
struct user_options {
    const char *name;
    const char *pass;                   /* plain or bcrypt; NULL: none */
    const char *nkey;                   /* public user key, U... */
    const char *account;                /* NULL: $G */
    const struct permissions *permissions;
    uint32_t    connection_types;       /* enum connection_type bits; 0: all */
    bool        proxy_required;
    struct option_pos pos;
};

struct user_list {
    struct user_options *items;
    uint32_t             count;
    bool                 present;
    struct option_pos    pos;
};

struct auth_callout_options {
    bool        present;
    struct option_pos pos;
    const char *issuer;                 /* account nkey, A... */
    const char *account;                /* $G */
    struct string_list auth_users;
    const char *xkey;                   /* public curve key, X...; NULL: no encryption */
    struct string_list allowed_accounts;
};

/* authorization { } of clients; of cluster, gateway, leafnodes, websocket and mqtt with fewer
 * keys. */
struct authorization_options {
    bool        present;
    struct option_pos pos;
    const char *user;                   /* single user */
    const char *pass;
    const char *token;
    const char *nkey;                   /* leafnodes: single public user key */
    const char *account;                /* leafnodes: account of the single user */
    nanos       timeout;                /* 0: not given, i.e. 2 s, or tls.timeout + 1 s with TLS */
    struct user_list users;             /* password users, then .. */
    struct user_list nkeys;             /* .. nkey users, both in the order of the file */
    const struct permissions *default_permissions;
    struct auth_callout_options auth_callout;
    bool        proxy_required;
};

enum account_js_traffic {
    ACCOUNT_JS_TRAFFIC_UNSET,
    ACCOUNT_JS_TRAFFIC_SYSTEM,
    ACCOUNT_JS_TRAFFIC_OWNER
};

struct account_js_options {
    enum tri enabled;                   /* UNSET: the account says nothing */
    struct option_pos pos;
    int64_t  memory_max;                /* bytes; -1: unlimited, as all below */
    int64_t  store_max;                 /* bytes */
    int64_t  streams_max;
    int64_t  consumers_max;
    int64_t  ack_pending_max;
    int64_t  memory_stream_max;         /* bytes a memory stream may ask for */
    int64_t  store_stream_max;
    bool     max_bytes_required;
    enum account_js_traffic cluster_traffic;
};

enum export_kind { EXPORT_STREAM, EXPORT_SERVICE };
enum response_type { RESPONSE_SINGLETON, RESPONSE_STREAM, RESPONSE_CHUNKED };

struct export_options {
    enum export_kind   kind;
    const char        *subject;
    struct string_list accounts;        /* present: private to these */
    enum response_type response_type;
    nanos              response_threshold;      /* 0: 2 m */
    bool               latency_present;
    int32_t            latency_sampling;        /* percent 1..100; 0: by headers */
    const char        *latency_subject;
    uint32_t           account_token_position;  /* from 1; 0: none */
    bool               allow_trace;
    struct option_pos  pos;
};

struct import_options {
    enum export_kind  kind;
    const char       *account;          /* the exporter */
    const char       *subject;          /* as exported */
    const char       *to;               /* local subject; NULL: the same */
    const char       *prefix;           /* streams; NULL: none */
    bool              share;
    bool              allow_trace;
    struct option_pos pos;
};

struct mapping_destination {
    const char *subject;
    uint32_t    weight;                 /* percent, 0..100 */
    const char *cluster;                /* NULL: any */
};

struct mapping_options {
    const char                 *source;
    struct mapping_destination *destinations;
    uint32_t                    destinations_count;
    struct option_pos           pos;
};

struct mapping_list {
    struct mapping_options *items;
    uint32_t                count;
    bool                    present;
};

struct account_options {
    const char        *name;
    struct option_pos  pos;
    const char        *nkey;            /* public account key, A...; NULL: none */
    struct user_list   users;
    struct user_list   nkeys;
    const struct permissions *default_permissions;
    int64_t            connections_max; /* -1: unlimited, as below */
    int64_t            subscriptions_max;
    int64_t            payload_max;     /* bytes */
    int64_t            leafs_max;
    struct account_js_options jetstream;
    struct export_options *exports;
    uint32_t           exports_count;
    struct import_options *imports;
    uint32_t           imports_count;
    struct mapping_list mappings;
    const char        *trace_dest;      /* msg_trace; NULL: none */
    uint32_t           trace_sampling;  /* percent, 100 */
    struct option_pos  trace_pos;
};

#endif
