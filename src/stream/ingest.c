/* SPDX-License-Identifier: Apache-2.0 */
/* From a published message to a command. A message is looked at once, when it comes: against what
 * is applied, overlaid with what is in flight. Nothing is sent from here: it is a sink. */
#include "base/assert.h"
#include "config/options.h"
#include "core/message.h"
#include "store/store_cache.h"
#include "stream/batch_reply.h"
#include "stream/batches.h"
#include "stream/stream_internal.h"
#include "subject/subject.h"
#include "subject/transform.h"

/* What one stream may have in flight, when the configuration does not say. */
#define IN_FLIGHT_BYTES_MAX (128 * MIB)
enum { IN_FLIGHT_MAX = 100000 };

static uint64_t or_default(int64_t configured, uint64_t otherwise)
{
    return configured > 0 ? (uint64_t)configured : otherwise;
}

/* What is not on the disk yet fills the memory that there is for it. */
static bool is_store_behind(const struct stream *s)
{
    return stream_is_file(s) && store_cache_is_over(store_cache(s->account->js->store));
}

/* Too much is in flight, or would be with this message. Half of it already holds publishers of this
 * reactor. */
static bool is_busy(const struct stream *s, struct core_reactor *cr, const struct message *m)
{
    const struct jetstream_options *o = &s->account->js->options->jetstream;
    uint64_t count = inflight_count(&s->inflight);
    uint64_t bytes = inflight_bytes(&s->inflight) + batches_bytes(s);
    uint64_t count_max = or_default(o->buffered_msgs_max, IN_FLIGHT_MAX);
    uint64_t bytes_max = or_default(o->buffered_size_max, IN_FLIGHT_BYTES_MAX);
    if (UNLIKELY(!s->is_quiet)) {
        count += s->held.count;
        bytes += text_queue_bytes(&s->held);
    }
    if (count >= count_max / 2 || bytes >= bytes_max / 2 || is_store_behind(s))
        cr->wants_stall = true;
    return count >= count_max || bytes + m->subject.len + m->reply.len + m->body.len > bytes_max;
}

nanos stream_time(const struct stream *s)
{
    nanos wall = jetstream_reactor(s->account->js)->wall;
    return wall > s->time_proposed ? wall : s->time_proposed;
}

uint64_t stream_last_of(struct stream *s, struct slice subject)
{
    uint32_t count;
    struct msgs_subject stored;
    uint64_t last = inflight_last_of(&s->inflight, subject, &count);
    if (last > 0) return last;
    return msgs_subject(s->msgs, subject, &stored) ? stored.last : 0;
}

void incoming_transform(struct stream *s, struct incoming *in)
{
    if (s->transform == NULL || !transform_matches(s->transform, in->subject)) return;
    s->scratch.len = 0;
    transform_apply(s->transform, in->subject, &jetstream_reactor(s->account->js)->rng,
                    &s->scratch);
    if (s->scratch.len > 0) in->subject = buf_slice(&s->scratch);
}

void incoming_remove(struct incoming *in, enum publish_header id)
{
    assert(in->remove_count < INCOMING_EDITS);
    in->remove[in->remove_count++] = publish_header_name(id);
}

void incoming_add(struct incoming *in, enum publish_header id, struct slice value)
{
    assert(in->add_count < INCOMING_EDITS);
    in->add[in->add_count++] = (struct header){ publish_header_name(id), value };
}

/* In the scratch buffer when it differs. */
void incoming_edit(struct stream *s, struct incoming *in)
{
    if (!in->strips_status && in->remove_count == 0 && in->add_count == 0) return;
    const struct headers_change change = {
        .strip_status = in->strips_status,
        .remove = in->remove,
        .remove_count = in->remove_count,
        .add = in->add,
        .add_count = in->add_count,
    };
    s->scratch_header.len = 0;
    headers_change(in->header, &change, &s->scratch_header);
    in->header = buf_slice(&s->scratch_header);
}

bool stream_log_refusal(struct stream *s, struct js_error *ret_error)
{
    enum err e = stream_log_error(s->log);
    if (e == ERR_OK || e == ERR_LIMIT)
        return js_error_set(ret_error, JS_ERR_INSUFFICIENT_RESOURCES);
    stream_fail(s, e);
    return js_error_set(ret_error, JS_ERR_STREAM_STORE_FAILED, err_text(e));
}

void incoming_command(const struct incoming *in, struct store_command *ret)
{
    *ret = (struct store_command){
        .flags = in->flags,
        .time = in->time,
        .id = in->id,
        .expires = in->expires,
        .due = in->due,
        .subject = in->subject,
        .header = in->header,
        .payload = in->payload,
    };
    if (LIKELY(!in->is_skipped)) return;
    ret->flags = STORE_UNWANTED | (in->flags & STORE_SCHEDULE_MOVES);
    ret->expires = 0;
    ret->payload = SLICE_LIT("");
}

void ingest_note(struct stream *s, const struct incoming *in, struct slice reply)
{
    uint64_t sequence = s->last_proposed + 1, size = 0;
    assert(in->time >= s->time_proposed);
    if (!in->is_skipped)
        size = msgs_size(stream_is_file(s), in->subject.len, in->header.len, in->payload.len);
    const struct inflight_message m = {
        .sequence = sequence,
        .id = in->id,
        .size = size,
        .is_unwanted = in->is_skipped,
        .is_schedule = (in->flags & STORE_SCHEDULE) != 0,
        .subject = in->subject,
        .reply = reply,
        .value = in->value,
        .sources = in->sources,
    };
    inflight_add(&s->inflight, &m);
    s->last_proposed = sequence;
    s->time_proposed = in->time;
    if (LIKELY(in->id == 0 && !s->has_ids)) return;
    s->has_ids = true;
    s->last_id_proposed.len = 0;
    if (in->id != 0) buf_add(&s->last_id_proposed, in->headers.at[PUBLISH_MSG_ID]);
}

bool incoming_takes_others(const struct incoming *in)
{
    assert((in->flags & STORE_UNWANTED) == 0);
    if (in->flags & (STORE_ROLLUP_ALL | STORE_SCHEDULE_ENDS)) return true;
    /* a rollup takes all that match, as on nats-server */
    return (in->flags & STORE_ROLLUP_SUBJECT) != 0 && subject_has_wildcard(in->subject);
}

void ingest_follow(struct stream *s, const struct incoming *in, uint64_t sequence)
{
    struct purge_command c = { .below = sequence };
    if (LIKELY((in->flags & (STORE_ROLLUP_SUBJECT | STORE_ROLLUP_ALL | STORE_SCHEDULE_ENDS)) == 0))
        return;
    if (incoming_takes_others(in)) s->removals_upto = s->log->proposed;
    if (!in->is_skipped) return;
    if ((in->flags & STORE_ROLLUP_ALL) == 0) c.filter = in->subject;
    if (in->flags & STORE_SCHEDULE_ENDS) c.filter = in->headers.at[PUBLISH_SCHEDULER];
    uint8_t *at = stream_propose_removal(s, COMMAND_PURGE, purge_command_size(&c));
    if (at != NULL) purge_command_write(&c, at);
}

/* Who hears when the message is stored; with persist_mode async publishers hear at once. Of a batch
 * they count what is stored. */
static struct slice who_waits(struct stream *s, const struct incoming *in, uint64_t sequence)
{
    if (LIKELY(!s->is_async) || batch_reply_is(in->reply)) return in->reply;
    stream_ack_early(s, in->reply, sequence, in->value);
    return SLICE_LIT("");
}

bool ingest_propose(struct stream *s, const struct incoming *in, struct js_error *ret_error)
{
    struct store_command c;
    uint64_t sequence = s->last_proposed + 1;
    incoming_command(in, &c);
    uint8_t *at = stream_log_propose(s->log, COMMAND_STORE, sequence, store_command_size(&c),
                                     JOURNAL_USE_STORE);
    if (UNLIKELY(at == NULL)) return stream_log_refusal(s, ret_error);
    store_command_write(&c, at);
    ingest_note(s, in, who_waits(s, in, sequence));
    ingest_follow(s, in, sequence);
    return true;
}

void incoming_init(struct incoming *in, const struct raw_message *m, nanos time)
{
    in->subject = m->subject;
    in->reply = m->reply;
    in->header = m->header;
    in->payload = m->payload;
    in->is_own = in->is_sourced = false;
    in->remove_count = in->add_count = 0;
    in->time = time;
    in->id = in->duplicate_of = 0;
    in->flags = 0;
    in->expires = in->due = 0;
    in->is_skipped = in->is_held = false;
    in->batch_first = 0;
    in->batch_settled = false;
    in->value = in->sources = SLICE_LIT("");
    in->strips_status = publish_has_status(in->header);
    in->headers_count = publish_headers_read(in->header, &in->headers);
}

bool ingest_take(struct stream *s, struct incoming *in)
{
    struct js_error error;
    error.err_code = JS_ERR_NONE;
    bool is_good = ingest_check(s, in, CHECKS_SINGLE, &error);
    if (UNLIKELY(in->is_held)) return false;
    if (LIKELY(is_good)) {
        incoming_edit(s, in);
        is_good = ingest_propose(s, in, &error);
    }
    if (LIKELY(is_good)) return true;
    struct js_pub_ack duplicate = { .seq = in->duplicate_of, .duplicate = true };
    if (in->duplicate_of > 0) stream_answer_ack(s, in->reply, &duplicate);
    else stream_answer_error(s, in->reply, &error);
    return true;
}

static bool is_traced(const struct publish_headers *h)
{
    struct slice dest = h->at[PUBLISH_TRACE_DEST];
    return dest.len > 0 && !slice_equal_str(dest, "trace disabled");
}

bool ingest_traces_only(const struct publish_headers *h)
{
    struct slice only = h->at[PUBLISH_TRACE_ONLY];
    return is_traced(h) &&
           (slice_equal_nocase(only, SLICE_LIT("true")) || slice_equal_str(only, "1") ||
            slice_equal_nocase(only, SLICE_LIT("on")));
}

/* The same message with another header. */
static bool take_with(struct stream *s, const struct raw_message *m, struct buf *take_header)
{
    struct raw_message with = *m;
    with.header = buf_slice(take_header);
    bool is_done = ingest_one(s, &with);
    buf_deinit(take_header);
    return is_done;
}

/* A message whose way is traced does not trace again when it is delivered: it is taken, and
 * measured, with a header that says so. */
static bool take_traced(struct stream *s, const struct raw_message *m)
{
    const struct header done = { publish_header_name(PUBLISH_TRACE_DEST),
                                 SLICE_LIT("trace disabled") };
    struct buf header = { 0 };
    headers_set(m->header, &done, &header);
    return take_with(s, m, &header);
}

/* Who asked through a service import stands in a header that counts for nothing: the message is
 * taken as if it had come without. */
static bool take_without_info(struct stream *s, const struct raw_message *m)
{
    const struct slice name = publish_header_name(PUBLISH_REQUEST_INFO);
    const struct headers_change change = { .remove = &name, .remove_count = 1 };
    struct buf header = { 0 };
    headers_change(m->header, &change, &header);
    return take_with(s, m, &header);
}

bool ingest_one(struct stream *s, const struct raw_message *m)
{
    struct incoming in;
    incoming_init(&in, m, stream_time(s));
    if (UNLIKELY(in.headers_count > 0) && in.headers.at[PUBLISH_REQUEST_INFO].ptr != NULL)
        return take_without_info(s, m);
    bool is_only = UNLIKELY(in.headers_count > 0) && ingest_traces_only(&in.headers);
    if (UNLIKELY(in.headers_count > 0) && !is_only && is_traced(&in.headers))
        return take_traced(s, m);
    incoming_transform(s, &in);
    if (UNLIKELY(batch_reply_is(m->reply))) return is_only || fast_batch_take(s, &in);
    if (UNLIKELY(in.headers_count > 0) && publish_has(&in.headers, PUBLISH_BATCH_ID))
        return atomic_batch_take(s, m, &in);
    return is_only || ingest_take(s, &in);
}

void ingest_soon(const struct sink *sink, uint32_t step)
{
    const struct stream *s = container_of(sink, const struct stream, sink);
    assert(step < SINK_SOON_STEPS);
    if (step == 0) {
        stream_soon(s);
        return;
    }
    PREFETCH(s->log);
    PREFETCH(s->account);
    inflight_add_soon(&s->inflight);
}

static bool has_held(const struct stream *s)
{
    return !s->is_quiet && !text_queue_empty(&s->held);
}

static void wake_for_those(struct stream *s)
{
    if (!text_queue_empty(&s->answers) || has_held(s) || s->batches != NULL) stream_wake(s);
}

void ingest_deliver(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                    const struct message *m)
{
    struct stream *s = container_of(sink, struct stream, sink);
    (void)sub;
    /* a message from another reactor comes without ahead_look() */
    stream_soon(s);
    PREFETCH(s->log);
    assert(s->is_started);
    assert(cr == s->account->js->home);
    if (s->is_deleted) return;
    if (UNLIKELY(s->failure != ERR_OK)) {
        stream_answer_failed(s, m->reply);
        return;
    }
    const struct raw_message raw = {
        .subject = m->subject,
        .reply = m->reply,
        .header = slice_first(m->body, m->header_len),
        .payload = slice_from(m->body, m->header_len),
    };
    if (UNLIKELY(is_busy(s, cr, m))) stream_answer_busy(s, raw.reply);
    else if (UNLIKELY(has_held(s)) || !ingest_one(s, &raw)) ingest_hold(s, &raw);
    /* what else may have to follow does so when the message is applied */
    if (UNLIKELY(!s->is_quiet || s->batches != NULL)) wake_for_those(s);
}
