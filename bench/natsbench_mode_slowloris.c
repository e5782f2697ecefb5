/* SPDX-License-Identifier: Apache-2.0 */
/* Does an authenticated client notice a crowd of strangers that never finish to say who they are?
 *
 * The crowd: `pubs` connections that say nothing, and `subs` that write their CONNECT one byte a
 * second. Whoever the server turns away comes back. The judge: one requester at `rate` requests a
 * second, measured quiet, while the crowd comes, and while it stands. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natsbench.h"
#include "natsbench_conn.h"
#include "natsbench_report.h"
#include "natsbench_request.h"
#include "natsbench_util.h"

#define TURNS_PER_SECOND 100
#define TURN_NS (NANOS_PER_SECOND / TURNS_PER_SECOND)
#define OPENS_PER_TURN 50           /* 5000 a second: the crowd is slow, not a flood */

struct stranger {
    int fd;                         /* -1: not there */
    uint32_t written;               /* of the hello */
};

struct crowd {
    const struct options *options;
    struct stranger *strangers;     /* the first `writers` write */
    uint32_t count;
    uint32_t writers;
    uint32_t standing;
    uint64_t turned_away;
    char hello[1024];
    size_t hello_len;
    int epoll;
    atomic_bool is_complete;
    atomic_bool is_stopping;
};

static void stranger_leave(struct crowd *c, struct stranger *s)
{
    (void)close(s->fd);
    s->fd = -1;
    c->standing--;
    c->turned_away++;
}

static void stranger_come(struct crowd *c, struct stranger *s)
{
    s->fd = tcp_dial(c->options, (uint32_t)(s - c->strangers));
    s->written = 0;
    if (s->fd < 0) {
        if (errno == ECONNREFUSED || errno == ECONNRESET) return;
        die("connection %u of the crowd", c->standing);
    }
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->fd, &event) != 0) die("epoll_ctl");
    c->standing++;
}

static void stranger_write(struct crowd *c, struct stranger *s)
{
    if (s->fd < 0 || s->written + 2 >= c->hello_len) return;    /* never the line's end */
    if (send(s->fd, c->hello + s->written, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) s->written++;
}

/* Notices who was turned away; swallows INFO. */
static void crowd_listen(struct crowd *c)
{
    struct epoll_event events[256];
    char sink[8192];
    for (int count; (count = epoll_wait(c->epoll, events, 256, 0)) > 0;) {
        for (int i = 0; i < count; i++) {
            struct stranger *s = events[i].data.ptr;
            ssize_t got = recv(s->fd, sink, sizeof sink, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN)) stranger_leave(c, s);
        }
    }
}

static void crowd_fill(struct crowd *c, uint32_t *next)
{
    uint32_t opened = 0;
    for (uint32_t looked = 0; looked < c->count && opened < OPENS_PER_TURN; looked++) {
        struct stranger *s = &c->strangers[*next];
        *next = (*next + 1) % c->count;
        if (s->fd >= 0) continue;
        stranger_come(c, s);
        opened++;
    }
}

static void *crowd_run(void *ctx)
{
    struct crowd *c = ctx;
    thread_yield_to_others();
    uint32_t next = 0;
    for (uint32_t turn = 0; !atomic_load(&c->is_stopping); turn++) {
        uint64_t end = now_ns() + TURN_NS;
        if (c->standing < c->count) crowd_fill(c, &next);
        for (uint32_t i = turn % TURNS_PER_SECOND; i < c->writers; i += TURNS_PER_SECOND)
            stranger_write(c, &c->strangers[i]);
        crowd_listen(c);
        if (c->standing == c->count) atomic_store(&c->is_complete, true);
        sleep_until_ns(end);
    }
    return NULL;
}

static void crowd_init(struct crowd *c, const struct options *o)
{
    c->options = o;
    c->writers = o->subs;
    c->count = o->pubs + o->subs;
    c->strangers = xalloc(c->count, sizeof *c->strangers);
    for (uint32_t i = 0; i < c->count; i++) c->strangers[i].fd = -1;
    c->hello_len = conn_hello(o, c->hello, sizeof c->hello);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
}

static struct requests_limit for_seconds(double seconds)
{
    return (struct requests_limit){ .count = UINT64_MAX,
                                    .until_ns = now_ns() + (uint64_t)(seconds * 1e9) };
}

void mode_slowloris(const struct options *o)
{
    if (o->rate == 0) die("slowloris needs -r");
    files_max_raise();
    struct crowd crowd = { 0 };
    crowd_init(&crowd, o);
    struct requests *rs = requests_open(o, "slow.request");
    struct latencies quiet = { 0 }, coming = { 0 }, standing = { 0 };
    (void)requests_run(rs, for_seconds(o->seconds), &quiet);
    uint64_t rss = server_rss_bytes(o->server_pid);

    pthread_t thread = thread_start(crowd_run, &crowd);
    struct requests_limit until_complete = for_seconds(120);
    until_complete.stop = &crowd.is_complete;
    (void)requests_run(rs, until_complete, &coming);
    (void)requests_run(rs, for_seconds(o->seconds), &standing);
    double crowd_rss = (double)server_rss_bytes(o->server_pid) - (double)rss;
    atomic_store(&crowd.is_stopping, true);
    (void)pthread_join(thread, NULL);

    report_begin(o);
    report_number("crowd", crowd.count);
    report_number("standing", crowd.standing);
    report_number("turned_away", (double)crowd.turned_away);
    latencies_report(&quiet, "quiet_");
    latencies_report(&coming, "coming_");
    latencies_report(&standing, "standing_");
    report_number("bytes_conn", crowd.standing == 0 ? 0 : crowd_rss / (double)crowd.standing);
    report_end();
}
