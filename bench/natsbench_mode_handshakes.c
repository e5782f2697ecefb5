/* SPDX-License-Identifier: Apache-2.0 */
/* Does a client notice when others arrive with TLS? Bursts of `msgs` full handshakes, `pubs` of
 * them at once, while one requester asks `rate` times a second over a connection that it has had
 * before.
 * Only requests during a burst count. Bursts repeat for `seconds`. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_report.h"
#include "natsbench_request.h"
#include "natsbench_tls.h"
#include "natsbench_util.h"

struct guest {
    int fd;
    struct tls *tls;            /* NULL until INFO has come */
};

struct burst {
    const struct options *options;
    struct tls_context *context;
    struct guest *guests;
    uint32_t places;
    uint64_t started;
    uint64_t done;
    int epoll;
    atomic_bool is_over;
};

static void guest_come(struct burst *b, struct guest *g)
{
    g->fd = tcp_dial(b->options, (uint32_t)b->started++);
    if (g->fd < 0) die("connect to port %u", b->options->port);
    (void)fcntl(g->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = g };
    if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, g->fd, &event) != 0) die("epoll_ctl");
}

static void guest_leave(struct burst *b, struct guest *g)
{
    g->tls = tls_free(g->tls);
    (void)close(g->fd);
    b->done++;
    if (b->started < b->options->msgs) guest_come(b, g);
}

static void guest_on_readable(struct burst *b, struct guest *g)
{
    if (g->tls == NULL) {
        char info[8192];
        ssize_t got = recv(g->fd, info, sizeof info, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) die("turned away before the handshake");
        if (info[got - 1] != '\n') return;          /* the rest of INFO is still to come */
        g->tls = tls_new(b->context, g->fd);
    }
    enum tls_step step = tls_handshake(g->tls);
    if (step == TLS_FAILED) die("handshake %llu failed", (unsigned long long)b->done);
    if (step == TLS_WANTS_WRITE) die("a handshake does not fit in the socket");
    if (step == TLS_DONE) guest_leave(b, g);
}

static void *burst_run(void *ctx)
{
    struct burst *b = ctx;
    thread_yield_to_others();
    for (uint32_t i = 0; i < b->places; i++) guest_come(b, &b->guests[i]);
    while (b->done < b->options->msgs) {
        struct epoll_event events[64];
        int count = epoll_wait(b->epoll, events, 64, 10000);
        errno = 0;
        if (count == 0)
            die("%llu handshakes are not answered",
                (unsigned long long)(b->options->msgs - b->done));
        for (int i = 0; i < count; i++) guest_on_readable(b, events[i].data.ptr);
    }
    atomic_store(&b->is_over, true);
    return NULL;
}

static struct requests_limit until(const atomic_bool *stop, uint64_t until_ns)
{
    return (struct requests_limit){ .count = UINT64_MAX, .until_ns = until_ns, .stop = stop };
}

void mode_handshakes(const struct options *o)
{
    if (o->rate == 0) die("handshakes needs -r");
    if (o->msgs < o->pubs) die("-n must be at least -c");
    files_max_raise();
    struct requests *rs = requests_open(o, "tls.request");
    struct latencies quiet = { 0 }, during = { 0 };
    (void)requests_run(rs, until(NULL, now_ns() + NANOS_PER_SECOND), &quiet);

    struct burst b = { .options = o, .context = tls_context_new(), .places = o->pubs };
    b.guests = xalloc(b.places, sizeof *b.guests);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t start = now_ns(), end = start + (uint64_t)(o->seconds * 1e9), total = 0, busy_ns = 0;
    while (now_ns() < end) {
        uint64_t burst_start = now_ns();
        b.started = b.done = 0;
        atomic_store(&b.is_over, false);
        pthread_t thread = thread_start(burst_run, &b);
        (void)requests_run(rs, until(&b.is_over, UINT64_MAX), &during);
        (void)pthread_join(thread, NULL);
        busy_ns += now_ns() - burst_start;
        total += b.done;
    }
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_number("handshakes", (double)total);
    report_number("handshakes_per_second", (double)total * 1e9 / (double)busy_ns);
    report_cpu(o, cpu, total, "handshake");
    latencies_report(&quiet, "quiet_");
    latencies_report(&during, "during_");
    report_end();
}

void mode_cert(const struct options *o)
{
    tls_cert_write(o->folder);
}
