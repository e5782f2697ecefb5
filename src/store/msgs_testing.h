/* SPDX-License-Identifier: Apache-2.0 */
/* Msgs_testing: what every body of msgs must show, against a plain list. Included by tests only.
 *
 * A body's test gives `struct suite` a maker and runs suite_tests. Memory: the suite's. */
#ifndef MIDGE_STORE_MSGS_TESTING_H
#define MIDGE_STORE_MSGS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"
#include "store/msgs.h"
#include "subject/subject.h"

struct suite {
    struct msgs *(*make)(struct suite *, uint64_t first_sequence);
    /* Calls what waits until it is done, after BUSY. */
    void (*settle)(struct suite *);
    /* Between steps: some of what is underway goes on. NULL: nothing ever is. */
    void (*tick)(struct suite *, struct msgs *);
    /* Before it is freed: nothing is underway any more. NULL likewise. */
    void (*end)(struct suite *, struct msgs *);
};

enum { LIST_MAX = 1500, SUITE_SUBJECTS = 24 };

struct listed {
    uint64_t sequence;
    nanos    time;
    uint32_t subject, payload;
    bool     has_header;
};

/* The model: messages in order. */
struct list_model {
    struct listed at[LIST_MAX];
    uint32_t      count;
    uint64_t      first, last;
    nanos         last_time;
};

struct play {
    struct suite     *suite;
    struct msgs      *msgs;
    struct list_model model;
    struct rng        rng;
};

static const char suite_header[] = "NATS/1.0\r\nA: b\r\n\r\n";
static const char suite_bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static inline const char *suite_subject(uint32_t i, char text[32])
{
    static const char *const shapes[] = { "a.%u", "a.b.%u", "b.%u.c", "long.token.%u.x" };
    (void)snprintf(text, 32, shapes[i % 4], i / 4);
    return text;
}

static inline uint64_t listed_size(const struct play *p, const struct listed *l)
{
    char text[32];
    return msgs_size(msgs_is_file(p->msgs), (uint32_t)strlen(suite_subject(l->subject, text)),
                     l->has_header ? (uint32_t)sizeof suite_header - 1 : 0, l->payload);
}

static inline bool listed_matches(const struct listed *l, const struct msgs_filter *f)
{
    char text[32];
    for (uint32_t i = 0; i < f->count; i++)
        if (subject_matches(f->patterns[i], slice_str(suite_subject(l->subject, text))))
            return true;
    return f->count == 0;
}

/* ---- the same change to both ---- */

static inline void listed_message(const struct listed *l, char subject[32], struct stored *ret)
{
    *ret = (struct stored){
        .sequence = l->sequence,
        .time = l->time,
        .subject = slice_str(suite_subject(l->subject, subject)),
        .header = l->has_header ? slice_str(suite_header) : slice_str(""),
        .payload = slice_of(suite_bytes, l->payload),
    };
}

static inline void play_append(struct play *p, uint64_t gap)
{
    struct list_model *m = &p->model;
    char text[32];
    if (m->count == LIST_MAX) return;
    struct listed l = {
        .sequence = m->last + 1 + gap,
        .time = m->last_time + (nanos)rng_below(&p->rng, 3) * 1000 + 1,
        .subject = rng_below(&p->rng, SUITE_SUBJECTS),
        .payload = rng_below(&p->rng, (uint32_t)sizeof suite_bytes - 1),
        .has_header = rng_below(&p->rng, 3) == 0,
    };
    struct stored msg;
    listed_message(&l, text, &msg);
    msgs_append(p->msgs, &msg);
    if (m->count == 0) m->first = l.sequence;
    m->last = l.sequence;
    m->last_time = l.time;
    m->at[m->count++] = l;
}

static inline void list_drop(struct list_model *m, uint32_t i)
{
    m->count--;
    memmove(&m->at[i], &m->at[i + 1], (m->count - i) * sizeof m->at[0]);
    m->first = m->count == 0 ? m->last + 1 : m->at[0].sequence;
}

static inline void play_remove(struct play *p)
{
    struct list_model *m = &p->model;
    uint64_t size = 0, sequence = m->first + rng_below(&p->rng, 40);
    if (m->count > 0 && rng_below(&p->rng, 4) > 0)
        sequence = m->at[rng_below(&p->rng, m->count)].sequence;
    uint32_t i = 0;
    while (i < m->count && m->at[i].sequence != sequence) i++;
    bool is_there = i < m->count;
    uint64_t want = is_there ? listed_size(p, &m->at[i]) : 0;
    assert_int_equal(msgs_remove(p->msgs, sequence, &size), is_there);
    assert_int_equal(size, want);
    if (is_there) list_drop(m, i);
}

static inline void play_compact(struct play *p)
{
    struct list_model *m = &p->model;
    uint64_t first = m->first + rng_below(&p->rng, 60), gone = 0;
    if (rng_below(&p->rng, 20) == 0) first = m->last + 1 + rng_below(&p->rng, 5000);
    while (m->count > 0 && m->at[0].sequence < first) {
        list_drop(m, 0);
        gone++;
    }
    if (first > m->last) m->last = first - 1;
    if (m->count == 0) m->first = m->last + 1;
    assert_int_equal(msgs_compact(p->msgs, first), gone);
}

static inline void play_skip(struct play *p)
{
    struct list_model *m = &p->model;
    uint64_t gap = rng_below(&p->rng, 5) == 0 ? 1000000 : rng_below(&p->rng, 5);
    m->last += gap;
    if (m->count == 0) m->first = m->last + 1;
    msgs_skip(p->msgs, m->last, 0);
}

/* One or two patterns that do not overlap, or all. The texts stay in `room`. */
static inline struct msgs_filter play_filter(struct play *p, struct slice patterns[2],
                                             char room[32])
{
    static const char *const pairs[][2] = { { "a.*", "b.>" },     { "a.>", NULL },
                                            { "*.*.c", "a.b.*" }, { "nobody", NULL },
                                            { "b.1.c", "a.2" },   { "long.>", NULL } };
    uint32_t draw = rng_below(&p->rng, 10);
    if (draw == 0) return (struct msgs_filter){ NULL, 0 };
    if (draw < 5) {
        patterns[0] = slice_str(suite_subject(rng_below(&p->rng, SUITE_SUBJECTS), room));
        return (struct msgs_filter){ patterns, 1 };
    }
    const char *const *pair = pairs[rng_below(&p->rng, 6)];
    patterns[0] = slice_str(pair[0]);
    patterns[1] = slice_str(pair[1]);
    return (struct msgs_filter){ patterns, pair[1] == NULL ? 1 : 2 };
}

static inline void play_purge(struct play *p)
{
    struct list_model *m = &p->model;
    struct slice patterns[2];
    char room[32];
    struct msgs_filter f = play_filter(p, patterns, room);
    uint64_t below = 0, keep = 0, matching = 0, gone = 0;
    if (rng_below(&p->rng, 2) == 0) keep = rng_below(&p->rng, 20);
    else if (rng_below(&p->rng, 2) == 0) below = m->first + rng_below(&p->rng, 100);
    for (uint32_t i = 0; i < m->count; i++) matching += listed_matches(&m->at[i], &f);
    uint64_t most = matching > keep ? matching - keep : 0;
    for (uint32_t i = 0; i < m->count && gone < most;) {
        if (below != 0 && m->at[i].sequence >= below) break;
        if (!listed_matches(&m->at[i], &f)) {
            i++;
            continue;
        }
        list_drop(m, i);
        gone++;
    }
    /* A purge of everything below a sequence that was not given yet gives it away. */
    if (f.count == 0 && below > m->last && matching > 0) {
        m->last = below - 1;
        if (m->count == 0) m->first = below;
    }
    assert_int_equal(msgs_purge(p->msgs, &f, below, keep), gone);
}

/* ---- the same question to both ---- */

static inline enum err settled(struct play *p, enum err e)
{
    if (e == ERR_BUSY) p->suite->settle(p->suite);
    return e;
}

static inline void compare_state(struct play *p)
{
    const struct list_model *m = &p->model;
    struct msgs_state s;
    uint64_t bytes = 0, subjects = 0;
    bool seen[SUITE_SUBJECTS] = { false };
    for (uint32_t i = 0; i < m->count; i++) {
        bytes += listed_size(p, &m->at[i]);
        subjects += !seen[m->at[i].subject];
        seen[m->at[i].subject] = true;
    }
    msgs_state(p->msgs, &s);
    assert_int_equal(s.messages, m->count);
    assert_int_equal(s.bytes, bytes);
    assert_int_equal(s.subjects, subjects);
    assert_int_equal(s.last_sequence, m->last);
    if (m->last > 0) assert_int_equal(s.first_sequence, m->first);
    assert_int_equal(s.first_time, m->count == 0 ? 0 : m->at[0].time);
    assert_int_equal(s.last_time, m->last_time);
    assert_int_equal(s.deleted, m->count == 0 ? 0 : m->last + 1 - m->first - m->count);
}

/* What waits asks again when all has settled. */
static inline void waited(struct msgs_wait *w)
{
    (void)w;
}

static inline void compare_search(struct play *p)
{
    const struct list_model *m = &p->model;
    struct slice patterns[2];
    struct msgs_wait w = { .done = waited };
    char room[32];
    struct msgs_filter f = play_filter(p, patterns, room);
    uint64_t from = m->first + rng_below(&p->rng, 200), got = 0, count = 0, last_only = 0;
    if (m->count > 0 && rng_below(&p->rng, 2) == 0)
        from = m->at[rng_below(&p->rng, m->count)].sequence + rng_below(&p->rng, 2);
    uint64_t next = 0, last = 0;
    bool seen[SUITE_SUBJECTS] = { false };
    for (uint32_t i = 0; i < m->count; i++) {
        const struct listed *l = &m->at[i];
        if (!listed_matches(l, &f)) continue;
        if (l->sequence >= from && next == 0) next = l->sequence;
        if (l->sequence <= from) last = l->sequence;
        if (l->sequence < from) continue;
        count++;
        last_only += !seen[l->subject];
        seen[l->subject] = true;
    }
    enum err e;
    got = from;
    while (settled(p, e = msgs_next(p->msgs, &f, got, &w, &got)) == ERR_BUSY) {}
    assert_int_equal(e, next == 0 ? ERR_NOTFOUND : ERR_OK);
    if (next != 0) assert_int_equal(got, next);
    got = from;
    while (settled(p, e = msgs_last(p->msgs, &f, got, &w, &got)) == ERR_BUSY) {}
    assert_int_equal(e, last == 0 ? ERR_NOTFOUND : ERR_OK);
    if (last != 0) assert_int_equal(got, last);
    while (settled(p, e = msgs_count(p->msgs, &f, from, false, &w, &got)) == ERR_BUSY) {}
    assert_int_equal(e, ERR_OK);
    assert_int_equal(got, count);
    while (settled(p, e = msgs_count(p->msgs, &f, from, true, &w, &got)) == ERR_BUSY) {}
    assert_int_equal(e, ERR_OK);
    assert_int_equal(got, last_only);
}

static inline void compare_time(struct play *p)
{
    const struct list_model *m = &p->model;
    struct msgs_wait w = { .done = waited };
    nanos time = m->count == 0 ? 5 : m->at[rng_below(&p->rng, m->count)].time;
    uint64_t want = m->last + 1, got = 0;
    time += (nanos)rng_below(&p->rng, 3) - 1;
    for (uint32_t i = m->count; i > 0 && m->at[i - 1].time >= time; i--)
        want = m->at[i - 1].sequence;
    enum err e;
    while (settled(p, e = msgs_at_time(p->msgs, time, &w, &got)) == ERR_BUSY) {}
    assert_int_equal(e, ERR_OK);
    assert_int_equal(got, want);
}

struct loading {
    struct msgs_load load;
    bool     is_done;
    enum err e;
};

static inline void loading_done(struct msgs_load *l, enum err e)
{
    struct loading *g = container_of(l, struct loading, load);
    g->is_done = true;
    g->e = e;
}

static inline void compare_message(struct play *p)
{
    const struct list_model *m = &p->model;
    struct loading g = { .load.done = loading_done };
    char text[32];
    if (m->count == 0) return;
    const struct listed *l = &m->at[rng_below(&p->rng, m->count)];
    enum err e = msgs_load(p->msgs, l->sequence, 0, &g.load);
    while (e == ERR_BUSY && !g.is_done) p->suite->settle(p->suite);
    if (e == ERR_BUSY) e = g.e;
    assert_int_equal(e, ERR_OK);
    const struct stored *s = &g.load.msg;
    assert_int_equal(s->sequence, l->sequence);
    assert_int_equal(s->time, l->time);
    assert_true(slice_equal_str(s->subject, suite_subject(l->subject, text)));
    assert_true(slice_equal_str(s->header, l->has_header ? suite_header : ""));
    assert_true(slice_equal(s->payload, slice_of(suite_bytes, l->payload)));
    assert_true(msgs_has(p->msgs, l->sequence));
    assert_int_equal(msgs_load(p->msgs, m->last + 1, 0, &g.load), ERR_NOTFOUND);
    assert_false(msgs_has(p->msgs, m->last + 1));
}

struct gaps {
    const struct list_model *model;
    uint64_t sum, last;
};

static inline bool gap_one(void *ctx, uint64_t first, uint64_t last)
{
    struct gaps *g = ctx;
    assert_true(first <= last);
    assert_true(first > g->last);
    for (uint32_t i = 0; i < g->model->count; i++) {
        uint64_t sequence = g->model->at[i].sequence;
        assert_true(sequence < first || sequence > last);
    }
    g->sum += last - first + 1;
    g->last = last;
    return true;
}

struct subjects_seen {
    const struct play *play;
    uint32_t count;
    char     before[32];
};

static inline bool subject_one(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    struct subjects_seen *s = ctx;
    const struct list_model *m = &s->play->model;
    uint64_t want = 0, want_last = 0;
    char text[32];
    assert_true(slice_compare(slice_str(s->before), subject) < 0);
    for (uint32_t i = 0; i < m->count; i++) {
        if (!slice_equal_str(subject, suite_subject(m->at[i].subject, text))) continue;
        want++;
        want_last = m->at[i].sequence;
    }
    assert_int_equal(count, want);
    assert_int_equal(last, want_last);
    (void)snprintf(s->before, sizeof s->before, "%.*s", SLICE_ARGS(subject));
    s->count++;
    return true;
}

static inline void compare_lists(struct play *p)
{
    struct msgs_state s;
    struct gaps g = { .model = &p->model };
    struct subjects_seen seen = { .play = p };
    struct msgs_filter all = { NULL, 0 };
    msgs_state(p->msgs, &s);
    msgs_deleted(p->msgs, gap_one, &g);
    assert_int_equal(g.sum, s.deleted);
    msgs_subjects(p->msgs, &all, SLICE_LIT(""), subject_one, &seen);
    assert_int_equal(seen.count, s.subjects);
    assert_int_equal(msgs_lost(p->msgs, gap_one, &g), 0);
}

static inline void play_step(struct play *p, uint32_t phase)
{
    uint32_t draw = rng_below(&p->rng, 100);
    bool grows = phase % 2 == 0;
    if (draw < (grows ? 80U : 30U)) play_append(p, rng_below(&p->rng, 8) == 0 ? 3 : 0);
    else if (draw < 92) play_remove(p);
    else if (draw < 95) play_compact(p);
    else if (draw < 97) play_skip(p);
    else if (draw < 98) play_purge(p);
    compare_search(p);
    compare_message(p);
    compare_time(p);
}

/* The whole of it, for one seed. */
static inline void suite_play_one(struct suite *suite, uint64_t seed)
{
    static struct play p;
    uint64_t begin = seed % 3 == 0 ? 1000 : 1;
    p = (struct play){ .suite = suite, .msgs = suite->make(suite, begin) };
    p.model.first = begin;
    p.model.last = begin - 1;
    rng_init(&p.rng, seed);
    for (uint32_t step = 0; step < 1200; step++) {
        play_step(&p, step / 300);
        if (suite->tick != NULL) suite->tick(suite, p.msgs);
        if (step % 40 != 0) continue;
        compare_state(&p);
        compare_lists(&p);
        msgs_check(p.msgs);
    }
    if (suite->end != NULL) suite->end(suite, p.msgs);
    p.msgs = msgs_free(p.msgs);
}

static inline void suite_play(struct suite *suite, uint64_t first, uint64_t seeds)
{
    for (uint64_t seed = first; seed < first + seeds; seed++) suite_play_one(suite, seed);
}

#endif
