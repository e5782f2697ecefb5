/* SPDX-License-Identifier: Apache-2.0 */
/* May a message be stored? The checks stand in nats-server's order, so that a message with two
 * faults gets the same answer. What is in flight counts as if it were applied. */
#include <stdio.h>

#include "base/assert.h"
#include "base/hash.h"
#include "json/quote.h"
#include "json/utf8.h"
#include "stream/dedupe.h"
#include "stream/stream_internal.h"
#include "stream/ttl.h"
#include "subject/subject.h"
#include "subject/tree.h"

/* A header is counted by 16 bits in nats-server's files. */
enum { HEADER_MAX = UINT16_MAX };
/* … and a record has less than so many bytes. */
enum { FILE_RECORD_MAX = 32 << 20 };

/* Consumers count up to 2^63, and what one batch or one flight holds comes on top; only a first_seq
 * or a backup leads there. nats-server goes on. */
static const uint64_t sequence_max = (uint64_t)INT64_MAX - (UINT64_C(1) << 32);

typedef bool check(struct stream *, struct incoming *, struct js_error *);

/* What the index of subjects has no place for, and what would get no sequence; nats-server stores
 * it. */
static bool check_subject(struct stream *s, struct incoming *in, struct js_error *e)
{
    if (UNLIKELY(s->last_proposed >= sequence_max))
        return js_error_set(e, JS_ERR_STREAM_STORE_FAILED, "no sequence is left");
    if (LIKELY(tree_takes(in->subject))) return true;
    return js_error_set(e, JS_ERR_STREAM_STORE_FAILED, "subject too long, or with a NUL");
}

static bool check_record(struct stream *s, struct incoming *in, struct js_error *e)
{
    if (!stream_is_file(s)) return true;
    uint64_t size = msgs_size(true, in->subject.len, in->header.len, in->payload.len);
    if (size <= FILE_RECORD_MAX) return true;
    return js_error_set(e, JS_ERR_STREAM_STORE_FAILED, "message too large");
}

static bool check_size_max(struct stream *s, struct incoming *in, struct js_error *e)
{
    int64_t max = s->config.max_msg_size, size = (int64_t)in->header.len + in->payload.len;
    if (max < 0 || size <= max) return true;
    return js_error_set(e, JS_ERR_STREAM_MESSAGE_EXCEEDS_MAXIMUM);
}

static bool check_sealed(struct stream *s, struct incoming *in, struct js_error *e)
{
    (void)in;
    return !s->config.sealed || js_error_set(e, JS_ERR_STREAM_SEALED);
}

/* ---- of messages with headers ---- */

static bool hold(struct incoming *in)
{
    in->is_held = true;
    return false;
}

static bool check_expected_stream(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice want = in->headers.at[PUBLISH_EXPECTED_STREAM];
    if (want.len == 0 || slice_equal(want, stream_name(s))) return true;
    return js_error_set(e, JS_ERR_STREAM_NOT_MATCH);
}

static bool check_ttl_allowed(struct stream *s, struct incoming *in, struct js_error *e)
{
    int64_t seconds;
    if (s->config.allow_msg_ttl || in->is_sourced) return true;
    if (!publish_has(&in->headers, PUBLISH_TTL)) return true;
    if (!ttl_parse(in->headers.at[PUBLISH_TTL], &seconds) || seconds == TTL_NONE) return true;
    return js_error_set(e, JS_ERR_MESSAGE_TTL_DISABLED);
}

/* In a batch nobody looks at what the header says. */
static bool check_ttl_absent(struct stream *s, struct incoming *in, struct js_error *e)
{
    if (s->config.allow_msg_ttl || !publish_has(&in->headers, PUBLISH_TTL)) return true;
    return js_error_set(e, JS_ERR_MESSAGE_TTL_DISABLED);
}

static bool wrong_sequence(struct js_error *e, uint64_t last)
{
    return js_error_setf(e, JS_ERR_STREAM_WRONG_LAST_SEQUENCE, "%llu", (unsigned long long)last);
}

/* Its batch has written to the subject already. */
static bool is_in_batch(const struct stream *s, const struct incoming *in, struct slice subject)
{
    uint32_t count;
    if (in->batch_first == 0) return false;
    if (s->config.retention == JS_RETENTION_INTEREST)   /* what nobody wants counts, too */
        return inflight_has_since(&s->inflight, subject, in->batch_first);
    return inflight_last_of(&s->inflight, subject, &count) >= in->batch_first;
}

static bool check_expected_subject(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice other = in->headers.at[PUBLISH_EXPECTED_SUBJECT];
    struct slice want = in->headers.at[PUBLISH_EXPECTED_LAST_SUBJECT_SEQUENCE];
    if (want.len == 0) {
        if (other.len == 0) return true;
        return js_error_set(e, JS_ERR_STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_INVALID);
    }
    struct slice subject = other.len > 0 ? other : in->subject;
    uint64_t last = 0;
    if (is_in_batch(s, in, subject))
        return js_error_set(e, JS_ERR_STREAM_WRONG_LAST_SEQUENCE_CONSTANT);
    uint64_t before = in->batch_first > 0 ? in->batch_first : UINT64_MAX;
    if (!incoming_is_settled(s, in)) return hold(in);
    if (!subject_has_wildcard(subject)) last = stream_last_of(s, subject);
    else if (ingest_last_matching(s, subject, before, &last) == ERR_BUSY) return hold(in);
    return publish_sequence(want) == last || wrong_sequence(e, last);
}

static bool check_expected_last(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice want = in->headers.at[PUBLISH_EXPECTED_LAST_SEQUENCE];
    if (want.len == 0) return true;
    if (publish_sequence(want) != s->last_proposed) return wrong_sequence(e, s->last_proposed);
    if (in->batch_first == 0 || s->last_proposed < in->batch_first) return true;
    return js_error_set(e, JS_ERR_STREAM_WRONG_LAST_SEQUENCE_CONSTANT);
}

static bool check_source(struct stream *s, struct incoming *in, struct js_error *e)
{
    (void)s;
    if (in->is_sourced || !publish_has(&in->headers, PUBLISH_STREAM_SOURCE)) return true;
    return js_error_set(e, JS_ERR_MESSAGE_SOURCE_HDR_NOT_ALLOWED);
}

static bool check_id(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice id = in->headers.at[PUBLISH_MSG_ID];
    if (id.len == 0) return true;
    in->id = hash_bytes(id, s->hash_seed);
    if (in->id == 0) in->id = 1;        /* 0 says: none */
    if (s->config.duplicate_window <= 0 || s->config.mirror != NULL) return true;
    e->err_code = JS_ERR_NONE;
    in->duplicate_of = inflight_find_id(&s->inflight, in->id);
    if (in->duplicate_of == 0)
        in->duplicate_of = dedupe_find(s->dedupe, in->id,
                                       nanos_add(in->time, -s->config.duplicate_window));
    if (in->duplicate_of > 0 && in->batch_first > 0)
        return js_error_set(e, JS_ERR_ATOMIC_PUBLISH_CONTAINS_DUPLICATE_MESSAGE);
    return in->duplicate_of == 0;
}

static bool check_last_id(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice want = in->headers.at[PUBLISH_EXPECTED_LAST_MSG_ID];
    if (want.len == 0 || slice_equal(want, buf_slice(&s->last_id_proposed))) return true;
    return js_error_set(e, JS_ERR_STREAM_WRONG_LAST_MSG_ID, buf_str(&s->last_id_proposed));
}

/* Told in small letters, and without what is no UTF-8. */
static bool rollup_invalid(struct slice rollup, struct js_error *e)
{
    struct buf small = { 0 }, text = { 0 };
    while (rollup.len > 0) {
        uint32_t rune, len = rollup.ptr[0] < 0x80 ? 1 : utf8_next(rollup, &rune);
        bool is_capital = rollup.ptr[0] >= 'A' && rollup.ptr[0] <= 'Z';
        if (len == 0) buf_add_str(&small, "\xef\xbf\xbd");
        else if (is_capital) buf_add_byte(&small, rollup.ptr[0] | 0x20);
        else buf_add(&small, slice_first(rollup, len));
        rollup = slice_from(rollup, len == 0 ? 1 : len);
    }
    buf_add_str(&text, "rollup value invalid: ");
    quote_go(&text, buf_slice(&small));
    (void)js_error_set(e, JS_ERR_STREAM_ROLLUP_FAILED, buf_str(&text));
    buf_deinit(&small);
    buf_deinit(&text);
    return false;
}

static bool check_rollup(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice rollup = in->headers.at[PUBLISH_ROLLUP];
    if (rollup.len == 0) return true;
    in->flags &= (uint8_t)~STORE_ROLLUP_SUBJECT;
    bool may = s->config.allow_rollup_hdrs && !s->config.deny_purge;
    if (!may && in->is_sourced) return true;    /* it is stored, and replaces nothing */
    if (!may) return js_error_set(e, JS_ERR_STREAM_ROLLUP_FAILED, "rollup not permitted");
    if (slice_equal_nocase(rollup, SLICE_LIT("sub"))) {
        if (is_in_batch(s, in, in->subject))
            return js_error_set(e, JS_ERR_STREAM_ROLLUP_FAILED, "batch rollup sub invalid");
        in->flags |= STORE_ROLLUP_SUBJECT;
    } else if (slice_equal_nocase(rollup, SLICE_LIT("all"))) {
        if (in->batch_first > 0 && s->last_proposed >= in->batch_first)
            return js_error_set(e, JS_ERR_STREAM_ROLLUP_FAILED, "batch rollup all invalid");
        in->flags |= STORE_ROLLUP_ALL;
    } else {
        return rollup_invalid(rollup, e);
    }
    return true;
}

/* ---- of all messages ---- */

static bool check_header(struct stream *s, struct incoming *in, struct js_error *e)
{
    (void)s;
    if (in->header.len <= HEADER_MAX) return true;
    return js_error_set(e, JS_ERR_STREAM_HEADER_EXCEEDS_MAXIMUM);
}

static bool check_size(struct stream *s, struct incoming *in, struct js_error *e)
{
    return check_size_max(s, in, e) && check_header(s, in, e);
}

static bool check_server(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct jetstream *js = s->account->js;
    int64_t max = js->limits.memory_max;
    (void)in;
    if (stream_is_file(s) ? js_space_has(js, js->store_used, 0)
                          : max < 0 || js->memory_used <= (uint64_t)max)
        return true;
    return js_error_set(e, JS_ERR_INSUFFICIENT_RESOURCES);
}

static bool check_interest(struct stream *s, struct incoming *in, struct js_error *e)
{
    (void)e;
    if (s->config.retention != JS_RETENTION_INTEREST) return true;
    in->is_skipped = !consumers_want(s->consumers, in->subject);
    return true;
}

static uint64_t size_of(const struct stream *s, const struct incoming *in)
{
    return msgs_size(stream_is_file(s), in->subject.len, in->header.len, in->payload.len);
}

static bool fits_account(const struct stream *s, const struct incoming *in)
{
    const struct js_account *a = s->account;
    bool is_file = stream_is_file(s);
    int64_t max = is_file ? a->limits.store_max : a->limits.memory_max;
    if (max < 0 || in->is_skipped) return true;
    uint64_t used = is_file ? a->store_used : a->memory_used;
    return used + inflight_bytes(&s->inflight) + size_of(s, in) <= (uint64_t)max;
}

static bool check_account(struct stream *s, struct incoming *in, struct js_error *e)
{
    if (fits_account(s, in)) return true;
    jetstream_warn(s->account->js, "JetStream %s resource limits exceeded for account: \"%s\"",
                   stream_is_file(s) ? "file" : "memory", s->account->account->name);
    return js_error_set(e, JS_ERR_ACCOUNT_RESOURCES_EXCEEDED);
}

/* The same of a message of a batch; only the log tells it apart. */
static bool check_account_staged(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct js_error full;
    if (fits_account(s, in)) return true;
    (void)js_error_set(&full, JS_ERR_ACCOUNT_RESOURCES_EXCEEDED);
    jetstream_warn(s->account->js, "JetStream account limits exceeded for '%s': %s (%u)",
                   s->account->account->name, full.text, (unsigned)full.err_code);
    if (e != NULL) *e = full;
    return false;
}

/* With markers a message lives at least as long as one: else a marker that is there already would
 * be missed. */
static int64_t raise_ttl(struct stream *s, struct incoming *in, int64_t seconds)
{
    int64_t least = s->config.subject_delete_marker_ttl / SECOND;
    if (seconds <= 0 || seconds >= least || s->config.max_msgs_per_subject == 1) return seconds;
    (void)snprintf(in->ttl_text, sizeof in->ttl_text, "%lld", (long long)least);
    incoming_remove(in, PUBLISH_TTL);
    incoming_add(in, PUBLISH_TTL, slice_str(in->ttl_text));
    return least;
}

static bool check_ttl(struct stream *s, struct incoming *in, struct js_error *e)
{
    int64_t seconds;
    if (!publish_has(&in->headers, PUBLISH_TTL) || in->is_skipped) return true;
    if (!ttl_parse(in->headers.at[PUBLISH_TTL], &seconds))
        return js_error_set(e, JS_ERR_MESSAGE_TTL_INVALID);
    seconds = raise_ttl(s, in, seconds);
    if (seconds == TTL_NEVER) in->flags |= STORE_FOR_EVER;
    else if (seconds > 0 && seconds < (NANOS_MAX - in->time) / SECOND)
        in->expires = in->time + seconds * SECOND;
    return true;
}

/* The message would be one more of a subject that has as many as it may. */
static bool is_subject_full(struct stream *s, const struct incoming *in)
{
    struct msgs_subject stored = { 0 };
    uint32_t in_flight;
    if (s->config.max_msgs_per_subject <= 0) return false;
    (void)inflight_last_of(&s->inflight, in->subject, &in_flight);
    if (!msgs_subject(s->msgs, in->subject, &stored)) stored.count = 0;
    return stored.count + in_flight >= (uint64_t)s->config.max_msgs_per_subject;
}

/* Bytes that go when the oldest message of a full subject does. */
static uint64_t size_of_oldest(struct stream *s, struct slice subject)
{
    struct msgs_subject stored;
    struct slice same;
    uint64_t size;
    if (!msgs_subject(s->msgs, subject, &stored)) return 0;
    return msgs_meta(s->msgs, stored.first, &same, &size) == ERR_OK ? size : 0;
}

static bool store_failed(struct js_error *e, const char *text)
{
    return js_error_set(e, JS_ERR_STREAM_STORE_FAILED, text);
}

/* discard new: what would exceed a limit is refused. A message that replaces another of its subject
 * may come although the stream is full. */
static bool check_discard(struct stream *s, struct incoming *in, struct js_error *e)
{
    const struct stream_config *c = &s->config;
    struct msgs_state state;
    if (LIKELY(c->discard != JS_DISCARD_NEW) || in->is_skipped) return true;
    bool replaces = is_subject_full(s, in);
    bool rolls_up = (in->flags & (STORE_ROLLUP_SUBJECT | STORE_ROLLUP_ALL)) != 0;
    if (replaces && c->discard_new_per_subject && !rolls_up)
        return store_failed(e, "maximum messages per subject exceeded");
    msgs_state(s->msgs, &state);
    uint64_t messages = state.messages + inflight_count(&s->inflight);
    uint64_t bytes = state.bytes + inflight_bytes(&s->inflight) + size_of(s, in);
    if (c->max_msgs > 0 && messages >= (uint64_t)c->max_msgs && !replaces)
        return store_failed(e, "maximum messages exceeded");
    if (c->max_bytes <= 0 || bytes <= (uint64_t)c->max_bytes) return true;
    if (replaces && bytes - size_of_oldest(s, in->subject) <= (uint64_t)c->max_bytes) return true;
    return store_failed(e, "maximum bytes exceeded");
}

/* ---- all of them ---- */

static bool check_unsupported(struct stream *s, struct incoming *in, struct js_error *e)
{
    (void)s;
    if (!publish_has(&in->headers, PUBLISH_EXPECTED_LAST_MSG_ID)) return true;
    return js_error_set(e, JS_ERR_ATOMIC_PUBLISH_UNSUPPORTED_HEADER_BATCH,
                        "Nats-Expected-Last-Msg-Id");
}

struct checks {
    check *const *at;
    uint32_t      count;
};
#define CHECKS(rows)            \
    {                           \
        rows, ARRAY_COUNT(rows) \
    }

/* Those before, of, and behind the headers; nobody looks at those of headers where there are
 * none. */
static check *const single_first[] = { check_subject, check_record, check_sealed, check_size_max };
static check *const single_headers[] = {
    check_counter_header,   check_expected_stream, check_ttl_allowed,
    check_expected_subject, check_expected_last,   check_schedule,
    check_scheduler,        check_source,          check_id,
    check_last_id,          check_rollup,
};
static check *const single_last[] = {
    check_counter, check_header, check_server,  check_interest,
    check_account, check_ttl,    check_discard,
};
static check *const staged[] = { check_sealed, check_server, check_account_staged, check_size_max };
static check *const atomic_first[] = { check_unsupported };
static check *const batch_headers_first[] = {
    check_size, check_counter_header, check_expected_stream, check_ttl_absent, check_ttl,
    check_id,   check_source,
};
static check *const batch_headers_last[] = {
    check_expected_last, check_expected_subject, check_schedule, check_scheduler, check_rollup,
};
static check *const batch_counter[] = { check_subject, check_record, check_counter,
                                        check_interest };
static check *const batch_last[] = { check_discard };
static check *const fast_last[] = { check_last_id };

static const struct {
    bool          of_headers;
    struct checks checks;
} rows[5][5] = {
    [CHECKS_SINGLE] = { { false, CHECKS(single_first) },
                        { true, CHECKS(single_headers) },
                        { false, CHECKS(single_last) } },
    [CHECKS_STAGED] = { { false, CHECKS(staged) } },
    [CHECKS_ATOMIC] = { { true, CHECKS(atomic_first) },
                        { true, CHECKS(batch_headers_first) },
                        { false, CHECKS(batch_counter) },
                        { true, CHECKS(batch_headers_last) },
                        { false, CHECKS(batch_last) } },
    [CHECKS_FAST] = { { true, CHECKS(batch_headers_first) },
                      { false, CHECKS(batch_counter) },
                      { true, CHECKS(batch_headers_last) },
                      { false, CHECKS(batch_last) } },
    [CHECKS_FAST_LAST] = { { true, CHECKS(fast_last) } },
};

bool ingest_check(struct stream *s, struct incoming *in, enum ingest_checks which,
                  struct js_error *ret_error)
{
    assert(in->subject.len > 0);
    assert(in->time > 0);
    for (uint32_t r = 0; r < ARRAY_COUNT(rows[which]); r++) {
        if (UNLIKELY(rows[which][r].of_headers) && in->headers_count == 0) continue;
        const struct checks *c = &rows[which][r].checks;
        for (uint32_t i = 0; i < c->count; i++)
            if (!c->at[i](s, in, ret_error)) return false;
    }
    return true;
}
