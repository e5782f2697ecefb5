/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/tree.h"

#include "base/alloc.h"
#include "base/near.h"
#include "subject/tree_internal.h"

struct tree *tree_new(void)
{
    return near_zalloc(sizeof(struct tree));
}

struct tree *tree_free(struct tree *t)
{
    if (t == NULL) return NULL;
    slab_deinit(&t->slab);
    return near_free(t, sizeof *t);
}

const void *tree_top(const struct tree *t)
{
    return t->root == 0 ? NULL : tree_node_at(t, t->root);
}

uint64_t tree_count(const struct tree *t)
{
    return t->count;
}

uint64_t tree_memory(const struct tree *t)
{
    return sizeof(*t) + t->slab.bytes;
}

/* The first `known` bytes are known to be equal: a key was looked up by them. */
static bool starts_with(struct slice rest, struct slice label, uint32_t known)
{
    if (rest.len < label.len) return false;
    if (label.len <= known) return true;
    return memcmp(rest.ptr + known, label.ptr + known, label.len - known) == 0;
}

struct tree_value *tree_find(const struct tree *t, struct slice subject)
{
    slab_ref ref = t->root;
    uint32_t known = 0;
    for (uint32_t at = 0; ref != 0;) {
        struct tree_node *n = tree_node_at(t, ref);
        struct slice rest = slice_from(subject, at), label = tree_node_label(n);
        if (!starts_with(rest, label, known)) return NULL;
        if (n->kind == TREE_LEAF) return rest.len == label.len ? tree_leaf_value(n) : NULL;
        at += label.len;
        const slab_ref *child = tree_node_find(n, tree_key(subject, at));
        ref = child == NULL ? 0 : *child;
        known = 1;
    }
    return NULL;
}

static uint32_t common_length(struct slice a, struct slice b)
{
    uint32_t len = 0;
    while (len < a.len && len < b.len && a.ptr[len] == b.ptr[len]) len++;
    return len;
}

/* Goes down while `subject` agrees with the tree. Returns where the node is named in which it ends
 * or leaves the tree, how much of the subject stands above that node, and how much of its label
 * agrees. `*ret_parent` is NULL at the root. */
static slab_ref *descend(struct tree *t, struct slice subject, uint32_t *ret_above,
                         uint32_t *ret_common, slab_ref **ret_parent)
{
    slab_ref *slot = &t->root, *parent = NULL;
    uint32_t above = 0;
    for (;;) {
        struct tree_node *n = tree_node_at(t, *slot);
        struct slice label = tree_node_label(n);
        uint32_t common = common_length(slice_from(subject, above), label);
        slab_ref *child = NULL;
        if (n->kind != TREE_LEAF && common == label.len)
            child = tree_node_find(n, tree_key(subject, above + common));
        if (child == NULL) {
            *ret_above = above;
            *ret_common = common;
            *ret_parent = parent;
            return slot;
        }
        parent = slot;
        slot = child;
        above += common;
    }
}

struct tree_value *tree_get(struct tree *t, struct slice subject, bool *ret_is_new)
{
    assert(subject.len > 0 && subject.len <= TREE_SUBJECT_MAX);
    *ret_is_new = true;
    if (t->root == 0) {
        assert(slice_find_byte(subject, 0) < 0);
        t->count = 1;
        return tree_leaf_new(t, &t->root, subject);
    }
    uint32_t above, common;
    slab_ref *parent, *slot = descend(t, subject, &above, &common, &parent);
    struct tree_node *n = tree_node_at(t, *slot);
    bool is_leaf = n->kind == TREE_LEAF, is_whole = common == n->label_len;
    if (is_leaf && is_whole && above + common == subject.len) {
        *ret_is_new = false;
        return tree_leaf_value(n);
    }
    assert(slice_find_byte(subject, 0) < 0);
    t->count++;
    if (is_leaf || !is_whole) tree_node_split(t, slot, common);
    slab_ref *child = tree_node_add(t, slot, tree_key(subject, above + common));
    struct tree_value *value = tree_leaf_new(t, child, slice_from(subject, above + common));
    if (parent != NULL) tree_node_merge(t, parent); /* the label of its one child may be shorter */
    return value;
}

/* Frees a leaf and the nodes above it that have one child. */
static void free_chain(struct tree *t, slab_ref ref)
{
    while (ref != 0) {
        struct tree_node *n = tree_node_at(t, ref);
        assert(n->kind <= TREE_NODE_1);
        slab_ref below = n->kind == TREE_LEAF ? 0 : tree_node_children(n)[0];
        slab_free(&t->slab, ref);
        ref = below;
    }
}

/* The lowest node above the subject's leaf that has other children too, where it is named, and the
 * key below it. NULL: there is none. */
static slab_ref *find_fork(struct tree *t, struct slice subject, uint8_t *ret_key)
{
    slab_ref *slot = &t->root, *fork = NULL;
    uint32_t at = 0;
    for (;;) {
        struct tree_node *n = tree_node_at(t, *slot);
        if (n->kind == TREE_LEAF) return fork;
        at += n->label_len;
        uint8_t key = tree_key(subject, at);
        if (n->count > 1) {
            fork = slot;
            *ret_key = key;
        }
        slot = tree_node_find(n, key);
        assert(slot != NULL);
    }
}

bool tree_remove(struct tree *t, struct slice subject)
{
    if (tree_find(t, subject) == NULL) return false;
    uint8_t key = 0;
    slab_ref *fork = find_fork(t, subject, &key);
    assert(t->count > 0);
    t->count--;
    if (fork == NULL) {
        free_chain(t, t->root);
        t->root = 0;
        return true;
    }
    free_chain(t, *tree_node_find(tree_node_at(t, *fork), key));
    tree_node_remove(t, fork, key);
    tree_node_merge(t, fork);
    return true;
}

/* ---- check ---- */

/* Nodes that are still to be looked at, and how much of the subject stands above each. */
struct pile {
    struct pending {
        slab_ref ref;
        uint32_t above;
    } * items;
    uint32_t count, cap;
};

static void pile_add(struct pile *p, slab_ref ref, uint32_t above)
{
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 256 : p->cap * 2;
        p->items = xrealloc(p->items, p->cap * sizeof(struct pending));
    }
    p->items[p->count++] = (struct pending){ ref, above };
}

static void check_child(const struct tree *t, const struct tree_node *n, uint32_t key, slab_ref ref)
{
    const struct tree_node *child = tree_node_at(t, ref);
    struct slice label = tree_node_label(child);
    if (key == TREE_END_KEY) assert(label.len == 0 && child->kind == TREE_LEAF);
    else assert(label.len > 0 && label.ptr[0] == key);
    if (n->count == 1) assert(n->label_len + child->label_len > TREE_LABEL_MAX);
}

static void check_children(const struct tree *t, struct pending at, struct pile *p)
{
    struct tree_node *n = tree_node_at(t, at.ref);
    const struct tree_shape *shape = &tree_shapes[n->kind];
    assert(n->kind < TREE_KINDS && n->count > shape->least && n->count <= shape->children);
    uint32_t count = 0, key = 0;
    for (uint32_t from = 0;; from = key + 1) {
        slab_ref child = tree_node_next(n, from, &key);
        if (child == 0) break;
        assert(key >= from && *tree_node_find(n, (uint8_t)key) == child);
        check_child(t, n, key, child);
        pile_add(p, child, at.above + n->label_len);
        count++;
    }
    assert(count == n->count);
}

uint64_t tree_check(const struct tree *t)
{
    struct pile p = { 0 };
    uint64_t subjects = 0, nodes = 0;
    if (t->root != 0) pile_add(&p, t->root, 0);
    for (; p.count > 0; nodes++) {
        struct pending at = p.items[--p.count];
        const struct tree_node *n = tree_node_at(t, at.ref);
        assert(memchr(tree_node_label(n).ptr, 0, n->label_len) == NULL);
        assert(at.above + n->label_len <= UINT16_MAX);
        if (n->kind == TREE_LEAF) subjects++;
        else check_children(t, at, &p);
    }
    xfree(p.items);
    assert(subjects == t->count && nodes == slab_count(&t->slab));
    slab_check(&t->slab);
    return subjects;
}
