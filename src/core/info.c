/* SPDX-License-Identifier: Apache-2.0 */
/* INFO, fields in the order of nats-server (reference: protocol 1.3). */
#include "base/assert.h"
#include "core/session.h"
#include "core/trace.h"
#include "json/writer.h"

enum { CLIENT_PROTO = 1, JS_API_LEVEL = 5 };

static void text(struct json_writer *w, const char *key, const char *value)
{
    assert(key[0] != 0);
    if (value == NULL || value[0] == 0) return;
    json_key(w, key);
    json_str(w, value);
}

static void number(struct json_writer *w, const char *key, int64_t value)
{
    assert(key[0] != 0);
    json_key(w, key);
    json_i64(w, value);
}

static void flag(struct json_writer *w, const char *key, bool value)
{
    if (!value) return;
    json_key(w, key);
    json_bool(w, true);
}

static void add_server(struct session *s, struct json_writer *w)
{
    const struct server_identity *id = &s->home->core->identity;
    const struct options *o = s->home->settings->options;
    int32_t port;
    struct slice host = listener_told(s->listener, o, &port);
    assert(port > 0);
    assert(port <= UINT16_MAX);
    assert(id->go != NULL);             /* clients gate on these three */
    assert(id->version != NULL);
    assert(id->id != NULL);
    text(w, "server_id", id->id);
    text(w, "server_name", id->name);
    text(w, "version", id->version);
    number(w, "proto", CLIENT_PROTO);
    text(w, "git_commit", id->git_commit);
    json_key(w, "go");
    json_str(w, id->go);
    json_key(w, "host");
    json_slice(w, host);
    number(w, "port", port);
    json_key(w, "headers");
    json_bool(w, !o->no_header_support);
}

/* On the first INFO a server with a no_auth_user does not ask for credentials; afterwards it says
 * what is configured. */
static bool auth_wanted(const struct session *s, enum info_kind kind)
{
    enum connection_type type = s->listener->options.kind == LISTENER_WEBSOCKET
                                    ? CONNECTION_WEBSOCKET
                                    : CONNECTION_STANDARD;
    const struct directory *d = s->home->settings->directory;
    assert(d != NULL);
    assert(kind <= INFO_UPDATE);
    return kind == INFO_FIRST ? directory_info_auth_required(d, type)
                              : directory_auth_required(d, type);
}

static int64_t max_payload(const struct session *s, enum info_kind kind)
{
    const struct options *o = s->home->settings->options;
    return kind == INFO_FIRST ? o->limits.max_payload : s->limits.max_payload;
}

static void add_rules(struct session *s, struct json_writer *w, enum info_kind kind, bool jetstream)
{
    struct listener_terms t = listener_terms(s->listener, s->home->settings->options);
    bool is_web = s->listener->options.kind == LISTENER_WEBSOCKET;
    assert(t.tls || !t.tls_optional);   /* nobody may choose what is not there */
    assert(!is_web || !t.tls_optional);
    assert(s->limits.max_control_line <= CONTROL_LINE_MAX);
    flag(w, "auth_required", auth_wanted(s, kind));
    flag(w, "tls_required", t.tls && !t.tls_optional);
    flag(w, "tls_verify", t.tls && t.tls_verify);
    flag(w, "tls_available", t.tls && (t.tls_optional || is_web));
    number(w, "max_payload", max_payload(s, kind));
    flag(w, "jetstream", jetstream);
}

/* Whoever the client is, what stands behind it. Clients are not told that the cluster's name was
 * made up. */
static void add_end(struct session *s, struct json_writer *w, enum info_kind kind, bool jetstream)
{
    const struct server_identity *id = &s->home->core->identity;
    assert(kind != INFO_CONNECTED || s->is_counted);
    text(w, "cluster", id->cluster);
    text(w, "domain", jetstream ? id->domain : NULL);
    flag(w, "ldm", s->home->is_lame_duck);
    if (kind == INFO_CONNECTED) {
        flag(w, "connect_info", true);
        text(w, "remote_account", s->account->name);
        flag(w, "acc_is_sys", s->account->is_system);
    }
    number(w, "api_lvl", JS_API_LEVEL);
    text(w, "xkey", id->xkey);
    json_object_end(w);
}

/* Most clients are told the same but for who they are: it is kept, in two parts, for those that
 * come next. */
static void keep(struct info_kept *kept, struct session *s, enum info_kind kind)
{
    struct buf *b = &s->home->info;
    bool jetstream = atomic_load(&s->home->core->has_jetstream);
    assert(kept == &s->home->kept[kind]);
    b->len = 0;
    buf_add_str(b, "INFO ");
    struct json_writer w = json_writer_on(b, JSON_COMPACT);
    json_object_begin(&w);
    add_server(s, &w);
    add_rules(s, &w, kind, jetstream);
    json_key(&w, "client_id");
    uint32_t front = b->len;
    json_i64(&w, 0);
    uint32_t behind = b->len;
    add_end(s, &w, kind, jetstream);
    buf_add_str(b, " \r\n");
    kept->front.len = kept->behind.len = 0;
    buf_add(&kept->front, slice_of(b->ptr, front));
    buf_add(&kept->behind, slice_from(buf_slice(b), behind));
    assert(w.depth == 0);
    assert(front < behind);
    assert(kept->front.ptr[front - 1] == ':');      /* the number of the client comes next */
    assert(kept->behind.ptr[0] == ',');
    kept->listener = s->listener;
    kept->account = s->account;
    kept->max_payload = max_payload(s, kind);
    kept->jetstream = jetstream;
}

static const struct info_kept *kept_of(struct session *s, enum info_kind kind)
{
    static_assert((int)INFO_UPDATE + 1 == (int)INFO_KINDS, "one of each kind is kept");
    assert((uint32_t)kind < (uint32_t)INFO_KINDS);
    struct info_kept *kept = &s->home->kept[kind];
    bool is_same = kept->listener == s->listener && kept->account == s->account &&
                   kept->max_payload == max_payload(s, kind) &&
                   kept->jetstream == atomic_load(&s->home->core->has_jetstream);
    if (!is_same) keep(kept, s, kind);
    assert(kept->front.len > 0);
    assert(kept->behind.len > 0);
    return kept;
}

void info_forget(struct core_reactor *cr)
{
    assert(core_reactor_of(cr->reactor) == cr);
    for (uint32_t i = 0; i < INFO_KINDS; i++) cr->kept[i].listener = NULL;
}

void info_deinit(struct core_reactor *cr)
{
    assert(list_empty(&cr->sessions));      /* nobody is left to be told */
    info_forget(cr);
    for (uint32_t i = 0; i < INFO_KINDS; i++) {
        buf_deinit(&cr->kept[i].front);
        buf_deinit(&cr->kept[i].behind);
    }
    buf_deinit(&cr->info);
}

/* Neither an address nor a nonce has anything that JSON would escape. The nonce is for the CONNECT
 * to come. */
void session_info(struct session *s, enum info_kind kind)
{
    char ip[NET_ADDR_TEXT];
    struct buf *b = &s->home->info;
    assert(s->cid > 0);
    assert((kind == INFO_FIRST) == !s->is_told);
    assert(s->addr_known || kind == INFO_FIRST);    /* a PROXY header comes before verbs */
    assert(s->nonce[0] == 0 || s->nonce[NONCE_LEN - 1] != 0);
    const struct info_kept *kept = kept_of(s, kind);
    b->len = 0;
    buf_add(b, buf_slice(&kept->front));
    buf_add_u64(b, s->cid);
    if (s->addr_known) {
        buf_add(b, SLICE_LIT(",\"client_ip\":\""));
        buf_add_str(b, net_addr_ip_text(&s->addr, ip));
        buf_add_byte(b, '"');
    }
    if (kind == INFO_FIRST && s->nonce[0] != 0) {
        buf_add(b, SLICE_LIT(",\"nonce\":\""));
        buf_add_str(b, s->nonce);
        buf_add_byte(b, '"');
    }
    buf_add(b, buf_slice(&kept->behind));
    assert(b->ptr[b->len - 1] == '\n');
    conn_send(&s->conn, buf_slice(b));
}
