/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the server itself: what features publish, what consumers send, and the 503. */
#include "base/assert.h"
#include "base/digits.h"
#include "core/check.h"
#include "core/deliver.h"
#include "core/session.h"

/* Bodies from here on are written once, into a blob that receivers share; smaller ones into this
 * reactor's scratch memory. As in deliver.c. */
enum { BLOB_FROM = 4096 };

void hand_deinit(struct hand *h)
{
    hand_check(h);
    matches_deinit(&h->matches);
    xfree(h->groups);
    xfree(h->named);
    for (uint32_t i = 0; i < REACTORS_MAX; i++) xfree(h->remote[i].at);
    *h = (struct hand){ 0 };
}

/* What a head has beside the reply. */
enum { HEAD_ROOM = 2 * DIGITS_MAX + sizeof "  \r\n" };

static uint8_t *add(uint8_t *at, struct slice s)
{
    if (s.len == 0) return at;
    assert(at != NULL);
    memcpy(at, s.ptr, s.len);
    return at + s.len;
}

/* "[reply ][header's size ]size" CR LF. */
static uint8_t *add_head(uint8_t *at, const struct outgoing *o)
{
    if (o->reply.len > 0) {
        at = add(at, o->reply);
        *at++ = ' ';
    }
    if (o->header.len > 0) {
        at = digits_put(o->header.len, at);
        *at++ = ' ';
    }
    at = digits_put((uint64_t)o->header.len + o->payload.len, at);
    return add(at, SLICE_LIT("\r\n"));
}

static void outgoing_check(const struct outgoing *o)
{
    assert(o->account != NULL);
    assert(o->to.len > 0);
    assert(o->subject.len > 0);
    assert(o->header.len == 0 || slice_starts(o->header, SLICE_LIT("NATS/1.0")));
    assert((uint64_t)o->header.len + o->payload.len < UINT32_MAX - 2);
}

/* Written into `b`, which is empty. False: no memory for a large one. */
static bool message_of(const struct outgoing *o, struct buf *b, struct message *ret)
{
    uint32_t body_len = o->header.len + o->payload.len;
    bool is_large = body_len >= BLOB_FROM;
    outgoing_check(o);
    assert(b->len == 0);
    buf_reserve(b, o->reply.len + HEAD_ROOM + (is_large ? 0 : body_len + 2));
    uint8_t *at = add_head(b->ptr, o);
    *ret = (struct message){ .account = o->account,
                             .to = slice_equal(o->to, o->subject) ? (struct slice){ 0 } : o->to,
                             .subject = o->subject,
                             .reply = o->reply,
                             .head = slice_of(b->ptr, (size_t)(at - b->ptr)),
                             .header_len = o->header.len };
    if (is_large) {
        const struct slice parts[] = { o->header, o->payload, SLICE_LIT("\r\n") };
        ret->blob = blob_of_parts(parts, 3);
        if (ret->blob == NULL) return false;
        ret->body = slice_of(ret->blob->bytes, body_len);
    } else {
        ret->body = slice_of(at, body_len);
        ret->is_contiguous = true;
        at = add(add(add(at, o->header), o->payload), SLICE_LIT("\r\n"));
    }
    b->len = (uint32_t)(at - b->ptr);
    assert(b->len <= b->cap);
    return true;
}

uint32_t deliver_as(struct core_reactor *cr, const struct outgoing *o, bool *ret_is_behind)
{
    struct message m;
    assert(!cr->hand.is_busy);
    assert(!cr->wants_stall);           /* whoever published before has taken it */
    cr->scratch.len = 0;
    if (ret_is_behind != NULL) *ret_is_behind = false;
    if (!message_of(o, &cr->scratch, &m)) return 0;
    uint32_t delivered = deliver(cr, &m, false);
    assert(delivered > 0 || !cr->wants_stall);  /* who is behind got it */
    if (ret_is_behind != NULL) *ret_is_behind = cr->wants_stall;
    cr->wants_stall = false;            /* nobody of this reactor published it */
    return delivered;
}

/* An internal sink publishes while another message is in hand: with memory of its own. */
static uint32_t deliver_within(struct core_reactor *cr, const struct outgoing *o)
{
    struct buf text = { 0 };
    struct message m;
    struct hand saved = cr->hand;
    assert(saved.is_busy);
    assert(o->to.ptr == o->subject.ptr);        /* from within: a plain message */
    uint32_t delivered = 0;
    if (message_of(o, &text, &m)) {
        cr->hand = (struct hand){ 0 };
        delivered = deliver(cr, &m, false);
        hand_deinit(&cr->hand);
        cr->hand = saved;
    }
    buf_deinit(&text);
    return delivered;
}

uint32_t deliver_internal(struct core_reactor *cr, struct account *account, struct slice subject,
                          struct slice reply, struct slice header, struct slice payload)
{
    const struct outgoing o = { .account = account,
                                .to = subject,
                                .subject = subject,
                                .reply = reply,
                                .header = header,
                                .payload = payload };
    return cr->hand.is_busy ? deliver_within(cr, &o) : deliver_as(cr, &o, NULL);
}

static struct sub *own_plain_sub(struct core_reactor *cr, const struct session *s)
{
    struct matches *m = &cr->hand.matches;
    assert(!cr->hand.is_busy);
    assert(m->single == NULL || m->single->queue_len == 0);
    if (m->single != NULL && sub_of(m->single)->sink->session == s) return sub_of(m->single);
    for (uint32_t i = 0; i < m->count; i++) {
        struct entries *e = atomic_load_explicit(&m->topics[i]->plain, memory_order_acquire);
        for (uint32_t k = 0; e != NULL && k < atomic_load_explicit(&e->len, memory_order_acquire);
             k++) {
            struct interest_entry *entry = atomic_load_explicit(&e->at[k], memory_order_acquire);
            if (entry != NULL && sub_of(entry)->sink->session == s) return sub_of(entry);
        }
    }
    return NULL;
}

/* To the requester's own subscription; it does not count for the subscription's `max`, as in
 * nats-server. */
void deliver_no_responders(struct core_reactor *cr, struct session *s, struct slice subject,
                           struct slice reply)
{
    assert(s->home == cr);
    assert(reply.len > 0);
    interest_match(s->account->interest, reply, &cr->hand.matches);
    struct sub *sub = own_plain_sub(cr, s);
    if (sub == NULL) return;
    struct buf *b = &cr->scratch_record;
    b->len = 0;
    struct slice sid = sub_sid(sub);
    uint32_t size = 32 + subject.len;
    /* each may have a NUL in it */
    buf_add_str(b, "HMSG ");
    buf_add(b, reply);
    buf_add_byte(b, ' ');
    buf_add(b, sid);
    buf_printf(b, " %u %u\r\n", size, size);
    uint32_t head_len = b->len;
    buf_add_str(b, "NATS/1.0 503\r\nNats-Subject: ");
    buf_add(b, subject);
    buf_add_str(b, "\r\n\r\n\r\n");
    assert(b->len - head_len == size + 2);      /* as the line before says */
    conn_send(&s->conn, buf_slice(b));
}
