/* SPDX-License-Identifier: Apache-2.0 */
/* Walks: the tree is gone through in order, with its own stack; the pattern is a machine that reads
 * the subject byte by byte and says early that a branch cannot match. */
#include "base/alloc.h"
#include "base/buf.h"
#include "subject/subject.h"
#include "subject/tree_internal.h"

/* The state of a pattern: where in it the next byte is compared; a `*` is stayed in until its token
 * ends. Or one of these. */
#define STATE_ANY  UINT32_MAX       /* whatever comes matches */
#define STATE_FAIL (UINT32_MAX - 1) /* nothing matches any more */

enum { KEY_ANY = -1, FRAMES_FIRST = 32 };

/* A node that is being walked. */
struct frame {
    slab_ref ref;
    uint32_t above;    /* bytes of the subject above its label */
    uint32_t state;    /* below its label */
    uint16_t next_key; /* children below this one are done */
    bool is_tight;     /* the subject so far is what `after` begins with */
};

struct walk {
    const struct tree *tree;
    struct slice pattern, after;
    struct buf subject; /* down to the label of the last frame */
    struct frame *frames;
    uint32_t count, cap;
    tree_each each;
    void *ctx;
};

static bool is_token_start(struct slice pattern, uint32_t at)
{
    return at == 0 || pattern.ptr[at - 1] == '.';
}

static bool is_token_end(struct slice pattern, uint32_t at)
{
    return at == pattern.len || pattern.ptr[at] == '.';
}

static bool is_wildcard(struct slice pattern, uint32_t at, char c)
{
    return at < pattern.len && pattern.ptr[at] == (uint8_t)c && is_token_start(pattern, at) &&
           is_token_end(pattern, at + 1);
}

static uint32_t state_at(struct slice pattern, uint32_t at)
{
    return pattern.len == 0 || is_wildcard(pattern, at, '>') ? STATE_ANY : at;
}

static uint32_t state_after(struct slice pattern, uint32_t state, uint8_t byte)
{
    if (state >= STATE_FAIL) return state;
    if (is_wildcard(pattern, state, '*')) {
        if (byte != '.') return state;
        return state + 1 < pattern.len ? state_at(pattern, state + 2) : STATE_FAIL;
    }
    if (state == pattern.len || pattern.ptr[state] != byte) return STATE_FAIL;
    return state_at(pattern, state + 1);
}

/* The subject may end here. */
static bool state_accepts(struct slice pattern, uint32_t state)
{
    if (state >= STATE_FAIL) return state == STATE_ANY;
    return state == pattern.len || (state + 1 == pattern.len && is_wildcard(pattern, state, '*'));
}

/* The only key with which it can go on, or KEY_ANY. */
static int state_key(struct slice pattern, uint32_t state)
{
    if (state == STATE_ANY || is_wildcard(pattern, state, '*')) return KEY_ANY;
    return tree_key(pattern, state);
}

static bool state_allows(struct slice pattern, uint32_t state, uint8_t key)
{
    if (key == TREE_END_KEY) return state_accepts(pattern, state);
    return state_after(pattern, state, key) != STATE_FAIL;
}

enum order { BELOW, BEGINS, ABOVE };

/* Are the subjects that go on with `label` above what is left of `after`? BEGINS: some are, some
 * not. */
static enum order order_of(struct slice label, struct slice after)
{
    uint32_t common = label.len < after.len ? label.len : after.len;
    int order = common == 0 ? 0 : memcmp(label.ptr, after.ptr, common);
    if (order != 0) return order < 0 ? BELOW : ABOVE;
    return label.len > after.len ? ABOVE : BEGINS;
}

static void push(struct walk *w, struct frame frame)
{
    if (w->count == w->cap) {
        w->cap = w->cap == 0 ? FRAMES_FIRST : w->cap * 2;
        w->frames = xrealloc(w->frames, w->cap * sizeof(struct frame));
    }
    w->frames[w->count++] = frame;
}

/* The subject is complete. */
static bool meet(struct walk *w, struct tree_node *leaf, uint32_t state)
{
    if (!state_accepts(w->pattern, state)) return true;
    uint32_t len = w->subject.len;
    buf_add(&w->subject, tree_node_label(leaf));
    bool goes_on = w->each(w->ctx, buf_slice(&w->subject), tree_leaf_value(leaf));
    w->subject.len = len;
    return goes_on;
}

/* Goes into a child. `state` and `is_tight` are its parent's. False: `each` has said so. */
static bool enter(struct walk *w, slab_ref ref, uint32_t state, bool is_tight)
{
    struct tree_node *n = tree_node_at(w->tree, ref);
    struct slice label = tree_node_label(n);
    bool is_leaf = n->kind == TREE_LEAF;
    for (uint32_t i = 0; i < label.len && state < STATE_FAIL; i++)
        state = state_after(w->pattern, state, label.ptr[i]);
    if (state == STATE_FAIL) return true;
    struct slice after = slice_from(w->after, w->subject.len);
    enum order order = is_tight ? order_of(label, after) : ABOVE;
    if (order == BELOW || (order == BEGINS && is_leaf)) return true;
    if (is_leaf) return meet(w, n, state);
    is_tight = order == BEGINS;
    uint32_t above = w->subject.len;
    buf_add(&w->subject, label);
    push(w, (struct frame){ .ref = ref,
                            .above = above,
                            .state = state,
                            .next_key = is_tight ? tree_key(w->after, w->subject.len) : 0,
                            .is_tight = is_tight });
    return true;
}

/* The next child of the last frame that may match; 0: none. */
static slab_ref next_child(const struct walk *w, struct frame *f)
{
    struct tree_node *n = tree_node_at(w->tree, f->ref);
    int only = state_key(w->pattern, f->state);
    uint32_t key = 0;
    if (only != KEY_ANY) {
        bool is_done = f->next_key > only;
        f->next_key = TREE_KEYS;
        const slab_ref *child = is_done ? NULL : tree_node_find(n, (uint8_t)only);
        return child == NULL ? 0 : *child;
    }
    for (;;) {
        slab_ref child = tree_node_next(n, f->next_key, &key);
        if (child == 0) return 0;
        f->next_key = (uint16_t)(key + 1);
        if (state_allows(w->pattern, f->state, (uint8_t)key)) return child;
    }
}

static bool walk_run(struct walk *w)
{
    bool goes_on = enter(w, w->tree->root, state_at(w->pattern, 0), w->after.len > 0);
    while (goes_on && w->count > 0) {
        struct frame *f = &w->frames[w->count - 1];
        slab_ref child = next_child(w, f);
        if (child != 0) {
            goes_on = enter(w, child, f->state, f->is_tight);
        } else {
            w->subject.len = f->above;
            w->count--;
        }
    }
    return goes_on;
}

static bool match_literal(const struct tree *t, struct slice subject, struct slice after,
                          tree_each each, void *ctx)
{
    if (after.len > 0 && slice_compare(subject, after) <= 0) return true;
    struct tree_value *value = tree_find(t, subject);
    return value == NULL || each(ctx, subject, value);
}

bool tree_match_after(const struct tree *t, struct slice pattern, struct slice after,
                      tree_each each, void *ctx)
{
    if (t->root == 0) return true;
    if (pattern.len > 0 && !subject_has_wildcard(pattern))
        return match_literal(t, pattern, after, each, ctx);
    struct walk w = { .tree = t, .pattern = pattern, .after = after, .each = each, .ctx = ctx };
    bool goes_on = walk_run(&w);
    buf_deinit(&w.subject);
    xfree(w.frames);
    return goes_on;
}

bool tree_match(const struct tree *t, struct slice pattern, tree_each each, void *ctx)
{
    return tree_match_after(t, pattern, (struct slice){ 0 }, each, ctx);
}
