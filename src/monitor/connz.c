/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/connz.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "core/closed.h"
#include "json/gotime.h"
#include "monitor/request.h"

/* ---- orders ---- */

struct connz_sort {
    const char *name;
    uint64_t (*value)(const struct conn_report *, nanos now);
    bool is_descending;
    bool wants_closed; /* only where all connections are closed ones */
};

static uint64_t time_of(nanos t)
{
    return t > 0 ? (uint64_t)t : 0;
}

static uint64_t by_cid(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->cid;
}
/* Ids are given in the order of arrival, while clocks of two reactors may differ by a tick. */
static uint64_t by_start(const struct conn_report *r, nanos now)
{
    return by_cid(r, now);
}
static uint64_t by_subs(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->subs_count;
}
static uint64_t by_pending(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->pending_bytes;
}
static uint64_t by_msgs_to(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->out_msgs;
}
static uint64_t by_msgs_from(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->in_msgs;
}
static uint64_t by_bytes_to(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->out_bytes;
}
static uint64_t by_bytes_from(const struct conn_report *r, nanos now)
{
    (void)now;
    return r->in_bytes;
}
static uint64_t by_last(const struct conn_report *r, nanos now)
{
    (void)now;
    return time_of(r->last_activity);
}
static uint64_t by_idle(const struct conn_report *r, nanos now)
{
    return time_of(r->stopped > 0 ? r->idle : now - r->last_activity);
}
static uint64_t by_uptime(const struct conn_report *r, nanos now)
{
    return time_of(r->stopped > 0 ? r->uptime : now - r->started);
}
static uint64_t by_stop(const struct conn_report *r, nanos now)
{
    (void)now;
    return time_of(r->stopped);
}
static uint64_t by_rtt(const struct conn_report *r, nanos now)
{
    (void)now;
    return time_of(r->rtt);
}

/* In the order of their texts: how many reasons stand before this one. */
static uint64_t by_reason(const struct conn_report *r, nanos now)
{
    (void)now;
    static const enum close_reason all[] = {
#define X(name, text, err, status) CLOSE_##name,
        CLOSE_REASONS(X)
#undef X
    };
    const char *text = close_reason_text(r->reason);
    uint64_t before = 0;
    for (uint32_t i = 0; i < ARRAY_COUNT(all); i++)
        if (strcmp(close_reason_text(all[i]), text) < 0) before++;
    return before;
}

/* clang-format off */
static const struct connz_sort sorts[] = {
    { "cid",        by_cid,        false, false },
    { "start",      by_start,      false, false },
    { "subs",       by_subs,       true,  false },
    { "pending",    by_pending,    true,  false },
    { "msgs_to",    by_msgs_to,    true,  false },
    { "msgs_from",  by_msgs_from,  true,  false },
    { "bytes_to",   by_bytes_to,   true,  false },
    { "bytes_from", by_bytes_from, true,  false },
    { "last",       by_last,       true,  false },
    { "idle",       by_idle,       true,  false },
    { "uptime",     by_uptime,     false, false },
    { "stop",       by_stop,       true,  true  },
    { "reason",     by_reason,     false, true  },
    { "rtt",        by_rtt,        true,  false },
};
/* clang-format on */

const struct connz_sort *connz_sort_find(const char *name)
{
    if (name[0] == '\0') return &sorts[0];
    for (uint32_t i = 0; i < ARRAY_COUNT(sorts); i++)
        if (strcmp(sorts[i].name, name) == 0) return &sorts[i];
    return NULL;
}

uint64_t connz_sort_key(const struct connz_sort *s, const struct conn_report *r, nanos now)
{
    uint64_t value = s->value(r, now);
    return s->is_descending ? UINT64_MAX - value : value;
}

/* By one instant for all reactors, so that pages asked for one after the other fit together. */
static uint64_t key_of(const struct conn_report *r, const void *order)
{
    const struct connz_query *c = order;
    return connz_sort_key(c->sort, r, c->now);
}

uint64_t connz_page(uint64_t count, uint64_t offset, uint64_t limit, uint64_t *ret_from)
{
    *ret_from = offset < count ? offset : count;
    uint64_t left = count - *ret_from;
    return limit < left ? limit : left;
}

/* ---- fields ---- */

struct conn_row {
    uint64_t cid;
    const char *kind, *type, *ip;
    uint16_t port;
    nanos start, last_activity, stop;
    const char *reason, *rtt, *uptime, *idle;
    uint64_t pending_bytes, in_msgs, out_msgs, in_bytes, out_bytes, stalls, subscriptions;
    const char *name, *lang, *version, *tls_version, *tls_cipher_suite;
    struct json_array tls_peer_certs;
    bool tls_first;
    const char *authorized_user, *account;
    struct json_array subs, subs_detail;
    const char *issuer_key;
    const char *name_tag;
};

struct connz {
    const char *server_id;
    nanos now;
    uint64_t num_connections, total, offset, limit;
    struct json_array connections;
};

/* clang-format off */
static const struct json_field sub_row_fields[] = {
    { "account", JSON_AT(struct sub_row, account), JSON_TEXT, JSON_OMITEMPTY, NULL, "its account" },
    { "account_tag", JSON_AT(struct sub_row, account_tag), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "name of the account" },
    { "subject", JSON_AT(struct sub_row, subject), JSON_SLICE, 0, NULL, "what it subscribes to" },
    { "qgroup", JSON_AT(struct sub_row, queue), JSON_SLICE, JSON_OMITEMPTY, NULL, "queue group" },
    { "sid", JSON_AT(struct sub_row, sid), JSON_SLICE, 0, NULL, "the client's id for it" },
    { "msgs", JSON_AT(struct sub_row, msgs), JSON_U64, 0, NULL, "messages delivered" },
    { "max", JSON_AT(struct sub_row, max), JSON_U64, JSON_OMITEMPTY, NULL,
      "ends after so many messages" },
    { "cid", JSON_AT(struct sub_row, cid), JSON_U64, 0, NULL, "its connection" },
};
const struct json_table sub_row_table = JSON_TABLE(struct sub_row, sub_row_fields);

static const struct json_field cert_fields[] = {
    { "subject", JSON_AT(struct cert_report, subject), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "distinguished name" },
    { "spki_sha256", JSON_AT(struct cert_report, spki_sha256), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "hash of the public key" },
    { "cert_sha256", JSON_AT(struct cert_report, cert_sha256), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "hash of the certificate" },
};
static const struct json_table cert_table = JSON_TABLE(struct cert_report, cert_fields);

#define AT(field) JSON_AT(struct conn_row, field)
static const struct json_field conn_row_fields[] = {
    { "cid", AT(cid), JSON_U64, 0, NULL, "id of the connection" },
    { "kind", AT(kind), JSON_TEXT, JSON_OMITEMPTY, NULL, "Client" },
    { "type", AT(type), JSON_TEXT, JSON_OMITEMPTY, NULL, "nats or websocket" },
    { "ip", AT(ip), JSON_TEXT, 0, NULL, "address of the client" },
    { "port", AT(port), JSON_U16, 0, NULL, "port of the client" },
    { "start", AT(start), JSON_TIMESTAMP, 0, NULL, "when it connected" },
    { "last_activity", AT(last_activity), JSON_TIMESTAMP, 0, NULL,
      "last message or subscription" },
    { "stop", AT(stop), JSON_TIMESTAMP, JSON_OMITEMPTY, NULL, "when it closed" },
    { "reason", AT(reason), JSON_TEXT, JSON_OMITEMPTY, NULL, "why it closed" },
    { "rtt", AT(rtt), JSON_TEXT, JSON_OMITEMPTY, NULL, "round trip of the last ping" },
    { "uptime", AT(uptime), JSON_TEXT, 0, NULL, "age" },
    { "idle", AT(idle), JSON_TEXT, 0, NULL, "time since the last activity" },
    { "pending_bytes", AT(pending_bytes), JSON_U64, 0, NULL, "bytes that wait to be sent" },
    { "in_msgs", AT(in_msgs), JSON_U64, 0, NULL, "messages from the client" },
    { "out_msgs", AT(out_msgs), JSON_U64, 0, NULL, "messages to the client" },
    { "in_bytes", AT(in_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "out_bytes", AT(out_bytes), JSON_U64, 0, NULL, "their bytes" },
    { "stalls", AT(stalls), JSON_U64, JSON_OMITEMPTY, NULL,
      "how often it was held back for slow receivers" },
    { "subscriptions", AT(subscriptions), JSON_U64, 0, NULL, "how many" },
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "what the client calls itself" },
    { "lang", AT(lang), JSON_TEXT, JSON_OMITEMPTY, NULL, "language of its library" },
    { "version", AT(version), JSON_TEXT, JSON_OMITEMPTY, NULL, "version of its library" },
    { "tls_version", AT(tls_version), JSON_TEXT, JSON_OMITEMPTY, NULL, "1.2 or 1.3" },
    { "tls_cipher_suite", AT(tls_cipher_suite), JSON_TEXT, JSON_OMITEMPTY, NULL, "standard name" },
    { "tls_peer_certs", AT(tls_peer_certs), JSON_STRUCTS, JSON_OMITEMPTY, &cert_table,
      "with auth=1: what the client showed" },
    { "tls_first", AT(tls_first), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "TLS came before INFO" },
    { "authorized_user", AT(authorized_user), JSON_TEXT, JSON_OMITEMPTY, NULL, "with auth=1" },
    { "account", AT(account), JSON_TEXT, JSON_OMITEMPTY, NULL, "with auth=1; not for $G" },
    { "subscriptions_list", AT(subs), JSON_TEXTS, JSON_OMITEMPTY, NULL, "with subs=1" },
    { "subscriptions_list_detail", AT(subs_detail), JSON_STRUCTS, JSON_OMITEMPTY, &sub_row_table,
      "with subs=detail" },
    { "issuer_key", AT(issuer_key), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "with auth=1, of a client with an nkey: name of the account" },
    { "name_tag", AT(name_tag), JSON_TEXT, JSON_OMITEMPTY, NULL,
      "with auth=1: name of the account" },
};
#undef AT
static const struct json_table conn_row_table = JSON_TABLE(struct conn_row, conn_row_fields);

/* An account that does not exist has null for connections, others have a list. */
#define AT(field) JSON_AT(struct connz, field)
#define CONNZ_HEAD                                                                              \
    { "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" },                     \
    { "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" },                          \
    { "num_connections", AT(num_connections), JSON_U64, 0, NULL, "how many are listed" },       \
    { "total", AT(total), JSON_U64, 0, NULL, "how many there are" },                            \
    { "offset", AT(offset), JSON_U64, 0, NULL, "as asked" },                                    \
    { "limit", AT(limit), JSON_U64, 0, NULL, "as asked" }
static const struct json_field connz_fields[] = {
    CONNZ_HEAD,
    { "connections", AT(connections), JSON_STRUCTS, 0, &conn_row_table, "the connections" },
};
static const struct json_field connz_null_fields[] = {
    CONNZ_HEAD,
    { "connections", AT(connections), JSON_STRUCTS, JSON_NULL_IF_EMPTY, &conn_row_table, "none" },
};
#undef CONNZ_HEAD
#undef AT
const struct json_table connz_table = JSON_TABLE(struct connz, connz_fields);
static const struct json_table connz_null_table = JSON_TABLE(struct connz, connz_null_fields);
/* clang-format on */

struct sub_row sub_row_of(const struct sub_report *r, bool with_account)
{
    return (struct sub_row){
        .account = with_account ? r->account : NULL,
        .account_tag = with_account ? r->account : NULL,
        .subject = r->subject,
        .queue = r->queue,
        .sid = r->sid,
        .msgs = r->msgs,
        .max = r->max,
        .cid = r->cid,
    };
}

/* ---- the question ---- */

/* What a parameter may be: from 0 on; else `otherwise`. */
static uint64_t at_least(int64_t value, int64_t least, uint64_t otherwise)
{
    return value >= least ? (uint64_t)value : otherwise;
}

static enum connz_state state_of(struct query *q)
{
    static const struct {
        const char *name;
        enum connz_state state;
    } states[] = { { "", CONNZ_OPEN },
                   { "open", CONNZ_OPEN },
                   { "closed", CONNZ_CLOSED },
                   { "any", CONNZ_ALL },
                   { "all", CONNZ_ALL } };
    const char *text = query_text(q, "state");
    for (uint32_t i = 0; i < ARRAY_COUNT(states); i++)
        if (slice_equal_nocase(slice_str(text), slice_str(states[i].name))) return states[i].state;
    query_fail(q, arena_printf(q->arena, "Error decoding state for %s", text));
    return CONNZ_OPEN;
}

static const struct connz_sort *sort_of(struct query *q, enum connz_state state)
{
    const char *name = query_text(q, "sort");
    const struct connz_sort *sort = connz_sort_find(name);
    if (sort == NULL) {
        query_fail(q, arena_printf(q->arena, "invalid sorting option: %s", name));
        return &sorts[0];
    }
    if (sort->wants_closed && state != CONNZ_CLOSED)
        query_fail(q, arena_printf(q->arena, "sort by %s only valid on closed connections", name));
    return sort;
}

static void decode(struct query *q, struct connz_query *c)
{
    c->auth = query_bool(q, "auth");
    c->subs = query_bool_or_detail(q, "subs", &c->subs_detail);
    c->offset = at_least(query_int(q, "offset"), 0, 0);
    c->limit = at_least(query_int(q, "limit"), 1, CONNZ_LIMIT);
    c->cid = query_u64(q, "cid");
    c->state = state_of(q);
    c->user = query_text(q, "user");
    c->account = query_text(q, "acc");
    c->mqtt_client = query_text(q, "mqtt_client");
    c->sort = sort_of(q, c->state);
    if (c->cid > 0) c->limit = 1;
}

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static uint64_t sum_of(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void connz_collect_open(struct request *r, uint64_t max)
{
    r->connz = (struct connz_query){
        .sort = &sorts[0], .limit = max, .user = "", .account = "", .mqtt_client = ""
    };
    r->collection = (struct collection){
        .core = r->core, .what = COLLECT_CONNS, .max = max, .key = key_of, .order = &r->connz
    };
    collection_init(&r->collection);
}

bool connz_plan(struct request *r)
{
    struct connz_query *c = &r->connz;
    decode(&r->query, c);
    c->now = r->now;
    if (request_failed(r)) return false;
    r->collection = (struct collection){
        .core = r->core,
        .what = COLLECT_CONNS,
        .account = text_or_null(c->account),
        .user = text_or_null(c->user),
        .cid = c->cid,
        .max = c->mqtt_client[0] != '\0' ? 0 : sum_of(c->offset, c->limit),
        .with_certs = c->auth,
        .with_subs = c->subs,
        .key = key_of,
        .order = c,
    };
    collection_init(&r->collection);
    return c->state != CONNZ_CLOSED;
}

/* ---- the answer ---- */

static const char *type_of(enum listener_kind kind)
{
    return kind == LISTENER_WEBSOCKET ? "websocket" : "nats";
}

/* Below a millisecond whole microseconds. */
static const char *rtt_text(struct request *r, nanos rtt)
{
    char text[GOTIME_TEXT_SIZE];
    if (rtt >= MICROSECOND && rtt < MILLISECOND) rtt -= rtt % MICROSECOND;
    return arena_str(r->arena, slice_str(gotime_duration_text(rtt, text)));
}

static const char *ip_text(struct request *r, const struct conn_report *c)
{
    char text[NET_ADDR_TEXT];
    if (!c->addr_known) return "";
    return arena_str(r->arena, slice_str(net_addr_ip_text(&c->addr, text)));
}

static void add_subs(struct request *r, const struct conn_report *c, struct conn_row *row)
{
    uint32_t count = c->subs_listed;
    if (!r->connz.subs || count == 0) return;
    if (r->connz.subs_detail) {
        struct sub_row *rows = arena_alloc(r->arena, count * sizeof *rows);
        for (uint32_t i = 0; i < count; i++) rows[i] = sub_row_of(&c->subs[i], c->stopped > 0);
        row->subs_detail = (struct json_array){ rows, count };
        return;
    }
    const char **texts = arena_alloc(r->arena, count * sizeof *texts);
    for (uint32_t i = 0; i < count; i++) texts[i] = arena_str(r->arena, c->subs[i].subject);
    row->subs = (struct json_array){ texts, count };
}

static void add_auth(const struct conn_report *c, struct conn_row *row)
{
    row->tls_peer_certs = (struct json_array){ c->certs, c->certs_count };
    row->authorized_user = c->user;
    if (c->is_nkey) row->issuer_key = c->account;
    bool is_global = c->account == NULL || strcmp(c->account, GLOBAL_ACCOUNT) == 0;
    if (!is_global) row->account = c->account;
    if (!is_global || c->stopped == 0) row->name_tag = c->account;
}

static void row_of(struct request *r, const struct conn_report *c, struct conn_row *row)
{
    *row = (struct conn_row){
        .cid = c->cid,
        .kind = "Client",
        .type = type_of(c->kind),
        .ip = ip_text(r, c),
        .port = c->addr_known ? c->addr.port : 0,
        .start = c->started,
        .last_activity = c->last_activity,
        .stop = c->stopped,
        .reason = c->stopped > 0 ? close_reason_text(c->reason) : NULL,
        .rtt = rtt_text(r, c->rtt),
        .uptime = request_uptime(r, c->uptime),
        .idle = request_uptime(r, c->idle),
        .pending_bytes = c->pending_bytes,
        .in_msgs = c->in_msgs,
        .out_msgs = c->out_msgs,
        .in_bytes = c->in_bytes,
        .out_bytes = c->out_bytes,
        .stalls = c->stalls,
        .subscriptions = c->subs_count,
        .name = c->name,
        .lang = c->lang,
        .version = c->version,
        .tls_version = c->tls_version,
        .tls_cipher_suite = c->tls_cipher,
        .tls_first = c->tls_first,
    };
    if (r->connz.auth) add_auth(c, row);
    add_subs(r, c, row);
}

static void add_closed(struct request *r)
{
    struct closed_conn **list;
    uint32_t count = closed_ring_list(r->core->closed, &list);
    for (uint32_t i = 0; i < count; i++) {
        collection_offer(&r->collection, list[i]->report);
        closed_conn_unref(list[i]);
    }
    xfree(list);
}

static bool account_exists(const struct request *r)
{
    const char *name = r->connz.account;
    return name[0] == '\0' || accounts_find(r->core->accounts, slice_str(name)) != NULL;
}

void connz_serve(struct request *r)
{
    struct connz_query *c = &r->connz;
    struct top *top = &r->collection.top;
    if (c->state != CONNZ_OPEN) add_closed(r);
    top_sort(top);
    uint64_t from;
    uint64_t count = connz_page(top->count, c->offset, c->limit, &from);
    struct conn_row *rows = arena_alloc(r->arena, (count + 1) * sizeof *rows);
    for (uint64_t i = 0; i < count; i++) {
        struct conn_item *item = top->at[from + i];
        conn_item_sort_subs(item);
        row_of(r, item->report, &rows[i]);
    }
    struct connz z = {
        .server_id = r->core->identity.id,
        .now = r->now,
        .num_connections = count,
        .total = r->collection.total,
        .offset = c->offset,
        .limit = c->limit,
        .connections = { rows, (uint32_t)count },
    };
    request_json(r, account_exists(r) ? &connz_table : &connz_null_table, &z);
}
