/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_internal.h"

#include "base/alloc.h"
#include "base/le.h"
#include "subject/subject.h"

uint64_t msgs_size(bool is_file, uint32_t subject_len, uint32_t header_len, uint32_t payload_len)
{
    enum { FILE_OVERHEAD = 30, FILE_HEADER = 4, MEMORY_OVERHEAD = 16 };
    uint64_t size = (uint64_t)subject_len + header_len + payload_len;
    size += is_file ? FILE_OVERHEAD : MEMORY_OVERHEAD;
    if (is_file && header_len > 0) size += FILE_HEADER;
    return size;
}

/* ---- life ---- */

void msgs_init(struct msgs *m, const struct msgs_ops *ops, uint64_t first_sequence)
{
    assert(ops->put != NULL && ops->free != NULL);
    *m = (struct msgs){ .ops = ops, .tree = tree_new() };
    if (first_sequence == 0) return;
    m->state.first_sequence = first_sequence;
    m->state.last_sequence = first_sequence - 1;
}

void msgs_deinit(struct msgs *m)
{
    m->tree = tree_free(m->tree);
    buf_deinit(&m->changed);
}

struct msgs *msgs_free(struct msgs *m)
{
    return m == NULL ? NULL : m->ops->free(m);
}

bool msgs_is_file(const struct msgs *m)
{
    return m->ops->is_file;
}

void msgs_state(const struct msgs *m, struct msgs_state *ret)
{
    *ret = m->state;
    ret->subjects = tree_count(m->tree);
    uint64_t span = ret->last_sequence + 1 - ret->first_sequence;
    ret->deleted = ret->messages == 0 ? 0 : span - ret->messages;
    assert(ret->messages == 0 || ret->messages <= span);
}

uint64_t msgs_bytes(const struct msgs *m)
{
    assert(m->state.messages > 0 || m->state.bytes == 0);
    return m->state.bytes;
}

enum { RECORD_SOON = 4 * CACHE_LINE }; /* of a short message, where it is put */

/* ---- storing ---- */

/* Files say at a checkpoint what has changed, and walk through nothing else for it. */
static void mark_changed(struct msgs *m, struct slice subject, struct tree_value *v)
{
    assert(subject.len > 0 && subject.len <= UINT16_MAX);
    if (v->is_dirty || !m->ops->is_file) return;
    uint8_t len[2];
    le_put_u16(len, (uint16_t)subject.len);
    buf_add(&m->changed, slice_of(len, sizeof len));
    buf_add(&m->changed, subject);
    v->is_dirty = true;
}

void msgs_append(struct msgs *m, const struct stored *msg)
{
    struct msgs_state *s = &m->state;
    assert(msg->sequence > s->last_sequence);
    assert(msg->time >= s->last_time || s->last_time == 0);
    bool is_new;
    struct tree_value *v = tree_get(m->tree, msg->subject, &is_new);
    assert(is_new == (v->count == 0));
    m->ops->put(m, msg, v->last);
    if (is_new) v->first = msg->sequence;
    v->last = msg->sequence;
    v->count++;
    mark_changed(m, msg->subject, v);
    if (s->messages == 0) {
        s->first_sequence = msg->sequence;
        s->first_time = msg->time;
    }
    s->messages++;
    s->bytes += msgs_size(m->ops->is_file, msg->subject.len, msg->header.len, msg->payload.len);
    s->last_sequence = msg->sequence;
    s->last_time = msg->time;
}

void msgs_lines(const struct msgs *m, const void *ret[MSGS_LINES])
{
    struct msgs_lines at = { .msgs = m, .tree = m->tree, .tree_top = tree_top(m->tree) };
    if (m->ops->lines != NULL) m->ops->lines(m, &at);
    memcpy(ret, &at, sizeof at);
}

static void sums_soon(const struct msgs_lines *at)
{
    PREFETCH(at->msgs);
    PREFETCH((const struct msgs *)at->msgs + 1); /* what an implementation has behind it */
    PREFETCH(at->tree);
    PREFETCH(at->tree_top);
}

static void place_soon(const struct msgs_lines *at)
{
    assert(at->block != NULL);
    PREFETCH(at->block);
    PREFETCH(at->tail);
    for (uint32_t i = 0; at->record != NULL && i < RECORD_SOON; i += CACHE_LINE)
        PREFETCH((const char *)at->record + i);
    if (at->index == NULL) return;
    PREFETCH(at->index);
    PREFETCH(at->entry);
}

void msgs_soon(const void *const lines[MSGS_LINES], uint32_t part)
{
    struct msgs_lines at;
    memcpy(&at, lines, sizeof at);
    assert(part < 2);
    if (part == 0 && at.msgs != NULL) sums_soon(&at);
    if (part == 1 && at.block != NULL) place_soon(&at);
}

/* All messages are gone, and with them what was not known of some. */
static void clear_subjects(struct msgs *m)
{
    assert(m->tree != NULL);
    m->tree = tree_free(m->tree);
    m->tree = tree_new();
    m->changed.len = 0;
    m->is_cleared = true;
    m->unknown = 0;
    m->state.messages = m->state.bytes = 0;
}

/* Nothing is left: the next message will be the first. */
static void set_empty(struct msgs *m)
{
    struct msgs_state *s = &m->state;
    if (m->unknown > 0) clear_subjects(m);
    assert(s->messages == 0);
    assert(s->bytes == 0);
    assert(tree_count(m->tree) == 0);
    s->first_sequence = s->last_sequence + 1;
    s->first_time = 0;
}

void msgs_skip(struct msgs *m, uint64_t last, nanos time)
{
    struct msgs_state *s = &m->state;
    assert(last >= s->last_sequence);
    s->last_sequence = last;
    if (time > s->last_time) s->last_time = time;
    if (s->messages == 0) set_empty(m);
}

/* ---- removing ---- */

/* What is counted anew because of damage is so much at most: it is done at once. */
enum { RECOUNT_MAX = 1 << 18, RECOUNT_ONE_MAX = 1 << 12 };

bool msgs_is_damaged(const struct msgs *m)
{
    return m->unknown > 0 || m->ops->lost(m, NULL, NULL) > 0;
}

struct between {
    uint64_t first, last;
    bool     is_any;
};

static bool meet(void *ctx, uint64_t first, uint64_t last)
{
    struct between *b = ctx;
    assert(first <= last);
    b->is_any = first <= b->last && last >= b->first;
    return first <= b->last && !b->is_any;
}

static bool has_lost(const struct msgs *m, uint64_t first, uint64_t last)
{
    struct between b = { first, last, false };
    assert(m->ops->lost != NULL);
    if (first > last) return false;
    (void)m->ops->lost(m, meet, &b);
    return b.is_any;
}

/* Some messages of a subject cannot be read: from now on only those count that can. None that can
 * stands below `from`. */
static void recount(struct msgs *m, struct slice subject, uint64_t from)
{
    struct tree_value found = { 0 }, *v;
    assert(subject.len > 0);
    for (uint64_t at = from; m->ops->next_same(m, subject, at, NULL, &at) == ERR_OK; at++) {
        if (found.count++ == 0) found.first = at;
        found.last = at;
    }
    v = tree_find(m->tree, subject);
    if (v == NULL) return;
    mark_changed(m, subject, v);
    v->count = found.count;
    v->is_first_stale = false;
    v->first = found.first;
    v->last = found.last;
    if (found.count > 0) return;
    bool removed = tree_remove(m->tree, subject);
    assert(removed);
}

/* The first of a subject goes. What cannot be read on the way to the next one may have been of this
 * subject: it is never the first, and would stay counted instead of one that can. */
static void index_remove_first(struct msgs *m, struct slice subject, struct tree_value *v)
{
    uint64_t gone = v->first;
    assert(gone > 0);
    assert(v->count > 0);
    enum err e = m->ops->next_same(m, subject, gone + 1, NULL, &v->first);
    uint64_t next = e ? v->last + 1 : v->first;
    if (e) v->is_first_stale = true;
    if (v->count <= RECOUNT_MAX && has_lost(m, gone + 1, next - 1)) recount(m, subject, next);
}

/* The index of a subject that loses one. Its ends are looked for at once, as a body can tell; where
 * damage hides them they are bounds. */
static void index_remove(struct msgs *m, struct slice subject, uint64_t sequence)
{
    struct tree_value *v = tree_find(m->tree, subject);
    if (v == NULL) {
        m->unknown++;                   /* of a message that could not be read before */
        return;
    }
    assert(v->count > 0);
    mark_changed(m, subject, v);
    if (--v->count == 0) {
        bool removed = tree_remove(m->tree, subject);
        assert(removed);
        return;
    }
    enum err e = ERR_OK;
    bool is_one = v->count == 1 && !v->is_first_stale;
    /* what is left stood between two that are gone, and cannot be read, or it had been found */
    if (v->first == sequence && v->last == sequence) e = ERR_CORRUPT;
    else if (v->first == sequence && is_one) v->first = v->last;
    else if (v->last == sequence && is_one) v->last = v->first;
    else if (v->first == sequence) index_remove_first(m, subject, v);
    else if (v->last == sequence)
        e = m->ops->previous_same(m, subject, sequence - 1, NULL, &v->last);
    if (e) v->is_first_stale = true;
}

/* One goes that was shown to nobody, though its subject can be told. When that could not be, it may
 * have been left out where the subject was counted: it is counted again, or too much. */
static void index_remove_lost(struct msgs *m, struct slice subject)
{
    const struct tree_value *v = tree_find(m->tree, subject);
    assert(subject.len > 0);
    if (v == NULL) return;
    if (v->count <= RECOUNT_ONE_MAX) recount(m, subject, 0);
    else m->unknown++;
}

static void advance_first(struct msgs *m)
{
    struct msgs_state *s = &m->state;
    struct slice subject;
    uint64_t size;
    enum err e = m->ops->next(m, s->first_sequence, NULL, &s->first_sequence);
    assert(e == ERR_OK);
    /* of one that is damaged the time is that of the one before */
    (void)m->ops->meta(m, s->first_sequence, NULL, &subject, &size, &s->first_time);
}

/* Messages went of which nobody could tell what to count no more: all that can be read is counted
 * anew, or the stream would be fuller than it is for as long as it has any. */
static void recount_all(struct msgs *m)
{
    struct msgs_state *s = &m->state;
    const uint64_t messages = s->messages;
    struct slice subject;
    uint64_t size;
    nanos time;
    assert(m->ops->is_file && m->unknown > 0);
    assert(messages > 0 && messages <= RECOUNT_MAX);
    clear_subjects(m);
    s->messages = messages;
    for (uint64_t at = s->first_sequence; m->ops->next(m, at, NULL, &at) == ERR_OK; at++) {
        if (m->ops->meta(m, at, NULL, &subject, &size, &time) != ERR_OK) continue;
        bool is_new;
        struct tree_value *v = tree_get(m->tree, subject, &is_new);
        if (is_new) v->first = at;
        v->last = at;
        v->count++;
        s->bytes += size;
        mark_changed(m, subject, v);
    }
}

/* All but the stream's first sequence, which a caller who removes many sets once. Of a message
 * whose subject and size nobody can read any more, those stay counted until all are counted
 * anew. */
static bool take_out(struct msgs *m, uint64_t sequence, uint64_t *ret_size)
{
    struct slice subject;
    char *lost = NULL;
    uint64_t size = 0;
    nanos time;
    enum err e = m->ops->meta(m, sequence, NULL, &subject, &size, &time);
    if (e == ERR_NOTFOUND) return false;
    bool is_lost = e == ERR_OK && UNLIKELY(!m->ops->has(m, sequence));
    if (e != ERR_OK) m->unknown++;
    else if (is_lost) lost = slice_dup(subject);
    else index_remove(m, subject, sequence);
    m->ops->drop(m, sequence);
    if (is_lost) index_remove_lost(m, slice_of(lost, subject.len)); /* its own bytes may be gone */
    xfree(lost);
    assert(m->state.messages > 0);
    assert(m->state.bytes >= size || msgs_is_damaged(m));
    m->state.messages--;
    m->state.bytes -= size < m->state.bytes ? size : m->state.bytes;
    if (ret_size != NULL) *ret_size = size;
    return true;
}

static void after_removal(struct msgs *m)
{
    if (m->state.messages == 0) set_empty(m);
    else if (!m->ops->has(m, m->state.first_sequence)) advance_first(m);
    m->ops->drop_below(m, m->state.first_sequence);
    if (UNLIKELY(m->unknown > 0) && m->state.messages > 0 && m->state.messages <= RECOUNT_MAX &&
        m->ops->has(m, m->state.first_sequence))
        recount_all(m);
}

bool msgs_remove(struct msgs *m, uint64_t sequence, uint64_t *ret_size)
{
    if (!take_out(m, sequence, ret_size)) return false;
    after_removal(m);
    return true;
}

bool msgs_remove_unread(struct msgs *m, uint64_t sequence, struct slice subject)
{
    if (!take_out(m, sequence, NULL)) return false;
    if (subject.len > 0) recount(m, subject, 0);
    after_removal(m);
    return true;
}

uint64_t msgs_compact(struct msgs *m, uint64_t first)
{
    struct msgs_state *s = &m->state;
    uint64_t before = s->messages, at = s->first_sequence;
    if (first <= 1) return 0;           /* nothing stands below: one never used stays so */
    /* all of it, not one by one */
    if (m->ops->is_file && first > s->last_sequence) clear_subjects(m);
    while (s->messages > 0 && m->ops->next(m, at, NULL, &at) == ERR_OK && at < first) {
        bool taken = take_out(m, at++, NULL);
        assert(taken);
    }
    if (first > s->last_sequence) s->last_sequence = first - 1;
    after_removal(m);
    assert(before >= s->messages);
    return before - s->messages;
}

/* The sequence below which the newest `keep` of all messages do not stand. */
static uint64_t bound_of_newest(struct msgs *m, uint64_t keep)
{
    uint64_t at = m->state.last_sequence + 1;
    assert(keep < m->state.messages);
    for (; keep > 0; keep--) {
        enum err e = m->ops->previous(m, at - 1, NULL, &at);
        assert(e == ERR_OK);
    }
    return at;
}

uint64_t msgs_purge(struct msgs *m, const struct msgs_filter *f, uint64_t below, uint64_t keep)
{
    uint64_t end = below == 0 ? m->state.last_sequence + 1 : below, matching, at = 0, gone = 0;
    if (m->state.messages == 0) {
        if (f->count == 0 && keep == 0 && m->state.first_sequence == 0) set_empty(m);
        return 0;
    }
    enum err e = msgs_tally(m, f, 0, false, NULL, &matching);
    assert(e == ERR_OK);
    if (matching <= keep) return 0;
    if (f->count == 0) return msgs_compact(m, keep == 0 ? end : bound_of_newest(m, keep));
    for (uint64_t most = matching - keep; gone < most; gone++) {
        if (msgs_next(m, f, at, NULL, &at) != ERR_OK || at >= end) break;
        bool taken = take_out(m, at++, NULL);
        assert(taken);
    }
    after_removal(m);
    return gone;
}

void msgs_erase(struct msgs *m, uint64_t sequence, void (*done)(void *ctx, enum err), void *ctx)
{
    assert(!msgs_has(m, sequence));
    m->ops->erase(m, sequence, done, ctx);
}

/* ---- what is known of one ---- */

void msgs_wait_cancel(struct msgs_wait *w)
{
    if (w->node.next != NULL) list_remove(&w->node);
}

void msgs_ask_anew(struct msgs_wait *w)
{
    if (w != NULL) msgs_wait_cancel(w);
}

enum err msgs_answer(struct msgs_wait *w, enum err e, bool has_progress)
{
    if (w == NULL) return e;
    if (e == ERR_BUSY && !has_progress) w->rounds++;
    else w->rounds = 0;
    return e;
}

enum err msgs_prepare(struct msgs *m, uint64_t first, uint64_t last, struct msgs_wait *w)
{
    msgs_ask_anew(w);
    assert(first <= last);
    return msgs_answer(w, m->ops->prepare(m, first, last, w), false);
}

enum err msgs_meta(struct msgs *m, uint64_t sequence, struct slice *ret_subject, uint64_t *ret_size)
{
    nanos time;
    return m->ops->meta(m, sequence, NULL, ret_subject, ret_size, &time);
}

bool msgs_has(const struct msgs *m, uint64_t sequence)
{
    return m->ops->has(m, sequence);
}

enum err msgs_load(struct msgs *m, uint64_t sequence, uint32_t ahead, struct msgs_load *load)
{
    return m->ops->load(m, sequence, ahead, load);
}

void msgs_load_cancel(struct msgs *m, struct msgs_load *load)
{
    m->ops->load_cancel(m, load);
}

uint64_t msgs_lost(const struct msgs *m, bool (*each)(void *ctx, uint64_t first, uint64_t last),
                   void *ctx)
{
    return m->ops->lost(m, each, ctx);
}

uint64_t msgs_lost_bytes(const struct msgs *m)
{
    return m->lost_bytes;
}

/* ---- the index ---- */

static bool is_known(const struct tree_value *v)
{
    return v != NULL && v->count > 0;
}

/* Messages that nobody can read hide where a subject begins and ends, or have gone, and nobody
 * could tell whose they were. */
static bool has_ends(const struct msgs *m, const struct tree_value *v)
{
    if (LIKELY(m->unknown == 0 && !v->is_first_stale)) return true;
    return m->ops->has(m, v->first) && m->ops->has(m, v->last);
}

bool msgs_subject(struct msgs *m, struct slice subject, struct msgs_subject *ret)
{
    const struct tree_value *v = tree_find(m->tree, subject);
    if (!is_known(v)) return false;
    if (UNLIKELY(!has_ends(m, v))) {
        recount(m, subject, 0);
        v = tree_find(m->tree, subject);
        if (!is_known(v)) return false;
    }
    *ret = (struct msgs_subject){ v->first, v->last, v->count };
    return true;
}

struct walk {
    bool (*each)(void *ctx, struct slice subject, uint64_t count, uint64_t last);
    void *ctx;
};

static bool walk_one(void *ctx, struct slice subject, struct tree_value *v)
{
    struct walk *w = ctx;
    return v->count == 0 || w->each(w->ctx, subject, v->count, v->last);
}

void msgs_subjects(struct msgs *m, const struct msgs_filter *f, struct slice after,
                   bool (*each)(void *ctx, struct slice subject, uint64_t count, uint64_t last),
                   void *ctx)
{
    struct walk w = { each, ctx };
    assert(f->count <= 1);              /* more would not be in order */
    struct slice pattern = f->count == 0 ? SLICE_LIT("") : f->patterns[0];
    (void)tree_match_after(m->tree, pattern, after, walk_one, &w);
}

/* ---- looking for messages ---- */

bool msgs_matches(const struct msgs_filter *f, struct slice subject)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (subject_matches(f->patterns[i], subject)) return true;
    return f->count == 0;
}

/* Where messages that match can be: from the lowest first to the highest last of their subjects. */
struct extent {
    uint64_t first, last;
    uint64_t subjects;
    bool     is_stale; /* the ends are bounds only */
    struct slice only; /* the subject when there is one; valid until the tree changes */
};

static bool extend(void *ctx, struct slice subject, struct tree_value *v)
{
    struct extent *x = ctx;
    if (v->count == 0) return true;
    if (x->subjects == 0 || v->first < x->first) x->first = v->first;
    if (v->last > x->last) x->last = v->last;
    if (v->is_first_stale) x->is_stale = true;
    if (x->subjects++ == 0) x->only = subject;
    return x->subjects < 2;             /* with several, the whole stream may be looked at */
}

/* False: nothing matches. One literal subject is looked for by its own chain. */
static bool literal_extent(struct msgs *m, const struct msgs_filter *f, struct extent *ret)
{
    *ret = (struct extent){ 0 };
    for (uint32_t i = 0; i < f->count && ret->subjects < 2; i++) {
        if (subject_has_wildcard(f->patterns[i])) {
            (void)tree_match(m->tree, f->patterns[i], extend, ret);
            continue;
        }
        struct tree_value *v = tree_find(m->tree, f->patterns[i]);
        if (v != NULL) (void)extend(ret, f->patterns[i], v);
    }
    if (ret->subjects == 1 && f->count == 1) ret->only = f->patterns[0];
    return ret->subjects > 0;
}

static bool is_literal(const struct msgs_filter *f, const struct extent *x)
{
    return x->subjects == 1 && f->count == 1 && !subject_has_wildcard(f->patterns[0]);
}

enum err msgs_find_next(struct msgs *m, const struct msgs_filter *f, uint64_t from,
                        struct msgs_wait *w, uint64_t *ret)
{
    struct extent x;
    struct slice subject;
    uint64_t size, at = from;
    nanos time;
    if (f->count == 0) return m->ops->next(m, from, w, ret);
    if (!literal_extent(m, f, &x)) return ERR_NOTFOUND;
    if (is_literal(f, &x)) {
        if (from > x.last) return ERR_NOTFOUND;
        bool is_first = from <= x.first && !x.is_stale && m->unknown == 0;
        if (is_first) *ret = x.first;
        return is_first ? ERR_OK : m->ops->next_same(m, x.only, from, w, ret);
    }
    for (;; at++) {
        *ret = at;
        enum err e = m->ops->next(m, at, w, &at);
        if (e == ERR_OK) e = m->ops->meta(m, at, w, &subject, &size, &time);
        if (e == ERR_CORRUPT) continue; /* nobody knows whether it matches; it is listed as lost */
        if (e) return e;
        if (!msgs_matches(f, subject)) continue;
        *ret = at;
        return ERR_OK;
    }
}

enum err msgs_next(struct msgs *m, const struct msgs_filter *f, uint64_t from, struct msgs_wait *w,
                   uint64_t *ret)
{
    msgs_ask_anew(w);
    *ret = from;
    enum err e = msgs_find_next(m, f, from, w, ret);
    return msgs_answer(w, e, *ret != from);
}

static enum err find_last(struct msgs *m, const struct msgs_filter *f, uint64_t up_to,
                          struct msgs_wait *w, uint64_t *ret)
{
    struct extent x;
    struct slice subject;
    uint64_t size, at = up_to;
    nanos time;
    if (f->count == 0) return m->ops->previous(m, at, w, ret);
    if (!literal_extent(m, f, &x)) return ERR_NOTFOUND;
    if (is_literal(f, &x)) {
        if (at < x.first) return ERR_NOTFOUND;
        bool is_last = at >= x.last && !x.is_stale && m->unknown == 0;
        if (is_last) *ret = x.last;
        return is_last ? ERR_OK : m->ops->previous_same(m, x.only, at, w, ret);
    }
    for (; at > 0; at--) {
        *ret = at;
        enum err e = m->ops->previous(m, at, w, &at);
        if (e == ERR_OK) e = m->ops->meta(m, at, w, &subject, &size, &time);
        if (e == ERR_CORRUPT) continue;
        if (e) return e;
        if (!msgs_matches(f, subject)) continue;
        *ret = at;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

enum err msgs_last(struct msgs *m, const struct msgs_filter *f, uint64_t up_to, struct msgs_wait *w,
                   uint64_t *ret)
{
    uint64_t from = up_to == 0 ? m->state.last_sequence : up_to;
    msgs_ask_anew(w);
    *ret = from;
    enum err e = find_last(m, f, from, w, ret);
    return msgs_answer(w, e, *ret != from);
}

struct timed {
    uint64_t sequence;
    nanos    time;
};

/* The first one from ret->sequence on and below `end` of which it is known when it was stored.
 * NOTFOUND: there is none. */
static enum err next_time(struct msgs *m, uint64_t end, struct msgs_wait *w, struct timed *ret)
{
    struct slice subject;
    uint64_t size;
    for (; ret->sequence < end; ret->sequence++) {
        enum err e = m->ops->next(m, ret->sequence, w, &ret->sequence);
        if (e == ERR_OK && ret->sequence >= end) return ERR_NOTFOUND;
        if (e == ERR_OK) e = m->ops->meta(m, ret->sequence, w, &subject, &size, &ret->time);
        if (e != ERR_CORRUPT) return e;
    }
    return ERR_NOTFOUND;
}

/* One that cannot be read counts as what stands behind it. */
static enum err find_time(struct msgs *m, nanos time, struct msgs_wait *w, uint64_t *ret)
{
    uint64_t low = m->state.first_sequence, high = m->state.last_sequence + 1;
    if (m->state.messages == 0) {
        *ret = m->state.last_sequence + 1;
        return ERR_OK;
    }
    /* all below `low` are too old, all from `high` on are not */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct timed at = { .sequence = middle };
        enum err e = next_time(m, high, w, &at);
        if (e != ERR_OK && e != ERR_NOTFOUND) return e;
        if (e == ERR_OK && at.time < time) low = at.sequence + 1;
        else high = middle;
    }
    enum err e = m->ops->next(m, low, w, ret);
    if (e != ERR_NOTFOUND) return e;
    *ret = m->state.last_sequence + 1;
    return ERR_OK;
}

enum err msgs_at_time(struct msgs *m, nanos time, struct msgs_wait *w, uint64_t *ret)
{
    msgs_ask_anew(w);
    return msgs_answer(w, find_time(m, time, w, ret), false);
}

/* ---- gaps ---- */

void msgs_deleted(const struct msgs *m, bool (*each)(void *ctx, uint64_t first, uint64_t last),
                  void *ctx)
{
    struct msgs *mutable = (struct msgs *)(uintptr_t)m;     /* questions change nothing */
    uint64_t at = m->state.first_sequence, next;
    if (m->state.messages == 0) return;
    while (at <= m->state.last_sequence) {
        enum err e = m->ops->next(mutable, at, NULL, &next);
        if (e == ERR_NOTFOUND) next = m->state.last_sequence + 1;
        if (next > at && !each(ctx, at, next - 1)) return;
        at = next + 1;
    }
}

/* ---- invariants ---- */

struct tally {
    uint64_t messages, subjects;
    bool     is_damaged; /* what is not known of some is still counted */
};

static bool tally_one(void *ctx, struct slice subject, struct tree_value *v)
{
    struct tally *t = ctx;
    (void)subject;
    assert(v->count > 0);
    assert(v->first <= v->last || t->is_damaged);
    assert((v->count == 1) == (v->first == v->last) || t->is_damaged);
    t->messages += v->count;
    t->subjects++;
    return true;
}

void msgs_check(struct msgs *m)
{
    const struct msgs_state *s = &m->state;
    struct tally t = { .is_damaged = msgs_is_damaged(m) };
    (void)tree_match(m->tree, SLICE_LIT(""), tally_one, &t);
    assert(t.messages <= s->messages + m->unknown);
    assert(t.messages == s->messages || t.is_damaged);
    assert(t.subjects == tree_count(m->tree));
    assert(s->messages > 0 || s->bytes == 0);
    assert(s->messages == 0 || s->first_sequence + s->messages <= s->last_sequence + 1);
    m->ops->check(m);
}
