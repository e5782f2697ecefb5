/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/cover.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "subject/subject.h"

struct item {
    struct slice text;
    uint32_t     index;
};

struct cover {
    struct item *items;     /* in the order in which they were added, and … */
    struct item *sorted;    /* … by their tokens; NULL: not yet */
    uint32_t     count, most;
    uint64_t     steps;     /* that are left */
};

/* Beside one for each byte: as many as all tokens are enough where no two ways go on. */
enum { STEPS = 1 << 20 };

struct cover *cover_new(uint32_t count)
{
    struct cover *c = xcalloc(1, sizeof *c);
    c->items = xcalloc((size_t)count + 1, sizeof *c->items);
    c->most = count;
    c->steps = STEPS;
    return c;
}

struct cover *cover_free(struct cover *c)
{
    if (c == NULL) return NULL;
    xfree(c->items);
    xfree(c->sorted);
    return xfree(c);
}

void cover_add(struct cover *c, struct slice pattern)
{
    assert(c->count < c->most && c->sorted == NULL);
    c->items[c->count] = (struct item){ pattern, c->count };
    c->count++;
    c->steps += pattern.len;
}

/* ---- order ---- */

/* What ends is before what goes on with another token, and that before every other byte: who shares
 * tokens stands together, the shortest first. */
static uint32_t rank(struct slice text, uint32_t at)
{
    if (at >= text.len) return 0;
    return text.ptr[at] == '.' ? 1 : text.ptr[at] + 2U;
}

static int by_tokens(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    uint32_t least = x->text.len < y->text.len ? x->text.len : y->text.len, at = 0;
    while (at < least && x->text.ptr[at] == y->text.ptr[at]) at++;
    uint32_t p = rank(x->text, at), q = rank(y->text, at);
    return p < q ? -1 : p > q;
}

/* Patterns that share what stands before `at`, where their next token begins; behind the end of
 * those that have none. */
struct group {
    uint32_t from, end;
    uint32_t at;
};

/* How the next token of a pattern of the group compares. */
static int token_compare(const struct cover *c, uint32_t i, uint32_t at, struct slice token)
{
    struct slice text = c->sorted[i].text;
    if (at > text.len) return -1;
    for (uint32_t k = 0; k < token.len; k++) {
        uint32_t p = rank(text, at + k), q = rank(token, k);
        if (p != q) return p < q ? -1 : 1;
    }
    return rank(text, at + token.len) > 1;
}

/* The first of the group whose token is not below it, or that is above it. */
static uint32_t bound(const struct cover *c, const struct group *g, struct slice token, bool above)
{
    uint32_t low = g->from, high = g->end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = token_compare(c, middle, g->at, token);
        if (order < 0 || (above && order == 0)) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct group narrowed(const struct cover *c, const struct group *g, struct slice token)
{
    return (struct group){
        .from = bound(c, g, token, false),
        .end = bound(c, g, token, true),
        .at = g->at + token.len + 1,
    };
}

/* ---- questions ---- */

/* Somebody else ends where the group's tokens end. */
static bool has_end(const struct cover *c, const struct group *g, uint32_t self)
{
    for (uint32_t i = g->from; i < g->end && c->sorted[i].text.len + 1 == g->at; i++)
        if (c->sorted[i].index != self) return true;
    return false;
}

static bool has_other(const struct cover *c, const struct group *g, uint32_t self)
{
    if (g->from == g->end) return false;
    return g->end - g->from > 1 || c->sorted[g->from].index != self;
}

/* Somebody else of the group covers what is left. It calls itself where two ways go on, which needs
 * patterns for both at each step: a text of some MiB has them for a thousand steps. */
static bool is_covered(struct cover *c, struct group g, struct slice rest, uint32_t self)
{
    struct slice token;
    while (c->steps > 0 && has_other(c, &g, self)) {
        c->steps--;
        if (!subject_next_token(&rest, &token)) return has_end(c, &g, self);
        struct group all = narrowed(c, &g, SLICE_LIT(">"));
        if (has_other(c, &all, self)) return true;
        if (slice_equal_str(token, ">")) return false;
        struct group star = narrowed(c, &g, SLICE_LIT("*"));
        if (slice_equal_str(token, "*")) {
            g = star;
            continue;
        }
        if (has_other(c, &star, self) && is_covered(c, star, rest, self)) return true;
        g = narrowed(c, &g, token);
    }
    return false;
}

/* Somebody else of the group goes on where its tokens end. */
static bool has_more(const struct cover *c, const struct group *g, uint32_t self)
{
    for (uint32_t i = g->end; i > g->from && c->sorted[i - 1].text.len + 1 != g->at; i--)
        if (c->sorted[i - 1].index != self) return true;
    return false;
}

/* The group's next token from this one on; the text goes on there. */
static struct slice token_at(const struct cover *c, const struct group *g, uint32_t i)
{
    struct slice rest = slice_from(c->sorted[i].text, g->at), token;
    bool has_one = subject_next_token(&rest, &token); /* maybe an empty one, at the end */
    assert(has_one);
    return token;
}

static bool is_met(struct cover *c, struct group g, struct slice rest, uint32_t self);

/* A `*` meets each token there is. */
static bool star_is_met(struct cover *c, const struct group *g, struct slice rest, uint32_t self)
{
    uint32_t i = g->from;
    while (i < g->end && c->sorted[i].text.len + 1 == g->at) i++;
    while (i < g->end && c->steps > 0) {
        struct group from = { i, g->end, g->at }, child = narrowed(c, &from, token_at(c, g, i));
        assert(child.from == i && child.end > i);
        if (is_met(c, child, rest, self)) return true;
        i = child.end;
    }
    return false;
}

/* Somebody else of the group meets what is left. */
static bool is_met(struct cover *c, struct group g, struct slice rest, uint32_t self)
{
    struct slice token;
    while (c->steps > 0 && has_other(c, &g, self)) {
        c->steps--;
        if (!subject_next_token(&rest, &token)) return has_end(c, &g, self);
        if (slice_equal_str(token, ">")) return has_more(c, &g, self);
        struct group all = narrowed(c, &g, SLICE_LIT(">"));
        if (has_other(c, &all, self)) return true;
        if (slice_equal_str(token, "*")) return star_is_met(c, &g, rest, self);
        struct group star = narrowed(c, &g, SLICE_LIT("*"));
        if (has_other(c, &star, self) && is_met(c, star, rest, self)) return true;
        g = narrowed(c, &g, token);
    }
    return false;
}

static void sort(struct cover *c)
{
    c->sorted = xcalloc((size_t)c->count + 1, sizeof *c->sorted);
    if (c->count == 0) return;
    memcpy(c->sorted, c->items, c->count * sizeof *c->sorted);
    qsort(c->sorted, c->count, sizeof *c->sorted, by_tokens);
}

bool cover_gave_up(const struct cover *c)
{
    return c->steps == 0;
}

bool cover_has(struct cover *c, uint32_t index)
{
    assert(index < c->count);
    if (c->sorted == NULL) sort(c);
    const struct group all = { .from = 0, .end = c->count };
    return is_covered(c, all, c->items[index].text, index);
}

bool cover_meets(struct cover *c, uint32_t index)
{
    assert(index < c->count);
    if (c->sorted == NULL) sort(c);
    const struct group all = { .from = 0, .end = c->count };
    return is_met(c, all, c->items[index].text, index);
}

bool cover_meets_other(struct cover *c, struct slice pattern)
{
    if (c->sorted == NULL) sort(c);
    assert(c->count < UINT32_MAX);
    if (c->steps > 0) c->steps += pattern.len;
    const struct group all = { .from = 0, .end = c->count };
    return is_met(c, all, pattern, UINT32_MAX);
}
