/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to verbs. Each operation runs to completion before the next is looked at. */
#include <stdio.h>

#include "base/assert.h"
#include "core/ahead.h"
#include "core/check.h"
#include "core/note.h"
#include "core/session.h"
#include "core/trace.h"
#include "json/check.h"
#include "wire/proxy.h"

static enum close_reason reason_of_parse(enum nats_parse got)
{
    switch (got) {
    case NATS_PARSE_UNKNOWN:
    case NATS_PARSE_END: return CLOSE_PROTOCOL;
    case NATS_PARSE_LINE: return CLOSE_MAX_CONTROL_LINE;
    case NATS_PARSE_PAYLOAD: return CLOSE_MAX_PAYLOAD;
    case NATS_PARSE_ARGS: return CLOSE_PROTOCOL_SILENT;
    case NATS_PARSE_OP:
    case NATS_PARSE_MORE: break;
    }
    unreachable();
}

/* The first verb of a client that must say who it is: only a CONNECT, unless somebody is assumed.
 * While a password is checked anew for a reload, another CONNECT waits: one judgement at a time.
 * Decided on the first byte. */
static bool may_speak(struct session *s, uint8_t first)
{
    bool is_connect = first == 'C' || first == 'c';
    if (UNLIKELY(s->auth_pending) && is_connect) {
        conn_pause(&s->conn, NANOS_MAX);
        return false;
    }
    if (LIKELY(!s->auth_required) || s->is_connected) return true;
    return is_connect || session_login_without_connect(s);
}

/* A publish that stands whole in the input, cut. None of them changes what the parser knows of the
 * session. */
struct cut {
    struct nats_op op;
    uint32_t       used;
    struct ahead   ahead;
};

/* Those that stand next in the input, in a ring. */
struct cut_ahead {
    struct cut at[AHEAD_MAX];
    uint32_t first, count;
    uint32_t bytes; /* of them */
    uint32_t rest;  /* operations until the next look */
    uint32_t same;  /* so many in turn went to one place */
    const struct sink *place;   /* … this one */
    struct nats_op op;  /* one that was not cut before */
    uint32_t len;   /* of the operation that was given out last */
};

static struct cut *cut_at(struct cut_ahead *c, uint32_t i)
{
    assert(i < AHEAD_MAX);
    assert(c->first < AHEAD_MAX && c->count <= AHEAD_MAX);
    return &c->at[(c->first + i) % AHEAD_MAX];
}

/* False: no other publish stands whole behind them. */
static bool cut_next(struct session *s, struct slice in, struct cut_ahead *c)
{
    uint64_t need;
    assert(c->count < AHEAD_MAX && c->bytes <= in.len);
    if (c->bytes == in.len) return false;
    struct cut *next = cut_at(c, c->count);
    struct slice rest = slice_from(in, c->bytes);
    if (nats_next(&s->limits, rest, &next->op, &next->used, &need) != NATS_PARSE_OP) return false;
    if (next->op.verb != NATS_PUB && next->op.verb != NATS_HPUB) return false;
    ahead_begin(&next->ahead, s->home, next->op.subject);
    assert(next->used > 0 && next->used <= rest.len);
    c->bytes += next->used;
    c->count++;
    return true;
}

static void begin_ahead(struct session *s, struct slice in, struct cut_ahead *c)
{
    struct slice subjects[AHEAD_MAX];
    struct ahead *all[AHEAD_MAX];
    assert(c->count == 0 && c->bytes == 0);
    assert(c->rest == 0);
    while (c->count < AHEAD_MAX && cut_next(s, in, c)) {
        all[c->count - 1] = &cut_at(c, c->count - 1)->ahead;
        subjects[c->count - 1] = cut_at(c, c->count - 1)->op.subject;
    }
    c->same = 0;
    if (c->count < 2) return;
    if (!ahead_look(all, subjects, c->count, s->home, s->account)) c->rest = AHEAD_REST;
}

/* One more, and those that are known one step further: they began in turn, so that those before one
 * that is over most likely are, too. */
static void go_ahead(struct session *s, struct slice in, struct cut_ahead *c)
{
    assert(c->count > 0 && c->rest == 0);
    assert(c->bytes <= in.len && !s->home->hand.is_busy);
    if (c->count < AHEAD_MAX) (void)cut_next(s, in, c);
    for (uint32_t i = c->count; i > 0; i--) {
        struct cut *cut = &c->at[(c->first + i - 1) % AHEAD_MAX];
        if (ahead_is_over(&cut->ahead)) break;
        ahead_step(&cut->ahead, s->home, s->account, cut->op.subject);
    }
}

/* It stands there until the next one is asked for. */
static const struct nats_op *take_cut(struct session *s, struct cut_ahead *c)
{
    const struct cut *cut = cut_at(c, 0);
    assert(c->count > 0 && c->bytes >= cut->used);
    ahead_tell(&cut->ahead, s->home, s->account, cut->op.subject);
    c->len = cut->used;
    c->bytes -= cut->used;
    c->first = (c->first + 1) % AHEAD_MAX;
    c->count--;
    assert(c->count > 0 || c->bytes == 0);
    assert(c->len > 0);
    c->same = ahead_place(&cut->ahead) == c->place ? c->same + 1 : 0;
    c->place = ahead_place(&cut->ahead);
    if (c->same < AHEAD_MAX) return &cut->op;
    c->same = 0;
    c->rest = AHEAD_REST;
    return &cut->op;
}

/* The next operation; its length is `c->len`. */
static enum nats_parse next_op(struct session *s, struct slice in, struct cut_ahead *c,
                               const struct nats_op **ret_op, uint64_t *ret_need)
{
    *ret_op = &c->op;
    if (UNLIKELY(ahead_is_wanted(s->account))) {
        s->home->found.entry = NULL;
        if (c->rest > 0) c->rest--;
        else if (c->count == 0) begin_ahead(s, in, c);
        else go_ahead(s, in, c);
    }
    if (LIKELY(c->count == 0)) return nats_next(&s->limits, in, &c->op, &c->len, ret_need);
    *ret_op = take_cut(s, c);
    assert(c->len <= in.len);
    return NATS_PARSE_OP;
}

uint32_t session_input(struct session *s, struct slice in, uint64_t *ret_need)
{
    uint32_t at = 0;
    struct cut_ahead ahead;
    ahead.first = ahead.count = ahead.bytes = ahead.rest = ahead.same = ahead.len = 0;
    ahead.place = NULL;
    *ret_need = 0;
    s->last_in = s->home->reactor->now;
    while (at < in.len && s->phase == SESSION_OPEN && !s->conn.paused) {
        struct slice rest = { in.ptr + at, in.len - at };
        const struct nats_op *op;
        if (UNLIKELY(!may_speak(s, rest.ptr[0]))) break;
        enum nats_parse got = next_op(s, rest, &ahead, &op, ret_need);
        if (got == NATS_PARSE_MORE) break;
        if (UNLIKELY(got != NATS_PARSE_OP)) {
            if (got == NATS_PARSE_END) session_publish_subject(s, op->subject);
            if (s->traced && (got == NATS_PARSE_ARGS || got == NATS_PARSE_PAYLOAD))
                trace_in_line(s, op->line);
            note_unparsed(s, got, rest, op);
            session_close(s, reason_of_parse(got));
            assert(s->phase == SESSION_CLOSED);
            return at;
        }
        at += ahead.len;
        session_take_op(s, op);
    }
    s->home->found.entry = NULL;
    assert(at <= in.len);
    assert(ahead.count <= AHEAD_MAX);
    if (UNLIKELY(s->stall_due)) session_stall(s);
    return at;
}

static void on_ping(struct session *s)
{
    /* What others posted before they were told PONG comes before this PONG: look into the mailbox
     * once more. */
    if (s->home->core->reactors->count > 1)
        (void)mailbox_drain_records(s->home->reactor, UINT32_MAX);
    conn_send(&s->conn, SLICE_LIT("PONG\r\n"));
    if (UNLIKELY(s->traced)) trace_out_line(s, SLICE_LIT("PONG"));
    if (LIKELY(s->first_pong_sent) || !s->is_connected) return;
    if (s->phase == SESSION_CLOSED) return;     /* the PONG could not be sent */
    session_check(s);
    s->first_pong_sent = true;
    if (s->wants_events) session_info(s, INFO_CONNECTED);
}

static void on_info(struct session *s, struct slice json)
{
    struct json_shape shape;
    assert(s->phase == SESSION_OPEN);
    if (json_check(json, JSON_DEPTH_MAX, &shape) != ERR_OK) session_close(s, CLOSE_PROTOCOL_SILENT);
}

static void on_err(struct session *s, struct slice text)
{
    assert(s->phase == SESSION_OPEN);
    note(s, LOG_ERROR, "Client Error %.*s", SLICE_ARGS(text));
    session_close(s, CLOSE_PARSE_ERROR);
    assert(s->phase == SESSION_CLOSED);     /* no verb behind it is taken */
}

void session_take_op(struct session *s, const struct nats_op *op)
{
    if (UNLIKELY(s->traced)) trace_in(s, op);
    switch (op->verb) {
    case NATS_PUB:
    case NATS_HPUB: session_publish(s, op); break;
    case NATS_SUB: session_subscribe(s, op); break;
    case NATS_UNSUB: session_unsubscribe(s, op); break;
    case NATS_PING: on_ping(s); break;
    case NATS_PONG: session_pong_came(s); break;
    case NATS_CONNECT: session_connect(s, op->args); break;
    case NATS_INFO: on_info(s, op->args); break;
    case NATS_OK: break;
    case NATS_ERR: on_err(s, op->args); break;
    }
}

/* ---- PROXY protocol ---- */

void session_proxy_refused(struct session *s, const char *why)
{
    char addr[NET_ADDR_TEXT];
    assert(s->phase == SESSION_PROXY);
    assert(!s->addr_known);
    log_warn(s->home->core->env->log, "Error reading PROXY protocol header from %s: %s",
             net_addr_text(&s->addr, addr), why);
    session_close(s, CLOSE_PROTOCOL_SILENT);
}

uint32_t session_proxy_header(struct session *s, struct slice in, uint64_t *ret_need)
{
    struct proxy_head head;
    *ret_need = 0;
    session_check(s);
    assert(s->phase == SESSION_PROXY);
    assert(!s->addr_known);
    switch (proxy_parse(in, &head)) {
    case PROXY_MORE: return 0;
    case PROXY_NONE: head.consumed = 0; break;
    case PROXY_BAD: session_proxy_refused(s, head.why); return 0;
    case PROXY_OK:
        if (!head.known) break;
        memcpy(s->addr.ip, head.ip, sizeof s->addr.ip);
        s->addr.v6 = head.v6;
        s->addr.port = head.port;
        break;
    }
    assert(head.consumed <= in.len);
    s->addr_known = true;
    session_after_proxy(s);
    assert(s->phase != SESSION_PROXY);
    return head.consumed;
}
