/* SPDX-License-Identifier: Apache-2.0 */
/* A state, or what changed in it. All numbers are varints (codec/varint.h); no checksum, as whoever
 * stores it has one.
 *
 *   kind            1 full, 2 delta
 *   policy
 *   delivered       consumer sequence, stream sequence
 *   floor           how far it is below delivered, likewise
 *   [delta only]    pending from: everything lower is gone; minus the floor's stream sequence
 *                   spent from: everything lower is gone
 *                   pending removed: count; gaps, the first from `pending from`
 *                   spent removed: count; gaps, the first from `spent from`
 *   pending         count; for each: gap of the stream sequence (the first from the floor's), gap
 *                   of the consumer sequence likewise, time less that of the one before (the first:
 *                   less
 *                   0; signed), deliveries
 *   spent           count; for each: gap of the stream sequence (the first from 0), deliveries
 *
 * A delta lists the whole entry of what was added or changed. Values are absolute, so a delta that
 * is applied twice changes nothing.
 *
 * A command: kind, then of its fields those that the table below names. */
#include "stream/acks.h"

#include "base/assert.h"
#include "codec/varint.h"

enum { KIND_FULL = 1, KIND_DELTA = 2 };
enum { PENDING_BYTES_MIN = 4, SPENT_BYTES_MIN = 2, REMOVED_BYTES_MIN = 1 };

#define SEQ_MAX ((uint64_t)INT64_MAX)

/* ---- writing ---- */

static void put(struct buf *out, uint64_t value)
{
    assert(out != NULL);
    buf_reserve(out, VARINT_MAX);
    out->len += uvarint_put(value, out->ptr + out->len);
    assert(out->len <= out->cap);
}

static void put_time(struct buf *out, nanos time, nanos before)
{
    assert(out != NULL);
    buf_reserve(out, VARINT_MAX);
    int64_t difference = (int64_t)((uint64_t)time - (uint64_t)before);
    out->len += varint_put(difference, out->ptr + out->len);
    assert(out->len <= out->cap);
}

/* The next entry to list, or NULL. */
static const struct ack_entry *next_listed(const struct ack_list *l, enum acks_form form,
                                           uint32_t *at)
{
    assert(at != NULL);
    assert(form == ACKS_FULL || form == ACKS_DELTA);
    const struct ack_entry *e = ack_list_next(l, at);
    while (form == ACKS_DELTA && e != NULL && !ack_entry_is_news(e)) e = ack_list_next(l, at);
    return e;
}

static void put_count(const struct ack_list *l, enum acks_form form, struct buf *out)
{
    uint32_t count = 0;
    for (uint32_t at = 0; next_listed(l, form, &at) != NULL;) count++;
    assert(count <= ack_list_count(l));
    assert(form == ACKS_DELTA || count == ack_list_count(l));
    put(out, count);
}

static void put_pending(const struct acks *a, enum acks_form form, struct buf *out)
{
    put_count(&a->pending, form, out);
    struct ack_entry before = { .stream_seq = a->floor.stream_seq,
                                .consumer_seq = a->floor.consumer_seq };
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = next_listed(&a->pending, form, &at)) != NULL; before = *e) {
        assert(e->stream_seq > before.stream_seq);
        assert(e->consumer_seq > before.consumer_seq);
        put(out, e->stream_seq - before.stream_seq);
        put(out, e->consumer_seq - before.consumer_seq);
        put_time(out, e->time, before.time);
        put(out, e->deliveries);
    }
}

static void put_spent(const struct acks *a, enum acks_form form, struct buf *out)
{
    put_count(&a->spent, form, out);
    uint64_t before = 0;
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = next_listed(&a->spent, form, &at)) != NULL; before = e->stream_seq) {
        assert(e->stream_seq > before);
        assert(e->deliveries > 0);
        put(out, e->stream_seq - before);
        put(out, e->deliveries);
    }
}

static void put_removed(const struct ack_list *l, uint64_t from, struct buf *out)
{
    uint32_t count = 0;
    uint64_t seq = 0;
    if (l->known_holes > 0)
        for (uint32_t at = 0; ack_list_next_removed(l, &at, &seq);) count++;
    put(out, count);
    if (count == 0) return;
    for (uint32_t at = 0; ack_list_next_removed(l, &at, &seq); from = seq) {
        assert(seq > from);
        put(out, seq - from);
        count--;
    }
    assert(count == 0);
}

/* Everything in the list is at or above this. */
static uint64_t from_of(const struct acks *a, const struct ack_list *l)
{
    assert(l == &a->pending || l == &a->spent);
    const struct ack_entry *first = ack_list_first(l);
    assert(first == NULL || first->stream_seq <= a->delivered.stream_seq);
    return first != NULL ? first->stream_seq : a->delivered.stream_seq + 1;
}

void acks_encode(const struct acks *a, enum acks_form form, struct buf *out)
{
    if (!a->is_based) form = ACKS_FULL;
    put(out, form == ACKS_FULL ? KIND_FULL : KIND_DELTA);
    put(out, a->policy);
    put(out, a->delivered.consumer_seq);
    put(out, a->delivered.stream_seq);
    put(out, a->delivered.consumer_seq - a->floor.consumer_seq);
    put(out, a->delivered.stream_seq - a->floor.stream_seq);
    if (form == ACKS_DELTA) {
        uint64_t pending_from = from_of(a, &a->pending), spent_from = from_of(a, &a->spent);
        assert(pending_from > a->floor.stream_seq);
        assert(spent_from > 0);
        put(out, pending_from - a->floor.stream_seq);
        put(out, spent_from);
        put_removed(&a->pending, pending_from, out);
        put_removed(&a->spent, spent_from, out);
    }
    put_pending(a, form, out);
    put_spent(a, form, out);
}

void acks_settle(struct acks *a)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    ack_list_settle(&a->pending);
    ack_list_settle(&a->spent);
    a->is_based = true;
    a->is_changed = false;
    assert(a->pending.known_holes + a->spent.known_holes == 0);
}

void acks_told_apart(struct acks *a)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    assert(a->pending.known_holes <= a->pending.end);
    a->is_based = false;
}

void acks_unsettle(struct acks *a)
{
    assert(a->pending.known_holes <= a->pending.end);
    assert(a->policy <= ACKS_FLOW_CONTROL);
    a->is_based = false;
    a->is_changed = true;
}

/* ---- reading ---- */

/* Numbers off the front; `is_bad` sticks, and what is read then is 0. */
struct source {
    struct slice in;
    bool is_bad;
};

static uint64_t get(struct source *s, uint64_t min, uint64_t max)
{
    assert(s->in.len == 0 || s->in.ptr != NULL);
    assert(min <= max);
    uint64_t value = 0;
    if (!s->is_bad) s->is_bad = uvarint_take(&s->in, &value) != ERR_OK;
    if (!s->is_bad) s->is_bad = value < min || value > max;
    return s->is_bad ? 0 : value;
}

/* `before` and a gap of at least 1, at most `max`. */
static uint64_t get_after(struct source *s, uint64_t before, uint64_t max)
{
    assert(max <= SEQ_MAX + 1);
    if (before >= max) s->is_bad = true;
    return s->is_bad ? 0 : before + get(s, 1, max - before);
}

static nanos get_time(struct source *s, nanos before)
{
    int64_t difference = 0;
    if (!s->is_bad) s->is_bad = varint_take(&s->in, &difference) != ERR_OK;
    assert(!s->is_bad || difference == 0);
    return (nanos)((uint64_t)before + (uint64_t)difference);
}

/* No more than the bytes can hold, so that memory stays in proportion. */
static uint64_t get_count(struct source *s, uint32_t bytes_min)
{
    assert(s->in.len == 0 || s->in.ptr != NULL);
    assert(bytes_min > 0);
    return get(s, 0, s->in.len / bytes_min);
}

static void list_drop_below(struct ack_list *l, uint64_t from)
{
    assert(l->known_holes == 0);
    struct ack_entry *e;
    while ((e = ack_list_first(l)) != NULL && e->stream_seq < from) ack_list_remove(l, e);
    assert(e == NULL || e->stream_seq >= from);
}

static void get_removed(struct source *s, struct ack_list *l, uint64_t from)
{
    assert(l->known_holes == 0); /* a copy, of which nothing is known */
    assert(from <= SEQ_MAX);
    uint64_t count = get_count(s, REMOVED_BYTES_MIN);
    for (uint64_t seq = from; count > 0 && !s->is_bad; count--) {
        seq = get_after(s, seq, SEQ_MAX);
        struct ack_entry *e = ack_list_find(l, seq);
        if (e != NULL) ack_list_remove(l, e);
    }
}

static void list_set(struct ack_list *l, const struct ack_entry *entry)
{
    assert(entry->stream_seq > 0);
    assert(entry->deliveries > 0);
    struct ack_entry *e = ack_list_find(l, entry->stream_seq);
    if (e != NULL) *e = *entry;
    else (void)ack_list_add(l, entry);
}

static void get_pending(struct source *s, struct acks *a)
{
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    assert(a->floor.consumer_seq <= a->delivered.consumer_seq);
    uint64_t count = get_count(s, PENDING_BYTES_MIN);
    struct ack_entry e = { .stream_seq = a->floor.stream_seq,
                           .consumer_seq = a->floor.consumer_seq };
    for (; count > 0 && !s->is_bad; count--) {
        e.stream_seq = get_after(s, e.stream_seq, a->delivered.stream_seq);
        e.consumer_seq = get_after(s, e.consumer_seq, a->delivered.consumer_seq);
        e.time = get_time(s, e.time);
        e.deliveries = (uint32_t)get(s, 1, UINT32_MAX);
        if (!s->is_bad) list_set(&a->pending, &e);
    }
}

static void get_spent(struct source *s, struct acks *a)
{
    assert(a->spent.known_holes == 0);
    assert(a->delivered.stream_seq < SEQ_MAX);
    uint64_t count = get_count(s, SPENT_BYTES_MIN);
    struct ack_entry e = { .stream_seq = 0 };
    for (; count > 0 && !s->is_bad; count--) {
        e.stream_seq = get_after(s, e.stream_seq, a->delivered.stream_seq);
        e.deliveries = (uint32_t)get(s, 1, UINT32_MAX);
        if (!s->is_bad) list_set(&a->spent, &e);
    }
}

static void get_gone(struct source *s, struct acks *a)
{
    assert(a->delivered.stream_seq < SEQ_MAX);
    uint64_t pending_from = get_after(s, a->floor.stream_seq, a->delivered.stream_seq + 1);
    uint64_t spent_from = get(s, 1, a->delivered.stream_seq + 1);
    assert(s->is_bad || pending_from > a->floor.stream_seq);
    list_drop_below(&a->pending, pending_from);
    list_drop_below(&a->spent, spent_from);
    get_removed(s, &a->pending, pending_from);
    get_removed(s, &a->spent, spent_from);
}

/* What acks_check() asserts, about a state that bytes made. Counts `again` anew. */
static bool is_sound(struct acks *a)
{
    assert(a->floor.consumer_seq <= a->delivered.consumer_seq);
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    if (a->policy == ACKS_NONE && a->pending.live + a->spent.live > 0) return false;
    struct acks_position before = a->floor;
    a->again = 0;
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = ack_list_next(&a->pending, &at)) != NULL;) {
        if (e->stream_seq <= before.stream_seq) return false;
        if (e->consumer_seq <= before.consumer_seq) return false;
        if (acks_is_spent(a, e->stream_seq)) return false;
        before = (struct acks_position){ e->consumer_seq, e->stream_seq };
        a->again += e->deliveries > 1;
    }
    return before.consumer_seq <= a->delivered.consumer_seq &&
           before.stream_seq <= a->delivered.stream_seq &&
           ack_list_from(&a->spent, a->delivered.stream_seq + 1) == NULL;
}

static void get_state(struct source *s, const struct acks *base, struct acks *fresh)
{
    assert(fresh->pending.live + fresh->spent.live == 0);
    uint64_t kind = get(s, KIND_FULL, KIND_DELTA);
    (void)get(s, base->policy, base->policy);
    fresh->delivered.consumer_seq = get(s, 0, SEQ_MAX - 1);
    fresh->delivered.stream_seq = get(s, 0, SEQ_MAX - 1);
    fresh->floor = fresh->delivered;
    fresh->floor.consumer_seq -= get(s, 0, fresh->delivered.consumer_seq);
    fresh->floor.stream_seq -= get(s, 0, fresh->delivered.stream_seq);
    assert(fresh->floor.stream_seq <= fresh->delivered.stream_seq);
    if (kind == KIND_DELTA) {
        ack_list_copy(&fresh->pending, &base->pending);
        ack_list_copy(&fresh->spent, &base->spent);
        get_gone(s, fresh);
    }
    get_pending(s, fresh);
    get_spent(s, fresh);
    if (s->in.len > 0) s->is_bad = true;
}

enum err acks_decode(struct acks *a, struct slice bytes)
{
    assert(a->policy <= ACKS_FLOW_CONTROL);
    struct source s = { .in = bytes };
    struct acks fresh;
    acks_init(&fresh, (enum acks_policy)a->policy, 0);
    get_state(&s, a, &fresh);
    if (s.is_bad || !is_sound(&fresh)) {
        acks_deinit(&fresh);
        return ERR_CORRUPT;
    }
    acks_deinit(a);
    *a = fresh;
    acks_settle(a);
    assert_slow((acks_check(a), true));
    return ERR_OK;
}

/* ---- commands ---- */

enum { F_STREAM_SEQ = 1, F_CONSUMER_SEQ = 2, F_DELIVERIES = 4, F_TIME = 8 };

static const uint8_t command_fields[] = {
    [ACKS_DELIVER] = F_STREAM_SEQ | F_CONSUMER_SEQ | F_DELIVERIES | F_TIME,
    [ACKS_ACK] = F_STREAM_SEQ | F_CONSUMER_SEQ,
    [ACKS_TOUCH] = F_STREAM_SEQ | F_TIME,
    [ACKS_EXHAUST] = F_STREAM_SEQ,
    [ACKS_REMOVE] = F_STREAM_SEQ,
    [ACKS_COMPACT] = F_STREAM_SEQ,
    [ACKS_SKIP] = F_STREAM_SEQ,
    [ACKS_RESET] = F_STREAM_SEQ,
};

void acks_command_encode(const struct acks_command *c, struct buf *out)
{
    assert((unsigned)c->kind < ARRAY_COUNT(command_fields));
    uint8_t fields = command_fields[c->kind];
    assert(c->stream_seq > 0 && c->stream_seq < SEQ_MAX);
    assert(c->consumer_seq < SEQ_MAX);
    put(out, c->kind);
    put(out, c->stream_seq);
    if (fields & F_CONSUMER_SEQ) put(out, c->consumer_seq);
    if (fields & F_DELIVERIES) put(out, c->deliveries);
    if (fields & F_TIME) put_time(out, c->time, 0);
}

enum err acks_command_take(struct slice *in, struct acks_command *ret)
{
    struct source s = { .in = *in };
    struct acks_command c = { 0 };
    c.kind = (enum acks_kind)get(&s, 0, ARRAY_COUNT(command_fields) - 1);
    uint8_t fields = command_fields[c.kind];
    assert(fields & F_STREAM_SEQ);
    c.stream_seq = get(&s, 1, SEQ_MAX - 1);
    uint64_t least = c.kind == ACKS_DELIVER ? 1 : 0;
    if (fields & F_CONSUMER_SEQ) c.consumer_seq = get(&s, least, SEQ_MAX - 1);
    if (fields & F_DELIVERIES) c.deliveries = (uint32_t)get(&s, 1, UINT32_MAX);
    if (fields & F_TIME) c.time = get_time(&s, 0);
    if (s.is_bad) return ERR_CORRUPT;
    assert(s.in.len < in->len);
    *in = s.in;
    *ret = c;
    return ERR_OK;
}
