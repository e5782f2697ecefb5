/* SPDX-License-Identifier: Apache-2.0 */
#include "core/note.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "json/quote.h"
#include "core/session.h"

static const char REDACTED[] = "[REDACTED]";

static void add_library(struct buf *out, const struct login *l)
{
    struct buf text = { 0 };
    assert(out->len > 0);               /* it stands behind the address */
    if (l->version.len > 0) buf_printf(&text, "v%.*s", SLICE_ARGS(l->version));
    if (l->lang.len > 0) buf_printf(&text, "%s%.*s", text.len > 0 ? ":" : "", SLICE_ARGS(l->lang));
    if (l->name.len > 0) buf_printf(&text, "%s%.*s", text.len > 0 ? ":" : "", SLICE_ARGS(l->name));
    if (text.len > 0) {
        buf_add_str(out, " - ");
        quote_go(out, buf_slice(&text));
    }
    buf_deinit(&text);
}

static void add_user(struct buf *out, const struct session *s, const struct login *l)
{
    if (s->shown.len == 0) return;
    assert(out->len > 0);
    assert(s->account != NULL);
    struct buf text = { 0 };
    if (l->nkey.len > 0 && slice_equal(s->shown, l->nkey))
        buf_printf(&text, "%s/nkey:%.*s", s->account->name, SLICE_ARGS(s->shown));
    else if (slice_equal_str(s->shown, REDACTED) && l->user.len == 0)
        buf_printf(&text, "%s/token", s->account->name);
    else buf_printf(&text, "%s/user:%.*s", s->account->name, SLICE_ARGS(s->shown));
    buf_add_str(out, " - ");
    quote_go(out, buf_slice(&text));
    buf_deinit(&text);
}

void note_label(const struct session *s, struct buf *out)
{
    char text[SESSION_LABEL];
    assert(s != NULL);
    assert(s->listener != NULL);
    buf_add_str(out, session_label(s, text));
    assert(out->len > 0);
    if (!s->is_connected) return;
    static const struct login nothing;
    const struct login *l = s->login != NULL ? s->login : &nothing;
    add_library(out, l);
    add_user(out, s, l);
}

void note(const struct session *s, enum log_level level, const char *format, ...)
{
    struct log *log = s->home->core->env->log;
    if (level == LOG_DEBUG && !log_debug_on(log)) return;
    struct buf line = { 0 };
    va_list args, again;
    assert(level != LOG_TRACE);                 /* traces have lines of their own */
    assert(format != NULL);
    note_label(s, &line);
    buf_add_str(&line, " - ");
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    buf_reserve(&line, (uint32_t)len + 1);
    (void)vsnprintf((char *)line.ptr + line.len, (size_t)len + 1, format, again);
    va_end(again);
    line.len += (uint32_t)len;
    log->write(log, level, buf_slice(&line));
    buf_deinit(&line);
}

void note_stranger(const struct session *s, const char *text)
{
    char addr[NET_ADDR_TEXT];
    assert(!s->is_connected);
    assert(text[0] != 0);
    log_error(s->home->core->env->log, "%s - %s", net_addr_text(&s->addr, addr), text);
}

void note_refused(const struct session *s)
{
    static const struct login nothing;
    const struct login *l = s->login != NULL ? s->login : &nothing;
    struct buf who = { 0 };
    const char *kind = l->nkey.len > 0 ? "Nkey" : l->user.len > 0 ? "User" : "Token";
    if (l->nkey.len + l->user.len > 0) quote_go(&who, l->nkey.len > 0 ? l->nkey : l->user);
    else if (l->token.len > 0) quote_go(&who, slice_str(REDACTED));
    assert(who.len == 0 || who.len >= 2);       /* the quotes */
    if (who.len == 0) note(s, LOG_ERROR, "authentication error");
    else note(s, LOG_ERROR, "authentication error - %s %s", kind, buf_str(&who));
    buf_deinit(&who);
}

/* The size is the last argument, and was read as one before. */
static uint64_t announced_size(const struct nats_op *op)
{
    struct slice text = op->args;
    uint64_t size = 0;
    assert(text.len > 0);
    while (text.len > 0 && memchr(" \t", text.ptr[text.len - 1], 2) != NULL) text.len--;
    uint32_t from = text.len;
    while (from > 0 && memchr(" \t", text.ptr[from - 1], 2) == NULL) from--;
    bool is_number = slice_to_u64(slice_from(text, from), &size);
    assert(is_number);
    return size;
}

void note_unparsed(const struct session *s, enum nats_parse got, struct slice in,
                   const struct nats_op *op)
{
    static const uint32_t SHOWN = 32;           /* as many bytes as nats-server shows */
    struct buf text = { 0 };
    assert(got != NATS_PARSE_OP);
    assert(got != NATS_PARSE_MORE);
    if (got == NATS_PARSE_LINE) return;
    if (got == NATS_PARSE_PAYLOAD) {
        note(s, LOG_ERROR, "maximum payload exceeded: %llu vs %lld",
             (unsigned long long)announced_size(op), (long long)s->limits.max_payload);
        return;
    }
    quote_go(&text, got == NATS_PARSE_ARGS ? op->args : slice_first(in, SHOWN));
    if (got != NATS_PARSE_ARGS)
        note(s, LOG_ERROR, "Client parser ERROR: proto='%s'...", buf_str(&text));
    else if (op->verb == NATS_HPUB && !s->headers) note(s, LOG_ERROR, "%s", op->wrong);
    else note(s, LOG_ERROR, "%s: %s", op->wrong, buf_str(&text));
    buf_deinit(&text);
}
