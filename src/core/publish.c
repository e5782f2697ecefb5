/* SPDX-License-Identifier: Apache-2.0 */
/* PUB and HPUB, in the order of nats-server (reference: protocol 1.7): count, pedantic check,
 * reserved subjects, permission,
 * +OK, delivery, the 503 when nobody listens. */
#include "auth/permissions.h"
#include "auth/responses.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/note.h"
#include "json/quote.h"
#include "core/session.h"
#include "subject/subject.h"

/* How long a publisher is held when a target is behind; the target must take bytes meanwhile or
 * nobody is held for it. */
static const nanos STALL = 2 * MILLISECOND;

static bool is_routed_subject(struct slice s)
{
    return slice_starts(s, SLICE_LIT("_GR_.")) || slice_starts(s, SLICE_LIT("$GR."));
}

static bool is_reserved_reply(struct slice s)
{
    return slice_starts(s, SLICE_LIT("_GR_.")) || slice_starts(s, SLICE_LIT("_R_.")) ||
           slice_starts(s, SLICE_LIT("$JS.ACK."));
}

static const char PUBLISH_TO[] = "Publish to";
static const char PUBLISH_REPLY[] = "Publish with Reply of";

static void refuse(struct session *s, const char *what, struct slice subject)
{
    struct buf quoted = { 0 };
    assert(what == PUBLISH_TO || what == PUBLISH_REPLY);
    quote_go(&quoted, subject);
    assert(quoted.len >= 2);            /* the quotes */
    session_err(s, "Permissions Violation for %s %s", what, buf_str(&quoted));
    note(s, LOG_ERROR, "Publish Violation - %s %s", what == PUBLISH_REPLY ? "Reply" : "Subject",
         buf_str(&quoted));
    buf_deinit(&quoted);
}

/* NULL: allowed; else what is violated, and by which subject. */
static const char *violation(struct session *s, const struct nats_op *op, struct slice *ret_subject)
{
    *ret_subject = op->subject;
    uint8_t first = op->subject.len > 0 ? op->subject.ptr[0] : 0;
    if (UNLIKELY(first == '_' || first == '$') && is_routed_subject(op->subject)) return PUBLISH_TO;
    if (UNLIKELY(s->permissions != NULL) &&
        permission_publish(s->permissions, op->subject) == PERMISSION_DENIED &&
        (s->responses == NULL || !responses_take(s->responses, op->subject, s->home->reactor->now)))
        return PUBLISH_TO;
    if (UNLIKELY(first == '$') && slice_starts(op->subject, SLICE_LIT("$NRG.")) &&
        !s->account->is_system)
        return PUBLISH_TO;
    if (op->reply.len == 0) return NULL;
    *ret_subject = op->reply;
    first = op->reply.ptr[0];
    if ((first == '_' || first == '$') && is_reserved_reply(op->reply)) return PUBLISH_REPLY;
    return NULL;
}

/* A message as the client wrote it is sent on as it is; odd spacing and a header size of 0 are
 * written anew. */
static struct message message_of(struct session *s, const struct nats_op *op)
{
    struct message m = {
        .account = s->account,
        .from = s,
        .origin = session_origin(s),
        .subject = op->subject,
        .reply = op->reply,
        .head = slice_of(op->tail.ptr, op->tail.len - op->body.len - 2),
        .body = op->body,
        .header_len = op->header_len,
        .is_contiguous = true,
    };
    bool plain_hpub = op->verb == NATS_HPUB && op->header_len == 0;
    if (LIKELY(op->canonical && !plain_hpub)) return m;
    struct slice sizes = op->sizes;
    if (plain_hpub)
        for (uint32_t i = sizes.len; i > 0; i--)
            if (sizes.ptr[i - 1] == ' ' || sizes.ptr[i - 1] == '\t') {
                sizes = slice_from(sizes, i);
                break;
            }
    assert(sizes.len > 0);
    struct buf *b = &s->home->scratch;
    b->len = 0;
    if (op->reply.len > 0) {
        buf_add(b, op->reply);
        buf_add_byte(b, ' ');
    }
    for (uint32_t i = 0; i < sizes.len; i++)
        if (i == 0 || !((sizes.ptr[i] == ' ' || sizes.ptr[i] == '\t') && b->ptr[b->len - 1] == ' '))
            buf_add_byte(b, sizes.ptr[i] == '\t' ? ' ' : sizes.ptr[i]);
    buf_add_str(b, "\r\n");
    assert(b->len <= m.head.len + 1);   /* spaces were taken out, a bare LF became CR LF */
    m.head = buf_slice(b);
    m.is_contiguous = false;
    return m;
}

static void count_in(struct session *s, uint32_t size)
{
    struct core_reactor *cr = s->home;
    s->in_msgs++;
    s->last_active = cr->reactor->now;
    s->in_bytes += size;
    struct traffic *t = &s->account->stats[cr->reactor->id].of;
    count_add(&t->in_msgs, 1);
    count_add(&t->in_bytes, size);
    count_add(&cr->traffic.in_msgs, 1);
    count_add(&cr->traffic.in_bytes, size);
}

void session_publish_subject(struct session *s, struct slice subject)
{
    assert(subject.len > 0);
    if (UNLIKELY(s->pedantic) && !subject_literal(subject))
        session_err(s, "Invalid Publish Subject");
}

void session_publish(struct session *s, const struct nats_op *op)
{
    struct core_reactor *cr = s->home;
    struct slice culprit;
    assert(s->is_counted);                          /* it is in an account, and may be judged */
    assert(op->tail.len >= op->body.len + 2);       /* head, body, CR LF */
    count_in(s, op->body.len);
    session_publish_subject(s, op->subject);
    const char *violated = violation(s, op, &culprit);
    if (UNLIKELY(violated != NULL)) {
        refuse(s, violated, culprit);
        return;
    }
    session_ok(s);
    struct message m = message_of(s, op);
    bool wants_503 = s->no_responders && op->reply.len > 0;
    uint32_t delivered = deliver(cr, &m, wants_503);
    if (UNLIKELY(delivered == 0 && wants_503) && s->phase == SESSION_OPEN)
        deliver_no_responders(cr, s, op->subject, op->reply);
    if (UNLIKELY(cr->wants_stall)) {
        assert(delivered > 0 || s->phase == SESSION_CLOSED);
        cr->wants_stall = false;
        s->stalls++;
        count_add(&cr->stalled, 1);
        s->stall_due = true;
    }
}

void session_stall(struct session *s)
{
    assert(s->stall_due);
    s->stall_due = false;
    if (s->home->drops_for_slow) return;
    if (s->conn.paused) return;     /* a password is checked or a refusal waits: held for longer */
    conn_pause(&s->conn, s->home->reactor->now + STALL);
}
