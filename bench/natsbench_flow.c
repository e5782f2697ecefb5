/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_flow.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "natsbench_conn.h"
#include "natsbench_counter.h"
#include "natsbench_util.h"
#include "natsbench_ws.h"

#define BATCH_BYTES 65536
#define BATCH_ALONE_BYTES 32768         /* a message above this goes alone */
#define FRAME_BYTES 4096                /* WebSocket: so many bytes of messages to a frame */
#define SINK_BYTES (1 << 18)
#define LOST_MS 10000
#define POLL_MS 20

struct publisher {
    struct flow *flow;
    struct conn *conn;
    pthread_t thread;
    uint64_t quota;
    uint64_t sent;
};

struct subscriber {
    struct conn *conn;
    struct counter counter;
};

struct flow {
    const struct options *options;
    struct publisher *publishers;
    struct subscriber *subscribers;
    uint32_t publishers_count;
    uint32_t subscribers_count;
    uint32_t copies;                    /* deliveries per published message */
    int epoll;
    /* a publisher ended; readable in `epoll` with a NULL pointer */
    int wake;
    char *sink;
    pthread_t receiver;
    bool has_receiver;
    atomic_bool is_stopping;
    atomic_uint publishers_running;
    atomic_ullong published;            /* whole once publishers_running is 0 */
    atomic_ullong received;
};

/* --- publishers --- */

struct batch {
    char *bytes;
    size_t len;
    uint64_t msgs;
};

static uint64_t batch_msgs(size_t one)
{
    return one > BATCH_ALONE_BYTES ? 1 : BATCH_BYTES / one;
}

static struct batch batch_new(const struct publisher *p, const char *one, size_t one_len,
                              uint64_t msgs)
{
    uint64_t per_frame = FRAME_BYTES / one_len > 0 ? FRAME_BYTES / one_len : 1;
    struct batch b = { .bytes = xalloc(msgs, one_len + WS_HEAD_MAX), .msgs = msgs };
    char *frame = xalloc(per_frame, one_len);
    for (uint64_t done = 0; done < msgs;) {
        uint64_t count = msgs - done < per_frame ? msgs - done : per_frame;
        for (uint64_t i = 0; i < count; i++) memcpy(frame + i * one_len, one, one_len);
        b.len += conn_prepare(p->conn, b.bytes + b.len, frame, count * one_len);
        done += count;
    }
    free(frame);
    return b;
}

static void publish_batches(struct publisher *p, const char *one, size_t one_len)
{
    struct batch whole = batch_new(p, one, one_len, batch_msgs(one_len));
    uint64_t left = p->quota;
    while (left >= whole.msgs &&
           !atomic_load_explicit(&p->flow->is_stopping, memory_order_relaxed)) {
        conn_send_prepared(p->conn, whole.bytes, whole.len);
        p->sent += whole.msgs;
        if (p->quota != FLOW_ENDLESS) left -= whole.msgs;
    }
    if (left > 0 && left < whole.msgs) {
        struct batch rest = batch_new(p, one, one_len, left);
        conn_send_prepared(p->conn, rest.bytes, rest.len);
        p->sent += left;
        free(rest.bytes);
    }
    free(whole.bytes);
}

static void *publisher_run(void *ctx)
{
    struct publisher *p = ctx;
    const struct options *o = p->flow->options;
    size_t size = strlen(o->subject) + o->payload_len + 64;
    char *one = xalloc(1, size);
    int head = snprintf(one, size, "PUB %s %u\r\n", o->subject, o->payload_len);
    size_t len = (size_t)head;
    memset(one + len, 'x', o->payload_len);
    memcpy(one + len + o->payload_len, "\r\n", 2);
    publish_batches(p, one, len + o->payload_len + 2);
    free(one);
    conn_ping_pong(p->conn);
    (void)atomic_fetch_add(&p->flow->published, p->sent);
    (void)atomic_fetch_sub(&p->flow->publishers_running, 1);
    (void)eventfd_write(p->flow->wake, 1);
    return NULL;
}

/* --- subscribers --- */

static void subscriber_open(struct flow *f, uint32_t index, bool is_queue)
{
    const struct options *o = f->options;
    struct subscriber *s = &f->subscribers[index];
    s->conn = conn_open(o, 0);
    counter_init(&s->counter, o);
    conn_print(s->conn, "SUB %s%s 1\r\n", o->subject, is_queue ? " workers" : "");
    conn_ping_pong(s->conn);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, conn_fd(s->conn), &event) != 0) die("epoll_ctl");
}

static void subscriber_read(struct flow *f, struct subscriber *s)
{
    do {
        ssize_t got = conn_read(s->conn, f->sink, SINK_BYTES);
        if (got < 0) die("a subscriber was closed");
        if (got == 0) return;
        uint64_t before = s->counter.msgs;
        if (counter_feed(&s->counter, f->sink, (size_t)got) > 0) conn_send(s->conn, "PONG\r\n", 6);
        uint64_t msgs = s->counter.msgs - before;
        atomic_store_explicit(&f->received, f->received + msgs, memory_order_relaxed);
    } while (conn_has_pending(s->conn));
}

static bool flow_is_complete(struct flow *f)
{
    if (atomic_load(&f->publishers_running) > 0) return false;
    return f->received >= f->published * f->copies;
}

static void flow_on_event(struct flow *f, struct subscriber *s)
{
    eventfd_t ended;
    if (s == NULL) (void)eventfd_read(f->wake, &ended);
    else subscriber_read(f, s);
}

void flow_receive(struct flow *f, uint64_t until_ns)
{
    uint64_t silent_since = now_ns();
    while (!flow_is_complete(f) && (until_ns == UINT64_MAX || now_ns() < until_ns)) {
        struct epoll_event events[64];
        int count = epoll_wait(f->epoll, events, 64, POLL_MS);
        for (int i = 0; i < count; i++) flow_on_event(f, events[i].data.ptr);
        if (count > 0) silent_since = 0;
        else if (silent_since == 0) silent_since = now_ns();
        else if (now_ns() - silent_since > LOST_MS * 1000000ull && f->copies > 0)
            die("lost messages: %llu came", (unsigned long long)f->received);
    }
}

static void *receiver_run(void *ctx)
{
    flow_receive(ctx, UINT64_MAX);
    return NULL;
}

void flow_receive_background(struct flow *f)
{
    f->receiver = thread_start(receiver_run, f);
    f->has_receiver = true;
}

/* --- the whole --- */

static void dead_open(const struct options *o)
{
    struct conn *c = conn_open(o, 0);
    conn_print(c, "SUB %s 1\r\n", o->subject);
    conn_ping_pong(c);
}

struct flow *flow_open(const struct options *o, enum flow_kind kind)
{
    struct flow *f = xalloc(1, sizeof *f);
    f->options = o;
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->wake = eventfd(0, EFD_CLOEXEC);
    struct epoll_event wake = { .events = EPOLLIN };
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->wake, &wake) != 0) die("epoll_ctl");
    f->sink = xalloc(1, SINK_BYTES);
    f->subscribers_count = kind == FLOW_SILENT ? 0 : o->subs;
    f->publishers_count = o->pubs;
    f->copies = kind == FLOW_QUEUE ? 1 : f->subscribers_count;
    f->subscribers = xalloc(f->subscribers_count + 1, sizeof *f->subscribers);
    f->publishers = xalloc(f->publishers_count, sizeof *f->publishers);
    for (uint32_t i = 0; i < f->subscribers_count; i++) subscriber_open(f, i, kind == FLOW_QUEUE);
    for (uint32_t i = 0; i < o->dead_subs; i++) dead_open(o);
    for (uint32_t i = 0; i < f->publishers_count; i++) {
        f->publishers[i].flow = f;
        f->publishers[i].conn = conn_open(o, 0);
    }
    return f;
}

void flow_start(struct flow *f, uint64_t msgs)
{
    uint32_t count = f->publishers_count;
    atomic_store(&f->is_stopping, false);
    atomic_store(&f->publishers_running, count);
    for (uint32_t i = 0; i < count; i++) {
        struct publisher *p = &f->publishers[i];
        p->sent = 0;
        p->quota = msgs == FLOW_ENDLESS ? msgs : msgs / count + (i < msgs % count);
        p->thread = thread_start(publisher_run, p);
    }
}

void flow_finish(struct flow *f)
{
    atomic_store(&f->is_stopping, true);
    if (f->has_receiver) (void)pthread_join(f->receiver, NULL);
    else flow_receive(f, UINT64_MAX);
    f->has_receiver = false;
    for (uint32_t i = 0; i < f->publishers_count; i++)
        (void)pthread_join(f->publishers[i].thread, NULL);
}

struct flow *flow_close(struct flow *f)
{
    for (uint32_t i = 0; i < f->subscribers_count; i++) (void)conn_close(f->subscribers[i].conn);
    for (uint32_t i = 0; i < f->publishers_count; i++) (void)conn_close(f->publishers[i].conn);
    (void)close(f->epoll);
    (void)close(f->wake);
    free(f->subscribers);
    free(f->publishers);
    free(f->sink);
    free(f);
    return NULL;
}

uint64_t flow_received(const struct flow *f)
{
    return f->received;
}

uint64_t flow_published(const struct flow *f)
{
    return f->published;
}
