/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seqset_part.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { WORD_BITS = 64, BITMAP_BYTES = PART_SIZE / 8 };

static_assert(sizeof(struct part) == 24, "as the header of seqset says");
static_assert(PART_RUNS_MAX * sizeof(struct part_run) == BITMAP_BYTES, "neither is larger");

/* ---- runs ---- */

/* Room for so many runs: 2 (inline), 4, 6, 8, 12, 16, 24, … It follows from the count, so that
 * nobody has to keep it, and a row that shrinks gives back. */
static uint32_t room_for(uint32_t runs)
{
    assert(runs <= PART_RUNS_MAX);
    if (runs <= PART_RUNS_INLINE) return PART_RUNS_INLINE;
    uint32_t power = 4;
    while (power < runs) power *= 2;
    uint32_t less = power / 4 * 3;
    assert(power >= runs);
    return less >= runs && less > PART_RUNS_INLINE + 1 ? less : power;
}

static const struct part_run *runs_of(const struct part *p)
{
    assert(p->kind == PART_RUNS);
    assert(p->runs_count <= PART_RUNS_MAX);
    return p->runs_count <= PART_RUNS_INLINE ? p->few : p->runs;
}

/* The same runs with room for `count`, which becomes their count; the caller fills or has moved
 * them. */
static struct part_run *runs_resize(struct part *p, uint32_t count)
{
    assert(p->kind == PART_RUNS);
    uint32_t before = room_for(p->runs_count), after = room_for(count);
    assert(count <= PART_RUNS_MAX);
    bool was_inline = before == PART_RUNS_INLINE, is_inline = after == PART_RUNS_INLINE;
    p->runs_count = (uint16_t)count;
    if (before == after) return is_inline ? p->few : p->runs;
    if (was_inline || is_inline) {
        struct part_run few[PART_RUNS_INLINE];
        memcpy(few, was_inline ? p->few : p->runs, sizeof(few));
        if (is_inline) xfree(p->runs);
        if (!is_inline) p->runs = xalloc(after * sizeof(struct part_run));
        memcpy(is_inline ? p->few : p->runs, few, sizeof(few));
    } else {
        p->runs = xrealloc(p->runs, after * sizeof(struct part_run));
    }
    return is_inline ? p->few : p->runs;
}

/* The first run that ends at `at` or above; all are below: their count. */
static uint32_t runs_find(const struct part *p, uint32_t at)
{
    const struct part_run *runs = runs_of(p);
    uint32_t i = 0, count = p->runs_count;
    if (count == 0) return 0;
    while (count > 1) { /* without a branch that depends on what is found */
        uint32_t half = count / 2;
        i += runs[i + half - 1].last < at ? half : 0;
        count -= half;
    }
    assert(i < p->runs_count);
    return runs[i].last < at ? i + 1 : i;
}

/* Runs i to j - 1 become this one. */
static void runs_replace(struct part *p, uint32_t i, uint32_t j, struct part_run run)
{
    assert(i <= j);
    assert(j <= p->runs_count);
    uint32_t old = p->runs_count, count = old - (j - i) + 1;
    assert(run.first <= run.last);
    struct part_run *runs = old <= PART_RUNS_INLINE ? p->few : p->runs;
    if (count > old) runs = runs_resize(p, count);
    memmove(runs + i + 1, runs + j, (old - j) * sizeof(struct part_run));
    runs[i] = run;
    if (count < old) (void)runs_resize(p, count);
}

static uint32_t runs_add(struct part *p, uint32_t first, uint32_t last)
{
    assert(first <= last);
    assert(last <= PART_LAST);
    const struct part_run *runs = runs_of(p);
    uint32_t i = runs_find(p, first == 0 ? 0 : first - 1), j = i; /* touching is joining */
    uint32_t low = first, high = last, before = 0;
    for (; j < p->runs_count && runs[j].first <= last + 1; j++) {
        if (runs[j].first < low) low = runs[j].first;
        if (runs[j].last > high) high = runs[j].last;
        before += (uint32_t)runs[j].last - runs[j].first + 1;
    }
    assert(high - low + 1 >= before);
    uint32_t added = high - low + 1 - before;
    if (added > 0) {
        runs_replace(p, i, j, (struct part_run){ (uint16_t)low, (uint16_t)high });
        p->count += added;
    }
    return added;
}

static void runs_remove_below(struct part *p, uint32_t at)
{
    struct part_run *runs = p->runs_count <= PART_RUNS_INLINE ? p->few : p->runs;
    uint32_t gone = runs_find(p, at), left = p->runs_count - gone;
    assert(gone <= p->runs_count);
    memmove(runs, runs + gone, left * sizeof(struct part_run));
    if (left > 0 && runs[0].first < at) runs[0].first = (uint16_t)at;
    assert(left == 0 || runs[0].first <= runs[0].last);
    (void)runs_resize(p, left);
}

static uint32_t runs_count(const struct part *p, uint32_t first, uint32_t last)
{
    assert(first <= last);
    assert(last <= PART_LAST);
    const struct part_run *runs = runs_of(p);
    uint32_t count = 0;
    for (uint32_t i = runs_find(p, first); i < p->runs_count && runs[i].first <= last; i++) {
        uint32_t low = runs[i].first > first ? runs[i].first : first;
        uint32_t high = runs[i].last < last ? runs[i].last : last;
        count += high - low + 1;
    }
    return count;
}

/* ---- bitmap ---- */

/* Bits first to last of a word. */
static uint64_t mask_of(uint32_t first, uint32_t last)
{
    assert(first <= last);
    assert(last < WORD_BITS);
    return UINT64_MAX >> (WORD_BITS - 1 - (last - first)) << first;
}

/* What word `at` has of this range; 0 when they do not meet. */
static uint64_t mask_in(uint32_t at, uint32_t first, uint32_t last)
{
    assert(at < PART_WORDS);
    assert(first <= last);
    assert(last <= PART_LAST);
    uint32_t start = at * WORD_BITS, end = start + WORD_BITS - 1;
    if (last < start || first > end) return 0;
    return mask_of(first > start ? first - start : 0, last < end ? last - start : WORD_BITS - 1);
}

static uint32_t popcount(uint64_t word)
{
    return (uint32_t)__builtin_popcountll(word);
}

static bool bit(const struct part *p, uint32_t at)
{
    assert(p->kind == PART_BITMAP);
    return p->words[at / WORD_BITS] >> at % WORD_BITS & 1;
}

/* Counts afresh: sequences, and runs by their first bits. */
static void bitmap_sum(struct part *p)
{
    assert(p->kind == PART_BITMAP);
    uint32_t count = 0, runs = 0;
    uint64_t before = 0;
    for (uint32_t i = 0; i < PART_WORDS; i++) {
        uint64_t word = p->words[i];
        count += popcount(word);
        runs += popcount(word & ~(word << 1 | before));
        before = word >> (WORD_BITS - 1);
    }
    assert(count <= PART_SIZE);
    assert(runs <= PART_SIZE / 2);
    p->count = count;
    p->runs_count = (uint16_t)runs;
}

static void bitmap_set(struct part *p, uint32_t first, uint32_t last)
{
    assert(p->kind == PART_BITMAP);
    assert(last <= PART_LAST);
    for (uint32_t i = first / WORD_BITS; i <= last / WORD_BITS; i++)
        p->words[i] |= mask_in(i, first, last);
}

/* The first bit from `from` on that is `is_set`; PART_SIZE: none. */
static uint32_t bitmap_next(const struct part *p, uint32_t from, bool is_set)
{
    assert(p->kind == PART_BITMAP);
    assert(from <= PART_LAST);
    uint64_t flip = is_set ? 0 : UINT64_MAX;
    for (uint32_t i = from / WORD_BITS; i < PART_WORDS; i++) {
        uint64_t word = p->words[i] ^ flip;
        if (i == from / WORD_BITS) word &= mask_of(from % WORD_BITS, WORD_BITS - 1);
        if (word != 0) return i * WORD_BITS + (uint32_t)__builtin_ctzll(word);
    }
    return PART_SIZE;
}

static void become_bitmap(struct part *p)
{
    assert(p->kind == PART_RUNS);
    struct part old = *p;
    const struct part_run *runs = runs_of(&old);
    p->kind = PART_BITMAP;
    p->words = xcalloc(PART_WORDS, sizeof(uint64_t));
    for (uint32_t i = 0; i < old.runs_count; i++) bitmap_set(p, runs[i].first, runs[i].last);
    assert(p->count == old.count);
    assert(p->runs_count == old.runs_count);
    part_deinit(&old);
}

static void become_runs(struct part *p)
{
    assert(p->kind == PART_BITMAP);
    assert(p->runs_count <= PART_RUNS_MAX);
    struct part old = *p;
    *p = (struct part){ .key = old.key, .kind = PART_RUNS, .count = old.count };
    struct part_run *runs = runs_resize(p, old.runs_count);
    uint32_t i = 0;
    for (uint32_t at = bitmap_next(&old, 0, true); at < PART_SIZE; i++) {
        uint32_t end = bitmap_next(&old, at, false);
        runs[i] = (struct part_run){ (uint16_t)at, (uint16_t)(end - 1) };
        at = end < PART_SIZE ? bitmap_next(&old, end, true) : PART_SIZE;
    }
    assert(i == p->runs_count);
    part_deinit(&old);
}

static void bitmap_settle(struct part *p)
{
    assert(p->kind == PART_BITMAP);
    if (p->runs_count <= PART_RUNS_FEW) become_runs(p);
    assert(p->runs_count > PART_RUNS_FEW || p->kind == PART_RUNS);
}

static uint32_t bitmap_add_one(struct part *p, uint32_t at)
{
    assert(p->kind == PART_BITMAP);
    assert(at <= PART_LAST);
    if (bit(p, at)) return 0;
    p->words[at / WORD_BITS] |= UINT64_C(1) << at % WORD_BITS;
    bool is_below = at > 0 && bit(p, at - 1), is_above = at < PART_LAST && bit(p, at + 1);
    p->count++;
    p->runs_count = (uint16_t)(p->runs_count + 1 - is_below - is_above);
    bitmap_settle(p);
    return 1;
}

static uint32_t bitmap_count(const struct part *p, uint32_t first, uint32_t last)
{
    assert(p->kind == PART_BITMAP);
    assert(first <= last);
    assert(last <= PART_LAST);
    uint32_t count = 0;
    for (uint32_t i = first / WORD_BITS; i <= last / WORD_BITS; i++)
        count += popcount(p->words[i] & mask_in(i, first, last));
    return count;
}

/* ---- both ---- */

void part_deinit(struct part *p)
{
    assert(p->kind <= PART_FULL);
    assert(p->kind != PART_BITMAP || p->words != NULL);
    if (p->kind == PART_BITMAP) xfree(p->words);
    if (p->kind == PART_RUNS && p->runs_count > PART_RUNS_INLINE) xfree(p->runs);
}

uint32_t part_memory(const struct part *p)
{
    assert(p->kind <= PART_FULL);
    if (p->kind == PART_BITMAP) return BITMAP_BYTES;
    if (p->kind == PART_FULL || p->runs_count <= PART_RUNS_INLINE) return 0;
    return room_for(p->runs_count) * (uint32_t)sizeof(struct part_run);
}

bool part_has(const struct part *p, uint32_t at)
{
    assert(p->kind <= PART_FULL);
    assert(at <= PART_LAST);
    if (p->kind == PART_BITMAP) return bit(p, at);
    if (p->kind == PART_FULL) return true;
    uint32_t i = runs_find(p, at);
    return i < p->runs_count && runs_of(p)[i].first <= at;
}

uint32_t part_add(struct part *p, uint32_t first, uint32_t last)
{
    assert(p->kind != PART_FULL);
    assert(first <= last);
    assert(last <= PART_LAST);
    if (p->kind == PART_RUNS && p->runs_count == PART_RUNS_MAX) become_bitmap(p);
    if (p->kind == PART_RUNS) return runs_add(p, first, last);
    if (first == last) return bitmap_add_one(p, first);
    uint32_t before = p->count;
    bitmap_set(p, first, last);
    bitmap_sum(p);
    assert(p->count >= before);
    uint32_t added = p->count - before;
    bitmap_settle(p);
    return added;
}

uint32_t part_add_bytes(struct part *p, uint32_t at, const uint8_t *bytes, uint32_t count)
{
    assert(p->kind != PART_FULL);
    assert(at % WORD_BITS == 0);
    assert(at + count * 8 <= PART_SIZE);
    if (p->kind == PART_RUNS) become_bitmap(p);
    uint32_t before = p->count;
    for (uint32_t i = 0; i < count; i++)
        p->words[at / WORD_BITS + i / 8] |= (uint64_t)bytes[i] << i % 8 * 8;
    bitmap_sum(p);
    assert(p->count >= before);
    uint32_t added = p->count - before;
    bitmap_settle(p);
    return added;
}

uint32_t part_remove_below(struct part *p, uint32_t at)
{
    assert(p->kind != PART_FULL);
    assert(at <= PART_SIZE);
    if (at == 0) return 0;
    uint32_t removed = part_count(p, 0, at - 1);
    assert(removed <= p->count);
    if (p->kind == PART_RUNS) {
        p->count -= removed;
        runs_remove_below(p, at);
        return removed;
    }
    for (uint32_t i = 0; i <= (at - 1) / WORD_BITS; i++) p->words[i] &= ~mask_in(i, 0, at - 1);
    bitmap_sum(p);
    bitmap_settle(p);
    return removed;
}

uint32_t part_count(const struct part *p, uint32_t first, uint32_t last)
{
    assert(p->kind != PART_FULL);
    assert(first <= last);
    assert(last <= PART_LAST);
    if (first == 0 && last == PART_LAST) return p->count;
    return p->kind == PART_RUNS ? runs_count(p, first, last) : bitmap_count(p, first, last);
}

uint32_t part_next_absent(const struct part *p, uint32_t from)
{
    assert(p->kind != PART_FULL);
    assert(from <= PART_LAST);
    if (p->kind == PART_BITMAP) return bitmap_next(p, from, false);
    uint32_t i = runs_find(p, from);
    bool is_in = i < p->runs_count && runs_of(p)[i].first <= from;
    return is_in ? (uint32_t)runs_of(p)[i].last + 1 : from;
}

int32_t part_prev_absent(const struct part *p, uint32_t from)
{
    assert(p->kind != PART_FULL);
    assert(from <= PART_LAST);
    if (p->kind == PART_RUNS) {
        uint32_t i = runs_find(p, from);
        bool is_in = i < p->runs_count && runs_of(p)[i].first <= from;
        return is_in ? (int32_t)runs_of(p)[i].first - 1 : (int32_t)from;
    }
    for (int32_t i = (int32_t)(from / WORD_BITS); i >= 0; i--) {
        uint64_t word = ~p->words[i] & mask_in((uint32_t)i, 0, from);
        if (word != 0) return i * WORD_BITS + WORD_BITS - 1 - __builtin_clzll(word);
    }
    return -1;
}

uint32_t part_next_present(const struct part *p, uint32_t from)
{
    assert(p->kind != PART_FULL);
    assert(from <= PART_LAST);
    if (p->kind == PART_BITMAP) return bitmap_next(p, from, true);
    uint32_t i = runs_find(p, from);
    if (i == p->runs_count) return PART_SIZE;
    return runs_of(p)[i].first > from ? runs_of(p)[i].first : from;
}

static void check_runs(const struct part *p)
{
    const struct part_run *runs = runs_of(p);
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->runs_count; i++) {
        assert(runs[i].first <= runs[i].last);
        assert(i == 0 || runs[i].first > runs[i - 1].last + 1);
        count += (uint32_t)runs[i].last - runs[i].first + 1;
    }
    assert(count == p->count);
}

void part_check(const struct part *p)
{
    assert(p->kind <= PART_FULL);
    if (p->kind == PART_FULL) {
        assert(p->span > 0);
        return;
    }
    assert(p->count > 0);
    assert(p->count < PART_SIZE);
    if (p->kind == PART_RUNS) {
        check_runs(p);
    } else {
        struct part again = *p;
        bitmap_sum(&again);
        assert(again.count == p->count);
        assert(again.runs_count == p->runs_count);
        assert(p->runs_count > PART_RUNS_FEW);
    }
}
