/* SPDX-License-Identifier: Apache-2.0 */
/* A read may hold many frames. Their payloads are unmasked where they stand and moved together, so
 * that the application gets one piece per read, as it would without WebSocket. */
#include "base/assert.h"
#include "ws/ws_internal.h"

struct reading {
    struct ws_filter *w;
    struct conn      *c;
    struct slice      in;               /* not read yet */
    uint8_t          *up;               /* payloads that go up next */
    uint32_t          up_len;
};

static enum filter_verdict read_head(struct reading *r);
static enum filter_verdict read_payload(struct reading *r);
static enum filter_verdict end_frame(struct reading *r);
static enum filter_verdict end_packed(struct reading *r, struct slice message);

static bool is_control(const struct ws_frame *f)
{
    return f->opcode >= WS_CLOSE;
}

static bool is_over(const struct conn *c)
{
    return c->closing || c->ended || c->sock < 0;
}

static enum filter_verdict hand_up(struct reading *r)
{
    struct slice up = slice_of(r->up, r->up_len);
    r->up_len = 0;
    return up.len == 0 ? FILTER_OK : conn_up(r->c, &r->w->filter, up);
}

/* Hands up what came before the fault, then closes with a status. */
static enum filter_verdict fault(struct reading *r, uint16_t status, struct slice text)
{
    struct ws_filter *w = r->w;
    (void)hand_up(r);
    if (text.len > WS_CONTROL_MAX - 1) text.len = WS_CONTROL_MAX - 1;
    if (text.ptr != NULL) memcpy(w->control, text.ptr, text.len);
    w->control[text.len] = 0;
    w->reason = (const char *)w->control;
    if (w->state == WS_STATE_OPEN) (void)ws_write_close(w, r->c, status, text);
    return FILTER_FAILED;
}

static enum filter_verdict no_memory(struct reading *r)
{
    return fault(r, WS_STATUS_INTERNAL, SLICE_LIT("out of memory"));
}

/* Frames behind a compressed message wait when the application paused: each could grow a
 * thousandfold. */
static enum filter_verdict put_off(struct reading *r)
{
    struct ws_filter *w = r->w;
    if (r->in.len == 0) return FILTER_OK;
    uint32_t len = w->later_len + r->in.len;
    uint8_t *later = door_alloc(w->door, len);
    if (later == NULL) return no_memory(r);
    if (w->later_len > 0) memcpy(later, w->later, w->later_len);
    memcpy(later + w->later_len, r->in.ptr, r->in.len);
    (void)door_free(w->door, w->later, w->later_len);
    w->later = later;
    w->later_len = len;
    r->in.len = 0;
    conn_filter_again(r->c, &w->filter);
    return FILTER_OK;
}

enum filter_verdict ws_read_frames(struct ws_filter *w, struct conn *c, struct slice in)
{
    struct reading r = { .w = w, .c = c, .in = in };
    enum filter_verdict verdict = w->later_len > 0 ? put_off(&r) : FILTER_OK;
    while (verdict == FILTER_OK && r.in.len > 0 && !is_over(c))
        verdict = w->left == 0 ? read_head(&r) : read_payload(&r);
    if (verdict == FILTER_OK) verdict = hand_up(&r);
    return verdict;
}

static void begin_frame(struct ws_filter *w)
{
    const struct ws_frame *f = &w->frame;
    w->left = f->payload_len;
    w->control_len = 0;
    if (is_control(f)) return;
    if (f->opcode != WS_CONTINUATION) w->packed = f->compressed;
    w->in_message = !f->fin;
}

static enum filter_verdict read_head(struct reading *r)
{
    struct ws_filter *w = r->w;
    struct ws_rules rules = { w->no_masking, w->compression, w->in_message };
    uint32_t before = w->part_len;
    struct slice more = slice_first(r->in, WS_HEAD_MAX - before);
    const char *why = NULL;
    memcpy(w->part + before, more.ptr, more.len);
    w->part_len = (uint8_t)(before + more.len);
    enum ws_verdict verdict = ws_frame_decode(slice_of(w->part, w->part_len), &rules, &w->frame,
                                              &why);
    if (verdict == WS_BAD) return fault(r, WS_STATUS_PROTOCOL, slice_str(why));
    if (verdict == WS_MORE) {
        r->in = slice_from(r->in, more.len);
        return FILTER_OK;
    }
    assert(w->frame.head_len > before);
    r->in = slice_from(r->in, w->frame.head_len - before);
    w->part_len = 0;
    begin_frame(w);
    return w->left == 0 ? end_frame(r) : FILTER_OK;
}

/* ---- payloads ---- */

static void gather_up(struct reading *r, uint8_t *bytes, uint32_t len)
{
    if (r->up_len == 0) r->up = bytes;
    else if (r->up + r->up_len != bytes) memmove(r->up + r->up_len, bytes, len);
    r->up_len += len;
}

static enum filter_verdict keep_packed(struct reading *r, struct slice piece)
{
    struct ws_filter *w = r->w;
    if ((uint64_t)w->kept_len + piece.len + w->left > w->limits.packed_max)
        return fault(r, WS_STATUS_TOO_BIG, SLICE_LIT("maximum payload exceeded"));
    bool whole = w->kept_len == 0 && w->left == 0 && w->frame.fin;
    if (whole) return end_packed(r, piece);
    return ws_keep(w, piece) ? FILTER_OK : no_memory(r);
}

static enum filter_verdict read_payload(struct reading *r)
{
    struct ws_filter *w = r->w;
    struct slice piece = r->in;
    if (piece.len > w->left) piece.len = (uint32_t)w->left;
    /* a filter may change its input in place */
    uint8_t *bytes = (uint8_t *)(uintptr_t)piece.ptr;
    if (w->frame.masked) ws_mask(bytes, piece.len, w->frame.mask, w->frame.payload_len - w->left);
    w->left -= piece.len;
    r->in = slice_from(r->in, piece.len);

    enum filter_verdict verdict = FILTER_OK;
    if (is_control(&w->frame)) {
        memcpy(w->control + w->control_len, bytes, piece.len);
        w->control_len = (uint8_t)(w->control_len + piece.len);
    } else if (w->packed) {
        bool whole = w->kept_len == 0 && w->left == 0 && w->frame.fin;
        verdict = keep_packed(r, piece);
        if (whole) return verdict;
    } else {
        gather_up(r, bytes, piece.len);
    }
    return verdict == FILTER_OK && w->left == 0 ? end_frame(r) : verdict;
}

/* ---- the end of frames ---- */

static enum filter_verdict answer_close(struct reading *r)
{
    struct ws_filter *w = r->w;
    char scratch[WS_CLOSE_SCRATCH];
    enum filter_verdict verdict = hand_up(r);
    if (verdict != FILTER_OK || is_over(r->c)) return verdict;
    struct ws_close close = ws_close_decode(slice_of(w->control, w->control_len), scratch);
    if (close.fault) return fault(r, close.reply_status, close.text);
    return ws_write_close(w, r->c, close.reply_status, close.text) ? FILTER_ENDED : FILTER_FAILED;
}

static enum filter_verdict end_control(struct reading *r)
{
    struct ws_filter *w = r->w;
    if (w->frame.opcode == WS_CLOSE) return answer_close(r);
    if (w->frame.opcode == WS_PONG) return FILTER_OK;
    bool sent = ws_write_control(w, r->c, WS_PONG, slice_of(w->control, w->control_len));
    return sent ? FILTER_OK : FILTER_FAILED;
}

static enum filter_verdict end_frame(struct reading *r)
{
    struct ws_filter *w = r->w;
    if (is_control(&w->frame)) return end_control(r);
    if (!w->packed || !w->frame.fin) return FILTER_OK;
    enum filter_verdict verdict = end_packed(r, slice_of(w->kept, w->kept_len));
    ws_keep_drop(w);
    return verdict;
}

static struct inflater *inflater_of(struct ws_shared *shared)
{
    if (shared->inflater == NULL) shared->inflater = inflater_new();
    return shared->inflater;
}

/* Hands a message up piece by piece while it grows. */
static enum filter_verdict inflate_up(struct reading *r, struct inflater *inflater)
{
    enum inflate_verdict got = INFLATE_MORE;
    while (got == INFLATE_MORE && !is_over(r->c)) {
        struct slice piece = { 0 };
        got = inflater_next(inflater, &piece);
        if (got == INFLATE_BAD)
            return fault(r, WS_STATUS_PROTOCOL, SLICE_LIT("corrupt compressed data"));
        if (got == INFLATE_LIMIT)
            return fault(r, WS_STATUS_TOO_BIG, SLICE_LIT("maximum payload exceeded"));
        enum filter_verdict verdict = piece.len == 0 ? FILTER_OK
                                                     : conn_up(r->c, &r->w->filter, piece);
        if (verdict != FILTER_OK) return verdict;
    }
    return FILTER_OK;
}

static enum filter_verdict end_packed(struct reading *r, struct slice message)
{
    struct ws_shared *shared = r->w->shared;
    enum filter_verdict verdict = hand_up(r);
    if (verdict != FILTER_OK || is_over(r->c)) return verdict;
    struct inflater *inflater = inflater_of(shared);
    if (inflater == NULL) return no_memory(r);

    assert(!shared->inflating);         /* one message at a time on a reactor */
    shared->inflating = true;
    inflater_start(inflater, message, r->w->limits.message_max);
    verdict = inflate_up(r, inflater);
    shared->inflating = false;
    return verdict == FILTER_OK && r->c->paused ? put_off(r) : verdict;
}
