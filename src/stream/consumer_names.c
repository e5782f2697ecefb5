/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/consumer_names.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/consumer_internal.h"

static struct slice name_of(const struct consumer *c)
{
    assert(c != NULL);
    assert(c->name != NULL);
    return slice_str(c->name);
}

void consumer_names_deinit(struct consumer_names *n)
{
    assert(n->pieces_count <= n->pieces_cap);
    for (uint32_t i = 0; i < n->pieces_count; i++) xfree(n->pieces[i]);
    xfree(n->pieces);
    *n = (struct consumer_names){ .pieces = NULL };
}

/* The piece that has or would have the name: the last one that does not begin behind it. */
static uint32_t piece_of(const struct consumer_names *n, struct slice name)
{
    uint32_t low = 0, high = n->pieces_count;
    assert(n->pieces_count > 0);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        assert(n->pieces[middle]->count > 0);
        if (slice_compare(name_of(n->pieces[middle]->at[0]), name) <= 0) low = middle;
        else high = middle;
    }
    return low;
}

/* Where the name stands in a piece or would stand. */
static uint32_t place_in(const struct names_piece *p, struct slice name)
{
    uint32_t low = 0, high = p->count;
    assert(p->count <= NAMES_PIECE);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_compare(name_of(p->at[middle]), name) < 0) low = middle + 1;
        else high = middle;
    }
    assert(low <= p->count);
    return low;
}

struct consumer *consumer_names_find(const struct consumer_names *n, struct slice name)
{
    if (n->count == 0) return NULL;
    const struct names_piece *p = n->pieces[piece_of(n, name)];
    uint32_t at = place_in(p, name);
    assert(p->count > 0);
    return at < p->count && slice_equal(name_of(p->at[at]), name) ? p->at[at] : NULL;
}

enum { PIECE_FIRST = 4 };

static struct names_piece *piece_new(uint32_t cap)
{
    assert(cap > 0 && cap <= NAMES_PIECE);
    struct names_piece *p = xcalloc(1, sizeof *p + cap * sizeof(struct consumer *));
    p->cap = cap;
    assert(p->count == 0);
    return p;
}

/* Room for one more, which there is below NAMES_PIECE. */
static struct names_piece *piece_grow(struct names_piece *p)
{
    assert(p->count < NAMES_PIECE);
    if (p->count < p->cap) return p;
    p->cap = p->cap * 2 < NAMES_PIECE ? p->cap * 2 : NAMES_PIECE;
    p = xrealloc(p, sizeof *p + p->cap * sizeof(struct consumer *));
    assert(p->count < p->cap);
    return p;
}

static void piece_insert(struct consumer_names *n, uint32_t index, struct names_piece *p)
{
    assert(index <= n->pieces_count);
    if (n->pieces_count == n->pieces_cap) {
        n->pieces_cap = n->pieces_cap == 0 ? 1 : n->pieces_cap * 2;
        n->pieces = xrealloc(n->pieces, n->pieces_cap * sizeof(struct names_piece *));
    }
    memmove(&n->pieces[index + 1], &n->pieces[index],
            (n->pieces_count - index) * sizeof(struct names_piece *));
    n->pieces[index] = p;
    n->pieces_count++;
    assert(n->pieces_count <= n->pieces_cap);
}

/* A full piece becomes two; one that is filled from the end keeps nearly all. */
static void piece_split(struct consumer_names *n, uint32_t index, bool is_at_end)
{
    struct names_piece *p = n->pieces[index], *rest = piece_new(NAMES_PIECE);
    assert(p->count == NAMES_PIECE);
    rest->count = is_at_end ? 1 : NAMES_PIECE / 2;
    p->count -= rest->count;
    memcpy(rest->at, &p->at[p->count], rest->count * sizeof(struct consumer *));
    piece_insert(n, index + 1, rest);
    assert(rest->count > 0);
}

void consumer_names_add(struct consumer_names *n, struct consumer *c)
{
    struct slice name = name_of(c);
    assert(consumer_names_find(n, name) == NULL);
    if (n->pieces_count == 0) piece_insert(n, 0, piece_new(PIECE_FIRST));
    uint32_t index = n->count == 0 ? 0 : piece_of(n, name);
    if (n->pieces[index]->count == NAMES_PIECE) {
        bool is_last = index + 1 == n->pieces_count;
        piece_split(n, index, is_last && place_in(n->pieces[index], name) == NAMES_PIECE);
        index = piece_of(n, name);
    }
    struct names_piece *p = n->pieces[index] = piece_grow(n->pieces[index]);
    uint32_t at = place_in(p, name);
    memmove(&p->at[at + 1], &p->at[at], (p->count - at) * sizeof(struct consumer *));
    p->at[at] = c;
    p->count++;
    n->count++;
    n->last_piece = n->last_first = 0;
}

void consumer_names_remove(struct consumer_names *n, struct consumer *c)
{
    assert(n->count > 0);
    uint32_t index = piece_of(n, name_of(c));
    struct names_piece *p = n->pieces[index];
    uint32_t at = place_in(p, name_of(c));
    assert(at < p->count && p->at[at] == c);
    p->count--;
    n->count--;
    n->last_piece = n->last_first = 0;
    memmove(&p->at[at], &p->at[at + 1], (p->count - at) * sizeof(struct consumer *));
    if (p->count > 0) return;
    xfree(p);
    n->pieces_count--;
    memmove(&n->pieces[index], &n->pieces[index + 1],
            (n->pieces_count - index) * sizeof(struct names_piece *));
    if (n->count == 0) consumer_names_deinit(n);
}

struct consumer *consumer_names_at(struct consumer_names *n, uint32_t index)
{
    if (index >= n->count) return NULL;
    if (index < n->last_first) n->last_piece = n->last_first = 0;
    while (index - n->last_first >= n->pieces[n->last_piece]->count) {
        n->last_first += n->pieces[n->last_piece]->count;
        n->last_piece++;
        assert(n->last_piece < n->pieces_count);
    }
    assert(n->last_first <= index);
    return n->pieces[n->last_piece]->at[index - n->last_first];
}

void consumer_names_check(const struct consumer_names *n)
{
    const struct consumer *before = NULL;
    uint32_t count = 0;
    assert(n->pieces_count <= n->pieces_cap);
    for (uint32_t i = 0; i < n->pieces_count; i++) {
        assert(n->pieces[i]->count > 0);
        assert(n->pieces[i]->count <= n->pieces[i]->cap);
        for (uint32_t j = 0; j < n->pieces[i]->count; j++) {
            const struct consumer *c = n->pieces[i]->at[j];
            assert(before == NULL || slice_compare(name_of(before), name_of(c)) < 0);
            before = c;
            count++;
        }
    }
    assert(count == n->count);
}
