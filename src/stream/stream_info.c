/* SPDX-License-Identifier: Apache-2.0 */
/* What the API tells of a stream. */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/api_messages.h"
#include "stream/source.h"
#include "stream/stream_internal.h"

static nanos or_zero_time(nanos t)
{
    return t == 0 ? GOTIME_ZERO : t;
}

/* A list of sequences in the making. */
struct listing {
    struct arena     *arena;
    struct json_array list; /* uint64_t */
};

static bool list_range(void *ctx, uint64_t first, uint64_t last)
{
    struct listing *l = ctx;
    assert(first <= last);
    for (uint64_t at = first; at <= last; at++) {
        uint64_t *item = arena_push(l->arena, &l->list.items, &l->list.count, sizeof *item);
        *item = at;
    }
    return true;
}

static void lost_fill(struct stream *s, struct arena *arena, struct stream_state *ret)
{
    struct listing l = { .arena = arena };
    if (msgs_lost(s->msgs, list_range, &l) == 0) return;
    ret->lost = arena_alloc(arena, sizeof *ret->lost);
    ret->lost->msgs = l.list;
    ret->lost->bytes = msgs_lost_bytes(s->msgs);
}

/* One page of the subjects that match. */
struct subjects {
    struct arena     *arena;
    struct json_array list; /* struct json_count */
    uint64_t          total, offset, limit;
};

static bool list_subject(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    struct subjects *p = ctx;
    assert(last > 0);
    uint64_t index = p->total++;
    if (index < p->offset || index - p->offset >= p->limit) return true;
    struct json_count *item = arena_push(p->arena, &p->list.items, &p->list.count, sizeof *item);
    *item = (struct json_count){ arena_str(p->arena, subject), count };
    return true;
}

static void subjects_fill(struct stream *s, const struct stream_details *d, struct arena *arena,
                          struct stream_state *ret)
{
    struct slice pattern = slice_str(d->subjects);
    const struct msgs_filter filter = { &pattern, 1 };
    struct subjects p = {
        .arena = arena,
        .offset = d->offset > 0 ? (uint64_t)d->offset : 0,
        .limit = JS_SUBJECTS_LIMIT,
    };
    msgs_subjects(s->msgs, &filter, SLICE_LIT(""), list_subject, &p);
    ret->subjects = p.list;
    if (d->paged == NULL || p.total == 0) return;
    *d->paged = (struct js_paged){ (int64_t)p.total, (int64_t)p.offset, JS_SUBJECTS_LIMIT };
}

/* So many fill an answer that no client may be sent at once; a restored stream can say that it
 * lacks all that numbers can. */
enum { DELETED_MAX = 8 << 20 };

static void deleted_fill(struct stream *s, struct arena *arena, const struct msgs_state *m,
                         struct stream_state *ret)
{
    struct listing l = { .arena = arena };
    if (m->deleted > DELETED_MAX) return;       /* only how many */
    bool is_unused = m->first_sequence == 0 && m->last_sequence == 0;
    if (m->deleted > 0) msgs_deleted(s->msgs, list_range, &l);
    assert(l.list.count == m->deleted);
    /* nats-server takes what no file stream has had yet for deleted */
    if (is_unused && stream_is_file(s)) (void)list_range(&l, 0, 0);
    ret->deleted = l.list;
    ret->num_deleted = (int64_t)l.list.count;
}

void stream_state_fill(struct stream *s, const struct stream_details *d, struct arena *arena,
                       struct stream_state *ret)
{
    struct msgs_state m;
    msgs_state(s->msgs, &m);
    *ret = (struct stream_state){
        .messages = m.messages,
        .bytes = m.bytes,
        .first_seq = m.first_sequence,
        .first_ts = or_zero_time(m.first_time),
        .last_seq = m.last_sequence,
        .last_ts = or_zero_time(m.last_time),
        .num_subjects = (int64_t)m.subjects,
        .num_deleted = (int64_t)m.deleted,
        .consumer_count = consumers_count(s->consumers),
    };
    lost_fill(s, arena, ret);
    if (d == NULL) return;
    if (d->deleted) deleted_fill(s, arena, &m, ret);
    if (js_text_set(d->subjects)) subjects_fill(s, d, arena, ret);
}

void stream_info_fill(struct stream *s, const struct stream_details *d, struct arena *arena,
                      struct stream_info *ret)
{
    const struct jetstream *js = s->account->js;
    *ret = (struct stream_info){
        .config = s->config,
        .created = s->created,
        .domain = js->domain.len > 0 ? arena_str(arena, js->domain) : NULL,
        .ts = jetstream_reactor(js)->wall,
    };
    sources_info_fill(s, arena, ret);
    stream_state_fill(s, d, arena, &ret->state);
}
