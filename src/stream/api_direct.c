/* SPDX-License-Identifier: Apache-2.0 */
/* DIRECT.GET: one message, a batch, or the last ones of many subjects, as messages with headers and
 * not as JSON. Nothing of it is counted or audited.
 *
 * A batch goes out in steps of a turn each, so that a long one holds nobody up. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/deliver.h"
#include "json/gotime.h"
#include "stream/api.h"
#include "stream/api_requests.h"
#include "stream/source.h"
#include "stream/api_find.h"
#include "subject/subject.h"
#include "wire/headers.h"

/* Subjects of one answer; bytes of one turn. */
enum { RESULTS_MAX = 1024, TURN_BYTES = 256 * 1024 };

/* An answer of several messages, in the arena of its request. */
struct direct {
    struct msg_get_request q;
    uint64_t  max_bytes;
    uint64_t  pending;                  /* how many would still come */
    uint64_t  last;                     /* sequence that was sent last; 0: none */
    uint64_t  next;                     /* where the search goes on; of a batch */
    uint64_t  bytes;                    /* sent so far */
    uint64_t  sent;
    uint64_t  up_to;                    /* of many subjects */
    uint64_t *found;                    /* of many subjects: their sequences, in order */
    uint32_t  found_count;
    bool      is_many;
};

/* ---- what is sent ---- */

static void status(struct api_request *r, uint32_t code, const char *text)
{
    struct buf header = { 0 };
    const struct headers_status s = { code, text, NULL, 0 };
    headers_status_add(&s, &header);
    api_send(r, buf_slice(&header), (struct slice){ 0 });
    buf_deinit(&header);
}

static void line_u64(struct buf *out, const char *name, uint64_t value)
{
    buf_printf(out, "%s: %llu\r\n", name, (unsigned long long)value);
}

/* The message's own header lines, then ours. `d` NULL: the only message. */
static void header_write(const struct stream *s, const struct stored *m, const struct direct *d,
                         struct buf *out)
{
    char time[GOTIME_TEXT_SIZE];
    static const struct slice first = SLICE_INIT("NATS/1.0\r\n");
    if (m->header.len > first.len) buf_add(out, slice_first(m->header, m->header.len - 2));
    else buf_add(out, first);
    buf_printf(out, "Nats-Stream: %s\r\nNats-Subject: %.*s\r\n", s->config.name,
               SLICE_ARGS(m->subject));
    line_u64(out, "Nats-Sequence", m->sequence);
    buf_printf(out, "Nats-Time-Stamp: %s\r\n", gotime_rfc3339_text(m->time, time));
    if (d != NULL) line_u64(out, "Nats-Num-Pending", d->pending);
    if (d != NULL) line_u64(out, "Nats-Last-Sequence", d->last);
    buf_add_str(out, "\r\n");
}

static void message_send(struct api_request *r, const struct stream *s, const struct direct *d,
                         bool no_header)
{
    struct buf header = { 0 };
    struct slice none = { 0 };
    const struct stored *m = &r->load.msg;
    const struct js_account *a = r->account;
    if (!no_header) header_write(s, m, d, &header);
    (void)deliver_internal(a->js->home, a->account, r->reply, none, buf_slice(&header), m->payload);
    buf_deinit(&header);
}

static void finish(struct api_request *r)
{
    const struct direct *d = r->own;
    struct buf header = { 0 };
    buf_add_str(&header, "NATS/1.0 204 EOB\r\n");
    line_u64(&header, "Nats-Num-Pending", d->pending);
    line_u64(&header, "Nats-Last-Sequence", d->last);
    if (d->is_many) line_u64(&header, "Nats-UpTo-Sequence", d->up_to);
    buf_add_str(&header, "\r\n");
    api_send(r, buf_slice(&header), (struct slice){ 0 });
    buf_deinit(&header);
}

/* ---- who answers ---- */

/* The stream, or else a mirror of it in this account that may answer for it. */
static struct stream *answerer(const struct js_account *a, struct slice name)
{
    struct stream *s = js_account_stream(a, name);
    bool is_there = s != NULL && s->is_created && !s->is_deleted;
    if (is_there && s->config.allow_direct) return s;
    for (uint32_t i = 0; i < a->streams_count; i++) {
        s = a->streams[i];
        const struct stream_source *mirror = s->config.mirror;
        if (mirror == NULL || mirror->external != NULL || !s->config.mirror_direct) continue;
        if (!sources_are_close(s)) continue;
        if (slice_equal_str(name, mirror->name) && s->is_created && !s->is_deleted) return s;
    }
    return NULL;
}

/* ---- one message ---- */

static void answer_one(struct api_request *r)
{
    const struct direct *d = r->own;
    if (r->value == ERR_CORRUPT) {
        status(r, 500, "Message Is Damaged");
        return;
    }
    if (r->value != ERR_OK) {
        status(r, 404, "Message Not Found");
        return;
    }
    message_send(r, r->stream, NULL, d->q.no_hdr);
    api_drop(r);
}

static void find_one(struct api_request *r)
{
    struct direct *d = r->own;
    struct stream *s = r->stream;
    uint64_t sequence;
    enum err e = api_find(s, &d->q, &r->msgs_wait, &sequence);
    if (e == ERR_BUSY) {
        api_after_index(r, s, find_one);
        return;
    }
    if (e == ERR_OK) e = msgs_load(s->msgs, sequence, 0, &r->load);
    if (e == ERR_BUSY) {
        api_after_load(r, s, answer_one);
        return;
    }
    r->value = e;
    answer_one(r);
}

/* ---- several: the loop that both kinds share ---- */

static void step(struct api_request *);

/* Where the next message is. NOTFOUND: there is none. */
static enum err next_of(struct api_request *r, struct direct *d, uint64_t *ret)
{
    struct slice pattern = slice_str(d->q.next_by_subj);
    const struct msgs_filter filter = { &pattern, pattern.len > 0 };
    if (!d->is_many) return msgs_next(r->stream->msgs, &filter, d->next, &r->msgs_wait, ret);
    if (d->next == d->found_count) return ERR_NOTFOUND;
    *ret = d->found[d->next];
    return ERR_OK;
}

/* One message is in hand; false: it was the last one. */
static bool item_send(struct api_request *r, struct direct *d)
{
    const struct stored *m = &r->load.msg;
    bool no_header = d->q.no_hdr && !d->is_many;
    /* nats-server counts down where it writes the header */
    if (!no_header && d->pending > 0) d->pending--;
    message_send(r, r->stream, d, no_header);
    d->last = m->sequence;
    d->bytes += (uint64_t)m->subject.len + m->header.len + m->payload.len;
    d->sent++;
    d->next = d->is_many ? d->next + 1 : m->sequence + 1;
    bool is_enough = d->q.batch > 0 && d->sent >= (uint64_t)d->q.batch;
    return !is_enough && d->bytes < d->max_bytes;
}

/* After a load: what cannot be read is passed over. */
static void step_loaded(struct api_request *r)
{
    struct direct *d = r->own;
    bool goes_on = true;
    if (r->value == ERR_OK) goes_on = item_send(r, d);
    else d->next++;
    if (!goes_on) finish(r);
    else api_later(r, r->stream, step);
}

static void step(struct api_request *r)
{
    struct direct *d = r->own;
    uint64_t begin = d->bytes;
    while (d->bytes - begin < TURN_BYTES) {
        uint64_t sequence = 0;
        enum err e = next_of(r, d, &sequence);
        if (e == ERR_BUSY) {
            api_after_index(r, r->stream, step);
            return;
        }
        if (e == ERR_NOTFOUND) {
            finish(r);
            return;
        }
        e = msgs_load(r->stream->msgs, sequence, TURN_BYTES, &r->load);
        if (e == ERR_BUSY) {
            if (!d->is_many) d->next = sequence;
            api_after_load(r, r->stream, step_loaded);
            return;
        }
        if (e == ERR_OK && !item_send(r, d)) {
            finish(r);
            return;
        }
        if (e) d->next = d->is_many ? d->next + 1 : sequence + 1;
    }
    api_later(r, r->stream, step);
}

/* ---- a batch ---- */

static void begin_batch(struct api_request *r)
{
    struct direct *d = r->own;
    struct slice pattern = slice_str(d->q.next_by_subj);
    const struct msgs_filter filter = { &pattern, pattern.len > 0 };
    uint64_t from = 0;
    enum err e = api_find(r->stream, &d->q, &r->msgs_wait, &from);
    if (e == ERR_OK)
        e = msgs_count(r->stream->msgs, &filter, from, false, &r->msgs_wait, &d->pending);
    if (e == ERR_BUSY) {
        api_after_index(r, r->stream, begin_batch);
        return;
    }
    d->next = from;
    if (d->q.batch < 0) finish(r);
    else if (e != ERR_OK || d->pending == 0) status(r, 404, "Message Not Found");
    else step(r);
}

/* ---- the last ones of many subjects ---- */

struct gathering {
    struct direct *d;
    struct arena  *arena;
    struct stream *stream;
    struct msgs_wait *wait;
    uint32_t       count;               /* of this pattern; more than RESULTS_MAX are too many */
    enum err       e;
};

/* The last message of a subject that is not behind `up_to`. */
static bool gather(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    struct gathering *g = ctx;
    struct direct *d = g->d;
    const struct msgs_filter filter = { &subject, 1 };
    (void)count;
    if (last > d->up_to) {
        enum err e = msgs_last(g->stream->msgs, &filter, d->up_to, g->wait, &last);
        if (e == ERR_NOTFOUND) return true;
        g->e = e;
        if (e) return false;
    }
    void *list = d->found;
    uint64_t *at = arena_push(g->arena, &list, &d->found_count, sizeof *at);
    *at = last;
    d->found = list;
    return ++g->count <= RESULTS_MAX;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* In order, each once: patterns may meet. */
static void sort_found(struct direct *d)
{
    uint32_t kept = 0;
    if (d->found_count == 0) return;
    qsort(d->found, d->found_count, sizeof *d->found, compare_u64);
    for (uint32_t i = 0; i < d->found_count; i++)
        if (i == 0 || d->found[i] != d->found[i - 1]) d->found[kept++] = d->found[i];
    d->found_count = kept;
}

/* Up to which sequence; 0: nothing is that old. */
static enum err up_to_of(struct api_request *r, const struct direct *d, uint64_t *ret)
{
    struct msgs_state state;
    uint64_t at;
    msgs_state(r->stream->msgs, &state);
    *ret = d->q.up_to_seq > 0 ? d->q.up_to_seq : state.last_sequence;
    if (d->q.up_to_time == 0 || d->q.up_to_time == INT64_MAX) return ERR_OK;
    enum err e = msgs_at_time(r->stream->msgs, d->q.up_to_time + 1, &r->msgs_wait, &at);
    if (e == ERR_OK) *ret = at > 0 ? at - 1 : 0;
    return e;
}

static enum err gather_all(struct api_request *r, struct direct *d)
{
    struct gathering g = { d, r->arena, r->stream, &r->msgs_wait, 0, ERR_OK };
    enum err e = up_to_of(r, d, &d->up_to);
    d->found_count = 0;
    d->found = NULL;
    for (uint32_t i = 0; e == ERR_OK && i < d->q.multi_last.count; i++) {
        struct slice pattern = slice_str(((const char *const *)d->q.multi_last.items)[i]);
        const struct msgs_filter filter = { &pattern, 1 };
        struct slice none = { 0 };
        if (d->up_to == 0 || !subject_valid(pattern)) continue;
        g.count = 0;
        msgs_subjects(r->stream->msgs, &filter, none, gather, &g);
        sort_found(d);
        e = g.e;
    }
    return e;
}

static void begin_many(struct api_request *r)
{
    struct direct *d = r->own;
    enum err e = gather_all(r, d);
    if (e == ERR_BUSY) {
        api_after_index(r, r->stream, begin_many);
        return;
    }
    d->next = 0;
    while (d->next < d->found_count && d->found[d->next] < d->q.seq) d->next++;
    d->pending = d->found_count - d->next;
    if (e != ERR_OK || d->found_count == 0) status(r, 404, "No Results");
    else if (d->found_count > RESULTS_MAX) status(r, 413, "Too Many Results");
    else step(r);
}

/* ---- the call ---- */

/* False: it was answered. */
static bool request_read(struct api_request *r, struct direct *d)
{
    const struct json_request body = { &msg_get_request_table, r->body, JSON_REQUEST_PLAIN };
    struct slice level = { 0 };
    bool has_subject = r->call.verb == JS_API_DIRECT_GET_LAST;
    const char *refusal;
    (void)headers_find(r->header, SLICE_LIT("Nats-Required-Api-Level"), &level);
    if (!js_level_check(level, NULL)) {
        status(r, 412, "Required Api Level");
        return false;
    }
    if (r->body.len > 0 && json_request_read(&body, r->arena, &d->q, NULL) != ERR_OK) {
        status(r, 408, "Malformed Request");
        return false;
    }
    refusal = js_direct_get_refusal(&d->q, has_subject);
    if (refusal == NULL) return true;
    assert(slice_starts(slice_str(refusal), SLICE_LIT("408 ")));
    status(r, 408, refusal + 4);
    return false;
}

static void begin(struct api_request *r)
{
    const struct direct *d = r->own;
    if (r->stream->is_deleted) api_no_responders(r);
    else if (d->is_many) begin_many(r);
    else if (d->q.batch != 0) begin_batch(r);
    else find_one(r);
}

/* Messages were acked before they were stored, and who was told so reads them. */
static bool is_ahead(const struct stream *s)
{
    return s->is_async && s->failure == ERR_OK && s->log->applied < s->log->proposed;
}

void api_direct_get(struct api_request *r)
{
    struct direct *d = arena_alloc(api_arena(r), sizeof *d);
    const struct limit_options *limits = &r->account->js->options->limits;
    r->stream = answerer(r->account, r->call.stream);
    r->own = d;
    if (r->reply.len == 0) {
        api_drop(r);
        return;
    }
    if (r->stream == NULL) {
        api_no_responders(r);
        return;
    }
    if (!request_read(r, d)) return;
    d->is_many = d->q.multi_last.count > 0;
    d->max_bytes = d->q.max_bytes > 0 ? (uint64_t)d->q.max_bytes : 0;
    if (d->q.max_bytes == 0) d->max_bytes = (uint64_t)limits->max_pending;
    if (r->call.rest.len > 0) d->q.last_by_subj = arena_str(r->arena, r->call.rest);
    if (UNLIKELY(is_ahead(r->stream))) api_after(r, r->stream, begin);
    else begin(r);
}
