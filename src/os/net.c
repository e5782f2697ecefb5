/* SPDX-License-Identifier: Apache-2.0 */
#include "os/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/limits.h"

static_assert(sizeof(struct net_span) == sizeof(struct iovec), "spans are handed on as iovecs");
static_assert(offsetof(struct net_span, ptr) == offsetof(struct iovec, iov_base), "same place");
static_assert(offsetof(struct net_span, len) == offsetof(struct iovec, iov_len), "same place");

bool os_addr_from(const struct sockaddr_storage *from, struct net_addr *ret_addr)
{
    struct net_addr a = { 0 };
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        memcpy(a.ip, &v4->sin_addr, 4);
        a.port = ntohs(v4->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)from;
        a.v6 = !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        if (a.v6) memcpy(a.ip, &v6->sin6_addr, 16);
        else memcpy(a.ip, v6->sin6_addr.s6_addr + 12, 4);
        a.port = ntohs(v6->sin6_port);
    } else {
        return false;
    }
    *ret_addr = a;
    return true;
}

/* What accept() says of the connection, not of us: the next one may be fine. */
static enum err accept_error(int number)
{
    switch (number) {
    case EAGAIN: return ERR_BUSY;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return ERR_LIMIT;
    default: return ERR_IO;
    }
}

/* Only those are left that others are to have. The lowest free one is what the next would get. */
static bool is_short(const struct net *net, int listener)
{
    uint32_t kept = atomic_load_explicit(&net->files_kept, memory_order_relaxed);
    if (kept == 0) return false;
    int lowest = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    if (lowest < 0) return true;
    (void)close(lowest);
    uint64_t allowed = limits_files();
    return allowed > 0 && (uint64_t)lowest + kept >= allowed;
}

static enum err os_accept(struct net *net, int listener, int *ret_sock, struct net_addr *ret_peer)
{
    if (is_short(net, listener)) return ERR_LIMIT;
    struct sockaddr_storage from = { 0 };
    socklen_t size = sizeof from;
    int sock = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (sock < 0) return accept_error(errno);
    struct net_addr peer;
    if (!os_addr_from(&from, &peer)) {
        (void)close(sock);
        return ERR_IO;
    }
    *ret_sock = sock;
    *ret_peer = peer;
    return ERR_OK;
}

static int64_t result_of(ssize_t done)
{
    if (done >= 0) return done;
    return errno == EAGAIN || errno == EINTR ? NET_AGAIN : NET_FAILED;
}

static struct msghdr message_of(const struct net_span *spans, uint32_t count)
{
    assert(count <= NET_SPANS_MAX);
    struct msghdr m = { 0 };
    memcpy(&m.msg_iov, &spans, sizeof m.msg_iov);
    m.msg_iovlen = count;
    return m;
}

static int64_t os_read(struct net *net, int sock, const struct net_span *spans, uint32_t count)
{
    (void)net;
    assert(count > 0);
    if (count == 1) return result_of(recv(sock, spans->ptr, spans->len, 0));
    struct msghdr m = message_of(spans, count);
    return result_of(recvmsg(sock, &m, 0));
}

static int64_t os_write(struct net *net, int sock, const struct net_span *spans, uint32_t count)
{
    (void)net;
    assert(count > 0);
    if (count == 1) return result_of(send(sock, spans->ptr, spans->len, MSG_NOSIGNAL));
    struct msghdr m = message_of(spans, count);
    return result_of(sendmsg(sock, &m, MSG_NOSIGNAL));
}

static void os_close(struct net *net, int sock)
{
    (void)net;
    int failed = close(sock);
    /* closed twice: somebody else's socket is at risk */
    assert(failed == 0 || errno != EBADF);
}

void os_net_init(struct net *net)
{
    *net = (struct net){
        .poller_new = os_poller_new,
        .listen = os_listen,
        .accept = os_accept,
        .read = os_read,
        .write = os_write,
        .close = os_close,
        .interfaces = os_interfaces,
    };
}
