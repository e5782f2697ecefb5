/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/consumer_config.h"

/* clang-format off */
#define WORDS(name, refused)                                                                   \
    static const struct json_words name##_words = { name##_items, ARRAY_COUNT(name##_items),   \
                                                    .refusal = refused };                      \
    static const struct json_table name##_table = JSON_WORDS_TABLE(&name##_words)

static const struct json_word deliver_items[] = {
    { "all", JS_DELIVER_ALL }, { "last", JS_DELIVER_LAST }, { "new", JS_DELIVER_NEW },
    { "by_start_sequence", JS_DELIVER_BY_START_SEQUENCE },
    { "by_start_time", JS_DELIVER_BY_START_TIME },
    { "last_per_subject", JS_DELIVER_LAST_PER_SUBJECT }, { "undefined", JS_DELIVER_ALL },
};
WORDS(deliver, "can not unmarshal %q");

static const struct json_word ack_items[] = {
    { "none", JS_ACK_NONE }, { "all", JS_ACK_ALL }, { "explicit", JS_ACK_EXPLICIT },
    { "flow_control", JS_ACK_FLOW_CONTROL },
};
WORDS(ack, "can not unmarshal %q");

static const struct json_word replay_items[] = {
    { "instant", JS_REPLAY_INSTANT }, { "original", JS_REPLAY_ORIGINAL },
};
WORDS(replay, "can not unmarshal %q");

static const struct json_word priority_items[] = {
    { "none", JS_PRIORITY_NONE }, { "overflow", JS_PRIORITY_OVERFLOW },
    { "pinned_client", JS_PRIORITY_PINNED_CLIENT }, { "prioritized", JS_PRIORITY_PRIORITIZED },
};
WORDS(priority, "unknown priority policy: %s");

static const struct json_word action_items[] = {
    { "", CONSUMER_ANY }, { "create", CONSUMER_CREATE }, { "update", CONSUMER_UPDATE },
};
WORDS(action, "unknown consumer action: %s");
#undef WORDS

#define AT(field) JSON_AT(struct consumer_config, field)
static const struct json_field config_fields[] = {
    { "durable_name", AT(durable_name), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "name of a consumer that stays" },
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "name" },
    { "description", AT(description), JSON_TEXT, JSON_OMITEMPTY, NULL, "for humans" },
    { "deliver_policy", AT(deliver_policy), JSON_WORD, 0, &deliver_table, "where it begins" },
    { "opt_start_seq", AT(opt_start_seq), JSON_U64, JSON_OMITEMPTY, NULL,
      "sequence of by_start_sequence" },
    { "opt_start_time", AT(opt_start_time), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL,
      "time of by_start_time" },
    { "ack_policy", AT(ack_policy), JSON_WORD, 0, &ack_table, "what must be acknowledged" },
    { "ack_wait", AT(ack_wait), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "time before it is delivered again; 30 s" },
    { "max_deliver", AT(max_deliver), JSON_GOINT, JSON_OMITEMPTY, NULL, "deliveries of a message" },
    { "backoff", AT(backoff), JSON_NANOS_LIST, JSON_OMITEMPTY, NULL,
      "ack_wait of each delivery in turn" },
    { "filter_subject", AT(filter_subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "only these subjects" },
    { "filter_subjects", AT(filter_subjects), JSON_TEXTS, JSON_OMITEMPTY, NULL,
      "only these subjects" },
    { "replay_policy", AT(replay_policy), JSON_WORD, 0, &replay_table,
      "instant, or with the pauses of the original" },
    { "rate_limit_bps", AT(rate_limit_bps), JSON_U64, JSON_OMITEMPTY, NULL, "bits a second" },
    { "sample_freq", AT(sample_freq), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "percentage of acknowledgements that are reported" },
    { "max_waiting", AT(max_waiting), JSON_GOINT, JSON_OMITEMPTY, NULL,
      "pulls that may wait; 512" },
    { "max_ack_pending", AT(max_ack_pending), JSON_GOINT, JSON_OMITEMPTY, NULL,
      "messages that may wait for an acknowledgement; 1000" },
    { "flow_control", AT(flow_control), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "the receiver is asked whether it keeps up" },
    { "headers_only", AT(headers_only), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "without bodies" },
    { "max_batch", AT(max_batch), JSON_GOINT, JSON_OMITEMPTY, NULL, "messages of a pull" },
    { "max_expires", AT(max_expires), JSON_NANOS, JSON_OMITEMPTY, NULL, "time of a pull" },
    { "max_bytes", AT(max_bytes), JSON_GOINT, JSON_OMITEMPTY, NULL, "bytes of a pull" },
    { "deliver_subject", AT(deliver_subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "where messages are pushed; none: they are pulled" },
    { "deliver_group", AT(deliver_group), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "queue group of the receivers" },
    { "idle_heartbeat", AT(idle_heartbeat), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "a sign of life after so much silence" },
    { "inactive_threshold", AT(inactive_threshold), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "it goes when nobody used it for so long" },
    { "num_replicas", AT(num_replicas), JSON_GOINT, 0, NULL, "copies of its state" },
    { "mem_storage", AT(mem_storage), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "its state is in memory only" },
    { "direct", AT(direct), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "of the server itself" },
    { "sourcing", AT(sourcing), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "of a mirror or source" },
    { "metadata", AT(metadata), JSON_TEXT_MAP, JSON_OMITEMPTY, NULL, "of the user" },
    { "pause_until", AT(pause_until), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL,
      "nothing is delivered before" },
    { "priority_groups", AT(priority_groups), JSON_TEXTS, JSON_OMITEMPTY, NULL,
      "groups of pulls" },
    { "priority_policy", AT(priority_policy), JSON_WORD, JSON_OMITEMPTY, &priority_table,
      "which pull goes first" },
    { "priority_timeout", AT(priority_timeout), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "silence that ends a pin; 2 m" },
};
#undef AT
const struct json_table consumer_config_table =
    JSON_NAMED_TABLE(struct consumer_config, config_fields, "ConsumerConfig");

#define AT(field) JSON_AT(struct consumer_create_request, field)
static const struct json_field request_fields[] = {
    { "stream_name", AT(stream_name), JSON_TEXT, 0, NULL, "stream" },
    { "config", AT(config), JSON_STRUCT, 0, &consumer_config_table, "configuration" },
    { "action", AT(action), JSON_WORD, 0, &action_table, "create, update or either" },
    { "pedantic", AT(pedantic), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "adjust nothing silently" },
};
#undef AT
const struct json_table consumer_create_request_table =
    JSON_NAMED_TABLE(struct consumer_create_request, request_fields, "CreateConsumerRequest");
/* clang-format on */

void consumer_config_copy(const struct consumer_config *from, struct arena *arena,
                          struct consumer_config *ret)
{
    json_table_copy(&consumer_config_table, from, arena, ret);
}

bool consumer_config_equal(const struct consumer_config *a, const struct consumer_config *b)
{
    return json_table_equal(&consumer_config_table, a, b);
}

uint32_t consumer_config_level(const struct consumer_config *c)
{
    if (c->ack_policy == JS_ACK_FLOW_CONTROL) return 4;     /* nats-server 2.14 */
    bool pauses = c->pause_until != 0 && c->pause_until != INT64_MIN;
    bool has_priority = c->priority_policy != JS_PRIORITY_NONE || c->priority_timeout != 0 ||
                        c->priority_groups.count > 0;
    return pauses || has_priority ? 1 : 0;                  /* 2.11 */
}
