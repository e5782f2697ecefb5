/* SPDX-License-Identifier: Apache-2.0 */
/* What publishers are told. A reply may be a subject of this stream, so that an answer comes back
 * in as a message while it is sent: everything that is sent lies in a buffer that ingest does not
 * touch. */
#include "base/assert.h"
#include "base/near.h"
#include "core/deliver.h"
#include "stream/api_messages.h"
#include "stream/batch_reply.h"
#include "stream/batches.h"
#include "stream/inflight.h"
#include "stream/stream_internal.h"

static void send_text(struct stream *s, struct slice reply, struct slice header, struct slice text)
{
    const struct jetstream *js = s->account->js;
    assert(reply.len > 0);
    (void)deliver_internal(js->home, s->account->account, reply, SLICE_LIT(""), header, text);
}

void stream_ack_prepare(struct stream *s)
{
    struct js_pub_ack a = { .stream = s->config.name };
    struct buf text = { 0 };
    AUTO_FREE(arena) arena = arena_new();
    a.domain = arena_str(arena, s->account->js->domain);
    js_pub_ack_write(&a, &text);
    assert(text.len > 2 && text.ptr[text.len - 2] == '0');
    text.len -= 2;                      /* "0}" */
    stream_ack_drop(s);
    uint8_t *ack = near_alloc(text.len);
    memcpy(ack, text.ptr, text.len);
    s->ack = slice_of(ack, text.len);
    buf_deinit(&text);
}

void stream_ack_drop(struct stream *s)
{
    assert(s->ack.ptr != NULL || s->ack.len == 0);
    near_free((uint8_t *)(uintptr_t)s->ack.ptr, s->ack.len);
    s->ack = SLICE_LIT("");
}

static inline void ack_write(const struct stream *s, uint64_t sequence, struct slice value,
                             struct buf *b)
{
    assert(s->ack.len > 0);
    b->len = 0;
    buf_add(b, s->ack);
    buf_add_u64(b, sequence);
    if (UNLIKELY(value.len > 0)) buf_printf(b, ",\"val\":\"%.*s\"", SLICE_ARGS(value));
    buf_add_byte(b, '}');
}

void stream_ack(struct stream *s, struct slice reply, uint64_t sequence, struct slice value)
{
    if (reply.len == 0 || s->config.no_ack) return;
    struct buf *b = &s->account->js->ack;       /* of all: it stays in the caches */
    ack_write(s, sequence, value, b);
    uint32_t len = b->len;
    buf_add(b, reply);
    struct slice both = buf_slice(b);
    send_text(s, slice_from(both, len), SLICE_LIT(""), slice_first(both, len));
}

static void answer(struct stream *s, struct slice reply, struct slice header, struct slice text)
{
    struct text_entry e = { s->log->proposed, { reply, header, text } };
    assert(reply.len > 0);
    text_queue_add(&s->answers, &e);
    s->is_quiet = false;
    stream_log_hurry(s->log);
    reactor_turn(jetstream_reactor(s->account->js), &s->turn);
}

void stream_answer_now(struct stream *s, struct slice reply, struct slice text)
{
    struct text_entry e = { 0, { reply, SLICE_LIT(""), text } };
    if (reply.len == 0 || s->config.no_ack) return;
    text_queue_add(&s->answers, &e);
    s->is_quiet = false;
    stream_wake(s);
}

void stream_ack_early(struct stream *s, struct slice reply, uint64_t sequence, struct slice value)
{
    struct buf text = { 0 };
    assert(s->is_async);
    ack_write(s, sequence, value, &text);
    stream_answer_now(s, reply, buf_slice(&text));
    buf_deinit(&text);
}

void stream_answer_ack(struct stream *s, struct slice reply, const struct js_pub_ack *ack)
{
    if (reply.len == 0 || s->config.no_ack) return;
    struct buf text = { 0 };
    AUTO_FREE(arena) arena = arena_new();
    struct js_pub_ack a = *ack;
    a.stream = s->config.name;
    a.domain = arena_str(arena, s->account->js->domain);
    js_pub_ack_write(&a, &text);
    answer(s, reply, SLICE_LIT(""), buf_slice(&text));
    buf_deinit(&text);
}

static void answer_error(struct stream *s, struct slice reply, struct slice header,
                         const struct js_error *e)
{
    if (reply.len == 0 || s->config.no_ack) return;
    struct buf text = { 0 };
    js_pub_error_write(s->config.name, e, &text);
    answer(s, reply, header, buf_slice(&text));
    buf_deinit(&text);
}

void stream_answer_error(struct stream *s, struct slice reply, const struct js_error *e)
{
    answer_error(s, reply, SLICE_LIT(""), e);
}

void stream_answer_busy(struct stream *s, struct slice reply)
{
    struct js_error e;
    (void)js_error_set(&e, JS_ERR_STREAM_TOO_MANY_REQUESTS);
    answer_error(s, reply, SLICE_LIT("NATS/1.0 429 Too Many Requests\r\n\r\n"), &e);
}

static void failed_text(const struct stream *s, struct buf *out)
{
    struct js_error e;
    assert(s->failure != ERR_OK);
    (void)js_error_set(&e, JS_ERR_STREAM_STORE_FAILED, err_text(s->failure));
    js_pub_error_write(s->config.name, &e, out);
}

void stream_answer_failed(struct stream *s, struct slice reply)
{
    struct buf text = { 0 };
    failed_text(s, &text);
    stream_answer_now(s, reply, buf_slice(&text));
    buf_deinit(&text);
}

static void send_failed(struct stream *s, struct slice reply, struct slice text)
{
    assert(text.len > 0);
    if (reply.len == 0 || s->config.no_ack) return;
    send_text(s, reply, SLICE_LIT(""), text);
}

void stream_answers_fail(struct stream *s)
{
    enum err log = stream_log_error(s->log);
    struct text_entry e;
    struct inflight_message m;
    struct buf text = { 0 };
    failed_text(s, &text);
    while (text_queue_peek(&s->held, &s->sending, &e)) {
        text_queue_drop(&s->held);
        send_failed(s, e.texts[1], buf_slice(&text));
    }
    bool is_over = log != ERR_OK && log != ERR_LIMIT;
    while (is_over && text_queue_peek(&s->answers, &s->sending, &e)) {
        text_queue_drop(&s->answers);
        send_failed(s, e.texts[0], buf_slice(&text));
    }
    while (is_over && inflight_count(&s->inflight) > 0) {
        inflight_take(&s->inflight, &m);
        if (batch_reply_is(m.reply)) fast_batch_lost(s, m.reply);
        else send_failed(s, m.reply, buf_slice(&text));
    }
    buf_deinit(&text);
}

void stream_answers_send(struct stream *s, uint64_t applied)
{
    struct text_entry e;
    while (text_queue_peek(&s->answers, &s->sending, &e) && e.number <= applied) {
        text_queue_drop(&s->answers);
        send_text(s, e.texts[0], e.texts[1], e.texts[2]);
    }
}
