/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_config.h"

#include "base/assert.h"

/* clang-format off */
#define WORDS(name, ...)                                                                       \
    static const struct json_words name##_words = { name##_items, ARRAY_COUNT(name##_items),   \
                                                    __VA_ARGS__ };                             \
    static const struct json_table name##_table = JSON_WORDS_TABLE(&name##_words)

static const struct json_word retention_items[] = {
    { "limits", JS_RETENTION_LIMITS }, { "interest", JS_RETENTION_INTEREST },
    { "workqueue", JS_RETENTION_WORKQUEUE },
};
WORDS(retention, .refusal = "can not unmarshal %q");

static const struct json_word discard_items[] = {
    { "old", JS_DISCARD_OLD }, { "new", JS_DISCARD_NEW },
};
WORDS(discard, .is_any_case = true, .refusal = "can not unmarshal %q");

static const struct json_word storage_items[] = {
    { "file", JS_STORAGE_FILE }, { "memory", JS_STORAGE_MEMORY },
};
WORDS(storage, .refusal = "can not unmarshal %q");

static const struct json_word compression_items[] = {
    { "none", JS_COMPRESSION_NONE }, { "s2", JS_COMPRESSION_S2 },
};
WORDS(compression, .is_text = true, .refusal = "unknown compression algorithm");

static const struct json_word persist_items[] = {
    { "default", JS_PERSIST_DEFAULT }, { "async", JS_PERSIST_ASYNC }, { "", JS_PERSIST_DEFAULT },
};
WORDS(persist, .refusal = "can not unmarshal %q");
#undef WORDS

#define AT(field) JSON_AT(struct stream_transform, field)
static const struct json_field transform_fields[] = {
    { "src",  AT(src),  JSON_TEXT, 0, NULL, "subjects that are changed" },
    { "dest", AT(dest), JSON_TEXT, 0, NULL, "what they become" },
};
#undef AT
const struct json_table stream_transform_table =
    JSON_NAMED_TABLE(struct stream_transform, transform_fields, "SubjectTransformConfig");

#define AT(field) JSON_AT(struct stream_external, field)
static const struct json_field external_fields[] = {
    { "api",     AT(api),     JSON_TEXT, 0, NULL, "prefix of the API of the other side" },
    { "deliver", AT(deliver), JSON_TEXT, 0, NULL, "prefix of subjects for delivery" },
};
#undef AT
const struct json_table stream_external_table =
    JSON_NAMED_TABLE(struct stream_external, external_fields, "ExternalStream");

#define AT(field) JSON_AT(struct stream_source_consumer, field)
static const struct json_field source_consumer_fields[] = {
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "a durable consumer of the origin" },
    { "deliver_subject", AT(deliver_subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "where it delivers" },
};
#undef AT
static const struct json_table source_consumer_table = JSON_NAMED_TABLE(
    struct stream_source_consumer, source_consumer_fields, "StreamConsumerSource");

#define AT(field) JSON_AT(struct stream_source, field)
static const struct json_field source_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "stream that is drawn from" },
    { "opt_start_seq", AT(opt_start_seq), JSON_U64, JSON_OMITEMPTY, NULL, "where to begin" },
    { "opt_start_time", AT(opt_start_time), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL,
      "when to begin" },
    { "filter_subject", AT(filter_subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "only these subjects" },
    { "subject_transforms", AT(subject_transforms), JSON_STRUCTS, JSON_OMITEMPTY,
      &stream_transform_table, "only these subjects, changed; the first that fits" },
    { "external", AT(external), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_external_table,
      "where the stream is, when it is not of this account" },
    { "consumer", AT(consumer), JSON_STRUCT_PTR, JSON_OMITEMPTY, &source_consumer_table,
      "the consumer to use instead of one of our own" },
};
#undef AT
const struct json_table stream_source_table =
    JSON_NAMED_TABLE(struct stream_source, source_fields, "StreamSource");

#define AT(field) JSON_AT(struct stream_placement, field)
static const struct json_field placement_fields[] = {
    { "cluster", AT(cluster), JSON_TEXT, JSON_OMITEMPTY, NULL, "cluster" },
    { "tags", AT(tags), JSON_TEXTS, JSON_OMITEMPTY, NULL, "tags that servers must have" },
    { "preferred", AT(preferred), JSON_TEXT, JSON_OMITEMPTY, NULL, "server that shall lead" },
};
#undef AT
const struct json_table stream_placement_table =
    JSON_NAMED_TABLE(struct stream_placement, placement_fields, "Placement");

#define AT(field) JSON_AT(struct stream_republish, field)
static const struct json_field republish_fields[] = {
    { "src", AT(src), JSON_TEXT, JSON_OMITEMPTY, NULL, "subjects that are published again; all" },
    { "dest", AT(dest), JSON_TEXT, 0, NULL, "as what" },
    { "headers_only", AT(headers_only), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "without the body" },
};
#undef AT
static const struct json_table republish_table =
    JSON_NAMED_TABLE(struct stream_republish, republish_fields, "RePublish");

#define AT(field) JSON_AT(struct stream_consumer_limits, field)
static const struct json_field consumer_limits_fields[] = {
    { "inactive_threshold", AT(inactive_threshold), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "at most, and when a consumer does not say" },
    { "max_ack_pending", AT(max_ack_pending), JSON_GOINT, JSON_OMITEMPTY, NULL,
      "at most, and when a consumer does not say" },
};
#undef AT
static const struct json_table consumer_limits_table = JSON_NAMED_TABLE(
    struct stream_consumer_limits, consumer_limits_fields, "StreamConsumerLimits");

#define AT(field) JSON_AT(struct stream_config, field)
static const struct json_field config_fields[] = {
    { "name", AT(name), JSON_TEXT, 0, NULL, "name" },
    { "description", AT(description), JSON_TEXT, JSON_OMITEMPTY, NULL, "for humans" },
    { "subjects", AT(subjects), JSON_TEXTS, JSON_OMITEMPTY, NULL, "what is stored; the name" },
    { "retention", AT(retention), JSON_WORD, 0, &retention_table,
      "what keeps a message: limits, interest or workqueue" },
    { "max_consumers", AT(max_consumers), JSON_GOINT, 0, NULL, "consumers at a time" },
    { "max_msgs", AT(max_msgs), JSON_I64, 0, NULL, "messages at a time" },
    { "max_bytes", AT(max_bytes), JSON_I64, 0, NULL, "bytes at a time, reserved" },
    { "max_age", AT(max_age), JSON_NANOS, 0, NULL, "how long a message stays" },
    { "max_msgs_per_subject", AT(max_msgs_per_subject), JSON_I64, 0, NULL,
      "messages of a subject at a time" },
    { "max_msg_size", AT(max_msg_size), JSON_I32, JSON_OMITEMPTY, NULL,
      "bytes of a message with its headers" },
    { "discard", AT(discard), JSON_WORD, 0, &discard_table,
      "what gives way at a limit: old or new" },
    { "storage", AT(storage), JSON_WORD, 0, &storage_table, "file or memory" },
    { "num_replicas", AT(num_replicas), JSON_GOINT, 0, NULL, "copies; 1" },
    { "no_ack", AT(no_ack), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "publishes are not answered" },
    { "duplicate_window", AT(duplicate_window), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "how long a message id is known; 2 m" },
    { "placement", AT(placement), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_placement_table,
      "which servers may hold it" },
    { "mirror", AT(mirror), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_source_table,
      "the stream that it repeats" },
    { "sources", AT(sources), JSON_STRUCTS, JSON_OMITEMPTY | JSON_GO_POINTERS,
      &stream_source_table, "streams whose messages it gathers" },
    { "compression", AT(compression), JSON_WORD, 0, &compression_table, "none or s2" },
    { "first_seq", AT(first_seq), JSON_U64, JSON_OMITEMPTY, NULL, "of the first message; 1" },
    { "subject_transform", AT(subject_transform), JSON_STRUCT_PTR, JSON_OMITEMPTY,
      &stream_transform_table, "the subject under which a message is stored" },
    { "republish", AT(republish), JSON_STRUCT_PTR, JSON_OMITEMPTY, &republish_table,
      "stored messages are published again" },
    { "allow_direct", AT(allow_direct), JSON_BOOLEAN, 0, NULL, "each replica may answer reads" },
    { "mirror_direct", AT(mirror_direct), JSON_BOOLEAN, 0, NULL,
      "a mirror answers reads of its origin" },
    { "discard_new_per_subject", AT(discard_new_per_subject), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "discard new counts for each subject too" },
    { "sealed", AT(sealed), JSON_BOOLEAN, 0, NULL, "nothing goes in or out any more" },
    { "deny_delete", AT(deny_delete), JSON_BOOLEAN, 0, NULL, "messages can not be deleted" },
    { "deny_purge", AT(deny_purge), JSON_BOOLEAN, 0, NULL, "the stream can not be purged" },
    { "allow_rollup_hdrs", AT(allow_rollup_hdrs), JSON_BOOLEAN, 0, NULL,
      "a message may replace those before it" },
    { "consumer_limits", AT(consumer_limits), JSON_STRUCT, 0, &consumer_limits_table,
      "of its consumers" },
    { "allow_msg_ttl", AT(allow_msg_ttl), JSON_BOOLEAN, 0, NULL, "a message may say its age" },
    { "subject_delete_marker_ttl", AT(subject_delete_marker_ttl), JSON_NANOS, JSON_OMITEMPTY, NULL,
      "age of the marker that the last message of a subject leaves" },
    { "allow_msg_counter", AT(allow_msg_counter), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "its messages are counters" },
    { "allow_atomic", AT(allow_atomic), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "atomic batches" },
    { "allow_msg_schedules", AT(allow_msg_schedules), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "messages that are sent later" },
    { "persist_mode", AT(persist_mode), JSON_WORD, JSON_OMITEMPTY, &persist_table,
      "default or async" },
    { "allow_batched", AT(allow_batched), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "fast batches" },
    { "metadata", AT(metadata), JSON_TEXT_MAP, JSON_OMITEMPTY, NULL, "of the user" },
};
#undef AT
const struct json_table stream_config_table =
    JSON_NAMED_TABLE(struct stream_config, config_fields, "StreamConfig");

#define AT(field) JSON_AT(struct stream_config_request, field)
static const struct json_field request_fields[] = {
    { "StreamConfig", AT(config), JSON_EMBED, 0, &stream_config_table, "the configuration" },
    { "pedantic", AT(pedantic), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "adjust nothing silently" },
};
#undef AT
const struct json_table stream_config_request_table =
    JSON_NAMED_TABLE(struct stream_config_request, request_fields, "StreamConfigRequest");
/* clang-format on */

void stream_config_copy(const struct stream_config *from, struct arena *arena,
                        struct stream_config *ret)
{
    json_table_copy(&stream_config_table, from, arena, ret);
}

bool stream_config_equal(const struct stream_config *a, const struct stream_config *b)
{
    return json_table_equal(&stream_config_table, a, b);
}

uint32_t stream_config_level(const struct stream_config *c)
{
    if (c->allow_batched) return 4;     /* nats-server 2.14 */
    if (c->allow_msg_counter || c->allow_atomic || c->allow_msg_schedules ||
        c->persist_mode == JS_PERSIST_ASYNC)
        return 2;                       /* 2.12 */
    return c->allow_msg_ttl || c->subject_delete_marker_ttl > 0 ? 1 : 0;
}

/* --- sources --- */

static struct slice or_all(const char *subject)
{
    struct slice s = slice_str(subject);
    return s.len > 0 ? s : SLICE_LIT(">");
}

static bool transforms_same(const struct stream_source *a, const struct stream_source *b)
{
    const struct stream_transform *x = a->subject_transforms.items;
    const struct stream_transform *y = b->subject_transforms.items;
    if (a->subject_transforms.count != b->subject_transforms.count) return false;
    for (uint32_t i = 0; i < a->subject_transforms.count; i++)
        if (!slice_equal(or_all(x[i].src), or_all(y[i].src)) ||
            !slice_equal(or_all(x[i].dest), or_all(y[i].dest)))
            return false;
    return true;
}

bool stream_source_same(const struct stream_source *a, const struct stream_source *b)
{
    assert(a != b);
    if (!slice_equal(slice_str(a->name), slice_str(b->name))) return false;
    if ((a->external == NULL) != (b->external == NULL)) return false;
    if (a->external != NULL &&
        !slice_equal(slice_str(a->external->api), slice_str(b->external->api)))
        return false;
    if ((a->consumer == NULL) != (b->consumer == NULL)) return false;
    if (a->consumer != NULL &&
        !slice_equal(slice_str(a->consumer->name), slice_str(b->consumer->name)))
        return false;
    if (a->subject_transforms.count == 0 && b->subject_transforms.count == 0)
        return slice_equal(or_all(a->filter_subject), or_all(b->filter_subject));
    return transforms_same(a, b);
}
