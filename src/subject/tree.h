/* SPDX-License-Identifier: Apache-2.0 */
/* Tree: from each subject of a stream to what the stream knows of it. An adaptive radix tree: keys
 * share their prefixes, nodes have room for 1, 2, 4, 10, 16, 48 or 256 children.
 *
 * Thread:  one at a time. Memory: everything is the tree's. At most 70 bytes a subject with ten
 *          million of them (subjects of 27 bytes took 44); the value lies in the leaf. All in all
 *          at most 32 GiB, which is asserted (base/slab.h).
 * Order:   walks go in bytewise order of the subjects, so that results are the same in every run.
 * Cost:    O(length) for one subject; a pattern visits only branches that can match. */
#ifndef MIDGE_SUBJECT_TREE_H
#define MIDGE_SUBJECT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct tree;

/* What is known of one subject. `first` may be too low when `is_first_stale`: the message there is
 * gone, and the next one of this subject was not looked for yet. */
struct tree_value {
    uint64_t first;    /* sequence */
    uint64_t last;
    uint32_t count;    /* messages; 0: kept only until its end is written down */
    bool     is_first_stale;
    bool     is_dirty; /* the owner's mark: changed since the last checkpoint */
};

struct tree *tree_new(void);
struct tree *tree_free(struct tree *); /* NULL is fine; returns NULL */

uint64_t tree_count(const struct tree *);  /* subjects */
uint64_t tree_memory(const struct tree *); /* bytes */
/* Where every look into it begins, to be prefetched; NULL: it is empty. */
const void *tree_top(const struct tree *);

enum { TREE_SUBJECT_MAX = 65535 };
/* Is there room in a tree for such a subject? */
static inline bool tree_takes(struct slice subject)
{
    bool is_fit = subject.len > 0 && subject.len <= TREE_SUBJECT_MAX;
    return is_fit && slice_find_byte(subject, '\0') < 0;
}

/* NULL when absent. Valid until the next insert or remove. */
struct tree_value *tree_find(const struct tree *, struct slice subject);
/* Finds or makes it, all zero. `*ret_is_new` tells. The subject is literal, 1 to TREE_SUBJECT_MAX
 * bytes, any byte but NUL is fine: tree_takes(). */
struct tree_value *tree_get(struct tree *, struct slice subject, bool *ret_is_new);
/* False when absent. */
bool tree_remove(struct tree *, struct slice subject);

/* Calls `each` for every subject that `pattern` matches (`*`, `>` as in subscriptions; an empty
 * pattern matches all), in bytewise order, until it returns false. The tree must not change
 * meanwhile, but values may. Returns false when `each` did. */
typedef bool (*tree_each)(void *ctx, struct slice subject, struct tree_value *);
bool tree_match(const struct tree *, struct slice pattern, tree_each each, void *ctx);

/* As tree_match(), from the first subject that is above `after` (bytewise; empty: from the start):
 * so that a long walk can be made in pieces while the tree changes between them. */
bool tree_match_after(const struct tree *, struct slice pattern, struct slice after, tree_each each,
                      void *ctx);

/* Asserts every invariant; O(n). Returns the number of subjects found. */
uint64_t tree_check(const struct tree *);

#endif
