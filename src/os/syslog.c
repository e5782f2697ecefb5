/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, as Go's log/syslog writes them:
 *   remote  <PRI>2006-01-02T15:04:05Z07:00 HOST TAG[PID]: text\n      facility 0
 *   local   <PRI>Jan _2 15:04:05 TAG[PID]: text\n                     facility daemon */
#include "os/syslog.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/units.h"
#include "os/errno_text.h"

enum { FACILITY_DAEMON = 3 << 3, DIAL_TIMEOUT_MS = 5000 };

/* Where to dial; name_len counts for a Unix path. */
struct where {
    int                     type;           /* SOCK_DGRAM or SOCK_STREAM */
    struct sockaddr_storage addr;
    socklen_t               size;
};

struct syslog {
    struct where where;
    bool         is_local;
    int          fd;                        /* -1: broken, to be dialled anew */
    time_t       dialled;
    char        *tag;
    char         host[256];
    struct buf   line;
};

static const int severities[] = {
    [LOG_FATAL] = 2, [LOG_ERROR] = 3, [LOG_WARN] = 4,
    [LOG_INFO] = 5,  [LOG_DEBUG] = 7, [LOG_TRACE] = 5,
};

static bool where_unix(const char *path, int type, struct where *ret_where)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof un.sun_path) return false;
    memcpy(un.sun_path, path, len);
    *ret_where = (struct where){ .type = type, .size = sizeof un };
    memcpy(&ret_where->addr, &un, sizeof un);
    return true;
}

/* `timeout_ms` 0: a connection that is not there at once may come later. -1 with errno. */
static int dial(const struct where *w, int timeout_ms)
{
    int fd = socket(w->addr.ss_family, w->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (const struct sockaddr *)&w->addr, w->size) == 0) return fd;
    int number = errno;
    if (number == EINPROGRESS && timeout_ms == 0) return fd;
    if (number == EINPROGRESS) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        socklen_t size = sizeof number;
        number = poll(&p, 1, timeout_ms) == 1 ? 0 : ETIMEDOUT;
        if (number == 0) (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
        if (number == 0) return fd;
    }
    (void)close(fd);
    errno = number;
    return -1;
}

static struct syslog *syslog_new(const struct where *w, int fd, const char *tag)
{
    struct syslog *s = xcalloc(1, sizeof *s);
    s->where = *w;
    s->fd = fd;
    s->tag = xstrdup(tag == NULL ? "nats-server" : tag);
    if (gethostname(s->host, sizeof s->host - 1) != 0) s->host[0] = 0;
    return s;
}

enum err syslog_open(const char *tag, struct syslog **ret_syslog, struct errmsg *why)
{
    static const char *const paths[] = { "/dev/log", "/var/run/syslog", "/var/run/log" };
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
    for (size_t t = 0; t < ARRAY_COUNT(types); t++) {
        for (size_t p = 0; p < ARRAY_COUNT(paths); p++) {
            struct where w = { 0 };
            if (!where_unix(paths[p], types[t], &w)) continue;
            int fd = dial(&w, DIAL_TIMEOUT_MS);
            if (fd < 0) continue;
            *ret_syslog = syslog_new(&w, fd, tag);
            (*ret_syslog)->is_local = true;
            return ERR_OK;
        }
    }
    return errmsg_set(why, ERR_IO, "error connecting to syslog: \"Unix syslog delivery error\"");
}

static enum err where_inet(const char *scheme, struct slice address, struct where *ret_where,
                           struct errmsg *why)
{
    char host[256] = "";
    int64_t colon = -1;
    for (uint32_t i = 0; i < address.len; i++)
        if (address.ptr[i] == ':') colon = i;
    if (colon < 0)
        return errmsg_set(why, ERR_INVALID,
                          "error connecting to syslog: \"dial %s: address %.*s: missing port in "
                          "address\"",
                          scheme, SLICE_ARGS(address));
    struct slice name = slice_first(address, (uint32_t)colon);
    if (name.len > 1 && name.ptr[0] == '[') name = slice_from(slice_first(name, name.len - 1), 1);
    (void)snprintf(host, sizeof host, "%.*s", SLICE_ARGS(name));
    char port[16];
    (void)snprintf(port, sizeof port, "%.*s", SLICE_ARGS(slice_from(address, (uint32_t)colon + 1)));
    bool is_udp = strncmp(scheme, "udp", 3) == 0;
    struct addrinfo hints = { .ai_socktype = is_udp ? SOCK_DGRAM : SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (getaddrinfo(host[0] == 0 ? "127.0.0.1" : host, port, &hints, &found) != 0)
        return errmsg_set(why, ERR_NOTFOUND,
                          "error connecting to syslog: \"dial %s: lookup %s: no such host\"",
                          scheme, host);
    *ret_where = (struct where){ .type = hints.ai_socktype, .size = found->ai_addrlen };
    memcpy(&ret_where->addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return ERR_OK;
}

static enum err where_url(const char *scheme, struct slice rest, struct where *ret_where,
                          struct errmsg *why)
{
    if (strcmp(scheme, "udp") == 0 || strcmp(scheme, "tcp") == 0)
        return where_inet(scheme, rest, ret_where, why);
    char path[256];
    (void)snprintf(path, sizeof path, "%.*s", SLICE_ARGS(rest));
    if (strcmp(scheme, "unix") == 0 && where_unix(path, SOCK_DGRAM, ret_where)) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "error invalid network type: \"%s\"", scheme);
}

enum err syslog_dial(const char *url, const char *tag, struct syslog **ret_syslog,
                     struct errmsg *why)
{
    char scheme[16], text[ERRNO_TEXT];
    const char *mark = strstr(url, "://");
    struct slice name = slice_of(url, mark == NULL ? strlen(url) : (size_t)(mark - url));
    (void)snprintf(scheme, sizeof scheme, "%.*s", SLICE_ARGS(name));
    struct slice rest = slice_str(mark == NULL ? "" : mark + 3);
    struct where w = { 0 };
    enum err e = where_url(scheme, rest, &w, why);
    if (e) return e;
    int fd = dial(&w, DIAL_TIMEOUT_MS);
    if (fd < 0 && w.addr.ss_family == AF_UNIX) {
        w.type = SOCK_STREAM;
        fd = dial(&w, DIAL_TIMEOUT_MS);
    }
    if (fd < 0)
        return errmsg_set(why, ERR_IO, "error connecting to syslog: \"dial %s %.*s: connect: %s\"",
                          scheme, SLICE_ARGS(rest), errno_text(errno, text));
    *ret_syslog = syslog_new(&w, fd, tag);
    return ERR_OK;
}

struct syslog *syslog_free(struct syslog *s)
{
    if (s == NULL) return NULL;
    if (s->fd >= 0) (void)close(s->fd);
    s->tag = xfree(s->tag);
    buf_deinit(&s->line);
    return xfree(s);
}

static void add_time(struct syslog *s, time_t now)
{
    struct tm t;
    char text[64];
    (void)localtime_r(&now, &t);
    if (s->is_local) {
        (void)strftime(text, sizeof text, "%b %e %H:%M:%S", &t);
        buf_add_str(&s->line, text);
        return;
    }
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
    buf_add_str(&s->line, text);
    long minutes = t.tm_gmtoff / 60;
    long size = minutes < 0 ? -minutes : minutes;
    if (minutes == 0) buf_add_byte(&s->line, 'Z');
    else buf_printf(&s->line, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60, size % 60);
    buf_printf(&s->line, " %s", s->host);
}

static void make_line(struct syslog *s, enum log_level level, struct slice text, time_t now)
{
    s->line.len = 0;
    buf_printf(&s->line, "<%d>", severities[level] | (s->is_local ? FACILITY_DAEMON : 0));
    add_time(s, now);
    buf_printf(&s->line, " %s[%ld]: ", s->tag, (long)getpid());
    buf_add(&s->line, text);
    if (text.len == 0 || text.ptr[text.len - 1] != '\n') buf_add_byte(&s->line, '\n');
}

void syslog_write(struct syslog *s, enum log_level level, struct slice text)
{
    time_t now = time(NULL);
    make_line(s, level, text, now);
    if (s->fd < 0 && now != s->dialled) {
        s->dialled = now;
        s->fd = dial(&s->where, 0);
    }
    if (s->fd < 0) return;
    ssize_t put = send(s->fd, s->line.ptr, s->line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    bool busy = put < 0 && (errno == EAGAIN || errno == ENOTCONN || errno == ENOBUFS);
    bool whole = put == (ssize_t)s->line.len;
    if (whole || busy) return;
    (void)close(s->fd);             /* broken, or cut within a line: the next one starts afresh */
    s->fd = -1;
}
