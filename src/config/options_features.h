/* SPDX-License-Identifier: Apache-2.0 */
/* Other ways in and what the server stores: websocket { }, mqtt { }, jetstream { }, the account
 * resolver, OCSP.
 *
 * Thread and memory: as options_base.h. */
#ifndef MIDGE_CONFIG_OPTIONS_FEATURES_H
#define MIDGE_CONFIG_OPTIONS_FEATURES_H

#include "config/options_auth.h"
#include "config/options_tls.h"

struct websocket_options {
    bool         present;
    struct option_pos pos;
    struct listen_options listen;       /* port 0: no listener */
    bool         no_tls;                /* plain connections are meant; without a tls block only */
    struct tls_options tls;
    bool         same_origin;
    struct string_list allowed_origins; /* valid URLs with a scheme and a host */
    nanos        handshake_timeout;     /* 0: none */
    bool         compression;
    struct authorization_options authorization;     /* user, pass, token, timeout */
    const char  *jwt_cookie;            /* cookie names; NULL: none */
    const char  *user_cookie;
    const char  *pass_cookie;
    const char  *token_cookie;
    const char  *no_auth_user;
    struct pair_list headers;           /* added to the upgrade answer */
    nanos        ping_interval;         /* 0: the global one */
};

struct mqtt_options {
    bool         present;
    struct option_pos pos;
    struct listen_options listen;
    struct tls_options tls;
    struct authorization_options authorization;
    const char  *no_auth_user;
    nanos        ack_wait;              /* 0: 30 s */
    nanos        js_api_timeout;        /* 0: 5 s */
    uint32_t     max_ack_pending;       /* 0: 1024; at most 65535 */
    const char  *js_domain;
    int32_t      stream_replicas;       /* 0: by cluster size */
    int32_t      consumer_replicas;     /* ignored */
    bool         consumer_memory_storage;
    nanos        consumer_inactive_threshold;   /* 0: none */
    bool         reject_qos2_publish;
    bool         downgrade_qos2_subscribe;
};

enum js_cipher { JS_CIPHER_NONE, JS_CIPHER_CHACHA, JS_CIPHER_AES };

/* jetstream { limits { } }; 0: none. */
struct js_limit_options {
    int64_t ack_pending_max;
    int64_t ha_assets_max;
    int64_t request_batch_max;
    int64_t consumers_default_max;      /* of a stream that says nothing; 0: 1000, below: none */
    nanos   duplicate_window;
    int64_t batch_inflight_per_stream_max;
    int64_t batch_inflight_total_max;
    int64_t batch_msgs_max;
    nanos   batch_timeout;
};

struct js_tpm_options {
    bool        present;
    const char *keys_file;
    const char *encryption_password;
    const char *srk_password;
    int64_t     pcr;
};

struct jetstream_options {
    bool         present;
    struct option_pos pos;
    bool         enabled;
    /* also the top-level store_dir; NULL: <tmp>/nats/jetstream */
    const char  *store_dir;
    struct option_pos store_dir_pos;
    bool         sync_present;
    nanos        sync_interval;         /* meaningful if sync_present and not sync_always */
    bool         sync_always;
    int64_t      memory_max;            /* bytes; -1: not given */
    int64_t      store_max;             /* bytes; -1: not given */
    const char  *domain;
    const char  *extension_hint;
    const char  *key;                   /* at-rest key; secret */
    const char  *prev_key;
    enum js_cipher cipher;
    const char  *unique_tag;
    bool         strict;                /* refuse unknown fields in API requests; true */
    int64_t      outstanding_catchup_max;   /* bytes; 0: default */
    int64_t      buffered_size_max;
    int64_t      buffered_msgs_max;
    int64_t      request_queue_limit;
    int64_t      info_queue_limit;
    int64_t      meta_compact;          /* entries; 0: default */
    int64_t      meta_compact_size;     /* bytes */
    bool         meta_compact_sync;
    int64_t      concurrent_io_max;     /* 4..8192 */
    struct js_limit_options limits;
    struct js_tpm_options   tpm;
};

enum resolver_kind { RESOLVER_NONE, RESOLVER_MEMORY, RESOLVER_URL, RESOLVER_FULL, RESOLVER_CACHE };

struct resolver_options {
    enum resolver_kind kind;
    struct option_pos  pos;
    const char *url;                    /* RESOLVER_URL */
    const char *dir;                    /* FULL and CACHE */
    bool        allow_delete;
    bool        hard_delete;
    int64_t     limit;                  /* JWTs; 0: default */
    nanos       ttl;                    /* CACHE; 0: none */
    nanos       interval;               /* FULL; 0: 1 m */
    nanos       timeout;                /* 0: 1.9 s */
    struct tls_options tls;             /* resolver_tls */
    struct pair_list   preload;         /* account key, JWT */
    struct string_list pinned_accounts;
};

struct operator_options {
    struct string_list operators;       /* paths or JWTs, as written */
    struct option_pos  operators_pos;
    struct string_list trusted_keys;    /* public operator keys */
    struct option_pos  trusted_keys_pos;
    const char        *default_sentinel;
    struct option_pos  default_sentinel_pos;
};

enum ocsp_mode { OCSP_UNSET, OCSP_AUTO, OCSP_ALWAYS, OCSP_MUST, OCSP_NEVER };
enum ocsp_cache_kind { OCSP_CACHE_UNSET, OCSP_CACHE_NONE, OCSP_CACHE_LOCAL };

struct ocsp_options {
    enum ocsp_mode    mode;
    struct option_pos pos;
    struct string_list urls;
    enum ocsp_cache_kind cache;         /* ocsp_cache */
    struct option_pos cache_pos;
    const char       *cache_dir;        /* _rc_ */
    bool              cache_preserve_revoked;
    nanos             cache_save_interval;  /* 300 s, at least 1 s */
};

#endif
