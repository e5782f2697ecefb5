/* SPDX-License-Identifier: Apache-2.0 */
/* A node of the trie is a place between two tokens. Its literal children are found in one hash
 * table of edges for the whole trie, keyed by node and token. Node 0 is the root, so that 0 as a
 * child means "none". A walk sees each node at most once: the cost is bounded by the rules, not by
 * the subject. */
#include "auth/rules.h"

#include "base/assert.h"
#include "base/hash.h"
#include "config/options_auth.h"
#include "subject/subject.h"

struct node {
    uint32_t star;                      /* child for `*` */
    bool     rest;                      /* `>` follows */
    bool     end;                       /* an entry ends here */
};

struct edge {
    uint32_t     child;                 /* 0: a free place */
    uint32_t     parent;
    struct slice token;
};

struct rule {
    struct slice subject;
    struct slice queue;                 /* empty: none */
};

struct rules {
    uint64_t      seed;
    struct slice *literals;             /* open addressing; ptr == NULL: free */
    uint32_t      literals_mask;        /* meaningful when literals_count > 0 */
    uint32_t      literals_count;
    struct node  *nodes;
    uint32_t      nodes_count;          /* 0: no patterns */
    struct edge  *edges;
    uint32_t      edges_mask;
    struct rule  *plain;
    uint32_t      plain_count;
    struct rule  *queued;
    uint32_t      queued_count;
};

/* A power of two, at least twice `count`. */
static uint32_t table_size(uint32_t count)
{
    uint32_t size = 8;
    while (size < 2 * count) size *= 2;
    return size;
}

static bool literal_find(const struct rules *r, struct slice subject, uint32_t *ret_at)
{
    uint32_t at = (uint32_t)hash_bytes(subject, r->seed) & r->literals_mask;
    while (r->literals[at].ptr != NULL && !slice_equal(r->literals[at], subject))
        at = (at + 1) & r->literals_mask;
    *ret_at = at;
    return r->literals[at].ptr != NULL;
}

/* No token is empty. */
static bool tokens_full(struct slice subject)
{
    bool empty = true;
    for (uint32_t i = 0; i < subject.len; i++) {
        bool dot = subject.ptr[i] == '.';
        if (dot && empty) return false;
        empty = dot;
    }
    return !empty;
}

/* A token and its hash (FNV-1a) from one pass over its bytes. No key is needed: what a stranger
 * publishes is looked up here, never stored. */
struct token {
    struct slice text;
    uint64_t     hash;
};

static struct token token_at(struct slice subject, uint32_t from)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    uint32_t to = from;
    for (; to < subject.len && subject.ptr[to] != '.'; to++)
        hash = (hash ^ subject.ptr[to]) * UINT64_C(0x100000001b3);
    return (struct token){ { subject.ptr + from, to - from }, hash };
}

static struct edge *edge_find(const struct rules *r, uint32_t parent, const struct token *token)
{
    uint64_t hash = hash_u64(token->hash + parent);
    for (uint32_t at = (uint32_t)hash & r->edges_mask;; at = (at + 1) & r->edges_mask) {
        struct edge *e = &r->edges[at];
        if (e->child == 0) return e;
        if (e->parent == parent && slice_equal(e->token, token->text)) return e;
    }
}

static uint32_t node_add(struct rules *r)
{
    return r->nodes_count++;
}

static uint32_t star_child(struct rules *r, uint32_t at)
{
    if (r->nodes[at].star == 0) r->nodes[at].star = node_add(r);
    return r->nodes[at].star;
}

static uint32_t literal_child(struct rules *r, uint32_t at, const struct token *token)
{
    struct edge *e = edge_find(r, at, token);
    if (e->child == 0) *e = (struct edge){ node_add(r), at, token->text };
    return e->child;
}

static void trie_insert(struct rules *r, struct slice pattern)
{
    uint32_t at = 0;
    for (uint32_t from = 0; from <= pattern.len;) {
        struct token token = token_at(pattern, from);
        if (slice_equal_str(token.text, ">")) {
            r->nodes[at].rest = true;
            return;
        }
        bool star = slice_equal_str(token.text, "*");
        at = star ? star_child(r, at) : literal_child(r, at, &token);
        from += token.text.len + 1;
    }
    r->nodes[at].end = true;
}

static void literals_build(struct rules *r, struct arena *arena)
{
    uint32_t size = table_size(r->plain_count);
    r->literals = arena_alloc(arena, size * sizeof *r->literals);
    r->literals_mask = size - 1;
    for (uint32_t i = 0; i < r->plain_count; i++) {
        uint32_t at;
        if (subject_has_wildcard(r->plain[i].subject)) continue;
        if (literal_find(r, r->plain[i].subject, &at)) continue;
        r->literals[at] = r->plain[i].subject;
        r->literals_count++;
    }
}

static void trie_build(struct rules *r, struct arena *arena)
{
    uint32_t tokens = 0;
    for (uint32_t i = 0; i < r->plain_count; i++)
        if (subject_has_wildcard(r->plain[i].subject))
            tokens += subject_token_count(r->plain[i].subject);
    if (tokens == 0) return;

    r->nodes = arena_alloc(arena, (tokens + 1) * sizeof *r->nodes);
    r->edges_mask = table_size(tokens) - 1;
    r->edges = arena_alloc(arena, (r->edges_mask + 1) * sizeof *r->edges);
    (void)node_add(r);
    for (uint32_t i = 0; i < r->plain_count; i++)
        if (subject_has_wildcard(r->plain[i].subject)) trie_insert(r, r->plain[i].subject);
    assert(r->nodes_count <= tokens + 1);
}

struct rules *rules_new(struct arena *arena, const struct subject_rule *list, uint32_t count,
                        uint64_t hash_seed)
{
    struct rules *r = arena_alloc(arena, sizeof *r);
    r->seed = hash_seed;
    r->plain = arena_alloc(arena, count * sizeof *r->plain);
    r->queued = arena_alloc(arena, count * sizeof *r->queued);
    for (uint32_t i = 0; i < count; i++) {
        struct rule rule = { .subject = arena_slice(arena, slice_str(list[i].subject)),
                             .queue = arena_slice(arena, slice_str(list[i].queue)) };
        if (rule.queue.len == 0) r->plain[r->plain_count++] = rule;
        else r->queued[r->queued_count++] = rule;
    }
    literals_build(r, arena);
    trie_build(r, arena);
    return r;
}

bool rules_empty(const struct rules *r)
{
    return r->plain_count + r->queued_count == 0;
}

/* From the token that begins at `from`; one past the subject's length means that none is left. */
static bool trie_match(const struct rules *r, uint32_t at, struct slice subject, uint32_t from)
{
    const struct node *node = &r->nodes[at];
    if (from > subject.len) return node->end;
    if (node->rest && tokens_full(slice_from(subject, from))) return true;
    struct token token = token_at(subject, from);
    if (token.text.len == 0) return false;
    uint32_t next = from + token.text.len + 1;
    uint32_t literal = edge_find(r, at, &token)->child;
    if (literal != 0 && trie_match(r, literal, subject, next)) return true;
    return node->star != 0 && trie_match(r, node->star, subject, next);
}

bool rules_match(const struct rules *r, struct slice subject)
{
    uint32_t at;
    if (r->literals_count > 0 && literal_find(r, subject, &at)) return true;
    return r->nodes_count > 0 && subject.len > 0 && trie_match(r, 0, subject, 0);
}

bool rules_cover(const struct rules *r, struct slice pattern)
{
    if (!subject_has_wildcard(pattern)) return rules_match(r, pattern);
    if (!tokens_full(pattern)) return false;
    for (uint32_t i = 0; i < r->plain_count; i++)
        if (subject_covers(r->plain[i].subject, pattern)) return true;
    return false;
}

bool rules_overlap(const struct rules *r, struct slice pattern)
{
    for (uint32_t i = 0; i < r->plain_count; i++)
        if (subject_overlaps(r->plain[i].subject, pattern)) return true;
    return false;
}

static bool related(enum rules_relation how, struct slice rule, struct slice subject)
{
    switch (how) {
    case RULES_MATCH: return subject_matches(rule, subject);
    case RULES_COVER: return subject_covers(rule, subject);
    case RULES_OVERLAP: return subject_overlaps(rule, subject);
    default: unreachable();
    }
}

/* A queue's name is not checked as a subject, yet an entry may name several by a pattern. */
static bool queue_fits(struct slice rule, struct slice queue)
{
    if (slice_equal(rule, queue) || slice_equal_str(rule, ">")) return true;
    return tokens_full(queue) && subject_covers(rule, queue);
}

struct rules_queues rules_queues(const struct rules *r, enum rules_relation how,
                                 struct slice subject, struct slice queue)
{
    struct rules_queues found = { 0 };
    if (r->queued_count == 0 || !tokens_full(subject)) return found;
    for (uint32_t i = 0; i < r->queued_count; i++) {
        if (!related(how, r->queued[i].subject, subject)) continue;
        found.any = true;
        if (queue_fits(r->queued[i].queue, queue)) found.fits = true;
        else found.misfits = true;
    }
    return found;
}
