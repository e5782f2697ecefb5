/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: how they are laid out, grow and shrink. What they mean stands in tree.c. */
#include "subject/tree_internal.h"

static_assert(sizeof(struct tree_node) == 4, "children follow the head");
static_assert(sizeof(struct tree_value) == 24, "see the table");

static bool is_sorted(uint32_t kind)
{
    return kind >= TREE_NODE_1 && kind <= TREE_NODE_16;
}

static uint32_t node_size(uint32_t kind, uint32_t label_len)
{
    uint32_t size = tree_shapes[kind].label + label_len;
    if (kind == TREE_LEAF) size = ((size + 7) & ~7U) + (uint32_t)sizeof(struct tree_value);
    return size;
}

static_assert(4 + 4 * 256 + TREE_LABEL_MAX <= SLAB_OBJECT_MAX, "the largest node fits");

/* Without children. The label is `a` and then `b`. */
static slab_ref node_new(struct tree *t, enum tree_kind kind, struct slice a, struct slice b)
{
    assert(a.len + b.len <= TREE_LABEL_MAX);
    const struct tree_shape *shape = &tree_shapes[kind];
    slab_ref ref = slab_alloc(&t->slab, node_size(kind, a.len + b.len));
    uint8_t *n = slab_at(&t->slab, ref);
    memset(n, 0, shape->label);
    n[offsetof(struct tree_node, kind)] = (uint8_t)kind;
    n[offsetof(struct tree_node, label_len)] = (uint8_t)(a.len + b.len);
    if (a.len > 0) memcpy(n + shape->label, a.ptr, a.len);
    if (b.len > 0) memcpy(n + shape->label + a.len, b.ptr, b.len);
    return ref;
}

static slab_ref *find_sorted(struct tree_node *n, uint8_t key)
{
    const uint8_t *keys = tree_node_keys(n);
    const uint8_t *at = memchr(keys, key, n->count);
    return at == NULL ? NULL : &tree_node_children(n)[at - keys];
}

slab_ref *tree_node_find(struct tree_node *n, uint8_t key)
{
    assert(n->kind != TREE_LEAF);
    if (is_sorted(n->kind)) return find_sorted(n, key);
    slab_ref *children = tree_node_children(n);
    if (n->kind == TREE_NODE_256) return children[key] == 0 ? NULL : &children[key];
    uint8_t place = tree_node_keys(n)[key];
    return place == 0 ? NULL : &children[place - 1];
}

slab_ref tree_node_next(struct tree_node *n, uint32_t from, uint32_t *ret_key)
{
    const slab_ref *children = tree_node_children(n);
    const uint8_t *keys = tree_node_keys(n);
    if (is_sorted(n->kind)) {
        uint32_t i = 0;
        while (i < n->count && keys[i] < from) i++;
        if (i == n->count) return 0;
        *ret_key = keys[i];
        return children[i];
    }
    for (uint32_t key = from; key < TREE_KEYS; key++) {
        uint32_t place = n->kind == TREE_NODE_256 ? key + 1 : keys[key];
        if (place == 0 || children[place - 1] == 0) continue;
        *ret_key = key;
        return children[place - 1];
    }
    return 0;
}

/* Into a node with room. */
static slab_ref *put_sorted(struct tree_node *n, uint8_t key)
{
    slab_ref *children = tree_node_children(n);
    uint8_t *keys = tree_node_keys(n);
    uint32_t at = 0;
    while (at < n->count && keys[at] < key) at++;
    memmove(keys + at + 1, keys + at, n->count - at);
    memmove(children + at + 1, children + at, (n->count - at) * sizeof(slab_ref));
    keys[at] = key;
    return &children[at];
}

static slab_ref *put(struct tree_node *n, uint8_t key)
{
    assert(n->count < tree_shapes[n->kind].children);
    slab_ref *child = &tree_node_children(n)[key];
    if (is_sorted(n->kind)) {
        child = put_sorted(n, key);
    } else if (n->kind == TREE_NODE_48) {
        uint32_t place = 0;
        while (tree_node_children(n)[place] != 0) place++;
        tree_node_keys(n)[key] = (uint8_t)(place + 1);
        child = &tree_node_children(n)[place];
    }
    n->count++;
    *child = 0;
    return child;
}

static void copy_children(struct tree_node *to, struct tree_node *from)
{
    if (to->kind == from->kind || (is_sorted(to->kind) && is_sorted(from->kind))) {
        const struct tree_shape *shape = &tree_shapes[from->kind], *other = &tree_shapes[to->kind];
        uint32_t children = shape->children < other->children ? shape->children : other->children;
        uint32_t keys = shape->keys < other->keys ? shape->keys : other->keys;
        memcpy(tree_node_children(to), tree_node_children(from), children * sizeof(slab_ref));
        memcpy(tree_node_keys(to), tree_node_keys(from), keys);
        to->count = from->count;
        return;
    }
    uint32_t key = 0;
    for (uint32_t at = 0;; at = key + 1) {
        slab_ref child = tree_node_next(from, at, &key);
        if (child == 0) return;
        *put(to, (uint8_t)key) = child;
    }
}

/* The node in `*slot` becomes one of this kind and label, with the children or the value that it
 * had. `a` and `b` may stand in any node, this one too. */
static void node_replace(struct tree *t, slab_ref *slot, enum tree_kind kind, struct slice a,
                         struct slice b)
{
    slab_ref old_ref = *slot, new_ref = node_new(t, kind, a, b);
    struct tree_node *old = tree_node_at(t, old_ref), *n = tree_node_at(t, new_ref);
    assert((old->kind == TREE_LEAF) == (kind == TREE_LEAF));
    if (kind == TREE_LEAF) *tree_leaf_value(n) = *tree_leaf_value(old);
    else copy_children(n, old);
    *slot = new_ref;
    slab_free(&t->slab, old_ref);
}

static void node_resize(struct tree *t, slab_ref *slot, uint32_t kind)
{
    struct slice label = tree_node_label(tree_node_at(t, *slot));
    node_replace(t, slot, (enum tree_kind)kind, label, (struct slice){ 0 });
}

struct tree_value *tree_leaf_new(struct tree *t, slab_ref *slot, struct slice rest)
{
    while (rest.len > TREE_LABEL_MAX) {
        struct slice label = slice_first(rest, TREE_LABEL_MAX);
        *slot = node_new(t, TREE_NODE_1, label, (struct slice){ 0 });
        rest = slice_from(rest, TREE_LABEL_MAX);
        slot = put(tree_node_at(t, *slot), rest.ptr[0]);
    }
    *slot = node_new(t, TREE_LEAF, rest, (struct slice){ 0 });
    struct tree_value *value = tree_leaf_value(tree_node_at(t, *slot));
    *value = (struct tree_value){ 0 };
    return value;
}

slab_ref *tree_node_add(struct tree *t, slab_ref *slot, uint8_t key)
{
    const struct tree_node *n = tree_node_at(t, *slot);
    assert(n->kind != TREE_LEAF);
    if (n->count == tree_shapes[n->kind].children) node_resize(t, slot, n->kind + 1);
    return put(tree_node_at(t, *slot), key);
}

static void take_sorted(struct tree_node *n, uint32_t at)
{
    slab_ref *children = tree_node_children(n);
    uint8_t *keys = tree_node_keys(n);
    memmove(keys + at, keys + at + 1, n->count - at - 1);
    memmove(children + at, children + at + 1, (n->count - at - 1) * sizeof(slab_ref));
}

void tree_node_remove(struct tree *t, slab_ref *slot, uint8_t key)
{
    struct tree_node *n = tree_node_at(t, *slot);
    slab_ref *child = tree_node_find(n, key);
    assert(child != NULL && n->count > 1);
    if (is_sorted(n->kind)) take_sorted(n, (uint32_t)(child - tree_node_children(n)));
    else *child = 0;
    if (n->kind == TREE_NODE_48) tree_node_keys(n)[key] = 0;
    n->count--;
    if (n->count <= tree_shapes[n->kind].least) node_resize(t, slot, n->kind - 1);
}

void tree_node_split(struct tree *t, slab_ref *slot, uint32_t at)
{
    struct tree_node *n = tree_node_at(t, *slot);
    struct slice label = tree_node_label(n);
    slab_ref upper = node_new(t, TREE_NODE_2, slice_first(label, at), (struct slice){ 0 });
    slab_ref *lower = put(tree_node_at(t, upper), tree_key(label, at));
    *lower = *slot;
    *slot = upper;
    node_replace(t, lower, n->kind, slice_from(label, at), (struct slice){ 0 });
    tree_node_merge(t, lower);
}

void tree_node_merge(struct tree *t, slab_ref *slot)
{
    slab_ref upper_ref = *slot;
    struct tree_node *upper = tree_node_at(t, upper_ref);
    if (upper->kind != TREE_NODE_1) return;
    slab_ref child_ref = tree_node_children(upper)[0];
    const struct tree_node *child = tree_node_at(t, child_ref);
    if (upper->label_len + child->label_len > TREE_LABEL_MAX) return;
    *slot = child_ref;
    node_replace(t, slot, child->kind, tree_node_label(upper), tree_node_label(child));
    slab_free(&t->slab, upper_ref);
}
