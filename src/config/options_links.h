/* SPDX-License-Identifier: Apache-2.0 */
/* Links to other servers: cluster { }, gateway { }, leafnodes { }.
 *
 * Thread and memory: as options_base.h. */
#ifndef MIDGE_CONFIG_OPTIONS_LINKS_H
#define MIDGE_CONFIG_OPTIONS_LINKS_H

#include "config/options_auth.h"
#include "config/options_tls.h"

struct url_list {
    /* as written, secrets included: never log them unredacted */
    const char **items;
    uint32_t     count;
};

struct cluster_options {
    bool         present;
    struct option_pos pos;
    const char  *name;                  /* NULL: a random, dynamic one */
    struct listen_options listen;
    struct authorization_options authorization;
    const struct permissions *permissions;  /* import = publish, export = subscribe */
    struct tls_options tls;
    struct url_list routes;
    bool         no_advertise;
    int32_t      connect_retries;       /* implicit routes; 0 */
    bool         connect_backoff;
    int32_t      pool_size;             /* 3; -1: no pool */
    struct string_list pinned_accounts; /* accounts with a route of their own */
    struct compression_options compression;
    nanos        ping_interval;         /* 0: the global one, at most 30 s */
    int32_t      ping_max;              /* 0: the global one */
    nanos        write_deadline;        /* 0: the global one */
    enum write_timeout write_timeout;
};

struct remote_gateway_options {
    const char        *name;
    struct url_list    urls;
    struct tls_options tls;
    struct option_pos  pos;
};

struct gateway_options {
    bool         present;
    struct option_pos pos;
    const char  *name;
    struct listen_options listen;
    struct authorization_options authorization;
    struct tls_options tls;
    int32_t      connect_retries;
    bool         connect_backoff;
    bool         reject_unknown;
    struct remote_gateway_options *remotes;
    uint32_t     remotes_count;
    nanos        write_deadline;
    enum write_timeout write_timeout;
};

struct leaf_remote_options {
    struct option_pos  pos;
    struct url_list    urls;
    bool               no_randomize;
    const char        *account;         /* local account; NULL: $G */
    const char        *credentials;     /* path, ~ and environment already expanded */
    const char        *nkey_seed;       /* user seed, SU... */
    struct tls_options tls;
    bool               hub;
    struct string_list deny_imports;
    struct string_list deny_exports;
    bool               ws_compression;
    bool               ws_no_masking;
    bool               jetstream_cluster_migrate;
    nanos              jetstream_cluster_migrate_delay;
    bool               isolate_interest;
    enum tri           request_isolation;
    struct compression_options compression;
    nanos              first_info_timeout;  /* 0: 1 s */
    nanos              dial_timeout;        /* 0: 1 s */
    bool               disabled;
    bool               ignore_discovered_servers;
    const char        *proxy_url;
    const char        *proxy_username;
    const char        *proxy_password;
    nanos              proxy_timeout;
};

struct leafnode_options {
    bool         present;
    struct option_pos pos;
    struct listen_options listen;       /* port 0: no listener */
    struct authorization_options authorization;
    struct tls_options tls;
    nanos        reconnect_interval;    /* 1 s */
    nanos        dial_timeout;          /* 1 s */
    bool         no_advertise;
    const char  *min_version;           /* "2.8.0" or later; NULL: any */
    struct compression_options compression;
    bool         isolate_interest;
    nanos        write_deadline;
    enum write_timeout write_timeout;
    struct leaf_remote_options *remotes;
    uint32_t     remotes_count;
};

#endif
