/* SPDX-License-Identifier: Apache-2.0 */
/* The filter's life: handshake, then frames (ws_input.c, ws_output.c), then a close frame. */
#include "ws/ws.h"

#include "base/assert.h"
#include "ws/handshake.h"
#include "ws/ws_internal.h"

/* nats-server takes no larger compressed message. */
#define PACKED_MAX ((uint64_t)64 * MIB)

static enum filter_verdict on_in(struct filter *f, struct conn *c, struct slice in);
static enum filter_verdict on_out(struct filter *f, struct conn *c, struct outq *below);
static void on_farewell(struct filter *f, struct conn *c, struct outq *below, uint32_t status,
                        struct slice text);
static enum filter_verdict on_again(struct filter *f, struct conn *c);
static bool on_is_ready(const struct filter *f);
static const char *on_reason(const struct filter *f);
static struct filter *on_free(struct filter *f, struct outpool *pool);

static const struct filter_ops ops = {
    .in = on_in,
    .out = on_out,
    .farewell = on_farewell,
    .again = on_again,
    .is_ready = on_is_ready,
    .reason = on_reason,
    .free = on_free,
};

struct ws_shared *ws_shared_new(void)
{
    return xcalloc(1, sizeof(struct ws_shared));
}

struct ws_shared *ws_shared_free(struct ws_shared *s)
{
    if (s == NULL) return NULL;
    s->deflater = deflater_free(s->deflater);
    s->inflater = inflater_free(s->inflater);
    return xfree(s);
}

struct ws_limits ws_limits_known(int64_t max_payload, uint32_t control_line_max)
{
    uint64_t payload = max_payload < 0 ? PACKED_MAX : (uint64_t)max_payload;
    uint64_t packed = payload > PACKED_MAX / 8 ? PACKED_MAX : 8 * payload;
    uint64_t message = payload + control_line_max;
    if (packed < WS_LIMITS_STRANGER.packed_max) packed = WS_LIMITS_STRANGER.packed_max;
    return (struct ws_limits){ packed, message };
}

struct filter *ws_filter_new(const struct ws_listener *l, struct ws_shared *shared,
                             struct reactor *r,
                             void (*on_upgraded)(struct conn *, const struct ws_request *))
{
    struct ws_filter *w = door_alloc(&r->door, sizeof *w);
    if (w == NULL) return NULL;
    *w = (struct ws_filter){
        .filter.ops = &ops,
        .magic = WS_MAGIC,
        .listener = l,
        .shared = shared,
        .door = &r->door,
        .on_upgraded = on_upgraded,
        .limits = WS_LIMITS_STRANGER,
        .reason = "",
    };
    return &w->filter;
}

struct ws_filter *ws_from(struct filter *f)
{
    struct ws_filter *w = container_of(f, struct ws_filter, filter);
    assert(w->magic == WS_MAGIC);
    return w;
}

static const struct ws_filter *ws_from_const(const struct filter *f)
{
    const struct ws_filter *w = container_of(f, const struct ws_filter, filter);
    assert(w->magic == WS_MAGIC);
    return w;
}

bool ws_is(const struct filter *f)
{
    return f->ops == &ops;
}

void ws_set_limits(struct filter *f, struct ws_limits limits)
{
    ws_from(f)->limits = limits;
}

struct outq *ws_below(struct ws_filter *w, struct conn *c)
{
    return w->filter.below == NULL ? &c->wire : &w->filter.below->pending;
}

bool ws_keep(struct ws_filter *w, struct slice in)
{
    uint64_t want = (uint64_t)w->kept_len + in.len;
    assert(want <= UINT32_MAX / 2);
    if (want > w->kept_cap) {
        uint32_t cap = (uint32_t)(want + want / 2 + 512);
        uint8_t *bigger = door_alloc(w->door, cap);
        if (bigger == NULL) return false;
        if (w->kept_len > 0) memcpy(bigger, w->kept, w->kept_len);
        (void)door_free(w->door, w->kept, w->kept_cap);
        w->kept = bigger;
        w->kept_cap = cap;
    }
    if (in.len > 0) memcpy(w->kept + w->kept_len, in.ptr, in.len);
    w->kept_len += in.len;
    return true;
}

void ws_keep_drop(struct ws_filter *w)
{
    w->kept = door_free(w->door, w->kept, w->kept_cap);
    w->kept_len = 0;
    w->kept_cap = 0;
}

/* ---- handshake ---- */

static enum filter_verdict fail(struct ws_filter *w, const char *why)
{
    w->state = WS_STATE_CLOSED;
    w->reason = why;
    ws_keep_drop(w);
    return FILTER_FAILED;
}

static bool answer_with(struct ws_filter *w, struct conn *c, struct buf *answer)
{
    bool sent = outq_add(ws_below(w, c), &c->reactor->pool, buf_slice(answer));
    buf_deinit(answer);
    return sent;
}

static enum filter_verdict refuse_bad(struct ws_filter *w, struct conn *c,
                                      enum http_verdict verdict)
{
    struct buf answer = { 0 };
    const char *why = ws_handshake_answer_bad(verdict, &answer);
    (void)answer_with(w, c, &answer);
    return fail(w, why);
}

/* A body would have to be skipped: who sends one is cut off instead. */
static bool may_ask_again(const struct ws_filter *w, const struct http_head *head)
{
    return w->listener->on_refused != NULL && !http_is_last(head) &&
           http_header(head, "Content-Length").len == 0 &&
           http_header(head, "Transfer-Encoding").len == 0;
}

static enum filter_verdict refuse(struct ws_filter *w, struct conn *c, const struct http_head *head,
                                  const char *why)
{
    if (!may_ask_again(w, head)) return fail(w, why);
    w->listener->on_refused(c, why);
    w->kept_len -= head->consumed;
    memmove(w->kept, w->kept + head->consumed, w->kept_len);
    return FILTER_OK;
}

static enum filter_verdict agree(struct ws_filter *w, struct conn *c, const struct ws_agreement *a,
                                 const struct ws_request *request)
{
    w->compression = a->compression;
    w->no_masking = a->no_masking;
    w->browser = a->browser;
    w->safari = a->safari;
    w->state = WS_STATE_OPEN;
    w->on_upgraded(c, request);
    ws_keep_drop(w);
    return FILTER_OK;
}

static enum filter_verdict upgrade(struct ws_filter *w, struct conn *c,
                                   const struct http_head *head)
{
    struct ws_request request;
    struct buf answer = { 0 };
    struct ws_agreement a = ws_handshake_judge(w->listener, head, &request);
    if (a.refused == NULL && head->consumed < w->kept_len)
        return fail(w, WS_REFUSED "client sent data before handshake is complete");
    ws_handshake_answer(w->listener, head, &a, c->reactor->wall, &answer);
    bool sent = answer_with(w, c, &answer);
    if (a.refused != NULL) return refuse(w, c, head, a.refused);
    return sent ? agree(w, c, &a, &request) : fail(w, "out of memory");
}

/* The first request of what is kept. `*ret_more`: another may stand behind it. */
static enum filter_verdict read_request(struct ws_filter *w, struct conn *c, bool *ret_more)
{
    struct http_head head;
    enum http_verdict verdict = http_parse(slice_of(w->kept, w->kept_len), &head);
    *ret_more = false;
    if (verdict == HTTP_MORE) return FILTER_OK;
    if (verdict != HTTP_OK || (!head.has_host && !head.is_old)) return refuse_bad(w, c, verdict);
    enum filter_verdict got = upgrade(w, c, &head);
    *ret_more = got == FILTER_OK && w->state == WS_STATE_HANDSHAKE && w->kept_len > 0;
    return got;
}

static enum filter_verdict read_handshake(struct ws_filter *w, struct conn *c, struct slice in)
{
    in = slice_first(in, HTTP_HEAD_MAX + 1 - w->kept_len);
    bool more = slice_find_byte(in, '\n') >= 0;
    if (!ws_keep(w, in)) return fail(w, "out of memory");
    /* No new line, no news: a stranger who sends byte by byte costs no more than others. */
    if (w->kept_len >= HTTP_HEAD_MAX) more = true;
    enum filter_verdict verdict = FILTER_OK;
    while (verdict == FILTER_OK && more) verdict = read_request(w, c, &more);
    return verdict;
}

/* ---- the filter's table ---- */

static enum filter_verdict on_in(struct filter *f, struct conn *c, struct slice in)
{
    struct ws_filter *w = ws_from(f);
    switch (w->state) {
    case WS_STATE_HANDSHAKE: return read_handshake(w, c, in);
    case WS_STATE_OPEN: return ws_read_frames(w, c, in);
    case WS_STATE_CLOSED: return FILTER_OK;
    default: unreachable();
    }
    return FILTER_FAILED;
}

static enum filter_verdict on_again(struct filter *f, struct conn *c)
{
    struct ws_filter *w = ws_from(f);
    uint8_t *later = w->later;
    uint32_t len = w->later_len;
    w->later = NULL;
    w->later_len = 0;
    enum filter_verdict verdict = on_in(f, c, slice_of(later, len));
    (void)door_free(w->door, later, len);
    return verdict;
}

static enum filter_verdict on_out(struct filter *f, struct conn *c, struct outq *below)
{
    struct ws_filter *w = ws_from(f);
    if (w->state == WS_STATE_HANDSHAKE || f->pending.bytes == 0) return FILTER_OK;
    if (w->state == WS_STATE_OPEN) return ws_write_pending(w, c, below) ? FILTER_OK : FILTER_FAILED;
    outq_clear(&f->pending, &c->reactor->pool);
    return FILTER_OK;
}

static void on_farewell(struct filter *f, struct conn *c, struct outq *below, uint32_t status,
                        struct slice text)
{
    struct ws_filter *w = ws_from(f);
    assert(below == ws_below(w, c));
    if (w->state == WS_STATE_OPEN && status != 0)
        (void)ws_write_close(w, c, (uint16_t)status, text);
}

static bool on_is_ready(const struct filter *f)
{
    return ws_from_const(f)->state == WS_STATE_OPEN;
}

static const char *on_reason(const struct filter *f)
{
    return ws_from_const(f)->reason;
}

static struct filter *on_free(struct filter *f, struct outpool *pool)
{
    struct ws_filter *w = ws_from(f);
    assert(pool->door == w->door);
    ws_keep_drop(w);
    (void)door_free(w->door, w->later, w->later_len);
    w->magic = 0;
    (void)door_free(w->door, w, sizeof *w);
    return NULL;
}
