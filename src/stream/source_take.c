/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of an origin, and its consumer's signs of life: a sink that proposes. Numbers of the
 * consumer's deliveries must come without a gap; a gap in the origin's sequences alone means that
 * messages are gone there, or that a filter leaves them out. */
#include "base/assert.h"
#include "core/deliver.h"
#include "core/message.h"
#include "stream/source_internal.h"
#include "wire/headers.h"

/* ---- flow control ---- */

static void flow_send(struct source *src, struct slice reply)
{
    struct stream *s = src->set->stream;
    struct buf header = { 0 };
    buf_printf(&header, "NATS/1.0\r\nNats-Last-Consumer: %llu\r\nNats-Last-Stream: %llu\r\n\r\n",
               (unsigned long long)src->flow.delivered, (unsigned long long)src->flow.sequence);
    assert(reply.len > 0);
    (void)deliver_internal(source_home(src), s->account->account, reply, SLICE_LIT(""),
                           buf_slice(&header), SLICE_LIT(""));
    buf_deinit(&header);
}

/* All that came before it is durable. */
static void on_durable(struct stream_wait *w, bool is_gone)
{
    struct source *src = container_of(w, struct source, flow.wait);
    assert(src->flow.is_waiting);
    src->flow.is_waiting = false;
    if (is_gone || src->set == NULL) return;
    src->flow.is_sent = true;
    if (!src->flow.is_again) src->flow.sent_at = source_reactor(src)->now;
    flow_send(src, buf_slice(&src->flow.reply));
}

void source_flow_end(struct source *src)
{
    assert(src->flow.wait.node.next != NULL);
    stream_wait_cancel(&src->flow.wait);
    src->flow.is_waiting = src->flow.is_sent = false;
}

/* How far a source was read stands in the messages that are stored; of others a command says it. */
static void note_position(struct source *src)
{
    struct stream *s = src->set->stream;
    if (src->is_mirror || src->noted == src->sequence) return;
    const struct source_command c = { src->sequence, buf_slice(&src->index),
                                      slice_str(src->identity) };
    uint8_t *at = stream_log_propose(s->log, COMMAND_SOURCE, 0, source_command_size(&c),
                                     JOURNAL_USE_STORE);
    if (at == NULL) return;
    source_command_write(&c, at);
    src->noted = src->sequence;
    assert(s->log->proposed > s->log->applied);
}

static void flow_take(struct source *src, struct slice reply, bool is_again)
{
    struct source_flow *f = &src->flow;
    note_position(src);
    source_flow_end(src);
    f->reply.len = 0;
    buf_add(&f->reply, reply);
    f->delivered = src->delivered;
    f->sequence = src->sequence;
    f->is_waiting = true;
    f->is_again = is_again;
    f->wait.done = on_durable;
    assert(f->reply.len > 0);
    stream_after(src->set->stream, &f->wait);
}

/* The other side waits for a reply that it has not seen: again, or at last. */
static void stalled_take(struct source *src, struct slice reply)
{
    struct source_flow *f = &src->flow;
    bool is_known = slice_equal(reply, buf_slice(&f->reply));
    nanos now = source_reactor(src)->now;
    assert(reply.len > 0);
    if (is_known && f->is_waiting) return;
    if (is_known && f->is_sent && now - f->sent_at >= SOURCE_SILENCE / 2) {
        struct js_error error;
        (void)js_error_set(&error, JS_ERR_SOURCE_CONSUMER_FLOW_CONTROL_STALLED);
        source_error_set(src, &error);
    }
    flow_take(src, reply, is_known && f->is_sent);
}

/* ---- signs of life ---- */

static bool is_status(const struct raw_message *m)
{
    return m->payload.len == 0 && slice_starts(m->header, SLICE_LIT("NATS/1.0 100 "));
}

static void broken(struct source *src)
{
    assert(src->state == SOURCE_DRAWS);
    src->is_broken = true;
    source_wake(src);
}

static void heartbeat_take(struct source *src, struct slice header)
{
    static const struct slice names[] = { SLICE_INIT("Nats-Last-Consumer"),
                                          SLICE_INIT("Nats-Consumer-Stalled") };
    struct slice values[ARRAY_COUNT(names)];
    uint64_t delivered;
    (void)headers_scan(header, names, ARRAY_COUNT(names), values);
    bool has_number = values[0].ptr != NULL && slice_to_u64(values[0], &delivered);
    assert(src->state == SOURCE_DRAWS);
    note_position(src);
    if (has_number && delivered > 0 && delivered != src->delivered) broken(src);
    else if (values[1].len > 0) stalled_take(src, values[1]);
}

/* ---- messages ---- */

static bool is_next(const struct source *src, uint64_t consumer_seq)
{
    assert(src->delivered < UINT64_MAX);
    return consumer_seq == src->delivered + 1;
}

/* False: it must be held; here and below. */
static bool take(struct source *src, const struct raw_message *m, const struct ack_info *info)
{
    if (info->deliveries > 1) return true;
    if (info->stream_seq <= src->sequence) {
        if (is_next(src, info->consumer_seq)) src->delivered++;
        return true;
    }
    if (info->stream_seq == UINT64_MAX || !is_next(src, info->consumer_seq)) {
        if (info->consumer_seq > src->delivered) broken(src);
        return true;
    }
    enum source_result result = source_store(src, m, info);
    if (result == SOURCE_REFUSED) broken(src);
    if (result != SOURCE_STORED) return result != SOURCE_HELD;
    src->delivered++;
    src->sequence = info->stream_seq;
    src->lag = info->pending == 0 ? 0 : info->pending - 1;
    if (info->pending < SOURCE_CLOSE) src->is_close = true;
    assert(src->delivered == info->consumer_seq);
    return true;
}

static bool message_take(struct source *src, const struct raw_message *m)
{
    struct ack_subject ack;
    assert(src->consumer != NULL);
    if (!ack_subject_parse(m->reply, &ack)) return true;
    if (!slice_equal_str(ack.place.consumer, src->consumer)) return true;
    if (src->error != NULL) source_error_set(src, NULL);
    return take(src, m, &ack.info);
}

static bool any_take(struct source *src, const struct raw_message *m)
{
    assert(src->state == SOURCE_DRAWS);
    if (src->is_broken) return true;
    if (!is_status(m)) return message_take(src, m);
    if (m->reply.len > 0) flow_take(src, m->reply, false);
    else heartbeat_take(src, m->header);
    return true;
}

/* ---- those that must wait ---- */

static void hold(struct source *src, const struct raw_message *m)
{
    const struct text_entry e = { 0, { m->subject, m->reply, m->header, m->payload } };
    assert(m->subject.len > 0);
    text_queue_add(&src->held, &e);
    stream_wake(src->set->stream);
}

void source_held_run(struct source *src)
{
    struct sources *set = src->set;
    struct text_entry e;
    assert(set != NULL);
    while (text_queue_peek(&src->held, &set->held_now, &e)) {
        const struct raw_message m = { e.texts[0], e.texts[1], e.texts[2], e.texts[3] };
        if (!any_take(src, &m)) return;
        text_queue_drop(&src->held);
    }
}

/* The consumer is there after all: it is asked again now. */
static void probed(struct source *src)
{
    assert(src->state == SOURCE_WAITS);
    if (src->fails == 0) return;
    src->fails = 0;
    src->is_broken = true;
    source_wake(src);
}

void source_delivered(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                      const struct message *m)
{
    struct source *src = container_of(sink, struct source, messages);
    if (src->set == NULL || sub != src->messages_sub) return;
    struct stream *s = src->set->stream;
    assert(cr == source_home(src));
    if (s->is_deleted || s->failure != ERR_OK || atomic_load(&s->account->js->is_stopping)) return;
    if (src->is_probing) {
        probed(src);
        return;
    }
    if (src->state != SOURCE_DRAWS || src->is_broken) return;
    src->heard_at = cr->reactor->now;
    const struct raw_message raw = { m->subject, m->reply, message_header(m), message_payload(m) };
    if (UNLIKELY(!text_queue_empty(&src->held)) || !any_take(src, &raw)) hold(src, &raw);
}
