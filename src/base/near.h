/* SPDX-License-Identifier: Apache-2.0 */
/* Near: memory for what the messages of many streams touch, all of it near together.
 *
 * With a thousand streams each message touches objects that no message before it has. Where every
 * one stands in a page of its own, the walk of page tables costs more than the lines
 * (docs/decisions/012). What comes from here shares areas of 2 MiB, for each of which the system
 * gives one page if it can; the first one is small, so that few objects take little. What is given
 * back is used again for the same size, and an area in which nothing is left goes back to the heap.
 *
 * Thread: any; a lock is held for the moment. Memory: as xalloc(): it aborts when there is none.
 * Where sanitizers watch, each object stands apart, so that they see it. */
#ifndef MIDGE_BASE_NEAR_H
#define MIDGE_BASE_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NEAR_SMALL = 4 << 10, /* bytes: objects up to here stand together, larger ones elsewhere … */
    NEAR_MAX = 64 << 10,  /* … and those above come from the heap */
};

void *near_alloc(size_t size);         /* not zeroed, aligned to a line; at least a byte */
void *near_zalloc(size_t size);        /* zeroed */
void *near_free(void *p, size_t size); /* as it was asked for. Returns NULL; NULL is a no-op */

/* For tests of this file: whether each object stands apart. None is in use. */
void near_set_apart(bool is_apart);

struct near_stats {
    uint64_t objects; /* in use */
    uint64_t areas;
};
struct near_stats near_stats(void);
void near_check(void); /* asserts every invariant; O(n) of what is given back */

#endif
