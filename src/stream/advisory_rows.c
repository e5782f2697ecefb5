/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/advisory_rows.h"

#include "base/assert.h"
#include "stream/api_info.h"

/* clang-format off */
#define AT(field) JSON_AT(struct advisory_event, field)
#define FACT(field) JSON_AT(struct advisory_event, facts.field)

#define HEAD \
    { "type", AT(type), JSON_TEXT, 0, NULL, "kind of the advisory" }, \
    { "id", AT(id), JSON_TEXT, 0, NULL, "its own" }, \
    { "timestamp", AT(timestamp), JSON_TIMESTAMP, 0, NULL, "when" }
#define DOMAIN { "domain", AT(domain), JSON_TEXT, JSON_OMITEMPTY, NULL, "domain" }
#define SERVER { "server", AT(server), JSON_TEXT, 0, NULL, "name of the server" }
#define CLIENT { "client", AT(client), JSON_RAW, 0, NULL, "who called" }
#define ACCOUNT { "account", AT(account), JSON_TEXT, JSON_OMITEMPTY, NULL, "account" }
#define STREAM { "stream", FACT(stream), JSON_SLICE, 0, NULL, "stream" }
#define CONSUMER { "consumer", FACT(consumer), JSON_SLICE, 0, NULL, "consumer" }
#define ACTION { "action", FACT(action), JSON_TEXT, 0, NULL, "create, modify or delete" }
#define START { "start", FACT(start), JSON_TIMESTAMP, 0, NULL, "when it began" }
#define END { "end", FACT(end), JSON_TIMESTAMP, 0, NULL, "when it was over" }
#define STREAM_SEQ { "stream_seq", FACT(stream_seq), JSON_U64, 0, NULL, "sequence in the stream" }
#define CONSUMER_SEQ { "consumer_seq", FACT(consumer_seq), JSON_U64, 0, NULL, \
                       "sequence of the delivery" }
#define DELIVERIES { "deliveries", FACT(deliveries), JSON_U64, 0, NULL, "how often delivered" }
#define GROUP { "group", FACT(group), JSON_SLICE, 0, NULL, "priority group" }
#define REASON { "reason", FACT(reason), JSON_SLICE, 0, NULL, "why" }

static const struct json_field api_audit_fields[] = {
    HEAD, SERVER, CLIENT,
    { "subject", FACT(subject), JSON_SLICE, 0, NULL, "the call" },
    { "request", FACT(request), JSON_SLICE, JSON_OMITEMPTY, NULL, "its body" },
    { "response", FACT(response), JSON_SLICE, 0, NULL, "the answer" },
    DOMAIN,
};
static const struct json_field stream_action_fields[] = { HEAD, STREAM, ACTION, DOMAIN };
static const struct json_field consumer_action_fields[] = {
    HEAD, STREAM, CONSUMER, ACTION, DOMAIN,
};
static const struct json_field consumer_pause_fields[] = {
    HEAD, STREAM, CONSUMER,
    { "paused", FACT(paused), JSON_BOOLEAN, 0, NULL, "it is paused" },
    { "pause_until", FACT(pause_until), JSON_TIMESTAMP, 0, NULL, "until then" },
    DOMAIN,
};
static const struct json_field max_deliver_fields[] = {
    HEAD, STREAM, CONSUMER, STREAM_SEQ, DELIVERIES, DOMAIN,
};
static const struct json_field nak_fields[] = {
    HEAD, STREAM, CONSUMER, CONSUMER_SEQ, STREAM_SEQ, DELIVERIES, DOMAIN,
};
static const struct json_field terminated_fields[] = {
    HEAD, STREAM, CONSUMER, CONSUMER_SEQ, STREAM_SEQ, DELIVERIES,
    { "reason", FACT(reason), JSON_SLICE, JSON_OMITEMPTY, NULL, "what the client said" },
    DOMAIN,
};
static const struct json_field pinned_fields[] = {
    HEAD, ACCOUNT, STREAM, CONSUMER, DOMAIN, GROUP,
    { "pinned_id", FACT(pinned_id), JSON_SLICE, 0, NULL, "id of the client's pull" },
};
static const struct json_field unpinned_fields[] = {
    HEAD, ACCOUNT, STREAM, CONSUMER, DOMAIN, GROUP, REASON,
};
static const struct json_field snapshot_create_fields[] = {
    HEAD, STREAM,
    { "state", FACT(state), JSON_STRUCT_PTR, 0, &stream_state_table, "of the stream" },
    CLIENT, DOMAIN,
};
static const struct json_field snapshot_complete_fields[] = {
    HEAD, STREAM, START, END, CLIENT, DOMAIN,
    { "error", FACT(error), JSON_SLICE, JSON_OMITEMPTY, NULL, "what went wrong" },
};
static const struct json_field restore_create_fields[] = { HEAD, STREAM, CLIENT, DOMAIN };
static const struct json_field restore_complete_fields[] = {
    HEAD, STREAM, START, END,
    { "bytes", FACT(bytes), JSON_U64, 0, NULL, "that came" },
    CLIENT, DOMAIN,
};
static const struct json_field batch_abandoned_fields[] = {
    HEAD, ACCOUNT, STREAM, DOMAIN,
    { "batch", FACT(batch), JSON_SLICE, 0, NULL, "id of the batch" },
    REASON,
};
static const struct json_field ack_metric_fields[] = {
    HEAD, STREAM, CONSUMER, CONSUMER_SEQ, STREAM_SEQ,
    { "ack_time", FACT(ack_time), JSON_NANOS, 0, NULL, "from delivery to ack" },
    DELIVERIES, DOMAIN,
};
static const struct json_field api_limit_fields[] = {
    HEAD, SERVER, DOMAIN,
    { "dropped", FACT(dropped), JSON_U64, 0, NULL, "requests that were dropped" },
};
static const struct json_field range_fields[] = {
    { "first_seq", JSON_AT(struct advisory_range, first), JSON_U64, 0, NULL, "first sequence" },
    { "last_seq", JSON_AT(struct advisory_range, last), JSON_U64, 0, NULL, "last one" },
};
static const struct json_table range_table = JSON_TABLE(struct advisory_range, range_fields);
static const struct json_field stream_damaged_fields[] = {
    HEAD, ACCOUNT, STREAM, DOMAIN,
    { "messages", FACT(messages), JSON_U64, 0, NULL, "how many are newly found to be damaged" },
    { "ranges", FACT(ranges), JSON_STRUCTS, 0, &range_table, "which ones" },
    { "more", FACT(has_more_ranges), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "there are more ranges than these: the stream's state has all" },
};
static const struct json_field out_of_storage_fields[] = {
    HEAD, SERVER,
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "its id" },
    { "stream", FACT(stream), JSON_SLICE, JSON_OMITEMPTY, NULL, "stream" },
    { "cluster", AT(cluster), JSON_TEXT, 0, NULL, "cluster" },
    DOMAIN,
};

#define TABLE(name) \
    static const struct json_table name##_table = JSON_TABLE(struct advisory_event, name##_fields)
TABLE(api_audit);
TABLE(stream_action);
TABLE(consumer_action);
TABLE(consumer_pause);
TABLE(max_deliver);
TABLE(nak);
TABLE(terminated);
TABLE(pinned);
TABLE(unpinned);
TABLE(snapshot_create);
TABLE(snapshot_complete);
TABLE(restore_create);
TABLE(restore_complete);
TABLE(batch_abandoned);
TABLE(stream_damaged);
TABLE(ack_metric);
TABLE(api_limit);
TABLE(out_of_storage);

#define X(id, subject, type) \
    [ADVISORY_##id] = { "$JS.EVENT." subject, "io.nats.jetstream." type, \
                        "io.midge.jetstream." type },
static const struct { const char *subject, *type, *own_type; } names[ADVISORY_COUNT] = {
    ADVISORY_LIST(X)
};
#undef X

static const struct { const struct json_table *table; uint32_t flags; } kinds[ADVISORY_COUNT] = {
    [ADVISORY_API_AUDIT]         = { &api_audit_table, ADVISORY_OF_CLIENT },
    [ADVISORY_STREAM_CREATED]    = { &stream_action_table, 0 },
    [ADVISORY_STREAM_UPDATED]    = { &stream_action_table, 0 },
    [ADVISORY_STREAM_DELETED]    = { &stream_action_table, 0 },
    [ADVISORY_CONSUMER_CREATED]  = { &consumer_action_table, 0 },
    [ADVISORY_CONSUMER_DELETED]  = { &consumer_action_table, 0 },
    [ADVISORY_CONSUMER_PAUSE]    = { &consumer_pause_table, 0 },
    [ADVISORY_MAX_DELIVERIES]    = { &max_deliver_table, 0 },
    [ADVISORY_MSG_NAKED]         = { &nak_table, 0 },
    [ADVISORY_MSG_TERMINATED]    = { &terminated_table, 0 },
    [ADVISORY_PINNED]            = { &pinned_table, ADVISORY_NAMES_ACCOUNT },
    [ADVISORY_UNPINNED]          = { &unpinned_table, ADVISORY_NAMES_ACCOUNT },
    [ADVISORY_SNAPSHOT_CREATE]   = { &snapshot_create_table, ADVISORY_OF_CLIENT },
    [ADVISORY_SNAPSHOT_COMPLETE] = { &snapshot_complete_table, ADVISORY_OF_CLIENT },
    [ADVISORY_RESTORE_CREATE]    = { &restore_create_table, ADVISORY_OF_CLIENT },
    [ADVISORY_RESTORE_COMPLETE]  = { &restore_complete_table, ADVISORY_OF_CLIENT },
    [ADVISORY_BATCH_ABANDONED]   = { &batch_abandoned_table, ADVISORY_TO_BOTH },
    [ADVISORY_STREAM_DAMAGED]    = { &stream_damaged_table, ADVISORY_TO_BOTH | ADVISORY_OF_MIDGE },
    [ADVISORY_ACK_METRIC]        = { &ack_metric_table, 0 },
    [ADVISORY_API_LIMIT]         = { &api_limit_table, ADVISORY_TO_SYSTEM },
    [ADVISORY_OUT_OF_STORAGE]    = { &out_of_storage_table, ADVISORY_TO_SYSTEM },
};
/* clang-format on */

struct advisory_row advisory_row(enum advisory which)
{
    assert(which < ADVISORY_COUNT);
    assert(kinds[which].table != NULL);
    bool is_own = (kinds[which].flags & ADVISORY_OF_MIDGE) != 0;
    return (struct advisory_row){ names[which].subject,
                                  is_own ? names[which].own_type : names[which].type,
                                  kinds[which].flags, kinds[which].table };
}
