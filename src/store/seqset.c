/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seqset.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "store/seqset_internal.h"

struct seqset *seqset_new(void)
{
    return xcalloc(1, sizeof(struct seqset));
}

struct seqset *seqset_free(struct seqset *s)
{
    if (s == NULL) return NULL;
    assert(s->start <= s->end);
    assert(s->end <= s->cap);
    for (uint32_t i = s->start; i < s->end; i++) part_deinit(&s->parts[i]);
    xfree(s->parts);
    return xfree(s);
}

uint64_t seqset_count(const struct seqset *s)
{
    assert(s->count <= SEQSET_MAX);
    assert(s->start < s->end || s->count == 0);
    return s->count;
}

uint64_t seqset_memory(const struct seqset *s)
{
    assert(s->start <= s->end);
    assert(s->end <= s->cap);
    return sizeof(*s) + s->cap * sizeof(struct part) + s->bytes;
}

static uint64_t key_of(uint64_t sequence)
{
    return sequence >> PART_BITS;
}

static uint32_t at_of(uint64_t sequence)
{
    return (uint32_t)(sequence & PART_LAST);
}

static uint64_t sequence_of(uint64_t key, uint32_t at)
{
    assert(key <= UINT64_MAX >> PART_BITS);
    assert(at <= PART_LAST);
    return key << PART_BITS | at;
}

/* The first part that ends above `key`: has it or is above it; s->end: none. */
static uint32_t find(const struct seqset *s, uint64_t key)
{
    uint32_t i = s->start, count = s->end - s->start;
    if (count == 0) return i;
    while (count > 1) { /* without a branch that depends on what is found */
        uint32_t half = count / 2;
        i += s->parts[i + half].key <= key ? half : 0;
        count -= half;
    }
    assert(i < s->end);
    return part_end_key(&s->parts[i]) > key ? i : i + 1;
}

/* The part that `key` is in; NULL: none. */
static const struct part *find_part(const struct seqset *s, uint64_t key)
{
    uint32_t i = find(s, key);
    if (i == s->end || s->parts[i].key > key) return NULL;
    assert(part_end_key(&s->parts[i]) > key);
    return &s->parts[i];
}

bool seqset_has(const struct seqset *s, uint64_t sequence)
{
    const struct part *p = find_part(s, key_of(sequence));
    assert(p == NULL || p->kind <= PART_FULL);
    return p != NULL && part_has(p, at_of(sequence));
}

/* ---- the table ---- */

static void grow(struct seqset *s)
{
    assert(s->end == s->cap);
    uint32_t count = s->end - s->start;
    if (s->start > s->cap / 2) { /* half of it is unused: enough to be worth the move */
        memmove(s->parts, s->parts + s->start, count * sizeof(struct part));
        s->start = 0;
        s->end = count;
        return;
    }
    assert(s->cap <= UINT32_MAX / 2);
    s->cap = s->cap == 0 ? 1 : s->cap < 8 ? s->cap * 2 : s->cap + s->cap / 2;
    s->parts = xrealloc(s->parts, s->cap * sizeof(struct part));
}

/* An index stays what it was, as a distance from the start. */
static struct part *insert(struct seqset *s, uint32_t i, struct part part)
{
    assert(i >= s->start);
    assert(i <= s->end);
    if (i == s->start && s->start > 0) {
        s->start--;
        i--;
    } else {
        uint32_t distance = i - s->start;
        if (s->end == s->cap) grow(s);
        i = s->start + distance;
        memmove(&s->parts[i + 1], &s->parts[i], (s->end - i) * sizeof(struct part));
        s->end++;
    }
    assert(i < s->end);
    s->parts[i] = part;
    return &s->parts[i];
}

/* A table of which little is used gives back. Indexes change. */
static void shrink(struct seqset *s)
{
    uint32_t count = s->end - s->start;
    assert(count <= s->cap);
    if (s->cap <= 8 || count > s->cap / 4) return;
    memmove(s->parts, s->parts + s->start, count * sizeof(struct part));
    s->start = 0;
    s->end = count;
    s->cap = count < 2 ? 4 : count * 2;
    s->parts = xrealloc(s->parts, s->cap * sizeof(struct part));
    assert(s->end <= s->cap);
}

/* Parts i to j - 1 go. */
static void drop(struct seqset *s, uint32_t i, uint32_t j)
{
    assert(s->start <= i);
    assert(i <= j);
    assert(j <= s->end);
    for (uint32_t k = i; k < j; k++) {
        assert(s->bytes >= part_memory(&s->parts[k]));
        s->bytes -= part_memory(&s->parts[k]);
        part_deinit(&s->parts[k]);
    }
    if (i == s->start) {
        s->start = j;
    } else {
        memmove(&s->parts[i], &s->parts[j], (s->end - j) * sizeof(struct part));
        s->end -= j - i;
    }
    if (s->start < s->end) return;
    s->parts = xfree(s->parts);
    s->start = s->end = s->cap = 0;
    assert(s->bytes == 0);
}

static uint64_t part_total(const struct part *p)
{
    assert(p->kind != PART_FULL || p->span > 0);
    assert(p->kind == PART_FULL || p->count <= PART_SIZE);
    return p->kind == PART_FULL ? p->span << PART_BITS : p->count;
}

/* All of the parts [first, end) of the key space. Returns how many sequences that adds. */
static uint64_t add_full(struct seqset *s, uint64_t first, uint64_t end)
{
    assert(first < end);
    uint32_t i = find(s, first), j;
    if (i > s->start && s->parts[i - 1].kind == PART_FULL &&
        part_end_key(&s->parts[i - 1]) == first)
        i--;
    uint64_t low = first, high = end, before = 0;
    for (j = i; j < s->end && s->parts[j].key <= end; j++) {
        const struct part *p = &s->parts[j];
        if (p->key == end && p->kind != PART_FULL) break;
        if (p->key < low) low = p->key;
        if (part_end_key(p) > high) high = part_end_key(p);
        before += part_total(p);
    }
    assert(low <= first);
    assert(high >= end);
    uint64_t added = ((high - low) << PART_BITS) - before;
    struct part full = { .key = low, .kind = PART_FULL, .span = high - low };
    if (i < j) {
        drop(s, i + 1, j);
        s->bytes -= part_memory(&s->parts[i]);
        part_deinit(&s->parts[i]);
        s->parts[i] = full;
        shrink(s);
    } else {
        (void)insert(s, i, full);
    }
    s->count += added;
    assert(added <= (end - first) << PART_BITS);
    return added;
}

/* The part to which a sequence with this key can be added, made where it is missing; NULL: all of
 * it is there. */
static struct part *part_get(struct seqset *s, uint64_t key)
{
    uint32_t i = find(s, key);
    if (i == s->end || s->parts[i].key > key)
        return insert(s, i, (struct part){ .key = key, .kind = PART_RUNS });
    assert(s->parts[i].key <= key);
    assert(part_end_key(&s->parts[i]) > key);
    return s->parts[i].kind == PART_FULL ? NULL : &s->parts[i];
}

/* A part has changed, which took `before` bytes. */
static void part_settle(struct seqset *s, const struct part *p, uint32_t before, uint32_t added)
{
    assert(p->count > 0);
    assert(p->count <= PART_SIZE);
    assert(s->bytes >= before);
    s->bytes = s->bytes - before + part_memory(p);
    s->count += added;
    if (p->count < PART_SIZE) return;
    uint64_t again = add_full(s, p->key, p->key + 1);
    assert(again == 0);
}

static uint64_t add_within(struct seqset *s, uint64_t first, uint64_t last)
{
    assert(key_of(first) == key_of(last));
    assert(first <= last);
    struct part *p = part_get(s, key_of(first));
    if (p == NULL) return 0;
    uint32_t before = part_memory(p);
    uint32_t added = part_add(p, at_of(first), at_of(last));
    part_settle(s, p, before, added);
    return added;
}

void seqset_add_bytes(struct seqset *s, uint64_t sequence, const uint8_t *bytes, uint32_t count)
{
    assert(count > 0);
    assert(count * 8 <= PART_SIZE - at_of(sequence));
    struct part *p = part_get(s, key_of(sequence));
    if (p == NULL) return;
    uint32_t before = part_memory(p);
    uint32_t added = part_add_bytes(p, at_of(sequence), bytes, count);
    part_settle(s, p, before, added);
}

bool seqset_add(struct seqset *s, uint64_t sequence)
{
    assert(sequence > 0);
    assert(sequence <= SEQSET_MAX);
    return add_within(s, sequence, sequence) > 0;
}

uint64_t seqset_add_range(struct seqset *s, uint64_t first, uint64_t last)
{
    assert(first > 0);
    assert(first <= last);
    assert(last <= SEQSET_MAX);
    uint64_t key = key_of(first), end = key_of(last), added = 0;
    if (key == end) return add_within(s, first, last);
    if (at_of(first) > 0) added += add_within(s, first, sequence_of(key++, PART_LAST));
    if (at_of(last) < PART_LAST) added += add_within(s, sequence_of(end, 0), last);
    else end++;
    if (key < end) added += add_full(s, key, end);
    assert(added <= last - first + 1);
    return added;
}

/* ---- compaction ---- */

/* The first part is FULL and begins below `sequence`, which is in it. */
static void cut_full(struct seqset *s, uint64_t sequence)
{
    struct part *p = &s->parts[s->start];
    assert(p->kind == PART_FULL);
    assert(p->key <= key_of(sequence));
    assert(part_end_key(p) > key_of(sequence));
    uint32_t at = at_of(sequence);
    p->span -= key_of(sequence) - p->key;
    p->key = key_of(sequence);
    assert(p->span > 0);
    if (at == 0) return;
    struct part rest = { .key = p->key, .kind = PART_RUNS };
    (void)part_add(&rest, at, PART_LAST);
    p->key++;
    if (--p->span == 0) *p = rest;
    else (void)insert(s, s->start, rest);
}

uint64_t seqset_remove_below(struct seqset *s, uint64_t sequence)
{
    if (s->start == s->end || sequence <= sequence_of(s->parts[s->start].key, 0)) return 0;
    uint64_t removed = 0, key = key_of(sequence);
    uint32_t i = find(s, key);
    for (uint32_t k = s->start; k < i; k++) removed += part_total(&s->parts[k]);
    drop(s, s->start, i);
    struct part *p = s->start < s->end ? &s->parts[s->start] : NULL;
    if (p != NULL && p->kind == PART_FULL && p->key <= key) {
        removed += sequence - sequence_of(p->key, 0);
        cut_full(s, sequence);
    } else if (p != NULL && p->key == key) {
        uint32_t before = part_memory(p);
        removed += part_remove_below(p, at_of(sequence));
        s->bytes = s->bytes - before + part_memory(p);
        if (p->count == 0) drop(s, s->start, s->start + 1);
    }
    assert(removed <= s->count);
    s->count -= removed;
    if (s->start < s->end) shrink(s);
    assert(s->start < s->end || s->count == 0);
    return removed;
}

/* ---- questions ---- */

/* How many of the part are in [first, last]. */
static uint64_t count_in(const struct part *p, uint64_t first, uint64_t last)
{
    uint64_t low = sequence_of(p->key, 0), high = sequence_of(part_end_key(p) - 1, PART_LAST);
    assert(low <= last);
    assert(high >= first);
    if (low < first) low = first;
    if (high > last) high = last;
    assert(low <= high);
    if (p->kind == PART_FULL) return high - low + 1;
    return part_count(p, at_of(low), at_of(high));
}

uint64_t seqset_count_range(const struct seqset *s, uint64_t first, uint64_t last)
{
    uint64_t count = 0;
    if (first > last) return 0;
    for (uint32_t i = find(s, key_of(first)); i < s->end && s->parts[i].key <= key_of(last); i++)
        count += count_in(&s->parts[i], first, last);
    assert(count <= s->count);
    assert(count <= last - first || count - 1 == last - first);
    return count;
}

uint64_t seqset_next_absent(const struct seqset *s, uint64_t from)
{
    assert(from <= SEQSET_MAX + 1);
    for (uint32_t i = find(s, key_of(from)); i < s->end; i++) {
        const struct part *p = &s->parts[i];
        if (p->key > key_of(from)) break;
        uint32_t at = p->kind == PART_FULL ? PART_SIZE : part_next_absent(p, at_of(from));
        if (at < PART_SIZE) return sequence_of(p->key, at);
        assert(at == PART_SIZE);
        from = sequence_of(part_end_key(p), 0);
    }
    return from;
}

uint64_t seqset_prev_absent(const struct seqset *s, uint64_t from)
{
    assert(from <= SEQSET_MAX + 1);
    const struct part *p = from == 0 ? NULL : find_part(s, key_of(from));
    while (p != NULL) {
        int32_t at = p->kind == PART_FULL ? -1 : part_prev_absent(p, at_of(from));
        if (at >= 0) return sequence_of(p->key, (uint32_t)at);
        assert(p->key > 0); /* sequence 0 is never in the set */
        from = sequence_of(p->key, 0) - 1;
        bool is_joined = p > &s->parts[s->start] && part_end_key(p - 1) == p->key;
        p = is_joined ? p - 1 : NULL;
    }
    return from;
}

bool seqset_next_run(const struct seqset *s, uint64_t from, uint64_t *ret_first, uint64_t *ret_last)
{
    for (uint32_t i = find(s, key_of(from)); i < s->end; i++) {
        const struct part *p = &s->parts[i];
        if (p->key > key_of(from)) from = sequence_of(p->key, 0);
        uint32_t at = p->kind == PART_FULL ? at_of(from) : part_next_present(p, at_of(from));
        if (at == PART_SIZE) continue;
        uint64_t first = p->kind == PART_FULL ? from : sequence_of(p->key, at);
        assert(first >= from);
        *ret_first = first;
        *ret_last = seqset_next_absent(s, first) - 1;
        assert(*ret_last >= first);
        return true;
    }
    return false;
}

void seqset_check(const struct seqset *s)
{
    uint64_t count = 0, bytes = 0;
    for (uint32_t i = s->start; i < s->end; i++) {
        const struct part *p = &s->parts[i], *before = i > s->start ? p - 1 : NULL;
        part_check(p);
        assert(before == NULL || part_end_key(before) <= p->key);
        assert(before == NULL || before->kind != PART_FULL || p->kind != PART_FULL ||
               part_end_key(before) < p->key);
        count += part_total(p);
        bytes += part_memory(p);
    }
    assert(count == s->count);
    assert(bytes == s->bytes);
    assert(s->start < s->end || s->parts == NULL);
}
