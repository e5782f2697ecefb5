/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include "core/message.h"
#include "core/session.h"

/* Keys of CONNECT whose values stay out of logs; what begins with these, too ("auth_token",
 * "password"). */
static const char *const secrets[] = { "auth_token", "pass", "nkey", "sig", "proxy_sig", "jwt" };

static void label(const struct session *s, struct buf *out)
{
    char text[SESSION_LABEL];
    buf_add_str(out, session_label(s, text));
    const struct login *l = s->login;
    if (l == NULL || !s->is_connected) return;
    if (l->version.len + l->lang.len + l->name.len > 0) {
        buf_add_str(out, " - \"");
        if (l->version.len > 0) buf_printf(out, "v%.*s", SLICE_ARGS(l->version));
        if (l->lang.len > 0) buf_printf(out, ":%.*s", SLICE_ARGS(l->lang));
        if (l->name.len > 0) buf_printf(out, ":%.*s", SLICE_ARGS(l->name));
        buf_add_byte(out, '"');
    }
    if (s->shown.len > 0)
        buf_printf(out, " - \"%s/user:%.*s\"", s->account->name, SLICE_ARGS(s->shown));
}

static void line(struct session *s, const char *arrow, struct slice text)
{
    struct buf b = { 0 };
    label(s, &b);
    buf_printf(&b, " - %s [%.*s]", arrow, SLICE_ARGS(text));
    struct log *log = s->home->core->env->log;
    log->write(log, LOG_TRACE, buf_slice(&b));
    buf_deinit(&b);
}

static void payload(struct session *s, const char *arrow, struct slice body, uint32_t header_len)
{
    const struct logging_options *o = &s->home->settings->options->logging;
    struct slice shown = o->trace_headers ? slice_first(body, header_len) : body;
    if (o->trace_headers && header_len == 0) return;
    bool cut = o->traced_msg_len_max > 0 && shown.len > o->traced_msg_len_max;
    if (cut) shown.len = (uint32_t)o->traced_msg_len_max;
    struct buf b = { 0 };
    label(s, &b);
    buf_printf(&b, " - %s MSG_PAYLOAD: [\"%.*s%s\"]", arrow, SLICE_ARGS(shown), cut ? "..." : "");
    struct log *log = s->home->core->env->log;
    log->write(log, LOG_TRACE, buf_slice(&b));
    buf_deinit(&b);
}

static bool is_secret(struct slice key)
{
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        struct slice name = slice_str(secrets[i]);
        if (key.len >= name.len && slice_equal_nocase(slice_first(key, name.len), name))
            return true;
    }
    return false;
}

/* The end of the string that begins at `from` (behind its quote). */
static uint32_t string_end(struct slice text, uint32_t from)
{
    while (from < text.len && text.ptr[from] != '"') from += text.ptr[from] == '\\' ? 2 : 1;
    return from < text.len ? from : text.len;
}

/* Good enough for any JSON: every string is a key or a value; the value behind a secret key is
 * replaced. */
void trace_redact(struct buf *out, struct slice connect)
{
    bool secret = false, is_value = false;
    for (uint32_t at = 0; at < connect.len;) {
        uint8_t c = connect.ptr[at];
        if (c != '"') {
            if (c == ':') is_value = true;
            if (c == ',' || c == '{' || c == '}') is_value = secret = false;
            buf_add_byte(out, c);
            at++;
            continue;
        }
        uint32_t end = string_end(connect, at + 1);
        struct slice text = slice_of(connect.ptr + at + 1, end - at - 1);
        if (!is_value) secret = is_secret(text);
        if (is_value && secret) buf_add_str(out, "\"[REDACTED]\"");
        else buf_printf(out, "\"%.*s\"", SLICE_ARGS(text));
        at = end + 1;
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
    line(s, "<<-", op->line);
    if (op->verb == NATS_PUB || op->verb == NATS_HPUB) payload(s, "<<-", op->body, op->header_len);
}

void trace_out(struct session *s, const struct sub *sub, const struct message *m)
{
    struct buf b = { 0 };
    struct slice head = slice_first(m->head, m->head.len - 2);
    buf_printf(&b, "%s %.*s %.*s %.*s", m->header_len > 0 && s->headers ? "HMSG" : "MSG",
               SLICE_ARGS(m->subject), SLICE_ARGS(sub_sid(sub)), SLICE_ARGS(head));
    line(s, "->>", buf_slice(&b));
    payload(s, "->>", m->body, m->header_len);
    buf_deinit(&b);
}

void trace_out_line(struct session *s, struct slice text)
{
    line(s, "->>", text);
}

void trace_delsub(struct session *s, struct slice sid)
{
    struct buf b = { 0 };
    buf_printf(&b, "DELSUB %.*s", SLICE_ARGS(sid));
    line(s, "<->", buf_slice(&b));
    buf_deinit(&b);
}
