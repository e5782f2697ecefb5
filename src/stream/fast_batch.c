/* SPDX-License-Identifier: Apache-2.0 */
/* Fast batches. What a publisher is told goes to the reply of its newest message: how far all is
 * stored, how many may be on their way, gaps, errors, and at the end one ack for all. */
#include "base/assert.h"
#include "stream/batch_reply.h"
#include "stream/batches_internal.h"

/* Messages of all fast batches of a stream that may wait for an ack. */
enum { FLOW_MAX = 500 };

static bool refuse(struct stream *s, const struct incoming *in, enum js_err id)
{
    struct js_error e;
    (void)js_error_set(&e, id);
    stream_answer_error(s, in->reply, &e);
    return true;
}

/* ---- what is told ---- */

static void tell_flow(struct stream *s, struct slice reply, uint64_t number, uint16_t step)
{
    struct buf text = { 0 };
    js_batch_ack_write(number, step, &text);
    stream_answer_now(s, reply, buf_slice(&text));
    buf_deinit(&text);
}

static void tell_gap(struct stream *s, struct slice reply, uint64_t expected, uint64_t number)
{
    struct buf text = { 0 };
    js_batch_gap_write(expected, number, &text);
    stream_answer_now(s, reply, buf_slice(&text));
    buf_deinit(&text);
}

static void tell_error(struct stream *s, struct slice reply, uint64_t number,
                       const struct js_error *e)
{
    struct buf text = { 0 };
    js_batch_error_write(number, e, &text);
    stream_answer_now(s, reply, buf_slice(&text));
    buf_deinit(&text);
}

/* The ack of the whole batch, which ends. */
static void tell_end(struct stream *s, struct fast_batch *b, struct slice reply)
{
    struct js_pub_ack ack = { .seq = b->sequence, .count = b->head.last };
    char id[BATCH_ID_MAX + 1] = { 0 };
    memcpy(id, b->head.id, b->head.id_len);
    ack.batch = id;
    stream_answer_ack(s, b->end_reply != NULL ? slice_str(b->end_reply) : reply, &ack);
    batches_end(s->batches, BATCH_FAST, &b->head);
}

/* ---- how many may be on their way ---- */

static uint16_t step_limit(const struct stream *s, const struct fast_batch *b)
{
    uint32_t count = s->batches->count[BATCH_FAST], limit = FLOW_MAX / (count > 0 ? count : 1);
    if (limit < 1) limit = 1;
    return limit < b->step_max ? (uint16_t)limit : b->step_max;
}

/* Doubles or halves towards its share. */
static void move_step(struct fast_batch *b, uint16_t limit)
{
    if (b->step < limit) b->step = b->step > limit / 2 ? limit : (uint16_t)(b->step * 2);
    else if (b->step > limit) b->step = b->step / 2 <= limit ? limit : b->step / 2;
}

/* Sends an ack when a step is full. Returns whether it did. */
static bool check_flow(struct stream *s, struct fast_batch *b, struct slice reply)
{
    assert(b->step > 0);
    if (b->persisted < b->flow_sent + b->step) return false;
    b->flow_sent += (b->persisted - b->flow_sent) / b->step * b->step;
    move_step(b, step_limit(s, b));
    tell_flow(s, reply, b->flow_sent, b->step);
    return true;
}

void fast_batch_stored(struct stream *s, struct slice reply, uint64_t sequence)
{
    struct batch_reply r;
    bool is_reply = batch_reply_parse(reply, &r);
    assert(is_reply);                   /* it was looked at when it came */
    struct batch_head *h = s->batches == NULL ? NULL : batches_find(s->batches, BATCH_FAST, r.id);
    if (h == NULL) return;
    struct fast_batch *b = fast_batch_of(h);
    if (b->pending > 0) b->pending--;
    b->sequence = sequence;
    b->persisted = b->pending == 0 ? b->head.last : r.number;
    if (b->is_committing && b->head.last == b->persisted) tell_end(s, b, reply);
    else (void)check_flow(s, b, reply);
}

void fast_batch_lost(struct stream *s, struct slice reply)
{
    struct batch_reply r;
    bool is_reply = batch_reply_parse(reply, &r);
    assert(is_reply);
    assert(s->failure != ERR_OK);
    struct batch_head *h = s->batches == NULL ? NULL : batches_find(s->batches, BATCH_FAST, r.id);
    if (h == NULL) return;
    struct fast_batch *b = fast_batch_of(h);
    if (b->pending > 0 && --b->pending > 0) return;
    stream_answer_failed(s, b->end_reply != NULL ? slice_str(b->end_reply) : reply);
    batches_end(s->batches, BATCH_FAST, h);
}

/* It ends now when all of it is stored, else with its last message. */
static void commit(struct stream *s, struct fast_batch *b, struct slice reply)
{
    b->is_committing = true;
    if (b->head.last == b->persisted) tell_end(s, b, reply);
    else if (b->end_reply == NULL) b->end_reply = slice_dup(reply);
}

/* ---- one message ---- */

static bool is_acceptable(struct stream *s, struct incoming *in, struct batch_reply *ret)
{
    struct js_error error;
    if (!ingest_check(s, in, CHECKS_STAGED, &error)) {
        stream_answer_error(s, in->reply, &error);
        return false;
    }
    if (!s->config.allow_batched) return !refuse(s, in, JS_ERR_BATCH_PUBLISH_DISABLED);
    if (!batch_reply_parse(in->reply, ret))
        return !refuse(s, in, JS_ERR_BATCH_PUBLISH_INVALID_PATTERN);
    if (ret->id.len > BATCH_ID_MAX) return !refuse(s, in, JS_ERR_BATCH_PUBLISH_INVALID_BATCH_ID);
    return true;
}

static struct fast_batch *find_or_open(struct stream *s, const struct incoming *in,
                                       const struct batch_reply *r)
{
    struct batches *all = batches_get(s);
    struct batch_head *h = batches_find(all, BATCH_FAST, r->id);
    if (h != NULL) return fast_batch_of(h);
    if (r->number != 1 || r->operation == BATCH_PING) {
        (void)refuse(s, in, JS_ERR_BATCH_PUBLISH_UNKNOWN_BATCH_ID);
        return NULL;
    }
    h = batches_open(all, BATCH_FAST, r->id);
    if (h == NULL) {
        (void)refuse(s, in, JS_ERR_BATCH_PUBLISH_TOO_MANY_INFLIGHT);
        return NULL;
    }
    struct fast_batch *b = fast_batch_of(h);
    b->gap_ok = r->gap_ok;
    b->step_max = r->flow;
    b->step = r->flow < FLOW_MAX ? r->flow : FLOW_MAX;
    if (all->count[BATCH_FAST] > 1) b->step = 1;
    return b;
}

/* Asks how far it is. */
static void ping(struct stream *s, struct fast_batch *b, const struct batch_reply *r,
                 struct slice reply)
{
    bool is_told = false;
    if (r->number > b->head.last) {
        tell_gap(s, reply, b->head.last + 1, r->number + 1);
        if (!b->gap_ok) {
            bool ends = b->head.last == b->persisted;
            commit(s, b, reply);
            if (ends) return;
        } else {
            b->head.last = r->number;
            if (b->pending == 0) b->persisted = b->head.last;
            is_told = check_flow(s, b, reply);
        }
    }
    if (!is_told) tell_flow(s, reply, b->flow_sent, b->step);
}

/* False: the batch ends here, or the message is one too many. */
static bool fits(struct stream *s, struct fast_batch *b, const struct batch_reply *r,
                 struct slice reply)
{
    uint64_t expected = b->head.last + 1;
    if (r->number == expected) return true;
    tell_gap(s, reply, expected, r->number);
    if (r->number > expected && b->gap_ok) return true;
    commit(s, b, reply);
    return false;
}

/* A duplicate is passed over; an error ends the batch, unless it may have gaps. */
static void refused(struct stream *s, struct fast_batch *b, const struct batch_reply *r,
                    const struct incoming *in, const struct js_error *error)
{
    bool commits = r->operation == BATCH_COMMIT, is_duplicate = in->duplicate_of > 0;
    if (is_duplicate && b->pending == 0) {
        b->persisted = r->number;
        (void)check_flow(s, b, in->reply);
    }
    if (is_duplicate && !commits) return;
    if (!r->gap_ok && b->head.last == 1) {      /* the first: answered as if there were no batch */
        struct js_pub_ack ack = { .seq = in->duplicate_of, .duplicate = true, .count = r->number };
        char id[BATCH_ID_MAX + 1] = { 0 };
        memcpy(id, b->head.id, b->head.id_len);
        ack.batch = id;
        batches_end(s->batches, BATCH_FAST, &b->head);
        if (is_duplicate) stream_answer_ack(s, in->reply, &ack);
        else stream_answer_error(s, in->reply, error);
        return;
    }
    if (!is_duplicate) tell_error(s, in->reply, r->number, error);
    if (r->gap_ok && !commits) return;
    if (!is_duplicate) {
        b->head.last--;
        if (b->pending == 0) b->persisted = b->head.last;
    }
    commit(s, b, in->reply);
}

static void store(struct stream *s, struct fast_batch *b, const struct batch_reply *r,
                  struct incoming *in)
{
    struct js_error error;
    if (!ingest_check(s, in, CHECKS_FAST_LAST, &error)) {
        /* nats-server looks at this when it stores: the batch does not hear of it */
        stream_answer_error(s, in->reply, &error);
        if (r->operation == BATCH_COMMIT) batches_end(s->batches, BATCH_FAST, &b->head);
        return;
    }
    b->pending++;
    if (r->operation == BATCH_COMMIT) b->is_committing = true;
    incoming_edit(s, in);
    if (ingest_propose(s, in, &error)) return;
    b->pending--;
    b->is_committing = false;
    refused(s, b, r, in, &error);
}

bool fast_batch_take(struct stream *s, struct incoming *in)
{
    struct batch_reply r;
    struct js_error error;
    if (!is_acceptable(s, in, &r)) return true;
    if (in->headers_count > 0 && publish_has(&in->headers, PUBLISH_REQUIRED_API_LEVEL))
        incoming_remove(in, PUBLISH_REQUIRED_API_LEVEL);
    error.err_code = JS_ERR_NONE;
    bool is_stored = r.operation != BATCH_PING && r.operation != BATCH_COMMIT_END;
    bool is_good = !is_stored || ingest_check(s, in, CHECKS_FAST, &error);
    if (in->is_held) return false;      /* before anything changes */
    struct fast_batch *b = find_or_open(s, in, &r);
    if (b == NULL) return true;
    if (batch_level_is_too_high(&in->headers)) {
        batches_end(s->batches, BATCH_FAST, &b->head);
        return refuse(s, in, JS_ERR_REQUIRED_API_LEVEL);
    }
    batches_touch(s->batches, BATCH_FAST, &b->head);
    if (r.operation == BATCH_PING) {
        ping(s, b, &r, in->reply);
        return true;
    }
    if (b->is_committing || !fits(s, b, &r, in->reply)) return true;
    b->head.last = r.number;
    if (r.operation == BATCH_COMMIT_END) {
        b->head.last--;
        if (b->pending == 0) b->persisted = b->head.last;
        commit(s, b, in->reply);
        return true;
    }
    if (r.number == 1 && r.operation != BATCH_COMMIT) tell_flow(s, in->reply, 0, b->step);
    if (is_good) store(s, b, &r, in);
    else refused(s, b, &r, in, &error);
    return true;
}
