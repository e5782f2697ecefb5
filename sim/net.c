/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/net.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

struct parcel {
    struct parcel *next;
    nanos at;      /* when it arrives */
    uint32_t from; /* first unread byte */
    uint32_t len;
    uint8_t bytes[];
};

struct way {
    struct parcel *head;
    struct parcel *tail;
    uint32_t held; /* bytes sent and not yet read */
    nanos last_at; /* nothing arrives before what was sent earlier */
    nanos end_at;  /* end of stream arrives then; 0: not sent */
};

struct sim_link {
    struct sim_link *next;
    struct sim_link *next_waiting;
    struct sim_net *net;
    struct way up;    /* to the server */
    struct way down;  /* to the client */
    uint16_t port;    /* of the client */
    nanos arrives_at; /* the knock */
    int sock;         /* -1: not yet accepted, or closed */
    bool was_accepted;
    bool server_closed;
    bool client_closed;
    bool is_reset;
    bool is_cut;
    bool was_dropped;
    bool *watcher; /* NULL, or what to set when the server closes its end */
};

/* ---- parcels ---- */

static nanos latency(struct sim_net *n)
{
    nanos span = n->options.latency_max - n->options.latency_min;
    nanos extra = span > 0 ? (nanos)(rng_next(&n->rng) % (uint64_t)span) : 0;
    return n->options.latency_min + extra;
}

static nanos arrival(struct sim_net *n, struct way *w)
{
    nanos at = n->clock->now + latency(n);
    if (at < w->last_at) at = w->last_at;
    w->last_at = at;
    return at;
}

static void way_send(struct sim_net *n, struct way *w, const uint8_t *bytes, uint32_t len)
{
    struct parcel *p = xalloc(sizeof *p + len);
    *p = (struct parcel){ .at = arrival(n, w), .len = len };
    memcpy(p->bytes, bytes, len);
    if (w->tail == NULL) w->head = p;
    else w->tail->next = p;
    w->tail = p;
    w->held += len;
}

static bool way_has(const struct sim_net *n, const struct way *w)
{
    return w->head != NULL && w->head->at <= n->clock->now;
}

static bool way_ended(const struct sim_net *n, const struct way *w)
{
    return w->head == NULL && w->end_at > 0 && w->end_at <= n->clock->now;
}

static uint32_t way_take(struct sim_net *n, struct way *w, uint8_t *to, uint32_t max)
{
    uint32_t got = 0;
    while (got < max && way_has(n, w)) {
        struct parcel *p = w->head;
        uint32_t part = p->len - p->from < max - got ? p->len - p->from : max - got;
        memcpy(to + got, p->bytes + p->from, part);
        p->from += part;
        got += part;
        w->held -= part;
        if (p->from < p->len) break;
        w->head = p->next;
        if (w->head == NULL) w->tail = NULL;
        xfree(p);
    }
    return got;
}

static void way_clear(struct way *w)
{
    while (w->head != NULL) {
        struct parcel *p = w->head;
        w->head = p->next;
        xfree(p);
    }
    w->tail = NULL;
    w->held = 0;
}

static bool fault(struct sim_net *n, uint32_t permille)
{
    return !n->is_calm && permille > 0 && rng_below(&n->rng, 1000) < permille;
}

/* How much of `most` moves this time. */
static uint32_t portion(struct sim_net *n, uint32_t most)
{
    if (most <= 1 || !fault(n, n->options.partial_permille)) return most;
    return 1 + rng_below(&n->rng, rng_below(&n->rng, 2) == 0 && most > 16 ? 16 : most - 1);
}

static void note(struct sim_net *n, uint64_t what, uint64_t sock)
{
    n->hash = hash_u64(n->hash ^ hash_u64(what << 32 ^ sock ^ (uint64_t)n->clock->now * 31));
}

/* ---- the server's end ---- */

static struct sim_net *net_of(struct net *base)
{
    return container_of(base, struct sim_net, base);
}

static struct sim_sock *sock_at(struct sim_net *n, int sock)
{
    assert(sock >= SIM_SOCK_FIRST && sock < SIM_SOCKS_MAX);
    struct sim_sock *s = &n->socks[sock];
    assert(s->kind != SIM_SOCK_FREE);
    return s;
}

static int sock_new(struct sim_net *n)
{
    uint32_t max = n->options.socks_max > 0 ? n->options.socks_max : SIM_SOCKS_MAX;
    if (n->is_calm) max = SIM_SOCKS_MAX;
    for (uint32_t i = SIM_SOCK_FIRST; i < max && i < SIM_SOCKS_MAX; i++)
        if (n->socks[i].kind == SIM_SOCK_FREE) return (int)i;
    return -1;
}

static enum err net_listen_on(struct net *base, const struct net_listen *where, int *ret_sock,
                              struct net_addr *ret_bound, struct errmsg *why)
{
    struct sim_net *n = net_of(base);
    int sock = sock_new(n);
    if (sock < 0) return errmsg_set(why, ERR_LIMIT, "too many open files");
    uint16_t port = where->port > 0 ? where->port : n->next_port++;
    n->socks[sock] = (struct sim_sock){ .kind = SIM_SOCK_LISTENER, .port = port };
    *ret_sock = sock;
    *ret_bound = (struct net_addr){ .ip = { 127, 0, 0, 1 }, .port = port };
    return ERR_OK;
}

static bool knocks(const struct sim_net *n, const struct sim_sock *listener)
{
    return listener->link != NULL && listener->link->arrives_at <= n->clock->now;
}

static enum err net_accept_one(struct net *base, int listener, int *ret_sock,
                               struct net_addr *ret_peer)
{
    struct sim_net *n = net_of(base);
    struct sim_sock *l = sock_at(n, listener);
    assert(l->kind == SIM_SOCK_LISTENER);
    if (!knocks(n, l)) return ERR_BUSY;
    struct sim_link *link = l->link;
    int sock = sock_new(n);
    if (sock < 0) return ERR_LIMIT;
    l->link = link->next_waiting;
    if (fault(n, n->options.refuse_permille)) {
        link->server_closed = true;
        link->is_reset = true;
        return ERR_IO;
    }
    n->socks[sock] = (struct sim_sock){ .kind = SIM_SOCK_STREAM, .link = link };
    link->sock = sock;
    link->was_accepted = true;
    note(n, 1, (uint64_t)sock);
    *ret_sock = sock;
    *ret_peer = (struct net_addr){ .ip = { 10, 0, 0, (uint8_t)link->port & 7 },
                                   .port = link->port };
    return ERR_OK;
}

static int64_t net_read_some(struct net *base, int sock, const struct net_span *spans,
                             uint32_t count)
{
    struct sim_net *n = net_of(base);
    struct sim_link *link = sock_at(n, sock)->link;
    if (link->is_reset) return NET_FAILED;
    if (link->is_cut || fault(n, n->options.again_permille)) return NET_AGAIN;
    if (way_ended(n, &link->up)) return 0;
    if (!way_has(n, &link->up)) return NET_AGAIN;
    uint32_t most = 0;
    for (uint32_t i = 0; i < count; i++) most += (uint32_t)spans[i].len;
    assert(most > 0);
    most = portion(n, most);
    uint32_t got = 0;
    for (uint32_t i = 0; i < count && got < most; i++) {
        uint32_t room = (uint32_t)spans[i].len < most - got ? (uint32_t)spans[i].len : most - got;
        got += way_take(n, &link->up, spans[i].ptr, room);
    }
    return got;
}

static int64_t net_write_some(struct net *base, int sock, const struct net_span *spans,
                              uint32_t count)
{
    struct sim_net *n = net_of(base);
    struct sim_link *link = sock_at(n, sock)->link;
    if (link->is_reset) return NET_FAILED;
    if (fault(n, n->options.again_permille)) return NET_AGAIN;
    uint32_t room = n->options.buffer > link->down.held ? n->options.buffer - link->down.held : 0;
    if (room == 0) return NET_AGAIN;
    room = portion(n, room);
    uint32_t put = 0;
    for (uint32_t i = 0; i < count && put < room; i++) {
        uint32_t part = (uint32_t)spans[i].len < room - put ? (uint32_t)spans[i].len : room - put;
        if (part == 0) continue;
        n->hash = hash_bytes(slice_of(spans[i].ptr, part), n->hash);
        way_send(n, &link->down, spans[i].ptr, part);
        put += part;
    }
    note(n, 2, (uint64_t)sock << 32 | put);
    n->bytes_to_clients += put;
    if (link->client_closed) link->is_reset = true; /* nobody is there: the next one fails */
    return put;
}

static void link_free(struct sim_link *link)
{
    struct sim_link **at = &link->net->links;
    while (*at != link) at = &(*at)->next;
    *at = link->next;
    way_clear(&link->up);
    way_clear(&link->down);
    xfree(link);
}

static void net_close_sock(struct net *base, int sock)
{
    struct sim_net *n = net_of(base);
    struct sim_sock *s = sock_at(n, sock);
    assert(s->poller == NULL); /* removed from its poller before */
    note(n, 3, (uint64_t)sock);
    if (s->kind == SIM_SOCK_LISTENER) {
        for (struct sim_link *l = s->link; l != NULL; l = l->next_waiting) {
            l->server_closed = true;
            l->is_reset = true;
        }
    } else {
        struct sim_link *link = s->link;
        link->server_closed = true;
        link->sock = -1;
        if (link->watcher != NULL) *link->watcher = true;
        link->down.end_at = arrival(n, &link->down);
        if (link->was_dropped) link_free(link);
    }
    *s = (struct sim_sock){ .kind = SIM_SOCK_FREE };
}

static uint32_t net_no_interfaces(struct net *base, struct net_addr *ret_addrs, uint32_t max)
{
    (void)base;
    (void)ret_addrs;
    (void)max;
    return 0;
}

/* ---- pollers ---- */

static uint32_t readiness(const struct sim_net *n, const struct sim_sock *s)
{
    if (s->kind == SIM_SOCK_LISTENER) return knocks(n, s) ? NET_READABLE : 0;
    const struct sim_link *link = s->link;
    if (link->is_reset) return NET_READABLE | NET_WRITABLE;
    uint32_t ready = link->down.held < n->options.buffer ? NET_WRITABLE : 0;
    if (!link->is_cut && (way_has(n, &link->up) || way_ended(n, &link->up))) ready |= NET_READABLE;
    return ready;
}

static struct sim_poller *poller_of(struct poller *base)
{
    return container_of(base, struct sim_poller, base);
}

static uint32_t poller_wait(struct poller *base, nanos timeout, struct net_event *ret_events,
                            uint32_t max)
{
    struct sim_poller *p = poller_of(base);
    struct sim_net *n = p->net;
    uint32_t count = 0;
    uint32_t start = rng_below(&n->rng, SIM_SOCKS_MAX);
    for (uint32_t i = 0; i < SIM_SOCKS_MAX && count < max; i++) {
        struct sim_sock *s = &n->socks[(start + i) % SIM_SOCKS_MAX];
        if (s->kind == SIM_SOCK_FREE || s->poller != p) continue;
        uint32_t ready = readiness(n, s) & s->interest;
        if (ready != 0) ret_events[count++] = (struct net_event){ s->owner, ready };
    }
    p->asleep_until = 0;
    if (count == 0 && !p->woken && timeout > 0)
        p->asleep_until = timeout > NANOS_MAX - n->clock->now ? NANOS_MAX : n->clock->now + timeout;
    p->woken = false;
    return count;
}

bool sim_poller_ready(const struct sim_poller *p)
{
    if (p->woken) return true;
    for (uint32_t i = 0; i < SIM_SOCKS_MAX; i++) {
        const struct sim_sock *s = &p->net->socks[i];
        if (s->kind == SIM_SOCK_FREE || s->poller != p) continue;
        if ((readiness(p->net, s) & s->interest) != 0) return true;
    }
    return false;
}

static void poller_wake(struct poller *base)
{
    poller_of(base)->woken = true;
}

static enum err poller_add(struct poller *base, int sock, void *owner, uint32_t interest)
{
    struct sim_poller *p = poller_of(base);
    struct sim_sock *s = sock_at(p->net, sock);
    assert(s->poller == NULL);
    s->poller = p;
    s->owner = owner;
    s->interest = interest;
    return ERR_OK;
}

static void poller_change(struct poller *base, int sock, void *owner, uint32_t interest)
{
    struct sim_poller *p = poller_of(base);
    struct sim_sock *s = sock_at(p->net, sock);
    assert(s->poller == p);
    s->owner = owner;
    s->interest = interest;
}

static void poller_remove(struct poller *base, int sock)
{
    struct sim_poller *p = poller_of(base);
    struct sim_sock *s = sock_at(p->net, sock);
    assert(s->poller == p);
    s->poller = NULL;
}

static void poller_free(struct poller *base)
{
    poller_of(base)->is_used = false;
}

static const struct poller_ops poller_ops = {
    .free = poller_free,
    .wait = poller_wait,
    .wake = poller_wake,
    .add = poller_add,
    .change = poller_change,
    .remove = poller_remove,
};

static struct poller *net_poller_new(struct net *base)
{
    struct sim_net *n = net_of(base);
    for (uint32_t i = 0; i < SIM_POLLERS_MAX; i++) {
        struct sim_poller *p = &n->pollers[i];
        if (p->is_used) continue;
        *p = (struct sim_poller){ .base.ops = &poller_ops, .net = n, .is_used = true };
        return &p->base;
    }
    unreachable();
}

void sim_net_init(struct sim_net *n, struct sim_clock *clock, uint64_t seed)
{
    *n = (struct sim_net){ .clock = clock, .next_port = 4000 };
    n->base = (struct net){
        .poller_new = net_poller_new,
        .listen = net_listen_on,
        .accept = net_accept_one,
        .read = net_read_some,
        .write = net_write_some,
        .close = net_close_sock,
        .interfaces = net_no_interfaces,
    };
    rng_init(&n->rng, seed);
    n->options = (struct sim_net_options){ .buffer = 64 * 1024 };
}

void sim_net_deinit(struct sim_net *n)
{
    while (n->links != NULL) link_free(n->links);
}

uint32_t sim_net_open(const struct sim_net *n)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < SIM_SOCKS_MAX; i++) open += n->socks[i].kind != SIM_SOCK_FREE;
    return open;
}

/* ---- the client's end ---- */

struct sim_link *sim_link_dial(struct sim_net *n, uint16_t port)
{
    struct sim_sock *listener = NULL;
    for (uint32_t i = 0; i < SIM_SOCKS_MAX; i++)
        if (n->socks[i].kind == SIM_SOCK_LISTENER && n->socks[i].port == port)
            listener = &n->socks[i];
    if (listener == NULL) return NULL;
    struct sim_link *link = xcalloc(1, sizeof *link);
    link->net = n;
    link->sock = -1;
    link->port = (uint16_t)(20000 + rng_below(&n->rng, 40000));
    link->arrives_at = n->clock->now + latency(n);
    link->next = n->links;
    n->links = link;
    struct sim_link **last = &listener->link;
    while (*last != NULL) last = &(*last)->next_waiting;
    *last = link;
    return link;
}

int64_t sim_link_read(struct sim_link *link, uint8_t *bytes, uint32_t max)
{
    assert(!link->client_closed);
    if (link->is_cut) return NET_AGAIN;
    if (way_has(link->net, &link->down)) return way_take(link->net, &link->down, bytes, max);
    if (link->is_reset) return NET_FAILED;
    return way_ended(link->net, &link->down) ? 0 : NET_AGAIN;
}

int64_t sim_link_write(struct sim_link *link, const uint8_t *bytes, uint32_t len)
{
    struct sim_net *n = link->net;
    assert(!link->client_closed);
    if (link->is_reset || link->server_closed) return NET_FAILED;
    uint32_t room = n->options.buffer > link->up.held ? n->options.buffer - link->up.held : 0;
    if (len > room) len = room;
    if (len == 0) return NET_AGAIN;
    len = portion(n, len);
    way_send(n, &link->up, bytes, len);
    return len;
}

void sim_link_finish(struct sim_link *link)
{
    if (link->client_closed) return;
    link->client_closed = true;
    link->up.end_at = arrival(link->net, &link->up);
}

void sim_link_reset(struct sim_link *link)
{
    link->client_closed = true;
    link->is_reset = true;
    way_clear(&link->up);
}

void sim_link_cut(struct sim_link *link)
{
    link->is_cut = true;
}

void sim_link_drop(struct sim_link *link)
{
    link->client_closed = true;
    link->was_dropped = true;
    if (link->server_closed) link_free(link);
}

void sim_link_watch(struct sim_link *link, bool *flag)
{
    link->watcher = flag;
    *flag = link->server_closed;
}

bool sim_link_server_closed(const struct sim_link *link)
{
    return link->server_closed;
}

uint32_t sim_link_unread(const struct sim_link *link)
{
    return link->down.held;
}
