/* SPDX-License-Identifier: Apache-2.0 */
#include "core/listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/session.h"

/* Accepted in one go, so that a flood of connections leaves time for those that are in. */
enum { ACCEPT_BATCH = 32, BACKLOG = 1024 };

/* Out of descriptors: the queue waits this long. */
static const nanos RETRY = 100 * MILLISECOND;

/* A connection on its way to its reactor. */
struct arrival {
    struct mail      mail;
    struct listener *listener;
    int              sock;
    struct net_addr  peer;
};

static void on_accept(struct watch *w, uint32_t ready);
static void on_retry(struct timer *t, nanos now);
static void open_here(struct mail *mail, struct reactor *r);

/* What INFO tells: the advertised address, else what was configured. */
static void set_told(struct listener *l, const char *configured_host)
{
    const char *advertise = l->options.advertise;
    l->told_host = xstrdup(configured_host != NULL && configured_host[0] != 0 ? configured_host
                                                                              : "0.0.0.0");
    l->told_port = l->bound.port;
    if (advertise == NULL) return;
    const char *colon = strrchr(advertise, ':');
    bool is_v6 = advertise[0] == '[';
    const char *bracket = is_v6 ? strchr(advertise, ']') : NULL;
    if (colon != NULL && (!is_v6 || (bracket != NULL && colon > bracket))) {
        long port = strtol(colon + 1, NULL, 10);
        if (port > 0 && port <= UINT16_MAX) l->told_port = (int32_t)port;
    } else {
        colon = advertise + strlen(advertise);
    }
    xfree(l->told_host);
    const char *from = is_v6 ? advertise + 1 : advertise;
    const char *to = is_v6 && bracket != NULL ? bracket : colon;
    l->told_host = slice_dup(slice_of(from, (size_t)(to - from)));
}

enum err core_listen(struct core *core, const struct listener_options *options,
                     struct listener **ret, struct errmsg *why)
{
    struct listener *l = xcalloc(1, sizeof *l);
    struct net_listen where = { options->host == NULL ? "" : options->host, options->port,
                                BACKLOG };
    l->core = core;
    l->options = *options;
    enum err e = core->env->net->listen(core->env->net, &where, &l->sock, &l->bound, why);
    if (e) {
        xfree(l);
        return e;
    }
    assert(core->listeners_count < LISTENERS_MAX);
    l->index = core->listeners_count;
    core->listeners[core->listeners_count++] = l;
    l->watch.ready = on_accept;
    timer_init(&l->retry, on_retry);
    set_told(l, options->host);
    l->mail.run = open_here;
    reactor_post(core->reactors->at[0], &l->mail);
    *ret = l;
    return ERR_OK;
}

static void open_here(struct mail *mail, struct reactor *r)
{
    struct listener *l = container_of(mail, struct listener, mail);
    enum err e = r->poller->ops->add(r->poller, l->sock, &l->watch, NET_READABLE);
    if (e) log_error(r->env->log, "cannot watch a listener: %s", err_text(e));
}

static void close_listener(struct listener *l, struct reactor *r)
{
    if (l->sock < 0) return;
    wheel_cancel(&r->wheel, &l->retry);
    r->poller->ops->remove(r->poller, l->sock);
    r->env->net->close(r->env->net, l->sock);
    l->sock = -1;
}

static void close_here(struct mail *mail, struct reactor *r)
{
    close_listener(container_of(mail, struct listener, close_mail), r);
}

void core_unlisten(struct core *core, enum listener_kind kind)
{
    for (uint32_t i = 0; i < core->listeners_count; i++) {
        struct listener *l = core->listeners[i];
        if (l->options.kind != kind || l->is_closing) continue;
        l->is_closing = true;
        l->close_mail.run = close_here;
        struct mail *mail = &l->close_mail;
        reactor_post(core->reactors->at[0], mail);
    }
}

void listener_free(struct listener *l)
{
    close_listener(l, l->core->reactors->at[0]);
    xfree(l->told_host);
    xfree(l);
}

static struct reactor *least_loaded(struct core *core)
{
    struct reactor *best = NULL;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < core->reactors->count; i++) {
        uint64_t load = core->placed[i] -
                        atomic_load_explicit(&core->at[i]->gone, memory_order_relaxed);
        if (load >= least) continue;
        least = load;
        best = core->reactors->at[i];
    }
    core->placed[best->id]++;
    return best;
}

static void arrive(struct mail *mail, struct reactor *r)
{
    struct arrival *a = container_of(mail, struct arrival, mail);
    session_start(core_reactor_of(r), a->listener, a->sock, &a->peer);
    xfree(a);
}

static void place(struct listener *l, int sock, const struct net_addr *peer)
{
    struct core *core = l->core;
    struct reactor *r = least_loaded(core);
    atomic_fetch_add_explicit(&core->clients, 1, memory_order_relaxed);
    if (r->id == 0) {
        session_start(core_reactor_of(r), l, sock, peer);
        return;
    }
    struct arrival *a = xalloc(sizeof *a);
    *a = (struct arrival){ .listener = l, .sock = sock, .peer = *peer };
    a->mail.run = arrive;
    reactor_post(r, &a->mail);
}

static void on_accept(struct watch *w, uint32_t ready)
{
    struct listener *l = container_of(w, struct listener, watch);
    struct net *net = l->core->env->net;
    struct reactor *r = l->core->reactors->at[0];
    (void)ready;
    for (int i = 0; i < ACCEPT_BATCH && l->sock >= 0; i++) {
        int sock;
        struct net_addr peer;
        enum err e = net->accept(net, l->sock, &sock, &peer);
        if (e == ERR_OK) {
            place(l, sock, &peer);
        } else if (e == ERR_LIMIT) {
            log_error(r->env->log,
                      "out of file descriptors: new connections wait; raise the limit (ulimit -n)");
            r->poller->ops->change(r->poller, l->sock, &l->watch, 0);
            wheel_set(&r->wheel, &l->retry, r->now + RETRY);
            return;
        } else if (e == ERR_BUSY) {
            return;
        }
    }
}

static void on_retry(struct timer *t, nanos now)
{
    struct listener *l = container_of(t, struct listener, retry);
    struct reactor *r = l->core->reactors->at[0];
    (void)now;
    if (l->sock >= 0) r->poller->ops->change(r->poller, l->sock, &l->watch, NET_READABLE);
}
