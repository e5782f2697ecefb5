/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_info.h"

/* clang-format off */
#define AT(field) JSON_AT(struct stream_lost, field)
static const struct json_field lost_fields[] = {
    { "msgs", AT(msgs), JSON_U64_LIST, JSON_NULL_IF_EMPTY, NULL, "sequences that are damaged" },
    { "bytes", AT(bytes), JSON_U64, 0, NULL, "their bytes" },
};
#undef AT
static const struct json_table lost_table =
    JSON_NAMED_TABLE(struct stream_lost, lost_fields, "LostStreamData");

#define AT(field) JSON_AT(struct stream_state, field)
static const struct json_field state_fields[] = {
    { "messages", AT(messages), JSON_U64, 0, NULL, "messages that are there" },
    { "bytes", AT(bytes), JSON_U64, 0, NULL, "their bytes" },
    { "first_seq", AT(first_seq), JSON_U64, 0, NULL, "sequence of the oldest" },
    { "first_ts", AT(first_ts), JSON_TIMESTAMP, 0, NULL, "time of the oldest" },
    { "last_seq", AT(last_seq), JSON_U64, 0, NULL, "sequence of the newest ever" },
    { "last_ts", AT(last_ts), JSON_TIMESTAMP, 0, NULL, "time of the newest ever" },
    { "num_subjects", AT(num_subjects), JSON_GOINT, JSON_OMITEMPTY, NULL, "subjects" },
    { "subjects", AT(subjects), JSON_COUNT_MAP, JSON_OMITEMPTY, NULL, "messages of each" },
    { "num_deleted", AT(num_deleted), JSON_GOINT, JSON_OMITEMPTY, NULL,
      "gaps between oldest and newest" },
    { "deleted", AT(deleted), JSON_U64_LIST, JSON_OMITEMPTY, NULL, "their sequences" },
    { "lost", AT(lost), JSON_STRUCT_PTR, JSON_OMITEMPTY, &lost_table, "what is damaged" },
    { "consumer_count", AT(consumer_count), JSON_GOINT, 0, NULL, "consumers" },
};
#undef AT
const struct json_table stream_state_table =
    JSON_NAMED_TABLE(struct stream_state, state_fields, "StreamState");

#define AT(field) JSON_AT(struct js_peer_info, field)
static const struct json_field peer_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "server" },
    { "current", AT(current), JSON_BOOLEAN, 0, NULL, "it has all there is" },
    { "offline", AT(offline), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "it was not seen lately" },
    { "active", AT(active), JSON_NANOS, 0, NULL, "time since it was seen" },
    { "lag", AT(lag), JSON_U64, JSON_OMITEMPTY, NULL, "operations that it lacks" },
    { "peer", AT(peer), JSON_TEXT, 0, NULL, "its id" },
    { "pending", AT(pending), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "it joins" },
};
#undef AT
static const struct json_table peer_table =
    JSON_NAMED_TABLE(struct js_peer_info, peer_fields, "PeerInfo");

#define AT(field) JSON_AT(struct js_cluster_info, field)
static const struct json_field cluster_fields[] = {
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "cluster" },
    { "raft_group", AT(raft_group), JSON_TEXT, JSON_OMITEMPTY, NULL, "group" },
    { "leader", AT(leader), JSON_TEXT, JSON_OMITEMPTY, NULL, "server that leads" },
    { "leader_since", AT(leader_since), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL, "since when" },
    { "system_account", AT(system_account), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "its traffic is in the system account" },
    { "traffic_account", AT(traffic_account), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "the account of its traffic" },
    { "replicas", AT(replicas), JSON_STRUCTS, JSON_OMITEMPTY | JSON_GO_POINTERS, &peer_table,
      "the others" },
};
#undef AT
const struct json_table js_cluster_info_table =
    JSON_NAMED_TABLE(struct js_cluster_info, cluster_fields, "ClusterInfo");

#define AT(field) JSON_AT(struct js_error_info, field)
static const struct json_field error_fields[] = {
    { "code", AT(code), JSON_U16, 0, NULL, "as in HTTP" },
    { "err_code", AT(err_code), JSON_U16, JSON_OMITEMPTY, NULL, "which error" },
    { "description", AT(description), JSON_TEXT, JSON_OMITEMPTY, NULL, "for humans" },
};
#undef AT
const struct json_table js_error_info_table =
    JSON_NAMED_TABLE(struct js_error_info, error_fields, "ApiError");

#define AT(field) JSON_AT(struct stream_source_info, field)
static const struct json_field source_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "origin" },
    { "external", AT(external), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_external_table,
      "where it is" },
    { "lag", AT(lag), JSON_U64, 0, NULL, "messages that are not here yet" },
    { "seq", AT(seq), JSON_U64, JSON_OMITEMPTY, NULL, "the last one of it that is here" },
    { "active", AT(active), JSON_NANOS, 0, NULL, "time since it was heard; -1: never" },
    { "error", AT(error), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_error_info_table, "what is wrong" },
    { "filter_subject", AT(filter_subject), JSON_TEXT, JSON_OMITEMPTY, NULL, "filter" },
    { "subject_transforms", AT(subject_transforms), JSON_STRUCTS, JSON_OMITEMPTY,
      &stream_transform_table, "filters and transforms" },
};
#undef AT
const struct json_table stream_source_info_table =
    JSON_NAMED_TABLE(struct stream_source_info, source_fields, "StreamSourceInfo");

#define AT(field) JSON_AT(struct stream_alternate, field)
static const struct json_field alternate_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "stream" },
    { "domain", AT(domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "its domain" },
    { "cluster", AT(cluster), JSON_TEXT, 0, NULL, "its cluster" },
};
#undef AT
static const struct json_table alternate_table =
    JSON_NAMED_TABLE(struct stream_alternate, alternate_fields, "StreamAlternate");

#define AT(field) JSON_AT(struct stream_info, field)
static const struct json_field info_fields[] = {
    { "config", AT(config), JSON_STRUCT, 0, &stream_config_table, "configuration" },
    { "created", AT(created), JSON_TIMESTAMP, 0, NULL, "when it was made" },
    { "state", AT(state), JSON_STRUCT, 0, &stream_state_table, "what it holds" },
    { "domain", AT(domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "domain" },
    { "cluster", AT(cluster), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_cluster_info_table,
      "who holds it" },
    { "mirror", AT(mirror), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_source_info_table,
      "its origin" },
    { "sources", AT(sources), JSON_STRUCTS, JSON_OMITEMPTY | JSON_GO_POINTERS,
      &stream_source_info_table, "its origins" },
    { "alternates", AT(alternates), JSON_STRUCTS, JSON_OMITEMPTY, &alternate_table,
      "it and its mirrors, nearest first" },
    { "ts", AT(ts), JSON_TIMESTAMP, 0, NULL, "when this was true" },
};
#undef AT
const struct json_table stream_info_table =
    JSON_NAMED_TABLE(struct stream_info, info_fields, "StreamInfo");

#define AT(field) JSON_AT(struct consumer_sequence, field)
static const struct json_field sequence_fields[] = {
    { "consumer_seq", AT(consumer_seq), JSON_U64, 0, NULL, "deliveries" },
    { "stream_seq", AT(stream_seq), JSON_U64, 0, NULL, "sequence in the stream" },
    { "last_active", AT(last_active), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL, "when" },
};
#undef AT
static const struct json_table sequence_table =
    JSON_NAMED_TABLE(struct consumer_sequence, sequence_fields, "SequenceInfo");

#define AT(field) JSON_AT(struct consumer_group_info, field)
static const struct json_field group_fields[] = {
    { "group", AT(group), JSON_TEXT, 0, NULL, "group" },
    { "pinned_client_id", AT(pinned_client_id), JSON_TEXT, JSON_OMITEMPTY, NULL, "who is pinned" },
    { "pinned_ts", AT(pinned_ts), JSON_TIMESTAMP, 0, NULL, "since when" },
};
#undef AT
static const struct json_table group_table =
    JSON_NAMED_TABLE(struct consumer_group_info, group_fields, "PriorityGroupState");

#define AT(field) JSON_AT(struct consumer_info, field)
static const struct json_field consumer_fields[] = {
    { "stream_name", AT(stream_name), JSON_TEXT, 0, NULL, "stream" },
    { "name", AT(name), JSON_TEXT, 0, NULL, "name" },
    { "created", AT(created), JSON_TIMESTAMP, 0, NULL, "when it was made" },
    { "config", AT(config), JSON_STRUCT_PTR, JSON_OMITEMPTY, &consumer_config_table,
      "configuration" },
    { "delivered", AT(delivered), JSON_STRUCT, 0, &sequence_table, "the last one delivered" },
    { "ack_floor", AT(ack_floor), JSON_STRUCT, 0, &sequence_table,
      "all up to it are acknowledged" },
    { "num_ack_pending", AT(num_ack_pending), JSON_GOINT, 0, NULL,
      "delivered and not acknowledged" },
    { "num_redelivered", AT(num_redelivered), JSON_GOINT, 0, NULL, "delivered more than once" },
    { "num_waiting", AT(num_waiting), JSON_GOINT, 0, NULL, "pulls that wait" },
    { "num_pending", AT(num_pending), JSON_U64, 0, NULL, "not yet delivered" },
    { "cluster", AT(cluster), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_cluster_info_table,
      "who holds it" },
    { "push_bound", AT(push_bound), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "somebody gets them" },
    { "paused", AT(paused), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "it is paused" },
    { "pause_remaining", AT(pause_remaining), JSON_NANOS, JSON_OMITEMPTY, NULL, "for how long" },
    { "ts", AT(ts), JSON_TIMESTAMP, 0, NULL, "when this was true" },
    { "priority_groups", AT(priority_groups), JSON_STRUCTS, JSON_OMITEMPTY, &group_table,
      "groups of pulls" },
};
#undef AT
const struct json_table consumer_info_table =
    JSON_NAMED_TABLE(struct consumer_info, consumer_fields, "ConsumerInfo");

#define AT(field) JSON_AT(struct js_account_limits, field)
static const struct json_field limits_fields[] = {
    { "max_memory", AT(memory_max), JSON_I64, 0, NULL, "bytes in memory" },
    { "max_storage", AT(store_max), JSON_I64, 0, NULL, "bytes in files" },
    { "max_streams", AT(streams_max), JSON_GOINT, 0, NULL, "streams" },
    { "max_consumers", AT(consumers_max), JSON_GOINT, 0, NULL, "consumers of a stream" },
    { "max_ack_pending", AT(ack_pending_max), JSON_GOINT, 0, NULL,
      "unacknowledged messages of a consumer" },
    { "memory_max_stream_bytes", AT(memory_stream_bytes_max), JSON_I64, 0, NULL,
      "bytes of a stream in memory" },
    { "storage_max_stream_bytes", AT(store_stream_bytes_max), JSON_I64, 0, NULL,
      "bytes of a stream in files" },
    { "max_bytes_required", AT(max_bytes_required), JSON_BOOLEAN, 0, NULL,
      "streams must say max_bytes" },
};
#undef AT
static const struct json_table limits_table =
    JSON_NAMED_TABLE(struct js_account_limits, limits_fields, "JetStreamAccountLimits");

#define AT(field) JSON_AT(struct js_tier_info, field)
static const struct json_field tier_fields[] = {
    { "memory", AT(memory), JSON_U64, 0, NULL, "bytes in memory" },
    { "storage", AT(storage), JSON_U64, 0, NULL, "bytes in files" },
    { "reserved_memory", AT(reserved_memory), JSON_U64, 0, NULL, "bytes that streams reserve" },
    { "reserved_storage", AT(reserved_storage), JSON_U64, 0, NULL, "bytes that streams reserve" },
    { "streams", AT(streams), JSON_GOINT, 0, NULL, "streams" },
    { "consumers", AT(consumers), JSON_GOINT, 0, NULL, "consumers" },
    { "limits", AT(limits), JSON_STRUCT, 0, &limits_table, "limits" },
};
#undef AT
static const struct json_table tier_table =
    JSON_NAMED_TABLE(struct js_tier_info, tier_fields, "JetStreamTier");

#define TIER(n) { "R" #n, JSON_AT(struct js_tiers_info, r[n - 1]), JSON_STRUCT_PTR, \
                  JSON_OMITEMPTY, &tier_table, "streams with so many replicas" }
static const struct json_field tiers_fields[] = { TIER(1), TIER(2), TIER(3), TIER(4), TIER(5) };
#undef TIER
static const struct json_table tiers_table =
    JSON_NAMED_TABLE(struct js_tiers_info, tiers_fields, "map[string]JetStreamTier");

#define AT(field) JSON_AT(struct js_api_stats, field)
static const struct json_field stats_fields[] = {
    { "level", AT(level), JSON_GOINT, 0, NULL, "level of the API" },
    { "total", AT(total), JSON_U64, 0, NULL, "requests" },
    { "errors", AT(errors), JSON_U64, 0, NULL, "requests that failed" },
    { "inflight", AT(inflight), JSON_U64, JSON_OMITEMPTY, NULL, "requests under way" },
};
#undef AT
const struct json_table js_api_stats_table =
    JSON_NAMED_TABLE(struct js_api_stats, stats_fields, "JetStreamAPIStats");

#define AT(field) JSON_AT(struct js_account_info, field)
static const struct json_field account_fields[] = {
    { "JetStreamTier", AT(usage), JSON_EMBED, 0, &tier_table, "usage and limits" },
    { "domain", AT(domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "domain" },
    { "api", AT(api), JSON_STRUCT, 0, &js_api_stats_table, "requests to the API" },
    { "tiers", AT(tiers), JSON_STRUCT_PTR, JSON_OMITEMPTY, &tiers_table, "by replicas" },
};
#undef AT
const struct json_table js_account_info_table =
    JSON_NAMED_TABLE(struct js_account_info, account_fields, "JetStreamAccountStats");
/* clang-format on */
