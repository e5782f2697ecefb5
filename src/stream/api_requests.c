/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_requests.h"

#include "json/reader.h"

/* clang-format off */
#define AT(field) JSON_AT(struct stream_names_request, field)
#define OFFSET_HELP "results to leave out"
/* Go's paged requests embed their offset, which its errors show. */
static const struct json_field paged_fields[] = {
    { "offset", 0, (uint32_t)sizeof(int64_t), JSON_GOINT, 0, NULL, OFFSET_HELP },
};
static const struct json_table paged_table =
    JSON_NAMED_TABLE(int64_t, paged_fields, "ApiPagedRequest");

static const struct json_field names_fields[] = {
    { "ApiPagedRequest", AT(offset), JSON_EMBED, 0, &paged_table, OFFSET_HELP },
    { "subject", AT(subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "only streams that store some of it" },
};
#undef AT
const struct json_table stream_names_request_table =
    JSON_NAMED_TABLE(struct stream_names_request, names_fields, "JSApiStreamNamesRequest");
const struct json_table stream_list_request_table =
    JSON_NAMED_TABLE(struct stream_names_request, names_fields, "JSApiStreamListRequest");

#define AT(field) JSON_AT(struct consumers_request, field)
static const struct json_field consumers_fields[] = {
    { "ApiPagedRequest", AT(offset), JSON_EMBED, 0, &paged_table, OFFSET_HELP },
};
#undef AT
const struct json_table consumers_request_table =
    JSON_NAMED_TABLE(struct consumers_request, consumers_fields, "JSApiConsumersRequest");

#define AT(field) JSON_AT(struct stream_info_request, field)
static const struct json_field info_fields[] = {
    { "ApiPagedRequest", AT(offset), JSON_EMBED, 0, &paged_table, OFFSET_HELP },
    { "deleted_details", AT(deleted_details), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "list deleted sequences" },
    { "subjects_filter", AT(subjects_filter), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "count messages of these subjects" },
};
#undef AT
const struct json_table stream_info_request_table =
    JSON_NAMED_TABLE(struct stream_info_request, info_fields, "JSApiStreamInfoRequest");

#define AT(field) JSON_AT(struct stream_purge_request, field)
static const struct json_field purge_fields[] = {
    { "seq", AT(seq), JSON_U64, JSON_OMITEMPTY, NULL, "purge what is before it" },
    { "filter", AT(filter), JSON_TEXT, JSON_OMITEMPTY, NULL, "only these subjects" },
    { "keep", AT(keep), JSON_U64, JSON_OMITEMPTY, NULL, "keep so many of the newest" },
};
#undef AT
const struct json_table stream_purge_request_table =
    JSON_NAMED_TABLE(struct stream_purge_request, purge_fields, "JSApiStreamPurgeRequest");

#define AT(field) JSON_AT(struct msg_get_request, field)
static const struct json_field get_fields[] = {
    { "seq", AT(seq), JSON_U64, JSON_OMITEMPTY, NULL, "this message, or where to begin" },
    { "last_by_subj", AT(last_by_subj), JSON_TEXT, JSON_OMITEMPTY, NULL, "the last of a subject" },
    { "next_by_subj", AT(next_by_subj), JSON_TEXT, JSON_OMITEMPTY, NULL, "the next of a subject" },
    { "batch", AT(batch), JSON_GOINT, JSON_OMITEMPTY, NULL, "so many messages" },
    { "max_bytes", AT(max_bytes), JSON_GOINT, JSON_OMITEMPTY, NULL, "so many bytes" },
    { "start_time", AT(start_time), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL, "from then on" },
    { "multi_last", AT(multi_last), JSON_TEXTS, JSON_OMITEMPTY, NULL, "the last of each subject" },
    { "up_to_seq", AT(up_to_seq), JSON_U64, JSON_OMITEMPTY, NULL, "as of this message" },
    { "up_to_time", AT(up_to_time), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL, "as of then" },
    { "no_hdr", AT(no_hdr), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "without headers" },
};
#undef AT
const struct json_table msg_get_request_table =
    JSON_NAMED_TABLE(struct msg_get_request, get_fields, "JSApiMsgGetRequest");

#define AT(field) JSON_AT(struct msg_delete_request, field)
static const struct json_field delete_fields[] = {
    { "seq", AT(seq), JSON_U64, 0, NULL, "the message" },
    { "no_erase", AT(no_erase), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "do not overwrite it" },
};
#undef AT
const struct json_table msg_delete_request_table =
    JSON_NAMED_TABLE(struct msg_delete_request, delete_fields, "JSApiMsgDeleteRequest");

#define AT(field) JSON_AT(struct stream_snapshot_request, field)
static const struct json_field snapshot_fields[] = {
    { "deliver_subject", AT(deliver_subject), JSON_TEXT, 0, NULL, "where the chunks go" },
    { "no_consumers", AT(no_consumers), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "without consumers" },
    { "chunk_size", AT(chunk_size), JSON_GOINT, JSON_OMITEMPTY, NULL, "bytes of a chunk" },
    { "window_size", AT(window_size), JSON_GOINT, JSON_OMITEMPTY, NULL, "bytes under way" },
    { "jsck", AT(jsck), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "check the messages before" },
};
#undef AT
const struct json_table stream_snapshot_request_table = JSON_NAMED_TABLE(
    struct stream_snapshot_request, snapshot_fields, "JSApiStreamSnapshotRequest");

#define AT(field) JSON_AT(struct stream_restore_request, field)
static const struct json_field restore_fields[] = {
    { "config", AT(config), JSON_STRUCT, 0, &stream_config_table, "configuration" },
    { "state", AT(state), JSON_STRUCT, 0, &stream_state_table, "state at the snapshot" },
};
#undef AT
const struct json_table stream_restore_request_table = JSON_NAMED_TABLE(
    struct stream_restore_request, restore_fields, "JSApiStreamRestoreRequest");

#define AT(field) JSON_AT(struct consumer_pause_request, field)
static const struct json_field pause_fields[] = {
    { "pause_until", AT(pause_until), JSON_TIMESTAMP_PTR, JSON_OMITEMPTY, NULL, "until then" },
};
#undef AT
const struct json_table consumer_pause_request_table = JSON_NAMED_TABLE(
    struct consumer_pause_request, pause_fields, "JSApiConsumerPauseRequest");

#define AT(field) JSON_AT(struct consumer_unpin_request, field)
static const struct json_field unpin_fields[] = {
    { "group", AT(group), JSON_TEXT, 0, NULL, "priority group" },
};
#undef AT
const struct json_table consumer_unpin_request_table = JSON_NAMED_TABLE(
    struct consumer_unpin_request, unpin_fields, "JSApiConsumerUnpinRequest");

#define AT(field) JSON_AT(struct consumer_reset_request, field)
static const struct json_field reset_fields[] = {
    { "seq", AT(seq), JSON_U64, JSON_OMITEMPTY, NULL, "the next message" },
};
#undef AT
const struct json_table consumer_reset_request_table = JSON_NAMED_TABLE(
    struct consumer_reset_request, reset_fields, "JSApiConsumerResetRequest");

#define AT(field) JSON_AT(struct stepdown_request, field)
static const struct json_field stepdown_fields[] = {
    { "placement", AT(placement), JSON_STRUCT_PTR, JSON_OMITEMPTY, &stream_placement_table,
      "who shall lead" },
};
#undef AT
const struct json_table stepdown_request_table =
    JSON_NAMED_TABLE(struct stepdown_request, stepdown_fields, "JSApiLeaderStepdownRequest");
/* clang-format on */

/* --- rules --- */

bool js_body_given(struct slice body)
{
    struct slice text = slice_trim(body);
    return text.len > 0 && (text.ptr[0] == '{' || text.ptr[0] == '[');
}

bool js_body_empty(struct slice body)
{
    if (body.len == 0) return true;
    AUTO_FREE(json_doc) doc = NULL;
    if (json_doc_parse(body, NULL, &doc)) return false;
    enum json_kind kind = json_kind(json_doc_root(doc));
    return kind == JSON_OBJECT && json_count(json_doc_root(doc)) == 0;
}

bool js_purge_check(const struct stream_purge_request *q, struct js_error *ret_error)
{
    if (q->seq > 0 && q->keep > 0) return js_error_set(ret_error, JS_ERR_BAD_REQUEST);
    return true;
}

static bool has_last(const struct msg_get_request *q)
{
    return js_text_set(q->last_by_subj);
}

static bool has_next(const struct msg_get_request *q)
{
    return js_text_set(q->next_by_subj);
}

bool js_msg_get_check(const struct msg_get_request *q, struct js_error *ret_error)
{
    bool seq = q->seq > 0, time = q->start_time != 0, last = has_last(q);
    bool is_direct_only = q->batch > 0 || q->max_bytes > 0;
    bool conflicts = (seq && last) || (seq && time) || (time && last) || (last && has_next(q));
    bool is_nothing = !seq && !last && !has_next(q) && !time;
    if (is_direct_only || conflicts || is_nothing)
        return js_error_set(ret_error, JS_ERR_BAD_REQUEST);
    return true;
}

const char *js_direct_get_refusal(const struct msg_get_request *q, bool has_subject)
{
    bool seq = q->seq > 0, time = q->start_time != 0, last = has_last(q), next = has_next(q);
    bool multi = q->multi_last.count > 0;
    bool is_nothing = !seq && !last && !next && !time && !multi;
    bool conflicts = (seq && last) || (seq && time) || (time && last) || (last && next) ||
                     (last && q->batch > 0) || (last && multi) || (next && multi) ||
                     (q->up_to_seq > 0 && q->up_to_time != 0);
    if (has_subject) {
        bool is_plain = is_nothing && q->batch == 0 && q->up_to_seq == 0 && q->up_to_time == 0;
        return is_plain ? NULL : "408 Bad Request";
    }
    if (is_nothing) return "408 Empty Request";
    return conflicts ? "408 Bad Request" : NULL;
}

bool js_level_check(struct slice value, struct js_error *ret_error)
{
    int64_t level;
    if (value.len == 0) return true;
    if (slice_to_i64(value, &level) && level <= JS_API_LEVEL) return true;
    return js_error_set(ret_error, JS_ERR_REQUIRED_API_LEVEL);
}
