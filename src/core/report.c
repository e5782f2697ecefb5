/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "core/session.h"
#include "crypto/cert.h"

/* ---- one connection ---- */

uint64_t sub_report_key(struct slice sid)
{
    uint64_t number;
    return slice_to_u64(sid, &number) ? number : UINT64_MAX;
}

struct sub_report sub_report_of(const struct sub *s, const char *account, uint64_t cid)
{
    /* what it counted is overwritten when it has left */
    assert(!atomic_load_explicit(&s->is_closed, memory_order_relaxed));
    return (struct sub_report){
        .account = account,
        .cid = cid,
        .subject = interest_entry_subject(&s->entry),
        .queue = interest_entry_queue(&s->entry),
        .sid = sub_sid(s),
        .sid_key = sub_report_key(sub_sid(s)),
        .msgs = s->delivered,
        .max = s->max,
    };
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int sub_report_compare(const void *a, const void *b)
{
    const struct sub_report *x = a;
    const struct sub_report *y = b;
    if (x->cid != y->cid) return compare_u64(x->cid, y->cid);
    if (x->sid_key != y->sid_key) return compare_u64(x->sid_key, y->sid_key);
    int order = slice_compare(x->sid, y->sid);
    if (order == 0) order = strcmp(x->account, y->account);
    return order != 0 ? order : slice_compare(x->subject, y->subject);
}

static void add_subs(const struct session *s, struct arena *arena, struct conn_report *ret)
{
    assert(ret->subs == NULL);
    ret->subs = arena_alloc(arena, (s->subs.count + 1) * sizeof *ret->subs);
    const struct sub *sub;
    for (uint64_t at = 0; (sub = sids_next(&s->subs, &at)) != NULL;) {
        assert(ret->subs_listed < s->subs.count);
        ret->subs[ret->subs_listed++] = sub_report_of(sub, ret->account, s->cid);
    }
    assert(ret->subs_listed == s->subs.count);
    qsort(ret->subs, ret->subs_listed, sizeof *ret->subs, sub_report_compare);
}

/* A certificate that cannot be read is left out: TLS has judged it already. */
static void add_certs(const struct filter_peer *peer, struct arena *arena, struct conn_report *ret)
{
    assert(ret->certs_count == 0);
    assert(peer->certs != NULL);
    ret->certs = arena_alloc(arena, (peer->certs_count + 1) * sizeof *ret->certs);
    for (uint32_t i = 0; i < peer->certs_count; i++) {
        struct cert cert;
        if (cert_parse(peer->certs[i], arena, &cert) != ERR_OK) continue;
        char *spki = arena_alloc(arena, CERT_HEX);
        char *whole = arena_alloc(arena, CERT_HEX);
        struct slice subject = dn_go_name_text(&cert.subject, false, arena);
        ret->certs[ret->certs_count++] = (struct cert_report){
            .subject = arena_str(arena, subject),
            .spki_sha256 = cert_hash_hex(cert.spki_sha256, spki),
            .cert_sha256 = cert_hash_hex(cert.cert_sha256, whole),
        };
    }
    assert(ret->certs_count <= peer->certs_count);
}

static void add_times(const struct session *s, struct conn_report *ret)
{
    const struct reactor *r = s->home->reactor;
    assert(s->started <= s->last_active);
    assert(s->last_active <= r->now);
    ret->uptime = r->now - s->started;
    ret->idle = r->now - s->last_active;
    ret->started = s->started_wall;
    ret->last_activity = ret->started + (s->last_active - s->started);  /* steady between asks */
    if (s->phase == SESSION_CLOSED) ret->stopped = r->wall;
    assert(ret->idle <= ret->uptime);
    assert(ret->last_activity >= ret->started);
}

/* A text of the login; NULL when there is none or it is empty. Texts there are NUL-terminated. */
static const char *login_text(const struct slice *text)
{
    assert(text->len == 0 || text->ptr[text->len] == 0);
    return text->len > 0 ? (const char *)text->ptr : NULL;
}

/* Who it is; of one that was turned away, who it said it was. Tokens are secrets. */
static const char *user_shown(const struct session *s, const struct login *l)
{
    if (s->shown.len > 0 || s->phase != SESSION_CLOSED) return login_text(&s->shown);
    if (l->nkey.len > 0) return login_text(&l->nkey);
    if (l->user.len > 0) return login_text(&l->user);
    return l->token.len > 0 ? "[REDACTED]" : NULL;
}

/* One that was turned away was in no account. */
static const char *account_shown(const struct session *s)
{
    assert(s->account != NULL);
    if (s->phase == SESSION_CLOSED && !s->is_counted) return NULL;
    assert(s->account->name != NULL);
    return s->account->name;
}

void conn_report_of(const struct session *s, uint32_t with, struct arena *arena,
                    struct conn_report *ret)
{
    static const struct login nothing;
    const struct login *l = s->login != NULL ? s->login : &nothing;
    struct filter_peer peer = { 0 };
    assert(!s->is_conn_gone);           /* its filters are asked */
    assert(with <= (CONN_REPORT_CERTS | CONN_REPORT_SUBS));
    assert((s->phase == SESSION_CLOSED) == (s->reason != CLOSE_NONE));
    conn_peer(&s->conn, &peer);
    *ret = (struct conn_report){
        .cid = s->cid,
        .kind = s->listener->options.kind,
        .addr = s->addr,
        .addr_known = s->addr_known,
        .reason = s->phase == SESSION_CLOSED ? (enum close_reason)s->reason : CLOSE_NONE,
        .rtt = s->rtt,
        .pending_bytes = conn_pending_shared(&s->conn),
        .in_msgs = s->in_msgs,
        .in_bytes = s->in_bytes,
        .out_msgs = s->out_msgs,
        .out_bytes = s->out_bytes,
        .stalls = s->stalls,
        .name = login_text(&l->name),
        .lang = login_text(&l->lang),
        .version = login_text(&l->version),
        .tls_version = peer.tls_version,
        .tls_cipher = peer.tls_cipher,
        .tls_first = peer.handshake_first,
        .user = user_shown(s, l),
        .is_nkey = s->user != NULL && s->user->is_nkey,
        .account = account_shown(s),
        .subs_count = s->subs.count,
    };
    add_times(s, ret);
    if ((with & CONN_REPORT_CERTS) && peer.certs_count > 0) add_certs(&peer, arena, ret);
    if ((with & CONN_REPORT_SUBS) && s->subs.count > 0) add_subs(s, arena, ret);
}

/* ---- a copy in one block: the report, its arrays, then the texts ---- */

/* Every text of a report, so that measuring and copying cannot disagree. */
static const char **text_of(struct conn_report *r, uint32_t index)
{
    const char **own[] = { &r->name,        &r->lang,       &r->version,
                           &r->tls_version, &r->tls_cipher, &r->user };
    if (index < ARRAY_COUNT(own)) return own[index];
    index -= (uint32_t)ARRAY_COUNT(own);
    if (index >= 3 * r->certs_count) return NULL;
    assert(r->certs != NULL);
    struct cert_report *c = &r->certs[index / 3];
    static_assert(sizeof *c == 3 * sizeof(char *), "each text of a certificate has its number");
    return index % 3 == 0 ? &c->subject : index % 3 == 1 ? &c->spki_sha256 : &c->cert_sha256;
}

static size_t size_of_arrays(const struct conn_report *r)
{
    assert(r->certs_count == 0 || r->certs != NULL);
    assert(r->subs_listed == 0 || r->subs != NULL);
    return r->certs_count * sizeof *r->certs + r->subs_listed * sizeof *r->subs;
}

static size_t size_of_texts(struct conn_report *r)
{
    size_t size = 0;
    const char **text;
    for (uint32_t i = 0; (text = text_of(r, i)) != NULL; i++)
        if (*text != NULL) size += strlen(*text) + 1;
    for (uint32_t i = 0; i < r->subs_listed; i++)
        size += (size_t)r->subs[i].subject.len + r->subs[i].queue.len + r->subs[i].sid.len;
    return size;
}

static void move_slice(struct slice *s, char **at)
{
    if (s->len > 0) memcpy(*at, s->ptr, s->len);
    assert(s->ptr != (const uint8_t *)*at);     /* moved once */
    s->ptr = (const uint8_t *)*at;
    *at += s->len;
}

struct conn_report *conn_report_copy(const struct conn_report *from)
{
    struct conn_report r = *from;
    size_t arrays = size_of_arrays(&r), texts = size_of_texts(&r);
    assert(r.subs_listed <= r.subs_count);
    static_assert(sizeof(struct conn_report) % alignof(struct cert_report) == 0,
                  "certificates may stand behind a report");
    static_assert(sizeof(struct cert_report) % alignof(struct sub_report) == 0,
                  "subscriptions may stand behind certificates");
    struct conn_report *copy = xalloc(sizeof *copy + arrays + texts);
    if (r.certs_count > 0) memcpy(copy + 1, r.certs, r.certs_count * sizeof *r.certs);
    r.certs = (struct cert_report *)(void *)(copy + 1);
    struct sub_report *subs = (struct sub_report *)(void *)(r.certs + r.certs_count);
    if (r.subs_listed > 0) memcpy(subs, r.subs, r.subs_listed * sizeof *r.subs);
    r.subs = subs;

    char *at = (char *)(copy + 1) + arrays;
    const char **text;
    for (uint32_t i = 0; (text = text_of(&r, i)) != NULL; i++) {
        if (*text == NULL) continue;
        size_t len = strlen(*text) + 1;
        *text = memcpy(at, *text, len);
        at += len;
    }
    for (uint32_t i = 0; i < r.subs_listed; i++) {
        move_slice(&r.subs[i].subject, &at);
        move_slice(&r.subs[i].queue, &at);
        move_slice(&r.subs[i].sid, &at);
    }
    assert(at == (char *)(copy + 1) + arrays + texts);  /* measuring and copying agree */
    *copy = r;
    return copy;
}

/* ---- the server ---- */

void interest_report(const struct interest *i, struct interest_report *add_to)
{
    uint64_t generation = interest_generation(i); /* one more with each insert and remove */
    uint64_t count = interest_count(i);
    if (generation < count) generation = count; /* read in between */
    assert(add_to->inserts >= add_to->removes);
    add_to->count += count;
    add_to->inserts += (generation - count) / 2 + count;
    add_to->removes += (generation - count) / 2;
    assert(add_to->inserts - add_to->removes == add_to->count);     /* what came and did not go */
}

static void add_reactor(const struct core_reactor *cr, struct core_report *ret)
{
    ret->in_msgs += count_get(&cr->traffic.in_msgs);
    ret->in_bytes += count_get(&cr->traffic.in_bytes);
    ret->out_msgs += count_get(&cr->traffic.out_msgs);
    ret->out_bytes += count_get(&cr->traffic.out_bytes);
    ret->slow_consumers += count_get(&cr->slow_consumers);
    ret->stale_connections += count_get(&cr->stale_connections);
    ret->stalled += count_get(&cr->stalled);
    ret->turned_away += count_get(&cr->turned_away);
}

void core_report(const struct core *core, struct core_report *ret)
{
    *ret = (struct core_report){
        .clients = atomic_load_explicit(&core->clients, memory_order_relaxed),
        .clients_total = atomic_load_explicit(&core->clients_total, memory_order_relaxed),
    };
    assert(ret->clients >= 0);
    for (uint32_t i = 0; i < core->reactors->count; i++) add_reactor(core->at[i], ret);
    const struct account *a;
    for (uint32_t i = 0; (a = accounts_at(core->accounts, i)) != NULL; i++)
        ret->subscriptions += interest_count(a->interest);
}
