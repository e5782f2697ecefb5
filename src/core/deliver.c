/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deliver.h"

#include "auth/permissions.h"
#include "auth/responses.h"
#include "base/assert.h"
#include "base/digits.h"
#include "base/le.h"
#include "core/ahead.h"
#include "core/check.h"
#include "core/match_cache.h"
#include "core/note.h"
#include "core/session.h"
#include "core/trace.h"

/* Bodies from here on are shared between receivers, smaller ones copied (spike 1.2: the crossover
 * lies at 2 to 4 KB). */
enum { SHARE_FROM = 4096 };

/* Draws for a queue member before the search goes on one by one. */
enum { QUEUE_DRAWS = 8 };

/* Flags of a record. The hops count how often a queue member was chosen anew: two reactors must not
 * send a message to and fro for ever. A record with RECORD_TO begins with what was looked up, its
 * length in four bytes before it. */
enum {
    RECORD_QUEUE = 1,
    RECORD_WANTS_503 = 2,
    RECORD_HOP = 4,
    RECORD_HOPS_MAX = 8 * RECORD_HOP,
    RECORD_TO = 128,
    RECORD_FLAG_BITS = 8,
    RECORD_FLAGS = (1 << RECORD_FLAG_BITS) - 1
};
static_assert(RECORD_HOPS_MAX + RECORD_HOP < RECORD_TO, "the last hop still fits the flags");
static_assert(RECORD_TO <= RECORD_FLAGS, "all flags fit beside a head's length");
static_assert(CONTROL_LINE_MAX + 2 < 1 << (32 - RECORD_FLAG_BITS), "a head's length fits beside");
static_assert((RECORD_QUEUE | RECORD_WANTS_503) < RECORD_HOP, "hops count above the flags");

static uint32_t deliver_entries(struct core_reactor *, struct message *, struct entries *);
static uint32_t deliver_queues(struct core_reactor *, struct message *, bool wants_503);
static bool put(struct core_reactor *, struct session *, struct sub *, struct message *);
static void post_targets(struct core_reactor *, struct message *);

/* ---- one message to one session on this reactor ---- */

static uint8_t *add(uint8_t *at, const void *bytes, uint32_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/* "MSG subject sid " or "HMSG subject sid ". */
static uint8_t *add_prefix(uint8_t *at, bool headers, struct slice subject, struct slice sid)
{
    at = headers ? add(at, "HMSG ", 5) : add(at, "MSG ", 4);
    at = add(at, subject.ptr, subject.len);
    *at++ = ' ';
    at = add(at, sid.ptr, sid.len);
    *at++ = ' ';
    return at;
}

static uint32_t prefix_len(bool headers, const struct message *m, struct slice sid)
{
    return (headers ? 5U : 4U) + m->subject.len + 1 + sid.len + 1;
}

/* The whole message as one copy. */
static bool render(struct session *s, const struct message *m, struct slice sid)
{
    bool headers = m->header_len > 0;
    uint32_t total = prefix_len(headers, m, sid) + m->head.len + m->body.len + 2;
    uint8_t *at = outq_reserve(s->conn.out, &s->conn.reactor->pool, total);
    if (at == NULL) return false;
    at = add_prefix(at, headers, m->subject, sid);
    if (m->is_contiguous) {
        memcpy(at, m->head.ptr, (size_t)m->head.len + m->body.len + 2);
    } else {
        at = add(at, m->head.ptr, m->head.len);
        memcpy(at, m->body.ptr, (size_t)m->body.len + 2);
    }
    outq_commit(s->conn.out, total);
    return true;
}

/* The head as a copy, the body shared. */
static bool render_shared(struct session *s, struct message *m, struct slice sid)
{
    if (m->blob == NULL) m->blob = blob_new(slice_of(m->body.ptr, (size_t)m->body.len + 2));
    if (m->blob == NULL) return false;
    assert(m->blob->len == m->body.len + 2);    /* made from this body, here or by its publisher */
    bool headers = m->header_len > 0;
    uint32_t len = prefix_len(headers, m, sid) + m->head.len;
    struct outq *q = s->conn.out;
    uint8_t *at = outq_reserve_blob(q, &s->conn.reactor->pool, len);
    if (at == NULL) return false;
    const uint8_t *begin = at;
    at = add_prefix(at, headers, m->subject, sid);
    at = add(at, m->head.ptr, m->head.len);
    assert(at == begin + len);          /* prefix_len() counts what add_prefix() writes */
    outq_commit_blob(q, len, m->blob);
    return true;
}

/* For a receiver without headers: the payload alone, with a size of its own. */
static bool render_stripped(struct session *s, const struct message *m, struct slice sid)
{
    assert(!s->headers);
    assert(m->header_len > 0);
    assert(m->header_len <= m->body.len);
    struct slice payload = slice_from(m->body, m->header_len);
    uint8_t digits[DIGITS_MAX];
    uint32_t digits_len = (uint32_t)(digits_put(payload.len, digits) - digits);
    uint32_t reply_len = m->reply.len > 0 ? m->reply.len + 1 : 0;
    uint32_t total = prefix_len(false, m, sid) + reply_len + digits_len + 2 + payload.len + 2;
    uint8_t *at = outq_reserve(s->conn.out, &s->conn.reactor->pool, total);
    if (at == NULL) return false;
    const uint8_t *begin = at;
    at = add_prefix(at, false, m->subject, sid);
    if (reply_len > 0) {
        at = add(at, m->reply.ptr, m->reply.len);
        *at++ = ' ';
    }
    at = add(at, digits, digits_len);
    at = add(at, "\r\n", 2);
    if (payload.len > 0) at = add(at, payload.ptr, payload.len);
    at = add(at, "\r\n", 2);
    assert(at == begin + total);
    outq_commit(s->conn.out, total);
    return true;
}

static void cut_slow(struct session *s)
{
    struct core_reactor *cr = s->home;
    session_check(s);
    assert(s->phase != SESSION_CLOSED);         /* cut once, counted once */
    count_add(&cr->slow_consumers, 1);
    count_add(&s->account->stats[cr->reactor->id].of.slow_consumers, 1);
    note(s, LOG_INFO, "Slow Consumer Detected: MaxPending of %lld Exceeded",
         (long long)cr->settings->options->limits.max_pending);
    session_close(s, CLOSE_SLOW_PENDING);
    conn_abort(&s->conn);
}

/* From three quarters of max_pending on publishers here are held, from one half on those on other
 * reactors: what these have posted meanwhile comes on top, and they fill the last quarter in a few
 * milliseconds. Each only for a target that has taken bytes since they were last. */
static void judge_pending(struct core_reactor *cr, struct session *s)
{
    uint64_t max = (uint64_t)cr->settings->options->limits.max_pending;
    uint64_t pending = conn_queued(&s->conn);
    if (LIKELY(pending <= max / 2) || s->phase == SESSION_CLOSED) return;
    assert(s->home == cr);
    if (pending > max) {
        cut_slow(s);
        return;
    }
    if (s->conn.written != s->congested_written) {
        s->congested_written = s->conn.written;
        atomic_store_explicit(&s->congested, 1, memory_order_relaxed);
    }
    if (pending <= max / 4 * 3 || s->conn.written == s->stall_written) return;
    s->stall_written = s->conn.written;
    cr->wants_stall = true;
}

static void remember_reply(struct session *s, const struct message *m)
{
    assert(m->reply.len > 0);
    assert(s->permissions != NULL);
    assert(s->is_counted);              /* rights come with an account */
    const struct permissions *rules = permission_set_config(s->permissions);
    if (!rules->responses.present) return;
    if (permission_publish(s->permissions, m->reply) != PERMISSION_DENIED) return;
    nanos now = s->home->reactor->now;
    if (s->responses == NULL)
        s->responses = responses_new(&rules->responses, s->home->core->hash_seed);
    /* A reply that is known already loses one of its answers to the second request, as in
     * nats-server. */
    if (!responses_take(s->responses, m->reply, now))
        responses_remember(s->responses, m->reply, now);
}

/* no_fast_producer_stall: nobody is held; who is behind goes without. */
static bool is_behind(const struct session *s)
{
    return conn_queued(&s->conn) > (uint64_t)s->home->settings->options->limits.max_pending / 4 * 3;
}

/* What it is shown must not be denied to it either, when it was looked up under another subject. */
static bool is_permitted(const struct permission_set *p, const struct sub *sub,
                         const struct message *m)
{
    struct slice queue = interest_entry_queue(&sub->entry);
    assert(m->subject.len > 0);
    assert(sub->sink->session != NULL);         /* an internal sink has no rights to ask for */
    if (!permission_delivery(p, message_target(m), queue)) return false;
    return m->to.len == 0 || !permission_delivery_denied(p, m->subject, queue);
}

/* May this subscription take this message now? Ends one that has had its share. */
static bool is_willing(struct session *s, struct sub *sub, const struct message *m)
{
    if (atomic_load_explicit(&sub->is_closed, memory_order_relaxed)) return false;
    if (atomic_load_explicit(&s->is_closed, memory_order_relaxed)) return false;
    if (UNLIKELY(!s->echo) && m->origin == session_origin(s)) return false;
    if (UNLIKELY(s->home->drops_for_slow) && is_behind(s)) return false;
    if (UNLIKELY(sub->is_filtered) && !is_permitted(s->permissions, sub, m)) return false;
    return true;
}

/* True when the session has it. */
static bool put(struct core_reactor *cr, struct session *s, struct sub *sub, struct message *m)
{
    if (UNLIKELY(!is_willing(s, sub, m))) return false;
    assert(s->home == cr);                      /* nobody else writes to its connection */
    struct slice sid = sub_sid(sub);
    uint32_t size = m->body.len;
    bool stored;
    if (UNLIKELY(m->header_len > 0 && !s->headers)) {
        size -= m->header_len;
        stored = render_stripped(s, m, sid);
    } else if (m->body.len >= SHARE_FROM && (m->blob != NULL || m->is_shared)) {
        stored = render_shared(s, m, sid);
    } else {
        stored = render(s, m, sid);
    }
    if (UNLIKELY(!stored)) {
        cut_slow(s);
        assert(s->phase == SESSION_CLOSED);
        return false;
    }
    sub->delivered++;
    s->out_msgs++;
    s->out_bytes += size;
    s->last_active = cr->reactor->now;
    cr->hand.sent_msgs++;
    cr->hand.sent_bytes += size;
    if (UNLIKELY(s->permissions != NULL && m->reply.len > 0)) remember_reply(s, m);
    if (UNLIKELY(s->traced)) trace_out(s, sub, m);
    if (UNLIKELY(sub->max > 0 && sub->delivered >= sub->max)) session_sub_end(s, sub);
    conn_dirty(&s->conn);       /* may end the session, and then `sub` is retired */
    judge_pending(cr, s);
    return true;
}

/* ---- one message to an internal sink, here ---- */

static bool serve(struct core_reactor *cr, struct sub *sub, struct message *m)
{
    struct sink *sink = sub->sink;
    sink_check(sink);
    assert(sink->reactor == SINK_ANYWHERE || sink->reactor == cr->reactor->id);
    if (atomic_load_explicit(&sub->is_closed, memory_order_relaxed)) return false;
    sink->deliver(sink, cr, sub, m);
    return true;
}

/* ---- targets elsewhere ---- */

static uint64_t message_bytes(const struct message *m)
{
    return (uint64_t)m->subject.len + m->head.len + m->body.len + 2;
}

static bool is_full(struct core_reactor *cr, const struct session *s)
{
    return conn_pending_shared(&s->conn) > (uint64_t)cr->settings->options->limits.max_pending;
}

/* Would it take this message? Its reactor looks again; but who is filtered out is no responder, and
 * no member of a queue group is chosen in vain. */
static bool wants_remote(const struct sub *sub, const struct message *m)
{
    const struct session *s = sub->sink->session;
    if (atomic_load_explicit(&sub->is_closed, memory_order_relaxed)) return false;
    if (UNLIKELY(s == NULL)) return true;
    if (atomic_load_explicit(&s->is_closed, memory_order_relaxed)) return false;
    assert(&s->sink == sub->sink);              /* its memory is still its own */
    if (LIKELY(!atomic_load_explicit(&sub->is_filtered, memory_order_relaxed))) return true;
    return is_permitted(atomic_load_explicit(&s->permissions, memory_order_acquire), sub, m);
}

/* An internal sink takes everything; who fills its mailbox is held. */
static bool claim_internal(struct core_reactor *cr, struct sink *sink, const struct message *m)
{
    uint64_t bytes = message_bytes(m);
    assert(sink->session == NULL);
    assert(sink->deliver != NULL);
    assert(sink->reactor != cr->reactor->id);       /* it lives elsewhere: here it is served */
    uint64_t before = atomic_fetch_add_explicit(&sink->posted, bytes, memory_order_relaxed);
    if (UNLIKELY(before + bytes > SINK_POSTED_HIGH)) cr->wants_stall = true;
    return true;
}

/* What was posted counts at once, so that a queue between reactors is bounded too. One that has too
 * much gets this message as its last: with it its own reactor sees the mark and cuts it. Its
 * publisher is held when the target said that it is behind, and when so much waits in mailboxes
 * that its whole reactor is, and cannot say so in time: that passes without its socket. */
static bool claim_remote(struct core_reactor *cr, struct sink *sink, const struct message *m)
{
    struct session *s = sink->session;
    if (UNLIKELY(s == NULL)) return claim_internal(cr, sink, m);
    if (UNLIKELY(atomic_load_explicit(&s->overflowed, memory_order_relaxed))) return false;
    if (UNLIKELY(is_full(cr, s))) atomic_store_explicit(&s->overflowed, true, memory_order_relaxed);
    uint64_t posted = atomic_fetch_add_explicit(&s->conn.posted_shared, message_bytes(m),
                                                memory_order_relaxed);
    if (UNLIKELY(posted > (uint64_t)cr->settings->options->limits.max_pending / 4))
        cr->wants_stall = true;
    if (UNLIKELY(atomic_load_explicit(&s->congested, memory_order_relaxed) != 0) &&
        atomic_exchange_explicit(&s->congested, 0, memory_order_relaxed) != 0)
        cr->wants_stall = true;
    return true;
}

static bool post_later(struct core_reactor *cr, struct sub *sub, const struct message *m)
{
    assert(sub->sink->reactor != cr->reactor->id);
    assert(sub->sink->reactor < cr->core->reactors->count);
    if (!wants_remote(sub, m) || !claim_remote(cr, sub->sink, m)) return false;
    struct remote_targets *r = &cr->hand.remote[sub->sink->reactor];
    if (r->count == r->cap) {
        r->cap = r->cap > 0 ? r->cap * 2 : 64;
        r->at = xrealloc(r->at, r->cap * sizeof(struct sub *));
    }
    r->at[r->count++] = sub;
    return true;
}

/* Returns how many bytes that took. */
static uint32_t add_target(struct buf *b, const struct message *m)
{
    uint8_t len[4];
    if (LIKELY(m->to.len == 0)) return 0;
    le_put_u32(len, m->to.len);
    assert(b->len == 0);                /* a record begins with it */
    buf_add(b, slice_of(len, sizeof len));
    buf_add(b, m->to);
    return (uint32_t)sizeof len + m->to.len;
}

/* The target in front of the subject, taken off; empty when there is none. */
static struct slice take_target(const struct record *rec, struct slice *subject)
{
    struct slice to = { 0 };
    if (LIKELY((rec->flags & RECORD_TO) == 0)) return to;
    assert(subject->len > 4);
    to = slice_of(subject->ptr + 4, le_get_u32(subject->ptr));
    assert(to.len > 0 && to.len < subject->len - 4);        /* pairs with add_target() */
    *subject = slice_from(*subject, 4 + to.len);
    return to;
}

static void post(struct core_reactor *cr, uint32_t reactor, struct message *m,
                 struct sub *const *subs, uint32_t count, uint32_t flags)
{
    struct buf *b = &cr->scratch_record;
    assert(reactor != cr->reactor->id);
    assert(count > 0);
    assert(flags < RECORD_TO);
    assert(m->head.len >> (32 - RECORD_FLAG_BITS) == 0);    /* it travels above the flags */
    assert(m->reply.len < m->head.len);                     /* and the reply at its start */
    b->len = 0;
    uint32_t to_len = add_target(b, m);
    buf_add(b, m->subject);
    buf_add(b, m->head);
    if (m->body.len >= SHARE_FROM && m->blob == NULL)
        m->blob = blob_new(slice_of(m->body.ptr, (size_t)m->body.len + 2));
    if (m->blob == NULL) buf_add(b, slice_of(m->body.ptr, (size_t)m->body.len + 2));
    struct record rec = {
        .kind = m->reply.len,
        .head_len = to_len + m->subject.len,
        .header_len = m->header_len,
        .flags = flags | (to_len > 0 ? RECORD_TO : 0) | m->head.len << RECORD_FLAG_BITS,
        .origin = m->origin,
        .context = m->account,
        .bytes = buf_slice(b),
        .blob = m->blob,
        .targets = (void *const *)(const void *)subs,
        .targets_count = count,
    };
    mailbox_record(cr->reactor, cr->core->reactors->at[reactor], &rec);
}

static void post_targets(struct core_reactor *cr, struct message *m)
{
    for (uint32_t i = 0; i < cr->core->reactors->count; i++) {
        struct remote_targets *r = &cr->hand.remote[i];
        if (r->count == 0) continue;
        assert(r->count <= r->cap);
        assert(i != cr->reactor->id);   /* who is here was served at once */
        post(cr, i, m, r->at, r->count, 0);
        r->count = 0;
    }
}

/* ---- plain subscriptions ---- */

static uint32_t deliver_to(struct core_reactor *cr, struct message *m, struct sub *sub)
{
    struct sink *sink = sub->sink;
    bool is_here = sink->reactor == cr->reactor->id;
    assert(cr->hand.is_busy);
    if (LIKELY(is_here && sink->session != NULL)) return put(cr, sink->session, sub, m);
    if (is_here || sink->reactor == SINK_ANYWHERE) return serve(cr, sub, m);
    return post_later(cr, sub, m);
}

static uint32_t deliver_entries(struct core_reactor *cr, struct message *m, struct entries *e)
{
    if (e == NULL) return 0;
    uint32_t count = 0;
    uint32_t len = atomic_load_explicit(&e->len, memory_order_acquire);
    assert(len <= e->cap);
    m->is_shared |= len > 1;
    for (uint32_t i = 0; i < len; i++) {
        struct interest_entry *entry = atomic_load_explicit(&e->at[i], memory_order_acquire);
        if (entry != NULL) count += deliver_to(cr, m, sub_of(entry));
    }
    return count;
}

/* ---- queue groups ---- */

static bool post_member(struct core_reactor *cr, struct message *m, struct sub *sub, uint32_t flags)
{
    assert(sub->sink->reactor != cr->reactor->id);
    assert((flags & RECORD_QUEUE) == 0);        /* set here */
    if (!wants_remote(sub, m) || !claim_remote(cr, sub->sink, m)) return false;
    post(cr, sub->sink->reactor, m, &sub, 1, flags | RECORD_QUEUE);
    return true;
}

/* True when the member took it. A remote one is asked by its counters and may still turn out to be
 * gone: its reactor then picks another (deliver_record). */
static bool offer_member(struct core_reactor *cr, struct message *m, struct sub *sub,
                         uint32_t flags)
{
    struct sink *sink = sub->sink;
    bool is_here = sink->reactor == cr->reactor->id || sink->reactor == SINK_ANYWHERE;
    if (is_here && sink->session == NULL) return serve(cr, sub, m);
    if (is_here) {
        struct session *s = sink->session;
        uint64_t max = (uint64_t)cr->settings->options->limits.max_pending;
        if (conn_queued(&s->conn) > max / 2) return false;  /* slow: others first */
        return put(cr, s, sub, m);
    }
    if (sink->session != NULL && is_full(cr, sink->session)) return false;  /* as above */
    return post_member(cr, m, sub, flags);
}

static bool offer_slow_member(struct core_reactor *cr, struct message *m, struct sub *sub,
                              uint32_t flags)
{
    uint32_t reactor = sub->sink->reactor;
    assert((flags & RECORD_QUEUE) == 0);        /* set by post_member() */
    assert(reactor <= SINK_ANYWHERE);
    if (sub->sink->session == NULL) return false;       /* it was asked, and is closed */
    if (reactor == cr->reactor->id) return put(cr, sub->sink->session, sub, m);
    return post_member(cr, m, sub, flags);
}

/* Members of one group, who may have subscribed to several matching patterns: `groups` of one
 * name. */
struct candidates {
    struct group **groups;
    uint32_t       count;
    uint32_t       total;           /* entries, holes too */
};

static struct sub *candidate_at(const struct candidates *c, uint32_t index)
{
    assert(index < c->total);
    for (uint32_t i = 0; i < c->count; i++) {
        struct entries *e = atomic_load_explicit(&c->groups[i]->members, memory_order_acquire);
        uint32_t len = e == NULL ? 0 : atomic_load_explicit(&e->len, memory_order_acquire);
        if (index >= len) {
            index -= len;
            continue;
        }
        struct interest_entry *entry = atomic_load_explicit(&e->at[index], memory_order_acquire);
        return entry == NULL ? NULL : sub_of(entry);
    }
    return NULL;
}

static bool deliver_group(struct core_reactor *cr, struct message *m, const struct candidates *c,
                          uint32_t flags)
{
    if (c->total == 0) return false;
    assert(c->count > 0);
    assert((flags & RECORD_QUEUE) == 0);
    /* Turns are shared by all reactors without a lock; a lost step does no harm. A hole is drawn
     * over, so that who stands behind one gets no double share. */
    uint32_t turn = atomic_load_explicit(&c->groups[0]->turn, memory_order_relaxed);
    atomic_store_explicit(&c->groups[0]->turn, turn + 1, memory_order_relaxed);
    uint32_t index = turn % c->total;
    for (uint32_t draw = 0; draw < QUEUE_DRAWS; draw++) {
        struct sub *sub = candidate_at(c, index);
        if (sub != NULL && offer_member(cr, m, sub, flags)) return true;
        index = rng_below(&cr->reactor->rng, c->total);
    }
    for (uint32_t i = 0; i < c->total; i++) {
        struct sub *sub = candidate_at(c, (index + i) % c->total);
        if (sub != NULL && offer_member(cr, m, sub, flags)) return true;
    }
    /* All are slow: then a slow one after all. */
    for (uint32_t i = 0; i < c->total; i++) {
        struct sub *sub = candidate_at(c, (index + i) % c->total);
        if (sub != NULL && offer_slow_member(cr, m, sub, flags)) return true;
    }
    return false;
}

static bool same_name(const struct group *a, const struct group *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static void candidate_add(struct candidates *c, struct group *g)
{
    struct entries *e = atomic_load_explicit(&g->members, memory_order_acquire);
    assert(c->count == 0 || same_name(c->groups[0], g));
    c->groups[c->count++] = g;
    c->total += e == NULL ? 0 : atomic_load_explicit(&e->len, memory_order_acquire);
}

/* Groups of all matching topics, gathered once per message. */
static uint32_t gather_groups(struct core_reactor *cr)
{
    struct matches *m = &cr->hand.matches;
    uint32_t count = 0;
    assert(cr->hand.is_busy);
    for (uint32_t i = 0; i < m->count; i++) {
        struct groups *groups = atomic_load_explicit(&m->topics[i]->groups, memory_order_acquire);
        if (groups == NULL) continue;
        if (count + groups->count > cr->hand.groups_cap) {
            cr->hand.groups_cap = (count + groups->count) * 2;
            cr->hand.groups = xrealloc(cr->hand.groups,
                                       cr->hand.groups_cap * sizeof(struct group *));
            cr->hand.named = xrealloc(cr->hand.named, cr->hand.groups_cap * sizeof(struct group *));
        }
        for (uint32_t g = 0; g < groups->count; g++) cr->hand.groups[count++] = groups->at[g];
    }
    assert(count <= cr->hand.groups_cap);
    return count;
}

/* The groups that bear the name of the first one, taken out of cr->hand.groups into
 * cr->hand.named. */
static uint32_t take_name(struct core_reactor *cr, uint32_t count, struct candidates *ret)
{
    *ret = (struct candidates){ .groups = cr->hand.named };
    assert(count > 0);
    assert(count <= cr->hand.groups_cap);
    const struct group *first = cr->hand.groups[0];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (cr->hand.groups[i] == first || same_name(cr->hand.groups[i], first))
            candidate_add(ret, cr->hand.groups[i]);
        else cr->hand.groups[kept++] = cr->hand.groups[i];
    }
    assert(ret->count > 0);             /* the first is of its own name: the caller's loop ends */
    assert(kept + ret->count == count);
    return kept;
}

static uint32_t deliver_queues(struct core_reactor *cr, struct message *m, bool wants_503)
{
    uint32_t delivered = 0;
    uint32_t count = gather_groups(cr);
    while (count > 0) {
        struct candidates c;
        count = take_name(cr, count, &c);
        bool last_hope = wants_503 && delivered == 0 && count == 0;
        delivered += deliver_group(cr, m, &c, last_hope ? RECORD_WANTS_503 : 0);
    }
    return delivered;
}

/* ---- the whole ---- */

static void account_for(struct core_reactor *cr, struct account *account)
{
    if (cr->hand.sent_msgs == 0) return;
    struct traffic *t = &account->stats[cr->reactor->id].of;
    count_add(&t->out_msgs, cr->hand.sent_msgs);
    count_add(&t->out_bytes, cr->hand.sent_bytes);
    count_add(&cr->traffic.out_msgs, cr->hand.sent_msgs);
    count_add(&cr->traffic.out_bytes, cr->hand.sent_bytes);
    cr->reactor->work += cr->hand.sent_msgs;
    cr->hand.sent_msgs = 0;
    cr->hand.sent_bytes = 0;
}

uint32_t deliver(struct core_reactor *cr, struct message *m, bool wants_503)
{
    struct matches *matches = &cr->hand.matches;
    uint32_t delivered = 0;
    assert(!cr->hand.is_busy);          /* who publishes from a sink takes another hand */
    assert(cr->hand.sent_msgs == 0);    /* what was in hand is accounted for */
    cr->hand.is_busy = true;
    /* acks and answers of the server's own go to ever other places */
    if (UNLIKELY(m->from != NULL && ahead_is_wanted(m->account)))
        match_cached(cr, m->account, message_target(m), matches);
    else interest_match(m->account->interest, message_target(m), matches);
    if (matches->single != NULL) delivered += deliver_to(cr, m, sub_of(matches->single));
    m->is_shared = matches->count > 1;
    bool queues = false;
    for (uint32_t i = 0; i < matches->count; i++) {
        struct topic *t = matches->topics[i];
        delivered += deliver_entries(cr, m, atomic_load_explicit(&t->plain, memory_order_acquire));
        queues |= atomic_load_explicit(&t->groups, memory_order_acquire) != NULL;
    }
    if (queues) delivered += deliver_queues(cr, m, wants_503 && delivered == 0);
    if (cr->core->reactors->count > 1) post_targets(cr, m);
    m->blob = blob_unref(m->blob);
    account_for(cr, m->account);
    cr->hand.is_busy = false;
    return delivered;
}

/* ---- records ---- */

static void message_of_record(const struct record *rec, struct message *ret)
{
    const uint8_t *head = rec->bytes.ptr + rec->head_len;
    uint32_t head_len = rec->flags >> RECORD_FLAG_BITS;
    assert(rec->kind < head_len);                       /* pairs with post() */
    assert(rec->head_len + head_len <= rec->bytes.len);
    assert(rec->targets_count > 0);
    struct slice subject = slice_of(rec->bytes.ptr, rec->head_len);
    struct slice to = take_target(rec, &subject);
    *ret = (struct message){
        .account = rec->context,
        .to = to,
        .subject = subject,
        .reply = slice_of(head, rec->kind),
        .origin = rec->origin,
        .head = slice_of(head, head_len),
        .header_len = rec->header_len,
        .is_contiguous = rec->blob == NULL,
        .is_shared = rec->targets_count > 1,
    };
    if (rec->blob != NULL) {
        ret->blob = blob_ref(rec->blob);
        ret->body = slice_of(rec->blob->bytes, rec->blob->len - 2);
    } else {
        ret->body = slice_of(head + head_len, rec->bytes.len - rec->head_len - head_len - 2);
    }
}

/* ---- a 503 from another reactor ---- */

struct refusal {
    struct mail mail;
    uint64_t    origin;
    uint32_t    subject_len;
    uint32_t    reply_len;
    uint8_t     text[];             /* subject, reply */
};

static void refuse_here(struct mail *mail, struct reactor *r)
{
    struct refusal *f = container_of(mail, struct refusal, mail);
    struct core_reactor *cr = core_reactor_of(r);
    assert(f->origin % REACTORS_MAX == r->id);  /* pairs with tell_requester() */
    assert(f->reply_len > 0);
    struct session *s = session_find(cr, f->origin);
    if (s != NULL && s->no_responders && s->phase == SESSION_OPEN)
        deliver_no_responders(cr, s, slice_of(f->text, f->subject_len),
                              slice_of(f->text + f->subject_len, f->reply_len));
    xfree(f);
}

/* By name, not by pointer: the session may be gone when this arrives. */
void deliver_unanswered(struct core_reactor *cr, uint64_t origin, struct slice subject,
                        struct slice reply)
{
    if (origin == 0 || reply.len == 0) return;
    assert(origin % REACTORS_MAX < cr->core->reactors->count);
    assert(subject.len > 0);
    struct refusal *f = xalloc(sizeof *f + subject.len + reply.len);
    *f = (struct refusal){ .mail.run = refuse_here, .origin = origin };
    f->subject_len = subject.len;
    f->reply_len = reply.len;
    memcpy(f->text, subject.ptr, subject.len);
    memcpy(f->text + subject.len, reply.ptr, reply.len);
    reactor_post(cr->core->reactors->at[origin % REACTORS_MAX], &f->mail);
}

/* The queue member that was chosen elsewhere is gone or full: choose again from here. */
static void deliver_group_again(struct core_reactor *cr, struct message *m, struct slice queue,
                                uint32_t flags)
{
    bool found = flags >= RECORD_HOPS_MAX;
    bool gave_up = found;
    assert((flags & RECORD_QUEUE) == 0);
    assert(flags < RECORD_HOPS_MAX + RECORD_HOP);       /* who gives up posts no further */
    assert(queue.len > 0);
    interest_match(m->account->interest, message_target(m), &cr->hand.matches);
    uint32_t count = gather_groups(cr);
    while (count > 0 && !found) {
        struct candidates c;
        struct group *first = cr->hand.groups[0];
        bool is_it = slice_equal(slice_of(first->name, first->name_len), queue);
        count = take_name(cr, count, &c);
        if (is_it) found = deliver_group(cr, m, &c, flags + RECORD_HOP);
    }
    if ((!found || gave_up) && (flags & RECORD_WANTS_503))
        deliver_unanswered(cr, m->origin, m->subject, m->reply);
}

/* True when it was taken. */
static bool hand_over(struct core_reactor *cr, struct sub *sub, struct message *m)
{
    struct session *s = sub->sink->session;
    uint64_t bytes = message_bytes(m);
    assert(sub->sink->reactor == cr->reactor->id);
    _Atomic uint64_t *counter = s == NULL ? &sub->sink->posted : &s->conn.posted_shared;
    uint64_t posted = atomic_fetch_sub_explicit(counter, bytes, memory_order_relaxed);
    assert(posted >= bytes);                            /* claim_remote() added them */
    return s == NULL ? serve(cr, sub, m) : put(cr, s, sub, m);
}

void deliver_record(struct reactor *r, const struct record *rec)
{
    struct core_reactor *cr = core_reactor_of(r);
    struct message m;
    message_of_record(rec, &m);
    assert(!cr->hand.is_busy);
    assert(cr->hand.sent_msgs == 0);
    cr->hand.is_busy = true;
    for (uint32_t i = 0; i < rec->targets_count; i++) {
        struct sub *sub = rec->targets[i];
        struct session *s = sub->sink->session;
        bool taken = hand_over(cr, sub, &m);
        if (!taken && (rec->flags & RECORD_QUEUE))
            deliver_group_again(cr, &m, interest_entry_queue(&sub->entry),
                                rec->flags & (RECORD_TO - 1) & ~(uint32_t)RECORD_QUEUE);
        if (UNLIKELY(s != NULL && atomic_load_explicit(&s->overflowed, memory_order_relaxed)) &&
            s->phase != SESSION_CLOSED)
            cut_slow(s);
    }
    m.blob = blob_unref(m.blob);
    account_for(cr, m.account);
    cr->hand.is_busy = false;
    /* Its publisher is not here, and finds the target's `congested`: no stranger is held for it. */
    cr->wants_stall = false;
}
