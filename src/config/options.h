/* SPDX-License-Identifier: Apache-2.0 */
/* Options: everything that a server can be told, by file and by flags, as plain data.
 *
 * How it comes about: options_new() gives the defaults; load.h fills it from a file, flags.h from
 * the command line; options_finish() then replaces every "0 means default" that no later code wants
 * to see.
 * Thread:  immutable after loading; any thread reads.
 * Memory:  everything hangs on `arena`; options_free() frees all of it. Strings are NUL-terminated;
 * NULL: not given.
 * Units:   durations are nanos, sizes bytes, unless a comment says otherwise. In comments, the
 *          value after the semicolon is the default. */
#ifndef MIDGE_CONFIG_OPTIONS_H
#define MIDGE_CONFIG_OPTIONS_H

#include "base/arena.h"
#include "base/compiler.h"
#include "config/options_auth.h"
#include "config/options_base.h"
#include "config/options_features.h"
#include "config/options_links.h"
#include "config/options_tls.h"

struct logging_options {
    bool        debug;                  /* debug lines; false */
    bool        trace;                  /* protocol trace; false */
    bool        trace_verbose;          /* trace the system account too; implies trace; false */
    /* trace headers instead of payloads; implies trace; false */
    bool        trace_headers;
    bool        logtime;                /* time stamps; true */
    bool        logtime_utc;            /* in UTC; false */
    const char *file;                   /* NULL: stderr */
    int64_t     size_limit;             /* rotate the file when larger; 0: never */
    int64_t     files_max;              /* rotated files kept, the current one included; 0: all */
    enum tri    syslog;                 /* local syslog; unset = false */
    const char *remote_syslog;          /* udp://, tcp:// or unix:// URL; NULL: none */
    int64_t     traced_msg_len_max;     /* bytes of a payload in a trace line; 0: all */
};

struct monitoring_options {
    const char *host;                   /* NULL: the client listener's host */
    int32_t     http_port;              /* 0: off, -1: random */
    int32_t     https_port;             /* 0: off, -1: random; uses tls */
    const char *http_base_path;         /* "/" or "/prefix", never ends in '/' otherwise; "/" */
};

struct limit_options {
    int64_t max_payload;                /* headers and body of one message; 1 MiB */
    int64_t max_control_line;           /* bytes of a protocol line; 4096 */
    int64_t max_pending;                /* undelivered bytes a client may pile up; 64 MiB */
    /* 65536; -1: refuse every client (0 or negative in a file) */
    int64_t max_connections;
    int64_t max_subscriptions;          /* of one connection; 0: unlimited */
    int64_t max_sub_tokens;             /* tokens in a SUB subject, 1..255; 0: unlimited */
    int64_t max_closed_clients;         /* closed connections remembered for /connz; 10000 */
};

enum metrics_style { METRICS_HELM, METRICS_EXPORTER, METRICS_SURVEYOR };

/* midge { }: what nats-server does not have. */
struct midge_options {
    int32_t     reactors;               /* 1..8; 0: automatic */
    /* bytes of unwritten data and block cache together; 256 MiB */
    int64_t     store_cache;
    enum metrics_style metrics_style;   /* names in /metrics; helm */
    const char *http_user;              /* required on the whole monitoring port; NULL: open */
    const char *http_password;          /* plain or bcrypt; given if and only if http_user is */
    /* bytes that the doors of all reactors together may hand out, each its part; 0: any number */
    int64_t     memory_limit;
    /* connections of one address that have not logged in yet; 0: any number; 16384 */
    int64_t     max_unauthenticated_per_address;
};

struct proxy_options {
    struct string_list trusted;         /* public nkeys of trusted proxies */
    struct option_pos  pos;
};

/* feature_flags and default_js_domain keep unknown names: they are reported, not refused. */
struct feature_flag {
    const char *name;
    bool        value;
};

struct value;

struct options {
    struct arena *arena;
    const struct value *values;         /* the file as it was read (value.h); NULL: no file */

    const char *config_file;            /* path of the file read; NULL: none */
    const char *config_digest;          /* "sha256:<hex>" of its values; NULL: no file */

    const char *server_name;            /* without spaces; NULL: the server's id */
    struct listen_options client;       /* 0.0.0.0, 4222 (-1: random) */
    bool        proxy_protocol;         /* a PROXY header v1 or v2 comes before all else; false */
    const char *pid_file;               /* NULL: none */
    const char *ports_file_dir;         /* NULL: none */
    int32_t     prof_port;              /* accepted, never served; 0 */
    int32_t     prof_block_rate;        /* accepted, never served; 0 */
    struct logging_options    logging;
    struct monitoring_options monitoring;
    struct limit_options      limits;
    bool        no_sublist_cache;       /* accepted: midge has no cache to disable; false */

    nanos       ping_interval;          /* 2 m */
    int32_t     ping_max;               /* pings without a pong before the cut; 2 */
    nanos       write_deadline;         /* 10 s */
    enum write_timeout write_timeout;   /* of clients: default = close */
    nanos       lame_duck_duration;     /* clients are closed over this time; 2 m, at least 30 s */
    nanos       lame_duck_grace_period; /* wait before the first; 10 s */
    bool        no_header_support;      /* headers are refused; false */
    /* drop for a slow consumer instead of holding the producer; false */
    bool        no_fast_producer_stall;

    bool        allow_non_tls;          /* accept plain clients beside TLS ones; false */
    struct tls_options tls;
    struct ocsp_options ocsp;

    struct authorization_options authorization;     /* global users belong to $G */
    const char *no_auth_user;           /* assumed when a client gives no credentials; NULL: none */
    struct account_options *accounts;   /* in the order of the file; $SYS among them if written */
    uint32_t    accounts_count;
    bool        accounts_present;       /* the key was given */
    const char *system_account;         /* NULL: $SYS, created */
    bool        no_system_account;      /* false */
    struct mapping_list mappings;       /* of $G */
    struct proxy_options proxies;
    struct operator_options trust;      /* operator mode */
    struct resolver_options resolver;

    struct websocket_options websocket;
    struct mqtt_options      mqtt;
    struct jetstream_options jetstream;
    struct pair_list         default_js_domain;     /* account, domain */
    struct cluster_options   cluster;
    struct gateway_options   gateway;
    struct leafnode_options  leafnodes;
    /* log every n-th failure to connect to a server; 3600 */
    int32_t     connect_error_reports;
    int32_t     reconnect_error_reports;    /* .. to reconnect; 1 */

    struct string_list server_tags;     /* lower case, without repeats, in the order of the file */
    struct pair_list   server_metadata;
    struct feature_flag *feature_flags;
    uint32_t    feature_flags_count;

    struct midge_options midge;
};

/* With all defaults. Never NULL. */
struct options *options_new(void);
struct options *options_free(struct options *);             /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(options)

/* After file and flags: a zero that means "the default" becomes the default, "0 connections"
 * becomes -1, verbose traces set trace, links inherit the global ping and write deadline.
 * Idempotent. */
void options_finish(struct options *);

/* Authentication is demanded of clients: a single user or token, users, nkeys, account users,
 * operators or callout. */
bool options_auth_required(const struct options *);

/* A user or nkey with this name exists, in the authorization block or in an account. */
bool options_user_exists(const struct options *, const char *name);

/* The account with this name, or NULL. */
const struct account_options *options_account(const struct options *, const char *name);

#endif
