/* SPDX-License-Identifier: Apache-2.0 */
/* Input. Each read goes into the reactor's one buffer and is handed up from there. What the
 * application leaves (a cut frame) is copied to `rest`; the next bytes complete it there, just as
 * many as it needs, and the frames behind it are again handed up from the reactor's buffer. A large
 * frame of known length is read straight into `rest`. A long read is handed up in turns of
 * READ_TURN, between which the reactor looks at the other connections.
 *
 * Output. Appended to `out`, flushed once per tick or at CONN_FLUSH_AT; what the socket does not
 * take waits for
 * NET_WRITABLE, under write_deadline for the whole batch that was there when the socket first
 * refused. */
#include "net/conn.h"

#include "base/assert.h"
#include "net/reactor.h"

enum { REST_STEP = 256, READ_SHIFT_MAX = 6 };

/* One read should cause about this many deliveries at most: 16384 of them are 1 ms. */
enum { WORK_HIGH = 16384, WORK_LOW = 4096 };

static void on_ready(struct watch *w, uint32_t ready);
static void on_timer(struct timer *t, nanos now);
static void on_deadline(struct timer *t, nanos now);
static void read_some(struct conn *c);
static void chain_input(struct conn *c, struct slice in);
static void app_input(struct conn *c, struct slice in);
static bool flush(struct conn *c);
static bool stopped(const struct conn *c);
static void finish(struct conn *c);

enum err conn_init(struct conn *c, struct reactor *r, int sock, const struct conn_ops *ops)
{
    *c = (struct conn){ .ops = ops, .reactor = r, .sock = sock, .interest = NET_READABLE };
    c->watch.ready = on_ready;
    c->out = &c->wire;
    list_init(&c->dirty_node);
    list_init(&c->again_node);
    timer_init(&c->timer, on_timer);
    timer_init(&c->deadline, on_deadline);
    enum err e = r->poller->ops->add(r->poller, sock, &c->watch, c->interest);
    if (e) return e;
    r->connections++;
    return ERR_OK;
}

static void set_interest(struct conn *c, uint8_t interest)
{
    if (c->interest == interest || c->sock < 0) return;
    c->interest = interest;
    c->reactor->poller->ops->change(c->reactor->poller, c->sock, &c->watch, interest);
}

static void end(struct conn *c, enum conn_end why)
{
    if (c->ended) return;
    c->ended = true;
    set_interest(c, c->interest & (uint8_t)~NET_READABLE);
    c->ops->on_end(c, why);
}

static void on_ready(struct watch *w, uint32_t ready)
{
    struct conn *c = container_of(w, struct conn, watch);
    if (c->sock < 0) return; /* closed earlier in this tick */
    if (ready & NET_WRITABLE) {
        mailbox_publish(c->reactor); /* what it had in this tick may tell of records */
        conn_flush(c);
    }
    bool wanted = !c->paused && !c->held && !stopped(c);
    if ((ready & NET_READABLE) && wanted) read_some(c);
}

void conn_read_early(struct conn *c)
{
    on_ready(&c->watch, NET_READABLE);
}

/* ---- input ---- */

static bool filters_ready(const struct conn *c)
{
    for (const struct filter *f = c->lowest; f != NULL; f = f->above)
        if (!f->ops->is_ready(f)) return false;
    return true;
}

static void establish(struct conn *c)
{
    if (c->established || stopped(c) || !filters_ready(c)) return;
    c->established = true;
    c->ops->on_established(c);
}

/* Filters took some input: tells the application of finished handshakes and of the end. */
static void judge(struct conn *c, enum filter_verdict verdict)
{
    if (verdict == FILTER_OK) establish(c);
    conn_dirty_slow(c); /* a filter may have answered by itself */
    if (verdict == FILTER_ENDED) end(c, CONN_END_EOF);
    if (verdict == FILTER_FAILED) end(c, CONN_END_FILTER);
}

static void *rest_alloc(struct conn *c, uint32_t cap)
{
    void *bigger = door_alloc(&c->reactor->door, cap);
    if (bigger == NULL) return NULL;
    if (c->rest_len > 0) memcpy(bigger, c->rest, c->rest_len);
    (void)door_free(&c->reactor->door, c->rest, c->rest_cap);
    c->rest = bigger;
    c->rest_cap = cap;
    return bigger;
}

static void rest_free(struct conn *c)
{
    c->rest = door_free(&c->reactor->door, c->rest, c->rest_cap);
    c->rest_len = 0;
    c->rest_cap = 0;
    c->rest_need = 0;
    c->rest_ready = false;
}

/* Appends to the rest; the cut frame's whole length is reserved at once when it is known. */
static bool rest_add(struct conn *c, struct slice in)
{
    uint64_t want = (uint64_t)c->rest_len + in.len;
    if (want > c->rest_max + READ_BUFFER) {
        end(c, CONN_END_MEMORY);
        return false;
    }
    if (c->rest_need > want && c->rest_need <= c->rest_max + READ_BUFFER) want = c->rest_need;
    if (want > c->rest_cap) {
        uint64_t cap = want == c->rest_need ? want
                                            : (want + want / 2 + REST_STEP) / REST_STEP * REST_STEP;
        if (rest_alloc(c, (uint32_t)cap) == NULL) {
            end(c, CONN_END_MEMORY);
            return false;
        }
    }
    memcpy(c->rest + c->rest_len, in.ptr, in.len);
    c->rest_len += in.len;
    return true;
}

static bool stopped(const struct conn *c)
{
    return c->closing || c->ended || c->sock < 0;
}

/* Filters were pushed above `old_top` while the application looked at bytes: the rest of them
 * passes these. */
static void feed_new(struct conn *c, struct filter *old_top, struct slice in)
{
    struct filter *f = old_top == NULL ? c->lowest : old_top->above;
    judge(c, f->ops->in(f, c, in));
}

/* Offers `rest`, which may hold whole frames. */
static void offer_rest(struct conn *c)
{
    struct filter *top = c->highest;
    uint64_t need = 0;
    c->rest_ready = false;
    uint32_t used = c->ops->on_bytes(c, slice_of(c->rest, c->rest_len), &need);
    assert(used <= c->rest_len);
    if (stopped(c)) return;
    if (c->highest != top) {
        uint8_t *stolen = c->rest;
        uint32_t len = c->rest_len, cap = c->rest_cap;
        c->rest = NULL;
        rest_free(c);
        feed_new(c, top, slice_of(stolen + used, len - used));
        (void)door_free(&c->reactor->door, stolen, cap);
        return;
    }
    c->rest_len -= used;
    if (used > 0) memmove(c->rest, c->rest + used, c->rest_len);
    c->rest_need = need;
    c->rest_ready = c->paused;
    if (c->rest_len == 0) rest_free(c);
}

/* Offers bytes while `rest` is empty; keeps what the application leaves, unless filters were
 * pushed. Returns what is still to be handed up. */
static struct slice offer(struct conn *c, struct slice in)
{
    struct filter *top = c->highest;
    struct slice turn = slice_first(in, READ_TURN);
    uint64_t need = 0;
    uint32_t used = c->ops->on_bytes(c, turn, &need);
    if (used == 0 && turn.len < in.len && !stopped(c) && c->highest == top && !c->paused) {
        turn = in; /* a frame longer than a turn */
        used = c->ops->on_bytes(c, turn, &need);
    }
    assert(used <= turn.len);
    in = slice_from(in, used);
    if (stopped(c) || in.len == 0) return (struct slice){ 0 };
    if (c->highest != top || turn.len < used + in.len) return in;
    c->rest_need = need;
    if (rest_add(c, in)) c->rest_ready = c->paused;
    return (struct slice){ 0 };
}

/* Completes the cut frame in `rest` with bytes from the front of `in`; returns what follows it. */
static struct slice complete(struct conn *c, struct slice in)
{
    uint32_t before = c->rest_len;
    uint32_t step = before > REST_STEP ? before : REST_STEP;
    if (c->rest_need > before) step = (uint32_t)(c->rest_need - before);
    struct slice part = slice_first(in, step);
    if (!rest_add(c, part)) return (struct slice){ 0 };
    in = slice_from(in, part.len);
    if (c->rest_need > c->rest_len) return in; /* known to be cut still */

    uint64_t need = 0;
    uint32_t used = c->ops->on_bytes(c, slice_of(c->rest, c->rest_len), &need);
    assert(used <= c->rest_len);
    if (stopped(c)) return (struct slice){ 0 };
    if (used >= before) { /* the frame ended in `part`: go on right behind it */
        uint32_t unread = c->rest_len - used;
        rest_free(c);
        return slice_of(in.ptr - unread, in.len + unread);
    }
    c->rest_len -= used;
    if (used > 0) memmove(c->rest, c->rest + used, c->rest_len);
    c->rest_need = need;
    c->rest_ready = c->paused;
    return in;
}

/* A turn is over. Only a flood has more than one; the reactor does not come back to it
 * meanwhile. */
static void between(struct conn *c, uint32_t turn_bytes)
{
    if (c->watch.is_flood) reactor_between(c->reactor, turn_bytes);
}

static void app_input(struct conn *c, struct slice in)
{
    struct filter *top = c->highest;
    while (in.len > 0 && !stopped(c)) {
        if (c->highest != top) {
            feed_new(c, top, in);
            return;
        }
        if (c->paused) {
            if (rest_add(c, in)) c->rest_ready = true;
            return;
        }
        if (c->rest_len > 0) {
            in = complete(c, in);
            continue;
        }
        uint32_t before = in.len;
        in = offer(c, in);
        if (in.len > 0 && c->lowest == NULL) between(c, before - in.len);
    }
}

/* Bytes may come with the end of a handshake: the application hears of that first. */
enum filter_verdict conn_up(struct conn *c, struct filter *from, struct slice bytes)
{
    if (from->above == NULL) establish(c);
    if (from->above != NULL) return from->above->ops->in(from->above, c, bytes);
    app_input(c, bytes);
    return FILTER_OK;
}

static void chain_input(struct conn *c, struct slice in)
{
    if (c->lowest == NULL) {
        app_input(c, in);
        return;
    }
    while (in.len > 0 && !stopped(c)) {
        struct slice turn = slice_first(in, READ_TURN);
        judge(c, c->lowest->ops->in(c->lowest, c, turn));
        in = slice_from(in, turn.len);
        if (in.len > 0) between(c, turn.len);
    }
}

static void adapt_read(struct conn *c, uint64_t work)
{
    if (work > WORK_HIGH && c->read_shift < READ_SHIFT_MAX) c->read_shift++;
    else if (work < WORK_LOW && c->read_shift > 0) c->read_shift--;
}

static uint32_t read_size(const struct conn *c)
{
    return (c->reactor->is_between ? (uint32_t)READ_BETWEEN : READ_BUFFER) >> c->read_shift;
}

/* The buffer of reads between turns is another one: the flood's bytes still stand in the first. */
static uint8_t *read_buffer(const struct conn *c)
{
    return c->reactor->read_buffer + (c->reactor->is_between ? READ_BUFFER : 0);
}

/* Spans for one read: what the cut frame still needs, then the reactor's buffer. */
static uint32_t read_spans(struct conn *c, struct net_span spans[2], uint32_t *ret_direct)
{
    uint32_t count = 0;
    *ret_direct = 0;
    if (c->lowest == NULL && c->rest_need > c->rest_len && c->rest_cap >= c->rest_need) {
        *ret_direct = (uint32_t)(c->rest_need - c->rest_len);
        spans[count++] = (struct net_span){ c->rest + c->rest_len, *ret_direct };
    }
    spans[count++] = (struct net_span){ read_buffer(c), read_size(c) };
    return count;
}

static void take_input(struct conn *c, uint32_t direct, uint32_t got)
{
    uint32_t into_rest = got < direct ? got : direct;
    c->rest_len += into_rest;
    struct slice in = slice_of(read_buffer(c), got - into_rest);
    if (direct > 0 && into_rest == direct) offer_rest(c); /* the large frame is whole */
    if (in.len > 0) chain_input(c, in);
}

static void read_some(struct conn *c)
{
    struct reactor *r = c->reactor;
    struct net_span spans[2];
    uint32_t direct;
    if (c->rest_ready) offer_rest(c); /* older than what the socket holds */
    if (stopped(c) || c->paused) return;
    uint32_t count = read_spans(c, spans, &direct);
    int64_t got = r->env->net->read(r->env->net, c->sock, spans, count);
    if (got == NET_AGAIN) return;
    if (got == 0) {
        end(c, CONN_END_EOF);
    } else if (got < 0) {
        end(c, CONN_END_READ);
    } else {
        uint64_t work = r->work;
        c->watch.is_flood = got >= READ_BETWEEN >> c->read_shift;
        take_input(c, direct, (uint32_t)got);
        adapt_read(c, r->work - work);
    }
}

void conn_again(struct conn *c)
{
    if (!stopped(c) && !c->paused && c->rest_ready) offer_rest(c);
    for (struct filter *f = c->lowest; f != NULL && !stopped(c) && !c->paused; f = f->above) {
        if (!f->wants_again) continue;
        f->wants_again = false;
        judge(c, f->ops->again(f, c));
    }
}

static bool has_more(const struct conn *c)
{
    for (const struct filter *f = c->lowest; f != NULL; f = f->above)
        if (f->wants_again) return true;
    return c->rest_ready;
}

void conn_filter_again(struct conn *c, struct filter *f)
{
    f->wants_again = true;
    if (!c->paused && !stopped(c) && list_empty(&c->again_node))
        list_add_tail(&c->reactor->again, &c->again_node);
}

/* Whether the socket is read from follows what the application and the filters want. */
static void set_reading(struct conn *c)
{
    uint8_t writable = c->interest & NET_WRITABLE;
    bool reads = !c->paused && !c->held;
    set_interest(c, reads ? (uint8_t)(writable | NET_READABLE) : writable);
}

void conn_hold(struct conn *c, bool held)
{
    if (stopped(c)) return;
    c->held = held;
    set_reading(c);
}

void conn_pause(struct conn *c, nanos until)
{
    if (stopped(c)) return;
    struct reactor *r = c->reactor;
    bool was = c->paused;
    c->paused = until > r->now;
    if (c->paused && until != NANOS_MAX) wheel_set(&r->wheel, &c->timer, until);
    else wheel_cancel(&r->wheel, &c->timer);
    set_reading(c);
    if (was && !c->paused && has_more(c) && list_empty(&c->again_node))
        list_add_tail(&r->again, &c->again_node);
}

static void on_timer(struct timer *t, nanos now)
{
    struct conn *c = container_of(t, struct conn, timer);
    (void)now;
    if (c->closing) finish(c);
    else conn_pause(c, 0);
}

/* ---- output ---- */

void conn_dirty_slow(struct conn *c)
{
    if (c->sock < 0) return;
    if (list_empty(&c->dirty_node)) list_add_tail(&c->reactor->dirty, &c->dirty_node);
    bool blocked = (c->interest & NET_WRITABLE) != 0;
    if (c->out->bytes < CONN_FLUSH_AT || blocked) return;
    mailbox_publish(
        c->reactor); /* records of this tick become visible before any byte of it leaves */
    (void)flush(c);
}

void conn_send(struct conn *c, struct slice bytes)
{
    if (c->sock < 0) return;
    if (outq_add(c->out, &c->reactor->pool, bytes)) conn_dirty(c);
    else end(c, CONN_END_MEMORY);
}

/* Moves all output down through the filters. */
static bool descend(struct conn *c)
{
    for (struct filter *f = c->highest; f != NULL; f = f->below) {
        struct outq *below = f->below == NULL ? &c->wire : &f->below->pending;
        if (f->ops->out(f, c, below) == FILTER_FAILED) return false;
        if (c->closing && !c->farewell_sent)
            f->ops->farewell(f, c, below, c->close_status, c->close_text);
    }
    c->farewell_sent = c->closing;
    return true;
}

static void watch_deadline(struct conn *c)
{
    if (c->wire.bytes == 0) {
        wheel_cancel(&c->reactor->wheel, &c->deadline);
    } else if (c->write_deadline > 0 &&
               (!timer_is_set(&c->deadline) || c->written >= c->batch_end)) {
        c->batch_end = c->written + c->wire.bytes;
        wheel_set(&c->reactor->wheel, &c->deadline, c->reactor->now + c->write_deadline);
    }
}

static void on_deadline(struct timer *t, nanos now)
{
    struct conn *c = container_of(t, struct conn, deadline);
    (void)now;
    if (c->written < c->batch_end) end(c, CONN_END_DEADLINE);
    else watch_deadline(c);
}

/* Writes until all is gone or the socket refuses. False when the socket failed. */
static bool write_out(struct conn *c)
{
    struct net *net = c->reactor->env->net;
    struct net_span spans[NET_SPANS_MAX];
    while (c->wire.bytes > 0) {
        uint32_t count = outq_spans(&c->wire, spans);
        int64_t put = net->write(net, c->sock, spans, count);
        if (put == NET_AGAIN) return true;
        if (put < 0) return false;
        uint64_t offered = 0;
        for (uint32_t i = 0; i < count; i++) offered += spans[i].len;
        c->written += (uint64_t)put;
        outq_drop(&c->wire, &c->reactor->pool, (uint64_t)put);
        if ((uint64_t)put < offered) return true;
    }
    return true;
}

/* Writes what it can. False when nothing more can be written, ever. */
static bool flush(struct conn *c)
{
    bool fine = descend(c) && write_out(c);
    atomic_store_explicit(&c->queued_shared, conn_queued(c), memory_order_relaxed);
    if (!fine) {
        end(c, CONN_END_WRITE);
        return false;
    }
    uint8_t readable = c->interest & NET_READABLE;
    set_interest(c, c->wire.bytes > 0 ? (uint8_t)(readable | NET_WRITABLE) : readable);
    watch_deadline(c);
    return true;
}

void conn_flush(struct conn *c)
{
    list_remove(&c->dirty_node);
    if (c->sock < 0) return;
    bool over = c->aborted || !flush(c) || c->wire.bytes == 0;
    if (c->closing && over) finish(c);
}

/* ---- filters ---- */

void conn_filter_push(struct conn *c, struct filter *f)
{
    f->above = NULL;
    f->below = c->highest;
    if (c->highest != NULL) c->highest->above = f;
    else c->lowest = f;
    c->highest = f;
    c->out = &f->pending;
    c->established = false;
}

void conn_peer(const struct conn *c, struct filter_peer *ret_peer)
{
    *ret_peer = (struct filter_peer){ 0 };
    for (struct filter *f = c->lowest; f != NULL; f = f->above)
        if (f->ops->peer != NULL) f->ops->peer(f, ret_peer);
}

/* ---- the end ---- */

void conn_close(struct conn *c, nanos linger, uint32_t status, struct slice text)
{
    if (c->closing || c->sock < 0) return;
    struct reactor *r = c->reactor;
    c->closing = true;
    c->close_status = (uint16_t)status;
    c->close_text = text;
    list_remove(&c->again_node);
    set_interest(c, c->interest & (uint8_t)~NET_READABLE);
    wheel_set(&r->wheel, &c->timer, r->now + linger);
    wheel_cancel(&r->wheel, &c->deadline);
    if (list_empty(&c->dirty_node)) list_add_tail(&r->dirty, &c->dirty_node);
}

void conn_abort(struct conn *c)
{
    if (c->sock < 0) return;
    conn_close(c, 0, 0, (struct slice){ 0 });
    c->aborted = true;
    if (list_empty(&c->dirty_node)) /* it was lingering already */
        list_add_tail(&c->reactor->dirty, &c->dirty_node);
}

static void finish(struct conn *c)
{
    struct reactor *r = c->reactor;
    assert(c->sock >= 0);
    r->poller->ops->remove(r->poller, c->sock);
    r->env->net->close(r->env->net, c->sock);
    c->sock = -1;
    c->ended = true;
    assert(r->connections > 0);
    r->connections--;
    wheel_cancel(&r->wheel, &c->timer);
    wheel_cancel(&r->wheel, &c->deadline);
    list_remove(&c->again_node);
    list_remove(&c->dirty_node);
    outq_clear(&c->wire, &r->pool);
    for (struct filter *f = c->highest; f != NULL;) {
        struct filter *below = f->below;
        outq_clear(&f->pending, &r->pool);
        (void)f->ops->free(f, &r->pool);
        f = below;
    }
    c->highest = c->lowest = NULL;
    c->out = &c->wire;
    rest_free(c);
    list_add_tail(&r->freed, &c->dirty_node);
}
