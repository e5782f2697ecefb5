/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/archive_read.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "codec/natsarc.h"
#include "codec/s2_stream.h"
#include "json/request.h"
#include "stream/archive_files.h"

/* A subject is counted by 16 bits where it is stored. */
enum { NAME_MAX_BYTES = UINT16_MAX };
/* A header, likewise. */
enum { HEADER_MAX = UINT16_MAX };
/* The state of a consumer with a million of messages that wait for an ack. */
enum { JSON_MAX = 64 << 20 };
/* What tells the kinds apart. */
enum { MAGIC = 8 };

static const struct slice consumer_prefix = SLICE_INIT("consumers/");

struct archive_reader {
    struct archive_limits  limits;
    struct s2_reader      *plain;
    struct slice           piece;       /* what it gave last and nobody has taken */
    uint8_t                magic[MAGIC];
    uint32_t               magic_len;
    struct natsarc_reader *entries;     /* of that kind; else NULL */
    struct archive_files  *files;       /* of the other one; both NULL: it is not known yet */
    struct arena          *arena;       /* of the item in hand; NULL: it needs none */
    bool                   has_state;
    uint64_t               consumers;   /* that still come */
    uint64_t               last;        /* sequence */
    uint64_t               last_of_state;
    nanos                  last_time;
    enum archive_verdict   end;         /* END, BAD, or MORE while none of them */
    struct errmsg          why;
};

struct archive_reader *archive_reader_new(const struct archive_limits *limits)
{
    struct archive_reader *r = xcalloc(1, sizeof *r);
    assert(limits->message_max > 0);
    r->limits = *limits;
    r->plain = s2_reader_new(UINT64_MAX);
    r->end = ARCHIVE_MORE;
    return r;
}

struct archive_reader *archive_reader_free(struct archive_reader *r)
{
    if (r == NULL) return NULL;
    r->plain = s2_reader_free(r->plain);
    r->entries = natsarc_reader_free(r->entries);
    r->files = archive_files_free(r->files);
    r->arena = arena_free(r->arena);
    return xfree(r);
}

const char *archive_why(const struct archive_reader *r)
{
    assert(r->end == ARCHIVE_BAD);
    assert(r->why.text[0] != '\0');
    return r->why.text;
}

#define BAD(r, ...) ((void)errmsg_set(&(r)->why, ERR_INVALID, __VA_ARGS__), (r)->end = ARCHIVE_BAD)

/* ---- entries ---- */

/* Why this cannot be the state of a stream, or NULL. One that was never used says 0 and 0. */
static const char *state_why(const struct stream_state *state)
{
    uint64_t first = state->first_seq, last = state->last_seq, messages = state->messages;
    bool is_unused = first == 0 && last == 0 && messages == 0;
    bool is_empty = first > 0 && messages == 0 && first - 1 <= last;
    bool is_range = first > 0 && messages > 0 && first <= last;
    if (state->consumer_count < 0) return "negative consumer count";
    if (!is_unused && !is_empty && !is_range) return "inconsistent message count or sequence range";
    return is_range && messages - 1 > last - first ? "message count exceeds sequence range" : NULL;
}

static enum archive_verdict read_state(struct archive_reader *r, const struct natsarc_entry *e,
                                       struct archive_item *ret)
{
    const struct json_request json = { &stream_state_table, e->payload, JSON_REQUEST_PLAIN };
    struct errmsg why;
    r->arena = arena_new();
    if (!slice_equal_str(e->name, "state.json")) return BAD(r, "expected state.json first");
    ret->name = SLICE_LIT("");          /* it says none */
    memset(&ret->state, 0, sizeof ret->state);
    if (json_request_read(&json, r->arena, &ret->state, &why) != ERR_OK)
        return BAD(r, "error in state.json: %s", why.text);
    const char *bad = state_why(&ret->state);
    if (bad != NULL) return BAD(r, "invalid stream state: %s", bad);
    r->has_state = true;
    r->consumers = (uint64_t)ret->state.consumer_count;
    r->last = ret->state.first_seq > 0 ? ret->state.first_seq - 1 : 0;
    r->last_of_state = ret->state.last_seq;
    r->last_time = ret->state.last_ts;
    return ARCHIVE_STATE;
}

/* Does what was acknowledged, or waits to be, lie within what was delivered? */
static bool positions_good(const struct consumer_state *s, struct errmsg *why)
{
    const struct ack_entry *waiting = s->pending.items;
    assert(s->pending.count == 0 || waiting != NULL);
    if (s->floor.consumer_seq > s->delivered.consumer_seq)
        return errmsg_set(why, ERR_INVALID, "bad ack floor for consumer") == ERR_OK;
    if (s->floor.stream_seq > s->delivered.stream_seq)
        return errmsg_set(why, ERR_INVALID, "bad ack floor for stream") == ERR_OK;
    for (uint32_t i = 0; i < s->pending.count; i++) {
        uint64_t at = waiting[i].stream_seq;
        if (at > s->floor.stream_seq && at <= s->delivered.stream_seq) continue;
        return errmsg_set(why, ERR_INVALID, "bad pending entry, sequence [%llu] out of range",
                          (unsigned long long)at) == ERR_OK;
    }
    return true;
}

static enum archive_verdict read_consumer(struct archive_reader *r, const struct natsarc_entry *e,
                                          struct archive_item *ret)
{
    struct errmsg why;
    if (!slice_starts(e->name, consumer_prefix))
        return BAD(r, "expected consumer, found \"%.*s\"", SLICE_ARGS(slice_first(e->name, 256)));
    ret->name = slice_from(e->name, consumer_prefix.len);
    r->arena = arena_new();
    enum err bad = archive_consumer_read(e->payload, r->arena, &ret->consumer, &why);
    struct slice name = slice_first(ret->name, 256);
    if (bad == ERR_NOTFOUND) return BAD(r, "consumer \"%.*s\" %s", SLICE_ARGS(name), why.text);
    if (bad)
        return BAD(r, "failed to decode consumer \"%.*s\" state: %s", SLICE_ARGS(name), why.text);
    if (!positions_good(&ret->consumer.state, &why))
        return BAD(r, "failed to set consumer \"%.*s\" state: %s", SLICE_ARGS(name), why.text);
    r->consumers--;
    return ARCHIVE_CONSUMER;
}

static enum archive_verdict read_message(struct archive_reader *r, const struct natsarc_entry *e,
                                         struct archive_item *ret)
{
    unsigned long long sequence = e->sequence;
    if (e->sequence == 0) return BAD(r, "expected message sequence");
    if (e->sequence >= INT64_MAX) return BAD(r, "invalid message sequence %llu", sequence);
    if ((uint64_t)e->header.len + e->payload.len > r->limits.message_max)
        return BAD(r, "message sequence %llu exceeds maximum payload size", sequence);
    int64_t most = r->limits.configured_max;
    if (most >= 0 && (int64_t)e->header.len + e->payload.len > most)
        return BAD(r, "message sequence %llu exceeds maximum message size", sequence);
    if (e->sequence <= r->last) return BAD(r, "message sequence %llu out of order", sequence);
    if (e->header.len > HEADER_MAX || e->name.len > NAME_MAX_BYTES || e->time < 0)
        return BAD(r, "invalid message sequence %llu", sequence);
    r->last = e->sequence;
    ret->message = (struct stored){ e->sequence, e->time, e->name, e->header, e->payload };
    return ARCHIVE_MESSAGE;
}

static enum archive_verdict read_entry(struct archive_reader *r, const struct natsarc_entry *e,
                                       struct archive_item *ret)
{
    if (!r->has_state) return read_state(r, e, ret);
    if (r->consumers > 0) return read_consumer(r, e, ret);
    return read_message(r, e, ret);
}

static enum archive_verdict read_end(struct archive_reader *r, struct archive_item *ret)
{
    if (!r->has_state) return BAD(r, "expected state.json first");
    if (r->consumers > 0) return BAD(r, "expected consumer, found \"\"");
    ret->state.last_seq = r->last_of_state;
    ret->state.last_ts = r->last_time;
    r->end = ARCHIVE_END;
    return ARCHIVE_END;
}

/* ---- kinds ---- */

/* Longer ones than a message may be are consumers and states, and are looked at when read. */
static void begin_entries(struct archive_reader *r)
{
    uint32_t payload = r->limits.message_max > JSON_MAX ? r->limits.message_max : JSON_MAX;
    const struct natsarc_limits limits = {
        .name_max = NAME_MAX_BYTES,
        .header_max = r->limits.message_max,
        .payload_max = payload,
    };
    struct slice in = slice_of(r->magic, r->magic_len);
    struct natsarc_entry none;
    r->entries = natsarc_reader_new(&limits);
    enum natsarc_verdict v = natsarc_reader_next(r->entries, &in, &none);
    assert(v == NATSARC_MORE && in.len == 0);
}

static enum archive_verdict next_entry(struct archive_reader *r, struct archive_item *ret)
{
    struct natsarc_entry e;
    switch (natsarc_reader_next(r->entries, &r->piece, &e)) {
    case NATSARC_MORE: return ARCHIVE_MORE;
    case NATSARC_ENTRY: return read_entry(r, &e, ret);
    case NATSARC_DONE: return read_end(r, ret);
    case NATSARC_BAD: return BAD(r, "invalid archive entry");
    case NATSARC_LIMIT: return BAD(r, "an archive entry is too large");
    default: unreachable();
    }
}

/* Takes what says the kind off the front of the piece. */
static enum archive_verdict look(struct archive_reader *r)
{
    struct slice part = slice_first(r->piece, MAGIC - r->magic_len);
    struct buf start = { 0 };
    if (part.len > 0) memcpy(r->magic + r->magic_len, part.ptr, part.len);
    r->magic_len += part.len;
    r->piece = slice_from(r->piece, part.len);
    if (r->magic_len < MAGIC) return ARCHIVE_MORE;
    natsarc_start_add(&start);
    bool is_ours = slice_equal(buf_slice(&start), slice_of(r->magic, MAGIC));
    buf_deinit(&start);
    if (is_ours) begin_entries(r);
    else r->files = archive_files_new(slice_of(r->magic, MAGIC));
    return ARCHIVE_MORE;
}

static enum archive_verdict next_file(struct archive_reader *r, struct archive_item *ret)
{
    enum archive_verdict v = archive_files_next(r->files, &r->piece, ret, &r->why);
    if (v == ARCHIVE_BAD || v == ARCHIVE_END) r->end = v;
    return v;
}

static enum archive_verdict next_item(struct archive_reader *r, struct archive_item *ret)
{
    if (r->entries != NULL) return next_entry(r, ret);
    return r->files != NULL ? next_file(r, ret) : look(r);
}

/* ---- all of it ---- */

enum archive_verdict archive_reader_next(struct archive_reader *r, struct slice *in,
                                         struct archive_item *ret)
{
    r->arena = arena_free(r->arena);
    ret->created = 0;
    ret->name = SLICE_LIT("");
    while (r->end == ARCHIVE_MORE) {
        enum archive_verdict v = next_item(r, ret);
        if (v != ARCHIVE_MORE) return v;
        if (r->piece.len > 0) continue;
        switch (s2_reader_next(r->plain, in, &r->piece)) {
        case S2_PIECE: break;
        case S2_MORE: return ARCHIVE_MORE;
        case S2_BAD: return BAD(r, "s2: corrupt input");
        case S2_LIMIT: return BAD(r, "s2: too much");
        default: unreachable();
        }
    }
    *in = slice_from(*in, in->len);
    return r->end;
}

/* Nothing is in hand that has only begun. */
static bool is_between(const struct archive_reader *r)
{
    if (!s2_reader_is_between(r->plain)) return false;
    if (r->entries != NULL) return natsarc_reader_is_between(r->entries);
    return r->files == NULL ? r->magic_len == 0 : archive_files_is_between(r->files);
}

bool archive_reader_finish(struct archive_reader *r)
{
    if (r->end == ARCHIVE_MORE) (void)BAD(r, is_between(r) ? "EOF" : "unexpected EOF");
    return r->end == ARCHIVE_END;
}
