/* SPDX-License-Identifier: Apache-2.0 */
/* What has to go: for limits, for a rollup, by a purge. Part of applying: it depends on the
 * configuration and the messages that are there, nothing else. */
#include "base/assert.h"
#include "stream/stream_internal.h"
#include "subject/subject.h"

/* Nobody can tell who wanted it: all consumers count again. */
static bool take_unread(struct stream *s, uint64_t sequence, struct slice subject)
{
    bool was_there = msgs_remove_unread(s->msgs, sequence, subject);
    assert(was_there);
    consumers_purged(s->consumers, SLICE_LIT(""));
    return true;
}

/* What is damaged goes like any other, or a limit would end at it. `of`: the subject that it is
 * known to have, or empty. */
static bool take_out_of(struct stream *s, uint64_t sequence, struct slice of)
{
    struct slice subject;
    uint64_t size;
    enum err e = msgs_meta(s->msgs, sequence, &subject, &size);
    if (e == ERR_CORRUPT) return take_unread(s, sequence, of);
    if (e) return false;
    consumers_removed(s->consumers, sequence, subject);
    bool was_there = msgs_remove(s->msgs, sequence, NULL);
    assert(was_there);
    return true;
}

bool stream_take_out(struct stream *s, uint64_t sequence)
{
    assert(sequence > 0);
    return take_out_of(s, sequence, SLICE_LIT(""));
}

uint64_t stream_take_below(struct stream *s, uint64_t first)
{
    uint64_t gone = msgs_compact(s->msgs, first);
    assert(first > 0);
    consumers_purged(s->consumers, SLICE_LIT(""));
    if (first - 1 > s->last_proposed) s->last_proposed = first - 1;
    return gone;
}

uint64_t stream_take_matching(struct stream *s, const struct purge_command *c)
{
    const struct msgs_filter filter = { &c->filter, c->filter.len > 0 ? 1 : 0 };
    if (purge_is_compact(c)) return stream_take_below(s, c->below);
    bool is_whole = c->below == 0 && c->keep == 0;
    uint64_t gone = msgs_purge(s->msgs, &filter, c->below, c->keep);
    if (gone > 0) consumers_purged(s->consumers, is_whole ? c->filter : SLICE_LIT(""));
    return gone;
}

/* The oldest of a subject go until it has no more than `keep` below `below`. */
static void take_of_subject(struct stream *s, struct slice subject, uint64_t below, uint64_t keep)
{
    struct msgs_subject stored;
    while (msgs_subject(s->msgs, subject, &stored) && stored.count > keep && stored.first < below) {
        if (!take_out_of(s, stored.first, subject)) return;
    }
}

void stream_room_enforce(struct stream *s)
{
    const struct stream_config *c = &s->config;
    struct msgs_state state;
    if (c->max_msgs <= 0 && c->max_bytes <= 0) return;
    if (c->discard == JS_DISCARD_NEW) return;   /* what is there stays, also under a lower limit */
    for (;;) {
        msgs_state(s->msgs, &state);
        bool too_many = c->max_msgs > 0 && state.messages > (uint64_t)c->max_msgs;
        bool too_large = c->max_bytes > 0 && state.bytes > (uint64_t)c->max_bytes;
        if (state.messages == 0 || (!too_many && !too_large)) return;
        if (!stream_take_out(s, state.first_sequence)) return;
    }
}

/* Every subject that has too many: the limit was lowered. */
struct over {
    struct buf subjects; /* 4 bytes length, text */
    uint64_t   max;
};

static bool note_over(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    struct over *o = ctx;
    uint32_t len = subject.len;
    assert(last > 0);
    if (count <= o->max) return true;
    buf_add(&o->subjects, slice_of(&len, sizeof len));
    buf_add(&o->subjects, subject);
    return true;
}

void stream_room_enforce_subjects(struct stream *s)
{
    struct over o = { .max = (uint64_t)s->config.max_msgs_per_subject };
    const struct msgs_filter all = { NULL, 0 };
    uint32_t len;
    if (s->config.max_msgs_per_subject <= 0) return;
    msgs_subjects(s->msgs, &all, SLICE_LIT(""), note_over, &o);
    for (uint32_t at = 0; at < o.subjects.len; at += len) {
        memcpy(&len, o.subjects.ptr + at, sizeof len);
        at += (uint32_t)sizeof len;
        take_of_subject(s, slice_of(o.subjects.ptr + at, len), UINT64_MAX, o.max);
    }
    buf_deinit(&o.subjects);
}

void stream_room_make(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    if (s->config.max_msgs_per_subject > 0)
        take_of_subject(s, c->subject, sequence, (uint64_t)s->config.max_msgs_per_subject);
    stream_room_enforce(s);
    if (LIKELY((c->flags & (STORE_ROLLUP_SUBJECT | STORE_ROLLUP_ALL)) == 0)) return;
    const struct purge_command matching = { .below = sequence, .filter = c->subject };
    if (c->flags & STORE_ROLLUP_ALL) (void)stream_take_below(s, sequence);
    else if (subject_has_wildcard(c->subject)) (void)stream_take_matching(s, &matching);
    else take_of_subject(s, c->subject, sequence, 0);
}

void stream_charge(struct stream *s)
{
    uint64_t bytes = msgs_bytes(s->msgs);
    if (bytes == s->charged) return;
    js_account_charge(s->account, stream_is_file(s), (int64_t)(bytes - s->charged));
    s->charged = bytes;
}
