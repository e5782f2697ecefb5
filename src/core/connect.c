/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT: what a client says of itself, and who it is by that. The one way in: auth_decide(),
 * whatever the path. */
#include "auth/decide.h"
#include "base/assert.h"
#include "core/check.h"
#include "core/note.h"
#include "core/password.h"
#include "core/refuse.h"
#include "core/session.h"
#include "crypto/cert.h"
#include "json/check.h"
#include "json/flat.h"
#include "json/table.h"

struct said {
    bool         verbose, pedantic, echo, headers, no_responders, new_account, tls_required;
    int64_t      protocol;
    struct slice account;
    struct slice user, pass, token, nkey, sig, jwt, proxy_sig;
    struct slice name, lang, version;
};

/* clang-format off */
static const struct json_field said_fields[] = {
    { "verbose",       JSON_AT(struct said, verbose),       JSON_BOOLEAN, 0, NULL,
      "+OK after each accepted operation; true" },
    { "pedantic",      JSON_AT(struct said, pedantic),      JSON_BOOLEAN, 0, NULL,
      "published subjects are checked; true" },
    { "echo",          JSON_AT(struct said, echo),          JSON_BOOLEAN, 0, NULL,
      "own messages come back; true" },
    { "headers",       JSON_AT(struct said, headers),       JSON_BOOLEAN, 0, NULL,
      "understands headers; false" },
    { "no_responders", JSON_AT(struct said, no_responders), JSON_BOOLEAN, 0, NULL,
      "wants a 503 when nobody listens; needs headers" },
    { "tls_required",  JSON_AT(struct said, tls_required),  JSON_BOOLEAN, 0, NULL,
      "informational" },
    { "protocol",      JSON_AT(struct said, protocol),      JSON_I64,     0, NULL,
      "0 or 1 (INFO at any time)" },
    { "user",          JSON_AT(struct said, user),          JSON_SLICE,   0, NULL,
      "user name" },
    { "pass",          JSON_AT(struct said, pass),          JSON_SLICE,   0, NULL,
      "password" },
    { "auth_token",    JSON_AT(struct said, token),         JSON_SLICE,   0, NULL,
      "token" },
    { "nkey",          JSON_AT(struct said, nkey),          JSON_SLICE,   0, NULL,
      "public user key" },
    { "sig",           JSON_AT(struct said, sig),           JSON_SLICE,   0, NULL,
      "signature of the nonce, base64" },
    { "jwt",           JSON_AT(struct said, jwt),           JSON_SLICE,   0, NULL,
      "user JWT" },
    { "proxy_sig",     JSON_AT(struct said, proxy_sig),     JSON_SLICE,   0, NULL,
      "signature of the nonce by a proxy" },
    { "name",          JSON_AT(struct said, name),          JSON_SLICE,   0, NULL,
      "name of the client" },
    { "lang",          JSON_AT(struct said, lang),          JSON_SLICE,   0, NULL,
      "language of its library" },
    { "version",       JSON_AT(struct said, version),       JSON_SLICE,   0, NULL,
      "version of its library" },
    { "account",       JSON_AT(struct said, account),       JSON_SLICE,   0, NULL,
      "refused: the account comes from the credentials" },
    { "new_account",   JSON_AT(struct said, new_account),   JSON_BOOLEAN, 0, NULL,
      "refused" },
};
/* clang-format on */
static const struct json_table said_table = JSON_TABLE(struct said, said_fields);

static void accept_result(struct session *, const struct auth_result *);
static void decide(struct session *, bool in_fast_path);

/* ---- what it said ---- */

static bool lies_in(const struct login *l, struct slice text)
{
    assert(l == NULL || l->size > 0);   /* each text has at least its end */
    return l != NULL && text.len > 0 && text.ptr >= l->bytes && text.ptr < l->bytes + l->size;
}

void session_login_free(struct session *s)
{
    assert(s->phase == SESSION_CLOSED || !lies_in(s->login, s->shown));     /* it is shown on */
    s->login = xfree(s->login);
}

static struct slice keep(uint8_t **at, struct slice text)
{
    if (text.len > 0) memcpy(*at, text.ptr, text.len);
    struct slice kept = { *at, text.len };
    *at += text.len;
    *(*at)++ = 0;
    assert(kept.ptr[kept.len] == 0);    /* reports show it as it stands */
    return kept;
}

static void keep_login(struct session *s, const struct said *said, bool dormant)
{
    const struct slice *all[] = { &said->user, &said->pass,   &said->token,     &said->nkey,
                                  &said->sig,  &said->jwt,    &said->proxy_sig, &said->name,
                                  &said->lang, &said->version };
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) size += (size_t)all[i]->len + 1;
    struct login *l = xcalloc(1, sizeof *l + size);
    struct slice *kept[] = { &l->user, &l->pass, &l->token, &l->nkey, &l->sig,
                             &l->jwt,  &l->proxy_sig, &l->name, &l->lang, &l->version };
    uint8_t *at = l->bytes;
    static_assert(ARRAY_COUNT(all) == ARRAY_COUNT(kept), "each text that was said has its place");
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) *kept[i] = keep(&at, *all[i]);
    assert(at == l->bytes + size);
    l->dormant_field = dormant;
    l->size = size;
    /* on a server that is open to everybody, who it is shown as is what it says */
    if (lies_in(s->login, s->shown)) s->shown = (struct slice){ 0 };
    session_login_free(s);
    s->login = l;
}

/* A second CONNECT changes what it mentions. */
static struct said said_before(const struct session *s)
{
    struct said said = {
        .verbose = s->verbose,
        .pedantic = s->pedantic,
        .echo = s->echo,
        .headers = s->headers,
        .no_responders = s->no_responders,
        .protocol = s->protocol,
    };
    const struct login *l = s->login;
    assert(s->phase == SESSION_OPEN);
    assert(said.protocol <= 1);         /* who asked for another one is closed */
    assert(!s->is_connected || l != NULL);
    if (l == NULL) return said;
    said.user = l->user, said.pass = l->pass, said.token = l->token, said.nkey = l->nkey;
    said.sig = l->sig, said.jwt = l->jwt, said.proxy_sig = l->proxy_sig;
    said.name = l->name, said.lang = l->lang, said.version = l->version;
    return said;
}

void session_keep_cookies(struct session *s, const struct upgrade *u)
{
    assert(!s->is_connected);           /* what CONNECT says replaces them, not the other way */
    assert(s->login == NULL);
    assert(s->listener->options.kind == LISTENER_WEBSOCKET);
    struct said said = { .user = u->user, .pass = u->pass, .token = u->token, .jwt = u->jwt };
    if (u->user.len + u->pass.len + u->token.len + u->jwt.len > 0) keep_login(s, &said, false);
}

/* False, after a line in the log: what is wrong with JSON that is none. */
static bool unreadable(struct session *s, struct slice json)
{
    char text[JSON_FAULT_SIZE];
    struct json_fault fault = { 0 };
    uint32_t end = 0;
    assert(s->phase == SESSION_OPEN);
    if (json_check_first(json, JSON_DEPTH_MAX, &end, &fault) == ERR_OK) {
        while (end < json.len && memchr(" \t\r\n", json.ptr[end], 4) != NULL) end++;
        fault = (struct json_fault){ .context = "after top-level value", .offset = end };
        fault.is_too_deep = end == json.len;    /* nothing else is refused but by json_check */
    }
    bool is_cut = fault.context == NULL && !fault.is_too_deep;
    note(s, LOG_ERROR, "%s",
         is_cut ? "unexpected end of JSON input" : json_fault_text(&fault, json, text));
    return false;
}

/* Rarely needed: what no library writes, or is wrong. */
static bool read_odd(struct session *s, struct slice json, struct said *said)
{
    assert(s->phase == SESSION_OPEN);
    assert(!s->auth_pending);
    struct json_limits limits = { .size_max = s->limits.max_control_line,
                                  .depth_max = JSON_DEPTH_MAX };
    AUTO_FREE(json_doc) doc = NULL;
    AUTO_FREE(arena) arena = arena_new();
    struct errmsg why = { 0 };
    if (json_doc_parse(json, &limits, &doc) != ERR_OK) return unreadable(s, json);
    struct json_value root = json_doc_root(doc);
    bool is_object = json_kind(root) == JSON_OBJECT || json_kind(root) == JSON_NULL;
    if (!is_object) (void)errmsg_set(&why, ERR_INVALID, "not an object");
    if (!is_object || json_table_read(&said_table, root, arena, said, &why) != ERR_OK) {
        note(s, LOG_ERROR, "CONNECT: %s", why.text);
        return false;
    }
    keep_login(s, said, said->account.len > 0 || said->new_account);
    assert(s->login->user.len == said->user.len);       /* `said` lies in the arena no more */
    return true;
}

static bool read_said(struct session *s, struct slice json, struct said *said)
{
    assert(s->phase == SESSION_OPEN);
    assert(s->limits.max_control_line <= CONTROL_LINE_MAX);
    if (json.len > s->limits.max_control_line || !json_flat_read(&said_table, json, said))
        return read_odd(s, json, said);
    keep_login(s, said, said->account.len > 0 || said->new_account);
    assert(s->login->user.len == said->user.len);       /* and `said` lies in what was read */
    return true;
}

/* Leaf nodes and routes are not served, and clients are wrong on their ports: all are told so. */
static void turn_away(struct session *s, bool is_client)
{
    assert(listener_is_foreign(s->listener));
    assert(!s->is_counted);             /* nobody gets in there */
    bool leaf = s->listener->options.kind == LISTENER_LEAF;
    const char *client = leaf ? "attempted to connect to leaf node port"
                              : "attempted to connect to route port";
    const char *server = leaf ? "leafnode connections are not served"
                              : "route connections are not served";
    session_close_saying(s, CLOSE_WRONG_PORT, is_client ? client : server);
}

void session_connect(struct session *s, struct slice json)
{
    struct said said = said_before(s);
    session_check(s);
    assert(s->phase == SESSION_OPEN);
    assert(!s->auth_pending);           /* one judgement at a time */
    if (!read_said(s, json, &said)) {
        session_close(s, CLOSE_PROTOCOL_SILENT);
        return;
    }
    if (listener_is_foreign(s->listener)) {
        turn_away(s, said.lang.len > 0);
        return;
    }
    s->verbose = said.verbose;
    s->pedantic = said.pedantic;
    s->echo = said.echo;
    s->headers = said.headers && !s->home->settings->options->no_header_support;
    s->limits.headers = s->headers;
    s->no_responders = said.no_responders;
    s->protocol = said.protocol == 1 ? 1 : said.protocol == 0 ? 0 : UINT8_MAX;
    assert(!s->limits.headers || !s->home->settings->options->no_header_support);
    decide(s, false);
}

/* ---- who it is ---- */

static enum connection_type connection_type(const struct session *s)
{
    assert(!listener_is_foreign(s->listener));  /* those are judged by no rule of clients */
    return s->listener->options.kind == LISTENER_WEBSOCKET ? CONNECTION_WEBSOCKET
                                                           : CONNECTION_STANDARD;
}

static const struct cert *peer_cert(struct session *s, struct arena *arena)
{
    struct filter_peer peer;
    assert(s->phase == SESSION_OPEN);   /* handshakes are over: TLS knows all it ever will */
    conn_peer(&s->conn, &peer);
    if (peer.certs_count == 0) return NULL;
    assert(peer.certs != NULL);
    struct cert *cert = arena_alloc(arena, sizeof *cert);
    return cert_parse(peer.certs[0], arena, cert) == ERR_OK ? cert : NULL;
}

static enum auth_verdict ask(struct session *s, bool in_fast_path, struct arena *arena,
                             struct auth_result *ret)
{
    assert(s->directory == s->home->settings->directory);
    assert(in_fast_path || s->login != NULL);
    struct auth_request r = {
        .type = connection_type(s),
        .in_fast_path = in_fast_path,
        .nonce = slice_str(s->nonce),
        .cert = peer_cert(s, arena),
        .cache = s->home->pass_cache,
        .now = s->home->reactor->now,
    };
    const struct login *l = s->login;
    if (l != NULL) {
        r.dormant_field = l->dormant_field;
        r.user = l->user, r.pass = l->pass, r.token = l->token, r.nkey = l->nkey;
        r.sig = l->sig, r.proxy_sig = l->proxy_sig;
    }
    return auth_decide(s->directory, &r, ret);
}

struct retired_directory {
    struct retired    retired;
    struct directory *directory;
};

static void free_directory(struct retired *r)
{
    struct retired_directory *d = container_of(r, struct retired_directory, retired);
    assert(d->directory != NULL);
    (void)directory_unref(d->directory);
    xfree(d);
}

/* Publishers on other reactors may still be asking the permissions in it. */
static void leave_directory(struct session *s, struct directory *d)
{
    struct retired_directory *r = xalloc(sizeof *r);
    assert(d != NULL);
    assert(d != s->home->settings->directory);  /* that one is for those who come */
    r->directory = d;
    reactor_retire(s->home->reactor, &r->retired, free_directory);
}

/* The current rules decide from now on. What the session was granted by older ones holds until it
 * is granted anew, however many reloads and password checks come between: the first of them is
 * kept. */
static void take_directory(struct session *s)
{
    struct directory *current = s->home->settings->directory;
    if (s->directory == current) return;
    if (s->is_counted && s->old_directory == NULL) s->old_directory = s->directory;
    else leave_directory(s, s->directory);
    s->directory = directory_ref(current);
    assert(s->old_directory != s->directory);
    assert(s->user == NULL || s->old_directory != NULL);    /* the user lies in there */
}

static void leave_old_directory(struct session *s)
{
    assert(s->directory == s->home->settings->directory);   /* granted by the current rules */
    if (s->old_directory != NULL) leave_directory(s, s->old_directory);
    s->old_directory = NULL;
}

/* CONNECT was accepted: the rest of what it asked for. */
static void connected(struct session *s)
{
    struct reactor *r = s->home->reactor;
    assert(s->is_counted);
    assert(!s->auth_required);
    assert(s->old_directory == NULL);   /* granted anew */
    if (s->protocol == UINT8_MAX) {
        session_close(s, CLOSE_BAD_PROTOCOL);
        return;
    }
    if (s->no_responders && !s->headers) {
        session_close(s, CLOSE_NO_RESPONDERS);
        return;
    }
    s->wants_events = s->protocol >= 1;
    if (!s->is_connected) {
        s->is_connected = true;
        /* until the first PONG, which is asked for soon, whatever else comes by then */
        s->rtt = r->now > s->started ? r->now - s->started : 1;
    }
    assert(!s->no_responders || s->headers);    /* a 503 is nothing but a header */
    session_ping_start(s, true);
    session_set_input_cap(s);
    session_check(s);
    session_ok(s);
}

/* CONNECT was accepted. Where it has to say who it is, and everywhere with its second one, a client
 * begins anew, as in nats-server: no subscription outlives the permissions by which it was granted.
 * On an open server what it subscribed to before its first CONNECT stays. */
static void end_old_subscriptions(struct session *s)
{
    assert(s->phase == SESSION_OPEN);
    if (!s->is_connected && !directory_auth_required(s->directory, connection_type(s))) return;
    session_subs_clear(s);
    assert(s->subs.count == 0);
}

static void act(struct session *s, bool in_fast_path, enum auth_verdict verdict,
                struct auth_result *result)
{
    assert(verdict != AUTH_PENDING_BCRYPT);
    assert(s->phase == SESSION_OPEN);
    if (verdict == AUTH_REFUSED) {
        session_refuse(s, result->reason);
        return;
    }
    if (!in_fast_path) end_old_subscriptions(s);
    accept_result(s, result);
    if (s->phase == SESSION_CLOSED) return;
    s->auth_required = false;
    if (in_fast_path) session_ping_start(s, false);     /* CONNECT need not come any more */
    else connected(s);
}

static void password_is_back(struct session *s, struct auth_result *result, bool matches,
                             bool in_fast_path)
{
    assert(result->check.hash != NULL); /* pairs with password_check() */
    session_worker_done(s);
    if (s->phase == SESSION_CLOSED) return;
    conn_pause(&s->conn, 0);
    assert(!s->conn.paused);
    enum auth_verdict verdict = auth_finish(result, matches, s->home->pass_cache,
                                            s->home->reactor->now);
    /* a reload came between: the new rules decide */
    if (s->directory != s->home->settings->directory) {
        take_directory(s);
        decide(s, in_fast_path);
        return;
    }
    act(s, in_fast_path, verdict, result);
}

static void password_checked(struct session *s, struct auth_result *result, bool matches)
{
    password_is_back(s, result, matches, false);
}

static void password_checked_early(struct session *s, struct auth_result *result, bool matches)
{
    password_is_back(s, result, matches, true);
}

static void decide(struct session *s, bool in_fast_path)
{
    AUTO_FREE(arena) arena = arena_new();
    struct auth_result result;
    assert(s->phase == SESSION_OPEN);
    assert(!s->auth_pending);
    take_directory(s);
    enum auth_verdict verdict = ask(s, in_fast_path, arena, &result);
    if (verdict == AUTH_PENDING_BCRYPT) {
        s->auth_pending = true;
        conn_pause(&s->conn, NANOS_MAX);
        if (password_check(s, &result, in_fast_path ? password_checked_early : password_checked))
            return;
        /* the workers' queue is full: refuse, they may try again */
        s->auth_pending = false;
        verdict = AUTH_REFUSED;
    }
    act(s, in_fast_path, verdict, &result);
    auth_check_wipe(&result.check);
}

bool session_login_without_connect(struct session *s)
{
    if (listener_is_foreign(s->listener)) {
        turn_away(s, false);
        return false;
    }
    assert(s->auth_required);
    decide(s, true);
    if (s->phase != SESSION_OPEN || s->conn.paused) return false;
    assert(s->is_counted);              /* never a verb of somebody who is in no account */
    return true;
}

void session_login_anonymous(struct session *s)
{
    assert(!s->auth_required);
    assert(!s->is_counted);
    decide(s, true);
}

/* ---- what it may ---- */

static int64_t least(int64_t a, int64_t b)
{
    if (a < 0) return b;
    return b < 0 || a < b ? a : b;
}

static void take_limits(struct session *s, const struct auth_limits *limits)
{
    const struct limit_options *server = &s->home->settings->options->limits;
    assert(s->is_counted);              /* limits come with rights */
    s->limits.max_control_line = session_line_max(s->home->settings->options);
    s->limits.max_payload = least(server->max_payload, limits->payload_max);
    s->subs_max = least(server->max_subscriptions > 0 ? server->max_subscriptions : -1,
                        limits->subscriptions_max);
    assert(s->limits.max_control_line <= CONTROL_LINE_MAX);
    assert(s->subs_max >= -1);
}

/* Into the account, out of the one before; its subscriptions stay behind. */
static bool enter_account(struct session *s, struct account *account, int64_t connections_max)
{
    assert(!s->is_off_account);         /* who is taken off a number closes */
    if (s->is_counted && s->account == account) return true;
    if (s->subs.count > 0) session_subs_clear(s);
    assert(s->subs.count == 0);         /* none may be found in an account that it left */
    if (s->is_counted) atomic_fetch_sub_explicit(&s->account->clients, 1, memory_order_relaxed);
    s->is_counted = false;
    s->account = account;
    int64_t before = atomic_fetch_add_explicit(&account->clients, 1, memory_order_relaxed);
    assert(before >= 0);
    s->is_counted = true;
    session_leave_strangers(s);
    if (connections_max >= 0 && before >= connections_max) {
        session_close(s, CLOSE_ACCOUNT_CONNECTIONS);
        return false;
    }
    atomic_fetch_add_explicit(&account->clients_total, 1, memory_order_relaxed);
    return true;
}

static void accept_result(struct session *s, const struct auth_result *result)
{
    assert(result->account != NULL);
    assert(result->user == NULL || result->user->account == result->account);
    assert(result->reason == AUTH_REASON_NONE);
    struct account *account = accounts_get(s->home->core->accounts,
                                           slice_str(result->account->name));
    if (!enter_account(s, account, result->limits.connections_max)) return;
    s->user = result->user;
    s->shown = result->name;
    s->permissions = result->permissions;
    leave_old_directory(s);
    assert(s->is_counted);
    take_limits(s, &result->limits);
    session_set_input_cap(s);
    if (s->subs_max >= 0 && s->subs.count > s->subs_max) session_close(s, CLOSE_MAX_SUBSCRIPTIONS);
}

/* ---- a reload ---- */

/* Who had a name and lost it goes in silence, others are told; so does nats-server. */
static void judge_again(struct session *s, enum auth_verdict verdict,
                        const struct auth_result *result, bool was_named)
{
    assert(verdict != AUTH_PENDING_BCRYPT);
    assert(s->is_counted);              /* only who is in is judged again */
    bool same = verdict == AUTH_ACCEPTED &&
                slice_equal_str(slice_str(s->account->name), result->account->name) &&
                (!was_named || result->user != NULL);
    if (!same) {
        session_close(s, verdict == AUTH_REFUSED && !was_named ? CLOSE_AUTH_VIOLATION
                                                               : CLOSE_CLIENT_CLOSED);
        return;
    }
    accept_result(s, result);
    if (s->phase == SESSION_CLOSED) return;
    int64_t max = result->limits.connections_max;
    if (max >= 0 && session_close_over_account(s, max)) return;
    session_subs_recheck(s);
    session_check(s);
}

static void password_checked_again(struct session *s, struct auth_result *result, bool matches)
{
    assert(result->check.hash != NULL);                     /* pairs with password_check() */
    session_worker_done(s);
    if (s->phase == SESSION_CLOSED) return;
    assert(s->is_counted);                                  /* it was in, and stays till judged */
    conn_pause(&s->conn, 0);                                /* a CONNECT may have waited */
    if (s->directory != s->home->settings->directory) {
        session_login_again(s);
        return;
    }
    judge_again(s, auth_finish(result, matches, s->home->pass_cache, s->home->reactor->now), result,
                true);
}

void session_login_again(struct session *s)
{
    const struct options *o = s->home->settings->options;
    s->conn.write_deadline = o->write_deadline;
    s->traced = log_trace_on(s->home->core->env->log);
    session_check(s);
    if (listener_is_foreign(s->listener)) return;           /* no rule lets anybody in there */
    if (s->auth_pending) return;                            /* the answer looks at the new rules */
    if (s->timer_kind == SESSION_TIMER_REFUSE) return;      /* it is as good as gone */
    AUTO_FREE(arena) arena = arena_new();
    take_directory(s);
    bool was_in = s->is_counted,
         was_named = s->user != NULL && !s->user->is_hidden && !s->user->is_token;
    s->auth_required = directory_auth_required(s->directory, connection_type(s)) && !s->is_counted;
    if (!was_in && s->auth_required && s->phase == SESSION_OPEN) {
        session_close(s, CLOSE_AUTH_VIOLATION);
    } else if (!was_in && s->timer_kind == SESSION_TIMER_AUTH) {
        session_login_anonymous(s);
    } else if (was_in) {
        struct auth_result result;
        enum auth_verdict verdict = ask(s, !s->is_connected, arena, &result);
        if (verdict == AUTH_PENDING_BCRYPT) {
            s->auth_pending = true;
            if (password_check(s, &result, password_checked_again)) return;
            s->auth_pending = false;
            verdict = AUTH_REFUSED;
        }
        judge_again(s, verdict, &result, was_named);
        auth_check_wipe(&result.check);
    }
}
