/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/advisory.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/report.h"
#include "core/session.h"
#include "core/sub_watch.h"
#include "stream/advisory_rows.h"
#include "stream/api_info.h"

/* ---- who called ---- */

/* clang-format off */
struct client_info {
    nanos start, rtt;
    const char *host, *account, *user, *name, *lang, *version, *server, *kind, *type;
    uint64_t id;
};
#define AT(field) JSON_AT(struct client_info, field)
#define ROW(key, field, kind, text) { key, AT(field), kind, JSON_OMITEMPTY, NULL, text }
static const struct json_field client_fields[] = {
    ROW("start", start, JSON_TIMESTAMP, "when it connected"),
    ROW("host", host, JSON_TEXT, "its address"),
    ROW("id", id, JSON_U64, "id of the connection"),
    ROW("acc", account, JSON_TEXT, "account"),
    ROW("user", user, JSON_TEXT, "user"),
    ROW("name", name, JSON_TEXT, "what it calls itself"),
    ROW("lang", lang, JSON_TEXT, "library"),
    ROW("ver", version, JSON_TEXT, "its version"),
    ROW("rtt", rtt, JSON_NANOS, "round trip"),
    ROW("server", server, JSON_TEXT, "where it is connected"),
    ROW("kind", kind, JSON_TEXT, "kind of the connection"),
    ROW("client_type", type, JSON_TEXT, "protocol"),
};
#undef ROW
#undef AT
static const struct json_table client_table = JSON_TABLE(struct client_info, client_fields);
/* clang-format on */

static void client_write(const struct session *s, struct arena *arena, struct buf *out)
{
    struct conn_report report;
    char host[NET_ADDR_TEXT];
    conn_report_of(s, 0, arena, &report);
    const struct client_info info = {
        .start = report.started,
        .host = report.addr_known ? net_addr_ip_text(&report.addr, host) : NULL,
        .id = report.cid,
        .account = report.account,
        .user = report.user,
        .name = report.name,
        .lang = report.lang,
        .version = report.version,
        .rtt = report.rtt,
        .server = s->home->core->identity.name,
        .kind = "Client",
        .type = report.kind == LISTENER_WEBSOCKET ? "websocket" : "nats",
    };
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    json_table_write(&client_table, &info, &w);
}

/* A stream calls for itself: the consumer of a source. It is as old as the server. */
static void own_client_write(const struct js_account *a, struct buf *out)
{
    const struct core *core = a->js->core;
    const struct client_info info = {
        .start = core->started_wall,
        .account = a->account->name,
        .server = core->identity.name,
        .kind = "JetStream",
    };
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    assert(!a->is_system);
    json_table_write(&client_table, &info, &w);
}

/* Of one that is gone its account is known, and nothing else is promised by the schemas. */
static void gone_client_write(const struct js_account *a, struct buf *out)
{
    const struct client_info info = { .account = a->account->name,
                                      .server = a->js->core->identity.name };
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    assert(info.account != NULL);
    json_table_write(&client_table, &info, &w);
}

/* ---- sending ---- */

static void put(struct js_account *to, const struct advisory_row *row,
                const struct advisory_event *e)
{
    struct buf subject = { 0 }, body = { 0 };
    assert(to != NULL);
    buf_add_str(&subject, row->subject);
    if (e->facts.stream.len > 0) buf_printf(&subject, ".%.*s", SLICE_ARGS(e->facts.stream));
    if (e->facts.consumer.len > 0) buf_printf(&subject, ".%.*s", SLICE_ARGS(e->facts.consumer));
    if (account_wants(to->js->home, to->account, buf_slice(&subject))) {
        struct json_writer w = json_writer_on(&body, JSON_COMPACT);
        json_table_write(row->table, e, &w);
        struct slice none = { 0 };
        (void)deliver_internal(to->js->home, to->account, buf_slice(&subject), none, none,
                               buf_slice(&body));
    }
    buf_deinit(&subject);
    buf_deinit(&body);
}

/* One that is told, with all that it borrows while it waits for its client. */
struct advice {
    struct mail           mail;
    struct jetstream     *js;
    struct js_account    *account;
    enum advisory         which;
    struct arena         *arena;
    struct buf            client;
    char                  id[NUID_LEN + 1];
    struct advisory_event event;
};

static void advice_put(struct advice *a)
{
    struct advisory_row row = advisory_row(a->which);
    struct js_account *system = js_account_system(a->js);
    const char *name = a->account != NULL ? a->account->account->name : NULL;
    a->event.client = a->client.len > 0 ? buf_slice(&a->client) : SLICE_LIT("null");
    a->event.account = row.flags & ADVISORY_NAMES_ACCOUNT ? name : NULL;
    if (!(row.flags & ADVISORY_TO_SYSTEM)) put(a->account, &row, &a->event);
    if (!(row.flags & (ADVISORY_TO_SYSTEM | ADVISORY_TO_BOTH))) return;
    if (system == NULL || (system == a->account && !(row.flags & ADVISORY_TO_SYSTEM))) return;
    a->event.account = name;
    put(system, &row, &a->event);
}

static void advice_deinit(struct advice *a)
{
    a->arena = arena_free(a->arena);
    buf_deinit(&a->client);
}

static void come_home(struct mail *mail, struct reactor *r)
{
    struct advice *a = container_of(mail, struct advice, mail);
    assert(a->js->home->reactor == r);
    uint32_t before = atomic_fetch_sub(&a->js->away, 1);
    assert(before > 0);
    advice_put(a);
    advice_deinit(a);
    xfree(a);
}

/* On the client's reactor; it may be gone. */
static void ask(struct mail *mail, struct reactor *r)
{
    struct advice *a = container_of(mail, struct advice, mail);
    const struct session *s = session_find(core_reactor_of(r), a->event.facts.origin);
    assert(a->client.len == 0);
    if (s != NULL) client_write(s, a->arena, &a->client);
    else gone_client_write(a->account, &a->client);
    a->mail.run = come_home;
    reactor_post(a->js->home->reactor, &a->mail);
}

static void keep(struct advice *a)
{
    struct advisory_facts *f = &a->event.facts;
    struct slice *const texts[] = { &f->stream,   &f->consumer, &f->reason, &f->group,
                                    &f->pinned_id, &f->batch,   &f->request, &f->response,
                                    &f->subject,  &f->error };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) *texts[i] = arena_slice(a->arena, *texts[i]);
    if (f->state == NULL) return;
    struct stream_state *copy = arena_alloc(a->arena, sizeof *copy);
    json_table_copy(&stream_state_table, f->state, a->arena, copy);
    f->state = copy;
}

/* Who it is stands on another reactor: the advisory goes there and comes back. */
static void send_later(const struct advice *from)
{
    struct advice *a = xalloc(sizeof *a);
    struct jetstream *js = from->js;
    uint32_t where = (uint32_t)(from->event.facts.origin % REACTORS_MAX);
    assert(where < js->core->reactors->count);
    *a = *from;
    a->arena = arena_new();
    a->event.id = a->id;
    a->mail.run = ask;
    keep(a);
    (void)atomic_fetch_add(&js->away, 1);
    reactor_post(js->core->reactors->at[where], &a->mail);
}

/* Somebody hears what is said to this account; exact enough to save most of the work. */
static bool is_heard(struct js_account *a, const struct advisory_row *row,
                     const struct advisory_facts *f)
{
    uint8_t text[1024];
    struct slice parts[] = { slice_str(row->subject), f->stream, f->consumer };
    uint32_t len = 0;
    assert(a != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (parts[i].len == 0) continue;
        if (len + 1 + parts[i].len > sizeof text) return true;
        if (i > 0) text[len++] = '.';
        memcpy(text + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    return account_wants(a->js->home, a->account, slice_of(text, len));
}

static void tell(struct jetstream *js, struct js_account *account, enum advisory which,
                 const struct advisory_facts *facts)
{
    struct advisory_row row = advisory_row(which);
    assert((account != NULL) || (row.flags & ADVISORY_TO_SYSTEM));
    bool is_plain = !(row.flags & (ADVISORY_TO_SYSTEM | ADVISORY_TO_BOTH));
    if (is_plain && !is_heard(account, &row, facts)) return;
    struct advice a = { .js = js, .account = account, .which = which };
    nuid_next(&js->nuid, a.id);
    a.event = (struct advisory_event){
        .type = row.type,
        .id = a.id,
        .domain = js->options->jetstream.domain,
        .server = js->core->identity.name,
        .server_id = js->core->identity.id,
        .cluster = js->core->identity.cluster,
        .timestamp = js->home->reactor->wall,
        .facts = *facts,
    };
    bool is_system = account == NULL || account->is_system;
    bool has_client = (row.flags & ADVISORY_OF_CLIENT) != 0 && !is_system;
    if (has_client && facts->origin != 0) {
        send_later(&a);
        return;
    }
    if (has_client) own_client_write(account, &a.client);
    else if (facts->has_client && is_system) buf_add_str(&a.client, "{}");
    advice_put(&a);
    advice_deinit(&a);
}

void advise(struct js_account *account, enum advisory which, const struct advisory_facts *facts)
{
    assert(account != NULL);
    tell(account->js, account, which, facts);
}

void advise_server(struct jetstream *js, enum advisory which, const struct advisory_facts *facts)
{
    assert(advisory_row(which).flags & ADVISORY_TO_SYSTEM);
    tell(js, NULL, which, facts);
}
