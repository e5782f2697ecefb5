/* SPDX-License-Identifier: Apache-2.0 */
/* List: intrusive, doubly linked, circular; the head is a node too.
 *
 * Memory: the node is embedded in its element; nothing is allocated. A node is in at most one list.
 * An unlinked node points to itself, so list_remove() may be called on it again. */
#ifndef MIDGE_BASE_LIST_H
#define MIDGE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

static inline void list_add_head(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node, unlinked; NULL when the list is empty. */
static inline struct list *list_pop(struct list *head)
{
    if (list_empty(head)) return NULL;
    struct list *node = head->next;
    list_remove(node);
    return node;
}

/* Moves all nodes of `from` to the tail of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_empty(from)) return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    list_init(from);
}

/* `node` may be removed inside the loop, its successor may not. */
#define LIST_EACH(head, node)                                                         \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

#endif
