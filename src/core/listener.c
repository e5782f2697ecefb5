/* SPDX-License-Identifier: Apache-2.0 */
#include "core/listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/session.h"
#include "core/strangers.h"

/* Accepted in one go, so that a flood of connections leaves time for those that are in. */
enum { BACKLOG = 1024 };

/* Out of descriptors: the queue waits this long. */
static const nanos RETRY = 100 * MILLISECOND;

/* A flood that is turned away is told of so often. */
static const nanos TURN_AWAY_TOLD = SECOND;

static const nanos TLS_TIMEOUT = 2 * SECOND;

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

static const struct tls_options *tls_of(const struct listener *l, const struct options *o)
{
    return l->options.kind == LISTENER_WEBSOCKET ? &o->websocket.tls : &o->tls;
}

struct listener_terms listener_terms(const struct listener *l, const struct options *o)
{
    const struct tls_options *tls = tls_of(l, o);
    bool is_client = l->options.kind == LISTENER_CLIENT;
    bool is_web = l->options.kind == LISTENER_WEBSOCKET;
    assert(is_client || is_web || listener_is_foreign(l));
    if (!tls->present || !(is_client || is_web)) return (struct listener_terms){ 0 };
    return (struct listener_terms){
        .tls = true,
        .tls_optional = is_client && o->allow_non_tls,
        .tls_verify = tls->verify || tls->verify_and_map,
        .tls_first = is_client && tls->handshake_first,
        .tls_first_fallback = tls->handshake_first_fallback,
        .tls_timeout = tls->timeout > 0 ? tls->timeout : TLS_TIMEOUT,
    };
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static struct slice split_host(const char *text, int32_t *port)
{
    struct slice host = slice_str(text);
    struct slice rest = host;
    uint64_t number = 0;
    if (text[0] == '[') {
        rest = slice_from(host, 1);
        (void)slice_cut(&rest, ']', &host);
    } else {
        (void)slice_cut(&rest, ':', &host);
        if (rest.ptr != NULL && slice_find_byte(rest, ':') >= 0) return slice_str(text);
    }
    if (rest.ptr != NULL && rest.len > 0 && rest.ptr[0] == ':') rest = slice_from(rest, 1);
    if (slice_to_u64(rest, &number) && number > 0 && number <= UINT16_MAX) *port = (int32_t)number;
    assert(host.len <= strlen(text));
    assert(*port > 0);                  /* as bound, or as told */
    assert(*port <= UINT16_MAX);
    return host;
}

struct slice listener_told(const struct listener *l, const struct options *o, int32_t *ret_port)
{
    assert(l->bound.port > 0);          /* a port that was left open was chosen */
    *ret_port = l->bound.port;
    /* websocket.advertise is for the connect_urls of a cluster */
    if (l->options.kind == LISTENER_CLIENT && o->client.advertise != NULL)
        return split_host(o->client.advertise, ret_port);
    const char *host = l->options.host;
    return slice_str(host != NULL && host[0] != 0 ? host : "0.0.0.0");
}

enum err core_listen(struct core *core, const struct listener_options *options,
                     struct listener **ret, struct errmsg *why)
{
    struct listener *l = xcalloc(1, sizeof *l);
    struct net_listen where = { options->host == NULL ? "" : options->host, options->port,
                                BACKLOG };
    l->core = core;
    l->options = *options;
    l->options.host = l->host = xstrdup(options->host);
    enum err e = core->env->net->listen(core->env->net, &where, &l->sock, &l->bound, why);
    if (e) {
        xfree(l->host);
        xfree(l);
        return e;
    }
    assert(core->listeners_count < LISTENERS_MAX);
    assert(l->sock >= 0);
    assert(options->port == 0 || l->bound.port == options->port);
    l->index = core->listeners_count;
    core->listeners[core->listeners_count++] = l;
    l->watch.ready = on_accept;
    timer_init(&l->retry, on_retry);
    l->mail.run = open_here;
    reactor_post(core->reactors->at[0], &l->mail);
    *ret = l;
    return ERR_OK;
}

static void open_here(struct mail *mail, struct reactor *r)
{
    struct listener *l = container_of(mail, struct listener, mail);
    assert(r->id == 0);
    assert(l->sock >= 0);               /* what closes it was posted later */
    enum err e = r->poller->ops->add(r->poller, l->sock, &l->watch, NET_READABLE);
    if (e) log_error(r->env->log, "cannot watch a listener: %s", err_text(e));
}

static void close_listener(struct listener *l, struct reactor *r)
{
    assert(r->id == 0);
    assert(r == l->core->reactors->at[0]);
    if (l->sock < 0) return;
    wheel_cancel(&r->wheel, &l->retry);
    r->poller->ops->remove(r->poller, l->sock);
    r->env->net->close(r->env->net, l->sock);
    l->sock = -1;
}

static void close_here(struct mail *mail, struct reactor *r)
{
    struct listener *l = container_of(mail, struct listener, close_mail);
    assert(l->is_closing);
    close_listener(l, r);
    assert(l->sock < 0);
}

void core_unlisten(struct core *core, enum listener_kind kind)
{
    for (uint32_t i = 0; i < core->listeners_count; i++) {
        struct listener *l = core->listeners[i];
        assert(l->core == core);
        assert(l->index == i);
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
    assert(l->sock < 0);
    assert(!timer_is_set(&l->retry));
    xfree(l->host);
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
    assert(best != NULL);
    assert(core->at[best->id]->reactor == best);
    core->placed[best->id]++;
    return best;
}

static void arrive(struct mail *mail, struct reactor *r)
{
    struct arrival *a = container_of(mail, struct arrival, mail);
    assert(a->sock >= 0);
    assert(r->id != 0);                 /* the first reactor's own take no way */
    session_start(core_reactor_of(r), a->listener, a->sock, &a->peer);
    xfree(a);
}

/* Behind a proxy the address is that of all its clients: there the PROXY header counts. */
bool listener_admit(struct listener *l, const struct net_addr *peer)
{
    struct core *core = l->core;
    assert(core->at[0]->settings != NULL);
    const struct midge_options *o = &core->at[0]->settings->options->midge;
    if (!l->options.proxy_protocol &&
        !strangers_enter(core->strangers, peer, o->max_unauthenticated_per_address))
        return false;
    int64_t before = atomic_fetch_add_explicit(&core->clients, 1, memory_order_relaxed);
    assert(before >= 0);
    return true;
}

void listener_turned_away(struct core_reactor *cr, const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT];
    nanos now = cr->reactor->now;
    assert(cr->turn_away_told <= now);
    count_add(&cr->turned_away, 1);
    if (cr->turn_away_told > 0 && now - cr->turn_away_told < TURN_AWAY_TOLD) return;
    cr->turn_away_told = now;
    log_warn(cr->core->env->log,
             "too many connections of %s have not logged in: new ones are closed",
             net_addr_ip_text(addr, text));
}

static void place(struct listener *l, int sock, const struct net_addr *peer)
{
    struct core *core = l->core;
    struct reactor *r = least_loaded(core);
    assert(sock >= 0);
    assert(l->sock >= 0);               /* what is closed takes nobody */
    if (r->id == 0) {
        session_start(core_reactor_of(r), l, sock, peer);
        return;
    }
    struct arrival *a = xalloc(sizeof *a);
    *a = (struct arrival){ .listener = l, .sock = sock, .peer = *peer };
    a->mail.run = arrive;
    reactor_post(r, &a->mail);
}

/* How many may be taken now. */
static int batch_begin(struct listener *l)
{
    assert(l->lone <= LISTENER_LONE);
    if (l->lone == LISTENER_LONE) return LISTENER_BATCH;
    l->lone++;
    return 1;
}

static void on_accept(struct watch *w, uint32_t ready)
{
    struct listener *l = container_of(w, struct listener, watch);
    struct net *net = l->core->env->net;
    struct reactor *r = l->core->reactors->at[0];
    (void)ready;
    assert(core_reactor_of(r) == l->core->at[0]);
    int batch = batch_begin(l);
    for (int i = 0; i < batch && l->sock >= 0; i++) {
        int sock;
        struct net_addr peer;
        enum err e = net->accept(net, l->sock, &sock, &peer);
        if (e == ERR_OK && listener_admit(l, &peer)) {
            place(l, sock, &peer);
        } else if (e == ERR_OK) {
            net->close(net, sock);
            listener_turned_away(core_reactor_of(r), &peer);
        } else if (e == ERR_LIMIT) {
            log_error(r->env->log,
                      "out of file descriptors: new connections wait; raise the limit (ulimit -n)");
            r->poller->ops->change(r->poller, l->sock, &l->watch, 0);
            wheel_set(&r->wheel, &l->retry, r->now + RETRY);
            return;
        } else if (e == ERR_BUSY) {
            l->lone = 0;                /* nobody is left */
            return;
        }
    }
}

static void on_retry(struct timer *t, nanos now)
{
    struct listener *l = container_of(t, struct listener, retry);
    struct reactor *r = l->core->reactors->at[0];
    assert(now == r->now);
    assert(l->sock >= 0);               /* who closes it cancels the timer */
    r->poller->ops->change(r->poller, l->sock, &l->watch, NET_READABLE);
}
