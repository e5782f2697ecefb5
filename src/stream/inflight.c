/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of entries, oldest first. A small one is looked through; beside a larger one stand two
 * hash tables that hold, by subject and by id, the ring position of the newest entry, which counts
 * those of its subject. An entry that is taken is the oldest, so it
 * stands in a table only when it is the last of its subject or id. Removal shifts back what
 * follows, so that no cost grows with history.
 *
 * With many streams each message waits for the memory of another one: the head is a line, an entry
 * is one, and the texts of a few stand behind the ring. */
#include "stream/inflight.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/near.h"
#include "subject/subject.h"

enum {
    FIRST_CAP = 8,      /* has no tables */
    FIRST_TEXTS = 256,  /* bytes behind the first ring */
};

struct inflight_entry {
    uint64_t sequence;
    uint64_t id;
    uint32_t hash;     /* of the subject */
    uint32_t size;
    uint32_t count;    /* messages of this subject up to this one, from when none was in flight */
    uint32_t taken;    /* newest of its subject: how many of them are in flight no more */
    uint32_t texts;    /* offset in `texts` */
    uint32_t reply_len;
    uint32_t value_len;
    uint32_t sources_len;
    /* how many entries ago the newest of this subject, or id, was until then; 0: there was none */
    uint32_t before_subject;
    uint32_t before_id;
    uint16_t subject_len;
    bool     is_unwanted;    /* not in by_subject */
    bool     is_schedule;
};
_Static_assert(sizeof(struct inflight_entry) == CACHE_LINE, "an entry is a line");

static void start_anew(struct inflight *f)
{
    assert(f->count == 0 && f->bytes == 0);
    f->first = 1;
    f->texts_len = 0;
}

void inflight_init(struct inflight *f, uint64_t hash_seed)
{
    *f = (struct inflight){ .seed = hash_seed };
    start_anew(f);
}

/* Behind the first one stand its texts. */
static size_t ring_bytes(uint32_t cap)
{
    size_t entries = cap * sizeof(struct inflight_entry);
    return cap == FIRST_CAP ? entries + FIRST_TEXTS : entries;
}

static bool has_own_texts(const struct inflight *f)
{
    assert(f->texts_cap == 0 || f->texts_cap >= FIRST_TEXTS);
    return f->texts_cap > FIRST_TEXTS;
}

void inflight_deinit(struct inflight *f)
{
    if (has_own_texts(f)) xfree(f->texts);
    near_free(f->ring, ring_bytes(f->cap));
    xfree(f->by_subject);
    inflight_init(f, f->seed);
}

uint32_t inflight_count(const struct inflight *f)
{
    return f->count;
}

uint64_t inflight_bytes(const struct inflight *f)
{
    return f->bytes;
}

/* Position behind the newest. */
static uint64_t next(const struct inflight *f)
{
    return f->first + f->count;
}

static struct inflight_entry *at(const struct inflight *f, uint64_t position)
{
    assert(position >= f->first && position < next(f));
    return &f->ring[position & (f->cap - 1)];
}

uint64_t inflight_last(const struct inflight *f)
{
    return f->count == 0 ? 0 : at(f, next(f) - 1)->sequence;
}

static struct slice subject_of(const struct inflight *f, const struct inflight_entry *e)
{
    return slice_of(f->texts + e->texts, e->subject_len);
}

static uint32_t hash_of(const struct inflight *f, struct slice subject)
{
    return (uint32_t)hash_bytes(subject, f->seed);
}

/* ---- tables ---- */

static uint32_t mask(const struct inflight *f)
{
    return f->cap * 2 - 1;
}

static uint64_t *by_id(const struct inflight *f)
{
    assert(f->by_subject != NULL);
    return f->by_subject + (size_t)f->cap * 2;
}

/* The slot that holds this subject's newest entry, or the free one where it would stand. */
static uint64_t *subject_slot(const struct inflight *f, struct slice subject, uint32_t hash)
{
    uint32_t i = hash & mask(f);
    while (f->by_subject[i] != 0) {
        const struct inflight_entry *e = at(f, f->by_subject[i]);
        if (e->hash == hash && slice_equal(subject_of(f, e), subject)) break;
        i = (i + 1) & mask(f);
    }
    return &f->by_subject[i];
}

static uint64_t *id_slot(const struct inflight *f, uint64_t id)
{
    uint64_t *table = by_id(f);
    uint32_t i = (uint32_t)hash_u64(id) & mask(f);
    while (table[i] != 0 && at(f, table[i])->id != id) i = (i + 1) & mask(f);
    return &table[i];
}

static bool has_tables(const struct inflight *f)
{
    return f->cap > FIRST_CAP;
}

/* The position of a subject's newest entry; 0: none is in flight. */
static uint64_t newest_at(const struct inflight *f, struct slice subject, uint32_t hash)
{
    if (has_tables(f)) return *subject_slot(f, subject, hash);
    for (uint64_t p = next(f); p-- > f->first;) {
        const struct inflight_entry *e = at(f, p);
        if (e->hash != hash || e->is_unwanted) continue;
        if (slice_equal(subject_of(f, e), subject)) return p;
    }
    return 0;
}

/* … of an id. */
static uint64_t id_at(const struct inflight *f, uint64_t id)
{
    if (has_tables(f)) return *id_slot(f, id);
    for (uint64_t p = next(f); p-- > f->first;)
        if (at(f, p)->id == id) return p;
    return 0;
}

static uint32_t home_of(const struct inflight *f, const uint64_t *table, uint64_t position)
{
    const struct inflight_entry *e = at(f, position);
    uint32_t hash = table == f->by_subject ? e->hash : (uint32_t)hash_u64(e->id);
    return hash & mask(f);
}

/* Frees a slot; those behind it that could not stand nearer to their home move up. */
static void slot_clear(struct inflight *f, uint64_t *table, const uint64_t *slot)
{
    uint32_t hole = (uint32_t)(slot - table);
    for (uint32_t i = (hole + 1) & mask(f); table[i] != 0; i = (i + 1) & mask(f)) {
        uint32_t home = home_of(f, table, table[i]);
        if (((i - home) & mask(f)) < ((i - hole) & mask(f))) continue;
        table[hole] = table[i];
        hole = i;
    }
    table[hole] = 0;
}

static void enter(struct inflight *f, uint64_t position)
{
    struct inflight_entry *e = at(f, position);
    if (!e->is_unwanted) *subject_slot(f, subject_of(f, e), e->hash) = position;
    if (e->id != 0) *id_slot(f, e->id) = position;
}

/* Texts leave the memory of the ring, or what they have is too small. */
static void texts_move(struct inflight *f, uint64_t cap)
{
    assert(cap > FIRST_TEXTS && cap >= f->texts_len && cap <= UINT32_MAX);
    if (has_own_texts(f)) {
        f->texts = xrealloc(f->texts, cap);
    } else {
        uint8_t *texts = xalloc(cap);
        memcpy(texts, f->texts, f->texts_len);
        f->texts = texts;
    }
    f->texts_cap = (uint32_t)cap;
}

static void first_ring(struct inflight *f)
{
    assert(f->cap == 0 && f->count == 0);
    f->ring = near_alloc(ring_bytes(FIRST_CAP));
    f->texts = (uint8_t *)(f->ring + FIRST_CAP);
    f->cap = FIRST_CAP;
    f->texts_cap = FIRST_TEXTS;
}

static void grow(struct inflight *f)
{
    uint32_t cap = f->cap * 2;
    if (cap == 0) {
        first_ring(f);
        return;
    }
    struct inflight_entry *ring = near_alloc(ring_bytes(cap));
    for (uint64_t p = f->first; p < next(f); p++) ring[p & (cap - 1)] = *at(f, p);
    if (!has_own_texts(f)) texts_move(f, FIRST_TEXTS * 2);
    near_free(f->ring, ring_bytes(f->cap));
    xfree(f->by_subject);
    f->ring = ring;
    f->cap = cap;
    f->by_subject = xcalloc((size_t)cap * 4, sizeof *f->by_subject);
    for (uint64_t p = f->first; p < next(f); p++) enter(f, p);
}

static uint32_t texts_end(const struct inflight_entry *e)
{
    return e->texts + e->subject_len + e->reply_len + e->value_len + e->sources_len;
}

/* ---- texts: entries refer by offset, so the front is dropped only when it is cheap ---- */

static uint32_t texts_first(const struct inflight *f)
{
    return f->count == 0 ? f->texts_len : at(f, f->first)->texts;
}

static void texts_compact(struct inflight *f, uint32_t first)
{
    if (first == 0) return;
    assert(first <= f->texts_len);
    memmove(f->texts, f->texts + first, f->texts_len - first);
    for (uint64_t p = f->first; p < next(f); p++) at(f, p)->texts -= first;
    f->texts_len -= first;
}

static uint32_t texts_add(struct inflight *f, const struct inflight_message *m)
{
    const struct slice texts[] = { m->subject, m->reply, m->value, m->sources };
    uint64_t need = (uint64_t)m->subject.len + m->reply.len + m->value.len + m->sources.len;
    if (f->texts_len + need > f->texts_cap) {
        /* at most one move of a byte for each byte that was dropped */
        uint32_t first = texts_first(f);
        if (first > f->texts_len / 2) texts_compact(f, first);
    }
    if (f->texts_len + need > f->texts_cap) texts_move(f, (f->texts_len + need) * 2);
    uint32_t offset = f->texts_len;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i].len > 0) memcpy(f->texts + f->texts_len, texts[i].ptr, texts[i].len);
        f->texts_len += texts[i].len;
    }
    assert(f->texts_len == offset + need);
    return offset;
}

/* ---- what others call ---- */

void inflight_add(struct inflight *f, const struct inflight_message *m)
{
    assert(m->subject.len > 0 && m->subject.len <= UINT16_MAX);
    assert(m->size <= UINT32_MAX);
    assert(m->sequence > inflight_last(f));
    if (f->count == f->cap) grow(f);
    uint32_t hash = hash_of(f, m->subject);
    uint64_t newest = m->is_unwanted ? 0 : newest_at(f, m->subject, hash);
    struct inflight_entry none = { 0 };
    struct inflight_entry before = newest == 0 ? none : *at(f, newest);
    uint64_t position = next(f), before_id = m->id == 0 ? 0 : id_at(f, m->id);
    uint32_t offset = texts_add(f, m);
    f->count++;
    *at(f, position) = (struct inflight_entry){
        .sequence = m->sequence,
        .id = m->id,
        .size = (uint32_t)m->size,
        .hash = hash,
        .count = before.count + 1,
        .taken = before.taken,
        .texts = offset,
        .subject_len = (uint16_t)m->subject.len,
        .reply_len = m->reply.len,
        .value_len = m->value.len,
        .sources_len = m->sources.len,
        .is_unwanted = m->is_unwanted,
        .is_schedule = m->is_schedule,
        .before_subject = newest == 0 ? 0 : (uint32_t)(position - newest),
        .before_id = before_id == 0 ? 0 : (uint32_t)(position - before_id),
    };
    f->bytes += m->size;
    if (has_tables(f)) enter(f, position);
}

/* The oldest is in flight no more. */
static void leave_subject(struct inflight *f, const struct inflight_entry *e)
{
    struct slice subject = subject_of(f, e);
    const uint64_t *slot = has_tables(f) ? subject_slot(f, subject, e->hash) : NULL;
    uint64_t newest = slot != NULL ? *slot : newest_at(f, subject, e->hash);
    assert(newest >= f->first);
    if (newest != f->first) at(f, newest)->taken = e->count;
    else if (slot != NULL) slot_clear(f, f->by_subject, slot);
}

static void leave_id(struct inflight *f, uint64_t id)
{
    if (!has_tables(f)) return;
    const uint64_t *slot = id_slot(f, id);
    if (*slot == f->first) slot_clear(f, by_id(f), slot);
}

void inflight_take(struct inflight *f, struct inflight_message *ret)
{
    assert(f->count > 0);
    struct inflight_entry e = *at(f, f->first);
    struct slice subject = subject_of(f, &e);
    *ret = (struct inflight_message){
        .sequence = e.sequence,
        .id = e.id,
        .size = e.size,
        .is_unwanted = e.is_unwanted,
        .subject = subject,
        .reply = slice_of(subject.ptr + e.subject_len, e.reply_len),
        .value = slice_of(subject.ptr + e.subject_len + e.reply_len, e.value_len),
    };
    if (!e.is_unwanted) leave_subject(f, &e);
    if (e.id != 0) leave_id(f, e.id);
    assert(f->bytes >= e.size);
    f->bytes -= e.size;
    f->first++;
    if (--f->count == 0) start_anew(f);
}

/* The slot of the newest entry, which goes: it holds what it held before, if that is still
 * there. */
static void slot_undo(struct inflight *f, uint64_t *table, uint64_t *slot, uint64_t before)
{
    assert(*slot == next(f) - 1);
    if (before >= f->first) *slot = before;
    else slot_clear(f, table, slot);
}

void inflight_undo(struct inflight *f)
{
    assert(f->count > 0);
    uint64_t position = next(f) - 1;
    const struct inflight_entry *e = at(f, position);
    uint64_t before_subject = e->before_subject == 0 ? 0 : position - e->before_subject;
    uint64_t before_id = e->before_id == 0 ? 0 : position - e->before_id;
    if (!e->is_unwanted && before_subject >= f->first) at(f, before_subject)->taken = e->taken;
    if (has_tables(f) && !e->is_unwanted)
        slot_undo(f, f->by_subject, subject_slot(f, subject_of(f, e), e->hash), before_subject);
    if (has_tables(f) && e->id != 0) slot_undo(f, by_id(f), id_slot(f, e->id), before_id);
    assert(f->bytes >= e->size);
    f->bytes -= e->size;
    f->texts_len = e->texts;
    if (--f->count == 0) start_anew(f);
}

uint64_t inflight_last_of(const struct inflight *f, struct slice subject, uint32_t *ret_count)
{
    *ret_count = 0;
    if (f->count == 0) return 0;
    uint64_t position = newest_at(f, subject, hash_of(f, subject));
    if (position == 0) return 0;
    const struct inflight_entry *e = at(f, position);
    assert(e->count > e->taken);
    *ret_count = e->count - e->taken;
    return e->sequence;
}

/* The newest of a subject; NULL: none is in flight. */
static const struct inflight_entry *newest_of(const struct inflight *f, struct slice subject)
{
    assert(subject.len > 0);
    if (f->count == 0) return NULL;
    uint64_t position = newest_at(f, subject, hash_of(f, subject));
    assert(position == 0 || (position >= f->first && position < next(f)));
    return position == 0 ? NULL : at(f, position);
}

bool inflight_is_schedule(const struct inflight *f, struct slice subject)
{
    const struct inflight_entry *e = newest_of(f, subject);
    assert(subject.len > 0);
    return e != NULL && e->is_schedule;
}

struct slice inflight_value_of(const struct inflight *f, struct slice subject)
{
    const struct inflight_entry *e = newest_of(f, subject);
    if (e == NULL) return SLICE_LIT("");
    assert(texts_end(e) <= f->texts_len);
    return slice_of(f->texts + e->texts + e->subject_len + e->reply_len, e->value_len);
}

struct slice inflight_sources_of(const struct inflight *f, struct slice subject)
{
    const struct inflight_entry *e = newest_of(f, subject);
    if (e == NULL) return SLICE_LIT("");
    assert(texts_end(e) <= f->texts_len);
    return slice_of(f->texts + texts_end(e) - e->sources_len, e->sources_len);
}

uint64_t inflight_last_matching(const struct inflight *f, struct slice pattern, uint64_t before)
{
    assert(pattern.len > 0);
    for (uint64_t p = next(f); p > f->first; p--) {
        const struct inflight_entry *e = at(f, p - 1);
        if (e->is_unwanted || e->sequence >= before) continue;
        if (subject_matches(pattern, subject_of(f, e))) return e->sequence;
    }
    return 0;
}

bool inflight_has_since(const struct inflight *f, struct slice subject, uint64_t first)
{
    assert(first > 0);
    for (uint64_t p = next(f); p > f->first; p--) {
        const struct inflight_entry *e = at(f, p - 1);
        if (e->sequence < first) return false;
        if (slice_equal(subject, subject_of(f, e))) return true;
    }
    return false;
}

/* A short subject and reply. */
static void texts_soon(const uint8_t *texts)
{
    PREFETCH(texts);
    PREFETCH(texts + CACHE_LINE);
}

void inflight_soon(const struct inflight *f, uint32_t step)
{
    assert(f->cap > 0 || f->count == 0);
    if (f->count == 0) return;
    if (step == 0) {
        PREFETCH(&f->ring[f->first & (f->cap - 1)]);
        if (!has_tables(f)) texts_soon(f->texts);
    } else if (step == 1 && has_tables(f)) {
        const struct inflight_entry *e = at(f, f->first);
        texts_soon(f->texts + e->texts);
        PREFETCH(&f->by_subject[e->hash & mask(f)]);
    }
}

void inflight_add_soon(const struct inflight *f)
{
    assert(f->cap > 0 || f->count == 0);
    if (f->cap == 0) return;
    PREFETCH(&f->ring[next(f) & (f->cap - 1)]);
    texts_soon(f->texts + f->texts_len);
}

uint64_t inflight_find_id(const struct inflight *f, uint64_t id)
{
    assert(id != 0);
    if (f->count == 0) return 0;
    uint64_t position = id_at(f, id);
    return position == 0 ? 0 : at(f, position)->sequence;
}

void inflight_check(const struct inflight *f)
{
    uint64_t bytes = 0, last = 0;
    uint32_t slots = 0;
    for (uint64_t p = f->first; p < next(f); p++) {
        const struct inflight_entry *e = at(f, p);
        assert(e->sequence > last);
        last = e->sequence;
        bytes += e->size;
        uint64_t newest = e->is_unwanted ? 0 : newest_at(f, subject_of(f, e), e->hash);
        assert(newest >= p || e->is_unwanted);
        assert(e->id == 0 || id_at(f, e->id) >= p);
        assert(e->texts >= texts_first(f) && texts_end(e) <= f->texts_len);
        slots += newest == p && has_tables(f);
    }
    assert(bytes == f->bytes);
    assert(f->count <= f->cap);
    assert(has_tables(f) == (f->by_subject != NULL));
    for (uint32_t i = 0; has_tables(f) && i <= mask(f); i++) slots -= f->by_subject[i] != 0;
    assert(slots == 0);
}
