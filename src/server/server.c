/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "config/validate.h"
#include "server/banner.h"
#include "server/changes.h"
#include "server/monitoring.h"
#include "server/streams.h"
#include "server/server_internal.h"
#include "server/snapshot.h"

static enum err make_settings(struct server *s, struct options *take_options,
                              struct settings **ret_settings, struct errmsg *why)
{
    struct directory_setup setup = {
        .hash_seed = s->setup.reactors->hash_seed,
        .hidden_suffix = identity_suffix(s->identity),
    };
    return snapshot_new(s->env, setup, take_options, ret_settings, why);
}

enum err server_new(const struct server_setup *setup, struct options *take_options,
                    struct server **ret_server, struct errmsg *why)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    s->env = setup->env;
    s->program = xstrdup(setup->program);
    s->setup.program = s->program;
    s->identity = identity_new(s->env, take_options);
    enum err e = make_settings(s, take_options, &s->settings, why);
    if (e) {
        (void)server_free(s);
        return e;
    }
    s->core = core_new(s->env, setup->reactors, identity_get(s->identity),
                       settings_ref(s->settings));
    s->config_loaded = clock_realtime(s->env->clock);
    streams_open(s);
    s->monitor = monitoring_new(s);
    *ret_server = s;
    return ERR_OK;
}

struct server *server_free(struct server *s)
{
    if (s == NULL) return NULL;
    if (s->is_stopping && s->is_up) log_info(s->env->log, "Server Exiting..");
    s->monitor = monitor_free(s->monitor);
    s->jetstream = jetstream_free(s->jetstream);
    s->core = core_free(s->core);
    s->client_entrance = entrance_free(s->client_entrance);
    s->websocket_entrance = entrance_free(s->websocket_entrance);
    s->settings = settings_unref(s->settings);
    s->identity = identity_free(s->identity);
    s->ports_path = xfree(s->ports_path);
    s->program = xfree(s->program);
    return xfree(s);
}

const struct options *server_options(const struct server *s)
{
    return s->settings->options;
}

uint16_t server_client_port(const struct server *s)
{
    return s->ports.of[PORTS_NATS].bound.port;
}

/* --- start --- */

static enum err start(struct server *s, struct errmsg *why)
{
    const struct options *o = s->settings->options;
    struct log *log = s->env->log;
    banner_start(log, identity_get(s->identity), s->setup.midge_version);
    banner_passwords(log, s->settings->directory);
    struct errmsg cause = { 0 };
    enum err e = server_write_pid(s, o->pid_file, &cause);
    if (e) return errmsg_set(why, e, "Could not write pidfile: %s", cause.text);
    banner_options(log, o);
    e = validate_listeners(o, why);
    if (e) return e;
    banner_unserved(log, o);
    e = monitoring_start(s, why);
    if (e) return e;
    e = streams_tell(s, why);
    if (e) return e;
    e = server_listen_websocket(s, why);
    if (e) return e;
    e = server_listen_leafnodes(s, why);
    if (e) return e;
    e = server_listen_clients(s, why);
    if (e) return e;
    log_info(log, "Server is ready");
    e = server_listen_routes(s, why);
    if (e) return e;
    server_write_ports(s);
    return ERR_OK;
}

enum err server_start(struct server *s, struct errmsg *why)
{
    struct errmsg cause = { 0 };
    enum err e = start(s, &cause);
    s->is_up = e == ERR_OK;
    if (e == ERR_OK) return e;
    log_line(s->env->log, LOG_FATAL, "%s", cause.text);
    return errmsg_set(why, e, "%s", cause.text);
}

/* --- reload --- */

static enum err reload(struct server *s, struct options *take_options, struct errmsg *why)
{
    AUTO_FREE(options) options = take_options;
    struct reload_diff diff = { 0 };
    struct settings *next = NULL;
    enum err e = validate_options(options, why);
    if (e) return e;
    e = reload_compare(s->settings->options, options, options->arena, &diff, why);
    if (e) return e;
    e = make_settings(s, options_take(&options), &next, why);
    if (e) return e;
    const struct changes changes = { s->settings->options, next->options, &diff };
    changes_tell(s->env->log, &changes);
    s->settings = settings_unref(s->settings);
    s->settings = next;
    s->config_loaded = clock_realtime(s->env->clock);
    core_reload(s->core, settings_ref(next));
    streams_reload(s);
    monitoring_update(s);
    server_move_files(s, &diff);
    return ERR_OK;
}

/* Posted behind all that a reload orders: when the last reactor has come to it, whoever reads the
 * log may count on what the new configuration says. */
struct told {
    struct env *env;
    atomic_uint left;   /* reactors that have not come to it */
    char       *digest;
    struct told_mail {
        struct mail  mail;
        struct told *told;
    } mails[];
};

static void told_here(struct mail *mail, struct reactor *r)
{
    struct told *told = container_of(mail, struct told_mail, mail)->told;
    (void)r;
    if (atomic_fetch_sub(&told->left, 1) > 1) return;
    log_info(told->env->log, "Reloaded server configuration (%s)", told->digest);
    xfree(told->digest);
    xfree(told);
}

static void tell_reloaded(struct server *s)
{
    const char *digest = s->settings->options->config_digest;
    const struct reactors *all = s->setup.reactors;
    struct told *told = xalloc(sizeof *told + all->count * sizeof told->mails[0]);
    told->env = s->env;
    told->digest = xstrdup(digest == NULL ? "" : digest);
    atomic_init(&told->left, all->count);
    for (uint32_t i = 0; i < all->count; i++) {
        told->mails[i] = (struct told_mail){ .mail.run = told_here, .told = told };
        reactor_post(all->at[i], &told->mails[i].mail);
    }
}

enum err server_reload(struct server *s, struct options *take_options, struct errmsg *why)
{
    enum err e = reload(s, take_options, why);
    if (e == ERR_OK) tell_reloaded(s);
    return e;
}

/* --- lame duck and stop --- */

void server_drain(struct server *s)
{
    if (s->is_draining || s->is_stopping) return;
    const struct options *o = s->settings->options;
    s->is_draining = true;
    log_info(s->env->log, "Entering lame duck mode, stop accepting new clients");
    core_unlisten(s->core, LISTENER_CLIENT);
    core_unlisten(s->core, LISTENER_WEBSOCKET);
    core_lame_duck(s->core, o->lame_duck_grace_period, o->lame_duck_duration);
}

bool server_is_draining(const struct server *s)
{
    return s->is_draining;
}

bool server_is_drained(struct server *s)
{
    return s->is_draining && core_clients(s->core) == 0;
}

void server_stop(struct server *s)
{
    static const enum listener_kind kinds[] = { LISTENER_CLIENT, LISTENER_WEBSOCKET, LISTENER_LEAF,
                                                LISTENER_ROUTE };
    if (s->is_stopping) return;
    s->is_stopping = true;
    if (s->is_up) log_info(s->env->log, "Initiating Shutdown...");
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) core_unlisten(s->core, kinds[i]);
    if (s->jetstream != NULL) jetstream_stop(s->jetstream); /* closes the sessions, too */
    else core_close_all(s->core);
    monitor_stop(s->monitor);
    server_remove_ports(s);
}

bool server_is_idle(struct server *s)
{
    bool is_stored = s->jetstream == NULL || jetstream_is_idle(s->jetstream);
    return s->is_stopping && core_clients(s->core) == 0 && monitor_is_idle(s->monitor) && is_stored;
}
