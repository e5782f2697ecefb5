/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: a message says what is added to its subject's value, and is stored with the value that
 * comes of it. */
#include "base/assert.h"
#include "config/options.h"
#include "json/reader.h"
#include "stream/counter.h"
#include "stream/stream_internal.h"

static bool has_incompatible(const struct publish_headers *h)
{
    static const enum publish_header incompatible[] = {
        PUBLISH_ROLLUP,
        PUBLISH_EXPECTED_STREAM,
        PUBLISH_EXPECTED_SUBJECT,
        PUBLISH_EXPECTED_LAST_SEQUENCE,
        PUBLISH_EXPECTED_LAST_MSG_ID,
        PUBLISH_EXPECTED_LAST_SUBJECT_SEQUENCE,
    };
    for (size_t i = 0; i < ARRAY_COUNT(incompatible); i++)
        if (publish_has(h, incompatible[i])) return true;
    return false;
}

bool check_counter_header(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice incr = in->headers.at[PUBLISH_INCR];
    if (incr.len == 0) return true;
    if (counter_check(incr) != ERR_OK) return js_error_set(e, JS_ERR_MESSAGE_INCR_INVALID);
    if (in->is_sourced) return true;
    if (!s->config.allow_msg_counter) return js_error_set(e, JS_ERR_MESSAGE_INCR_DISABLED);
    if (in->payload.len > 0) return js_error_set(e, JS_ERR_MESSAGE_INCR_PAYLOAD);
    if (has_incompatible(&in->headers)) return js_error_set(e, JS_ERR_MESSAGE_INCR_INVALID);
    return true;
}

/* The text of "val"; false: the payload is no counter's. */
static bool read_value(struct slice payload, struct buf *out)
{
    AUTO_FREE(json_doc) doc = NULL;
    struct json_value val;
    struct slice text = SLICE_LIT("");
    if (json_doc_parse(payload, NULL, &doc) != ERR_OK) return false;
    struct json_value root = json_doc_root(doc);
    if (json_kind(root) != JSON_OBJECT) return false;
    if (json_member(root, "val", &val) && !json_to_slice(val, &text)) return false;
    buf_add(out, text);
    return true;
}

/* What the subject counts now: in flight, or as the last message says. False as a check. */
static bool present_value(struct stream *s, struct incoming *in, struct buf *out,
                          struct js_error *e)
{
    struct stored last;
    struct slice in_flight = inflight_value_of(s->inflight, in->subject), sources;
    struct msgs_subject stored;
    if (!ingest_is_settled(s)) {
        in->is_held = true;
        return false;
    }
    if (!msgs_subject(s->msgs, in->subject, &stored)) {
        buf_add(out, in_flight);
        return true;
    }
    enum err loaded = ingest_load(s, stored.last, &last);
    in->is_held = loaded == ERR_BUSY;
    if (in->is_held) return false;
    if (loaded != ERR_OK || !read_value(last.payload, out))
        return js_error_set(e, JS_ERR_MESSAGE_COUNTER_BROKEN);
    /* what other streams have brought is handed on */
    if (headers_find(last.header, publish_header_name(PUBLISH_COUNTER_SOURCES), &sources)) {
        s->counter_sources.len = 0;
        buf_add(&s->counter_sources, sources);
        incoming_remove(in, PUBLISH_COUNTER_SOURCES);
        incoming_add(in, PUBLISH_COUNTER_SOURCES, buf_slice(&s->counter_sources));
    }
    if (in_flight.len == 0) return true;
    out->len = 0;
    buf_add(out, in_flight);
    return true;
}

static bool is_too_large(const struct stream *s, const struct incoming *in)
{
    int64_t max = s->account->js->options->limits.max_payload;
    return max > 0 && (int64_t)in->header.len + in->payload.len > max;
}

bool check_counter(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct buf present = { 0 }, sum = { 0 };
    if (LIKELY(!s->config.allow_msg_counter)) return true;
    if (in->headers_count == 0 || !publish_has(&in->headers, PUBLISH_INCR))
        return js_error_set(e, JS_ERR_MESSAGE_INCR_MISSING);
    bool is_known = present_value(s, in, &present, e);
    struct slice before = buf_slice(&present);
    if (counter_check(before) != ERR_OK) before = SLICE_LIT("0");
    enum err added = !is_known ? ERR_OK : counter_add(before, in->headers.at[PUBLISH_INCR], &sum);
    s->counter_payload.len = 0;
    if (is_known && added == ERR_OK) {
        buf_add_str(&s->counter_payload, "{\"val\":\"");
        buf_add(&s->counter_payload, buf_slice(&sum));
        buf_add_str(&s->counter_payload, "\"}");
        in->payload = buf_slice(&s->counter_payload);
        in->value = slice_from(slice_first(in->payload, in->payload.len - 2), 8);
        assert(in->value.len == sum.len);
    }
    buf_deinit(&present);
    buf_deinit(&sum);
    if (!is_known) return false;
    if (added != ERR_OK || is_too_large(s, in))
        return js_error_set(e, JS_ERR_STREAM_MESSAGE_EXCEEDS_MAXIMUM);
    return true;
}
