/* SPDX-License-Identifier: Apache-2.0 */
/* natsrelay: the floor. It moves the bytes of a flow from publishers to subscribers and does
 * nothing else: no interest, no subjects, no protocol but the few lines that let natsbench begin
 * and end. What a server costs more than this is what its work costs.
 *
 *   natsrelay -p PORT       on 127.0.0.1; prints "ready" and serves until it is killed
 *
 * A connection that says SUB is a subscriber from then on; one whose input begins with PUB hands
 * every byte on to all subscribers, as it is (natsbench -R expects that). A publisher's last PING
 * is recognised by the end of a read. One thread, level-triggered epoll; a subscriber that does not
 * take its bytes holds up the relay.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (64 << 10)
#define PEERS_MAX 4096

struct peer {
    int fd;
    bool is_publisher;
};

struct relay {
    int epoll;
    int listener;
    struct peer *subscribers[PEERS_MAX];
    uint32_t subscribers_count;
    char buffer[READ_BYTES];
};

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0) return;           /* gone: its own read will notice */
        data += sent;
        len -= (size_t)sent;
    }
}

static void peer_watch(struct relay *r, struct peer *p)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, p->fd, &event) != 0) die("epoll_ctl");
}

static void peer_come(struct relay *r)
{
    static const char info[] =
        "INFO {\"server_id\":\"relay\",\"version\":\"0\",\"max_payload\":1048576}\r\n";
    struct peer *p = calloc(1, sizeof *p);
    int on = 1;
    if (p == NULL) die("memory");
    p->fd = accept(r->listener, NULL, NULL);
    if (p->fd < 0) die("accept");
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_all(p->fd, info, sizeof info - 1);
    peer_watch(r, p);
} /* NOLINT(clang-analyzer-unix.Malloc): the epoll set holds the peer until peer_leave() */

static void peer_leave(struct relay *r, struct peer *p)
{
    for (uint32_t i = 0; i < r->subscribers_count; i++)
        if (r->subscribers[i] == p) r->subscribers[i--] = r->subscribers[--r->subscribers_count];
    (void)close(p->fd);
    free(p);
}

static void relay_bytes(struct relay *r, struct peer *p, size_t len)
{
    bool is_end = len >= 6 && memcmp(r->buffer + len - 6, "PING\r\n", 6) == 0;
    if (is_end) len -= 6;
    for (uint32_t i = 0; i < r->subscribers_count && len > 0; i++)
        send_all(r->subscribers[i]->fd, r->buffer, len);
    if (is_end) send_all(p->fd, "PONG\r\n", 6);
}

static void talk(struct relay *r, struct peer *p, const char *line, const char *end)
{
    while (line < end) {
        if (strncmp(line, "PING", 4) == 0) send_all(p->fd, "PONG\r\n", 6);
        if (strncmp(line, "SUB ", 4) == 0) {
            if (r->subscribers_count == PEERS_MAX) die("too many subscribers");
            r->subscribers[r->subscribers_count++] = p;
        }
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        line = eol == NULL ? end : eol + 1;
    }
}

static void peer_read(struct relay *r, struct peer *p)
{
    ssize_t got = recv(p->fd, r->buffer, sizeof r->buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        peer_leave(r, p);
        return;
    }
    if (!p->is_publisher && got >= 4 && memcmp(r->buffer, "PUB ", 4) == 0) p->is_publisher = true;
    if (p->is_publisher) relay_bytes(r, p, (size_t)got);
    else talk(r, p, r->buffer, r->buffer + got);
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0) die("listen");
    return fd;
}

static uint16_t port_of(const char *text)
{
    uint32_t port = 0;
    for (; *text >= '0' && *text <= '9' && port < 65536; text++)
        port = port * 10 + (uint32_t)(*text - '0');
    return (uint16_t)port;
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "-p") != 0) {
        (void)fputs("usage: natsrelay -p PORT\n", stderr);
        return 2;
    }
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL) die("memory");
    r->listener = listen_on(port_of(argv[2]));
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->listener, &event) != 0) die("epoll_ctl");
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(r->epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            struct peer *p = events[i].data.ptr;
            if (p == NULL) peer_come(r);
            else peer_read(r, p);
        }
    }
}
