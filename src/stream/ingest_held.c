/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that cannot be judged yet: a check needs what is being read from the disk, or what a
 * removal in flight will leave. They wait in order, with all that come after them, and are judged
 * anew in the stream's turn. */
#include "base/assert.h"
#include "stream/stream_internal.h"

void ingest_hold(struct stream *s, const struct raw_message *m)
{
    struct text_entry e = { 0, { m->subject, m->reply, m->header, m->payload } };
    assert(m->subject.len > 0);
    text_queue_add(&s->held, &e);
    s->is_quiet = false;
    stream_wake(s);
}

void ingest_held_run(struct stream *s)
{
    struct text_entry e;
    if (s->is_held_loading) return;
    while (text_queue_peek(&s->held, &s->held_now, &e)) {
        const struct raw_message m = { e.texts[0], e.texts[1], e.texts[2], e.texts[3] };
        if (!ingest_one(s, &m)) return;
        text_queue_drop(&s->held);
    }
    buf_deinit(&s->held_now);
}

static void loaded(struct msgs_load *load, enum err e)
{
    struct stream *s = container_of(load, struct stream, held_load);
    maybe(e == ERR_OK);                 /* it is asked for again, and found, or not */
    s->is_held_loading = false;
    stream_wake(s);
}

static void found(struct msgs_wait *w)
{
    struct stream *s = container_of(w, struct stream, held_wait);
    s->is_held_loading = false;
    stream_wake(s);
}

enum err ingest_load(struct stream *s, uint64_t sequence, struct stored *ret)
{
    if (s->is_held_loading) return ERR_BUSY;
    s->held_load.done = loaded;
    enum err e = msgs_load(s->msgs, sequence, 0, &s->held_load);
    s->is_held_loading = e == ERR_BUSY;
    if (e == ERR_OK) *ret = s->held_load.msg;
    return e;
}

enum err ingest_last_matching(struct stream *s, struct slice pattern, uint64_t before,
                              uint64_t *ret)
{
    const struct msgs_filter filter = { &pattern, 1 };
    uint64_t last = inflight_last_matching(&s->inflight, pattern, before);
    *ret = last;
    if (last > 0) return ERR_OK;
    if (s->is_held_loading) return ERR_BUSY;
    s->held_wait.done = found;
    enum err e = msgs_last(s->msgs, &filter, 0, &s->held_wait, ret);
    s->is_held_loading = e == ERR_BUSY;
    if (e == ERR_NOTFOUND) *ret = 0;
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Limits will take something away for what is in flight. */
static bool will_discard(const struct stream *s)
{
    const struct stream_config *c = &s->config;
    struct msgs_state state;
    if (inflight_count(&s->inflight) == 0 || (c->max_msgs <= 0 && c->max_bytes <= 0)) return false;
    msgs_state(s->msgs, &state);
    uint64_t messages = state.messages + inflight_count(&s->inflight);
    uint64_t bytes = state.bytes + inflight_bytes(&s->inflight);
    return (c->max_msgs > 0 && messages > (uint64_t)c->max_msgs) ||
           (c->max_bytes > 0 && bytes > (uint64_t)c->max_bytes);
}

bool ingest_is_settled(const struct stream *s)
{
    assert(s->removals_upto <= s->log->proposed);
    return s->log->applied >= s->removals_upto && !will_discard(s);
}

bool incoming_is_settled(const struct stream *s, const struct incoming *in)
{
    return in->batch_first > 0 ? in->batch_settled : ingest_is_settled(s);
}

void ingest_held_stop(struct stream *s)
{
    if (s->is_held_loading) {
        msgs_load_cancel(s->msgs, &s->held_load);
        msgs_wait_cancel(&s->held_wait);
    }
    s->is_held_loading = false;
    text_queue_deinit(&s->held);
    buf_deinit(&s->held_now);
}
