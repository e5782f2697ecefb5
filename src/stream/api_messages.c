/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_messages.h"

#include "base/assert.h"
#include "json/gotime.h"

/* clang-format off */
#define AT(field) JSON_AT(struct js_head, field)
static const struct json_field head_fields[] = {
    { "type", AT(type), JSON_TEXT, 0, NULL, "kind of the answer" },
    { "error", AT(error), JSON_STRUCT_PTR, JSON_OMITEMPTY, &js_error_info_table, "why it failed" },
};
#undef AT
static const struct json_table head_table = JSON_TABLE(struct js_head, head_fields);

#define AT(field) JSON_AT(struct js_paged, field)
static const struct json_field paged_fields[] = {
    { "total", AT(total), JSON_GOINT, 0, NULL, "results" },
    { "offset", AT(offset), JSON_GOINT, 0, NULL, "results before these" },
    { "limit", AT(limit), JSON_GOINT, 0, NULL, "results of an answer" },
};
#undef AT
static const struct json_table paged_table = JSON_TABLE(struct js_paged, paged_fields);

#define HEAD(type) { "head", JSON_AT(type, head), JSON_EMBED, 0, &head_table, "type and error" }
#define PAGED(type) { "paged", JSON_AT(type, paged), JSON_EMBED, 0, &paged_table, "the page" }
#define RESPONSE(name, type) static const struct json_table name##_table = \
    JSON_TABLE(type, name##_fields)

static const struct json_field account_info_fields[] = {
    HEAD(struct account_info_response),
    { "info", JSON_AT(struct account_info_response, info), JSON_EMBED_PTR, 0,
      &js_account_info_table, "usage and limits" },
};
RESPONSE(account_info, struct account_info_response);

static const struct json_field create_fields[] = {
    HEAD(struct stream_create_response),
    { "info", JSON_AT(struct stream_create_response, info), JSON_EMBED_PTR, 0, &stream_info_table,
      "the stream" },
    { "did_create", JSON_AT(struct stream_create_response, did_create), JSON_BOOLEAN,
      JSON_OMITEMPTY, NULL, "it is there now" },
};
RESPONSE(create, struct stream_create_response);

static const struct json_field info_fields[] = {
    HEAD(struct stream_info_response), PAGED(struct stream_info_response),
    { "info", JSON_AT(struct stream_info_response, info), JSON_EMBED_PTR, 0, &stream_info_table,
      "the stream" },
};
RESPONSE(info, struct stream_info_response);

static const struct json_field stream_names_fields[] = {
    HEAD(struct names_response), PAGED(struct names_response),
    { "streams", JSON_AT(struct names_response, names), JSON_TEXTS, JSON_NULL_IF_EMPTY, NULL,
      "names" },
};
RESPONSE(stream_names, struct names_response);

static const struct json_field consumer_names_fields[] = {
    HEAD(struct names_response), PAGED(struct names_response),
    { "consumers", JSON_AT(struct names_response, names), JSON_TEXTS, 0, NULL, "names" },
};
RESPONSE(consumer_names, struct names_response);

#define LIST(name, key, table)                                                                 \
    static const struct json_field name##_fields[] = {                                         \
        HEAD(struct list_response), PAGED(struct list_response),                               \
        { key, JSON_AT(struct list_response, items), JSON_STRUCTS, 0, &table, "each of them" }, \
        { "missing", JSON_AT(struct list_response, missing), JSON_TEXTS, JSON_OMITEMPTY, NULL,  \
          "those that did not answer" },                                                       \
        { "offline", JSON_AT(struct list_response, offline), JSON_TEXT_MAP, JSON_OMITEMPTY,     \
          NULL, "those that are not served, and why" },                                        \
    };                                                                                         \
    RESPONSE(name, struct list_response)
LIST(stream_list, "streams", stream_info_table);
LIST(consumer_list, "consumers", consumer_info_table);
#undef LIST

static const struct json_field success_fields[] = {
    HEAD(struct success_response),
    { "success", JSON_AT(struct success_response, success), JSON_BOOLEAN, JSON_OMITEMPTY, NULL,
      "done" },
};
RESPONSE(success, struct success_response);

static const struct json_field purge_fields[] = {
    HEAD(struct stream_purge_response),
    { "success", JSON_AT(struct stream_purge_response, success), JSON_BOOLEAN, JSON_OMITEMPTY,
      NULL, "done" },
    { "purged", JSON_AT(struct stream_purge_response, purged), JSON_U64, 0, NULL, "messages" },
};
RESPONSE(purge, struct stream_purge_response);

#define AT(field) JSON_AT(struct js_stored_msg, field)
static const struct json_field msg_fields[] = {
    { "subject", AT(subject), JSON_TEXT, 0, NULL, "subject" },
    { "seq", AT(seq), JSON_U64, 0, NULL, "sequence" },
    { "hdrs", AT(hdrs), JSON_SLICE, JSON_OMITEMPTY, NULL, "headers" },
    { "data", AT(data), JSON_SLICE, JSON_OMITEMPTY, NULL, "body" },
    { "time", AT(time), JSON_TIMESTAMP, 0, NULL, "when it was stored" },
};
#undef AT
static const struct json_table msg_table = JSON_TABLE(struct js_stored_msg, msg_fields);
static const struct json_field msg_get_fields[] = {
    HEAD(struct msg_get_response),
    { "message", JSON_AT(struct msg_get_response, message), JSON_STRUCT_PTR, JSON_OMITEMPTY,
      &msg_table, "the message" },
};
RESPONSE(msg_get, struct msg_get_response);

static const struct json_field snapshot_fields[] = {
    HEAD(struct stream_snapshot_response),
    { "config", JSON_AT(struct stream_snapshot_response, config), JSON_STRUCT_PTR, JSON_OMITEMPTY,
      &stream_config_table, "configuration" },
    { "state", JSON_AT(struct stream_snapshot_response, state), JSON_STRUCT_PTR, JSON_OMITEMPTY,
      &stream_state_table, "state" },
};
RESPONSE(snapshot, struct stream_snapshot_response);

static const struct json_field restore_fields[] = {
    HEAD(struct stream_restore_response),
    { "deliver_subject", JSON_AT(struct stream_restore_response, deliver_subject), JSON_TEXT, 0,
      NULL, "where the chunks are awaited" },
};
RESPONSE(restore, struct stream_restore_response);

static const struct json_field consumer_fields[] = {
    HEAD(struct consumer_response),
    { "info", JSON_AT(struct consumer_response, info), JSON_EMBED_PTR, 0, &consumer_info_table,
      "the consumer" },
};
RESPONSE(consumer, struct consumer_response);

#define AT(field) JSON_AT(struct consumer_pause_response, field)
static const struct json_field pause_fields[] = {
    HEAD(struct consumer_pause_response),
    { "paused", AT(paused), JSON_BOOLEAN, 0, NULL, "it is paused" },
    { "pause_until", AT(pause_until), JSON_TIMESTAMP, 0, NULL, "until then" },
    { "pause_remaining", AT(pause_remaining), JSON_NANOS, JSON_OMITEMPTY, NULL, "for so long" },
};
#undef AT
RESPONSE(pause, struct consumer_pause_response);

static const struct json_field unpin_fields[] = { HEAD(struct consumer_unpin_response) };
RESPONSE(unpin, struct consumer_unpin_response);

static const struct json_field reset_fields[] = {
    HEAD(struct consumer_reset_response),
    { "info", JSON_AT(struct consumer_reset_response, info), JSON_EMBED_PTR, 0,
      &consumer_info_table, "the consumer" },
    { "reset_seq", JSON_AT(struct consumer_reset_response, reset_seq), JSON_U64, 0, NULL,
      "the next message" },
};
RESPONSE(reset, struct consumer_reset_response);

static const struct json_field account_purge_fields[] = {
    HEAD(struct account_purge_response),
    { "initiated", JSON_AT(struct account_purge_response, initiated), JSON_BOOLEAN, JSON_OMITEMPTY,
      NULL, "it goes on" },
};
RESPONSE(account_purge, struct account_purge_response);
#undef RESPONSE
#undef PAGED
#undef HEAD

/* A call that is missing here answers with success, or nothing yet. */
static const struct json_table *const tables[JS_API_COUNT] = {
    [JS_API_INFO]                      = &account_info_table,
    [JS_API_STREAM_CREATE]             = &create_table,
    [JS_API_STREAM_UPDATE]             = &create_table,
    [JS_API_STREAM_NAMES]              = &stream_names_table,
    [JS_API_STREAM_LIST]               = &stream_list_table,
    [JS_API_STREAM_INFO]               = &info_table,
    [JS_API_STREAM_DELETE]             = &success_table,
    [JS_API_STREAM_PURGE]              = &purge_table,
    [JS_API_STREAM_SNAPSHOT]           = &snapshot_table,
    [JS_API_STREAM_RESTORE]            = &restore_table,
    [JS_API_STREAM_MSG_GET]            = &msg_get_table,
    [JS_API_STREAM_MSG_DELETE]         = &success_table,
    [JS_API_STREAM_PEER_REMOVE]        = &success_table,
    [JS_API_STREAM_PEER_EVACUATE]      = &success_table,
    [JS_API_STREAM_CANCEL_MOVE]        = &create_table,
    [JS_API_STREAM_LEADER_STEPDOWN]    = &success_table,
    [JS_API_CONSUMER_CREATE_EPHEMERAL] = &consumer_table,
    [JS_API_CONSUMER_CREATE]           = &consumer_table,
    [JS_API_CONSUMER_DURABLE_CREATE]   = &consumer_table,
    [JS_API_CONSUMER_NAMES]            = &consumer_names_table,
    [JS_API_CONSUMER_LIST]             = &consumer_list_table,
    [JS_API_CONSUMER_INFO]             = &consumer_table,
    [JS_API_CONSUMER_DELETE]           = &success_table,
    [JS_API_CONSUMER_PAUSE]            = &pause_table,
    [JS_API_CONSUMER_UNPIN]            = &unpin_table,
    [JS_API_CONSUMER_RESET]            = &reset_table,
    [JS_API_CONSUMER_LEADER_STEPDOWN]  = &success_table,
    [JS_API_CONSUMER_PEER_REMOVE]      = &success_table,
    [JS_API_CONSUMER_PEER_EVACUATE]    = &success_table,
    [JS_API_META_LEADER_STEPDOWN]      = &success_table,
    [JS_API_SERVER_REMOVE]             = &success_table,
    [JS_API_SERVER_EVACUATE]           = &success_table,
    [JS_API_ACCOUNT_PURGE]             = &account_purge_table,
    [JS_API_ACCOUNT_STREAM_MOVE]       = &create_table,
    [JS_API_ACCOUNT_STREAM_CANCEL_MOVE] = &create_table,
};
/* clang-format on */

/* Room for any answer that failed: all zero but its head. */
union any_response {
    struct js_head                 head;
    struct stream_info_response    info;
    struct list_response           list;
    struct consumer_pause_response pause;
    struct consumer_reset_response reset;
};

const struct json_table *js_response_table(enum js_api verb)
{
    assert(verb > JS_API_NONE && verb < JS_API_COUNT);
    return tables[verb];
}

static void table_write(const struct json_table *table, const void *from, struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    json_table_write(table, from, &w);
}

void js_response_write(enum js_api verb, void *response, struct buf *out)
{
    const struct json_table *table = js_response_table(verb);
    assert(table != NULL);
    ((struct js_head *)response)->type = js_api_type(verb);
    table_write(table, response, out);
}

static struct js_error_info error_info(const struct js_error *e)
{
    assert(e->err_code != JS_ERR_NONE);
    return (struct js_error_info){ e->code, e->err_code, e->text };
}

void js_error_response_write(enum js_api verb, const struct js_error *error, struct buf *out)
{
    assert(js_response_table(verb) != NULL);
    assert(js_response_table(verb)->size <= sizeof(union any_response));
    struct js_error_info info = error_info(error);
    union any_response any = { .list = { .head = { .error = NULL } } };
    if (verb == JS_API_CONSUMER_PAUSE) any.pause.pause_until = GOTIME_ZERO;
    any.head.error = &info;
    js_response_write(verb, &any, out);
}

void js_system_response_write(const struct js_error *error, struct buf *out)
{
    struct js_error_info info = error_info(error);
    const struct js_head head = { "io.nats.jetstream.api.v1.system_response", &info };
    table_write(&head_table, &head, out);
}

uint32_t js_page(uint32_t count, int64_t offset, uint32_t limit, struct js_paged *ret_paged)
{
    assert(limit > 0);
    if (offset < 0) offset = 0;
    if (offset > count) offset = count;
    *ret_paged = (struct js_paged){ count, offset, limit };
    return (uint32_t)offset;
}

/* --- publishing --- */

static void member_add(struct buf *out, const char *key, const char *text)
{
    if (!js_text_set(text)) return;
    buf_printf(out, ",\"%s\":", key);
    json_quote(out, slice_str(text), true);
}

void js_pub_ack_write(const struct js_pub_ack *a, struct buf *out)
{
    assert(js_text_set(a->stream));
    buf_add_str(out, "{\"stream\":");
    json_quote(out, slice_str(a->stream), true);
    member_add(out, "domain", a->domain);
    buf_add_str(out, ",\"seq\":");
    buf_add_u64(out, a->seq);
    if (a->duplicate) buf_add_str(out, ",\"duplicate\": true");     /* nats-server has the blank */
    member_add(out, "val", a->val);
    member_add(out, "batch", a->batch);
    if (js_text_set(a->batch)) {        /* also of one of which nothing was stored */
        buf_add_str(out, ",\"count\":");
        buf_add_u64(out, a->count);
    }
    buf_add_byte(out, '}');
}

void js_pub_error_write(const char *stream, const struct js_error *error, struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    json_object_begin(&w);
    json_key(&w, "error");
    js_error_write(error, &w);
    json_key(&w, "stream");
    json_str(&w, stream);
    json_key(&w, "seq");
    json_u64(&w, 0);
    json_object_end(&w);
}

void js_batch_ack_write(uint64_t seq, uint16_t msgs, struct buf *out)
{
    buf_add_str(out, "{\"type\":\"ack\",\"seq\":");
    buf_add_u64(out, seq);
    buf_printf(out, ",\"msgs\":%u}", msgs);
}

void js_batch_gap_write(uint64_t last_seq, uint64_t seq, struct buf *out)
{
    buf_add_str(out, "{\"type\":\"gap\",\"last_seq\":");
    buf_add_u64(out, last_seq);
    buf_add_str(out, ",\"seq\":");
    buf_add_u64(out, seq);
    buf_add_byte(out, '}');
}

void js_batch_error_write(uint64_t seq, const struct js_error *error, struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    json_object_begin(&w);
    json_key(&w, "type");
    json_str(&w, "err");
    json_key(&w, "seq");
    json_u64(&w, seq);
    json_key(&w, "error");
    js_error_write(error, &w);
    json_object_end(&w);
}
