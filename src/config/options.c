/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include <string.h>

#include "base/assert.h"

enum {
    CLIENT_PORT = 4222,
    ROUTE_POOL_SIZE = 3,
    ERROR_REPORTS_FIRST = 3600,         /* about once an hour, at one attempt a second */
    ERROR_REPORTS_AGAIN = 1,
};

static void defaults_set(struct options *o)
{
    o->client.port = CLIENT_PORT;
    o->logging.logtime = true;
    o->monitoring.http_base_path = "/";
    o->limits = (struct limit_options){
        .max_payload = (int64_t)MIB,
        .max_control_line = 4096,
        .max_pending = (int64_t)(64 * MIB),
        .max_connections = 65536,
        .max_closed_clients = 10000,
    };
    o->ping_interval = 2 * MINUTE;
    o->ping_max = 2;
    o->write_deadline = 10 * SECOND;
    o->lame_duck_duration = 2 * MINUTE;
    o->lame_duck_grace_period = 10 * SECOND;
    o->connect_error_reports = ERROR_REPORTS_FIRST;
    o->reconnect_error_reports = ERROR_REPORTS_AGAIN;
    o->jetstream.memory_max = -1;
    o->jetstream.store_max = -1;
    o->jetstream.strict = true;
    o->midge.store_cache = (int64_t)(256 * MIB);
    o->midge.max_unauthenticated_per_address = 16384;   /* docs/decisions/006 */
}

struct options *options_new(void)
{
    struct arena *arena = arena_new();
    struct options *o = arena_alloc(arena, sizeof(*o));
    o->arena = arena;
    defaults_set(o);
    return o;
}

struct options *options_free(struct options *o)
{
    if (o != NULL) arena_free(o->arena);    /* `o` itself lives in it */
    return NULL;
}

static void default_i64(int64_t *value, int64_t otherwise)
{
    if (*value == 0) *value = otherwise;
}

static void default_i32(int32_t *value, int32_t otherwise)
{
    if (*value == 0) *value = otherwise;
}

static void tls_finish(struct tls_options *tls)
{
    if (tls->present) default_i64(&tls->timeout, 2 * SECOND);
}

static void links_finish(struct options *o)
{
    nanos route_ping = o->ping_interval < 30 * SECOND ? o->ping_interval : 30 * SECOND;
    default_i64(&o->cluster.ping_interval, route_ping);
    default_i32(&o->cluster.ping_max, o->ping_max);
    default_i32(&o->cluster.pool_size, ROUTE_POOL_SIZE);
    default_i64(&o->cluster.write_deadline, o->write_deadline);
    default_i64(&o->gateway.write_deadline, o->write_deadline);
    default_i64(&o->leafnodes.write_deadline, o->write_deadline);
    default_i64(&o->leafnodes.reconnect_interval, SECOND);
    default_i64(&o->leafnodes.dial_timeout, SECOND);

    struct tls_options *blocks[] = {
        &o->tls, &o->websocket.tls, &o->mqtt.tls, &o->cluster.tls,
        &o->gateway.tls, &o->leafnodes.tls, &o->resolver.tls,
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) tls_finish(blocks[i]);
}

/* Templates leave empty texts: they mean what a missing key means. */
static void empty_finish(struct options *o)
{
    const char **const texts[] = {
        &o->client.host,
        &o->client.advertise,
        &o->monitoring.host,
        &o->logging.file,
        &o->logging.remote_syslog,
        &o->pid_file,
        &o->ports_file_dir,
        &o->no_auth_user,
        &o->system_account,
        &o->authorization.user,
        &o->authorization.token,
        &o->websocket.listen.host,
        &o->websocket.listen.advertise,
        &o->websocket.authorization.user,
        &o->websocket.authorization.token,
        &o->websocket.no_auth_user,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (*texts[i] != NULL && **texts[i] == '\0') *texts[i] = NULL;
    if (o->authorization.user == NULL && o->authorization.token == NULL)
        o->authorization.pass = NULL;
}

static void jetstream_finish(struct jetstream_options *j)
{
    default_i64(&j->request_queue_limit, 10000);
    default_i64(&j->info_queue_limit, j->request_queue_limit);
    default_i64(&j->concurrent_io_max, 4096);
}

void options_finish(struct options *o)
{
    assert(o != NULL);
    empty_finish(o);
    default_i32(&o->client.port, CLIENT_PORT);
    default_i64(&o->limits.max_payload, (int64_t)MIB);
    default_i64(&o->limits.max_control_line, 4096);
    default_i64(&o->limits.max_pending, (int64_t)(64 * MIB));
    if (o->limits.max_connections <= 0) o->limits.max_connections = -1;
    default_i64(&o->limits.max_closed_clients, 10000);
    jetstream_finish(&o->jetstream);
    default_i64(&o->ping_interval, 2 * MINUTE);
    default_i32(&o->ping_max, 2);
    default_i64(&o->write_deadline, 10 * SECOND);
    default_i64(&o->lame_duck_duration, 2 * MINUTE);
    default_i64(&o->lame_duck_grace_period, 10 * SECOND);
    default_i32(&o->connect_error_reports, ERROR_REPORTS_FIRST);
    default_i32(&o->reconnect_error_reports, ERROR_REPORTS_AGAIN);
    if (o->logging.trace_verbose || o->logging.trace_headers) o->logging.trace = true;
    links_finish(o);
}

static bool users_any(const struct authorization_options *a)
{
    return a->users.count + a->nkeys.count > 0;
}

bool options_auth_required(const struct options *o)
{
    const struct authorization_options *a = &o->authorization;
    if (a->user != NULL || a->token != NULL || users_any(a) || a->auth_callout.present) return true;
    if (o->trust.operators.count + o->trust.trusted_keys.count > 0) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        const struct account_options *account = &o->accounts[i];
        if (account->users.count + account->nkeys.count > 0) return true;
    }
    return false;
}

static bool list_has(const struct user_list *users, const char *name, bool is_nkey)
{
    for (uint32_t i = 0; i < users->count; i++)
        if (strcmp(is_nkey ? users->items[i].nkey : users->items[i].name, name) == 0) return true;
    return false;
}

bool options_user_exists(const struct options *o, const char *name)
{
    const struct authorization_options *a = &o->authorization;
    if (list_has(&a->users, name, false) || list_has(&a->nkeys, name, true)) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++) {
        const struct account_options *account = &o->accounts[i];
        if (list_has(&account->users, name, false) || list_has(&account->nkeys, name, true))
            return true;
    }
    return false;
}

const struct account_options *options_account(const struct options *o, const char *name)
{
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (strcmp(o->accounts[i].name, name) == 0) return &o->accounts[i];
    return NULL;
}
