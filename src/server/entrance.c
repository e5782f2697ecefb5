/* SPDX-License-Identifier: Apache-2.0 */
#include "server/entrance.h"

#include "base/assert.h"
#include "core/note.h"
#include "core/session.h"
#include "server/snapshot.h"
#include "tls/pins.h"
#include "tls/tls_filter.h"
#include "ws/ws.h"

struct entrance {
    struct settings   *settings;            /* those of the start */
    enum listener_kind kind;
    struct ws_listener ws;
    struct ws_header  *ws_headers;
    struct ws_shared  *ws_shared[REACTORS_MAX];     /* each made by its reactor */
};

static void on_refused(struct conn *c, const char *why)
{
    note_stranger(session_of(c), why);
}

static void describe_websocket(struct entrance *e, const struct websocket_options *o)
{
    uint32_t count = o->headers.count;
    e->ws_headers = xcalloc(count, sizeof *e->ws_headers);
    for (uint32_t i = 0; i < count; i++)
        e->ws_headers[i] = (struct ws_header){ o->headers.items[i].name,
                                               o->headers.items[i].value };
    e->ws = (struct ws_listener){
        .tls = o->tls.present,
        .compression = o->compression,
        .same_origin = o->same_origin,
        .allowed_origins = o->allowed_origins.items,
        .allowed_origins_count = o->allowed_origins.count,
        .headers = e->ws_headers,
        .headers_count = count,
        .jwt_cookie = o->jwt_cookie,
        .user_cookie = o->user_cookie,
        .pass_cookie = o->pass_cookie,
        .token_cookie = o->token_cookie,
        .on_refused = on_refused,
    };
}

struct entrance *entrance_new(struct settings *settings, enum listener_kind kind)
{
    struct entrance *e = xcalloc(1, sizeof *e);
    e->settings = settings_ref(settings);
    e->kind = kind;
    if (kind == LISTENER_WEBSOCKET) describe_websocket(e, &settings->options->websocket);
    return e;
}

struct entrance *entrance_free(struct entrance *e)
{
    if (e == NULL) return NULL;
    for (uint32_t i = 0; i < REACTORS_MAX; i++) e->ws_shared[i] = ws_shared_free(e->ws_shared[i]);
    e->ws_headers = xfree(e->ws_headers);
    e->settings = settings_unref(e->settings);
    return xfree(e);
}

/* --- TLS: always as this reactor's current settings say --- */

static struct snapshot *current(struct conn *c)
{
    return snapshot_of(core_reactor_of(c->reactor)->settings);
}

static struct filter *client_tls_new(void *ctx, struct conn *c)
{
    (void)ctx;
    struct tls_context *tls = current(c)->client_tls;
    return tls == NULL ? NULL : tls_filter_new(tls, c->reactor);
}

static struct filter *websocket_tls_new(void *ctx, struct conn *c)
{
    (void)ctx;
    struct tls_context *tls = current(c)->websocket_tls;
    return tls == NULL ? NULL : tls_filter_new(tls, c->reactor);
}

static bool admit(void *ctx, struct conn *c, nanos now)
{
    (void)ctx;
    return rate_limit_admit(&current(c)->rate, now);
}

static const struct tls_options *tls_of(const struct options *o, enum listener_kind kind)
{
    return kind == LISTENER_WEBSOCKET ? &o->websocket.tls : &o->tls;
}

static bool pinned(void *ctx, struct conn *c, struct slice cert_der)
{
    struct entrance *e = ctx;
    const struct string_list *pins = &tls_of(current(c)->options, e->kind)->pinned_certs;
    return pins->count == 0 || pins_hold(pins->items, pins->count, cert_der);
}

/* Whether there is TLS at all, the current settings say (listener_terms). */
static void describe_tls(struct entrance *e, struct listener_options *l)
{
    bool is_client = e->kind == LISTENER_CLIENT;
    l->hooks.tls_new = is_client ? client_tls_new : websocket_tls_new;
    l->hooks.admit = is_client ? admit : NULL;
    l->hooks.pinned = pinned;
}

/* --- WebSocket --- */

/* A leaf node that comes through the browsers' door is turned away like one at its own. */
static void on_upgraded(struct conn *c, const struct ws_request *r)
{
    if (r->kind != WS_KIND_CLIENT) {
        session_close_saying(session_of(c), CLOSE_WRONG_PORT,
                             "leafnode connections are not served by this server");
        return;
    }
    struct upgrade u = {
        .jwt = r->jwt,
        .user = r->user,
        .pass = r->pass,
        .token = r->token,
        .forwarded_for = r->forwarded_for,
    };
    session_upgraded(c, &u);
}

static struct filter *ws_new(void *ctx, struct conn *c)
{
    struct entrance *e = ctx;
    struct ws_shared **shared = &e->ws_shared[c->reactor->id];
    if (*shared == NULL) *shared = ws_shared_new();
    return ws_filter_new(&e->ws, *shared, c->reactor, on_upgraded);
}

static void ws_authenticated(void *ctx, struct conn *c, int64_t max_payload)
{
    (void)ctx;
    const struct options *o = core_reactor_of(c->reactor)->settings->options;
    if (c->highest == NULL || !ws_is(c->highest)) return;
    ws_set_limits(c->highest, ws_limits_known(max_payload, (uint32_t)o->limits.max_control_line));
}

void entrance_describe(struct entrance *e, struct listener_options *l)
{
    l->hooks.ctx = e;
    describe_tls(e, l);
    if (e->kind != LISTENER_WEBSOCKET) return;
    l->hooks.ws_new = ws_new;
    l->hooks.authenticated = ws_authenticated;
}
