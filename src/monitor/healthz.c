/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/healthz.h"

#include "base/assert.h"
#include "monitor/request.h"
#include "stream/js_report.h"

struct health_error {
    const char *type, *account, *stream, *consumer;
    const char *error;
};

struct health {
    const char *status;
    const char *error;
    struct json_array errors;
};

/* clang-format off */
#define AT(field) JSON_AT(struct health_error, field)
static const struct json_field error_fields[] = {
    { "type", AT(type), JSON_TEXT, 0, NULL,
      "CONNECTION, BAD_REQUEST, JETSTREAM, ACCOUNT, STREAM or CONSUMER" },
    { "account", AT(account), JSON_TEXT, JSON_OMITEMPTY, NULL, "account" },
    { "stream", AT(stream), JSON_TEXT, JSON_OMITEMPTY, NULL, "stream" },
    { "consumer", AT(consumer), JSON_TEXT, JSON_OMITEMPTY, NULL, "consumer" },
    { "error", AT(error), JSON_TEXT, JSON_OMITEMPTY, NULL, "what is wrong" },
};
#undef AT
static const struct json_table error_table = JSON_TABLE(struct health_error, error_fields);

#define AT(field) JSON_AT(struct health, field)
static const struct json_field health_fields[] = {
    { "status", AT(status), JSON_TEXT, 0, NULL, "ok, unavailable or error" },
    { "error", AT(error), JSON_TEXT, JSON_OMITEMPTY, NULL, "what is wrong" },
    { "errors", AT(errors), JSON_STRUCTS, JSON_OMITEMPTY, &error_table,
      "with details=1: all that is wrong" },
};
#undef AT
static const struct json_table health_table = JSON_TABLE(struct health, health_fields);
/* clang-format on */

struct verdict {
    int                 code;           /* 200: all is well */
    const char         *status;         /* without details */
    struct health_error error;
    struct json_array   all;            /* struct health_error; empty: the one */
};

/* What is asked about; "" when it is not named. */
struct subject_of_health {
    const char *account, *stream, *consumer;
};

static struct subject_of_health asked(const struct request *r)
{
    return (struct subject_of_health){ query_text(&r->query, "account"),
                                       query_text(&r->query, "stream"),
                                       query_text(&r->query, "consumer") };
}

static bool is_set(const char *text)
{
    return text[0] != '\0';
}

static const char *const js_flags[] = { "js-enabled", "js-enabled-only", "js-server-only",
                                        "js-meta-only" };

/* Only whether JetStream runs, whatever else is named. */
static bool asks_for_server(struct request *r)
{
    bool asks = false;
    for (uint32_t i = 0; i < ARRAY_COUNT(js_flags); i++) asks |= query_bool(&r->query, js_flags[i]);
    return asks;
}

bool healthz_plan(struct request *r)
{
    struct subject_of_health a = asked(r);
    bool is_server = asks_for_server(r);
    (void)query_bool(&r->query, "details");
    if (request_failed(r)) return false;
    r->wants_js = true;
    r->js.with_accounts = !is_server && is_set(a.account);
    r->js.with_streams = !is_server && is_set(a.stream);
    r->js.with_consumers = !is_server && is_set(a.consumer);
    r->js.account = is_set(a.account) ? a.account : NULL;
    r->js.stream = is_set(a.stream) ? a.stream : NULL;
    r->js.limit = UINT32_MAX;
    return false;
}

static struct verdict bad_request(const char *text)
{
    return (struct verdict){ .code = 400,
                             .status = "error",
                             .error = { .type = "BAD_REQUEST", .error = text } };
}

static struct verdict unavailable(const char *text)
{
    return (struct verdict){ .code = 503,
                             .status = "unavailable",
                             .error = { .type = "JETSTREAM", .error = text } };
}

/* A lame duck goes away: who balances load must send nobody here. As nats-server, which has tried
 * for a millisecond to find its listener ready. */
static struct verdict not_ready(void)
{
    static const char text[] = "failed to be ready for connections after 1ms: server";
    return (struct verdict){ .code = 500,
                             .status = "error",
                             .error = { .type = "CONNECTION", .error = text } };
}

static struct verdict missing(struct health_error error)
{
    return (struct verdict){ .code = 404, .status = "unavailable", .error = error };
}

static bool has_consumer(const struct js_report_stream *s, const char *name)
{
    const struct consumer_info *all = s->consumers.items;
    for (uint32_t i = 0; i < s->consumers.count; i++)
        if (strcmp(all[i].name, name) == 0) return true;
    return false;
}

/* Is what was named there? An account without streams counts as one that is not, as on
 * nats-server. */
static struct verdict find_named(struct request *r, const struct subject_of_health *a)
{
    const struct js_report *js = &r->js;
    struct health_error e = { "ACCOUNT", a->account, NULL, NULL, NULL };
    const struct js_report_account *account = js->accounts_count > 0 ? &js->accounts[0] : NULL;
    if (account == NULL || account->streams_total == 0) {
        e.error = arena_printf(r->arena, "JetStream account \"%s\" not found", a->account);
        return missing(e);
    }
    if (is_set(a->stream) && account->streams_count == 0) {
        e.type = "STREAM";
        e.stream = a->stream;
        e.error = arena_printf(r->arena, "JetStream stream \"%s\" not found on account \"%s\"",
                               a->stream, a->account);
        return missing(e);
    }
    if (is_set(a->consumer) && !has_consumer(&account->streams[0], a->consumer)) {
        e = (struct health_error){ "CONSUMER", a->account, a->stream, a->consumer, NULL };
        e.error = arena_printf(r->arena,
                               "JetStream consumer \"%s\" not found for stream \"%s\" on account "
                               "\"%s\"",
                               a->consumer, a->stream, a->account);
        return missing(e);
    }
    return (struct verdict){ .code = 200 };
}

static void add_ill(struct request *r, const struct js_report_ill *ill, const char *error,
                    struct verdict *to)
{
    struct health_error *e = arena_push(r->arena, &to->all.items, &to->all.count, sizeof *e);
    assert(ill->stream != NULL && error != NULL);
    *e = (struct health_error){ "STREAM", ill->account, ill->stream, NULL, error };
}

/* Streams that take no more messages, then those that have lost some: they are served to nobody,
 * all others are. */
static struct verdict find_ill(struct request *r)
{
    const struct js_report_sums *s = &r->js.sums;
    struct verdict v = { .code = 200 };
    for (uint32_t i = 0; i < s->ill_count; i++)
        if (s->ill[i].failure != ERR_OK)
            add_ill(r, &s->ill[i],
                    arena_printf(r->arena, "JetStream stream '%s > %s' has a write error: %s",
                                 s->ill[i].account, s->ill[i].stream, err_text(s->ill[i].failure)),
                    &v);
    for (uint32_t i = 0; i < s->ill_count; i++)
        if (s->ill[i].damaged != NULL)
            add_ill(r, &s->ill[i],
                    arena_printf(r->arena, "JetStream stream '%s > %s' has damaged messages: %s",
                                 s->ill[i].account, s->ill[i].stream, s->ill[i].damaged),
                    &v);
    if (v.all.count == 0) return v;
    v.code = 503;
    v.status = "unavailable";
    v.error = *(const struct health_error *)v.all.items;
    return v;
}

/* The server, and JetStream as a whole. */
static struct verdict judge_server(struct request *r)
{
    bool is_on = r->facts->options->jetstream.enabled, is_served = r->facts->jetstream != NULL;
    if (atomic_load(&r->core->is_lame_duck)) return not_ready();
    if (is_on && !is_served) return unavailable("JetStream is not served");
    if (is_on && r->js.sums.is_failed)
        return unavailable("JetStream's journal has failed: write error");
    if (is_on && r->js.sums.is_full) return unavailable("JetStream's disk is full");
    return (struct verdict){ .code = 200 };
}

const char *healthz_status(struct request *r, bool server_only)
{
    struct verdict v = judge_server(r);
    if (v.code == 200 && !server_only) v = find_ill(r);
    assert(v.code == 200 || v.status != NULL);
    return v.code == 200 ? "ok" : v.status;
}

static struct verdict judge(struct request *r)
{
    struct subject_of_health a = asked(r);
    if (is_set(a.stream) && !is_set(a.account))
        return bad_request("\"account\" must not be empty when checking stream health");
    if (is_set(a.consumer) && !is_set(a.stream))
        return bad_request("\"stream\" must not be empty when checking consumer health");
    struct verdict v = judge_server(r);
    bool is_on = r->facts->options->jetstream.enabled;
    if (v.code != 200 || asks_for_server(r) || !is_on) return v;
    if (is_set(a.account)) v = find_named(r, &a);
    return v.code == 200 ? find_ill(r) : v;
}

void healthz_serve(struct request *r)
{
    struct verdict v = judge(r);
    bool details = query_bool(&r->query, "details"), is_bad = v.code != 200;
    struct health z = { .status = is_bad ? v.status : "ok" };
    if (is_bad && details) {
        z.status = "error";
        z.errors = v.all.count > 0 ? v.all : (struct json_array){ &v.error, 1 };
    } else if (is_bad) {
        z.error = v.error.error;
    }
    struct buf body = { 0 };
    struct json_writer w = json_writer_on(&body, JSON_COMPACT);
    json_table_write(&health_table, &z, &w);
    request_json_body(r, v.code, &body);
}
