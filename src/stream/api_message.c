/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about messages: STREAM.MSG.GET, STREAM.MSG.DELETE, STREAM.PURGE. */
#include "base/assert.h"
#include "codec/base64.h"
#include "stream/api.h"
#include "stream/api_requests.h"
#include "stream/api_find.h"
#include "subject/tree.h"

/* ---- MSG.GET ---- */

static struct slice base64_of(struct arena *arena, struct slice bytes)
{
    if (bytes.len == 0) return bytes;
    uint8_t *text = arena_alloc(arena, base64_encoded_max(bytes.len));
    return slice_of(text, base64_encode(BASE64_STD, bytes, text));
}

/* An answer like any other, but nobody counts it or tells who watches. */
static void answer_message(struct api_request *r)
{
    const struct stored *m = &r->load.msg;
    const struct msg_get_request *q = r->own;
    struct buf text = { 0 };
    struct slice none = { 0 };
    if (r->value == ERR_CORRUPT) {
        struct js_error error;
        (void)js_error_set(&error, JS_ERR_STREAM_GENERAL, "message is damaged");
        api_fail(r, &error);
        return;
    }
    if (r->value != ERR_OK) {
        api_fail_as(r, JS_ERR_NO_MESSAGE_FOUND);
        return;
    }
    struct js_stored_msg message = {
        .subject = arena_str(r->arena, m->subject),
        .seq = m->sequence,
        .hdrs = q->no_hdr ? none : base64_of(r->arena, m->header),
        .data = base64_of(r->arena, m->payload),
        .time = m->time,
    };
    struct msg_get_response response = { .message = &message };
    js_response_write(r->call.verb, &response, &text);
    api_send(r, none, buf_slice(&text));
    buf_deinit(&text);
}

static void find_message(struct api_request *r)
{
    uint64_t sequence;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    enum err e = api_find(s, r->own, &r->msgs_wait, &sequence);
    if (e == ERR_BUSY) {
        api_after_index(r, s, find_message);
        return;
    }
    if (e == ERR_OK) e = msgs_load(s->msgs, sequence, 0, &r->load);
    if (e == ERR_BUSY) {
        api_after_load(r, s, answer_message);
        return;
    }
    r->value = e;
    answer_message(r);
}

void api_msg_get(struct api_request *r)
{
    struct msg_get_request *q = arena_alloc(r->arena, sizeof *q);
    struct js_error error;
    if (r->body.len == 0) {
        api_fail_as(r, JS_ERR_BAD_REQUEST);
        return;
    }
    if (!api_read(r, &msg_get_request_table, q)) return;
    r->own = q;
    if (!js_msg_get_check(q, &error)) {
        api_fail(r, &error);
        return;
    }
    struct stream *s = api_stream_of(r);
    if (s != NULL) api_settle(r, s, find_message);
}

/* ---- MSG.DELETE ---- */

static void refuse(struct api_request *r, enum js_err which, const char *why)
{
    struct js_error error;
    (void)js_error_set(&error, which, why);
    api_fail(r, &error);
}

static void deleted(void *ctx, enum err e)
{
    struct api_request *r = ctx;
    struct success_response response = { .success = true };
    api_kept(r);
    if (e) refuse(r, JS_ERR_STREAM_MSG_DELETE_FAILED, err_text(e));
    else api_answer(r, &response);
}

/* What is not there is told as nats-server does, whose file store knows more ways. */
static void refuse_missing(struct api_request *r, const struct stream *s, uint64_t sequence)
{
    struct msgs_state state;
    struct js_error error;
    msgs_state(s->msgs, &state);
    if (stream_is_file(s) && sequence > state.last_sequence)
        (void)js_error_set(&error, JS_ERR_STREAM_MSG_DELETE_FAILED, "stream store EOF");
    else if (stream_is_file(s) && (sequence == 0 || sequence < state.first_sequence))
        (void)js_error_set(&error, JS_ERR_STREAM_MSG_DELETE_FAILED, "no message found");
    else
        (void)js_error_setf(&error, JS_ERR_SEQUENCE_NOT_FOUND, "%llu",
                            (unsigned long long)sequence);
    api_fail_uncounted(r, &error);
}

void api_msg_delete(struct api_request *r)
{
    struct msg_delete_request q = { .seq = 0 };
    if (js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_BAD_REQUEST);
        return;
    }
    if (!api_read(r, &msg_delete_request_table, &q)) return;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    if (s->config.sealed) {
        api_fail_as(r, JS_ERR_STREAM_SEALED);
    } else if (s->config.deny_delete) {
        refuse(r, JS_ERR_STREAM_MSG_DELETE_FAILED, "message delete not permitted");
    } else {
        api_keep(r);
        if (stream_remove(s, q.seq, q.no_erase, deleted, r)) return;
        api_kept(r);
        refuse_missing(r, s, q.seq);
    }
}

/* ---- PURGE ---- */

static void purged(void *ctx, enum err e, uint64_t count)
{
    struct api_request *r = ctx;
    struct stream_purge_response response = { .success = true, .purged = count };
    api_kept(r);
    if (e) refuse(r, JS_ERR_STREAM_PURGE_FAILED, err_text(e));
    else api_answer(r, &response);
}

void api_stream_purge(struct api_request *r)
{
    struct stream_purge_request q = { .seq = 0 };
    struct js_error error;
    if (js_body_given(r->body) && !api_read(r, &stream_purge_request_table, &q)) return;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    if (!js_purge_check(&q, &error)) {
        api_fail(r, &error);
    } else if (s->config.sealed) {
        api_fail_as(r, JS_ERR_STREAM_SEALED);
    } else if (s->config.deny_purge) {
        refuse(r, JS_ERR_STREAM_PURGE_FAILED, "stream purge not permitted");
    } else {
        struct stream_purge purge = { slice_str(q.filter), q.seq, q.keep };
        if (slice_equal_str(purge.filter, ">")) purge.filter = SLICE_LIT(""); /* all of it */
        if (purge.filter.len > TREE_SUBJECT_MAX) {      /* of no message */
            struct stream_purge_response none = { .success = true };
            api_answer(r, &none);
            return;
        }
        api_keep(r);
        stream_purge(s, &purge, purged, r);
    }
}
