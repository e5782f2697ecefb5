/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <stdarg.h>
#include <stdio.h>

#include "auth/responses.h"
#include "base/assert.h"
#include "core/check.h"
#include "core/closed.h"
#include "core/listener.h"
#include "core/note.h"
#include "core/strangers.h"
#include "core/trace.h"

/* A closing connection gets this long to take what it was sent. */
static const nanos LINGER = SECOND;

/* A session with more subscriptions than this gives them up in steps of as many. */
enum { SWEEP_STEP = 5000 };

/* So many may be in a WebSocket handshake at a time, however few clients the server takes. */
enum { KNOCKING_LEAST = 1024 };

static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need);
static void on_end(struct conn *c, enum conn_end why);
static void on_established(struct conn *c);
static void on_free(struct conn *c);
static void retire_when_over(struct session *s);

static const struct conn_ops ops = {
    .on_bytes = on_bytes,
    .on_end = on_end,
    .on_established = on_established,
    .on_free = on_free,
};

/* Before authentication a connection may hold one control line, nothing else. */
static void set_input_cap(struct session *s)
{
    assert(s->limits.max_control_line <= CONTROL_LINE_MAX);
    s->conn.rest_max = (uint64_t)s->limits.max_control_line + 64;
    if (s->is_connected || !s->auth_required) {
        uint64_t payload = s->limits.max_payload >= 0 ? (uint64_t)s->limits.max_payload
                                                      : UINT32_MAX / 2;
        s->conn.rest_max += payload;
    }
    assert(s->conn.rest_max > s->limits.max_control_line);
}

static void make_nonce(struct session *s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[NONCE_LEN];
    static_assert(sizeof digits == 64 + 1, "six bits of a random byte choose a digit");
    struct entropy *e = s->home->core->env->entropy;
    assert(s->nonce[0] == 0);           /* one nonce for the whole connection */
    assert(!s->is_told);                /* INFO carries it */
    e->fill(e, random, sizeof random);
    for (int i = 0; i < NONCE_LEN; i++) s->nonce[i] = digits[random[i] % 64];
    assert(strlen(s->nonce) == NONCE_LEN);
}

/* What a client is before it has said anything: the defaults of CONNECT (reference: protocol
 * 1.2). */
static void set_defaults(struct session *s)
{
    const struct options *o = s->home->settings->options;
    assert(!s->is_connected);
    assert(s->login == NULL);
    s->verbose = s->pedantic = s->echo = true;
    s->limits.max_control_line = session_line_max(o);
    s->limits.max_payload = o->limits.max_payload;
    s->subs_max = o->limits.max_subscriptions > 0 ? o->limits.max_subscriptions : -1;
    s->conn.write_deadline = o->write_deadline;
    assert(s->subs_max >= -1);
}

static enum connection_type connection_type(const struct listener *l)
{
    return l->options.kind == LISTENER_WEBSOCKET ? CONNECTION_WEBSOCKET : CONNECTION_STANDARD;
}

static void first_info(struct session *s)
{
    assert(s->phase != SESSION_CLOSED);
    assert(!s->is_told);
    assert(!s->is_knocking);            /* it counts, and may be one too many */
    session_info(s, INFO_FIRST);
    s->is_told = true;
    const struct listener_options *l = &s->listener->options;
    int64_t max = s->home->settings->options->limits.max_connections;
    if (l->hooks.admit != NULL && !l->hooks.admit(l->hooks.ctx, &s->conn, s->home->reactor->now)) {
        session_close(s, CLOSE_THROTTLED);
    } else {
        (void)session_close_over_server(s, max);
    }
}

static struct listener_terms terms_of(const struct session *s)
{
    return listener_terms(s->listener, s->home->settings->options);
}

/* Pushes TLS; its handshake has a timeout of its own. */
bool session_secure(struct session *s)
{
    const struct listener_options *l = &s->listener->options;
    assert(s->phase == SESSION_SECURING || s->phase == SESSION_UPGRADING);
    assert((s->phase == SESSION_SECURING) == s->is_told);
    assert(s->conn.highest == NULL);    /* TLS lies below everything else */
    assert(l->hooks.tls_new != NULL);
    struct filter *f = l->hooks.tls_new(l->hooks.ctx, &s->conn);
    if (f == NULL) {
        session_close(s, CLOSE_TLS_HANDSHAKE);
        return false;
    }
    note(s, LOG_DEBUG, "Starting TLS client connection handshake");
    conn_filter_push(&s->conn, f);
    session_timer_set(s, SESSION_TIMER_TLS, terms_of(s).tls_timeout);
    return true;
}

static bool upgrade(struct session *s)
{
    const struct listener_options *l = &s->listener->options;
    assert(s->phase == SESSION_UPGRADING);
    assert(l->kind == LISTENER_WEBSOCKET);
    assert(!s->is_upgrading);           /* once, above TLS or above nothing */
    assert(l->hooks.ws_new != NULL);
    struct filter *f = l->hooks.ws_new(l->hooks.ctx, &s->conn);
    if (f == NULL) {
        session_close(s, CLOSE_PROTOCOL_SILENT);
        return false;
    }
    s->is_upgrading = true;
    conn_filter_push(&s->conn, f);
    if (l->upgrade_timeout > 0) session_timer_set(s, SESSION_TIMER_UPGRADE, l->upgrade_timeout);
    else session_timer_set(s, SESSION_TIMER_UPGRADE, 60 * SECOND);
    return true;
}

/* Each kind of listener begins in its own way; all end in session_opened(). */
static void begin(struct session *s)
{
    const struct listener_options *l = &s->listener->options;
    struct listener_terms t = terms_of(s);
    assert(!s->is_told);
    assert(s->conn.highest == NULL);    /* every byte is still the peer's own */
    assert(s->timer_kind == SESSION_TIMER_NONE);
    if (listener_is_foreign(s->listener)) {
        session_info(s, INFO_FIRST);
        if (s->phase == SESSION_CLOSED) return;     /* no memory for these words */
        s->is_told = true;
        s->auth_required = true;
        session_opened(s);
        return;
    }
    if (l->kind == LISTENER_WEBSOCKET) {
        s->phase = SESSION_UPGRADING;
        if (t.tls && !session_secure(s)) return;
        if (!t.tls) (void)upgrade(s);
        return;
    }
    if (t.tls && t.tls_first) {
        s->phase = t.tls_first_fallback > 0 ? SESSION_TLS_FIRST : SESSION_UPGRADING;
        if (t.tls_first_fallback > 0)
            session_timer_set(s, SESSION_TIMER_FIRST, t.tls_first_fallback);
        else (void)session_secure(s);
        return;
    }
    first_info(s);
    if (s->phase == SESSION_CLOSED) return;
    if (l->proxy_protocol) {
        s->phase = SESSION_PROXY;
        session_timer_set(s, SESSION_TIMER_UPGRADE, 5 * SECOND);
    } else {
        session_after_proxy(s);
    }
}

/* Behind a proxy the address counts once its header has come. False: too many, and closing. */
static bool enter_strangers(struct session *s)
{
    const struct midge_options *o = &s->home->settings->options->midge;
    assert(s->listener->options.proxy_protocol);
    assert(s->addr_known);
    s->is_stranger = strangers_enter(s->home->core->strangers, &s->addr,
                                     o->max_unauthenticated_per_address);
    if (s->is_stranger) return true;
    listener_turned_away(s->home, &s->addr);
    session_close(s, CLOSE_ADDRESS_CONNECTIONS);
    return false;
}

void session_leave_strangers(struct session *s)
{
    if (!s->is_stranger) return;
    assert(s->addr_known);              /* the one it has entered with */
    s->is_stranger = false;
    strangers_leave(s->home->core->strangers, &s->addr);
}

/* INFO is out and the address is known: TLS, perhaps TLS, or verbs. */
void session_after_proxy(struct session *s)
{
    struct listener_terms t = terms_of(s);
    assert(s->is_told);
    assert(s->addr_known);
    assert(s->phase != SESSION_OPEN);
    assert(s->phase != SESSION_CLOSED);
    if (!s->is_stranger && !enter_strangers(s)) return;
    if (t.tls && t.tls_optional) {
        s->phase = SESSION_SNIFFING;
        session_timer_set(s, SESSION_TIMER_TLS, t.tls_timeout);
    } else if (t.tls) {
        s->phase = SESSION_SECURING;
        (void)session_secure(s);
    } else {
        session_opened(s);
    }
}

void session_opened(struct session *s)
{
    assert(s->phase != SESSION_CLOSED);
    assert(s->phase != SESSION_OPEN);
    assert(s->is_told);
    assert(!s->is_counted);             /* who it is, is decided from here on */
    s->phase = SESSION_OPEN;
    if (s->auth_required) {
        session_timer_set(s, SESSION_TIMER_AUTH, session_auth_timeout(s));
    } else {
        session_login_anonymous(s);
    }
    session_check(s);
}

/* It is a client from now on. */
static void welcome(struct session *s)
{
    assert(!s->is_knocking);
    assert(!s->is_counted);
    atomic_fetch_add_explicit(&s->home->core->clients_total, 1, memory_order_relaxed);
    note(s, LOG_DEBUG, "Client connection created");
}

/* Who has yet to finish a WebSocket handshake is not counted as a client, but not taken in without
 * a limit either. */
static bool knock(struct session *s)
{
    struct core *core = s->home->core;
    int64_t max = s->home->settings->options->limits.max_connections;
    assert(s->is_knocking);
    int64_t before = atomic_fetch_add_explicit(&core->knocking, 1, memory_order_relaxed);
    assert(before >= 0);
    atomic_fetch_sub_explicit(&core->clients, 1, memory_order_relaxed);
    if (before < (max > KNOCKING_LEAST ? max : KNOCKING_LEAST)) return true;
    session_close(s, CLOSE_MAX_CONNECTIONS);
    return false;
}

/* The handshake is over. */
static void let_in(struct session *s)
{
    struct core *core = s->home->core;
    assert(s->is_knocking);
    assert(s->phase == SESSION_UPGRADING);
    s->is_knocking = false;
    atomic_fetch_add_explicit(&core->clients, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&core->knocking, 1, memory_order_relaxed);
    welcome(s);
}

void session_start(struct core_reactor *cr, struct listener *l, int sock,
                   const struct net_addr *peer)
{
    struct core *core = cr->core;
    assert(core == l->core);
    assert(core_clients(core) > 0);     /* it was counted when it was accepted */
    struct session *s = door_alloc(&cr->reactor->door, sizeof *s);
    if (s != NULL) *s = (struct session){ .home = cr, .listener = l, .addr = *peer };
    if (s == NULL || conn_init(&s->conn, cr->reactor, sock, &ops) != ERR_OK) {
        core->env->net->close(core->env->net, sock);
        if (!l->options.proxy_protocol) strangers_leave(core->strangers, peer);
        (void)door_free(&cr->reactor->door, s, sizeof *s);
        count_add(&cr->gone, 1);
        atomic_fetch_sub_explicit(&core->clients, 1, memory_order_relaxed);
        return;
    }
    s->sink = (struct sink){ .reactor = cr->reactor->id, .session = s };
    s->cid = atomic_fetch_add_explicit(&core->next_cid, 1, memory_order_relaxed) + 1;
    s->account = core->global;
    s->addr_known = s->is_stranger = !l->options.proxy_protocol;
    s->started = s->last_active = s->last_in = cr->reactor->now;
    s->started_wall = cr->reactor->wall;
    s->traced = log_trace_on(core->env->log);
    s->directory = directory_ref(cr->settings->directory);
    s->auth_required = directory_auth_required(s->directory, connection_type(l));
    timer_init(&s->timer, session_timer_fire);
    set_defaults(s);
    set_input_cap(s);
    if (directory_nonce_needed(s->directory)) make_nonce(s);
    list_add_tail(&cr->sessions, &s->node);
    session_index_add(&cr->index, s);
    s->is_knocking = l->options.kind == LISTENER_WEBSOCKET;
    if (s->is_knocking && !knock(s)) return;
    if (!s->is_knocking) welcome(s);
    session_check(s);
    begin(s);
    conn_read_early(&s->conn);
}

void session_set_input_cap(struct session *s)
{
    assert(s->is_counted);              /* what it may is decided */
    set_input_cap(s);
    const struct listener_hooks *h = &s->listener->options.hooks;
    if (h->authenticated != NULL) h->authenticated(h->ctx, &s->conn, s->limits.max_payload);
}

/* ---- events of the connection ---- */

static bool begins_tls(struct slice in)
{
    return in.len > 0 && in.ptr[0] == 0x16;
}

/* The header, and in the same breath what follows it, unless TLS takes that. */
static uint32_t on_proxy_bytes(struct session *s, struct slice in, uint64_t *ret_need)
{
    uint32_t used = session_proxy_header(s, in, ret_need);
    assert(used <= in.len);
    assert(s->phase != SESSION_PROXY || used == 0);     /* taken whole, or not yet */
    bool reads_on = s->phase == SESSION_OPEN || s->phase == SESSION_SNIFFING;
    return reads_on && used < in.len ? used + on_bytes(&s->conn, slice_from(in, used), ret_need)
                                     : used;
}

/* Bytes before verbs: none are consumed when TLS takes over. */
static uint32_t on_early_bytes(struct session *s, struct slice in, uint64_t *ret_need)
{
    assert(in.len > 0);
    assert(s->subs.count == 0);         /* no verb was taken yet */
    switch ((enum session_phase)s->phase) {
    case SESSION_TLS_FIRST:
        assert(s->timer_kind == SESSION_TIMER_FIRST);
        session_timer_set(s, SESSION_TIMER_NONE, 0);
        s->phase = SESSION_UPGRADING;
        (void)session_secure(s);
        return 0;
    case SESSION_SNIFFING:
        if (begins_tls(in)) {
            s->phase = SESSION_SECURING;
            (void)session_secure(s);
            return 0;
        }
        session_opened(s);
        return session_input(s, in, ret_need);
    case SESSION_PROXY: return on_proxy_bytes(s, in, ret_need);
    case SESSION_UPGRADING:
    case SESSION_SECURING:
    case SESSION_OPEN:
    case SESSION_CLOSED: break;
    }
    return 0;
}

static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct session *s = session_of(c);
    if (s->phase == SESSION_OPEN) return session_input(s, in, ret_need);
    return on_early_bytes(s, in, ret_need);
}

/* All filters have finished their handshakes. */
static void on_established(struct conn *c)
{
    struct session *s = session_of(c);
    struct listener_options *l = &s->listener->options;
    if (s->phase != SESSION_UPGRADING && s->phase != SESSION_SECURING) return;
    session_check(s);
    assert(c->highest != NULL);         /* whose handshake it was */
    struct filter_peer peer;
    conn_peer(c, &peer);
    struct slice cert = peer.certs_count > 0 ? peer.certs[0] : (struct slice){ 0 };
    if (l->hooks.pinned != NULL && peer.tls_version != NULL &&
        !l->hooks.pinned(l->hooks.ctx, c, cert)) {
        note(s, LOG_ERROR, "TLS handshake error: certificate not pinned");
        session_close(s, CLOSE_TLS_HANDSHAKE);
        return;
    }
    if (peer.tls_version != NULL && !s->is_upgrading) {
        note(s, LOG_DEBUG, "TLS handshake complete");
        note(s, LOG_DEBUG, "TLS version %s, cipher suite %s", peer.tls_version, peer.tls_cipher);
    }
    if (l->kind == LISTENER_WEBSOCKET) {
        if (!s->is_upgrading) (void)upgrade(s);
    } else {
        bool told = s->phase == SESSION_SECURING;
        assert(told == s->is_told);
        if (!told) first_info(s);
        if (s->phase != SESSION_CLOSED) session_opened(s);
    }
}

void session_upgraded(struct conn *c, const struct upgrade *u)
{
    struct session *s = session_of(c);
    if (s->phase != SESSION_UPGRADING) return;
    session_check(s);
    assert(s->is_upgrading);
    assert(s->login == NULL);           /* nothing was said yet */
    session_keep_cookies(s, u);
    char text[NET_ADDR_TEXT];
    if (u->forwarded_for.len > 0 && u->forwarded_for.len < sizeof text) {
        memcpy(text, u->forwarded_for.ptr, u->forwarded_for.len);
        text[u->forwarded_for.len] = 0;
        s->is_forwarded = net_addr_parse_ip(&s->forwarded, text);
    }
    let_in(s);
    first_info(s);
    if (s->phase != SESSION_CLOSED) session_opened(s);
}

static enum close_reason reason_of_filter(const struct session *s)
{
    assert(!s->is_upgrading || s->listener->options.kind == LISTENER_WEBSOCKET);
    bool in_tls = s->phase == SESSION_SECURING ||
                  (s->phase == SESSION_UPGRADING && !s->is_upgrading);
    if (in_tls) return CLOSE_TLS_HANDSHAKE;
    return s->phase == SESSION_UPGRADING ? CLOSE_PROTOCOL_SILENT : CLOSE_READ_ERROR;
}

static void log_filter(struct session *s)
{
    bool in_tls = reason_of_filter(s) == CLOSE_TLS_HANDSHAKE;
    bool in_upgrade = !in_tls && s->phase == SESSION_UPGRADING;
    assert(s->conn.lowest != NULL);     /* the one that has failed */
    for (struct filter *f = s->conn.lowest; f != NULL; f = f->above) {
        const char *why = f->ops->reason == NULL ? NULL : f->ops->reason(f);
        if (why == NULL || why[0] == 0) continue;
        if (in_upgrade) note_stranger(s, why);
        else note(s, LOG_ERROR, "%s%s", in_tls ? "TLS handshake error: " : "", why);
    }
}

/* Who leaves in the middle of a handshake has failed at it; a reset is an error of reading. */
static void on_read_end(struct session *s, enum conn_end why)
{
    assert(why == CONN_END_EOF || why == CONN_END_READ);
    if (reason_of_filter(s) == CLOSE_TLS_HANDSHAKE) {
        note(s, LOG_ERROR, "TLS handshake error: %s",
             why == CONN_END_EOF ? "EOF" : "connection reset");
        session_close(s, CLOSE_TLS_HANDSHAKE);
        return;
    }
    session_close(s, why == CONN_END_EOF ? CLOSE_CLIENT_CLOSED : CLOSE_READ_ERROR);
}

static void on_end(struct conn *c, enum conn_end why)
{
    struct session *s = session_of(c);
    struct core_reactor *cr = s->home;
    session_check(s);
    switch (why) {
    case CONN_END_EOF:
    case CONN_END_READ: on_read_end(s, why); break;
    case CONN_END_WRITE: session_close(s, CLOSE_WRITE_ERROR); break;
    case CONN_END_FILTER:
        log_filter(s);
        session_close(s, reason_of_filter(s));
        break;
    case CONN_END_MEMORY:
        note(s, LOG_ERROR, "out of memory for its input or output");
        session_close(s, CLOSE_MAX_PAYLOAD);
        break;
    case CONN_END_DEADLINE:
        assert(s->conn.write_deadline > 0);
        count_add(&cr->slow_consumers, 1);
        count_add(&s->account->stats[cr->reactor->id].of.slow_consumers, 1);
        note(s, LOG_INFO,
             "Slow Consumer Detected: WriteDeadline of %.0fs exceeded with %llu bytes pending",
             (double)s->conn.write_deadline / (double)SECOND, (unsigned long long)conn_queued(c));
        session_close(s, CLOSE_SLOW_DEADLINE);
        conn_abort(c);
        break;
    }
    assert(s->phase == SESSION_CLOSED);
}

/* ---- the end ---- */

static void leave_account(struct session *s)
{
    assert(s->phase == SESSION_CLOSED);
    assert(!s->is_off_account || s->is_counted);
    if (!s->is_counted) return;
    s->is_counted = false;
    if (s->is_off_account) return;
    int64_t before = atomic_fetch_sub_explicit(&s->account->clients, 1, memory_order_relaxed);
    assert(before > 0);
}

static void leave_server(struct session *s)
{
    struct core *core = s->home->core;
    assert(s->phase == SESSION_CLOSED);
    assert(!s->is_off_server || !s->is_knocking);
    if (s->is_off_server) return;
    int64_t before = atomic_fetch_sub_explicit(s->is_knocking ? &core->knocking : &core->clients, 1,
                                               memory_order_relaxed);
    assert(before > 0);
}

/* Refusals that nothing else has told the operator about. */
static bool is_logged(enum close_reason reason)
{
    static const enum close_reason logged[] = {
        CLOSE_MAX_CONTROL_LINE, CLOSE_BAD_PROTOCOL,        CLOSE_NO_RESPONDERS,
        CLOSE_MAX_CONNECTIONS,  CLOSE_ACCOUNT_CONNECTIONS,
    };
    for (size_t i = 0; i < ARRAY_COUNT(logged); i++)
        if (logged[i] == reason) return true;
    return false;
}

void session_close_saying(struct session *s, enum close_reason reason, const char *err)
{
    if (s->phase == SESSION_CLOSED) return;
    session_check(s);
    assert(reason != CLOSE_NONE);
    struct core *core = s->home->core;
    if (err[0] != 0 && s->is_told) session_err(s, "%s", err);
    if (s->phase == SESSION_CLOSED) return; /* the flush of these words has failed and closed it */
    if (is_logged(reason)) note(s, LOG_ERROR, "%s", err);
    if (!s->is_knocking)
        note(s, LOG_DEBUG, "Client connection closed: %s", close_reason_text(reason));
    s->phase = SESSION_CLOSED;
    s->reason = (uint8_t)reason;
    if (!s->is_knocking) closed_ring_add(core->closed, s);
    atomic_store_explicit(&s->is_closed, true, memory_order_release);
    session_timer_set(s, SESSION_TIMER_NONE, 0);
    leave_account(s);
    leave_server(s);
    session_leave_strangers(s);
    count_add(&s->home->gone, 1);
    if (s->home->report_at == &s->node) s->home->report_at = s->node.next;
    list_remove(&s->node);
    session_index_remove(&s->home->index, s);
    if (session_subs_sweep(s, SWEEP_STEP) > 0) {
        list_add_tail(&s->home->sweeping, &s->node);
        session_timer_set(s, SESSION_TIMER_SWEEP, MILLISECOND);
    }
    session_check(s);
    conn_close(&s->conn, LINGER, close_reason_status(reason), slice_str(close_reason_text(reason)));
}

void session_close(struct session *s, enum close_reason reason)
{
    session_close_saying(s, reason, close_reason_err(reason));
}

/* Takes one off a number that is above `max`. Reactors come here side by side (all of them after a
 * reload): a look first and a subtraction later would let each take the whole excess for its
 * own. */
static bool take_off(_Atomic int64_t *number, int64_t max)
{
    int64_t now = atomic_load_explicit(number, memory_order_relaxed);
    while (now > max) {
        assert(now > 0);                /* the one that goes is counted */
        if (atomic_compare_exchange_weak(number, &now, now - 1)) return true;
    }
    return false;
}

bool session_close_over_server(struct session *s, int64_t max)
{
    if (s->phase == SESSION_CLOSED) return false;
    assert(!s->is_off_server);
    assert(!s->is_knocking);            /* it is in the other number */
    s->is_off_server = take_off(&s->home->core->clients, max);
    if (s->is_off_server) session_close(s, CLOSE_MAX_CONNECTIONS);
    return s->is_off_server;
}

bool session_close_over_account(struct session *s, int64_t max)
{
    if (s->phase == SESSION_CLOSED) return false;
    assert(s->is_counted);
    assert(!s->is_off_account);
    s->is_off_account = take_off(&s->account->clients, max);
    if (s->is_off_account) session_close(s, CLOSE_ACCOUNT_CONNECTIONS);
    return s->is_off_account;
}

void session_sweep(struct session *s)
{
    session_check(s);
    assert(s->phase == SESSION_CLOSED);
    assert(!list_empty(&s->node));      /* among those that are sweeping */
    assert(s->subs.count > 0);
    if (session_subs_sweep(s, SWEEP_STEP) > 0) {
        session_timer_set(s, SESSION_TIMER_SWEEP, MILLISECOND);
    } else {
        list_remove(&s->node);
        retire_when_over(s);
    }
}

static void free_session(struct retired *r)
{
    struct session *s = container_of(r, struct session, retired);
    assert(s->subs.count == 0);
    assert(!s->auth_pending);
    assert(list_empty(&s->node));
    assert(!timer_is_set(&s->timer));
    directory_unref(s->old_directory);
    directory_unref(s->directory);
    responses_free(s->responses);
    session_login_free(s);
    sids_deinit(&s->subs);
    (void)door_free(&s->home->reactor->door, s, sizeof *s);
}

/* Three things must be over, in any order: the connection, its subscriptions, a password check. */
static void retire_when_over(struct session *s)
{
    if (!s->is_conn_gone || s->subs.count > 0 || s->auth_pending) return;
    assert(list_empty(&s->node));       /* nobody walks over it any more */
    session_timer_set(s, SESSION_TIMER_NONE, 0);
    session_check(s);
    reactor_retire(s->home->reactor, &s->retired, free_session);
}

static void on_free(struct conn *c)
{
    struct session *s = session_of(c);
    assert(s->phase == SESSION_CLOSED);
    assert(!s->is_conn_gone);
    s->is_conn_gone = true;
    retire_when_over(s);
}

void session_worker_done(struct session *s)
{
    session_check(s);
    assert(s->auth_pending);
    s->auth_pending = false;
    retire_when_over(s);
}

/* ---- what it says ---- */

void session_err(struct session *s, const char *format, ...)
{
    char small[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    assert(len >= 0);
    assert(s->is_told);                 /* a client expects INFO first */
    struct buf line = { 0 };
    buf_add_str(&line, "-ERR '");
    buf_reserve(&line, (uint32_t)len + 1);
    (void)vsnprintf((char *)line.ptr + line.len, (size_t)len + 1, format, again);
    va_end(again);
    line.len += (uint32_t)len;
    assert(line.len <= line.cap);
    buf_add_str(&line, "'\r\n");
    conn_send(&s->conn, buf_slice(&line));
    if (s->traced) {
        struct slice text = slice_of(line.ptr + sizeof "-ERR '" - 1, (uint32_t)len);
        struct buf shown = { 0 };
        buf_printf(&shown, "-ERR %.*s", SLICE_ARGS(text));
        trace_out_line(s, buf_slice(&shown));
        buf_deinit(&shown);
    }
    buf_deinit(&line);
}

void session_ok(struct session *s)
{
    if (!s->verbose) return;
    conn_send(&s->conn, SLICE_LIT("+OK\r\n"));
    if (s->traced) trace_out_line(s, SLICE_LIT("OK"));
}

const char *session_label(const struct session *s, char text[SESSION_LABEL])
{
    char addr[NET_ADDR_TEXT];
    const char *kind = s->listener->options.kind == LISTENER_WEBSOCKET ? "wid" : "cid";
    char forwarded[NET_ADDR_TEXT] = "";
    if (s->is_forwarded) (void)net_addr_ip_text(&s->forwarded, forwarded);
    const char *form = !s->is_forwarded  ? "%s%s - %s:%llu"
                       : s->forwarded.v6 ? "[%s]/%s - %s:%llu"
                                         : "%s/%s - %s:%llu";
    int len = snprintf(text, SESSION_LABEL, form, forwarded, net_addr_text(&s->addr, addr), kind,
                       (unsigned long long)s->cid);
    assert(len > 0);
    assert(len < SESSION_LABEL);        /* two addresses and a number always fit */
    return text;
}
