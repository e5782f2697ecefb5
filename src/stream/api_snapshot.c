/* SPDX-License-Identifier: Apache-2.0 */
/* STREAM.SNAPSHOT and STREAM.RESTORE: what begins a transfer. */
#include "base/assert.h"
#include "stream/advisory.h"
#include "stream/api.h"
#include "stream/restore.h"
#include "stream/snapshot.h"
#include "stream/stream_config_update.h"
#include "subject/subject.h"

/* ---- SNAPSHOT ---- */

static void begin(struct api_request *r)
{
    const struct stream_snapshot_request *q = r->own;
    struct stream *s = r->stream;
    struct js_account *a = r->account;
    AUTO_FREE(arena) arena = arena_new();
    struct stream_state state;
    struct stream_config config;
    const struct snapshot_order order = {
        .deliver = arena_str(arena, slice_str(q->deliver_subject)),
        .chunk_size = q->chunk_size,
        .window_size = q->window_size,
        .no_consumers = q->no_consumers,
        .origin = r->origin,
    };
    if (snapshots_are_full(a->js)) {
        struct js_error error;
        (void)js_error_set(&error, JS_ERR_STREAM_SNAPSHOT, "too many are under way");
        api_fail(r, &error);
        return;
    }
    stream_state_fill(s, NULL, arena, &state);
    config = s->config;
    struct stream_snapshot_response response = { .config = &config, .state = &state };
    api_answer(r, &response);
    const struct advisory_facts facts = { .stream = stream_name(s),
                                          .state = &state,
                                          .origin = order.origin };
    advise(a, ADVISORY_SNAPSHOT_CREATE, &facts);
    snapshot_begin(s, &order, &state);
}

void api_stream_snapshot(struct api_request *r)
{
    struct stream_snapshot_request *q = arena_alloc(r->arena, sizeof *q);
    if (js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_BAD_REQUEST);
        return;
    }
    struct stream *s = api_stream_of(r);
    if (s == NULL || !api_read(r, &stream_snapshot_request_table, q)) return;
    assert(r->arena != NULL);
    struct slice to = slice_str(q->deliver_subject);
    if (!subject_literal(to) || !subject_valid_strict(to)) {
        api_fail_as(r, JS_ERR_SNAPSHOT_DELIVER_SUBJECT_INVALID);
        return;
    }
    r->own = q;
    api_settle(r, s, begin);
}

/* ---- RESTORE ---- */

/* False: the error says why not. */
static bool is_possible(struct api_request *r, struct stream_config *config, struct js_error *e)
{
    struct js_directory directory;
    struct js_check check;
    js_account_checks(r->account, &directory, r->arena, &check);
    js_space_want(r->account->js, config);
    if (!stream_restore_check(config, r->call.stream, &check, e)) return false;
    if (!restores_are_full(r->account->js)) return true;
    return js_error_set(e, JS_ERR_INSUFFICIENT_RESOURCES);
}

void api_stream_restore(struct api_request *r)
{
    struct stream_restore_request q = { .config = { .name = NULL } };
    struct js_account *a = r->account;
    struct js_error error;
    struct buf subject = { 0 };
    if (js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_BAD_REQUEST);
        return;
    }
    if (!api_read(r, &stream_restore_request_table, &q)) return;
    if (!is_possible(r, &q.config, &error)) {
        api_fail(r, &error);
        return;
    }
    const struct advisory_facts facts = { .stream = r->call.stream, .origin = r->origin };
    advise(a, ADVISORY_RESTORE_CREATE, &facts);
    if (restore_begin(a, &q.config, r->origin, &subject) == NULL) {
        (void)js_error_set(&error, JS_ERR_RESTORE_SUBSCRIBE_FAILED, buf_str(&subject),
                           "out of memory");
        api_fail(r, &error);
    } else {
        struct stream_restore_response response = { .deliver_subject = buf_str(&subject) };
        api_answer(r, &response);
    }
    buf_deinit(&subject);
}
