/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block_index.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/near.h"

enum { GROW_FIRST = 8, SLOTS_FIRST = 16, TEXTS_FIRST = 128, ENTRIES_MAX = 1 << 30 };

struct block_index *block_index_new(uint64_t first_sequence, uint64_t hash_seed)
{
    struct block_index *x = near_zalloc(sizeof *x);
    assert(first_sequence > 0);
    x->first = first_sequence;
    x->seed = hash_seed;
    return x;
}

struct block_index *block_index_free(struct block_index *x)
{
    if (x == NULL) return NULL;
    xfree(x->entries);
    xfree(x->chunks);
    xfree(x->subjects);
    xfree(x->texts);
    xfree(x->slots);
    return near_free(x, sizeof *x);
}

uint64_t block_index_memory(const struct block_index *x)
{
    return sizeof *x + x->entries_cap * sizeof *x->entries + x->chunks_cap * sizeof *x->chunks +
           x->subjects_cap * sizeof *x->subjects + x->texts_cap + x->slots_count * sizeof *x->slots;
}

/* Room for one more: by a half, so that what an open block holds is used. */
static void *grow(void *at, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap) return at;
    *cap = *cap == 0 ? GROW_FIRST : *cap + *cap / 2;
    assert(*cap > count && count < ENTRIES_MAX);
    return xrealloc(at, *cap * size);
}

/* ---- subjects ---- */

static struct slice subject_text(const struct block_index *x, uint32_t number)
{
    assert(number < x->subjects_count);
    return slice_of(x->texts + x->subjects[number].text, x->subjects[number].len);
}

static uint32_t hash_of(const struct block_index *x, struct slice subject)
{
    return (uint32_t)hash_bytes(subject, x->seed);
}

/* Where it is, or would be. */
static uint32_t *slot_of(const struct block_index *x, struct slice subject, uint32_t hash)
{
    uint32_t mask = x->slots_count - 1, at = hash & mask;
    assert(x->slots_count > 0);
    for (; x->slots[at] != 0; at = (at + 1) & mask) {
        uint32_t number = x->slots[at] - 1;
        if (x->subjects[number].hash != hash) continue;
        if (slice_equal(subject_text(x, number), subject)) break;
    }
    return &x->slots[at];
}

static void make_slots(struct block_index *x, uint32_t count)
{
    assert((count & (count - 1)) == 0 && count > x->subjects_count);
    xfree(x->slots);
    x->slots = xcalloc(count, sizeof *x->slots);
    x->slots_count = count;
    for (uint32_t i = 0; i < x->subjects_count; i++) {
        uint32_t at = x->subjects[i].hash & (count - 1);
        while (x->slots[at] != 0) at = (at + 1) & (count - 1);
        x->slots[at] = i + 1;
    }
}

uint32_t block_index_subject(const struct block_index *x, struct slice subject)
{
    if (x->slots_count == 0) return ENTRY_NONE;
    uint32_t slot = *slot_of(x, subject, hash_of(x, subject));
    return slot == 0 ? ENTRY_NONE : slot - 1;
}

static uint32_t add_text(struct block_index *x, struct slice text)
{
    uint32_t at = x->texts_len;
    if (x->texts_cap - at < text.len) {
        uint32_t cap = x->texts_cap == 0 ? TEXTS_FIRST : x->texts_cap + x->texts_cap / 2;
        x->texts_cap = cap < at + text.len ? at + text.len : cap;
        x->texts = xrealloc(x->texts, x->texts_cap);
    }
    memcpy(x->texts + at, text.ptr, text.len);
    x->texts_len += text.len;
    return at;
}

/* Of the newest message; there is one. */
static uint32_t last_subject(const struct block_index *x)
{
    assert(x->entries_count > 0);
    return x->entries[x->entries_count - 1].subject & ~ENTRY_HAS_HEADER;
}

/* Many streams have one subject: nothing has to be looked up. */
static bool is_last_subject(const struct block_index *x, struct slice subject, uint32_t hash)
{
    if (x->entries_count == 0) return false;
    uint32_t number = last_subject(x);
    return x->subjects[number].hash == hash && slice_equal(subject_text(x, number), subject);
}

/* Its number; a new one has no entry yet. */
static uint32_t subject_get(struct block_index *x, struct slice subject, uint64_t before)
{
    uint32_t hash = hash_of(x, subject);
    assert(subject.len > 0 && subject.len <= UINT16_MAX);
    if (is_last_subject(x, subject, hash)) return last_subject(x);
    if (x->slots_count < 2 * (x->subjects_count + 1))
        make_slots(x, x->slots_count == 0 ? SLOTS_FIRST : x->slots_count * 2);
    uint32_t *slot = slot_of(x, subject, hash);
    if (*slot != 0) return *slot - 1;
    x->subjects = grow(x->subjects, x->subjects_count, &x->subjects_cap, sizeof *x->subjects);
    x->subjects[x->subjects_count] = (struct block_subject){
        .before = before,
        .text = add_text(x, subject),
        .hash = hash,
        .first = ENTRY_NONE,
        .last = ENTRY_NONE,
        .len = (uint16_t)subject.len,
    };
    *slot = ++x->subjects_count;
    return x->subjects_count - 1;
}

void block_index_erase_subject(struct block_index *x, uint32_t subject)
{
    assert(subject < x->subjects_count);
    memset(x->texts + x->subjects[subject].text, 0, x->subjects[subject].len);
    x->subjects[subject].hash = hash_of(x, subject_text(x, subject));
    make_slots(x, x->slots_count);
}

/* ---- messages ---- */

void block_index_begin_chunk(struct block_index *x)
{
    assert(x->chunks_count == 0 || x->chunks[x->chunks_count - 1].first_entry < x->entries_count);
    x->chunks = grow(x->chunks, x->chunks_count, &x->chunks_cap, sizeof *x->chunks);
    x->chunks[x->chunks_count++] = (struct block_chunk){ .first_entry = x->entries_count };
}

/* Behind all others of its subject. */
static void link_last(struct block_index *x, uint32_t entry)
{
    struct block_entry *e = &x->entries[entry];
    struct block_subject *s = &x->subjects[e->subject & ~ENTRY_HAS_HEADER];
    assert(s->last == ENTRY_NONE || s->last < entry);
    e->previous = s->last;
    e->next = ENTRY_NONE;
    if (s->last == ENTRY_NONE) s->first = entry;
    else x->entries[s->last].next = entry;
    s->last = entry;
}

void block_index_add(struct block_index *x, const struct stored *m, uint64_t previous)
{
    assert(x->chunks_count > 0 && m->sequence >= x->first);
    assert(m->sequence - x->first <= UINT32_MAX);
    assert(x->entries_count == 0 || entry_sequence(x, x->entries_count - 1) < m->sequence);
    struct block_chunk *c = &x->chunks[x->chunks_count - 1];
    uint32_t len = message_len(m);
    x->entries = grow(x->entries, x->entries_count, &x->entries_cap, sizeof *x->entries);
    uint32_t subject = subject_get(x, m->subject, previous);
    x->entries[x->entries_count] = (struct block_entry){
        .delta = (uint32_t)(m->sequence - x->first),
        .position = c->plain,
        .length = len,
        .subject = subject | (m->header.len > 0 ? ENTRY_HAS_HEADER : 0),
        .time = m->time,
    };
    c->plain += len;
    link_last(x, x->entries_count++);
}

/* ---- looking ---- */

uint32_t block_index_from(const struct block_index *x, uint64_t sequence)
{
    uint32_t low = 0, high = x->entries_count;
    if (sequence <= x->first) return 0;
    uint64_t delta = sequence - x->first;
    /* Without gaps in front of it that is where it stands. */
    if (delta < high && x->entries[delta].delta == delta) return (uint32_t)delta;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->entries[middle].delta < delta) low = middle + 1;
        else high = middle;
    }
    return low;
}

uint32_t block_index_find(const struct block_index *x, uint64_t sequence)
{
    if (sequence < x->first) return ENTRY_NONE;
    uint32_t i = block_index_from(x, sequence);
    return i < x->entries_count && entry_sequence(x, i) == sequence ? i : ENTRY_NONE;
}

/* Along the subject's own messages from the nearer end, or through all from `at` on in step with
 * it: whichever comes first. So one that has few is found by them, and one that has all at once. */
uint32_t block_index_next_same(const struct block_index *x, struct slice subject, uint64_t from)
{
    uint32_t number = block_index_subject(x, subject), at = block_index_from(x, from);
    if (number == ENTRY_NONE) return ENTRY_NONE;
    const struct block_subject *s = &x->subjects[number];
    if (s->last < at) return ENTRY_NONE;
    if (s->first >= at) return s->first;
    uint32_t chain = s->last;
    for (;; at++) {
        assert(at < x->entries_count);
        if ((x->entries[at].subject & ~ENTRY_HAS_HEADER) == number) return at;
        uint32_t before = x->entries[chain].previous;
        if (before < at) return chain; /* there is one below: `first` is */
        chain = before;
    }
}

uint32_t block_index_previous_same(const struct block_index *x, struct slice subject,
                                   uint64_t up_to)
{
    uint32_t number = block_index_subject(x, subject);
    if (number == ENTRY_NONE || up_to < x->first) return ENTRY_NONE;
    uint32_t end = up_to == UINT64_MAX ? x->entries_count : block_index_from(x, up_to + 1);
    const struct block_subject *s = &x->subjects[number];
    if (s->first >= end) return ENTRY_NONE;
    if (s->last < end) return s->last;
    uint32_t chain = s->first;
    for (uint32_t at = end - 1;; at--) {
        if ((x->entries[at].subject & ~ENTRY_HAS_HEADER) == number) return at;
        uint32_t behind = x->entries[chain].next;
        if (behind > at) return chain; /* there is one above: `last` is */
        chain = behind;
    }
}

uint32_t block_index_chunk_of(const struct block_index *x, uint32_t entry)
{
    uint32_t low = 0, high = x->chunks_count - 1;
    assert(entry < x->entries_count && x->chunks_count > 0);
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (x->chunks[middle].first_entry <= entry) low = middle;
        else high = middle - 1;
    }
    return low;
}

/* ---- footers ---- */

uint32_t block_index_encoded_len(const struct block_index *x)
{
    uint64_t len = FOOTER_HEAD + (uint64_t)x->chunks_count * FOOTER_CHUNK +
                   (uint64_t)x->subjects_count * FOOTER_SUBJECT +
                   (uint64_t)x->entries_count * FOOTER_MESSAGE + x->texts_len;
    assert(len <= PART_BODY_MAX);
    return (uint32_t)len;
}

void block_index_encode(const struct block_index *x, uint8_t *to)
{
    const uint8_t *begin = to;
    assert(!x->has_holes);
    le_put_u32(to + FOOTER_CHUNKS, x->chunks_count);
    le_put_u32(to + FOOTER_SUBJECTS, x->subjects_count);
    to += FOOTER_HEAD;
    for (uint32_t i = 0; i < x->chunks_count; i++, to += FOOTER_CHUNK) {
        const struct block_chunk *c = &x->chunks[i];
        le_put_u64(to, c->offset);
        le_put_u32(to + 8, c->stored);
        le_put_u32(to + 12, c->plain);
        le_put_u32(to + 16, chunk_end(x, i) - c->first_entry);
        le_put_u32(to + 20, c->flags);
    }
    for (uint32_t i = 0; i < x->subjects_count; i++, to += FOOTER_SUBJECT) {
        le_put_u64(to, x->subjects[i].before);
        le_put_u16(to + 8, x->subjects[i].len);
    }
    for (uint32_t i = 0; i < x->entries_count; i++, to += FOOTER_MESSAGE) {
        const struct block_entry *e = &x->entries[i];
        le_put_u32(to, e->delta);
        le_put_u32(to + 4, e->length);
        le_put_u32(to + 8, e->subject);
        le_put_u64(to + 12, (uint64_t)e->time);
    }
    if (x->texts_len > 0) memcpy(to, x->texts, x->texts_len);
    assert((uint64_t)(to - begin) + x->texts_len == block_index_encoded_len(x));
}

struct footer {
    struct slice chunks, subjects, messages, texts;
};

static bool cut(struct slice body, uint32_t messages, struct footer *ret)
{
    if (body.len < FOOTER_HEAD) return false;
    uint64_t chunks = (uint64_t)le_get_u32(body.ptr + FOOTER_CHUNKS) * FOOTER_CHUNK;
    uint64_t subjects = (uint64_t)le_get_u32(body.ptr + FOOTER_SUBJECTS) * FOOTER_SUBJECT;
    uint64_t entries = (uint64_t)messages * FOOTER_MESSAGE;
    uint64_t fixed = FOOTER_HEAD + chunks + subjects + entries;
    if (fixed > body.len || chunks == 0 || subjects == 0) return false;
    const uint8_t *at = body.ptr + FOOTER_HEAD;
    ret->chunks = slice_of(at, chunks);
    ret->subjects = slice_of(at + chunks, subjects);
    ret->messages = slice_of(at + chunks + subjects, entries);
    ret->texts = slice_of(at + chunks + subjects + entries, body.len - fixed);
    return true;
}

static bool decode_subjects(struct block_index *x, const struct footer *f)
{
    uint32_t at = 0, count = f->subjects.len / FOOTER_SUBJECT, slots = SLOTS_FIRST;
    x->subjects = xalloc(count * sizeof *x->subjects);
    x->subjects_cap = count;
    x->texts = xalloc(f->texts.len);
    x->texts_cap = x->texts_len = f->texts.len;
    if (f->texts.len > 0) memcpy(x->texts, f->texts.ptr, f->texts.len);
    for (; x->subjects_count < count; x->subjects_count++) {
        const uint8_t *from = f->subjects.ptr + (size_t)x->subjects_count * FOOTER_SUBJECT;
        uint16_t len = le_get_u16(from + 8);
        if (len == 0 || len > f->texts.len - at) return false;
        x->subjects[x->subjects_count] = (struct block_subject){
            .before = le_get_u64(from),
            .text = at,
            .hash = hash_of(x, slice_of(x->texts + at, len)),
            .first = ENTRY_NONE,
            .last = ENTRY_NONE,
            .len = len,
        };
        at += len;
    }
    while (slots < 2 * count) slots *= 2;
    make_slots(x, slots);
    return at == f->texts.len;
}

/* Those of one chunk. Their lengths must be its. */
static bool decode_messages(struct block_index *x, const struct footer *f, uint32_t count,
                            uint64_t span)
{
    struct block_chunk *c = &x->chunks[x->chunks_count - 1];
    uint64_t position = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *from = f->messages.ptr + (size_t)x->entries_count * FOOTER_MESSAGE;
        struct block_entry e = {
            .delta = le_get_u32(from),
            .position = (uint32_t)position,
            .length = le_get_u32(from + 4),
            .subject = le_get_u32(from + 8),
            .time = (nanos)le_get_u64(from + 12),
        };
        uint32_t subject = e.subject & ~ENTRY_HAS_HEADER;
        bool ascends = x->entries_count == 0 || e.delta > x->entries[x->entries_count - 1].delta;
        if (!ascends || e.delta > span || subject >= x->subjects_count) return false;
        if (e.length < (uint32_t)MESSAGE_HEAD + x->subjects[subject].len) return false;
        position += e.length;
        if (position > c->plain) return false;
        x->entries[x->entries_count] = e;
        link_last(x, x->entries_count++);
    }
    return position == c->plain;
}

/* Chunks stand in order in front of the footer and do not meet. */
static bool decode_chunks(struct block_index *x, const struct footer *f, const struct part_head *h)
{
    uint32_t count = f->chunks.len / FOOTER_CHUNK;
    uint64_t end = 0;
    x->chunks = xalloc(count * sizeof *x->chunks);
    x->chunks_cap = count;
    x->entries = xalloc(h->count * sizeof *x->entries);
    x->entries_cap = h->count;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *from = f->chunks.ptr + (size_t)i * FOOTER_CHUNK;
        struct block_chunk c = {
            .offset = le_get_u64(from),
            .stored = le_get_u32(from + 8),
            .plain = le_get_u32(from + 12),
            .first_entry = x->entries_count,
            .flags = le_get_u32(from + 20),
        };
        uint32_t messages = le_get_u32(from + 16);
        if (c.offset < end || c.offset > h->offset || messages == 0) return false;
        if (c.stored > PART_BODY_MAX || c.plain > PART_BODY_MAX) return false;
        if (c.flags == 0 && c.stored != c.plain) return false;
        end = c.offset + PART_HEAD + c.stored;
        if (end > h->offset || messages > h->count - x->entries_count) return false;
        x->chunks[x->chunks_count++] = c;
        if (!decode_messages(x, f, messages, h->last - h->first)) return false;
    }
    return x->entries_count == h->count;
}

enum err block_index_decode(const struct part_head *h, struct slice body, uint64_t hash_seed,
                            struct block_index **ret)
{
    struct footer f;
    assert(h->kind == PART_FOOTER && body.len == h->plain);
    if (!cut(body, h->count, &f)) return ERR_CORRUPT;
    struct block_index *x = block_index_new(h->first, hash_seed);
    if (!decode_subjects(x, &f) || !decode_chunks(x, &f, h)) {
        block_index_free(x);
        return ERR_CORRUPT;
    }
    *ret = x;
    return ERR_OK;
}

/* ---- invariants ---- */

static void check_subject(const struct block_index *x, uint32_t number, uint64_t *entries)
{
    const struct block_subject *s = &x->subjects[number];
    uint32_t before = ENTRY_NONE;
    assert(s->text + s->len <= x->texts_len && s->len > 0);
    assert(s->hash == hash_of(x, subject_text(x, number)));
    for (uint32_t at = s->first; at != ENTRY_NONE; at = x->entries[at].next) {
        assert((x->entries[at].subject & ~ENTRY_HAS_HEADER) == number);
        assert(x->entries[at].previous == before);
        assert(before == ENTRY_NONE || before < at);
        before = at;
        ++*entries;
    }
    assert(s->last == before);
}

void block_index_check(const struct block_index *x)
{
    uint64_t entries = 0;
    for (uint32_t i = 0; i < x->subjects_count; i++) check_subject(x, i, &entries);
    assert(entries == x->entries_count);
    for (uint32_t i = 1; i < x->entries_count; i++)
        assert(x->entries[i - 1].delta < x->entries[i].delta);
    for (uint32_t i = 0; i < x->chunks_count; i++) {
        uint64_t position = 0;
        for (uint32_t at = x->chunks[i].first_entry; at < chunk_end(x, i); at++) {
            assert(x->entries[at].position == position || x->has_holes);
            assert(x->entries[at].position >= position);
            position = x->entries[at].position + (uint64_t)x->entries[at].length;
        }
        assert(position == x->chunks[i].plain || x->has_holes);
        assert(position <= x->chunks[i].plain);
    }
}
