/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a tree (subject/tree.h), for the files that are the tree.
 *
 * A subject ends in a NUL of its own, so that none is a prefix of another. Every node carries the
 * bytes that all below it share, its label; a child's label begins with the byte by which its
 * parent tells it from the others, its key. The child in which a subject ends has an empty label
 * and the key NUL. A leaf's label is the rest of its subject.
 *
 *   inner node                          leaf
 *   offset  size                        offset  size
 *        0     1  kind                       0     1  kind
 *        1     1  label's length             1     1  label's length
 *        2     2  count of children          2     …  label
 *        4   4*c  children: references       …    24  value, at a multiple of 8
 *        …     k  keys
 *        …     …  label
 *
 * With 1 to 16 children the keys are sorted, and child i belongs to key i. With 48 a key is an
 * index by byte: 0, or 1 + the child's place; 256 children stand at their byte.
 *
 * A label has at most 255 bytes. A longer one is a chain of nodes with one child; a node has one
 * child only where its label and its child's would not fit into one. */
#ifndef MIDGE_SUBJECT_TREE_INTERNAL_H
#define MIDGE_SUBJECT_TREE_INTERNAL_H

#include "base/assert.h"
#include "base/slab.h"
#include "subject/tree.h"

enum { TREE_LABEL_MAX = 255, TREE_END_KEY = 0, TREE_KEYS = 256 };

enum tree_kind {
    TREE_LEAF,
    TREE_NODE_1,
    TREE_NODE_2,
    TREE_NODE_4,
    TREE_NODE_10, /* digits */
    TREE_NODE_16,
    TREE_NODE_48,
    TREE_NODE_256,
    TREE_KINDS
};

struct tree {
    slab_ref root; /* 0: empty */
    uint64_t count;
    struct slab slab;
};

struct tree_node {
    uint8_t kind;
    uint8_t label_len;
    uint16_t count; /* children; in a leaf the label begins here */
};

/* What differs between kinds. A node of this kind has more than `least` children; it grows into the
 * kind after it, and shrinks into the one before it. */
struct tree_shape {
    uint16_t children;
    uint16_t keys;
    uint16_t label; /* offset */
    uint16_t least;
};

#define TREE_SHAPE(children, keys, least)               \
    {                                                   \
        children, keys, 4 + 4 * (children) + keys, least \
    }
static const struct tree_shape tree_shapes[TREE_KINDS] = {
    { 0, 0, 2, 0 },        TREE_SHAPE(1, 1, 0),   TREE_SHAPE(2, 2, 1),     TREE_SHAPE(4, 4, 2),
    TREE_SHAPE(10, 10, 3), TREE_SHAPE(16, 16, 8), TREE_SHAPE(48, 256, 12), TREE_SHAPE(256, 0, 40),
};

static inline struct tree_node *tree_node_at(const struct tree *t, slab_ref ref)
{
    return slab_at(&t->slab, ref);
}

static inline slab_ref *tree_node_children(struct tree_node *n)
{
    return (slab_ref *)(void *)(n + 1);
}

static inline uint8_t *tree_node_keys(struct tree_node *n)
{
    return (uint8_t *)(n + 1) + 4 * (size_t)tree_shapes[n->kind].children;
}

static inline struct slice tree_node_label(const struct tree_node *n)
{
    return (struct slice){ (const uint8_t *)n + tree_shapes[n->kind].label, n->label_len };
}

static inline struct tree_value *tree_leaf_value(struct tree_node *n)
{
    assert(n->kind == TREE_LEAF);
    return (void *)((uint8_t *)n + ((2 + n->label_len + 7) & ~7));
}

/* The key of the child in which `subject` goes on at `at`. */
static inline uint8_t tree_key(struct slice subject, uint32_t at)
{
    return at < subject.len ? subject.ptr[at] : TREE_END_KEY;
}

/* Where the child with this key is named; NULL: there is none. */
slab_ref *tree_node_find(struct tree_node *, uint8_t key);

/* The first child whose key is at least `from`; 0: none. */
slab_ref tree_node_next(struct tree_node *, uint32_t from, uint32_t *ret_key);

/* A leaf below as many nodes as a long `rest` of a subject takes; named in `*slot`. */
struct tree_value *tree_leaf_new(struct tree *, slab_ref *slot, struct slice rest);

/* Adds a child that is not there to the node in `*slot`, which may become another one. The label of
 * the child is the caller's to set. */
slab_ref *tree_node_add(struct tree *, slab_ref *slot, uint8_t key);

/* Takes the child away (without freeing it) from the node in `*slot`, which keeps one at least. */
void tree_node_remove(struct tree *, slab_ref *slot, uint8_t key);

/* Cuts the node in `*slot` at `at` of its label; what was there is the one child of a new one. */
void tree_node_split(struct tree *, slab_ref *slot, uint32_t at);

/* A node with one child and that child become one, if their labels fit into one. */
void tree_node_merge(struct tree *, slab_ref *slot);

#endif
