/* SPDX-License-Identifier: Apache-2.0 */
/* API info: what the API tells of a stream, a consumer and an account.
 *
 * Pure; thread: any. Memory: plain values that borrow; they are filled, written and dropped. */
#ifndef MIDGE_STREAM_API_INFO_H
#define MIDGE_STREAM_API_INFO_H

#include "stream/check.h"
#include "stream/consumer_config.h"

struct stream_lost {
    struct json_array msgs;             /* uint64_t */
    uint64_t          bytes;
};

struct stream_state {
    uint64_t messages;
    uint64_t bytes;
    uint64_t first_seq;
    nanos    first_ts;                  /* GOTIME_ZERO: none */
    uint64_t last_seq;
    nanos    last_ts;
    int64_t  num_subjects;
    struct json_array subjects;         /* struct json_count, sorted; only when asked for */
    int64_t  num_deleted;
    struct json_array deleted;          /* uint64_t; only when asked for */
    struct stream_lost *lost;           /* NULL: nothing */
    int64_t  consumer_count;
};

struct js_peer_info {
    const char *name;
    bool        current;
    bool        offline;
    nanos       active;
    uint64_t    lag;
    const char *peer;
    bool        pending;
};

struct js_cluster_info {
    const char *name;
    const char *raft_group;
    const char *leader;
    nanos       leader_since;           /* 0: not told */
    bool        system_account;
    const char *traffic_account;
    struct json_array replicas;         /* struct js_peer_info */
};

struct js_error_info {
    uint16_t    code;
    uint16_t    err_code;
    const char *description;
};

struct stream_source_info {
    const char *name;
    struct stream_external *external;
    uint64_t    lag;
    uint64_t    seq;                    /* of the origin; 0: not told */
    nanos       active;                 /* since the last message; -1: never */
    struct js_error_info *error;
    const char *filter_subject;
    struct json_array subject_transforms;       /* struct stream_transform */
};

struct stream_alternate {
    const char *name;
    const char *domain;
    const char *cluster;
};

struct stream_info {
    struct stream_config config;
    nanos                created;
    struct stream_state  state;
    const char          *domain;
    struct js_cluster_info    *cluster;
    struct stream_source_info *mirror;
    struct json_array    sources;       /* struct stream_source_info */
    struct json_array    alternates;    /* struct stream_alternate */
    nanos                ts;
};

struct consumer_sequence {
    uint64_t consumer_seq;
    uint64_t stream_seq;
    nanos    last_active;               /* 0: never */
};

struct consumer_group_info {
    const char *group;
    const char *pinned_client_id;
    nanos       pinned_ts;              /* GOTIME_ZERO: not pinned */
};

struct consumer_info {
    const char *stream_name;
    const char *name;
    nanos       created;
    struct consumer_config  *config;
    struct consumer_sequence delivered;
    struct consumer_sequence ack_floor;
    int64_t     num_ack_pending;
    int64_t     num_redelivered;
    int64_t     num_waiting;
    uint64_t    num_pending;
    struct js_cluster_info *cluster;
    bool        push_bound;
    bool        paused;
    nanos       pause_remaining;
    nanos       ts;
    struct json_array priority_groups;  /* struct consumer_group_info */
};

struct js_tier_info {
    uint64_t memory;
    uint64_t storage;
    uint64_t reserved_memory;
    uint64_t reserved_storage;
    int64_t  streams;
    int64_t  consumers;
    struct js_account_limits limits;
};

/* By number of replicas; NULL: no such tier. */
struct js_tiers_info {
    struct js_tier_info *r[JS_REPLICAS_MAX];
};

struct js_api_stats {
    int64_t  level;
    uint64_t total;
    uint64_t errors;
    uint64_t inflight;
};

struct js_account_info {
    struct js_tier_info  usage;         /* of the account as a whole */
    const char          *domain;
    struct js_api_stats  api;
    struct js_tiers_info *tiers;
};

extern const struct json_table stream_state_table;
extern const struct json_table stream_info_table;
extern const struct json_table consumer_info_table;
extern const struct json_table js_cluster_info_table;
extern const struct json_table stream_source_info_table;
extern const struct json_table js_account_info_table;
extern const struct json_table js_api_stats_table;
extern const struct json_table js_error_info_table;

#endif
