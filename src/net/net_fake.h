/* SPDX-License-Identifier: Apache-2.0 */
/* Net_fake: a reactor on sockets of memory, for tests of connections and filters. Included by tests
 * only.
 *
 * Thread: the test's. Memory: fake_new() and fake_free(); the sockets' buffers live between them.
 * A test puts bytes into `in` of a socket, calls fake_run() and finds what was written in `out`. */
#ifndef MIDGE_NET_NET_FAKE_H
#define MIDGE_NET_NET_FAKE_H

#include "base/buf.h"
#include "net/conn.h"
#include "net/reactor.h"

enum { FAKE_SOCKS = 64 };

struct fake_sock {
    struct buf in;          /* what the peer sent and was not read yet */
    struct buf out;         /* what was written to the peer */
    bool in_ended;          /* end of stream behind `in` */
    bool stuck;             /* the peer takes no bytes */
    bool closed;
    uint32_t read_max;      /* a read gives so many bytes at most; 0: all */
    uint32_t write_max;     /* a write takes so many bytes at most; 0: all */
    bool reads_fail;
    bool writes_fail;
    void *owner;
    uint32_t interest;
    struct poller *poller;
};

struct fake_poller {
    struct poller base;
    struct fake *fake;
    uint32_t wakes;
};

struct fake {
    struct env env;
    struct clock clock;
    struct entropy entropy;
    struct usage usage;
    uint32_t trims;
    struct worker worker;
    struct list works;      /* run and finished by the next fake_tick() */
    bool is_worker_full;    /* … or refused */
    struct net net;
    struct fake_poller pollers[REACTORS_MAX];
    uint32_t pollers_count;
    struct fake_sock socks[FAKE_SOCKS];
    nanos now;  /* monotonic */
    nanos wall; /* since 1970 */
    struct reactors *set;
    struct reactor *reactor; /* the first one */
};

static inline nanos fake_monotonic(struct clock *c)
{
    return container_of(c, struct fake, clock)->now;
}

static inline nanos fake_realtime(struct clock *c)
{
    return container_of(c, struct fake, clock)->wall;
}

static inline void fake_fill(struct entropy *e, void *bytes, size_t size)
{
    (void)e;
    memset(bytes, 7, size);
}

static inline void fake_trim(struct usage *u)
{
    container_of(u, struct fake, usage)->trims++;
}

static inline enum err fake_submit(struct worker *w, struct work *work)
{
    struct fake *f = container_of(w, struct fake, worker);
    if (f->is_worker_full) return ERR_LIMIT;
    list_add_tail(&f->works, &work->node);
    return ERR_OK;
}

/* Does what was submitted before; returns how much. */
static inline uint32_t fake_work(struct fake *f)
{
    struct list turn;
    uint32_t done = 0;
    list_init(&turn);
    list_splice(&turn, &f->works);
    for (struct list *n = list_pop(&turn); n != NULL; n = list_pop(&turn), done++) {
        struct work *work = container_of(n, struct work, node);
        work->run(work);
        work->finished(work);
    }
    return done;
}

static inline struct fake *fake_of(struct net *n)
{
    return container_of(n, struct fake, net);
}

static const struct poller_ops fake_poller_ops;

static inline struct poller *fake_poller_new(struct net *n)
{
    struct fake *f = fake_of(n);
    struct fake_poller *p = &f->pollers[f->pollers_count++];
    p->base.ops = &fake_poller_ops;
    p->fake = f;
    return &p->base;
}

static inline void fake_poller_free(struct poller *p)
{
    (void)p;
}

static inline void fake_wake(struct poller *p)
{
    container_of(p, struct fake_poller, base)->wakes++;
}

static inline uint32_t fake_ready(const struct fake_sock *s)
{
    uint32_t ready = 0;
    if (s->in.len > 0 || s->in_ended || s->reads_fail) ready |= NET_READABLE;
    if (!s->stuck || s->writes_fail) ready |= NET_WRITABLE;
    return ready & s->interest;
}

static inline uint32_t fake_wait(struct poller *p, nanos timeout, struct net_event *events,
                                 uint32_t max)
{
    struct fake *f = container_of(p, struct fake_poller, base)->fake;
    uint32_t count = 0;
    (void)timeout;
    for (uint32_t i = 0; i < FAKE_SOCKS && count < max; i++) {
        bool mine = f->socks[i].owner != NULL && f->socks[i].poller == p;
        uint32_t ready = mine ? fake_ready(&f->socks[i]) : 0;
        if (ready != 0) events[count++] = (struct net_event){ f->socks[i].owner, ready };
    }
    return count;
}

static inline void fake_change(struct poller *p, int sock, void *owner, uint32_t interest)
{
    struct fake *f = container_of(p, struct fake_poller, base)->fake;
    f->socks[sock].poller = p;
    f->socks[sock].owner = owner;
    f->socks[sock].interest = interest;
}

static inline enum err fake_add(struct poller *p, int sock, void *owner, uint32_t interest)
{
    fake_change(p, sock, owner, interest);
    return ERR_OK;
}

static inline void fake_remove(struct poller *p, int sock)
{
    fake_change(p, sock, NULL, 0);
}

static inline int64_t fake_read(struct net *n, int sock, const struct net_span *spans,
                                uint32_t count)
{
    struct fake_sock *s = &fake_of(n)->socks[sock];
    uint32_t most = s->read_max == 0 ? UINT32_MAX : s->read_max, done = 0;
    if (s->reads_fail) return NET_FAILED;
    if (s->in.len == 0) return s->in_ended ? 0 : NET_AGAIN;
    for (uint32_t i = 0; i < count && s->in.len > 0 && done < most; i++) {
        size_t part = spans[i].len < s->in.len ? spans[i].len : s->in.len;
        if (part > most - done) part = most - done;
        memcpy(spans[i].ptr, s->in.ptr, part);
        buf_drop(&s->in, (uint32_t)part);
        done += (uint32_t)part;
    }
    return done;
}

static inline int64_t fake_write(struct net *n, int sock, const struct net_span *spans,
                                 uint32_t count)
{
    struct fake_sock *s = &fake_of(n)->socks[sock];
    size_t most = s->write_max == 0 ? SIZE_MAX : s->write_max, done = 0;
    if (s->writes_fail) return NET_FAILED;
    if (s->stuck) return NET_AGAIN;
    for (uint32_t i = 0; i < count && done < most; i++) {
        size_t part = spans[i].len < most - done ? spans[i].len : most - done;
        buf_add(&s->out, slice_of(spans[i].ptr, part));
        done += part;
    }
    return (int64_t)done;
}

static inline void fake_close(struct net *n, int sock)
{
    fake_of(n)->socks[sock].closed = true;
}

static const struct poller_ops fake_poller_ops = {
    .free = fake_poller_free,
    .wait = fake_wait,
    .wake = fake_wake,
    .add = fake_add,
    .change = fake_change,
    .remove = fake_remove,
};

static inline struct fake *fake_new_many(uint32_t reactors)
{
    struct fake *f = xcalloc(1, sizeof *f);
    f->now = SECOND;
    f->wall = 1700000000 * SECOND;
    f->clock = (struct clock){ fake_monotonic, fake_realtime };
    f->entropy.fill = fake_fill;
    f->net = (struct net){
        .poller_new = fake_poller_new, .read = fake_read, .write = fake_write, .close = fake_close
    };
    f->usage.trim = fake_trim;
    f->worker.submit = fake_submit;
    list_init(&f->works);
    f->env = (struct env){
        .clock = &f->clock,
        .entropy = &f->entropy,
        .net = &f->net,
        .worker = &f->worker,
        .usage = &f->usage,
    };
    f->set = reactors_new(&f->env, reactors, 0);
    f->reactor = f->set->at[0];
    return f;
}

static inline struct fake *fake_new(void)
{
    return fake_new_many(1);
}

/* Ticks every reactor once; returns how much was done, input that waits included. */
static inline uint32_t fake_tick(struct fake *f)
{
    uint32_t done = fake_work(f);
    for (uint32_t i = 0; i < f->set->count; i++) {
        done += reactor_tick(f->set->at[i], 0);
        done += !list_empty(&f->set->at[i]->again);
    }
    return done;
}

/* Ticks until nothing happens any more, at most 1000 times; returns how often. */
static inline uint32_t fake_run(struct fake *f)
{
    uint32_t ticks = 0;
    while (ticks < 1000 && fake_tick(f) > 0) ticks++;
    return ticks;
}

/* All connections must be closed. */
static inline struct fake *fake_free(struct fake *f)
{
    f->set = reactors_free(f->set);
    for (uint32_t i = 0; i < FAKE_SOCKS; i++) {
        buf_deinit(&f->socks[i].in);
        buf_deinit(&f->socks[i].out);
    }
    return xfree(f);
}

#endif
