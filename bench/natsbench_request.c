/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_request.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "natsbench_conn.h"
#include "natsbench_reader.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define OUT_BYTES (1 << 18)
#define ANSWER_HEAD_BYTES 512
#define LOST_MS 20000
#define OPEN_WINDOW 4096        /* open pace: so many unanswered requests end the run */

struct requester {
    struct reader reader;
    uint32_t id;
    uint64_t sent;
    uint64_t *sent_at_ns;       /* by slot: sent modulo slots */
};

struct requests {
    const struct options *options;
    const char *subject;
    struct requester *requesters;
    uint32_t count;
    uint32_t slots;
    uint64_t sent;              /* by all */
    uint64_t done;
    int epoll;
    char *out;
};

/* --- responder --- */

static size_t answer(char *out, const struct message *m)
{
    size_t head = text_print(out, ANSWER_HEAD_BYTES, "PUB %.*s %zu\r\n", (int)m->reply_len,
                             m->reply, m->payload_len);
    memcpy(out + head, m->payload, m->payload_len + 2);
    return head + m->payload_len + 2;
}

static void *responder_run(void *ctx)
{
    struct reader *r = ctx;
    char *out = xalloc(1, OUT_BYTES);
    while (reader_fill(r, READER_WAIT)) {
        size_t fill = 0;
        for (struct message m; reader_next(r, &m);) {
            if (m.reply == NULL) die("a request without a reply subject");
            fill += answer(out + fill, &m);
            if (fill <= OUT_BYTES / 4) continue;
            conn_send(r->conn, out, fill);
            fill = 0;
        }
        if (fill > 0) conn_send(r->conn, out, fill);
    }
    die("the responder was closed");
}

static void responder_start(const struct options *o, const char *subject)
{
    struct reader *r = xalloc(1, sizeof *r);
    reader_init(r, conn_open(o, 0));
    conn_print(r->conn, "SUB %s 1\r\n", subject);
    conn_ping_pong(r->conn);
    (void)pthread_detach(thread_start(responder_run, r));
}

/* --- requesters --- */

struct requests *requests_open(const struct options *o, const char *subject)
{
    if (o->payload_len > OUT_BYTES / 4) die("payload too long for requests");
    struct requests *rs = xalloc(1, sizeof *rs);
    *rs = (struct requests){ .options = o,
                             .subject = subject,
                             .epoll = epoll_create1(EPOLL_CLOEXEC) };
    rs->count = o->rate > 0 ? 1 : o->pubs;
    rs->slots = o->rate > 0 ? OPEN_WINDOW : o->window + 1;
    rs->requesters = xalloc(rs->count, sizeof *rs->requesters);
    rs->out = xalloc(1, OUT_BYTES);
    responder_start(o, subject);
    for (uint32_t i = 0; i < rs->count; i++) {
        struct requester *q = &rs->requesters[i];
        q->id = i;
        q->sent_at_ns = xalloc(rs->slots, sizeof *q->sent_at_ns);
        reader_init(&q->reader, conn_open(o, 0));
        conn_print(q->reader.conn, "SUB _INBOX.%u.* 1\r\n", i);
        conn_ping_pong(q->reader.conn);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = q };
        if (epoll_ctl(rs->epoll, EPOLL_CTL_ADD, conn_fd(q->reader.conn), &event) != 0) die("epoll");
    }
    return rs;
}

static void ask(struct requests *rs, struct requester *q, uint64_t count)
{
    uint32_t payload_len = rs->options->payload_len;
    size_t fill = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t slot = q->sent++ % rs->slots;
        q->sent_at_ns[slot] = now_ns();
        fill += text_print(rs->out + fill, OUT_BYTES - fill, "PUB %s _INBOX.%u.%llu %u\r\n",
                           rs->subject, q->id, (unsigned long long)slot, payload_len);
        memset(rs->out + fill, 'x', payload_len);
        fill += payload_len;
        rs->out[fill++] = '\r';
        rs->out[fill++] = '\n';
        if (fill <= OUT_BYTES / 2) continue;
        conn_send(q->reader.conn, rs->out, fill);
        fill = 0;
    }
    if (fill > 0) conn_send(q->reader.conn, rs->out, fill);
    rs->sent += count;
}

/* "_INBOX.<id>.<slot> ..." */
static uint64_t slot_of(const struct requests *rs, const struct message *m)
{
    const char *dot = strchr(m->subject + strlen("_INBOX."), '.');
    uint64_t slot = dot == NULL ? UINT64_MAX : text_number(dot + 1);
    if (slot >= rs->slots) die("unexpected reply subject");
    return slot;
}

/* Takes the replies that have come; returns how many. */
static uint64_t collect(struct requests *rs, struct requester *q, struct latencies *ret_latencies)
{
    uint64_t answered = 0;
    do {
        if (!reader_fill(&q->reader, READER_NOW)) die("a requester was closed");
        uint64_t now = now_ns();
        for (struct message m; reader_next(&q->reader, &m); answered++)
            latencies_add(ret_latencies, now - q->sent_at_ns[slot_of(rs, &m)]);
    } while (conn_has_pending(q->reader.conn));
    rs->done += answered;
    return answered;
}

static bool is_over(const struct requests *rs, const struct requests_limit *limit, uint64_t start)
{
    if (rs->sent - start >= limit->count) return true;
    if (limit->stop != NULL && atomic_load(limit->stop)) return true;
    return limit->until_ns != UINT64_MAX && now_ns() >= limit->until_ns;
}

/* How many of `wanted` requests the limit still allows. */
static uint64_t allowed(const struct requests *rs, const struct requests_limit *limit,
                        uint64_t start, uint64_t wanted)
{
    if (is_over(rs, limit, start)) return 0;
    uint64_t left = limit->count - (rs->sent - start);
    return wanted < left ? wanted : left;
}

/* Waits for replies and takes them; `refill` asks again for each. Returns false when none came. */
static bool turn(struct requests *rs, const struct timespec *patience,
                 const struct requests_limit *refill, uint64_t start,
                 struct latencies *ret_latencies)
{
    struct epoll_event events[64];
    int count = epoll_pwait2(rs->epoll, events, 64, patience, NULL);
    for (int i = 0; i < count; i++) {
        struct requester *q = events[i].data.ptr;
        uint64_t answered = collect(rs, q, ret_latencies);
        if (refill != NULL) ask(rs, q, allowed(rs, refill, start, answered));
    }
    return count > 0;
}

static void drain(struct requests *rs, const struct requests_limit *refill, uint64_t start,
                  struct latencies *ret_latencies)
{
    const struct timespec patience = { .tv_sec = LOST_MS / 1000 };
    while (rs->done < rs->sent)
        if (!turn(rs, &patience, refill, start, ret_latencies))
            die("lost replies: %llu of %llu came", (unsigned long long)rs->done,
                (unsigned long long)rs->sent);
}

static void run_open(struct requests *rs, const struct requests_limit *limit, uint64_t start,
                     struct latencies *ret_latencies)
{
    uint64_t interval_ns = NANOS_PER_SECOND / rs->options->rate, next_ns = now_ns();
    (void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
    while (!is_over(rs, limit, start)) {
        uint64_t now = now_ns();
        if (now >= next_ns) {
            if (rs->sent - rs->done >= OPEN_WINDOW) die("the server does not keep up");
            ask(rs, &rs->requesters[0], 1);
            next_ns += interval_ns;
            continue;
        }
        const struct timespec patience = { .tv_nsec = (long)(next_ns - now) };
        (void)turn(rs, &patience, NULL, start, ret_latencies);
    }
}

uint64_t requests_run(struct requests *rs, struct requests_limit limit,
                      struct latencies *ret_latencies)
{
    uint64_t start = rs->sent;
    if (rs->options->rate > 0) {
        thread_wake_at_once();
        run_open(rs, &limit, start, ret_latencies);
        drain(rs, NULL, start, ret_latencies);
        return rs->sent - start;
    }
    for (uint32_t i = 0; i < rs->count; i++)
        ask(rs, &rs->requesters[i], allowed(rs, &limit, start, rs->options->window));
    drain(rs, &limit, start, ret_latencies);
    return rs->sent - start;
}
