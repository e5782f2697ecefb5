/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic batches. At the end all messages are checked one behind the other, each as if those before
 * it were in flight; when one is refused, what the others left in flight is undone. */
#include "base/alloc.h"
#include "base/assert.h"
#include "config/options.h"
#include "stream/batches_internal.h"

enum { MESSAGES_MAX = 1000 };

/* One batch is one record of the log, and lies in memory until it is complete; nats-server knows no
 * such limit. */
#define BATCH_BYTES_MAX (64 * MIB)

enum commit { COMMIT_NO, COMMIT_LAST, COMMIT_END, COMMIT_INVALID };

static enum commit commit_of(const struct publish_headers *h)
{
    struct slice text = h->at[PUBLISH_BATCH_COMMIT];
    if (text.ptr == NULL) return COMMIT_NO;
    if (slice_equal_str(text, "eob")) return COMMIT_END;
    return slice_equal_str(text, "1") ? COMMIT_LAST : COMMIT_INVALID;
}

static uint64_t messages_max(const struct stream *s)
{
    int64_t configured = s->account->js->options->jetstream.limits.batch_msgs_max;
    return configured > 0 ? (uint64_t)configured : MESSAGES_MAX;
}

static bool refuse(struct stream *s, const struct incoming *in, enum js_err id)
{
    struct js_error e;
    if (id == JS_ERR_ATOMIC_PUBLISH_TOO_LARGE_BATCH)
        (void)js_error_setf(&e, id, "%llu", (unsigned long long)messages_max(s));
    else (void)js_error_set(&e, id);
    stream_answer_error(s, in->reply, &e);
    return true;
}

/* ---- the end of one ---- */

/* What a batch has changed of what is proposed, to be undone. */
struct mark {
    uint64_t   last_proposed;
    nanos      time_proposed;
    struct buf last_id;
    uint32_t   noted;
};

static void undo(struct stream *s, struct mark *m)
{
    for (; m->noted > 0; m->noted--) inflight_undo(&s->inflight);
    s->last_proposed = m->last_proposed;
    s->time_proposed = m->time_proposed;
    s->last_id_proposed.len = 0;
    buf_add(&s->last_id_proposed, buf_slice(&m->last_id));
    s->has_ids |= m->last_id.len > 0;
}

static void add_command(struct buf *many, const struct incoming *in)
{
    struct store_command c;
    incoming_command(in, &c);
    uint32_t size = store_command_size(&c), offset = many->len;
    buf_reserve(many, STORE_MANY_HEAD + size);
    store_command_write(&c, store_many_add(many->ptr, &offset, size));
    many->len = offset;
}

/* All messages of a batch in the making. */
struct making {
    struct stream *stream;
    struct batch  *batch;
    struct buf     many; /* a COMMAND_STORE_MANY */
    uint32_t       count;
    struct mark    mark;
    uint64_t       first;        /* sequence of the first one */
    bool           is_settled;   /* the stream was, before them */
    bool           takes_others; /* one of them does */
    bool           is_held;
};

/* A message that was put aside, as it will be stored. False: `error`, or it must be held. */
static bool check_one(const struct making *m, struct incoming *in, const struct text_entry *e,
                      struct js_error *error)
{
    const struct raw_message raw = { .subject = e->texts[0],
                                     .header = e->texts[1],
                                     .payload = e->texts[2] };
    assert(m->first > 0);
    incoming_init(in, &raw, stream_time(m->stream));
    in->batch_first = m->first;
    in->batch_settled = m->is_settled;
    incoming_transform(m->stream, in);
    return ingest_check(m->stream, in, CHECKS_ATOMIC, error);
}

/* Goes through the messages of a copy of the queue; false: one was refused, or must wait. */
static bool make_all(struct making *m, struct text_queue *staged, bool by_end,
                     struct js_error *error)
{
    struct stream *s = m->stream;
    struct text_entry e;
    struct buf texts = { 0 };
    bool is_good = true;
    m->first = s->last_proposed + 1;
    m->is_settled = ingest_is_settled(s);
    while (is_good && text_queue_peek(staged, &texts, &e)) {
        struct incoming in;
        text_queue_pass(staged);
        is_good = check_one(m, &in, &e, error);
        m->is_held = in.is_held;
        if (!is_good) break;
        if (by_end && text_queue_empty(staged))
            incoming_add(&in, PUBLISH_BATCH_COMMIT, SLICE_LIT("1"));
        incoming_edit(s, &in);
        add_command(&m->many, &in);
        ingest_note(s, &in, SLICE_LIT(""));
        m->takes_others |= incoming_takes_others(&in);
        m->mark.noted++;
        m->count++;
    }
    buf_deinit(&texts);
    return is_good;
}

static bool propose_all(struct making *m, struct js_error *error)
{
    struct stream *s = m->stream;
    store_many_begin(m->many.ptr, m->count);
    uint8_t *at = stream_log_propose(s->log, COMMAND_STORE_MANY, m->mark.last_proposed + 1,
                                     m->many.len, JOURNAL_USE_STORE);
    if (at == NULL) return stream_log_refusal(s, error);
    memcpy(at, m->many.ptr, m->many.len);
    stream_log_reaches(s->log, m->mark.last_proposed + m->count);
    if (m->takes_others) s->removals_upto = s->log->proposed;
    return true;
}

/* The batch ends, whatever comes of it; false: it must wait, and stays as it is. */
static bool commit(struct stream *s, struct batch *b, const struct incoming *in, bool by_end)
{
    struct js_error error;
    struct making m = { .stream = s, .batch = b };
    m.mark.last_proposed = s->last_proposed;
    m.mark.time_proposed = s->time_proposed;
    buf_add(&m.mark.last_id, buf_slice(&s->last_id_proposed));
    buf_reserve(&m.many, STORE_MANY_HEAD);
    m.many.len = STORE_MANY_HEAD;
    struct text_queue staged = b->staged;       /* read through, and kept when it must wait */
    bool is_good = make_all(&m, &staged, by_end, &error) && propose_all(&m, &error);
    if (!is_good) undo(s, &m.mark);
    if (is_good) {
        struct js_pub_ack ack = { .seq = s->last_proposed, .count = m.count };
        char id[BATCH_ID_MAX + 1] = { 0 };
        memcpy(id, b->head.id, b->head.id_len);
        ack.batch = id;
        stream_answer_ack(s, in->reply, &ack);
    } else if (!m.is_held) {
        stream_answer_error(s, in->reply, &error);
    }
    buf_deinit(&m.many);
    buf_deinit(&m.mark.last_id);
    if (m.is_held) return false;
    batches_end(s->batches, BATCH_ATOMIC, &b->head);
    return true;
}

/* ---- one message ---- */

static void stage(struct batches *all, struct batch *b, const struct raw_message *m,
                  const struct incoming *in)
{
    struct buf header = { 0 };
    struct text_entry e = { 0, { m->subject, m->header, m->payload } };
    const struct headers_change change = {
        .strip_status = in->strips_status,
        .remove = in->remove,
        .remove_count = in->remove_count,
    };
    if (in->strips_status || in->remove_count > 0) {
        headers_change(m->header, &change, &header);
        e.texts[1] = buf_slice(&header);
    }
    all->bytes -= text_queue_bytes(&b->staged);
    text_queue_add(&b->staged, &e);
    all->bytes += text_queue_bytes(&b->staged);
    buf_deinit(&header);
}

/* What can be said of a message without its batch. False: it was answered. */
static bool is_acceptable(struct stream *s, struct incoming *in, uint64_t *ret_number)
{
    struct js_error error;
    struct slice number = in->headers.at[PUBLISH_BATCH_SEQUENCE];
    if (!ingest_check(s, in, CHECKS_STAGED, &error)) {
        stream_answer_error(s, in->reply, &error);
        return false;
    }
    if (!s->config.allow_atomic) return !refuse(s, in, JS_ERR_ATOMIC_PUBLISH_DISABLED);
    if (in->headers.at[PUBLISH_BATCH_ID].len > BATCH_ID_MAX)
        return !refuse(s, in, JS_ERR_ATOMIC_PUBLISH_INVALID_BATCH_ID);
    if (number.len == 0 || !slice_to_u64(number, ret_number))
        return !refuse(s, in, JS_ERR_ATOMIC_PUBLISH_MISSING_SEQ);
    return true;
}

/* Messages that it will store at least; of an end without a number, as nats-server counts. */
static uint64_t size_with(uint64_t number, enum commit how)
{
    if (how != COMMIT_END) return number;
    return number > 0 ? number - 1 : UINT64_MAX;
}

/* The batch of this message; NULL: there can be none, and that was answered. */
static struct batch *find_or_open(struct stream *s, const struct incoming *in, uint64_t number,
                                  enum commit how)
{
    struct batches *all = batches_get(s);
    struct slice id = in->headers.at[PUBLISH_BATCH_ID];
    struct batch_head *h = batches_find(all, BATCH_ATOMIC, id);
    if (h != NULL) return batch_of(h);
    if (number != 1) {
        bool is_large = size_with(number, how) > messages_max(s);
        (void)refuse(s, in,
                     is_large ? JS_ERR_ATOMIC_PUBLISH_TOO_LARGE_BATCH
                              : JS_ERR_ATOMIC_PUBLISH_INCOMPLETE_BATCH);
        return NULL;
    }
    h = batches_open(all, BATCH_ATOMIC, id);
    if (h != NULL) return batch_of(h);
    (void)refuse(s, in, JS_ERR_ATOMIC_PUBLISH_TOO_MANY_INFLIGHT);
    return NULL;
}

static bool give_up(struct stream *s, const struct incoming *in, struct batch *b,
                    enum batch_reason reason)
{
    static const enum js_err errors[] = {
        [BATCH_TIMEOUT] = JS_ERR_ATOMIC_PUBLISH_INCOMPLETE_BATCH,
        [BATCH_LARGE] = JS_ERR_ATOMIC_PUBLISH_TOO_LARGE_BATCH,
        [BATCH_INCOMPLETE] = JS_ERR_ATOMIC_PUBLISH_INCOMPLETE_BATCH,
        [BATCH_UNSUPPORTED] = JS_ERR_REQUIRED_API_LEVEL,
    };
    batches_give_up(s->batches, &b->head, reason);
    return refuse(s, in, errors[reason]);
}

/* The answer has no words for bytes: it names the limit of messages whatever the reason is. */
static bool has_too_many_bytes(const struct stream *s, const struct batch *b,
                               const struct raw_message *m)
{
    const struct js_account *a = s->account;
    if (text_queue_bytes(&b->staged) + (uint64_t)m->payload.len <= BATCH_BYTES_MAX) return false;
    jetstream_warn(
        a->js, "JetStream: an atomic batch of stream '%s > %s' has more than %d MB and is given up",
        a->account->name, s->config.name, (int)(BATCH_BYTES_MAX / MIB));
    return true;
}

bool atomic_batch_take(struct stream *s, const struct raw_message *m, struct incoming *in)
{
    uint64_t number;
    enum commit how = commit_of(&in->headers);
    if (!is_acceptable(s, in, &number)) return true;
    struct batch *b = find_or_open(s, in, number, how);
    if (b == NULL) return true;
    if (how == COMMIT_INVALID) {
        batches_end(s->batches, BATCH_ATOMIC, &b->head);
        return refuse(s, in, JS_ERR_ATOMIC_PUBLISH_INVALID_BATCH_COMMIT);
    }
    if (batch_level_is_too_high(&in->headers)) return give_up(s, in, b, BATCH_UNSUPPORTED);
    if (publish_has(&in->headers, PUBLISH_REQUIRED_API_LEVEL))
        incoming_remove(in, PUBLISH_REQUIRED_API_LEVEL);
    batches_touch(s->batches, BATCH_ATOMIC, &b->head);
    /* the last one may come twice: once to be put aside, again when it had to wait */
    bool is_again = how != COMMIT_NO && b->head.last == number && b->is_committing;
    if (!is_again && (b->head.last + 1 != number || (number == 1 && how == COMMIT_END)))
        return give_up(s, in, b, BATCH_INCOMPLETE);
    b->head.last = number;
    if (size_with(number, how) > messages_max(s) || has_too_many_bytes(s, b, m))
        return give_up(s, in, b, BATCH_LARGE);
    if (how != COMMIT_END && !is_again) stage(s->batches, b, m, in);
    b->is_committing = how != COMMIT_NO;
    if (how != COMMIT_NO && ingest_traces_only(&in->headers)) {
        batches_end(s->batches, BATCH_ATOMIC, &b->head);       /* as nats-server, without a word */
        return true;
    }
    if (how != COMMIT_NO) return commit(s, b, in, how == COMMIT_END);
    stream_answer_now(s, in->reply, SLICE_LIT(""));
    return true;
}
