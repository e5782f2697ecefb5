/* SPDX-License-Identifier: Apache-2.0 */
/* One timer per session, for whatever it waits for: a ClientHello, a handshake, CONNECT, the next
 * PING. */
#include "base/assert.h"
#include "core/check.h"
#include "core/note.h"
#include "core/session.h"
#include "core/trace.h"

static const nanos AUTH_TIMEOUT = 2 * SECOND;
static const nanos FIRST_PING = 2 * SECOND;
static const nanos RTT_OLD = HOUR;

nanos session_auth_timeout(const struct session *s)
{
    const struct options *o = s->home->settings->options;
    const struct listener_options *l = &s->listener->options;
    nanos timeout = o->authorization.timeout;
    assert(s->auth_required);
    if (l->kind == LISTENER_WEBSOCKET && o->websocket.authorization.timeout > 0)
        timeout = o->websocket.authorization.timeout;
    if (timeout > 0) return timeout;
    struct listener_terms t = listener_terms(s->listener, o);
    assert(!t.tls || t.tls_timeout > 0);
    return t.tls ? t.tls_timeout + SECOND : AUTH_TIMEOUT;
}

void session_timer_set(struct session *s, enum session_timer kind, nanos after)
{
    struct reactor *r = s->home->reactor;
    assert(kind <= SESSION_TIMER_SWEEP);
    assert((kind == SESSION_TIMER_SWEEP) <= (s->phase == SESSION_CLOSED));
    s->timer_kind = (uint8_t)kind;
    if (kind == SESSION_TIMER_NONE) wheel_cancel(&r->wheel, &s->timer);
    else wheel_set(&r->wheel, &s->timer, r->now + after);
    assert(timer_is_set(&s->timer) == (kind != SESSION_TIMER_NONE));
}

static nanos ping_interval(const struct session *s)
{
    const struct options *o = s->home->settings->options;
    if (s->listener->options.kind == LISTENER_WEBSOCKET && o->websocket.ping_interval > 0)
        return o->websocket.ping_interval;
    return o->ping_interval;
}

/* Spread over a fifth, so that clients which came together are not pinged together. */
static nanos jittered(struct session *s, nanos interval)
{
    assert(interval > 0);
    return interval + (nanos)(rng_next(&s->home->reactor->rng) % (uint64_t)(interval / 5 + 1));
}

void session_ping_start(struct session *s, bool connected)
{
    nanos interval = ping_interval(s);
    assert(s->phase == SESSION_OPEN);
    assert(s->is_counted);              /* who must still say who he is has another timer */
    if (interval <= 0) {
        session_timer_set(s, SESSION_TIMER_NONE, 0);
        return;
    }
    if (connected && interval > FIRST_PING) interval = jittered(s, FIRST_PING);
    session_timer_set(s, SESSION_TIMER_PING, interval);
}

static void send_ping(struct session *s)
{
    assert(s->phase == SESSION_OPEN);
    assert(s->pings_out >= 0);
    s->pings_out++;
    s->ping_sent = s->home->reactor->now;
    conn_send(&s->conn, SLICE_LIT("PING\r\n"));
    if (s->traced) trace_out_line(s, SLICE_LIT("PING"));
}

static void on_ping_due(struct session *s, nanos now)
{
    nanos interval = ping_interval(s);
    assert(s->phase == SESSION_OPEN);
    assert(now >= s->last_in);
    bool known = s->rtt_at > 0 && now - s->rtt_at < RTT_OLD;
    bool heard = now - s->last_in < interval && known;
    if (!heard && s->pings_out + 1 > s->home->settings->options->ping_max) {
        count_add(&s->home->stale_connections, 1);
        note(s, LOG_DEBUG, "Stale Client Connection - Closing");
        session_close(s, CLOSE_STALE);
        return;
    }
    if (!heard) send_ping(s);
    if (s->phase == SESSION_CLOSED) return;     /* it could not be sent */
    assert(s->pings_out <= s->home->settings->options->ping_max || heard);
    session_timer_set(s, SESSION_TIMER_PING, interval);
}

void session_pong_came(struct session *s)
{
    if (s->pings_out > 0 && s->ping_sent > 0) {
        assert(s->ping_sent >= s->started);
        s->rtt = s->home->reactor->now - s->ping_sent;
        assert(s->rtt >= 0);
        if (s->rtt == 0) s->rtt = 1;            /* 0 means unknown */
        s->rtt_at = s->home->reactor->now;
    }
    s->pings_out = 0;
}

/* Nobody said TLS within the time: INFO in clear, TLS behind it if the client then wants it. */
static void on_first_over(struct session *s)
{
    assert(s->phase == SESSION_TLS_FIRST);
    assert(s->conn.highest == NULL);            /* TLS has not begun */
    session_info(s, INFO_FIRST);
    if (s->phase == SESSION_CLOSED) return;     /* no memory for these words */
    s->is_told = true;
    s->phase = SESSION_SECURING;
    struct listener_terms t = listener_terms(s->listener, s->home->settings->options);
    if (t.tls_optional) {
        s->phase = SESSION_SNIFFING;
        session_timer_set(s, SESSION_TIMER_TLS, t.tls_timeout);
    } else {
        (void)session_secure(s);
    }
}

static void on_tls_over(struct session *s)
{
    assert(s->phase != SESSION_OPEN);
    assert(s->phase != SESSION_CLOSED);
    if (s->phase == SESSION_SNIFFING) {         /* no byte came: a plain client that waits */
        session_opened(s);
        return;
    }
    note(s, LOG_DEBUG, "TLS handshake error: timeout");
    session_close(s, CLOSE_TLS_HANDSHAKE);
}

/* No request for an upgrade to WebSocket came within the time, or no PROXY header. */
static void on_upgrade_over(struct session *s)
{
    assert(s->phase == SESSION_UPGRADING || s->phase == SESSION_PROXY);
    if (s->phase == SESSION_PROXY) session_proxy_refused(s, "i/o timeout");
    else session_close(s, CLOSE_CLIENT_CLOSED);
}

void session_timer_fire(struct timer *t, nanos now)
{
    struct session *s = container_of(t, struct session, timer);
    assert(now == s->home->reactor->now);
    assert((s->phase == SESSION_CLOSED) == (s->timer_kind == SESSION_TIMER_SWEEP));
    enum session_timer kind = (enum session_timer)s->timer_kind;
    s->timer_kind = SESSION_TIMER_NONE;
    switch (kind) {
    case SESSION_TIMER_NONE: unreachable();     /* a timer that is set waits for something */
    case SESSION_TIMER_FIRST: on_first_over(s); break;
    case SESSION_TIMER_TLS: on_tls_over(s); break;
    case SESSION_TIMER_UPGRADE: on_upgrade_over(s); break;
    case SESSION_TIMER_AUTH: session_close(s, CLOSE_AUTH_TIMEOUT); break;
    case SESSION_TIMER_PING: on_ping_due(s, now); break;
    case SESSION_TIMER_REFUSE: session_close(s, (enum close_reason)s->refuse_reason); break;
    case SESSION_TIMER_SWEEP: session_sweep(s); break;
    }
    session_check(s);
}
