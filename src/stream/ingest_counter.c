/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: a message says what is added to its subject's value, and is stored with the value that
 * comes of it. */
#include "base/assert.h"
#include "config/options.h"
#include "json/reader.h"
#include "stream/counter.h"
#include "stream/counter_sources.h"
#include "stream/source_name.h"
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

/* What a counter becomes, in the making. */
struct count {
    struct buf present;                 /* what the subject counts now; empty: nothing yet */
    struct buf sources;                 /* what it was told by those it draws from */
    struct buf sum, incr;
};

static void count_deinit(struct count *c)
{
    buf_deinit(&c->present);
    buf_deinit(&c->sources);
    buf_deinit(&c->sum);
    buf_deinit(&c->incr);
}

static bool broken(struct js_error *e)
{
    return js_error_set(e, JS_ERR_MESSAGE_COUNTER_BROKEN);
}

/* Of the message that is the last of its subject, in flight or stored. False as a check. */
static bool present_read(struct stream *s, struct incoming *in, struct count *c, struct js_error *e)
{
    struct stored last;
    struct slice value = inflight_value_of(&s->inflight, in->subject), sources;
    struct msgs_subject stored;
    if (!incoming_is_settled(s, in)) {
        in->is_held = true;
        return false;
    }
    if (value.len > 0) {
        buf_add(&c->present, value);
        buf_add(&c->sources, inflight_sources_of(&s->inflight, in->subject));
        return true;
    }
    if (!msgs_subject(s->msgs, in->subject, &stored)) return true;
    enum err loaded = ingest_load(s, stored.last, &last);
    in->is_held = loaded == ERR_BUSY;
    if (in->is_held) return false;
    if (loaded != ERR_OK || !read_value(last.payload, &c->present)) return broken(e);
    if (!headers_find(last.header, publish_header_name(PUBLISH_COUNTER_SOURCES), &sources) ||
        sources.len == 0)
        return true;
    return counter_sources_copy(sources, &c->sources) == ERR_OK || broken(e);
}

/* A number, or zero where there is none. */
static struct slice number_of(const struct buf *text)
{
    struct slice number = buf_slice(text);
    return counter_check(number) == ERR_OK ? number : SLICE_LIT("0");
}

/* The message of a source says what is counted there: what is added here is the difference to what
 * was said last. False: the message is no counter's. */
static bool difference_read(struct stream *s, const struct incoming *in, struct slice origin,
                            struct count *c)
{
    struct buf told = { 0 }, previous = { 0 }, value = { 0 }, sources = { 0 };
    struct source_header from;
    bool is_header = source_header_read(origin, &from);
    bool is_good = is_header && read_value(in->payload, &told) &&
                   counter_add(number_of(&told), SLICE_LIT("0"), &value) == ERR_OK;
    assert(s->config.allow_msg_counter);
    if (is_good) {
        if (from.subject.len == 0) from.subject = in->subject;
        const struct counter_source source = { from.stream, from.subject, buf_slice(&value) };
        is_good = counter_sources_set(buf_slice(&c->sources), &source, &previous, &sources) ==
                      ERR_OK &&
                  counter_subtract(buf_slice(&value), number_of(&previous), &c->incr) == ERR_OK;
    }
    if (is_good) {
        buf_deinit(&c->sources);
        c->sources = sources;
        memset(&sources, 0, sizeof sources);
    }
    buf_deinit(&told);
    buf_deinit(&previous);
    buf_deinit(&value);
    buf_deinit(&sources);
    return is_good;
}

/* With its value, where publishers were held to the limits without. */
static bool is_too_large(const struct stream *s, const struct incoming *in)
{
    int64_t max = s->account->js->options->limits.max_payload;
    int64_t max_of_stream = s->config.max_msg_size,
            size = (int64_t)in->header.len + in->payload.len;
    return (max > 0 && size > max) || (max_of_stream >= 0 && size > max_of_stream);
}

static void header_set(struct incoming *in, enum publish_header id, const struct buf *value,
                       struct buf *out)
{
    const struct header h = { publish_header_name(id), buf_slice(value) };
    out->len = 0;
    headers_set(in->header, &h, out);
    in->header = buf_slice(out);
}

static void message_change(struct stream *s, struct incoming *in, const struct count *c)
{
    s->counter_payload.len = 0;
    buf_add_str(&s->counter_payload, "{\"val\":\"");
    buf_add(&s->counter_payload, buf_slice(&c->sum));
    buf_add_str(&s->counter_payload, "\"}");
    in->payload = buf_slice(&s->counter_payload);
    in->value = slice_from(slice_first(in->payload, in->payload.len - 2), 8);
    assert(in->value.len == c->sum.len);
    if (c->incr.len > 0) header_set(in, PUBLISH_INCR, &c->incr, &s->counter_header);
    if (c->sources.len == 0) return;
    s->counter_sources.len = 0;
    buf_add(&s->counter_sources, buf_slice(&c->sources));
    in->sources = buf_slice(&s->counter_sources);
    header_set(in, PUBLISH_COUNTER_SOURCES, &s->counter_sources, &s->counter_header_all);
}

static bool check_sum(struct stream *s, struct incoming *in, struct count *c, struct js_error *e)
{
    struct slice origin = in->headers.at[PUBLISH_STREAM_SOURCE];
    if (!present_read(s, in, c, e)) return false;
    if (in->is_sourced && origin.len > 0 && !difference_read(s, in, origin, c)) return broken(e);
    struct slice added = c->incr.len > 0 ? buf_slice(&c->incr) : in->headers.at[PUBLISH_INCR];
    bool is_sum = counter_add(number_of(&c->present), added, &c->sum) == ERR_OK;
    if (is_sum) message_change(s, in, c);
    if (is_sum && !is_too_large(s, in)) return true;
    return js_error_set(e, JS_ERR_STREAM_MESSAGE_EXCEEDS_MAXIMUM);
}

bool check_counter(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct count c = { .sum = { 0 } };
    if (LIKELY(!s->config.allow_msg_counter)) return true;
    if (in->headers_count == 0 || !publish_has(&in->headers, PUBLISH_INCR))
        return js_error_set(e, JS_ERR_MESSAGE_INCR_MISSING);
    bool is_good = check_sum(s, in, &c, e);
    count_deinit(&c);
    return is_good;
}
