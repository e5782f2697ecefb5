/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/interest.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/le.h"
#include "subject/subject.h"
#include "subject/topic.h"

/* A table under this size is one shard; above, 256: the longest copy of a table of a million
 * entries is then of 4096. */
enum { SHARDS = 256, SHARD_FROM = 4096 };

/* The literal table holds entries and topics; the lowest bit tells. */
enum { IS_TOPIC = 1 };

struct shards {
    struct garbage garbage;
    _Atomic(struct slots *) at[SHARDS];
};

struct node {
    struct garbage garbage;
    _Atomic(struct slots *) children; /* nodes of literal tokens */
    _Atomic(struct node *) star;      /* `*` */
    _Atomic(struct topic *) rest;     /* patterns that end in `>` here */
    _Atomic(struct topic *) end;      /* patterns that end with this token */
    struct node *parent;              /* writer only */
    uint32_t token_len;
    uint8_t token[];
};

struct interest {
    _Atomic(struct slots *) few; /* literals, until there are SHARD_FROM */
    _Atomic(struct shards *) many;
    struct node *root;
    _Atomic uint64_t patterns; /* entries in the trie */
    _Atomic uint64_t count;
    _Atomic uint64_t generation;
    uint64_t seed;
    struct lock lock;
};

struct match_todo {
    const struct node *node;
    uint32_t token;
};

static struct slice literal_text(uintptr_t value)
{
    if (value & IS_TOPIC) {
        const struct topic *t = (const struct topic *)(value & ~(uintptr_t)IS_TOPIC);
        return slice_of(t->subject, t->subject_len);
    }
    return interest_entry_subject((const struct interest_entry *)value);
}

static struct slice node_text(uintptr_t value)
{
    const struct node *n = (const struct node *)value;
    return slice_of(n->token, n->token_len);
}

static struct node *node_new(struct node *parent, struct slice token)
{
    struct node *n = xcalloc(1, sizeof *n + token.len);
    n->parent = parent;
    n->token_len = token.len;
    if (token.len > 0) memcpy(n->token, token.ptr, token.len);
    return n;
}

struct interest *interest_new(uint64_t hash_seed)
{
    struct interest *i = xcalloc(1, sizeof *i);
    i->seed = hash_seed;
    i->root = node_new(NULL, (struct slice){ 0 });
    lock_init(&i->lock);
    return i;
}

/* ---- freeing ---- */

static void free_literals(struct slots *s)
{
    for (uint32_t i = 0; s != NULL && i < s->cap; i++) {
        uintptr_t value = slot_value(atomic_load(&s->at[i]));
        if (value > SLOT_DEAD && (value & IS_TOPIC))
            topic_free((struct topic *)(value & ~(uintptr_t)IS_TOPIC));
    }
    xfree(s);
}

static void free_node_self(struct node *n)
{
    topic_free(atomic_load(&n->rest));
    topic_free(atomic_load(&n->end));
    xfree(atomic_load(&n->children));
    xfree(n);
}

/* Some child, unlinked; NULL when there is none left. */
static struct node *pop_child(struct node *n)
{
    struct node *star = atomic_exchange(&n->star, NULL);
    if (star != NULL) return star;
    struct slots *s = atomic_load(&n->children);
    for (uint32_t i = 0; s != NULL && s->live > 0 && i < s->cap; i++) {
        uintptr_t value = slot_value(atomic_load(&s->at[i]));
        if (value <= SLOT_DEAD) continue;
        slots_remove(s, &s->at[i]);
        return (struct node *)value;
    }
    return NULL;
}

/* Depth first without recursion: a pattern may have many thousand tokens. */
static void free_trie(struct node *n)
{
    while (n != NULL) {
        struct node *child = pop_child(n);
        if (child != NULL) {
            n = child;
            continue;
        }
        struct node *parent = n->parent;
        free_node_self(n);
        n = parent;
    }
}

struct interest *interest_free(struct interest *i)
{
    if (i == NULL) return NULL;
    free_literals(atomic_load(&i->few));
    struct shards *many = atomic_load(&i->many);
    for (uint32_t s = 0; many != NULL && s < SHARDS; s++) free_literals(atomic_load(&many->at[s]));
    xfree(many);
    free_trie(i->root);
    lock_deinit(&i->lock);
    return xfree(i);
}

/* ---- literals ---- */

/* Readers look at `few` first: when the writer has emptied it, `many` is already there. */
static struct slots *literal_table(const struct interest *i, uint64_t hash)
{
    struct slots *few = atomic_load_explicit(&i->few, memory_order_acquire);
    if (few != NULL) return few;
    struct shards *many = atomic_load_explicit(&i->many, memory_order_acquire);
    if (many == NULL) return NULL;
    return atomic_load_explicit(&many->at[(hash >> 32) % SHARDS], memory_order_acquire);
}

static _Atomic(struct slots *) *literal_place(struct interest *i, uint64_t hash)
{
    struct shards *many = atomic_load_explicit(&i->many, memory_order_relaxed);
    return many != NULL ? &many->at[(hash >> 32) % SHARDS] : &i->few;
}

static void split_into_shards(struct interest *i, struct garbage **garbage)
{
    struct slots *few = atomic_load_explicit(&i->few, memory_order_relaxed);
    if (few == NULL || few->live < SHARD_FROM) return;
    struct shards *many = xcalloc(1, sizeof *many);
    for (uint32_t at = 0; at < few->cap; at++) {
        uintptr_t value = slot_value(atomic_load_explicit(&few->at[at], memory_order_relaxed));
        if (value <= SLOT_DEAD) continue;
        uint64_t hash = hash_bytes(literal_text(value), i->seed);
        slots_add(&many->at[(hash >> 32) % SHARDS], i->seed, literal_text, value, garbage);
    }
    atomic_store_explicit(&i->many, many, memory_order_release);
    atomic_store_explicit(&i->few, NULL, memory_order_release);
    garbage_add(garbage, &few->garbage);
}

static void insert_literal(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    struct slice subject = interest_entry_subject(e);
    uint64_t hash = hash_bytes(subject, i->seed);
    _Atomic uint64_t *slot = NULL;
    uintptr_t old = slots_find(literal_table(i, hash), hash, subject, literal_text, &slot);
    if (old & IS_TOPIC) {
        topic_add((struct topic *)(old & ~(uintptr_t)IS_TOPIC), e, garbage);
        return;
    }
    uintptr_t value = (uintptr_t)e;
    if (old != 0 || e->queue_len > 0) {
        struct topic *t = topic_new(subject);
        if (old != 0) topic_add(t, (struct interest_entry *)old, garbage);
        topic_add(t, e, garbage);
        value = (uintptr_t)t | IS_TOPIC;
    }
    if (old != 0) {
        slots_replace(slot, value);
        return;
    }
    if (atomic_load_explicit(&i->many, memory_order_relaxed) == NULL) split_into_shards(i, garbage);
    slots_add(literal_place(i, hash), i->seed, literal_text, value, garbage);
}

static void remove_literal(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    struct slice subject = interest_entry_subject(e);
    uint64_t hash = hash_bytes(subject, i->seed);
    _Atomic uint64_t *slot = NULL;
    uintptr_t value = slots_find(literal_table(i, hash), hash, subject, literal_text, &slot);
    assert(value != 0);
    struct topic *t = NULL;
    if (value & IS_TOPIC) {
        t = (struct topic *)(value & ~(uintptr_t)IS_TOPIC);
        topic_remove(t, e, garbage);
        if (!topic_is_empty(t)) return;
    } else {
        assert(value == (uintptr_t)e);
    }
    slots_remove(atomic_load_explicit(literal_place(i, hash), memory_order_relaxed), slot);
    if (t != NULL) topic_discard(t, garbage);
}

/* ---- patterns ---- */

static bool is_star(struct slice t)
{
    return t.len == 1 && t.ptr[0] == '*';
}

static bool is_rest(struct slice t)
{
    return t.len == 1 && t.ptr[0] == '>';
}

static struct node *child_find(const struct interest *i, const struct node *n, struct slice token)
{
    struct slots *s = atomic_load_explicit(&n->children, memory_order_acquire);
    if (s == NULL) return NULL;
    return (struct node *)slots_find(s, hash_bytes(token, i->seed), token, node_text, NULL);
}

static struct node *child_make(struct interest *i, struct node *n, struct slice token,
                               struct garbage **garbage)
{
    if (is_star(token)) {
        struct node *star = atomic_load_explicit(&n->star, memory_order_relaxed);
        if (star != NULL) return star;
        star = node_new(n, token);
        atomic_store_explicit(&n->star, star, memory_order_release);
        return star;
    }
    struct node *child = child_find(i, n, token);
    if (child != NULL) return child;
    child = node_new(n, token);
    slots_add(&n->children, i->seed, node_text, (uintptr_t)child, garbage);
    return child;
}

/* The node and place where a pattern's topic stands; makes the nodes when `make`. */
static _Atomic(struct topic *) *pattern_place(struct interest *i, struct slice pattern,
                                              struct node **ret_node, struct garbage **garbage)
{
    struct node *n = i->root;
    struct slice token;
    while (subject_next_token(&pattern, &token)) {
        if (is_rest(token)) {
            *ret_node = n;
            return &n->rest;
        }
        n = child_make(i, n, token, garbage);
    }
    *ret_node = n;
    return &n->end;
}

static void insert_pattern(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    struct node *n;
    struct slice pattern = interest_entry_subject(e);
    _Atomic(struct topic *) *place = pattern_place(i, pattern, &n, garbage);
    struct topic *t = atomic_load_explicit(place, memory_order_relaxed);
    if (t != NULL) {
        topic_add(t, e, garbage);
        return;
    }
    t = topic_new(pattern);
    topic_add(t, e, garbage);
    atomic_store_explicit(place, t, memory_order_release);
}

static bool node_is_empty(const struct node *n)
{
    struct slots *s = atomic_load_explicit(&n->children, memory_order_relaxed);
    return (s == NULL || s->live == 0) &&
           atomic_load_explicit(&n->star, memory_order_relaxed) == NULL &&
           atomic_load_explicit(&n->rest, memory_order_relaxed) == NULL &&
           atomic_load_explicit(&n->end, memory_order_relaxed) == NULL;
}

/* Takes empty nodes out, from the leaf up. */
static void prune(struct interest *i, struct node *n, struct garbage **garbage)
{
    while (n->parent != NULL && node_is_empty(n)) {
        struct node *parent = n->parent;
        struct slice token = slice_of(n->token, n->token_len);
        if (is_star(token)) {
            atomic_store_explicit(&parent->star, NULL, memory_order_release);
        } else {
            struct slots *s = atomic_load_explicit(&parent->children, memory_order_relaxed);
            _Atomic uint64_t *slot = NULL;
            uintptr_t found = slots_find(s, hash_bytes(token, i->seed), token, node_text, &slot);
            assert(found == (uintptr_t)n);
            slots_remove(s, slot);
        }
        struct slots *own = atomic_load_explicit(&n->children, memory_order_relaxed);
        if (own != NULL) garbage_add(garbage, &own->garbage);
        garbage_add(garbage, &n->garbage);
        n = parent;
    }
}

static void remove_pattern(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    struct node *n;
    _Atomic(struct topic *) *place = pattern_place(i, interest_entry_subject(e), &n, garbage);
    struct topic *t = atomic_load_explicit(place, memory_order_relaxed);
    assert(t != NULL);
    topic_remove(t, e, garbage);
    if (!topic_is_empty(t)) return;
    atomic_store_explicit(place, NULL, memory_order_release);
    topic_discard(t, garbage);
    prune(i, n, garbage);
}

/* ---- both ---- */

void interest_insert(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    bool pattern = subject_has_wildcard(interest_entry_subject(e));
    lock_take(&i->lock);
    if (pattern) insert_pattern(i, e, garbage);
    else insert_literal(i, e, garbage);
    if (pattern) atomic_fetch_add_explicit(&i->patterns, 1, memory_order_release);
    atomic_fetch_add_explicit(&i->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&i->generation, 1, memory_order_release);
    lock_drop(&i->lock);
}

void interest_remove(struct interest *i, struct interest_entry *e, struct garbage **garbage)
{
    bool pattern = subject_has_wildcard(interest_entry_subject(e));
    lock_take(&i->lock);
    if (pattern) remove_pattern(i, e, garbage);
    else remove_literal(i, e, garbage);
    if (pattern) atomic_fetch_sub_explicit(&i->patterns, 1, memory_order_release);
    atomic_fetch_sub_explicit(&i->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&i->generation, 1, memory_order_release);
    lock_drop(&i->lock);
}

/* A table has at most four places for each that is taken (slots.c), an array of entries two
 * (topic.c). A node with one child has a table of its own for it. */
size_t interest_cost(struct slice subject, uint32_t queue_len)
{
    enum { PLACES = 4 * sizeof(uint64_t), ENTRIES = sizeof(struct entries) + 2 * sizeof(void *) };
    size_t topic = sizeof(struct topic) + subject.len;
    size_t group = sizeof(struct group) + queue_len + sizeof(struct groups) + 2 * sizeof(void *);
    bool is_plain = queue_len == 0;
    size_t cost = PLACES + ENTRIES + (is_plain ? 0 : group);
    if (!subject_has_wildcard(subject))         /* the first plain one of a literal has no topic */
        return cost + (is_plain ? topic / 2 : topic);
    struct slice token;
    while (subject_next_token(&subject, &token))
        if (!is_rest(token))
            cost += sizeof(struct node) + token.len + sizeof(struct slots) + PLACES;
    return cost + topic;
}

uint64_t interest_count(const struct interest *i)
{
    return atomic_load_explicit(&i->count, memory_order_relaxed);
}

uint64_t interest_generation(const struct interest *i)
{
    return atomic_load_explicit(&i->generation, memory_order_acquire);
}

static void matches_add(struct matches *m, struct topic *t)
{
    if (m->count == m->cap) {
        m->cap = m->cap > 0 ? m->cap * 2 : 16;
        m->topics = xrealloc(m->topics, m->cap * sizeof(struct topic *));
    }
    m->topics[m->count++] = t;
}

static void matches_add_place(struct matches *m, const _Atomic(struct topic *) *place)
{
    struct topic *t = atomic_load_explicit(place, memory_order_acquire);
    if (t != NULL) matches_add(m, t);
}

static uint32_t todo_push(struct matches *m, uint32_t depth, const struct node *n, uint32_t token)
{
    if (depth == m->todo_cap) {
        m->todo_cap = m->todo_cap > 0 ? m->todo_cap * 2 : 16;
        m->todo = xrealloc(m->todo, m->todo_cap * sizeof *m->todo);
    }
    m->todo[depth] = (struct match_todo){ n, token };
    return depth + 1;
}

/* The highest bit of each byte of the eight at `at` that is a dot, the first in the lowest byte. */
static uint64_t dots_of(struct slice s, uint32_t at)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), dots = UINT64_C(0x2e2e2e2e2e2e2e2e);
    uint32_t left = s.len - at;
    uint64_t word = 0;
    assert(at < s.len);
    if (left >= 8) word = le_get_u64(s.ptr + at);
    else if (s.len >= 8) word = le_get_u64(s.ptr + s.len - 8) >> 8 * (8 - left);
    else
        for (uint32_t i = 0; i < left; i++) word |= (uint64_t)s.ptr[at + i] << 8 * i;
    word ^= dots;
    return ~(((word & low) + low) | word | low);
}

/* Finds the ends of the tokens; returns how many there are, 0: one is empty. */
static uint32_t split(struct slice subject, struct matches *m)
{
    uint32_t count = 0, begin = 0;
    if (m->ends_cap < subject.len / 2 + 1) {
        m->ends_cap = subject.len + 64;
        m->ends = xrealloc(m->ends, m->ends_cap * sizeof *m->ends);
    }
    for (uint32_t at = 0; at < subject.len; at += 8) {
        for (uint64_t dots = dots_of(subject, at); dots != 0; dots &= dots - 1) {
            uint32_t end = at + (uint32_t)__builtin_ctzll(dots) / 8;
            if (end == begin) return 0;
            m->ends[count++] = end;
            begin = end + 1;
        }
    }
    if (begin == subject.len) return 0;
    m->ends[count++] = subject.len;
    assert(count <= subject.len / 2 + 1);
    return count;
}

static struct slice token_at(struct slice subject, const uint32_t *ends, uint32_t at)
{
    uint32_t begin = at == 0 ? 0 : ends[at - 1] + 1;
    return slice_of(subject.ptr + begin, ends[at] - begin);
}

/* Walks the literal branch and leaves the `*` branches for later. */
static void match_patterns(const struct interest *i, struct slice subject, struct matches *m)
{
    uint32_t count = split(subject, m);
    uint32_t depth = todo_push(m, 0, i->root, 0);
    while (depth > 0 && count > 0) {
        struct match_todo todo = m->todo[--depth];
        const struct node *n = todo.node;
        for (uint32_t at = todo.token; n != NULL && at < count; at++) {
            matches_add_place(m, &n->rest);
            const struct node *star = atomic_load_explicit(&n->star, memory_order_acquire);
            if (star != NULL) depth = todo_push(m, depth, star, at + 1);
            n = child_find(i, n, token_at(subject, m->ends, at));
        }
        if (n != NULL) matches_add_place(m, &n->end);
    }
}

void interest_match_literal(const struct interest *i, struct slice subject, struct matches *m)
{
    m->single = NULL;
    m->count = 0;
    uint64_t hash = hash_bytes(subject, i->seed);
    uintptr_t value = slots_find(literal_table(i, hash), hash, subject, literal_text, NULL);
    if (value & IS_TOPIC) matches_add(m, (struct topic *)(value & ~(uintptr_t)IS_TOPIC));
    else m->single = (struct interest_entry *)value;
}

void interest_match(const struct interest *i, struct slice subject, struct matches *m)
{
    interest_match_literal(i, subject, m);
    if (atomic_load_explicit(&i->patterns, memory_order_acquire) > 0) match_patterns(i, subject, m);
}

/* Along the literal branch, by hashes alone. */
static void patterns_soon(const struct interest *i, struct slice subject, struct matches *m)
{
    uint32_t count = split(subject, m);
    const struct node *n = i->root;
    for (uint32_t at = 0; at < count && n != NULL; at++) {
        struct slots *s = atomic_load_explicit(&n->children, memory_order_acquire);
        if (s == NULL) return;
        n = (const struct node *)slots_guess(s,
                                             hash_bytes(token_at(subject, m->ends, at), i->seed));
        if (n != NULL) PREFETCH(n);
    }
}

void interest_soon(const struct interest *i, struct slice subject, struct matches *scratch)
{
    assert(subject.len > 0);
    uint64_t hash = hash_bytes(subject, i->seed);
    const struct slots *s = literal_table(i, hash);
    if (s != NULL) PREFETCH(slots_home(s, hash));
    if (atomic_load_explicit(&i->patterns, memory_order_acquire) > 0)
        patterns_soon(i, subject, scratch);
}

void matches_deinit(struct matches *m)
{
    xfree(m->topics);
    xfree(m->todo);
    xfree(m->ends);
    *m = (struct matches){ 0 };
}

/* ---- checks ---- */

static uint64_t check_literals(struct slots *s)
{
    uint64_t found = 0, live = 0;
    for (uint32_t at = 0; s != NULL && at < s->cap; at++) {
        uintptr_t value = slot_value(atomic_load(&s->at[at]));
        if (value <= SLOT_DEAD) continue;
        live++;
        found += value & IS_TOPIC ? topic_check((struct topic *)(value & ~(uintptr_t)IS_TOPIC)) : 1;
        assert(!subject_has_wildcard(literal_text(value)));
    }
    assert(s == NULL || live == s->live);
    return found;
}

/* Recursive: for tests, whose patterns are short. */
static uint64_t check_node(const struct node *n, const struct node *parent)
{
    if (n == NULL) return 0;
    assert(n->parent == parent);
    assert(parent == NULL || !node_is_empty(n));
    uint64_t found = topic_check(atomic_load(&n->rest)) + topic_check(atomic_load(&n->end));
    found += check_node(atomic_load(&n->star), n);
    struct slots *s = atomic_load(&n->children);
    for (uint32_t at = 0; s != NULL && at < s->cap; at++) {
        uintptr_t value = slot_value(atomic_load(&s->at[at]));
        if (value > SLOT_DEAD) found += check_node((const struct node *)value, n);
    }
    return found;
}

uint64_t interest_check(struct interest *i)
{
    lock_take(&i->lock);
    uint64_t found = check_literals(atomic_load(&i->few));
    struct shards *many = atomic_load(&i->many);
    for (uint32_t s = 0; many != NULL && s < SHARDS; s++)
        found += check_literals(atomic_load(&many->at[s]));
    uint64_t patterns = check_node(i->root, NULL);
    assert(patterns == atomic_load(&i->patterns));
    found += patterns;
    assert(found == atomic_load(&i->count));
    lock_drop(&i->lock);
    return found;
}
