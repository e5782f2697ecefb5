/* SPDX-License-Identifier: Apache-2.0 */
/* What the application queued since the last flush goes out as one frame: its head, then the chunks
 * as they are. Little is copied behind its head instead, which saves a chunk. Browsers get small
 * frames; what is worth compressing goes through the reactor's deflater. */
#include "base/assert.h"
#include "ws/ws_internal.h"

/* Browsers hand a frame to the page only when it is whole. The first frame of a flush is shorter on
 * nats-server; so it is here, and transcripts agree. */
enum { BROWSER_FRAME = 4096, BROWSER_FIRST_FRAME = 512 };
/* Copying so much costs less than a chunk of its own for the head. */
enum { COPY_MAX = 16 * 1024 };
/* Shorter messages rarely shrink. */
enum { PACK_MIN = 64 };
/* A peer that pings but does not read gets no more answers. */
enum { PONG_BACKLOG_MAX = 64 * 1024 };

static bool add_head(struct outq *below, struct outpool *pool, uint8_t opcode_and_flags,
                     uint64_t len)
{
    uint8_t head[WS_SERVER_HEAD_MAX];
    return outq_add(below, pool, slice_of(head, ws_frame_encode(head, opcode_and_flags, len)));
}

/* The first `len` bytes pending, copied into one frame. */
static bool copy_frame(struct ws_filter *w, struct outpool *pool, struct outq *below, uint32_t len)
{
    struct outq *from = &w->filter.pending;
    uint8_t *at = outq_reserve(below, pool, WS_SERVER_HEAD_MAX + len);
    if (at == NULL) return false;
    uint32_t done = ws_frame_encode(at, WS_FIN | WS_BINARY, len), end = done + len;
    while (done < end) {
        struct slice part = slice_first(outq_front(from), end - done);
        memcpy(at + done, part.ptr, part.len);
        done += part.len;
        outq_drop(from, pool, part.len);
    }
    outq_commit(below, done);
    return true;
}

static bool write_small_frames(struct ws_filter *w, struct outpool *pool, struct outq *below)
{
    uint64_t most = BROWSER_FIRST_FRAME;
    for (; w->filter.pending.bytes > 0; most = BROWSER_FRAME) {
        uint64_t left = w->filter.pending.bytes;
        if (!copy_frame(w, pool, below, (uint32_t)(left < most ? left : most))) return false;
    }
    return true;
}

static bool write_one_frame(struct ws_filter *w, struct outpool *pool, struct outq *below)
{
    struct outq *from = &w->filter.pending;
    if (from->bytes <= COPY_MAX) return copy_frame(w, pool, below, (uint32_t)from->bytes);
    if (!add_head(below, pool, WS_FIN | WS_BINARY, from->bytes)) return false;
    outq_move(below, from);
    return true;
}

/* ---- compression ---- */

static struct deflater *deflater_of(struct ws_shared *shared)
{
    if (shared->deflater == NULL) shared->deflater = deflater_new();
    return shared->deflater;
}

/* Compresses the first bytes pending, at most DEFLATE_IN_MAX; says how many. */
static struct slice pack(struct ws_filter *w, struct deflater *d, uint32_t *ret_len)
{
    struct net_span spans[NET_SPANS_MAX];
    uint32_t count = outq_spans(&w->filter.pending, spans), room = DEFLATE_IN_MAX;
    deflater_start(d);
    for (uint32_t i = 0; i < count && room > 0; i++) {
        struct slice part = slice_of(spans[i].ptr, spans[i].len < room ? spans[i].len : room);
        deflater_add(d, part);
        room -= part.len;
    }
    *ret_len = DEFLATE_IN_MAX - room;
    return deflater_finish(d);
}

/* One compressed message; in several frames for browsers, but for Safari, which cannot. */
static bool add_packed(struct ws_filter *w, struct outpool *pool, struct outq *below,
                       struct slice packed)
{
    uint32_t most = w->browser && !w->safari ? BROWSER_FRAME : packed.len;
    uint8_t opcode = WS_BINARY | WS_COMPRESSED;
    while (packed.len > 0) {
        struct slice part = slice_first(packed, most);
        packed = slice_from(packed, part.len);
        uint8_t fin = packed.len == 0 ? WS_FIN : 0;
        if (!add_head(below, pool, opcode | fin, part.len) || !outq_add(below, pool, part))
            return false;
        opcode = WS_CONTINUATION;
    }
    return true;
}

/* What does not shrink goes out as it is. */
static bool copy_frames(struct ws_filter *w, struct outpool *pool, struct outq *below, uint32_t len)
{
    while (len > 0) {
        uint32_t part = len < BROWSER_FRAME ? len : BROWSER_FRAME;
        if (!copy_frame(w, pool, below, part)) return false;
        len -= part;
    }
    return true;
}

/* False when the door refuses. */
static bool write_packed(struct ws_filter *w, struct outpool *pool, struct outq *below)
{
    struct outq *from = &w->filter.pending;
    struct deflater *d = deflater_of(w->shared);
    if (d == NULL) return false;
    while (from->bytes > PACK_MIN) {
        uint32_t len;
        struct slice packed = pack(w, d, &len);
        if (packed.len >= len) {
            if (!copy_frames(w, pool, below, len)) return false;
            continue;
        }
        if (!add_packed(w, pool, below, packed)) return false;
        outq_drop(from, pool, len);
    }
    return true;
}

bool ws_write_pending(struct ws_filter *w, struct conn *c, struct outq *below)
{
    struct outpool *pool = &c->reactor->pool;
    if (w->compression && !write_packed(w, pool, below)) return false;
    if (w->filter.pending.bytes == 0) return true;
    return w->browser ? write_small_frames(w, pool, below) : write_one_frame(w, pool, below);
}

/* ---- control frames ---- */

bool ws_write_control(struct ws_filter *w, struct conn *c, uint8_t opcode, struct slice payload)
{
    struct outq *below = ws_below(w, c);
    struct outpool *pool = &c->reactor->pool;
    uint8_t frame[2 + WS_CONTROL_MAX];
    assert(payload.len <= WS_CONTROL_MAX);
    if (opcode == WS_PONG && below->bytes + c->wire.bytes > PONG_BACKLOG_MAX) return true;
    uint32_t len = ws_frame_encode(frame, WS_FIN | opcode, payload.len);
    if (payload.len > 0) memcpy(frame + len, payload.ptr, payload.len);
    return outq_add(below, pool, slice_of(frame, len + payload.len));
}

bool ws_write_close(struct ws_filter *w, struct conn *c, uint16_t status, struct slice text)
{
    uint8_t body[WS_CONTROL_MAX];
    assert(w->state == WS_STATE_OPEN);
    bool written = w->filter.pending.bytes == 0 || ws_write_pending(w, c, ws_below(w, c));
    w->state = WS_STATE_CLOSED;
    uint32_t len = ws_close_encode(body, status, text);
    return written && ws_write_control(w, c, WS_CLOSE, slice_of(body, len));
}
