/* SPDX-License-Identifier: Apache-2.0 */
/* Which listeners the options want, the lines that tell of them, and what is said when one
 * fails. */
#include <stdio.h>
#include <string.h>

#include "server/server_internal.h"

const char *host_port(const char *host, uint32_t port, char text[HOST_PORT])
{
    const char *h = host == NULL ? "0.0.0.0" : host;
    bool is_v6 = strchr(h, ':') != NULL;
    (void)snprintf(text, HOST_PORT, is_v6 ? "[%s]:%u" : "%s:%u", h, port);
    return text;
}

static uint16_t port_of(const struct listen_options *l)
{
    return l->port > 0 ? (uint16_t)l->port : 0;     /* -1: any free one */
}

static enum err open_listener(struct server *s, struct listener_options *o,
                              const struct listen_options *where, struct listener **ret_listener,
                              struct errmsg *why)
{
    o->host = where->host;
    o->port = port_of(where);
    return core_listen(s->core, o, ret_listener, why);
}

enum err server_listen_clients(struct server *s, struct errmsg *why)
{
    const struct options *o = s->settings->options;
    struct listener_options l = {
        .kind = LISTENER_CLIENT,
        .proxy_protocol = o->proxy_protocol,
    };
    struct listener *made;
    struct errmsg cause = { 0 };
    char text[HOST_PORT];
    s->client_entrance = entrance_new(s->settings, LISTENER_CLIENT);
    entrance_describe(s->client_entrance, &l);
    enum err e = open_listener(s, &l, &o->client, &made, &cause);
    if (e)
        return errmsg_set(why, e, "Error listening on port: %s, \"%s\"",
                          host_port(o->client.host, l.port, text), cause.text);
    log_info(s->env->log, "Listening for client connections on %s",
             host_port(o->client.host, made->bound.port, text));
    if (o->proxy_protocol) log_info(s->env->log, "PROXY protocol enabled for client connections");
    struct listener_terms terms = listener_terms(made, o);
    if (terms.tls)
        log_info(s->env->log, "TLS %s for client connections",
                 terms.tls_optional ? "available" : "required");
    if (terms.tls_first && terms.tls_first_fallback == 0)
        log_warn(s->env->log, "Clients that are not using \"TLS Handshake First\" option will fail "
                              "to connect");
    s->ports.of[PORTS_NATS].scheme = terms.tls ? "tls" : "nats";
    s->ports.of[PORTS_NATS].bound = made->bound;
    return ERR_OK;
}

enum err server_listen_websocket(struct server *s, struct errmsg *why)
{
    const struct websocket_options *w = &s->settings->options->websocket;
    if (!w->present || w->listen.port == 0) return ERR_OK;
    struct listener_options l = {
        .kind = LISTENER_WEBSOCKET,
        .upgrade_timeout = w->handshake_timeout,
    };
    struct listener *made;
    struct errmsg cause = { 0 };
    char text[HOST_PORT];
    s->websocket_entrance = entrance_new(s->settings, LISTENER_WEBSOCKET);
    entrance_describe(s->websocket_entrance, &l);
    enum err e = open_listener(s, &l, &w->listen, &made, &cause);
    if (e) return errmsg_set(why, e, "Unable to listen for websocket connections: %s", cause.text);
    bool is_tls = listener_terms(made, s->settings->options).tls;
    const char *scheme = is_tls ? "wss" : "ws";
    log_info(s->env->log, "Listening for websocket clients on %s://%s", scheme,
             host_port(w->listen.host, made->bound.port, text));
    if (!is_tls)
        log_warn(s->env->log, "Websocket not configured with TLS. DO NOT USE IN PRODUCTION!");
    s->ports.of[PORTS_WEBSOCKET].scheme = scheme;
    s->ports.of[PORTS_WEBSOCKET].bound = made->bound;
    return ERR_OK;
}

enum err server_listen_leafnodes(struct server *s, struct errmsg *why)
{
    const struct leafnode_options *leaf = &s->settings->options->leafnodes;
    if (!leaf->present || leaf->listen.port == 0) return ERR_OK;
    struct listener_options l = { .kind = LISTENER_LEAF };
    struct listener *made;
    struct errmsg cause = { 0 };
    char text[HOST_PORT];
    enum err e = open_listener(s, &l, &leaf->listen, &made, &cause);
    if (e)
        return errmsg_set(why, e, "Error listening on leafnode port: %d - %s", leaf->listen.port,
                          cause.text);
    log_info(s->env->log, "Listening for leafnode connections on %s",
             host_port(leaf->listen.host, made->bound.port, text));
    return ERR_OK;
}

enum err server_listen_routes(struct server *s, struct errmsg *why)
{
    const struct cluster_options *c = &s->settings->options->cluster;
    if (!c->present || c->listen.port == 0) return ERR_OK;
    const struct server_identity *id = identity_get(s->identity);
    struct listener_options l = { .kind = LISTENER_ROUTE };
    struct listener *made;
    struct errmsg cause = { 0 };
    char text[HOST_PORT];
    log_info(s->env->log, "Cluster name is %s", id->cluster);
    if (id->cluster_dynamic)
        log_warn(s->env->log, "Cluster name was dynamically generated, consider setting one");
    enum err e = open_listener(s, &l, &c->listen, &made, &cause);
    if (e)
        return errmsg_set(why, e, "Error listening on router port: %d - %s", c->listen.port,
                          cause.text);
    log_info(s->env->log, "Listening for route connections on %s",
             host_port(c->listen.host, made->bound.port, text));
    s->ports.of[PORTS_CLUSTER].scheme = "nats";
    s->ports.of[PORTS_CLUSTER].bound = made->bound;
    return ERR_OK;
}
