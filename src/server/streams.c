/* SPDX-License-Identifier: Apache-2.0 */
#include "server/streams.h"

#include <stdio.h>

#include "json/gotime.h"
#include "server/server_internal.h"
#include "stream/limits.h"

static const char NOT_THERE[] = "Not allowed to enable JetStream on the system account";
static const char NOT_IN_CLUSTERS[] =
    "JetStream does not start: a \"cluster\" block is configured, and streams are not replicated "
    "yet";

/* Streams of a cluster belong to all of its servers. */
static bool is_clustered(const struct options *o)
{
    return o->cluster.present || o->cluster.listen.port != 0;
}

/* Whether this server has streams of its own. */
static bool is_wanted(const struct options *o)
{
    return o->jetstream.enabled && !is_clustered(o);
}

static void tell_refused(const struct server *s)
{
    const struct options *o = s->settings->options;
    if (o->jetstream.enabled && is_clustered(o)) log_error(s->env->log, "%s", NOT_IN_CLUSTERS);
}

static bool wants_system_streams(const struct server *s, const struct options *o)
{
    const char *system = core_system_name(s->core);
    for (uint32_t i = 0; i < o->accounts_count; i++)
        if (system != NULL && strcmp(o->accounts[i].name, system) == 0 &&
            o->accounts[i].jetstream.enabled == TRI_TRUE)
            return true;
    return false;
}

const char *streams_size_text(int64_t bytes, char text[32])
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB", "EB" };
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < ARRAY_COUNT(units); unit++) size /= 1024;
    if (unit == 0) (void)snprintf(text, 32, "%lld B", (long long)bytes);
    else (void)snprintf(text, 32, "%.2f %s", size, units[unit]);
    return text;
}

static void tell_reports(struct log *log, const char *reports)
{
    struct slice rest = slice_str(reports), line;
    while (rest.len > 0 && slice_cut(&rest, '\n', &line))
        log_warn(log, "JetStream: %.*s", SLICE_ARGS(line));
}

static void tell(struct log *log, const struct jetstream *js)
{
    struct jetstream_facts f;
    char memory[32], store[32], took[GOTIME_TEXT_SIZE];
    jetstream_facts(js, &f);
    log_info(log, "Starting JetStream");
    if (f.is_temporary)
        log_warn(log, "Temporary storage directory used, data could be lost on system reboot");
    if (f.reports != NULL) tell_reports(log, f.reports);
    log_info(log, "---------------- JETSTREAM ----------------");
    log_info(log, "  Strict:          %s", f.is_strict ? "true" : "false");
    log_info(log, "  Max Memory:      %s", streams_size_text(f.memory_max, memory));
    log_info(log, "  Max Storage:     %s", streams_size_text(f.store_max, store));
    log_info(log, "  Store Directory: \"%s\"", f.directory);
    if (f.domain != NULL) log_info(log, "  Domain:          %s", f.domain);
    if (f.cipher != NULL) log_info(log, "  Encryption:      %s", f.cipher);
    log_info(log, "  API Level:       %d", JS_API_LEVEL);
    log_info(log, "-------------------------------------------");
    log_info(log, "Took %s to start JetStream", gotime_duration_text(f.took, took));
}

/* On the reactor of JetStream. */
static void started(void *ctx, const struct jetstream *js, const char *why)
{
    struct log *log = ctx;
    if (why == NULL) log_info(log, "Restarting JetStream");
    if (why == NULL) tell(log, js);
    else log_warn(log, "Can't start JetStream: %s", why);
}

static struct jetstream_setup setup_of(struct server *s)
{
    return (struct jetstream_setup){ .core = s->core, .started = started, .ctx = s->env->log };
}

void streams_open(struct server *s)
{
    const struct options *o = s->settings->options;
    const struct jetstream_setup setup = setup_of(s);
    struct errmsg cause = { 0 };
    if (!is_wanted(o)) return;
    if (wants_system_streams(s, o)) {
        (void)errmsg_set(&s->jetstream_why, ERR_INVALID, "%s", NOT_THERE);
        return;
    }
    if (jetstream_new(&setup, &s->jetstream, &cause) != ERR_OK) {
        (void)errmsg_set(&s->jetstream_why, ERR_INVALID, "Can't start JetStream: %s", cause.text);
        return;
    }
}

void streams_reload(struct server *s)
{
    const struct jetstream_setup setup = setup_of(s);
    const struct options *o = s->settings->options;
    if (s->jetstream != NULL) jetstream_reload(s->jetstream);
    else if (is_wanted(o) && wants_system_streams(s, o)) log_warn(s->env->log, "%s", NOT_THERE);
    else if (is_wanted(o)) s->jetstream = jetstream_new_later(&setup);
    else tell_refused(s);
}

enum err streams_tell(struct server *s, struct errmsg *why)
{
    if (s->jetstream_why.text[0] != '\0')
        return errmsg_set(why, ERR_INVALID, "%s", s->jetstream_why.text);
    if (s->jetstream != NULL) tell(s->env->log, s->jetstream);
    else tell_refused(s);
    return ERR_OK;
}
