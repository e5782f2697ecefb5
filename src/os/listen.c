/* SPDX-License-Identifier: Apache-2.0 */
/* Which address is listened on follows Go: every wildcard, IPv4's too, is one socket for both
 * families where the machine has IPv6; a name takes its first IPv4 address, else its first. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/errno_text.h"
#include "os/net.h"

struct target {
    struct sockaddr_storage addr;
    socklen_t               size;
    char                    name[NET_ADDR_TEXT + 8];    /* as error texts show it */
    bool                    both;                       /* a wildcard of both families */
};

static void target_set(struct target *t, const struct net_addr *a)
{
    *t = (struct target){ 0 };
    if (a->v6) {
        struct sockaddr_in6 *v6 = (void *)&t->addr;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(a->port);
        memcpy(&v6->sin6_addr, a->ip, 16);
        t->size = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (void *)&t->addr;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(a->port);
        memcpy(&v4->sin_addr, a->ip, 4);
        t->size = sizeof *v4;
    }
    (void)net_addr_text(a, t->name);
}

/* The address of a name: the first IPv4 one, else the first. */
static bool look_up(const char *name, struct net_addr *addr)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (getaddrinfo(name, NULL, &hints, &found) != 0) return false;
    const struct addrinfo *best = NULL;
    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next)
        if (best == NULL || (best->ai_family != AF_INET && i->ai_family == AF_INET)) best = i;
    bool known = false;
    if (best != NULL && best->ai_addrlen <= sizeof(struct sockaddr_storage)) {
        struct sockaddr_storage s = { 0 };
        memcpy(&s, best->ai_addr, best->ai_addrlen);
        uint16_t port = addr->port;
        known = os_addr_from(&s, addr);
        addr->port = port;
    }
    freeaddrinfo(found);
    return known;
}

static enum err resolve(const struct net_listen *options, struct target *t, struct errmsg *why)
{
    static const uint8_t any[16] = { 0 };
    const char *host = options->host == NULL ? "" : options->host;
    struct net_addr addr = { .port = options->port };
    if (host[0] != 0 && !net_addr_parse_ip(&addr, host) && !look_up(host, &addr))
        return errmsg_set(why, ERR_NOTFOUND, "listen tcp: lookup %s: no such host", host);
    target_set(t, &addr);
    t->both = memcmp(addr.ip, any, sizeof any) == 0;
    if (host[0] == 0) (void)snprintf(t->name, sizeof t->name, ":%u", options->port);
    return ERR_OK;
}

/* A socket bound to the target, else -1 with errno. */
static int bound_socket(const struct target *t)
{
    int sock = socket(t->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0) return -1;
    int on = 1, only_v6 = t->both ? 0 : 1;
    (void)setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* what is accepted inherits */
    (void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool wrong = t->addr.ss_family == AF_INET6 &&
                 setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0;
    if (!wrong && bind(sock, (const struct sockaddr *)&t->addr, t->size) == 0) return sock;
    int number = wrong ? EAFNOSUPPORT : errno;
    (void)close(sock);
    errno = number;
    return -1;
}

static bool lacks_family(int number)
{
    return number == EAFNOSUPPORT || number == EADDRNOTAVAIL || number == EPERM;
}

/* For a wildcard: both families on one socket, else IPv4 alone. */
static int open_socket(const struct target *t, uint16_t port)
{
    if (!t->both) return bound_socket(t);
    struct target each;
    struct net_addr any = { .port = port, .v6 = true };
    target_set(&each, &any);
    each.both = true;
    int sock = bound_socket(&each);
    if (sock >= 0 || !lacks_family(errno)) return sock;
    any.v6 = false;
    target_set(&each, &any);
    return bound_socket(&each);
}

static enum err failed(const struct target *t, const char *call, struct errmsg *why)
{
    int number = errno;
    char text[ERRNO_TEXT];
    enum err e = number == EADDRINUSE ? ERR_EXISTS : number == EACCES ? ERR_DENIED : ERR_IO;
    return errmsg_set(why, e, "listen tcp %s: %s: %s", t->name, call, errno_text(number, text));
}

enum err os_listen(struct net *net, const struct net_listen *options, int *ret_sock,
                   struct net_addr *ret_bound, struct errmsg *why)
{
    (void)net;
    struct target t = { 0 };
    enum err e = resolve(options, &t, why);
    if (e) return e;
    int sock = open_socket(&t, options->port);
    if (sock < 0) return failed(&t, "bind", why);
    uint32_t backlog = options->backlog > 0 ? options->backlog : SOMAXCONN;
    if (listen(sock, (int)backlog) != 0) {
        e = failed(&t, "listen", why);
        (void)close(sock);
        return e;
    }
    struct sockaddr_storage bound = { 0 };
    socklen_t size = sizeof bound;
    int unnamed = getsockname(sock, (struct sockaddr *)&bound, &size);
    assert(unnamed == 0);
    bool known = os_addr_from(&bound, ret_bound);
    assert(known);
    *ret_sock = sock;
    return ERR_OK;
}
