/* SPDX-License-Identifier: Apache-2.0 */
/* Commands stand one behind the other in a buffer; the turn applies those that were there when it
 * began. What is proposed while they are applied goes into a second buffer. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/le.h"
#include "net/reactor.h"
#include "stream/stream_log.h"

enum { HEAD_KIND = 0, HEAD_LEN = 4, HEAD_SEQUENCE = 8, HEAD_SIZE = 16 };

/* Memory of a burst that is kept for the next one. */
enum { KEPT_MAX = 1 << 20 };

struct log_none {
    struct stream_log base;
    struct reactor   *reactor;
    struct turn       turn;
    struct buf        gathering;
    struct buf        applying;
};

static struct log_none *log_from(struct stream_log *l)
{
    return container_of(l, struct log_none, base);
}

static struct stream_log *log_free(struct stream_log *base)
{
    struct log_none *l = log_from(base);
    assert(l->applying.len == 0);
    turn_cancel(&l->turn);
    buf_deinit(&l->gathering);
    buf_deinit(&l->applying);
    xfree(l);
    return NULL;
}

static uint8_t *log_propose_here(struct stream_log *base, uint32_t kind, uint64_t sequence,
                                 uint32_t len, enum journal_use use)
{
    struct log_none *l = log_from(base);
    (void)use;
    assert(len <= JOURNAL_BODY_MAX);
    buf_reserve(&l->gathering, HEAD_SIZE + len);
    uint8_t *head = l->gathering.ptr + l->gathering.len;
    le_put_u32(head + HEAD_KIND, kind);
    le_put_u32(head + HEAD_LEN, len);
    le_put_u64(head + HEAD_SEQUENCE, sequence);
    l->gathering.len += HEAD_SIZE + len;
    base->proposed++;
    reactor_turn(l->reactor, &l->turn);
    return head + HEAD_SIZE;
}

static enum err log_no_error(const struct stream_log *base)
{
    (void)base;
    return ERR_OK;
}

static void keep(struct buf *b)
{
    b->len = 0;
    if (b->cap > KEPT_MAX) buf_deinit(b);
}

static void apply_all(struct turn *t, struct reactor *r)
{
    struct log_none *l = container_of(t, struct log_none, turn);
    (void)r;
    assert(l->applying.len == 0);
    struct buf now = l->gathering;
    l->gathering = l->applying;
    l->applying = now;
    for (uint32_t at = 0; at < l->applying.len;) {
        const uint8_t *head = l->applying.ptr + at;
        uint32_t len = le_get_u32(head + HEAD_LEN);
        struct stream_log_command c = {
            .kind = le_get_u32(head + HEAD_KIND),
            .sequence = le_get_u64(head + HEAD_SEQUENCE),
            .body = slice_of(head + HEAD_SIZE, len),
        };
        at += HEAD_SIZE + len;
        assert(at <= l->applying.len);
        l->base.applied++;
        l->base.apply(l->base.ctx, &c);
    }
    keep(&l->applying);
    assert(l->base.applied <= l->base.proposed);
}

static const struct stream_log_ops ops = {
    .free = log_free,
    .propose = log_propose_here,
    .error = log_no_error,
};

struct stream_log *stream_log_none_new(struct reactor *r)
{
    struct log_none *l = xcalloc(1, sizeof *l);
    l->base.ops = &ops;
    l->reactor = r;
    turn_init(&l->turn, apply_all);
    return &l->base;
}
