/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_list.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

enum {
    CAP_MIN = 4,
    CAP_KEPT = 16, /* an empty list keeps up to that many: 512 bytes, until it is trimmed */
};

static_assert(sizeof(struct ack_entry) == 32, "the budget of a pending message");

static bool is_hole(const struct ack_entry *e)
{
    return e->deliveries == 0;
}

/* Index of the first slot, hole or not, at or above `seq`; `end` when there is none. */
static uint32_t lower_bound(const struct ack_list *l, uint64_t seq)
{
    assert(l->head <= l->end);
    assert(l->end <= l->cap);
    if (l->end == 0 || l->entries[l->end - 1].stream_seq < seq) return l->end;
    if (seq <= l->entries[0].stream_seq) return 0;
    /* Sequences ascend by at least 1, so a slot is at most so far from the first and from the last
     * one. Without gaps that leaves one candidate. */
    uint64_t from_first = seq - l->entries[0].stream_seq;
    uint64_t from_last = l->entries[l->end - 1].stream_seq - seq;
    uint32_t last = l->end - 1;
    uint32_t low = from_last < last ? last - (uint32_t)from_last : 0;
    uint32_t high = from_first < last ? (uint32_t)from_first : last;
    assert(low <= high);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->entries[middle].stream_seq < seq) low = middle + 1;
        else high = middle;
    }
    return low;
}

static uint32_t skip_holes(const struct ack_list *l, uint32_t at)
{
    assert(l->end <= l->cap);
    assert(at <= l->end);
    while (at < l->end && is_hole(&l->entries[at])) at++;
    return at;
}

/* Drops the holes that nobody needs and sets the capacity. */
static void squeeze(struct ack_list *l, uint32_t cap)
{
    assert(cap >= l->live + l->known_holes);
    struct ack_entry *to = cap == l->cap ? l->entries : xalloc(cap * sizeof(*to));
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->end; i++) {
        struct ack_entry *e = &l->entries[i];
        if (!is_hole(e) || e->is_known) to[end++] = *e;
    }
    assert(end == l->live + l->known_holes);
    if (to != l->entries) xfree(l->entries);
    l->entries = to;
    l->end = end;
    l->cap = cap;
    l->head = skip_holes(l, 0);
}

/* A free slot at the end. A squeeze must win a quarter of the slots to be worth its work. */
static void make_room(struct ack_list *l)
{
    if (l->end < l->cap) return;
    uint32_t kept = l->live + l->known_holes;
    assert(kept <= UINT32_MAX / 4);
    if (l->cap == 0) squeeze(l, CAP_MIN);
    else squeeze(l, kept <= l->cap / 4 * 3 ? l->cap : l->cap * 2);
    assert(l->end < l->cap);
}

static void drop_everything(struct ack_list *l)
{
    assert(l->live == 0);
    assert(l->known_holes == 0);
    l->head = l->end = 0;
    if (l->cap <= CAP_KEPT) return;
    l->entries = xfree(l->entries);
    l->cap = 0;
}

void ack_list_deinit(struct ack_list *l)
{
    assert(l->end <= l->cap);
    assert(l->cap == 0 || l->entries != NULL);
    xfree(l->entries);
    *l = (struct ack_list){ 0 };
}

void ack_list_clear(struct ack_list *l)
{
    assert(l->live <= l->end);
    assert(l->known_holes <= l->end);
    l->live = l->known_holes = 0;
    drop_everything(l);
}

void ack_list_trim(struct ack_list *l)
{
    assert(l->end <= l->cap);
    assert(l->live + l->known_holes <= l->end);
    uint32_t kept = l->live + l->known_holes;
    if (kept == 0) ack_list_deinit(l);
    else if (l->cap > CAP_MIN && kept <= l->cap / 2) squeeze(l, kept < CAP_MIN ? CAP_MIN : kept);
}

struct ack_entry *ack_list_add(struct ack_list *l, const struct ack_entry *e)
{
    assert(e->deliveries > 0);
    uint32_t at = lower_bound(l, e->stream_seq);
    bool was_known = false;
    if (at < l->end && l->entries[at].stream_seq == e->stream_seq) {
        assert(is_hole(&l->entries[at]));
        was_known = l->entries[at].is_known;
        if (was_known) l->known_holes--;
    } else if (at > 0 && is_hole(&l->entries[at - 1]) && !l->entries[at - 1].is_known) {
        at--; /* the hole before it lies between its neighbours just as well */
    } else {
        make_room(l);
        at = lower_bound(l, e->stream_seq);
        memmove(&l->entries[at + 1], &l->entries[at], (l->end - at) * sizeof(*e));
        l->end++;
        if (l->head >= at) l->head++;
    }
    struct ack_entry *slot = &l->entries[at];
    *slot = *e;
    slot->is_known = was_known;
    slot->is_changed = was_known;
    l->live++;
    if (at < l->head) l->head = at;
    assert_slow((ack_list_check(l), true));
    return slot;
}

void ack_list_remove(struct ack_list *l, struct ack_entry *e)
{
    assert(e >= l->entries && e < l->entries + l->end);
    assert(!is_hole(e));
    e->deliveries = 0;
    l->live--;
    if (e->is_known) l->known_holes++;
    if (e == &l->entries[l->head]) l->head = skip_holes(l, l->head + 1);

    uint32_t kept = l->live + l->known_holes;
    if (kept == 0) drop_everything(l);
    else if (l->cap > CAP_KEPT && kept < l->cap / 8) squeeze(l, l->cap / 4);
    assert_slow((ack_list_check(l), true));
}

struct ack_entry *ack_list_find(const struct ack_list *l, uint64_t stream_seq)
{
    assert(l->live <= l->end);
    uint32_t at = lower_bound(l, stream_seq);
    if (at == l->end || l->entries[at].stream_seq != stream_seq) return NULL;
    return is_hole(&l->entries[at]) ? NULL : &l->entries[at];
}

struct ack_entry *ack_list_from(const struct ack_list *l, uint64_t stream_seq)
{
    assert(l->live <= l->end);
    uint32_t at = lower_bound(l, stream_seq);
    if (at < l->head) at = l->head;
    at = skip_holes(l, at);
    return at == l->end ? NULL : &l->entries[at];
}

struct ack_entry *ack_list_first(const struct ack_list *l)
{
    assert((l->head == l->end) == (l->live == 0));
    assert(l->head <= l->end);
    return l->head == l->end ? NULL : &l->entries[l->head];
}

const struct ack_entry *ack_list_next(const struct ack_list *l, uint32_t *at)
{
    assert(l->head <= l->end);
    *at = skip_holes(l, *at < l->head ? l->head : *at);
    assert(*at <= l->end);
    return *at == l->end ? NULL : &l->entries[(*at)++];
}

void ack_list_settle(struct ack_list *l)
{
    l->known_holes = 0;
    for (uint32_t i = 0; i < l->end; i++) {
        l->entries[i].is_known = !is_hole(&l->entries[i]);
        l->entries[i].is_changed = false;
    }
    if (l->live == 0) drop_everything(l);
    assert_slow((ack_list_check(l), true));
}

bool ack_entry_is_news(const struct ack_entry *e)
{
    assert(!is_hole(e));
    return !e->is_known || e->is_changed;
}

bool ack_list_next_removed(const struct ack_list *l, uint32_t *at, uint64_t *ret_stream_seq)
{
    assert(l->head <= l->end);
    assert(ret_stream_seq != NULL);
    if (*at < l->head) *at = l->head;
    while (*at < l->end) {
        const struct ack_entry *e = &l->entries[(*at)++];
        if (!is_hole(e) || !e->is_known) continue;
        *ret_stream_seq = e->stream_seq;
        return true;
    }
    return false;
}

void ack_list_copy(struct ack_list *to, const struct ack_list *from)
{
    assert(to->entries == NULL);
    if (from->live == 0) return;
    to->entries = xalloc(from->live * sizeof(*to->entries));
    to->cap = from->live;
    for (uint32_t i = from->head; i < from->end; i++) {
        if (is_hole(&from->entries[i])) continue;
        struct ack_entry *e = &to->entries[to->end++];
        *e = from->entries[i];
        e->is_known = e->is_changed = false;
    }
    to->live = to->end;
    assert(to->live == from->live);
}

uint64_t ack_list_bytes(const struct ack_list *l)
{
    assert(l->end <= l->cap);
    return (uint64_t)l->cap * sizeof(*l->entries);
}

void ack_list_check(const struct ack_list *l)
{
    uint32_t live = 0, known_holes = 0;
    assert(l->head <= l->end);
    assert(l->end <= l->cap);
    for (uint32_t i = 0; i < l->end; i++) {
        const struct ack_entry *e = &l->entries[i];
        if (i > 0) assert(e[-1].stream_seq < e->stream_seq);
        if (is_hole(e)) known_holes += e->is_known;
        else live++;
        if (i < l->head) assert(is_hole(e));
        if (i == l->head) assert(!is_hole(e));
    }
    assert(live == l->live);
    assert(known_holes == l->known_holes);
}
