/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natsbench_tls.h"
#include "natsbench_util.h"
#include "natsbench_ws.h"

#define ANSWER_MAX 65536
#define PATIENCE_MS 30000

struct conn {
    int fd;
    struct tls *tls;            /* NULL: plain */
    bool is_ws;
    struct ws_in ws;
};

static void wait_for(const struct conn *c, short events)
{
    struct pollfd p = { .fd = c->fd, .events = events };
    if (poll(&p, 1, PATIENCE_MS) == 0)
        die("the server has been silent for %d s", PATIENCE_MS / 1000);
}

int tcp_dial(const struct options *o, uint32_t index)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) die("socket");
    struct sockaddr_in from = { .sin_family = AF_INET };
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % 200);
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die("bind");
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(o->port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_plain(struct conn *c, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(c->fd, data, len, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) die("send");
            wait_for(c, POLLOUT);
            continue;
        }
        data += sent;
        len -= (size_t)sent;
    }
}

static void send_tls(struct conn *c, const char *data, size_t len)
{
    while (len > 0) {
        size_t sent;
        enum tls_step step = tls_write(c->tls, data, len, &sent);
        if (step == TLS_FAILED) die("send over TLS");
        if (step == TLS_WANTS_READ) wait_for(c, POLLIN);
        if (step == TLS_WANTS_WRITE) wait_for(c, POLLOUT);
        data += sent;
        len -= sent;
    }
}

void conn_send_prepared(struct conn *c, const char *data, size_t len)
{
    if (c->tls != NULL) send_tls(c, data, len);
    else send_plain(c, data, len);
}

size_t conn_prepare(const struct conn *c, char *out, const char *data, size_t len)
{
    if (c->is_ws) return ws_wrap(out, data, len);
    memcpy(out, data, len);
    return len;
}

void conn_send(struct conn *c, const char *data, size_t len)
{
    if (!c->is_ws) {
        conn_send_prepared(c, data, len);
        return;
    }
    char small[4096], *frame = small;
    if (len + WS_HEAD_MAX > sizeof small) frame = xalloc(1, len + WS_HEAD_MAX);
    conn_send_prepared(c, frame, ws_wrap(frame, data, len));
    if (frame != small) free(frame);
}

void conn_print(struct conn *c, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof line) die("line too long");
    conn_send(c, line, (size_t)len);
}

static ssize_t read_tls(struct conn *c, char *buffer, size_t size)
{
    size_t have = 0;
    while (have < size) {
        size_t got;
        enum tls_step step = tls_read(c->tls, buffer + have, size - have, &got);
        have += got;
        if (step == TLS_FAILED && have == 0) return -1;
        if (step != TLS_DONE) break;
    }
    return (ssize_t)have;
}

static ssize_t read_plain(struct conn *c, char *buffer, size_t size, int flags)
{
    ssize_t got = recv(c->fd, buffer, size, flags);
    if (got == 0) return -1;
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (c->is_ws) got = (ssize_t)ws_unwrap(&c->ws, buffer, (size_t)got);
    return got;
}

ssize_t conn_read(struct conn *c, char *buffer, size_t size)
{
    if (c->tls != NULL) return read_tls(c, buffer, size);
    return read_plain(c, buffer, size, MSG_DONTWAIT);
}

ssize_t conn_read_wait(struct conn *c, char *buffer, size_t size)
{
    for (;;) {
        ssize_t got = c->tls != NULL ? read_tls(c, buffer, size) : read_plain(c, buffer, size, 0);
        if (got != 0) return got;
        if (c->tls != NULL) (void)poll(&(struct pollfd){ .fd = c->fd, .events = POLLIN }, 1, -1);
    }
}

bool conn_has_pending(struct conn *c)
{
    return c->tls != NULL && tls_has_pending(c->tls);
}

int conn_fd(const struct conn *c)
{
    return c->fd;
}

/* Reads the peer's first lines up to `end`, not a byte more than it says before we answer. */
static void expect_text(struct conn *c, const char *end)
{
    char text[ANSWER_MAX];
    size_t have = 0;
    while (have == 0 || memmem(text, have, end, strlen(end)) == NULL) {
        ssize_t got = recv(c->fd, text + have, 1, 0);
        if (got <= 0 || ++have == sizeof text) die("the server does not greet");
    }
}

static void start_tls(struct conn *c)
{
    expect_text(c, "\r\n");         /* INFO */
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->tls = tls_new(tls_context_new(), c->fd);
    for (;;) {
        enum tls_step step = tls_handshake(c->tls);
        if (step == TLS_DONE) return;
        if (step == TLS_FAILED) die("TLS handshake");
        wait_for(c, step == TLS_WANTS_READ ? POLLIN : POLLOUT);
    }
}

static void start_ws(struct conn *c)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: bWlkZ2UgYmVuY2htYXJrIQ==\r\n\r\n";
    send_plain(c, request, sizeof request - 1);
    expect_text(c, "\r\n\r\n");
    c->is_ws = true;
}

size_t conn_hello(const struct options *o, char *line, size_t size)
{
    char who[512] = "";
    if (o->user != NULL)
        (void)snprintf(who, sizeof who, "\"user\":\"%s\",\"pass\":\"%s\",", o->user, o->password);
    int len = snprintf(line, size,
                       "CONNECT {%s\"verbose\":false,\"pedantic\":false,\"headers\":true,"
                       "\"no_responders\":true,\"protocol\":1,\"lang\":\"c\",\"version\":\"1\","
                       "\"name\":\"natsbench\",\"tls_required\":%s}\r\n",
                       who, o->transport == TRANSPORT_TLS ? "true" : "false");
    if (len < 0 || (size_t)len >= size) die("user or password too long");
    return (size_t)len;
}

struct conn *conn_open(const struct options *o, uint32_t index)
{
    struct conn *c = xalloc(1, sizeof *c);
    char hello[1024];
    c->fd = tcp_dial(o, index);
    if (c->fd < 0) die("connect to port %u", o->port);
    if (o->transport == TRANSPORT_TLS) start_tls(c);
    if (o->transport == TRANSPORT_WS) start_ws(c);
    conn_send(c, hello, conn_hello(o, hello, sizeof hello));
    conn_ping_pong(c);
    return c;
}

struct conn *conn_close(struct conn *c)
{
    if (c == NULL) return NULL;
    (void)tls_free(c->tls);
    (void)close(c->fd);
    free(c);
    return NULL;
}

void conn_ping_pong(struct conn *c)
{
    char text[ANSWER_MAX];
    size_t have = 0;
    conn_send(c, "PING\r\n", 6);
    for (;;) {
        ssize_t got = conn_read_wait(c, text + have, sizeof text - have);
        errno = 0;
        if (got < 0) die("closed by the server while waiting for PONG: %.*s", (int)have, text);
        have += (size_t)got;
        char *error = memmem(text, have, "-ERR", 4);
        if (error != NULL) die("%.*s", (int)(text + have - error), error);
        if (memmem(text, have, "PONG\r\n", 6) != NULL) return;
        if (have > sizeof text / 2) {       /* keep what may be the first part of a PONG */
            memmove(text, text + have - 16, 16);
            have = 16;
        }
    }
}
