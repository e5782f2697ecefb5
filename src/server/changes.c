/* SPDX-License-Identifier: Apache-2.0 */
#include "server/changes.h"

#include <string.h>

#include "base/units.h"
#include "json/gotime.h"
#include "server/streams.h"

static const nanos TIMEOUT = 2 * SECOND;            /* of a handshake, and of a login without TLS */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static double seconds(nanos n)
{
    return (double)n / (double)SECOND;
}

/* --- what needs more than one key --- */

static nanos tls_timeout(const struct options *o)
{
    return o->tls.present ? o->tls.timeout : TIMEOUT;
}

static nanos login_timeout(const struct options *o)
{
    if (o->authorization.timeout > 0) return o->authorization.timeout;
    return o->tls.present ? o->tls.timeout + SECOND : TIMEOUT;
}

static bool any_nkeys(const struct options *o)
{
    if (o->authorization.nkeys.count > 0) return true;
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (o->accounts[i].nkeys.count > 0) return true;
    return false;
}

/* Users and accounts are applied at every reload, changed or not. */
static void tell_users(struct log *log, const struct changes *c)
{
    const struct authorization_options *a = &c->old->authorization, *b = &c->new->authorization;
    bool nkeys = any_nkeys(c->old) || any_nkeys(c->new);
    if (nkeys && (reload_has(c->diff, "authorization") || reload_has(c->diff, "accounts")))
        log_info(log, "Reloaded: authorization nkey users");
    log_info(log, "Reloaded: authorization users");
    log_info(log, "Reloaded: accounts");
    if (!same(a->user, b->user)) log_info(log, "Reloaded: authorization username");
    if (!same(a->pass, b->pass)) log_info(log, "Reloaded: authorization password");
    if (!same(a->token, b->token)) log_info(log, "Reloaded: authorization token");
}

/* It follows from the TLS timeout, too. */
static void tell_login_timeout(struct log *log, const struct changes *c)
{
    if (login_timeout(c->old) != login_timeout(c->new))
        log_info(log, "Reloaded: authorization timeout = %g", seconds(login_timeout(c->new)));
}

static bool is_of_its_own(const char *key)
{
    static const char *const keys[] = { "tls.timeout", "tls.handshake_first", "tls.pinned_certs" };
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        if (strcmp(keys[i], key) == 0) return true;
    return false;
}

static void tell_tls(struct log *log, const struct changes *c)
{
    const struct tls_options *a = &c->old->tls, *b = &c->new->tls;
    char text[GOTIME_TEXT_SIZE];
    bool certificates = a->present != b->present;
    for (uint32_t i = 0; i < c->diff->count; i++) {
        const char *key = c->diff->items[i].key;
        certificates |= strncmp(key, "tls.", 4) == 0 && !is_of_its_own(key);
    }
    if (certificates) log_info(log, "Reloaded: tls = %s", b->present ? "enabled" : "disabled");
    if (tls_timeout(c->old) != tls_timeout(c->new))
        log_info(log, "Reloaded: tls timeout = %g", seconds(tls_timeout(c->new)));
    if (reload_has(c->diff, "tls.pinned_certs"))
        log_info(log, "Reloaded: %u pinned_certs", b->pinned_certs.count);
    if (a->handshake_first != b->handshake_first)
        log_info(log, "Reloaded: Client TLS handshake first: %s",
                 b->handshake_first ? "true" : "false");
    if (a->handshake_first_fallback != b->handshake_first_fallback)
        log_info(log, "Reloaded: Client TLS handshake first fallback delay: %s",
                 gotime_duration_text(b->handshake_first_fallback, text));
}

static void tell_stall(struct log *log, const struct changes *c)
{
    if (reload_has(c->diff, "no_fast_producer_stall"))
        log_info(log, "Reloaded: fast producers will %sbe stalled",
                 c->new->no_fast_producer_stall ? "not " : "");
}

/* Storage only grows (config/reload.c); keys of links between servers are not told. */
static void tell_jetstream(struct log *log, const struct changes *c)
{
    const struct jetstream_options *j = &c->new->jetstream;
    char size[32];
    bool is_turned = j->enabled != c->old->jetstream.enabled;
    bool has_sizes = j->enabled && !is_turned;
    if (is_turned) log_info(log, "Reloaded: JetStream");
    if (has_sizes && reload_has(c->diff, "jetstream.max_memory_store"))
        log_info(log, "Reloaded: JetStream max_mem_store = %s",
                 streams_size_text(j->memory_max, size));
    if (has_sizes && reload_has(c->diff, "jetstream.max_file_store"))
        log_info(log, "Reloaded: JetStream max_file_store = %s",
                 streams_size_text(j->store_max, size));
    if (reload_has(c->diff, "jetstream.limits")) log_info(log, "Reloaded: JetStream limits");
}

static void tell_cluster(struct log *log, const struct changes *c)
{
    if (reload_has(c->diff, "cluster")) log_info(log, "Reloaded: cluster");
}

static void tell_pid_file(struct log *log, const struct changes *c)
{
    if (reload_has(c->diff, "pidfile") && c->new->pid_file != NULL)
        log_info(log, "Reloaded: pid_file = %s", c->new->pid_file);
}

static void tell_advertise(struct log *log, const struct changes *c)
{
    const char *now = c->new->client.advertise;
    if (reload_has(c->diff, "client_advertise"))
        log_info(log, "Reload: client_advertise = %s", now == NULL ? "" : now);
}

/* --- all lines, in the order of nats-server --- */

/* One of: `tell`, or a key whose value is told under `name`, or without a value. */
struct words {
    const char *key;
    const char *name;                   /* NULL: the key; "": another line tells it */
    bool        is_bare;
    void (*tell)(struct log *, const struct changes *);
};

static const struct words lines[] = {
    { .key = "client_advertise", .tell = tell_advertise },
    { .key = "trace" },
    { .key = "debug" },
    { .key = "trace_verbose" },
    { .key = "trace_headers" },
    { .key = "logtime" },
    { .key = "logtime_utc" },
    { .key = "max_connections" },
    { .key = "authorization", .tell = tell_users },
    { .key = "accounts", .name = "" },  /* told with the users */
    { .key = "mappings", .name = "" },  /* belong to the account $G */
    { .key = "ping_interval" },
    { .key = "ping_max" },
    { .key = "authorization", .tell = tell_login_timeout },
    { .key = "max_control_line" },
    { .key = "max_payload" },
    { .key = "no_fast_producer_stall", .tell = tell_stall },
    { .key = "jetstream", .tell = tell_jetstream },
    { .key = "store_dir", .name = "" }, /* changes only where there is no JetStream */
    { .key = "cluster", .tell = tell_cluster },
    { .key = "pidfile", .tell = tell_pid_file },
    { .key = "ports_file_dir" },
    { .key = "logfile", .name = "log_file" },
    { .key = "syslog" },
    { .key = "remote_syslog" },
    { .key = "tls", .tell = tell_tls },
    { .key = "write_deadline" },
    { .key = "max_traced_msg_len" },
    { .key = "connect_error_reports" },
    { .key = "reconnect_error_reports" },
    { .key = "ocsp", .name = "OCSP", .is_bare = true },
    { .key = "server_tags", .name = "tags", .is_bare = true },
    { .key = "server_metadata", .name = "metadata", .is_bare = true },
};

/* Is this key, or the block that it stands in, told by a line of the table? */
static bool has_words(const char *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        size_t len = strlen(lines[i].key);
        if (strncmp(lines[i].key, key, len) == 0 && (key[len] == '\0' || key[len] == '.'))
            return true;
    }
    return false;
}

static void tell_one(struct log *log, const struct words *w, const struct reload_change *change)
{
    const char *name = w->name != NULL ? w->name : w->key;
    if (name[0] == '\0') return;
    if (w->is_bare || change->new_text == NULL) log_info(log, "Reloaded: %s", name);
    else log_info(log, "Reloaded: %s = %s", name, change->new_text);
}

static void tell_known(struct log *log, const struct changes *c, const struct words *w)
{
    if (w->tell != NULL) {
        w->tell(log, c);
        return;
    }
    for (uint32_t i = 0; i < c->diff->count; i++)
        if (strcmp(c->diff->items[i].key, w->key) == 0) tell_one(log, w, &c->diff->items[i]);
}

static void tell_other(struct log *log, const struct reload_change *change)
{
    const struct words w = { .key = change->key };
    if (change->what == RELOAD_IGNORED)
        log_warn(log, "Reload: %s takes effect at the next start", change->key);
    else tell_one(log, &w, change);
}

void changes_tell(struct log *log, const struct changes *c)
{
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) tell_known(log, c, &lines[i]);
    for (uint32_t i = 0; i < c->diff->count; i++)
        if (!has_words(c->diff->items[i].key)) tell_other(log, &c->diff->items[i]);
}
