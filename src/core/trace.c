/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include "base/assert.h"
#include "core/message.h"
#include "core/note.h"
#include "json/quote.h"
#include "core/session.h"
#include "json/check.h"

/* Keys of CONNECT whose values stay out of logs; what begins with these, too ("auth_token",
 * "password"). */
static const char *const secrets[] = { "auth_token", "pass", "nkey", "sig", "proxy_sig", "jwt" };

static void line(struct session *s, const char *arrow, struct slice text)
{
    struct buf b = { 0 };
    assert(s->traced);                  /* else nobody wants the work */
    assert(arrow[0] != 0);
    note_label(s, &b);
    buf_printf(&b, " - %s [%.*s]", arrow, SLICE_ARGS(text));
    struct log *log = s->home->core->env->log;
    log->write(log, LOG_TRACE, buf_slice(&b));
    buf_deinit(&b);
}

/* Without the empty line at their end. */
static struct slice headers_of(struct slice body, uint32_t header_len)
{
    return slice_first(body, header_len >= 4 ? header_len - 4 : header_len);
}

static void payload(struct session *s, const char *arrow, struct slice body, uint32_t header_len)
{
    const struct logging_options *o = &s->home->settings->options->logging;
    assert(header_len <= body.len);
    assert(s->traced);
    struct slice shown = o->trace_headers ? headers_of(body, header_len) : body;
    if (shown.len == 0 || (o->trace_headers && header_len == 0)) return;
    bool cut = o->traced_msg_len_max > 0 && shown.len > o->traced_msg_len_max;
    if (cut) shown.len = (uint32_t)o->traced_msg_len_max;
    struct buf b = { 0 };
    note_label(s, &b);
    buf_printf(&b, " - %s MSG_PAYLOAD: [", arrow);
    quote_go(&b, shown);
    if (cut) {
        b.len--; /* its closing quote */
        buf_add_str(&b, "...\"");
    }
    buf_add_byte(&b, ']');
    struct log *log = s->home->core->env->log;
    log->write(log, LOG_TRACE, buf_slice(&b));
    buf_deinit(&b);
}

/* Behind the string whose quote stands at `from`. The text is valid JSON. */
static uint32_t string_end(struct slice text, uint32_t from)
{
    uint32_t at = from + 1;
    assert(from < text.len);
    assert(text.ptr[from] == '"');
    while (at < text.len && text.ptr[at] != '"') at += text.ptr[at] == '\\' ? 2 : 1;
    return at < text.len ? at + 1 : text.len;
}

static uint32_t blanks_end(struct slice text, uint32_t from)
{
    while (from < text.len && memchr(" \t\r\n", text.ptr[from], 4) != NULL) from++;
    return from;
}

/* Behind the value that begins at `from`, whatever stands in it. */
static uint32_t value_end(struct slice text, uint32_t from)
{
    uint32_t at = from, depth = 0;
    while (at < text.len) {
        uint8_t c = text.ptr[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '{' || c == '[') depth++;
        assert(depth > 0 || (c != '}' && c != ']'));
        if (c == '}' || c == ']') depth--;
        at = c == '"' ? string_end(text, at) : at + 1;
    }
    assert(at > from || from == text.len);      /* the text is valid JSON: there is a value */
    assert(depth == 0);
    return at;
}

/* A key with an escape in it may spell any name. */
static bool is_secret(struct slice key)
{
    if (slice_find_byte(key, '\\') >= 0) return true;
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        struct slice name = slice_str(secrets[i]);
        if (slice_equal_nocase(slice_first(key, name.len), name)) return true;
    }
    return false;
}

/* Every string with a colon behind it is a key; the value behind a secret one is replaced. What is
 * no
 * JSON may hide a secret anywhere, and the client is closed for it anyway. */
void trace_redact(struct buf *out, struct slice connect)
{
    struct json_shape shape;
    if (json_check(connect, JSON_DEPTH_MAX, &shape) != ERR_OK) {
        buf_add_str(out, "[REDACTED]");
        return;
    }
    for (uint32_t at = 0; at < connect.len;) {
        if (connect.ptr[at] != '"') {
            buf_add_byte(out, connect.ptr[at++]);
            continue;
        }
        uint32_t end = string_end(connect, at);
        assert(end >= at + 2);          /* the text was checked: each string has its end */
        uint32_t colon = blanks_end(connect, end);
        struct slice text = slice_of(connect.ptr + at, end - at);
        buf_add(out, text);
        at = end;
        if (colon == connect.len || connect.ptr[colon] != ':') continue;
        if (!is_secret(slice_of(text.ptr + 1, text.len - 2))) continue;
        uint32_t value = blanks_end(connect, colon + 1);
        buf_add(out, slice_of(connect.ptr + end, value - end));
        buf_add_str(out, "\"[REDACTED]\"");
        at = value_end(connect, value);
    }
}

void trace_in(struct session *s, const struct nats_op *op)
{
    if (op->verb == NATS_CONNECT) {
        struct buf b = { 0 };
        buf_add_str(&b, "CONNECT ");
        trace_redact(&b, op->args);
        line(s, "<<-", buf_slice(&b));
        buf_deinit(&b);
        return;
    }
    assert(op->header_len <= op->body.len);
    line(s, "<<-", op->line);
    if (op->verb == NATS_PUB || op->verb == NATS_HPUB) payload(s, "<<-", op->body, op->header_len);
}

void trace_in_line(struct session *s, struct slice text)
{
    assert(text.len > 0);
    line(s, "<<-", text);
}

void trace_out(struct session *s, const struct sub *sub, const struct message *m)
{
    struct buf b = { 0 };
    assert(m->head.len > 2);
    assert(m->head.ptr[m->head.len - 1] == '\n');
    struct slice head = slice_first(m->head, m->head.len - 2);
    buf_printf(&b, "%s %.*s %.*s %.*s", m->header_len > 0 && s->headers ? "HMSG" : "MSG",
               SLICE_ARGS(m->subject), SLICE_ARGS(sub_sid(sub)), SLICE_ARGS(head));
    line(s, "->>", buf_slice(&b));
    payload(s, "->>", m->body, m->header_len);
    buf_deinit(&b);
}

void trace_out_line(struct session *s, struct slice text)
{
    assert(text.len > 0);
    assert(text.ptr[text.len - 1] != '\n');     /* without the end of its line */
    line(s, "->>", text);
}

void trace_delsub(struct session *s, struct slice sid)
{
    struct buf b = { 0 };
    assert(sid.len > 0);
    buf_printf(&b, "DELSUB %.*s", SLICE_ARGS(sid));
    line(s, "<->", buf_slice(&b));
    buf_deinit(&b);
}
