/* SPDX-License-Identifier: Apache-2.0 */
/* The monitoring port: whether, where, and with what in hand. */
#include "server/monitoring.h"

#include "config/unserved.h"
#include "server/server_internal.h"
#include "server/snapshot.h"

enum { UNSERVED_MAX = 64 };

static uint32_t unserved_list(const struct options *o, const char *ret_lines[UNSERVED_MAX])
{
    struct unserved u;
    uint32_t count = 0;
    for (uint32_t at = 0; count < UNSERVED_MAX && unserved_next(o, &at, &u);)
        ret_lines[count++] = unserved_text(&u, o->arena);
    return count;
}

static struct monitor_options options_of(const struct server *s, const char **unserved)
{
    const struct snapshot *now = snapshot_of(s->settings);
    return (struct monitor_options){
        .settings = s->settings,
        .midge_version = s->setup.midge_version,
        .unserved = unserved,
        .unserved_count = unserved_list(now->options, unserved),
        .jetstream = now->options->jetstream.enabled ? s->jetstream : NULL,
        .config_loaded = s->config_loaded,
        .cert_not_after = now->client_tls == NULL ? 0 : tls_context_not_after(now->client_tls),
        .websocket_cert_not_after = now->websocket_tls == NULL
                                        ? 0
                                        : tls_context_not_after(now->websocket_tls),
        .arguments = s->setup.arguments,
        .arguments_count = s->setup.arguments_count,
    };
}

struct monitor *monitoring_new(struct server *s)
{
    const char *unserved[UNSERVED_MAX];
    struct monitor_options o = options_of(s, unserved);
    return monitor_new(s->core, &o);
}

static void release(void *owner)
{
    struct settings *settings = owner;
    (void)settings_unref(settings);
}

/* The certificate lives with the settings that name it. */
static struct http_tls tls_of(struct settings *settings)
{
    struct tls_context *tls = snapshot_of(settings)->monitoring_tls;
    if (tls == NULL) return (struct http_tls){ 0 };
    return (struct http_tls){ .native = tls_context_native(tls), .release = release };
}

/* Who connects from now on is shown the new certificate. Without one the port keeps what it has. */
static void renew(struct server *s)
{
    struct http_tls tls = tls_of(s->settings);
    if (!s->has_https || tls.native == NULL) return;
    tls.owner = settings_ref(s->settings);
    monitor_renew(s->monitor, &tls);
}

void monitoring_update(struct server *s)
{
    renew(s);
    const char *unserved[UNSERVED_MAX];
    struct monitor_options o = options_of(s, unserved);
    monitor_update(s->monitor, &o);
}

enum err monitoring_start(struct server *s, struct errmsg *why)
{
    const struct options *o = s->settings->options;
    const struct monitoring_options *m = &o->monitoring;
    bool is_tls = m->https_port != 0;
    int32_t port = is_tls ? m->https_port : m->http_port;
    if (port == 0) return ERR_OK;
    struct http_tls tls = tls_of(s->settings);
    if (is_tls && tls.native == NULL)
        return errmsg_set(why, ERR_INVALID,
                          "Can't start monitoring: TLS cert and key required for HTTPS");
    if (is_tls) tls.owner = settings_ref(s->settings);
    struct monitor_listen where = {
        .host = m->host != NULL ? m->host : o->client.host,
        .port = port > 0 ? (uint16_t)port : 0,
        .tls = is_tls ? tls : (struct http_tls){ 0 },
    };
    struct net_addr bound;
    struct errmsg cause = { 0 };
    char text[HOST_PORT];
    enum err e = monitor_start(s->monitor, &where, &bound, &cause);
    if (e) {
        if (is_tls) release(tls.owner);
        return errmsg_set(why, e, "Can't start monitoring: can't listen to the monitor port: %s",
                          cause.text);
    }
    s->has_https = is_tls;
    log_info(s->env->log, "Starting %s monitor on %s", is_tls ? "https" : "http",
             host_port(where.host, bound.port, text));
    s->ports.of[PORTS_MONITORING].scheme = is_tls ? "https" : "http";
    s->ports.of[PORTS_MONITORING].bound = bound;
    return ERR_OK;
}
